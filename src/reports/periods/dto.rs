//! Closed periods on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rows::{FrozenReport, PeriodRow};
use crate::db::{Id, Instant};
use crate::http::Error;
use crate::text::Reason;

/// A period to close.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-01-01", "to": "2026-06-30", "note": "The first half of the year, as the council asked."}))]
pub struct ClosePeriod {
    /// Its first day: the one behind the last closed period, if there is any.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[schema(value_type = crate::http::day::Day)]
    pub from: NaiveDate,
    /// Its last day, which must have passed (UTC).
    #[serde(deserialize_with = "crate::http::day::required")]
    #[schema(value_type = crate::http::day::Day)]
    pub to: NaiveDate,
    /// What is to be noted of it.
    pub note: Option<Reason>,
}

/// A closed period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodSummary {
    /// Id.
    pub id: Id,
    /// From 1, in the order of their days.
    #[schema(example = 1)]
    pub number: i32,
    /// The first day.
    #[schema(example = "2026-01-01")]
    pub from: NaiveDate,
    /// The last day.
    #[schema(example = "2026-06-30")]
    pub to: NaiveDate,
    /// What was noted of it.
    pub note: Option<String>,
    /// The position of the journal up to which its reports know.
    #[schema(example = 42)]
    pub known_seq: i64,
    /// When it was closed.
    pub closed_at: Instant,
    /// By whom, as an opaque word.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub closed_by: String,
    /// The position of the journal of the closing.
    #[schema(example = 43)]
    pub seq: i64,
}

impl PeriodSummary {
    /// Of a row.
    #[must_use]
    pub fn of(row: &PeriodRow) -> Self {
        Self {
            id: Id(row.id),
            number: row.no,
            from: row.from_day,
            to: row.to_day,
            note: row.note.clone(),
            known_seq: row.known_seq,
            closed_at: Instant(row.closed_at),
            closed_by: row.closed_by.clone(),
            seq: row.seq,
        }
    }
}

/// A closed period with what was frozen and signed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Period {
    /// The period.
    #[serde(flatten)]
    pub summary: PeriodSummary,
    /// The reports: the address of each gives it again for ever, with this hash.
    pub reports: Vec<FrozenReport>,
    /// What was signed: a signed note (C2SP signed-note) that a key of the checkpoints checks, also offline by
    /// `ots-registry periods verify`.
    #[schema(
        example = "registry.example/v1/journal/period\nperiod 2026-01-01 2026-06-30\nnumber 1\n…\n\n— registry.example/v1/journal XU7grAx1cA…\n"
    )]
    pub statement: String,
    /// The checkpoint that was made with it, in the form of `GET /v1/journal/checkpoint`.
    #[schema(
        example = "registry.example/v1/journal\n43\nXbKC/RgW0K6pcjHLyHuGIQ2eA1FpQf9MIPVjQ9M2wVk=\n\n— registry.example/v1/journal XU7grAx1cA…\n"
    )]
    pub checkpoint: String,
}

impl Period {
    /// Of a row, with what was signed.
    pub fn of(row: &PeriodRow, statement: String, checkpoint: String) -> Result<Self, Error> {
        Ok(Self {
            summary: PeriodSummary::of(row),
            reports: row.frozen()?,
            statement,
            checkpoint,
        })
    }
}
