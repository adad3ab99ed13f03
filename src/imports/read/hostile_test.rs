//! Hostile and odd files: refused with a reason, never a panic and never much memory.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::{Field, Limits, Options, ReadError, ReadErrorCode as Code, Sheet, WarningCode, read};

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook with one sheet of this XML, and further parts.
fn workbook_with(sheet: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    parts.extend_from_slice(more);
    archive(&parts)
}

fn cell(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn sheet_xml(dimension: &str, rows: &str) -> String {
    format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>"#
    )
}

fn small_rows() -> String {
    format!(
        r#"<row r="1">{}{}</row><row r="2">{}{}</row>"#,
        cell("A1", "Name"),
        cell("B1", "City"),
        cell("A2", "Fond"),
        cell("B2", "Bakı")
    )
}

fn attempt(bytes: &[u8]) -> Result<Sheet, ReadError> {
    read(bytes, "a.xlsx", &Options::default())
}

fn code(bytes: &[u8]) -> Code {
    attempt(bytes).unwrap_err().code
}

#[test]
fn a_plain_workbook_of_these_parts_reads() {
    let sheet = attempt(&workbook_with(&sheet_xml("A1:B2", &small_rows()), &[])).unwrap();
    assert_eq!(sheet.rows[0].cells, ["Fond", "Bakı"]);
}

#[test]
fn a_huge_declared_dimension_costs_nothing() {
    let bytes = workbook_with(&sheet_xml("A1:XFD1048576", &small_rows()), &[]);
    assert!(bytes.len() < 2_500, "{}", bytes.len());
    assert_eq!(attempt(&bytes).unwrap().rows.len(), 1);
}

#[test]
fn a_cell_in_the_last_row_is_one_row() {
    let rows = format!(
        r#"{}<row r="1048576">{}</row>"#,
        small_rows(),
        cell("A1048576", "Last")
    );
    let sheet = attempt(&workbook_with(&sheet_xml("A1:B1048576", &rows), &[])).unwrap();
    assert_eq!((sheet.rows.len(), sheet.rows[1].line), (2, 1_048_576));
}

#[test]
fn a_cell_in_the_last_column_is_refused_and_an_empty_one_ignored() {
    let far = |content: &str| {
        format!(
            r#"{}<row r="1048576"><c r="XFD1048576"{content}</row>"#,
            small_rows()
        )
    };
    let bytes = workbook_with(
        &sheet_xml("A1", &far(r#" t="inlineStr"><is><t>x</t></is></c>"#)),
        &[],
    );
    let error = attempt(&bytes).unwrap_err();
    assert_eq!(
        (error.code, error.line, error.column),
        (Code::TooManyColumns, Some(1_048_576), Some(16_384))
    );
    let bytes = workbook_with(&sheet_xml("A1", &far("/>")), &[]);
    assert_eq!(attempt(&bytes).unwrap().rows.len(), 1);
}

#[test]
fn many_sparse_cells_are_bounded_by_the_cells_that_they_pad() {
    let mut rows = small_rows();
    for row in 0..30_000 {
        let line = 10 + row * 30;
        rows.push_str(&format!(
            r#"<row r="{line}">{}</row>"#,
            cell(&format!("GR{line}"), "x")
        ));
    }
    assert_eq!(
        code(&workbook_with(&sheet_xml("A1", &rows), &[])),
        Code::TooManyCells
    );
}

#[test]
fn references_beyond_the_format_or_nonsense_are_refused() {
    for place in [
        "A4294967295",
        "XFE1",
        "A99999999999999999999",
        "ZZZZZZZZZZZZ1",
        "A0",
        "1",
        "",
        "Ä1",
    ] {
        let rows = format!(r#"{}<row r="3">{}</row>"#, small_rows(), cell(place, "x"));
        assert!(
            attempt(&workbook_with(&sheet_xml("A1", &rows), &[])).is_err(),
            "{place}"
        );
    }
    let rows = format!(r#"{}<row r="1">{}</row>"#, small_rows(), cell("A1", "x"));
    assert_eq!(
        code(&workbook_with(&sheet_xml("A1", &rows), &[])),
        Code::DamagedWorkbook
    );
}

#[test]
fn a_zip_bomb_is_stopped_while_it_unpacks() {
    let bomb = vec![0_u8; 60 << 20];
    let bytes = workbook_with(
        &sheet_xml("A1", &small_rows()),
        &[("xl/media/image1.bin", &bomb)],
    );
    assert!(bytes.len() < 100_000);
    assert_eq!(code(&bytes), Code::ArchiveTooLarge);
    let spaces = " ".repeat(2 << 20);
    let bytes = workbook_with(&format!("<worksheet>{spaces}</worksheet>"), &[]);
    assert_eq!(code(&bytes), Code::CellTooLong);
}

#[test]
fn the_unpacked_limit_counts_all_parts_together() {
    let part = vec![b'x'; 400_000];
    let bytes = workbook_with(
        &sheet_xml("A1", &small_rows()),
        &[("a.bin", &part), ("b.bin", &part), ("c.bin", &part)],
    );
    let options = Options {
        limits: Limits {
            unpacked_bytes: 1_000_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    assert_eq!(
        read(&bytes, "a.xlsx", &options).unwrap_err().code,
        Code::ArchiveTooLarge
    );
    assert!(attempt(&bytes).is_ok());
}

#[test]
fn a_huge_declared_number_of_strings_is_refused() {
    for declared in ["99999999999", "18446744073709551615", "2000001", "x"] {
        let strings = format!(r#"<sst count="1" uniqueCount="{declared}"><si><t>a</t></si></sst>"#);
        let bytes = workbook_with(
            &sheet_xml("A1", &small_rows()),
            &[("xl/sharedStrings.xml", strings.as_bytes())],
        );
        assert_eq!(code(&bytes), Code::DamagedWorkbook, "{declared}");
    }
}

#[test]
fn one_long_string_shared_by_many_cells_is_bounded() {
    let strings = format!(
        r#"<sst count="1" uniqueCount="1"><si><t>{}</t></si></sst>"#,
        "a".repeat(30_000)
    );
    let mut rows = small_rows();
    for line in 3..4_000 {
        rows.push_str(&format!(
            r#"<row r="{line}"><c r="A{line}" t="s"><v>0</v></c></row>"#
        ));
    }
    let bytes = workbook_with(
        &sheet_xml("A1", &rows),
        &[("xl/sharedStrings.xml", strings.as_bytes())],
    );
    assert_eq!(code(&bytes), Code::TooManyCells);
}

#[test]
fn elements_nested_without_end_are_refused() {
    let sheet = format!("{}{}", sheet_xml("A1", &small_rows()), "<a>".repeat(10_000));
    assert_eq!(code(&workbook_with(&sheet, &[])), Code::ArchiveTooLarge);
}

#[test]
fn document_types_and_entities_are_refused_in_every_part() {
    let lol = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>"#;
    let external = r#"<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>"#;
    for prolog in [lol, external, "<!DOCTYPE x>", "<!doctype x>"] {
        let sheet = format!("{prolog}{}", sheet_xml("A1", &small_rows()));
        assert_eq!(
            code(&workbook_with(&sheet, &[])),
            Code::UnsafeXml,
            "{prolog}"
        );
        let part = format!("{prolog}<x/>");
        let bytes = workbook_with(
            &sheet_xml("A1", &small_rows()),
            &[("xl/other.xml", part.as_bytes())],
        );
        assert_eq!(code(&bytes), Code::UnsafeXml, "{prolog}");
    }
    let sheet = sheet_xml("A1", &small_rows().replace("Fond", "F&b;d"));
    assert_eq!(code(&workbook_with(&sheet, &[])), Code::UnsafeXml);
    let sheet = sheet_xml("A1", &small_rows().replace("Fond", "F&amp;&#1178;"));
    assert_eq!(
        attempt(&workbook_with(&sheet, &[])).unwrap().rows[0].cells[0],
        "F&Қ"
    );
}

#[test]
fn xml_in_utf_16_cannot_hide_a_document_type() {
    let sheet: Vec<u8> = format!("\u{FEFF}<!DOCTYPE x>{}", sheet_xml("A1", ""))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let bytes = workbook_with(&sheet_xml("A1", &small_rows()), &[("xl/x.xml", &sheet)]);
    assert_eq!(code(&bytes), Code::UnsafeXml);
}

#[test]
fn a_truncated_or_scribbled_archive_is_refused_at_every_length() {
    let whole = workbook_with(&sheet_xml("A1", &small_rows()), &[]);
    for length in (2..whole.len()).step_by(7) {
        assert!(attempt(whole.get(..length).unwrap()).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        let mut scribbled = whole.clone();
        scribbled[at] ^= 0x55;
        let _ = attempt(&scribbled);
    }
}

#[test]
fn two_parts_of_one_name_are_refused() {
    let mut bytes = workbook_with(
        &sheet_xml("A1", &small_rows()),
        &[("xl/worksheets/sheet2.xml", b"<x/>")],
    );
    let (from, to) = (b"sheet2.xml", b"sheet1.xml");
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    assert!(attempt(&bytes).is_err());
}

#[test]
fn other_formats_are_refused_by_name() {
    let ole = |inner: &[u8]| {
        [
            &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..],
            &[0; 600],
            inner,
        ]
        .concat()
    };
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(code(&ole(b"Workbook")), Code::UnsupportedFormat);
    assert_eq!(code(&ole(&encrypted)), Code::Encrypted);
    let ods = archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", b"<x/>"),
    ]);
    assert_eq!(code(&ods), Code::UnsupportedFormat);
    assert_eq!(
        code(&archive(&[("readme.txt", b"hello")])),
        Code::UnsupportedFormat
    );
    assert_eq!(code(b"%PDF-1.7 ..."), Code::UnsupportedFormat);
    assert_eq!(
        code(b"  <html><table><tr><td>Name</td></tr></table>"),
        Code::UnsupportedFormat
    );
    assert_eq!(code(b"PK"), Code::DamagedArchive);
    assert_eq!(code(b""), Code::EmptyFile);
    assert_eq!(code(b" \r\n"), Code::EmptyFile);
    assert_eq!(
        code(&(0..=255).cycle().skip(128).take(900).collect::<Vec<u8>>()),
        Code::NotText
    );
}

fn saved(fill: impl FnOnce(&mut Workbook) -> Result<(), rust_xlsxwriter::XlsxError>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook).unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn dates_numbers_texts_and_formulas_read_as_people_see_them() {
    let bytes = saved(|workbook| {
        let sheet = workbook.add_worksheet();
        let date = Format::new().set_num_format("dd.mm.yyyy");
        for (column, header) in (0..).zip(["Name", "Reg. date", "БИН", "Phone", "Notes", "City"])
        {
            sheet.write_string(0, column, header)?;
        }
        sheet.write_string(1, 0, "  Fond ")?;
        sheet.write_datetime_with_format(1, 1, ExcelDateTime::from_ymd(1995, 4, 15)?, &date)?;
        sheet.write_number(1, 2, 990_540_005_412.0)?;
        sheet.write_string(1, 3, "00994001234567")?;
        sheet.write_number(1, 4, 0.5)?;
        sheet.write_formula(1, 5, Formula::new("=\"Ba\"&\"kı\"").set_result("Bakı"))?;
        sheet.write_number(2, 2, 123_456_789_012_345_678.0)?;
        sheet.write_boolean(2, 4, true)?;
        sheet.write_formula(2, 5, Formula::new("=1/0").set_result("#DIV/0!"))?;
        Ok(())
    });
    let sheet = attempt(&bytes).unwrap();
    assert_eq!(
        sheet.rows[0].cells,
        [
            "Fond",
            "1995-04-15",
            "990540005412",
            "00994001234567",
            "0.5",
            "Bakı"
        ]
    );
    assert_eq!(sheet.rows[1].cells[2], "123456789012345680");
    assert_eq!(sheet.rows[1].cells[4], "TRUE");
}

#[test]
fn an_error_cell_is_empty_and_told() {
    let rows = format!(
        r#"{}<row r="3">{}<c r="B3" t="e"><v>#N/A</v></c></row>"#,
        small_rows(),
        cell("A3", "X")
    );
    let sheet = attempt(&workbook_with(&sheet_xml("A1", &rows), &[])).unwrap();
    assert_eq!(sheet.rows[1].cells, ["X", ""]);
    assert!(
        sheet
            .warnings
            .iter()
            .any(|warning| warning.code == WarningCode::CellError && warning.line == Some(3))
    );
}

#[test]
fn a_formula_without_its_result_is_told_and_one_with_a_result_is_read() {
    let rows = format!(
        r#"{}<row r="3">{}<c r="B3"><f>CONCATENATE("Ba","kı")</f><v></v></c></row><row r="4">{}<c r="B4"><f>A4</f></c></row><row r="5">{}<c r="B5" t="str"><f>A5</f><v>Gəncə</v></c></row><row r="6">{}<c r="B6" t="str"><f>""</f><v></v></c></row><row r="7">{}<c r="B7" s="0"/></row>"#,
        small_rows(),
        cell("A3", "X"),
        cell("A4", "Y"),
        cell("A5", "Z"),
        cell("A6", "V"),
        cell("A7", "W"),
    );
    let sheet = attempt(&workbook_with(&sheet_xml("A1", &rows), &[])).unwrap();
    let cities: Vec<&str> = sheet.rows.iter().map(|row| row.cells[1].as_str()).collect();
    assert_eq!(cities, ["Bakı", "", "", "Gəncə", "", ""]);
    let told: Vec<_> = sheet
        .warnings
        .iter()
        .map(|w| (w.code, w.line, w.count))
        .collect();
    assert_eq!(told, [(WarningCode::FormulaWithoutResult, Some(3), 2)]);
}

#[test]
fn the_1904_calendar_is_honoured() {
    let styles = r#"<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
    let book = BOOK.replace("<sheets>", r#"<workbookPr date1904="1"/><sheets>"#);
    let rows = small_rows()
        .replace("City", "Founded")
        .replace(&cell("B2", "Bakı"), r#"<c r="B2" s="1"><v>39305</v></c>"#);
    let bytes = archive(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        (
            "xl/worksheets/sheet1.xml",
            sheet_xml("A1", &rows).as_bytes(),
        ),
    ]);
    assert_eq!(attempt(&bytes).unwrap().rows[0].cells[1], "2011-08-12");
}

#[test]
fn the_first_visible_sheet_with_a_table_is_read() {
    let bytes = saved(|workbook| {
        workbook
            .add_worksheet()
            .set_name("cover")?
            .write_string(0, 0, "List of our country")?;
        let hidden = workbook.add_worksheet().set_name("old")?.set_hidden(true);
        hidden.write_string(0, 0, "Name")?;
        hidden.write_string(1, 0, "Hidden")?;
        let list = workbook.add_worksheet().set_name("list")?;
        list.write_string(4, 2, "Name")?;
        list.write_string(4, 3, "City")?;
        list.write_string(5, 2, "Seen")?;
        Ok(())
    });
    let sheet = attempt(&bytes).unwrap();
    assert_eq!(
        (sheet.sheet_name.as_deref(), sheet.header_row),
        (Some("list"), 5)
    );
    assert_eq!(
        (sheet.position(&Field::Name), sheet.columns[0].index),
        (Some(0), 2)
    );
    assert_eq!(
        (sheet.rows[0].cells[0].as_str(), sheet.rows[0].line),
        ("Seen", 6)
    );
}

#[test]
fn empty_shared_strings_do_not_shift_the_others() {
    let strings = r#"<sst count="3" uniqueCount="4"><si><t/></si><si><t>Name</t></si><si/><si><t>Fond</t></si></sst>"#;
    let rows = r#"<row r="1"><c r="A1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="s"><v>3</v></c></row>"#;
    let bytes = workbook_with(
        &sheet_xml("A1", rows),
        &[("xl/sharedStrings.xml", strings.as_bytes())],
    );
    assert_eq!(
        attempt(&bytes).map(|sheet| sheet.rows[0].cells.clone()),
        Ok(vec!["Fond".to_owned()])
    );
}

fn small() -> Options {
    let limits = Limits {
        bytes: 100_000,
        rows: 50,
        columns: 20,
        cell_bytes: 200,
        cells: 500,
        text_bytes: 10_000,
        unpacked_bytes: 200_000,
        unpack_ratio: 50,
    };
    Options {
        limits,
        ..Options::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&bytes, "x.csv", &Options::default());
        let _ = read(&bytes, "x.csv", &small());
    }

    #[test]
    fn arbitrary_text_below_a_header_reads_or_is_refused_within_the_limits(
        text in "([a-zğşıƏқ;,\"?'0-9 \t\r\n|\u{0}-\u{7f}-]){0,400}",
    ) {
        let file = format!("Name;City;Phone\n{text}");
        if let Ok(sheet) = read(file.as_bytes(), "x.csv", &small()) {
            prop_assert!(sheet.rows.len() <= 50 && sheet.columns.len() <= 20);
            prop_assert!(sheet.rows.iter().all(|row| row.cells.len() == sheet.columns.len()));
            prop_assert!(sheet.rows.windows(2).all(|pair| pair[0].line < pair[1].line));
        }
    }

    #[test]
    fn arbitrary_cells_never_panic(cell in any::<String>()) {
        use super::values::{SlashOrder, clean_text, is_missing_word, lost_letters, parse_date, parse_email, parse_phone, parse_website};
        let clean = clean_text(&cell);
        let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let _ = (parse_date(&clean, SlashOrder::Unknown, today), parse_email(&clean), parse_phone(&clean), parse_website(&clean));
        let _ = (is_missing_word(&cell), lost_letters(&cell, true), super::field_of(&cell));
    }

    #[test]
    fn arbitrary_sheet_xml_never_panics(xml in "(<(row|c|v|is|t|f|/row|/c|/v|/is|/t|sheetData|/sheetData)( (r|t|s)=\"[A-Z0-9sben]{0,8}\")?/?>|[a-z0-9&;.-]{0,6}){0,40}") {
        let bytes = workbook_with(&format!("<worksheet><sheetData>{xml}</sheetData></worksheet>"), &[]);
        let _ = read(&bytes, "x.xlsx", &small());
    }

    #[test]
    fn a_scribbled_workbook_never_panics(at in 0_usize..1_000, with in any::<[u8; 3]>()) {
        let mut bytes = workbook_with(&sheet_xml("A1:B2", &small_rows()), &[]);
        let length = bytes.len();
        for (offset, byte) in with.into_iter().enumerate() {
            bytes[(at + offset) % length] = byte;
        }
        let _ = read(&bytes, "x.xlsx", &small());
    }
}
