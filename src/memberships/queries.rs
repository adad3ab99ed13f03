//! All reading SQL of memberships. Every query on country-bound rows asks for a [`Reach`].

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::fold::fold;
use super::ledger::Ledger;
use super::model::Event;
use super::rows::{EventRow, IntervalRow, MembershipRow, ProposalRow};
use super::rules::Rules;
use crate::auth::{Reach, Scope};
use crate::db::schema::{
    membership_events, membership_intervals, memberships, organisations, proposals,
};
use crate::db::{Conn, Id, MultiBackend};
use crate::http::Error;
use crate::organisations::rows::OrganisationRow;

/// A membership with its organisation, its events and what they fold to.
#[derive(Clone, Debug)]
pub struct Held {
    /// The membership.
    pub row: MembershipRow,
    /// Its organisation.
    pub organisation: OrganisationRow,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// The timeline.
    pub ledger: Ledger,
}

/// The membership with this id, if this reach covers its organisation's country.
pub fn held(conn: &mut Conn, reach: &Reach, rules: &Rules, id: Id) -> Result<Held, Error> {
    let found: Option<(MembershipRow, OrganisationRow)> = memberships::table
        .inner_join(organisations::table)
        .filter(memberships::id.eq(id))
        .first(conn)
        .optional()?;
    let (row, organisation) = found
        .filter(|(_, o)| reach.covers(&o.country))
        .ok_or_else(|| Error::not_found("membership"))?;
    let events = events(conn, id)?;
    let ledger = fold(&events, rules);
    Ok(Held {
        row,
        organisation,
        events,
        ledger,
    })
}

/// The events of a membership, in order.
pub fn events(conn: &mut Conn, id: Id) -> Result<Vec<Event>, Error> {
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq(id))
        .order(membership_events::no)
        .load(conn)?;
    rows.iter().map(EventRow::event).collect()
}

/// The stored timeline of a membership.
pub fn intervals(conn: &mut Conn, id: Id) -> Result<Vec<IntervalRow>, Error> {
    Ok(membership_intervals::table
        .filter(membership_intervals::membership_id.eq(id))
        .order(membership_intervals::no)
        .load(conn)?)
}

/// The memberships of an organisation.
pub fn of_organisation(conn: &mut Conn, organisation_id: i64) -> Result<Vec<MembershipRow>, Error> {
    Ok(memberships::table
        .filter(memberships::organisation_id.eq(organisation_id))
        .order((memberships::created_at, memberships::id))
        .load(conn)?)
}

/// Which memberships are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Any of these countries.
    pub country: Vec<String>,
    /// Any of these states, on the day.
    pub state: Vec<String>,
    /// Any of these types, on the day.
    pub membership_type: Vec<String>,
    /// Behind this instant and id.
    pub after: Option<(i64, i64)>,
}

/// One row of the queue: the membership, its organisation, and its interval on the day.
pub type QueueRow = (MembershipRow, OrganisationRow, IntervalRow);

/// A page of memberships by the time of their last change, oldest first.
pub fn page(
    conn: &mut Conn,
    reach: &Reach,
    day: NaiveDate,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<QueueRow>, Error> {
    let mut query = memberships::table
        .inner_join(organisations::table)
        .inner_join(
            membership_intervals::table.on(membership_intervals::membership_id.eq(memberships::id)),
        )
        .filter(membership_intervals::from_day.le(day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(day)),
        )
        .into_boxed::<MultiBackend>();
    query = match reach.scope() {
        Scope::All => query,
        Scope::One(own) => query.filter(organisations::country.eq(own.clone())),
        Scope::None => query.filter(sql::<Bool>("1 = 0")),
    };
    if !wanted.country.is_empty() {
        query = query.filter(organisations::country.eq_any(wanted.country.clone()));
    }
    if !wanted.state.is_empty() {
        query = query.filter(membership_intervals::state.eq_any(wanted.state.clone()));
    }
    if !wanted.membership_type.is_empty() {
        query = query
            .filter(membership_intervals::membership_type.eq_any(wanted.membership_type.clone()));
    }
    if let Some((at, id)) = wanted.after {
        query = query.filter(
            sql::<Bool>("(memberships.updated_at, memberships.id) > (")
                .bind::<BigInt, _>(at)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        );
    }
    Ok(query
        .order((memberships::updated_at, memberships::id))
        .limit(limit)
        .load(conn)?)
}

/// True when the organisation has a membership of this type that is open on the day or opens later, other than `except`.
pub fn other_open(
    conn: &mut Conn,
    organisation_id: i64,
    kind: &str,
    day: NaiveDate,
    except: Option<Id>,
) -> Result<bool, Error> {
    let open = [
        "draft",
        "submitted",
        "in_review",
        "returned",
        "recommended",
        "active",
        "grace",
        "suspended",
    ];
    let found: i64 = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::membership_type.eq(kind))
        .filter(membership_intervals::state.eq_any(open))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(day)),
        )
        .filter(membership_intervals::membership_id.ne(except.unwrap_or(Id(-1))))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// The last day on which an application of this type was rejected.
pub fn last_rejection(
    conn: &mut Conn,
    organisation_id: i64,
    kind: &str,
) -> Result<Option<NaiveDate>, Error> {
    Ok(membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::membership_type.eq(kind))
        .filter(membership_intervals::state.eq("rejected"))
        .select(diesel::dsl::max(membership_intervals::from_day))
        .first(conn)?)
}

/// The open proposal of a membership.
pub fn open_proposal(conn: &mut Conn, id: Id) -> Result<Option<ProposalRow>, Error> {
    Ok(proposals::table
        .filter(proposals::membership_id.eq(id))
        .filter(proposals::status.eq("open"))
        .first(conn)
        .optional()?)
}

/// The proposal with this id, if this reach covers its country.
pub fn proposal(conn: &mut Conn, reach: &Reach, id: Id) -> Result<ProposalRow, Error> {
    let row: Option<ProposalRow> = proposals::table.find(id).first(conn).optional()?;
    row.filter(|p| reach.covers(&p.country))
        .ok_or_else(|| Error::not_found("proposal"))
}

/// A page of proposals, oldest first.
pub fn proposals_page(
    conn: &mut Conn,
    reach: &Reach,
    status: Option<&str>,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<(ProposalRow, OrganisationRow)>, Error> {
    let mut query = proposals::table
        .inner_join(organisations::table)
        .into_boxed::<MultiBackend>();
    query = match reach.scope() {
        Scope::All => query,
        Scope::One(own) => query.filter(proposals::country.eq(own.clone())),
        Scope::None => query.filter(sql::<Bool>("1 = 0")),
    };
    if let Some(status) = status {
        query = query.filter(proposals::status.eq(status.to_owned()));
    }
    if let Some((at, id)) = after {
        query = query.filter(
            sql::<Bool>("(proposals.proposed_at, proposals.id) > (")
                .bind::<BigInt, _>(at)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        );
    }
    Ok(query
        .order((proposals::proposed_at, proposals::id))
        .limit(limit)
        .load(conn)?)
}

/// True when one of the two accounts invited the other since `since` (µs).
pub fn invited_each_other(conn: &mut Conn, one: Id, other: Id, since: i64) -> Result<bool, Error> {
    use crate::db::schema::users;
    let pair = |invited: Id, by: Id| {
        users::table
            .filter(users::id.eq(invited))
            .filter(users::invited_by.eq(by))
            .filter(users::created_at.ge(since))
            .count()
    };
    let there: i64 = pair(one, other).get_result(conn)?;
    let back: i64 = pair(other, one).get_result(conn)?;
    Ok(there + back > 0)
}
