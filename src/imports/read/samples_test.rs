//! The sample files read as what they are.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::values::{
    DateValue, FaultCode, Parsed, SlashOrder, clean_text, lost_letters, parse_date, parse_email,
    parse_phone, parse_website, slash_order,
};
use super::{Certainty, Encoding, Field, Options, ReadErrorCode, Sheet, WarningCode, Why, read};

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/{file}",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")
    ))
    .unwrap()
}

fn sample(file: &str) -> Sheet {
    read(&bytes(file), file, &Options::default()).unwrap()
}

fn key() -> Vec<Vec<String>> {
    let text = String::from_utf8(bytes("import-key.tsv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

fn column<'a>(sheet: &'a Sheet, field: &Field) -> Vec<&'a str> {
    let at = sheet
        .position(field)
        .unwrap_or_else(|| panic!("no column {field}"));
    sheet
        .rows
        .iter()
        .map(|row| row.cells[at].as_str())
        .collect()
}

const GROUPS: [(&str, &str, Encoding, Option<char>, u32); 7] = [
    (
        "az",
        "import-az-utf8-bom-semicolon.csv",
        Encoding::Utf8,
        Some(';'),
        3,
    ),
    (
        "tr",
        "import-tr-windows1254-semicolon.csv",
        Encoding::Windows1254,
        Some(';'),
        1,
    ),
    (
        "kz-kg",
        "import-kz-kg-utf8-comma.csv",
        Encoding::Utf8,
        Some(','),
        3,
    ),
    (
        "kz-kg",
        "import-kz-kg-windows1251-semicolon.csv",
        Encoding::Windows1251,
        Some(';'),
        1,
    ),
    (
        "uz",
        "import-uz-utf16-tab.tsv",
        Encoding::Utf16Le,
        Some('\t'),
        1,
    ),
    (
        "hu",
        "import-hu-windows1250-semicolon.csv",
        Encoding::Windows1250,
        Some(';'),
        1,
    ),
    (
        "tm",
        "import-tm-utf8-semicolon.csv",
        Encoding::Utf8,
        Some(';'),
        1,
    ),
];

#[test]
fn every_list_reads_with_its_encoding_delimiter_header_and_rows() {
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for row in key() {
        *expected.entry(row[0].clone()).or_default() += 1;
    }
    for (group, file, encoding, delimiter, header_row) in GROUPS {
        let sheet = sample(file);
        assert_eq!(
            (sheet.encoding, sheet.delimiter, sheet.header_row),
            (Some(encoding), delimiter, header_row),
            "{file}"
        );
        assert_ne!(sheet.certainty, Some(Certainty::Guess), "{file}");
        assert_eq!(sheet.rows.len(), expected[group], "{file}");
        assert!(
            sheet
                .rows
                .iter()
                .all(|row| row.cells.len() == sheet.columns.len()),
            "{file}"
        );
    }
}

#[test]
fn every_row_holds_the_name_that_the_key_says() {
    for (group, file, encoding, ..) in GROUPS {
        // What a code page lacks is `?` in the file; such names are compared in the test of the pair.
        if matches!(encoding, Encoding::Utf8 | Encoding::Utf16Le) {
            let sheet = sample(file);
            let written: Vec<String> = key()
                .into_iter()
                .filter(|row| row[0] == group)
                .map(|row| clean_text(&row[3]))
                .collect();
            let names: Vec<String> = column(&sheet, &Field::Name)
                .into_iter()
                .map(str::to_owned)
                .collect();
            let differ: Vec<_> = names
                .iter()
                .zip(&written)
                .filter(|(name, key)| name.to_lowercase() != key.to_lowercase())
                .collect();
            assert!(differ.is_empty(), "{file}: {differ:?}");
        }
    }
}

#[test]
fn every_header_of_the_samples_is_known() {
    for (_, file, ..) in GROUPS {
        let sheet = sample(file);
        let unknown: Vec<&str> = sheet
            .columns
            .iter()
            .filter(|column| column.field.is_none())
            .map(|column| column.header.as_str())
            .collect();
        // The Kazakh lists have a last column without a header.
        assert!(
            unknown.iter().all(|header| header.is_empty()),
            "{file}: {unknown:?}"
        );
        assert_eq!(unknown.len(), usize::from(file.contains("kz-kg")), "{file}");
        assert!(
            !sheet
                .warnings
                .iter()
                .any(|warning| warning.code == WarningCode::TurkishReadAs1252),
            "{file}: {:?}",
            sheet.warnings
        );
    }
}

#[test]
fn titles_empty_lines_and_sums_of_the_azerbaijani_list_are_skipped() {
    let sheet = sample("import-az-utf8-bom-semicolon.csv");
    let skipped: Vec<(u32, Why)> = sheet
        .skipped
        .iter()
        .map(|skipped| (skipped.line, skipped.why))
        .collect();
    assert_eq!(
        skipped,
        [
            (1, Why::Title),
            (2, Why::Empty),
            (42, Why::Empty),
            (58, Why::Sum)
        ]
    );
    assert_eq!((sheet.rows[0].line, sheet.rows[38].line), (4, 43));
}

/// True where `lossy` is `whole` with some characters replaced by `?`.
fn equal_but_for_lost_letters(whole: &str, lossy: &str) -> bool {
    let mut whole = whole.nfd().peekable();
    for c in lossy.nfd() {
        let Some(original) = whole.next() else {
            return false;
        };
        if c == '?' && original != '?' {
            // A composed letter is lost with its marks, a decomposed one keeps its base.
            while whole.next_if(|mark| is_combining_mark(*mark)).is_some() {}
        } else if c != original {
            return false;
        }
    }
    whole.next().is_none()
}

#[test]
fn the_two_kazakh_and_kyrgyz_files_differ_only_in_lost_letters() {
    let (whole, lossy) = (
        sample("import-kz-kg-utf8-comma.csv"),
        sample("import-kz-kg-windows1251-semicolon.csv"),
    );
    let fields = |sheet: &Sheet| {
        sheet
            .columns
            .iter()
            .map(|column| column.field.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&whole), fields(&lossy));
    let mut lost = 0;
    for (a, b) in whole.rows.iter().zip(&lossy.rows) {
        for (a, b) in a.cells.iter().zip(&b.cells) {
            assert!(equal_but_for_lost_letters(a, b), "{a} / {b}");
            if a != b {
                lost += 1;
                assert!(lost_letters(b, false), "{b}");
            } else {
                assert!(!lost_letters(b, false), "{b}");
            }
        }
    }
    assert!(lost > 50);
    let told = |sheet: &Sheet| {
        sheet
            .warnings
            .iter()
            .find(|warning| warning.code == WarningCode::LostLetters)
            .map(|warning| warning.line)
    };
    assert_eq!((told(&whole), told(&lossy)), (None, Some(Some(2))));
}

#[test]
fn the_identifier_lists_read_with_their_schemes() {
    let schemes = |sheet: &Sheet| -> Vec<String> {
        sheet
            .columns
            .iter()
            .filter_map(|column| column.field.as_ref())
            .map(ToString::to_string)
            .filter(|field| field.starts_with("identifier:"))
            .collect()
    };
    let text = String::from_utf8(bytes("import-identifiers-key.tsv")).unwrap();
    for (file, encoding, rows, expected) in [
        (
            "import-identifiers-az.csv",
            Encoding::Utf8,
            12,
            vec!["identifier:AZ-VOEN"],
        ),
        (
            "import-identifiers-hu.csv",
            Encoding::Utf8,
            12,
            vec!["identifier:HU-NYILV", "identifier:HU-ADOSZAM"],
        ),
        (
            "import-identifiers-kz.csv",
            Encoding::Utf8,
            15,
            vec!["identifier:KZ-BIN"],
        ),
        (
            "import-identifiers-tr.csv",
            Encoding::Windows1254,
            14,
            vec!["identifier:TR-VKN", "identifier:TR-KUTUK"],
        ),
    ] {
        let sheet = sample(file);
        assert_eq!(
            (
                sheet.encoding,
                sheet.delimiter,
                sheet.header_row,
                sheet.rows.len()
            ),
            (Some(encoding), Some(';'), 1, rows),
            "{file}"
        );
        assert_eq!(schemes(&sheet), expected, "{file}");
        for line in text.lines().filter(|line| line.starts_with(file)) {
            let parts: Vec<&str> = line.split('\t').collect();
            let row = &sheet.rows[parts[1].parse::<usize>().unwrap() - 1];
            assert!(
                row.cells.iter().any(|cell| cell == parts[3]),
                "{file} row {}",
                parts[1]
            );
        }
    }
}

#[test]
fn the_real_organisations_read_with_their_provenance_left_out() {
    let sheet = sample("organisations-real.csv");
    assert_eq!(
        (sheet.rows.len(), sheet.header_row, sheet.delimiter),
        (900, 1, Some(','))
    );
    let field = |header: &str| {
        sheet
            .columns
            .iter()
            .find(|column| column.header == header)
            .and_then(|column| column.field.clone())
    };
    assert_eq!(field("id"), Some(Field::Reference));
    assert_eq!(
        (field("source"), field("source_id"), field("licence")),
        (
            Some(Field::Provenance),
            Some(Field::Provenance),
            Some(Field::Provenance)
        )
    );
    assert_eq!(field("alternative_names"), Some(Field::AlternativeNames));
    assert_eq!(field("kind"), None);
    let ids = column(&sheet, &Field::Reference);
    assert!(ids.iter().all(|id| id.contains('-')));
    assert!(
        sheet
            .warnings
            .iter()
            .any(|warning| warning.code == WarningCode::UnknownHeader
                && warning.message.contains("kind"))
    );
}

#[test]
fn the_workbook_reads_from_its_first_sheet_below_the_merged_title() {
    let sheet = sample("import-all-mixed.xlsx");
    assert_eq!(
        (
            sheet.sheet_name.as_deref(),
            sheet.header_row,
            sheet.rows.len()
        ),
        (Some("Лист1"), 3, 200)
    );
    assert_eq!(
        (sheet.rows[0].line, sheet.encoding, sheet.delimiter),
        (4, None, None)
    );
    assert!(
        sheet.columns.iter().all(|column| column.field.is_some()),
        "{:?}",
        sheet.columns
    );
    assert_eq!(sheet.skipped[0].why, Why::Title);
    let numbers = column(&sheet, &Field::RowNumber);
    assert_eq!((numbers[0], numbers[199]), ("1", "200"));
    let names: Vec<&str> = column(&sheet, &Field::Name);
    assert_eq!(names[2], "Azərbaycan Tələbə Gənclər Təşkilatları İttifaqı");
}

#[test]
fn a_wrong_stated_encoding_is_refused_with_a_line() {
    let options = Options {
        encoding: Some(Encoding::Utf8),
        ..Options::default()
    };
    let error = read(
        &bytes("import-tr-windows1254-semicolon.csv"),
        "a.csv",
        &options,
    )
    .unwrap_err();
    assert_eq!(
        (error.code, error.line),
        (ReadErrorCode::NotDecodable, Some(1))
    );
}

#[test]
fn turkish_read_as_1252_is_warned_about() {
    let text = encoding_rs::WINDOWS_1252
        .decode(&bytes("import-tr-windows1254-semicolon.csv"))
        .0
        .into_owned();
    let text = text.replace("Sýra;KURUM ADI", "Sira;Kurum Adi");
    let sheet = read(text.as_bytes(), "a.csv", &Options::default()).unwrap();
    assert!(sheet.warnings.iter().any(|warning| warning.code == WarningCode::TurkishReadAs1252 && warning.line.is_some()));
}

#[test]
fn the_samples_cells_are_values_or_known_faults() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let (mut days, mut years, mut emails, mut phones, mut sites) = (0, 0, 0, 0, 0);
    let mut files: Vec<&str> = GROUPS.iter().map(|group| group.1).collect();
    files.push("import-all-mixed.xlsx");
    for file in files {
        let sheet = sample(file);
        if sheet.position(&Field::FoundedOn).is_some() {
            let cells = column(&sheet, &Field::FoundedOn);
            let order = slash_order(cells.iter().copied());
            assert_eq!(order, SlashOrder::MonthFirst, "{file}");
            for cell in cells {
                match parse_date(cell, order, today) {
                    Parsed::Value(DateValue::Day(_)) => days += 1,
                    Parsed::Value(DateValue::Year(_)) => years += 1,
                    Parsed::Missing => assert_eq!(cell, ""),
                    other => panic!("{file}: {cell}: {other:?}"),
                }
            }
        }
        for cell in column(&sheet, &Field::Email) {
            match parse_email(cell) {
                Parsed::Value(address) => {
                    emails += 1;
                    assert!(address.ends_with(".example"), "{cell}");
                }
                Parsed::Missing => assert!(cell.is_empty() || cell.starts_with("yoxdur"), "{cell}"),
                Parsed::Faulty(fault) => assert!(
                    match fault.code {
                        FaultCode::NoAtSign => cell.contains(" at "),
                        FaultCode::NoDomainEnd => !cell.contains('.'),
                        FaultCode::SeveralValues => cell.contains(';'),
                        _ => false,
                    },
                    "{cell}: {fault:?}"
                ),
                Parsed::Clear => panic!("{cell}"),
            }
        }
        for cell in column(&sheet, &Field::Phone) {
            match parse_phone(cell) {
                Parsed::Value(number) => {
                    phones += 1;
                    assert!(!number.contains(['t', '\'']), "{cell}");
                }
                other => assert_eq!((other, cell), (Parsed::Missing, "")),
            }
        }
        if sheet.position(&Field::Website).is_some() {
            for cell in column(&sheet, &Field::Website) {
                match parse_website(cell) {
                    Parsed::Value(address) => {
                        sites += 1;
                        assert!(address.starts_with("http"), "{cell}");
                    }
                    other => assert_eq!((other, cell), (Parsed::Missing, "")),
                }
            }
        }
    }
    assert!(
        days > 300 && years > 30 && emails > 300 && phones > 300 && sites > 250,
        "{days} {years} {emails} {phones} {sites}"
    );
}
