//! Tables: columns with a code, a title and a kind, rows of cells, notes. Pure; every format is written from them.

use chrono::NaiveDate;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema, SchemaFormat};

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A day.
    Day,
    /// Several texts.
    Texts,
    /// A share in thousandths, a whole number from 0 to 1,000.
    Permille,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The stable code: the member in JSON, the header in CSV.
    pub code: &'static str,
    /// The title for people.
    pub title: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// True where a cell may say nothing.
    pub optional: bool,
}

impl Column {
    /// A column whose every cell says something.
    #[must_use]
    pub const fn new(code: &'static str, kind: Kind, title: &'static str) -> Self {
        Self {
            code,
            title,
            kind,
            optional: false,
        }
    }

    /// The same, where a cell may say nothing.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing is said.
    Nothing,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A day.
    Day(NaiveDate),
    /// Several texts.
    Texts(Vec<String>),
}

impl Cell {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The cell of something that may be absent.
    pub fn of<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nothing, cell)
    }

    /// The cell in JSON.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::from(text.as_str()),
            Self::Integer(number) => Value::from(*number),
            Self::Day(day) => Value::from(day.to_string()),
            Self::Texts(texts) => Value::from(texts.clone()),
        }
    }

    /// The cell as text; several are put together by `; `.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Texts(texts) => texts.join("; "),
        }
    }
}

/// A table of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The stable code: the member in JSON.
    pub code: &'static str,
    /// The title for people.
    pub title: &'static str,
    /// The columns.
    pub columns: &'static [Column],
    /// The rows; as many cells as columns.
    pub rows: Vec<Vec<Cell>>,
    /// What has to be said beside it.
    pub notes: Vec<String>,
}

impl Table {
    /// The rows in JSON: one object each, its members by the columns' codes.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::Array(self.rows.iter().map(|row| self.row(row)).collect())
    }

    /// One row in JSON.
    #[must_use]
    pub fn row(&self, cells: &[Cell]) -> Value {
        let members = self.columns.iter().zip(cells);
        let object: Map<String, Value> = members
            .map(|(column, cell)| (column.code.to_owned(), cell.value()))
            .collect();
        Value::Object(object)
    }
}

/// The schema of a row with these columns.
#[must_use]
pub fn row_schema(description: &str, columns: &[Column]) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new().description(Some(description));
    for column in columns {
        object = object
            .property(column.code, cell_schema(column))
            .required(column.code);
    }
    object.into()
}

fn cell_schema(column: &Column) -> RefOr<Schema> {
    let schema_type = |of: Type| {
        if column.optional {
            SchemaType::Array(vec![of, Type::Null])
        } else {
            SchemaType::Type(of)
        }
    };
    let plain = |of: Type| {
        ObjectBuilder::new()
            .schema_type(schema_type(of))
            .description(Some(column.title))
    };
    match column.kind {
        Kind::Text => plain(Type::String).into(),
        Kind::Integer | Kind::Permille => plain(Type::Integer).into(),
        Kind::Day => plain(Type::String)
            .format(Some(SchemaFormat::Custom("date".to_owned())))
            .into(),
        Kind::Texts => ArrayBuilder::new()
            .schema_type(schema_type(Type::Array))
            .items(ObjectBuilder::new().schema_type(Type::String))
            .description(Some(column.title))
            .into(),
    }
}

/// Makes a type that stands in the contract for a row of these columns; it holds nothing.
macro_rules! row_of {
    ($(#[doc = $doc:literal])+ $name:ident as $title:literal, $columns:expr) => {
        $(#[doc = $doc])+
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::reports::table::row_schema(concat!($($doc),+).trim_ascii(), $columns)
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($title)
            }
        }
    };
}
pub(crate) use row_of;
