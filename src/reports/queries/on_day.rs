//! All members of a day, in no order: for figures, and for what is picked among them.
//!
//! One pass over the index of days. It reads what ends behind the day, so a late day costs little, whatever was known when.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use super::super::question::{Filters, Known};
use super::{MEMBER, quoted};
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;

/// Selects columns of the intervals of members that hold on a day, where a further condition holds. The signs and the empty
/// texts keep the planners from the indexes of positions and of countries, along which all days would be read.
pub fn members(
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
    let rows = |end: String| {
        format!(
            "SELECT {columns} FROM membership_intervals WHERE {MEMBER} AND {end} AND from_day <= '{day}' \
             AND +known_from <= {seq} AND +known_to > {seq} AND {condition}{more}",
            seq = known.seq,
        )
    };
    format!(
        "{} UNION ALL {}",
        rows("to_day IS NULL".to_owned()),
        rows(format!("to_day > '{day}'"))
    )
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
    let text = members("membership_id", filters, moment, "1 = 1");
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
            "country, membership_type, grace_end",
            filters,
            moment,
            &format!("state <> 'suspended' AND grace_end < '{before}'")
        )
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// A suspended member.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Suspended {
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
) -> Result<Vec<Suspended>, Error> {
    let text = members(
        "membership_id, country, membership_type",
        filters,
        moment,
        &format!("state = 'suspended' AND to_day IS NOT NULL AND grace_end < '{before}'"),
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}
