//! Background jobs: one runner, a lease so that only one replica runs a job, and a line for each run.
//!
//! Runs and leases are machinery, not a matter of the journal; what a job changes is.

use std::time::Duration;

use diesel::prelude::*;

use crate::db::schema::{job_leases, job_runs};
use crate::db::{Id, Instant, Tx};
use crate::http::Error;

/// How long a holder that says nothing keeps a lease.
const LEASE: Duration = Duration::from_secs(120);
/// How many runs of a job are remembered.
const REMEMBERED: i64 = 1_000;

/// A run of a job that this process holds the lease of.
#[derive(Clone, Debug)]
pub struct Run {
    name: &'static str,
    id: Id,
    holder: String,
}

impl Run {
    /// The run's id, which what it records names.
    #[must_use]
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Takes the lease and begins a run; none while another replica holds it.
    pub fn begin(tx: &mut Tx<'_>, name: &'static str, now: Instant) -> Result<Option<Self>, Error> {
        let id = Id::random().map_err(Error::internal)?;
        let run = Self {
            name,
            id,
            holder: format!("{}-{id}", std::process::id()),
        };
        Ok(run.take(tx, now)?.then_some(run))
    }

    fn take(&self, tx: &mut Tx<'_>, now: Instant) -> Result<bool, Error> {
        let until = until(now);
        let fresh = job_leases::table.filter(job_leases::name.eq(self.name));
        let held: Option<i64> = fresh
            .select(job_leases::until)
            .first(&mut **tx)
            .optional()?;
        let taken = match held {
            Some(_) => diesel::update(
                job_leases::table
                    .filter(job_leases::name.eq(self.name))
                    .filter(job_leases::until.lt(now.0)),
            )
            .set((
                job_leases::holder.eq(&self.holder),
                job_leases::until.eq(until),
            ))
            .execute(&mut **tx)?,
            // Two who insert at once: one of them is refused by the key, and waits for its next turn.
            None => {
                let insert = |tx: &mut Tx<'_>| {
                    diesel::insert_into(job_leases::table)
                        .values((
                            job_leases::name.eq(self.name),
                            job_leases::holder.eq(&self.holder),
                            job_leases::until.eq(until),
                        ))
                        .execute(&mut **tx)
                        .map_err(crate::db::Failure::from)
                };
                match tx.savepoint(insert) {
                    Ok(rows) => rows,
                    Err(crate::db::Failure::Unique(_)) => 0,
                    Err(failure) => return Err(failure.into()),
                }
            }
        };
        if taken == 0 {
            return Ok(false);
        }
        diesel::insert_into(job_runs::table)
            .values((
                job_runs::id.eq(self.id.0),
                job_runs::name.eq(self.name),
                job_runs::started_at.eq(now.0),
                job_runs::outcome.eq("running"),
                job_runs::detail.eq(""),
            ))
            .execute(&mut **tx)?;
        Ok(true)
    }

    /// Keeps the lease; an error when another replica has taken it over.
    pub fn still_held(&self, tx: &mut Tx<'_>, now: Instant) -> Result<(), Error> {
        let kept = diesel::update(
            job_leases::table
                .filter(job_leases::name.eq(self.name))
                .filter(job_leases::holder.eq(&self.holder)),
        )
        .set(job_leases::until.eq(until(now)))
        .execute(&mut **tx)?;
        if kept == 1 {
            Ok(())
        } else {
            Err(Error::internal("the lease of the job was lost"))
        }
    }

    /// Ends the run: gives the lease back and says how it went.
    pub fn end(
        &self,
        tx: &mut Tx<'_>,
        now: Instant,
        done: Result<String, String>,
    ) -> Result<(), Error> {
        let (outcome, detail) = match done {
            Ok(detail) => ("done", detail),
            Err(detail) => ("failed", detail),
        };
        diesel::update(job_runs::table.find(self.id.0))
            .set((
                job_runs::finished_at.eq(now.0),
                job_runs::outcome.eq(outcome),
                job_runs::detail.eq(detail),
            ))
            .execute(&mut **tx)?;
        diesel::delete(
            job_leases::table
                .filter(job_leases::name.eq(self.name))
                .filter(job_leases::holder.eq(&self.holder)),
        )
        .execute(&mut **tx)?;
        self.forget_old(tx)
    }

    fn forget_old(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let oldest: Option<i64> = job_runs::table
            .filter(job_runs::name.eq(self.name))
            .order(job_runs::started_at.desc())
            .offset(REMEMBERED)
            .select(job_runs::started_at)
            .first(&mut **tx)
            .optional()?;
        if let Some(oldest) = oldest {
            diesel::delete(
                job_runs::table
                    .filter(job_runs::name.eq(self.name))
                    .filter(job_runs::started_at.le(oldest)),
            )
            .execute(&mut **tx)?;
        }
        Ok(())
    }
}

fn until(now: Instant) -> i64 {
    let seconds = i64::try_from(LEASE.as_secs()).unwrap_or(0);
    now.plus_seconds(seconds).0
}
