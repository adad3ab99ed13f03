//! Looks through a workbook's zip archive before any reader of workbooks sees it.
//!
//! Each part is unpacked once through a counter and read as XML by the same parser that the workbook
//! reader uses. Refused are: more unpacked bytes than the limit or than the file's size explains, parts
//! of the same name, document types and own entities, one mark-up or text run of more than a megabyte,
//! and tables of strings, styles or relations whose declared or real number would make the reader
//! reserve too much memory.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::Limits;
use super::error::{ReadError, ReadErrorCode as Code};

/// Parts of one archive; a workbook of 200 sheets with drawings has about a thousand.
const MAX_PARTS: usize = 4_096;
/// Bytes between two `<`. Rich text in one cell stays far below.
const MAX_RUN: usize = 1 << 20;
/// Shared strings; more cannot be used by a table within the limits.
const MAX_STRINGS: usize = 2_000_000;
/// Styles, relations and the like; the format itself allows 65,490 cell formats.
const MAX_DEFINITIONS: usize = 300_000;

/// Tags, texts and comments of all parts; four million cells need fewer.
const MAX_EVENTS: usize = 30_000_000;
/// Elements within one another; the parser keeps the names of all that are open.
const MAX_DEPTH: usize = 256;

/// What makes the inspection stop; carried through `io::Error`, which has no room for a `ReadError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    TooLarge,
    LongRun,
}

/// Inspects the archive, or says why it is refused.
pub(super) fn inspect(bytes: &[u8], limits: &Limits) -> Result<(), ReadError> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Err(damaged());
    };
    if archive.len() > MAX_PARTS {
        return Err(too_large(limits));
    }
    let names: BTreeSet<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .map(|name| name.replace('\\', "/").to_lowercase())
        .collect();
    if names.len() != archive.len() || archive.has_duplicate_names() {
        return Err(damaged());
    }
    if names.contains("mimetype") && names.contains("content.xml") {
        return Err(unsupported("The file is an OpenDocument spreadsheet."));
    }
    if names.contains("xl/workbook.bin") {
        return Err(unsupported("The file is in the binary .xlsb format."));
    }
    if !names.contains("[content_types].xml") || !names.contains("_rels/.rels") {
        return Err(unsupported(
            "The file is a zip archive, but no .xlsx workbook.",
        ));
    }

    let file_size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let by_ratio = file_size
        .saturating_mul(limits.unpack_ratio)
        .max(Limits::FREE_UNPACKED_BYTES);
    let mut budget = Budget {
        left: limits.unpacked_bytes.min(by_ratio),
        strings: 0,
        definitions: 0,
        text: 0,
        events: 0,
    };
    for index in 0..archive.len() {
        let Ok(part) = archive.by_index(index) else {
            return Err(damaged());
        };
        if part.encrypted() {
            return Err(ReadError::new(
                Code::Encrypted,
                "The workbook is protected by a password. Save it without the password and send it again.",
            ));
        }
        inspect_part(part, &mut budget, limits)?;
    }
    Ok(())
}

struct Budget {
    left: u64,
    strings: usize,
    definitions: usize,
    text: usize,
    events: usize,
}

fn inspect_part(part: impl Read, budget: &mut Budget, limits: &Limits) -> Result<(), ReadError> {
    let mut counted = Counted {
        inner: part,
        left: budget.left,
        run: 0,
        xml: false,
        stop: None,
    };
    let mut start = Vec::with_capacity(64);
    if Read::by_ref(&mut counted)
        .take(64)
        .read_to_end(&mut start)
        .is_err()
    {
        return Err(counted.reason(limits));
    }
    let unmarked = start.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(&start);
    if start.starts_with(&[0xFF, 0xFE])
        || start.starts_with(&[0xFE, 0xFF])
        || (unmarked.contains(&b'<') && unmarked.iter().take(8).any(|b| *b == 0))
    {
        return Err(ReadError::new(
            Code::UnsafeXml,
            "The workbook holds XML in another encoding than UTF-8, which spreadsheet programs do not write. Save it again as .xlsx.",
        ));
    }
    let looks_like_xml = unmarked
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| *byte == b'<');
    let done = if looks_like_xml {
        counted.xml = true;
        inspect_xml(
            BufReader::new(Cursor::new(start).chain(&mut counted)),
            budget,
            limits,
        )?
    } else {
        std::io::copy(&mut counted, &mut std::io::sink()).is_ok()
    };
    budget.left = counted.left;
    if done && counted.stop.is_none() {
        Ok(())
    } else {
        Err(counted.reason(limits))
    }
}

/// False where the part cannot be read to its end.
fn inspect_xml(
    input: impl BufRead,
    budget: &mut Budget,
    limits: &Limits,
) -> Result<bool, ReadError> {
    let mut reader = quick_xml::Reader::from_reader(input);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let (mut buffer, mut depth, mut in_string) = (Vec::new(), 0_usize, false);
    loop {
        buffer.clear();
        budget.events = budget.events.saturating_add(1);
        match reader.read_event_into(&mut buffer) {
            Err(_) => return Ok(false),
            Ok(Event::Eof) => return Ok(true),
            Ok(Event::DocType(_)) => return Err(unsafe_xml()),
            Ok(Event::GeneralRef(reference)) => {
                let name: &str = &reference;
                if !name.starts_with('#') && !["amp", "lt", "gt", "quot", "apos"].contains(&name) {
                    return Err(unsafe_xml());
                }
            }
            Ok(Event::Start(element)) => {
                depth = depth.saturating_add(1);
                count(&element, budget)?;
                if element.local_name().as_ref() == "si" {
                    in_string = true;
                }
            }
            Ok(Event::Empty(element)) => count(&element, budget)?,
            Ok(Event::End(element)) => {
                depth = depth.saturating_sub(1);
                if element.local_name().as_ref() == "si" {
                    in_string = false;
                }
            }
            Ok(Event::Text(text)) if in_string => {
                budget.text = budget.text.saturating_add(text.len());
            }
            Ok(Event::CData(text)) if in_string => {
                budget.text = budget.text.saturating_add(text.len());
            }
            Ok(_) => {}
        }
        if budget.strings > MAX_STRINGS
            || budget.definitions > MAX_DEFINITIONS
            || budget.text > limits.text_bytes
            || budget.events > MAX_EVENTS
            || depth > MAX_DEPTH
        {
            return Err(too_large(limits));
        }
    }
}

fn count(element: &BytesStart<'_>, budget: &mut Budget) -> Result<(), ReadError> {
    match element.local_name().as_ref() {
        "si" => budget.strings = budget.strings.saturating_add(1),
        "xf" | "numFmt" | "font" | "fill" | "border" | "dxf" | "cellStyle" | "Relationship"
        | "sheet" | "definedName" | "Override" => {
            budget.definitions = budget.definitions.saturating_add(1);
        }
        // The workbook reader reserves as many strings as this attribute declares.
        "sst" => {
            let raw = element.attributes_raw();
            let mut pieces = raw.split("uniqueCount");
            pieces.next();
            for piece in pieces {
                let digits: String = piece
                    .chars()
                    .skip_while(|c| !c.is_ascii_digit() && *c != '>')
                    .take_while(char::is_ascii_digit)
                    .collect();
                if !digits
                    .parse::<usize>()
                    .is_ok_and(|declared| declared <= MAX_STRINGS)
                {
                    return Err(ReadError::new(
                        Code::DamagedWorkbook,
                        format!(
                            "The workbook declares more than {MAX_STRINGS} different texts. Save the sheet as CSV (UTF-8) and send that."
                        ),
                    ));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Counts what is unpacked and, in XML, the bytes since the last `<`.
struct Counted<R> {
    inner: R,
    left: u64,
    run: usize,
    xml: bool,
    stop: Option<Stop>,
}

impl<R> Counted<R> {
    fn reason(&self, limits: &Limits) -> ReadError {
        match self.stop {
            Some(Stop::TooLarge) => too_large(limits),
            Some(Stop::LongRun) => ReadError::new(
                Code::CellTooLong,
                format!(
                    "The workbook holds one text of more than {MAX_RUN} bytes. Shorten it, or save the sheet as CSV (UTF-8)."
                ),
            ),
            None => damaged(),
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        match self
            .left
            .checked_sub(u64::try_from(read).unwrap_or(u64::MAX))
        {
            Some(left) => self.left = left,
            None => {
                self.stop = Some(Stop::TooLarge);
                return Err(std::io::Error::other("unpacks to too much"));
            }
        }
        if self.xml {
            self.run = match bytes.iter().rposition(|byte| *byte == b'<') {
                Some(last) => read.saturating_sub(last),
                None => self.run.saturating_add(read),
            };
            if self.run > MAX_RUN {
                self.stop = Some(Stop::LongRun);
                return Err(std::io::Error::other("too long a run"));
            }
        }
        Ok(read)
    }
}

fn damaged() -> ReadError {
    ReadError::new(
        Code::DamagedArchive,
        "The workbook cannot be unpacked: it is damaged or was cut off. Save it again in the spreadsheet program and send it again.",
    )
}

fn too_large(limits: &Limits) -> ReadError {
    ReadError::new(
        Code::ArchiveTooLarge,
        format!(
            "The workbook unpacks to more than is read (at most {} MiB, and at most {} times its size). Copy the table alone into a new workbook.",
            limits.unpacked_bytes >> 20,
            limits.unpack_ratio
        ),
    )
}

fn unsafe_xml() -> ReadError {
    ReadError::new(
        Code::UnsafeXml,
        "The workbook's XML has a document type or entities of its own, which spreadsheet programs do not write. Save it again as .xlsx.",
    )
}

fn unsupported(what: &str) -> ReadError {
    ReadError::new(
        Code::UnsupportedFormat,
        format!("{what} Open it in a spreadsheet program and save it as .xlsx or as CSV (UTF-8)."),
    )
}
