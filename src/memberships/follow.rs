//! What follows from the correction of an act on a whole organisation: the same on its other memberships, and the organisation's
//! own country or end, in the past, too.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::corrections::{self, corrected_event};
use super::ledger::Ledger;
use super::machine::Act;
use super::model::{Correction, Event, EventKind};
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rules::Rules;
use crate::auth::Acting;
use crate::db::schema::journal;
use crate::db::{Conn, Tx};
use crate::http::Error;
use crate::organisations::moves::Moves;
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{change, past};

/// Lets the rest follow a correction that was just recorded as the last event.
pub(super) fn follow(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
) -> Result<(), Error> {
    let Some(last) = held.events.last() else {
        return Ok(());
    };
    let EventKind::Corrected {
        target_no,
        correction,
    } = &last.kind
    else {
        return Ok(());
    };
    let Some(target) = corrected_event(&held.events, *target_no).cloned() else {
        return Ok(());
    };
    if !Act::of(&target.kind, None).is_some_and(Act::is_on_organisation) {
        return Ok(());
    }
    let direct = held.events.iter().find(|e| e.no == *target_no).cloned();
    let mut days = vec![holds_from(held, &target)];
    for row in queries::of_organisation(tx, held.organisation.id)? {
        if row.id == held.row.id {
            continue;
        }
        let other = record::lock_reached(tx, rules, row.id)?;
        let corrected = direct.as_ref().and_then(|of| twin(&other.events, of));
        let Some(no) = corrected.map(|twin| twin.no) else {
            continue;
        };
        let kind = EventKind::Corrected {
            target_no: no,
            correction: on_or_after_its_first_day(correction, &other.ledger),
        };
        let particulars = Particulars {
            reason: last.reason.clone(),
            replacement: last.replacement.clone(),
            proposer: last
                .decider
                .is_some()
                .then(|| last.proposer.clone())
                .flatten(),
            ..Particulars::default()
        };
        let acted = twin(&other.events, &target).cloned();
        let next = record::record(tx, acting, rules, &other, kind, particulars, |_, _, _| {
            Ok(())
        })?;
        days.extend(acted.map(|acted| holds_from(&next, &acted)));
    }
    // One that began later has a later day than the act.
    let day = days.into_iter().flatten().min();
    follow_organisation(tx, acting, held, &target, day)
}

/// What the act that recorded an event recorded on another membership: what one act recorded on several has one instant.
pub(super) fn twin<'a>(events: &'a [Event], of: &Event) -> Option<&'a Event> {
    events
        .iter()
        .find(|e| e.kind.name() == of.kind.name() && e.recorded_at == of.recorded_at)
}

/// The day from which an event holds after its corrections; none where it is voided.
fn holds_from(held: &Held, event: &Event) -> Option<NaiveDate> {
    corrections::resolve(&held.events)
        .standing
        .iter()
        .find(|standing| standing.event.no == event.no)
        .map(|standing| standing.effective_on)
}

/// A membership that began later than the act has taken it on its own first day, and takes the corrected one so, too.
pub(super) fn on_or_after_its_first_day(correction: &Correction, ledger: &Ledger) -> Correction {
    let first = ledger.intervals.first().map(|interval| interval.from);
    match (correction, first) {
        (Correction::Replace { effective_on }, Some(first)) => Correction::Replace {
            effective_on: first.max(*effective_on),
        },
        _ => correction.clone(),
    }
}

/// The entry in which the act changed the organisation: it has the instant of the act's events.
pub(super) fn entry_of(
    conn: &mut Conn,
    number: &str,
    target: &Event,
) -> Result<Option<i64>, Error> {
    let action = match target.kind {
        EventKind::Transferred { .. } => past::TRANSFERRED,
        EventKind::Dissolved {} => past::DISSOLVED,
        EventKind::Merged { .. } => "organisation.merged",
        _ => return Ok(None),
    };
    Ok(journal::table
        .filter(journal::organisation.eq(number))
        .filter(journal::action.eq(action))
        .filter(journal::recorded_at.eq(target.recorded_at))
        .select(journal::seq)
        .first(conn)
        .optional()?)
}

fn follow_organisation(
    tx: &mut Tx<'_>,
    acting: &Acting,
    held: &Held,
    target: &Event,
    day: Option<NaiveDate>,
) -> Result<(), Error> {
    let before = crate::organisations::queries::by_id(tx, held.organisation.id)?;
    let entry = entry_of(tx, &before.number, target)?;
    let row = followed(tx, &before, target, (entry, day))?;
    if row == before && entry.is_none() {
        return Ok(());
    }
    change::apply(
        tx,
        acting,
        &before,
        "organisation.corrected",
        |tx, journal, changed| {
            if changed.country != row.country {
                change::move_to(tx, journal, changed, &row.country)?;
            }
            changed.dissolved_on = row.dissolved_on;
            changed.merged_on = row.merged_on;
            if let Some(entry) = entry {
                let value = serde_json::json!({ "entry": entry, "effective_on": day });
                journal.note(past::RESTATES, value);
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// The organisation's record after the correction.
fn followed(
    conn: &mut Conn,
    before: &OrganisationRow,
    target: &Event,
    (entry, day): (Option<i64>, Option<NaiveDate>),
) -> Result<OrganisationRow, Error> {
    let mut row = before.clone();
    match target.kind {
        EventKind::Transferred { .. } => {
            // Where its own moves lead: a membership may not have taken all of them.
            if let Some(entry) = entry
                && let Some(country) = Moves::with(conn, before, (entry, day))?.on(NaiveDate::MAX)
            {
                country.clone_into(&mut row.country);
            }
        }
        EventKind::Dissolved {} => row.dissolved_on = day,
        EventKind::Merged { .. } => row.merged_on = day.or(row.merged_on),
        _ => {}
    }
    Ok(row)
}
