//! A person's values where they are kept by the way: imports that are not applied, and answers that are kept for their
//! `Idempotency-Key`. They are found by value, because nothing says whose they are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::prelude::*;
use serde_json::Value;

use super::known::Values;
use crate::db::schema::{idempotency_keys, import_rows};
use crate::db::{Conn, Id, Tx, dialect};
use crate::http::Error;
use crate::imports::blank::{self, BLANK};
use crate::journal;

/// Rows that are looked at in one statement.
const AT_ONCE: i64 = 1_000;

/// A cell of an import.
pub(super) struct Cell {
    /// The import.
    pub import: i64,
    /// The line in the file.
    pub line: i32,
    /// What stands there.
    pub text: String,
}

/// A row of an import that holds something.
#[derive(Queryable)]
struct Line {
    import: i64,
    line: i32,
    reference: Option<String>,
    cells: String,
    findings: String,
    resolution: Option<String>,
}

/// The columns of each import that hold names of organisations.
#[derive(Default)]
struct NameColumns(HashMap<i64, Vec<bool>>);

impl NameColumns {
    /// The cells of a row, each with whether it is something of the person, by `is_theirs` where it is no name.
    fn cells(
        &mut self,
        conn: &mut Conn,
        row: &Line,
        values: &Values,
        is_theirs: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, bool)>, Error> {
        let names = match self.0.entry(row.import) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(blank::name_columns(conn, Id(row.import))?),
        };
        let cells: Vec<String> = serde_json::from_str(&row.cells).map_err(Error::internal)?;
        let cells = cells.into_iter().enumerate();
        Ok(cells
            .map(|(at, cell)| {
                let theirs = if names.get(at).is_some_and(|is_name| *is_name) {
                    values.are_the_name(&cell)
                } else {
                    is_theirs(&cell)
                };
                (cell, theirs)
            })
            .collect())
    }
}

/// Goes through the rows of imports that still hold something, of these imports or of all, and gives those that are about the
/// person.
fn lines(conn: &mut Conn, values: &Values, of: Option<&[i64]>) -> Result<Vec<Line>, Error> {
    let (mut found, mut names) = (Vec::new(), NameColumns::default());
    let mut after = (i64::MIN, i32::MIN);
    loop {
        let behind = import_rows::import_id.gt(after.0).or(import_rows::import_id
            .eq(after.0)
            .and(import_rows::line.gt(after.1)));
        let holding = import_rows::cells
            .ne("[]")
            .or(import_rows::findings.ne("[]"))
            .or(import_rows::resolution.is_not_null());
        let mut query = import_rows::table
            .filter(behind)
            .filter(holding)
            .order((import_rows::import_id, import_rows::line))
            .limit(AT_ONCE)
            .select((
                import_rows::import_id,
                import_rows::line,
                import_rows::reference,
                import_rows::cells,
                import_rows::findings,
                import_rows::resolution,
            ))
            .into_boxed();
        if let Some(imports) = of {
            query = query.filter(import_rows::import_id.eq_any(imports));
        }
        let rows: Vec<Line> = query.load(conn)?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = (last.import, last.line);
        for row in rows {
            let cells = names.cells(conn, &row, values, |cell| values.are_in(cell))?;
            if cells.into_iter().any(|(_, theirs)| theirs) || is_beside(&row, values)? {
                found.push(row);
            }
        }
    }
}

/// True where the person stands in what was found out or said about a row.
fn is_beside(row: &Line, values: &Values) -> Result<bool, Error> {
    let said = row.resolution.as_deref().unwrap_or("null");
    let mut texts = texts_in(&row.findings)?;
    texts.extend(texts_in(said)?);
    texts.extend(row.reference.clone());
    Ok(texts.iter().any(|text| values.are_in(text)))
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
    let (mut found, mut names) = (Vec::new(), NameColumns::default());
    for row in lines(conn, values, None)? {
        let cells = names.cells(conn, &row, values, |cell| values.any_in(cell))?;
        let theirs = cells.into_iter().filter(|(_, theirs)| *theirs);
        found.extend(theirs.map(|(text, _)| Cell {
            import: row.import,
            line: row.line,
            text,
        }));
    }
    Ok(found)
}

/// What the imports themselves say of the person: in the file's name, the list's, headers and warnings.
pub(super) fn headings(conn: &mut Conn, values: &Values) -> Result<Vec<(Id, String)>, Error> {
    blank::own_texts(conn, &|text| values.are_in(text))
}

/// Imports that hold something of the person, locked: before the journal's head is taken, because whoever applies one does so.
pub(super) struct Imports(Vec<i64>);

impl Imports {
    pub(super) fn lock(tx: &mut Tx<'_>, values: &Values) -> Result<Self, Error> {
        let headings = headings(tx, values)?.into_iter().map(|(id, _)| id.0);
        let rows = lines(tx, values, None)?.into_iter().map(|row| row.import);
        let mut ids: Vec<i64> = headings.chain(rows).collect();
        ids.sort_unstable();
        ids.dedup();
        dialect::lock_rows(tx, "imports", "id", &ids)?;
        Ok(Self(ids))
    }

    /// Empties what they hold of the person; returns how many texts.
    pub(super) fn empty(
        &self,
        tx: &mut Tx<'_>,
        entry: &mut journal::Entry,
        values: &Values,
    ) -> Result<usize, Error> {
        let mut emptied = empty_rows(tx, values, &self.0)?;
        for id in &self.0 {
            emptied += blank::blank(tx, entry, Id(*id), &|text| values.are_in(text))?;
        }
        Ok(emptied)
    }
}

/// Empties those cells, and what was found out and said about them; returns how many cells.
fn empty_rows(tx: &mut Tx<'_>, values: &Values, of: &[i64]) -> Result<usize, Error> {
    let (mut emptied, mut names) = (0, NameColumns::default());
    for row in lines(tx, values, Some(of))? {
        let cells = names.cells(tx, &row, values, |cell| values.any_in(cell))?;
        emptied += cells.iter().filter(|(_, theirs)| *theirs).count();
        let left: Vec<String> = cells
            .into_iter()
            .map(|(cell, theirs)| if theirs { String::new() } else { cell })
            .collect();
        let said = row.resolution.map(|said| without(&said, values));
        diesel::update(import_rows::table.find((row.import, row.line)))
            .set((
                import_rows::cells.eq(serde_json::to_string(&left).map_err(Error::internal)?),
                import_rows::findings.eq(without(&row.findings, values)?),
                import_rows::reference.eq(row.reference.filter(|text| !values.any_in(text))),
                import_rows::resolution.eq(said.transpose()?),
            ))
            .execute(&mut **tx)?;
    }
    Ok(emptied)
}

/// A document without the person in what it says in words; its codes stay.
fn without(json: &str, values: &Values) -> Result<String, Error> {
    fn walk(value: &mut Value, values: &Values) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|v| walk(v, values)),
            Value::Object(members) => {
                for (name, member) in members {
                    let is_words = matches!(name.as_str(), "text" | "column" | "reason");
                    match member {
                        Value::String(text) if is_words && values.any_in(text) => {
                            BLANK.clone_into(text);
                        }
                        member => walk(member, values),
                    }
                }
            }
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(json).map_err(Error::internal)?;
    walk(&mut value, values);
    Ok(value.to_string())
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
