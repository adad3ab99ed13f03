//! Personal items of entries: finding those of one row, and forgetting what they say. The item's hash stays, so the chain stays whole.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::facts::Class;
use crate::db::schema::{journal, journal_facts};
use crate::db::{Conn, Instant, Tx};
use crate::http::Error;

/// The action of an entry that decides to erase; its row in [`ERASURES`] lists the items.
pub const ERASED: &str = "person.erased";
/// The table of those rows; its column `items` is a JSON list of `[seq, item]`.
pub const ERASURES: &str = "erasures";

/// What an entry recorded of a person.
#[derive(Clone, Debug)]
pub struct PersonalItem {
    /// The entry's position.
    pub seq: i64,
    /// The item's position within the entry.
    pub item: i32,
    /// When the entry was recorded.
    pub recorded_at: Instant,
    /// What was done.
    pub action: String,
    /// The personal columns of the row after it.
    pub columns: Map<String, Value>,
}

/// The personal items of one row that are not erased, in their order. Those of an organisation's row are found by its number;
/// the others by going through all personal items, which takes seconds where there are millions.
pub fn personal_items(
    conn: &mut Conn,
    table: &str,
    key: &str,
    organisation: Option<&str>,
) -> Result<Vec<PersonalItem>, Error> {
    // A body begins with the key, because its members are sorted.
    let begins = format!("[{{\"key\":{},%", Value::from(key));
    let mut query = journal::table
        .inner_join(journal_facts::table)
        .filter(journal_facts::class.eq(Class::Personal.as_str()))
        .filter(journal_facts::body.like(begins))
        .into_boxed();
    if let Some(number) = organisation {
        query = query.filter(journal::organisation.eq(number));
    }
    let rows: Vec<(i64, i32, i64, String, Option<String>)> = query
        .order((journal_facts::seq, journal_facts::item))
        .select((
            journal_facts::seq,
            journal_facts::item,
            journal::recorded_at,
            journal::action,
            journal_facts::body,
        ))
        .load(conn)?;
    let mut found = Vec::new();
    for (seq, item, at, action, body) in rows {
        let changes: Vec<Value> =
            serde_json::from_str(body.as_deref().unwrap_or("[]")).map_err(Error::internal)?;
        let of_row = |change: &Value| change["table"] == table && change["key"] == key;
        // An item is about one row: one person can be forgotten without the others.
        if let Some(change) = changes.into_iter().find(of_row) {
            let columns = match change {
                Value::Object(mut change) => change.remove("row"),
                _ => None,
            };
            found.push(PersonalItem {
                seq,
                item,
                recorded_at: Instant(at),
                action,
                columns: match columns {
                    Some(Value::Object(columns)) => columns,
                    _ => Map::new(),
                },
            });
        }
    }
    Ok(found)
}

/// Forgets what these items say. Whoever calls this records it: an item that is gone without an entry of [`ERASED`] is reported by
/// `journal verify`.
pub fn forget(tx: &mut Tx<'_>, items: &[(i64, i32)]) -> Result<(), Error> {
    for (seq, item) in items {
        diesel::update(journal_facts::table.find((seq, item)))
            .filter(journal_facts::class.eq(Class::Personal.as_str()))
            .set((
                journal_facts::salt.eq(None::<Vec<u8>>),
                journal_facts::body.eq(None::<String>),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}
