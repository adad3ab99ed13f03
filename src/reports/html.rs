//! Any report as a page for people: what was asked, the main figures, charts, the tables with a way down from every figure, and
//! the cover. No script, no outside source, made to be printed too. The page is a text, so that any frame can show it.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use serde_json::Value;

use super::draw::{figure, grouped, percent};
use super::drill;
use super::report::{Cover, Report};
use super::table::{Cell, Column, Kind, Table};
use crate::http::html::{Page, escape};

/// The style of report pages.
const STYLE: &str = include_str!("report.css");

/// The figures that stand large at the top, where the totals have them.
const HEADLINE: [&str; 17] = [
    "opening",
    "joined",
    "withdrawn",
    "lapsed",
    "expelled",
    "closing",
    "members",
    "active",
    "grace",
    "suspended",
    "waiting",
    "over_90",
    "this_month",
    "next_month",
    "next_quarter",
    "closed",
    "approved",
];

/// And those that stand there where there are any, so that what is shown adds up.
const WHERE_ANY: [&str; 7] = [
    "reinstated",
    "transferred_in",
    "changed_in",
    "dissolved",
    "merged",
    "transferred_out",
    "changed_out",
];

/// A page that is written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The title, as HTML.
    pub title: String,
    /// What stands in `<main>`, as HTML.
    pub body: String,
}

impl Written {
    /// The page as an answer.
    #[must_use]
    pub fn respond(&self) -> HttpResponse {
        let page = Page {
            title: &self.title,
            body: &self.body,
            script: None,
            cache: "no-store",
        };
        page.styled(STYLE, &crate::http::html::hash(STYLE))
    }
}

/// Writes a report. `address` is that of the same report without a format; `next` the cursor of the next page.
#[must_use]
pub fn write(
    report: &Report,
    cover: &Cover,
    (address, next): (&str, Option<&str>),
    setting: &Setting,
) -> Written {
    let head = format!(
        "<header>{}<h1>{}</h1><p class=\"lede\">{}</p></header>",
        setting.eyebrow,
        escape(report.title),
        escape(&sentence(&report.filters))
    );
    // What is shown is what is downloaded and followed, whatever is recorded meanwhile.
    let moment = drill::moment(report, parameter(address, "known_at"));
    let mut body = formats(&pinned(address, report, moment.as_deref()));
    body.push_str(&headline(report));
    if !report.charts.is_empty() {
        body.push_str("<section class=\"charts\" aria-label=\"Charts\">");
        for (n, chart) in report.charts.iter().enumerate() {
            body.push_str(&figure(chart, n));
        }
        body.push_str("</section>");
    }
    let place = Place {
        report,
        known_at: moment.as_deref(),
        links: setting.links,
    };
    for shown in &report.tables {
        body.push_str(&table(&place, shown));
    }
    if let Some(cursor) = next {
        let _ = write!(
            body,
            "<p class=\"next\"><a rel=\"next\" href=\"{}&amp;format=html&amp;cursor={}\">Next page</a></p>",
            escape(address),
            escape(cursor)
        );
    }
    for shown in &report.beside {
        body.push_str(&table(&place, shown));
        body.push_str(
            "<p class=\"note\">This table is no part of the data that the hash covers.</p>",
        );
    }
    body.push_str(&covered(cover));
    let body = match &setting.ask {
        None => head + &body,
        // The words of a report are English, whatever the language of the page around it.
        Some(ask) => format!("<div lang=\"en\">{head}</div>{ask}<div lang=\"en\">{body}</div>"),
    };
    Written {
        title: escape(report.title),
        body,
    }
}

/// Where the links of a page lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    /// Where the reports are.
    pub reports: &'static str,
    /// Where the journal is, for whoever may read it.
    pub journal: Option<&'static str>,
    /// Whether ids lead to the entries about them.
    pub ids: bool,
}

/// What a page stands in.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The links.
    pub links: Links,
    /// What stands above the title, as HTML.
    pub eyebrow: String,
    /// What stands below it, as HTML: the form that asks again.
    pub ask: Option<String>,
}

impl Setting {
    /// For programs' users: the page by itself.
    #[must_use]
    pub fn api() -> Self {
        Self {
            links: Links {
                reports: "/v1/reports",
                journal: Some("/v1/journal"),
                ids: false,
            },
            eyebrow: "<p class=\"eyebrow\">OTS NGO Registry · report</p>".to_owned(),
            ask: None,
        }
    }
}

/// What the links of a table's cells need.
struct Place<'r> {
    report: &'r Report,
    known_at: Option<&'r str>,
    links: Links,
}

impl Place<'_> {
    /// Where a cell leads.
    fn link(&self, table: &Table, row: &[Cell], column: &Column, shown: &Cell) -> Option<String> {
        match shown {
            Cell::Integer(seq) if column.code == "seq" => {
                self.links.journal.map(|journal| format!("{journal}/{seq}"))
            }
            Cell::Integer(n) if *n != 0 && column.kind == Kind::Integer => drill::link(
                self.links.reports,
                self.report,
                table,
                row,
                column,
                self.known_at,
            ),
            Cell::Text(text) if self.links.ids => {
                let (name, before) = match column.code {
                    "membership" => ("subject", "membership:"),
                    "registry_number" | "other_number" => ("organisation", ""),
                    "subject" => (about(text)?, ""),
                    "by" | "decided_by" | "proposer" | "decider" | "officer" => ("actor", ""),
                    _ => return None,
                };
                let query = [(name, format!("{before}{text}"))];
                let query = serde_html_form::to_string(query).ok()?;
                self.links
                    .journal
                    .map(|journal| format!("{journal}?{query}"))
            }
            _ => None,
        }
    }
}

/// By which parameter the journal finds the entries about a subject, if any are about it. What was read of a proposal stands in the
/// entries of its membership or organisation; a country, a job and the journal itself have none.
fn about(subject: &str) -> Option<&'static str> {
    match subject.split_once(':') {
        None if subject.starts_with("OTS-") => Some("organisation"),
        None | Some(("proposal" | "country" | "journal", _)) => None,
        Some(_) => Some("subject"),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    query
        .split('&')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// The address with the day and the moment that it was answered for.
fn pinned(address: &str, report: &Report, moment: Option<&str>) -> String {
    let day = report.question.get("as_of").and_then(Value::as_str);
    let mut whole = address.to_owned();
    for (name, value) in [("as_of", day), ("known_at", moment)] {
        if let Some(value) = value.filter(|_| parameter(address, name).is_none()) {
            let between = if whole.ends_with('?') { "" } else { "&" };
            let _ = write!(whole, "{between}{name}={value}");
        }
    }
    whole
}

fn formats(address: &str) -> String {
    let link = |(format, label): (&str, &str)| {
        format!(
            "<li><a href=\"{}&amp;format={format}\">{label}</a></li>",
            escape(address)
        )
    };
    let links: String = [
        ("pdf", "PDF"),
        ("xlsx", "XLSX"),
        ("csv", "CSV"),
        ("json", "JSON"),
    ]
    .map(link)
    .concat();
    format!("<nav aria-label=\"Other formats\"><ul>{links}</ul></nav>")
}

fn headline(report: &Report) -> String {
    let Some(totals) = report.tables.iter().find(|t| t.code == "totals") else {
        return String::new();
    };
    let [row] = totals.rows.as_slice() else {
        return String::new();
    };
    let shown = totals.columns.iter().zip(row).filter(|(column, cell)| {
        let is_any = **cell != Cell::Integer(0);
        HEADLINE.contains(&column.code) || (is_any && WHERE_ANY.contains(&column.code))
    });
    let mut text = String::new();
    for (column, cell) in shown {
        let _ = write!(
            text,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(&label(column)),
            escape(&words(column, cell))
        );
    }
    if text.is_empty() {
        text
    } else {
        format!("<dl class=\"headline\">{text}</dl>")
    }
}

/// The short name of a column.
pub(super) fn label(column: &Column) -> String {
    let code = column.code.trim_end_matches("_permille");
    code.replace('_', " ")
}

/// A cell for people.
pub(super) fn words(column: &Column, cell: &Cell) -> String {
    match (column.kind, cell) {
        (Kind::Permille, Cell::Integer(n)) => percent(*n),
        // Positions are names, not numbers of anything.
        (_, Cell::Integer(n)) if column.code != "seq" => grouped(*n),
        (_, Cell::Nothing) => "–".to_owned(),
        _ => cell.plain(),
    }
}

const fn is_number(column: &Column) -> bool {
    matches!(column.kind, Kind::Integer | Kind::Permille)
}

fn table(place: &Place<'_>, table: &Table) -> String {
    // Many columns are printed across.
    let many = if table.columns.len() > 10 {
        " class=\"many\""
    } else {
        ""
    };
    let mut text = format!(
        "<section{many}><h2>{}</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>",
        escape(table.title),
        escape(table.title)
    );
    for column in table.columns {
        let class = if is_number(column) {
            " class=\"n\""
        } else {
            ""
        };
        let _ = write!(
            text,
            "<th scope=\"col\"{class} title=\"{}\">{}</th>",
            escape(column.title),
            escape(&label(column))
        );
    }
    text.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        text.push_str("<tr>");
        for (column, shown) in table.columns.iter().zip(row) {
            cell(&mut text, place, table, row, (column, shown));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    if table.rows.is_empty() {
        text.push_str("<p class=\"note\">Nothing.</p>");
    }
    for note in &table.notes {
        let _ = write!(text, "<p class=\"note\">{}</p>", escape(note));
    }
    text.push_str("<details><summary>What the columns mean</summary><dl>");
    for column in table.columns {
        let _ = write!(
            text,
            "<dt>{}</dt><dd>{}</dd>",
            escape(&label(column)),
            escape(column.title)
        );
    }
    text.push_str("</dl></details></section>");
    text
}

fn cell(
    text: &mut String,
    place: &Place<'_>,
    table: &Table,
    row: &[Cell],
    (column, shown): (&Column, &Cell),
) {
    let words = escape(&words(column, shown));
    let link = place.link(table, row, column, shown);
    let class = match shown {
        Cell::Integer(0) if column.kind == Kind::Integer => " class=\"n zero\"",
        Cell::Integer(_) => " class=\"n\"",
        Cell::Day(_) => " class=\"d\"",
        _ => "",
    };
    let _ = match link {
        Some(address) => write!(
            text,
            "<td{class}><a href=\"{}\">{words}</a></td>",
            escape(&address)
        ),
        None => write!(text, "<td{class}>{words}</td>"),
    };
}

fn covered(cover: &Cover) -> String {
    let rows = [
        ("Made", cover.made_at.to_string()),
        ("By", cover.by.clone()),
        ("Program", cover.program.clone()),
        ("Question", cover.filters.clone()),
        ("Journal", format!("position {}", cover.journal_seq)),
        ("Its hash", cover.journal_hash.clone()),
        ("Hash of the data (SHA-256)", cover.data_sha256.clone()),
    ];
    let mut text = String::from("<section class=\"cover\"><h2>Cover</h2><dl>");
    for (label, value) in rows {
        let _ = write!(text, "<dt>{label}</dt><dd>{}</dd>", escape(&value));
    }
    text.push_str(
        "</dl><p class=\"note\">The same question as of the same position of the journal has the same hash for ever, in every format; a page of a list is another question than the whole list. \
         <code>format=json</code> holds the bytes that it covers.</p></section>",
    );
    text
}
