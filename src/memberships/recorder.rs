//! The calendar's recorder: writes down what the fold says has happened by itself (grace, lapse, the end of a suspension).
//!
//! Nothing depends on it: every answer takes the calendar from the fold. It records each turn on the day from which it holds,
//! so after a pause its events are those of daily runs, in kind and day. It makes no revision of a membership, so that a
//! proposal does not fall because a job was late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text};

use super::adoption;
use super::fold::fold;
use super::ledger::{Ledger, Turn};
use super::model::Event;
use super::rows::EventRow;
use super::rules::Rules;
use super::timeline;
use crate::auth::Actor;
use crate::db::dialect::{self, column};
use crate::db::schema::{membership_due, membership_events, memberships, organisations};
use crate::db::{Both, Conn, Db, Id, Instant, Tx};
use crate::http::Error;
use crate::jobs::Run;
use crate::journal::Batch;

/// The job's name.
pub const JOB: &str = "calendar";
/// A chunk should hold the journal's head, and on SQLite the only writer, about this long.
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
    /// The longest time that one chunk kept other writers waiting, before its commit.
    pub longest: Duration,
}

impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} turns of {} memberships recorded; the longest chunk held writers up for {} ms",
            self.turns,
            self.memberships,
            self.longest.as_millis()
        )
    }
}

/// A run under way, from chunk to chunk.
#[derive(Clone)]
struct Recording {
    run: Run,
    now: Instant,
    size: i64,
    total: Recorded,
}

impl Recording {
    fn of(run: Run, now: Instant) -> Self {
        Self {
            run,
            now,
            size: 50,
            total: Recorded::default(),
        }
    }

    fn chunk(&self, tx: &mut Tx<'_>, rules: &Rules) -> Result<Recorded, Error> {
        self.run.still_held(tx, Instant::now())?;
        chunk(tx, rules, self.now, &self.run.id(), self.size)
    }

    /// Takes note of a chunk; gives back how the run ended where it was the last.
    fn took(&mut self, chunk: Result<Recorded, Error>) -> Option<Result<(), Error>> {
        match chunk {
            Err(error) => Some(Err(error)),
            Ok(did) if did.memberships == 0 => Some(Ok(())),
            Ok(did) => {
                self.total = add(self.total, did);
                self.size = next_size(self.size, did.longest);
                None
            }
        }
    }

    /// What the line of the run says.
    fn said(&self, done: &Result<(), Error>) -> Result<String, String> {
        match done {
            Ok(()) => Ok(self.total.to_string()),
            Err(error) => Err(error.code().code().to_owned()),
        }
    }
}

/// Records everything that is due by the day of `now`, in chunks that let writers in between. None while another replica does
/// it.
pub async fn run(db: &Db, rules: Arc<Rules>, now: Instant) -> Result<Option<Recorded>, Error> {
    let begun = db.write(|tx| Run::begin(tx, JOB, Instant::now())).await?;
    let Some(run) = begun else { return Ok(None) };
    let mut recording = Recording::of(run, now);
    let done = loop {
        let (under_way, rules) = (recording.clone(), rules.clone());
        let chunk = db.write(move |tx| under_way.chunk(tx, &rules)).await;
        if let Some(done) = recording.took(chunk) {
            break done;
        }
    };
    let (run, said) = (recording.run.clone(), recording.said(&done));
    db.write(move |tx| run.end(tx, Instant::now(), said.clone()))
        .await?;
    done.map(|()| Some(recording.total))
}

/// The same on a connection of one's own, for the command line.
pub fn run_on(conn: &mut Conn, rules: &Rules, now: Instant) -> Result<Option<Recorded>, Error> {
    let begun = conn.transact(|tx| Run::begin(tx, JOB, Instant::now()))?;
    let Some(run) = begun else { return Ok(None) };
    let mut recording = Recording::of(run, now);
    let done = loop {
        let chunk = conn.transact(|tx| recording.chunk(tx, rules));
        if let Some(done) = recording.took(chunk) {
            break done;
        }
    };
    let said = recording.said(&done);
    conn.transact(|tx| recording.run.end(tx, Instant::now(), said.clone()))?;
    done.map(|()| Some(recording.total))
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
    let mut started = Clock::now();
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
    let folded: Vec<(Id, Vec<Event>, Ledger, Vec<Turn>)> = ids
        .iter()
        .map(|id| {
            let known = events.remove(id).unwrap_or_default();
            let ledger = fold(&known, rules);
            let turns = ledger.due(&known, today);
            (*id, known, ledger, turns)
        })
        .collect();
    if tx.is_postgres() {
        // Other writers wait from here on; SQLite's only writer was taken at the beginning.
        started = Clock::now();
    }
    let mut batch = Batch::begin(tx, now)?;
    adoption::must_be_current(tx, rules)?;
    let mut rows: Vec<EventRow> = Vec::new();
    let mut next_due: Vec<(Id, Option<NaiveDate>)> = Vec::new();
    for (id, mut known, ledger, turns) in folded {
        if !turns.is_empty() {
            let mut entry = batch.entry();
            entry.about(format!("membership:{id}"));
            if let Some(number) = numbers.get(&id) {
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
                let row = EventRow::of(id, &event)?;
                entry.now(&row)?;
                rows.push(row);
                known.push(event);
            }
            batch.close(&Actor::System(JOB), "membership.calendar", entry)?;
        }
        next_due.push((id, timeline::first_due(&ledger, &known)));
    }
    // Also where nothing was due after all: the head was taken.
    batch.write(tx)?;
    insert_events(tx, &rows)?;
    timeline::set_many_due(tx, &next_due)?;
    Ok(Recorded {
        memberships: ids.len(),
        turns: rows.len(),
        longest: started.elapsed(),
    })
}

// Many rows go to PostgreSQL as one array for each column, because a text with a place for every value is dear to read there.
fn insert_events(conn: &mut Conn, rows: &[EventRow]) -> Result<(), Error> {
    match conn.each() {
        _ if rows.is_empty() => {}
        Both::Sqlite(conn) => {
            diesel::insert_into(membership_events::table)
                .values(rows)
                .execute(conn)?;
        }
        Both::Postgres(conn) => {
            let text = "INSERT INTO membership_events (membership_id, no, seq, recorded_at, effective_on, kind, body, proposer, decider, details) \
                        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
            diesel::sql_query(text)
                .bind::<Array<BigInt>, _>(column(rows, |e| e.membership_id))
                .bind::<Array<Integer>, _>(column(rows, |e| e.no))
                .bind::<Array<BigInt>, _>(column(rows, |e| e.seq))
                .bind::<Array<BigInt>, _>(column(rows, |e| e.recorded_at))
                .bind::<Array<Date>, _>(column(rows, |e| e.effective_on))
                .bind::<Array<Text>, _>(column(rows, |e| e.kind.as_str()))
                .bind::<Array<Text>, _>(column(rows, |e| e.body.as_str()))
                .bind::<Array<Nullable<Text>>, _>(column(rows, |e| e.proposer.as_deref()))
                .bind::<Array<Nullable<Text>>, _>(column(rows, |e| e.decider.as_deref()))
                .bind::<Array<Text>, _>(column(rows, |e| e.details.as_str()))
                .execute(conn)?;
        }
    }
    Ok(())
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
