//! Rows as facts, split by who may read them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::http::Error;

/// Who may read a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Everybody, once the organisation is public.
    Public,
    /// Officers of the country, the secretariat, auditors.
    Private,
    /// A person's data: officers of the country and the secretariat; can be erased.
    Personal,
}

impl Class {
    /// All classes, in the order of an entry's items.
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Personal];

    /// The class's word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Personal => "personal",
        }
    }
}

/// A row whose every change is in the journal.
pub trait Recorded: Serialize {
    /// The table's name.
    const TABLE: &'static str;

    /// The row's key within its table.
    fn key(&self) -> String;

    /// Who may read this column. A column that is forgotten here is private.
    fn class_of(&self, column: &str) -> Class;
}

/// A row in parts. For every recorded row the same, so that no row is split otherwise than its entries are written.
pub trait Split: Recorded {
    /// The row's columns by class; the column `seq` is the entry's own and left out.
    fn split(&self) -> Result<[Map<String, Value>; 3], Error> {
        let Value::Object(columns) = serde_json::to_value(self).map_err(Error::internal)? else {
            return Err(Error::internal("a recorded row is not an object"));
        };
        let [mut public, mut private, mut personal] = [Map::new(), Map::new(), Map::new()];
        for (name, value) in columns {
            if name == "seq" {
                continue;
            }
            match self.class_of(&name) {
                Class::Public => public.insert(name, value),
                Class::Private => private.insert(name, value),
                Class::Personal => personal.insert(name, value),
            };
        }
        Ok([public, private, personal])
    }
}

impl<R: Recorded> Split for R {}

/// One change of one row in one class, as it stands in an item's body: `row` is null when the row went away.
pub(super) fn change(table: &str, key: &str, row: Option<Map<String, Value>>) -> Value {
    let row = row.map_or(Value::Null, Value::Object);
    serde_json::json!({ "table": table, "key": key, "row": row })
}
