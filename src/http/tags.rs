//! ETags and preconditions (RFC 9110).
//!
//! A read's tag is `"v<version>.<hash of the body>"` for those who may change the object, and `"<hash>"` for the
//! public, to whom the version would tell that something private has changed. The envelope adds `-gzip` or
//! `-br` to the tag of a compressed answer (a strong tag names the bytes); preconditions take any of them.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::{Code, Error};

/// The version in an `If-Match` header; a change without one is refused (428).
#[derive(Clone, Debug)]
pub struct IfMatch {
    versions: Vec<i32>,
    any: bool,
}

impl IfMatch {
    /// Refuses with 412 when the current version is not among those named.
    pub fn check(&self, current: i32) -> Result<(), Error> {
        if self.any || self.versions.contains(&current) {
            return Ok(());
        }
        Err(Error::new(
            Code::StaleVersion,
            format!(
                "the current version is {current}; read the object again and repeat the change with its tag"
            ),
        ))
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(if_match(request))
    }
}

fn if_match(request: &HttpRequest) -> Result<IfMatch, Error> {
    let mut found = IfMatch {
        versions: Vec::new(),
        any: false,
    };
    let mut seen = false;
    for value in request.headers().get_all(header::IF_MATCH) {
        seen = true;
        let tags = value.to_str().ok().and_then(list).ok_or_else(|| {
            Error::new(
                Code::MalformedRequest,
                "If-Match must be * or tags in double quotes, as ETag gave them",
            )
        })?;
        for tag in tags {
            match plain(tag) {
                Some("*") => found.any = true,
                Some(tag) => found.versions.extend(version_of(tag)),
                None => {}
            }
        }
    }
    if seen {
        Ok(found)
    } else {
        Err(Error::new(
            Code::PreconditionRequired,
            "send If-Match with the ETag of your last read of this object",
        ))
    }
}

/// The tags of a list (RFC 9110, section 13.1.1), `*` among them; `None` when it is neither.
fn list(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.trim();
    let mut tags = Vec::new();
    loop {
        if let Some(behind) = rest.strip_prefix('*') {
            tags.push("*");
            rest = behind;
        } else {
            let open = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
            let (_, behind) = open.split_once('"')?;
            tags.push(rest.get(..rest.len() - behind.len())?);
            rest = behind;
        }
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(tags);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// The tag of a body that has a version which may be changed.
pub fn of_version(version: i32, body: &str) -> String {
    format!("\"v{version}.{}\"", digest(body))
}

/// The tag of a body alone.
pub fn of_body(body: &str) -> String {
    format!("\"{}\"", digest(body))
}

/// True when the client already has this answer (`If-None-Match`).
pub fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let current = tag.trim_matches('"');
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .any(|value| {
            value
                .to_str()
                .unwrap_or("")
                .split(',')
                .any(|t| match plain(t) {
                    Some("*") => true,
                    Some(t) => t == current,
                    None => false,
                })
        })
}

/// `W/"v3.abc-gzip"` → `v3.abc`; `None` for what is not a tag.
fn plain(tag: &str) -> Option<&str> {
    let tag = tag.trim();
    if tag == "*" {
        return Some(tag);
    }
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(
        tag.strip_suffix("-gzip")
            .or_else(|| tag.strip_suffix("-br"))
            .unwrap_or(tag),
    )
}

fn version_of(tag: &str) -> Option<i32> {
    let rest = tag.strip_prefix('v')?;
    rest.split('.').next()?.parse().ok()
}

fn digest(body: &str) -> String {
    let hash = Sha256::digest(body.as_bytes());
    BASE64URL_NOPAD.encode(hash.get(..12).unwrap_or(&hash))
}

#[cfg(test)]
mod tests {
    use super::{list, of_version, plain, version_of};

    #[test]
    fn the_tag_of_any_encoding_names_the_version() {
        let tag = of_version(7, "{}");
        for form in [
            tag.clone(),
            tag.replace("\"v", "W/\"v"),
            format!("{}-br\"", tag.trim_end_matches('"')),
        ] {
            assert_eq!(plain(&form).and_then(version_of), Some(7), "{form}");
        }
        assert_eq!(plain("v7"), None);
    }

    #[test]
    fn what_is_no_list_of_tags_is_told_apart_from_a_stale_one() {
        assert_eq!(list("*"), Some(vec!["*"]));
        assert_eq!(
            list(r#""v1.a", W/"b,c""#),
            Some(vec![r#""v1.a""#, r#"W/"b,c""#])
        );
        for bad in ["", "v1.a", "\"v1.a", "\"a\" \"b\"", "\"a\",", "w/\"a\""] {
            assert_eq!(list(bad), None, "{bad}");
        }
    }
}
