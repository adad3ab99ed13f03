//! How memberships and organisations end: what is said of it, how it is taken back, and how it shows.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
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
    async fn a_letter_of_withdrawal_is_confirmed_by_a_reason_or_evidence(app) {
        let (ngo, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let refused = az.act(&membership, "withdrawal", json!({})).await.problem(422, "invalid_field");
        assert_eq!(refused.at("/fields/0/pointer"), json!("/reason"));
        assert_eq!(az.get(&membership).await.str("/state"), "active");
        let letter = evidence(&app, &az, &ngo.url()).await;
        let done = az.act(&membership, "withdrawal", json!({"evidence": [letter]})).await.expect(200);
        assert_eq!(done.str("/state"), "withdrawn");
        // A correction does not take it away.
        let no = done.at("/events").as_array().unwrap().last().unwrap()["no"].clone();
        let bare = json!({"target_no": no, "how": "replace", "effective_on": app.today(), "reason": "Read again.", "new_evidence": []});
        let refused = az.act(&membership, "correction", bare.clone()).await.problem(422, "invalid_field");
        assert_eq!(refused.at("/fields/0/pointer"), json!("/new_evidence"));
        let mut told = bare;
        told["new_reason"] = json!("The member's letter, by telephone confirmed.");
        az.act(&membership, "correction", told).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_dissolution_that_closed_nothing_is_taken_back(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let url = ngo.url();
        az.act(&url, "dissolution-withdrawal", json!({"reason": "It goes on."})).await.problem(409, "act_not_possible");
        let done = az.act(&url, "dissolution", json!({"effective_on": ago(&app, 10), "reason": "Struck off."})).await.expect(200);
        assert_eq!(done.at("/closed"), json!(0));
        let apply = async || az.post(&format!("{url}/memberships"), json!({"type": "full"})).await;
        let refused = apply().await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("dissolved"), "{}", refused.text());
        // Another country's officer neither knows of it nor takes it back; a reason is needed.
        let tag = az.tag(&url).await;
        let back = format!("{url}/dissolution-withdrawal");
        let reason = json!({"reason": "It was another organisation of this name."});
        app.coordinator("KZ").post_seen(&back, Some(&tag), reason.clone()).await.problem(404, "not_found");
        az.post_seen(&back, Some(&tag), json!({})).await.expect(422);
        az.post_seen(&back, Some(&tag), reason).await.expect(200);
        // The journal says why, and that the first entry does not hold.
        let history = app.auditor().get("/v1/journal?action=organisation.corrected").await.expect(200).text();
        assert!(history.contains("another organisation of this name") && history.contains("restates"), "{history}");
        // Of another day it is recorded again, and what closes something is corrected there.
        let applied = apply().await.expect(201);
        az.act(&url, "dissolution", json!({"effective_on": ago(&app, 3), "reason": "Struck off."})).await.expect(200);
        let refused = az.act(&url, "dissolution-withdrawal", json!({"reason": "It goes on."})).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/membership"), applied.at("/id"));
        let void = json!({"target_no": refused.at("/events/0"), "how": "void", "reason": "It goes on."});
        az.act(&format!("/v1/memberships/{}", applied.str("/id")), "correction", void).await.expect(200);
        az.act(&url, "dissolution-withdrawal", json!({"reason": "It goes on."})).await.problem(409, "act_not_possible");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_former_member_that_was_dissolved_by_mistake_can_come_back(app) {
        let (ngo, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        az.act(&membership, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
        az.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.expect(200);
        let back = json!({"reason": "Paid again."});
        az.act(&membership, "reinstatement", back.clone()).await.problem(409, "act_not_possible");
        az.act(&ngo.url(), "dissolution-withdrawal", json!({"reason": "It goes on."})).await.expect(200);
        let done = app.decided(&az, &membership, "reinstatement", back).await;
        assert_eq!(done.str("/membership/state"), "active");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_transfer_without_a_membership_is_undone_by_one_the_other_way_of_the_same_day(app) {
        let (az, kg) = (app.coordinator("AZ"), app.coordinator("KG"));
        let ngo = app.organisation("AZ").create().await;
        let day = ago(&app, 5);
        for (from, to, country) in [(&az, &kg, "KG"), (&kg, &az, "AZ")] {
            let body = json!({"to_country": country, "reason": "The seat moved.", "effective_on": day});
            let proposal = from.propose(&ngo.url(), "transfer", body).await;
            for officer in [to, &app.secretariat()] {
                app.decide(officer, &proposal, "approved", json!({})).await.expect(200);
            }
        }
        for days in [6, 5, 4, 0] {
            let path = format!("{}?as_of={}", ngo.url(), ago(&app, days));
            assert_eq!(az.get(&path).await.expect(200).str("/country"), "AZ", "{days}");
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_membership_that_went_on_with_another_type_does_not_stand_twice(app) {
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 30)})).await;
        let az = app.coordinator("AZ");
        let change = json!({"to": "observer", "reason": "Voted.", "effective_on": ago(&app, 10)});
        app.decided(&az, &membership, "type-change", change).await;
        let listed = json!([
            {"type": "full", "standing": "type_changed", "member": false, "since": ago(&app, 30), "until": ago(&app, 10)},
            {"type": "observer", "standing": "active", "member": true, "since": ago(&app, 10), "until": null},
        ]);
        assert_eq!(app.get(&ngo.url()).await.expect(200).at("/memberships"), listed);
        assert_eq!(app.get(&format!("{}/memberships", ngo.url())).await.expect(200).at("/items"), listed);
        let found = app.get("/v1/organisations?country=AZ").await.expect(200);
        assert_eq!(found.at("/items/0/memberships"), listed);
        // On the day before it stood, and was to be seen so.
        let then = app.get(&format!("{}?as_of={}", ngo.url(), ago(&app, 11))).await.expect(200);
        assert_eq!(then.at("/memberships"), json!([{"type": "full", "standing": "active", "member": true, "since": ago(&app, 30), "until": null}]));
        let page = app.get(&format!("/organisations/{}", ngo.number)).await.expect(200).text();
        assert!(page.contains("<span class=\"state past\">Changed to another type</span>"), "{page}");
        // Who leaves on the day of the change has left, and stands nowhere.
        let (left, other) = app.member_since("AZ", json!({"effective_on": ago(&app, 30)})).await;
        let change = json!({"to": "observer", "reason": "Voted.", "effective_on": ago(&app, 10)});
        app.decided(&az, &other, "type-change", change).await;
        az.act(&other, "withdrawal", json!({"effective_on": ago(&app, 10), "reason": "The letter."})).await.expect(200);
        let ended = json!([{"type": "full", "standing": "withdrawn", "member": false, "since": ago(&app, 30), "until": ago(&app, 10)}]);
        assert_eq!(app.get(&left.url()).await.expect(200).at("/memberships"), ended);
    }
}

both! {
    async fn what_has_ended_names_no_act_that_would_open_it_again(app) {
        let az = app.coordinator("AZ");
        let (goes_on, _) = app.member_since("AZ", json!({"effective_on": ago(&app, 40)})).await;
        for ends in ["dissolution", "merge"] {
            let (ngo, membership) = app.member("AZ").await;
            az.act(&membership, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
            let possible = async || az.get(&membership).await.expect(200).at("/possible");
            assert_eq!(possible().await, json!(["reinstate", "transfer", "dissolve", "merge", "correct"]));
            let back = az.propose(&membership, "reinstatement", json!({"reason": "Paid again."})).await;
            if ends == "merge" {
                let merge = az.propose(&ngo.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
                app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
            } else {
                az.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.expect(200);
            }
            assert_eq!(possible().await, json!(["correct"]));
            let refused = az.act(&membership, "reinstatement", json!({"reason": "Paid."})).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/possible"), json!(["correct"]));
            assert_eq!(refused.at("/membership"), az.get(&membership).await.at("/id"));
            // The open proposal to take it back has fallen, and waits for nobody.
            assert_eq!(az.get(&back).await.str("/status"), "fallen");
            assert_eq!(az.get(&membership).await.at("/proposal"), Value::Null);
            let tasks = app.secretariat().get("/v1/tasks").await.expect(200);
            assert!(!tasks.text().contains(back.rsplit('/').next().unwrap()), "{}", tasks.text());
        }
    }
}
