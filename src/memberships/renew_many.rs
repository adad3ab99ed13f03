//! Renewing many at once, with a result for each.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::dto::ActWord;
use super::machine::Act;
use super::model::{EventKind, State};
use super::record::{self, Particulars};
use super::rules::Rules;
use super::{queries, view};
use crate::auth::policy::acts::Maintain;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Code, Error, Json, NoQuery, docs};
use crate::organisations::model::StateWord;
use crate::organisations::text::Reason;

/// One membership to renew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewOne {
    /// The membership.
    pub membership: Id,
    /// The revision that you have seen; another one is refused.
    #[schema(minimum = 1, example = 5)]
    pub revision: i32,
}

/// Memberships to renew.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"membership": "3k7v0c5m2qxyz", "revision": 5}]}))]
pub struct RenewMany {
    /// Up to 100 memberships.
    #[validate(length(min = 1, max = 100, message = "must have 1 to 100 items"))]
    #[schema(min_items = 1, max_items = 100)]
    pub items: Vec<RenewOne>,
    /// The day from whose start it holds; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Why; required when it is back-dated.
    pub reason: Option<Reason>,
}

/// What became of the memberships.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Renewals {
    /// How many were renewed.
    #[schema(example = 1)]
    pub renewed: u32,
    /// One result for each item, in the order of the request.
    pub items: Vec<Renewal>,
}

/// What became of one membership.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Renewal {
    /// The membership.
    pub membership: Id,
    /// True when it was renewed.
    pub renewed: bool,
    /// State today.
    #[schema(value_type = Option<StateWord>, example = "active")]
    pub state: Option<String>,
    /// Last day inside the term.
    pub term_end: Option<NaiveDate>,
    /// The revision after it.
    #[schema(example = 6)]
    pub revision: Option<i32>,
    /// Why it was not renewed: a code of the table of problems.
    #[schema(example = "act_not_possible")]
    pub code: Option<String>,
    /// Why it was not renewed, in words.
    pub detail: Option<String>,
    /// The member of the request that is wrong, as a JSON pointer.
    #[schema(example = "/reason")]
    pub pointer: Option<String>,
    /// The acts that are possible now for the caller, where it was not renewed.
    #[schema(value_type = Vec<ActWord>, example = json!(["reinstate"]))]
    pub possible: Vec<&'static str>,
}

/// Renews many memberships.
///
/// Each is renewed or refused for itself, and the answer says so in the order of the request: what is refused does not keep the
/// others from being renewed.
#[utoipa::path(
    tag = "memberships", operation_id = "renew_memberships", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = RenewMany, description = "Which memberships"),
    responses((status = 200, description = "A result for each", body = Renewals), docs::Create)
)]
#[post("/renewals")]
pub(super) async fn renew_memberships(
    permit: Permit<Maintain>,
    _query: NoQuery,
    once: Once,
    rules: web::Data<Rules>,
    body: Json<RenewMany>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            lock(tx, acting, &body.body.items)?;
            let mut done = Renewals {
                renewed: 0,
                items: Vec::new(),
            };
            for one in &body.body.items {
                let result = tx.savepoint(|tx| renew(tx, acting, &rules, one, &body.body));
                let result = match result {
                    Ok(renewal) => renewal,
                    Err(error) => refused(tx, acting, &rules, (one.membership, error))?,
                };
                done.renewed += u32::from(result.renewed);
                done.items.push(result);
            }
            Answer::json(200, &done)
        })
        .await?;
    Ok(answer.respond())
}

/// Locks all that the caller reaches before the first is recorded, because from then on everybody waits on the journal's head.
fn lock(tx: &mut Tx<'_>, acting: &Acting, items: &[RenewOne]) -> Result<(), Error> {
    let mut organisations = Vec::new();
    for one in items {
        match queries::reached(tx, acting.reach(), one.membership) {
            Ok((row, _)) => organisations.push(row.organisation_id),
            // It is told in its row.
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    record::lock_whole(tx, &organisations)
}

fn renew(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    one: &RenewOne,
    body: &RenewMany,
) -> Result<Renewal, Error> {
    let held = record::lock(tx, acting, rules, one.membership, None)?;
    if held.row.revision != one.revision {
        let text = format!("it is at revision {} now", held.row.revision);
        return Err(Error::new(Code::StaleVersion, text));
    }
    let particulars = Particulars {
        effective_on: body.effective_on,
        reason: body.reason.clone().map(String::from),
        ..Particulars::default()
    };
    let kind = EventKind::Renewed {};
    let next = record::record(
        tx,
        acting,
        rules,
        &held,
        kind,
        particulars,
        |_, _, _| Ok(()),
    )?;
    let interval = next.ledger.interval_on(acting.now().day());
    Ok(Renewal {
        membership: one.membership,
        renewed: true,
        state: interval.map(|i| State::as_str(i.state).to_owned()),
        term_end: interval.and_then(|i| i.term_end),
        revision: Some(next.row.revision),
        code: None,
        detail: None,
        pointer: None,
        possible: Vec::new(),
    })
}

/// A refusal that the client can understand, with how the membership stands; anything else ends the whole request.
fn refused(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    (membership, error): (Id, Error),
) -> Result<Renewal, Error> {
    // Whoever is nobody any more gets no results.
    if error.code().status() >= 500 || error.code() == Code::NotAuthenticated {
        return Err(error);
    }
    let field = error.field_errors().first();
    let detail = field.map_or_else(|| error.detail().to_owned(), |f| f.detail.clone());
    let (state, possible) = match queries::held(tx, acting.reach(), rules, membership) {
        Ok(held) => (
            held.ledger.state_on(acting.now().day()),
            view::possible(tx, &held, acting)?,
        ),
        Err(error) if error.code() == Code::NotFound => (None, Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(Renewal {
        membership,
        renewed: false,
        state: state.map(|state| state.as_str().to_owned()),
        term_end: None,
        revision: None,
        code: Some(error.code().code().to_owned()),
        pointer: field.map(|f| f.pointer.clone()),
        detail: Some(detail),
        possible: possible.into_iter().map(Act::name).collect(),
    })
}
