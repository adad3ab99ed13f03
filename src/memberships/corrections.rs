//! Which events stand after all corrections, and as of which day.
//!
//! A correction acts on what was recorded before it, so going through the events from the last recorded to
//! the first decides each one after everything that may have corrected it: a void of a void restores, a
//! replaced replacement takes its new day, and of several replacements of one event the last recorded counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::ledger::{Fault, Problem};
use super::machine::{Act, Authority};
use super::model::{Correction, Event, EventKind};

/// An event that stands, with what its corrections made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The event as it was recorded.
    pub event: &'a Event,
    /// The day from which it holds.
    pub effective_on: NaiveDate,
    /// Its reason.
    pub reason: Option<&'a str>,
    /// Its evidence.
    pub evidence: &'a [i32],
    /// The number of the correction that replaced something, if any.
    pub corrected_by: Option<i32>,
}

/// The events after their corrections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// The events that stand, corrections and the calendar's records left out, in the order of recording.
    pub standing: Vec<Standing<'a>>,
    /// What the calendar's recorder wrote, in the order of recording.
    pub calendar: Vec<&'a Event>,
    /// Numbers of voided events, each with the number of the correction that voids it.
    pub voided: BTreeMap<i32, i32>,
    /// Corrections without a target, and numbers used twice.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy)]
struct Replaced<'a> {
    by: i32,
    day: NaiveDate,
    text: Option<(Option<&'a str>, &'a [i32])>,
}

/// Applies all corrections. The order of the events given does not matter.
#[must_use]
pub fn resolve<'a>(events: impl IntoIterator<Item = &'a Event>) -> Resolved<'a> {
    let mut events: Vec<&Event> = events.into_iter().collect();
    events.sort_unstable_by(|a, b| (a.seq, a.no, *a).cmp(&(b.seq, b.no, *b)));
    let mut out = Resolved::default();
    let mut problem = |event_no, fault| out.problems.push(Problem { event_no, fault });

    let mut calendar_numbers: BTreeMap<i32, bool> = BTreeMap::new();
    events.retain(|event| {
        let fresh = !calendar_numbers.contains_key(&event.no);
        if fresh {
            calendar_numbers.insert(event.no, event.kind.is_calendar());
        } else {
            problem(event.no, Fault::DuplicateNumber);
        }
        fresh
    });

    // Going back in time, `earlier` shrinks to the numbers recorded before the event at hand.
    let mut earlier: BTreeSet<i32> = calendar_numbers.keys().copied().collect();
    let mut replaced: BTreeMap<i32, Replaced<'a>> = BTreeMap::new();
    for event in events.into_iter().rev() {
        earlier.remove(&event.no);
        if out.voided.contains_key(&event.no) {
            continue;
        }
        let own = replaced.get(&event.no).copied();
        match &event.kind {
            EventKind::Corrected {
                target_no,
                correction,
            } => {
                if !earlier.contains(target_no) {
                    problem(event.no, Fault::NoTarget);
                } else if calendar_numbers.get(target_no) == Some(&true) {
                    problem(event.no, Fault::TargetIsCalendar);
                } else {
                    match correction {
                        Correction::Void {} => {
                            out.voided.entry(*target_no).or_insert(event.no);
                        }
                        Correction::Replace { effective_on } => {
                            let text = event
                                .replacement
                                .as_ref()
                                .map(|new| (new.reason.as_deref(), new.evidence.as_slice()));
                            let this = Replaced {
                                by: event.no,
                                day: own.map_or(*effective_on, |own| own.day),
                                text: own.and_then(|own| own.text).or(text),
                            };
                            replaced
                                .entry(*target_no)
                                .and_modify(|last| last.text = last.text.or(this.text))
                                .or_insert(this);
                        }
                    }
                }
            }
            kind if kind.is_calendar() => out.calendar.push(event),
            _ => {
                let as_recorded = (event.reason.as_deref(), event.evidence.as_slice());
                let (reason, evidence) = own.and_then(|own| own.text).unwrap_or(as_recorded);
                out.standing.push(Standing {
                    event,
                    effective_on: own.map_or(event.effective_on, |own| own.day),
                    reason,
                    evidence,
                    corrected_by: own.map(|own| own.by),
                });
            }
        }
    }
    out.standing.reverse();
    out.calendar.reverse();
    out
}

/// The event that a correction is about in the end, through corrections of corrections; none where there is
/// none.
#[must_use]
pub fn corrected_event(events: &[Event], target_no: i32) -> Option<&Event> {
    chain(events, target_no)
        .last()
        .filter(|event| !matches!(event.kind, EventKind::Corrected { .. }))
}

/// The events from a correction's target to the event that it is about in the end.
fn chain(events: &[Event], target_no: i32) -> impl Iterator<Item = &Event> {
    let mut next = Some(target_no);
    std::iter::from_fn(move || {
        let event = events.iter().find(|event| Some(event.no) == next)?;
        next = match event.kind {
            // Targets are recorded earlier, so their numbers fall and the walk ends.
            EventKind::Corrected { target_no, .. } => Some(target_no).filter(|no| *no < event.no),
            _ => None,
        };
        Some(event)
    })
}

/// The authority that correcting an event takes: that of the act which recorded it. An act that takes two
/// people is corrected by two, and so is whatever was decided, or decided on. None where there is nothing to correct.
#[must_use]
pub fn authority_to_correct(events: &[Event], target_no: i32) -> Option<Authority> {
    let event = corrected_event(events, target_no)?;
    if event.kind.is_calendar() {
        return None;
    }
    let authority = match event.kind {
        // A recommendation is its author's own word until it is decided.
        EventKind::Recommended { .. } if is_decided(events, event.no) => Authority::Proposal,
        EventKind::Recommended { .. } => Authority::OnePerson,
        _ => match Act::of(&event.kind, None).map(Act::authority) {
            None => Authority::OnePerson,
            Some(Authority::SecondOfficer) => Authority::Proposal,
            Some(authority) => authority,
        },
    };
    // Questions are the reviewer's alone, or a decision on the recommendation.
    let decided = chain(events, target_no).any(|event| event.decider.is_some());
    Some(match authority {
        Authority::OnePerson if decided => Authority::Proposal,
        authority => authority,
    })
}

/// Whether a decision on this recommendation stands, and it was not made anew before.
fn is_decided(events: &[Event], no: i32) -> bool {
    let decides = |event: &Event| match event.kind {
        EventKind::Admitted {} | EventKind::Rejected {} => true,
        EventKind::Returned { .. } => event.decider.is_some(),
        _ => false,
    };
    let anew = |event: &Event| matches!(event.kind, EventKind::Recommended { .. });
    let resolved = resolve(events);
    let mut later = resolved.standing.iter().map(|standing| standing.event);
    later
        .find(|event| event.no > no && (decides(event) || anew(event)))
        .is_some_and(decides)
}

#[cfg(test)]
mod tests;
