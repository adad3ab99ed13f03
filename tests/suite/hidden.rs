//! What another country keeps private: in no list, under no filter, order, count or search, and in no report, of whoever does not reach it.

use actix_web::http::Method;
use ots_registry::db::Instant;
use serde_json::json;

use crate::both;
use crate::kit::Answer;

/// A list that could show a record.
struct List {
    path: &'static str,
    /// Whether everybody may ask for it.
    public: bool,
    /// The words for a day that it takes.
    days: &'static [&'static str],
    /// `{today}` and `{later}` are days.
    queries: &'static [&'static str],
}

const fn list(
    path: &'static str,
    public: bool,
    days: &'static [&'static str],
    queries: &'static [&'static str],
) -> List {
    List {
        path,
        public,
        days,
        queries,
    }
}

const BOTH: &[&str] = &["as_of", "known_at"];
const KNOWN: &[&str] = &["known_at"];

const LISTS: [List; 27] = [
    list(
        "/v1/organisations",
        true,
        BOTH,
        &[
            "",
            "country=KZ",
            "country=KG",
            "city=Hiddenville",
            "legal_form=Hidden%20form",
            "state=recommended",
            "state=active",
            "type=full",
            "sort=-name",
            "sort=name",
            "count=true",
            "country=KZ&count=true",
            "country=KZ&state=recommended&count=true",
            "limit=200",
            "identifier=WIKIDATA:Q4115189",
            "theme=A10",
            "sdg=4",
        ],
    ),
    list(
        "/v1/organisations",
        true,
        &[],
        &[
            "q=Hidden%20Sample",
            "q=Hidden%20Sample&country=KZ",
            "q=Falconers",
            "q=Hidden&facets=country&facets=state&facets=legal_form&facets=theme",
        ],
    ),
    list("/v1/suggest", true, &[], &["q=Hidden%20Sa", "q=Falcon"]),
    list(
        "/search",
        true,
        &[],
        &["q=Hidden%20Sample", "q=Mountain%20Union", "country=KZ"],
    ),
    list(
        "/v1/memberships",
        false,
        BOTH,
        &[
            "",
            "country=KZ",
            "state=recommended",
            "state=active",
            "type=full",
            "country=KZ&state=recommended",
        ],
    ),
    list(
        "/v1/proposals",
        false,
        &[],
        &["", "status=open", "status=approved", "status=fallen"],
    ),
    list("/v1/tasks", false, &[], &[""]),
    list(
        "/v1/calendar",
        false,
        &[],
        &[
            "through={later}",
            "through={later}&country=KZ",
            "through={later}&state=grace",
        ],
    ),
    list("/v1/imports", false, &[], &[""]),
    list(
        "/v1/users",
        false,
        &[],
        &[
            "",
            "country=KZ",
            "role=coordinator",
            "count=true",
            "status=invited",
        ],
    ),
    list(
        "/v1/duplicates",
        false,
        &[],
        &["", "country=KZ", "verdict=possible"],
    ),
    list(
        "/v1/reports/register",
        false,
        BOTH,
        &["", "country=KG", "country=KZ", "format=csv"],
    ),
    list(
        "/v1/reports/roll-forward",
        false,
        KNOWN,
        &[
            "from=2020-01-01&to={today}",
            "from=2020-01-01&to={today}&country=KZ&format=csv",
        ],
    ),
    list(
        "/v1/reports/roll-forward/members",
        false,
        KNOWN,
        &[
            "column=closing&from=2020-01-01&to={today}",
            "column=joined&from=2020-01-01&to={today}",
            "column=joined&from=2020-01-01&to={today}&country=KZ",
        ],
    ),
    list("/v1/reports/standing", false, BOTH, &["", "format=html"]),
    list(
        "/v1/reports/standing/members",
        false,
        BOTH,
        &[
            "column=members",
            "column=active",
            "column=members&country=KZ",
        ],
    ),
    list("/v1/reports/renewals", false, BOTH, &["", "country=KZ"]),
    list(
        "/v1/reports/renewals/members",
        false,
        BOTH,
        &["column=this_month", "column=next_quarter&country=KZ"],
    ),
    list(
        "/v1/reports/ageing",
        false,
        BOTH,
        &["", "country=KZ", "format=csv"],
    ),
    list(
        "/v1/reports/ageing/applications",
        false,
        BOTH,
        &[
            "column=waiting",
            "column=waiting&country=KZ",
            "column=waiting&format=csv",
            "column=waiting&state=recommended",
        ],
    ),
    list(
        "/v1/reports/decisions",
        false,
        KNOWN,
        &["from=2020-01-01&to={today}"],
    ),
    list(
        "/v1/reports/decisions/exceptions",
        false,
        KNOWN,
        &[
            "kind=without_evidence&from=2020-01-01&to={today}",
            "kind=back_dated&from=2020-01-01&to={today}",
            "kind=identifier_override&from=2020-01-01&to={today}",
            "kind=without_evidence&from=2020-01-01&to={today}&country=KZ",
        ],
    ),
    list(
        "/v1/reports/decisions/proposals",
        false,
        KNOWN,
        &[
            "column=closed&from=2020-01-01&to={today}",
            "column=approved&from=2020-01-01&to={today}&country=KZ",
        ],
    ),
    list(
        "/v1/reports/data-quality/records",
        false,
        BOTH,
        &[
            "criterion=city",
            "criterion=city&column=met&format=csv",
            "criterion=city&country=KZ",
        ],
    ),
    list(
        "/v1/reports/sample",
        false,
        BOTH,
        &["seed=sample&size=50", "seed=sample&size=50&country=KZ"],
    ),
    list(
        "/v1/exports/organisations",
        false,
        &[],
        &["country=KZ", "country=KG", "country=KG&format=xlsx"],
    ),
    list("/v1/journal", false, &[], &["", "organisation={hidden}"]),
];

/// Of these nobody is shown one of the records: most of them count.
const COUNTING: [&str; 8] = [
    // A page for everybody, whoever asks.
    "/search",
    // Nothing of the test looks alike.
    "/v1/duplicates",
    "/v1/reports/ageing",
    "/v1/reports/decisions",
    "/v1/reports/renewals",
    // No term ends so soon.
    "/v1/reports/renewals/members",
    "/v1/reports/roll-forward",
    "/v1/reports/standing",
];

/// What another country's coordinator is answered: of the own country with what there is, and not at all for another one.
fn answered_abroad(path: &str) -> u16 {
    let whole = ["/v1/reports/", "/v1/exports/"];
    let foreign = path.contains("country=KZ") && whole.iter().any(|of| path.starts_with(of));
    if foreign || path.starts_with("/v1/journal") {
        403
    } else {
        200
    }
}

both! {
    async fn another_country_s_private_record_shows_in_no_list_filter_sort_count_or_report(app) {
        let (kz, kg, office, auditor) = (app.coordinator("KZ"), app.coordinator("KG"), app.secretariat(), app.auditor());
        let more = json!({"city": "Hiddenville", "legal_form": "Hidden form", "identifiers": [{"scheme": "WIKIDATA", "value": "Q4115189"}]});
        let waits = app.organisation("KZ").named("Qarashanyraq Hidden Sample").with(more).create().await;
        app.recommended(&kz, &waits.number).await;
        // A member that is withheld is in every figure of its country.
        let withheld = app.organisation("KZ").named("Mountain Falconers Union").with(json!({"city": "Hiddenville"})).active().create().await;
        let reason = json!({"reason": "Being findable may harm them."});
        kz.send_with(Method::PUT, &format!("{}/withholding", withheld.url()), "*", Some(reason)).await.expect(200);
        let colleague = json!({"email": "hidden@hiddenville.example", "name": "Qarashanyraq Officer", "role": "coordinator", "country": "KZ"});
        office.post("/v1/users", colleague).await.expect(201);
        let upload = kz.request(Method::POST, "/v1/imports?file_name=Hiddenville.csv&country=KZ").insert_header(("Idempotency-Key", "hidden"));
        kz.send(upload.insert_header(("Content-Type", "text/csv")).set_payload("name\nQarashanyraq Other\n")).await.expect(201);
        app.member("KG").await;
        let day = |days| (app.today() + chrono::Days::new(days)).to_string();
        let markers = ["Qarashanyraq", &waits.number, &withheld.number, "Falconers", "Hiddenville", "Hidden form"];
        let (mut shown, mut unseen) = (Vec::new(), Vec::new());
        for list in LISTS {
            let mut seen = false;
            for query in list.queries {
                let query = query.replace("{today}", &day(0)).replace("{later}", &day(1_000)).replace("{hidden}", &waits.number);
                for word in std::iter::once("").chain(list.days.iter().copied()) {
                    let mut path = format!("{}?{query}", list.path);
                    if !word.is_empty() {
                        // What is known on a day is known when it is over.
                        let now = if word == "known_at" { Instant::now().to_string() } else { day(0) };
                        path = format!("{path}&{word}={now}");
                    }
                    for (person, status) in [(Some(&kg), answered_abroad(&path)), (None, if list.public { 200 } else { 401 })] {
                        let answer = match person {
                            Some(person) => person.get(&path).await,
                            None => app.get(&path).await,
                        };
                        let text = answer.text();
                        assert_eq!(answer.status, status, "{path}: {text}");
                        if markers.iter().any(|marker| text.contains(marker)) {
                            shown.push(path.clone());
                        }
                    }
                    // Whoever reaches the record sees it there, so that there was something to hide.
                    let reader = if list.path == "/v1/journal" { &auditor } else { &office };
                    let answer = reader.get(&path).await.expect(200);
                    seen |= markers.iter().any(|marker| answer.text().contains(marker));
                }
            }
            if !seen {
                unseen.push(list.path);
            }
        }
        assert!(shown.is_empty(), "{shown:#?}");
        unseen.sort_unstable();
        assert_eq!(unseen, COUNTING);
        // Counts tell nothing either: with the record and without it they are the same.
        let count = async |query: &str| kg.get(&format!("/v1/organisations?count=true&{query}")).await.expect(200).at("/page/total");
        for query in ["country=KZ", "city=Hiddenville", "state=recommended"] {
            assert_eq!(count(query).await, json!(0), "{query}");
        }
    }
}

both! {
    async fn those_who_ask_at_the_same_time_each_get_their_own_answer(app) {
        let kz = app.coordinator("KZ");
        let shown = [app.organisation("KZ").active().create().await, app.organisation("HU").active().create().await];
        let waits = app.organisation("KZ").create().await;
        let withheld = app.organisation("KZ").active().create().await;
        let reason = json!({"reason": "Being findable may harm them."});
        kz.send_with(Method::PUT, &format!("{}/withholding", withheld.url()), "*", Some(reason)).await.expect(200);
        let merged = app.organisation("KZ").active().create().await;
        let into = json!({"successor": shown[0].number, "reason": "Both assemblies voted."});
        let proposal = kz.propose(&merged.url(), "merge", into).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let mut asked = Vec::new();
        for url in [&shown[0], &waits, &shown[1], &withheld, &merged].map(|ngo| ngo.url()).into_iter().chain(["/v1/organisations/OTS-7K3M9Q2-54".to_owned()]) {
            let alone = app.get(&url).await;
            let page = app.get(url.trim_start_matches("/v1")).await;
            asked.push((url.trim_start_matches("/v1").to_owned(), page));
            asked.push((url, alone));
        }
        // An officer in the crowd sees what is private, and nobody else does.
        let own = kz.get(&waits.url()).await.expect(200);
        let send = |request: actix_web::test::TestRequest| {
            let app = app.clone();
            actix_web::rt::spawn(async move { app.send(request).await })
        };
        let mut crowd = Vec::new();
        for _ in 0..20 {
            for (url, alone) in &asked {
                crowd.push((send(actix_web::test::TestRequest::get().uri(url)), alone));
            }
            crowd.push((send(kz.request(Method::GET, &waits.url())), &own));
        }
        let seen = |answer: &Answer| {
            let mut text = answer.text();
            // Which request it was.
            if let Some(id) = answer.header("x-request-id") {
                text = text.replace(id, "");
            }
            (answer.status, answer.header("location").map(str::to_owned), answer.header("etag").map(str::to_owned), text)
        };
        for (answer, alone) in crowd {
            assert_eq!(seen(&answer.await.unwrap()), seen(alone));
        }
    }
}
