//! `journal verify`: checks the record of changes against itself and against the tables.

use std::process::ExitCode;

use clap::Subcommand;

use super::Done;
use crate::config::Config;
use crate::db::Conn;
use crate::http::Error;
use crate::journal::{Report, Table, verify};
use crate::{accounts, imports, memberships, organisations, people};

/// Checks the record of changes.
#[derive(Subcommand)]
pub(super) enum Journal {
    /// Checks every entry's hash and order, and that every row of organisations, memberships, imports, accounts and keys is
    /// what the journal says.
    Verify,
}

/// The tables whose rows the journal explains.
pub fn recorded_tables() -> Vec<Table> {
    let mut tables = accounts::recorded_tables();
    tables.extend(organisations::rows::recorded_tables());
    tables.extend(memberships::rows::recorded_tables());
    tables.extend(imports::recorded_tables());
    tables.extend(people::recorded_tables());
    tables
}

/// The whole check: the chain, the tables, and the timelines that are stored beside the events.
pub fn check(conn: &mut Conn, progress: impl FnMut(i64)) -> Result<(Report, Vec<String>), Error> {
    crate::db::in_snapshot(conn, |conn| {
        let report = verify(conn, &recorded_tables(), progress)?;
        let deviations = memberships::derived::deviations(conn)?;
        Ok((report, deviations))
    })
}

pub(super) fn run(args: &Journal, config: &Config) -> Done {
    let Journal::Verify = args;
    super::must_exist(config)?;
    let mut conn = Conn::open_for_work(&config.database)?;
    if !crate::db::migrate::is_current(&mut conn)? {
        return Err(
            "the database has other tables than this program; run ots-registry migrate".into(),
        );
    }
    let mut told = 0;
    let (report, deviations) = check(&mut conn, |seq| {
        if seq - told >= 50_000 {
            told = seq;
            eprintln!("… {seq} entries");
        }
    })?;
    let found = report.findings.len() + deviations.len();
    for finding in &report.findings {
        match finding.seq {
            Some(seq) => println!("entry {seq}: {}", finding.text),
            None => println!("{}", finding.text),
        }
    }
    for text in &deviations {
        println!("{text}");
    }
    let (seq, hash) = report.head.clone().unwrap_or_default();
    println!(
        "{} entries, {} rows compared, head {seq} {hash}",
        report.entries, report.rows
    );
    if found == 0 {
        println!("Nothing wrong was found.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{found} findings.");
    Ok(ExitCode::FAILURE)
}
