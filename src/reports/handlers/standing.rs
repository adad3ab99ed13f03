//! The routes of the standing.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::words::schema_words;
use crate::http::{Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::standing::{
    self, Asked, FIGURES, Members, NONE, Reference, StandingByCountry, StandingByOts,
    StandingFigure, StandingMember, StandingOverTime, StandingRow, StandingTotals,
};

const OTS: [&str; 3] = ["member", "observer", NONE];

schema_words!(
    /// A standing in the OTS.
    OtsStanding as "OtsStandingWord", OTS
);

report_query!(
    /// The standing of which day, and how.
    StandingQuery, day, {}
);

report_answer!(
    /// The standing in JSON.
    StandingReport, StandingData, "standing", {
        /// Each country and type that has any member.
        pub figures: Vec<StandingRow>,
        /// Each country.
        pub by_country: Vec<StandingByCountry>,
        /// Each standing in the OTS.
        pub by_standing: Vec<StandingByOts>,
        /// All of them together: one row.
        pub totals: Vec<StandingTotals>,
        /// All of them at the end of each of the 36 months before, and on the day.
        pub over_time: Vec<StandingOverTime>,
    }
);

/// Reads the standing: members per country, type, state and OTS standing of the country.
///
/// As of a day, with the country's standing in the OTS on that day, and the numbers of the three years before. `reference_data` in the
/// question is the first day of the newest standing that counts.
#[utoipa::path(
    tag = "reports", operation_id = "get_standing", security(("bearer" = [])), params(StandingQuery),
    responses((status = 200, description = "The standing", body = StandingReport), docs::OfficerDays)
)]
#[get("/reports/standing")]
pub(super) async fn get_standing(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<StandingQuery>,
) -> Result<HttpResponse, Error> {
    answer_standing(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the standing of members to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/standing` says, or that as a file.
    get_standing_page "/reports/standing" "get_standing_page", StandingQuery, Day, answer_standing
);

async fn answer_standing(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<StandingQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    answer::figures(&door, permit, query.how(), false, move |conn, acting| {
        let day = query.day(None, acting);
        let asked = Asked {
            day,
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, None, acting)?,
            reference: Reference::on(&countries, day),
        };
        standing::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    MembersQuery, day page, {
        /// The figure, by its name in the standing.
        #[param(inline, value_type = StandingFigure, example = "grace")]
        column: String,
        /// Only countries of this standing in the OTS on the day.
        #[param(inline, value_type = Option<OtsStanding>, example = "observer")]
        ots_standing: Option<String>,
    }
);

report_answer!(
    /// A page of the members behind a figure in JSON.
    StandingMembersReport, StandingMembersData, "standing-members", page {
        /// The members.
        pub members: Vec<StandingMember>,
    }
);

/// Lists the members behind a figure of the standing.
///
/// By country, type and membership, each with the event that began its state and that event's position in the journal; what the
/// calendar turned has none.
#[utoipa::path(
    tag = "reports", operation_id = "list_standing_members", security(("bearer" = [])), params(MembersQuery),
    responses((status = 200, description = "A page of members; as a file all of them", body = StandingMembersReport), docs::OfficerDays)
)]
#[get("/reports/standing/members")]
pub(super) async fn list_standing_members(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    answer_standing_members(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the members behind a figure of the standing to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/standing/members` says, or that as a file.
    get_standing_members_page "/reports/standing/members" "get_standing_members_page", MembersQuery, Day, answer_standing_members
);

async fn answer_standing_members(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let figure = one_of("column", &query.column, &FIGURES)?;
    let ots_standing = match &query.ots_standing {
        None => None,
        Some(word) => Some(one_of("ots_standing", word, &OTS)?),
    };
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        let day = query.day(held, acting);
        Ok(Members {
            figure,
            ots_standing,
            asked: Asked {
                day,
                filters: query.filters(&countries, acting)?,
                known: query.known(conn, held, acting)?,
                reference: Reference::on(&countries, day),
            },
        })
    })
    .await
}
