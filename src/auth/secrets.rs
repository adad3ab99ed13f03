//! Random secrets: 256 bits, of which only the SHA-256 is stored.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// A fresh secret. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Draws 256 random bits.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The text to hand out, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is stored of a secret.
pub fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The beginning of every API key, so that a leaked one is recognisable.
pub const KEY_PREFIX: &str = "otsk_";

/// A new API key `otsk_<8 visible>_<secret><6 of checksum>` and its visible beginning.
pub fn api_key() -> Result<(String, String), getrandom::Error> {
    let shown = crate::db::Id::random()?
        .to_string()
        .get(..8)
        .unwrap_or("")
        .to_owned();
    let prefix = format!("{KEY_PREFIX}{shown}");
    let body = format!("{prefix}_{}", Secret::random()?.reveal());
    Ok((format!("{body}{}", checksum(&body)), prefix))
}

/// True when the text has the form and the checksum of an API key: a mistyped one costs no look-up.
pub fn is_api_key(text: &str) -> bool {
    let Some(cut) = text.len().checked_sub(6) else {
        return false;
    };
    let (Some(body), Some(sum)) = (text.get(..cut), text.get(cut..)) else {
        return false;
    };
    body.starts_with(KEY_PREFIX) && checksum(body) == sum
}

fn checksum(body: &str) -> String {
    let hash = Sha256::digest(body.as_bytes());
    data_encoding::HEXLOWER.encode(hash.get(..3).unwrap_or(&hash))
}

#[cfg(test)]
mod tests {
    use super::{Secret, api_key, is_api_key};

    #[test]
    fn a_mistyped_api_key_is_seen_without_a_look_up() {
        let (key, prefix) = api_key().unwrap();
        assert!(is_api_key(&key) && key.starts_with(&prefix));
        let other = if key.ends_with('0') { '1' } else { '0' };
        let mut wrong = key;
        wrong.pop();
        wrong.push(other);
        assert!(!is_api_key(&wrong));
        assert!(!is_api_key("otsk_") && !is_api_key("é"));
    }

    #[test]
    fn a_key_has_the_form_by_which_scanners_recognise_a_leaked_one() {
        let told = "otsk_[0-9a-z]{8}_[A-Za-z0-9_-]{43}[0-9a-f]{6}";
        assert!(include_str!("../../docs/rights.md").contains(told));
        for _ in 0..100 {
            let (key, prefix) = api_key().unwrap();
            let (start, rest) = key.split_at(13);
            assert_eq!(start, prefix);
            assert!(
                start
                    .strip_prefix("otsk_")
                    .unwrap()
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
            );
            let (secret, sum) = rest.strip_prefix('_').unwrap().split_at(43);
            assert!(
                secret
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            );
            assert!(sum.len() == 6 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let secret = Secret::random().unwrap();
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
