//! Who may decide: the present accounts against a proposal, for the tasks.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::rows::ProposalRow;
use super::rules::Decider;
use crate::db::schema::users;
use crate::db::{Conn, Id, Instant};
use crate::http::Error;

/// An active account.
#[derive(Clone, Debug)]
struct Officer {
    id: Id,
    role: String,
    country: Option<String>,
    invited_by: Option<Id>,
    created_at: i64,
}

/// The active accounts that may decide something at all.
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

type Row = (Id, String, Option<String>, Option<i64>, i64);

impl Staff {
    /// Reads the active coordinators and the secretariat.
    pub fn load(conn: &mut Conn) -> Result<Self, Error> {
        let rows: Vec<Row> = users::table
            .filter(users::status.eq("active"))
            .filter(users::role.eq_any(["coordinator", "secretariat"]))
            .select((
                users::id,
                users::role,
                users::country,
                users::invited_by,
                users::created_at,
            ))
            .load(conn)?;
        Ok(Self(
            rows.into_iter()
                .map(|(id, role, country, by, created_at)| Officer {
                    id,
                    role,
                    country,
                    invited_by: by.map(Id),
                    created_at,
                })
                .collect(),
        ))
    }

    /// The accounts that may decide this case.
    #[must_use]
    pub fn able(&self, case: &Case<'_>) -> Vec<Id> {
        let proposer: Option<Id> = case
            .proposal
            .proposer
            .strip_prefix("user:")
            .and_then(|id| id.parse().ok());
        let crosses = case.proposal.other_country.is_some();
        let whole = case.proposal.membership_id.is_none();
        let since = case
            .now
            .plus_seconds(-super::decide::INVITED_DAYS * 24 * 3600)
            .0;
        let lately =
            |one: &Officer, other: Id| one.invited_by == Some(other) && one.created_at >= since;
        self.0
            .iter()
            .filter(|officer| {
                let by_role = match officer.role.as_str() {
                    "secretariat" => {
                        crosses || whole || case.deciders.contains(&Decider::Secretariat)
                    }
                    _ => {
                        !crosses
                            && !whole
                            && case.deciders.contains(&Decider::SameCountryCoordinator)
                            && officer.country.as_deref() == Some(&case.proposal.country)
                    }
                };
                let own = format!("user:{}", officer.id);
                let invited = proposer.is_some_and(|proposer| {
                    lately(officer, proposer)
                        || self
                            .0
                            .iter()
                            .any(|p| p.id == proposer && lately(p, officer.id))
                });
                by_role && own != case.proposal.proposer && own != case.written_by && !invited
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
