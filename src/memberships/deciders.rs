//! Who may decide: the rules themselves, and the present accounts against a proposal, for the tasks.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::rows::{ConsentRow, ProposalRow};
use super::rules::Decider;
use super::second::Involved;
use crate::auth::Role;
use crate::auth::four_eyes::{self, Ties};
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
}

/// The accounts that may decide something at all, and those that could.
#[derive(Clone, Debug)]
pub struct Staff {
    officers: Vec<Officer>,
    ties: Ties,
}

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The proposal.
    pub proposal: &'a ProposalRow,
    /// Who wrote the current revision.
    pub written_by: &'a str,
    /// Who else had a hand in it.
    pub involved: &'a Involved,
    /// Who may decide by the rules.
    pub deciders: &'a BTreeSet<Decider>,
    /// Whether it is beyond one country, or about the whole organisation.
    pub beyond: bool,
    /// Who has agreed for a country.
    pub agreed: &'a [ConsentRow],
}

type Row = (Id, String, String, Option<String>);

impl Staff {
    /// Reads the coordinators and the secretariat, as they are now.
    pub fn load(conn: &mut Conn, now: Instant) -> Result<Self, Error> {
        let rows: Vec<Row> = users::table
            .filter(users::role.eq_any(["coordinator", "secretariat"]))
            .select((users::id, users::status, users::role, users::country))
            .load(conn)?;
        let officer = |(id, status, role, country): Row| {
            Ok(Officer {
                id,
                active: status == "active",
                role: role.parse().map_err(Error::internal)?,
                country,
            })
        };
        let officers: Vec<Officer> = rows
            .into_iter()
            .map(officer)
            .collect::<Result<_, Error>>()?;
        let ids: Vec<Id> = officers.iter().map(|o| o.id).collect();
        let ties = Ties::load(conn, &ids, now)?;
        Ok(Self { officers, ties })
    }

    /// The accounts that may agree for a country.
    #[must_use]
    pub fn able_to_agree(&self, case: &Case<'_>, country: &str) -> Vec<Id> {
        self.officers
            .iter()
            .filter(|officer| officer.active && officer.role == Role::Coordinator)
            .filter(|officer| officer.country.as_deref() == Some(country))
            .filter(|officer| self.is_second(officer, case))
            .map(|officer| officer.id)
            .collect()
    }

    fn is_second(&self, officer: &Officer, case: &Case<'_>) -> bool {
        let proposer = four_eyes::account(&case.proposal.proposer);
        let tied = proposer.is_some_and(|p| self.ties.between(officer.id, p));
        let agreed = case.agreed.iter();
        let mut agreed = agreed.filter_map(|c| four_eyes::account(&c.officer));
        if agreed.any(|by| self.ties.between(officer.id, by)) {
            return false;
        }
        let person = format!("user:{}", officer.id);
        four_eyes::not_second(&person, &case.proposal.proposer, case.written_by, tied).is_none()
            && case.involved.why_not(officer.id, &self.ties).is_none()
    }

    /// The accounts that may decide this case.
    #[must_use]
    pub fn able(&self, case: &Case<'_>) -> Vec<Id> {
        let Case { proposal, .. } = case;
        self.officers
            .iter()
            .filter(|officer| officer.active && role_may(officer.role, case.beyond, case.deciders))
            .filter(|officer| {
                officer.role != Role::Coordinator
                    || officer.country.as_deref() == Some(&proposal.country)
            })
            .filter(|officer| self.is_second(officer, case))
            .map(|officer| officer.id)
            .collect()
    }
}

/// Whether the person behind an actor's word is still an officer who acts for a country.
pub fn can_act_for(conn: &mut Conn, actor: &str, country: &str) -> Result<bool, Error> {
    let Some(id) = four_eyes::account(actor) else {
        return Ok(false);
    };
    let found: i64 = users::table
        .filter(users::id.eq(id.0))
        .filter(users::status.eq("active"))
        .filter(
            users::role.eq("secretariat").or(users::role
                .eq("coordinator")
                .and(users::country.assume_not_null().eq(country))),
        )
        .count()
        .get_result(conn)?;
    Ok(found == 1)
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
