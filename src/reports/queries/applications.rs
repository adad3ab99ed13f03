//! Applications that wait on a day, in two times.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Text};

use super::super::question::{Filters, Known};
use super::quoted;
use crate::db::schema::membership_intervals;
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::memberships::rows::IntervalRow;

/// The states of an application, as the partial index writes them.
const WAITING: &str = "state IN ('draft', 'submitted', 'in_review', 'returned', 'recommended')";
/// The states of an application.
pub const STATES: [&str; 5] = ["draft", "submitted", "in_review", "returned", "recommended"];

/// How many applications came into a state on a day and still wait there.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Since {
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// Type.
    #[diesel(sql_type = Text)]
    pub membership_type: String,
    /// State.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// The first day of the state.
    #[diesel(sql_type = Date)]
    pub from_day: NaiveDate,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
}

fn began(filters: &Filters, day: NaiveDate, known: Known, table: &str) -> String {
    format!(
        "{table}.{WAITING} AND {} AND {table}.country IN ({}) AND {table}.membership_type IN ({}) \
         AND {table}.from_day <= '{day}'",
        known.condition(table),
        quoted(filters.countries.iter().map(String::as_str)),
        quoted(filters.types.iter().copied())
    )
}

fn held(filters: &Filters, day: NaiveDate, known: Known, table: &str) -> String {
    let began = began(filters, day, known, table);
    format!("{began} AND ({table}.to_day IS NULL OR {table}.to_day > '{day}')")
}

/// The applications that wait on a day, counted by the first day of their state.
pub fn waiting(
    conn: &mut Conn,
    filters: &Filters,
    day: NaiveDate,
    known: Known,
) -> Result<Vec<Since>, Error> {
    // In two parts: each is a range of the index, where both together are all of it.
    let began = began(filters, day, known, "membership_intervals");
    let rows = |end: String| {
        format!(
            "SELECT country, membership_type, state, from_day FROM membership_intervals \
             WHERE {began} AND {end}"
        )
    };
    let text = format!(
        "SELECT country, membership_type, state, from_day, COUNT(*) AS waiting FROM ({} UNION ALL {}) AS held \
         GROUP BY country, membership_type, state, from_day",
        rows("to_day IS NULL".to_owned()),
        rows(format!("to_day > '{day}'"))
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
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
