//! Who is no second officer, and what a second officer does not decide on: whatever was not there when it was proposed.

use ots_registry::db::Id;
use ots_registry::db::schema::users;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

/// Recommends an application anew; gives the proposal's address.
async fn recommend(person: &Person, membership: &str) -> String {
    let body = json!({"stance": "for", "reason": "The register extract was checked."});
    person.propose(membership, "recommendation", body).await
}

fn a_name() -> String {
    format!("Front of Somebody Else {}", Id::random().unwrap())
}

/// Changes what an organisation is told by, in a way that `what` names.
async fn change(person: &Person, url: &str, what: &str) {
    match what {
        "its name" => {
            let body = json!({"kind": "legal", "text": a_name()});
            person.act(url, "names", body).await.expect(201);
        }
        "one name more" => {
            let body = json!({"kind": "alias", "text": a_name()});
            person.act(url, "names", body).await.expect(201);
        }
        "an identifier" => {
            let body = json!({"scheme": "WIKIDATA", "value": "Q4115189"});
            let made = person.act(url, "identifiers", body).await.expect(201);
            assert_eq!(made.str("/scheme"), "WIKIDATA");
        }
        "its city" => {
            person
                .patch(url, json!({"city": "Talas"}))
                .await
                .expect(200);
        }
        "its form" => {
            person
                .patch(url, json!({"legal_form": "Other form"}))
                .await
                .expect(200);
        }
        _ => {
            let body = json!({"website": "https://else.example"});
            person.patch(url, body).await.expect(200);
        }
    }
}

both! {
    async fn what_was_not_recommended_is_not_admitted(app) {
        for what in ["its name", "one name more", "an identifier", "its city", "its form", "its website"] {
            let ngo = app.organisation("KG").create().await;
            let (kg, office) = (app.coordinator("KG"), app.secretariat());
            let (membership, proposal) = app.recommended(&kg, &ngo.number).await;
            let read = office.get(&proposal).await.expect(200);
            assert_eq!(read.str("/status"), "open");
            change(&kg, &ngo.url(), what).await;
            assert_eq!(office.get(&proposal).await.str("/status"), "fallen", "{what}");
            let decision = json!({"outcome": "approved", "reason": "As recommended.", "revision": read.at("/revision")});
            let before = app.db_dump();
            office.post(&format!("{proposal}/decision"), decision).await.problem(409, "act_not_possible");
            app.assert_same(&before, what);
            assert_eq!(kg.get(&membership).await.str("/state"), "recommended");
            app.get(&ngo.url()).await.problem(404, "not_found");
            let possible = |read: &Value| read.as_array().unwrap().iter().any(|act| act == "recommend");
            assert!(possible(&kg.get(&membership).await.at("/possible")), "{what}");
            // Recommended as it is now, it can be decided.
            let anew = recommend(&kg, &membership).await;
            app.decide(&office, &anew, "approved", json!({})).await.expect(200);
            assert_eq!(kg.get(&proposal).await.str("/status"), "fallen");
            // So with whatever is proposed about the membership.
            let suspension = kg.propose(&membership, "suspension", json!({"reason": "Reports are missing."})).await;
            kg.act(&ngo.url(), "names", json!({"kind": "legal", "text": a_name()})).await.expect(201);
            app.decide_in_vain(&app.secretariat(), &suspension, "approved").await.problem(409, "act_not_possible");
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn whoever_changed_the_record_since_the_proposal_does_not_decide_it(app) {
        let ngo = app.organisation("KG").create().await;
        let (kg, office) = (app.coordinator("KG"), app.secretariat());
        let (membership, proposal) = app.recommended(&kg, &ngo.number).await;
        // The own edit of what the organisation is told by makes the proposal fall; any other is an own edit all the same.
        office.act(&ngo.url(), "names", json!({"kind": "legal", "text": a_name()})).await.expect(201);
        app.decide_in_vain(&office, &proposal, "approved").await.problem(409, "act_not_possible");
        let proposal = recommend(&kg, &membership).await;
        office.patch(&ngo.url(), json!({"descriptions": [{"language": "en", "text": "Another purpose."}]})).await.expect(200);
        assert_eq!(kg.get(&proposal).await.str("/status"), "open");
        assert!(!kinds(&office).await.contains(&"decide".to_owned()));
        app.decide_in_vain(&office, &proposal, "approved").await.problem(403, "second_officer_needed");
        let other = app.secretariat();
        assert!(kinds(&other).await.contains(&"decide".to_owned()));
        app.decide(&other, &proposal, "approved", json!({})).await.expect(200);
    }
}

/// The kinds of somebody's tasks.
async fn kinds(person: &Person) -> Vec<String> {
    let tasks = person.get("/v1/tasks").await.expect(200).at("/items");
    let kind = |task: &Value| task["kind"].as_str().unwrap().to_owned();
    tasks.as_array().unwrap().iter().map(kind).collect()
}

/// An application that one person opens, another one submits and a coordinator recommends; gives the membership's and the proposal's
/// address.
async fn applied(app: &App, opens: &Person, submits: &Person) -> (String, String) {
    let ngo = app.organisation("KG").create().await;
    let kg = app.coordinator("KG");
    let path = format!("{}/memberships", ngo.url());
    let made = opens.post(&path, json!({"type": "full"})).await.expect(201);
    let membership = format!("/v1/memberships/{}", made.str("/id"));
    submits
        .act(&membership, "submit", json!({}))
        .await
        .expect(200);
    kg.act(&membership, "review", json!({})).await.expect(200);
    let proposal = recommend(&kg, &membership).await;
    (membership, proposal)
}

both! {
    async fn nobody_decides_the_own_application(app) {
        use diesel::prelude::*;
        let (office, tied, other) = (app.secretariat(), app.secretariat(), app.secretariat());
        diesel::update(users::table.filter(users::id.eq(tied.id))).set(users::invited_by.eq(office.id)).execute(&mut app.db_conn()).unwrap();
        let kg = app.coordinator("KG");
        for (opens, submits) in [(&office, &kg), (&kg, &office), (&office, &office)] {
            let (membership, proposal) = applied(&app, opens, submits).await;
            for own in [&office, &tied] {
                for outcome in ["approved", "refused", "sent_back"] {
                    app.decide_in_vain(own, &proposal, outcome).await.problem(403, "second_officer_needed");
                }
                let possible = own.get(&membership).await.at("/possible");
                assert!(!possible.as_array().unwrap().iter().any(|act| act == "approve"), "{possible}");
                assert!(!kinds(own).await.contains(&"decide".to_owned()));
            }
            assert!(kinds(&other).await.contains(&"decide".to_owned()));
            assert_eq!(kg.get(&membership).await.str("/state"), "recommended");
            app.decide(&other, &proposal, "approved", json!({})).await.expect(200);
            assert_eq!(kg.get(&membership).await.str("/state"), "active");
        }
    }
}
