//! Answers whose whole shape matters to whoever reads them by a program: what comes or goes in one is seen here.
//!
//! What differs from run to run is written as its word in brackets. A shape that is meant to change is written anew below.

use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};

use crate::both;
use crate::kit::Answer;

/// The answer with its members in the order of their names; instants, days and these texts as words.
fn shape(answer: &Value, words: &[(&str, &str)]) -> Value {
    let mut text = serde_json::to_string(&told(answer)).unwrap();
    for (value, word) in words {
        assert!(text.contains(value), "{word} is not there: {text}");
        text = text.replace(value, &format!("[{word}]"));
    }
    serde_json::from_str(&text).unwrap()
}

fn told(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let told = sorted.into_iter();
            Value::Object(
                told.map(|(name, v)| (name.clone(), self::told(v)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(told).collect()),
        Value::String(text) if text.len() == 27 && is_instant(text) => json!("[instant]"),
        other => other.clone(),
    }
}

fn is_instant(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn id(answer: &Answer) -> String {
    answer.str("/id")
}

both! {
    async fn a_problem_has_this_shape(app) {
        let kz = app.coordinator("KZ");
        let body = json!({"country": "KZ", "names": [], "city": "", "colour": "red"});
        let refused = kz.post("/v1/organisations", body).await.problem(422, "invalid_field");
        let request = refused.str("/request_id");
        allow_duplicates! {
            assert_json_snapshot!(shape(&refused.json(), &[(&request, "request")]), @r#"
            {
              "code": "invalid_field",
              "detail": "/city: must not be empty",
              "fields": [
                {
                  "detail": "must not be empty",
                  "pointer": "/city"
                }
              ],
              "request_id": "[request]",
              "status": 422,
              "title": "A field is not valid",
              "type": "/problems/invalid_field"
            }
            "#);
        }
    }
}

both! {
    async fn a_public_organisation_has_this_shape(app) {
        let ngo = app.organisation("KZ").named("Sample Union of Gardeners").with(json!({
            "legal_form": "KZ-QQ", "city": "Astana", "region": "Astana", "address": "Sample street 1", "website": "https://gardens.example",
            "email": "private@gardens.example", "phone": "+7 701 123 45 67", "notes": "A remark.", "themes": ["E10"], "sdgs": [13, 15],
            "founded": "2001-02-03", "descriptions": [{"language": "en", "text": "Gardens for everybody."}],
            "identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}],
        })).active().create().await;
        let public = app.get(&ngo.url()).await.expect(200);
        let today = app.today().to_string();
        allow_duplicates! {
            assert_json_snapshot!(shape(&public.json(), &[(&ngo.number, "number"), (&today, "today")]), @r#"
            {
              "city": "Astana",
              "country": "KZ",
              "descriptions": [
                {
                  "language": "en",
                  "text": "Gardens for everybody."
                }
              ],
              "email": null,
              "founded_year": 2001,
              "identifiers": [
                {
                  "canonical": "950440001673",
                  "id": 2,
                  "scheme": "KZ-BIN",
                  "value": "950440001673",
                  "verdict": "valid"
                }
              ],
              "legal_form": "KZ-QQ",
              "memberships": [
                {
                  "member": true,
                  "since": "[today]",
                  "standing": "active",
                  "type": "full",
                  "until": null
                }
              ],
              "name": "Sample Union of Gardeners",
              "names": [
                {
                  "id": 1,
                  "kind": "legal",
                  "language": null,
                  "text": "Sample Union of Gardeners"
                }
              ],
              "number": "[number]",
              "predecessors": [],
              "region": "Astana",
              "relations": [],
              "sdgs": [
                13,
                15
              ],
              "themes": [
                "E10"
              ],
              "website": "https://gardens.example"
            }
            "#);
        }
    }
}

both! {
    async fn a_membership_has_this_shape_with_what_is_possible(app) {
        let ngo = app.organisation("KZ").named("Sample Union of Gardeners").create().await;
        let kz = app.coordinator("KZ");
        let applied = kz.post(&format!("{}/memberships", ngo.url()), json!({"type": "full", "reason": "They asked."})).await.expect(201);
        let read = kz.get(&format!("/v1/memberships/{}", id(&applied))).await.expect(200);
        let (today, own, me) = (app.today().to_string(), id(&read), kz.id.to_string());
        let words = [(ngo.number.as_str(), "number"), (&own, "membership"), (&me, "me"), (&today, "today")];
        allow_duplicates! {
            assert_json_snapshot!(shape(&read.json(), &words), @r#"
            {
              "created_at": "[instant]",
              "events": [
                {
                  "back_dated": false,
                  "checklist": [],
                  "corrected_by": null,
                  "decider": null,
                  "decision_date": null,
                  "decision_number": null,
                  "effective_on": "[today]",
                  "evidence": [],
                  "holds_evidence": [],
                  "holds_from": "[today]",
                  "holds_reason": "They asked.",
                  "kind": "applied",
                  "no": 1,
                  "proposer": "user:[me]",
                  "questions": null,
                  "reason": "They asked.",
                  "recorded_at": "[instant]",
                  "replacement": null,
                  "seq": 2,
                  "voided_by": null,
                  "what": {
                    "country": "KZ",
                    "membership_type": "full"
                  }
                }
              ],
              "id": "[membership]",
              "intervals": [
                {
                  "country": "KZ",
                  "from": "[today]",
                  "state": "draft",
                  "term_end": null,
                  "to": null,
                  "type": "full"
                }
              ],
              "member_since": null,
              "organisation": {
                "country": "KZ",
                "name": "Sample Union of Gardeners",
                "number": "[number]"
              },
              "possible": [
                "submit",
                "withdraw_application",
                "transfer",
                "dissolve",
                "merge",
                "correct"
              ],
              "proposal": null,
              "restated": [],
              "revision": 1,
              "state": "draft",
              "state_since": "[today]",
              "term_end": null,
              "type": "full",
              "updated_at": "[instant]",
              "updated_by": "user:[me]"
            }
            "#);
        }
    }
}

both! {
    async fn one_s_own_account_has_this_shape(app) {
        let kz = app.coordinator("KZ");
        let me = kz.get("/v1/auth/me").await.expect(200);
        let own = id(&me);
        allow_duplicates! {
            assert_json_snapshot!(shape(&me.json(), &[(&own, "me")]), @r#"
            {
              "country": "KZ",
              "created_at": "[instant]",
              "email": "[me]@sample.example",
              "id": "[me]",
              "invited_by": null,
              "name": "Sample coordinator",
              "role": "coordinator",
              "status": "active",
              "version": 1
            }
            "#);
        }
    }
}

both! {
    async fn rows_of_an_import_have_this_shape(app) {
        let kz = app.coordinator("KZ");
        let before = kz.upload("id;name;website\nr1;Sample Gardens;https://gardens.example\n", "country=KZ&source=shapes").await.expect(201);
        let done = kz.post(&format!("/v1/imports/{}/commit", id(&before)), json!({})).await;
        done.expect(200);
        let list = "id;name;website;email\nr1;Sample Gardens;-;\nr2;Altogether Different;;no address\nr3;;;\n";
        let made = kz.upload(list, "country=KZ&source=shapes").await.expect(201);
        let rows = kz.get(&format!("/v1/imports/{}/rows", id(&made))).await.expect(200);
        let number = rows.str("/items/0/number");
        allow_duplicates! {
            assert_json_snapshot!(shape(&rows.at("/items"), &[(&number, "number")]), @r#"
            [
              {
                "applied": false,
                "cells": [
                  "r1",
                  "Sample Gardens",
                  "-",
                  ""
                ],
                "findings": [
                  {
                    "code": "changes",
                    "text": "changes: website (cleared)"
                  }
                ],
                "line": 2,
                "number": "[number]",
                "outcome": "changed",
                "reference": "r1",
                "resolution": null
              },
              {
                "applied": false,
                "cells": [
                  "r2",
                  "Altogether Different",
                  "",
                  "no address"
                ],
                "findings": [
                  {
                    "code": "left_out",
                    "column": "email",
                    "text": "left out: The cell is not an e-mail address: it has no @."
                  }
                ],
                "line": 3,
                "number": null,
                "outcome": "new",
                "reference": "r2",
                "resolution": null
              },
              {
                "applied": false,
                "cells": [
                  "r3",
                  "",
                  "",
                  ""
                ],
                "findings": [
                  {
                    "code": "no_name",
                    "text": "the row has no name"
                  }
                ],
                "line": 4,
                "number": null,
                "outcome": "faulty",
                "reference": "r3",
                "resolution": null
              }
            ]
            "#);
        }
    }
}
