//! What people do to a membership: the acts, their codes, and how many people each takes.

use serde::{Deserialize, Serialize};

use super::model::{EventKind, Stance};

/// How a decider closes a recommendation.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = DecisionOutcome)]
pub enum Outcome {
    /// As recommended: admission, or rejection where the recommendation is against.
    Approved,
    /// The recommended admission is refused.
    Refused,
    /// Questions are asked first.
    SentBack,
}

/// Everything that people do to a membership after its draft was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Hand in the draft or the answers.
    Submit,
    /// Take the application back.
    WithdrawApplication,
    /// Take the application for review.
    TakeReview,
    /// Give the review back to the queue.
    ReleaseReview,
    /// Give the review to somebody else.
    ReassignReview,
    /// Ask questions, as the reviewer; from `recommended` this gives up the recommendation.
    Return,
    /// Propose a decision.
    Recommend,
    /// Decide on the recommendation.
    Decide(Outcome),
    /// Add the next term.
    Renew,
    /// Suspend.
    Suspend,
    /// End a suspension.
    Lift,
    /// Exclude.
    Expel,
    /// Take a former member back.
    Reinstate,
    /// Leave by the member's letter.
    Withdraw,
    /// Change the type.
    ChangeType,
    /// Move to another country.
    Transfer,
    /// Close because the organisation was dissolved.
    Dissolve,
    /// Close because the organisation was merged.
    Merge,
    /// Undo the merge.
    Unmerge,
    /// Correct an earlier event.
    Correct,
}

/// How many people, of which side, an act takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authority {
    /// One person may do it.
    OnePerson,
    /// It opens a proposal that another officer closes.
    Proposal,
    /// It opens a proposal, and officers of both countries and the secretariat take part.
    ProposalOfBothCountries,
    /// It closes a proposal: a second officer's act.
    SecondOfficer,
    /// That of the event which it corrects.
    OfCorrectedEvent,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 22] = [
        Self::Submit,
        Self::WithdrawApplication,
        Self::TakeReview,
        Self::ReleaseReview,
        Self::ReassignReview,
        Self::Return,
        Self::Recommend,
        Self::Decide(Outcome::Approved),
        Self::Decide(Outcome::Refused),
        Self::Decide(Outcome::SentBack),
        Self::Renew,
        Self::Suspend,
        Self::Lift,
        Self::Expel,
        Self::Reinstate,
        Self::Withdraw,
        Self::ChangeType,
        Self::Transfer,
        Self::Dissolve,
        Self::Merge,
        Self::Unmerge,
        Self::Correct,
    ];

    /// The act's stable code.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::WithdrawApplication => "withdraw_application",
            Self::TakeReview => "review",
            Self::ReleaseReview => "release",
            Self::ReassignReview => "reassign",
            Self::Return => "return",
            Self::Recommend => "recommend",
            Self::Decide(Outcome::Approved) => "approve",
            Self::Decide(Outcome::Refused) => "refuse",
            Self::Decide(Outcome::SentBack) => "send_back",
            Self::Renew => "renew",
            Self::Suspend => "suspend",
            Self::Lift => "lift",
            Self::Expel => "expel",
            Self::Reinstate => "reinstate",
            Self::Withdraw => "withdraw",
            Self::ChangeType => "change_type",
            Self::Transfer => "transfer",
            Self::Dissolve => "dissolve",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::Correct => "correct",
        }
    }

    /// Reads an act's code.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// How many people the act takes.
    #[must_use]
    pub const fn authority(self) -> Authority {
        match self {
            Self::Submit
            | Self::WithdrawApplication
            | Self::TakeReview
            | Self::ReleaseReview
            | Self::ReassignReview
            | Self::Return
            | Self::Renew
            | Self::Withdraw
            | Self::Dissolve => Authority::OnePerson,
            Self::Recommend
            | Self::Suspend
            | Self::Lift
            | Self::Expel
            | Self::Reinstate
            | Self::ChangeType => Authority::Proposal,
            Self::Transfer | Self::Merge | Self::Unmerge => Authority::ProposalOfBothCountries,
            Self::Decide(_) => Authority::SecondOfficer,
            Self::Correct => Authority::OfCorrectedEvent,
        }
    }

    /// Says whether the act opens a proposal. Only `recommend` also changes the state at once.
    #[must_use]
    pub const fn opens_proposal(self) -> bool {
        matches!(
            self.authority(),
            Authority::Proposal | Authority::ProposalOfBothCountries
        )
    }

    /// Says whether the act is one on the organisation, which reaches all its memberships.
    #[must_use]
    pub const fn is_on_organisation(self) -> bool {
        matches!(
            self,
            Self::Transfer | Self::Dissolve | Self::Merge | Self::Unmerge
        )
    }

    /// The act that an event records; none for `applied`, which opens the ledger, and for the calendar's.
    ///
    /// `stance` is that of the recommendation the event decides on: a rejection approves one against.
    #[must_use]
    pub const fn of(kind: &EventKind, stance: Option<Stance>) -> Option<Self> {
        Some(match kind {
            EventKind::Applied { .. }
            | EventKind::GraceBegan {}
            | EventKind::Lapsed {}
            | EventKind::SuspensionEnded {} => return None,
            EventKind::Submitted {} => Self::Submit,
            EventKind::ReviewTaken { .. } => Self::TakeReview,
            EventKind::ReviewReleased {} => Self::ReleaseReview,
            EventKind::ReviewReassigned { .. } => Self::ReassignReview,
            EventKind::Returned { .. } => Self::Return,
            EventKind::Recommended { .. } => Self::Recommend,
            EventKind::Rejected {} => match stance {
                Some(Stance::Against) => Self::Decide(Outcome::Approved),
                Some(Stance::For) | None => Self::Decide(Outcome::Refused),
            },
            EventKind::Admitted {} => match stance {
                Some(Stance::Against) => Self::Decide(Outcome::Refused),
                Some(Stance::For) | None => Self::Decide(Outcome::Approved),
            },
            EventKind::ApplicationWithdrawn {} => Self::WithdrawApplication,
            EventKind::Renewed {} => Self::Renew,
            EventKind::Suspended { .. } => Self::Suspend,
            EventKind::Lifted {} => Self::Lift,
            EventKind::Reinstated {} => Self::Reinstate,
            EventKind::Withdrawn {} => Self::Withdraw,
            EventKind::Expelled {} => Self::Expel,
            EventKind::Dissolved {} => Self::Dissolve,
            EventKind::Merged { .. } => Self::Merge,
            EventKind::Transferred { .. } => Self::Transfer,
            EventKind::TypeChanged { .. } => Self::ChangeType,
            EventKind::Corrected { .. } => Self::Correct,
        })
    }
}
