//! The words of a membership: its states and types, and the events its ledger is made of.
//!
//! An [`Event`] has a public part and a private one. [`EventKind`] holds only what may be published once
//! the organisation is public ([`EventKind::is_public`]); reasons, questions, checklists, evidence and
//! officers are fields of their own, and [`Event::public_part`] strips them.

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};

/// The opaque id of an account, or `system` for what the calendar's recorder wrote.
pub type ActorId = String;
/// The Platform's own country code, such as `KZ` or `TRNC`.
pub type CountryCode = String;

/// The fifteen states of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An application that is being written.
    Draft,
    /// An application that waits for a reviewer.
    Submitted,
    /// An application that a reviewer has taken.
    InReview,
    /// An application with open questions and a deadline.
    Returned,
    /// An application that waits for its decision.
    Recommended,
    /// An application that was decided against.
    Rejected,
    /// An application that the coordinator took back.
    ApplicationWithdrawn,
    /// A member inside its term.
    Active,
    /// A member after its term's end, inside the grace days.
    Grace,
    /// A former member whose grace days ran out.
    Lapsed,
    /// A member whose rights rest; its term runs on.
    Suspended,
    /// A former member that left by its own letter.
    Withdrawn,
    /// A former member that was excluded by decision.
    Expelled,
    /// Closed because the organisation was dissolved.
    Dissolved,
    /// Closed because the organisation was merged into its successor.
    Merged,
}

impl State {
    /// Every state, in the order of product.md's table.
    pub const ALL: [Self; 15] = [
        Self::Draft,
        Self::Submitted,
        Self::InReview,
        Self::Returned,
        Self::Recommended,
        Self::Rejected,
        Self::ApplicationWithdrawn,
        Self::Active,
        Self::Grace,
        Self::Lapsed,
        Self::Suspended,
        Self::Withdrawn,
        Self::Expelled,
        Self::Dissolved,
        Self::Merged,
    ];

    /// Says whether the organisation counts as a member: active, grace or suspended.
    #[must_use]
    pub const fn is_member(self) -> bool {
        matches!(self, Self::Active | Self::Grace | Self::Suspended)
    }

    /// Says whether this is an application, that is, a membership before its decision.
    #[must_use]
    pub const fn is_application(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::Submitted | Self::InReview | Self::Returned | Self::Recommended
        )
    }

    /// Says whether the membership is open: an organisation has at most one open membership per type.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.is_application() || self.is_member()
    }

    /// The state's stable code, the same as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::InReview => "in_review",
            Self::Returned => "returned",
            Self::Recommended => "recommended",
            Self::Rejected => "rejected",
            Self::ApplicationWithdrawn => "application_withdrawn",
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Lapsed => "lapsed",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
            Self::Expelled => "expelled",
            Self::Dissolved => "dissolved",
            Self::Merged => "merged",
        }
    }

    /// Reads a state's code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == code)
    }
}

/// The types of membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipType {
    /// Full member.
    Full,
    /// Associate member.
    Associate,
    /// Observer.
    Observer,
}

impl MembershipType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Full, Self::Associate, Self::Observer];

    /// The type's stable code, the same as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Associate => "associate",
            Self::Observer => "observer",
        }
    }

    /// Reads a type's code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == code)
    }
}

/// Which way a reviewer recommends.
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
pub enum Stance {
    /// To admit.
    For,
    /// To reject.
    Against,
}

/// What a correction does to the event that it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum Correction {
    /// The event counts as never recorded.
    Void {},
    /// The event holds from another day; [`Event::replacement`] may also give it another reason and evidence.
    Replace {
        /// The day from which the corrected event holds.
        effective_on: NaiveDate,
    },
}

/// What happened, without anything private. In JSON the tag is `kind`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EventKind {
    /// A draft was opened: the first event of every membership.
    Applied {
        /// The type applied for.
        membership_type: MembershipType,
        /// The organisation's country.
        country: CountryCode,
    },
    /// The draft, or the answer to questions, was handed in.
    Submitted {},
    /// A reviewer took the application.
    ReviewTaken {
        /// The reviewer.
        reviewer: ActorId,
    },
    /// The reviewer gave the application back to the queue.
    ReviewReleased {},
    /// The secretariat gave the application to another reviewer.
    ReviewReassigned {
        /// The new reviewer.
        reviewer: ActorId,
    },
    /// Questions were asked; their text is [`Event::questions`].
    Returned {
        /// The last day for an answer.
        deadline: NaiveDate,
    },
    /// The reviewer proposed a decision.
    Recommended {
        /// For or against.
        stance: Stance,
    },
    /// The application was decided against.
    Rejected {},
    /// The coordinator took the application back.
    ApplicationWithdrawn {},
    /// The organisation was admitted; its first term begins.
    Admitted {},
    /// The next term was added at the end of the running one.
    Renewed {},
    /// The member was suspended.
    Suspended {
        /// The last day of the suspension; open if absent.
        until: Option<NaiveDate>,
    },
    /// The suspension was ended by decision.
    Lifted {},
    /// A former member was taken back; a new term begins.
    Reinstated {},
    /// The member left by its own letter.
    Withdrawn {},
    /// The member was excluded.
    Expelled {},
    /// The organisation was dissolved.
    Dissolved {},
    /// The organisation was merged into another.
    Merged {
        /// The successor's registry number.
        successor: String,
    },
    /// The organisation moved to another country; number and membership stay.
    Transferred {
        /// The new country.
        to_country: CountryCode,
    },
    /// The type of membership changed.
    TypeChanged {
        /// The new type.
        to: MembershipType,
    },
    /// An earlier event was corrected.
    Corrected {
        /// The corrected event's number within this membership.
        target_no: i32,
        /// What is corrected.
        correction: Correction,
    },
    /// Recorded by the calendar: the term ended and the grace days began.
    GraceBegan {},
    /// Recorded by the calendar: the grace days ran out.
    Lapsed {},
    /// Recorded by the calendar: the suspension's last day passed.
    SuspensionEnded {},
}

impl EventKind {
    /// The kind's stable code, the same as the tag in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Submitted {} => "submitted",
            Self::ReviewTaken { .. } => "review_taken",
            Self::ReviewReleased {} => "review_released",
            Self::ReviewReassigned { .. } => "review_reassigned",
            Self::Returned { .. } => "returned",
            Self::Recommended { .. } => "recommended",
            Self::Rejected {} => "rejected",
            Self::ApplicationWithdrawn {} => "application_withdrawn",
            Self::Admitted {} => "admitted",
            Self::Renewed {} => "renewed",
            Self::Suspended { .. } => "suspended",
            Self::Lifted {} => "lifted",
            Self::Reinstated {} => "reinstated",
            Self::Withdrawn {} => "withdrawn",
            Self::Expelled {} => "expelled",
            Self::Dissolved {} => "dissolved",
            Self::Merged { .. } => "merged",
            Self::Transferred { .. } => "transferred",
            Self::TypeChanged { .. } => "type_changed",
            Self::Corrected { .. } => "corrected",
            Self::GraceBegan {} => "grace_began",
            Self::Lapsed {} => "lapsed",
            Self::SuspensionEnded {} => "suspension_ended",
        }
    }

    /// Says whether only the calendar's recorder writes this kind; the fold takes no state from it.
    #[must_use]
    pub const fn is_calendar(&self) -> bool {
        matches!(
            self,
            Self::GraceBegan {} | Self::Lapsed {} | Self::SuspensionEnded {}
        )
    }

    /// Says whether this is a step of an application before its decision.
    #[must_use]
    pub const fn is_application_step(&self) -> bool {
        matches!(
            self,
            Self::Applied { .. }
                | Self::Submitted {}
                | Self::ReviewTaken { .. }
                | Self::ReviewReleased {}
                | Self::ReviewReassigned { .. }
                | Self::Returned { .. }
                | Self::Recommended { .. }
        )
    }

    /// Says whether the kind may be published once the organisation is public: never an application,
    /// its end without membership, or a correction (whose effect shows in the corrected dates).
    #[must_use]
    pub const fn is_public(&self) -> bool {
        !self.is_application_step()
            && !matches!(
                self,
                Self::Rejected {} | Self::ApplicationWithdrawn {} | Self::Corrected { .. }
            )
    }

    /// Says whether the record is refused without a reason, whatever its day.
    #[must_use]
    pub const fn needs_reason(&self) -> bool {
        matches!(
            self,
            Self::Rejected {} | Self::Suspended { .. } | Self::Expelled {} | Self::Corrected { .. }
        )
    }
}

/// The reason and evidence that a `replace` correction gives to the corrected event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The corrected event's reason from now on.
    pub reason: Option<String>,
    /// The corrected event's evidence from now on.
    pub evidence: Vec<i32>,
}

/// One line of a reviewer's checklist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedItem {
    /// The item's code.
    pub item: String,
    /// Whether it is met.
    pub met: bool,
}

/// One dated event of a membership. Never changed once recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its number within the membership, from 1 without gaps.
    pub no: i32,
    /// The sequence of the journal entry that recorded it.
    pub seq: i64,
    /// When it was recorded, in microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at: i64,
    /// The day from whose start it holds.
    pub effective_on: NaiveDate,
    /// What happened.
    pub kind: EventKind,
    /// Who proposed it, or did it where one person may. Private.
    #[serde(default)]
    pub proposer: Option<ActorId>,
    /// Who decided it. Private.
    #[serde(default)]
    pub decider: Option<ActorId>,
    /// The number of the paper decision. Private.
    #[serde(default)]
    pub decision_number: Option<String>,
    /// The day of the paper decision. Private.
    #[serde(default)]
    pub decision_date: Option<NaiveDate>,
    /// Why. Private.
    #[serde(default)]
    pub reason: Option<String>,
    /// The questions of a `returned`. Private.
    #[serde(default)]
    pub questions: Option<String>,
    /// The checklist of a `recommended`. Private.
    #[serde(default)]
    pub checklist: Vec<CheckedItem>,
    /// Ids of the organisation's evidence. Private.
    #[serde(default)]
    pub evidence: Vec<i32>,
    /// What a `replace` correction puts in place of reason and evidence; absent keeps them. Private.
    #[serde(default)]
    pub replacement: Option<Replacement>,
    /// The run of the calendar's recorder that wrote it. Private.
    #[serde(default)]
    pub run: Option<String>,
}

impl Event {
    /// Makes an event with nothing private in it.
    #[must_use]
    pub const fn new(
        no: i32,
        seq: i64,
        recorded_at: i64,
        effective_on: NaiveDate,
        kind: EventKind,
    ) -> Self {
        Self {
            no,
            seq,
            recorded_at,
            effective_on,
            kind,
            proposer: None,
            decider: None,
            decision_number: None,
            decision_date: None,
            reason: None,
            questions: None,
            checklist: Vec::new(),
            evidence: Vec::new(),
            replacement: None,
            run: None,
        }
    }

    /// The UTC day on which it was recorded; none if the instant is outside the calendar.
    #[must_use]
    pub fn recorded_on(&self) -> Option<NaiveDate> {
        DateTime::from_timestamp_micros(self.recorded_at).map(|instant| instant.date_naive())
    }

    /// Says whether somebody dated it before the day on which it was recorded. What the calendar did by itself has its day
    /// whenever it is written down.
    #[must_use]
    pub fn is_back_dated(&self) -> bool {
        let recorded_on = self.recorded_on();
        !self.kind.is_calendar() && recorded_on.is_some_and(|day| self.effective_on < day)
    }

    /// The event without anything private, or none where its kind is never public.
    #[must_use]
    pub fn public_part(&self) -> Option<Self> {
        self.kind.is_public().then(|| {
            Self::new(
                self.no,
                self.seq,
                self.recorded_at,
                self.effective_on,
                self.kind.clone(),
            )
        })
    }
}

#[cfg(test)]
mod tests;
