//! From the bytes of a coordinator's spreadsheet to named cells. Pure: no file, clock or database.
//!
//! ```text
//! read(bytes) ─┬─ text ─ encoding ─ delimited ─┬─ table (header row, titles, sums) ─ Sheet
//!              └─ .xlsx ─ archive ─ xlsx ──────┘      └ headers.tsv (what a column means), beside (what is no row)
//! ```
//!
//! `values` turns one cell into a date, an e-mail address, a telephone number or a website. Countries
//! and identifiers stay text here. Nothing in a file is trusted: every step counts against [`Limits`]
//! before it allocates.

mod archive;
mod beside;
mod contacts;
mod dates;
mod delimited;
mod encoding;
mod error;
mod headers;
mod table;
pub mod values;
mod xlsx;

#[cfg(test)]
mod hostile_test;
#[cfg(test)]
mod samples_test;

use serde::Serialize;

pub use encoding::{Certainty, Encoding, UnknownEncoding};
pub use error::{ReadError, ReadErrorCode, Warning, WarningCode};
pub use headers::{Field, UnknownField, field_of};

/// What the coordinator states about a file, and what it may cost. The default detects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The encoding of a text file, instead of the detected one.
    pub encoding: Option<Encoding>,
    /// The character between the cells of a text file (one ASCII character).
    pub delimiter: Option<char>,
    /// Meanings of headers that win over the dictionary, compared without regard to case, dots on the
    /// i, marks and punctuation.
    pub map: Vec<(String, Field)>,
    /// What the file may cost.
    pub limits: Limits,
}

/// What one file may cost. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The uploaded file.
    pub bytes: usize,
    /// Rows below the header, without empty ones and sums.
    pub rows: usize,
    /// Columns that hold something.
    pub columns: usize,
    /// One cell.
    pub cell_bytes: usize,
    /// Cells of the table, padding included.
    pub cells: usize,
    /// All cells of a workbook's sheet together, and all shared strings of a workbook: 1,000 cells
    /// may name one long shared string.
    pub text_bytes: usize,
    /// All parts of a workbook, unpacked.
    pub unpacked_bytes: u64,
    /// How many times larger than the file its unpacked parts may be, once they exceed
    /// [`Limits::FREE_UNPACKED_BYTES`].
    pub unpack_ratio: u64,
}

impl Limits {
    /// Unpacked bytes below which the ratio is not looked at: small sheets of equal rows pack well.
    pub const FREE_UNPACKED_BYTES: u64 = 32 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            rows: 200_000,
            columns: 1_000,
            cell_bytes: 32 << 10,
            cells: 4_000_000,
            text_bytes: 64 << 20,
            unpacked_bytes: 256 << 20,
            unpack_ratio: 200,
        }
    }
}

/// A table found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// The encoding that the text was read in; none for a workbook.
    pub encoding: Option<Encoding>,
    /// How sure that encoding is; none for a workbook.
    pub certainty: Option<Certainty>,
    /// The character between cells; none for a workbook and for a text file of one column.
    pub delimiter: Option<char>,
    /// The sheet of the workbook; none for a text file.
    pub sheet_name: Option<String>,
    /// The line of the header in the file, from 1.
    pub header_row: u32,
    /// The columns, in the file's order.
    pub columns: Vec<Column>,
    /// The rows below the header that hold something.
    pub rows: Vec<Row>,
    /// The lines that are not rows of the table.
    pub skipped: Vec<Skipped>,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

impl Sheet {
    /// The position in [`Row::cells`] of the column that holds `field`.
    #[must_use]
    pub fn position(&self, field: &Field) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.field.as_ref() == Some(field))
    }
}

/// One column of a [`Sheet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The header as written, cleaned; empty where the file has none.
    pub header: String,
    /// Its meaning; none where the dictionary does not know it.
    pub field: Option<Field>,
    /// True where that was stated.
    pub stated: bool,
    /// Its position in the file, from 0 (column A is 0).
    pub index: usize,
}

/// One row of a [`Sheet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The line (text file: where the row begins) or row (workbook) in the file, from 1.
    pub line: u32,
    /// Cells cleaned by [`values::clean_text`], as many as there are columns.
    pub cells: Vec<String>,
}

/// A line that is not a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The line in the file, from 1.
    pub line: u32,
    /// Why it was skipped.
    pub why: Why,
}

/// Why a line was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It stands above the header.
    Title,
    /// It holds nothing.
    Empty,
    /// It adds up the rows above.
    Sum,
    /// It repeats the header, or numbers its columns.
    Header,
    /// It says who made the list, or where to sign it.
    Note,
}

/// Reads the one table of a file.
///
/// The content decides between text and workbook; `file_name` only serves messages.
///
/// # Errors
///
/// A [`ReadError`] with a stable code and a sentence that says what to do.
pub fn read(bytes: &[u8], file_name: &str, options: &Options) -> Result<Sheet, ReadError> {
    use ReadErrorCode as Code;

    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::new(
            Code::EmptyFile,
            "The file is empty. Send a table with a header row and at least one organisation.",
        ));
    }
    if bytes.len() > options.limits.bytes {
        return Err(ReadError::new(
            Code::TooLarge,
            format!(
                "The file has {} bytes; at most {} are read. Split it into several files.",
                bytes.len(),
                options.limits.bytes
            ),
        ));
    }
    if bytes.starts_with(b"PK") {
        return xlsx::read(bytes, options);
    }
    refuse_other_formats(bytes)?;
    let mut sheet = delimited::read(bytes, options)?;
    let extension = file_name
        .rsplit_once('.')
        .map(|(_, end)| end.to_ascii_lowercase());
    if let Some(extension @ ("xlsx" | "xls" | "ods" | "xlsm")) = extension.as_deref() {
        sheet.warnings.push(Warning::new(
            WarningCode::NameAndContentDiffer,
            None,
            format!(
                "The name ends in .{extension}, but the file is plain text; it was read as text."
            ),
        ));
    }
    Ok(sheet)
}

fn refuse_other_formats(bytes: &[u8]) -> Result<(), ReadError> {
    let unsupported = |what: &str| {
        Err(ReadError::new(
            ReadErrorCode::UnsupportedFormat,
            format!(
                "{what} Open it in a spreadsheet program and save it as .xlsx or as CSV (UTF-8)."
            ),
        ))
    };
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        let name: Vec<u8> = "EncryptedPackage"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        if bytes
            .windows(name.len())
            .any(|window| window == name.as_slice())
        {
            return Err(ReadError::new(
                ReadErrorCode::Encrypted,
                "The workbook is protected by a password. Save it without the password and send it again.",
            ));
        }
        return unsupported("The file is in the old .xls format.");
    }
    if bytes.starts_with(b"%PDF") {
        return unsupported("The file is a PDF.");
    }
    let start: String = bytes
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .take(24)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    if ["<!doctype", "<html", "<table", "<?xml", "{\\rtf"]
        .iter()
        .any(|sign| start.starts_with(sign))
    {
        return unsupported("The file is a web page, XML or RTF under a table's name.");
    }
    Ok(())
}
