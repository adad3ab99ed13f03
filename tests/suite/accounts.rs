//! Log-in, sessions, accounts, invitations and partner keys.

use std::sync::{Arc, Mutex, OnceLock};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ots_registry::accounts::second_factor::Proof;
use ots_registry::accounts::sessions::{For, open as open_session};
use ots_registry::accounts::{self, NewUser};
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Role};
use ots_registry::db::schema::{api_keys, journal, journal_facts, one_time_links, sessions, users};
use ots_registry::db::{Conn, Id, Instant};
use ots_registry::http::Error;
use ots_registry::journal::verify;
use ots_registry::text::{Email, Line};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::both;
use crate::kit::{Answer, App, Person};

const PASSWORD: &str = "seven sample words for the tests";
const OTHER: &str = "seven other words for the tests";

/// POSTs without a log-in.
async fn post(app: &App, path: &str, body: Value) -> Answer {
    app.send_as("", Method::POST, path, Some(body)).await
}

async fn me(app: &App, token: &str) -> Answer {
    app.send_as(token, Method::GET, "/v1/auth/me", None).await
}

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    post(
        app,
        "/v1/auth/login",
        json!({"email": email, "password": password}),
    )
    .await
}

async fn refresh(app: &App, token: &str) -> Answer {
    post(app, "/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// An account that was invited: its id, its address and its token.
async fn invited(office: &Person, role: &str, country: Option<&str>) -> (String, String, String) {
    let email = format!("{}@sample.example", Id::random().unwrap());
    let mut body = json!({"email": email, "name": "Sample Office", "role": role});
    if let Some(country) = country {
        body["country"] = json!(country);
    }
    let made = office.post("/v1/users", body).await.expect(201);
    (made.str("/user/id"), email, made.str("/invitation/token"))
}

/// An account that can log in with [`PASSWORD`]: its id and address.
async fn account(
    app: &App,
    office: &Person,
    role: &str,
    country: Option<&str>,
) -> (String, String) {
    let (id, email, token) = invited(office, role, country).await;
    post(
        app,
        &format!("/v1/invitations/{token}"),
        json!({"password": PASSWORD}),
    )
    .await
    .expect(204);
    (id, email)
}

both! {
    async fn a_log_in_gives_tokens_that_work_at_once(app) {
        let (id, email) = account(&app, &app.secretariat(), "coordinator", Some("KZ")).await;
        let tokens = log_in(&app, &email.to_uppercase(), PASSWORD).await.expect(200);
        assert_eq!((tokens.str("/token_type").as_str(), tokens.at("/expires_in")), ("Bearer", json!(900)));
        assert_eq!(tokens.header("cache-control"), Some("no-store"));
        let user = me(&app, &tokens.str("/access_token")).await.expect(200);
        assert_eq!(user.json(), tokens.at("/user"));
        assert_eq!(
            (user.str("/id"), user.str("/email"), user.str("/role").as_str(), user.str("/country").as_str(), user.str("/status").as_str()),
            (id, email, "coordinator", "KZ", "active")
        );
    }
}

both! {
    async fn nobody_learns_from_a_log_in_which_accounts_exist(app) {
        let office = app.secretariat();
        let (_, active) = account(&app, &office, "auditor", None).await;
        let (disabled, disabled_email) = account(&app, &office, "auditor", None).await;
        office.patch(&format!("/v1/users/{disabled}"), json!({"status": "disabled"})).await.expect(200);
        let (_, waiting, _) = invited(&office, "auditor", None).await;
        let wrong = log_in(&app, &active, OTHER).await.problem(401, "wrong_credentials");
        for email in ["nobody@sample.example", &disabled_email, &waiting, "no address at all", "", "a\u{0}@sample.example"] {
            let answer = log_in(&app, email, PASSWORD).await;
            assert_eq!(answer.shape(), wrong.shape(), "{email}");
        }
        log_in(&app, &active, PASSWORD).await.expect(200);
    }
}

both! {
    async fn a_refresh_token_works_once_and_reuse_ends_the_session(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let first = log_in(&app, &email, PASSWORD).await.expect(200);
        let second = refresh(&app, &first.str("/refresh_token")).await.expect(200);
        assert_ne!(first.str("/refresh_token"), second.str("/refresh_token"));
        me(&app, &second.str("/access_token")).await.expect(200);
        let third = refresh(&app, &second.str("/refresh_token")).await.expect(200);
        let session = first.str("/refresh_token").split('.').next().unwrap().parse::<Id>().unwrap();
        let generation = sessions::table.find(session.0).select(sessions::generation).first::<i32>(&mut app.db_conn());
        assert_eq!(generation.unwrap(), 3, "the row counts its tokens");
        refresh(&app, &first.str("/refresh_token")).await.problem(401, "wrong_credentials");
        refresh(&app, &third.str("/refresh_token")).await.problem(401, "wrong_credentials");
        me(&app, &third.str("/access_token")).await.problem(401, "not_authenticated");
    }
}

both! {
    async fn what_is_no_refresh_token_ends_nobody_s_session(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let tokens = log_in(&app, &email, PASSWORD).await.expect(200);
        for text in ["", ".", "x.y", "0000000000000.x", &tokens.str("/access_token")[..100]] {
            refresh(&app, text).await.problem(401, "wrong_credentials");
        }
        refresh(&app, &tokens.str("/refresh_token")).await.expect(200);
    }
}

both! {
    async fn whoever_knows_the_id_of_a_session_alone_does_not_end_it(app) {
        let (id, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let first = log_in(&app, &email, PASSWORD).await.expect(200);
        let (_, other) = account(&app, &app.secretariat(), "auditor", None).await;
        let other = log_in(&app, &other, PASSWORD).await.expect(200).str("/refresh_token");
        let token = first.str("/refresh_token");
        let parts: Vec<&str> = token.split('.').collect();
        let [session, secret, tag] = parts[..] else { panic!("{token}") };
        let theirs = other.split_once('.').unwrap().1;
        // One that fits in all but its tag was never given: it is good for nothing.
        let mut changed = tag.to_owned();
        let first_letter = if changed.starts_with('A') { "B" } else { "A" };
        changed.replace_range(..1, first_letter);
        for made_up in [format!("{session}.{secret}"), format!("{session}.{secret}."), format!("{session}.{secret}.{changed}")] {
            refresh(&app, &made_up).await.problem(401, "wrong_credentials");
        }
        for made_up in [
            format!("{session}.nonsense"), format!("{session}."), format!("{session}.nonsense.nonsense"), format!("{session}.nonsense.{tag}"),
            format!("{session}.{theirs}"), format!("{session}.{}x.{tag}", &secret[1..]), format!("{session}.nonsense.{tag}.{tag}"),
        ] {
            refresh(&app, &made_up).await.problem(401, "wrong_credentials");
        }
        me(&app, &first.str("/access_token")).await.expect(200);
        let auditor = app.auditor();
        let ended = async || auditor.get("/v1/journal?action=user.session_ended").await.expect(200).at("/items");
        assert_eq!(ended().await, json!([]));
        // A token that was good once does, on every replica, and the journal says so.
        let second = refresh(&app, &token).await.expect(200);
        refresh(&app.replica().await, &token).await.problem(401, "wrong_credentials");
        me(&app, &second.str("/access_token")).await.problem(401, "not_authenticated");
        refresh(&app, &token).await.problem(401, "wrong_credentials");
        let ended = ended().await;
        assert_eq!(ended.as_array().unwrap().len(), 1, "{ended}");
        assert_eq!((&ended[0]["actor"], &ended[0]["subject"]), (&json!("anonymous"), &json!(format!("user:{id}"))));
        assert!(ended.to_string().contains(session) && !ended.to_string().contains(secret));
    }
}

both! {
    async fn of_parallel_refreshes_on_two_replicas_one_wins(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let replicas = [app.clone(), app.replica().await];
        for _ in 0..5 {
            let token = log_in(&app, &email, PASSWORD).await.expect(200).str("/refresh_token");
            let running: Vec<_> = (0..12)
                .map(|n| {
                    let (replica, token) = (replicas[n % 2].clone(), token.clone());
                    actix_web::rt::spawn(async move { refresh(&replica, &token).await.status })
                })
                .collect();
            let mut won = 0;
            for one in running {
                let status = one.await.unwrap();
                assert!(status == 200 || status == 401, "{status}");
                won += u32::from(status == 200);
            }
            assert_eq!(won, 1);
        }
    }
}

both! {
    async fn a_session_ends_by_itself_after_twelve_hours(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let tokens = log_in(&app, &email, PASSWORD).await.expect(200);
        let (created, expires) = sessions::table
            .filter(sessions::generation.eq(1).and(sessions::last_used_at.eq(sessions::created_at)))
            .order(sessions::created_at.desc())
            .select((sessions::created_at, sessions::expires_at))
            .first::<(i64, i64)>(&mut app.db_conn())
            .unwrap();
        assert_eq!(expires - created, 12 * 3600 * 1_000_000);
        let tokens = refresh(&app, &tokens.str("/refresh_token")).await.expect(200);
        let after = sessions::table.order(sessions::created_at.desc()).select(sessions::expires_at).first::<i64>(&mut app.db_conn());
        assert_eq!(after.unwrap(), expires, "a refresh makes a session no longer");
        diesel::update(sessions::table).set(sessions::expires_at.eq(created)).execute(&mut app.db_conn()).unwrap();
        me(&app, &tokens.str("/access_token")).await.problem(401, "not_authenticated");
        refresh(&app, &tokens.str("/refresh_token")).await.problem(401, "wrong_credentials");
    }
}

both! {
    async fn a_log_out_holds_at_the_next_request_everywhere(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let (one, two) = (log_in(&app, &email, PASSWORD).await.expect(200), log_in(&app, &email, PASSWORD).await.expect(200));
        let replica = app.replica().await;
        me(&replica, &one.str("/access_token")).await.expect(200);
        app.send_as(&one.str("/access_token"), Method::POST, "/v1/auth/logout", None).await.expect(204);
        me(&replica, &one.str("/access_token")).await.problem(401, "not_authenticated");
        refresh(&replica, &one.str("/refresh_token")).await.problem(401, "wrong_credentials");
        me(&replica, &two.str("/access_token")).await.expect(200);
    }
}

both! {
    async fn one_lists_and_ends_one_s_own_sessions_only(app) {
        let office = app.secretariat();
        let (_, email) = account(&app, &office, "auditor", None).await;
        let (here, there) = (log_in(&app, &email, PASSWORD).await.expect(200), log_in(&app, &email, PASSWORD).await.expect(200));
        let token = here.str("/access_token");
        let list = app.send_as(&token, Method::GET, "/v1/auth/sessions?limit=1", None).await.expect(200);
        let cursor = list.str("/page/next");
        let rest = app.send_as(&token, Method::GET, &format!("/v1/auth/sessions?limit=1&cursor={cursor}"), None).await.expect(200);
        assert_eq!((list.at("/items/0/current"), rest.at("/items/0/current")), (json!(false), json!(true)));
        assert_eq!(rest.at("/page/next"), Value::Null);
        let other = list.str("/items/0/id");
        let path = format!("/v1/auth/sessions/{other}");
        app.send_as(&office.token, Method::DELETE, &path, None).await.problem(404, "not_found");
        me(&app, &there.str("/access_token")).await.expect(200);
        app.send_as(&token, Method::DELETE, &path, None).await.expect(204);
        me(&app, &there.str("/access_token")).await.problem(401, "not_authenticated");
        me(&app, &token).await.expect(200);
        app.send_as(&token, Method::DELETE, &path, None).await.problem(404, "not_found");
    }
}

both! {
    async fn a_change_of_rights_holds_at_the_next_request(app) {
        let office = app.secretariat();
        for change in [
            json!({"role": "auditor", "country": null}),
            json!({"country": "TR"}),
            json!({"status": "disabled"}),
        ] {
            let (id, email) = account(&app, &office, "coordinator", Some("KZ")).await;
            let tokens = log_in(&app, &email, PASSWORD).await.expect(200);
            let changed = office.patch(&format!("/v1/users/{id}"), change.clone()).await.expect(200);
            me(&app, &tokens.str("/access_token")).await.problem(401, "not_authenticated");
            refresh(&app, &tokens.str("/refresh_token")).await.problem(401, "wrong_credentials");
            let again = log_in(&app, &email, PASSWORD).await;
            if changed.str("/status") == "disabled" {
                again.problem(401, "wrong_credentials");
                office.patch(&format!("/v1/users/{id}"), json!({"status": "active"})).await.expect(200);
                me(&app, &tokens.str("/access_token")).await.problem(401, "not_authenticated");
                log_in(&app, &email, PASSWORD).await.expect(200);
            } else {
                assert_eq!(again.expect(200).at("/user"), changed.json());
            }
        }
    }
}

both! {
    async fn an_answer_of_other_rights_is_not_given_again(app) {
        let office = app.secretariat();
        let (id, email) = account(&app, &office, "coordinator", Some("KZ")).await;
        let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample Once"}], "notes": "For officers."});
        let register = async || {
            let token = log_in(&app, &email, PASSWORD).await.expect(200).str("/access_token");
            let request = actix_web::test::TestRequest::post().uri("/v1/organisations");
            let request = request.insert_header(("Authorization", format!("Bearer {token}"))).insert_header(("Idempotency-Key", "once"));
            app.send(request.set_json(&body)).await
        };
        register().await.expect(201);
        assert_eq!(register().await.expect(201).header("idempotency-replayed"), Some("true"));
        office.patch(&format!("/v1/users/{id}"), json!({"country": "TR"})).await.expect(200);
        let refused = register().await.problem(403, "forbidden");
        assert!(!refused.text().contains("For officers."), "{}", refused.text());
        office.patch(&format!("/v1/users/{id}"), json!({"country": "KZ"})).await.expect(200);
        register().await.expect(201);
    }
}

both! {
    async fn whoever_is_nobody_any_more_is_told_that_alone_whatever_else_is_wrong(app) {
        let (office, auditor) = (app.secretariat(), app.auditor());
        let (id, email) = account(&app, &office, "coordinator", Some("KZ")).await;
        let token = log_in(&app, &email, PASSWORD).await.expect(200).str("/access_token");
        let wrong = [
            (Method::POST, "/v1/organisations", Some(json!({}))),
            (Method::POST, "/v1/users", Some(json!({"nonsense": 1}))),
            (Method::GET, "/v1/organisations?nonsense=1", None),
            (Method::GET, "/v1/memberships/nonsense", None),
        ];
        for (method, path, body) in &wrong {
            let answer = app.send_as(&token, method.clone(), path, body.clone()).await;
            assert!((400..=422).contains(&answer.status) && answer.status != 401, "{path}: {}", answer.status);
        }
        office.patch(&format!("/v1/users/{id}"), json!({"status": "disabled"})).await.expect(200);
        for _ in 0..5 {
            for (method, path, body) in &wrong {
                app.send_as(&token, method.clone(), path, body.clone()).await.problem(401, "not_authenticated");
            }
            // Nor is what may be wrong told to a role that may not do it.
            auditor.post("/v1/users", json!({"nonsense": 1})).await.problem(403, "forbidden");
        }
    }
}

both! {
    async fn a_log_in_that_a_change_overtook_opens_no_session(app) {
        let hash = app.parts.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        let new = new_user(Role::Auditor, None);
        let mut conn = app.db_conn();
        let (before, disabled) = conn
            .transact(|tx| {
                let acting = Acting::operator(Action::ManageAccounts)?;
                let user = accounts::create_active(tx, &acting, &new, hash.clone())?;
                let open = |tx: &mut _, checked: &str| {
                    Ok::<_, Error>(open_session(tx, user.id(), checked, &Proof::NotNeeded, For::Tokens, &app.parts.seals, acting.now())?.is_some())
                };
                let before = (open(tx, &hash)?, open(tx, "another hash")?);
                accounts::disable(tx, &acting, user.id())?;
                Ok((before, open(tx, &hash)?))
            })
            .unwrap_or_else(|e: Error| panic!("{e}"));
        assert_eq!((before, disabled), ((true, false), false));
    }
}

both! {
    async fn another_name_ends_no_session_and_an_empty_patch_changes_nothing(app) {
        let office = app.secretariat();
        let (id, email) = account(&app, &office, "auditor", None).await;
        let path = format!("/v1/users/{id}");
        let tokens = log_in(&app, &email, PASSWORD).await.expect(200);
        let named = office.patch(&path, json!({"name": "Another Sample"})).await.expect(200);
        me(&app, &tokens.str("/access_token")).await.expect(200);
        let same = office.patch(&path, json!({"name": "Another Sample", "role": "auditor"})).await.expect(200);
        assert_eq!(same.json(), named.json());
        assert_eq!(named.at("/version"), json!(3), "invited, activated, named");
    }
}

both! {
    async fn an_invitation_works_once_and_for_seven_days(app) {
        let office = app.secretariat();
        let (id, email, token) = invited(&office, "coordinator", Some("HU")).await;
        let path = format!("/v1/invitations/{token}");
        post(&app, &path, json!({"password": "too short"})).await.problem(422, "invalid_field");
        post(&app, &format!("/v1/password-resets/{token}"), json!({"password": PASSWORD})).await.problem(401, "wrong_credentials");
        let running: Vec<_> = (0..4)
            .map(|_| {
                let (app, path) = (app.clone(), path.clone());
                actix_web::rt::spawn(async move { post(&app, &path, json!({"password": PASSWORD})).await.status })
            })
            .collect();
        let mut answers = Vec::new();
        for one in running {
            answers.push(one.await.unwrap());
        }
        answers.sort_unstable();
        assert_eq!(answers, [204, 401, 401, 401]);
        log_in(&app, &email, PASSWORD).await.expect(200);
        let used = post(&app, &path, json!({"password": OTHER})).await.problem(401, "wrong_credentials");
        let unknown = post(&app, "/v1/invitations/nothing", json!({"password": OTHER})).await;
        assert_eq!(unknown.shape(), used.shape());

        let (_, _, token) = invited(&office, "auditor", None).await;
        let (made, ends) = one_time_links::table
            .filter(one_time_links::used_at.is_null())
            .select((one_time_links::created_at, one_time_links::expires_at))
            .first::<(i64, i64)>(&mut app.db_conn())
            .unwrap();
        assert_eq!(ends - made, 7 * 24 * 3600 * 1_000_000);
        diesel::update(one_time_links::table).set(one_time_links::expires_at.eq(made)).execute(&mut app.db_conn()).unwrap();
        let late = post(&app, &format!("/v1/invitations/{token}"), json!({"password": PASSWORD})).await;
        assert_eq!(late.shape(), used.shape());
        assert_eq!(office.get(&format!("/v1/users/{id}")).await.str("/status"), "active");
    }
}

both! {
    async fn a_link_opened_in_a_browser_is_a_page_that_neither_uses_nor_judges_it(app) {
        let office = app.secretariat();
        let (_, email, token) = invited(&office, "auditor", None).await;
        let page = app.get(&format!("/v1/invitations/{token}")).await.expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert!(!page.text().contains(&token));
        assert_eq!(app.get("/v1/invitations/nothing").await.expect(200).bytes, page.bytes);
        assert!(app.get(&format!("/v1/password-resets/{token}")).await.expect(200).text().contains("<form"));
        let policy = page.header("content-security-policy").unwrap();
        let text = page.text();
        for kind in ["script", "style"] {
            let part = text.split(&format!("<{kind}>")).nth(1).unwrap().split(&format!("</{kind}>")).next().unwrap();
            let hash = data_encoding::BASE64.encode(&Sha256::digest(part.as_bytes()));
            assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}'")), "{kind}: {policy}");
            assert_eq!(text.matches(&format!("<{kind}")).count(), 1);
        }
        assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"));
        for elsewhere in ["src=", "href=", "http:", "https:", "onclick", "name=\"password"] {
            assert!(!text.contains(elsewhere), "{elsewhere}");
        }
        post(&app, &format!("/v1/invitations/{token}"), json!({"password": PASSWORD})).await.expect(204);
        log_in(&app, &email, PASSWORD).await.expect(200);
    }
}

both! {
    async fn old_sessions_and_useless_links_are_forgotten_and_others_kept(app) {
        let office = app.secretariat();
        let (_, email) = account(&app, &office, "auditor", None).await;
        let (_, _, open) = invited(&office, "auditor", None).await;
        let first = log_in(&app, &email, PASSWORD).await.expect(200).str("/refresh_token");
        log_in(&app, &email, PASSWORD).await.expect(200);
        let ended = first.split('.').next().unwrap().parse::<Id>().unwrap();
        let now = Instant::now();
        let mut conn = app.db_conn();
        let days = |n: i64| now.plus_seconds(n * 24 * 3600);
        diesel::update(sessions::table.find(ended.0))
            .set((sessions::ended_at.eq(days(-10).0), sessions::created_at.eq(days(-10).0)))
            .execute(&mut conn)
            .unwrap();
        let forget = |conn: &mut Conn, now: Instant| {
            let sessions_before: i64 = sessions::table.count().get_result(conn).unwrap();
            let links_before: i64 = one_time_links::table.count().get_result(conn).unwrap();
            conn.transact(|tx| accounts::forget_old(tx, now)).unwrap_or_else(|e: Error| panic!("{e}"));
            let sessions_after: i64 = sessions::table.count().get_result(conn).unwrap();
            let links_after: i64 = one_time_links::table.count().get_result(conn).unwrap();
            (sessions_before - sessions_after, links_before - links_after)
        };
        assert_eq!(forget(&mut conn, now), (0, 1), "the link that was used");
        assert_eq!(forget(&mut conn, days(19)), (0, 1), "the link that ran out");
        assert_eq!(forget(&mut conn, days(21)).0, 1, "the session that ended 31 days before");
        let left: i64 = sessions::table.count().get_result(&mut conn).unwrap();
        assert_eq!(forget(&mut conn, days(30)).0, 0, "the others stand until their 12 hours and 30 days are over");
        assert_eq!(forget(&mut conn, days(31)), (left, 0));
        post(&app, &format!("/v1/invitations/{open}"), json!({"password": PASSWORD})).await.problem(401, "wrong_credentials");
    }
}

both! {
    async fn a_disabled_account_cannot_be_entered_by_its_old_link(app) {
        let office = app.secretariat();
        let (id, _, token) = invited(&office, "auditor", None).await;
        let path = format!("/v1/users/{id}");
        office.patch(&path, json!({"status": "disabled"})).await.expect(200);
        office.post(&format!("{path}/password-reset"), json!({})).await.problem(409, "conflict");
        let back = office.patch(&path, json!({"status": "active"})).await.expect(200);
        assert_eq!(back.str("/status"), "invited", "without a password nobody can log in");
        post(&app, &format!("/v1/invitations/{token}"), json!({"password": PASSWORD})).await.problem(401, "wrong_credentials");
        let again = office.post(&format!("{path}/password-reset"), json!({})).await.expect(201);
        assert_eq!(again.str("/link"), format!("http://127.0.0.1:8080/v1/invitations/{}", again.str("/token")));
        post(&app, &format!("/v1/invitations/{}", again.str("/token")), json!({"password": PASSWORD})).await.expect(204);
    }
}

both! {
    async fn a_reset_link_sets_another_password_and_ends_all_sessions(app) {
        let office = app.secretariat();
        let (id, email) = account(&app, &office, "auditor", None).await;
        let tokens = log_in(&app, &email, PASSWORD).await.expect(200);
        let reset = format!("/v1/users/{id}/password-reset");
        let first = office.post(&reset, json!({})).await.expect(201).str("/token");
        let second = office.post(&reset, json!({})).await.expect(201).str("/token");
        me(&app, &tokens.str("/access_token")).await.expect(200);
        post(&app, &format!("/v1/password-resets/{first}"), json!({"password": OTHER})).await.problem(401, "wrong_credentials");
        post(&app, &format!("/v1/invitations/{second}"), json!({"password": OTHER})).await.problem(401, "wrong_credentials");
        post(&app, &format!("/v1/password-resets/{second}"), json!({"password": OTHER})).await.expect(204);
        me(&app, &tokens.str("/access_token")).await.problem(401, "not_authenticated");
        log_in(&app, &email, PASSWORD).await.problem(401, "wrong_credentials");
        log_in(&app, &email, OTHER).await.expect(200);
        post(&app, &format!("/v1/password-resets/{second}"), json!({"password": PASSWORD})).await.problem(401, "wrong_credentials");
    }
}

both! {
    async fn a_changed_password_needs_the_old_one_and_ends_all_sessions(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let (here, there) = (log_in(&app, &email, PASSWORD).await.expect(200), log_in(&app, &email, PASSWORD).await.expect(200));
        let token = here.str("/access_token");
        let change = |old: &str, new: &str| {
            let body = json!({"current_password": old, "new_password": new});
            let (app, token) = (app.clone(), token.clone());
            async move { app.send_as(&token, Method::PUT, "/v1/auth/password", Some(body)).await }
        };
        change(OTHER, OTHER).await.problem(401, "wrong_credentials");
        let weak = change(PASSWORD, "short").await.problem(422, "invalid_field");
        assert_eq!(weak.str("/fields/0/pointer"), "/new_password");
        me(&app, &token).await.expect(200);
        change(PASSWORD, OTHER).await.expect(204);
        for tokens in [&here, &there] {
            me(&app, &tokens.str("/access_token")).await.problem(401, "not_authenticated");
            refresh(&app, &tokens.str("/refresh_token")).await.problem(401, "wrong_credentials");
        }
        log_in(&app, &email, PASSWORD).await.problem(401, "wrong_credentials");
        log_in(&app, &email, OTHER).await.expect(200);
    }
}

both! {
    async fn the_last_active_secretariat_account_stays(app) {
        let office = app.secretariat();
        let path = format!("/v1/users/{}", office.id);
        invited(&office, "secretariat", None).await;
        for change in [json!({"status": "disabled"}), json!({"role": "auditor"}), json!({"role": "coordinator", "country": "AZ"})] {
            office.patch(&path, change).await.problem(409, "conflict");
        }
        office.patch(&path, json!({"name": "The Last Sample"})).await.expect(200);
        let second = app.secretariat();
        office.patch(&path, json!({"status": "disabled"})).await.expect(200);
        second.patch(&format!("/v1/users/{}", second.id), json!({"status": "disabled"})).await.problem(409, "conflict");
    }
}

fn waiting_for_locks(conn: &mut Conn) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let sql = "SELECT count(*) AS n FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(sql).get_result::<Count>(conn).unwrap().n
}

both! {
    async fn two_secretariat_accounts_cannot_end_each_other(app) {
        let other = app.replica().await;
        let (one, two) = (app.secretariat(), app.secretariat());
        let (one_path, two_path) = (format!("/v1/users/{}", one.id), format!("/v1/users/{}", two.id));
        let tags = (one.tag(&two_path).await, two.tag(&one_path).await);
        let attack = |app: App, by: &Person, path: String, tag: String| {
            let request = by
                .request(Method::PATCH, &path)
                .insert_header(("If-Match", tag))
                .set_json(json!({"status": "disabled"}));
            actix_web::rt::spawn(async move { app.send(request).await.status })
        };
        // On PostgreSQL both requests are let in before either may go on, so that both have seen two active accounts.
        let mut gate = app.db_conn();
        let postgres = gate.is_postgres();
        if postgres {
            let lock = format!("BEGIN; SELECT 1 FROM users WHERE id = {} FOR UPDATE;", one.id.0.min(two.id.0));
            gate.batch_execute(&lock).unwrap();
        }
        let first = attack(app.clone(), &one, two_path, tags.0);
        let second = attack(other, &two, one_path, tags.1);
        if postgres {
            let since = std::time::Instant::now();
            let mut looking = app.db_conn();
            while waiting_for_locks(&mut looking) < 2 {
                assert!(since.elapsed().as_secs() < 4, "both requests reach the lock");
                actix_web::rt::task::yield_now().await;
            }
            gate.batch_execute("COMMIT").unwrap();
        }
        // Neither may be left alone by the own act.
        assert_eq!([first.await.unwrap(), second.await.unwrap()], [409, 409]);
        let left: i64 = users::table
            .filter(users::role.eq("secretariat").and(users::status.eq("active")))
            .count()
            .get_result(&mut app.db_conn())
            .unwrap();
        assert_eq!(left, 2);
    }
}

both! {
    async fn a_coordinator_sees_the_own_country_s_accounts_only(app) {
        let (kz, other_kz, tr, office) = (app.coordinator("KZ"), app.coordinator("KZ"), app.coordinator("TR"), app.secretariat());
        let list = kz.get("/v1/users?count=true").await.expect(200);
        let mut seen: Vec<String> = list.at("/items").as_array().unwrap().iter().map(|u| u["id"].as_str().unwrap().to_owned()).collect();
        let mut own = vec![kz.id.to_string(), other_kz.id.to_string()];
        seen.sort();
        own.sort();
        assert_eq!(seen, own);
        assert_eq!(list.at("/page/total"), json!(2));
        assert!(list.at("/items/0/email").is_string());
        assert_eq!(kz.get("/v1/users?country=TR&count=true").await.expect(200).at("/page/total"), json!(0));
        for hidden in [&tr, &office] {
            kz.get(&format!("/v1/users/{}", hidden.id)).await.problem(404, "not_found");
        }
        kz.get(&format!("/v1/users/{}", other_kz.id)).await.expect(200);
        assert_eq!(office.get("/v1/users?count=true").await.expect(200).at("/page/total"), json!(4));
        kz.get("/v1/users?country=kz").await.problem(400, "bad_parameter");
        kz.get("/v1/users?rule=x").await.problem(400, "bad_parameter");
    }
}

both! {
    async fn an_auditor_reads_accounts_without_their_addresses(app) {
        let (auditor, kz) = (app.auditor(), app.coordinator("KZ"));
        let list = auditor.get("/v1/users").await.expect(200);
        assert_eq!(list.at("/items").as_array().unwrap().len(), 2);
        assert!(!list.text().contains("@sample.example"), "{}", list.text());
        let one = auditor.get(&format!("/v1/users/{}", kz.id)).await.expect(200);
        assert_eq!((one.at("/email"), one.str("/country").as_str()), (Value::Null, "KZ"));
        assert!(auditor.get("/v1/auth/me").await.expect(200).at("/email").is_string());
    }
}

both! {
    async fn accounts_and_keys_are_managed_by_the_secretariat_alone(app) {
        let office = app.secretariat();
        let path = format!("/v1/users/{}", office.id);
        let tag = office.tag(&path).await;
        let invitation = json!({"email": "a@sample.example", "name": "Sample", "role": "auditor"});
        for person in [app.coordinator("KZ"), app.auditor()] {
            person.post("/v1/users", invitation.clone()).await.problem(403, "forbidden");
            person.send_with(Method::PATCH, &path, &tag, Some(json!({"name": "Sample"}))).await.problem(403, "forbidden");
            person.post(&format!("{path}/password-reset"), json!({})).await.problem(403, "forbidden");
            person.get("/v1/api-keys").await.problem(403, "forbidden");
            person.post("/v1/api-keys", json!({"name": "Sample"})).await.problem(403, "forbidden");
        }
        app.get("/v1/users").await.problem(401, "not_authenticated");
        app.get("/v1/auth/me").await.problem(401, "not_authenticated");
        assert_eq!(journal::table.count().get_result::<i64>(&mut app.db_conn()).unwrap(), 0);
    }
}

both! {
    async fn an_account_that_cannot_be_is_refused(app) {
        let office = app.secretariat();
        let (id, email) = account(&app, &office, "coordinator", Some("UZ")).await;
        let entries = || journal::table.count().get_result::<i64>(&mut app.db_conn()).unwrap();
        let before = entries();
        let with = |change: Value| {
            let mut body = json!({"email": "new@sample.example", "name": "Sample", "role": "coordinator", "country": "KZ"});
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        for (change, pointer) in [
            (json!({"country": null}), "/country"),
            (json!({"country": "DE"}), "/country"),
            (json!({"country": "K\u{0}"}), "/country"),
            (json!({"role": "auditor"}), "/country"),
            (json!({"role": "king"}), "/role"),
            (json!({"email": "no address"}), "/email"),
            (json!({"name": ""}), "/name"),
            (json!({"status": "active"}), "/status"),
        ] {
            let refused = office.post("/v1/users", with(change.clone())).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), pointer, "{change}");
        }
        let taken = office.post("/v1/users", with(json!({"email": email.to_uppercase()}))).await.problem(409, "conflict");
        assert_eq!(taken.str("/fields/0/pointer"), "/email");
        for (change, pointer) in [(json!({"country": null}), "/country"), (json!({"role": "auditor"}), "/country"), (json!({"name": null}), "/name")] {
            let refused = office.patch(&format!("/v1/users/{id}"), change).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), pointer);
        }
        let path = format!("/v1/users/{id}");
        app.send_as(&office.token, Method::PATCH, &path, Some(json!({"name": "X"}))).await.problem(428, "precondition_required");
        let stale = office.send_with(Method::PATCH, &path, "\"v1.x\"", Some(json!({"name": "X"}))).await;
        stale.problem(412, "stale_version");
        assert_eq!(entries(), before);
    }
}

both! {
    async fn an_invitation_is_shown_once_even_when_the_request_is_repeated(app) {
        let office = app.secretariat();
        let request = || {
            office
                .request(Method::POST, "/v1/users")
                .insert_header(("Idempotency-Key", "one"))
                .set_json(json!({"email": "once@sample.example", "name": "Sample", "role": "auditor"}))
        };
        let made = app.send(request()).await.expect(201);
        assert_eq!(made.header("location"), Some(format!("/v1/users/{}", made.str("/user/id")).as_str()));
        app.send(request()).await.problem(409, "already_done");
        assert!(!app.db_dump().contains(&made.str("/invitation/token")));
    }
}

both! {
    async fn a_partner_s_key_reads_the_public_surface_until_it_is_revoked(app) {
        let office = app.secretariat();
        let made = office.post("/v1/api-keys", json!({"name": "Sample partner"})).await.expect(201);
        let (secret, id) = (made.str("/secret"), made.str("/key/id"));
        assert!(secret.starts_with(&made.str("/key/prefix")));
        assert_eq!(made.at("/key/scopes"), json!(["read"]));
        let (born, ends) = api_keys::table.select((api_keys::created_at, api_keys::expires_at)).first::<(i64, i64)>(&mut app.db_conn()).unwrap();
        assert_eq!((ends - born) / 1_000_000 / 86_400, 365);
        let read = |path: &'static str| {
            let (app, secret) = (app.clone(), secret.clone());
            async move { app.send_as(&secret, Method::GET, path, None).await }
        };
        read("/v1/organisations").await.expect(200);
        read("/v1/auth/me").await.problem(403, "forbidden");
        read("/v1/users").await.problem(403, "forbidden");
        let list = office.get("/v1/api-keys").await.expect(200);
        assert_eq!(list.at("/items/0"), made.at("/key"));
        assert!(!list.text().contains(&secret));
        assert!(!app.db_dump().contains(&secret));
        let revoke = || app.send_as(&office.token, Method::DELETE, "/v1/api-keys/x", None);
        revoke().await.problem(404, "not_found");
        for _ in 0..2 {
            app.send_as(&office.token, Method::DELETE, &format!("/v1/api-keys/{id}"), None).await.expect(204);
            read("/v1/organisations").await.problem(401, "not_authenticated");
        }
        let revoked: i64 = journal::table.filter(journal::action.eq("api_key.revoked")).count().get_result(&mut app.db_conn()).unwrap();
        assert_eq!(revoked, 1);
        assert!(office.get("/v1/api-keys").await.expect(200).at("/items/0/revoked_at").is_string());
    }
}

both! {
    async fn a_key_expires_within_two_years(app) {
        let office = app.secretariat();
        let year = |n: i32| format!("{}-01-01T00:00:00Z", chrono::Datelike::year(&app.today()) + n);
        for (expires_at, status) in [(year(0), 422), (year(1), 201), (year(4), 422)] {
            let answer = office.post("/v1/api-keys", json!({"name": "Sample", "expires_at": expires_at})).await;
            assert_eq!(answer.status, status, "{expires_at}: {}", answer.text());
        }
        office.post("/v1/api-keys", json!({"name": "Sample", "scopes": []})).await.problem(422, "invalid_field");
        office.post("/v1/api-keys", json!({"name": "Sample", "scopes": ["write"]})).await.problem(422, "invalid_field");
        let secret = office.post("/v1/api-keys", json!({"name": "Sample"})).await.expect(201).str("/secret");
        diesel::update(api_keys::table).set(api_keys::expires_at.eq(api_keys::created_at)).execute(&mut app.db_conn()).unwrap();
        app.send_as(&secret, Method::GET, "/v1/organisations", None).await.problem(401, "not_authenticated");
    }
}

both! {
    async fn the_public_keys_name_the_one_that_signs(app) {
        let (_, email) = account(&app, &app.secretariat(), "auditor", None).await;
        let token = log_in(&app, &email, PASSWORD).await.expect(200).str("/access_token");
        let header = data_encoding::BASE64URL_NOPAD.decode(token.split('.').next().unwrap().as_bytes()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let keys = app.get("/.well-known/jwks.json").await.expect(200);
        assert_eq!(keys.at("/keys/0/kid"), header["kid"]);
        assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
        assert!(keys.at("/keys/0").get("d").is_none());
    }
}

fn new_user(role: Role, country: Option<&str>) -> NewUser {
    NewUser {
        email: Email::parse(&format!("{}@sample.example", Id::random().unwrap())).unwrap(),
        name: Line::parse("Sample Office").unwrap(),
        role,
        country: country.map(str::to_owned),
    }
}

both! {
    async fn the_journal_explains_every_account_and_key(app) {
        // The first account comes from the command line's call, so that nothing here went past the journal.
        let hash = app.parts.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        let (first, new) = (new_user(Role::Secretariat, None), new_user(Role::Coordinator, Some("TM")));
        let mut conn = app.db_conn();
        let (made, link) = conn
            .transact(|tx| {
                let acting = Acting::operator(Action::ManageAccounts)?;
                accounts::create_active(tx, &acting, &first, hash.clone())?;
                accounts::invite(tx, &acting, &new)
            })
            .unwrap_or_else(|e: Error| panic!("{e}"));
        post(&app, &format!("/v1/invitations/{}", link.token.reveal()), json!({"password": PASSWORD})).await.expect(204);
        let office = log_in(&app, first.email.as_str(), PASSWORD).await.expect(200).str("/access_token");
        let keyed = TestRequest::post()
            .uri("/v1/api-keys")
            .insert_header(("Authorization", format!("Bearer {office}")))
            .insert_header(("Idempotency-Key", "one"))
            .set_json(json!({"name": "Sample"}));
        let key = app.send(keyed).await.expect(201).str("/key/id");
        app.send_as(&office, Method::DELETE, &format!("/v1/api-keys/{key}"), None).await.expect(204);
        let coordinator = log_in(&app, new.email.as_str(), PASSWORD).await.expect(200).str("/access_token");
        let body = json!({"current_password": PASSWORD, "new_password": OTHER});
        app.send_as(&coordinator, Method::PUT, "/v1/auth/password", Some(body)).await.expect(204);
        conn.transact(|tx| accounts::disable(tx, &Acting::operator(Action::ManageAccounts)?, made.id()))
            .unwrap_or_else(|e: Error| panic!("{e}"));

        let actions: Vec<(String, String)> =
            journal::table.order(journal::seq).select((journal::action, journal::actor)).load(&mut conn).unwrap();
        let actions: Vec<String> = actions.iter().map(|(action, actor)| format!("{action} {}", actor.split(':').next().unwrap())).collect();
        assert_eq!(actions, [
            "user.created operator", "user.invited operator", "user.activated anonymous", "api_key.created user",
            "api_key.revoked user", "password.changed user", "user.disabled operator",
        ]);
        let findings = |app: &App| {
            let report = verify(&mut app.db_conn(), &accounts::recorded_tables(), |_| {}).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(report.rows, 3);
            report.findings.len()
        };
        assert_eq!(findings(&app), 0);
        let target = || users::table.find(made.id);
        diesel::update(target())
            .set((
                users::role.eq("auditor"),
                users::country.eq(None::<String>),
            ))
            .execute(&mut conn)
            .unwrap();
        assert_eq!(findings(&app), 1, "a role that was changed behind the registry's back");
        diesel::update(target())
            .set((
                users::role.eq("coordinator"),
                users::country.eq(Some("TM")),
            ))
            .execute(&mut conn)
            .unwrap();
        assert_eq!(findings(&app), 0);
        diesel::update(target()).set(users::password_hash.eq(Some(&hash))).execute(&mut conn).unwrap();
        assert_eq!(findings(&app), 1, "a password that was set behind the registry's back");
    }
}

/// All log lines of this process, at every level.
pub fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    LOG.get_or_init(|| {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = lines.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || Lines(into.clone()))
            .try_init()
            .expect("no other test listens to the log");
        lines
    })
}

both! {
    async fn no_password_and_no_token_is_in_the_database_or_the_log(app) {
        let log = log();
        let office = app.secretariat();
        let (id, email, invitation) = invited(&office, "auditor", None).await;
        let password = format!("sample words {}", Id::random().unwrap());
        let wrong = format!("wrong words {}", Id::random().unwrap());
        post(&app, &format!("/v1/invitations/{invitation}"), json!({"password": password})).await.expect(204);
        log_in(&app, &email, &wrong).await.expect(401);
        log_in(&app, &email, &format!("{wrong}{}", "x".repeat(2000))).await.expect(422);
        let first = log_in(&app, &email, &password).await.expect(200);
        let second = refresh(&app, &first.str("/refresh_token")).await.expect(200);
        refresh(&app, &first.str("/refresh_token")).await.expect(401);
        let key = office.post("/v1/api-keys", json!({"name": "Sample"})).await.expect(201).str("/secret");
        let reset = office.post(&format!("/v1/users/{id}/password-reset"), json!({})).await.expect(201).str("/token");
        post(&app, &format!("/v1/password-resets/{reset}"), json!({"password": wrong})).await.expect(204);

        let stored = app.db_dump();
        let facts: Vec<Option<String>> = journal_facts::table.select(journal_facts::body).load(&mut app.db_conn()).unwrap();
        let facts: String = facts.into_iter().flatten().collect();
        let logged = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("/v1/auth/login") && logged.contains("came a second time"), "the log was heard");
        for outcome in ["refused", "opened"] {
            let line = logged.lines().find(|l| l.contains("log-in") && l.contains(outcome) && l.contains(&id));
            let (_, request) = line.expect("each log-in has its line").split_once("request_id=").unwrap();
            let request = request.split_whitespace().next().unwrap();
            assert!(logged.lines().filter(|l| l.contains(request)).count() >= 2, "beside the line of its request");
        }
        let refreshes = [first.str("/refresh_token"), second.str("/refresh_token")];
        let secrets = refreshes.iter().map(|t| t.split('.').nth(1).unwrap().to_owned());
        let accesses = [first.str("/access_token"), second.str("/access_token")];
        for secret in [password, wrong, invitation, key, reset].into_iter().chain(secrets).chain(accesses) {
            assert!(!stored.contains(&secret), "in the database: {secret}");
            assert!(!logged.contains(&secret), "in the log: {secret}");
        }
        assert!(!facts.contains("argon2") && facts.contains("password_fingerprint"));
        assert!(!logged.contains("argon2") && !logged.contains(&email));
    }
}
