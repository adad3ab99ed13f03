//! Pages for people in the language that their browser asks for: one frame, no script, no cookie, nothing from elsewhere.
//!
//! What goes wrong under their addresses is such a page, too, unless the caller asks for JSON.

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::html::{escape, style, style_hash};
use super::{Code, Error, Language, tags};

/// A page in a language.
pub struct Sheet {
    /// The language of its labels.
    pub language: Language,
    /// The title, as text.
    pub title: String,
    /// What stands in `<main>`, as HTML: what comes from outside went through [`escape`].
    pub body: String,
    /// More for `<head>`, as HTML.
    pub head: String,
}

impl Sheet {
    /// The page as an answer that caches may keep, each language apart.
    pub fn respond(&self, request: &HttpRequest, max_age: u32) -> HttpResponse {
        let html = self.html(request.path() == "/search");
        let tag = tags::of_body(&html);
        let known = tags::is_known(request, &tag);
        let mut response = if known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, format!("public, max-age={max_age}")))
            .insert_header((header::VARY, "Accept-Language, Accept-Encoding"))
            .insert_header((header::CONTENT_LANGUAGE, self.language.tag()))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy()));
        if known {
            response.finish()
        } else {
            response.content_type("text/html; charset=utf-8").body(html)
        }
    }

    fn html(&self, is_search: bool) -> String {
        let label = |key| self.language.label(key);
        let current = if is_search {
            " aria-current=\"page\""
        } else {
            ""
        };
        format!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>{head}<style>{style}</style></head><body>\
             <a class=\"skip\" href=\"#main\">{skip}</a>\
             <header class=\"top\"><div><a class=\"brand\" href=\"/\" lang=\"en\">OTS NGO Registry</a>\
             <nav aria-label=\"{home}\"><a href=\"/search\"{current}>{search}</a></nav></div></header>\
             <main id=\"main\" tabindex=\"-1\">{body}</main>\
             <footer><p><a href=\"/\">{home}</a></p><p lang=\"en\">OTS NGO Registry {version}</p></footer></body></html>",
            tag = self.language.tag(),
            title = escape(&self.title),
            head = self.head,
            style = style(),
            skip = self.language.label("skip"),
            home = self.language.label("home"),
            search = label("search"),
            body = self.body,
            version = env!("CARGO_PKG_VERSION"),
        )
    }
}

fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        style_hash()
    )
}

/// Marks an answer that is an error and a whole page already: nothing is put in its place.
#[derive(Clone, Copy, Debug)]
pub struct Whole;

/// True for the addresses of the auditors' desk.
pub fn is_desk(path: &str) -> bool {
    path == "/reports" || path.starts_with("/reports/")
}

/// True for the addresses under which everything is a page in the browser's language, what goes wrong included.
pub fn is_sheet(path: &str) -> bool {
    path == "/search" || path.starts_with("/organisations/")
}

/// True where a page answers better than a problem document: browsers say so, and so does who takes anything.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers
        .get_all(header::ACCEPT)
        .filter_map(|v| v.to_str().ok());
    accepts
        .flat_map(|v| v.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| matches!(range.trim(), "text/html" | "text/*" | "*/*"))
}

/// Shows a problem under such an address as a page. What is not there, not public or withheld looks the same.
pub fn shown(told: HttpResponse, problem: &Error, id: &str, request: &HttpRequest) -> HttpResponse {
    let at_desk = is_desk(request.path());
    if !is_sheet(request.path()) && !at_desk {
        return told;
    }
    let mut told = told;
    told.headers_mut()
        .append(header::VARY, HeaderValue::from_static("Accept"));
    if !wants_page(request.headers()) {
        return told;
    }
    let language = Language::of(request.headers());
    let (title, code) = (language.title(problem.code()), problem.code());
    let mut body = format!("<h1>{}</h1>", escape(title));
    match code {
        Code::NotFound => body.push_str(&format!("<p>{}</p>", language.label("missing"))),
        _ => body.push_str(&format!("<p lang=\"en\">{}</p>", escape(problem.detail()))),
    }
    if code.status() >= 500 {
        body.push_str(&format!(
            "<p>{}: <code>{}</code></p>",
            language.label("request"),
            escape(id)
        ));
    }
    let (back, to) = match at_desk {
        true => ("/reports", language.label("desk.back")),
        false => ("/search", language.label("again")),
    };
    body.push_str(&format!("<p><a href=\"{back}\">{to}</a></p>"));
    let sheet = Sheet {
        language,
        title: format!("{title} – OTS NGO Registry"),
        body,
        head: String::new(),
    };
    let mut page = told.set_body(BoxBody::new(sheet.html(false)));
    let headers = page.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_who_takes_anything_get_pages_and_who_asks_for_json_does_not() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            wants_page(&headers)
        };
        assert!(wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(wants("*/*"));
        assert!(!wants("application/json"));
        assert!(!wants("application/problem+json, application/json;q=0.5"));
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn a_page_escapes_its_title_and_names_its_language() {
        let sheet = Sheet {
            language: Language::default(),
            title: "<b>&\"".to_owned(),
            body: String::new(),
            head: String::new(),
        };
        let html = sheet.html(true);
        assert!(html.contains("<title>&lt;b&gt;&amp;&quot;</title>"));
        assert!(html.contains("<html lang=\"en\">"));
        assert!(html.contains("href=\"/search\" aria-current=\"page\""));
    }
}
