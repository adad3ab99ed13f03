//! Why a file cannot be read, and what a person should look at in one that can.

use std::fmt;

use serde::Serialize;

/// A file that cannot be read: a stable code and a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// The stable code.
    pub code: ReadErrorCode,
    /// One or two English sentences.
    pub message: String,
    /// The line or row in the file, from 1, where one is known.
    pub line: Option<u32>,
    /// The column in the file, from 1, where one is known.
    pub column: Option<u32>,
}

impl ReadError {
    pub(super) fn new(code: ReadErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            line: None,
            column: None,
        }
    }

    pub(super) fn at(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    pub(super) fn in_column(mut self, index: usize) -> Self {
        self.column = u32::try_from(index.saturating_add(1)).ok();
        self
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every code, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// The stable codes of [`ReadError`].
    ReadErrorCode {
        /// Nothing but white space.
        EmptyFile = "empty_file",
        /// More bytes than the limit.
        TooLarge = "file_too_large",
        /// More rows than the limit.
        TooManyRows = "too_many_rows",
        /// A cell beyond the last column that is read.
        TooManyColumns = "too_many_columns",
        /// More cells, or more text in them, than the limit.
        TooManyCells = "too_many_cells",
        /// A cell with more bytes than the limit.
        CellTooLong = "cell_too_long",
        /// A quotation mark that is never closed swallowed the lines below.
        UnclosedQuote = "unclosed_quote",
        /// A NUL character in the text.
        NulCharacter = "nul_character",
        /// The stated encoding does not fit the bytes.
        NotDecodable = "not_decodable",
        /// UTF-8 with lines in another encoding.
        MixedEncoding = "mixed_encoding",
        /// Bytes that are no text.
        NotText = "not_text",
        /// A stated delimiter that cannot be one.
        BadDelimiter = "bad_delimiter",
        /// A format that is not read.
        UnsupportedFormat = "unsupported_format",
        /// A workbook behind a password.
        Encrypted = "encrypted",
        /// A zip archive that cannot be unpacked.
        DamagedArchive = "damaged_archive",
        /// An archive that unpacks to more than the limit.
        ArchiveTooLarge = "archive_too_large",
        /// XML with a document type or entities of its own.
        UnsafeXml = "unsafe_xml",
        /// A workbook that cannot be understood.
        DamagedWorkbook = "damaged_workbook",
        /// No header row was recognised.
        HeaderNotFound = "header_not_found",
        /// A header without rows.
        NoRows = "no_rows",
    }
}

codes! {
    /// The stable codes of [`Warning`].
    WarningCode {
        /// The encoding is a guess.
        EncodingGuessed = "encoding_guessed",
        /// Windows-1254 text was read as Windows-1252 before it came here.
        TurkishReadAs1252 = "turkish_read_as_1252",
        /// Letters were replaced by `?` before the file came here.
        LostLetters = "lost_letters",
        /// Rows with fewer cells than the header.
        ShortRow = "short_row",
        /// Rows with more cells than the header.
        LongRow = "long_row",
        /// A header that the dictionary does not know.
        UnknownHeader = "unknown_header",
        /// Two columns of one meaning.
        DuplicateColumn = "duplicate_column",
        /// A stated meaning for a header that the file does not have.
        MapWithoutHeader = "map_without_header",
        /// A cell with an error of the spreadsheet, such as `#N/A`.
        CellError = "cell_error",
        /// A formula whose result was not stored, as programs write it that do not calculate.
        FormulaWithoutResult = "formula_without_result",
        /// The name promises another format.
        NameAndContentDiffer = "name_and_content_differ",
        /// Other sheets of the workbook hold rows too.
        OtherSheets = "other_sheets",
    }
}

/// Something a person should look at; equal ones are counted, the first line is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The stable code.
    pub code: WarningCode,
    /// The first line or row that it concerns, from 1.
    pub line: Option<u32>,
    /// How many times it occurred.
    pub count: u32,
    /// One English sentence about the first occurrence.
    pub message: String,
}

impl Warning {
    pub(super) fn new(code: WarningCode, line: Option<u32>, message: String) -> Self {
        Self {
            code,
            line,
            count: 1,
            message,
        }
    }

    /// Counts one more of `code`, or adds the first with the message of `describe`.
    pub(super) fn note(
        list: &mut Vec<Self>,
        code: WarningCode,
        line: u32,
        describe: impl FnOnce() -> String,
    ) {
        match list.iter_mut().find(|warning| warning.code == code) {
            Some(warning) => warning.count = warning.count.saturating_add(1),
            None => list.push(Self::new(code, Some(line), describe())),
        }
    }
}
