//! `duplicates`: the job that finds pairs of organisations that may be one, now and whole.

use std::process::ExitCode;

use super::Done;
use crate::config::Config;
use crate::countries::Countries;
use crate::db::Instant;
use crate::duplicates::round::{self, Extent};
use crate::organisations::candidates::Lookout;
use crate::search::Search;

pub(super) fn run(config: &Config) -> Done {
    let countries = Countries::load()?;
    let mut conn = super::open_existing(config)?;
    let search = Search::default();
    let lookout = Lookout {
        countries: &countries,
        search: Some(&search),
    };
    match round::run_on(&mut conn, lookout, Extent::Whole, Instant::now())? {
        Some(done) => say!("{done}. GET /v1/duplicates lists them."),
        None => say!("The service is looking just now; nothing was done here."),
    }
    Ok(ExitCode::SUCCESS)
}
