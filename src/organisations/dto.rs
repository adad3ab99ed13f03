//! Organisations on the wire.
//!
//! What is public follows the design's table and stands outside `private`; what officers and auditors see besides
//! stands inside.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{Founded, NameKind, RelationKind, RunWord, Sdg, Theme, TypeWord};
use super::number::RegistryNumber;
use super::search_dto::FoundBy;
use super::text::{Email, LanguageTag, Line, LongText, OrganisationName, Phone, Reason, Website};
use crate::db::Instant;
pub use crate::http::Patch;

/// An organisation to register.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "country": "KZ",
    "names": [
        {"kind": "legal", "text": "«Үлгі» қоғамдық қоры", "language": "kk-Cyrl"},
        {"kind": "translated", "text": "Sample Public Foundation", "language": "en"}
    ],
    "legal_form": "KZ-QQ", "city": "Astana", "themes": ["E10"], "sdgs": [13], "founded": "2011",
    "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]
}))]
pub struct RegisterOrganisation {
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// Its names, exactly one of them `legal`.
    #[validate(length(min = 1, max = 50, message = "must have 1 to 50 names"))]
    #[schema(min_items = 1, max_items = 50)]
    pub names: Vec<NewName>,
    /// Code of a legal form of the country, or free text.
    pub legal_form: Option<Line>,
    /// City.
    pub city: Option<Line>,
    /// Region.
    pub region: Option<Line>,
    /// Website.
    pub website: Option<Website>,
    /// ICNP/TSO codes.
    #[serde(default)]
    #[validate(length(max = 20, message = "must have at most 20 themes"))]
    #[schema(max_items = 20)]
    pub themes: Vec<Theme>,
    /// Sustainable Development Goals.
    #[serde(default)]
    #[validate(length(max = 17, message = "must have at most 17 goals"))]
    #[schema(max_items = 17)]
    pub sdgs: Vec<Sdg>,
    /// A short description per language.
    #[serde(default)]
    #[validate(length(max = 12, message = "must have at most 12 descriptions"))]
    #[schema(max_items = 12)]
    pub descriptions: Vec<Description>,
    /// Founding year or day; only the year is public.
    pub founded: Option<Founded>,
    /// Postal address; never public.
    pub address: Option<LongText>,
    /// E-mail address; public only with `email_public`.
    pub email: Option<Email>,
    /// Marks the e-mail address public.
    #[serde(default)]
    pub email_public: bool,
    /// Telephone; never public.
    pub phone: Option<Phone>,
    /// Notes of the coordinators; never public.
    pub notes: Option<LongText>,
    /// National and international identifiers.
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    pub identifiers: Vec<NewIdentifier>,
    /// How other files name this organisation.
    #[serde(default)]
    #[validate(length(max = 20, message = "must have at most 20 references"))]
    #[schema(max_items = 20)]
    pub references: Vec<NewReference>,
    /// Numbers of candidates that this organisation is not.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 numbers"))]
    #[schema(value_type = Vec<RegistryNumber>, max_items = 50, example = json!(["OTS-7K3M9Q2-54"]))]
    pub distinct_from: Vec<RegistryNumber>,
    /// Why it is none of them; required with `distinct_from`.
    pub distinct_reason: Option<Reason>,
}

/// A name to add.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "translated", "text": "Sample Public Foundation", "language": "en"}))]
pub struct NewName {
    /// What the name is; a new `legal` name turns the old one into `former`.
    pub kind: NameKind,
    /// The name.
    pub text: OrganisationName,
    /// Its language and script.
    pub language: Option<LanguageTag>,
}

/// Changes to a name; absent keeps, null clears.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"language": "en"}))]
pub struct ChangeName {
    /// The name.
    #[serde(default)]
    #[schema(value_type = Option<OrganisationName>)]
    pub text: Patch<OrganisationName>,
    /// Its language and script.
    #[serde(default)]
    #[schema(value_type = Option<LanguageTag>)]
    pub language: Patch<LanguageTag>,
}

/// An identifier to add.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scheme": "KZ-BIN", "value": "950440001673"}))]
pub struct NewIdentifier {
    /// The scheme's code.
    #[schema(min_length = 1, max_length = 50, example = "KZ-BIN")]
    #[validate(length(min = 1, max = 50, message = "must have 1 to 50 characters"))]
    pub scheme: String,
    /// The value as it is written.
    #[schema(min_length = 1, max_length = 100, example = "950440001673")]
    #[validate(length(min = 1, max = 100, message = "must have 1 to 100 characters"))]
    pub value: String,
    /// Why a value that fails its check is kept all the same.
    pub override_reason: Option<Reason>,
    /// Why a value that another organisation has is kept all the same (a branch under its parent's).
    pub shared_reason: Option<Reason>,
}

// A person's number may stand here until it is refused: it must not reach a log by `{:?}`.
impl std::fmt::Debug for NewIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewIdentifier")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// A reference to add.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReference {
    /// The file's source.
    pub source: Line,
    /// The row's reference within it.
    pub reference: Line,
}

/// A short description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its language.
    pub language: LanguageTag,
    /// The text.
    pub text: LongText,
}

/// Changes to an organisation's plain fields (JSON Merge Patch): absent keeps, null clears.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"city": "Astana", "website": null, "effective_on": "2026-01-01"}))]
pub struct ChangeOrganisation {
    /// Code of a legal form of the country, or free text.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub legal_form: Patch<Line>,
    /// City.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub city: Patch<Line>,
    /// Region.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub region: Patch<Line>,
    /// Website.
    #[serde(default)]
    #[schema(value_type = Option<Website>)]
    pub website: Patch<Website>,
    /// ICNP/TSO codes; replaces the whole list.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Option<Vec<Theme>>)]
    pub themes: Patch<Vec<Theme>>,
    /// Sustainable Development Goals; replaces the whole list.
    #[serde(default)]
    #[schema(max_items = 17, value_type = Option<Vec<Sdg>>)]
    pub sdgs: Patch<Vec<Sdg>>,
    /// Descriptions; replaces the whole list.
    #[serde(default)]
    #[schema(max_items = 12, value_type = Option<Vec<Description>>)]
    pub descriptions: Patch<Vec<Description>>,
    /// Founding year or day.
    #[serde(default)]
    #[schema(value_type = Option<Founded>)]
    pub founded: Patch<Founded>,
    /// Postal address.
    #[serde(default)]
    #[schema(value_type = Option<LongText>)]
    pub address: Patch<LongText>,
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = Option<Email>)]
    pub email: Patch<Email>,
    /// Marks the e-mail address public.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub email_public: Patch<bool>,
    /// Telephone.
    #[serde(default)]
    #[schema(value_type = Option<Phone>)]
    pub phone: Patch<Phone>,
    /// Notes.
    #[serde(default)]
    #[schema(value_type = Option<LongText>)]
    pub notes: Patch<LongText>,
    /// The day from which the change holds in the world, until one that is recorded after it; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
}

/// A contact person to add or to put in place of the old one.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sample Office", "position": "Secretary", "email": "office@sample.example"}))]
pub struct NewContact {
    /// Name.
    pub name: Line,
    /// What they do there.
    pub position: Option<Line>,
    /// E-mail address.
    pub email: Option<Email>,
    /// Telephone.
    pub phone: Option<Phone>,
}

/// A relation to add.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "parent", "organisation": "OTS-7K3M9Q2-54"}))]
pub struct NewRelation {
    /// What the other organisation is to this one.
    pub kind: RelationKind,
    /// The other's registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub organisation: RegistryNumber,
}

/// Evidence to add: the document's fingerprint, never the document.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "register_extract", "issuer": "Ministry of Justice", "issued_on": "2026-01-31",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}))]
pub struct NewEvidence {
    /// Kind of document.
    pub kind: Line,
    /// Who issued it.
    pub issuer: Line,
    /// When.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[schema(value_type = crate::http::day::Day)]
    pub issued_on: NaiveDate,
    /// SHA-256 of the document, 64 hexadecimal digits.
    #[validate(custom(function = "is_sha256"))]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub sha256: String,
    /// A remark.
    pub note: Option<LongText>,
}

fn is_sha256(text: &str) -> Result<(), validator::ValidationError> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(validator::ValidationError::new("sha256")
        .with_message("must be 64 hexadecimal digits".into()))
}

/// Why a record is withheld or shown again.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Being findable may harm the people who work there."}))]
pub struct Withhold {
    /// Why.
    pub reason: Reason,
}

/// An organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Organisation {
    /// Registry number: one for life.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// All names.
    pub names: Vec<Name>,
    /// Code of a legal form of the country, or free text.
    #[schema(example = "KZ-QQ")]
    pub legal_form: Option<String>,
    /// City.
    #[schema(example = "Astana")]
    pub city: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// ICNP/TSO codes.
    pub themes: Vec<String>,
    /// Sustainable Development Goals.
    pub sdgs: Vec<u8>,
    /// Descriptions.
    pub descriptions: Vec<Description>,
    /// Founding year.
    #[schema(example = 2011)]
    pub founded_year: Option<i32>,
    /// The e-mail address, where the coordinator marked it public.
    pub email: Option<String>,
    /// Identifiers; the public sees those of public schemes.
    pub identifiers: Vec<Identifier>,
    /// Relations; the public sees those to public organisations.
    pub relations: Vec<Relation>,
    /// Organisations that were merged into this one, also by way of others; the public sees those that are public.
    pub predecessors: Vec<Predecessor>,
    /// Memberships that stand or stood.
    pub memberships: Vec<MembershipSummary>,
    /// What officers of the country, the secretariat and auditors see besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateFacts>,
}

/// An organisation that was merged into another: the other answers for its number, names and identifiers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Predecessor {
    /// Its registry number, which leads to the one that goes on.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// Its country.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// Its last legal name.
    #[schema(example = "Sample Union")]
    pub name: String,
    /// All its names.
    pub names: Vec<Name>,
    /// Its identifiers; the public sees those of public schemes.
    pub identifiers: Vec<Identifier>,
    /// The day from whose start it is merged.
    pub merged_on: Option<NaiveDate>,
    /// The tag of its record, good for `If-Match` of `/unmerge`; only for those who reach its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "\"v3.9Pq0aJ7xVb1c2d3e\"")]
    pub tag: Option<String>,
    /// The position in the journal of its last change.
    #[serde(skip)]
    pub seq: i64,
}

/// What officers of the country, the secretariat and auditors see of an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PrivateFacts {
    /// Counts the changes, from 1.
    #[schema(example = 3)]
    pub version: i32,
    /// When it was registered.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Who changed it last.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub updated_by: String,
    /// The first day on which it is public; null before its first active membership.
    pub public_from: Option<NaiveDate>,
    /// The day from which it is dissolved; null while it goes on.
    pub dissolved_on: Option<NaiveDate>,
    /// True while the whole record is withheld.
    pub withheld: bool,
    /// Why.
    pub withheld_reason: Option<String>,
    /// Founding day.
    pub founded_on: Option<NaiveDate>,
    /// Postal address.
    pub address: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// True where it is marked public.
    pub email_public: bool,
    /// Telephone.
    pub phone: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Contact persons; empty for auditors.
    pub contacts: Vec<Contact>,
    /// Evidence.
    pub evidence: Vec<Evidence>,
    /// How other files name it.
    pub references: Vec<Reference>,
}

/// A name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Name {
    /// The item's number within its organisation.
    #[schema(example = 1)]
    pub id: i32,
    /// What the name is.
    #[schema(value_type = NameKind, example = "legal")]
    pub kind: String,
    /// The name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub text: String,
    /// Its language and script.
    #[schema(example = "kk-Cyrl")]
    pub language: Option<String>,
}

/// An identifier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Identifier {
    /// The item's number within its organisation.
    #[schema(example = 1)]
    pub id: i32,
    /// The scheme's code.
    #[schema(example = "KZ-BIN")]
    pub scheme: String,
    /// The value as it is written.
    #[schema(example = "950440001673")]
    pub value: String,
    /// The value that is compared.
    #[schema(example = "950440001673")]
    pub canonical: String,
    /// `valid`, `unverifiable` or `invalid`.
    #[schema(value_type = crate::countries::Verdict, example = "valid")]
    pub verdict: String,
    /// Why an invalid value was kept; officers and auditors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<String>,
    /// Why a shared value was kept; officers and auditors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_reason: Option<String>,
}

/// A relation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Relation {
    /// The item's number within its organisation; null when the other organisation states it.
    #[schema(example = 1)]
    pub id: Option<i32>,
    /// What the other organisation is to this one.
    #[schema(value_type = RelationKind, example = "parent")]
    pub kind: String,
    /// The other's registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub organisation: String,
    /// The other's current legal name.
    #[schema(example = "Sample Union")]
    pub name: String,
}

/// What is public of a membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MembershipSummary {
    /// `full`, `associate` or `observer`.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: String,
    /// `active`, `grace`, `suspended`, or how it ended; with `type_changed` it goes on in another item, with the other type.
    #[schema(value_type = RunWord, example = "active")]
    pub standing: String,
    /// True for `active`, `grace` and `suspended`: it stands.
    #[schema(example = true)]
    pub member: bool,
    /// The first day of this run of membership.
    pub since: NaiveDate,
    /// The day on which it ended; null while it stands.
    pub until: Option<NaiveDate>,
}

/// A contact person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Contact {
    /// The item's number within its organisation.
    #[schema(example = 1)]
    pub id: i32,
    /// Name.
    #[schema(example = "Sample Office")]
    pub name: String,
    /// What they do there.
    pub position: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
}

/// Evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The item's number within its organisation.
    #[schema(example = 1)]
    pub id: i32,
    /// Kind of document.
    #[schema(example = "register_extract")]
    pub kind: String,
    /// Who issued it.
    #[schema(example = "Ministry of Justice")]
    pub issuer: String,
    /// When.
    pub issued_on: NaiveDate,
    /// SHA-256 of the document, hex.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub sha256: String,
    /// A remark.
    pub note: Option<String>,
}

/// How another file names the organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reference {
    /// The file's source.
    #[schema(example = "ministry-list-2026")]
    pub source: String,
    /// The row's reference within it.
    #[schema(example = "AZ-0257")]
    pub reference: String,
}

/// One organisation in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrganisationSummary {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// All names.
    pub names: Vec<Name>,
    /// Code of a legal form of the country, or free text.
    #[schema(example = "KZ-QQ")]
    pub legal_form: Option<String>,
    /// City.
    #[schema(example = "Astana")]
    pub city: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// ICNP/TSO codes.
    pub themes: Vec<String>,
    /// Sustainable Development Goals.
    pub sdgs: Vec<u8>,
    /// Memberships that stand or stood.
    pub memberships: Vec<MembershipSummary>,
    /// Where its number leads, if it was merged into another organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub merged_into: Option<String>,
    /// True when everybody can see it; only told to those who reach its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Only with `q`: how it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundBy>,
}

/// An organisation that may be the same as the one to be registered.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Candidate {
    /// Internal id.
    #[serde(skip)]
    #[schema(ignore)]
    pub id: i64,
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name.
    #[schema(example = "Sample Union")]
    pub name: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// City.
    pub city: Option<String>,
    /// How much they are alike, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: f64,
    /// What the score means: `same` or `possible`.
    #[schema(value_type = super::search_dto::VerdictWord, example = "same")]
    pub verdict: &'static str,
    /// Why it may be the same, in words, the weightiest first.
    #[schema(example = json!(["its legal name “Sample Union” reads the same as “SAMPLE UNION”"]))]
    pub reasons: Vec<String>,
    /// What was written and what the record says, beside each other.
    pub side_by_side: Vec<super::alike::Beside>,
}

impl Candidate {
    /// What the journal keeps of it.
    pub fn noted(&self) -> serde_json::Value {
        serde_json::json!({
            "number": self.number, "score": self.score, "verdict": self.verdict, "reasons": self.reasons,
        })
    }
}

/// One recorded change of an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// When the registry learned of it.
    pub recorded_at: Instant,
    /// What was done.
    #[schema(example = "organisation.changed")]
    pub action: String,
    /// Position in the journal; officers and auditors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Who; officers and auditors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What the parts of the record became.
    pub changes: Vec<HistoryChange>,
}

/// What one part of a record became.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryChange {
    /// The part: `organisation`, `name/1`, `identifier/2`, … or the name of what was said with the change, such as
    /// `effective_on`.
    #[schema(example = "name/2")]
    pub part: String,
    /// What it became, or what was said; null when it was removed.
    #[schema(value_type = serde_json::Value, example = json!({"kind": "legal", "text": "Sample"}))]
    pub became: Option<serde_json::Value>,
}
