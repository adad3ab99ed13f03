//! Pages of our own for people: one style, nothing from elsewhere, and a script only where a page brings it.

use actix_web::HttpResponse;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:1.05rem/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}\
h1{font-size:1.6rem;line-height:1.25}a{color:#00528f}code{background:#f1f3f5;padding:.1rem .3rem;border-radius:.2rem}dt{font-weight:600;margin-top:.8rem}dd{margin:0}\
label{display:block;font-weight:600}input,button{font:inherit;padding:.4rem .6rem}input{width:100%;max-width:28rem;box-sizing:border-box}\
footer{margin-top:3rem;color:#5a5a66;font-size:.9rem}";

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
        self.styled(STYLE)
    }

    /// The same in a style of its own.
    pub fn styled(&self, style: &'static str) -> HttpResponse {
        let hash = |text: &str| BASE64.encode(&Sha256::digest(text.as_bytes()));
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
                    hash(style)
                ),
            ))
            .content_type("text/html; charset=utf-8")
            .body(format!(
                "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <title>{}</title><style>{style}</style></head><body><main>{}</main>\
                 <footer>OTS NGO Registry {}</footer>{script}</body></html>",
                self.title,
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
