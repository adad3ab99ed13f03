//! Ledgers for the tests, written as sentences.

use chrono::NaiveDate;

use super::model::{Correction, Event, EventKind, MembershipType, Stance};
use super::rules::Rules;

/// Reads a day.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day like 2026-01-31")
}

/// Microseconds since the epoch of a day's first instant.
pub fn instant(day: NaiveDate) -> i64 {
    day.and_hms_opt(0, 0, 0)
        .expect("midnight exists")
        .and_utc()
        .timestamp_micros()
}

/// One rule for all types, in the words of the rules file.
pub fn one_rule(term_months: u32, term_end: &str, grace_days: u32) -> String {
    dated_rule("2000-01-01", term_months, term_end, grace_days)
}

/// One rule for all types from a day on, in the words of the rules file.
pub fn dated_rule(from: &str, term_months: u32, term_end: &str, grace_days: u32) -> String {
    ["full", "associate", "observer"]
        .map(|membership_type| {
            format!(
                "[[rule]]\nfrom = \"{from}\"\nmembership_type = \"{membership_type}\"\n\
                 term_months = {term_months}\nterm_end = \"{term_end}\"\ngrace_days = {grace_days}\n\
                 deciders = [\"secretariat\"]\nwaiting_days_after_rejection = 90\n\
                 required_evidence = []\nback_dating_limit_days = 366\n\
                 forward_dating_limit_days = 366\nreturn_deadline_days = 30\n"
            )
        })
        .concat()
}

/// Twelve months to the anniversary, sixty days of grace.
pub fn plain_rules() -> Rules {
    Rules::parse(&one_rule(12, "anniversary", 60)).expect("the rules are good")
}

/// A ledger under construction; each event takes the next number and sequence.
#[derive(Clone, Default)]
pub struct Book {
    /// The events so far.
    pub events: Vec<Event>,
}

impl Book {
    /// A full member of Kazakhstan, applied for and admitted on one day.
    pub fn admitted(on: &str) -> Self {
        Self::in_review(on)
            .and(
                on,
                EventKind::Recommended {
                    stance: Stance::For,
                },
            )
            .and(on, EventKind::Admitted {})
    }

    /// An application under review since a day.
    pub fn in_review(on: &str) -> Self {
        Self::default()
            .and(
                on,
                EventKind::Applied {
                    membership_type: MembershipType::Full,
                    country: "KZ".to_owned(),
                },
            )
            .and(on, EventKind::Submitted {})
            .and(
                on,
                EventKind::ReviewTaken {
                    reviewer: "u1".to_owned(),
                },
            )
    }

    /// Adds an event recorded on the day from which it holds.
    pub fn and(self, on: &str, kind: EventKind) -> Self {
        self.recorded(on, on, kind)
    }

    /// Adds an event recorded on one day that holds from another.
    pub fn recorded(mut self, recorded: &str, on: &str, kind: EventKind) -> Self {
        let event = self.next(recorded, on, kind);
        self.events.push(event);
        self
    }

    /// The event that would come next, with a reason.
    pub fn next(&self, recorded: &str, on: &str, kind: EventKind) -> Event {
        let count = self.events.len();
        let no = i32::try_from(count).expect("few events") + 1;
        let mut event = Event::new(
            no,
            i64::from(no) * 10,
            instant(day(recorded)),
            day(on),
            kind,
        );
        event.reason = Some("stated".to_owned());
        event
    }
}

/// Voids an event.
pub fn void(target_no: i32) -> EventKind {
    EventKind::Corrected {
        target_no,
        correction: Correction::Void {},
    }
}

/// Gives an event another day.
pub fn moved(target_no: i32, to: &str) -> EventKind {
    EventKind::Corrected {
        target_no,
        correction: Correction::Replace {
            effective_on: day(to),
        },
    }
}
