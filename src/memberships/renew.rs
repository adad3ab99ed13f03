//! Renewing: the next term begins where the running one ends.

use actix_web::{HttpResponse, post, web};

use super::dto::{Membership, PlainAct};
use super::handlers::act;
use super::model::EventKind;
use super::rules::Rules;
use crate::auth::Permit;
use crate::auth::policy::acts::Maintain;
use crate::db::Id;
use crate::http::idempotency::Once;
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};

/// Renews a membership.
///
/// The next term is added at the end of the running one, in the grace days too, while no more than one whole term is to go. Many at
/// once: `POST /v1/renewals`.
#[utoipa::path(
    tag = "memberships", operation_id = "renew_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = PlainAct, description = "What the act says"),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/renewal")]
pub(super) async fn renew_membership(
    permit: Permit<Maintain>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<PlainAct>,
) -> Result<HttpResponse, Error> {
    act(permit, once, seen, rules, id.0, body, |_, _, _| {
        Ok(EventKind::Renewed {})
    })
    .await
}
