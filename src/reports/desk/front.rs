//! The first page of the desk: which reports there are, and the last closed periods.

use actix_web::{HttpRequest, HttpResponse, get};

use super::asking::Viewer;
use super::frame::{Part, Sheet, answered};
use super::periods;
use crate::accounts::desk::Desk;
use crate::auth::policy::acts::ReadReports;
use crate::http::html::escape;
use crate::http::{Error, Language, NoQuery, docs};
use crate::reports::periods::queries;
use crate::reports::periods::rows::PeriodRow;

/// The reports, in the order in which they are read.
pub const REPORTS: [&str; 8] = [
    "register",
    "roll-forward",
    "standing",
    "ageing",
    "renewals",
    "decisions",
    "data-quality",
    "sample",
];

/// Closed periods that are shown on the first page.
const SHOWN: i64 = 4;

/// Shows the auditors' desk: which reports there are.
///
/// For auditors, the secretariat and coordinators, each with what the role reads. Whoever is not logged in gets the log-in form, with
/// status 401, at every address of the desk.
#[utoipa::path(
    tag = "desk", operation_id = "get_desk_page", security(("desk" = [])),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
)]
#[get("/reports")]
pub(super) async fn get_desk_page(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadReports>,
) -> Result<HttpResponse, Error> {
    let read = desk
        .permit
        .snapshot(|conn, acting| Ok((Viewer::of(acting), queries::page(conn, None, SHOWN)?)));
    let language = Language::of(request.headers());
    let made = read.await.map(|(viewer, closed)| {
        let title = language.label("desk.title");
        Sheet {
            language,
            form: &desk.form,
            viewer: &viewer,
            part: Part::Reports,
            title,
            body: &body(language, title, &closed),
        }
        .respond()
    });
    answered(&request, made)
}

fn body(language: Language, title: &str, closed: &[PeriodRow]) -> String {
    let reports: String = REPORTS
        .iter()
        .map(|report| {
            let word = |list| escape(language.word(list, report).unwrap_or(report));
            format!(
                "<li><h2><a href=\"/reports/{report}\">{}</a></h2><p>{}</p></li>",
                word("report"),
                word("about")
            )
        })
        .collect();
    format!(
        "<h1>{title}</h1><p class=\"lede\">{}</p><ul class=\"choice\">{reports}</ul>\
         <section><h2>{}</h2>{}</section>",
        language.label("desk.hint"),
        language.label("desk.periods"),
        periods::table(language, closed)
    )
}
