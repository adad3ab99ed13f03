//! Reports: figures against a recount by the fold, balance, hashes, two times, restatements, rights, files.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ots_registry::db::Id;
use ots_registry::memberships::ledger::{FlowKind, Ledger};
use ots_registry::memberships::model::{Correction, EventKind, MembershipType, State};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::both;
use crate::kit::Person;
use crate::kit::book::{Book, DAY, Dice, STATES, day, figures, moved, number, recount, text};

/// The same figures by the recount.
fn expected(
    folded: &BTreeMap<Id, Ledger>,
    from: NaiveDate,
    to: NaiveDate,
) -> BTreeMap<(String, String, String), i64> {
    let mut found = BTreeMap::new();
    let mut add = |country: &str, kind: &str, column: String, n: usize| {
        *found
            .entry((country.to_owned(), kind.to_owned(), column))
            .or_insert(0) += i64::try_from(n).unwrap();
    };
    for (word, on) in [("opening", from.pred_opt().unwrap()), ("closing", to)] {
        for ((country, kind, state), ids) in recount(folded, on) {
            add(&country, &kind, word.to_owned(), ids.len());
            add(
                &country,
                &kind,
                format!("{word}_{}", state.as_str()),
                ids.len(),
            );
        }
    }
    for ((country, kind, flow), ids) in moved(folded, from, to) {
        add(&country, &kind, flow.as_str().to_owned(), ids.len());
    }
    found
}

/// Every page of a list of rows.
async fn pages(person: &Person, address: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("{address}{cursor}")).await.expect(200);
        rows.extend(page.at("/data/members").as_array().unwrap().clone());
        match page.at("/page/next").as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

both! {
    async fn the_figures_are_those_of_a_recount_by_the_fold(app) {
        let book = Book::random(20_261_123, 60, 700);
        book.store(&app);
        let auditor = app.auditor();
        let mut dice = Dice(99);
        let mut flows_seen = 0;
        for round in 0..24 {
            // Early, late and everything: the three ways of counting what was known.
            let seq = if round % 6 == 0 { book.seq } else { book.settled(i64::try_from(dice.below(u64::try_from(book.seq).unwrap())).unwrap() + 1) };
            let from = day("2018-06-01") + Days::new(dice.below(1_800));
            let to = from + Days::new(dice.below(900));
            let folded = book.folded(seq);
            let known = if seq == book.seq { String::new() } else { format!("&known_at={}", book.instant(seq)) };
            let address = format!("/v1/reports/roll-forward?from={from}&to={to}{known}");
            let answer = auditor.get(&address).await.expect(200);
            assert_eq!(answer.at("/data/question/known_seq"), seq);
            let expected = expected(&folded, from, to);
            assert_eq!(figures(&answer), expected, "{address}");
            let total = answer.at("/data/totals/0");
            for column in FlowKind::ALL {
                let sum: i64 = expected.iter().filter(|((.., c), _)| c == column.as_str()).map(|(_, n)| n).sum();
                assert_eq!(number(&total, column.as_str()), sum);
                flows_seen += sum;
            }
            for row in answer.at("/data/by_country").as_array().unwrap() {
                for column in FlowKind::ALL.iter().map(|kind| kind.as_str()).chain(["opening_active", "closing_grace"]) {
                    let sum: i64 = expected.iter().filter(|((country, _, c), _)| (country.as_str(), c.as_str()) == (row["country"].as_str().unwrap(), column))
                        .map(|(_, n)| n).sum();
                    assert_eq!(number(row, column), sum, "{address}");
                }
            }
            assert_eq!(number(&total, "transferred_in"), number(&total, "transferred_out"));
            assert_eq!(number(&total, "changed_in"), number(&total, "changed_out"));
        }
        assert!(flows_seen > 400, "the ledgers hardly move: {flows_seen}");
    }
}

both! {
    async fn the_register_is_that_of_a_recount_by_the_fold(app) {
        let book = Book::random(7, 60, 500);
        book.store(&app);
        let mut rows_seen = 0;
        let auditor = app.auditor();
        for (n, on) in ["2019-06-30", "2020-12-31", "2021-12-01", "2024-05-05", "2030-01-01"].into_iter().enumerate() {
            let seq = if n % 2 == 0 { book.seq } else { book.settled(book.seq / 2) };
            let known = if seq == book.seq { String::new() } else { format!("&known_at={}", book.instant(seq)) };
            let folded = book.folded(seq);
            let rows = pages(&auditor, &format!("/v1/reports/register?as_of={on}&limit=7{known}")).await;
            let shown: Vec<Value> = rows.iter().map(|r| json!([r["country"], r["type"], r["state"], r["membership"], r["member_since"], r["term_end"]])).collect();
            let mut expected: Vec<(String, usize, i64, Value)> = Vec::new();
            for ((country, kind, state), ids) in recount(&folded, day(on)) {
                for id in ids {
                    let ledger = &folded[&id];
                    let place = MembershipType::ALL.iter().position(|t| t.as_str() == kind).unwrap();
                    let interval = ledger.interval_on(day(on)).unwrap();
                    let row = json!([country, kind, state.as_str(), id.to_string(), ledger.member_since(day(on)).unwrap(), interval.term_end]);
                    expected.push((country.clone(), place, id.0, row));
                }
            }
            expected.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
            let expected: Vec<Value> = expected.into_iter().map(|(.., row)| row).collect();
            assert_eq!(shown, expected, "{on}");
            rows_seen += rows.len();
            let file = auditor.get(&format!("/v1/reports/register?as_of={on}&format=csv{known}")).await.expect(200).text();
            assert_eq!(file.split("\r\n\r\n").next().unwrap().lines().count(), rows.len() + 1);
        }
        assert!(rows_seen > 60, "{rows_seen}");
    }
}

both! {
    async fn as_many_memberships_stand_behind_a_figure_as_it_says(app) {
        let book = Book::random(11, 40, 500);
        book.store(&app);
        let auditor = app.auditor();
        for seq in [book.seq, book.settled(book.seq * 2 / 3)] {
            let folded = book.folded(seq);
            let (from, to) = (day("2020-01-01"), day("2022-12-31"));
            let known = format!("&known_at={}", book.instant(seq));
            let period = format!("from={from}&to={to}{known}");
            let answer = auditor.get(&format!("/v1/reports/roll-forward?{period}")).await.expect(200);
            let flows = moved(&folded, from, to);
            for ((country, kind, column), n) in figures(&answer) {
                let rows = pages(&auditor, &format!("/v1/reports/roll-forward/members?{period}&column={column}&country={country}&type={kind}&limit=3")).await;
                assert_eq!(i64::try_from(rows.len()).unwrap(), n, "{column} {country} {kind}");
                let mut ids: Vec<String> = rows.iter().map(|r| text(r, "membership")).collect();
                if let Some(flow) = FlowKind::from_code(&column) {
                    ids.sort();
                    let mut expected: Vec<String> = flows[&(country, kind, flow)].iter().map(Id::to_string).collect();
                    expected.sort();
                    assert_eq!(ids, expected);
                }
                for row in &rows {
                    // The event behind it is named with its position; the calendar has none.
                    let id: Id = text(row, "membership").parse().unwrap();
                    let event = row["event_no"].as_i64().map(|no| book.events[&id].iter().find(|e| i64::from(e.no) == no).unwrap().seq);
                    assert_eq!(row["seq"].as_i64(), event);
                    assert_eq!(column == "lapsed", event.is_none() && FlowKind::from_code(&column).is_some());
                }
            }
        }
    }
}

both! {
    async fn what_was_known_then_is_answered_the_same_after_later_corrections(app) {
        let mut book = Book::random(5, 30, 300);
        book.store(&app);
        let auditor = app.auditor();
        let seq = book.settled(book.seq);
        let at = book.instant(seq);
        let addresses = [
            format!("/v1/reports/roll-forward?from=2019-06-01&to=2021-05-31&known_at={at}"),
            format!("/v1/reports/register?as_of=2020-12-31&known_at={at}&limit=200"),
            format!("/v1/reports/roll-forward/members?column=joined&from=2019-01-01&to=2021-05-31&known_at={at}&limit=200"),
        ];
        let mut before = Vec::new();
        for address in &addresses {
            let answer = auditor.get(address).await.expect(200);
            before.push((answer.at("/data"), answer.str("/cover/data_sha256")));
        }
        book.at += 3 * DAY;
        let ids: Vec<Id> = book.events.keys().copied().collect();
        for id in &ids {
            book.record(*id, 0, EventKind::Corrected { target_no: 5, correction: Correction::Replace { effective_on: day("2020-02-02") } });
        }
        book.store(&app);
        for (address, before) in addresses.iter().zip(&before) {
            let answer = auditor.get(address).await.expect(200);
            assert_eq!((answer.at("/data"), answer.str("/cover/data_sha256")), *before, "{address}");
            assert_eq!(answer.at("/cover/journal_seq"), book.seq);
            let now = address.replace(&format!("known_at={at}"), "format=json");
            assert_ne!(auditor.get(&now).await.expect(200).str("/cover/data_sha256"), before.1, "the corrections changed nothing");
        }
    }
}

both! {
    async fn the_restatement_explains_the_opening_line_by_line(app) {
        let book = Book::random(31, 50, 700);
        book.store(&app);
        let auditor = app.auditor();
        let mut dice = Dice(3);
        let mut lines_seen = 0;
        for _ in 0..8 {
            let earlier = book.settled(i64::try_from(dice.below(u64::try_from(book.seq).unwrap() - 200)).unwrap() + 100);
            let later = book.settled((earlier + i64::try_from(dice.below(400)).unwrap()).min(book.seq));
            let from = day("2019-06-01") + Days::new(dice.below(2_500));
            let times = format!("known_at={}&previous_known_at={}", book.instant(later), book.instant(earlier));
            let answer = auditor.get(&format!("/v1/reports/roll-forward?from={from}&to={}&{times}", from + Days::new(364))).await.expect(200);
            // The earlier report of the time before, as it was then.
            let before = from.pred_opt().unwrap();
            let first = auditor.get(&format!("/v1/reports/roll-forward?from=2018-01-01&to={before}&known_at={}", book.instant(earlier))).await.expect(200);
            let mut closing: BTreeMap<(String, String), i64> = BTreeMap::new();
            for row in first.at("/data/figures").as_array().unwrap() {
                closing.insert((text(row, "country"), text(row, "type")), number(row, "closing"));
            }
            for row in answer.at("/data/previous_closing").as_array().unwrap() {
                let said = closing.remove(&(text(row, "country"), text(row, "type"))).unwrap_or(0);
                assert_eq!(number(row, "closing"), said);
            }
            assert!(closing.values().all(|n| *n == 0), "left out: {closing:?}");
            let (then, now) = (book.folded(earlier), book.folded(later));
            let mut expected: Vec<String> = Vec::new();
            for id in book.events.keys() {
                let member_days = |ledger: &Ledger| -> Vec<_> {
                    (0..4_000).filter_map(|n| {
                        let on = day("2017-01-01") + Days::new(n);
                        let interval = ledger.interval_on(on).filter(|i| on < from && i.state.is_member())?;
                        Some((on, interval.state, interval.country.clone(), interval.membership_type))
                    }).collect()
                };
                if member_days(&then[id]) != member_days(&now[id]) {
                    expected.push(id.to_string());
                }
            }
            expected.sort();
            let lines = answer.at("/data/restatement");
            let lines = lines.as_array().unwrap();
            let mut shown: Vec<String> = lines.iter().map(|l| text(l, "membership")).collect();
            shown.sort();
            assert_eq!(shown, expected);
            lines_seen += shown.len();
            for line in lines {
                let id: Id = text(line, "membership").parse().unwrap();
                let events = line["events"].as_array().unwrap();
                let expected: Vec<Value> = book.events[&id].iter().filter(|e| e.seq > earlier && e.seq <= later)
                    .map(|e| json!(format!("{} {} {}", e.no, e.kind.name(), e.seq))).collect();
                assert_eq!(*events, expected);
                assert!(!events.is_empty());
            }
        }
        assert!(lines_seen > 20, "{lines_seen}");
    }
}

both! {
    async fn the_data_part_is_that_of_the_committed_examples(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        let at = book.instant(book.settled(book.seq - 20));
        let earlier = book.instant(book.settled(book.seq - 70));
        let mut changed = Vec::new();
        for (name, address) in [
            ("register", format!("register?as_of=2020-09-30&known_at={at}&limit=200")),
            ("roll-forward", format!("roll-forward?from=2020-01-01&to=2020-12-31&known_at={at}&previous_known_at={earlier}")),
            ("roll-forward-members", format!("roll-forward/members?column=joined&from=2018-01-01&to=2020-12-31&known_at={at}&limit=200&country=KZ")),
        ] {
            let answer = auditor.get(&format!("/v1/reports/{address}")).await.expect(200);
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/reports/{name}.json"));
            let held = std::fs::read_to_string(&path).unwrap_or_default();
            let data = answer.at("/data").to_string();
            if held != data {
                if std::env::var_os("OTS_WRITE_EXAMPLES").is_some() {
                    std::fs::write(&path, &data).unwrap();
                }
                changed.push(format!("{}\n{data}\n", path.display()));
                continue;
            }
            // The hash is that of the bytes as they stand in the answer: no program of ours is needed to check it.
            assert!(answer.text().contains(&format!("\"data\":{held}")));
            let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(held.as_bytes()));
            assert_eq!(answer.str("/cover/data_sha256"), hash);
        }
        assert!(changed.is_empty(), "no longer what the report says; a change of its meaning needs a new definition:\n{}", changed.concat());
    }
}

both! {
    async fn a_cover_says_who_made_it_when_and_from_what(app) {
        let book = Book::random(2, 5, 10);
        book.store(&app);
        let auditor = app.auditor();
        let answer = auditor.get("/v1/reports/roll-forward?from=2019-01-01&to=2019-12-31&type=full").await.expect(200);
        assert_eq!(answer.str("/cover/by"), format!("user:{}", auditor.id));
        assert_eq!(answer.at("/cover/journal_seq"), book.seq);
        assert_eq!(answer.str("/cover/journal_hash"), "07".repeat(32));
        assert_eq!(answer.str("/cover/program"), concat!("ots-registry ", env!("CARGO_PKG_VERSION")));
        let filters = format!("2019-01-01 to 2019-12-31, as known at position {} of the journal; country: all; type: full", book.seq);
        assert_eq!(answer.str("/cover/filters"), filters);
    }
}

both! {
    async fn a_coordinator_reads_the_own_country_only(app) {
        let book = Book::random(13, 40, 200);
        book.store(&app);
        let kz = app.coordinator("KZ");
        let auditor = app.auditor();
        for report in ["register?as_of=2020-06-30&limit=200", "roll-forward?from=2020-01-01&to=2020-12-31",
            "roll-forward/members?column=closing&from=2020-01-01&to=2020-12-31&limit=200"] {
            let narrowed = kz.get(&format!("/v1/reports/{report}")).await.expect(200);
            let asked = auditor.get(&format!("/v1/reports/{report}&country=KZ")).await.expect(200);
            assert_eq!(narrowed.at("/data"), asked.at("/data"));
            assert_eq!(narrowed.at("/data/question/country"), json!(["KZ"]));
            assert!(narrowed.text().contains("\"KZ\",") && !narrowed.at("/data").to_string().contains("\"country\":\"HU\""), "{report}");
            kz.get(&format!("/v1/reports/{report}&country=HU")).await.problem(403, "forbidden");
            kz.get(&format!("/v1/reports/{report}&country=KZ&country=HU")).await.problem(403, "forbidden");
            app.get(&format!("/v1/reports/{report}")).await.problem(401, "not_authenticated");
        }
    }
}

both! {
    async fn a_file_holds_the_same_figures_and_no_formula(app) {
        let book = Book::random(17, 40, 200);
        book.store(&app);
        let auditor = app.auditor();
        let json = auditor.get("/v1/reports/roll-forward?from=2019-01-01&to=2020-12-31").await.expect(200);
        let file = auditor.get("/v1/reports/roll-forward?from=2019-01-01&to=2020-12-31&format=csv").await.expect(200);
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"roll-forward.csv\""));
        let file = file.text();
        let mut parts = file.split("\r\n\r\n");
        let mut table = csv::Reader::from_reader(parts.next().unwrap().as_bytes());
        let header = table.headers().unwrap().clone();
        let rows: Vec<Value> = table.records().map(|record| {
            let cells = record.unwrap();
            header.iter().zip(cells.iter()).map(|(code, cell)| {
                (code.to_owned(), cell.parse::<i64>().map_or_else(|_| json!(cell), |n| json!(n)))
            }).collect::<serde_json::Map<_, _>>().into()
        }).collect();
        assert_eq!(json.at("/data/figures"), Value::from(rows));
        let cover = file.rsplit("\r\n\r\n").next().unwrap();
        assert!(cover.contains(&format!("data_sha256,{}\r\n", json.str("/cover/data_sha256"))), "{cover}");

        let register = auditor.get("/v1/reports/register?as_of=2020-06-30&format=csv").await.expect(200).text();
        assert!(register.contains(",'=1+1 Sample"), "no name that looks like a formula");
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(register.as_bytes());
        for cell in reader.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell}");
        }
    }
}

both! {
    async fn pages_behind_a_cursor_keep_day_and_position(app) {
        let mut book = Book::random(23, 40, 100);
        book.store(&app);
        let auditor = app.auditor();
        let address = "/v1/reports/register?as_of=2020-03-31&limit=5";
        let whole = pages(&auditor, address).await;
        let first = auditor.get(address).await.expect(200);
        let next = first.str("/page/next");
        assert!(first.header("link").unwrap().contains(&next));
        let known = first.at("/data/question/known_seq");
        book.at += DAY;
        let ids: Vec<Id> = book.events.keys().copied().collect();
        for id in ids {
            book.record(id, 0, EventKind::Corrected { target_no: 5, correction: Correction::Void {} });
        }
        book.store(&app);
        let second = auditor.get(&format!("{address}&cursor={next}")).await.expect(200);
        assert_eq!(second.at("/data/question/known_seq"), known);
        assert_eq!(second.at("/data/members").as_array().unwrap()[..], whole[5..10]);
        assert_eq!(auditor.get(address).await.expect(200).at("/data/members"), json!([]));
        auditor.get(&format!("{address}0&cursor={next}")).await.problem(400, "bad_cursor");
    }
}

both! {
    async fn a_question_that_makes_no_sense_is_refused(app) {
        let auditor = app.auditor();
        for bad in [
            "roll-forward?from=2020-01-01",
            "roll-forward?from=2020-01-01&to=2020-12-31&known_at=yesterday",
            "roll-forward?from=2020-01-01&to=2020-12-31&known_at=2020-1-31",
            "roll-forward?from=2020-01-01&to=2020-02-30",
            "roll-forward?from=2020-01-01&to=2020-12-31&country=XX",
            "roll-forward?from=2020-01-01&to=2020-12-31&type=golden",
            "roll-forward?from=2020-01-01&to=2020-12-31&known_at=2020-01-01&previous_known_at=2026-01-01&as_of=2020-01-01",
            "roll-forward?from=2020-01-01&to=2020-12-31&format=doc",
            "roll-forward/members?from=2020-01-01&to=2020-12-31&column=country",
            "roll-forward/members?from=2020-01-01&to=2020-12-31",
            "register?as_of=2020-1-1",
            "register?limit=201",
            "register?day=2020-01-01",
        ] {
            auditor.get(&format!("/v1/reports/{bad}")).await.problem(400, "bad_parameter");
        }
        // Written as it should be, but it cannot be meant.
        for bad in [
            "roll-forward?from=2020-01-02&to=2020-01-01",
            "roll-forward?from=1900-01-01&to=2000-01-01",
            "roll-forward?from=2020-01-01&to=2020-12-31&known_at=2999-01-01",
            "roll-forward?from=2020-01-01&to=2020-12-31&known_at=2020-02-31",
            "roll-forward?from=2020-01-01&to=2020-12-31&previous_known_at=2020-02-31T10:00:00Z",
            "register?known_at=2020-01-31T23:59:61.5Z",
            "register?format=csv&limit=5",
        ] {
            auditor.get(&format!("/v1/reports/{bad}")).await.problem(422, "invalid_field");
        }
        auditor.get("/v1/reports/roll-forward?from=1900-01-01&to=1999-12-31").await.expect(200);
        auditor.get("/v1/reports/golden").await.problem(404, "not_found");
        auditor.get("/v1/reports/register?cursor=nonsense").await.problem(400, "bad_cursor");
    }
}

both! {
    async fn a_previous_report_made_later_than_this_one_is_refused(app) {
        let book = Book::random(2, 5, 10);
        book.store(&app);
        let (early, late) = (book.instant(5), book.instant(book.seq));
        let address = format!("/v1/reports/roll-forward?from=2020-01-01&to=2020-12-31&known_at={early}&previous_known_at={late}");
        app.auditor().get(&address).await.problem(422, "invalid_field");
    }
}

both! {
    async fn a_moment_that_is_refused_is_told_of_the_parameter_that_named_it(app) {
        let auditor = app.auditor();
        let today = app.today();
        let address = "/v1/reports/roll-forward?from=2020-01-01&to=2020-12-31";
        for moment in ["seq:99999", "2999-01-01", "2026-02-31", &today.to_string()] {
            for name in ["previous_known_at", "known_at"] {
                let refused = auditor.get(&format!("{address}&{name}={moment}")).await.problem(422, "invalid_field");
                assert_eq!(refused.str("/fields/0/pointer"), name, "{moment}");
                assert!(refused.str("/detail").starts_with(&format!("{name}: ")), "{moment}");
            }
        }
    }
}

both! {
    async fn a_name_in_a_report_is_that_known_at_its_position(app) {
        let ngo = app.organisation("KZ").named("Sample Before").active().create().await;
        let kz = app.coordinator("KZ");
        let first = kz.get("/v1/reports/register").await.expect(200);
        assert_eq!(first.str("/data/members/0/name"), "Sample Before");
        let at = first.str("/cover/made_at");
        let body = json!({"kind": "legal", "text": "Sample After"});
        let tag = kz.tag(&ngo.url()).await;
        kz.post_seen(&format!("{}/names", ngo.url()), Some(&tag), body).await.expect(201);
        let then = kz.get(&format!("/v1/reports/register?known_at={at}")).await.expect(200);
        assert_eq!(then.at("/data/members"), first.at("/data/members"));
        let now = kz.get("/v1/reports/register").await.expect(200);
        assert_eq!(now.str("/data/members/0/name"), "Sample After");
        assert_eq!(now.at("/data/members/0/registry_number"), json!(ngo.number));
    }
}

#[test]
fn the_states_of_a_member_are_those_of_the_state_machine() {
    let members: Vec<&str> = State::ALL
        .iter()
        .filter(|s| s.is_member())
        .map(|s| s.as_str())
        .collect();
    assert_eq!(members, STATES);
    assert_eq!(members, ots_registry::reports::queries::STATES);
}
