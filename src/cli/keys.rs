//! `keys`: the signing keys turn without a restart. Also what makes the key files at the first start.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Done, Stop};
use crate::accounts::second_factor;
use crate::auth::keyring::SIGNS_BY_SECONDS;
use crate::auth::sealing::SealKeys;
use crate::auth::tokens::TokenKeys;
use crate::config::Config;
use crate::db::{Conn, Instant};

/// Makes, lists and retires signing keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Makes a new signing key, which takes over by itself.
    Rotate,
    /// Lists the signing keys.
    List,
    /// Removes a signing key that no living token needs any more.
    Retire {
        /// Its id or the name of its file.
        key: String,
    },
}

pub(super) fn run(args: &Keys, config: &Config) -> Done {
    let (folder, now) = (config.keys_dir.as_path(), Instant::now());
    match args {
        Keys::Rotate => {
            let path = TokenKeys::rotate(folder, now)?;
            println!(
                "Made {}. Replicas that look at another folder need a copy now. It signs in {SIGNS_BY_SECONDS} seconds at the latest.",
                path.display()
            );
        }
        Keys::List => {
            println!("{:<44} {:<28} {:<28} file", "id", "made", "can be retired");
            for file in TokenKeys::files(folder, now)? {
                let from = match file.useless_from {
                    None => "no: the newest".to_owned(),
                    Some(from) if from <= now => "yes".to_owned(),
                    Some(from) => from.to_string(),
                };
                let name = file.path.file_name().unwrap_or_default();
                println!(
                    "{:<44} {:<28} {from:<28} {}",
                    file.kid,
                    file.made.to_string(),
                    name.to_string_lossy()
                );
            }
        }
        Keys::Retire { key } => {
            let path = TokenKeys::retire(folder, key, now)?;
            println!("Removed {}.", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// On an empty registry the keys are made; where accounts exist, missing keys are a mistake: another replica has them.
pub(super) fn prepare(config: &Config, conn: &mut Conn) -> Result<SealKeys, Stop> {
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
