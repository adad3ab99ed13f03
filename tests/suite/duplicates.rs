//! Duplicates: at registration, in imports and in the list of pairs; who may see which, and what is recorded.

use diesel::prelude::*;
use serde_json::{Value, json};

use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Principal, Role};
use ots_registry::countries::Countries;
use ots_registry::db::schema::{distinct_pairs, duplicate_pairs};
use ots_registry::db::{Id, Instant};
use ots_registry::duplicates::round::{Done, Extent, run_on};
use ots_registry::imports::names::{Question, match_file, written};
use ots_registry::imports::{self, ImportOptions, Next};
use ots_registry::organisations::alike::{Facts, FoldedFacts};
use ots_registry::organisations::candidates::{self, Lookout};
use ots_registry::organisations::distinct;
use ots_registry::search::Search;

use crate::both;
use crate::kit::{Answer, App, Person};

fn named(country: &str, name: &str, more: Value) -> Value {
    let mut body = json!({"country": country, "names": [{"kind": "legal", "text": name}]});
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        body[name] = value;
    }
    body
}

pub(crate) async fn register(person: &Person, country: &str, name: &str, more: Value) -> Answer {
    let body = named(country, name, more);
    person.post("/v1/organisations", body).await
}

/// Runs the job as a replica of its own would.
pub(crate) fn look(app: &App, extent: Extent) -> Done {
    let (countries, search) = (Countries::load().unwrap(), Search::default());
    let lookout = Lookout {
        countries: &countries,
        search: Some(&search),
    };
    run_on(&mut app.db_conn(), lookout, extent, Instant::now())
        .unwrap()
        .expect("nobody else holds the lease")
}

/// The pairs that somebody sees, as both numbers.
async fn pairs(person: &Person) -> Vec<(String, String)> {
    let page = person.get("/v1/duplicates").await.expect(200);
    let items = page.at("/items");
    let number = |item: &Value, side: &str| item[side]["number"].as_str().unwrap().to_owned();
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| (number(item, "organisation"), number(item, "other")))
        .collect()
}

/// The pairs among somebody's tasks.
async fn tasks(person: &Person) -> Vec<(String, String)> {
    let page = person.get("/v1/tasks?limit=200").await.expect(200);
    let items = page.at("/items");
    let text = |value: &Value| value["number"].as_str().unwrap().to_owned();
    let items = items.as_array().unwrap().iter();
    items
        .filter(|task| task["kind"] == "duplicate")
        .map(|task| (text(&task["organisation"]), text(&task["other"])))
        .collect()
}

both! {
    async fn a_registration_is_told_of_what_looks_alike_with_both_side_by_side(app) {
        let first = app.organisation("KZ").named("«Жасыл Дала» қоғамдық қоры").with(json!({
            "city": "Көкшетау", "website": "https://www.zhasyl-dala.example/kz",
            "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}],
        })).create().await;
        let kz = app.coordinator("KZ");
        let more = json!({"city": "Kokshetau", "website": "http://zhasyl-dala.example"});
        let refused = register(&kz, "KZ", "Zhasyl Dalaa Public Foundation", more).await.problem(409, "possible_duplicate");
        assert_eq!(refused.str("/candidates/0/number"), first.number);
        assert_eq!(refused.str("/candidates/0/verdict"), "same");
        assert!(refused.at("/candidates/0/score").as_f64().unwrap() > 0.86);
        let reasons: Vec<String> = serde_json::from_value(refused.at("/candidates/0/reasons")).unwrap();
        assert!(reasons.contains(&"its website or mail is at the same host: zhasyl-dala.example".to_owned()), "{reasons:?}");
        assert!(reasons.contains(&"it is in the same city".to_owned()), "{reasons:?}");
        assert_eq!(refused.at("/candidates/0/side_by_side"), json!([
            {"field": "names", "first": ["Zhasyl Dalaa Public Foundation"], "second": ["«Жасыл Дала» қоғамдық қоры"]},
            {"field": "city", "first": ["Kokshetau"], "second": ["Көкшетау"]},
            {"field": "website", "first": ["http://zhasyl-dala.example"], "second": ["https://www.zhasyl-dala.example/kz"]},
            {"field": "identifiers", "first": [], "second": ["KZ-BIN: 950440001673"]},
        ]));
        // Another name is none, though words of the form are shared.
        register(&kz, "KZ", "«Қызыл Тау» қоғамдық қоры", json!({})).await.expect(201);
    }
}

both! {
    async fn places_and_numbers_that_differ_tell_two_organisations_apart(app) {
        let tr = app.coordinator("TR");
        register(&tr, "TR", "İstanbul Gençlik Derneği", json!({})).await.expect(201);
        register(&tr, "TR", "Iğdır Gençlik Derneği", json!({})).await.expect(201);
        register(&tr, "TR", "23 Nolu Çınarlı Köyü Derneği", json!({})).await.expect(201);
        register(&tr, "TR", "24 Nolu Çınarlı Köyü Derneği", json!({})).await.expect(201);
        // Another form and another town are reasons to ask, not to be sure.
        register(&tr, "TR", "Çınaraltı Eğitim Derneği", json!({"city": "Ankara"})).await.expect(201);
        for (name, more) in [("Çınaraltı Eğitim Vakfı", json!({})), ("Çınaraltı Eğitim Derneği", json!({"city": "İzmir"}))] {
            let refused = register(&tr, "TR", name, more).await.problem(409, "possible_duplicate");
            assert_eq!(refused.str("/candidates/0/verdict"), "possible", "{name}");
        }
    }
}

both! {
    async fn what_is_known_beside_the_name_makes_a_candidate(app) {
        let tm = app.coordinator("TM");
        let zenan = json!({"website": "https://zenan.example", "email": "zenan@mail.ru", "phone": "+993 12 34 56 78"});
        let first = register(&tm, "TM", "Türkmenistanyň Zenanlar birleşigi", zenan).await.expect(201).str("/number");
        for more in [json!({"website": "zenan.example/ru"}), json!({"email": "info@zenan.example"}), json!({"phone": "8 312 34-56-78"})] {
            let mut more = more;
            if let Some(site) = more.get("website").cloned() {
                more["website"] = json!(format!("https://{}", site.as_str().unwrap()));
            }
            let refused = register(&tm, "TM", "Союз матерей", more).await.problem(409, "possible_duplicate");
            assert_eq!((refused.str("/candidates/0/number"), refused.str("/candidates/0/verdict")), (first.clone(), "possible".to_owned()));
        }
        // Mail that everybody has is no sign, and neither is a page of a social network.
        register(&tm, "TM", "Союз матерей", json!({"email": "other@mail.ru", "website": "https://facebook.com/other"})).await.expect(201);
    }
}

both! {
    async fn going_on_needs_every_candidate_and_a_reason_and_is_recorded(app) {
        let kz = app.coordinator("KZ");
        let one = register(&kz, "KZ", "Жасыл Дала қоры", json!({"city": "Астана"})).await.expect(201).str("/number");
        let first = json!({"city": "Алматы", "distinct_from": [one], "distinct_reason": "Another city's."});
        let two = register(&kz, "KZ", "Жасыл Дала қоры", first).await.expect(201).str("/number");
        let part = json!({"city": "Шымкент", "distinct_from": [one], "distinct_reason": "A third city's."});
        let refused = register(&kz, "KZ", "Жасыл Дала қоры", part).await.problem(409, "possible_duplicate");
        assert_eq!(refused.at("/candidates").as_array().unwrap().len(), 2);
        let silent = json!({"city": "Шымкент", "distinct_from": [one, two]});
        register(&kz, "KZ", "Жасыл Дала қоры", silent).await.problem(422, "invalid_field");
        let all = json!({"city": "Шымкент", "distinct_from": [one, two], "distinct_reason": "A third city's."});
        let three = register(&kz, "KZ", "Жасыл Дала қоры", all).await.expect(201).str("/number");

        let mut conn = app.db_conn();
        let always = (0, i64::MAX);
        let told = distinct::overridden(&mut conn, always, 100).unwrap();
        let rows: Vec<_> = told.iter().map(|row| (row.organisation.clone(), row.other.clone(), row.reason.as_str(), row.way.as_str())).collect();
        let third = "A third city's.";
        assert_eq!(rows[0], (two.clone(), one.clone(), "Another city's.", "registration"));
        let mut last = rows[1..].to_vec();
        last.sort();
        let mut wanted = vec![(three.clone(), one.clone(), third, "registration"), (three.clone(), two.clone(), third, "registration")];
        wanted.sort();
        assert_eq!(last, wanted);
        assert!(told.iter().all(|row| row.verdict.is_some() && row.thousandths.unwrap() >= 600));
        // From a position on, and the pairs of one entry together.
        let second = told[1].seq;
        assert_eq!(distinct::overridden(&mut conn, (second, second), 1).unwrap().len(), 2);
        assert_eq!(distinct::overridden(&mut conn, (second + 1, i64::MAX), 1).unwrap().len(), 0);
        // What was said to be two is not raised again.
        look(&app, Extent::Whole);
        assert_eq!(pairs(&kz).await, []);
        assert_eq!(app.findings(), Vec::<String>::new());
        // An edit behind the journal's back is found.
        diesel::update(distinct_pairs::table).set(distinct_pairs::reason.eq("Nobody asked.")).execute(&mut conn).unwrap();
        assert_eq!(app.findings().len(), 3);
    }
}

both! {
    async fn another_country_s_private_record_is_no_candidate_and_the_secretariat_gets_a_task(app) {
        let az = app.organisation("AZ").named("Zzyzx Bağban Sevənlər Birliyi").with(json!({
            "website": "https://zzyzx.example", "phone": "+994 12 345 67 89", "email": "zzyzx@zzyzx.example",
        })).create().await;
        let (kg, own) = (app.coordinator("KG"), app.coordinator("AZ"));
        // The same name, host and telephone: nothing is said of it, not even that something else would be.
        let more = json!({"website": "https://zzyzx.example", "phone": "+994 12 345 67 89"});
        let made = register(&kg, "KG", "Zzyzx Bağban Sevənlər Birliyi", more).await.expect(201);
        assert!(!made.text().contains(&az.number));
        let number = made.str("/number");
        let csv = "name,website\nZzyzx Baghban Sevenler Birliyi,https://zzyzx.example\n";
        let imported = upload(&kg, csv, "country=KG&source=list").await;
        let rows = kg.get(&format!("{imported}/rows")).await.expect(200);
        assert!(rows.text().contains(&number) && !rows.text().contains(&az.number), "{}", rows.text());

        look(&app, Extent::Due);
        let both = [(number.clone(), az.number.clone())];
        for person in [&kg, &own, &app.coordinator("KZ")] {
            assert_eq!((pairs(person).await, tasks(person).await), (vec![], vec![]));
        }
        let office = app.secretariat();
        assert_eq!(tasks(&office).await, both);
        assert_eq!(pairs(&office).await, both);
        let refused = json!({"organisation": number, "other": az.number, "reason": "Guessed."});
        let unknown = kg.post("/v1/duplicates/distinct", refused.clone()).await.problem(422, "invalid_field");
        assert_eq!(unknown.at("/fields/0/pointer"), "/other");
        let mut nobody = refused;
        nobody["other"] = json!("OTS-0000000-98");
        let nobody = kg.post("/v1/duplicates/distinct", nobody).await.problem(422, "invalid_field");
        assert_eq!(nobody.at("/fields"), unknown.at("/fields"), "a hidden one and none look the same");
        app.auditor().get("/v1/duplicates").await.problem(403, "forbidden");
        app.get("/v1/duplicates").await.problem(401, "not_authenticated");
    }
}

both! {
    async fn names_that_share_nothing_are_not_said_to_be_alike(app) {
        let signs = json!({"phone": "+7 7172 55 66 77", "website": "https://dogs.example"});
        app.organisation("KZ").named("Mountain Dogs Rescue").with(signs.clone()).create().await;
        let refused = register(&app.coordinator("KZ"), "KZ", "Zephyr Quilting Cooperative", signs).await.problem(409, "possible_duplicate");
        let reasons = refused.at("/candidates/0/reasons").to_string();
        assert!(reasons.contains("“Mountain Dogs Rescue” differs from “Zephyr Quilting Cooperative”"), "{reasons}");
    }
}

both! {
    async fn across_a_border_only_what_is_public_counts(app) {
        let tr = app.organisation("TR").named("Bozkır Ozanları Korosu").with(json!({
            "phone": "+90 312 345 67 89", "email": "ozan@bozkir.example", "website": "https://ozan.example",
        })).active().create().await;
        let az = app.coordinator("AZ");
        // A telephone and an address for mail that are not public say nothing to a neighbour.
        register(&az, "AZ", "Çinar Bağı Birliyi", json!({"phone": "+90 312 345 67 89", "email": "a@bozkir.example"})).await.expect(201);
        let same_host = register(&az, "AZ", "Nar Bağı Birliyi", json!({"website": "https://ozan.example/az"})).await.problem(409, "possible_duplicate");
        assert_eq!((same_host.str("/candidates/0/number"), same_host.str("/candidates/0/verdict")), (tr.number.clone(), "possible".to_owned()));
        let same_name = register(&az, "AZ", "BOZKIR OZANLARI KOROSU", json!({})).await.problem(409, "possible_duplicate");
        assert_eq!((same_name.str("/candidates/0/number"), same_name.str("/candidates/0/verdict")), (tr.number.clone(), "possible".to_owned()));
        // One word is usual in several countries.
        app.organisation("TR").named("Umut Derneği").active().create().await;
        register(&az, "AZ", "Umut Birliyi", json!({})).await.expect(201);
    }
}

both! {
    async fn of_two_equal_registrations_at_once_one_is_told_of_the_other(app) {
        let other = app.replica().await;
        let kz = app.coordinator("KZ");
        let (near, far) = (&app, &other);
        for round in 0..8 {
            let names = [format!("Жасыл Дала {round} қоры"), format!("Zhasyl Dalla {round} kory")];
            let body = |name: &String| named("KZ", name, json!({"website": format!("https://dala-{round}.example")}));
            let post = |app: &App, name: &String| {
                let request = kz
                    .request(actix_web::http::Method::POST, "/v1/organisations")
                    .insert_header(("Idempotency-Key", ots_registry::db::Id::random().unwrap().to_string()))
                    .set_json(body(name));
                (request, app.clone())
            };
            let ((a, _), (b, _)) = (post(near, &names[0]), post(far, &names[1]));
            let (a, b) = tokio::join!(near.send(a), far.send(b));
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "round {round}: {} {}", a.text(), b.text());
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_list_holds_pairs_of_the_register_until_somebody_says_that_they_are_two(app) {
        let mut made = Vec::new();
        // Written past the check, as an old list would have it.
        for (n, name) in ["Бақшашылар одағы", "Bakshashylar odagy", "Тоқымашылар одағы", "Toqymashylar odaghy"].into_iter().enumerate() {
            let more = json!({"distinct_from": made.clone(), "distinct_reason": "Written from an old list."});
            let more = if made.is_empty() { json!({}) } else { more };
            made.push(register(&app.coordinator("KZ"), "KZ", name, more).await.expect(201).str("/number"));
            assert_eq!(made.len(), n + 1);
        }
        diesel::delete(distinct_pairs::table).execute(&mut app.db_conn()).unwrap();
        let done = look(&app, Extent::Whole);
        assert_eq!((done.organisations, done.pairs), (4, 2));
        assert_eq!(done.to_string(), "organisations compared: 4, pairs listed: 2");
        let kz = app.coordinator("KZ");
        let mut wanted = vec![(made[1].clone(), made[0].clone()), (made[3].clone(), made[2].clone())];
        let mut listed = pairs(&kz).await;
        listed.sort();
        wanted.sort();
        assert_eq!(listed, wanted);
        assert_eq!(tasks(&kz).await.len(), 2);
        assert_eq!(pairs(&app.secretariat()).await.len(), 2);
        // The keeper of another country sees none of them.
        assert_eq!(pairs(&app.coordinator("KG")).await, []);
        // Pages hold each pair once.
        let page = kz.get("/v1/duplicates?limit=1").await.expect(200);
        let rest = kz.get(&format!("/v1/duplicates?limit=1&cursor={}", page.str("/page/next"))).await.expect(200);
        assert_ne!(page.at("/items/0/organisation/number"), rest.at("/items/0/organisation/number"));
        assert_eq!(rest.at("/page/next"), Value::Null);
        assert_eq!(kz.get("/v1/duplicates?verdict=possible").await.expect(200).at("/items"), json!([]));
        kz.get("/v1/duplicates?verdict=perhaps").await.problem(400, "bad_parameter");
        // A second round finds the same, and changes nothing of it.
        let since = |app: &App| -> Vec<(i64, i64)> {
            let mut rows: Vec<(i64, i64)> = duplicate_pairs::table.select((duplicate_pairs::id, duplicate_pairs::found_at)).load(&mut app.db_conn()).unwrap();
            rows.sort_unstable();
            rows
        };
        let before = since(&app);
        look(&app, Extent::Whole);
        assert_eq!(since(&app), before);

        let said = json!({"organisation": made[0], "other": made[1], "reason": "Two unions of one name."});
        let answer = kz.post("/v1/duplicates/distinct", said.clone()).await.expect(201);
        assert_eq!((answer.str("/organisation"), answer.str("/other"), answer.str("/way")), (made[1].clone(), made[0].clone(), "list".to_owned()));
        assert!(answer.at("/score").as_f64().unwrap() >= 0.86);
        kz.post("/v1/duplicates/distinct", said).await.problem(409, "conflict");
        // Nobody was warned there, so no warning was overridden.
        assert!(distinct::overridden(&mut app.db_conn(), (0, i64::MAX), 100).unwrap().iter().all(|pair| pair.way != "list"));
        assert_eq!(pairs(&kz).await, [(made[3].clone(), made[2].clone())]);
        // What somebody called two is not counted as listed.
        let done = look(&app, Extent::Whole);
        assert_eq!(done.to_string(), "organisations compared: 4, pairs listed: 1");
        assert_eq!(pairs(&kz).await, [(made[3].clone(), made[2].clone())]);
        // Another country may not speak of these two, nor may one who only audits.
        let foreign = json!({"organisation": made[2], "other": made[3], "reason": "Not mine."});
        app.coordinator("KG").post("/v1/duplicates/distinct", foreign.clone()).await.problem(422, "invalid_field");
        app.auditor().post("/v1/duplicates/distinct", foreign).await.problem(403, "forbidden");
        let entries = app.findings();
        assert!(entries.iter().all(|text| text.contains("distinct_pairs")), "{entries:?}");
    }
}

both! {
    async fn a_name_that_is_added_later_makes_a_pair_within_one_run(app) {
        let kz = app.coordinator("KZ");
        let first = register(&kz, "KZ", "Бақшашылар одағы", json!({})).await.expect(201).str("/number");
        let second = register(&kz, "KZ", "Sample Growers", json!({})).await.expect(201).str("/number");
        look(&app, Extent::Due);
        assert_eq!(pairs(&kz).await, []);
        let path = format!("/v1/organisations/{second}/names");
        kz.post_seen(&path, Some("*"), json!({"kind": "alias", "text": "BAKSHASHYLAR ODAGY"})).await.expect(201);
        let done = look(&app, Extent::Due);
        assert_eq!((done.organisations, done.pairs), (1, 1), "only what changed is compared again");
        assert_eq!(pairs(&kz).await, [(second.clone(), first.clone())]);
        // Nothing changed since.
        assert_eq!(look(&app, Extent::Due).organisations, 0);
        kz.send_with(actix_web::http::Method::DELETE, &format!("{path}/2"), "*", None).await.expect(204);
        look(&app, Extent::Due);
        assert_eq!(pairs(&kz).await, []);
    }
}

async fn upload(person: &Person, file: &str, parameters: &str) -> String {
    let request = person
        .request(
            actix_web::http::Method::POST,
            &format!("/v1/imports?{parameters}"),
        )
        .insert_header((
            "Idempotency-Key",
            ots_registry::db::Id::random().unwrap().to_string(),
        ))
        .insert_header(("Content-Type", "text/csv"))
        .set_payload(file.to_owned());
    let made = person.send(request).await.expect(201);
    format!("/v1/imports/{}", made.str("/id"))
}

both! {
    async fn an_import_marks_what_looks_alike_and_many_rows_are_resolved_at_once(app) {
        let kz = app.coordinator("KZ");
        let known = register(&kz, "KZ", "«Жасыл Дала» қоғамдық қоры", json!({})).await.expect(201).str("/number");
        let file = "id,name\n1,Zhasyl Dalaa Public Foundation\n2,Бақшашылар одағы\n3,Bakshashilar odaghy\n4,Тоқымашылар одағы\n5,Bakshashylar odagy\n";
        let import = upload(&kz, file, "country=KZ&source=list").await;
        let rows = kz.get(&format!("{import}/rows")).await.expect(200);
        let finding = |n: usize| rows.at(&format!("/items/{n}/findings/0"));
        let outcomes: Vec<Value> = (0..5).map(|n| rows.at(&format!("/items/{n}/outcome"))).collect();
        assert_eq!(outcomes, ["possible_duplicate", "new", "possible_duplicate", "new", "possible_duplicate"]);
        assert_eq!((finding(0)["code"].clone(), finding(0)["number"].clone()), (json!("may_be_registered"), json!(known)));
        assert!(finding(0)["score"].as_f64().unwrap() > 0.6 && finding(0)["verdict"].is_string());
        assert_eq!((finding(2)["line"].clone(), finding(4)["line"].clone()), (json!(3), json!(3)));

        let tag = kz.tag(&import).await;
        let path = format!("{import}/resolutions");
        let many = |items: Value, others: Value| json!({"items": items, "others": others});
        let new = json!({"line": 2, "resolution": "new", "reason": "Another foundation."});
        for (body, pointer) in [
            (many(json!([new, new]), Value::Null), "/items/1/line"),
            (many(json!([{"line": 2, "resolution": "new"}]), Value::Null), "/items/0/reason"),
            (many(json!([]), json!({"resolution": "same_as", "number": known})), "/others/resolution"),
            (many(json!([]), Value::Null), "/items"),
        ] {
            let refused = kz.post_seen(&path, Some(&tag), body).await.problem(422, "invalid_field");
            assert_eq!(refused.at("/fields/0/pointer"), pointer);
        }
        // One row that cannot be resolved, and none is.
        kz.post_seen(&path, Some(&tag), many(json!([new, {"line": 3, "resolution": "skip"}]), Value::Null)).await.problem(409, "conflict");
        let body = many(json!([new, {"line": 4, "resolution": "new", "reason": "Another union."}]), json!({"resolution": "skip"}));
        let done = kz.post_seen(&path, Some(&tag), body).await.expect(200);
        assert_eq!((done.at("/items"), done.at("/others")), (json!(2), json!(1)));
        kz.post(&format!("{import}/commit"), json!({})).await.expect(200);
        let rows = kz.get(&format!("{import}/rows")).await.expect(200);
        let number = |n: usize| rows.at(&format!("/items/{n}/number"));
        assert_eq!(number(4), Value::Null);
        let told = distinct::overridden(&mut app.db_conn(), (0, i64::MAX), 100).unwrap();
        let told: Vec<_> = told.iter().map(|row| (json!(row.organisation), json!(row.other), row.reason.as_str(), row.way.as_str())).collect();
        assert_eq!(told, [
            (number(0), json!(known), "Another foundation.", "import"),
            (number(2), number(1), "Another union.", "import"),
        ]);
        look(&app, Extent::Whole);
        assert_eq!(pairs(&kz).await, []);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_row_that_is_new_over_a_row_of_the_same_chunk_is_recorded_and_not_raised_again(app) {
        let kg = app.coordinator("KG");
        let file = "id,name\n1,«Тоо Гүлү Экоклуб» коомдук фонду\n2,«Тоо Гулу Экоклубу» коомдук фонду\n";
        let import = upload(&kg, file, "country=KG&source=list").await;
        let rows = kg.get(&format!("{import}/rows")).await.expect(200);
        assert_eq!(rows.at("/items/1/outcome"), "possible_duplicate", "{}", rows.text());
        let tag = kg.tag(&import).await;
        let body = json!({"items": [{"line": 3, "resolution": "new", "reason": "Another valley's."}]});
        kg.post_seen(&format!("{import}/resolutions"), Some(&tag), body).await.expect(200);
        // Both rows in one chunk: the first has its number, and it is not stored yet.
        let id: Id = import.rsplit('/').next().unwrap().parse().unwrap();
        let (acting, countries) = (Acting::operator(Action::Import).unwrap(), Countries::load().unwrap());
        let chunk = app.db_conn().transact(|tx| imports::chunk(tx, &acting, &countries, id, Next::behind(0, 10))).unwrap();
        assert_eq!((chunk.rows, chunk.line), (2, 3));
        imports::commit(&mut app.db_conn(), &acting, &countries, id, &mut |_| {}).unwrap();
        let rows = kg.get(&format!("{import}/rows")).await.expect(200);
        let number = |n: usize| rows.at(&format!("/items/{n}/number"));
        let told = distinct::overridden(&mut app.db_conn(), (0, i64::MAX), 100).unwrap();
        let told: Vec<_> = told.iter().map(|row| (json!(row.organisation), json!(row.other), row.reason.as_str(), row.way.as_str())).collect();
        assert_eq!(told, [(number(1), number(0), "Another valley's.", "import")]);
        look(&app, Extent::Whole);
        assert_eq!(pairs(&kg).await, []);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_spreadsheet_is_matched_row_by_row_and_tells_of_nothing_hidden(app) {
        let public = app.organisation("KZ").named("Жасыл Дала қоры").active().create().await;
        let hidden = app.organisation("KZ").named("Zzyzx Бағбандар одағы").create().await;
        let (countries, options) = (Countries::load().unwrap(), ImportOptions { country: Some("KZ".to_owned()), ..ImportOptions::default() });
        let question = Question {
            bytes: "id,name\na,Zhasyl Dala kory\nb,Zzyzx Baghbandar odaghy\nc,нет\n".as_bytes(),
            file_name: "list.csv",
            options: &options,
            limit: 3,
        };
        let ask = |acting: &Acting| {
            let tools = (&countries, &Search::default());
            match_file(&mut app.db_conn(), acting, tools, &question, &mut |_| {}).unwrap()
        };
        let own = ask(&Acting::operator(Action::ReadOrganisations).unwrap());
        let chosen = |n: usize| own[n].found.as_ref().ok().and_then(|found| found.chosen.clone());
        assert_eq!(own.len(), 3);
        assert_eq!((chosen(0), chosen(1), chosen(2)), (Some(public.number.clone()), Some(hidden.number.clone()), None));
        assert!(own[2].found.is_err(), "a row without a name says so");
        let stranger = Principal::User { id: Id(1), session: Id(2), role: Role::Coordinator, country: Some("KG".to_owned()) };
        let rows = ask(&Acting::on_behalf(stranger, Action::ReadOrganisations).unwrap());
        let report = String::from_utf8(written(&rows, "report.csv").unwrap()).unwrap();
        assert!(report.contains(&public.number) && !report.contains(&hidden.number), "{report}");
        assert_eq!(report.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').count(), 13);
        // A country that the Platform has not is told before any row is looked at.
        let options = ImportOptions { country: Some("XX".to_owned()), ..ImportOptions::default() };
        let question = Question { options: &options, ..question };
        let operator = Acting::operator(Action::ReadOrganisations).unwrap();
        let refused = match_file(&mut app.db_conn(), &operator, (&countries, &Search::default()), &question, &mut |_| {}).map(|_| ()).unwrap_err();
        assert!(refused.detail().contains("must be one of") && refused.detail().contains("KZ"), "{refused}");
    }
}

both! {
    async fn a_name_is_asked_about_beyond_the_border_with_its_legal_form_and_whatever_letters_it_is_written_in(app) {
        const COUNTRIES: [&str; 8] = ["AZ", "TR", "TRNC", "UZ", "KZ", "KG", "TM", "HU"];
        for (home, name) in [
            ("TR", "Turkuaz Pelikan Sevenler Derneği"),
            ("HU", "Zöldellő Bagolyfészek Alapítvány"),
            ("AZ", "Cücə Qağayı Xoru İctimai Birliyi"),
        ] {
            let public = app.organisation(home).named(name).active().create().await;
            for country in COUNTRIES.into_iter().filter(|country| *country != home) {
                let refused = register(&app.coordinator(country), country, name, json!({})).await.problem(409, "possible_duplicate");
                let told = (refused.str("/candidates/0/number"), refused.str("/candidates/0/verdict"));
                assert_eq!(told, (public.number.clone(), "possible".to_owned()), "{name} in {country}");
                assert_eq!(refused.at("/candidates/0/score"), json!(0.8), "{name} in {country}");
            }
        }
        // A form of its own beside the same words, and the same in a list.
        let kz = app.coordinator("KZ");
        register(&kz, "KZ", "«Turkuaz Pelikan Sevenler» қоғамдық қоры", json!({})).await.problem(409, "possible_duplicate");
        let imported = upload(&kz, "name\nZöldellő Bagolyfészek Alapítvány\n", "country=KZ&source=list").await;
        let row = kz.get(&format!("{imported}/rows")).await.expect(200);
        assert_eq!(row.at("/items/0/outcome"), "possible_duplicate", "{}", row.text());
        // Other words, one word and what is not public ask nothing.
        register(&kz, "KZ", "Turkuaz Penguen Sevenler Derneği", json!({})).await.expect(201);
        app.organisation("TR").named("Turkuaz Flamingo Sevenler Derneği").create().await;
        register(&app.coordinator("UZ"), "UZ", "Turkuaz Flamingo Sevenler Derneği", json!({})).await.expect(201);
    }
}

both! {
    async fn before_the_index_is_asked_and_behind_it_the_same_name_is_found_beyond_the_border_too(app) {
        let acting = Acting::operator(Action::Import).unwrap();
        let countries = Countries::load().unwrap();
        let hu = app.organisation("HU").named("Cinke Csóka Gyöngyös Egyesület").active().create().await;
        let lookout = Lookout { countries: &countries, search: None };
        let found = |country: &str, name: &str| {
            let facts = Facts { country: country.to_owned(), names: vec![("legal".to_owned(), name.to_owned())], ..Facts::default() };
            let (found, _) = candidates::find(&mut app.db_conn(), &acting, lookout, &FoldedFacts::of(facts)).unwrap();
            found.into_iter().map(|one| (one.number, one.verdict)).collect::<Vec<_>>()
        };
        let is_it = vec![(hu.number.clone(), "possible")];
        for country in ["AZ", "TR", "KZ", "UZ"] {
            assert_eq!(found(country, "Cinke Csoka Gyongyos Egyesulet"), is_it, "{country}");
        }
        assert_eq!(found("KZ", "Cinke Veréb Gyöngyös Egyesület"), []);
    }
}

both! {
    async fn what_is_called_the_same_is_told_at_registration_and_in_the_list_of_pairs(app) {
        let own = app.coordinator("TR");
        for (registered, asked) in [
            ("Anavatan Partisi", "Anaatan Partisi"),
            ("Yorgancılar Odası", "Yorgancıların Odası"),
            ("Sahaflar Derneği", "Shaflar Derneği"),
        ] {
            let first = app.organisation("TR").named(registered).create().await;
            let told = register(&own, "TR", asked, json!({})).await.problem(409, "possible_duplicate");
            assert_eq!(told.str("/candidates/0/number"), first.number, "{asked}");
            assert_eq!(told.str("/candidates/0/verdict"), "same", "{asked}");
        }
        // A name that is added later is not refused, and shows in the list.
        let one = app.organisation("TR").named("Bakırcılar Odası").create().await;
        let other = app.organisation("TR").named("Kalaycılar Odası").create().await;
        let added = json!({"kind": "alias", "text": "Bakırcıların Odası"});
        own.post_seen(&format!("{}/names", other.url()), Some("*"), added).await.expect(201);
        look(&app, Extent::Whole);
        let listed = pairs(&own).await;
        assert!(
            listed.contains(&(one.number.clone(), other.number.clone())) || listed.contains(&(other.number, one.number)),
            "{listed:?}"
        );
    }
}
