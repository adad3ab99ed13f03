//! What the calendar will do by itself: who comes into grace, who lapses, whose suspension ends, if nobody does anything.
//!
//! Read from the stored timelines, which hold the coming turns; nothing is written.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::dto::OrganisationRef;
use super::model::State;
use super::rows::IntervalRow;
use crate::auth::policy::acts::ReadMemberships;
use crate::auth::{Permit, Reach, Scope};
use crate::countries::Countries;
use crate::db::schema::{membership_intervals, organisations};
use crate::db::{Conn, Id, MultiBackend};
use crate::http::pages::{self, Page, fetch_limit, limit_or_default, read_cursor};
use crate::http::{Code, Error, Query, docs, private};
use crate::journal::Moment;
use crate::organisations::model::{StateWord, TypeWord};
use crate::organisations::rows::OrganisationRow;

/// Which turns.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// After this day.
    pub from: NaiveDate,
    /// Up to this day.
    pub through: NaiveDate,
    /// Any of these countries.
    pub country: Vec<String>,
    /// That lead into any of these states.
    pub state: Vec<State>,
    /// Behind this day and membership.
    pub after: Option<(NaiveDate, Id)>,
}

/// A page of turns, by day.
pub fn page(
    conn: &mut Conn,
    reach: &Reach,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<(IntervalRow, OrganisationRow)>, Error> {
    // The text of the partial index.
    let known = Moment::of(wanted.from).is_known("membership_intervals");
    let mut query = membership_intervals::table
        .inner_join(
            organisations::table.on(organisations::id.eq(membership_intervals::organisation_id)),
        )
        .into_boxed::<MultiBackend>()
        .filter(sql::<Bool>(&known))
        .filter(membership_intervals::cause_no.is_null())
        .filter(membership_intervals::from_day.gt(wanted.from))
        .filter(membership_intervals::from_day.le(wanted.through));
    query = match reach.scope() {
        Scope::All => query,
        Scope::One(own) => query.filter(membership_intervals::country.eq(own.clone())),
        Scope::None => query.filter(sql::<Bool>("1 = 0")),
    };
    if !wanted.country.is_empty() {
        query = query.filter(membership_intervals::country.eq_any(wanted.country.clone()));
    }
    if !wanted.state.is_empty() {
        let states: Vec<&str> = wanted.state.iter().map(|s| s.as_str()).collect();
        query = query.filter(membership_intervals::state.eq_any(states));
    }
    if let Some((day, id)) = wanted.after {
        query = query.filter(
            sql::<Bool>("(membership_intervals.from_day, membership_intervals.membership_id) > (")
                .bind::<Date, _>(day)
                .sql(", ")
                .bind::<BigInt, _>(id.0)
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

/// Until when, and what.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// The last day; at most ten years from today.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[param(value_type = crate::http::day::Day, example = "2027-03-31")]
    through: NaiveDate,
    /// Country; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<crate::countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// The state that is come into: `grace`, `lapsed` or (a suspension's end) `active`; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<StateWord>, example = json!(["lapsed"]))]
    state: Vec<State>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What the calendar will do to one membership.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Turning {
    /// The day from whose start it holds.
    pub on: NaiveDate,
    /// The state that is come into.
    #[schema(value_type = StateWord, example = "lapsed")]
    pub state: String,
    /// The membership.
    pub membership: Id,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(value_type = TypeWord, example = "full")]
    pub membership_type: String,
    /// Its organisation.
    pub organisation: OrganisationRef,
}

/// Lists what the calendar will do by a day if nobody does anything.
///
/// After today: whose grace days begin, who lapses, whose suspension ends. A membership has one row for a day, with the state in which
/// it is then: a suspension that ends in the grace days shows as `grace`. A simulation: nothing is written.
#[utoipa::path(
    tag = "memberships", operation_id = "list_calendar", security(("bearer" = [])), params(CalendarQuery),
    responses((status = 200, description = "A page of coming turns", body = Page<Turning>), docs::OfficerDays)
)]
#[get("/calendar")]
pub(super) async fn list_calendar(
    request: HttpRequest,
    permit: Permit<ReadMemberships>,
    countries: web::Data<Countries>,
    query: Query<CalendarQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let after = after(query.query.cursor.as_deref(), &query.shape)?;
    let (shape, query) = (query.shape, query.query);
    if query
        .country
        .iter()
        .any(|c| countries.iter().all(|known| known.code != *c))
    {
        return Err(
            Error::new(Code::BadParameter, "country: is no country of the Platform")
                .at_field("country"),
        );
    }
    let page = permit
        .snapshot(move |conn, acting| {
            let today = acting.now().day();
            let last = today
                .checked_add_months(chrono::Months::new(120))
                .unwrap_or(NaiveDate::MAX);
            if query.through <= today || query.through > last {
                let text = format!("must lie after today and up to {last}");
                return Err(Error::field("through", text));
            }
            let wanted = Wanted {
                from: today,
                through: query.through,
                country: query.country,
                state: query.state,
                after,
            };
            let rows = page(conn, acting.reach(), &wanted, fetch_limit(limit))?;
            let key = |r: &(IntervalRow, OrganisationRow)| {
                vec![r.0.from_day.to_string(), r.0.membership_id.0.to_string()]
            };
            Ok(Page::of(rows, limit, &shape, key, turning))
        })
        .await?;
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, page.link(&request));
    Ok(response)
}

fn after(cursor: Option<&str>, shape: &[u8]) -> Result<Option<(NaiveDate, Id)>, Error> {
    let Some(key) = read_cursor(cursor, shape, 2)? else {
        return Ok(None);
    };
    let mut key = key.into_iter();
    let day = key.next().and_then(|day| crate::http::day::parse(&day));
    let id = key.next().and_then(|id| id.parse().ok());
    day.zip(id)
        .map(|(day, id)| Some((day, Id(id))))
        .ok_or_else(pages::bad_cursor)
}

fn turning((interval, organisation): (IntervalRow, OrganisationRow)) -> Turning {
    Turning {
        on: interval.from_day,
        state: interval.state,
        membership: interval.membership_id,
        membership_type: interval.membership_type,
        organisation: super::view::organisation(&organisation),
    }
}
