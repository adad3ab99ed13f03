//! The folder of keys, looked at again and again: keys come and go without a restart.
//!
//! Each kind of key has files of its own: `token-*.pem`, `checkpoint-*.pem`, `totp-*.key`. A key that is new signs (or seals) only when
//! it was seen a second time, [`LOOK_SECONDS`] after the first: by then every process that looks at the same folder knows it. What is
//! there verifies (or opens), until its file is removed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use super::signatures;
use crate::db::Instant;

/// How often the folder is looked at, in seconds.
pub const LOOK_SECONDS: i64 = 30;
/// After so many seconds every process that runs signs with a new key: two looks, or a start in between.
pub const SIGNS_BY_SECONDS: i64 = 3 * LOOK_SECONDS;

/// What the keys of a ring are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Access tokens.
    Tokens,
    /// Checkpoints of the journal.
    Checkpoints,
    /// Secrets of second factors, and tags.
    Seals,
}

impl Use {
    /// How the names of the files begin.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Tokens => "token-",
            Self::Checkpoints => "checkpoint-",
            Self::Seals => "totp-",
        }
    }

    /// How they end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Tokens | Self::Checkpoints => ".pem",
            Self::Seals => ".key",
        }
    }
}

/// A key that is kept in a file.
pub(super) trait Kept: Sized {
    /// The key of a file with this text; an error says what the text is not.
    fn of_text(text: &str) -> Result<Self, String>;

    /// The id by which the key is known again.
    fn id(&self) -> &str;
}

/// A key pair that signs.
pub(super) struct Pair {
    pub kid: String,
    pub public: [u8; 32],
    pub signing: SigningKey,
    pub encoding: EncodingKey,
    pub decoding: DecodingKey,
}

/// A key file with what is known of it.
pub(super) struct Held<K = Pair> {
    pub path: PathBuf,
    /// When the file was written.
    pub made: Instant,
    pub pair: Arc<K>,
    seen: Instant,
    ready: bool,
}

/// The keys of the folder at one look, newest first by name.
pub(super) struct Ring<K = Pair> {
    kind: Use,
    held: Vec<Held<K>>,
}

impl<K: Kept> Ring<K> {
    /// The first look, at the start. A file that is old enough signs at once: the other processes have seen it.
    pub fn load(directory: &Path, kind: Use, now: Instant) -> Result<Self, String> {
        let mut held = read(directory, kind, now)?;
        for one in &mut held {
            one.ready = one.made.plus_seconds(2 * LOOK_SECONDS) <= now;
        }
        Ok(Self { kind, held })
    }

    /// The next look.
    pub fn again(&self, directory: &Path, now: Instant) -> Result<Self, String> {
        let mut held: Vec<Held<K>> = read(directory, self.kind, now)?;
        for one in &mut held {
            if let Some(known) = self.held.iter().find(|k| k.pair.id() == one.pair.id()) {
                one.seen = known.seen;
                one.ready = known.ready || known.seen.plus_seconds(LOOK_SECONDS) <= now;
            }
        }
        let kind = self.kind;
        Ok(Self { kind, held })
    }

    /// The key that signs now: the newest that is ready; where none is, the oldest.
    pub fn signing(&self) -> Option<&Held<K>> {
        let ready = self.held.iter().find(|k| k.ready);
        ready.or_else(|| self.held.last())
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<&Held<K>> {
        self.held.iter().find(|k| k.pair.id() == id)
    }

    /// The id of the key that signs now, and those of all: what a look can change.
    pub fn ids(&self) -> (Option<String>, Vec<String>) {
        let id = |one: &Held<K>| one.pair.id().to_owned();
        (self.signing().map(id), self.held.iter().map(id).collect())
    }

    /// All keys, newest first by name.
    pub fn all(&self) -> &[Held<K>] {
        &self.held
    }
}

fn read<K: Kept>(directory: &Path, kind: Use, now: Instant) -> Result<Vec<Held<K>>, String> {
    let mut files = files_named(directory, kind.prefix(), kind.ending())?;
    files.sort();
    files.reverse();
    let mut held = Vec::new();
    for path in files {
        let unreadable =
            |e: std::io::Error| format!("keys_dir: {} cannot be read: {e}", path.display());
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let made = std::fs::metadata(&path).and_then(|m| m.modified());
        let made = chrono::DateTime::<chrono::Utc>::from(made.map_err(unreadable)?);
        let key = K::of_text(&text).map_err(|why| format!("keys_dir: {} {why}", path.display()))?;
        held.push(Held {
            pair: Arc::new(key),
            made: Instant(made.timestamp_micros()),
            seen: now,
            ready: false,
            path,
        });
    }
    if held.is_empty() {
        return Err(format!(
            "keys_dir: no {}*{} in {}; run `ots-registry init`",
            kind.prefix(),
            kind.ending(),
            directory.display()
        ));
    }
    Ok(held)
}

/// Makes a first key file, named by the day.
pub(super) fn create_first(directory: &Path, kind: Use, now: Instant) -> Result<PathBuf, String> {
    let name = format!("{}{}.pem", kind.prefix(), now.day().format("%Y%m%d"));
    create(directory, &name)
}

/// Makes a further key file, whose name comes after those that are there; returns its path.
pub(super) fn create_next(directory: &Path, kind: Use, now: Instant) -> Result<PathBuf, String> {
    // A `T` sorts after the dot that ends the name of a first key of the same day.
    let second = now.unix_seconds().rem_euclid(24 * 3600);
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    let (prefix, day) = (kind.prefix(), now.day().format("%Y%m%d"));
    let name = format!("{prefix}{day}T{hours:02}{minutes:02}{seconds:02}.pem");
    let files = files_named(directory, prefix, ".pem")?;
    let last = files.iter().filter_map(|f| f.file_name()?.to_str()).max();
    match last {
        None => Err("keys_dir: there is no key to rotate; run `ots-registry init`".to_owned()),
        Some(last) if last >= name.as_str() => Err(format!(
            "keys_dir: {last} comes after {name} by name, and the last by name signs; rename it first"
        )),
        Some(_) => create(directory, &name),
    }
}

/// Makes a key file that only its owner can read; returns its path.
fn create(directory: &Path, name: &str) -> Result<PathBuf, String> {
    let say = |e: std::io::Error| format!("keys_dir: {}: {e}", directory.display());
    make_private_folder(directory).map_err(say)?;
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|e| e.to_string())?;
    let pem = SigningKey::from_bytes(&seed)
        .to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF)
        .map_err(|e| e.to_string())?;
    let path = directory.join(name);
    write_private(&path, pem.as_bytes()).map_err(say)?;
    Ok(path)
}

impl Kept for Pair {
    fn of_text(text: &str) -> Result<Self, String> {
        let key = SigningKey::from_pkcs8_pem(text)
            .map_err(|_| "is not an Ed25519 key in PKCS#8 PEM".to_owned())?;
        Ok(Self::new(key))
    }

    fn id(&self) -> &str {
        &self.kid
    }
}

impl Pair {
    fn new(key: SigningKey) -> Self {
        let public = key.verifying_key().to_bytes();
        let x = BASE64URL_NOPAD.encode(&public);
        let thumbprint = Sha256::digest(format!(
            "{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}"
        ));
        Self {
            kid: BASE64URL_NOPAD.encode(&thumbprint),
            public,
            encoding: signatures::encoding(&key),
            decoding: signatures::decoding(&key.verifying_key()),
            signing: key,
        }
    }
}

/// The files of the folder with this beginning and end; none when there is no such folder.
pub(super) fn files_named(
    directory: &Path,
    begin: &str,
    end: &str,
) -> Result<Vec<PathBuf>, String> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("keys_dir: {}: {e}", directory.display())),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| format!("keys_dir: {e}"))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if name.starts_with(begin) && name.ends_with(end) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Writes a new file that only its owner can read. It gets its name when it is whole, so that nobody reads half a key.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let unfinished = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if path.exists() {
        std::fs::remove_file(&unfinished)?;
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(&unfinished, path)
}

/// Makes a folder that only its owner can enter; one that is there already is left as it is.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
