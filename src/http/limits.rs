//! Rate limits by an opaque caller key (GCRA, per process).
//!
//! Answers carry `RateLimit-Policy` and `RateLimit` (IETF httpapi draft). With several replicas each has its own
//! count, so the configured figures are per replica.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::{Code, Error};
use crate::db::{Id, Instant};

type Limiter =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Who calls, for the limits: an address, or an opaque caller key with a larger allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody known: the peer's address.
    Address(IpAddr),
    /// A log-in or an API key.
    Known(String),
}

/// Requests per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// For each anonymous address; 0 switches the limit off.
    pub anonymous: u32,
    /// For each log-in or API key; 0 switches the limit off.
    pub known: u32,
}

/// How many confirmed keys are remembered; more than that many partners forget each other now and then.
const CONFIRMED: usize = 10_000;

/// The limits of one process.
#[derive(Clone)]
pub struct Limits {
    confirmed: Arc<Mutex<HashMap<String, Confirmed>>>,
    anonymous: Option<Arc<Limiter>>,
    known: Option<Arc<Limiter>>,
    /// For keys with an allowance of their own, by allowance.
    own: Arc<Mutex<HashMap<u32, Arc<Limiter>>>>,
    allowance: Allowance,
}

/// A key that the database has known.
struct Confirmed {
    id: Id,
    per_minute: Option<u32>,
    used_at: Instant,
    /// True until its use was noted.
    unnoted: bool,
}

/// What a caller is told about the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Value of `RateLimit-Policy`.
    pub policy: String,
    /// Value of `RateLimit`.
    pub state: String,
}

impl Limits {
    /// Limits with these allowances.
    pub fn new(allowance: Allowance) -> Self {
        Self {
            confirmed: Arc::default(),
            anonymous: limiter(allowance.anonymous),
            known: limiter(allowance.known),
            own: Arc::default(),
            allowance,
        }
    }

    /// Counts one request; 429 when the caller has none left.
    pub fn count(&self, caller: &Caller) -> Result<Option<Standing>, Error> {
        let (limiter, name, key, quota) = match caller {
            Caller::Address(address) => (
                &self.anonymous,
                "anonymous",
                network(*address),
                self.allowance.anonymous,
            ),
            Caller::Known(key) => (&self.known, "known", key.clone(), self.allowance.known),
        };
        let own = match caller {
            Caller::Known(key) => self.own(key),
            Caller::Address(_) => None,
        };
        // A key's own allowance holds also where there is none for all.
        let Some((limiter, quota)) = own
            .as_ref()
            .map(|(own, quota)| (own, *quota))
            .or_else(|| limiter.as_ref().map(|all| (all, quota)))
        else {
            return Ok(None);
        };
        let policy = format!("\"{name}\";q={quota};w=60");
        match limiter.check_key(&key) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                Ok(Some(Standing {
                    policy,
                    state: format!("\"{name}\";r={left};t=60"),
                }))
            }
            Err(refused) => {
                let wait = refused
                    .wait_time_from(DefaultClock::default().now())
                    .as_secs()
                    + 1;
                Err(
                    Error::new(Code::TooManyRequests, format!("try again in {wait} s"))
                        .header("Retry-After", wait.to_string())
                        .header("RateLimit-Policy", policy)
                        .header("RateLimit", format!("\"{name}\";r=0;t={wait}")),
                )
            }
        }
    }

    /// The limiter of a key that has an allowance of its own.
    fn own(&self, key: &str) -> Option<(Arc<Limiter>, u32)> {
        let quota = self.confirmed().get(key)?.per_minute?;
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = own.get(&quota) {
            return Some((found.clone(), quota));
        }
        let made = limiter(quota)?;
        own.insert(quota, made.clone());
        Some((made, quota))
    }

    fn confirmed(&self) -> MutexGuard<'_, HashMap<String, Confirmed>> {
        self.confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that the database knows this key, so that it counts by itself from now on, and that it was used.
    pub fn confirm(&self, key: &str, id: Id, per_minute: Option<u32>, now: Instant) {
        let mut confirmed = self.confirmed();
        if confirmed.len() >= CONFIRMED {
            confirmed.clear();
        }
        let known = Confirmed {
            id,
            per_minute,
            used_at: now,
            unnoted: true,
        };
        match confirmed.get_mut(key) {
            Some(before) => *before = known,
            None => {
                confirmed.insert(key.to_owned(), known);
            }
        }
    }

    /// The keys that were used since this was last asked, and when.
    pub fn take_uses(&self) -> Vec<(Id, Instant)> {
        let mut confirmed = self.confirmed();
        let used = confirmed.values_mut().filter(|key| key.unnoted);
        used.map(|key| {
            key.unnoted = false;
            (key.id, key.used_at)
        })
        .collect()
    }

    /// True when the database has known this key: a made-up one must not get an allowance of its own.
    pub fn is_confirmed(&self, key: &str) -> bool {
        self.confirmed().contains_key(key)
    }

    /// Forgets the callers whose allowance is whole again; to be called once a minute.
    pub fn forget_idle(&self) {
        for limiter in [&self.anonymous, &self.known].into_iter().flatten() {
            limiter.retain_recent();
        }
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for limiter in own.values() {
            limiter.retain_recent();
        }
    }
}

fn limiter(per_minute: u32) -> Option<Arc<Limiter>> {
    let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
    Some(Arc::new(
        RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>(),
    ))
}

/// One IPv6 customer has a whole /64, so that is counted as one.
pub fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Caller, Limits};

    #[test]
    fn one_address_does_not_use_up_the_allowance_of_another() {
        let limits = Limits::new(Allowance {
            anonymous: 2,
            known: 0,
        });
        let one = Caller::Address("192.0.2.1".parse().unwrap());
        let other = Caller::Address("192.0.2.2".parse().unwrap());
        assert!(limits.count(&one).is_ok());
        assert!(limits.count(&one).is_ok());
        assert_eq!(
            limits.count(&one).unwrap_err().code(),
            super::Code::TooManyRequests
        );
        assert!(limits.count(&other).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let limits = Limits::new(Allowance {
            anonymous: 1,
            known: 0,
        });
        assert!(
            limits
                .count(&Caller::Address("2001:db8::1".parse().unwrap()))
                .is_ok()
        );
        assert!(
            limits
                .count(&Caller::Address("2001:db8::2".parse().unwrap()))
                .is_err()
        );
    }
}
