//! The closed table of problems and the one error type of the HTTP surface.
//!
//! What a client sees (`detail`, `fields`) and what the log sees (`source`, `at`) are different fields, so that
//! leaking an inner error needs intent. Add a row to the table for a new kind of problem, and its titles to
//! `titles.tsv`; the page of `/problems/{code}` and the OpenAPI enum follow from it.

use std::panic::Location;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::Language;
use crate::db::{Failure, MaybeRetry};

macro_rules! problems {
    ($($variant:ident $code:tt $status:tt $title:tt $help:tt;)*) => {
        /// A kind of problem: stable, English, machine-readable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $code)] $variant,)*
        }

        impl Code {
            /// Every row of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name, like `stale_version`.
            pub fn code(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// The short English title.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// What to do about it: the text of the documentation page.
            pub fn help(self) -> &'static str {
                match self { $(Code::$variant => $help,)* }
            }
        }
    };
}

problems! {
    MalformedRequest "malformed_request" 400 "The request cannot be read"
        "The body is not well-formed JSON, or a header is not what it should be. The detail says where reading stopped.";
    BadParameter "bad_parameter" 400 "A parameter is not valid"
        "A query parameter is unknown, empty, repeated or not of its form. Unknown and empty parameters are refused so that a typing error never silently widens a result.";
    BadCursor "bad_cursor" 400 "The page cursor does not belong to this query"
        "A cursor is only good for the query that it came from. Start again without `cursor`.";
    IdempotencyKeyRequired "idempotency_key_required" 400 "An Idempotency-Key header is needed"
        "Every POST that changes the record needs an `Idempotency-Key` header of 1 to 128 visible ASCII characters, new for each intended change; a UUID does well.";
    NotAuthenticated "not_authenticated" 401 "A valid log-in is needed"
        "Send `Authorization: Bearer …` with an access token from /v1/auth/login or an API key. Access tokens live 15 minutes; refresh them at /v1/auth/refresh.";
    WrongCredentials "wrong_credentials" 401 "The credentials are not right"
        "The e-mail address, the password, the one-time link or the refresh token is not right or no longer valid. Which of them it is, is never said.";
    Forbidden "forbidden" 403 "This role may not do that"
        "The account's role does not allow this act. The rights table in the documentation says which role may do what.";
    SecondOfficerNeeded "second_officer_needed" 403 "Another officer has to decide this"
        "A decision takes two people: whoever proposed it, wrote the current revision, or invited the proposer (or was invited by them) in the last 30 days cannot decide it.";
    SecondFactorNeeded "second_factor_needed" 403 "This account needs a second factor first"
        "A secretariat account can do nothing before it has a second factor. Set one up: POST /v1/auth/totp with the password, scan the address with an authenticator app, and POST its code to /v1/auth/totp/confirmation. Then the same log-in works.";
    NotFound "not_found" 404 "There is nothing here"
        "The address or the object does not exist, or it is not visible to you.";
    MethodNotAllowed "method_not_allowed" 405 "This address does not take that method"
        "The `Allow` header lists the methods that this address takes.";
    NotAcceptable "not_acceptable" 406 "No representation fits the Accept header"
        "The registry answers with application/json unless the operation says otherwise.";
    RequestTimeout "request_timeout" 408 "The request took too long to arrive"
        "Send the request again.";
    DuplicateIdentifier "duplicate_identifier" 409 "Another organisation has this identifier"
        "An identifier belongs to one organisation. A number that is really shared, such as a branch under its parent's, needs `shared_reason`.";
    PossibleDuplicate "possible_duplicate" 409 "The organisation may be registered already"
        "Look at `candidates`. If it is none of them, send the request again with `distinct_from` (their numbers) and `distinct_reason`.";
    ActNotPossible "act_not_possible" 409 "This act is not possible now"
        "The membership's state does not allow this act. `possible` lists the acts that are possible now for you; `events` the numbers of events that would lose their place.";
    Conflict "conflict" 409 "The change contradicts what is stored"
        "The detail says what stands against it.";
    RequestRunning "request_running" 409 "The same request is still running"
        "A request with this Idempotency-Key has not finished. Ask again shortly.";
    AlreadyDone "already_done" 409 "This was done already"
        "A request with this Idempotency-Key succeeded before; its answer held a secret and was not kept.";
    StaleVersion "stale_version" 412 "Somebody changed it in the meantime"
        "The tag in `If-Match` is not the current version's. Read the object again, look at the difference, and repeat the change with the new tag.";
    BodyTooLarge "body_too_large" 413 "The body is too large"
        "The detail names the limit.";
    UnsupportedMediaType "unsupported_media_type" 415 "The body's type or encoding is not supported"
        "Send `Content-Type: application/json` unless the operation says otherwise, and no `Content-Encoding`.";
    InvalidField "invalid_field" 422 "A field is not valid"
        "`fields` lists each field by JSON pointer with what is wrong and what is expected. Nothing was written.";
    NaturalPersonNumber "natural_person_number" 422 "This is a person's number"
        "The registry keeps numbers of organisations only. The number was neither stored nor logged; leave it out.";
    IdempotencyKeyReused "idempotency_key_reused" 422 "The Idempotency-Key was used for another request"
        "The same key came with another body. Use a new key for a new change.";
    UnreadableFile "unreadable_file" 422 "The file cannot be read"
        "The detail says what is wrong with the file and what to do. Nothing was stored.";
    PreconditionRequired "precondition_required" 428 "An If-Match header is needed"
        "Changes need `If-Match` with the tag that a read of the same object gave, so that nobody overwrites what they have not seen.";
    TooManyRequests "too_many_requests" 429 "Too many requests"
        "Wait as many seconds as `Retry-After` says. `RateLimit-Policy` tells the limits; an API key has higher ones.";
    HeadersTooLarge "headers_too_large" 431 "The request's headers are too large"
        "Send fewer or smaller headers.";
    Internal "internal" 500 "Something went wrong here"
        "A defect of the registry. Nothing was half-written. Tell the operator the value of the `X-Request-Id` header.";
    Overloaded "overloaded" 503 "The registry has too much to do"
        "Try again after the seconds that `Retry-After` says.";
    DatabaseUnavailable "database_unavailable" 503 "The database cannot be reached"
        "Try again after the seconds that `Retry-After` says. Nothing was half-written.";
    InsufficientStorage "insufficient_storage" 507 "The registry cannot write at the moment"
        "The disk is full or failing. Nothing was half-written; reading goes on.";
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field in the request body, or the name of a parameter.
    #[schema(example = "/names/0/text")]
    pub pointer: String,
    /// What is wrong and what is expected.
    #[schema(example = "must not be empty")]
    pub detail: String,
}

/// Problem details (RFC 9457) with our extension members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/invalid_field",
    "title": "A field is not valid",
    "status": 422,
    "code": "invalid_field",
    "detail": "1 field is not valid",
    "fields": [{"pointer": "/legal_name", "detail": "must not be empty"}],
    "request_id": "0r5m1zqk7v2ex"
}))]
pub struct Problem {
    /// A page of this service that explains the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title, in the language of `Accept-Language`; `Content-Language` says which.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable name of the problem.
    pub code: Code,
    /// What happened this time and what to do; in English.
    pub detail: String,
    /// The fields that are not valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// The value of the `X-Request-Id` header, to name when asking for help.
    pub request_id: String,
    /// Members of this problem alone, such as `possible` or `candidates`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// The one error type of the HTTP surface (and of the calls that the command line shares with it).
///
/// Boxed, because nearly every function returns it and nearly none of them fails.
#[derive(Clone, Debug)]
pub struct Error(Box<Inside>);

#[derive(Clone, Debug)]
struct Inside {
    code: Code,
    detail: String,
    fields: Vec<FieldError>,
    more: serde_json::Map<String, serde_json::Value>,
    headers: Vec<(&'static str, String)>,
    source: Option<String>,
    retry: bool,
    lost_connection: bool,
    at: &'static Location<'static>,
}

impl Error {
    /// A problem of the table with what happened this time.
    #[track_caller]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Inside {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            more: serde_json::Map::new(),
            headers: Vec::new(),
            source: None,
            retry: false,
            lost_connection: false,
            at: Location::caller(),
        }))
    }

    /// One field that is not valid, by JSON pointer.
    #[track_caller]
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// Several fields that are not valid.
    #[track_caller]
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let detail = match fields.as_slice() {
            // The empty pointer is the whole body.
            [one] if one.pointer.is_empty() => format!("body: {}", one.detail),
            [one] => format!("{}: {}", one.pointer, one.detail),
            many => format!("{} fields are not valid", many.len()),
        };
        let mut error = Self::new(Code::InvalidField, detail);
        error.0.fields = fields;
        error
    }

    /// The thing is not there, or not for the caller.
    #[track_caller]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("there is no such {what}, or it is not visible to you"),
        )
    }

    /// A defect: the text goes to the log only.
    #[track_caller]
    pub fn internal(source: impl ToString) -> Self {
        let mut error = Self::new(Code::Internal, "an unexpected error; the log has its cause");
        error.0.source = Some(source.to_string());
        error
    }

    /// The same under another code.
    #[must_use]
    pub fn coded(mut self, code: Code) -> Self {
        self.0.code = code;
        self
    }

    /// Points the problem at a field, keeping its code.
    #[must_use]
    pub fn at_field(mut self, pointer: impl Into<String>) -> Self {
        let detail = self.0.detail.clone();
        self.0.fields.push(FieldError {
            pointer: pointer.into(),
            detail,
        });
        self
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, name: &str, value: serde_json::Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Which row of the table this is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the client is told.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The fields that are not valid.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The headers of the answer, for a page that says it in another form.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// What only the log is told, with the place in the code.
    pub fn inside(&self) -> (Option<&str>, &'static Location<'static>) {
        (self.0.source.as_deref(), self.0.at)
    }

    /// The problem as an answer, its title in this language.
    pub fn respond(&self, request_id: &str, language: Language) -> HttpResponse {
        let body = Problem {
            kind: format!("/problems/{}", self.0.code.code()),
            title: language.title(self.0.code).to_owned(),
            status: self.0.code.status(),
            code: self.0.code,
            detail: self.0.detail.clone(),
            fields: self.0.fields.clone(),
            request_id: request_id.to_owned(),
            more: self.0.more.clone(),
        };
        let mut response = HttpResponse::build(self.status_code());
        for (name, value) in &self.0.headers {
            response.insert_header((*name, value.as_str()));
        }
        response
            .insert_header(("Cache-Control", "no-store"))
            .insert_header(("Content-Language", language.tag()))
            .insert_header(("Vary", "Accept-Language"))
            .content_type("application/problem+json")
            .body(serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned()))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.title(), self.0.detail)?;
        for field in &self.0.fields {
            write!(f, "\n  {} {}", field.pointer, field.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    // The envelope renders it again with the request's id; this one is for what passes outside of it.
    fn error_response(&self) -> HttpResponse {
        self.respond("", Language::default())
    }
}

impl MaybeRetry for Error {
    fn may_retry(&self) -> bool {
        self.0.retry
    }
    fn lost_connection(&self) -> bool {
        self.0.lost_connection
    }
    fn is_away(&self) -> bool {
        matches!(self.code(), Code::DatabaseUnavailable | Code::Overloaded)
    }
}

impl From<Failure> for Error {
    #[track_caller]
    fn from(failure: Failure) -> Self {
        let (code, detail) = match &failure {
            Failure::Unavailable(_) => (
                Code::DatabaseUnavailable,
                "the database cannot be reached; try again shortly",
            ),
            Failure::Overloaded => (Code::Overloaded, "too many requests wait for the database"),
            Failure::Conflict(_) => (Code::Overloaded, "too many changes met at once; try again"),
            Failure::NoSpace(_) => (
                Code::InsufficientStorage,
                "the registry cannot write at the moment",
            ),
            Failure::NotFound => (
                Code::NotFound,
                "there is no such thing, or it is not visible to you",
            ),
            _ => (Code::Internal, "an unexpected error; the log has its cause"),
        };
        let mut error = Self::new(code, detail);
        error.0.retry = failure.may_retry();
        error.0.lost_connection = failure.lost_connection();
        if !matches!(failure, Failure::NotFound | Failure::Overloaded) {
            error.0.source = Some(failure.to_string());
        }
        if code.status() == 503 {
            error.0.headers.push(("Retry-After", "1".to_owned()));
        }
        error
    }
}

impl From<diesel::result::Error> for Error {
    #[track_caller]
    fn from(error: diesel::result::Error) -> Self {
        Failure::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Error};

    #[test]
    fn an_inner_error_is_not_in_the_answer() {
        let error = Error::internal("secret table name");
        assert!(!error.detail().contains("secret"));
        assert_eq!(error.inside().0, Some("secret table name"));
    }

    #[test]
    fn codes_are_unique_and_their_status_is_an_error() {
        for (n, code) in Code::ALL.iter().enumerate() {
            assert!((400..=599).contains(&code.status()), "{}", code.code());
            assert!(
                !Code::ALL.iter().take(n).any(|c| c.code() == code.code()),
                "{}",
                code.code()
            );
        }
    }
}
