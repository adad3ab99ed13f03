//! Acts on an organisation as a whole: what they share.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::acts::Outcome;
use super::adoption;
use super::as_a_whole::{self, impossible, must_go_on};
use super::consent;
use super::decide::{close, must_have_seen};
use super::dto::Decide;
use super::ledger::{Interval, Ledger};
use super::merges;
use super::model::{EventKind, MembershipType, State};
use super::propose::{Proposing, insert, new_row};
use super::queries;
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use crate::auth::{Acting, Role, four_eyes};
use crate::db::schema::organisations as table;
use crate::db::{Id, Tx};
use crate::http::{Code, Error};
use crate::journal;
use crate::organisations;
use crate::organisations::rows::OrganisationRow;

/// Refuses a day that an act on a whole organisation cannot have: what it changes of the organisation holds at once, so none in the
/// future, and none before what the rules allow of every type that the organisation holds (of `full` where it holds none).
pub fn check_day(
    tx: &mut Tx<'_>,
    (rules, acting): (&Rules, &Acting),
    organisation_id: i64,
    day: Option<NaiveDate>,
) -> Result<(), Error> {
    adoption::must_be_current(tx, rules)?;
    let today = acting.now().day();
    let Some(day) = day else { return Ok(()) };
    if day > today {
        return Err(Error::field(
            "/effective_on",
            "must not lie in the future; record it on its day",
        ));
    }
    let types = queries::types_held(tx, organisation_id, today)?;
    let earliest = types
        .into_iter()
        .map(|kind| rules.at(kind, today).earliest(today))
        .max()
        .unwrap_or_else(|| rules.at(MembershipType::Full, today).earliest(today));
    if day < earliest {
        let text = format!("the day is before {earliest}, the earliest that the rules allow");
        return Err(Error::field("/effective_on", text));
    }
    Ok(())
}

/// Refuses an end before something that lies behind it: a membership or application that was opened and closed again, or an
/// organisation that was merged into this one. What is open on that day, or today, ends with it.
pub fn must_end_all(
    tx: &mut Tx<'_>,
    (rules, acting): (&Rules, &Acting),
    organisation: &OrganisationRow,
    day: NaiveDate,
) -> Result<(), Error> {
    let today = acting.now().day();
    if let Some(why) = merges::came_later(tx, organisation.id, day)? {
        return Err(impossible(tx, acting, organisation, why));
    }
    for row in queries::of_organisation(tx, organisation.id)? {
        let ledger = super::fold::fold(&queries::events(tx, row.id)?, rules);
        let beyond = |i: &&Interval| i.state.is_open() && i.to.is_none_or(|to| to > day);
        let Some(last) = ledger.intervals.iter().rev().find(beyond) else {
            continue;
        };
        let open_then = ledger.state_on(day).is_some_and(State::is_open);
        if let Some(to) = last.to.filter(|to| *to <= today && !open_then) {
            let text = format!(
                "membership {} was open from {} until it ended on {to}, behind that day; correct its end first, or name a later day",
                row.id, last.from
            );
            return Err(impossible(tx, acting, organisation, text)
                .with("membership", serde_json::json!(row.id)));
        }
    }
    Ok(())
}

/// Opens a proposal about a locked organisation; one of an older version has fallen and makes room.
pub fn propose(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
    proposing: &Proposing,
) -> Result<ProposalRow, Error> {
    let open = as_a_whole::left_open(tx, organisation)?;
    if let Some(open) = open
        .as_ref()
        .filter(|open| as_a_whole::stands(open, organisation))
    {
        let text = format!(
            "another proposal ({}) about this organisation is open; it has to be decided or retracted first",
            open.act
        );
        let refusal = Error::new(Code::Conflict, text).with("proposal", serde_json::json!(open.id));
        return Err(as_a_whole::told(tx, acting, organisation, refusal));
    }
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "proposal.opened",
        |tx, entry| {
            entry.about(format!("organisation:{}", organisation.number));
            entry.of_organisation(organisation.number.clone());
            if let Some(stale) = &open {
                record::fall(tx, entry, stale)?;
            }
            let row = new_row(acting, entry, organisation, proposing, &proposing.terms)?;
            insert(tx, entry, row)
        },
    )
}

/// A proposal that is still to be decided, with its organisation locked.
pub struct Open {
    /// The proposal.
    pub proposal: ProposalRow,
    /// Its organisation.
    pub organisation: OrganisationRow,
}

/// Locks what a proposal about an organisation is about, and checks who decides. Gives the closed or consented proposal where
/// nothing is left to carry out.
pub fn begin(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Decide,
) -> Result<Result<Open, ProposalRow>, Error> {
    let seen = queries::proposal(tx, acting.reach(), id)?;
    lock(tx, &seen)?;
    let organisation = organisations::queries::by_id(tx, seen.organisation_id)?;
    let proposal = queries::proposal(tx, acting.reach(), id)?;
    if proposal.status != "open" || proposal.revision != organisation.version {
        let status = match proposal.status.as_str() {
            "open" => "fallen, because the organisation has changed since",
            other => other,
        };
        let text = format!("the proposal is {status}; nothing is left to decide");
        return Err(impossible(tx, acting, &organisation, text));
    }
    must_have_seen(body, organisation.version)?;
    if body.outcome == Outcome::Approved {
        must_go_on(tx, acting, &organisation)?;
        let proposed = super::propose::terms(&proposal)?.effective_on;
        let day = body.effective_on.or(proposed);
        check_day(tx, (rules, acting), organisation.id, day)?;
    }
    four_eyes::must_be_second(tx, acting, &proposal.proposer, &organisation.updated_by)?;
    consent::must_be_another(tx, acting, &proposal, body.outcome)?;
    let asked = consent::is_asked_of(acting, &proposal)?;
    if asked && body.outcome == Outcome::Approved {
        return Ok(Err(consent::give(tx, acting, &proposal, body)?));
    }
    if acting.principal().role() != Some(Role::Secretariat) && !asked {
        return Err(Error::new(
            Code::Forbidden,
            "only the secretariat decides what is about a whole organisation",
        ));
    }
    if body.outcome != Outcome::Approved {
        return Ok(Err(close(
            tx,
            acting,
            &organisation.number,
            &proposal,
            body,
        )?));
    }
    consent::must_be_complete(tx, acting, &proposal)?;
    Ok(Ok(Open {
        proposal,
        organisation,
    }))
}

/// Locks everything that a decision writes, and the organisation that goes on where it names one.
fn lock(tx: &mut Tx<'_>, proposal: &ProposalRow) -> Result<(), Error> {
    let mut ids = vec![proposal.organisation_id];
    if let Some(number) = super::propose::terms(proposal)?.successor {
        let other: Option<i64> = table::table
            .filter(table::number.eq(number))
            .select(table::id)
            .first(&mut **tx)
            .optional()?;
        ids.extend(other);
    }
    record::lock_whole(tx, &ids)
}

/// Records an event on every membership of an organisation that is in one of the states that `takes` names, on the act's day or
/// on any behind it; the caller has locked them all. A membership that begins later than the act's day takes it on its own first
/// day, so that an application of a day to come is not left behind.
pub fn record_on_all(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    organisation_id: i64,
    kind: &EventKind,
    takes: impl Fn(State) -> bool,
    particulars: &Particulars,
) -> Result<usize, Error> {
    let day = particulars
        .effective_on
        .unwrap_or_else(|| acting.now().day());
    let mut recorded = 0;
    for row in queries::of_organisation(tx, organisation_id)? {
        let held = record::lock_reached(tx, rules, row.id)?;
        let Some(day) = day_of_taking(&held.ledger, day, &takes) else {
            continue;
        };
        let particulars = Particulars {
            effective_on: Some(day),
            ..particulars.clone()
        };
        record::record(
            tx,
            acting,
            rules,
            &held,
            kind.clone(),
            particulars,
            |_, _, _| Ok(()),
        )?;
        recorded += 1;
    }
    Ok(recorded)
}

/// Asks the rules, before anything is written, whether each membership that would take the event could: so that nobody decides in
/// vain, and what is refused is told of an organisation that still goes on.
pub fn must_be_taken_by_all(
    tx: &mut Tx<'_>,
    (rules, acting): (&Rules, &Acting),
    organisation: &OrganisationRow,
    kind: &EventKind,
    takes: impl Fn(State) -> bool,
    particulars: &Particulars,
) -> Result<(), Error> {
    let day = particulars
        .effective_on
        .unwrap_or_else(|| acting.now().day());
    for row in queries::of_organisation(tx, organisation.id)? {
        let held = record::lock_reached(tx, rules, row.id)?;
        if let Some(day) = day_of_taking(&held.ledger, day, &takes) {
            let particulars = Particulars {
                effective_on: Some(day),
                ..particulars.clone()
            };
            record::check(tx, acting, rules, &held, kind.clone(), &particulars)?;
        }
    }
    Ok(())
}

/// The day on which a membership takes an act on its organisation: the act's, or its own first; none where no state on that day or
/// behind it takes it.
fn day_of_taking(
    ledger: &Ledger,
    day: NaiveDate,
    takes: impl Fn(State) -> bool,
) -> Option<NaiveDate> {
    let counts = |i: &&Interval| i.to.is_none_or(|to| to > day);
    let mut held_then = ledger.intervals.iter().filter(counts);
    let taken = held_then.any(|i| takes(i.state));
    let first = ledger.intervals.first().filter(|_| taken)?;
    Some(day.max(first.from))
}

/// What a decision adds to the events of an act on an organisation.
pub fn particulars(proposal: &ProposalRow, body: &Decide) -> Result<Particulars, Error> {
    let terms = super::propose::terms(proposal)?;
    Ok(Particulars {
        effective_on: body.effective_on.or(terms.effective_on),
        reason: proposal.reason.clone(),
        evidence: terms.evidence,
        decision_number: body.decision_number.clone().map(String::from),
        decision_date: body.decision_date,
        proposer: Some(proposal.proposer.clone()),
        ..Particulars::default()
    })
}
