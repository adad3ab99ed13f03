//! What the correction of an act on a whole organisation would make of all of it: asked before anything is written, when it is
//! proposed and again when it is decided.
//!
//! The act stands on all the memberships that were there for it, and on the organisation's own record. A correction that fits the one
//! may be impossible for another, or leave a membership behind that came later and never took the act.

use chrono::NaiveDate;

use super::corrections::{self, corrected_event};
use super::fold::fold;
use super::follow::{entry_of, on_or_after_its_first_day, twin};
use super::ledger::{Interval, Ledger};
use super::machine::{Act, is_possible};
use super::merges;
use super::model::{Correction, Event, EventKind};
use super::queries::{self, Held};
use super::record;
use super::rules::Rules;
use crate::auth::Acting;
use crate::db::{Id, Tx};
use crate::http::Error;
use crate::organisations::moves::Moves;

/// One membership of the organisation, before and after.
struct Foreseen {
    id: Id,
    before: Ledger,
    after: Ledger,
    /// The day from which the act holds for it after the correction; none where it never took it, or does not any more.
    holds_from: Option<NaiveDate>,
    /// The standing that the organisation's merge ends after the correction.
    merged: Option<merges::Ended>,
}

/// Why a correction cannot be, and which membership is in the way.
struct Refused {
    text: String,
    membership: Option<Id>,
}

/// Refuses a correction that would set the organisation and its memberships, or these among themselves, at odds.
pub(super) fn must_fit(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    (target_no, correction): (i32, &Correction),
) -> Result<(), Error> {
    let Some(target) = corrected_event(&held.events, target_no).cloned() else {
        return Ok(());
    };
    if !Act::of(&target.kind, None).is_some_and(Act::is_on_organisation) {
        return Ok(());
    }
    let all = foresee(tx, rules, held, (target_no, correction), &target)?;
    let refused = match target.kind {
        EventKind::Transferred { .. } => misplaced(tx, held, &target, &all)?,
        _ => match first_day(&all) {
            Some(day) => beyond(tx, held, &all, day)?,
            // What ended goes on.
            None => None,
        },
    };
    let Some(Refused { text, membership }) = refused else {
        return Ok(());
    };
    let error = record::act_not_possible(tx, held, acting, text);
    Err(match membership {
        Some(id) => error.with("membership", serde_json::json!(id)),
        None => error,
    })
}

/// All memberships of the organisation, as the correction would leave them.
fn foresee(
    tx: &mut Tx<'_>,
    rules: &Rules,
    held: &Held,
    (target_no, correction): (i32, &Correction),
    target: &Event,
) -> Result<Vec<Foreseen>, Error> {
    let direct = held.events.iter().find(|e| e.no == target_no);
    let mut all = Vec::new();
    for row in queries::of_organisation(tx, held.organisation.id)? {
        let mut events = queries::events(tx, row.id)?;
        let before = fold(&events, rules);
        let own = row.id == held.row.id;
        let no = direct
            .and_then(|direct| twin(&events, direct))
            .map(|e| e.no);
        let acted = twin(&events, target).map(|e| e.no);
        if let Some(target_no) = no {
            let correction = if own {
                correction.clone()
            } else {
                on_or_after_its_first_day(correction, &before)
            };
            let kind = EventKind::Corrected {
                target_no,
                correction,
            };
            let next = events.last().map_or(1, |last| last.no.saturating_add(1));
            events.push(Event::new(next, i64::MAX, i64::MAX, NaiveDate::MIN, kind));
        }
        let resolved = corrections::resolve(&events);
        let acted = resolved.standing.iter().find(|s| Some(s.event.no) == acted);
        all.push(Foreseen {
            id: row.id,
            holds_from: acted.map(|standing| standing.effective_on),
            merged: match &target.kind {
                EventKind::Merged { successor } => merges::ended(&events, rules, successor),
                _ => None,
            },
            after: fold(&events, rules),
            before,
        });
    }
    Ok(all)
}

/// From which day the organisation's own record follows: one that began later has a later day than the act.
fn first_day(all: &[Foreseen]) -> Option<NaiveDate> {
    all.iter().filter_map(|one| one.holds_from).min()
}

/// An earlier end leaves nothing behind it, and a merge on another day ends no standing that its successor does not have then.
fn beyond(
    tx: &mut Tx<'_>,
    held: &Held,
    all: &[Foreseen],
    day: NaiveDate,
) -> Result<Option<Refused>, Error> {
    let organisation = &held.organisation;
    let was = organisation.dissolved_on.or(organisation.merged_on);
    if was.is_none_or(|was| day < was) {
        if let Some(text) = merges::came_later(tx, organisation.id, day)? {
            return Ok(Some(Refused {
                text,
                membership: None,
            }));
        }
        for one in all {
            let behind = |i: &&Interval| i.state.is_open() && i.to.is_none_or(|to| to > day);
            let Some(last) = one.after.intervals.iter().rev().find(behind) else {
                continue;
            };
            let until = last
                .to
                .map_or_else(|| "now".to_owned(), |to| to.to_string());
            return Ok(Some(Refused {
                text: format!(
                    "membership {} was open from {} until {until}, which would lie behind the end of the organisation on {day}; correct that first",
                    one.id, last.from
                ),
                membership: Some(one.id),
            }));
        }
    }
    let Some(into) = organisation.merged_into else {
        return Ok(None);
    };
    for one in all {
        if let Some((kind, day)) = one.merged
            && !queries::is_member(tx, into, (kind, day), None)?
        {
            return Ok(Some(Refused {
                text: merges::not_going_on(kind, day),
                membership: Some(one.id),
            }));
        }
    }
    Ok(None)
}

/// A membership counts in the country where the organisation is, on every day on which a transfer moves it.
fn misplaced(
    tx: &mut Tx<'_>,
    held: &Held,
    target: &Event,
    all: &[Foreseen],
) -> Result<Option<Refused>, Error> {
    let organisation = &held.organisation;
    let Some(entry) = entry_of(tx, &organisation.number, target)? else {
        return Ok(None);
    };
    let was = Moves::of(tx, organisation)?;
    let is = Moves::with(tx, organisation, (entry, first_day(all)))?;
    if was.are_in_order() && !is.are_in_order() {
        return Ok(Some(Refused {
            text: "the organisation moved more than once: a transfer holds from the day of the one before it or later, and not after the day of the next; correct the other one first".to_owned(),
            membership: None,
        }));
    }
    for one in all {
        let moves_with_it = |i: &&Interval| is_possible(i.state, Act::Transfer);
        for interval in one.after.intervals.iter().filter(moves_with_it) {
            let days = is.days_within(interval.from, interval.to);
            // What was at odds before is no worse for it.
            let at_odds = |moves: &Moves, ledger: &Ledger, day: NaiveDate| {
                let counted = ledger.interval_on(day).map(|i| i.country.as_str());
                counted
                    .zip(moves.on(day))
                    .is_some_and(|(here, there)| here != there)
            };
            for day in days {
                if at_odds(&is, &one.after, day) && !at_odds(&was, &one.before, day) {
                    let there = is.on(day).unwrap_or_default();
                    return Ok(Some(Refused {
                        text: format!(
                            "membership {} would count in {} from {day} on, when the organisation would be in {there}: it was opened after the transfer; correct or end it first",
                            one.id, interval.country
                        ),
                        membership: Some(one.id),
                    }));
                }
            }
        }
    }
    Ok(None)
}
