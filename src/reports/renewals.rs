//! Renewals: who lapses in the coming months and quarters if nothing happens after the day.
//!
//! As of a day in the past what was dated after it does not count: the report says what could be seen coming then. A member whose
//! grace days end lapses on the day behind them, which its timeline says. Only what becomes of the suspended depends on more: their
//! events up to the day are folded anew.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Months, NaiveDate};
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::chart::{Chart, Form, Series, Tone};
use super::list::{Held, Key, Line, List};
use super::queries::{self, Pair, STATES, on_day};
use super::question::{Filters, Known, Period};
use super::register::{self, known_name};
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::schema::membership_events;
use crate::db::{Conn, Id};
use crate::http::words::schema_words;
use crate::http::{Error, pages};
use crate::memberships::ledger::Cause;
use crate::memberships::model::{Event, State};
use crate::memberships::rows::{EventRow, IntervalRow};
use crate::memberships::rules::{LAST_DAY, Rules};
use crate::memberships::{adoption, fold};

/// Counts up when the same question gets another answer.
pub const DEFINITION: u32 = 1;

/// The same for the list. 2: where the calendar turned, the event that its recorder wrote.
pub const LIST_DEFINITION: u32 = 2;

/// How many suspended members are folded at once.
const FOLDED_AT_ONCE: usize = 2_000;

/// How many members that may be of a page are looked at together.
const LOOKED_AT_ONCE: usize = 500;

/// The figures that have members behind them.
pub const FIGURES: [&str; 4] = ["this_month", "next_month", "this_quarter", "next_quarter"];

schema_words!(
    /// A figure of the renewals.
    RenewalsFigure as "RenewalsFigure", FIGURES
);

const MEMBERS: Column = Column::new("members", Kind::Integer, "Members on that day");
const THIS_MONTH: Column = Column::new(
    "this_month",
    Kind::Integer,
    "lapse in the rest of the month",
);
const NEXT_MONTH: Column = Column::new("next_month", Kind::Integer, "lapse in the next month");
const THIS_QUARTER: Column = Column::new(
    "this_quarter",
    Kind::Integer,
    "lapse in the rest of the quarter",
);
const NEXT_QUARTER: Column =
    Column::new("next_quarter", Kind::Integer, "lapse in the next quarter");

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership"),
    MEMBERS,
    THIS_MONTH,
    NEXT_MONTH,
    THIS_QUARTER,
    NEXT_QUARTER,
];

row_of!(
    /// Members of a country and type that lapse if nothing happens.
    RenewalsRow as "RenewalsRow", COLUMNS
);

/// The columns by country.
pub const BY_COUNTRY: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    MEMBERS,
    THIS_MONTH,
    NEXT_MONTH,
    THIS_QUARTER,
    NEXT_QUARTER,
];

row_of!(
    /// Members of a country that lapse if nothing happens.
    RenewalsByCountry as "RenewalsByCountry", BY_COUNTRY
);

/// The columns of the totals.
pub const TOTALS: &[Column] = &[MEMBERS, THIS_MONTH, NEXT_MONTH, THIS_QUARTER, NEXT_QUARTER];

row_of!(
    /// All members that lapse if nothing happens.
    RenewalsTotals as "RenewalsTotals", TOTALS
);

/// The columns of the windows.
pub const WINDOWS: &[Column] = &[
    Column::new("column", Kind::Text, "The figure"),
    Column::new(
        "from",
        Kind::Day,
        "The first day on which a member counted there lapses",
    ),
    Column::new("to", Kind::Day, "The last"),
];

row_of!(
    /// The days of a figure.
    RenewalsWindow as "RenewalsWindow", WINDOWS
);

/// The columns of the members behind a figure.
pub const LAPSING: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal",
    ),
    Column::new("state", Kind::Text, "State on the day"),
    Column::new("term_end", Kind::Day, "Last day of the term").optional(),
    Column::new(
        "lapses_on",
        Kind::Day,
        "The first day on which it is no member any more",
    ),
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
    /// A member that lapses if nothing happens.
    RenewalsMember as "RenewalsMember", LAPSING
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

/// First and last day, in the order of [`FIGURES`].
type Windows = [(NaiveDate, NaiveDate); 4];

/// The days of the figures: the rest of the month and quarter begin on the day after.
fn windows(day: NaiveDate) -> Result<Windows, Error> {
    let far = || Error::field("as_of", "is too far away");
    let month = day.with_day(1).ok_or_else(far)?;
    let quarter = month
        .checked_sub_months(Months::new(month.month0() % 3))
        .ok_or_else(far)?;
    let after = |first: NaiveDate, months: u32| {
        first
            .checked_add_months(Months::new(months))
            .ok_or_else(far)
    };
    let before = |first: NaiveDate| first.pred_opt().ok_or_else(far);
    // The last day that a window has to be asked about, and the one behind it.
    if after(quarter, 6)? > LAST_DAY {
        return Err(far());
    }
    let tomorrow = day.succ_opt().ok_or_else(far)?;
    let (next_month, next_quarter) = (after(month, 1)?, after(quarter, 3)?);
    Ok([
        (tomorrow, before(next_month)?),
        (next_month, before(after(month, 2)?)?),
        (tomorrow, before(next_quarter)?),
        (next_quarter, before(after(quarter, 6)?)?),
    ])
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
            "who lapses after {} if nothing happens, as known at position {} of the journal; {}",
            self.day,
            self.known.seq,
            self.filters.words()
        )
    }

    fn moment(&self) -> (NaiveDate, Known) {
        (self.day, self.known)
    }
}

/// The days on which suspended members lapse if nothing happens; those that never do are left out.
fn lapses_of_suspended(
    conn: &mut Conn,
    asked: &Asked,
    rules: &Rules,
    ids: &[Id],
) -> Result<HashMap<Id, NaiveDate>, Error> {
    let mut found = HashMap::new();
    for (id, events) in events(conn, ids, asked.known)? {
        let ledger = fold::fold_until(&events, rules, asked.day);
        let lapse = ledger
            .intervals
            .iter()
            .find(|i| i.from > asked.day && i.state == State::Lapsed && i.cause == Cause::Calendar);
        if let Some(interval) = lapse {
            found.insert(id, interval.from);
        }
    }
    Ok(found)
}

/// The day behind the grace days.
fn behind(grace_end: NaiveDate) -> Result<NaiveDate, Error> {
    let next = grace_end.succ_opt();
    next.ok_or_else(|| Error::internal("grace days without an end"))
}

fn events(conn: &mut Conn, ids: &[Id], known: Known) -> Result<BTreeMap<Id, Vec<Event>>, Error> {
    let mut found: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq_any(ids))
        .filter(membership_events::seq.le(known.seq))
        .order((membership_events::membership_id, membership_events::no))
        .load(conn)?;
    for row in rows {
        found
            .entry(row.membership_id)
            .or_default()
            .push(row.event()?);
    }
    Ok(found)
}

fn rules(conn: &mut Conn, known: Known) -> Result<Rules, Error> {
    adoption::known_at(conn, known.seq)
}

/// Members in all, and those that lapse in each window.
type Numbers = [i64; 5];

fn add(to: &mut Numbers, from: &Numbers) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let windows = windows(asked.day)?;
    let rules = rules(conn, asked.known)?;
    let mut figures: BTreeMap<Pair, Numbers> = BTreeMap::new();
    for ((country, kind, measure), (_, through)) in
        queries::sums(conn, &asked.filters, Period::day(asked.day)?, asked.known)?
    {
        if STATES.contains(&measure.as_str()) {
            figures.entry((country, kind)).or_default()[0] += through;
        }
    }
    let mut lapsing = |pair: Pair, day: NaiveDate, members: i64| {
        let numbers = figures.entry(pair).or_default();
        for (slot, (from, to)) in numbers.iter_mut().skip(1).zip(&windows) {
            if (*from..=*to).contains(&day) {
                *slot += members;
            }
        }
    };
    // Nobody whose grace days go on to this day lapses in a window.
    let end = windows.iter().map(|(_, to)| *to).max().unwrap_or(asked.day);
    for ending in on_day::ending(conn, &asked.filters, asked.moment(), end)? {
        let pair = (ending.country, ending.membership_type);
        lapsing(pair, behind(ending.grace_end)?, ending.members);
    }
    let suspended = on_day::suspended(conn, &asked.filters, asked.moment(), end)?;
    for part in suspended.chunks(FOLDED_AT_ONCE) {
        let ids: Vec<Id> = part.iter().map(|one| Id(one.membership_id)).collect();
        let days = lapses_of_suspended(conn, asked, &rules, &ids)?;
        for one in part {
            if let Some(day) = days.get(&Id(one.membership_id)) {
                let pair = (one.country.clone(), one.membership_type.clone());
                lapsing(pair, *day, 1);
            }
        }
    }
    figures.retain(|_, numbers| *numbers != Numbers::default());
    Ok(tables(asked, &windows, &figures))
}

fn tables(asked: &Asked, windows: &Windows, figures: &BTreeMap<Pair, Numbers>) -> Report {
    let mut by_country: BTreeMap<&str, Numbers> = BTreeMap::new();
    let mut all = Numbers::default();
    for ((country, _), numbers) in figures {
        add(by_country.entry(country).or_default(), numbers);
        add(&mut all, numbers);
    }
    let row = |mut row: Vec<Cell>, numbers: &Numbers| {
        row.extend(numbers.map(Cell::Integer));
        row
    };
    let windows = FIGURES
        .iter()
        .zip(windows)
        .map(|(code, (from, to))| vec![Cell::text(*code), Cell::Day(*from), Cell::Day(*to)]);
    let table = |code, title, columns, rows| Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    };
    Report {
        name: "renewals",
        title: "Renewals: who lapses if nothing happens",
        definition: DEFINITION,
        question: asked.question(),
        filters: asked.words(),
        tables: vec![
            table(
                "figures",
                "Members that lapse, per country and type",
                COLUMNS,
                figures
                    .iter()
                    .map(|((country, kind), numbers)| {
                        row(
                            vec![Cell::text(country.as_str()), Cell::text(kind.as_str())],
                            numbers,
                        )
                    })
                    .collect(),
            ),
            table(
                "by_country",
                "Members that lapse, per country",
                BY_COUNTRY,
                by_country
                    .iter()
                    .map(|(country, numbers)| row(vec![Cell::text(*country)], numbers))
                    .collect(),
            ),
            table(
                "totals",
                "Members that lapse in all",
                TOTALS,
                vec![row(Vec::new(), &all)],
            ),
            table(
                "windows",
                "The days of each figure; both ends count",
                WINDOWS,
                windows.collect(),
            ),
        ],
        beside: Vec::new(),
        charts: vec![Chart {
            title: "Members that lapse, by country".to_owned(),
            form: Form::Bars,
            series: vec![
                Series {
                    label: "rest of the quarter",
                    tone: Tone::Red,
                },
                Series {
                    label: "next quarter",
                    tone: Tone::Sand,
                },
            ],
            points: by_country
                .iter()
                .map(|(country, [_, _, _, this, next])| ((*country).to_owned(), vec![*this, *next]))
                .collect(),
            share: false,
        }],
    }
}

/// The members behind a figure.
#[derive(Clone, Debug)]
pub struct Members {
    /// The figure, by its place in [`FIGURES`].
    pub figure: &'static str,
    /// The report.
    pub asked: Asked,
}

impl Members {
    fn window(&self) -> Result<(NaiveDate, NaiveDate), Error> {
        let place = FIGURES.iter().position(|f| *f == self.figure);
        let windows = windows(self.asked.day)?;
        place
            .and_then(|n| windows.get(n).copied())
            .ok_or_else(|| Error::internal("no such figure"))
    }

    /// Who may lapse in a window, behind a place and in the order of the list.
    fn candidates(
        &self,
        conn: &mut Conn,
        window: (NaiveDate, NaiveDate),
        after: Option<&Key>,
    ) -> Result<Vec<Id>, Error> {
        let places: HashMap<(&str, &str), usize> = self.asked.filters.pairs().zip(0..).collect();
        let place = |country: &str, kind: &str, id: i64| Some((*places.get(&(country, kind))?, id));
        let after = match after {
            None => None,
            Some(key) => {
                let (country, kind, id) = register::place_of(key)?;
                Some(place(&country, &kind, id).ok_or_else(pages::bad_cursor)?)
            }
        };
        let held = on_day::lapsing(conn, &self.asked.filters, self.asked.moment(), window)?;
        let mut all: Vec<(usize, i64)> = held
            .iter()
            .filter_map(|one| place(&one.country, &one.membership_type, one.membership_id))
            .filter(|place| after.is_none_or(|after| *place > after))
            .collect();
        all.sort_unstable();
        Ok(all.into_iter().map(|(_, id)| Id(id)).collect())
    }

    fn lines(
        &self,
        conn: &mut Conn,
        rows: &[(IntervalRow, NaiveDate)],
    ) -> Result<Vec<Line>, Error> {
        let intervals: Vec<IntervalRow> = rows.iter().map(|(row, _)| row.clone()).collect();
        let organisations: Vec<i64> = intervals.iter().map(|r| r.organisation_id).collect();
        let named = queries::named(conn, &organisations, &self.asked.filters, self.asked.known)?;
        let causes = register::causes(conn, &intervals, self.asked.known)?;
        rows.iter()
            .zip(causes)
            .map(|((row, lapses_on), (no, seq))| {
                let name = known_name(&named, row.organisation_id)?;
                Ok(Line {
                    key: register::key(row),
                    cells: vec![
                        Cell::text(row.country.as_str()),
                        Cell::text(row.membership_type.as_str()),
                        Cell::text(name.number.as_str()),
                        Cell::text(name.name.as_str()),
                        Cell::text(row.state.as_str()),
                        Cell::of(row.term_end, Cell::Day),
                        Cell::Day(*lapses_on),
                        Cell::text(row.membership_id.to_string()),
                        no,
                        seq,
                    ],
                })
            })
            .collect()
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
        let (from, to) = self.window()?;
        let rules = rules(conn, self.asked.known)?;
        let candidates = self.candidates(conn, (from, to), after)?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found: Vec<(IntervalRow, NaiveDate)> = Vec::new();
        for part in candidates.chunks(LOOKED_AT_ONCE) {
            if found.len() >= wanted {
                break;
            }
            let rows = on_day::intervals(conn, part, self.asked.moment())?;
            let mut rows: HashMap<Id, IntervalRow> = rows
                .into_iter()
                .map(|row| (row.membership_id, row))
                .collect();
            let is_suspended = |row: &IntervalRow| row.state == State::Suspended.as_str();
            let suspended = rows.values().filter(|row| is_suspended(row));
            let suspended: Vec<Id> = suspended.map(|row| row.membership_id).collect();
            let days = lapses_of_suspended(conn, &self.asked, &rules, &suspended)?;
            for row in part.iter().filter_map(|id| rows.remove(id)) {
                let day = if is_suspended(&row) {
                    days.get(&row.membership_id).copied()
                } else {
                    row.grace_end.map(behind).transpose()?
                };
                if let Some(day) = day.filter(|day| (from..=to).contains(day)) {
                    found.push((row, day));
                }
            }
        }
        found.truncate(wanted);
        self.lines(conn, &found)
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        Ok(register::told(&register::place_of(key)?))
    }

    fn report(&self) -> Report {
        let mut question = self.asked.question();
        question.insert("column".to_owned(), Value::from(self.figure));
        Report {
            name: "renewals-members",
            title: "Behind a figure of the renewals",
            definition: LIST_DEFINITION,
            question,
            filters: format!("{}: {}", self.figure, self.asked.words()),
            tables: vec![Table {
                code: "members",
                title: "Members behind the figure",
                columns: LAPSING,
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
    use super::windows;

    #[test]
    fn the_windows_are_those_of_the_calendar() {
        let show = |day: &str| {
            let days = windows(day.parse().unwrap()).unwrap();
            days.map(|(from, to)| format!("{from} {to}")).join(", ")
        };
        assert_eq!(
            show("2026-11-28"),
            "2026-11-29 2026-11-30, 2026-12-01 2026-12-31, 2026-11-29 2026-12-31, 2027-01-01 2027-03-31"
        );
        // The last day of a month and quarter: nothing is left of it.
        assert_eq!(
            show("2026-03-31"),
            "2026-04-01 2026-03-31, 2026-04-01 2026-04-30, 2026-04-01 2026-03-31, 2026-04-01 2026-06-30"
        );
    }
}
