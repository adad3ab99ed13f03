//! The ends of organisations: nothing lies behind a dissolution or merge, and no standing is lost unseen by a merge, whatever is
//! back-dated or corrected.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person};

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

fn id(membership: &str) -> Value {
    json!(membership.rsplit('/').next().unwrap())
}

async fn member(app: &App, days: u64) -> (String, String) {
    let more = json!({"effective_on": ago(app, days)});
    let (ngo, membership) = app.member_since("KZ", more).await;
    (ngo.number, membership)
}

fn url(number: &str) -> String {
    format!("/v1/organisations/{number}")
}

async fn withdraw(app: &App, kz: &Person, membership: &str, days: u64) -> Answer {
    let body = json!({"effective_on": ago(app, days), "reason": "The member's letter."});
    kz.act(membership, "withdrawal", body).await
}

async fn dissolve(app: &App, kz: &Person, number: &str, days: u64) -> Answer {
    let body = json!({"effective_on": ago(app, days), "reason": "Struck off."});
    kz.act(&url(number), "dissolution", body).await
}

async fn merge(app: &App, kz: &Person, (old, new): (&str, &str), days: u64) -> Answer {
    let body = json!({"successor": new, "reason": "Voted.", "effective_on": ago(app, days)});
    kz.act(&url(old), "merge", body).await
}

async fn merged(app: &App, kz: &Person, numbers: (&str, &str), days: u64) {
    let proposed = merge(app, kz, numbers, days).await.expect(202);
    approve(app, &proposed).await.expect(200);
}

async fn approve(app: &App, proposed: &Answer) -> Answer {
    let proposal = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
    app.decide(&app.secretariat(), &proposal, "approved", json!({}))
        .await
}

/// Corrects the event of this kind: to another day, or as never recorded.
async fn correct(kz: &Person, membership: &str, kind: &str, day: Option<NaiveDate>) -> Answer {
    let read = kz.get(membership).await.expect(200).json();
    let mut events = read["events"].as_array().unwrap().iter();
    let no = events.find(|e| e["kind"] == kind).unwrap()["no"].clone();
    let mut body = json!({"target_no": no, "how": "void", "reason": "The minutes say so."});
    if let Some(day) = day {
        body["how"] = json!("replace");
        body["effective_on"] = json!(day);
    }
    kz.act(membership, "correction", body).await
}

/// Members that the register counts on a day.
async fn rows(app: &App, days: u64) -> usize {
    let path = format!("/v1/reports/register?as_of={}&country=KZ", ago(app, days));
    let read = app.auditor().get(&path).await.expect(200);
    read.at("/data/members").as_array().unwrap().len()
}

#[track_caller]
fn impossible(answer: Answer, named: &str) {
    let refused = answer.problem(409, "act_not_possible");
    assert!(refused.str("/detail").contains(named), "{}", refused.text());
}

both! {
    async fn nothing_lies_behind_a_dissolution_or_merge_that_is_dated_back(app) {
        let kz = app.coordinator("KZ");
        let (number, membership) = member(&app, 30).await;
        withdraw(&app, &kz, &membership, 20).await.expect(200);
        let (goes_on, _) = member(&app, 60).await;
        for refused in [dissolve(&app, &kz, &number, 40).await, merge(&app, &kz, (&number, &goes_on), 40).await] {
            assert_eq!(refused.problem(409, "act_not_possible").at("/membership"), id(&membership));
        }
        assert_eq!([rows(&app, 25).await, rows(&app, 20).await], [2, 1]);
        dissolve(&app, &kz, &number, 20).await.expect(200);
        assert_eq!([rows(&app, 25).await, rows(&app, 20).await], [2, 1]);

        // An application, too.
        let ngo = app.organisation("KZ").create().await;
        let application = app.applied_on(&kz, &ngo.url(), ("full", ago(&app, 15))).await;
        let back = json!({"effective_on": ago(&app, 10), "reason": "They wrote."});
        kz.act(&application, "application-withdrawal", back).await.expect(200);
        let refused = dissolve(&app, &kz, &ngo.number, 12).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/membership"), id(&application));
        // What is open still ends with it, also where it began later.
        let (young, membership) = member(&app, 5).await;
        let done = dissolve(&app, &kz, &young, 8).await.expect(200);
        assert_eq!(done.at("/closed"), json!(1));
        assert_eq!(kz.get(&membership).await.str("/state"), "dissolved");
        assert_eq!(rows(&app, 5).await, 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn nothing_lies_behind_a_dissolution_that_is_corrected(app) {
        let kz = app.coordinator("KZ");
        let (number, full) = member(&app, 60).await;
        let associate = app.admitted_on(&kz, &url(&number), ("associate", ago(&app, 50))).await;
        withdraw(&app, &kz, &associate, 30).await.expect(200);
        dissolve(&app, &kz, &number, 20).await.expect(200);
        for days in [40, 31] {
            let refused = correct(&kz, &full, "dissolved", Some(ago(&app, days))).await;
            assert_eq!(refused.problem(409, "act_not_possible").at("/membership"), id(&associate));
        }
        assert_eq!([rows(&app, 40).await, rows(&app, 30).await, rows(&app, 20).await], [2, 1, 0]);
        correct(&kz, &full, "dissolved", Some(ago(&app, 30))).await.expect(200);
        assert_eq!([rows(&app, 40).await, rows(&app, 30).await], [2, 0]);
        correct(&kz, &full, "dissolved", Some(ago(&app, 10))).await.expect(200);
        assert_eq!([rows(&app, 11).await, rows(&app, 10).await], [1, 0]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_standing_that_began_after_the_day_of_a_merge_is_not_lost_unseen(app) {
        let kz = app.coordinator("KZ");
        let (former, membership) = member(&app, 100).await;
        withdraw(&app, &kz, &membership, 60).await.expect(200);
        let (young, standing) = member(&app, 20).await;
        for days in [30, 20, 0] {
            impossible(merge(&app, &kz, (&young, &former), days).await, "admit the successor as full first");
        }
        assert_eq!(kz.get(&standing).await.str("/state"), "active");
        let (goes_on, _) = member(&app, 20).await;
        merged(&app, &kz, (&young, &goes_on), 30).await;
        assert_eq!(rows(&app, 20).await, 1);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_corrected_day_of_a_merge_is_asked_of_every_type_that_ended(app) {
        let kz = app.coordinator("KZ");
        let (old, full) = member(&app, 60).await;
        let associate = app.admitted_on(&kz, &url(&old), ("associate", ago(&app, 60))).await;
        let (new, _) = member(&app, 60).await;
        let of_new = app.admitted_on(&kz, &url(&new), ("associate", ago(&app, 30))).await;
        merged(&app, &kz, (&old, &new), 20).await;
        for membership in [&full, &associate] {
            let refused = correct(&kz, membership, "merged", Some(ago(&app, 40))).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/membership"), id(&associate), "{}", refused.text());
        }
        // Also where the successor has left since the day of the merge.
        withdraw(&app, &kz, &of_new, 10).await.expect(200);
        impossible(correct(&kz, &full, "merged", Some(ago(&app, 5))).await, "associate");
        let proposed = correct(&kz, &full, "merged", Some(ago(&app, 30))).await.expect(202);
        approve(&app, &proposed).await.expect(200);
        assert_eq!([rows(&app, 31).await, rows(&app, 30).await], [3, 2]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn an_organisation_does_not_end_before_another_was_merged_into_it(app) {
        let kz = app.coordinator("KZ");
        let (old, _) = member(&app, 60).await;
        let (new, of_new) = member(&app, 60).await;
        let (third, _) = member(&app, 60).await;
        merged(&app, &kz, (&old, &new), 20).await;
        for days in [30, 20] {
            impossible(dissolve(&app, &kz, &new, days).await, &old);
        }
        impossible(merge(&app, &kz, (&new, &third), 30).await, &old);
        dissolve(&app, &kz, &new, 10).await.expect(200);
        for days in [30, 20] {
            impossible(correct(&kz, &of_new, "dissolved", Some(ago(&app, days))).await, &old);
        }
        correct(&kz, &of_new, "dissolved", Some(ago(&app, 19))).await.expect(200);
        assert_eq!([rows(&app, 21).await, rows(&app, 20).await, rows(&app, 19).await], [3, 2, 1]);
        // One that was never a member neither.
        let empty = app.organisation("KZ").create().await.number;
        let into = app.organisation("KZ").create().await.number;
        merged(&app, &kz, (&empty, &into), 20).await;
        impossible(dissolve(&app, &kz, &into, 21).await, &empty);
        dissolve(&app, &kz, &into, 20).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_a_merge_rests_on_stays_while_the_merge_stands(app) {
        let kz = app.coordinator("KZ");
        let (old, _) = member(&app, 60).await;
        let (new, of_new) = member(&app, 60).await;
        merged(&app, &kz, (&old, &new), 20).await;
        impossible(correct(&kz, &of_new, "admitted", None).await, &old);
        impossible(correct(&kz, &of_new, "admitted", Some(ago(&app, 10))).await, &old);
        for days in [30, 20] {
            impossible(withdraw(&app, &kz, &of_new, days).await, &old);
        }
        assert_eq!(app.get(&url(&old)).await.expect(307).header("location"), Some(url(&new).as_str()));
        // Another day is as good, and what happens later is no matter of the merge.
        correct(&kz, &of_new, "admitted", Some(ago(&app, 40))).await.expect(202);
        withdraw(&app, &kz, &of_new, 19).await.expect(200);
        impossible(correct(&kz, &of_new, "withdrawn", Some(ago(&app, 25))).await, &old);

        // A former member's number leads to a public record.
        let (former, left) = member(&app, 60).await;
        withdraw(&app, &kz, &left, 50).await.expect(200);
        let (public, standing) = member(&app, 30).await;
        merged(&app, &kz, (&former, &public), 20).await;
        impossible(correct(&kz, &standing, "admitted", None).await, &former);
        app.get(&url(&former)).await.expect(307);
        let led = kz.get(&url(&former)).await.expect(307);
        let tag = led.header("etag").unwrap().to_owned();
        let body = json!({"reason": "The court set it aside."});
        let proposed = kz.post_seen(&format!("{}/unmerge", url(&former)), Some(&tag), body).await.expect(202);
        approve(&app, &proposed).await.expect(200);
        let proposed = correct(&kz, &standing, "admitted", None).await.expect(202);
        approve(&app, &proposed).await.expect(200);
        app.get(&url(&public)).await.problem(404, "not_found");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
