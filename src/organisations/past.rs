//! Organisations as they were: replayed from the journal.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::Value;

use crate::db::Conn;
use crate::db::schema::{journal, journal_facts};
use crate::http::Error;
use crate::journal::Class;

/// The legal names that these organisations had, as known at a position of the journal.
pub fn legal_names(
    conn: &mut Conn,
    numbers: &[String],
    seq: i64,
) -> Result<HashMap<String, String>, Error> {
    let mut found = HashMap::new();
    if numbers.is_empty() {
        return Ok(found);
    }
    let bodies: Vec<(Option<String>, Option<String>)> = journal::table
        .inner_join(journal_facts::table)
        .filter(journal::organisation.eq_any(numbers))
        .filter(journal::seq.le(seq))
        .filter(journal_facts::class.eq(Class::Public.as_str()))
        .filter(journal_facts::body.like("%\"table\":\"organisations\"%"))
        .order(journal::seq)
        .select((journal::organisation, journal_facts::body))
        .load(conn)?;
    for body in bodies.into_iter().filter_map(|(_, body)| body) {
        let changes: Vec<Value> = serde_json::from_str(&body).map_err(Error::internal)?;
        for change in changes {
            let text = |value: &Value, name: &str| {
                value.get(name).and_then(Value::as_str).map(str::to_owned)
            };
            let Some(row) = change
                .get("row")
                .filter(|_| change["table"] == "organisations")
            else {
                continue;
            };
            if let (Some(number), Some(name)) = (text(row, "number"), text(row, "name")) {
                found.insert(number, name);
            }
        }
    }
    Ok(found)
}
