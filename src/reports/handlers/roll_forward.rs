//! The routes of the roll-forward.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::journal::moment::{self, KnownAt};
use crate::reports::answer::{self, Door};
use crate::reports::members::{self, FIGURES, Figure, FigureWord, RollForwardMember};
use crate::reports::restatement::{PreviousClosingRow, RestatementRow};
use crate::reports::roll_forward::{self, RollForwardByCountry, RollForwardRow, RollForwardTotals};

report_query!(
    /// Which period, and how.
    RollForwardQuery, period, {
        /// When the report was made whose closing is to be compared with this opening, in the same form; not after `known_at`. Where
        /// the day before `from` was the last of a closed period, what that closing froze is compared without being asked for.
        #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-01-15")]
        previous_known_at: Option<KnownAt>,
    }
);

report_answer!(
    /// The roll-forward in JSON.
    RollForwardReport, RollForwardData, "roll-forward", {
        /// Each country and type that has any figure.
        pub figures: Vec<RollForwardRow>,
        /// Each country that has any.
        pub by_country: Vec<RollForwardByCountry>,
        /// All of them together: one row.
        pub totals: Vec<RollForwardTotals>,
        /// How the earlier closing becomes the opening; only with `previous_known_at` or behind a closed period.
        pub previous_closing: Option<Vec<PreviousClosingRow>>,
        /// The memberships that explain the difference; only with `previous_known_at` or behind a closed period.
        pub restatement: Option<Vec<RestatementRow>>,
    }
);

/// Reads the roll-forward of a period: how the number of members moved.
///
/// Opening, who came, who went, closing; per country and type, of which active, in grace and suspended. The closing follows
/// from the opening and the flows and is the number that is counted on the last day, or there is no report. Transfers and
/// changes of type net to zero over all countries and types. With `previous_known_at` the closing that a report of that moment
/// gave for the day before the period is compared with this opening, line by line; behind a closed period its frozen closing is.
#[utoipa::path(
    tag = "reports", operation_id = "get_roll_forward", security(("bearer" = [])), params(RollForwardQuery),
    responses((status = 200, description = "The roll-forward", body = RollForwardReport), docs::OfficerDays)
)]
#[get("/reports/roll-forward")]
pub(super) async fn get_roll_forward(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RollForwardQuery>,
) -> Result<HttpResponse, Error> {
    answer_roll_forward(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the roll-forward of a period to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/roll-forward` says, or that as a file.
    get_roll_forward_page "/reports/roll-forward" "get_roll_forward_page", RollForwardQuery, Period, answer_roll_forward
);

async fn answer_roll_forward(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RollForwardQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let period = query.period()?;
    answer::figures(&door, permit, query.how(), false, move |conn, acting| {
        let filters = query.filters(&countries, acting)?;
        let known = query.known(conn, None, acting)?;
        let previous = match query.previous_known_at {
            None => None,
            Some(at) => Some(at.position(conn, "previous_known_at", acting.now())?),
        };
        if previous.is_some_and(|seq| seq > known.seq) {
            return Err(Error::field(
                "previous_known_at",
                "must not be after known_at",
            ));
        }
        let asked = roll_forward::Asked::of(conn, period, known, filters, previous)?;
        roll_forward::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    MembersQuery, period page, {
        /// The figure, by its name in the roll-forward.
        #[param(inline, value_type = FigureWord, example = "joined")]
        column: String,
    }
);

report_answer!(
    /// A page of the memberships behind a figure in JSON.
    RollForwardMembersReport, RollForwardMembersData, "roll-forward-members", page {
        /// The memberships.
        pub members: Vec<RollForwardMember>,
    }
);

/// Lists the memberships behind a figure of the roll-forward.
///
/// As many rows as the figure says, each with the event behind it and its position in the journal; what the calendar turned has
/// none. Those who came or went are ordered by day, members by country and type. Without `known_at` the newest position of
/// the journal counts, and the pages behind a cursor keep it.
#[utoipa::path(
    tag = "reports", operation_id = "list_roll_forward_members", security(("bearer" = [])), params(MembersQuery),
    responses((status = 200, description = "A page of memberships; as a file all of them", body = RollForwardMembersReport), docs::OfficerDays)
)]
#[get("/reports/roll-forward/members")]
pub(super) async fn list_roll_forward_members(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    answer_roll_forward_members(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the memberships behind a figure of the roll-forward to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/roll-forward/members` says, or that as a file.
    get_roll_forward_members_page "/reports/roll-forward/members" "get_roll_forward_members_page", MembersQuery, Period, answer_roll_forward_members
);

async fn answer_roll_forward_members(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let period = query.period()?;
    let word = one_of("column", &query.column, &FIGURES)?;
    let figure = Figure::from_code(word).ok_or_else(|| Error::internal("no such figure"))?;
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        Ok(members::Asked {
            figure,
            word: word.to_owned(),
            period,
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, held, acting)?,
        })
    })
    .await
}
