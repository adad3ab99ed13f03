//! What a fold gives: the whole timeline of one membership, and the questions that can be put to it.
//!
//! A ledger reaches from the first day of the application to the end of time, with the calendar's future
//! turns in it, so it is the same on whatever day it was made. "Today" is an argument of the questions.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::machine::{Act, Context, Why};
use super::model::{ActorId, CountryCode, Event, EventKind, MembershipType, Stance, State};
use super::rules::Term;

/// What brought something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The event of this number.
    Event(i32),
    /// The calendar.
    Calendar,
}

/// A stretch of days in which nothing about the membership changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Its first day.
    pub from: NaiveDate,
    /// The day after its last one; none for the last interval.
    pub to: Option<NaiveDate>,
    /// The state.
    pub state: State,
    /// The type.
    pub membership_type: MembershipType,
    /// The country.
    pub country: CountryCode,
    /// The last day of the running term, for members.
    pub term_end: Option<NaiveDate>,
    /// The last of the grace days after it, for members.
    pub grace_end: Option<NaiveDate>,
    /// What began it.
    pub cause: Cause,
}

/// The columns of the roll-forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Admitted.
    Joined,
    /// Taken back.
    Reinstated,
    /// Came from another country.
    TransferredIn,
    /// Came from another type.
    ChangedIn,
    /// Left by its letter.
    Withdrawn,
    /// Lapsed.
    Lapsed,
    /// Excluded.
    Expelled,
    /// Dissolved.
    Dissolved,
    /// Merged.
    Merged,
    /// Went to another country.
    TransferredOut,
    /// Went to another type.
    ChangedOut,
}

impl FlowKind {
    /// Every column, in the report's order.
    pub const ALL: [Self; 11] = [
        Self::Joined,
        Self::Reinstated,
        Self::TransferredIn,
        Self::ChangedIn,
        Self::Withdrawn,
        Self::Lapsed,
        Self::Expelled,
        Self::Dissolved,
        Self::Merged,
        Self::TransferredOut,
        Self::ChangedOut,
    ];

    /// The column's stable code, the same as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Reinstated => "reinstated",
            Self::TransferredIn => "transferred_in",
            Self::ChangedIn => "changed_in",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
            Self::Expelled => "expelled",
            Self::Dissolved => "dissolved",
            Self::Merged => "merged",
            Self::TransferredOut => "transferred_out",
            Self::ChangedOut => "changed_out",
        }
    }

    /// Reads a column's code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == code)
    }

    /// What the column does to the number of members: 1 or -1.
    #[must_use]
    pub const fn sign(self) -> i32 {
        match self {
            Self::Joined | Self::Reinstated | Self::TransferredIn | Self::ChangedIn => 1,
            Self::Withdrawn
            | Self::Lapsed
            | Self::Expelled
            | Self::Dissolved
            | Self::Merged
            | Self::TransferredOut
            | Self::ChangedOut => -1,
        }
    }
}

/// A member that came or went, in one country and type. It counts from the start of its day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flow {
    /// The day.
    pub on: NaiveDate,
    /// The column of the roll-forward.
    pub kind: FlowKind,
    /// The country whose number changes.
    pub country: CountryCode,
    /// The type whose number changes.
    pub membership_type: MembershipType,
    /// What brought it about.
    pub cause: Cause,
}

/// What the calendar does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// A suspension's last day passed.
    SuspensionEnded,
    /// The grace days began.
    GraceBegan,
    /// The grace days ran out.
    Lapsed,
}

impl TurnKind {
    /// The kind of event in which the turn is recorded.
    #[must_use]
    pub const fn event_kind(self) -> EventKind {
        match self {
            Self::SuspensionEnded => EventKind::SuspensionEnded {},
            Self::GraceBegan => EventKind::GraceBegan {},
            Self::Lapsed => EventKind::Lapsed {},
        }
    }

    /// The turn that an event of the calendar's recorder states.
    #[must_use]
    pub const fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::SuspensionEnded {} => Some(Self::SuspensionEnded),
            EventKind::GraceBegan {} => Some(Self::GraceBegan),
            EventKind::Lapsed {} => Some(Self::Lapsed),
            _ => None,
        }
    }
}

/// A turn of the calendar, past or to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// The day from whose start it holds.
    pub on: NaiveDate,
    /// What turned.
    pub kind: TurnKind,
}

/// A recorded turn of the calendar that later knowledge made untrue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Restated {
    /// The event that recorded it.
    pub event_no: i32,
    /// What it says.
    pub turn: Turn,
}

/// Why the timeline can't take an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Fault {
    /// The state on its day does not allow it.
    NotPossible {
        /// That state.
        state: State,
        /// The reason within the state machine.
        rule: Why,
    },
    /// It comes before the application.
    BeforeApplication,
    /// The ledger has an application already.
    SecondApplication,
    /// A suspension whose last day is before its first.
    UntilBeforeStart,
    /// A transfer to the country where it is.
    SameCountry,
    /// A change to the type that it has.
    SameType,
    /// Another event has its number.
    DuplicateNumber,
    /// A correction of an event that does not exist or was recorded later.
    NoTarget,
    /// A correction of what the calendar recorded: that follows from the other events.
    TargetIsCalendar,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NotPossible {
                state,
                rule: Why::State,
            } => {
                return write!(
                    f,
                    "the membership is in state {} then, which does not allow it",
                    state.as_str()
                );
            }
            Self::NotPossible {
                rule: Why::RecommendedAgainst,
                ..
            } => {
                "a recommendation against admission is approved or sent back, because refusing it would admit by one person"
            }
            Self::NotPossible {
                rule: Why::OtherOpen,
                ..
            } => "the organisation has another open membership of this type",
            Self::BeforeApplication => "it comes before the application",
            Self::SecondApplication => "the membership has an application already",
            Self::UntilBeforeStart => "the suspension's last day comes before its first",
            Self::SameCountry => "the organisation is in that country already",
            Self::SameType => "the membership has that type already",
            Self::DuplicateNumber => "another event has its number",
            Self::NoTarget => "it corrects what does not exist or was recorded later",
            Self::TargetIsCalendar => {
                "the calendar recorded what it corrects, which follows from the other events"
            }
        };
        f.write_str(text)
    }
}

/// An event that the timeline can't take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Its number.
    pub event_no: i32,
    /// Why not.
    pub fault: Fault,
}

/// What lies on the reviewer's desk, as of the last event; empty once decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Desk {
    /// Who reviews. Private.
    pub reviewer: Option<ActorId>,
    /// The last day for the answer to the questions.
    pub deadline: Option<NaiveDate>,
    /// The recommendation.
    pub stance: Option<Stance>,
}

/// The timeline of one membership.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Stretches of days, in order, without gap or overlap; the last is open.
    pub intervals: Vec<Interval>,
    /// Members that came or went, in order.
    pub flows: Vec<Flow>,
    /// Turns of the calendar, in order.
    pub turns: Vec<Turn>,
    /// Recorded turns that are not true, in the order of recording.
    pub restated: Vec<Restated>,
    /// Events that the timeline can't take, by event number.
    pub problems: Vec<Problem>,
    /// What lies on the reviewer's desk.
    pub desk: Desk,
}

impl Ledger {
    /// The interval that holds a day; none before the first.
    #[must_use]
    pub fn interval_on(&self, day: NaiveDate) -> Option<&Interval> {
        let after = self
            .intervals
            .partition_point(|interval| interval.from <= day);
        self.intervals.get(after.checked_sub(1)?)
    }

    /// The state on a day.
    #[must_use]
    pub fn state_on(&self, day: NaiveDate) -> Option<State> {
        self.interval_on(day).map(|interval| interval.state)
    }

    /// The day since which it has been a member without a break, if it is one on this day.
    #[must_use]
    pub fn member_since(&self, day: NaiveDate) -> Option<NaiveDate> {
        let held = self
            .intervals
            .partition_point(|interval| interval.from <= day);
        self.intervals
            .iter()
            .take(held)
            .rev()
            .take_while(|interval| interval.state.is_member())
            .last()
            .map(|interval| interval.from)
    }

    /// What the state machine needs to know on a day.
    #[must_use]
    pub fn context_on(&self, day: NaiveDate, other_open: bool) -> Context {
        let interval = self.interval_on(day);
        Context {
            on: day,
            term: interval.and_then(|interval| {
                Some(Term {
                    end: interval.term_end?,
                    grace_end: interval.grace_end?,
                })
            }),
            stance: self.desk.stance,
            other_open,
        }
    }

    /// The day from whose start it was first a member, though it may have been suspended or have ended on that same day.
    #[must_use]
    pub fn first_joined(&self) -> Option<NaiveDate> {
        let mut flows = self.flows.iter();
        flows.find(|f| f.kind == FlowKind::Joined).map(|f| f.on)
    }

    /// The acts that are possible on a day.
    #[must_use]
    pub fn possible_on(&self, day: NaiveDate, other_open: bool) -> Vec<Act> {
        self.state_on(day).map_or_else(Vec::new, |state| {
            super::machine::possible(state, &self.context_on(day, other_open))
        })
    }

    /// The turns up to a day that no event records yet: what the calendar's recorder has to write.
    #[must_use]
    pub fn due(&self, events: &[Event], through: NaiveDate) -> Vec<Turn> {
        let recorded: BTreeSet<Turn> = events.iter().filter_map(recorded_turn).collect();
        self.turns
            .iter()
            .filter(|turn| turn.on <= through && !recorded.contains(turn))
            .copied()
            .collect()
    }
}

/// The turn that an event of the calendar's recorder states.
pub(super) fn recorded_turn(event: &Event) -> Option<Turn> {
    TurnKind::of(&event.kind).map(|kind| Turn {
        on: event.effective_on,
        kind,
    })
}
