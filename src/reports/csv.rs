//! Any report as CSV: its tables, and behind an empty line the cover. No cell begins like a formula. A list is written row by
//! row as it is read.

use super::report::{Cover, Report};
use super::table::{Cell, Table};
use crate::http::Error;
use crate::imports::sheet::neutral;

/// The byte order mark by which spreadsheet programs know UTF-8.
pub const BOM: &[u8] = b"\xEF\xBB\xBF";
/// What stands between two tables.
pub const BETWEEN: &[u8] = b"\r\n";

fn lines<'a>(rows: impl Iterator<Item = Vec<String>> + 'a) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row.iter().map(|cell| neutral(cell)))
            .map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|e| Error::internal(e.error()))
}

/// The header of a table.
pub fn header(table: &Table) -> Result<Vec<u8>, Error> {
    lines(std::iter::once(
        table.columns.iter().map(|c| c.code.to_owned()).collect(),
    ))
}

/// Rows; numbers stand as numbers.
pub fn rows(rows: &[Vec<Cell>]) -> Result<Vec<u8>, Error> {
    lines(rows.iter().map(|row| row.iter().map(Cell::plain).collect()))
}

/// The cover, and what has to be said beside the tables.
pub fn cover<'a>(cover: &Cover, notes: impl Iterator<Item = &'a String>) -> Result<Vec<u8>, Error> {
    let cover = cover
        .lines()?
        .into_iter()
        .map(|(label, value)| vec![label, value]);
    let notes = notes.map(|note| vec!["note".to_owned(), note.clone()]);
    lines(cover.chain(notes))
}

/// Writes a report in UTF-8, with commas and CRLF.
pub fn write(report: &Report, made: &Cover) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    for table in report.tables.iter().chain(&report.beside) {
        file.extend(header(table)?);
        file.extend(rows(&table.rows)?);
        file.extend_from_slice(BETWEEN);
    }
    file.extend(cover(made, notes(report))?);
    Ok(file)
}

/// What has to be said beside the tables of a report.
pub fn notes(report: &Report) -> impl Iterator<Item = &String> {
    report
        .tables
        .iter()
        .chain(&report.beside)
        .flat_map(|t| &t.notes)
}
