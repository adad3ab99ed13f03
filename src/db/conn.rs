//! One connection to either database, opened with the settings that make a commit durable.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, SqliteConnection};

use super::both::Both;
use super::{DatabaseUrl, Failure};

/// A connection to SQLite or to PostgreSQL; queries are written once for both and run without their types
/// (`erased.rs`).
pub struct Conn(Both);

impl From<Both> for Conn {
    fn from(both: Both) -> Self {
        Self(both)
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// How long a connection of SQLite waits for another's lock.
const BUSY_FOR: Duration = Duration::from_secs(5);

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

impl Conn {
    /// Opens a connection and checks that its commits are durable (promise 3 of the design: refuse otherwise).
    pub(super) fn open(url: &DatabaseUrl, purpose: Purpose) -> Result<Self, Failure> {
        match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path, purpose).map(Both::Sqlite),
            DatabaseUrl::Postgres(url) => open_postgres(url).map(Both::Postgres),
        }
        .map(Self)
    }

    /// Opens a writing connection for the migrations and other one-off work.
    pub fn open_for_work(url: &DatabaseUrl) -> Result<Self, Failure> {
        Self::open(url, Purpose::Write)
    }

    /// Says whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Both::Postgres(_))
    }

    /// The connection of the one database or the other, for what differs between them.
    pub fn each(&mut self) -> &mut Both {
        &mut self.0
    }

    /// True while the connection still answers.
    pub(super) fn answers(&mut self) -> bool {
        self.batch_execute("SELECT 1").is_ok()
    }
}

fn open_sqlite(path: &Path, purpose: Purpose) -> Result<SqliteConnection, Failure> {
    let unavailable = |e: ConnectionError| Failure::Unavailable(e.to_string());
    keep_for_the_owner(path);
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?;
    // First of all: whatever reads the file may meet the lock of another process that starts.
    conn.batch_execute(&format!("PRAGMA busy_timeout = {};", BUSY_FOR.as_millis()))?;
    must_be_sqlite(&mut conn, path)?;
    switch_to_wal(&mut conn)?;
    conn.batch_execute(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -4000;",
    )?;
    if purpose == Purpose::Read {
        conn.batch_execute("PRAGMA query_only = ON;")?;
    } else {
        conn.batch_execute("PRAGMA cache_size = -16000;")?;
    }
    let mode: Setting = diesel::sql_query("SELECT journal_mode AS value FROM pragma_journal_mode")
        .get_result(&mut conn)?;
    let sync: Number = diesel::sql_query("SELECT synchronous AS value FROM pragma_synchronous")
        .get_result(&mut conn)?;
    let keys: Number = diesel::sql_query("SELECT foreign_keys AS value FROM pragma_foreign_keys")
        .get_result(&mut conn)?;
    if mode.value != "wal" || sync.value != 2 || keys.value != 1 {
        return Err(Failure::Unavailable(
            "SQLite did not take WAL, synchronous=FULL and foreign_keys=ON: is the file on a network disk?".to_owned(),
        ));
    }
    Ok(conn)
}

/// Makes the file of a new database for its owner alone; SQLite gives its log the same rights.
fn keep_for_the_owner(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // It is there, or cannot be made: then SQLite says what is wrong with the place.
    let _ = options.open(path);
}

pub(super) fn must_be_sqlite(conn: &mut SqliteConnection, path: &Path) -> Result<(), Failure> {
    match conn.batch_execute("PRAGMA schema_version") {
        Err(error) if error.to_string().contains("not a database") => Err(Failure::Unavailable(
            format!("database_url: {} is no SQLite database", path.display()),
        )),
        done => Ok(done?),
    }
}

/// Switches the file to WAL, which it then stays. SQLite itself does not wait there for whoever has the file of a new database (a
/// process that starts at the same time), so it is tried again until as much time is over as it waits elsewhere.
fn switch_to_wal(conn: &mut SqliteConnection) -> Result<(), Failure> {
    let began = std::time::Instant::now();
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error)
                if error.to_string().contains("database is locked")
                    && began.elapsed() < BUSY_FOR =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return Ok(done?),
        }
    }
}

/// The URL with bounds of time where it has none of its own: libpq waits for ever by default, and a database that is gone, or a
/// network that swallows everything, must become a 503 within seconds.
fn bounded(url: &str) -> String {
    let mut bounded = url.to_owned();
    for (name, value) in [
        ("connect_timeout", "2"),
        ("tcp_user_timeout", "3000"),
        ("keepalives_idle", "5"),
        ("keepalives_interval", "1"),
        ("keepalives_count", "3"),
    ] {
        if !url.contains(&format!("{name}=")) {
            bounded.push(if bounded.contains('?') { '&' } else { '?' });
            bounded.push_str(&format!("{name}={value}"));
        }
    }
    bounded
}

/// What is wrong with a connection, without libpq's own text: that can hold the user and the host; the operator has the URL, the log
/// need not.
fn why_not(said: &str) -> &'static str {
    const KNOWN: [(&str, &str); 8] = [
        (
            "SSL support is not compiled in",
            "database_url: this program was built without TLS to PostgreSQL, which sslmode asks for (docs/operations.md)",
        ),
        (
            "invalid sslmode value",
            "database_url: its sslmode is none that PostgreSQL knows",
        ),
        (
            "invalid URI query parameter",
            "database_url: it has a parameter that PostgreSQL does not know",
        ),
        (
            "could not translate host name",
            "database_url: its host cannot be found",
        ),
        (
            "password authentication failed",
            "database_url: PostgreSQL refused its user or password",
        ),
        (
            "no password supplied",
            "database_url: PostgreSQL asks its user for a password",
        ),
        (
            "role \"",
            "database_url: its user does not exist or may not log in",
        ),
        ("database \"", "database_url: its database does not exist"),
    ];
    KNOWN
        .into_iter()
        .find(|(text, _)| said.contains(text))
        .map_or(
            "database_url: PostgreSQL refused the connection or did not answer within 2 s",
            |(_, told)| told,
        )
}

/// Opens PostgreSQL whether or not its commits are durable.
pub(super) fn connect_postgres(url: &str) -> Result<PgConnection, Failure> {
    let bounded = bounded(url);
    let mut conn = PgConnection::establish(&bounded)
        .map_err(|error| Failure::Unavailable(why_not(&error.to_string()).to_owned()))?;
    // Compiling a statement costs more here than it saves: half a second for a report that takes one.
    conn.batch_execute(
        "SET TIME ZONE 'UTC';
         SET jit = off;
         SET work_mem = '32MB';
         SET lock_timeout = '5s';
         SET statement_timeout = '60s';
         SET idle_in_transaction_session_timeout = '60s';
         SET client_min_messages = 'warning';",
    )?;
    Ok(conn)
}

fn open_postgres(url: &str) -> Result<PgConnection, Failure> {
    let mut conn = connect_postgres(url)?;
    let off: Vec<Setting> = diesel::sql_query(
        "SELECT name AS value FROM (VALUES ('fsync'), ('synchronous_commit')) AS needed (name) \
         WHERE current_setting(name) = 'off'",
    )
    .load(&mut conn)?;
    if let Some(Setting { value }) = off.first() {
        return Err(Failure::Unavailable(format!(
            "database_url: PostgreSQL runs with {value}=off: an acknowledged write could be lost; switch it on"
        )));
    }
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use diesel::connection::{Connection, SimpleConnection};
    use diesel::sqlite::SqliteConnection;

    use super::{Conn, DatabaseUrl, Failure, why_not};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ots-conn-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_wrong_with_a_connection_is_told_by_its_key_without_names() {
        for (said, told) in [
            (
                r#"sslmode value "verify-full" invalid when SSL support is not compiled in"#,
                "without TLS",
            ),
            (r#"invalid sslmode value: "hunter2""#, "sslmode"),
            (r#"invalid URI query parameter: "hunter2""#, "parameter"),
            (
                r#"could not translate host name "hunter2" to address: Name or service not known"#,
                "host",
            ),
            (
                r#"FATAL:  password authentication failed for user "hunter2""#,
                "password",
            ),
            (r#"FATAL:  role "hunter2" does not exist"#, "user"),
            (r#"FATAL:  database "hunter2" does not exist"#, "database"),
        ] {
            let text = why_not(said);
            assert!(
                text.starts_with("database_url: ")
                    && text.contains(told)
                    && !text.contains("hunter2"),
                "{said}: {text}"
            );
        }
        assert!(why_not("hunter2").contains("did not answer"));
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let folder = folder("letter");
        let path = folder.join("registry.db");
        std::fs::write(
            &path,
            "This is a letter and no database at all. ".repeat(100),
        )
        .unwrap();
        match Conn::open_for_work(&DatabaseUrl::Sqlite(path)) {
            Err(Failure::Unavailable(text)) => {
                assert!(text.contains("registry.db is no SQLite database"), "{text}");
            }
            other => panic!("{:?}", other.err()),
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_new_file_that_another_process_holds_for_a_moment_is_waited_for() {
        for held in ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"] {
            let folder = folder(&held.replace(' ', "-"));
            let path = folder.join("registry.db");
            // Not in WAL yet, as while another process makes it.
            let mut other = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
            other
                .batch_execute(&format!("CREATE TABLE letters (a); {held};"))
                .unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    // How long it holds the file, well below what is waited for.
                    std::thread::sleep(Duration::from_millis(300));
                    other.batch_execute("COMMIT").unwrap();
                });
                Conn::open_for_work(&DatabaseUrl::Sqlite(path)).unwrap();
            });
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_database_is_its_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("rights");
        let path = folder.join("registry.db");
        let _conn = Conn::open_for_work(&DatabaseUrl::Sqlite(path)).unwrap();
        for file in ["registry.db", "registry.db-wal", "registry.db-shm"] {
            let mode = std::fs::metadata(folder.join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{file}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
