//! Organisations in two times: as they held on a day, as known at a position.

use actix_web::http::Method;
use chrono::Days;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{App, Person};

/// The address of an organisation.
struct Ngo(String);

impl Ngo {
    fn url(&self) -> String {
        self.0.clone()
    }
}

/// An active organisation of Kazakhstan, registered and public.
async fn sample(app: &App) -> (Ngo, Person) {
    let more = json!({"city": "Astana", "email": "old@sample.example", "email_public": true,
        "names": [{"kind": "legal", "text": "Sample Before"}],
        "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]});
    let ngo = app.organisation("KZ").with(more).active().create().await;
    (Ngo(ngo.url()), app.coordinator("KZ"))
}

/// An instant between what was done and what comes.
fn instant() -> String {
    let at = ots_registry::db::Instant::now();
    loop {
        let now = ots_registry::db::Instant::now();
        if now.0 > at.0 {
            return at.to_string();
        }
    }
}

both! {
    async fn a_change_holds_from_its_day_and_is_known_from_its_recording(app) {
        let (ngo, kz) = sample(&app).await;
        let before = instant();
        let (today, day) = (app.today(), app.today() - Days::new(30));
        kz.patch(&ngo.url(), json!({"city": "Almaty", "effective_on": day.to_string()})).await.expect(200);
        kz.patch(&ngo.url(), json!({"region": "Almaty region"})).await.expect(200);
        let city = async |question: &str| {
            let found = kz.get(&format!("{}?{question}", ngo.url())).await.expect(200);
            (found.at("/city"), found.at("/region"))
        };
        let eve = day.pred_opt().unwrap();
        assert_eq!(city(&format!("as_of={eve}")).await, (json!("Astana"), Value::Null));
        assert_eq!(city(&format!("as_of={day}")).await, (json!("Almaty"), Value::Null));
        assert_eq!(city(&format!("as_of={today}")).await, (json!("Almaty"), json!("Almaty region")));
        // Not known yet, whatever the day.
        assert_eq!(city(&format!("as_of={today}&known_at={before}")).await, (json!("Astana"), Value::Null));
        // The registration counts for all days before.
        assert_eq!(city("as_of=1999-01-01").await, (json!("Astana"), Value::Null));
    }
}

both! {
    async fn of_the_changes_that_hold_on_a_day_the_one_recorded_last_counts_so_that_today_is_what_the_record_says(app) {
        let (ngo, kz) = sample(&app).await;
        let (near, far) = (app.today() - Days::new(10), app.today() - Days::new(20));
        let city = async |day: chrono::NaiveDate| kz.get(&format!("{}?as_of={day}", ngo.url())).await.expect(200).str("/city").to_owned();
        kz.patch(&ngo.url(), json!({"city": "Shymkent", "effective_on": near.to_string()})).await.expect(200);
        kz.patch(&ngo.url(), json!({"city": "Almaty", "effective_on": far.to_string()})).await.expect(200);
        for (day, expected) in [(far.pred_opt().unwrap(), "Astana"), (far, "Almaty"), (near, "Almaty"), (app.today(), "Almaty")] {
            assert_eq!(city(day).await, expected, "{day}");
        }
        assert_eq!(kz.get(&ngo.url()).await.expect(200).str("/city"), "Almaty");
        // What holds now is said again where only the past was meant.
        kz.patch(&ngo.url(), json!({"city": "Shymkent", "effective_on": near.to_string()})).await.expect(200);
        for (day, expected) in [(near.pred_opt().unwrap(), "Almaty"), (near, "Shymkent"), (app.today(), "Shymkent")] {
            assert_eq!(city(day).await, expected, "{day}");
        }
        assert_eq!(kz.get(&ngo.url()).await.expect(200).str("/city"), "Shymkent");
    }
}

both! {
    async fn lists_are_those_of_the_moment(app) {
        let (ngo, kz) = sample(&app).await;
        let first = instant();
        let tag = kz.tag(&ngo.url()).await;
        kz.post_seen(&format!("{}/names", ngo.url()), Some(&tag), json!({"kind": "legal", "text": "Sample After"})).await.expect(201);
        let contact = json!({"name": "Sample Person", "email": "person@sample.example"});
        let tag = kz.tag(&ngo.url()).await;
        let added = kz.post_seen(&format!("{}/contacts", ngo.url()), Some(&tag), contact).await.expect(201);
        let second = instant();
        let tag = kz.tag(&ngo.url()).await;
        let item = added.header("location").unwrap().to_owned();
        kz.send_with(Method::DELETE, &item, &tag, None).await.expect(204);
        let third = instant();
        let at = async |known: &str| kz.get(&format!("{}?known_at={known}", ngo.url())).await.expect(200);
        let names = |found: &crate::kit::Answer| -> Vec<(String, String)> {
            found.at("/names").as_array().unwrap().iter()
                .map(|n| (n["kind"].as_str().unwrap().to_owned(), n["text"].as_str().unwrap().to_owned())).collect()
        };
        let pair = |kind: &str, text: &str| (kind.to_owned(), text.to_owned());
        assert_eq!(names(&at(&first).await), [pair("legal", "Sample Before")]);
        assert_eq!(names(&at(&second).await), [pair("former", "Sample Before"), pair("legal", "Sample After")]);
        assert_eq!((at(&first).await.str("/name"), at(&second).await.str("/name")), ("Sample Before".into(), "Sample After".into()));
        let contacts = async |known: &str| at(known).await.at("/private/contacts").as_array().unwrap().len();
        assert_eq!((contacts(&first).await, contacts(&second).await, contacts(&third).await), (0, 1, 0));
        let auditor = app.auditor().get(&format!("{}?known_at={second}", ngo.url())).await.expect(200);
        assert_eq!(auditor.at("/private/contacts"), json!([]));
        assert!(!auditor.text().contains("Sample Person"));
    }
}

both! {
    async fn today_as_of_today_is_today(app) {
        let (ngo, kz) = sample(&app).await;
        let other = app.organisation("KZ").active().create().await;
        let tag = kz.tag(&ngo.url()).await;
        let relation = json!({"kind": "parent", "organisation": other.number});
        kz.post_seen(&format!("{}/relations", ngo.url()), Some(&tag), relation).await.expect(201);
        for url in [ngo.url(), other.url()] {
            let question = format!("{url}?as_of={}", app.today());
            assert_eq!(kz.get(&question).await.expect(200).json(), kz.get(&url).await.json());
            assert_eq!(app.get(&question).await.expect(200).json(), app.get(&url).await.json());
            let hu = app.coordinator("HU");
            assert_eq!(hu.get(&question).await.expect(200).json(), hu.get(&url).await.json());
        }
    }
}

both! {
    async fn the_public_does_not_see_what_it_may_no_longer_see(app) {
        let (ngo, kz) = sample(&app).await;
        let before = instant();
        assert_eq!(app.get(&ngo.url()).await.str("/email"), "old@sample.example");
        assert_eq!(app.get(&ngo.url()).await.at("/identifiers").as_array().unwrap().len(), 1);
        kz.patch(&ngo.url(), json!({"email_public": false})).await.expect(200);
        let item = kz.get(&ngo.url()).await.at("/identifiers/0/id");
        let tag = kz.tag(&ngo.url()).await;
        kz.send_with(Method::DELETE, &format!("{}/identifiers/{item}", ngo.url()), &tag, None).await.expect(204);
        let then = app.get(&format!("{}?known_at={before}", ngo.url())).await.expect(200);
        assert_eq!((then.at("/email"), then.at("/identifiers")), (Value::Null, json!([])));
        assert!(then.json().get("private").is_none());
        let officer = kz.get(&format!("{}?known_at={before}", ngo.url())).await.expect(200);
        assert_eq!((officer.str("/email"), officer.str("/identifiers/0/value")), ("old@sample.example".into(), "950440001673".into()));
    }
}

both! {
    async fn visibility_is_judged_by_now(app) {
        let kz = app.coordinator("KZ");
        let early = instant();
        let ngo = app.organisation("KZ").create().await;
        kz.get(&format!("{}?known_at={early}", ngo.url())).await.problem(404, "not_found");
        // Not public today, so neither on any day.
        app.get(&format!("{}?as_of=2099-01-01", ngo.url())).await.problem(404, "not_found");
        kz.get(&format!("{}?known_at=2999-01-01", ngo.url())).await.problem(422, "invalid_field");
        kz.get(&format!("{}?as_of=2026-1-1", ngo.url())).await.problem(400, "bad_parameter");
        kz.get(&format!("{}?day=2026-01-01", ngo.url())).await.problem(400, "bad_parameter");
    }
}
