//! Standing: members per country, type, state and the country's standing in the OTS on that day, and over the time before.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Map, Value};

use super::chart::{self, Chart, Form};
use super::list::{Held, Key, Line, List};
use super::queries::{self, Pair, STATES};
use super::question::{Filters, Known, Period};
use super::register;
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::countries::{Countries, model::Standing};
use crate::db::Conn;
use crate::http::Error;
use crate::http::words::schema_words;

/// Counts up when the same question gets another answer. 2: `reference_data` is the day of what counts, whatever else is in newer files. A
/// standing of the past that is corrected is another definition too.
pub const DEFINITION: u32 = 2;

/// The same for the list. 3: where the calendar turned, the event that its recorder wrote.
pub const LIST_DEFINITION: u32 = 3;

/// How many months before the day the numbers over time begin.
const MONTHS: u32 = 36;

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new(
        "ots_standing",
        Kind::Text,
        "Standing of the country in the OTS on that day: member or observer",
    )
    .optional(),
    Column::new("type", Kind::Text, "Type of membership"),
    Column::new("members", Kind::Integer, "Members on that day"),
    Column::new("active", Kind::Integer, "of which active"),
    Column::new("grace", Kind::Integer, "of which in grace"),
    Column::new("suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// Members of a country and type.
    StandingRow as "StandingRow", COLUMNS
);

/// The columns by country.
pub const BY_COUNTRY: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new(
        "ots_standing",
        Kind::Text,
        "Standing of the country in the OTS on that day",
    )
    .optional(),
    Column::new("members", Kind::Integer, "Members on that day"),
    Column::new("active", Kind::Integer, "of which active"),
    Column::new("grace", Kind::Integer, "of which in grace"),
    Column::new("suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// Members of a country, whatever their type.
    StandingByCountry as "StandingByCountry", BY_COUNTRY
);

/// The columns by standing in the OTS.
pub const BY_STANDING: &[Column] = &[
    Column::new(
        "ots_standing",
        Kind::Text,
        "Standing in the OTS on that day",
    )
    .optional(),
    Column::new("countries", Kind::Integer, "Countries of that standing"),
    Column::new("members", Kind::Integer, "Members on that day"),
    Column::new("active", Kind::Integer, "of which active"),
    Column::new("grace", Kind::Integer, "of which in grace"),
    Column::new("suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// Members of the countries of one standing in the OTS.
    StandingByOts as "StandingByOts", BY_STANDING
);

/// The columns of the totals.
pub const TOTALS: &[Column] = &[
    Column::new("members", Kind::Integer, "Members on that day"),
    Column::new("active", Kind::Integer, "of which active"),
    Column::new("grace", Kind::Integer, "of which in grace"),
    Column::new("suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// All members.
    StandingTotals as "StandingTotals", TOTALS
);

/// The columns over time.
pub const OVER_TIME: &[Column] = &[
    Column::new(
        "day",
        Kind::Day,
        "The last day of a month; at the end the day of the report",
    ),
    Column::new("members", Kind::Integer, "Members on that day"),
    Column::new("active", Kind::Integer, "of which active"),
    Column::new("grace", Kind::Integer, "of which in grace"),
    Column::new("suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// All members at the end of a month.
    StandingOverTime as "StandingOverTime", OVER_TIME
);

/// The columns of the members behind a figure.
pub const MEMBERS: &[Column] = &[
    Column::new(
        "country",
        Kind::Text,
        "Country of the membership on that day",
    ),
    Column::new("type", Kind::Text, "Type of membership on that day"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal",
    ),
    Column::new("state", Kind::Text, "State: active, grace or suspended"),
    Column::new("state_since", Kind::Day, "First day of the state"),
    Column::new(
        "member_since",
        Kind::Day,
        "First day as a member without a break",
    ),
    Column::new("term_end", Kind::Day, "Last day of the running term").optional(),
    Column::new("membership", Kind::Text, "Id of the membership"),
    Column::new(
        "event_no",
        Kind::Integer,
        "Number of the event that began what holds; null where the calendar did, and nothing was recorded of it yet",
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
    /// A member behind a figure.
    StandingMember as "StandingMember", MEMBERS
);

/// The figures that have members behind them.
pub const FIGURES: [&str; 4] = ["members", "active", "grace", "suspended"];

schema_words!(
    /// A figure of the standing.
    StandingFigure as "StandingFigure", FIGURES
);

/// A standing's word.
pub const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Member => "member",
        Standing::Observer => "observer",
    }
}

/// What the reference data says that a report uses, and of which day it is: what is dated later changes nothing, so that a report of a past
/// day stays the same with newer data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The standing of each country on the day.
    pub standing: BTreeMap<String, Option<&'static str>>,
    /// The first day of the newest standing that counts; none where no country had one.
    pub newest: Option<NaiveDate>,
}

impl Reference {
    /// That of a day.
    #[must_use]
    pub fn on(countries: &Countries, day: NaiveDate) -> Self {
        let standing =
            |c: &crate::countries::model::Country| (c.code.clone(), c.standing_on(day).map(word));
        let begun = countries.iter().flat_map(|c| &c.standing).map(|p| p.since);
        Self {
            standing: countries.iter().map(standing).collect(),
            newest: begun.filter(|since| *since <= day).max(),
        }
    }

    fn of(&self, country: &str) -> Cell {
        let found = self.standing.get(country).copied().flatten();
        Cell::of(found, Cell::text)
    }
}

/// What the report is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The day.
    pub day: NaiveDate,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
    /// The countries' standing.
    pub reference: Reference,
}

/// Numbers by state.
type Numbers = [i64; 3];

fn cells(numbers: Numbers) -> impl Iterator<Item = Cell> {
    std::iter::once(numbers.iter().sum())
        .chain(numbers)
        .map(Cell::Integer)
}

fn add(to: &mut Numbers, from: Numbers) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let Asked {
        day,
        known,
        filters,
        reference,
    } = asked;
    let mut figures: BTreeMap<Pair, Numbers> = BTreeMap::new();
    for ((country, kind, measure), (_, through)) in
        queries::sums(conn, filters, Period::day(*day)?, *known)?
    {
        if let Some(state) = STATES.iter().position(|s| *s == measure) {
            let numbers = figures.entry((country, kind)).or_default();
            if let Some(slot) = numbers.get_mut(state) {
                *slot = through;
            }
        }
    }
    figures.retain(|_, numbers| *numbers != Numbers::default());
    if figures.values().flatten().any(|n| *n < 0) {
        return Err(Error::internal(
            "a number of members is negative; run journal verify",
        ));
    }
    let mut all = Numbers::default();
    let mut by_country: BTreeMap<&str, Numbers> = filters
        .countries
        .iter()
        .map(|c| (c.as_str(), Numbers::default()))
        .collect();
    for ((country, _), numbers) in &figures {
        add(by_country.entry(country).or_default(), *numbers);
        add(&mut all, *numbers);
    }
    let over_time = over_time(conn, asked)?;
    let charts = vec![
        over_time_chart(&over_time),
        Chart {
            title: "Members by country".to_owned(),
            form: Form::Bars,
            series: chart::STATES.to_vec(),
            points: by_country
                .iter()
                .map(|(country, numbers)| ((*country).to_owned(), numbers.to_vec()))
                .collect(),
            share: false,
        },
    ];
    let table = |code, title, columns, rows| Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    };
    let figure_rows = figures.iter().map(|((country, kind), numbers)| {
        let mut row = vec![
            Cell::text(country.as_str()),
            reference.of(country),
            Cell::text(kind.as_str()),
        ];
        row.extend(cells(*numbers));
        row
    });
    let country_rows = by_country.iter().map(|(country, numbers)| {
        let mut row = vec![Cell::text(*country), reference.of(country)];
        row.extend(cells(*numbers));
        row
    });
    let over_time_rows = over_time.iter().map(|(day, numbers)| {
        let mut row = vec![Cell::Day(*day)];
        row.extend(cells(*numbers));
        row
    });
    Ok(Report {
        name: "standing",
        title: "Standing: members by country, type and state",
        definition: DEFINITION,
        question: question(asked),
        filters: words(asked),
        tables: vec![
            table(
                "figures",
                "Members per country and type",
                COLUMNS,
                figure_rows.collect(),
            ),
            table(
                "by_country",
                "Members per country",
                BY_COUNTRY,
                country_rows.collect(),
            ),
            table(
                "by_standing",
                "Members by the country's standing in the OTS",
                BY_STANDING,
                by_standing(&by_country, reference),
            ),
            table(
                "totals",
                "Members in all",
                TOTALS,
                vec![cells(all).collect()],
            ),
            table(
                "over_time",
                "Members over time",
                OVER_TIME,
                over_time_rows.collect(),
            ),
        ],
        beside: Vec::new(),
        charts,
    })
}

fn by_standing(by_country: &BTreeMap<&str, Numbers>, reference: &Reference) -> Vec<Vec<Cell>> {
    let mut found: BTreeMap<Option<&str>, (i64, Numbers)> = BTreeMap::new();
    for (country, numbers) in by_country {
        let standing = reference.standing.get(*country).copied().flatten();
        let entry = found.entry(standing).or_default();
        entry.0 += 1;
        add(&mut entry.1, *numbers);
    }
    // Members first, then observers, then those that were neither yet.
    [Some("member"), Some("observer"), None]
        .into_iter()
        .filter_map(|standing| Some((standing, found.remove(&standing)?)))
        .map(|(standing, (countries, numbers))| {
            let mut row = vec![Cell::of(standing, Cell::text), Cell::Integer(countries)];
            row.extend(cells(numbers));
            row
        })
        .collect()
}

/// The last days of the months before the day, and the day.
fn days(day: NaiveDate) -> Vec<NaiveDate> {
    let first = day.with_day(1).unwrap_or(day);
    let mut days: Vec<NaiveDate> = (0..MONTHS)
        .filter_map(|n| first.checked_sub_months(Months::new(n))?.pred_opt())
        .collect();
    days.reverse();
    days.push(day);
    days
}

fn over_time(conn: &mut Conn, asked: &Asked) -> Result<Vec<(NaiveDate, Numbers)>, Error> {
    let mut changes = queries::changes(conn, &asked.filters, asked.day, asked.known)?
        .into_iter()
        .peekable();
    let mut numbers = Numbers::default();
    let mut found = Vec::new();
    for day in days(asked.day) {
        while let Some(((_, state), change)) = changes.next_if(|((on, _), _)| *on <= day) {
            let place = STATES.iter().position(|s| *s == state);
            if let Some(slot) = place.and_then(|n| numbers.get_mut(n)) {
                *slot += change;
            }
        }
        found.push((day, numbers));
    }
    Ok(found)
}

fn over_time_chart(over_time: &[(NaiveDate, Numbers)]) -> Chart {
    Chart {
        title: "Members over time".to_owned(),
        form: Form::Areas,
        series: chart::STATES.to_vec(),
        points: over_time
            .iter()
            .map(|(day, numbers)| (day.to_string(), numbers.to_vec()))
            .collect(),
        share: false,
    }
}

fn question(asked: &Asked) -> Map<String, Value> {
    let mut question = Map::new();
    question.insert("as_of".to_owned(), Value::from(asked.day.to_string()));
    question.insert("known_seq".to_owned(), Value::from(asked.known.seq));
    question.insert(
        "reference_data".to_owned(),
        Value::from(asked.reference.newest.map(|day| day.to_string())),
    );
    asked.filters.tell(&mut question);
    question
}

fn words(asked: &Asked) -> String {
    format!(
        "members on {}, as known at position {} of the journal; {}",
        asked.day,
        asked.known.seq,
        asked.filters.words()
    )
}

/// The word for countries without a standing in the OTS.
pub const NONE: &str = "none";

/// The members behind a figure.
#[derive(Clone, Debug)]
pub struct Members {
    /// The figure.
    pub figure: &'static str,
    /// Only countries of this standing in the OTS on the day.
    pub ots_standing: Option<&'static str>,
    /// The report.
    pub asked: Asked,
}

impl Members {
    fn register(&self) -> register::Asked {
        let Asked {
            day,
            known,
            filters,
            reference,
        } = &self.asked;
        let mut filters = filters.clone();
        if let Some(standing) = self.ots_standing {
            let wanted = Some(standing).filter(|word| *word != NONE);
            let has = |c: &String| reference.standing.get(c).copied().flatten() == wanted;
            filters.countries.retain(has);
        }
        register::Asked {
            states: STATES
                .into_iter()
                .filter(|s| self.figure == "members" || *s == self.figure)
                .collect(),
            ..register::Asked::all(*day, *known, filters)
        }
    }
}

impl List for Members {
    const KEY: usize = 3;

    fn held(&self) -> Held {
        Held {
            day: self.asked.day,
            seq: self.asked.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let register = self.register();
        let after = after.map(register::place_of).transpose()?;
        let rows = register::walk(conn, &register, after.as_ref(), limit)?;
        let cells = register::cells_with_events(conn, &register, &rows)?;
        let line = |(row, cells)| Line {
            key: register::key(row),
            cells,
        };
        Ok(rows.iter().zip(cells).map(line).collect())
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        Ok(register::told(&register::place_of(key)?))
    }

    fn report(&self) -> Report {
        let mut question = question(&self.asked);
        question.insert("column".to_owned(), Value::from(self.figure));
        question.insert("ots_standing".to_owned(), Value::from(self.ots_standing));
        let standing = self
            .ots_standing
            .map_or_else(String::new, |s| format!("; OTS standing: {s}"));
        Report {
            name: "standing-members",
            title: "Behind a figure of the standing",
            definition: LIST_DEFINITION,
            question,
            filters: format!("{}: {}{standing}", self.figure, words(&self.asked)),
            tables: vec![Table {
                code: "members",
                title: "Members behind the figure",
                columns: MEMBERS,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }
}
