//! The state machine: which act is possible in which state, and where it leads.
//!
//! One private function, `arrow`, is the whole table; [`next`], [`possible`] and [`diagram`] read it, and the
//! fold takes its states from [`next`]. What the calendar does by itself (grace, lapse, a suspension's end) is
//! no act: it follows from [`Term::standing_on`].

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;
use thiserror::Error;

pub use super::acts::{Act, Authority, Outcome};
use super::model::{Stance, State};
use super::rules::Term;

/// What an act's possibility depends on besides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The day of the act.
    pub on: NaiveDate,
    /// The running term, for members.
    pub term: Option<Term>,
    /// The recommendation's stance, in `recommended`.
    pub stance: Option<Stance>,
    /// Whether the organisation has another open membership of the same type.
    pub other_open: bool,
}

impl Context {
    /// A context with nothing known but the day.
    #[must_use]
    pub const fn on(on: NaiveDate) -> Self {
        Self {
            on,
            term: None,
            stance: None,
            other_open: false,
        }
    }
}

/// Why an act is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The state does not allow it.
    State,
    /// A recommendation against admission can be approved or sent back; refusing it would admit by one person.
    RecommendedAgainst,
    /// The organisation has another open membership of this type.
    OtherOpen,
}

impl Why {
    /// The reason behind what the state alone does not say.
    const fn words(self) -> &'static str {
        match self {
            Self::State => "",
            Self::RecommendedAgainst => {
                ": to refuse a recommendation against would be to admit by one person; approve it, which rejects the application, or send it back"
            }
            Self::OtherOpen => ": the organisation has another open membership of this type",
        }
    }
}

/// An act that is not possible, and those that are.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is not possible in state {}{}", .act.name(), .state.as_str(), .why.words())]
pub struct NotPossible {
    /// The state in which it was tried.
    pub state: State,
    /// The act.
    pub act: Act,
    /// Why not.
    pub why: Why,
    /// The acts that are possible.
    pub possible: Vec<Act>,
}

/// Where an arrow of the table points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    State(State),
    Stay,
    /// Active, grace or lapsed, as the term says.
    ByTerm,
    /// One state for each stance of the recommendation.
    ByStance {
        recommended_for: Option<State>,
        recommended_against: Option<State>,
    },
}

/// The table. Every act lists the states it is possible in.
const fn arrow(state: State, act: Act) -> Option<To> {
    use State as S;
    let (possible, to) = match act {
        Act::Submit => (
            matches!(state, S::Draft | S::Returned),
            To::State(S::Submitted),
        ),
        Act::WithdrawApplication => (state.is_application(), To::State(S::ApplicationWithdrawn)),
        Act::TakeReview => (matches!(state, S::Submitted), To::State(S::InReview)),
        Act::ReleaseReview => (matches!(state, S::InReview), To::State(S::Submitted)),
        Act::ReassignReview => (matches!(state, S::InReview), To::Stay),
        Act::Return => (
            matches!(state, S::InReview | S::Recommended),
            To::State(S::Returned),
        ),
        Act::Recommend => (
            matches!(state, S::InReview | S::Recommended),
            To::State(S::Recommended),
        ),
        Act::Decide(Outcome::Approved) => (
            matches!(state, S::Recommended),
            To::ByStance {
                recommended_for: Some(S::Active),
                recommended_against: Some(S::Rejected),
            },
        ),
        Act::Decide(Outcome::Refused) => (
            matches!(state, S::Recommended),
            To::ByStance {
                recommended_for: Some(S::Rejected),
                recommended_against: None,
            },
        ),
        Act::Decide(Outcome::SentBack) => (matches!(state, S::Recommended), To::State(S::Returned)),
        Act::Renew => (matches!(state, S::Active | S::Grace), To::State(S::Active)),
        Act::Suspend => (
            matches!(state, S::Active | S::Grace),
            To::State(S::Suspended),
        ),
        Act::Lift => (matches!(state, S::Suspended), To::ByTerm),
        Act::Expel => (state.is_member(), To::State(S::Expelled)),
        Act::Reinstate => (
            matches!(state, S::Lapsed | S::Withdrawn | S::Expelled),
            To::State(S::Active),
        ),
        Act::Withdraw => (state.is_member(), To::State(S::Withdrawn)),
        Act::ChangeType => (state.is_member(), To::Stay),
        Act::Transfer => (
            !matches!(
                state,
                S::Rejected | S::ApplicationWithdrawn | S::Dissolved | S::Merged
            ),
            To::Stay,
        ),
        Act::Dissolve => (
            !matches!(state, S::Dissolved | S::Merged),
            To::State(S::Dissolved),
        ),
        Act::Merge => (
            !matches!(state, S::Dissolved | S::Merged),
            To::State(S::Merged),
        ),
        // What it leads to is the fold's to say, as for a correction.
        Act::Unmerge => (matches!(state, S::Merged), To::Stay),
        Act::Correct => (true, To::Stay),
    };
    if possible { Some(to) } else { None }
}

/// Says whether the table has the act in this state at all.
#[must_use]
pub const fn is_possible(state: State, act: Act) -> bool {
    arrow(state, act).is_some()
}

fn resolve(state: State, act: Act, ctx: &Context) -> Result<State, Why> {
    let to = match arrow(state, act).ok_or(Why::State)? {
        To::State(to) => to,
        To::Stay => state,
        To::ByTerm => ctx
            .term
            .map_or(State::Active, |term| term.standing_on(ctx.on)),
        To::ByStance {
            recommended_for,
            recommended_against,
        } => match ctx.stance {
            Some(Stance::Against) => recommended_against.ok_or(Why::RecommendedAgainst)?,
            Some(Stance::For) | None => recommended_for.ok_or(Why::State)?,
        },
    };
    if act == Act::Reinstate && ctx.other_open {
        return Err(Why::OtherOpen);
    }
    Ok(to)
}

/// The state after an act.
///
/// A correction answers the state it was asked in: where it really leads is the fold's to say.
///
/// # Errors
///
/// Where the act is not possible; the error lists the acts that are.
pub fn next(state: State, act: Act, ctx: &Context) -> Result<State, NotPossible> {
    resolve(state, act, ctx).map_err(|why| NotPossible {
        state,
        act,
        why,
        possible: possible(state, ctx),
    })
}

/// The acts that are possible, in the order of [`Act::ALL`]. Who may do them is another question.
#[must_use]
pub fn possible(state: State, ctx: &Context) -> Vec<Act> {
    Act::ALL
        .into_iter()
        .filter(|act| resolve(state, *act, ctx).is_ok())
        .collect()
}

/// The machine as a Mermaid state diagram. Acts that keep the state are left out; an act that leads from
/// every state but the organisation's own ends is drawn once, from `any`.
#[must_use]
pub fn diagram() -> String {
    let mut out = String::from(
        "stateDiagram-v2\n    state \"any other state\" as any\n    [*] --> draft: apply\n",
    );
    let mut line = |from: &str, to: State, label: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(out, "    {from} --> {}: {label}", to.as_str());
    };
    let from_everywhere = |act| {
        State::ALL
            .into_iter()
            .filter(|state| !matches!(state, State::Dissolved | State::Merged))
            .all(|state| arrow(state, act).is_some())
    };
    for state in State::ALL {
        for act in Act::ALL.into_iter().filter(|act| !from_everywhere(*act)) {
            let (from, name) = (state.as_str(), act.name());
            match arrow(state, act) {
                None | Some(To::Stay) => {}
                Some(To::State(to)) => line(from, to, name),
                Some(To::ByTerm) => {
                    line(from, State::Active, &format!("{name}, term runs"));
                    line(from, State::Grace, &format!("{name}, in the grace days"));
                    line(from, State::Lapsed, &format!("{name}, grace days over"));
                }
                Some(To::ByStance {
                    recommended_for,
                    recommended_against,
                }) => {
                    for (to, stance) in [(recommended_for, "for"), (recommended_against, "against")]
                    {
                        if let Some(to) = to {
                            line(from, to, &format!("{name}, recommended {stance}"));
                        }
                    }
                }
            }
        }
    }
    for act in Act::ALL.into_iter().filter(|act| from_everywhere(*act)) {
        if let Some(To::State(to)) = arrow(State::Draft, act) {
            line("any", to, act.name());
        }
    }
    for (from, to, label) in [
        ("active", State::Grace, "term over"),
        ("active", State::Lapsed, "term over, no grace days"),
        ("grace", State::Lapsed, "grace days over"),
        ("suspended", State::Active, "suspension over"),
        (
            "suspended",
            State::Grace,
            "suspension over, in the grace days",
        ),
        (
            "suspended",
            State::Lapsed,
            "suspension over, grace days over",
        ),
    ] {
        line(from, to, &format!("calendar, {label}"));
    }
    out
}

#[cfg(test)]
mod tests;
