//! Merging an organisation into another: its memberships end, its number goes on as the successor's.
//!
//! A member's standing is not lost unseen: where the organisation that ends is a member of a type, the one that goes on has to
//! be a member of that type too.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::acts::Act;
use super::as_a_whole::{self, impossible};
use super::consent;
use super::dto::{Decide, Proposed};
use super::merges;
use super::model::{EventKind, State};
use super::on_organisation::{self, Open, begin, must_be_taken_by_all, record_on_all};
use super::propose::{Proposing, check_evidence};
use super::proposed::Terms;
use super::queries;
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::view;
use crate::auth::policy::acts::Propose;
use crate::auth::{Acting, Permit};
use crate::db::schema::{organisation_identifiers, organisations as table};
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::organisations;
use crate::organisations::rows::{IdentifierRow, OrganisationRow};
use crate::organisations::text::Reason;
use crate::organisations::{RegistryNumber, change, parse_number};

/// Merges an organisation into another.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"successor": "OTS-7K3M9Q2-54", "reason": "Both general assemblies voted for the merger.", "evidence": [1]}))]
pub struct MergeOrganisation {
    /// The registry number of the organisation that goes on.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub successor: String,
    /// Why.
    pub reason: Reason,
    /// The day from whose start it holds; the day of the decision when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Items of the organisation's evidence.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub evidence: Vec<i32>,
}

/// Proposes to merge an organisation into another.
///
/// The secretariat decides, at `/v1/proposals/{id}/decision`, and across a border officers of both countries agree first. The
/// number of the organisation that ends leads to its successor from then on.
#[utoipa::path(
    tag = "memberships", operation_id = "merge_organisation", security(("bearer" = [])),
    params(("number" = RegistryNumber, Path, description = "Registry number of the organisation that ends", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = MergeOrganisation, description = "Into which, and why"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/organisations/{number}/merge")]
pub(super) async fn merge_organisation(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    number: Path<String>,
    body: Json<MergeOrganisation>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = as_a_whole::lock(tx, acting, &number, Some(&seen))?;
            let body = &body.body;
            as_a_whole::must_go_on(tx, acting, &organisation)?;
            let of = organisation.id;
            on_organisation::check_day(tx, (&rules, acting), of, body.effective_on)?;
            let successor = successor(tx, acting, &organisation, &body.successor)?;
            check_evidence(tx, organisation.id, "/evidence", &body.evidence)?;
            let day = body.effective_on.unwrap_or_else(|| acting.now().day());
            on_organisation::must_end_all(tx, (&rules, acting), &organisation, day)?;
            must_go_on(tx, (&rules, acting), &organisation, &successor, day)?;
            record::lock_whole(tx, &[organisation.id])?;
            let particulars = Particulars {
                effective_on: body.effective_on,
                reason: Some(body.reason.as_str().to_owned()),
                ..Particulars::default()
            };
            let kind = EventKind::Merged {
                successor: successor.number.clone(),
            };
            let asked = (&**rules, acting);
            must_be_taken_by_all(
                tx,
                asked,
                &organisation,
                &kind,
                State::is_open,
                &particulars,
            )?;
            let crosses = successor.country != organisation.country;
            let proposing = Proposing {
                act: Act::Merge,
                terms: Terms {
                    successor: Some(successor.number.clone()),
                    effective_on: body.effective_on,
                    evidence: body.evidence.clone(),
                    needs: if crosses {
                        consent::needed(acting, &organisation.country, &successor.country)
                    } else {
                        Vec::new()
                    },
                    ..Terms::default()
                },
                reason: body.reason.as_str().to_owned(),
                other_country: crosses.then(|| successor.country.clone()),
            };
            let proposal = on_organisation::propose(tx, acting, &organisation, &proposing)?;
            let shown = Proposed {
                proposal: view::proposal(&proposal, &organisation)?,
                membership: None,
            };
            Ok(Answer::json(202, &shown)?.location(format!("/v1/proposals/{}", proposal.id)))
        })
        .await?;
    Ok(answer.respond())
}

/// The organisation that goes on: one that the proposer may know of.
fn successor(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
    number: &str,
) -> Result<OrganisationRow, Error> {
    let none = || Error::field("/successor", "is no organisation that you can see");
    let number: RegistryNumber = number.parse().map_err(|_| none())?;
    let today = acting.now().day();
    let found =
        organisations::queries::by_number(tx, acting.reach(), today, &number).map_err(|error| {
            match error.code() {
                Code::NotFound => none(),
                _ => error,
            }
        })?;
    if found.id == organisation.id {
        return Err(Error::field("/successor", "is the organisation itself"));
    }
    if found.merged_into.is_some() || found.dissolved_on.is_some() {
        return Err(Error::field(
            "/successor",
            "was merged or dissolved itself; name the organisation that goes on",
        ));
    }
    Ok(found)
}

/// What the organisation that ends is to everybody, its successor has to be too: a member of the type where it is one, and public
/// where it is public.
pub(super) fn must_go_on(
    tx: &mut Tx<'_>,
    (rules, acting): (&Rules, &Acting),
    organisation: &OrganisationRow,
    successor: &OrganisationRow,
    day: NaiveDate,
) -> Result<(), Error> {
    for row in queries::of_organisation(tx, organisation.id)? {
        let ledger = super::fold::fold(&queries::events(tx, row.id)?, rules);
        // One that begins later ends on its own first day.
        let Some(ends) = ledger.intervals.first().map(|first| first.from.max(day)) else {
            continue;
        };
        let held = ledger.interval_on(ends).filter(|i| i.state.is_member());
        if let Some(kind) = held.map(|i| i.membership_type)
            && !queries::is_member(tx, successor.id, (kind, ends), None)?
        {
            let text = merges::not_going_on(kind, ends);
            return Err(impossible(tx, acting, organisation, text));
        }
    }
    if organisation.public_from.is_some() && successor.public_from.is_none() {
        return Err(impossible(
            tx,
            acting,
            organisation,
            "the organisation is public and its successor is not, so that its number would lead nowhere; merge the other way round, or admit the successor first",
        ));
    }
    Ok(())
}

/// The organisation that a merge named as the one that goes on.
pub(super) fn successor_of(tx: &mut Tx<'_>, number: &str) -> Result<OrganisationRow, Error> {
    Ok(table::table
        .filter(table::number.eq(number))
        .first(&mut **tx)?)
}

/// Decides on a merge: the memberships end, and the number, its names and its identifiers lead on. The identifiers no longer keep
/// the successor from having them itself; others they still do (`organisations/merged.rs`).
pub(super) fn decide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Decide,
) -> Result<ProposalRow, Error> {
    let Open {
        proposal,
        organisation,
    } = match begin(tx, acting, rules, id, body)? {
        Ok(open) => open,
        Err(closed) => return Ok(closed),
    };
    let number = super::propose::terms(&proposal)?
        .successor
        .ok_or_else(|| Error::internal("a merge into nothing"))?;
    // Looked at again under its lock: it may have ended meanwhile.
    let successor = successor(tx, acting, &organisation, &number)?;
    let particulars = on_organisation::particulars(&proposal, body)?;
    let day = particulars
        .effective_on
        .unwrap_or_else(|| acting.now().day());
    on_organisation::must_end_all(tx, (rules, acting), &organisation, day)?;
    must_go_on(tx, (rules, acting), &organisation, &successor, day)?;
    let kind = EventKind::Merged { successor: number };
    record_on_all(
        tx,
        acting,
        rules,
        organisation.id,
        &kind,
        State::is_open,
        &particulars,
    )?;
    let before: OrganisationRow = table::table.find(organisation.id).first(&mut **tx)?;
    let (closed, _) = change::apply(
        tx,
        acting,
        &before,
        "organisation.merged",
        |tx, entry, row| {
            row.merged_into = Some(successor.id);
            row.merged_on = Some(day);
            entry.note("successor", serde_json::json!(successor.number));
            entry.note("effective_on", serde_json::json!(day));
            for identifier in organisations::queries::identifiers(tx, row.id)? {
                if !identifier.exclusive {
                    continue;
                }
                let shared = IdentifierRow {
                    exclusive: false,
                    seq: entry.seq(),
                    ..identifier.clone()
                };
                diesel::update(
                    organisation_identifiers::table
                        .find((identifier.organisation_id, identifier.item)),
                )
                .set(&shared)
                .execute(&mut **tx)?;
                entry.changed(&identifier, &shared)?;
            }
            super::decide::write_decision(tx, acting, entry, &proposal, body)
        },
    )?;
    Ok(closed)
}
