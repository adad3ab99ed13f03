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
