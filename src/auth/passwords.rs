//! Passwords: argon2id, at most two at once.
//!
//! Parameters (m = 19456 KiB, t = 2, p = 1) are OWASP's first choice for argon2id. The length counts after NFKC; there are no
//! rules of composition (NIST SP 800-63B).

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::http::{Code, Error};

/// The shortest password, in code points.
pub const MIN_CHARS: usize = 15;
/// The longest password, in bytes.
pub const MAX_BYTES: usize = 1024;
/// Hashes at once; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Hashes that may wait for their turn.
const WAITING: usize = 16;

/// Passwords that everybody tries first and that are long enough to pass the length rule.
const BLOCKED: &[&str] = &[
    "passwordpassword",
    "123456789012345",
    "1234567890123456",
    "qwertyuiopasdfgh",
    "aaaaaaaaaaaaaaa",
    "administrator123",
    "changemechangeme",
    "correct horse battery staple",
    "letmeinletmeinletmein",
    "otsregistry12345",
];

/// What unknown accounts are checked against, so that they cost the same work: the hash of no password.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZGVjb3lkZWNveWRlY295ZA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

fn argon() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19_456, 2, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password; takes tens of milliseconds of a core.
pub fn hash(password: &str) -> Result<String, Error> {
    let normal: String = password.nfkc().collect();
    Ok(argon()?
        .hash_password(normal.as_bytes())
        .map_err(Error::internal)?
        .to_string())
}

/// Refuses passwords that are too short, too long or known to everybody.
pub fn check_rules(password: &str) -> Result<(), String> {
    let normal: String = password.nfkc().collect();
    if normal.len() > MAX_BYTES {
        return Err(format!("must have at most {MAX_BYTES} bytes"));
    }
    if normal.chars().count() < MIN_CHARS {
        return Err(format!(
            "must have at least {MIN_CHARS} characters; four random words do well"
        ));
    }
    let plain = normal.to_lowercase();
    let first = plain.chars().next();
    if BLOCKED.contains(&plain.as_str()) || plain.chars().all(|c| Some(c) == first) {
        return Err("is one of the passwords that everybody tries first".to_owned());
    }
    Ok(())
}

impl Passwords {
    /// A hasher with its turns.
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }

    /// True when the password is the one that was hashed. `None` (an account that is unknown, disabled or
    /// has no password) costs the same and is false.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        self.in_turn(move || {
            let known = stored.is_some();
            let text = stored.as_deref().unwrap_or(DECOY);
            let parsed = PasswordHash::new(text).map_err(Error::internal)?;
            let normal: String = password.nfkc().collect();
            Ok(argon()?.verify_password(normal.as_bytes(), &parsed).is_ok() && known)
        })
        .await
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.in_turn(move || hash(&password)).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let busy = |_| {
            Error::new(
                Code::TooManyRequests,
                "too many log-ins at once; try again in a moment",
            )
            .header("Retry-After", "2")
        };
        let _place = self.waiting.clone().try_acquire_owned().map_err(busy)?;
        let turn = self
            .turns
            .clone()
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        actix_web::web::block(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(Error::internal)?
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;
    use argon2::password_hash::phc::PasswordHash;

    use super::{DECOY, argon, check_rules, hash};

    #[test]
    fn a_hash_names_its_parameters() {
        assert!(
            hash("correct horse battery")
                .unwrap()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
    }

    #[test]
    fn the_decoy_costs_the_same_work() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let real = hash("correct horse battery").unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(
            (decoy.algorithm, decoy.version, &decoy.params),
            (real.algorithm, real.version, &real.params)
        );
        assert!(argon().unwrap().verify_password(b"", &decoy).is_err());
    }

    #[test]
    fn short_long_and_well_known_passwords_are_refused() {
        assert!(check_rules("fourteen chars").is_err());
        assert!(check_rules("fifteen chars ok").is_ok());
        assert!(check_rules(&"ə".repeat(600)).is_err());
        assert!(check_rules("PasswordPassword").is_err());
        assert!(check_rules(&"z".repeat(40)).is_err());
    }
}
