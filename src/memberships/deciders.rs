//! Who may decide: the rules themselves, and the present accounts against a proposal, for the tasks.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::rows::ProposalRow;
use super::rules::Decider;
use crate::auth::Role;
use crate::db::schema::users;
use crate::db::{Conn, Id, Instant};
use crate::http::Error;

/// How long an invitation between two people stands against their deciding for each other, in days.
const INVITED_DAYS: i64 = 30;

/// The first instant from which an invitation still stands against a decision now.
#[must_use]
pub fn invited_since(now: Instant) -> i64 {
    now.plus_seconds(-INVITED_DAYS * 24 * 3600).0
}

/// Whether a role may decide. What crosses a border or changes a whole organisation is the secretariat's; the rest is for whom
/// the rules of the membership's type name.
#[must_use]
pub fn role_may(role: Role, beyond_one_country: bool, deciders: &BTreeSet<Decider>) -> bool {
    match role {
        Role::Secretariat => beyond_one_country || deciders.contains(&Decider::Secretariat),
        Role::Coordinator => {
            !beyond_one_country && deciders.contains(&Decider::SameCountryCoordinator)
        }
        Role::Auditor => false,
    }
}

/// Why this person cannot be the second one: two people means not the proposer, not the writer of the revision, and nobody who
/// invited the other lately.
#[must_use]
pub fn not_second(
    person: &str,
    proposal: &ProposalRow,
    written_by: &str,
    invited_lately: bool,
) -> Option<&'static str> {
    if proposal.proposer == person {
        Some("the proposer cannot decide the own proposal")
    } else if written_by == person {
        Some("whoever wrote the current revision cannot decide it")
    } else if invited_lately {
        Some("one of you invited the other within the last 30 days")
    } else {
        None
    }
}

/// The account that proposed; none where it was no person.
#[must_use]
pub fn proposer(proposal: &ProposalRow) -> Option<Id> {
    let id = proposal.proposer.strip_prefix("user:")?;
    id.parse().ok()
}

/// An account of those who decide or propose.
#[derive(Clone, Debug)]
struct Officer {
    id: Id,
    active: bool,
    role: Role,
    country: Option<String>,
    invited_by: Option<Id>,
    created_at: i64,
}

/// The accounts that may decide something at all, and those that could.
#[derive(Clone, Debug)]
pub struct Staff(Vec<Officer>);

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The proposal.
    pub proposal: &'a ProposalRow,
    /// Who wrote the current revision.
    pub written_by: &'a str,
    /// Who may decide by the rules.
    pub deciders: &'a BTreeSet<Decider>,
    /// The moment.
    pub now: Instant,
}

type Row = (Id, String, String, Option<String>, Option<i64>, i64);

impl Staff {
    /// Reads the coordinators and the secretariat.
    pub fn load(conn: &mut Conn) -> Result<Self, Error> {
        let rows: Vec<Row> = users::table
            .filter(users::role.eq_any(["coordinator", "secretariat"]))
            .select((
                users::id,
                users::status,
                users::role,
                users::country,
                users::invited_by,
                users::created_at,
            ))
            .load(conn)?;
        let officer = |(id, status, role, country, by, created_at): Row| {
            Ok(Officer {
                id,
                active: status == "active",
                role: role.parse().map_err(Error::internal)?,
                country,
                invited_by: by.map(Id),
                created_at,
            })
        };
        Ok(Self(
            rows.into_iter()
                .map(officer)
                .collect::<Result<_, Error>>()?,
        ))
    }

    /// The accounts that may decide this case.
    #[must_use]
    pub fn able(&self, case: &Case<'_>) -> Vec<Id> {
        let Case { proposal, .. } = case;
        let proposer = proposer(proposal).and_then(|id| self.0.iter().find(|p| p.id == id));
        let beyond = proposal.other_country.is_some() || proposal.membership_id.is_none();
        let since = invited_since(case.now);
        let invited = |one: &Officer, other: &Officer| {
            one.invited_by == Some(other.id) && one.created_at >= since
        };
        self.0
            .iter()
            .filter(|officer| officer.active && role_may(officer.role, beyond, case.deciders))
            .filter(|officer| {
                officer.role != Role::Coordinator
                    || officer.country.as_deref() == Some(&proposal.country)
            })
            .filter(|officer| {
                let lately = proposer.is_some_and(|p| invited(officer, p) || invited(p, officer));
                let person = format!("user:{}", officer.id);
                not_second(&person, proposal, case.written_by, lately).is_none()
            })
            .map(|officer| officer.id)
            .collect()
    }
}

/// The countries of these that have no active coordinator: the secretariat does their work.
pub fn countries_without_coordinator(
    conn: &mut Conn,
    codes: &[String],
) -> Result<Vec<String>, Error> {
    let with: Vec<Option<String>> = users::table
        .filter(users::status.eq("active"))
        .filter(users::role.eq("coordinator"))
        .select(users::country)
        .distinct()
        .load(conn)?;
    Ok(codes
        .iter()
        .filter(|code| !with.iter().flatten().any(|c| c == *code))
        .cloned()
        .collect())
}
