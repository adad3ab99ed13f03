//! Opening an application.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;

use super::as_a_whole::{self, impossible};
use super::dto::{Apply, Membership};
use super::model::{EventKind, MembershipType};
use super::record::{self, Particulars};
use super::rules::Rules;
use super::{queries, view};
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit};
use crate::db::{Conn, Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::journal::Moment;
use crate::organisations::parse_number;
use crate::organisations::rows::OrganisationRow;

/// Opens an application for membership.
///
/// An organisation has at most one open membership of each type. The application and the organisation stay private until the
/// first active membership.
#[utoipa::path(
    tag = "memberships", operation_id = "apply_for_membership", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")
    ),
    request_body(content = Apply, description = "What is applied for"),
    responses((status = 201, description = "The membership, a draft", body = Membership), docs::Apply)
)]
#[post("/organisations/{number}/memberships")]
pub(super) async fn apply_for_membership(
    permit: Permit<acts::Apply>,
    _query: NoQuery,
    once: Once,
    rules: web::Data<Rules>,
    number: Path<String>,
    body: Json<Apply>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = as_a_whole::lock(tx, acting, &number, None)?;
            let held = open(tx, acting, &rules, &organisation, &body.body)?;
            let shown = view::membership(tx, &held, None, acting, Moment::of(acting.now().day()))?;
            Ok(Answer::json(201, &shown)?
                .version(held.row.revision)
                .location(format!("/v1/memberships/{}", held.row.id)))
        })
        .await?;
    Ok(answer.respond())
}

/// Opens an application for a locked organisation.
pub fn open(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    organisation: &OrganisationRow,
    body: &Apply,
) -> Result<queries::Held, Error> {
    let day = body.effective_on.unwrap_or_else(|| acting.now().day());
    as_a_whole::must_go_on(tx, acting, organisation)?;
    if let Some(why) = too_soon(
        tx,
        rules,
        organisation.id,
        (body.membership_type, day),
        None,
    )? {
        return Err(impossible(tx, acting, organisation, why));
    }
    let kind = EventKind::Applied {
        membership_type: body.membership_type,
        country: organisation.country.clone(),
    };
    let particulars = Particulars {
        effective_on: body.effective_on,
        reason: body.reason.clone().map(String::from),
        ..Particulars::default()
    };
    record::open(tx, acting, rules, organisation, kind, particulars)
}

/// Why an application cannot have this day, where the waiting time after a rejection is not over; `of` is the membership whose
/// application it is, where there is one already: what was decided of it, or later, is no reason.
pub fn too_soon(
    conn: &mut Conn,
    rules: &Rules,
    organisation_id: i64,
    (kind, day): (MembershipType, NaiveDate),
    of: Option<Id>,
) -> Result<Option<String>, Error> {
    let before = of.map(|id| (id, day));
    let found = queries::last_rejection(conn, organisation_id, kind.as_str(), before)?;
    let Some(rejected) = found else {
        return Ok(None);
    };
    let from = rules.at(kind, day).may_apply_from(rejected);
    Ok((day < from).then(|| {
        format!(
            "an application ({0}) was rejected on {rejected}; the organisation may apply for that type again from {from} on",
            kind.as_str()
        )
    }))
}
