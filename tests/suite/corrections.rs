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
