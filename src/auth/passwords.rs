//! Passwords: argon2id, on half of the cores at most, so that log-ins leave the others to everybody else.
//!
//! Parameters (m = 19456 KiB, t = 2, p = 1) are OWASP's first choice for argon2id; a hash with weaker ones is renewed at the next
//! log-in. The length counts after NFKC; there are no rules of composition (NIST SP 800-63B), but what is
//! guessed first is refused (`guessable.rs`, and the list `common-passwords.txt`, which names its source and licence).

use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization;

use super::guessable::{OBVIOUS, PRODUCT, is_common, is_guessable};
use crate::http::{Code, Error};

/// The shortest password, in code points.
pub const MIN_CHARS: usize = 15;
/// The shortest password of an account with a second factor, in code points.
pub const MIN_CHARS_WITH_FACTOR: usize = 8;
/// The longest password, in bytes.
pub const MAX_BYTES: usize = 1024;
/// Hashes that may wait for their turn.
const WAITING: usize = 16;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Whose password it is to be.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// True when the account has a second factor.
    pub second_factor: bool,
    /// The account's own words: e-mail address and name.
    pub own: Vec<String>,
}

/// What unknown accounts are checked against, so that they cost the same work: the hash of no password.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZGVjb3lkZWNveWRlY295ZA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords; cheap to clone.
///
/// Threads of its own do it, one after the other, at the system's lowest priority: a read that comes beside 200 log-ins gets
/// the core at once (docs/benchmarks.md). Each thread keeps its 19 MiB, because an allocator that gets pieces of that size back
/// between small ones ends up with hundreds of megabytes of holes.
#[derive(Clone)]
pub struct Passwords {
    queue: Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Hashes at once: half of the cores, but one.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}

fn argon() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
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

/// True when the stored hash was made with weaker parameters than today's.
pub fn is_weak(stored: &str) -> Result<bool, Error> {
    let parsed = PasswordHash::new(stored).map_err(Error::internal)?;
    let used = Params::try_from(&parsed).map_err(Error::internal)?;
    Ok(parsed.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || used.m_cost() < MEMORY_KIB
        || used.t_cost() < PASSES
        || used.p_cost() < LANES)
}

/// Refuses passwords that are too short, too long, known to everybody, or the account's own name or address.
pub fn check_rules(password: &str, about: &About) -> Result<(), String> {
    let normal: String = password.nfkc().collect();
    if normal.len() > MAX_BYTES {
        return Err(format!("must have at most {MAX_BYTES} bytes"));
    }
    let least = if about.second_factor {
        MIN_CHARS_WITH_FACTOR
    } else {
        MIN_CHARS
    };
    if normal.chars().count() < least {
        return Err(format!(
            "must have at least {least} characters; four random words do well"
        ));
    }
    let plain = normal.to_lowercase();
    let squeezed = squeeze(&plain);
    let word = squeezed.trim_end_matches(|c: char| c.is_ascii_digit());
    if is_common(&plain) || is_common(&squeezed) || OBVIOUS.contains(&word) {
        return Err("is one of the passwords that everybody tries first".to_owned());
    }
    if PRODUCT.contains(&word) {
        return Err("is the registry's own name".to_owned());
    }
    let own = own_words(&about.own);
    if own.iter().any(|own| squeezed == *own || word == own) {
        return Err("is the account's own name or e-mail address".to_owned());
    }
    if is_guessable(&plain, least, &own) {
        return Err(
            "is made of words, digits or keys in a row that everybody tries first; four words that have nothing to do with \
             each other do well"
                .to_owned(),
        );
    }
    Ok(())
}

/// The texts, what stands before their `@`, and their single words, as [`squeeze`] leaves them.
fn own_words(texts: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    for text in texts {
        let text: String = text.nfkc().collect::<String>().to_lowercase();
        words.push(squeeze(&text));
        words.extend(text.split_once('@').map(|(local, _)| squeeze(local)));
        let single = text.split(|c: char| !c.is_alphanumeric());
        words.extend(single.map(str::to_owned));
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Letters and digits only: spaces and signs make a common password no better.
pub(super) fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Computes the stored hash of this password again, with its own parameters, and compares.
fn is_right(password: &str, stored: &str, blocks: &mut Vec<Block>) -> Result<bool, Error> {
    let stored = PasswordHash::new(stored).map_err(Error::internal)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(Error::internal("a stored password without salt or hash"));
    };
    let params = Params::try_from(&stored).map_err(Error::internal)?;
    let algorithm: Algorithm = stored.algorithm.as_str().parse().map_err(Error::internal)?;
    let version = stored.version.unwrap_or(Version::V0x13.into());
    let version = Version::try_from(version).map_err(Error::internal)?;
    blocks.resize(params.block_count(), Block::default());
    let normal: String = password.nfkc().collect();
    let mut found = vec![0; expected.len()];
    Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(normal.as_bytes(), salt, &mut found, blocks.as_mut_slice())
        .map_err(Error::internal)?;
    Ok(found.ct_eq(expected.as_bytes()).into())
}

/// A thread that hashes until nobody can ask any more.
fn work(jobs: &Receiver<Job>) {
    // Elsewhere the nice value is the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::warn!(%error, "password hashes keep the priority of everything else");
    }
    let mut blocks = Vec::new();
    for job in jobs {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(&mut blocks)));
        if done.is_err() {
            tracing::error!("a password hash panicked");
        }
    }
}

impl Passwords {
    /// A hasher with its threads, which end with its last clone.
    pub fn new() -> Self {
        let (queue, jobs) = bounded::<Job>(WAITING);
        for n in 0..at_once() {
            let jobs = jobs.clone();
            let started = thread::Builder::new()
                .name(format!("hash-{n}"))
                .spawn(move || work(&jobs));
            if let Err(error) = started {
                tracing::error!(%error, "a thread for password hashes could not be started");
            }
        }
        Self { queue }
    }

    /// True when the password is the one that was hashed. `None` (an account that is unknown, disabled or
    /// has no password) costs the same and is false.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        self.in_turn(move |blocks| {
            let known = stored.is_some();
            let text = stored.as_deref().unwrap_or(DECOY);
            let right = is_right(&password, text, blocks)?;
            Ok(right && known)
        })
        .await
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.in_turn(move |_| hash(&password)).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, waiting) = oneshot::channel();
        // Whoever asked may be gone by then; the work is done all the same.
        let job: Job = Box::new(move |blocks| drop(answer.send(work(blocks))));
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::new(
                Code::TooManyRequests,
                "too many log-ins at once; try again in a moment",
            )
            .header("Retry-After", "2"),
            TrySendError::Disconnected(_) => {
                Error::internal("the threads for password hashes have stopped")
            }
        })?;
        waiting.await.map_err(Error::internal)?
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

    use super::{About, DECOY, argon, check_rules, hash, is_right, is_weak};

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
    fn a_password_is_right_for_its_own_hash_whatever_the_memory_held_before() {
        let mut blocks = Vec::new();
        let weaker = "$argon2id$v=19$m=64,t=1,p=1$ZGVjb3lkZWNveWRlY295ZA$";
        let params = argon2::Params::new(64, 1, 1, Some(32)).unwrap();
        let argon =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut out = [0; 32];
        argon
            .hash_password_into(b"Nine Beekeepers", b"decoydecoydecoyd", &mut out)
            .unwrap();
        let weaker = format!("{weaker}{}", data_encoding::BASE64_NOPAD.encode(&out));
        let strong = hash("nine sample beekeepers").unwrap();
        for _ in 0..2 {
            assert!(is_right("nine sample beekeepers", &strong, &mut blocks).unwrap());
            assert!(
                !is_right("Nine sample beekeepers", &strong, &mut blocks).unwrap(),
                "case counts"
            );
            assert!(!is_right("", DECOY, &mut blocks).unwrap());
            assert!(is_right("Nine Beekeepers", &weaker, &mut blocks).unwrap());
            assert!(!is_right("nine beekeepers", &weaker, &mut blocks).unwrap());
        }
        assert!(is_right("x", "no hash", &mut blocks).is_err());
    }

    #[test]
    fn short_and_long_passwords_are_refused() {
        let plain = About::default();
        let with_factor = About {
            second_factor: true,
            ..About::default()
        };
        for (password, alone, beside_a_factor) in [
            ("sevench", false, false),
            ("eight ch", false, true),
            ("fourteen chars", false, true),
            ("fifteen chars ok", true, true),
            // One ligature is two letters after NFKC.
            ("ﬁfteen charsok", true, true),
        ] {
            assert_eq!(check_rules(password, &plain).is_ok(), alone, "{password}");
            assert_eq!(
                check_rules(password, &with_factor).is_ok(),
                beside_a_factor,
                "{password}"
            );
        }
        // Four bytes a letter; none comes again.
        let long = |letters: u32| {
            (0..letters)
                .filter_map(|n| char::from_u32(0x1_3000 + n * 7 % 1021))
                .collect::<String>()
        };
        assert!(check_rules(&long(256), &plain).is_ok(), "1,024 bytes");
        assert!(check_rules(&long(257), &plain).is_err());
    }

    #[test]
    fn common_and_own_passwords_are_refused_in_any_case_and_spacing() {
        let about = About {
            second_factor: true,
            own: vec![
                "First.Coordinator@sample.example".to_owned(),
                "Örnek Ofisi Adı".to_owned(),
            ],
        };
        for password in [
            "football",
            "FootBall",
            "mailcreated5240",
            "PasswordPassword",
            "qwerty123456789",
            "correct horse battery staple",
            "ｐａｓｓｗｏｒｄ",
            "OTS-Registry 2026",
            "ots ngo registry",
            "first.coordinator@sample.example",
            "First Coordinator 1",
            "örnek ofisi adı",
            "Örnek 2026 Örnek",
            "coordinator password 1",
            "Sample-Example-Sample",
        ] {
            assert!(check_rules(password, &about).is_err(), "{password}");
        }
        assert!(check_rules(&"z".repeat(40), &about).is_err());
        assert!(check_rules("nine sample beekeepers", &about).is_ok());
        assert!(check_rules("first sample of nine beekeepers", &about).is_ok());
    }

    #[test]
    fn a_hash_with_weaker_parameters_is_seen() {
        assert!(!is_weak(&hash("correct horse battery").unwrap()).unwrap());
        assert!(!is_weak(DECOY).unwrap());
        assert!(is_weak(&DECOY.replace("m=19456", "m=19455")).unwrap());
        assert!(is_weak(&DECOY.replace("t=2", "t=1")).unwrap());
        assert!(is_weak(&DECOY.replace("argon2id", "argon2i")).unwrap());
        assert!(!is_weak(&DECOY.replace("t=2", "t=3")).unwrap());
    }
}
