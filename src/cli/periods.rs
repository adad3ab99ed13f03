//! `periods`: checks what was signed of a closed period, offline.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Done, Stop};
use crate::journal::note::{self, VerifierKey};
use crate::reports::periods::statement::{self, Statement};
use crate::reports::report;

/// Checks closed periods.
#[derive(Subcommand)]
pub(super) enum Periods {
    /// Checks the signature of a closed period's statement and says what it froze; with --report also that a report which was asked
    /// for again is one of those. Needs neither the database nor the service.
    Verify(Verify),
}

/// What to verify.
#[derive(Args)]
pub(super) struct Verify {
    /// The statement, or an answer of GET /v1/periods/{id} as it was saved.
    file: PathBuf,
    /// A key of the checkpoints, as `keys list` shows it, or a file with such keys (also /v1/journal/checkpoint-keys as saved).
    #[arg(long, value_name = "KEY", required = true)]
    key: Vec<String>,
    /// A report in JSON, as it was saved; give it as often as you like.
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
}

pub(super) fn run(args: &Periods) -> Done {
    match args {
        Periods::Verify(args) => verify(args),
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn verify(args: &Verify) -> Done {
    let text = read(&args.file)?;
    let answer: Option<Value> = serde_json::from_str(&text).ok();
    let note = match &answer {
        Some(answer) => answer
            .get("statement")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("{}: has no member `statement`", args.file.display()))?,
        None => text,
    };
    let mut keys = Vec::new();
    for key in &args.key {
        match VerifierKey::parse(key) {
            Some(key) => keys.push(key),
            None => {
                let origin = note
                    .lines()
                    .next()
                    .and_then(|line| line.strip_suffix("/period"));
                let found = note::parse_keys(&read(Path::new(key))?, origin)
                    .map_err(|e| format!("--key {key}: {e}"))?;
                keys.extend(found);
            }
        }
    }
    let says = statement::verified(&note, &keys)
        .map_err(|why| format!("{}: {why}", args.file.display()))?;
    tell(&says);
    let mut found = true;
    if let Some(answer) = &answer {
        let members = answer.as_object().ok_or("the answer is no object")?;
        let around = says.around(members, &keys);
        for member in &around.wrong {
            println!(
                "{}: its member `{member}` is not what was signed.",
                args.file.display()
            );
            found = false;
        }
        if !around.unsigned.is_empty() {
            println!(
                "Nobody signed {} of {}: the journal's entry {} has what was recorded. Of a question what its address says was compared.",
                around
                    .unsigned
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
                args.file.display(),
                says.closed.0
            );
        }
    }
    for path in &args.report {
        found &= compare(&says, answer.as_ref(), path)?;
    }
    Ok(if found {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(says: &Statement) {
    let (seq, at, by) = &says.closed;
    println!(
        "Period {}: {} to {}, as known at position {} of {}.",
        says.number, says.days.0, says.days.1, says.known, says.origin
    );
    println!("Closed by entry {seq}, {at}, {by}.");
    println!(
        "Checkpoint of {} entries, root {}.",
        says.checkpoint.0, says.checkpoint.1
    );
    for report in &says.reports {
        println!(
            "{} {} (definition {}): {}",
            report.data_sha256, report.report, report.definition, report.address
        );
    }
    println!("The signature is good.");
}

/// Whether a saved report is one of those that were frozen, and the question of an answer around the statement is that of the report.
fn compare(says: &Statement, around: Option<&Value>, path: &Path) -> Result<bool, Stop> {
    let answer: Value = serde_json::from_str(&read(path)?)
        .map_err(|e| format!("{}: no JSON: {e}", path.display()))?;
    let data = answer
        .get("data")
        .ok_or_else(|| format!("{}: has no member `data`", path.display()))?;
    let hash = report::sha256(data);
    let Some(report) = says.reports.iter().find(|r| r.data_sha256 == hash) else {
        println!("{}: {hash} is none of the frozen reports.", path.display());
        return Ok(false);
    };
    println!("{}: is the frozen {}.", path.display(), report.report);
    let all = around.and_then(|answer| answer.get("reports")?.as_array());
    let named = all
        .into_iter()
        .flatten()
        .find(|one| one.get("data_sha256").and_then(Value::as_str) == Some(hash.as_str()));
    let same = named.is_none_or(|one| one.get("question") == data.get("question"));
    if !same {
        println!(
            "{}: its question is not the one that the answer around the statement tells.",
            path.display()
        );
    }
    Ok(same)
}
