//! The operations of the contract, each with a request that is well-formed.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use ots_registry::db::{Id, Instant};
use serde_json::Value;

use super::encoded;

/// One operation of the contract.
#[derive(Clone)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path with the names of the parameters in braces.
    pub path: String,
    /// Whether it takes a bearer's token, or even needs one.
    pub takes_token: bool,
    /// The parameters that it cannot do without, by their examples.
    pub query: String,
    /// Media type and example of the body.
    pub body: Option<(String, Value)>,
}

impl Operation {
    /// A well-formed request at this path: the required parameters, the example of the body, the headers of a change.
    pub fn request(&self, path: &str) -> TestRequest {
        let request = TestRequest::default()
            .method(self.method.clone())
            .uri(&format!("{path}{}", self.query))
            .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
            .insert_header(("If-Match", "*"));
        let Some((kind, body)) = &self.body else {
            return request;
        };
        let bytes = match body {
            Value::String(text) => text.clone().into_bytes(),
            Value::Object(fields) if kind.contains("form") => {
                let field = |(name, value): (&String, &Value)| {
                    format!("{name}={}", encoded(value.as_str().unwrap()))
                };
                let fields: Vec<String> = fields.iter().map(field).collect();
                fields.join("&").into_bytes()
            }
            other => serde_json::to_vec(other).unwrap(),
        };
        request
            .insert_header(("Content-Type", kind.as_str()))
            .set_payload(bytes)
    }
}

/// All operations of the contract, by path.
pub fn operations() -> Vec<Operation> {
    let contract = serde_json::to_value(ots_registry::app::contract()).unwrap();
    let mut found = Vec::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else {
                continue;
            };
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let body = operation["requestBody"]["content"]
                .as_object()
                .and_then(|kinds| {
                    // One that has an example, where a file may come in several forms.
                    let has = |content: &Value| !content["example"].is_null();
                    let (kind, content) = kinds
                        .iter()
                        .find(|(_, content)| has(content))
                        .or(kinds.iter().next())?;
                    Some((kind.clone(), example(&contract, content)))
                });
            found.push(Operation {
                takes_token: operation["security"]
                    .as_array()
                    .is_some_and(|s| s.iter().any(|one| one.get("bearer").is_some())),
                query: required_query(operation),
                id: id.to_owned(),
                method,
                path: path.clone(),
                body,
            });
        }
    }
    found.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
    found
}

fn required_query(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let pairs: Vec<String> = parameters
        .filter(|p| p["in"] == "query" && p["required"] == true)
        .map(|p| {
            let name = p["name"].as_str().unwrap();
            // A day in the future does not stay one.
            let value = if name == "through" {
                Instant::now()
                    .plus_seconds(30 * 24 * 3600)
                    .day()
                    .to_string()
            } else {
                match &p["example"] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                }
            };
            let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={value}")
        })
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

fn example(contract: &Value, content: &Value) -> Value {
    if !content["example"].is_null() {
        return content["example"].clone();
    }
    let mut schema = &content["schema"];
    if let Some(reference) = schema["$ref"].as_str() {
        schema = contract
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or(&Value::Null);
    }
    match (&schema["example"], &schema["examples"][0]) {
        (Value::Null, Value::Null) => Value::String("a;b\n1;2\n".to_owned()),
        (Value::Null, other) | (other, _) => other.clone(),
    }
}
