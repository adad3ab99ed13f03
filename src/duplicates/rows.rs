//! The rows of the list of pairs. Machinery: derived from the register, made anew by a job.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::schema::{duplicate_pairs, duplicate_progress};

/// Two organisations that may be one; the younger one first.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = duplicate_pairs, treat_none_as_default_value = false)]
pub struct PairRow {
    /// The younger one's internal id.
    pub organisation_id: i64,
    /// The older one's.
    pub other_id: i64,
    /// Random, for the order of tasks.
    pub id: i64,
    /// The younger one's country when they were compared.
    pub country: String,
    /// The older one's.
    pub other_country: String,
    /// The younger one's registry number.
    pub organisation: String,
    /// The older one's.
    pub other: String,
    /// The score in thousandths.
    pub thousandths: i32,
    /// `same` or `possible`.
    pub verdict: String,
    /// JSON list of texts.
    pub reasons: String,
    /// Since when it is in the list, µs.
    pub found_at: i64,
}

impl PairRow {
    /// True where both say the same of a pair, whenever it was found.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |row: &Self| Self {
            id: 0,
            found_at: 0,
            ..row.clone()
        };
        said(self) == said(other)
    }
}

/// How far the job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = duplicate_progress, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct Progress {
    /// There is one row.
    pub id: i32,
    /// The position of the journal up to which changed organisations were compared again.
    pub seq: i64,
    /// The last organisation of a whole round that was looked at; none where no round runs.
    pub round_at: Option<i64>,
    /// The day on which the last whole round began.
    pub round_on: Option<NaiveDate>,
}
