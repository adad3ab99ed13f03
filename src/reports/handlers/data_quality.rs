//! The routes of the data quality.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReports;
use crate::countries::Countries;
use crate::http::{Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::data_quality::{
    self, Asked, Criterion, FIGURES, QualityFigure, QualityMeaning, QualityRecord, QualityRow,
    QualityTotals, Records, WORDS,
};

report_query!(
    /// The data quality as of which day, and how.
    DataQualityQuery, day, {}
);

report_answer!(
    /// The data quality in JSON.
    DataQualityReport, DataQualityData, "data-quality", {
        /// Each country that has any member, and criterion.
        pub figures: Vec<QualityRow>,
        /// All of them together, by criterion.
        pub totals: Vec<QualityTotals>,
        /// What each criterion means.
        pub criteria: Vec<QualityMeaning>,
    }
);

/// Reads the data quality: the share of complete and valid records, per country and criterion.
///
/// Judged are the records of the organisations that were members on the day, as known at the position of the journal, whatever
/// days their changes hold from. Where more than 2,000 of them were changed since, `known_at` is refused with 422.
#[utoipa::path(
    tag = "reports", operation_id = "get_data_quality", security(("bearer" = [])), params(DataQualityQuery),
    responses((status = 200, description = "The data quality", body = DataQualityReport), docs::OfficerDays)
)]
#[get("/reports/data-quality")]
pub(super) async fn get_data_quality(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<DataQualityQuery>,
) -> Result<HttpResponse, Error> {
    answer_data_quality(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the data quality to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/data-quality` says, or that as a file.
    get_data_quality_page "/reports/data-quality" "get_data_quality_page", DataQualityQuery, Day, answer_data_quality
);

async fn answer_data_quality(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<DataQualityQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    answer::figures(&door, permit, query.how(), true, move |conn, acting| {
        let asked = Asked {
            day: query.day(None, acting),
            filters: query.filters(&countries, acting)?,
            known: query.known(conn, None, acting)?,
        };
        data_quality::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    RecordsQuery, day page, {
        /// The criterion.
        #[param(inline, value_type = Criterion, example = "identifiers_valid")]
        criterion: String,
        /// The figure, by its name in the data quality: all records, those that meet it, or those that do not (when absent).
        #[param(inline, value_type = QualityFigure, example = "unmet")]
        column: Option<String>,
    }
);

report_answer!(
    /// A page of the records behind a figure in JSON.
    DataQualityRecordsReport, DataQualityRecordsData, "data-quality-records", page {
        /// The records.
        pub records: Vec<QualityRecord>,
    }
);

/// Lists the records behind a figure of the data quality.
///
/// By country and registry number, each with what it does not meet and the position in the journal of its last change.
#[utoipa::path(
    tag = "reports", operation_id = "list_data_quality_records", security(("bearer" = [])), params(RecordsQuery),
    responses((status = 200, description = "A page of records; as a file all of them", body = DataQualityRecordsReport), docs::OfficerDays)
)]
#[get("/reports/data-quality/records")]
pub(super) async fn list_data_quality_records(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RecordsQuery>,
) -> Result<HttpResponse, Error> {
    answer_data_quality_records(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the records behind a figure of the data quality to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/data-quality/records` says, or that as a file.
    get_data_quality_records_page "/reports/data-quality/records" "get_data_quality_records_page", RecordsQuery, Day, answer_data_quality_records
);

async fn answer_data_quality_records(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RecordsQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let criterion = one_of("criterion", &query.criterion, &WORDS)?;
    let figure = one_of(
        "column",
        query.column.as_deref().unwrap_or("unmet"),
        &FIGURES,
    )?;
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        Ok(Records {
            criterion,
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
