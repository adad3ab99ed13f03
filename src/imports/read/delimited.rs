//! Text files: which character stands between the cells, and the rows.
//!
//! The delimiter is the one that makes the first records look most like a table with a known header;
//! quoted cells may hold it, quotation marks and line breaks.

use std::collections::BTreeMap;

use super::error::{ReadError, ReadErrorCode as Code, Warning, WarningCode};
use super::table::{self, RawRow, Source};
use super::{Certainty, Limits, Options, Sheet, encoding, headers};

const DELIMITERS: [u8; 4] = [b';', b',', b'\t', b'|'];
/// A control character that no table holds: it leaves every line in one cell.
const NONE: u8 = 0x1F;
const SAMPLE_RECORDS: usize = 60;

pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Sheet, ReadError> {
    let decoded = encoding::decode(bytes, options.encoding)?;
    // One kind of line break: the reader ends records at each kind, lines are counted by \n.
    let text = if decoded.text.contains('\r') {
        decoded.text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        decoded.text
    };
    let delimiter = match options.delimiter {
        Some(stated) => Some(checked(stated)?),
        None => declared(&text).or_else(|| detect(&text, options)),
    };
    let rows = records(&text, delimiter.unwrap_or(NONE), &options.limits)?;
    let unicode = decoded.encoding.is_unicode();
    let table = table::assemble(rows, options, Source::Delimited { unicode })?;
    let mut warnings = table.warnings;
    if decoded.certainty == Certainty::Guess {
        let message = format!(
            "The file has too few letters to tell its encoding; it was read as {}. Look at the names, and state the encoding if they are wrong.",
            decoded.encoding.label()
        );
        warnings.insert(0, Warning::new(WarningCode::EncodingGuessed, None, message));
    }
    Ok(Sheet {
        encoding: Some(decoded.encoding),
        certainty: Some(decoded.certainty),
        delimiter: delimiter.map(char::from),
        sheet_name: None,
        header_row: table.header_row,
        columns: table.columns,
        rows: table.rows,
        skipped: table.skipped,
        warnings,
    })
}

fn checked(stated: char) -> Result<u8, ReadError> {
    match u8::try_from(stated) {
        Ok(byte) if byte == b'\t' || (byte.is_ascii_punctuation() && !b"\"'".contains(&byte)) => {
            Ok(byte)
        }
        _ => Err(ReadError::new(
            Code::BadDelimiter,
            "The delimiter must be one of , ; | or tab, or another ASCII punctuation mark but no quotation mark.",
        )),
    }
}

/// The delimiter that a first line `sep=;` states, as spreadsheet programs write it.
fn declared(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim().trim_matches('"');
    match line
        .to_ascii_lowercase()
        .strip_prefix("sep=")
        .map(str::as_bytes)
    {
        Some(&[byte]) if DELIMITERS.contains(&byte) => Some(byte),
        _ => None,
    }
}

fn detect(text: &str, options: &Options) -> Option<u8> {
    let mut best: Option<((usize, usize), u8)> = None;
    for delimiter in DELIMITERS {
        let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
        let mut known = 0;
        for record in reader(text, delimiter)
            .records()
            .take(SAMPLE_RECORDS)
            .flatten()
        {
            let filled = record.iter().filter(|cell| !cell.trim().is_empty()).count();
            if filled == 0 {
                continue;
            }
            *widths.entry(record.len()).or_default() += 1;
            if record.len() <= options.limits.columns {
                let cells: Vec<String> = record.iter().map(str::to_owned).collect();
                known = known.max(headers::recognised(&cells, &options.map));
            }
        }
        let usual = widths
            .iter()
            .filter(|(width, _)| **width > 1)
            .map(|(width, records)| width.saturating_mul(*records));
        // Known headers decide; else the delimiter that cuts most records into equally many cells.
        let rank = (known, usual.max().unwrap_or(0));
        if rank.1 > 0 && best.is_none_or(|(other, _)| rank > other) {
            best = Some((rank, delimiter));
        }
    }
    // A list of names below one known header is one column, whatever commas the names hold.
    let whole_line_is_header = best.is_some_and(|((known, _), _)| known <= 1)
        && text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(table::HEADER_WITHIN)
            .any(|line| {
                headers::recognised(&[line.to_owned()], &options.map) == 1
                    && !DELIMITERS.iter().any(|d| line.as_bytes().contains(d))
            });
    if whole_line_is_header {
        None
    } else {
        best.map(|(_, delimiter)| delimiter)
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

fn records(text: &str, delimiter: u8, limits: &Limits) -> Result<Vec<RawRow>, ReadError> {
    let bytes = text.as_bytes();
    let (mut rows, mut stored) = (Vec::new(), 0_usize);
    let (mut line, mut counted) = (1_u32, 0_usize);
    let mut reader = reader(text, delimiter);
    let mut record = csv::StringRecord::new();
    loop {
        let mut start = usize::try_from(reader.position().byte()).unwrap_or(bytes.len());
        let Ok(more) = reader.read_record(&mut record) else {
            return Err(ReadError::new(
                Code::NotText,
                "The table cannot be read as text. Export it again as CSV (UTF-8).",
            ));
        };
        if !more {
            return Ok(rows);
        }
        // The reader's own position lies before the line break of the record above.
        start = start.saturating_add(
            bytes
                .iter()
                .skip(start)
                .take_while(|byte| b"\r\n".contains(byte))
                .count(),
        );
        let passed = bytes
            .get(counted..start)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        line = line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        counted = start;
        refuse_unclosed_quote(
            &record,
            bytes,
            start,
            usize::try_from(reader.position().byte()).unwrap_or(0),
            line,
        )?;

        let filled = record
            .iter()
            .zip(1_usize..)
            .filter(|(cell, _)| !cell.trim().is_empty());
        let width = filled.last().map_or(0, |(_, number)| number);
        if width > limits.columns {
            return Err(table::too_many_columns(line, limits).in_column(limits.columns));
        }
        for (index, cell) in record.iter().enumerate() {
            if cell.len() > limits.cell_bytes {
                return Err(table::cell_too_long(line, index, limits));
            }
        }
        stored = stored.saturating_add(width);
        if stored > limits.cells {
            return Err(table::too_many_cells(limits));
        }
        // The written width is kept where a row is full, so that only really short rows are told.
        let written = record.len().min(limits.columns);
        let cells = record.iter().take(width).map(str::to_owned).collect();
        rows.push(RawRow {
            line,
            written,
            cells,
        });
    }
}

/// Refuses a last record that runs over line breaks and holds an odd number of quotation marks.
fn refuse_unclosed_quote(
    record: &csv::StringRecord,
    bytes: &[u8],
    start: usize,
    end: usize,
    line: u32,
) -> Result<(), ReadError> {
    if end < bytes.len() || !record.iter().any(|cell| cell.contains('\n')) {
        return Ok(());
    }
    let marks = bytes
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .filter(|byte| **byte == b'"')
        .count();
    if marks.is_multiple_of(2) {
        return Ok(());
    }
    Err(ReadError::new(
        Code::UnclosedQuote,
        format!("A quotation mark in line {line} is never closed and swallows all lines below it. Close or remove it."),
    )
    .at(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::read::{Field, Why};

    fn read_text(text: &str) -> Result<Sheet, ReadError> {
        read(text.as_bytes(), &Options::default())
    }

    #[test]
    fn the_delimiter_is_found_among_four() {
        for delimiter in [',', ';', '\t', '|'] {
            let d = delimiter.to_string();
            let text = format!("name{d}country{d}city\nBir, iki; üç{d}AZ{d}Bakı\nX{d}TR{d}\n")
                .replace("Bir, iki; üç", "\"Bir, iki; üç|dörd\"");
            let sheet = read_text(&text).unwrap();
            assert_eq!((sheet.delimiter, sheet.columns.len()), (Some(delimiter), 3));
            assert_eq!(sheet.rows[0].cells[0], "Bir, iki; üç|dörd");
        }
    }

    #[test]
    fn commas_in_names_do_not_win_against_a_known_header() {
        let sheet = read_text("Ad;Şəhər\nBir, iki, üç;Bakı\nDörd, beş, altı;Bakı\n").unwrap();
        assert_eq!(sheet.delimiter, Some(';'));
    }

    #[test]
    fn a_list_of_names_is_one_column_even_with_commas_in_them() {
        let sheet = read_text("Name\nDernek, Ankara\nVakıf, İzmir\n").unwrap();
        assert_eq!(
            (sheet.delimiter, sheet.columns.len(), sheet.rows.len()),
            (None, 1, 2)
        );
        assert_eq!(sheet.rows[0].cells, ["Dernek, Ankara"]);
    }

    #[test]
    fn a_sep_line_is_believed_and_is_no_row() {
        let sheet = read_text("sep=|\nname,x,y|country\nA,B,C|D\nE,F,G|H\n").unwrap();
        assert_eq!(
            (sheet.delimiter, sheet.header_row, sheet.rows.len()),
            (Some('|'), 2, 2)
        );
        assert_eq!(sheet.skipped[0].why, Why::Title);
    }

    #[test]
    fn lines_are_counted_as_the_editor_shows_them() {
        for newline in ["\n", "\r\n", "\r"] {
            let text = ["name;city", "", "A;\"two", "lines\"", "", "", "B;x"].join(newline);
            let sheet = read_text(&text).unwrap();
            let lines: Vec<u32> = sheet.rows.iter().map(|row| row.line).collect();
            assert_eq!((sheet.header_row, lines), (1, vec![3, 7]), "{newline:?}");
        }
    }

    #[test]
    fn a_stated_delimiter_is_used_and_a_quotation_mark_refused() {
        let options = Options {
            delimiter: Some(','),
            ..Options::default()
        };
        assert_eq!(read(b"name,a;b\nX,y\n", &options).unwrap().columns.len(), 2);
        let options = Options {
            delimiter: Some('"'),
            ..Options::default()
        };
        assert_eq!(
            read(b"name,b\nX,y\n", &options).unwrap_err().code,
            Code::BadDelimiter
        );
    }

    #[test]
    fn an_unclosed_quotation_mark_is_refused_with_its_line() {
        let error = read_text("name;city\nA;x\n\"B;y\nC;z\nD;z\n").unwrap_err();
        assert_eq!((error.code, error.line), (Code::UnclosedQuote, Some(3)));
        assert_eq!(read_text("name;city\nA;5\" pipe\n").unwrap().rows.len(), 1);
    }

    #[test]
    fn short_and_long_rows_are_kept_and_told() {
        let sheet = read_text("name;city;country\nA\nB;x;AZ;extra\n").unwrap();
        assert_eq!(sheet.rows[0].cells, ["A", "", "", ""]);
        assert_eq!(sheet.rows[1].cells, ["B", "x", "AZ", "extra"]);
        assert_eq!(
            (sheet.columns[3].header.as_str(), &sheet.columns[3].field),
            ("", &None)
        );
        let told: Vec<_> = sheet
            .warnings
            .iter()
            .map(|warning| (warning.code, warning.line))
            .collect();
        assert!(
            told.contains(&(WarningCode::ShortRow, Some(2)))
                && told.contains(&(WarningCode::LongRow, Some(3))),
            "{told:?}"
        );
    }

    #[test]
    fn every_limit_holds() {
        let limited = |limits: Limits| Options {
            limits,
            ..Options::default()
        };
        let code = |text: &str, limits: Limits| {
            crate::imports::read::read(text.as_bytes(), "a.csv", &limited(limits))
                .unwrap_err()
                .code
        };
        let base = Limits::default;
        assert_eq!(
            code("name;city\nA;B\n", Limits { bytes: 5, ..base() }),
            Code::TooLarge
        );
        assert_eq!(
            code("name;city\nA;B\nC;D\n", Limits { rows: 1, ..base() }),
            Code::TooManyRows
        );
        assert_eq!(
            code(
                "name;city\nA;B;;C\n",
                Limits {
                    columns: 3,
                    ..base()
                }
            ),
            Code::TooManyColumns
        );
        assert_eq!(
            code(
                "name;city\nA;Bcdefgh\n",
                Limits {
                    cell_bytes: 6,
                    ..base()
                }
            ),
            Code::CellTooLong
        );
        assert_eq!(
            code("name;city\nA;B\nC;D\n", Limits { cells: 5, ..base() }),
            Code::TooManyCells
        );
    }

    #[test]
    fn padding_counts_against_the_cells_before_it_is_made() {
        let text = format!("name{}x\n{}", ";".repeat(150), "A\n".repeat(40_000));
        assert_eq!(read_text(&text).unwrap_err().code, Code::TooManyCells);
    }

    #[test]
    fn the_header_is_mapped() {
        let sheet = read_text("Şəhər;Təşkilatın adı\nBakı;A\n").unwrap();
        assert_eq!(
            (sheet.position(&Field::City), sheet.position(&Field::Name)),
            (Some(0), Some(1))
        );
    }
}
