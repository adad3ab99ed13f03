//! Personal data on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::Validate;

use crate::db::Instant;
use crate::text::Reason;

/// Why a person's data is erased.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The person asked for it in writing."}))]
pub struct Erase {
    /// Why; it stays in the journal, so it must not repeat the person's data.
    pub reason: Reason,
}

/// A person's data that was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasure {
    /// Whose: `user:…` or `contact:NUMBER/ITEM`.
    #[schema(example = "contact:OTS-7K3M9Q2-54/3")]
    pub subject: String,
    /// When.
    pub erased_at: Instant,
    /// The position of the journal's entry that records it.
    #[schema(example = 42)]
    pub seq: i64,
    /// Rows of the record that held something of the person.
    #[schema(example = 1)]
    pub rows: usize,
    /// Items of the journal that were forgotten.
    #[schema(example = 2)]
    pub journal_items: usize,
    /// Cells, headers and names of imports that were emptied.
    #[schema(example = 0)]
    pub import_cells: usize,
    /// Sessions and links that were removed.
    #[schema(example = 0)]
    pub sessions: usize,
    /// Answers, kept for their `Idempotency-Key`, that were forgotten.
    #[schema(example = 0)]
    pub kept_answers: usize,
}

/// Everything that is held of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonalData {
    /// Whose: `user:…` or `contact:NUMBER/ITEM`.
    #[schema(example = "contact:OTS-7K3M9Q2-54/3")]
    pub subject: String,
    /// When this was put together.
    pub made_at: Instant,
    /// What is held now.
    pub held: Vec<HeldData>,
    /// What the journal recorded, in its order.
    pub recorded: Vec<RecordedData>,
}

/// Something that is held of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldData {
    /// Where: a table.
    #[schema(example = "organisation_contacts")]
    pub place: String,
    /// Since when it stands there as it is, where that is known.
    pub since: Option<Instant>,
    /// What it says.
    #[schema(value_type = Object, example = json!({"name": "Sample Contact", "email": "person@sample.example"}))]
    pub data: Map<String, Value>,
}

/// Something that the journal recorded of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedData {
    /// Position in the journal.
    #[schema(example = 42)]
    pub seq: i64,
    /// When.
    pub recorded_at: Instant,
    /// What was done.
    #[schema(example = "organisation.contact_added")]
    pub action: String,
    /// What the row said of the person afterwards.
    #[schema(value_type = Object, example = json!({"name": "Sample Contact", "email": "person@sample.example"}))]
    pub data: Map<String, Value>,
}
