//! From a file's bytes to a dry run.

use sha2::{Digest, Sha256};

use super::cores;
use super::draft::{Frame, look};
use super::model::{
    Counts, Finding, ImportOptions, Outcome, Reading, Resolution, source_of, unreadable,
};
use super::plan::{self, Planned, Seen};
use super::read::{self, Field, Row, values};
use super::rows::LineRow;
use super::{draft::Draft, near, queries};
use crate::auth::Acting;
use crate::countries::{Countries, Country, has_form_of_person_number, may_be_person_number};
use crate::db::Conn;
use crate::http::{Code, Error};
use crate::organisations::candidates::Lookout;
use crate::text::Line;

/// Rows that are looked up at once.
const AT_ONCE: usize = 500;

/// A dry run.
pub struct Plan {
    /// How the file was read.
    pub reading: Reading,
    /// The list that the rows come from.
    pub source: String,
    /// The file's name.
    pub file_name: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// The country of rows that name none.
    pub default_country: Option<String>,
    /// What becomes of each row, by line.
    pub rows: Vec<PlannedRow>,
    /// How many rows have which outcome.
    pub counts: Counts,
}

/// What becomes of a row.
pub struct PlannedRow {
    /// The line in the file.
    pub line: i32,
    /// The row's reference as written.
    pub reference: Option<String>,
    /// In a word.
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// The organisation's number, where it has one.
    pub number: Option<String>,
    /// The cells without persons' numbers.
    pub cells: Vec<String>,
}

impl PlannedRow {
    /// The row as it is stored.
    pub fn stored(&self, import_id: i64) -> Result<LineRow, Error> {
        Ok(LineRow {
            import_id,
            line: self.line,
            reference: self.reference.clone(),
            outcome: self.outcome.as_str().to_owned(),
            findings: serde_json::to_string(&self.findings).map_err(Error::internal)?,
            cells: serde_json::to_string(&self.cells).map_err(Error::internal)?,
            number: self.number.clone(),
            resolution: None,
            applied: false,
        })
    }
}

/// Reads the file and plans every row; nothing is written. `progress` is told how many of how many rows are planned.
pub fn plan(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    bytes: &[u8],
    file_name: &str,
    options: &ImportOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Plan, Error> {
    let countries = lookout.countries;
    let default_country = default_country(acting, countries, options)?;
    let source = options
        .source
        .clone()
        .unwrap_or_else(|| source_of(file_name));
    for (name, text) in [("file_name", file_name), ("source", source.as_str())] {
        Line::parse(text).map_err(|e| Error::field(name, e.0))?;
        if may_be_person_number(text) || has_form_of_person_number(None, text) {
            let why = "holds or may hold a person's number; choose another name";
            return Err(Error::field(name, why).coded(Code::NaturalPersonNumber));
        }
    }
    let reason = options.keep_invalid.as_ref();
    if reason.is_some_and(|reason| may_be_person_number(reason.as_str())) {
        let why = "holds or may hold a person's number, which was not kept; leave it out";
        return Err(Error::field("keep_invalid", why).coded(Code::NaturalPersonNumber));
    }
    let sheet = read::read(bytes, file_name, &options.read).map_err(|e| unreadable(&e))?;
    let dates = sheet.position(&Field::FoundedOn);
    let dates = dates.map(|at| sheet.rows.iter().filter_map(move |r| r.cells.get(at)));
    let slash = values::slash_order(dates.into_iter().flatten().map(String::as_str));
    let reading = Reading::of(&sheet, slash, options.keep_invalid.as_ref());
    let today = acting.now().day();
    let frame = Frame::of(&reading, &source, default_country.clone(), countries, today)?;
    let mut plan = Plan {
        reading,
        source,
        file_name: file_name.to_owned(),
        sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)),
        default_country,
        rows: Vec::with_capacity(sheet.rows.len()),
        counts: Counts::default(),
    };
    let mut seen = Seen::new(today);
    let all = sheet.rows.len();
    let mut rows = sheet.rows.into_iter();
    loop {
        let part: Vec<Row> = rows.by_ref().take(AT_ONCE).collect();
        if part.is_empty() {
            break;
        }
        some(conn, acting, lookout, &frame, &mut seen, part, &mut plan)?;
        progress(plan.rows.len(), all);
    }
    Ok(plan)
}

fn parameter(name: &str, why: &str) -> Error {
    Error::field(name, why).coded(Code::BadParameter)
}

/// The country of rows that name none, if the Platform has it.
pub(super) fn known_country<'a>(
    countries: &'a Countries,
    options: &ImportOptions,
) -> Result<Option<&'a Country>, Error> {
    let Some(code) = &options.country else {
        return Ok(None);
    };
    countries.get(code).map(Some).ok_or_else(|| {
        let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
        parameter("country", &format!("must be one of {}", known.join(", ")))
    })
}

fn default_country(
    acting: &Acting,
    countries: &Countries,
    options: &ImportOptions,
) -> Result<Option<String>, Error> {
    let Some(country) = known_country(countries, options)? else {
        return Ok(None);
    };
    if !acting.reach().covers(&country.code) {
        return Err(Error::new(
            Code::Forbidden,
            format!("you may not import organisations of {}", country.code),
        ));
    }
    Ok(Some(country.code.clone()))
}

fn some(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    frame: &Frame,
    seen: &mut Seen,
    mut part: Vec<Row>,
    plan: &mut Plan,
) -> Result<(), Error> {
    let (countries, reach) = (lookout.countries, acting.reach());
    let looked = cores::each(&mut part, |row| {
        look(frame, countries, reach, &mut row.cells)
    })?;
    let lines: Vec<i32> = part
        .iter()
        .map(|row| i32::try_from(row.line).map_err(Error::internal))
        .collect::<Result<_, _>>()?;
    let drafts: Vec<(&Draft, Option<&Resolution>)> = looked
        .iter()
        .filter_map(|l| Some((l.draft.as_ref().ok()?, None)))
        .collect();
    let known = queries::known(conn, &drafts)?;
    let mut new = Vec::new();
    for (line, looked) in lines.iter().zip(&looked) {
        if let Ok(draft) = &looked.draft {
            let facts = near::facts(draft);
            seen.file.learn(*line, &facts);
            if plan::is_new(&known, draft) {
                new.push((*line, facts));
            }
        }
    }
    let mut near = near::find(conn, reach, lookout, &seen.file, &new)?;
    for ((row, looked), line) in part.into_iter().zip(looked).zip(lines) {
        let planned = match looked.draft {
            Ok(draft) => {
                let near = near.remove(&line).unwrap_or_default();
                plan::plan(
                    countries,
                    &known,
                    reach,
                    Some((&mut *seen, near)),
                    line,
                    &draft,
                    None,
                )?
            }
            Err(finding) => Planned::refused(finding),
        };
        plan.counts.add(planned.outcome, 1);
        plan.rows.push(PlannedRow {
            line,
            reference: looked.reference,
            outcome: planned.outcome,
            findings: planned.findings,
            number: planned.number,
            cells: row.cells,
        });
    }
    Ok(())
}
