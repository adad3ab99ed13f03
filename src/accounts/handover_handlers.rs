//! Handing over the secretariat's office.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::handover::{self, NewHandover, Verdict};
use super::rows::HandoverRow;
use crate::auth::Permit;
use crate::auth::policy::acts::{HandOver, ReadHandovers};
use crate::db::{Id, Instant};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::Items;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs, private};
use crate::text::Reason;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_handovers)
        .service(propose_handover)
        .service(get_handover)
        .service(decide_handover)
        .service(retract_handover);
}

/// A handover to propose.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"successors": ["3k7v0c5m2qxyz", "4m8w1d6n3ryza"], "effective_on": "2027-01-01", "reason": "The office rotates to another country."}))]
struct ProposeHandover {
    /// The accounts that take the office: two at least, active, not in it.
    #[validate(length(min = 2, max = 20, message = "must name 2 to 20 accounts"))]
    #[schema(min_items = 2, max_items = 20)]
    successors: Vec<Id>,
    /// The day from whose start they hold it: today, or at most a year ahead.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[schema(value_type = crate::http::day::Day)]
    effective_on: NaiveDate,
    /// Why.
    reason: Reason,
}

/// What is decided.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HandoverVerdict {
    /// It is done, on its day.
    Approved,
    /// It is not done; needs a reason.
    Refused,
}

/// The decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "approved"}))]
struct DecideHandover {
    /// What is decided.
    outcome: HandoverVerdict,
    /// Why; required with a refusal.
    reason: Option<Reason>,
}

/// Why a handover is taken back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The date has changed."}))]
struct RetractHandover {
    /// Why.
    reason: Option<Reason>,
}

/// Where a handover stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HandoverStatus {
    /// Waits for a decision.
    Open,
    /// Waits for its day.
    Approved,
    /// Was refused.
    Refused,
    /// Was taken back.
    Retracted,
    /// Is done.
    Done,
    /// Could not be done on its day.
    Fallen,
}

/// A handover of the office.
#[derive(Debug, Serialize, ToSchema)]
struct Handover {
    /// Id.
    id: Id,
    /// The accounts that take the office.
    successors: Vec<Id>,
    /// The day from whose start they hold it.
    effective_on: NaiveDate,
    /// Why.
    #[schema(example = "The office rotates to another country.")]
    reason: String,
    /// Where it stands.
    #[schema(value_type = HandoverStatus)]
    status: String,
    /// Who proposed it.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    proposer: String,
    /// When.
    proposed_at: Instant,
    /// Who decided it, took it back, or found on its day that it could not be done.
    #[schema(example = "user:4m8w1d6n3ryza")]
    decider: Option<String>,
    /// When.
    decided_at: Option<Instant>,
    /// Why.
    decision_reason: Option<String>,
    /// Counts the changes, from 1.
    version: i32,
}

impl TryFrom<HandoverRow> for Handover {
    type Error = Error;
    fn try_from(row: HandoverRow) -> Result<Self, Error> {
        Ok(Self {
            id: Id(row.id),
            successors: row.successors()?,
            effective_on: row.effective_on,
            reason: row.reason,
            status: row.status,
            proposer: row.proposer,
            proposed_at: Instant(row.proposed_at),
            decider: row.decider,
            decided_at: row.decided_at.map(Instant),
            decision_reason: row.decision_reason,
            version: row.version,
        })
    }
}

fn answer(status: u16, row: HandoverRow) -> Result<Answer, Error> {
    let version = row.version;
    Ok(Answer::json(status, &Handover::try_from(row)?)?.version(version))
}

/// Lists handovers of the office.
///
/// Newest first.
#[utoipa::path(
    tag = "accounts", operation_id = "list_handovers", security(("bearer" = [])),
    responses((status = 200, description = "The handovers", body = Items<Handover>), docs::OfficerData)
)]
#[get("/handovers")]
async fn list_handovers(
    request: HttpRequest,
    permit: Permit<ReadHandovers>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let rows = permit.read(|conn, _| handover::list(conn)).await?;
    let items: Vec<Handover> = rows
        .into_iter()
        .map(Handover::try_from)
        .collect::<Result<_, _>>()?;
    private(&request, None, &Items { items })
}

/// Proposes to hand over the office.
///
/// On its day the named accounts become the secretariat, and everybody who held the office becomes an auditor. Another holder of
/// the office decides. One handover can be open or waiting for its day at a time.
#[utoipa::path(
    tag = "accounts", operation_id = "propose_handover", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-office-1")),
    request_body(content = ProposeHandover, description = "The handover"),
    responses((status = 201, description = "The handover", body = Handover), docs::Create)
)]
#[post("/handovers")]
async fn propose_handover(
    permit: Permit<HandOver>,
    _query: NoQuery,
    once: Once,
    body: Json<ProposeHandover>,
) -> Result<HttpResponse, Error> {
    let new = NewHandover {
        successors: body.body.successors,
        effective_on: body.body.effective_on,
        reason: body.body.reason,
    };
    let made = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let row = handover::propose(tx, acting, &new)?;
            let id = Id(row.id);
            Ok(answer(201, row)?.location(format!("/v1/handovers/{id}")))
        })
        .await?;
    Ok(made.respond())
}

/// Reads one handover.
///
/// Its status says whether it waits for a decision, for its day, or is done. One that could not be done on its day has fallen, and
/// `decision_reason` says why.
#[utoipa::path(
    tag = "accounts", operation_id = "get_handover", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The handover", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The handover", body = Handover), docs::OfficerRead)
)]
#[get("/handovers/{id}")]
async fn get_handover(
    request: HttpRequest,
    permit: Permit<ReadHandovers>,
    _query: NoQuery,
    id: Path<Id>,
) -> Result<HttpResponse, Error> {
    let row = permit
        .read(move |conn, _| handover::by_id(conn, id.0))
        .await?;
    private(&request, Some(row.version), &Handover::try_from(row)?)
}

/// Decides a handover.
///
/// Refused to its proposer, and where one of the two invited the other in the last 30 days. What is due today is done at once, which
/// ends the sessions of everybody who gets or loses the office, the decider's too. One whose day is past can only be refused.
#[utoipa::path(
    tag = "accounts", operation_id = "decide_handover", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The handover", example = "3k7v0c5m2qxyz"), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-office-2")),
    request_body(content = DecideHandover, description = "The decision"),
    responses((status = 200, description = "The handover", body = Handover), docs::Decision)
)]
#[post("/handovers/{id}/decision")]
async fn decide_handover(
    permit: Permit<HandOver>,
    _query: NoQuery,
    once: Once,
    id: Path<Id>,
    body: Json<DecideHandover>,
) -> Result<HttpResponse, Error> {
    let verdict = match body.body.outcome {
        HandoverVerdict::Approved => Verdict::Approved,
        HandoverVerdict::Refused => Verdict::Refused,
    };
    let reason = body.body.reason;
    let made = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            answer(
                200,
                handover::decide(tx, acting, id.0, verdict, reason.as_ref())?,
            )
        })
        .await?;
    Ok(made.respond())
}

/// Takes back a handover that is not done yet.
///
/// Anybody of the office may, also after it was approved and before its day.
#[utoipa::path(
    tag = "accounts", operation_id = "retract_handover", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The handover", example = "3k7v0c5m2qxyz"), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-office-3")),
    request_body(content = RetractHandover, description = "Why"),
    responses((status = 200, description = "The handover", body = Handover), docs::Decision)
)]
#[post("/handovers/{id}/retraction")]
async fn retract_handover(
    permit: Permit<HandOver>,
    _query: NoQuery,
    once: Once,
    id: Path<Id>,
    body: Json<RetractHandover>,
) -> Result<HttpResponse, Error> {
    let reason = body.body.reason;
    let made = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            answer(200, handover::retract(tx, acting, id.0, reason.as_ref())?)
        })
        .await?;
    Ok(made.respond())
}
