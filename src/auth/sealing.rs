//! Values that only this service can read or make, although they lie in the database or with a client.
//!
//! The key is a file `totp-*.key` (32 random bytes, base64) beside the token keys; it is never in the database. Each purpose
//! has a key of its own, derived by HMAC-SHA-256. The last file by name seals, from the second look at the folder on that finds it; all of
//! them open (`keyring.rs`). What no key here opens may be of one that another process has seen before this one, so the folder is looked
//! at again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key as CipherKey, Nonce};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::keyring::{Held, Kept, Ring, Use, write_private};
use crate::db::Instant;
use crate::http::Error;

const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;

/// What no key here opens makes the folder looked at again, at most so often, in seconds.
const UNKNOWN_SECONDS: i64 = 5;

/// One key of a file.
struct Key {
    id: [u8; ID_BYTES],
    name: String,
    secret: [u8; 32],
}

/// The keys that seal: one seals, all open. Cheap to clone; all clones see the same keys.
#[derive(Clone)]
pub struct SealKeys {
    ring: Arc<RwLock<Arc<Ring<Key>>>>,
    looked_at: Arc<Mutex<Instant>>,
    directory: Arc<PathBuf>,
}

impl SealKeys {
    /// Reads every `totp-*.key` in the directory; the last by name seals, unless it is quite new.
    pub fn load(directory: &Path) -> Result<Self, String> {
        Self::load_at(directory, Instant::now())
    }

    /// The same at a given moment.
    pub fn load_at(directory: &Path, now: Instant) -> Result<Self, String> {
        let ring = Ring::load(directory, Use::Seals, now)?;
        Ok(Self {
            ring: Arc::new(RwLock::new(Arc::new(ring))),
            looked_at: Arc::new(Mutex::new(now)),
            directory: Arc::new(directory.to_owned()),
        })
    }

    /// Looks at the folder again; true when other keys are there than before, or another one seals. When it cannot be read, the keys
    /// stay.
    pub fn look(&self, now: Instant) -> Result<bool, String> {
        let looked_at = self.looked_at.lock();
        self.look_once(&mut looked_at.unwrap_or_else(PoisonError::into_inner), now)
    }

    fn look_once(&self, looked_at: &mut Instant, now: Instant) -> Result<bool, String> {
        *looked_at = now;
        let before = self.ring();
        let after = before.again(&self.directory, now)?;
        let changed = before.ids() != after.ids();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        Ok(changed)
    }

    fn ring(&self) -> Arc<Ring<Key>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    /// Other keys than these: of another thread's look in the meantime, or of one now, when the last is long enough ago.
    fn looked_again(&self, known: &Arc<Ring<Key>>, now: Instant) -> Option<Arc<Ring<Key>>> {
        let looked_at = self.looked_at.lock();
        let mut looked_at = looked_at.unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(known, &self.ring()) {
            if now < looked_at.plus_seconds(UNKNOWN_SECONDS) {
                return None;
            }
            if let Err(error) = self.look_once(&mut looked_at, now) {
                tracing::error!(error, "the keys that seal cannot be read; they stay");
                return None;
            }
        }
        Some(self.ring())
    }

    /// True when the directory holds a key.
    pub fn exist(directory: &Path) -> bool {
        key_files(directory).is_ok_and(|files| !files.is_empty())
    }

    /// Makes a key file that only its owner can read.
    pub fn create(directory: &Path, now: Instant) -> Result<(), String> {
        let say = |e: std::io::Error| format!("keys_dir: {}: {e}", directory.display());
        super::keyring::make_private_folder(directory).map_err(say)?;
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(|e| e.to_string())?;
        let path = directory.join(format!("totp-{}.key", now.day().format("%Y%m%d")));
        write_private(&path, format!("{}\n", BASE64.encode(&secret)).as_bytes()).map_err(say)
    }

    /// True when the key that sealed this is among the keys.
    pub fn knows(&self, sealed: &[u8]) -> bool {
        self.key_of(sealed, Instant::now()).is_some()
    }

    /// Seals a value for one purpose and one subject; elsewhere it does not open.
    pub fn seal(&self, purpose: &str, subject: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let ring = self.ring();
        let key = sealing(&ring)?;
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let payload = Payload {
            msg: plain,
            aad: subject.as_bytes(),
        };
        let body = key
            .cipher(purpose)?
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::internal("a value could not be sealed"))?;
        Ok([&key.id[..], &nonce[..], &body[..]].concat())
    }

    /// Opens what was sealed; an error names the key that is missing, never the value.
    pub fn open(&self, purpose: &str, subject: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self.key_of(sealed, Instant::now()).ok_or_else(|| {
            let id = HEXLOWER.encode(sealed.get(..ID_BYTES).unwrap_or(sealed));
            Error::internal(format!(
                "keys_dir: the totp-*.key with the id {id} is not here"
            ))
        })?;
        let broken = || Error::internal("a sealed value was changed or belongs elsewhere");
        let rest = sealed.get(ID_BYTES..).unwrap_or_default();
        let (nonce, body) = rest.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(Error::internal)?;
        let payload = Payload {
            msg: body,
            aad: subject.as_bytes(),
        };
        key.cipher(purpose)?
            .decrypt(&Nonce::from(nonce), payload)
            .map_err(|_| broken())
    }

    /// A tag that proves that this service has seen the message.
    pub fn tag(&self, purpose: &str, message: &str) -> Result<Vec<u8>, Error> {
        let ring = self.ring();
        let key = sealing(&ring)?;
        let mut mac = key.mac(purpose)?;
        mac.update(message.as_bytes());
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// True when the tag is the message's, by any of the keys.
    pub fn has_tag(&self, purpose: &str, message: &str, tag: &[u8]) -> Result<bool, Error> {
        let known = self.ring();
        if is_tag(&known, purpose, message, tag)? {
            return Ok(true);
        }
        match self.looked_again(&known, Instant::now()) {
            Some(ring) => is_tag(&ring, purpose, message, tag),
            None => Ok(false),
        }
    }

    fn key_of(&self, sealed: &[u8], now: Instant) -> Option<Arc<Key>> {
        let id = sealed.get(..ID_BYTES)?;
        let find = |ring: &Ring<Key>| {
            let held = ring.all().iter().find(|k| k.pair.id == id);
            held.map(|k| k.pair.clone())
        };
        let known = self.ring();
        find(&known).or_else(|| find(&*self.looked_again(&known, now)?))
    }
}

fn is_tag(ring: &Ring<Key>, purpose: &str, message: &str, tag: &[u8]) -> Result<bool, Error> {
    let mut good = false;
    for held in ring.all() {
        let mut mac = held.pair.mac(purpose)?;
        mac.update(message.as_bytes());
        good |= mac.verify_slice(tag).is_ok();
    }
    Ok(good)
}

/// The key that seals now.
fn sealing(ring: &Ring<Key>) -> Result<&Key, Error> {
    let held: Option<&Held<Key>> = ring.signing();
    let key = held.map(|held| held.pair.as_ref());
    key.ok_or_else(|| Error::internal("no totp-*.key"))
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ring().ids().1).finish()
    }
}

impl Kept for Key {
    fn of_text(text: &str) -> Result<Self, String> {
        let bytes = BASE64.decode(text.trim().as_bytes()).ok();
        let secret = bytes.and_then(|b| <[u8; 32]>::try_from(b).ok());
        let secret = secret.ok_or_else(|| "is not 32 bytes in base64".to_owned())?;
        Ok(Self::new(secret))
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Key {
    fn new(secret: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"ots-registry seal key id v1\0")
            .chain_update(secret)
            .finalize();
        let mut id = [0u8; ID_BYTES];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        let name = HEXLOWER.encode(&id);
        Self { id, name, secret }
    }

    /// The keyed hash of one purpose; also what derives the purpose's key.
    fn mac(&self, purpose: &str) -> Result<Hmac<Sha256>, Error> {
        let mut derive = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.secret)
            .map_err(Error::internal)?;
        derive.update(b"ots-registry seal v1\0");
        derive.update(purpose.as_bytes());
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&derive.finalize().into_bytes())
            .map_err(Error::internal)
    }

    fn cipher(&self, purpose: &str) -> Result<ChaCha20Poly1305, Error> {
        let mut derive = self.mac(purpose)?;
        derive.update(b"cipher");
        let key: [u8; 32] = derive.finalize().into_bytes().into();
        Ok(ChaCha20Poly1305::new(&CipherKey::from(key)))
    }
}

fn key_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    super::keyring::files_named(directory, Use::Seals.prefix(), Use::Seals.ending())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use data_encoding::BASE64;

    use super::{Key, SealKeys};
    use crate::auth::keyring::Kept;
    use crate::db::Instant;

    /// The keys of a folder with these files; the first by name seals last.
    fn keys(secrets: &[u8]) -> SealKeys {
        let folder = folder();
        for (n, secret) in secrets.iter().rev().enumerate() {
            write(&folder, &format!("totp-{n}.key"), *secret);
        }
        let later = Instant::now().plus_seconds(3600);
        SealKeys::load_at(&folder, later).unwrap()
    }

    fn folder() -> std::path::PathBuf {
        let name = format!("ots-seals-{}", crate::db::Id::random().unwrap());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn write(folder: &Path, name: &str, secret: u8) {
        std::fs::write(folder.join(name), BASE64.encode(&[secret; 32])).unwrap();
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_subject_only() {
        let one = keys(&[1]);
        let sealed = one.seal("totp", "user:1", b"secret value").unwrap();
        assert_eq!(
            one.open("totp", "user:1", &sealed).unwrap(),
            b"secret value"
        );
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        assert!(one.open("totp", "user:2", &sealed).is_err());
        assert!(one.open("device", "user:1", &sealed).is_err());
        for n in 0..sealed.len() {
            let mut other = sealed.clone();
            other[n] ^= 1;
            assert!(one.open("totp", "user:1", &other).is_err(), "byte {n}");
            assert!(
                one.open("totp", "user:1", &sealed[..n]).is_err(),
                "cut at {n}"
            );
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_missing_one_is_named() {
        let sealed = keys(&[1]).seal("totp", "user:1", b"x").unwrap();
        assert_eq!(keys(&[2, 1]).open("totp", "user:1", &sealed).unwrap(), b"x");
        assert!(!keys(&[2]).knows(&sealed));
        let error = keys(&[2]).open("totp", "user:1", &sealed).unwrap_err();
        assert!(error.inside().0.unwrap().contains("totp-*.key with the id"));
    }

    #[test]
    fn a_tag_is_good_for_its_message_only() {
        let tag = keys(&[1]).tag("device", "a").unwrap();
        assert!(keys(&[2, 1]).has_tag("device", "a", &tag).unwrap());
        assert!(!keys(&[2]).has_tag("device", "a", &tag).unwrap());
        assert!(!keys(&[1]).has_tag("device", "b", &tag).unwrap());
        assert!(!keys(&[1]).has_tag("other", "a", &tag).unwrap());
        assert!(!keys(&[1]).has_tag("device", "a", &tag[..16]).unwrap());
    }

    #[test]
    fn a_new_key_opens_at_once_and_seals_when_every_process_knows_it() {
        let folder = folder();
        let start = Instant::now();
        let at = |seconds: i64| start.plus_seconds(seconds);
        let sealed_by = |keys: &SealKeys, secret: u8| {
            keys.seal("totp", "user:1", b"x")
                .unwrap()
                .starts_with(&Key::new([secret; 32]).id)
        };
        write(&folder, "totp-1.key", 1);
        // The last looks are long ago for these two, so that what they do not know is looked for.
        let (a, b) = (
            SealKeys::load_at(&folder, at(-60)).unwrap(),
            SealKeys::load_at(&folder, at(-60)).unwrap(),
        );
        write(&folder, "totp-2.key", 2);
        assert!(a.look(at(-40)).unwrap());
        assert!(sealed_by(&a, 1), "seen once, it does not seal");
        assert!(
            !a.look(at(-20)).unwrap() && sealed_by(&a, 1),
            "nor when it is seen again at once"
        );
        assert!(a.look(at(-10)).unwrap() && sealed_by(&a, 2));
        let (sealed, tag) = (
            a.seal("totp", "user:1", b"x").unwrap(),
            a.tag("refresh", "m").unwrap(),
        );
        assert!(sealed_by(&b, 1), "which has not looked since");
        assert_eq!(b.open("totp", "user:1", &sealed).unwrap(), b"x");
        assert!(b.has_tag("refresh", "m", &tag).unwrap());
        assert!(sealed_by(&b, 1), "known, and not sealing yet");
        // A process that starts in between seals with the old one, a later one with the new.
        assert!(sealed_by(&SealKeys::load_at(&folder, at(30)).unwrap(), 1));
        assert!(sealed_by(&SealKeys::load_at(&folder, at(90)).unwrap(), 2));

        std::fs::write(folder.join("totp-3.key"), "half a k").unwrap();
        assert!(a.look(at(60)).is_err());
        assert_eq!(
            a.open("totp", "user:1", &sealed).unwrap(),
            b"x",
            "the keys stay"
        );
    }

    #[test]
    fn what_is_unknown_is_looked_for_but_not_all_the_time() {
        let folder = folder();
        write(&folder, "totp-1.key", 1);
        let just = SealKeys::load(&folder).unwrap();
        let tag = keys(&[2]).tag("device", "a").unwrap();
        assert!(!just.has_tag("device", "a", &tag).unwrap());
        write(&folder, "totp-2.key", 2);
        assert!(
            !just.has_tag("device", "a", &tag).unwrap(),
            "it looked a moment ago"
        );
        just.look(Instant::now().plus_seconds(-60)).unwrap();
        assert!(just.has_tag("device", "a", &tag).unwrap());
    }

    #[test]
    fn a_key_is_not_shown_by_debug() {
        let one = keys(&[7]);
        assert_eq!(
            format!("{one:?}"),
            format!("[\"{}\"]", Key::new([7; 32]).id())
        );
    }
}
