//! The register: who is a member on a day, by country, type and membership.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::causes::{Causes, of_state};
use super::list::{Held, Key, Line, List};
use super::queries::{self, Named, STATES, Wanted};
use super::question::{Filters, Known};
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::{Error, pages};
use crate::memberships::rows::IntervalRow;

/// Counts up when the same question gets another answer.
pub const DEFINITION: u32 = 1;

/// Where at most so many came to be members of a country and type until the day, they are read by their first days.
const FEW: i64 = 200;

/// The columns of the register.
pub const COLUMNS: &[Column] = &[
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
        "First day as a member without a break, in whatever country and type",
    ),
    Column::new("term_end", Kind::Day, "Last day of the running term").optional(),
    Column::new("membership", Kind::Text, "Id of the membership"),
];

row_of!(
    /// A member on the day.
    RegisterRow as "RegisterRow", COLUMNS
);

/// A place in the register: country, type and membership.
pub type Place = (String, String, i64);

/// What the register is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The day.
    pub day: NaiveDate,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
    /// Only these states.
    pub states: Vec<&'static str>,
}

impl Asked {
    /// All members on a day.
    #[must_use]
    pub fn all(day: NaiveDate, known: Known, filters: Filters) -> Self {
        Self {
            day,
            known,
            filters,
            states: STATES.to_vec(),
        }
    }
}

/// Members behind a place, in order.
pub fn walk(
    conn: &mut Conn,
    asked: &Asked,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    let mut found: Vec<IntervalRow> = Vec::new();
    let key = |(country, kind): (&str, &str)| {
        (
            asked.filters.countries.iter().position(|c| c == country),
            asked.filters.types.iter().position(|t| *t == kind),
        )
    };
    let from = match after {
        None => None,
        Some((country, kind, membership)) => match key((country, kind)) {
            (Some(country), Some(kind)) => Some(((Some(country), Some(kind)), *membership)),
            _ => return Err(pages::bad_cursor()),
        },
    };
    for pair in asked.filters.pairs() {
        let behind = match from {
            Some((place, _)) if key(pair) < place => continue,
            Some((place, membership)) if key(pair) == place => membership,
            _ => i64::MIN,
        };
        let rest = limit - i64::try_from(found.len()).unwrap_or(i64::MAX);
        if rest <= 0 {
            break;
        }
        found.extend(of_pair(conn, asked, pair, behind, rest)?);
    }
    Ok(found)
}

fn of_pair(
    conn: &mut Conn,
    asked: &Asked,
    (country, kind): (&str, &str),
    after: i64,
    limit: i64,
) -> Result<Vec<IntervalRow>, Error> {
    let wanted = Wanted {
        country,
        kind,
        states: &asked.states,
        day: asked.day,
        known: asked.known,
        after,
    };
    if asked.known.is_newest() {
        let (members, came) = queries::count(conn, (country, kind), asked.day)?;
        if members == 0 {
            return Ok(Vec::new());
        }
        if came <= FEW {
            return queries::first_members(conn, &wanted, limit);
        }
    }
    queries::members(conn, &wanted, limit)
}

/// The rows of the table.
pub fn cells(
    conn: &mut Conn,
    asked: &Asked,
    rows: &[IntervalRow],
) -> Result<Vec<Vec<Cell>>, Error> {
    let ids: Vec<Id> = rows.iter().map(|r| r.membership_id).collect();
    let organisations: Vec<i64> = rows.iter().map(|r| r.organisation_id).collect();
    let mut timelines = queries::intervals(conn, &ids, asked.day, asked.known)?;
    let named = queries::named(conn, &organisations, &asked.filters, asked.known)?;
    rows.iter()
        .map(|row| {
            let timeline = timelines.remove(&row.membership_id).unwrap_or_default();
            let Named { number, name, .. } = known_name(&named, row.organisation_id)?;
            let (state_since, member_since) = since(&timeline, row);
            Ok(vec![
                Cell::text(row.country.as_str()),
                Cell::text(row.membership_type.as_str()),
                Cell::text(number),
                Cell::text(name),
                Cell::text(row.state.as_str()),
                Cell::Day(state_since),
                Cell::Day(member_since),
                Cell::of(row.term_end, Cell::Day),
                Cell::text(row.membership_id.to_string()),
            ])
        })
        .collect()
}

/// The same rows, each with the event that began its state and that event's position in the journal.
pub fn cells_with_events(
    conn: &mut Conn,
    asked: &Asked,
    rows: &[IntervalRow],
) -> Result<Vec<Vec<Cell>>, Error> {
    let mut all = cells(conn, asked, rows)?;
    let causes = causes(conn, rows, asked.known)?;
    for (cells, (no, seq)) in all.iter_mut().zip(causes) {
        cells.extend([no, seq]);
    }
    Ok(all)
}

/// Number and position of the event that began each of these intervals.
pub fn causes(
    conn: &mut Conn,
    rows: &[IntervalRow],
    known: Known,
) -> Result<Vec<(Cell, Cell)>, Error> {
    let ids: Vec<Id> = rows.iter().map(|r| r.membership_id).collect();
    let causes = Causes::of(conn, &ids, known)?;
    let cause = |row: &IntervalRow| {
        let which = (row.membership_id, row.cause_no);
        causes.cells(which, row.from_day, of_state(&row.state))
    };
    Ok(rows.iter().map(cause).collect())
}

/// The name of an organisation that a row names.
pub fn known_name(named: &HashMap<i64, Named>, id: i64) -> Result<&Named, Error> {
    named
        .get(&id)
        .ok_or_else(|| Error::internal("a membership without its organisation"))
}

/// The first day of a row's state, and the first day as a member without a break.
fn since(timeline: &[IntervalRow], row: &IntervalRow) -> (NaiveDate, NaiveDate) {
    let mut state = row.from_day;
    let mut member = row.from_day;
    let earlier = timeline.iter().rev().filter(|i| i.from_day < row.from_day);
    for interval in earlier {
        if interval.to_day != Some(member) || !STATES.contains(&interval.state.as_str()) {
            break;
        }
        if state == member && interval.state == row.state {
            state = interval.from_day;
        }
        member = interval.from_day;
    }
    (state, member)
}

/// A place as texts.
#[must_use]
pub fn key(row: &IntervalRow) -> Key {
    vec![
        row.country.clone(),
        row.membership_type.clone(),
        row.membership_id.0.to_string(),
    ]
}

/// The place of a key.
///
/// # Errors
///
/// Texts that are no place.
pub fn place_of(key: &Key) -> Result<Place, Error> {
    let [country, kind, id] = key.as_slice() else {
        return Err(pages::bad_cursor());
    };
    let id = id.parse().map_err(|_| pages::bad_cursor())?;
    Ok((country.clone(), kind.clone(), id))
}

/// A place as a question tells it.
pub fn told((country, kind, id): &Place) -> Value {
    serde_json::json!({"country": country, "type": kind, "membership": Id(*id).to_string()})
}

impl List for Asked {
    const KEY: usize = 3;

    fn held(&self) -> Held {
        Held {
            day: self.day,
            seq: self.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let after = after.map(place_of).transpose()?;
        let rows = walk(conn, self, after.as_ref(), limit)?;
        let cells = cells(conn, self, &rows)?;
        let line = |(row, cells): (&IntervalRow, Vec<Cell>)| Line {
            key: key(row),
            cells,
        };
        Ok(rows.iter().zip(cells).map(line).collect())
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        Ok(told(&place_of(key)?))
    }

    fn report(&self) -> Report {
        let mut question = Map::new();
        question.insert("as_of".to_owned(), Value::from(self.day.to_string()));
        question.insert("known_seq".to_owned(), Value::from(self.known.seq));
        self.filters.tell(&mut question);
        Report {
            name: "register",
            title: "Register of members",
            definition: DEFINITION,
            question,
            filters: format!(
                "members on {}, as known at position {} of the journal; {}",
                self.day,
                self.known.seq,
                self.filters.words()
            ),
            tables: vec![Table {
                code: "members",
                title: "Members",
                columns: COLUMNS,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }
}
