//! The end of an organisation: closes whatever is open.

use actix_web::{HttpResponse, post, web};

use super::as_a_whole;
use super::dto::{Dissolved, PlainAct};
use super::model::{EventKind, State};
use super::on_organisation::{check_day, must_be_taken_by_all, must_end_all, record_on_all};
use super::propose::{check_evidence, must_say_how_it_is_known};
use super::record::{self, Particulars};
use super::rules::Rules;
use crate::auth::policy::acts::Maintain;
use crate::auth::{Acting, Permit};
use crate::db::Tx;
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{RegistryNumber, change, parse_number, past};

/// Records that an organisation was dissolved.
///
/// Closes its open memberships and applications as of that day; no others can be opened. Evidence or a reason says how it is
/// known.
#[utoipa::path(
    tag = "memberships", operation_id = "dissolve_organisation", security(("bearer" = [])),
    params(("number" = RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = PlainAct, description = "Since when, and how it is known: a reason, or evidence", example = json!({"reason": "Struck off the state register."})),
    responses((status = 200, description = "What was closed", body = Dissolved), docs::MembershipAct)
)]
#[post("/organisations/{number}/dissolution")]
pub(super) async fn dissolve_organisation(
    permit: Permit<Maintain>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    number: Path<String>,
    body: Json<PlainAct>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = as_a_whole::lock(tx, acting, &number, Some(&seen))?;
            let done = dissolve(tx, acting, &rules, &organisation, &body.body)?;
            Ok(Answer::json(200, &done)?.version(done.version))
        })
        .await?;
    Ok(answer.respond())
}

/// Dissolves a locked organisation.
pub fn dissolve(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    organisation: &OrganisationRow,
    body: &PlainAct,
) -> Result<Dissolved, Error> {
    as_a_whole::must_go_on(tx, acting, organisation)?;
    check_day(tx, (rules, acting), organisation.id, body.effective_on)?;
    let today = acting.now().day();
    let day = body.effective_on.unwrap_or(today);
    if day < today && body.reason.is_none() {
        return Err(Error::field("/reason", "is required for a day in the past"));
    }
    must_say_how_it_is_known(body)?;
    check_evidence(tx, organisation.id, "/evidence", &body.evidence)?;
    record::lock_whole(tx, &[organisation.id])?;
    must_end_all(tx, (rules, acting), organisation, day)?;
    let particulars = Particulars {
        effective_on: Some(day),
        reason: body.reason.clone().map(String::from),
        evidence: body.evidence.clone(),
        ..Particulars::default()
    };
    must_be_taken_by_all(
        tx,
        (rules, acting),
        organisation,
        &EventKind::Dissolved {},
        State::is_open,
        &particulars,
    )?;
    let ((), row) = change::apply(
        tx,
        acting,
        organisation,
        past::DISSOLVED,
        |_, entry, row| {
            row.dissolved_on = Some(day);
            entry.note("effective_on", serde_json::json!(day));
            if let Some(reason) = &particulars.reason {
                entry.note("reason", serde_json::json!(reason));
            }
            Ok(())
        },
    )?;
    let closed = record_on_all(
        tx,
        acting,
        rules,
        organisation.id,
        &EventKind::Dissolved {},
        State::is_open,
        &particulars,
    )?;
    Ok(Dissolved {
        organisation: row.number,
        dissolved_on: day,
        closed: u32::try_from(closed).unwrap_or(u32::MAX),
        version: row.version,
    })
}
