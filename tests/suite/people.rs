//! Personal data: who read it is recorded before it is given; what is held of a person can be exported and erased.

use diesel::connection::SimpleConnection;
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, reads};
use ots_registry::db::Instant;
use ots_registry::http::{Code, Error};
use serde_json::{Value, json};

use crate::both;
use crate::kit::mail::{MailServer, mail_server, with_mail};
use crate::kit::{App, Person};

/// What auditors are told, as `what subject rows`, the oldest first.
pub(crate) async fn told(app: &App, query: &str) -> Vec<String> {
    let page = app
        .auditor()
        .get(&format!("/v1/private-reads?limit=200{query}"))
        .await
        .expect(200);
    let items = page.at("/items").as_array().unwrap().clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    items
        .iter()
        .rev()
        .map(|i| format!("{} {} {}", text(&i["what"]), text(&i["subject"]), i["rows"]))
        .collect()
}

/// An organisation with one contact person.
pub(crate) async fn with_contact(app: &App, country: &str) -> String {
    let ngo = app.organisation(country).active().create().await;
    let officer = app.coordinator(country);
    let tag = officer.tag(&ngo.url()).await;
    let contact = json!({"name": "Sample Contact", "position": "Secretary", "email": "person@sample.example", "phone": "+000 111"});
    officer
        .post_seen(&format!("{}/contacts", ngo.url()), Some(&tag), contact)
        .await
        .expect(201);
    ngo.number
}

both! {
    async fn each_reading_of_private_data_is_told_to_auditors(app) {
        let number = with_contact(&app, "KZ").await;
        let url = format!("/v1/organisations/{number}");
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let (me, account) = (format!("&actor=user:{}", kz.id), app.coordinator("KZ").id);
        for (path, expected) in [
            (url.clone(), vec![format!("organisation.private {number} 1"), format!("organisation.contacts {number} 1")]),
            (format!("{url}?as_of={}", app.today()), vec![format!("organisation.private {number} 1"), format!("organisation.contacts {number} 1")]),
            (format!("{url}/contacts"), vec![format!("organisation.contacts {number} 1")]),
            (format!("{url}/history?limit=2"), vec![format!("organisation.history {number} 2")]),
            ("/v1/exports/organisations?country=KZ".to_owned(), vec!["export country:KZ 1".to_owned()]),
            (format!("/v1/users/{account}"), vec![format!("account user:{account} 1")]),
        ] {
            let before = told(&app, &me).await.len();
            let answer = kz.get(&path).await.expect(200);
            let mut new = told(&app, &me).await.split_off(before);
            new.sort();
            let mut expected = expected;
            expected.sort();
            assert_eq!(new, expected, "{path}");
            let by_id = app.auditor().get(&format!("/v1/private-reads?limit=1{me}")).await;
            assert_eq!(by_id.str("/items/0/request_id"), answer.header("x-request-id").unwrap(), "{path}");
        }
        // One row for each account of a page.
        office.get("/v1/users?country=KZ&limit=2").await.expect(200);
        assert_eq!(told(&app, &format!("&actor=user:{}", office.id)).await.len(), 2);
        // An auditor's readings are told too.
        let auditor = app.auditor();
        auditor.get("/v1/journal?limit=3").await.expect(200);
        auditor.get(&url).await.expect(200);
        let own = told(&app, &format!("&actor=user:{}", auditor.id)).await;
        assert_eq!(own, ["journal journal 3".to_owned(), format!("organisation.private {number} 1")]);
    }
}

both! {
    async fn an_import_s_rows_are_recorded_when_they_are_read(app) {
        let kz = app.coordinator("KZ");
        let id = upload(&kz, "name;country;contact\nSample Import;KZ;Import Person\n").await;
        kz.get(&format!("/v1/imports/{id}/rows")).await.expect(200);
        kz.get(&format!("/v1/imports/{id}/rows?format=csv&outcome=new")).await.expect(200);
        let me = format!("&actor=user:{}", kz.id);
        assert_eq!(told(&app, &me).await, [format!("import import:{id} 1"), format!("import import:{id} 1")]);
    }
}

/// Uploads a spreadsheet and gives the import's id.
pub(crate) async fn upload(officer: &Person, text: &str) -> String {
    let request = officer
        .request(
            actix_web::http::Method::POST,
            "/v1/imports?source=sample-list",
        )
        .insert_header((
            "Idempotency-Key",
            ots_registry::db::Id::random().unwrap().to_string(),
        ))
        .insert_header(("Content-Type", "text/csv"))
        .set_payload(text.to_owned());
    officer.send(request).await.expect(201).str("/id")
}

both! {
    async fn what_is_public_leaves_no_trace_of_its_reader(app) {
        let number = with_contact(&app, "KZ").await;
        let before = told(&app, "").await;
        let kg = app.coordinator("KG");
        for path in ["", "/contacts", "/evidence", "/history", "/identifiers", "/names"] {
            app.get(&format!("/v1/organisations/{number}{path}")).await.expect(200);
            kg.get(&format!("/v1/organisations/{number}{path}")).await.expect(200);
        }
        app.get("/v1/organisations").await.expect(200);
        // A refusal gave nothing away.
        kg.get("/v1/exports/organisations?country=KZ").await.expect(403);
        kg.get(&format!("/v1/users/{}", app.coordinator("KZ").id)).await.expect(404);
        assert_eq!(told(&app, "").await, before);
    }
}

both! {
    async fn readings_come_in_pages_and_between_instants(app) {
        let number = with_contact(&app, "KZ").await;
        let kz = app.coordinator("KZ");
        for _ in 0..5 {
            kz.get(&format!("/v1/organisations/{number}/contacts")).await.expect(200);
        }
        let all = told(&app, &format!("&actor=user:{}", kz.id)).await.len();
        let auditor = app.auditor();
        let (mut seen, mut path) = (0, format!("/v1/private-reads?limit=2&actor=user:{}", kz.id));
        loop {
            let page = auditor.get(&path).await.expect(200);
            seen += page.at("/items").as_array().unwrap().len();
            let Some(next) = page.at("/page/next").as_str().map(str::to_owned) else { break };
            path = format!("/v1/private-reads?limit=2&actor=user:{}&cursor={next}", kz.id);
        }
        assert_eq!((seen, all), (5, 5));
        let later = Instant::now().plus_seconds(60);
        assert_eq!(told(&app, &format!("&subject={number}&from={later}")).await, Vec::<String>::new());
        assert!(!told(&app, &format!("&subject={number}&to={later}")).await.is_empty());
        kz.get("/v1/private-reads").await.problem(403, "forbidden");
        app.secretariat().get("/v1/private-reads").await.problem(403, "forbidden");
    }
}

both! {
    async fn what_leaves_in_bulk_is_refused_when_it_cannot_be_recorded(app) {
        let number = with_contact(&app, "KZ").await;
        let refuse = if app.db_conn().is_postgres() {
            "CREATE TRIGGER broken BEFORE INSERT ON private_reads FOR EACH ROW EXECUTE FUNCTION append_only();"
        } else {
            "CREATE TRIGGER broken BEFORE INSERT ON private_reads BEGIN SELECT RAISE(ABORT, 'broken'); END;"
        };
        app.db_conn().batch_execute(refuse).unwrap();
        let kz = app.coordinator("KZ");
        kz.get("/v1/exports/organisations?country=KZ").await.problem(503, "database_unavailable");
        // An officer's work goes on; the log has the record.
        kz.get(&format!("/v1/organisations/{number}")).await.expect(200);
        let mend = if app.db_conn().is_postgres() { "DROP TRIGGER broken ON private_reads" } else { "DROP TRIGGER broken" };
        app.db_conn().batch_execute(mend).unwrap();
        kz.get("/v1/exports/organisations?country=KZ").await.expect(200);
    }
}

both! {
    async fn readings_are_kept_unchanged_and_forgotten_when_they_are_old(app) {
        with_contact(&app, "KZ").await;
        app.coordinator("KZ").get("/v1/exports/organisations?country=KZ").await.expect(200);
        for refused in ["UPDATE private_reads SET actor = 'x'", "DELETE FROM private_reads"] {
            let error = app.db_conn().batch_execute(refused).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{refused}: {error}");
        }
        let forget = |days: i64| app.db_conn().transact(|tx| reads::forget_old(tx, Instant::now().plus_seconds(days * 24 * 3600), 731)).unwrap();
        assert_eq!(forget(730), 0);
        // Old as they are, by the program's clock; the database's own says that they are not.
        let too_early = app.db_conn().transact(|tx| reads::forget_old(tx, Instant::now().plus_seconds(732 * 24 * 3600), 731));
        assert!(too_early.is_err());
        let old = Instant::now().plus_seconds(-800 * 24 * 3600).0;
        app.db_conn().batch_execute(&format!("INSERT INTO private_reads (id, read_at, actor, what, subject, row_count) VALUES (1, {old}, 'a', 'export', 'x', 1)")).unwrap();
        assert_eq!(forget(0), 1);
    }
}

/// What `journal verify` finds.
pub(crate) fn found(app: &App) -> Vec<String> {
    crate::journal::new_findings(app)
}

/// Fails where one of these stands anywhere in the database: in any table, and on SQLite in the bytes of its files.
#[track_caller]
pub(crate) fn nowhere(app: &App, markers: &[&str]) {
    let dump = app.db_dump();
    for marker in markers {
        assert!(
            !dump.contains(marker),
            "{marker} stands in a table:\n{}",
            dump.lines()
                .filter(|l| l.contains(marker))
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    if let ots_registry::db::DatabaseUrl::Sqlite(path) = &app.url {
        for end in ["", "-wal"] {
            let bytes = std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
            for marker in markers {
                let there = bytes
                    .windows(marker.len())
                    .any(|part| part == marker.as_bytes());
                assert!(!there, "{marker} stands in the file{end}");
            }
        }
    }
}

/// The values of a contact person whom nobody else is like.
pub(crate) const PERSON: [&str; 4] = [
    "Zqmarkname Zqsurname",
    "Zqposition",
    "zqmail@sample.example",
    "+000 777 55 33",
];
pub(crate) const CHANGED: [&str; 2] = ["Zqothername Zqsurname", "zqother@sample.example"];

fn person() -> Value {
    json!({"name": PERSON[0], "position": PERSON[1], "email": PERSON[2], "phone": PERSON[3]})
}

/// An organisation with the person, who was changed once, in an answer that is kept, and in an import that is not applied.
pub(crate) async fn with_person(app: &App) -> String {
    let kz = app.coordinator("KZ");
    let url = app.organisation("KZ").create().await.url();
    let mut item = Value::Null;
    for contact in [json!({"name": "Other Contact"}), person()] {
        let tag = kz.tag(&url).await;
        let list = format!("{url}/contacts");
        let made = kz.post_seen(&list, Some(&tag), contact).await.expect(201);
        item = made.at("/id");
    }
    let tag = kz.tag(&url).await;
    let other =
        json!({"name": CHANGED[0], "position": PERSON[1], "email": CHANGED[1], "phone": PERSON[3]});
    kz.send_with(
        actix_web::http::Method::PATCH,
        &format!("{url}/contacts/{item}"),
        &tag,
        Some(other),
    )
    .await
    .expect(200);
    upload(
        &kz,
        &format!("name;country;contact;email\nSample Import;KZ;{} {};\nSample Other;KZ;;not an address {}\n", PERSON[0], PERSON[2], CHANGED[1]),
    )
    .await;
    format!("{url}/contacts/{item}")
}

both! {
    async fn a_contact_person_is_exported_whole_and_erased_everywhere(app) {
        let contact = with_person(&app).await;
        let url = contact.split("/contacts").next().unwrap().to_owned();
        let (office, kz) = (app.secretariat(), app.coordinator("KZ"));
        let all: Vec<&str> = PERSON.iter().chain(&CHANGED).copied().collect();
        let data = office.get(&format!("{contact}/personal-data")).await.expect(200);
        assert!(all.iter().all(|m| data.text().contains(m)), "{}", data.text());
        assert!(!data.text().contains("Other Contact"));
        assert_eq!(data.at("/recorded").as_array().unwrap().len(), 2);
        assert!(told(&app, &format!("&actor=user:{}", office.id)).await[0].starts_with("person contact:"));
        for officer in [&kz, &app.auditor()] {
            officer.get(&format!("{contact}/personal-data")).await.problem(403, "forbidden");
            officer.post(&format!("{contact}/erasure"), json!({"reason": "Asked for."})).await.problem(403, "forbidden");
        }
        // The reason stays, so it must not tell.
        let telling = json!({"reason": format!("{} asked for it.", PERSON[0])});
        office.post(&format!("{contact}/erasure"), telling).await.problem(422, "invalid_field");
        let before = kz.get(&url).await.at("/private/version");
        let then = Instant::now();
        let done = office.post(&format!("{contact}/erasure"), json!({"reason": "Asked for in writing."})).await.expect(200);
        let counts = ["rows", "journal_items", "import_cells", "kept_answers"].map(|n| done.at(&format!("/{n}")).as_i64().unwrap());
        assert_eq!(counts, [1, 2, 2, 1]);
        nowhere(&app, &all);
        assert_eq!(found(&app), Vec::<String>::new());
        // The others stay, and so does the rest of the record, also of the past.
        let now = kz.get(&url).await.expect(200);
        assert_eq!((now.at("/private/contacts/0/name"), now.at("/private/version")), (json!("Other Contact"), json!(before.as_i64().unwrap() + 1)));
        for moment in [then, Instant::now()] {
            let past = kz.get(&format!("{url}?known_at={moment}")).await.expect(200);
            assert_eq!(past.at("/private/contacts").as_array().unwrap().len(), 1, "{moment}");
        }
        let history = kz.get(&format!("{url}/history")).await.expect(200);
        assert!(all.iter().all(|m| !history.text().contains(m)));
        assert!(history.text().contains("person.erased") && history.text().contains("Asked for in writing."));
        office.get(&format!("{contact}/personal-data")).await.problem(404, "not_found");
        office.post(&format!("{contact}/erasure"), json!({"reason": "Once more."})).await.problem(409, "conflict");
        office.post(&format!("{url}/contacts/99/erasure"), json!({"reason": "Nobody."})).await.problem(404, "not_found");
    }
}

both! {
    async fn the_operator_corrects_what_is_held_of_a_person(app) {
        use ots_registry::http::Patch;
        use ots_registry::people::{Corrections, Subject, rectify};
        use ots_registry::text::{Email, Line};
        let contact = with_person(&app).await;
        let url = contact.split("/contacts").next().unwrap().to_owned();
        let subject: Subject = contact.trim_start_matches("/v1/organisations/").replace("/contacts/", "/").parse().unwrap();
        let correct = |subject: &Subject, corrections: Corrections| {
            app.db_conn().transact(|tx| {
                let acting = Acting::operator(Action::ErasePerson)?;
                rectify(tx, &acting, subject, &corrections)
            })
        };
        let new = Corrections {
            name: Some(Line::parse("Right Name").unwrap()),
            position: Patch::Clear,
            email: Patch::Set(Email::parse("right@sample.example").unwrap()),
            phone: Patch::Keep,
        };
        correct(&subject, new.clone()).unwrap_or_else(|e: Error| panic!("{e}"));
        let held = app.coordinator("KZ").get(&url).await.expect(200).at("/private/contacts/1");
        assert_eq!((held["name"].clone(), held["email"].clone(), held["phone"].clone()), (json!("Right Name"), json!("right@sample.example"), json!(PERSON[3])));
        assert!(held.get("position").is_none_or(Value::is_null), "{held}");
        let history = app.coordinator("KZ").get(&format!("{url}/history")).await.expect(200);
        assert!(history.text().contains("organisation.contact_changed"));
        assert_eq!(found(&app), Vec::<String>::new());
        // An account has a name and an address alone, and nothing is no correction.
        let account = Subject::Account(app.auditor().id);
        assert_eq!(correct(&account, new).unwrap_err().code(), Code::InvalidField);
        assert_eq!(correct(&account, Corrections::default()).unwrap_err().code(), Code::InvalidField);
        correct(&account, Corrections { name: Some(Line::parse("Right Name").unwrap()), ..Corrections::default() }).unwrap_or_else(|e: Error| panic!("{e}"));
    }
}

both! {
    async fn a_contact_person_who_was_removed_is_erased_too(app) {
        let contact = with_person(&app).await;
        let url = contact.split("/contacts").next().unwrap().to_owned();
        let (office, kz) = (app.secretariat(), app.coordinator("KZ"));
        let tag = kz.tag(&url).await;
        kz.send_with(actix_web::http::Method::DELETE, &contact, &tag, None).await.expect(204);
        assert!(app.db_dump().contains(PERSON[0]), "the journal keeps a person until the erasure");
        let done = office.post(&format!("{contact}/erasure"), json!({"reason": "Asked for in writing."})).await.expect(200);
        assert_eq!((done.at("/rows"), done.at("/journal_items")), (json!(0), json!(2)));
        nowhere(&app, &PERSON);
        nowhere(&app, &CHANGED);
        assert_eq!(found(&app), Vec::<String>::new());
    }
}

/// An account that was made by invitation, changed, and has a link.
pub(crate) async fn with_account(app: &App) -> String {
    let office = app.secretariat();
    let body = json!({"email": "zqaccount@sample.example", "name": "Zqaccount Zqname", "role": "coordinator", "country": "KZ"});
    let made = office.post("/v1/users", body).await.expect(201);
    let url = format!("/v1/users/{}", made.str("/user/id"));
    office
        .patch(
            &url,
            json!({"name": "Zqrenamed Zqname", "email": "zqmoved@sample.example"}),
        )
        .await
        .expect(200);
    url
}

const ACCOUNT: [&str; 5] = [
    "zqaccount@sample.example",
    "Zqaccount",
    "Zqrenamed",
    "zqmoved@sample.example",
    "Zqname",
];

both! {
    async fn an_account_is_exported_whole_and_erased_everywhere(app) {
        let url = with_account(&app).await;
        let office = app.secretariat();
        upload(&app.coordinator("KZ"), "name;country;contact\nSample Import;KZ;Somebody zqmoved@sample.example\n").await;
        let data = office.get(&format!("{url}/personal-data")).await.expect(200);
        for part in ACCOUNT.iter().chain(&["one_time_links", "import_rows", "user.invited", "user.address_changed"]) {
            assert!(data.text().contains(part), "{part} is not in {}", data.text());
        }
        assert!(!data.text().contains("password_hash") && !data.text().contains("token"));
        let erasure = format!("{url}/erasure");
        let asked = json!({"reason": "Left the office and asked for it."});
        office.post(&erasure, asked.clone()).await.problem(409, "conflict");
        office.patch(&url, json!({"status": "disabled"})).await.expect(200);
        app.coordinator("KZ").post(&erasure, asked.clone()).await.problem(403, "forbidden");
        let done = office.post(&erasure, asked.clone()).await.expect(200);
        assert_eq!((done.at("/journal_items"), done.at("/import_cells"), done.at("/sessions")), (json!(2), json!(1), json!(1)));
        nowhere(&app, &ACCOUNT);
        assert_eq!(found(&app), Vec::<String>::new());
        let left = office.get(&url).await.expect(200);
        assert_eq!((left.at("/name"), left.at("/email"), left.at("/status")), (json!("(erased)"), Value::Null, json!("disabled")));
        // Nobody takes its place, and the address is free again.
        office.patch(&url, json!({"status": "active"})).await.problem(409, "conflict");
        office.post(&erasure, asked).await.problem(409, "conflict");
        let again = json!({"email": "zqaccount@sample.example", "name": "Sample", "role": "auditor"});
        office.post("/v1/users", again).await.expect(201);
    }
}

both! {
    async fn everybody_may_have_what_is_held_of_them(app) {
        let me = app.coordinator("KZ");
        let data = me.get("/v1/auth/me/personal-data").await.expect(200);
        assert_eq!(data.str("/subject"), format!("user:{}", me.id));
        assert!(data.text().contains(&format!("{}@sample.example", me.id)));
        app.get("/v1/auth/me/personal-data").await.problem(401, "not_authenticated");
    }
}

both! {
    async fn another_address_ends_sessions_and_links_and_must_be_free(app) {
        let (office, kz) = (app.secretariat(), app.coordinator("KZ"));
        let url = format!("/v1/users/{}", kz.id);
        let link = office.post(&format!("{url}/password-reset"), json!({})).await.expect(201);
        let taken = format!("{}@sample.example", office.id).to_uppercase();
        office.patch(&url, json!({"email": taken})).await.problem(409, "conflict");
        kz.get("/v1/auth/me").await.expect(200);
        let moved = office.patch(&url, json!({"email": "New.Address@sample.example"})).await.expect(200);
        assert_eq!(moved.str("/email"), "New.Address@sample.example");
        kz.get("/v1/auth/me").await.problem(401, "not_authenticated");
        let path = format!("/v1/password-resets/{}", link.str("/token"));
        let set = actix_web::test::TestRequest::post().uri(&path).set_json(json!({"password": "some words for this test"}));
        app.send(set).await.problem(401, "wrong_credentials");
    }
}

/// Switches the journal's triggers off and forges.
fn forge(app: &App, sql: &str) {
    let mut conn = app.db_conn();
    let open = if conn.is_postgres() {
        "SET session_replication_role = replica;"
    } else {
        "DROP TRIGGER journal_facts_no_update;"
    };
    conn.batch_execute(open).unwrap();
    conn.batch_execute(sql).unwrap();
}

macro_rules! finds_after_an_erasure {
    ($($name:ident: $sql:expr, $finding:literal;)*) => { $(
        both! {
            async fn $name(app) {
                let contact = with_person(&app).await;
                forge(&app, "CREATE TABLE kept AS SELECT * FROM journal_facts");
                app.secretariat().post(&format!("{contact}/erasure"), json!({"reason": "Asked for in writing."})).await.expect(200);
                assert_eq!(found(&app), Vec::<String>::new());
                if app.db_conn().is_postgres() { forge(&app, $sql) } else { app.db_conn().batch_execute($sql).unwrap() }
                assert!(found(&app).iter().any(|f| f.contains($finding)), "{:?}", found(&app));
            }
        }
    )* };
}

finds_after_an_erasure! {
    another_person_s_item_that_nobody_decided_to_erase_is_found:
        "UPDATE journal_facts SET salt = NULL, body = NULL WHERE body LIKE '%Other Contact%'", "without a recorded decision";
    an_invented_decision_is_found: "INSERT INTO erasures (id, subject, reason, items, erased_at, erased_by, seq) \
        VALUES (1, 'user:x', 'x', '[[1,0]]', 1, 'operator', 1)", "a row that no entry explains";
    a_decision_that_was_widened_is_found: "UPDATE erasures SET items = '[[1,0],[1,1],[1,2],[1,3]]'", "not what its last entry says";
    an_erased_item_that_came_back_is_found: "UPDATE journal_facts SET \
        salt = (SELECT k.salt FROM kept k WHERE k.seq = journal_facts.seq AND k.item = journal_facts.item), \
        body = (SELECT k.body FROM kept k WHERE k.seq = journal_facts.seq AND k.item = journal_facts.item) WHERE body IS NULL",
        "is still there";
    a_public_item_cannot_be_decided_away: "UPDATE journal_facts SET salt = NULL, body = NULL WHERE class = 'public' AND seq = 1", "without a recorded decision";
}

both! {
    async fn a_link_that_was_mailed_is_not_in_the_answer(app) {
        let MailServer { url, heard, .. } = mail_server();
        let mailing = with_mail(&app, &url).await;
        let office = mailing.secretariat();
        let name = "Subject: Zqheader Bcc: x@sample.example";
        let body = json!({"email": "invited@sample.example", "name": name, "role": "auditor"});
        let made = office.post("/v1/users", body).await.expect(201);
        assert_eq!((made.at("/invitation/mailed"), made.at("/invitation/link"), made.at("/invitation/token")), (json!(true), Value::Null, Value::Null));
        let mail = heard.lock().unwrap().replace("=\n", "");
        assert!(mail.contains("RCPT TO:<invited@sample.example>"), "{mail}");
        assert!(!mail.contains("Zqheader"), "what somebody typed is in no mail: {mail}");
        let link = mail.lines().find_map(|l| l.strip_prefix("http://127.0.0.1:8080/v1/invitations/")).unwrap().to_owned();
        assert!(!made.text().contains(&link));
        let set = actix_web::test::TestRequest::post().uri(&format!("/v1/invitations/{link}")).set_json(json!({"password": "some words for this test"}));
        mailing.send(set).await.expect(204);
        let again = office.post(&format!("/v1/users/{}/password-reset", made.str("/user/id")), json!({})).await.expect(201);
        assert_eq!((again.at("/mailed"), again.at("/link")), (json!(true), Value::Null));
        // A line break never gets as far as a name.
        let body = json!({"email": "other@sample.example", "name": "Sample\r\nBcc: x@sample.example", "role": "auditor"});
        office.post("/v1/users", body).await.problem(422, "invalid_field");
    }
}

both! {
    async fn a_link_that_could_not_be_mailed_is_shown_once(app) {
        // Nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for app in [app.clone(), with_mail(&app, &format!("smtp://127.0.0.1:{port}")).await] {
            let office = app.secretariat();
            let body = json!({"email": format!("{}@new.example", office.id), "name": "Sample", "role": "auditor"});
            let made = office.post("/v1/users", body).await.expect(201);
            assert_eq!(made.at("/invitation/mailed"), false);
            assert!(made.str("/invitation/link").starts_with("http://127.0.0.1:8080/v1/invitations/"));
        }
    }
}
