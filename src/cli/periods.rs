//! `periods`: checks what was signed of a closed period, offline or against the database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Done, Stop};
use crate::config::Config;
use crate::countries::Countries;
use crate::db::{Untouched, in_snapshot};
use crate::http::Error;
use crate::journal::note::{self, VerifierKey};
use crate::reports::periods::again::{self, Compared};
use crate::reports::periods::saved::{self, Saved};
use crate::reports::periods::statement::{self, Statement};
use crate::reports::report;

/// Checks closed periods.
#[derive(Subcommand)]
pub(super) enum Periods {
    /// Checks the signature of a closed period's statement and says what it froze; with --report also that a report which was asked
    /// for again is one of those. Needs neither the database nor the service, but with --anew: then every report and list is made anew
    /// from the database and compared.
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
    /// A report in JSON, as it was saved; give it as often as you like, for a list all its pages in their order.
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Makes every frozen report and list anew from the database, as known at the closing, and compares its hash with what was signed.
    #[arg(long)]
    anew: bool,
}

/// Nothing is wrong, but something could not be compared.
const NOT_COMPARED: u8 = 3;

pub(super) fn run(args: &Periods, config: &Config) -> Done {
    match args {
        Periods::Verify(args) => verify(args, config),
    }
}

fn read(path: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn verify(args: &Verify, config: &Config) -> Done {
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
            say!(
                "{}: its member `{member}` is not what was signed.",
                args.file.display()
            );
            found = false;
        }
        if !around.unsigned.is_empty() {
            say!(
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
    let mut reports = Vec::new();
    for path in &args.report {
        let answer = serde_json::from_str(&read(path)?).map_err(|e| {
            format!(
                "{}: no JSON: {e}; a list is compared by its pages in JSON, as docs/reports.md says",
                path.display()
            )
        })?;
        reports.push((path.display().to_string(), answer));
    }
    for report in saved::whole(reports)? {
        found &= compare(&says, answer.as_ref(), &report);
    }
    let mut left = 0;
    if args.anew {
        let (differ, not) = compare_anew(&says, config)?;
        found &= differ == 0;
        left = not;
    }
    Ok(match (found, left) {
        (true, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::from(NOT_COMPARED),
        _ => ExitCode::FAILURE,
    })
}

/// Makes everything that was frozen anew: how many are not what was signed, and how many could not be compared.
fn compare_anew(says: &Statement, config: &Config) -> Result<(usize, usize), Stop> {
    super::must_exist(config)?;
    let before = Untouched::of(&config.database)?;
    let mut conn = super::open_as_it_is(config)?;
    let countries = Countries::load()?;
    let (mut same, mut differ, mut not) = (0_usize, 0_usize, 0_usize);
    in_snapshot(&mut conn, |conn| {
        again::compare(conn, &countries, says, |named, compared| match compared {
            Compared::Same => {
                aside!("… {}: as it was signed", named.address);
                same += 1;
            }
            Compared::Differs(now) => {
                say!(
                    "{}: it was signed as {} and is {now} now.",
                    named.address,
                    named.data_sha256
                );
                differ += 1;
            }
            Compared::Not(why) => {
                say!("{}: not compared: {why}.", named.address);
                not += 1;
            }
        })
    })
    .map_err(|error: Error| match error.code() {
        crate::http::Code::NotFound => {
            Stop::from("this database has not closed the period of this statement")
        }
        _ => Stop::from(error),
    })?;
    before.holds()?;
    say!(
        "Of {} frozen reports and lists, made anew as known at position {}: {same} are as they were signed, {differ} are not, {not} were not compared.",
        says.reports.len(),
        says.known
    );
    Ok((differ, not))
}

fn tell(says: &Statement) {
    let (seq, at, by) = &says.closed;
    say!(
        "Period {}: {} to {}, as known at position {} of {}.",
        says.number,
        says.days.0,
        says.days.1,
        says.known,
        says.origin
    );
    say!("Closed by entry {seq}, {at}, {by}.");
    say!(
        "Checkpoint of {} entries, root {}.",
        says.checkpoint.0,
        says.checkpoint.1
    );
    for report in &says.reports {
        say!(
            "{} {} (definition {}): {}",
            report.data_sha256,
            report.report,
            report.definition,
            report.address
        );
    }
    say!("The signature is good.");
}

/// Whether a saved report is one of those that were frozen, and the question of an answer around the statement is that of the report.
fn compare(says: &Statement, around: Option<&Value>, saved: &Saved) -> bool {
    let files = saved.files.join(", ");
    if !saved.is_whole {
        say!("{files}: is a list of which a page is missing, or is there twice.");
        return false;
    }
    let hash = report::sha256(&saved.data);
    let Some(report) = says.reports.iter().find(|r| r.data_sha256 == hash) else {
        say!("{files}: {hash} is none of the frozen reports.");
        return false;
    };
    say!("{files}: is the frozen {}.", report.report);
    let all = around.and_then(|answer| answer.get("reports")?.as_array());
    let named = all
        .into_iter()
        .flatten()
        .find(|one| one.get("data_sha256").and_then(Value::as_str) == Some(hash.as_str()));
    let same = named.is_none_or(|one| one.get("question") == saved.data.get("question"));
    if !same {
        say!("{files}: its question is not the one that the answer around the statement tells.");
    }
    same
}
