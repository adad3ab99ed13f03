//! Charts as SVG. Pure. Each has a title and a description for those who do not see it; its figures stand in the tables too.
//! Colours are attributes, because the page's policy allows no style of an element's own.

use std::fmt::Write as _;

use super::chart::{Chart, Form, Tone};
use crate::http::html::escape;

const WIDTH: i64 = 720;
/// Where bars begin, behind the labels.
const LEFT: i64 = 150;
/// Where they end, before the numbers.
const RIGHT: i64 = 640;
const ROW: i64 = 30;
const INK: &str = "#22303c";
const QUIET: &str = "#66727d";
const LINE: &str = "#dfe4e8";

/// A whole number with thin spaces between its thousands.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    let long = digits.len() > 4;
    for (n, digit) in digits.chars().enumerate() {
        if long && n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Thousandths as per cent.
#[must_use]
pub fn percent(permille: i64) -> String {
    format!(
        "{}.{} %",
        permille / 1000 * 100 + permille % 1000 / 10,
        permille % 10
    )
}

fn shown(chart: &Chart, number: i64) -> String {
    if chart.share {
        percent(number)
    } else {
        grouped(number)
    }
}

/// Draws a chart as a figure; nothing where it has no points.
#[must_use]
pub fn figure(chart: &Chart, id: usize) -> String {
    if chart.points.is_empty() {
        return String::new();
    }
    let (height, drawing) = match chart.form {
        Form::Bars => bars(chart),
        Form::Flows => flows(chart),
        Form::Areas => areas(chart),
    };
    let mut text = format!(
        "<figure><figcaption><h2>{}</h2>{}</figcaption>\
         <svg role=\"img\" aria-labelledby=\"c{id}t c{id}d\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <title id=\"c{id}t\">{}</title><desc id=\"c{id}d\">{}</desc>",
        escape(&chart.title),
        legend(chart),
        escape(&chart.title),
        escape(&described(chart))
    );
    text.push_str(&drawing);
    text.push_str("</svg></figure>");
    text
}

fn legend(chart: &Chart) -> String {
    if chart.series.len() < 2 {
        return String::new();
    }
    let mut text = String::from("<ul class=\"legend\">");
    for series in &chart.series {
        let _ = write!(
            text,
            "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" rx=\"2\" fill=\"{}\"/></svg> {}</li>",
            series.tone.hex(),
            escape(series.label)
        );
    }
    text.push_str("</ul>");
    text
}

/// The figures in words.
fn described(chart: &Chart) -> String {
    let point = |(label, numbers): &(String, Vec<i64>)| {
        let numbers = chart.series.iter().zip(numbers);
        let all: Vec<String> = numbers
            .map(|(series, n)| format!("{} {}", shown(chart, *n), series.label))
            .collect();
        format!("{label}: {}", all.join(", "))
    };
    let points: Vec<String> = chart.points.iter().map(point).collect();
    points.join("; ")
}

fn text(out: &mut String, (x, y): (i64, i64), anchor: &str, colour: &str, words: &str) {
    let _ = write!(
        out,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
        escape(words)
    );
}

fn rect(out: &mut String, (x, y, width, height): (i64, i64, i64, i64), tone: Tone, words: &str) {
    if width > 0 {
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"><title>{}</title></rect>",
            tone.hex(),
            escape(words)
        );
    }
}

/// `number` of `most` on a line of this length; what is not nothing shows.
fn scaled(number: i64, most: i64, length: i64) -> i64 {
    let wide = number.saturating_mul(length).checked_div(most).unwrap_or(0);
    if number > 0 { wide.max(1) } else { wide }
}

fn bars(chart: &Chart) -> (i64, String) {
    let sum = |numbers: &[i64]| numbers.iter().sum::<i64>();
    let most = if chart.share {
        1000
    } else {
        chart
            .points
            .iter()
            .map(|(_, n)| sum(n))
            .max()
            .unwrap_or(0)
            .max(1)
    };
    let mut out = String::new();
    let mut y = 4;
    for (label, numbers) in &chart.points {
        text(&mut out, (LEFT - 12, y + 18), "end", INK, label);
        rect_track(&mut out, y);
        let mut x = LEFT;
        for (series, number) in chart.series.iter().zip(numbers) {
            let width = scaled(*number, most, RIGHT - LEFT);
            let words = format!("{label}, {}: {}", series.label, shown(chart, *number));
            rect(&mut out, (x, y + 4, width, ROW - 10), series.tone, &words);
            x += width;
        }
        text(
            &mut out,
            (RIGHT + 10, y + 18),
            "start",
            INK,
            &shown(chart, sum(numbers)),
        );
        y += ROW;
    }
    (y + 4, out)
}

/// The pale line on which a bar lies.
fn rect_track(out: &mut String, y: i64) {
    let _ = write!(
        out,
        "<rect x=\"{LEFT}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#f3f5f7\"/>",
        y + 4,
        RIGHT - LEFT,
        ROW - 10
    );
}

fn flows(chart: &Chart) -> (i64, String) {
    let number = |numbers: &[i64]| numbers.first().copied().unwrap_or(0);
    let most = chart
        .points
        .iter()
        .map(|(_, n)| number(n).abs())
        .max()
        .unwrap_or(0)
        .max(1);
    let middle = (LEFT + RIGHT) / 2;
    let length = (RIGHT - LEFT) / 2 - 50;
    let mut out = String::new();
    let mut y = 4;
    for (label, numbers) in &chart.points {
        let n = number(numbers);
        text(&mut out, (LEFT - 12, y + 18), "end", INK, label);
        let width = scaled(n.abs(), most, length);
        let words = format!("{label}: {}", grouped(n));
        let colour = if n == 0 { QUIET } else { INK };
        if n < 0 {
            rect(
                &mut out,
                (middle - width, y + 4, width, ROW - 10),
                Tone::Red,
                &words,
            );
            text(
                &mut out,
                (middle - width - 8, y + 18),
                "end",
                colour,
                &grouped(n),
            );
        } else {
            rect(
                &mut out,
                (middle, y + 4, width, ROW - 10),
                Tone::Green,
                &words,
            );
            text(
                &mut out,
                (middle + width + 8, y + 18),
                "start",
                colour,
                &grouped(n),
            );
        }
        y += ROW;
    }
    let _ = write!(
        out,
        "<line x1=\"{middle}\" y1=\"2\" x2=\"{middle}\" y2=\"{y}\" stroke=\"{QUIET}\"/>"
    );
    (y + 4, out)
}

const TOP: i64 = 14;
const BOTTOM: i64 = 244;
const AXIS: i64 = 64;

fn areas(chart: &Chart) -> (i64, String) {
    let sum = |numbers: &[i64]| numbers.iter().sum::<i64>();
    let most = chart
        .points
        .iter()
        .map(|(_, n)| sum(n))
        .max()
        .unwrap_or(0)
        .max(1);
    let step = nice(most);
    let top = (most + step - 1) / step * step;
    let mut out = String::new();
    let level = |n: i64| BOTTOM - scaled(n, top, BOTTOM - TOP);
    let mut tick = 0;
    while tick <= top {
        let y = level(tick);
        let _ = write!(
            out,
            "<line x1=\"{AXIS}\" y1=\"{y}\" x2=\"{RIGHT}\" y2=\"{y}\" stroke=\"{LINE}\"/>"
        );
        text(&mut out, (AXIS - 10, y + 5), "end", QUIET, &grouped(tick));
        tick += step;
    }
    let last = i64::try_from(chart.points.len()).unwrap_or(1) - 1;
    let place = |n: i64| AXIS + scaled(n, last.max(1), RIGHT - AXIS);
    let mut floor: Vec<i64> = vec![0; chart.points.len()];
    for (n, series) in chart.series.iter().enumerate() {
        let ceiling: Vec<i64> = chart
            .points
            .iter()
            .zip(&floor)
            .map(|((_, numbers), below)| below + numbers.get(n).copied().unwrap_or(0))
            .collect();
        let forth = (0..).zip(&ceiling).map(|(n, y)| (place(n), level(*y)));
        let back: Vec<(i64, i64)> = (0..)
            .zip(&floor)
            .map(|(n, y)| (place(n), level(*y)))
            .collect();
        let points: Vec<String> = forth
            .chain(back.into_iter().rev())
            .map(|(x, y)| format!("{x},{y}"))
            .collect();
        let _ = write!(
            out,
            "<polygon points=\"{}\" fill=\"{}\"><title>{}</title></polygon>",
            points.join(" "),
            series.tone.hex(),
            escape(series.label)
        );
        floor = ceiling;
    }
    // A label a half-year, from the end on, so that the last day has one.
    for (n, (label, _)) in (0..).zip(&chart.points) {
        if (last - n) % 6 == 0 {
            text(
                &mut out,
                (place(n), BOTTOM + 22),
                "middle",
                QUIET,
                label.get(..7).unwrap_or(label),
            );
        }
    }
    if let Some((_, numbers)) = chart.points.last() {
        let y = level(sum(numbers)) + 5;
        text(
            &mut out,
            (RIGHT + 10, y),
            "start",
            INK,
            &shown(chart, sum(numbers)),
        );
    }
    (BOTTOM + 34, out)
}

/// A step of 1, 2 or 5 times a power of ten that gives at most five lines.
fn nice(most: i64) -> i64 {
    let mut power = 1;
    loop {
        for step in [power, 2 * power, 5 * power] {
            if most <= step * 5 {
                return step;
            }
        }
        power = match power.checked_mul(10) {
            Some(power) if power < i64::MAX / 100 => power,
            _ => return power,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Chart, Form, STATES};
    use super::{figure, grouped, nice, percent};

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 9_999, 10_000, 1_234_567, -12_345].map(grouped);
        assert_eq!(
            shown,
            [
                "0",
                "999",
                "9999",
                "10\u{202f}000",
                "1\u{202f}234\u{202f}567",
                "−12\u{202f}345"
            ]
        );
        assert_eq!(
            [0, 5, 333, 1000].map(percent),
            ["0.0 %", "0.5 %", "33.3 %", "100.0 %"]
        );
    }

    #[test]
    fn a_scale_has_at_most_six_lines() {
        for most in [1, 4, 7, 23, 99, 1_000, 1_234_567] {
            let step = nice(most);
            assert!((most + step - 1) / step <= 5, "{most} {step}");
        }
    }

    #[test]
    fn what_comes_from_outside_stays_text() {
        let chart = Chart {
            title: "<b>&".to_owned(),
            form: Form::Bars,
            series: STATES.to_vec(),
            points: vec![("\"><script>".to_owned(), vec![1, 2, 3])],
            share: false,
        };
        let drawn = figure(&chart, 1);
        assert!(
            !drawn.contains("<script") && !drawn.contains("<b>"),
            "{drawn}"
        );
        assert!(drawn.contains("&lt;script&gt;, active: 1"));
    }

    #[test]
    fn every_number_of_a_chart_is_told_in_words_too() {
        for form in [Form::Bars, Form::Areas] {
            let chart = Chart {
                title: "Members".to_owned(),
                form,
                series: STATES.to_vec(),
                points: vec![
                    ("2026-01-31".to_owned(), vec![10, 0, 2]),
                    ("2026-02-28".to_owned(), vec![0, 0, 0]),
                ],
                share: false,
            };
            let drawn = figure(&chart, 1);
            assert!(
                drawn.contains("2026-01-31: 10 active, 0 in grace, 2 suspended"),
                "{drawn}"
            );
        }
    }
}
