//! Which rules of membership hold, and since when the registry knows.
//!
//! The program ships with rules; a file may take their place. A change is adopted at a start, as an entry of the journal with
//! the whole text, and only if it leaves every day up to today as it was: a changed rule does not rewrite the past. Terms that
//! begin later follow the new rule, so the coming calendar of the stored timelines may change with the adoption, and what was
//! known before it stays answerable.

use chrono::NaiveDate;
use data_encoding::HEXLOWER;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::model::MembershipType;
use super::rows::AdoptedRow;
use super::rules::{Rules, RulesError};
use crate::auth::Actor;
use crate::db::schema::adopted_rules;
use crate::db::{Conn, Instant};
use crate::http::Error;
use crate::journal;

/// All rules in the order of their adoption, each with the position from which it is known; the program's own from 0.
pub fn history(conn: &mut Conn) -> Result<Vec<(i64, Rules)>, Error> {
    let mut found = vec![(0, Rules::default_rules().map_err(Error::internal)?)];
    let rows: Vec<AdoptedRow> = adopted_rules::table.order(adopted_rules::seq).load(conn)?;
    for row in rows {
        found.push((row.seq, Rules::parse(&row.text).map_err(Error::internal)?));
    }
    Ok(found)
}

/// The rules that were known at a position.
pub fn known_at(conn: &mut Conn, seq: i64) -> Result<Option<Rules>, Error> {
    let row: Option<AdoptedRow> = adopted_rules::table
        .filter(adopted_rules::seq.le(seq))
        .order(adopted_rules::seq.desc())
        .first(conn)
        .optional()?;
    match row {
        Some(row) => Rules::parse(&row.text).map(Some).map_err(Error::internal),
        None => Rules::default_rules().map(Some).map_err(Error::internal),
    }
}

/// Why rules are not adopted.
#[derive(Debug, thiserror::Error)]
pub enum NotAdopted {
    /// The text is no rules file.
    #[error("{0}")]
    Unreadable(#[from] RulesError),
    /// It changes what held on a day up to today.
    #[error(
        "the rule for {} would change on {day}, which is not after today; leave the rules that have been in force and add one with a later `from`",
        .membership_type.as_str()
    )]
    Past {
        /// The type.
        membership_type: MembershipType,
        /// The first day that would change.
        day: NaiveDate,
    },
    /// The database could not be asked.
    #[error("{0}")]
    Failed(#[from] Error),
}

/// The first day up to `today` on which two sets of rules differ for a type.
fn first_difference(
    old: &Rules,
    new: &Rules,
    today: NaiveDate,
) -> Option<(MembershipType, NaiveDate)> {
    MembershipType::ALL.into_iter().find_map(|kind| {
        let mut days: Vec<NaiveDate> = old.first_days(kind);
        days.extend(new.first_days(kind));
        // Before the first rule's day the first rule holds.
        days.push(NaiveDate::MIN);
        days.sort_unstable();
        days.into_iter()
            .filter(|day| *day <= today)
            .find(|day| !old.at(kind, *day).same_as(new.at(kind, *day)))
            // What holds before all days is told as the first rule's.
            .map(|day| match old.first_days(kind).first() {
                Some(first) if day < *first => (kind, *first),
                _ => (kind, day),
            })
    })
}

/// The rules that hold: those of the file, adopted now where they are new; without a file those adopted last. True when they
/// are new.
///
/// # Errors
///
/// Where the text is no rules file, or would change a day up to today.
pub fn adopt(
    conn: &mut Conn,
    text: Option<&str>,
    now: Instant,
) -> Result<(Rules, bool), NotAdopted> {
    let held = match history(conn)?.pop() {
        Some((_, rules)) => rules,
        None => Rules::default_rules()?,
    };
    let Some(text) = text else {
        return Ok((held, false));
    };
    let new = Rules::parse(text)?;
    if held == new {
        return Ok((new, false));
    }
    // An empty registry has no past.
    let has_past = journal::moment::head(conn)? > 0;
    if has_past && let Some((membership_type, day)) = first_difference(&held, &new, now.day()) {
        return Err(NotAdopted::Past {
            membership_type,
            day,
        });
    }
    conn.transact(|tx| {
        journal::enter(tx, &Actor::Operator, now, "rules.adopted", |tx, entry| {
            let row = AdoptedRow {
                seq: entry.seq(),
                adopted_at: entry.recorded_at().0,
                sha256: HEXLOWER.encode(&Sha256::digest(text.as_bytes())),
                text: text.to_owned(),
            };
            diesel::insert_into(adopted_rules::table)
                .values(&row)
                .execute(&mut **tx)?;
            entry.about("rules");
            entry.now(&row)
        })
    })?;
    Ok((new, true))
}

#[cfg(test)]
mod tests {
    use super::{MembershipType, first_difference};
    use crate::memberships::rules::Rules;
    use crate::memberships::samples::{dated_rule, day};

    #[test]
    fn a_changed_rule_is_told_by_a_day_that_the_file_names() {
        let rules = |first: u32, second: u32| {
            let first = dated_rule("2020-01-01", first, "anniversary", 60);
            let second = dated_rule("2024-01-01", second, "anniversary", 60);
            Rules::parse(&format!("{first}{second}")).expect("the rules are good")
        };
        let told = |new: &Rules| first_difference(&rules(12, 24), new, day("2026-06-01"));
        let kind = MembershipType::Full;
        assert_eq!(told(&rules(6, 24)), Some((kind, day("2020-01-01"))));
        assert_eq!(told(&rules(12, 36)), Some((kind, day("2024-01-01"))));
        assert_eq!(told(&rules(12, 24)), None);
    }
}
