//! Signing keys and access tokens: EdDSA JWTs (RFC 9068 `at+jwt`) that live 15 minutes.
//!
//! One algorithm, `kid` looked up in memory only, and every claim required: the defaults of `jsonwebtoken` accept tokens
//! without `aud` and `iss`, up to 60 s expired, with `nbf` ahead, and never look at `typ`; all of that is set here.

use std::path::Path;
use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::Role;
use crate::db::{Id, Instant};

/// How long an access token lives, in seconds.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
const AUDIENCE: &str = "ots-registry";
const LEEWAY_SECONDS: u64 = 5;
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
    /// The role at the time of issue: only for refusing early, never for granting.
    pub role: Role,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Not before, in seconds.
    pub nbf: i64,
    /// Expires at, in seconds.
    pub exp: i64,
}

/// A key pair of one purpose.
struct Pair {
    kid: String,
    public: [u8; 32],
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// The keys that sign tokens: the first signs, all verify.
#[derive(Clone)]
pub struct TokenKeys {
    pairs: Arc<Vec<Pair>>,
    issuer: Arc<str>,
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
}

/// The public keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys; the first one signs now.
    pub keys: Vec<Jwk>,
}

impl TokenKeys {
    /// Reads every `token-*.pem` (PKCS#8) in the directory; the last by name signs.
    pub fn load(directory: &Path, issuer: &str) -> Result<Self, String> {
        let mut files = key_files(directory)?;
        files.sort();
        files.reverse();
        let mut pairs = Vec::new();
        for file in &files {
            let text = std::fs::read_to_string(file)
                .map_err(|e| format!("keys_dir: {} cannot be read: {e}", file.display()))?;
            let key = SigningKey::from_pkcs8_pem(&text).map_err(|_| {
                format!(
                    "keys_dir: {} is not an Ed25519 key in PKCS#8 PEM",
                    file.display()
                )
            })?;
            pairs.push(Pair::new(&key)?);
        }
        if pairs.is_empty() {
            return Err(format!(
                "keys_dir: no token-*.pem in {}; run `ots-registry init`",
                directory.display()
            ));
        }
        Ok(Self {
            pairs: Arc::new(pairs),
            issuer: issuer.into(),
        })
    }

    /// True when the directory holds a key.
    pub fn exist(directory: &Path) -> bool {
        key_files(directory).is_ok_and(|files| !files.is_empty())
    }

    /// Makes a key file that only its owner can read.
    pub fn create(directory: &Path, now: Instant) -> Result<(), String> {
        let say = |e: std::io::Error| format!("keys_dir: {}: {e}", directory.display());
        crate::config::make_private_folder(directory).map_err(say)?;
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|e| e.to_string())?;
        let pem = SigningKey::from_bytes(&seed)
            .to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF)
            .map_err(|e| e.to_string())?;
        let path = directory.join(format!("token-{}.pem", now.day().format("%Y%m%d")));
        write_private(&path, pem.as_bytes()).map_err(say)
    }

    /// A token for this account and session.
    pub fn issue(&self, user: Id, session: Id, role: Role, now: Instant) -> Result<String, String> {
        let pair = self.pairs.first().ok_or("no signing key")?;
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
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(KIND) {
            return None;
        }
        // A key that comes with the token is no key.
        if header.jwk.is_some()
            || header.jku.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some()
        {
            return None;
        }
        let kid = header.kid?;
        let pair = self.pairs.iter().find(|p| p.kid == kid)?;
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
        let now = Instant::now().unix_seconds();
        let leeway = i64::try_from(LEEWAY_SECONDS).unwrap_or(0);
        let times = claims.iat <= now + leeway
            && claims.exp - claims.iat <= LIFETIME_SECONDS
            && claims.nbf >= claims.iat;
        times.then_some(claims)
    }

    /// The public keys.
    pub fn jwks(&self) -> Jwks {
        let keys = self
            .pairs
            .iter()
            .map(|p| Jwk {
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                x: BASE64URL_NOPAD.encode(&p.public),
                kid: p.kid.clone(),
                purpose: "sig".to_owned(),
                alg: "EdDSA".to_owned(),
            })
            .collect();
        Jwks { keys }
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|p| &p.kid))
            .finish()
    }
}

impl Pair {
    fn new(key: &SigningKey) -> Result<Self, String> {
        let public = key.verifying_key().to_bytes();
        let x = BASE64URL_NOPAD.encode(&public);
        let thumbprint = Sha256::digest(format!(
            "{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}"
        ));
        let der = key.to_pkcs8_der().map_err(|e| e.to_string())?;
        let encoding = EncodingKey::from_ed_der(der.as_bytes());
        let decoding = DecodingKey::from_ed_components(&x).map_err(|e| e.to_string())?;
        Ok(Self {
            kid: BASE64URL_NOPAD.encode(&thumbprint),
            public,
            encoding,
            decoding,
        })
    }
}

fn key_files(directory: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("keys_dir: {}: {e}", directory.display())),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| format!("keys_dir: {e}"))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        if name.starts_with("token-") && name.ends_with(".pem") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(unix)]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(not(unix))]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The fingerprint of a stored password that the journal holds, so that a password changed behind the
/// registry's back is found.
pub fn fingerprint(stored: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(stored.as_bytes()))
}
