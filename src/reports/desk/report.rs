//! How a report's route becomes a page of the desk: the same question, the same answer, another frame.

use std::future::Future;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Datelike;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::asking::{Asking, Needs};
use super::frame::answered;
use crate::accounts::desk::Desk;
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::db::Instant;
use crate::http::{Error, Query, page_query};
use crate::reports::answer::Door;

/// Answers a page of the desk as the route beside it answers programs. `needs` says what the report asks for.
pub async fn show<Q, Answering, Answered>(
    request: HttpRequest,
    desk: Desk<ReadReports>,
    countries: web::Data<Countries>,
    needs: Needs,
    answer: Answering,
) -> Result<HttpResponse, Error>
where
    Q: DeserializeOwned + Validate,
    Answering: FnOnce(Door, Permit<ReadReports>, web::Data<Countries>, Query<Q>) -> Answered,
    Answered: Future<Output = Result<HttpResponse, Error>>,
{
    let made: Result<HttpResponse, Error> = async {
        // Nobody is told anything of a question before they are somebody.
        desk.permit.clone().read(|_, _| Ok(())).await?;
        let today = Instant::now().day();
        let (year, today) = (format!("{:04}-01-01", today.year()), today.to_string());
        let mut granted = vec![("format", "html")];
        match needs {
            Needs::Day => {}
            Needs::Period => granted.extend([("from", year.as_str()), ("to", today.as_str())]),
            Needs::Sample => granted.push(("seed", today.as_str())),
        }
        let (query, pairs) = page_query::<Q>(&request, &granted)?;
        let asking = Asking::of(&request, desk.form, needs, pairs, countries.clone());
        let door = Door::desk(request.clone(), asking);
        answer(door, desk.permit, countries, query).await
    }
    .await;
    answered(&request, made)
}
