//! Turns for big reports: each keeps a thread of the database busy for seconds, so a few at once would starve everybody else.
//!
//! Whoever has to wait is told what is being made and for how long already: at the auditors' desk as a page that asks again. A file for
//! the desk is made beside the requests ([`super::making`]), so it stands in a queue; a turn that ends is its.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::making::Makings;
use crate::http::{Code, Error};

/// Big reports that one process makes at once; there are at least four threads that read.
const AT_ONCE: usize = 2;
/// How long whoever is refused should wait, in seconds.
pub const AGAIN_SECONDS: u32 = 5;

/// The big reports that are being made, and those that wait; cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns {
    running: Arc<Mutex<Running>>,
    // It hands what is given back to those who wait, in their order, before anybody else gets it.
    free: Arc<Semaphore>,
    makings: Makings,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            running: Arc::default(),
            free: Arc::new(Semaphore::new(AT_ONCE)),
            makings: Makings::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Running {
    last: u64,
    all: Vec<One>,
    waiting: Vec<u64>,
}

#[derive(Debug)]
struct One {
    number: u64,
    name: String,
    since: Instant,
}

/// A turn; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn {
    running: Arc<Mutex<Running>>,
    number: u64,
    _held: OwnedSemaphorePermit,
}

/// A place in the queue; it is given up when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Place {
    turns: Turns,
    number: u64,
}

impl Turns {
    /// Gives a turn for a report of this name, or says that others have them: 429 with `Retry-After`.
    ///
    /// # Errors
    ///
    /// Where two are being made, or others wait.
    pub fn begin(&self, name: &str) -> Result<Turn, Error> {
        let held = Arc::clone(&self.free).try_acquire_owned();
        held.map(|held| self.turn(name, held))
            .map_err(|_| refused())
    }

    /// A place at the end of the queue.
    pub fn stand(&self) -> Place {
        let mut running = self.locked();
        running.last += 1;
        let number = running.last;
        running.waiting.push(number);
        Place {
            turns: self.clone(),
            number,
        }
    }

    fn turn(&self, name: &str, held: OwnedSemaphorePermit) -> Turn {
        let mut running = self.locked();
        running.last += 1;
        let number = running.last;
        running.all.push(One {
            number,
            name: name.to_owned(),
            since: Instant::now(),
        });
        Turn {
            running: Arc::clone(&self.running),
            number,
            _held: held,
        }
    }

    /// What is being made in this process, and for how long already; not for whom, and of what.
    #[must_use]
    pub fn running(&self) -> Vec<(String, Duration)> {
        let told = |one: &One| (one.name.clone(), one.since.elapsed());
        self.locked().all.iter().map(told).collect()
    }

    /// The files that are made for the desk.
    #[must_use]
    pub const fn makings(&self) -> &Makings {
        &self.makings
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What whoever cannot wait is told.
pub fn refused() -> Error {
    Error::new(
        Code::TooManyRequests,
        "two big reports are being made; try again in a moment",
    )
    .header("Retry-After", AGAIN_SECONDS.to_string())
}

impl Place {
    /// Looks at it without holding it.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch {
            running: Arc::clone(&self.turns.running),
            number: self.number,
        }
    }

    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// None that anybody knows: turns are never closed.
    pub async fn turn(self, name: &str) -> Result<Turn, Error> {
        let held = Arc::clone(&self.turns.free).acquire_owned().await;
        held.map(|held| self.turns.turn(name, held))
            .map_err(Error::internal)
    }
}

/// Looks at a place in the queue.
#[derive(Clone, Debug)]
pub struct Watch {
    running: Arc<Mutex<Running>>,
    number: u64,
}

impl Watch {
    /// How many wait before it.
    #[must_use]
    pub fn before(&self) -> usize {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = |number: &&u64| **number < self.number;
        running.waiting.iter().filter(earlier).count()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.all.retain(|one| one.number != self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        self.turns.locked().waiting.retain(|n| *n != number);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use super::Turns;
    use crate::http::Code;

    fn waits(turn: Pin<&mut impl Future>) -> bool {
        turn.poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }

    fn names(turns: &Turns) -> Vec<String> {
        turns.running().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn two_at_once_and_a_third_when_one_ends() {
        let turns = Turns::default();
        let one = turns.begin("register").unwrap();
        let two = turns.begin("decisions").unwrap();
        assert_eq!(
            turns.begin("sample").unwrap_err().code(),
            Code::TooManyRequests
        );
        assert_eq!(names(&turns), ["register", "decisions"]);
        drop(one);
        let three = turns.begin("sample").unwrap();
        assert!(turns.begin("sample").is_err());
        assert_eq!(names(&turns), ["decisions", "sample"]);
        drop((two, three));
        assert!(turns.running().is_empty());
    }

    #[actix_web::test]
    async fn a_turn_that_ends_is_of_whoever_waits_longest() {
        let turns = Turns::default();
        let (one, two) = (turns.begin("one").unwrap(), turns.begin("two").unwrap());
        let (first, second) = (turns.stand(), turns.stand());
        let (watch_first, watch_second) = (first.watch(), second.watch());
        assert_eq!((watch_first.before(), watch_second.before()), (0, 1));
        let mut first = std::pin::pin!(first.turn("first"));
        let mut second = std::pin::pin!(second.turn("second"));
        assert!(waits(first.as_mut()));
        assert!(waits(second.as_mut()));
        drop(one);
        // Nobody who comes later is faster.
        assert!(turns.begin("late").is_err());
        assert!(waits(second.as_mut()));
        let first = first.await.unwrap();
        assert_eq!(names(&turns), ["two", "first"]);
        assert_eq!(watch_second.before(), 0);
        drop(two);
        let second = second.await.unwrap();
        assert_eq!(names(&turns), ["first", "second"]);
        drop((first, second));
        drop(turns.begin("late").unwrap());
    }
}
