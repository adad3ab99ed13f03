//! `ots-registry import FILE`: the same calls as the API's, with progress on stderr and a summary on stdout.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{Done, Stop};
use crate::accounts;
use crate::auth::policy::Action;
use crate::auth::{Acting, Principal};
use crate::config::Config;
use crate::countries::Countries;
use crate::db::{Conn, DatabaseUrl, dialect};
use crate::http::{Code, Error};
use crate::imports::read::{Encoding, Options};
use crate::imports::{
    self, Counts, ImportOptions, Mode, Progress, Reading, Summary, meaning, report_csv,
};
use crate::organisations::candidates::Lookout;
use crate::search::Search;
use crate::text::{Email, Reason};

/// A spreadsheet, how it is read and by whom.
#[derive(Args, Clone, Debug)]
pub(super) struct Spreadsheet {
    /// The file: CSV, TSV or XLSX
    file: PathBuf,
    /// Act for the account with this e-mail address, with its rights; else the operator acts
    #[arg(long = "as", value_name = "USER")]
    pub(super) on_behalf: Option<String>,
    /// The country of rows that name none, by the Platform's code
    #[arg(long, value_name = "CC")]
    country: Option<String>,
    /// The encoding of a text file, instead of the detected one
    #[arg(long, value_name = "E")]
    encoding: Option<Encoding>,
    /// The character between the cells of a text file, instead of the detected one
    #[arg(long, value_name = "D")]
    delimiter: Option<char>,
    /// What a header means, like Qurum=name; can be repeated
    #[arg(long, value_name = "HEADER=FIELD")]
    map: Vec<String>,
}

/// Imports a spreadsheet of organisations.
#[derive(Args, Clone, Debug)]
pub(super) struct Import {
    #[command(flatten)]
    reading: Spreadsheet,
    /// The list that the rows come from; the file's name without its end when absent
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Say what would happen, and write nothing to the database
    #[arg(long)]
    dry_run: bool,
    /// Write line, reference, outcome, reason and registry number of each row to this CSV file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Keep identifiers that fail their check, for this reason
    #[arg(long, value_name = "REASON")]
    keep_invalid: Option<String>,
}

impl Spreadsheet {
    /// How the file is read.
    pub(super) fn options(&self) -> Result<ImportOptions, Error> {
        let map = self.map.iter().map(|text| {
            let wrong = |why| Error::new(Code::BadParameter, format!("--map: {why}"));
            meaning(text, '=').map_err(wrong)
        });
        Ok(ImportOptions {
            source: None,
            country: self.country.clone(),
            keep_invalid: None,
            read: Options {
                encoding: self.encoding,
                delimiter: self.delimiter,
                map: map.collect::<Result<_, _>>()?,
                ..Options::default()
            },
        })
    }

    /// Refuses to write the report over the spreadsheet, or over the registry itself, by whatever name it is called. Before anything
    /// is done.
    pub(super) fn may_report_to(&self, report: Option<&Path>, config: &Config) -> Result<(), Stop> {
        let Some(report) = report else { return Ok(()) };
        let beside = |path: &Path, ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            is_one_file(report, Path::new(&name))
        };
        let folder = folder_of(report);
        let what = match &config.database {
            _ if is_one_file(report, &self.file) => "is the file that is read",
            DatabaseUrl::Sqlite(path)
                if ["", "-wal", "-shm", "-journal"]
                    .iter()
                    .any(|ending| beside(path, ending)) =>
            {
                "is the registry's database"
            }
            _ if is_one_file(report, &config.checkpoint_file) => "is the file of checkpoints",
            _ if is_one_file(folder, &config.keys_dir) => "is in the folder of the keys",
            _ => return Ok(()),
        };
        Err(format!(
            "--report: {} {what}, and the report would take its place; name another file",
            report.display()
        )
        .into())
    }

    /// The file's bytes and name.
    pub(super) fn file(&self) -> Result<(Vec<u8>, String), Stop> {
        let bytes = std::fs::read(&self.file).map_err(|e| file_problem("read", &self.file, &e))?;
        let name = self.file.file_name().unwrap_or_default();
        Ok((bytes, name.to_string_lossy().into_owned()))
    }
}

impl Import {
    fn options(&self) -> Result<ImportOptions, Error> {
        let keep_invalid = self.keep_invalid.as_deref().map(Reason::parse).transpose();
        Ok(ImportOptions {
            source: self.source.clone(),
            keep_invalid: keep_invalid
                .map_err(|e| Error::new(Code::BadParameter, format!("--keep-invalid: {e}")))?,
            ..self.reading.options()?
        })
    }
}

/// The folder that a file is in, or would be.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Whether two paths lead to one file that is there, also through links.
fn is_one_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (std::fs::metadata(one), std::fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    // One that is not there yet has its place all the same.
    let place = |path: &Path| {
        let folder = folder_of(path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    match (one.canonicalize().ok(), other.canonicalize().ok()) {
        (Some(one), Some(other)) => one == other,
        _ => place(one).is_some_and(|one| Some(one) == place(other)),
    }
}

/// Who acts: the account with this e-mail address, or the operator.
pub(super) fn acting_for(
    conn: &mut Conn,
    on_behalf: Option<&str>,
    action: Action,
) -> Result<Acting, Error> {
    match on_behalf {
        None => Acting::operator(action),
        Some(email) => Acting::on_behalf(account(conn, email)?, action),
    }
}

pub(super) fn run(args: &Import, config: &Config) -> Done {
    args.reading.may_report_to(args.report.as_deref(), config)?;
    let countries = Countries::load()?;
    let mut conn = super::open_existing(config)?;
    dialect::expect_much(&mut conn)?;
    import(args, &mut conn, &countries)?;
    // Where somebody reads meanwhile, the log is emptied another time.
    dialect::empty_log(&mut conn)?;
    Ok(ExitCode::SUCCESS)
}

fn import(args: &Import, conn: &mut Conn, countries: &Countries) -> Result<(), Stop> {
    let acting = acting_for(conn, args.reading.on_behalf.as_deref(), Action::Import)?;
    let options = args.options()?;
    let (bytes, name) = args.reading.file()?;
    let mut shown = 0;
    let mut progress = |step: Progress| {
        let (word, n, of) = match step {
            Progress::Planned(n, of) => ("planned", n, format!(" of {of}")),
            Progress::Applied(n) => ("applied", n, String::new()),
            Progress::Resumed(id) => {
                return aside!("an earlier run of this file stopped: going on with import {id}");
            }
        };
        if n < shown || n >= shown + 5_000 {
            shown = n;
            aside!("{word} {n}{of} rows");
        }
    };
    let how = if args.dry_run {
        Mode::DryRun
    } else {
        Mode::Commit
    };
    // Before anything is committed: a report that cannot be written is asked for in vain.
    if let Some(path) = &args.report {
        std::fs::File::create(path).map_err(|e| file_problem("write", path, &e))?;
    }
    let search = Search::default();
    let lookout = Lookout {
        countries,
        search: Some(&search),
    };
    let summary = imports::run(
        conn,
        &acting,
        lookout,
        &bytes,
        &name,
        &options,
        how,
        &mut progress,
    )?;
    if let Some(path) = &args.report {
        let report = report_csv(&summary.rows)?;
        std::fs::write(path, report).map_err(|e| file_problem("write", path, &e))?;
    }
    Ok(print(&summary)?)
}

/// The active account with this e-mail address.
fn account(conn: &mut Conn, email: &str) -> Result<Principal, Error> {
    let none = || {
        Error::new(
            Code::BadParameter,
            "--as: there is no active account with this e-mail address",
        )
    };
    let email = Email::parse(email).map_err(|_| none())?;
    let user = accounts::find_by_email(conn, &email)?.ok_or_else(none)?;
    accounts::principal_of(&user).map_err(|_| none())
}

pub(super) fn file_problem(what: &str, path: &Path, error: &std::io::Error) -> Stop {
    Stop(format!("cannot {what} {}: {error}", path.display()))
}

fn print(summary: &Summary) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let Reading {
        encoding,
        certainty,
        sheet,
        header_row,
        columns,
        warnings,
        skipped,
        ..
    } = &summary.reading;
    match (encoding, sheet) {
        (Some(encoding), _) => {
            let sure = certainty.as_deref().unwrap_or("");
            writeln!(
                out,
                "read as {encoding} ({sure}), header in line {header_row}"
            )?;
        }
        (None, sheet) => {
            let name = sheet.as_deref().unwrap_or("");
            writeln!(out, "read sheet “{name}”, header in row {header_row}")?;
        }
    }
    for column in columns {
        let field = column.field.as_deref().unwrap_or("not used");
        writeln!(out, "  {} → {field}", column.header)?;
    }
    for warning in warnings {
        writeln!(out, "note: {} ({} times)", warning.message, warning.count)?;
    }
    // Those that may have been meant as organisations.
    for line in skipped.iter().filter(|s| matches!(&*s.why, "sum" | "note")) {
        let why = match &*line.why {
            "sum" => "a sum",
            _ => "a note below the table",
        };
        writeln!(out, "line {} was taken for {why} and left out", line.line)?;
    }
    let Counts {
        rows,
        new,
        changed,
        unchanged,
        possible_duplicate,
        faulty,
        applied,
    } = summary.counts;
    writeln!(
        out,
        "{rows} rows: {new} new, {changed} changed, {unchanged} unchanged, {possible_duplicate} possible duplicates, {faulty} faulty"
    )?;
    match summary.import {
        Some(id) => writeln!(
            out,
            "import {id}: {applied} rows are done; {unchanged} of them say what the registry says"
        ),
        None => writeln!(out, "dry run: nothing was written"),
    }
}
