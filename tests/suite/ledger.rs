//! The later acts of membership: what one person may do, what takes two, what crosses a border, and the calendar.

use chrono::{Days, Months, NaiveDate};
use diesel::connection::SimpleConnection;
use ots_registry::db::{Conn, Instant};
use ots_registry::memberships::recorder;
use serde_json::{Value, json};

use crate::both;
use crate::kit::Person;

fn noon(day: NaiveDate) -> Instant {
    Instant(
        day.and_hms_opt(12, 0, 0)
            .unwrap()
            .and_utc()
            .timestamp_micros(),
    )
}

fn kinds(membership: &Value) -> Vec<String> {
    let events = membership["events"].as_array().unwrap();
    events
        .iter()
        .map(|e| e["kind"].as_str().unwrap().to_owned())
        .collect()
}

both! {
    async fn a_renewal_adds_a_term_at_the_end_of_the_running_one(app) {
        let (_, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let before: NaiveDate = kz.get(&membership).await.str("/term_end").parse().unwrap();
        let done = kz.act(&membership, "renewal", json!({})).await.expect(200);
        let after: NaiveDate = done.str("/term_end").parse().unwrap();
        assert_eq!(after, before + Months::new(24));
        assert_eq!(kinds(&done.json()).last().unwrap(), "renewed");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_member_leaves_by_its_letter_and_joins_anew(app) {
        let (ngo, membership) = app.member_since("KZ", json!({"effective_on": app.today() - Days::new(20)})).await;
        let kz = app.coordinator("KZ");
        let done = kz.act(&membership, "withdrawal", json!({"reason": "The member's letter of today."})).await.expect(200);
        assert_eq!(done.str("/state"), "withdrawn");
        let public = app.get(&ngo.url()).await.expect(200);
        assert_eq!(public.at("/memberships/0/member"), json!(false));
        let again = kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        assert_ne!(format!("/v1/memberships/{}", again.str("/id")), membership);
    }
}

both! {
    async fn a_suspension_waits_for_its_decision(app) {
        let (ngo, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        let until = app.today() + Days::new(30);
        let proposal = tr.propose(&membership, "suspension", json!({"reason": "Reports are missing.", "until": until})).await;
        assert_eq!(tr.get(&membership).await.str("/state"), "active");
        let done = app.decide(&app.secretariat(), &proposal, "approved", json!({"decision_number": "2026/9", "decision_date": app.today()})).await.expect(200);
        assert_eq!(done.str("/membership/state"), "suspended");
        let read = tr.get(&membership).await;
        let last = read.at("/events").as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["kind"], "suspended");
        assert_eq!(last["reason"], "Reports are missing.");
        assert_eq!(last["decision_number"], "2026/9");
        assert_eq!(last["proposer"], json!(format!("user:{}", tr.id)));
        assert_eq!(last["what"]["until"], json!(until));
        let public = app.get(&ngo.url()).await.text();
        assert!(public.contains("suspended") && !public.contains("Reports are missing"));
        let after: Vec<Value> = read.at("/intervals").as_array().unwrap().clone();
        let next = after.iter().find(|i| i["from"] == json!(until + Days::new(1))).unwrap();
        assert_eq!(next["state"], "active", "the suspension ends by the calendar");
    }
}

both! {
    async fn a_suspension_is_lifted_and_a_member_expelled_and_taken_back(app) {
        let (_, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        app.decided(&tr, &membership, "suspension", json!({"reason": "Reports are missing."})).await;
        let lifted = app.decided(&tr, &membership, "lift", json!({"reason": "They came."})).await;
        assert_eq!(lifted.str("/membership/state"), "active");
        let expelled = app.decided(&tr, &membership, "expulsion", json!({"reason": "Article 5."})).await;
        assert_eq!(expelled.str("/membership/state"), "expelled");
        let back = app.decided(&tr, &membership, "reinstatement", json!({"reason": "On appeal."})).await;
        assert_eq!(back.str("/membership/state"), "active");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn nobody_is_taken_back_beside_another_open_membership(app) {
        let (ngo, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        tr.act(&membership, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
        tr.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let refused = tr.act(&membership, "reinstatement", json!({"reason": "Again."})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("another open"), "{}", refused.text());
        let possible = refused.at("/possible");
        assert!(!possible.as_array().unwrap().contains(&json!("reinstate")), "{possible}");
        assert_eq!(tr.get(&membership).await.at("/possible"), possible);
    }
}

both! {
    async fn what_is_not_possible_now_lists_what_is(app) {
        let (_, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        for (act, body) in [("lift", json!({"reason": "No."})), ("reinstatement", json!({"reason": "No."}))] {
            let refused = tr.act(&membership, act, body).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/state"), "active");
            assert_eq!(
                refused.at("/possible"),
                json!(["renew", "suspend", "expel", "withdraw", "change_type", "transfer", "dissolve", "merge", "correct"])
            );
        }
        let auditor = app.auditor();
        assert_eq!(auditor.get(&membership).await.at("/possible"), json!([]));
    }
}

both! {
    async fn a_membership_has_one_open_proposal(app) {
        let (_, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        let first = tr.propose(&membership, "expulsion", json!({"reason": "Article 5."})).await;
        let second = tr.act(&membership, "suspension", json!({"reason": "Other."})).await.problem(409, "conflict");
        assert_eq!(format!("/v1/proposals/{}", second.str("/proposal")), first);
        tr.post(&format!("{first}/retraction"), json!({"reason": "Not yet."})).await.expect(200);
        tr.act(&membership, "suspension", json!({"reason": "Other."})).await.expect(202);
    }
}

both! {
    async fn a_refused_or_sent_back_proposal_changes_nothing(app) {
        let (_, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        let before = tr.get(&membership).await.json();
        for outcome in ["refused", "sent_back"] {
            let proposal = tr.propose(&membership, "expulsion", json!({"reason": "Article 5."})).await;
            let done = app.decide(&app.secretariat(), &proposal, outcome, json!({})).await.expect(200);
            assert_eq!(done.str("/proposal/status"), outcome);
            assert_eq!(tr.get(&membership).await.json(), before);
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_proposal_falls_when_the_membership_moves_on(app) {
        let (_, membership) = app.member("TR").await;
        let tr = app.coordinator("TR");
        let proposal = tr.propose(&membership, "expulsion", json!({"reason": "Article 5."})).await;
        let officer = app.secretariat();
        let revision = officer.get(&proposal).await.at("/revision");
        tr.act(&membership, "renewal", json!({})).await.expect(200);
        assert_eq!(officer.get(&proposal).await.str("/status"), "fallen");
        let body = json!({"outcome": "approved", "reason": "Late.", "revision": revision});
        officer.post(&format!("{proposal}/decision"), body).await.problem(409, "act_not_possible");
        assert_eq!(tr.get(&membership).await.str("/state"), "active");
    }
}

both! {
    async fn a_change_of_type_keeps_the_term(app) {
        let (ngo, membership) = app.member("UZ").await;
        let uz = app.coordinator("UZ");
        let before = uz.get(&membership).await.str("/term_end");
        let done = app.decided(&uz, &membership, "type-change", json!({"to": "associate", "reason": "By its wish."})).await;
        assert_eq!((done.str("/membership/type"), done.str("/membership/term_end")), ("associate".to_owned(), before));
        uz.act(&membership, "type-change", json!({"to": "associate", "reason": "Again."})).await.problem(409, "act_not_possible");
        uz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let refused = uz.act(&membership, "type-change", json!({"to": "full", "reason": "Back."})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("another open full"), "{}", refused.text());
    }
}

both! {
    async fn one_person_corrects_what_one_person_recorded(app) {
        let (_, membership) = app.member("KG").await;
        let kg = app.coordinator("KG");
        kg.act(&membership, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
        let no = kinds(&kg.get(&membership).await.json()).len();
        let done = kg.act(&membership, "correction", json!({"target_no": no, "how": "void", "reason": "The letter was another's."})).await.expect(200);
        assert_eq!(done.str("/membership/state"), "active");
        let events = done.at("/membership/events");
        assert_eq!(events[no - 1]["voided_by"], json!(no + 1));
        assert_eq!(events[no - 1]["holds_from"], Value::Null);
        let refused = kg.act(&membership, "correction", json!({"target_no": no, "how": "void", "reason": "Twice."})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("voided already"));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_took_two_people_is_corrected_by_two(app) {
        let (_, membership) = app.member("KG").await;
        let kg = app.coordinator("KG");
        let read = kg.get(&membership).await.json();
        let no = kinds(&read).len();
        let day = app.today() - Days::new(20);
        let body = json!({"target_no": no, "how": "replace", "effective_on": day, "reason": "The minutes name another day."});
        let proposal = kg.propose(&membership, "correction", body).await;
        assert_eq!(kg.get(&membership).await.str("/member_since"), app.today().to_string());
        let done = app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(done.str("/membership/member_since"), day.to_string());
        assert_eq!(done.at(&format!("/membership/events/{}/holds_from", no - 1)), json!(day));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn an_impossible_correction_is_refused_and_writes_nothing(app) {
        let (_, membership) = app.member("KG").await;
        let kg = app.coordinator("KG");
        let before = kg.get(&membership).await.json();
        kg.act(&membership, "correction", json!({"target_no": 1, "how": "void", "reason": "All."})).await.problem(409, "act_not_possible");
        let no = |m: &Value, kind: &str| m["events"].as_array().unwrap().iter().find(|e| e["kind"] == kind).unwrap()["no"].clone();
        let body = json!({"target_no": no(&before, "submitted"), "how": "void", "reason": "Never sent."});
        let refused = kg.act(&membership, "correction", body).await.problem(409, "act_not_possible");
        let broken = refused.at("/events");
        assert!(broken.as_array().unwrap().contains(&no(&before, "review_taken")), "{}", refused.text());
        assert!(refused.str("/detail").contains("(review_taken on "), "{}", refused.text());
        kg.act(&membership, "correction", json!({"target_no": 99, "how": "void", "reason": "None."})).await.problem(422, "invalid_field");
        kg.act(&membership, "correction", json!({"target_no": 1, "how": "replace", "reason": "When?"})).await.problem(422, "invalid_field");
        assert_eq!(kg.get(&membership).await.json(), before);
    }
}

both! {
    async fn a_transfer_takes_officers_of_both_countries_and_the_secretariat(app) {
        let (ngo, membership) = app.member("KZ").await;
        let (kz, tr) = (app.coordinator("KZ"), app.coordinator("TR"));
        let (office, other) = (app.secretariat(), app.secretariat());
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "The seat moved."})).await;
        let early = app.decide(&office, &proposal, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(early.at("/missing"), json!(["TR"]));
        app.coordinator("HU").get(&proposal).await.problem(404, "not_found");
        let agreed = app.decide(&tr, &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(agreed.str("/proposal/status"), "open");
        app.decide(&tr, &proposal, "approved", json!({})).await.problem(409, "conflict");
        assert_eq!(kz.get(&membership).await.at("/organisation/country"), "KZ");
        app.decide(&other, &proposal, "approved", json!({})).await.expect(200);
        let public = app.get(&ngo.url()).await.expect(200);
        assert_eq!((public.str("/country"), public.str("/number")), ("TR".to_owned(), ngo.number.clone()));
        kz.get(&membership).await.problem(404, "not_found");
        let read = tr.get(&membership).await.expect(200);
        assert_eq!(read.str("/state"), "active");
        assert_eq!(kinds(&read.json()).last().unwrap(), "transferred");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_country_without_coordinators_is_spoken_for_by_the_secretariat(app) {
        let (ngo, _) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TM", "reason": "The seat moved."})).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(app.get(&ngo.url()).await.str("/country"), "TM");
    }
}

both! {
    async fn a_proposal_about_an_organisation_falls_when_its_record_changes(app) {
        let (ngo, _) = app.member("KZ").await;
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TM", "reason": "The seat moved."})).await;
        kz.act(&ngo.url(), "transfer", json!({"to_country": "HU", "reason": "Elsewhere."})).await.problem(409, "conflict");
        kz.patch(&ngo.url(), json!({"city": "Astana"})).await.expect(200);
        assert_eq!(kz.get(&proposal).await.str("/status"), "fallen");
        assert_eq!(kz.get("/v1/proposals?status=open").await.at("/items"), json!([]));
        app.decide(&office, &proposal, "approved", json!({})).await.problem(409, "act_not_possible");
        let second = kz.propose(&ngo.url(), "transfer", json!({"to_country": "HU", "reason": "Elsewhere."})).await;
        app.decide(&office, &second, "approved", json!({})).await.expect(200);
        assert_eq!(app.get(&ngo.url()).await.str("/country"), "HU");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn of_two_decisions_at_once_one_counts(app) {
        let (_, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let proposal = kz.propose(&membership, "expulsion", json!({"reason": "Article 5."})).await;
        let (one, other) = (app.secretariat(), app.secretariat());
        let second = app.replica().await;
        let body = json!({"outcome": "approved", "reason": "At once.", "revision": one.get(&proposal).await.at("/revision")});
        let path = format!("{proposal}/decision");
        let calls = [(one, app.clone()), (other, second)].map(|(person, replica)| {
            let request = person.request(actix_web::http::Method::POST, &path)
                .insert_header(("Idempotency-Key", ots_registry::db::Id::random().unwrap().to_string())).set_json(body.clone());
            actix_web::rt::spawn(async move { replica.send(request).await })
        });
        let [a, b] = calls;
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", a.text(), b.text());
        let events = kinds(&kz.get(&membership).await.json());
        assert_eq!(events.iter().filter(|k| *k == "expelled").count(), 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_corrected_transfer_goes_back_on_all_memberships(app) {
        let (ngo, membership) = app.member("KZ").await;
        let (kz, tr) = (app.coordinator("KZ"), app.coordinator("TR"));
        let applied = kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "observer"})).await.expect(201);
        let second = format!("/v1/memberships/{}", applied.str("/id"));
        let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "TR", "reason": "The seat moved."})).await;
        app.decide(&tr, &proposal, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let no = kinds(&tr.get(&membership).await.json()).len();
        let proposal = tr.propose(&membership, "correction", json!({"target_no": no, "how": "void", "reason": "It did not move."})).await;
        app.decide(&kz, &proposal, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        assert_eq!(app.get(&ngo.url()).await.str("/country"), "KZ");
        assert_eq!(kinds(&kz.get(&second).await.expect(200).json()).last().unwrap(), "corrected");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_dissolution_closes_what_is_open_and_opens_nothing_more(app) {
        let (ngo, membership) = app.member("HU").await;
        let hu = app.coordinator("HU");
        hu.post(&format!("{}/memberships", ngo.url()), json!({"type": "observer"})).await.expect(201);
        let done = hu.act(&ngo.url(), "dissolution", json!({"reason": "Struck off the register."})).await.expect(200);
        assert_eq!(done.at("/closed"), json!(2));
        assert_eq!(hu.get(&membership).await.str("/state"), "dissolved");
        hu.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.problem(409, "act_not_possible");
        hu.act(&ngo.url(), "dissolution", json!({})).await.problem(409, "act_not_possible");
        let no = kinds(&hu.get(&membership).await.json()).len();
        hu.act(&membership, "correction", json!({"target_no": no, "how": "void", "reason": "Another of that name."})).await.expect(200);
        assert_eq!(hu.get(&membership).await.str("/state"), "active");
        hu.post(&format!("{}/memberships", ngo.url()), json!({"type": "associate"})).await.expect(201);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_dissolution_of_an_earlier_day_closes_what_was_opened_since(app) {
        let (ngo, membership) = app.member_since("HU", json!({"effective_on": app.today() - Days::new(20)})).await;
        let hu = app.coordinator("HU");
        let applied = hu.post(&format!("{}/memberships", ngo.url()), json!({"type": "observer"})).await.expect(201);
        let day = app.today() - Days::new(5);
        let done = hu.act(&ngo.url(), "dissolution", json!({"effective_on": day, "reason": "Struck off the register."})).await.expect(200);
        assert_eq!(done.at("/closed"), json!(2));
        assert_eq!(hu.get(&membership).await.str("/state_since"), day.to_string());
        assert_eq!(hu.get(&format!("/v1/memberships/{}", applied.str("/id"))).await.str("/state"), "dissolved");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_merge_ends_one_membership_and_frees_its_identifiers(app) {
        let (ends, membership) = app.member("KZ").await;
        let (goes_on, _) = app.member("KZ").await;
        let outsider = app.organisation("KZ").create().await;
        let kz = app.coordinator("KZ");
        let tag = kz.tag(&ends.url()).await;
        kz.post_seen(&format!("{}/identifiers", ends.url()), Some(&tag), json!({"scheme": "KZ-BIN", "value": "950440001673"})).await.expect(201);
        kz.act(&ends.url(), "merge", json!({"successor": outsider.number, "reason": "Voted."})).await.problem(409, "act_not_possible");
        kz.act(&ends.url(), "merge", json!({"successor": ends.number, "reason": "Voted."})).await.problem(422, "invalid_field");
        let proposal = kz.propose(&ends.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let read = kz.get(&membership).await.expect(200);
        assert_eq!(read.str("/state"), "merged");
        assert_eq!(read.at("/events").as_array().unwrap().last().unwrap()["what"]["successor"], json!(goes_on.number));
        let led = app.get(&ends.url()).await.expect(307);
        assert_eq!(led.header("location"), Some(goes_on.url().as_str()));
        kz.send_with(actix_web::http::Method::PATCH, &ends.url(), "*", Some(json!({"city": "Astana"}))).await.problem(409, "conflict");
        let tag = kz.tag(&goes_on.url()).await;
        kz.post_seen(&format!("{}/identifiers", goes_on.url()), Some(&tag), json!({"scheme": "KZ-BIN", "value": "950440001673"})).await.expect(201);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn many_are_renewed_with_a_result_for_each(app) {
        let (_, first) = app.member("AZ").await;
        let (_, second) = app.member("AZ").await;
        let (_, foreign) = app.member("KZ").await;
        let az = app.coordinator("AZ");
        let id = |m: &str| m.rsplit('/').next().unwrap().to_owned();
        let revision = az.get(&first).await.at("/revision");
        az.act(&second, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
        let gone = az.get(&second).await.at("/revision");
        let body = json!({"items": [
            {"membership": id(&first), "revision": revision},
            {"membership": id(&second), "revision": gone},
            {"membership": id(&foreign), "revision": 1},
            {"membership": id(&first), "revision": revision},
        ]});
        let done = az.post("/v1/renewals", body).await.expect(200);
        assert_eq!(done.at("/renewed"), json!(1));
        let codes: Vec<Value> = done.at("/items").as_array().unwrap().iter().map(|i| i["code"].clone()).collect();
        assert_eq!(codes, vec![Value::Null, json!("act_not_possible"), json!("not_found"), json!("stale_version")]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_secretariat_gives_a_review_to_somebody_else(app) {
        let ngo = app.organisation("TM").create().await;
        let tm = app.coordinator("TM");
        let applied = tm.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        tm.act(&membership, "submit", json!({})).await.expect(200);
        tm.act(&membership, "review", json!({})).await.expect(200);
        let colleague = app.coordinator("TM");
        tm.act(&membership, "reassignment", json!({"reviewer": colleague.id})).await.problem(403, "forbidden");
        let office = app.secretariat();
        office.act(&membership, "reassignment", json!({"reviewer": app.coordinator("KZ").id})).await.problem(422, "invalid_field");
        office.act(&membership, "reassignment", json!({"reviewer": colleague.id})).await.expect(200);
        tm.act(&membership, "recommendation", json!({"stance": "for", "reason": "Checked."})).await.problem(403, "forbidden");
        colleague.act(&membership, "recommendation", json!({"stance": "for", "reason": "Checked."})).await.expect(202);
    }
}

async fn task_kinds(person: &Person) -> Vec<String> {
    let tasks = person.get("/v1/tasks").await.expect(200).at("/items");
    tasks
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["kind"].as_str().unwrap().to_owned())
        .collect()
}

both! {
    async fn everybody_sees_what_waits_for_them(app) {
        let ngo = app.organisation("AZ").create().await;
        let (az, colleague, office) = (app.coordinator("AZ"), app.coordinator("AZ"), app.secretariat());
        let kz = app.coordinator("KZ");
        let applied = az.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        assert_eq!(task_kinds(&az).await, ["submit"]);
        assert_eq!(task_kinds(&kz).await, Vec::<String>::new());
        az.act(&membership, "submit", json!({})).await.expect(200);
        let tasks = colleague.get("/v1/tasks").await.expect(200);
        assert_eq!(tasks.str("/items/0/kind"), "review");
        assert_eq!(tasks.str("/items/0/acts/0/href"), format!("{membership}/review"));
        az.act(&membership, "review", json!({})).await.expect(200);
        assert_eq!(task_kinds(&az).await, ["recommend"]);
        assert_eq!(task_kinds(&colleague).await, Vec::<String>::new(), "another's review");
        assert_eq!(task_kinds(&office).await, Vec::<String>::new());
        az.act(&membership, "recommendation", json!({"stance": "for", "reason": "Checked."})).await.expect(202);
        assert_eq!(task_kinds(&office).await, ["decide"]);
        assert_eq!(task_kinds(&az).await, Vec::<String>::new());
        app.auditor().get("/v1/tasks").await.problem(403, "forbidden");
    }
}

both! {
    async fn a_proposal_that_nobody_present_may_decide_is_a_task(app) {
        let ngo = app.organisation("AZ").create().await;
        let office = app.secretariat();
        let applied = office.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        office.act(&membership, "submit", json!({})).await.expect(200);
        office.act(&membership, "review", json!({})).await.expect(200);
        office.act(&membership, "recommendation", json!({"stance": "for", "reason": "Checked."})).await.expect(202);
        assert_eq!(task_kinds(&office).await, ["nobody_can_decide"]);
        let second = app.secretariat();
        assert_eq!(task_kinds(&second).await, ["decide"]);
        assert_eq!(task_kinds(&office).await, Vec::<String>::new());
        // Whoever could log in as the proposer is no second person, for the tasks as for the decision.
        second.post(&format!("/v1/users/{}/password-reset", office.id), json!({})).await.expect(201);
        assert_eq!(task_kinds(&second).await, ["nobody_can_decide"]);
    }
}

both! {
    async fn tasks_come_in_pages_without_gap_or_repeat(app) {
        let az = app.coordinator("AZ");
        for _ in 0..5 {
            let ngo = app.organisation("AZ").create().await;
            az.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        }
        let all = az.get("/v1/tasks").await.expect(200).at("/items");
        let mut found = Vec::new();
        let mut path = "/v1/tasks?limit=2".to_owned();
        loop {
            let page = az.get(&path).await.expect(200);
            found.extend(page.at("/items").as_array().unwrap().clone());
            match page.at("/page/next").as_str() {
                Some(next) => path = format!("/v1/tasks?limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((json!(found), found.len()), (all, 5));
    }
}

both! {
    async fn the_calendar_tells_who_lapses_and_writes_nothing(app) {
        let (ngo, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let term_end: NaiveDate = az.get(&membership).await.str("/term_end").parse().unwrap();
        let through = term_end + Days::new(400);
        let listed = az.get(&format!("/v1/calendar?through={through}")).await.expect(200).at("/items");
        let turns: Vec<(String, String)> = listed.as_array().unwrap().iter()
            .map(|t| (t["state"].as_str().unwrap().to_owned(), t["on"].as_str().unwrap().to_owned())).collect();
        let expected = [("grace", term_end + Days::new(1)), ("lapsed", term_end + Days::new(61))];
        assert_eq!(turns, expected.map(|(s, d)| (s.to_owned(), d.to_string())));
        assert_eq!(listed[0]["organisation"]["number"], json!(ngo.number));
        assert_eq!(app.coordinator("KZ").get(&format!("/v1/calendar?through={through}")).await.at("/items"), json!([]));
        az.get(&format!("/v1/calendar?through={}", app.today())).await.problem(422, "invalid_field");
        assert_eq!(kinds(&az.get(&membership).await.json()).last().unwrap(), "admitted");
    }
}

/// The calendar's events of a membership: kind and day.
async fn recorded(person: &Person, membership: &str) -> Vec<(String, String)> {
    let events = person.get(membership).await.at("/events");
    events
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["proposer"] == "system:calendar")
        .map(|e| {
            (
                e["kind"].as_str().unwrap().to_owned(),
                e["effective_on"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

both! {
    async fn a_late_recorder_records_what_daily_runs_would(app) {
        let (_, daily) = app.member("AZ").await;
        let (_, late) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let first: NaiveDate = az.get(&daily).await.str("/term_end").parse().unwrap();
        let done = az.act(&late, "renewal", json!({})).await.expect(200);
        let second: NaiveDate = done.str("/term_end").parse().unwrap();
        let mut conn = app.db_conn();
        let mut run = |day| recorder::run_on(&mut conn, &app.parts.rules, noon(day)).unwrap().unwrap();
        for day in 0..=3 {
            run(first + Days::new(day));
        }
        let expected = |end: NaiveDate| vec![
            ("grace_began".to_owned(), (end + Days::new(1)).to_string()),
            ("lapsed".to_owned(), (end + Days::new(61)).to_string()),
        ];
        assert_eq!(recorded(&az, &daily).await, expected(first)[..1]);
        // Years without a run; then everything at once.
        assert_eq!(run(second + Days::new(500)).turns, 3);
        assert_eq!(recorded(&az, &daily).await, expected(first));
        assert_eq!(recorded(&az, &late).await, expected(second));
        assert_eq!(run(second + Days::new(501)).turns, 0, "a turn is recorded once");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_recorder_leaves_proposals_and_tags_alone(app) {
        let (_, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let term_end: NaiveDate = az.get(&membership).await.str("/term_end").parse().unwrap();
        let before = az.get(&membership).await.at("/revision");
        recorder::run_on(&mut app.db_conn(), &app.parts.rules, noon(term_end + Days::new(5))).unwrap().unwrap();
        assert_eq!(az.get(&membership).await.at("/revision"), before);
    }
}

both! {
    async fn one_replica_at_a_time_runs_a_job(app) {
        use ots_registry::jobs::Run;
        let begin = |conn: &mut Conn| conn.transact(|tx| Run::begin(tx, "calendar", Instant::now())).unwrap();
        let mut conn = app.db_conn();
        let first = begin(&mut conn);
        assert!(first.is_some());
        assert!(recorder::run_on(&mut conn, &app.parts.rules, Instant::now()).unwrap().is_none(), "the lease is held");
        let run = first.unwrap();
        conn.transact(|tx| run.end(tx, Instant::now(), Ok("done".to_owned()))).unwrap();
        assert!(recorder::run_on(&mut conn, &app.parts.rules, Instant::now()).unwrap().is_some());
        // A holder that died: its lease runs out.
        begin(&mut conn).unwrap();
        conn.batch_execute("UPDATE job_leases SET until = 0").unwrap();
        assert!(recorder::run_on(&mut conn, &app.parts.rules, Instant::now()).unwrap().is_some());
    }
}

both! {
    async fn a_correction_restates_what_the_calendar_had_recorded(app) {
        let (_, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let term_end: NaiveDate = az.get(&membership).await.str("/term_end").parse().unwrap();
        let admitted = kinds(&az.get(&membership).await.json()).len();
        recorder::run_on(&mut app.db_conn(), &app.parts.rules, noon(term_end + Days::new(100))).unwrap().unwrap();
        // The journal's clock is ahead now; the membership was lapsed by it, and an earlier admission moves the lapse.
        let day = app.today() - Days::new(10);
        let body = json!({"target_no": admitted, "how": "replace", "effective_on": day, "reason": "The minutes."});
        let done = app.decided(&az, &membership, "correction", body).await;
        let restated = done.at("/membership/restated");
        let kinds: Vec<&str> = restated.as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["grace_began", "lapsed"]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_past_is_answered_as_it_was_known(app) {
        let (ngo, membership) = app.member("KG").await;
        let kg = app.coordinator("KG");
        let no = kinds(&kg.get(&membership).await.json()).len();
        let before = Instant::now();
        let day = app.today() - Days::new(20);
        app.decided(&kg, &membership, "correction", json!({"target_no": no, "how": "replace", "effective_on": day, "reason": "The minutes."})).await;
        let then = kg.get(&format!("{membership}?known_at={before}")).await.expect(200);
        assert_eq!((then.str("/member_since"), then.at("/possible")), (app.today().to_string(), json!([])));
        assert!(then.header("etag").is_none() || then.at("/revision") == json!(no));
        let as_of = kg.get(&format!("{membership}?as_of={day}")).await.expect(200);
        assert_eq!(as_of.str("/state"), "active");
        let yesterday = app.today() - Days::new(1);
        kg.get(&format!("{membership}?known_at={yesterday}")).await.problem(404, "not_found");
        kg.get(&format!("{membership}?known_at={}", app.today() + Days::new(1))).await.problem(422, "invalid_field");
        // Nor a day that is not over: the same question would have another answer an hour later.
        kg.get(&format!("{membership}?known_at={}", app.today())).await.problem(422, "invalid_field");
        let list = |query: String| { let app = app.clone(); async move { app.get(&format!("/v1/organisations?{query}")).await.expect(200).at("/items") } };
        let numbers = |items: Value| items.as_array().unwrap().iter().map(|o| o["number"].clone()).collect::<Vec<_>>();
        assert_eq!(numbers(list(format!("state=active&as_of={day}")).await), vec![json!(ngo.number)]);
        assert_eq!(numbers(list(format!("state=active&as_of={day}&known_at={before}")).await), Vec::<Value>::new());
    }
}

both! {
    async fn a_forged_timeline_or_sum_is_found(app) {
        app.member("KZ").await;
        assert_eq!(app.findings(), Vec::<String>::new());
        for (forge, table) in [
            ("UPDATE membership_intervals SET state = 'lapsed' WHERE state = 'grace'", "membership_intervals"),
            ("DELETE FROM membership_flows WHERE kind = 'lapsed'", "membership_flows"),
            ("UPDATE member_counts SET change = change + 1 WHERE measure = 'joined'", "member_counts"),
            ("INSERT INTO member_late_counts VALUES (1, '2020-01-01', 'KZ', 'full', 'joined', 1)", "member_late_counts"),
            ("UPDATE membership_due SET due_on = '2099-01-01'", "membership_due"),
            ("UPDATE organisation_quality SET met = 1024", "organisation_quality"),
        ] {
            app.db_conn().batch_execute(forge).unwrap();
            let found = app.findings();
            assert!(found.iter().any(|f| f.starts_with(table)), "{table}: {found:?}");
        }
    }
}
