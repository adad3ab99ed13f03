//! The index of a running registry: made from the tables, kept up with the journal, asked by several at once.
//!
//! Every search first looks at the journal's head and puts in what changed behind the index's position, in the same moment of
//! the database that it reads its rows in: who registers a name finds it at once, on every replica. No files: the index is made
//! at the start, in the background, and again when much of it is dead.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::NaiveDate;

use super::ask::{self, Hit, Question, Scratch};
use super::compare::{self, Comparison};
use super::index::Index;
use super::queries::{self, Found};
use crate::db::Conn;
use crate::http::{Code, Error};
use crate::journal::queries::changed;

/// Organisations that a search reads in by itself when there is no index yet; more are left to the background.
const READ_AT_ONCE: i64 = 20_000;
/// Changed organisations that a search reads in by itself; more are left to the background.
const CATCH_UP: i64 = 2_000;
/// Organisations of one statement.
const CHUNK: i64 = 2_000;

/// The search of a process, cheap to clone.
#[derive(Clone, Default)]
pub struct Search {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: RwLock<Option<State>>,
    /// Held by whoever changes the index.
    feeding: Mutex<()>,
    /// True when somebody in the background makes the index and keeps it.
    is_fed: AtomicBool,
    rooms: Rooms,
}

struct State {
    index: Index,
    /// The position of the journal up to which the index knows everything.
    seq: i64,
    /// From merged organisations to their successors.
    merged: HashMap<i64, i64>,
}

/// Room for as many searches at once as there are cores: each needs some bytes for every name.
struct Rooms {
    free: Mutex<Vec<Scratch>>,
    freed: Condvar,
}

impl Default for Rooms {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            free: Mutex::new((0..cores).map(|_| Scratch::default()).collect()),
            freed: Condvar::new(),
        }
    }
}

impl Rooms {
    fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = loop {
            match free.pop() {
                Some(room) => break room,
                None => {
                    free = self
                        .freed
                        .wait(free)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        drop(free);
        let done = work(&mut room);
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(room);
        self.freed.notify_one();
        done
    }
}

impl Search {
    /// Says that the background keeps the index, so that no search has to wait for much of it.
    pub fn is_fed_by_the_background(&self) {
        self.inner.is_fed.store(true, Ordering::Relaxed);
    }

    /// Finds organisations among those that this moment of the database knows.
    pub fn ask(&self, conn: &mut Conn, question: &Question<'_>) -> Result<Vec<Hit>, Error> {
        self.with_index(conn, question.sight.today, |index| {
            self.inner
                .rooms
                .with(|room| ask::ask(index, question, room))
        })
    }

    /// Compares two names by how telling their words are among the public names of a country.
    pub fn compare(
        &self,
        conn: &mut Conn,
        (a, b): (&str, &str),
        country: Option<&str>,
        today: NaiveDate,
    ) -> Result<Comparison, Error> {
        self.with_index(conn, today, |index| {
            compare::compare(a, b, country, Some(index))
        })
    }

    /// Runs `work` over an index that knows what this moment of the database knows.
    pub fn with_index<T>(
        &self,
        conn: &mut Conn,
        today: NaiveDate,
        work: impl FnOnce(&Index) -> T,
    ) -> Result<T, Error> {
        self.with_index_at(conn, today, |index, _| work(index))
    }

    /// The same with the position of the journal up to which the index knows everything: under an import it may lag behind.
    ///
    /// Never inside a transaction that has written to the journal: what may still be rolled back would be kept.
    pub fn with_index_at<T>(
        &self,
        conn: &mut Conn,
        today: NaiveDate,
        work: impl FnOnce(&Index, i64) -> T,
    ) -> Result<T, Error> {
        self.catch_up(conn, today)?;
        let state = self
            .inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        match state.as_ref() {
            Some(state) => Ok(work(&state.index, state.seq)),
            None => Err(not_ready()),
        }
    }

    /// Runs `work` over the index as it is, where there is one: for weights, which a change more or less does not turn.
    pub fn peek<T>(&self, work: impl FnOnce(Option<&Index>) -> T) -> T {
        let state = self
            .inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        work(state.as_ref().map(|state| &state.index))
    }

    fn catch_up(&self, conn: &mut Conn, today: NaiveDate) -> Result<(), Error> {
        let head = queries::head(conn)?;
        match self.position(today) {
            Some(seq) if seq >= head => return Ok(()),
            Some(_) => {}
            None if self.inner.is_fed.load(Ordering::Relaxed)
                && queries::count(conn)? > READ_AT_ONCE =>
            {
                return Err(not_ready());
            }
            None => {}
        }
        let feeding = self.feeding();
        self.feed(&feeding, conn, (head, today), CATCH_UP)
    }

    /// Brings the index to where the journal is, however much that takes: what the background does.
    pub fn keep(&self, conn: &mut Conn, today: NaiveDate) -> Result<(), Error> {
        let head = queries::head(conn)?;
        if self.position(today).is_some_and(|seq| seq >= head) {
            return Ok(());
        }
        let feeding = self.feeding();
        let worn = {
            let state = self
                .inner
                .state
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            state.as_ref().is_some_and(|state| state.index.is_worn())
        };
        if worn {
            return self.make(&feeding, conn, (head, today));
        }
        self.feed(&feeding, conn, (head, today), i64::MAX)
    }

    /// How many organisations can be found; none before the index is made.
    pub fn len(&self) -> Option<usize> {
        let state = self
            .inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        state.as_ref().map(|state| state.index.len())
    }

    /// True before anything can be found.
    pub fn is_empty(&self) -> bool {
        self.len().is_none_or(|len| len == 0)
    }

    fn feeding(&self) -> MutexGuard<'_, ()> {
        self.inner
            .feeding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the index is, if it is of this day.
    fn position(&self, today: NaiveDate) -> Option<i64> {
        let state = self
            .inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let state = state.as_ref()?;
        Some(if state.index.is_of(today) {
            state.seq
        } else {
            -1
        })
    }

    /// Reads in what changed. Another may have done so while this one waited for its turn.
    fn feed(
        &self,
        feeding: &MutexGuard<'_, ()>,
        conn: &mut Conn,
        (head, today): (i64, NaiveDate),
        most: i64,
    ) -> Result<(), Error> {
        let since = {
            let mut state = self
                .inner
                .state
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            state.as_mut().map(|state| {
                state.index.turn_to(today);
                state.seq
            })
        };
        let Some(since) = since else {
            return self.make(feeding, conn, (head, today));
        };
        if since >= head {
            return Ok(());
        }
        let numbers = changed(conn, (since, i64::MAX), most.saturating_add(1))?;
        let is_fed = self.inner.is_fed.load(Ordering::Relaxed);
        if is_fed && i64::try_from(numbers.len()).is_ok_and(|count| count > most) {
            // An import runs: the background reads it in within a second.
            return Ok(());
        }
        let mut all = numbers;
        if i64::try_from(all.len()).is_ok_and(|count| count > most) {
            all = changed(conn, (since, i64::MAX), i64::MAX)?;
        }
        for numbers in all.chunks(500) {
            let mut found = queries::by_numbers(conn, numbers)?;
            let touched = self.successors(&found);
            found.extend(queries::by_ids(conn, &touched)?);
            let mut state = self
                .inner
                .state
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(state) = state.as_mut() {
                state.take(found);
            }
        }
        let mut state = self
            .inner
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = state.as_mut() {
            state.seq = head;
        }
        Ok(())
    }

    /// Organisations whose gained names change with these: all that they led to before, and all that they lead to now.
    fn successors(&self, found: &[Found]) -> Vec<i64> {
        let state = self
            .inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(state) = state.as_ref() else {
            return Vec::new();
        };
        let now: HashMap<i64, Option<i64>> = found
            .iter()
            .map(|one| match one {
                Found::Merged { id, into } => (*id, Some(*into)),
                Found::Document(document) => (document.id, None),
            })
            .collect();
        let before = |id: i64| state.merged.get(&id).copied();
        let after = |id: i64| now.get(&id).copied().unwrap_or_else(|| before(id));
        let mut touched = BTreeSet::new();
        for id in now.keys() {
            let mut led = BTreeSet::new();
            walk(*id, before, &mut led);
            touched.append(&mut led);
            walk(*id, after, &mut led);
            touched.append(&mut led);
        }
        touched.into_iter().collect()
    }

    /// Makes the index from the tables and puts it in place of the old one.
    fn make(
        &self,
        _: &MutexGuard<'_, ()>,
        conn: &mut Conn,
        (head, today): (i64, NaiveDate),
    ) -> Result<(), Error> {
        let mut state = State {
            index: Index::new(today),
            seq: head,
            merged: HashMap::new(),
        };
        let mut behind = Some(i64::MIN);
        while let Some(id) = behind {
            let (found, last) = queries::behind(conn, id, CHUNK)?;
            state.take(found);
            behind = last;
        }
        *self
            .inner
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(state);
        Ok(())
    }
}

impl State {
    fn take(&mut self, found: Vec<Found>) {
        for one in found {
            match one {
                Found::Document(document) => {
                    self.merged.remove(&document.id);
                    self.index.put(&document);
                }
                Found::Merged { id, into } => {
                    self.merged.insert(id, into);
                    self.index.remove(id);
                }
            }
        }
    }
}

/// Follows merges from an organisation to the end.
fn walk(from: i64, into: impl Fn(i64) -> Option<i64>, led: &mut BTreeSet<i64>) {
    let mut at = from;
    while let Some(next) = into(at) {
        if !led.insert(next) {
            break;
        }
        at = next;
    }
}

#[track_caller]
fn not_ready() -> Error {
    Error::new(
        Code::Overloaded,
        "the search index is being made; everything else works already",
    )
    .header("Retry-After", "5")
}
