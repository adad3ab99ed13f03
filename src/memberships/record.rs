//! Writing an event: the one frame of every act.
//!
//! The rows are locked first, in one order for every act: the organisation's, its memberships' by their ids, the journal's head.
//! Then the rules are asked whether the ledger can take the event; then the event, the timeline it folds to, the membership's
//! revision, the fate of an open proposal and the organisation's first public day are written in one journal entry.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::admissible::{Refused, admissible};
use super::adoption;
use super::as_a_whole::impossible;
use super::beside::{self, Refusal};
use super::ledger::Ledger;
use super::machine::{Act, is_possible};
use super::model::{Event, EventKind, State};
use super::queries::{self, Held};
use super::rows::{EventRow, MembershipRow, ProposalRow};
use super::rules::Rules;
use super::timeline;
use crate::auth::{Acting, Reach};
use crate::db::schema::{membership_events, memberships, organisations, proposals};
use crate::db::{Conn, Id, Tx, dialect};
use crate::http::tags::IfMatch;
use crate::http::{Code, Error};
use crate::journal::{self, Entry};
use crate::organisations::rows::OrganisationRow;

/// What an act records beside its kind.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// The day from whose start it holds.
    pub effective_on: Option<NaiveDate>,
    /// Why.
    pub reason: Option<String>,
    /// Questions that are asked.
    pub questions: Option<String>,
    /// A reviewer's checklist.
    pub checklist: Vec<super::model::CheckedItem>,
    /// Items of the organisation's evidence.
    pub evidence: Vec<i32>,
    /// Number of the paper decision.
    pub decision_number: Option<String>,
    /// Day of the paper decision.
    pub decision_date: Option<NaiveDate>,
    /// What a `replace` correction puts in place of reason and evidence.
    pub replacement: Option<super::model::Replacement>,
    /// Who proposed it, where somebody else decides.
    pub proposer: Option<String>,
}

/// Locks a membership that the caller reaches and has seen.
pub fn lock(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    seen: Option<&IfMatch>,
) -> Result<Held, Error> {
    if tx.is_postgres() {
        // Looked at before the lock, so that nobody can hold up rows that they do not reach.
        let (row, _) = queries::reached(tx, acting.reach(), id)?;
        lock_rows(tx, &row)?;
    }
    let held = queries::held(tx, acting.reach(), rules, id)?;
    if let Some(seen) = seen {
        seen.check(held.row.revision)?;
    }
    Ok(held)
}

/// Locks a membership that the caller reaches by what they act on: its organisation, or a proposal.
pub fn lock_reached(tx: &mut Tx<'_>, rules: &Rules, id: Id) -> Result<Held, Error> {
    if tx.is_postgres() {
        let (row, _) = queries::reached(tx, &Reach::everything(), id)?;
        lock_rows(tx, &row)?;
    }
    queries::held(tx, &Reach::everything(), rules, id)
}

/// The organisation's row comes first: an event may change it, too, and an act on the whole organisation comes to its memberships
/// from there.
fn lock_rows(tx: &mut Tx<'_>, row: &MembershipRow) -> Result<(), Error> {
    dialect::lock_row(tx, "organisations", "id", row.organisation_id)?;
    Ok(dialect::lock_row(tx, "memberships", "id", row.id.0)?)
}

/// Locks organisations with all their memberships: for what records on several of them. All of it before the journal's head, on
/// which everybody else waits.
pub fn lock_whole(tx: &mut Tx<'_>, organisations: &[i64]) -> Result<(), Error> {
    if !tx.is_postgres() {
        return Ok(());
    }
    dialect::lock_rows(tx, "organisations", "id", organisations)?;
    let ids: Vec<Id> = memberships::table
        .filter(memberships::organisation_id.eq_any(organisations))
        .select(memberships::id)
        .load(&mut **tx)?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(dialect::lock_rows(tx, "memberships", "id", &ids)?)
}

/// Opens a membership with its first event.
pub fn open(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    organisation: &OrganisationRow,
    kind: EventKind,
    particulars: Particulars,
) -> Result<Held, Error> {
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "membership.applied",
        |tx, entry| {
            let row = MembershipRow {
                id: Id::random().map_err(Error::internal)?,
                organisation_id: organisation.id,
                revision: 1,
                created_at: entry.recorded_at().0,
                updated_at: entry.recorded_at().0,
                updated_by: acting.actor().to_string(),
                seq: entry.seq(),
            };
            let held = Held {
                row,
                organisation: organisation.clone(),
                events: Vec::new(),
                ledger: Ledger::default(),
                rules: rules.clone(),
            };
            diesel::insert_into(memberships::table)
                .values(&held.row)
                .execute(&mut **tx)?;
            entry.now(&held.row)?;
            let event = event(acting, entry, &held, kind, particulars);
            add(tx, acting, rules, entry, (&held.clone(), held), event)
        },
    )
}

/// Records an event on a locked membership. An open proposal falls, because it was made for the revision before; the act that
/// closes it says so itself by `closes`.
pub fn record(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    kind: EventKind,
    particulars: Particulars,
    closes: impl FnOnce(&mut Tx<'_>, &mut Entry, &Held) -> Result<(), Error>,
) -> Result<Held, Error> {
    let action = format!("membership.{}", kind.name());
    let open = queries::open_proposal(tx, held.row.id)?;
    journal::enter(tx, &acting.actor(), acting.now(), &action, |tx, entry| {
        let event = event(acting, entry, held, kind, particulars);
        let mut next = held.clone();
        next.row.revision += 1;
        next.row.updated_at = entry.recorded_at().0;
        next.row.updated_by = acting.actor().to_string();
        next.row.seq = entry.seq();
        diesel::update(memberships::table.find(next.row.id))
            .set(&next.row)
            .execute(&mut **tx)?;
        entry.changed(&held.row, &next.row)?;
        let next = add(tx, acting, rules, entry, (held, next), event)?;
        closes(tx, entry, &next)?;
        if let Some(open) = open {
            fall(tx, entry, &open)?;
        }
        Ok(next)
    })
}

/// Asks the rules, before anything is written, whether the ledger could take this event now.
pub fn check(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    kind: EventKind,
    particulars: &Particulars,
) -> Result<(), Error> {
    let mut event = Event::new(
        next_no(held),
        i64::MAX,
        held.events
            .iter()
            .map(|e| e.recorded_at)
            .max()
            .map_or(acting.now().0, |last| last.max(acting.now().0)),
        particulars
            .effective_on
            .unwrap_or_else(|| acting.now().day()),
        kind,
    );
    event.reason.clone_from(&particulars.reason);
    let after = admissible(&held.events, rules, &event)
        .map_err(|refused| not_possible(tx, held, acting, (refused, &event)))?;
    match beside::refused(tx, held, &after, &event)? {
        Some(refusal) => Err(refused_beside(tx, held, acting, refusal)),
        None => Ok(()),
    }
}

/// 409 of an event that the organisation cannot take. An application that is refused is no membership yet, which could be named or do
/// anything.
fn refused_beside(conn: &mut Conn, held: &Held, acting: &Acting, refusal: Refusal) -> Error {
    let Refusal { why, by } = refusal;
    if !held.events.is_empty() {
        return act_not_possible(conn, held, acting, why);
    }
    let error = impossible(conn, acting, &held.organisation, why);
    match by {
        Some(id) => error.with("membership", serde_json::json!(id)),
        None => error,
    }
}

fn next_no(held: &Held) -> i32 {
    i32::try_from(held.events.len())
        .unwrap_or(i32::MAX)
        .saturating_add(1)
}

fn event(
    acting: &Acting,
    entry: &Entry,
    held: &Held,
    kind: EventKind,
    particulars: Particulars,
) -> Event {
    let today = acting.now().day();
    let mut event = Event::new(
        next_no(held),
        entry.seq(),
        entry.recorded_at().0,
        particulars.effective_on.unwrap_or(today),
        kind,
    );
    let actor = acting.actor().to_string();
    match particulars.proposer {
        Some(proposer) => {
            event.proposer = Some(proposer);
            event.decider = Some(actor);
        }
        None => event.proposer = Some(actor),
    }
    event.reason = particulars.reason;
    event.questions = particulars.questions;
    event.checklist = particulars.checklist;
    event.evidence = particulars.evidence;
    event.decision_number = particulars.decision_number;
    event.decision_date = particulars.decision_date;
    event.replacement = particulars.replacement;
    event
}

/// Asks the rules, then writes the event and what follows from it. What is refused is told as of `before`, whose revision an open
/// proposal was made for.
fn add(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    entry: &mut Entry,
    (before, mut held): (&Held, Held),
    event: Event,
) -> Result<Held, Error> {
    adoption::must_be_current(tx, rules)?;
    let ledger = admissible(&before.events, rules, &event)
        .map_err(|refused| not_possible(tx, before, acting, (refused, &event)))?;
    if let Some(refusal) = beside::refused(tx, before, &ledger, &event)? {
        return Err(refused_beside(tx, before, acting, refusal));
    }
    entry.about(format!("membership:{}", held.row.id));
    entry.of_organisation(held.organisation.number.clone());
    let row = EventRow::of(held.row.id, &event)?;
    diesel::insert_into(membership_events::table)
        .values(&row)
        .execute(&mut **tx)?;
    entry.now(&row)?;
    held.events.push(event);
    held.ledger = ledger;
    timeline::store(
        tx,
        &held.row,
        (&before.ledger, &held.ledger),
        (&before.events, &held.events),
        entry.seq(),
    )?;
    publish(tx, acting, entry, &mut held, &before.ledger)?;
    Ok(held)
}

/// An organisation is public from the day on which it first became a member; where a correction takes that day away, no longer.
fn publish(
    tx: &mut Tx<'_>,
    acting: &Acting,
    entry: &mut Entry,
    held: &mut Held,
    ledger_before: &Ledger,
) -> Result<(), Error> {
    if ledger_before.first_joined() == held.ledger.first_joined() {
        return Ok(());
    }
    // Read again: an act on the whole organisation has changed it in this transaction. Its row was locked before the head.
    let before = crate::organisations::queries::by_id(tx, held.organisation.id)?;
    held.organisation = before.clone();
    let first = queries::first_joined(tx, before.id)?;
    if before.public_from == first {
        return Ok(());
    }
    let row = &mut held.organisation;
    row.public_from = first;
    row.version += 1;
    row.updated_at = entry.recorded_at().0;
    row.updated_by = acting.actor().to_string();
    row.seq = entry.seq();
    diesel::update(organisations::table.find(row.id))
        .set(&*row)
        .execute(&mut **tx)?;
    entry.changed(&before, row)
}

/// Lets a proposal fall, if nothing else has closed it.
pub fn fall(tx: &mut Tx<'_>, entry: &mut Entry, open: &ProposalRow) -> Result<(), Error> {
    let now: ProposalRow = proposals::table.find(open.id).first(&mut **tx)?;
    if now.status != "open" {
        return Ok(());
    }
    let closing = Closing {
        status: "fallen",
        ..Closing::default()
    };
    close(tx, entry, &now, closing).map(|_| ())
}

/// How a proposal is closed, by whom, why and by which paper.
#[derive(Clone, Debug, Default)]
pub struct Closing<'a> {
    /// The word for it.
    pub status: &'a str,
    /// Who decided it.
    pub decider: Option<String>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Number of the paper decision.
    pub decision_number: Option<String>,
    /// Day of the paper decision.
    pub decision_date: Option<NaiveDate>,
}

/// Writes how a proposal was closed.
pub fn close(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    proposal: &ProposalRow,
    closing: Closing<'_>,
) -> Result<ProposalRow, Error> {
    let closed = ProposalRow {
        status: closing.status.to_owned(),
        decider: closing.decider,
        decided_at: Some(entry.recorded_at().0),
        decision_reason: closing.reason.map(str::to_owned),
        decision_number: closing.decision_number,
        decision_date: closing.decision_date,
        version: proposal.version + 1,
        seq: entry.seq(),
        ..proposal.clone()
    };
    diesel::update(proposals::table.find(closed.id))
        .set(&closed)
        .execute(&mut **tx)?;
    entry.changed(proposal, &closed)?;
    Ok(closed)
}

/// 409 with the acts that are possible now for this caller, and with the events that would lose their place.
fn not_possible(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    (refused, event): (Refused, &Event),
) -> Error {
    match &refused {
        Refused::NotPossible {
            state, possible, ..
        } => {
            // Of today there is one answer.
            let (day, today) = (event.effective_on, acting.now().day());
            let names = match day == today {
                true => possible_names(conn, held, acting),
                false => {
                    let on_its_day = (possible.clone(), day);
                    let mine = super::view::for_caller(conn, held, acting, on_its_day);
                    mine.map(|acts| acts.into_iter().map(Act::name).collect())
                }
            };
            let names: Vec<&str> = match names {
                Ok(names) => names,
                Err(error) => return error,
            };
            let then = serde_json::json!({
                "day": event.effective_on,
                "state": state.map(State::as_str),
                "possible": names,
            });
            act_not_possible(conn, held, acting, refused.to_string()).with("on_its_day", then)
        }
        Refused::TooEarly { .. } | Refused::TooLate { .. } => {
            Error::field("/effective_on", refused.to_string())
        }
        Refused::UntilTooEarly { .. } | Refused::UntilTooLate { .. } => {
            Error::field("/until", refused.to_string())
        }
        Refused::ReasonMissing => Error::field("/reason", "is required for this act or this day"),
        Refused::BreaksLater { problems } => {
            let broken: Vec<&Event> = held
                .events
                .iter()
                .filter(|e| problems.iter().any(|p| p.event_no == e.no))
                .collect();
            let named: Vec<String> = broken
                .iter()
                .map(|e| format!("no. {} ({} on {})", e.no, e.kind.name(), e.effective_on))
                .collect();
            // An act on the whole organisation reaches memberships that its caller has not named.
            let text = format!(
                "{refused}: {} of membership {}; correct those first",
                named.join(", "),
                held.row.id
            );
            let numbers: Vec<i32> = broken.iter().map(|e| e.no).collect();
            act_not_possible(conn, held, acting, text).with("events", serde_json::json!(numbers))
        }
        _ => act_not_possible(conn, held, acting, refused.to_string()),
    }
}

/// Refuses a reviewer's act that the application's state does not have, before it is asked whose it is. Steps may be dated ahead: the
/// state after the last of them counts, and none that only the calendar brings.
pub fn must_be_in_its_state(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    act: Act,
) -> Result<(), Error> {
    let today = acting.now().day();
    let steps = held.events.iter().map(|event| event.effective_on);
    match held.ledger.state_on(steps.fold(today, NaiveDate::max)) {
        Some(state) if !is_possible(state, act) => {
            let text = format!("{} is not possible in state {}", act.name(), state.as_str());
            Err(act_not_possible(conn, held, acting, text))
        }
        _ => Ok(()),
    }
}

/// 409 of an act beside an open proposal, with the acts that are possible now for this caller.
pub fn beside_a_proposal(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    (open, text): (&ProposalRow, String),
) -> Error {
    match possible_names(conn, held, acting) {
        Ok(possible) => Error::new(Code::Conflict, text)
            .with("proposal", serde_json::json!(open.id))
            .with("possible", serde_json::json!(possible)),
        Err(error) => error,
    }
}

fn possible_names(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
) -> Result<Vec<&'static str>, Error> {
    let possible = super::view::possible(conn, held, acting)?;
    Ok(possible.into_iter().map(Act::name).collect())
}

/// 409 with the acts that are possible now for this caller.
pub fn act_not_possible(
    conn: &mut Conn,
    held: &Held,
    acting: &Acting,
    text: impl Into<String>,
) -> Error {
    let possible = match possible_names(conn, held, acting) {
        Ok(possible) => possible,
        Err(error) => return error,
    };
    let today = acting.now().day();
    let state = held.ledger.state_on(today).map(State::as_str);
    Error::new(Code::ActNotPossible, text)
        .with("membership", serde_json::json!(held.row.id))
        .with("state", serde_json::json!(state))
        .with("possible", serde_json::json!(possible))
}
