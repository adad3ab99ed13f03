//! Applications that wait on a day, in two times.

use std::collections::HashMap;

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

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    membership_id: i64,
    #[diesel(sql_type = Date)]
    from_day: NaiveDate,
}

/// Applications that wait on a day, the longest waiting first.
pub fn page(
    conn: &mut Conn,
    wanted: &Wanted<'_>,
    after: Option<(NaiveDate, Id)>,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    let text = places(wanted, after, limit);
    let places: Vec<Place> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let ids: Vec<Id> = places.iter().map(|p| Id(p.membership_id)).collect();
    let rows: Vec<IntervalRow> = membership_intervals::table
        .filter(membership_intervals::membership_id.eq_any(ids))
        .filter(sql::<Bool>(&wanted.known.condition("membership_intervals")))
        .load(conn)?;
    let mut rows: HashMap<(Id, NaiveDate), IntervalRow> = rows
        .into_iter()
        .map(|row| ((row.membership_id, row.from_day), row))
        .collect();
    let row = |p: Place| rows.remove(&(Id(p.membership_id), p.from_day));
    Ok(places.into_iter().filter_map(row).collect())
}

/// The places of a page in SQL. What still waits, as is known now, is most of it by far: of each country and state the first are taken, along an
/// index that has them in order. What waited then and does no more, and what has fallen since, are ranges of the index of all that waits.
fn places(wanted: &Wanted<'_>, after: Option<(NaiveDate, Id)>, limit: i64) -> String {
    let Wanted { day, known, .. } = *wanted;
    let seq = known.seq;
    // No day is before the first that is written with four digits.
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    let (since, until) = (wanted.since.0.max(first), wanted.since.1.min(day));
    let (behind, id) = after.unwrap_or((first, Id(i64::MIN)));
    let mut more = format!(
        "from_day >= '{}' AND from_day <= '{until}' AND (from_day, membership_id) > ('{behind}', {}) AND +known_from <= {seq}",
        since.max(behind),
        id.0
    );
    if wanted.filters.some_types {
        let types = quoted(wanted.filters.types.iter().copied());
        more.push_str(&format!(" AND membership_type IN ({types})"));
    }
    let mut parts = Vec::new();
    for country in &wanted.filters.countries {
        for state in wanted.states {
            parts.push(format!(
                "SELECT * FROM (SELECT membership_id, from_day FROM membership_intervals \
                    WHERE known_to = {STILL} AND to_day IS NULL AND country = {} AND state = {} AND {more} \
                    ORDER BY from_day, membership_id LIMIT {limit}) AS first_of_one",
                quoted([country.as_str()]),
                quoted([*state])
            ));
        }
    }
    if wanted.filters.some_countries {
        // The empty text keeps the planners from the index of countries.
        let countries = quoted(wanted.filters.countries.iter().map(String::as_str));
        more.push_str(&format!(" AND country || '' IN ({countries})"));
    }
    let states = quoted(wanted.states.iter().copied());
    let rows = |which: String| {
        format!(
            "SELECT membership_id, from_day FROM membership_intervals \
             WHERE {WAITING} AND {which} AND state || '' IN ({states}) AND {more}"
        )
    };
    parts.push(rows(format!("known_to = {STILL} AND to_day > '{day}'")));
    if !known.is_newest() {
        parts.push(rows(format!(
            "known_to > {seq} AND known_to < {STILL} AND (to_day IS NULL OR to_day > '{day}')"
        )));
    }
    format!(
        "SELECT membership_id, from_day FROM ({}) AS waiting ORDER BY from_day, membership_id LIMIT {limit}",
        parts.join(" UNION ALL ")
    )
}
