//! Imports on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{Counts, Finding, Outcome, Reading, Resolution};
use super::rows::{ImportRow, LineRow};
use crate::db::{Id, Instant};
use crate::http::Error;
use crate::http::words::schema_words;
use crate::organisations::number::RegistryNumber;
use crate::text::Reason;

schema_words!(
    /// Where an import stands.
    ImportStatus as "ImportStatus", ["planned", "committing", "committed"]
);

/// An import: a dry run until it is committed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Import {
    /// Its id.
    pub id: Id,
    /// Who uploaded the file.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub created_by: String,
    /// When.
    pub created_at: Instant,
    /// The file's name.
    #[schema(example = "list-2026.csv")]
    pub file_name: String,
    /// The list that the rows come from.
    #[schema(example = "list-2026")]
    pub source: String,
    /// SHA-256 of the file, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// The country of rows that name none.
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "AZ")]
    pub default_country: Option<String>,
    /// `planned`, `committing` or `committed`.
    #[schema(value_type = ImportStatus, example = "planned")]
    pub status: String,
    /// How many rows have which outcome now.
    pub counts: Counts,
    /// How the file was read.
    pub reading: Reading,
}

impl Import {
    /// The import with its present counts.
    pub fn of(row: ImportRow, counts: Counts) -> Result<Self, Error> {
        Ok(Self {
            id: Id(row.id),
            created_by: row.created_by,
            created_at: Instant(row.created_at),
            file_name: row.file_name,
            source: row.source,
            sha256: row.sha256,
            default_country: row.default_country,
            status: row.status,
            counts,
            reading: serde_json::from_str(&row.reading).map_err(Error::internal)?,
        })
    }
}

/// An import in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportSummary {
    /// Its id.
    pub id: Id,
    /// Who uploaded the file.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub created_by: String,
    /// When.
    pub created_at: Instant,
    /// The file's name.
    #[schema(example = "list-2026.csv")]
    pub file_name: String,
    /// The list that the rows come from.
    #[schema(example = "list-2026")]
    pub source: String,
    /// `planned`, `committing` or `committed`.
    #[schema(value_type = ImportStatus, example = "planned")]
    pub status: String,
    /// How many rows had which outcome when it was planned or last committed.
    pub counts: Counts,
}

impl ImportSummary {
    /// The import as a list shows it.
    pub fn of(row: &ImportRow) -> Result<Self, Error> {
        Ok(Self {
            id: Id(row.id),
            created_by: row.created_by.clone(),
            created_at: Instant(row.created_at),
            file_name: row.file_name.clone(),
            source: row.source.clone(),
            status: row.status.clone(),
            counts: serde_json::from_str(&row.counts).map_err(Error::internal)?,
        })
    }
}

/// A row of the file, and what becomes of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportLine {
    /// The line in the file.
    #[schema(example = 4)]
    pub line: i32,
    /// The row's reference as written.
    #[schema(example = "AZ-0257")]
    pub reference: Option<String>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why, and what was left out.
    pub findings: Vec<Finding>,
    /// The organisation's registry number, where it has one.
    #[schema(value_type = Option<RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub number: Option<String>,
    /// What a person said about a possible duplicate.
    pub resolution: Option<RowResolution>,
    /// True once the outcome stands in the registry.
    #[schema(example = false)]
    pub applied: bool,
    /// The cells in the order of the columns, without persons' numbers; empty once applied.
    #[schema(example = json!(["1", "Sample Association", "Bakı"]))]
    pub cells: Vec<String>,
}

impl ImportLine {
    /// The row on the wire.
    pub fn of(row: LineRow) -> Result<Self, Error> {
        let resolution: Option<Resolution> = row
            .resolution
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(Error::internal)?;
        Ok(Self {
            line: row.line,
            reference: row.reference,
            outcome: Outcome::parse(&row.outcome)?,
            findings: serde_json::from_str(&row.findings).map_err(Error::internal)?,
            number: row.number,
            resolution: resolution.map(RowResolution::from),
            applied: row.applied,
            cells: serde_json::from_str(&row.cells).map_err(Error::internal)?,
        })
    }
}

/// What a possible duplicate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionKind {
    /// Another organisation; needs `reason`.
    New,
    /// A registered one; needs `number`.
    SameAs,
    /// Left out.
    Skip,
}

/// What a person says about a possible duplicate.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"resolution": "new", "reason": "Two associations of one name in two cities."}))]
pub struct RowResolution {
    /// What it is.
    pub resolution: ResolutionKind,
    /// Why it is another one.
    pub reason: Option<Reason>,
    /// Which one it is.
    #[schema(value_type = Option<RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub number: Option<RegistryNumber>,
}

/// What a person says about one of several possible duplicates.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"line": 4, "resolution": "skip"}))]
pub struct LineResolution {
    /// The line in the file.
    #[schema(minimum = 1, example = 4)]
    pub line: i32,
    /// What it is.
    pub resolution: ResolutionKind,
    /// Why it is another one.
    pub reason: Option<Reason>,
    /// Which one it is.
    #[schema(value_type = Option<RegistryNumber>, example = "OTS-7K3M9Q2-54")]
    pub number: Option<RegistryNumber>,
}

/// What many possible duplicates are.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"line": 4, "resolution": "same_as", "number": "OTS-7K3M9Q2-54"}], "others": {"resolution": "skip"}}))]
pub struct ManyResolutions {
    /// Row by row, at most 1,000.
    #[serde(default)]
    #[validate(length(max = 1000, message = "must have at most 1000 items"), nested)]
    #[schema(max_items = 1000)]
    pub items: Vec<LineResolution>,
    /// For all others that wait and that nobody resolved; they stay as they are when it is absent. `same_as` is for one row alone.
    #[validate(nested)]
    pub others: Option<RowResolution>,
}

/// How many rows were resolved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ManyResolved {
    /// Rows that were named.
    #[schema(example = 1)]
    pub items: usize,
    /// Other rows.
    #[schema(example = 12)]
    pub others: usize,
}

impl From<Resolution> for RowResolution {
    fn from(resolution: Resolution) -> Self {
        let (kind, reason, number) = match resolution {
            Resolution::New { reason } => (ResolutionKind::New, Some(reason), None),
            Resolution::SameAs { number } => (ResolutionKind::SameAs, None, Some(number)),
            Resolution::Skip => (ResolutionKind::Skip, None, None),
        };
        Self {
            resolution: kind,
            reason,
            number,
        }
    }
}

/// Resolutions by line, and that of all other rows.
pub type Resolved = (Vec<(i32, Resolution)>, Option<Resolution>);

impl ManyResolutions {
    /// The resolutions by line, and that of the others, if each has what it needs.
    pub fn checked(self) -> Result<Resolved, Error> {
        let mut lines = std::collections::BTreeSet::new();
        let mut items = Vec::with_capacity(self.items.len());
        for (n, item) in self.items.into_iter().enumerate() {
            if !lines.insert(item.line) {
                return Err(Error::field(
                    format!("/items/{n}/line"),
                    "stands twice in the list",
                ));
            }
            let row = RowResolution {
                resolution: item.resolution,
                reason: item.reason,
                number: item.number,
            };
            items.push((item.line, row.checked_at(&format!("/items/{n}"))?));
        }
        let others = self
            .others
            .map(|row| row.checked_at("/others"))
            .transpose()?;
        if matches!(others, Some(Resolution::SameAs { .. })) {
            return Err(Error::field(
                "/others/resolution",
                "must be new or skip: only one row can be the same as a number",
            ));
        }
        if items.is_empty() && others.is_none() {
            return Err(Error::field(
                "/items",
                "must name a row, or others be given",
            ));
        }
        Ok((items, others))
    }
}

impl RowResolution {
    /// The resolution, if it has what it needs and nothing else.
    pub fn checked(&self) -> Result<Resolution, Error> {
        self.checked_at("")
    }

    fn checked_at(&self, pointer: &str) -> Result<Resolution, Error> {
        match (self.resolution, &self.reason, &self.number) {
            (ResolutionKind::New, Some(reason), None) => Ok(Resolution::New {
                reason: reason.clone(),
            }),
            (ResolutionKind::SameAs, None, Some(number)) => Ok(Resolution::SameAs {
                number: number.clone(),
            }),
            (ResolutionKind::Skip, None, None) => Ok(Resolution::Skip),
            (ResolutionKind::New, None, _) => Err(Error::field(
                format!("{pointer}/reason"),
                "is required with new: say how they differ",
            )),
            (ResolutionKind::SameAs, _, None) => Err(Error::field(
                format!("{pointer}/number"),
                "is required with same_as",
            )),
            (_, Some(_), _) => Err(Error::field(
                format!("{pointer}/reason"),
                "only goes with new",
            )),
            (_, _, Some(_)) => Err(Error::field(
                format!("{pointer}/number"),
                "only goes with same_as",
            )),
        }
    }
}
