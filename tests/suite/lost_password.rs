//! A link for whoever lost the password, asked for without a log-in.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use ots_registry::accounts::{self, lost_password};
use ots_registry::auth::Role;
use ots_registry::auth::four_eyes::Ties;
use ots_registry::db::schema::{journal, one_time_links, users};
use ots_registry::db::{Id, Instant};
use ots_registry::http::Error;
use ots_registry::journal::verify;
use serde_json::json;

use crate::accounts::log;
use crate::both;
use crate::kit::mail::{mail_server, with_mail};
use crate::kit::{Answer, App};
use crate::login::{OTHER, PASSWORD, account, code, enrol, with_waits};

const LINK: &str = "http://127.0.0.1:8080/v1/password-resets/";

async fn ask(app: &App, email: &str) -> Answer {
    let body = json!({"email": email});
    app.send_as("", Method::POST, "/v1/password-resets", Some(body))
        .await
}

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    app.send_as("", Method::POST, "/v1/auth/login", Some(body))
        .await
}

async fn set(app: &App, token: &str, password: &str) -> Answer {
    let path = format!("/v1/password-resets/{token}");
    let body = json!({"password": password});
    app.send_as("", Method::POST, &path, Some(body)).await
}

fn token_in(mail: &str) -> String {
    let token = mail.lines().find_map(|line| line.strip_prefix(LINK));
    token
        .unwrap_or_else(|| panic!("no link in {mail}"))
        .to_owned()
}

/// Who made links for this account, in order.
fn db_makers(app: &App, id: Id) -> Vec<String> {
    journal::table
        .filter(journal::action.eq("user.link_made"))
        .filter(journal::subject.eq(format!("user:{id}")))
        .order(journal::seq)
        .select(journal::actor)
        .load(&mut app.db_conn())
        .unwrap()
}

/// The same as a request does behind its answer, at this moment.
fn make(app: &App, email: &str, now: Instant) -> Option<String> {
    let made = app
        .db_conn()
        .transact(|tx| lost_password::make(tx, email, now));
    let made = made.unwrap_or_else(|e: Error| panic!("{e}"));
    made.map(|(to, link)| {
        assert_eq!(to, email);
        link.token.reveal().to_owned()
    })
}

both! {
    async fn every_address_gets_the_same_answer_and_an_account_a_mail(app) {
        let log = log();
        let mut server = mail_server();
        let mailing = with_mail(&app, &server.url).await;
        let (_, known) = account(&app, Role::Auditor).await;
        let (disabled, gone) = account(&app, Role::Auditor).await;
        let invited = format!("{}@sample.example", Id::random().unwrap());
        let body = json!({"email": invited, "name": "Sample Office", "role": "auditor"});
        app.secretariat().post("/v1/users", body).await.expect(201);
        diesel::update(users::table.find(disabled)).set(users::status.eq("disabled")).execute(&mut app.db_conn()).unwrap();
        let nobody = format!("{}@sample.example", Id::random().unwrap());
        // Without a mail server nothing is made, and the answer is that of all others.
        let without_mail = ask(&app, &known).await.expect(202).text();
        let expected = ask(&mailing, &nobody).await.expect(202);
        assert_eq!(expected.text(), without_mail);
        let before: i64 = one_time_links::table.count().get_result(&mut app.db_conn()).unwrap();
        for email in [&gone, &invited, &nobody, &known] {
            assert_eq!(ask(&mailing, email).await.shape(), expected.shape(), "{email}");
        }
        let mail = server.next().await;
        assert!(mail.contains(&format!("RCPT TO:<{known}>")) && mail.contains("for 30 minutes"), "{mail}");
        token_in(&mail);
        for email in [&gone, &invited, &nobody] {
            assert_eq!(make(&app, email, Instant::now()), None, "{email}");
        }
        let after: i64 = one_time_links::table.count().get_result(&mut app.db_conn()).unwrap();
        assert_eq!(after, before + 1, "one link for one account");
        assert!(server.is_empty());
        let logged = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("/v1/password-resets"), "the log was heard");
        for email in [&known, &gone, &invited, &nobody] {
            assert!(!logged.contains(email.as_str()), "an address is in the log");
        }
        ask(&mailing, "no address").await.problem(422, "invalid_field");
    }
}

both! {
    async fn the_link_works_once_and_nothing_ends_before(app) {
        let mut server = mail_server();
        let mailing = with_mail(&app, &server.url).await;
        let (id, email) = account(&app, Role::Auditor).await;
        let session = log_in(&app, &email, PASSWORD).await.expect(200).str("/access_token");
        let me = async || app.send_as(&session, Method::GET, "/v1/auth/me", None).await.status;
        // A link that the secretariat made before.
        let office = app.secretariat();
        let path = format!("/v1/users/{id}/password-reset");
        let theirs = office.post(&path, json!({})).await.expect(201).str("/token");
        diesel::update(one_time_links::table).set(one_time_links::expires_at.eq(Instant::now().plus_seconds(7200).0)).execute(&mut app.db_conn()).unwrap();
        assert_eq!(make(&app, &email, Instant::now()), None, "one is on its way");
        let later = make(&app, &email, Instant::now().plus_seconds(901)).expect("a quarter of an hour later");
        assert_eq!(make(&app, &email, Instant::now().plus_seconds(1000)), None);

        // Whoever asks ends neither a session, nor the password, nor what others made.
        assert_eq!(me().await, 200);
        log_in(&app, &email, PASSWORD).await.expect(200);
        set(&app, &theirs, "short").await.problem(422, "invalid_field");
        set(&app, &later, "short").await.problem(422, "invalid_field");
        let (other, other_email) = account(&app, Role::Auditor).await;
        ask(&mailing, &other_email).await.expect(202);
        let token = token_in(&server.next().await);
        log_in(&app, &other_email, PASSWORD).await.expect(200);
        set(&app, &token, OTHER).await.expect(204);
        set(&app, &token, PASSWORD).await.problem(401, "wrong_credentials");
        log_in(&app, &other_email, PASSWORD).await.problem(401, "wrong_credentials");
        log_in(&app, &other_email, OTHER).await.expect(200);
        assert_eq!(me().await, 200, "another's session stands");
        set(&app, &later, OTHER).await.expect(204);
        assert_eq!(me().await, 401);
        set(&app, &theirs, OTHER).await.problem(401, "wrong_credentials");

        // It is nobody's link: it makes no two people one.
        assert_eq!(db_makers(&app, other), ["anonymous"]);
        assert_eq!(db_makers(&app, id), [format!("user:{}", office.id), "anonymous".to_owned()]);
        let ties = Ties::load(&mut app.db_conn(), &[other, office.id, id], Instant::now()).unwrap();
        assert!(!ties.between(other, office.id) && !ties.between(other, id) && ties.between(id, office.id));
        let report = verify(&mut app.db_conn(), &accounts::recorded_tables(), |_| {}).unwrap();
        // Whom the tests write past the API, nothing explains.
        let theirs = format!("users {}: a row that no entry explains", office.id);
        assert!(report.findings.iter().all(|f| f.text == theirs), "{:?}", report.findings);
    }
}

both! {
    async fn a_second_request_within_a_quarter_of_an_hour_mails_nothing(app) {
        let mut server = mail_server();
        let mailing = with_mail(&app, &server.url).await;
        let (id, email) = account(&app, Role::Auditor).await;
        ask(&mailing, &email).await.expect(202);
        let token = token_in(&server.next().await);
        ask(&mailing, &email.to_uppercase()).await.expect(202);
        let (_, other) = account(&app, Role::Auditor).await;
        ask(&mailing, &other).await.expect(202);
        assert!(server.next().await.contains(&other), "the second request made no mail");
        assert_eq!(make(&app, &email, Instant::now()), None);
        assert_eq!(db_makers(&app, id).len(), 1);
        assert!(server.is_empty());
        // And it took nothing from the first.
        set(&app, &token, OTHER).await.expect(204);
    }
}

both! {
    async fn a_link_that_was_asked_for_does_not_get_around_the_second_factor(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = log_in(&app, &email, PASSWORD).await.expect(200).str("/access_token");
        let (secret, _) = enrol(&app, &token).await;
        let link = make(&app, &email, Instant::now()).unwrap();
        set(&app, &link, OTHER).await.expect(204);
        log_in(&app, &email, OTHER).await.problem(401, "wrong_credentials");
        let body = json!({"email": email, "password": OTHER, "code": code(&secret, 0)});
        app.send_as("", Method::POST, "/v1/auth/login", Some(body)).await.expect(200);
    }
}

both! {
    async fn whoever_asks_again_and_again_waits_and_nobody_else_does(app) {
        let app = with_waits(&app).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let ask_from = async |network: &str, email: &str| {
            let address = format!("{network}:4711").parse().unwrap();
            let request = TestRequest::post().uri("/v1/password-resets").peer_addr(address);
            app.send(request.set_json(json!({"email": email}))).await
        };
        for _ in 0..5 {
            ask_from("192.0.2.1", &email).await.expect(202);
        }
        let refused = ask_from("192.0.2.1", &email).await.problem(429, "too_many_requests");
        assert!(refused.header("retry-after").is_some());
        ask_from("192.0.2.2", &email).await.expect(202);
        ask_from("192.0.2.1", "other@sample.example").await.expect(202);
        let address = "192.0.2.1:4711".parse().unwrap();
        let request = TestRequest::post().uri("/v1/auth/login").peer_addr(address);
        app.send(request.set_json(json!({"email": email, "password": PASSWORD}))).await.expect(200);
        // An address that is no account's waits alike.
        for _ in 0..5 {
            ask_from("192.0.2.3", "nobody@sample.example").await.expect(202);
        }
        assert_eq!(ask_from("192.0.2.3", "nobody@sample.example").await.text().len(), refused.text().len());
    }
}
