//! Gives an application back to the queue.

use actix_web::{HttpResponse, post, web};

use super::dto::{Membership, PlainAct};
use super::handlers::act;
use super::machine::Act;
use super::model::EventKind;
use super::queries::Held;
use super::recommend::speaks_for_review;
use super::record;
use super::rules::Rules;
use crate::auth::policy::acts::Review;
use crate::auth::{Acting, Permit, Role};
use crate::db::{Id, Tx};
use crate::http::idempotency::Once;
use crate::http::tags::IfMatch;
use crate::http::{Code, Error, Json, NoQuery, Path, docs};

/// Gives an application back to the queue.
///
/// Its reviewer, or the secretariat, releases it; somebody else may then take it.
#[utoipa::path(
    tag = "memberships", operation_id = "release_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = PlainAct, description = "What the act says"),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/release")]
pub(super) async fn release_membership(
    permit: Permit<Review>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<PlainAct>,
) -> Result<HttpResponse, Error> {
    act(permit, once, seen, rules, id.0, body, release).await
}

/// Only the reviewer gives it back; the secretariat may for any other, and everybody for one who can no longer act.
fn release(tx: &mut Tx<'_>, acting: &Acting, held: &Held) -> Result<EventKind, Error> {
    record::must_be_in_its_state(tx, held, acting, Act::ReleaseReview)?;
    let own = speaks_for_review(tx, held, acting)?;
    if own || acting.principal().role() == Some(Role::Secretariat) {
        return Ok(EventKind::ReviewReleased {});
    }
    Err(Error::new(
        Code::Forbidden,
        "only its reviewer or the secretariat can release an application",
    ))
}
