//! What stands behind a figure: on which evidence an admission rests, and which event brought a row about.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use ots_registry::db::{Id, Instant};
use ots_registry::memberships::corrections::resolve;
use ots_registry::memberships::fold::known_at;
use ots_registry::memberships::model::{
    Correction, EventKind, MembershipType, Replacement, Stance,
};
use ots_registry::memberships::recorder;
use serde_json::{Value, json};

use crate::both;
use crate::kit::Person;
use crate::kit::book::{BEGIN, Book, DAY, Dice, day, number, text};
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
        assert!(given > 3 && taken > 3 && voided > 3, "{given} {taken} {voided}");
    }
}

/// The rows of a list, and the list's data part.
async fn listed(person: &Person, address: &str) -> (Vec<Value>, Value) {
    let answer = person.get(address).await.expect(200);
    let rows = answer.at("/data/members").as_array().unwrap().clone();
    (rows, answer.at("/data"))
}

both! {
    async fn what_the_calendar_turned_leads_to_what_was_recorded_of_it(app) {
        let ago = |days: u64| -> NaiveDate { app.today() - Days::new(days) };
        // A term of two years, then 60 days of grace.
        let mut book = Book { at: BEGIN, ..Book::default() };
        let today = (app.today() - day("2019-01-01")).num_days();
        let mut admitted = |id: Id, days: i64| {
            book.at = BEGIN + (today - days) * DAY;
            let country = "KZ".to_owned();
            let reviewer = "user:r".to_owned();
            for kind in [
                EventKind::Applied { membership_type: MembershipType::Full, country },
                EventKind::Submitted {},
                EventKind::ReviewTaken { reviewer },
                EventKind::Recommended { stance: Stance::For },
                EventKind::Admitted {},
            ] {
                book.record(id, 0, kind);
            }
            format!("/v1/memberships/{id}")
        };
        let (lapsed, in_grace) = (admitted(Id(11), 1_000), admitted(Id(12), 760));
        book.store(&app);
        let auditor = app.auditor();
        let questions = |known: &str| [
            (lapsed.clone(), "lapsed", format!("/v1/reports/roll-forward/members?from={}&to={}&column=lapsed{known}", ago(900), ago(0))),
            (in_grace.clone(), "grace_began", format!("/v1/reports/roll-forward/members?from={}&to={}&column=closing_grace{known}", ago(5), ago(0))),
            (in_grace.clone(), "grace_began", format!("/v1/reports/standing/members?column=grace{known}")),
            (in_grace.clone(), "grace_began", format!("/v1/reports/sample?seed=x{known}")),
        ];
        let mut before = Vec::new();
        for (membership, kind, address) in questions("") {
            let (rows, data) = listed(&auditor, &address).await;
            assert_eq!(rows.len(), 1, "{address}");
            assert!(membership.ends_with(&text(&rows[0], "membership")), "{kind}");
            assert_eq!((&rows[0]["event_no"], &rows[0]["seq"]), (&Value::Null, &Value::Null), "nothing was recorded of it yet");
            before.push(data);
        }
        recorder::run_on(&mut app.db_conn(), &app.parts.rules, Instant::now()).unwrap().unwrap();
        for (membership, kind, address) in questions("") {
            let (rows, _) = listed(&auditor, &address).await;
            let event = &app.coordinator("KZ").get(&membership).await.expect(200).at("/events")[usize::try_from(number(&rows[0], "event_no")).unwrap() - 1];
            assert_eq!(event["kind"], kind, "{address}");
            let entry = auditor.get(&format!("/v1/journal/{}", number(&rows[0], "seq"))).await.expect(200);
            assert_eq!(entry.str("/action"), "membership.calendar");
            assert_eq!(entry.str("/subject"), format!("membership:{}", text(&rows[0], "membership")));
        }
        // What was known stays what it was.
        let position = &before[0]["question"]["known_seq"];
        for ((_, _, address), data) in questions(&format!("&known_at=seq:{position}")).into_iter().zip(before) {
            assert_eq!(listed(&auditor, &address).await.1, data, "{address}");
        }
    }
}
