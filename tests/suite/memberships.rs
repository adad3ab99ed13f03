//! The thin path of membership: apply, submit, review, recommend, decide.

use ots_registry::auth::four_eyes::Ties;
use ots_registry::db::{Id, Instant};
use serde_json::json;

use crate::both;
use crate::kit::Person;

both! {
    async fn an_application_becomes_a_member_by_two_people(app) {
        let ngo = app.organisation("KZ").create().await;
        let kz = app.coordinator("KZ");
        let (membership, proposal) = app.recommended(&kz, &ngo.number).await;
        app.get(&ngo.url()).await.problem(404, "not_found");

        let revision = kz.get(&proposal).await.at("/revision");
        let decision = json!({"outcome": "approved", "reason": "As recommended.", "revision": revision});
        let officer = app.secretariat();
        let done = officer.post(&format!("{proposal}/decision"), decision).await.expect(200);
        assert_eq!(done.str("/membership/state"), "active");
        assert_eq!(done.str("/proposal/status"), "approved");
        let last = done.at("/membership/events").as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["kind"], "admitted");
        assert_eq!(last["proposer"], json!(format!("user:{}", kz.id)));
        assert_eq!(last["decider"], json!(format!("user:{}", officer.id)));

        let public = app.get(&ngo.url()).await.expect(200);
        assert_eq!(public.at("/memberships/0/standing"), "active");
        assert!(public.json().get("private").is_none());
        kz.get(&membership).await.expect(200);
    }
}

both! {
    async fn the_proposer_cannot_decide(app) {
        let ngo = app.organisation("KZ").create().await;
        let officer = app.secretariat();
        let applied = officer.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        officer.act(&membership, "submit", json!({})).await.expect(200);
        officer.act(&membership, "review", json!({})).await.expect(200);
        let done = officer.act(&membership, "recommendation", json!({"stance": "for", "reason": "Checked."})).await.expect(202);
        let proposal = format!("/v1/proposals/{}", done.str("/proposal/id"));
        let decision = json!({"outcome": "approved", "reason": "My own.", "revision": done.at("/proposal/revision")});
        let before = app.db_dump();
        officer.post(&format!("{proposal}/decision"), decision.clone()).await.problem(403, "second_officer_needed");
        app.assert_same(&before, "the own decision");
        assert_eq!(officer.get(&membership).await.str("/state"), "recommended");
        app.secretariat().post(&format!("{proposal}/decision"), decision).await.expect(200);
    }
}

both! {
    async fn a_coordinator_does_not_decide_by_the_default_rules(app) {
        let ngo = app.organisation("KZ").create().await;
        let (_, proposal) = app.recommended(&app.coordinator("KZ"), &ngo.number).await;
        for outcome in ["approved", "refused", "sent_back"] {
            app.decide_in_vain(&app.coordinator("KZ"), &proposal, outcome).await.problem(403, "forbidden");
        }
        assert_eq!(app.secretariat().get(&proposal).await.str("/status"), "open");
    }
}

both! {
    async fn two_who_invited_each_other_lately_do_not_decide_for_each_other(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::users;
        let ngo = app.organisation("KZ").create().await;
        let kz = app.coordinator("KZ");
        let officer = app.secretariat();
        let mut conn = app.db_conn();
        diesel::update(users::table.filter(users::id.eq(kz.id))).set(users::invited_by.eq(officer.id)).execute(&mut conn).unwrap();
        let (_, proposal) = app.recommended(&kz, &ngo.number).await;
        let revision = kz.get(&proposal).await.at("/revision");
        let decision = json!({"outcome": "approved", "reason": "I invited them.", "revision": revision});
        app.decide_in_vain(&officer, &proposal, "approved").await.problem(403, "second_officer_needed");
        let mut made = |days: i64| {
            let at = Instant::now().plus_seconds(-days * 24 * 3600).0;
            diesel::update(users::table.filter(users::id.eq(kz.id))).set(users::created_at.eq(at)).execute(&mut conn).unwrap();
        };
        made(29);
        app.decide_in_vain(&officer, &proposal, "approved").await.problem(403, "second_officer_needed");
        made(31);
        officer.post(&format!("{proposal}/decision"), decision).await.expect(200);
    }
}

both! {
    async fn a_third_person_behind_both_is_no_second_one(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::users;
        let mut conn = app.db_conn();
        let mut invited = |account: &Person, by: &Person| {
            diesel::update(users::table.filter(users::id.eq(account.id))).set(users::invited_by.eq(by.id)).execute(&mut conn).unwrap();
        };
        // One of the office made two accounts, or one that made another.
        let (maker, kz, officer) = (app.secretariat(), app.coordinator("KZ"), app.secretariat());
        invited(&kz, &maker);
        invited(&officer, &maker);
        let (chain, last) = (app.secretariat(), app.secretariat());
        invited(&chain, &officer);
        invited(&last, &chain);
        let ngo = app.organisation("KZ").create().await;
        let (_, proposal) = app.recommended(&kz, &ngo.number).await;
        for tied in [&maker, &officer, &chain, &last] {
            app.decide_in_vain(tied, &proposal, "approved").await.problem(403, "second_officer_needed");
        }
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
    }
}

both! {
    async fn whoever_could_log_in_as_the_proposer_does_not_decide(app) {
        for by in ["link", "address"] {
            let ngo = app.organisation("KZ").create().await;
            let (kz, officer) = (app.coordinator("KZ"), app.secretariat());
            let (_, proposal) = app.recommended(&kz, &ngo.number).await;
            let account = format!("/v1/users/{}", kz.id);
            if by == "link" {
                officer.post(&format!("{account}/password-reset"), json!({})).await.expect(201);
            } else {
                let email = format!("{}@sample.example", Id::random().unwrap());
                officer.patch(&account, json!({"email": email})).await.expect(200);
            }
            app.decide_in_vain(&officer, &proposal, "approved").await.problem(403, "second_officer_needed");
            let tied = |days: i64| {
                let at = Instant::now().plus_seconds(days * 24 * 3600);
                Ties::load(&mut app.db_conn(), &[kz.id, officer.id], at).unwrap().between(officer.id, kz.id)
            };
            assert_eq!((tied(29), tied(31)), (true, false), "{by}");
            app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        }
    }
}

both! {
    async fn an_act_that_is_not_possible_lists_those_that_are(app) {
        let ngo = app.organisation("TR").create().await;
        let tr = app.coordinator("TR");
        let applied = tr.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        let refused = tr.act(&membership, "review", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/possible"), json!(["submit", "withdraw_application", "transfer", "dissolve", "merge", "correct"]));
        assert_eq!(tr.get(&membership).await.at("/events").as_array().unwrap().len(), 1);
    }
}

both! {
    async fn a_stale_revision_is_refused(app) {
        let ngo = app.organisation("TR").create().await;
        let tr = app.coordinator("TR");
        let applied = tr.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        let tag = tr.tag(&membership).await;
        tr.post_seen(&format!("{membership}/submit"), Some(&tag), json!({})).await.expect(200);
        tr.post_seen(&format!("{membership}/application-withdrawal"), Some(&tag), json!({})).await.problem(412, "stale_version");
        tr.post(&format!("{membership}/review"), json!({})).await.problem(428, "precondition_required");
    }
}

both! {
    async fn one_organisation_has_one_open_membership_of_a_type(app) {
        let ngo = app.organisation("HU").create().await;
        let hu = app.coordinator("HU");
        let path = format!("{}/memberships", ngo.url());
        hu.post(&path, json!({"type": "full"})).await.expect(201);
        hu.post(&path, json!({"type": "full"})).await.problem(409, "act_not_possible");
        hu.post(&path, json!({"type": "observer"})).await.expect(201);
    }
}

both! {
    async fn a_retracted_recommendation_goes_back_to_review(app) {
        let ngo = app.organisation("UZ").create().await;
        let uz = app.coordinator("UZ");
        let (membership, proposal) = app.recommended(&uz, &ngo.number).await;
        app.coordinator("UZ").post(&format!("{proposal}/retraction"), json!({"reason": "Not mine."})).await.problem(403, "forbidden");
        let done = uz.post(&format!("{proposal}/retraction"), json!({"reason": "Too early."})).await.expect(200);
        assert_eq!(done.str("/membership/state"), "in_review");
        assert_eq!(done.str("/proposal/status"), "retracted");
        uz.act(&membership, "recommendation", json!({"stance": "for", "reason": "Now checked."})).await.expect(202);
    }
}

both! {
    async fn a_proposal_falls_when_the_application_moves_on(app) {
        let ngo = app.organisation("UZ").create().await;
        let uz = app.coordinator("UZ");
        let (membership, proposal) = app.recommended(&uz, &ngo.number).await;
        let revision = uz.get(&proposal).await.at("/revision");
        uz.act(&membership, "application-withdrawal", json!({})).await.expect(200);
        assert_eq!(uz.get(&proposal).await.str("/status"), "fallen");
        let decision = json!({"outcome": "approved", "reason": "Too late.", "revision": revision});
        app.secretariat().post(&format!("{proposal}/decision"), decision).await.problem(409, "act_not_possible");
        assert_eq!(uz.get(&membership).await.str("/state"), "application_withdrawn");
    }
}

both! {
    async fn another_country_s_application_is_not_there(app) {
        let ngo = app.organisation("AZ").create().await;
        let az = app.coordinator("AZ");
        let (membership, proposal) = app.recommended(&az, &ngo.number).await;
        let kg = app.coordinator("KG");
        kg.get(&membership).await.problem(404, "not_found");
        kg.get(&proposal).await.problem(404, "not_found");
        kg.post_seen(&format!("{membership}/submit"), Some("\"v1.x\""), json!({})).await.problem(404, "not_found");
        assert_eq!(kg.get("/v1/memberships").await.at("/items"), json!([]));
        assert_eq!(kg.get("/v1/proposals").await.at("/items"), json!([]));
        assert_eq!(app.auditor().get("/v1/proposals?status=open").await.at("/items").as_array().unwrap().len(), 1);
    }
}

both! {
    async fn an_auditor_acts_on_nothing(app) {
        let ngo = app.organisation("AZ").create().await;
        let auditor = app.auditor();
        auditor.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.problem(403, "forbidden");
    }
}
