//! Organisations: registering, reading, changing, and what is public.

use actix_web::http::Method;
use serde_json::json;

use crate::both;

both! {
    async fn an_organisation_is_private_before_its_first_active_membership(app) {
        let ngo = app.organisation("KZ").named("Sample Union of Gardeners").create().await;
        app.get(&ngo.url()).await.problem(404, "not_found");
        app.coordinator("KG").get(&ngo.url()).await.problem(404, "not_found");
        assert_eq!(app.get("/v1/organisations").await.at("/items"), json!([]));
        let own = app.coordinator("KZ").get(&ngo.url()).await.expect(200);
        assert_eq!(own.at("/private/version"), 1);
        assert_eq!(own.header("cache-control"), Some("no-store"));
    }
}

both! {
    async fn the_number_is_read_as_people_write_it(app) {
        let ngo = app.organisation("KZ").active().create().await;
        let written = ngo.number.to_lowercase().replace('-', "");
        assert_eq!(app.get(&format!("/v1/organisations/{written}")).await.expect(200).str("/number"), ngo.number);
    }
}

both! {
    async fn what_is_private_is_in_no_public_answer(app) {
        let ngo = app
            .organisation("KZ")
            .with(json!({
                "address": "MARKER-address", "email": "marker@email.example", "phone": "+000 0000 5551", "notes": "MARKER-notes",
                "founded": "2001-02-03",
                "references": [{"source": "MARKER-source", "reference": "MARKER-reference"}],
            }))
            .active()
            .create()
            .await;
        let kz = app.coordinator("KZ");
        let tag = kz.tag(&ngo.url()).await;
        kz.post_seen(&format!("{}/contacts", ngo.url()), Some(&tag), json!({"name": "MARKER-contact"})).await.expect(201);
        let tag = kz.tag(&ngo.url()).await;
        let evidence = json!({"kind": "MARKER-evidence", "issuer": "MARKER-issuer", "issued_on": "2020-01-01", "sha256": "a".repeat(64)});
        kz.post_seen(&format!("{}/evidence", ngo.url()), Some(&tag), evidence).await.expect(201);
        for path in ["", "/names", "/identifiers", "/contacts", "/relations", "/evidence", "/memberships", "/history"] {
            let text = app.get(&format!("{}{path}", ngo.url())).await.expect(200).text();
            for marker in ["MARKER", "marker@", "5551", "02-03", "user:", "version"] {
                assert!(!text.contains(marker), "{path} tells {marker}: {text}");
            }
        }
        let auditor = app.auditor().get(&ngo.url()).await.expect(200).text();
        assert!(auditor.contains("MARKER-address") && !auditor.contains("MARKER-contact"));
        assert!(kz.get(&ngo.url()).await.text().contains("MARKER-contact"));
    }
}

both! {
    async fn a_withheld_record_disappears_at_once(app) {
        let ngo = app.organisation("TM").named("Sample Quiet Society").active().create().await;
        app.get(&ngo.url()).await.expect(200);
        let tm = app.coordinator("TM");
        let tag = tm.tag(&ngo.url()).await;
        let withholding = format!("{}/withholding", ngo.url());
        tm.send_with(Method::PUT, &withholding, &tag, Some(json!({"reason": "People may be harmed."}))).await.expect(200);
        for path in ["", "/names", "/history", "/memberships", "/identifiers"] {
            app.get(&format!("{}{path}", ngo.url())).await.problem(404, "not_found");
            app.coordinator("TR").get(&format!("{}{path}", ngo.url())).await.problem(404, "not_found");
        }
        assert_eq!(app.get("/v1/organisations?count=true").await.at("/page/total"), 0);
        assert_eq!(tm.get(&ngo.url()).await.at("/private/withheld"), true);
        let tag = tm.tag(&ngo.url()).await;
        tm.send_with(Method::DELETE, &withholding, &tag, None).await.expect(200);
        app.get(&ngo.url()).await.expect(200);
    }
}

both! {
    async fn a_merge_patch_keeps_what_is_absent_and_clears_what_is_null(app) {
        let ngo = app.organisation("HU").with(json!({"city": "Szeged", "region": "Dél-Alföld"})).create().await;
        let hu = app.coordinator("HU");
        let changed = hu.patch(&ngo.url(), json!({"city": null, "website": "https://www.sample.example"})).await.expect(200);
        assert_eq!(changed.at("/city"), json!(null));
        assert_eq!(changed.at("/region"), "Dél-Alföld");
        assert_eq!(changed.at("/private/version"), 2);
        let same = hu.patch(&ngo.url(), json!({"region": "Dél-Alföld"})).await.expect(200);
        assert_eq!(same.at("/private/version"), 2);
    }
}

both! {
    async fn a_stale_tag_and_a_missing_tag_are_refused(app) {
        let ngo = app.organisation("HU").create().await;
        let hu = app.coordinator("HU");
        let tag = hu.tag(&ngo.url()).await;
        hu.send_with(Method::PATCH, &ngo.url(), &tag, Some(json!({"city": "Pécs"}))).await.expect(200);
        hu.send_with(Method::PATCH, &ngo.url(), &tag, Some(json!({"city": "Győr"}))).await.problem(412, "stale_version");
        let request = hu.request(Method::PATCH, &ngo.url()).set_json(json!({"city": "Győr"}));
        app.send(request).await.problem(428, "precondition_required");
        assert_eq!(hu.get(&ngo.url()).await.str("/city"), "Pécs");
    }
}

both! {
    async fn unknown_and_system_fields_are_refused_by_pointer(app) {
        let kz = app.coordinator("KZ");
        for field in ["number", "public_from", "seq", "withheld"] {
            let mut body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample"}]});
            body[field] = json!("x");
            kz.post("/v1/organisations", body).await.problem(422, "invalid_field");
        }
        let refused = kz
            .post("/v1/organisations", json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sa\u{202e}mple"}]}))
            .await
            .problem(422, "invalid_field");
        assert_eq!(refused.at("/fields/0/pointer"), "/names/0/text");
        assert_eq!(kz.get("/v1/organisations?count=true").await.at("/page/total"), 0);
    }
}

both! {
    async fn another_country_is_refused(app) {
        let kz = app.coordinator("KZ");
        let body = json!({"country": "KG", "names": [{"kind": "legal", "text": "Sample"}]});
        kz.post("/v1/organisations", body).await.problem(403, "forbidden");
        let ngo = app.organisation("KG").active().create().await;
        let tag = "\"v3.x\"";
        kz.send_with(Method::PATCH, &ngo.url(), tag, Some(json!({"city": "X"}))).await.problem(403, "forbidden");
        let hidden = app.organisation("KG").create().await;
        kz.send_with(Method::PATCH, &hidden.url(), tag, Some(json!({"city": "X"}))).await.problem(404, "not_found");
        let unknown = kz.post("/v1/organisations", json!({"country": "CY", "names": [{"kind": "legal", "text": "Sample"}]})).await;
        assert_eq!(unknown.problem(422, "invalid_field").at("/fields/0/pointer"), "/country");
    }
}

both! {
    async fn an_identifier_belongs_to_one_organisation(app) {
        let id = json!([{"scheme": "KZ-BIN", "value": "9504 4000 1673"}]);
        let first = app.organisation("KZ").with(json!({"identifiers": id})).create().await;
        let kz = app.coordinator("KZ");
        let body = |ids| json!({"country": "KZ", "names": [{"kind": "legal", "text": "Another Sample"}], "identifiers": ids});
        let refused = kz
            .post("/v1/organisations", body(json!([{"scheme": "KZ-BIN", "value": "950440001673"}])))
            .await
            .problem(409, "duplicate_identifier");
        assert_eq!(refused.str("/organisation"), first.number);
        let shared = json!([{"scheme": "KZ-BIN", "value": "950440001673", "shared_reason": "A branch under its parent's number."}]);
        let candidate = kz.post("/v1/organisations", body(shared.clone())).await.problem(409, "possible_duplicate");
        assert_eq!(candidate.str("/candidates/0/number"), first.number);
        let mut settled = body(shared);
        settled["distinct_from"] = json!([first.number]);
        settled["distinct_reason"] = json!("A branch.");
        kz.post("/v1/organisations", settled).await.expect(201);
        let found = kz.get("/v1/organisations?identifier=KZ-BIN:950440001673").await.expect(200);
        assert_eq!(found.at("/items").as_array().unwrap().len(), 2);
    }
}

both! {
    async fn a_person_s_number_is_refused_and_leaves_no_trace(app) {
        let tckn = "10000000146";
        let tr = app.coordinator("TR");
        for scheme in ["TR-VKN", "TR-KUTUK", "TR-X"] {
            let body = json!({
                "country": "TR", "names": [{"kind": "legal", "text": "Sample"}],
                "identifiers": [{"scheme": scheme, "value": tckn, "override_reason": "I insist on it."}],
            });
            let refused = tr.post("/v1/organisations", body).await.problem(422, "natural_person_number");
            assert!(!refused.text().contains(tckn));
        }
        let checked = app
            .send(actix_web::test::TestRequest::post().uri("/v1/identifiers/check").set_json(json!({"scheme": "TR-VKN", "country": "TR", "value": tckn})))
            .await
            .expect(200);
        assert_eq!(checked.str("/verdict"), "natural_person");
        assert!(!checked.text().contains(tckn));
        let ngo = app.organisation("TR").create().await;
        let tag = tr.tag(&ngo.url()).await;
        let add = json!({"scheme": "TR-VKN", "value": tckn});
        tr.post_seen(&format!("{}/identifiers", ngo.url()), Some(&tag), add).await.problem(422, "natural_person_number");
        assert!(!app.db_dump().contains(tckn));
    }
}

both! {
    async fn an_identifier_that_fails_its_check_needs_a_reason(app) {
        let az = app.coordinator("AZ");
        let body = |more: serde_json::Value| {
            let mut id = json!({"scheme": "AZ-VOEN", "value": "990001490"});
            for (k, v) in more.as_object().unwrap() {
                id[k] = v.clone();
            }
            json!({"country": "AZ", "names": [{"kind": "legal", "text": "Sample"}], "identifiers": [id]})
        };
        let refused = az.post("/v1/organisations", body(json!({}))).await.problem(422, "invalid_field");
        assert!(refused.text().contains("9900014901"), "{}", refused.text());
        let kept = az.post("/v1/organisations", body(json!({"override_reason": "So it stands in the register."}))).await.expect(201);
        assert_eq!(kept.at("/identifiers/0/verdict"), "invalid");
        assert_eq!(kept.at("/identifiers/0/value"), "990001490");
    }
}

both! {
    async fn a_new_legal_name_turns_the_old_one_into_former(app) {
        let ngo = app.organisation("TR").named("Örnek Dayanışma Derneği").active().create().await;
        let tr = app.coordinator("TR");
        let tag = tr.tag(&ngo.url()).await;
        let added = json!({"kind": "legal", "text": "Örnek Yardımlaşma Derneği", "language": "tr"});
        tr.post_seen(&format!("{}/names", ngo.url()), Some(&tag), added).await.expect(201);
        let public = app.get(&ngo.url()).await.expect(200);
        assert_eq!(public.str("/name"), "Örnek Yardımlaşma Derneği");
        let kinds: Vec<_> = public.at("/names").as_array().unwrap().iter().map(|n| n["kind"].clone()).collect();
        assert_eq!(kinds, ["former", "legal"]);
        let tag = tr.tag(&ngo.url()).await;
        tr.send_with(Method::DELETE, &format!("{}/names/2", ngo.url()), &tag, None).await.problem(409, "conflict");
        tr.send_with(Method::DELETE, &format!("{}/names/1", ngo.url()), &tag, None).await.expect(204);
    }
}

both! {
    async fn a_correction_makes_no_second_equal_name(app) {
        let ngo = app.organisation("TR").named("Örnek Turna Derneği").create().await;
        let tr = app.coordinator("TR");
        for name in [json!({"kind": "alias", "text": "Turna", "language": "tr"}), json!({"kind": "alias", "text": "Turna"})] {
            let tag = tr.tag(&ngo.url()).await;
            tr.post_seen(&format!("{}/names", ngo.url()), Some(&tag), name).await.expect(201);
        }
        let tag = tr.tag(&ngo.url()).await;
        let second = format!("{}/names/3", ngo.url());
        let refused = tr.send_with(Method::PATCH, &second, &tag, Some(json!({"language": "tr"}))).await.problem(409, "conflict");
        assert_eq!(refused.str("/fields/0/pointer"), "/text");
        tr.send_with(Method::PATCH, &second, &tag, Some(json!({"language": "az-Latn"}))).await.expect(200);
    }
}

both! {
    async fn the_same_name_in_another_spelling_is_a_candidate(app) {
        let first = app.organisation("KZ").named("Жас Отан үлгісі").create().await;
        let kz = app.coordinator("KZ");
        let again = |name: &str| json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
        let refused = kz.post("/v1/organisations", again("ZHAS OTAN ÜLGISI")).await.problem(409, "possible_duplicate");
        assert_eq!(refused.str("/candidates/0/number"), first.number);
        let mut other = again("Жас  отан үлгісі");
        other["distinct_from"] = json!([first.number]);
        kz.post("/v1/organisations", other.clone()).await.problem(422, "invalid_field");
        other["distinct_reason"] = json!("Another town's.");
        kz.post("/v1/organisations", other).await.expect(201);
        // Another country's organisation is never a candidate.
        app.coordinator("KG").post("/v1/organisations", json!({"country": "KG", "names": [{"kind": "legal", "text": "Жас Отан үлгісі"}]})).await.expect(201);
    }
}

both! {
    async fn history_says_who_and_when_to_officers_only(app) {
        let ngo = app.organisation("HU").active().create().await;
        let hu = app.coordinator("HU");
        hu.patch(&ngo.url(), json!({"city": "Szeged"})).await.expect(200);
        hu.patch(&ngo.url(), json!({"notes": "Private remark."})).await.expect(200);
        let own = hu.get(&format!("{}/history", ngo.url())).await.expect(200);
        assert_eq!(own.at("/items/0/actor"), json!(format!("user:{}", hu.id)));
        assert_eq!(own.at("/items/0/changes/0/became/notes"), "Private remark.");
        let made = own.at("/items").as_array().unwrap().iter().find_map(|e| e["changes"].as_array()?.iter().find_map(|c| c["became"]["created_at"].as_str().map(str::to_owned)));
        assert!(made.is_some_and(|at| at.ends_with('Z')), "{}", own.text());
        let public = app.get(&format!("{}/history", ngo.url())).await.expect(200);
        assert_eq!(public.at("/items/0/changes/0/became/city"), "Szeged");
        let actions: Vec<_> = public.at("/items").as_array().unwrap().iter().map(|e| e["action"].clone()).collect();
        assert_eq!(actions, ["organisation.changed", "membership.admitted", "organisation.registered"]);
    }
}

both! {
    async fn relations_show_on_both_sides_only_to_those_who_may_know(app) {
        let parent = app.organisation("KZ").named("Sample Parent Union").active().create().await;
        let hidden = app.organisation("KZ").named("Sample Branch Office").create().await;
        let kz = app.coordinator("KZ");
        let tag = kz.tag(&hidden.url()).await;
        let body = json!({"kind": "parent", "organisation": parent.number});
        kz.post_seen(&format!("{}/relations", hidden.url()), Some(&tag), body.clone()).await.expect(201);
        let seen = kz.get(&parent.url()).await;
        assert_eq!((seen.str("/relations/0/kind"), seen.str("/relations/0/organisation")), ("branch".to_owned(), hidden.number.clone()));
        assert_eq!(app.get(&parent.url()).await.at("/relations"), json!([]));
        let kg = app.coordinator("KG");
        let own = app.organisation("KG").create().await;
        let tag = kg.tag(&own.url()).await;
        let foreign = json!({"kind": "partner", "organisation": hidden.number});
        kg.post_seen(&format!("{}/relations", own.url()), Some(&tag), foreign).await.problem(422, "invalid_field");
    }
}

both! {
    async fn lists_page_by_name_and_stay_stable(app) {
        for name in ["Çınar Örnek", "Alma Ülgi", "Beyaz Örnek", "Şafak Örnek", "Dağ Örnek"] {
            app.organisation("TR").named(name).create().await;
        }
        let tr = app.coordinator("TR");
        let mut seen = Vec::new();
        let mut path = "/v1/organisations?limit=2&count=true".to_owned();
        loop {
            let page = tr.get(&path).await.expect(200);
            assert_eq!(page.at("/page/total"), 5);
            seen.extend(page.at("/items").as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap().to_owned()));
            match page.at("/page/next").as_str() {
                Some(next) => {
                    let link = page.header("link").expect("a Link header").to_owned();
                    assert!(link.contains(next) && link.ends_with("rel=\"next\""), "{link}");
                    path = format!("/v1/organisations?limit=2&count=true&cursor={next}");
                }
                None => break,
            }
        }
        assert_eq!(seen, ["Alma Ülgi", "Beyaz Örnek", "Çınar Örnek", "Dağ Örnek", "Şafak Örnek"]);
        let back = tr.get("/v1/organisations?sort=-name&limit=1").await;
        assert_eq!(back.at("/items/0/name"), "Şafak Örnek");
        let cursor = back.str("/page/next");
        tr.get(&format!("/v1/organisations?limit=1&cursor={cursor}")).await.problem(400, "bad_cursor");
    }
}

both! {
    async fn filters_narrow_and_never_reveal_applications(app) {
        let member = app.organisation("KZ").with(json!({"themes": ["E10"], "sdgs": [13], "city": "Astana"})).active().create().await;
        let applicant = app.organisation("KZ").with(json!({"themes": ["E10"]})).create().await;
        app.recommended(&app.coordinator("KZ"), &applicant.number).await;
        let numbers = |answer: crate::kit::Answer| -> Vec<String> {
            answer.expect(200).at("/items").as_array().unwrap().iter().map(|o| o["number"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(numbers(app.get("/v1/organisations?theme=E10").await), vec![member.number.clone()]);
        assert_eq!(numbers(app.get("/v1/organisations?state=active&type=full&sdg=13&city=Astana&country=KZ").await), vec![member.number.clone()]);
        assert_eq!(numbers(app.get("/v1/organisations?state=recommended").await), Vec::<String>::new());
        assert_eq!(numbers(app.coordinator("KG").get("/v1/organisations?state=recommended").await), Vec::<String>::new());
        assert_eq!(numbers(app.coordinator("KZ").get("/v1/organisations?state=recommended").await), [applicant.number]);
        app.get("/v1/organisations?stat=active").await.problem(400, "bad_parameter");
        app.get("/v1/organisations?state=").await.problem(400, "bad_parameter");
        app.get("/v1/organisations?state=activ").await.problem(400, "bad_parameter");
        app.get("/v1/organisations?limit=0").await.problem(400, "bad_parameter");
        app.get("/v1/organisations?limit=5&limit=6").await.problem(400, "bad_parameter");
        app.get("/v1/organisations?country=CY").await.problem(400, "bad_parameter");
        for wrong in ["country=CY", "country=kz", "country=CY&country=KZ"] {
            app.secretariat().get(&format!("/v1/memberships?{wrong}")).await.problem(400, "bad_parameter");
        }
    }
}

both! {
    async fn a_language_has_one_description(app) {
        let kz = app.coordinator("KZ");
        let twice = json!({"descriptions": [{"language": "en", "text": "One text."}, {"language": "en", "text": "Another."}]});
        let ngo = app.organisation("KZ").create().await;
        let refused = kz.patch(&ngo.url(), twice.clone()).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "/descriptions/1/language");
        let mut body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample Heron Society"}]});
        body["descriptions"] = twice["descriptions"].clone();
        let refused = kz.post("/v1/organisations", body).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "/descriptions/1/language");
        // A tag in another case is the same language.
        let twice = json!({"descriptions": [{"language": "kk-Cyrl", "text": "One text."}, {"language": "kk-cyrl", "text": "Another."}]});
        let refused = kz.patch(&ngo.url(), twice).await.problem(422, "invalid_field");
        assert_eq!(refused.str("/fields/0/pointer"), "/descriptions/1/language");
    }
}

both! {
    async fn the_history_as_it_was_known_ends_at_that_moment(app) {
        let ngo = app.organisation("HU").active().create().await;
        let hu = app.coordinator("HU");
        let url = format!("{}/history", ngo.url());
        let whole = |answer: &crate::kit::Answer| answer.at("/items").as_array().unwrap().clone();
        let before = whole(&hu.get(&url).await.expect(200));
        let (seq, instant) = (before[0]["seq"].to_string(), before[0]["recorded_at"].as_str().unwrap().to_owned());
        for city in ["Szeged", "Eger"] {
            hu.patch(&ngo.url(), json!({"city": city})).await.expect(200);
        }
        assert_eq!(whole(&hu.get(&url).await.expect(200)).len(), before.len() + 2);
        for known_at in [format!("seq:{seq}"), instant] {
            let then = hu.get(&format!("{url}?known_at={known_at}")).await.expect(200);
            assert_eq!(whole(&then), before, "{known_at}");
            // The public's history ends there, too, and pages go on below it.
            let public = app.get(&format!("{url}?known_at={known_at}&limit=1")).await.expect(200);
            assert_eq!(public.str("/items/0/action"), "membership.admitted");
            let next = format!("{url}?known_at={known_at}&limit=1&cursor={}", public.str("/page/next"));
            assert_eq!(app.get(&next).await.expect(200).str("/items/0/action"), "organisation.registered");
        }
        assert!(whole(&hu.get(&format!("{url}?known_at=seq:0")).await.expect(200)).is_empty());
        hu.get(&format!("{url}?known_at=2999-01-01")).await.problem(422, "invalid_field");
        hu.get(&format!("{url}?as_of=2026-01-01")).await.problem(400, "bad_parameter");
    }
}

both! {
    async fn a_scheme_that_nobody_knows_is_told_apart_from_a_form_that_is_wrong(app) {
        for (asked, told) in [
            ("FOO:1", "what stands before the : is no scheme that the registry knows"),
            ("950440001673", "write SCHEME:VALUE"),
            ("KZ-BIN:", "write SCHEME:VALUE"),
        ] {
            let refused = app.get(&format!("/v1/organisations?identifier={asked}")).await.problem(400, "bad_parameter");
            assert!(refused.str("/detail").contains(told), "{asked}: {}", refused.text());
            assert_eq!(refused.str("/fields/0/pointer"), "identifier");
        }
    }
}
