//! The calendar's recorder: writes down what the fold says has happened by itself (grace, lapse, the end of a suspension).
//!
//! Nothing depends on it: every answer takes the calendar from the fold. It records each turn on the day from which it holds,
//! so after a pause its events are those of daily runs, in kind and day. It makes no revision of a membership, so that a
//! proposal does not fall because a job was late.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Clock};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::fold::fold;
use super::model::Event;
use super::rows::EventRow;
use super::rules::Rules;
use super::timeline;
use crate::auth::Actor;
use crate::db::schema::{membership_due, membership_events, memberships, organisations};
use crate::db::{Conn, Db, Id, Instant, Tx, dialect};
use crate::dialect;
use crate::http::Error;
use crate::jobs::Run;
use crate::journal::Batch;

/// The job's name.
pub const JOB: &str = "calendar";
/// A chunk should hold the journal's head about this long.
const HOLD: Duration = Duration::from_millis(40);
/// The most memberships in one chunk.
const MOST: i64 = 500;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Memberships that were looked at.
    pub memberships: usize,
    /// Turns that were recorded.
    pub turns: usize,
    /// The longest time that one chunk held the journal's head.
    pub longest: Duration,
}

impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} turns of {} memberships recorded; the longest chunk took {} ms",
            self.turns,
            self.memberships,
            self.longest.as_millis()
        )
    }
}

/// Records everything that is due by the day of `now`, in chunks that let writers in between. None while another replica does
/// it.
pub async fn run(
    db: &Db,
    rules: std::sync::Arc<Rules>,
    now: Instant,
) -> Result<Option<Recorded>, Error> {
    let Some(run) = Run::begin(db, JOB).await? else {
        return Ok(None);
    };
    let mut total = Recorded::default();
    let mut size = 50;
    let done: Result<(), Error> = loop {
        let (run, rules) = (run.clone(), rules.clone());
        let chunk = db
            .write(move |tx| {
                run.still_held(tx, Instant::now())?;
                chunk(tx, &rules, now, &run.id(), size)
            })
            .await;
        match chunk {
            Err(error) => break Err(error),
            Ok(done) if done.memberships == 0 => break Ok(()),
            Ok(done) => {
                total = add(total, done);
                size = next_size(size, done.longest);
            }
        }
    };
    let said = match &done {
        Ok(()) => Ok(total.to_string()),
        Err(error) => Err(error.code().code().to_owned()),
    };
    db.write(move |tx| run.end(tx, Instant::now(), said.clone()))
        .await?;
    done.map(|()| Some(total))
}

/// The same on a connection of one's own, for the command line.
pub fn run_on(conn: &mut Conn, rules: &Rules, now: Instant) -> Result<Option<Recorded>, Error> {
    let begun: Option<Run> = conn.transact(|tx| Run::begin_on(tx, JOB, Instant::now()))?;
    let Some(run) = begun else { return Ok(None) };
    let mut total = Recorded::default();
    let mut size = 50;
    loop {
        let done = conn.transact(|tx| {
            run.still_held(tx, Instant::now())?;
            chunk(tx, rules, now, &run.id(), size)
        });
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                let said = error.code().code().to_owned();
                conn.transact(|tx| run.end(tx, Instant::now(), Err(said.clone())))?;
                return Err(error);
            }
        };
        if done.memberships == 0 {
            break;
        }
        total = add(total, done);
        size = next_size(size, done.longest);
    }
    conn.transact(|tx| run.end(tx, Instant::now(), Ok(total.to_string())))?;
    Ok(Some(total))
}

fn add(a: Recorded, b: Recorded) -> Recorded {
    Recorded {
        memberships: a.memberships + b.memberships,
        turns: a.turns + b.turns,
        longest: a.longest.max(b.longest),
    }
}

/// As many as fit into the time that writers may wait.
fn next_size(size: i64, took: Duration) -> i64 {
    if took > HOLD {
        (size / 2).max(1)
    } else if took * 2 < HOLD {
        (size * 2).min(MOST)
    } else {
        size
    }
}

/// The memberships that are due by a day, those that wait longest first.
fn due(conn: &mut Conn, day: NaiveDate, limit: i64) -> Result<Vec<Id>, Error> {
    Ok(membership_due::table
        .filter(membership_due::due_on.le(day))
        .order((membership_due::due_on, membership_due::membership_id))
        .select(membership_due::membership_id)
        .limit(limit)
        .load(conn)?)
}

/// Records what is due of some memberships, in one transaction.
fn chunk(
    tx: &mut Tx<'_>,
    rules: &Rules,
    now: Instant,
    run: &str,
    size: i64,
) -> Result<Recorded, Error> {
    let today = now.day();
    let mut ids = due(tx, today, size)?;
    if ids.is_empty() {
        return Ok(Recorded::default());
    }
    // Rows are locked in one order, and before the journal's head.
    ids.sort_unstable();
    dialect::lock_rows(
        tx,
        "memberships",
        "id",
        &ids.iter().map(|id| id.0).collect::<Vec<_>>(),
    )?;
    let mut events = events_of(tx, &ids)?;
    let numbers = numbers_of(tx, &ids)?;
    let started = Clock::now();
    let mut batch = Batch::begin(tx, now)?;
    let mut rows: Vec<EventRow> = Vec::new();
    let mut next_due: Vec<(Id, Option<NaiveDate>)> = Vec::new();
    for id in &ids {
        let mut known = events.remove(id).unwrap_or_default();
        let ledger = fold(&known, rules);
        let turns = ledger.due(&known, today);
        if !turns.is_empty() {
            let mut entry = batch.entry();
            entry.about(format!("membership:{id}"));
            if let Some(number) = numbers.get(id) {
                entry.of_organisation(number.clone());
            }
            for turn in turns {
                let no = i32::try_from(known.len())
                    .unwrap_or(i32::MAX)
                    .saturating_add(1);
                let mut event = Event::new(
                    no,
                    entry.seq(),
                    entry.recorded_at().0,
                    turn.on,
                    turn.kind.event_kind(),
                );
                event.proposer = Some(Actor::System(JOB).to_string());
                event.run = Some(run.to_owned());
                let row = EventRow::of(*id, &event)?;
                entry.now(&row)?;
                rows.push(row);
                known.push(event);
            }
            batch.close(&Actor::System(JOB), "membership.calendar", entry)?;
        }
        next_due.push((*id, timeline::first_due(&ledger, &known)));
    }
    // Also where nothing was due after all: the head was taken.
    batch.write(tx)?;
    if !rows.is_empty() {
        let conn: &mut Conn = &mut *tx;
        for part in rows.chunks(500) {
            dialect!(conn, |c| diesel::insert_into(membership_events::table)
                .values(part)
                .execute(c))?;
        }
    }
    timeline::set_many_due(tx, &next_due)?;
    Ok(Recorded {
        memberships: ids.len(),
        turns: rows.len(),
        longest: started.elapsed(),
    })
}

fn events_of(conn: &mut Conn, ids: &[Id]) -> Result<BTreeMap<Id, Vec<Event>>, Error> {
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq_any(ids))
        .order((membership_events::membership_id, membership_events::no))
        .load(conn)?;
    let mut found: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
    for row in rows {
        found
            .entry(row.membership_id)
            .or_default()
            .push(row.event()?);
    }
    Ok(found)
}

fn numbers_of(conn: &mut Conn, ids: &[Id]) -> Result<BTreeMap<Id, String>, Error> {
    let rows: Vec<(Id, String)> = memberships::table
        .inner_join(organisations::table)
        .filter(memberships::id.eq_any(ids))
        .select((memberships::id, organisations::number))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}
