//! Reading memberships and proposals, and the frame of the acts that one person may do.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::dto::{
    Membership, MembershipItem, PlainAct, ProposalStatus, ProposalView, Proposed, STATUSES,
};
use super::model::{EventKind, MembershipType, State};
use super::propose::{Proposing, as_it_stands, check_evidence, has_fallen, propose};
use super::queries::{self, Held, Wanted};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::{seen, view};
use crate::auth::policy::{Act, acts};
use crate::auth::reads::What;
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{self, Page, fetch_limit, limit_or_default, read_cursor};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, Query, cached_public, docs, private};
use crate::journal::Moment;
use crate::journal::moment::{self, KnownAt};
use crate::organisations::dto::MembershipSummary;
use crate::organisations::merged::{self, Stands};
use crate::organisations::model::{StateWord, TypeWord};
use crate::organisations::{self, parse_number};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_organisation_memberships)
        .service(super::apply::apply_for_membership)
        .service(list_memberships)
        .service(get_membership)
        .service(super::submit::submit_membership)
        .service(super::withdraw_application::withdraw_application)
        .service(super::review::review_membership)
        .service(super::release::release_membership)
        .service(super::reassign::reassign_membership)
        .service(super::return_application::return_membership)
        .service(super::recommend::recommend_membership)
        .service(super::renew::renew_membership)
        .service(super::renew_many::renew_memberships)
        .service(super::withdraw::withdraw_membership)
        .service(super::suspend::suspend_membership)
        .service(super::lift::lift_suspension)
        .service(super::expel::expel_membership)
        .service(super::reinstate::reinstate_membership)
        .service(super::change_type::change_membership_type)
        .service(super::correct::correct_membership)
        .service(super::transfer::transfer_organisation)
        .service(super::merge::merge_organisation)
        .service(super::unmerge::unmerge_organisation)
        .service(super::dissolve::dissolve_organisation)
        .service(super::withdraw_dissolution::withdraw_dissolution)
        .service(list_proposals)
        .service(super::tasks::list_tasks)
        .service(super::calendar::list_calendar)
        .service(get_proposal)
        .service(super::decide::decide_proposal)
        .service(super::retract::retract_proposal);
}

/// The membership as the answer of an act.
pub(super) fn shown(
    tx: &mut Tx<'_>,
    held: &Held,
    open: Option<&ProposalRow>,
    acting: &Acting,
    status: u16,
) -> Result<Answer, Error> {
    let now = Moment::of(acting.now().day());
    Ok(
        Answer::json(status, &view::membership(tx, held, open, acting, now)?)?
            .version(held.row.revision),
    )
}

/// An act of one person that says nothing but its day and reason.
pub(super) async fn act<A: Act + 'static>(
    permit: Permit<A>,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Id,
    body: Json<PlainAct>,
    kind: impl Fn(&mut Tx<'_>, &Acting, &Held) -> Result<EventKind, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let held = record::lock(tx, acting, &rules, id, Some(&seen))?;
            let kind = kind(tx, acting, &held)?;
            check_evidence(tx, held.organisation.id, "/evidence", &body.body.evidence)?;
            let particulars = Particulars {
                effective_on: body.body.effective_on,
                reason: body.body.reason.clone().map(String::from),
                evidence: body.body.evidence.clone(),
                ..Particulars::default()
            };
            let next = record::record(tx, acting, &rules, &held, kind, particulars, |_, _, _| {
                Ok(())
            })?;
            shown(tx, &next, None, acting, 200)
        })
        .await?;
    Ok(answer.respond())
}

/// An act that a second officer has to decide.
pub(super) async fn propose_act(
    permit: Permit<acts::Propose>,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Id,
    body_hash: Vec<u8>,
    proposing: Proposing,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body_hash, Keep::Answer, move |tx, acting| {
            let held = record::lock(tx, acting, &rules, id, Some(&seen))?;
            let proposal = propose(tx, acting, &rules, &held, proposing.clone())?;
            let now = Moment::of(acting.now().day());
            let shown = Proposed {
                proposal: view::proposal(&proposal, &held.organisation)?,
                membership: Some(view::membership(tx, &held, Some(&proposal), acting, now)?),
            };
            Ok(Answer::json(202, &shown)?
                .version(held.row.revision)
                .location(format!("/v1/proposals/{}", proposal.id)))
        })
        .await?;
    Ok(answer.respond())
}

/// What is public of an organisation's memberships.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct OrganisationMemberships {
    /// Memberships that stand or stood.
    items: Vec<MembershipSummary>,
    /// The memberships themselves, applications included: for officers of the country, the secretariat and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<Id>>,
}

/// Lists an organisation's memberships.
///
/// The public sees what stands or stood; applications are never public.
#[utoipa::path(
    tag = "memberships", operation_id = "list_organisation_memberships", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The memberships", body = OrganisationMemberships), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/memberships")]
async fn list_organisation_memberships(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    number: Path<String>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let found = permit
        .snapshot(move |conn, acting| {
            let today = acting.now().day();
            let row = match merged::by_number(conn, acting.reach(), today, &number)? {
                Stands::Itself(row) => row,
                Stands::LeadsTo(led) => return Ok(Err(led)),
            };
            let items = organisations::queries::memberships_of(conn, &[row.id], Moment::of(today))?
                .remove(&row.id)
                .unwrap_or_default();
            let ids = if acting.reach().covers(&row.country) {
                Some(
                    queries::of_organisation(conn, row.id)?
                        .into_iter()
                        .map(|m| m.id)
                        .collect(),
                )
            } else {
                None
            };
            Ok(Ok(OrganisationMemberships { items, ids }))
        })
        .await?;
    let found = match found {
        Err(led) => return Ok(organisations::redirect(&led, "/memberships", "")),
        Ok(found) => found,
    };
    if found.ids.is_some() {
        private(&request, None, &found)
    } else {
        cached_public(&request, &found)
    }
}

/// Which memberships.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Country; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<crate::countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// State at the moment; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<StateWord>, example = json!(["submitted"]))]
    state: Vec<State>,
    /// Type; repeat for any of several.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<TypeWord>, example = json!(["full"]))]
    membership_type: Vec<MembershipType>,
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    /// The day on which states are judged; today when absent.
    #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
    as_of: Option<NaiveDate>,
    /// What was recorded by then counts: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists memberships, those that wait longest first.
///
/// A coordinator sees those of the own country. Asked for applications by `state`, they come in the order in which they have
/// waited; otherwise in the order of their last change.
#[utoipa::path(
    tag = "memberships", operation_id = "list_memberships", security(("bearer" = [])), params(ListQuery),
    responses((status = 200, description = "A page of memberships", body = Page<MembershipItem>), docs::OfficerDays)
)]
#[get("/memberships")]
async fn list_memberships(
    request: HttpRequest,
    permit: Permit<acts::ReadMemberships>,
    countries: web::Data<Countries>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    crate::organisations::known_countries(&countries, &query.query.country)?;
    let limit = limit_or_default(query.query.limit)?;
    let after = place(query.query.cursor.as_deref(), &query.shape)?;
    let (shape, query) = (query.shape, query.query);
    let page = permit
        .snapshot(move |conn, acting| {
            let today = acting.now().day();
            let at = moment::resolve(conn, query.as_of, query.known_at, acting.now())?;
            let wanted = Wanted {
                country: query.country,
                state: query.state,
                membership_type: query
                    .membership_type
                    .iter()
                    .map(|t| t.as_str().to_owned())
                    .collect(),
                after,
            };
            let by_waiting = wanted.by_waiting(at, today);
            let (reach, most) = (acting.reach(), fetch_limit(limit));
            let mut rows = if by_waiting {
                let codes: Vec<String> = countries.iter().map(|c| c.code.clone()).collect();
                queries::page_by_waiting(conn, reach, today, &codes, &wanted, most)?
            } else {
                queries::page(conn, reach, at, &wanted, most)?
            };
            view::as_of_its_day(conn, &mut rows, (at.day, today))?;
            let key = |r: &queries::QueueRow| {
                let first = if by_waiting {
                    r.2.from_day.to_string()
                } else {
                    r.0.updated_at.to_string()
                };
                vec![first, r.0.id.0.to_string()]
            };
            Ok(Page::of(rows, limit, &shape, key, view::item))
        })
        .await?;
    paged(&request, &page)
}

fn place(cursor: Option<&str>, shape: &[u8]) -> Result<Option<(String, i64)>, Error> {
    let Some(key) = read_cursor(cursor, shape, 2)? else {
        return Ok(None);
    };
    match key.as_slice() {
        [first, id] => {
            let id = id.parse().map_err(|_| pages::bad_cursor())?;
            Ok(Some((first.clone(), id)))
        }
        _ => Err(pages::bad_cursor()),
    }
}

/// Reads a cursor of an instant (µs) and an id.
pub(super) fn instant_and_id(
    cursor: Option<&str>,
    shape: &[u8],
) -> Result<Option<(i64, i64)>, Error> {
    let Some(key) = read_cursor(cursor, shape, 2)? else {
        return Ok(None);
    };
    let numbers: Vec<i64> = key.iter().filter_map(|k| k.parse().ok()).collect();
    match numbers.as_slice() {
        [at, id] => Ok(Some((*at, *id))),
        _ => Err(pages::bad_cursor()),
    }
}

fn paged<T: serde::Serialize>(
    request: &HttpRequest,
    page: &Page<T>,
) -> Result<HttpResponse, Error> {
    let mut response = private(request, None, page)?;
    pages::set_link(&mut response, page.link(request));
    Ok(response)
}

/// Which moment.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MomentQuery {
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    /// The day on which state and standing are judged; today when absent.
    #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
    as_of: Option<NaiveDate>,
    /// What was recorded by then counts: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
}

/// Reads one membership with its ledger.
///
/// The events in the order of their recording, the timeline that they fold to, and the acts that are possible now. With
/// `known_at`, the ledger as it was known then: its tag is of that past and no good for `If-Match`.
#[utoipa::path(
    tag = "memberships", operation_id = "get_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), MomentQuery),
    responses((status = 200, description = "The membership", body = Membership), docs::OfficerRead)
)]
#[get("/memberships/{id}")]
async fn get_membership(
    request: HttpRequest,
    permit: Permit<acts::ReadMemberships>,
    rules: web::Data<Rules>,
    id: Path<Id>,
    query: Query<MomentQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let past = query.as_of.is_some() || query.known_at.is_some();
    let found = permit
        .snapshot(move |conn, acting| {
            let at = moment::resolve(conn, query.as_of, query.known_at, acting.now())?;
            let mut held = queries::held_at(conn, acting.reach(), &rules, id.0, at.known)?;
            // Before its first day there is none, whatever is known of it now.
            if query.as_of.is_some() && held.ledger.interval_on(at.day).is_none() {
                return Err(Error::not_found("membership"));
            }
            acting.saw(What::Membership, format!("membership:{}", id.0), 1);
            if let Some(seq) = at.known {
                let number = held.organisation.number.clone();
                let mut then =
                    organisations::past::legal_names(conn, std::slice::from_ref(&number), seq)?;
                if let Some(name) = then.remove(&number) {
                    held.organisation.name = name;
                }
                return view::membership(conn, &held, None, acting, at);
            }
            let open = match queries::open_proposal(conn, id.0)? {
                Some(open) if !has_fallen(conn, &open, &held, acting)? => Some(open),
                _ => None,
            };
            view::membership(conn, &held, open.as_ref(), acting, at)
        })
        .await?;
    private(&request, (!past).then_some(found.revision), &found)
}

/// Which proposals.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProposalQuery {
    /// `open`, `approved`, `refused`, `sent_back`, `retracted` or `fallen`.
    #[param(value_type = Option<ProposalStatus>, example = "open")]
    status: Option<String>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists proposals, oldest first.
///
/// Acts that wait for a second officer, and those that were closed.
#[utoipa::path(
    tag = "memberships", operation_id = "list_proposals", security(("bearer" = [])), params(ProposalQuery),
    responses((status = 200, description = "A page of proposals", body = Page<ProposalView>), docs::OfficerList)
)]
#[get("/proposals")]
async fn list_proposals(
    request: HttpRequest,
    permit: Permit<acts::ReadMemberships>,
    rules: web::Data<Rules>,
    query: Query<ProposalQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let after = instant_and_id(query.query.cursor.as_deref(), &query.shape)?;
    let (shape, query) = (query.shape, query.query);
    if query
        .status
        .as_deref()
        .is_some_and(|s| !STATUSES.contains(&s))
    {
        return Err(Error::new(
            Code::BadParameter,
            format!("status: must be one of {}", STATUSES.join(", ")),
        )
        .at_field("status"));
    }
    let page = permit
        .snapshot(move |conn, acting| {
            // One that fell unseen is open in its row.
            let statuses: Vec<&str> = match query.status.as_deref() {
                None => Vec::new(),
                Some("fallen") => vec!["fallen", "open"],
                Some(status) => vec![status],
            };
            let wanted = fetch_limit(limit);
            let (mut found, mut after) = (Vec::new(), after);
            loop {
                let rows = queries::proposals_page(conn, acting.reach(), &statuses, after, wanted)?;
                let full = rows.len() == usize::try_from(wanted).unwrap_or(usize::MAX);
                let Some((last, _)) = rows.last() else { break };
                after = Some((last.proposed_at, last.id.0));
                for (row, organisation) in rows {
                    let row = as_it_stands(conn, acting, &rules, row, &organisation)?;
                    // One that fell since shows among all, not among the open ones.
                    if query.status.as_ref().is_some_and(|s| *s != row.status) {
                        continue;
                    }
                    let shown = seen::proposal(conn, &row, &organisation, acting)?;
                    found.extend(shown.map(|shown| ((row.proposed_at, row.id), shown)));
                }
                if !full || found.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
                    break;
                }
            }
            let key =
                |(key, _): &((i64, Id), ProposalView)| vec![key.0.to_string(), key.1.0.to_string()];
            let page = Page::of(found, limit, &shape, key, |(_, shown)| shown);
            for shown in &page.items {
                // One each, so that what was read of a proposal is found by its id.
                acting.saw(What::Membership, format!("proposal:{}", shown.id), 1);
            }
            Ok(page)
        })
        .await?;
    paged(&request, &page)
}

/// Reads one proposal.
///
/// Give its `revision` back in the decision.
#[utoipa::path(
    tag = "memberships", operation_id = "get_proposal", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The proposal", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The proposal", body = ProposalView), docs::OfficerRead)
)]
#[get("/proposals/{id}")]
async fn get_proposal(
    request: HttpRequest,
    permit: Permit<acts::ReadMemberships>,
    rules: web::Data<Rules>,
    id: Path<Id>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let found = permit
        .snapshot(move |conn, acting| {
            let row = queries::proposal(conn, acting.reach(), id.0)?;
            let organisation = organisations::queries::by_id(conn, row.organisation_id)?;
            let row = as_it_stands(conn, acting, &rules, row, &organisation)?;
            let shown = seen::proposal(conn, &row, &organisation, acting)?
                .ok_or_else(|| Error::not_found("proposal"))?;
            acting.saw(What::Membership, format!("proposal:{}", id.0), 1);
            Ok(shown)
        })
        .await?;
    private(&request, None, &found)
}
