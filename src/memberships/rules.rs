//! The dated rules of membership, and the terms that follow from them.
//!
//! Rules are a TOML file with one `[[rule]]` per membership type and first day; `rules/default.toml` states
//! the defaults and why. A term keeps the rule under which it began, its grace days included, so that a new
//! rule or a change of type never rewrites a running term.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::model::{MembershipType, State};

/// The last day that there is: the last one with a year of four digits, which the wire, the texts of the journal and both databases
/// have in one form.
pub const LAST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

const DEFAULT: &str = include_str!("rules/default.toml");

/// Why a rules file is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RulesError {
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("the rules can't be read: {0}")]
    Syntax(String),
    /// A type has no rule at all.
    #[error("no rule for {}", .0.as_str())]
    Missing(MembershipType),
    /// Two rules of one type begin on one day.
    #[error("two rules for {} begin on {}", .0.as_str(), .1)]
    Twice(MembershipType, NaiveDate),
    /// A value is out of its bounds.
    #[error("rule for {} from {from}: {key} {problem}", .membership_type.as_str())]
    Value {
        /// The rule's type.
        membership_type: MembershipType,
        /// The rule's first day.
        from: NaiveDate,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Who may close a proposal, beside the person who opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// Somebody of the secretariat.
    Secretariat,
    /// Another coordinator of the organisation's country.
    SameCountryCoordinator,
}

/// Where a term ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermEnd {
    /// The day before the anniversary of its first day.
    Anniversary,
    /// 31 December; the first term may be short.
    YearEnd,
}

/// The rule of one membership type from one day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its first day.
    pub from: NaiveDate,
    /// The type it is for.
    pub membership_type: MembershipType,
    /// Length of a term in months, 1 to 1200.
    pub term_months: u32,
    /// Where a term ends.
    pub term_end: TermEnd,
    /// Days after the term's end in which the member still counts.
    pub grace_days: u32,
    /// Who may decide.
    pub deciders: BTreeSet<Decider>,
    /// Days after a rejection before the next application.
    pub waiting_days_after_rejection: u32,
    /// Types of evidence without which an application is not submitted.
    pub required_evidence: BTreeSet<String>,
    /// How many days before its recording an act may be dated.
    pub back_dating_limit_days: u32,
    /// How many days after its recording an act may be dated.
    pub forward_dating_limit_days: u32,
    /// Days for the answer to questions.
    pub return_deadline_days: u32,
}

/// A term: fixed when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term {
    /// The last day inside the term.
    pub end: NaiveDate,
    /// The last of the grace days; equal to `end` where there are none.
    pub grace_end: NaiveDate,
}

impl Term {
    /// What a member that is not suspended is on a day: active, grace or lapsed.
    #[must_use]
    pub fn standing_on(&self, day: NaiveDate) -> State {
        if day <= self.end {
            State::Active
        } else if day <= self.grace_end {
            State::Grace
        } else {
            State::Lapsed
        }
    }
}

impl Rule {
    /// Says whether two rules say the same, whatever day they begin on.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        Self {
            from: other.from,
            ..self.clone()
        } == *other
    }

    /// The term that begins on a day. Days beyond the last one become the last one.
    #[must_use]
    pub fn term_from(&self, start: NaiveDate) -> Term {
        let end = match self.term_end {
            TermEnd::Anniversary => day_before_anniversary(start, self.term_months),
            TermEnd::YearEnd => i32::try_from(self.term_months / 12)
                .ok()
                .and_then(|years| start.year().checked_add(years)?.checked_sub(1))
                .and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31))
                .map_or(LAST_DAY, |day| day.min(LAST_DAY)),
        };
        Term {
            end,
            grace_end: later(end, self.grace_days),
        }
    }

    /// The first day on which a term with this last day may be renewed: from it on no more than one whole term is to go.
    #[must_use]
    pub fn renewable_from(&self, term_end: NaiveDate) -> NaiveDate {
        let first = term_end
            .succ_opt()
            .unwrap_or(term_end)
            .checked_sub_months(Months::new(self.term_months))
            .unwrap_or(NaiveDate::MIN);
        // A day that its month lacks makes a difference of up to three days, to either side.
        first
            .checked_sub_days(Days::new(3))
            .unwrap_or(first)
            .iter_days()
            .take(8)
            .find(|day| day_before_anniversary(*day, self.term_months) >= term_end)
            .unwrap_or(first)
    }

    /// The first day on which a rejected organisation may apply again.
    #[must_use]
    pub fn may_apply_from(&self, rejected_on: NaiveDate) -> NaiveDate {
        later(rejected_on, self.waiting_days_after_rejection)
    }

    /// The last day for the answer to questions asked on a day.
    #[must_use]
    pub fn return_deadline(&self, asked_on: NaiveDate) -> NaiveDate {
        later(asked_on, self.return_deadline_days)
    }

    /// The earliest day that an act recorded on a day may be dated.
    #[must_use]
    pub fn earliest(&self, recorded_on: NaiveDate) -> NaiveDate {
        recorded_on
            .checked_sub_days(Days::new(self.back_dating_limit_days.into()))
            .unwrap_or(NaiveDate::MIN)
    }

    /// The latest day that an act recorded on a day may be dated.
    #[must_use]
    pub fn latest(&self, recorded_on: NaiveDate) -> NaiveDate {
        later(recorded_on, self.forward_dating_limit_days)
    }

    fn check(&self) -> Result<(), RulesError> {
        let wrong = |key, problem| {
            Err(RulesError::Value {
                membership_type: self.membership_type,
                from: self.from,
                key,
                problem,
            })
        };
        if !(1..=1200).contains(&self.term_months) {
            return wrong("term_months", "must be 1 to 1200");
        }
        if self.term_end == TermEnd::YearEnd && !self.term_months.is_multiple_of(12) {
            return wrong(
                "term_months",
                "must be whole years where terms end with the year",
            );
        }
        if self.deciders.is_empty() {
            return wrong("deciders", "must name somebody");
        }
        if self.required_evidence.iter().any(String::is_empty) {
            return wrong("required_evidence", "must not be empty text");
        }
        for (key, days) in [
            ("grace_days", self.grace_days),
            (
                "waiting_days_after_rejection",
                self.waiting_days_after_rejection,
            ),
            ("back_dating_limit_days", self.back_dating_limit_days),
            ("forward_dating_limit_days", self.forward_dating_limit_days),
            ("return_deadline_days", self.return_deadline_days),
        ] {
            if days > 36_600 {
                return wrong(key, "must be at most 36600");
            }
        }
        Ok(())
    }
}

fn later(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into()))
        .map_or(LAST_DAY, |day| day.min(LAST_DAY))
}

/// A day that its month lacks (29 February) has its anniversary on the first of the next month: otherwise
/// each leap day would move the terms after it.
fn day_before_anniversary(start: NaiveDate, months: u32) -> NaiveDate {
    match start.checked_add_months(Months::new(months)) {
        None => LAST_DAY,
        Some(day) if day.day() < start.day() => day.min(LAST_DAY),
        Some(day) => day.pred_opt().unwrap_or(day).min(LAST_DAY),
    }
}

/// The rules of one type: at least one, in the order of their days.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dated {
    first: Rule,
    later: Vec<Rule>,
}

impl Dated {
    fn at(&self, day: NaiveDate) -> &Rule {
        self.later
            .iter()
            .rev()
            .find(|rule| rule.from <= day)
            .unwrap_or(&self.first)
    }
}

/// All rules, each type's by day. Every membership that is read holds them, so a clone shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    full: Arc<Dated>,
    associate: Arc<Dated>,
    observer: Arc<Dated>,
    known_from: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// What is wrong and in which line, without the line itself: it may be of another file, with a password in it.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
    // Nor the value that is of another kind.
    let mut message = String::new();
    for (n, part) in error.message().split('"').enumerate() {
        message.push_str(if n % 2 == 0 { part } else { "…" });
    }
    format!("{message}{line}")
}

impl Rules {
    /// Reads a rules file.
    ///
    /// # Errors
    ///
    /// Where it is not TOML of this form, lacks a type, has two rules of a type from one day, or a value out
    /// of bounds.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let File { rule: mut rules } = toml::from_str(text)
            .map_err(|error| RulesError::Syntax(what_is_wrong(text, &error)))?;
        rules.sort_by_key(|rule| rule.from);
        for rule in &rules {
            rule.check()?;
        }
        let dated = |membership_type| {
            let mut own = rules
                .iter()
                .filter(|rule| rule.membership_type == membership_type)
                .cloned();
            let first = own.next().ok_or(RulesError::Missing(membership_type))?;
            let later: Vec<Rule> = own.collect();
            let mut last = first.from;
            for rule in &later {
                if rule.from == last {
                    return Err(RulesError::Twice(membership_type, last));
                }
                last = rule.from;
            }
            Ok(Arc::new(Dated { first, later }))
        };
        Ok(Self {
            full: dated(MembershipType::Full)?,
            associate: dated(MembershipType::Associate)?,
            observer: dated(MembershipType::Observer)?,
            known_from: 0,
        })
    }

    /// The position of the journal at which they were adopted; 0 for those that were not.
    #[must_use]
    pub const fn known_from(&self) -> i64 {
        self.known_from
    }

    /// The same, adopted at a position of the journal.
    #[must_use]
    pub fn adopted_at(self, known_from: i64) -> Self {
        Self { known_from, ..self }
    }

    /// Says whether two sets of rules say the same, whenever they were adopted.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.clone().adopted_at(other.known_from) == *other
    }

    /// The rules that ship with the registry.
    ///
    /// # Errors
    ///
    /// Never in a build whose tests pass: the text is part of the program.
    pub fn default_rules() -> Result<Self, RulesError> {
        Self::parse(DEFAULT)
    }

    /// The most grace days that any rule gives.
    #[must_use]
    pub fn longest_grace(&self) -> u32 {
        [&self.full, &self.associate, &self.observer]
            .into_iter()
            .flat_map(|dated| std::iter::once(&dated.first).chain(&dated.later))
            .map(|rule| rule.grace_days)
            .max()
            .unwrap_or(0)
    }

    /// The first days of a type's rules, in order.
    #[must_use]
    pub fn first_days(&self, membership_type: MembershipType) -> Vec<NaiveDate> {
        let dated = match membership_type {
            MembershipType::Full => &self.full,
            MembershipType::Associate => &self.associate,
            MembershipType::Observer => &self.observer,
        };
        std::iter::once(&dated.first)
            .chain(&dated.later)
            .map(|rule| rule.from)
            .collect()
    }

    /// The rule of a type on a day; before the first rule's day, the first one.
    #[must_use]
    pub fn at(&self, membership_type: MembershipType, day: NaiveDate) -> &Rule {
        match membership_type {
            MembershipType::Full => self.full.at(day),
            MembershipType::Associate => self.associate.at(day),
            MembershipType::Observer => self.observer.at(day),
        }
    }
}

#[cfg(test)]
mod tests;
