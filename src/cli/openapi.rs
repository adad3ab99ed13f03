//! `openapi`: prints the contract, or checks a committed copy of it.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Done;

/// Prints the OpenAPI document, or checks a file against it.
#[derive(Args)]
pub(super) struct OpenApi {
    /// Compares this file with the document byte for byte; nothing said means openapi/openapi.json.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "openapi/openapi.json")]
    check: Option<PathBuf>,
}

pub(super) fn run(args: &OpenApi) -> Done {
    let text = crate::app::contract_text()?;
    let Some(path) = &args.check else {
        let written = std::io::stdout().lock().write_all(text.as_bytes());
        // Whoever reads may have seen enough.
        return match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(ExitCode::SUCCESS),
        };
    };
    let held = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if held == text {
        say!("{} is up to date.", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let line = held
        .lines()
        .zip(text.lines())
        .position(|(a, b)| a != b)
        .map_or(0, |n| n + 1);
    Err(format!("{} differs from the code, first in line {line}; write it anew with `ots-registry openapi > {}`", path.display(), path.display()).into())
}
