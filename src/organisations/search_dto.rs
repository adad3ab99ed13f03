//! Search, matching and comparing on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::dto::{NewIdentifier, OrganisationSummary};
use super::model::NameKind;
use super::number::RegistryNumber;
use crate::http::pages::PageInfo;
use crate::http::words::schema_words;

/// By what facets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    /// The Platform's country code.
    Country,
    /// State of a membership at the moment.
    State,
    /// ICNP/TSO code.
    Theme,
    /// Legal form, by code or as written.
    LegalForm,
}

/// One value and how many of the found organisations have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetCount {
    /// The value, as the filter of the same name takes it.
    #[schema(example = "KZ")]
    pub value: String,
    /// Organisations that have it.
    #[schema(example = 12)]
    pub count: u32,
}

/// A page of organisations.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganisationPage {
    /// The items of this page.
    pub items: Vec<OrganisationSummary>,
    /// Where the next page is.
    pub page: PageInfo,
    /// Only with `facets`: the values of all that was found, not of this page alone, most frequent first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"country": [{"value": "KZ", "count": 12}]}))]
    pub facets: Option<BTreeMap<Facet, Vec<FacetCount>>>,
}

/// Where the words of a search were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    /// In a name.
    Name,
    /// In a name of an organisation that was merged into this one.
    MergedName,
    /// In the city.
    City,
    /// In a description.
    Description,
    /// The registry number.
    Number,
    /// The registry number of an organisation that was merged into this one.
    MergedNumber,
    /// An identifier.
    Identifier,
}

/// How the words of a search were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundHow {
    /// The whole text, but for case and signs.
    Whole,
    /// The whole text in another script, romanisation or without its marks.
    Respelled,
    /// All words, in another order, as beginnings or in other spellings.
    Words,
    /// All words, with slips of the fingers.
    Typo,
    /// By initials or an abbreviation.
    Initials,
    /// By what common words mean in another language.
    Meaning,
    /// Only some of the words.
    Part,
}

/// A piece of a found text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Piece {
    /// The piece as it is written.
    #[schema(example = "Жас")]
    pub text: String,
    /// True where the search found it.
    #[schema(example = true)]
    pub hit: bool,
}

/// How a search found an organisation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FoundBy {
    /// 0 to 1; only comparable within one search.
    #[schema(minimum = 0, maximum = 1, example = 0.968)]
    pub score: f64,
    /// Where.
    pub found_in: FoundIn,
    /// What the name is, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NameKind>, example = "legal")]
    pub name_kind: Option<String>,
    /// How.
    pub how: FoundHow,
    /// The text in pieces, as it is written; together they are the whole text, of a description what stands around the found words.
    pub pieces: Vec<Piece>,
}

/// What is suggested while somebody types.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// The best first.
    pub items: Vec<Suggestion>,
}

/// One suggestion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// The name that fits what was typed.
    #[schema(example = "Sample Public Foundation")]
    pub matched: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// City.
    #[schema(example = "Astana")]
    pub city: Option<String>,
}

/// Names to match.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"name": "Ulgi kory", "country": "KZ", "city": "Astana"}], "limit": 3}))]
pub struct MatchRequest {
    /// 1 to 1,000 of them.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<MatchItem>,
    /// Candidates of each at most, 1 to 20; 5 when absent.
    #[validate(range(min = 1, max = 20, message = "must be between 1 and 20"))]
    #[schema(minimum = 1, maximum = 20, example = 3)]
    pub limit: Option<u32>,
}

/// A name to match, and what else is known.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ulgi kory", "country": "KZ", "city": "Astana"}))]
pub struct MatchItem {
    /// The name, in any script.
    #[validate(length(min = 1, max = 500, message = "must have 1 to 500 characters"))]
    #[schema(min_length = 1, max_length = 500, example = "Ulgi kory")]
    pub name: String,
    /// Only organisations of this country.
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "KZ")]
    pub country: Option<String>,
    /// City.
    #[validate(length(min = 1, max = 200, message = "must have 1 to 200 characters"))]
    #[schema(min_length = 1, max_length = 200, example = "Astana")]
    pub city: Option<String>,
    /// Website.
    #[validate(length(min = 1, max = 500, message = "must have 1 to 500 characters"))]
    #[schema(min_length = 1, max_length = 500, example = "https://sample.example")]
    pub website: Option<String>,
    /// Identifiers.
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    pub identifiers: Vec<NewIdentifier>,
}

schema_words!(
    /// What a score means.
    VerdictWord as "MatchVerdict", ["same", "possible", "different"]
);

/// What was found for each name, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct Matches {
    /// One for each name.
    pub items: Vec<Match>,
}

/// What was found for a name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Match {
    /// The name as it was asked.
    #[schema(example = "Ulgi kory")]
    pub name: String,
    /// The candidate that is safe to take: the same organisation by its score, with no other near it; null where a person has
    /// to look.
    #[schema(value_type = Option<RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub chosen: Option<String>,
    /// The best first.
    pub candidates: Vec<MatchCandidate>,
}

/// An organisation that may be meant.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MatchCandidate {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// The name that is nearest.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub matched: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// City.
    #[schema(example = "Astana")]
    pub city: Option<String>,
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: f64,
    /// What the score means.
    #[schema(value_type = VerdictWord, example = "same")]
    pub verdict: &'static str,
    /// Why, in words, the weightiest first.
    #[schema(example = json!(["the same name in another spelling"]))]
    pub reasons: Vec<String>,
}

/// Two names compared.
#[derive(Debug, Serialize, ToSchema)]
pub struct Compared {
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: f64,
    /// What the score means.
    #[schema(value_type = VerdictWord, example = "same")]
    pub verdict: &'static str,
    /// Why, in words, the weightiest first.
    #[schema(example = json!(["the same name in another spelling"]))]
    pub reasons: Vec<String>,
}

/// A score with three digits: more would promise what it does not know.
pub fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1000.0).round() / 1000.0
}
