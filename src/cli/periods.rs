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
    for member in answer.iter().flat_map(|answer| says.deviations(answer)) {
        println!(
            "{}: its member `{member}` is not what was signed.",
            args.file.display()
        );
        found = false;
    }
    for path in &args.report {
        found &= compare(&says, path)?;
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

/// Whether a saved report is one of those that were frozen.
fn compare(says: &Statement, path: &Path) -> Result<bool, Stop> {
    let answer: Value = serde_json::from_str(&read(path)?)
        .map_err(|e| format!("{}: no JSON: {e}", path.display()))?;
    let data = answer
        .get("data")
        .ok_or_else(|| format!("{}: has no member `data`", path.display()))?;
    let hash = report::sha256(data);
    let known = says.reports.iter().find(|r| r.data_sha256 == hash);
    match known {
        Some(report) => println!("{}: is the frozen {}.", path.display(), report.report),
        None => println!("{}: {hash} is none of the frozen reports.", path.display()),
    }
    Ok(known.is_some())
}
