//! A person's values where they are kept by the way: cells of imports that are not applied, and answers that are kept for their
//! `Idempotency-Key`. They are found by value, because nothing says whose they are.

use diesel::prelude::*;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::db::schema::{idempotency_keys, import_rows};
use crate::db::{Conn, Tx};
use crate::http::Error;

/// Rows that are looked at in one statement.
const AT_ONCE: i64 = 1_000;
/// A shorter value would be found in everything.
const SHORTEST: usize = 3;
/// A telephone number of so many digits is found however it is written.
const DIGITS: usize = 7;

/// What a person is found by.
pub(super) struct Values {
    strong: Vec<String>,
    weak: Vec<String>,
}

impl Values {
    /// Names, addresses and telephone numbers, by which a row is known to be about the person; and what else is theirs in such a
    /// row, like a position.
    pub(super) fn of(strong: &[String], weak: &[String]) -> Self {
        let plain = |texts: &[String]| {
            let all = texts.iter().map(|text| plain(text));
            all.filter(|t| t.chars().count() >= SHORTEST).collect()
        };
        Self {
            strong: plain(strong),
            weak: plain(weak),
        }
    }

    /// True where a text holds one of the values that a person is known by.
    pub(super) fn are_in(&self, text: &str) -> bool {
        holds(text, &self.strong)
    }

    fn any_in(&self, text: &str) -> bool {
        self.are_in(text) || holds(text, &self.weak)
    }
}

fn plain(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn holds(text: &str, values: &[String]) -> bool {
    let (text, numbers) = (plain(text), digits(text));
    values.iter().any(|value| {
        let number = digits(value);
        let phone = !value.contains('@') && !value.chars().any(char::is_alphabetic);
        has_word(&text, value) || phone && number.len() >= DIGITS && numbers.contains(&number)
    })
}

/// True where the value stands in the text and is no part of a longer word.
fn has_word(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + value.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// A cell of an import.
pub(super) struct Cell {
    /// The import.
    pub import: i64,
    /// The line in the file.
    pub line: i32,
    /// What stands there.
    pub text: String,
}

type Line = (i64, i32, String, String);

/// Goes through the rows of imports that still hold something, and gives those that are about the person.
fn lines(conn: &mut Conn, values: &Values) -> Result<Vec<Line>, Error> {
    let mut found = Vec::new();
    let mut after = (i64::MIN, i32::MIN);
    loop {
        let behind = import_rows::import_id.gt(after.0).or(import_rows::import_id
            .eq(after.0)
            .and(import_rows::line.gt(after.1)));
        let rows: Vec<Line> = import_rows::table
            .filter(behind)
            .filter(
                import_rows::cells
                    .ne("[]")
                    .or(import_rows::findings.ne("[]")),
            )
            .order((import_rows::import_id, import_rows::line))
            .limit(AT_ONCE)
            .select((
                import_rows::import_id,
                import_rows::line,
                import_rows::cells,
                import_rows::findings,
            ))
            .load(conn)?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = (last.0, last.1);
        for row in rows {
            let texts = texts_in(&row.2)?.into_iter().chain(texts_in(&row.3)?);
            if texts.into_iter().any(|text| values.are_in(&text)) {
                found.push(row);
            }
        }
    }
}

/// Every text of a JSON document.
fn texts_in(json: &str) -> Result<Vec<String>, Error> {
    fn walk(value: Value, out: &mut Vec<String>) {
        match value {
            Value::String(text) => out.push(text),
            Value::Array(list) => list.into_iter().for_each(|v| walk(v, out)),
            Value::Object(members) => members.into_iter().for_each(|(_, v)| walk(v, out)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(
        serde_json::from_str(json).map_err(Error::internal)?,
        &mut found,
    );
    Ok(found)
}

/// The cells that hold something of the person.
pub(super) fn cells(conn: &mut Conn, values: &Values) -> Result<Vec<Cell>, Error> {
    let mut found = Vec::new();
    for (import, line, cells, _) in lines(conn, values)? {
        let held = texts_in(&cells)?.into_iter();
        found.extend(held.filter(|text| values.any_in(text)).map(|text| Cell {
            import,
            line,
            text,
        }));
    }
    Ok(found)
}

/// Empties those cells, and what was found out about them; returns how many.
pub(super) fn empty_cells(tx: &mut Tx<'_>, values: &Values) -> Result<usize, Error> {
    let mut emptied = 0;
    for (import, line, cells, findings) in lines(tx, values)? {
        let mut cells: Value = serde_json::from_str(&cells).map_err(Error::internal)?;
        let mut findings: Value = serde_json::from_str(&findings).map_err(Error::internal)?;
        emptied += blank(&mut cells, values, "");
        blank(&mut findings, values, "(erased)");
        diesel::update(import_rows::table.find((import, line)))
            .set((
                import_rows::cells.eq(cells.to_string()),
                import_rows::findings.eq(findings.to_string()),
            ))
            .execute(&mut **tx)?;
    }
    Ok(emptied)
}

fn blank(value: &mut Value, values: &Values, with: &str) -> usize {
    match value {
        Value::String(text) if values.any_in(text) => {
            with.clone_into(text);
            1
        }
        Value::Array(list) => list.iter_mut().map(|v| blank(v, values, with)).sum(),
        Value::Object(members) => members.values_mut().map(|v| blank(v, values, with)).sum(),
        _ => 0,
    }
}

/// Forgets the kept answers that hold something of the person: a repeat with their keys is `already_done`. Returns how many.
pub(super) fn forget_answers(tx: &mut Tx<'_>, values: &Values) -> Result<usize, Error> {
    // Kept for a day only, so that going through all of them is cheap.
    let kept: Vec<(String, String, String, Option<String>)> = idempotency_keys::table
        .filter(idempotency_keys::body.is_not_null())
        .select((
            idempotency_keys::caller,
            idempotency_keys::route,
            idempotency_keys::key,
            idempotency_keys::body,
        ))
        .load(&mut **tx)?;
    let mut forgotten = 0;
    for (caller, route, key, body) in kept {
        let texts = texts_in(body.as_deref().unwrap_or("null"))?;
        if texts.iter().any(|text| values.are_in(text)) {
            forgotten += diesel::update(idempotency_keys::table.find((caller, route, key)))
                .set((
                    idempotency_keys::status.eq(0),
                    idempotency_keys::headers.eq("[]"),
                    idempotency_keys::body.eq(None::<String>),
                ))
                .execute(&mut **tx)?;
        }
    }
    Ok(forgotten)
}

#[cfg(test)]
mod tests {
    use super::Values;

    fn found(value: &str, text: &str) -> bool {
        Values::of(&[value.to_owned()], &[]).are_in(text)
    }

    #[test]
    fn a_person_is_found_however_a_cell_is_written() {
        assert!(found(
            "Sample Person",
            "SAMPLE PERSON <p@sample.example>; +0"
        ));
        assert!(found("+000 111 22 33", "tel. 000111-2233"));
        assert!(found("P@Sample.example", "mail: p@sample.example"));
        // NFC and NFD are one text.
        assert!(found("Şahin Örnek", "S\u{327}ahin O\u{308}rnek"));
    }

    #[test]
    fn a_short_value_or_a_part_of_a_word_is_no_person() {
        assert!(!found("Al", "Al"));
        assert!(!found("Sample", "Samples"));
        assert!(!found("p@sample.example", "pp@sample.example"));
        assert!(!found("+00 11", "001122"));
    }
}
