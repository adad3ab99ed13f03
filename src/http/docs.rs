//! The errors that operations list in the OpenAPI document, in groups that belong together.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::Code;

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident: $($code:ident)*;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;
            impl utoipa::IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    of(&[$(Code::$code),*])
                }
            }
        )*
    };
}

groups! {
    /// What an operation without parameters or a body can meet.
    Plain: MethodNotAllowed TooManyRequests Overloaded DatabaseUnavailable;
    /// What a public read can meet.
    PublicRead: BadParameter BadCursor NotAuthenticated NotFound TooManyRequests Internal Overloaded DatabaseUnavailable;
    /// What a read behind a log-in can meet.
    OfficerRead: BadParameter BadCursor NotAuthenticated Forbidden NotFound TooManyRequests Internal Overloaded
        DatabaseUnavailable;
    /// What a POST that only reads can meet.
    ReadByPost: MalformedRequest NotAuthenticated NotFound BodyTooLarge UnsupportedMediaType InvalidField
        TooManyRequests Internal;
    /// What giving credentials can meet.
    LogIn: MalformedRequest WrongCredentials BodyTooLarge UnsupportedMediaType InvalidField TooManyRequests Internal
        Overloaded DatabaseUnavailable;
    /// What an act on one's own account can meet.
    Own: MalformedRequest NotAuthenticated WrongCredentials Forbidden NotFound BodyTooLarge UnsupportedMediaType InvalidField
        TooManyRequests Internal Overloaded DatabaseUnavailable;
    /// What making something new can meet.
    Create: MalformedRequest BadParameter IdempotencyKeyRequired NotAuthenticated Forbidden NotFound Conflict
        RequestRunning AlreadyDone BodyTooLarge UnsupportedMediaType InvalidField IdempotencyKeyReused TooManyRequests
        Internal Overloaded DatabaseUnavailable InsufficientStorage;
    /// What changing an object can meet.
    Change: MalformedRequest NotAuthenticated Forbidden NotFound Conflict StaleVersion BodyTooLarge
        UnsupportedMediaType InvalidField PreconditionRequired TooManyRequests Internal Overloaded
        DatabaseUnavailable InsufficientStorage;
    /// What registering an organisation can meet.
    Register: MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden DuplicateIdentifier PossibleDuplicate
        Conflict RequestRunning BodyTooLarge UnsupportedMediaType InvalidField NaturalPersonNumber
        IdempotencyKeyReused TooManyRequests Internal Overloaded DatabaseUnavailable InsufficientStorage;
    /// What adding an item to an organisation can meet.
    AddItem: MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound DuplicateIdentifier Conflict
        RequestRunning StaleVersion BodyTooLarge UnsupportedMediaType InvalidField NaturalPersonNumber
        IdempotencyKeyReused PreconditionRequired TooManyRequests Internal Overloaded DatabaseUnavailable
        InsufficientStorage;
    /// What opening an application can meet.
    Apply: MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden NotFound ActNotPossible Conflict
        RequestRunning BodyTooLarge UnsupportedMediaType InvalidField IdempotencyKeyReused TooManyRequests Internal
        Overloaded DatabaseUnavailable InsufficientStorage;
    /// What an act of membership can meet.
    MembershipAct: MalformedRequest IdempotencyKeyRequired NotAuthenticated Forbidden SecondOfficerNeeded NotFound
        ActNotPossible Conflict RequestRunning StaleVersion BodyTooLarge UnsupportedMediaType InvalidField
        IdempotencyKeyReused PreconditionRequired TooManyRequests Internal Overloaded DatabaseUnavailable
        InsufficientStorage;
    /// What an upload can meet.
    Upload: BadParameter IdempotencyKeyRequired NotAuthenticated Forbidden RequestRunning BodyTooLarge
        UnsupportedMediaType UnreadableFile InvalidField IdempotencyKeyReused TooManyRequests Internal Overloaded
        DatabaseUnavailable InsufficientStorage;
}

fn of(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status
        .into_iter()
        .map(|(status, codes)| {
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
            let response = ResponseBuilder::new()
                .description(text)
                .content("application/problem+json", content)
                .build();
            (status.to_string(), RefOr::T(response))
        })
        .collect()
}
