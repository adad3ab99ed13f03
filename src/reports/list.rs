//! Lists: rows in an order of their own, read in parts, so that a page costs the same wherever it is and a whole list needs no
//! more memory than one part.

use chrono::NaiveDate;
use serde_json::Value;

use super::making::Progress;
use super::report::{Hashed, Report};
use super::table::Cell;
use crate::db::Conn;
use crate::http::Error;

/// The place of a row in the order of its list, as texts for a cursor.
pub type Key = Vec<String>;

/// How many rows are read at once for a whole list.
pub const AT_ONCE: i64 = 2_000;

/// A row and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The place.
    pub key: Key,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// The day and the position of the journal that the pages of one list keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The day.
    pub day: NaiveDate,
    /// The position.
    pub seq: i64,
}

/// A list that was asked for.
pub trait List: Send {
    /// How many texts a key has.
    const KEY: usize;

    /// What its pages keep.
    fn held(&self) -> Held;

    /// The report without rows and without a page: one table.
    fn report(&self) -> Report;

    /// The rows behind a key, in order; fewer than `limit` only where nothing follows.
    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error>;

    /// A key as the question of a page tells it.
    fn place(&self, key: &Key) -> Result<Value, Error>;
}

/// The report of a whole list, with all its rows in memory; none where it has more than so many.
pub fn whole(
    conn: &mut Conn,
    list: &impl List,
    most: usize,
    progress: &Progress,
) -> Result<Option<Report>, Error> {
    let mut report = list.report();
    let mut rows = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let part = list.part(conn, after.as_ref(), AT_ONCE)?;
        let Some(last) = part.last() else { break };
        after = Some(last.key.clone());
        rows.extend(part.into_iter().map(|line| line.cells));
        progress.read(rows.len());
        if rows.len() > most {
            return Ok(None);
        }
    }
    if let Some(table) = report.tables.first_mut() {
        table.rows = rows;
    }
    Ok(Some(report))
}

/// The hash of a whole list, with the report that says what it is of, without rows: the memory of one part.
pub fn hashed(conn: &mut Conn, list: &impl List) -> Result<(Report, String), Error> {
    let report = list.report();
    let mut hashed = Hashed::begin(&report)?;
    let mut after: Option<Key> = None;
    while let Some(table) = report.tables.first() {
        let part = list.part(conn, after.as_ref(), AT_ONCE)?;
        let Some(last) = part.last() else { break };
        after = Some(last.key.clone());
        let rows: Vec<_> = part.into_iter().map(|line| line.cells).collect();
        hashed.take(table, &rows);
    }
    Ok((report, hashed.end()))
}

/// The report of a page, and where the next one begins.
pub fn page(
    conn: &mut Conn,
    list: &impl List,
    after: Option<&Key>,
    limit: u32,
) -> Result<(Report, Option<Key>), Error> {
    let mut found = list.part(conn, after, i64::from(limit) + 1)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| more).map(|line| line.key.clone());
    let mut report = list.report();
    report
        .question
        .insert("limit".to_owned(), Value::from(limit));
    let place = match after {
        None => Value::Null,
        Some(key) => list.place(key)?,
    };
    report.question.insert("after".to_owned(), place);
    if let Some(table) = report.tables.first_mut() {
        table.rows = found.into_iter().map(|line| line.cells).collect();
    }
    Ok((report, next))
}
