//! The roll-forward: how the numbers of members moved in a period, per country and type.
//!
//! The closing is computed from the opening and from who came and went, and must be the number of members that is counted
//! on the last day. A report that does not balance is never shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::chart::{self, Chart, Form, Series, Tone};
use super::periods;
use super::queries::{self, Pair, STATES, Sums};
use super::question::{Filters, Known, Period};
use super::report::Report;
use super::restatement;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::memberships::ledger::FlowKind;

/// Counts up when the same question gets another answer.
/// 2: a table by country.
pub const DEFINITION: u32 = 2;

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country"),
    Column::new("type", Kind::Text, "Type of membership"),
    Column::new(
        "opening",
        Kind::Integer,
        "Members at the end of the day before the period",
    ),
    Column::new("opening_active", Kind::Integer, "of which active"),
    Column::new("opening_grace", Kind::Integer, "of which in grace"),
    Column::new("opening_suspended", Kind::Integer, "of which suspended"),
    Column::new("joined", Kind::Integer, "+ admitted"),
    Column::new("reinstated", Kind::Integer, "+ taken back"),
    Column::new(
        "transferred_in",
        Kind::Integer,
        "+ came from another country",
    ),
    Column::new("changed_in", Kind::Integer, "+ came from another type"),
    Column::new("withdrawn", Kind::Integer, "− left by their letter"),
    Column::new("lapsed", Kind::Integer, "− lapsed"),
    Column::new("expelled", Kind::Integer, "− excluded"),
    Column::new("dissolved", Kind::Integer, "− dissolved"),
    Column::new("merged", Kind::Integer, "− merged into another"),
    Column::new(
        "transferred_out",
        Kind::Integer,
        "− went to another country",
    ),
    Column::new("changed_out", Kind::Integer, "− went to another type"),
    Column::new(
        "closing",
        Kind::Integer,
        "Members at the end of the last day",
    ),
    Column::new("closing_active", Kind::Integer, "of which active"),
    Column::new("closing_grace", Kind::Integer, "of which in grace"),
    Column::new("closing_suspended", Kind::Integer, "of which suspended"),
];

row_of!(
    /// How the number of members of a country and type moved.
    RollForwardRow as "RollForwardRow", COLUMNS
);

/// The columns by country: the figures without the type.
#[expect(
    clippy::indexing_slicing,
    reason = "looked at by the compiler: a place that is none does not compile"
)]
pub const BY_COUNTRY: &[Column] = &{
    let mut columns = [COLUMNS[0]; COLUMNS.len() - 1];
    let mut at = 1;
    while at < columns.len() {
        columns[at] = COLUMNS[at + 1];
        at += 1;
    }
    columns
};

row_of!(
    /// How the number of members of a country moved, whatever their type.
    RollForwardByCountry as "RollForwardByCountry", BY_COUNTRY
);

/// The columns of the totals: the figures without country and type.
pub fn totals_columns() -> &'static [Column] {
    COLUMNS.get(2..).unwrap_or(COLUMNS)
}

row_of!(
    /// How the number of members moved in all.
    RollForwardTotals as "RollForwardTotals", totals_columns()
);

/// The figures of one country and type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Members before the period, by state.
    pub opening: [i64; 3],
    /// Who came and went, in the order of [`FlowKind::ALL`].
    pub flows: [i64; 11],
    /// Members at its end, by state.
    pub closing: [i64; 3],
}

impl Figures {
    /// Members before the period.
    #[must_use]
    pub fn opened(&self) -> i64 {
        self.opening.iter().sum()
    }

    /// The opening, and who came and went.
    #[must_use]
    pub fn closed(&self) -> i64 {
        let signs = FlowKind::ALL.map(|kind| i64::from(kind.sign()));
        let moved: i64 = self.flows.iter().zip(signs).map(|(n, sign)| n * sign).sum();
        self.opened() + moved
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [i64], from: &[i64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.opening, &other.opening);
        add(&mut self.flows, &other.flows);
        add(&mut self.closing, &other.closing);
    }

    fn of_kind(&self, kind: FlowKind) -> i64 {
        let place = FlowKind::ALL.iter().position(|k| *k == kind);
        place.and_then(|n| self.flows.get(n)).copied().unwrap_or(0)
    }

    fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![Cell::Integer(self.opened())];
        cells.extend(self.opening.map(Cell::Integer));
        cells.extend(self.flows.map(Cell::Integer));
        cells.push(Cell::Integer(self.closed()));
        cells.extend(self.closing.map(Cell::Integer));
        cells
    }
}

/// The figures of every country and type that has any, checked.
///
/// # Errors
///
/// Figures that do not balance, or of which any is negative: the stored sums are wrong, and no report is better than a wrong
/// one.
pub fn figures(sums: &Sums, narrowed: bool) -> Result<BTreeMap<Pair, Figures>, Error> {
    let mut found: BTreeMap<Pair, Figures> = BTreeMap::new();
    for ((country, kind, measure), (before, through)) in sums {
        let figures = found.entry((country.clone(), kind.clone())).or_default();
        let state = STATES.iter().position(|s| s == measure);
        let flow = FlowKind::ALL.iter().position(|k| k.as_str() == measure);
        if let Some(n) = state {
            set(&mut figures.opening, n, *before);
            set(&mut figures.closing, n, *through);
        } else if let Some(n) = flow {
            set(&mut figures.flows, n, *through);
        }
    }
    found.retain(|_, figures| *figures != Figures::default());
    for ((country, kind), figures) in &found {
        balanced(figures).map_err(|why| wrong(&format!("{country} {kind}: {why}")))?;
    }
    if !narrowed {
        let all = total(&found);
        for (into, out) in [
            (FlowKind::TransferredIn, FlowKind::TransferredOut),
            (FlowKind::ChangedIn, FlowKind::ChangedOut),
        ] {
            if all.of_kind(into) != all.of_kind(out) {
                return Err(wrong(&format!(
                    "{} and {} differ over all",
                    into.as_str(),
                    out.as_str()
                )));
            }
        }
    }
    Ok(found)
}

fn set(numbers: &mut [i64], place: usize, value: i64) {
    if let Some(slot) = numbers.get_mut(place) {
        *slot = value;
    }
}

fn balanced(figures: &Figures) -> Result<(), String> {
    let counted: i64 = figures.closing.iter().sum();
    let computed = figures.closed();
    if counted != computed {
        return Err(format!(
            "{counted} members are counted, but {computed} follow from the opening and who came and went"
        ));
    }
    let mut all = figures
        .opening
        .iter()
        .chain(&figures.flows)
        .chain(&figures.closing);
    if all.any(|n| *n < 0) {
        return Err("a number is negative".to_owned());
    }
    Ok(())
}

#[track_caller]
fn wrong(text: &str) -> Error {
    Error::internal(format!(
        "the roll-forward does not balance: {text}; run journal verify"
    ))
}

/// All of them together.
#[must_use]
pub fn total(figures: &BTreeMap<Pair, Figures>) -> Figures {
    let mut all = Figures::default();
    for one in figures.values() {
        all.add(one);
    }
    all
}

/// What the roll-forward is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The days.
    pub period: Period,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
    /// The position of an earlier report, whose closing is to be explained.
    pub previous: Option<i64>,
    /// The closed period whose report that is, where nobody named another: its number and id.
    pub closed: Option<(i32, Id)>,
}

impl Asked {
    /// A period as it is known at a position. Without `previous`, and where the day before was the last of a closed period, what
    /// that closing froze is what the opening is compared with.
    pub fn of(
        conn: &mut Conn,
        period: Period,
        known: Known,
        filters: Filters,
        previous: Option<i64>,
    ) -> Result<Self, Error> {
        let closed = match previous {
            Some(_) => None,
            None => periods::queries::ending_on(conn, period.before, known.seq)?,
        };
        Ok(Self {
            period,
            known,
            filters,
            previous: previous.or(closed.as_ref().map(|row| row.known_seq)),
            closed: closed.map(|row| (row.no, Id(row.id))),
        })
    }
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let Asked {
        period,
        known,
        filters,
        ..
    } = asked;
    let sums = queries::sums(conn, filters, *period, *known)?;
    let figures = figures(&sums, filters.narrowed())?;
    let mut by_country: BTreeMap<&str, Figures> = BTreeMap::new();
    for ((country, _), one) in &figures {
        by_country.entry(country).or_default().add(one);
    }
    let mut tables = vec![
        Table {
            code: "figures",
            title: "Members per country and type",
            columns: COLUMNS,
            rows: figures
                .iter()
                .map(|((country, kind), figures)| {
                    let mut row = vec![Cell::text(country.as_str()), Cell::text(kind.as_str())];
                    row.extend(figures.cells());
                    row
                })
                .collect(),
            notes: if filters.narrowed() {
                vec![
                    "Transfers and changes of type net to zero only over all countries and types."
                        .to_owned(),
                ]
            } else {
                Vec::new()
            },
        },
        Table {
            code: "by_country",
            title: "Members per country",
            columns: BY_COUNTRY,
            rows: by_country
                .iter()
                .map(|(country, figures)| {
                    let mut row = vec![Cell::text(*country)];
                    row.extend(figures.cells());
                    row
                })
                .collect(),
            notes: Vec::new(),
        },
        Table {
            code: "totals",
            title: "Members in all",
            columns: totals_columns(),
            rows: vec![total(&figures).cells()],
            notes: Vec::new(),
        },
    ];
    if let Some(previous) = asked.previous {
        let earlier = Known {
            seq: previous,
            head: known.head,
        };
        tables.extend(restatement::tables(conn, asked, earlier, &figures)?);
    }
    Ok(Report {
        name: "roll-forward",
        title: "Roll-forward of members",
        definition: DEFINITION,
        question: question(asked),
        filters: words(asked),
        tables,
        beside: Vec::new(),
        charts: charts(&figures),
    })
}

/// Who came and went in all, and the closing by country.
fn charts(figures: &BTreeMap<Pair, Figures>) -> Vec<Chart> {
    let all = total(figures);
    let flows = FlowKind::ALL.into_iter().zip(all.flows);
    let label = |kind: FlowKind| kind.as_str().replace('_', " ");
    let mut by_country: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
    for ((country, _), one) in figures {
        let sums = by_country.entry(country).or_default();
        sums.iter_mut()
            .zip(one.closing)
            .for_each(|(sum, n)| *sum += n);
    }
    vec![
        Chart {
            title: "Who came and who went".to_owned(),
            form: Form::Flows,
            series: vec![Series {
                label: "memberships",
                tone: Tone::Green,
            }],
            points: flows
                .map(|(kind, n)| (label(kind), vec![n * i64::from(kind.sign())]))
                .collect(),
            share: false,
        },
        Chart {
            title: "Members at the end, by country".to_owned(),
            form: Form::Bars,
            series: chart::STATES.to_vec(),
            points: by_country
                .into_iter()
                .map(|(country, sums)| (country.to_owned(), sums.to_vec()))
                .collect(),
            share: false,
        },
    ]
}

fn question(asked: &Asked) -> Map<String, Value> {
    let mut question = Map::new();
    asked.period.tell(&mut question);
    question.insert("known_seq".to_owned(), Value::from(asked.known.seq));
    question.insert("previous_known_seq".to_owned(), Value::from(asked.previous));
    if let Some((_, id)) = asked.closed {
        question.insert("previous_period".to_owned(), Value::from(id.to_string()));
    }
    asked.filters.tell(&mut question);
    question
}

fn words(asked: &Asked) -> String {
    let Period { from, to, .. } = asked.period;
    let previous = asked.previous.map_or_else(String::new, |seq| {
        let closed = asked.closed.map_or_else(String::new, |(no, _)| {
            format!(", when the period before was closed as number {no}")
        });
        format!("; compared with what was known at position {seq}{closed}")
    });
    format!(
        "{from} to {to}, as known at position {} of the journal{previous}; {}",
        asked.known.seq,
        asked.filters.words()
    )
}

#[cfg(test)]
mod tests {
    use super::{Sums, figures};

    fn sums(rows: &[(&str, &str, &str, i64, i64)]) -> Sums {
        let row = |(country, kind, measure, before, through): &(&str, &str, &str, i64, i64)| {
            let key = (
                (*country).to_owned(),
                (*kind).to_owned(),
                (*measure).to_owned(),
            );
            (key, (*before, *through))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn figures_that_do_not_balance_are_never_shown() {
        let good = [
            ("KZ", "full", "active", 2, 3),
            ("KZ", "full", "joined", 0, 1),
        ];
        assert!(figures(&sums(&good), false).is_ok());
        let one_too_many = [
            ("KZ", "full", "active", 2, 4),
            ("KZ", "full", "joined", 0, 1),
        ];
        assert!(figures(&sums(&one_too_many), false).is_err());
        let negative = [
            ("KZ", "full", "active", -1, 0),
            ("KZ", "full", "joined", 0, 1),
        ];
        assert!(figures(&sums(&negative), false).is_err());
    }

    #[test]
    fn transfers_net_to_zero_over_all_but_not_in_a_part() {
        let half = [
            ("KZ", "full", "active", 1, 0),
            ("KZ", "full", "transferred_out", 0, 1),
        ];
        assert!(figures(&sums(&half), false).is_err());
        assert!(figures(&sums(&half), true).is_ok());
    }
}
