//! Corrections: who may correct what, and what follows.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

async fn no_of(person: &Person, membership: &str, kind: &str) -> Value {
    let read = person.get(membership).await.expect(200).json();
    let events = read["events"].as_array().unwrap().iter().rev();
    events.clone().find(|e| e["kind"] == kind).unwrap()["no"].clone()
}

async fn void(person: &Person, membership: &str, kind: &str) -> Answer {
    let no = no_of(person, membership, kind).await;
    let body = json!({"target_no": no, "how": "void", "reason": "Recorded by mistake."});
    person.act(membership, "correction", body).await
}

/// An application in the review of this coordinator.
async fn in_review(app: &App, reviewer: &Person, country: &str) -> String {
    let ngo = app.organisation(country).create().await;
    let body = json!({"type": "full"});
    let made = reviewer
        .post(&format!("{}/memberships", ngo.url()), body)
        .await;
    let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
    for act in ["submit", "review"] {
        reviewer.act(&membership, act, json!({})).await.expect(200);
    }
    membership
}

both! {
    async fn what_was_sent_back_by_a_decision_is_corrected_by_two(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let (membership, proposal) = app.recommended(&az, &ngo.number).await;
        let (office, other) = (app.secretariat(), app.secretariat());
        app.decide(&office, &proposal, "sent_back", json!({})).await.expect(200);
        let proposed = void(&az, &membership, "returned").await.expect(202);
        assert_eq!(az.get(&membership).await.str("/state"), "returned");
        let proposal = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
        let done = app.decide(&other, &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(done.str("/membership/state"), "recommended");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn who_could_not_release_a_review_does_not_void_it(app) {
        let (az1, az2) = (app.coordinator("AZ"), app.coordinator("AZ"));
        let membership = in_review(&app, &az1, "AZ").await;
        az2.act(&membership, "release", json!({})).await.problem(403, "forbidden");
        void(&az2, &membership, "review_taken").await.problem(403, "forbidden");
        assert_eq!(az1.get(&membership).await.str("/state"), "in_review");
        void(&az1, &membership, "review_taken").await.expect(200);
        az1.act(&membership, "review", json!({})).await.expect(200);
        void(&app.secretariat(), &membership, "review_taken").await.expect(200);
        assert_eq!(az1.get(&membership).await.str("/state"), "submitted");
    }
}

both! {
    async fn what_only_the_secretariat_reassigns_only_it_corrects(app) {
        let (az1, az2) = (app.coordinator("AZ"), app.coordinator("AZ"));
        let membership = in_review(&app, &az1, "AZ").await;
        let office = app.secretariat();
        office.act(&membership, "reassignment", json!({"reviewer": az2.id})).await.expect(200);
        for coordinator in [&az1, &az2] {
            void(coordinator, &membership, "review_reassigned").await.problem(403, "forbidden");
        }
        void(&app.secretariat(), &membership, "review_reassigned").await.expect(200);
        let body = json!({"stance": "for", "reason": "Checked."});
        az1.act(&membership, "recommendation", body).await.expect(202);
    }
}

both! {
    async fn who_could_not_retract_a_recommendation_does_not_void_it(app) {
        let (az1, az2) = (app.coordinator("AZ"), app.coordinator("AZ"));
        let ngo = app.organisation("AZ").create().await;
        let (membership, proposal) = app.recommended(&az2, &ngo.number).await;
        for other in [&az1, &app.secretariat()] {
            void(other, &membership, "recommended").await.problem(403, "forbidden");
        }
        assert_eq!(az2.get(&proposal).await.str("/status"), "open");
        void(&az2, &membership, "recommended").await.expect(200);
        assert_eq!(az2.get(&membership).await.str("/state"), "in_review");
    }
}

both! {
    async fn what_a_reviewer_who_is_gone_recorded_others_correct(app) {
        let (gone, here) = (app.coordinator("AZ"), app.coordinator("AZ"));
        let membership = in_review(&app, &gone, "AZ").await;
        let body = json!({"questions": "Where is the extract?"});
        gone.act(&membership, "return", body).await.expect(200);
        void(&here, &membership, "returned").await.problem(403, "forbidden");
        let disable = json!({"status": "disabled"});
        app.secretariat().patch(&format!("/v1/users/{}", gone.id), disable).await.expect(200);
        void(&here, &membership, "returned").await.expect(200);
        assert_eq!(here.get(&membership).await.str("/state"), "in_review");
    }
}

both! {
    async fn the_day_of_a_merge_across_a_border_is_corrected_by_officers_of_both_countries(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let (goes_on, _) = app.member_since("HU", json!({"effective_on": ago(&app, 40)})).await;
        let (ends, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 30)})).await;
        let merge = az.propose(&ends.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&hu, &merge, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        let no = no_of(&az, &membership, "merged").await;
        let day = ago(&app, 10);
        let replace = json!({"target_no": no, "how": "replace", "effective_on": day, "reason": "The minutes name it."});
        let proposal = az.propose(&membership, "correction", replace).await;
        let early = app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(early.at("/missing"), json!(["HU"]));
        app.decide(&hu, &proposal, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let read = hu.get(&goes_on.url()).await.expect(200);
        assert_eq!(read.at("/predecessors/0/merged_on"), json!(day));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

/// Corrects an event of a membership that crossed a border, with everybody whom that takes.
async fn corrected(app: &App, people: (&Person, &Person), membership: &str, body: Value) {
    let (proposer, other) = people;
    let proposal = proposer.propose(membership, "correction", body).await;
    for officer in [other, &app.secretariat()] {
        app.decide(officer, &proposal, "approved", json!({}))
            .await
            .expect(200);
    }
}

both! {
    async fn a_corrected_transfer_moves_the_organisation_in_the_past_too(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let move_to = json!({"to_country": "HU", "reason": "The seat moved.", "effective_on": ago(&app, 30)});
        let transfer = az.propose(&ngo.url(), "transfer", move_to).await;
        for officer in [&hu, &app.secretariat()] {
            app.decide(officer, &transfer, "approved", json!({})).await.expect(200);
        }
        let auditor = app.auditor();
        let country = async |days: u64| {
            let day = ago(&app, days);
            let path = format!("{}?as_of={day}", ngo.url());
            let there = auditor.get(&path).await.expect(200).str("/country");
            // The reports have members where the organisation is.
            let path = format!("/v1/reports/register?as_of={day}&country={there}");
            let members = auditor.get(&path).await.expect(200).at("/data/members");
            assert_eq!(members.as_array().map(Vec::len), Some(1), "{day} {there}");
            there
        };
        let countries = async |days: [u64; 3]| [country(days[0]).await, country(days[1]).await, country(days[2]).await];
        assert_eq!(countries([31, 30, 0]).await, ["AZ", "HU", "HU"]);
        let no = no_of(&hu, &membership, "transferred").await;
        let to = |days| json!({"target_no": no, "how": "replace", "effective_on": ago(&app, days), "reason": "The register names it."});
        corrected(&app, (&hu, &az), &membership, to(10)).await;
        assert_eq!(countries([20, 11, 10]).await, ["AZ", "AZ", "HU"]);
        corrected(&app, (&hu, &az), &membership, to(45)).await;
        assert_eq!(countries([46, 45, 0]).await, ["AZ", "HU", "HU"]);
        let void = json!({"target_no": no, "how": "void", "reason": "It never moved."});
        corrected(&app, (&hu, &az), &membership, void).await;
        assert_eq!(countries([45, 30, 0]).await, ["AZ", "AZ", "AZ"]);
        assert_eq!(app.get(&ngo.url()).await.str("/country"), "AZ");
        let voided = no_of(&az, &membership, "corrected").await;
        let again = json!({"target_no": voided, "how": "void", "reason": "It did move."});
        corrected(&app, (&az, &hu), &membership, again).await;
        assert_eq!(countries([46, 45, 0]).await, ["AZ", "HU", "HU"]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn until_the_corrected_day_of_its_merge_an_organisation_answers_for_itself(app) {
        let az = app.coordinator("AZ");
        let (goes_on, _) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let (ends, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 50)})).await;
        let merge = json!({"successor": goes_on.number, "reason": "Voted.", "effective_on": ago(&app, 30)});
        let merge = az.propose(&ends.url(), "merge", merge).await;
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        let auditor = app.auditor();
        let status = async |days| auditor.get(&format!("{}?as_of={}", ends.url(), ago(&app, days))).await.status;
        assert_eq!((status(31).await, status(20).await), (200, 307));
        let no = no_of(&az, &membership, "merged").await;
        let replace = json!({"target_no": no, "how": "replace", "effective_on": ago(&app, 10), "reason": "The minutes name it."});
        let proposal = az.propose(&membership, "correction", replace).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!((status(20).await, status(10).await, status(0).await), (200, 307, 307));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn nothing_is_opened_for_a_day_on_which_the_organisation_was_in_another_country(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let ngo = app.organisation("AZ").create().await;
        let transfer = az.propose(&ngo.url(), "transfer", json!({"to_country": "HU", "reason": "The seat moved."})).await;
        for officer in [&hu, &app.secretariat()] {
            app.decide(officer, &transfer, "approved", json!({})).await.expect(200);
        }
        let early = json!({"type": "full", "effective_on": ago(&app, 30), "reason": "Found in the archive."});
        let refused = hu.post(&format!("{}/memberships", ngo.url()), early).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("was in AZ"), "{}", refused.text());
        let (_, proposal) = app.recommended(&hu, &ngo.number).await;
        let early = json!({"effective_on": ago(&app, 30)});
        app.decide(&app.secretariat(), &proposal, "approved", early).await.problem(409, "act_not_possible");
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

/// An item of an organisation's evidence.
async fn evidence(app: &App, person: &Person, url: &str) -> Value {
    let tag = person.tag(url).await;
    let body = json!({"kind": "decision", "issuer": "Sample court", "issued_on": app.today(), "sha256": "ab".repeat(32)});
    let made = person
        .post_seen(&format!("{url}/evidence"), Some(&tag), body)
        .await;
    made.expect(201).at("/id")
}

both! {
    async fn a_replaced_reason_shows_and_stays_until_it_is_replaced(app) {
        let (ngo, membership) = app.member("KG").await;
        let kg = app.coordinator("KG");
        let item = evidence(&app, &kg, &ngo.url()).await;
        kg.act(&membership, "withdrawal", json!({"reason": "The first letter."})).await.expect(200);
        let no = no_of(&kg, &membership, "withdrawn").await;
        let replace = async |more: Value| {
            let mut body = json!({"target_no": no, "how": "replace", "effective_on": app.today(), "reason": "Read again."});
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            let done = kg.act(&membership, "correction", body).await.expect(200);
            let events = done.at("/membership/events").as_array().unwrap().clone();
            (events[usize::try_from(no.as_i64().unwrap() - 1).unwrap()].clone(), events.last().unwrap().clone())
        };
        let (event, correction) = replace(json!({"new_reason": "The second letter."})).await;
        assert_eq!((&event["reason"], &event["holds_reason"]), (&json!("The first letter."), &json!("The second letter.")));
        assert_eq!(correction["replacement"], json!({"reason": "The second letter.", "evidence": []}));
        let (event, correction) = replace(json!({"new_evidence": [item]})).await;
        assert_eq!((&event["holds_reason"], &event["holds_evidence"]), (&json!("The second letter."), &json!([item])));
        assert_eq!(correction["replacement"], json!({"reason": "The second letter.", "evidence": [item]}));
    }
}

both! {
    async fn an_admission_rests_on_the_evidence_of_its_recommendation(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let item = evidence(&app, &az, &ngo.url()).await;
        let made = az.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await;
        let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
        for act in ["submit", "review"] {
            az.act(&membership, act, json!({})).await.expect(200);
        }
        let body = json!({"stance": "for", "reason": "Checked.", "evidence": [item]});
        let proposal = az.propose(&membership, "recommendation", body).await;
        let done = app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let events = done.at("/membership/events");
        assert_eq!(events[4]["kind"], "admitted");
        assert_eq!(events[4]["evidence"], json!([item]));
        let path = format!("/v1/reports/decisions/exceptions?from={0}&to={0}&kind=without_evidence", app.today());
        let listed = app.auditor().get(&path).await.expect(200);
        assert!(!listed.text().contains(&ngo.number), "{}", listed.text());
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_corrected_transfer_asks_the_countries_of_its_own_though_the_organisation_has_moved_on(app) {
        let (az, hu, kz) = (app.coordinator("AZ"), app.coordinator("HU"), app.coordinator("KZ"));
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        for (from, to, other, days) in [(&az, "HU", &hu, 40), (&hu, "KZ", &kz, 20)] {
            let body = json!({"to_country": to, "reason": "The seat moved.", "effective_on": ago(&app, days)});
            let proposal = from.propose(&ngo.url(), "transfer", body).await;
            for officer in [other, &app.secretariat()] {
                app.decide(officer, &proposal, "approved", json!({})).await.expect(200);
            }
        }
        let read = kz.get(&membership).await.expect(200).at("/events");
        let mut events = read.as_array().unwrap().iter();
        let no = events.find(|e| e["kind"] == "transferred").unwrap()["no"].clone();
        let void = json!({"target_no": no, "how": "void", "reason": "It went to Kazakhstan at once."});
        let proposed = kz.act(&membership, "correction", void.clone()).await.expect(202);
        assert_eq!(proposed.at("/proposal/what/needs"), json!(["AZ", "HU"]));
        let path = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
        let tasks = async |person: &Person| {
            let tasks = person.get("/v1/tasks").await.expect(200).at("/items");
            tasks.as_array().unwrap().iter().filter(|t| t["kind"] == "consent").count()
        };
        for person in [&az, &hu] {
            assert_eq!(tasks(person).await, 1);
            let listed = person.get("/v1/proposals?status=open").await.expect(200);
            assert_eq!(listed.at("/items/0/id"), proposed.at("/proposal/id"));
        }
        app.coordinator("KG").get(&path).await.problem(404, "not_found");
        app.decide(&hu, &path, "approved", json!({})).await.expect(200);
        let early = app.decide(&app.secretariat(), &path, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(early.at("/missing"), json!(["AZ"]));
        // As with the transfer itself, who is asked may say no.
        app.decide(&az, &path, "refused", json!({})).await.expect(200);
        assert_eq!(kz.get(&path).await.str("/status"), "refused");
        let again = kz.propose(&membership, "correction", void).await;
        for officer in [&az, &hu, &app.secretariat()] {
            app.decide(officer, &again, "approved", json!({})).await.expect(200);
        }
        let read = kz.get(&format!("{}?as_of={}", ngo.url(), ago(&app, 30))).await.expect(200);
        assert_eq!(read.str("/country"), "AZ");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
