//! Where the table is in a sheet: the header row, the titles above it, the sums below.

use std::collections::BTreeMap;

use super::beside::{is_note, is_sum, numbers_columns};
use super::error::{ReadError, ReadErrorCode as Code, Warning, WarningCode};
use super::headers::{self, Field};
use super::{Column, Limits, Options, Row, Skipped, Why, encoding, values};

/// The header is looked for among so many rows that hold something.
pub(super) const HEADER_WITHIN: usize = 20;

/// One record or row as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRow {
    /// The line or row in the file, from 1.
    pub(super) line: u32,
    /// How many cells the file wrote, empty ones included.
    pub(super) written: usize,
    /// Cells up to the last that holds something.
    pub(super) cells: Vec<String>,
}

/// What the rows come from; workbooks leave out empty cells, so their short rows mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Text, and whether its encoding has every letter.
    Delimited { unicode: bool },
    /// A workbook, which has every letter.
    Workbook,
}

pub(super) struct Table {
    pub(super) header_row: u32,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) warnings: Vec<Warning>,
}

/// Finds the table in `raw` and pads its rows to one width.
pub(super) fn assemble(
    raw: Vec<RawRow>,
    options: &Options,
    source: Source,
) -> Result<Table, ReadError> {
    let limits = &options.limits;
    let header_at = find_header(&raw, options)?;
    let mut skipped = Vec::new();
    let mut raw = raw.into_iter();
    for above in raw.by_ref().take(header_at) {
        let why = if above.cells.is_empty() {
            Why::Empty
        } else {
            Why::Title
        };
        skipped.push(Skipped {
            line: above.line,
            why,
        });
    }
    let Some(header) = raw.next() else {
        return Err(no_header(&[]));
    };
    let mut warnings = Vec::new();
    let written = header.cells.len();
    let header_cells: Vec<String> = header
        .cells
        .iter()
        .map(|cell| values::clean_text(cell))
        .collect();

    let fields = headers::resolve(&header_cells, &options.map);
    let mut kept = Vec::new();
    // What could be a note is one where no organisation stands below it.
    let mut notes: Vec<RawRow> = Vec::new();
    let mut width = written;
    for (index, row) in raw.enumerate() {
        if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            skipped.push(Skipped {
                line: row.line,
                why: Why::Empty,
            });
        } else if is_sum(&row.cells, &fields) {
            skipped.push(Skipped {
                line: row.line,
                why: Why::Sum,
            });
        } else if is_note(&row.cells) {
            notes.push(row);
        } else if index == 0 && numbers_columns(&row.cells, written)
            || row
                .cells
                .iter()
                .map(|cell| values::clean_text(cell))
                .eq(header_cells.iter().cloned())
        {
            skipped.push(Skipped {
                line: row.line,
                why: Why::Header,
            });
        } else {
            if kept.len() >= limits.rows {
                return Err(ReadError::new(
                    Code::TooManyRows,
                    format!(
                        "The table has more than {} rows. Split it into several files.",
                        limits.rows
                    ),
                )
                .at(row.line));
            }
            width = width.max(row.cells.len());
            kept.append(&mut notes);
            kept.push(row);
        }
    }
    skipped.extend(notes.into_iter().map(|note| Skipped {
        line: note.line,
        why: Why::Note,
    }));
    skipped.sort_by_key(|skipped| skipped.line);
    if kept.is_empty() {
        return Err(ReadError::new(
            Code::NoRows,
            format!("Line {} is a header, but no row stands below it. Add one row for each organisation.", header.line),
        )
        .at(header.line));
    }
    if width.saturating_mul(kept.len()) > limits.cells {
        return Err(too_many_cells(limits));
    }

    let mut rows = Vec::with_capacity(kept.len());
    for row in kept {
        rows.push(finish(row, written, width, source, &mut warnings));
    }
    let columns = columns(
        (header_cells, fields),
        header.line,
        width,
        &rows,
        options,
        &mut warnings,
    );
    drop_other_cells(&mut rows, &columns, width);
    let unicode = !matches!(source, Source::Delimited { unicode: false });
    warn_of_lost_letters(&rows, &columns, unicode, &mut warnings);
    Ok(Table {
        header_row: header.line,
        columns,
        rows,
        skipped,
        warnings,
    })
}

/// The index of the row that holds most known headers; the first among equals.
fn find_header(raw: &[RawRow], options: &Options) -> Result<usize, ReadError> {
    let candidates = || {
        raw.iter()
            .enumerate()
            .filter(|(_, row)| !row.cells.is_empty())
            .take(HEADER_WITHIN)
    };
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in candidates() {
        let known = headers::recognised(&row.cells, &options.map);
        if known > best.map_or(0, |(known, _)| known) {
            best = Some((known, index));
        }
    }
    best.map(|(_, index)| index).ok_or_else(|| {
        let first: Vec<&RawRow> = candidates().map(|(_, row)| row).take(1).collect();
        no_header(&first)
    })
}

fn no_header(first: &[&RawRow]) -> ReadError {
    let error = ReadError::new(
        Code::HeaderNotFound,
        format!(
            "None of the first {HEADER_WITHIN} rows is a header that the registry knows. Put names such as \"name\", \"country\" and \"city\" above the columns, or state what each of your headers means. Where another character than a comma, semicolon, tab or | stands between the cells, name it as the delimiter."
        ),
    );
    match first.first() {
        Some(row) => error.at(row.line),
        None => error,
    }
}

fn finish(
    row: RawRow,
    written: usize,
    width: usize,
    source: Source,
    warnings: &mut Vec<Warning>,
) -> Row {
    let RawRow {
        line,
        written: here,
        cells,
    } = row;
    if source != Source::Workbook && here < written {
        Warning::note(warnings, WarningCode::ShortRow, line, || {
            format!(
                "Line {line} has {here} cells, the header has {written}; the missing ones were taken as empty."
            )
        });
    }
    if cells.len() > written {
        Warning::note(warnings, WarningCode::LongRow, line, || {
            format!(
                "Line {line} has more cells than the header; the last ones have no name. Look for an unquoted separator in it."
            )
        });
    }
    let mut cells: Vec<String> = cells.iter().map(|cell| values::clean_text(cell)).collect();
    for cell in &cells {
        if let Some(word) = encoding::turkish_read_as_1252(cell) {
            Warning::note(warnings, WarningCode::TurkishReadAs1252, line, || {
                format!(
                    "Line {line} has \"{word}\": Turkish ğ ş ı stand as ð þ ý, because the text was once read in the wrong encoding. Export it again from the source."
                )
            });
        }
    }
    cells.resize(width, String::new());
    Row { line, cells }
}

fn columns(
    (header, fields): (Vec<String>, Vec<Option<Field>>),
    header_line: u32,
    width: usize,
    rows: &[Row],
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Vec<Column> {
    for (stated, _) in &options.map {
        let wanted = headers::fold(stated);
        if !header.iter().any(|cell| headers::fold(cell) == wanted) {
            warnings.push(Warning::new(
                WarningCode::MapWithoutHeader,
                Some(header_line),
                format!("A meaning was stated for the header \"{stated}\", which the file does not have."),
            ));
        }
    }
    let mut used = vec![false; width];
    for row in rows {
        for (used, cell) in used.iter_mut().zip(&row.cells) {
            *used |= !cell.is_empty();
        }
    }
    let mut seen: BTreeMap<Field, String> = BTreeMap::new();
    let mut columns = Vec::new();
    let headers = header.into_iter().chain(std::iter::repeat(String::new()));
    let fields = fields.into_iter().chain(std::iter::repeat(None));
    for (index, ((header, mut field), used)) in headers.zip(fields).zip(used).enumerate() {
        if header.is_empty() && !used {
            continue;
        }
        if let Some(known) = field.take() {
            match seen.get(&known) {
                Some(first) if !known.is_ignored() => warnings.push(Warning::new(
                    WarningCode::DuplicateColumn,
                    Some(header_line),
                    format!("The columns \"{first}\" and \"{header}\" both mean {known}; only the first is used."),
                )),
                _ => {
                    seen.insert(known.clone(), header.clone());
                    field = Some(known);
                }
            }
        } else if !header.is_empty() {
            warnings.push(Warning::new(
                WarningCode::UnknownHeader,
                Some(header_line),
                format!("The header \"{header}\" is not known; its column is kept but not used. State what it means if it should be."),
            ));
        }
        columns.push(Column {
            stated: headers::stated(&header, &options.map).is_some(),
            header,
            field,
            index,
        });
    }
    columns
}

/// Tells of names and places in which an export to a poorer code page left `?` for letters.
fn warn_of_lost_letters(
    rows: &[Row],
    columns: &[Column],
    unicode: bool,
    warnings: &mut Vec<Warning>,
) {
    for row in rows {
        for (cell, column) in row.cells.iter().zip(columns) {
            let named = matches!(
                column.field,
                Some(
                    Field::Name
                        | Field::NameIn(_)
                        | Field::AlternativeNames
                        | Field::Country
                        | Field::City
                        | Field::Region
                )
            );
            if named && values::lost_letters(cell, unicode) {
                let line = row.line;
                Warning::note(warnings, WarningCode::LostLetters, line, || {
                    format!(
                        "Line {line} has lost letters: \"?\" stands for those that the encoding lacks. Export the table again as CSV (UTF-8) or .xlsx."
                    )
                });
            }
        }
    }
}

/// Leaves only the cells of `columns` in each row: columns without a header and content fall away.
fn drop_other_cells(rows: &mut [Row], columns: &[Column], width: usize) {
    if columns.len() == width {
        return;
    }
    let mut keep = vec![false; width];
    for column in columns {
        if let Some(keep) = keep.get_mut(column.index) {
            *keep = true;
        }
    }
    for row in rows {
        let mut flags = keep.iter();
        row.cells.retain(|_| flags.next().copied().unwrap_or(false));
    }
}

pub(super) fn too_many_cells(limits: &Limits) -> ReadError {
    ReadError::new(
        Code::TooManyCells,
        format!(
            "The table has more than {} cells, counting empty ones. Remove columns that are not needed, or split it.",
            limits.cells
        ),
    )
}

pub(super) fn too_many_columns(line: u32, limits: &Limits) -> ReadError {
    ReadError::new(
        Code::TooManyColumns,
        format!(
            "Line {line} has something beyond column {}. Delete what stands right of the table.",
            limits.columns
        ),
    )
    .at(line)
}

pub(super) fn cell_too_long(line: u32, index: usize, limits: &Limits) -> ReadError {
    ReadError::new(
        Code::CellTooLong,
        format!(
            "Cell {} of line {line} has more than {} bytes. Shorten it, or look for a quotation mark that is not closed.",
            index.saturating_add(1),
            limits.cell_bytes
        ),
    )
    .at(line)
    .in_column(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(rows: &[&[&str]]) -> Vec<RawRow> {
        rows.iter()
            .zip(1..)
            .map(|(cells, line)| {
                let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
                let filled = cells
                    .iter()
                    .rposition(|cell| !cell.is_empty())
                    .map_or(0, |last| last + 1);
                RawRow {
                    line,
                    written: cells.len(),
                    cells: cells.into_iter().take(filled).collect(),
                }
            })
            .collect()
    }

    fn table(rows: &[&[&str]]) -> Table {
        assemble(
            raw(rows),
            &Options::default(),
            Source::Delimited { unicode: true },
        )
        .unwrap()
    }

    #[test]
    fn titles_and_empty_lines_above_the_header_are_skipped() {
        let table = table(&[
            &["NGO list 2024", "", ""],
            &["", "", ""],
            &["No", "Name", "City"],
            &["1", "A", "B"],
        ]);
        assert_eq!(table.header_row, 3);
        assert_eq!(
            table.skipped,
            [
                Skipped {
                    line: 1,
                    why: Why::Title
                },
                Skipped {
                    line: 2,
                    why: Why::Empty
                }
            ]
        );
        assert_eq!(table.rows.len(), 1);
    }

    #[test]
    fn the_row_with_most_known_headers_wins_over_a_title_that_holds_one() {
        let table = table(&[
            &["Name", "", ""],
            &["Name", "Country", "City"],
            &["A", "B", "C"],
        ]);
        assert_eq!(table.header_row, 2);
    }

    #[test]
    fn sums_in_every_language_are_skipped_and_names_are_not() {
        for sum in [
            "CƏMİ",
            "TOPLAM:",
            "ИТОГО",
            "Jami",
            "BARLYGY",
            "ÖSSZESEN",
            "ЖИЫНТЫҒЫ",
            "ЖЫЙЫНТЫГЫ",
            "Total",
            "CƏMİ / TOPLAM / ИТОГО",
            "Genel toplam",
        ] {
            let table = table(&[&["No", "Name", "City"], &["1", "A", "B"], &[sum, "53", ""]]);
            assert_eq!(
                table.skipped,
                [Skipped {
                    line: 3,
                    why: Why::Sum
                }],
                "{sum}"
            );
        }
        let table = table(&[
            &["No", "Name"],
            &["1", "Total Development Fund"],
            &["2", "Yekun"],
            &["3", "12"],
        ]);
        assert_eq!(table.rows.len(), 2, "a number alone is no sum");
    }

    /// Why lines are skipped, by line.
    fn skipped(rows: &[&[&str]]) -> Vec<(u32, Why)> {
        let skipped = table(rows).skipped.into_iter();
        skipped.map(|skipped| (skipped.line, skipped.why)).collect()
    }

    #[test]
    fn a_sum_may_say_what_is_counted() {
        for sum in [
            "Cəmi: 1 təşkilat",
            "Итого организаций: 1",
            "ВСЕГО 1 НПО",
            "Toplam: 1 dernek",
            "ARA TOPLAM",
            "Mindösszesen",
            "Összesen: 1 db",
            "Jami: 1 ta",
            "Жалпы: 1 уюм",
            "Jemi: 1 gurama",
            "Итого по списку: 5",
            "Cəmi üzrə: 5",
            "Toplam dernek sayısı: 5",
            "Барлығы: 5 бірлестік",
            "Total number of NGOs: 5",
        ] {
            let rows: [&[&str]; 3] = [&["No", "Name", "City"], &["1", "A", "B"], &["", sum, ""]];
            assert_eq!(skipped(&rows), [(3, Why::Sum)], "{sum}");
        }
    }

    #[test]
    fn an_organisation_is_no_sum_for_its_name() {
        let rows: [&[&str]; 5] = [
            &["Ad", "VÖEN", "Telefon"],
            &["Grand", "9900014901", "124041111"],
            &["Total", "9900014901", ""],
            &["Grand", "", ""],
            &["Total NGO", "", ""],
        ];
        assert_eq!(skipped(&rows), []);
        let rows: [&[&str]; 3] = [
            &["ID", "Name", "Founded", "City"],
            &["17", "Total", "1998", ""],
            &["18", "Jemi", "", ""],
        ];
        assert_eq!(skipped(&rows), []);
        // What could be a note is an organisation where others stand below it.
        let rows: [&[&str]; 4] = [
            &["No", "Name", "City"],
            &["", "Tarix: Irs", ""],
            &["2", "A", "B"],
            &["", "Mənbə: siyahı", ""],
        ];
        assert_eq!(skipped(&rows), [(4, Why::Note)]);
    }

    #[test]
    fn who_signs_and_what_numbers_the_columns_is_no_row() {
        let rows: [&[&str]; 6] = [
            &["№ п/п", "Наименование организации", "Город"],
            &["(1)", "(2)", "(3)"],
            &["1", "Фонд Айна", "Ош"],
            &["2", "İmza Klubu", ""],
            &["", "Исполнитель: отдел реестра", ""],
            &["", "İmza: ____", ""],
        ];
        assert_eq!(
            skipped(&rows),
            [(2, Why::Header), (5, Why::Note), (6, Why::Note)]
        );
        // Further down it is a row.
        let rows: [&[&str]; 3] = [&["No", "Name"], &["1", "A"], &["1", "2"]];
        assert_eq!(skipped(&rows), []);
    }

    #[test]
    fn a_repeated_header_is_no_row() {
        let table = table(&[
            &["Name", "City"],
            &["A", "B"],
            &["Name", "City"],
            &["C", "D"],
        ]);
        assert_eq!(
            (table.rows.len(), table.skipped),
            (
                2,
                vec![Skipped {
                    line: 3,
                    why: Why::Header
                }]
            )
        );
    }

    #[test]
    fn empty_columns_fall_away_and_unnamed_ones_with_content_stay() {
        let table = table(&[&["Name", "", "City", ""], &["A", "", "B", "yes"]]);
        let indexes: Vec<usize> = table.columns.iter().map(|column| column.index).collect();
        assert_eq!(indexes, [0, 2, 3]);
        assert_eq!(table.rows[0].cells, ["A", "B", "yes"]);
    }

    #[test]
    fn of_two_columns_of_one_meaning_the_first_is_used() {
        let table = table(&[&["Name", "City", "Town"], &["A", "B", "C"]]);
        assert_eq!(table.columns[1].field, Some(Field::City));
        assert_eq!(table.columns[2].field, None);
        assert!(
            table
                .warnings
                .iter()
                .any(|warning| warning.code == WarningCode::DuplicateColumn)
        );
    }

    #[test]
    fn without_a_header_or_without_rows_the_file_is_refused() {
        let code = |rows: &[&[&str]]| {
            assemble(
                raw(rows),
                &Options::default(),
                Source::Delimited { unicode: true },
            )
            .err()
            .map(|e| (e.code, e.line))
        };
        assert_eq!(
            code(&[&["x", "y"], &["z", "w"]]),
            Some((Code::HeaderNotFound, Some(1)))
        );
        assert_eq!(code(&[&["Name", "City"]]), Some((Code::NoRows, Some(1))));
    }
}
