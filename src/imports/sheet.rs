//! Tables as CSV and XLSX that no spreadsheet program takes for formulas.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::read::values::is_marked_as_text;
use crate::http::Error;

/// Cells beyond it are left empty: a spreadsheet cell holds at most 32,767 characters, and an empty cell changes
/// nothing when it is imported.
const LONGEST: usize = 32_000;

/// A cell as it is written: what the reader strips stands once more, so that the text comes back as it was.
pub fn kept(text: &str) -> String {
    if text.len() > LONGEST {
        return String::new();
    }
    match text.strip_prefix('\'') {
        Some(rest) if is_marked_as_text(rest) => format!("'{text}"),
        _ => text.to_owned(),
    }
}

fn is_formula_sign(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'
    )
}

/// A cell of a CSV file: what a program would calculate begins with an apostrophe, which imports take away again.
pub fn neutral(text: &str) -> String {
    let text = kept(text);
    if text.starts_with(is_formula_sign) {
        format!("'{text}")
    } else {
        text
    }
}

/// CSV in UTF-8 with a byte order mark, commas and CRLF.
pub fn csv(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(b"\xEF\xBB\xBF".to_vec());
    writer
        .write_record(header.iter().map(|c| neutral(c)))
        .map_err(Error::internal)?;
    for row in rows {
        writer
            .write_record(row.iter().map(|c| neutral(c)))
            .map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|e| Error::internal(e.error()))
}

/// A workbook of one sheet in which every cell is a string.
pub fn xlsx(
    name: &str,
    header: &[String],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, Error> {
    fill(name, header, rows).map_err(Error::internal)
}

fn fill(
    name: &str,
    header: &[String],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(name)?;
    let all = std::iter::once(header.to_vec()).chain(rows);
    for (row, cells) in (0u32..).zip(all) {
        for (column, cell) in (0u16..).zip(&cells) {
            if !cell.is_empty() {
                sheet.write_string(row, column, kept(cell))?;
            }
        }
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::{csv, neutral};
    use crate::imports::read::values::clean_text;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for text in [
            "=1+1", "+994", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x",
        ] {
            assert!(neutral(text).starts_with('\''), "{text:?}");
        }
    }

    #[test]
    fn what_is_neutralised_is_read_as_it_was() {
        for text in [
            "=1+1",
            "+994",
            "-",
            "@x",
            "＝1",
            "'5 Elements",
            "'=x",
            "'Justh' Party",
            "A",
        ] {
            assert_eq!(clean_text(&neutral(text)), text);
        }
    }

    #[test]
    fn a_cell_with_a_comma_stays_one_cell() {
        let file = csv(&["a".to_owned()], [vec!["x,\"y\"".to_owned()]].into_iter()).unwrap();
        assert_eq!(file, b"\xEF\xBB\xBFa\r\n\"x,\"\"y\"\"\"\r\n");
    }
}
