//! Moves between countries: the organisation and its memberships are in one country on every day, whatever is back-dated or
//! corrected.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

/// Proposes a move from a day on, with the consent of the other country.
async fn proposed_move(
    app: &App,
    url: &str,
    (from, to): (&Person, (&str, &Person)),
    days: u64,
) -> String {
    let body =
        json!({"to_country": to.0, "reason": "The seat moved.", "effective_on": ago(app, days)});
    let proposal = from.propose(url, "transfer", body).await;
    app.decide(to.1, &proposal, "approved", json!({}))
        .await
        .expect(200);
    proposal
}

async fn moved(app: &App, url: &str, people: (&Person, (&str, &Person)), days: u64) {
    let proposal = proposed_move(app, url, people, days).await;
    app.decide(&app.secretariat(), &proposal, "approved", json!({}))
        .await
        .expect(200);
}

async fn no_of(person: &Person, membership: &str, kind: &str) -> Value {
    let read = person.get(membership).await.expect(200).json();
    let mut events = read["events"].as_array().unwrap().iter();
    events.find(|e| e["kind"] == kind).unwrap()["no"].clone()
}

async fn correct(person: &Person, membership: &str, day: Option<NaiveDate>) -> Answer {
    let no = no_of(person, membership, "transferred").await;
    let mut body = json!({"target_no": no, "how": "void", "reason": "The register says so."});
    if let Some(day) = day {
        body["how"] = json!("replace");
        body["effective_on"] = json!(day);
    }
    person.act(membership, "correction", body).await
}

fn proposal(answer: &Answer) -> String {
    format!("/v1/proposals/{}", answer.str("/proposal/id"))
}

/// The country of the organisation on some days before today, where the registers of these days have its members, too.
async fn countries(app: &App, url: &str, days: &[u64], members: usize) -> Vec<String> {
    let auditor = app.auditor();
    let mut found = Vec::new();
    for days in days {
        let day = ago(app, *days);
        let there = auditor.get(&format!("{url}?as_of={day}")).await.expect(200);
        let there = there.str("/country");
        for country in ["AZ", "HU", "KZ"] {
            let path = format!("/v1/reports/register?as_of={day}&country={country}");
            let counted = auditor.get(&path).await.expect(200).at("/data/members");
            let counted = counted.as_array().map(Vec::len);
            let expected = if country == there { members } else { 0 };
            assert_eq!(counted, Some(expected), "{day} {country} {there}");
        }
        found.push(there);
    }
    found
}

both! {
    async fn a_transfer_is_not_dated_before_an_earlier_one(app) {
        let (az, hu, kz) = (app.coordinator("AZ"), app.coordinator("HU"), app.coordinator("KZ"));
        let (ngo, _) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let url = ngo.url();
        moved(&app, &url, (&az, ("HU", &hu)), 20).await;
        let to_kz = |days| json!({"to_country": "KZ", "reason": "The seat moved.", "effective_on": ago(&app, days)});
        let refused = hu.act(&url, "transfer", to_kz(50)).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains(&ago(&app, 20).to_string()), "{}", refused.text());
        // Nor by the decision.
        let proposal = proposed_move(&app, &url, (&hu, ("KZ", &kz)), 10).await;
        let early = json!({"effective_on": ago(&app, 21)});
        app.decide(&app.secretariat(), &proposal, "approved", early).await.problem(409, "act_not_possible");
        assert_eq!(countries(&app, &url, &[30, 20, 0], 1).await, ["AZ", "HU", "HU"]);
        // On the same day the one that was recorded later counts.
        let same = json!({"effective_on": ago(&app, 20)});
        app.decide(&app.secretariat(), &proposal, "approved", same).await.expect(200);
        assert_eq!(countries(&app, &url, &[30, 20, 0], 1).await, ["AZ", "KZ", "KZ"]);

        let without = app.organisation("AZ").create().await.url();
        moved(&app, &without, (&az, ("HU", &hu)), 20).await;
        hu.act(&without, "transfer", to_kz(50)).await.problem(409, "act_not_possible");
        moved(&app, &without, (&hu, ("KZ", &kz)), 10).await;
        let auditor = app.auditor();
        for (days, country) in [(21, "AZ"), (20, "HU"), (10, "KZ"), (0, "KZ")] {
            let read = auditor.get(&format!("{without}?as_of={}", ago(&app, days))).await.expect(200);
            assert_eq!(read.str("/country"), country);
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_correction_by_a_membership_that_took_no_later_transfer_leaves_the_organisation_where_it_is(app) {
        let (az, hu, kz) = (app.coordinator("AZ"), app.coordinator("HU"), app.coordinator("KZ"));
        let (ngo, first) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let url = ngo.url();
        let second = app.applied_on(&az, &url, ("associate", ago(&app, 55))).await;
        moved(&app, &url, (&az, ("HU", &hu)), 40).await;
        let back = json!({"effective_on": ago(&app, 30), "reason": "They wrote."});
        hu.act(&second, "application-withdrawal", back).await.expect(200);
        moved(&app, &url, (&hu, ("KZ", &kz)), 20).await;
        let proposed = correct(&kz, &second, Some(ago(&app, 35))).await.expect(202);
        // Who took the application back wrote its revision, and another agrees.
        for officer in [&az, &app.coordinator("HU"), &app.secretariat()] {
            app.decide(officer, &proposal(&proposed), "approved", json!({})).await.expect(200);
        }
        assert_eq!(kz.get(&url).await.str("/country"), "KZ");
        assert_eq!(kz.get(&first).await.expect(200).str("/state"), "active");
        assert_eq!(countries(&app, &url, &[50, 36, 35, 21, 20, 0], 1).await, ["AZ", "AZ", "HU", "HU", "KZ", "KZ"]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_was_closed_is_not_opened_again_across_a_move(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let (ngo, _) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let url = ngo.url();
        let second = app.applied_on(&az, &url, ("associate", ago(&app, 55))).await;
        let back = json!({"effective_on": ago(&app, 30), "reason": "They wrote."});
        az.act(&second, "application-withdrawal", back).await.expect(200);
        moved(&app, &url, (&az, ("HU", &hu)), 20).await;
        // Open again, it would count in AZ on days on which the organisation was in HU.
        let no = no_of(&hu, &second, "application_withdrawn").await;
        let void = json!({"target_no": no, "how": "void", "reason": "They never wrote."});
        let refused = hu.act(&second, "correction", void).await.problem(409, "act_not_possible");
        let day = ago(&app, 20).to_string();
        assert!(refused.str("/detail").contains(&day), "{}", refused.text());
        assert_eq!(countries(&app, &url, &[50, 21, 20, 0], 1).await, ["AZ", "AZ", "HU", "HU"]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_corrected_transfer_leaves_no_later_membership_in_another_country(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let (ngo, first) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let url = ngo.url();
        moved(&app, &url, (&az, ("HU", &hu)), 40).await;
        let before = correct(&hu, &first, Some(ago(&app, 20))).await.expect(202);
        let second = app.admitted_on(&hu, &url, ("associate", ago(&app, 30))).await;
        let id = second.rsplit('/').next().unwrap().to_owned();
        app.decide(&az, &proposal(&before), "approved", json!({})).await.expect(200);
        let refused = app.decide(&app.secretariat(), &proposal(&before), "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/membership"), json!(id));
        hu.post(&format!("{}/retraction", proposal(&before)), json!({"reason": "Not so."})).await.expect(200);
        for day in [Some(ago(&app, 20)), Some(ago(&app, 29)), None] {
            let refused = correct(&hu, &first, day).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/membership"), json!(id), "{}", refused.text());
        }
        assert_eq!(countries(&app, &url, &[41, 40], 1).await, ["AZ", "HU"]);
        assert_eq!(countries(&app, &url, &[30, 0], 2).await, ["HU", "HU"]);
        // To a day until which nothing was opened it can be.
        let proposed = correct(&hu, &first, Some(ago(&app, 30))).await.expect(202);
        for officer in [&az, &app.secretariat()] {
            app.decide(officer, &proposal(&proposed), "approved", json!({})).await.expect(200);
        }
        assert_eq!(countries(&app, &url, &[31], 1).await, ["AZ"]);
        assert_eq!(countries(&app, &url, &[30, 0], 2).await, ["HU", "HU"]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn corrected_transfers_keep_their_order(app) {
        let (az, hu, kz) = (app.coordinator("AZ"), app.coordinator("HU"), app.coordinator("KZ"));
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let url = ngo.url();
        moved(&app, &url, (&az, ("HU", &hu)), 40).await;
        moved(&app, &url, (&hu, ("KZ", &kz)), 20).await;
        correct(&kz, &membership, Some(ago(&app, 10))).await.problem(409, "act_not_possible");
        correct(&kz, &membership, Some(ago(&app, 20))).await.expect(202);
        assert_eq!(countries(&app, &url, &[41, 40, 20], 1).await, ["AZ", "HU", "KZ"]);
    }
}
