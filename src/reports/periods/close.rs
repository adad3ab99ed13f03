//! Which period may be closed, and the closing.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::json;

use super::rows::{FrozenReport, PeriodRow, StatementRow};
use super::{queries, statement};
use crate::auth::Acting;
use crate::checkpoints::{Checkpoints, Made};
use crate::db::schema::{period_statements, periods};
use crate::db::{Conn, Failure, Id, Tx};
use crate::http::{Code, Error};
use crate::journal;
use crate::reports::question::Period;
use crate::text::Reason;

/// The reports of a period with the position up to which they know.
pub type Frozen = (i64, Vec<FrozenReport>);

/// A closed period with what was signed of it.
pub struct Closed {
    /// The period.
    pub row: PeriodRow,
    /// The signed statement.
    pub statement: String,
    /// The checkpoint that was made with it.
    pub checkpoint: Made,
}

/// The number that a period gets.
///
/// # Errors
///
/// One that is not over, was closed already, overlaps a closed one, or does not follow the last closed one.
pub fn check(conn: &mut Conn, period: Period, today: NaiveDate) -> Result<i32, Error> {
    if period.to >= today {
        let text = format!(
            "this period is not over: today is {today} (UTC), so its last day may be {} or earlier",
            today.pred_opt().unwrap_or(today)
        );
        return Err(Error::field("/to", text));
    }
    let Some(last) = queries::last(conn)? else {
        return Ok(1);
    };
    let next = last
        .to_day
        .succ_opt()
        .ok_or_else(|| Error::internal("a period without a day behind it"))?;
    let refused =
        |text: String| Error::new(Code::Conflict, text).with("next_from", json!(next.to_string()));
    if let Some(same) = queries::of_days(conn, period.from, period.to)? {
        return Err(refused(format!(
            "this period was closed already, as number {}; a closed period is never opened again. The next one begins on {next}",
            same.no
        )));
    }
    if period.from < next {
        return Err(refused(format!(
            "this period overlaps closed ones: the last of them is {} to {}, so the next one begins on {next}",
            last.from_day, last.to_day
        )));
    }
    if period.from > next {
        return Err(refused(format!(
            "this period leaves a gap behind the last closed one, {} to {}: the next one begins on {next}",
            last.from_day, last.to_day
        )));
    }
    Ok(last.no + 1)
}

/// Closes a period: its entry in the journal, the checkpoint that holds this entry, and the signed statement, all in this
/// transaction.
pub fn close(
    tx: &mut Tx<'_>,
    acting: &Acting,
    checkpoints: &Checkpoints,
    (period, note): (Period, Option<&Reason>),
    (known_seq, reports): &Frozen,
) -> Result<Closed, Error> {
    let no = check(tx, period, acting.now().day())?;
    let id = Id::random().map_err(Failure::from)?;
    let stored = serde_json::to_string(reports).map_err(Error::internal)?;
    let row = journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "period.closed",
        |tx, entry| {
            entry.about(format!("period:{id}"));
            let row = PeriodRow {
                id: id.0,
                no,
                from_day: period.from,
                to_day: period.to,
                note: note.map(|n| n.as_str().to_owned()),
                known_seq: *known_seq,
                reports: stored,
                closed_at: entry.recorded_at().0,
                closed_by: acting.actor().to_string(),
                seq: entry.seq(),
            };
            let done = diesel::insert_into(periods::table)
                .values(&row)
                .execute(&mut **tx);
            match done.map_err(Failure::from) {
                Ok(_) => {}
                Err(Failure::Unique(_)) => {
                    return Err(Error::new(
                        Code::Conflict,
                        "somebody else closed a period at the same moment; look at GET /v1/periods",
                    ));
                }
                Err(failure) => return Err(failure.into()),
            }
            entry.now(&row)?;
            Ok(row)
        },
    )?;
    let checkpoint = checkpoints.make(tx, acting.now())?;
    let body = statement::body(&row, reports, &checkpoint);
    let statement = checkpoints.sign_statement(statement::KIND, &body)?;
    diesel::insert_into(period_statements::table)
        .values(&StatementRow {
            period_id: row.id,
            size: i64::try_from(checkpoint.size).map_err(Error::internal)?,
            statement: statement.clone(),
        })
        .execute(&mut **tx)?;
    Ok(Closed {
        row,
        statement,
        checkpoint,
    })
}
