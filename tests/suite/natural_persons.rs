//! A natural person's number is refused wherever somebody may write text, and leaves no trace.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::both;

/// An IIN and a TCKN that pass their checks; nobody's, as far as anybody knows.
const NUMBERS: [&str; 4] = [
    "850617350126",
    "IIN 8506 1735 0126",
    "87426017218",
    "TC: 874 260 172 18.",
];

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

both! {
    async fn a_person_s_number_is_refused_in_every_text_of_the_api_and_leaves_no_trace(app) {
        let kz = app.coordinator("KZ");
        let ngo = app.organisation("KZ").create().await;
        let mut told = String::new();
        let mut tried = 0;
        for number in NUMBERS {
            let names = json!([{"kind": "legal", "text": format!("Sample {number}")}]);
            let bodies: Vec<(&str, Value)> = vec![
                ("/notes", json!({"notes": number})),
                ("/address", json!({"address": format!("Sample street 1\n{number}")})),
                ("/city", json!({"city": number})),
                ("/region", json!({"region": number})),
                ("/website", json!({"website": format!("https://sample.example/{number}")})),
                ("/legal_form", json!({"legal_form": number})),
                ("/names/0/text", json!({"names": names})),
                ("/descriptions/0/text", json!({"descriptions": [{"language": "en", "text": number}]})),
                ("/references/0/source", json!({"references": [{"source": number, "reference": "1"}]})),
                ("/references/0/reference", json!({"references": [{"source": "list", "reference": number}]})),
            ];
            for (pointer, more) in bodies {
                let mut body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Sample Society"}]});
                body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                let refused = kz.post("/v1/organisations", body).await.problem(422, "natural_person_number");
                assert_eq!(refused.str("/fields/0/pointer"), pointer);
                told.push_str(&refused.text());
                tried += 1;
            }
            let items = [
                ("contacts", "/name", json!({"name": number})),
                ("contacts", "/position", json!({"name": "Sample Person", "position": number})),
                ("names", "/text", json!({"kind": "alias", "text": number})),
                ("evidence", "/issuer", json!({"kind": "extract", "issuer": number, "issued_on": "2020-01-01", "sha256": "a".repeat(64)})),
                ("evidence", "/note", json!({"kind": "extract", "issuer": "Court", "issued_on": "2020-01-01", "sha256": "a".repeat(64), "note": number})),
            ];
            for (list, pointer, body) in items {
                let refused = kz.post_seen(&format!("{}/{list}", ngo.url()), Some("*"), body).await.problem(422, "natural_person_number");
                assert_eq!(refused.str("/fields/0/pointer"), pointer);
                told.push_str(&refused.text());
                tried += 1;
            }
            let changed = kz.send_with(Method::PATCH, &ngo.url(), "*", Some(json!({"notes": number}))).await;
            let withheld = kz.send_with(Method::PUT, &format!("{}/withholding", ngo.url()), "*", Some(json!({"reason": number}))).await;
            let applied = kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full", "reason": number})).await;
            let odd = kz.post(&format!("{}/memberships", ngo.url()), json!({"type": number})).await;
            for answer in [changed, withheld, applied, odd] {
                told.push_str(&answer.problem(422, "natural_person_number").text());
                tried += 1;
            }
        }
        assert_eq!(tried, 4 * 19);
        told.push_str(&app.db_dump());
        for number in NUMBERS {
            assert!(!told.contains(number), "{number} was told or stored");
            assert!(!told.contains(&digits(number)), "{number} was told or stored");
        }
        assert!(told.contains("was not kept"));
    }
}

both! {
    async fn telephone_numbers_and_other_long_numbers_are_no_person_s(app) {
        let kz = app.coordinator("KZ");
        let body = json!({
            "country": "KZ",
            "names": [{"kind": "legal", "text": "Sample 1998-2001 Society"}],
            "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}],
            "notes": "BIN 950440001673; account KZ86125KZT5004100100; since 2001 2002 2003; call +8 742 601 72 18",
            "phone": "8 742 601 72 18",
            "website": "https://www.sample.example/people/87426017219",
        });
        let made = kz.post("/v1/organisations", body).await.expect(201);
        assert_eq!(made.str("/private/phone"), "8 742 601 72 18");
    }
}

both! {
    async fn every_member_that_is_not_searched_is_one_of_the_contract(app) {
        let contract = app.get("/openapi.json").await.expect(200).json();
        let schemas = contract["components"]["schemas"].as_object().unwrap();
        for member in ots_registry::http::ELSEWHERE {
            let known = schemas.values().any(|schema| schema["properties"][member].is_object());
            assert!(known, "{member}");
        }
    }
}
