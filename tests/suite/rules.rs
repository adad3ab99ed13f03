//! The rules of membership: how they are adopted, and what they forbid.

use std::sync::Arc;

use chrono::{Days, Months, NaiveDate};
use diesel::connection::SimpleConnection;
use ots_registry::db::{Conn, Instant};
use ots_registry::http::Code;
use ots_registry::memberships::adoption::{self, NotAdopted};
use ots_registry::memberships::rules::Rules;
use ots_registry::memberships::{derived, recorder};
use serde_json::{Value, json};

use crate::both;
use crate::kit::databases::{Database, scratch};
use crate::kit::process::{ended, flag_of, said, started};
use crate::kit::{App, Kind, Person};

const OWN: &str = include_str!("../../src/memberships/rules/default.toml");

/// The program's own rules, and others from tomorrow on, with terms of so many months for full members.
fn from_tomorrow(app: &App, months: u32) -> String {
    let day = (app.today() + Days::new(1)).to_string();
    let later = OWN
        .replace("from = \"2025-11-01\"", &format!("from = \"{day}\""))
        .replace("term_months = 24", &format!("term_months = {months}"));
    format!("{OWN}\n{later}")
}

fn adopt(app: &App, text: &str) -> Result<(Rules, bool), NotAdopted> {
    adoption::adopt(&mut app.db_conn(), Some(text), Instant::now(), |_| {})
}

/// The application under the rules of a text, adopted now.
async fn under(app: &App, text: &str) -> App {
    let (rules, new) = adopt(app, text).unwrap();
    assert!(new);
    app.with(|parts| parts.rules = Arc::new(rules)).await
}

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

/// Makes an organisation a member of a type since some days ago; gives the membership's address.
async fn join(app: &App, kz: &Person, ngo: &str, kind: &str, days: u64) -> String {
    let body = json!({"type": kind});
    let made = kz.post(&format!("{ngo}/memberships"), body).await;
    let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
    for act in ["submit", "review"] {
        kz.act(&membership, act, json!({})).await.expect(200);
    }
    let body = json!({"stance": "for", "reason": "Checked."});
    let proposal = kz.propose(&membership, "recommendation", body).await;
    let since = json!({"effective_on": ago(app, days)});
    let officer = app.secretariat();
    app.decide(&officer, &proposal, "approved", since)
        .await
        .expect(200);
    membership
}

both! {
    async fn a_process_under_older_rules_answers_and_records_nothing_by_them(app) {
        let (_, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let ngo = app.organisation("KZ").create().await;
        let restarted = under(&app, &from_tomorrow(&app, 36)).await;
        let refused = app.get("/readyz").await.problem(503, "database_unavailable");
        assert!(refused.str("/detail").contains("older rules"), "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
        kz.get(&membership).await.problem(503, "database_unavailable");
        kz.get("/v1/tasks").await.problem(503, "database_unavailable");
        let renewal = format!("{membership}/renewal");
        kz.post_seen(&renewal, Some("*"), json!({})).await.problem(503, "database_unavailable");
        kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.problem(503, "database_unavailable");
        kz.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.problem(503, "database_unavailable");
        // Nor does the calendar, on the day of the first turn.
        let later = Instant((Instant::now()).0 + 1_000 * 86_400_000_000);
        let recorded = recorder::run(&app.parts.db, app.parts.rules.clone(), later).await;
        assert_eq!(recorded.map_err(|e| e.code()), Err(Code::DatabaseUnavailable));
        // What was stored is made anew with the adoption.
        kz.get("/v1/memberships").await.expect(200);

        restarted.get("/readyz").await.expect(200);
        let kz = restarted.coordinator("KZ");
        let renewed = kz.act(&membership, "renewal", json!({})).await.expect(200);
        let end = app.today() + Months::new(24 + 36) - Days::new(1);
        assert_eq!(renewed.str("/term_end"), end.to_string());
        kz.act(&ngo.url(), "dissolution", json!({"reason": "Struck off."})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_writer_that_waited_for_an_adoption_is_refused(app) {
        // As one that locked the membership before the adoption and gets the journal's head after it.
        use ots_registry::auth::policy::Action;
        use ots_registry::auth::{Acting, Principal, Role};
        use ots_registry::memberships::model::EventKind;
        use ots_registry::memberships::record::{self, Particulars};
        let (_, membership) = app.member("KZ").await;
        let id = membership.rsplit('/').next().unwrap().parse().unwrap();
        let kz = app.coordinator("KZ");
        let principal = Principal::User { id: kz.id, session: kz.id, role: Role::Coordinator, country: Some("KZ".to_owned()) };
        let acting = Acting::on_behalf(principal, Action::Maintain).unwrap();
        let old = app.parts.rules.clone();
        let held = app.db_conn().transact(|tx| record::lock(tx, &acting, &old, id, None)).unwrap();
        under(&app, &from_tomorrow(&app, 36)).await;
        let refused = app.db_conn().transact(|tx| {
            record::record(tx, &acting, &old, &held, EventKind::Renewed {}, Particulars::default(), |_, _, _| Ok(()))
        });
        assert_eq!(refused.map(|_| ()).map_err(|e| e.code()), Err(Code::DatabaseUnavailable));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn timelines_that_were_stored_under_other_rules_are_made_anew(app) {
        let (_, membership) = app.member("KZ").await;
        let restarted = under(&app, &from_tomorrow(&app, 36)).await;
        let kz = restarted.coordinator("KZ");
        kz.act(&membership, "renewal", json!({})).await.expect(200);
        let conn = &mut app.db_conn();
        assert!(!derived::ensure(conn, |_| {}).unwrap(), "all is as it should be");
        // As a program left them that did not look at the rules.
        conn.batch_execute(
            "UPDATE membership_intervals SET term_end = '2027-04-10' WHERE known_to > 1000000 AND state = 'active'; \
             DELETE FROM membership_due; \
             UPDATE registry_marks SET value = substr(value, 1, 1) WHERE name = 'timelines'",
        )
        .unwrap();
        assert_ne!(app.findings(), Vec::<String>::new());
        assert!(derived::ensure(conn, |_| {}).unwrap());
        assert_eq!(app.findings(), Vec::<String>::new());
        assert!(!derived::ensure(conn, |_| {}).unwrap());
    }
}

both! {
    async fn rules_whose_place_others_took_are_not_adopted_again(app) {
        let (first, second) = (from_tomorrow(&app, 36), from_tomorrow(&app, 48));
        assert!(adopt(&app, &first).unwrap().1);
        assert!(adopt(&app, &second).unwrap().1);
        for old in [first.as_str(), OWN] {
            let refused = adopt(&app, old).unwrap_err();
            let by = 2;
            assert!(matches!(refused, NotAdopted::Superseded { by: n, .. } if n == by), "{refused}");
        }
        // Whoever has the file in force, or none, goes on by it.
        let (held, new) = adopt(&app, &second).unwrap();
        assert_eq!((held.known_from(), new), (2, false));
        assert_eq!(adoption::in_force(&mut app.db_conn()).unwrap(), held);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn rules_have_a_past_from_the_first_event_of_a_membership_on(app) {
        let ngo = app.organisation("KZ").create().await;
        let own = OWN.replace("term_months = 24", "term_months = 18");
        let app = under(&app, &own).await;
        let kz = app.coordinator("KZ");
        kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full"})).await.expect(201);
        let refused = adopt(&app, &OWN.replace("term_months = 24", "term_months = 6")).unwrap_err();
        assert!(matches!(refused, NotAdopted::Past { .. }), "{refused}");
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

/// What a command says, and what the rules of its database are afterwards.
fn rules_of(database: &Database) -> Vec<(i64, Rules)> {
    adoption::history(&mut Conn::open_for_work(&database.url()).unwrap()).unwrap()
}

#[test]
fn a_new_registry_begins_with_its_own_rules() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("own-rules-{kind:?}"));
        let (good, bad) = (folder.join("good.toml"), folder.join("bad.toml"));
        std::fs::write(&good, OWN.replace("grace_days = 60", "grace_days = 45")).unwrap();
        std::fs::write(&bad, OWN.replace("grace_days = 60", "grace_days = -1")).unwrap();
        let place = [
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        let people = [
            "--secretariat",
            "one@sample.example",
            "--secretariat",
            "two@sample.example",
        ];
        let init = |file: &std::path::Path| {
            let file = ["--rules-file", file.to_str().unwrap()];
            said(&[&["init"][..], &people, &place, &file].concat())
        };
        let (code, text) = init(&bad);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("rules_file: "), "{text}");
        assert!(!folder.join("keys").exists(), "nothing was made");
        let (code, text) = init(&good);
        assert_eq!(code, Some(0), "{text}");
        let adopted = rules_of(&database);
        assert_eq!(adopted.len(), 2, "{kind:?}");
        let file = ["--rules-file", good.to_str().unwrap()];
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        ended(started(
            &[&serve[..], &place, &file].concat(),
            "\"serving\"",
        ));
        assert_eq!(rules_of(&database), adopted);
    }
}

#[test]
fn a_demo_begins_with_the_rules_that_it_is_given() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("demo-rules-{kind:?}"));
        let (good, bad) = (folder.join("good.toml"), folder.join("bad.toml"));
        std::fs::write(&good, OWN.replace("grace_days = 60", "grace_days = 45")).unwrap();
        std::fs::write(&bad, OWN.replace("grace_days = 60", "grace_days = -1")).unwrap();
        let with = |file: &std::path::Path| {
            let words = [
                "serve",
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                &url,
                "--data-dir",
                folder.to_str().unwrap(),
                "--rules-file",
                file.to_str().unwrap(),
            ];
            words.map(str::to_owned)
        };
        let words = with(&bad);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, text) = said(&words);
        assert_eq!(code, Some(1), "{text}");
        // The folder is as good as it was.
        let words = with(&good);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        ended(started(&words, "demo data: "));
        let adopted = rules_of(&database);
        assert_eq!(adopted.last().map(|(seq, _)| *seq), Some(1), "{kind:?}");
        let (code, text) = said(&words);
        assert_eq!(code, Some(1));
        assert!(text.contains("a part of a demo"), "{text}");
    }
}

#[test]
fn a_registry_that_is_no_demo_gets_no_rules_from_one() {
    let database = Database::empty(Kind::Sqlite).unwrap();
    let url = flag_of(&database.url());
    let folder = scratch("no-demo-rules");
    let file = folder.join("rules.toml");
    std::fs::write(&file, OWN.replace("grace_days = 60", "grace_days = 45")).unwrap();
    let place = [
        "--database-url",
        &url,
        "--data-dir",
        folder.to_str().unwrap(),
    ];
    let people = [
        "--secretariat",
        "one@sample.example",
        "--secretariat",
        "two@sample.example",
    ];
    let (code, text) = said(&[&["init"][..], &people, &place].concat());
    assert_eq!(code, Some(0), "{text}");
    let demo = ["serve", "--demo", "--listen", "127.0.0.1:0"];
    let rules = ["--rules-file", file.to_str().unwrap()];
    let (code, text) = said(&[&demo[..], &place, &rules].concat());
    assert_eq!(code, Some(1));
    assert!(text.contains("--demo needs an empty database"), "{text}");
    assert_eq!(rules_of(&database).len(), 1, "the program's own");
}

both! {
    async fn a_correction_does_not_shorten_the_waiting_time_after_a_rejection(app) {
        let ngo = app.organisation("KZ").create().await;
        let kz = app.coordinator("KZ");
        let (rejected, proposal) = app.recommended(&kz, &ngo.number).await;
        app.decide(&app.secretariat(), &proposal, "refused", json!({})).await.expect(200);
        let apply = async |days: u64| {
            let body = json!({"type": "full", "effective_on": app.today() + Days::new(days)});
            kz.post(&format!("{}/memberships", ngo.url()), body).await
        };
        apply(179).await.problem(409, "act_not_possible");
        let membership = format!("/v1/memberships/{}", apply(180).await.expect(201).str("/id"));
        let correct = async |membership: &str, no: u32, day: NaiveDate| {
            let body = json!({"target_no": no, "how": "replace", "effective_on": day, "reason": "A slip of the pen."});
            kz.act(membership, "correction", body).await
        };
        for day in [app.today(), app.today() + Days::new(179)] {
            let refused = correct(&membership, 1, day).await.problem(409, "act_not_possible");
            assert!(refused.str("/detail").contains("may apply for that type again"), "{}", refused.text());
            assert_eq!(refused.at("/possible"), kz.get(&membership).await.at("/possible"));
        }
        correct(&membership, 1, app.today() + Days::new(200)).await.expect(200);
        // A correction of the correction is one too.
        correct(&membership, 2, app.today() + Days::new(100)).await.problem(409, "act_not_possible");
        // The rejected application itself is free: nothing was rejected before it.
        correct(&rejected, 1, ago(&app, 10)).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn an_act_on_a_whole_organisation_has_the_strictest_limit_of_its_types(app) {
        let (full, rest) = OWN.split_once("# An associate").unwrap();
        let full = full.replace("back_dating_limit_days = 366", "back_dating_limit_days = 30");
        let rest = rest.replace("back_dating_limit_days = 366", "back_dating_limit_days = 200");
        let app = under(&app, &format!("{full}# An associate{rest}")).await;
        let kz = app.coordinator("KZ");
        let dissolve = async |ngo: &str, days: u64| {
            let body = json!({"effective_on": ago(&app, days), "reason": "Struck off."});
            kz.act(ngo, "dissolution", body).await
        };
        let [observer, both, none] = [app.organisation("KZ").create().await, app.organisation("KZ").create().await, app.organisation("KZ").create().await];
        join(&app, &kz, &observer.url(), "observer", 100).await;
        dissolve(&observer.url(), 201).await.problem(422, "invalid_field");
        dissolve(&observer.url(), 60).await.expect(200);
        join(&app, &kz, &both.url(), "observer", 100).await;
        join(&app, &kz, &both.url(), "full", 25).await;
        dissolve(&both.url(), 31).await.problem(422, "invalid_field");
        dissolve(&both.url(), 20).await.expect(200);
        dissolve(&none.url(), 31).await.problem(422, "invalid_field");
        dissolve(&none.url(), 30).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_membership_of_a_day_is_in_the_country_of_that_day(app) {
        let (az, hu) = (app.coordinator("AZ"), app.coordinator("HU"));
        let (ngo, membership) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        let (other, ended) = app.member_since("AZ", json!({"effective_on": ago(&app, 60)})).await;
        az.act(&ended, "withdrawal", json!({"effective_on": ago(&app, 50), "reason": "Its letter."})).await.expect(200);
        for moved in [&ngo, &other] {
            let body = json!({"to_country": "HU", "reason": "The seat moved.", "effective_on": ago(&app, 30)});
            let transfer = az.propose(&moved.url(), "transfer", body).await;
            for officer in [&hu, &app.secretariat()] {
                app.decide(officer, &transfer, "approved", json!({})).await.expect(200);
            }
        }
        let auditor = app.auditor();
        for (days, country) in [(40, "AZ"), (31, "AZ"), (30, "HU"), (0, "HU")] {
            let day = ago(&app, days);
            for one in [&membership, &ended] {
                let read = auditor.get(&format!("{one}?as_of={day}")).await.expect(200);
                assert_eq!(read.str("/organisation/country"), country, "{day}");
            }
            let listed = auditor.get(&format!("/v1/memberships?as_of={day}&country={country}")).await.expect(200).at("/items");
            let listed: Vec<&Value> = listed.as_array().unwrap().iter().map(|item| &item["organisation"]["country"]).collect();
            assert_eq!(listed, [country, country], "{day}");
        }
    }
}

both! {
    async fn what_was_possible_on_another_day_is_told_for_the_caller_too(app) {
        let tr = app.coordinator("TR");
        let ngo = app.organisation("TR").create().await;
        let body = json!({"type": "full", "effective_on": ago(&app, 5), "reason": "On paper."});
        let made = tr.post(&format!("{}/memberships", ngo.url()), body).await.expect(201);
        let membership = format!("/v1/memberships/{}", made.str("/id"));
        for (act, days) in [("submit", 4), ("review", 3)] {
            let body = json!({"effective_on": ago(&app, days), "reason": "On paper."});
            tr.act(&membership, act, body).await.expect(200);
        }
        let possible = tr.get(&membership).await.at("/possible");
        assert!(!possible.as_array().unwrap().contains(&json!("reassign")), "{possible}");
        for days in [0, 2] {
            let body = json!({"effective_on": ago(&app, days), "reason": "On paper."});
            let refused = tr.act(&membership, "submit", body).await.problem(409, "act_not_possible");
            assert_eq!(refused.at("/on_its_day"), json!({"day": ago(&app, days), "state": "in_review", "possible": possible}));
            assert_eq!(refused.at("/possible"), possible);
        }
    }
}

both! {
    async fn a_renewal_waits_until_no_more_than_a_whole_term_is_to_go(app) {
        let (_, membership) = app.member("KZ").await;
        let kz = app.coordinator("KZ");
        let renewed = kz.act(&membership, "renewal", json!({})).await.expect(200);
        let end: NaiveDate = renewed.str("/term_end").parse().unwrap();
        let refused = kz.act(&membership, "renewal", json!({})).await.problem(409, "act_not_possible");
        let from = end + Days::new(1) - Months::new(24);
        let told = refused.str("/detail");
        assert!(told.contains(&format!("runs until {end}")) && told.contains(&format!("from {from} on")), "{told}");
        let possible = refused.at("/possible");
        assert!(!possible.as_array().unwrap().contains(&json!("renew")), "{possible}");
        assert_eq!(kz.get(&membership).await.at("/possible"), possible);
        let many = json!({"items": [{"membership": renewed.str("/id"), "revision": renewed.at("/revision")}]});
        let row = kz.post("/v1/renewals", many).await.expect(200).at("/items/0");
        assert_eq!((&row["renewed"], &row["code"]), (&json!(false), &json!("act_not_possible")));
    }
}
