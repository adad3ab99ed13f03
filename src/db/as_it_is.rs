//! Opening a database to look at it and change nothing: the copy of an auditor, who may be allowed no more.
//!
//! SQLite is opened for reading alone. A file without a log beside it is taken as one that nobody writes, because SQLite would make a
//! log to read it otherwise; [`Untouched`] says afterwards whether that was so. PostgreSQL needs a role that may `SELECT`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::conn::{connect_postgres, must_be_sqlite};
use super::pool::{begin, pin, rollback};
use super::{Both, Conn, DatabaseUrl, Failure};
use crate::dialect;

/// How often connections are lined up anew where something is recorded while they begin.
const TRIES: usize = 200;

impl Conn {
    /// Opens a connection that changes nothing, not even the form of the file. What it reads need not be durable.
    pub fn open_as_it_is(url: &DatabaseUrl) -> Result<Self, Failure> {
        match url {
            DatabaseUrl::Sqlite(path) => read_sqlite(path).map(Both::Sqlite),
            DatabaseUrl::Postgres(url) => connect_postgres(url).map(Both::Postgres),
        }
        .map(Self::from)
    }
}

/// A connection and so many more, all in reading transactions that see the same moment until they are dropped. Nothing is written.
pub fn same_moment(url: &DatabaseUrl, more: usize) -> Result<(Conn, Vec<Conn>), Failure> {
    let mut conn = Conn::open_as_it_is(url)?;
    let mut others = Vec::new();
    for _ in 0..more {
        others.push(Conn::open_as_it_is(url)?);
    }
    if conn.is_postgres() {
        share_snapshot(&mut conn, &mut others)?;
        return Ok((conn, others));
    }
    // Whatever is recorded moves the head, so those that see one head see one record.
    for _ in 0..TRIES {
        let head = pinned(&mut conn)?;
        let mut same = true;
        for other in &mut others {
            same &= pinned(other)? == head;
        }
        if same {
            return Ok((conn, others));
        }
        for one in others.iter_mut().chain([&mut conn]) {
            rollback(one)?;
        }
    }
    Err(Failure::Unavailable(
        "too much is written to the database at this moment".to_owned(),
    ))
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn share_snapshot(conn: &mut Conn, others: &mut [Conn]) -> Result<(), Failure> {
    let start = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    begin(conn, Some(start))?;
    // One may wait long for the others.
    let patient = "SET idle_in_transaction_session_timeout = 0";
    conn.batch_execute(patient)?;
    let text = "SELECT pg_export_snapshot() AS name";
    let snapshot: Name = dialect!(conn, |c| diesel::sql_query(text).get_result(c))?;
    for other in others {
        begin(other, Some(start))?;
        // The name is the server's own.
        let text = format!("SET TRANSACTION SNAPSHOT '{}'; {patient}", snapshot.name);
        other.batch_execute(&text)?;
    }
    Ok(())
}

#[derive(QueryableByName, PartialEq, Eq)]
struct Head {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    hash: String,
}

/// Begins a reading transaction, and says where the journal ends in it; nothing where its head is away.
fn pinned(conn: &mut Conn) -> Result<Option<Head>, Failure> {
    pin(conn)?;
    let text = "SELECT seq, hex(hash) AS hash FROM journal_head WHERE id = 1";
    let head = dialect!(conn, |c| diesel::sql_query(text).get_result(c).optional());
    Ok(head?)
}

fn read_sqlite(path: &Path) -> Result<SqliteConnection, Failure> {
    let how = if is_alone(path) {
        "mode=ro&immutable=1"
    } else {
        "mode=ro"
    };
    let unreadable = |e: ConnectionError| {
        Failure::Unavailable(format!("{} cannot be read: {e}", path.display()))
    };
    let mut conn = SqliteConnection::establish(&address(path, how)).map_err(unreadable)?;
    let read = must_be_sqlite(&mut conn, path);
    if matches!(&read, Err(failure) if failure.to_string().contains("unable to open"))
        && !is_alone(path)
    {
        return Err(Failure::Unavailable(format!(
            "{} has its log (-wal) beside it, which can be read only in a folder that can be written to: copy both there",
            path.display()
        )));
    }
    read?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000;
         PRAGMA query_only = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16000;",
    )?;
    Ok(conn)
}

/// The address of a file as SQLite reads it, so that no sign of its name is a setting.
fn address(path: &Path, how: &str) -> String {
    let mut address = "file:".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{address}?{how}")
}

fn log_of(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// True where no log stands beside a file that has something to say: whoever writes to it has one.
fn is_alone(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|end| {
        std::fs::metadata(log_of(path, end)).map_or_else(
            |error| error.kind() == std::io::ErrorKind::NotFound,
            |log| log.len() == 0 && !log_of(path, "-shm").exists(),
        )
    })
}

/// How a file was before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untouched(Option<(PathBuf, u64, SystemTime)>);

impl Untouched {
    /// Looks at a database before it is read. Where others may write to it while it is read, there is nothing to hold.
    pub fn of(url: &DatabaseUrl) -> Result<Self, Failure> {
        match url {
            DatabaseUrl::Sqlite(path) if is_alone(path) => {
                let file = std::fs::metadata(path)
                    .and_then(|file| Ok((file.len(), file.modified()?)))
                    .map_err(|e| Failure::Unavailable(format!("{}: {e}", path.display())))?;
                Ok(Self(Some((path.clone(), file.0, file.1))))
            }
            _ => Ok(Self(None)),
        }
    }

    /// Says whether nobody wrote to it since.
    ///
    /// # Errors
    ///
    /// Somebody did, so that what was read may be of two moments.
    pub fn holds(&self) -> Result<(), Failure> {
        let Some((path, ..)) = &self.0 else {
            return Ok(());
        };
        if Self::of(&DatabaseUrl::Sqlite(path.clone()))? == *self {
            Ok(())
        } else {
            Err(Failure::Unavailable(format!(
                "{} was written to while it was read; do it again",
                path.display()
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::address;

    #[test]
    fn no_sign_of_a_name_is_a_setting() {
        assert_eq!(
            address(Path::new("/a b/50%?mode=rw#é.db"), "mode=ro"),
            "file:/a%20b/50%25%3Fmode%3Drw%23%C3%A9.db?mode=ro"
        );
    }
}
