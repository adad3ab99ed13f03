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

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, OpenApi, RefOr, Required, Response};

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

/// What a page of the desk has of itself where its address does not name it; so a link of the front page need not.
const GRANTED: [(&str, &str); 4] = [
    ("format", "The kind of answer; a page (`html`) when absent."),
    (
        "from",
        "The first day of the period; the first of this year when absent.",
    ),
    ("to", "The last day of the period; today when absent."),
    (
        "seed",
        "What the sample is drawn with; today's date when absent.",
    ),
];

/// Says of every report that it comes in every format, and of its page at the desk that it gives the same.
pub fn describe(openapi: &mut OpenApi) {
    let mut all = BTreeMap::new();
    for (path, item) in &mut openapi.paths.paths {
        let Some(report) = path.strip_prefix("/v1") else {
            continue;
        };
        if !report.starts_with("/reports/") {
            continue;
        }
        if let Some(answer) = item.get.as_mut().and_then(good) {
            for (kind, example) in FILES {
                let text = utoipa::openapi::Object::with_type(utoipa::openapi::Type::String);
                let content = ContentBuilder::new()
                    .schema(Some(text))
                    .example(example.map(Into::into))
                    .build();
                answer.content.insert(kind.to_owned(), RefOr::T(content));
            }
            all.insert(report.to_owned(), answer.content.clone());
        }
    }
    for (path, content) in all {
        let page = openapi.paths.paths.get_mut(&path);
        let Some(page) = page.and_then(|item| item.get.as_mut()) else {
            continue;
        };
        if let Some(answer) = good(page) {
            answer.content = content;
        }
        for parameter in page.parameters.iter_mut().flatten() {
            let RefOr::T(parameter) = parameter else {
                continue;
            };
            let granted = GRANTED.iter().find(|(name, _)| *name == parameter.name);
            if let Some((_, what)) = granted {
                parameter.required = Required::False;
                parameter.description = Some((*what).to_owned());
            }
        }
    }
}

/// The answer of an operation that succeeds.
fn good(operation: &mut Operation) -> Option<&mut Response> {
    match operation.responses.responses.get_mut("200") {
        Some(RefOr::T(answer)) => Some(answer),
        _ => None,
    }
}
