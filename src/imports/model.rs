//! The words of an import.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::read::values::SlashOrder;
use super::read::{Encoding, Field, Options, ReadError, Sheet};
use crate::organisations::number::RegistryNumber;
use crate::text::Reason;

/// What becomes of a row.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = RowOutcome)]
pub enum Outcome {
    /// It is registered.
    New,
    /// It changes an organisation that is registered.
    Changed,
    /// It says what the registry says already.
    Unchanged,
    /// It may be an organisation that is registered, or an earlier row; a person has to say.
    PossibleDuplicate,
    /// It cannot go in as it is.
    Faulty,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Changed,
        Self::Unchanged,
        Self::PossibleDuplicate,
        Self::Faulty,
    ];

    /// Reads the word of the database.
    pub fn parse(word: &str) -> Result<Self, crate::http::Error> {
        let found = Self::ALL.into_iter().find(|o| o.as_str() == word);
        found.ok_or_else(|| crate::http::Error::internal("an unknown outcome is stored"))
    }

    /// The word in the database, on the wire and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::PossibleDuplicate => "possible_duplicate",
            Self::Faulty => "faulty",
        }
    }
}

/// Why a row has its outcome, or what was left out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// The row belongs to another country than the coordinator.
    NotYourCountry,
    /// Neither the row nor the import names a country.
    NoCountry,
    /// The cell names none of the eight countries.
    UnknownCountry,
    /// The row has no name.
    NoName,
    /// A name lost letters to the code page of the file.
    LostLetters,
    /// A name is not one that can be kept.
    BadName,
    /// A number of a natural person; it was not kept.
    NaturalPersonNumber,
    /// An identifier fails its check.
    InvalidIdentifier,
    /// A column's identifier scheme is not one of the row's country.
    WrongScheme,
    /// An organisation of another country, or of another name, has the identifier.
    IdentifierTaken,
    /// The registry number is none, or none of that country.
    UnknownNumber,
    /// The reference of the row cannot be kept.
    BadReference,
    /// The organisation was merged into another.
    Merged,
    /// An organisation that is registered may be the same.
    MayBeRegistered,
    /// An earlier row of the file may be the same.
    MayBeRow,
    /// An earlier row of the file is the same organisation, as somebody confirmed before; that row counts.
    SameAsRow,
    /// The value was left out; the rest of the row goes in.
    LeftOut,
    /// What a changed row changes.
    Changes,
    /// The row could not be applied.
    NotApplied,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What kind of reason it is.
    pub code: FindingCode,
    /// The header of the column that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "E-poçt")]
    pub column: Option<String>,
    /// The reason in words; never repeats a person's number.
    #[schema(example = "The cell is not an e-mail address: it has no @.")]
    pub text: String,
    /// The registered organisation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::organisations::RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub number: Option<String>,
    /// The earlier line of the file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 4)]
    pub line: Option<i32>,
    /// How much the row is alike to it, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1, example = 0.97)]
    pub score: Option<f64>,
    /// What the score means: `same` or `possible`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::organisations::search_dto::VerdictWord>, example = "same")]
    pub verdict: Option<Box<str>>,
}

impl Finding {
    /// A reason without a column.
    pub fn new(code: FindingCode, text: impl Into<String>) -> Self {
        Self {
            code,
            column: None,
            text: text.into(),
            number: None,
            line: None,
            score: None,
            verdict: None,
        }
    }

    /// Names the column.
    #[must_use]
    pub fn in_column(mut self, header: impl Into<String>) -> Self {
        self.column = Some(header.into());
        self
    }

    /// Names the registered organisation.
    #[must_use]
    pub fn about(mut self, number: impl Into<String>) -> Self {
        self.number = Some(number.into());
        self
    }

    /// Names the earlier line.
    #[must_use]
    pub fn like_line(mut self, line: i32) -> Self {
        self.line = Some(line);
        self
    }

    /// Says how much the row is alike to what it names.
    #[must_use]
    pub fn scored(mut self, score: f64, verdict: &str) -> Self {
        self.score = Some(score);
        self.verdict = Some(verdict.into());
        self
    }

    /// The reason with its column, for a table of one cell.
    pub fn sentence(&self) -> String {
        match &self.column {
            Some(column) => format!("{column}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

/// What a person says about a possible duplicate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "resolution", rename_all = "snake_case")]
pub enum Resolution {
    /// It is another organisation.
    New {
        /// Why.
        reason: Reason,
    },
    /// It is this organisation.
    SameAs {
        /// Its registry number.
        number: RegistryNumber,
    },
    /// The row is left out.
    Skip,
}

/// How many rows have which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Rows below the header.
    #[schema(example = 200)]
    pub rows: i64,
    /// To be registered, or registered.
    #[schema(example = 120)]
    pub new: i64,
    /// To be changed, or changed.
    #[schema(example = 7)]
    pub changed: i64,
    /// Nothing to do.
    #[schema(example = 60)]
    pub unchanged: i64,
    /// A person has to say.
    #[schema(example = 10)]
    pub possible_duplicate: i64,
    /// Cannot go in.
    #[schema(example = 3)]
    pub faulty: i64,
    /// Rows whose outcome stands in the registry.
    #[schema(example = 0)]
    pub applied: i64,
}

impl Counts {
    /// Counts `number` rows of one outcome.
    pub fn add(&mut self, outcome: Outcome, number: i64) {
        self.rows += number;
        match outcome {
            Outcome::New => self.new += number,
            Outcome::Changed => self.changed += number,
            Outcome::Unchanged => self.unchanged += number,
            Outcome::PossibleDuplicate => self.possible_duplicate += number,
            Outcome::Faulty => self.faulty += number,
        }
    }
}

/// What the importer states about a file.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The list that the rows come from; the file name without its end when absent.
    pub source: Option<String>,
    /// The country of rows that name none, by the Platform's code.
    pub country: Option<String>,
    /// Why identifiers that fail their check are kept; they make a row faulty when absent.
    pub keep_invalid: Option<Reason>,
    /// How the file is read.
    pub read: Options,
}

/// How a file was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    /// The encoding of a text file.
    #[schema(example = "windows-1254")]
    pub encoding: Option<String>,
    /// How sure it is: `stated`, `certain`, `likely` or `guess`.
    #[schema(example = "likely")]
    pub certainty: Option<String>,
    /// The character between cells.
    #[schema(example = ";")]
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line of the header.
    #[schema(example = 3)]
    pub header_row: u32,
    /// The columns in the file's order.
    pub columns: Vec<ReadColumn>,
    /// Lines that are no rows of the table; the first 100.
    pub skipped: Vec<SkippedLine>,
    /// How many lines were skipped.
    #[schema(example = 2)]
    pub skipped_lines: usize,
    /// What a person should look at.
    pub warnings: Vec<ReadWarning>,
    /// How dates with slashes are read in this file: `unknown`, `month_first` or `day_first`.
    #[schema(example = "unknown")]
    pub slash_dates: String,
    /// Why identifiers that fail their check are kept.
    pub keep_invalid: Option<String>,
}

/// One column of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadColumn {
    /// The header as written.
    #[schema(example = "Şəhər")]
    pub header: String,
    /// What it means; null where it is not known and not used.
    #[schema(example = "city")]
    pub field: Option<String>,
    /// True where that was stated for this file.
    #[serde(default)]
    #[schema(example = false)]
    pub stated: bool,
}

/// A line that is no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedLine {
    /// The line.
    #[schema(example = 1)]
    pub line: u32,
    /// `title`, `empty`, `sum`, `header` or `note`.
    #[schema(example = "title")]
    pub why: String,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadWarning {
    /// A stable code.
    #[schema(example = "lost_letters")]
    pub code: String,
    /// The first line that it concerns.
    #[schema(example = 12)]
    pub line: Option<u32>,
    /// How often it occurred.
    #[schema(example = 4)]
    pub count: u32,
    /// What it is and what to do.
    pub message: String,
}

/// A word of a serde enum without data.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl Reading {
    /// What is told about a sheet. A header or a name of a sheet in which a person's number seems to stand is not repeated.
    pub fn of(sheet: &Sheet, slash: SlashOrder, keep_invalid: Option<&Reason>) -> Self {
        let person = |text: &str| {
            crate::countries::may_be_person_number(text)
                || crate::countries::has_form_of_person_number(None, text)
        };
        let header = |text: &str| {
            if person(text) {
                super::mask::NOT_KEPT.to_owned()
            } else {
                text.to_owned()
            }
        };
        Self {
            encoding: sheet.encoding.map(|e| e.label().to_owned()),
            certainty: sheet.certainty.as_ref().map(word),
            delimiter: sheet.delimiter.map(|d| d.to_string()),
            sheet: sheet.sheet_name.as_deref().map(header),
            header_row: sheet.header_row,
            columns: sheet
                .columns
                .iter()
                .map(|c| ReadColumn {
                    header: header(&c.header),
                    field: c.field.as_ref().map(Field::to_string),
                    stated: c.stated,
                })
                .collect(),
            skipped: sheet
                .skipped
                .iter()
                .take(100)
                .map(|s| SkippedLine {
                    line: s.line,
                    why: word(&s.why),
                })
                .collect(),
            skipped_lines: sheet.skipped.len(),
            warnings: sheet
                .warnings
                .iter()
                .filter(|w| !person(&w.message))
                .map(|w| ReadWarning {
                    code: w.code.to_string(),
                    line: w.line,
                    count: w.count,
                    message: w.message.clone(),
                })
                .collect(),
            slash_dates: word(&slash),
            keep_invalid: keep_invalid.map(|r| r.as_str().to_owned()),
        }
    }

    /// True where the file's own encoding has every letter; a workbook's has.
    pub fn is_unicode(&self) -> bool {
        let encoding = self.encoding.as_deref();
        encoding.is_none_or(|label| label.parse().is_ok_and(Encoding::is_unicode))
    }

    /// How dates with slashes are read.
    pub fn slash(&self) -> SlashOrder {
        match self.slash_dates.as_str() {
            "month_first" => SlashOrder::MonthFirst,
            "day_first" => SlashOrder::DayFirst,
            _ => SlashOrder::Unknown,
        }
    }
}

/// A file that cannot be read, as a problem.
#[track_caller]
pub fn unreadable(error: &ReadError) -> crate::http::Error {
    let mut problem =
        crate::http::Error::new(crate::http::Code::UnreadableFile, error.message.clone())
            .with("reason", serde_json::json!(error.code));
    if let Some(line) = error.line {
        problem = problem.with("line", serde_json::json!(line));
    }
    if let Some(column) = error.column {
        problem = problem.with("column", serde_json::json!(column));
    }
    problem
}

/// The list's name when none is stated: the file name without its end.
pub fn source_of(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::source_of;

    #[test]
    fn a_source_is_the_file_name_without_its_end() {
        for (name, source) in [
            ("list.csv", "list"),
            ("/tmp/a/list 2026.v2.xlsx", "list 2026.v2"),
            (".csv", ".csv"),
            ("list", "list"),
        ] {
            assert_eq!(source_of(name), source);
        }
    }
}
