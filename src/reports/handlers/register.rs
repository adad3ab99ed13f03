//! The route of the register.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::reports::answer;
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
    let Query { query, shape } = query;
    let how = query.how(shape);
    answer::list(&request, permit, how, move |conn, acting, held| {
        let filters = query.filters(&countries, acting)?;
        let known = query.known(conn, held, acting)?;
        Ok(Asked::all(query.day(held, acting), known, filters))
    })
    .await
}
