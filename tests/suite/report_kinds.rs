//! Standing, ageing, renewals, decisions, data quality and the sample: each against a recount, with the ids behind its figures.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use chrono::{Datelike, Days, Months, NaiveDate};
use ots_registry::db::{Id, Instant};
use ots_registry::memberships::corrections::resolve;
use ots_registry::memberships::fold::{fold_until, known_at};
use ots_registry::memberships::ledger::Cause;
use ots_registry::memberships::model::{Event, EventKind, MembershipType, State};
use ots_registry::memberships::rules::Rules;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::both;
use crate::kit::book::{Book, COUNTRIES, DAY, Dice, day, number, recount, text, way_to_decision};
use crate::kit::{Answer, App, Person};

/// Every page of a list.
pub async fn rows(person: &Person, table: &str, address: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("{address}{cursor}")).await.expect(200);
        rows.extend(
            page.at(&format!("/data/{table}"))
                .as_array()
                .unwrap()
                .clone(),
        );
        match page.at("/page/next").as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = rows.iter().map(|r| text(r, "membership")).collect();
    ids.sort();
    ids
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

both! {
    async fn the_standing_is_that_of_a_recount_now_and_over_time(app) {
        let book = Book::random(41, 60, 600);
        book.store(&app);
        let auditor = app.auditor();
        let mut seen = 0;
        for (n, on) in ["2019-12-31", "2021-06-15", "2022-01-01", "2026-03-01"].into_iter().enumerate() {
            // Everything, late and early: the three ways of counting what was known.
            let seq = [book.seq, book.settled(book.seq * 2 / 3), book.settled(book.seq / 5)][n % 3];
            let folded = book.folded(seq);
            let known = if seq == book.seq { String::new() } else { format!("&known_at={}", book.instant(seq)) };
            let answer = auditor.get(&format!("/v1/reports/standing?as_of={on}{known}")).await.expect(200);
            let mut expected: BTreeMap<(String, String), [usize; 3]> = BTreeMap::new();
            for ((country, kind, state), ids) in recount(&folded, day(on)) {
                let place = [State::Active, State::Grace, State::Suspended].iter().position(|s| *s == state).unwrap();
                expected.entry((country, kind)).or_default()[place] += ids.len();
            }
            let shown: BTreeMap<(String, String), [usize; 3]> = answer.at("/data/figures").as_array().unwrap().iter().map(|row| {
                let numbers = ["active", "grace", "suspended"].map(|c| usize::try_from(number(row, c)).unwrap());
                assert_eq!(number(row, "members"), count(numbers.iter().sum()));
                ((text(row, "country"), text(row, "type")), numbers)
            }).collect();
            assert_eq!(shown, expected, "{on}");
            let members: usize = expected.values().flatten().sum();
            seen += members;
            // Rolled up: by country, by standing in the OTS, and in all.
            for (table, column) in [("by_country", "members"), ("by_standing", "members"), ("totals", "members")] {
                let sum: i64 = answer.at(&format!("/data/{table}")).as_array().unwrap().iter().map(|r| number(r, column)).sum();
                assert_eq!(sum, count(members), "{table}");
            }
            assert_eq!(answer.at("/data/by_country").as_array().unwrap().len(), 8);
            for row in answer.at("/data/by_standing").as_array().unwrap() {
                let word = row["ots_standing"].as_str().unwrap_or("none");
                let list = rows(&auditor, "members", &format!("/v1/reports/standing/members?as_of={on}&column=members&ots_standing={word}{known}")).await;
                assert_eq!(count(list.len()), number(row, "members"), "{row}");
            }
            // Over time: each day a recount of its own.
            let over_time = answer.at("/data/over_time");
            let over_time = over_time.as_array().unwrap();
            assert_eq!((over_time.len(), text(&over_time[36], "day")), (37, on.to_owned()));
            for row in over_time {
                let members: usize = recount(&folded, day(&text(row, "day"))).values().map(Vec::len).sum();
                assert_eq!(number(row, "members"), count(members), "{row}");
            }
            // The ids behind each figure, with the event that began what holds.
            for (country, kind) in expected.keys() {
                for (state, word) in [(State::Active, "active"), (State::Grace, "grace"), (State::Suspended, "suspended")] {
                    let list = rows(&auditor, "members", &format!("/v1/reports/standing/members?as_of={on}&column={word}&country={country}&type={kind}&limit=3{known}")).await;
                    let found = recount(&folded, day(on)).remove(&(country.clone(), kind.clone(), state)).unwrap_or_default();
                    let mut found: Vec<String> = found.iter().map(Id::to_string).collect();
                    found.sort();
                    assert_eq!(ids(&list), found);
                    for row in list {
                        let id: Id = text(&row, "membership").parse().unwrap();
                        let event = row["event_no"].as_i64().map(|no| book.events[&id].iter().find(|e| i64::from(e.no) == no).unwrap().seq);
                        assert_eq!(row["seq"].as_i64(), event);
                    }
                }
            }
        }
        assert!(seen > 40, "{seen}");
    }
}

both! {
    async fn the_standing_of_a_country_in_the_ots_is_that_of_the_day(app) {
        let auditor = app.auditor();
        let standing = |answer: &crate::kit::Answer| -> BTreeMap<String, Value> {
            answer.at("/data/by_country").as_array().unwrap().iter().map(|r| (text(r, "country"), r["ots_standing"].clone())).collect()
        };
        let now = standing(&auditor.get("/v1/reports/standing?as_of=2026-01-01").await.expect(200));
        assert_eq!((&now["UZ"], &now["TRNC"], &now["HU"]), (&json!("member"), &json!("observer"), &json!("observer")));
        let then = standing(&auditor.get("/v1/reports/standing?as_of=2019-10-14").await.expect(200));
        assert_eq!((&then["UZ"], &then["TRNC"], &then["HU"]), (&json!(null), &json!(null), &json!("observer")));
        let answer = auditor.get("/v1/reports/standing?as_of=2019-10-14").await.expect(200);
        let countries: Vec<i64> = answer.at("/data/by_standing").as_array().unwrap().iter().map(|r| number(r, "countries")).collect();
        assert_eq!(countries, [4, 1, 3]);
        // The question names the newest standing that counts, not the newest file: it is the same with the files of a later program.
        assert_eq!(answer.at("/data/question/reference_data"), "2018-09-03");
        let later = auditor.get("/v1/reports/standing?as_of=2026-01-01").await.expect(200);
        assert_eq!(later.at("/data/question/reference_data"), "2022-11-11");
        let before = auditor.get("/v1/reports/standing?as_of=2009-01-01").await.expect(200);
        assert_eq!(before.at("/data/question/reference_data"), Value::Null);
    }
}

/// Applications in every state that waits, for a day or for years.
fn waiting() -> Book {
    let mut book = Book::random(3, 1, 0);
    let mut dice = Dice(17);
    for n in 0..50_i64 {
        let id = Id(2_000_000_011 + n * 7);
        let kind = EventKind::Applied {
            membership_type: dice.one(&MembershipType::ALL),
            country: dice.one(&COUNTRIES).to_owned(),
        };
        book.record(id, 0, kind);
        let mut steps = way_to_decision().to_vec();
        if dice.below(3) == 0 {
            steps.insert(
                2,
                EventKind::Returned {
                    deadline: book.today() + Days::new(30),
                },
            );
            steps.insert(3, EventKind::Submitted {});
            steps.insert(
                4,
                EventKind::ReviewTaken {
                    reviewer: "user:r".to_owned(),
                },
            );
        }
        if dice.below(4) == 0 {
            steps.push(EventKind::Rejected {});
        }
        let taken = usize::try_from(dice.below(7)).unwrap();
        for step in steps.into_iter().take(taken) {
            book.at += DAY * i64::try_from(dice.below(9)).unwrap();
            book.record(id, 0, step);
        }
    }
    book
}

both! {
    async fn the_ageing_is_that_of_a_recount(app) {
        let book = waiting();
        book.store(&app);
        let auditor = app.auditor();
        let mut seen = 0;
        for (back, seq) in [(0, book.seq), (40, book.seq), (150, book.settled(book.seq / 2))] {
            let on = book.today() - Days::new(back);
            let folded = book.folded(seq);
            let known = format!("&known_at={}", book.instant(seq));
            let mut expected: Vec<(i64, String, String, String, String)> = Vec::new();
            for (id, ledger) in &folded {
                if let Some(i) = ledger.interval_on(on).filter(|i| i.state.is_application()) {
                    expected.push(((on - i.from).num_days(), id.to_string(), i.country.clone(), i.membership_type.as_str().to_owned(), i.state.as_str().to_owned()));
                }
            }
            seen += expected.len();
            let answer = auditor.get(&format!("/v1/reports/ageing?as_of={on}{known}")).await.expect(200);
            let total = answer.at("/data/totals/0");
            assert_eq!(number(&total, "waiting"), count(expected.len()));
            assert_eq!(number(&total, "longest"), expected.iter().map(|e| e.0).max().unwrap_or(0));
            for row in answer.at("/data/figures").as_array().unwrap() {
                let own = |from: i64, to: i64| count(expected.iter().filter(|(days, _, c, k, s)| {
                    (from..=to).contains(days) && (c, k, s) == (&text(row, "country"), &text(row, "type"), &text(row, "state"))
                }).count());
                let shown = ["waiting", "up_to_7", "days_8_to_30", "days_31_to_90", "over_90"].map(|c| number(row, c));
                assert_eq!(shown, [own(0, i64::MAX), own(0, 7), own(8, 30), own(31, 90), own(91, i64::MAX)], "{row}");
            }
            let states = answer.at("/data/figures").as_array().unwrap().len();
            assert!(states > 4, "{states}");
            let list = rows(&auditor, "applications", &format!("/v1/reports/ageing/applications?as_of={on}&column=waiting&limit=4{known}")).await;
            let shown: Vec<(i64, String)> = list.iter().map(|r| (number(r, "days"), text(r, "membership"))).collect();
            let mut wanted: Vec<(i64, String)> = expected.iter().map(|e| (e.0, e.1.clone())).collect();
            wanted.sort();
            let mut sorted = shown.clone();
            sorted.sort();
            assert_eq!(sorted, wanted);
            assert!(shown.windows(2).all(|two| two[0].0 >= two[1].0), "the longest waiting come first");
            let some = rows(&auditor, "applications", &format!("/v1/reports/ageing/applications?as_of={on}&column=over_90&state=submitted{known}")).await;
            let wanted = expected.iter().filter(|e| e.0 > 90 && e.4 == "submitted").count();
            assert_eq!(some.len(), wanted);
            let two = rows(&auditor, "applications", &format!("/v1/reports/ageing/applications?as_of={on}&column=over_90&state=submitted&state=draft&limit=3{known}")).await;
            let wanted = expected.iter().filter(|e| e.0 > 90 && ["submitted", "draft"].contains(&e.4.as_str())).count();
            assert_eq!(two.len(), wanted);
        }
        assert!(seen > 60, "{seen}");
    }
}

/// The windows of the renewals, by the calendar.
fn windows(on: NaiveDate) -> [(NaiveDate, NaiveDate); 4] {
    let month = on.with_day(1).unwrap();
    let mut quarter = month;
    while ![1, 4, 7, 10].contains(&quarter.month()) {
        quarter = quarter - Months::new(1);
    }
    let last = |first: NaiveDate, months: u32| first + Months::new(months) - Days::new(1);
    [
        (on + Days::new(1), last(month, 1)),
        (month + Months::new(1), last(month, 2)),
        (on + Days::new(1), last(quarter, 3)),
        (quarter + Months::new(3), last(quarter, 6)),
    ]
}

both! {
    async fn who_lapses_if_nothing_happens_is_what_the_fold_up_to_the_day_says(app) {
        let book = Book::random(57, 70, 500);
        book.store(&app);
        let auditor = app.auditor();
        let rules = Rules::default_rules().unwrap();
        let mut seen = 0;
        for (n, on) in ["2019-11-30", "2020-06-30", "2020-12-17", "2021-02-01", "2021-08-08"].into_iter().enumerate() {
            let on = day(on);
            let seq = if n % 2 == 0 { book.seq } else { book.settled(book.seq * 3 / 4) };
            let known = format!("&known_at={}", book.instant(seq));
            let mut lapsing: Vec<(String, NaiveDate)> = Vec::new();
            let folded = book.folded(seq);
            for (id, events) in &book.events {
                let member = folded[id].interval_on(on).is_some_and(|i| i.state.is_member());
                let ledger = fold_until(&known_at(events, seq), &rules, on);
                let turn = ledger.intervals.iter().find(|i| i.from > on && i.state == State::Lapsed && i.cause == Cause::Calendar);
                if let Some(interval) = turn.filter(|_| member) {
                    lapsing.push((id.to_string(), interval.from));
                }
            }
            let answer = auditor.get(&format!("/v1/reports/renewals?as_of={on}{known}")).await.expect(200);
            let total = answer.at("/data/totals/0");
            let members: usize = recount(&folded, on).values().map(Vec::len).sum();
            assert_eq!(number(&total, "members"), count(members));
            for ((column, (from, to)), window) in ["this_month", "next_month", "this_quarter", "next_quarter"].into_iter()
                .zip(windows(on)).zip(answer.at("/data/windows").as_array().unwrap())
            {
                assert_eq!((text(window, "from"), text(window, "to")), (from.to_string(), to.to_string()), "{column}");
                let mut expected: Vec<String> = lapsing.iter().filter(|(_, day)| (from..=to).contains(day)).map(|(id, _)| id.clone()).collect();
                expected.sort();
                seen += expected.len();
                assert_eq!(number(&total, column), count(expected.len()), "{on} {column}");
                let list = rows(&auditor, "members", &format!("/v1/reports/renewals/members?as_of={on}&column={column}&limit=2{known}")).await;
                assert_eq!(ids(&list), expected);
            }
        }
        assert!(seen > 20, "{seen}");
    }
}

/// The memberships that the sample should draw, by a second implementation.
fn drawn(seed: &str, members: &[String], size: usize) -> Vec<String> {
    let mut all: Vec<(String, &String)> = members
        .iter()
        .map(|id| {
            (
                data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{seed}:{id}"))),
                id,
            )
        })
        .collect();
    all.sort();
    all.into_iter()
        .take(size)
        .map(|(_, id)| id.clone())
        .collect()
}

both! {
    async fn a_sample_is_drawn_by_the_hash_of_seed_and_id(app) {
        let book = Book::random(77, 80, 300);
        book.store(&app);
        let auditor = app.auditor();
        let known = format!("&known_at={}", book.instant(book.settled(book.seq / 2)));
        let register = rows(&auditor, "members", &format!("/v1/reports/register?as_of=2020-09-30&limit=200{known}")).await;
        let members: Vec<String> = register.iter().map(|r| text(r, "membership")).collect();
        assert!(members.len() > 20, "{}", members.len());
        for (seed, size) in [("audit 2026", 5), ("audit 2026", 12), ("Қарағанды", 12), ("x", 1_000)] {
            let address = format!("/v1/reports/sample?as_of=2020-09-30&seed={}&size={size}{known}", crate::kit::encoded(seed));
            let answer = auditor.get(&address).await.expect(200);
            let shown: Vec<String> = answer.at("/data/members").as_array().unwrap().iter().map(|r| text(r, "membership")).collect();
            assert_eq!(shown, drawn(seed, &members, size));
            assert_eq!(answer.at("/data/totals/0"), json!({"population": members.len(), "drawn": shown.len()}));
            assert_eq!(auditor.get(&address).await.expect(200).at("/data"), answer.at("/data"));
            let first = answer.at("/data/members/0");
            let hash = Sha256::digest(format!("{seed}:{}", text(&first, "membership")));
            assert_eq!(text(&first, "drawn_by"), data_encoding::HEXLOWER.encode(&hash));
        }
        for bad in ["seed=x&size=0", "seed=x&size=1001", "seed=&size=5", "size=5", "seed=x&size=-1"] {
            auditor.get(&format!("/v1/reports/sample?{bad}")).await.problem(400, "bad_parameter");
        }
    }
}

both! {
    async fn exceptions_are_those_of_the_events(app) {
        let book = Book::random(91, 40, 400);
        book.store(&app);
        let auditor = app.auditor();
        let middle = book.settled(book.seq * 2 / 3);
        for (seq, from, to) in [(book.seq, "2019-01-01", "2030-12-31"), (middle, "2019-06-01", "2020-12-31")] {
            let known = format!("from={from}&to={to}&known_at={}", book.instant(seq));
            let answer = auditor.get(&format!("/v1/reports/decisions?{known}")).await.expect(200);
            assert_eq!(answer.json().get("beside"), None);
            let totals: BTreeMap<String, i64> = answer.at("/data/exception_totals").as_array().unwrap().iter()
                .map(|r| (text(r, "kind"), number(r, "count"))).collect();
            let inside = |at: i64| (day(from)..=day(to)).contains(&Instant(at).day());
            let events = || book.events.iter().flat_map(|(id, all)| all.iter().map(move |e| (id, e)))
                .filter(|(_, e)| e.seq <= seq && inside(e.recorded_at));
            let mut seqs: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
            // What did not happen admitted nobody.
            let stands = |all: &Vec<Event>| resolve(&known_at(all, seq)).standing.iter().map(|one| one.event.seq).collect::<Vec<i64>>();
            let standing: BTreeSet<i64> = book.events.values().flat_map(stands).collect();
            for (_, event) in events() {
                if event.effective_on < Instant(event.recorded_at).day() {
                    seqs.entry("back_dated").or_default().push(event.seq);
                }
                if matches!(event.kind, EventKind::Corrected { .. }) {
                    seqs.entry("corrected").or_default().push(event.seq);
                }
                let admits = matches!(event.kind, EventKind::Admitted {} | EventKind::Reinstated {});
                if admits && standing.contains(&event.seq) {
                    seqs.entry("without_evidence").or_default().push(event.seq);
                }
            }
            assert!(seqs.values().all(|all| all.len() > 5), "{seqs:?}");
            for (kind, mut expected) in seqs {
                expected.sort_unstable();
                assert_eq!(totals[kind], count(expected.len()), "{kind}");
                let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?{known}&kind={kind}&limit=7")).await;
                let shown: Vec<i64> = list.iter().map(|r| number(r, "seq")).collect();
                assert_eq!(shown, expected, "{kind}");
                // One of two countries counts in both, and once in all.
                let countries = |row: &Value| -> BTreeSet<String> {
                    let also = row["also_of"].as_array().unwrap().iter().map(|pair| pair.as_str().unwrap().split(' ').next().unwrap().to_owned());
                    also.chain([text(row, "country")]).collect()
                };
                let mut listed: BTreeMap<String, i64> = BTreeMap::new();
                for country in list.iter().flat_map(countries) {
                    *listed.entry(country).or_default() += 1;
                }
                let counted: BTreeMap<String, i64> = answer.at("/data/exceptions").as_array().unwrap().iter()
                    .filter(|r| r["kind"] == kind).map(|r| (text(r, "country"), number(r, "count"))).collect();
                assert_eq!(counted, listed, "{kind}");
                assert!(counted.values().sum::<i64>() >= totals[kind], "{kind}");
                // One country and type: as many as the list has of them.
                let narrow = format!("{known}&country=KZ&type=full");
                let one = auditor.get(&format!("/v1/reports/decisions?{narrow}")).await.expect(200);
                let of_one = one.at("/data/exception_totals").as_array().unwrap().iter()
                    .find(|r| r["kind"] == kind).map(|r| number(r, "count")).unwrap();
                let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?{narrow}&kind={kind}&limit=50")).await;
                assert_eq!(of_one, count(list.len()), "{kind}");
            }
            assert_eq!((totals["same_person"], totals["sequence_gap"]), (0, 0));
        }
    }
}

both! {
    async fn a_gap_in_the_journal_is_an_exception(app) {
        let mut book = Book::random(91, 5, 30);
        book.seq += 3;
        book.at += DAY;
        let id = *book.events.keys().next().unwrap();
        book.record(id, 0, EventKind::Renewed {});
        book.store(&app);
        let auditor = app.auditor();
        let period = "from=2019-01-01&to=2030-12-31";
        let answer = auditor.get(&format!("/v1/reports/decisions?{period}")).await.expect(200);
        let gaps = answer.at("/data/exception_totals");
        let gaps = gaps.as_array().unwrap().iter().find(|r| r["kind"] == "sequence_gap").unwrap();
        assert_eq!(number(gaps, "count"), 3);
        let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?{period}&kind=sequence_gap&limit=2")).await;
        let shown: Vec<i64> = list.iter().map(|r| number(r, "seq")).collect();
        assert_eq!(shown, [book.seq - 3, book.seq - 2, book.seq - 1]);
        // It is of no country: whoever asks for one is not told.
        let one = auditor.get(&format!("/v1/reports/decisions?{period}&country=KZ")).await.expect(200);
        assert!(one.at("/data/exception_totals").as_array().unwrap().iter().all(|r| r["kind"] != "sequence_gap" || number(r, "count") == 0));
        assert_eq!(one.json().get("beside"), None);
    }
}

/// The total of one kind of exception this year.
async fn exceptions(auditor: &Person, today: NaiveDate, kind: &str) -> i64 {
    let answer = auditor
        .get(&format!("/v1/reports/decisions?from={today}&to={today}"))
        .await
        .expect(200);
    let totals = answer.at("/data/exception_totals");
    let beside = answer.at("/beside/machinery");
    let all = totals
        .as_array()
        .unwrap()
        .iter()
        .chain(beside.as_array().unwrap());
    all.filter(|r| r["kind"] == kind)
        .map(|r| number(r, "count"))
        .sum()
}

both! {
    async fn who_proposed_and_who_decided_is_told_with_the_time_it_took(app) {
        let (ngo, membership) = app.member("KZ").await;
        let auditor = app.auditor();
        let today = app.today();
        let period = format!("from={today}&to={today}");
        let answer = auditor.get(&format!("/v1/reports/decisions?{period}")).await.expect(200);
        assert_eq!(number(&answer.at("/data/totals/0"), "closed"), 1);
        assert_eq!(number(&answer.at("/data/totals/0"), "approved"), 1);
        assert_eq!(answer.str("/data/figures/0/country"), "KZ");
        let unknown = auditor.get(&format!("/v1/reports/decisions/proposals?{period}&column=approved&act=suspended")).await;
        assert!(unknown.problem(400, "bad_parameter").str("/detail").contains("act: must be one of recommend, suspend,"));
        let list = rows(&auditor, "proposals", &format!("/v1/reports/decisions/proposals?{period}&column=approved")).await;
        assert_eq!(list.len(), 1);
        let row = &list[0];
        assert_eq!((text(row, "registry_number"), text(row, "membership"), text(row, "type")), (ngo.number.clone(), membership.rsplit('/').next().unwrap().to_owned(), "full".to_owned()));
        assert_ne!(row["proposer"], row["decider"]);
        let officers = answer.at("/data/officers");
        for (column, role) in [("proposed", "proposer"), ("decided", "decider")] {
            let who = officers.as_array().unwrap().iter().find(|o| o["officer"] == row[role]).unwrap();
            assert_eq!(number(who, column), 1);
            let behind = if column == "proposed" { "closed" } else { column };
            let account = text(row, role);
            let address = |role: &str| format!("/v1/reports/decisions/proposals?{period}&column={behind}&{role}={account}");
            assert_eq!(rows(&auditor, "proposals", &address(role)).await, std::slice::from_ref(row));
            let other = if role == "proposer" { "decider" } else { "proposer" };
            assert_eq!(rows(&auditor, "proposals", &address(other)).await, Vec::<Value>::new());
        }
        // Down to the journal: the entry of the closing.
        let entry = auditor.get(&format!("/v1/journal/{}", number(row, "seq"))).await.expect(200);
        assert_eq!(entry.str("/subject"), format!("membership:{}", text(row, "membership")));
        assert_eq!(rows(&auditor, "proposals", &format!("/v1/reports/decisions/proposals?{period}&column=refused")).await, Vec::<Value>::new());
        let none = rows(&auditor, "proposals", &format!("/v1/reports/decisions/proposals?{period}&column=closed&type=observer")).await;
        assert_eq!(none, Vec::<Value>::new());
    }
}

both! {
    async fn overridden_warnings_are_exceptions(app) {
        let az = app.coordinator("AZ");
        let auditor = app.auditor();
        let today = app.today();
        let body = |name: &str, more: Value| {
            let mut body = json!({"country": "AZ", "names": [{"kind": "legal", "text": name, "language": "az-Latn"}]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        // Nine digits that fail the check of the tenth.
        let wrong = json!({"identifiers": [{"scheme": "AZ-VOEN", "value": "9900014911", "override_reason": "So it stands in the register."}]});
        let first = az.post("/v1/organisations", body("Günəş İctimai Birliyi", wrong)).await.expect(201).str("/number");
        assert_eq!(exceptions(&auditor, today, "identifier_override").await, 1);
        assert_eq!(exceptions(&auditor, today, "duplicate_override").await, 0);
        let twin = json!({"distinct_from": [first], "distinct_reason": "Another town's."});
        let second = az.post("/v1/organisations", body("Günəş İctimai Birliyi", twin)).await.expect(201).str("/number");
        assert_eq!(exceptions(&auditor, today, "duplicate_override").await, 1);
        // One entry, and two warnings that it overrides: each pair counts, and pages go on between them.
        let third = json!({"distinct_from": [first, second], "distinct_reason": "A third town's."});
        let third = az.post("/v1/organisations", body("Günəş İctimai Birliyi", third)).await.expect(201).str("/number");
        assert_eq!(exceptions(&auditor, today, "duplicate_override").await, 3);
        let address = format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=duplicate_override");
        let (whole, paged) = (rows(&auditor, "exceptions", &address).await, rows(&auditor, "exceptions", &format!("{address}&limit=1")).await);
        assert_eq!((whole.len(), &whole), (3, &paged));
        // Both of each pair are named, but nobody of a country that is not asked for.
        let pairs: Vec<(String, String)> = whole.iter().map(|row| (text(row, "registry_number"), text(row, "other_number"))).collect();
        let pair = |a: &String, b: &String| (a.clone(), b.clone());
        assert_eq!(pairs, [pair(&second, &first), pair(&third, &first), pair(&third, &second)]);
        assert_eq!(whole[1]["seq"], whole[2]["seq"], "the two of one entry");
        let mut abroad = body("Deniz Derneği", json!({}));
        abroad["country"] = json!("TR");
        let abroad = app.secretariat().post("/v1/organisations", abroad).await.expect(201).str("/number");
        let moved = format!("UPDATE distinct_pairs SET other = '{abroad}' WHERE organisation = '{third}' AND other = '{second}'");
        diesel::connection::SimpleConnection::batch_execute(&mut app.db_conn(), &moved).unwrap();
        let others = |rows: Vec<Value>| rows.iter().map(|row| row["other_number"].clone()).collect::<Vec<_>>();
        assert_eq!(others(rows(&auditor, "exceptions", &address).await), [json!(first), json!(first), json!(abroad)]);
        for (who, narrow) in [(&auditor, "&country=AZ"), (&az, "")] {
            let narrowed = rows(who, "exceptions", &format!("{address}{narrow}")).await;
            assert_eq!(others(narrowed), [json!(first), json!(first), Value::Null]);
        }
        assert!(whole.iter().all(|row| row["what"] == "organisation.registered" && row["country"] == "AZ"), "{whole:?}");
        let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=identifier_override")).await;
        assert_eq!(list.len(), 1);
        assert_eq!((text(&list[0], "registry_number"), text(&list[0], "country")), (first, "AZ".to_owned()));
        assert!(!list[0].to_string().contains("99000149"), "the number itself is told in the journal, to whoever may read it");
    }
}

both! {
    async fn privileged_accounts_and_readings_are_exceptions(app) {
        let (ngo, _) = app.member("KZ").await;
        let auditor = app.auditor();
        let today = app.today();
        let secretariat = app.secretariat();
        let before = exceptions(&auditor, today, "privileged_account").await;
        let invited = json!({"email": "second@example.org", "name": "Second Officer", "role": "secretariat"});
        secretariat.post("/v1/users", invited).await.expect(201);
        assert_eq!(exceptions(&auditor, today, "privileged_account").await, before + 1);
        let coordinator = json!({"email": "third@example.org", "name": "Third Officer", "role": "coordinator", "country": "KZ"});
        secretariat.post("/v1/users", coordinator).await.expect(201);
        assert_eq!(exceptions(&auditor, today, "privileged_account").await, before + 1);
        // An account of the office is named anew, disabled and enabled; what happens to a coordinator's is nobody's.
        let users = secretariat.get("/v1/users?limit=200").await.expect(200).at("/items");
        let of = |email: &str| users.as_array().unwrap().iter().find(|user| user["email"] == email).map(|user| format!("/v1/users/{}", text(user, "id"))).unwrap();
        let (second, third) = (of("second@example.org"), of("third@example.org"));
        for (n, change) in [(2, json!({"name": "Second Officer of Two"})), (3, json!({"status": "disabled"})), (4, json!({"status": "active"}))] {
            secretariat.patch(&second, change).await.expect(200);
            assert_eq!(exceptions(&auditor, today, "privileged_account").await, before + n);
        }
        secretariat.patch(&third, json!({"country": "AZ"})).await.expect(200);
        assert_eq!(exceptions(&auditor, today, "privileged_account").await, before + 4);
        let entries = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=privileged_account&limit=3")).await;
        assert_eq!(i64::try_from(entries.len()).unwrap(), before + 4);
        let read = exceptions(&auditor, today, "private_read").await;
        secretariat.get(&ngo.url()).await.expect(200);
        assert!(exceptions(&auditor, today, "private_read").await > read);
        let address = format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=private_read");
        assert!(!rows(&auditor, "exceptions", &address).await.is_empty());
        // Who read is for auditors alone.
        secretariat.get(&address).await.problem(403, "forbidden");
        let told = secretariat.get(&format!("/v1/reports/decisions?from={today}&to={today}")).await.expect(200);
        assert_eq!(told.at("/beside/machinery").as_array().unwrap().len(), 1);
        // What is not in the journal cannot be asked about the past.
        auditor.get(&format!("{address}&known_at={today}")).await.problem(422, "invalid_field");
    }
}

both! {
    async fn what_is_not_in_the_journal_names_no_position_of_it_and_no_country(app) {
        let (ngo, _) = app.member("KZ").await;
        let (auditor, secretariat, kz) = (app.auditor(), app.secretariat(), app.coordinator("KZ"));
        let today = app.today();
        for kind in ["private_read", "failed_job_run"] {
            let address = format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind={kind}");
            let first = auditor.get(&address).await.expect(200);
            secretariat.get(&ngo.url()).await.expect(200);
            let second = auditor.get(&address).await.expect(200);
            for answer in [&first, &second] {
                let question = answer.at("/data/question");
                assert_eq!((question.get("known_seq"), question["kept_at"].is_string()), (None, true), "{question}");
                let words = answer.str("/cover/filters");
                assert!(!words.contains("position") && words.contains(&text(&question, "kept_at")), "{words}");
            }
            // Two lists are two questions.
            assert_ne!(first.at("/data/question"), second.at("/data/question"));
            let file = auditor.get(&format!("{address}&format=csv")).await.expect(200).text();
            assert!(file.contains("as it was kept beside the journal at") && !file.contains("as known at position"), "{file}");
            for narrow in ["country=KZ", "type=full"] {
                let refused = auditor.get(&format!("{address}&{narrow}")).await.problem(422, "invalid_field");
                assert_eq!(refused.str("/fields/0/pointer"), narrow.split('=').next().unwrap());
            }
            kz.get(&address).await.problem(403, "forbidden");
        }
        secretariat.get(&format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=failed_job_run")).await.expect(200);
    }
}

both! {
    async fn a_failed_run_of_a_job_is_an_exception(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::job_runs;
        let at = Instant::now().0;
        let mut conn = app.db_conn();
        for (id, outcome) in [(1_i64, "failed"), (2, "done")] {
            diesel::insert_into(job_runs::table)
                .values((job_runs::id.eq(id), job_runs::name.eq("calendar"), job_runs::started_at.eq(at),
                    job_runs::finished_at.eq(at), job_runs::outcome.eq(outcome), job_runs::detail.eq("")))
                .execute(&mut conn).unwrap();
        }
        let auditor = app.auditor();
        let today = app.today();
        assert_eq!(exceptions(&auditor, today, "failed_job_run").await, 1);
        let list = rows(&auditor, "exceptions", &format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=failed_job_run")).await;
        assert_eq!((list.len(), text(&list[0], "by")), (1, "system:calendar".to_owned()));
    }
}

/// How many records meet a criterion, of how many.
fn met(answer: &crate::kit::Answer, criterion: &str) -> (i64, i64) {
    let totals = answer.at("/data/totals");
    let row = totals
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["criterion"] == criterion)
        .unwrap()
        .clone();
    (number(&row, "met"), number(&row, "records"))
}

both! {
    async fn the_data_quality_counts_what_is_complete_and_valid(app) {
        let whole = json!({
            "legal_form": "KZ-QQ", "city": "Astana", "founded": "1999", "themes": ["A10"], "website": "https://example.org",
            "descriptions": [{"language": "en", "text": "Helps."}],
            "names": [{"kind": "legal", "text": "Үлгі қоғамдық қоры", "language": "kk-Cyrl"}, {"kind": "translated", "text": "Sample Fund", "language": "en"}],
        });
        let one = app.organisation("KZ").with(whole).active().create().await;
        app.organisation("KZ").named("Sample Bare").active().create().await;
        app.organisation("HU").named("Sample Egyesület").active().create().await;
        // An application is no member: its record is not judged.
        app.organisation("KZ").named("Sample Waiting").create().await;
        let kz = app.coordinator("KZ");
        let auditor = app.auditor();
        let answer = auditor.get("/v1/reports/data-quality").await.expect(200);
        assert_eq!([met(&answer, "city"), met(&answer, "english_name"), met(&answer, "evidence"), met(&answer, "complete"), met(&answer, "identifiers_valid")],
            [(1, 3), (1, 3), (0, 3), (0, 3), (3, 3)]);
        let kz_rows: Vec<Value> = answer.at("/data/figures").as_array().unwrap().iter().filter(|r| r["country"] == "KZ" && r["criterion"] == "city").cloned().collect();
        assert_eq!(kz_rows, [json!({"country": "KZ", "criterion": "city", "records": 2, "met": 1, "unmet": 1, "share_permille": 500})]);
        let list = rows(&auditor, "records", "/v1/reports/data-quality/records?criterion=city&limit=1").await;
        assert_eq!(list.len(), 2);
        let with = rows(&auditor, "records", "/v1/reports/data-quality/records?criterion=city&column=met").await;
        assert_eq!(with.iter().map(|r| text(r, "registry_number")).collect::<Vec<_>>(), std::slice::from_ref(&one.number));
        assert_eq!(with[0]["unmet"], json!(["identifier", "evidence"]));
        let entry = auditor.get(&format!("/v1/journal/{}", number(&with[0], "seq"))).await.expect(200);
        assert_eq!(entry.str("/organisation"), one.number);

        // What was known stays answerable after later changes, from the journal.
        let at = answer.str("/cover/made_at");
        let tag = kz.tag(&one.url()).await;
        let evidence = json!({"kind": "registration_certificate", "issuer": "Ministry", "issued_on": "2020-01-01", "sha256": "0".repeat(64)});
        kz.post_seen(&format!("{}/evidence", one.url()), Some(&tag), evidence).await.expect(201);
        kz.patch(&one.url(), json!({"city": null})).await.expect(200);
        let now = auditor.get("/v1/reports/data-quality").await.expect(200);
        assert_eq!([met(&now, "city"), met(&now, "evidence")], [(0, 3), (1, 3)]);
        let then = auditor.get(&format!("/v1/reports/data-quality?known_at={at}")).await.expect(200);
        assert_eq!(then.at("/data"), answer.at("/data"));
        assert_eq!(then.str("/cover/data_sha256"), answer.str("/cover/data_sha256"));
        let again = rows(&auditor, "records", &format!("/v1/reports/data-quality/records?criterion=city&column=met&known_at={at}")).await;
        assert_eq!(again, with);
        // Nor does a row change when its membership alone goes on: the entry of a row is the last one about the record.
        let before = rows(&auditor, "records", "/v1/reports/data-quality/records?criterion=complete").await;
        let position = auditor.get("/v1/reports/data-quality").await.expect(200).at("/data/question/known_seq");
        let members = rows(&auditor, "members", "/v1/reports/register?country=KZ").await;
        let membership = members.iter().find(|r| text(r, "registry_number") == one.number).map(|r| text(r, "membership")).unwrap();
        app.decided(&kz, &format!("/v1/memberships/{membership}"), "suspension", json!({"reason": "No report."})).await;
        kz.patch(&one.url(), json!({"city": "Almaty"})).await.expect(200);
        let then = rows(&auditor, "records", &format!("/v1/reports/data-quality/records?criterion=complete&known_at=seq:{position}")).await;
        assert_eq!(then, before);
        app.decided(&kz, &format!("/v1/memberships/{membership}"), "lift", json!({"reason": "It came."})).await;
        let position = auditor.get("/v1/reports/data-quality").await.expect(200).at("/data/question/known_seq");
        let before = rows(&auditor, "records", "/v1/reports/data-quality/records?criterion=complete").await;
        kz.patch(&one.url(), json!({"city": "Astana"})).await.expect(200);
        let then = rows(&auditor, "records", &format!("/v1/reports/data-quality/records?criterion=complete&known_at=seq:{position}")).await;
        assert_eq!(then, before, "the membership's entries are no changes of the record");
    }
}

both! {
    async fn what_is_kept_of_a_record_follows_every_change(app) {
        use diesel::connection::SimpleConnection;
        let ngo = app.organisation("KZ").active().create().await;
        let kz = app.coordinator("KZ");
        let auditor = app.auditor();
        let told = async || {
            let answer = auditor.get("/v1/reports/data-quality").await.expect(200);
            assert_eq!(app.findings(), Vec::<String>::new());
            ["city", "english_name", "identifier", "identifiers_valid", "identifiers_own", "evidence"].map(|criterion| met(&answer, criterion).0)
        };
        assert_eq!(told().await, [0, 0, 0, 1, 1, 0]);
        kz.patch(&ngo.url(), json!({"city": "Astana"})).await.expect(200);
        assert_eq!(told().await, [1, 0, 0, 1, 1, 0]);
        let add = async |list: &str, body: Value| {
            let tag = kz.tag(&ngo.url()).await;
            let added = kz.post_seen(&format!("{}/{list}", ngo.url()), Some(&tag), body).await.expect(201);
            added.header("location").unwrap().to_owned()
        };
        let drop = async |item: &str| {
            let tag = kz.tag(&ngo.url()).await;
            kz.send_with(Method::DELETE, item, &tag, None).await.expect(204);
        };
        let name = add("names", json!({"kind": "translated", "text": "Sample Aid", "language": "en-GB"})).await;
        let wrong = json!({"scheme": "KZ-BIN", "value": "950440001674", "override_reason": "It stands so in the charter."});
        let number = add("identifiers", wrong).await;
        let evidence = add("evidence", json!({"kind": "charter", "issuer": "Ministry", "issued_on": "2020-01-01", "sha256": "0".repeat(64)})).await;
        assert_eq!(told().await, [1, 1, 1, 0, 1, 1]);
        // One of two that meet it may go.
        let second = add("names", json!({"kind": "alias", "text": "Sample Help", "language": "en"})).await;
        drop(&name).await;
        assert_eq!(told().await, [1, 1, 1, 0, 1, 1]);
        drop(&second).await;
        drop(&number).await;
        drop(&evidence).await;
        assert_eq!(told().await, [1, 0, 0, 1, 1, 0]);
        // A number that another organisation has.
        let shared = json!([{"scheme": "KZ-BIN", "value": "950440001673"}]);
        app.organisation("KZ").named("Sample Parent").with(json!({"identifiers": shared})).create().await;
        let branch = json!({"scheme": "KZ-BIN", "value": "950440001673", "shared_reason": "A branch of it."});
        let number = add("identifiers", branch).await;
        assert_eq!(told().await, [1, 0, 1, 1, 0, 0]);
        drop(&number).await;
        assert_eq!(told().await, [1, 0, 0, 1, 1, 0]);
        // What was made anew is what was kept; what somebody took away is found.
        let mut conn = app.db_conn();
        ots_registry::reports::queries::quality::make_anew(&mut conn).unwrap();
        assert_eq!(app.findings(), Vec::<String>::new());
        conn.batch_execute("DELETE FROM organisation_quality").unwrap();
        assert_eq!(app.findings().iter().filter(|f| f.starts_with("organisation_quality")).count(), 2);
    }
}

/// A question to every report.
pub fn addresses(at: &str) -> Vec<(&'static str, String)> {
    let day = format!("as_of=2020-09-30&known_at={at}");
    let period = format!("from=2019-06-01&to=2020-12-31&known_at={at}");
    vec![
        ("register", format!("register?{day}&limit=200")),
        ("roll-forward", format!("roll-forward?{period}")),
        (
            "roll-forward-members",
            format!("roll-forward/members?{period}&column=joined&limit=200"),
        ),
        ("standing", format!("standing?{day}")),
        (
            "standing-members",
            format!("standing/members?{day}&column=active&limit=200"),
        ),
        ("ageing", format!("ageing?{day}")),
        (
            "ageing-applications",
            format!("ageing/applications?{day}&column=waiting&limit=200"),
        ),
        ("renewals", format!("renewals?{day}")),
        (
            "renewals-members",
            format!("renewals/members?{day}&column=next_quarter&limit=200"),
        ),
        ("decisions", format!("decisions?{period}")),
        (
            "decisions-proposals",
            format!("decisions/proposals?{period}&column=closed&limit=200"),
        ),
        (
            "decisions-exceptions",
            format!("decisions/exceptions?{period}&kind=back_dated&limit=200"),
        ),
        ("data-quality", format!("data-quality?{day}")),
        (
            "data-quality-records",
            format!("data-quality/records?{day}&criterion=city&limit=200"),
        ),
        ("sample", format!("sample?{day}&seed=audit&size=5")),
    ]
}

both! {
    async fn every_report_is_held_by_a_committed_example(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        held(&app, &book, &["standing", "standing-members", "renewals", "renewals-members", "decisions", "decisions-exceptions",
            "data-quality", "data-quality-records", "sample"]).await;
    }
}

both! {
    async fn the_ageing_is_held_by_a_committed_example(app) {
        let book = waiting();
        book.store(&app);
        held(&app, &book, &["ageing", "ageing-applications"]).await;
    }
}

/// Compares the data part of these reports with the examples that are committed.
async fn held(app: &App, book: &Book, names: &[&str]) {
    let at = book.instant(book.settled(book.seq - 20));
    let on = if names.contains(&"ageing") {
        "as_of=2019-07-31"
    } else {
        "as_of=2020-09-30"
    };
    let questions = addresses(&at)
        .into_iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(name, address)| (name, address.replace("as_of=2020-09-30", on)));
    compared(app, "", questions).await;
}

/// Compares the data part of answers with the examples in a folder of those that are committed. Gives the answers.
pub async fn compared(
    app: &App,
    folder: &str,
    questions: impl Iterator<Item = (impl std::fmt::Display, String)>,
) -> Vec<Answer> {
    let auditor = app.auditor();
    let mut changed = Vec::new();
    let mut answers = Vec::new();
    for (name, address) in questions {
        let answer = auditor
            .get(&format!("/v1/reports/{address}"))
            .await
            .expect(200);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/data/reports/{folder}/{name}.json"));
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        let data = answer.at("/data").to_string();
        if held == data {
            let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(held.as_bytes()));
            assert_eq!(answer.str("/cover/data_sha256"), hash);
        } else {
            if std::env::var_os("OTS_WRITE_EXAMPLES").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &data).unwrap();
            }
            changed.push(format!("{}\n{data}\n", path.display()));
        }
        answers.push(answer);
    }
    assert!(
        changed.is_empty(),
        "no longer what the report says; a change of its meaning needs a new definition:\n{}",
        changed.concat()
    );
    answers
}

both! {
    async fn a_coordinator_reads_the_own_country_in_every_report(app) {
        let book = Book::random(13, 40, 200);
        book.store(&app);
        let (kz, auditor) = (app.coordinator("KZ"), app.auditor());
        let at = book.instant(book.settled(book.seq));
        for (name, address) in addresses(&at) {
            let narrowed = kz.get(&format!("/v1/reports/{address}")).await.expect(200);
            let asked = auditor.get(&format!("/v1/reports/{address}&country=KZ")).await.expect(200);
            assert_eq!(narrowed.at("/data"), asked.at("/data"), "{name}");
            assert_eq!(narrowed.at("/data/question/country"), json!(["KZ"]));
            assert!(!narrowed.at("/data").to_string().contains("\"HU\""), "{name}");
            kz.get(&format!("/v1/reports/{address}&country=HU")).await.problem(403, "forbidden");
            app.get(&format!("/v1/reports/{address}")).await.problem(401, "not_authenticated");
        }
    }
}

both! {
    async fn a_question_that_makes_no_sense_is_refused_by_every_report(app) {
        let auditor = app.auditor();
        for bad in [
            "standing?from=2020-01-01", "standing/members?column=lapsed", "standing/members", "standing/members?column=active&ots_standing=friend",
            "ageing/applications?column=longest", "ageing/applications?column=waiting&state=active", "renewals/members?column=members",
            "decisions?from=2020-01-01", "decisions/proposals?from=2020-01-01&to=2020-01-02&column=open",
            "decisions/exceptions?from=2020-01-01&to=2020-01-02&kind=golden", "data-quality/records?criterion=golden",
            "data-quality/records?criterion=city&column=perhaps", "sample?seed=x&size=many", "standing?format=doc",
        ] {
            auditor.get(&format!("/v1/reports/{bad}")).await.problem(400, "bad_parameter");
        }
        // What is needed is not to be left out.
        let seed = auditor.get("/v1/reports/sample?seed=").await.problem(400, "bad_parameter");
        assert!(seed.str("/detail").ends_with("must not be empty"), "{}", seed.text());
        let day = auditor.get("/v1/reports/sample?seed=x&as_of=").await.problem(400, "bad_parameter");
        assert!(day.str("/detail").ends_with("leave it out instead"), "{}", day.text());
        // Each parameter is of its form, and together they break a rule that no schema says.
        for bad in [
            "decisions?from=2020-01-02&to=2020-01-01", "standing?known_at=2999-01-01", "ageing?known_at=2020-02-31", "standing?bom=true",
            "standing?bom=true&format=pdf", "register?format=xlsx&limit=3", "register?format=pdf&cursor=x",
        ] {
            auditor.get(&format!("/v1/reports/{bad}")).await.problem(422, "invalid_field");
        }
    }
}
