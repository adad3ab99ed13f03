//! Every report over a book that leaves none of them empty: with proposals closed in every way, applications that wait, members who
//! lapse soon, and evidence that corrections gave and took. Held against committed examples.

use chrono::Days;
use diesel::prelude::*;
use ots_registry::db::schema::proposals;
use ots_registry::db::{Id, Tx};
use ots_registry::http::Error;
use ots_registry::memberships::model::{Correction, EventKind, MembershipType, Replacement};
use ots_registry::memberships::rows::ProposalRow;

use crate::both;
use crate::kit::book::{Book, COUNTRIES, DAY, Dice, way_to_decision};
use crate::report_kinds::{addresses, compared};

const OFFICERS: [&str; 4] = [
    "user:0000000000001",
    "user:0000000000002",
    "user:0000000000003",
    "user:0000000000004",
];

/// The book: who waits stands at its end, and so do corrections of admissions.
fn book() -> Book {
    let mut book = Book::random(23, 24, 150);
    let mut dice = Dice(29);
    let members: Vec<Id> = book.events.keys().copied().collect();
    for id in members.iter().step_by(3) {
        let on = book.today() - Days::new(dice.below(200));
        let correction = Correction::Replace { effective_on: on };
        let target_no = 5;
        book.record(
            *id,
            0,
            EventKind::Corrected {
                target_no,
                correction,
            },
        );
    }
    // Members of a year or so, found late, who nobody renews.
    for n in 0..10_i64 {
        let id = Id(2_100_000_013 + n * 7);
        let kind = EventKind::Applied {
            membership_type: dice.one(&MembershipType::ALL),
            country: dice.one(&COUNTRIES).to_owned(),
        };
        let back = 250 + n * 8;
        let steps = [kind].into_iter().chain(way_to_decision());
        for step in steps.chain([EventKind::Admitted {}]) {
            book.record(id, back, step);
        }
    }
    for n in 0..12_i64 {
        let id = Id(2_000_000_011 + n * 7);
        let kind = EventKind::Applied {
            membership_type: dice.one(&MembershipType::ALL),
            country: dice.one(&COUNTRIES).to_owned(),
        };
        book.record(id, 0, kind);
        book.at += DAY * i64::try_from(dice.below(9)).unwrap();
        if n % 2 == 0 {
            book.record(id, 0, EventKind::Submitted {});
        }
    }
    for events in book.events.values_mut() {
        for event in events.iter_mut() {
            let mut some = || match dice.below(2) {
                0 => vec![2],
                _ => Vec::new(),
            };
            event.evidence = some();
            let replaces = matches!(
                event.kind,
                EventKind::Corrected {
                    correction: Correction::Replace { .. },
                    ..
                }
            );
            event.replacement = replaces.then(|| Replacement {
                reason: Some("The minutes say so.".to_owned()),
                evidence: some(),
            });
            event.proposer = Some(dice.one(&OFFICERS).to_owned());
            event.decider = Some(dice.one(&OFFICERS).to_owned());
        }
    }
    book
}

/// Proposals that were closed at entries of the book, in every way.
fn propose(book: &Book, tx: &mut Tx<'_>) -> Result<(), Error> {
    let mut dice = Dice(31);
    let numbered = (1_i64..).zip(&book.events);
    for (organisation, (id, events)) in numbered {
        let EventKind::Applied { country, .. } = &events[0].kind else {
            panic!("a membership begins with an application");
        };
        for event in events {
            let act = match event.kind {
                EventKind::Admitted {} => "recommend",
                EventKind::Suspended { .. } => "suspend",
                EventKind::Expelled {} => "expel",
                EventKind::Reinstated {} => "reinstate",
                EventKind::Transferred { .. } => "transfer",
                EventKind::TypeChanged { .. } => "change_type",
                EventKind::Corrected { .. } => "correct",
                _ => continue,
            };
            let status = dice.one(&[
                "approved",
                "approved",
                "refused",
                "sent_back",
                "retracted",
                "fallen",
            ]);
            let hours = i64::try_from(dice.below(200)).unwrap();
            let proposer = dice.one(&OFFICERS);
            let decider = dice.one(&OFFICERS);
            let row = ProposalRow {
                id: Id(3_000_000_019 + event.seq),
                membership_id: (act != "expel").then_some(*id),
                organisation_id: organisation,
                country: country.clone(),
                other_country: None,
                act: act.to_owned(),
                body: "{}".to_owned(),
                reason: None,
                revision: 1,
                status: status.to_owned(),
                proposer: proposer.to_owned(),
                proposed_at: event.recorded_at - hours * 3_600_000_000,
                decider: (status != "fallen").then(|| decider.to_owned()),
                decided_at: Some(event.recorded_at),
                decision_reason: None,
                version: 2,
                seq: event.seq,
                decision_number: None,
                decision_date: None,
                organisation_seen: None,
            };
            diesel::insert_into(proposals::table)
                .values(&row)
                .execute(&mut **tx)?;
        }
    }
    Ok(())
}

/// Every address, and every kind of exception that a ledger alone can have.
fn questions(at: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = addresses(at)
        .into_iter()
        // A day on which applications wait for days and months, and members lapse in the next quarter.
        .map(|(name, address)| {
            (
                name.to_owned(),
                address.replace("as_of=2020-09-30", "as_of=2020-05-20"),
            )
        })
        .collect();
    let (_, exceptions) = all
        .iter()
        .find(|(name, _)| name == "decisions-exceptions")
        .unwrap()
        .clone();
    for kind in ["corrected", "same_person", "without_evidence"] {
        all.push((
            format!("decisions-exceptions-{kind}"),
            exceptions.replace("back_dated", kind),
        ));
    }
    all
}

both! {
    async fn every_report_is_held_by_an_example_with_figures_in_it(app) {
        let book = book();
        book.store(&app);
        app.db_conn().transact(|tx: &mut Tx<'_>| propose(&book, tx)).unwrap();
        let at = book.instant(book.settled(book.seq - 2));
        for answer in compared(&app, "decided", questions(&at).into_iter()).await {
            let data = answer.at("/data");
            for (table, rows) in data.as_object().unwrap() {
                let empty = rows.as_array().is_some_and(Vec::is_empty);
                assert!(!empty, "{} has no {table}", data["report"]);
            }
            if data["report"] == "decisions" {
                for column in ["approved", "refused", "sent_back", "retracted", "fallen", "hours_longest"] {
                    assert_ne!(data["totals"][0][column], 0, "{column}");
                }
            }
        }
    }
}
