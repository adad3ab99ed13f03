//! Proposals that were closed in a stretch of the journal. A closed proposal never changes, so its position tells when.

use diesel::prelude::*;

use super::super::question::Filters;
use crate::db::schema::proposals;
use crate::db::{Conn, Id};
use crate::http::Error;

/// How a proposal was closed, in the order of the report.
pub const OUTCOMES: [&str; 5] = ["approved", "refused", "sent_back", "retracted", "fallen"];

/// A closed proposal, as far as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Closed {
    /// The proposal.
    pub id: Id,
    /// The membership; none for an act on the whole organisation.
    pub membership_id: Option<Id>,
    /// The organisation's internal id.
    pub organisation_id: i64,
    /// The organisation's country when it was proposed.
    pub country: String,
    /// The act's word.
    pub act: String,
    /// How it was closed.
    pub status: String,
    /// Who proposed it.
    pub proposer: String,
    /// When, µs.
    pub proposed_at: i64,
    /// Who closed it.
    pub decider: Option<String>,
    /// When, µs.
    pub decided_at: Option<i64>,
    /// The journal position.
    pub seq: i64,
}

/// Which closed proposals are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// How they were closed.
    pub outcomes: Vec<&'static str>,
    /// By whom they were made.
    pub proposer: Option<&'a str>,
    /// By whom they were closed.
    pub decider: Option<&'a str>,
}

impl Wanted<'_> {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self {
            outcomes: OUTCOMES.to_vec(),
            proposer: None,
            decider: None,
        }
    }
}

/// Proposals closed behind a place (position and id) and up to a position, in order.
pub fn closed(
    conn: &mut Conn,
    filters: &Filters,
    wanted: &Wanted<'_>,
    (after, until): ((i64, Id), i64),
    limit: i64,
) -> Result<Vec<Closed>, Error> {
    let (seq, id) = after;
    let behind = proposals::seq
        .gt(seq)
        .or(proposals::seq.eq(seq).and(proposals::id.gt(id)));
    let mut query = proposals::table.into_boxed();
    if let Some(account) = wanted.proposer {
        query = query.filter(proposals::proposer.eq(account));
    }
    if let Some(account) = wanted.decider {
        query = query.filter(proposals::decider.eq(account));
    }
    Ok(query
        .filter(proposals::seq.ge(seq))
        .filter(proposals::seq.le(until))
        .filter(behind)
        .filter(proposals::status.eq_any(&wanted.outcomes))
        .filter(proposals::country.eq_any(&filters.countries))
        .order((proposals::seq, proposals::id))
        .select((
            proposals::id,
            proposals::membership_id,
            proposals::organisation_id,
            proposals::country,
            proposals::act,
            proposals::status,
            proposals::proposer,
            proposals::proposed_at,
            proposals::decider,
            proposals::decided_at,
            proposals::seq,
        ))
        .limit(limit)
        .load(conn)?)
}
