//! Unique words in every private field, looked for in whatever the public can get: by reading, and by asking for them.

use actix_web::test::TestRequest;
use ots_registry::db::Instant;
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, encoded};
use crate::people::{upload, with_account, with_person};

/// What stands in private and personal fields of the crawl's objects.
const MARKERS: [&str; 23] = [
    "Zqmarkname",
    "Zqsurname",
    "Zqposition",
    "zqmail",
    "+000 777 55",
    "Zqothername",
    "zqother",
    "Zqaddress",
    "zqoffice",
    "+000 888 11",
    "Zqnotes",
    "Zqissuer",
    "Zqnote",
    "Zqoverride",
    "Zqdecision",
    "zqaccount",
    "Zqaccount",
    "Zqrenamed",
    "zqmoved",
    "Zqimport",
    "Zqcell",
    "Zqheader",
    "Zqpartner",
];

/// Addresses of every GET of the contract, filled with these objects.
fn readings(number: &str, ids: &[(&str, String)]) -> Vec<String> {
    let contract = serde_json::to_value(ots_registry::app::contract()).unwrap();
    let mut found = Vec::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        let operation = &item["get"];
        if operation.is_null() {
            continue;
        }
        let needed: Vec<String> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| p["in"] == "query" && p["required"] == true)
            .map(|p| {
                format!(
                    "{}={}",
                    p["name"].as_str().unwrap(),
                    encoded(p["example"].as_str().unwrap_or(&p["example"].to_string()))
                )
            })
            .collect();
        let id = ids.iter().find(|(part, _)| path.contains(part));
        let path = path
            .replace("{number}", number)
            .replace("{id}", id.map_or("0000000000000", |(_, id)| id))
            .replace("{code}", "KZ")
            .replace("{item}", "2")
            .replace("{line}", "2")
            .replace("{seq}", "2")
            .replace("{token}", "none");
        found.push(
            format!("{path}?{}", needed.join("&"))
                .trim_end_matches('?')
                .to_owned(),
        );
    }
    for day in ["as_of", "known_at"] {
        let today = Instant::now().day();
        found.push(format!("/v1/organisations/{number}?{day}={today}"));
    }
    found.push("/v1/organisations?country=KZ&count=true".to_owned());
    found
}

/// A public organisation with words in all that is private of it, and what belongs to it.
struct Marked {
    number: String,
    /// The ids of the rest, by the word of the path.
    ids: [(&'static str, String); 4],
    /// A partner's key.
    key: String,
}

async fn marked(app: &App) -> Marked {
    let contact = with_person(app).await;
    let url = contact.split("/contacts").next().unwrap().to_owned();
    let (kz, office) = (app.coordinator("KZ"), app.secretariat());
    let private = json!({"address": "Zqaddress 1", "email": "zqoffice@sample.example", "phone": "+000 888 11", "notes": "Zqnotes", "city": "Publiccity"});
    kz.patch(&url, private).await.expect(200);
    for (list, body) in [
        (
            "evidence",
            json!({"kind": "register_extract", "issuer": "Zqissuer", "issued_on": "2020-01-01", "sha256": "ab".repeat(32), "note": "Zqnote"}),
        ),
        (
            "identifiers",
            json!({"scheme": "KZ-BIN", "value": "950440001674", "override_reason": "Zqoverride"}),
        ),
    ] {
        let tag = kz.tag(&url).await;
        kz.post_seen(&format!("{url}/{list}"), Some(&tag), body)
            .await
            .expect(201);
    }
    let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let number = last(&url);
    let (membership, proposal) = app.recommended(&kz, &number).await;
    let reason = json!({"reason": "Zqdecision."});
    app.decide(&office, &proposal, "approved", reason)
        .await
        .expect(200);
    let account = with_account(app).await;
    let import = upload(
        &kz,
        "name;country;contact;Zqheader\nZqimport;KZ;Zqcell;Zqother\n",
    )
    .await;
    let key = office
        .post("/v1/api-keys", json!({"name": "Zqpartner"}))
        .await;
    Marked {
        number,
        ids: [
            ("/memberships/", last(&membership)),
            ("/proposals/", last(&proposal)),
            ("/users/", last(&account)),
            ("/imports/", import),
        ],
        key: key.expect(201).str("/secret"),
    }
}

both! {
    async fn no_private_marker_is_in_any_public_answer_problem_or_log(app) {
        let log = crate::accounts::log();
        let Marked { number, ids, key } = marked(&app).await;
        let (kz, url) = (app.coordinator("KZ"), format!("/v1/organisations/{number}"));
        // What is refused is not repeated in the log.
        for body in [json!({"name": "Zqwrong", "email": "zqwrong at sample"}), json!({"name": "Zqwrong\u{202e}"}), json!({"zqunknown": 1})] {
            let tag = kz.tag(&url).await;
            kz.post_seen(&format!("{url}/contacts"), Some(&tag), body).await.expect(422);
        }
        let paths = readings(&number, &ids);
        assert!(paths.len() > 45, "{}", paths.len());
        let mut public = 0;
        for path in &paths {
            for bearer in [None, Some(&key)] {
                let mut request = TestRequest::get().uri(path);
                if let Some(key) = bearer {
                    request = request.insert_header(("Authorization", format!("Bearer {key}")));
                }
                let answer = app.send(request).await;
                public += usize::from(answer.status == 200);
                let told = format!("{} {:?}", answer.text(), answer.headers).to_lowercase();
                let leaked = MARKERS.iter().find(|m| told.contains(&m.to_lowercase()));
                assert_eq!(leaked, None, "{path}");
            }
        }
        assert!(public > 30, "{public}");
        assert!(app.get(&url).await.text().contains("Publiccity"), "what is public was there");
        let logged = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("/v1/organisations/{number}/contacts"), "the log was heard");
        for marker in MARKERS.iter().chain(&["Zqwrong", "zqwrong"]) {
            let line = logged.lines().find(|l| l.contains(marker));
            assert_eq!(line, None, "{marker}");
        }
    }
}

/// Organisations that no public answer tells of, in a country with a scheme that is private.
struct Hidden {
    /// Their numbers, and that of a member whose tax number alone is private.
    numbers: [String; 3],
}

/// What the hidden ones are known by.
const NAMES: [&str; 2] = [
    "Zqhidden Falconers of the Steppe",
    "Zqwithheld Ferrymen of the River",
];

async fn hidden(app: &App) -> Hidden {
    let tr = app.coordinator("TR");
    let more = |n: usize| {
        json!({
            "city": "Zqcity", "legal_form": "Zqform", "website": format!("https://zqhidden{n}.test"),
            "identifiers": [{"scheme": "WIKIDATA", "value": format!("Q411518{n}")}],
            "descriptions": [{"language": "en", "text": "Zqpurpose"}],
        })
    };
    let never = app
        .organisation("TR")
        .named(NAMES[0])
        .with(more(0))
        .create()
        .await;
    let withheld = app
        .organisation("TR")
        .named(NAMES[1])
        .with(more(1))
        .active()
        .create()
        .await;
    let reason = json!({"reason": "Being findable may harm them."});
    let path = format!("{}/withholding", withheld.url());
    tr.send_with(actix_web::http::Method::PUT, &path, "*", Some(reason))
        .await
        .expect(200);
    let number = json!({"identifiers": [{"scheme": "TR-VKN", "value": "1234567890"}]});
    let public = app
        .organisation("TR")
        .named("Open Beekeepers of the Coast")
        .with(number)
        .active()
        .create()
        .await;
    Hidden {
        numbers: [never.number, withheld.number, public.number],
    }
}

/// What is asked for: the words of private fields, and what hidden records are known by, as it is and nearly so.
fn asked(hidden: &Hidden) -> Vec<String> {
    let mut asked: Vec<String> = MARKERS.map(str::to_owned).to_vec();
    for text in NAMES.iter().chain(&[
        "Zqcity",
        "Zqform",
        "Zqpurpose",
        "Zqhiden Falconer",
        "Falconers of the Steppe",
        "zqhidden0.test",
    ]) {
        asked.push((*text).to_owned());
    }
    asked.extend(hidden.numbers[..2].iter().cloned());
    asked.extend(
        [
            "Q4115180",
            "Q4115181",
            "1234567890",
            "950440001674 Zqoverride",
        ]
        .map(str::to_owned),
    );
    asked
}

/// Ways to read that take a word of the client's.
fn questions(word: &str) -> Vec<String> {
    let word = encoded(word);
    let mut found: Vec<String> = [
        "/v1/organisations?q=",
        "/v1/organisations?facets=country&facets=state&q=",
        "/v1/organisations?country=TR&q=",
        "/v1/suggest?q=",
        "/search?q=",
    ]
    .iter()
    .map(|path| format!("{path}{word}"))
    .collect();
    for filter in ["city", "legal_form"] {
        found.push(format!("/v1/organisations?count=true&{filter}={word}"));
    }
    for scheme in ["WIKIDATA", "TR-VKN", "LEI"] {
        found.push(format!(
            "/v1/organisations?count=true&identifier={scheme}:{word}"
        ));
    }
    found.push(format!("/v1/match/compare?a={word}&b={word}"));
    found
}

fn item(word: &str) -> Value {
    let identifiers = json!([{"scheme": "WIKIDATA", "value": "Q4115180"}, {"scheme": "TR-VKN", "value": "1234567890"}]);
    json!({"name": word, "city": "Zqcity", "website": "https://zqhidden0.test", "identifiers": identifiers})
}

both! {
    async fn whoever_asks_for_what_is_private_finds_neither_it_nor_whose_it_is(app) {
        let Marked { number, key, .. } = marked(&app).await;
        let hidden = hidden(&app).await;
        let words = asked(&hidden);
        let told_of = |answer: &Answer| {
            let text = answer.text();
            hidden.numbers.iter().chain([&number]).find(|one| text.contains(one.as_str())).cloned()
        };
        // An answer may say the question back, and nothing else of it.
        let check = |answer: &Answer, question: &str, what: &str| {
            assert!([200, 400, 422].contains(&answer.status), "{what}: {}", answer.text());
            let told = told_of(answer).filter(|one| one != question);
            assert_eq!(told, None, "{what}: {}", answer.text());
            let said = answer.text().to_lowercase().replace(&question.to_lowercase(), "");
            let leaked = MARKERS.iter().chain(&NAMES).find(|m| said.contains(&m.to_lowercase()));
            assert_eq!(leaked, None, "{what}: {}", answer.text());
        };
        let mut found_nothing = 0;
        for bearer in [None, Some(&key)] {
            let authorized = |request: TestRequest| match bearer {
                Some(key) => request.insert_header(("Authorization", format!("Bearer {key}"))),
                None => request,
            };
            for word in &words {
                for path in questions(word) {
                    let answer = app.send(authorized(TestRequest::get().uri(&path))).await;
                    check(&answer, word, &path);
                    if answer.status == 200 && path.starts_with("/v1/organisations") {
                        assert_eq!(answer.at("/items"), json!([]), "{path}");
                        found_nothing += 1;
                    }
                }
                let one = json!({"items": [item(word)]});
                let answer = app.send(authorized(TestRequest::post().uri("/v1/match").set_json(one))).await.expect(200);
                assert_eq!((answer.at("/items/0/chosen"), answer.at("/items/0/candidates")), (Value::Null, json!([])), "{word}");
                for scheme in ["KZ-BIN", "TR-VKN", "WIKIDATA"] {
                    let value = json!({"scheme": scheme, "value": word});
                    let answer = app.send(authorized(TestRequest::post().uri("/v1/identifiers/check").set_json(value))).await.expect(200);
                    check(&answer, word, scheme);
                }
            }
            let many: Vec<Value> = words.iter().map(|word| item(word)).collect();
            let answer = app.send(authorized(TestRequest::post().uri("/v1/match").set_json(json!({"items": many})))).await.expect(200);
            for one in answer.at("/items").as_array().unwrap() {
                assert_eq!((&one["chosen"], &one["candidates"]), (&Value::Null, &json!([])), "{one}");
            }
        }
        assert!(found_nothing > 300, "{found_nothing}");
        // Who may know of them finds them by the same questions.
        let tr = app.coordinator("TR");
        for path in ["/v1/organisations?q=Zqhiden%20Falconer", "/v1/suggest?q=Zqhidden", "/v1/organisations?identifier=TR-VKN:1234567890", "/v1/organisations?city=Zqcity"] {
            let answer = tr.get(path).await.expect(200);
            assert!(told_of(&answer).is_some(), "{path}: {}", answer.text());
        }
        let matched = tr.send(tr.request(actix_web::http::Method::POST, "/v1/match").set_json(json!({"items": [item(NAMES[0])]}))).await.expect(200);
        assert!(matched.text().contains(&hidden.numbers[0]), "{}", matched.text());
    }
}
