//! Ageing: applications that wait on a day, by country, type and state, and for how long.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use super::chart::{Chart, Form, Series, Tone};
use super::list::{Held, Key, Line, List};
use super::queries::applications::{self, Wanted};
use super::queries::{self};
use super::question::{Filters, Known};
use super::register::{self, known_name};
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::words::schema_words;
use crate::http::{Error, pages};
use crate::memberships::rows::IntervalRow;

/// Counts up when the same question gets another answer.
pub const DEFINITION: u32 = 1;

/// The figures with the days of waiting that they count, both inclusive.
const BUCKETS: [(&str, u64, u64); 4] = [
    ("up_to_7", 0, 7),
    ("days_8_to_30", 8, 30),
    ("days_31_to_90", 31, 90),
    ("over_90", 91, u64::MAX),
];

/// The figures that have applications behind them.
pub const FIGURES: [&str; 5] = [
    "waiting",
    "up_to_7",
    "days_8_to_30",
    "days_31_to_90",
    "over_90",
];

schema_words!(
    /// A figure of the ageing.
    AgeingFigure as "AgeingFigure", FIGURES
);
schema_words!(
    /// A state of an application.
    WaitingState as "WaitingState", applications::STATES
);

const WAITING: Column = Column::new("waiting", Kind::Integer, "Applications that wait");
const UP_TO_7: Column = Column::new("up_to_7", Kind::Integer, "for up to 7 days");
const TO_30: Column = Column::new("days_8_to_30", Kind::Integer, "for 8 to 30 days");
const TO_90: Column = Column::new("days_31_to_90", Kind::Integer, "for 31 to 90 days");
const OVER_90: Column = Column::new("over_90", Kind::Integer, "for more than 90 days");
const LONGEST: Column = Column::new("longest", Kind::Integer, "Days of the longest waiting one");

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership applied for"),
    Column::new("state", Kind::Text, "State of the application"),
    WAITING,
    UP_TO_7,
    TO_30,
    TO_90,
    OVER_90,
    LONGEST,
];

row_of!(
    /// Applications of a country, type and state that wait.
    AgeingRow as "AgeingRow", COLUMNS
);

/// The columns by country.
pub const BY_COUNTRY: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    WAITING,
    UP_TO_7,
    TO_30,
    TO_90,
    OVER_90,
    LONGEST,
];

row_of!(
    /// Applications of a country that wait.
    AgeingByCountry as "AgeingByCountry", BY_COUNTRY
);

/// The columns of the totals.
pub const TOTALS: &[Column] = &[WAITING, UP_TO_7, TO_30, TO_90, OVER_90, LONGEST];

row_of!(
    /// All applications that wait.
    AgeingTotals as "AgeingTotals", TOTALS
);

/// The columns of the applications behind a figure.
pub const APPLICATIONS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership applied for"),
    Column::new("state", Kind::Text, "State of the application"),
    Column::new("state_since", Kind::Day, "First day of that state"),
    Column::new("days", Kind::Integer, "Days that it has waited there"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal",
    ),
    Column::new("membership", Kind::Text, "Id of the membership"),
    Column::new(
        "event_no",
        Kind::Integer,
        "Number of the event that began the state",
    )
    .optional(),
    Column::new(
        "seq",
        Kind::Integer,
        "Position in the journal of that event",
    )
    .optional(),
];

row_of!(
    /// An application that waits.
    AgeingApplication as "AgeingApplication", APPLICATIONS
);

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
            "applications that wait on {}, as known at position {} of the journal; {}",
            self.day,
            self.known.seq,
            self.filters.words()
        )
    }
}

/// How long applications have waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waits {
    buckets: [i64; 4],
    longest: i64,
}

impl Waits {
    fn add(&mut self, buckets: [i64; 4], longest: i64) {
        for (slot, count) in self.buckets.iter_mut().zip(buckets) {
            *slot += count;
        }
        self.longest = self.longest.max(longest);
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        std::iter::once(self.buckets.iter().sum())
            .chain(self.buckets)
            .chain([self.longest])
            .map(Cell::Integer)
    }
}

/// The earliest first day of each bucket but the last.
fn starts(day: NaiveDate) -> [NaiveDate; 3] {
    let [first, second, third, _] = BUCKETS.map(|(_, _, to)| {
        let days = chrono::Days::new(to);
        // Both databases know the days from the year 1 on.
        let earliest = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(day);
        day.checked_sub_days(days)
            .map_or(earliest, |start| start.max(earliest))
    });
    [first, second, third]
}

fn days(since: NaiveDate, on: NaiveDate) -> u64 {
    u64::try_from((on - since).num_days()).unwrap_or(0)
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let moment = (asked.day, asked.known);
    let found = applications::waiting(conn, &asked.filters, moment, starts(asked.day))?;
    let mut figures: BTreeMap<(String, usize, usize), Waits> = BTreeMap::new();
    let mut by_country: BTreeMap<String, Waits> = BTreeMap::new();
    let mut by_state: [Waits; 5] = Default::default();
    let mut all = Waits::default();
    for row in found {
        let buckets = [
            row.since_first,
            row.since_second - row.since_first,
            row.since_third - row.since_second,
            row.waiting - row.since_third,
        ];
        let longest = i64::try_from(days(row.longest, asked.day)).unwrap_or(i64::MAX);
        let kind = asked
            .filters
            .types
            .iter()
            .position(|t| *t == row.membership_type);
        let state = applications::STATES.iter().position(|s| *s == row.state);
        let (Some(kind), Some(state)) = (kind, state) else {
            continue;
        };
        let key = (row.country.clone(), kind, state);
        figures.entry(key).or_default().add(buckets, longest);
        by_country
            .entry(row.country)
            .or_default()
            .add(buckets, longest);
        if let Some(waits) = by_state.get_mut(state) {
            waits.add(buckets, longest);
        }
        all.add(buckets, longest);
    }
    let rows = figures.iter().map(|((country, kind, state), waits)| {
        let word = |words: &[&'static str], n: usize| words.get(n).copied().unwrap_or_default();
        let mut row = vec![
            Cell::text(country.as_str()),
            Cell::text(word(&asked.filters.types, *kind)),
            Cell::text(word(&applications::STATES, *state)),
        ];
        row.extend(waits.cells());
        row
    });
    let country_rows = by_country.iter().map(|(country, waits)| {
        let mut row = vec![Cell::text(country.as_str())];
        row.extend(waits.cells());
        row
    });
    let table = |code, title, columns, rows| Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    };
    let points = |label: &str, waits: &Waits| (label.to_owned(), waits.buckets.to_vec());
    Ok(Report {
        name: "ageing",
        title: "Ageing of applications",
        definition: DEFINITION,
        question: asked.question(),
        filters: asked.words(),
        tables: vec![
            table(
                "figures",
                "Applications per country, type and state",
                COLUMNS,
                rows.collect(),
            ),
            table(
                "by_country",
                "Applications per country",
                BY_COUNTRY,
                country_rows.collect(),
            ),
            table(
                "totals",
                "Applications in all",
                TOTALS,
                vec![all.cells().collect()],
            ),
        ],
        beside: Vec::new(),
        charts: vec![
            Chart {
                title: "How long applications have waited, by state".to_owned(),
                form: Form::Bars,
                series: SERIES.to_vec(),
                points: applications::STATES
                    .iter()
                    .zip(&by_state)
                    .map(|(state, waits)| points(&state.replace('_', " "), waits))
                    .collect(),
                share: false,
            },
            Chart {
                title: "By country".to_owned(),
                form: Form::Bars,
                series: SERIES.to_vec(),
                points: by_country
                    .iter()
                    .map(|(c, waits)| points(c, waits))
                    .collect(),
                share: false,
            },
        ],
    })
}

const SERIES: [Series; 4] = [
    Series {
        label: "up to 7 days",
        tone: Tone::Green,
    },
    Series {
        label: "8 to 30 days",
        tone: Tone::Sky,
    },
    Series {
        label: "31 to 90 days",
        tone: Tone::Sand,
    },
    Series {
        label: "over 90 days",
        tone: Tone::Red,
    },
];

/// The applications behind a figure.
#[derive(Clone, Debug)]
pub struct Applications {
    /// The figure.
    pub figure: &'static str,
    /// States; all where none is named.
    pub states: Vec<&'static str>,
    /// The report.
    pub asked: Asked,
}

impl Applications {
    /// The first days of the state that the figure counts.
    fn since(&self) -> (NaiveDate, NaiveDate) {
        let bucket = BUCKETS.iter().find(|(code, ..)| *code == self.figure);
        let (from, to) = bucket.map_or((0, u64::MAX), |(_, from, to)| (*from, *to));
        let back = |days: u64| {
            self.asked
                .day
                .checked_sub_days(Days::new(days.min(4_000_000)))
        };
        (
            back(to).unwrap_or(NaiveDate::MIN),
            back(from).unwrap_or(NaiveDate::MIN),
        )
    }

    fn cells(&self, conn: &mut Conn, rows: &[IntervalRow]) -> Result<Vec<Vec<Cell>>, Error> {
        let organisations: Vec<i64> = rows.iter().map(|r| r.organisation_id).collect();
        let named = queries::named(conn, &organisations, &self.asked.filters, self.asked.known)?;
        let causes = register::causes(conn, rows, self.asked.known)?;
        rows.iter()
            .zip(causes)
            .map(|(row, (no, seq))| {
                let name = known_name(&named, row.organisation_id)?;
                let waited = i64::try_from(days(row.from_day, self.asked.day));
                Ok(vec![
                    Cell::text(row.country.as_str()),
                    Cell::text(row.membership_type.as_str()),
                    Cell::text(row.state.as_str()),
                    Cell::Day(row.from_day),
                    Cell::Integer(waited.map_err(Error::internal)?),
                    Cell::text(name.number.as_str()),
                    Cell::text(name.name.as_str()),
                    Cell::text(row.membership_id.to_string()),
                    no,
                    seq,
                ])
            })
            .collect()
    }
}

fn place_of(key: &Key) -> Result<(NaiveDate, Id), Error> {
    let place = match key.as_slice() {
        [day, id] => crate::http::day::parse(day).zip(id.parse().ok().map(Id)),
        _ => None,
    };
    place.ok_or_else(pages::bad_cursor)
}

impl List for Applications {
    const KEY: usize = 2;

    fn held(&self) -> Held {
        Held {
            day: self.asked.day,
            seq: self.asked.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let all = applications::STATES.to_vec();
        let wanted = Wanted {
            filters: &self.asked.filters,
            states: if self.states.is_empty() {
                &all
            } else {
                &self.states
            },
            day: self.asked.day,
            known: self.asked.known,
            since: self.since(),
        };
        let rows = applications::page(conn, &wanted, after.map(place_of).transpose()?, limit)?;
        let cells = self.cells(conn, &rows)?;
        let line = |(row, cells): (&IntervalRow, Vec<Cell>)| Line {
            key: vec![row.from_day.to_string(), row.membership_id.0.to_string()],
            cells,
        };
        Ok(rows.iter().zip(cells).map(line).collect())
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        let (day, id) = place_of(key)?;
        Ok(serde_json::json!({"state_since": day.to_string(), "membership": id.to_string()}))
    }

    fn report(&self) -> Report {
        let mut question = self.asked.question();
        question.insert("column".to_owned(), Value::from(self.figure));
        question.insert("state".to_owned(), Value::from(self.states.clone()));
        let states = if self.states.is_empty() {
            "all".to_owned()
        } else {
            self.states.join(", ")
        };
        Report {
            name: "ageing-applications",
            title: "Behind a figure of the ageing",
            definition: DEFINITION,
            question,
            filters: format!("{}: {}; state: {states}", self.figure, self.asked.words()),
            tables: vec![Table {
                code: "applications",
                title: "Applications behind the figure",
                columns: APPLICATIONS,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }
}
