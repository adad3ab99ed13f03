//! The command line: thin, the same calls as the API.
//!
//! | file | command |
//! |---|---|
//! | `serve.rs` | `serve`: the service |
//! | `init.rs` | `init`: the first two secretariat accounts and the keys |
//! | `migrate.rs` | `migrate` |
//! | `user.rs` | `user invite`, `user disable`, `user list`, `user remove-second-factor` |
//! | `keys.rs` | `keys rotate`, `keys list`, `keys retire` |
//! | `import.rs` | `import`: a spreadsheet of organisations |
//! | `names.rs` | `match`: which organisation each row of a spreadsheet means |
//! | `duplicates.rs` | `duplicates`: find pairs that may be one organisation |
//! | `openapi.rs` | `openapi`: print or check the contract |
//! | `journal.rs` | `journal verify` |
//! | `periods.rs` | `periods verify` |
//! | `calendar.rs` | `calendar run`, `calendar simulate` |
//! | `rules.rs` | the rules of membership that `init` and `serve` are given |
//!
//! What people read goes to standard output, progress and the log to standard error. The exit code is 0 when all is well,
//! 1 when something was refused or found, 2 when the command's words are off.

/// Says something on standard output.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::told(format_args!($($words)*)) };
}

/// Says something beside the answer, on standard error: how far something is, what it came to.
macro_rules! aside {
    ($($words:tt)*) => { $crate::cli::told_aside(format_args!($($words)*)) };
}

mod calendar;
mod duplicates;
mod import;
mod init;
mod journal;
mod keys;
mod migrate;
mod names;
mod openapi;
mod periods;
mod person;
mod rules;
mod serve;
mod user;

pub use journal::{check as journal_check, check_against, recorded_tables};

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags};
use crate::db::{Conn, DatabaseUrl, MaybeRetry};
use crate::http::Error;

/// The registry of the NGO Platform of the Organization of Turkic States.
#[derive(Parser)]
#[command(name = "ots-registry", version, about, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the registry; on SQLite it makes the database and the keys at the first start.
    Serve(serve::Serve),
    /// Makes the first two secretariat accounts through one-time links, and the key files.
    Init(init::Init),
    /// Runs the migrations that are missing.
    Migrate,
    /// Invites, disables and lists accounts.
    #[command(subcommand)]
    User(user::User),
    /// Makes, lists and retires signing keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Exports or erases what is held of a person.
    #[command(subcommand)]
    Person(person::Person),
    /// Imports a spreadsheet of organisations.
    Import(import::Import),
    /// Says which registered organisation each row of a spreadsheet means; changes nothing.
    Match(names::Match),
    /// Finds pairs of organisations that may be one, as the service does every night.
    Duplicates,
    /// Prints the OpenAPI document, or checks a file against it.
    Openapi(openapi::OpenApi),
    /// Checks the record of changes.
    #[command(subcommand)]
    Journal(journal::Journal),
    /// Checks closed periods.
    #[command(subcommand)]
    Periods(periods::Periods),
    /// Records what the calendar did to memberships, or tells what it will do.
    #[command(subcommand)]
    Calendar(calendar::Calendar),
}

/// What stops a command, for people.
pub struct Stop(String);

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        // The operator may know what a client may not.
        let cause = error
            .inside()
            .0
            .map(|s| format!("\n  cause: {s}"))
            .unwrap_or_default();
        Self(format!("{error}{cause}"))
    }
}

impl From<crate::db::Failure> for Stop {
    fn from(failure: crate::db::Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// What was handed over cannot be taken back, and is not made twice.
impl MaybeRetry for Stop {
    fn may_retry(&self) -> bool {
        false
    }
    fn lost_connection(&self) -> bool {
        false
    }
    fn is_away(&self) -> bool {
        false
    }
}

type Done = Result<ExitCode, Stop>;

/// Writes a line. Whoever reads may have seen enough: a closed pipe is no reason to break off what was begun.
fn told(words: std::fmt::Arguments<'_>) {
    let written = writeln!(std::io::stdout().lock(), "{words}");
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        aside!("cannot write to standard output: {error}");
    }
}

/// Writes a line to standard error. Where nobody reads it any more there is nobody to tell so.
fn told_aside(words: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{words}");
}

/// Hands over what is shown once, such as a link: inside the transaction that makes it, so that nothing is made that nobody got to see.
fn hand_over(text: &str) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| {
            Stop(format!(
                "nothing was changed, because the link could not be written to standard output: {error}"
            ))
        })
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let checked = match &cli.command {
        Command::Serve(args) => serve::check(args, &cli.flags),
        _ => Ok(()),
    };
    let done = checked
        .and_then(|()| Config::load(&cli.flags).map_err(Stop))
        .and_then(|config| match cli.command {
            Command::Serve(args) => serve::run(&args, &config),
            Command::Init(args) => init::run(&args, &config),
            Command::Migrate => migrate::run(&config),
            Command::User(args) => user::run(&args, &config),
            Command::Keys(args) => keys::run(&args, &config),
            Command::Person(args) => person::run(&args, &config),
            Command::Import(args) => import::run(&args, &config),
            Command::Match(args) => names::run(&args, &config),
            Command::Duplicates => duplicates::run(&config),
            Command::Openapi(args) => openapi::run(&args),
            Command::Journal(args) => journal::run(&args, &config),
            Command::Periods(args) => periods::run(&args, &config),
            Command::Calendar(args) => calendar::run(&args, &config),
        });
    match done {
        Ok(code) => code,
        Err(Stop(text)) => {
            aside!("ots-registry: {text}");
            ExitCode::FAILURE
        }
    }
}

/// Opens a database that is there already: a mistyped folder must not become a new registry.
fn open_existing(config: &Config) -> Result<Conn, Stop> {
    must_exist(config)?;
    let mut conn = open(config)?;
    // A newer program's tables may mean what this one does not know.
    match crate::db::migrate::deviation(&mut conn)? {
        None => Ok(conn),
        Some(text) => Err(text.into()),
    }
}

fn must_exist(config: &Config) -> Result<(), Stop> {
    match &config.database {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(format!(
            "there is no database at {}; `ots-registry serve` or `init` makes one",
            path.display()
        )
        .into()),
        _ => Ok(()),
    }
}

/// Opens a database that is there, to look at it and change nothing.
fn open_as_it_is(config: &Config) -> Result<Conn, Stop> {
    let mut conn = Conn::open_as_it_is(&config.database)?;
    match crate::db::migrate::deviation(&mut conn)? {
        None => Ok(conn),
        Some(text) => Err(text.into()),
    }
}

/// Opens the database for a command: on SQLite the folder is made; the migrations that are missing run.
fn open(config: &Config) -> Result<Conn, Stop> {
    make_folder(config)?;
    let mut conn = Conn::open_for_work(&config.database)?;
    crate::db::migrate::up(&mut conn)?;
    crate::memberships::derived::ensure(&mut conn, |text| aside!("{text}"))?;
    Ok(conn)
}

/// Makes the folder of a SQLite database, for its owner only.
fn make_folder(config: &Config) -> Result<(), Stop> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty())
    {
        crate::auth::keyring::make_private_folder(folder)
            .map_err(|e| format!("data_dir: {}: {e}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
