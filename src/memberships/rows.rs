//! The rows of memberships, and who may read which column.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::{CheckedItem, Event, Replacement};
use crate::db::Id;
use crate::db::schema::{
    adopted_rules, membership_events, membership_flows, membership_intervals, memberships,
    proposal_consents, proposals,
};
use crate::http::Error;
use crate::journal::{Class, Recorded};

/// A membership; its state is a fold over its events.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = memberships)]
pub struct MembershipRow {
    /// Opaque id.
    pub id: Id,
    /// The organisation's internal id.
    pub organisation_id: i64,
    /// Counts the events and proposals, from 1.
    pub revision: i32,
    /// When it was opened, µs.
    pub created_at: i64,
    /// When its ledger last changed, µs.
    pub updated_at: i64,
    /// Who wrote the current revision (an actor word).
    pub updated_by: String,
    /// The journal position of the last change.
    pub seq: i64,
}

impl Recorded for MembershipRow {
    const TABLE: &'static str = "memberships";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// An event of the ledger.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, Serialize)]
#[diesel(table_name = membership_events, treat_none_as_default_value = false)]
pub struct EventRow {
    /// The membership.
    pub membership_id: Id,
    /// Number within the membership.
    pub no: i32,
    /// The journal position that recorded it.
    pub seq: i64,
    /// When, µs.
    pub recorded_at: i64,
    /// The day from whose start it holds.
    pub effective_on: NaiveDate,
    /// The kind's word.
    pub kind: String,
    /// The kind with its public members, as JSON.
    pub body: String,
    /// Who proposed it, or did it where one person may.
    pub proposer: Option<String>,
    /// Who decided it.
    pub decider: Option<String>,
    /// Reason, questions, checklist, evidence and the like, as JSON.
    pub details: String,
}

/// What an event says that is never public.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Details {
    decision_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision_date: Option<NaiveDate>,
    reason: Option<String>,
    questions: Option<String>,
    checklist: Vec<CheckedItem>,
    evidence: Vec<i32>,
    replacement: Option<Replacement>,
    run: Option<String>,
}

impl EventRow {
    /// The row of an event.
    pub fn of(membership_id: Id, event: &Event) -> Result<Self, Error> {
        let details = Details {
            decision_number: event.decision_number.clone(),
            decision_date: event.decision_date,
            reason: event.reason.clone(),
            questions: event.questions.clone(),
            checklist: event.checklist.clone(),
            evidence: event.evidence.clone(),
            replacement: event.replacement.clone(),
            run: event.run.clone(),
        };
        Ok(Self {
            membership_id,
            no: event.no,
            seq: event.seq,
            recorded_at: event.recorded_at,
            effective_on: event.effective_on,
            kind: event.kind.name().to_owned(),
            body: serde_json::to_string(&event.kind).map_err(Error::internal)?,
            proposer: event.proposer.clone(),
            decider: event.decider.clone(),
            details: serde_json::to_string(&details).map_err(Error::internal)?,
        })
    }

    /// The event of a row.
    pub fn event(&self) -> Result<Event, Error> {
        let details: Details = serde_json::from_str(&self.details).map_err(Error::internal)?;
        Ok(Event {
            no: self.no,
            seq: self.seq,
            recorded_at: self.recorded_at,
            effective_on: self.effective_on,
            kind: serde_json::from_str(&self.body).map_err(Error::internal)?,
            proposer: self.proposer.clone(),
            decider: self.decider.clone(),
            decision_number: details.decision_number,
            decision_date: details.decision_date,
            reason: details.reason,
            questions: details.questions,
            checklist: details.checklist,
            evidence: details.evidence,
            replacement: details.replacement,
            run: details.run,
        })
    }
}

impl Recorded for EventRow {
    const TABLE: &'static str = "membership_events";
    fn key(&self) -> String {
        format!("{}/{}", self.membership_id, self.no)
    }
    /// What happened is public where the kind is; who, why and on what evidence never is.
    fn class_of(&self, column: &str) -> Class {
        let public = matches!(column, "kind" | "body" | "effective_on")
            && self.event().is_ok_and(|event| event.kind.is_public());
        if public {
            Class::Public
        } else {
            Class::Private
        }
    }
}

/// A stretch of days in one state, as the fold says, and between which positions of the journal it said so.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = membership_intervals, treat_none_as_default_value = false)]
pub struct IntervalRow {
    /// The membership.
    pub membership_id: Id,
    /// First day.
    pub from_day: NaiveDate,
    /// The journal position that made it known.
    pub known_from: i64,
    /// The day after the last; none while it is open.
    pub to_day: Option<NaiveDate>,
    /// The journal position that made it untrue; [`STILL`](crate::journal::moment::STILL) while it stands.
    pub known_to: i64,
    /// The organisation's internal id.
    pub organisation_id: i64,
    /// The state's word.
    pub state: String,
    /// The type's word.
    pub membership_type: String,
    /// The country then.
    pub country: String,
    /// The last day inside the term, for members.
    pub term_end: Option<NaiveDate>,
    /// The event that began it; none for the calendar.
    pub cause_no: Option<i32>,
    /// The last of the term's grace days, for members.
    pub grace_end: Option<NaiveDate>,
}

/// A member that came or went, as the fold says, and between which positions of the journal it said so.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = membership_flows, treat_none_as_default_value = false)]
pub struct FlowRow {
    /// The membership.
    pub membership_id: Id,
    /// The day from whose start it counts.
    pub on_day: NaiveDate,
    /// Its place among those of the day, from 1.
    pub no: i32,
    /// The journal position that made it known.
    pub known_from: i64,
    /// The journal position that made it untrue; [`STILL`](crate::journal::moment::STILL) while it stands.
    pub known_to: i64,
    /// The organisation's internal id.
    pub organisation_id: i64,
    /// The column's word.
    pub kind: String,
    /// The country whose number changes.
    pub country: String,
    /// The type whose number changes.
    pub membership_type: String,
    /// The event that brought it about; none for the calendar.
    pub cause_no: Option<i32>,
}

/// Rules of membership that were adopted.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, Serialize)]
#[diesel(table_name = adopted_rules)]
pub struct AdoptedRow {
    /// The journal position of the adoption.
    pub seq: i64,
    /// When, µs.
    pub adopted_at: i64,
    /// SHA-256 of the text, hex.
    pub sha256: String,
    /// The rules file.
    pub text: String,
}

impl Recorded for AdoptedRow {
    const TABLE: &'static str = "adopted_rules";
    fn key(&self) -> String {
        self.sha256.clone()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Public
    }
}

/// An officer of a second country, or the secretariat's, who agreed to a proposal that needs several.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, Serialize)]
#[diesel(table_name = proposal_consents, treat_none_as_default_value = false)]
pub struct ConsentRow {
    /// The proposal.
    pub proposal_id: Id,
    /// The country that the officer speaks for.
    pub country: String,
    /// Who (an actor word).
    pub officer: String,
    /// When, µs.
    pub consented_at: i64,
    /// Why.
    pub reason: Option<String>,
    /// The journal position.
    pub seq: i64,
}

impl Recorded for ConsentRow {
    const TABLE: &'static str = "proposal_consents";
    fn key(&self) -> String {
        format!("{}/{}", self.proposal_id, self.country)
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// An act that waits for a second officer.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = proposals, treat_none_as_null = true)]
pub struct ProposalRow {
    /// Opaque id.
    pub id: Id,
    /// The membership; none where the act is one on the whole organisation.
    pub membership_id: Option<Id>,
    /// The organisation's internal id.
    pub organisation_id: i64,
    /// The organisation's country.
    pub country: String,
    /// The other country, where the act crosses a border.
    pub other_country: Option<String>,
    /// The act's word.
    pub act: String,
    /// What the act would do, as JSON.
    pub body: String,
    /// Why the proposer proposes it.
    pub reason: Option<String>,
    /// The revision of the membership, or the version of the organisation, that it was made for.
    pub revision: i32,
    /// `open`, or how it was closed.
    pub status: String,
    /// Who proposed it (an actor word).
    pub proposer: String,
    /// When, µs.
    pub proposed_at: i64,
    /// Who closed it.
    pub decider: Option<String>,
    /// When, µs.
    pub decided_at: Option<i64>,
    /// Why.
    pub decision_reason: Option<String>,
    /// Counts its changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
    /// Number of the paper decision that closed it. Left out of the journal's images while there is none: entries of before the column
    /// was there say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_number: Option<String>,
    /// Day of the paper decision. Left out of the images like its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_date: Option<NaiveDate>,
    /// What the organisation of the membership was told by when it was made, as a fingerprint; none where the act is one on the whole
    /// organisation. Left out of the journal's images while there is none: entries of before the column was there say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation_seen: Option<String>,
}

impl Recorded for ProposalRow {
    const TABLE: &'static str = "proposals";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![
        crate::recorded_table!(memberships, MembershipRow, id),
        crate::recorded_table!(membership_events, EventRow, membership_id),
        crate::recorded_table!(proposals, ProposalRow, id),
        crate::recorded_table!(proposal_consents, ConsentRow, proposal_id),
        crate::recorded_table!(adopted_rules, AdoptedRow, seq),
    ]
}
