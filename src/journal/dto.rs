//! Journal entries on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::db::Instant;
use crate::http::words::schema_words;

schema_words!(
    /// Who may read a part of an entry.
    ClassWord as "FactClass", ["public", "private", "personal"]
);

/// One recorded change.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalEntry {
    /// Position, from 1 without gaps, in the order of commits.
    #[schema(example = 42)]
    pub seq: i64,
    /// When the registry learned of it.
    pub recorded_at: Instant,
    /// Who, as an opaque word: `user:…`, `operator`, `system:…`.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub actor: String,
    /// What was done.
    #[schema(example = "organisation.registered")]
    pub action: String,
    /// What it was done to.
    #[schema(example = "organisation:OTS-7K3M9Q2-54")]
    pub subject: String,
    /// The organisation it is about.
    #[schema(example = "OTS-7K3M9Q2-54")]
    pub organisation: Option<String>,
    /// SHA-256 over the salted hashes of the facts, hex.
    pub facts_hash: String,
    /// SHA-256 of this entry and the hash of the one before it, hex.
    pub hash: String,
    /// What the entry says, as far as the reader may know it.
    pub facts: Vec<JournalFacts>,
}

/// One part of what an entry says.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalFacts {
    /// Position within the entry.
    #[schema(example = 0)]
    pub item: i32,
    /// `public`, `private` or `personal`.
    #[schema(value_type = ClassWord, example = "public")]
    pub class: String,
    /// Salted SHA-256 of the part, hex; it stays when the part is erased.
    pub hash: String,
    /// The salt, hex; null when the part is erased or not for the reader.
    pub salt: Option<String>,
    /// The rows after the change; null when the part is erased or not for the reader.
    #[schema(value_type = Option<Vec<Object>>)]
    pub changes: Option<serde_json::Value>,
}
