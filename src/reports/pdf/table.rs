//! Tables on pages: how wide the columns are, the lines of their cells, and the header again on every page.

use super::super::html::{label, words};
use super::super::making::Progress;
use super::super::table::{Cell, Column, Kind, Table};
use super::sheet::{DARK, MARGIN, Mark, QUIET, RULE};
use super::text::Face;
use super::{Layout, Part};

/// Sizes that are tried, from the one that reads best.
const SIZES: [f32; 4] = [8.5, 7.5, 6.5, 5.5];
/// Between two columns.
const GAP: f32 = 8.0;
/// Where there is room.
const WIDE_GAP: f32 = 22.0;
/// No column of text asks for more, at a size of 1.
const WIDEST: f32 = 30.0;
/// No column of text gets less, at a size of 1.
const NARROWEST: f32 = 5.0;

const fn is_number(column: &Column) -> bool {
    matches!(column.kind, Kind::Integer | Kind::Permille)
}

/// What is laid of a table: its texts, how wide each column is, and what is between them.
struct Laid {
    size: f32,
    gap: f32,
    widths: Vec<f32>,
    header: Vec<String>,
}

impl Laid {
    fn width(&self) -> f32 {
        let all: f32 = self.widths.iter().map(|width| width + self.gap).sum();
        all - self.gap
    }
}

/// Lays a table from where the pen is.
pub(super) fn lay(layout: &mut Layout<'_>, table: usize, shown: &Table, progress: &Progress) {
    let header: Vec<String> = shown
        .columns
        .iter()
        .map(|c| layout.faces.bold.known(&label(c)))
        .collect();
    let rows: Vec<Vec<String>> = shown
        .rows
        .iter()
        .map(|cells| texts(&layout.faces.regular, shown.columns, cells))
        .collect();
    let laid = fit(layout, shown.columns, header, &rows);
    head(layout, shown, &laid, Some(table));
    for (n, row) in (1..).zip(&rows) {
        let lines: Vec<Vec<String>> = row
            .iter()
            .zip(&laid.widths)
            .map(|(text, width)| layout.faces.regular.lines(text, width / laid.size))
            .collect();
        let height = height(&lines, laid.size);
        if layout.y + height > layout.bottom() {
            layout.new_page();
            head(layout, shown, &laid, None);
        }
        let cell = |layout: &mut Layout<'_>| Some(layout.part(Part::Cell(table, n)));
        put(layout, shown.columns, &laid, &lines, false, cell);
        layout.y += height;
        let field = (MARGIN, layout.y - 1.0, laid.width(), 0.4);
        layout.mark(Mark::Field(field, RULE));
        progress.wrote();
    }
    if rows.is_empty() {
        layout.y += 4.0;
        layout.write("Nothing.", (8.0, false, QUIET), Part::Paragraph, 0.0);
    }
}

fn texts(face: &Face, columns: &[Column], cells: &[Cell]) -> Vec<String> {
    let text = |(column, cell): (&Column, &Cell)| face.known(&words(column, cell));
    columns.iter().zip(cells).map(text).collect()
}

fn height(lines: &[Vec<String>], size: f32) -> f32 {
    let most = lines.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut height = size * 0.7;
    for _ in 0..most {
        height += size * 1.3;
    }
    height
}

/// The header; on the pages after the first it is only there for the eye.
fn head(layout: &mut Layout<'_>, shown: &Table, laid: &Laid, table: Option<usize>) {
    let lines: Vec<Vec<String>> = laid
        .header
        .iter()
        .zip(&laid.widths)
        .map(|(text, width)| layout.faces.bold.lines(text, width / laid.size))
        .collect();
    let height = height(&lines, laid.size);
    layout.need(height * 2.0);
    let part = |layout: &mut Layout<'_>| table.map(|t| layout.part(Part::Header(t, 0)));
    put(layout, shown.columns, laid, &lines, true, part);
    layout.y += height;
    let field = (MARGIN, layout.y - 1.0, laid.width(), 0.8);
    layout.mark(Mark::Field(field, QUIET));
    layout.y += 1.0;
}

/// Puts the lines of one row's cells; the pen stays.
fn put(
    layout: &mut Layout<'_>,
    columns: &[Column],
    laid: &Laid,
    lines: &[Vec<String>],
    bold: bool,
    part: impl Fn(&mut Layout<'_>) -> Option<usize>,
) {
    let mut left = MARGIN;
    for ((column, lines), width) in columns.iter().zip(lines).zip(&laid.widths) {
        let part = part(layout);
        let mut base = layout.y + laid.size * 1.2;
        for line in lines {
            let face = if bold {
                &layout.faces.bold
            } else {
                &layout.faces.regular
            };
            let shift = if is_number(column) {
                width - face.width(line) * laid.size
            } else {
                0.0
            };
            layout.mark(Mark::Text {
                at: (left + shift, base),
                text: line.clone(),
                size: laid.size,
                bold,
                ink: if bold { QUIET } else { DARK },
                part,
            });
            base += laid.size * 1.3;
        }
        left += width + laid.gap;
    }
}

/// The largest size at which the table fits, and the widths of its columns there.
fn fit(layout: &Layout<'_>, columns: &[Column], header: Vec<String>, rows: &[Vec<String>]) -> Laid {
    let (regular, bold) = (&layout.faces.regular, &layout.faces.bold);
    let longest_word =
        |face: &Face, text: &str| text.split(' ').map(|w| face.width(w)).fold(0.0, f32::max);
    // At a size of 1: what a column would like, and what it needs.
    let wishes: Vec<(f32, f32)> = columns
        .iter()
        .zip(&header)
        .enumerate()
        .map(|(n, (column, title))| {
            let cells = || rows.iter().filter_map(|row| row.get(n));
            let content = cells().map(|t| regular.width(t)).fold(0.0, f32::max);
            let title_needs = longest_word(bold, title);
            if is_number(column) || column.kind == Kind::Day {
                let wide = content.max(title_needs);
                return (wide, wide);
            }
            let needs = cells()
                .map(|t| longest_word(regular, t))
                .fold(0.0, f32::max);
            let wish = content.min(WIDEST).max(title_needs);
            (
                wish,
                needs
                    .min(WIDEST / 2.0)
                    .max(title_needs)
                    .max(NARROWEST)
                    .min(wish),
            )
        })
        .collect();
    let mut room = layout.width() + GAP;
    for _ in columns {
        room -= GAP;
    }
    let sum = |of: fn(&(f32, f32)) -> f32| wishes.iter().map(of).sum::<f32>();
    let (wished, needed) = (sum(|w| w.0), sum(|w| w.1));
    let size = SIZES
        .into_iter()
        .find(|size| needed * size <= room)
        .unwrap_or(5.5);
    // What is left over what is needed is shared by what is still wished for.
    let left = (room / size - needed).max(0.0);
    let open = (wished - needed).max(0.001);
    let share = (left / open).min(1.0);
    let squeeze = (room / size / needed.max(0.001)).min(1.0);
    let width = |(wish, need): &(f32, f32)| (need * squeeze + (wish - need) * share) * size;
    let widths: Vec<f32> = wishes.iter().map(width).collect();
    let mut rest = room - widths.iter().sum::<f32>();
    let mut gap = GAP;
    // What nobody wished for goes between the columns.
    while gap < WIDE_GAP && rest > 0.0 {
        gap += 1.0;
        for _ in &widths {
            rest -= 1.0;
        }
    }
    Laid {
        size,
        gap: if rest < 0.0 { gap - 1.0 } else { gap },
        widths,
        header,
    }
}
