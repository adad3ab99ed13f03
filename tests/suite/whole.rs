//! What a refusal says about an organisation as a whole: the acts on it that are possible, for whoever asks.

use chrono::Days;
use serde_json::json;

use crate::both;
use crate::kit::{Answer, App};

/// The acts that a refusal names.
fn left(refused: &Answer) -> Vec<String> {
    let words = refused.at("/possible");
    let words = words.as_array().unwrap().iter();
    words.map(|act| act.as_str().unwrap().to_owned()).collect()
}

async fn dissolved(app: &App, country: &str) -> String {
    let ngo = app.organisation(country).create().await;
    let officer = app.coordinator(country);
    let body = json!({"reason": "Struck off."});
    officer
        .act(&ngo.url(), "dissolution", body)
        .await
        .expect(200);
    ngo.url()
}

both! {
    async fn a_refused_act_on_an_organisation_says_what_is_possible_there(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let url = ngo.url();
        let nothing = json!({"reason": "Nothing to undo."});
        let refused = az.act(&url, "unmerge", nothing.clone()).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), ["apply", "transfer", "merge", "dissolve"]);
        let refused = az.act(&url, "dissolution-withdrawal", nothing.clone()).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), ["apply", "transfer", "merge", "dissolve"]);
        // Beside an open proposal no other is opened, and one of each type is all that can be applied for.
        for kind in ["full", "associate", "observer"] {
            az.post(&format!("{url}/memberships"), json!({"type": kind})).await.expect(201);
        }
        let moves = json!({"to_country": "KZ", "reason": "The seat moved."});
        az.propose(&url, "transfer", moves.clone()).await;
        let refused = az.act(&url, "transfer", moves).await.problem(409, "conflict");
        assert_eq!(left(&refused), ["dissolve"]);
        az.act(&url, "dissolution", json!({"reason": "Struck off."})).await.expect(200);
        let refused = az.act(&url, "dissolution", json!({"reason": "Struck off."})).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), Vec::<String>::new(), "its end is an event of its memberships");
        let bare = dissolved(&app, "AZ").await;
        assert_eq!(az.get(&bare).await.at("/private/dissolved_on"), json!(app.today()));
        let refused = az.post(&format!("{bare}/memberships"), json!({"type": "full"})).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), ["withdraw_dissolution"]);
    }
}

both! {
    async fn of_a_merged_organisation_its_undoing_is_all_that_is_possible(app) {
        let kz = app.coordinator("KZ");
        let (goes_on, _) = app.member("KZ").await;
        let ends = app.organisation("KZ").create().await;
        let merge = kz.propose(&ends.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        let refused = app.decide(&app.secretariat(), &merge, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), ["unmerge"]);
    }
}

both! {
    async fn what_waits_for_a_country_can_be_refused_and_sent_back(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        app.coordinator("KZ");
        let proposal = az.propose(&ngo.url(), "transfer", json!({"to_country": "KZ", "reason": "The seat moved."})).await;
        let refused = app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!((left(&refused), refused.at("/missing")), (vec!["refuse".to_owned(), "send_back".to_owned()], json!(["KZ"])));
        app.decide(&app.secretariat(), &proposal, "sent_back", json!({})).await.expect(200);
    }
}

both! {
    async fn a_second_application_is_told_which_membership_is_in_its_way(app) {
        let (ngo, membership) = app.member("HU").await;
        let hu = app.coordinator("HU");
        let refused = hu.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.problem(409, "act_not_possible");
        assert_eq!(format!("/v1/memberships/{}", refused.str("/membership")), membership);
        assert_eq!(left(&refused), ["apply", "transfer", "merge", "dissolve"]);
        assert_eq!(hu.get(&format!("{}/memberships", ngo.url())).await.at("/ids").as_array().unwrap().len(), 1);
    }
}

both! {
    async fn a_membership_offers_no_proposal_beside_an_open_one_about_its_organisation(app) {
        let (ngo, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        let offered = async || {
            let read = tr.get(&membership).await.expect(200);
            ["transfer", "merge", "dissolve", "suspend"].map(|act| read.at("/possible").as_array().unwrap().contains(&json!(act)))
        };
        assert_eq!(offered().await, [true; 4]);
        let proposal = tr.propose(&ngo.url(), "transfer", json!({"to_country": "KZ", "reason": "The seat moved."})).await;
        assert_eq!(offered().await, [false, false, true, true]);
        tr.post(&format!("{proposal}/retraction"), json!({"reason": "Too early."})).await.expect(200);
        assert_eq!(offered().await, [true; 4]);
    }
}

both! {
    async fn what_a_membership_could_not_take_is_refused_when_it_is_proposed_with_all_that_is_possible(app) {
        let day = |days| app.today() - Days::new(days);
        let (ngo, membership) = app.member_since("UZ", json!({"effective_on": day(40)})).await;
        let (goes_on, _) = app.member_since("UZ", json!({"effective_on": day(40)})).await;
        let uz = app.coordinator("UZ");
        app.decided(&uz, &membership, "suspension", json!({"effective_on": day(5), "reason": "No report."})).await;
        let possible = uz.get(&membership).await.at("/possible");
        let early = json!({"effective_on": day(10), "reason": "Late news."});
        let mut moved = early.clone();
        moved["to_country"] = json!("KZ");
        let mut merged = early.clone();
        merged["successor"] = json!(goes_on.number);
        for (act, body) in [("dissolution", early), ("merge", merged)] {
            let refused = uz.act(&ngo.url(), act, body).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/possible"), possible, "{act}: {}", refused.text());
            assert_eq!(format!("/v1/memberships/{}", refused.str("/membership")), membership);
            assert_eq!(refused.at("/events").as_array().unwrap().len(), 1);
        }
        // Moved on an earlier day it is suspended there.
        uz.act(&ngo.url(), "transfer", moved).await.expect(202);
        assert_eq!(uz.get(&ngo.url()).await.at("/private/dissolved_on"), json!(null));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
