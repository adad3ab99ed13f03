//! Pages of our own for people: one style, nothing from elsewhere, and a script only where a page brings it.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// The style of every page.
const STYLE: &str = include_str!("style.css");

/// The style, without the ends of its lines.
pub(super) fn style() -> &'static str {
    static ONE_LINE: LazyLock<String> = LazyLock::new(|| STYLE.lines().collect());
    &ONE_LINE
}

/// What a policy calls the style.
pub(super) fn style_hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| hash(style()));
    &HASH
}

/// The SHA-256 of a style or script, as a content security policy names it.
pub fn hash(text: &str) -> String {
    BASE64.encode(&Sha256::digest(text.as_bytes()))
}

/// A page. `title` and `body` are HTML: what comes from outside goes through [`escape`] first.
pub struct Page<'a> {
    /// The title.
    pub title: &'a str,
    /// What stands in `<main>`.
    pub body: &'a str,
    /// The page's own script; it may call the registry and nothing else.
    pub script: Option<&'static str>,
    /// `Cache-Control`.
    pub cache: &'static str,
}

impl Page<'_> {
    /// The page as an answer. Its policy names the style and the script by their hashes.
    pub fn respond(&self) -> HttpResponse {
        self.styled(style(), style_hash())
    }

    /// The same in a style of its own, whose SHA-256 its policy names.
    pub fn styled(&self, style: &str, style_hash: &str) -> HttpResponse {
        let (script, allowed) = match self.script {
            Some(text) => (
                format!("<script>{text}</script>"),
                format!("script-src 'sha256-{}'; connect-src 'self'; ", hash(text)),
            ),
            None => (String::new(), String::new()),
        };
        HttpResponse::Ok()
            .insert_header(("Cache-Control", self.cache))
            .insert_header((
                "Content-Security-Policy",
                format!(
                    "default-src 'none'; style-src 'sha256-{}'; {allowed}frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
                    style_hash
                ),
            ))
            .content_type("text/html; charset=utf-8")
            .body(format!(
                "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <title>{}</title><style>{}</style></head><body><main>{}</main>\
                 <footer>OTS NGO Registry {}</footer>{script}</body></html>",
                self.title,
                style,
                self.body,
                env!("CARGO_PKG_VERSION")
            ))
    }
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
