//! Hands an application in.

use actix_web::{HttpResponse, post, web};

use super::dto::{Membership, PlainAct};
use super::handlers::act;
use super::model::EventKind;
use super::queries::Held;
use super::record;
use super::rules::Rules;
use crate::auth::policy::acts::Apply;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx};
use crate::http::idempotency::Once;
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};
use crate::organisations;

/// Hands an application in.
///
/// Possible from `draft`, and from `returned` with the answers. The rules may ask for evidence first.
#[utoipa::path(
    tag = "memberships", operation_id = "submit_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = PlainAct, description = "What the act says"),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/submit")]
pub(super) async fn submit_membership(
    permit: Permit<Apply>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<PlainAct>,
) -> Result<HttpResponse, Error> {
    let asked = rules.clone();
    let kind = move |tx: &mut Tx<'_>, acting: &Acting, held: &Held| {
        must_have_evidence(tx, acting, &asked, held)?;
        Ok(EventKind::Submitted {})
    };
    act(permit, once, seen, rules, id.0, body, kind).await
}

/// The rules may name kinds of evidence without which an application is not handed in.
fn must_have_evidence(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
) -> Result<(), Error> {
    let today = acting.now().day();
    let Some(interval) = held.ledger.intervals.last() else {
        return Ok(());
    };
    let required = &rules.at(interval.membership_type, today).required_evidence;
    if required.is_empty() {
        return Ok(());
    }
    let there = organisations::queries::evidence(tx, held.organisation.id)?;
    let missing: Vec<&str> = required
        .iter()
        .map(String::as_str)
        .filter(|kind| !there.iter().any(|e| e.kind == *kind))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "evidence is missing that the rules ask for: {}",
        missing.join(", ")
    );
    Err(record::act_not_possible(tx, held, acting, text)
        .with("missing_evidence", serde_json::json!(missing)))
}
