//! The auditors' desk: who gets in and how, what the cookie is good for and what not, and that everything on its pages leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use ots_registry::auth::{Role, SecondFactorRule};
use ots_registry::db::Id;
use ots_registry::db::schema::{private_reads, sessions};
use serde_json::json;

use crate::both;
use crate::kit::book::Book;
use crate::kit::{Answer, App, encoded};
use crate::login::{OTHER, PASSWORD, account, code, enrol, token_of, with_waits};
use crate::report_kinds::addresses;

/// A browser: it keeps cookies, sends them back, and says where a form comes from.
struct Browser {
    app: App,
    cookies: BTreeMap<String, String>,
    language: &'static str,
}

impl Browser {
    fn new(app: &App) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
            language: "en",
        }
    }

    async fn send(&mut self, request: TestRequest) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let mut request = request
            .insert_header(("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
            .insert_header(("Accept-Language", self.language));
        if !cookies.is_empty() {
            request = request.insert_header(("Cookie", cookies.join("; ")));
        }
        let answer = self.app.send(request).await;
        for (_, text) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = form(path, fields).insert_header(("Sec-Fetch-Site", "same-origin"));
        self.send(request).await
    }

    /// Opens the page of the log-in and sends it.
    async fn log_in(&mut self, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/reports").await.expect(401);
        let token = hidden(&page.text(), "form");
        let mut all = vec![("form", token.as_str())];
        for blank in ["code", "next"] {
            if !fields.iter().any(|(name, _)| *name == blank) {
                all.push((blank, ""));
            }
        }
        all.extend(fields);
        self.post("/reports/login", &all).await
    }
}

fn form(path: &str, fields: &[(&str, &str)]) -> TestRequest {
    let body: Vec<String> = fields
        .iter()
        .map(|(n, v)| format!("{n}={}", encoded(v)))
        .collect();
    TestRequest::post()
        .uri(path)
        .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
        .set_payload(body.join("&"))
}

/// The value of a hidden field.
fn hidden(html: &str, name: &str) -> String {
    let start = format!("type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = html
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap().to_owned()
}

/// Somebody at the desk.
async fn at_desk(app: &App, role: Role) -> Browser {
    let (_, email) = account(app, role).await;
    let mut browser = Browser::new(app);
    browser
        .log_in(&[("email", &email), ("password", PASSWORD)])
        .await
        .expect(303);
    browser
}

both! {
    async fn whoever_sits_at_the_desk_counts_by_the_account_and_not_by_the_network(app) {
        use ots_registry::http::limits::{Allowance, Limits};
        let (_, email) = account(&app, Role::Auditor).await;
        let limited = app.with(|parts| parts.limits = Limits::new(Allowance { anonymous: 4, known: 3 })).await;
        let mut browser = Browser::new(&limited);
        browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(303);
        // The third of the network's four; from then on the session is known.
        browser.get("/reports").await.expect(200);
        for left in [2, 1, 0] {
            let answer = browser.get("/reports").await.expect(200);
            assert_eq!(answer.header("ratelimit"), Some(format!("\"known\";r={left};t=60").as_str()));
        }
        browser.get("/reports").await.expect(429);
        // Another session of the account, and its tokens, count with it; below /v1 the cookie does not count.
        let token = token_of(&app, &email).await;
        limited.send_as(&token, Method::GET, "/v1/auth/me", None).await.problem(429, "too_many_requests");
        let mut made_up = Browser::new(&limited);
        made_up.cookies = browser.cookies.clone();
        let answer = browser.get("/v1/countries").await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"anonymous\";q=4;w=60"));
        browser.get("/v1/countries").await.expect(429);
        // A made-up cookie is nobody's, but for one request.
        for value in made_up.cookies.values_mut() {
            value.push('x');
        }
        made_up.get("/reports").await.expect(401);
        made_up.get("/reports").await.expect(429);
    }
}

#[track_caller]
fn is_page(answer: &Answer) -> String {
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-")
            && policy.ends_with("form-action 'self'"),
        "{policy}"
    );
    assert!(
        !policy.contains("script-src") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = answer.text();
    assert!(
        !html.contains("<script") && !html.contains(" style="),
        "{html}"
    );
    html
}

fn links(html: &str) -> BTreeSet<String> {
    html.split(" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .filter(|link| !link.starts_with('#'))
        .collect()
}

fn open_sessions(app: &App) -> i64 {
    sessions::table
        .filter(sessions::ended_at.is_null())
        .count()
        .get_result(&mut app.db_conn())
        .unwrap()
}

both! {
    async fn a_log_in_opens_the_desk_by_a_cookie_with_all_its_protections(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let https = app.with(|parts| parts.base_url = "https://registry.example".to_owned()).await;
        for (app, name, end) in [(&app, "ots_desk", "SameSite=Strict"), (&https, "__Host-ots_desk", "SameSite=Strict; Secure")] {
            let mut browser = Browser::new(app);
            let done = browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(303);
            assert_eq!(done.header("location"), Some("/reports"));
            let cookie = done.header("set-cookie").unwrap();
            let (first, rest) = cookie.split_once("; ").unwrap();
            assert!(first.starts_with(&format!("{name}=")) && first.len() > 50, "{cookie}");
            assert_eq!(rest, format!("Path=/; Max-Age=7200; HttpOnly; {end}"));
            assert_eq!(done.header("cache-control"), Some("no-store"));
            let page = is_page(&browser.get("/reports").await.expect(200));
            assert!(page.contains("Auditor") && page.contains("action=\"/reports/logout\""), "{page}");
            // Only the hash of what the cookie holds is stored.
            let secret = first.split_once('.').unwrap().1;
            assert!(!app.db_dump().contains(secret));
        }
    }
}

both! {
    async fn a_wrong_log_in_gets_one_and_the_same_page_and_waits_as_programs_do(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let (gone, disabled) = account(&app, Role::Auditor).await;
        app.secretariat().patch(&format!("/v1/users/{gone}"), json!({"status": "disabled"})).await.expect(200);
        let (_, with_factor) = account(&app, Role::Auditor).await;
        let opened = app.send_as("", Method::POST, "/v1/auth/login", Some(json!({"email": with_factor, "password": PASSWORD}))).await.expect(200);
        let (secret, _) = enrol(&app, &opened.str("/access_token")).await;
        let before = open_sessions(&app);
        let mut browser = Browser::new(&app);
        let mut seen = BTreeSet::new();
        for (email, password, code) in [
            (email.as_str(), OTHER, ""), ("nobody@sample.example", PASSWORD, ""), ("no address", PASSWORD, ""), (&disabled, PASSWORD, ""),
            (&with_factor, PASSWORD, ""), (&with_factor, PASSWORD, "000000"), (&email, "", ""),
        ] {
            let answer = browser.log_in(&[("email", email), ("password", password), ("code", code)]).await.expect(401);
            assert!(is_page(&answer).contains("role=\"alert\""));
            assert_eq!(answer.header("set-cookie"), None);
            seen.insert(answer.shape());
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(open_sessions(&app), before);
        // With its code the account gets in.
        let done = browser.log_in(&[("email", &with_factor), ("password", PASSWORD), ("code", &code(&secret, 0))]).await;
        done.expect(303);
        // The wait is that of the API's log-in: one throttle, whichever way is tried.
        let app = with_waits(&app).await;
        let mut browser = Browser::new(&app);
        let api = json!({"email": email, "password": OTHER});
        for n in 0..5 {
            match n % 2 {
                0 => { browser.log_in(&[("email", &email), ("password", OTHER)]).await.expect(401); }
                _ => { app.send_as("", Method::POST, "/v1/auth/login", Some(api.clone())).await.expect(401); }
            }
        }
        let waits = browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(429);
        assert!(waits.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
        assert!(is_page(&waits).contains("role=\"alert\""));
        app.send_as("", Method::POST, "/v1/auth/login", Some(api)).await.problem(429, "too_many_requests");
        // Programs get problems.
        let asked = form("/reports/login", &[("email", "a"), ("password", "b"), ("form", "c")]).insert_header(("Accept", "application/json"));
        app.send(asked).await.problem(403, "forbidden");
    }
}

both! {
    async fn the_cookie_is_no_bearer_and_a_bearer_is_no_cookie(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let api = app.send_as("", Method::POST, "/v1/auth/login", Some(json!({"email": email, "password": PASSWORD}))).await.expect(200);
        let mut browser = Browser::new(&app);
        browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(303);
        let value = browser.cookies["ots_desk"].clone();
        // The other way round: what programs have is no cookie.
        for other in [api.str("/access_token"), api.str("/refresh_token"), app.auditor().token, "x".to_owned(), ".".to_owned(), format!("{value}x"), String::new()] {
            for cookie in [format!("ots_desk={other}"), format!("__Host-ots_desk={value}"), format!("ots_desk={value}; ots_desk={other}"), format!("access_token={other}")] {
                let request = TestRequest::get().uri("/reports/standing").insert_header(("Cookie", cookie.clone())).insert_header(("Accept", "text/html"));
                let answer = app.send(request).await.expect(401);
                assert!(is_page(&answer).contains("action=\"/reports/login\""), "{cookie}");
            }
            let request = TestRequest::get().uri("/reports/standing").insert_header(("Authorization", format!("Bearer {other}")));
            app.send(request).await.problem(401, "not_authenticated");
        }
        // The cookie opens nothing below /v1, neither as itself nor as a token.
        for path in ["/v1/reports/standing", "/v1/auth/me", "/v1/journal", "/v1/periods", "/v1/memberships", "/v1/exports/organisations?country=KZ"] {
            browser.get(path).await.expect(401);
            app.send_as(&value, Method::GET, path, None).await.problem(401, "not_authenticated");
            let secret = value.split_once('.').unwrap().1;
            app.send_as(secret, Method::GET, path, None).await.problem(401, "not_authenticated");
        }
        let posted = TestRequest::post().uri("/v1/periods").insert_header(("Cookie", format!("ots_desk={value}"))).insert_header(("Idempotency-Key", "a"))
            .set_json(json!({"from": "2026-01-01", "to": "2026-01-31"}));
        app.send(posted).await.problem(401, "not_authenticated");
        browser.get("/reports/standing").await.expect(200);
        // As a refresh token it is none: it gets nothing and ends nothing.
        app.send_as("", Method::POST, "/v1/auth/refresh", Some(json!({"refresh_token": value}))).await.problem(401, "wrong_credentials");
        browser.get("/reports/standing").await.expect(200);
        // The session of the tokens stands.
        app.send_as(&api.str("/access_token"), Method::GET, "/v1/reports/standing", None).await.expect(200);
    }
}

both! {
    async fn a_form_of_another_site_opens_and_ends_no_session(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let mut browser = Browser::new(&app);
        let page = browser.get("/reports").await.expect(401);
        let token = hidden(&page.text(), "form");
        let held = browser.cookies["ots_form"].clone();
        let fields = |token: &'static str| [("email", "x"), ("password", "y"), ("form", token)];
        let good = [("email", email.as_str()), ("password", PASSWORD), ("form", token.as_str())];
        let before = open_sessions(&app);
        let cookie = ("Cookie", format!("ots_form={held}"));
        let bad = [
            form("/reports/login", &good).insert_header(cookie.clone()).insert_header(("Sec-Fetch-Site", "cross-site")),
            form("/reports/login", &good).insert_header(cookie.clone()).insert_header(("Sec-Fetch-Site", "same-site")),
            form("/reports/login", &good).insert_header(cookie.clone()).insert_header(("Origin", "https://evil.example")),
            form("/reports/login", &good).insert_header(cookie.clone()).insert_header(("Origin", "null")),
            // What says nothing of where it comes from needs the cookie and the token no less.
            form("/reports/login", &good),
            form("/reports/login", &fields("another")).insert_header(cookie.clone()),
            // Without its cookie, with another one, with another token.
            form("/reports/login", &good).insert_header(("Sec-Fetch-Site", "same-origin")),
            form("/reports/login", &good).insert_header(("Cookie", "ots_form=another")).insert_header(("Sec-Fetch-Site", "same-origin")),
            form("/reports/login", &fields("another")).insert_header(cookie.clone()).insert_header(("Sec-Fetch-Site", "same-origin")),
        ];
        for request in bad {
            app.send(request).await.problem(403, "forbidden");
        }
        assert_eq!(open_sessions(&app), before);
        let request = form("/reports/login", &good).insert_header(cookie.clone()).insert_header(("Origin", crate::kit::BASE_URL));
        // A program that takes no page is led nowhere.
        let opened = app.send(request).await.expect(204);
        assert_eq!((opened.header("location"), opened.text()), (None, String::new()));
        let value = opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let mut browser = Browser::new(&app);
        let (name, secret) = value.split_once('=').unwrap();
        browser.cookies.insert(name.to_owned(), secret.to_owned());
        let token = hidden(&browser.get("/reports").await.expect(200).text(), "form");
        for (token, site) in [(token.as_str(), "cross-site"), ("another", "same-origin"), ("", "same-origin"), (secret, "same-origin")] {
            let request = form("/reports/logout", &[("form", token)]).insert_header(("Sec-Fetch-Site", site));
            browser.send(request).await.expect(403);
        }
        browser.send(form("/reports/logout", &[("form", "another")])).await.expect(403);
        browser.get("/reports").await.expect(200);
        // What is no such form is refused before anything is looked up.
        for (kind, body, status) in [("application/json", "{}", 415), ("application/x-www-form-urlencoded", "email=a&password=b&form=c&more=d", 400), ("application/x-www-form-urlencoded", "email=a", 400)] {
            let request = TestRequest::post().uri("/reports/login").insert_header(("Content-Type", kind)).set_payload(body);
            app.send(request).await.expect(status);
        }
        let led = browser.post("/reports/logout", &[("form", &token)]).await.expect(303);
        assert_eq!(led.header("location"), Some("/reports"));
        assert!(!browser.cookies.contains_key("ots_desk"));
    }
}

both! {
    async fn a_session_of_the_desk_ends_with_what_it_rests_on_on_every_replica(app) {
        let other = app.replica().await;
        let office = app.secretariat();
        for how in ["log-out", "disabled", "role", "password", "address", "time", "list"] {
            let (id, email) = account(&app, Role::Auditor).await;
            let mut browser = Browser::new(&app);
            browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(303);
            let mut second = Browser { app: other.clone(), cookies: browser.cookies.clone(), language: "en" };
            let token = hidden(&second.get("/reports").await.expect(200).text(), "form");
            let user = format!("/v1/users/{id}");
            let api = app.send_as("", Method::POST, "/v1/auth/login", Some(json!({"email": email, "password": PASSWORD}))).await.expect(200).str("/access_token");
            match how {
                "log-out" => { browser.post("/reports/logout", &[("form", &token)]).await.expect(303); }
                "disabled" => { office.patch(&user, json!({"status": "disabled"})).await.expect(200); }
                "role" => { office.patch(&user, json!({"role": "coordinator", "country": "KZ"})).await.expect(200); }
                "address" => { office.patch(&user, json!({"email": format!("x{email}")})).await.expect(200); }
                "password" => {
                    let body = json!({"current_password": PASSWORD, "new_password": OTHER});
                    app.send_as(&api, Method::PUT, "/v1/auth/password", Some(body)).await.expect(204);
                }
                "time" => {
                    let past = sessions::table.filter(sessions::user_id.eq(id.0));
                    diesel::update(past).set(sessions::expires_at.eq(1i64)).execute(&mut app.db_conn()).unwrap();
                }
                _ => {
                    // It stands in the list of the account's sessions, and can be ended there.
                    let held = browser.cookies["ots_desk"].split('.').next().unwrap().to_owned();
                    let list = app.send_as(&api, Method::GET, "/v1/auth/sessions", None).await.expect(200);
                    assert!(list.at("/items").as_array().unwrap().iter().any(|s| s["id"] == held.as_str()));
                    app.send_as(&api, Method::DELETE, &format!("/v1/auth/sessions/{held}"), None).await.expect(204);
                }
            }
            for path in ["/reports", "/reports/standing", "/reports/standing?format=json", "/reports/periods", "/reports/journal/1"] {
                let answer = second.get(path).await.expect(401);
                assert!(is_page(&answer).contains("action=\"/reports/login\""), "{how} {path}");
            }
        }
    }
}

both! {
    async fn who_is_nobody_gets_the_log_in_page_at_every_address_of_the_desk(app) {
        let key = crate::rights::db_key(&app, "[\"read\"]").1;
        let id = Id::random().unwrap();
        for path in ["/reports", "/reports/standing", "/reports/roll-forward/members?column=joined", "/reports/standing?colour=red", "/reports/periods",
            &format!("/reports/periods/{id}"), &format!("/reports/periods/{id}/statement"), "/reports/journal", "/reports/journal/1", "/reports/register?format=csv"] {
            let mut browser = Browser::new(&app);
            let page = is_page(&browser.get(path).await.expect(401));
            assert_eq!(hidden(&page, "next").replace("&amp;", "&"), path);
            let partner = TestRequest::get().uri(path).insert_header(("Authorization", format!("Bearer {key}"))).insert_header(("Accept", "text/html"));
            is_page(&app.send(partner).await.expect(401));
            let program = TestRequest::get().uri(path).insert_header(("Accept", "application/json"));
            app.send(program).await.problem(401, "not_authenticated");
        }
        // A log-in leads to what was asked for, if it is the desk's.
        let (_, email) = account(&app, Role::Auditor).await;
        for (next, to) in [("/reports/standing?as_of=2026-01-01", "/reports/standing?as_of=2026-01-01"), ("https://evil.example/", "/reports"), ("//evil.example", "/reports")] {
            let mut browser = Browser::new(&app);
            let page = browser.get("/reports").await.expect(401);
            let token = hidden(&page.text(), "form");
            let fields = [("email", email.as_str()), ("password", PASSWORD), ("code", ""), ("next", next), ("form", &token)];
            assert_eq!(browser.post("/reports/login", &fields).await.expect(303).header("location"), Some(to));
        }
        Browser::new(&app).get("/reports/nothing").await.expect(404);
    }
}

/// Follows every link that it finds, one of each kind, and gives what answered 200.
async fn follow(browser: &mut Browser, from: &[&str]) -> BTreeMap<String, Answer> {
    let mut waiting: Vec<String> = from.iter().map(|path| (*path).to_owned()).collect();
    let mut kinds = BTreeSet::new();
    let mut found = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        if answer.header("content-type") == Some("text/html; charset=utf-8")
            && path.starts_with("/reports")
        {
            for link in links(&is_page(&answer)) {
                assert!(
                    link.starts_with('/') && !link.starts_with("/v1"),
                    "{link} on {path}"
                );
                let (address, query) = link.split_once('?').unwrap_or((&link, ""));
                // One of each address, by the names of its parameters and its words.
                let mut names: Vec<&str> = query
                    .split('&')
                    .map(|pair| match pair.split_once('=') {
                        Some((
                            "as_of" | "from" | "to" | "known_at" | "country" | "type" | "subject"
                            | "organisation" | "actor" | "cursor",
                            _,
                        )) => pair.split('=').next().unwrap(),
                        _ => pair,
                    })
                    .collect();
                names.sort_unstable();
                names.dedup();
                let address = match address.strip_prefix("/reports/journal/") {
                    Some(_) => "/reports/journal/N",
                    None => address,
                };
                if kinds.insert(format!("{address}?{}", names.join("&"))) {
                    waiting.push(link);
                }
            }
        }
        found.insert(path, answer);
    }
    found
}

both! {
    async fn every_link_of_every_page_leads_somewhere(app) {
        let (ngo, membership) = app.member("KZ").await;
        app.member("HU").await;
        let office = app.secretariat();
        app.decided(&app.coordinator("KZ"), &membership, "suspension", json!({"reason": "Fees."})).await;
        office.post("/v1/periods", json!({"from": "2026-01-01", "to": "2026-03-31", "note": "<b>A note</b> & more"})).await.expect(201);
        office.post("/v1/periods", json!({"from": "2026-04-01", "to": "2026-06-30"})).await.expect(201);
        for role in [Role::Auditor, Role::Secretariat, Role::Coordinator] {
            let mut browser = at_desk(&app, role).await;
            let found = follow(&mut browser, &["/reports", "/reports/roll-forward?from=2026-01-01&to=2026-12-31", "/reports/decisions?from=2026-01-01&to=2026-12-31"]).await;
            let is_auditor = role == Role::Auditor;
            assert_eq!(found.keys().any(|path| path.starts_with("/reports/journal")), is_auditor, "{role:?}");
            assert!(found.len() > 60, "{role:?}: {}", found.len());
            for kind in ["csv", "xlsx", "pdf", "json"] {
                assert!(found.keys().any(|path| path.contains(&format!("format={kind}"))), "{kind}");
            }
            if is_auditor {
                // From a figure to its ids, and from an id to what the journal says of it.
                let about = |what: &str| found.keys().find(|path| path.starts_with(&format!("/reports/journal?{what}="))).unwrap_or_else(|| panic!("{what}"));
                for what in ["subject", "organisation", "actor"] {
                    assert!(found[about(what)].text().contains("/reports/journal/"), "{what}");
                }
                let entries = browser.get(&format!("/reports/journal?organisation={}", ngo.number)).await.expect(200).text();
                assert!(entries.contains("organisation.registered"), "{entries}");
            }
        }
        // A coordinator of KZ: no other country, and not the journal.
        let mut kz = at_desk(&app, Role::Coordinator).await;
        let own = kz.get("/reports/register?as_of=&country=&known_at=").await.expect(200).text();
        assert!(own.contains(&ngo.number) && !own.contains(">HU<") && !own.contains("value=\"HU\""), "{own}");
        kz.get("/reports/register?country=HU").await.expect(403);
        kz.get("/reports/journal").await.expect(403);
        kz.get("/reports/journal/1").await.expect(403);
        assert!(!own.contains(" href=\"/reports/journal"), "a link that this account may not follow");
    }
}

both! {
    async fn a_report_at_the_desk_is_the_one_that_programs_get(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let auditor = app.auditor();
        let mut browser = at_desk(&app, Role::Auditor).await;
        for (name, address) in addresses(&book.instant(book.settled(book.seq))) {
            let api = auditor.get(&format!("/v1/reports/{address}")).await.expect(200);
            let hash = api.str("/cover/data_sha256");
            let page = is_page(&browser.get(&format!("/reports/{address}")).await.expect(200));
            assert!(page.contains(&hash), "{name}");
            assert!(page.contains("<form class=\"again\"") && page.contains("lang=\"en\""), "{name}");
            let json = browser.get(&format!("/reports/{address}&format=json")).await.expect(200);
            assert_eq!(json.at("/data"), api.at("/data"), "{name}");
            let whole = address.replace("&limit=200", "");
            for (format, kind) in [("csv", "text/csv; charset=utf-8"), ("pdf", "application/pdf"), ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")] {
                let file = browser.get(&format!("/reports/{whole}&format={format}")).await.expect(200);
                assert_eq!(file.header("content-type"), Some(kind), "{name}");
                assert_eq!(file.header("content-disposition"), Some(format!("attachment; filename=\"{name}.{format}\"").as_str()));
                assert_eq!(file.header("cache-control"), Some("no-store"));
            }
        }
        // What is shown is what is downloaded and followed, whatever is recorded meanwhile; what is machinery has no past.
        let position = auditor.get("/v1/reports/standing").await.expect(200).at("/data/question/known_seq");
        let page = is_page(&browser.get("/reports/standing").await.expect(200));
        let today = app.today();
        for part in [format!("/reports/standing?as_of={today}&amp;known_at=seq:{position}&amp;format=csv"), format!("/reports/standing/members?as_of={today}&amp;known_at=seq:{position}&amp;column=members")] {
            assert!(page.contains(&part), "{part} in {page}");
        }
        let ngo = app.organisation("KZ").named("Zzyzx Readers").create().await;
        app.secretariat().get(&ngo.url()).await.expect(200);
        let page = is_page(&browser.get("/reports/decisions").await.expect(200));
        let readings = page.split("href=\"").find(|link| link.contains("kind=private_read")).unwrap();
        assert!(!readings.split('"').next().unwrap().contains("known_at"), "{readings}");
        // What was asked stays in the form, and what is asked wrongly is a page.
        let page = is_page(&browser.get("/reports/standing?as_of=2020-09-30&country=KZ&type=full&known_at=seq%3A40").await.expect(200));
        for part in ["value=\"2020-09-30\"", "<option value=\"KZ\" selected>", "<option value=\"full\" selected>", "value=\"seq:40\""] {
            assert!(page.contains(part), "{part} in {page}");
        }
        for (path, status) in [("standing?as_of=2020-02-31", 400), ("standing?colour=red", 400), ("standing?known_at=seq:999999", 422), ("roll-forward?from=2026-02-01&to=2026-01-01", 422), ("standing?known_at=2999-01-01", 422)] {
            let refused = browser.get(&format!("/reports/{path}")).await.expect(status);
            assert!(refused.text().contains("href=\"/reports\""), "{path}");
        }
    }
}

both! {
    async fn every_hash_of_a_closed_period_stands_behind_one_of_its_links(app) {
        let book = Book::random(1, 24, 160);
        book.store(&app);
        let period = app.secretariat().post("/v1/periods", json!({"from": "2019-06-01", "to": "2020-09-30"})).await.expect(201);
        let mut browser = at_desk(&app, Role::Auditor).await;
        let page = is_page(&browser.get(&format!("/reports/periods/{}", period.str("/id"))).await.expect(200));
        let rows = page.split("<tr>").filter_map(|row| row.split("</tr>").next());
        let rows: Vec<&str> = rows.filter(|row| row.contains("<code>")).collect();
        assert_eq!(rows.len(), period.at("/reports").as_array().unwrap().len());
        for row in rows {
            let hash = row.split("<code>").nth(1).unwrap().split('<').next().unwrap();
            let behind: Vec<String> = links(row).into_iter().collect();
            let mut found = 0;
            for link in &behind {
                found += usize::from(browser.get(link).await.expect(200).text().contains(hash));
            }
            assert_eq!(found, 1, "{hash} behind {behind:?}");
        }
    }
}

both! {
    async fn a_closed_period_offers_what_its_check_takes_as_files(app) {
        app.member("HU").await;
        let period = app.secretariat().post("/v1/periods", json!({"from": "2026-01-01", "to": "2026-06-30"})).await.expect(201);
        let folder = crate::kit::databases::scratch(&format!("desk-files-{}", app.url.kind()));
        let mut browser = at_desk(&app, Role::Auditor).await;
        let page = is_page(&browser.get(&format!("/reports/periods/{}", period.str("/id"))).await.expect(200));
        let mut files = Vec::new();
        for word in ["statement", "checkpoint"] {
            let address = format!("/reports/periods/{}/{word}", period.str("/id"));
            assert!(links(&page).contains(&address), "{word}");
            let answer = browser.get(&address).await.expect(200);
            assert_eq!(answer.text(), period.str(&format!("/{word}")));
            assert_eq!(answer.header("content-disposition"), Some(format!("attachment; filename=\"period-1.{word}.txt\"").as_str()));
            let file = folder.join(word);
            std::fs::write(&file, answer.text()).unwrap();
            files.push(file.to_str().unwrap().to_owned());
        }
        // The program takes both, offline and over the database.
        let keys = folder.join("keys.json");
        std::fs::write(&keys, app.get("/v1/journal/checkpoint-keys").await.text()).unwrap();
        let (database, keys) = (crate::kit::process::flag_of(&app.url), keys.to_str().unwrap());
        let run = |words: &[&str]| {
            let done = crate::kit::process::program(&[words, &["--key", keys, "--database-url", &database]].concat()).output().unwrap();
            String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
        };
        let told = run(&["periods", "verify", &files[0]]);
        assert!(told.contains("The signature is good."), "{told}");
        let told = run(&["journal", "verify", "--checkpoint", &files[1]]);
        assert!(told.contains(&format!("checkpoints fit, the newest of {} entries.", period.at("/seq"))), "{told}");
        let missing = browser.get("/reports/periods/0000000000001/statement").await.expect(404);
        is_page(&missing);
    }
}

both! {
    async fn an_id_leads_to_the_journal_only_where_it_has_entries_about_it(app) {
        let (ngo, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let body = json!({"reason": "Fees."});
        let proposal = kz.propose(&membership, "suspension", body).await;
        // What was read is told of organisations, memberships, proposals, accounts, countries and the journal.
        let office = app.secretariat();
        for path in [&ngo.url(), &membership, &proposal, "/v1/users", "/v1/journal", "/v1/exports/organisations?country=KZ"] {
            office.get(path).await;
        }
        let mut browser = at_desk(&app, Role::Auditor).await;
        browser.get(&format!("/reports/journal?organisation={}", ngo.number)).await.expect(200);
        let today = app.today();
        let page = is_page(&browser.get(&format!("/reports/decisions/exceptions?from={today}&to={today}&kind=private_read&limit=200")).await.expect(200));
        assert!(page.contains(&ngo.number) && page.contains("proposal:") && page.contains("membership:"), "{page}");
        let mut followed = 0;
        for link in links(&page) {
            // The kit's people were written past the journal.
            if (link.contains("?subject=") && !link.contains("=user")) || link.contains("?organisation=") {
                let entries = browser.get(&link).await.expect(200).text();
                assert!(entries.contains("href=\"/reports/journal/"), "{link} leads to nothing");
                followed += 1;
            }
            assert!(!link.contains("subject=proposal") && !link.contains("subject=OTS"), "{link}");
        }
        assert!(followed > 1, "{followed}");
        // Of what is kept beside the journal nothing is asked that would be refused.
        for field in ["country", "type", "known_at"] {
            assert!(!page.contains(&format!("name=\"{field}\"")), "{field}");
        }
        let recorded = browser.get(&format!("/reports/decisions/exceptions?from={today}&to={today}&kind=back_dated")).await.expect(200).text();
        assert!(recorded.contains("name=\"known_at\""), "{recorded}");
    }
}

both! {
    async fn a_field_that_nobody_filled_in_counts_as_left_out_at_the_desk_alone(app) {
        let auditor = app.auditor();
        let mut browser = at_desk(&app, Role::Auditor).await;
        for asked in [
            "standing?as_of=&known_at=&country=&type=&format=&bom=", "roll-forward?from=&to=&previous_known_at=", "sample?seed=&size=",
            "register?cursor=&limit=", "journal?organisation=&subject=&actor=&action=&cursor=",
        ] {
            is_page(&browser.get(&format!("/reports/{asked}")).await.expect(200));
        }
        // What has no value of its own is asked for, and programs say what they mean.
        browser.get("/reports/standing/members?column=").await.expect(400);
        for asked in ["reports/standing?known_at=", "reports/sample?seed=", "journal?subject="] {
            auditor.get(&format!("/v1/{asked}")).await.problem(400, "bad_parameter");
        }
    }
}

both! {
    async fn what_a_record_or_a_question_holds_is_no_markup_at_the_desk(app) {
        let office = app.secretariat();
        let evil = "<script>alert(1)</script>\"'><img src=x onerror=y>";
        app.organisation("KZ").named(&format!("Ngo {evil}")).active().create().await;
        let period = office.post("/v1/periods", json!({"from": "2026-01-01", "to": "2026-01-31", "note": evil})).await.expect(201);
        let mut browser = at_desk(&app, Role::Auditor).await;
        let word = encoded(evil);
        for path in [
            "/reports/register".to_owned(), "/reports".to_owned(), "/reports/periods".to_owned(), format!("/reports/periods/{}", period.str("/id")),
            format!("/reports/journal/{}", period.at("/seq")), format!("/reports/journal?subject={word}"), format!("/reports/journal?action={word}&actor={word}"),
            format!("/reports/sample?seed={word}"),
        ] {
            let page = is_page(&browser.get(&path).await.expect(200));
            assert!(!page.contains("<img") && !page.contains("onerror=y>"), "{path}: {page}");
        }
        for path in [format!("/reports/standing?{word}=1"), format!("/reports/standing?country={word}"), format!("/reports/{word}")] {
            let refused = browser.get(&path).await;
            assert!(refused.status >= 400 && !refused.text().contains("<img") && !refused.text().contains("<script"), "{path}");
        }
    }
}

both! {
    async fn who_reads_the_journal_at_the_desk_is_recorded(app) {
        app.member("KZ").await;
        let (id, email) = account(&app, Role::Auditor).await;
        let mut browser = Browser::new(&app);
        browser.log_in(&[("email", &email), ("password", PASSWORD)]).await.expect(303);
        browser.get("/reports/journal/1").await.expect(200);
        browser.get("/reports/journal").await.expect(200);
        let rows: Vec<(String, String)> = private_reads::table.filter(private_reads::actor.eq(format!("user:{id}")))
            .select((private_reads::what, private_reads::subject)).order(private_reads::read_at).load(&mut app.db_conn()).unwrap();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows.iter().all(|(what, _)| what == "journal") && rows[1].1 == "journal");
        // No personal value is on a page, only that there is one.
        let entry = browser.get("/reports/journal?action=user.created").await.expect(200).text();
        assert!(!entry.contains(&email));
    }
}

both! {
    async fn the_desk_speaks_every_language_of_the_platform(app) {
        app.secretariat().post("/v1/periods", json!({"from": "2026-01-01", "to": "2026-01-31"})).await.expect(201);
        let mut browser = at_desk(&app, Role::Auditor).await;
        let mut titles = BTreeSet::new();
        for tag in ["en", "az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"] {
            browser.language = tag;
            for path in ["/reports", "/reports/standing", "/reports/roll-forward", "/reports/sample", "/reports/periods", "/reports/journal", "/reports/journal/1"] {
                let answer = browser.get(path).await.expect(200);
                assert_eq!(answer.header("content-language"), Some(tag), "{path}");
                assert!(is_page(&answer).contains(&format!("<html lang=\"{tag}\">")), "{path}");
            }
            let mut nobody = Browser::new(&app);
            nobody.language = tag;
            let page = is_page(&nobody.get("/reports").await.expect(401));
            titles.insert(page.split("<h1>").nth(1).unwrap().split('<').next().unwrap().to_owned());
        }
        assert!(titles.len() >= 8, "{titles:?}");
    }
}

both! {
    async fn a_big_report_waits_for_its_turn_on_a_page_that_asks_again(app) {
        let mut browser = at_desk(&app, Role::Auditor).await;
        let turns = app.parts.reports.clone();
        let one = turns.begin("register").unwrap();
        let two = turns.begin("decisions/proposals").unwrap();
        let waits = browser.get("/reports/renewals").await.expect(429);
        assert_eq!((waits.header("refresh"), waits.header("retry-after")), (Some("5"), Some("5")));
        let page = is_page(&waits);
        assert!(page.contains("Register – 0 s") && page.contains("Decisions and exceptions – 0 s"), "{page}");
        browser.get("/reports/standing").await.expect(200);
        drop((one, two));
        browser.get("/reports/renewals").await.expect(200);
    }
}

/// Asks a page again, as its header tells the browser to, until a file comes.
async fn followed(browser: &mut Browser, path: &str) -> Answer {
    for _ in 0..40 {
        let answer = browser.get(path).await.expect(200);
        if answer.header("content-disposition").is_some() {
            return answer;
        }
        assert_eq!(answer.header("refresh"), Some("2"), "{}", is_page(&answer));
    }
    panic!("no file came from {path}");
}

both! {
    async fn a_big_file_says_how_far_it_has_come_and_follows_by_itself(app) {
        app.member("KZ").await;
        let path = |format: &str| format!("/reports/register?known_at=seq:4&format={format}");
        let mut browser = at_desk(&app, Role::Auditor).await;
        let mut other = at_desk(&app, Role::Auditor).await;
        let turns = app.parts.reports.clone();
        let held = (turns.begin("register").unwrap(), turns.begin("sample").unwrap());
        for (who, place) in [(&mut browser, 1), (&mut other, 2)] {
            let page = is_page(&who.get(&path("xlsx")).await.expect(200));
            assert!(page.contains(&format!("Place in the queue: {place}<")), "{page}");
            // Back to the page of the report.
            assert!(page.contains("<a href=\"/reports/register?known_at=seq%3A4\">"), "{page}");
        }
        // To ask again keeps the place.
        let page = is_page(&browser.get(&path("xlsx")).await.expect(200));
        assert!(page.contains("Place in the queue: 1<"), "{page}");
        // Who is no browser is told to come later, and is in no queue.
        let plain = TestRequest::get().uri(&path("xlsx")).insert_header(("Accept", "application/octet-stream"))
            .insert_header(("Cookie", browser.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("; ")));
        app.send(plain).await.problem(429, "too_many_requests");
        // Who has left gets nothing of what was begun.
        let token = hidden(&other.get("/reports").await.expect(200).text(), "form");
        other.post("/reports/logout", &[("form", &token)]).await.expect(303);
        drop(held);
        other.get(&path("xlsx")).await.expect(401);
        let file = followed(&mut browser, &path("xlsx")).await;
        let list = app.auditor().get("/v1/reports/register?known_at=seq:4&format=csv").await.expect(200).text();
        let hash = list.split("data_sha256,").nth(1).unwrap().lines().next().unwrap().to_owned();
        assert_eq!(file.header("content-type"), Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"));
        assert_eq!(file.header("cache-control"), Some("no-store"));
        let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(file.bytes)).unwrap();
        let cover = calamine::Reader::worksheet_range(&mut book, "cover").unwrap();
        assert!(cover.cells().any(|(_, _, cell)| cell.to_string() == hash), "{hash}");
        // What is made at once comes at once, a PDF as well; a refusal is a page.
        let pdf = followed(&mut browser, &path("pdf")).await;
        assert!(pdf.bytes.starts_with(b"%PDF-"));
        is_page(&browser.get("/reports/register?known_at=2999-01-01&format=xlsx").await.expect(422));
        assert!(turns.running().is_empty());
    }
}

both! {
    async fn the_secretariat_needs_its_second_factor_at_the_desk_too(app) {
        let app = app.with(|parts| parts.second_factor = SecondFactorRule { secretariat: true }).await;
        let mut browser = at_desk(&app, Role::Secretariat).await;
        for path in ["/reports", "/reports/standing", "/reports/periods"] {
            let told = browser.get(path).await.expect(403);
            assert!(told.text().contains("second factor"), "{path}: {}", told.text());
        }
        at_desk(&app, Role::Auditor).await.get("/reports").await.expect(200);
    }
}
