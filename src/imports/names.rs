//! `ots-registry match FILE`: which registered organisation each row of a spreadsheet means. The same reader as imports have, the
//! same question as `POST /v1/match`.

use super::cores;
use super::draft::{Draft, Frame, look};
use super::model::{ImportOptions, Reading, source_of, unreadable};
use super::near::facts;
use super::read::values::SlashOrder;
use super::read::{self, Row};
use super::sheet;
use super::upload::known_country;
use crate::auth::{Acting, Reach};
use crate::countries::Countries;
use crate::db::{Conn, in_snapshot};
use crate::http::Error;
use crate::organisations::known::Known;
use crate::organisations::matching;
use crate::organisations::search_dto::Match;
use crate::search::{Search, signs};

/// Rows that are looked up in one snapshot.
const AT_ONCE: usize = 200;

/// What is asked of a file.
pub struct Question<'a> {
    /// The file's bytes.
    pub bytes: &'a [u8],
    /// Its name.
    pub file_name: &'a str,
    /// How it is read, and the country of rows that name none.
    pub options: &'a ImportOptions,
    /// Candidates of each row at most.
    pub limit: usize,
}

/// What was found for a row.
pub struct MatchedRow {
    /// The line in the file.
    pub line: u32,
    /// The row's reference as written.
    pub reference: Option<String>,
    /// What was found, or why nothing was asked.
    pub found: Result<Match, String>,
}

/// Matches every row of a file; nothing is written. `progress` is told how many rows are done.
pub fn match_file(
    conn: &mut Conn,
    acting: &Acting,
    (countries, search): (&Countries, &Search),
    question: &Question<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<MatchedRow>, Error> {
    let options = question.options;
    let sheet = read::read(question.bytes, question.file_name, &options.read)
        .map_err(|error| unreadable(&error))?;
    let reading = Reading::of(&sheet, SlashOrder::Unknown, None);
    let source = source_of(question.file_name);
    let today = acting.now().day();
    let country = known_country(countries, options)?.map(|country| country.code.clone());
    let frame = Frame::of(&reading, &source, country, countries, today)?;
    let mut done = Vec::with_capacity(sheet.rows.len());
    let mut rows = sheet.rows.into_iter();
    loop {
        let mut part: Vec<Row> = rows.by_ref().take(AT_ONCE).collect();
        if part.is_empty() {
            return Ok(done);
        }
        let looked = cores::each(&mut part, |row| {
            look(&frame, countries, &Reach::everything(), &mut row.cells)
        })?;
        in_snapshot(conn, |conn| {
            for (row, looked) in part.iter().zip(looked) {
                let found = match looked.draft {
                    Ok(draft) => asked(conn, acting, (search, countries), &draft, question.limit)?,
                    Err(finding) => Err(finding.sentence()),
                };
                done.push(MatchedRow {
                    line: row.line,
                    reference: looked.reference,
                    found,
                });
            }
            Ok::<_, Error>(())
        })?;
        progress(done.len());
    }
}

fn asked(
    conn: &mut Conn,
    acting: &Acting,
    tools: (&Search, &Countries),
    draft: &Draft,
    limit: usize,
) -> Result<Result<Match, String>, Error> {
    let Some(name) = &draft.legal else {
        return Ok(Err("the row has no name that can be read".to_owned()));
    };
    let facts = facts(draft).facts;
    let known = Known {
        name: name.as_str(),
        country: Some(&draft.country),
        city: facts.city.as_deref(),
        host: facts.website.as_deref().and_then(signs::host),
        identifiers: facts
            .identifiers
            .iter()
            .map(|(scheme, _, canonical)| (scheme.clone(), canonical.clone()))
            .collect(),
    };
    let (reach, today) = (acting.reach(), acting.now().day());
    matching::candidates(conn, tools, reach, today, &known, limit).map(Ok)
}

/// The report: a line for each candidate, or one without where there is none.
pub fn report(rows: &[MatchedRow]) -> (Vec<String>, Vec<Vec<String>>) {
    let header = [
        "line",
        "reference",
        "name",
        "chosen",
        "candidate",
        "registry_number",
        "registered_name",
        "matched_name",
        "country",
        "city",
        "score",
        "verdict",
        "reasons",
    ];
    let mut table = Vec::new();
    for row in rows {
        let reference = row.reference.clone().unwrap_or_default();
        let begin = |name: &str, chosen: Option<&String>| {
            let chosen = chosen.cloned().unwrap_or_default();
            vec![
                row.line.to_string(),
                reference.clone(),
                name.to_owned(),
                chosen,
            ]
        };
        let empty = |mut cells: Vec<String>, why: &str| {
            cells.resize(header.len() - 1, String::new());
            cells.push(why.to_owned());
            cells
        };
        let found = match &row.found {
            Ok(found) => found,
            Err(why) => {
                table.push(empty(begin("", None), why));
                continue;
            }
        };
        if found.candidates.is_empty() {
            let cells = begin(&found.name, None);
            table.push(empty(cells, "no registered organisation is like it"));
        }
        for (n, one) in (1..).zip(&found.candidates) {
            let mut cells = begin(&found.name, found.chosen.as_ref());
            cells.extend([
                n.to_string(),
                one.number.clone(),
                one.name.clone(),
                one.matched.clone(),
                one.country.clone(),
                one.city.clone().unwrap_or_default(),
                format!("{:.3}", one.score),
                one.verdict.to_owned(),
                one.reasons.join("; "),
            ]);
            table.push(cells);
        }
    }
    (header.map(str::to_owned).to_vec(), table)
}

/// The report as CSV or as a workbook, by what the file's name ends in.
pub fn written(rows: &[MatchedRow], file_name: &str) -> Result<Vec<u8>, Error> {
    let (header, table) = report(rows);
    if file_name.to_lowercase().ends_with(".xlsx") {
        sheet::xlsx("matches", &header, table.into_iter())
    } else {
        sheet::csv(&header, table.into_iter())
    }
}
