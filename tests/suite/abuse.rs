//! What attackers try, by class: each with the answer that they get and the proof that nothing has changed.
//!
//! Tokens are in `tokens.rs`, log-in in `login.rs` and `accounts.rs`, four eyes in `memberships.rs`, `second_officer.rs` and `ledger.rs`, second
//! ids in `second_ids.rs`, what another country keeps private in `hidden.rs` and `markers.rs`, races beside what they race for. Here is what goes over all operations of the contract, and what an object's own rights are about.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use ots_registry::auth::Role;
use ots_registry::db::Id;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Person, operations};
use crate::rights::{COLUMNS, Objects, committed, token};

fn authorized(request: TestRequest, token: Option<&str>) -> TestRequest {
    match token {
        Some(token) => request.insert_header(("Authorization", format!("Bearer {token}"))),
        None => request,
    }
}

both! {
    async fn who_may_not_write_changes_nothing_by_any_operation(app) {
        let table = committed();
        let objects = Objects::make(&app).await;
        let mut tried = 0;
        for (n, column) in COLUMNS.iter().enumerate() {
            let token = token(&app, column).await;
            let before = app.db_dump();
            for operation in operations().iter().filter(|o| o.method != Method::GET) {
                let expected: u16 = table[&operation.id][n].split('/').next().unwrap().parse().unwrap();
                if expected != 401 && expected != 403 && expected != 404 {
                    continue;
                }
                let request = operation.request(&objects.fill(&operation.path));
                let answer = app.send(authorized(request, token.as_deref())).await;
                assert_eq!(answer.status, expected, "{} as {column}", operation.id);
                tried += 1;
            }
            app.assert_same(&before, column);
        }
        assert!(tried > 400, "{tried}");
    }
}

both! {
    async fn who_may_never_is_refused_before_the_body_has_come(app) {
        let table = committed();
        let objects = Objects::make(&app).await;
        let auditor = app.auditor();
        let of = |row: &[String], column| {
            let n = COLUMNS.iter().position(|c| *c == column).unwrap();
            row[n].split('/').next().unwrap().to_owned()
        };
        let mut tried = 0;
        for operation in operations().iter().filter(|o| o.takes_token && o.body.is_some()) {
            let row = &table[&operation.id];
            if of(row, "anonymous") != "401" || of(row, "auditor") != "403" {
                continue;
            }
            for (token, refused) in [(None, 401), (Some(auditor.token.as_str()), 403)] {
                let request = operation.request(&objects.fill(&operation.path));
                let answer = app.send_without_end(authorized(request, token)).await;
                let status = answer.map(|a| a.status);
                assert_eq!(status, Some(refused), "{}", operation.id);
            }
            tried += 1;
        }
        assert!(tried > 30, "{tried}");
    }
}

both! {
    async fn an_item_is_reached_by_its_own_parent_alone(app) {
        let kz = app.coordinator("KZ");
        let mine = app.organisation("KZ").with(json!({"identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]})).create().await;
        let other = app.organisation("KZ").create().await;
        kz.post_seen(&format!("{}/contacts", mine.url()), Some("*"), json!({"name": "Sample Contact"})).await.expect(201);
        let colleague = app.coordinator("KZ");
        let session = colleague.get("/v1/auth/sessions").await.expect(200).str("/items/0/id");
        let office = app.secretariat();
        let before = app.db_dump();
        for item in 2..9 {
            for list in ["identifiers", "contacts", "evidence"] {
                let path = format!("{}/{list}/{item}", other.url());
                kz.send_with(Method::DELETE, &path, "*", None).await.problem(404, "not_found");
            }
        }
        kz.send(kz.request(Method::DELETE, &format!("/v1/auth/sessions/{session}"))).await.problem(404, "not_found");
        let path = format!("/v1/users/{}/sessions/{session}", kz.id);
        office.send(office.request(Method::DELETE, &path)).await.problem(404, "not_found");
        app.assert_same(&before, "a path of two parents");
    }
}

both! {
    async fn nobody_makes_an_account_above_the_own_or_raises_it(app) {
        let kz = app.coordinator("KZ");
        let auditor = app.auditor();
        let key = Person::clone(&kz);
        let before = app.db_dump();
        for person in [&kz, &auditor, &key] {
            for role in ["secretariat", "auditor", "coordinator"] {
                let body = json!({"email": "raised@sample.example", "name": "Sample Office", "role": role, "country": "KZ"});
                person.post("/v1/users", body).await.problem(403, "forbidden");
                let path = format!("/v1/users/{}", person.id);
                let raised = person.send_with(Method::PATCH, &path, "*", Some(json!({"role": role}))).await;
                raised.problem(403, "forbidden");
            }
            person.post("/v1/api-keys", json!({"name": "Sample partner"})).await.problem(403, "forbidden");
        }
        app.assert_same(&before, "a raised account");
    }
}

both! {
    async fn a_method_or_a_path_by_another_name_is_no_way_in(app) {
        let ngo = app.organisation("KZ").named("Path Sample").create().await;
        let kg = app.coordinator("KG");
        let before = app.db_dump();
        for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            for method in ["DELETE", "PATCH", "PUT"] {
                let answer = app.send(kg.request(Method::POST, &format!("{}/contacts", ngo.url())).insert_header((header, method)).insert_header(("If-Match", "*"))).await;
                assert!((400..500).contains(&answer.status), "{header}: {method}");
            }
        }
        for header in ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path"] {
            let answer = app.send(TestRequest::get().uri("/v1/users").insert_header((header, "/healthz"))).await;
            answer.problem(401, "not_authenticated");
        }
        let number = &ngo.number;
        for path in [
            format!("//v1/organisations/{number}"), format!("/v1//organisations/{number}"), format!("/v1/organisations//{number}"),
            format!("/v1/organisations/{number}/"), format!("/v1/organisations/./{number}"), format!("/v1/countries/../organisations/{number}"),
            format!("/v1/%6frganisations/{number}"), format!("/v1/organisations%2f{number}"), format!("/v1/organisations/{number}%00"),
            format!("/v1/organisations/{number};x=1"), format!("/v1/organisations/{number}.json"), format!("/v1/organisations/{number}%2e%2e"),
            format!("/V1/organisations/{number}"), format!("/v1/organisations/{number}%20"), format!("/v1/organisations/{number}?%00=1"),
            "/v1/countries/..%2f..%2f..%2fetc%2fpasswd".to_owned(), "/docs/..%2f..%2fCargo.toml".to_owned(), "/docs/../../Cargo.toml".to_owned(),
        ] {
            for method in [Method::GET, Method::DELETE, Method::PATCH, Method::PUT, Method::TRACE, Method::CONNECT] {
                let answer = app.send(kg.request(method.clone(), &path)).await;
                assert!((300..500).contains(&answer.status), "{method} {path}: {}", answer.status);
                let text = answer.text();
                assert!(!text.contains("Path Sample") && !text.contains("root:") && !text.contains("[package]"), "{method} {path}");
            }
        }
        app.assert_same(&before, "another way to say it");
    }
}

/// Bodies that no operation may take, made from a good one.
fn bad_bodies(good: &Value) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let text = good.to_string();
    if let Some(object) = good.as_object() {
        for member in [
            "id",
            "seq",
            "version",
            "created_at",
            "updated_by",
            "public_from",
            "actor",
            "__proto__",
            "recorded_at",
        ] {
            let mut more = object.clone();
            if more.insert(member.to_owned(), json!("x")).is_none() {
                found.push((
                    format!("the member {member}"),
                    Value::Object(more).to_string().into_bytes(),
                ));
            }
        }
        if let Some((name, value)) = object.iter().next() {
            let twice = text.replacen('{', &format!("{{{}:{value},", json!(name)), 1);
            found.push((format!("{name} twice"), twice.into_bytes()));
        }
    }
    found.push(("nothing".to_owned(), Vec::new()));
    found.push((
        "half of it".to_owned(),
        text.as_bytes()[..text.len() / 2].to_vec(),
    ));
    found.push((
        "more behind it".to_owned(),
        format!("{text} {{}}").into_bytes(),
    ));
    found.push((
        "a list around it".to_owned(),
        format!("[{text}]").into_bytes(),
    ));
    found.push(("null".to_owned(), b"null".to_vec()));
    found.push(("a number".to_owned(), b"1e999".to_vec()));
    found.push(("depth".to_owned(), "[".repeat(100_000).into_bytes()));
    found.push((
        "objects in depth".to_owned(),
        "{\"a\":".repeat(50_000).into_bytes(),
    ));
    found.push((
        "bytes that are no text".to_owned(),
        [
            b"{\"name\":\"".as_slice(),
            &[0xff, 0xfe, 0xc0, 0x80],
            b"\"}",
        ]
        .concat(),
    ));
    found.push((
        "half of a pair".to_owned(),
        br#"{"name":"\ud800"}"#.to_vec(),
    ));
    found.push((
        "another encoding".to_owned(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ));
    found
}

both! {
    async fn a_body_that_no_operation_takes_is_refused_by_all_and_changes_nothing(app) {
        let objects = Objects::make(&app).await;
        let person = app.secretariat();
        let before = app.db_dump();
        let mut tried = 0;
        for operation in operations() {
            let Some((kind, good)) = &operation.body else { continue };
            if !kind.contains("json") {
                continue;
            }
            for (what, bytes) in bad_bodies(good) {
                // A body of the own account or of a link is read as strictly.
                let request = TestRequest::default()
                    .method(operation.method.clone())
                    .uri(&objects.fill(&operation.path))
                    .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
                    .insert_header(("If-Match", "*"))
                    .insert_header(("Content-Type", kind.as_str()))
                    .set_payload(bytes);
                let answer = app.send(authorized(request, Some(&person.token))).await;
                assert!([400, 403, 413, 422].contains(&answer.status), "{} with {what}: {} {}", operation.id, answer.status, answer.text());
                assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"), "{}", operation.id);
                tried += 1;
            }
        }
        assert!(tried > 500, "{tried}");
        app.assert_same(&before, "a bad body");
    }
}

both! {
    async fn what_is_hostile_in_a_name_is_refused_or_comes_back_as_it_was(app) {
        let kz = app.coordinator("KZ");
        let refused = [
            "Sample\u{0}", "Sample\u{7}Name", "Sample\nName", "Sample\r\nBcc: x", "Sample\u{202e}emaN", "Sample\u{2066}Name", "Sam\u{200b}ple", "\u{feff}Sample",
            "Sample\u{1b}[31m", "", " ", "\u{a0}", "Sample\u{fff9}Name", "Sample\u{e0041}",
        ];
        let before = app.db_dump();
        for name in refused {
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let answer = kz.post("/v1/organisations", body).await;
            assert_eq!(answer.status, 422, "{name:?}: {}", answer.text());
        }
        let marks = format!("S{}", "\u{301}".repeat(10_000));
        kz.post("/v1/organisations", json!({"country": "KZ", "names": [{"kind": "legal", "text": marks}]})).await.problem(422, "invalid_field");
        app.assert_same(&before, "a name that was refused");
        for name in [
            "'; DROP TABLE organisations; --", "100%_\\% Sample", "a\" OR \"\"=\"", "<script>alert(1)</script>", "=HYPERLINK(\"x\")", "${jndi:ldap://x}", "{{7*7}}", "../../etc/passwd",
            "NEAR/2 NOT (x* AND y)", "NULL", "Ümit Derneği", "I\u{307}stanbul", "Жас Отан", "ہم آہنگ", "𐱅𐰇𐰼𐰰",
        ] {
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let made = kz.post("/v1/organisations", body).await.expect(201);
            let read = kz.get(&format!("/v1/organisations/{}", made.str("/number"))).await.expect(200);
            let composed: String = unicode_normalization::UnicodeNormalization::nfc(name).collect();
            assert_eq!(read.at("/name"), json!(composed));
            let words: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
            for filter in ["city", "legal_form", "identifier"] {
                let found = kz.get(&format!("/v1/organisations?{filter}={words}")).await;
                assert!(found.status == 422 || found.status == 400 || found.at("/items") == json!([]), "{filter}={name}: {}", found.text());
            }
        }
    }
}

both! {
    async fn a_cursor_or_a_parameter_of_somebody_else_opens_nothing(app) {
        for _ in 0..3 {
            app.organisation("KZ").create().await;
        }
        let (kz, kg) = (app.coordinator("KZ"), app.coordinator("KG"));
        let cursor = kz.get("/v1/organisations?limit=1&country=KZ").await.expect(200).str("/page/next");
        let before = app.db_dump();
        let taken = kg.get(&format!("/v1/organisations?limit=1&country=KZ&cursor={cursor}")).await.expect(200);
        assert_eq!(taken.at("/items"), json!([]), "a place in a list is no right to it");
        for query in [
            format!("cursor={cursor}"), "cursor=AAAA".to_owned(), "cursor=%00".to_owned(), "limit=0".to_owned(), "limit=-1".to_owned(), "limit=201".to_owned(),
            "limit=99999999999999999999".to_owned(), "limit=1&limit=2".to_owned(), "limit=1e1".to_owned(), "country=KZ'%20OR%201=1".to_owned(), "sort=name;drop".to_owned(),
            "fields=notes".to_owned(), "as_of=2026-02-30".to_owned(), "as_of=0000-00-00".to_owned(), "known_at=-1".to_owned(), "state=all".to_owned(), "count=maybe".to_owned(),
            "%63ountry=KZ&country=KG&x=".to_owned(), "country[]=KZ".to_owned(),
        ] {
            let answer = kg.get(&format!("/v1/organisations?{query}")).await;
            assert!(answer.status == 400 || answer.status == 422, "{query}: {} {}", answer.status, answer.text());
        }
        app.assert_same(&before, "a foreign cursor or a wrong parameter");
    }
}

both! {
    async fn a_tag_tells_nothing_about_what_one_may_not_read(app) {
        let ngo = app.organisation("KZ").create().await;
        let tag = app.coordinator("KZ").tag(&ngo.url()).await;
        let kg = app.coordinator("KG");
        let before = app.db_dump();
        for person in [Some(&kg), None] {
            for header in ["If-None-Match", "If-Match"] {
                for value in [tag.as_str(), "*", "\"x\""] {
                    let request = TestRequest::get().uri(&ngo.url()).insert_header((header, value));
                    let request = authorized(request, person.map(|p| p.token.as_str()));
                    app.send(request).await.problem(404, "not_found");
                }
            }
        }
        let right = kg.send_with(Method::PATCH, &ngo.url(), &tag, Some(json!({"city": "Osh"}))).await;
        let wrong = kg.send_with(Method::PATCH, &ngo.url(), "\"x\"", Some(json!({"city": "Osh"}))).await;
        assert_eq!((right.status, wrong.status), (404, 404));
        app.assert_same(&before, "a guessed tag");
    }
}

both! {
    async fn a_right_that_is_lost_while_a_proposal_waits_decides_nothing(app) {
        let kz = app.coordinator("KZ");
        let ngo = app.organisation("KZ").create().await;
        let (_, proposal) = app.recommended(&kz, &ngo.number).await;
        let (office, other) = (app.secretariat(), app.db_person(Role::Secretariat, None));
        let revision = other.get(&proposal).await.at("/revision");
        // One of the office cannot be left alone there: a third one is.
        app.secretariat();
        office.patch(&format!("/v1/users/{}", other.id), json!({"status": "disabled"})).await.expect(200);
        let before = app.db_dump();
        let body = json!({"outcome": "approved", "reason": "Looked at.", "revision": revision});
        other.post(&format!("{proposal}/decision"), body).await.problem(401, "not_authenticated");
        app.assert_same(&before, "a decision without the right");
    }
}
