//! The examples of answers in the contract: real ones, taken down while the table of rights is gone through.
//!
//!     OTS_RECORD_EXAMPLES=openapi/examples.json cargo test --test suite rights::every_route_gives_every_caller_what_the_table_says::sqlite
//!     cargo run -- openapi > openapi/openapi.json
//!
//! One for each type of answer, the fullest that anybody got; lists with two members at most, secrets taken out.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use serde_json::{Map, Value, json};

use crate::kit::Answer;

const RECORD: &str = "OTS_RECORD_EXAMPLES";

/// What is said once and never again, or lets somebody in.
const SECRET: [&str; 11] = [
    "access_token",
    "refresh_token",
    "device_token",
    "token",
    "key",
    "link",
    "url",
    "secret",
    "uri",
    "codes",
    "recovery_codes",
];

static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(ots_registry::app::contract()).unwrap());
static TAKEN: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());

/// The name of the schema of an operation's answer in JSON.
fn schema_of<'a>(contract: &'a Value, operation: &str, status: u16) -> Option<&'a str> {
    let paths = contract["paths"].as_object().unwrap().values();
    let mut operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let found = operations.find(|o| o["operationId"] == operation)?;
    let content = &found["responses"][status.to_string()]["content"]["application/json"];
    let reference = content["schema"]["$ref"].as_str()?;
    reference.rsplit('/').next()
}

/// Takes down an answer, if that was asked for.
pub fn take(operation: &str, answer: &Answer) {
    if std::env::var_os(RECORD).is_none() || answer.status / 100 != 2 {
        return;
    }
    let contract = &*CONTRACT;
    let Some(name) = schema_of(contract, operation, answer.status) else {
        return;
    };
    let Ok(body) = serde_json::from_slice::<Value>(&answer.bytes) else {
        return;
    };
    let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
    let body = shortened(contract, &schema, body);
    let mut taken = TAKEN.lock().unwrap();
    let held = taken.get(name).map_or(0, |held| held.to_string().len());
    if body.to_string().len() > held {
        taken.insert(name.to_owned(), body);
    }
}

/// Writes down what was taken, if that was asked for.
pub fn write() {
    if let Some(path) = std::env::var_os(RECORD) {
        // What the table never sees stays as somebody wrote it.
        let held = std::fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
        let mut all: BTreeMap<String, Value> = serde_json::from_str(&held).unwrap();
        all.extend(TAKEN.lock().unwrap().clone());
        let mut text = serde_json::to_string_pretty(&all).unwrap();
        text.push('\n');
        std::fs::write(path, text).unwrap();
    }
}

fn shortened(contract: &Value, schema: &Value, value: Value) -> Value {
    let schema = resolved(contract, schema);
    match value {
        Value::Array(list) => {
            let members = list.into_iter().take(2);
            let members = members.map(|one| shortened(contract, &schema["items"], one));
            Value::Array(members.collect())
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let field = &schema["properties"][&name];
                let example = &resolved(contract, field)["example"];
                let value = match SECRET.contains(&name.as_str()) && !value.is_null() {
                    true if !example.is_null() => example.clone(),
                    _ => shortened(contract, field, value),
                };
                (name, value)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The schema that a schema stands for: behind references, and the one beside `null`.
pub fn resolved<'a>(contract: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = contract.pointer(reference.trim_start_matches('#'));
        return resolved(contract, found.unwrap());
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let choices: Vec<&Value> = choices.filter(|one| one["type"] != "null").collect();
    match choices[..] {
        [one] => resolved(contract, one),
        _ => schema,
    }
}

const UNDESCRIBED: &str = ": not described";

/// What of a value does not fit a schema, with where it stands; of the words that the contract uses for answers.
pub fn misfits(contract: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        let fits = |one: &Value| misfits(contract, one, value, at).is_empty();
        return match choices.iter().any(fits) {
            true => Vec::new(),
            false => vec![format!("{at}: none of its choices")],
        };
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let told = |one| misfits(contract, one, value, at);
        let told: Vec<Vec<String>> = parts.iter().map(told).collect();
        // What one part does not describe another may.
        let every = |wrong: &String| told.iter().all(|part| part.contains(wrong));
        let counts = |wrong: &&String| !wrong.ends_with(UNDESCRIBED) || every(wrong);
        return told.iter().flatten().filter(counts).cloned().collect();
    }
    if schema["$ref"].is_string() {
        return misfits(contract, resolved(contract, schema), value, at);
    }
    let mut wrong = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |word: &Value| word == kind || (word == "number" && kind == "integer");
    let typed = match &schema["type"] {
        Value::Null => true,
        Value::Array(words) => words.iter().any(is),
        word => is(word),
    };
    if !typed {
        wrong.push(format!("{at}: {kind}, not {}", schema["type"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of its words"));
    }
    if let Value::Object(fields) = value {
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                wrong.push(format!("{at}/{name}: missing"));
            }
        }
        for (name, value) in fields {
            let at = format!("{at}/{name}");
            let known = &schema["properties"][name];
            match (known.is_null(), &schema["additionalProperties"]) {
                (false, _) => wrong.extend(misfits(contract, known, value, &at)),
                (true, Value::Object(_)) => {
                    let other = &schema["additionalProperties"];
                    wrong.extend(misfits(contract, other, value, &at));
                }
                (true, Value::Bool(false)) => wrong.push(format!("{at}: not known")),
                (true, _) if schema["properties"].is_object() => {
                    wrong.push(format!("{at}{UNDESCRIBED}"));
                }
                (true, _) => {}
            }
        }
    }
    if let Value::Array(list) = value {
        let items = &schema["items"];
        for (n, one) in list.iter().enumerate().filter(|_| items.is_object()) {
            wrong.extend(misfits(contract, items, one, &format!("{at}/{n}")));
        }
    }
    wrong
}
