//! What is signed of a closing: a text of lines, so that people can read it and any language can check it. Pure.
//!
//! ```text
//! registry.example/v1/journal/period
//! period 2026-07-01 2026-09-30
//! number 3
//! id 3k7v0c5m2qxyz
//! known 1234
//! closed 1240 2026-10-02T09:00:00Z user:4m8w1d6n3ryza
//! checkpoint 1240 XbKC/RgW0K6pcjHLyHuGIQ2eA1FpQf9MIPVjQ9M2wVk=
//! report standing 1 9f86d0… /v1/reports/standing?as_of=2026-09-30&known_at=seq:1234
//!
//! — registry.example/v1/journal XU7grAx1cA…
//! ```
//!
//! The signature is that of a signed note (C2SP signed-note) by a key of the journal's checkpoints.

use std::fmt::Write as _;

use data_encoding::BASE64;
use serde_json::Value;

use super::rows::{FrozenReport, PeriodRow};
use crate::checkpoints::Made;
use crate::db::{Id, Instant};
use crate::journal::note::{self, SignedNote, VerifierKey};

/// What it is, behind the origin.
pub const KIND: &str = "period";

/// What a closing says, behind the first line.
#[must_use]
pub fn body(row: &PeriodRow, reports: &[FrozenReport], made: &Made) -> String {
    let mut text = format!(
        "period {} {}\nnumber {}\nid {}\nknown {}\nclosed {} {} {}\ncheckpoint {} {}\n",
        row.from_day,
        row.to_day,
        row.no,
        Id(row.id),
        row.known_seq,
        row.seq,
        Instant(row.closed_at),
        row.closed_by,
        made.size,
        BASE64.encode(&made.root)
    );
    for report in reports {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "report {} {} {} {}",
            report.report, report.definition, report.data_sha256, report.address
        );
    }
    text
}

/// The same of a signed note, whoever signed it.
#[must_use]
pub fn body_of(note: &str) -> Option<&str> {
    let (text, _) = note.split_once("\n\n")?;
    let (first, _) = text.split_once('\n')?;
    // With the end of its last line.
    note.get(first.len() + 1..=text.len())
}

/// A report as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The report's name.
    pub report: String,
    /// The version of its definition.
    pub definition: u32,
    /// SHA-256 of its data part, hex.
    pub data_sha256: String,
    /// The address that gives it again.
    pub address: String,
}

/// A statement that was read, and whose signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The registry's journal.
    pub origin: String,
    /// First and last day.
    pub days: (String, String),
    /// The number among the periods.
    pub number: u32,
    /// The position up to which the reports know.
    pub known: u64,
    /// Position, instant and actor of the closing.
    pub closed: (u64, String, String),
    /// Size and root (base64) of the checkpoint that was made with it.
    pub checkpoint: (u64, String),
    /// The reports.
    pub reports: Vec<Named>,
}

impl Statement {
    /// The members of an answer of `GET /v1/periods/{id}` that say something else than its statement.
    #[must_use]
    pub fn deviations(&self, answer: &Value) -> Vec<&'static str> {
        let (seq, at, by) = &self.closed;
        let reports: Vec<Value> = self
            .reports
            .iter()
            .map(|one| {
                serde_json::json!([one.report, one.definition, one.data_sha256, one.address])
            })
            .collect();
        let answered: Option<Vec<Value>> = answer["reports"].as_array().map(|all| {
            let names = ["report", "definition", "data_sha256", "address"];
            all.iter()
                .map(|one| Value::from(names.map(|name| one[name].clone()).to_vec()))
                .collect()
        });
        let checkpoint = answer["checkpoint"].as_str().and_then(SignedNote::parse);
        let is_checkpoint = checkpoint.is_some_and(|note| {
            let checkpoint = note.checkpoint;
            checkpoint.origin == self.origin
                && (checkpoint.size, BASE64.encode(&checkpoint.root)) == self.checkpoint
        });
        let said = [
            ("from", answer["from"] == *self.days.0),
            ("to", answer["to"] == *self.days.1),
            ("number", answer["number"] == self.number),
            ("known_seq", answer["known_seq"] == self.known),
            ("seq", answer["seq"] == *seq),
            ("closed_at", answer["closed_at"] == **at),
            ("closed_by", answer["closed_by"] == **by),
            ("reports", answered.as_ref() == Some(&reports)),
            ("checkpoint", is_checkpoint),
        ];
        said.into_iter()
            .filter(|(_, is_so)| !is_so)
            .map(|(member, _)| member)
            .collect()
    }
}

/// Reads a statement that one of these keys signed.
///
/// # Errors
///
/// No statement of a period, or not signed by any of the keys.
pub fn verified(note: &str, keys: &[VerifierKey]) -> Result<Statement, &'static str> {
    let read = read(note).ok_or("is no statement of a closed period")?;
    let signed = keys
        .iter()
        .any(|key| key.name == read.origin && note::text_signed_by(note, key).is_some());
    if signed {
        Ok(read)
    } else {
        Err("is not signed by any of these keys")
    }
}

fn read(note: &str) -> Option<Statement> {
    let (text, _) = note.split_once("\n\n")?;
    let mut lines = text.split('\n');
    let origin = lines.next()?.strip_suffix("/period")?.to_owned();
    let mut words = |name: &str, count: usize| {
        let line = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        (words.len() == count).then(|| words.into_iter())
    };
    let mut days = words("period", 2)?;
    let days = (days.next()?, days.next()?);
    let number = words("number", 1)?.next()?.parse().ok()?;
    words("id", 1)?;
    let known = words("known", 1)?.next()?.parse().ok()?;
    let mut closed = words("closed", 3)?;
    let closed = (closed.next()?.parse().ok()?, closed.next()?, closed.next()?);
    let mut checkpoint = words("checkpoint", 2)?;
    let checkpoint = (checkpoint.next()?.parse().ok()?, checkpoint.next()?);
    let reports: Option<Vec<Named>> = lines
        .map(|line| {
            let mut words = line.strip_prefix("report ")?.split(' ');
            let named = Named {
                report: words.next()?.to_owned(),
                definition: words.next()?.parse().ok()?,
                data_sha256: words.next()?.to_owned(),
                address: words.next()?.to_owned(),
            };
            words.next().is_none().then_some(named)
        })
        .collect();
    Some(Statement {
        origin,
        days,
        number,
        known,
        closed,
        checkpoint,
        reports: reports?,
    })
}

#[cfg(test)]
mod tests {
    use super::{body, body_of, read, verified};
    use crate::checkpoints::Made;
    use crate::db::Instant;
    use crate::reports::periods::rows::{FrozenReport, PeriodRow};

    fn example() -> (PeriodRow, Vec<FrozenReport>, Made) {
        let day = |text: &str| text.parse().unwrap();
        let row = PeriodRow {
            id: 42,
            no: 3,
            from_day: day("2026-07-01"),
            to_day: day("2026-09-30"),
            note: Some("a note with\nlines".to_owned()),
            known_seq: 1234,
            reports: String::new(),
            closed_at: 1_790_931_600_000_000,
            closed_by: "user:4m8w1d6n3ryza".to_owned(),
            seq: 1240,
        };
        let report = FrozenReport {
            report: "standing".to_owned(),
            definition: 1,
            address: "/v1/reports/standing?as_of=2026-09-30&known_at=seq:1234".to_owned(),
            question: serde_json::json!({}),
            data_sha256: "9f".repeat(32),
        };
        let made = Made {
            size: 1240,
            root: [7; 32],
            note: String::new(),
            made_at: Instant(0),
        };
        (row, vec![report], made)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (row, reports, made) = example();
        let says = body(&row, &reports, &made);
        let note = format!("registry.example/v1/journal/period\n{says}\n— a b\n");
        assert_eq!(body_of(&note), Some(says.as_str()));
        let read = read(&note).unwrap();
        assert_eq!(read.origin, "registry.example/v1/journal");
        assert_eq!(
            read.days,
            ("2026-07-01".to_owned(), "2026-09-30".to_owned())
        );
        assert_eq!(
            (read.number, read.known, read.closed.0, read.checkpoint.0),
            (3, 1234, 1240, 1240)
        );
        assert_eq!(read.reports[0].address, reports[0].address);
        assert_eq!(read.reports[0].data_sha256, reports[0].data_sha256);
        // What is free text is in the journal's entry, never between the lines.
        assert!(!says.contains("a note"));
        assert_eq!(
            verified(&note, &[]),
            Err("is not signed by any of these keys")
        );
    }

    #[test]
    fn a_text_of_another_kind_is_no_statement() {
        let (row, reports, made) = example();
        let says = body(&row, &reports, &made);
        for text in [
            format!("registry.example/v1/journal\n{says}\n— a b\n"),
            format!("registry.example/v1/journal/dump\n{says}\n— a b\n"),
            format!("registry.example/v1/journal/period\n{says}more 1\n\n— a b\n"),
            format!(
                "registry.example/v1/journal/period\n{}\n— a b\n",
                says.replace("known", "knew")
            ),
            says,
        ] {
            assert_eq!(
                verified(&text, &[]),
                Err("is no statement of a closed period"),
                "{text}"
            );
        }
    }
}
