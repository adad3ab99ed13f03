//! Log-in that holds against an attacker: second factor, passwords, waits, devices, keys, other people's sessions.

use std::fmt::Write as _;
use std::net::SocketAddr;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use ots_registry::accounts::{self, NewUser, second_factor};
use ots_registry::auth::policy::Action;
use ots_registry::auth::sealing::SealKeys;
use ots_registry::auth::throttle::Throttle;
use ots_registry::auth::tokens::TokenKeys;
use ots_registry::auth::{Acting, Role, SecondFactorRule, totp};
use ots_registry::db::schema::{journal, second_factors, users};
use ots_registry::db::{Id, Instant};
use ots_registry::http::Error;
use ots_registry::journal::verify;
use ots_registry::text::{Email, Line};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, BASE_URL, Kind, databases};

pub const PASSWORD: &str = "seven sample words for the tests";
pub const OTHER: &str = "seven other words for the tests";

async fn log_in_from(app: &App, address: &str, body: Value) -> Answer {
    let address: SocketAddr = format!("{address}:4711").parse().unwrap();
    let request = TestRequest::post().uri("/v1/auth/login").peer_addr(address);
    app.send(request.set_json(body)).await
}

async fn log_in(app: &App, body: Value) -> Answer {
    app.send_as("", Method::POST, "/v1/auth/login", Some(body))
        .await
}

/// An active account that the API made, with [`PASSWORD`]: its id and address.
pub async fn account(app: &App, role: Role) -> (Id, String) {
    let hash = app.parts.passwords.hash(PASSWORD.to_owned()).await.unwrap();
    account_with(app, role, hash)
}

fn account_with(app: &App, role: Role, hash: String) -> (Id, String) {
    let email = format!("{}@sample.example", Id::random().unwrap());
    let new = NewUser {
        email: Email::parse(&email).unwrap(),
        name: Line::parse("Sample Office").unwrap(),
        role,
        country: (role == Role::Coordinator).then(|| "KZ".to_owned()),
    };
    let mut conn = app.db_conn();
    let made = conn.transact(|tx| {
        let acting = Acting::operator(Action::ManageAccounts)?;
        accounts::create_active(tx, &acting, &new, hash.clone())
    });
    (made.unwrap_or_else(|e: Error| panic!("{e}")).id(), email)
}

/// The application with the waits after failed log-ins that the service has.
pub async fn with_waits(app: &App) -> App {
    app.with(|parts| parts.throttle = Throttle::default()).await
}

/// The code of the step that is `away` from the present one.
pub fn code(secret: &[u8], away: i64) -> String {
    totp::code(secret, totp::step(Instant::now()) + away).unwrap()
}

/// Forgets which step was used last, as if 90 seconds had passed.
fn db_forget_step(app: &App) {
    diesel::update(second_factors::table)
        .set(second_factors::last_step.eq(0))
        .execute(&mut app.db_conn())
        .unwrap();
}

/// Sets up a second factor with this token: its secret and the recovery codes.
pub async fn enrol(app: &App, token: &str) -> (Vec<u8>, Vec<String>) {
    let body = json!({"password": PASSWORD});
    let begun = app
        .send_as(token, Method::POST, "/v1/auth/totp", Some(body))
        .await
        .expect(200);
    let text = begun.str("/secret");
    assert!(begun.str("/url").contains(&text));
    let secret = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).unwrap();
    let body = json!({"code": code(&secret, 0)});
    let path = "/v1/auth/totp/confirmation";
    let done = app
        .send_as(token, Method::POST, path, Some(body))
        .await
        .expect(200);
    let codes = done.at("/recovery_codes");
    let codes = codes
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c.as_str().unwrap().to_owned());
    db_forget_step(app);
    (secret, codes.collect())
}

/// An access token of a new session.
pub async fn token_of(app: &App, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    log_in(app, body).await.expect(200).str("/access_token")
}

async fn me(app: &App, token: &str) -> u16 {
    app.send_as(token, Method::GET, "/v1/auth/me", None)
        .await
        .status
}

fn assert_recorded(app: &App) {
    let tables = ots_registry::accounts::recorded_tables();
    let report = verify(&mut app.db_conn(), &tables, |_| {}).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

both! {
    async fn with_a_second_factor_a_password_alone_logs_in_no_more(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let (first, other) = (token_of(&app, &email).await, token_of(&app, &email).await);
        let (secret, recovery) = enrol(&app, &first).await;
        assert_eq!((me(&app, &first).await, me(&app, &other).await), (200, 401), "all other sessions end");

        let with = |code: Value| json!({"email": email, "password": PASSWORD, "code": code});
        let missing = log_in(&app, json!({"email": email, "password": PASSWORD})).await.problem(401, "wrong_credentials");
        let wrong = json!({"email": email, "password": OTHER, "code": code(&secret, 0)});
        let wrong = log_in(&app, wrong).await;
        let far = log_in(&app, with(json!(code(&secret, 3)))).await;
        let nobody = log_in(&app, json!({"email": "nobody@sample.example", "password": PASSWORD, "code": "287082"})).await;
        for answer in [wrong, far, nobody] {
            assert_eq!(answer.shape(), missing.shape(), "which of them was wrong is never said");
        }
        for away in [-1, 0, 1] {
            log_in(&app, with(json!(code(&secret, away)))).await.expect(200);
        }
        let status = app.send_as(&first, Method::GET, "/v1/auth/totp", None).await.expect(200);
        assert_eq!(status.json(), json!({"enabled": true, "required": false, "recovery_codes_left": recovery.len()}));
        assert_recorded(&app);
    }
}

both! {
    async fn a_step_counts_once_even_on_two_replicas(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, _) = enrol(&app, &token).await;
        let replicas = [app.clone(), app.replica().await];
        for round in 0..3 {
            db_forget_step(&app);
            let body = json!({"email": email, "password": PASSWORD, "code": code(&secret, 0)});
            let running: Vec<_> = (0..6)
                .map(|n| {
                    let (replica, body) = (replicas[n % 2].clone(), body.clone());
                    let address = format!("192.0.2.{}", 10 * round + n);
                    actix_web::rt::spawn(async move { log_in_from(&replica, &address, body).await.status })
                })
                .collect();
            let mut answers = Vec::new();
            for one in running {
                answers.push(one.await.unwrap());
            }
            answers.sort_unstable();
            assert_eq!(answers, [200, 401, 401, 401, 401, 401]);
            // An earlier step than the one used last is worth nothing either.
            let earlier = json!({"email": email, "password": PASSWORD, "code": code(&secret, -1)});
            log_in_from(&app, "198.51.100.1", earlier).await.problem(401, "wrong_credentials");
        }
    }
}

both! {
    async fn a_recovery_code_works_once_and_the_journal_says_so(app) {
        let (id, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (_, recovery) = enrol(&app, &token).await;
        assert_eq!(recovery.len(), 10);
        let mut different = recovery.clone();
        different.sort();
        different.dedup();
        assert!(different.len() == 10 && recovery.iter().all(|c| c.len() == 32), "26 letters of 5 bits and 6 hyphens: 128 bits");
        let with = |code: &str| json!({"email": email, "password": PASSWORD, "code": code});
        log_in(&app, with(&recovery[0])).await.expect(200);
        log_in(&app, with(&recovery[0])).await.problem(401, "wrong_credentials");
        log_in(&app, with(&recovery[1].to_uppercase().replace('-', " "))).await.expect(200);
        log_in(&app, with(&"a".repeat(26))).await.problem(401, "wrong_credentials");
        let status = app.send_as(&token, Method::GET, "/v1/auth/totp", None).await.expect(200);
        assert_eq!(status.at("/recovery_codes_left"), json!(8));
        let actions: Vec<(String, String)> = journal::table
            .filter(journal::action.like("second_factor.%"))
            .order(journal::seq)
            .select((journal::action, journal::actor))
            .load(&mut app.db_conn())
            .unwrap();
        let by = format!("user:{id}");
        let expected = ["second_factor.set", "second_factor.recovery_code_used", "second_factor.recovery_code_used"];
        assert_eq!(actions, expected.map(|action| (action.to_owned(), by.clone())));
        assert_recorded(&app);
    }
}

both! {
    async fn the_secret_and_the_recovery_codes_are_nowhere_in_the_database(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, recovery) = enrol(&app, &token).await;
        let stored: Vec<u8> = second_factors::table.select(second_factors::sealed_secret).first(&mut app.db_conn()).unwrap();
        assert!(!stored.windows(8).any(|w| secret.starts_with(w)));
        let dump = app.db_dump();
        let text = data_encoding::BASE32_NOPAD.encode(&secret);
        let hex = data_encoding::HEXLOWER.encode(&secret);
        for marker in [text, hex, recovery[0].clone(), recovery[0].replace('-', "").to_uppercase()] {
            assert!(!dump.contains(&marker));
        }
        diesel::update(second_factors::table).set(second_factors::recovery_hashes.eq("[]")).execute(&mut app.db_conn()).unwrap();
        let tables = ots_registry::accounts::recorded_tables();
        assert!(!verify(&mut app.db_conn(), &tables, |_| {}).unwrap().findings.is_empty(), "an edit behind its back is found");
    }
}

both! {
    async fn setting_up_needs_the_password_and_a_code_of_the_factor_until_now(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let post = async |path: &str, body: Value| app.send_as(&token, Method::POST, path, Some(body)).await;
        post("/v1/auth/totp/confirmation", json!({"code": "287082"})).await.problem(409, "conflict");
        post("/v1/auth/totp", json!({"password": OTHER})).await.problem(401, "wrong_credentials");
        post("/v1/auth/totp", json!({"password": PASSWORD})).await.expect(200);
        post("/v1/auth/totp/confirmation", json!({"code": "no code"})).await.problem(422, "invalid_field");
        log_in(&app, json!({"email": email, "password": PASSWORD})).await.expect(200);
        let (secret, recovery) = enrol(&app, &token).await;
        post("/v1/auth/totp", json!({"password": PASSWORD})).await.problem(401, "wrong_credentials");
        let again = post("/v1/auth/totp", json!({"password": PASSWORD, "code": code(&secret, 0)})).await.expect(200);
        let new = data_encoding::BASE32_NOPAD.decode(again.str("/secret").as_bytes()).unwrap();
        assert_ne!(new, secret);
        let begun = ots_registry::db::schema::second_factor_enrolments::begun_at;
        let table = ots_registry::db::schema::second_factor_enrolments::table;
        let at: i64 = table.select(begun).first(&mut app.db_conn()).unwrap();
        diesel::update(table).set(begun.eq(at - 901_000_000)).execute(&mut app.db_conn()).unwrap();
        post("/v1/auth/totp/confirmation", json!({"code": code(&new, 0)})).await.problem(409, "conflict");
        diesel::update(table).set(begun.eq(at)).execute(&mut app.db_conn()).unwrap();
        post("/v1/auth/totp/confirmation", json!({"code": code(&new, 0)})).await.expect(200);
        db_forget_step(&app);
        for old in [code(&secret, 0), recovery[0].clone()] {
            log_in(&app, json!({"email": email, "password": PASSWORD, "code": old})).await.problem(401, "wrong_credentials");
        }
        log_in(&app, json!({"email": email, "password": PASSWORD, "code": code(&new, 0)})).await.expect(200);
        assert_recorded(&app);
    }
}

both! {
    async fn removing_needs_password_and_code_and_is_refused_to_the_secretariat(app) {
        let app = app.with(|parts| parts.second_factor = SecondFactorRule::default()).await;
        let remove = async |token: &str, password: &str, code: &str| {
            let body = json!({"password": password, "code": code});
            app.send_as(token, Method::DELETE, "/v1/auth/totp", Some(body)).await
        };
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        remove(&token, PASSWORD, "287082").await.problem(409, "conflict");
        let (secret, _) = enrol(&app, &token).await;
        remove(&token, OTHER, &code(&secret, 0)).await.problem(401, "wrong_credentials");
        remove(&token, PASSWORD, &code(&secret, 4)).await.problem(401, "wrong_credentials");
        // With a second factor eight characters are enough; without it they are not.
        let short = "kq vmw tz";
        let change = json!({"current_password": PASSWORD, "new_password": short, "code": code(&secret, 0)});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.expect(204);
        db_forget_step(&app);
        let body = json!({"email": email, "password": short, "code": code(&secret, 0)});
        let token = log_in(&app, body).await.expect(200).str("/access_token");
        remove(&token, short, &code(&secret, 1)).await.problem(409, "conflict");
        db_forget_step(&app);
        let change = json!({"current_password": short, "new_password": PASSWORD, "code": code(&secret, 0)});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.expect(204);
        db_forget_step(&app);
        let body = json!({"email": email, "password": PASSWORD, "code": code(&secret, 0)});
        let token = log_in(&app, body).await.expect(200).str("/access_token");
        remove(&token, PASSWORD, &code(&secret, 1)).await.expect(204);
        token_of(&app, &email).await;
        let change = json!({"current_password": PASSWORD, "new_password": short});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.problem(422, "invalid_field");

        let (_, office) = account(&app, Role::Secretariat).await;
        let token = token_of(&app, &office).await;
        let (secret, _) = enrol(&app, &token).await;
        remove(&token, PASSWORD, &code(&secret, 0)).await.problem(403, "forbidden");
        assert_recorded(&app);
    }
}

both! {
    async fn whose_factor_the_operator_removes_sets_another_password_first(app) {
        let (id, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, _) = enrol(&app, &token).await;
        let short = "kq vmw tz";
        let change = json!({"current_password": PASSWORD, "new_password": short, "code": code(&secret, 0)});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.expect(204);
        let remove = || {
            app.db_conn().transact(|tx| second_factor::remove_for(tx, &Acting::operator(Action::ManageAccounts)?, id))
                .unwrap_or_else(|e: Error| panic!("{e}"))
        };
        let link = remove().expect("a link");
        // Eight characters are too few without a factor.
        log_in(&app, json!({"email": email, "password": short})).await.problem(401, "wrong_credentials");
        let path = format!("{}/{}", link.purpose.path(), link.token.reveal());
        app.send_as("", Method::POST, &path, Some(json!({"password": short}))).await.problem(422, "invalid_field");
        app.send_as("", Method::POST, &path, Some(json!({"password": OTHER}))).await.expect(204);
        log_in(&app, json!({"email": email, "password": OTHER})).await.expect(200);
        assert!(remove().is_none());
        assert_recorded(&app);
    }
}

both! {
    async fn a_secretariat_account_without_a_second_factor_can_only_set_one_up(app) {
        let app = app.with(|parts| parts.second_factor = SecondFactorRule::default()).await;
        let (_, email) = account(&app, Role::Secretariat).await;
        let token = token_of(&app, &email).await;
        let get = async |path: &str| app.send_as(&token, Method::GET, path, None).await;
        for path in ["/v1/users", "/v1/organisations", "/v1/tasks", "/v1/api-keys", "/v1/memberships"] {
            let refused = get(path).await.problem(403, "second_factor_needed");
            assert!(refused.str("/detail").contains("POST /v1/auth/totp"));
        }
        let invite = json!({"email": "x@sample.example", "name": "X", "role": "auditor"});
        let request = TestRequest::post().uri("/v1/users").insert_header(("Idempotency-Key", "k")).set_json(invite);
        app.send(request.insert_header(("Authorization", format!("Bearer {token}")))).await.problem(403, "second_factor_needed");
        for path in ["/v1/auth/me", "/v1/auth/sessions", "/v1/auth/totp"] {
            get(path).await.expect(200);
        }
        enrol(&app, &token).await;
        get("/v1/users").await.expect(200);
        for role in [Role::Auditor, Role::Coordinator] {
            let (_, email) = account(&app, role).await;
            let token = token_of(&app, &email).await;
            app.send_as(&token, Method::GET, "/v1/users", None).await.expect(200);
        }
    }
}

both! {
    async fn a_weak_hash_is_renewed_at_the_next_log_in(app) {
        let old = weak_hash();
        let (id, email) = account_with(&app, Role::Auditor, old.clone());
        log_in(&app, json!({"email": email, "password": OTHER})).await.problem(401, "wrong_credentials");
        let stored = || -> String {
            users::table.find(id.0).select(users::password_hash.assume_not_null()).first(&mut app.db_conn()).unwrap()
        };
        assert_eq!(stored(), old);
        let token = token_of(&app, &email).await;
        assert!(stored().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(me(&app, &token).await, 200, "no session ends by it");
        let renewed = stored();
        token_of(&app, &email).await;
        assert_eq!(stored(), renewed, "a good hash stays");
        assert_recorded(&app);
    }
}

/// [`PASSWORD`] with m = 8 KiB and t = 1.
fn weak_hash() -> String {
    use argon2::PasswordHasher;
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}

both! {
    async fn an_attacker_s_thousand_wrong_log_ins_do_not_keep_the_owner_out(app) {
        let app = with_waits(&app).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let mut tried = 0;
        // The waits are counted in the memory of the process (`auth/throttle.rs`), and failures nowhere else.
        let before = app.db_dump();
        for n in 0..1_000 {
            let address = format!("198.51.100.{}", n % 20);
            let answer = log_in_from(&app, &address, json!({"email": email, "password": OTHER})).await;
            let unknown = json!({"email": "nobody@sample.example", "password": OTHER});
            if n < 140 {
                let nobody = log_in_from(&app, &address, unknown).await;
                if answer.status == 401 {
                    assert_eq!(nobody.shape(), answer.shape());
                } else {
                    // The seconds that are left differ by those that have passed in between.
                    assert_eq!(nobody.status, answer.status, "an account that does not exist waits alike");
                }
            }
            match answer.status {
                401 => tried += 1,
                _ => {
                    let wait: u64 = answer.problem(429, "too_many_requests").header("retry-after").unwrap().parse().unwrap();
                    assert!((1..=901).contains(&wait));
                }
            }
        }
        // Twenty networks with five free failures each, and a few more where ten seconds have passed.
        assert!((100..=200).contains(&tried), "{tried}");
        let right = json!({"email": email, "password": PASSWORD});
        // A right password is no way past the wait, so a 429 says nothing about it.
        let wrong = json!({"email": email, "password": OTHER});
        while log_in_from(&app, "198.51.100.1", wrong.clone()).await.status != 429 {}
        log_in_from(&app, "198.51.100.1", right.clone()).await.problem(429, "too_many_requests");
        app.assert_same(&before, "a thousand wrong log-ins");
        log_in_from(&app, "192.0.2.1", right).await.expect(200);
    }
}

both! {
    async fn a_device_that_logged_in_before_gets_in_beside_an_attacker(app) {
        let app = with_waits(&app).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let (_, other) = account(&app, Role::Auditor).await;
        let right = json!({"email": email, "password": PASSWORD});
        let device = log_in_from(&app, "192.0.2.1", right.clone()).await.expect(200).str("/device_token");
        let foreign = log_in_from(&app, "192.0.2.1", json!({"email": other, "password": PASSWORD})).await.expect(200).str("/device_token");
        let before = app.db_dump();
        for _ in 0..5 {
            log_in_from(&app, "192.0.2.1", json!({"email": email, "password": OTHER})).await.problem(401, "wrong_credentials");
        }
        let with = |device: &str| json!({"email": email, "password": PASSWORD, "device_token": device});
        let mut forged = device.clone();
        forged.replace_range(..1, if device.starts_with('0') { "1" } else { "0" });
        for no_device in ["", "x", &forged, &foreign] {
            log_in_from(&app, "192.0.2.1", with(no_device)).await.problem(429, "too_many_requests");
        }
        app.assert_same(&before, "a log-in that has to wait");
        let again = log_in_from(&app, "192.0.2.1", with(&device)).await.expect(200);
        assert_eq!(again.str("/device_token"), device, "a known device stays the same");
        // A stolen one has waits of its own, and the password is still needed.
        let before = app.db_dump();
        let wrong = json!({"email": email, "password": OTHER, "device_token": device});
        for _ in 0..5 {
            log_in_from(&app, "203.0.113.1", wrong.clone()).await.problem(401, "wrong_credentials");
        }
        log_in_from(&app, "203.0.113.1", wrong).await.problem(429, "too_many_requests");
        app.assert_same(&before, "a stolen device");
        log_in_from(&app, "192.0.2.7", right).await.expect(200);
    }
}

both! {
    async fn a_stolen_access_token_is_no_way_to_try_passwords(app) {
        let app = with_waits(&app).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let before = app.db_dump();
        for _ in 0..5 {
            let body = json!({"password": OTHER});
            app.send_as(&token, Method::POST, "/v1/auth/totp", Some(body)).await.problem(401, "wrong_credentials");
        }
        let change = json!({"current_password": PASSWORD, "new_password": OTHER});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.problem(429, "too_many_requests");
        app.assert_same(&before, "tried passwords");
        token_of(&app, &email).await;
    }
}

both! {
    async fn nor_to_try_codes(app) {
        let app = with_waits(&app).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let begin = json!({"password": PASSWORD});
        app.send_as(&token, Method::POST, "/v1/auth/totp", Some(begin)).await.expect(200);
        let confirm = async |code: &str| {
            let body = json!({"code": code});
            app.send_as(&token, Method::POST, "/v1/auth/totp/confirmation", Some(body)).await
        };
        let before = app.db_dump();
        for _ in 0..5 {
            confirm("no code").await.problem(422, "invalid_field");
        }
        confirm("no code").await.problem(429, "too_many_requests");
        app.assert_same(&before, "tried codes");
    }
}

both! {
    async fn with_a_second_factor_another_password_needs_a_code_too(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, _) = enrol(&app, &token).await;
        let change = async |code: Option<&str>| {
            let body = json!({"current_password": PASSWORD, "new_password": OTHER, "code": code});
            app.send_as(&token, Method::PUT, "/v1/auth/password", Some(body)).await
        };
        change(None).await.problem(401, "wrong_credentials");
        change(Some(&code(&secret, 9))).await.problem(401, "wrong_credentials");
        assert_eq!(me(&app, &token).await, 200, "nothing has changed");
        let right = code(&secret, 0);
        change(Some(&right)).await.expect(204);
        let spent = json!({"email": email, "password": OTHER, "code": right});
        log_in(&app, spent).await.problem(401, "wrong_credentials");
    }
}

both! {
    async fn a_password_link_does_not_get_around_the_second_factor(app) {
        let (id, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, _) = enrol(&app, &token).await;
        let office = app.secretariat();
        let link = office.post(&format!("/v1/users/{id}/password-reset"), json!({})).await.expect(201).str("/token");
        let set = json!({"password": OTHER});
        app.send_as("", Method::POST, &format!("/v1/password-resets/{link}"), Some(set)).await.expect(204);
        log_in(&app, json!({"email": email, "password": OTHER})).await.problem(401, "wrong_credentials");
        log_in(&app, json!({"email": email, "password": OTHER, "code": code(&secret, 0)})).await.expect(200);
    }
}

both! {
    async fn a_password_of_one_s_own_name_or_of_a_list_is_refused(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        for new in [email.as_str(), "mailcreated5240", "Sample Office 1234", "OTS NGO Registry 2026", "twelve chars"] {
            let change = json!({"current_password": PASSWORD, "new_password": new});
            let refused = app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), "/new_password");
        }
    }
}

both! {
    async fn the_secretariat_lists_and_ends_anybody_s_sessions(app) {
        let office = app.secretariat();
        let (id, email) = account(&app, Role::Auditor).await;
        let (one, two) = (token_of(&app, &email).await, token_of(&app, &email).await);
        let path = format!("/v1/users/{id}/sessions");
        let list = office.get(&path).await.expect(200);
        assert_eq!(list.at("/items").as_array().unwrap().len(), 2);
        assert_eq!(list.at("/items/0/current"), json!(false));
        let newest = list.str("/items/0/id");
        let end = |path: String| office.send(office.request(Method::DELETE, &path));
        let foreign = app.auditor();
        end(format!("/v1/users/{}/sessions/{newest}", foreign.id)).await.problem(404, "not_found");
        assert_eq!((me(&app, &one).await, me(&app, &two).await), (200, 200));
        end(format!("{path}/{newest}")).await.expect(204);
        assert_eq!((me(&app, &one).await, me(&app, &two).await), (200, 401));
        end(format!("{path}/{newest}")).await.problem(404, "not_found");
        for other in [app.auditor(), app.coordinator("KZ")] {
            other.get(&path).await.problem(403, "forbidden");
        }
        let (actor, subject): (String, String) = journal::table
            .filter(journal::action.eq("user.session_ended"))
            .select((journal::actor, journal::subject))
            .first(&mut app.db_conn())
            .unwrap();
        assert_eq!((actor, subject), (format!("user:{}", office.id), format!("user:{id}")));
    }
}

/// A folder with one key that seals, which has been there for long.
fn seal_folder() -> std::path::PathBuf {
    let folder = databases::scratch(&format!("seals-{}", Id::random().unwrap()));
    SealKeys::create(&folder, Instant::now()).unwrap();
    folder
}

both! {
    async fn a_new_key_that_seals_crosses_over_without_a_restart(app) {
        let folder = seal_folder();
        // All started a minute ago, and so did their last looks at the folder.
        let start = Instant::now().plus_seconds(-60);
        let load = || SealKeys::load_at(&folder, start).unwrap();
        let b = app.with(|parts| parts.seals = load()).await;
        let a = app.replica().await.with(|parts| parts.seals = load()).await;
        let another = app.replica().await.with(|parts| parts.seals = load()).await;
        let (_, email) = account(&app, Role::Auditor).await;
        let old = log_in(&b, json!({"email": email, "password": PASSWORD})).await.expect(200);
        std::fs::write(folder.join("totp-99990101.key"), data_encoding::BASE64.encode(&[7; 32])).unwrap();
        let sealed_by = |app: &App| app.parts.seals.seal("totp", "user:1", b"x").unwrap()[..8].to_vec();
        let before = sealed_by(&b);
        b.parts.seals.look(start.plus_seconds(5)).unwrap();
        assert_eq!(sealed_by(&b), before, "known, but others may not know it yet");
        b.parts.seals.look(start.plus_seconds(40)).unwrap();
        assert_ne!(sealed_by(&b), before);

        // What b makes from now on is good at replicas that have not looked since.
        let refresh = async |app: &App, from: &Answer| {
            let body = json!({"refresh_token": from.str("/refresh_token")});
            app.send_as("", Method::POST, "/v1/auth/refresh", Some(body)).await
        };
        let tokens = log_in(&b, json!({"email": email, "password": PASSWORD})).await.expect(200);
        let tokens = refresh(&a, &tokens).await.expect(200);
        assert_eq!(sealed_by(&a), before, "a knows the key now, and does not seal by it yet");
        let tokens = refresh(&b, &tokens).await.expect(200);
        refresh(&a, &old).await.expect(200);
        let (secret, _) = enrol(&b, &tokens.str("/access_token")).await;
        let with = |password: &str| json!({"email": email, "password": password, "code": code(&secret, 0)});
        log_in(&another, with(OTHER)).await.problem(401, "wrong_credentials");
        log_in(&another, with(PASSWORD)).await.expect(200);
        assert_recorded(&app);
    }
}

both! {
    async fn a_factor_that_no_key_opens_answers_as_a_wrong_code_does(app) {
        let (_, email) = account(&app, Role::Auditor).await;
        let (_, without) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &email).await;
        let (secret, recovery) = enrol(&app, &token).await;
        let other = app.with(|parts| parts.seals = SealKeys::load(&seal_folder()).unwrap()).await;
        let with = |email: &str, password: &str, code: &str| json!({"email": email, "password": password, "code": code});
        let wrong = log_in(&other, with(&without, OTHER, "287082")).await.problem(401, "wrong_credentials");
        for (password, code) in [(PASSWORD, code(&secret, 0)), (OTHER, code(&secret, 0)), (PASSWORD, code(&[0; 20], 0)), (OTHER, String::new())] {
            let answer = log_in(&other, with(&email, password, &code)).await;
            assert_eq!(answer.shape(), wrong.shape());
        }
        let set = app.send_as(&token, Method::POST, "/v1/auth/totp", Some(json!({"password": PASSWORD, "code": code(&secret, 0)}))).await;
        set.expect(200);
        let set = json!({"password": PASSWORD, "code": code(&secret, 0)});
        other.send_as(&token, Method::POST, "/v1/auth/totp", Some(set)).await.problem(401, "wrong_credentials");
        // A recovery code needs no key.
        log_in(&other, with(&email, PASSWORD, &recovery[0])).await.expect(200);
    }
}

#[test]
fn a_new_signing_key_is_known_everywhere_before_it_signs_and_an_old_one_verifies_until_its_file_goes()
 {
    let folder = databases::scratch("rotation");
    let start = Instant::now();
    let at = |seconds: i64| start.plus_seconds(seconds);
    TokenKeys::create(&folder, start).unwrap();
    let (a, b) = (
        TokenKeys::load_at(&folder, BASE_URL, start).unwrap(),
        TokenKeys::load_at(&folder, BASE_URL, start).unwrap(),
    );
    let issue = |keys: &TokenKeys| {
        keys.issue(Id(1), Id(2), Role::Auditor, Instant::now())
            .unwrap()
    };
    let signing = |keys: &TokenKeys| keys.jwks().keys[0].kid.clone();
    let (old, old_token) = (signing(&a), issue(&a));

    TokenKeys::rotate(&folder, start).unwrap();
    assert!(a.look(at(10)).unwrap());
    assert_eq!(
        (signing(&a), a.jwks().keys.len()),
        (old.clone(), 2),
        "seen once, it does not sign"
    );
    assert!(
        !a.look(at(20)).unwrap(),
        "nor when it is seen again at once"
    );
    b.look(at(39)).unwrap();
    assert!(a.look(at(40)).unwrap());
    let new = signing(&a);
    assert_ne!(new, old);
    assert_eq!(signing(&b), old);
    assert!(
        b.verify(&issue(&a)).is_some(),
        "the other process knows it already"
    );
    assert!(a.verify(&issue(&b)).is_some() && a.verify(&old_token).is_some());
    // A process that starts in between signs with the old key, a later one with the new.
    assert_eq!(
        signing(&TokenKeys::load_at(&folder, BASE_URL, at(30)).unwrap()),
        old
    );
    assert_eq!(
        signing(&TokenKeys::load_at(&folder, BASE_URL, at(61)).unwrap()),
        new
    );

    for (which, now) in [(&new, at(86_400)), (&old, at(900))] {
        let refused = TokenKeys::retire(&folder, which, now).unwrap_err();
        assert!(refused.contains(which.as_str()), "{refused}");
    }
    let files = TokenKeys::files(&folder, at(0)).unwrap();
    assert_eq!(
        (files[0].kid.as_str(), files[0].useless_from),
        (new.as_str(), None)
    );
    let from = files[1].useless_from.unwrap();
    assert_eq!(
        from,
        files[0].made.plus_seconds(90 + 15 * 60 + 5),
        "its last token is made before the new key signs everywhere, lives 15 minutes, and gets five seconds more"
    );
    let refused = TokenKeys::retire(&folder, &old, from.plus_seconds(-1)).unwrap_err();
    assert!(refused.contains("can live until"), "{refused}");
    TokenKeys::retire(&folder, &old, from).unwrap();
    a.look(at(2_000)).unwrap();
    assert!(a.verify(&old_token).is_none());
    assert_eq!(a.jwks().keys.len(), 1);

    for file in std::fs::read_dir(&folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    assert!(a.look(at(2_030)).is_err());
    assert!(
        a.verify(&issue(&a)).is_some(),
        "an empty folder takes no keys away"
    );
}

#[test]
fn a_key_that_nobody_told_of_is_looked_for_but_not_all_the_time() {
    let folder = databases::scratch("unknown-key");
    let now = Instant::now();
    TokenKeys::create(&folder, now).unwrap();
    let late = TokenKeys::load_at(&folder, BASE_URL, now.plus_seconds(-60)).unwrap();
    let just = TokenKeys::load_at(&folder, BASE_URL, now.plus_seconds(60)).unwrap();
    TokenKeys::rotate(&folder, now).unwrap();
    let other = TokenKeys::load_at(&folder, BASE_URL, now.plus_seconds(3600)).unwrap();
    let token = other.issue(Id(1), Id(2), Role::Auditor, now).unwrap();
    assert!(late.verify(&token).is_some());
    assert!(
        just.verify(&token).is_none(),
        "its last look was less than five seconds ago"
    );
}

/// The share of pairs in which the first is slower, ties by half: 0.5 when the two cannot be told apart.
fn auc(first: &[u128], second: &[u128]) -> f64 {
    let mut wins = 0.0;
    for a in first {
        for b in second {
            wins += match a.cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let pairs = u32::try_from(first.len() * second.len()).unwrap();
    wins / f64::from(pairs)
}

/// A kind of log-in that fails.
struct Fails<'a> {
    what: &'static str,
    app: &'a App,
    email: &'a str,
    password: &'static str,
    status: u16,
}

/// Where somebody waits who failed too often.
const WAITING_AT: &str = "203.0.113.9";

/// Takes some minutes; see docs/testing.md.
#[actix_web::test]
#[ignore = "statistics over some thousand log-ins; run it alone, on a quiet machine"]
async fn times_do_not_tell_unknown_disabled_wrong_and_half_right_log_ins_apart() {
    let mut apart = String::new();
    for database in [Kind::Sqlite, Kind::Postgres] {
        if let Some(app) = App::start(database).await {
            apart.push_str(&told_apart(&app).await);
        }
    }
    assert!(apart.is_empty(), "{apart}");
}

/// Times failing log-ins in turns, and gives the kinds that the times tell apart.
async fn told_apart(app: &App) -> String {
    const ROUNDS: usize = 1_000;
    let (_, plain) = account(app, Role::Auditor).await;
    let (_, guarded) = account(app, Role::Auditor).await;
    enrol(app, &token_of(app, &guarded).await).await;
    let (gone, disabled) = account(app, Role::Auditor).await;
    let disable = diesel::update(users::table.find(gone.0)).set(users::status.eq("disabled"));
    disable.execute(&mut app.db_conn()).unwrap();
    let nobody = format!("{}@sample.example", Id::random().unwrap());
    let waits = with_waits(app).await;
    let fails = |what, email, password| Fails {
        what,
        app,
        email,
        password,
        status: 401,
    };
    let kinds = [
        fails("unknown", &nobody, OTHER),
        fails("disabled", &disabled, PASSWORD),
        fails("wrong password", &plain, OTHER),
        fails("right password without its code", &guarded, PASSWORD),
        Fails {
            app: &waits,
            status: 429,
            ..fails("unknown, and waits", &nobody, OTHER)
        },
        Fails {
            app: &waits,
            status: 429,
            ..fails("known, and waits", &plain, PASSWORD)
        },
    ];
    let mut times = vec![Vec::new(); kinds.len()];
    let mut shapes = Vec::new();
    for round in 0..ROUNDS + 20 {
        // The order changes and turns round, so that none of them is always the first after a pause or behind the same other one.
        for n in 0..kinds.len() {
            let mut n = (n + round) % kinds.len();
            if round % 2 == 1 {
                n = kinds.len() - 1 - n;
            }
            let kind = &kinds[n];
            // From an address of its own each time, or it would have to wait.
            let mut address = format!("10.{}.{}.1", round / 250, round % 250);
            if kind.status == 429 {
                WAITING_AT.clone_into(&mut address);
                let wrong = json!({"email": kind.email, "password": OTHER});
                while log_in_from(kind.app, &address, wrong.clone()).await.status != 429 {}
            }
            let body = json!({"email": kind.email, "password": kind.password});
            let started = std::time::Instant::now();
            let answer = log_in_from(kind.app, &address, body).await;
            let took = started.elapsed().as_nanos();
            assert_eq!(answer.status, kind.status, "{}", kind.what);
            if kind.status == 401 {
                shapes.push(answer.shape());
                shapes.dedup();
            }
            if round >= 20 {
                times[n].push(took);
            }
        }
    }
    assert_eq!(shapes.len(), 1, "the same bytes: {shapes:?}");
    let mut apart = String::new();
    for one in 0..kinds.len() {
        // That somebody waits is said; whether there is such an account is not.
        for other in (0..one).filter(|other| kinds[*other].status == kinds[one].status) {
            let auc = auc(&times[one], &times[other]);
            let line = format!("{} / {}: {auc:.3}", kinds[one].what, kinds[other].what);
            println!("{} {line}", app.url.kind());
            if !(0.45..=0.55).contains(&auc) {
                writeln!(apart, "{} {line}", app.url.kind()).unwrap();
            }
        }
    }
    apart
}

both! {
    async fn what_is_done_to_the_secretariat_s_second_factor_and_password_is_an_exception(app) {
        let list = async |app: &App| {
            let path = format!("/v1/reports/decisions/exceptions?from={0}&to={0}&kind=privileged_account&limit=200", app.today());
            let rows = app.auditor().get(&path).await.expect(200).at("/data/exceptions");
            rows.as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (_, officer) = account(&app, Role::Auditor).await;
        let token = token_of(&app, &officer).await;
        let change = json!({"current_password": PASSWORD, "new_password": OTHER});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.expect(204);
        assert!(!list(&app).await.iter().any(|what| what.starts_with("password.")), "an auditor is not of the secretariat");
        let (_, email) = account(&app, Role::Secretariat).await;
        let token = token_of(&app, &email).await;
        let (secret, _) = enrol(&app, &token).await;
        db_forget_step(&app);
        let change = json!({"current_password": PASSWORD, "new_password": OTHER, "code": code(&secret, 0)});
        app.send_as(&token, Method::PUT, "/v1/auth/password", Some(change)).await.expect(204);
        let told = list(&app).await;
        for what in ["second_factor.set", "password.changed"] {
            assert!(told.iter().any(|t| t.starts_with(what)), "{what}: {told:?}");
        }
    }
}
