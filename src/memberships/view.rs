//! From a membership to what a reader may see of it.

use chrono::NaiveDate;

use super::admissible::too_far_ahead;
use super::dto::{
    ConsentView, EventView, IntervalView, Membership, MembershipItem, OrganisationRef,
    ProposalOrganisation, ProposalView, RestatedView,
};
use super::machine::Act;
use super::propose::{has_fallen, terms};
use super::queries::{self, Held, QueueRow};
use super::recommend::speaks_for_review;
use super::rows::ProposalRow;
use super::{as_a_whole, consent, corrections, decide, second};
use crate::auth::policy::{Action, Grant, grant};
use crate::auth::{Acting, Role};
use crate::db::{Conn, Instant};
use crate::http::Error;
use crate::journal::Moment;
use crate::organisations::moves;
use crate::organisations::rows::OrganisationRow;

/// The acts that are possible now for this caller: in the state, for the role, with the review in whose hands it is, beside an open
/// proposal, and beside the organisation's other memberships.
pub fn possible(conn: &mut Conn, held: &Held, acting: &Acting) -> Result<Vec<Act>, Error> {
    let today = acting.now().day();
    let open = still_open(conn, held, acting)?;
    let of_the_state = (in_the_state(held, today), today);
    let mut acts = beside(conn, held, acting, of_the_state, open.as_ref())?;
    // A decision on a recommendation is the state machine's; of any other act that is proposed, nothing shows in the state.
    if let Some(open) = open
        && open.act != Act::Recommend.name()
        && may_decide(conn, held, acting, Some(&open))?
    {
        let names = consent::outcomes(conn, acting, &open)?;
        acts.extend(names.into_iter().filter_map(Act::from_name));
    }
    Ok(acts)
}

/// The open proposal about the membership that has not fallen.
fn still_open(conn: &mut Conn, held: &Held, acting: &Acting) -> Result<Option<ProposalRow>, Error> {
    Ok(match queries::open_proposal(conn, held.row.id)? {
        Some(open) if !has_fallen(conn, &open, held, acting)? => Some(open),
        _ => None,
    })
}

/// What of the acts that a day's state has the caller may do.
pub fn for_caller(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    of_the_day: (Vec<Act>, NaiveDate),
) -> Result<Vec<Act>, Error> {
    let open = still_open(conn, held, acting)?;
    beside(conn, held, acting, of_the_day, open.as_ref())
}

/// The same beside the proposal that is open, if one is.
fn beside(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    (mut acts, day): (Vec<Act>, NaiveDate),
    open: Option<&ProposalRow>,
) -> Result<Vec<Act>, Error> {
    if too_far_ahead(&held.ledger, &held.rules, day).is_some() {
        acts.retain(|act| *act != Act::Renew);
    }
    acts.retain(|act| grant(acting.principal(), action(*act)) != Grant::No);
    if held.organisation.has_ended() {
        // What was merged can be undone, and what was recorded corrected.
        let over = |act: &Act| act.is_on_organisation() && *act != Act::Unmerge;
        acts.retain(|act| *act != Act::Reinstate && !over(act));
    }
    let of_review = |act: &Act| matches!(act, Act::ReleaseReview | Act::Return | Act::Recommend);
    if acts.iter().any(of_review) && !speaks_for_review(conn, held, acting)? {
        let secretariat = acting.principal().role() == Some(Role::Secretariat);
        // The secretariat gives back what is another's.
        acts.retain(|act| !of_review(act) || (secretariat && *act == Act::ReleaseReview));
    }
    if acts.contains(&Act::Reinstate) && other_open(conn, held, day)? {
        acts.retain(|act| *act != Act::Reinstate);
    }
    if open.is_some() {
        acts.retain(|act| !act.opens_proposal() || act.is_on_organisation());
    }
    let of_whole = |act: &Act| act.is_on_organisation() && act.opens_proposal();
    if acts.iter().any(of_whole) && as_a_whole::open_proposal(conn, &held.organisation)?.is_some() {
        acts.retain(|act| !of_whole(act));
    }
    let decides = |act: &Act| matches!(act, Act::Decide(_));
    if acts.iter().any(decides) && !may_decide(conn, held, acting, open)? {
        acts.retain(|act| !decides(act));
    }
    Ok(acts)
}

/// What the state machine has today. Before the application's own day it can be taken back or corrected, and the organisation's
/// acts reach it; everything else needs its day, or a later one.
fn in_the_state(held: &Held, today: NaiveDate) -> Vec<Act> {
    match held.ledger.intervals.first().map(|first| first.from) {
        Some(first) if first > today => {
            let mut acts = held.ledger.possible_on(first, false);
            acts.retain(|act| {
                matches!(act, Act::WithdrawApplication | Act::Correct) || act.is_on_organisation()
            });
            acts
        }
        _ => held.ledger.possible_on(today, false),
    }
}

/// Whether the caller is a second officer for what is proposed, whom the rules let decide, or whose country is asked.
fn may_decide(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    open: Option<&ProposalRow>,
) -> Result<bool, Error> {
    let Some(open) = open else {
        return Ok(false);
    };
    let Some(act) = Act::from_name(&open.act) else {
        return Ok(false);
    };
    if !consent::is_asked_of(acting, open)? && !decide::lets_decide(acting, held, act, open)? {
        return Ok(false);
    }
    Ok(second::why_not(conn, acting, open, held)?.is_none())
}

fn other_open(conn: &mut Conn, held: &Held, today: NaiveDate) -> Result<bool, Error> {
    let Some(interval) = held.ledger.interval_on(today) else {
        return Ok(false);
    };
    let kind = interval.membership_type.as_str();
    queries::other_open(conn, held.organisation.id, kind, today, Some(held.row.id))
}

/// The right that an act takes.
pub(super) fn action(act: Act) -> Action {
    match act {
        Act::Submit | Act::WithdrawApplication => Action::Apply,
        Act::TakeReview | Act::ReleaseReview | Act::Return | Act::Recommend => Action::Review,
        Act::Decide(_) => Action::Decide,
        Act::Renew | Act::Withdraw | Act::Dissolve => Action::Maintain,
        Act::Suspend
        | Act::Lift
        | Act::Expel
        | Act::Reinstate
        | Act::ChangeType
        | Act::Transfer
        | Act::Merge
        | Act::Unmerge
        | Act::Correct => Action::Propose,
        Act::ReassignReview => Action::Reassign,
    }
}

/// One membership with its events.
pub fn membership(
    conn: &mut Conn,
    held: &Held,
    open: Option<&ProposalRow>,
    acting: &Acting,
    at: Moment,
) -> Result<Membership, Error> {
    let interval = held
        .ledger
        .interval_on(at.day)
        .or_else(|| held.ledger.intervals.first());
    let interval = interval.ok_or_else(|| Error::internal("a membership without an interval"))?;
    let is_open = interval.state.is_open();
    let today = acting.now().day();
    let country = country_then(
        conn,
        &held.organisation,
        (&interval.country, is_open),
        (at.day, today),
    )?;
    Ok(Membership {
        id: held.row.id,
        organisation: OrganisationRef {
            country,
            ..organisation(&held.organisation)
        },
        membership_type: interval.membership_type.as_str().to_owned(),
        state: interval.state.as_str().to_owned(),
        state_since: interval.from,
        member_since: held.ledger.member_since(at.day),
        term_end: interval.term_end,
        revision: held.row.revision,
        created_at: Instant(held.row.created_at),
        updated_at: Instant(held.row.updated_at),
        updated_by: held.row.updated_by.clone(),
        possible: if at.known.is_some() {
            Vec::new()
        } else {
            possible(conn, held, acting)?
                .into_iter()
                .map(|a| a.name().to_owned())
                .collect()
        },
        proposal: open.map(|p| proposal(p, &held.organisation)).transpose()?,
        intervals: held
            .ledger
            .intervals
            .iter()
            .map(|i| IntervalView {
                state: i.state.as_str().to_owned(),
                membership_type: i.membership_type.as_str().to_owned(),
                country: i.country.clone(),
                from: i.from,
                to: i.to,
                term_end: i.term_end,
            })
            .collect(),
        events: events(held)?,
        restated: held
            .ledger
            .restated
            .iter()
            .map(|r| RestatedView {
                event_no: r.event_no,
                kind: r.turn.kind.event_kind().name().to_owned(),
                on: r.turn.on,
            })
            .collect(),
    })
}

fn events(held: &Held) -> Result<Vec<EventView>, Error> {
    let resolved = corrections::resolve(&held.events);
    held.events
        .iter()
        .map(|e| {
            let standing = resolved.standing.iter().find(|s| s.event.no == e.no);
            let mut shown = event(e)?;
            shown.voided_by = resolved.voided.get(&e.no).copied();
            shown.corrected_by = standing.and_then(|s| s.corrected_by);
            shown.holds_from = match standing {
                Some(standing) => Some(standing.effective_on),
                None if shown.voided_by.is_none() => Some(e.effective_on),
                None => None,
            };
            if let Some(standing) = standing {
                shown.holds_reason = standing.reason.map(str::to_owned);
                shown.holds_evidence = Some(standing.evidence.to_vec());
            } else if shown.voided_by.is_none() {
                shown.holds_reason.clone_from(&e.reason);
                shown.holds_evidence = Some(e.evidence.clone());
            }
            Ok(shown)
        })
        .collect()
}

fn event(event: &super::model::Event) -> Result<EventView, Error> {
    let mut what = serde_json::to_value(&event.kind).map_err(Error::internal)?;
    if let Some(members) = what.as_object_mut() {
        members.remove("kind");
    }
    Ok(EventView {
        no: event.no,
        seq: event.seq,
        kind: event.kind.name().to_owned(),
        effective_on: event.effective_on,
        recorded_at: Instant(event.recorded_at),
        back_dated: event.is_back_dated(),
        what,
        proposer: event.proposer.clone(),
        decider: event.decider.clone(),
        decision_number: event.decision_number.clone(),
        decision_date: event.decision_date,
        voided_by: None,
        corrected_by: None,
        holds_from: None,
        reason: event.reason.clone(),
        questions: event.questions.clone(),
        checklist: event
            .checklist
            .iter()
            .map(|c| super::dto::ChecklistItem {
                item: c.item.clone(),
                met: c.met,
            })
            .collect(),
        evidence: event.evidence.clone(),
        holds_reason: None,
        holds_evidence: None,
        replacement: event
            .replacement
            .as_ref()
            .map(|new| super::dto::ReplacementView {
                reason: new.reason.clone(),
                evidence: new.evidence.clone(),
            }),
    })
}

/// The last part of an act's path below its membership.
pub fn path_of(act: Act) -> &'static str {
    match act {
        Act::WithdrawApplication => "application-withdrawal",
        Act::Recommend => "recommendation",
        Act::ReassignReview => "reassignment",
        Act::Decide(_) => "decision",
        Act::Renew => "renewal",
        Act::Suspend => "suspension",
        Act::Expel => "expulsion",
        Act::Reinstate => "reinstatement",
        Act::Withdraw => "withdrawal",
        Act::ChangeType => "type-change",
        Act::Dissolve => "dissolution",
        Act::Correct => "correction",
        Act::Submit
        | Act::TakeReview
        | Act::ReleaseReview
        | Act::Return
        | Act::Lift
        | Act::Transfer
        | Act::Merge
        | Act::Unmerge => act.name(),
    }
}

/// The organisation of a membership.
pub fn organisation(row: &OrganisationRow) -> OrganisationRef {
    OrganisationRef {
        number: row.number.clone(),
        name: row.name.clone(),
        country: row.country.clone(),
    }
}

/// Where the organisation of a membership was on a day. An open one counts where its organisation is; one that has ended stays where
/// it was, while its organisation may move on.
fn country_then(
    conn: &mut Conn,
    row: &OrganisationRow,
    (counted, open): (&str, bool),
    (day, today): (NaiveDate, NaiveDate),
) -> Result<String, Error> {
    match (open, day == today) {
        (true, _) => Ok(counted.to_owned()),
        (false, true) => Ok(row.country.clone()),
        (false, false) => moves::country_on(conn, row, day),
    }
}

/// Gives the organisations of a list the country of the day.
pub fn as_of_its_day(
    conn: &mut Conn,
    rows: &mut [QueueRow],
    days: (NaiveDate, NaiveDate),
) -> Result<(), Error> {
    for (_, organisation, interval) in rows {
        let counted = (interval.country.as_str(), queries::is_open(&interval.state));
        organisation.country = country_then(conn, organisation, counted, days)?;
    }
    Ok(())
}

/// One row of the queue.
pub fn item((row, organisation_row, interval): QueueRow) -> MembershipItem {
    MembershipItem {
        id: row.id,
        organisation: organisation(&organisation_row),
        membership_type: interval.membership_type,
        state: interval.state,
        state_since: interval.from_day,
        term_end: interval.term_end,
        revision: row.revision,
        updated_at: Instant(row.updated_at),
    }
}

/// One proposal.
pub fn proposal(
    row: &ProposalRow,
    organisation_row: &OrganisationRow,
) -> Result<ProposalView, Error> {
    Ok(ProposalView {
        id: row.id,
        membership: row.membership_id,
        organisation: ProposalOrganisation {
            number: organisation_row.number.clone(),
            name: Some(organisation_row.name.clone()),
            country: Some(organisation_row.country.clone()),
        },
        act: row.act.clone(),
        what: serde_json::from_str(&row.body).map_err(Error::internal)?,
        reason: row.reason.clone(),
        revision: row.revision,
        status: row.status.clone(),
        proposer: row.proposer.clone(),
        proposed_at: Instant(row.proposed_at),
        decider: row.decider.clone(),
        decided_at: row.decided_at.map(Instant),
        decision_reason: row.decision_reason.clone(),
        decision_number: row.decision_number.clone(),
        decision_date: row.decision_date,
        consents: Vec::new(),
    })
}

/// One proposal, with the consents given so far.
pub fn proposal_with_consents(
    conn: &mut Conn,
    row: &ProposalRow,
    organisation_row: &OrganisationRow,
) -> Result<ProposalView, Error> {
    let consents = if row.other_country.is_some() {
        consent::given(conn, row)?
    } else {
        Vec::new()
    };
    let mut shown = proposal(row, organisation_row)?;
    if let (Some(membership), Some(no)) = (row.membership_id, terms(row)?.target_no) {
        // Who decides, or agrees for another country, has to know what is corrected.
        let events = queries::events(conn, membership)?;
        if let Some(target) = corrections::corrected_event(&events, no)
            && let Some(what) = shown.what.as_object_mut()
        {
            let mut corrects = serde_json::to_value(&target.kind).map_err(Error::internal)?;
            if let Some(members) = corrects.as_object_mut() {
                let day = serde_json::json!(target.effective_on);
                members.insert("effective_on".to_owned(), day);
            }
            what.insert("corrects".to_owned(), corrects);
        }
    }
    let consents = consents.into_iter().map(|c| ConsentView {
        country: c.country,
        officer: c.officer,
        consented_at: Instant(c.consented_at),
        reason: c.reason,
    });
    Ok(ProposalView {
        consents: consents.collect(),
        ..shown
    })
}
