//! Pairs that somebody said are different organisations, though they look alike: with the reason, in the journal.
//!
//! Who registers over a warning says so, who imports, and who looks through the list of pairs. Such a pair is not raised again,
//! and a report of decisions finds here who overrode which warning.

use diesel::prelude::*;
use serde::Serialize;

use crate::auth::Acting;
use crate::db::schema::distinct_pairs;
use crate::db::{Conn, Failure, Tx};
use crate::http::{Code, Error};
use crate::journal::{Class, Entry, Recorded};

/// Where it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// When the younger one was registered: a warning was overridden.
    Registration,
    /// When a row of a spreadsheet was resolved: the same.
    Import,
    /// From the list of pairs.
    List,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Import => "import",
            Self::List => "list",
        }
    }
}

/// A pair that is two. The younger organisation stands first, so that a pair stands once.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, Serialize)]
#[diesel(table_name = distinct_pairs, treat_none_as_default_value = false)]
pub struct DistinctRow {
    /// The younger one's internal id.
    pub organisation_id: i64,
    /// The older one's.
    pub other_id: i64,
    /// The younger one's registry number.
    pub organisation: String,
    /// The older one's.
    pub other: String,
    /// How they differ.
    pub reason: String,
    /// `registration`, `import` or `list`.
    pub way: String,
    /// `same` or `possible`, where a warning was overridden.
    pub verdict: Option<String>,
    /// The score then, in thousandths.
    pub thousandths: Option<i32>,
    /// Who said it (an actor word).
    pub said_by: String,
    /// When, µs.
    pub said_at: i64,
    /// The journal position of the entry.
    pub seq: i64,
}

impl Recorded for DistinctRow {
    const TABLE: &'static str = "distinct_pairs";
    fn key(&self) -> String {
        format!("{}/{}", self.organisation_id, self.other_id)
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// How much a pair looked alike when it was said to be two.
#[derive(Clone, Copy, Debug)]
pub struct Warning<'a> {
    /// `same` or `possible`.
    pub verdict: &'a str,
    /// 0 to 1.
    pub score: f64,
}

/// Writes a pair inside an entry; none where it was said before.
pub fn declare(
    tx: &mut Tx<'_>,
    acting: &Acting,
    entry: &mut Entry,
    (a, b): ((i64, &str), (i64, &str)),
    reason: &str,
    way: Way,
    warning: Option<Warning<'_>>,
) -> Result<Option<DistinctRow>, Error> {
    let (young, old) = if a.0 > b.0 { (a, b) } else { (b, a) };
    if is_distinct(tx, young.0, old.0)? {
        return Ok(None);
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1000")]
    let thousandths = warning.map(|warning| (warning.score * 1000.0).round() as i32);
    let row = DistinctRow {
        organisation_id: young.0,
        other_id: old.0,
        organisation: young.1.to_owned(),
        other: old.1.to_owned(),
        reason: reason.to_owned(),
        way: way.as_str().to_owned(),
        verdict: warning.map(|warning| warning.verdict.to_owned()),
        thousandths,
        said_by: acting.actor().to_string(),
        said_at: entry.recorded_at().0,
        seq: entry.seq(),
    };
    let done = diesel::insert_into(distinct_pairs::table)
        .values(&row)
        .execute(&mut **tx);
    match done.map_err(Failure::from) {
        Ok(_) => {}
        Err(Failure::Unique(_)) => {
            return Err(Error::new(
                Code::Conflict,
                "somebody said so at the same moment",
            ));
        }
        Err(failure) => return Err(failure.into()),
    }
    entry.now(&row)?;
    Ok(Some(row))
}

/// True where the two were said to be different.
pub fn is_distinct(conn: &mut Conn, a: i64, b: i64) -> Result<bool, Error> {
    let found: i64 = distinct_pairs::table
        .filter(distinct_pairs::organisation_id.eq(a.max(b)))
        .filter(distinct_pairs::other_id.eq(a.min(b)))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Of these organisations, the pairs that were said to be different: the younger one first.
pub fn among(conn: &mut Conn, ids: &[i64]) -> Result<Vec<(i64, i64)>, Error> {
    Ok(distinct_pairs::table
        .filter(
            distinct_pairs::organisation_id
                .eq_any(ids)
                .or(distinct_pairs::other_id.eq_any(ids)),
        )
        .select((distinct_pairs::organisation_id, distinct_pairs::other_id))
        .load(conn)?)
}

/// Warnings that were overridden by registrations and imports, in the order of the journal, from one position to another: for the
/// report of decisions. So many pairs at least as `limit` says where there are that many: those of one entry come together.
pub fn overridden(
    conn: &mut Conn,
    (from, until): (i64, i64),
    limit: i64,
) -> Result<Vec<DistinctRow>, Error> {
    let read = |conn: &mut Conn, from: i64, until: i64, limit: i64| {
        distinct_pairs::table
            .filter(distinct_pairs::way.ne(Way::List.as_str()))
            .filter(distinct_pairs::seq.ge(from))
            .filter(distinct_pairs::seq.le(until))
            .order((
                distinct_pairs::seq,
                distinct_pairs::organisation_id,
                distinct_pairs::other_id,
            ))
            .limit(limit)
            .load::<DistinctRow>(conn)
    };
    let mut found = read(conn, from, until, limit)?;
    let full = i64::try_from(found.len()).map_err(Error::internal)? == limit;
    if let Some(last) = found.last().map(|pair| pair.seq).filter(|_| full) {
        found.retain(|pair| pair.seq != last);
        found.extend(read(conn, last, last, i64::MAX)?);
    }
    Ok(found)
}
