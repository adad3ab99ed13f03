//! The contract: the committed document is the code's, and every operation is described as the conventions ask.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::examples::misfits;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Changes that need neither a key nor a tag: they hold credentials or a one-time link, end something for good, or only
/// read.
const WITHOUT_KEY_OR_TAG: [&str; 15] = [
    "accept_invitation",
    "ask_password_reset",
    "begin_second_factor",
    "change_own_password",
    "check_identifier",
    "confirm_second_factor",
    "end_current_session",
    "end_own_session",
    "end_user_session",
    "match_organisations",
    "refresh_session",
    "remove_second_factor",
    "reset_password",
    "revoke_api_key",
    "start_session",
];

struct Operation {
    path: String,
    method: &'static str,
    body: Value,
}

impl Operation {
    fn id(&self) -> &str {
        self.body["operationId"].as_str().unwrap_or("")
    }

    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or("")
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.body["parameters"].as_array().into_iter().flatten()
    }

    fn header(&self, name: &str) -> Option<&Value> {
        self.parameters()
            .find(|p| p["in"] == "header" && p["name"] == name)
    }
}

fn document() -> Value {
    serde_json::from_str(&ots_registry::app::contract_text().unwrap()).unwrap()
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap();
    let found: Vec<Operation> = paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS
                .into_iter()
                .filter_map(move |method| item.get(method).map(|body| (path, method, body)))
        })
        .map(|(path, method, body)| Operation {
            path: path.clone(),
            method,
            body: body.clone(),
        })
        .collect();
    assert!(found.len() > 50, "only {} operations", found.len());
    found
}

/// Follows a `$ref` into the components.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

/// Collects what breaks a rule, so that one run names all of it.
fn breaking(
    operations: &[Operation],
    keeps: impl Fn(&Operation) -> bool,
) -> Vec<(&str, &str, &str)> {
    operations
        .iter()
        .filter(|o| !keeps(o))
        .map(|o| (o.method, o.path.as_str(), o.id()))
        .collect()
}

const NONE: Vec<(&str, &str, &str)> = Vec::new();

#[test]
fn the_committed_document_is_the_code_s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    let held = std::fs::read_to_string(path).unwrap_or_default();
    let now = ots_registry::app::contract_text().unwrap();
    let differs = held
        .lines()
        .zip(now.lines())
        .position(|(held, now)| held != now);
    assert!(
        held == now,
        "openapi/openapi.json is not what the code says (first difference: line {:?}); write it anew with \
         `cargo run -- openapi > openapi/openapi.json` and look at what changed",
        differs.map(|n| n + 1)
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_of_verb_and_resource() {
    let document = document();
    let operations = operations(&document);
    let words = |id: &str| {
        let mut parts = id.split('_');
        parts.clone().count() >= 2
            && parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
    };
    assert_eq!(breaking(&operations, |o| words(o.id())), NONE);
    let ids: BTreeSet<&str> = operations.iter().map(Operation::id).collect();
    assert_eq!(ids.len(), operations.len(), "an operation id stands twice");
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let operations = operations(&document);
    let sentence = |o: &Operation| o.text("summary").ends_with('.') && o.text("summary").len() > 5;
    assert_eq!(breaking(&operations, sentence), NONE);
    assert_eq!(
        breaking(&operations, |o| o.text("description").len() > 10),
        NONE
    );
    assert_eq!(
        breaking(&operations, |o| o.body["tags"]
            .as_array()
            .is_some_and(|t| !t.is_empty())),
        NONE
    );
    assert_eq!(
        breaking(&operations, |o| o.body["security"]
            .as_array()
            .is_some_and(|s| !s.is_empty())),
        NONE
    );
    let parameters = |o: &Operation| {
        o.parameters().all(|p| {
            !p["example"].is_null() && p["description"].as_str().is_some_and(|d| d.len() > 3)
        })
    };
    assert_eq!(breaking(&operations, parameters), NONE);
}

#[test]
fn every_operation_lists_its_errors_as_problems() {
    let document = document();
    let operations = operations(&document);
    let problems = |o: &Operation| {
        let responses = o.body["responses"].as_object().unwrap();
        let errors: Vec<_> = responses
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']))
            .collect();
        let described = |answer: &Value| {
            let answer = resolved(&document, answer);
            let body = &answer["content"]["application/problem+json"];
            body["schema"]["$ref"] == "#/components/schemas/Problem" && !body["example"].is_null()
        };
        errors.iter().any(|(status, _)| status.starts_with('4'))
            && errors.iter().all(|(_, answer)| described(answer))
    };
    assert_eq!(breaking(&operations, problems), NONE);
    let guarded = |o: &Operation| {
        let security = o.body["security"].as_array().unwrap();
        let free = security.contains(&serde_json::json!({}));
        let takes = security.iter().any(|s| s.get("bearer").is_some());
        let lists = |status: &str| !o.body["responses"][status].is_null();
        (!takes || lists("401")) && (free || lists("403"))
    };
    assert_eq!(breaking(&operations, guarded), NONE);
}

#[test]
fn every_answer_has_its_headers_and_every_header_an_example() {
    let document = document();
    let operations = operations(&document);
    let headers = |o: &Operation| {
        o.body["responses"]
            .as_object()
            .unwrap()
            .values()
            .all(|answer| {
                let answer = resolved(&document, answer);
                let Some(headers) = answer["headers"].as_object() else {
                    return false;
                };
                headers.contains_key("X-Request-Id")
                    && headers.values().all(|header| {
                        let header = resolved(&document, header);
                        !header["example"].is_null() && !header["description"].is_null()
                    })
            })
    };
    assert_eq!(breaking(&operations, headers), NONE);
}

#[test]
fn every_text_in_a_query_has_a_form() {
    let document = document();
    let operations = operations(&document);
    let formed = |schema: &Value| {
        let schema = match schema["items"].is_object() {
            true => &schema["items"],
            false => schema,
        };
        let schema = resolved(&document, schema);
        schema["type"] != "string"
            || ["pattern", "enum", "format"]
                .iter()
                .any(|name| !schema[*name].is_null())
    };
    let texts = |o: &Operation| {
        o.parameters()
            .filter(|p| p["in"] == "query")
            .all(|p| formed(&p["schema"]))
    };
    assert_eq!(breaking(&operations, texts), NONE);
}

#[test]
fn every_body_has_an_example_and_refuses_what_it_does_not_know() {
    let document = document();
    let operations = operations(&document);
    let bodies: Vec<Operation> = operations
        .into_iter()
        .filter(|o| !o.body["requestBody"].is_null())
        .collect();
    assert!(bodies.len() > 20, "only {} bodies", bodies.len());
    let example = |o: &Operation| {
        let content = o.body["requestBody"]["content"].as_object().unwrap();
        content.values().any(|c| {
            !c["example"].is_null() || !resolved(&document, &c["schema"])["example"].is_null()
        })
    };
    assert_eq!(breaking(&bodies, example), NONE);
    let strict = |o: &Operation| {
        let content = o.body["requestBody"]["content"].as_object().unwrap();
        content
            .iter()
            .filter(|(kind, _)| kind.ends_with("json"))
            .all(|(_, c)| resolved(&document, &c["schema"])["additionalProperties"] == false)
    };
    assert_eq!(breaking(&bodies, strict), NONE);
}

#[test]
fn every_answer_in_json_has_an_example_of_its_own_that_fits() {
    let document = document();
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for operation in operations(&document) {
        let answers = operation.body["responses"].as_object().unwrap();
        for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
            let answer = resolved(&document, answer);
            let content = &answer["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            looked_at += 1;
            let at = format!("{} {status}", operation.id());
            match &content["example"] {
                Value::Null => wrong.push(format!("{at}: no example")),
                example => wrong.extend(misfits(&document, &content["schema"], example, &at)),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(looked_at > 120, "{looked_at}");
}

#[test]
fn what_does_not_fit_a_schema_is_told() {
    let list = json!({"type": "array", "items": {"type": ["integer", "null"]}});
    let schema = json!({
        "type": "object", "required": ["a"], "properties": {"a": {"enum": ["x"]}, "list": list}
    });
    let told = |value: Value| misfits(&Value::Null, &schema, &value, "");
    assert!(told(json!({"a": "x", "list": [1, null]})).is_empty());
    assert_eq!(told(json!({})), ["/a: missing"]);
    assert_eq!(told(json!({"a": "y"})), ["/a: \"y\" is none of its words"]);
    assert_eq!(told(json!({"a": "x", "b": 1})), ["/b: not described"]);
    let other = json!({"type": "object", "properties": {"b": {"type": "integer"}}});
    let both = json!({"allOf": [schema, other]});
    let told_of_both = |value: Value| misfits(&Value::Null, &both, &value, "");
    assert!(told_of_both(json!({"a": "x", "b": 1})).is_empty());
    assert!(!told_of_both(json!({"a": "x", "c": 1})).is_empty());
    let texts = told(json!({"a": "x", "list": ["1"]}));
    assert_eq!(texts, [r#"/list/0: string, not ["integer","null"]"#]);
}

#[test]
fn every_change_asks_for_a_key_or_a_tag() {
    let document = document();
    let operations = operations(&document);
    let changes: Vec<Operation> = operations
        .into_iter()
        .filter(|o| o.method != "get" && o.path.starts_with("/v1/"))
        .collect();
    let asks = |o: &Operation| {
        ["Idempotency-Key", "If-Match"]
            .iter()
            .filter_map(|name| o.header(name))
            .any(|p| p["required"] == true)
    };
    let without: BTreeSet<&str> = changes
        .iter()
        .filter(|o| !asks(o))
        .map(Operation::id)
        .collect();
    assert_eq!(without, BTreeSet::from(WITHOUT_KEY_OR_TAG));
    let listed = |o: &Operation| {
        let lists = |status: &str| !o.body["responses"][status].is_null();
        (o.header("If-Match").is_none() || (lists("412") && lists("428")))
            && (o.header("Idempotency-Key").is_none() || (lists("400") && lists("409")))
    };
    assert_eq!(breaking(&changes, listed), NONE);
}

#[test]
fn the_page_of_a_report_at_the_desk_is_described_as_what_it_is() {
    let document = document();
    let operations = operations(&document);
    let reports: Vec<&Operation> = operations
        .iter()
        .filter(|o| o.path.starts_with("/v1/reports/"))
        .collect();
    assert!(reports.len() >= 15, "only {} reports", reports.len());
    for report in reports {
        let page = report.path.trim_start_matches("/v1");
        let page = operations.iter().find(|o| o.path == page);
        let page = page.unwrap_or_else(|| panic!("no page of {}", report.path));
        // It gives the same files.
        let content = |o: &Operation| o.body["responses"]["200"]["content"].clone();
        assert!(content(report)["application/json"].is_object());
        assert!(content(report)["application/pdf"].is_object());
        assert_eq!(content(page), content(report), "{}", page.path);
        // What it has of itself need not be asked for.
        for needed in ["from", "to", "seed"] {
            let named = page.parameters().find(|p| p["name"] == needed);
            assert!(named.is_none_or(|p| p["required"] == false), "{needed}");
        }
    }
}

#[test]
fn a_field_of_the_desk_that_may_be_left_out_may_be_empty() {
    let document = document();
    let operations = operations(&document);
    let said = |o: &Operation| {
        o.parameters().filter(|p| p["in"] == "query").all(|p| {
            let may = o.path.starts_with("/reports") && p["required"] == false;
            (p["allowEmptyValue"] == true) == may
        })
    };
    assert_eq!(breaking(&operations, said), NONE);
}
