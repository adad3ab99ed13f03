//! `ots-registry match FILE`: the same question as `POST /v1/match`, for a spreadsheet.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Done;
use super::import::{Spreadsheet, acting_for, file_problem};
use crate::auth::policy::Action;
use crate::config::Config;
use crate::countries::Countries;
use crate::imports::names::{self, MatchedRow, Question};
use crate::search::Search;

/// Says which registered organisation each row of a spreadsheet means.
#[derive(Args, Clone, Debug)]
pub(super) struct Match {
    #[command(flatten)]
    reading: Spreadsheet,
    /// Write the report here, CSV or XLSX by its ending; CSV on standard output when absent
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Candidates of each row at most
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    limit: u8,
}

pub(super) fn run(args: &Match, config: &Config) -> Done {
    args.reading.may_report_to(args.report.as_deref(), config)?;
    let countries = Countries::load()?;
    let mut conn = super::open_existing(config)?;
    let acting = acting_for(
        &mut conn,
        args.reading.on_behalf.as_deref(),
        Action::ReadOrganisations,
    )?;
    let options = args.reading.options()?;
    let (bytes, name) = args.reading.file()?;
    let question = Question {
        bytes: &bytes,
        file_name: &name,
        options: &options,
        limit: usize::from(args.limit),
    };
    let search = Search::default();
    let mut progress = |rows: usize| aside!("matched {rows} rows");
    let tools = (&countries, &search);
    let rows = names::match_file(&mut conn, &acting, tools, &question, &mut progress)?;
    match &args.report {
        Some(path) => {
            let report = names::written(&rows, &path.to_string_lossy())?;
            std::fs::write(path, report).map_err(|e| file_problem("write", path, &e))?;
            say!("{}", summary(&rows));
        }
        None => {
            let report = names::written(&rows, "")?;
            std::io::stdout().lock().write_all(&report)?;
            aside!("{}", summary(&rows));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(rows: &[MatchedRow]) -> String {
    let found = |row: &&MatchedRow| matches!(&row.found, Ok(found) if !found.candidates.is_empty());
    let chosen = |row: &&MatchedRow| matches!(&row.found, Ok(found) if found.chosen.is_some());
    format!(
        "{} rows: {} with a number that is safe to take, {} with candidates, {} without",
        rows.len(),
        rows.iter().filter(chosen).count(),
        rows.iter().filter(found).filter(|row| !chosen(row)).count(),
        rows.iter().filter(|row| !found(row)).count(),
    )
}
