//! Four eyes: who can be the second of two people. One rule for everything that takes two: memberships, the handover of the
//! office.

use std::collections::{BTreeMap, BTreeSet};

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
            "one of you could have acted as the other, or somebody else as both of you: by an invitation, a link or a changed address of the last 30 days",
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

/// Why the caller cannot be the second one, asked of the database.
pub fn why_not_second(
    conn: &mut Conn,
    acting: &Acting,
    proposer: &str,
    written_by: &str,
) -> Result<Option<&'static str>, Error> {
    let tied = are_tied(conn, acting, proposer)?;
    let own = acting.actor().to_string();
    Ok(not_second(&own, proposer, written_by, tied))
}

/// The same inside the transaction that decides.
pub fn must_be_second(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposer: &str,
    written_by: &str,
) -> Result<(), Error> {
    match why_not_second(tx, acting, proposer, written_by)? {
        Some(why) => Err(Error::new(Code::SecondOfficerNeeded, why)),
        None => Ok(()),
    }
}

/// Whether the caller is the person behind an actor's word, or counts as one with them.
pub fn is_same_person(conn: &mut Conn, acting: &Acting, actor: &str) -> Result<bool, Error> {
    Ok(acting.actor().to_string() == actor || are_tied(conn, acting, actor)?)
}

fn are_tied(conn: &mut Conn, acting: &Acting, actor: &str) -> Result<bool, Error> {
    match (acting.user_id(), account(actor)) {
        (Some(me), Some(other)) => {
            Ok(Ties::load(conn, &[me, other], acting.now())?.between(me, other))
        }
        _ => Ok(false),
    }
}

/// A one-time link was made for an account that is there: whoever makes it could log in by it.
pub const LINK_MADE: &str = "user.link_made";
/// An account got another e-mail address, to which its links go.
pub const ADDRESS_CHANGED: &str = "user.address_changed";

/// Who could lately act as whom: by an invitation, a link that was made or an address that was changed. Whoever could act as somebody
/// could act as everybody whom that one could act as.
#[derive(Clone, Debug, Default)]
pub struct Ties(BTreeMap<Id, BTreeSet<Id>>);

impl Ties {
    /// Reads the ties of these accounts that stand now, and those of whoever they lead to.
    pub fn load(conn: &mut Conn, accounts: &[Id], now: Instant) -> Result<Self, Error> {
        let since = now.plus_seconds(-TIED_DAYS * 24 * 3600).0;
        let mut makers: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        let mut asked: BTreeSet<Id> = accounts.iter().copied().collect();
        let mut next: Vec<Id> = asked.iter().copied().collect();
        while !next.is_empty() {
            let found = makers_of(conn, &next, since)?;
            next.clear();
            for (on, by) in found {
                makers.entry(on).or_default().insert(by);
                if asked.insert(by) {
                    next.push(by);
                }
            }
        }
        Ok(Self(makers))
    }

    /// True when one of the two could act as the other, or a third person as both: then they are not two.
    #[must_use]
    pub fn between(&self, one: Id, other: Id) -> bool {
        !self.behind(one).is_disjoint(&self.behind(other))
    }

    /// An account and all who could act as it.
    fn behind(&self, account: Id) -> BTreeSet<Id> {
        let mut found = BTreeSet::from([account]);
        let mut next = vec![account];
        while let Some(on) = next.pop() {
            for by in self.0.get(&on).into_iter().flatten() {
                if found.insert(*by) {
                    next.push(*by);
                }
            }
        }
        found
    }
}

/// Who invited these accounts, made a link for them or changed their address since then.
fn makers_of(conn: &mut Conn, accounts: &[Id], since: i64) -> Result<Vec<(Id, Id)>, Error> {
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
    Ok(invited.chain(entered).collect())
}

#[cfg(test)]
mod tests {
    use super::{Id, Ties};

    fn ties(pairs: &[(i64, i64)]) -> Ties {
        let mut ties = Ties::default();
        for (on, by) in pairs {
            ties.0.entry(Id(*on)).or_default().insert(Id(*by));
        }
        ties
    }

    #[test]
    fn whoever_could_act_as_both_is_one_person_behind_two_accounts() {
        // 1 invited 2 and 3, 3 invited 4; 5 made a link for 6, whom nobody else knows.
        let ties = ties(&[(2, 1), (3, 1), (4, 3), (6, 5)]);
        for (one, other) in [(1, 2), (2, 3), (1, 4), (2, 4), (5, 6)] {
            assert!(ties.between(Id(one), Id(other)), "{one} {other}");
            assert!(ties.between(Id(other), Id(one)), "{other} {one}");
        }
        for (one, other) in [(1, 5), (2, 6), (4, 6), (1, 7)] {
            assert!(!ties.between(Id(one), Id(other)), "{one} {other}");
        }
    }

    #[test]
    fn accounts_that_made_links_for_each_other_come_to_an_end() {
        let ties = ties(&[(1, 2), (2, 1)]);
        assert!(ties.between(Id(1), Id(2)));
        assert!(!ties.between(Id(1), Id(3)));
    }
}
