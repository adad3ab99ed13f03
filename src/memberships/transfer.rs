//! Moving an organisation to another country: its number and memberships stay.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::acts::Act;
use super::as_a_whole::{self, impossible};
use super::consent;
use super::dto::{Decide, Proposed};
use super::machine;
use super::model::{EventKind, State};
use super::on_organisation::{self, Open, begin, must_be_taken_by_all, record_on_all};
use super::propose::{Proposing, check_evidence};
use super::proposed::Terms;
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::view;
use crate::auth::policy::acts::Propose;
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::organisations::moves::Moves;
use crate::organisations::past;
use crate::organisations::rows::OrganisationRow;
use crate::organisations::text::Reason;
use crate::organisations::{RegistryNumber, change, parse_number};

/// Moves an organisation to another country.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_country": "TR", "reason": "The seat was moved to Ankara.", "evidence": [1]}))]
pub struct TransferOrganisation {
    /// The Platform's code of the new country.
    #[schema(value_type = crate::countries::CountryCode, example = "TR")]
    pub to_country: String,
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

/// Proposes to move an organisation to another country.
///
/// Officers of both countries agree and the secretariat decides, at `/v1/proposals/{id}/decision`. The registry number and the
/// memberships stay.
#[utoipa::path(
    tag = "memberships", operation_id = "transfer_organisation", security(("bearer" = [])),
    params(("number" = RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = TransferOrganisation, description = "Where to, and why"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/organisations/{number}/transfer")]
pub(super) async fn transfer_organisation(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    reference: (web::Data<Countries>, web::Data<Rules>),
    number: Path<String>,
    body: Json<TransferOrganisation>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let (countries, rules) = reference;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = as_a_whole::lock(tx, acting, &number, Some(&seen))?;
            let body = &body.body;
            as_a_whole::must_go_on(tx, acting, &organisation)?;
            let of = organisation.id;
            on_organisation::check_day(tx, (&rules, acting), of, body.effective_on)?;
            let day = body.effective_on.unwrap_or_else(|| acting.now().day());
            must_follow_the_last(tx, acting, &organisation, day)?;
            let to = &body.to_country;
            if countries.iter().all(|c| c.code != *to) {
                return Err(Error::field("/to_country", "is no country of the Platform"));
            }
            if *to == organisation.country {
                return Err(Error::field("/to_country", "is the country where it is"));
            }
            check_evidence(tx, organisation.id, "/evidence", &body.evidence)?;
            record::lock_whole(tx, &[organisation.id])?;
            let particulars = Particulars {
                effective_on: body.effective_on,
                reason: Some(body.reason.as_str().to_owned()),
                ..Particulars::default()
            };
            let kind = EventKind::Transferred {
                to_country: to.clone(),
            };
            let asked = (&**rules, acting);
            must_be_taken_by_all(tx, asked, &organisation, &kind, takes, &particulars)?;
            let proposing = Proposing {
                act: Act::Transfer,
                terms: Terms {
                    to_country: Some(to.clone()),
                    effective_on: body.effective_on,
                    evidence: body.evidence.clone(),
                    needs: consent::needed(acting, &organisation.country, to),
                    ..Terms::default()
                },
                reason: body.reason.as_str().to_owned(),
                other_country: Some(to.clone()),
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

/// Refuses a day before an earlier transfer: from there the organisation would have moved on to where it is no more.
fn must_follow_the_last(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
    day: NaiveDate,
) -> Result<(), Error> {
    let last = Moves::of(tx, organisation)?.days().max();
    let Some(last) = last.filter(|last| day < *last) else {
        return Ok(());
    };
    let text = format!(
        "the organisation moved to {} on {last}; a further transfer holds from that day or a later one",
        organisation.country
    );
    Err(impossible(tx, acting, organisation, text))
}

fn takes(state: State) -> bool {
    machine::is_possible(state, Act::Transfer)
}

/// Decides on a transfer: the organisation's country changes, and each of its memberships records it.
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
    let to_country = super::propose::terms(&proposal)?
        .to_country
        .ok_or_else(|| Error::internal("a transfer to nowhere"))?;
    let particulars = on_organisation::particulars(&proposal, body)?;
    let day = particulars
        .effective_on
        .unwrap_or_else(|| acting.now().day());
    must_follow_the_last(tx, acting, &organisation, day)?;
    let (closed, _) = change::apply(
        tx,
        acting,
        &organisation,
        past::TRANSFERRED,
        |tx, entry, row| {
            change::move_to(tx, entry, row, &to_country)?;
            if let Some(day) = particulars.effective_on {
                entry.note("effective_on", serde_json::json!(day));
            }
            super::decide::write_decision(tx, acting, entry, &proposal, body)
        },
    )?;
    let kind = EventKind::Transferred { to_country };
    record_on_all(
        tx,
        acting,
        rules,
        organisation.id,
        &kind,
        takes,
        &particulars,
    )?;
    Ok(closed)
}
