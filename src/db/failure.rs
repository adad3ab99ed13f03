//! What can go wrong in the database, with one name for a constraint on both.

use crossbeam_channel::TrySendError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failed database call. What the database said stays inside; callers turn it into their own words.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The database cannot be reached, or the connection was lost.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// Too many calls wait already.
    #[error("too many database calls are waiting")]
    Overloaded,
    /// A unique rule was broken: the constraint's name, `<table>_<columns>_key`.
    #[error("a value exists already ({0})")]
    Unique(String),
    /// A named check was broken.
    #[error("a check failed ({0})")]
    Check(String),
    /// A row that is pointed at does not exist.
    #[error("a row that is referred to does not exist ({0})")]
    ForeignKey(String),
    /// The database asks to try the transaction again (a deadlock or a serialization failure).
    #[error("the transaction met another one: {0}")]
    Conflict(String),
    /// The disk is full or failed; nothing was written.
    #[error("the database cannot write: {0}")]
    NoSpace(String),
    /// A row was asked for that is not there.
    #[error("no such row")]
    NotFound,
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// Anything else; always a defect of ours or of the database.
    #[error("{0}")]
    Other(String),
}

/// Tells whether a transaction that ended with this error may be tried again.
pub trait MaybeRetry {
    /// True for deadlocks and serialization failures only.
    fn may_retry(&self) -> bool;
    /// True when the connection itself may be broken.
    fn lost_connection(&self) -> bool;
    /// True when the database is away or busy: whatever is asked now ends the same way.
    fn is_away(&self) -> bool;
}

impl Failure {
    /// The call panicked, and nothing came back.
    pub(super) fn panicked() -> Self {
        Self::Other("a database call panicked".to_owned())
    }
}

impl<T> From<&TrySendError<T>> for Failure {
    /// Why a call could not even wait for a database thread.
    fn from(error: &TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Overloaded,
            TrySendError::Disconnected(_) => {
                Self::Unavailable("the database threads have stopped".to_owned())
            }
        }
    }
}

impl MaybeRetry for Failure {
    fn may_retry(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
    fn lost_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Other(_))
    }
    fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Overloaded | Self::Conflict(_)
        )
    }
}

impl From<DieselError> for Failure {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, info) => {
                let message = info.message();
                let name = || info.constraint_name().map(str::to_owned);
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        Self::Unique(name().unwrap_or_else(|| sqlite_unique_name(message)))
                    }
                    DatabaseErrorKind::CheckViolation => {
                        Self::Check(name().unwrap_or_else(|| after_colon(message)))
                    }
                    DatabaseErrorKind::ForeignKeyViolation => {
                        Self::ForeignKey(name().unwrap_or_else(|| message.to_owned()))
                    }
                    DatabaseErrorKind::SerializationFailure => Self::Conflict(message.to_owned()),
                    DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::UnableToSendCommand => {
                        Self::Unavailable(message.to_owned())
                    }
                    _ if message.contains("deadlock detected") => {
                        Self::Conflict(message.to_owned())
                    }
                    _ if is_lost(message) => Self::Unavailable(message.to_owned()),
                    _ if is_full(message) => Self::NoSpace(message.to_owned()),
                    _ => Self::Other(message.to_owned()),
                }
            }
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("broken transaction".to_owned())
            }
            other => Self::Other(other.to_string()),
        }
    }
}

fn is_lost(message: &str) -> bool {
    [
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "connection not open",
        "the database system is",
        "database is locked",
        // Others held it for longer than anybody waits.
        "due to lock timeout",
        "due to statement timeout",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

fn is_full(message: &str) -> bool {
    [
        "disk is full",
        "disk I/O error",
        "No space left",
        "could not extend file",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// `UNIQUE constraint failed: users.email_key` → `users_email_key_key`, the name PostgreSQL gives.
fn sqlite_unique_name(message: &str) -> String {
    let columns = after_colon(message);
    let mut table = "";
    let mut parts = Vec::new();
    for column in columns.split(", ") {
        if let Some((t, c)) = column.split_once('.') {
            table = t;
            parts.push(c);
        }
    }
    format!("{table}_{}_key", parts.join("_"))
}

fn after_colon(message: &str) -> String {
    message
        .split_once(": ")
        .map_or(message, |(_, rest)| rest)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error as DieselError};

    use super::{Failure, MaybeRetry, sqlite_unique_name};

    #[test]
    fn a_lock_that_is_waited_for_too_long_is_a_busy_database() {
        let said = "canceling statement due to lock timeout".to_owned();
        let error = DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(said));
        let failure = Failure::from(error);
        assert!(matches!(failure, Failure::Unavailable(_)) && failure.is_away());
    }

    #[test]
    fn a_connection_that_was_lost_is_no_defect_whoever_tells_it() {
        let told = |text: &str| {
            let kind = DatabaseErrorKind::Unknown;
            Failure::from(DieselError::DatabaseError(kind, Box::new(text.to_owned())))
        };
        let lost = told("server closed the connection unexpectedly");
        assert!(matches!(lost, Failure::Unavailable(_)));
        let other = told("relation \"x\" does not exist");
        assert!(matches!(other, Failure::Other(_)));
    }

    #[test]
    fn a_unique_violation_has_the_name_that_postgresql_gives() {
        assert_eq!(
            sqlite_unique_name("UNIQUE constraint failed: t.a, t.b"),
            "t_a_b_key"
        );
    }
}
