//! Why an opening is not the closing that an earlier report gave: one line for each membership of which something else is
//! known of the days before the period.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::queries::{self, EventName, Pair, STATES};
use super::question::{Known, Period};
use super::register::known_name;
use super::roll_forward::{Asked, Figures};
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::memberships::rows::IntervalRow;

/// Memberships that are looked at together.
const AT_ONCE: usize = 500;

/// The columns of the lines.
pub const COLUMNS: &[Column] = &[
    Column::new("membership", Kind::Text, "Id of the membership"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal",
    ),
    Column::new(
        "was_country",
        Kind::Text,
        "Country under which it was counted in the earlier closing",
    )
    .optional(),
    Column::new(
        "was_type",
        Kind::Text,
        "Type under which it was counted in the earlier closing",
    )
    .optional(),
    Column::new("was_state", Kind::Text, "State in the earlier closing").optional(),
    Column::new(
        "is_country",
        Kind::Text,
        "Country under which it is counted in the opening",
    )
    .optional(),
    Column::new(
        "is_type",
        Kind::Text,
        "Type under which it is counted in the opening",
    )
    .optional(),
    Column::new("is_state", Kind::Text, "State in the opening").optional(),
    Column::new(
        "said",
        Kind::Texts,
        "Days as a member before the period, as known then",
    ),
    Column::new(
        "says",
        Kind::Texts,
        "Days as a member before the period, as known now",
    ),
    Column::new(
        "events",
        Kind::Texts,
        "What was recorded in between: event number, kind and position of the journal",
    ),
];

row_of!(
    /// A membership of which something else is known of the days before the period.
    RestatementRow as "RestatementRow", COLUMNS
);

/// The columns of the earlier closing.
pub const CLOSING: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership"),
    Column::new(
        "closing",
        Kind::Integer,
        "Members at the end of the day before the period, as known at the earlier position",
    ),
    Column::new("left", Kind::Integer, "− lines that were counted here"),
    Column::new("entered", Kind::Integer, "+ lines that are counted here"),
    Column::new(
        "opening",
        Kind::Integer,
        "Members at the end of that day as known at this report's position",
    ),
];

row_of!(
    /// How the earlier closing of a country and type becomes the opening.
    PreviousClosingRow as "PreviousClosingRow", CLOSING
);

/// A stretch of days as a member in one state, country and type; `to` is its last day.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spell {
    from: NaiveDate,
    to: Option<NaiveDate>,
    state: String,
    pair: Pair,
}

impl Spell {
    fn words(&self) -> String {
        let to = self
            .to
            .map_or_else(|| "…".to_owned(), |day| day.to_string());
        let (country, kind) = &self.pair;
        format!("{} to {to} {} {country} {kind}", self.from, self.state)
    }
}

/// Days as a member before a period: what follows on and says the same is one spell; what goes on into the period has no end.
fn spells(rows: &[IntervalRow], period: Period) -> Vec<Spell> {
    let mut found: Vec<Spell> = Vec::new();
    for row in rows.iter().filter(|r| STATES.contains(&r.state.as_str())) {
        let to = row
            .to_day
            .filter(|day| *day <= period.before)
            .and_then(|day| day.pred_opt());
        let pair = (row.country.clone(), row.membership_type.clone());
        match found.last_mut() {
            Some(last)
                if last.to.and_then(|d| d.succ_opt()) == Some(row.from_day)
                    && (&last.state, &last.pair) == (&row.state, &pair) =>
            {
                last.to = to;
            }
            _ => found.push(Spell {
                from: row.from_day,
                to,
                state: row.state.clone(),
                pair,
            }),
        }
    }
    found
}

/// A line before it is put into words.
struct Line {
    membership: Id,
    organisation: i64,
    said: Vec<Spell>,
    says: Vec<Spell>,
}

impl Line {
    fn counted(spells: &[Spell]) -> Option<&Spell> {
        spells.last().filter(|spell| spell.to.is_none())
    }
}

/// The earlier closing with its way to the opening, and the lines that explain it.
///
/// # Errors
///
/// Lines that do not explain the difference: no report is better than a wrong one.
pub fn tables(
    conn: &mut Conn,
    asked: &Asked,
    earlier: Known,
    figures: &BTreeMap<Pair, Figures>,
) -> Result<Vec<Table>, Error> {
    let lines = lines(conn, asked, earlier)?;
    let closing = closing(conn, asked, earlier, figures, &lines)?;
    let rows = worded(conn, asked, earlier, &lines)?;
    let notes = vec!["Only what differs about days before the period has a line; what holds since then is in the figures.".to_owned()];
    Ok(vec![
        Table {
            code: "previous_closing",
            title: "The earlier closing, restated",
            columns: CLOSING,
            rows: closing,
            notes: Vec::new(),
        },
        Table {
            code: "restatement",
            title: "Restated memberships",
            columns: COLUMNS,
            rows,
            notes,
        },
    ])
}

fn lines(conn: &mut Conn, asked: &Asked, earlier: Known) -> Result<Vec<Line>, Error> {
    let Period { from, before, .. } = asked.period;
    let touched = queries::restated(conn, from, earlier.seq, asked.known)?;
    let mut lines = Vec::new();
    for ids in touched.chunks(AT_ONCE) {
        let [mut then, mut now] =
            queries::intervals_twice(conn, ids, before, [earlier, asked.known])?;
        for id in ids {
            let (then, now) = (
                then.remove(id).unwrap_or_default(),
                now.remove(id).unwrap_or_default(),
            );
            let (said, says) = (spells(&then, asked.period), spells(&now, asked.period));
            let organisation = then.first().or(now.first()).map(|row| row.organisation_id);
            let shown = said
                .iter()
                .chain(&says)
                .any(|s| asked.filters.takes(&s.pair.0, &s.pair.1));
            if let Some(organisation) = organisation.filter(|_| said != says && shown) {
                lines.push(Line {
                    membership: *id,
                    organisation,
                    said,
                    says,
                });
            }
        }
    }
    Ok(lines)
}

fn closing(
    conn: &mut Conn,
    asked: &Asked,
    earlier: Known,
    figures: &BTreeMap<Pair, Figures>,
    lines: &[Line],
) -> Result<Vec<Vec<Cell>>, Error> {
    let day = Period {
        to: asked.period.before,
        ..asked.period
    };
    let then = queries::sums(conn, &asked.filters, day, earlier)?;
    let mut rows: BTreeMap<Pair, [i64; 3]> = BTreeMap::new();
    for ((country, kind, measure), (_, through)) in then {
        if STATES.contains(&measure.as_str()) {
            rows.entry((country, kind)).or_default()[0] += through;
        }
    }
    for pair in figures.keys() {
        rows.entry(pair.clone()).or_default();
    }
    for line in lines {
        let (was, is) = (Line::counted(&line.said), Line::counted(&line.says));
        let same = was.map(|s| &s.pair) == is.map(|s| &s.pair);
        let takes = |s: &&Spell| !same && asked.filters.takes(&s.pair.0, &s.pair.1);
        if let Some(spell) = was.filter(takes) {
            rows.entry(spell.pair.clone()).or_default()[1] += 1;
        }
        if let Some(spell) = is.filter(takes) {
            rows.entry(spell.pair.clone()).or_default()[2] += 1;
        }
    }
    rows.retain(|pair, numbers| {
        numbers.iter().any(|n| *n != 0) || figures.get(pair).is_some_and(|f| f.opened() != 0)
    });
    rows.into_iter()
        .map(|((country, kind), [closing, left, entered])| {
            let opening = figures.get(&(country.clone(), kind.clone())).map_or(0, Figures::opened);
            if closing - left + entered != opening {
                return Err(Error::internal(format!(
                    "the restatement of {country} {kind} does not explain the opening: {closing} − {left} + {entered} is not {opening}; run journal verify"
                )));
            }
            let mut row = vec![Cell::Text(country), Cell::Text(kind)];
            row.extend([closing, left, entered, opening].map(Cell::Integer));
            Ok(row)
        })
        .collect()
}

fn worded(
    conn: &mut Conn,
    asked: &Asked,
    earlier: Known,
    lines: &[Line],
) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = Vec::new();
    for lines in lines.chunks(AT_ONCE) {
        let ids: Vec<Id> = lines.iter().map(|l| l.membership).collect();
        let organisations: Vec<i64> = lines.iter().map(|l| l.organisation).collect();
        let named = queries::named(conn, &organisations, &asked.filters, asked.known)?;
        let mut events: HashMap<Id, Vec<EventName>> = HashMap::new();
        for event in queries::events(conn, &ids, (earlier.seq, asked.known.seq))? {
            events.entry(event.membership_id).or_default().push(event);
        }
        for line in lines {
            let name = known_name(&named, line.organisation)?;
            let recorded = events.remove(&line.membership).unwrap_or_default();
            let mut row = vec![
                Cell::text(line.membership.to_string()),
                Cell::text(name.number.as_str()),
                Cell::text(name.name.as_str()),
            ];
            for spells in [&line.said, &line.says] {
                let spell = Line::counted(spells);
                row.push(Cell::of(spell, |s| Cell::text(s.pair.0.as_str())));
                row.push(Cell::of(spell, |s| Cell::text(s.pair.1.as_str())));
                row.push(Cell::of(spell, |s| Cell::text(s.state.as_str())));
            }
            row.push(Cell::Texts(line.said.iter().map(Spell::words).collect()));
            row.push(Cell::Texts(line.says.iter().map(Spell::words).collect()));
            let event = |e: &EventName| format!("{} {} {}", e.no, e.kind, e.seq);
            row.push(Cell::Texts(recorded.iter().map(event).collect()));
            rows.push(row);
        }
    }
    Ok(rows)
}
