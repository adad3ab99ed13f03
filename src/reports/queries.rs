//! All reading SQL of reports.
//!
//! Words and days that stand in a text of SQL are our own: countries and types are those of a checked question, days and
//! positions are numbers.

pub mod after_close;
pub mod applications;
pub mod decisions;
pub mod evidence;
pub mod exceptions;
pub mod on_day;
pub mod quality;

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Text};

use super::question::{Filters, Known, Period};
use crate::db::schema::{
    journal, membership_events, membership_flows, membership_intervals, organisations,
};
use crate::db::{Conn, Id, Instant};
use crate::dialect;
use crate::http::Error;
use crate::journal::moment::STILL;
use crate::memberships::ledger::FlowKind;
use crate::memberships::rows::{FlowRow, IntervalRow};
use crate::organisations::queries::may_know_of;

/// The states of a member, as the partial indexes write them.
const MEMBER: &str = "state IN ('active', 'grace', 'suspended')";
/// The measures that count members.
pub const STATES: [&str; 3] = ["active", "grace", "suspended"];

/// Country and type.
pub type Pair = (String, String);

/// For each country, type and measure: the sum of all days before a period, and the sum through its last day; for what comes
/// and goes, the sum of the period's days alone.
pub type Sums = BTreeMap<(String, String, String), (i64, i64)>;

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = Text)]
    country: String,
    #[diesel(sql_type = Text)]
    membership_type: String,
    #[diesel(sql_type = Text)]
    measure: String,
    #[diesel(sql_type = BigInt)]
    before_sum: i64,
    #[diesel(sql_type = BigInt)]
    through_sum: i64,
}

pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let safe = |w: &&str| w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let all: Vec<String> = words
        .into_iter()
        .filter(safe)
        .map(|w| format!("'{w}'"))
        .collect();
    all.join(", ")
}

/// The sums of a period as they were known.
pub fn sums(
    conn: &mut Conn,
    filters: &Filters,
    period: Period,
    known: Known,
) -> Result<Sums, Error> {
    let mut sums = Sums::new();
    if known.is_newest() {
        add(conn, &standing(filters, period), filters, &mut sums)?;
    } else if recorded_on(conn, known.seq)?.is_some_and(|day| period.to < day) {
        // All days of the question had passed by then: only what was learnt late since tells the sums apart.
        add(conn, &standing(filters, period), filters, &mut sums)?;
        add(conn, &learnt_since(period, known), filters, &mut sums)?;
    } else if known.seq < known.head / 3 {
        // Early in the journal: what was known then is less than what changed since.
        let seq = known.seq;
        let rows = format!("known_from >= 0 AND known_from <= {seq} AND known_to > {seq}");
        add(conn, &counted(period, &[(1, rows)]), filters, &mut sums)?;
    } else {
        add(conn, &standing(filters, period), filters, &mut sums)?;
        let Known { seq, head } = known;
        let since = format!("known_from > {seq} AND known_from <= {head} AND known_to > {head}");
        let until = format!("known_to > {seq} AND known_to < {STILL} AND known_from <= {seq}");
        let changes = counted(period, &[(-1, since), (1, until)]);
        add(conn, &changes, filters, &mut sums)?;
    }
    Ok(sums)
}

fn add(conn: &mut Conn, text: &str, filters: &Filters, sums: &mut Sums) -> Result<(), Error> {
    let rows: Vec<SumRow> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    for row in rows {
        if !filters.takes(&row.country, &row.membership_type) {
            continue;
        }
        let sum = sums
            .entry((row.country, row.membership_type, row.measure))
            .or_default();
        sum.0 += row.before_sum;
        sum.1 += row.through_sum;
    }
    Ok(())
}

/// The sums of the rows that stand, from the stored sums by day. Every leading column of the key is named, so that only the
/// days of the period are read of what comes and goes.
fn standing(filters: &Filters, period: Period) -> String {
    let Period { from, to, .. } = period;
    let pairs = format!(
        "country IN ({}) AND membership_type IN ({})",
        quoted(filters.countries.iter().map(String::as_str)),
        quoted(filters.types.iter().copied())
    );
    let states = quoted(STATES);
    let flows = quoted(FlowKind::ALL.map(FlowKind::as_str));
    format!(
        "SELECT country, membership_type, measure, \
            CAST(SUM(CASE WHEN day < '{from}' THEN change ELSE 0 END) AS BIGINT) AS before_sum, \
            CAST(SUM(change) AS BIGINT) AS through_sum \
         FROM member_counts WHERE measure IN ({states}) AND {pairs} AND day <= '{to}' \
         GROUP BY measure, country, membership_type \
         UNION ALL \
         SELECT country, membership_type, measure, 0 AS before_sum, CAST(SUM(change) AS BIGINT) AS through_sum \
         FROM member_counts WHERE measure IN ({flows}) AND {pairs} AND day >= '{from}' AND day <= '{to}' \
         GROUP BY measure, country, membership_type"
    )
}

/// The day on which an entry was recorded; none before the first.
fn recorded_on(conn: &mut Conn, seq: i64) -> Result<Option<NaiveDate>, Error> {
    let at: Option<i64> = journal::table
        .find(seq)
        .select(journal::recorded_at)
        .first(conn)
        .optional()?;
    Ok(at.map(|at| Instant(at).day()))
}

/// What was learnt late behind a position, to be taken away.
fn learnt_since(period: Period, known: Known) -> String {
    let Period { from, to, .. } = period;
    let Known { seq, head } = known;
    let states = quoted(STATES);
    let flows = quoted(FlowKind::ALL.map(FlowKind::as_str));
    format!(
        "SELECT country, membership_type, measure, \
            CAST(-SUM(CASE WHEN day < '{from}' THEN change ELSE 0 END) AS BIGINT) AS before_sum, \
            CAST(-SUM(change) AS BIGINT) AS through_sum \
         FROM member_late_counts WHERE seq > {seq} AND seq <= {head} AND measure IN ({states}) AND day <= '{to}' \
         GROUP BY measure, country, membership_type \
         UNION ALL \
         SELECT country, membership_type, measure, 0 AS before_sum, CAST(-SUM(change) AS BIGINT) AS through_sum \
         FROM member_late_counts WHERE seq > {seq} AND seq <= {head} AND measure IN ({flows}) \
            AND day >= '{from}' AND day <= '{to}' \
         GROUP BY measure, country, membership_type"
    )
}

/// The sums of some rows, each counted so many times. What ended before the period adds nothing and is left out. Both ends of a
/// range of positions are named, or SQLite would rather walk the index of members from end to end.
fn counted(period: Period, rows: &[(i32, String)]) -> String {
    let Period { from, to, .. } = period;
    let one = |(times, rows): &(i32, String)| {
        format!(
            "SELECT country, membership_type, state AS measure, \
                CAST({times} * SUM(CASE WHEN from_day < '{from}' THEN 1 ELSE 0 END) AS BIGINT) AS before_sum, \
                CAST({times} * SUM(1 - CASE WHEN to_day <= '{to}' THEN 1 ELSE 0 END) AS BIGINT) AS through_sum \
             FROM membership_intervals \
             WHERE {MEMBER} AND {rows} AND from_day <= '{to}' AND (to_day IS NULL OR to_day >= '{from}') \
             GROUP BY country, membership_type, state \
             UNION ALL \
             SELECT country, membership_type, kind AS measure, 0 AS before_sum, \
                CAST({times} * COUNT(*) AS BIGINT) AS through_sum \
             FROM membership_flows WHERE {rows} AND on_day >= '{from}' AND on_day <= '{to}' \
             GROUP BY country, membership_type, kind"
        )
    };
    let parts: Vec<String> = rows.iter().map(one).collect();
    parts.join(" UNION ALL ")
}

#[derive(QueryableByName)]
struct PairCount {
    #[diesel(sql_type = BigInt)]
    members: i64,
    #[diesel(sql_type = BigInt)]
    came: i64,
}

/// How many members of a country and type there are on a day as is known now, and how many came to it until then.
pub fn count(
    conn: &mut Conn,
    (country, kind): (&str, &str),
    day: NaiveDate,
) -> Result<(i64, i64), Error> {
    let came = FlowKind::ALL.into_iter().filter(|k| k.sign() > 0);
    let rows = |measures: String| {
        format!(
            "(SELECT CAST(COALESCE(SUM(change), 0) AS BIGINT) FROM member_counts WHERE measure IN ({measures}) \
             AND country IN ({}) AND membership_type IN ({}) AND day <= '{day}')",
            quoted([country]),
            quoted([kind])
        )
    };
    let text = format!(
        "SELECT {} AS members, {} AS came",
        rows(quoted(STATES)),
        rows(quoted(came.map(FlowKind::as_str)))
    );
    let row: PairCount = dialect!(conn, |c| diesel::sql_query(text).get_result(c))?;
    Ok((row.members, row.came))
}

/// Which members of one country and type.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Country.
    pub country: &'a str,
    /// Type.
    pub kind: &'a str,
    /// Any of these states of a member.
    pub states: &'a [&'a str],
    /// The day.
    pub day: NaiveDate,
    /// What was known.
    pub known: Known,
    /// Behind this membership.
    pub after: i64,
}

/// Intervals of members of one country and type that hold on a day, by membership: a walk along the index of members.
pub fn members(
    conn: &mut Conn,
    wanted: &Wanted<'_>,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    let text = format!(
        "membership_intervals.{MEMBER} AND {} AND membership_intervals.state IN ({})",
        wanted.known.condition("membership_intervals"),
        quoted(wanted.states.iter().copied())
    );
    Ok(membership_intervals::table
        .filter(membership_intervals::country.eq(wanted.country))
        .filter(membership_intervals::membership_type.eq(wanted.kind))
        .filter(membership_intervals::membership_id.gt(Id(wanted.after)))
        .filter(membership_intervals::from_day.le(wanted.day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(wanted.day)),
        )
        .filter(sql::<Bool>(&text))
        .order(membership_intervals::membership_id)
        .limit(limit)
        .load(conn)?)
}

/// The same where few members came until the day: all of them by the day on which their state began, put in order here. Only
/// for what is known now.
pub fn first_members(
    conn: &mut Conn,
    wanted: &Wanted<'_>,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    // The type is hidden from the planners: the index of members would be walked from end to end.
    let kind = sql::<Bool>("membership_intervals.membership_type || '' = ")
        .bind::<Text, _>(wanted.kind.to_owned());
    let mut found: Vec<IntervalRow> = membership_intervals::table
        .filter(sql::<Bool>(&format!(
            "membership_intervals.known_to = {STILL}"
        )))
        .filter(membership_intervals::country.eq(wanted.country))
        .filter(sql::<Bool>(&format!(
            "membership_intervals.state IN ({})",
            quoted(wanted.states.iter().copied())
        )))
        .filter(membership_intervals::from_day.le(wanted.day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(wanted.day)),
        )
        .filter(kind)
        .load(conn)?;
    found.retain(|row| row.membership_id > Id(wanted.after));
    found.sort_unstable_by_key(|row| row.membership_id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

#[derive(QueryableByName)]
struct DayRow {
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Text)]
    measure: String,
    #[diesel(sql_type = BigInt)]
    change: i64,
}

/// How much the numbers of members in each state changed on each day until a day, as was known: counted as [`sums`] are.
pub fn changes(
    conn: &mut Conn,
    filters: &Filters,
    until: NaiveDate,
    known: Known,
) -> Result<BTreeMap<(NaiveDate, String), i64>, Error> {
    let pairs = format!(
        "country IN ({}) AND membership_type IN ({})",
        quoted(filters.countries.iter().map(String::as_str)),
        quoted(filters.types.iter().copied())
    );
    let standing = format!(
        "SELECT day, measure, CAST(SUM(change) AS BIGINT) AS change FROM member_counts \
         WHERE measure IN ({}) AND {pairs} AND day <= '{until}' GROUP BY day, measure",
        quoted(STATES)
    );
    let counted = |times: i32, rows: &str| {
        format!(
            "SELECT from_day AS day, state AS measure, CAST({times} * COUNT(*) AS BIGINT) AS change \
             FROM membership_intervals WHERE {MEMBER} AND {rows} AND {pairs} AND from_day <= '{until}' \
             GROUP BY from_day, state \
             UNION ALL \
             SELECT to_day AS day, state AS measure, CAST(-1 * {times} * COUNT(*) AS BIGINT) AS change \
             FROM membership_intervals WHERE {MEMBER} AND {rows} AND {pairs} AND to_day <= '{until}' \
             GROUP BY to_day, state"
        )
    };
    let Known { seq, head } = known;
    let text = if known.is_newest() {
        standing
    } else if seq < head / 3 {
        counted(
            1,
            &format!("known_from >= 0 AND known_from <= {seq} AND known_to > {seq}"),
        )
    } else {
        let since = format!("known_from > {seq} AND known_from <= {head} AND known_to > {head}");
        let was = format!("known_to > {seq} AND known_to < {STILL} AND known_from <= {seq}");
        format!(
            "{standing} UNION ALL {} UNION ALL {}",
            counted(-1, &since),
            counted(1, &was)
        )
    };
    let rows: Vec<DayRow> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let mut found = BTreeMap::new();
    for row in rows {
        *found.entry((row.day, row.measure)).or_insert(0) += row.change;
    }
    Ok(found)
}

/// All intervals of these memberships that begin until a day, by membership and day.
pub fn intervals(
    conn: &mut Conn,
    memberships: &[Id],
    until: NaiveDate,
    known: Known,
) -> Result<HashMap<Id, Vec<IntervalRow>>, Error> {
    let rows: Vec<IntervalRow> = membership_intervals::table
        .filter(membership_intervals::membership_id.eq_any(memberships))
        .filter(membership_intervals::from_day.le(until))
        .filter(sql::<Bool>(&known.condition("membership_intervals")))
        .order((
            membership_intervals::membership_id,
            membership_intervals::from_day,
        ))
        .load(conn)?;
    let mut found: HashMap<Id, Vec<IntervalRow>> = HashMap::new();
    for row in rows {
        found.entry(row.membership_id).or_default().push(row);
    }
    Ok(found)
}

/// All intervals of these memberships that begin until a day, by membership and day, as they were known at two positions: read once.
pub fn intervals_twice(
    conn: &mut Conn,
    memberships: &[Id],
    until: NaiveDate,
    moments: [Known; 2],
) -> Result<[HashMap<Id, Vec<IntervalRow>>; 2], Error> {
    let [earlier, later] = moments.map(|known| known.condition("membership_intervals"));
    let rows: Vec<IntervalRow> = membership_intervals::table
        .filter(membership_intervals::membership_id.eq_any(memberships))
        .filter(membership_intervals::from_day.le(until))
        .filter(sql::<Bool>(&format!("({earlier} OR {later})")))
        .order((
            membership_intervals::membership_id,
            membership_intervals::from_day,
        ))
        .load(conn)?;
    Ok(moments.map(|known| {
        let mut found: HashMap<Id, Vec<IntervalRow>> = HashMap::new();
        for row in rows.iter().filter(|row| known.knows(row)) {
            found
                .entry(row.membership_id)
                .or_default()
                .push(row.clone());
        }
        found
    }))
}

/// Number and legal name of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Registry number.
    pub number: String,
    /// Legal name.
    pub name: String,
    /// True where the reader may not know of it: the number stands for its name then.
    pub is_hidden: bool,
}

/// Number and legal name of organisations, as they were known. Where an organisation is in a country by now that the reader does not reach, and is not
/// public there, its number stands for its name.
pub fn named(
    conn: &mut Conn,
    ids: &[i64],
    filters: &Filters,
    known: Known,
) -> Result<HashMap<i64, Named>, Error> {
    type Row = (i64, String, String, i64, String, bool, Option<NaiveDate>);
    let rows: Vec<Row> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .select((
            organisations::id,
            organisations::number,
            organisations::name,
            organisations::seq,
            organisations::country,
            organisations::withheld,
            organisations::public_from,
        ))
        .load(conn)?;
    let changed: Vec<String> = rows
        .iter()
        .filter(|row| row.3 > known.seq)
        .map(|row| row.1.clone())
        .collect();
    let mut names = crate::organisations::past::legal_names(conn, &changed, known.seq)?;
    let told = |(id, number, name, _, country, withheld, public_from): Row| {
        let is_hidden = filters.reader.as_ref().is_some_and(|(reach, today)| {
            !may_know_of(&country, withheld, public_from, reach, *today)
        });
        let name = if is_hidden {
            number.clone()
        } else {
            names.remove(&number).unwrap_or(name)
        };
        let named = Named {
            number,
            name,
            is_hidden,
        };
        (id, named)
    };
    Ok(rows.into_iter().map(told).collect())
}

/// A place in the order of those who came or went.
pub type FlowPlace = (NaiveDate, i64, i32);

/// Those who came or went in a column of the roll-forward, by day and membership.
pub fn flows(
    conn: &mut Conn,
    kind: FlowKind,
    filters: &Filters,
    period: Period,
    known: Known,
    after: Option<FlowPlace>,
    limit: i64,
) -> Result<Vec<FlowRow>, Error> {
    let text = format!(
        "{} AND membership_flows.country IN ({}) AND membership_flows.membership_type IN ({})",
        known.condition("membership_flows"),
        quoted(filters.countries.iter().map(String::as_str)),
        quoted(filters.types.iter().copied())
    );
    let (day, membership, no) = after.unwrap_or((period.before, i64::MAX, i32::MAX));
    let behind = sql::<Bool>(
        "(membership_flows.on_day, membership_flows.membership_id, membership_flows.no) > (",
    )
    .bind::<Date, _>(day)
    .sql(", ")
    .bind::<BigInt, _>(membership)
    .sql(", ")
    .bind::<Integer, _>(no)
    .sql(")");
    Ok(membership_flows::table
        .filter(membership_flows::kind.eq(kind.as_str()))
        .filter(membership_flows::on_day.ge(period.from))
        .filter(membership_flows::on_day.le(period.to))
        .filter(sql::<Bool>(&text))
        .filter(behind)
        .order((
            membership_flows::on_day,
            membership_flows::membership_id,
            membership_flows::no,
        ))
        .limit(limit)
        .load(conn)?)
}

/// An event as far as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct EventName {
    /// The membership.
    pub membership_id: Id,
    /// Its number.
    pub no: i32,
    /// The journal position.
    pub seq: i64,
    /// The kind's word.
    pub kind: String,
    /// The day from which it holds, as it was recorded.
    pub effective_on: NaiveDate,
}

/// The events of these memberships recorded behind one position and up to another, in order.
pub fn events(
    conn: &mut Conn,
    memberships: &[Id],
    (after, until): (i64, i64),
) -> Result<Vec<EventName>, Error> {
    Ok(membership_events::table
        .filter(membership_events::membership_id.eq_any(memberships))
        .filter(membership_events::seq.gt(after))
        .filter(membership_events::seq.le(until))
        .order((membership_events::membership_id, membership_events::no))
        .select((
            membership_events::membership_id,
            membership_events::no,
            membership_events::seq,
            membership_events::kind,
            membership_events::effective_on,
        ))
        .load(conn)?)
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = BigInt)]
    membership_id: i64,
}

/// Memberships of which something else was known of the days before `before` at a position than at an earlier one. Rows that
/// say the same of those days cancel out; what is left may still be the same in more pieces.
pub fn restated(
    conn: &mut Conn,
    before: NaiveDate,
    earlier: i64,
    known: Known,
) -> Result<Vec<Id>, Error> {
    let Known { seq, .. } = known;
    let rows = |times: i32, condition: String| {
        format!(
            "SELECT membership_id, state, country, membership_type, from_day, \
                CASE WHEN to_day < '{before}' THEN to_day ELSE '{before}' END AS until, {times} AS times \
             FROM membership_intervals WHERE {MEMBER} AND from_day < '{before}' AND {condition}"
        )
    };
    let gone = format!(
        "known_to > {earlier} AND known_to <= {seq} AND known_to < {STILL} AND known_from <= {earlier}"
    );
    let new = format!("known_from > {earlier} AND known_from <= {seq} AND known_to > {seq}");
    let text = format!(
        "SELECT DISTINCT membership_id FROM ( \
            SELECT membership_id FROM ({} UNION ALL {}) AS both_sides \
            GROUP BY membership_id, state, country, membership_type, from_day, until HAVING SUM(times) <> 0 \
         ) AS differing ORDER BY membership_id",
        rows(-1, gone),
        rows(1, new)
    );
    let found: Vec<Changed> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    Ok(found.into_iter().map(|row| Id(row.membership_id)).collect())
}
