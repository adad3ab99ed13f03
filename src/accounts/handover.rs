//! Handing over the secretariat's office: proposed by one of its holders, decided by another, done on its day.
//!
//! The office rotates among the countries. On the day the successors become the secretariat and everybody who held the office
//! until then becomes an auditor, who reads everything but contact persons and changes nothing. Sessions of both end, so that
//! nobody goes on with the rights of the day before.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{End, Status};
use super::rows::{HandoverRow, UserRow};
use super::users::save;
use super::{links, sessions};
use crate::auth::{Acting, Actor, Role, four_eyes};
use crate::db::schema::{handovers, users};
use crate::db::{Conn, Failure, Id, Instant, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal;
use crate::text::Reason;

/// The status of a handover that could not be done on its day.
pub const FALLEN: &str = "fallen";
/// The name that the journal knows the job by.
pub const JOB: &str = "handover";
/// The office's decisions take two people.
const FEWEST_SUCCESSORS: usize = 2;
/// How far ahead a handover may be dated, in days.
const FARTHEST_DAYS: u64 = 366;
/// How many days later a handover is still done that nobody was there to do on its day.
const LATEST_DAYS: i64 = 7;

/// A handover to propose.
#[derive(Clone, Debug)]
pub struct NewHandover {
    /// The accounts that take the office.
    pub successors: Vec<Id>,
    /// The day from whose start they hold it.
    pub effective_on: NaiveDate,
    /// Why.
    pub reason: Reason,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, on its day.
    Approved,
    /// It is not done.
    Refused,
}

/// Proposes a handover. One can be open or waiting for its day at a time.
pub fn propose(tx: &mut Tx<'_>, acting: &Acting, new: &NewHandover) -> Result<HandoverRow, Error> {
    let today = acting.now().day();
    let last = today + chrono::Days::new(FARTHEST_DAYS);
    if new.effective_on < today || new.effective_on > last {
        let text = format!("must lie between today and {last}");
        return Err(Error::field("/effective_on", text));
    }
    let mut ids = new.successors.clone();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != new.successors.len() {
        return Err(Error::field("/successors", "names an account twice"));
    }
    if ids.len() < FEWEST_SUCCESSORS {
        let text = "must name two accounts at least: the office's decisions take two people";
        return Err(Error::field("/successors", text));
    }
    successors(tx, &ids)?.map_err(|why| Error::field("/successors", why))?;
    let id = Id::random().map_err(Failure::from)?;
    let actor = acting.actor();
    journal::enter(
        tx,
        &actor,
        acting.now(),
        "handover.proposed",
        |tx, entry| {
            entry.about(format!("handover:{id}"));
            let row = HandoverRow {
                id: id.0,
                successors: serde_json::to_string(&ids).map_err(Error::internal)?,
                effective_on: new.effective_on,
                reason: new.reason.as_str().to_owned(),
                status: "open".to_owned(),
                proposer: actor.to_string(),
                proposed_at: entry.recorded_at().0,
                decider: None,
                decided_at: None,
                decision_reason: None,
                version: 1,
                seq: entry.seq(),
            };
            diesel::insert_into(handovers::table)
                .values(&row)
                .execute(&mut **tx)
                .map_err(Failure::from)
                .map_err(another_open)?;
            entry.now(&row)?;
            Ok(row)
        },
    )
}

fn another_open(failure: Failure) -> Error {
    match failure {
        Failure::Unique(_) => Error::new(
            Code::Conflict,
            "another handover is open or waits for its day; retract it first",
        ),
        other => other.into(),
    }
}

/// Decides an open handover: somebody of the office who did not propose it. What is due today is done at once.
pub fn decide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    id: Id,
    verdict: Verdict,
    reason: Option<&Reason>,
) -> Result<HandoverRow, Error> {
    // Whoever changes accounts locks the office first, then the handover.
    lock_office(tx)?;
    let before = lock(tx, id)?;
    must_be(&before, &["open"])?;
    four_eyes::must_be_second(tx, acting, &before.proposer, "")?;
    if verdict == Verdict::Refused && reason.is_none() {
        return Err(Error::field("/reason", "is required with a refusal"));
    }
    if verdict == Verdict::Approved {
        must_still_hold_office(tx, &before.proposer)?;
        if before.effective_on < acting.now().day() {
            let text = "its day is past; refuse it and propose another day";
            return Err(Error::new(Code::Conflict, text));
        }
        successors(tx, &before.successors()?)?.map_err(|why| Error::new(Code::Conflict, why))?;
    }
    let status = match verdict {
        Verdict::Approved => "approved",
        Verdict::Refused => "refused",
    };
    let (actor, now) = (acting.actor(), acting.now());
    let decided = close(tx, &actor, now, &before, status, reason)?;
    if verdict == Verdict::Approved && decided.effective_on <= now.day() {
        return carry_out(tx, &actor, now, &decided);
    }
    Ok(decided)
}

/// Takes back a handover that is not done yet: anybody of the office.
pub fn retract(
    tx: &mut Tx<'_>,
    acting: &Acting,
    id: Id,
    reason: Option<&Reason>,
) -> Result<HandoverRow, Error> {
    let before = lock(tx, id)?;
    must_be(&before, &["open", "approved"])?;
    close(
        tx,
        &acting.actor(),
        acting.now(),
        &before,
        "retracted",
        reason,
    )
}

/// Carries out the handover that is due, or lets it fall where that cannot be done; none when none is due. A job calls this, on every
/// replica. It decides once: what fell on its day is not done on another one, whatever changes.
pub fn carry_out_due(tx: &mut Tx<'_>, now: Instant) -> Result<Option<HandoverRow>, Error> {
    let due: Option<i64> = handovers::table
        .filter(handovers::status.eq("approved"))
        .filter(handovers::effective_on.le(now.day()))
        .select(handovers::id)
        .first(&mut **tx)
        .optional()?;
    let Some(id) = due else { return Ok(None) };
    lock_office(tx)?;
    let row = lock(tx, Id(id))?;
    if row.status != "approved" {
        return Ok(None);
    }
    let late = now.day().signed_duration_since(row.effective_on).num_days();
    let why = if late > LATEST_DAYS {
        Some(format!(
            "its day passed {late} days ago, and nobody was there to do it"
        ))
    } else {
        // The day has come and the successors are not what was decided: nobody loses the office for that.
        successors(tx, &row.successors()?)?.err()
    };
    let actor = Actor::System(JOB);
    match why {
        None => carry_out(tx, &actor, now, &row).map(Some),
        Some(why) => {
            let reason = Reason::parse(&why).map_err(Error::internal)?;
            close(tx, &actor, now, &row, FALLEN, Some(&reason)).map(Some)
        }
    }
}

fn carry_out(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    row: &HandoverRow,
) -> Result<HandoverRow, Error> {
    let successors = row.successors()?;
    let former: Vec<UserRow> = users::table
        .filter(users::role.eq(Role::Secretariat.as_str()))
        .order(users::id)
        .load(&mut **tx)?;
    for id in &successors {
        let before: UserRow = users::table.find(id.0).first(&mut **tx)?;
        give_role(tx, actor, now, &before, Role::Secretariat)?;
    }
    for before in &former {
        give_role(tx, actor, now, before, Role::Auditor)?;
    }
    change(tx, actor, now, "handover.done", row, |after| {
        after.status = "done".to_owned();
    })
}

fn give_role(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    before: &UserRow,
    role: Role,
) -> Result<(), Error> {
    sessions::end_all(tx, before.id(), now, End::AccountChanged)?;
    // An invitation to the office is not one to read everything.
    links::burn(tx, before.id(), now)?;
    let after = UserRow {
        role: role.as_str().to_owned(),
        country: None,
        ..before.clone()
    };
    save(tx, actor, now, "user.changed", before, after)?;
    Ok(())
}

/// Why these accounts cannot take the office, where they cannot: they must be active and not in it. Locks them.
fn successors(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Result<(), String>, Error> {
    for id in ids {
        dialect::lock_row(tx, "users", "id", id.0)?;
        let row: Option<UserRow> = users::table.find(id.0).first(&mut **tx).optional()?;
        let why = match row {
            None => "does not exist",
            Some(row) if row.role == Role::Secretariat.as_str() => "holds the office already",
            Some(row) if row.status != Status::Active.as_str() => "is not active",
            Some(_) => continue,
        };
        return Ok(Err(format!("account {id} {why}")));
    }
    Ok(Ok(()))
}

/// A proposer who has lost the office has no say in it.
fn must_still_hold_office(conn: &mut Conn, proposer: &str) -> Result<(), Error> {
    let Some(id) = four_eyes::account(proposer) else {
        return Ok(());
    };
    let holds: i64 = users::table
        .filter(users::id.eq(id.0))
        .filter(users::role.eq(Role::Secretariat.as_str()))
        .filter(users::status.eq(Status::Active.as_str()))
        .count()
        .get_result(conn)?;
    if holds == 1 {
        Ok(())
    } else {
        Err(Error::new(
            Code::Conflict,
            "whoever proposed this no longer holds the office; propose it anew",
        ))
    }
}

/// Locks every account of the office, in the order of ids, as [`super::users::change`] does.
fn lock_office(tx: &mut Tx<'_>) -> Result<(), Error> {
    let ids: Vec<i64> = users::table
        .filter(users::role.eq(Role::Secretariat.as_str()))
        .order(users::id)
        .select(users::id)
        .load(&mut **tx)?;
    Ok(dialect::lock_rows(tx, "users", "id", &ids)?)
}

fn lock(tx: &mut Tx<'_>, id: Id) -> Result<HandoverRow, Error> {
    dialect::lock_row(tx, "handovers", "id", id.0)?;
    by_id(tx, id)
}

/// One handover.
pub fn by_id(conn: &mut Conn, id: Id) -> Result<HandoverRow, Error> {
    handovers::table
        .find(id.0)
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::not_found("handover"))
}

/// All handovers, newest first: there are a few in a decade.
pub fn list(conn: &mut Conn) -> Result<Vec<HandoverRow>, Error> {
    Ok(handovers::table
        .order((handovers::proposed_at.desc(), handovers::id.desc()))
        .limit(200)
        .load(conn)?)
}

fn must_be(row: &HandoverRow, statuses: &[&str]) -> Result<(), Error> {
    if statuses.contains(&row.status.as_str()) {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        format!("this handover is {} already", row.status),
    ))
}

fn close(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    before: &HandoverRow,
    status: &str,
    reason: Option<&Reason>,
) -> Result<HandoverRow, Error> {
    change(
        tx,
        actor,
        now,
        &format!("handover.{status}"),
        before,
        |after| {
            after.status = status.to_owned();
            after.decider = Some(actor.to_string());
            after.decided_at = Some(now.0);
            after.decision_reason = reason.map(|r| r.as_str().to_owned());
        },
    )
}

fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: &HandoverRow,
    edit: impl FnOnce(&mut HandoverRow),
) -> Result<HandoverRow, Error> {
    journal::enter(tx, actor, now, action, |tx, entry| {
        entry.about(format!("handover:{}", Id(before.id)));
        let mut after = before.clone();
        edit(&mut after);
        after.version += 1;
        after.seq = entry.seq();
        diesel::update(handovers::table.find(after.id))
            .set(&after)
            .execute(&mut **tx)?;
        entry.changed(before, &after)?;
        Ok(after)
    })
}
