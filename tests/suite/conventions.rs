//! The conventions of the HTTP interface, on routes of every kind.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use ots_registry::http::public::is_public;
use serde_json::json;

use crate::both;
use crate::kit::operations;
use crate::rights::{Objects, token};

both! {
    async fn a_member_that_is_missing_is_pointed_at(app) {
        let kz = app.coordinator("KZ");
        let answer = kz.post("/v1/organisations", json!({"country": "KZ"})).await.problem(422, "invalid_field");
        assert_eq!(answer.at("/fields/0/pointer"), json!("/names"));
        let answer = app.auditor().get("/v1/reports/roll-forward?from=2020-01-01").await.problem(400, "bad_parameter");
        assert_eq!(answer.at("/fields/0/pointer"), json!("to"));
    }
}

both! {
    async fn what_the_framework_refuses_is_a_problem_too(app) {
        app.get("/nowhere").await.problem(404, "not_found");
        app.get("/docs/nothing.js").await.problem(404, "not_found");
        let refused = app.send(TestRequest::delete().uri("/v1/countries")).await.problem(405, "method_not_allowed");
        assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        let kz = app.coordinator("KZ");
        let post = |body: &'static str, kind: &'static str| {
            kz.request(Method::POST, "/v1/organisations")
                .insert_header(("Idempotency-Key", "k"))
                .insert_header(("Content-Type", kind))
                .set_payload(body)
        };
        app.send(post("{", "application/json")).await.problem(400, "malformed_request");
        app.send(post("{}", "text/plain")).await.problem(415, "unsupported_media_type");
        app.send(post("{} {}", "application/json")).await.problem(400, "malformed_request");
        app.send(post("{}", "application/json").insert_header(("Content-Encoding", "gzip"))).await.problem(415, "unsupported_media_type");
        let large = kz
            .request(Method::POST, "/v1/organisations")
            .insert_header(("Idempotency-Key", "k"))
            .insert_header(("Content-Type", "application/json"))
            .set_payload(vec![b' '; 300_000]);
        app.send(large).await.problem(413, "body_too_large");
        let twice = r#"{"country": "KZ", "country": "KG", "names": []}"#;
        app.send(post(twice, "application/json")).await.problem(422, "invalid_field");
    }
}

both! {
    async fn a_parameter_that_postgresql_cannot_take_is_refused(app) {
        for path in ["/v1/organisations?city=%00", "/v1/organisations?city=Baku&city=a%00b", "/v1/organisations?cursor=%00"] {
            app.get(path).await.problem(400, "bad_parameter");
        }
        app.get("/v1/countries/%00").await.problem(404, "not_found");
    }
}

both! {
    async fn a_problem_is_readable_for_a_caller_that_takes_compressed_answers(app) {
        for path in ["/v1/organisations/none", "/v1/organisations?limit=0", "/v1/users"] {
            let refused = app.send(TestRequest::get().uri(path).insert_header(("Accept-Encoding", "gzip, br"))).await;
            assert_eq!(refused.header("content-encoding"), None, "{path}");
            assert!(refused.str("/code").len() > 3, "{path}");
        }
    }
}

both! {
    async fn a_problem_s_title_follows_accept_language(app) {
        let asked = |language: &'static str| TestRequest::get().uri("/v1/organisations/none").insert_header(("Accept-Language", language));
        let told = app.send(asked("de, kk-Cyrl-KZ;q=0.9, en;q=0.5")).await.problem(404, "not_found");
        assert_eq!((told.str("/title").as_str(), told.header("content-language")), ("Мұнда ештеңе жоқ", Some("kk")));
        assert!(told.str("/detail").is_ascii());
        let plain = app.send(asked("de")).await.problem(404, "not_found");
        assert_eq!((plain.str("/title").as_str(), plain.header("content-language")), ("There is nothing here", Some("en")));
        for refused in [app.send(asked("tr").uri("/nowhere")).await, app.send(asked("tr").uri("/v1/users")).await] {
            assert_eq!(refused.header("content-language"), Some("tr"));
            assert!(refused.header("vary").unwrap().contains("Accept-Language"));
        }
    }
}

both! {
    async fn vary_is_one_header_that_names_nothing_twice(app) {
        for path in ["/v1/countries", "/v1/organisations/none", "/nowhere", "/"] {
            let request = TestRequest::get().uri(path).insert_header(("Accept-Encoding", "gzip")).insert_header(("Origin", "https://partner.example"));
            let answer = app.send(request).await;
            let headers: Vec<&str> = answer.headers.iter().filter(|(n, _)| n == "vary").map(|(_, v)| v.as_str()).collect();
            assert_eq!(headers.len(), 1, "{path}: {headers:?}");
            let mut names: Vec<String> = headers[0].split(", ").map(str::to_lowercase).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{path}: {headers:?}");
            assert!(names.iter().any(|n| n == "accept-encoding" || n == "accept-language"), "{path}: {headers:?}");
        }
    }
}

both! {
    async fn every_answer_has_a_request_id_and_security_headers(app) {
        for path in ["/", "/nowhere", "/v1/countries", "/v1/journal", "/healthz", "/docs/"] {
            let answer = app.get(path).await;
            for name in ["x-request-id", "cache-control"] {
                assert!(answer.header(name).is_some(), "{path} has no {name}");
            }
            for (name, value) in [
                ("strict-transport-security", "max-age=31536000; includeSubDomains"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}: {name}");
            }
            let policy = answer.header("content-security-policy").unwrap();
            for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("script-src 'unsafe") && !policy.contains("unsafe-eval"), "{path}: {policy}");
        }
        let refused = app.get("/nowhere").await;
        assert_eq!(refused.str("/request_id"), refused.header("x-request-id").unwrap());
    }
}

both! {
    async fn a_known_tag_is_not_sent_again(app) {
        let first = app.get("/v1/countries").await.expect(200);
        let tag = first.header("etag").unwrap().to_owned();
        assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
        let again = app.send(TestRequest::get().uri("/v1/countries").insert_header(("If-None-Match", tag.clone()))).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
        let zipped = app.send(TestRequest::get().uri("/v1/countries").insert_header(("Accept-Encoding", "gzip"))).await.expect(200);
        assert_eq!(zipped.header("content-encoding"), Some("gzip"));
        let zipped_tag = zipped.header("etag").unwrap().to_owned();
        assert_eq!(zipped_tag, format!("{}-gzip\"", tag.trim_end_matches('"')));
        let again = app.send(TestRequest::get().uri("/v1/countries").insert_header(("If-None-Match", zipped_tag))).await;
        assert_eq!(again.status, 304);
    }
}

both! {
    async fn only_what_everybody_may_read_is_kept_by_a_cache(app) {
        let objects = Objects::make(&app).await;
        let mut private = 0;
        for column in ["coordinator_kz", "coordinator_kg", "secretariat", "auditor"] {
            let token = token(&app, column).await.unwrap();
            for operation in operations().iter().filter(|o| o.method == Method::GET) {
                let request = || operation.request(&objects.fill(&operation.path));
                let known = request().insert_header(("Authorization", format!("Bearer {token}")));
                let known = app.send(known).await;
                if known.header("cache-control").unwrap().contains("no-store") {
                    private += usize::from(known.status == 200);
                    continue;
                }
                let unknown = app.send(request()).await;
                assert!(known.status == unknown.status && known.bytes == unknown.bytes, "{} as {column}", operation.id);
            }
        }
        assert!(private > 100, "{private}");
    }
}

both! {
    async fn the_tag_of_a_compressed_answer_is_good_for_if_match(app) {
        let ngo = app.organisation("HU").create().await;
        let hu = app.coordinator("HU");
        let zipped = app.send(hu.request(Method::GET, &ngo.url()).insert_header(("Accept-Encoding", "br"))).await.expect(200);
        assert_eq!(zipped.header("content-encoding"), Some("br"));
        let tag = zipped.header("etag").unwrap().to_owned();
        hu.send_with(Method::PATCH, &ngo.url(), &tag, Some(json!({"city": "Pécs"}))).await.expect(200);
    }
}

both! {
    async fn a_repeated_post_has_one_effect_and_one_answer(app) {
        let kz = app.coordinator("KZ");
        let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample Once"}]});
        let post = |key: &'static str, body: &serde_json::Value| {
            kz.request(Method::POST, "/v1/organisations").insert_header(("Idempotency-Key", key)).set_json(body)
        };
        let first = app.send(post("key-1", &body)).await.expect(201);
        let again = app.send(post("key-1", &body)).await.expect(201);
        assert_eq!((&first.bytes, first.header("location"), first.header("etag")), (&again.bytes, again.header("location"), again.header("etag")));
        let mut other = body.clone();
        other["city"] = json!("Astana");
        app.send(post("key-1", &other)).await.problem(422, "idempotency_key_reused");
        app.send(post("key-2", &body)).await.problem(409, "possible_duplicate");
        let none = kz.request(Method::POST, "/v1/organisations").set_json(&body);
        app.send(none).await.problem(400, "idempotency_key_required");
        assert_eq!(kz.get("/v1/organisations?count=true").await.at("/page/total"), 1);
        // Another person's same key is another key.
        let other = app.coordinator("KZ");
        let theirs = other.request(Method::POST, "/v1/organisations").insert_header(("Idempotency-Key", "key-1")).set_json(&body);
        app.send(theirs).await.problem(409, "possible_duplicate");
    }
}

both! {
    async fn fifty_same_posts_at_once_have_one_effect(app) {
        let kz = app.coordinator("KZ");
        let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample Crowd"}]});
        let calls = (0..50).map(|_| {
            let request = kz.request(Method::POST, "/v1/organisations").insert_header(("Idempotency-Key", "crowd")).set_json(&body);
            let app = app.clone();
            actix_web::rt::spawn(async move { app.send(request).await })
        });
        let mut made = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            let answer = call.await.unwrap();
            match answer.status {
                201 => made.push(answer.bytes),
                409 => assert_eq!(answer.str("/code"), "request_running"),
                other => panic!("{other}: {}", answer.text()),
            }
        }
        assert!(!made.is_empty() && made.iter().all(|b| *b == made[0]));
        assert_eq!(kz.get("/v1/organisations?count=true").await.at("/page/total"), 1);
    }
}

both! {
    async fn a_bad_credential_is_not_an_anonymous_caller(app) {
        let kz = app.coordinator("KZ");
        let with = |values: &[&str]| {
            let mut request = TestRequest::get().uri("/v1/organisations");
            for value in values {
                request = request.append_header(("Authorization", *value));
            }
            request
        };
        let good = format!("Bearer {}", kz.token);
        app.send(with(&[&good])).await.expect(200);
        for bad in [vec!["Bearer x"], vec!["Basic eDp5"], vec![good.as_str(), good.as_str()], vec!["Bearer otsk_nothing"]] {
            let refused = app.send(with(&bad)).await.problem(401, "not_authenticated");
            assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
        }
        let refused = app.get("/v1/journal").await.problem(401, "not_authenticated");
        assert!(refused.header("www-authenticate").is_some());
    }
}

both! {
    async fn a_head_request_is_answered_like_a_get_without_its_body(app) {
        let answer = app.send(TestRequest::default().method(Method::HEAD).uri("/v1/countries")).await.expect(200);
        assert!(answer.header("etag").is_some());
    }
}

both! {
    async fn rate_limits_are_told_and_held(app) {
        use ots_registry::http::limits::{Allowance, Limits};
        let strict = app.with(|parts| parts.limits = Limits::new(Allowance { anonymous: 2, known: 3 })).await;
        let from = |ip: &str| TestRequest::get().uri("/v1/countries").peer_addr(format!("{ip}:1").parse().unwrap());
        let first = strict.send(from("192.0.2.1")).await.expect(200);
        assert_eq!(first.header("ratelimit-policy"), Some("\"anonymous\";q=2;w=60"));
        strict.send(from("192.0.2.1")).await.expect(200);
        let refused = strict.send(from("192.0.2.1")).await.problem(429, "too_many_requests");
        assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        // Whoever claims another address in a header is not believed.
        let liar = from("192.0.2.1").insert_header(("X-Forwarded-For", "192.0.2.9"));
        strict.send(liar).await.problem(429, "too_many_requests");
        strict.send(from("192.0.2.2")).await.expect(200);
    }
}

both! {
    async fn a_partner_s_key_becomes_known_in_a_network_that_has_used_up_its_allowance_and_a_made_up_one_does_not(app) {
        use ots_registry::http::limits::{Allowance, Limits};
        let secret = app.secretariat().post("/v1/api-keys", json!({"name": "Sample partner"})).await.expect(201).str("/secret");
        let (made_up, _) = ots_registry::auth::secrets::api_key().unwrap();
        let app = app.with(|parts| parts.limits = Limits::new(Allowance { anonymous: 5, known: 4 })).await;
        let ask = async |ip: &str, key: Option<&str>| {
            let mut request = TestRequest::get().uri("/v1/organisations").peer_addr(format!("{ip}:1").parse().unwrap());
            if let Some(key) = key {
                request = request.insert_header(("Authorization", format!("Bearer {key}")));
            }
            app.send(request).await
        };
        for ip in ["192.0.2.1", "192.0.2.2"] {
            for _ in 0..5 {
                ask(ip, None).await.expect(200);
            }
            ask(ip, None).await.problem(429, "too_many_requests");
        }
        // The key is public in its form: who makes one up gets one request more, however many they make up.
        ask("192.0.2.1", Some(&made_up)).await.problem(401, "not_authenticated");
        let (other, _) = ots_registry::auth::secrets::api_key().unwrap();
        for key in [&made_up, &other, &secret] {
            ask("192.0.2.1", Some(key)).await.problem(429, "too_many_requests");
        }
        // In a network where nobody does, the partner's key becomes known, and then counts by itself everywhere.
        let first = ask("192.0.2.2", Some(&secret)).await.expect(200);
        assert_eq!(first.header("ratelimit-policy"), Some("\"unconfirmed\";q=1;w=60"));
        for _ in 0..4 {
            let known = ask("192.0.2.1", Some(&secret)).await.expect(200);
            assert_eq!(known.header("ratelimit-policy"), Some("\"known\";q=4;w=60"));
        }
        ask("192.0.2.2", Some(&secret)).await.problem(429, "too_many_requests");
    }
}

both! {
    async fn behind_a_trusted_proxy_the_address_that_it_tells_counts_and_no_other(app) {
        use ots_registry::http::envelope::TrustedProxies;
        use ots_registry::http::limits::{Allowance, Limits};
        let app = app.with(|parts| {
            parts.limits = Limits::new(Allowance { anonymous: 1, known: 1 });
            parts.proxies = TrustedProxies(vec!["192.0.2.10".parse().unwrap(), "192.0.2.11".parse().unwrap()]);
        }).await;
        let get = async |told: &[&str]| {
            let mut request = TestRequest::get().uri("/v1/countries").peer_addr("192.0.2.10:1".parse().unwrap());
            for one in told {
                request = request.append_header(("X-Forwarded-For", *one));
            }
            app.send(request).await.status
        };
        assert_eq!(get(&["198.51.100.1"]).await, 200);
        assert_eq!(get(&["198.51.100.1"]).await, 429, "the client, not the proxy, has used up its allowance");
        assert_eq!(get(&["198.51.100.2"]).await, 200);
        // What the client itself wrote stands further to the left and is not believed.
        assert_eq!(get(&["203.0.113.7, 198.51.100.2"]).await, 429);
        assert_eq!(get(&["203.0.113.8", "198.51.100.2"]).await, 429, "nor in a header of its own");
        assert_eq!(get(&["203.0.113.7, 198.51.100.3, 192.0.2.11"]).await, 200, "through two proxies");
        assert_eq!(get(&["198.51.100.3"]).await, 429);
        // Some proxies tell the port as well; the client is the same.
        assert_eq!(get(&["198.51.100.3:4711"]).await, 429);
        assert_eq!(get(&["::ffff:198.51.100.3"]).await, 429);
        assert_eq!(get(&["[2001:db8::1]:4711"]).await, 200);
        assert_eq!(get(&["[2001:db8::1]"]).await, 429);
        // On a socket for both families the proxy's own address is written in six.
        let mapped = TestRequest::get().uri("/v1/countries").peer_addr("[::ffff:192.0.2.10]:1".parse().unwrap());
        assert_eq!(app.send(mapped.insert_header(("X-Forwarded-For", "198.51.100.6"))).await.status, 200);
        // Where the nearest hop is nonsense, the proxy itself counts.
        assert_eq!(get(&["198.51.100.4, unknown"]).await, 200);
        assert_eq!(get(&["198.51.100.5, unknown"]).await, 429);
    }
}

both! {
    async fn problems_point_to_a_page_of_ours(app) {
        for code in ots_registry::http::Code::ALL {
            let page = app.get(&format!("/problems/{}", code.code())).await.expect(200);
            assert!(page.text().contains(code.code()));
        }
        app.get("/problems/none").await.problem(404, "not_found");
    }
}

both! {
    async fn browsers_may_read_the_public_surface_but_send_no_token(app) {
        let read = app.send(TestRequest::get().uri("/v1/countries").insert_header(("Origin", "https://partner.example"))).await.expect(200);
        assert_eq!(read.header("access-control-allow-origin"), Some("*"));
        let asked = TestRequest::default()
            .method(Method::OPTIONS)
            .uri("/v1/organisations")
            .insert_header(("Origin", "https://partner.example"))
            .insert_header(("Access-Control-Request-Method", "GET"))
            .insert_header(("Access-Control-Request-Headers", "authorization"));
        let refused = app.send(asked).await.problem(400, "malformed_request");
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
}

both! {
    async fn browsers_may_read_nothing_but_the_public_surface(app) {
        for path in ["/v1/users", "/v1/memberships", "/v1/organisations/OTS-7K3M9Q2-54/history", "/reports", "/v1/nothing"] {
            let read = TestRequest::get().uri(path).insert_header(("Origin", "https://partner.example"));
            assert_eq!(app.send(read).await.header("access-control-allow-origin"), None, "{path}");
        }
        let asked = TestRequest::default()
            .method(Method::OPTIONS)
            .uri("/v1/auth/login")
            .insert_header(("Origin", "https://partner.example"))
            .insert_header(("Access-Control-Request-Method", "POST"))
            .insert_header(("Access-Control-Request-Headers", "content-type"));
        assert_eq!(app.send(asked).await.header("access-control-allow-origin"), None);
    }
}

/// What lets nobody known in and is no reading of the registry: log-in, one-time links, signs of life.
const NOT_SHOWN: [&str; 9] = [
    "accept_invitation",
    "ask_password_reset",
    "get_health",
    "get_invitation_page",
    "get_password_reset_page",
    "get_readiness",
    "refresh_session",
    "reset_password",
    "start_session",
];

#[test]
fn the_public_surface_is_what_anybody_may_read() {
    let mut shown = 0;
    for line in include_str!("rights.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (operation, route, nobody) = (cells[0], cells[1], cells[2]);
        let (method, path) = route.split_once(' ').unwrap();
        if nobody.starts_with('2') && !NOT_SHOWN.contains(&operation) {
            assert!(is_public(path), "{operation}: {route}");
            shown += 1;
        } else if method == "GET" && is_public(path) {
            // What is not there for nobody known, but might be.
            assert!(nobody.starts_with("404"), "{operation}: {route}");
        }
    }
    assert!(shown > 10, "{shown}");
}
