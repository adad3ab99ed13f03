//! What is stored of closed periods.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::rows::{PeriodRow, StatementRow};
use super::statement;
use crate::checkpoints;
use crate::db::schema::{period_statements, periods};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::journal::note::VerifierKey;

/// The last one that was closed.
pub fn last(conn: &mut Conn) -> Result<Option<PeriodRow>, Error> {
    Ok(periods::table
        .order(periods::no.desc())
        .first(conn)
        .optional()?)
}

/// The one of exactly these days.
pub fn of_days(
    conn: &mut Conn,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Option<PeriodRow>, Error> {
    Ok(periods::table
        .filter(periods::from_day.eq(from))
        .filter(periods::to_day.eq(to))
        .first(conn)
        .optional()?)
}

/// The one that ends on this day, if its closing was known at the position.
pub fn ending_on(conn: &mut Conn, day: NaiveDate, known: i64) -> Result<Option<PeriodRow>, Error> {
    Ok(periods::table
        .filter(periods::to_day.eq(day))
        .filter(periods::seq.le(known))
        .first(conn)
        .optional()?)
}

/// Those whose closing was known at the position, in the order of their days.
pub fn known(conn: &mut Conn, known: i64) -> Result<Vec<PeriodRow>, Error> {
    Ok(periods::table
        .filter(periods::seq.le(known))
        .order(periods::no)
        .load(conn)?)
}

/// The newest first, before a number.
pub fn page(conn: &mut Conn, before: Option<i32>, limit: i64) -> Result<Vec<PeriodRow>, Error> {
    let mut query = periods::table.into_boxed();
    if let Some(no) = before {
        query = query.filter(periods::no.lt(no));
    }
    Ok(query.order(periods::no.desc()).limit(limit).load(conn)?)
}

/// One of them.
pub fn by_id(conn: &mut Conn, id: Id) -> Result<PeriodRow, Error> {
    let found: Option<PeriodRow> = periods::table.find(id.0).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found("period"))
}

/// What was signed of it.
pub fn statement_of(conn: &mut Conn, period: i64) -> Result<StatementRow, Error> {
    let found: Option<StatementRow> = period_statements::table
        .find(period)
        .first(conn)
        .optional()?;
    found.ok_or_else(|| Error::internal("a closed period without its statement"))
}

/// What is wrong with the statements that are stored: each says what its period's row and its checkpoint say. Whether it is signed
/// is checked where there are keys, of which one must have signed it.
pub fn deviations(conn: &mut Conn, keys: &[VerifierKey]) -> Result<Vec<String>, Error> {
    let rows: Vec<PeriodRow> = periods::table.order(periods::no).load(conn)?;
    let stored: Vec<StatementRow> = period_statements::table.load(conn)?;
    let stray = |held: &&StatementRow| rows.iter().all(|row| row.id != held.period_id);
    let stray = stored.iter().filter(stray);
    let mut wrong: Vec<String> = stray
        .map(|held| {
            format!(
                "a statement of a period that does not exist ({})",
                held.period_id
            )
        })
        .collect();
    for row in &rows {
        let name = format!("period {} ({} to {})", row.no, row.from_day, row.to_day);
        let Some(held) = stored.iter().find(|s| s.period_id == row.id) else {
            wrong.push(format!("{name} has no signed statement"));
            continue;
        };
        let size = u64::try_from(held.size).map_err(Error::internal)?;
        let checkpoint = checkpoints::queries::of_size(conn, size)?;
        let says = match checkpoint {
            Some(made) => statement::body(row, &row.frozen()?, &made),
            None => String::new(),
        };
        if statement::body_of(&held.statement) != Some(says.as_str()) {
            wrong.push(format!("{name}: its signed statement says something else"));
        } else if !statement::has_one_signature(&held.statement) {
            wrong.push(format!(
                "{name}: its statement has not just the one signature"
            ));
        } else if !keys.is_empty()
            && let Err(why) = statement::verified(&held.statement, keys)
        {
            wrong.push(format!("{name}: its statement {why}"));
        }
    }
    Ok(wrong)
}
