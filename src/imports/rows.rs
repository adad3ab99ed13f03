//! The rows of an import. The import itself is in the journal; what its rows said is machinery.

use diesel::prelude::*;
use serde::Serialize;

use crate::db::schema::{import_rows, imports};
use crate::journal::{Class, Recorded};

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = imports, treat_none_as_null = true)]
pub struct ImportRow {
    /// Internal id; on the wire as [`crate::db::Id`].
    pub id: i64,
    /// Who uploaded the file (an actor word).
    pub created_by: String,
    /// When, µs.
    pub created_at: i64,
    /// The country of the coordinator who uploaded it; none for those who reach all.
    pub country: Option<String>,
    /// The country of rows that name none.
    pub default_country: Option<String>,
    /// The list that the rows come from.
    pub source: String,
    /// The file's name.
    pub file_name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// JSON of [`super::model::Reading`].
    pub reading: String,
    /// `planned`, `committing` or `committed`.
    pub status: String,
    /// JSON of [`super::model::Counts`], as of the last change.
    pub counts: String,
    /// Counts the changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
}

impl Recorded for ImportRow {
    const TABLE: &'static str = "imports";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// One row of a file.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = import_rows)]
pub struct LineRow {
    /// The import.
    pub import_id: i64,
    /// The line in the file.
    pub line: i32,
    /// The row's reference as written.
    pub reference: Option<String>,
    /// What becomes of it.
    pub outcome: String,
    /// JSON list of [`super::model::Finding`].
    pub findings: String,
    /// JSON list of the cells, without persons' numbers; empty once the row is applied.
    pub cells: String,
    /// The organisation's registry number.
    pub number: Option<String>,
    /// JSON of [`super::model::Resolution`].
    pub resolution: Option<String>,
    /// True once the outcome stands in the registry.
    pub applied: bool,
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![crate::recorded_table!(imports, ImportRow, id)]
}
