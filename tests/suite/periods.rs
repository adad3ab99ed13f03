//! Closing a period: what is frozen stays, what comes later shows, nothing is opened again, and anybody can check what was signed.

use std::collections::BTreeSet;
use std::path::Path;

use actix_web::http::Method;
use chrono::{Days, NaiveDate};
use diesel::connection::SimpleConnection;
use ots_registry::db::{Id, Instant};
use ots_registry::journal::note::{self, SignedNote, VerifierKey};
use ots_registry::memberships::fold::{fold, known_at};
use ots_registry::memberships::model::{Correction, EventKind, MembershipType};
use ots_registry::memberships::rules::Rules;
use ots_registry::reports::periods::{queries, statement};
use serde_json::{Value, json};

use crate::both;
use crate::kit::book::{BEGIN, Book, COUNTRIES, DAY, Dice, day, number, text, way_to_decision};
use crate::kit::process::{flag_of, program};
use crate::kit::{Answer, App, ORIGIN, Person};

/// The registry's key, as somebody holds it who has nothing else.
fn key(app: &App) -> VerifierKey {
    app.parts.checkpoints.verifier_keys().remove(0)
}

/// Every report of a closed period, asked for again.
async fn asked_again(person: &Person, period: &Answer) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for report in period.at("/reports").as_array().unwrap() {
        let address = text(report, "address");
        let answer = person.get(&address).await.expect(200);
        let hash = match address.contains("format=csv") {
            // A list is frozen as a whole; a file holds all of it, and its hash at the end.
            true => {
                let file = answer.text();
                let (_, hash) = file.rsplit_once("data_sha256,").unwrap();
                hash.lines().next().unwrap().to_owned()
            }
            false => {
                assert_eq!(answer.at("/data/question"), report["question"], "{address}");
                assert_eq!(
                    answer.at("/data/definition"),
                    report["definition"],
                    "{address}"
                );
                answer.str("/cover/data_sha256")
            }
        };
        assert_eq!(hash, text(report, "data_sha256"), "{address}");
        found.push((address, hash));
    }
    found
}

async fn close(app: &App, from: &str, to: &str) -> Answer {
    let body = json!({"from": from, "to": to, "note": "As the council asked."});
    app.secretariat().post("/v1/periods", body).await
}

/// Goes on with a book behind an entry that the application recorded.
fn goes_on(book: &mut Book, period: &Answer) {
    book.seq = period.at("/seq").as_i64().unwrap();
    book.at = Instant::now().0;
}

both! {
    async fn what_a_closing_froze_is_answered_the_same_for_ever(app) {
        let mut book = Book::random(51, 40, 400);
        book.store(&app);
        let period = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        assert_eq!(period.at("/known_seq"), book.seq);
        assert_eq!(period.at("/seq"), book.seq + 1);
        let auditor = app.auditor();
        let before = asked_again(&auditor, &period).await;
        let named: Vec<&str> = before.iter().map(|(a, _)| a.split(['?']).next().unwrap().trim_start_matches("/v1/reports/")).collect();
        for report in ["register", "roll-forward", "standing", "ageing", "renewals", "data-quality", "decisions", "decisions/exceptions"] {
            assert!(named.contains(&report), "{report} is not among {named:?}");
        }
        // Everything that can be corrected is.
        goes_on(&mut book, &period);
        for id in book.events.keys().copied().collect::<Vec<Id>>() {
            book.record(id, 0, EventKind::Corrected { target_no: 5, correction: Correction::Replace { effective_on: day("2020-02-02") } });
        }
        book.store(&app);
        assert_eq!(asked_again(&auditor, &period).await, before);
        let now = auditor.get("/v1/reports/roll-forward?from=2019-01-01&to=2020-06-30").await.expect(200);
        assert!(before.iter().all(|(_, hash)| *hash != now.str("/cover/data_sha256")));
        let read = auditor.get(&format!("/v1/periods/{}", period.str("/id"))).await.expect(200);
        assert_eq!(read.json(), period.json());
    }
}

both! {
    async fn a_later_change_shows_line_by_line_in_the_next_period_and_among_the_exceptions(app) {
        let mut book = Book::random(52, 40, 500);
        book.store(&app);
        let auditor = app.auditor();
        let first = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        let frozen = auditor.get(&format!("/v1/reports/roll-forward?from=2019-01-01&to=2020-06-30&known_at=seq:{}", first.at("/known_seq"))).await.expect(200);
        goes_on(&mut book, &first);
        let closed_at = book.seq;
        // Members of a day in the period, whose admission stands.
        let ids: Vec<Id> = book.folded(book.seq).into_iter()
            .filter(|(_, ledger)| ledger.interval_on(day("2020-05-05")).is_some_and(|i| i.state.is_member()))
            .map(|(id, _)| id).take(9).collect();
        assert_eq!(ids.len(), 9);
        for (n, id) in ids.iter().enumerate() {
            let kind = match n % 3 {
                // Within the period, within the one behind it, and of a day on which nothing was closed.
                0 => EventKind::Corrected { target_no: 5, correction: Correction::Replace { effective_on: day("2020-03-03") } },
                1 => EventKind::Corrected { target_no: 5, correction: Correction::Void {} },
                _ => EventKind::Renewed {},
            };
            book.record(*id, 0, kind);
        }
        // Dated into the closed period.
        let back = i64::from(u16::try_from((book.today() - day("2020-05-05")).num_days()).unwrap());
        book.record(ids[2], back, EventKind::Withdrawn {});
        book.store(&app);

        let next = auditor.get("/v1/reports/roll-forward?from=2020-07-01&to=2020-12-31").await.expect(200);
        assert_eq!(next.at("/data/question/previous_known_seq"), first.at("/known_seq"));
        assert_eq!(next.at("/data/question/previous_period"), first.at("/id"));
        let closing = |table: &str, answer: &Answer, column: &str| -> Vec<(String, String, i64)> {
            answer.at(&format!("/data/{table}")).as_array().unwrap().iter()
                .map(|r| (text(r, "country"), text(r, "type"), number(r, column)))
                .filter(|(.., n)| *n != 0).collect()
        };
        assert_eq!(closing("previous_closing", &next, "closing"), closing("figures", &frozen, "closing"));
        assert_eq!(closing("previous_closing", &next, "opening"), closing("figures", &next, "opening"));
        for row in next.at("/data/previous_closing").as_array().unwrap() {
            assert_eq!(number(row, "closing") - number(row, "left") + number(row, "entered"), number(row, "opening"), "{row}");
        }
        let lines = next.at("/data/restatement");
        let lines = lines.as_array().unwrap();
        assert!(lines.len() >= 5, "{lines:?}");
        assert!(lines.iter().any(|line| text(line, "membership") == ids[2].to_string()));
        // A period that follows no closing is compared with none, and who names another moment gets that.
        let other = auditor.get("/v1/reports/roll-forward?from=2020-08-01&to=2020-12-31").await.expect(200);
        assert_eq!(other.at("/data/question/previous_known_seq"), Value::Null);
        assert_eq!(other.json().pointer("/data/restatement"), None);
        let named = auditor.get("/v1/reports/roll-forward?from=2020-07-01&to=2020-12-31&previous_known_at=seq:100").await.expect(200);
        assert_eq!((named.at("/data/question/previous_known_seq"), named.json().pointer("/data/question/previous_period").cloned()), (json!(100), None));

        let today = app.today();
        let days = format!("from={today}&to={today}");
        let list = auditor.get(&format!("/v1/reports/decisions/exceptions?{days}&kind=changed_after_close&limit=200")).await.expect(200);
        let told = list.at("/data/exceptions");
        let told = told.as_array().unwrap();
        let count = |answer: &Answer| answer.at("/data/exception_totals").as_array().unwrap().iter()
            .find(|r| r["kind"] == "changed_after_close").map(|r| number(r, "count")).unwrap();
        let report = auditor.get(&format!("/v1/reports/decisions?{days}")).await.expect(200);
        assert_eq!(count(&report), i64::try_from(told.len()).unwrap());
        let mut wanted: Vec<i64> = Vec::new();
        for (id, events) in &book.events {
            for event in events.iter().filter(|e| e.seq > closed_at) {
                // Book's corrections take an admission that was recorded in 2019 or 2020, or none that stood.
                let corrected = matches!(event.kind, EventKind::Corrected { .. });
                let changed = corrected && told.iter().any(|t| number(t, "seq") == event.seq);
                if changed || event.effective_on <= day("2020-06-30") {
                    wanted.push(event.seq);
                    assert!(ids.contains(id));
                }
            }
        }
        wanted.sort_unstable();
        assert_eq!(told.iter().map(|t| number(t, "seq")).collect::<Vec<_>>(), wanted);
        let withdrawn = told.iter().find(|t| t["what"] == "withdrawn").unwrap();
        assert_eq!((text(withdrawn, "period").as_str(), text(withdrawn, "effective_on").as_str()), ("2019-01-01 to 2020-06-30", "2020-05-05"));
        assert!(text(withdrawn, "recorded_at").starts_with(&today.to_string()));
        assert!(told.iter().filter(|t| t["what"] == "corrected").count() >= 4, "{told:?}");
        assert!(told.iter().all(|t| t["what"] != "renewed"));
        // Before the closing was known there was nothing to change.
        let then = auditor.get(&format!("/v1/reports/decisions?{days}&known_at=seq:{}", closed_at - 1)).await.expect(200);
        assert_eq!(count(&then), 0);

        // The next closing freezes the lines, and its own changes are told under its days.
        let second = close(&app, "2020-07-01", "2020-12-31").await.expect(201);
        assert_eq!(second.at("/number"), 2);
        asked_again(&auditor, &second).await;
        asked_again(&auditor, &first).await;
        goes_on(&mut book, &second);
        let back = i64::from(u16::try_from((book.today() - day("2020-09-09")).num_days()).unwrap());
        book.record(ids[8], back, EventKind::Expelled {});
        book.store(&app);
        let list = auditor.get(&format!("/v1/reports/decisions/exceptions?{days}&kind=changed_after_close&limit=200")).await.expect(200);
        let all = list.at("/data/exceptions").as_array().unwrap().clone();
        // What changed the first period is told as before, though its days lie before the second, too.
        assert_eq!(all[..told.len()], *told);
        assert_eq!(all.len(), told.len() + 1);
        let last = all.last().cloned().unwrap();
        assert_eq!((last["what"].clone(), text(&last, "period")), (json!("expelled"), "2020-07-01 to 2020-12-31".to_owned()));
    }
}

/// Members since the beginning of 2019, of these countries and types.
fn members(of: &[(&str, MembershipType)]) -> (Book, Vec<Id>) {
    let mut book = Book {
        at: BEGIN,
        ..Book::default()
    };
    let ids: Vec<Id> = (1..).map(Id).take(of.len()).collect();
    for (id, (country, membership_type)) in ids.iter().zip(of) {
        let applied = EventKind::Applied {
            membership_type: *membership_type,
            country: (*country).to_owned(),
        };
        let kinds = [applied].into_iter().chain(way_to_decision());
        for kind in kinds.chain([EventKind::Admitted {}]) {
            book.record(*id, 0, kind);
        }
    }
    (book, ids)
}

/// Positions of the exceptions of a kind that were recorded today, as a narrowed list has them; the figures must say as many.
async fn told(person: &Person, today: NaiveDate, kind: &str, narrow: &str) -> Vec<i64> {
    let days = format!("from={today}&to={today}{narrow}");
    let list = person
        .get(&format!(
            "/v1/reports/decisions/exceptions?{days}&kind={kind}&limit=200"
        ))
        .await
        .expect(200);
    let rows = list.at("/data/exceptions");
    let seqs: Vec<i64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| number(row, "seq"))
        .collect();
    let report = person
        .get(&format!("/v1/reports/decisions?{days}"))
        .await
        .expect(200);
    let totals = report.at("/data/exception_totals");
    let total = totals
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["kind"] == kind);
    assert_eq!(
        number(total.unwrap(), "count"),
        i64::try_from(seqs.len()).unwrap(),
        "{kind} {narrow}"
    );
    // Of each country that is told there are as many as stand under it.
    for row in report.at("/data/exceptions").as_array().unwrap() {
        if row["kind"] == kind {
            let country = row["country"].as_str().unwrap_or_default();
            let of = rows.as_array().unwrap().iter();
            let of = of.filter(|row| pairs(row).iter().any(|(c, _)| c == country));
            assert_eq!(
                number(row, "count"),
                i64::try_from(of.count()).unwrap(),
                "{kind} {narrow} {country}"
            );
        }
    }
    seqs
}

/// The countries and types of an exception; empty words where it is of none.
fn pairs(row: &Value) -> BTreeSet<(String, String)> {
    let own = ["country", "type"].map(|column| row[column].as_str().unwrap_or_default().to_owned());
    let own: (String, String) = own.into();
    let also = row["also_of"].as_array().unwrap().iter();
    let also = also.map(|word| word.as_str().unwrap().split_once(' ').unwrap());
    also.map(|(country, kind)| (country.to_owned(), kind.to_owned()))
        .chain([own])
        .collect()
}

both! {
    async fn what_moves_after_a_close_is_an_exception_of_both_sides(app) {
        use MembershipType::{Full, Observer};
        let (mut book, ids) = members(&[("HU", Full), ("HU", Full), ("TRNC", Full), ("HU", Full)]);
        book.at += 60 * DAY;
        book.record(ids[1], 0, EventKind::Transferred { to_country: "KZ".to_owned() });
        book.store(&app);
        let period = close(&app, "2019-01-01", "2019-06-30").await.expect(201);
        goes_on(&mut book, &period);
        let back = (book.today() - day("2019-04-01")).num_days();
        book.record(ids[0], back, EventKind::Transferred { to_country: "KZ".to_owned() });
        let transfer = book.seq;
        book.record(ids[2], back, EventKind::TypeChanged { to: Observer });
        let change = book.seq;
        // The one of March did not happen.
        book.record(ids[1], 0, EventKind::Corrected { target_no: 6, correction: Correction::Void {} });
        let void = book.seq;
        book.record(ids[3], back, EventKind::Withdrawn {});
        let left = book.seq;
        book.store(&app);
        let (auditor, today) = (app.auditor(), app.today());
        let next = auditor.get("/v1/reports/roll-forward?from=2019-07-01&to=2019-12-31&country=HU").await.expect(200);
        let line = next.at("/data/previous_closing/0");
        assert_eq!(["closing", "left", "entered", "opening"].map(|c| number(&line, c)), [2, 2, 1, 1]);
        for (narrow, expected) in [
            ("&country=HU", vec![transfer, void, left]), ("&country=KZ", vec![transfer, void]), ("&country=KZ&type=observer", vec![]),
            ("&country=TRNC", vec![change]), ("&type=full&country=TRNC", vec![change]), ("&type=observer", vec![change]),
            ("", vec![transfer, change, void, left]), ("&country=HU&country=KZ", vec![transfer, void, left]),
        ] {
            assert_eq!(told(&auditor, today, "changed_after_close", narrow).await, expected, "{narrow}");
            let back_dated: Vec<i64> = expected.into_iter().filter(|seq| *seq != void).collect();
            assert_eq!(told(&auditor, today, "back_dated", narrow).await, back_dated, "{narrow}");
        }
        assert_eq!(told(&auditor, today, "corrected", "&country=KZ").await, [void]);
        let hu = app.coordinator("HU");
        assert_eq!(told(&hu, today, "changed_after_close", "").await, [transfer, void, left]);
        // A list of one country names no other; one of all names both.
        let days = format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=changed_after_close");
        let own = hu.get(&days).await.expect(200).at("/data/exceptions/0");
        assert_eq!((text(&own, "country"), own["also_of"].clone()), ("HU".to_owned(), json!([])));
        let all = auditor.get(&days).await.expect(200).at("/data/exceptions/0");
        assert_eq!((text(&all, "country"), all["also_of"].clone()), ("KZ".to_owned(), json!(["HU full"])));
    }
}

both! {
    async fn whoever_loses_or_gains_closed_days_is_told_of_it(app) {
        let mut book = Book::random(56, 30, 250);
        book.store(&app);
        let period = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        goes_on(&mut book, &period);
        let closed = book.seq;
        let mut dice = Dice(57);
        let ids: Vec<Id> = book.events.keys().copied().collect();
        for _ in 0..80 {
            let id = dice.one(&ids);
            let kind = book.act(&mut dice, id);
            let on = day("2019-03-01") + Days::new(dice.below(800));
            let back = (book.today() - on).num_days();
            book.record(id, back, kind);
        }
        book.store(&app);
        let (auditor, today) = (app.auditor(), app.today());
        let seqs = told(&auditor, today, "changed_after_close", "").await;
        let list = auditor.get(&format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=changed_after_close&limit=200")).await.expect(200);
        let rows = list.at("/data/exceptions").as_array().unwrap().clone();
        let rules = Rules::default_rules().unwrap();
        let mut of_two = 0;
        for (events, event) in book.events.values().flat_map(|all| all.iter().filter(|e| e.seq > closed).map(move |e| (all, e))) {
            let [then, now] = [event.seq - 1, event.seq].map(|seq| fold(&known_at(events, seq), &rules));
            let mut changed = BTreeSet::new();
            for on in day("2019-01-01").iter_days().take_while(|on| *on <= day("2020-06-30")) {
                let [was, is] = [&then, &now].map(|ledger| ledger.interval_on(on)
                    .map(|i| (i.state, (i.country.clone(), i.membership_type.as_str().to_owned()))));
                if was != is {
                    changed.extend([was, is].into_iter().flatten().map(|(_, pair)| pair));
                }
            }
            let row = rows.iter().find(|row| number(row, "seq") == event.seq);
            assert!(changed.is_empty() || row.is_some_and(|row| pairs(row).is_superset(&changed)), "{event:?} {changed:?} {row:?}");
            of_two += usize::from(changed.len() > 1);
        }
        assert!(of_two > 5 && seqs.len() > of_two, "{of_two} of {}", seqs.len());
        for country in COUNTRIES {
            for kind in MembershipType::ALL {
                let pair = (country.to_owned(), kind.as_str().to_owned());
                let expected: Vec<i64> = rows.iter().filter(|row| pairs(row).contains(&pair)).map(|row| number(row, "seq")).collect();
                let narrow = format!("&country={country}&type={}", kind.as_str());
                assert_eq!(told(&auditor, today, "changed_after_close", &narrow).await, expected);
                told(&auditor, today, "back_dated", &narrow).await;
            }
        }
    }
}

both! {
    async fn periods_are_closed_once_in_order_and_when_they_are_over(app) {
        let today = app.today();
        let ago = |days: u64| -> String { (today - Days::new(days)).to_string() };
        let refused = close(&app, &ago(30), &ago(0)).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "/to");
        assert!(refused.text().contains(&ago(1)), "{}", refused.text());
        close(&app, &ago(5), &ago(6)).await.problem(422, "invalid_field");
        let first = close(&app, &ago(60), &ago(31)).await.expect(201);
        assert_eq!(first.header("location"), Some(format!("/v1/periods/{}", first.str("/id")).as_str()));
        for (from, to, says) in [(60, 31, "was closed already, as number 1"), (60, 40, "overlaps"), (70, 61, "overlaps"), (31, 20, "overlaps"), (29, 20, "leaves a gap")] {
            let refused = close(&app, &ago(from), &ago(to)).await.problem(409, "conflict");
            assert!(refused.text().contains(says), "{}", refused.text());
            assert_eq!(refused.str("/next_from"), ago(30));
        }
        let second = close(&app, &ago(30), &ago(1)).await.expect(201);
        assert_eq!(second.at("/number"), 2);
        // One day is a period too; the rest of the calendar stays as it is.
        close(&app, &ago(0), &ago(0)).await.problem(422, "invalid_field");
        let list = app.auditor().get("/v1/periods?limit=1").await.expect(200);
        assert_eq!(list.at("/items/0/id"), second.at("/id"));
        let rest = app.auditor().get(&format!("/v1/periods?limit=1&cursor={}", list.str("/page/next"))).await.expect(200);
        assert_eq!((rest.at("/items/0/id"), rest.at("/page/next")), (first.at("/id"), Value::Null));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn nothing_opens_a_closed_period_again(app) {
        let period = close(&app, "2026-01-01", "2026-01-31").await.expect(201);
        let office = app.secretariat();
        for path in ["/v1/periods".to_owned(), format!("/v1/periods/{}", period.str("/id"))] {
            for method in [Method::DELETE, Method::PATCH, Method::PUT] {
                office.send_with(method, &path, "*", Some(json!({}))).await.problem(405, "method_not_allowed");
            }
        }
        office.post(&format!("/v1/periods/{}", period.str("/id")), json!({})).await.problem(405, "method_not_allowed");
        let mut conn = app.db_conn();
        for sql in [
            "UPDATE periods SET note = 'x'", "DELETE FROM periods", "UPDATE period_statements SET statement = 'x'", "DELETE FROM period_statements",
        ] {
            let error = conn.batch_execute(sql).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
    }
}

both! {
    async fn a_closing_is_repeated_by_its_key_alone(app) {
        let office = app.secretariat();
        let body = json!({"from": "2026-01-01", "to": "2026-03-31"});
        let request = || office.request(Method::POST, "/v1/periods").insert_header(("Idempotency-Key", "close-1")).set_json(&body);
        let first = app.send(request()).await.expect(201);
        let again = app.send(request()).await.expect(201);
        assert_eq!((again.bytes.clone(), again.header("idempotency-replayed")), (first.bytes.clone(), Some("true")));
        office.post("/v1/periods", body.clone()).await.problem(409, "conflict");
        assert_eq!(office.get("/v1/periods").await.at("/items").as_array().unwrap().len(), 1);
    }
}

both! {
    async fn of_two_closings_at_once_one_counts(app) {
        let second = app.replica().await;
        let calls = [(app.clone(), "2026-03-31"), (second, "2026-06-30")].map(|(replica, to)| {
            let request = app.secretariat().request(Method::POST, "/v1/periods")
                .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
                .set_json(json!({"from": "2026-01-01", "to": to}));
            actix_web::rt::spawn(async move { replica.send(request).await })
        });
        let [a, b] = calls;
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", a.text(), b.text());
        assert_eq!(app.auditor().get("/v1/periods").await.at("/items").as_array().unwrap().len(), 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_was_signed_names_the_closing_its_checkpoint_and_every_report(app) {
        app.member("KZ").await;
        let period = close(&app, "2026-01-01", "2026-06-30").await.expect(201);
        let says = statement::verified(&period.str("/statement"), &[key(&app)]).unwrap();
        assert_eq!((says.origin.as_str(), says.number), (ORIGIN, 1));
        assert_eq!(says.days, ("2026-01-01".to_owned(), "2026-06-30".to_owned()));
        assert_eq!(json!(says.known), period.at("/known_seq"));
        assert_eq!((json!(says.closed.0), json!(says.closed.1), json!(says.closed.2)), (period.at("/seq"), period.at("/closed_at"), period.at("/closed_by")));
        let reports = period.at("/reports");
        assert_eq!(says.reports.len(), reports.as_array().unwrap().len());
        for (named, report) in says.reports.iter().zip(reports.as_array().unwrap()) {
            assert_eq!((&named.report, &named.address, &named.data_sha256), (&text(report, "report"), &text(report, "address"), &text(report, "data_sha256")));
        }
        // The checkpoint holds the closing's own entry, and is the one that the journal publishes.
        let checkpoint = SignedNote::parse(&period.str("/checkpoint")).unwrap();
        assert!(checkpoint.is_signed_by(&key(&app)));
        assert_eq!(checkpoint.checkpoint.size, says.closed.0);
        assert_eq!(data_encoding::BASE64.encode(&checkpoint.checkpoint.root), says.checkpoint.1);
        let auditor = app.auditor();
        let entry = auditor.get(&format!("/v1/journal/{}", says.closed.0)).await.expect(200);
        assert_eq!((entry.str("/action"), entry.str("/subject")), ("period.closed".to_owned(), format!("period:{}", period.str("/id"))));
        assert!(entry.text().contains(&text(&reports[0], "data_sha256")));
        assert!(entry.text().contains("As the council asked."));
        let proof = auditor.get(&format!("/v1/journal/{}/proof?size={}", says.closed.0, says.checkpoint.0)).await.expect(200);
        assert_eq!(proof.str("/checkpoint"), period.str("/checkpoint"));
        // One letter is another text.
        for (old, new) in [("2026-06-30", "2026-06-29"), ("number 1", "number 2"), ("report standing 2", "report standing 3")] {
            let forged = period.str("/statement").replacen(old, new, 1);
            assert_ne!(forged, period.str("/statement"));
            assert!(statement::verified(&forged, &[key(&app)]).is_err(), "{new}");
        }
        // A checkpoint is no statement, and a statement no checkpoint.
        assert!(statement::verified(&period.str("/checkpoint"), &[key(&app)]).is_err());
        assert!(note::parse_all(&period.str("/statement")).is_err());
    }
}

both! {
    async fn the_command_line_checks_a_closing_offline(app) {
        app.member("HU").await;
        let period = close(&app, "2026-01-01", "2026-06-30").await.expect(201);
        let folder = crate::kit::databases::scratch(&format!("periods-{}", app.url.kind()));
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let auditor = app.auditor();
        let answer = file("period.json", &period.text());
        let note = file("period.txt", &period.str("/statement"));
        let keys = file("keys.json", &app.get("/v1/journal/checkpoint-keys").await.text());
        let standing = auditor.get("/v1/reports/standing?as_of=2026-06-30&known_at=seq:0").await;
        let frozen = period.at("/reports").as_array().unwrap().iter().find(|r| r["report"] == "standing").map(|r| text(r, "address")).unwrap();
        let right = file("standing.json", &auditor.get(&frozen).await.expect(200).text());
        let wrong = file("other.json", &standing.expect(200).text());
        let forged = file("forged.txt", &period.str("/statement").replacen("2026-06-30", "2026-05-31", 1));
        let vkey = key(&app).text();
        let run = |args: &[&str]| {
            let done = std::process::Command::new(env!("CARGO_BIN_EXE_ots-registry")).args(["periods", "verify"]).args(args).output().unwrap();
            let told = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            (done.status.code(), told)
        };
        let name = |path: &Path| path.to_str().unwrap().to_owned();
        for statement in [&answer, &note] {
            let (code, told) = run(&[&name(statement), "--key", &vkey, "--report", &name(&right)]);
            assert_eq!(code, Some(0), "{told}");
            assert!(told.contains("Period 1: 2026-01-01 to 2026-06-30") && told.contains("The signature is good.") && told.contains("is the frozen standing."), "{told}");
        }
        assert_eq!(run(&[&name(&note), "--key", &name(&keys)]).0, Some(0));
        let (code, told) = run(&[&name(&note), "--key", &vkey, "--report", &name(&wrong)]);
        assert!(code == Some(1) && told.contains("is none of the frozen reports"), "{told}");
        // What stands around the statement in a saved answer is held against it.
        for (member, value) in [("to", json!("2026-05-31")), ("known_seq", json!(1)), ("closed_by", json!("user:0000000000001")), ("reports", json!([]))] {
            let mut answer = period.json();
            answer[member] = value;
            let (code, told) = run(&[&name(&file("forged.json", &answer.to_string())), "--key", &vkey]);
            assert!(code == Some(1) && told.contains(&format!("its member `{member}` is not what was signed")), "{told}");
        }
        let changed = |change: &dyn Fn(&mut Value), more: &[&str]| {
            let mut answer = period.json();
            change(&mut answer);
            let path = name(&file("forged.json", &answer.to_string()));
            run(&[&[path.as_str(), "--key", &vkey], more].concat())
        };
        let wrong_in = |member: &str, change: &dyn Fn(&mut Value)| {
            let (code, told) = changed(change, &[]);
            assert!(code == Some(1) && told.contains(&format!("its member `{member}` is not what was signed")), "{member}: {told}");
        };
        wrong_in("reports[0].data_sha256", &|answer| answer["reports"][0]["data_sha256"] = json!("0".repeat(64)));
        wrong_in("id", &|answer| answer["id"] = json!("x"));
        wrong_in("reports[0].question.as_of", &|answer| answer["reports"][0]["question"]["as_of"] = json!("2025-01-01"));
        wrong_in("reports[2].question.country", &|answer| answer["reports"][2]["question"]["country"] = json!(["KZ"]));
        wrong_in("checkpoint", &|answer| {
            let note = text(answer, "checkpoint");
            let (says, signature) = note.trim_end().rsplit_once(' ').unwrap();
            let mut signature = data_encoding::BASE64.decode(signature.as_bytes()).unwrap();
            *signature.last_mut().unwrap() ^= 1;
            answer["checkpoint"] = json!(format!("{says} {}\n", data_encoding::BASE64.encode(&signature)));
        });
        // What nobody signed is told, whatever it says.
        for (member, change) in [("note", json!("zz")), ("more", json!(1))] {
            let (code, told) = changed(&|answer| answer[member] = change.clone(), &[]);
            assert!(code == Some(0) && told.contains("Nobody signed ") && told.contains(&format!("`{member}`")), "{told}");
        }
        // A question is that of the report which was asked for again.
        let other = |answer: &mut Value| answer["reports"][2]["question"]["reference_data"] = json!("2025-01-01");
        let (code, told) = changed(&other, &["--report", &name(&right)]);
        assert!(code == Some(1) && told.contains("its question is not the one"), "{told}");
        assert_eq!(changed(&|_| (), &["--report", &name(&right)]).0, Some(0));
        let (code, told) = run(&[&name(&forged), "--key", &vkey]);
        assert!(code == Some(1) && told.contains("is not signed by any of these keys"), "{told}");
    }
}

both! {
    async fn a_frozen_list_is_checked_by_its_pages(app) {
        let book = Book::random(58, 40, 300);
        book.store(&app);
        let period = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        let folder = crate::kit::databases::scratch(&format!("pages-{}", app.url.kind()));
        let note = folder.join("period.json");
        std::fs::write(&note, period.text()).unwrap();
        let (auditor, vkey) = (app.auditor(), key(&app).text());
        let verify = |files: &[String]| {
            let mut words = vec!["periods", "verify", note.to_str().unwrap(), "--key", &vkey];
            for file in files {
                words.extend(["--report", file]);
            }
            let done = program(&words).output().unwrap();
            (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
        };
        let mut all = Vec::new();
        let mut edited = None;
        let mut lists = 0;
        for (n, report) in period.at("/reports").as_array().unwrap().iter().enumerate() {
            let address = text(report, "address");
            let Some(list) = address.strip_suffix("&format=csv") else {
                continue;
            };
            lists += 1;
            let mut files = Vec::new();
            let mut next = format!("{list}&limit=7");
            loop {
                let page = auditor.get(&next).await.expect(200);
                let file = folder.join(format!("{n}-{}.json", files.len())).display().to_string();
                std::fs::write(&file, page.text()).unwrap();
                files.push(file);
                match page.at("/page/next") {
                    Value::String(cursor) => next = format!("{list}&limit=7&cursor={cursor}"),
                    _ => break,
                }
            }
            let (code, told) = verify(&files);
            assert!(code == Some(0) && told.contains(&format!("is the frozen {}.", text(report, "report"))), "{told}");
            if files.len() > 2 {
                for some in [&files[1..], &files[..files.len() - 1]] {
                    let (code, told) = verify(some);
                    assert!(code == Some(1) && told.contains("a page is missing"), "{told}");
                }
                let (code, told) = verify(&[&files[..1], &files[2..]].concat());
                assert!(code == Some(1) && told.contains("is none of the frozen reports"), "{told}");
                edited = Some(files.clone());
            }
            all.extend(files);
        }
        assert!(lists > 10, "{lists}");
        // All at once, and one whose row was edited.
        let (code, told) = verify(&all);
        assert!(code == Some(0) && told.matches("is the frozen").count() == lists, "{told}");
        let files = edited.unwrap();
        let page = std::fs::read_to_string(&files[1]).unwrap();
        let changed = page.replacen("\"full\"", "\"observer\"", 1);
        assert_ne!(page, changed);
        std::fs::write(&files[1], changed).unwrap();
        let (code, told) = verify(&files);
        assert!(code == Some(1) && told.contains("is none of the frozen reports"), "{told}");
        // A table of figures as a spreadsheet says nothing that could be compared.
        let csv = folder.join("register.csv").display().to_string();
        std::fs::write(&csv, auditor.get(&text(&period.at("/reports/0"), "address")).await.expect(200).text()).unwrap();
        let (code, told) = verify(&[csv]);
        assert!(code == Some(1) && told.contains("by its pages in JSON"), "{told}");
    }
}

/// Runs `periods verify --anew`: its exit code and what it said.
fn anew(app: &App, statement: &str) -> (Option<i32>, String) {
    let folder = crate::kit::databases::scratch(&format!("anew-{}", app.url.kind()));
    let file = folder.join("period.txt");
    std::fs::write(&file, statement).unwrap();
    let (database, key) = (flag_of(&app.url), key(app).text());
    let words = [
        "--database-url",
        &database,
        "periods",
        "verify",
        file.to_str().unwrap(),
        "--key",
        &key,
        "--anew",
    ];
    let done = program(&words).output().unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    (done.status.code(), told)
}

both! {
    async fn a_frozen_list_that_is_not_what_was_signed_is_named(app) {
        let mut book = Book::random(57, 40, 300);
        book.store(&app);
        let period = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        let count = period.at("/reports").as_array().unwrap().len();
        let signed = period.str("/statement");
        // What is recorded later changes nothing of it.
        goes_on(&mut book, &period);
        for id in book.events.keys().copied().take(20).collect::<Vec<Id>>() {
            book.record(id, 0, EventKind::Corrected { target_no: 5, correction: Correction::Void {} });
        }
        book.store(&app);
        let (code, told) = anew(&app, &signed);
        assert!(told.contains(&format!("{count} are as they were signed, 0 are not, 0 were not compared")), "{told}");
        assert_eq!(code, Some(0), "{told}");

        // The registry signs a list that never was: the signature is good, the list is named.
        let says = statement::body_of(&signed).unwrap();
        let line = says.lines().find(|line| line.contains("kind=corrected")).unwrap();
        let hash = line.split(' ').nth(3).unwrap();
        let forged = says.replace(line, &line.replace(hash, &"0".repeat(64)));
        let forged = app.parts.checkpoints.sign_statement(statement::KIND, &forged).unwrap();
        let (code, told) = anew(&app, &forged);
        assert!(told.contains("The signature is good.") && told.contains(&format!("it was signed as {} and is {hash} now", "0".repeat(64))), "{told}");
        let named: Vec<&str> = told.lines().filter(|line| line.contains("it was signed as")).collect();
        assert!(code == Some(1) && named.len() == 1 && named[0].contains("kind=corrected"), "{told}");

        // What this program makes by another definition, or does not make at all, is not held against it, and is told.
        let older = says.replace(" standing 2 ", " standing 1 ").replace("kind=corrected", "kind=unknown");
        let older = app.parts.checkpoints.sign_statement(statement::KIND, &older).unwrap();
        let (code, told) = anew(&app, &older);
        assert!(code == Some(3) && told.contains("0 are not, 2 were not compared") && told.contains("made by definition 2 now"), "{told}");

        // Somebody changes a row behind the journal's back: who proposed a back-dated event stands in a list alone.
        let mut conn = app.db_conn();
        let on = if conn.is_postgres() { " ON membership_events" } else { "" };
        conn.batch_execute(&format!("DROP TRIGGER membership_events_no_update{on}")).unwrap();
        let known = period.at("/known_seq");
        conn.batch_execute(&format!("UPDATE membership_events SET proposer = 'user:somebody' WHERE kind = 'corrected' AND seq <= {known}")).unwrap();
        let (code, told) = anew(&app, &signed);
        let named: Vec<&str> = told.lines().filter(|line| line.contains("it was signed as")).collect();
        assert!(code == Some(1) && named.iter().any(|line| line.contains("kind=corrected")), "{told}");
        assert!(named.iter().all(|line| line.contains("decisions/exceptions")), "{told}");

        // A period of another registry.
        let other = says.replace(&format!("id {}", period.str("/id")), "id 0000000000001");
        let other = app.parts.checkpoints.sign_statement(statement::KIND, &other).unwrap();
        let (code, told) = anew(&app, &other);
        assert!(code == Some(1) && told.contains("has not closed the period"), "{told}");
    }
}

both! {
    async fn a_period_or_a_statement_that_was_changed_in_the_database_is_found(app) {
        close(&app, "2026-01-01", "2026-01-31").await.expect(201);
        close(&app, "2026-02-01", "2026-02-28").await.expect(201);
        assert_eq!(app.findings(), Vec::<String>::new());
        let mut conn = app.db_conn();
        let on = if conn.is_postgres() { " ON period_statements" } else { "" };
        let disarm = format!("DROP TRIGGER period_statements_no_update{on}; DROP TRIGGER period_statements_no_delete{on};");
        conn.batch_execute(&disarm).unwrap();
        // Whoever holds the key sees that nobody signed it; a line more is seen without.
        let keys = app.parts.checkpoints.verifier_keys();
        assert_eq!(queries::deviations(&mut conn, &keys).unwrap(), Vec::<String>::new());
        conn.batch_execute("UPDATE period_statements SET statement = replace(statement, '\u{2014} ', '\u{2014} x') WHERE statement LIKE '%number 2%'").unwrap();
        let found = queries::deviations(&mut conn, &keys).unwrap();
        assert!(found.len() == 1 && found[0].contains("period 2") && found[0].contains("is not signed by any of these keys"), "{found:?}");
        conn.batch_execute("UPDATE period_statements SET statement = replace(statement, '\u{2014} x', '\u{2014} ')").unwrap();
        conn.batch_execute("UPDATE period_statements SET statement = statement || substr(statement, length(statement) - 20) WHERE statement LIKE '%number 1%'").unwrap();
        let found = app.findings();
        assert!(found.len() == 1 && found[0].contains("period 1") && found[0].contains("just the one signature"), "{found:?}");
        conn.batch_execute("UPDATE period_statements SET statement = substr(statement, 1, length(statement) - 21) WHERE statement LIKE '%number 1%'").unwrap();
        assert_eq!(app.findings(), Vec::<String>::new());
        conn.batch_execute("UPDATE period_statements SET statement = replace(statement, 'number 2', 'number 1')").unwrap();
        let found = app.findings();
        assert!(found.len() == 1 && found[0].contains("period 2") && found[0].contains("says something else"), "{found:?}");
        conn.batch_execute("DELETE FROM period_statements").unwrap();
        assert_eq!(app.findings().len(), 2);
        let on = if conn.is_postgres() { " ON periods" } else { "" };
        conn.batch_execute(&format!("DROP TRIGGER periods_no_update{on}; UPDATE periods SET to_day = '2026-01-30' WHERE no = 1")).unwrap();
        assert!(app.findings().iter().any(|text| text.starts_with("periods ")), "{:?}", app.findings());
    }
}

both! {
    async fn what_was_known_can_be_asked_for_by_position(app) {
        let book = Book::random(53, 20, 200);
        book.store(&app);
        let auditor = app.auditor();
        let middle = book.settled(book.seq / 2);
        let at = auditor.get(&format!("/v1/reports/standing?as_of=2020-01-01&known_at={}", book.instant(middle))).await.expect(200);
        let seq = auditor.get(&format!("/v1/reports/standing?as_of=2020-01-01&known_at=seq:{middle}")).await.expect(200);
        assert_eq!(at.at("/data"), seq.at("/data"));
        // Positions of one instant can be told apart.
        let first = (1..book.seq).find(|n| book.settled(*n) > *n).unwrap();
        let answer = auditor.get(&format!("/v1/reports/standing?as_of=2020-01-01&known_at=seq:{first}")).await.expect(200);
        assert_eq!(answer.at("/data/question/known_seq"), first);
        for bad in ["seq:", "seq:-1", "seq:01", "seq:1.5", "seq: 1", "seq:9999999999999999999", "SEQ:1", "1"] {
            auditor.get(&format!("/v1/reports/standing?known_at={}", crate::kit::encoded(bad))).await.problem(400, "bad_parameter");
        }
        let refused = auditor.get(&format!("/v1/reports/standing?known_at=seq:{}", book.seq + 1)).await.problem(422, "invalid_field");
        assert!(refused.text().contains(&format!("seq:{}", book.seq)));
    }
}

both! {
    async fn a_coordinator_compares_the_own_country_with_the_closing(app) {
        let book = Book::random(54, 40, 300);
        book.store(&app);
        let period = close(&app, "2019-01-01", "2020-06-30").await.expect(201);
        let kz = app.coordinator("KZ");
        let read = kz.get(&format!("/v1/periods/{}", period.str("/id"))).await.expect(200);
        assert_eq!(read.json(), period.json());
        let next = kz.get("/v1/reports/roll-forward?from=2020-07-01&to=2020-12-31").await.expect(200);
        assert_eq!(next.at("/data/question/previous_period"), period.at("/id"));
        assert!(next.at("/data/previous_closing").as_array().unwrap().iter().all(|r| r["country"] == "KZ"));
        kz.post("/v1/periods", json!({"from": "2020-07-01", "to": "2020-12-31"})).await.problem(403, "forbidden");
        app.auditor().post("/v1/periods", json!({"from": "2020-07-01", "to": "2020-12-31"})).await.problem(403, "forbidden");
        app.get("/v1/periods").await.problem(401, "not_authenticated");
        let unknown: NaiveDate = day("2020-01-01");
        app.auditor().get(&format!("/v1/periods/{unknown}")).await.problem(404, "not_found");
    }
}
