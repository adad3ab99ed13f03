//! Any report as PDF/A: A4, a cover with the hash, the tables with their headers on every page, page numbers, embedded fonts, and
//! tags that say what is a heading, a table and a cell.

mod sheet;
mod table;
mod text;

use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::tagging::{Node, TableHeaderScope, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use super::making::Progress;
use super::report::{Cover, Report};
use crate::http::Error;
use sheet::{BLUE, DARK, Ink, MARGIN, Mark, QUIET, RULE, Sheet};
use text::Faces;

/// The media type.
pub const KIND: &str = "application/pdf";
/// The most rows of a list: beyond, nobody reads pages.
pub const MOST_ROWS: usize = 5_000;

/// A4, points.
const A4: (f32, f32) = (595.28, 841.89);
/// Tables of more columns lie across.
const UPRIGHT_COLUMNS: usize = 7;

/// What a part of the document is.
#[derive(Clone, Debug)]
enum Part {
    Heading(u16, String),
    Paragraph,
    /// A header cell of a table: table and row.
    Header(usize, usize),
    /// A cell of a table: table and row.
    Cell(usize, usize),
}

/// The document while it is laid out.
struct Layout<'a> {
    faces: &'a Faces,
    size: (f32, f32),
    sheets: Vec<Sheet>,
    /// Where the next line's top is.
    y: f32,
    parts: Vec<Part>,
    /// Headings of the outline: text, page, and how far down.
    outline: Vec<(String, usize, f32)>,
}

impl Layout<'_> {
    fn width(&self) -> f32 {
        self.size.0 - 2.0 * MARGIN
    }

    fn bottom(&self) -> f32 {
        self.size.1 - MARGIN
    }

    fn new_page(&mut self) {
        self.sheets.push(Sheet::default());
        self.y = MARGIN;
    }

    /// Begins a new page where this much does not fit any more.
    fn need(&mut self, height: f32) {
        if self.sheets.is_empty() || self.y + height > self.bottom() {
            self.new_page();
        }
    }

    fn part(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.marks.push(mark);
        }
    }

    /// Text in lines over the whole width.
    fn write(&mut self, words: &str, (size, bold, ink): (f32, bool, Ink), part: Part, left: f32) {
        let face = if bold {
            &self.faces.bold
        } else {
            &self.faces.regular
        };
        let words = face.known(words);
        let lines = face.lines(&words, (self.width() - left) / size);
        let part = self.part(part);
        for line in lines {
            self.need(size * 1.35);
            let at = (MARGIN + left, self.y + size);
            self.y += size * 1.35;
            self.mark(Mark::Text {
                at,
                text: line,
                size,
                bold,
                ink,
                part: Some(part),
            });
        }
    }

    fn rule(&mut self) {
        let field = (MARGIN, self.y, self.width(), 0.6);
        self.mark(Mark::Field(field, RULE));
    }

    fn heading(&mut self, level: u16, words: &str, size: f32) {
        self.need(size * 5.0);
        self.outline
            .push((words.to_owned(), self.sheets.len() - 1, self.y));
        let part = Part::Heading(level, words.to_owned());
        self.write(words, (size, true, DARK), part, 0.0);
    }
}

/// Writes a report.
///
/// # Errors
///
/// A document that would not be valid PDF/A.
pub fn write(report: &Report, cover: &Cover, progress: &Progress) -> Result<Vec<u8>, Error> {
    progress.write(report.rows());
    let faces = Faces::load()?;
    let tables = || report.tables.iter().chain(&report.beside);
    let across = tables().any(|t| t.columns.len() > UPRIGHT_COLUMNS);
    let size = if across { (A4.1, A4.0) } else { A4 };
    let mut layout = Layout {
        faces: &faces,
        size,
        sheets: Vec::new(),
        y: 0.0,
        parts: Vec::new(),
        outline: Vec::new(),
    };
    first_page(&mut layout, report, cover)?;
    for (n, shown) in tables().enumerate() {
        if n == 0 {
            layout.new_page();
        } else {
            layout.y += 26.0;
        }
        layout.heading(2, shown.title, 13.0);
        layout.y += 4.0;
        table::lay(&mut layout, n, shown, progress);
        for note in &shown.notes {
            layout.y += 4.0;
            layout.write(note, (8.0, false, QUIET), Part::Paragraph, 0.0);
        }
    }
    finish(&faces, report, cover, &layout)
}

fn first_page(layout: &mut Layout<'_>, report: &Report, cover: &Cover) -> Result<(), Error> {
    layout.new_page();
    layout.y += 70.0;
    layout.write(
        "OTS NGO Registry · report",
        (10.0, true, BLUE),
        Part::Paragraph,
        0.0,
    );
    layout.y += 4.0;
    layout.heading(1, report.title, 26.0);
    layout.y += 6.0;
    layout.write(&report.filters, (11.0, false, QUIET), Part::Paragraph, 0.0);
    layout.y += 30.0;
    for (label, value) in cover.lines()? {
        layout.rule();
        layout.y += 7.0;
        let label = label.replace('_', " ");
        layout.write(&label, (8.0, true, QUIET), Part::Paragraph, 0.0);
        layout.write(&value, (10.0, false, DARK), Part::Paragraph, 0.0);
        layout.y += 6.0;
    }
    layout.rule();
    layout.y += 14.0;
    let note = "data sha256 is the hash of the data part: the same question as of the same position of the journal has the same hash for ever, in every format; a page of a list is another question than the whole list.";
    layout.write(note, (8.5, false, QUIET), Part::Paragraph, 0.0);
    Ok(())
}

fn finish(
    faces: &Faces,
    report: &Report,
    cover: &Cover,
    layout: &Layout<'_>,
) -> Result<Vec<u8>, Error> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|e| Error::internal(format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        enable_tagging: true,
        ..SerializeSettings::default()
    });
    let foot = faces
        .regular
        .known(&format!("{} · data {}", report.title, cover.data_sha256));
    let drawn = sheet::draw(&mut document, faces, &layout.sheets, layout.size, &foot)?;
    document.set_tag_tree(tags(&layout.parts, drawn));
    let mut outline = Outline::new();
    for (text, page, y) in &layout.outline {
        let place = XyzDestination::new(*page, Point::from_xy(MARGIN, *y));
        outline.push_child(OutlineNode::new(text.clone(), place));
    }
    document.set_outline(outline);
    document.set_metadata(
        Metadata::new()
            .title(report.title.to_owned())
            .description(faces.regular.known(&cover.filters))
            .language("en".to_owned())
            .creator(cover.program.clone())
            .creation_date(date(cover)),
    );
    document
        .finish()
        .map_err(|e| Error::internal(format!("the PDF is not valid: {e:?}")))
}

fn date(cover: &Cover) -> DateTime {
    use chrono::{Datelike, Timelike};
    let at = chrono::DateTime::from_timestamp_micros(cover.made_at.0).unwrap_or_default();
    let small = |n: u32| u8::try_from(n).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or(1))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// The tree of tags: parts in their order, the cells of a table under its rows.
fn tags(parts: &[Part], drawn: Vec<(usize, krilla::tagging::Identifier)>) -> TagTree {
    let mut pieces: Vec<Vec<Node>> = parts.iter().map(|_| Vec::new()).collect();
    for (part, identifier) in drawn {
        if let Some(pieces) = pieces.get_mut(part) {
            pieces.push(identifier.into());
        }
    }
    let mut tree = TagTree::new();
    let mut table: Option<(usize, TagGroup, usize, TagGroup)> = None;
    for (part, pieces) in parts.iter().zip(pieces) {
        let (of, row) = match part {
            Part::Header(of, row) | Part::Cell(of, row) => (*of, *row),
            Part::Heading(..) | Part::Paragraph => {
                close(&mut tree, table.take());
                let tag = match part {
                    Part::Heading(level, title) => {
                        let level =
                            std::num::NonZeroU16::new(*level).unwrap_or(std::num::NonZeroU16::MIN);
                        Tag::Hn(level, Some(title.clone())).into()
                    }
                    _ => krilla::tagging::TagKind::from(Tag::P),
                };
                tree.push(TagGroup::with_children(tag, pieces));
                continue;
            }
        };
        if table.as_ref().is_some_and(|(open, ..)| *open != of) {
            close(&mut tree, table.take());
        }
        let (_, rows, current, cells) = table
            .get_or_insert_with(|| (of, TagGroup::new(Tag::Table), row, TagGroup::new(Tag::TR)));
        if *current != row {
            rows.push(std::mem::replace(cells, TagGroup::new(Tag::TR)));
            *current = row;
        }
        let cell = match part {
            Part::Header(..) => TagGroup::with_children(Tag::TH(TableHeaderScope::Column), pieces),
            _ => TagGroup::with_children(Tag::TD, pieces),
        };
        cells.push(cell);
    }
    close(&mut tree, table);
    tree
}

fn close(tree: &mut TagTree, table: Option<(usize, TagGroup, usize, TagGroup)>) {
    if let Some((_, mut rows, _, cells)) = table {
        rows.push(cells);
        tree.push(rows);
    }
}
