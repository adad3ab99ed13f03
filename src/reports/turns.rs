//! Turns for big reports: each keeps a thread of the database busy for seconds, so a few at once would starve everybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::http::{Code, Error};

/// Big reports that one process makes at once; there are at least four threads that read.
const AT_ONCE: usize = 2;

/// How many big reports are being made; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<AtomicUsize>);

/// A turn; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn(Arc<AtomicUsize>);

impl Turns {
    /// Gives a turn, or says that others have them: 429 with `Retry-After`.
    ///
    /// # Errors
    ///
    /// Where two are being made.
    pub fn begin(&self) -> Result<Turn, Error> {
        let taken = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < AT_ONCE).then_some(n + 1)
            });
        match taken {
            Ok(_) => Ok(Turn(Arc::clone(&self.0))),
            Err(_) => Err(Error::new(
                Code::TooManyRequests,
                "two big reports are being made; try again in a moment",
            )
            .header("Retry-After", "5")),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use crate::http::Code;

    #[test]
    fn two_at_once_and_a_third_when_one_ends() {
        let turns = Turns::default();
        let one = turns.begin().unwrap();
        let two = turns.begin().unwrap();
        assert_eq!(turns.begin().unwrap_err().code(), Code::TooManyRequests);
        drop(one);
        let three = turns.begin().unwrap();
        assert!(turns.begin().is_err());
        drop((two, three));
        assert!(turns.begin().is_ok());
    }
}
