//! Signing keys and access tokens: EdDSA JWTs (RFC 9068 `at+jwt`) that live 15 minutes.
//!
//! One algorithm, `kid` looked up in memory only, and every claim required: the defaults of `jsonwebtoken` accept tokens
//! without `aud` and `iss`, up to 60 s expired, with `nbf` ahead, and never look at `typ`; all of that is set here. Keys come and
//! go without a restart (`keyring.rs`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::Role;
use super::keyring::{self, Pair, Ring, SIGNS_BY_SECONDS, Use};
use crate::db::{Id, Instant};
use crate::http::words::schema_words;

/// How long an access token lives, in seconds.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
const AUDIENCE: &str = "ots-registry";
const LEEWAY_SECONDS: u64 = 5;
/// A key id that nobody knows makes the folder looked at again, at most so often, in seconds.
const UNKNOWN_SECONDS: i64 = 5;
const KIND: &str = "at+jwt";

/// The claims of an access token.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Issuer: the registry's base URL.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The account.
    pub sub: String,
    /// The session; its row is read on every request.
    pub sid: String,
    /// The role at the time of issue: a token with another one than the account's is refused; it grants nothing.
    pub role: Role,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Not before, in seconds.
    pub nbf: i64,
    /// Expires at, in seconds.
    pub exp: i64,
}

/// The header of a token of ours, to the letter. A key that comes with a token (`jwk`, `jku`, `x5u`, `x5c`) is no key, and what a
/// header calls critical (RFC 7515, 4.1.11) nobody here understands: anything more than this is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// The keys that sign tokens: one signs, all verify. Cheap to clone; all clones see the same keys.
#[derive(Clone)]
pub struct TokenKeys {
    ring: Arc<RwLock<Arc<Ring>>>,
    looked_at: Arc<Mutex<Instant>>,
    directory: Arc<PathBuf>,
    issuer: Arc<str>,
}

/// What a key file is for at this moment, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Key id.
    pub kid: String,
    /// The file.
    pub path: PathBuf,
    /// When it was written.
    pub made: Instant,
    /// From when on no token that it signed can live, if a newer key has taken its place.
    pub useless_from: Option<Instant>,
}

/// One public key (RFC 8037).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jwk {
    /// Key type.
    #[schema(example = "OKP")]
    pub kty: String,
    /// Curve.
    #[schema(example = "Ed25519")]
    pub crv: String,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Key id: the RFC 7638 thumbprint.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    pub kid: String,
    /// What it is for.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub purpose: String,
    /// Algorithm.
    #[schema(example = "EdDSA")]
    pub alg: String,
    /// What it signs: `tokens` or `checkpoints`. A key is good for nothing else.
    #[schema(value_type = SignsWord, example = "tokens")]
    pub signs: &'static str,
    /// Since when the registry has it.
    pub since: Instant,
    /// Until when it signed; null while its private half is kept.
    pub until: Option<Instant>,
}

schema_words!(
    /// What a key signs.
    SignsWord as "KeySigns", ["tokens", "checkpoints"]
);

impl Jwk {
    /// A key of ours.
    pub(super) fn of(
        kid: &str,
        public: &[u8; 32],
        signs: &'static str,
        since: Instant,
        until: Option<Instant>,
    ) -> Self {
        Self {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: BASE64URL_NOPAD.encode(public),
            kid: kid.to_owned(),
            purpose: "sig".to_owned(),
            alg: "EdDSA".to_owned(),
            signs,
            since,
            until,
        }
    }
}

/// The public keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys; the first one signs tokens now.
    pub keys: Vec<Jwk>,
}

impl TokenKeys {
    /// Reads every `token-*.pem` (PKCS#8) in the directory; the last by name signs, unless it is quite new.
    pub fn load(directory: &Path, issuer: &str) -> Result<Self, String> {
        Self::load_at(directory, issuer, Instant::now())
    }

    /// The same at a given moment.
    pub fn load_at(directory: &Path, issuer: &str, now: Instant) -> Result<Self, String> {
        let ring = Ring::load(directory, Use::Tokens, now)?;
        Ok(Self {
            ring: Arc::new(RwLock::new(Arc::new(ring))),
            looked_at: Arc::new(Mutex::new(now)),
            directory: Arc::new(directory.to_owned()),
            issuer: issuer.into(),
        })
    }

    /// Looks at the folder again; true when other keys are there than before. When it cannot be read, the keys stay.
    pub fn look(&self, now: Instant) -> Result<bool, String> {
        *self
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
        let before = self.ring();
        let after = before.again(&self.directory, now)?;
        let changed = before.ids() != after.ids();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        Ok(changed)
    }

    fn ring(&self) -> Arc<Ring> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    fn pair(&self, kid: &str, now: Instant) -> Option<Arc<Pair>> {
        let found = |ring: &Ring| ring.find(kid).map(|k| k.pair.clone());
        if let Some(pair) = found(&self.ring()) {
            return Some(pair);
        }
        {
            let mut looked_at = self
                .looked_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if now < looked_at.plus_seconds(UNKNOWN_SECONDS) {
                return None;
            }
            *looked_at = now;
        }
        if let Err(error) = self.look(now) {
            tracing::error!(error, "the folder of keys cannot be read; the keys stay");
        }
        found(&self.ring())
    }

    /// True when the directory holds a key.
    pub fn exist(directory: &Path) -> bool {
        keyring::files_named(directory, "token-", ".pem").is_ok_and(|files| !files.is_empty())
    }

    /// Makes a first key file that only its owner can read.
    pub fn create(directory: &Path, now: Instant) -> Result<(), String> {
        keyring::create_first(directory, Use::Tokens, now).map(|_| ())
    }

    /// Makes a further key file, whose name comes after those that are there; returns its path.
    pub fn rotate(directory: &Path, now: Instant) -> Result<PathBuf, String> {
        keyring::create_next(directory, Use::Tokens, now)
    }

    /// The key files, newest first, with what is left for each to do.
    pub fn files(directory: &Path, now: Instant) -> Result<Vec<KeyFile>, String> {
        let ring: Ring = Ring::load(directory, Use::Tokens, now)?;
        let mut newer: Option<Instant> = None;
        let mut found = Vec::new();
        for held in ring.all() {
            let leeway = i64::try_from(LEEWAY_SECONDS).unwrap_or(0);
            let left = SIGNS_BY_SECONDS + LIFETIME_SECONDS + leeway;
            found.push(KeyFile {
                kid: held.pair.kid.clone(),
                path: held.path.clone(),
                made: held.made,
                useless_from: newer.map(|made| made.plus_seconds(left)),
            });
            // Of several newer ones the first that signed counts.
            newer = Some(newer.map_or(held.made, |n| n.min(held.made)));
        }
        Ok(found)
    }

    /// Removes the file of a key, by its id or file name, when no token that it signed can live any more.
    pub fn retire(directory: &Path, which: &str, now: Instant) -> Result<PathBuf, String> {
        let files = Self::files(directory, now)?;
        let named = |f: &&KeyFile| {
            f.kid == which || f.path.file_name().and_then(|n| n.to_str()) == Some(which)
        };
        let Some(file) = files.iter().find(named) else {
            return Err(format!(
                "{which}: there is no such key; `keys list` shows them"
            ));
        };
        match file.useless_from {
            None => Err(format!(
                "{which}: this is the newest key; make another one with `keys rotate` first"
            )),
            Some(from) if now < from => Err(format!(
                "{which}: tokens of this key can live until {from}; try again then"
            )),
            Some(_) => std::fs::remove_file(&file.path)
                .map(|()| file.path.clone())
                .map_err(|e| format!("keys_dir: {}: {e}", file.path.display())),
        }
    }

    /// A token for this account and session.
    pub fn issue(&self, user: Id, session: Id, role: Role, now: Instant) -> Result<String, String> {
        let ring = self.ring();
        let pair = &ring.signing().ok_or("no signing key")?.pair;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(pair.kid.clone());
        let seconds = now.unix_seconds();
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            sid: session.to_string(),
            role,
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
        };
        jsonwebtoken::encode(&header, &claims, &pair.encoding).map_err(|e| e.to_string())
    }

    /// The claims of a token that is genuine and valid now; nothing is said about why another is not.
    pub fn verify(&self, token: &str) -> Option<Claims> {
        let header = BASE64URL_NOPAD.decode(token.split('.').next()?.as_bytes());
        let header: OwnHeader = serde_json::from_slice(&header.ok()?).ok()?;
        if header.alg != "EdDSA" || header.typ != KIND {
            return None;
        }
        let pair = self.pair(&header.kid, Instant::now())?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.leeway = LEEWAY_SECONDS;
        rules.validate_exp = true;
        rules.validate_nbf = true;
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[self.issuer.as_ref()]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &pair.decoding, &rules)
            .ok()?
            .claims;
        // `nbf` is not ahead (the rules), so `iat` is not either.
        let lasts = claims.exp.checked_sub(claims.iat);
        let short = lasts.is_some_and(|lasts| lasts <= LIFETIME_SECONDS);
        let times = claims.nbf >= claims.iat && short;
        times.then_some(claims)
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        let ring = self.ring();
        let signing = ring.signing().map(|k| k.pair.kid.as_str());
        let mut held: Vec<_> = ring.all().iter().collect();
        held.sort_by_key(|k| Some(k.pair.kid.as_str()) != signing);
        let keys = held
            .into_iter()
            .map(|k| Jwk::of(&k.pair.kid, &k.pair.public, "tokens", k.made, None))
            .collect();
        Jwks { keys }
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.ring().all().iter().map(|k| &k.pair.kid))
            .finish()
    }
}

/// The fingerprint of a stored password that the journal holds, so that a password changed behind the
/// registry's back is found.
pub fn fingerprint(stored: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(stored.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Instant, TokenKeys, UNKNOWN_SECONDS};

    /// A folder with one key, and that key as it is read now.
    fn folder_of_one(name: &str, now: Instant) -> (PathBuf, TokenKeys) {
        let folder = std::env::temp_dir().join(format!("ots-{name}-{}", std::process::id()));
        assert!(!TokenKeys::exist(&folder));
        TokenKeys::create(&folder, now).unwrap();
        assert!(TokenKeys::exist(&folder));
        let keys = TokenKeys::load_at(&folder, "https://registry.sample.example", now).unwrap();
        (folder, keys)
    }

    #[test]
    fn an_unknown_key_makes_the_folder_looked_at_again_when_five_seconds_are_over() {
        let now = Instant::now();
        let (folder, keys) = folder_of_one("unknown-key", now);
        TokenKeys::rotate(&folder, now).unwrap();
        let new = TokenKeys::files(&folder, now).unwrap()[0].kid.clone();
        let over = now.plus_seconds(UNKNOWN_SECONDS);
        assert!(keys.pair(&new, Instant(over.0 - 1)).is_none());
        assert!(keys.pair(&new, over).is_some());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn keys_show_in_a_log_line_by_their_ids_alone() {
        let (folder, keys) = folder_of_one("shown-key", Instant::now());
        let kid = keys.jwks().keys[0].kid.clone();
        assert_eq!(format!("{keys:?}"), format!("[{kid:?}]"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
