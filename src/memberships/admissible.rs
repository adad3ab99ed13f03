//! Whether one more event keeps the ledger possible: asked inside the write transaction, with the
//! membership's row locked and the journal's sequence taken.

use chrono::{Months, NaiveDate};
use thiserror::Error;

use super::corrections;
use super::fold::{fold, fold_all};
use super::ledger::{Fault, Ledger, Problem, recorded_turn};
use super::machine::Act;
use super::model::{Correction, Event, EventKind, MembershipType, State};
use super::rules::{LAST_DAY, Rules};

/// The longest suspension that names its last day: ten years. Who is to be suspended for longer is so without an end.
const LONGEST_SUSPENSION: Months = Months::new(120);

/// Why an event is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Its number, sequence or instant does not follow the last event's.
    #[error("the event does not follow the last one")]
    OutOfSequence,
    /// It is dated before the limit for back-dating.
    #[error("the day is before {earliest}, the earliest that the rules allow")]
    TooEarly {
        /// The earliest day allowed.
        earliest: NaiveDate,
    },
    /// It is dated after the limit for forward-dating.
    #[error("the day is after {latest}, the latest that the rules allow")]
    TooLate {
        /// The latest day allowed.
        latest: NaiveDate,
    },
    /// A suspension that names a last day too far away.
    #[error("a suspension lasts ten years at most: its last day is {latest} or earlier")]
    UntilTooLate {
        /// The latest day allowed.
        latest: NaiveDate,
    },
    /// A suspension whose last day comes before its first.
    #[error("comes before {first}, the suspension's first day")]
    UntilTooEarly {
        /// The first day.
        first: NaiveDate,
    },
    /// Its kind, or its being back-dated, needs a reason.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The term that a renewal would extend has more than a whole term to go.
    #[error(
        "the term runs until {end}, for more than a whole term; it can be renewed from {from} on"
    )]
    TooFarAhead {
        /// The last day of the term, with the renewals that are dated ahead.
        end: NaiveDate,
        /// The first day on which it can be renewed.
        from: NaiveDate,
    },
    /// The correction's target is voided already.
    #[error("event {target_no} is voided already")]
    AlreadyVoid {
        /// The target.
        target_no: i32,
    },
    /// The correction would leave no membership at all.
    #[error("the application itself can't be voided")]
    NothingLeft,
    /// The timeline can't take it.
    #[error("the event is not possible on its day: {fault}")]
    NotPossible {
        /// Why not.
        fault: Fault,
        /// The state on its day, if there is one.
        state: Option<State>,
        /// The acts that are possible on that day.
        possible: Vec<Act>,
    },
    /// It would make later events impossible.
    #[error("the event would make later ones impossible")]
    BreaksLater {
        /// The events that would have no place any more.
        problems: Vec<Problem>,
    },
    /// The calendar's recorder states what the fold does not say, said already, or can't know yet.
    #[error("the calendar does not say so")]
    CalendarDisagrees,
}

/// Folds the ledger with one more event, where that keeps it possible.
///
/// `existing` is the whole ledger of the membership, as it was recorded. Back-dating is measured from the day
/// of recording, a correction's new day from the day on which the corrected event was recorded: a correction
/// gives an event a day that it could have had.
///
/// # Errors
///
/// [`Refused`], with the reason and where there are any the acts that are possible; nothing may be written.
pub fn admissible(existing: &[Event], rules: &Rules, new: &Event) -> Result<Ledger, Refused> {
    check_sequence(existing, new)?;
    let before = fold(existing, rules);
    if new.kind.is_calendar() {
        check_calendar(existing, &before, new)?;
    } else {
        check_day(existing, &before, rules, new)?;
        if (new.kind.needs_reason() || new.is_back_dated())
            && new
                .reason
                .as_deref()
                .is_none_or(|text| text.trim().is_empty())
        {
            return Err(Refused::ReasonMissing);
        }
    }
    if let EventKind::Corrected { target_no, .. } = new.kind {
        let resolved = corrections::resolve(existing);
        if resolved.voided.contains_key(&target_no) {
            return Err(Refused::AlreadyVoid { target_no });
        }
    }

    let after = fold_all(existing.iter().chain([new]), rules);
    if after.intervals.is_empty() && !before.intervals.is_empty() {
        return Err(Refused::NothingLeft);
    }
    let (own, others): (Vec<Problem>, Vec<Problem>) = after
        .problems
        .iter()
        .filter(|problem| !before.problems.contains(problem))
        .cloned()
        .partition(|problem| problem.event_no == new.no);
    if let Some(problem) = own.into_iter().next() {
        return Err(Refused::NotPossible {
            fault: problem.fault,
            state: before.state_on(new.effective_on),
            possible: before.possible_on(new.effective_on, false),
        });
    }
    if !others.is_empty() {
        return Err(Refused::BreaksLater { problems: others });
    }
    refuse_far_ahead(existing, (&before, &after), rules, new)?;
    Ok(after)
}

/// The first day on which a membership may be renewed that may not be on this one: its term, with the renewals that are dated ahead,
/// has more than one whole term to go. Its last day comes first.
#[must_use]
pub fn too_far_ahead(
    ledger: &Ledger,
    rules: &Rules,
    on: NaiveDate,
) -> Option<(NaiveDate, NaiveDate)> {
    let kind = ledger.interval_on(on)?.membership_type;
    let end = last_term_end(ledger, on)?;
    let from = rules.at(kind, on).renewable_from(end);
    (on < from).then_some((end, from))
}

/// The last day of any term that runs on a day or begins later.
fn last_term_end(ledger: &Ledger, on: NaiveDate) -> Option<NaiveDate> {
    let later = ledger.intervals.iter();
    let later = later.filter(|i| i.to.is_none_or(|to| to > on));
    later.filter_map(|i| i.term_end).max()
}

/// A renewal adds to a term that has no more than one whole term to go; and so does a correction that brings a renewal back.
fn refuse_far_ahead(
    existing: &[Event],
    (before, after): (&Ledger, &Ledger),
    rules: &Rules,
    new: &Event,
) -> Result<(), Refused> {
    let on = match &new.kind {
        EventKind::Renewed {} => new.effective_on,
        EventKind::Corrected { target_no, .. } => {
            let target = corrections::corrected_event(existing, *target_no);
            let on = new.recorded_on().unwrap_or(new.effective_on);
            let adds = last_term_end(after, on) > last_term_end(before, on);
            if !adds || target.is_none_or(|event| event.kind != EventKind::Renewed {}) {
                return Ok(());
            }
            on
        }
        _ => return Ok(()),
    };
    match too_far_ahead(before, rules, on) {
        Some((end, from)) => Err(Refused::TooFarAhead { end, from }),
        None => Ok(()),
    }
}

fn check_sequence(existing: &[Event], new: &Event) -> Result<(), Refused> {
    let last = existing.iter().max_by_key(|event| event.no);
    let follows = last.map_or(new.no == 1, |last| {
        last.no.checked_add(1) == Some(new.no)
            && last.seq <= new.seq
            && last.recorded_at <= new.recorded_at
    });
    if follows {
        Ok(())
    } else {
        Err(Refused::OutOfSequence)
    }
}

/// A record of the calendar must be true, new, and not of the future.
fn check_calendar(existing: &[Event], before: &Ledger, new: &Event) -> Result<(), Refused> {
    let recorded_on = new.recorded_on().ok_or(Refused::OutOfSequence)?;
    let due = before.due(existing, recorded_on);
    if recorded_turn(new).is_some_and(|turn| due.contains(&turn)) {
        Ok(())
    } else {
        Err(Refused::CalendarDisagrees)
    }
}

fn check_day(
    existing: &[Event],
    before: &Ledger,
    rules: &Rules,
    new: &Event,
) -> Result<(), Refused> {
    let recorded_on = new.recorded_on().ok_or(Refused::OutOfSequence)?;
    let (day, measured_from) = match &new.kind {
        EventKind::Corrected {
            correction: Correction::Void {},
            ..
        } => return Ok(()),
        EventKind::Corrected {
            target_no,
            correction: Correction::Replace { effective_on },
        } => (
            *effective_on,
            corrections::corrected_event(existing, *target_no)
                .and_then(Event::recorded_on)
                .unwrap_or(recorded_on),
        ),
        _ => (new.effective_on, recorded_on),
    };
    let membership_type = match (&new.kind, before.interval_on(recorded_on)) {
        (
            EventKind::Applied {
                membership_type, ..
            },
            _,
        ) => *membership_type,
        (_, Some(interval)) => interval.membership_type,
        (_, None) => before
            .intervals
            .first()
            .map_or(MembershipType::Full, |first| first.membership_type),
    };
    let earliest = rules
        .at(membership_type, measured_from)
        .earliest(measured_from);
    if day < earliest {
        return Err(Refused::TooEarly { earliest });
    }
    let latest = rules.at(membership_type, recorded_on).latest(recorded_on);
    if day > latest {
        return Err(Refused::TooLate { latest });
    }
    check_until(new)
}

fn check_until(new: &Event) -> Result<(), Refused> {
    let EventKind::Suspended { until: Some(until) } = new.kind else {
        return Ok(());
    };
    let latest = new
        .effective_on
        .checked_add_months(LONGEST_SUSPENSION)
        .map_or(LAST_DAY, |day| day.min(LAST_DAY));
    if until < new.effective_on {
        let first = new.effective_on;
        return Err(Refused::UntilTooEarly { first });
    }
    if until > latest {
        return Err(Refused::UntilTooLate { latest });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
