//! Taking back the end of an organisation where no event of a membership stands behind it: a dissolution that closed nothing.
//!
//! One that closed something is corrected by its event, and the organisation follows.

use actix_web::{HttpResponse, post};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::as_a_whole::{self, impossible};
use super::record;
use crate::auth::policy::acts::Maintain;
use crate::auth::{Acting, Permit};
use crate::db::Tx;
use crate::db::schema::journal;
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::organisations::rows::OrganisationRow;
use crate::organisations::text::Reason;
use crate::organisations::{RegistryNumber, change, parse_number, past};

/// Takes a dissolution back.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The register struck off another organisation of this name."}))]
pub struct WithdrawDissolution {
    /// Why.
    pub reason: Reason,
}

/// An organisation that counts as never dissolved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotDissolved {
    /// Registry number.
    #[schema(value_type = RegistryNumber, example = "OTS-7K3M9Q2-54")]
    pub organisation: String,
    /// The organisation's version.
    #[schema(example = 8)]
    pub version: i32,
}

/// Takes a dissolution back that closed nothing.
///
/// It counts as never recorded, on the days that have passed, too; another day is recorded by dissolving it again. A dissolution that
/// closed a membership or an application is corrected by the event there.
#[utoipa::path(
    tag = "memberships", operation_id = "withdraw_dissolution", security(("bearer" = [])),
    params(("number" = RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = WithdrawDissolution, description = "Why"),
    responses((status = 200, description = "The organisation's new version", body = NotDissolved), docs::MembershipAct)
)]
#[post("/organisations/{number}/dissolution-withdrawal")]
pub(super) async fn withdraw_dissolution(
    permit: Permit<Maintain>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    number: Path<String>,
    body: Json<WithdrawDissolution>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = as_a_whole::lock(tx, acting, &number, Some(&seen))?;
            let done = take_back(tx, acting, &organisation, &body.body)?;
            Ok(Answer::json(200, &done)?.version(done.version))
        })
        .await?;
    Ok(answer.respond())
}

fn take_back(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
    body: &WithdrawDissolution,
) -> Result<NotDissolved, Error> {
    if organisation.dissolved_on.is_none() {
        return Err(impossible(
            tx,
            acting,
            organisation,
            "the organisation was not dissolved: there is nothing to take back",
        ));
    }
    record::lock_whole(tx, &[organisation.id])?;
    if let Some((id, no)) = as_a_whole::dissolving_event(tx, organisation.id)? {
        let text = format!("it closed the membership {id}: correct event {no} there instead");
        return Err(impossible(tx, acting, organisation, text)
            .with("membership", serde_json::json!(id))
            .with("events", serde_json::json!([no])));
    }
    let entry: i64 = journal::table
        .filter(journal::organisation.eq(&organisation.number))
        .filter(journal::action.eq(past::DISSOLVED))
        .order(journal::seq.desc())
        .select(journal::seq)
        .first(&mut **tx)?;
    let ((), row) = change::apply(
        tx,
        acting,
        organisation,
        "organisation.corrected",
        |_, journal, row| {
            row.dissolved_on = None;
            let restated = serde_json::json!({ "entry": entry, "effective_on": null });
            journal.note(past::RESTATES, restated);
            journal.note("reason", serde_json::json!(body.reason.as_str()));
            Ok(())
        },
    )?;
    Ok(NotDissolved {
        organisation: row.number,
        version: row.version,
    })
}
