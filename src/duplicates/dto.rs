//! The list of pairs on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::db::Instant;
use crate::organisations::RegistryNumber;
use crate::organisations::alike::Beside;
use crate::organisations::distinct::DistinctRow;
use crate::organisations::search_dto::VerdictWord;
use crate::text::Reason;

/// One of the two organisations of a pair.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PairSide {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// City.
    #[schema(example = "Astana")]
    pub city: Option<String>,
}

/// Two organisations that may be one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuplicatePair {
    /// The younger one.
    pub organisation: PairSide,
    /// The older one.
    pub other: PairSide,
    /// How much they are alike, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: f64,
    /// What the score means: `same` or `possible`.
    #[schema(value_type = VerdictWord, example = "same")]
    pub verdict: String,
    /// Why, in words, the weightiest first; they speak of the older one, or of the younger one where that was compared.
    #[schema(example = json!(["its legal name “Sample Union” reads the same as “SAMPLE UNION”"]))]
    pub reasons: Vec<String>,
    /// Both beside each other.
    pub side_by_side: Vec<Beside>,
    /// Since when the pair is in the list.
    pub found_at: Instant,
    /// Where to POST that they are two.
    #[schema(example = "/v1/duplicates/distinct")]
    pub distinct: &'static str,
    /// Where to propose that the younger one goes on as the older one; null where it is another country's.
    #[schema(example = "/v1/organisations/OTS-7K3M9Q2-54/merge")]
    pub merge: Option<String>,
}

/// Says that two organisations are two.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"organisation": "OTS-7K3M9Q2-54", "other": "OTS-2R5T8W1-82", "reason": "Two associations of one name in two towns."}))]
pub struct DeclareDistinct {
    /// One of them.
    pub organisation: RegistryNumber,
    /// The other one.
    pub other: RegistryNumber,
    /// How they differ.
    pub reason: Reason,
}

/// Two organisations that somebody said are two.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistinctPair {
    /// The younger one.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub organisation: String,
    /// The older one.
    #[schema(value_type = RegistryNumber, example = "OTS-2R5T8W1-82")]
    pub other: String,
    /// How they differ.
    #[schema(example = "Two associations of one name in two towns.")]
    pub reason: String,
    /// Where it was said: `registration`, `import` or `list`.
    #[schema(example = "list")]
    pub way: String,
    /// How much they looked alike then.
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: Option<f64>,
    /// Who said it.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub said_by: String,
    /// When.
    pub said_at: Instant,
}

impl From<DistinctRow> for DistinctPair {
    fn from(row: DistinctRow) -> Self {
        Self {
            organisation: row.organisation,
            other: row.other,
            reason: row.reason,
            way: row.way,
            score: row.thousandths.map(|n| f64::from(n) / 1000.0),
            said_by: row.said_by,
            said_at: Instant(row.said_at),
        }
    }
}
