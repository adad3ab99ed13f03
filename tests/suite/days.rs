//! Days at the ends of the calendar: what has no place there is refused, and nothing that is asked there breaks.

use chrono::{Days, Months};
use serde_json::json;

use crate::both;
use crate::kit::{App, encoded};

/// The last day that the wire takes.
const LAST: &str = "9999-12-31";

/// The queries of the contract that name days, each with all of them on these days.
fn questions(first: &str, last: &str) -> Vec<String> {
    let contract = serde_json::to_value(ots_registry::app::contract()).unwrap();
    let mut found = Vec::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        let mut days = 0;
        let mut pairs = Vec::new();
        for parameter in parameters.filter(|p| p["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let day = match name {
                "from" => first,
                "as_of" | "to" | "through" => last,
                _ if parameter["required"] != true => continue,
                _ => {
                    let example = &parameter["example"];
                    let text = example.as_str().map_or(example.to_string(), str::to_owned);
                    pairs.push(format!("{name}={}", encoded(&text)));
                    continue;
                }
            };
            days += 1;
            pairs.push(format!("{name}={day}"));
        }
        if days > 0 {
            found.push(format!("{path}?{}", pairs.join("&")));
        }
    }
    found
}

/// The public list has the organisation, the register of today its member, and what is stored is what the events say.
async fn stands(app: &App, number: &str) {
    let list = app.get("/v1/organisations?country=AZ").await.expect(200);
    assert!(list.text().contains(number), "{}", list.text());
    let path = format!("/v1/reports/register?as_of={}&country=AZ", app.today());
    let register = app.auditor().get(&path).await.expect(200);
    assert_eq!(
        register.at("/data/members").as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(app.findings(), Vec::<String>::new());
}

both! {
    async fn a_suspension_that_names_its_last_day_lasts_ten_years_at_most(app) {
        let (ngo, membership) = app.member("AZ").await;
        let az = app.coordinator("AZ");
        let longest = app.today() + Months::new(120);
        let until = |day: &str| json!({"reason": "Reports are missing.", "until": day});
        for far in [LAST, "9999-12-30", &(longest + Days::new(1)).to_string()] {
            let refused = az.act(&membership, "suspension", until(far)).await.problem(422, "invalid_field");
            assert_eq!(refused.str("/fields/0/pointer"), "/until");
        }
        stands(&app, &ngo.number).await;
        let proposal = az.propose(&membership, "suspension", until(&longest.to_string())).await;
        // It is measured from the day that the decision names.
        let early = json!({"effective_on": app.today() - Days::new(1)});
        app.decide(&app.secretariat(), &proposal, "approved", early).await.problem(422, "invalid_field");
        app.decide(&app.secretariat(), &proposal, "approved", json!({})).await.expect(200);
        stands(&app, &ngo.number).await;
        let listed = app.get("/v1/organisations?country=AZ&state=suspended").await.expect(200);
        assert!(listed.text().contains(&ngo.number), "{}", listed.text());
    }
}

both! {
    async fn a_question_about_the_first_or_the_last_day_is_answered_or_refused(app) {
        let (ngo, membership) = app.member("AZ").await;
        let id = membership.rsplit('/').next().unwrap();
        let (office, auditor) = (app.secretariat(), app.auditor());
        for (first, last) in [(LAST, LAST), ("9900-01-01", LAST), ("1000-01-01", "1000-01-01"), ("9999-07-01", "9999-09-30")] {
            let asked = questions(first, last);
            assert!(asked.len() > 30, "{asked:?}");
            for path in asked {
                let path = path.replace("{number}", &ngo.number).replace("{id}", id);
                for person in [&office, &auditor] {
                    let answer = person.get(&path).await;
                    assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text());
                    assert!(!answer.text().contains("+10000"), "{path}: {}", answer.text());
                }
            }
        }
        let renewals = |day: &str| format!("/v1/reports/renewals?as_of={day}");
        office.get(&renewals(LAST)).await.problem(422, "invalid_field");
        office.get(&renewals("9999-07-01")).await.problem(422, "invalid_field");
        office.get(&renewals("9999-06-30")).await.expect(200);
    }
}
