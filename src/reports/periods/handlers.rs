//! The routes of closed periods.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::close::{self, Closed};
use super::dto::{ClosePeriod, Period, PeriodSummary};
use super::rows::PeriodRow;
use super::{freeze, queries};
use crate::auth::Permit;
use crate::auth::policy::acts;
use crate::checkpoints::{self, Checkpoints};
use crate::countries::Countries;
use crate::db::{Conn, Id};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{Page, fetch_limit, limit_or_default, position, read_cursor, set_link};
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, Query, Routes, docs, private};
use crate::journal::tree;
use crate::reports::question;
use crate::reports::turns::Turns;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_periods)
        .service(close_period)
        .service(get_period);
}

/// Closes a period.
///
/// Freezes the reports of its days as they are known now: the register of its last day, the roll-forward, standing, ageing, renewals,
/// data quality, decisions and each kind of exception. The hash of each is recorded in the journal, a checkpoint is made with it, and
/// both are signed. What is recorded later of these days shows as adjustments. Periods follow each other without a gap, the first
/// may begin on any day; there is no opening again.
#[utoipa::path(
    tag = "reports", operation_id = "close_period", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-period-1")),
    request_body(content = ClosePeriod, description = "Which days"),
    responses((status = 201, description = "The closed period", body = Period), docs::Create)
)]
#[post("/periods")]
async fn close_period(
    permit: Permit<acts::ClosePeriod>,
    _query: NoQuery,
    once: Once,
    countries: web::Data<Countries>,
    checkpoints: web::Data<Checkpoints>,
    turns: web::Data<Turns>,
    body: Json<ClosePeriod>,
) -> Result<HttpResponse, Error> {
    let ClosePeriod { from, to, note } = body.body;
    let period = question::Period::new(from, to)?;
    let turn = turns.begin("period")?;
    let frozen = permit
        .clone()
        .snapshot(move |conn, acting| {
            let done = match close::check(conn, period, acting.now().day()) {
                Ok(_) => Some(freeze::reports(conn, &countries, period)?),
                // The write refuses it with the reason, or gives the answer that it gave before.
                Err(error) if matches!(error.code(), Code::Conflict | Code::InvalidField) => None,
                Err(error) => return Err(error),
            };
            let size = checkpoints::queries::journal_size(conn)?;
            tree::is_ready(conn, size)?;
            drop(turn);
            Ok(done)
        })
        .await?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let Some(frozen) = &frozen else {
                close::check(tx, period, acting.now().day())?;
                return Err(Error::new(
                    Code::Conflict,
                    "it has just become possible to close this period; ask once more",
                ));
            };
            let closed = close::close(tx, acting, &checkpoints, (period, note.as_ref()), frozen)?;
            let Closed {
                row,
                statement,
                checkpoint,
            } = closed;
            let location = format!("/v1/periods/{}", Id(row.id));
            let shown = Period::of(&row, statement, checkpoint.note)?;
            Ok(Answer::json(201, &shown)?.location(location))
        })
        .await?;
    Ok(answer.respond())
}

/// Which part of the list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PeriodsQuery {
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists the closed periods, the newest first.
///
/// The next one to be closed begins on the day behind the first of this list.
#[utoipa::path(
    tag = "reports", operation_id = "list_periods", security(("bearer" = [])), params(PeriodsQuery),
    responses((status = 200, description = "A page of periods", body = Page<PeriodSummary>), docs::OfficerList)
)]
#[get("/periods")]
async fn list_periods(
    request: HttpRequest,
    permit: Permit<acts::ReadPeriods>,
    query: Query<PeriodsQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let before = position(read_cursor(query.query.cursor.as_deref(), &query.shape, 1)?)?;
    let before = before.map(i32::try_from).transpose();
    let before = before.map_err(|_| crate::http::pages::bad_cursor())?;
    let rows = permit
        .read(move |conn, _| queries::page(conn, before, fetch_limit(limit)))
        .await?;
    let key = |row: &PeriodRow| vec![row.no.to_string()];
    let page = Page::of(rows, limit, &query.shape, key, |row| {
        PeriodSummary::of(&row)
    });
    let mut response = private(&request, None, &page)?;
    set_link(&mut response, page.link(&request));
    Ok(response)
}

/// Reads a closed period: the hashes of its reports, and what was signed.
///
/// Each report's address gives it again for ever, with the same hash. The statement is checked offline by
/// `ots-registry periods verify`.
#[utoipa::path(
    tag = "reports", operation_id = "get_period", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The period's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The period", body = Period), docs::OfficerRead)
)]
#[get("/periods/{id}")]
async fn get_period(
    request: HttpRequest,
    permit: Permit<acts::ReadPeriods>,
    _query: NoQuery,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id: Id = id.0.parse().map_err(|_| Error::not_found("period"))?;
    let found = permit.snapshot(move |conn, _| shown(conn, id)).await?;
    private(&request, None, &found)
}

/// A period with what was signed of it.
pub fn shown(conn: &mut Conn, id: Id) -> Result<Period, Error> {
    let row = queries::by_id(conn, id)?;
    let held = queries::statement_of(conn, row.id)?;
    let size = u64::try_from(held.size).map_err(Error::internal)?;
    let checkpoint = checkpoints::queries::of_size(conn, size)?
        .ok_or_else(|| Error::internal("a closed period without its checkpoint"))?;
    Period::of(&row, held.statement, checkpoint.note)
}
