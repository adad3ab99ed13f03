//! The rows of closed periods.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::db::schema::{period_statements, periods};
use crate::http::Error;
use crate::journal::{Class, Recorded};

/// A closed period.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, Serialize)]
#[diesel(table_name = periods, treat_none_as_default_value = false)]
pub struct PeriodRow {
    /// Random id.
    pub id: i64,
    /// From 1, in the order of their days.
    pub no: i32,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day.
    pub to_day: NaiveDate,
    /// What the secretariat notes of it.
    pub note: Option<String>,
    /// The position of the journal up to which the reports know.
    pub known_seq: i64,
    /// JSON list of [`FrozenReport`].
    pub reports: String,
    /// When, µs.
    pub closed_at: i64,
    /// Who (an actor word).
    pub closed_by: String,
    /// The journal position of the closing.
    pub seq: i64,
}

impl PeriodRow {
    /// The frozen reports.
    pub fn frozen(&self) -> Result<Vec<FrozenReport>, Error> {
        serde_json::from_str(&self.reports).map_err(Error::internal)
    }
}

impl Recorded for PeriodRow {
    const TABLE: &'static str = "periods";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// A report of a closed period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrozenReport {
    /// The report's name.
    #[schema(example = "standing")]
    pub report: String,
    /// The version of its definition.
    #[schema(example = 1)]
    pub definition: u32,
    /// The address that gives it again.
    #[schema(example = "/v1/reports/standing?as_of=2026-09-30&known_at=seq:42")]
    pub address: String,
    /// The question, resolved, as it stands in the data part.
    #[schema(value_type = Object)]
    pub question: Value,
    /// SHA-256 of the data part in canonical form (RFC 8785), hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub data_sha256: String,
}

/// What was signed of a closing.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = period_statements, treat_none_as_default_value = false)]
pub struct StatementRow {
    /// The period.
    pub period_id: i64,
    /// The size of the checkpoint that it names.
    pub size: i64,
    /// The signed note.
    pub statement: String,
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![crate::recorded_table!(periods, PeriodRow, id)]
}
