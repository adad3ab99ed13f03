//! Dedicated database threads behind a small async face.
//!
//! SQLite: some readers and one writer. PostgreSQL: a number of equal threads. A call is one hop: the closure
//! runs whole on a database thread. The queue is bounded; what does not fit is [`Failure::Overloaded`]
//! at once. Measured against r2d2 with `web::block`: `docs/decisions/0003-database-threads.md`.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Clock};

use crossbeam_channel::{Receiver, Sender, bounded};
use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager,
};

use super::conn::Purpose;
use super::{Both, Conn, DatabaseUrl, Failure, MaybeRetry};

/// How often a transaction that met a deadlock is tried again before the caller gets the error.
const TRIES: usize = 5;

pub(super) type Job = Box<dyn FnOnce(Result<&mut Conn, Failure>) -> Health + Send>;

/// Whether a connection can be used again.
#[derive(PartialEq, Eq)]
pub(super) enum Health {
    Fine,
    Suspect,
}

impl Health {
    /// After a call that ended with this error.
    pub(super) fn after(error: &impl MaybeRetry) -> Self {
        if error.lost_connection() {
            Self::Suspect
        } else {
            Self::Fine
        }
    }
}

/// The numbers of threads and of waiting calls.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Reading threads on SQLite.
    pub readers: usize,
    /// Threads (connections) on PostgreSQL.
    pub connections: usize,
    /// Calls that may wait for a thread.
    pub queue: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            readers: 4,
            connections: 8,
            queue: 256,
        }
    }
}

/// The database, cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    read: Sender<Job>,
    write: Sender<Job>,
    kind: &'static str,
}

/// A connection inside a write transaction; what must be transactional asks for this.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    /// What has to be looked at again when the transaction has waited its turn; see [`Tx::watch`].
    watched: Option<Rc<dyn Any>>,
}

impl Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

impl<'c> Tx<'c> {
    fn new(conn: &'c mut Conn) -> Self {
        Self {
            conn,
            watched: None,
        }
    }

    /// Keeps what was read at the beginning and must still hold when the transaction has waited its turn. On PostgreSQL each
    /// statement sees what was committed before it, and what was read first may be true no more when a lock is had at last.
    pub fn watch(&mut self, what: impl Any) {
        self.watched = Some(Rc::new(what));
    }

    /// What is watched.
    pub fn watched<T: Any>(&self) -> Option<Rc<T>> {
        self.watched.clone()?.downcast().ok()
    }

    /// It still held, and the lock that was waited for keeps it so. A savepoint that is undone gives that lock back, and then this
    /// was not said.
    pub fn holds(&mut self) {
        self.watched = None;
    }

    /// Runs `work` inside a savepoint: its error undoes what it did and nothing else.
    pub fn savepoint<T, E: From<Failure>>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        begin(self.conn, None)?;
        let mut inner = Tx::new(self.conn);
        inner.watched.clone_from(&self.watched);
        let done = work(&mut inner);
        let watched = inner.watched.take();
        if done.is_ok() {
            self.watched = watched;
        }
        finish(self.conn, done)
    }
}

impl Db {
    /// Starts the threads. Connections are opened by their threads when first needed, so that a database
    /// that is away for a moment does not stop the start.
    pub fn start(url: &DatabaseUrl, sizes: Sizes) -> Self {
        let (read, read_jobs) = bounded::<Job>(sizes.queue);
        let write = match url {
            DatabaseUrl::Sqlite(_) => {
                let (write, write_jobs) = bounded::<Job>(sizes.queue);
                spawn(url, Purpose::Write, 1, &write_jobs);
                spawn(url, Purpose::Read, sizes.readers, &read_jobs);
                write
            }
            DatabaseUrl::Postgres(_) => {
                spawn(url, Purpose::Write, sizes.connections, &read_jobs);
                read.clone()
            }
        };
        Self {
            inner: Arc::new(Inner {
                read,
                write,
                kind: url.kind(),
            }),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        self.inner.kind
    }

    /// The calls that read wait here.
    pub(super) fn reading(&self) -> &Sender<Job> {
        &self.inner.read
    }

    /// Runs one reading query, or several that need not agree with each other.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + MaybeRetry + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        run(&self.inner.read, work).await
    }

    /// Runs several reading queries that all see the same moment.
    pub async fn snapshot<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + MaybeRetry + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        run(&self.inner.read, move |conn| in_snapshot(conn, work)).await
    }

    /// Runs `work` in a write transaction: all of it happens, or nothing does. Deadlocks and serialization
    /// failures are tried again here, so `work` may run more than once.
    pub async fn write<T, E, F>(&self, mut work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + MaybeRetry + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        run(&self.inner.write, move |conn| {
            in_transaction(conn, &mut work)
        })
        .await
    }
}

/// Runs reading queries that all see the same moment, on a connection of the caller's.
pub(crate) fn in_snapshot<T, E: From<Failure>>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let start = match conn.each() {
        Both::Sqlite(_) => "BEGIN",
        Both::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    begin(conn, Some(start))?;
    let done = work(conn);
    finish(conn, done)
}

/// Begins a reading transaction of SQLite, which sees the moment of its first reading.
pub(super) fn pin(conn: &mut Conn) -> Result<(), Failure> {
    begin(conn, Some("BEGIN"))?;
    conn.batch_execute("SELECT 1 FROM sqlite_master LIMIT 1")?;
    Ok(())
}

impl Conn {
    /// Runs `work` in a write transaction on this connection (the command line's way in).
    pub fn transact<T, E: From<Failure> + MaybeRetry>(
        &mut self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        in_transaction(self, &mut work)
    }
}

fn in_transaction<T, E: From<Failure> + MaybeRetry>(
    conn: &mut Conn,
    work: &mut dyn FnMut(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    // A deferred SQLite transaction fails with BUSY when it turns into a writing one, whatever the timeout.
    let start = match conn.each() {
        Both::Sqlite(_) => "BEGIN IMMEDIATE",
        Both::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    let mut tries = 0;
    loop {
        tries += 1;
        begin(conn, Some(start))?;
        let done = work(&mut Tx::new(conn));
        match finish(conn, done) {
            Err(error) if error.may_retry() && tries < TRIES => {}
            end => return end,
        }
    }
}

/// Begins a transaction with `text`, or a savepoint.
pub(super) fn begin(conn: &mut Conn, text: Option<&str>) -> Result<(), Failure> {
    let done = match (conn.each(), text) {
        (Both::Sqlite(c), Some(sql)) => AnsiTransactionManager::begin_transaction_sql(c, sql),
        (Both::Postgres(c), Some(sql)) => AnsiTransactionManager::begin_transaction_sql(c, sql),
        (Both::Sqlite(c), None) => AnsiTransactionManager::begin_transaction(c),
        (Both::Postgres(c), None) => AnsiTransactionManager::begin_transaction(c),
    };
    done.map_err(Failure::from)
}

/// Ends a transaction and whatever was done in it.
pub(super) fn rollback(conn: &mut Conn) -> Result<(), Failure> {
    Manager::rollback_transaction(conn).map_err(Failure::from)
}

type Manager = <Conn as Connection>::TransactionManager;

fn finish<T, E: From<Failure>>(conn: &mut Conn, done: Result<T, E>) -> Result<T, E> {
    match done {
        Ok(value) => match Manager::commit_transaction(conn) {
            Ok(()) => Ok(value),
            Err(error) => Err(Failure::from(error).into()),
        },
        Err(error) => {
            // The first error tells what happened; a rollback that fails too only says that the
            // connection is gone, which the next call finds out.
            if let Err(second) = Manager::rollback_transaction(conn) {
                tracing::warn!(error = %second, "a rollback failed");
            }
            Err(error)
        }
    }
}

async fn run<T, E, F>(queue: &Sender<Job>, work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Failure> + MaybeRetry + Send + 'static,
    F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
{
    let work: Work = Box::new(move |conn| {
        let done = match conn {
            Ok(conn) => work(conn),
            Err(failure) => Err(E::from(failure)),
        };
        let health = match &done {
            Err(error) => Health::after(error),
            Ok(_) => Health::Fine,
        };
        (Box::new(done), health)
    });
    match call(queue, work).await?.downcast::<Result<T, E>>() {
        Ok(done) => *done,
        Err(_) => Err(Failure::Other("a database call gave something else".to_owned()).into()),
    }
}

/// What a call makes, whatever it is: so that the way there and back is compiled once and not for each kind of answer.
type Work = Box<dyn FnOnce(Result<&mut Conn, Failure>) -> (Box<dyn Any + Send>, Health) + Send>;

async fn call(queue: &Sender<Job>, work: Work) -> Result<Box<dyn Any + Send>, Failure> {
    let (answer, waiting) = tokio::sync::oneshot::channel();
    let job: Job = Box::new(move |conn| {
        let (done, health) = work(conn);
        // The receiver is gone when the client hung up; the work is done all the same.
        drop(answer.send(done));
        health
    });
    queue.try_send(job).map_err(|error| Failure::from(&error))?;
    waiting.await.map_err(|_| Failure::panicked())
}

fn spawn(url: &DatabaseUrl, purpose: Purpose, count: usize, jobs: &Receiver<Job>) {
    let away = Arc::new(Away::default());
    for n in 0..count.max(1) {
        let (url, jobs, away) = (url.clone(), jobs.clone(), away.clone());
        let name = format!("db-{purpose:?}-{n}").to_lowercase();
        let started = thread::Builder::new()
            .name(name)
            .spawn(move || serve(&url, purpose, &jobs, &away));
        if let Err(error) = started {
            tracing::error!(%error, "a database thread could not be started");
        }
    }
}

/// For how long nobody tries to connect after it failed: who waits meanwhile is told at once. Else each of those who wait would wait
/// for a connection of their own, one behind the other.
const REST: Duration = Duration::from_millis(500);

/// Since when no connection can be had.
#[derive(Default)]
struct Away(Mutex<Option<Clock>>);

impl Away {
    fn open(&self, url: &DatabaseUrl, purpose: Purpose) -> Result<Conn, Failure> {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_some_and(|since| since.elapsed() < REST) {
            return Err(Failure::Unavailable(
                "no connection a moment ago".to_owned(),
            ));
        }
        let opened = Conn::open(url, purpose);
        let since = opened.is_err().then(Clock::now);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
        opened
    }
}

/// A database thread: takes calls one after the other, and opens its connection anew when it was lost.
fn serve(url: &DatabaseUrl, purpose: Purpose, jobs: &Receiver<Job>, away: &Away) {
    let mut held: Option<Conn> = None;
    for job in jobs {
        let mut opened = match held.take() {
            Some(conn) => Ok(conn),
            None => away.open(url, purpose),
        };
        let health = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match &mut opened {
            Ok(conn) => job(Ok(conn)),
            Err(_) => job(Err(Failure::Unavailable("no connection".to_owned()))),
        }));
        match (opened, health) {
            (Ok(conn), Ok(Health::Fine)) => held = Some(conn),
            (Ok(mut conn), Ok(Health::Suspect)) => held = conn.answers().then_some(conn),
            // After a panic the connection may be inside a transaction: it is dropped, and with it the work.
            (Ok(_), Err(_)) => {
                tracing::error!("a database call panicked; its connection was closed")
            }
            (Err(error), _) => tracing::warn!(%error, "no database connection"),
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db")
            .field("kind", &self.inner.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Away, DatabaseUrl, Purpose};

    #[test]
    fn where_no_connection_can_be_had_the_next_one_is_told_at_once() {
        let away = Away::default();
        let nowhere = DatabaseUrl::Sqlite("/nowhere/registry.db".into());
        let told = |url| {
            away.open(url, Purpose::Read)
                .map(drop)
                .unwrap_err()
                .to_string()
        };
        assert!(!told(&nowhere).contains("a moment ago"));
        // Nobody looks whether it is there again.
        let there = DatabaseUrl::Sqlite(":memory:".into());
        assert!(told(&there).contains("a moment ago"));
    }
}
