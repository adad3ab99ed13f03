//! Forgetting a person, further: however they are written, what others keep, and the write-ahead log of SQLite.

use actix_web::http::Method;
use diesel::connection::SimpleConnection;
use ots_registry::db::{DatabaseUrl, Id, marks};
use ots_registry::people::emptying::{self, Log};
use serde_json::{Value, json};

use crate::both;
use crate::kit::process::{flag_of, said};
use crate::kit::{App, Person};
use crate::people::{CHANGED, PERSON, found, nowhere, upload, with_person};

/// Uploads a spreadsheet with what is stated about it, and gives the import's id.
async fn upload_as(officer: &Person, stated: &str, text: &str) -> String {
    let key = Id::random().unwrap().to_string();
    let request = officer
        .request(Method::POST, &format!("/v1/imports?{stated}"))
        .insert_header(("Idempotency-Key", key))
        .insert_header(("Content-Type", "text/csv"))
        .set_payload(text.to_owned());
    officer.send(request).await.expect(201).str("/id")
}

/// An organisation with this contact person; gives the item's address.
async fn with_contact(app: &App, country: &str, contact: Value) -> String {
    let url = app.organisation(country).create().await.url();
    let officer = app.coordinator(country);
    let tag = officer.tag(&url).await;
    let list = format!("{url}/contacts");
    let made = officer.post_seen(&list, Some(&tag), contact).await;
    format!("{list}/{}", made.expect(201).at("/id"))
}

fn ilknur() -> Value {
    json!({"name": "İlknur Işık Qzmarker", "email": "qzilknur@sample.example", "phone": "+90 312 555 71 93"})
}

/// Whether one of these stands in the write-ahead log.
fn log_holds(app: &App, markers: &[&str]) -> bool {
    let DatabaseUrl::Sqlite(path) = &app.url else {
        return false;
    };
    let bytes = std::fs::read(format!("{}-wal", path.display())).unwrap_or_default();
    let holds = |marker: &&str| bytes.windows(marker.len()).any(|w| w == marker.as_bytes());
    markers.iter().any(holds)
}

fn is_owed(app: &App) -> bool {
    marks::get(&mut app.db_conn(), "log_to_empty")
        .unwrap()
        .is_some()
}

both! {
    async fn a_log_that_a_reader_held_at_an_erasure_is_emptied_when_the_reader_is_gone(app) {
        let contact = with_person(&app).await;
        let office = app.secretariat();
        let mut reader = app.db_conn();
        reader.batch_execute("BEGIN; SELECT count(*) FROM journal;").unwrap();
        office.post(&format!("{contact}/erasure"), json!({"reason": "Asked for in writing."})).await.expect(200);
        // PostgreSQL has no such log of the program's, and nothing is owed.
        let sqlite = !app.db_conn().is_postgres();
        assert_eq!((is_owed(&app), log_holds(&app, &PERSON)), (sqlite, sqlite));
        let held = if sqlite { Log::Held } else { Log::Clean };
        assert_eq!(emptying::settle(&app.parts.db).await, Some(held));
        reader.batch_execute("COMMIT").unwrap();
        drop(reader);
        // By itself it does not go: later writes leave the end of the log as it was.
        office.get("/v1/users?limit=1").await.expect(200);
        assert_eq!((is_owed(&app), log_holds(&app, &PERSON)), (sqlite, sqlite));
        // Another process, or this one after a restart, knows of it.
        let settled = emptying::settle(&app.replica().await.parts.db).await.unwrap();
        assert_eq!(matches!(settled, Log::Emptied(_)), sqlite, "{settled:?}");
        nowhere(&app, &PERSON);
        nowhere(&app, &CHANGED);
        assert!(!is_owed(&app));
        assert_eq!(emptying::settle_on(&mut app.db_conn()).unwrap_or(Log::Held), Log::Clean);
    }
}

both! {
    async fn the_command_line_says_when_the_log_was_not_emptied_and_finishes_later(app) {
        let contact = with_person(&app).await;
        let whose = contact.trim_start_matches("/v1/organisations/").replace("/contacts/", "/");
        let url = flag_of(&app.url);
        let person = |words: &[&str]| said(&[&["person"], words, &["--database-url", &url]].concat());
        let mut reader = app.db_conn();
        reader.batch_execute("BEGIN; SELECT count(*) FROM journal;").unwrap();
        let (code, text) = person(&["erase", "--contact", &whose, "--reason", "Asked for in writing."]);
        let sqlite = !app.db_conn().is_postgres();
        assert_eq!(code, Some(if sqlite { 3 } else { 0 }), "{text}");
        assert_eq!(text.contains("still holds what was erased") && text.contains("person empty-log"), sqlite, "{text}");
        if sqlite {
            assert_eq!(person(&["empty-log"]).0, Some(3));
        }
        reader.batch_execute("COMMIT").unwrap();
        let (code, text) = person(&["empty-log"]);
        assert_eq!((code, text.as_str()), (Some(0), ""));
        assert!(!is_owed(&app));
        nowhere(&app, &PERSON);
    }
}

both! {
    async fn an_account_s_erasure_leaves_whoever_else_is_called_the_same(app) {
        let office = app.secretariat();
        let body = json!({"email": "qzvakif@sample.example", "name": "Qzvakıf Genel Müdürlüğü", "role": "auditor"});
        let url = format!("/v1/users/{}", office.post("/v1/users", body).await.expect(201).str("/user/id"));
        office.patch(&url, json!({"status": "disabled"})).await.expect(200);
        let tr = app.coordinator("TR");
        let id = upload(&tr, "name;country;contact\nQzvakıf Genel Müdürlüğü;TR;Genel Müdürlüğü qzvakif@sample.example\n").await;
        // What is exported is what is erased.
        let data = office.get(&format!("{url}/personal-data")).await.expect(200);
        let cells: Vec<Value> = data.at("/held").as_array().unwrap().iter().filter(|h| h["place"] == "import_rows").map(|h| h["data"]["cell"].clone()).collect();
        assert_eq!(cells, [json!("Genel Müdürlüğü qzvakif@sample.example")]);
        // The reason stays for ever, so the name must not stand there.
        for telling in ["Qzvakıf Genel Müdürlüğü has left.", "Qzvakif left.", "QZVAKIF@sample.example is no more."] {
            office.post(&format!("{url}/erasure"), json!({"reason": telling})).await.problem(422, "invalid_field");
        }
        let done = office.post(&format!("{url}/erasure"), json!({"reason": "Left the office."})).await.expect(200);
        assert_eq!(done.at("/import_cells"), 1);
        let rows = tr.get(&format!("/v1/imports/{id}/rows")).await.expect(200);
        assert_eq!(rows.at("/items/0/cells"), json!(["Qzvakıf Genel Müdürlüğü", "TR", ""]));
        let row = tr.post(&format!("/v1/imports/{id}/commit"), json!({})).await.expect(200);
        assert_eq!(row.at("/counts/new"), 1, "{}", row.text());
    }
}

both! {
    async fn after_an_erasure_no_spelling_of_the_person_stays_in_an_import(app) {
        let contact = with_contact(&app, "TR", ilknur()).await;
        let (office, tr) = (app.secretariat(), app.coordinator("TR"));
        let spellings = ["İLKNUR IŞIK QZMARKER", "ILKNUR ISIK QZMARKER", "Qzmarker, İlknur Işık", "0312 555 71 93", "qzılknur@sample.example"];
        let mut file = "name;country;contact;İlknur Işık Qzmarker +90 312 555 71 93\n".to_owned();
        for (n, spelling) in spellings.iter().enumerate() {
            file.push_str(&format!("Sample Import {n};TR;{spelling};\n"));
        }
        file.push_str("Qzmarker İlknur Işık Vakfı;TR;Somebody Else;\n");
        let id = upload_as(&tr, "file_name=Qzmarker%20Ilknur%20Isik.csv", &file).await;
        let url = format!("/v1/imports/{id}");
        let before = tr.get(&url).await.expect(200);
        assert!(before.str("/file_name").contains("Qzmarker") && before.str("/source").contains("Qzmarker"));
        let data = office.get(&format!("{contact}/personal-data")).await.expect(200);
        let held = data.at("/held").as_array().unwrap().clone();
        let of = |place: &str| held.iter().filter(|h| h["place"] == place).count();
        assert_eq!(of("import_rows"), spellings.len(), "{}", data.text());
        // The file's name, the list's, the header, and what was told about the header.
        assert!(of("imports") >= 3, "{}", data.text());
        let done = office.post(&format!("{contact}/erasure"), json!({"reason": "Asked for in writing."})).await.expect(200);
        assert_eq!(done.at("/import_cells"), json!(of("import_rows") + of("imports")));
        let rows = tr.get(&format!("{url}/rows")).await.expect(200);
        for (n, spelling) in spellings.iter().enumerate() {
            assert_eq!(rows.at(&format!("/items/{n}/cells/2")), "", "{spelling}");
        }
        // An organisation that is called after a person keeps its name.
        assert_eq!(rows.at("/items/5/cells"), json!(["Qzmarker İlknur Işık Vakfı", "TR", "Somebody Else", ""]));
        let after = tr.get(&url).await.expect(200);
        assert!(!after.text().to_lowercase().contains("qzmarker") && !after.text().contains("555 71 93"), "{}", after.text());
        assert_eq!((after.str("/file_name"), after.str("/source")), ("(erased)".to_owned(), format!("(erased) {id}")));
        assert_eq!(after.at("/reading/columns/0"), before.at("/reading/columns/0"));
        assert_eq!(found(&app), Vec::<String>::new());
        let history = app.auditor().get(&format!("/v1/journal?subject=contact:{}", contact.trim_start_matches("/v1/organisations/").replace("/contacts/", "/"))).await.expect(200);
        assert!(history.text().contains("person.erased"));
        // And the import goes on.
        let committed = tr.post(&format!("{url}/commit"), json!({})).await.expect(200);
        assert_eq!(committed.at("/counts/new"), 6, "{}", committed.text());
    }
}

both! {
    async fn a_reason_that_holds_a_word_of_the_person_s_name_is_refused(app) {
        let contact = with_contact(&app, "TR", ilknur()).await;
        let office = app.secretariat();
        let before = app.db_dump();
        for telling in [
            "asked by İLKNUR IŞIK QZMARKER", "asked by ILKNUR ISIK QZMARKER", "Qzmarker asked for it.", "Işık asked for it.",
            "Qzmarker'in isteği", "The person with 0312 555 71 93 asked.", "QZILKNUR@SAMPLE.EXAMPLE asked.",
        ] {
            office.post(&format!("{contact}/erasure"), json!({"reason": telling})).await.problem(422, "invalid_field");
        }
        assert_eq!(app.db_dump().matches("Qzmarker").count(), before.matches("Qzmarker").count());
        assert!(!app.db_dump().contains("asked by"));
        // A word that the organisation is called by tells nothing.
        let url = contact.split("/contacts").next().unwrap().to_owned();
        let tr = app.coordinator("TR");
        let tag = tr.tag(&url).await;
        let name = json!({"kind": "alias", "text": "Işık Derneği"});
        tr.post_seen(&format!("{url}/names"), Some(&tag), name).await.expect(201);
        office.post(&format!("{contact}/erasure"), json!({"reason": "Işık Derneği asked for it."})).await.expect(200);
    }
}
