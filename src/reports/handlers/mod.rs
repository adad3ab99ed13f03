//! The routes of reports, one file a report.

pub mod ageing;
pub mod data_quality;
pub mod decisions;
mod query;
pub mod register;
pub mod renewals;
pub mod roll_forward;
pub mod sample;
pub mod standing;

use utoipa::openapi::{ContentBuilder, OpenApi, RefOr};

use crate::http::Routes;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(register::get_register)
        .service(roll_forward::get_roll_forward)
        .service(roll_forward::list_roll_forward_members)
        .service(standing::get_standing)
        .service(standing::list_standing_members)
        .service(ageing::get_ageing)
        .service(ageing::list_ageing_applications)
        .service(renewals::get_renewals)
        .service(renewals::list_renewals_members)
        .service(decisions::get_decisions)
        .service(decisions::list_decisions_proposals)
        .service(decisions::list_decisions_exceptions)
        .service(data_quality::get_data_quality)
        .service(data_quality::list_data_quality_records)
        .service(sample::get_sample);
}

/// Adds the same as pages of the auditors' desk, outside of `/v1`.
pub fn page_routes(config: &mut impl Routes) {
    config
        .service(register::get_register_page)
        .service(roll_forward::get_roll_forward_page)
        .service(roll_forward::get_roll_forward_members_page)
        .service(standing::get_standing_page)
        .service(standing::get_standing_members_page)
        .service(ageing::get_ageing_page)
        .service(ageing::get_ageing_applications_page)
        .service(renewals::get_renewals_page)
        .service(renewals::get_renewals_members_page)
        .service(decisions::get_decisions_page)
        .service(decisions::get_decisions_proposals_page)
        .service(decisions::get_decisions_exceptions_page)
        .service(data_quality::get_data_quality_page)
        .service(data_quality::get_data_quality_records_page)
        .service(sample::get_sample_page);
}

/// The media types of the files that every report is written as, with an example.
const FILES: [(&str, Option<&str>); 4] = [
    (
        "text/csv",
        Some("country,type,…\r\nKZ,full,…\r\n\r\nby,user:3k7v0c5m2qxyz\r\n"),
    ),
    (super::xlsx::KIND, None),
    (super::pdf::KIND, None),
    ("text/html", Some("<!doctype html>…")),
];

/// Says of every report that it comes in every format.
pub fn describe(openapi: &mut OpenApi) {
    let reports = openapi
        .paths
        .paths
        .iter_mut()
        .filter(|(path, _)| path.starts_with("/v1/reports/"));
    for (_, item) in reports {
        let answers = item.get.iter_mut().map(|get| &mut get.responses.responses);
        for answer in answers.filter_map(|responses| responses.get_mut("200")) {
            let RefOr::T(answer) = answer else { continue };
            for (kind, example) in FILES {
                let text = utoipa::openapi::Object::with_type(utoipa::openapi::Type::String);
                let content = ContentBuilder::new()
                    .schema(Some(text))
                    .example(example.map(Into::into))
                    .build();
                answer.content.insert(kind.to_owned(), RefOr::T(content));
            }
        }
    }
}
