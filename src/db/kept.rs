//! Statements of our own that stay prepared.
//!
//! Diesel keeps a statement prepared by its type or its text, unless something in it says that its text is not bounded in
//! number: `sql(…)`, `sql_query`, `eq_any` and every `update` do. What is asked for with every request is written out as a
//! [`Text`] that lives as long as the program, so it is parsed and planned once per connection. A value that never changes is
//! better written into the text: SQLite may plan a statement anew for every value that is bound to an analysed column.

use std::borrow::Cow;
use std::marker::PhantomData;

use chrono::NaiveDate;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Date};
use diesel::sqlite::Sqlite;

/// One statement in the words of each database, `?` where a value goes: made from the program's own words alone, never from a
/// request, and kept in a `static`.
pub struct Text {
    sqlite: Cow<'static, str>,
    postgres: Cow<'static, str>,
}

impl Text {
    /// One text for both databases.
    pub const fn same(text: &'static str) -> Self {
        Self {
            sqlite: Cow::Borrowed(text),
            postgres: Cow::Borrowed(text),
        }
    }

    /// A text for each.
    pub const fn each(sqlite: String, postgres: String) -> Self {
        Self {
            sqlite: Cow::Owned(sqlite),
            postgres: Cow::Owned(postgres),
        }
    }
}

/// A value of a statement.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A day.
    Day(NaiveDate),
    /// Internal ids: an array on PostgreSQL (`= ANY (?)`), a JSON array on SQLite (`json_each(?)`).
    Ids(Many<'a, i64>),
    /// Texts in the same forms.
    Texts(Many<'a, &'a str>),
}

/// Several values in both forms.
#[derive(Clone, Debug)]
pub struct Many<'a, T> {
    list: &'a [T],
    json: String,
}

impl<'a> Value<'a> {
    /// A list of internal ids.
    pub fn ids(list: &'a [i64]) -> Self {
        let json: Vec<String> = list.iter().map(i64::to_string).collect();
        Self::Ids(Many {
            list,
            json: format!("[{}]", json.join(",")),
        })
    }

    /// A list of texts.
    pub fn texts(list: &'a [&'a str]) -> Self {
        let json = serde_json::Value::from(list).to_string();
        Self::Texts(Many { list, json })
    }
}

/// A statement with its values, whose columns have the types `Row`; run it inside [`dialect!`](crate::dialect).
#[must_use = "a statement does nothing until it is loaded"]
pub struct Kept<'a, Row = ()> {
    text: &'static Text,
    values: Vec<Value<'a>>,
    row: PhantomData<fn() -> Row>,
}

impl<'a, Row> Kept<'a, Row> {
    /// A statement with as many values as it has `?`.
    pub fn new(text: &'static Text, values: Vec<Value<'a>>) -> Self {
        Self {
            text,
            values,
            row: PhantomData,
        }
    }

    fn walk<'b, DB: Backend>(
        &'b self,
        text: &str,
        mut out: AstPass<'_, 'b, DB>,
        push: impl Fn(&mut AstPass<'_, 'b, DB>, &'b Value<'a>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        let mut parts = text.split('?');
        out.push_sql(parts.next().unwrap_or(""));
        let mut values = self.values.iter();
        for part in parts {
            let value = values.next().ok_or_else(|| wrong_count(text))?;
            push(&mut out, value)?;
            out.push_sql(part);
        }
        match values.next() {
            None => Ok(()),
            Some(_) => Err(wrong_count(text)),
        }
    }
}

fn wrong_count(text: &str) -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError(
        format!("a statement has not as many values as places: {text}").into(),
    )
}

impl<Row> QueryFragment<Sqlite> for Kept<'_, Row> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(&self.text.sqlite, out, |out, value| match value {
            Value::Text(text) => out.push_bind_param::<diesel::sql_types::Text, str>(text),
            Value::Number(number) => out.push_bind_param::<BigInt, _>(number),
            Value::Bytes(bytes) => out.push_bind_param::<Binary, [u8]>(bytes),
            Value::Day(day) => out.push_bind_param::<Date, _>(day),
            Value::Ids(ids) => out.push_bind_param::<diesel::sql_types::Text, _>(&ids.json),
            Value::Texts(texts) => out.push_bind_param::<diesel::sql_types::Text, _>(&texts.json),
        })
    }
}

impl<Row> QueryFragment<Pg> for Kept<'_, Row> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(&self.text.postgres, out, |out, value| match value {
            Value::Text(text) => out.push_bind_param::<diesel::sql_types::Text, str>(text),
            Value::Number(number) => out.push_bind_param::<BigInt, _>(number),
            Value::Bytes(bytes) => out.push_bind_param::<Binary, [u8]>(bytes),
            Value::Day(day) => out.push_bind_param::<Date, _>(day),
            Value::Ids(ids) => out.push_bind_param::<Array<BigInt>, _>(&ids.list),
            Value::Texts(texts) => {
                out.push_bind_param::<Array<diesel::sql_types::Text>, _>(&texts.list)
            }
        })
    }
}

// No id of its own type: the text and the values' types are the key.
impl<Row> QueryId for Kept<'_, Row> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row> Query for Kept<'_, Row> {
    type SqlType = Row;
}

impl<Row, C> RunQueryDsl<C> for Kept<'_, Row> {}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::{Kept, Text, Value};

    static JOIN: Text =
        Text::same("SELECT ? || '-' || ? || '-' || (SELECT max(value) FROM json_each(?))");

    #[test]
    fn a_statement_takes_its_values_in_order_and_refuses_another_number_of_them() {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        let values = vec![Value::Text("a"), Value::Number(7), Value::ids(&[3, 9, 5])];
        let mut run = |values: Vec<Value<'_>>| {
            Kept::<diesel::sql_types::Text>::new(&JOIN, values).get_result::<String>(&mut conn)
        };
        for _ in 0..2 {
            assert_eq!(run(values.clone()), Ok("a-7-9".to_owned()));
        }
        assert!(run(values.iter().take(2).cloned().collect()).is_err());
        let more = values.iter().cloned().chain([Value::Number(1)]).collect();
        assert!(run(more).is_err());
    }
}
