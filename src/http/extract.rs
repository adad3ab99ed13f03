//! Strict extractors: what is unknown, empty or doubled is refused with the place where it stands.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use validator::Validate;

use super::json::Tree;
use super::persons::{self, IsPerson};
use super::{Code, Error, FieldError};

/// How long a body may take to arrive; a slow one must not hold its connection for ever.
const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(30);

/// The largest JSON body, in bytes.
pub const JSON_LIMIT: usize = 256 * 1024;

/// A JSON body: well-formed, without unknown fields, and valid.
pub struct Json<T> {
    /// The parsed body.
    pub body: T,
    /// SHA-256 of the bytes as they came, for `Idempotency-Key`.
    pub hash: Vec<u8>,
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let problem = media_type_problem(request, &["application/json"]);
        let merge = media_type_problem(request, &["application/merge-patch+json"]);
        let wanted = if request.method() == actix_web::http::Method::PATCH {
            problem.and(merge)
        } else {
            problem
        };
        let bytes = read_body(request, payload, JSON_LIMIT);
        let rule = request
            .app_data::<web::Data<IsPerson>>()
            .map(|rule| *rule.get_ref());
        Box::pin(async move {
            if let Some(error) = wanted {
                return Err(error);
            }
            let bytes = bytes.await?;
            let rule = rule.ok_or_else(|| Error::internal("no rule of persons' numbers"))?;
            let body = parse(&bytes, rule)?;
            Ok(Self {
                body,
                hash: Sha256::digest(&bytes).to_vec(),
            })
        })
    }
}

/// A body taken as it is, up to a limit in bytes (uploads).
pub struct RawBody<const LIMIT: usize> {
    /// The bytes.
    pub bytes: web::Bytes,
    /// SHA-256 of the bytes.
    pub hash: Vec<u8>,
}

impl<const LIMIT: usize> FromRequest for RawBody<LIMIT> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_body(request, payload, LIMIT);
        Box::pin(async move {
            let bytes = bytes.await?;
            let hash = Sha256::digest(&bytes).to_vec();
            Ok(Self { bytes, hash })
        })
    }
}

/// Parses and validates a JSON text; errors name the field by JSON pointer. `is_person` tells a natural person's number.
pub fn parse<T: DeserializeOwned + Validate>(
    bytes: &[u8],
    is_person: IsPerson,
) -> Result<T, Error> {
    let tree: Tree = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!(
            "the body is not well-formed JSON at line {}, column {}",
            error.line(),
            error.column()
        );
        Error::new(Code::MalformedRequest, detail)
    })?;
    persons::refuse(&tree, is_person)?;
    let value: T = serde_path_to_error::deserialize(tree).map_err(|error| {
        let detail = error.inner().to_string();
        Error::field(
            pointer(error.path()) + &missing(&detail),
            in_words_of_json(&detail),
        )
    })?;
    check(&value)?;
    Ok(value)
}

/// The library's words with JSON's names of what it calls a unit or a struct.
fn in_words_of_json(text: &str) -> String {
    let text = text.replace("type: unit value", "type: null");
    match text.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => text,
    }
}

fn check<T: Validate>(value: &T) -> Result<(), Error> {
    let Err(errors) = value.validate() else {
        return Ok(());
    };
    let mut fields = Vec::new();
    collect("", &errors, &mut fields);
    fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    Err(Error::fields(fields))
}

fn collect(prefix: &str, errors: &validator::ValidationErrors, into: &mut Vec<FieldError>) {
    use validator::ValidationErrorsKind;
    for (name, kind) in errors.errors() {
        let pointer = format!("{prefix}/{name}");
        match kind {
            ValidationErrorsKind::Field(found) => {
                for error in found {
                    let detail = match &error.message {
                        Some(text) => text.to_string(),
                        None => format!("is not valid ({})", error.code),
                    };
                    into.push(FieldError {
                        pointer: pointer.clone(),
                        detail,
                    });
                }
            }
            ValidationErrorsKind::Struct(inner) => collect(&pointer, inner, into),
            ValidationErrorsKind::List(items) => {
                for (n, inner) in items {
                    collect(&format!("{pointer}/{n}"), inner, into);
                }
            }
        }
    }
}

/// `names[0].text` → `/names/0/text` (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path.iter() {
        text.push('/');
        match segment {
            Segment::Seq { index } => text.push_str(&index.to_string()),
            Segment::Map { key } => text.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => text.push_str(variant),
            Segment::Unknown => {}
        }
    }
    if text == "/" { String::new() } else { text }
}

/// The last part of the pointer to a member that is not there: serde's path ends at the object that lacks it.
fn missing(detail: &str) -> String {
    let name = detail
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    name.map_or_else(String::new, |name| format!("/{name}"))
}

fn media_type_problem(request: &HttpRequest, wanted: &[&str]) -> Option<Error> {
    let given = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    if wanted.iter().any(|w| essence.eq_ignore_ascii_case(w)) {
        return None;
    }
    Some(Error::new(
        Code::UnsupportedMediaType,
        format!("send Content-Type: {}", wanted.join(" or ")),
    ))
}

fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> impl Future<Output = Result<web::Bytes, Error>> + use<> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    let mut payload = payload.take();
    async move {
        let too_large = || {
            Error::new(
                Code::BodyTooLarge,
                format!("the body may have at most {limit} bytes"),
            )
        };
        if declared.is_some_and(|n| n > limit) {
            return Err(too_large());
        }
        let mut bytes = web::BytesMut::with_capacity(declared.unwrap_or(0).min(limit));
        let ends = tokio::time::Instant::now() + BODY_TIME;
        loop {
            let chunk = tokio::time::timeout_at(ends, next_chunk(&mut payload)).await;
            let late = |_| {
                Error::new(
                    Code::RequestTimeout,
                    format!("the body did not arrive within {} s", BODY_TIME.as_secs()),
                )
            };
            let Some(chunk) = chunk.map_err(late)? else {
                break;
            };
            let chunk = chunk.map_err(|_| {
                Error::new(Code::MalformedRequest, "the body broke off; send it again")
            })?;
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

async fn next_chunk(
    payload: &mut Payload,
) -> Option<Result<web::Bytes, actix_web::error::PayloadError>> {
    std::future::poll_fn(|context| {
        futures_core::Stream::poll_next(Pin::new(&mut *payload), context)
    })
    .await
}

/// Query parameters: unknown, empty and wrongly repeated ones are refused.
pub struct Query<T> {
    /// The parsed parameters.
    pub query: T,
    /// SHA-256 of all parameters but `cursor`, in their order: what a cursor is bound to.
    pub shape: Vec<u8>,
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(query(request, false))
    }
}

/// The parameters of a page's form: browsers send the fields that were left blank, too.
pub struct FormQuery<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for FormQuery<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(query(request, true).map(|found| Self(found.query)))
    }
}

/// Names and values of parameters, in their order.
pub type Pairs = Vec<(String, String)>;

/// The parameters of a page, from a form or a link: what a form left blank counts as absent, and what a page takes for granted is
/// added where it is absent. The rest is as strict as [`Query`].
pub fn page_query<T: DeserializeOwned + Validate>(
    request: &HttpRequest,
    granted: &[(&str, &str)],
) -> Result<(Query<T>, Pairs), Error> {
    let mut pairs: Pairs = serde_html_form::from_str(request.query_string())
        .map_err(|_| Error::new(Code::BadParameter, "the query string is not well-formed"))?;
    pairs.retain(|(_, value)| !value.is_empty());
    for (name, value) in granted {
        if !pairs.iter().any(|(given, _)| given == name) {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let text = serde_html_form::to_string(&pairs).map_err(Error::internal)?;
    Ok((query_of(request.path(), &text, false)?, pairs))
}

fn query<T: DeserializeOwned + Validate>(
    request: &HttpRequest,
    blank: bool,
) -> Result<Query<T>, Error> {
    query_of(request.path(), request.query_string(), blank)
}

/// Whether a question without this parameter would be refused for that.
fn is_needed<T: DeserializeOwned>(pairs: &[(String, String)], name: &str) -> bool {
    let others: Vec<_> = pairs.iter().filter(|(other, _)| other != name).collect();
    let missing = format!("missing field `{name}`");
    serde_html_form::to_string(&others)
        .ok()
        .and_then(|text| serde_html_form::from_str::<T>(&text).err())
        .is_some_and(|error| error.to_string().contains(&missing))
}

fn query_of<T: DeserializeOwned + Validate>(
    path: &str,
    text: &str,
    blank: bool,
) -> Result<Query<T>, Error> {
    if !is_utf8(text) {
        let detail = "the query string is not UTF-8 behind its percent signs";
        return Err(Error::new(Code::BadParameter, detail));
    }
    let pairs: Vec<(String, String)> = serde_html_form::from_str(text)
        .map_err(|_| Error::new(Code::BadParameter, "the query string is not well-formed"))?;
    let mut shape = Sha256::new();
    shape.update(path.as_bytes());
    for (name, value) in &pairs {
        if value.is_empty() && !blank {
            let text = if is_needed::<T>(&pairs, name) {
                "must not be empty"
            } else {
                "must not be empty; leave it out instead"
            };
            return Err(bad_parameter(name, text));
        }
        // PostgreSQL takes no such text, not even to compare.
        if value.contains('\0') {
            return Err(bad_parameter(
                name,
                "has a character that cannot be shown (U+0000); remove it",
            ));
        }
        if name != "cursor" {
            shape.update([0]);
            shape.update(name.as_bytes());
            shape.update([0]);
            shape.update(value.as_bytes());
        }
    }
    let query: T = serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(
        text.as_bytes(),
    ))
    .map_err(|error| {
        let place = pointer(error.path()) + &missing(&error.inner().to_string());
        bad_parameter(
            place.trim_start_matches('/'),
            in_our_words(&error.into_inner().to_string()),
        )
    })?;
    if let Err(errors) = query.validate() {
        let mut fields = Vec::new();
        collect("", &errors, &mut fields);
        let first = fields
            .first()
            .map_or(("", ""), |f| (f.pointer.as_str(), f.detail.as_str()));
        return Err(bad_parameter(first.0.trim_start_matches('/'), first.1));
    }
    Ok(Query {
        query,
        shape: shape.finalize().to_vec(),
    })
}

/// True where what stands percent-encoded is UTF-8; the reader would put other characters in its place.
fn is_utf8(text: &str) -> bool {
    percent_decode_str(text).decode_utf8().is_ok()
}

/// What the library says of a parameter, so that people know what to do.
fn in_our_words(text: &str) -> &str {
    match text {
        "unsupported value" => "must be given once",
        "invalid digit found in string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => "must be a whole number of its range",
        "too many characters in string" => "must be one character",
        other if other.ends_with(", expected a character") => "must be one character",
        other => other,
    }
}

fn bad_parameter(name: &str, detail: &str) -> Error {
    if name.is_empty() {
        Error::new(Code::BadParameter, detail)
    } else {
        Error::field(name, detail).coded(Code::BadParameter)
    }
}

/// The body of a page's form, `application/x-www-form-urlencoded`: unknown and repeated fields are refused; blank ones are there.
pub struct Form<T>(pub T);

/// The largest body of a form, in bytes.
const FORM_LIMIT: usize = 16 * 1024;

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let problem = media_type_problem(request, &["application/x-www-form-urlencoded"]);
        let bytes = read_body(request, payload, FORM_LIMIT);
        Box::pin(async move {
            if let Some(error) = problem {
                return Err(error);
            }
            let bytes = bytes.await?;
            let body: T = serde_html_form::from_bytes(&bytes)
                .map_err(|_| Error::new(Code::MalformedRequest, "the form is not well-formed"))?;
            check(&body)?;
            Ok(Self(body))
        })
    }
}

/// Path segments; one that is not of its form is a 404, like any other thing that does not exist.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parsed = web::Path::<T>::from_request(request, payload).into_inner();
        std::future::ready(
            parsed
                .map(|p| Self(p.into_inner()))
                .map_err(|_| Error::not_found("thing")),
        )
    }
}

/// No query parameters: any is refused.
pub struct NoQuery;

impl FromRequest for NoQuery {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(match request.query_string() {
            "" => Ok(Self),
            _ => Err(Error::new(
                Code::BadParameter,
                "this address takes no query parameters",
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use validator::Validate;

    use super::{Code, in_our_words, is_utf8, parse, query_of};

    #[derive(Debug, Deserialize, Validate)]
    struct Asked {
        limit: Option<u32>,
        delimiter: Option<char>,
    }

    #[test]
    fn what_is_wrong_with_a_parameter_is_said_in_words_of_ours() {
        for (text, said) in [
            ("limit=1&limit=2", "limit: must be given once"),
            ("limit=a", "limit: must be a whole number of its range"),
            ("limit=-1", "limit: must be a whole number of its range"),
            (
                "limit=99999999999",
                "limit: must be a whole number of its range",
            ),
            ("delimiter=ab", "delimiter: must be one character"),
        ] {
            let error = query_of::<Asked>("/", text, false)
                .map(|q| q.query)
                .unwrap_err();
            assert_eq!(
                (error.code(), error.detail()),
                (Code::BadParameter, said),
                "{text}"
            );
        }
        assert_eq!(in_our_words("anything else"), "anything else");
        let asked = query_of::<Asked>("/", "limit=3&delimiter=%3B", false)
            .unwrap()
            .query;
        assert_eq!((asked.limit, asked.delimiter), (Some(3), Some(';')));
    }

    #[test]
    fn a_query_that_is_no_utf_8_is_refused() {
        for text in ["limit=%ff", "city=%C3", "%e2%82=1"] {
            assert!(!is_utf8(text), "{text}");
            let error = query_of::<Asked>("/", text, false)
                .map(|q| q.query)
                .unwrap_err();
            assert_eq!(error.code(), Code::BadParameter, "{text}");
        }
        for text in ["", "city=%C3%A9", "city=é", "100%", "a=%zz", "a=%"] {
            assert!(is_utf8(text), "{text}");
        }
    }

    #[derive(Debug, PartialEq, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Body {
        word: Option<Word>,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Plain,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        number: i32,
        weight: f64,
        inner: Option<Box<Part>>,
    }

    /// The code, the pointer and the detail of what was refused.
    fn refused(text: &str) -> (Code, String, String) {
        let error = parse::<Body>(text.as_bytes(), |_| false).unwrap_err();
        let pointer = error.field_errors().first().map(|f| f.pointer.clone());
        (
            error.code(),
            pointer.unwrap_or_default(),
            error.detail().to_owned(),
        )
    }

    #[test]
    fn a_body_becomes_its_type() {
        let text = r#"{"word": "plain", "parts": [{"number": -3, "weight": 2, "inner": {"number": 4, "weight": 0.5, "inner": null}}]}"#;
        let inner = Part {
            number: 4,
            weight: 0.5,
            inner: None,
        };
        let part = Part {
            number: -3,
            weight: 2.0,
            inner: Some(Box::new(inner)),
        };
        let body = Body {
            word: Some(Word::Plain),
            parts: vec![part],
        };
        assert_eq!(parse::<Body>(text.as_bytes(), |_| false).unwrap(), body);
        let nothing = Body {
            word: None,
            parts: Vec::new(),
        };
        assert_eq!(
            parse::<Body>(b" {\"word\": null} ", |_| false).unwrap(),
            nothing
        );
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for (text, pointer) in [
            ("[null, []]", ""),
            (r#"{"parts": [[1, 2, null]]}"#, "/parts/0"),
            (
                r#"{"parts": [{"number": 1, "weight": 1, "inner": [1, 1, null]}]}"#,
                "/parts/0/inner",
            ),
        ] {
            let (code, at, detail) = refused(text);
            assert_eq!((code, at.as_str()), (Code::InvalidField, pointer), "{text}");
            assert!(
                detail.ends_with("must be a JSON object, not a list"),
                "{detail}"
            );
        }
        assert_eq!(refused("[]").2, "body: must be a JSON object, not a list");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, pointer, said) in [
            (
                r#"{"parts": [{"number": 1.5, "weight": 1, "inner": null}]}"#,
                "/parts/0/number",
                "floating point `1.5`, expected i32",
            ),
            (
                r#"{"parts": [{"number": 3000000000, "weight": 1}]}"#,
                "/parts/0/number",
                "integer `3000000000`, expected i32",
            ),
            (
                r#"{"parts": null}"#,
                "/parts",
                "invalid type: null, expected a sequence",
            ),
            ("5", "", "invalid type: integer `5`, expected an object"),
            (
                r#""x""#,
                "",
                "invalid type: string \"x\", expected an object",
            ),
            (
                r#"{"parts": {}}"#,
                "/parts",
                "invalid type: map, expected a sequence",
            ),
            (r#"{"word": "other"}"#, "/word", "unknown variant `other`"),
            (r#"{"word": 1}"#, "/word", "invalid type: integer `1`"),
            (
                r#"{"word": "plain", "word": "plain"}"#,
                "",
                "duplicate field `word`",
            ),
            (r#"{"wrod": 1}"#, "/wrod", "unknown field `wrod`"),
            (
                r#"{"parts": [{"number": 1}]}"#,
                "/parts/0/weight",
                "missing field `weight`",
            ),
        ] {
            let (code, at, detail) = refused(text);
            assert_eq!(
                (code, at.as_str()),
                (Code::InvalidField, pointer),
                "{text}: {detail}"
            );
            assert!(detail.contains(said), "{text}: {detail}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(200);
        for text in [
            "",
            "{",
            "{} {}",
            "{'a': 1}",
            "{\"word\": \"\\ud800\"}",
            deep.as_str(),
        ] {
            assert_eq!(refused(text).0, Code::MalformedRequest, "{text}");
        }
    }
}
