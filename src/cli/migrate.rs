//! `migrate`: runs the migrations that are missing.

use std::process::ExitCode;

use super::Done;
use crate::config::Config;
use crate::db::{Conn, migrate};

pub(super) fn run(config: &Config) -> Done {
    super::make_folder(config)?;
    let mut conn = Conn::open_for_work(&config.database)?;
    if let Some(text) = migrate::newer(&mut conn)? {
        return Err(text.into());
    }
    let ran = migrate::up(&mut conn)?;
    crate::memberships::derived::ensure(&mut conn, |text| aside!("{text}"))?;
    match ran.len() {
        0 => say!("The database is up to date."),
        n => say!("Ran {n} migrations."),
    }
    Ok(ExitCode::SUCCESS)
}
