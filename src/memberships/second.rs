//! Who cannot be the second officer for a proposal about a membership, beside what holds for everything that takes two
//! (`auth/four_eyes.rs`): whoever stands behind the application that is decided on, and whoever changed the organisation's record since.

use super::acts::Act;
use super::model::EventKind;
use super::queries::Held;
use super::rows::ProposalRow;
use crate::auth::Acting;
use crate::auth::four_eyes::{self, Ties};
use crate::db::{Conn, Id, Tx};
use crate::http::{Code, Error};

/// Those who had a hand in what is decided, beside the proposer and the writer of the revision.
#[derive(Clone, Debug, Default)]
pub struct Involved {
    /// Who opened the application or handed it in; nobody where the proposal is about something else.
    applicants: Vec<Id>,
    /// Who changed the organisation's record last, where that was behind the proposal.
    changed_by: Option<Id>,
}

impl Involved {
    /// Those of a proposal.
    #[must_use]
    pub fn of(proposal: &ProposalRow, held: &Held) -> Self {
        let wrote =
            |kind: &EventKind| matches!(kind, EventKind::Applied { .. } | EventKind::Submitted {});
        let applicants = held
            .events
            .iter()
            .filter(|_| proposal.act == Act::Recommend.name())
            .filter(|event| wrote(&event.kind))
            .filter_map(|event| four_eyes::account(event.proposer.as_deref()?))
            .collect();
        let organisation = &held.organisation;
        let changed_by = (organisation.seq > proposal.seq)
            .then(|| four_eyes::account(&organisation.updated_by))
            .flatten();
        Self {
            applicants,
            changed_by,
        }
    }

    /// Why this person cannot decide it.
    #[must_use]
    pub fn why_not(&self, person: Id, ties: &Ties) -> Option<&'static str> {
        if self.changed_by == Some(person) {
            Some("whoever changed the organisation's record since the proposal cannot decide it")
        } else if self.applicants.contains(&person) {
            Some("whoever opened or submitted the application cannot decide it")
        } else if self.applicants.iter().any(|a| ties.between(person, *a)) {
            Some(
                "you and whoever opened or submitted the application count as one person: by an invitation, a link or a changed address of the last 30 days",
            )
        } else {
            None
        }
    }
}

/// Why the caller cannot be the second one for a proposal about a membership.
pub fn why_not(
    conn: &mut Conn,
    acting: &Acting,
    proposal: &ProposalRow,
    held: &Held,
) -> Result<Option<&'static str>, Error> {
    let written_by = &held.row.updated_by;
    let why = four_eyes::why_not_second(conn, acting, &proposal.proposer, written_by)?;
    let (None, Some(me)) = (why, acting.user_id()) else {
        return Ok(why);
    };
    let involved = Involved::of(proposal, held);
    let mut asked = involved.applicants.clone();
    asked.push(me);
    let ties = Ties::load(conn, &asked, acting.now())?;
    Ok(involved.why_not(me, &ties))
}

/// The same inside the transaction that decides.
pub fn must_be(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposal: &ProposalRow,
    held: &Held,
) -> Result<(), Error> {
    match why_not(tx, acting, proposal, held)? {
        Some(why) => Err(Error::new(Code::SecondOfficerNeeded, why)),
        None => Ok(()),
    }
}
