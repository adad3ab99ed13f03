//! Emptying the write-ahead log of SQLite after an erasure.
//!
//! The log holds pages as they were before. A reader that began before (a backup, a copy, `journal verify`) keeps it from being
//! emptied, for as long as it reads; so an erasure leaves a mark in its own transaction that this is owed, and whoever comes by
//! pays: the erasure itself, the service at its start and once a minute, the operator by `person empty-log`.

use crate::db::{Conn, DatabaseUrl, Db, Failure, Id, Tx, dialect, marks};
use crate::http::Error;

/// The mark that the log is to be emptied; its value is new with each erasure.
const OWED: &str = "log_to_empty";

/// What became of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// It holds nothing of an erasure.
    Clean,
    /// It was emptied now, which this mark asked for.
    Emptied(String),
    /// A reader keeps it from being emptied.
    Held,
}

/// Notes that the log is to be emptied after this transaction.
pub(super) fn owe(tx: &mut Tx<'_>) -> Result<(), Error> {
    if tx.is_postgres() {
        return Ok(());
    }
    let mark = Id::random().map_err(Failure::from)?;
    Ok(marks::set(tx, OWED, &mark.to_string())?)
}

/// Empties the log where that is owed.
fn empty(conn: &mut Conn) -> Result<Log, Failure> {
    Ok(match marks::get(conn, OWED)? {
        None => Log::Clean,
        Some(mark) if dialect::empty_log(conn)? => Log::Emptied(mark),
        Some(_) => Log::Held,
    })
}

/// Empties the log where that is owed, on a connection of the caller's.
///
/// # Errors
///
/// The database's. It stays owed then.
pub fn settle_on(conn: &mut Conn) -> Result<Log, Error> {
    let log = empty(conn)?;
    if let Log::Emptied(mark) = &log {
        // An erasure that came in between has left another mark, which stays.
        conn.transact(|tx| marks::remove(tx, OWED, mark))?;
    }
    Ok(log)
}

/// Empties the log where that is owed; the program's log says where it could not be done. It stays owed then.
pub async fn settle(db: &Db) -> Option<Log> {
    let done = match db.read(empty).await {
        Ok(Log::Emptied(mark)) => {
            let paid = mark.clone();
            let removed = db.write(move |tx| marks::remove(tx, OWED, &paid)).await;
            removed.map(|()| Log::Emptied(mark))
        }
        other => other,
    };
    match done {
        Ok(log) => {
            if log == Log::Held {
                tracing::warn!(
                    "the write-ahead log still holds what was erased: a reader that began before keeps it from being emptied; it is tried again every minute"
                );
            }
            Some(log)
        }
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log was not emptied after an erasure; it is tried again every minute");
            None
        }
    }
}

/// What the operator is told where the log could not be emptied.
#[must_use]
pub fn held(url: &DatabaseUrl) -> String {
    let file = match url {
        DatabaseUrl::Sqlite(path) => format!("{}-wal", path.display()),
        DatabaseUrl::Postgres(_) => "the write-ahead log".to_owned(),
    };
    format!(
        "{file} still holds what was erased: somebody reads the database since before (a backup, a copy, journal verify). \
         Wait until they have finished. A running service then empties it within a minute, its next start does, or \
         `ots-registry person empty-log`."
    )
}
