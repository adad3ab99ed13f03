//! Leaving by the member's own letter.

use actix_web::{HttpResponse, post, web};

use super::dto::{Membership, PlainAct};
use super::handlers::act;
use super::model::EventKind;
use super::propose::must_say_how_it_is_known;
use super::queries::Held;
use super::rules::Rules;
use crate::auth::policy::acts::Maintain;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx};
use crate::http::idempotency::Once;
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};

/// Records that a member leaves.
///
/// The coordinator confirms the member's letter: a reason or evidence says how it is known. The organisation may apply again, and then
/// counts as joined.
#[utoipa::path(
    tag = "memberships", operation_id = "withdraw_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = PlainAct, description = "Since when, and how it is known: a reason, or evidence", example = json!({"reason": "The member's letter of 3 March."})),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/withdrawal")]
pub(super) async fn withdraw_membership(
    permit: Permit<Maintain>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<PlainAct>,
) -> Result<HttpResponse, Error> {
    let said = body.body.clone();
    let kind = move |_: &mut Tx<'_>, _: &Acting, _: &Held| {
        must_say_how_it_is_known(&said)?;
        Ok(EventKind::Withdrawn {})
    };
    act(permit, once, seen, rules, id.0, body, kind).await
}
