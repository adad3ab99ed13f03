//! Search, suggestions, matching and comparing, as the public, officers and other replicas see them.

use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, encoded};

/// The registry numbers of a page, in its order.
fn numbers(page: &Answer) -> Vec<String> {
    let items = page.at("/items");
    let items = items.as_array().unwrap();
    items
        .iter()
        .map(|item| item["number"].as_str().unwrap().to_owned())
        .collect()
}

async fn search(app: &App, query: &str) -> Answer {
    app.get(&format!("/v1/organisations?q={}", encoded(query)))
        .await
        .expect(200)
}

async fn public_match(app: &App, body: Value) -> Answer {
    let request = actix_web::test::TestRequest::post()
        .uri("/v1/match")
        .set_json(body);
    app.send(request).await
}

both! {
    async fn one_name_in_any_script_finds_the_same_organisation_first(app) {
        let otan = app.organisation("KZ").named("«Жас Отан» жастар қанаты").active().create().await;
        app.organisation("KZ").named("«Жас дәрен» қоғамдық қоры").active().create().await;
        app.organisation("AZ").named("Gənc Vətən İctimai Birliyi").active().create().await;
        for query in ["Жас Отан", "Zhas Otan", "Jas Otan", "ЖАС ОТАН", "jas otan", "Otan Zhas", "zhas ottan"] {
            let page = search(&app, query).await;
            assert_eq!(numbers(&page)[0], otan.number, "{query}");
        }
    }
}

both! {
    async fn a_hit_says_where_and_how_it_was_found_in_the_spelling_of_the_name(app) {
        app.organisation("KZ")
            .named("«Жас Отан» қоғамдық қоры")
            .with(json!({"city": "Көкшетау"}))
            .active()
            .create()
            .await;
        let page = search(&app, "zhas otan").await;
        let found = page.at("/items/0/found");
        assert_eq!(found["found_in"], "name");
        assert_eq!(found["name_kind"], "legal");
        assert_eq!(found["how"], "words");
        assert_eq!(found["pieces"], json!([
            {"text": "«", "hit": false}, {"text": "Жас", "hit": true}, {"text": " ", "hit": false},
            {"text": "Отан", "hit": true}, {"text": "» қоғамдық қоры", "hit": false},
        ]));
        let by_city = search(&app, "Kokshetau").await;
        assert_eq!(by_city.at("/items/0/found/found_in"), "city");
        assert!(by_city.at("/items/0/found/score").as_f64() < found["score"].as_f64());
        // The list without a search says nothing of the kind.
        assert_eq!(app.get("/v1/organisations").await.at("/items/0").get("found"), None);
    }
}

both! {
    async fn what_is_private_or_withheld_is_found_by_those_alone_who_may_read_it(app) {
        let ngo = app.organisation("KZ").named("Zzyzx Gardeners").create().await;
        let (own, other, auditor) = (app.coordinator("KZ"), app.coordinator("KG"), app.auditor());
        let path = "/v1/organisations?q=zzyzx&count=true&facets=country";
        let seen = |page: Answer| (numbers(&page), page.at("/page/total"), page.at("/facets/country"));
        let nothing = (vec![], json!(0), json!([]));
        let found = (vec![ngo.number.clone()], json!(1), json!([{"value": "KZ", "count": 1}]));
        assert_eq!(seen(app.get(path).await.expect(200)), nothing);
        assert_eq!(seen(other.get(path).await.expect(200)), nothing);
        assert_eq!(seen(own.get(path).await.expect(200)), found);
        assert_eq!(seen(auditor.get(path).await.expect(200)), found);
        for path in ["/v1/suggest?q=zzy", "/v1/suggest?q=zzyzx%20gard"] {
            assert_eq!(app.get(path).await.expect(200).at("/items"), json!([]));
            assert_eq!(other.get(path).await.expect(200).at("/items"), json!([]));
            assert_eq!(own.get(path).await.expect(200).at("/items/0/number"), ngo.number.as_str());
        }
        let asked = json!({"items": [{"name": "Zzyzx Gardeners", "country": "KZ"}]});
        let matched = |answer: Answer| answer.expect(200).at("/items/0/candidates").as_array().unwrap().len();
        assert_eq!(matched(other.post("/v1/match", asked.clone()).await), 0);
        assert_eq!(matched(own.post("/v1/match", asked.clone()).await), 1);

        let (public, _) = app.member("KZ").await;
        let name = own.get(&public.url()).await.str("/name");
        assert_eq!(numbers(&search(&app, &name).await)[0], public.number);
        let reason = json!({"reason": "Being findable may harm the people who work there."});
        own.send_with(actix_web::http::Method::PUT, &format!("{}/withholding", public.url()), "*", Some(reason)).await.expect(200);
        assert!(!numbers(&search(&app, &name).await).contains(&public.number));
        assert!(numbers(&own.get(&format!("/v1/organisations?q={}", encoded(&name))).await).contains(&public.number));
    }
}

both! {
    async fn a_score_does_not_tell_that_a_word_stands_in_a_private_record(app) {
        app.organisation("KZ").named("Public Gardeners").active().create().await;
        let compared = "/v1/match/compare?a=Zzyzx%20Gardeners&b=Gardeners&country=KZ";
        let before = app.get(compared).await.expect(200).json();
        let listed = search(&app, "zzyzx gardeners").await.json();
        app.organisation("KZ").named("Zzyzx Circle").create().await;
        assert_eq!(app.get(compared).await.expect(200).json(), before);
        assert_eq!(search(&app, "zzyzx gardeners").await.json(), listed);
    }
}

both! {
    async fn a_coordinator_s_own_private_record_stands_before_strangers_that_share_less(app) {
        for name in ["Kaspi İK", "İK Könüllüləri", "Bakı İdman Klubu"] {
            app.organisation("AZ").named(name).active().create().await;
        }
        let query = format!("/v1/organisations?q={}", encoded("Neftçi İK"));
        let before = app.get(&query).await.expect(200).json();
        let ngo = app.organisation("AZ").named("Neftçi İdman Klubu").create().await;
        let (own, other) = (app.coordinator("AZ"), app.coordinator("KG"));
        assert_eq!(numbers(&own.get(&query).await.expect(200)).first(), Some(&ngo.number));
        assert_eq!(app.get(&query).await.expect(200).json(), before);
        assert_eq!(other.get(&query).await.expect(200).at("/items"), before["items"]);
    }
}

both! {
    async fn what_one_replica_writes_every_replica_finds_at_once(app) {
        let other = app.replica().await;
        // Both have made their index before the change.
        assert_eq!(numbers(&search(&app, "Qarabag").await), Vec::<String>::new());
        assert_eq!(numbers(&search(&other, "Qarabag").await), Vec::<String>::new());
        let ngo = app.organisation("AZ").named("Qarabağ Universiteti").active().create().await;
        assert_eq!(numbers(&search(&app, "Карабах").await), [ngo.number.as_str()]);
        assert_eq!(numbers(&search(&other, "Karabakh").await), [ngo.number.as_str()]);
        let own = app.coordinator("AZ");
        own.post_seen(&format!("{}/names", ngo.url()), Some("*"), json!({"kind": "legal", "text": "Şuşa Universiteti"}))
            .await.expect(201);
        assert_eq!(search(&other, "Shusha").await.at("/items/0/found/name_kind"), "legal");
        assert_eq!(search(&other, "Qarabag").await.at("/items/0/found/name_kind"), "former");
    }
}

both! {
    async fn pages_of_a_search_hold_every_organisation_once_and_a_cursor_is_good_for_its_query_alone(app) {
        let mut made = Vec::new();
        for n in 0..7 {
            made.push(app.organisation("KZ").named(&format!("Gardeners of Place {n}")).active().create().await.number);
        }
        let mut seen = Vec::new();
        let mut path = "/v1/organisations?q=gardeners&limit=3&count=true".to_owned();
        loop {
            let page = app.get(&path).await.expect(200);
            assert_eq!(page.at("/page/total"), 7);
            seen.extend(numbers(&page));
            let Value::String(next) = page.at("/page/next") else { break };
            app.get(&format!("/v1/organisations?q=place&limit=3&count=true&cursor={next}")).await.problem(400, "bad_cursor");
            path = format!("/v1/organisations?q=gardeners&limit=3&count=true&cursor={next}");
        }
        seen.sort();
        made.sort();
        assert_eq!(seen, made);
    }
}

both! {
    async fn filters_narrow_a_search_and_facets_count_all_of_it(app) {
        for (country, theme, place) in [("KZ", "E10", "Alpha"), ("KZ", "E10", "Beta"), ("KG", "E10", "Gamma"), ("KG", "C10", "Delta")] {
            app.organisation(country).named(&format!("Gardeners of {place}"))
                .with(json!({"themes": [theme]}))
                .active().create().await;
        }
        let page = app.get("/v1/organisations?q=gardeners&limit=1&facets=country&facets=theme&facets=state&facets=legal_form").await;
        let facets = page.expect(200).at("/facets");
        assert_eq!(facets["theme"], json!([{"value": "E10", "count": 3}, {"value": "C10", "count": 1}]));
        assert_eq!(facets["country"], json!([{"value": "KG", "count": 2}, {"value": "KZ", "count": 2}]));
        assert_eq!(facets["state"], json!([{"value": "active", "count": 4}]));
        assert_eq!(facets["legal_form"], json!([]));
        let narrowed = app.get("/v1/organisations?q=gardeners&theme=C10").await.expect(200);
        assert_eq!(numbers(&narrowed).len(), 1);
        assert_eq!(numbers(&app.get("/v1/organisations?q=gardeners&country=KZ").await).len(), 2);
        assert_eq!(numbers(&app.get("/v1/organisations?q=gardeners&state=lapsed").await).len(), 0);
    }
}

both! {
    async fn numbers_are_found_as_they_are_written_unless_they_are_not_public(app) {
        let kz = app.organisation("KZ").with(json!({"identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]}))
            .active().create().await;
        for query in ["950440001673", "950 440 001 673", kz.number.as_str(), &kz.number.to_lowercase()] {
            let page = search(&app, query).await;
            assert_eq!(numbers(&page), [kz.number.as_str()], "{query}");
        }
        assert_eq!(search(&app, "950440001673").await.at("/items/0/found/found_in"), "identifier");
        assert_eq!(search(&app, &kz.number).await.at("/items/0/found/found_in"), "number");
    }
}

both! {
    async fn a_name_is_matched_explained_and_chosen_only_where_that_is_safe(app) {
        let ngo = app.organisation("KZ").named("«Қамқорлық» қоғамдық қоры").with(json!({"city": "Астана"})).active().create().await;
        app.organisation("TR").named("İstanbul Gençlik Derneği").active().create().await;
        let answer = public_match(&app, json!({"items": [
            {"name": "Qamqorlyq qogamdyq qory", "country": "KZ", "city": "Astana"},
            {"name": "Isparta Gençlik Derneği"},
            {"name": "Nobody knows this one"},
        ], "limit": 3})).await.expect(200);
        assert_eq!(answer.at("/items/0/chosen"), ngo.number.as_str());
        assert_eq!(answer.at("/items/0/candidates/0/verdict"), "same");
        assert_eq!(answer.at("/items/0/candidates/0/reasons/0"), "the same name in another spelling");
        // The same words, another city: looked at, never taken.
        assert_eq!(answer.at("/items/1/chosen"), Value::Null);
        assert_eq!(answer.at("/items/2/candidates"), json!([]));
    }
}

both! {
    async fn a_hit_shows_what_was_found_as_it_is_written_wherever_it_stands(app) {
        let far = "Бақтар мен саябақтар туралы ұзақ әңгіме. ".repeat(5);
        let more = json!({
            "descriptions": [{"language": "en", "text": "Plants trees."}, {"language": "kk", "text": format!("{far}Өзен бойына Тальниктер егеді. {}", far.trim())}],
            "identifiers": [{"scheme": "LEI", "value": "213800D1EI4B9WTWWD28"}],
        });
        let ngo = app.organisation("KZ").named("Zzyzx Бағбандар").with(more).active().create().await;
        for (query, place, shown) in [("talnikter", "description", "Тальниктер"), ("213800D1EI4B9WTWWD28", "identifier", "213800D1EI4B9WTWWD28"), (ngo.number.as_str(), "number", ngo.number.as_str())] {
            let found = app.get(&format!("/v1/organisations?q={query}")).await.expect(200).at("/items/0/found");
            assert_eq!(found["found_in"], place, "{found}");
            let pieces = found["pieces"].as_array().unwrap();
            let marked: Vec<&Value> = pieces.iter().filter(|piece| piece["hit"] == true).collect();
            assert_eq!(marked, [&json!({"text": shown, "hit": true})], "{found}");
            let long: usize = pieces.iter().map(|piece| piece["text"].as_str().unwrap().chars().count()).sum();
            assert!(long < 200, "{found}");
            // People see it too.
            let page = app.get(&format!("/search?q={query}")).await.expect(200).text();
            assert!(page.contains(shown), "{page}");
        }
    }
}

both! {
    async fn a_website_and_a_city_make_the_same_of_no_pair_that_the_names_leave_open(app) {
        let house = json!({"website": "https://brc.example.org", "city": "Szeged"});
        app.organisation("HU").named("Szegedi Biológiai Központ Madártani Intézet").with(house).active().create().await;
        let item = |more: Value| {
            let mut item = json!({"name": "Szegedi Biológiai Központ Rovartani Intézet", "country": "HU"});
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            item
        };
        let items = json!([item(json!({})), item(json!({"city": "Szeged", "website": "https://www.brc.example.org/a"}))]);
        let answer = public_match(&app, json!({"items": items})).await.expect(200);
        assert_eq!(answer.at("/items/0/candidates/0/verdict"), "possible", "{}", answer.text());
        assert_eq!(answer.at("/items/1/candidates/0/verdict"), "possible", "{}", answer.text());
        assert_eq!(answer.at("/items/1/candidates/0/reasons/0"), "the same website: brc.example.org");
        assert!(answer.at("/items/1/candidates/0/score").as_f64() > answer.at("/items/0/candidates/0/score").as_f64());
        assert_eq!(answer.at("/items/1/chosen"), Value::Null);
    }
}

both! {
    async fn another_city_leaves_a_match_open_and_a_meaning_alone_chooses_nobody(app) {
        app.organisation("AZ").named("Zzyzx Universiteti").with(json!({"city": "Bakı"})).active().create().await;
        app.organisation("KG").named("«Адилеттүүлүк» уюму").with(json!({"city": "Жалал-Абад"})).active().create().await;
        let item = |name: &str, country: &str, city: &str| json!({"name": name, "country": country, "city": city});
        let items = json!([
            item("Zzyzx Universiteti", "AZ", "Gəncə"), item("Zzyzx Universiteti", "AZ", "Baku"),
            item("Справедливость", "KG", "Бишкек"), item("Справедливость", "KG", "Джалал-Абад"),
        ]);
        let answer = public_match(&app, json!({"items": items})).await.expect(200);
        let said = |n: usize| (answer.at(&format!("/items/{n}/candidates/0/verdict")), answer.at(&format!("/items/{n}/chosen")).is_string());
        assert_eq!(said(0), (json!("possible"), false), "{}", answer.text());
        assert_eq!(said(1), (json!("same"), true), "{}", answer.text());
        for n in [2, 3] {
            assert_eq!(said(n), (json!("possible"), false), "{}", answer.text());
            let reasons = answer.at(&format!("/items/{n}/candidates/0/reasons")).to_string();
            assert!(reasons.contains("same meaning"), "{reasons}");
        }
    }
}

both! {
    async fn a_website_of_its_own_points_to_who_has_it_whatever_the_name(app) {
        let ngo = app.organisation("UZ").named("Zzyzx Bogʻbonlar jamiyati").with(json!({"website": "https://gardens.example.org"})).active().create().await;
        // Its mail is private: nobody is told by it.
        app.organisation("UZ").named("Qqorva Asalarichilar").with(json!({"email": "info@bees.example.org"})).active().create().await;
        let item = |country: &str, website: &str| json!({"name": "Green Hands", "country": country, "website": website});
        let items = json!([item("UZ", "http://www.gardens.example.org/en"), item("UZ", "https://bees.example.org"), item("KZ", "https://gardens.example.org")]);
        let answer = public_match(&app, json!({"items": items})).await.expect(200);
        assert_eq!(answer.at("/items/0/candidates/0/number"), ngo.number.as_str());
        assert_eq!(answer.at("/items/0/candidates/0/verdict"), "possible");
        assert_eq!(answer.at("/items/0/candidates/0/reasons/0"), "the same website: gardens.example.org");
        assert_eq!(answer.at("/items/0/chosen"), Value::Null);
        assert_eq!(answer.at("/items/1/candidates"), json!([]));
        assert_eq!(answer.at("/items/2/candidates"), json!([]));
    }
}

both! {
    async fn words_written_together_or_apart_are_one_organisation(app) {
        let kz = app.coordinator("KZ");
        let ngo = app.organisation("KZ").named("Жас Отан").active().create().await;
        let together = app.organisation("KZ").named("ҚЫЗЫЛТАҢДАЛА").active().create().await;
        for (name, number) in [("ЖАСОТАН", &ngo.number), ("Zhasotan", &ngo.number), ("Қызыл Таңдала", &together.number)] {
            let answer = public_match(&app, json!({"items": [{"name": name, "country": "KZ"}]})).await.expect(200);
            assert_eq!(answer.at("/items/0/chosen"), number.as_str(), "{}", answer.text());
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let refused = kz.post("/v1/organisations", body).await.problem(409, "possible_duplicate");
            assert_eq!(refused.at("/candidates/0/number"), number.as_str());
            assert_eq!(refused.at("/candidates/0/verdict"), "same");
        }
    }
}

both! {
    async fn an_identifier_decides_a_match_and_is_no_way_to_guess_a_private_one(app) {
        let ngo = app.organisation("KZ").named("«Үлгі» қоғамдық қоры")
            .with(json!({"identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]})).active().create().await;
        let asked = json!({"items": [{"name": "Something Else", "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]}]});
        let answer = public_match(&app, asked).await.expect(200);
        assert_eq!(answer.at("/items/0/chosen"), ngo.number.as_str());
        assert_eq!(answer.at("/items/0/candidates/0/reasons/0"), "the same KZ-BIN");
        public_match(&app, json!({"items": []})).await.problem(422, "invalid_field");
        public_match(&app, json!({"items": [{"name": "A", "country": "XX"}]})).await.problem(422, "invalid_field");
        public_match(&app, json!({"items": [{"name": "A", "identifiers": [{"scheme": "nonsense", "value": "1"}]}]}))
            .await.problem(422, "invalid_field");
    }
}

both! {
    async fn another_number_of_one_scheme_speaks_against_a_candidate_and_chooses_nobody(app) {
        let numbers = |all: &[(&str, &str)]| -> Value {
            all.iter().map(|(scheme, value)| json!({"scheme": scheme, "value": value})).collect()
        };
        let bin = ("KZ-BIN", "950440001673");
        let ngo = app.organisation("KZ").named("Zzyzx Бағбандар қоғамы")
            .with(json!({"identifiers": numbers(&[bin, ("LEI", "EXAMPLE0000000000087")])})).active().create().await;
        let without = app.organisation("KZ").named("Qqorva Сыртқы Балшылар").active().create().await;
        let asked = |name: &str, all: &[(&str, &str)]| json!({"name": name, "country": "KZ", "identifiers": numbers(all)});
        let other = ("KZ-BIN", "950440001108");
        let items = json!([
            asked("Zzyzx Bagbandar qogamy", &[]),
            asked("Zzyzx Bagbandar qogamy", &[other]),
            asked("Qqorva Syrtqy Balshylar", &[other]),
            asked("Zzyzx Bagbandar qogamy", &[other, bin]),
            asked("Zzyzx Bagbandar qogamy", &[bin, ("LEI", "EXAMPLE0000000000184")]),
            // The other one's name with the number of this one, and another number of this one.
            asked("Qqorva Syrtqy Balshylar", &[bin, ("LEI", "EXAMPLE0000000000184")]),
        ]);
        let answer = public_match(&app, json!({"items": items})).await.expect(200);
        let of = |n: usize, what: &str| answer.at(&format!("/items/{n}/{what}"));
        let reasons = |n: usize| of(n, "candidates/0/reasons").to_string();
        assert_eq!(of(0, "chosen"), ngo.number.as_str(), "{}", answer.text());
        assert_eq!((of(1, "candidates/0/number"), of(1, "chosen")), (json!(ngo.number), Value::Null));
        assert_eq!(of(1, "candidates/0/verdict"), "possible");
        assert_eq!(of(1, "candidates/0/reasons/0"), "another KZ-BIN");
        assert!(of(1, "candidates/0/score").as_f64() < of(0, "candidates/0/score").as_f64());
        // Who has no number of the scheme has no other one, and of several one that is the same is enough.
        assert_eq!(of(2, "chosen"), without.number.as_str(), "{}", answer.text());
        assert_eq!(of(3, "chosen"), ngo.number.as_str(), "{}", answer.text());
        assert!(!reasons(2).contains("another KZ") && !reasons(3).contains("another KZ"), "{}", answer.text());
        // One scheme says yes and another no: a person looks.
        assert_eq!((of(4, "chosen"), of(4, "candidates/0/verdict")), (Value::Null, json!("possible")));
        assert_eq!(of(4, "candidates/0/reasons/0"), "the same KZ-BIN");
        assert_eq!(of(4, "candidates/0/reasons/1"), "another LEI");
        // And nobody else is taken by name while somebody has the number.
        assert_eq!(of(5, "chosen"), Value::Null, "{}", answer.text());
        assert_eq!(of(5, "candidates").as_array().unwrap().len(), 2, "{}", answer.text());
        // A registration is asked about it all the same.
        let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Zzyzx Bagbandar qogamy"}], "identifiers": numbers(&[other])});
        let refused = app.coordinator("KZ").post("/v1/organisations", body).await.problem(409, "possible_duplicate");
        assert_eq!(refused.at("/candidates/0/verdict"), "possible");
        assert!(refused.at("/candidates/0/reasons").to_string().contains("it has another KZ-BIN"), "{}", refused.text());
    }
}

both! {
    async fn a_number_that_somebody_may_not_see_speaks_for_and_against_nobody(app) {
        let tax = |value: &str| json!([{"scheme": "KG-INN", "value": value}]);
        let ngo = app.organisation("KG").named("Zzyzx Багбандар")
            .with(json!({"identifiers": tax("00000000000001")})).active().create().await;
        let item = |value: &str| json!({"name": "Zzyzx Bagbandar", "country": "KG", "identifiers": tax(value)});
        let asked = json!({"items": [item("00000000000001"), item("00000000000002")]});
        let public = public_match(&app, asked.clone()).await.expect(200);
        let abroad = app.coordinator("KZ").post("/v1/match", asked.clone()).await.expect(200);
        for answer in [&public, &abroad] {
            assert_eq!(answer.at("/items/0"), answer.at("/items/1"), "{}", answer.text());
            assert_eq!(answer.at("/items/0/chosen"), ngo.number.as_str());
        }
        let own = app.coordinator("KG").post("/v1/match", asked).await.expect(200);
        assert_eq!(own.at("/items/0/candidates/0/reasons/0"), "the same KG-INN");
        assert_eq!(own.at("/items/1/candidates/0/reasons/0"), "another KG-INN");
        assert_eq!(own.at("/items/1/chosen"), Value::Null);
    }
}

both! {
    async fn what_was_written_by_ear_in_turkish_is_found_matched_and_compared(app) {
        let ngo = app.organisation("KZ").named("Жас Отан").active().create().await;
        let kz = app.coordinator("KZ");
        assert_eq!(numbers(&search(&app, "Cas Otan").await), std::slice::from_ref(&ngo.number));
        for name in ["Cas Otan", "CASOTAN"] {
            let matched = public_match(&app, json!({"items": [{"name": name, "country": "KZ"}]})).await.expect(200);
            assert_eq!(matched.at("/items/0/chosen"), ngo.number.as_str(), "{}", matched.text());
            let compared = app.get(&format!("/v1/match/compare?a={}&b={}", encoded(name), encoded("Жас Отан"))).await.expect(200);
            assert_eq!(compared.at("/verdict"), "same", "{}", compared.text());
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let refused = kz.post("/v1/organisations", body).await.problem(409, "possible_duplicate");
            assert_eq!(refused.at("/candidates/0/number"), ngo.number.as_str());
        }
    }
}

both! {
    async fn two_names_are_compared_with_reasons(app) {
        let compare = async |a: &str, b: &str, country: &str| {
            app.get(&format!("/v1/match/compare?a={}&b={}&country={country}", encoded(a), encoded(b))).await
        };
        let same = compare("Жас Отан", "Zhas Otan", "KZ").await.expect(200);
        assert_eq!(same.at("/verdict"), "same");
        let place = compare("İstanbul Gençlik Derneği", "Iğdır Gençlik Derneği", "TR").await.expect(200);
        assert_eq!(place.at("/verdict"), "different");
        assert_eq!(place.at("/reasons/0"), "different places");
        let form = compare("Türk Eğitim Derneği", "Türk Eğitim Vakfı", "TR").await.expect(200);
        assert_eq!(form.at("/verdict"), "possible", "{}", form.text());
        app.get("/v1/match/compare?a=x&b=y&country=XX").await.problem(400, "bad_parameter");
        app.get("/v1/match/compare?a=%20&b=y").await.problem(400, "bad_parameter");
    }
}

both! {
    async fn a_search_that_is_none_is_refused_with_what_to_do(app) {
        for path in [
            "/v1/organisations?q=%20%20", "/v1/organisations?q=", "/v1/organisations?facets=country",
            "/v1/organisations?q=nur&facets=colour", "/v1/organisations?q=nur&sort=name", "/v1/suggest",
            "/v1/suggest?q=nur&limit=0", "/v1/suggest?q=nur&limit=21", "/v1/suggest?q=nur&country=XX",
        ] {
            app.get(path).await.problem(400, "bad_parameter");
        }
        let long = "a".repeat(501);
        app.get(&format!("/v1/organisations?q={long}")).await.problem(400, "bad_parameter");
        // Nothing to fold, legal words alone, one letter: ordinary answers.
        for query in ["???", "😀", "ictimai birliyi", "a", "18+", "شباب"] {
            search(&app, query).await;
        }
    }
}

both! {
    async fn a_name_without_latin_or_cyrillic_letters_is_found_as_it_is_written(app) {
        let ngo = app.organisation("TR").named("جمعية الشباب").active().create().await;
        assert_eq!(numbers(&search(&app, "جمعية الشباب").await), [ngo.number.as_str()]);
        assert_eq!(numbers(&search(&app, "الشباب").await), Vec::<String>::new());
    }
}
