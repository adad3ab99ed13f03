//! Four eyes: who can be the second of two people. One rule for everything that takes two: memberships, the handover of the
//! office.

use diesel::prelude::*;

use super::Acting;
use crate::db::schema::users;
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
        Some("one of you invited the other within the last 30 days")
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

/// True when one of the two accounts invited the other since `since` (µs).
fn invited_each_other(conn: &mut Conn, one: Id, other: Id, since: i64) -> Result<bool, Error> {
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
