//! One connection to either database, opened with the settings that make a commit durable.
#![allow(
    missing_docs,
    clippy::allow_attributes,
    reason = "the MultiConnection derive makes undocumented items"
)]

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, SqliteConnection};

use super::{DatabaseUrl, Failure};

/// A connection to SQLite or to PostgreSQL; queries are written once for both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// SQLite, inside this process.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Read,
    Write,
}

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
            DatabaseUrl::Sqlite(path) => open_sqlite(path, purpose).map(Self::Sqlite),
            DatabaseUrl::Postgres(url) => open_postgres(url).map(Self::Postgres),
        }
    }

    /// Opens a writing connection for the migrations, `journal verify` and other one-off work.
    pub fn open_for_work(url: &DatabaseUrl) -> Result<Self, Failure> {
        Self::open(url, Purpose::Write)
    }

    /// Says whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// True while the connection still answers.
    pub(super) fn answers(&mut self) -> bool {
        self.batch_execute("SELECT 1").is_ok()
    }
}

fn open_sqlite(path: &Path, purpose: Purpose) -> Result<SqliteConnection, Failure> {
    let unavailable = |e: ConnectionError| Failure::Unavailable(e.to_string());
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(unavailable)?;
    // busy_timeout comes first: switching the journal mode itself may meet a lock.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
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

fn open_postgres(url: &str) -> Result<PgConnection, Failure> {
    let bounded = bounded(url);
    let mut conn = PgConnection::establish(&bounded).map_err(|_| {
        // libpq's text can hold the user and the host; the operator has the URL, the log need not.
        Failure::Unavailable(
            "PostgreSQL refused the connection or did not answer within 2 s".to_owned(),
        )
    })?;
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
    let commit: Setting =
        diesel::sql_query("SELECT current_setting('synchronous_commit') AS value")
            .get_result(&mut conn)?;
    if commit.value == "off" {
        return Err(Failure::Unavailable(
            "PostgreSQL runs with synchronous_commit=off: an acknowledged write could be lost; switch it on".to_owned(),
        ));
    }
    Ok(conn)
}
