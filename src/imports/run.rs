//! The whole way on one connection: what the command line, the demo data and tests call.

use super::apply;
use super::model::{Counts, Finding, ImportOptions, Outcome, Reading};
use super::queries::{self, WantedRows};
use super::upload;
use crate::auth::Acting;
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::organisations::candidates::Lookout;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many of so many rows are planned.
    Planned(usize, usize),
    /// An earlier run of the same file stopped half way: this one goes on with its import.
    Resumed(Id),
    /// So many rows are applied.
    Applied(usize),
}

/// What an import did, or would do.
pub struct Summary {
    /// The import; none for a dry run, which writes nothing.
    pub import: Option<Id>,
    /// How the file was read.
    pub reading: Reading,
    /// How many rows have which outcome.
    pub counts: Counts,
    /// What became of each row.
    pub rows: Vec<ReportRow>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    /// The line in the file.
    pub line: i32,
    /// The row's reference as written.
    pub reference: Option<String>,
    /// In a word.
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// The organisation's registry number.
    pub number: Option<String>,
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Say what would happen; write nothing.
    DryRun,
    /// Register and change.
    Commit,
}

/// Reads a file, plans it, and with [`Mode::Commit`] stores and commits it. Where an earlier run of the same file, read in the
/// same way by the same actor, stopped half way, its import is gone on with instead of a second one.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one decision of the caller's"
)]
pub fn run(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    bytes: &[u8],
    file_name: &str,
    options: &ImportOptions,
    mode: Mode,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, Error> {
    let plan = upload::plan(
        conn,
        acting,
        lookout,
        bytes,
        file_name,
        options,
        &mut |n, all| {
            progress(Progress::Planned(n, all));
        },
    )?;
    if mode == Mode::DryRun {
        return Ok(Summary {
            import: None,
            counts: plan.counts,
            rows: plan
                .rows
                .into_iter()
                .map(|row| ReportRow {
                    line: row.line,
                    reference: row.reference,
                    outcome: row.outcome,
                    findings: row.findings,
                    number: row.number,
                })
                .collect(),
            reading: plan.reading,
        });
    }
    let stopped = queries::stopped(conn, acting, &plan)?;
    let id = match stopped {
        Some(id) => {
            conn.transact(|tx| apply::plan_anew(tx, acting, id, &plan))?;
            progress(Progress::Resumed(id));
            id
        }
        None => Id(conn.transact(|tx| apply::store(tx, acting, &plan))?.id),
    };
    let reading = plan.reading;
    drop(plan.rows);
    apply::commit(conn, acting, lookout.countries, id, &mut |n| {
        progress(Progress::Applied(n))
    })?;
    Ok(Summary {
        import: Some(id),
        reading,
        counts: queries::counts(conn, id.0)?,
        rows: report(conn, id)?,
    })
}

/// What became of each row of an import.
pub fn report(conn: &mut Conn, id: Id) -> Result<Vec<ReportRow>, Error> {
    let mut rows = Vec::new();
    let mut wanted = WantedRows::default();
    loop {
        let part = queries::lines(conn, id.0, &wanted, 2_000)?;
        let Some(last) = part.last() else {
            return Ok(rows);
        };
        wanted.after = last.line;
        for row in part {
            rows.push(ReportRow {
                line: row.line,
                reference: row.reference,
                outcome: Outcome::parse(&row.outcome)?,
                findings: serde_json::from_str(&row.findings).map_err(Error::internal)?,
                number: row.number,
            });
        }
    }
}

/// The report as CSV, safe against formulas.
pub fn report_csv(rows: &[ReportRow]) -> Result<Vec<u8>, Error> {
    let header = ["line", "reference", "outcome", "reason", "registry_number"].map(str::to_owned);
    let rows = rows.iter().map(|row| {
        let reasons: Vec<String> = row.findings.iter().map(Finding::sentence).collect();
        vec![
            row.line.to_string(),
            row.reference.clone().unwrap_or_default(),
            row.outcome.as_str().to_owned(),
            reasons.join("; "),
            row.number.clone().unwrap_or_default(),
        ]
    });
    super::sheet::csv(&header, rows)
}
