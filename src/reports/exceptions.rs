//! Exceptions: what an auditor looks at twice, in the entries of a period.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Included};
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::list::{AT_ONCE, Held, Key, Line, List};
use super::periods;
use super::queries::evidence::{self, Corrected};
use super::queries::exceptions::{self as found, Override, ToldEntry, ToldEvent, Which};
use super::queries::{self, Pair, after_close, decisions};
use super::question::{Filters, Known, Period};
use super::register::known_name;
use super::report::Report;
use super::table::{Cell, Column, Kind, Table, row_of};
use crate::db::{Conn, Id, Instant};
use crate::http::words::schema_words;
use crate::http::{Error, pages};
use crate::memberships::rows::IntervalRow;

/// Counts up when the same question gets another answer. 2: changes after a period was closed, with the period of each; warnings
/// about duplicates pair by pair. 3: an event is of every country and type that it takes days from or gives days to. 4: what
/// corrections say of the evidence counts. 5: all that is done to an account of the secretariat; a merge tells no override again.
pub const DEFINITION: u32 = 5;

/// The same for the list of a kind. 4: the other organisation of a pair that was said to be two. 5: as the report's fifth.
pub const LIST_DEFINITION: u32 = 5;

/// The same for the list of those without evidence. 5: what corrections say of the evidence counts.
pub const EVIDENCE_DEFINITION: u32 = 5;

/// The kinds, in the order of the report.
pub const KINDS: [&str; 12] = [
    "back_dated",
    "corrected",
    "same_person",
    "without_evidence",
    "identifier_override",
    "identifier_shared",
    "duplicate_override",
    "sequence_gap",
    "privileged_account",
    "changed_after_close",
    "failed_job_run",
    "private_read",
];

/// The kinds that are read from machinery, which keeps no two times: only for what is known now.
pub const MACHINERY: [&str; 2] = ["failed_job_run", "private_read"];

schema_words!(
    /// A kind of exception.
    ExceptionKind as "ExceptionKind", KINDS
);

/// The columns of the figures.
pub const COLUMNS: &[Column] = &[
    Column::new("kind", Kind::Text, "Kind of exception"),
    Column::new("country", Kind::Text, "Country; null where it is of none").optional(),
    Column::new("count", Kind::Integer, "How many"),
];

row_of!(
    /// How many exceptions of a kind a country has.
    ExceptionRow as "ExceptionRow", COLUMNS
);

/// The columns of the totals.
pub const TOTALS: &[Column] = &[
    Column::new("kind", Kind::Text, "Kind of exception"),
    Column::new("meaning", Kind::Text, "What it is"),
    Column::new("count", Kind::Integer, "How many"),
];

row_of!(
    /// How many exceptions of a kind there are.
    ExceptionTotals as "ExceptionTotals", TOTALS
);

/// The columns of the list.
pub const LIST: &[Column] = &[
    Column::new("kind", Kind::Text, "Kind of exception"),
    Column::new("country", Kind::Text, "Country").optional(),
    Column::new("type", Kind::Text, "Type of membership").optional(),
    Column::new(
        "also_of",
        Kind::Texts,
        "Further countries and types, of those asked for, that it takes days from or gives days to",
    ),
    Column::new("registry_number", Kind::Text, "Registry number").optional(),
    Column::new(
        "other_number",
        Kind::Text,
        "Registry number of the organisation that it was said not to be, where that one's country is asked for",
    )
    .optional(),
    Column::new("subject", Kind::Text, "What it was done to"),
    Column::new("what", Kind::Text, "What was done"),
    Column::new(
        "by",
        Kind::Text,
        "Who did or proposed it, as an opaque word",
    )
    .optional(),
    Column::new("decided_by", Kind::Text, "Who decided it").optional(),
    Column::new("recorded_at", Kind::Text, "When it was recorded").optional(),
    Column::new("effective_on", Kind::Day, "The day from which it holds").optional(),
    Column::new(
        "event_no",
        Kind::Integer,
        "Number of the event within its membership",
    )
    .optional(),
    Column::new("seq", Kind::Integer, "Position in the journal").optional(),
    Column::new(
        "period",
        Kind::Text,
        "First and last day of the closed period that it changes",
    )
    .optional(),
];

row_of!(
    /// An exception.
    ToldException as "ToldException", LIST
);

/// What a kind means.
pub fn meaning(kind: &str) -> &'static str {
    match kind {
        "back_dated" => "Events dated before the day on which they were recorded",
        "corrected" => "Corrections of earlier events",
        "same_person" => "Events proposed and decided by one account",
        "without_evidence" => "Admissions and reinstatements that rest on no evidence",
        "identifier_override" => "Identifiers kept although they fail their check",
        "identifier_shared" => "Identifiers kept although another organisation has them",
        "duplicate_override" => "Organisations registered although like another one",
        "sequence_gap" => "Positions of the journal without an entry",
        "privileged_account" => {
            "Changes of accounts of the secretariat, of the office and of partners' keys"
        }
        "changed_after_close" => "Events that change the days of a period that was closed before",
        "failed_job_run" => "Runs of background jobs that failed",
        "private_read" => "Readings of private data",
        _ => "",
    }
}

/// A kind's word as we keep it.
#[must_use]
pub fn kind(word: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == word)
}

/// What is asked for: the entries of a period, as far as they were known.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The days on which they were recorded.
    pub period: Period,
    /// What was known.
    pub known: Known,
    /// Countries and types.
    pub filters: Filters,
    /// Behind the first position, up to the second.
    pub stretch: (i64, i64),
    /// True where machinery is looked at too: only where nothing earlier was asked for.
    pub now: bool,
    /// True where the reader may know who read private data.
    pub readings: bool,
    /// What corrections say of the evidence, once it was looked for: it is the same for every part of a list.
    corrected: OnceLock<Arc<Corrected>>,
}

fn start_of(day: NaiveDate) -> Result<i64, Error> {
    let start = day.and_hms_opt(0, 0, 0);
    start
        .map(|at| at.and_utc().timestamp_micros())
        .ok_or_else(|| Error::internal("a day without a beginning"))
}

impl Asked {
    /// The entries of a period.
    pub fn of(
        conn: &mut Conn,
        period: Period,
        known: Known,
        filters: Filters,
        (now, readings): (bool, bool),
    ) -> Result<Self, Error> {
        let at = |conn: &mut Conn, instant: i64| {
            crate::journal::moment::position(conn, Instant(instant - 1))
        };
        let after = at(conn, start_of(period.from)?)?;
        let next = period
            .to
            .succ_opt()
            .ok_or_else(|| Error::field("to", "is too far away"))?;
        let until = at(conn, start_of(next)?)?.min(known.seq);
        Ok(Self {
            period,
            known,
            filters,
            stretch: (after.min(until), until),
            now,
            readings,
            corrected: OnceLock::new(),
        })
    }

    fn corrected(&self, conn: &mut Conn) -> Result<Arc<Corrected>, Error> {
        if let Some(found) = self.corrected.get() {
            return Ok(found.clone());
        }
        let found = Arc::new(evidence::corrected(conn, self.stretch, self.known.seq)?);
        Ok(self.corrected.get_or_init(|| found).clone())
    }

    fn days(&self) -> Result<(i64, i64), Error> {
        let next = self
            .period
            .to
            .succ_opt()
            .ok_or_else(|| Error::field("to", "is too far away"))?;
        Ok((start_of(self.period.from)?, start_of(next)?))
    }

    /// The question.
    pub fn question(&self) -> Map<String, Value> {
        let mut question = Map::new();
        self.period.tell(&mut question);
        question.insert("known_seq".to_owned(), Value::from(self.known.seq));
        self.filters.tell(&mut question);
        question
    }

    /// The question in words.
    pub fn words(&self) -> String {
        let Period { from, to, .. } = self.period;
        format!(
            "recorded {from} to {to}, as known at position {} of the journal; {}",
            self.known.seq,
            self.filters.words()
        )
    }

    /// True where all countries and types are asked for: what is of none is told only then.
    fn takes(&self, country: Option<&str>, kind: Option<&str>) -> bool {
        let country = match country {
            Some(country) => self.filters.countries.iter().any(|c| c == country),
            None => !self.filters.some_countries,
        };
        let kind = match kind {
            Some(kind) => self.filters.types.contains(&kind),
            None => !self.filters.some_types,
        };
        country && kind
    }
}

/// Of which countries and types something is: what a transfer took from one and gave to another is of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Of {
    country: Option<String>,
    membership_type: Option<String>,
    also: BTreeSet<Pair>,
}

impl Of {
    /// What nothing is known of on its day is of those alone whose days it changed.
    fn new(
        mut country: Option<String>,
        mut membership_type: Option<String>,
        mut all: BTreeSet<Pair>,
    ) -> Self {
        if country.is_none()
            && let Some((of, kind)) = all.pop_first()
        {
            (country, membership_type) = (Some(of), Some(kind));
        }
        let is_own = |(of, kind): &Pair| {
            (Some(of), Some(kind)) == (country.as_ref(), membership_type.as_ref())
        };
        Self {
            also: all.into_iter().filter(|pair| !is_own(pair)).collect(),
            country,
            membership_type,
        }
    }

    /// The part of it that is asked for, if any is.
    fn asked(mut self, asked: &Asked) -> Option<Self> {
        self.also
            .retain(|(country, kind)| asked.takes(Some(country), Some(kind)));
        if !asked.takes(self.country.as_deref(), self.membership_type.as_deref()) {
            let (country, kind) = self.also.pop_first()?;
            (self.country, self.membership_type) = (Some(country), Some(kind));
        }
        Some(self)
    }

    /// Each of its countries once.
    fn countries(self) -> BTreeSet<Option<String>> {
        let also = self.also.into_iter().map(|(country, _)| Some(country));
        also.chain([self.country]).collect()
    }
}

/// An exception that is told, and its place.
struct Told {
    place: Place,
    of: Of,
    organisation: Option<i64>,
    number: Option<String>,
    other: Option<String>,
    subject: String,
    what: String,
    by: Option<String>,
    decided_by: Option<String>,
    at: Option<i64>,
    effective_on: Option<NaiveDate>,
    event_no: Option<i32>,
    seq: Option<i64>,
    period: Option<String>,
}

/// A place in the order of a kind: position (or instant), what is told there, number within it.
type Place = (i64, i64, i32);

const FIRST: Place = (-1, i64::MIN, 0);

/// Kinds that are events of memberships.
fn which_events(kind: &str) -> Option<Which> {
    match kind {
        "back_dated" => Some(Which::BackDated),
        "corrected" => Some(Which::Corrections),
        "same_person" => Some(Which::SamePerson),
        "without_evidence" => Some(Which::WithoutEvidence),
        _ => None,
    }
}

/// Exceptions of a kind behind a place, whatever their country.
fn walk(
    conn: &mut Conn,
    asked: &Asked,
    kind: &str,
    after: Place,
    limit: i64,
) -> Result<Vec<Told>, Error> {
    let (seq, second, no) = after;
    let from = seq.max(asked.stretch.0);
    // A place before the stretch is its beginning: nothing at its first position counts.
    let place = if seq > asked.stretch.0 {
        after
    } else {
        (from, i64::MAX, i32::MAX)
    };
    let stretch = asked.stretch;
    if let Some(which) = which_events(kind) {
        let events = match which {
            Which::WithoutEvidence => without_evidence(conn, asked, place, limit)?,
            _ => found::events(conn, which, stretch, place, limit)?,
        };
        return of_events(conn, asked, events);
    }
    let overridden = match kind {
        "identifier_override" => Some(Override::Identifier),
        "identifier_shared" => Some(Override::SharedIdentifier),
        _ => None,
    };
    if let Some(which) = overridden {
        let entries = found::overrides(conn, which, stretch, (place.0, place.2), limit)?;
        return of_entries(conn, asked, entries);
    }
    match kind {
        "duplicate_override" => {
            let entries = found::duplicates(conn, stretch, (place.0, place.2), limit)?;
            of_entries(conn, asked, entries)
        }
        "changed_after_close" => {
            let closings = periods::queries::known(conn, asked.known.seq)?;
            let late = after_close::events(conn, &closings, stretch, place, limit)?;
            let (events, changes): (Vec<_>, Vec<_>) = late
                .into_iter()
                .map(|late| (late.event, (late.period, late.changed)))
                .unzip();
            let (periods, changed): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
            let mut told = told_events(conn, asked, events, changed)?;
            for (one, period) in told.iter_mut().zip(periods) {
                one.period = Some(period);
            }
            Ok(told)
        }
        "sequence_gap" => Ok(found::missing(conn, stretch, from, limit)?
            .into_iter()
            .map(|seq| Told {
                seq: Some(seq),
                ..Told::of((seq, 0, 0), format!("journal:{seq}"), "no entry")
            })
            .collect()),
        "privileged_account" => {
            let entries = found::privileged(conn, stretch, from, limit)?;
            Ok(entries.into_iter().map(Told::entry).collect())
        }
        "failed_job_run" => {
            let rows = found::failed_runs(conn, asked.days()?, (seq, second), limit)?;
            Ok(rows.into_iter().map(Told::kept).collect())
        }
        "private_read" => {
            let rows = found::readings(conn, asked.days()?, (seq, second), limit)?;
            Ok(rows.into_iter().map(Told::kept).collect())
        }
        _ => Err(Error::internal(format!("no such exception: {kind} {no}"))),
    }
}

/// Admissions and reinstatements behind a place that rest on no evidence: those that name none, but for those to which corrections gave
/// some, and those from which they took it.
fn without_evidence(
    conn: &mut Conn,
    asked: &Asked,
    place: Place,
    limit: i64,
) -> Result<Vec<ToldEvent>, Error> {
    let corrected = asked.corrected(conn)?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = BTreeMap::new();
    let mut from = place;
    loop {
        let part = found::events(conn, Which::WithoutEvidence, asked.stretch, from, limit)?;
        let is_last = part.len() < wanted;
        let mut until = (i64::MAX, i64::MAX, i32::MAX);
        for event in part {
            let place = (event.seq, event.membership_id, event.no);
            if !is_last {
                until = place;
            }
            if !corrected.settled.contains_key(&place) {
                found.insert(place, event);
            }
        }
        let bare = corrected.bare.range((Excluded(from), Included(until)));
        found.extend(bare.map(|(place, event)| (*place, event.clone())));
        if is_last || found.len() >= wanted {
            return Ok(found.into_values().take(wanted).collect());
        }
        from = until;
    }
}

impl Told {
    fn of(place: Place, subject: String, what: &str) -> Self {
        Self {
            place,
            of: Of::default(),
            organisation: None,
            number: None,
            other: None,
            subject,
            what: what.to_owned(),
            by: None,
            decided_by: None,
            at: None,
            effective_on: None,
            event_no: None,
            seq: None,
            period: None,
        }
    }

    fn entry(entry: ToldEntry) -> Self {
        Self {
            number: entry.organisation,
            other: entry.other,
            by: Some(entry.actor),
            at: Some(entry.recorded_at),
            seq: Some(entry.seq),
            ..Self::of((entry.seq, 0, entry.no), entry.subject, &entry.action)
        }
    }

    fn kept(row: found::Kept) -> Self {
        Self {
            by: Some(row.who),
            at: Some(row.at),
            ..Self::of((row.at, row.id.0, 0), row.of, &row.what)
        }
    }

    fn cells(self, kind: &str) -> Line {
        let (seq, second, no) = self.place;
        let also = self.of.also.into_iter();
        let also = also.map(|(country, kind)| format!("{country} {kind}"));
        Line {
            key: vec![seq.to_string(), second.to_string(), no.to_string()],
            cells: vec![
                Cell::text(kind),
                Cell::of(self.of.country, Cell::Text),
                Cell::of(self.of.membership_type, Cell::Text),
                Cell::Texts(also.collect()),
                Cell::of(self.number, Cell::Text),
                Cell::of(self.other, Cell::Text),
                Cell::Text(self.subject),
                Cell::Text(self.what),
                Cell::of(self.by, Cell::Text),
                Cell::of(self.decided_by, Cell::Text),
                Cell::of(self.at, |at| Cell::text(Instant(at).to_string())),
                Cell::of(self.effective_on, Cell::Day),
                Cell::of(self.event_no, |no| Cell::Integer(i64::from(no))),
                Cell::of(self.seq, Cell::Integer),
                Cell::of(self.period, Cell::Text),
            ],
        }
    }
}

/// Country and type of a membership on a day: those of its interval then, or of its first one.
pub(super) fn interval_on(intervals: &[IntervalRow], day: NaiveDate) -> Option<&IntervalRow> {
    let held = intervals.iter().rev().find(|i| i.from_day <= day);
    held.or_else(|| intervals.first())
}

/// Events with the countries and types that they are of.
fn of_events(conn: &mut Conn, asked: &Asked, events: Vec<ToldEvent>) -> Result<Vec<Told>, Error> {
    let moving: Vec<(i64, i64)> = events
        .iter()
        .filter(|event| found::moves(&event.kind))
        .map(|event| (event.membership_id, event.seq))
        .collect();
    let changed = found::changed(conn, &moving)?;
    let pairs = |event: &ToldEvent| -> BTreeSet<Pair> {
        let of = changed.get(&(event.membership_id, event.seq));
        let of = of.filter(|_| found::moves(&event.kind));
        of.into_iter()
            .flatten()
            .map(|(_, pair)| pair.clone())
            .collect()
    };
    let pairs: Vec<BTreeSet<Pair>> = events.iter().map(pairs).collect();
    told_events(conn, asked, events, pairs)
}

/// Events that are of the country and type of their day, and of those whose days they changed.
fn told_events(
    conn: &mut Conn,
    asked: &Asked,
    events: Vec<ToldEvent>,
    changed: Vec<BTreeSet<Pair>>,
) -> Result<Vec<Told>, Error> {
    let ids: Vec<Id> = events.iter().map(|e| Id(e.membership_id)).collect();
    let intervals = queries::intervals(conn, &ids, FAR, asked.known)?;
    let told = |(event, changed): (ToldEvent, BTreeSet<Pair>)| {
        let id = Id(event.membership_id);
        let interval = intervals
            .get(&id)
            .and_then(|all| interval_on(all, event.effective_on));
        Told {
            of: Of::new(
                interval.map(|i| i.country.clone()),
                interval.map(|i| i.membership_type.clone()),
                changed,
            ),
            organisation: Some(event.organisation_id),
            by: event.proposer,
            decided_by: event.decider,
            at: Some(event.recorded_at),
            effective_on: Some(event.effective_on),
            event_no: Some(event.no),
            seq: Some(event.seq),
            ..Told::of(
                (event.seq, event.membership_id, event.no),
                format!("membership:{id}"),
                &event.kind,
            )
        }
    };
    Ok(events.into_iter().zip(changed).map(told).collect())
}

/// A day behind all that are written with four digits.
pub(super) const FAR: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

fn of_entries(conn: &mut Conn, asked: &Asked, entries: Vec<ToldEntry>) -> Result<Vec<Told>, Error> {
    let mut numbers: Vec<String> = entries
        .iter()
        .flat_map(|e| [e.organisation.clone(), e.other.clone()])
        .flatten()
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let countries = found::countries(conn, &numbers, asked.stretch.1)?;
    let country_of = |number: &String, at: i64| {
        let all = countries.get(number)?;
        let then = all.iter().rev().find(|(seq, _)| *seq <= at);
        then.or_else(|| all.first())
            .map(|(_, country)| country.clone())
    };
    let told = |mut entry: ToldEntry| {
        let number = entry.organisation.as_ref();
        let country = number.and_then(|number| country_of(number, entry.seq));
        // Of what is elsewhere nothing is told.
        entry.other = entry.other.filter(|other| {
            country_of(other, entry.seq).is_some_and(|of| asked.filters.countries.contains(&of))
        });
        Told {
            of: Of::new(country, None, BTreeSet::new()),
            ..Told::entry(entry)
        }
    };
    Ok(entries.into_iter().map(told).collect())
}

/// How many there are of a kind: by country, and in all, where one of two countries counts once.
#[derive(Debug, Default)]
struct Counts {
    by_country: BTreeMap<Option<String>, i64>,
    total: i64,
}

impl Counts {
    fn add(&mut self, of: Of, n: i64) {
        for country in of.countries() {
            *self.by_country.entry(country).or_insert(0) += n;
        }
        self.total += n;
    }
}

fn counts(conn: &mut Conn, asked: &Asked, kind: &str) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    if kind == "sequence_gap" {
        if asked.takes(None, None) {
            counts.add(Of::default(), found::gaps(conn, asked.stretch)?);
        }
        return Ok(counts);
    }
    if let Some(which) = which_events(kind) {
        for one in found::count_events(conn, which, asked.stretch, asked.known)? {
            let of = Of::new(one.country, one.membership_type, one.changed);
            if let Some(of) = of.asked(asked) {
                counts.add(of, one.events);
            }
        }
        if which == Which::WithoutEvidence {
            let corrected = asked.corrected(conn)?;
            for (events, n) in [(&corrected.settled, -1), (&corrected.bare, 1)] {
                let told = of_events(conn, asked, events.values().cloned().collect())?;
                for of in told.into_iter().filter_map(|told| told.of.asked(asked)) {
                    counts.add(of, n);
                }
            }
        }
        return Ok(counts);
    }
    let mut after = FIRST;
    loop {
        let part = walk(conn, asked, kind, after, AT_ONCE)?;
        let Some(last) = part.last() else {
            return Ok(counts);
        };
        after = last.place;
        for of in part.into_iter().filter_map(|told| told.of.asked(asked)) {
            counts.add(of, 1);
        }
    }
}

fn table(
    code: &'static str,
    title: &'static str,
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
) -> Table {
    Table {
        code,
        title,
        columns,
        rows,
        notes: Vec::new(),
    }
}

/// The tables of the report of decisions.
pub fn tables(conn: &mut Conn, asked: &Asked) -> Result<Vec<Table>, Error> {
    let mut rows = Vec::new();
    let mut totals = Vec::new();
    for kind in KINDS.into_iter().filter(|k| !MACHINERY.contains(k)) {
        let counts = counts(conn, asked, kind)?;
        totals.push(total(kind, counts.total));
        for (country, n) in counts.by_country.into_iter().filter(|(_, n)| *n != 0) {
            rows.push(vec![
                Cell::text(kind),
                Cell::of(country, Cell::Text),
                Cell::Integer(n),
            ]);
        }
    }
    Ok(vec![
        table("exceptions", "Exceptions per country", COLUMNS, rows),
        table("exception_totals", "Exceptions in all", TOTALS, totals),
    ])
}

/// What is read from machinery: no part of the data, because it is kept in one time only and not for ever.
pub fn machinery(conn: &mut Conn, asked: &Asked) -> Result<Vec<Table>, Error> {
    if !asked.now || !asked.takes(None, None) {
        return Ok(Vec::new());
    }
    let (failed, read) = found::machinery(conn, asked.days()?)?;
    let mut rows = vec![total("failed_job_run", failed)];
    if asked.readings {
        rows.push(total("private_read", read));
    }
    let title = "Beside the journal, as far as it is kept now";
    Ok(vec![table("machinery", title, TOTALS, rows)])
}

fn total(kind: &'static str, count: i64) -> Vec<Cell> {
    vec![
        Cell::text(kind),
        Cell::text(meaning(kind)),
        Cell::Integer(count),
    ]
}

/// The exceptions of one kind.
#[derive(Clone, Debug)]
pub struct Exceptions {
    /// The kind.
    pub kind: &'static str,
    /// The report.
    pub asked: Asked,
    /// For [`MACHINERY`], which knows no position of the journal: when it was asked for.
    pub kept_at: Option<Instant>,
}

fn place_of(key: &Key) -> Result<Place, Error> {
    let place = match key.as_slice() {
        [seq, second, no] => seq
            .parse()
            .ok()
            .zip(second.parse().ok())
            .zip(no.parse().ok())
            .map(|((seq, second), no)| (seq, second, no)),
        _ => None,
    };
    place.ok_or_else(pages::bad_cursor)
}

impl List for Exceptions {
    const KEY: usize = 3;

    fn held(&self) -> Held {
        Held {
            day: self.asked.period.to,
            seq: self.asked.known.seq,
        }
    }

    fn part(&self, conn: &mut Conn, after: Option<&Key>, limit: i64) -> Result<Vec<Line>, Error> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.map(place_of).transpose()?.unwrap_or(FIRST);
        let mut all: Vec<Told> = Vec::new();
        while all.len() < wanted {
            let part = walk(conn, &self.asked, self.kind, after, limit)?;
            let Some(last) = part.last() else { break };
            after = last.place;
            all.extend(part.into_iter().filter_map(|mut told| {
                told.of = std::mem::take(&mut told.of).asked(&self.asked)?;
                Some(told)
            }));
        }
        all.truncate(wanted);
        let ids: Vec<i64> = all.iter().filter_map(|t| t.organisation).collect();
        let named = queries::named(conn, &ids, &self.asked.filters, self.asked.known)?;
        all.into_iter()
            .map(|mut told| {
                if let Some(id) = told.organisation {
                    told.number = Some(known_name(&named, id)?.number.clone());
                }
                Ok(told.cells(self.kind))
            })
            .collect()
    }

    fn place(&self, key: &Key) -> Result<Value, Error> {
        let (seq, second, no) = place_of(key)?;
        Ok(serde_json::json!({"seq": seq, "of": Id(second).to_string(), "no": no}))
    }

    fn report(&self) -> Report {
        let mut question = self.asked.question();
        question.insert("kind".to_owned(), Value::from(self.kind));
        let mut words = self.asked.words();
        if let Some(at) = self.kept_at {
            question.remove("known_seq");
            question.insert("kept_at".to_owned(), Value::from(at.to_string()));
            let Period { from, to, .. } = self.asked.period;
            words = format!("of {from} to {to}, as it was kept beside the journal at {at}");
        }
        Report {
            name: "decisions-exceptions",
            title: "Exceptions behind a figure",
            definition: match self.kind {
                "without_evidence" => EVIDENCE_DEFINITION,
                _ => LIST_DEFINITION,
            },
            question,
            filters: format!("{}: {words}", self.kind),
            tables: vec![Table {
                code: "exceptions",
                title: "Exceptions",
                columns: LIST,
                rows: Vec::new(),
                notes: Vec::new(),
            }],
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }
}

/// Country and type of proposals on the day when they were closed.
pub(super) fn types_of(
    conn: &mut Conn,
    closed: &[decisions::Closed],
    known: Known,
) -> Result<HashMap<Id, String>, Error> {
    let ids: Vec<Id> = closed.iter().filter_map(|c| c.membership_id).collect();
    let intervals = queries::intervals(conn, &ids, FAR, known)?;
    let found = closed.iter().filter_map(|c| {
        let day = Instant(c.decided_at.unwrap_or(c.proposed_at)).day();
        let interval = interval_on(intervals.get(&c.membership_id?)?, day)?;
        Some((c.id, interval.membership_type.clone()))
    });
    Ok(found.collect())
}
