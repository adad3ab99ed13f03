//! Turns for big reports: each keeps a thread of the database busy for seconds, so a few at once would starve everybody else.
//!
//! Whoever has to wait is told what is being made and for how long already: at the auditors' desk as a page that asks again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http::{Code, Error};

/// Big reports that one process makes at once; there are at least four threads that read.
const AT_ONCE: usize = 2;
/// How long whoever is refused should wait, in seconds.
pub const AGAIN_SECONDS: u32 = 5;

/// The big reports that are being made; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    last: u64,
    all: Vec<One>,
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
}

impl Turns {
    /// Gives a turn for a report of this name, or says that others have them: 429 with `Retry-After`.
    ///
    /// # Errors
    ///
    /// Where two are being made.
    pub fn begin(&self, name: &str) -> Result<Turn, Error> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.all.len() >= AT_ONCE {
            return Err(Error::new(
                Code::TooManyRequests,
                "two big reports are being made; try again in a moment",
            )
            .header("Retry-After", AGAIN_SECONDS.to_string()));
        }
        running.last += 1;
        let number = running.last;
        running.all.push(One {
            number,
            name: name.to_owned(),
            since: Instant::now(),
        });
        Ok(Turn {
            running: Arc::clone(&self.0),
            number,
        })
    }

    /// What is being made in this process, and for how long already; not for whom, and of what.
    #[must_use]
    pub fn running(&self) -> Vec<(String, Duration)> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |one: &One| (one.name.clone(), one.since.elapsed());
        running.all.iter().map(told).collect()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.all.retain(|one| one.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use crate::http::Code;

    #[test]
    fn two_at_once_and_a_third_when_one_ends() {
        let turns = Turns::default();
        let one = turns.begin("register").unwrap();
        let two = turns.begin("decisions").unwrap();
        assert_eq!(
            turns.begin("sample").unwrap_err().code(),
            Code::TooManyRequests
        );
        let names = |turns: &Turns| -> Vec<String> {
            turns.running().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&turns), ["register", "decisions"]);
        drop(one);
        let three = turns.begin("sample").unwrap();
        assert!(turns.begin("sample").is_err());
        assert_eq!(names(&turns), ["decisions", "sample"]);
        drop((two, three));
        assert!(turns.running().is_empty());
    }
}
