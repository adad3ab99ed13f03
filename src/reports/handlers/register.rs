//! The route of the register.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::register::{Asked, RegisterRow};

report_query!(
    /// The register of which day, and how.
    RegisterQuery, day page, {}
);

report_answer!(
    /// A page of the register in JSON.
    RegisterReport, RegisterData, "register", page {
        /// The members.
        pub members: Vec<RegisterRow>,
    }
);

/// Reads the register: who is a member on a day.
///
/// Active members, those in grace and those suspended, by country, type and membership. Withheld organisations are among them.
/// Without `known_at` the newest position of the journal counts, and the pages behind a cursor keep it. The names are those
/// known at that position. A file holds the whole register.
#[utoipa::path(
    tag = "reports", operation_id = "get_register", security(("bearer" = [])), params(RegisterQuery),
    responses((status = 200, description = "A page of the register; as a file all of it", body = RegisterReport), docs::OfficerDays)
)]
#[get("/reports/register")]
pub(super) async fn get_register(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, Error> {
    answer_register(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the register of members to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/register` says, or that as a file.
    get_register_page "/reports/register" "get_register_page", RegisterQuery, Day, answer_register
);

async fn answer_register(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        let filters = query.filters(&countries, acting)?;
        let known = query.known(conn, held, acting)?;
        Ok(Asked::all(query.day(held, acting), known, filters))
    })
    .await
}
