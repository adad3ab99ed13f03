//! Sheets of a document: where the pen is, new pages with their numbers, text and rules, and the tags that say what each is.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag};

use super::text::{Face, Faces};
use crate::http::Error;

/// The margin at every side, points.
pub const MARGIN: f32 = 42.0;
/// Where the foot of a page begins, above its lower edge.
const FOOT: f32 = 26.0;

/// A colour.
pub type Ink = (u8, u8, u8);
/// The colour of text.
pub const DARK: Ink = (34, 48, 60);
/// The colour of what is beside.
pub const QUIET: Ink = (92, 104, 115);
/// The colour of headings' eyebrows.
pub const BLUE: Ink = (31, 92, 139);
/// The colour of rules.
pub const RULE: Ink = (214, 220, 225);

/// What is drawn on a page.
pub enum Mark {
    /// A line of text.
    Text {
        /// Where its base line begins.
        at: (f32, f32),
        /// The text, of letters that the face knows.
        text: String,
        /// Its size.
        size: f32,
        /// True for the bold face.
        bold: bool,
        /// Its colour.
        ink: Ink,
        /// To which part of the document it belongs; none for what is no content.
        part: Option<usize>,
    },
    /// A rule, or a pale field: left, top, width, height.
    Field((f32, f32, f32, f32), Ink),
}

/// A page that is laid out.
#[derive(Default)]
pub struct Sheet {
    /// What is drawn on it.
    pub marks: Vec<Mark>,
}

fn fill((red, green, blue): Ink) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        ..Fill::default()
    }
}

fn draw_text(
    surface: &mut Surface<'_>,
    face: &Face,
    at: (f32, f32),
    text: &str,
    size: f32,
    ink: Ink,
) {
    surface.set_fill(Some(fill(ink)));
    let start = Point::from_xy(at.0, at.1);
    surface.draw_glyphs(start, &face.glyphs(text), face.font(), text, size, false);
}

/// Draws the sheets, each with its foot, and returns for every piece of content the part that it belongs to.
pub fn draw(
    document: &mut Document,
    faces: &Faces,
    sheets: &[Sheet],
    (width, height): (f32, f32),
    foot: &str,
) -> Result<Vec<(usize, Identifier)>, Error> {
    let mut found = Vec::new();
    for (number, sheet) in (1..).zip(sheets) {
        let settings = PageSettings::from_wh(width, height)
            .ok_or_else(|| Error::internal("a page without a size"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in &sheet.marks {
            match mark {
                Mark::Field((left, top, wide, high), ink) => {
                    surface.start_tagged(layout(ArtifactType::Layout));
                    let field = Rect::from_xywh(*left, *top, *wide, *high);
                    let mut path = PathBuilder::new();
                    if let Some(field) = field {
                        path.push_rect(field);
                    }
                    if let Some(path) = path.finish() {
                        surface.set_fill(Some(fill(*ink)));
                        surface.draw_path(&path);
                    }
                    surface.end_tagged();
                }
                Mark::Text {
                    at,
                    text,
                    size,
                    bold,
                    ink,
                    part,
                } => {
                    let tag = match part {
                        Some(_) => ContentTag::Span(SpanTag::empty()),
                        None => layout(ArtifactType::PaginationOther),
                    };
                    let identifier = surface.start_tagged(tag);
                    let face = if *bold { &faces.bold } else { &faces.regular };
                    draw_text(&mut surface, face, *at, text, *size, *ink);
                    surface.end_tagged();
                    if let Some(part) = part {
                        found.push((*part, identifier));
                    }
                }
            }
        }
        let line = height - FOOT;
        let count = format!("{number} / {}", sheets.len());
        let right = width - MARGIN - faces.regular.width(&count) * 7.5;
        surface.start_tagged(layout(ArtifactType::Footer));
        draw_text(
            &mut surface,
            &faces.regular,
            (MARGIN, line),
            foot,
            7.5,
            QUIET,
        );
        draw_text(
            &mut surface,
            &faces.regular,
            (right, line),
            &count,
            7.5,
            QUIET,
        );
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    Ok(found)
}

fn layout(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}
