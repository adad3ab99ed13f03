//! Imports and exports: the sample files through the whole application.

use std::collections::{BTreeMap, HashMap};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ots_registry::auth::Acting;
use ots_registry::auth::policy::Action;
use ots_registry::countries::Countries;
use ots_registry::db::schema::{journal, organisation_identifiers, organisations};
use ots_registry::db::{Conn, Id};
use ots_registry::http::{Code, Error};
use ots_registry::imports::{
    self, FindingCode, ImportOptions, Mode, Next, Outcome, ReportRow, Summary,
};
use ots_registry::organisations::candidates::Lookout;
use ots_registry::search::Search;
use ots_registry::text::Reason;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, Person};

fn data(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn lines(file: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(data(file)).unwrap();
    text.lines()
        .skip(1)
        .map(|l| l.split('\t').map(str::to_owned).collect())
        .collect()
}

impl Person {
    /// Uploads a file with these further parameters, under a name of its own where they give none.
    pub(crate) async fn upload(&self, file: impl Into<Vec<u8>>, parameters: &str) -> Answer {
        let named = ["file_name=", "source="]
            .iter()
            .any(|p| parameters.contains(p));
        let name = if named { "" } else { "&file_name=upload.csv" };
        let path = format!(
            "/v1/imports?{}",
            format!("{parameters}{name}").trim_start_matches('&')
        );
        self.send_file(self.request(Method::POST, path.trim_end_matches('?')), file)
            .await
    }

    async fn send_file(&self, request: TestRequest, file: impl Into<Vec<u8>>) -> Answer {
        let request = request
            .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
            .insert_header(("Content-Type", "text/csv"))
            .set_payload(file.into());
        self.send(request).await
    }

    /// Uploads and commits; gives the import's address.
    async fn import(&self, file: impl Into<Vec<u8>>, parameters: &str) -> String {
        let made = self.upload(file, parameters).await.expect(201);
        let url = format!("/v1/imports/{}", made.str("/id"));
        self.post(&format!("{url}/commit"), json!({}))
            .await
            .expect(200);
        url
    }

    /// All rows of an import by line.
    async fn rows(&self, import: &str) -> BTreeMap<i64, Value> {
        let mut rows = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .get(&format!("{import}/rows?limit=200{cursor}"))
                .await
                .expect(200);
            for row in page.at("/items").as_array().unwrap() {
                rows.insert(row["line"].as_i64().unwrap(), row.clone());
            }
            match page.at("/page/next").as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    async fn resolve(&self, import: &str, line: i64, body: Value) -> Answer {
        let tag = self.tag(import).await;
        self.send_with(
            Method::PATCH,
            &format!("{import}/rows/{line}"),
            &tag,
            Some(body),
        )
        .await
    }
}

fn outcome(rows: &BTreeMap<i64, Value>, line: i64) -> String {
    rows[&line]["outcome"].as_str().unwrap().to_owned()
}

fn codes(row: &Value) -> Vec<String> {
    let findings = row["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| f["code"].as_str().unwrap().to_owned())
        .collect()
}

/// The operator imports on a connection of their own, as the command line does.
fn operator(
    conn: &mut Conn,
    file: &str,
    bytes: &[u8],
    country: Option<&str>,
    mode: Mode,
) -> Summary {
    let options = ImportOptions {
        country: country.map(str::to_owned),
        ..ImportOptions::default()
    };
    run(conn, file, bytes, &options, mode).unwrap()
}

fn run(
    conn: &mut Conn,
    file: &str,
    bytes: &[u8],
    options: &ImportOptions,
    mode: Mode,
) -> Result<Summary, Error> {
    let acting = Acting::operator(Action::Import).unwrap();
    let countries = Countries::load().unwrap();
    let search = Search::default();
    let lookout = Lookout {
        countries: &countries,
        search: Some(&search),
    };
    imports::run(
        conn,
        &acting,
        lookout,
        bytes,
        file,
        options,
        mode,
        &mut |_| {},
    )
}

fn count(conn: &mut Conn) -> i64 {
    organisations::table.count().get_result(conn).unwrap()
}

/// The journal explains every row of organisations and imports.
fn assert_journal_is_clean(conn: &mut Conn) {
    let mut tables = ots_registry::organisations::rows::recorded_tables();
    tables.extend(imports::recorded_tables());
    let report = ots_registry::journal::verify(conn, &tables, |_| {}).unwrap();
    assert_eq!(report.findings, []);
}

fn of(rows: &[ReportRow], outcome: Outcome) -> usize {
    rows.iter().filter(|r| r.outcome == outcome).count()
}

const IDENTIFIER_FILES: [(&str, &str); 4] = [
    ("import-identifiers-kz.csv", "KZ"),
    ("import-identifiers-tr.csv", "TR"),
    ("import-identifiers-hu.csv", "HU"),
    ("import-identifiers-az.csv", "AZ"),
];

both! {
    async fn a_number_that_several_countries_know_by_one_word_is_the_row_s_own_country_s(app) {
        let uz = app.coordinator("UZ");
        let file = "Название;ИНН;ОКПО\nFond Bir Sample;201122334;12345678\nFond Ikki Sample;12;\n";
        let made = uz.upload(file, "country=UZ").await.expect(201);
        let rows = uz.get(&format!("/v1/imports/{}/rows", made.str("/id"))).await.expect(200);
        let outcomes: Vec<String> = rows.at("/items").as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect();
        assert_eq!(outcomes, ["new", "new"], "{}", rows.text());
        uz.post(&format!("/v1/imports/{}/commit", made.str("/id")), json!({})).await.expect(200);
        let found = uz.get("/v1/organisations?identifier=UZ-STIR:201122334").await.expect(200);
        assert_eq!(found.str("/items/0/name"), "Fond Bir Sample");
        // What is none of the country's numbers is left out by name.
        let findings = |at: usize| rows.at(&format!("/items/{at}/findings")).to_string();
        assert!(findings(0).contains("ОКПО") && findings(1).contains("ИНН"), "{}", rows.text());
    }
}

both! {
    async fn every_identifier_of_the_samples_gets_its_verdict(app) {
        let mut verdicts = 0;
        for (file, country) in IDENTIFIER_FILES {
            let coordinator = app.coordinator(country);
            let import = coordinator.import(data(file), &format!("file_name={file}&country={country}")).await;
            let rows: Vec<Value> = coordinator.rows(&import).await.into_values().collect();
            let mut conn = app.db_conn();
            for key in lines("import-identifiers-key.tsv").iter().filter(|k| k[0] == file) {
                let row = &rows[key[1].parse::<usize>().unwrap() - 1];
                let (scheme, value) = (&key[2], &key[3]);
                let stored: Vec<(String, String)> = organisation_identifiers::table
                    .filter(organisation_identifiers::scheme.eq(scheme))
                    .filter(organisation_identifiers::value.eq(value))
                    .select((organisation_identifiers::verdict, organisation_identifiers::canonical))
                    .load(&mut conn)
                    .unwrap();
                let column = column_of(&coordinator.get(&import).await, scheme);
                let found = codes_in(row, &column);
                let faulty = row["outcome"] == "faulty";
                match key[4].as_str() {
                    "valid" | "unverifiable" if faulty => assert_eq!(found, [""; 0], "{key:?}"),
                    "valid" | "unverifiable" => assert_eq!(stored[0].0, key[4], "{key:?}"),
                    "valid once padded" => assert_eq!(stored[0], ("valid".to_owned(), format!("0{value}"))),
                    "invalid" => {
                        assert_eq!((found, stored.len()), (vec!["invalid_identifier".to_owned()], 0), "{key:?}");
                    }
                    "invalid, 9900014901 suggested" => {
                        assert_eq!(found, ["invalid_identifier"]);
                        assert!(row["findings"].to_string().contains("9900014901"));
                    }
                    "natural_person" => {
                        assert_eq!((found, stored.len()), (vec!["natural_person_number".to_owned()], 0), "{key:?}");
                    }
                    "valid, same as row 1" => {
                        assert_eq!((row["outcome"].as_str(), row["findings"][0]["line"].as_i64()), (Some("possible_duplicate"), Some(2)));
                    }
                    other => panic!("an unknown verdict {other}"),
                }
                verdicts += 1;
            }
        }
        assert_eq!(verdicts, 79);
        assert_journal_is_clean(&mut app.db_conn());
    }
}

fn column_of(import: &Answer, scheme: &str) -> String {
    let columns = import.at("/reading/columns");
    let wanted = format!("identifier:{scheme}");
    let column = columns
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["field"] == wanted)
        .unwrap();
    column["header"].as_str().unwrap().to_owned()
}

fn codes_in(row: &Value, column: &str) -> Vec<String> {
    let findings = row["findings"].as_array().unwrap();
    let own = findings.iter().filter(|f| f["column"] == column);
    own.map(|f| f["code"].as_str().unwrap().to_owned())
        .collect()
}

both! {
    async fn a_person_s_number_leaves_no_trace(app) {
        let secretariat = app.secretariat();
        let mut told = String::new();
        let mut files: Vec<(String, Vec<u8>, &str)> = IDENTIFIER_FILES
            .iter()
            .map(|(file, country)| ((*file).to_owned(), data(file), *country))
            .collect();
        // In notes, under an unknown header, in the name, as the reference, in a row of another country, in the header.
        let more = "id,name,country,notes,x 87426017218,identifier:KZ-BIN\n\
            1,Sample One,KZ,TC 87426017218,,\n\
            2,Sample Two,KZ,,8742 601 7218,\n\
            3,Sample 2475345442,KZ,,,\n\
            2475345442,Sample Four,KZ,,,\n\
            5,Sample Five,AZ,,,710423331428\n\
            6,Sample Six,Atlantis,,,710423331428\n\
            7,Sample Seven,KZ,710423331428,7104-2333-1428,7104 2333 1428\n";
        files.push(("more.csv".to_owned(), more.as_bytes().to_vec(), "KZ"));
        for (file, bytes, country) in files {
            let kz = app.coordinator(country);
            let mut url = String::new();
            for person in [&kz, &secretariat] {
                let made = person.upload(bytes.clone(), &format!("file_name={file}&country={country}")).await.expect(201);
                url = format!("/v1/imports/{}", made.str("/id"));
                told.push_str(&made.text());
                told.push_str(&person.post(&format!("{url}/commit"), json!({})).await.expect(200).text());
            }
            for path in ["/rows?limit=200", "/rows?format=csv"] {
                told.push_str(&secretariat.get(&format!("{url}{path}")).await.expect(200).text());
            }
            let mut conn = app.db_conn();
            let done = operator(&mut conn, &file, &bytes, Some(country), Mode::DryRun);
            told.push_str(&String::from_utf8(imports::report_csv(&done.rows).unwrap()).unwrap());
        }
        told.push_str(&app.db_dump());
        told.push_str(&secretariat.get("/v1/organisations?limit=200").await.text());
        let persons = lines("import-identifiers-key.tsv").into_iter().filter(|k| k[4] == "natural_person");
        let mut searched = 0;
        for value in persons.map(|k| k[3].clone()).chain(["7104-2333".to_owned(), "7104 2333".to_owned(), "8742 601".to_owned()]) {
            assert!(!told.contains(&value), "{value} was told or stored");
            searched += 1;
        }
        assert_eq!(searched, 7);
        assert!(told.contains("Sample One") && told.contains("not kept"));
    }
}

both! {
    async fn the_real_list_goes_in_as_it_is_and_is_unchanged_the_second_time(app) {
        let mut conn = app.db_conn();
        let file = "organisations-real.csv";
        let bytes = data(file);
        let planned = operator(&mut conn, file, &bytes, None, Mode::DryRun);
        assert_eq!((count(&mut conn), planned.import), (0, None));
        let first = operator(&mut conn, file, &bytes, None, Mode::Commit);
        assert_eq!(first.rows.len(), 900);
        let (new, twins, faulty) = (
            of(&first.rows, Outcome::New),
            of(&first.rows, Outcome::PossibleDuplicate),
            of(&first.rows, Outcome::Faulty),
        );
        assert_eq!((new, twins, faulty), REAL);
        assert_eq!(count(&mut conn), i64::try_from(new).unwrap());
        assert_eq!(planned.counts.new, i64::try_from(new).unwrap());
        assert!(first.rows.iter().all(|r| (r.outcome == Outcome::New) == r.number.is_some()));
        assert_eq!(first.rows[0].reference.as_deref(), Some("AZ-1587"));
        let entries: i64 = journal::table.count().get_result(&mut conn).unwrap();
        let again = operator(&mut conn, file, &bytes, None, Mode::Commit);
        assert_eq!(of(&again.rows, Outcome::Unchanged), new);
        assert_eq!(of(&again.rows, Outcome::PossibleDuplicate), twins);
        let after: i64 = journal::table.count().get_result(&mut conn).unwrap();
        assert_eq!(after - entries, 3, "planned, started, committed, and nothing else");
        for (a, b) in first.rows.iter().zip(&again.rows).filter(|(a, _)| a.outcome == Outcome::New) {
            assert_eq!(a.number, b.number);
        }
        assert_journal_is_clean(&mut conn);
    }
}

/// New, possible duplicates, faulty rows of `organisations-real.csv`.
const REAL: (usize, usize, usize) = (874, 26, 0);

/// File, its group in `import-key.tsv`, and the country that is stated for it.
const SPREADSHEETS: [(&str, &str, Option<&str>); 7] = [
    ("import-az-utf8-bom-semicolon.csv", "az", Some("AZ")),
    ("import-tr-windows1254-semicolon.csv", "tr", Some("TR")),
    ("import-kz-kg-utf8-comma.csv", "kz-kg", Some("KZ")),
    (
        "import-kz-kg-windows1251-semicolon.csv",
        "kz-kg",
        Some("KZ"),
    ),
    ("import-uz-utf16-tab.tsv", "uz", Some("UZ")),
    ("import-hu-windows1250-semicolon.csv", "hu", Some("HU")),
    ("import-tm-utf8-semicolon.csv", "tm", Some("TM")),
];

/// Each row that is the same organisation as an earlier one, with what the import made of it; fails where two
/// different organisations are called the same.
fn pairs(conn: &mut Conn) -> String {
    let mut table = "file\trow\tearlier_row\torganisation_id\tfound\n".to_owned();
    let key = lines("import-key.tsv");
    for (file, group, country) in SPREADSHEETS {
        let done = operator(conn, file, &data(file), country, Mode::DryRun);
        let ids: Vec<&str> = key
            .iter()
            .filter(|k| k[0] == group)
            .map(|k| k[2].as_str())
            .collect();
        assert_eq!(done.rows.len(), ids.len(), "{file}");
        let at: HashMap<i32, usize> = done
            .rows
            .iter()
            .enumerate()
            .map(|(n, r)| (r.line, n))
            .collect();
        for (n, row) in done.rows.iter().enumerate() {
            let named = row
                .findings
                .iter()
                .find(|f| f.code == FindingCode::MayBeRow)
                .and_then(|f| f.line);
            if let Some(other) = named.map(|line| at[&line]) {
                assert_eq!(
                    ids[other],
                    ids[n],
                    "{file}: rows {} and {} are two organisations",
                    other + 1,
                    n + 1
                );
            }
            if let Some(earlier) = ids.iter().take(n).position(|id| *id == ids[n]) {
                let found = match (row.outcome, named) {
                    (Outcome::PossibleDuplicate, Some(_)) => "found",
                    (Outcome::Faulty, _) => "faulty",
                    _ => "missed",
                };
                table.push_str(&format!(
                    "{file}\t{}\t{}\t{}\t{found}\n",
                    n + 1,
                    earlier + 1,
                    ids[n]
                ));
            }
        }
    }
    table
}

both! {
    async fn rows_of_one_organisation_are_found_and_no_two_organisations_are_called_the_same(app) {
        let found = pairs(&mut app.db_conn());
        let path = format!("{}/tests/data/import-pairs-expected.tsv", env!("CARGO_MANIFEST_DIR"));
        if std::env::var("OTS_WRITE_EXPECTED").is_ok() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap();
        let differing: Vec<(&str, &str)> = found.lines().zip(expected.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(differing, []);
        assert_eq!(found.lines().count(), expected.lines().count());
    }
}

/// All files that `docs/imports.md` tells of.
fn documented() -> Vec<(&'static str, Option<&'static str>)> {
    let mut files = vec![("organisations-real.csv", None)];
    files.extend(
        SPREADSHEETS
            .iter()
            .map(|(file, _, country)| (*file, *country)),
    );
    files.push(("import-all-mixed.xlsx", None));
    files.extend(
        IDENTIFIER_FILES
            .iter()
            .map(|(file, country)| (*file, Some(*country))),
    );
    files
}

both! {
    async fn the_samples_do_what_the_import_page_says(app) {
        let mut conn = app.db_conn();
        let page = std::fs::read_to_string(format!("{}/docs/imports.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for (file, country) in documented() {
            let done = operator(&mut conn, file, &data(file), country, Mode::DryRun);
            let line = page.lines().find(|l| l.starts_with(&format!("| `{file}`"))).unwrap_or_else(|| panic!("{file} is missing"));
            let cells: Vec<usize> = line.split('|').skip(3).take(5).map(|c| c.trim().parse().unwrap()).collect();
            let wanted = [Outcome::New, Outcome::PossibleDuplicate, Outcome::Faulty].map(|o| of(&done.rows, o));
            let findings = done.rows.iter().flat_map(|row| &row.findings);
            let left_out = findings.filter(|f| f.code == FindingCode::LeftOut).count();
            assert_eq!(cells, [[done.rows.len()].as_slice(), &wanted, &[left_out]].concat(), "{file}");
        }
        assert_eq!(count(&mut conn), 0);
    }
}

both! {
    async fn a_second_import_changes_nothing(app) {
        let mut conn = app.db_conn();
        for (file, country) in documented() {
            let done = operator(&mut conn, file, &data(file), country, Mode::Commit);
            let again = operator(&mut conn, file, &data(file), country, Mode::DryRun);
            for (first, second) in done.rows.iter().zip(&again.rows) {
                let wanted = if first.outcome == Outcome::New { Outcome::Unchanged } else { first.outcome };
                assert_eq!(second.outcome, wanted, "{file}: {first:?} {second:?}");
            }
        }
        assert_journal_is_clean(&mut conn);
    }
}

both! {
    async fn an_export_imports_again_with_every_row_unchanged(app) {
        let mut conn = app.db_conn();
        operator(&mut conn, "organisations-real.csv", &data("organisations-real.csv"), None, Mode::Commit);
        for (file, country) in IDENTIFIER_FILES {
            let options = ImportOptions {
                country: Some(country.to_owned()),
                keep_invalid: Some(Reason::parse("As printed in the register.").unwrap()),
                ..ImportOptions::default()
            };
            run(&mut conn, file, &data(file), &options, Mode::Commit).unwrap();
        }
        for (file, _, country) in SPREADSHEETS {
            operator(&mut conn, file, &data(file), country, Mode::Commit);
        }
        let odd = ["=1+1 Sample", "+994 Sample", "-Sample Minus", "@Sample At", "＝Sample Wide", "'5 Sample Five", "\"Sample\" quoted", "\"Marks alone\"",
            "Sam?ple of lost letters", "Two  spaces", "A | B@en", "yoxdur 1", "Total 5", "Sample; with, signs"];
        let mut made: Vec<String> = Vec::new();
        for (n, name) in odd.into_iter().enumerate() {
            let more = json!({
                "distinct_from": made, "distinct_reason": "Odd names that look alike.",
                "names": [
                    {"kind": "legal", "text": name, "language": "en"}, {"kind": "alias", "text": format!("A{n} | B{n}@tr")},
                    {"kind": "translated", "text": format!("{n} One of two"), "language": "ru"}, {"kind": "translated", "text": format!("{n} Two of two"), "language": "ru"},
                    {"kind": "translated", "text": format!("{n} In a variant"), "language": "uz-Latn-UZ"}, {"kind": "acronym", "text": "=AB"}
                ],
                "city": "-", "region": "yok", "address": "=Line 1\nLine 2", "notes": "-", "founded": "1234", "legal_form": "Dernek",
                "website": format!("HTTP://WWW.SAMPLE-{n}.EXAMPLE"), "email": format!("A@SAMPLE-{n}.EXAMPLE"), "phone": "+1 2 3", "themes": ["E10", "A"], "sdgs": [17, 4],
                "descriptions": [{"language": "tr", "text": "Bir | iki"}, {"language": "en", "text": "=One\n\ntwo"}]
            });
            let ngo = app.organisation("TR").named(name).with(more).create().await;
            let tr = app.coordinator("TR");
            let tag = tr.tag(&ngo.url()).await;
            tr.post_seen(&format!("{}/contacts", ngo.url()), Some(&tag), json!({"name": "Sample Office"})).await.expect(201);
            made.push(ngo.number);
        }
        let mut rows = 0;
        for country in Countries::load().unwrap().iter() {
            for format in ["csv", "xlsx"] {
                let coordinator = app.coordinator(&country.code);
                let file = coordinator.get(&format!("/v1/exports/organisations?country={}&format={format}", country.code)).await.expect(200);
                let made = coordinator.upload(file.bytes, &format!("file_name=export.{format}")).await.expect(201);
                let url = format!("/v1/imports/{}", made.str("/id"));
                for row in coordinator.rows(&url).await.values() {
                    assert_eq!(row["outcome"], "unchanged", "{format}: {row}");
                    assert_eq!(row["findings"], json!([]), "{format}: {row}");
                    rows += 1;
                }
            }
        }
        assert_eq!(rows, 2 * count(&mut conn));
    }
}

both! {
    async fn an_export_is_of_the_own_country_and_without_formulas(app) {
        app.organisation("KZ").named("=HYPERLINK(1)").create().await;
        let path = "/v1/exports/organisations?country=KZ";
        let file = app.coordinator("KZ").get(path).await.expect(200);
        assert!(file.text().contains(",'=HYPERLINK(1),") && !file.text().contains(",=HYPERLINK"));
        assert!(app.secretariat().get(path).await.expect(200).text().contains("HYPERLINK"));
        app.coordinator("KG").get(path).await.problem(403, "forbidden");
        app.auditor().get(path).await.problem(403, "forbidden");
        app.get(path).await.problem(401, "not_authenticated");
        app.secretariat().get("/v1/exports/organisations?country=CY").await.problem(400, "bad_parameter");
    }
}

both! {
    async fn a_crash_repeats_a_chunk_and_never_half_a_row(app) {
        let (acting, countries) = (Acting::operator(Action::Import).unwrap(), Countries::load().unwrap());
        let mut conn = app.db_conn();
        let bytes = data("organisations-real.csv");
        let lookout = Lookout { countries: &countries, search: None };
        let plan = imports::plan(&mut conn, &acting, lookout, &bytes, "list.csv", &ImportOptions::default(), &mut |_, _| {}).unwrap();
        let id = Id(conn.transact(|tx| imports::store(tx, &acting, &plan)).map(|row| row.id).unwrap());
        let first = conn.transact(|tx| imports::chunk(tx, &acting, &countries, id, Next::behind(0, 10))).unwrap();
        let begun = count(&mut conn);
        assert!((1..=10).contains(&begun) && usize::try_from(begun) == Ok(first.rows) && !first.done);
        // The second chunk breaks off behind its last row.
        let broken: Result<(), Error> = conn.transact(|tx| {
            imports::chunk(tx, &acting, &countries, id, Next::behind(0, 10))?;
            Err(Error::new(Code::Overloaded, "the process ends here"))
        });
        assert!(broken.is_err());
        assert_eq!(count(&mut conn), begun);
        let mut conn = app.db_conn();
        imports::commit(&mut conn, &acting, &countries, id, &mut |_| {}).unwrap();
        let rows = imports::report(&mut conn, id).unwrap();
        assert_eq!(usize::try_from(count(&mut conn)).unwrap(), of(&rows, Outcome::New));
        let before = count(&mut conn);
        imports::commit(&mut conn, &acting, &countries, id, &mut |_| {}).unwrap();
        assert_eq!(count(&mut conn), before);
        assert_journal_is_clean(&mut conn);
    }
}

both! {
    async fn the_same_file_again_goes_on_with_an_import_that_was_killed(app) {
        let (acting, countries) = (Acting::operator(Action::Import).unwrap(), Countries::load().unwrap());
        let mut conn = app.db_conn();
        let file = "id,name\n1,Bagban jemgyýeti\n2,Dokmaçy jemgyýeti\n3,Sazanda birleşigi\n4,Balykçy jemgyýeti\n";
        let options = ImportOptions { country: Some("TM".to_owned()), ..ImportOptions::default() };
        let lookout = Lookout { countries: &countries, search: None };
        let plan = imports::plan(&mut conn, &acting, lookout, file.as_bytes(), "list.csv", &options, &mut |_, _| {}).unwrap();
        let killed = Id(conn.transact(|tx| imports::store(tx, &acting, &plan)).map(|row| row.id).unwrap());
        conn.transact(|tx| imports::chunk(tx, &acting, &countries, killed, Next::behind(0, 2))).unwrap();
        // Since then somebody registered what line 5 says: its dry run is out of date.
        app.organisation("TM").named("BALYKÇY JEMGYÝETI").create().await;
        let done = run(&mut conn, "list.csv", file.as_bytes(), &options, Mode::Commit).unwrap();
        assert_eq!(done.import, Some(killed));
        let outcomes: Vec<(i32, Outcome)> = done.rows.iter().map(|r| (r.line, r.outcome)).collect();
        assert_eq!(outcomes, [(2, Outcome::New), (3, Outcome::New), (4, Outcome::New), (5, Outcome::PossibleDuplicate)]);
        assert_eq!(count(&mut conn), 4);
        // What has ended is not gone on with: the same file again is an import of its own that changes nothing.
        let again = run(&mut conn, "list.csv", file.as_bytes(), &options, Mode::Commit).unwrap();
        assert!(again.import != Some(killed) && again.counts.unchanged == 3, "{:?}", again.counts);
        assert_eq!(count(&mut conn), 4);
        assert_journal_is_clean(&mut conn);
    }
}

both! {
    async fn a_row_that_cannot_be_written_is_faulty_and_the_others_of_its_chunk_stay(app) {
        let kz = app.coordinator("KZ");
        let import = kz.import("id,name\na,Үлгі қоры\n", "source=list&country=KZ").await;
        let number = kz.rows(&import).await[&2]["number"].as_str().unwrap().to_owned();
        // As many names as a list may hold.
        let fill = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 1199)
             INSERT INTO organisation_names
                 (organisation_id, item, kind, text, language, key_plain, key_skeleton, fold_version, seq)
             SELECT o.id, i, 'alias', 'Alias ' || i, NULL, 'alias ' || i, 'alias ' || i, 1, o.seq
             FROM n, organisations o WHERE o.number = '{number}'"
        );
        app.db_conn().batch_execute(&fill).unwrap();
        let before = count(&mut app.db_conn());
        let second = "id,name,name_en\nb,Бақша қоры,\na,,Sample Fund\nc,Тоқыма қоры,\n";
        let import = kz.import(second, "source=list&country=KZ").await;
        let rows = kz.rows(&import).await;
        assert_eq!([2, 3, 4].map(|line| outcome(&rows, line)), ["new", "faulty", "new"]);
        assert_eq!(codes(&rows[&3]), ["changes", "not_applied"]);
        assert_eq!(count(&mut app.db_conn()), before + 2);
        let held = kz.get(&format!("/v1/organisations/{number}")).await.expect(200);
        assert_eq!(held.at("/names").as_array().unwrap().len(), 200);
    }
}

both! {
    async fn rows_of_another_country_are_faulty_and_never_looked_up(app) {
        let kz = app.organisation("KZ").named("Sample Gardeners").with(json!({
            "references": [{"source": "list", "reference": "r1"}], "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]
        })).create().await;
        let file = format!(
            "registry_number,id,name,country,identifier:KZ-BIN\n{},r1,Sample Gardeners,KZ,950440001673\n,r2,Nobody Knows,KZ,\n{},r3,Sample Weavers,AZ,\n",
            kz.number, kz.number
        );
        let az = app.coordinator("AZ");
        let made = az.upload(file, "source=list").await.expect(201);
        let rows = az.rows(&format!("/v1/imports/{}", made.str("/id"))).await;
        let told = |line: i64| (outcome(&rows, line), rows[&line]["findings"].clone(), rows[&line]["number"].clone());
        assert_eq!(told(2), told(3), "a known organisation and an unknown one look the same");
        assert_eq!(codes(&rows[&2]), ["not_your_country"]);
        // Its own row that names a foreign number learns nothing about it either.
        assert_eq!((outcome(&rows, 4), codes(&rows[&4])), ("faulty".to_owned(), vec!["unknown_number".to_owned()]));
        assert_eq!(rows[&4]["number"], Value::Null);
        az.upload("name\nSample\n", "country=KZ").await.problem(403, "forbidden");
    }
}

both! {
    async fn rows_without_a_country_need_a_stated_one(app) {
        let uz = app.coordinator("UZ");
        let file = "name,country\nSample One,\nSample Two,Atlantis\nSample Three,Узбекистан\n";
        for (parameters, first) in [("", "faulty"), ("country=UZ", "new")] {
            let made = uz.upload(file, parameters).await.expect(201);
            let rows = uz.rows(&format!("/v1/imports/{}", made.str("/id"))).await;
            assert_eq!([outcome(&rows, 2), outcome(&rows, 3), outcome(&rows, 4)], [first, "faulty", "new"]);
            assert_eq!(codes(&rows[&3]), ["unknown_country"]);
        }
    }
}

both! {
    async fn a_name_that_lost_letters_is_faulty_and_not_stored(app) {
        let kz = app.coordinator("KZ");
        let file = "name,name_en,alternative_names\n?лтты? еріктілер желісі,,\nSample Two,Lost ?etters,\nSample Three,,Fine | Wr?ng\nSample Four ?,,\n";
        let import = kz.import(file, "country=KZ").await;
        let rows = kz.rows(&import).await;
        for (line, column) in [(2, "name"), (3, "name_en"), (4, "alternative_names")] {
            assert_eq!(outcome(&rows, line), "faulty");
            assert_eq!((codes(&rows[&line])[0].as_str(), rows[&line]["findings"][0]["column"].as_str()), ("lost_letters", Some(column)));
        }
        assert_eq!(outcome(&rows, 5), "new");
        assert_eq!(count(&mut app.db_conn()), 1);
    }
}

both! {
    async fn an_optional_value_that_is_wrong_is_left_out_with_the_reason(app) {
        let az = app.coordinator("AZ");
        let file = "name,email,phone,website,founded_on,sdg,themes\nSample,info at x,call me,ftp://x.example,01/02/2003,18,Z9\n";
        let import = az.import(file, "country=AZ").await;
        let rows = az.rows(&import).await;
        assert_eq!((outcome(&rows, 2), codes(&rows[&2])), ("new".to_owned(), vec!["left_out".to_owned(); 6]));
        let number = rows[&2]["number"].as_str().unwrap().to_owned();
        let made = az.get(&format!("/v1/organisations/{number}")).await.expect(200);
        for field in ["/private/email", "/private/phone", "/website", "/founded_year"] {
            assert_eq!(made.at(field), Value::Null, "{field}");
        }
    }
}

both! {
    async fn an_empty_cell_keeps_and_a_hyphen_clears(app) {
        let tr = app.coordinator("TR");
        let first = "id,name,city,email,name_en,acronyms,notes,legal_form\n1,Örnek Derneği,İzmir,a@sample.example,Sample Association,ÖD,Remark,Dernek\n";
        let import = tr.import(first, "source=list&country=TR").await;
        let number = tr.rows(&import).await[&2]["number"].as_str().unwrap().to_owned();
        let url = format!("/v1/organisations/{number}");
        let empty = "id,name,city,email,name_en,acronyms,notes,legal_form\n1,,,yoxdur,yok,,нет,\n";
        let import = tr.import(empty, "source=list&country=TR").await;
        assert_eq!(outcome(&tr.rows(&import).await, 2), "unchanged");
        let clear = "id,name,city,email,name_en,acronyms,notes,legal_form\n1,,-,-,-,-,-,\n";
        let import = tr.import(clear, "source=list&country=TR").await;
        assert_eq!(outcome(&tr.rows(&import).await, 2), "changed");
        let now = tr.get(&url).await.expect(200);
        assert_eq!((now.at("/city"), now.at("/private/email"), now.at("/private/notes")), (Value::Null, Value::Null, Value::Null));
        assert_eq!((now.at("/names").as_array().unwrap().len(), now.str("/legal_form").as_str()), (1, "TR-DERNEK"));
        let import = tr.import(clear, "source=list&country=TR").await;
        assert_eq!(outcome(&tr.rows(&import).await, 2), "unchanged");
    }
}

both! {
    async fn rows_match_by_number_then_reference_then_identifier_and_name(app) {
        let kz = app.coordinator("KZ");
        let first = "id,name,identifier:KZ-BIN\na,Үлгі қоры,190140387867\nb,Бақша қоры,950440001673\nc,Тоқыма қоры,990940003030\n";
        let import = kz.import(first, "source=list&country=KZ").await;
        let rows = kz.rows(&import).await;
        let number = |line: i64| rows[&line]["number"].as_str().unwrap().to_owned();
        let second = format!(
            "registry_number,id,name,city,identifier:KZ-BIN\n{},b,Жаңа атау,Астана,\n,b,Бақша қоры,Алматы,\n,z,Toqyma qory,Шымкент,990940003030\n,y,Мүлде бөлек қоғам,,950440001673\n",
            number(2)
        );
        let import = kz.import(second, "source=list&country=KZ").await;
        let changed = kz.rows(&import).await;
        assert_eq!(changed[&2]["number"], json!(number(2)));
        assert_eq!(changed[&3]["number"], json!(number(3)));
        assert_eq!(changed[&4]["number"], json!(number(4)));
        assert_eq!((outcome(&changed, 5), codes(&changed[&5])), ("possible_duplicate".to_owned(), vec!["may_be_registered".to_owned()]));
        let renamed = kz.get(&format!("/v1/organisations/{}", number(2))).await;
        assert_eq!((renamed.str("/name"), renamed.str("/city")), ("Жаңа атау".to_owned(), "Астана".to_owned()));
        let kinds: Vec<Value> = renamed.at("/names").as_array().unwrap().iter().map(|n| n["kind"].clone()).collect();
        assert_eq!(kinds, ["former", "legal"]);
        // The same name in other letters is the same name, not a new one.
        assert_eq!(kz.get(&format!("/v1/organisations/{}", number(4))).await.str("/name"), "Тоқыма қоры");
        assert_journal_is_clean(&mut app.db_conn());
    }
}

both! {
    async fn an_upload_says_which_list_it_is(app) {
        let uz = app.coordinator("UZ");
        let request = |parameters: &str| uz.request(Method::POST, &format!("/v1/imports?country=UZ{parameters}"));
        let file = "id,name\n1,Samarkand Glass Blowers\n";
        let refused = uz.send_file(request(""), file).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "file_name");
        for (parameters, source) in [("&source=ministry", "ministry"), ("&file_name=list.csv", "list"), ("&file_name=list.csv&source=x", "x")] {
            assert_eq!(uz.send_file(request(parameters), file).await.expect(201).str("/source"), source);
        }
    }
}

both! {
    async fn a_known_reference_with_quite_another_name_waits_for_a_person(app) {
        let (one, other) = (app.coordinator("UZ"), app.coordinator("UZ"));
        let import = one.import("id,name\n1,Samarkand Glass Blowers\n2,Bukhara Potters\n", "file_name=list.csv&country=UZ").await;
        let number = |rows: &BTreeMap<i64, Value>, line: i64| rows[&line]["number"].as_str().unwrap().to_owned();
        let rows = one.rows(&import).await;
        let (first, second) = (number(&rows, 2), number(&rows, 3));
        // Another list of the same name, and a name that is alike.
        let file = "id,name,city\n1,Fergana Silk Spinners,Fergana\n2,Bukhara Potters Union,Bukhara\n";
        let import = other.import(file, "file_name=list.csv&country=UZ").await;
        let rows = other.rows(&import).await;
        assert_eq!([outcome(&rows, 2), outcome(&rows, 3)], ["possible_duplicate", "changed"]);
        assert_eq!((rows[&2]["number"].clone(), rows[&2]["findings"][0]["number"].as_str()), (Value::Null, Some(first.as_str())));
        let told = |line: i64| rows[&line]["findings"][0]["text"].as_str().unwrap().to_owned();
        assert!(told(2).contains("“Samarkand Glass Blowers”") && told(2).contains("“Fergana Silk Spinners”"), "{}", told(2));
        assert!(told(3).contains("“Bukhara Potters” becomes “Bukhara Potters Union”"), "{}", told(3));
        let name = |number: &str| format!("/v1/organisations/{number}");
        assert_eq!(one.get(&name(&first)).await.str("/name"), "Samarkand Glass Blowers");
        // It is another one.
        other.resolve(&import, 2, json!({"resolution": "new", "reason": "Another list."})).await.expect(200);
        other.post(&format!("{import}/commit"), json!({})).await.expect(200);
        let made = number(&other.rows(&import).await, 2);
        assert_ne!(made, first);
        assert_eq!(one.get(&name(&made)).await.str("/name"), "Fergana Silk Spinners");
        assert_eq!(one.get(&name(&first)).await.str("/name"), "Samarkand Glass Blowers");
        // Or it is the same with a new name.
        let import = one.import("id,name\n2,Union of Craftspeople\n", "file_name=list.csv&country=UZ").await;
        assert_eq!(outcome(&one.rows(&import).await, 2), "possible_duplicate");
        one.resolve(&import, 2, json!({"resolution": "same_as", "number": second})).await.expect(200);
        one.post(&format!("{import}/commit"), json!({})).await.expect(200);
        let renamed = one.get(&name(&second)).await;
        assert_eq!(renamed.str("/name"), "Union of Craftspeople");
        let kinds: Vec<Value> = renamed.at("/names").as_array().unwrap().iter().map(|n| n["kind"].clone()).collect();
        assert_eq!(kinds, ["former", "former", "legal"]);
        assert_journal_is_clean(&mut app.db_conn());
    }
}

both! {
    async fn a_number_of_the_organisation_vouches_for_a_new_name(app) {
        let kz = app.coordinator("KZ");
        let import = kz.import("id,name,identifier:KZ-BIN\n1,Үлгі қоры,190140387867\n", "source=list&country=KZ").await;
        let number = kz.rows(&import).await[&2]["number"].clone();
        let import = kz.import("id,name,identifier:KZ-BIN\n1,Мүлде бөлек қоғам,190140387867\n", "source=list&country=KZ").await;
        let rows = kz.rows(&import).await;
        assert_eq!((outcome(&rows, 2), &rows[&2]["number"]), ("changed".to_owned(), &number));
    }
}

both! {
    async fn a_question_in_a_name_is_no_lost_letter(app) {
        let az = app.coordinator("AZ");
        let import = az.import("id,name\n1,What is Next?\n2,F?nd Bakı\n", "source=list&country=AZ").await;
        let rows = az.rows(&import).await;
        assert_eq!([outcome(&rows, 2), outcome(&rows, 3)], ["new", "faulty"]);
    }
}

both! {
    async fn a_person_says_what_a_possible_duplicate_is(app) {
        let hu = app.coordinator("HU");
        let file = "id,name,city,identifier:HU-NYILV\n1,Minta Egyesület,Szeged,13-02-0007491\n2,MINTA EGYESÜLET,Pécs,13-02-0007491\n3,Minta Egyesulet,Győr,\n4,Minta egyesület,Eger,\n";
        let made = hu.upload(file, "source=list&country=HU").await.expect(201);
        let import = format!("/v1/imports/{}", made.str("/id"));
        let rows = hu.rows(&import).await;
        for line in 3..=5 {
            assert_eq!((outcome(&rows, line), rows[&line]["findings"][0]["line"].as_i64()), ("possible_duplicate".to_owned(), Some(2)));
        }
        hu.resolve(&import, 2, json!({"resolution": "skip"})).await.problem(409, "conflict");
        hu.resolve(&import, 9, json!({"resolution": "skip"})).await.problem(404, "not_found");
        let missing = hu.resolve(&import, 3, json!({"resolution": "new"})).await.problem(422, "invalid_field");
        assert_eq!(missing.at("/fields/0/pointer"), "/reason");
        hu.resolve(&import, 3, json!({"resolution": "new", "reason": "A branch in another city."})).await.expect(200);
        hu.resolve(&import, 4, json!({"resolution": "skip"})).await.expect(200);
        hu.post(&format!("{import}/commit"), json!({})).await.expect(200);
        let rows = hu.rows(&import).await;
        assert_eq!([2, 3, 5].map(|line| outcome(&rows, line)), ["new", "new", "possible_duplicate"]);
        assert_eq!((rows[&4]["applied"].clone(), rows[&4]["number"].clone()), (json!(true), Value::Null));
        let branch = hu.get(&format!("/v1/organisations/{}", rows[&3]["number"].as_str().unwrap())).await;
        assert_eq!(branch.str("/identifiers/0/shared_reason"), "A branch in another city.");
        let first = rows[&2]["number"].as_str().unwrap().to_owned();
        hu.resolve(&import, 5, json!({"resolution": "same_as", "number": first})).await.expect(200);
        let done = hu.post(&format!("{import}/commit"), json!({})).await.expect(200);
        assert_eq!((done.at("/counts/applied"), done.str("/status")), (json!(4), "committed".to_owned()));
        let same = hu.get(&format!("/v1/organisations/{first}")).await;
        assert_eq!((same.str("/name"), same.str("/city")), ("Minta Egyesület".to_owned(), "Eger".to_owned()));
        assert_eq!(count(&mut app.db_conn()), 2);
        // The answers hold: the same file again asks for nothing but the row that was left out.
        let import = hu.import(file, "source=list&country=HU").await;
        let rows = hu.rows(&import).await;
        assert_eq!([3, 4, 5].map(|line| outcome(&rows, line)), ["unchanged", "possible_duplicate", "unchanged"]);
        assert_journal_is_clean(&mut app.db_conn());
    }
}

both! {
    async fn a_commit_plans_again_what_changed_since_the_dry_run(app) {
        let tm = app.coordinator("TM");
        let file = "id,name,city\n1,Bagban jemgyýeti,Mary\n2,Dokmaçy jemgyýeti,Mary\n";
        let made = tm.upload(file, "source=list&country=TM").await.expect(201);
        let import = format!("/v1/imports/{}", made.str("/id"));
        assert_eq!(made.at("/counts/new"), 2);
        app.organisation("TM").named("BAGBAN JEMGYÝETI").create().await;
        let other = app.organisation("TM").named("Dokmaçy jemgyýeti").with(json!({"references": [{"source": "list", "reference": "2"}]})).create().await;
        let done = tm.post(&format!("{import}/commit"), json!({})).await.expect(200);
        assert_eq!((done.at("/counts/possible_duplicate"), done.at("/counts/changed")), (json!(1), json!(1)));
        let rows = tm.rows(&import).await;
        assert_eq!((outcome(&rows, 2), rows[&3]["number"].as_str()), ("possible_duplicate".to_owned(), Some(other.number.as_str())));
        assert_eq!(tm.get(&other.url()).await.str("/city"), "Mary");
        assert_eq!(count(&mut app.db_conn()), 2);
    }
}

both! {
    async fn an_import_is_seen_by_its_coordinator_and_the_secretariat_only(app) {
        let (az, other) = (app.coordinator("AZ"), app.coordinator("AZ"));
        let import = az.import("name\nSample\n", "country=AZ").await;
        for path in [import.clone(), format!("{import}/rows"), format!("{import}/rows?format=csv")] {
            az.get(&path).await.expect(200);
            app.secretariat().get(&path).await.expect(200);
            other.get(&path).await.problem(404, "not_found");
            app.coordinator("KZ").get(&path).await.problem(404, "not_found");
            app.auditor().get(&path).await.problem(403, "forbidden");
            app.get(&path).await.problem(401, "not_authenticated");
        }
        other.post(&format!("{import}/commit"), json!({})).await.problem(404, "not_found");
        assert_eq!(other.get("/v1/imports").await.at("/items"), json!([]));
        assert_eq!(az.get("/v1/imports").await.at("/items").as_array().unwrap().len(), 1);
        app.auditor().upload("name\nSample\n", "").await.problem(403, "forbidden");
        app.send(TestRequest::post().uri("/v1/imports")).await.problem(401, "not_authenticated");
    }
}

both! {
    async fn an_upload_repeated_with_its_key_happens_once(app) {
        let az = app.coordinator("AZ");
        let send = |name: &'static str| {
            let request = az.request(Method::POST, "/v1/imports?country=AZ&source=list")
                .insert_header(("Idempotency-Key", "one"))
                .insert_header(("Content-Type", "text/csv"))
                .set_payload(format!("name\n{name}\n"));
            az.send(request)
        };
        let first = send("Sample").await.expect(201);
        assert_eq!(send("Sample").await.expect(201).text(), first.text());
        send("Other").await.problem(422, "idempotency_key_reused");
        assert_eq!(az.get("/v1/imports").await.at("/items").as_array().unwrap().len(), 1);
    }
}

both! {
    async fn an_account_has_one_upload_read_at_a_time_and_the_process_two(app) {
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let file = "name,country\r\nSample One,KZ\r\n";
        let uploads = app.parts.uploads.clone();
        let own = uploads.begin(&format!("user:{}", kz.id)).unwrap();
        let refused = kz.upload(file, "").await.problem(429, "too_many_requests");
        assert!(refused.header("retry-after").is_some() && refused.str("/detail").contains("of yours"));
        office.upload(file, "").await.expect(201);
        let other = uploads.begin("user:other").unwrap();
        office.upload(file, "").await.problem(429, "too_many_requests");
        drop((own, other));
        kz.upload(file, "").await.expect(201);
        kz.upload("no table", "").await;
        kz.upload(file, "").await.expect(201);
    }
}

both! {
    async fn what_is_no_table_is_refused_with_what_to_do(app) {
        let az = app.coordinator("AZ");
        let refused = az.upload("%PDF-1.4 x", "").await.problem(422, "unreadable_file");
        assert_eq!(refused.str("/reason"), "unsupported_format");
        az.upload("x,y\n1,2\n", "").await.problem(422, "unreadable_file");
        az.upload("name\nSample\n", "map=Ad").await.problem(400, "bad_parameter");
        az.upload("name\nSample\n", "encoding=latin9").await.problem(400, "bad_parameter");
        az.upload("name\nSample\n", "country=CY").await.problem(400, "bad_parameter");
        az.upload("name\nSample\n", "sauce=x").await.problem(400, "bad_parameter");
        for told in ["source=87426017218", "file_name=87426017218.csv", "keep_invalid=TC%2087426017218"] {
            let refused = az.upload("name\nSample\n", told).await.problem(422, "natural_person_number");
            assert_eq!(refused.str("/fields/0/pointer"), told.split('=').next().unwrap());
            assert!(!refused.text().contains("87426017218"));
        }
        let said = az.upload("name\nSample\n", "map=Ad:bogus").await.problem(400, "bad_parameter").str("/detail");
        assert!(said.starts_with("map: what stands behind : is no field"), "{said}");
        for told in ["source=a%04b", "file_name=a%04b.csv", "keep_invalid=no"] {
            let refused = az.upload("name\nSample\n", told).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), told.split('=').next().unwrap());
        }
        let request = az.request(Method::POST, "/v1/imports").insert_header(("Content-Type", "application/json"));
        let request = request.insert_header(("Idempotency-Key", "k")).set_payload("name\nSample\n");
        az.send(request).await.problem(415, "unsupported_media_type");
        assert_eq!(az.get("/v1/imports").await.at("/items"), json!([]));
    }
}

both! {
    async fn rejected_rows_download_with_the_reasons_beside_them(app) {
        let az = app.coordinator("AZ");
        let file = "Ad,Ölkə,Qeyd\nSample One,AZ,\n=Sample W?rong,AZ,=1+1\n,AZ,x\n";
        let import = az.import(file, "").await;
        let told = az.get(&format!("{import}/rows?format=csv")).await.expect(200);
        assert_eq!(told.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = told.text();
        assert!(text.starts_with("\u{feff}import_line,import_outcome,import_reasons,Ad,Ölkə,Qeyd\r\n3,faulty,"), "{text}");
        assert!(text.contains(",'=Sample W?rong,AZ,'=1+1\r\n") && text.contains("4,faulty,the row has no name,,AZ,x\r\n"), "{text}");
        assert!(!text.contains("Sample One"));
        let again = az.upload(told.bytes, "").await.expect(201);
        assert_eq!((again.at("/counts/rows"), again.at("/counts/faulty")), (json!(2), json!(2)));
    }
}

both! {
    async fn an_invalid_number_is_kept_with_a_reason_and_a_person_s_never(app) {
        let kz = app.coordinator("KZ");
        let file = "name,identifier:KZ-BIN\nSample One,081040025236\nSample Two,710423331428\n";
        let import = kz.import(file, "country=KZ&keep_invalid=As%20printed%20in%20the%20register.").await;
        let rows = kz.rows(&import).await;
        assert_eq!([2, 3].map(|line| outcome(&rows, line)), ["new", "faulty"]);
        let kept = kz.get(&format!("/v1/organisations/{}", rows[&2]["number"].as_str().unwrap())).await;
        assert_eq!((kept.str("/identifiers/0/verdict"), kept.str("/identifiers/0/override_reason")), ("invalid".to_owned(), "As printed in the register.".to_owned()));
    }
}

both! {
    async fn a_person_s_number_of_another_country_leaves_no_trace_of_a_row_either(app) {
        let kz = app.coordinator("KZ");
        let file = "name,identifier:KZ-BIN\nSample Gardens,87426017218\nSample Bridges,950440001673\n";
        let import = kz.import(file, "country=KZ&keep_invalid=As%20printed%20in%20the%20register.").await;
        let rows = kz.rows(&import).await;
        assert_eq!([2, 3].map(|line| outcome(&rows, line)), ["faulty", "new"]);
        assert_eq!(codes(&rows[&2]), ["natural_person_number"]);
        assert!(!app.db_dump().contains("87426017218"));
    }
}

both! {
    async fn a_scheme_with_an_underscore_is_a_header_and_the_meaning_of_one(app) {
        let az = app.coordinator("AZ");
        for (number, name, header, stated) in [("1", "Sample Gardeners", "identifier:CA-CRA_ACR", ""), ("2", "Bukhara Potters", "Canadian number", "&map=Canadian%20number:identifier:CA-CRA_ACR")] {
            let file = format!("id,name,{header}\n{number},{name},RR00{number}\n");
            let import = az.import(file, &format!("country=AZ&source=list{stated}")).await;
            let rows = az.rows(&import).await;
            assert_eq!(outcome(&rows, 2), "new", "{}", rows[&2]);
            let made = az.get(&format!("/v1/organisations/{}", rows[&2]["number"].as_str().unwrap())).await;
            assert_eq!((made.str("/identifiers/0/scheme"), made.str("/identifiers/0/value")), ("CA-CRA_ACR".to_owned(), format!("RR00{number}")));
        }
    }
}

both! {
    async fn an_identifier_of_another_country_s_organisation_is_faulty_and_tells_no_number(app) {
        let lei = "529900T8BM49AURSDO55";
        let more = json!({"identifiers": [{"scheme": "LEI", "value": lei}]});
        let tr = app.organisation("TR").with(more).create().await;
        let az = app.coordinator("AZ");
        let import = az.import(format!("name,LEI\nSample,{lei}\n"), "country=AZ").await;
        let rows = az.rows(&import).await;
        assert_eq!((outcome(&rows, 2), codes(&rows[&2])), ("faulty".to_owned(), vec!["identifier_taken".to_owned()]));
        assert!(!rows[&2].to_string().contains(&tr.number));
    }
}

both! {
    async fn a_dry_run_says_nothing_of_another_country_s_numbers_and_the_commit_does(app) {
        let numbers = json!({"identifiers": [{"scheme": "WIKIDATA", "value": "Q4115189"}]});
        let hidden = app.organisation("KZ").with(numbers).create().await;
        let az = app.coordinator("AZ");
        let file = "id,name,country,identifier:WIKIDATA\na,Sample Gardeners,AZ,Q4115189\nb,Sample Weavers,AZ,Q42\n";
        let made = az.upload(file, "").await.expect(201);
        let import = format!("/v1/imports/{}", made.str("/id"));
        let rows = az.rows(&import).await;
        // A number that is taken abroad and one that is free look alike.
        assert_eq!((outcome(&rows, 2), outcome(&rows, 3)), ("new".to_owned(), "new".to_owned()));
        assert_eq!((codes(&rows[&2]), codes(&rows[&3])), (vec![], vec![]));
        // Whoever reaches the other one is told at once.
        let told = app.secretariat().upload(file, "file_name=other.csv").await.expect(201);
        let told = app.secretariat().rows(&format!("/v1/imports/{}", told.str("/id"))).await;
        assert_eq!((outcome(&told, 2), codes(&told[&2])), ("faulty".to_owned(), vec!["identifier_taken".to_owned()]));
        az.post(&format!("{import}/commit"), json!({})).await.expect(200);
        let rows = az.rows(&import).await;
        assert_eq!((outcome(&rows, 2), codes(&rows[&2])), ("faulty".to_owned(), vec!["identifier_taken".to_owned()]));
        assert!(!rows[&2].to_string().contains(&hidden.number));
        assert_eq!(outcome(&rows, 3), "new");
    }
}

both! {
    async fn a_row_that_changes_says_which_fields_and_which_of_them_are_cleared_and_no_value(app) {
        let kz = app.coordinator("KZ");
        let head = "id;name;name_ru;acronyms;city;website;email;notes;themes;contact;identifier:KZ-BIN\n";
        let before = "u1;Update Fund;Фонд обновления;UF;Astana;https://old.example;old@sample.example;Old remark;E10;Sample Person;\n";
        kz.import(format!("{head}{before}"), "country=KZ&source=updates").await;
        for (row, told) in [
            ("u1;Update Fund;;;;-;;;;;", "changes: website (cleared)"),
            ("u1;Update Fund;;;Almaty;;;;;;", "changes: city"),
            ("u1;Update Fund;;;Almaty;;-;New remark;-;;", "changes: city, email (cleared), notes, themes (cleared)"),
            ("u1;Update Fund;-;-;;;;;;-;", "changes: name_ru (cleared), acronyms (cleared), contact (cleared)"),
            ("u1;Update Fund;Новый фонд;NUF;;;;;;Other Person;950440001673", "changes: name_ru (added), acronyms (added), identifier:KZ-BIN (added), contact (added)"),
            ("u1;Update Funds;;;;;;;;;", "changes: name; “Update Fund” becomes “Update Funds”"),
        ] {
            let made = kz.upload(format!("{head}{row}\n"), "country=KZ&source=updates").await.expect(201);
            let rows = kz.rows(&format!("/v1/imports/{}", made.str("/id"))).await;
            assert_eq!(outcome(&rows, 2), "changed", "{row}: {}", rows[&2]);
            assert_eq!(rows[&2]["findings"][0]["text"], told, "{row}");
        }
    }
}

both! {
    async fn a_person_s_number_by_its_form_alone_leaves_no_trace_of_a_row(app) {
        let kz = app.coordinator("KZ");
        let list = "id;name;contact;address;notes;odd\n\
                    p1;Sample Gardens;Aibek 710423331428;;;\n\
                    p2;Sample Bridges;;Street 7104 2333 1428;;\n\
                    p3;Sample Mountains;;;see 710423331428;710423331428\n\
                    p4;Sample Rivers 710423331428;;;;\n\
                    p5;Sample Lakes;;;BIN 950440001673;\n";
        let import = kz.import(list, "country=KZ&source=persons").await;
        let rows = kz.rows(&import).await;
        let outcomes: Vec<String> = (2..=6).map(|line| outcome(&rows, line)).collect();
        assert_eq!(outcomes, ["new", "new", "new", "faulty", "new"]);
        assert_eq!(codes(&rows[&5]), ["natural_person_number"]);
        let dump = app.db_dump();
        assert!(!dump.contains("710423331428") && !dump.contains("7104 2333 1428"));
        assert!(dump.contains("BIN 950440001673"));
        // What came in by the API comes out and in again unchanged.
        app.organisation("KZ").named("Sample Deserts").with(json!({"notes": "see 710423331428"})).create().await;
        let file = kz.get("/v1/exports/organisations?country=KZ&format=csv").await.expect(200).text();
        let again = kz.upload(file, "country=KZ&source=again").await.expect(201);
        let rows = kz.rows(&format!("/v1/imports/{}", again.str("/id"))).await;
        assert!(rows.len() == 5 && rows.values().all(|row| row["outcome"] == "unchanged"), "{rows:?}");
    }
}

both! {
    async fn two_imports_at_once_register_nothing_twice(app) {
        let (one, other) = (app.coordinator("KZ"), app.secretariat());
        // More than one chunk: the first takes its turn when it notes that it began.
        let names = (0..600).map(|n| format!("Sample Society of Village {n}\n"));
        let file = format!("name\n{}", names.collect::<String>());
        let mut urls = Vec::new();
        for (person, parameters) in [(&one, "file_name=a.csv&country=KZ"), (&other, "file_name=b.csv&country=KZ")] {
            let made = person.upload(file.clone(), parameters).await.expect(201);
            urls.push(format!("/v1/imports/{}/commit", made.str("/id")));
        }
        let (a, b) = tokio::join!(one.post(&urls[0], json!({})), other.post(&urls[1], json!({})));
        a.expect(200);
        b.expect(200);
        let count = app.auditor().get("/v1/organisations?country=KZ&count=true&limit=1").await.expect(200);
        assert_eq!(count.at("/page/total"), 600);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_person_s_number_in_the_name_of_a_sheet_is_kept_nowhere(app) {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet().set_name("TCKN 10000000146").unwrap();
        sheet.write_string(0, 0, "name").unwrap();
        sheet.write_string(1, 0, "Sample Society of Sheets").unwrap();
        let made = app.coordinator("KZ").upload(workbook.save_to_buffer().unwrap(), "file_name=a.xlsx").await.expect(201);
        assert!(!made.text().contains("10000000146"), "{}", made.text());
        assert!(!app.db_dump().contains("10000000146"));
    }
}
