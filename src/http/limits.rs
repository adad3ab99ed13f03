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
    /// Nobody known, with a credential that may turn out to be good: the peer's address.
    Unconfirmed(IpAddr),
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

/// How many confirmed keys, and how many sessions, are remembered; more than that many partners forget each other now and then.
const CONFIRMED: usize = 10_000;
/// Of a network's allowance, the part that it has once more for credentials that this process has not seen yet.
const UNCONFIRMED_PART: u32 = 10;

/// The limits of one process.
#[derive(Clone)]
pub struct Limits {
    confirmed: Arc<Mutex<HashMap<String, Confirmed>>>,
    /// The accounts of the desk's sessions that the database has known, by the digest of their cookie.
    sessions: Arc<Mutex<HashMap<String, Id>>>,
    anonymous: Option<Arc<Limiter>>,
    unconfirmed: Option<Arc<Limiter>>,
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
            sessions: Arc::default(),
            anonymous: limiter(allowance.anonymous),
            unconfirmed: limiter(unconfirmed(allowance.anonymous)),
            known: limiter(allowance.known),
            own: Arc::default(),
            allowance,
        }
    }

    /// Counts one request; 429 when the caller has none left.
    ///
    /// What a credential is worth, only the database knows, and a made-up one looks like any other. So one that this process has not seen
    /// counts as nobody's, and when its network has used that up, by a small allowance beside it: enough for a partner or somebody at the desk
    /// to become known, and no way round the limit.
    pub fn count(&self, caller: &Caller) -> Result<Option<Standing>, Error> {
        let Caller::Unconfirmed(address) = caller else {
            return self.count_once(caller);
        };
        self.count_once(&Caller::Address(*address))
            .or_else(|refused| self.count_once(caller).map_err(|_| refused))
    }

    fn count_once(&self, caller: &Caller) -> Result<Option<Standing>, Error> {
        let (limiter, name, key, quota) = match caller {
            Caller::Address(address) => (
                &self.anonymous,
                "anonymous",
                network(*address),
                self.allowance.anonymous,
            ),
            Caller::Unconfirmed(address) => (
                &self.unconfirmed,
                "unconfirmed",
                network(*address),
                unconfirmed(self.allowance.anonymous),
            ),
            Caller::Known(key) => (&self.known, "known", key.clone(), self.allowance.known),
        };
        let own = match caller {
            Caller::Known(key) => self.own(key),
            Caller::Address(_) | Caller::Unconfirmed(_) => None,
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

    /// Remembers that the database knows the session at the desk whose cookie this is the digest of.
    pub fn confirm_session(&self, key: &str, account: Id) {
        let mut sessions = self.sessions();
        if sessions.len() >= CONFIRMED {
            sessions.clear();
        }
        if !sessions.contains_key(key) {
            sessions.insert(key.to_owned(), account);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Id>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a credential that the database has known counts by: a key by itself, a session by its account, as its tokens do. A made-up one
    /// must not get an allowance of its own.
    pub fn counted_by(&self, key: &str) -> Option<String> {
        if self.confirmed().contains_key(key) {
            return Some(key.to_owned());
        }
        self.sessions().get(key).map(Id::to_string)
    }

    /// Forgets the callers whose allowance is whole again; to be called once a minute.
    pub fn forget_idle(&self) {
        let all = [&self.anonymous, &self.unconfirmed, &self.known];
        for limiter in all.into_iter().flatten() {
            limiter.retain_recent();
        }
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for limiter in own.values() {
            limiter.retain_recent();
        }
    }
}

/// A network's small allowance for credentials that this process has not seen yet; none where there is no limit.
fn unconfirmed(anonymous: u32) -> u32 {
    anonymous.div_ceil(UNCONFIRMED_PART)
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
    fn made_up_credentials_get_a_tenth_more_than_none_and_no_allowance_each() {
        let limits = Limits::new(Allowance {
            anonymous: 20,
            known: 1_000,
        });
        let address = "192.0.2.1".parse().unwrap();
        let admitted = (0..100)
            .filter(|_| limits.count(&Caller::Unconfirmed(address)).is_ok())
            .count();
        assert_eq!(admitted, 22);
        assert!(limits.count(&Caller::Address(address)).is_err());
        let off = Limits::new(Allowance {
            anonymous: 0,
            known: 0,
        });
        assert_eq!(off.count(&Caller::Unconfirmed(address)).unwrap(), None);
    }

    #[test]
    fn a_session_at_the_desk_counts_by_its_account() {
        let limits = Limits::new(Allowance {
            anonymous: 1,
            known: 1,
        });
        assert_eq!(limits.counted_by("digest"), None);
        limits.confirm_session("digest", crate::db::Id(7));
        limits.confirm_session("another", crate::db::Id(7));
        let one = limits.counted_by("digest");
        assert_eq!(one, Some(crate::db::Id(7).to_string()));
        assert_eq!(limits.counted_by("another"), one);
        assert_eq!(limits.take_uses(), [], "which is no use of a key");
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
