//! Proofs and keys on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::signer::Checkpoints;
use crate::auth::tokens::Jwk;

/// The keys that check checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckpointKeySet {
    /// The log's origin, the first line of every checkpoint; also the name of its keys.
    #[schema(example = "registry.example/v1/journal")]
    pub origin: String,
    /// The keys; the first one signs now.
    pub keys: Vec<CheckpointKey>,
}

/// A key that checks checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckpointKey {
    /// The key as verifiers of signed notes take it (C2SP signed-note).
    #[schema(
        example = "registry.example/v1/journal+5d4ee0ac+AdoDsiM1ZDNq8XLmn4MsPSVMKZzl4DhWZS9hUCMNvYfA"
    )]
    pub vkey: String,
    /// The same as a JSON Web Key.
    #[serde(flatten)]
    pub jwk: Jwk,
}

impl CheckpointKeySet {
    /// The public keys.
    pub(super) fn of(checkpoints: &Checkpoints) -> Self {
        let published = checkpoints.keys().published();
        let keys = published.iter().map(|key| CheckpointKey {
            vkey: checkpoints.verifier_key(key).text(),
            jwk: key.jwk(),
        });
        Self {
            origin: checkpoints.origin().to_owned(),
            keys: keys.collect(),
        }
    }
}

/// The proof that an entry is in the journal of a size (RFC 6962, section 2.1.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct InclusionProof {
    /// The entry's position.
    #[schema(example = 42)]
    pub seq: u64,
    /// The number of entries.
    #[schema(example = 1000)]
    pub size: u64,
    /// The number of the leaf: the position less one.
    #[schema(example = 41)]
    pub leaf_index: u64,
    /// The entry's hash, hex.
    pub entry_hash: String,
    /// The leaf's hash, hex: SHA-256 of a zero byte and the entry's hash.
    pub leaf_hash: String,
    /// The hashes that lead from the leaf to the root, hex.
    pub path: Vec<String>,
    /// The root, hex; in a checkpoint the same is base64.
    pub root: String,
    /// The checkpoint of this size, where one was signed.
    pub checkpoint: Option<String>,
}

/// The proof that the journal of one size is the beginning of that of another (RFC 6962, section 2.1.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsistencyProof {
    /// The smaller number of entries.
    #[schema(example = 1000)]
    pub from: u64,
    /// The larger number of entries.
    #[schema(example = 2000)]
    pub to: u64,
    /// The root at the smaller size, hex.
    pub from_root: String,
    /// The root at the larger size, hex.
    pub to_root: String,
    /// The hashes of the proof, hex.
    pub path: Vec<String>,
    /// The checkpoint of the larger size, where one was signed.
    pub checkpoint: Option<String>,
}
