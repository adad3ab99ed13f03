//! Turns for uploads: reading a large file keeps a thread of the database busy for seconds, so a few at once would starve
//! everybody else.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::{Code, Error};

/// Uploads that one process reads at once; there are at least four threads that read.
const AT_ONCE: usize = 2;

/// Whose uploads are being read; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Uploads(Arc<Mutex<BTreeSet<String>>>);

/// A turn; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn {
    uploads: Uploads,
    who: String,
}

impl Uploads {
    /// Gives a turn, or says why to wait: 429 with `Retry-After`.
    pub fn begin(&self, who: &str) -> Result<Turn, Error> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = if running.contains(who) {
            Some("an upload of yours is still being read; try again when it is done")
        } else if running.len() >= AT_ONCE {
            Some("other uploads are being read; try again in a moment")
        } else {
            None
        };
        if let Some(why) = refused {
            return Err(Error::new(Code::TooManyRequests, why).header("Retry-After", "5"));
        }
        running.insert(who.to_owned());
        Ok(Turn {
            uploads: self.clone(),
            who: who.to_owned(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self
            .uploads
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.who);
    }
}

#[cfg(test)]
mod tests {
    use super::Uploads;
    use crate::http::Code;

    #[test]
    fn one_of_each_account_and_two_at_once() {
        let uploads = Uploads::default();
        let one = uploads.begin("user:1").unwrap();
        let again = uploads.begin("user:1").unwrap_err();
        assert_eq!(again.code(), Code::TooManyRequests);
        let two = uploads.begin("user:2").unwrap();
        assert!(uploads.begin("user:3").is_err());
        drop(two);
        let three = uploads.begin("user:3").unwrap();
        drop(one);
        assert!(uploads.begin("user:1").is_ok(), "a turn ends");
        drop(three);
    }
}
