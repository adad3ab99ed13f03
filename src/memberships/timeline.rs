//! The stored timeline of a membership: what the fold says, kept in two times.
//!
//! An event never changes what was known before it: rows that it makes untrue get its position as their `known_to`, rows that
//! it makes true begin to be known there. `member_counts` holds the sums of the rows that stand, so that a report of a year
//! reads days instead of members, and what an event changed of days that had passed is kept by position ([`late`]).
//! All of it follows from the events; [`replay`] makes it anew, for `journal verify` and for a
//! registry whose tables are filled again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date};
use diesel::upsert::excluded;

use super::fold::fold_all;
use super::late::{self, Late};
use super::ledger::{Cause, Ledger};
use super::model::Event;
use super::rows::{FlowRow, IntervalRow, MembershipRow};
use super::rules::Rules;
use crate::db::dialect::column;
use crate::db::schema::{
    member_counts, member_late_counts, membership_due, membership_flows, membership_intervals,
};
use crate::db::{Both, Conn, Id, Tx};
use crate::dialect;
use crate::http::Error;
use crate::journal::moment::STILL;

/// A day, country, type and measure of `member_counts`.
pub type CountKey = (NaiveDate, String, String, &'static str);
/// How much the sums change.
pub type Counts = BTreeMap<CountKey, i64>;

/// The rows of one membership that stand at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Stretches of days.
    pub intervals: Vec<IntervalRow>,
    /// Members that came or went.
    pub flows: Vec<FlowRow>,
    /// What was learnt late; only where the whole timeline is made anew.
    pub late: Late,
}

const fn cause_no(cause: Cause) -> Option<i32> {
    match cause {
        Cause::Event(no) => Some(no),
        Cause::Calendar => None,
    }
}

/// The rows of a fold, known from a position on.
#[must_use]
pub fn rows(membership: &MembershipRow, ledger: &Ledger, seq: i64) -> Timeline {
    let intervals = ledger.intervals.iter().map(|interval| IntervalRow {
        membership_id: membership.id,
        from_day: interval.from,
        known_from: seq,
        to_day: interval.to,
        known_to: STILL,
        organisation_id: membership.organisation_id,
        state: interval.state.as_str().to_owned(),
        membership_type: interval.membership_type.as_str().to_owned(),
        country: interval.country.clone(),
        term_end: interval.term_end,
        cause_no: cause_no(interval.cause),
        grace_end: interval.grace_end,
    });
    let mut day = NaiveDate::MIN;
    let mut no = 0;
    let flows = ledger.flows.iter().map(|flow| {
        no = if flow.on == day { no + 1 } else { 1 };
        day = flow.on;
        FlowRow {
            membership_id: membership.id,
            on_day: flow.on,
            no,
            known_from: seq,
            known_to: STILL,
            organisation_id: membership.organisation_id,
            kind: flow.kind.as_str().to_owned(),
            country: flow.country.clone(),
            membership_type: flow.membership_type.as_str().to_owned(),
            cause_no: cause_no(flow.cause),
        }
    });
    Timeline {
        intervals: intervals.collect(),
        flows: flows.collect(),
        late: Late::new(),
    }
}

fn same_interval(a: &IntervalRow, b: &IntervalRow) -> bool {
    (a.from_day, a.to_day, a.cause_no) == (b.from_day, b.to_day, b.cause_no)
        && (a.term_end, a.grace_end) == (b.term_end, b.grace_end)
        && (&a.state, &a.membership_type, &a.country) == (&b.state, &b.membership_type, &b.country)
}

fn same_flow(a: &FlowRow, b: &FlowRow) -> bool {
    (a.on_day, a.no, a.cause_no) == (b.on_day, b.no, b.cause_no)
        && (&a.kind, &a.country, &a.membership_type) == (&b.kind, &b.country, &b.membership_type)
}

/// What turns one timeline into the next.
#[derive(Debug, Default)]
pub struct Turnover {
    gone: Timeline,
    new: Timeline,
}

impl Turnover {
    /// What differs between two timelines of one membership.
    #[must_use]
    pub fn between(before: &Timeline, after: &Timeline) -> Self {
        fn minus<T: Clone>(a: &[T], b: &[T], same: fn(&T, &T) -> bool) -> Vec<T> {
            a.iter()
                .filter(|x| !b.iter().any(|y| same(x, y)))
                .cloned()
                .collect()
        }
        Self {
            gone: Timeline {
                intervals: minus(&before.intervals, &after.intervals, same_interval),
                flows: minus(&before.flows, &after.flows, same_flow),
                late: Late::new(),
            },
            new: Timeline {
                intervals: minus(&after.intervals, &before.intervals, same_interval),
                flows: minus(&after.flows, &before.flows, same_flow),
                late: Late::new(),
            },
        }
    }

    /// How the sums change.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        count(&mut counts, &self.gone, -1);
        count(&mut counts, &self.new, 1);
        counts.retain(|_, change| *change != 0);
        counts
    }

    fn is_nothing(&self) -> bool {
        [&self.gone, &self.new]
            .iter()
            .all(|t| t.intervals.is_empty() && t.flows.is_empty())
    }

    /// Writes it: the old rows were known until `seq`, recorded on `learnt`, and the new ones are known from then on.
    fn write(
        &self,
        conn: &mut Conn,
        id: Id,
        (seq, learnt): (i64, Option<NaiveDate>),
    ) -> Result<(), Error> {
        if self.is_nothing() {
            return Ok(());
        }
        let days: Vec<NaiveDate> = self.gone.intervals.iter().map(|i| i.from_day).collect();
        if !days.is_empty() {
            diesel::update(
                membership_intervals::table
                    .filter(membership_intervals::membership_id.eq(id))
                    .filter(membership_intervals::known_to.eq(STILL))
                    .filter(membership_intervals::from_day.eq_any(days)),
            )
            .set(membership_intervals::known_to.eq(seq))
            .execute(conn)?;
        }
        for flow in &self.gone.flows {
            diesel::update(
                membership_flows::table
                    .filter(membership_flows::membership_id.eq(id))
                    .filter(membership_flows::known_to.eq(STILL))
                    .filter(membership_flows::on_day.eq(flow.on_day))
                    .filter(membership_flows::no.eq(flow.no)),
            )
            .set(membership_flows::known_to.eq(seq))
            .execute(conn)?;
        }
        insert(conn, &self.new)?;
        let counts = self.counts();
        add_counts(conn, &counts)?;
        let mut late = Late::new();
        late::add(&mut late, seq, learnt, &counts);
        late::store(conn, &late)
    }
}

/// Adds what a timeline says to sums, `times` 1 or -1.
fn count(counts: &mut Counts, timeline: &Timeline, times: i64) {
    let mut add = |day: NaiveDate, country: &str, kind: &str, measure: &'static str, n: i64| {
        let key = (day, country.to_owned(), kind.to_owned(), measure);
        *counts.entry(key).or_insert(0) += n * times;
    };
    for interval in &timeline.intervals {
        let state = super::model::State::from_code(&interval.state);
        let Some(measure) = state
            .filter(|s| s.is_member())
            .map(super::model::State::as_str)
        else {
            continue;
        };
        let (country, kind) = (&interval.country, &interval.membership_type);
        add(interval.from_day, country, kind, measure, 1);
        if let Some(to) = interval.to_day {
            add(to, country, kind, measure, -1);
        }
    }
    for flow in &timeline.flows {
        if let Some(kind) = super::ledger::FlowKind::from_code(&flow.kind) {
            let (country, membership_type) = (&flow.country, &flow.membership_type);
            add(flow.on_day, country, membership_type, kind.as_str(), 1);
        }
    }
}

fn insert(conn: &mut Conn, timeline: &Timeline) -> Result<(), Error> {
    if !timeline.intervals.is_empty() {
        dialect!(conn, |c| diesel::insert_into(membership_intervals::table)
            .values(&timeline.intervals)
            .execute(c))?;
    }
    if !timeline.flows.is_empty() {
        dialect!(conn, |c| diesel::insert_into(membership_flows::table)
            .values(&timeline.flows)
            .execute(c))?;
    }
    Ok(())
}

/// Sums in one statement of PostgreSQL, which takes 65,535 values at most.
const SUMS_AT_ONCE: usize = 1_000;

/// Adds to the sums. The caller holds the journal's head, so nobody else does at the same time.
pub fn add_counts(conn: &mut Conn, counts: &Counts) -> Result<(), Error> {
    let key = (
        member_counts::day,
        member_counts::country,
        member_counts::membership_type,
        member_counts::measure,
    );
    let sum = member_counts::change.eq(member_counts::change + excluded(member_counts::change));
    let row = |((day, country, membership_type, measure), change): (&CountKey, &i64)| {
        (
            member_counts::day.eq(*day),
            member_counts::country.eq(country.clone()),
            member_counts::membership_type.eq(membership_type.clone()),
            member_counts::measure.eq(*measure),
            member_counts::change.eq(*change),
        )
    };
    let rows: Vec<_> = counts.iter().map(row).collect();
    match conn.each() {
        // One by one, for which it has a text that it keeps: no network lies between.
        Both::Sqlite(conn) => {
            for row in rows {
                diesel::insert_into(member_counts::table)
                    .values(row)
                    .on_conflict(key)
                    .do_update()
                    .set(sum)
                    .execute(conn)?;
            }
        }
        Both::Postgres(conn) => {
            for part in rows.chunks(SUMS_AT_ONCE) {
                diesel::insert_into(member_counts::table)
                    .values(part)
                    .on_conflict(key)
                    .do_update()
                    .set(sum)
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Stores what an event made of the timeline.
pub fn store(
    tx: &mut Tx<'_>,
    membership: &MembershipRow,
    (before, after): (&Ledger, &Ledger),
    (events_before, events): (&[Event], &[Event]),
    seq: i64,
) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    let turnover = Turnover::between(
        &rows(membership, before, seq),
        &rows(membership, after, seq),
    );
    if let Some(event) = events.last() {
        turnover.write(conn, membership.id, (seq, event.recorded_on()))?;
    }
    let (was, is) = (first_due(before, events_before), first_due(after, events));
    if was == is {
        return Ok(());
    }
    set_due(conn, membership.id, is)
}

/// The day of the first turn that no event records.
#[must_use]
pub fn first_due(ledger: &Ledger, events: &[Event]) -> Option<NaiveDate> {
    ledger
        .due(events, NaiveDate::MAX)
        .first()
        .map(|turn| turn.on)
}

fn set_due(conn: &mut Conn, id: Id, due_on: Option<NaiveDate>) -> Result<(), Error> {
    let Some(day) = due_on else {
        diesel::delete(membership_due::table.find(id)).execute(conn)?;
        return Ok(());
    };
    let row = (
        membership_due::membership_id.eq(id),
        membership_due::due_on.eq(day),
    );
    dialect!(conn, |c| diesel::insert_into(membership_due::table)
        .values(row)
        .on_conflict(membership_due::membership_id)
        .do_update()
        .set(membership_due::due_on.eq(excluded(membership_due::due_on)))
        .execute(c))?;
    Ok(())
}

/// Writes the next due days of many memberships.
pub fn set_many_due(conn: &mut Conn, due: &[(Id, Option<NaiveDate>)]) -> Result<(), Error> {
    let ids: Vec<Id> = due.iter().map(|(id, _)| *id).collect();
    diesel::delete(membership_due::table.filter(membership_due::membership_id.eq_any(&ids)))
        .execute(conn)?;
    let rows: Vec<(Id, NaiveDate)> = due
        .iter()
        .filter_map(|(id, day)| Some((*id, (*day)?)))
        .collect();
    match conn.each() {
        _ if rows.is_empty() => {}
        Both::Sqlite(conn) => {
            let due = |(id, day): &(Id, NaiveDate)| {
                (
                    membership_due::membership_id.eq(*id),
                    membership_due::due_on.eq(*day),
                )
            };
            let rows: Vec<_> = rows.iter().map(due).collect();
            diesel::insert_into(membership_due::table)
                .values(&rows)
                .execute(conn)?;
        }
        Both::Postgres(conn) => {
            diesel::sql_query(
                "INSERT INTO membership_due (membership_id, due_on) SELECT * FROM unnest($1, $2)",
            )
            .bind::<Array<BigInt>, _>(column(&rows, |(id, _)| *id))
            .bind::<Array<Date>, _>(column(&rows, |(_, day)| *day))
            .execute(conn)?;
        }
    }
    Ok(())
}

/// Rules of membership, each known from a position on; the first from the beginning.
pub type RulesByPosition = [(i64, Rules)];

/// The rules that were known at a position.
#[must_use]
pub fn rules_at(adopted: &RulesByPosition, seq: i64) -> Option<&Rules> {
    adopted
        .iter()
        .rev()
        .find(|(from, _)| *from <= seq)
        .or_else(|| adopted.first())
        .map(|(_, rules)| rules)
}

/// Every row that the timeline of one membership ever had, made from its events and the rules.
#[must_use]
pub fn replay(membership: &MembershipRow, events: &[Event], adopted: &RulesByPosition) -> Timeline {
    let first = events.first().map_or(0, |e| e.seq);
    let mut positions: Vec<i64> = events.iter().map(|e| e.seq).collect();
    positions.extend(adopted.iter().map(|(seq, _)| *seq).filter(|s| *s > first));
    positions.sort_unstable();
    positions.dedup();
    let mut ended = Timeline::default();
    let mut standing = Timeline::default();
    for seq in positions {
        let Some(rules) = rules_at(adopted, seq) else {
            continue;
        };
        let known = events.iter().filter(|e| e.seq <= seq);
        let next = rows(membership, &fold_all(known, rules), seq);
        let turnover = Turnover::between(&standing, &next);
        // Rules are adopted for days to come: an event alone can say something of days that have passed.
        if let Some(event) = events.iter().find(|e| e.seq == seq) {
            late::add(
                &mut ended.late,
                seq,
                event.recorded_on(),
                &turnover.counts(),
            );
        }
        let Turnover { mut gone, new } = turnover;
        for interval in &mut gone.intervals {
            interval.known_to = seq;
        }
        for flow in &mut gone.flows {
            flow.known_to = seq;
        }
        standing
            .intervals
            .retain(|i| !gone.intervals.iter().any(|g| same_interval(g, i)));
        standing
            .flows
            .retain(|f| !gone.flows.iter().any(|g| same_flow(g, f)));
        ended.intervals.extend(gone.intervals);
        ended.flows.extend(gone.flows);
        standing.intervals.extend(new.intervals);
        standing.flows.extend(new.flows);
    }
    ended.intervals.extend(standing.intervals);
    ended.flows.extend(standing.flows);
    ended.intervals.sort_by_key(|i| (i.from_day, i.known_from));
    ended.flows.sort_by_key(|f| (f.on_day, f.no, f.known_from));
    ended
}

/// The sums of rows that stand.
pub fn sum(counts: &mut Counts, timeline: &Timeline) {
    let standing = Timeline {
        intervals: timeline
            .intervals
            .iter()
            .filter(|i| i.known_to == STILL)
            .cloned()
            .collect(),
        flows: timeline
            .flows
            .iter()
            .filter(|f| f.known_to == STILL)
            .cloned()
            .collect(),
        late: Late::new(),
    };
    count(counts, &standing, 1);
}

/// Writes the whole timeline of a membership that has none.
pub fn fill(
    conn: &mut Conn,
    membership: &MembershipRow,
    timeline: &Timeline,
    due_on: Option<NaiveDate>,
) -> Result<(), Error> {
    insert(conn, timeline)?;
    late::store(conn, &timeline.late)?;
    set_due(conn, membership.id, due_on)
}

/// Removes everything that is made from the events.
pub fn clear(conn: &mut Conn) -> Result<(), Error> {
    diesel::delete(membership_intervals::table).execute(conn)?;
    diesel::delete(membership_flows::table).execute(conn)?;
    diesel::delete(member_counts::table).execute(conn)?;
    diesel::delete(member_late_counts::table).execute(conn)?;
    diesel::delete(membership_due::table).execute(conn)?;
    Ok(())
}
