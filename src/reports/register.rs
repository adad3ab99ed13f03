//! The register: who is a member on a day, by country, type and membership.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

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
const FEW: i64 = 2_000;

/// How many members are read at once for a whole register.
const AT_ONCE: i64 = 2_000;

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

/// The place of a row.
#[must_use]
pub fn place(row: &IntervalRow) -> Place {
    (
        row.country.clone(),
        row.membership_type.clone(),
        row.membership_id.0,
    )
}

/// The whole list, read in parts.
pub fn whole(conn: &mut Conn, asked: &Asked) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = Vec::new();
    let mut after: Option<Place> = None;
    loop {
        let part = walk(conn, asked, after.as_ref(), AT_ONCE)?;
        let Some(last) = part.last() else {
            return Ok(rows);
        };
        after = Some(place(last));
        rows.extend(cells(conn, asked, &part)?);
    }
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
    let named = queries::named(conn, &organisations, asked.known)?;
    rows.iter()
        .map(|row| {
            let timeline = timelines.remove(&row.membership_id).unwrap_or_default();
            let Named { number, name } = known_name(&named, row.organisation_id)?;
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

/// The report; a page says where it begins and how long it may be.
pub fn report(asked: &Asked, rows: Vec<Vec<Cell>>, page: Option<(Option<&Place>, u32)>) -> Report {
    let mut question = Map::new();
    question.insert("as_of".to_owned(), Value::from(asked.day.to_string()));
    question.insert("known_seq".to_owned(), Value::from(asked.known.seq));
    asked.filters.tell(&mut question);
    if let Some((after, limit)) = page {
        question.insert("limit".to_owned(), Value::from(limit));
        let after = after.map(|(country, kind, id)| {
            serde_json::json!({"country": country, "type": kind, "membership": Id(*id).to_string()})
        });
        question.insert("after".to_owned(), Value::from(after));
    }
    Report {
        name: "register",
        definition: DEFINITION,
        question,
        filters: format!(
            "members on {}, as known at position {} of the journal; {}",
            asked.day,
            asked.known.seq,
            asked.filters.words()
        ),
        tables: vec![Table {
            code: "members",
            title: "Members",
            columns: COLUMNS,
            rows,
            notes: Vec::new(),
        }],
    }
}
