//! A second id in a request: the other organisation of a relation, a merge's successor, what a row of an import is.
//!
//! One that the caller may not know of is answered as one that does not exist, byte for byte, and changes nothing. One that the caller may
//! name is taken, so that none of the requests is refused for something else.

use actix_web::http::Method;
use ots_registry::db::Id;
use ots_registry::organisations::RegistryNumber;
use serde_json::{Value, json};

use crate::both;
use crate::kit::fixtures::Made;
use crate::kit::{Answer, App, Person};
use crate::rights::upload;

/// Where a second id goes in a body.
const HERE: &str = "{second}";

/// A place that takes a second id.
struct Place {
    method: Method,
    path: String,
    /// The body, with the id left out.
    body: Value,
    /// Ids that are somebody else's alone.
    foreign: Vec<Value>,
    /// One that nobody has.
    unknown: Value,
    /// One that the caller may name, and what is answered then.
    known: (Value, u16),
}

impl Place {
    async fn ask(&self, person: &Person, id: &Value) -> Answer {
        let hole = json!(HERE).to_string();
        let body = self.body.to_string().replace(&hole, &id.to_string());
        let request = person
            .request(self.method.clone(), &self.path)
            .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
            .insert_header(("If-Match", "*"))
            .set_json(serde_json::from_str::<Value>(&body).unwrap());
        person.send(request).await
    }

    /// The answer without the id that was asked with.
    async fn told(&self, person: &Person, id: &Value) -> (u16, String, Vec<(String, String)>) {
        let (status, mut text, headers) = self.ask(person, id).await.shape();
        if let Some(id) = id.as_str() {
            text = text.replace(id, HERE);
        }
        (status, text, headers)
    }
}

/// The records of another country.
struct Abroad {
    /// Never public.
    private: Made,
    /// Was a member, and is withheld.
    withheld: Made,
    /// A member that everybody sees.
    public: Made,
    /// Their memberships.
    memberships: [String; 3],
}

const TWIN: &str = "Samarkand Glass Blowers Foundation";

impl Abroad {
    async fn make(app: &App) -> Self {
        let kg = app.coordinator("KG");
        // Its name is that of an organisation of here as well.
        let private = app.organisation("KG").named(TWIN).create().await;
        let (applied, _) = app.recommended(&kg, &private.number).await;
        let (withheld, second) = app.member("KG").await;
        let path = format!("{}/withholding", withheld.url());
        let reason = json!({"reason": "Being findable may harm them."});
        kg.send_with(Method::PUT, &path, "*", Some(reason))
            .await
            .expect(200);
        let (public, third) = app.member("KG").await;
        for item in 0..2 {
            let contact = json!({"name": format!("Sample Contact {item}")});
            let path = format!("{}/contacts", private.url());
            kg.post_seen(&path, Some("*"), contact).await.expect(201);
        }
        Self {
            private,
            withheld,
            public,
            memberships: [applied, second, third].map(|url| last(&url)),
        }
    }

    fn hidden(&self) -> Vec<Value> {
        vec![json!(self.private.number), json!(self.withheld.number)]
    }
}

fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

fn unknown_number() -> Value {
    json!(RegistryNumber::random().unwrap().to_string())
}

/// Puts a file in; gives the import's address.
async fn uploaded(person: &Person, file: &str) -> String {
    format!("/v1/imports/{}", upload(person, file).await)
}

/// Every place in a body that takes the number of another organisation.
async fn places(app: &App, kz: &Person, abroad: &Abroad) -> Vec<Place> {
    let place = |path: String, body: Value, known: (Value, u16)| Place {
        method: Method::POST,
        path,
        body,
        foreign: abroad.hidden(),
        unknown: unknown_number(),
        known,
    };
    let public = || json!(abroad.public.number);
    let twin = app.organisation("KZ").named(TWIN).create().await.number;
    let merging = app.organisation("KZ").create().await;
    let own = app.organisation("KZ").create().await;
    let names = ["Bukhara Potters Union", "Fergana Silk Spinners Union"];
    for name in names {
        app.organisation("KZ").named(name).create().await;
    }
    let import = uploaded(
        kz,
        &format!(
            "id,name,city,country\n1,{},Almaty,KZ\n2,{},Almaty,KZ\n",
            names[0], names[1]
        ),
    )
    .await;
    vec![
        place(
            format!("{}/relations", own.url()),
            json!({"kind": "partner", "organisation": HERE}),
            (public(), 201),
        ),
        place(
            format!("{}/merge", merging.url()),
            json!({"successor": HERE, "reason": "Both assemblies voted for it."}),
            (public(), 202),
        ),
        place(
            "/v1/duplicates/distinct".to_owned(),
            json!({"organisation": own.number, "other": HERE, "reason": "Two towns."}),
            (public(), 201),
        ),
        place(
            "/v1/duplicates/distinct".to_owned(),
            json!({"organisation": HERE, "other": own.number, "reason": "Two towns."}),
            (json!(merging.number), 201),
        ),
        // It stays in question whether it is the own one, which alone is told of.
        place(
            "/v1/organisations".to_owned(),
            json!({
                "country": "KZ", "names": [{"kind": "legal", "text": TWIN}],
                "distinct_from": [HERE], "distinct_reason": "In another town."
            }),
            (json!(twin), 201),
        ),
        Place {
            method: Method::PATCH,
            ..place(
                format!("{import}/rows/2"),
                json!({"resolution": "same_as", "number": HERE}),
                (json!(own.number), 200),
            )
        },
        place(
            format!("{import}/resolutions"),
            json!({"items": [{"line": 3, "resolution": "same_as", "number": HERE}]}),
            (json!(own.number), 200),
        ),
    ]
}

both! {
    async fn a_second_id_that_is_foreign_is_one_that_does_not_exist(app) {
        let kz = app.coordinator("KZ");
        let abroad = Abroad::make(&app).await;
        let hidden = [&abroad.private.number, &abroad.withheld.number];
        let mut wrong = Vec::new();
        for place in places(&app, &kz, &abroad).await {
            let what = format!("{} {}: {}", place.method, place.path, place.body);
            let before = app.db_dump();
            let nobody = place.told(&kz, &place.unknown).await;
            assert!(nobody.0 == 422 || nobody.0 == 409, "{what}: {nobody:?}");
            assert!(hidden.iter().all(|number| !nobody.1.contains(*number)), "{what}: {nobody:?}");
            for foreign in &place.foreign {
                let told = place.told(&kz, foreign).await;
                if told != nobody {
                    wrong.push(format!("{what}: {told:?}, of an unknown one {nobody:?}"));
                }
            }
            if wrong.is_empty() {
                app.assert_same(&before, &what);
            }
            let (known, status) = &place.known;
            let taken = place.ask(&kz, known).await;
            assert!(taken.status == *status || !wrong.is_empty(), "{what}: {}", taken.text());
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

both! {
    async fn a_registration_does_not_tell_whether_what_it_is_distinct_from_is_there(app) {
        let kz = app.coordinator("KZ");
        let abroad = Abroad::make(&app).await;
        let mut told = Vec::new();
        for other in [&unknown_number(), &json!(abroad.private.number), &json!(abroad.withheld.number)] {
            let name = format!("Sample Association {}", Id::random().unwrap());
            let made = kz.post("/v1/organisations", json!({
                "country": "KZ", "names": [{"kind": "legal", "text": name}], "distinct_from": [other], "distinct_reason": "In another town.",
            })).await.expect(201);
            let number = made.str("/number");
            let mut record = made.json();
            for member in ["created_at", "updated_at"] {
                record["private"][member] = Value::Null;
            }
            let text = record.to_string().replace(&name, "…").replace(&number, "…");
            told.push(text.replace(other.as_str().unwrap(), "…"));
        }
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    }
}

both! {
    async fn a_row_of_a_file_with_a_foreign_number_is_one_with_a_number_that_nobody_has(app) {
        let kz = app.coordinator("KZ");
        let abroad = Abroad::make(&app).await;
        let own = app.organisation("KZ").create().await;
        let row = async |number: &Value| {
            let number = number.as_str().unwrap();
            // A row of the other country, which is refused, does not bring its records in for the next one.
            let file = format!("registry_number,name,city,country\n{number},{TWIN},Osh,KG\n{number},{TWIN},Almaty,KZ\n");
            let import = uploaded(&kz, &file).await;
            kz.post(&format!("{import}/commit"), json!({})).await.expect(200);
            let rows = kz.get(&format!("{import}/rows")).await.expect(200);
            (rows.str("/items/1/outcome"), rows.text().replace(number, HERE))
        };
        let nobody = row(&unknown_number()).await;
        assert_eq!(nobody.0, "faulty", "{}", nobody.1);
        for foreign in abroad.hidden() {
            assert_eq!(row(&foreign).await, nobody);
        }
        // Nor does a number of another country that everybody sees lead there.
        assert_eq!(row(&json!(abroad.public.number)).await, nobody);
        assert_eq!(row(&json!(own.number)).await.0, "changed");
    }
}

both! {
    async fn another_country_s_membership_among_many_to_renew_is_one_that_does_not_exist(app) {
        let abroad = Abroad::make(&app).await;
        let kz = app.coordinator("KZ");
        let (_, own) = app.member("KZ").await;
        let revision = kz.get(&own).await.at("/revision");
        let place = Place {
            method: Method::POST,
            path: "/v1/renewals".to_owned(),
            body: json!({"items": [{"membership": HERE, "revision": revision}]}),
            foreign: abroad.memberships.iter().map(|id| json!(id)).collect(),
            unknown: json!(Id::random().unwrap().to_string()),
            known: (json!(last(&own)), 200),
        };
        // The answer is kept under its key, for it is one.
        let kept = ["idempotency_keys"];
        let before = app.db_dump_but(&kept);
        let nobody = place.told(&kz, &place.unknown).await;
        assert!(nobody.0 == 200 && nobody.1.contains("not_found"), "{nobody:?}");
        for foreign in &place.foreign {
            assert_eq!(place.told(&kz, foreign).await, nobody);
        }
        assert!(app.db_dump_but(&kept) == before, "a foreign membership was renewed");
        let done = place.ask(&kz, &place.known.0).await.expect(200);
        assert_eq!(done.at("/renewed"), json!(1), "{}", done.text());
    }
}

both! {
    async fn evidence_of_another_organisation_is_none(app) {
        let abroad = Abroad::make(&app).await;
        let kz = app.coordinator("KZ");
        let (own, kg) = (app.organisation("KZ").create().await, app.coordinator("KG"));
        let sha256 = "ab".repeat(32);
        let extract = json!({"kind": "register_extract", "issuer": "Sample Office", "issued_on": "2026-01-31", "sha256": sha256});
        let item = async |person: &Person, of: &Made| {
            let path = format!("{}/evidence", of.url());
            person.post_seen(&path, Some("*"), extract.clone()).await.expect(201).at("/id")
        };
        let (foreign, known) = (item(&kg, &abroad.private).await, item(&kz, &own).await);
        assert_ne!(foreign, known);
        let place = Place {
            method: Method::POST,
            path: format!("{}/transfer", own.url()),
            body: json!({"to_country": "KG", "reason": "The seat was moved.", "evidence": [HERE]}),
            foreign: vec![foreign],
            unknown: json!(9),
            known: (known, 202),
        };
        let before = app.db_dump();
        let nobody = place.told(&kz, &place.unknown).await;
        assert_eq!(nobody.0, 422, "{nobody:?}");
        assert_eq!(place.told(&kz, &place.foreign[0]).await, nobody);
        app.assert_same(&before, "another organisation's evidence");
        place.ask(&kz, &place.known.0).await.expect(place.known.1);
    }
}

both! {
    async fn what_the_database_cannot_answer_is_no_organisation_that_does_not_exist(app) {
        use diesel::connection::SimpleConnection;
        let kz = app.coordinator("KZ");
        app.organisation("KZ").named(TWIN).create().await;
        let own = app.organisation("KZ").create().await;
        let import = uploaded(&kz, &format!("id,name,country\n1,{TWIN},KZ\n")).await;
        app.db_conn().batch_execute("ALTER TABLE organisations RENAME TO away").unwrap();
        let body = json!({"resolution": "same_as", "number": own.number});
        let answer = kz.send_with(Method::PATCH, &format!("{import}/rows/2"), "*", Some(body)).await;
        assert!(answer.status >= 500, "{}", answer.text());
    }
}
