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
use serde_json::{Map, Value};

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

/// True where a note has the one signature that a closing makes, and nothing behind it.
#[must_use]
pub fn has_one_signature(note: &str) -> bool {
    note.split_once("\n\n")
        .and_then(|(_, signatures)| signatures.strip_suffix('\n'))
        .is_some_and(|line| line.starts_with("— ") && !line.contains('\n'))
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
    /// The period's id.
    pub id: String,
    /// The position up to which the reports know.
    pub known: u64,
    /// Position, instant and actor of the closing.
    pub closed: (u64, String, String),
    /// Size and root (base64) of the checkpoint that was made with it.
    pub checkpoint: (u64, String),
    /// The reports.
    pub reports: Vec<Named>,
}

/// What an answer says around a statement, held against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Members that say something else than what was signed.
    pub wrong: Vec<String>,
    /// Members that nobody signed, so that nothing is known of them.
    pub unsigned: Vec<String>,
}

impl Statement {
    /// Holds the members of an answer of `GET /v1/periods/{id}` against its statement. Its checkpoint must be signed by one of the keys.
    #[must_use]
    pub fn around(&self, answer: &Map<String, Value>, keys: &[VerifierKey]) -> Around {
        let (seq, at, by) = &self.closed;
        let mut around = Around::default();
        let signed: [(&str, Value); 8] = [
            ("from", Value::from(self.days.0.as_str())),
            ("to", Value::from(self.days.1.as_str())),
            ("number", Value::from(self.number)),
            ("id", Value::from(self.id.as_str())),
            ("known_seq", Value::from(self.known)),
            ("seq", Value::from(*seq)),
            ("closed_at", Value::from(at.as_str())),
            ("closed_by", Value::from(by.as_str())),
        ];
        let differs = |(name, value): &&(&str, Value)| answer.get(*name) != Some(value);
        let wrong = signed.iter().filter(differs);
        around
            .wrong
            .extend(wrong.map(|(name, _)| (*name).to_owned()));
        self.around_reports(answer.get("reports"), &mut around);
        let checkpoint = answer.get("checkpoint").and_then(Value::as_str);
        if !checkpoint.is_some_and(|note| self.is_checkpoint(note, keys)) {
            around.wrong.push("checkpoint".to_owned());
        }
        let held = |name: &str| {
            signed.iter().any(|(known, _)| *known == name)
                || ["reports", "statement", "checkpoint"].contains(&name)
        };
        let others = answer.keys().filter(|name| !held(name));
        around.unsigned.extend(others.cloned());
        around
    }

    fn is_checkpoint(&self, note: &str, keys: &[VerifierKey]) -> bool {
        SignedNote::parse(note).is_some_and(|note| {
            let said = &note.checkpoint;
            said.origin == self.origin
                && (said.size, BASE64.encode(&said.root)) == self.checkpoint
                && keys.iter().any(|key| note.is_signed_by(key))
        })
    }

    fn around_reports(&self, answered: Option<&Value>, around: &mut Around) {
        let all = answered.and_then(Value::as_array);
        let Some(all) = all.filter(|all| all.len() == self.reports.len()) else {
            return around.wrong.push("reports".to_owned());
        };
        for (n, (report, named)) in all.iter().zip(&self.reports).enumerate() {
            let signed: [(&str, Value); 4] = [
                ("report", Value::from(named.report.as_str())),
                ("definition", Value::from(named.definition)),
                ("data_sha256", Value::from(named.data_sha256.as_str())),
                ("address", Value::from(named.address.as_str())),
            ];
            for (name, value) in &signed {
                if report.get(*name) != Some(value) {
                    around.wrong.push(format!("reports[{n}].{name}"));
                }
            }
            // Of a question only what the address says was signed.
            let question = report.get("question").unwrap_or(&Value::Null);
            for (name, value) in asked(&named.address) {
                if question.get(&name) != Some(&value) {
                    around.wrong.push(format!("reports[{n}].question.{name}"));
                }
            }
            let others = report.as_object().into_iter().flat_map(Map::keys);
            for name in others.filter(|name| signed.iter().all(|(known, _)| known != name)) {
                let unsigned = format!("reports[].{name}");
                if !around.unsigned.contains(&unsigned) {
                    around.unsigned.push(unsigned);
                }
            }
        }
    }
}

/// The members of a question that an address gives: its days, its position, its kind, and all countries and types.
fn asked(address: &str) -> Vec<(String, Value)> {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let mut said = vec![
        ("country".to_owned(), Value::from(Vec::<Value>::new())),
        ("type".to_owned(), Value::from(Vec::<Value>::new())),
    ];
    let given = query.split('&').filter_map(|part| part.split_once('='));
    said.extend(given.filter_map(|(name, value)| match name {
        "known_at" => {
            let seq: u64 = value.strip_prefix("seq:")?.parse().ok()?;
            Some(("known_seq".to_owned(), Value::from(seq)))
        }
        "format" => None,
        _ => Some((name.to_owned(), Value::from(value))),
    }));
    said
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
    let id = words("id", 1)?.next()?;
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
        id,
        known,
        closed,
        checkpoint,
        reports: reports?,
    })
}

#[cfg(test)]
mod tests {
    use super::{asked, body, body_of, read, verified};
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
        assert_eq!(read.id, crate::db::Id(42).to_string());
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
    fn an_address_says_most_of_its_question() {
        let said = asked(
            "/v1/reports/decisions/exceptions?from=2026-01-01&to=2026-06-30&known_at=seq:4&kind=back_dated&format=csv",
        );
        let question: serde_json::Map<_, _> = said.into_iter().collect();
        assert_eq!(
            serde_json::Value::Object(question),
            serde_json::json!({"from": "2026-01-01", "to": "2026-06-30", "known_seq": 4, "kind": "back_dated", "country": [], "type": []})
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
