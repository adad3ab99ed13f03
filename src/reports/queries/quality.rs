//! Which records of members are complete and valid. Rows tell what is known now; a record that was changed behind the
//! position asked for is read from the journal by the caller.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::super::question::{Filters, Known};
use super::on_day;
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
        "No identifier is kept although another organisation has it",
        "NOT EXISTS (SELECT 1 FROM organisation_identifiers i WHERE i.organisation_id = o.id AND i.shared_reason IS NOT NULL)",
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

/// One bit a criterion, the first the lowest, of the rows of `o`. They are kept so in `organisation_quality`, by triggers.
fn bits() -> String {
    let one = |(n, (_, _, condition)): (usize, &(&str, &str, &str))| {
        format!("CASE WHEN {condition} THEN {} ELSE 0 END", 1_u32 << n)
    };
    let all: Vec<String> = CRITERIA.iter().enumerate().map(one).collect();
    all.join(" + ")
}

/// Makes what is kept of all records anew, for who wrote records past the triggers.
pub fn make_anew(conn: &mut Conn) -> Result<(), Error> {
    conn.batch_execute(&format!(
        "DELETE FROM organisation_quality; \
         INSERT INTO organisation_quality (organisation_id, seq, met) SELECT o.id, o.seq, {} FROM organisations o",
        bits()
    ))?;
    Ok(())
}

/// Every record of which something else is kept than its rows say.
pub fn deviations(conn: &mut Conn) -> Result<Vec<String>, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        number: String,
    }
    let text = format!(
        "SELECT o.number FROM organisations o LEFT JOIN organisation_quality q ON q.organisation_id = o.id \
         WHERE q.seq IS NULL OR q.seq <> o.seq OR q.met <> {} \
         UNION ALL SELECT 'a record that is not there' FROM organisation_quality q \
         WHERE NOT EXISTS (SELECT 1 FROM organisations o WHERE o.id = q.organisation_id) \
         ORDER BY 1",
        bits()
    );
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let told = |row: Row| {
        format!(
            "organisation_quality: what is kept of the completeness of {} is not what its rows say",
            row.number
        )
    };
    Ok(rows.into_iter().map(told).collect())
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

/// The records that were not changed behind the position, counted by what they meet.
pub fn counted(
    conn: &mut Conn,
    filters: &Filters,
    day: NaiveDate,
    known: Known,
) -> Result<Vec<Met>, Error> {
    let text = format!(
        "{} SELECT country, met, COUNT(*) AS records FROM \
            (SELECT m.country, q.met FROM members m JOIN organisation_quality q ON q.organisation_id = m.organisation_id \
             WHERE q.seq <= {}) AS judged \
         GROUP BY country, met",
        members(conn, filters, day, known),
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
            (SELECT m.country, m.organisation_id, o.number, q.seq, q.met \
             FROM members m JOIN organisations o ON o.id = m.organisation_id \
                JOIN organisation_quality q ON q.organisation_id = m.organisation_id \
             WHERE (m.country, o.number) > ('{}', '{}')) AS judged \
         WHERE seq > {} OR {} ORDER BY country, number LIMIT {limit}",
        members(conn, filters, day, known),
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
    use super::CRITERIA;

    /// The migrations have the conditions of the criteria, on the table's own row and on its items.
    #[test]
    fn what_is_kept_has_the_conditions_of_the_criteria() {
        let migrations = [
            include_str!("../../../migrations/sqlite/2026-11-29-000001_quality_of_a_record/up.sql"),
            include_str!(
                "../../../migrations/postgres/2026-11-29-000001_quality_of_a_record/up.sql"
            ),
        ];
        for (n, (code, _, condition)) in CRITERIA.iter().enumerate() {
            let bit = format!("CASE WHEN {condition} THEN {} ELSE 0 END", 1_u32 << n);
            let kept = if condition.contains("EXISTS") {
                bit.replace("o.id", "organisation_quality.organisation_id")
            } else {
                bit.replace("o.", "NEW.")
            };
            for text in migrations {
                assert_eq!(text.matches(&bit).count(), 1, "{code}: {bit}");
                assert!(text.contains(&kept), "{code}: {kept}");
            }
        }
    }
}
