//! A report: what was asked, the tables that answer it, and the two parts of an answer.

use data_encoding::HEXLOWER;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::chart::Chart;
use super::table::{Cell, Table};
use crate::auth::Acting;
use crate::db::schema::journal_head;
use crate::db::{Conn, Instant};
use crate::http::Error;

/// An answered question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The report's name, as in its address.
    pub name: &'static str,
    /// Its title for people.
    pub title: &'static str,
    /// The version of the report's definition: another one may say something else to the same question.
    pub definition: u32,
    /// The question, resolved: days, the position of the journal, all filters.
    pub question: Map<String, Value>,
    /// The same in words, for the cover.
    pub filters: String,
    /// The answer.
    pub tables: Vec<Table>,
    /// What belongs to the answer but is no part of the data, because it cannot be asked for again.
    pub beside: Vec<Table>,
    /// The same figures as drawings for the page; no part of the data.
    pub charts: Vec<Chart>,
}

impl Report {
    /// The data part: the same for ever for the same question.
    #[must_use]
    pub fn data(&self) -> Value {
        let mut data = Map::new();
        data.insert("report".to_owned(), Value::from(self.name));
        data.insert("definition".to_owned(), Value::from(self.definition));
        data.insert("question".to_owned(), Value::Object(self.question.clone()));
        for table in &self.tables {
            data.insert(table.code.to_owned(), table.value());
        }
        Value::Object(data)
    }

    /// How many rows its files have.
    #[must_use]
    pub fn rows(&self) -> usize {
        let tables = self.tables.iter().chain(&self.beside);
        tables.map(|table| table.rows.len()).sum()
    }
}

/// Text in the canonical form of RFC 8785: members sorted, no white space. The members of a `serde_json` map are sorted by
/// bytes, which is the order of UTF-16 units too where the names are ASCII, as ours are; all numbers are whole.
#[must_use]
pub fn canonical(data: &Value) -> String {
    data.to_string()
}

/// SHA-256 of the canonical data part, hex.
#[must_use]
pub fn sha256(data: &Value) -> String {
    HEXLOWER.encode(&Sha256::digest(canonical(data).as_bytes()))
}

/// The hash of a data part whose one list is written row by row: the same as [`sha256`] of the whole.
pub struct Hashed {
    hash: Sha256,
    behind: String,
    first: bool,
}

impl Hashed {
    /// Begins with a report whose first table is the list, still without rows.
    ///
    /// # Errors
    ///
    /// A report without a table.
    pub fn begin(report: &Report) -> Result<Self, Error> {
        let table = report.tables.first().map(|t| t.code);
        let text = canonical(&report.data());
        let empty = format!("\"{}\":[", table.unwrap_or_default());
        // The name of the list as a member stands once: texts in the question escape their quotation marks.
        let (before, behind) = text
            .split_once(&format!("{empty}]"))
            .ok_or_else(|| Error::internal("a list without its table"))?;
        let mut hash = Sha256::new();
        hash.update(before.as_bytes());
        hash.update(empty.as_bytes());
        Ok(Self {
            hash,
            behind: format!("]{behind}"),
            first: true,
        })
    }

    /// Takes rows.
    pub fn take(&mut self, table: &Table, rows: &[Vec<Cell>]) {
        for row in rows {
            if !std::mem::take(&mut self.first) {
                self.hash.update(b",");
            }
            self.hash.update(canonical(&table.row(row)).as_bytes());
        }
    }

    /// The hash, hex.
    #[must_use]
    pub fn end(mut self) -> String {
        self.hash.update(self.behind.as_bytes());
        HEXLOWER.encode(&self.hash.finalize())
    }
}

/// The cover of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReportCover)]
pub struct Cover {
    /// When it was made.
    pub made_at: Instant,
    /// By whom, as an opaque word.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub by: String,
    /// The program and its version.
    #[schema(example = "ots-registry 0.1.0")]
    pub program: String,
    /// The question in words.
    #[schema(
        example = "members on 2026-06-30, as known at position 42 of the journal; country: KZ; type: all"
    )]
    pub filters: String,
    /// The position of the journal's newest entry when it was made.
    #[schema(example = 42)]
    pub journal_seq: i64,
    /// The hash of that entry, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub journal_hash: String,
    /// SHA-256 of `data` in canonical form (RFC 8785), hex; `data` stands in the answer in that form.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub data_sha256: String,
}

impl Cover {
    /// The cover of a data part that is made now.
    pub fn of(
        conn: &mut Conn,
        acting: &Acting,
        report: &Report,
        data_sha256: String,
    ) -> Result<Self, Error> {
        let (journal_seq, hash): (i64, Vec<u8>) = journal_head::table
            .find(1)
            .select((journal_head::seq, journal_head::hash))
            .first(conn)?;
        Ok(Self {
            made_at: acting.now(),
            by: acting.actor().to_string(),
            program: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            filters: report.filters.clone(),
            journal_seq,
            journal_hash: HEXLOWER.encode(&hash),
            data_sha256,
        })
    }

    /// Label and value of each line.
    pub fn lines(&self) -> Result<Vec<(String, String)>, Error> {
        let Value::Object(members) = serde_json::to_value(self).map_err(Error::internal)? else {
            return Err(Error::internal("a cover is not an object"));
        };
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(members
            .iter()
            .map(|(label, value)| (label.clone(), text(value)))
            .collect())
    }
}

/// The answer in JSON: both parts, what stands beside them, and where the next page is.
pub fn body(
    report: &Report,
    data: Value,
    cover: &Cover,
    page: Option<&crate::http::pages::PageInfo>,
) -> Result<Value, Error> {
    let mut body = json!({
        "data": data,
        "cover": serde_json::to_value(cover).map_err(Error::internal)?,
    });
    if let (Some(page), Some(members)) = (page, body.as_object_mut()) {
        let page = serde_json::to_value(page).map_err(Error::internal)?;
        members.insert("page".to_owned(), page);
    }
    if let (false, Some(members)) = (report.beside.is_empty(), body.as_object_mut()) {
        let tables = report.beside.iter().map(|t| (t.code.to_owned(), t.value()));
        members.insert("beside".to_owned(), Value::Object(tables.collect()));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::super::table::{Cell, Column, Kind, Table};
    use super::{Hashed, Report, canonical, sha256};

    #[test]
    fn a_list_hashed_row_by_row_has_the_hash_of_the_whole() {
        const COLUMNS: &[Column] = &[
            Column::new("name", Kind::Text, "Name"),
            Column::new("days", Kind::Integer, "Days"),
        ];
        let row = |n: i64| vec![Cell::text(format!("\"members\":[] {n}")), Cell::Integer(n)];
        let question = serde_json::json!({"seed": "\"members\":[]", "members": 1});
        let mut report = Report {
            name: "sample",
            title: "Sample",
            definition: 1,
            question: question.as_object().cloned().unwrap_or_default(),
            filters: String::new(),
            tables: vec![Table {
                code: "members",
                title: "Members",
                columns: COLUMNS,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        };
        for count in [0, 1, 5] {
            report.tables[0].rows = Vec::new();
            let mut hashed = Hashed::begin(&report).unwrap();
            let rows: Vec<_> = (0..count).map(row).collect();
            for part in rows.chunks(2) {
                hashed.take(&report.tables[0], part);
            }
            report.tables[0].rows = rows;
            assert_eq!(hashed.end(), sha256(&report.data()), "{count}");
        }
    }

    #[test]
    fn the_canonical_form_is_that_of_rfc_8785() {
        // Section 3.2.3 of the RFC, without its fractions.
        let text = r#"{"string": "€$\nA'B\"\\\\\"/", "numbers": [333333333, 4, 0], "literals": [null, true, false], "\r": 1}"#;
        let value = serde_json::from_str(text).unwrap();
        let wanted = "{\"\\r\":1,\"literals\":[null,true,false],\"numbers\":[333333333,4,0],\"string\":\"€$\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(&value), wanted);
        // Control signs: the short escapes, and small hexadecimal digits.
        let value = serde_json::json!("\u{8}\u{c}\u{1f}\u{7f}\u{2028}");
        assert_eq!(canonical(&value), "\"\\b\\f\\u001f\u{7f}\u{2028}\"");
    }
}
