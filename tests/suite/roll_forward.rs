//! The roll-forward against a second implementation of the ledger that walks through the days one by one and shares no code
//! with the program: over random ledgers with corrections, back-dating, transfers, changes of type and merges.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ots_registry::memberships::fold::known_at;
use ots_registry::memberships::ledger::{FlowKind, TurnKind};
use ots_registry::memberships::model::{
    Correction, Event, EventKind, MembershipType, Stance, State,
};
use ots_registry::memberships::rules::{Rules, TermEnd};

use crate::both;
use crate::kit::book::{Book, Dice, figures, number};

#[path = "../../src/memberships/fold/tests/naive.rs"]
mod naive;

/// The figures of a period by walking.
fn walked(
    book: &Book,
    seq: i64,
    from: NaiveDate,
    to: NaiveDate,
) -> BTreeMap<(String, String, String), i64> {
    let rules = Rules::default_rules().unwrap();
    let mut found = BTreeMap::new();
    let mut add = |country: &str, kind: MembershipType, column: String| {
        *found
            .entry((country.to_owned(), kind.as_str().to_owned(), column))
            .or_insert(0) += 1;
    };
    for events in book.events.values() {
        let walk = naive::walk(&known_at(events, seq), &rules, 6);
        for (word, on) in [("opening", from - Days::new(1)), ("closing", to)] {
            let held = walk.days.iter().find(|(day, _)| *day == on);
            let Some(held) = held.and_then(|(_, held)| held.as_ref()) else {
                continue;
            };
            if ["active", "grace", "suspended"].contains(&held.state.as_str()) {
                add(&held.country, held.membership_type, word.to_owned());
                let column = format!("{word}_{}", held.state.as_str());
                add(&held.country, held.membership_type, column);
            }
        }
        for (day, kind, country, membership_type) in walk.flows {
            if (from..=to).contains(&day) {
                add(&country, membership_type, kind.as_str().to_owned());
            }
        }
    }
    found
}

/// A seed of this run; `OTS_SEED` repeats one.
fn seed() -> u64 {
    match std::env::var("OTS_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => ots_registry::db::Id::random().unwrap().0.unsigned_abs() | 1,
    }
}

both! {
    async fn the_roll_forward_balances_and_is_what_a_walk_through_the_days_says(app) {
        let seed = seed();
        let book = Book::random(seed, 60, 900);
        book.store(&app);
        let auditor = app.auditor();
        let mut dice = Dice(seed);
        let mut flows: BTreeMap<String, i64> = BTreeMap::new();
        for round in 0..8 {
            let seq = if round % 4 == 0 { book.seq } else { book.settled(i64::try_from(dice.below(u64::try_from(book.seq).unwrap())).unwrap() + 1) };
            let from = "2018-06-01".parse::<NaiveDate>().unwrap() + Days::new(dice.below(1_600));
            let to = from + Days::new(dice.below(1_000));
            let known = format!("&known_at={}", book.instant(seq));
            let answer = auditor.get(&format!("/v1/reports/roll-forward?from={from}&to={to}{known}")).await.expect(200);
            let expected = walked(&book, seq, from, to);
            assert_eq!(figures(&answer), expected, "OTS_SEED={seed}: {from} to {to} at {seq}");
            // It balances, in all and in each row.
            let totals = answer.at("/data/totals/0");
            for row in answer.at("/data/figures").as_array().unwrap().iter().chain([&totals]) {
                let moved: i64 = FlowKind::ALL.iter().map(|kind| i64::from(kind.sign()) * number(row, kind.as_str())).sum();
                assert_eq!(number(row, "opening") + moved, number(row, "closing"), "OTS_SEED={seed}: {row}");
            }
            assert_eq!(number(&totals, "transferred_in"), number(&totals, "transferred_out"));
            assert_eq!(number(&totals, "changed_in"), number(&totals, "changed_out"));
            // The closing is the opening of the period that follows.
            let next = to + Days::new(1);
            let next = auditor.get(&format!("/v1/reports/roll-forward?from={next}&to={next}{known}")).await.expect(200);
            for state in ["", "_active", "_grace", "_suspended"] {
                assert_eq!(number(&next.at("/data/totals/0"), &format!("opening{state}")), number(&totals, &format!("closing{state}")));
            }
            for ((.., column), n) in expected {
                *flows.entry(column).or_insert(0) += n;
            }
        }
        let seen = FlowKind::ALL.iter().filter(|kind| flows.contains_key(kind.as_str())).count();
        assert!(seen >= 9, "OTS_SEED={seed}: the ledgers hardly move: {flows:?}");
    }
}
