//! Sample: members of a day drawn by a seed. Nobody can choose who is drawn, and everybody can draw again.
//!
//! Each member gets the number SHA-256(seed ‖ ":" ‖ membership id), both as UTF-8; the members with the smallest numbers are
//! the sample, in that order. So the same seed and question draw the same for ever, and a larger sample holds the smaller.

use std::collections::BinaryHeap;

use chrono::NaiveDate;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::queries::{self, on_day};
use super::question::{Filters, Known};
use super::register;
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::memberships::rows::IntervalRow;

/// Counts up when the same question gets another answer. 2: where the calendar turned, the event that its recorder wrote.
pub const DEFINITION: u32 = 2;

/// The usual size.
pub const USUAL: u32 = 25;
/// The largest sample.
pub const MOST: u32 = 1_000;

/// The columns of the sample.
pub const COLUMNS: &[Column] = &[
    Column::new("place", Kind::Integer, "Place in the sample, from 1"),
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
    Column::new(
        "drawn_by",
        Kind::Text,
        "SHA-256 of seed, colon and membership id, hex: the sample is ordered by it",
    ),
];

row_of!(
    /// A member that was drawn.
    SampleRow as "SampleRow", COLUMNS
);

/// The columns of what was drawn from.
pub const TOTALS: &[Column] = &[
    Column::new(
        "population",
        Kind::Integer,
        "Members on that day, from which was drawn",
    ),
    Column::new("drawn", Kind::Integer, "Members drawn"),
];

row_of!(
    /// From how many was drawn.
    SampleTotals as "SampleTotals", TOTALS
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
    /// The seed.
    pub seed: String,
    /// How many are drawn at most.
    pub size: u32,
}

/// The number by which a member is drawn.
#[must_use]
pub fn number(seed: &str, membership: Id) -> [u8; 32] {
    Sha256::digest(format!("{seed}:{membership}").as_bytes()).into()
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let size = usize::try_from(asked.size).unwrap_or(usize::MAX);
    let members = on_day::ids(conn, &asked.filters, (asked.day, asked.known))?;
    let population = i64::try_from(members.len()).map_err(Error::internal)?;
    // The largest number comes first out of the heap.
    let mut heap: BinaryHeap<([u8; 32], Id)> = BinaryHeap::new();
    for id in members {
        let number = number(&asked.seed, id);
        if heap.len() < size || heap.peek().is_some_and(|(most, _)| number < *most) {
            heap.push((number, id));
        }
        if heap.len() > size {
            heap.pop();
        }
    }
    let drawn = heap.into_sorted_vec();
    let ids: Vec<Id> = drawn.iter().map(|(_, id)| *id).collect();
    let mut timelines = queries::intervals(conn, &ids, asked.day, asked.known)?;
    let rows = ids
        .iter()
        .map(|id| {
            let held = timelines.remove(id).and_then(|mut timeline| timeline.pop());
            held.ok_or_else(|| Error::internal("a member without its state"))
        })
        .collect::<Result<Vec<IntervalRow>, Error>>()?;
    let register = register::Asked::all(asked.day, asked.known, asked.filters.clone());
    let cells = register::cells_with_events(conn, &register, &rows)?;
    let rows: Vec<Vec<Cell>> = (1i64..)
        .zip(cells)
        .zip(&drawn)
        .map(|((place, cells), (number, _))| {
            let mut row = vec![Cell::Integer(place)];
            row.extend(cells);
            row.push(Cell::text(HEXLOWER.encode(number)));
            row
        })
        .collect();
    let drawn = i64::try_from(rows.len()).map_err(Error::internal)?;
    Ok(Report {
        name: "sample",
        title: "Sample of members",
        definition: DEFINITION,
        question: question(asked),
        filters: format!(
            "{} of the members on {} by the seed “{}”, as known at position {} of the journal; {}",
            asked.size,
            asked.day,
            asked.seed,
            asked.known.seq,
            asked.filters.words()
        ),
        tables: vec![
            Table {
                code: "members",
                title: "Members that were drawn",
                columns: COLUMNS,
                rows,
                notes: vec![
                    "Drawn are the members with the smallest SHA-256 of seed, colon and membership id.".to_owned(),
                ],
            },
            Table {
                code: "totals",
                title: "From how many was drawn",
                columns: TOTALS,
                rows: vec![vec![Cell::Integer(population), Cell::Integer(drawn)]],
                notes: Vec::new(),
            },
        ],
        beside: Vec::new(),
        charts: Vec::new(),
    })
}

fn question(asked: &Asked) -> Map<String, Value> {
    let mut question = Map::new();
    question.insert("as_of".to_owned(), Value::from(asked.day.to_string()));
    question.insert("known_seq".to_owned(), Value::from(asked.known.seq));
    question.insert("seed".to_owned(), Value::from(asked.seed.as_str()));
    question.insert("size".to_owned(), Value::from(asked.size));
    asked.filters.tell(&mut question);
    question
}
