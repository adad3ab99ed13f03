//! What a refusal says about an organisation as a whole: the acts on it that are possible, for whoever asks.

use chrono::Days;
use serde_json::json;

use crate::both;
use crate::kit::{Answer, App, Person};

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
        assert_eq!(left(&refused), ["correct"], "its end is an event of its memberships");
        let refused = az.act(&url, "dissolution-withdrawal", nothing).await.problem(409, "act_not_possible");
        assert_eq!(left(&refused), ["correct"]);
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
        let any = json!({"reason": "Voted.", "to_country": "TR", "successor": goes_on.number, "type": "full"});
        for (act, members) in [("transfer", &["reason", "to_country"][..]), ("merge", &["reason", "successor"]), ("dissolution", &["reason"]), ("dissolution-withdrawal", &["reason"])] {
            let body: serde_json::Value = members.iter().map(|m| ((*m).to_owned(), any[*m].clone())).collect();
            let refused = kz.post_seen(&format!("{}/{act}", ends.url()), Some("*"), body).await.problem(409, "conflict");
            assert_eq!((left(&refused), refused.str("/successor")), (vec!["unmerge".to_owned()], goes_on.number.clone()), "{act}");
        }
        let refused = kz.post(&format!("{}/memberships", ends.url()), json!({"type": "full"})).await.problem(409, "conflict");
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
        // Who is asked agrees once, and can say no until it is decided.
        let kz = app.coordinator("KZ");
        app.decide(&kz, &proposal, "approved", json!({})).await.expect(200);
        let again = app.decide(&kz, &proposal, "approved", json!({})).await.problem(409, "conflict");
        assert_eq!(left(&again), ["refuse", "send_back"]);
        let refused = az.act(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "Elsewhere."})).await.problem(409, "conflict");
        assert_eq!(left(&refused), ["apply", "dissolve"], "nobody decides the own proposal");
        let office = app.secretariat();
        let refused = office.act(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "Elsewhere."})).await.problem(409, "conflict");
        assert_eq!(left(&refused), ["approve", "refuse", "send_back", "apply", "dissolve"]);
        app.decide(&kz, &proposal, "refused", json!({})).await.expect(200);
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
    async fn a_second_officer_is_told_that_a_proposal_can_be_decided(app) {
        let (_, membership) = app.member("TM").await;
        let (tm, office) = (app.coordinator("TM"), app.secretariat());
        let decisions = async |person: &Person| {
            let all = left(&person.get(&membership).await.expect(200));
            all.into_iter().filter(|act| ["approve", "refuse", "send_back"].contains(&act.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(decisions(&office).await, Vec::<String>::new());
        let proposal = tm.propose(&membership, "suspension", json!({"reason": "No report."})).await;
        for person in [&tm, &app.coordinator("TM"), &app.auditor()] {
            assert_eq!(decisions(person).await, Vec::<String>::new());
        }
        assert_eq!(decisions(&office).await, ["approve", "refuse", "send_back"]);
        let early = json!({"effective_on": app.today() - Days::new(60)});
        let refused = app.decide(&office, &proposal, "approved", early).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/possible"), office.get(&membership).await.at("/possible"));
        app.decide(&office, &proposal, "refused", json!({})).await.expect(200);
        assert_eq!(decisions(&office).await, Vec::<String>::new());
    }
}

both! {
    async fn whoever_is_asked_for_a_correction_is_told_what_is_corrected(app) {
        let (ngo, membership) = app.member("KZ").await;
        let (kz, uz, office) = (app.coordinator("KZ"), app.coordinator("UZ"), app.secretariat());
        let moved = kz.propose(&ngo.url(), "transfer", json!({"to_country": "UZ", "reason": "The seat moved."})).await;
        app.decide(&uz, &moved, "approved", json!({})).await.expect(200);
        app.decide(&office, &moved, "approved", json!({})).await.expect(200);
        let no = uz.get(&membership).await.expect(200).at("/events").as_array().unwrap().len();
        let void = json!({"target_no": no, "how": "void", "reason": "It stayed."});
        let proposal = uz.propose(&membership, "correction", void).await;
        let told = kz.get(&proposal).await.expect(200).at("/what/corrects");
        assert_eq!(told, json!({"kind": "transferred", "to_country": "UZ", "effective_on": app.today()}));
    }
}

both! {
    async fn a_page_of_proposals_is_full_where_there_are_more(app) {
        let az = app.coordinator("AZ");
        let mut fallen = Vec::new();
        for n in 0..6 {
            let (_, membership) = app.member("AZ").await;
            let proposal = az.propose(&membership, "suspension", json!({"reason": "No report."})).await;
            // Every second one falls by another act, which no row tells.
            if n % 2 == 0 {
                az.act(&membership, "withdrawal", json!({"reason": "The letter."})).await.expect(200);
                fallen.push(proposal);
            }
        }
        for (status, all) in [("fallen", 3), ("open", 3)] {
            let (mut next, mut sizes) = (String::new(), Vec::new());
            loop {
                let page = az.get(&format!("/v1/proposals?status={status}&limit=2{next}")).await.expect(200);
                sizes.push(page.at("/items").as_array().unwrap().len());
                match page.at("/page/next").as_str() {
                    Some(cursor) => next = format!("&cursor={cursor}"),
                    None => break,
                }
            }
            assert_eq!((sizes.iter().sum::<usize>(), sizes), (all, vec![2, 1]), "{status}");
        }
        assert_eq!(fallen.len(), 3);
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
