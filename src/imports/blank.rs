//! What an import's own row says beside its rows: the file's name, the list's, the sheet's, the headers and what was told about
//! them. Somebody's name can stand there, and is blanked when that person is forgotten.

use diesel::prelude::*;

use super::model::Reading;
use super::queries;
use super::read::Field;
use super::rows::ImportRow;
use crate::db::schema::imports;
use crate::db::{Conn, Id, Tx};
use crate::http::Error;
use crate::journal::Entry;

/// Imports that are looked at in one statement.
const AT_ONCE: i64 = 200;
/// What stands where something was blanked.
pub const BLANK: &str = "(erased)";

/// The texts of an import's own row in which `is_theirs` is true, by import.
pub fn own_texts(
    conn: &mut Conn,
    is_theirs: &dyn Fn(&str) -> bool,
) -> Result<Vec<(Id, String)>, Error> {
    let mut found = Vec::new();
    let mut after = i64::MIN;
    loop {
        let rows: Vec<ImportRow> = imports::table
            .filter(imports::id.gt(after))
            .order(imports::id)
            .limit(AT_ONCE)
            .load(conn)?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = last.id;
        for mut row in rows {
            let id = Id(row.id);
            each(&mut row, &mut |text| {
                if is_theirs(text) {
                    found.push((id, text.clone()));
                }
            })?;
        }
    }
}

/// Blanks those texts of an import, as a part of this entry; returns how many. The import is locked.
pub fn blank(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    id: Id,
    is_theirs: &dyn Fn(&str) -> bool,
) -> Result<usize, Error> {
    let before: ImportRow = imports::table.find(id.0).first(&mut **tx)?;
    let mut after = ImportRow {
        version: before.version + 1,
        seq: entry.seq(),
        ..before.clone()
    };
    let mut blanked = 0;
    each(&mut after, &mut |text| {
        if is_theirs(text) {
            BLANK.clone_into(text);
            blanked += 1;
        }
    })?;
    if blanked == 0 {
        return Ok(0);
    }
    if after.source == BLANK {
        // References are compared within their list: two lists that were blanked must not become one.
        after.source = format!("{BLANK} {id}");
    }
    queries::update_import(tx, &after)?;
    entry.changed(&before, &after)?;
    Ok(blanked)
}

/// Which columns of an import hold names of organisations.
pub fn name_columns(conn: &mut Conn, id: Id) -> Result<Vec<bool>, Error> {
    let reading: String = imports::table
        .find(id.0)
        .select(imports::reading)
        .first(conn)?;
    let reading: Reading = serde_json::from_str(&reading).map_err(Error::internal)?;
    let is_name = |field: &str| {
        matches!(
            field.parse(),
            Ok(Field::Name | Field::NameIn(_) | Field::AlternativeNames | Field::Acronyms)
        )
    };
    let fields = reading.columns.into_iter().map(|column| column.field);
    Ok(fields.map(|f| f.is_some_and(|f| is_name(&f))).collect())
}

/// Gives every text that came from the file or its sender; what the program itself says of the file is not among them.
fn each(row: &mut ImportRow, take: &mut dyn FnMut(&mut String)) -> Result<(), Error> {
    let mut reading: Reading = serde_json::from_str(&row.reading).map_err(Error::internal)?;
    take(&mut row.file_name);
    take(&mut row.source);
    reading.sheet.iter_mut().for_each(&mut *take);
    reading.keep_invalid.iter_mut().for_each(&mut *take);
    for column in &mut reading.columns {
        take(&mut column.header);
    }
    for warning in &mut reading.warnings {
        take(&mut warning.message);
    }
    row.reading = serde_json::to_string(&reading).map_err(Error::internal)?;
    Ok(())
}
