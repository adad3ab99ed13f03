//! What a country still sees of an organisation that has gone to another one, or did not come: an old proposal is no window.

use serde_json::json;

use crate::both;
use crate::kit::{Answer, App, Person};

/// Moves an organisation; gives the address of the proposal that was approved.
async fn moved(app: &App, url: &str, from: &str, to: &str) -> String {
    let body = json!({"to_country": to, "reason": "The seat was moved."});
    let proposal = app.coordinator(from).propose(url, "transfer", body).await;
    for officer in [app.coordinator(to), app.secretariat()] {
        app.decide(&officer, &proposal, "approved", json!({}))
            .await
            .expect(200);
    }
    proposal
}

async fn rename(person: &Person, url: &str, name: &str) {
    let body = json!({"kind": "legal", "text": name});
    person.act(url, "names", body).await.expect(201);
}

/// Everything by which somebody may read of closed and open proposals.
async fn all_read(app: &App, person: &Person, proposal: &str) -> Vec<Answer> {
    let today = app.today();
    let days = format!("from={today}&to={today}");
    let mut read = Vec::new();
    for path in [
        proposal.to_owned(),
        "/v1/proposals".to_owned(),
        "/v1/proposals?status=approved".to_owned(),
        "/v1/proposals?status=retracted".to_owned(),
        "/v1/proposals?status=fallen".to_owned(),
        format!("/v1/reports/decisions/proposals?column=closed&{days}"),
        format!("/v1/reports/decisions/proposals?column=approved&{days}&format=csv"),
    ] {
        read.push(person.get(&path).await);
    }
    read
}

both! {
    async fn an_old_proposal_shows_no_more_of_an_organisation_that_left_than_its_number(app) {
        let ngo = app.organisation("KZ").create().await;
        let proposal = moved(&app, &ngo.url(), "KZ", "UZ").await;
        let (kz, uz) = (app.coordinator("KZ"), app.coordinator("UZ"));
        rename(&uz, &ngo.url(), "Secretly Renamed In Uz").await;
        kz.get(&ngo.url()).await.problem(404, "not_found");
        let read = all_read(&app, &kz, &proposal).await;
        for answer in &read {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(!answer.text().contains("Secretly"), "{}", answer.text());
        }
        // That it was proposed and approved stays the country's own to know.
        assert_eq!(read[0].at("/organisation"), json!({"number": ngo.number, "name": null, "country": null}));
        assert_eq!(read[0].str("/status"), "approved");
        for listed in [&read[1], &read[2]] {
            assert_eq!(listed.at("/items/0/organisation"), read[0].at("/organisation"));
        }
        assert_eq!((read[5].str("/data/proposals/0/registry_number"), read[5].at("/data/proposals/0/name")), (ngo.number.clone(), json!(null)));
        // Whoever reaches it now reads it whole.
        for person in [&uz, &app.secretariat(), &app.auditor()] {
            assert_eq!(person.get(&proposal).await.expect(200).str("/organisation/name"), "Secretly Renamed In Uz");
        }
        let report = &all_read(&app, &app.secretariat(), &proposal).await[5];
        assert_eq!(report.str("/data/proposals/0/name"), "Secretly Renamed In Uz");
        // What is public everybody may know.
        let (membership, recommended) = app.recommended(&uz, &ngo.number).await;
        app.decide(&app.secretariat(), &recommended, "approved", json!({})).await.expect(200);
        kz.get(&membership).await.problem(404, "not_found");
        assert_eq!(kz.get(&proposal).await.expect(200).str("/organisation/name"), "Secretly Renamed In Uz");
    }
}

both! {
    async fn a_country_that_was_asked_in_vain_reads_along_no_longer(app) {
        for how in ["retracted", "refused", "fallen"] {
            let ngo = app.organisation("KZ").create().await;
            let (kz, hu) = (app.coordinator("KZ"), app.coordinator("HU"));
            let proposal = kz.propose(&ngo.url(), "transfer", json!({"to_country": "HU", "reason": "The seat was moved."})).await;
            // Whoever is asked sees what about.
            let asked = hu.get(&proposal).await.expect(200);
            assert!(asked.str("/organisation/name").starts_with("Sample Association"));
            match how {
                "retracted" => { kz.post(&format!("{proposal}/retraction"), json!({"reason": "Not yet."})).await.expect(200); }
                "refused" => { app.decide(&app.secretariat(), &proposal, "refused", json!({})).await.expect(200); }
                _ => {}
            }
            rename(&kz, &ngo.url(), &format!("Later Private Name {how}")).await;
            hu.get(&ngo.url()).await.problem(404, "not_found");
            let read = all_read(&app, &hu, &proposal).await;
            assert_eq!(read[0].status, 404, "{how}: {}", read[0].text());
            for answer in &read {
                assert!(!answer.text().contains(&ngo.number), "{how}: {}", answer.text());
            }
            assert_eq!(kz.get(&proposal).await.expect(200).str("/status"), how);
            if how != "fallen" {
                app.decide_unread(&hu, &proposal).await.problem(404, "not_found");
            }
        }
    }
}

impl App {
    /// Approves a proposal that the officer cannot read.
    async fn decide_unread(&self, officer: &Person, proposal: &str) -> Answer {
        let body = json!({"outcome": "approved", "reason": "Unseen.", "revision": 1});
        officer.post(&format!("{proposal}/decision"), body).await
    }
}

both! {
    async fn lists_of_reports_show_the_number_of_one_that_left_and_is_not_public(app) {
        let since = app.today() - chrono::Days::new(30);
        let (ngo, _) = app.member_since("KZ", json!({"effective_on": since})).await;
        moved(&app, &ngo.url(), "KZ", "UZ").await;
        let (kz, uz, office) = (app.coordinator("KZ"), app.coordinator("UZ"), app.secretariat());
        rename(&uz, &ngo.url(), "Secretly Renamed In Uz").await;
        let today = app.today();
        let day = today - chrono::Days::new(10);
        let lists = [
            format!("register?as_of={day}"),
            format!("register?as_of={day}&format=csv"),
            format!("standing/members?as_of={day}&column=active"),
            format!("roll-forward/members?from={day}&to={today}&column=transferred_out"),
            format!("data-quality/records?as_of={day}&criterion=city"),
            format!("sample?as_of={day}&seed=x&size=9"),
        ];
        let read = async |person: &Person, path: &String| person.get(&format!("/v1/reports/{path}")).await.expect(200).text();
        for path in &lists {
            assert!(read(&kz, path).await.contains("Secretly"), "{path}: it is public, so its name is");
        }
        let withholding = format!("{}/withholding", ngo.url());
        let reason = Some(json!({"reason": "People may be harmed."}));
        uz.send_with(actix_web::http::Method::PUT, &withholding, "*", reason).await.expect(200);
        for path in &lists {
            let told = read(&kz, path).await;
            assert!(!told.contains("Secretly") && told.contains(&ngo.number), "{path}: {told}");
            assert!(read(&office, path).await.contains("Secretly"), "{path}");
        }
    }
}
