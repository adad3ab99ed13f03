//! Every report in every format: the same figures, the same hash, nothing that a program would calculate or run.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use ots_registry::db::Id;
use ots_registry::memberships::model::{EventKind, MembershipType, Stance};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::both;
use crate::kit::book::{Book, day};
use crate::kit::{Answer, App, Person};
use crate::report_kinds::addresses;

/// The report in JSON, and its address without the page: what files are asked for.
async fn questions(
    app: &App,
    book: &Book,
    auditor: &Person,
) -> Vec<(&'static str, String, Answer)> {
    let at = book.instant(book.settled(book.seq));
    let mut found = Vec::new();
    for (name, address) in addresses(&at) {
        let answer = auditor
            .get(&format!("/v1/reports/{address}"))
            .await
            .expect(200);
        let next = answer.json().pointer("/page/next").cloned();
        assert!(
            next.is_none_or(|next| next.is_null()),
            "{name} fits on a page"
        );
        found.push((
            name,
            format!("/v1/reports/{}", address.replace("&limit=200", "")),
            answer,
        ));
    }
    assert_eq!(found.len(), app.reports());
    found
}

impl App {
    /// How many addresses of reports there are in the contract.
    fn reports(&self) -> usize {
        let contract = ots_registry::app::contract();
        contract
            .paths
            .paths
            .keys()
            .filter(|path| path.starts_with("/v1/reports/"))
            .count()
    }
}

/// The tables of an answer, in no order.
fn tables(answer: &Answer) -> BTreeMap<String, Vec<Map<String, Value>>> {
    let Value::Object(data) = answer.at("/data") else {
        panic!("no data")
    };
    data.into_iter()
        .filter_map(|(code, value)| {
            let rows = value.as_array()?;
            Some((
                code,
                rows.iter()
                    .map(|r| r.as_object().unwrap().clone())
                    .collect(),
            ))
        })
        .collect()
}

/// A cell as text.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect::<Vec<_>>()
            .join("; "),
        other => other.to_string(),
    }
}

/// What CSV puts before a cell that a program would calculate goes again.
fn neutral(text: &str) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\'']) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

/// The hash of the data part of a list without its page.
fn hash_of_whole(answer: &Answer) -> String {
    let mut data = answer.at("/data");
    let question = data["question"].as_object_mut().unwrap();
    let paged = question.remove("limit").is_some();
    question.remove("after");
    if !paged {
        return answer.str("/cover/data_sha256");
    }
    data_encoding::HEXLOWER.encode(&Sha256::digest(data.to_string()))
}

both! {
    async fn csv_holds_the_tables_and_the_hash_of_the_whole(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        for (name, address, answer) in questions(&app, &book, &auditor).await {
            let file = auditor.get(&format!("{address}&format=csv")).await.expect(200);
            assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"), "{name}");
            assert_eq!(file.header("content-disposition"), Some(format!("attachment; filename=\"{name}.csv\"").as_str()));
            assert_eq!(file.header("cache-control"), Some("no-store"));
            let text = file.text();
            let blocks: Vec<&str> = text.split("\r\n\r\n").collect();
            let mut wanted = tables(&answer);
            assert_eq!(blocks.len(), wanted.len() + 1, "{name}");
            for block in &blocks[..blocks.len() - 1] {
                let mut reader = csv::Reader::from_reader(block.as_bytes());
                let header = reader.headers().unwrap().clone();
                let rows: Vec<Vec<(String, String)>> = reader.records().map(|r| {
                    header.iter().zip(r.unwrap().iter()).map(|(c, t)| (c.to_owned(), neutral(t))).collect()
                }).collect();
                let found = wanted.iter().find(|(_, all)| {
                    all.len() == rows.len() && all.iter().zip(&rows).all(|(a, b)| {
                        a.len() == b.len() && b.iter().all(|(column, text)| a.get(column).map(plain).as_ref() == Some(text))
                    })
                }).map(|(code, _)| code.clone());
                let code = found.unwrap_or_else(|| panic!("{name}: a table that JSON does not have: {block}"));
                wanted.remove(&code);
            }
            let cover = blocks[blocks.len() - 1];
            assert!(cover.contains(&format!("data_sha256,{}\r\n", hash_of_whole(&answer))), "{name}: {cover}");
            let marked = auditor.get(&format!("{address}&format=csv&bom=true")).await.expect(200);
            assert!(marked.bytes.starts_with(b"\xEF\xBB\xBF"), "{name}");
            assert_eq!(&marked.text()[3..].lines().next(), &text.lines().next());
        }
    }
}

both! {
    async fn a_workbook_holds_the_tables_with_typed_cells(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        for (name, address, answer) in questions(&app, &book, &auditor).await {
            let file = auditor.get(&format!("{address}&format=xlsx")).await.expect(200);
            let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes.clone())).unwrap();
            let wanted = tables(&answer);
            let mut sheets = workbook.sheet_names();
            assert_eq!((sheets.remove(0), sheets.pop().unwrap()), ("cover".to_owned(), "columns".to_owned()));
            let mut sorted = sheets.clone();
            sorted.sort();
            assert_eq!(sorted, wanted.keys().cloned().collect::<Vec<_>>(), "{name}");
            for (code, rows) in wanted {
                let range = workbook.worksheet_range(&code).unwrap();
                let mut lines = range.rows();
                let header: Vec<String> = lines.next().unwrap().iter().map(ToString::to_string).collect();
                let shown: Vec<&[Data]> = lines.collect();
                assert_eq!(shown.len(), rows.len(), "{name} {code}");
                for (cells, row) in shown.iter().zip(&rows) {
                    for (column, cell) in header.iter().zip(cells.iter()) {
                        match (&row[column], cell) {
                            (Value::Null, Data::Empty) => {}
                            (Value::Number(n), Data::Float(x)) => assert!((x - n.as_f64().unwrap()).abs() < 1e-9, "{name} {column}"),
                            (Value::String(text), Data::DateTime(at)) => {
                                let days = (day(text) - day("1899-12-30")).num_days();
                                assert_eq!(at.as_f64().to_string(), days.to_string());
                            }
                            (value, cell) => assert_eq!(cell.to_string(), plain(value), "{name} {code} {column}"),
                        }
                    }
                }
            }
            let cover = workbook.worksheet_range("cover").unwrap();
            let hash = cover.rows().find(|r| r[0] == Data::String("data_sha256".to_owned())).unwrap()[1].to_string();
            assert_eq!(hash, hash_of_whole(&answer), "{name}");
            let position = &cover.rows().find(|r| r[0] == Data::String("journal_seq".to_owned())).unwrap()[1];
            let known = answer.at("/cover/journal_seq").as_f64().unwrap();
            assert_eq!(position, &Data::Float(known), "{name}");
        }
    }
}

both! {
    async fn a_workbook_holds_a_name_as_it_is_written(app) {
        let mut book = Book::random(1, 24, 160);
        for (n, name) in book.names.values_mut().enumerate() {
            *name = format!("'=апостроф алты {n}");
        }
        book.store(&app);
        let address = "/v1/reports/register?as_of=2020-09-30";
        let answer = app.auditor().get(&format!("{address}&limit=200")).await.expect(200);
        let named: Vec<String> = answer.at("/data/members").as_array().unwrap().iter().map(|row| plain(&row["name"])).collect();
        assert!(named.len() > 5 && named.iter().all(|name| name.starts_with("'=апостроф алты ")), "{named:?}");
        let file = app.auditor().get(&format!("{address}&format=xlsx")).await.expect(200);
        let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes.clone())).unwrap();
        let range = workbook.worksheet_range("members").unwrap();
        let mut lines = range.rows();
        let place = lines.next().unwrap().iter().position(|cell| *cell == "name").unwrap();
        assert_eq!(lines.map(|cells| cells[place].to_string()).collect::<Vec<_>>(), named);
    }
}

both! {
    async fn a_page_shows_every_figure_and_runs_nothing(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        for (name, address, answer) in questions(&app, &book, &auditor).await {
            let paged = answer.json().get("page").is_some();
            let limit = if paged { "&limit=200" } else { "" };
            let page = auditor.get(&format!("{address}{limit}&format=html")).await.expect(200);
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
            let text = page.text();
            assert!(!text.contains("<script") && !text.contains(" style="), "{name}");
            assert!(text.contains(&answer.str("/cover/data_sha256")), "{name}");
            for rows in tables(&answer).values() {
                for row in rows {
                    for (column, value) in row {
                        let shown = match value {
                            Value::Number(n) if column == "share_permille" => format!("{}.{} %", n.as_i64().unwrap() / 10, n.as_i64().unwrap() % 10),
                            Value::Number(n) => n.to_string(),
                            other => plain(other).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
                        };
                        assert!(text.contains(&format!(">{shown}<")) || shown.is_empty(), "{name} {column}: {shown}");
                    }
                }
            }
        }
    }
}

both! {
    async fn a_pdf_says_what_it_conforms_to_and_holds_its_fonts(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        for (name, address, _) in questions(&app, &book, &auditor).await {
            let file = auditor.get(&format!("{address}&format=pdf")).await.expect(200);
            assert_eq!(file.header("content-type"), Some("application/pdf"));
            let has = |text: &str| file.bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(file.bytes.starts_with(b"%PDF-1.7") && has("%%EOF"), "{name}");
            assert!(has("<pdfaid:part>2</pdfaid:part>") && has("<pdfaid:conformance>A</pdfaid:conformance>"), "{name}");
            assert!(has("<pdfuaid:part>1</pdfuaid:part>"), "{name}");
            assert!(file.bytes.len() < 400_000, "{name}: {}", file.bytes.len());
        }
    }
}

both! {
    async fn figures_in_a_page_lead_to_as_many_rows(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        let mut followed = 0;
        for (name, address, _) in questions(&app, &book, &auditor).await {
            let text = auditor.get(&format!("{address}&format=html")).await.expect(200).text();
            for part in text.split("<td class=\"n\"><a href=\"/v1/reports/").skip(1).step_by(3) {
                let (link, rest) = part.split_once("\">").unwrap();
                let number: usize = rest.split('<').next().unwrap().parse().unwrap();
                let link = link.replace("&amp;", "&").replace("&format=html", "&limit=200");
                let answer = auditor.get(&format!("/v1/reports/{link}")).await.expect(200);
                let rows = tables(&answer).into_values().next().unwrap();
                assert_eq!(rows.len(), number, "{name}: {link}");
                followed += 1;
            }
        }
        assert!(followed > 40, "{followed}");
    }
}

both! {
    async fn a_list_longer_than_one_reading_comes_whole(app) {
        // More members than are read at once, so that the file is written in several parts.
        let mut book = Book::random(1, 1, 0);
        for n in 0..2_300_i64 {
            let id = Id(3_000_000_019 + n * 11);
            book.record(id, 0, EventKind::Applied { membership_type: MembershipType::Full, country: "KZ".to_owned() });
            book.record(id, 0, EventKind::Submitted {});
            book.record(id, 0, EventKind::ReviewTaken { reviewer: "user:r".to_owned() });
            book.record(id, 0, EventKind::Recommended { stance: Stance::For });
            book.record(id, 0, EventKind::Admitted {});
        }
        book.store(&app);
        let auditor = app.auditor();
        let at = book.instant(book.settled(book.seq));
        let file = auditor.get(&format!("/v1/reports/register?as_of=2020-01-01&known_at={at}&format=csv")).await.expect(200).text();
        let (table, cover) = file.split_once("\r\n\r\n").unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<Value> = reader.records().map(|record| {
            let cells = record.unwrap();
            let row = header.iter().zip(cells.iter()).map(|(c, t)| (c.to_owned(), json!(neutral(t))));
            row.collect::<Map<_, _>>().into()
        }).collect();
        assert!(rows.len() > 2_001, "{}", rows.len());
        let seq = book.settled(book.seq);
        let data = json!({"report": "register", "definition": 1, "members": rows,
            "question": {"as_of": "2020-01-01", "known_seq": seq, "country": [], "type": []}});
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(data.to_string()));
        assert!(cover.contains(&format!("data_sha256,{hash}\r\n")), "{cover}");
        let workbook = auditor.get(&format!("/v1/reports/register?as_of=2020-01-01&known_at={at}&format=xlsx")).await.expect(200);
        let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(workbook.bytes)).unwrap();
        assert_eq!(workbook.worksheet_range("members").unwrap().height(), rows.len() + 1);
    }
}

both! {
    async fn two_big_reports_are_made_at_a_time(app) {
        let auditor = app.auditor();
        let turns = app.parts.reports.clone();
        let one = turns.begin("sample").unwrap();
        auditor.get("/v1/reports/register?format=csv").await.expect(200);
        let two = turns.begin("sample").unwrap();
        for big in ["register?format=csv", "register?format=xlsx", "register?format=pdf", "renewals", "data-quality", "sample?seed=x&size=1", "decisions?from=2020-01-01&to=2020-12-31"] {
            let refused = auditor.get(&format!("/v1/reports/{big}")).await.problem(429, "too_many_requests");
            assert_eq!(refused.header("retry-after"), Some("5"));
        }
        // A page, and what is summed by day, waits for nobody.
        for small in ["register", "standing", "ageing", "roll-forward?from=2020-01-01&to=2020-12-31"] {
            auditor.get(&format!("/v1/reports/{small}")).await.expect(200);
        }
        drop((one, two));
        auditor.get("/v1/reports/register?format=csv").await.expect(200);
        auditor.get("/v1/reports/register?format=csv").await.expect(200);
        auditor.get("/v1/reports/register?format=csv").await.expect(200);
    }
}

both! {
    async fn a_refusal_of_a_file_is_a_problem_and_no_file(app) {
        let kz = app.coordinator("KZ");
        for format in ["csv", "xlsx", "pdf", "html"] {
            kz.get(&format!("/v1/reports/register?country=HU&format={format}")).await.problem(403, "forbidden");
            kz.get(&format!("/v1/reports/register?known_at=2999-01-01&format={format}")).await.problem(422, "invalid_field");
        }
    }
}
