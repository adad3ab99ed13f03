//! What the OpenAPI document says of every operation alike: said once here instead of on each.
//!
//! The answers that the groups of [`super::docs`] name become components; lists refer to the schemas of their items;
//! every answer has its `X-Request-Id`; tagged reads take `If-None-Match` and can answer 304.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, SchemaType};
use utoipa::openapi::{
    Components, Object, OpenApi, PathItem, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    Type,
};

use super::{Code, docs, sheet};

const HEADERS: &[(&str, &str, &str)] = &[
    (
        "X-Request-Id",
        "Names this request; tell it when asking for help",
        "0r5m1zqk7v2ex",
    ),
    ("Content-Language", "The language of `title`", "en"),
    (
        "ETag",
        "The tag of this version: for If-None-Match, and for If-Match where the caller may change the object",
        "\"v3.9Pq0aJ7xVb1c2d3e\"",
    ),
    (
        "Location",
        "The address of what was made, or of what goes on in its place",
        "/v1/organisations/OTS-7K3M9Q2-54",
    ),
    (
        "Link",
        "The next page (RFC 8288); absent on the last one",
        "</v1/organisations?cursor=WyJ0eXBlIl0>; rel=\"next\"",
    ),
    (
        "Idempotency-Replayed",
        "`true` when this is the kept answer of an earlier request with the same key",
        "true",
    ),
];

/// An answer of each type, by the name of its schema: taken down by the suite (`tests/suite/examples.rs`).
const ANSWERS: &str = include_str!("../../openapi/examples.json");

/// Completes the document once every route is in it.
pub fn complete(openapi: &mut OpenApi) {
    // The suite holds that it reads, and that each answer has its example.
    let answers: BTreeMap<String, Value> = serde_json::from_str(ANSWERS).unwrap_or_default();
    for (path, item) in &mut openapi.paths.paths {
        for (is_get, operation) in operations(item) {
            describe(path, is_get, operation);
            give_examples(operation, &answers);
        }
    }
    let components = openapi.components.get_or_insert_default();
    for (name, description, example) in HEADERS {
        components
            .headers
            .insert((*name).to_owned(), RefOr::T(header(description, example)));
    }
    for mut response in docs::components() {
        if let RefOr::T(answer) = &mut response.1 {
            add_error_headers(answer);
        }
        components.responses.insert(response.0, response.1);
    }
    refer_to_items(components);
    drop_unused(openapi);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    [
        (true, &mut item.get),
        (false, &mut item.put),
        (false, &mut item.post),
        (false, &mut item.patch),
        (false, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(is_get, slot)| slot.as_mut().map(|operation| (is_get, operation)))
}

/// What the reader of queries refuses in any text: nothing at all, and U+0000.
const PLAIN_TEXT: &str = r"^[^\u0000]+$";

/// Says of every text in a query that has no form of its own what holds for all.
fn bound_texts(operation: &mut Operation) {
    let plain = |schema: &mut RefOr<Schema>| {
        if let RefOr::T(Schema::Object(object)) = schema
            && object.schema_type == SchemaType::Type(Type::String)
            && object.pattern.is_none()
            && object.enum_values.is_none()
            && object.format.is_none()
        {
            object.pattern = Some(PLAIN_TEXT.to_owned());
        }
    };
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else {
            continue;
        };
        if parameter.parameter_in != ParameterIn::Query {
            continue;
        }
        match &mut parameter.schema {
            Some(RefOr::T(Schema::Array(list))) => {
                if let ArrayItems::RefOrSchema(items) = &mut list.items {
                    plain(items);
                }
            }
            Some(schema) => plain(schema),
            None => {}
        }
    }
}

/// Says of the forms of the desk that a field which nobody filled in counts as left out: browsers send it empty.
fn allow_blank_fields(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else {
            continue;
        };
        let is_field = parameter.parameter_in == ParameterIn::Query;
        if is_field && parameter.required == Required::False {
            let word = ("allowEmptyValue", true);
            parameter.extensions = Some(Extensions::from_iter([word]));
        }
    }
}

fn describe(path: &str, is_get: bool, operation: &mut Operation) {
    bound_texts(operation);
    if sheet::is_desk(path) {
        allow_blank_fields(operation);
    }
    let named = |operation: &Operation, wanted: &str| {
        operation.parameters.iter().flatten().any(|p| match p {
            RefOr::T(parameter) => parameter.name == wanted,
            RefOr::Ref(_) => false,
        })
    };
    let is_sheet = path == "/" || sheet::is_sheet(path);
    let tagged_read = is_get && (is_sheet || is_tagged(path) && !is_page(operation));
    let tagged = tagged_read || named(operation, "If-Match");
    let paged = named(operation, "cursor");
    let once = named(operation, "Idempotency-Key");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(answer) = response else { continue };
        if status == "307" || status == "303" {
            add_header(answer, "X-Request-Id");
            add_header(answer, "Location");
        }
        if !status.starts_with('2') {
            continue;
        }
        add_header(answer, "X-Request-Id");
        for (name, applies) in [
            ("ETag", tagged),
            ("Link", paged),
            ("Idempotency-Replayed", once),
        ] {
            if applies {
                add_header(answer, name);
            }
        }
    }
    // No schema says that a moment is not in the future.
    if named(operation, "known_at") {
        let refused = Ref::from_response_name(format!("{:?}", Code::InvalidField));
        let responses = &mut operation.responses.responses;
        responses
            .entry("422".to_owned())
            .or_insert(RefOr::Ref(refused));
    }
    if tagged_read {
        let mut not_modified = ResponseBuilder::new()
            .description("The caller has this version already")
            .build();
        add_header(&mut not_modified, "X-Request-Id");
        add_header(&mut not_modified, "ETag");
        operation
            .responses
            .responses
            .insert("304".to_owned(), RefOr::T(not_modified));
        operation
            .parameters
            .get_or_insert_default()
            .push(RefOr::T(if_none_match()));
    }
}

/// Gives each answer in JSON the example of its type, and each page its own title.
fn give_examples(operation: &mut Operation, answers: &BTreeMap<String, Value>) {
    let summary = operation.summary.clone().unwrap_or_default();
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(answer) = response else { continue };
        if !status.starts_with('2') {
            continue;
        }
        let alone = answer.content.len() == 1;
        for (kind, content) in &mut answer.content {
            let RefOr::T(content) = content else { continue };
            let known = match (kind.as_str(), &content.schema) {
                ("application/json", Some(RefOr::Ref(schema))) => {
                    let name = schema.ref_location.rsplit('/').next();
                    name.and_then(|name| answers.get(name)).cloned()
                }
                ("text/html", _) if alone => Some(Value::from(format!(
                    "<!doctype html><html lang=\"en\"><title>{summary}</title>…"
                ))),
                _ => None,
            };
            if known.is_some() {
                content.example = known;
            }
        }
    }
}

fn is_page(operation: &Operation) -> bool {
    match operation.responses.responses.get("200") {
        Some(RefOr::T(answer)) => answer.content.keys().all(|kind| kind == "text/html"),
        _ => false,
    }
}

/// Pages about the service and signs of life have no tag.
fn is_tagged(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/openapi.json" || path.starts_with("/.well-known/")
}

fn header(description: &str, example: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some(description))
        .example(Some(Value::from(example)))
        .build()
}

/// The headers of every error.
pub(super) fn add_error_headers(response: &mut Response) {
    add_header(response, "X-Request-Id");
    add_header(response, "Content-Language");
}

/// A header that the operation describes itself is kept.
fn add_header(response: &mut Response, name: &str) {
    response
        .headers
        .entry(name.to_owned())
        .or_insert_with(|| RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))));
}

fn if_none_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The tag of the version that the caller has; the answer is 304 while it is the current one",
        ))
        .schema(Some(Object::with_type(Type::String)))
        .example(Some(Value::from("\"9Pq0aJ7xVb1c2d3e\"")))
        .build()
}

/// Generic lists (`Page_User`, `Items_Name`) hold their items' schema written out; the component says it better.
fn refer_to_items(components: &mut Components) {
    let known: BTreeSet<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let Some((_, item)) = name.split_once('_') else {
            continue;
        };
        let RefOr::T(Schema::Object(list)) = schema else {
            continue;
        };
        if !known.contains(item) {
            continue;
        }
        if let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items") {
            items.items =
                ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}

/// Drops what nothing refers to, until nothing more can go.
fn drop_unused(openapi: &mut OpenApi) {
    while let Ok(text) = serde_json::to_string(openapi) {
        let Some(components) = openapi.components.as_mut() else {
            return;
        };
        let used =
            |kind: &str, name: &str| text.contains(&format!("\"#/components/{kind}/{name}\""));
        let count = |c: &Components| c.schemas.len() + c.responses.len() + c.headers.len();
        let before = count(components);
        components
            .schemas
            .retain(|name, _| used("schemas", name.as_str()));
        components
            .responses
            .retain(|name, _| used("responses", name.as_str()));
        components
            .headers
            .retain(|name, _| used("headers", name.as_str()));
        if count(components) == before {
            return;
        }
    }
}
