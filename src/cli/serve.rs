//! `serve`: the service.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::rt::net::{TcpListener, TcpSocket};
use clap::Args;
use diesel::prelude::*;
use tracing_subscriber::EnvFilter;

use super::{Done, Stop};
use crate::accounts;
use crate::app::{Parts, app};
use crate::auth::SecondFactorRule;
use crate::auth::checkpoint_keys::CheckpointKeys;
use crate::auth::keyring::{self, LOOK_SECONDS};
use crate::auth::passwords::Passwords;
use crate::auth::reads;
use crate::auth::throttle::Throttle;
use crate::auth::tokens::TokenKeys;
use crate::checkpoints::witnesses::Witnesses;
use crate::checkpoints::{self, Checkpoints, Keeper};
use crate::config::{Config, Flags};
use crate::countries::Countries;
use crate::db::schema::journal_head;
use crate::db::{Conn, DatabaseUrl, Db, Id, Instant, migrate};
use crate::demo::{self, Held};
use crate::duplicates::round::{self, Extent};
use crate::http::envelope::TrustedProxies;
use crate::http::idempotency::{self, Running};
use crate::http::limits::Limits;
use crate::http::outgoing::Outgoing;
use crate::http::{Code, Error};
use crate::imports::turns::Uploads;
use crate::memberships::recorder;
use crate::organisations::refold;
use crate::people::emptying;
use crate::reports::turns::Turns;
use crate::search::Search;

/// Serves the registry.
#[derive(Args)]
pub(super) struct Serve {
    /// Fills an empty database with made-up organisations and accounts, prints their log-ins, and serves them on a
    /// loopback address.
    #[arg(long)]
    demo: bool,
}

/// Connections that may wait to be taken.
const WAITING_CONNECTIONS: u32 = 1024;

const LOOPBACK_ONLY: &str =
    "listen: --demo has log-ins that everybody knows, so it serves on a loopback address only";

/// What is wrong with the flags, where the configuration's own answer would lead astray: to a demo that all can reach.
pub(super) fn check(args: &Serve, flags: &Flags) -> Result<(), Stop> {
    let listen = flags.listen.as_ref().and_then(|l| l.parse().ok());
    let open = listen.is_some_and(|l: SocketAddr| !l.ip().is_loopback());
    if args.demo && open {
        return Err(LOOPBACK_ONLY.into());
    }
    Ok(())
}

pub(super) fn run(args: &Serve, config: &Config) -> Done {
    start_log(&config.log)?;
    if args.demo && !config.listen.ip().is_loopback() {
        return Err(LOOPBACK_ONLY.into());
    }
    let socket = taken(config.listen)?;
    let countries = Countries::load().map_err(Stop)?;
    let file = super::rules::read(config)?;
    if args.demo {
        has_no_foreign_table(config)?;
    }
    // What the files beside the database are worth is known before there is anything in it.
    super::make_folder(config)?;
    keyring::make_private_folder(&config.keys_dir)
        .map_err(|e| format!("keys_dir: {}: {e}", config.keys_dir.display()))?;
    checkpoints::file::can_append(&config.checkpoint_file)?;
    let mut conn = super::open(config)?;
    let held = demo::held(&mut conn)?;
    may_serve(held, args.demo, config, &mut conn)?;
    checkpoints::is_of_file(&mut conn, &config.checkpoint_file)?;
    let seals = super::keys::prepare(config, &mut conn)?;
    let keys = TokenKeys::load(&config.keys_dir, &config.base_url)?;
    let checkpoints = Checkpoints::new(
        CheckpointKeys::load(&config.keys_dir)?,
        &config.checkpoint_origin,
    );
    let now = match (args.demo, held) {
        // A demo has its rules from its beginning, which is long ago.
        (true, Held::None) => demo::begin(&mut conn)?.ok_or(NOT_EMPTY)?,
        (true, _) => Instant::now(),
        (false, _) if conn.transact(demo::is_registry)? => Instant::now(),
        (false, _) => return Err(HOLDS_DEMO.into()),
    };
    let rules = super::rules::adopt(&mut conn, file.as_deref(), now, |text| {
        tracing::info!("{text}");
    })?;
    if args.demo {
        let logins = demo::prepare(&mut conn, &countries, &rules, held == Held::None, |text| {
            aside!("{text}")
        })?;
        say!("{}", logins.text(&config.base_url).trim_end());
    }
    drop(conn);
    let parts = Parts {
        db: Db::start(&config.database, config.sizes),
        keys,
        seals,
        // The tour and everybody who tries a demo log in with a password alone.
        second_factor: SecondFactorRule {
            secretariat: config.second_factor_secretariat && !args.demo,
        },
        throttle: Throttle::default(),
        passwords: Passwords::new(),
        countries: Arc::new(countries),
        rules: Arc::new(rules),
        limits: Limits::new(config.allowance),
        proxies: TrustedProxies(config.trusted_proxies.clone()),
        base_url: config.base_url.clone(),
        mail: config.mail.clone(),
        running: Running::default(),
        by_number: Default::default(),
        uploads: Uploads::default(),
        reports: Turns::default(),
        search: Search::default(),
        checkpoints,
        readiness: Default::default(),
    };
    actix_web::rt::System::new().block_on(serve(config, parts, socket))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the address before anything is made: a start that cannot serve makes no database, no keys and no demo. Nobody is let in before
/// the registry can answer, so that whoever looks sees a closed door, and not one behind which nothing happens.
fn taken(address: SocketAddr) -> Result<TcpSocket, Stop> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    socket
        .and_then(|socket| {
            // Connections of the process before may be ending yet.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            Ok(socket)
        })
        .map_err(|e| cannot_listen(address, &e))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Stop {
    Stop(format!("listen: {address}: {error}"))
}

async fn serve(config: &Config, parts: Parts, socket: TcpSocket) -> Result<(), Stop> {
    actix_web::rt::spawn(keep_tidy(parts.clone(), config.private_reads_days));
    actix_web::rt::spawn(record_calendar(parts.clone()));
    actix_web::rt::spawn(watch_keys(parts.clone()));
    let witnesses = Witnesses::new(
        config.witnesses.clone(),
        Outgoing::new(config.outgoing_loopback),
    );
    actix_web::rt::spawn(keep_checkpoints(Keeper::new(
        parts.db.clone(),
        parts.checkpoints.clone(),
        Some(config.checkpoint_file.clone()),
        witnesses,
    )));
    parts.search.is_fed_by_the_background();
    actix_web::rt::spawn(keep_index(parts.clone()));
    actix_web::rt::spawn(find_duplicates(parts.clone()));
    actix_web::rt::spawn(refold_names(parts.clone()));
    let at_the_end = parts.clone();
    let listener = socket
        .listen(WAITING_CONNECTIONS)
        .and_then(TcpListener::into_std)
        .map_err(|e| cannot_listen(config.listen, &e))?;
    let server = HttpServer::new(move || app(&parts))
        .workers(config.workers)
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(5))
        .shutdown_timeout(30)
        .listen(listener)?;
    let kind = config.database.kind();
    // With port 0 the system chooses one, which is told here.
    let addresses = server.addrs();
    let listen = addresses.first().unwrap_or(&config.listen);
    tracing::info!(%listen, database = kind, version = env!("CARGO_PKG_VERSION"), "serving");
    // SIGTERM lets running requests finish; SIGINT (Ctrl-C) stops at once.
    server.run().await?;
    // Those since the last minute.
    note_key_uses(&at_the_end).await;
    tracing::info!("stopped");
    Ok(())
}

/// Looks at the folder of keys again and again: keys turn without a restart.
async fn watch_keys(parts: Parts) {
    let Parts {
        keys,
        seals,
        checkpoints,
        ..
    } = parts;
    loop {
        actix_web::rt::time::sleep(Duration::from_secs(LOOK_SECONDS.unsigned_abs())).await;
        match keys.look(Instant::now()) {
            Ok(true) => tracing::info!(keys = ?keys, "the signing keys changed"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error, "the folder of keys cannot be read; the keys stay");
            }
        }
        match seals.look(Instant::now()) {
            Ok(true) => tracing::info!(keys = ?seals, "the keys that seal changed"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error, "the keys that seal cannot be read; they stay");
            }
        }
        if let Err(error) = checkpoints.keys().look(Instant::now()) {
            tracing::error!(error, "the keys of checkpoints cannot be read; they stay");
        }
    }
}

/// Signs a checkpoint a few seconds after the journal moved.
async fn keep_checkpoints(keeper: Keeper) {
    loop {
        match keeper.turn().await {
            Ok(kept) => {
                if let Some(size) = kept.made {
                    tracing::debug!(size, cosigned = kept.cosigned, "a checkpoint was signed");
                }
            }
            Err(error) => tracing::warn!(error = %error, "the checkpoints were not kept"),
        }
        actix_web::rt::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Makes the index of names, and keeps it where the journal is: what one replica writes is found on all within a second.
async fn keep_index(parts: Parts) {
    loop {
        let search = parts.search.clone();
        let kept = parts
            .db
            .snapshot(move |conn| search.keep(conn, Instant::now().day()))
            .await;
        if let Err(error) = kept {
            tracing::warn!(error = %error, "the index of names could not be kept");
        }
        actix_web::rt::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Makes keys of names anew that an older folding made.
async fn refold_names(parts: Parts) {
    let mut organisations = 0;
    loop {
        match parts.db.write(|tx| refold::step(tx, Instant::now())).await {
            Ok(step) if step.done => break,
            Ok(step) => organisations += step.organisations,
            Err(error) => {
                tracing::warn!(error = %error, "keys of names were not made anew");
                actix_web::rt::time::sleep(Duration::from_secs(60)).await;
            }
        }
        // Others write in between.
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    if organisations > 0 {
        tracing::info!(organisations, "keys of names were made anew");
    }
}

/// Finds pairs of organisations that may be one: within seconds where something changed, all once a day.
async fn find_duplicates(parts: Parts) {
    loop {
        actix_web::rt::time::sleep(Duration::from_secs(5)).await;
        let tools = (parts.countries.clone(), parts.search.clone());
        match round::run(&parts.db, tools, Extent::Due, Instant::now()).await {
            Ok(Some(done)) if done.organisations > 500 => {
                tracing::info!(%done, "duplicates were looked for");
            }
            Ok(_) => {}
            // The index of names is being made: in five seconds again.
            Err(error) if error.code() == Code::Overloaded => {}
            Err(error) => tracing::warn!(error = %error, "duplicates were not looked for"),
        }
    }
}

/// Records what the calendar did by itself, at the start and then every ten minutes. Nothing depends on it.
async fn record_calendar(parts: Parts) {
    loop {
        match recorder::run(&parts.db, parts.rules.clone(), Instant::now()).await {
            Ok(Some(done)) if done.turns > 0 => tracing::info!(%done, "the calendar was recorded"),
            Ok(_) => {}
            Err(error) => tracing::warn!(error = %error, "the calendar was not recorded"),
        }
        actix_web::rt::time::sleep(Duration::from_secs(600)).await;
    }
}

/// Forgets what is only kept for a while: idle callers of the rate limits, old idempotency keys, sessions and links.
async fn keep_tidy(parts: Parts, private_reads_days: u32) {
    let mut minutes = 0u32;
    // What an erasure before the start, or by the command line, has left.
    emptying::settle(&parts.db).await;
    loop {
        actix_web::rt::time::sleep(Duration::from_secs(60)).await;
        minutes = minutes.wrapping_add(1);
        parts.limits.forget_idle();
        note_key_uses(&parts).await;
        hand_over(&parts).await;
        emptying::settle(&parts.db).await;
        if minutes.is_multiple_of(60) {
            let done = parts
                .db
                .write(move |tx| {
                    let now = Instant::now();
                    reads::forget_old(tx, now, private_reads_days)?;
                    idempotency::forget_old(tx, now)?;
                    accounts::forget_old(tx, now)
                })
                .await;
            if let Err(error) = done {
                tracing::warn!(error = %error, "old idempotency keys, sessions, links and readings were not forgotten");
            }
        }
    }
}

/// Notes which keys were used in the last minute.
async fn note_key_uses(parts: &Parts) {
    let uses = parts.limits.take_uses();
    if uses.is_empty() {
        return;
    }
    let noted = parts
        .db
        .write(move |tx| accounts::keys::note_uses(tx, &uses))
        .await;
    if let Err(error) = noted {
        tracing::warn!(error = %error, "when keys were last used was not noted");
    }
}

/// Carries out a handover of the office whose day has come, or lets it fall.
async fn hand_over(parts: &Parts) {
    let done = parts
        .db
        .write(|tx| accounts::handover::carry_out_due(tx, Instant::now()))
        .await;
    match done {
        Ok(None) => {}
        Ok(Some(row)) if row.status == accounts::handover::FALLEN => {
            let (handover, why) = (Id(row.id), row.decision_reason);
            tracing::warn!(%handover, why, "a handover could not be done on its day; it has fallen");
        }
        Ok(Some(_)) => tracing::info!("the office was handed over"),
        Err(error) => tracing::warn!(error = %error, "the office was not handed over"),
    }
}

fn start_log(filter: &str) -> Result<(), Stop> {
    let filter = EnvFilter::try_new(filter).map_err(|e| format!("log: {e}"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        // Who read the log may be gone. Then its lines are lost, and nothing else: the library would tell so on the same closed pipe, and panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .try_init()
        .map_err(|e| Stop(e.to_string()))
}

/// A demo and a registry are never taken for one another: everybody knows the demo's passwords.
fn may_serve(held: Held, demo: bool, config: &Config, conn: &mut Conn) -> Result<(), Stop> {
    match (held, demo) {
        (Held::Unfinished, _) => {
            let what = match &config.database {
                DatabaseUrl::Sqlite(path) => {
                    let (path, file) = (path.display(), config.checkpoint_file.display());
                    format!("delete {path}, {path}-wal, {path}-shm and {file}")
                }
                DatabaseUrl::Postgres(_) => "drop the database and make an empty one".to_owned(),
            };
            Err(format!("this database holds a part of a demo, which was interrupted while it was made; {what}, or name another with --database-url or --data-dir").into())
        }
        (Held::Whole, false) => Err(HOLDS_DEMO.into()),
        (Held::Registry, true) => Err(NOT_EMPTY.into()),
        (Held::None, true) if !is_empty(conn)? => Err(NOT_EMPTY.into()),
        (Held::Whole, true) | (Held::Registry, false) | (Held::None, _) => Ok(()),
    }
}

const HOLDS_DEMO: &str =
    "this database holds demo data; start it with --demo, or name another database";
const NOT_EMPTY: &str = "--demo needs an empty database, and this one holds something or is served as a registry; name another with --database-url or --data-dir";

/// A demo is not made beside what others keep: looked at before the migrations make tables there, and without a change.
fn has_no_foreign_table(config: &Config) -> Result<(), Stop> {
    let there = match &config.database {
        // An empty file holds nothing, and is no database yet.
        DatabaseUrl::Sqlite(path) => std::fs::metadata(path).is_ok_and(|file| file.len() > 0),
        DatabaseUrl::Postgres(_) => true,
    };
    if !there {
        return Ok(());
    }
    let mut conn = Conn::open_as_it_is(&config.database)?;
    let foreign = migrate::foreign_tables(&mut conn)?;
    match foreign.first() {
        None => Ok(()),
        Some(table) => Err(format!("--demo needs an empty database, and this one holds something that is not the registry's ({table}); name another with --database-url or --data-dir").into()),
    }
}

fn is_empty(conn: &mut Conn) -> Result<bool, Stop> {
    let seq: i64 = journal_head::table
        .find(1)
        .select(journal_head::seq)
        .first(conn)
        .map_err(Error::from)?;
    Ok(seq == 0)
}
