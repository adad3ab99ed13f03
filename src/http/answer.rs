//! What a handler gives back, and how reads are tagged and cached.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::{Error, tags};

/// How long the public surface may be cached, in seconds.
pub const PUBLIC_MAX_AGE: u32 = 60;

/// The answer of a write: made inside its transaction, so that it can be kept with the effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// Headers such as `Location` and `ETag`.
    pub headers: Vec<(String, String)>,
    /// JSON text; none with 204.
    pub body: Option<String>,
}

impl Answer {
    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Result<Self, Error> {
        let body = serde_json::to_string(body).map_err(Error::internal)?;
        Ok(Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        })
    }

    /// 204 without a body.
    pub fn empty() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Adds `Location`.
    #[must_use]
    pub fn location(mut self, path: String) -> Self {
        self.headers.push(("Location".to_owned(), path));
        self
    }

    /// Adds the tag of a version.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        let tag = tags::of_version(version, self.body.as_deref().unwrap_or(""));
        self.headers.push(("ETag".to_owned(), tag));
        self
    }

    /// The answer on the wire; never cached.
    pub fn respond(self) -> HttpResponse {
        let mut response =
            HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        for (name, value) in &self.headers {
            response.insert_header((name.as_str(), value.as_str()));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.body {
            Some(body) => response.content_type("application/json").body(body),
            None => response.finish(),
        }
    }
}

/// A read that only the caller may see: tagged, never stored by a cache.
pub fn private<T: Serialize>(
    request: &HttpRequest,
    version: Option<i32>,
    body: &T,
) -> Result<HttpResponse, Error> {
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    let tag = version.map_or_else(|| tags::of_body(&body), |v| tags::of_version(v, &body));
    Ok(tagged(request, tag, "no-store", "application/json", body))
}

/// A read of the public surface: tagged and cacheable. `Vary` keeps answers for officers apart.
pub fn cached_public<T: Serialize>(request: &HttpRequest, body: &T) -> Result<HttpResponse, Error> {
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    let tag = tags::of_body(&body);
    let control = format!("public, max-age={PUBLIC_MAX_AGE}");
    Ok(tagged(request, tag, &control, "application/json", body))
}

/// A plain text of the public surface, cacheable for so many seconds.
pub fn cached_public_text(request: &HttpRequest, max_age: u32, body: String) -> HttpResponse {
    let tag = tags::of_body(&body);
    let control = format!("public, max-age={max_age}");
    tagged(request, tag, &control, "text/plain; charset=utf-8", body)
}

/// A file to be saved; never cached.
pub fn download(kind: &str, name: &str, file: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .content_type(kind)
        .body(file)
}

fn tagged(
    request: &HttpRequest,
    tag: String,
    control: &str,
    kind: &str,
    body: String,
) -> HttpResponse {
    let known = tags::is_known(request, &tag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, control))
        .insert_header((header::VARY, "Authorization, Accept-Encoding"));
    if known {
        response.finish()
    } else {
        response.content_type(kind).body(body)
    }
}
