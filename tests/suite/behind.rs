//! What stands behind a figure: on which evidence an admission rests.

use std::collections::BTreeSet;

use chrono::Days;
use ots_registry::db::Instant;
use ots_registry::memberships::corrections::resolve;
use ots_registry::memberships::fold::known_at;
use ots_registry::memberships::model::{Correction, EventKind, Replacement};
use serde_json::{Value, json};

use crate::both;
use crate::kit::book::{Book, Dice, day, number, text};
use crate::report_kinds::rows;

/// A random book in which events name evidence or none, and corrections give it or take it away.
fn with_evidence(seed: u64) -> Book {
    let mut book = Book::random(seed, 40, 300);
    let mut dice = Dice(seed + 1);
    let ids: Vec<_> = book.events.keys().copied().collect();
    for _ in 0..60 {
        let id = dice.one(&ids);
        let last = book.events[&id].len() as u64;
        // The admission, or anything behind it: corrections too.
        let target = if dice.below(2) == 0 {
            5
        } else {
            5 + dice.below(last - 4)
        };
        let on = book.today() - Days::new(dice.below(300));
        let correction = match dice.below(4) {
            0 => Correction::Void {},
            _ => Correction::Replace { effective_on: on },
        };
        let target_no = i32::try_from(target).unwrap();
        book.record(
            id,
            0,
            EventKind::Corrected {
                target_no,
                correction,
            },
        );
    }
    for event in book.events.values_mut().flatten() {
        let some = |dice: &mut Dice| {
            if dice.below(2) == 0 {
                vec![2]
            } else {
                Vec::new()
            }
        };
        event.evidence = some(&mut dice);
        let replaces = matches!(
            event.kind,
            EventKind::Corrected {
                correction: Correction::Replace { .. },
                ..
            }
        );
        event.replacement = (replaces && dice.below(3) > 0).then(|| Replacement {
            reason: Some("Read again.".to_owned()),
            evidence: some(&mut dice),
        });
    }
    book
}

both! {
    async fn what_corrections_say_of_the_evidence_of_an_admission_counts(app) {
        let book = with_evidence(471);
        book.store(&app);
        let auditor = app.auditor();
        let (mut given, mut taken, mut voided) = (0, 0, 0);
        for (seq, from, to) in [(book.seq, "2019-01-01", "2030-12-31"), (book.settled(book.seq * 4 / 5), "2019-06-01", "2020-12-31"), (book.seq, "2019-03-01", "2019-09-30")] {
            let mut expected = Vec::new();
            for (id, events) in &book.events {
                let known = known_at(events, seq);
                let resolved = resolve(&known);
                for event in &known {
                    let admits = matches!(event.kind, EventKind::Admitted {} | EventKind::Reinstated {});
                    if !admits || !(day(from)..=day(to)).contains(&Instant(event.recorded_at).day()) {
                        continue;
                    }
                    let held = resolved.standing.iter().find(|one| one.event.no == event.no).map(|one| one.evidence.is_empty());
                    match (event.evidence.is_empty(), held) {
                        (true, Some(false)) => given += 1,
                        (false, Some(true)) => taken += 1,
                        (_, None) => voided += 1,
                        _ => {}
                    }
                    if held == Some(true) {
                        expected.push((event.seq, id.to_string()));
                    }
                }
            }
            expected.sort_unstable();
            let known = format!("from={from}&to={to}&known_at={}", book.instant(seq));
            for limit in [3, 200] {
                let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?{known}&kind=without_evidence&limit={limit}")).await;
                let shown: Vec<_> = list.iter().map(|r| (number(r, "seq"), text(r, "subject").replace("membership:", ""))).collect();
                assert_eq!(shown, expected, "{known}");
            }
            // The figures are as many as the list has, in all and of each country.
            let answer = auditor.get(&format!("/v1/reports/decisions?{known}")).await.expect(200);
            let counted = |table: &str, country: &Value| answer.at(&format!("/data/{table}")).as_array().unwrap().iter()
                .filter(|r| r["kind"] == "without_evidence" && (country.is_null() || r["country"] == *country)).map(|r| number(r, "count")).sum::<i64>();
            assert_eq!(counted("exception_totals", &Value::Null), i64::try_from(expected.len()).unwrap());
            let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?{known}&kind=without_evidence&limit=200")).await;
            // Where even the application did not happen, it is of none.
            let countries: BTreeSet<&str> = list.iter().filter_map(|r| r["country"].as_str()).collect();
            assert!(countries.len() > 1);
            for country in countries {
                let listed = list.iter().filter(|r| r["country"] == country).count();
                assert_eq!(counted("exceptions", &json!(country)), i64::try_from(listed).unwrap(), "{country}");
            }
        }
        assert!(given > 5 && taken > 5 && voided > 5, "{given} {taken} {voided}");
    }
}
