//! All members of a day, in no order: for figures, and for what is picked among them.
//!
//! What is known now lies together in the index of days; of it only what ends soon behind the day is read, and what lasts long from an
//! index of its own: whatever the day, that is little more than the members of it. What was known at an earlier position is that, and what
//! has fallen since.

use chrono::{Days, NaiveDate};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Text};

use super::super::question::{Filters, Known};
use super::{MEMBER, STILL, quoted};
use crate::db::schema::membership_intervals;
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::memberships::rows::IntervalRow;

/// More days than most intervals last: a term of two years and its grace days. The migrations have the same number.
const LONG: u64 = 800;

/// What lasts longer, as the partial index writes it.
fn is_long(conn: &Conn) -> &'static str {
    if conn.is_postgres() {
        "to_day - from_day > 800"
    } else {
        "julianday(to_day) - julianday(from_day) > 800"
    }
}

/// Selects columns of the intervals of members that hold on a day, where a further condition holds. The signs and the empty
/// texts keep the planners from the indexes of positions and of countries, along which all days would be read.
pub fn members(
    conn: &Conn,
    columns: &str,
    filters: &Filters,
    (day, known): (NaiveDate, Known),
    condition: &str,
) -> String {
    // What all rows meet is not asked of each.
    let mut more = String::new();
    if filters.some_countries {
        let countries = quoted(filters.countries.iter().map(String::as_str));
        more.push_str(&format!(" AND country || '' IN ({countries})"));
    }
    if filters.some_types {
        let types = quoted(filters.types.iter().copied());
        more.push_str(&format!(" AND membership_type || '' IN ({types})"));
    }
    let seq = known.seq;
    let rows = |which: String| {
        format!(
            "SELECT {columns} FROM membership_intervals WHERE {MEMBER} AND {which} AND from_day <= '{day}' \
             AND +known_from <= {seq} AND {condition}{more}"
        )
    };
    // No day of a table is behind the last that is written with four digits.
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(day);
    let soon = day
        .checked_add_days(Days::new(LONG))
        .map_or(last, |soon| soon.min(last));
    let mut parts = vec![
        rows(format!("known_to = {STILL} AND to_day IS NULL")),
        rows(format!(
            "known_to = {STILL} AND to_day > '{day}' AND to_day <= '{soon}'"
        )),
        rows(format!(
            "known_to = {STILL} AND to_day > '{soon}' AND {}",
            is_long(conn)
        )),
    ];
    if !known.is_newest() {
        parts.push(rows(format!(
            "known_to > {seq} AND known_to < {STILL} AND (to_day IS NULL OR to_day > '{day}')"
        )));
    }
    parts.join(" UNION ALL ")
}

/// The ids of all members.
pub fn ids(
    conn: &mut Conn,
    filters: &Filters,
    moment: (NaiveDate, Known),
) -> Result<Vec<Id>, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        membership_id: i64,
    }
    let text = members(conn, "membership_id", filters, moment, "1 = 1");
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    Ok(rows.into_iter().map(|row| Id(row.membership_id)).collect())
}

/// How many members of a country and type, none of them suspended, have their last day of grace on a day.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Ending {
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// Type.
    #[diesel(sql_type = Text)]
    pub membership_type: String,
    /// The last of the grace days.
    #[diesel(sql_type = Date)]
    pub grace_end: NaiveDate,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
}

/// The members who are not suspended, by the last of their grace days, as far as that is before a day.
pub fn ending(
    conn: &mut Conn,
    filters: &Filters,
    moment: (NaiveDate, Known),
    before: NaiveDate,
) -> Result<Vec<Ending>, Error> {
    let text = format!(
        "SELECT country, membership_type, grace_end, COUNT(*) AS members FROM ({}) AS held \
         GROUP BY country, membership_type, grace_end",
        members(
            conn,
            "country, membership_type, grace_end",
            filters,
            moment,
            &format!("state <> 'suspended' AND grace_end < '{before}'")
        )
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// A member by country and type.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Held {
    /// The membership.
    #[diesel(sql_type = BigInt)]
    pub membership_id: i64,
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// Type.
    #[diesel(sql_type = Text)]
    pub membership_type: String,
}

/// The suspended members whose grace days end before a day and who may lapse: where nothing follows on the suspension, it has no end.
pub fn suspended(
    conn: &mut Conn,
    filters: &Filters,
    moment: (NaiveDate, Known),
    before: NaiveDate,
) -> Result<Vec<Held>, Error> {
    let text = members(
        conn,
        "membership_id, country, membership_type",
        filters,
        moment,
        &format!("state = 'suspended' AND to_day IS NOT NULL AND grace_end < '{before}'"),
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// The members who lapse between two days if nothing happens, and of the suspended all who may.
pub fn lapsing(
    conn: &mut Conn,
    filters: &Filters,
    moment: (NaiveDate, Known),
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Held>, Error> {
    // The last of the grace days is the day before.
    let before = from.pred_opt().unwrap_or(from);
    let text = members(
        conn,
        "membership_id, country, membership_type",
        filters,
        moment,
        &format!(
            "grace_end < '{to}' AND ((state <> 'suspended' AND grace_end >= '{before}') \
             OR (state = 'suspended' AND to_day IS NOT NULL))"
        ),
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// The intervals of these memberships that hold on a day.
pub fn intervals(
    conn: &mut Conn,
    memberships: &[Id],
    (day, known): (NaiveDate, Known),
) -> Result<Vec<IntervalRow>, Error> {
    Ok(membership_intervals::table
        .filter(membership_intervals::membership_id.eq_any(memberships))
        .filter(membership_intervals::from_day.le(day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(day)),
        )
        .filter(sql::<Bool>(&known.condition("membership_intervals")))
        .load(conn)?)
}
