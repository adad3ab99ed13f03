//! Closed periods at the desk.

use actix_web::{HttpRequest, HttpResponse, get};

use super::asking::Viewer;
use super::frame::{Part, Sheet, answered};
use crate::accounts::desk::Desk;
use crate::auth::policy::acts::ReadPeriods;
use crate::db::{Id, Instant};
use crate::http::html::escape;
use crate::http::{Error, Language, NoQuery, Path, docs, download};
use crate::reports::periods::rows::PeriodRow;
use crate::reports::periods::{Period, queries, shown};

/// Closed periods on the page of all: one a quarter, for 50 years.
const MOST: i64 = 200;

/// Shows the closed periods to people.
///
/// A page of the auditors' desk with the last 200 of them.
#[utoipa::path(
    tag = "desk", operation_id = "list_periods_page", security(("desk" = [])),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
)]
#[get("/reports/periods")]
pub(super) async fn list_periods_page(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadPeriods>,
) -> Result<HttpResponse, Error> {
    let read = desk
        .permit
        .snapshot(|conn, acting| Ok((Viewer::of(acting), queries::page(conn, None, MOST)?)));
    let language = Language::of(request.headers());
    let made = read.await.map(|(viewer, closed)| {
        let title = language.label("desk.periods");
        let body = format!("<h1>{title}</h1>{}", table(language, &closed));
        Sheet {
            language,
            form: &desk.form,
            viewer: &viewer,
            part: Part::Periods,
            title,
            body: &body,
        }
        .respond()
    });
    answered(&request, made)
}

/// A table of closed periods.
pub fn table(language: Language, closed: &[PeriodRow]) -> String {
    let label = |key| language.label(key);
    if closed.is_empty() {
        return format!("<p class=\"note\">{}</p>", label("desk.periods.none"));
    }
    let rows: String = closed
        .iter()
        .map(|row| {
            format!(
                "<tr><td class=\"n\">{}</td><td class=\"d\"><a href=\"/reports/periods/{}\">{} – {}</a></td><td class=\"d\">{}</td><td>{}</td></tr>",
                row.no,
                Id(row.id),
                row.from_day,
                row.to_day,
                Instant(row.closed_at).day(),
                row.note.as_deref().map_or_else(|| "–".to_owned(), |note| format!("<bdi lang=\"\">{}</bdi>", escape(note)))
            )
        })
        .collect();
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr><th scope=\"col\" class=\"n\">№</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">{}</th></tr></thead><tbody>{rows}</tbody></table></div>",
        label("desk.periods"),
        label("desk.period"),
        label("desk.closed_at"),
        label("desk.note"),
    )
}

/// Shows a closed period to people: its reports with their hashes, and what was signed.
///
/// A page of the auditors' desk. Each report leads to its page as of the position at which it was frozen, a list also to the file whose
/// cover has the hash.
#[utoipa::path(
    tag = "desk", operation_id = "get_period_page", security(("desk" = [])),
    params(("id" = crate::db::Id, Path, description = "The period's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
)]
#[get("/reports/periods/{id}")]
pub(super) async fn get_period_page(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadPeriods>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id: Option<Id> = id.0.parse().ok();
    let read = desk.permit.snapshot(move |conn, acting| {
        let id = id.ok_or_else(|| Error::not_found("period"))?;
        Ok((Viewer::of(acting), shown(conn, id)?))
    });
    let language = Language::of(request.headers());
    let made = read.await.map(|(viewer, period)| {
        let title = format!("{} – {}", period.summary.from, period.summary.to);
        Sheet {
            language,
            form: &desk.form,
            viewer: &viewer,
            part: Part::Periods,
            title: &title,
            body: &whole(language, &viewer, &title, &period),
        }
        .respond()
    });
    answered(&request, made)
}

/// Gives the signed statement of a closed period as a file.
///
/// What `ots-registry periods verify` takes.
#[utoipa::path(
    tag = "desk", operation_id = "get_period_statement_file", security(("desk" = [])),
    params(("id" = crate::db::Id, Path, description = "The period's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The file", body = String, content_type = "text/plain", example = "registry.example/v1/journal/period\nperiod 2026-01-01 2026-06-30\n…"), docs::Desk)
)]
#[get("/reports/periods/{id}/statement")]
pub(super) async fn get_period_statement_file(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadPeriods>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    file(&request, desk, &id.0, |period| {
        (period.statement, "statement")
    })
    .await
}

/// Gives the checkpoint of a closing as a file.
///
/// What `ots-registry journal verify --checkpoint` takes.
#[utoipa::path(
    tag = "desk", operation_id = "get_period_checkpoint_file", security(("desk" = [])),
    params(("id" = crate::db::Id, Path, description = "The period's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The file", body = String, content_type = "text/plain", example = "registry.example/v1/journal\n1000\n…"), docs::Desk)
)]
#[get("/reports/periods/{id}/checkpoint")]
pub(super) async fn get_period_checkpoint_file(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadPeriods>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    file(&request, desk, &id.0, |period| {
        (period.checkpoint, "checkpoint")
    })
    .await
}

/// A text that was signed of a period, with the word for its file's name.
async fn file(
    request: &HttpRequest,
    desk: Desk<ReadPeriods>,
    id: &str,
    which: fn(Period) -> (String, &'static str),
) -> Result<HttpResponse, Error> {
    let id: Option<Id> = id.parse().ok();
    let read = desk.permit.snapshot(move |conn, _| {
        let id = id.ok_or_else(|| Error::not_found("period"))?;
        shown(conn, id)
    });
    let made = read.await.map(|period| {
        let number = period.summary.number;
        let (text, word) = which(period);
        let name = format!("period-{number}.{word}.txt");
        download("text/plain; charset=utf-8", &name, text.into_bytes())
    });
    answered(request, made)
}

/// An address of `/v1` at the desk: its page, and for lists, which are frozen as files and read as pages, the file, whose cover has
/// the hash. A page of a list is another question.
fn at_desk(address: &str) -> (String, Option<&str>) {
    let whole = address.strip_prefix("/v1").unwrap_or(address);
    let file = Some(whole).filter(|address| address.ends_with("&format=csv"));
    (whole.replace("&format=csv", ""), file)
}

fn whole(language: Language, viewer: &Viewer, title: &str, period: &Period) -> String {
    let label = |key| language.label(key);
    let closed = &period.summary;
    let seq = match viewer.journal {
        true => format!("<a href=\"/reports/journal/{0}\">{0}</a>", closed.seq),
        false => closed.seq.to_string(),
    };
    let mut facts = vec![
        (
            label("desk.closed_at"),
            escape(&closed.closed_at.to_string()),
        ),
        (label("desk.who"), escape(&closed.closed_by)),
        (label("desk.position"), seq),
        (label("desk.known_seq"), closed.known_seq.to_string()),
    ];
    if let Some(note) = &closed.note {
        let note = format!("<bdi lang=\"\">{}</bdi>", escape(note));
        facts.push((label("desk.note"), note));
    }
    let facts: String = facts
        .into_iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>"))
        .collect();
    let rows: String = period
        .reports
        .iter()
        .map(|report| {
            let (name, rest) = report.report.split_once("-exceptions").map_or(
                (report.report.as_str(), String::new()),
                |(name, _)| {
                    let kind = report.question.get("kind").and_then(|k| k.as_str());
                    (
                        name,
                        format!(
                            ": <span lang=\"en\">{}</span>",
                            escape(&kind.unwrap_or_default().replace('_', " "))
                        ),
                    )
                },
            );
            let word = escape(language.word("report", name).unwrap_or(name));
            let (page, file) = at_desk(&report.address);
            let file = file.map_or_else(String::new, |file| {
                format!(" <a href=\"{}\">CSV</a>", escape(file))
            });
            format!(
                "<tr><td><a href=\"{}\">{word}{rest}</a>{file}</td><td><code>{}</code></td></tr>",
                escape(&page),
                escape(&report.data_sha256)
            )
        })
        .collect();
    format!(
        "<p class=\"crumbs\"><a href=\"/reports/periods\">← {back}</a></p><h1>{title}</h1><dl class=\"facts\">{facts}</dl>\
         <section><h2 id=\"frozen\">{frozen}</h2>\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"frozen\"><table class=\"hashes\"><thead><tr><th scope=\"col\">{report}</th>\
         <th scope=\"col\">SHA-256</th></tr></thead><tbody>{rows}</tbody></table></div></section>\
         <section><h2 id=\"signed\">{signed}</h2>\
         <pre class=\"text\" tabindex=\"0\" role=\"region\" aria-labelledby=\"signed\" lang=\"en\">{statement}</pre>\
         <ul class=\"files\"><li><a href=\"/reports/periods/{id}/statement\">{signed}</a>: \
         <code lang=\"en\">ots-registry periods verify FILE --key KEY</code></li>\
         <li><a href=\"/reports/periods/{id}/checkpoint\">{checkpoint}</a>: \
         <code lang=\"en\">ots-registry journal verify --checkpoint FILE --key KEY</code></li></ul></section>",
        back = label("desk.periods"),
        frozen = label("desk.frozen"),
        report = label("desk.report"),
        signed = label("desk.signed"),
        checkpoint = label("desk.checkpoint"),
        id = escape(&closed.id.to_string()),
        statement = escape(&period.statement),
    )
}

#[cfg(test)]
mod tests {
    use super::at_desk;

    #[test]
    fn a_frozen_report_leads_to_its_page_and_a_list_to_its_file_too() {
        assert_eq!(
            at_desk("/v1/reports/standing?as_of=2026-06-30&known_at=seq:4"),
            (
                "/reports/standing?as_of=2026-06-30&known_at=seq:4".to_owned(),
                None
            )
        );
        for page in [
            "/reports/register?as_of=2026-06-30&known_at=seq:4",
            "/reports/decisions/exceptions?from=2026-01-01&to=2026-06-30&known_at=seq:4&kind=back_dated",
        ] {
            let file = format!("{page}&format=csv");
            assert_eq!(
                at_desk(&format!("/v1{file}")),
                (page.to_owned(), Some(file.as_str()))
            );
        }
    }
}
