//! All reading SQL of memberships. Every query on country-bound rows asks for a [`Reach`].

use chrono::NaiveDate;
use diesel::dsl::{Eq, InnerJoin, InnerJoinOn, IntoBoxed, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date};

use super::adoption;
use super::fold::fold;
use super::ledger::{FlowKind, Ledger};
use super::model::{Event, EventKind, MembershipType, State};
use super::rows::{EventRow, IntervalRow, MembershipRow, ProposalRow};
use super::rules::{LAST_DAY, Rules};
use super::seen::{self, READ_ALONG};
use crate::auth::{Reach, Scope};
use crate::db::schema::{
    membership_events, membership_flows, membership_intervals, memberships, organisations,
    proposals,
};
use crate::db::{Conn, Id, MultiBackend};
use crate::http::{Error, pages};
use crate::journal::Moment;
use crate::journal::moment::STILL;
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
    /// The rules by which it folds.
    pub rules: Rules,
}

/// The membership with this id, if this reach covers its organisation's country.
pub fn held(conn: &mut Conn, reach: &Reach, rules: &Rules, id: Id) -> Result<Held, Error> {
    adoption::must_be_current(conn, rules)?;
    let (row, organisation) = reached(conn, reach, id)?;
    let events = events(conn, id)?;
    let ledger = fold(&events, rules);
    Ok(Held {
        row,
        organisation,
        events,
        ledger,
        rules: rules.clone(),
    })
}

/// The same as it was known at a position; not found where it was not known yet.
pub fn held_at(
    conn: &mut Conn,
    reach: &Reach,
    rules: &Rules,
    id: Id,
    known: Option<i64>,
) -> Result<Held, Error> {
    let Some(seq) = known else {
        return held(conn, reach, rules, id);
    };
    let (mut row, organisation) = reached(conn, reach, id)?;
    let events = super::fold::known_at(&events(conn, id)?, seq);
    let Some(last) = events.last() else {
        return Err(Error::not_found("membership"));
    };
    // One revision for each event of a person: what the calendar's recorder writes makes none.
    let mut by_people = events.iter().filter(|e| !e.kind.is_calendar());
    row.revision = i32::try_from(by_people.clone().count()).unwrap_or(i32::MAX);
    row.updated_at = last.recorded_at;
    row.updated_by = by_people
        .next_back()
        .and_then(|e| e.decider.clone().or_else(|| e.proposer.clone()))
        .unwrap_or_default();
    let rules = adoption::known_at(conn, seq)?;
    let ledger = fold(&events, &rules);
    Ok(Held {
        row,
        organisation,
        events,
        ledger,
        rules,
    })
}

/// A membership and its organisation, where this reach may know of it.
pub fn reached(
    conn: &mut Conn,
    reach: &Reach,
    id: Id,
) -> Result<(MembershipRow, OrganisationRow), Error> {
    let found: Option<(MembershipRow, OrganisationRow)> = memberships::table
        .inner_join(organisations::table)
        .filter(memberships::id.eq(id))
        .first(conn)
        .optional()?;
    found
        .filter(|(_, o)| reach.covers(&o.country))
        .ok_or_else(|| Error::not_found("membership"))
}

/// The events of a membership, in order.
pub fn events(conn: &mut Conn, id: Id) -> Result<Vec<Event>, Error> {
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq(id))
        .order(membership_events::no)
        .load(conn)?;
    rows.iter().map(EventRow::event).collect()
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
    /// Any of these states, at the moment.
    pub state: Vec<State>,
    /// Any of these types, at the moment.
    pub membership_type: Vec<String>,
    /// Behind this place in the order.
    pub after: Option<(String, i64)>,
}

impl Wanted {
    /// Applications and other states that no calendar ends are listed by how long they hold; everything else by its last
    /// change.
    #[must_use]
    pub fn by_waiting(&self, at: Moment, today: NaiveDate) -> bool {
        let calendar = |s: &State| s.is_member();
        at == Moment::of(today) && !self.state.is_empty() && !self.state.iter().any(calendar)
    }
}

/// One row of the queue: the membership, its organisation, and its interval on the day.
pub type QueueRow = (MembershipRow, OrganisationRow, IntervalRow);

type QueueQuery<'a> = IntoBoxed<
    'a,
    InnerJoinOn<
        InnerJoin<memberships::table, organisations::table>,
        membership_intervals::table,
        Eq<membership_intervals::membership_id, memberships::id>,
    >,
    MultiBackend,
>;

/// What of the queue this reach covers and the question wants.
fn queue<'a>(reach: &Reach, at: Moment, wanted: &Wanted) -> QueueQuery<'a> {
    let mut query = memberships::table
        .inner_join(organisations::table)
        .inner_join(
            membership_intervals::table.on(membership_intervals::membership_id.eq(memberships::id)),
        )
        .into_boxed::<MultiBackend>()
        .filter(sql::<Bool>(&at.is_known("membership_intervals")));
    query = match reach.scope() {
        Scope::All => query,
        Scope::One(own) => query.filter(organisations::country.eq(own.clone())),
        Scope::None => query.filter(sql::<Bool>("1 = 0")),
    };
    if !wanted.membership_type.is_empty() {
        query = query
            .filter(membership_intervals::membership_type.eq_any(wanted.membership_type.clone()));
    }
    query
}

/// A page of memberships by the time of their last change, oldest first.
pub fn page(
    conn: &mut Conn,
    reach: &Reach,
    at: Moment,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<QueueRow>, Error> {
    let mut query = queue(reach, at, wanted)
        .filter(membership_intervals::from_day.le(at.day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(at.day)),
        );
    if !wanted.country.is_empty() {
        // The country of the day, which an organisation that has moved since is not in today.
        query = query.filter(membership_intervals::country.eq_any(wanted.country.clone()));
    }
    if !wanted.state.is_empty() {
        let states: Vec<&str> = wanted.state.iter().map(|s| s.as_str()).collect();
        query = query.filter(membership_intervals::state.eq_any(states));
    }
    if let Some((at, id)) = &wanted.after {
        let at: i64 = at.parse().map_err(|_| pages::bad_cursor())?;
        query = query.filter(
            sql::<Bool>("(memberships.updated_at, memberships.id) > (")
                .bind::<BigInt, _>(at)
                .sql(", ")
                .bind::<BigInt, _>(*id)
                .sql(")"),
        );
    }
    Ok(query
        .order((memberships::updated_at, memberships::id))
        .limit(limit)
        .load(conn)?)
}

/// A page of memberships in states that no calendar ends, those that wait longest first. One short walk along the index for
/// each country and state, put together here: a rare state costs what a common one does.
pub fn page_by_waiting(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    countries: &[String],
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<QueueRow>, Error> {
    let after = match &wanted.after {
        None => None,
        Some((day, id)) => Some((
            crate::http::day::parse(day).ok_or_else(pages::bad_cursor)?,
            *id,
        )),
    };
    let mut found: Vec<QueueRow> = Vec::new();
    let asked = |c: &&String| wanted.country.is_empty() || wanted.country.contains(c);
    for country in countries.iter().filter(asked).filter(|c| reach.covers(c)) {
        for state in &wanted.state {
            let place = Place {
                country,
                state: *state,
                earliest: None,
            };
            let rows = waiting(conn, place, &wanted.membership_type, today, after, limit)?;
            found.extend(rows);
        }
    }
    found.sort_by_key(|(row, _, interval)| (interval.from_day, row.id));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Where to look for those who wait.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The country.
    pub country: &'a str,
    /// The state.
    pub state: State,
    /// The earliest day on which the state can have begun, for states that the calendar ends.
    pub earliest: Option<NaiveDate>,
}

/// Memberships of a country that are in a state today, those first that have been longest. States that the calendar ends have an
/// earliest day, because their walk along the index passes those that ended.
pub fn waiting(
    conn: &mut Conn,
    place: Place<'_>,
    types: &[String],
    today: NaiveDate,
    after: Option<(NaiveDate, i64)>,
    limit: i64,
) -> Result<Vec<QueueRow>, Error> {
    let wanted = Wanted {
        membership_type: types.to_vec(),
        ..Wanted::default()
    };
    let mut query = queue(&Reach::everything(), Moment::of(today), &wanted)
        .filter(membership_intervals::country.eq(place.country.to_owned()))
        .filter(membership_intervals::state.eq(place.state.as_str()))
        .filter(membership_intervals::from_day.le(today));
    query = match place.earliest {
        None => query.filter(membership_intervals::to_day.is_null()),
        Some(day) => query
            .filter(membership_intervals::from_day.ge(day))
            .filter(membership_intervals::to_day.gt(today)),
    };
    if let Some((day, id)) = after {
        query = query.filter(
            sql::<Bool>("(membership_intervals.from_day, membership_intervals.membership_id) > (")
                .bind::<Date, _>(day)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        );
    }
    Ok(query
        .order((
            membership_intervals::from_day,
            membership_intervals::membership_id,
        ))
        .limit(limit)
        .load(conn)?)
}

/// True of the word of a state in which a membership is open.
pub fn is_open(state: &str) -> bool {
    open_states().contains(&state)
}

/// States in which a membership is open.
fn open_states() -> Vec<&'static str> {
    State::ALL
        .into_iter()
        .filter(|s| s.is_open())
        .map(State::as_str)
        .collect()
}

/// Another membership of the organisation that is open with the stretch's type on any of its days, and since when.
pub fn open_beside(
    conn: &mut Conn,
    organisation_id: i64,
    except: Id,
    stretch: &super::beside::Stretch,
) -> Result<Option<(Id, NaiveDate)>, Error> {
    let mut query = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::membership_type.eq(stretch.kind.as_str()))
        .filter(membership_intervals::state.eq_any(open_states()))
        .filter(membership_intervals::membership_id.ne(except))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(stretch.from)),
        )
        .into_boxed::<MultiBackend>();
    if let Some(to) = stretch.to {
        query = query.filter(membership_intervals::from_day.lt(to));
    }
    Ok(query
        .order((
            membership_intervals::from_day,
            membership_intervals::membership_id,
        ))
        .select((
            membership_intervals::membership_id,
            membership_intervals::from_day,
        ))
        .first(conn)
        .optional()?)
}

/// The day from whose start the organisation was first a member, by any membership.
pub fn first_joined(conn: &mut Conn, organisation_id: i64) -> Result<Option<NaiveDate>, Error> {
    let own = ids_of_organisation(conn, organisation_id)?;
    Ok(membership_flows::table
        .filter(membership_flows::membership_id.eq_any(own))
        .filter(membership_flows::known_to.eq(STILL))
        .filter(membership_flows::kind.eq(FlowKind::Joined.as_str()))
        .select(diesel::dsl::min(membership_flows::on_day))
        .first(conn)?)
}

/// True when another of the organisation's memberships has ever made it a member.
pub fn joined_beside(conn: &mut Conn, organisation_id: i64, except: Id) -> Result<bool, Error> {
    let mut others = ids_of_organisation(conn, organisation_id)?;
    others.retain(|id| *id != except);
    let found: i64 = membership_flows::table
        .filter(membership_flows::membership_id.eq_any(others))
        .filter(membership_flows::known_to.eq(STILL))
        .filter(membership_flows::kind.eq(FlowKind::Joined.as_str()))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// True when the organisation is a member of a type on a day, by any membership other than `except`.
pub fn is_member(
    conn: &mut Conn,
    organisation_id: i64,
    (kind, day): (MembershipType, NaiveDate),
    except: Option<Id>,
) -> Result<bool, Error> {
    let states = State::ALL.into_iter().filter(|s| s.is_member());
    let states: Vec<&str> = states.map(State::as_str).collect();
    let found: i64 = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::membership_type.eq(kind.as_str()))
        .filter(membership_intervals::state.eq_any(states))
        .filter(membership_intervals::from_day.le(day))
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

fn ids_of_organisation(conn: &mut Conn, organisation_id: i64) -> Result<Vec<Id>, Error> {
    Ok(memberships::table
        .filter(memberships::organisation_id.eq(organisation_id))
        .select(memberships::id)
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
    let found: i64 = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::membership_type.eq(kind))
        .filter(membership_intervals::state.eq_any(open_states()))
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

/// The last day on which an application of this type was rejected; for one that is there already, of the others and up to its day.
pub fn last_rejection(
    conn: &mut Conn,
    organisation_id: i64,
    kind: &str,
    before: Option<(Id, NaiveDate)>,
) -> Result<Option<NaiveDate>, Error> {
    let (except, until) = before.unwrap_or((Id(-1), LAST_DAY));
    Ok(membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::membership_type.eq(kind))
        .filter(membership_intervals::state.eq("rejected"))
        .filter(membership_intervals::membership_id.ne(except))
        .filter(membership_intervals::from_day.le(until))
        .select(diesel::dsl::max(membership_intervals::from_day))
        .first(conn)?)
}

/// The types that an organisation holds: those of its memberships and applications that are open today or later, or that ended with
/// the organisation.
pub fn types_held(
    conn: &mut Conn,
    organisation_id: i64,
    today: NaiveDate,
) -> Result<Vec<MembershipType>, Error> {
    let mut states = open_states();
    states.extend([State::Dissolved.as_str(), State::Merged.as_str()]);
    let found: Vec<String> = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq(organisation_id))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::state.eq_any(states))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(today)),
        )
        .select(membership_intervals::membership_type)
        .load(conn)?;
    let mut types = MembershipType::ALL.to_vec();
    types.retain(|kind| found.iter().any(|name| name == kind.as_str()));
    Ok(types)
}

/// Those of some memberships whose review this person took or was given at some time.
pub fn reviewed_by(conn: &mut Conn, ids: &[Id], reviewer: &str) -> Result<Vec<Id>, Error> {
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq_any(ids))
        .filter(membership_events::kind.eq_any(["review_taken", "review_reassigned"]))
        .load(conn)?;
    let mut found = Vec::new();
    for row in rows {
        if let EventKind::ReviewTaken { reviewer: one }
        | EventKind::ReviewReassigned { reviewer: one } = row.event()?.kind
            && one == reviewer
        {
            found.push(row.membership_id);
        }
    }
    Ok(found)
}

/// The open proposal of a membership.
pub fn open_proposal(conn: &mut Conn, id: Id) -> Result<Option<ProposalRow>, Error> {
    Ok(proposals::table
        .filter(proposals::membership_id.eq(id))
        .filter(proposals::status.eq("open"))
        .first(conn)
        .optional()?)
}

/// The proposal with this id, if this reach covers its country, or another one of an act across a border that may read along.
pub fn proposal(conn: &mut Conn, reach: &Reach, id: Id) -> Result<ProposalRow, Error> {
    let row: Option<ProposalRow> = proposals::table.find(id).first(conn).optional()?;
    match row {
        Some(row) if seen::reaches(reach, &row)? => Ok(row),
        _ => Err(Error::not_found("proposal")),
    }
}

/// What the terms of a proposal have where they ask this country: `needs` is their last member, and a quotation mark inside a text is
/// escaped.
fn asked_in(country: &str) -> String {
    format!("%\"needs\":[%\"{country}\"%")
}

/// A page of proposals, of any of some statuses where some are named, oldest first.
pub fn proposals_page(
    conn: &mut Conn,
    reach: &Reach,
    statuses: &[&str],
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<(ProposalRow, OrganisationRow)>, Error> {
    let mut query = proposals::table
        .inner_join(organisations::table)
        .into_boxed::<MultiBackend>();
    query = match reach.scope() {
        Scope::All => query,
        Scope::One(own) => query.filter(
            proposals::country
                .eq(own.clone())
                .or(proposals::other_country
                    .assume_not_null()
                    .eq(own.clone())
                    .or(proposals::other_country
                        .is_not_null()
                        .and(proposals::body.like(asked_in(own))))
                    .and(proposals::status.eq_any(READ_ALONG))),
        ),
        Scope::None => query.filter(sql::<Bool>("1 = 0")),
    };
    if !statuses.is_empty() {
        let statuses: Vec<String> = statuses.iter().map(|s| (*s).to_owned()).collect();
        query = query.filter(proposals::status.eq_any(statuses));
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
