//! Decisions: who proposed and who decided in a period, how long it took, and what an auditor looks at twice.
//!
//! A proposal counts on the day on which it was closed. The exceptions are those of [`super::exceptions`].

use std::collections::BTreeMap;

use serde_json::Value;

use super::chart::{Chart, Form, Series, Tone};
use super::exceptions::{self, Asked};
use super::list::{AT_ONCE, Held, Key, Line, List};
use super::queries;
use super::queries::decisions::{self, Closed, OUTCOMES, Wanted};
use super::register::known_name;
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id, Instant};
use crate::http::words::schema_words;
use crate::http::{Error, pages};
use crate::memberships::acts::Act;

/// Counts up when the same question gets another answer. 2: one more kind of exception. 3: an event is an exception of every country
/// that it takes days from or gives days to. 4: what corrections say of the evidence counts. 5: all that is done to an account of the secretariat; a
/// merge tells no override again.
pub const DEFINITION: u32 = 5;

/// The same for the proposals behind a figure.
pub const LIST_DEFINITION: u32 = 3;

/// The figures that have proposals behind them.
pub const FIGURES: [&str; 7] = [
    "closed",
    "approved",
    "refused",
    "sent_back",
    "retracted",
    "fallen",
    "decided",
];

/// The acts that are proposed.
pub const ACTS: [&str; 10] = [
    Act::Recommend.name(),
    Act::Suspend.name(),
    Act::Lift.name(),
    Act::Expel.name(),
    Act::Reinstate.name(),
    Act::ChangeType.name(),
    Act::Transfer.name(),
    Act::Merge.name(),
    Act::Unmerge.name(),
    Act::Correct.name(),
];

/// How a proposal is closed by a decision.
const DECIDED: [&str; 3] = ["approved", "refused", "sent_back"];

schema_words!(
    /// A figure of the decisions.
    DecisionsFigure as "DecisionsFigure", FIGURES
);
schema_words!(
    /// An act that is proposed.
    ProposedAct as "ProposedAct", ACTS
);

const CLOSED: Column = Column::new("closed", Kind::Integer, "Proposals closed in the period");
const APPROVED: Column = Column::new("approved", Kind::Integer, "of which approved");
const REFUSED: Column = Column::new("refused", Kind::Integer, "of which refused");
const SENT_BACK: Column = Column::new("sent_back", Kind::Integer, "of which sent back");
const RETRACTED: Column = Column::new(
    "retracted",
    Kind::Integer,
    "of which taken back by the proposer",
);
const FALLEN: Column = Column::new(
    "fallen",
    Kind::Integer,
    "of which fallen, because something else had changed",
);
const MEDIAN: Column = Column::new(
    "hours_median",
    Kind::Integer,
    "Whole hours from proposal to closing: the lower median",
);
const LONGEST: Column = Column::new(
    "hours_longest",
    Kind::Integer,
    "Whole hours from proposal to closing: the longest",
);

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("country", Kind::Text, "Country when it was proposed"),
    Column::new("act", Kind::Text, "What was proposed"),
    CLOSED,
    APPROVED,
    REFUSED,
    SENT_BACK,
    RETRACTED,
    FALLEN,
    MEDIAN,
    LONGEST,
];

row_of!(
    /// Proposals of a country and act that were closed.
    DecisionsRow as "DecisionsRow", COLUMNS
);

/// The columns of the totals.
pub const TOTALS: &[Column] = &[
    CLOSED, APPROVED, REFUSED, SENT_BACK, RETRACTED, FALLEN, MEDIAN, LONGEST,
];

row_of!(
    /// All proposals that were closed.
    DecisionsTotals as "DecisionsTotals", TOTALS
);

/// The columns by country.
pub const BY_COUNTRY: &[Column] = &[
    Column::new("country", Kind::Text, "Country when it was proposed"),
    CLOSED,
    APPROVED,
    REFUSED,
    SENT_BACK,
    RETRACTED,
    FALLEN,
    MEDIAN,
    LONGEST,
];

row_of!(
    /// Proposals of a country that were closed.
    DecisionsByCountry as "DecisionsByCountry", BY_COUNTRY
);

/// The columns of the officers.
pub const OFFICERS: &[Column] = &[
    Column::new("officer", Kind::Text, "Account, as an opaque word"),
    Column::new("proposed", Kind::Integer, "Closed proposals that it made"),
    Column::new(
        "decided",
        Kind::Integer,
        "Proposals that it approved, refused or sent back",
    ),
];

row_of!(
    /// What an account proposed and decided.
    DecisionsOfficer as "DecisionsOfficer", OFFICERS
);

/// The columns of the proposals behind a figure.
pub const PROPOSALS: &[Column] = &[
    Column::new("country", Kind::Text, "Country when it was proposed"),
    Column::new(
        "type",
        Kind::Text,
        "Type of membership; null for an act on the whole organisation",
    )
    .optional(),
    Column::new("act", Kind::Text, "What was proposed"),
    Column::new("outcome", Kind::Text, "How it was closed"),
    Column::new("registry_number", Kind::Text, "Registry number"),
    Column::new(
        "name",
        Kind::Text,
        "Legal name as known at the position of the journal; null where the organisation is in another country by now and not public there",
    )
    .optional(),
    Column::new("membership", Kind::Text, "Id of the membership").optional(),
    Column::new("proposal", Kind::Text, "Id of the proposal"),
    Column::new("proposer", Kind::Text, "Who proposed it, as an opaque word"),
    Column::new("decider", Kind::Text, "Who closed it").optional(),
    Column::new("proposed_at", Kind::Text, "When it was proposed"),
    Column::new("closed_at", Kind::Text, "When it was closed").optional(),
    Column::new("hours", Kind::Integer, "Whole hours in between").optional(),
    Column::new(
        "seq",
        Kind::Integer,
        "Position in the journal of the closing",
    ),
];

row_of!(
    /// A proposal behind a figure.
    DecisionsProposal as "DecisionsProposal", PROPOSALS
);

/// What became of proposals.
#[derive(Clone, Debug, Default)]
struct Sums {
    outcomes: [i64; 5],
    hours: Vec<i64>,
}

impl Sums {
    fn add(&mut self, closed: &Closed) {
        let place = OUTCOMES.iter().position(|o| *o == closed.status);
        if let Some(slot) = place.and_then(|n| self.outcomes.get_mut(n)) {
            *slot += 1;
        }
        self.hours.extend(hours(closed));
    }

    fn cells(&mut self) -> Vec<Cell> {
        self.hours.sort_unstable();
        let middle = self.hours.len().saturating_sub(1) / 2;
        let median = self.hours.get(middle).copied().unwrap_or(0);
        let longest = self.hours.last().copied().unwrap_or(0);
        std::iter::once(self.outcomes.iter().sum())
            .chain(self.outcomes)
            .chain([median, longest])
            .map(Cell::Integer)
            .collect()
    }
}

fn hours(closed: &Closed) -> Option<i64> {
    Some((closed.decided_at? - closed.proposed_at) / 3_600_000_000)
}

/// A place among closed proposals: position and proposal.
type Place = (i64, Id);

/// Closed proposals with the types of their memberships.
type Typed = Vec<(Closed, Option<String>)>;

/// Some closed proposals behind a place, of whatever type.
fn closed(
    conn: &mut Conn,
    asked: &Asked,
    wanted: &Wanted<'_>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Closed>, Error> {
    let after = after.unwrap_or((asked.stretch.0, Id(i64::MAX)));
    let stretch = (after, asked.stretch.1);
    decisions::closed(conn, &asked.filters, wanted, stretch, limit)
}

/// Closed proposals behind a place that the report takes, with their types; and where to go on, if anywhere.
fn walk(
    conn: &mut Conn,
    asked: &Asked,
    wanted: &Wanted<'_>,
    after: Option<Place>,
    limit: i64,
) -> Result<(Typed, Option<Place>), Error> {
    let found = closed(conn, asked, wanted, after, limit)?;
    let next = found.last().map(|c| (c.seq, c.id));
    let mut types = exceptions::types_of(conn, &found, asked.known)?;
    let typed = found.into_iter().map(|closed| {
        let kind = types.remove(&closed.id);
        (closed, kind)
    });
    let takes = |kind: Option<&String>| match kind {
        Some(kind) => asked.filters.types.iter().any(|t| t == kind),
        None => !asked.filters.some_types,
    };
    Ok((
        typed.filter(|(_, kind)| takes(kind.as_ref())).collect(),
        next,
    ))
}

/// Makes the report.
pub fn report(conn: &mut Conn, asked: &Asked) -> Result<Report, Error> {
    let mut figures: BTreeMap<(String, String), Sums> = BTreeMap::new();
    let mut by_country: BTreeMap<String, Sums> = BTreeMap::new();
    let mut officers: BTreeMap<String, [i64; 2]> = BTreeMap::new();
    let mut all = Sums::default();
    let mut after = None;
    let wanted = Wanted::all();
    loop {
        // Types are looked up only where some are asked for: a big report names none.
        let (part, next) = if asked.filters.some_types {
            let (part, next) = walk(conn, asked, &wanted, after, AT_ONCE)?;
            (part.into_iter().map(|(closed, _)| closed).collect(), next)
        } else {
            let part = closed(conn, asked, &wanted, after, AT_ONCE)?;
            let next = part.last().map(|c| (c.seq, c.id));
            (part, next)
        };
        if next.is_none() {
            break;
        }
        after = next;
        for closed in part {
            figures
                .entry((closed.country.clone(), closed.act.clone()))
                .or_default()
                .add(&closed);
            by_country
                .entry(closed.country.clone())
                .or_default()
                .add(&closed);
            all.add(&closed);
            officers.entry(closed.proposer).or_default()[0] += 1;
            let decided = DECIDED.contains(&closed.status.as_str());
            if let Some(decider) = closed.decider.filter(|_| decided) {
                officers.entry(decider).or_default()[1] += 1;
            }
        }
    }
    let table = |code, title, columns, rows| Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    };
    let points = by_country
        .iter()
        .map(|(country, sums)| (country.clone(), sums.outcomes.to_vec()))
        .collect();
    let rows = figures.into_iter().map(|((country, act), mut sums)| {
        let mut row = vec![Cell::Text(country), Cell::Text(act)];
        row.extend(sums.cells());
        row
    });
    let country_rows = by_country.into_iter().map(|(country, mut sums)| {
        let mut row = vec![Cell::Text(country)];
        row.extend(sums.cells());
        row
    });
    let officer_rows = officers.into_iter().map(|(officer, numbers)| {
        let mut row = vec![Cell::Text(officer)];
        row.extend(numbers.map(Cell::Integer));
        row
    });
    let mut tables = vec![
        table(
            "figures",
            "Proposals per country and act",
            COLUMNS,
            rows.collect(),
        ),
        table(
            "by_country",
            "Proposals per country",
            BY_COUNTRY,
            country_rows.collect(),
        ),
        table("totals", "Proposals in all", TOTALS, vec![all.cells()]),
        table(
            "officers",
            "Who proposed and who decided",
            OFFICERS,
            officer_rows.collect(),
        ),
    ];
    tables.extend(exceptions::tables(conn, asked)?);
    Ok(Report {
        name: "decisions",
        title: "Decisions and exceptions",
        definition: DEFINITION,
        question: asked.question(),
        filters: asked.words(),
        tables,
        beside: exceptions::machinery(conn, asked)?,
        charts: vec![Chart {
            title: "How proposals were closed, by country".to_owned(),
            form: Form::Bars,
            series: vec![
                Series {
                    label: "approved",
                    tone: Tone::Green,
                },
                Series {
                    label: "refused",
                    tone: Tone::Red,
                },
                Series {
                    label: "sent back",
                    tone: Tone::Sand,
                },
                Series {
                    label: "retracted",
                    tone: Tone::Sky,
                },
                Series {
                    label: "fallen",
                    tone: Tone::Grey,
                },
            ],
            points,
            share: false,
        }],
    })
}

/// The proposals behind a figure.
#[derive(Clone, Debug)]
pub struct Proposals {
    /// The figure.
    pub figure: &'static str,
    /// Only this act.
    pub act: Option<String>,
    /// Only what this account proposed.
    pub proposer: Option<String>,
    /// Only what this account closed.
    pub decider: Option<String>,
    /// The report.
    pub asked: Asked,
}

fn place_of(key: &Key) -> Result<Place, Error> {
    let place = match key.as_slice() {
        [seq, id] => seq.parse().ok().zip(id.parse().ok().map(Id)),
        _ => None,
    };
    place.ok_or_else(pages::bad_cursor)
}

impl List for Proposals {
    const KEY: usize = 2;

    fn held(&self) -> Held {
        Held {
            day: self.asked.period.to,
            seq: self.asked.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let is_wanted = |outcome: &&str| match self.figure {
            "closed" => true,
            "decided" => DECIDED.contains(outcome),
            figure => *outcome == figure,
        };
        let which = Wanted {
            outcomes: OUTCOMES.into_iter().filter(is_wanted).collect(),
            proposer: self.proposer.as_deref(),
            decider: self.decider.as_deref(),
        };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.map(place_of).transpose()?;
        let mut found: Vec<(Closed, Option<String>)> = Vec::new();
        while found.len() < wanted {
            let (part, next) = walk(conn, &self.asked, &which, after, limit)?;
            if next.is_none() {
                break;
            }
            after = next;
            let act = self.act.as_deref();
            found.extend(
                part.into_iter()
                    .filter(|(c, _)| act.is_none_or(|a| a == c.act)),
            );
        }
        found.truncate(wanted);
        let ids: Vec<i64> = found.iter().map(|(c, _)| c.organisation_id).collect();
        let named = queries::named(conn, &ids, &self.asked.filters, self.asked.known)?;
        found
            .into_iter()
            .map(|(closed, kind)| {
                let name = known_name(&named, closed.organisation_id)?;
                let instant = |at: i64| Cell::text(Instant(at).to_string());
                Ok(Line {
                    key: vec![closed.seq.to_string(), closed.id.0.to_string()],
                    cells: vec![
                        Cell::text(closed.country.as_str()),
                        Cell::of(kind, Cell::Text),
                        Cell::text(closed.act.as_str()),
                        Cell::text(closed.status.as_str()),
                        Cell::text(name.number.as_str()),
                        Cell::of((!name.is_hidden).then_some(name.name.as_str()), Cell::text),
                        Cell::of(closed.membership_id, |id| Cell::text(id.to_string())),
                        Cell::text(closed.id.to_string()),
                        Cell::text(closed.proposer.as_str()),
                        Cell::of(closed.decider.as_deref(), Cell::text),
                        instant(closed.proposed_at),
                        Cell::of(closed.decided_at, instant),
                        Cell::of(hours(&closed), Cell::Integer),
                        Cell::Integer(closed.seq),
                    ],
                })
            })
            .collect()
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        let (seq, id) = place_of(key)?;
        Ok(serde_json::json!({"seq": seq, "proposal": id.to_string()}))
    }

    fn report(&self) -> Report {
        let mut question = self.asked.question();
        question.insert("column".to_owned(), Value::from(self.figure));
        question.insert("act".to_owned(), Value::from(self.act.as_deref()));
        let mut more = String::new();
        if let Some(act) = &self.act {
            more.push_str(&format!("; act: {act}"));
        }
        for (name, account) in [("proposer", &self.proposer), ("decider", &self.decider)] {
            if let Some(account) = account {
                question.insert(name.to_owned(), Value::from(account.as_str()));
                more.push_str(&format!("; {name}: {account}"));
            }
        }
        Report {
            name: "decisions-proposals",
            title: "Behind a figure of the decisions",
            definition: LIST_DEFINITION,
            question,
            filters: format!("{}: {}{more}", self.figure, self.asked.words()),
            tables: vec![Table {
                code: "proposals",
                title: "Proposals behind the figure",
                columns: PROPOSALS,
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
    use super::ACTS;
    use crate::memberships::acts::Act;

    #[test]
    fn the_acts_of_proposals_are_those_that_take_a_second_officer() {
        let proposed = Act::ALL
            .into_iter()
            .filter(|act| act.opens_proposal() || *act == Act::Correct);
        assert!(proposed.map(Act::name).eq(ACTS));
    }
}
