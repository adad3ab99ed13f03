//! Workbooks: the first visible sheet that has a table. A cover with a word or two that could be headers gives way to a list: a sheet with
//! names, more known columns and more rows.
//!
//! Cells are streamed one by one; a sheet's declared dimension is never believed, and a cell far away
//! costs one row at most. The workbook reader runs behind `catch_unwind`, because it panics on odd
//! files; this needs unwinding, so the program must not be built with `panic = "abort"`.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx};

use super::error::{ReadError, ReadErrorCode as Code, Warning, WarningCode};
use super::table::{self, RawRow, Source, Table};
use super::{Field, Limits, Options, Sheet, archive};

/// The last row and column that the format has.
const LAST_ROW: u32 = 1_048_576;
const LAST_COLUMN: u32 = 16_384;

pub(super) fn read(bytes: &[u8], options: &Options) -> Result<Sheet, ReadError> {
    catch_unwind(AssertUnwindSafe(|| {
        archive::inspect(bytes, &options.limits)?;
        first_table(bytes, options)
    }))
    .unwrap_or_else(|_| Err(damaged()))
}

fn first_table(bytes: &[u8], options: &Options) -> Result<Sheet, ReadError> {
    let Ok(mut workbook) = Xlsx::<Cursor<&[u8]>>::new(Cursor::new(bytes)) else {
        return Err(damaged());
    };
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut refused: Option<ReadError> = None;
    let mut chosen: Option<Sheet> = None;
    let mut others: Vec<String> = Vec::new();
    for name in names {
        let mut warnings = Vec::new();
        let read = rows(&mut workbook, &name, &options.limits, &mut warnings)
            .and_then(|rows| table::assemble(rows, options, Source::Workbook));
        match read {
            Ok(table) => {
                let sheet = of_table(name, table, warnings);
                let left = match &mut chosen {
                    Some(first) if is_list_beside(&sheet, first) => std::mem::replace(first, sheet),
                    Some(_) => sheet,
                    None => {
                        chosen = Some(sheet);
                        continue;
                    }
                };
                others.extend(left.sheet_name);
            }
            Err(error) if matches!(error.code, Code::HeaderNotFound | Code::NoRows) => {
                // A header without rows says more than a sheet without a header.
                if refused
                    .as_ref()
                    .is_none_or(|first| first.code == Code::HeaderNotFound)
                {
                    refused = Some(error);
                }
            }
            // What is wrong behind the table that is read does not stop it.
            Err(_) if chosen.is_some() => others.push(name),
            Err(error) => return Err(error),
        }
    }
    let Some(mut chosen) = chosen else {
        return Err(refused.unwrap_or_else(|| {
            ReadError::new(Code::HeaderNotFound, "The workbook has no visible sheet with a table. Make the sheet visible and send it again.")
        }));
    };
    if let Some(other) = others.first() {
        let text = format!(
            "The sheet \"{other}\" holds rows too{}, and only one sheet is read. If they are wanted, save each as a file of its own.",
            match others.len() {
                1 => String::new(),
                all => format!(", and so do {} more", all - 1),
            }
        );
        chosen
            .warnings
            .push(Warning::new(WarningCode::OtherSheets, None, text));
    }
    Ok(chosen)
}

/// True when `sheet` is a list and `first` looks like its cover.
fn is_list_beside(sheet: &Sheet, first: &Sheet) -> bool {
    let named = |sheet: &Sheet| sheet.position(&Field::Name).is_some();
    let known = |sheet: &Sheet| sheet.columns.iter().filter(|c| c.field.is_some()).count();
    named(sheet)
        && (!named(first) || known(sheet) > known(first) && sheet.rows.len() > first.rows.len())
}

fn of_table(name: String, table: Table, mut warnings: Vec<Warning>) -> Sheet {
    warnings.extend(table.warnings);
    Sheet {
        encoding: None,
        certainty: None,
        delimiter: None,
        sheet_name: Some(name),
        header_row: table.header_row,
        columns: table.columns,
        rows: table.rows,
        skipped: table.skipped,
        warnings,
    }
}

fn rows(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    limits: &Limits,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<RawRow>, ReadError> {
    let mut reader = match workbook.worksheet_cells_reader(sheet) {
        Ok(reader) => reader,
        Err(calamine::XlsxError::NotAWorksheet(_)) => return Ok(Vec::new()),
        Err(_) => return Err(damaged()),
    };
    let mut rows: Vec<RawRow> = Vec::new();
    let (mut stored, mut text_bytes) = (0_usize, 0_usize);
    loop {
        let cell = match reader.next_cell_with_formula_metadata() {
            Ok(Some(cell)) => cell,
            Ok(None) => break,
            Err(_) => return Err(damaged()),
        };
        let (row, column) = cell.pos;
        if row >= LAST_ROW || column >= LAST_COLUMN {
            return Err(damaged());
        }
        let line = row.saturating_add(1);
        let text = match &cell.value {
            DataRef::Empty if cell.formula.is_some() => {
                Warning::note(warnings, WarningCode::FormulaWithoutResult, line, || {
                    format!(
                        "Row {line} holds a formula without its result; the cell was taken as empty. Open the workbook in a spreadsheet program, save it and send it again."
                    )
                });
                continue;
            }
            DataRef::Error(_) => {
                Warning::note(warnings, WarningCode::CellError, line, || {
                    format!(
                        "Row {line} holds an error of the spreadsheet, such as #N/A; the cell was taken as empty."
                    )
                });
                continue;
            }
            value => text_of(value),
        };
        // Formatted cells without content reach to the ends of many sheets.
        if text.trim().is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= limits.columns {
            return Err(table::too_many_columns(line, limits).in_column(column));
        }
        if text.len() > limits.cell_bytes {
            return Err(table::cell_too_long(line, column, limits));
        }
        text_bytes = text_bytes.saturating_add(text.len());
        let cells = match rows.last_mut() {
            Some(last) if last.line == line => &mut last.cells,
            Some(last) if last.line > line => return Err(damaged()),
            _ => {
                rows.push(RawRow {
                    line,
                    written: 0,
                    cells: Vec::new(),
                });
                let Some(last) = rows.last_mut() else {
                    return Err(damaged());
                };
                &mut last.cells
            }
        };
        let before = cells.len();
        if cells.len() <= column {
            cells.resize(column.saturating_add(1), String::new());
        }
        stored = stored.saturating_add(cells.len().saturating_sub(before));
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
        if stored > limits.cells || text_bytes > limits.text_bytes {
            return Err(table::too_many_cells(limits));
        }
    }
    for row in &mut rows {
        row.written = row.cells.len();
    }
    Ok(rows)
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        // Display writes neither an exponent nor `.0`.
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(moment) => date(moment),
        DataRef::DateTimeIso(text) => text
            .split_once('T')
            .map_or(text.as_str(), |(day, _)| day)
            .to_owned(),
    }
}

/// The day as `YYYY-MM-DD`; a time of day or a duration as its number.
fn date(moment: &ExcelDateTime) -> String {
    let serial = moment.as_f64();
    if moment.is_duration() || !(1.0..2_958_466.0).contains(&serial) {
        return serial.to_string();
    }
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

// The reader's own messages quote the file, which may be private: they are dropped on purpose.
fn damaged() -> ReadError {
    ReadError::new(
        Code::DamagedWorkbook,
        "The workbook is damaged or holds something that is not read. Save it again as .xlsx, or save the sheet as CSV (UTF-8).",
    )
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::Workbook;

    use super::{Options, Sheet, WarningCode, read};

    type Rows = &'static [&'static [&'static str]];

    fn of(sheets: &[(&str, Rows)]) -> Sheet {
        let mut book = Workbook::new();
        for (name, rows) in sheets {
            let sheet = book.add_worksheet();
            sheet.set_name(*name).unwrap();
            for (row, cells) in (0..).zip(*rows) {
                for (column, cell) in (0..).zip(*cells) {
                    sheet.write_string(row, column, *cell).unwrap();
                }
            }
        }
        let bytes = book.save_to_buffer().unwrap();
        read(&bytes, &Options::default()).unwrap()
    }

    fn other_sheets(sheet: &Sheet) -> Option<&str> {
        let mut warnings = sheet.warnings.iter();
        let found = warnings.find(|warning| warning.code == WarningCode::OtherSheets);
        found.map(|warning| warning.message.as_str())
    }

    const REGIONS: Rows = &[&["Наименование", "Область"], &["Город Ош", "Ош"]];

    #[test]
    fn a_list_is_read_whatever_stands_behind_it_and_what_does_is_told() {
        let list: Rows = &[
            &["Наименование организации", "Основание"],
            &["Фонд Айна", "устав"],
            &["Фонд Нур", "устав"],
        ];
        let sheet = of(&[("Список", list), ("Регионы", REGIONS)]);
        assert_eq!(sheet.sheet_name.as_deref(), Some("Список"));
        assert_eq!(sheet.rows.len(), 2);
        assert!(other_sheets(&sheet).unwrap().contains("Регионы"));
        assert_eq!(other_sheets(&of(&[("Список", list)])), None);
    }

    #[test]
    fn a_cover_gives_way_to_the_list_behind_it() {
        let list: Rows = &[
            &["Name", "City", "Country"],
            &["Sample One", "Osh", "KG"],
            &["Sample Two", "Osh", "KG"],
        ];
        const COVERS: [Rows; 2] = [&[&["Name"], &["Nazirlik"]], &[&["City"], &["Osh"]]];
        for cover in COVERS {
            let sheet = of(&[("Cover", cover), ("List", list)]);
            assert_eq!(sheet.sheet_name.as_deref(), Some("List"));
            assert!(other_sheets(&sheet).unwrap().contains("Cover"));
        }
    }
}
