//! Excluding a member.

use actix_web::{HttpResponse, post, web};

use super::acts::Act;
use super::dto::{ProposeAct, Proposed};
use super::handlers::propose_act;

use super::propose::Proposing;
use super::proposed::Terms;
use super::rules::Rules;
use crate::auth::Permit;
use crate::auth::policy::acts::Propose;
use crate::db::Id;
use crate::http::idempotency::Once;
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};

/// Proposes to expel a member.
///
/// Another officer decides it at `/v1/proposals/{id}/decision`; until then nothing changes.
#[utoipa::path(
    tag = "memberships", operation_id = "expel_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = ProposeAct, description = "What is proposed, and why"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/memberships/{id}/expulsion")]
pub(super) async fn expel_membership(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<ProposeAct>,
) -> Result<HttpResponse, Error> {
    let proposing = Proposing {
        act: Act::Expel,
        terms: Terms {
            effective_on: body.body.effective_on,
            evidence: body.body.evidence.clone(),
            ..Terms::default()
        },
        reason: body.body.reason.as_str().to_owned(),
        other_country: None,
    };
    propose_act(permit, once, seen, rules, id.0, body.hash, proposing).await
}
