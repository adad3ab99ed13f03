//! What is dated ahead, beside acts that change the whole organisation today.

use chrono::{Days, NaiveDate};
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::both;
use crate::kit::{App, Person};

fn ahead(app: &App, days: u64) -> NaiveDate {
    app.today() + Days::new(days)
}

/// An application for a day to come, and its address.
async fn applied(app: &App, person: &Person, url: &str, days: u64) -> String {
    let body = json!({"type": "full", "effective_on": ahead(app, days)});
    let made = person.post(&format!("{url}/memberships"), body).await;
    format!("/v1/memberships/{}", made.expect(201).str("/id"))
}

/// Members that the register of a country counts on a day.
async fn rows(app: &App, country: &str, day: NaiveDate) -> usize {
    let path = format!("/v1/reports/register?as_of={day}&country={country}");
    let read = app.auditor().get(&path).await.expect(200);
    read.at("/data/members").as_array().unwrap().len()
}

both! {
    async fn a_dissolution_closes_an_application_of_a_day_to_come(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let membership = applied(&app, &az, &ngo.url(), 12).await;
        let done = az.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.expect(200);
        assert_eq!(done.at("/closed"), json!(1));
        let on = ahead(&app, 13);
        let submit = json!({"effective_on": on});
        az.act(&membership, "submit", submit).await.problem(409, "act_not_possible");
        let read = az.get(&membership).await.expect(200);
        let states: Vec<_> = read.at("/intervals").as_array().unwrap().iter().map(|i| i["state"].clone()).collect();
        assert_eq!(states, ["dissolved"]);
        assert_eq!(rows(&app, "AZ", ahead(&app, 30)).await, 0);
        // And is corrected with all the others.
        let no = read.at("/events").as_array().unwrap().len();
        az.act(&membership, "correction", json!({"target_no": no, "how": "void", "reason": "Another's."})).await.expect(200);
        az.act(&membership, "submit", json!({"effective_on": on})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_dissolution_that_is_corrected_to_another_day_keeps_what_began_later_closed(app) {
        let az = app.coordinator("AZ");
        let (ngo, member) = app.member_since("AZ", json!({"effective_on": app.today() - Days::new(40)})).await;
        let body = json!({"type": "observer", "effective_on": ahead(&app, 12)});
        let observer = az.post(&format!("{}/memberships", ngo.url()), body).await.expect(201).str("/id");
        let observer = format!("/v1/memberships/{observer}");
        az.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.expect(200);
        let no = az.get(&member).await.at("/events").as_array().unwrap().len();
        let day = app.today() - Days::new(20);
        let replace = json!({"target_no": no, "how": "replace", "effective_on": day, "reason": "The court's date."});
        az.act(&member, "correction", replace).await.expect(200);
        assert_eq!(rows(&app, "AZ", day).await, 0);
        assert_eq!(az.get(&observer).await.expect(200).at("/intervals/0/state"), json!("dissolved"));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_merge_ends_an_application_of_a_day_to_come(app) {
        let az = app.coordinator("AZ");
        let (goes_on, _) = app.member("AZ").await;
        let ngo = app.organisation("AZ").create().await;
        let membership = applied(&app, &az, &ngo.url(), 12).await;
        let merge = az.propose(&ngo.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &merge, "approved", json!({})).await.expect(200);
        let submit = json!({"effective_on": ahead(&app, 13)});
        az.act(&membership, "submit", submit).await.problem(409, "act_not_possible");
        assert_eq!(az.get(&membership).await.expect(200).at("/intervals/0/state"), json!("merged"));
        assert_eq!(rows(&app, "AZ", ahead(&app, 30)).await, 1);
        let read = az.get(&goes_on.url()).await.expect(200);
        assert_eq!(read.at("/predecessors/0/merged_on"), json!(app.today()));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn an_application_of_a_day_to_come_moves_with_its_organisation(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let ngo = app.organisation("AZ").create().await;
        let membership = applied(&app, &az, &ngo.url(), 2).await;
        let move_to = json!({"to_country": "HU", "reason": "The seat moved."});
        let transfer = az.propose(&ngo.url(), "transfer", move_to).await;
        app.decide(&hu, &transfer, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &transfer, "approved", json!({})).await.expect(200);
        let day = ahead(&app, 3);
        for act in ["submit", "review"] {
            hu.act(&membership, act, json!({"effective_on": day})).await.expect(200);
        }
        let body = json!({"stance": "for", "reason": "Checked.", "effective_on": day});
        let proposal = hu.propose(&membership, "recommendation", body).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({"effective_on": day})).await.expect(200);
        assert_eq!((rows(&app, "AZ", day).await, rows(&app, "HU", day).await), (0, 1));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_was_left_open_by_an_earlier_program_is_closed_and_not_gone_on_with(app) {
        let az = app.coordinator("AZ");
        let ngo = app.organisation("AZ").create().await;
        let membership = applied(&app, &az, &ngo.url(), 12).await;
        let text = format!("UPDATE organisations SET dissolved_on = '{}' WHERE number = '{}'", app.today(), ngo.number);
        app.db_conn().batch_execute(&text).unwrap();
        let on = ahead(&app, 13);
        let refused = az.act(&membership, "submit", json!({"effective_on": on})).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("was dissolved"), "{}", refused.text());
        az.act(&membership, "application-withdrawal", json!({})).await.expect(200);
    }
}
