//! The errors that operations list in the OpenAPI document, in groups that belong together.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::Code;

macro_rules! groups {
    ($($(#[doc = $doc:literal])+ $name:ident: $base:ident $($code:ident)*;)*) => {
        $(
            $(#[doc = $doc])+
            pub struct $name;
            impl utoipa::IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    references(&by_status($base, &[$(Code::$code),*]))
                }
            }
        )*

        /// Every answer that a group can name, by the name of its component.
        pub(super) fn components() -> BTreeMap<String, RefOr<Response>> {
            let mut all = BTreeMap::new();
            for codes in [$(by_status($base, &[$(Code::$code),*])),*] {
                for (status, codes) in codes {
                    all.insert(component_name(&codes), RefOr::T(response(status, &codes)));
                }
            }
            all.extend(page_components());
            all
        }
    };
}

/// What the service refuses before a handler sees the request: a query where none is taken, a `Content-Encoding`.
const HEALTH: &[Code] = &[Code::BadParameter, Code::UnsupportedMediaType];
/// What a page or document of the service itself can meet.
const SERVICE: &[Code] = &[
    Code::BadParameter,
    Code::UnsupportedMediaType,
    Code::TooManyRequests,
    Code::Internal,
];
/// What everything behind the database can meet.
const DATA: &[Code] = &[
    Code::BadParameter,
    Code::UnsupportedMediaType,
    Code::TooManyRequests,
    Code::Internal,
    Code::Overloaded,
    Code::DatabaseUnavailable,
];

groups! {
    /// What the sign of life can meet.
    Alive: HEALTH;
    /// What the question whether the service can work can meet.
    Ready: HEALTH Internal Overloaded DatabaseUnavailable;
    /// What a page or document of the service itself can meet.
    Plain: SERVICE;
    /// What a page of the service itself with a name in its address can meet.
    PlainPage: SERVICE NotFound;
    /// What a public read of something that is always there can meet.
    PublicData: DATA NotAuthenticated;
    /// What a public list can meet.
    PublicList: DATA BadCursor NotAuthenticated;
    /// What a public read of one thing can meet.
    PublicRead: DATA NotAuthenticated NotFound;
    /// What a public list of one thing's parts can meet.
    PublicParts: DATA BadCursor NotAuthenticated NotFound;
    /// What a read behind a log-in of something that is always there can meet.
    OfficerData: DATA NotAuthenticated Forbidden;
    /// What a list behind a log-in can meet.
    OfficerList: DATA BadCursor NotAuthenticated Forbidden;
    /// What a list behind a log-in can meet that is asked of some day.
    OfficerDays: DATA BadCursor NotAuthenticated Forbidden InvalidField;
    /// What a list of one thing's parts behind a log-in can meet.
    OfficerParts: DATA BadCursor NotAuthenticated Forbidden NotFound;
    /// What a read of one thing behind a log-in can meet.
    OfficerRead: DATA NotAuthenticated Forbidden NotFound;
    /// What a proof about the journal can meet.
    OfficerProof: DATA NotAuthenticated Forbidden NotFound InvalidField;
    /// What a POST that only reads can meet.
    ReadByPost: DATA MalformedRequest NotAuthenticated BodyTooLarge InvalidField NaturalPersonNumber;
    /// What giving credentials can meet.
    LogIn: DATA MalformedRequest WrongCredentials BodyTooLarge InvalidField NaturalPersonNumber InsufficientStorage;
    /// What asking for a link without a log-in can meet.
    AskLink: SERVICE MalformedRequest BodyTooLarge InvalidField NaturalPersonNumber;
    /// What logging out can meet.
    LogOut: DATA NotAuthenticated Forbidden InsufficientStorage;
    /// What changing one's own password can meet.
    Own: DATA MalformedRequest NotAuthenticated WrongCredentials Forbidden BodyTooLarge InvalidField NaturalPersonNumber
        InsufficientStorage;
    /// What setting or removing one's own second factor can meet.
    OwnFactor: DATA MalformedRequest NotAuthenticated WrongCredentials Forbidden Conflict BodyTooLarge InvalidField NaturalPersonNumber
        InsufficientStorage;
    /// What ending something that has no versions can meet.
    End: DATA NotAuthenticated Forbidden NotFound InsufficientStorage;
    /// What making something new can meet.
    Create: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden Conflict RequestRunning AlreadyDone
        BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused InsufficientStorage;
    /// What making a new link for an account can meet.
    CreateLink: DATA IdempotencyKeyRequired NotAuthenticated Forbidden NotFound Conflict RequestRunning AlreadyDone
        InsufficientStorage;
    /// What erasing a person's data can meet.
    Erase: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound Conflict RequestRunning AlreadyDone
        BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused InsufficientStorage;
    /// What committing an import can meet.
    Commit: DATA IdempotencyKeyRequired NotAuthenticated Forbidden NotFound Conflict RequestRunning InsufficientStorage;
    /// What changing an object can meet.
    Change: DATA MalformedRequest NotAuthenticated Forbidden NotFound Conflict StaleVersion BodyTooLarge InvalidField NaturalPersonNumber
        PreconditionRequired InsufficientStorage;
    /// What removing a part of an object can meet.
    Remove: DATA NotAuthenticated Forbidden NotFound Conflict StaleVersion PreconditionRequired InsufficientStorage;
    /// What registering an organisation can meet.
    Register: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden DuplicateIdentifier PossibleDuplicate
        Conflict RequestRunning BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused InsufficientStorage;
    /// What adding an item to an organisation can meet.
    AddItem: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound DuplicateIdentifier Conflict
        RequestRunning StaleVersion BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused
        PreconditionRequired InsufficientStorage;
    /// What opening an application can meet.
    Apply: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound ActNotPossible Conflict
        RequestRunning BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused InsufficientStorage;
    /// What an act of membership can meet.
    MembershipAct: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound ActNotPossible Conflict
        RequestRunning StaleVersion BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused PreconditionRequired
        InsufficientStorage;
    /// What deciding a proposal or taking one back can meet.
    Decision: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden SecondOfficerNeeded NotFound
        ActNotPossible Conflict RequestRunning StaleVersion BodyTooLarge InvalidField NaturalPersonNumber IdempotencyKeyReused
        InsufficientStorage;
    /// What an upload can meet.
    Upload: DATA MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden Conflict RequestRunning BodyTooLarge
        UnreadableFile InvalidField NaturalPersonNumber IdempotencyKeyReused InsufficientStorage;
}

/// Where a number leads while its organisation is merged into another.
pub struct Merged;

impl utoipa::IntoResponses for Merged {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let location = HeaderBuilder::new()
            .schema(Some(utoipa::openapi::Object::with_type(
                utoipa::openapi::Type::String,
            )))
            .description(Some("The same of the organisation that goes on"))
            .example(Some("/v1/organisations/OTS-7K3M9Q2-54".into()))
            .build();
        let response = ResponseBuilder::new()
            .description("It was merged into another, which Location names")
            .header("Location", location)
            .build();
        BTreeMap::from([("307".to_owned(), RefOr::T(response))])
    }
}

macro_rules! page_groups {
    ($($(#[doc = $doc:literal])+ $name:ident: $($code:ident)*;)*) => {
        $(
            $(#[doc = $doc])+
            pub struct $name;
            impl utoipa::IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    by_status(DATA, &[$(Code::$code),*])
                        .iter()
                        .map(|(status, codes)| {
                            let name = format!("Page_{}", component_name(codes));
                            (status.to_string(), RefOr::Ref(Ref::from_response_name(name)))
                        })
                        .collect()
                }
            }
        )*

        /// The same answers as pages, or as problems where the caller asks for JSON.
        fn page_components() -> BTreeMap<String, RefOr<Response>> {
            let mut all = BTreeMap::new();
            for codes in [$(by_status(DATA, &[$(Code::$code),*])),*] {
                for (status, codes) in codes {
                    let name = format!("Page_{}", component_name(&codes));
                    all.insert(name, RefOr::T(as_page(response(status, &codes))));
                }
            }
            all
        }
    };
}

page_groups! {
    /// What a page in the browser's language can meet: pages again, or problems where the caller asks for JSON.
    Sheet: BadCursor NotAuthenticated NotFound;
    /// What a page of the auditors' desk can meet: pages again, the log-in form among them.
    Desk: BadCursor NotAuthenticated Forbidden NotFound InvalidField;
    /// What a form of the auditors' desk can meet.
    DeskForm: MalformedRequest NotAuthenticated WrongCredentials Forbidden BodyTooLarge InvalidField InsufficientStorage;
}

fn as_page(mut response: Response) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(utoipa::openapi::Object::with_type(
            utoipa::openapi::Type::String,
        )))
        .example(Some("<!doctype html>…".into()))
        .build();
    response
        .content
        .insert("text/html".to_owned(), RefOr::T(content));
    response
}

type ByStatus = BTreeMap<u16, Vec<Code>>;

fn by_status(base: &[Code], own: &[Code]) -> ByStatus {
    let mut found = ByStatus::new();
    for code in own.iter().chain(base) {
        found.entry(code.status()).or_default().push(*code);
    }
    // Whoever logs in to a secretariat account without a second factor is told so everywhere.
    if own.contains(&Code::NotAuthenticated) {
        let code = Code::SecondFactorNeeded;
        found.entry(code.status()).or_default().push(code);
    }
    // Where a body is read, it can also be too slow.
    if own.contains(&Code::BodyTooLarge) {
        let code = Code::RequestTimeout;
        found.entry(code.status()).or_default().push(code);
    }
    for codes in found.values_mut() {
        codes.sort_unstable();
        codes.dedup();
    }
    found
}

fn component_name(codes: &[Code]) -> String {
    let names: Vec<String> = codes.iter().map(|c| format!("{c:?}")).collect();
    names.join("_")
}

fn references(codes: &ByStatus) -> BTreeMap<String, RefOr<Response>> {
    let reference = |codes: &Vec<Code>| RefOr::Ref(Ref::from_response_name(component_name(codes)));
    codes
        .iter()
        .map(|(status, codes)| (status.to_string(), reference(codes)))
        .collect()
}

fn response(status: u16, codes: &[Code]) -> Response {
    let text = codes
        .iter()
        .map(|c| format!("`{}`: {}", c.code(), c.title()))
        .collect::<Vec<_>>()
        .join("; ");
    let example = codes.first().map(|c| {
        serde_json::json!({
            "type": format!("/problems/{}", c.code()),
            "title": c.title(),
            "status": status,
            "code": c.code(),
            "detail": c.help(),
            "request_id": "0r5m1zqk7v2ex"
        })
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(example)
        .build();
    let mut response = ResponseBuilder::new()
        .description(text)
        .content("application/problem+json", content);
    for (name, description, example) in headers_of(status) {
        let header = HeaderBuilder::new()
            .schema(Some(utoipa::openapi::Object::with_type(
                utoipa::openapi::Type::String,
            )))
            .description(Some(*description))
            .example(Some((*example).into()))
            .build();
        response = response.header(*name, header);
    }
    response.build()
}

type HeaderText = (&'static str, &'static str, &'static str);

fn headers_of(status: u16) -> &'static [HeaderText] {
    match status {
        401 => &[(
            "WWW-Authenticate",
            "How to authenticate (RFC 6750)",
            "Bearer realm=\"ots-registry\"",
        )],
        429 => &[
            ("Retry-After", "Seconds to wait", "7"),
            (
                "RateLimit-Policy",
                "The limit: requests in a window of seconds",
                "\"anonymous\";q=120;w=60",
            ),
            ("RateLimit", "What is left of it", "\"anonymous\";r=0;t=7"),
        ],
        503 => &[("Retry-After", "Seconds to wait", "1")],
        _ => &[],
    }
}
