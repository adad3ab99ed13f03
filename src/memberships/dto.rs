//! Memberships on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::db::{Id, Instant};
use crate::http::words::schema_words;
use crate::organisations::RegistryNumber;
use crate::organisations::model::{StateWord, TypeWord};
use crate::organisations::text::{Line, Reason};

schema_words!(
    /// An act on a membership.
    ActWord as "Act", super::machine::Act::ALL.map(super::machine::Act::name)
);
schema_words!(
    /// Where a proposal stands.
    ProposalStatus as "ProposalStatus", STATUSES
);

/// Where a proposal can stand.
pub(super) const STATUSES: &[&str] = &[
    "open",
    "approved",
    "refused",
    "sent_back",
    "retracted",
    "fallen",
];

/// Opens an application.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "full"}))]
pub struct Apply {
    /// `full`, `associate` or `observer`.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: super::model::MembershipType,
    /// The day from whose start it holds; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Why it is back-dated; required then.
    pub reason: Option<Reason>,
}

/// What an act of one person may say.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct PlainAct {
    /// The day from whose start it holds; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Why; required when it is back-dated, and without evidence where somebody else's word is confirmed.
    pub reason: Option<Reason>,
    /// Items of the organisation's evidence.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub evidence: Vec<i32>,
}

/// An act that needs a decision and says nothing beside its day and reason.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The reports were handed in.", "evidence": [2]}))]
pub struct ProposeAct {
    /// Why.
    pub reason: Reason,
    /// The day from whose start it holds; the day of the decision when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Items of the organisation's evidence.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub evidence: Vec<i32>,
}

/// Questions to the applicant.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"questions": "Please add the extract from the state register.", "deadline": "2026-12-31"}))]
pub struct ReturnApplication {
    /// What is asked.
    pub questions: Reason,
    /// The last day for the answer; by the rules when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub deadline: Option<NaiveDate>,
    /// The day from whose start it holds; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Why it is back-dated; required then.
    pub reason: Option<Reason>,
}

/// A recommendation: opens the proposal that a second officer decides.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"stance": "for", "reason": "The register extract was checked.",
    "checklist": [{"item": "registered", "met": true}], "evidence": [3]}))]
pub struct Recommend {
    /// `for` or `against`.
    #[schema(value_type = super::model::Stance, example = "for")]
    pub stance: super::model::Stance,
    /// Why.
    pub reason: Reason,
    /// What was checked.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub checklist: Vec<ChecklistItem>,
    /// Items of the organisation's evidence.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub evidence: Vec<i32>,
    /// The day from whose start it holds; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
}

/// One line of a checklist.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// What was checked, at most 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "registered")]
    pub item: String,
    /// Whether it is met.
    #[schema(example = true)]
    pub met: bool,
}

/// A decision.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "approved", "reason": "As recommended.", "revision": 4, "decision_number": "2026/17"}))]
pub struct Decide {
    /// `approved`, `refused` or `sent_back`.
    #[schema(value_type = super::machine::Outcome, example = "approved")]
    pub outcome: super::machine::Outcome,
    /// Why; with `sent_back` it is what is asked.
    pub reason: Reason,
    /// The revision of the membership that the decider has seen.
    #[schema(minimum = 1, example = 4)]
    #[validate(range(min = 1, message = "must be at least 1"))]
    pub revision: i32,
    /// The day from whose start it holds. When absent: the day that was proposed, or today where none was; for an application today.
    /// Refused where nothing has a day of its own: with a correction or the undoing of a merge, with an outcome by which nothing
    /// happens, and from an officer who agrees for a country.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Number of the paper decision, kept with the proposal and the event. Who agrees for a country names none.
    pub decision_number: Option<Line>,
    /// Day of the paper decision. Who agrees for a country names none.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub decision_date: Option<NaiveDate>,
}

/// Takes an own proposal back.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Made for the wrong organisation."}))]
pub struct Retract {
    /// Why.
    pub reason: Reason,
}

/// The organisation of a membership.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrganisationRef {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: String,
    /// The Platform's country code.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
}

/// One membership in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MembershipItem {
    /// Opaque id.
    pub id: Id,
    /// Its organisation.
    pub organisation: OrganisationRef,
    /// `full`, `associate` or `observer`.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: String,
    /// State today.
    #[schema(value_type = StateWord, example = "submitted")]
    pub state: String,
    /// First day of this state.
    pub state_since: NaiveDate,
    /// Last day inside the term, for members.
    pub term_end: Option<NaiveDate>,
    /// Counts the events.
    #[schema(example = 2)]
    pub revision: i32,
    /// When its ledger last changed.
    pub updated_at: Instant,
}

/// A membership with its ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Membership {
    /// Opaque id.
    pub id: Id,
    /// Its organisation.
    pub organisation: OrganisationRef,
    /// `full`, `associate` or `observer`.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: String,
    /// State today.
    #[schema(value_type = StateWord, example = "active")]
    pub state: String,
    /// First day of this state.
    pub state_since: NaiveDate,
    /// The day since which it is a member without a break.
    pub member_since: Option<NaiveDate>,
    /// Last day inside the term, for members.
    pub term_end: Option<NaiveDate>,
    /// Counts the events; also in the ETag.
    #[schema(example = 5)]
    pub revision: i32,
    /// When it was opened.
    pub created_at: Instant,
    /// When its ledger last changed.
    pub updated_at: Instant,
    /// Who wrote the current revision.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub updated_by: String,
    /// The acts that are possible now for the caller's role.
    #[schema(value_type = Vec<ActWord>, example = json!(["review"]))]
    pub possible: Vec<String>,
    /// The open proposal.
    pub proposal: Option<ProposalView>,
    /// The timeline, with what the calendar will do if nothing else happens.
    pub intervals: Vec<IntervalView>,
    /// The ledger.
    pub events: Vec<EventView>,
    /// Records of the calendar that later knowledge made untrue.
    pub restated: Vec<RestatedView>,
}

/// A record of the calendar that is not true any more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RestatedView {
    /// The event that says it.
    #[schema(example = 6)]
    pub event_no: i32,
    /// What it says.
    #[schema(example = "lapsed")]
    pub kind: String,
    /// Of which day.
    pub on: NaiveDate,
}

/// A stretch of days in one state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IntervalView {
    /// The state.
    #[schema(value_type = StateWord, example = "active")]
    pub state: String,
    /// The type then.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: String,
    /// The country then.
    #[schema(value_type = crate::countries::CountryCode, example = "KZ")]
    pub country: String,
    /// First day.
    pub from: NaiveDate,
    /// The day after the last; null while it is open.
    pub to: Option<NaiveDate>,
    /// Last day inside the term, for members.
    pub term_end: Option<NaiveDate>,
}

/// One event of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Number within the membership.
    #[schema(example = 1)]
    pub no: i32,
    /// Position in the journal.
    #[schema(example = 42)]
    pub seq: i64,
    /// What happened.
    #[schema(example = "admitted")]
    pub kind: String,
    /// The day from whose start it holds.
    pub effective_on: NaiveDate,
    /// When the registry learned of it.
    pub recorded_at: Instant,
    /// True when it was recorded after its day.
    pub back_dated: bool,
    /// The kind's own members.
    #[schema(value_type = Object)]
    pub what: serde_json::Value,
    /// Who proposed it, or did it where one person may.
    pub proposer: Option<String>,
    /// Who decided it.
    pub decider: Option<String>,
    /// Number of the paper decision.
    pub decision_number: Option<String>,
    /// Day of the paper decision.
    pub decision_date: Option<NaiveDate>,
    /// The correction that voids it: it counts as never recorded.
    pub voided_by: Option<i32>,
    /// The correction that replaced its day, reason or evidence.
    pub corrected_by: Option<i32>,
    /// The day from whose start it holds after its corrections; null when it is voided.
    pub holds_from: Option<NaiveDate>,
    /// Why.
    pub reason: Option<String>,
    /// What was asked.
    pub questions: Option<String>,
    /// What was checked.
    pub checklist: Vec<ChecklistItem>,
    /// Items of the organisation's evidence.
    pub evidence: Vec<i32>,
    /// The reason after its corrections; null where there is none, or when it is voided.
    pub holds_reason: Option<String>,
    /// The evidence after its corrections; null when it is voided.
    pub holds_evidence: Option<Vec<i32>>,
    /// What a correction puts in place of the corrected event's reason and evidence.
    pub replacement: Option<ReplacementView>,
}

/// Reason and evidence that a corrected event has from then on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplacementView {
    /// Why.
    pub reason: Option<String>,
    /// Items of the organisation's evidence.
    pub evidence: Vec<i32>,
}

/// The organisation of a proposal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProposalOrganisation {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub number: String,
    /// The current legal name; null where it is in another country by now and not public.
    #[schema(example = "«Үлгі» қоғамдық қоры")]
    pub name: Option<String>,
    /// The Platform's country code; null with the name.
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "KZ")]
    pub country: Option<String>,
}

/// An act that waits for a second officer, or was closed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProposalView {
    /// Opaque id.
    pub id: Id,
    /// The membership; null where the act is one on the whole organisation.
    pub membership: Option<Id>,
    /// Its organisation.
    pub organisation: ProposalOrganisation,
    /// The act.
    #[schema(value_type = ActWord, example = "recommend")]
    pub act: String,
    /// What it would do.
    #[schema(value_type = Object)]
    pub what: serde_json::Value,
    /// Why it is proposed.
    pub reason: Option<String>,
    /// The revision of the membership that it was made for: give it back in the decision.
    #[schema(example = 4)]
    pub revision: i32,
    /// `open`, `approved`, `refused`, `sent_back`, `retracted` or `fallen`.
    #[schema(value_type = ProposalStatus, example = "open")]
    pub status: String,
    /// Who proposed it.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub proposer: String,
    /// When.
    pub proposed_at: Instant,
    /// Who closed it.
    pub decider: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why.
    pub decision_reason: Option<String>,
    /// Number of the paper decision that closed it.
    pub decision_number: Option<String>,
    /// Day of the paper decision that closed it.
    pub decision_date: Option<NaiveDate>,
    /// The countries whose officers have agreed so far, where it crosses a border.
    pub consents: Vec<ConsentView>,
}

/// The consent of a country.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentView {
    /// The country.
    #[schema(value_type = crate::countries::CountryCode, example = "TR")]
    pub country: String,
    /// Who agreed for it.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub officer: String,
    /// When.
    pub consented_at: Instant,
    /// Why.
    pub reason: Option<String>,
}

/// What is opened by an act that needs a decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Proposed {
    /// The proposal.
    pub proposal: ProposalView,
    /// The membership; null where the act is one on the whole organisation.
    pub membership: Option<Membership>,
}

/// What a correction of one person made of the membership.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Corrected {
    /// The membership.
    pub membership: Membership,
}

/// The end of an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Dissolved {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub organisation: String,
    /// The day from whose start it is dissolved.
    pub dissolved_on: NaiveDate,
    /// How many memberships and applications were closed.
    #[schema(example = 1)]
    pub closed: u32,
    /// The organisation's version.
    #[schema(example = 7)]
    pub version: i32,
}
