//! Giving a review to somebody else.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::dto::Membership;
use super::handlers::shown;
use super::model::EventKind;
use super::queries::Held;
use super::record::{self, Particulars};
use super::rules::Rules;
use crate::auth::Permit;
use crate::auth::policy::acts::Reassign;
use crate::db::schema::users;
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};
use crate::organisations::text::Reason;

/// Gives a review to somebody else.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reviewer": "3k7v0c5m2qxyz", "reason": "The reviewer is on leave."}))]
pub struct Reassignment {
    /// The account of the new reviewer: a coordinator of the organisation's country, or of the secretariat.
    pub reviewer: Id,
    /// Why.
    pub reason: Option<Reason>,
}

/// Gives a review to another reviewer.
///
/// The secretariat reassigns what its reviewer cannot go on with.
#[utoipa::path(
    tag = "memberships", operation_id = "reassign_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Reassignment, description = "To whom"),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/reassignment")]
pub(super) async fn reassign_membership(
    permit: Permit<Reassign>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Reassignment>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let held = record::lock(tx, acting, &rules, id.0, Some(&seen))?;
            must_be_able_to_review(tx, &held, body.body.reviewer)?;
            let kind = EventKind::ReviewReassigned {
                reviewer: format!("user:{}", body.body.reviewer),
            };
            let particulars = Particulars {
                reason: body.body.reason.clone().map(String::from),
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

fn must_be_able_to_review(tx: &mut Tx<'_>, held: &Held, reviewer: Id) -> Result<(), Error> {
    let found: Option<(String, Option<String>)> = users::table
        .find(reviewer)
        .filter(users::status.eq("active"))
        .select((users::role, users::country))
        .first(&mut **tx)
        .optional()?;
    let able = match found {
        Some((role, _)) if role == "secretariat" => true,
        Some((role, country)) => {
            role == "coordinator" && country.as_deref() == Some(&held.organisation.country)
        }
        None => false,
    };
    if able {
        Ok(())
    } else {
        Err(Error::field(
            "/reviewer",
            "is no active coordinator of the organisation's country, nor of the secretariat",
        ))
    }
}
