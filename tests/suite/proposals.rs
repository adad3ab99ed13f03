//! Acts that take several people: who they are, what they say, and how an open proposal shows.

use chrono::{Days, NaiveDate};
use ots_registry::auth::Role;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

async fn no_of(person: &Person, membership: &str, kind: &str) -> Value {
    let read = person.get(membership).await.expect(200).json();
    let events = read["events"].as_array().unwrap();
    events.iter().find(|e| e["kind"] == kind).unwrap()["no"].clone()
}

/// The acts that the membership says are possible for somebody.
async fn possible(person: &Person, membership: &str) -> Value {
    person.get(membership).await.expect(200).at("/possible")
}

both! {
    async fn whoever_agreed_for_a_country_does_not_decide_from_the_office(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::users;
        let (az, kg) = (app.coordinator("AZ"), app.coordinator("KG"));
        // Another one who can agree, so that the country is asked further on.
        let stays = app.coordinator("KG");
        let office = app.secretariat();
        let ngo = app.organisation("AZ").create().await;
        let proposal = az.propose(&ngo.url(), "transfer", json!({"to_country": "KG", "reason": "The seat moved."})).await;
        app.decide(&kg, &proposal, "approved", json!({})).await.expect(200);
        app.decide(&stays, &proposal, "approved", json!({})).await.problem(409, "conflict");
        // A handover takes two people and a day; this is how its holder stands behind it.
        let holds = (users::role.eq("secretariat"), users::country.eq(None::<String>));
        diesel::update(users::table.filter(users::id.eq(kg.id))).set(holds).execute(&mut app.db_conn()).unwrap();
        let moved = app.db_session(kg.id, Role::Secretariat);
        for outcome in ["approved", "refused"] {
            app.decide(&moved, &proposal, outcome, json!({})).await.problem(403, "second_officer_needed");
        }
        // Nor does who could have acted as them.
        let tied = app.secretariat();
        let mut conn = app.db_conn();
        diesel::update(users::table.filter(users::id.eq(tied.id))).set(users::invited_by.eq(kg.id)).execute(&mut conn).unwrap();
        app.decide(&tied, &proposal, "approved", json!({})).await.problem(403, "second_officer_needed");
        let id = proposal.rsplit('/').next().unwrap().to_owned();
        let waits = async |person: &Person| {
            let tasks = person.get("/v1/tasks").await.expect(200).at("/items");
            tasks.as_array().unwrap().iter().any(|t| t["proposal"] == json!(id) && t["kind"] == "decide")
        };
        assert_eq!((waits(&moved).await, waits(&tied).await, waits(&office).await), (false, false, true));
        app.decide(&office, &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_is_refused_beside_an_open_proposal_names_what_is_possible_beside_it(app) {
        let (_, membership) = app.member("AZ").await;
        let (az, office) = (app.coordinator("AZ"), app.secretariat());
        az.propose(&membership, "suspension", json!({"reason": "Reports are missing."})).await;
        for person in [&az, &office] {
            let refused = person.act(&membership, "submit", json!({})).await.problem(409, "act_not_possible");
            let named = refused.at("/possible");
            assert_eq!(named, possible(person, &membership).await);
            let named = named.to_string();
            assert!(named.contains("renew") && !named.contains("suspend") && !named.contains("expel"), "{named}");
        }
        // The decisions on a recommendation go to a second officer alone.
        let ngo = app.organisation("AZ").create().await;
        let (membership, _) = app.recommended(&az, &ngo.number).await;
        for (person, decides) in [(&az, false), (&office, true)] {
            let refused = person.act(&membership, "renewal", json!({})).await.problem(409, "act_not_possible");
            let named = refused.at("/possible");
            assert_eq!(named, possible(person, &membership).await);
            let has = |act: &str| named.as_array().unwrap().contains(&json!(act));
            assert_eq!((has("approve"), has("send_back"), has("recommend")), (decides, decides, false), "{named}");
        }
    }
}

both! {
    async fn a_recommendation_that_was_decided_on_is_not_its_authors_to_rewrite(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let (membership, proposal) = app.recommended(&az, &ngo.number).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let no = no_of(&az, &membership, "recommended").await;
        let rewrite = json!({"target_no": no, "how": "replace", "effective_on": app.today(), "reason": "Read again.", "new_reason": "Nothing was checked at all."});
        let reason = async || {
            let events = az.get(&membership).await.at("/events");
            let event = events.as_array().unwrap().iter().find(|e| e["no"] == no).unwrap().clone();
            event["holds_reason"].clone()
        };
        let proposal = az.propose(&membership, "correction", rewrite.clone()).await;
        assert_eq!(reason().await, "The register extract was checked.");
        app.decide(&az, &proposal, "approved", json!({})).await.problem(403, "second_officer_needed");
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(reason().await, "Nothing was checked at all.");
        // Until it is decided, it is the author's own word.
        let ngo = app.organisation("AZ").create().await;
        let (membership, _) = app.recommended(&az, &ngo.number).await;
        az.act(&membership, "correction", rewrite).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_decision_takes_no_day_where_nothing_has_one(app) {
        let (_, membership) = app.member("AZ").await;
        let (az, office) = (app.coordinator("AZ"), app.secretariat());
        let no = no_of(&az, &membership, "admitted").await;
        let replace = json!({"target_no": no, "how": "replace", "effective_on": ago(&app, 3), "reason": "The minutes name it."});
        let proposal = az.propose(&membership, "correction", replace).await;
        let (near, today) = (ago(&app, 2).to_string(), app.today().to_string());
        for (outcome, day) in [("approved", "2999-09-09"), ("approved", "1000-01-01"), ("approved", near.as_str()), ("refused", today.as_str())] {
            let refused = app.decide(&office, &proposal, outcome, json!({"effective_on": day})).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), "/effective_on");
        }
        let done = app.decide(&office, &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(done.str("/membership/member_since"), ago(&app, 3).to_string());
        let last = done.at("/membership/events").as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["back_dated"]), (&json!("corrected"), &json!(false)));
        // A refused suspension has none; an approved one has the proposed day.
        let suspend = json!({"reason": "Reports are missing.", "effective_on": ago(&app, 1)});
        let proposal = az.propose(&membership, "suspension", suspend).await;
        app.decide(&office, &proposal, "refused", json!({"effective_on": app.today()})).await.problem(422, "invalid_field");
        let done = app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(done.str("/membership/state_since"), ago(&app, 1).to_string());
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_paper_of_every_decision_is_kept(app) {
        let (_, membership) = app.member("AZ").await;
        let (az, kg, office) = (app.coordinator("AZ"), app.coordinator("KG"), app.secretariat());
        let day = ago(&app, 1);
        let paper = |number: &str| json!({"decision_number": number, "decision_date": day});
        let kept = async |proposal: &str, number: &str| {
            let read = az.get(proposal).await.expect(200);
            assert_eq!((read.at("/decision_number"), read.at("/decision_date")), (json!(number), json!(day)), "{}", read.text());
        };
        let refused = az.propose(&membership, "expulsion", json!({"reason": "No reports."})).await;
        app.decide(&office, &refused, "refused", paper("PAPER-2026/18")).await.expect(200);
        kept(&refused, "PAPER-2026/18").await;
        // An act on an organisation without a membership has no event that could keep it.
        let ngo = app.organisation("AZ").create().await;
        let transfer = az.propose(&ngo.url(), "transfer", json!({"to_country": "KG", "reason": "The seat moved."})).await;
        let refused = app.decide(&kg, &transfer, "approved", paper("PAPER-2026/19")).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "/decision_number");
        app.decide(&kg, &transfer, "approved", json!({})).await.expect(200);
        let none = az.get(&transfer).await.expect(200);
        assert_eq!((none.at("/decision_number"), none.at("/decision_date")), (Value::Null, Value::Null));
        app.decide(&office, &transfer, "approved", paper("PAPER-2026/19")).await.expect(200);
        kept(&transfer, "PAPER-2026/19").await;
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_proposal_about_an_organisation_that_fell_is_not_retracted(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let proposal = az.propose(&ngo.url(), "transfer", json!({"to_country": "KG", "reason": "The seat moved."})).await;
        az.patch(&ngo.url(), json!({"city": "Bakı"})).await.expect(200);
        assert_eq!(az.get(&proposal).await.str("/status"), "fallen");
        let body = json!({"reason": "Made for the wrong one."});
        az.post(&format!("{proposal}/retraction"), body.clone()).await.problem(409, "act_not_possible");
        assert_eq!(az.get(&proposal).await.str("/status"), "fallen");
        let proposal = az.propose(&ngo.url(), "transfer", json!({"to_country": "KG", "reason": "The seat moved."})).await;
        az.post(&format!("{proposal}/retraction"), body).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_proposal_that_fell_by_the_calendar_does_not_show_as_open(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::proposals;
        let (_, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let proposal = az.propose(&membership, "suspension", json!({"reason": "Reports are missing."})).await;
        assert_eq!(az.get(&membership).await.str("/proposal/status"), "open");
        // As if it had been made in the state before.
        let mut conn = app.db_conn();
        let id: ots_registry::db::Id = proposal.rsplit('/').next().unwrap().parse().unwrap();
        diesel::update(proposals::table.find(id)).set(proposals::body.eq(r#"{"state":"grace"}"#)).execute(&mut conn).unwrap();
        assert_eq!(az.get(&proposal).await.str("/status"), "fallen");
        assert_eq!(az.get(&membership).await.at("/proposal"), Value::Null);
        assert!(possible(&az, &membership).await.to_string().contains("suspend"));
    }
}

both! {
    async fn an_act_on_a_whole_organisation_that_a_membership_forbids_names_it(app) {
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 30)})).await;
        let az = app.coordinator("AZ");
        az.act(&membership, "renewal", json!({"effective_on": ago(&app, 5), "reason": "Paid."})).await.expect(200);
        let body = json!({"effective_on": ago(&app, 10), "reason": "Struck off."});
        let refused = az.act(&ngo.url(), "dissolution", body).await.problem(409, "act_not_possible");
        let id = membership.rsplit('/').next().unwrap();
        assert_eq!(refused.str("/membership"), id);
        assert!(refused.str("/detail").contains(&format!("(renewed on {}) of membership {id}", ago(&app, 5))), "{}", refused.text());
    }
}

both! {
    async fn refusing_a_recommendation_against_is_told_why_it_is_not_possible(app) {
        let (az, office) = (app.coordinator("AZ"), app.secretariat());
        let ngo = app.organisation("AZ").create().await;
        let made = az.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await;
        let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
        for act in ["submit", "review"] {
            az.act(&membership, act, json!({})).await.expect(200);
        }
        let proposal = az.propose(&membership, "recommendation", json!({"stance": "against", "reason": "No register has it."})).await;
        let refused = app.decide(&office, &proposal, "refused", json!({})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("admit by one person"), "{}", refused.text());
        assert!(!refused.at("/possible").as_array().unwrap().contains(&json!("refuse")));
        app.decide(&office, &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(az.get(&membership).await.str("/state"), "rejected");
    }
}

both! {
    async fn one_person_does_not_agree_for_two_countries(app) {
        let ngo = app.organisation("AZ").create().await;
        let (az, stays, office) = (app.coordinator("AZ"), app.coordinator("AZ"), app.secretariat());
        let to = json!({"to_country": "KG", "reason": "The seat moved."});
        let proposal = office.propose(&ngo.url(), "transfer", to).await;
        app.decide(&az, &proposal, "approved", json!({})).await.expect(200);
        office.patch(&format!("/v1/users/{}", az.id), json!({"country": "KG"})).await.expect(200);
        let moved = app.db_session(az.id, Role::Coordinator);
        app.decide(&moved, &proposal, "approved", json!({})).await.problem(403, "second_officer_needed");
        let kg = app.coordinator("KG");
        app.decide(&kg, &proposal, "approved", json!({})).await.expect(200);
        // Who agreed may still refuse: then nothing happens.
        app.decide(&stays, &proposal, "refused", json!({})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
