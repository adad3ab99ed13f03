//! Personal data: who read it is recorded before it is given; what is held of a person can be exported and erased.

use diesel::connection::SimpleConnection;
use ots_registry::auth::reads;
use ots_registry::db::Instant;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

/// What auditors are told, as `what subject rows`, the oldest first.
async fn told(app: &App, query: &str) -> Vec<String> {
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
async fn with_contact(app: &App, country: &str) -> String {
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
async fn upload(officer: &Person, text: &str) -> String {
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
