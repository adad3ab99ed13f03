//! Waits after failed log-ins, by account and place together, so that nobody can keep an account's owner out.
//!
//! An attacker makes their own place wait: the owner gets in at once from another network, or with a device that logged in
//! before. An account that does not exist counts like any other. A network that fails with many accounts waits as well.
//!
//! The counts are in the memory of one process and end with it: with several replicas an attacker has as many times the
//! attempts. At most [`MOST`] places are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

use sha2::{Digest, Sha256};

use crate::http::{Code, Error};

/// Failures in a row that cost no wait.
pub const FREE: u32 = 5;
/// Failures of one network, with whatever accounts, that cost no wait.
pub const FREE_NETWORK: u32 = 100;
/// Places that are kept, each for some hundred bytes.
pub const MOST: usize = 65_536;
/// The longest wait of one account at one place.
const LONGEST: Duration = Duration::from_secs(900);
/// The longest wait of a whole network.
const LONGEST_NETWORK: Duration = Duration::from_secs(30);
/// After so long without a failure an account's place is forgotten.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// After so long without a failure a network is forgotten.
const KEPT_NETWORK: Duration = Duration::from_secs(900);

/// Where a log-in comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A network, as the rate limits count it.
    Network(String),
    /// A device that logged in to this account before.
    Device(String),
}

type Key = [u8; 16];

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    /// Attempts without a verdict yet.
    running: u32,
    last: Clock,
    until: Clock,
}

/// The counts of one process; cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    free: u32,
    free_network: u32,
    counts: Arc<Mutex<HashMap<Key, Count>>>,
}

/// A log-in that may be tried. What is dropped without a verdict (the database was away) counts for nothing.
#[must_use]
pub struct Attempt {
    throttle: Throttle,
    pair: Key,
    network: Option<Key>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut counts = self.throttle.lock();
        for key in [Some(self.pair), self.network].into_iter().flatten() {
            if let Some(count) = counts.get_mut(&key) {
                count.running = count.running.saturating_sub(1);
            }
        }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::after(FREE, FREE_NETWORK)
    }
}

impl Throttle {
    /// Waits after so many failures of an account at a place, and of a network.
    pub fn after(free: u32, free_network: u32) -> Self {
        Self {
            free,
            free_network,
            counts: Arc::default(),
        }
    }

    /// Admits an attempt on this account, or says how long to wait: 429 with `Retry-After`.
    pub fn begin(&self, account: &str, place: &Place) -> Result<Attempt, Error> {
        self.begin_at(account, place, Clock::now())
    }

    fn begin_at(&self, account: &str, place: &Place, now: Clock) -> Result<Attempt, Error> {
        let (pair, network) = match place {
            Place::Network(network) => (
                key(&["pair", account, network]),
                Some(key(&["network", network])),
            ),
            Place::Device(device) => (key(&["device", account, device]), None),
        };
        let mut counts = self.lock();
        let mut wait = waiting(&counts, pair, now, KEPT, self.free);
        if let Some(network) = network {
            wait = wait.max(waiting(
                &counts,
                network,
                now,
                KEPT_NETWORK,
                self.free_network,
            ));
        }
        if !wait.is_zero() {
            let seconds = wait.as_secs() + 1;
            return Err(Error::new(
                Code::TooManyRequests,
                format!("too many failed tries from here; try again in {seconds} s"),
            )
            .header("Retry-After", seconds.to_string()));
        }
        // What runs may fail: no more run at once than may fail without a wait.
        let all_run = |key: Key, free: u32| {
            let count = counts.get(&key);
            count.is_some_and(|c| c.failures < free && c.failures + c.running >= free)
        };
        if all_run(pair, self.free) || network.is_some_and(|n| all_run(n, self.free_network)) {
            return Err(Error::new(
                Code::TooManyRequests,
                "too many tries from here at once; try again in 1 s",
            )
            .header("Retry-After", "1"));
        }
        make_room(&mut counts);
        for key in [Some(pair), network].into_iter().flatten() {
            count_of(&mut counts, key, now).running += 1;
        }
        // Whoever had to wait gets one attempt, not as many as run at once.
        reserve(&mut counts, pair, now, self.free, LONGEST);
        if let Some(network) = network {
            reserve(
                &mut counts,
                network,
                now,
                self.free_network,
                LONGEST_NETWORK,
            );
        }
        Ok(Attempt {
            throttle: self.clone(),
            pair,
            network,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The credentials were not right.
    pub fn failed(self) {
        self.failed_at(Clock::now());
    }

    fn failed_at(self, now: Clock) {
        let mut counts = self.throttle.lock();
        fail(&mut counts, self.pair, now, KEPT);
        reserve(&mut counts, self.pair, now, self.throttle.free, LONGEST);
        if let Some(network) = self.network {
            fail(&mut counts, network, now, KEPT_NETWORK);
            let free = self.throttle.free_network;
            reserve(&mut counts, network, now, free, LONGEST_NETWORK);
        }
    }

    /// The credentials were right: the account's place starts anew. Its network does not, or an attacker's own account would
    /// wipe out what they did with others.
    pub fn succeeded(self) {
        self.throttle.lock().remove(&self.pair);
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Throttle")
    }
}

/// What is kept of the names: a hash, so that long ones take no more memory.
fn key(parts: &[&str]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut short = Key::default();
    for (to, from) in short.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    short
}

fn waiting(
    counts: &HashMap<Key, Count>,
    key: Key,
    now: Clock,
    kept: Duration,
    free: u32,
) -> Duration {
    match counts.get(&key) {
        Some(count) if count.failures >= free && now.duration_since(count.last) < kept => {
            count.until.saturating_duration_since(now)
        }
        _ => Duration::ZERO,
    }
}

/// Sets the wait that follows from the failures: 10 s, 20 s, 40 s, … up to the longest.
fn reserve(counts: &mut HashMap<Key, Count>, key: Key, now: Clock, free: u32, longest: Duration) {
    if let Some(count) = counts.get_mut(&key)
        && let Some(over) = count.failures.checked_sub(free)
    {
        let wait = Duration::from_secs(10 << over.min(20));
        count.until = now + wait.min(longest);
    }
}

fn count_of(counts: &mut HashMap<Key, Count>, key: Key, now: Clock) -> &mut Count {
    counts.entry(key).or_insert(Count {
        failures: 0,
        running: 0,
        last: now,
        until: now,
    })
}

fn fail(counts: &mut HashMap<Key, Count>, key: Key, now: Clock, kept: Duration) {
    let count = count_of(counts, key, now);
    if now.duration_since(count.last) >= kept {
        count.failures = 0;
    }
    count.failures = count.failures.saturating_add(1);
    count.last = now;
}

/// Keeps the half that has failed most and latest when it gets too much.
fn make_room(counts: &mut HashMap<Key, Count>) {
    if counts.len() + 2 <= MOST {
        return;
    }
    let mut all: Vec<(bool, Clock, Key)> = counts
        .iter()
        .map(|(key, count)| (count.failures >= FREE, count.last, *key))
        .collect();
    all.sort_unstable();
    for (_, _, key) in all.iter().take(all.len() / 2) {
        counts.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant as Clock};

    use super::{FREE, FREE_NETWORK, LONGEST, MOST, Place, Throttle};
    use crate::http::Code;

    fn network(n: usize) -> Place {
        Place::Network(format!("192.0.2.{n}"))
    }

    fn fail(throttle: &Throttle, account: &str, place: &Place, now: Clock) -> bool {
        match throttle.begin_at(account, place, now) {
            Ok(attempt) => {
                attempt.failed_at(now);
                true
            }
            Err(error) => {
                assert_eq!(error.code(), Code::TooManyRequests);
                false
            }
        }
    }

    #[test]
    fn after_five_failures_the_pair_waits_longer_each_time_and_nobody_else_does() {
        let (throttle, mut now) = (Throttle::default(), Clock::now());
        for _ in 0..FREE {
            assert!(fail(&throttle, "a", &network(1), now));
        }
        for wait in [10, 20, 40, 80] {
            assert!(!fail(
                &throttle,
                "a",
                &network(1),
                now + Duration::from_secs(wait - 1)
            ));
            now += Duration::from_secs(wait);
            assert!(fail(&throttle, "a", &network(1), now), "{wait}");
        }
        assert!(
            throttle.begin_at("a", &network(2), now).is_ok(),
            "another address"
        );
        assert!(
            throttle.begin_at("b", &network(1), now).is_ok(),
            "another account"
        );
        let device = Place::Device("d".to_owned());
        assert!(
            throttle.begin_at("a", &device, now).is_ok(),
            "a known device"
        );
        for _ in 0..30 {
            now += LONGEST;
            assert!(
                fail(&throttle, "a", &network(1), now),
                "no wait is longer than the longest"
            );
        }
    }

    #[test]
    fn a_known_device_waits_for_its_own_failures() {
        let (throttle, now) = (Throttle::default(), Clock::now());
        let device = Place::Device("d".to_owned());
        for _ in 0..FREE {
            assert!(fail(&throttle, "a", &device, now));
        }
        assert!(!fail(&throttle, "a", &device, now));
        assert!(throttle.begin_at("a", &network(1), now).is_ok());
    }

    #[test]
    fn whoever_waited_gets_one_attempt_at_a_time() {
        let (throttle, mut now) = (Throttle::default(), Clock::now());
        for _ in 0..FREE {
            fail(&throttle, "a", &network(1), now);
        }
        now += Duration::from_secs(10);
        let first = throttle.begin_at("a", &network(1), now);
        assert!(throttle.begin_at("a", &network(1), now).is_err());
        first.unwrap().succeeded();
        assert!(
            throttle.begin_at("a", &network(1), now).is_ok(),
            "a success starts anew"
        );
    }

    #[test]
    fn no_more_run_at_once_than_may_fail_without_a_wait() {
        let (throttle, now) = (Throttle::default(), Clock::now());
        assert!(fail(&throttle, "a", &network(1), now));
        let running: Vec<_> = (1..FREE)
            .map(|_| throttle.begin_at("a", &network(1), now).unwrap())
            .collect();
        let refused = throttle.begin_at("a", &network(1), now).map(|_| ());
        assert_eq!(refused.unwrap_err().code(), Code::TooManyRequests);
        assert!(throttle.begin_at("a", &network(2), now).is_ok());
        // What came to no verdict counts for nothing.
        drop(running);
        for _ in 1..FREE {
            assert!(fail(&throttle, "a", &network(1), now));
        }
        assert!(!fail(&throttle, "a", &network(1), now));
    }

    #[test]
    fn a_network_that_fails_with_many_accounts_waits_whatever_else_succeeds_there() {
        let (throttle, now) = (Throttle::default(), Clock::now());
        for n in 0..FREE_NETWORK {
            assert!(fail(&throttle, &format!("account {n}"), &network(1), now));
            if let Ok(own) = throttle.begin_at("own", &network(1), now) {
                own.succeeded();
            }
        }
        assert!(throttle.begin_at("another", &network(1), now).is_err());
        assert!(throttle.begin_at("another", &network(2), now).is_ok());
        let later = now + Duration::from_secs(30);
        assert!(throttle.begin_at("another", &network(1), later).is_ok());
    }

    #[test]
    fn the_memory_is_bounded_and_who_waits_is_not_forgotten_for_who_does_not() {
        let (throttle, now) = (Throttle::default(), Clock::now());
        for _ in 0..FREE {
            fail(&throttle, "a", &network(1), now);
        }
        for n in 0..MOST {
            let later = now + Duration::from_millis(1);
            fail(
                &throttle,
                &format!("b{n}"),
                &Place::Network(n.to_string()),
                later,
            );
        }
        assert!(throttle.lock().len() <= MOST);
        assert!(throttle.begin_at("a", &network(1), now).is_err());
    }
}
