//! Which rules of membership hold, and since when the registry knows.
//!
//! The program ships with rules; a file may take their place. A change is adopted by `init` or at a start, as an entry of the
//! journal with the whole text, and only if it leaves every day up to today as it was: a changed rule does not rewrite the past.
//! Terms that begin later follow the new rule, so the coming calendar of the stored timelines may change with the adoption: they
//! are made anew in the same transaction, and what was known before it stays answerable.
//!
//! A process reads its rules once. Where another one has adopted others since, it refuses to fold by the old ones
//! ([`must_be_current`]), so that nothing is answered or stored that is no longer true.

use chrono::NaiveDate;
use data_encoding::HEXLOWER;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::derived;
use super::model::MembershipType;
use super::rows::AdoptedRow;
use super::rules::{Rules, RulesError};
use crate::auth::Actor;
use crate::db::schema::{adopted_rules, membership_events};
use crate::db::{Conn, Instant, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal;

/// The number that a process holds while it adopts rules.
const LOCK: i64 = 0x7275_6c65;

fn program_s_own() -> Result<Rules, Error> {
    Rules::default_rules().map_err(Error::internal)
}

fn read(row: &AdoptedRow) -> Result<Rules, Error> {
    let rules = Rules::parse(&row.text).map_err(Error::internal)?;
    Ok(rules.adopted_at(row.seq))
}

/// All rules in the order of their adoption, each with the position from which it is known; the program's own from 0.
pub fn history(conn: &mut Conn) -> Result<Vec<(i64, Rules)>, Error> {
    let mut found = vec![(0, program_s_own()?)];
    let rows: Vec<AdoptedRow> = adopted_rules::table.order(adopted_rules::seq).load(conn)?;
    for row in &rows {
        found.push((row.seq, read(row)?));
    }
    Ok(found)
}

/// The rules that were known at a position.
pub fn known_at(conn: &mut Conn, seq: i64) -> Result<Rules, Error> {
    let row: Option<AdoptedRow> = adopted_rules::table
        .filter(adopted_rules::seq.le(seq))
        .order(adopted_rules::seq.desc())
        .first(conn)
        .optional()?;
    row.as_ref().map_or_else(program_s_own, read)
}

/// The rules in force: those adopted last.
pub fn in_force(conn: &mut Conn) -> Result<Rules, Error> {
    known_at(conn, i64::MAX)
}

/// The position of the last adoption; 0 where there was none.
pub fn newest(conn: &mut Conn) -> Result<i64, Error> {
    let found: Option<i64> = adopted_rules::table
        .select(diesel::dsl::max(adopted_rules::seq))
        .first(conn)?;
    Ok(found.unwrap_or(0))
}

/// Refuses to go on by rules that others have taken the place of since this process read them. What writes asks again when it
/// holds the journal's head: an adoption takes it too, so none can come between.
pub fn must_be_current(conn: &mut Conn, rules: &Rules) -> Result<(), Error> {
    if newest(conn)? == rules.known_from() {
        return Ok(());
    }
    Err(Error::new(
        Code::DatabaseUnavailable,
        "this process runs under older rules of membership than those in force; restart it",
    )
    .header("Retry-After", "5"))
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
    /// They were in force before, and others took their place.
    #[error(
        "these rules were in force until others took their place (entry {by} of the journal, {on}); give every process the file that is in force, and to change it back add a rule with a later `from` to that one"
    )]
    Superseded {
        /// The position at which others were adopted.
        by: i64,
        /// The day of that.
        on: NaiveDate,
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
/// are new. Then the stored timelines are made anew, which is told to `tell`.
///
/// # Errors
///
/// Where the text is no rules file, would change a day up to today, or was superseded before.
pub fn adopt(
    conn: &mut Conn,
    text: Option<&str>,
    now: Instant,
    tell: impl Fn(&str),
) -> Result<(Rules, bool), NotAdopted> {
    let held = in_force(conn)?;
    let Some(text) = text else {
        return Ok((held, false));
    };
    let new = Rules::parse(text)?;
    if new.same_as(&held) {
        return Ok((held, false));
    }
    conn.transact(|tx| {
        // Of several processes that start at once each looks at what the one before adopted; nobody else writes until the end.
        dialect::lock_number(tx, LOCK)?;
        derived::hold_writers(tx)?;
        let mut before = history(tx)?;
        let held = match before.pop() {
            Some((_, held)) if new.same_as(&held) => return Ok(Ok((held, false))),
            Some((_, held)) => held,
            None => return Err(Error::internal("no rules of membership")),
        };
        if let Some(refused) = refused(tx, (&before, &held), &new, now)? {
            return Ok(Err(refused));
        }
        let seq = enter(tx, text, now)?;
        derived::rebuild(tx, &tell)?;
        Ok::<_, Error>(Ok((new.clone().adopted_at(seq), true)))
    })?
}

/// Why rules cannot follow on those that are held, and those before them.
fn refused(
    conn: &mut Conn,
    (before, held): (&[(i64, Rules)], &Rules),
    new: &Rules,
    now: Instant,
) -> Result<Option<NotAdopted>, Error> {
    if before.iter().any(|(_, old)| new.same_as(old)) {
        let by = held.known_from();
        let at: i64 = adopted_rules::table
            .find(by)
            .select(adopted_rules::adopted_at)
            .first(conn)?;
        let on = Instant(at).day();
        return Ok(Some(NotAdopted::Superseded { by, on }));
    }
    // Rules without a membership have no past.
    let first: Option<i64> = membership_events::table
        .select(membership_events::seq)
        .first(conn)
        .optional()?;
    let past = first.and_then(|_| first_difference(held, new, now.day()));
    Ok(past.map(|(membership_type, day)| NotAdopted::Past {
        membership_type,
        day,
    }))
}

fn enter(tx: &mut Tx<'_>, text: &str, now: Instant) -> Result<i64, Error> {
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
        entry.now(&row)?;
        Ok(entry.seq())
    })
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
