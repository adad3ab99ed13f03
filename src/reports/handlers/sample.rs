//! The route of the sample.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Code, Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::sample::{self, Asked, MOST, SampleRow, SampleTotals, USUAL};

report_query!(
    /// The sample of which day by which seed, and how.
    SampleQuery, day, {
        /// The seed: any text of up to 100 characters, which the auditor chooses.
        #[param(min_length = 1, max_length = 100, example = "audit 2026, drawn 15 January")]
        #[validate(length(max = 100, message = "must have at most 100 characters"))]
        seed: String,
        /// How many are drawn at most, 1 to 1,000; 25 when absent.
        #[param(minimum = 1, maximum = 1000, example = 25)]
        size: Option<u32>,
    }
);

report_answer!(
    /// The sample in JSON.
    SampleReport, SampleData, "sample", {
        /// The members that were drawn, in the order in which they were.
        pub members: Vec<SampleRow>,
        /// From how many was drawn: one row.
        pub totals: Vec<SampleTotals>,
    }
);

/// Draws a random sample of members by a seed.
///
/// Each member of the day gets SHA-256 of the seed, a colon and the membership's id, in UTF-8; those with the smallest hashes
/// are the sample, in that order. The same seed and question draw the same for ever, and a larger sample holds the smaller.
#[utoipa::path(
    tag = "reports", operation_id = "get_sample", security(("bearer" = [])), params(SampleQuery),
    responses((status = 200, description = "The sample", body = SampleReport), docs::OfficerDays)
)]
#[get("/reports/sample")]
pub(super) async fn get_sample(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<SampleQuery>,
) -> Result<HttpResponse, Error> {
    answer_sample(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows a random sample of members to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/sample` says, or that as a file.
    get_sample_page "/reports/sample" "get_sample_page", SampleQuery, Sample, answer_sample
);

async fn answer_sample(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<SampleQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let size = query.size.unwrap_or(USUAL);
    if !(1..=MOST).contains(&size) {
        let text = format!("size: must be between 1 and {MOST}");
        return Err(Error::new(Code::BadParameter, text).at_field("size"));
    }
    answer::figures(&door, permit, query.how(), true, move |conn, acting| {
        let asked = Asked {
            day: query.day(None, acting),
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, None, acting)?,
            seed: query.seed.clone(),
            size,
        };
        sample::report(conn, &asked)
    })
    .await
}
