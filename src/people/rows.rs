//! The rows of erasures: what was forgotten, by whose decision. In the journal like every fact.

use diesel::prelude::*;
use serde::Serialize;

use crate::db::schema::erasures;
use crate::journal::{Class, Recorded, erase};

/// A person's data that was erased. It names the person by an opaque word and holds no value of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, Serialize)]
#[diesel(table_name = erasures, treat_none_as_default_value = false)]
pub struct ErasureRow {
    /// Random id.
    pub id: i64,
    /// `user:…` or `contact:NUMBER/ITEM`.
    pub subject: String,
    /// The organisation of a contact person, by its number.
    pub organisation: Option<String>,
    /// Why.
    pub reason: String,
    /// JSON list of `[seq, item]`: the journal's items that were forgotten.
    pub items: String,
    /// When, µs.
    pub erased_at: i64,
    /// Who (an actor word).
    pub erased_by: String,
    /// The journal position of the entry that decided it.
    pub seq: i64,
}

impl Recorded for ErasureRow {
    const TABLE: &'static str = erase::ERASURES;
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![crate::recorded_table!(erasures, ErasureRow, id)]
}
