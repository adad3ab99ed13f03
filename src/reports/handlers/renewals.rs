//! The routes of the renewals.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::renewals::{
    self, Asked, FIGURES, Members, RenewalsByCountry, RenewalsFigure, RenewalsMember, RenewalsRow,
    RenewalsTotals, RenewalsWindow,
};

report_query!(
    /// The renewals as of which day, and how.
    RenewalsQuery, day, {}
);

report_answer!(
    /// The renewals in JSON.
    RenewalsReport, RenewalsData, "renewals", {
        /// Each country and type that has any member.
        pub figures: Vec<RenewalsRow>,
        /// Each country that has any member.
        pub by_country: Vec<RenewalsByCountry>,
        /// All of them together: one row.
        pub totals: Vec<RenewalsTotals>,
        /// The days of each figure.
        pub windows: Vec<RenewalsWindow>,
    }
);

/// Reads the renewals: who lapses in the coming months and quarters if nothing happens.
///
/// The rest of the month and of the quarter, the next month and the next quarter, by the calendar. As of a day in the past what
/// was dated after it does not count: the report says what could be seen coming then.
#[utoipa::path(
    tag = "reports", operation_id = "get_renewals", security(("bearer" = [])), params(RenewalsQuery),
    responses((status = 200, description = "The renewals", body = RenewalsReport), docs::OfficerDays)
)]
#[get("/reports/renewals")]
pub(super) async fn get_renewals(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RenewalsQuery>,
) -> Result<HttpResponse, Error> {
    answer_renewals(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the renewals to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/renewals` says, or that as a file.
    get_renewals_page "/reports/renewals" "get_renewals_page", RenewalsQuery, Day, answer_renewals
);

async fn answer_renewals(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RenewalsQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    answer::figures(&door, permit, query.how(), true, move |conn, acting| {
        let asked = Asked {
            day: query.day(None, acting),
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, None, acting)?,
        };
        renewals::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    MembersQuery, day page, {
        /// The figure, by its name in the renewals.
        #[param(inline, value_type = RenewalsFigure, example = "next_month")]
        column: String,
    }
);

report_answer!(
    /// A page of the members behind a figure in JSON.
    RenewalsMembersReport, RenewalsMembersData, "renewals-members", page {
        /// The members.
        pub members: Vec<RenewalsMember>,
    }
);

/// Lists the members behind a figure of the renewals.
///
/// By country, type and membership, each with the day on which it lapses, the event that began its state and that event's
/// position in the journal.
#[utoipa::path(
    tag = "reports", operation_id = "list_renewals_members", security(("bearer" = [])), params(MembersQuery),
    responses((status = 200, description = "A page of members; as a file all of them", body = RenewalsMembersReport), docs::OfficerDays)
)]
#[get("/reports/renewals/members")]
pub(super) async fn list_renewals_members(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    answer_renewals_members(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the members behind a figure of the renewals to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/renewals/members` says, or that as a file.
    get_renewals_members_page "/reports/renewals/members" "get_renewals_members_page", MembersQuery, Day, answer_renewals_members
);

async fn answer_renewals_members(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let figure = one_of("column", &query.column, &FIGURES)?;
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        Ok(Members {
            figure,
            asked: Asked {
                day: query.day(held, acting),
                filters: query.filters(&countries, acting)?,
                known: query.known(conn, held, acting)?,
            },
        })
    })
    .await
}
