//! Keyset pages with opaque cursors.
//!
//! A cursor holds the last row's sort values and the hash of the query that it came from. It says nothing that
//! the page did not say, and the rights are applied anew on every page, so it needs no signature.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Code, Error};

/// The default number of items on a page.
pub const DEFAULT_LIMIT: u32 = 50;
/// The largest number of items on a page.
pub const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Where the next page is.
    pub page: PageInfo,
}

/// Where the next page is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageInfo {
    /// Send this as `cursor` for the next page; null on the last one.
    #[schema(example = "WyJ0eXBlIl0")]
    pub next: Option<String>,
    /// The number of items asked for.
    #[schema(example = 50)]
    pub limit: u32,
    /// The number of items on all pages; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were fetched with [`fetch_limit`]: the extra row only tells that there is more.
    pub fn of<R>(
        mut rows: Vec<R>,
        limit: u32,
        shape: &[u8],
        key: impl Fn(&R) -> Vec<String>,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = if more {
            rows.last().map(|row| write_cursor(shape, &key(row)))
        } else {
            None
        };
        Self {
            items: rows.into_iter().map(item).collect(),
            page: PageInfo {
                next,
                limit,
                total: None,
            },
        }
    }

    /// The `Link` header (RFC 8288) of this page.
    pub fn link(&self, request: &actix_web::HttpRequest) -> Option<String> {
        self.page.link(request)
    }
}

impl PageInfo {
    /// The `Link` header (RFC 8288) of the page.
    pub fn link(&self, request: &actix_web::HttpRequest) -> Option<String> {
        let next = self.next.as_deref()?;
        let rest: Vec<&str> = request
            .query_string()
            .split('&')
            .filter(|p| !p.is_empty() && !p.starts_with("cursor="))
            .collect();
        let mut query = rest.join("&");
        if !query.is_empty() {
            query.push('&');
        }
        Some(format!(
            "<{}?{query}cursor={next}>; rel=\"next\"",
            request.path()
        ))
    }
}

/// How many rows to fetch for a page: one more than asked for.
pub fn fetch_limit(limit: u32) -> i64 {
    i64::from(limit) + 1
}

/// The limit to use, from the parameter.
pub fn limit_or_default(limit: Option<u32>) -> Result<u32, Error> {
    match limit {
        None => Ok(DEFAULT_LIMIT),
        Some(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
        Some(_) => Err(Error::new(
            Code::BadParameter,
            format!("limit: must be between 1 and {MAX_LIMIT}"),
        )
        .at_field("limit")),
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor(String, Vec<String>);

/// The cursor of a page whose last row has these sort values.
pub fn write_cursor(shape: &[u8], key: &[String]) -> String {
    let json = serde_json::to_vec(&Cursor(mark(shape), key.to_vec())).unwrap_or_default();
    BASE64URL_NOPAD.encode(&json)
}

/// Refuses a cursor that no page gave.
#[track_caller]
pub fn bad_cursor() -> Error {
    Error::new(Code::BadCursor, "start again without cursor")
}

/// Reads a cursor with `parts` sort values; refuses one of another query.
pub fn read_cursor(
    cursor: Option<&str>,
    shape: &[u8],
    parts: usize,
) -> Result<Option<Vec<String>>, Error> {
    let Some(text) = cursor else { return Ok(None) };
    let bad = bad_cursor;
    let json = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| bad())?;
    let Cursor(from, key) = serde_json::from_slice(&json).map_err(|_| bad())?;
    if from != mark(shape) || key.len() != parts {
        return Err(bad());
    }
    Ok(Some(key))
}

fn mark(shape: &[u8]) -> String {
    BASE64URL_NOPAD.encode(shape.get(..9).unwrap_or(shape))
}

/// The position that a cursor of one number holds.
pub fn position(key: Option<Vec<String>>) -> Result<Option<i64>, Error> {
    let Some(key) = key else { return Ok(None) };
    let number = key.first().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(bad_cursor)
}

/// Adds the `Link` header to an answer.
pub fn set_link(response: &mut actix_web::HttpResponse, link: Option<String>) {
    use actix_web::http::header::{HeaderValue, LINK};
    if let Some(value) = link.and_then(|l| HeaderValue::from_str(&l).ok()) {
        response.headers_mut().insert(LINK, value);
    }
}

/// A list that is short, so there are no pages.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// The items.
    pub items: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::{read_cursor, write_cursor};

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let cursor = write_cursor(b"one query", &["k".to_owned()]);
        assert!(
            read_cursor(Some(&cursor), b"one query", 1)
                .unwrap()
                .is_some()
        );
        assert!(read_cursor(Some(&cursor), b"other query", 1).is_err());
        assert!(read_cursor(Some(&cursor), b"one query", 2).is_err());
        assert!(read_cursor(Some("%%%"), b"one query", 1).is_err());
    }
}
