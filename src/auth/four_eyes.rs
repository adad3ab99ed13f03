//! Four eyes: who can be the second of two people. One rule for everything that takes two: memberships, the handover of the
//! office.

use diesel::prelude::*;

use super::{Acting, Actor};
use crate::db::schema::{journal, users};
use crate::db::{Conn, Id, Instant, Tx};
use crate::http::{Code, Error};

/// How long an invitation between two people stands against their deciding for each other, in days.
const INVITED_DAYS: i64 = 30;

/// The first instant from which an invitation still stands against a decision now, µs.
#[must_use]
pub fn invited_since(now: Instant) -> i64 {
    now.plus_seconds(-INVITED_DAYS * 24 * 3600).0
}

/// Why this person cannot be the second one: two people means not the proposer, not the writer of the revision, and nobody who
/// invited the other lately.
#[must_use]
pub fn not_second(
    person: &str,
    proposer: &str,
    written_by: &str,
    invited_lately: bool,
) -> Option<&'static str> {
    if proposer == person {
        Some("the proposer cannot decide the own proposal")
    } else if written_by == person {
        Some("whoever wrote the current revision cannot decide it")
    } else if invited_lately {
        Some(
            "one of you invited the other, made a link for it or changed its address within the last 30 days",
        )
    } else {
        None
    }
}

/// The account behind an actor's word; none where it is no person.
#[must_use]
pub fn account(actor: &str) -> Option<Id> {
    actor.strip_prefix("user:")?.parse().ok()
}

/// The same asked of the database, inside the transaction that decides.
pub fn must_be_second(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposer: &str,
    written_by: &str,
) -> Result<(), Error> {
    let since = invited_since(acting.now());
    let lately = match (acting.user_id(), account(proposer)) {
        (Some(me), Some(proposer)) => invited_each_other(tx, me, proposer, since)?,
        _ => false,
    };
    let own = acting.actor().to_string();
    match not_second(&own, proposer, written_by, lately) {
        Some(why) => Err(Error::new(Code::SecondOfficerNeeded, why)),
        None => Ok(()),
    }
}

/// A one-time link was made for an account that is there: whoever makes it could log in by it.
pub const LINK_MADE: &str = "user.link_made";
/// An account got another e-mail address, to which its links go.
pub const ADDRESS_CHANGED: &str = "user.address_changed";

/// True when one of the two accounts invited the other since `since` (µs), or made a link for it, or gave it another address: each
/// is a way to act as the other.
fn invited_each_other(conn: &mut Conn, one: Id, other: Id, since: i64) -> Result<bool, Error> {
    let entered = |on: Id, by: Id| {
        journal::table
            .filter(journal::subject.eq(format!("user:{on}")))
            .filter(journal::actor.eq(Actor::User(by).to_string()))
            .filter(journal::action.eq_any([LINK_MADE, ADDRESS_CHANGED]))
            .filter(journal::recorded_at.ge(since))
            .count()
    };
    let through: i64 = entered(one, other).get_result(conn)?;
    let back_through: i64 = entered(other, one).get_result(conn)?;
    if through + back_through > 0 {
        return Ok(true);
    }
    let pair = |invited: Id, by: Id| {
        users::table
            .filter(users::id.eq(invited.0))
            .filter(users::invited_by.eq(by.0))
            .filter(users::created_at.ge(since))
            .count()
    };
    let there: i64 = pair(one, other).get_result(conn)?;
    let back: i64 = pair(other, one).get_result(conn)?;
    Ok(there + back > 0)
}
