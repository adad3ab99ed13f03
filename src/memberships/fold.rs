//! The fold: events and rules in, the whole timeline out.
//!
//! Total and pure: it takes any list of events, reads no clock, and an event that the timeline can't take is
//! listed as a problem and otherwise passed over. To ask what was known at some moment, fold only the events
//! recorded by then ([`known_at`]).
//!
//! **Order.** Events take effect by day, within one day in the order of recording (`seq`, `no`); a replaced
//! event keeps its place in the recording. The calendar turns at the start of a day, before the day's
//! events, so a renewal on the day of the lapse comes too late. Where an event itself leaves an outrun term
//! behind (a suspension lifted after the term's end), the calendar turns right after it, on the same day.
//!
//! **The end.** Nothing turns after [`LAST_DAY`]: a suspension until then has no end, a term until then no grace.
//!
//! **Applications.** A decision may be back-dated behind the steps that led to it, as when members admitted
//! long ago are entered today. The steps recorded before it then count as taken on its day: what closes an
//! application closes it as of that day.
//!
//! **Terms.** Admission and reinstatement begin a term on their day. A renewal adds a term from the day after
//! the running one's end, before or after that end. A change of type keeps the running term; the new type's
//! rule holds from the next. A suspension leaves the term running.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::corrections::{self, Resolved, Standing};
use super::ledger::{
    Cause, Fault, Flow, FlowKind, Interval, Ledger, Problem, Restated, Turn, TurnKind,
    recorded_turn,
};
use super::machine::{self, Act, Context, Why};
use super::model::{CountryCode, Event, EventKind, MembershipType, State};
use super::rules::{LAST_DAY, Rules, Term};

/// Folds the events of one membership into its timeline.
#[must_use]
pub fn fold(events: &[Event], rules: &Rules) -> Ledger {
    fold_all(events.iter(), rules)
}

/// The events that the journal knew at a sequence.
#[must_use]
pub fn known_at(events: &[Event], seq: i64) -> Vec<Event> {
    events
        .iter()
        .filter(|event| event.seq <= seq)
        .cloned()
        .collect()
}

/// Folds what holds until a day, as if nothing were dated after it: what the calendar alone would do from then on.
#[must_use]
pub fn fold_until(events: &[Event], rules: &Rules, day: NaiveDate) -> Ledger {
    run(corrections::resolve(events), rules, day)
}

pub(super) fn fold_all<'a>(events: impl Iterator<Item = &'a Event>, rules: &Rules) -> Ledger {
    run(corrections::resolve(events), rules, NaiveDate::MAX)
}

fn run(resolved: Resolved<'_>, rules: &Rules, until: NaiveDate) -> Ledger {
    let mut run = Run {
        rules,
        now: None,
        cursor: NaiveDate::MIN,
        out: Ledger {
            problems: resolved.problems,
            ..Ledger::default()
        },
    };
    // By the day of its place: the steps of an application come before its decision, however late they were written down.
    for placed in place(&resolved.standing)
        .iter()
        .filter(|placed| placed.on <= until)
    {
        run.take(placed);
    }
    run.turn_through(NaiveDate::MAX);
    let mut out = run.out;
    let turns: BTreeSet<Turn> = out.turns.iter().copied().collect();
    out.restated = resolved
        .calendar
        .iter()
        .filter_map(|event| {
            let turn = recorded_turn(event)?;
            (!turns.contains(&turn)).then_some(Restated {
                event_no: event.no,
                turn,
            })
        })
        .collect();
    out.problems.sort_unstable();
    out
}

/// An event at its place in the timeline.
struct Placed<'a> {
    on: NaiveDate,
    event: &'a Event,
}

fn place<'a>(standing: &[Standing<'a>]) -> Vec<Placed<'a>> {
    let mut closed_on: Option<NaiveDate> = None;
    let mut placed: Vec<Placed<'a>> = standing
        .iter()
        .rev()
        .map(|entry| {
            let kind = &entry.event.kind;
            if closes_application(kind) {
                closed_on = Some(entry.effective_on);
            }
            let on = match closed_on {
                Some(day) if kind.is_application_step() => entry.effective_on.min(day),
                _ => entry.effective_on,
            };
            Placed {
                on,
                event: entry.event,
            }
        })
        .collect();
    placed.sort_unstable_by_key(|placed| (placed.on, placed.event.seq, placed.event.no));
    placed
}

const fn closes_application(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Admitted {}
            | EventKind::Rejected {}
            | EventKind::ApplicationWithdrawn {}
            | EventKind::Dissolved {}
            | EventKind::Merged { .. }
    )
}

/// What holds at one moment of the run.
#[derive(Clone)]
struct Now {
    state: State,
    membership_type: MembershipType,
    country: CountryCode,
    term: Option<Term>,
    suspended_until: Option<NaiveDate>,
}

struct Run<'a> {
    rules: &'a Rules,
    now: Option<Now>,
    /// The day of the last event or turn: nothing turns before it.
    cursor: NaiveDate,
    out: Ledger,
}

impl Run<'_> {
    fn take(&mut self, placed: &Placed<'_>) {
        self.turn_through(placed.on);
        if let Err(fault) = self.apply(placed) {
            self.out.problems.push(Problem {
                event_no: placed.event.no,
                fault,
            });
        }
    }

    /// Lets the calendar turn up to a day.
    fn turn_through(&mut self, day: NaiveDate) {
        while let Some((turn, to)) = self.next_turn().filter(|(turn, _)| turn.on <= day) {
            let Some(now) = self.now.as_mut() else { return };
            now.state = to;
            self.cursor = turn.on;
            self.out.turns.push(turn);
            if turn.kind == TurnKind::Lapsed {
                self.flow(turn.on, FlowKind::Lapsed, Cause::Calendar);
                if let Some(now) = self.now.as_mut() {
                    now.term = None;
                }
            }
            self.note(turn.on, Cause::Calendar);
        }
    }

    fn next_turn(&self) -> Option<(Turn, State)> {
        let now = self.now.as_ref()?;
        // A suspension's end leads to `active` even where the term is over: the next turn, on the same day,
        // leads on to grace or lapse.
        let (last_day, kind) = match now.state {
            State::Active => (now.term?.end, None),
            State::Grace => (now.term?.grace_end, None),
            State::Suspended => (now.suspended_until?, Some(TurnKind::SuspensionEnded)),
            _ => return None,
        };
        let on = last_day.succ_opt()?.max(self.cursor);
        if on > LAST_DAY {
            return None;
        }
        if let Some(kind) = kind {
            return Some((Turn { on, kind }, State::Active));
        }
        let to = now.term?.standing_on(on);
        let kind = match to {
            State::Grace => TurnKind::GraceBegan,
            _ => TurnKind::Lapsed,
        };
        Some((Turn { on, kind }, to))
    }

    fn apply(&mut self, placed: &Placed<'_>) -> Result<(), Fault> {
        let (on, event) = (placed.on, placed.event);
        let cause = Cause::Event(event.no);
        if let EventKind::Applied {
            membership_type,
            country,
        } = &event.kind
        {
            if self.now.is_some() {
                return Err(Fault::SecondApplication);
            }
            self.now = Some(Now {
                state: State::Draft,
                membership_type: *membership_type,
                country: country.clone(),
                term: None,
                suspended_until: None,
            });
            self.cursor = on;
            self.note(on, cause);
            return Ok(());
        }
        let before = self.now.clone().ok_or(Fault::BeforeApplication)?;
        let now = self.after(&before, on, &event.kind)?;

        let mut leaves: Option<FlowKind> = None;
        let mut enters: Option<FlowKind> = None;
        match &event.kind {
            EventKind::Admitted {} => enters = Some(FlowKind::Joined),
            EventKind::Reinstated {} => enters = Some(FlowKind::Reinstated),
            EventKind::Withdrawn {} => leaves = Some(FlowKind::Withdrawn),
            EventKind::Expelled {} => leaves = Some(FlowKind::Expelled),
            EventKind::Dissolved {} => leaves = Some(FlowKind::Dissolved),
            EventKind::Merged { .. } => leaves = Some(FlowKind::Merged),
            EventKind::Transferred { .. } => {
                leaves = Some(FlowKind::TransferredOut);
                enters = Some(FlowKind::TransferredIn);
            }
            EventKind::TypeChanged { .. } => {
                leaves = Some(FlowKind::ChangedOut);
                enters = Some(FlowKind::ChangedIn);
            }
            _ => {}
        }
        if let Some(kind) = leaves.filter(|_| before.state.is_member()) {
            self.flow(on, kind, cause);
        }
        let enters = enters.filter(|_| now.state.is_member());
        self.now = Some(now);
        if let Some(kind) = enters {
            self.flow(on, kind, cause);
        }
        self.mark_desk(&event.kind);
        self.cursor = on;
        self.note(on, cause);
        Ok(())
    }

    /// What holds after an event, or why it can't be.
    fn after(&self, before: &Now, on: NaiveDate, kind: &EventKind) -> Result<Now, Fault> {
        let not_possible = |rule| Fault::NotPossible {
            state: before.state,
            rule,
        };
        let stance = self.out.desk.stance;
        let act = Act::of(kind, stance).ok_or_else(|| not_possible(Why::State))?;
        let ctx = Context {
            on,
            term: before.term,
            stance,
            other_open: false,
        };
        let mut now = before.clone();
        now.state =
            machine::next(before.state, act, &ctx).map_err(|error| not_possible(error.why))?;
        match kind {
            EventKind::Admitted {} | EventKind::Reinstated {} => {
                now.term = Some(self.rules.at(now.membership_type, on).term_from(on));
            }
            EventKind::Renewed {} => {
                let first = before.term.and_then(|term| term.end.succ_opt());
                now.term =
                    first.map(|first| self.rules.at(now.membership_type, first).term_from(first));
            }
            EventKind::Suspended { until } => {
                if until.is_some_and(|until| until < on) {
                    return Err(Fault::UntilBeforeStart);
                }
                now.suspended_until = *until;
            }
            // As for a suspension's end by date: the calendar leads on from `active`.
            EventKind::Lifted {} => now.state = State::Active,
            EventKind::Transferred { to_country } => {
                if *to_country == before.country {
                    return Err(Fault::SameCountry);
                }
                now.country.clone_from(to_country);
            }
            EventKind::TypeChanged { to } => {
                if *to == before.membership_type {
                    return Err(Fault::SameType);
                }
                now.membership_type = *to;
            }
            _ => {}
        }
        if !now.state.is_member() {
            now.term = None;
        }
        Ok(now)
    }

    fn mark_desk(&mut self, kind: &EventKind) {
        let desk = &mut self.out.desk;
        match kind {
            EventKind::ReviewTaken { reviewer } | EventKind::ReviewReassigned { reviewer } => {
                desk.reviewer = Some(reviewer.clone());
            }
            EventKind::Returned { deadline } => {
                desk.deadline = Some(*deadline);
                desk.stance = None;
            }
            EventKind::Recommended { stance } => desk.stance = Some(*stance),
            EventKind::Transferred { .. } => {}
            // Handed in, released or decided: the desk is clear.
            _ => *desk = super::ledger::Desk::default(),
        }
    }

    fn flow(&mut self, on: NaiveDate, kind: FlowKind, cause: Cause) {
        if let Some(now) = &self.now {
            self.out.flows.push(Flow {
                on,
                kind,
                country: now.country.clone(),
                membership_type: now.membership_type,
                cause,
            });
        }
    }

    /// Begins an interval, unless nothing that an interval holds has changed. An interval without a day
    /// leaves no trace.
    fn note(&mut self, on: NaiveDate, cause: Cause) {
        let Some(now) = &self.now else { return };
        let fresh = Interval {
            from: on,
            to: None,
            state: now.state,
            membership_type: now.membership_type,
            country: now.country.clone(),
            term_end: now.term.map(|term| term.end),
            grace_end: now.term.map(|term| term.grace_end),
            cause,
        };
        let intervals = &mut self.out.intervals;
        if intervals.last().is_some_and(|last| same(last, &fresh)) {
            return;
        }
        if intervals.last().is_some_and(|last| last.from == on) {
            intervals.pop();
        }
        match intervals.last_mut() {
            Some(last) if same(last, &fresh) => last.to = None,
            Some(last) => {
                last.to = Some(on);
                intervals.push(fresh);
            }
            None => intervals.push(fresh),
        }
    }
}

fn same(a: &Interval, b: &Interval) -> bool {
    (a.state, a.membership_type, a.term_end, a.grace_end)
        == (b.state, b.membership_type, b.term_end, b.grace_end)
        && a.country == b.country
}

#[cfg(test)]
pub(super) mod tests;
