//! The secretariat's office goes to others: proposed by one of its holders, decided by another, done on its day.

use actix_web::http::Method;
use chrono::Days;
use diesel::prelude::*;
use ots_registry::accounts::handover;
use ots_registry::db::Instant;
use ots_registry::db::schema::{handovers, users};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person};

/// Two of the office and two who are to take it.
struct Cast {
    one: Person,
    other: Person,
    next: [Person; 2],
}

impl Cast {
    fn of(app: &App) -> Self {
        Self {
            one: app.secretariat(),
            other: app.secretariat(),
            next: [app.coordinator("KZ"), app.auditor()],
        }
    }

    fn successors(&self) -> Vec<String> {
        self.next.iter().map(|p| p.id.to_string()).collect()
    }

    async fn propose(&self, app: &App, in_days: u64) -> Answer {
        let body = json!({
            "successors": self.successors(), "effective_on": app.today() + Days::new(in_days), "reason": "The office rotates.",
        });
        self.one.post("/v1/handovers", body).await
    }
}

fn roles(app: &App, people: &[&Person]) -> Vec<(String, Option<String>)> {
    let mut conn = app.db_conn();
    let role = |p: &&Person| {
        users::table
            .find(p.id.0)
            .select((users::role, users::country))
            .first(&mut conn)
            .unwrap()
    };
    people.iter().map(role).collect()
}

fn role(word: &str) -> (String, Option<String>) {
    (word.to_owned(), None)
}

both! {
    async fn the_office_goes_over_at_once_when_two_of_it_say_so_today(app) {
        let cast = Cast::of(&app);
        let path = format!("/v1/handovers/{}/decision", cast.propose(&app, 0).await.expect(201).str("/id"));
        // Nobody else may decide, and the proposer may not either.
        for person in &cast.next {
            person.post(&path, json!({"outcome": "approved"})).await.problem(403, "forbidden");
        }
        cast.one.post(&path, json!({"outcome": "approved"})).await.problem(403, "second_officer_needed");
        let before = [role("secretariat"), role("secretariat"), ("coordinator".to_owned(), Some("KZ".to_owned())), role("auditor")];
        let all = [&cast.one, &cast.other, &cast.next[0], &cast.next[1]];
        assert_eq!(roles(&app, &all), before);
        assert_eq!(cast.other.post(&path, json!({"outcome": "approved"})).await.expect(200).at("/status"), json!("done"));
        assert_eq!(roles(&app, &all), [role("auditor"), role("auditor"), role("secretariat"), role("secretariat")]);
        // Everybody's rights of the minute before have ended.
        for person in all {
            person.get("/v1/auth/me").await.problem(401, "not_authenticated");
        }
        assert_eq!(app.findings(), Vec::<String>::new());
        let entries = app.auditor().get("/v1/journal?action=handover.done").await.expect(200).at("/items");
        assert_eq!(entries.as_array().map(Vec::len), Some(1));
    }
}

both! {
    async fn a_handover_that_is_approved_waits_for_its_day(app) {
        let cast = Cast::of(&app);
        let id = cast.propose(&app, 7).await.expect(201).str("/id");
        let decided = cast.other.post(&format!("/v1/handovers/{id}/decision"), json!({"outcome": "approved"})).await;
        assert_eq!(decided.expect(200).at("/status"), json!("approved"));
        let mut conn = app.db_conn();
        let on = |days: i64| Instant::now().plus_seconds(days * 24 * 3600);
        let mut carry_out = |at: Instant| conn.transact(|tx| handover::carry_out_due(tx, at)).unwrap().map(|row| row.status);
        assert_eq!(carry_out(on(6)), None);
        assert_eq!(roles(&app, &[&cast.one]), [role("secretariat")]);
        assert_eq!(carry_out(on(7)).as_deref(), Some("done"));
        assert_eq!(carry_out(on(8)), None);
        assert_eq!(roles(&app, &[&cast.one, &cast.next[0]]), [role("auditor"), role("secretariat")]);
        assert_eq!(app.auditor().get(&format!("/v1/handovers/{id}")).await.expect(200).at("/status"), json!("done"));
    }
}

both! {
    async fn nobody_loses_the_office_to_successors_who_are_gone(app) {
        let cast = Cast::of(&app);
        let id = cast.propose(&app, 1).await.expect(201).str("/id");
        cast.other.post(&format!("/v1/handovers/{id}/decision"), json!({"outcome": "approved"})).await.expect(200);
        let path = format!("/v1/users/{}", cast.next[0].id);
        cast.one.patch(&path, json!({"status": "disabled"})).await.expect(200);
        let mut conn = app.db_conn();
        let done = conn.transact(|tx| handover::carry_out_due(tx, Instant::now().plus_seconds(2 * 24 * 3600))).unwrap();
        assert_eq!(done.map(|row| row.status).as_deref(), Some("fallen"));
        assert_eq!(roles(&app, &[&cast.one, &cast.other]), [role("secretariat"), role("secretariat")]);
        let told = cast.one.get(&format!("/v1/handovers/{id}")).await.expect(200);
        assert_eq!((told.str("/status"), told.str("/decider")), ("fallen".to_owned(), "system:handover".to_owned()));
        assert_eq!(told.str("/decision_reason"), format!("account {} is not active", cast.next[0].id));
        let entries = app.auditor().get("/v1/journal?action=handover.fallen").await.expect(200).at("/items");
        assert_eq!(entries.as_array().map(Vec::len), Some(1));
        assert_eq!(app.findings(), Vec::<String>::new());
        // The account comes back, and the office does not move by itself on another day.
        cast.one.patch(&path, json!({"status": "active"})).await.expect(200);
        let later = conn.transact(|tx| handover::carry_out_due(tx, Instant::now().plus_seconds(3 * 24 * 3600))).unwrap();
        assert!(later.is_none());
        assert_eq!(roles(&app, &[&cast.one, &cast.other]), [role("secretariat"), role("secretariat")]);
        // It is over, and another can be proposed.
        cast.other.post(&format!("/v1/handovers/{id}/retraction"), json!({})).await.problem(409, "conflict");
        let others = json!([app.auditor().id.to_string(), app.auditor().id.to_string()]);
        let another = json!({"successors": others, "effective_on": app.today(), "reason": "The office rotates."});
        cast.one.post("/v1/handovers", another).await.expect(201);
    }
}

both! {
    async fn what_is_open_is_taken_back_by_anybody_of_the_office_and_another_proposed(app) {
        let cast = Cast::of(&app);
        let id = cast.propose(&app, 1).await.expect(201).str("/id");
        cast.propose(&app, 2).await.problem(409, "conflict");
        let taken_back = cast.other.post(&format!("/v1/handovers/{id}/retraction"), json!({})).await;
        assert_eq!(taken_back.expect(200).at("/status"), json!("retracted"));
        cast.other.post(&format!("/v1/handovers/{id}/retraction"), json!({})).await.problem(409, "conflict");
        cast.propose(&app, 2).await.expect(201);
    }
}

both! {
    async fn a_registry_that_stood_still_on_the_day_does_a_handover_within_a_week_and_no_later(app) {
        let cast = Cast::of(&app);
        let on = |days: i64| Instant::now().plus_seconds(days * 24 * 3600);
        for (days, expected) in [(1 + 8, "fallen"), (1 + 7, "done")] {
            let id = cast.propose(&app, 1).await.expect(201).str("/id");
            cast.other.post(&format!("/v1/handovers/{id}/decision"), json!({"outcome": "approved"})).await.expect(200);
            let mut conn = app.db_conn();
            let done = conn.transact(|tx| handover::carry_out_due(tx, on(days))).unwrap();
            assert_eq!(done.map(|row| row.status).as_deref(), Some(expected), "{days}");
        }
        assert_eq!(roles(&app, &[&cast.one, &cast.next[0]]), [role("auditor"), role("secretariat")]);
    }
}

both! {
    async fn a_handover_whose_day_is_past_is_not_approved_any_more(app) {
        let cast = Cast::of(&app);
        let id = cast.propose(&app, 1).await.expect(201).str("/id");
        let yesterday = app.today() - Days::new(1);
        diesel::update(handovers::table).set(handovers::effective_on.eq(yesterday)).execute(&mut app.db_conn()).unwrap();
        let path = format!("/v1/handovers/{id}/decision");
        cast.other.post(&path, json!({"outcome": "approved"})).await.problem(409, "conflict");
        let refused = cast.other.post(&path, json!({"outcome": "refused", "reason": "The day is past."})).await;
        assert_eq!(refused.expect(200).at("/status"), json!("refused"));
        assert_eq!(roles(&app, &[&cast.one]), [role("secretariat")]);
    }
}

both! {
    async fn a_proposer_who_lost_the_office_has_no_say(app) {
        let cast = Cast::of(&app);
        let id = cast.propose(&app, 0).await.expect(201).str("/id");
        // Whoever disables one of the office is not left alone there.
        app.secretariat();
        cast.other.patch(&format!("/v1/users/{}", cast.one.id), json!({"status": "disabled"})).await.expect(200);
        let path = format!("/v1/handovers/{id}/decision");
        cast.other.post(&path, json!({"outcome": "approved"})).await.problem(409, "conflict");
        assert_eq!(roles(&app, &[&cast.other, &cast.next[1]]), [role("secretariat"), role("auditor")]);
        cast.other.post(&path, json!({"outcome": "refused"})).await.problem(422, "invalid_field");
        let refused = cast.other.post(&path, json!({"outcome": "refused", "reason": "Propose it anew."})).await;
        assert_eq!(refused.expect(200).at("/status"), json!("refused"));
    }
}

both! {
    async fn a_handover_that_cannot_be_meant_is_refused(app) {
        let cast = Cast::of(&app);
        let ids = cast.successors();
        let today = app.today();
        let good = json!({"successors": ids, "effective_on": today, "reason": "The office rotates."});
        let with = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            body
        };
        let stranger = ots_registry::db::Id::random().unwrap().to_string();
        for body in [
            with("successors", json!([ids[0]])),
            with("successors", json!([ids[0], ids[0]])),
            with("successors", json!([ids[0], cast.other.id.to_string()])),
            with("successors", json!([ids[0], stranger])),
            with("effective_on", json!(today - Days::new(1))),
            with("effective_on", json!(today + Days::new(367))),
            with("reason", json!("")),
            with("role", json!("auditor")),
        ] {
            cast.one.post("/v1/handovers", body).await.problem(422, "invalid_field");
        }
        assert_eq!(cast.one.get("/v1/handovers").await.expect(200).at("/items"), json!([]));
        for person in &cast.next {
            person.post("/v1/handovers", good.clone()).await.problem(403, "forbidden");
        }
    }
}

both! {
    async fn two_who_decide_at_once_hand_over_once(app) {
        let cast = Cast::of(&app);
        let third = app.secretariat();
        let path = format!("/v1/handovers/{}/decision", cast.propose(&app, 0).await.expect(201).str("/id"));
        let (a, b) = tokio::join!(
            cast.other.post(&path, json!({"outcome": "approved"})),
            third.post(&path, json!({"outcome": "approved"})),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        // The second one has lost the office by the first one's decision, or finds the handover done.
        assert!(statuses[0] == 200 && [401, 403, 409].contains(&statuses[1]), "{statuses:?}");
        let entries = app.auditor().get("/v1/journal?action=handover.done").await.expect(200).at("/items");
        assert_eq!(entries.as_array().map(Vec::len), Some(1));
    }
}

both! {
    async fn a_partner_has_two_active_keys_at_most(app) {
        let office = app.secretariat();
        let make = async || office.post("/v1/api-keys", json!({"name": "Sample partner"})).await;
        let first = make().await.expect(201).str("/key/id");
        make().await.expect(201);
        make().await.problem(409, "conflict");
        for same in ["sample partner", "Sample  partner", "SAMPLE PARTNER"] {
            office.post("/v1/api-keys", json!({"name": same})).await.problem(409, "conflict");
        }
        office.post("/v1/api-keys", json!({"name": "Another partner"})).await.expect(201);
        office.send(office.request(Method::DELETE, &format!("/v1/api-keys/{first}"))).await.expect(204);
        make().await.expect(201);
    }
}

both! {
    async fn a_key_shows_when_it_was_last_used_and_has_its_own_limit(app) {
        use ots_registry::http::limits::{Allowance, Limits};
        let limited = app.with(|parts| parts.limits = Limits::new(Allowance { anonymous: 1_000, known: 1_000 })).await;
        let office = app.secretariat();
        let made = office.post("/v1/api-keys", json!({"name": "Sample partner", "per_minute": 3})).await.expect(201);
        assert_eq!(office.get("/v1/api-keys").await.expect(200).at("/items/0/last_used_at"), Value::Null);
        let secret = made.str("/secret");
        let ask = async || {
            let request = actix_web::test::TestRequest::get().uri("/v1/organisations");
            limited.send(request.insert_header(("Authorization", format!("Bearer {secret}")))).await
        };
        // The first request makes it known; then three are its own.
        ask().await.expect(200);
        for left in [2, 1, 0] {
            let answer = ask().await.expect(200);
            assert_eq!(answer.header("ratelimit-policy"), Some("\"known\";q=3;w=60"));
            assert_eq!(answer.header("ratelimit"), Some(format!("\"known\";r={left};t=60").as_str()));
        }
        ask().await.problem(429, "too_many_requests");
        // Also where nobody else has a limit.
        let free = app.with(|parts| parts.limits = Limits::new(Allowance { anonymous: 0, known: 0 })).await;
        let mut answers = Vec::new();
        for _ in 0..5 {
            let request = actix_web::test::TestRequest::get().uri("/v1/organisations");
            answers.push(free.send(request.insert_header(("Authorization", format!("Bearer {secret}")))).await.status);
        }
        assert_eq!(answers, [200, 200, 200, 200, 429]);
        let uses = limited.parts.limits.take_uses();
        assert_eq!(uses.len(), 1);
        assert_eq!(limited.parts.limits.take_uses(), []);
        app.db_conn().transact(|tx| ots_registry::accounts::keys::note_uses(tx, &uses)).unwrap();
        assert!(office.get("/v1/api-keys").await.expect(200).at("/items/0/last_used_at").is_string());
    }
}

both! {
    async fn nobody_moves_the_office_alone(app) {
        let (one, other, tr) = (app.secretariat(), app.secretariat(), app.coordinator("TR"));
        let path = |person: &Person| format!("/v1/users/{}", person.id);
        // No role of the office is given or taken by one person.
        one.patch(&path(&tr), json!({"role": "secretariat", "country": null})).await.problem(409, "conflict");
        for holder in [&one, &other] {
            for role in [json!({"role": "auditor"}), json!({"role": "coordinator", "country": "KZ"})] {
                one.patch(&path(holder), role).await.problem(409, "conflict");
            }
        }
        // Nor by disabling: whoever is left alone with accounts that are as good as their own holds all of it.
        one.patch(&path(&other), json!({"status": "disabled"})).await.problem(409, "conflict");
        let own = app.secretariat();
        diesel::update(users::table.filter(users::id.eq(own.id))).set(users::invited_by.eq(one.id)).execute(&mut app.db_conn()).unwrap();
        one.patch(&path(&other), json!({"status": "disabled"})).await.problem(409, "conflict");
        own.patch(&path(&other), json!({"status": "disabled"})).await.problem(409, "conflict");
        assert_eq!(roles(&app, &[&one, &other, &tr]), [role("secretariat"), role("secretariat"), ("coordinator".to_owned(), Some("TR".to_owned()))]);
        other.get("/v1/auth/me").await.expect(200);
        // In an emergency one can be shut out while another one is there, and everybody can leave.
        let third = app.secretariat();
        one.patch(&path(&other), json!({"status": "disabled"})).await.expect(200);
        other.get("/v1/auth/me").await.problem(401, "not_authenticated");
        one.patch(&path(&third), json!({"status": "disabled"})).await.problem(409, "conflict");
        one.patch(&path(&one), json!({"status": "disabled"})).await.expect(200);
        assert_eq!(app.auditor().get("/v1/handovers").await.expect(200).at("/items"), json!([]));
    }
}
