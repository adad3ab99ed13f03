//! The routes of the ageing.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::reports::ageing::{
    self, AgeingApplication, AgeingByCountry, AgeingFigure, AgeingRow, AgeingTotals, Applications,
    Asked, FIGURES, WaitingState,
};
use crate::reports::answer::{self, Door};
use crate::reports::queries::applications::STATES;

report_query!(
    /// The ageing of which day, and how.
    AgeingQuery, day, {}
);

report_answer!(
    /// The ageing in JSON.
    AgeingReport, AgeingData, "ageing", {
        /// Each country, type and state in which an application waits.
        pub figures: Vec<AgeingRow>,
        /// Each country in which one waits.
        pub by_country: Vec<AgeingByCountry>,
        /// All of them together: one row.
        pub totals: Vec<AgeingTotals>,
    }
);

/// Reads the ageing: applications that wait, and for how long.
///
/// By country, type and state, from draft to recommended. Counted are the days since the first day of the state in which the
/// application waits.
#[utoipa::path(
    tag = "reports", operation_id = "get_ageing", security(("bearer" = [])), params(AgeingQuery),
    responses((status = 200, description = "The ageing", body = AgeingReport), docs::OfficerDays)
)]
#[get("/reports/ageing")]
pub(super) async fn get_ageing(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<AgeingQuery>,
) -> Result<HttpResponse, Error> {
    answer_ageing(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the ageing of applications to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/ageing` says, or that as a file.
    get_ageing_page "/reports/ageing" "get_ageing_page", AgeingQuery, Day, answer_ageing
);

async fn answer_ageing(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<AgeingQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    answer::figures(&door, permit, query.how(), false, move |conn, acting| {
        let asked = Asked {
            day: query.day(None, acting),
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, None, acting)?,
        };
        ageing::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    ApplicationsQuery, day page, {
        /// The figure, by its name in the ageing.
        #[param(inline, value_type = AgeingFigure, example = "over_90")]
        column: String,
        /// Only applications in this state; repeat for any of several.
        #[serde(default)]
        #[param(inline, value_type = Vec<WaitingState>, example = json!(["submitted"]))]
        state: Vec<String>,
    }
);

report_answer!(
    /// A page of the applications behind a figure in JSON.
    AgeingApplicationsReport, AgeingApplicationsData, "ageing-applications", page {
        /// The applications.
        pub applications: Vec<AgeingApplication>,
    }
);

/// Lists the applications behind a figure of the ageing.
///
/// The longest waiting first, each with the event that began its state and that event's position in the journal.
#[utoipa::path(
    tag = "reports", operation_id = "list_ageing_applications", security(("bearer" = [])), params(ApplicationsQuery),
    responses((status = 200, description = "A page of applications; as a file all of them", body = AgeingApplicationsReport), docs::OfficerDays)
)]
#[get("/reports/ageing/applications")]
pub(super) async fn list_ageing_applications(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ApplicationsQuery>,
) -> Result<HttpResponse, Error> {
    answer_ageing_applications(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the applications behind a figure of the ageing to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/ageing/applications` says, or that as a file.
    get_ageing_applications_page "/reports/ageing/applications" "get_ageing_applications_page", ApplicationsQuery, Day, answer_ageing_applications
);

async fn answer_ageing_applications(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ApplicationsQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let figure = one_of("column", &query.column, &FIGURES)?;
    let mut states: Vec<&'static str> = Vec::new();
    for word in &query.state {
        states.push(one_of("state", word, &STATES)?);
    }
    // In the order of the list, each once: the same question, however it was written.
    let states: Vec<&'static str> = STATES.into_iter().filter(|s| states.contains(s)).collect();
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        Ok(Applications {
            figure,
            states,
            asked: Asked {
                day: query.day(held, acting),
                filters: query.filters(&countries, acting)?,
                known: query.known(conn, held, acting)?,
            },
        })
    })
    .await
}
