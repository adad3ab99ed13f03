//! What was learnt late: by how much an event changed the sums of days that had passed when it was recorded.
//!
//! Most events say something of their own day and of days to come, so these rows are few. A report of days before its
//! `known_at` takes away from today's sums what was learnt since, and need not read the members of then.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::timeline::{CountKey, Counts};
use crate::db::Conn;
use crate::db::schema::member_late_counts;
use crate::dialect;
use crate::http::Error;

/// By how much the sums changed, by position of the journal.
pub type Late = BTreeMap<(i64, CountKey), i64>;

/// Adds what an entry, recorded on the day `learnt`, changed of the days before that.
pub fn add(late: &mut Late, seq: i64, learnt: Option<NaiveDate>, changes: &Counts) {
    for (key, change) in changes {
        if learnt.is_some_and(|learnt| key.0 < learnt) {
            *late.entry((seq, key.clone())).or_insert(0) += change;
        }
    }
}

/// Writes them; an entry that is about several memberships has the sum of all.
pub fn store(conn: &mut Conn, late: &Late) -> Result<(), Error> {
    for ((seq, (day, country, membership_type, measure)), change) in late {
        let row = (
            member_late_counts::seq.eq(*seq),
            member_late_counts::day.eq(*day),
            member_late_counts::country.eq(country),
            member_late_counts::membership_type.eq(membership_type),
            member_late_counts::measure.eq(*measure),
            member_late_counts::change.eq(*change),
        );
        let key = (
            member_late_counts::seq,
            member_late_counts::day,
            member_late_counts::country,
            member_late_counts::membership_type,
            member_late_counts::measure,
        );
        let sum = member_late_counts::change
            .eq(member_late_counts::change + excluded(member_late_counts::change));
        dialect!(conn, |c| diesel::insert_into(member_late_counts::table)
            .values(row)
            .on_conflict(key)
            .do_update()
            .set(sum)
            .execute(c))?;
    }
    Ok(())
}

/// What is stored: position, day, country, type and measure.
pub type Key = (i64, NaiveDate, String, String, String);

/// Everything that is stored, but what came to nothing.
pub fn stored(conn: &mut Conn) -> Result<BTreeMap<Key, i64>, Error> {
    type Row = (i64, NaiveDate, String, String, String, i64);
    let rows: Vec<Row> = member_late_counts::table
        .filter(member_late_counts::change.ne(0))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(seq, day, country, kind, measure, change)| {
            ((seq, day, country, kind, measure), change)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    use crate::db::Id;
    use crate::journal::moment::STILL;
    use crate::memberships::fold::tests::properties::possible_ledger;
    use crate::memberships::rows::MembershipRow;
    use crate::memberships::timeline::{Counts, Timeline, replay, sum};

    type Sums = BTreeMap<(String, String, &'static str), i64>;

    /// The sums of all days up to one.
    fn until(to: NaiveDate, counts: &Counts, times: i64, sums: &mut Sums) {
        for ((day, country, kind, measure), change) in counts {
            if *day <= to {
                *sums
                    .entry((country.clone(), kind.clone(), measure))
                    .or_default() += times * change;
            }
        }
        sums.retain(|_, sum| *sum != 0);
    }

    /// The rows that were known at a position, as if they still were.
    fn known(timeline: &Timeline, seq: i64) -> Counts {
        let mut then = timeline.clone();
        then.intervals
            .retain(|i| i.known_from <= seq && i.known_to > seq);
        then.flows
            .retain(|f| f.known_from <= seq && f.known_to > seq);
        then.intervals.iter_mut().for_each(|i| i.known_to = STILL);
        then.flows.iter_mut().for_each(|f| f.known_to = STILL);
        let mut counts = Counts::new();
        sum(&mut counts, &then);
        counts
    }

    proptest! {
        #[test]
        fn today_s_sums_without_what_was_learnt_since_are_those_of_then((events, rules) in possible_ledger()) {
            let row = MembershipRow {
                id: Id(1),
                organisation_id: 1,
                revision: 1,
                created_at: 0,
                updated_at: 0,
                updated_by: "user:u".to_owned(),
                seq: 1,
            };
            let timeline = replay(&row, &events, &[(0, rules)]);
            let now = known(&timeline, STILL - 1);
            for event in &events {
                let learnt = event.recorded_on().unwrap();
                for back in [1, 2, 30, 365] {
                    let to = learnt - Days::new(back);
                    let (mut then, mut corrected) = (Sums::new(), Sums::new());
                    until(to, &known(&timeline, event.seq), 1, &mut then);
                    until(to, &now, 1, &mut corrected);
                    for ((seq, key), change) in &timeline.late {
                        if *seq > event.seq {
                            until(to, &Counts::from([(key.clone(), *change)]), -1, &mut corrected);
                        }
                    }
                    prop_assert_eq!(&then, &corrected, "known at {}, up to {}", event.seq, to);
                }
            }
        }
    }
}
