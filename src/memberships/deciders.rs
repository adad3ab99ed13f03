//! Who may decide: the rules themselves, and the present accounts against a proposal, for the tasks.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::rows::ProposalRow;
use super::rules::Decider;
use crate::auth::{Role, four_eyes};
use crate::db::schema::users;
use crate::db::{Conn, Id, Instant};
use crate::http::Error;

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
        let proposer = four_eyes::account(&proposal.proposer)
            .and_then(|id| self.0.iter().find(|p| p.id == id));
        let beyond = proposal.other_country.is_some() || proposal.membership_id.is_none();
        let since = four_eyes::invited_since(case.now);
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
                four_eyes::not_second(&person, &proposal.proposer, case.written_by, lately)
                    .is_none()
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
