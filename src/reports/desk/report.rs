//! How a report's route becomes a page of the desk: the same question, the same answer, another frame.

use std::future::Future;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::de::DeserializeOwned;
use validator::Validate;

use super::asking::{Asking, Days};
use super::frame::answered;
use crate::accounts::desk::Desk;
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::db::Instant;
use crate::http::{Error, Query, page_query};
use crate::reports::answer::Door;

/// Answers a page of the desk as the route beside it answers programs. `days` says what the report asks for.
pub async fn show<Q, Answering, Answered>(
    request: HttpRequest,
    desk: Desk<ReadReports>,
    countries: web::Data<Countries>,
    days: &str,
    answer: Answering,
) -> Result<HttpResponse, Error>
where
    Q: DeserializeOwned + Validate,
    Answering: FnOnce(Door, Permit<ReadReports>, web::Data<Countries>, Query<Q>) -> Answered,
    Answered: Future<Output = Result<HttpResponse, Error>>,
{
    let made = make(&request, desk, countries, days, answer).await;
    answered(&request, made)
}

async fn make<Q, Answering, Answered>(
    request: &HttpRequest,
    desk: Desk<ReadReports>,
    countries: web::Data<Countries>,
    days: &str,
    answer: Answering,
) -> Result<HttpResponse, Error>
where
    Q: DeserializeOwned + Validate,
    Answering: FnOnce(Door, Permit<ReadReports>, web::Data<Countries>, Query<Q>) -> Answered,
    Answered: Future<Output = Result<HttpResponse, Error>>,
{
    // Nobody is told anything of a question before they are somebody.
    desk.permit.clone().read(|_, _| Ok(())).await?;
    let today = Instant::now().day().to_string();
    let year = format!("{}-01-01", today.get(..4).unwrap_or("2026"));
    let mut granted = vec![("format", "html")];
    match days {
        "period" => granted.extend([("from", year.as_str()), ("to", today.as_str())]),
        "sample" => granted.push(("seed", today.as_str())),
        _ => {}
    }
    let (query, pairs) = page_query::<Q>(request, &granted)?;
    let days = match days {
        "period" => Days::Period,
        _ => Days::One,
    };
    let asking = Asking::of(request, desk.form, days, pairs, countries.clone());
    let door = Door::desk(request.clone(), asking);
    answer(door, desk.permit, countries, query).await
}
