//! Who is behind a figure of the roll-forward.

use serde_json::{Map, Value};

use super::causes::{Causes, of_flow, of_state};
use super::list::{Held, Key, Line, List};
use super::queries::{self, FlowPlace, STATES};
use super::question::{Filters, Known, Period};
use super::register::{self, Place, known_name};
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::http::words::schema_words;
use crate::memberships::ledger::FlowKind;

/// Counts up when the same question gets another answer. 2: where the calendar turned, the event that its recorder wrote.
pub const DEFINITION: u32 = 2;

/// The columns of the list.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership"),
    Column::new(
        "on",
        Kind::Day,
        "The day on which the member came or went; for openings and closings the first day of what holds",
    ),
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
        "Number of the event behind it; null where the calendar turned, and nothing was recorded of it yet",
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
    /// A membership behind a figure.
    RollForwardMember as "RollForwardMember", COLUMNS
);

/// The figures that have memberships behind them.
pub const FIGURES: [&str; 19] = [
    "opening",
    "opening_active",
    "opening_grace",
    "opening_suspended",
    "joined",
    "reinstated",
    "transferred_in",
    "changed_in",
    "withdrawn",
    "lapsed",
    "expelled",
    "dissolved",
    "merged",
    "transferred_out",
    "changed_out",
    "closing",
    "closing_active",
    "closing_grace",
    "closing_suspended",
];

schema_words!(
    /// A figure of the roll-forward.
    FigureWord as "RollForwardFigure", FIGURES
);

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Those who came or went.
    Flow(FlowKind),
    /// Members before the period, in one state or in any.
    Opening(Option<&'static str>),
    /// Members at its end, in one state or in any.
    Closing(Option<&'static str>),
}

impl Figure {
    /// Reads a figure's word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let state = |text: &str| STATES.into_iter().find(|s| *s == text);
        if let Some(kind) = FlowKind::from_code(code) {
            return Some(Self::Flow(kind));
        }
        match code.split_once('_') {
            None if code == "opening" => Some(Self::Opening(None)),
            None if code == "closing" => Some(Self::Closing(None)),
            Some(("opening", text)) => state(text).map(|s| Self::Opening(Some(s))),
            Some(("closing", text)) => state(text).map(|s| Self::Closing(Some(s))),
            _ => None,
        }
    }
}

/// What the list is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The figure.
    pub figure: Figure,
    /// Its word.
    pub word: String,
    /// The days.
    pub period: Period,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Behind somebody who came or went.
    Flow(FlowPlace),
    /// Behind a member.
    Member(Place),
}

/// A row before it is put into words.
struct Found {
    place: From,
    organisation: i64,
    membership: Id,
    cause_no: Option<i32>,
    /// What the calendar's recorder may have written of it.
    turns: &'static [&'static str],
    country: String,
    membership_type: String,
    on: chrono::NaiveDate,
}

fn find(
    conn: &mut Conn,
    asked: &Asked,
    after: Option<&From>,
    limit: i64,
) -> Result<Vec<Found>, Error> {
    let (state, day) = match asked.figure {
        Figure::Flow(kind) => return flows(conn, asked, kind, after, limit),
        Figure::Opening(state) => (state, asked.period.before),
        Figure::Closing(state) => (state, asked.period.to),
    };
    let register = register::Asked {
        day,
        known: asked.known,
        filters: asked.filters.clone(),
        states: state.map_or_else(|| STATES.to_vec(), |s| vec![s]),
    };
    let after = match after {
        None => None,
        Some(From::Member(place)) => Some(place),
        Some(From::Flow(_)) => return Err(crate::http::pages::bad_cursor()),
    };
    let rows = register::walk(conn, &register, after, limit)?;
    let found = |row: crate::memberships::rows::IntervalRow| Found {
        place: From::Member((
            row.country.clone(),
            row.membership_type.clone(),
            row.membership_id.0,
        )),
        organisation: row.organisation_id,
        membership: row.membership_id,
        cause_no: row.cause_no,
        turns: of_state(&row.state),
        on: row.from_day,
        country: row.country,
        membership_type: row.membership_type,
    };
    Ok(rows.into_iter().map(found).collect())
}

fn flows(
    conn: &mut Conn,
    asked: &Asked,
    kind: FlowKind,
    after: Option<&From>,
    limit: i64,
) -> Result<Vec<Found>, Error> {
    let after = match after {
        None => None,
        Some(From::Flow(place)) => Some(*place),
        Some(From::Member(_)) => return Err(crate::http::pages::bad_cursor()),
    };
    let rows = queries::flows(
        conn,
        kind,
        &asked.filters,
        asked.period,
        asked.known,
        after,
        limit,
    )?;
    let found = |row: crate::memberships::rows::FlowRow| Found {
        place: From::Flow((row.on_day, row.membership_id.0, row.no)),
        organisation: row.organisation_id,
        membership: row.membership_id,
        cause_no: row.cause_no,
        turns: of_flow(kind),
        on: row.on_day,
        country: row.country,
        membership_type: row.membership_type,
    };
    Ok(rows.into_iter().map(found).collect())
}

fn cells(conn: &mut Conn, asked: &Asked, found: &[Found]) -> Result<Vec<Vec<Cell>>, Error> {
    let ids: Vec<Id> = found.iter().map(|f| f.membership).collect();
    let organisations: Vec<i64> = found.iter().map(|f| f.organisation).collect();
    let named = queries::named(conn, &organisations, &asked.filters, asked.known)?;
    let causes = Causes::of(conn, &ids, asked.known)?;
    found
        .iter()
        .map(|f| {
            let name = known_name(&named, f.organisation)?;
            let (no, seq) = causes.cells((f.membership, f.cause_no), f.on, f.turns);
            Ok(vec![
                Cell::text(f.country.as_str()),
                Cell::text(f.membership_type.as_str()),
                Cell::Day(f.on),
                Cell::text(name.number.as_str()),
                Cell::text(name.name.as_str()),
                Cell::text(f.membership.to_string()),
                no,
                seq,
            ])
        })
        .collect()
}

impl Asked {
    fn from(&self, key: &Key) -> Result<From, Error> {
        if !matches!(self.figure, Figure::Flow(_)) {
            return Ok(From::Member(register::place_of(key)?));
        }
        let place = match key.as_slice() {
            [day, id, no] => crate::http::day::parse(day)
                .zip(id.parse().ok())
                .zip(no.parse().ok())
                .map(|((day, id), no)| From::Flow((day, id, no))),
            _ => None,
        };
        place.ok_or_else(crate::http::pages::bad_cursor)
    }
}

impl List for Asked {
    const KEY: usize = 3;

    fn held(&self) -> Held {
        Held {
            day: self.period.to,
            seq: self.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let after = after.map(|key| self.from(key)).transpose()?;
        let found = find(conn, self, after.as_ref(), limit)?;
        let cells = cells(conn, self, &found)?;
        let key = |place: &From| match place {
            From::Flow((day, id, no)) => vec![day.to_string(), id.to_string(), no.to_string()],
            From::Member((country, kind, id)) => {
                vec![country.clone(), kind.clone(), id.to_string()]
            }
        };
        let line = |(found, cells): (&Found, Vec<Cell>)| Line {
            key: key(&found.place),
            cells,
        };
        Ok(found.iter().zip(cells).map(line).collect())
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        Ok(match self.from(key)? {
            From::Flow((day, id, no)) => {
                serde_json::json!({"on": day.to_string(), "membership": Id(id).to_string(), "no": no})
            }
            From::Member(place) => register::told(&place),
        })
    }

    fn report(&self) -> Report {
        let mut question = Map::new();
        question.insert("column".to_owned(), Value::from(self.word.as_str()));
        self.period.tell(&mut question);
        question.insert("known_seq".to_owned(), Value::from(self.known.seq));
        self.filters.tell(&mut question);
        let Period { from, to, .. } = self.period;
        Report {
            name: "roll-forward-members",
            title: "Behind a figure of the roll-forward",
            definition: DEFINITION,
            question,
            filters: format!(
                "behind {} of the roll-forward {from} to {to}, as known at position {} of the journal; {}",
                self.word,
                self.known.seq,
                self.filters.words()
            ),
            tables: vec![Table {
                code: "members",
                title: "Memberships behind the figure",
                columns: COLUMNS,
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
    use super::super::roll_forward;
    use super::{FIGURES, Figure};

    #[test]
    fn every_figure_of_the_roll_forward_has_memberships_behind_it() {
        let columns: Vec<&str> = roll_forward::totals_columns()
            .iter()
            .map(|c| c.code)
            .collect();
        assert_eq!(columns, FIGURES);
        for code in FIGURES {
            assert!(Figure::from_code(code).is_some(), "{code}");
        }
        for code in ["country", "opening_lapsed", "closing_", ""] {
            assert_eq!(Figure::from_code(code), None);
        }
    }
}
