//! The rules of membership that a command was given: read before anything is made, adopted once the database is open.

use super::Stop;
use crate::config::Config;
use crate::db::{Conn, Instant};
use crate::memberships::adoption;
use crate::memberships::rules::Rules;

/// The text of `rules_file`, where one is given. What is no rules file is refused here, so that nothing is left half made.
pub(super) fn read(config: &Config) -> Result<Option<String>, Stop> {
    let Some(path) = &config.rules_file else {
        return Ok(None);
    };
    let said = |error: &dyn std::fmt::Display| format!("rules_file: {}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| said(&e))?;
    Rules::parse(&text).map_err(|e| said(&e))?;
    Ok(Some(text))
}

/// The rules that hold: those of the file, adopted as of `now` where they are new, or those adopted last.
pub(super) fn adopt(
    conn: &mut Conn,
    text: Option<&str>,
    now: Instant,
    tell: impl Fn(&str),
) -> Result<Rules, Stop> {
    let (rules, new) =
        adoption::adopt(conn, text, now, &tell).map_err(|e| format!("rules_file: {e}"))?;
    if new {
        tell("new rules of membership were adopted");
    }
    Ok(rules)
}
