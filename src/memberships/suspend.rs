//! Suspending a member: its rights rest, its term runs on.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::acts::Act;
use super::dto::Proposed;
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
use crate::organisations::text::Reason;

/// Suspends a member.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Reports of two years are missing.", "until": "2027-03-31"}))]
pub struct Suspend {
    /// The last day of the suspension, ten years from its first at most; open when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub until: Option<NaiveDate>,
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

/// Proposes to suspend a member.
///
/// Another officer decides it at `/v1/proposals/{id}/decision`; until then nothing changes. The term runs on;
/// with an end date the suspension ends by the calendar.
#[utoipa::path(
    tag = "memberships", operation_id = "suspend_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Suspend, description = "What is proposed, and why"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/memberships/{id}/suspension")]
pub(super) async fn suspend_membership(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Suspend>,
) -> Result<HttpResponse, Error> {
    let proposing = Proposing {
        act: Act::Suspend,
        terms: Terms {
            until: body.body.until,
            effective_on: body.body.effective_on,
            evidence: body.body.evidence.clone(),
            ..Terms::default()
        },
        reason: body.body.reason.as_str().to_owned(),
        other_country: None,
    };
    propose_act(permit, once, seen, rules, id.0, body.hash, proposing).await
}
