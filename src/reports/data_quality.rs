//! Data quality: which share of the members' records is complete and valid, per country and criterion.
//!
//! Members are those of the day; of their records counts what was known at the position of the journal. Rows that were not
//! changed behind it still say that; the others are put together from the journal, as long as they are not too many.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::chart::{Chart, Form, Series, Tone};
use super::list::{AT_ONCE, Held, Key, Line, List};
use super::queries::quality::{self, COMPLETE, CRITERIA, Judged, Which};
use super::queries::{self};
use super::question::{Filters, Known};
use super::register::known_name;
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::Conn;
use crate::db::schema::organisations;
use crate::http::words::schema_words;
use crate::http::{Error, pages};
use crate::organisations::past::{self, RecordRows};
use crate::organisations::rows::OrganisationRow;

/// Counts up when the same question gets another answer. 2: an identifier is judged by why it was kept, which no merge changes.
pub const DEFINITION: u32 = 2;

/// The same for the records behind a figure. 2: the question names the column. 3: as the report's second.
pub const RECORDS_DEFINITION: u32 = 3;

/// So many records that were changed behind the position are put together from the journal.
const MOST_CHANGED: usize = 2_000;

/// The words of the criteria.
pub const WORDS: [&str; 12] = [
    "complete",
    "legal_form",
    "city",
    "founded",
    "themes",
    "description",
    "reachable",
    "english_name",
    "identifier",
    "identifiers_valid",
    "identifiers_own",
    "evidence",
];

schema_words!(
    /// A criterion of the data quality; `complete`: all others are met.
    Criterion as "QualityCriterion", WORDS
);

/// The figures that have records behind them.
pub const FIGURES: [&str; 3] = ["records", "met", "unmet"];

schema_words!(
    /// A figure of the data quality.
    QualityFigure as "QualityFigure", FIGURES
);

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new(
        "criterion",
        Kind::Text,
        "Criterion; complete: all others are met",
    ),
    Column::new("records", Kind::Integer, "Records of members"),
    Column::new("met", Kind::Integer, "that meet it"),
    Column::new("unmet", Kind::Integer, "that do not"),
    Column::new(
        "share_permille",
        Kind::Permille,
        "Share that meets it, in thousandths, rounded down",
    ),
];

row_of!(
    /// How many records of a country meet a criterion.
    QualityRow as "QualityRow", COLUMNS
);

/// The columns of the totals.
pub fn totals_columns() -> &'static [Column] {
    COLUMNS.get(1..).unwrap_or(COLUMNS)
}

row_of!(
    /// How many records meet a criterion in all.
    QualityTotals as "QualityTotals", totals_columns()
);

/// The columns of the criteria.
pub const MEANINGS: &[Column] = &[
    Column::new("criterion", Kind::Text, "Criterion"),
    Column::new("meaning", Kind::Text, "What it asks of a record"),
];

row_of!(
    /// What a criterion means.
    QualityMeaning as "QualityMeaning", MEANINGS
);

/// The columns of the records behind a figure.
pub const RECORDS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal",
    ),
    Column::new("unmet", Kind::Texts, "Criteria that it does not meet"),
    Column::new(
        "seq",
        Kind::Integer,
        "Position in the journal of the record's last change up to the position asked for",
    ),
];

row_of!(
    /// A record behind a figure.
    QualityRecord as "QualityRecord", RECORDS
);

/// All bits.
const ALL: i32 = (1 << CRITERIA.len()) - 1;

/// What the report is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The day.
    pub day: NaiveDate,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
}

impl Asked {
    fn question(&self) -> Map<String, Value> {
        let mut question = Map::new();
        question.insert("as_of".to_owned(), Value::from(self.day.to_string()));
        question.insert("known_seq".to_owned(), Value::from(self.known.seq));
        self.filters.tell(&mut question);
        question
    }

    fn words(&self) -> String {
        format!(
            "records of the members on {}, as known at position {} of the journal; {}",
            self.day,
            self.known.seq,
            self.filters.words()
        )
    }
}

/// The criteria that a record met.
fn judge(rows: &RecordRows) -> i32 {
    let Some(row) = &rows.organisation else {
        return 0;
    };
    let english = |language: &String| language == "en" || language.starts_with("en-");
    // In the order of the criteria; a test holds this against their conditions in SQL.
    let met = [
        row.legal_form.is_some(),
        row.city.is_some(),
        row.founded_year.is_some() || row.founded_on.is_some(),
        !row.themes.is_empty(),
        row.descriptions != "[]",
        row.website.is_some() || row.email.is_some() || row.phone.is_some(),
        rows.names
            .iter()
            .any(|n| n.language.as_ref().is_some_and(english)),
        !rows.identifiers.is_empty(),
        rows.identifiers.iter().all(|i| i.verdict != "invalid"),
        rows.identifiers.iter().all(|i| i.shared_reason.is_none()),
        !rows.evidence.is_empty(),
    ];
    (0..)
        .zip(met)
        .filter(|(_, met)| *met)
        .map(|(n, _)| 1 << n)
        .sum()
}

/// What a record that was changed behind the position met there, and the position of its last change until then.
fn judge_then(conn: &mut Conn, id: i64, known: Known) -> Result<(i32, i64), Error> {
    let row: OrganisationRow = organisations::table.find(id).first(conn)?;
    let then = past::rows_at(conn, &row, known.seq)?;
    let seq = then.organisation.as_ref().map_or(0, |row| row.seq);
    Ok((judge(&then), seq))
}

/// The records that were changed behind the position.
fn changed(conn: &mut Conn, asked: &Asked) -> Result<Vec<Judged>, Error> {
    if asked.known.is_newest() {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(MOST_CHANGED).map_err(Error::internal)? + 1;
    let moment = (asked.day, asked.known);
    let mut found = quality::records(conn, &asked.filters, moment, Which::None, ("", ""), limit)?;
    if found.len() > MOST_CHANGED {
        let text = format!(
            "more than {MOST_CHANGED} of these records were changed since; ask for one country, or for a later moment"
        );
        return Err(Error::field("known_at", text));
    }
    for record in &mut found {
        (record.met, _) = judge_then(conn, record.organisation_id, asked.known)?;
    }
    Ok(found)
}

/// The mask of a criterion's word.
fn mask(word: &str) -> Option<i32> {
    if word == COMPLETE {
        return Some(ALL);
    }
    CRITERIA
        .iter()
        .position(|(code, ..)| *code == word)
        .map(|n| 1 << n)
}

/// Records, and those that meet each of [`WORDS`].
type Numbers = (i64, [i64; 12]);

fn count(numbers: &mut Numbers, met: i32, records: i64) {
    numbers.0 += records;
    for (slot, word) in numbers.1.iter_mut().zip(WORDS) {
        let mask = mask(word).unwrap_or(ALL);
        if met & mask == mask {
            *slot += records;
        }
    }
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let mut by_country: BTreeMap<String, Numbers> = BTreeMap::new();
    let mut all = Numbers::default();
    let mut add = |country: String, met: i32, records: i64| {
        count(by_country.entry(country).or_default(), met, records);
        count(&mut all, met, records);
    };
    for found in quality::counted(conn, &asked.filters, asked.day, asked.known)? {
        add(found.country, found.met, found.records);
    }
    for record in changed(conn, asked)? {
        add(record.country, record.met, 1);
    }
    let cells = |(records, met): &Numbers| -> Vec<Vec<Cell>> {
        let row = |(word, met): (&'static str, i64)| {
            vec![
                Cell::text(word),
                Cell::Integer(*records),
                Cell::Integer(met),
                Cell::Integer(records - met),
                Cell::Integer(share(met, *records)),
            ]
        };
        WORDS.into_iter().zip(*met).map(row).collect()
    };
    let figures = by_country.iter().flat_map(|(country, numbers)| {
        cells(numbers).into_iter().map(move |mut row| {
            row.insert(0, Cell::text(country.as_str()));
            row
        })
    });
    let meaning = |word: &'static str| {
        let title = CRITERIA.iter().find(|(code, ..)| *code == word);
        let title = title.map_or("All others are met", |(_, title, _)| *title);
        vec![Cell::text(word), Cell::text(title)]
    };
    let table = |code, title, columns, rows| Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    };
    let chart = |title: String, points| Chart {
        title,
        form: Form::Bars,
        series: vec![Series {
            label: "share that meets it",
            tone: Tone::Green,
        }],
        points,
        share: true,
    };
    let criteria = WORDS.into_iter().zip(all.1);
    Ok(Report {
        name: "data-quality",
        title: "Data quality of members' records",
        definition: DEFINITION,
        question: asked.question(),
        filters: asked.words(),
        beside: Vec::new(),
        charts: vec![
            chart(
                "Records that meet each criterion".to_owned(),
                criteria
                    .map(|(word, met)| (word.replace('_', " "), vec![share(met, all.0)]))
                    .collect(),
            ),
            chart(
                "Complete records by country".to_owned(),
                by_country
                    .iter()
                    .map(|(country, (records, [complete, ..]))| {
                        (country.clone(), vec![share(*complete, *records)])
                    })
                    .collect(),
            ),
        ],
        tables: vec![
            table(
                "figures",
                "Records per country and criterion",
                COLUMNS,
                figures.collect(),
            ),
            table("totals", "Records in all", totals_columns(), cells(&all)),
            table(
                "criteria",
                "The criteria",
                MEANINGS,
                WORDS.map(meaning).to_vec(),
            ),
        ],
    })
}

/// A share in thousandths, rounded down; of nothing it is nothing.
fn share(part: i64, whole: i64) -> i64 {
    part.saturating_mul(1000).checked_div(whole).unwrap_or(0)
}

/// The records behind a figure.
#[derive(Clone, Debug)]
pub struct Records {
    /// The criterion's word.
    pub criterion: &'static str,
    /// The figure's word.
    pub figure: &'static str,
    /// The report.
    pub asked: Asked,
}

fn place_of(key: &Key) -> Result<(String, String), Error> {
    match key.as_slice() {
        [country, number] => Ok((country.clone(), number.clone())),
        _ => Err(pages::bad_cursor()),
    }
}

impl List for Records {
    const KEY: usize = 2;

    fn held(&self) -> Held {
        Held {
            day: self.asked.day,
            seq: self.asked.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let mask = mask(self.criterion).ok_or_else(|| Error::internal("no such criterion"))?;
        let which = match self.figure {
            "met" => Which::Meeting(mask),
            "unmet" => Which::Missing(mask),
            _ => Which::All,
        };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let moment = (self.asked.day, self.asked.known);
        let mut after = match after {
            None => (String::new(), String::new()),
            Some(key) => place_of(key)?,
        };
        let mut found: Vec<(Judged, i64)> = Vec::new();
        let mut read_anew = 0;
        while found.len() < wanted {
            let rows = quality::records(
                conn,
                &self.asked.filters,
                moment,
                which,
                (&after.0, &after.1),
                AT_ONCE.min(limit),
            )?;
            let Some(last) = rows.last() else { break };
            after = (last.country.clone(), last.number.clone());
            for mut record in rows {
                let mut seq = record.seq;
                if record.seq > self.asked.known.seq {
                    read_anew += 1;
                    if read_anew > MOST_CHANGED {
                        return Err(Error::field(
                            "known_at",
                            "too many of these records were changed since; ask for one country, or for a later moment",
                        ));
                    }
                    (record.met, seq) = judge_then(conn, record.organisation_id, self.asked.known)?;
                }
                if which.takes(record.met) {
                    found.push((record, seq));
                }
            }
        }
        found.truncate(wanted);
        let ids: Vec<i64> = found.iter().map(|(r, _)| r.organisation_id).collect();
        let named = queries::named(conn, &ids, &self.asked.filters, self.asked.known)?;
        found
            .iter()
            .map(|(record, seq)| {
                let name = known_name(&named, record.organisation_id)?;
                let unmet = (0..)
                    .zip(CRITERIA)
                    .filter(|(n, _)| record.met & (1 << n) == 0)
                    .map(|(_, (code, ..))| code.to_owned());
                Ok(Line {
                    key: vec![record.country.clone(), record.number.clone()],
                    cells: vec![
                        Cell::text(record.country.as_str()),
                        Cell::text(name.number.as_str()),
                        Cell::text(name.name.as_str()),
                        Cell::Texts(unmet.collect()),
                        Cell::Integer(*seq),
                    ],
                })
            })
            .collect()
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        let (country, number) = place_of(key)?;
        Ok(serde_json::json!({"country": country, "registry_number": number}))
    }

    fn report(&self) -> Report {
        let mut question = self.asked.question();
        question.insert("criterion".to_owned(), Value::from(self.criterion));
        question.insert("column".to_owned(), Value::from(self.figure));
        Report {
            name: "data-quality-records",
            title: "Behind a figure of the data quality",
            definition: RECORDS_DEFINITION,
            question,
            filters: format!("{} {}: {}", self.criterion, self.figure, self.asked.words()),
            tables: vec![Table {
                code: "records",
                title: "Records behind the figure",
                columns: RECORDS,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, CRITERIA, WORDS, mask, share};

    #[test]
    fn every_criterion_has_a_word_and_a_bit() {
        let codes = CRITERIA.map(|(code, ..)| code);
        assert_eq!(WORDS.get(1..).unwrap(), codes);
        let bits: i32 = codes.iter().map(|code| mask(code).unwrap()).sum();
        assert_eq!((bits, mask("complete")), (ALL, Some(ALL)));
        assert_eq!(mask("golden"), None);
    }

    #[test]
    fn a_share_is_rounded_down_and_of_nothing_nothing() {
        assert_eq!(
            (share(999, 1000), share(1, 3), share(5, 5), share(0, 0)),
            (999, 333, 1000, 0)
        );
    }
}
