//! The pages for people: what they show and to whom, in which language, and that nothing in a record is markup.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use crate::both;
use crate::kit::{Answer, App, encoded};

/// What a browser of this language gets.
async fn page(app: &App, path: &str, language: &str) -> Answer {
    let request = TestRequest::get()
        .uri(path)
        .insert_header(("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
        .insert_header(("Accept-Language", language));
    app.send(request).await
}

fn is_page(answer: &Answer) -> String {
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.ends_with("form-action 'self'") && !policy.contains("script-src"),
        "{policy}"
    );
    assert_eq!(answer.header("set-cookie"), None);
    let html = answer.text();
    assert!(!html.contains("<script"), "{html}");
    html
}

both! {
    async fn a_search_shows_what_was_found_where_and_how(app) {
        let ngo = app.organisation("KZ")
            .named("«Жас Отан» қоғамдық қоры")
            .with(json!({
                "city": "Көкшетау",
                "names": [
                    {"kind": "legal", "text": "«Жас Отан» қоғамдық қоры", "language": "kk-Cyrl"},
                    {"kind": "alias", "text": "Young Homeland", "language": "en"},
                ],
            }))
            .active().create().await;
        let found = is_page(&page(&app, "/search?q=zhas+otan&country=", "en").await.expect(200));
        assert!(found.contains(&format!("<a href=\"/organisations/{}\"><bdi lang=\"kk-Cyrl\">«<mark>Жас</mark> <mark>Отан</mark>» қоғамдық қоры</bdi></a>", ngo.number)), "{found}");
        for part in ["Legal name: all words", "<bdi lang=\"en\">Young Homeland</bdi>", "Көкшетау", "Kazakhstan", ">Member</span>", "Found: 1", "<html lang=\"en\">"] {
            assert!(found.contains(part), "{part} is not in {found}");
        }
        let by_alias = is_page(&page(&app, "/search?q=young+homeland", "hu").await.expect(200));
        assert!(by_alias.contains("Más név: <bdi lang=\"en\"><mark>Young</mark> <mark>Homeland</mark></bdi> – pontos egyezés"), "{by_alias}");
        assert!(by_alias.contains("<html lang=\"hu\">") && by_alias.contains("Kazahsztán"));
        let by_city = is_page(&page(&app, "/search?q=kokshetau", "kk").await.expect(200));
        assert!(by_city.contains("<mark>Көкшетау</mark>") && by_city.contains("Қазақстан"), "{by_city}");
        // The same without words: the organisations of a country.
        assert!(is_page(&page(&app, "/search?country=KZ", "en").await.expect(200)).contains(&ngo.number));
        assert!(!is_page(&page(&app, "/search?country=HU", "en").await.expect(200)).contains(&ngo.number));
        assert!(is_page(&page(&app, "/search?q=zzyzx", "en").await.expect(200)).contains("Nothing was found."));
    }
}

both! {
    async fn markup_in_a_record_is_shown_as_it_is_written(app) {
        let name = "<script>alert(1)</script> & \"Gardeners\" <b onclick='x'>";
        let ngo = app.organisation("KZ").named(name).with(json!({
            "city": "<img src=x>", "region": "</main>", "legal_form": "<i>form</i>",
            "descriptions": [{"language": "en", "text": "<iframe></iframe>"}],
        })).active().create().await;
        let shown = is_page(&page(&app, &format!("/organisations/{}", ngo.number), "en").await.expect(200));
        for raw in ["<script", "<b onclick", "<img", "</main>,", "<i>", "<iframe"] {
            assert!(!shown.contains(raw), "{raw} in {shown}");
        }
        assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Gardeners&quot;"));
        let path = format!("/search?q={}", encoded("gardeners <script>\"'"));
        let found = is_page(&page(&app, &path, "en").await.expect(200));
        assert!(found.contains("value=\"gardeners &lt;script&gt;&quot;'\""), "{found}");
        assert!(found.contains("<mark>Gardeners</mark>"), "{found}");
        assert!(!found.contains("<script") && !found.contains("<img"));
    }
}

both! {
    async fn the_page_of_an_organisation_shows_its_public_record_and_nothing_else_whoever_asks(app) {
        let (parent, _) = app.member("KG").await;
        let hidden = app.organisation("KZ").named("Hidden Circle").create().await;
        let ngo = app.organisation("KZ").named("Sample Circle").with(json!({
            "city": "Astana", "website": "https://sample.example/?a=1&b=2", "founded": "2011-05-17", "themes": ["E10"], "sdgs": [13],
            "email": "office@sample.example", "phone": "+7 700 000 00 00", "address": "Secret Street 1", "notes": "Private remark",
            "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}],
        })).active().create().await;
        let own = app.coordinator("KZ");
        for other in [&parent.number, &hidden.number] {
            own.post_seen(&format!("{}/relations", ngo.url()), Some("*"), json!({"kind": "partner", "organisation": other})).await.expect(201);
        }
        let path = format!("/organisations/{}", ngo.number);
        let shown = is_page(&page(&app, &path, "en").await.expect(200));
        for part in ["Sample Circle", "Astana", "Kazakhstan", "2011", "E10", "13", "href=\"https://sample.example/?a=1&amp;b=2\"", "Full", &parent.number, &ngo.number] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
        for part in ["05-17", "office@", "700 000", "Secret Street", "Private remark", "Hidden Circle", &hidden.number] {
            assert!(!shown.contains(part), "{part} is in {shown}");
        }
        let public = app.get(&ngo.url()).await;
        let identifiers = public.at("/identifiers");
        assert_eq!(shown.contains("950440001673"), identifiers.as_array().is_some_and(|all| !all.is_empty()));
        // An officer's token changes nothing.
        let seen = app.send(own.request(Method::GET, &path).insert_header(("Accept", "text/html"))).await.expect(200);
        assert_eq!(seen.text(), shown);
        let lower = path.to_lowercase().replace("ots-", "ots");
        assert_eq!(page(&app, &lower, "en").await.expect(200).text(), shown);
    }
}

both! {
    async fn the_memberships_are_a_table_that_a_narrow_screen_shows_in_two_lines_a_row(app) {
        let (ngo, _) = app.member("KG").await;
        let shown = is_page(&page(&app, &format!("/organisations/{}", ngo.number), "ru").await.expect(200));
        // Programs that read pages aloud are told that it is a table, however its rows are laid out.
        for (role, count) in [("table", 1), ("rowgroup", 2), ("row", 2), ("columnheader", 4), ("cell", 4)] {
            assert_eq!(shown.matches(&format!("role=\"{role}\"")).count(), count, "{role} in {shown}");
        }
        assert!(shown.contains("<table class=\"spells\""), "{shown}");
        // tests/pages.mjs measures the width in a browser.
        assert!(shown.contains("@media (max-width:30rem){.spells,"), "the style is not for it");
    }
}

both! {
    async fn what_is_not_there_not_public_or_withheld_is_one_and_the_same_page(app) {
        let private = app.organisation("KZ").create().await;
        let (withheld, _) = app.member("KZ").await;
        let own = app.coordinator("KZ");
        let reason = json!({"reason": "Being findable may harm the people who work there."});
        own.send_with(Method::PUT, &format!("{}/withholding", withheld.url()), "*", Some(reason)).await.expect(200);
        let unknown = ots_registry::organisations::RegistryNumber::random().unwrap().to_string();
        let mut seen = Vec::new();
        for number in [&private.number, &withheld.number, &unknown, &"nonsense".to_owned()] {
            let answer = page(&app, &format!("/organisations/{number}"), "tr").await.expect(404);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("content-language"), Some("tr"));
            seen.push(is_page(&answer));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(seen[0].contains("Bu adreste açık kayıt yok."));
        let name = own.get(&withheld.url()).await.str("/name");
        let found = is_page(&page(&app, &format!("/search?q={}", encoded(&name)), "en").await.expect(200));
        assert!(!found.contains(&withheld.number));
        // Programs get problems.
        let asked = TestRequest::get().uri(&format!("/organisations/{unknown}")).insert_header(("Accept", "application/json"));
        app.send(asked).await.problem(404, "not_found");
    }
}

both! {
    async fn every_language_of_the_platform_has_its_pages(app) {
        let (ngo, _) = app.member("HU").await;
        for tag in ["en", "az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"] {
            for path in ["/", "/search", "/search?q=sample", &format!("/organisations/{}", ngo.number)] {
                let answer = page(&app, path, tag).await.expect(200);
                assert_eq!(answer.header("content-language"), Some(tag), "{path}");
                assert!(answer.header("vary").unwrap().contains("Accept-Language"), "{path}");
                assert!(is_page(&answer).contains(&format!("<html lang=\"{tag}\">")), "{path}");
            }
        }
    }
}

both! {
    async fn pages_of_a_search_go_on_and_a_bad_question_is_a_page_too(app) {
        for n in 0..23 {
            app.organisation("KZ").named(&format!("Gardeners of Place {n}")).active().create().await;
        }
        for path in ["/search?q=gardeners", "/search?country=KZ"] {
            let first = page(&app, path, "en").await.expect(200);
            let html = is_page(&first);
            assert_eq!(html.matches("<h3><a href=\"/organisations/").count(), 20, "{path}");
            let next = html.split("<a href=\"").find(|rest| rest.contains("rel=\"next\"")).unwrap();
            let next = next.split('"').next().unwrap().replace("&amp;", "&");
            assert_eq!(first.header("link"), Some(format!("<{next}>; rel=\"next\"").as_str()));
            let second = is_page(&page(&app, &next, "en").await.expect(200));
            assert_eq!(second.matches("<h3><a href=\"/organisations/").count(), 3, "{path}");
            assert!(!second.contains("rel=\"next\""));
        }
        let narrowed = is_page(&page(&app, "/search?q=gardeners&state=active", "en").await.expect(200));
        assert!(narrowed.contains("<a href=\"/search?q=gardeners\">Remove the filter</a>"), "{narrowed}");
        let long = format!("/search?q={}", "a".repeat(501));
        for path in ["/search?colour=red", "/search?country=XX", "/search?state=draft", "/search?theme=x", "/search?q=a&cursor=x", &long] {
            assert!(is_page(&page(&app, path, "en").await.expect(400)).contains("<h1>"), "{path}");
        }
    }
}

both! {
    async fn a_page_that_the_browser_has_is_not_sent_again(app) {
        let (ngo, _) = app.member("HU").await;
        let path = format!("/organisations/{}", ngo.number);
        let first = page(&app, &path, "hu").await.expect(200);
        assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
        let tag = first.header("etag").unwrap().to_owned();
        let again = TestRequest::get().uri(&path).insert_header(("Accept-Language", "hu")).insert_header(("If-None-Match", tag.clone()));
        assert!(app.send(again).await.expect(304).bytes.is_empty());
        let other = TestRequest::get().uri(&path).insert_header(("Accept-Language", "tr")).insert_header(("If-None-Match", tag));
        app.send(other).await.expect(200);
    }
}

both! {
    async fn the_number_of_a_merged_organisation_leads_to_the_page_of_its_successor(app) {
        let kz = app.coordinator("KZ");
        let (ends, _) = app.member("KZ").await;
        let (goes_on, _) = app.member("KZ").await;
        let proposal = kz.propose(&ends.url(), "merge", json!({"successor": goes_on.number, "reason": "Voted."})).await;
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        let led = page(&app, &format!("/organisations/{}", ends.number), "en").await.expect(307);
        assert_eq!(led.header("location"), Some(format!("/organisations/{}", goes_on.number).as_str()));
        let name = is_page(&page(&app, led.header("location").unwrap(), "en").await.expect(200));
        assert!(name.contains(&goes_on.number));
    }
}

both! {
    async fn countries_to_choose_from_stand_in_the_order_of_the_page_s_language(app) {
        for (language, expected) in [
            ("ru", ["Азербайджан", "Венгрия", "Казахстан", "Узбекистан"]),
            ("az", ["Azərbaycan", "Qazaxıstan", "Macarıstan", "Özbəkistan"]),
            ("hu", ["Azerbajdzsán", "Kazahsztán", "Magyarország", "Üzbegisztán"]),
        ] {
            let shown = is_page(&page(&app, "/search", language).await.expect(200));
            // In the form, and as links below it.
            for begins in ["<select id=\"country\"", "<ul class=\"links\""] {
                let list = shown.split(begins).nth(1).unwrap();
                let places: Vec<usize> = expected.iter().map(|name| list.find(&format!(">{name}<")).unwrap()).collect();
                assert!(places.is_sorted(), "{language}: {list}");
            }
        }
    }
}
