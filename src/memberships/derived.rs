//! What is stored beside the events: held against the fold for `journal verify`, and made anew from the events.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::late::{self, Late};
use super::model::Event;
use super::rows::{EventRow, FlowRow, IntervalRow, MembershipRow};
use super::timeline::{self, Counts, RulesByPosition};
use super::{adoption, fold};
use crate::db::schema::{
    member_counts, membership_due, membership_events, membership_flows, membership_intervals,
    memberships, organisations,
};
use crate::db::{Conn, Id, Instant, Tx, dialect, marks};
use crate::http::Error;
use crate::journal::Batch;
use crate::organisations::rows::OrganisationRow;

/// How many memberships are read at once.
const PAGE: i64 = 500;

/// After how many memberships it is told how far the work is.
const TOLD_EACH: u64 = 20_000;

/// Counts up when the fold or the tables made from it change: then they are made anew at the next start.
const VERSION: &str = "4";

/// The mark that says by which version, and under which rules, the tables were made.
const MARK: &str = "timelines";

/// The number that the process holds which makes them anew.
const LOCK: i64 = 0x7469_6d65;

/// Every membership after another, with its organisation and events.
fn each(
    conn: &mut Conn,
    mut take: impl FnMut(&mut Conn, MembershipRow, OrganisationRow, Vec<Event>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = Id(i64::MIN);
    loop {
        let rows: Vec<(MembershipRow, OrganisationRow)> = memberships::table
            .inner_join(organisations::table)
            .filter(memberships::id.gt(after))
            .order(memberships::id)
            .limit(PAGE)
            .load(conn)?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        let first = after;
        after = last.id;
        let events: Vec<EventRow> = membership_events::table
            .filter(membership_events::membership_id.gt(first))
            .filter(membership_events::membership_id.le(after))
            .order((membership_events::membership_id, membership_events::no))
            .load(conn)?;
        let mut by_membership: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
        for row in events {
            by_membership
                .entry(row.membership_id)
                .or_default()
                .push(row.event()?);
        }
        for (row, organisation) in rows {
            let events = by_membership.remove(&row.id).unwrap_or_default();
            take(conn, row, organisation, events)?;
        }
    }
}

/// Every membership whose stored timeline is not what its events say, every organisation whose first public day is not, and
/// every sum that is not the sum.
pub fn deviations(conn: &mut Conn) -> Result<Vec<String>, Error> {
    let adopted = adoption::history(conn)?;
    let mut found = Vec::new();
    let mut counts = Counts::new();
    let mut learnt_late = Late::new();
    // Of each organisation: its first public day, and the day on which it first became a member.
    let mut public: BTreeMap<i64, (Option<NaiveDate>, Option<NaiveDate>)> = BTreeMap::new();
    each(conn, |conn, row, organisation, events| {
        let expected = check_one(conn, &adopted, &mut found, &row, &events)?;
        timeline::sum(&mut counts, &expected);
        for (key, change) in expected.late {
            *learnt_late.entry(key).or_insert(0) += change;
        }
        let ledger = fold_now(&adopted, &events);
        let first = ledger.first_joined();
        let (_, earliest) = public
            .entry(organisation.id)
            .or_insert((organisation.public_from, None));
        *earliest = [*earliest, first].into_iter().flatten().min();
        Ok(())
    })?;
    for (id, (public_from, first)) in public {
        if public_from != first {
            let number = crate::organisations::queries::by_id(conn, id)?.number;
            found.push(format!(
                "organisations {number}: its first public day is not that on which it became a member"
            ));
        }
    }
    found.extend(strays(conn)?);
    let stored: Vec<(NaiveDate, String, String, String, i64)> = member_counts::table
        .filter(member_counts::change.ne(0))
        .load(conn)?;
    let stored: BTreeMap<_, i64> = stored
        .into_iter()
        .map(|(day, country, kind, measure, change)| ((day, country, kind, measure), change))
        .collect();
    let expected: BTreeMap<_, i64> = counts
        .into_iter()
        .filter(|(_, change)| *change != 0)
        .map(|((day, country, kind, measure), change)| {
            ((day, country, kind, measure.to_owned()), change)
        })
        .collect();
    if stored != expected {
        found.push("member_counts: the stored sums are not those of the timelines".to_owned());
    }
    let expected: BTreeMap<_, i64> = learnt_late
        .into_iter()
        .filter(|(_, change)| *change != 0)
        .map(|((seq, (day, country, kind, measure)), change)| {
            ((seq, day, country, kind, measure.to_owned()), change)
        })
        .collect();
    if late::stored(conn)? != expected {
        found
            .push("member_late_counts: what was learnt late is not what the events say".to_owned());
    }
    Ok(found)
}

/// Timelines of memberships that do not exist: what is public of an organisation is read by the organisation.
fn strays(conn: &mut Conn) -> Result<Vec<String>, Error> {
    macro_rules! without_membership {
        ($table:ident) => {{
            let own = memberships::table.filter(memberships::id.eq($table::membership_id));
            let ids: Vec<Id> = $table::table
                .filter(diesel::dsl::not(diesel::dsl::exists(own)))
                .select($table::membership_id)
                .distinct()
                .load(conn)?;
            (stringify!($table), ids)
        }};
    }
    let tables = [
        without_membership!(membership_intervals),
        without_membership!(membership_flows),
        without_membership!(membership_due),
    ];
    let each = tables.into_iter().flat_map(|(table, ids)| {
        let told =
            move |id: Id| format!("{table} {id}: a timeline of a membership that does not exist");
        ids.into_iter().map(told)
    });
    Ok(each.collect())
}

fn fold_now(adopted: &RulesByPosition, events: &[Event]) -> super::ledger::Ledger {
    timeline::rules_at(adopted, i64::MAX)
        .map(|rules| fold::fold(events, rules))
        .unwrap_or_default()
}

fn check_one(
    conn: &mut Conn,
    adopted: &RulesByPosition,
    found: &mut Vec<String>,
    row: &MembershipRow,
    events: &[Event],
) -> Result<timeline::Timeline, Error> {
    let expected = timeline::replay(row, events, adopted);
    let intervals: Vec<IntervalRow> = membership_intervals::table
        .filter(membership_intervals::membership_id.eq(row.id))
        .order((
            membership_intervals::from_day,
            membership_intervals::known_from,
        ))
        .load(conn)?;
    let flows: Vec<FlowRow> = membership_flows::table
        .filter(membership_flows::membership_id.eq(row.id))
        .order((
            membership_flows::on_day,
            membership_flows::no,
            membership_flows::known_from,
        ))
        .load(conn)?;
    let due: Option<NaiveDate> = membership_due::table
        .find(row.id)
        .select(membership_due::due_on)
        .first(conn)
        .optional()?;
    let ledger = fold_now(adopted, events);
    for (table, same) in [
        ("membership_intervals", intervals == expected.intervals),
        ("membership_flows", flows == expected.flows),
        (
            "membership_due",
            due == timeline::first_due(&ledger, events),
        ),
    ] {
        if !same {
            found.push(format!(
                "{table} {}: the stored timeline is not what the events say",
                row.id
            ));
        }
    }
    Ok(expected)
}

/// Makes the tables anew where another version of the program made them, or under other rules than those in force. True when
/// there was something to make.
pub fn ensure(conn: &mut Conn, tell: impl Fn(&str)) -> Result<bool, Error> {
    if is_current(conn)? {
        return Ok(false);
    }
    let any: Option<i64> = membership_events::table
        .select(membership_events::seq)
        .first(conn)
        .optional()?;
    if any.is_some() {
        tell("making the timelines of all memberships anew");
        dialect::expect_much(conn)?;
    }
    conn.transact(|tx| {
        // Of several processes that start at once the first does it, and the others wait for it.
        dialect::lock_number(tx, LOCK)?;
        if is_current(tx)? {
            return Ok(false);
        }
        rebuild(tx, &tell)?;
        Ok(any.is_some())
    })
}

fn is_current(conn: &mut Conn) -> Result<bool, Error> {
    let wanted = wanted_mark(conn)?;
    Ok(marks::get(conn, MARK)? == Some(wanted))
}

/// The version, and the position of the journal at which the rules in force were adopted, if they were.
fn wanted_mark(conn: &mut Conn) -> Result<String, Error> {
    Ok(match adoption::newest(conn)? {
        0 => VERSION.to_owned(),
        seq => format!("{VERSION} rules:{seq}"),
    })
}

/// Takes the journal's head: nobody else writes until the transaction ends.
pub(super) fn hold_writers(tx: &mut Tx<'_>) -> Result<(), Error> {
    Batch::begin(tx, Instant::now())?.write(tx)
}

/// Makes everything that follows from the events anew, in the caller's transaction, and lets nobody write meanwhile; tells now and
/// then how far it is.
pub fn rebuild(tx: &mut Tx<'_>, tell: &dyn Fn(&str)) -> Result<(), Error> {
    hold_writers(tx)?;
    let adopted = adoption::history(tx)?;
    timeline::clear(tx)?;
    let mut counts = Counts::new();
    let mut done = 0_u64;
    each(tx, |conn, row, _, events| {
        done += 1;
        if done.is_multiple_of(TOLD_EACH) {
            tell(&format!("… {done} memberships"));
        }
        let rows = timeline::replay(&row, &events, &adopted);
        timeline::sum(&mut counts, &rows);
        let due = timeline::first_due(&fold_now(&adopted, &events), &events);
        timeline::fill(conn, &row, &rows, due)
    })?;
    timeline::add_counts(tx, &counts)?;
    let mark = wanted_mark(tx)?;
    Ok(marks::set(tx, MARK, &mark)?)
}
