//! Which records of members are complete and valid. Rows tell what is known now; a record that was changed behind the
//! position asked for is read from the journal by the caller.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::super::question::{Filters, Known};
use super::{STILL, on_day};
use crate::db::Conn;
use crate::dialect;
use crate::http::Error;

/// The criteria: code, title, and the condition on `o`, an organisation.
pub const CRITERIA: [(&str, &str, &str); 11] = [
    (
        "legal_form",
        "Legal form is given",
        "o.legal_form IS NOT NULL",
    ),
    ("city", "City is given", "o.city IS NOT NULL"),
    (
        "founded",
        "Founding year or day is given",
        "(o.founded_year IS NOT NULL OR o.founded_on IS NOT NULL)",
    ),
    ("themes", "At least one theme", "o.themes <> ''"),
    (
        "description",
        "Described in at least one language",
        "o.descriptions <> '[]'",
    ),
    (
        "reachable",
        "Website, e-mail address or telephone is given",
        "(o.website IS NOT NULL OR o.email IS NOT NULL OR o.phone IS NOT NULL)",
    ),
    (
        "english_name",
        "A name in English",
        "EXISTS (SELECT 1 FROM organisation_names n WHERE n.organisation_id = o.id AND (n.language = 'en' OR n.language LIKE 'en-%'))",
    ),
    (
        "identifier",
        "At least one identifier",
        "EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id)",
    ),
    (
        "identifiers_valid",
        "No identifier fails its check",
        "NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id AND i.verdict = 'invalid')",
    ),
    (
        "identifiers_own",
        "No identifier is shared with another organisation",
        "NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id AND NOT i.exclusive)",
    ),
    (
        "evidence",
        "At least one document as evidence",
        "EXISTS (SELECT 1 FROM organisation_evidence d WHERE d.organisation_id = o.id)",
    ),
];

/// The criterion that all others are met.
pub const COMPLETE: &str = "complete";

/// The members of a day, each organisation once a country, as a table `members` that is made once; in the order in which organisations are
/// stored, or each would be read from another place.
fn members(conn: &Conn, filters: &Filters, day: NaiveDate, known: Known) -> String {
    let columns = "country, organisation_id";
    let held = on_day::members(conn, columns, filters, (day, known), "1 = 1");
    format!(
        "WITH members AS MATERIALIZED \
            (SELECT organisation_id, country FROM ({held}) AS held GROUP BY organisation_id, country)"
    )
}

/// How many criteria, the first ones, the record's own row answers. On PostgreSQL they are a column that stands in an index.
const OF_THE_ROW: usize = 6;

/// One bit a criterion, the first the lowest.
fn bits(conn: &Conn) -> String {
    let kept = if conn.is_postgres() { OF_THE_ROW } else { 0 };
    let mut all = sums(kept, CRITERIA.len());
    if kept > 0 {
        all.insert(0, "o.facts".to_owned());
    }
    all.join(" + ")
}

/// The bits of the criteria from one to another.
fn sums(from: usize, to: usize) -> Vec<String> {
    let one = |(n, (_, _, condition)): (usize, &(&str, &str, &str))| {
        format!("CASE WHEN {condition} THEN {} ELSE 0 END", 1_u32 << n)
    };
    let all = CRITERIA.iter().enumerate().take(to).skip(from);
    all.map(one).collect()
}

/// How many records of a country meet just these criteria.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Met {
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// One bit a criterion.
    #[diesel(sql_type = Integer)]
    pub met: i32,
    /// How many records.
    #[diesel(sql_type = BigInt)]
    pub records: i64,
}

/// The records that were not changed behind the position, counted by what they meet. The limit keeps SQLite from judging each twice: once to
/// put it in a group, once to tell of which.
pub fn counted(
    conn: &mut Conn,
    filters: &Filters,
    day: NaiveDate,
    known: Known,
) -> Result<Vec<Met>, Error> {
    let text = format!(
        "{} SELECT country, met, COUNT(*) AS records FROM \
            (SELECT m.country, CAST({} AS INTEGER) AS met FROM members m JOIN organisations o ON o.id = m.organisation_id \
             WHERE o.seq <= {} LIMIT {STILL}) AS judged \
         GROUP BY country, met",
        members(conn, filters, day, known),
        bits(conn),
        known.seq
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// The record of a member and what it meets.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Judged {
    /// Country.
    #[diesel(sql_type = Text)]
    pub country: String,
    /// The organisation's internal id.
    #[diesel(sql_type = BigInt)]
    pub organisation_id: i64,
    /// Its registry number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// The journal position of its last change.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// One bit a criterion, as the rows are now.
    #[diesel(sql_type = Integer)]
    pub met: i32,
}

/// Which records are asked for, by what they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// None.
    None,
    /// All.
    All,
    /// Those that meet all criteria of a mask.
    Meeting(i32),
    /// Those that do not.
    Missing(i32),
}

impl Which {
    /// Whether a record that meets these criteria is one.
    #[must_use]
    pub fn takes(self, met: i32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Meeting(mask) => met & mask == mask,
            Self::Missing(mask) => met & mask != mask,
        }
    }

    /// The same in SQL.
    fn condition(self) -> String {
        match self {
            Self::None => "1 = 0".to_owned(),
            Self::All => "1 = 1".to_owned(),
            Self::Meeting(mask) => format!("(met & {mask}) = {mask}"),
            Self::Missing(mask) => format!("(met & {mask}) <> {mask}"),
        }
    }
}

/// Records of members behind a place, by country and registry number: of those that were not changed behind the position the ones
/// asked for; all others, because what they met then is to be read from the journal.
pub fn records(
    conn: &mut Conn,
    filters: &Filters,
    (day, known): (NaiveDate, Known),
    which: Which,
    (country, number): (&str, &str),
    limit: i64,
) -> Result<Vec<Judged>, Error> {
    let text = format!(
        "{} SELECT country, organisation_id, number, seq, met FROM \
            (SELECT m.country, m.organisation_id, o.number, o.seq, CAST({} AS INTEGER) AS met \
             FROM members m JOIN organisations o ON o.id = m.organisation_id \
             WHERE (m.country, o.number) > ('{}', '{}')) AS judged \
         WHERE seq > {} OR {} ORDER BY country, number LIMIT {limit}",
        members(conn, filters, day, known),
        bits(conn),
        plain(country),
        plain(number),
        known.seq,
        which.condition()
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// Only what countries and registry numbers are made of.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{CRITERIA, OF_THE_ROW};

    #[test]
    fn the_column_of_facts_has_the_conditions_of_the_criteria() {
        let column =
            include_str!("../../../migrations/postgres/2026-11-28-000020_facts_of_a_record/up.sql");
        let of_the_row = CRITERIA.iter().enumerate().take(OF_THE_ROW);
        for (n, (code, _, condition)) in of_the_row {
            let own = condition.replace("o.", "");
            let bit = format!("CASE WHEN {own} THEN {} ELSE 0 END", 1_u32 << n);
            assert!(column.contains(&bit), "{code}: {bit}");
        }
        assert_eq!(column.matches("CASE WHEN").count(), OF_THE_ROW);
    }
}
