//! `journal`: checks the record of changes against itself, against the tables, and against what was signed of it; writes it to a file;
//! marks a restored registry.

use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use diesel::prelude::*;

use super::{Done, Stop};
use crate::auth::Acting;
use crate::auth::checkpoint_keys::CheckpointKeys;
use crate::auth::policy::Action;
use crate::auth::reads::{self, What};
use crate::checkpoints::{Checkpoints, restored};
use crate::config::Config;
use crate::db::schema::journal_head;
use crate::db::{Conn, Instant, Untouched, same_moment};
use crate::http::Error;
use crate::journal::export::{self, Facts};
use crate::journal::note::{self, VerifierKey};
use crate::journal::{Against, Report, Table, verify, verify_export, verify_with};
use crate::reports::periods;
use crate::reports::queries::quality;
use crate::{accounts, imports, memberships, organisations, people};

/// Nothing is wrong, but a checkpoint knows entries that a restore has lost.
const LOST: u8 = 3;

/// Checks the record of changes.
#[derive(Subcommand)]
pub(super) enum Journal {
    /// Checks every entry's hash and order, and that every row of organisations, memberships, imports, accounts and keys is
    /// what the journal says; with --checkpoint also that nothing in it was changed since that was signed.
    Verify(Verify),
    /// Writes the journal to a file that `journal verify --export` takes.
    Export(Export),
    /// After a restore: records which entries this registry still has, and signs the journal as it is now.
    Restored(RestoredArgs),
}

/// What to verify.
#[derive(Args)]
pub(super) struct Verify {
    /// A file with one or more signed checkpoints of before; give it as often as you like.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// A key that signed them, as `keys list` shows it, or a file with such keys (also /v1/journal/checkpoint-keys or
    /// /.well-known/jwks.json as saved); give all keys that were used.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Verifies this file instead of the database.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// What to export.
#[derive(Args)]
pub(super) struct Export {
    /// The new file; - for standard output.
    file: PathBuf,
    /// How far it goes: facts that may be public of an organisation, or everything, personal data too, which is recorded.
    #[arg(long, value_enum, default_value = "public")]
    facts: Which,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Public,
    All,
}

/// Where the restored registry ends.
#[derive(Args)]
pub(super) struct RestoredArgs {
    /// The last entry that came out of the backup, where others were recorded since; otherwise the journal's last.
    #[arg(long, value_name = "SEQ")]
    last: Option<u64>,
}

/// The tables whose rows the journal explains.
pub fn recorded_tables() -> Vec<Table> {
    let mut tables = accounts::recorded_tables();
    tables.extend(organisations::rows::recorded_tables());
    tables.extend(memberships::rows::recorded_tables());
    tables.extend(imports::recorded_tables());
    tables.extend(people::recorded_tables());
    tables.extend(periods::recorded_tables());
    tables
}

/// The whole check: the chain, the tables, and the timelines that are stored beside the events.
pub fn check(conn: &mut Conn, progress: impl FnMut(i64)) -> Result<(Report, Vec<String>), Error> {
    crate::db::in_snapshot(conn, |conn| {
        let report = verify(conn, &recorded_tables(), progress)?;
        let deviations = deviations(conn, &report, &[])?;
        Ok((report, deviations))
    })
}

/// What the domains find wrong with what they store beside the record. Where the record itself is, they may not be able to tell.
fn deviations(
    conn: &mut Conn,
    report: &Report,
    keys: &[VerifierKey],
) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for (what, found) in [
        ("timelines", memberships::derived::deviations(conn)),
        ("records' completeness", quality::deviations(conn)),
        ("statements", periods::queries::deviations(conn, keys)),
    ] {
        match found {
            Ok(found) => all.extend(found),
            Err(_) if !report.is_clean() => {
                all.push(format!(
                    "the {what} could not be compared, because of what was found"
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// The same against checkpoints, on all cores, over a database that stays as it is while this runs.
pub fn check_against(
    url: &crate::db::DatabaseUrl,
    against: &Against,
    progress: impl FnMut(i64),
) -> Result<(Report, Vec<String>), Error> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let (mut conn, mut helpers) = same_moment(url, cores.min(8))?;
    let tables = recorded_tables();
    let report = verify_with(&mut conn, &mut helpers, &tables, against, progress)?;
    let deviations = deviations(&mut conn, &report, &against.keys)?;
    Ok((report, deviations))
}

pub(super) fn run(args: &Journal, config: &Config) -> Done {
    match args {
        Journal::Verify(args) => verify_all(args, config),
        Journal::Export(args) => export(args, config),
        Journal::Restored(args) => record_restored(args, config),
    }
}

fn verify_all(args: &Verify, config: &Config) -> Done {
    let against = against(args)?;
    let mut told = 0;
    let progress = |seq| {
        if seq - told >= 100_000 {
            told = seq;
            aside!("… {seq} entries");
        }
    };
    let (report, deviations) = match &args.export {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
            let names: Vec<&'static str> = recorded_tables().iter().map(|t| t.name).collect();
            let mut input = BufReader::with_capacity(1 << 20, file);
            let report = verify_export(&mut input, &names, &against, progress)
                .map_err(|e| format!("{}: {e}", path.display()))?;
            (report, Vec::new())
        }
        None => {
            super::must_exist(config)?;
            let before = Untouched::of(&config.database)?;
            drop(super::open_as_it_is(config)?);
            let checked = check_against(&config.database, &against, progress)?;
            before.holds()?;
            checked
        }
    };
    tell(&report, &deviations, &against);
    Ok(if !report.is_clean() || !deviations.is_empty() {
        ExitCode::FAILURE
    } else if !report.lost.is_empty() {
        ExitCode::from(LOST)
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(report: &Report, deviations: &[String], against: &Against) {
    for finding in &report.findings {
        match finding.seq {
            Some(seq) => say!("entry {seq}: {}", finding.text),
            None => say!("{}", finding.text),
        }
    }
    for text in deviations {
        say!("{text}");
    }
    for lost in &report.lost {
        say!(
            "lost: entries {} to {} of the time before a restore, as entry {} says; entries up to {} are those that were signed",
            lost.from,
            lost.to,
            lost.entry,
            lost.fits
        );
        if lost.fits + 1 < lost.from {
            say!(
                "lost: entries {} to {} can be compared with no checkpoint",
                lost.fits + 1,
                lost.from - 1
            );
        }
    }
    let (seq, hash) = report.head.clone().unwrap_or_default();
    say!(
        "{} entries, {} rows compared, head {seq} {hash}, root {}",
        report.entries,
        report.rows,
        report.root
    );
    if report.withheld > 0 {
        say!(
            "{} private items are not in this export; what they say was not checked.",
            report.withheld
        );
    }
    if let Some(newest) = report.fitting.last() {
        say!(
            "{} checkpoints fit, the newest of {newest} entries{}.",
            report.fitting.len(),
            if against.keys.is_empty() {
                "; their signatures were not checked (no --key)"
            } else {
                ""
            }
        );
    }
    let found = report.findings.len() + deviations.len();
    match (found, report.lost.len()) {
        (0, 0) => say!("Nothing wrong was found."),
        (0, _) => say!("Nothing else was found."),
        _ => say!("{found} findings."),
    }
}

/// What the verifier holds, from the command line.
fn against(args: &Verify) -> Result<Against, Stop> {
    let mut against = Against::default();
    for path in &args.checkpoint {
        let text = read(path)?;
        let notes = note::parse_all(&text).map_err(|n| {
            format!(
                "{}: the checkpoint number {n} in it cannot be read",
                path.display()
            )
        })?;
        against.notes.extend(notes);
    }
    let origin = against.notes.first().map(|n| n.checkpoint.origin.clone());
    for key in &args.key {
        if let Some(key) = VerifierKey::parse(key) {
            against.keys.push(key);
            continue;
        }
        let path = Path::new(key);
        let keys = note::parse_keys(&read(path)?, origin.as_deref())
            .map_err(|e| format!("--key {key}: {e}"))?;
        against.keys.extend(keys);
    }
    Ok(against)
}

fn read(path: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn export(args: &Export, config: &Config) -> Done {
    super::must_exist(config)?;
    let mut conn = Conn::open_for_work(&config.database)?;
    let facts = match args.facts {
        Which::Public => Facts::Public,
        Which::All => Facts::All,
    };
    let out: Box<dyn Write> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdout().lock())
    } else {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        // It may hold private and personal data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&args.file);
        Box::new(file.map_err(|e| format!("{}: {e}", args.file.display()))?)
    };
    let mut out = BufWriter::with_capacity(1 << 20, out);
    if facts == Facts::All {
        record_reading(&mut conn)?;
    }
    let entries = export::write(&mut conn, facts, Instant::now(), &mut out)?;
    aside!("{entries} entries written.");
    Ok(ExitCode::SUCCESS)
}

/// Records that the operator reads everybody's data, before it is written anywhere.
fn record_reading(conn: &mut Conn) -> Result<(), Error> {
    conn.transact(|tx| {
        let acting = Acting::operator(Action::ReadJournal)?;
        let entries: i64 = journal_head::table
            .find(1)
            .select(journal_head::seq)
            .first(&mut **tx)?;
        let rows = usize::try_from(entries).map_err(Error::internal)?;
        acting.saw(What::Journal, "journal", rows);
        reads::insert(tx, &acting.taken(None)?)
    })
}

fn record_restored(args: &RestoredArgs, config: &Config) -> Done {
    let mut conn = super::open_existing(config)?;
    super::keys::prepare(config, &mut conn)?;
    let keys = CheckpointKeys::load(&config.keys_dir)?;
    let checkpoints = Checkpoints::new(keys, &config.checkpoint_origin);
    let file = config.checkpoint_file.as_path();
    let done = restored::record(
        &mut conn,
        &checkpoints,
        Some(file),
        args.last,
        Instant::now(),
    )?;
    say!(
        "Entry {} says that this registry was restored and has the entries up to {} of before.",
        done.entry,
        done.last
    );
    if let Some(known) = done.known {
        say!(
            "{} knows {known} entries: {} to {known} are lost.",
            file.display(),
            done.last + 1
        );
    }
    Ok(ExitCode::SUCCESS)
}
