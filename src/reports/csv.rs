//! Any report as CSV: its tables, and behind an empty line the cover. No cell begins like a formula.

use super::report::{Cover, Report};
use crate::http::Error;
use crate::imports::sheet::neutral;

fn block(rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, Error> {
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

/// Writes a report in UTF-8, with commas and CRLF; numbers stand as numbers.
pub fn write(report: &Report, cover: &Cover) -> Result<Vec<u8>, Error> {
    let mut blocks = Vec::new();
    for table in &report.tables {
        let header = table.columns.iter().map(|c| c.code.to_owned()).collect();
        let rows = table
            .rows
            .iter()
            .map(|row| row.iter().map(super::table::Cell::plain).collect());
        blocks.push(block(std::iter::once(header).chain(rows))?);
    }
    let notes = report.tables.iter().flat_map(|t| &t.notes);
    let lines = cover
        .lines()?
        .into_iter()
        .map(|(label, value)| vec![label, value]);
    let notes = notes.map(|note| vec!["note".to_owned(), note.clone()]);
    blocks.push(block(lines.chain(notes))?);
    Ok(blocks.join(&b"\r\n"[..]))
}
