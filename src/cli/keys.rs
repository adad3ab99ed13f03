//! `keys`: the signing keys turn without a restart. Also what makes the key files at the first start.

use std::process::ExitCode;

use clap::Subcommand;

use clap::ValueEnum;
use diesel::prelude::*;

use super::{Done, Stop};
use crate::accounts::second_factor;
use crate::auth::checkpoint_keys::CheckpointKeys;
use crate::auth::keyring::SIGNS_BY_SECONDS;
use crate::auth::sealing::SealKeys;
use crate::auth::tokens::{KeyFile, TokenKeys};
use crate::checkpoints::{file, queries};
use crate::config::Config;
use crate::db::schema::checkpoints;
use crate::db::{Conn, Instant, dialect};
use crate::http::Error;
use crate::journal::note::{SignedNote, VerifierKey};

/// The number that the process holds which makes the first keys.
const LOCK: i64 = 0x6b65_7973;

/// Makes, lists and retires signing keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Makes a new signing key, which takes over by itself.
    Rotate {
        /// What the key signs.
        #[arg(long, value_enum, default_value = "tokens")]
        of: Signs,
    },
    /// Lists the signing keys.
    List,
    /// Removes a signing key that no living token needs any more; of a key of checkpoints the public half stays.
    Retire {
        /// Its id or the name of its file.
        key: String,
    },
}

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Signs {
    /// Access tokens.
    Tokens,
    /// Checkpoints of the journal.
    Checkpoints,
}

pub(super) fn run(args: &Keys, config: &Config) -> Done {
    let (folder, now) = (config.keys_dir.as_path(), Instant::now());
    match args {
        Keys::Rotate { of } => {
            let path = match of {
                Signs::Tokens => TokenKeys::rotate(folder, now)?,
                Signs::Checkpoints => CheckpointKeys::rotate(folder, now)?,
            };
            say!(
                "Made {}. Replicas that look at another folder need a copy now. It signs in {SIGNS_BY_SECONDS} seconds at the latest.",
                path.display()
            );
        }
        Keys::List => {
            say!(
                "{:<44} {:<11} {:<28} {:<28} file",
                "id",
                "signs",
                "made",
                "can be retired"
            );
            list("tokens", &TokenKeys::files(folder, now)?, now);
            if CheckpointKeys::exist(folder) {
                list("checkpoints", &CheckpointKeys::files(folder, now)?, now);
                let origin = origin(config)?;
                say!("\nKeys that check checkpoints, for `journal verify --key`:");
                for key in CheckpointKeys::load(folder)?.published() {
                    say!("{}", VerifierKey::of_log(&origin, key.public).text());
                }
            }
        }
        Keys::Retire { key } => {
            let is = |f: &KeyFile| {
                f.kid == *key || f.path.file_name().is_some_and(|n| n.to_str() == Some(key))
            };
            let of_checkpoints =
                CheckpointKeys::exist(folder) && CheckpointKeys::files(folder, now)?.iter().any(is);
            let path = if of_checkpoints {
                CheckpointKeys::retire(folder, key, now)?
            } else {
                TokenKeys::retire(folder, key, now)?
            };
            say!("Removed {}.", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of the log, under which its keys are known: that of the last checkpoint, whatever this command was told of addresses. A key
/// under another name would check nothing that was signed.
fn origin(config: &Config) -> Result<String, Stop> {
    let there = super::must_exist(config).is_ok();
    let mut newest = None;
    if there {
        let mut conn = Conn::open_for_work(&config.database)?;
        // Tables of another version may have no checkpoints.
        if crate::db::migrate::is_current(&mut conn)? {
            newest = queries::latest(&mut conn)?.and_then(|made| SignedNote::parse(&made.note));
        }
    }
    if newest.is_none() {
        newest = file::last(&config.checkpoint_file)?;
    }
    let ours = &config.checkpoint_origin;
    let Some(newest) = newest.map(|note| note.checkpoint.origin) else {
        aside!(
            "Nothing was signed yet: the name before the + is the one of these settings, and `serve` must be started with the same (base_url or checkpoint_origin)."
        );
        return Ok(ours.clone());
    };
    if newest != *ours {
        aside!(
            "The checkpoints are those of {newest}, and these settings would sign as {ours}; the keys are told under the former name."
        );
    }
    Ok(newest)
}

fn list(signs: &str, files: &[KeyFile], now: Instant) {
    for file in files {
        let from = match file.useless_from {
            None => "no: the newest".to_owned(),
            Some(from) if from <= now => "yes".to_owned(),
            Some(from) => from.to_string(),
        };
        let name = file.path.file_name().unwrap_or_default();
        say!(
            "{:<44} {signs:<11} {:<28} {from:<28} {}",
            file.kid,
            file.made.to_string(),
            name.to_string_lossy()
        );
    }
}

/// On an empty registry the keys are made; where accounts exist, missing keys are a mistake: another replica has them.
pub(super) fn prepare(config: &Config, conn: &mut Conn) -> Result<SealKeys, Stop> {
    // Replicas that start at once share the database and may share the folder: one makes the keys, the others find them.
    conn.transact(|tx| {
        dialect::lock_number(tx, LOCK)?;
        Ok::<_, Error>(make_missing(config, tx))
    })?
}

fn make_missing(config: &Config, conn: &mut Conn) -> Result<SealKeys, Stop> {
    let folder = config.keys_dir.as_path();
    if !TokenKeys::exist(folder) {
        if super::init::accounts(conn)? > 0 {
            return Err(format!(
                "keys_dir: there is no token-*.pem in {}, but this registry has accounts; copy the key files of the other replicas there",
                folder.display()
            )
            .into());
        }
        TokenKeys::create(folder, Instant::now())?;
    }
    if !CheckpointKeys::exist(folder) {
        // A registry of an older version has none yet; one that has signed had one.
        let signed: i64 = checkpoints::table
            .count()
            .get_result(conn)
            .map_err(Error::from)?;
        if signed > 0 {
            return Err(format!(
                "keys_dir: there is no checkpoint-*.pem in {}, but this registry has signed checkpoints; copy the key files of the other replicas there",
                folder.display()
            )
            .into());
        }
        CheckpointKeys::create(folder, Instant::now())?;
    }
    let missing = format!(
        "keys_dir: the totp-*.key that seals this registry's second factors is not in {}; copy the key files of the other replicas there",
        folder.display()
    );
    if !SealKeys::exist(folder) {
        if !second_factor::none_at_all(conn)? {
            return Err(missing.into());
        }
        SealKeys::create(folder, Instant::now())?;
    }
    let seals = SealKeys::load(folder)?;
    if second_factor::all_open(conn, &seals)? {
        Ok(seals)
    } else {
        Err(missing.into())
    }
}
