//! Four eyes: who can be the second of two people. One rule for everything that takes two: memberships, the handover of the
//! office.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::Acting;
use crate::db::dialect::other_subject;
use crate::db::schema::{journal, users};
use crate::db::{Conn, Id, Instant, Tx};
use crate::http::{Code, Error};

/// How long a tie between two people stands against their deciding for each other, in days.
const TIED_DAYS: i64 = 30;

/// Why this person cannot be the second one: two people means not the proposer, not the writer of the revision, and nobody who
/// is tied to the other.
#[must_use]
pub fn not_second(
    person: &str,
    proposer: &str,
    written_by: &str,
    tied: bool,
) -> Option<&'static str> {
    if proposer == person {
        Some("the proposer cannot decide the own proposal")
    } else if written_by == person {
        Some("whoever wrote the current revision cannot decide it")
    } else if tied {
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
    let tied = match (acting.user_id(), account(proposer)) {
        (Some(me), Some(proposer)) => {
            Ties::load(tx, &[me, proposer], acting.now())?.between(me, proposer)
        }
        _ => false,
    };
    let own = acting.actor().to_string();
    match not_second(&own, proposer, written_by, tied) {
        Some(why) => Err(Error::new(Code::SecondOfficerNeeded, why)),
        None => Ok(()),
    }
}

/// A one-time link was made for an account that is there: whoever makes it could log in by it.
pub const LINK_MADE: &str = "user.link_made";
/// An account got another e-mail address, to which its links go.
pub const ADDRESS_CHANGED: &str = "user.address_changed";

/// Which of some accounts could lately act as which other: one invited the other, made a link for it or gave it another address.
#[derive(Clone, Debug)]
pub struct Ties(BTreeSet<(Id, Id)>);

impl Ties {
    /// Reads the ties among these accounts that stand now.
    pub fn load(conn: &mut Conn, accounts: &[Id], now: Instant) -> Result<Self, Error> {
        let since = now.plus_seconds(-TIED_DAYS * 24 * 3600).0;
        let invited: Vec<(Id, Option<Id>)> = users::table
            .filter(users::id.eq_any(accounts))
            .filter(users::invited_by.is_not_null())
            .filter(users::created_at.ge(since))
            .select((users::id, users::invited_by))
            .load(conn)?;
        let subjects: Vec<String> = accounts.iter().map(|id| format!("user:{id}")).collect();
        let entered: Vec<(String, String)> = journal::table
            .filter(journal::subject.eq_any(subjects))
            .filter(other_subject())
            .filter(journal::action.eq_any([LINK_MADE, ADDRESS_CHANGED]))
            .filter(journal::recorded_at.ge(since))
            .select((journal::subject, journal::actor))
            .load(conn)?;
        let invited = invited.into_iter().filter_map(|(on, by)| Some((on, by?)));
        let entered = entered
            .iter()
            .filter_map(|(on, by)| Some((account(on)?, account(by)?)));
        Ok(Self(invited.chain(entered).collect()))
    }

    /// True when one of the two could act as the other.
    #[must_use]
    pub fn between(&self, one: Id, other: Id) -> bool {
        self.0.contains(&(one, other)) || self.0.contains(&(other, one))
    }
}
