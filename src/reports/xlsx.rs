//! Any report as a workbook: the cover, a sheet for each table with typed cells under a header that stays, and what the columns
//! mean.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::making::Progress;
use super::report::{Cover, Report};
use super::table::{Cell, Column, Kind, Table};
use crate::http::Error;

/// The media type.
pub const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The most rows of a list: a workbook is made whole before it is sent.
pub const MOST_ROWS: usize = 100_000;

struct Formats {
    title: Format,
    label: Format,
    position: Format,
    header: Format,
    number: Format,
    day: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            title: Format::new().set_bold().set_font_size(16),
            label: Format::new().set_bold().set_align(FormatAlign::Top),
            position: Format::new().set_align(FormatAlign::Left),
            header: Format::new()
                .set_bold()
                .set_background_color("#E8EEF3")
                .set_border_bottom(FormatBorder::Thin),
            number: Format::new().set_num_format("#,##0"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
        }
    }
}

/// The longest text of a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// A text as a cell can hold it: whole, and as it is, because a report is read and not imported again. What is longer ends in an ellipsis.
fn shown(text: &str) -> Cow<'_, str> {
    if text.encode_utf16().count() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let mut units = 1;
    let fits = |sign: &char| {
        units += sign.len_utf16();
        units <= LONGEST
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    Cow::Owned(cut)
}

/// Writes a report.
///
/// # Errors
///
/// A workbook that cannot be written.
pub fn write(report: &Report, cover: &Cover, progress: &Progress) -> Result<Vec<u8>, Error> {
    let lines = cover.lines()?;
    progress.write(report.rows());
    fill(report, &lines, progress).map_err(Error::internal)
}

fn fill(
    report: &Report,
    cover: &[(String, String)],
    progress: &Progress,
) -> Result<Vec<u8>, XlsxError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("cover")?;
    sheet.set_column_width(0, 18)?.set_column_width(1, 100)?;
    sheet.write_string_with_format(0, 0, report.title, &formats.title)?;
    let notes = super::csv::notes(report).map(|note| ("note", note.as_str()));
    let lines = cover.iter().map(|(l, v)| (l.as_str(), v.as_str()));
    for (row, (label, value)) in (2u32..).zip(lines.chain(notes)) {
        sheet.write_string_with_format(row, 0, label, &formats.label)?;
        match value.parse::<i64>() {
            // The position is the one number among them; a hash of digits alone stays text.
            Ok(position) if label == "journal_seq" => {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                let position = position as f64;
                sheet.write_number_with_format(row, 1, position, &formats.position)?;
            }
            _ => {
                sheet.write_string(row, 1, shown(value))?;
            }
        }
    }
    let tables = || report.tables.iter().chain(&report.beside);
    for table in tables() {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(table.code)?;
        fill_table(sheet, table, &formats, progress)?;
    }
    let sheet = workbook.add_worksheet().set_name("columns")?;
    sheet
        .set_column_width(0, 18)?
        .set_column_width(1, 18)?
        .set_column_width(2, 100)?;
    for (column, text) in (0u16..).zip(["table", "column", "meaning"]) {
        sheet.write_string_with_format(0, column, text, &formats.header)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let columns = tables().flat_map(|t| t.columns.iter().map(move |c| (t.code, c)));
    for (row, (table, column)) in (1u32..).zip(columns) {
        for (place, text) in (0u16..).zip([table, column.code, column.title]) {
            sheet.write_string(row, place, text)?;
        }
    }
    workbook.save_to_buffer()
}

fn fill_table(
    sheet: &mut Worksheet,
    table: &Table,
    formats: &Formats,
    progress: &Progress,
) -> Result<(), XlsxError> {
    for (place, column) in (0u16..).zip(table.columns) {
        sheet.set_column_width(place, width(column))?;
        sheet.write_string_with_format(0, place, column.code, &formats.header)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1u32..).zip(&table.rows) {
        for (place, cell) in (0u16..).zip(cells) {
            write_cell(sheet, (row, place), cell, formats)?;
        }
        progress.wrote();
    }
    Ok(())
}

/// Wide enough for what such a column usually holds.
fn width(column: &Column) -> f64 {
    let header = f64::from(u16::try_from(column.code.len()).unwrap_or(20)) + 3.0;
    let content = match (column.kind, column.code) {
        (Kind::Texts, _) | (_, "name" | "meaning") => 48.0,
        (_, "registry_number" | "other_number" | "membership" | "proposal") => 18.0,
        (_, "subject" | "by" | "decided_by" | "proposer" | "decider" | "officer") => 26.0,
        (_, "recorded_at" | "proposed_at" | "closed_at") => 28.0,
        _ => 12.0,
    };
    header.max(content)
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, place): (u32, u16),
    cell: &Cell,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Nothing => {}
        // Whole numbers up to 2^53 are exact in a cell; counts and positions stay far below.
        Cell::Integer(number) => {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
            let number = *number as f64;
            sheet.write_number_with_format(row, place, number, &formats.number)?;
        }
        Cell::Day(day) => match excel_day(*day) {
            Some(date) => {
                sheet.write_datetime_with_format(row, place, &date, &formats.day)?;
            }
            None => {
                sheet.write_string(row, place, day.to_string())?;
            }
        },
        Cell::Text(_) | Cell::Texts(_) => {
            let text = cell.plain();
            if !text.is_empty() {
                sheet.write_string(row, place, shown(&text))?;
            }
        }
    }
    Ok(())
}

/// A day as a number; workbooks know none before 1900, and their first two months are wrong.
fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok().filter(|year| *year > 1900)?;
    let month = u8::try_from(day.month()).ok()?;
    ExcelDateTime::from_ymd(year, month, u8::try_from(day.day()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, shown};

    #[test]
    fn a_text_stands_as_it_is_and_a_longer_one_ends_in_an_ellipsis() {
        for text in ["'=апостроф алты", "=1+1", "''", ""] {
            assert_eq!(shown(text), text);
        }
        let long = "𝄞".repeat(LONGEST / 2);
        assert_eq!(shown(&long), long);
        let longer = shown(&format!("{long}ab")).into_owned();
        assert_eq!(longer.encode_utf16().count(), LONGEST);
        assert!(longer.ends_with("𝄞…"));
    }
}
