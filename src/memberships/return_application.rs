//! Asking questions about an application.

use actix_web::{HttpResponse, post, web};

use super::dto::{Membership, ReturnApplication};
use super::handlers::shown;
use super::machine::Act;
use super::model::EventKind;
use super::record::{self, Particulars};
use super::rules::Rules;
use crate::auth::Permit;
use crate::auth::policy::acts::Review;
use crate::db::Id;
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Error, Json, NoQuery, Path, docs};

/// Returns an application with questions.
///
/// The reviewer asks; the deadline follows from the rules unless an earlier one is given. An open proposal falls.
#[utoipa::path(
    tag = "memberships", operation_id = "return_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = ReturnApplication, description = "What is asked"),
    responses((status = 200, description = "The membership", body = Membership), docs::MembershipAct)
)]
#[post("/memberships/{id}/return")]
pub(super) async fn return_membership(
    permit: Permit<Review>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<ReturnApplication>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let held = record::lock(tx, acting, &rules, id.0, Some(&seen))?;
            record::must_be_in_its_state(tx, &held, acting, Act::Return)?;
            super::recommend::must_be_reviewer(tx, &held, acting)?;
            let body = &body.body;
            let asked_on = body.effective_on.unwrap_or_else(|| acting.now().day());
            let latest = super::decide::return_deadline(&held, &rules, asked_on);
            let deadline = body.deadline.unwrap_or(latest);
            if deadline < asked_on || deadline > latest {
                return Err(Error::field(
                    "/deadline",
                    format!("must lie between {asked_on} and {latest}"),
                ));
            }
            let particulars = Particulars {
                effective_on: body.effective_on,
                reason: body.reason.clone().map(String::from),
                questions: Some(body.questions.as_str().to_owned()),
                ..Particulars::default()
            };
            let next = record::record(
                tx,
                acting,
                &rules,
                &held,
                EventKind::Returned { deadline },
                particulars,
                |_, _, _| Ok(()),
            )?;
            shown(tx, &next, None, acting, 200)
        })
        .await?;
    Ok(answer.respond())
}
