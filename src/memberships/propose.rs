//! Proposing: the frame of every act that a second officer has to decide.
//!
//! The rules are asked at once whether the act would be possible now, so that nobody decides in vain; they are asked again when
//! it is decided. A membership has one open proposal. One that was made for another revision or state, or for an organisation that is
//! told by another name since, has fallen, and makes room for the next.

use diesel::prelude::*;

use super::acts::Act;
use super::dto::PlainAct;
use super::model::{EventKind, MembershipType};
use super::proposed::Terms;
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use crate::auth::{Acting, Reach};
use crate::db::schema::proposals;
use crate::db::{Conn, Id, Tx};
use crate::http::Error;
use crate::journal::{self, Entry};
use crate::organisations::{self, identity};

/// What is proposed, and why.
#[derive(Clone, Debug)]
pub struct Proposing {
    /// The act.
    pub act: Act,
    /// Its particulars.
    pub terms: Terms,
    /// Why.
    pub reason: String,
    /// The other country, where the act crosses a border.
    pub other_country: Option<String>,
}

/// Opens a proposal about a locked membership.
pub fn propose(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    proposing: Proposing,
) -> Result<ProposalRow, Error> {
    let Proposing { act, terms, .. } = &proposing;
    let kind = terms
        .kind(*act)
        .ok_or_else(|| Error::internal("a proposal that says too little"))?;
    check_evidence(tx, held.organisation.id, "/evidence", &terms.evidence)?;
    refuse_second(tx, acting, held, &kind)?;
    let particulars = Particulars {
        effective_on: terms.effective_on,
        reason: Some(proposing.reason.clone()),
        ..Particulars::default()
    };
    record::check(tx, acting, rules, held, kind, &particulars)?;
    let open = queries::open_proposal(tx, held.row.id)?;
    let stale = match open {
        Some(open) if !has_fallen(tx, &open, held, acting)? => {
            let text = format!(
                "another proposal ({}) about this membership is open; it has to be decided or retracted first",
                open.act
            );
            return Err(record::beside_a_proposal(tx, held, acting, (&open, text)));
        }
        stale => stale,
    };
    let terms = Terms {
        state: held.ledger.state_on(acting.now().day()),
        ..terms.clone()
    };
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "proposal.opened",
        |tx, entry| {
            entry.about(format!("membership:{}", held.row.id));
            entry.of_organisation(held.organisation.number.clone());
            if let Some(stale) = &stale {
                record::fall(tx, entry, stale)?;
            }
            let row = ProposalRow {
                membership_id: Some(held.row.id),
                revision: held.row.revision,
                organisation_seen: Some(identity::of(tx, &held.organisation)?),
                ..new_row(acting, entry, &held.organisation, &proposing, &terms)?
            };
            insert(tx, entry, row)
        },
    )
}

/// A new proposal about an organisation.
pub fn new_row(
    acting: &Acting,
    entry: &Entry,
    organisation: &organisations::rows::OrganisationRow,
    proposing: &Proposing,
    terms: &Terms,
) -> Result<ProposalRow, Error> {
    Ok(ProposalRow {
        id: Id::random().map_err(Error::internal)?,
        membership_id: None,
        organisation_id: organisation.id,
        country: organisation.country.clone(),
        other_country: proposing.other_country.clone(),
        act: proposing.act.name().to_owned(),
        body: serde_json::to_string(terms).map_err(Error::internal)?,
        reason: Some(proposing.reason.clone()),
        revision: organisation.version,
        status: "open".to_owned(),
        proposer: acting.actor().to_string(),
        proposed_at: entry.recorded_at().0,
        decider: None,
        decided_at: None,
        decision_reason: None,
        version: 1,
        seq: entry.seq(),
        decision_number: None,
        decision_date: None,
        organisation_seen: None,
    })
}

/// Writes a new proposal.
pub fn insert(tx: &mut Tx<'_>, entry: &mut Entry, row: ProposalRow) -> Result<ProposalRow, Error> {
    diesel::insert_into(proposals::table)
        .values(&row)
        .execute(&mut **tx)?;
    entry.now(&row)?;
    Ok(row)
}

/// The terms of a proposal.
pub fn terms(proposal: &ProposalRow) -> Result<Terms, Error> {
    serde_json::from_str(&proposal.body).map_err(Error::internal)
}

/// True when the membership has moved on since the proposal was made: another revision, or, by the calendar alone, another
/// state; and when its organisation is told by something else than the proposer had before them, such as another name. A former member is
/// not taken back into an organisation that has ended.
pub fn has_fallen(
    conn: &mut Conn,
    proposal: &ProposalRow,
    held: &Held,
    acting: &Acting,
) -> Result<bool, Error> {
    let state = terms(proposal)?.state;
    let reopens = Act::from_name(&proposal.act) == Some(Act::Reinstate);
    if proposal.revision != held.row.revision
        || reopens && held.organisation.has_ended()
        || state.is_some() && state != held.ledger.state_on(acting.now().day())
    {
        return Ok(true);
    }
    match &proposal.organisation_seen {
        Some(seen) => Ok(*seen != identity::of(conn, &held.organisation)?),
        None => Ok(false),
    }
}

/// The proposal as it stands now: an open one that was made for what is no more shows as fallen.
pub fn as_it_stands(
    conn: &mut Conn,
    acting: &Acting,
    rules: &Rules,
    mut proposal: ProposalRow,
    organisation: &organisations::rows::OrganisationRow,
) -> Result<ProposalRow, Error> {
    if proposal.status != "open" {
        return Ok(proposal);
    }
    let fallen = match proposal.membership_id {
        None => proposal.revision != organisation.version,
        Some(id) => {
            let held = queries::held(conn, &Reach::everything(), rules, id)?;
            has_fallen(conn, &proposal, &held, acting)?
        }
    };
    if fallen {
        "fallen".clone_into(&mut proposal.status);
    }
    Ok(proposal)
}

/// Items of evidence that the organisation has; `pointer` says where they stand in the body.
pub fn check_evidence(
    tx: &mut Tx<'_>,
    organisation_id: i64,
    pointer: &str,
    items: &[i32],
) -> Result<(), Error> {
    if items.is_empty() {
        return Ok(());
    }
    let known = organisations::queries::evidence(tx, organisation_id)?;
    match items
        .iter()
        .position(|item| !known.iter().any(|e| e.item == *item))
    {
        None => Ok(()),
        Some(n) => Err(Error::field(
            format!("{pointer}/{n}"),
            "is no evidence of this organisation",
        )),
    }
}

/// What one person confirms on somebody else's word says how it is known.
pub fn must_say_how_it_is_known(body: &PlainAct) -> Result<(), Error> {
    if body.reason.is_some() || !body.evidence.is_empty() {
        return Ok(());
    }
    Err(Error::field(
        "/reason",
        "say how it is known: a reason, or evidence",
    ))
}

/// An organisation has one open membership of each type: what would open a second one is refused.
pub fn refuse_second(
    tx: &mut Tx<'_>,
    acting: &Acting,
    held: &Held,
    kind: &EventKind,
) -> Result<(), Error> {
    let today = acting.now().day();
    let current = held.ledger.interval_on(today);
    let wanted: MembershipType = match (kind, current) {
        (EventKind::TypeChanged { to }, _) => *to,
        (EventKind::Reinstated {}, Some(interval)) => interval.membership_type,
        _ => return Ok(()),
    };
    if matches!(kind, EventKind::Reinstated {}) && held.organisation.dissolved_on.is_some() {
        let text = "the organisation was dissolved";
        return Err(record::act_not_possible(tx, held, acting, text));
    }
    let id = held.organisation.id;
    if !queries::other_open(tx, id, wanted.as_str(), today, Some(held.row.id))? {
        return Ok(());
    }
    let text = format!(
        "the organisation has another open {} membership or application",
        wanted.as_str()
    );
    Err(record::act_not_possible(tx, held, acting, text))
}
