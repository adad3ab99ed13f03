//! Applications that wait on a day, in two times.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Text};

use super::super::question::{Filters, Known};
use super::{STILL, quoted};
use crate::db::schema::membership_intervals;
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::memberships::rows::IntervalRow;

/// The states of an application, as the partial index writes them.
const WAITING: &str = "state IN ('draft', 'submitted', 'in_review', 'returned', 'recommended')";
/// The states of an application.
pub const STATES: [&str; 5] = ["draft", "submitted", "in_review", "returned", "recommended"];

/// The applications of a country, type and state that wait, by the first day of the state.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Waiting {
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// Type.
    #[diesel(sql_type = Text)]
    pub membership_type: String,
    /// State.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Of which since the first of the days asked for, or later.
    #[diesel(sql_type = BigInt)]
    pub since_first: i64,
    /// Since the second, which is earlier.
    #[diesel(sql_type = BigInt)]
    pub since_second: i64,
    /// Since the third, which is earlier still.
    #[diesel(sql_type = BigInt)]
    pub since_third: i64,
    /// Since when the longest waits.
    #[diesel(sql_type = Date)]
    pub longest: NaiveDate,
}

/// The applications that wait on a day, and how many of them since each of three days, a later one first. A country, type and state comes
/// more than once.
pub fn waiting(
    conn: &mut Conn,
    filters: &Filters,
    (day, known): (NaiveDate, Known),
    since: [NaiveDate; 3],
) -> Result<Vec<Waiting>, Error> {
    let mut more = String::new();
    if filters.some_countries {
        // The empty text keeps the planners from the index of countries, which does not hold all that is counted.
        let countries = quoted(filters.countries.iter().map(String::as_str));
        more.push_str(&format!(" AND country || '' IN ({countries})"));
    }
    if filters.some_types {
        let types = quoted(filters.types.iter().copied());
        more.push_str(&format!(" AND membership_type IN ({types})"));
    }
    let seq = known.seq;
    let [first, second, third] = since
        .map(|day| format!("CAST(SUM(CASE WHEN from_day >= '{day}' THEN 1 ELSE 0 END) AS BIGINT)"));
    let rows = |which: String| {
        format!(
            "SELECT country, membership_type, state, COUNT(*) AS waiting, {first} AS since_first, {second} AS since_second, \
                {third} AS since_third, MIN(from_day) AS longest \
             FROM membership_intervals WHERE {WAITING} AND {which} AND from_day <= '{day}' AND +known_from <= {seq}{more} \
             GROUP BY country, membership_type, state"
        )
    };
    // Each is a range of the index; what is known now lies together.
    let mut parts = vec![
        rows(format!("known_to = {STILL} AND to_day IS NULL")),
        rows(format!("known_to = {STILL} AND to_day > '{day}'")),
    ];
    if !known.is_newest() {
        parts.push(rows(format!(
            "known_to > {seq} AND known_to < {STILL} AND (to_day IS NULL OR to_day > '{day}')"
        )));
    }
    let text = parts.join(" UNION ALL ");
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

fn held(filters: &Filters, day: NaiveDate, known: Known, table: &str) -> String {
    format!(
        "{table}.{WAITING} AND {} AND {table}.country IN ({}) AND {table}.membership_type IN ({}) \
         AND {table}.from_day <= '{day}' AND ({table}.to_day IS NULL OR {table}.to_day > '{day}')",
        known.condition(table),
        quoted(filters.countries.iter().map(String::as_str)),
        quoted(filters.types.iter().copied())
    )
}

/// Which applications.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Countries and types.
    pub filters: &'a Filters,
    /// States.
    pub states: &'a [&'static str],
    /// The day.
    pub day: NaiveDate,
    /// What was known.
    pub known: Known,
    /// The first days of the state, both inclusive.
    pub since: (NaiveDate, NaiveDate),
}

/// Applications that wait on a day, the longest waiting first.
pub fn page(
    conn: &mut Conn,
    wanted: &Wanted<'_>,
    after: Option<(NaiveDate, Id)>,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    let text = format!(
        "{} AND membership_intervals.state IN ({})",
        held(
            wanted.filters,
            wanted.day,
            wanted.known,
            "membership_intervals"
        ),
        quoted(wanted.states.iter().copied())
    );
    let (day, id) = after.unwrap_or((NaiveDate::MIN, Id(i64::MIN)));
    let first = wanted.since.0.max(day);
    let behind =
        sql::<Bool>("(membership_intervals.from_day, membership_intervals.membership_id) > (")
            .bind::<Date, _>(day.max(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default()))
            .sql(", ")
            .bind::<BigInt, _>(id.0)
            .sql(")");
    Ok(membership_intervals::table
        .filter(sql::<Bool>(&text))
        .filter(
            membership_intervals::from_day
                .ge(first.max(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default())),
        )
        .filter(membership_intervals::from_day.le(wanted.since.1))
        .filter(behind)
        .order((
            membership_intervals::from_day,
            membership_intervals::membership_id,
        ))
        .limit(limit)
        .load(conn)?)
}
