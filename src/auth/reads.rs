//! Who read private data of whom, when: recorded before the answer goes out, for auditors to ask.
//!
//! Work notes by [`Acting::saw`](super::Acting::saw) what it read, and the permit records it: a write in its own transaction, a
//! read by [`ReadLog`], which writes what waits in one transaction, so that many readers cost one commit. What leaves in bulk or is
//! a person's data waits for its record and is refused without (503); a single reading goes out after a second at most, because a
//! full disk must not stop an officer's work: its record stays in the queue, and when it cannot be written the log has it. See
//! `docs/decisions/0014-readings-are-recorded-first.md`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use tokio::sync::oneshot;

use crate::db::schema::private_reads;
use crate::db::{Conn, Db, Failure, Id, Instant, Tx};
use crate::dialect;
use crate::http::{Code, Error};

/// How long a single reading waits for its record.
const PATIENCE: Duration = Duration::from_secs(1);
/// Rows of one statement; SQLite takes 32,766 parameters.
const AT_ONCE: usize = 1_000;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Private facts of an organisation.
    OrganisationPrivate,
    /// Contact persons of an organisation.
    OrganisationContacts,
    /// The history of an organisation with its private facts.
    OrganisationHistory,
    /// A country's register as a file.
    Export,
    /// Rows of an import, with their cells.
    Import,
    /// An account.
    Account,
    /// A membership or a proposal with its reasons.
    Membership,
    /// Entries of the journal with private facts.
    Journal,
    /// Everything that is held of a person.
    Person,
}

impl What {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::OrganisationPrivate,
        Self::OrganisationContacts,
        Self::OrganisationHistory,
        Self::Export,
        Self::Import,
        Self::Account,
        Self::Membership,
        Self::Journal,
        Self::Person,
    ];

    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrganisationPrivate => "organisation.private",
            Self::OrganisationContacts => "organisation.contacts",
            Self::OrganisationHistory => "organisation.history",
            Self::Export => "export",
            Self::Import => "import",
            Self::Account => "account",
            Self::Membership => "membership",
            Self::Journal => "journal",
            Self::Person => "person",
        }
    }

    /// True for what is refused when it cannot be recorded: what leaves in bulk, and a person's data.
    fn must_be_recorded(self) -> bool {
        matches!(self, Self::Export | Self::Import | Self::Person)
    }
}

/// Something private that was read.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it was.
    pub what: What,
    /// Of whom: a registry number, a country, `user:…`, …
    pub subject: String,
    /// How many rows.
    pub rows: usize,
}

/// A reading as it is stored.
#[derive(Clone, Debug, Insertable, Queryable)]
#[diesel(table_name = private_reads, treat_none_as_default_value = false)]
pub struct Row {
    /// Random id.
    pub id: i64,
    /// When, µs.
    pub read_at: i64,
    /// Who (an actor word).
    pub actor: String,
    /// The word of [`What`].
    pub what: String,
    /// Of whom.
    pub subject: String,
    /// How many rows.
    pub row_count: i64,
    /// The request, as the log names it; none on the command line.
    pub request_id: Option<String>,
}

impl Row {
    /// A reading by this actor.
    pub fn of(seen: Seen, actor: &str, now: Instant, request: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            id: Id::random().map_err(Failure::from)?.0,
            read_at: now.0,
            actor: actor.to_owned(),
            what: seen.what.as_str().to_owned(),
            subject: seen.subject,
            row_count: i64::try_from(seen.rows).unwrap_or(i64::MAX),
            request_id: request.map(str::to_owned),
        })
    }

    fn must_be_recorded(&self) -> bool {
        What::ALL
            .into_iter()
            .any(|w| w.must_be_recorded() && w.as_str() == self.what)
    }
}

/// Records readings in the caller's transaction.
pub fn insert(tx: &mut Tx<'_>, rows: &[Row]) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    for part in rows.chunks(AT_ONCE) {
        dialect!(conn, |c| diesel::insert_into(private_reads::table)
            .values(part)
            .execute(c))?;
    }
    Ok(())
}

/// Forgets readings that are older than so many days; returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Instant, days: u32) -> Result<usize, Error> {
    let old = now.plus_seconds(-i64::from(days) * 24 * 3600).0;
    Ok(
        diesel::delete(private_reads::table.filter(private_reads::read_at.lt(old)))
            .execute(&mut **tx)?,
    )
}

/// The way of readings to their table: what waits is written together.
#[derive(Clone)]
pub struct ReadLog {
    db: Db,
    queue: Arc<Mutex<Queue>>,
}

type Done = oneshot::Sender<bool>;

#[derive(Default)]
struct Queue {
    waiting: Vec<(Vec<Row>, Done)>,
    writing: bool,
}

impl ReadLog {
    /// The log of this database.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            queue: Arc::default(),
        }
    }

    /// Records readings.
    ///
    /// # Errors
    ///
    /// 503 where they must be recorded and cannot be.
    pub async fn record(&self, rows: Vec<Row>) -> Result<(), Error> {
        let must = rows.iter().any(Row::must_be_recorded);
        let (done, waiting) = oneshot::channel();
        let first = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push((rows, done));
            !std::mem::replace(&mut queue.writing, true)
        };
        if first {
            // A task of its own: a client that hangs up must not leave the others waiting.
            actix_web::rt::spawn(self.clone().write_all());
        }
        if must {
            return match waiting.await {
                Ok(true) => Ok(()),
                _ => Err(not_recorded()),
            };
        }
        // What became of it is in the log; the answer goes out either way.
        drop(tokio::time::timeout(PATIENCE, waiting).await);
        Ok(())
    }

    async fn write_all(self) {
        loop {
            let batch = {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                if queue.waiting.is_empty() {
                    queue.writing = false;
                    return;
                }
                std::mem::take(&mut queue.waiting)
            };
            let (rows, waiting): (Vec<Vec<Row>>, Vec<Done>) = batch.into_iter().unzip();
            let rows: Arc<Vec<Row>> = Arc::new(rows.into_iter().flatten().collect());
            let kept = rows.clone();
            let done = self.db.write(move |tx| insert(tx, &rows)).await;
            if let Err(error) = &done {
                let cause = error.inside().0.unwrap_or("");
                for row in kept.iter() {
                    // Ids only: the log may name who read, not what was read.
                    let Row {
                        actor,
                        what,
                        subject,
                        request_id,
                        ..
                    } = row;
                    tracing::error!(
                        actor, what, subject, request_id, read_at = row.read_at, %error, cause,
                        "a reading of private data could not be recorded"
                    );
                }
            }
            for one in waiting {
                // Whoever waited may have gone.
                let _ = one.send(done.is_ok());
            }
        }
    }
}

#[track_caller]
fn not_recorded() -> Error {
    Error::new(
        Code::DatabaseUnavailable,
        "who reads this has to be recorded, and that is not possible at the moment; try again shortly",
    )
    .header("Retry-After", "1")
}
