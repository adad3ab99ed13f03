//! `Idempotency-Key`: a POST repeated with its key has one effect and one answer.
//!
//! The kept answer is written in the transaction of the effect, so a crash between the two is impossible. A key is
//! scoped to the caller and the route, and kept 24 hours. Whether the caller still has the right is checked before
//! this module is asked; whether they still reach what they reached then, here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::{Answer, Code, Error};
use crate::db::schema::idempotency_keys;
use crate::db::{Instant, Tx, dialect};

/// How long an answer is kept, in seconds.
pub const KEPT_SECONDS: i64 = 24 * 3600;

/// The key of this request. Taking it as a parameter makes the header required.
#[derive(Clone, Debug)]
pub struct Once {
    key: String,
    route: String,
    running: Running,
}

/// The keys whose first request is still running in this process.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<Mutex<HashSet<String>>>);

struct Mark {
    running: Running,
    name: String,
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}

/// Holds the key while its request runs.
pub struct Guard {
    _mark: Mark,
}

/// What is kept of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// The whole answer; a repeat gets it again.
    Answer,
    /// Only that it was done, because the answer held a secret; a repeat is refused.
    Nothing,
}

impl FromRequest for Once {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request
            .headers()
            .get("Idempotency-Key")
            .map(|v| v.to_str().unwrap_or("").to_owned());
        let running = request
            .app_data::<actix_web::web::Data<Running>>()
            .map(|d| d.get_ref().clone());
        std::future::ready(match found {
            Some(key)
                if (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Self {
                    key,
                    route: format!("{} {}", request.method(), request.path()),
                    running: running.unwrap_or_default(),
                })
            }
            Some(_) => Err(Error::new(
                Code::IdempotencyKeyRequired,
                "Idempotency-Key must be 1 to 128 visible ASCII characters",
            )),
            None => Err(Error::new(
                Code::IdempotencyKeyRequired,
                "send an Idempotency-Key header, new for each intended change (a UUID does well)",
            )),
        })
    }
}

#[derive(Queryable)]
struct Kept {
    /// SHA-256 of the request, and behind it that of the rights under which it was done.
    request_hash: Vec<u8>,
    status: i32,
    headers: String,
    body: Option<String>,
}

impl Once {
    /// Marks the request as running in this process; a second one with its key meanwhile is refused (409).
    pub fn begin(&self, caller: &str) -> Result<Guard, Error> {
        let name = format!("{caller}\n{}\n{}", self.route, self.key);
        let mut running = self
            .running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !running.insert(name.clone()) {
            return Err(still_running());
        }
        drop(running);
        Ok(Guard {
            _mark: Mark {
                running: self.running.clone(),
                name,
            },
        })
    }

    /// Runs `work` once per key inside the caller's transaction, or gives the kept answer. `reach` says in a word what the caller
    /// reaches: whoever reaches something else now is told nothing of the answer of then.
    pub fn run(
        &self,
        tx: &mut Tx<'_>,
        (caller, reach): (&str, &str),
        request_hash: &[u8],
        now: Instant,
        keep: Keep,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Answer, Error>,
    ) -> Result<Answer, Error> {
        let lock = Sha256::digest(format!("{caller}\n{}\n{}", self.route, self.key));
        let number = lock
            .iter()
            .take(8)
            .fold(0i64, |n, b| n << 8 | i64::from(*b));
        if !dialect::try_lock_number(tx, number)? {
            return Err(still_running());
        }
        let reached = Sha256::digest(reach);
        let kept = idempotency_keys::table
            .find((caller, &self.route, &self.key))
            .filter(idempotency_keys::created_at.gt(now.plus_seconds(-KEPT_SECONDS).0))
            .select((
                idempotency_keys::request_hash,
                idempotency_keys::status,
                idempotency_keys::headers,
                idempotency_keys::body,
            ))
            .first::<Kept>(&mut **tx)
            .optional()?;
        if let Some(kept) = kept {
            return kept.replay(request_hash, &reached);
        }
        diesel::delete(idempotency_keys::table.find((caller, &self.route, &self.key)))
            .execute(&mut **tx)?;
        let answer = work(tx)?;
        let headers = serde_json::to_string(&answer.headers).map_err(Error::internal)?;
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::caller.eq(caller),
                idempotency_keys::route.eq(&self.route),
                idempotency_keys::key.eq(&self.key),
                idempotency_keys::request_hash.eq([request_hash, &reached].concat()),
                idempotency_keys::status.eq(if keep == Keep::Answer {
                    i32::from(answer.status)
                } else {
                    0
                }),
                idempotency_keys::headers.eq(if keep == Keep::Answer {
                    headers.as_str()
                } else {
                    "[]"
                }),
                idempotency_keys::body.eq(if keep == Keep::Answer {
                    answer.body.as_deref()
                } else {
                    None
                }),
                idempotency_keys::created_at.eq(now.0),
            ))
            .execute(&mut **tx)?;
        Ok(answer)
    }
}

impl Kept {
    fn replay(self, request_hash: &[u8], reached: &[u8]) -> Result<Answer, Error> {
        let rest = self.request_hash.strip_prefix(request_hash);
        if rest.is_some_and(|rest| rest != reached) {
            return Err(Error::new(
                Code::Forbidden,
                "this was done under other rights than you have now; what came of it can be read as far as you reach it",
            ));
        }
        if rest.is_none() {
            return Err(Error::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key came with another body before; use a new key",
            ));
        }
        if self.status == 0 {
            return Err(Error::new(
                Code::AlreadyDone,
                "this was done already; its answer held a secret and was not kept",
            ));
        }
        let mut headers: Vec<(String, String)> =
            serde_json::from_str(&self.headers).map_err(Error::internal)?;
        headers.push(("Idempotency-Replayed".to_owned(), "true".to_owned()));
        Ok(Answer {
            status: u16::try_from(self.status).map_err(Error::internal)?,
            headers,
            body: self.body,
        })
    }
}

fn still_running() -> Error {
    Error::new(
        Code::RequestRunning,
        "the first request with this Idempotency-Key is still running",
    )
    .header("Retry-After", "1")
}

/// Forgets the answers that are older than 24 hours; returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Instant) -> Result<usize, Error> {
    let old = now.plus_seconds(-KEPT_SECONDS).0;
    Ok(
        diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.le(old)))
            .execute(&mut **tx)?,
    )
}
