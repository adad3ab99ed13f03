//! The keys that sign checkpoints of the journal: a set apart from that of the tokens.
//!
//! The private halves are files `checkpoint-*.pem` beside the token keys. A key that was retired leaves its public half as
//! `checkpoint-*.jwk`, with its dates, so that what it signed stays verifiable; it is published as long as that file is there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signer;
use serde::{Deserialize, Serialize};

use super::keyring::{self, Ring, SIGNS_BY_SECONDS, Use};
use super::tokens::{Jwk, KeyFile};
use crate::db::Instant;

/// The keys of checkpoints: one signs. Cheap to clone; all clones see the same keys.
#[derive(Clone)]
pub struct CheckpointKeys {
    state: Arc<RwLock<Arc<State>>>,
    directory: Arc<PathBuf>,
}

struct State {
    ring: Ring,
    retired: Vec<PublicKey>,
}

/// The public half of a key, with its dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Key id (RFC 7638 thumbprint).
    pub kid: String,
    /// The key.
    pub public: [u8; 32],
    /// Since when the registry has it.
    pub since: Instant,
    /// When it was retired.
    pub until: Option<Instant>,
}

/// The file of a retired key.
#[derive(Serialize, Deserialize)]
struct Retired {
    kty: String,
    crv: String,
    x: String,
    kid: String,
    since: Instant,
    until: Instant,
}

impl PublicKey {
    /// The key as a JSON Web Key.
    pub fn jwk(&self) -> Jwk {
        Jwk::of(
            &self.kid,
            &self.public,
            "checkpoints",
            self.since,
            self.until,
        )
    }
}

impl CheckpointKeys {
    /// Reads the files of the directory; the last private one by name signs, unless it is quite new.
    pub fn load(directory: &Path) -> Result<Self, String> {
        Self::load_at(directory, Instant::now())
    }

    /// The same at a given moment.
    pub fn load_at(directory: &Path, now: Instant) -> Result<Self, String> {
        let state = State {
            ring: Ring::load(directory, Use::Checkpoints, now)?,
            retired: retired(directory)?,
        };
        Ok(Self {
            state: Arc::new(RwLock::new(Arc::new(state))),
            directory: Arc::new(directory.to_owned()),
        })
    }

    /// Looks at the folder again. When it cannot be read, the keys stay.
    pub fn look(&self, now: Instant) -> Result<(), String> {
        let state = State {
            ring: self.state().ring.again(&self.directory, now)?,
            retired: retired(&self.directory)?,
        };
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    fn state(&self) -> Arc<State> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state)
    }

    /// True when the directory holds a key that signs.
    pub fn exist(directory: &Path) -> bool {
        keyring::files_named(directory, Use::Checkpoints.prefix(), ".pem")
            .is_ok_and(|files| !files.is_empty())
    }

    /// Makes a first key file that only its owner can read.
    pub fn create(directory: &Path, now: Instant) -> Result<(), String> {
        keyring::create_first(directory, Use::Checkpoints, now).map(|_| ())
    }

    /// Makes a further key file, whose name comes after those that are there; returns its path.
    pub fn rotate(directory: &Path, now: Instant) -> Result<PathBuf, String> {
        keyring::create_next(directory, Use::Checkpoints, now)
    }

    /// The private key files, newest first.
    pub fn files(directory: &Path, now: Instant) -> Result<Vec<KeyFile>, String> {
        let ring: Ring = Ring::load(directory, Use::Checkpoints, now)?;
        let mut newer: Option<Instant> = None;
        let mut found = Vec::new();
        for held in ring.all() {
            found.push(KeyFile {
                kid: held.pair.kid.clone(),
                path: held.path.clone(),
                made: held.made,
                useless_from: newer.map(|made| made.plus_seconds(SIGNS_BY_SECONDS)),
            });
            newer = Some(newer.map_or(held.made, |n| n.min(held.made)));
        }
        Ok(found)
    }

    /// Removes the private half of a key, by its id or file name, when a newer one has taken over; the public half stays.
    pub fn retire(directory: &Path, which: &str, now: Instant) -> Result<PathBuf, String> {
        let ring: Ring = Ring::load(directory, Use::Checkpoints, now)?;
        let files = Self::files(directory, now)?;
        let named = |f: &&KeyFile| {
            f.kid == which || f.path.file_name().and_then(|n| n.to_str()) == Some(which)
        };
        let (Some(file), Some(held)) = (
            files.iter().find(named),
            ring.all().iter().find(|k| {
                k.pair.kid == which || k.path.file_name().and_then(|n| n.to_str()) == Some(which)
            }),
        ) else {
            return Err(format!(
                "{which}: there is no such key; `keys list` shows them"
            ));
        };
        match file.useless_from {
            None => Err(format!(
                "{which}: this is the newest key; make another one with `keys rotate --of checkpoints` first"
            )),
            Some(from) if now < from => Err(format!(
                "{which}: it may still sign until {from}; try again then"
            )),
            Some(_) => {
                let public = Retired {
                    kty: "OKP".to_owned(),
                    crv: "Ed25519".to_owned(),
                    x: BASE64URL_NOPAD.encode(&held.pair.public),
                    kid: held.pair.kid.clone(),
                    since: held.made,
                    until: now,
                };
                let text = serde_json::to_string(&public).map_err(|e| e.to_string())?;
                let say = |e: std::io::Error| format!("keys_dir: {}: {e}", file.path.display());
                keyring::write_private(&file.path.with_extension("jwk"), text.as_bytes())
                    .map_err(say)?;
                std::fs::remove_file(&file.path).map_err(say)?;
                Ok(file.path.clone())
            }
        }
    }

    /// The public half of the key that signs now.
    pub fn signing(&self) -> Result<PublicKey, String> {
        let state = self.state();
        let held = state.ring.signing().ok_or("no signing key")?;
        Ok(PublicKey {
            kid: held.pair.kid.clone(),
            public: held.pair.public,
            since: held.made,
            until: None,
        })
    }

    /// Signs bytes; gives the public key that checks the signature.
    pub fn sign(&self, message: &[u8]) -> Result<(PublicKey, [u8; 64]), String> {
        let state = self.state();
        let held = state.ring.signing().ok_or("no signing key")?;
        let key = PublicKey {
            kid: held.pair.kid.clone(),
            public: held.pair.public,
            since: held.made,
            until: None,
        };
        Ok((key, held.pair.signing.sign(message).to_bytes()))
    }

    /// Every public key, the one that signs now first, retired ones last.
    pub fn published(&self) -> Vec<PublicKey> {
        let state = self.state();
        let signing = state.ring.signing().map(|k| k.pair.kid.as_str());
        let mut keys: Vec<PublicKey> = state
            .ring
            .all()
            .iter()
            .map(|held| PublicKey {
                kid: held.pair.kid.clone(),
                public: held.pair.public,
                since: held.made,
                until: None,
            })
            .collect();
        keys.sort_by_key(|k| Some(k.kid.as_str()) != signing);
        keys.extend(state.retired.iter().cloned());
        keys
    }
}

impl std::fmt::Debug for CheckpointKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.published().iter().map(|k| &k.kid))
            .finish()
    }
}

/// The retired keys of the directory, newest first by name.
fn retired(directory: &Path) -> Result<Vec<PublicKey>, String> {
    let mut files = keyring::files_named(directory, Use::Checkpoints.prefix(), ".jwk")?;
    files.sort();
    files.reverse();
    let mut keys = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)
            .map_err(|e| format!("keys_dir: {} cannot be read: {e}", path.display()))?;
        let broken = || format!("keys_dir: {} is not a public key", path.display());
        let key: Retired = serde_json::from_str(&text).map_err(|_| broken())?;
        let public = BASE64URL_NOPAD.decode(key.x.as_bytes()).ok();
        let public = public.and_then(|x| x.try_into().ok()).ok_or_else(broken)?;
        keys.push(PublicKey {
            kid: key.kid,
            public,
            since: key.since,
            until: Some(key.until),
        });
    }
    Ok(keys)
}
