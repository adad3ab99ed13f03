//! Values that only this service can read or make, although they lie in the database or with a client.
//!
//! The key is a file `totp-*.key` (32 random bytes, base64) beside the token keys; it is never in the database. Each purpose
//! has a key of its own, derived by HMAC-SHA-256. The last file by name seals; all of them open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key as CipherKey, Nonce};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::keyring::write_private;
use crate::db::Instant;
use crate::http::Error;

const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;

/// One key of a file.
struct Key {
    id: [u8; ID_BYTES],
    secret: [u8; 32],
}

/// The keys that seal; the first seals, all open. Cheap to clone.
#[derive(Clone)]
pub struct SealKeys {
    keys: Arc<Vec<Key>>,
}

impl SealKeys {
    /// Reads every `totp-*.key` in the directory.
    pub fn load(directory: &Path) -> Result<Self, String> {
        let mut files = key_files(directory)?;
        files.sort();
        files.reverse();
        let mut keys = Vec::new();
        for file in &files {
            let text = std::fs::read_to_string(file)
                .map_err(|e| format!("keys_dir: {} cannot be read: {e}", file.display()))?;
            let bytes = BASE64.decode(text.trim().as_bytes()).ok();
            let secret = bytes.and_then(|b| <[u8; 32]>::try_from(b).ok());
            let secret = secret
                .ok_or_else(|| format!("keys_dir: {} is not 32 bytes in base64", file.display()))?;
            keys.push(Key::new(secret));
        }
        if keys.is_empty() {
            return Err(format!(
                "keys_dir: no totp-*.key in {}",
                directory.display()
            ));
        }
        Ok(Self {
            keys: Arc::new(keys),
        })
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
        self.key_of(sealed).is_some()
    }

    /// Seals a value for one purpose and one subject; elsewhere it does not open.
    pub fn seal(&self, purpose: &str, subject: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self.keys.first().ok_or_else(no_key)?;
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
        let key = self.key_of(sealed).ok_or_else(|| {
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
        let key = self.keys.first().ok_or_else(no_key)?;
        let mut mac = key.mac(purpose)?;
        mac.update(message.as_bytes());
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// True when the tag is the message's, by any of the keys.
    pub fn has_tag(&self, purpose: &str, message: &str, tag: &[u8]) -> Result<bool, Error> {
        let mut good = false;
        for key in self.keys.iter() {
            let mut mac = key.mac(purpose)?;
            mac.update(message.as_bytes());
            good |= mac.verify_slice(tag).is_ok();
        }
        Ok(good)
    }

    fn key_of(&self, sealed: &[u8]) -> Option<&Key> {
        let id = sealed.get(..ID_BYTES)?;
        self.keys.iter().find(|k| k.id == id)
    }
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.keys.iter().map(|k| HEXLOWER.encode(&k.id));
        f.debug_list().entries(ids).finish()
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
        Self { id, secret }
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

fn no_key() -> Error {
    Error::internal("no totp-*.key")
}

fn key_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    super::keyring::files_named(directory, "totp-", ".key")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Key, SealKeys};

    fn keys(secrets: &[u8]) -> SealKeys {
        let keys = secrets.iter().map(|n| Key::new([*n; 32])).collect();
        SealKeys {
            keys: Arc::new(keys),
        }
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
}
