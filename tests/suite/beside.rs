//! What acts of one membership may not do to its organisation: two open memberships of a type, a member that is no more, a country
//! of the day after tomorrow.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

async fn no_of(person: &Person, membership: &str, kind: &str) -> Value {
    let read = person.get(membership).await.expect(200).json();
    let events = read["events"].as_array().unwrap();
    events.iter().find(|e| e["kind"] == kind).unwrap()["no"].clone()
}

async fn void(person: &Person, membership: &str, kind: &str) -> Answer {
    let no = no_of(person, membership, kind).await;
    let body = json!({"target_no": no, "how": "void", "reason": "Recorded by mistake."});
    person.act(membership, "correction", body).await
}

/// Members of a country that the register counts on a day.
async fn rows(app: &App, country: &str, day: NaiveDate) -> usize {
    let path = format!("/v1/reports/register?as_of={day}&country={country}");
    let read = app.auditor().get(&path).await.expect(200);
    read.at("/data/members").as_array().unwrap().len()
}

async fn withdrawn(
    app: &App,
    person: &Person,
    country: &str,
    from: u64,
    to: u64,
) -> (String, String) {
    let (ngo, membership) = app
        .member_since(country, json!({"effective_on": ago(app, from)}))
        .await;
    let body = json!({"effective_on": ago(app, to), "reason": "The member's letter."});
    person
        .act(&membership, "withdrawal", body)
        .await
        .expect(200);
    (ngo.url(), membership)
}

both! {
    async fn a_voided_withdrawal_does_not_make_a_second_member_of_one(app) {
        let tm = app.coordinator("TM");
        let (ngo, first) = withdrawn(&app, &tm, "TM", 30, 10).await;
        let number = ngo.rsplit('/').next().unwrap().to_owned();
        let (second, proposal) = app.recommended(&tm, &number).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        void(&tm, &first, "withdrawn").await.problem(409, "act_not_possible");
        assert_eq!(tm.get(&first).await.str("/state"), "withdrawn");
        assert_eq!(tm.get(&second).await.str("/state"), "active");
        assert_eq!(rows(&app, "TM", app.today()).await, 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_back_dated_admission_does_not_reach_into_the_membership_before(app) {
        let kg = app.coordinator("KG");
        let (ngo, _) = withdrawn(&app, &kg, "KG", 60, 10).await;
        let number = ngo.rsplit('/').next().unwrap().to_owned();
        let (second, proposal) = app.recommended(&kg, &number).await;
        let early = json!({"effective_on": ago(&app, 30)});
        app.decide(&app.secretariat(), &proposal, "approved", early).await.problem(409, "act_not_possible");
        assert_eq!(kg.get(&second).await.str("/state"), "recommended");
        let late = json!({"effective_on": ago(&app, 9)});
        app.decide(&app.secretariat(), &proposal, "approved", late).await.expect(200);
        assert_eq!(rows(&app, "KG", ago(&app, 30)).await, 1);
        assert_eq!(rows(&app, "KG", ago(&app, 9)).await, 1);
    }
}

both! {
    async fn what_was_merged_or_dissolved_is_not_opened_again(app) {
        let kz = app.coordinator("KZ");
        let (goes_on, _) = app.member_since("KZ", json!({"effective_on": ago(&app, 40)})).await;
        let (ends, first) = withdrawn(&app, &kz, "KZ", 30, 10).await;
        let merge = kz.propose(&ends, "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        kz.act(&first, "reinstatement", json!({"reason": "Paid again."})).await.problem(409, "act_not_possible");
        void(&kz, &first, "withdrawn").await.problem(409, "act_not_possible");

        let (gone, second) = withdrawn(&app, &kz, "KZ", 30, 10).await;
        kz.act(&gone, "dissolution", json!({"effective_on": ago(&app, 5), "reason": "Struck off."})).await.expect(200);
        void(&kz, &second, "withdrawn").await.problem(409, "act_not_possible");
        kz.act(&gone, "transfer", json!({"to_country": "TR", "reason": "The seat moved."})).await.problem(409, "act_not_possible");
        kz.act(&gone, "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await.problem(409, "act_not_possible");
        assert_eq!(rows(&app, "KZ", app.today()).await, 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_reinstatement_that_was_proposed_before_a_merge_is_refused_after_it(app) {
        let kz = app.coordinator("KZ");
        let (goes_on, _) = app.member("KZ").await;
        let (ends, first) = withdrawn(&app, &kz, "KZ", 30, 10).await;
        let back = kz.propose(&first, "reinstatement", json!({"reason": "Paid again."})).await;
        let merge = kz.propose(&ends, "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &back, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(kz.get(&first).await.str("/state"), "withdrawn");
    }
}

both! {
    async fn a_voided_admission_is_no_longer_public(app) {
        let (ngo, membership) = app.member("UZ").await;
        let uz = app.coordinator("UZ");
        app.get(&ngo.url()).await.expect(200);
        let proposed = void(&uz, &membership, "admitted").await.expect(202);
        let proposal = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        app.get(&ngo.url()).await.problem(404, "not_found");
        assert_eq!(app.findings(), Vec::<String>::new());
        // The application waits again: for its reviewer, who recommends it anew.
        assert_eq!(uz.get(&membership).await.str("/state"), "recommended");
        let reviewer = no_of(&uz, &membership, "review_taken").await;
        assert!(reviewer.is_i64());
    }
}

both! {
    async fn a_recommendation_whose_proposal_fell_waits_for_its_reviewer_and_is_made_anew(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let (membership, proposal) = app.recommended(&az, &ngo.number).await;
        let again = json!({"stance": "for", "reason": "Checked once more."});
        az.act(&membership, "recommendation", again.clone()).await.problem(409, "conflict");
        let waits = async || {
            let tasks = az.get("/v1/tasks").await.expect(200).at("/items");
            tasks.as_array().unwrap().iter().filter(|t| t["state"] == "recommended").count()
        };
        assert_eq!(waits().await, 0);
        let replace = json!({"target_no": 1, "how": "replace", "effective_on": ago(&app, 1), "reason": "It came yesterday."});
        az.act(&membership, "correction", replace).await.expect(200);
        assert_eq!(az.get(&proposal).await.str("/status"), "fallen");
        assert_eq!(waits().await, 1);
        assert_eq!(az.get("/v1/proposals?status=fallen").await.at("/items/0/status"), json!("fallen"));
        az.act(&membership, "recommendation", again).await.expect(202);
        assert_eq!(waits().await, 0);
    }
}

both! {
    async fn a_review_whose_reviewer_is_gone_waits_for_whoever_is_there(app) {
        let ngo = app.organisation("HU").create().await;
        let (gone, here) = (app.coordinator("HU"), app.coordinator("HU"));
        let applied = gone.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        gone.act(&membership, "submit", json!({})).await.expect(200);
        gone.act(&membership, "review", json!({})).await.expect(200);
        let release = async || here.act(&membership, "release", json!({})).await;
        release().await.problem(403, "forbidden");
        let possible = async |person: &Person| person.get(&membership).await.expect(200).at("/possible").to_string();
        assert!(possible(&gone).await.contains("recommend") && !possible(&here).await.contains("recommend"));
        let waits = async || here.get("/v1/tasks").await.expect(200).at("/items").as_array().map(Vec::len);
        assert_eq!(waits().await, Some(0));
        app.secretariat().patch(&format!("/v1/users/{}", gone.id), json!({"status": "disabled"})).await.expect(200);
        assert_eq!(waits().await, Some(1));
        assert!(possible(&here).await.contains("recommend"));
        release().await.expect(200);
    }
}

both! {
    async fn an_act_on_a_whole_organisation_has_a_day_that_can_be(app) {
        let kz = app.coordinator("KZ");
        let (goes_on, _) = app.member("KZ").await;
        let (ngo, _) = app.member("KZ").await;
        let url = ngo.url();
        let tomorrow = app.today() + Days::new(1);
        for day in [tomorrow.to_string(), "1900-01-01".to_owned()] {
            let with = |mut body: Value| {
                body["effective_on"] = json!(day);
                body["reason"] = json!("It is so.");
                body
            };
            kz.act(&url, "transfer", with(json!({"to_country": "AZ"}))).await.problem(422, "invalid_field");
            kz.act(&url, "merge", with(json!({"successor": goes_on.number}))).await.problem(422, "invalid_field");
            kz.act(&url, "dissolution", with(json!({}))).await.problem(422, "invalid_field");
        }
        kz.act(&url, "dissolution", json!({})).await.problem(422, "invalid_field");
        // Nor by the decision.
        let proposal = kz.propose(&url, "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        let later = json!({"effective_on": tomorrow});
        app.decide(&app.secretariat(), &proposal, "approved", later).await.problem(422, "invalid_field");
        app.get(&url).await.expect(200);
    }
}

both! {
    async fn after_a_move_the_new_country_finds_the_name_again(app) {
        let kz = app.coordinator("KZ");
        let tr = app.coordinator("TR");
        let name = "Жас Қайырымдылық Ұйымы Өмір Сәуле";
        let ngo = app.organisation("KZ").named(name).create().await;
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "The seat moved."})).await;
        app.decide(&tr, &proposal, "approved", json!({})).await.expect(200);
        let read = kz.get(&proposal).await.expect(200);
        assert_eq!(read.at("/consents/0/country"), json!("TR"));
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let again = json!({"country": "TR", "names": [{"kind": "legal", "text": name}]});
        let refused = tr.post("/v1/organisations", again).await;
        refused.problem(409, "possible_duplicate");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn before_its_first_day_there_is_no_membership(app) {
        let (ngo, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        kz.get(&format!("{membership}?as_of=2020-01-01")).await.problem(404, "not_found");
        kz.get(&format!("{membership}?as_of={}", app.today())).await.expect(200);
        // Where it was on a day counts, not where it is today.
        let tr = app.coordinator("TR");
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "The seat moved."})).await;
        app.decide(&tr, &proposal, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let intervals = tr.get(&membership).await.at("/intervals");
        assert!(intervals.as_array().unwrap().iter().any(|i| i["country"] == "TR"), "{intervals}");
    }
}

both! {
    async fn evidence_that_an_event_names_stays(app) {
        let (ngo, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let add = async || {
            let tag = kz.tag(&ngo.url()).await;
            let body = json!({"kind": "decision", "issuer": "Sample court", "issued_on": app.today(), "sha256": "ab".repeat(32)});
            kz.post_seen(&format!("{}/evidence", ngo.url()), Some(&tag), body).await.expect(201).at("/id")
        };
        let (used, free) = (add().await, add().await);
        app.decided(&kz, &membership, "suspension", json!({"reason": "Reports are missing.", "evidence": [used]})).await;
        let remove = async |item: &Value| {
            let path = format!("{}/evidence/{item}", ngo.url());
            kz.send_with(actix_web::http::Method::DELETE, &path, "*", None).await
        };
        remove(&used).await.problem(409, "conflict");
        remove(&free).await.expect(204);
    }
}
