//! What an officer is told: the tasks that wait for them, the acts that are possible for them, and why one is not.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

async fn tasks(person: &Person) -> Vec<(String, Value)> {
    let read = person.get("/v1/tasks").await.expect(200).at("/items");
    let of = |task: &Value| {
        let kind = task["kind"].as_str().unwrap().to_owned();
        (kind, task["membership"].clone())
    };
    read.as_array().unwrap().iter().map(of).collect()
}

async fn possible(person: &Person, membership: &str) -> Vec<String> {
    let read = person.get(membership).await.expect(200).at("/possible");
    let words = read.as_array().unwrap().iter();
    words.map(|act| act.as_str().unwrap().to_owned()).collect()
}

/// An application that was handed in.
async fn submitted(app: &App, person: &Person, country: &str) -> String {
    let ngo = app.organisation(country).create().await;
    let made = person
        .post(
            &format!("{}/memberships", ngo.url()),
            json!({"type": "full"}),
        )
        .await;
    let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
    person
        .act(&membership, "submit", json!({}))
        .await
        .expect(200);
    membership
}

both! {
    async fn a_consent_that_nobody_present_can_give_is_a_task_of_the_secretariat(app) {
        let tm = app.coordinator("TM");
        let body = json!({"country": "TM", "names": [{"kind": "legal", "text": "Sample Association of One Officer"}]});
        let number = tm.post("/v1/organisations", body).await.expect(201).str("/number");
        let url = format!("/v1/organisations/{number}");
        let (office, other) = (app.secretariat(), app.secretariat());
        let proposal = office.propose(&url, "transfer", json!({"to_country": "KZ", "reason": "The seat moved."})).await;
        app.decide(&tm, &proposal, "approved", json!({})).await.problem(403, "second_officer_needed");
        assert_eq!(tasks(&tm).await, []);
        for officer in [&office, &other] {
            assert_eq!(tasks(officer).await, [("nobody_can_decide".to_owned(), Value::Null)]);
        }
        // Somebody comes who can.
        let second = app.coordinator("TM");
        assert_eq!(tasks(&second).await, [("consent".to_owned(), Value::Null)]);
        assert_eq!(tasks(&other).await, []);
    }
}

both! {
    async fn what_the_secretariat_has_taken_into_review_waits_for_whoever_took_it(app) {
        let hu = app.coordinator("HU");
        let membership = submitted(&app, &hu, "HU").await;
        let (office, other) = (app.secretariat(), app.secretariat());
        assert_eq!(tasks(&office).await, []);
        office.act(&membership, "review", json!({})).await.expect(200);
        let id = membership.rsplit('/').next().unwrap();
        assert_eq!(tasks(&office).await, [("recommend".to_owned(), json!(id))]);
        office.act(&membership, "reassignment", json!({"reviewer": other.id})).await.expect(200);
        assert_eq!(tasks(&other).await, [("recommend".to_owned(), json!(id))]);
        assert_eq!((tasks(&office).await, tasks(&hu).await), (vec![], vec![]));
    }
}

both! {
    async fn what_is_possible_is_so_for_whoever_asks(app) {
        let (az, second, office) = (app.coordinator("AZ"), app.coordinator("AZ"), app.secretariat());
        let membership = submitted(&app, &az, "AZ").await;
        az.act(&membership, "review", json!({})).await.expect(200);
        let words = possible(&office, &membership).await;
        assert!(words.contains(&"release".to_owned()) && !words.contains(&"return".to_owned()), "{words:?}");
        assert!(!possible(&second, &membership).await.contains(&"release".to_owned()));

        let body = json!({"stance": "for", "reason": "Checked."});
        az.act(&membership, "recommendation", body).await.expect(202);
        let of_decision = |words: Vec<String>| {
            let known = ["approve", "refuse", "send_back", "recommend"];
            words.into_iter().filter(|word| known.contains(&word.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(of_decision(possible(&az, &membership).await), Vec::<String>::new());
        assert_eq!(of_decision(possible(&second, &membership).await), Vec::<String>::new());
        assert_eq!(of_decision(possible(&office, &membership).await), ["approve", "refuse", "send_back"]);
        // The state says no before it is asked whose the review is.
        for person in [&az, &second] {
            let refused = person.act(&membership, "release", json!({})).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/state"), json!("recommended"));
        }

        let (_, member) = app.member("AZ").await;
        az.propose(&member, "suspension", json!({"reason": "Reports are missing."})).await;
        let words = possible(&az, &member).await;
        assert!(words.contains(&"withdraw".to_owned()) && !words.iter().any(|w| ["expel", "change_type"].contains(&w.as_str())), "{words:?}");
        let refused = az.act(&member, "expulsion", json!({"reason": "Article 5."})).await.problem(409, "conflict");
        assert_eq!(refused.at("/possible"), json!(words));
    }
}

both! {
    async fn an_application_of_a_day_to_come_can_be_taken_back_today(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let body = json!({"type": "full", "effective_on": app.today() + Days::new(12)});
        let made = az.post(&format!("{}/memberships", ngo.url()), body).await;
        let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
        let words = possible(&az, &membership).await;
        assert_eq!(words, ["withdraw_application", "transfer", "dissolve", "merge", "correct"]);
        az.act(&membership, "submit", json!({})).await.problem(409, "act_not_possible");
        az.act(&membership, "application-withdrawal", json!({})).await.expect(200);
    }
}

both! {
    async fn what_is_refused_says_why(app) {
        let az = app.coordinator("AZ");
        let (_, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 5)})).await;
        let before = ago(&app, 20);
        let refused = az.act(&membership, "withdrawal", json!({"effective_on": before, "reason": "The letter."})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("before the application"), "{}", refused.text());
        assert_eq!(refused.at("/on_its_day"), json!({"day": before, "state": null, "possible": []}));
        // The state is that of today, whatever the calendar will bring.
        for (act, body) in [("release", json!({})), ("recommendation", json!({"stance": "for", "reason": "Checked."}))] {
            let refused = az.act(&membership, act, body).await.problem(409, "act_not_possible");
            assert!(refused.str("/detail").ends_with("is not possible in state active"), "{}", refused.text());
        }
        let same = json!({"to": "full", "reason": "By its wish."});
        let refused = az.act(&membership, "type-change", same).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("that type already"), "{}", refused.text());
        let until = json!({"until": ago(&app, 1), "reason": "Reports are missing."});
        let refused = az.act(&membership, "suspension", until).await.problem(422, "invalid_field");
        assert!(refused.str("/detail").starts_with("/until: comes before"), "{}", refused.text());
    }
}

both! {
    async fn a_renewal_that_is_refused_says_where_and_what_is_possible(app) {
        let az = app.coordinator("AZ");
        let (_, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 5)})).await;
        let read = az.get(&membership).await;
        let item = json!({"membership": read.str("/id"), "revision": read.at("/revision")});
        let body = json!({"items": [item], "effective_on": ago(&app, 1)});
        let row = az.post("/v1/renewals", body).await.expect(200).at("/items/0");
        assert_eq!((&row["renewed"], &row["pointer"], &row["state"]), (&json!(false), &json!("/reason"), &json!("active")));
        assert_eq!(row["possible"], read.at("/possible"));
    }
}

both! {
    async fn a_paper_decision_has_a_day_on_which_it_can_have_been_made(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let (_, proposal) = app.recommended(&az, &ngo.number).await;
        let office = app.secretariat();
        for day in ["2999-12-31".to_owned(), (app.today() + Days::new(1)).to_string(), "1000-01-01".to_owned()] {
            let more = json!({"decision_number": "2026/9", "decision_date": day});
            let refused = app.decide(&office, &proposal, "approved", more).await.problem(422, "invalid_field");
            assert_eq!(refused.at("/fields/0/pointer"), json!("/decision_date"));
        }
        let more = json!({"decision_number": "2026/9", "decision_date": ago(&app, 1)});
        app.decide(&office, &proposal, "approved", more).await.expect(200);
    }
}
