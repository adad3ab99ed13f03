//! The frame of the desk's pages: the style of reports, no script, nothing from elsewhere, never kept by a cache.

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use super::asking::Viewer;
use super::log_in;
use crate::http::html::{escape, hash};
use crate::http::sheet::{Whole, wants_page};
use crate::http::{Code, Error, Language};
use crate::reports::making::Step;
use crate::reports::turns::{AGAIN_SECONDS, Turns};

/// The style: that of report pages, and what the desk has besides.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let both = concat!(include_str!("../report.css"), include_str!("desk.css"));
    both.lines().collect()
});
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hash(&STYLE));

/// The parts of the desk, as its head leads to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Reports,
    Periods,
    Journal,
}

/// A page for whoever is logged in.
pub struct Sheet<'a> {
    pub language: Language,
    /// What the form that logs out holds.
    pub form: &'a str,
    pub viewer: &'a Viewer,
    pub part: Part,
    /// The title, as HTML.
    pub title: &'a str,
    /// What stands in `<main>`, as HTML: what comes from outside went through [`escape`].
    pub body: &'a str,
}

impl Sheet<'_> {
    /// The page as an answer.
    pub fn respond(&self) -> HttpResponse {
        page(
            StatusCode::OK,
            self.language,
            self.title,
            &self.head(),
            self.body,
        )
    }

    fn head(&self) -> String {
        let label = |key| self.language.label(key);
        let mut parts = vec![
            (Part::Reports, "/reports", label("desk.reports")),
            (Part::Periods, "/reports/periods", label("desk.periods")),
        ];
        if self.viewer.journal {
            parts.push((Part::Journal, "/reports/journal", label("desk.journal")));
        }
        let links: String = parts
            .into_iter()
            .map(|(part, address, word)| {
                let current = if part == self.part {
                    " aria-current=\"page\""
                } else {
                    ""
                };
                format!("<a href=\"{address}\"{current}>{word}</a>")
            })
            .collect();
        format!(
            "<nav class=\"parts\" aria-label=\"{}\">{links}</nav>\
             <form class=\"leave\" method=\"post\" action=\"/reports/logout\"><span>{}</span>\
             <input type=\"hidden\" name=\"form\" value=\"{}\"><button>{}</button></form>",
            label("desk.parts"),
            escape(&self.viewer.words(self.language)),
            escape(self.form),
            label("desk.log_out"),
        )
    }
}

/// A page with a status, with what its head holds besides the registry's name.
pub fn page(
    status: StatusCode,
    language: Language,
    title: &str,
    head: &str,
    body: &str,
) -> HttpResponse {
    let label = |key| language.label(key);
    let mut response = HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_LANGUAGE, language.tag()))
        .insert_header((header::VARY, "Accept-Language, Cookie, Accept"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy()))
        .content_type("text/html; charset=utf-8")
        .body(format!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"robots\" content=\"noindex\"><title>{title} – OTS NGO Registry</title><style>{style}</style></head><body>\
             <a class=\"skip\" href=\"#main\">{skip}</a>\
             <header class=\"bar\"><div><a class=\"brand\" href=\"/reports\" lang=\"en\">OTS NGO Registry</a>{head}</div></header>\
             <main id=\"main\" tabindex=\"-1\">{body}</main>\
             <footer><p><a href=\"/\">{home}</a> · <span lang=\"en\">OTS NGO Registry {version}</span></p></footer></body></html>",
            tag = language.tag(),
            style = *STYLE,
            skip = label("skip"),
            home = label("home"),
            version = env!("CARGO_PKG_VERSION"),
        ));
    // Whatever its status: it needs no other body.
    response.extensions_mut().insert(Whole);
    response
}

fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        *STYLE_HASH
    )
}

/// What a browser gets: what was made, or where something is in the way the form that logs in, a page that asks again by itself, or one
/// that says why. A defect becomes a page in [`crate::http::sheet`], like everywhere, so that the log has its cause; programs get
/// problems.
pub fn answered(
    request: &HttpRequest,
    made: Result<HttpResponse, Error>,
) -> Result<HttpResponse, Error> {
    match made {
        Err(error) if !wants_page(request.headers()) => Err(error),
        Err(error) if error.code() == Code::NotAuthenticated => {
            let next = match *request.method() {
                Method::GET => request.uri().path_and_query().map_or("", |p| p.as_str()),
                _ => "",
            };
            log_in::form(request, &error, next)
        }
        Err(error) if error.code() == Code::TooManyRequests => Ok(waiting(request)),
        Err(error) if error.code().status() < 500 => refused(request, &error),
        other => other,
    }
}

/// Says why something is refused.
fn refused(request: &HttpRequest, error: &Error) -> Result<HttpResponse, Error> {
    let language = Language::of(request.headers());
    let title = escape(language.title(error.code()));
    let why = match error.code() {
        Code::NotFound => format!("<p>{}</p>", language.label("missing")),
        _ => format!("<p lang=\"en\">{}</p>", escape(error.detail())),
    };
    let body = format!(
        "<h1>{title}</h1>{why}<p><a href=\"/reports\">{}</a></p>",
        language.label("desk.back")
    );
    let status = StatusCode::from_u16(error.code().status()).map_err(Error::internal)?;
    Ok(page(status, language, &title, "", &body))
}

/// Says what is being made and that this comes next. The browser asks again by a header, without a script.
fn waiting(request: &HttpRequest) -> HttpResponse {
    let language = Language::of(request.headers());
    let turns = request.app_data::<web::Data<Turns>>();
    let running = turns.map_or_else(Vec::new, |turns| turns.running());
    let rows: String = running
        .into_iter()
        .map(|(name, since)| {
            let report = name.split('/').next().unwrap_or_default();
            let word = language.word("report", report).unwrap_or(report);
            format!("<li>{} – {} s</li>", escape(word), since.as_secs())
        })
        .collect();
    let title = language.label("desk.wait");
    let body = format!(
        "<h1>{title}</h1><p>{}</p><ul>{rows}</ul>",
        language.label("desk.wait.hint")
    );
    let mut response = page(StatusCode::TOO_MANY_REQUESTS, language, title, "", &body);
    for name in [header::RETRY_AFTER, header::REFRESH] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from(AGAIN_SECONDS));
    }
    response
}

/// How often a page asks how far its file has come, in seconds.
const LOOK_SECONDS: u32 = 2;

/// Says how far a file has come, on a page that asks again by itself until it gets the file: by a header, without a script.
pub fn making(request: &HttpRequest, back: &str, step: Step) -> HttpResponse {
    let language = Language::of(request.headers());
    let label = |key| language.label(key);
    let told = match step {
        Step::Waiting(before) => format!(
            "<p role=\"status\">{}: {}</p>",
            label("desk.making.place"),
            before.saturating_add(1)
        ),
        Step::Reading(rows) => {
            let word = label("desk.making.read");
            format!("<p role=\"status\">{word}: {rows}</p><progress></progress>")
        }
        Step::Writing(done, of) => {
            let word = label("desk.making.written");
            format!(
                "<p role=\"status\">{word}: {done} / {of}</p><progress max=\"{of}\" value=\"{done}\"></progress>"
            )
        }
    };
    let title = label("desk.making");
    let body = format!(
        "<h1>{title}</h1>{told}<p>{}</p><p><a href=\"{}\">← {}</a></p>",
        label("desk.making.hint"),
        escape(back),
        label("desk.report"),
    );
    let mut response = page(StatusCode::OK, language, title, "", &body);
    let again = HeaderValue::from(LOOK_SECONDS);
    response.headers_mut().insert(header::REFRESH, again);
    response
}
