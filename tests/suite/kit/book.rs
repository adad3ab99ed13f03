//! Random ledgers written past the application, and what a recount by the fold says of them.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use ots_registry::db::schema::{
    journal, journal_head, membership_events, memberships, organisations,
};
use ots_registry::db::{Id, Tx};
use ots_registry::http::Error;
use ots_registry::memberships::derived;
use ots_registry::memberships::fold::{fold, known_at};
use ots_registry::memberships::ledger::{FlowKind, Ledger};
use ots_registry::memberships::model::{
    Correction, Event, EventKind, MembershipType, Stance, State,
};
use ots_registry::memberships::rows::{EventRow, MembershipRow};
use ots_registry::memberships::rules::Rules;
use ots_registry::organisations::rows::OrganisationRow;
use serde_json::Value;

use super::{Answer, App};

pub const COUNTRIES: [&str; 3] = ["HU", "KZ", "TRNC"];
pub const STATES: [&str; 3] = ["active", "grace", "suspended"];

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The way of an application from its maker to whoever decides it.
pub fn way_to_decision() -> [EventKind; 3] {
    [
        EventKind::Submitted {},
        EventKind::ReviewTaken {
            reviewer: "user:r".to_owned(),
        },
        EventKind::Recommended {
            stance: Stance::For,
        },
    ]
}

/// A generator of numbers that are the same for the same seed (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// Memberships with their events, as they are in the database.
#[derive(Default)]
pub struct Book {
    pub events: BTreeMap<Id, Vec<Event>>,
    pub names: BTreeMap<Id, String>,
    pub seq: i64,
    pub at: i64,
}

/// The first instant of 2019, µs.
pub const BEGIN: i64 = 1_546_300_800_000_000;
pub const DAY: i64 = 86_400_000_000;

impl Book {
    /// Memberships with random acts: possible ones, impossible ones, back-dated ones, corrections of any of them.
    pub fn random(seed: u64, count: u64, acts: u64) -> Self {
        let mut dice = Dice(seed);
        let mut book = Self {
            at: BEGIN,
            ..Self::default()
        };
        let ids: Vec<Id> = (1..=count)
            .map(|n| Id(i64::try_from((n * 7_919_000_003) % 1_000_000_007).unwrap()))
            .collect();
        for id in &ids {
            let kind = EventKind::Applied {
                membership_type: dice.one(&MembershipType::ALL),
                country: dice.one(&COUNTRIES).to_owned(),
            };
            book.record(*id, 0, kind);
            book.record(*id, 0, EventKind::Submitted {});
            book.record(
                *id,
                0,
                EventKind::ReviewTaken {
                    reviewer: "user:r".to_owned(),
                },
            );
            let stance = ots_registry::memberships::model::Stance::For;
            book.record(*id, 0, EventKind::Recommended { stance });
            let back = i64::try_from(dice.below(300)).unwrap();
            book.record(*id, back, EventKind::Admitted {});
            book.at += DAY * i64::try_from(dice.below(20)).unwrap();
        }
        for _ in 0..acts {
            book.at += DAY * i64::try_from(dice.below(4)).unwrap() + 1_000_000;
            let id = dice.one(&ids);
            let back = if dice.below(4) == 0 {
                i64::try_from(dice.below(400)).unwrap()
            } else {
                0
            };
            let kind = book.act(&mut dice, id);
            book.record(id, back, kind);
        }
        book
    }

    pub fn act(&self, dice: &mut Dice, id: Id) -> EventKind {
        let today = self.today();
        match dice.below(24) {
            0..=4 | 20..=22 => EventKind::Renewed {},
            5 | 6 => EventKind::Suspended {
                until: (dice.below(2) == 0).then(|| today + Days::new(dice.below(900))),
            },
            7 => EventKind::Lifted {},
            8 => EventKind::Withdrawn {},
            9 => EventKind::Expelled {},
            10 | 11 => EventKind::Reinstated {},
            12 if dice.below(3) == 0 => EventKind::Dissolved {},
            13 if dice.below(3) == 0 => EventKind::Merged {
                successor: "OTS-7K3M9Q2-54".to_owned(),
            },
            14 | 15 => EventKind::Transferred {
                to_country: dice.one(&COUNTRIES).to_owned(),
            },
            16 | 17 => EventKind::TypeChanged {
                to: dice.one(&MembershipType::ALL),
            },
            _ => {
                let last = self.events[&id].len() as u64;
                let correction = if dice.below(2) == 0 {
                    Correction::Void {}
                } else {
                    Correction::Replace {
                        effective_on: today - Days::new(dice.below(600)),
                    }
                };
                EventKind::Corrected {
                    target_no: i32::try_from(dice.below(last) + 1).unwrap(),
                    correction,
                }
            }
        }
    }

    pub fn today(&self) -> NaiveDate {
        ots_registry::db::Instant(self.at).day()
    }

    pub fn record(&mut self, id: Id, back: i64, kind: EventKind) {
        self.seq += 1;
        let on = self.today() - Days::new(u64::try_from(back).unwrap());
        let events = self.events.entry(id).or_default();
        let no = i32::try_from(events.len()).unwrap() + 1;
        events.push(Event::new(no, self.seq, self.at, on, kind));
        let name = format!(
            "Sample {} of {}",
            if id.0 % 5 == 0 { "=1+1" } else { "Association" },
            id.0
        );
        self.names.entry(id).or_insert(if id.0 % 5 == 0 {
            format!("=1+1 {name}")
        } else {
            name
        });
    }

    /// Writes it past the application: organisations, journal, events, and what is made from them.
    pub fn store(&self, app: &App) {
        let mut conn = app.db_conn();
        conn.transact(|tx: &mut Tx<'_>| {
            self.write(tx)?;
            derived::rebuild(tx, &|_| {})
        })
        .unwrap();
    }

    pub fn write(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let head: i64 = ots_registry::journal::moment::head(tx)?;
        for (n, (id, name)) in (1i64..).zip(&self.names) {
            if head == 0 {
                diesel::insert_into(organisations::table)
                    .values(organisation(n, name))
                    .execute(&mut **tx)?;
            }
            let row = MembershipRow {
                id: *id,
                organisation_id: n,
                revision: 1,
                created_at: BEGIN,
                updated_at: BEGIN,
                updated_by: "operator".to_owned(),
                seq: 1,
            };
            if head == 0 {
                diesel::insert_into(memberships::table)
                    .values(&row)
                    .execute(&mut **tx)?;
            }
        }
        let mut events: Vec<(Id, &Event)> = self
            .events
            .iter()
            .flat_map(|(id, all)| all.iter().map(|e| (*id, e)))
            .collect();
        events.sort_by_key(|(_, e)| e.seq);
        for (id, event) in events.into_iter().filter(|(_, e)| e.seq > head) {
            diesel::insert_into(journal::table)
                .values((
                    journal::seq.eq(event.seq),
                    journal::recorded_at.eq(event.recorded_at),
                    journal::actor.eq("operator"),
                    journal::action.eq("sample"),
                    journal::subject.eq("sample"),
                    journal::facts_hash.eq(vec![0u8; 32]),
                    journal::hash.eq(vec![7u8; 32]),
                ))
                .execute(&mut **tx)?;
            diesel::insert_into(membership_events::table)
                .values(EventRow::of(id, event)?)
                .execute(&mut **tx)?;
        }
        diesel::update(journal_head::table.find(1))
            .set((
                journal_head::seq.eq(self.seq),
                journal_head::recorded_at.eq(self.at),
                journal_head::hash.eq(vec![7u8; 32]),
            ))
            .execute(&mut **tx)?;
        Ok(())
    }

    /// The instant at which an entry was recorded, as a parameter.
    pub fn instant(&self, seq: i64) -> String {
        let at = self
            .events
            .values()
            .flatten()
            .find(|e| e.seq == seq)
            .unwrap()
            .recorded_at;
        ots_registry::db::Instant(at).to_string()
    }

    /// The last position recorded at the same instant.
    pub fn settled(&self, seq: i64) -> i64 {
        let at = |s: i64| {
            self.events
                .values()
                .flatten()
                .find(|e| e.seq == s)
                .unwrap()
                .recorded_at
        };
        self.events
            .values()
            .flatten()
            .filter(|e| e.recorded_at == at(seq))
            .map(|e| e.seq)
            .max()
            .unwrap()
    }

    /// Every timeline, folded anew from what was known.
    pub fn folded(&self, seq: i64) -> BTreeMap<Id, Ledger> {
        let rules = Rules::default_rules().unwrap();
        self.events
            .iter()
            .map(|(id, events)| (*id, fold(&known_at(events, seq), &rules)))
            .collect()
    }
}

pub fn organisation(n: i64, name: &str) -> OrganisationRow {
    OrganisationRow {
        id: n,
        number: format!("OTS-{n:07}-00"),
        country: "KZ".to_owned(),
        name: name.to_owned(),
        sort_key: name.to_owned(),
        legal_form: None,
        city: None,
        region: None,
        website: None,
        themes: String::new(),
        sdgs: String::new(),
        descriptions: "[]".to_owned(),
        founded_year: None,
        founded_on: None,
        address: None,
        email: None,
        email_public: false,
        phone: None,
        notes: None,
        public_from: None,
        withheld: n % 3 == 0,
        withheld_reason: None,
        merged_into: None,
        merged_on: None,
        dissolved_on: None,
        created_at: BEGIN,
        updated_at: BEGIN,
        updated_by: "operator".to_owned(),
        next_item: 1,
        version: 1,
        seq: 0,
    }
}

/// Members of a day by country, type and state, counted one by one.
pub fn recount(
    folded: &BTreeMap<Id, Ledger>,
    on: NaiveDate,
) -> BTreeMap<(String, String, State), Vec<Id>> {
    let mut found: BTreeMap<_, Vec<Id>> = BTreeMap::new();
    for (id, ledger) in folded {
        if let Some(interval) = ledger.interval_on(on).filter(|i| i.state.is_member()) {
            let key = (
                interval.country.clone(),
                interval.membership_type.as_str().to_owned(),
                interval.state,
            );
            found.entry(key).or_default().push(*id);
        }
    }
    found
}

/// Those who came or went in a period.
pub fn moved(
    folded: &BTreeMap<Id, Ledger>,
    from: NaiveDate,
    to: NaiveDate,
) -> BTreeMap<(String, String, FlowKind), Vec<Id>> {
    let mut found: BTreeMap<_, Vec<Id>> = BTreeMap::new();
    for (id, ledger) in folded {
        for flow in ledger.flows.iter().filter(|f| f.on >= from && f.on <= to) {
            let key = (
                flow.country.clone(),
                flow.membership_type.as_str().to_owned(),
                flow.kind,
            );
            found.entry(key).or_default().push(*id);
        }
    }
    found
}

pub fn number(row: &Value, column: &str) -> i64 {
    row[column]
        .as_i64()
        .unwrap_or_else(|| panic!("no {column} in {row}"))
}

/// The figures of an answer by country, type and column, without the noughts.
pub fn figures(answer: &Answer) -> BTreeMap<(String, String, String), i64> {
    let mut found = BTreeMap::new();
    for row in answer.at("/data/figures").as_array().unwrap() {
        for (column, value) in row.as_object().unwrap() {
            if let Some(n) = value.as_i64().filter(|n| *n != 0) {
                found.insert((text(row, "country"), text(row, "type"), column.clone()), n);
            }
        }
    }
    found
}

pub fn text(row: &Value, column: &str) -> String {
    row[column]
        .as_str()
        .unwrap_or_else(|| panic!("no {column} in {row}"))
        .to_owned()
}
