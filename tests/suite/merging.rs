//! Merging and its undoing: what an old number, name and identifier lead to while a merge stands, and that nothing of it is left
//! when it is undone.

use actix_web::http::Method;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::both;
use crate::kit::{Answer, App, Person, encoded, operations};
use crate::rights::Objects;

const BIN: &str = "950440001673";

/// An organisation by its number.
#[derive(Clone)]
struct Ngo(String);

impl Ngo {
    fn url(&self) -> String {
        format!("/v1/organisations/{}", self.0)
    }
}

async fn member(app: &App, country: &str, name: &str) -> Ngo {
    let made = app.organisation(country).named(name);
    Ngo(made.active().create().await.number)
}

async fn with_bin(app: &App, name: &str) -> Ngo {
    let body = json!({"identifiers": [{"scheme": "KZ-BIN", "value": BIN}]});
    let made = app.organisation("KZ").named(name).with(body);
    Ngo(made.active().create().await.number)
}

async fn merge_on(app: &App, old: &Ngo, into: &Ngo, more: Value) -> Answer {
    let kz = app.coordinator("KZ");
    let body = json!({"successor": into.0, "reason": "Both assemblies voted."});
    let proposal = kz.propose(&old.url(), "merge", body).await;
    let office = app.secretariat();
    let decided = app.decide(&office, &proposal, "approved", more).await;
    decided.expect(200)
}

async fn merge(app: &App, old: &Ngo, into: &Ngo) {
    merge_on(app, old, into, json!({})).await;
}

/// The tag of a merged record: it comes with the redirect.
async fn tag(person: &Person, old: &Ngo) -> String {
    let led = person.get(&old.url()).await.expect(307);
    led.header("etag").unwrap().to_owned()
}

async fn propose_undoing(person: &Person, old: &Ngo, body: Value) -> Answer {
    let tag = tag(person, old).await;
    let path = format!("{}/unmerge", old.url());
    person.post_seen(&path, Some(&tag), body).await
}

fn proposal(answer: &Answer) -> String {
    format!("/v1/proposals/{}", answer.str("/proposal/id"))
}

async fn unmerge(app: &App, old: &Ngo) -> Answer {
    let kz = app.coordinator("KZ");
    let body = json!({"reason": "The court set the merger aside."});
    let proposed = propose_undoing(&kz, old, body).await.expect(202);
    let (office, proposal) = (app.secretariat(), proposal(&proposed));
    app.decide(&office, &proposal, "approved", json!({})).await
}

fn numbers(page: &Answer) -> Vec<String> {
    let items = page.at("/items");
    let items = items.as_array().unwrap().iter();
    items
        .map(|i| i["number"].as_str().unwrap().to_owned())
        .collect()
}

async fn listed(app: &App, query: &str) -> Vec<String> {
    let path = format!("/v1/organisations?{query}");
    numbers(&app.get(&path).await.expect(200))
}

async fn searched(app: &App, query: &str) -> Vec<String> {
    listed(app, &format!("q={}", encoded(query))).await
}

/// Where a number leads; nothing where it answers itself.
async fn leads(app: &App, ngo: &Ngo) -> Option<String> {
    let read = app.get(&ngo.url()).await;
    match read.status {
        200 => None,
        _ => Some(read.expect(307).header("location").unwrap().to_owned()),
    }
}

/// An instant between what was done and what comes.
fn instant() -> String {
    let at = ots_registry::db::Instant::now();
    while ots_registry::db::Instant::now().0 <= at.0 {}
    at.to_string()
}

both! {
    async fn an_old_number_name_and_identifier_find_the_successor_until_the_merge_is_undone(app) {
        let old = with_bin(&app, "Zzyzx Gardeners").await;
        let new = member(&app, "KZ", "Қазақ шаңғышылары").await;
        let other = app.replica().await;
        assert_eq!(searched(&other, "zzyzx gardeners").await, std::slice::from_ref(&old.0));
        merge(&app, &old, &new).await;
        let goes_on = vec![new.0.clone()];
        for app in [&app, &other] {
            assert_eq!(leads(app, &old).await, Some(new.url()));
            for query in ["zzyzx gardeners", old.0.as_str(), BIN] {
                assert_eq!(searched(app, query).await, goes_on, "{query}");
            }
            assert_eq!(listed(app, &format!("identifier=KZ-BIN:{BIN}")).await, goes_on);
        }
        let found = app.get("/v1/organisations?q=zzyzx").await.at("/items/0/found");
        assert_eq!(found["found_in"], "merged_name");
        assert_eq!(found["pieces"], json!([{"text": "Zzyzx", "hit": true}, {"text": " Gardeners", "hit": false}]));
        // The number that is asked for is shown, and whose it was.
        let found = app.get(&format!("/v1/organisations?q={}", old.0.to_lowercase())).await.at("/items/0/found");
        assert_eq!((&found["found_in"], &found["pieces"]), (&json!("merged_number"), &json!([{"text": old.0, "hit": true}])));
        let page = app.get(&format!("/search?q={}", old.0)).await.expect(200).text();
        assert!(page.contains("Registry number of a merged organisation") && page.contains(&format!("<code>{}</code>", old.0)), "{page}");
        let body = json!({"items": [{"name": "Zzyzx Gardeners", "country": "KZ"}]});
        let matched = app.send(actix_web::test::TestRequest::post().uri("/v1/match").set_json(body)).await.expect(200);
        assert_eq!(matched.at("/items/0/candidates/0/number"), json!(new.0), "{}", matched.text());
        // What it took over stands on its record.
        let read = app.get(&new.url()).await.expect(200);
        assert_eq!(read.at("/predecessors/0/number"), json!(old.0));
        assert_eq!(read.at("/predecessors/0/names/0/text"), json!("Zzyzx Gardeners"));
        assert_eq!(read.at("/predecessors/0/identifiers/0/value"), json!(BIN));
        assert_eq!(read.at("/predecessors/0/merged_on"), json!(app.today()));
        assert_eq!(read.at("/predecessors/0").get("tag"), None);
        // And on its page, for whoever came by the old number.
        let page = app.get(&new.url().replacen("/v1", "", 1)).await.expect(200).text();
        assert!(page.contains("Zzyzx Gardeners") && page.contains(&old.0), "{page}");
        let kz = app.coordinator("KZ");
        assert!(kz.get(&new.url()).await.at("/predecessors/0/tag").is_string());
        // The list still has the one that was merged, and says where it leads.
        let list = app.get("/v1/organisations?state=merged").await.expect(200);
        assert_eq!((list.at("/items/0/number"), list.at("/items/0/merged_into")), (json!(old.0), json!(new.0)));

        unmerge(&app, &old).await.expect(200);
        for app in [&app, &other] {
            assert_eq!(leads(app, &old).await, None);
            for query in ["zzyzx gardeners", old.0.as_str(), BIN] {
                assert_eq!(searched(app, query).await, std::slice::from_ref(&old.0), "{query}");
            }
            assert_eq!(listed(app, &format!("identifier=KZ-BIN:{BIN}")).await, std::slice::from_ref(&old.0));
            assert_eq!(app.get(&new.url()).await.at("/predecessors"), json!([]));
        }
        let list = app.get("/v1/organisations?state=merged").await.expect(200);
        assert_eq!(list.at("/items"), json!([]));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_website_and_a_number_of_one_that_was_merged_tell_of_the_successor_whoever_may_know_of_it(app) {
        let facts = json!({"website": "https://gardens.example.org", "identifiers": [{"scheme": "KZ-BIN", "value": BIN}]});
        let shown = Ngo(app.organisation("KZ").named("Zzyzx Gardeners").with(facts).active().create().await.number);
        let hidden = json!({"website": "https://bees.example.org", "identifiers": [{"scheme": "KZ-BIN", "value": "950440001108"}]});
        let hidden = Ngo(app.organisation("KZ").named("Qqorva Bees").with(hidden).create().await.number);
        let new = member(&app, "KZ", "Қазақ шаңғышылары").await;
        merge(&app, &shown, &new).await;
        merge(&app, &hidden, &new).await;
        let numbered = |value: &str| json!({"name": "Green Hands", "identifiers": [{"scheme": "KZ-BIN", "value": value}]});
        let items = json!([
            {"name": "Green Hands", "website": "https://www.gardens.example.org/a"}, {"name": "Green Hands", "website": "https://bees.example.org"},
            numbered(BIN), numbered("950440001108"),
        ]);
        let body = json!({"items": items});
        let request = actix_web::test::TestRequest::post().uri("/v1/match").set_json(body.clone());
        let public = app.send(request).await.expect(200);
        let own = app.coordinator("KZ").post("/v1/match", body).await.expect(200);
        for answer in [&public, &own] {
            assert_eq!(answer.at("/items/0/candidates/0/number"), json!(new.0), "{}", answer.text());
            assert_eq!(answer.at("/items/0/candidates/0/verdict"), json!("possible"));
            assert_eq!(answer.at("/items/0/candidates/0/reasons/0"), json!("a former website: gardens.example.org"));
            assert_eq!(answer.at("/items/2/chosen"), json!(new.0));
        }
        // What was never public tells officers alone.
        assert_eq!(own.at("/items/1/candidates/0/number"), json!(new.0), "{}", own.text());
        assert_eq!(own.at("/items/3/chosen"), json!(new.0), "{}", own.text());
        assert_eq!(public.at("/items/1/candidates"), json!([]));
        assert_eq!(public.at("/items/3/candidates"), json!([]));
    }
}

both! {
    async fn officers_find_the_successor_by_names_that_were_never_public_and_nobody_else_does(app) {
        let old = Ngo(app.organisation("KZ").named("Zzyzx Bozkir Ozanlari").create().await.number);
        let new = member(&app, "KZ", "Qqorva Shangyshylar").await;
        let (kz, office, kg) = (app.coordinator("KZ"), app.secretariat(), app.coordinator("KG"));
        merge(&app, &old, &new).await;
        let other = app.replica().await;
        let body = json!({"items": [{"name": "Zzyzx Bozkir Ozanlari", "country": "KZ"}]});
        for person in [&kz, &office, &app.auditor()] {
            let found = person.get("/v1/organisations?q=zzyzx%20bozkir").await.expect(200);
            assert_eq!(found.at("/items/0/number"), json!(new.0), "{}", found.text());
            assert_eq!(found.at("/items/0/found/found_in"), "merged_name");
            let pieces = found.at("/items/0/found/pieces");
            let pieces: String = pieces.as_array().unwrap().iter().map(|piece| piece["text"].as_str().unwrap()).collect();
            assert_eq!(pieces, "Zzyzx Bozkir Ozanlari");
            let matched = person.post("/v1/match", body.clone()).await.expect(200);
            assert_eq!(matched.at("/items/0/candidates/0/number"), json!(new.0), "{}", matched.text());
        }
        for app in [&app, &other] {
            assert_eq!(searched(app, "zzyzx bozkir").await, [""; 0]);
        }
        assert_eq!(kg.get("/v1/organisations?q=zzyzx").await.at("/items"), json!([]));
        // It cannot be registered again, not with a slip either.
        for name in ["Zzyzx Bozkir Ozanlari", "Zzyzx Bozkir Ozanlary", "Zzyzx Bozkr Ozanlari"] {
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let refused = kz.post("/v1/organisations", body).await.problem(409, "possible_duplicate");
            assert_eq!(refused.at("/candidates/0/number"), json!(new.0), "{name}");
        }
        // The successor is public, the name is not.
        assert_eq!(searched(&app, "qqorva").await, std::slice::from_ref(&new.0));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_website_of_a_merged_organisation_points_to_its_successor(app) {
        let site = json!({"website": "https://zzyzx-gardens.example.org"});
        let old = Ngo(app.organisation("KZ").named("Zzyzx Gardeners").with(site.clone()).active().create().await.number);
        let new = member(&app, "KZ", "Қазақ шаңғышылары").await;
        merge(&app, &old, &new).await;
        let mut body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Qqorva Blossoms"}]});
        body.as_object_mut().unwrap().extend(site.as_object().unwrap().clone());
        let refused = app.coordinator("KZ").post("/v1/organisations", body).await.problem(409, "possible_duplicate");
        assert_eq!(refused.at("/candidates/0/number"), json!(new.0), "{}", refused.text());
        assert_eq!(refused.at("/candidates/0/verdict"), "possible");
    }
}

both! {
    async fn an_identifier_stays_taken_while_its_organisation_is_merged(app) {
        let old = with_bin(&app, "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let identifier = json!({"scheme": "KZ-BIN", "value": BIN});
        let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Quite Another"}], "identifiers": [identifier.clone()]});
        let refused = kz.post("/v1/organisations", body).await.problem(409, "duplicate_identifier");
        assert_eq!(refused.at("/organisation"), json!(new.0));
        let third = member(&app, "KZ", "Third Sample").await;
        let add = async |ngo: &Ngo| kz.post_seen(&format!("{}/identifiers", ngo.url()), Some("*"), identifier.clone()).await;
        let refused = add(&third).await.problem(409, "duplicate_identifier");
        assert_eq!(refused.at("/organisation"), json!(new.0));
        // The one that goes on may have it itself. Then undoing says what stands in the way.
        let item = add(&new).await.expect(201).at("/id");
        let refused = propose_undoing(&kz, &old, json!({"reason": "A mistake."})).await.problem(409, "act_not_possible");
        assert_eq!(refused.at("/organisation"), json!(new.0));
        assert!(refused.str("/detail").contains("KZ-BIN"), "{}", refused.text());
        let path = format!("{}/identifiers/{item}", new.url());
        kz.send_with(Method::DELETE, &path, "*", None).await.expect(204);
        unmerge(&app, &old).await.expect(200);
        let refused = add(&new).await.problem(409, "duplicate_identifier");
        assert_eq!(refused.at("/organisation"), json!(old.0));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn an_identifier_that_was_taken_before_the_decision_refuses_it(app) {
        let old = with_bin(&app, "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let proposed = propose_undoing(&kz, &old, json!({"reason": "A mistake."})).await.expect(202);
        let identifier = json!({"scheme": "KZ-BIN", "value": BIN});
        kz.post_seen(&format!("{}/identifiers", new.url()), Some("*"), identifier).await.expect(201);
        let decided = app.decide(&app.secretariat(), &proposal(&proposed), "approved", json!({})).await;
        decided.problem(409, "act_not_possible");
        assert_eq!(leads(&app, &old).await, Some(new.url()));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_evidence_of_another_country_s_record_is_not_told_where_a_merge_is_undone(app) {
        let old = app.organisation("KZ").create().await;
        let (new, _) = app.member("UZ").await;
        let (kz, uz, office) = (app.coordinator("KZ"), app.coordinator("UZ"), app.secretariat());
        let merge = kz.propose(&old.url(), "merge", json!({"successor": new.number, "reason": "Voted."})).await;
        app.decide(&uz, &merge, "approved", json!({})).await.expect(200);
        app.decide(&office, &merge, "approved", json!({})).await.expect(200);
        let body = json!({"kind": "decision", "issuer": "Sample court", "issued_on": app.today(), "sha256": "ab".repeat(32)});
        let item = uz.post_seen(&format!("{}/evidence", new.url()), Some("*"), body).await.expect(201).at("/id");
        let undoing = async |person: &Person, item: &Value| {
            let body = json!({"reason": "A mistake.", "evidence": [item]});
            person.post_seen(&format!("{}/unmerge", old.url()), Some("*"), body).await
        };
        let mut told = Vec::new();
        for item in [&item, &json!(99)] {
            told.push(undoing(&kz, item).await.problem(422, "invalid_field").str("/detail"));
        }
        assert_eq!(told[0], told[1]);
        undoing(&office, &json!(99)).await.problem(422, "invalid_field");
        undoing(&office, &item).await.expect(202);
    }
}

/// Three organisations, the first merged into the second and that one into the third.
async fn chain(app: &App) -> [Ngo; 3] {
    let (a, b, c) = (
        with_bin(app, "Alpha Zzyzx").await,
        member(app, "KZ", "Beta Qwrty").await,
        member(app, "KZ", "Gamma Sample").await,
    );
    merge(app, &a, &b).await;
    merge(app, &b, &c).await;
    [a, b, c]
}

/// What the names of the first and the second, and the first one's identifier, find.
async fn three(app: &App) -> [Vec<String>; 3] {
    [
        searched(app, "zzyzx").await,
        searched(app, "qwrty").await,
        listed(app, &format!("identifier=KZ-BIN:{BIN}")).await,
    ]
}

both! {
    async fn of_merges_that_follow_each_other_the_first_is_undone_alone(app) {
        let [a, b, c] = chain(&app).await;
        let one = |ngo: &Ngo| vec![ngo.0.clone()];
        assert_eq!((leads(&app, &a).await, leads(&app, &b).await), (Some(c.url()), Some(c.url())));
        assert_eq!(three(&app).await, [one(&c), one(&c), one(&c)]);
        let taken = app.get(&c.url()).await.at("/predecessors");
        assert_eq!((&taken[0]["number"], &taken[1]["number"]), (&json!(a.0), &json!(b.0)));
        unmerge(&app, &a).await.expect(200);
        assert_eq!((leads(&app, &a).await, leads(&app, &b).await), (None, Some(c.url())));
        assert_eq!(three(&app).await, [one(&a), one(&c), one(&a)]);
        unmerge(&app, &b).await.expect(200);
        assert_eq!(three(&app).await, [one(&a), one(&b), one(&a)]);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn of_merges_that_follow_each_other_the_last_is_undone_with_the_first_still_standing(app) {
        let [a, b, c] = chain(&app).await;
        let one = |ngo: &Ngo| vec![ngo.0.clone()];
        let other = app.replica().await;
        assert_eq!(three(&other).await, [one(&c), one(&c), one(&c)]);
        unmerge(&app, &b).await.expect(200);
        for app in [&app, &other] {
            assert_eq!((leads(app, &a).await, leads(app, &b).await), (Some(b.url()), None));
            assert_eq!(three(app).await, [one(&b), one(&b), one(&b)]);
            assert_eq!(app.get(&c.url()).await.at("/predecessors"), json!([]));
            assert_eq!(app.get(&b.url()).await.at("/predecessors/0/number"), json!(a.0));
        }
        unmerge(&app, &a).await.expect(200);
        for app in [&app, &other] {
            assert_eq!((leads(app, &a).await, leads(app, &b).await), (None, None));
            assert_eq!(three(app).await, [one(&a), one(&b), one(&a)]);
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn undone_its_memberships_are_as_had_it_never_been_merged(app) {
        let ago = |days: u64| app.today() - Days::new(days);
        let (made, membership) = app.member_since("KZ", json!({"effective_on": ago(60)})).await;
        let old = Ngo(made.number);
        let (made, _) = app.member_since("KZ", json!({"effective_on": ago(60)})).await;
        let new = Ngo(made.number);
        let kz = app.coordinator("KZ");
        let applied = kz.post(&format!("{}/memberships", old.url()), json!({"type": "observer"})).await.expect(201);
        let application = format!("/v1/memberships/{}", applied.str("/id"));
        let before = kz.get(&membership).await.json();
        merge_on(&app, &old, &new, json!({"effective_on": ago(20)})).await;
        assert_eq!((kz.get(&membership).await.str("/state"), kz.get(&application).await.str("/state")), ("merged".to_owned(), "merged".to_owned()));
        assert!(kz.get(&membership).await.at("/possible").as_array().unwrap().contains(&json!("unmerge")));
        let then = instant();
        let done = unmerge(&app, &old).await.expect(200);
        assert_eq!(done.str("/proposal/act"), "unmerge");
        let after = kz.get(&membership).await.json();
        for member in ["state", "state_since", "member_since", "term_end", "intervals", "type", "possible"] {
            assert_eq!(after[member], before[member], "{member}");
        }
        assert_eq!(kz.get(&application).await.str("/state"), "draft");
        let last = after["events"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["reason"]), (&json!("corrected"), &json!("The court set the merger aside.")));
        // Reports say it as it was known, and as it is known now.
        let counted = async |known: &str| {
            let path = format!("/v1/reports/register?country=KZ&as_of={}{known}", ago(5));
            app.auditor().get(&path).await.expect(200).at("/data/members").as_array().unwrap().len()
        };
        assert_eq!((counted(&format!("&known_at={then}")).await, counted("").await), (1, 2));
        let roll = async |from: NaiveDate, more: &str| {
            let path = format!("/v1/reports/roll-forward?from={from}&to={}{more}", app.today());
            app.auditor().get(&path).await.expect(200)
        };
        let left = async |more: &str| {
            let total = roll(ago(70), more).await.at("/data/totals/0");
            (total["merged"].clone(), total["closing"].clone())
        };
        assert_eq!(left(&format!("&known_at={then}")).await, (json!(1), json!(1)));
        assert_eq!(left("").await, (json!(0), json!(2)));
        let restated = roll(ago(5), &format!("&previous_known_at={then}")).await;
        assert_eq!(restated.at("/data/totals/0/opening"), json!(2));
        assert_eq!(restated.at("/data/previous_closing/0/closing"), json!(1));
        assert_eq!(json!(membership), json!(format!("/v1/memberships/{}", restated.str("/data/restatement/0/membership"))));
        assert_eq!(app.findings(), Vec::<String>::new());
        // A membership goes on as any other: it can be merged again, and that undone again.
        merge(&app, &old, &new).await;
        assert_eq!(kz.get(&membership).await.str("/state"), "merged");
        unmerge(&app, &old).await.expect(200);
        assert_eq!(kz.get(&membership).await.json()["intervals"], before["intervals"]);
        kz.act(&membership, "renewal", json!({})).await.expect(200);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn the_past_of_a_merged_organisation_is_its_own(app) {
        let ago = |days: u64| app.today() - Days::new(days);
        let since = json!({"effective_on": ago(60)});
        let old = Ngo(app.member_since("KZ", since.clone()).await.0.number);
        let new = Ngo(app.member_since("KZ", since).await.0.number);
        merge_on(&app, &old, &new, json!({"effective_on": ago(20)})).await;
        let merged = instant();
        let ask = async |question: &str| app.get(&format!("{}?{question}", old.url())).await;
        let (before, after) = (format!("as_of={}", ago(21)), format!("as_of={}", ago(20)));
        assert_eq!(ask(&before).await.expect(200).str("/number"), old.0);
        let led = ask(&after).await.expect(307);
        assert_eq!(led.header("location").unwrap(), format!("{}?{after}", new.url()));
        let predecessors = async |question: &str| app.get(&format!("{}?{question}", new.url())).await.expect(200).at("/predecessors");
        assert_eq!((predecessors(&before).await, predecessors(&after).await[0]["number"].clone()), (json!([]), json!(old.0)));
        let history = app.get(&format!("{}/history", old.url())).await.expect(200);
        assert!(history.text().contains("organisation.merged"), "{}", history.text());
        unmerge(&app, &old).await.expect(200);
        assert_eq!(ask(&after).await.expect(200).str("/number"), old.0);
        let then = format!("{after}&known_at={merged}");
        let led = ask(&then).await.expect(307);
        assert_eq!(led.header("location").unwrap(), format!("{}?{then}", new.url()));
        let history = app.get(&format!("{}/history", old.url())).await.expect(200);
        assert!(history.text().contains("organisation.unmerged"), "{}", history.text());
    }
}

both! {
    async fn whoever_answers_for_it_by_the_decision_has_to_be_asked(app) {
        let (a, b) = (member(&app, "KZ", "First Sample").await, member(&app, "KZ", "Second Sample").await);
        let c = member(&app, "TR", "Third Sample").await;
        let (kz, tr) = (app.coordinator("KZ"), app.coordinator("TR"));
        merge(&app, &a, &b).await;
        let body = || json!({"reason": "A mistake."});
        let first = proposal(&propose_undoing(&kz, &a, body()).await.expect(202));
        let merging = kz.propose(&b.url(), "merge", json!({"successor": c.0, "reason": "Voted."})).await;
        app.decide(&tr, &merging, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &merging, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &first, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(leads(&app, &a).await, Some(c.url()));
        kz.post(&format!("{first}/retraction"), json!({"reason": "To be asked anew."})).await.expect(200);
        let second = proposal(&propose_undoing(&kz, &a, body()).await.expect(202));
        let early = app.decide(&app.secretariat(), &second, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(early.at("/missing"), json!(["TR"]));
        app.decide(&tr, &second, "approved", json!({})).await.expect(200);
        app.decide(&app.secretariat(), &second, "approved", json!({})).await.expect(200);
        assert_eq!((leads(&app, &a).await, leads(&app, &b).await), (None, Some(c.url())));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

/// What a route does with the number of a merged organisation, where it is not what all others do.
const OF_THE_OLD_RECORD: [(&str, u16); 6] = [
    ("list_organisation_history", 200),
    ("unmerge_organisation", 202),
    // Items are numbered within their own record, and whoever is in it has rights to it.
    ("get_contact_personal_data", 200),
    ("erase_contact", 200),
    // What it was called is told with its successor.
    ("withhold_organisation", 200),
    ("show_organisation", 200),
];

both! {
    async fn every_route_of_an_old_number_leads_on_or_names_the_successor(app) {
        let mut objects = Objects::make(&app).await;
        let old = with_bin(&app, "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        let kz = app.coordinator("KZ");
        let contact = kz.post_seen(&format!("{}/contacts", old.url()), Some("*"), json!({"name": "Sample Contact"})).await.expect(201).at("/id");
        merge(&app, &old, &new).await;
        objects.number.clone_from(&old.0);
        let office = app.secretariat();
        let mut seen = [0, 0, 0];
        let mut all = operations();
        all.retain(|o| o.path.starts_with("/v1/organisations/{number}"));
        // What hides and what erases comes last.
        let last = ["withhold_organisation", "show_organisation", "erase_contact"];
        all.sort_by_key(|o| last.iter().position(|id| *id == o.id));
        for operation in &all {
            let path = operation.path.replace("/contacts/{item}", &format!("/contacts/{contact}"));
            let path = objects.fill(&path);
            let request = || operation.request(&path);
            let answer = office.send(request().insert_header(("Authorization", format!("Bearer {}", office.token)))).await;
            let id = operation.id.as_str();
            if let Some((_, status)) = OF_THE_OLD_RECORD.iter().find(|(name, _)| *name == id) {
                assert_eq!(answer.status, *status, "{id}: {}", answer.text());
                seen[0] += 1;
            } else if operation.method == Method::GET {
                assert_eq!(answer.status, 307, "{id}: {}", answer.text());
                let there = path.replace(&old.0, &new.0);
                assert_eq!(answer.header("location"), Some(there.as_str()), "{id}");
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{id}");
                // Nobody else keeps it for long either.
                let public = app.send(request()).await.expect(307);
                assert_eq!(public.header("cache-control"), Some("public, max-age=60"), "{id}");
                assert_eq!((public.header("location"), public.header("etag")), (Some(there.as_str()), None), "{id}");
                seen[1] += 1;
            } else {
                let refused = answer.problem(409, "conflict");
                assert_eq!(refused.at("/successor"), json!(new.0), "{id}");
                seen[2] += 1;
            }
        }
        assert!(seen[0] == OF_THE_OLD_RECORD.len() && seen[1] >= 6 && seen[2] >= 13, "{seen:?}");
    }
}

both! {
    async fn a_merge_across_a_border_is_undone_by_officers_of_both_countries(app) {
        let old = member(&app, "KZ", "Ends Sample").await;
        let new = member(&app, "TR", "Goes On Sample").await;
        let (kz, tr) = (app.coordinator("KZ"), app.coordinator("TR"));
        let body = json!({"successor": new.0, "reason": "Voted."});
        let merging = kz.propose(&old.url(), "merge", body).await;
        let (first, second) = (app.secretariat(), app.secretariat());
        app.decide(&tr, &merging, "approved", json!({})).await.expect(200);
        app.decide(&first, &merging, "approved", json!({})).await.expect(200);
        assert_eq!(leads(&app, &old).await, Some(new.url()));
        // The other country's officers are asked; they propose nothing about a record that is not theirs.
        let body = json!({"reason": "The court set the merger aside."});
        let path = format!("{}/unmerge", old.url());
        tr.post_seen(&path, Some("*"), body.clone()).await.problem(403, "forbidden");
        let undoing = proposal(&propose_undoing(&kz, &old, body).await.expect(202));
        let early = app.decide(&second, &undoing, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(early.at("/missing"), json!(["TR"]));
        app.coordinator("HU").get(&undoing).await.problem(404, "not_found");
        let kind = async |person: &Person| person.get("/v1/tasks").await.expect(200).str("/items/0/kind");
        assert_eq!(kind(&tr).await, "consent");
        app.decide(&tr, &undoing, "approved", json!({})).await.expect(200);
        assert_eq!(kind(&second).await, "decide");
        // Whoever decided on the merge wrote the record's revision.
        app.decide(&first, &undoing, "approved", json!({})).await.problem(403, "second_officer_needed");
        app.decide(&second, &undoing, "approved", json!({})).await.expect(200);
        assert_eq!(leads(&app, &old).await, None);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn who_may_not_undo_a_merge_changes_nothing(app) {
        let old = member(&app, "KZ", "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let body = || json!({"reason": "A mistake."});
        let path = format!("{}/unmerge", old.url());
        // There is nothing to undo yet.
        kz.act(&old.url(), "unmerge", body()).await.problem(409, "act_not_possible");
        let seen = kz.tag(&old.url()).await;
        merge(&app, &old, &new).await;
        let (kg, auditor, second) = (app.coordinator("KG"), app.auditor(), app.secretariat());
        let before = app.db_dump();
        let same = |what: &str| assert!(app.db_dump() == before, "{what}");
        kg.post_seen(&path, Some("*"), body()).await.problem(403, "forbidden");
        auditor.post_seen(&path, Some("*"), body()).await.problem(403, "forbidden");
        same("another's right");
        kz.post_seen(&path, Some(&seen), body()).await.problem(412, "stale_version");
        kz.post_seen(&path, None, body()).await.problem(428, "precondition_required");
        kz.post_seen(&path, Some("*"), json!({})).await.problem(422, "invalid_field");
        kz.post_seen(&path, Some("*"), json!({"reason": "A mistake.", "successor": new.0})).await.problem(422, "invalid_field");
        kz.post_seen(&path, Some("*"), json!({"reason": "A mistake.", "evidence": [1]})).await.problem(422, "invalid_field");
        same("a wrong request");
        let undoing = proposal(&propose_undoing(&office, &old, body()).await.expect(202));
        // What was read of it is recorded: so it is read before.
        let revision = second.get(&undoing).await.at("/revision").as_i64().unwrap();
        let before = app.db_dump();
        let same = |what: &str| assert!(app.db_dump() == before, "{what}");
        let decide = async |person: &Person, revision: i64, day: Option<NaiveDate>| {
            let body = json!({"outcome": "approved", "reason": "As proposed.", "revision": revision, "effective_on": day});
            person.post(&format!("{undoing}/decision"), body).await
        };
        decide(&office, revision, None).await.problem(403, "second_officer_needed");
        decide(&kz, revision, None).await.problem(403, "forbidden");
        decide(&second, revision - 1, None).await.problem(412, "stale_version");
        decide(&second, revision, Some(app.today())).await.problem(422, "invalid_field");
        kz.post_seen(&path, Some("*"), body()).await.problem(409, "conflict");
        same("a decision that does not count");
        app.decide(&second, &undoing, "refused", json!({})).await.expect(200);
        assert_eq!(leads(&app, &old).await, Some(new.url()));
        let again = proposal(&propose_undoing(&kz, &old, body()).await.expect(202));
        kz.post(&format!("{again}/retraction"), json!({"reason": "Not yet."})).await.expect(200);
        app.decide(&second, &again, "approved", json!({})).await.problem(409, "act_not_possible");
        assert_eq!(leads(&app, &old).await, Some(new.url()));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_merge_is_undone_once_and_not_by_a_correction(app) {
        let (made, membership) = app.member("KZ").await;
        let old = Ngo(made.number);
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let no = |m: &Answer, kind: &str| {
            let events = m.at("/events");
            events.as_array().unwrap().iter().rev().find(|e| e["kind"] == kind).unwrap()["no"].clone()
        };
        let merged = no(&kz.get(&membership).await, "merged");
        let void = |target: &Value| json!({"target_no": target, "how": "void", "reason": "A mistake."});
        let refused = kz.act(&membership, "correction", void(&merged)).await.problem(409, "act_not_possible");
        assert!(refused.str("/detail").contains("unmerge"), "{}", refused.text());
        unmerge(&app, &old).await.expect(200);
        // Nor is it brought back by a correction of what undid it.
        let undone = no(&kz.get(&membership).await, "corrected");
        kz.act(&membership, "correction", void(&undone)).await.problem(409, "act_not_possible");
        kz.act(&old.url(), "unmerge", json!({"reason": "Twice."})).await.problem(409, "act_not_possible");
        assert_eq!(kz.get(&membership).await.str("/state"), "active");
    }
}

both! {
    async fn what_is_withheld_hides_what_was_merged_into_it(app) {
        let old = with_bin(&app, "Zzyzx Gardeners").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        let partner = member(&app, "KZ", "Partner Sample").await;
        let kz = app.coordinator("KZ");
        kz.post_seen(&format!("{}/relations", partner.url()), Some("*"), json!({"kind": "partner", "organisation": old.0})).await.expect(201);
        merge(&app, &old, &new).await;
        assert_eq!(app.get(&partner.url()).await.at("/relations/0/organisation"), json!(old.0));
        kz.send_with(Method::PUT, &format!("{}/withholding", new.url()), "*", Some(json!({"reason": "Threats."}))).await.expect(200);
        for path in ["", "/names", "/history", "/memberships", "?as_of=2020-01-01"] {
            app.get(&format!("{}{path}", old.url())).await.problem(404, "not_found");
        }
        assert_eq!(listed(&app, "").await, std::slice::from_ref(&partner.0));
        assert_eq!(listed(&app, &format!("identifier=KZ-BIN:{BIN}")).await, Vec::<String>::new());
        for query in ["zzyzx", old.0.as_str(), BIN] {
            assert_eq!(searched(&app, query).await, Vec::<String>::new(), "{query}");
        }
        assert_eq!(app.get(&partner.url()).await.at("/relations"), json!([]));
        assert_eq!(kz.get(&old.url()).await.expect(307).header("location"), Some(new.url().as_str()));
        kz.send_with(Method::DELETE, &format!("{}/withholding", new.url()), "*", None).await.expect(200);
        assert_eq!(leads(&app, &old).await, Some(new.url()));
    }
}

both! {
    async fn a_merged_record_is_withheld_by_its_own_country_while_its_successor_stays(app) {
        let old = with_bin(&app, "Zzyzx Gardeners").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let withholding = format!("{}/withholding", old.url());
        let reason = json!({"reason": "Its name may harm them."});
        app.coordinator("KG").send_with(Method::PUT, &withholding, "*", Some(reason.clone())).await.problem(403, "forbidden");
        let tag = tag(&kz, &old).await;
        kz.send_with(Method::PUT, &withholding, &tag, Some(reason)).await.expect(200);
        for path in ["", "/names", "/history", "?as_of=2020-01-01"] {
            app.get(&format!("{}{path}", old.url())).await.problem(404, "not_found");
        }
        for query in ["zzyzx", old.0.as_str(), BIN] {
            assert_eq!(searched(&app, query).await, Vec::<String>::new(), "{query}");
        }
        assert_eq!(listed(&app, &format!("identifier=KZ-BIN:{BIN}")).await, Vec::<String>::new());
        let body = json!({"items": [{"name": "Zzyzx Gardeners", "country": "KZ"}]});
        let matched = app.send(actix_web::test::TestRequest::post().uri("/v1/match").set_json(body)).await.expect(200);
        assert!(!matched.text().contains(&old.0) && !matched.text().contains(&new.0), "{}", matched.text());
        let read = app.get(&new.url()).await.expect(200);
        assert_eq!(read.at("/predecessors"), json!([]));
        let page = app.get(&new.url().replacen("/v1", "", 1)).await.expect(200).text();
        assert!(!page.contains("Zzyzx") && !page.contains(&old.0), "{page}");
        assert_eq!(kz.get(&new.url()).await.at("/predecessors/0/number"), json!(old.0));
        kz.send_with(Method::DELETE, &withholding, "*", None).await.expect(200);
        assert_eq!(leads(&app, &old).await, Some(new.url()));
        assert_eq!(app.get(&new.url()).await.at("/predecessors/0/number"), json!(old.0));
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_was_never_public_stays_so_when_it_is_merged(app) {
        let body = json!({"identifiers": [{"scheme": "KZ-BIN", "value": BIN}]});
        let old = Ngo(app.organisation("KZ").named("Zzyzx Gardeners").with(body).create().await.number);
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        app.get(&old.url()).await.problem(404, "not_found");
        assert_eq!(app.get(&new.url()).await.at("/predecessors"), json!([]));
        assert_eq!(searched(&app, "zzyzx gardeners").await, Vec::<String>::new());
        assert_eq!(listed(&app, &format!("identifier=KZ-BIN:{BIN}")).await, Vec::<String>::new());
        // Its officers know, and are told when they register it again.
        let kz = app.coordinator("KZ");
        assert_eq!(kz.get(&new.url()).await.at("/predecessors/0/number"), json!(old.0));
        assert_eq!(numbers(&kz.get(&format!("/v1/organisations?identifier=KZ-BIN:{BIN}")).await), std::slice::from_ref(&new.0));
        let again = json!({"country": "KZ", "names": [{"kind": "legal", "text": "Zzyzx Gardeners"}]});
        let refused = kz.post("/v1/organisations", again).await.problem(409, "possible_duplicate");
        assert_eq!(refused.at("/candidates/0/number"), json!(new.0), "{}", refused.text());
        // Without memberships too, a merge is undone.
        unmerge(&app, &old).await.expect(200);
        assert_eq!(kz.get(&old.url()).await.expect(200).str("/number"), old.0);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn what_is_public_is_not_merged_into_what_is_not(app) {
        let old = member(&app, "KZ", "Ends Sample").await;
        let hidden = app.organisation("KZ").create().await;
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let membership = format!("/v1/memberships/{}", office.get(&format!("{}/memberships", old.url())).await.str("/ids/0"));
        let into = json!({"successor": hidden.number, "reason": "Voted."});
        kz.act(&old.url(), "merge", into.clone()).await.problem(409, "act_not_possible");
        // Nor when it has left: former members stay public.
        kz.act(&membership, "withdrawal", json!({"reason": "The member's letter."})).await.expect(200);
        kz.act(&old.url(), "merge", into).await.problem(409, "act_not_possible");
        assert_eq!(leads(&app, &old).await, None);
    }
}

both! {
    async fn the_evidence_of_an_undoing_stands_with_the_successor_and_stays(app) {
        let old = member(&app, "KZ", "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let body = json!({"kind": "decision", "issuer": "Sample court", "issued_on": app.today(), "sha256": "ab".repeat(32)});
        let item = kz.post_seen(&format!("{}/evidence", new.url()), Some("*"), body).await.expect(201).at("/id");
        let path = format!("{}/evidence/{item}", new.url());
        let undoing = propose_undoing(&kz, &old, json!({"reason": "The court.", "evidence": [item]})).await.expect(202);
        kz.send_with(Method::DELETE, &path, "*", None).await.problem(409, "conflict");
        app.decide(&app.secretariat(), &proposal(&undoing), "approved", json!({})).await.expect(200);
        kz.send_with(Method::DELETE, &path, "*", None).await.problem(409, "conflict");
        let history = kz.get(&format!("{}/history", old.url())).await.expect(200);
        assert!(history.text().contains("\"evidence\""), "{}", history.text());
    }
}

both! {
    async fn of_a_decision_and_a_claim_on_the_identifier_at_once_one_counts(app) {
        let old = with_bin(&app, "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let undoing = proposal(&propose_undoing(&kz, &old, json!({"reason": "A mistake."})).await.expect(202));
        let revision = office.get(&undoing).await.at("/revision");
        let decision = json!({"outcome": "approved", "reason": "At once.", "revision": revision});
        let claim = json!({"scheme": "KZ-BIN", "value": BIN});
        let second = app.replica().await;
        let calls = [
            (office, app.clone(), format!("{undoing}/decision"), decision),
            (kz, second, format!("{}/identifiers", new.url()), claim),
        ];
        let [a, b] = calls.map(|(person, replica, path, body)| {
            let key = ots_registry::db::Id::random().unwrap().to_string();
            let request = person.request(Method::POST, &path)
                .insert_header(("Idempotency-Key", key)).insert_header(("If-Match", "*")).set_json(body);
            actix_web::rt::spawn(async move { replica.send(request).await })
        });
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        let statuses = (a.status, b.status);
        assert!(statuses == (200, 409) || statuses == (409, 201), "{} {}", a.text(), b.text());
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_file_that_names_a_taken_over_identifier_is_told_of_the_successor(app) {
        let old = with_bin(&app, "Ends Sample").await;
        let new = member(&app, "KZ", "Goes On Sample").await;
        merge(&app, &old, &new).await;
        let kz = app.coordinator("KZ");
        let file = format!("name,identifier:KZ-BIN\nQuite Another,{BIN}\n");
        let request = kz.request(Method::POST, "/v1/imports?country=KZ&source=list")
            .insert_header(("Idempotency-Key", ots_registry::db::Id::random().unwrap().to_string()))
            .insert_header(("Content-Type", "text/csv")).set_payload(file);
        let import = kz.send(request).await.expect(201).str("/id");
        let rows = kz.get(&format!("/v1/imports/{import}/rows")).await.expect(200);
        assert_eq!(rows.at("/items/0/outcome"), json!("possible_duplicate"), "{}", rows.text());
        assert!(rows.text().contains(&new.0) && !rows.text().contains(&old.0), "{}", rows.text());
    }
}

both! {
    async fn names_of_what_was_merged_across_a_border_are_read_as_its_own_country_reads_them(app) {
        let public = member(&app, "KZ", "«Қызыл Сәуле» қоғамдық қоры").await;
        let private = Ngo(app.organisation("KZ").named("«Көкжиек Cüce Ökilder» қоғамдық бірлестігі").create().await.number);
        let new = member(&app, "HU", "Gyöngyösi Szitakötők").await;
        let (kz, hu, kg) = (app.coordinator("KZ"), app.coordinator("HU"), app.coordinator("KG"));
        for old in [&public, &private] {
            let body = json!({"successor": new.0, "reason": "Voted."});
            let merging = kz.propose(&old.url(), "merge", body).await;
            app.decide(&hu, &merging, "approved", json!({})).await;
            app.decide(&app.secretariat(), &merging, "approved", json!({})).await;
            assert_eq!(kz.get(&old.url()).await.expect(307).header("location").unwrap(), new.url());
        }
        // In the old one's country it is not registered again, in whatever spelling and form.
        for name in ["«Қызыл Сәуле» қоғамдық қоры", "Qyzyl Säule Qoǵamdyq Qory", "Kyzyl Saule Public Foundation", "«Көкжиек Cüce Ökilder» қоғамдық бірлестігі", "Kokjiek Cuce Okilder"] {
            let body = json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]});
            let refused = kz.post("/v1/organisations", body).await.problem(409, "possible_duplicate");
            assert_eq!((refused.at("/candidates/0/number"), refused.at("/candidates/0/verdict")), (json!(new.0), json!("possible")), "{name}");
        }
        // Officers of either country find the successor by what was never public, others do not.
        let query = format!("/v1/organisations?q={}", encoded("Көкжиек Cüce Ökilder"));
        let body = json!({"items": [{"name": "«Көкжиек Cüce Ökilder» қоғамдық бірлестігі"}]});
        for person in [&kz, &hu, &app.secretariat()] {
            let found = person.get(&query).await.expect(200);
            assert_eq!((found.at("/items/0/number"), found.at("/items/0/found/found_in")), (json!(new.0), json!("merged_name")), "{}", found.text());
            let matched = person.post("/v1/match", body.clone()).await.expect(200);
            assert_eq!(matched.at("/items/0/chosen"), json!(new.0), "{}", matched.text());
        }
        assert_eq!(kg.get(&query).await.at("/items"), json!([]));
        let matched = kg.post("/v1/match", body).await.expect(200);
        assert_eq!(matched.at("/items/0/candidates"), json!([]));
        let body = json!({"country": "KG", "names": [{"kind": "legal", "text": "«Көкжиек Cüce Ökilder» қоғамдық бірлестігі"}]});
        kg.post("/v1/organisations", body).await.expect(201);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}

both! {
    async fn a_merge_tells_no_override_again_and_makes_no_identifier_worse(app) {
        let today = app.today();
        let (old, _) = app.member_since("KZ", json!({"effective_on": today - chrono::Days::new(30)})).await;
        let (old, into) = (Ngo(old.number), member(&app, "KZ", "Sample Into").await);
        let wrong = json!({"scheme": "KZ-BIN", "value": "950440001674", "override_reason": "So it stands in the register."});
        app.coordinator("KZ").act(&old.url(), "identifiers", wrong).await.expect(201);
        let auditor = app.auditor();
        let told = async || {
            let path = format!("/v1/reports/decisions/exceptions?from={today}&to={today}&kind=identifier_override");
            let list = auditor.get(&path).await.expect(200).at("/data/exceptions");
            let path = format!("/v1/reports/data-quality/records?as_of={}&criterion=identifiers_own&column=met", today - chrono::Days::new(1));
            let quality = auditor.get(&path);
            (list.as_array().unwrap().len(), quality.await.expect(200).at("/data/records").as_array().unwrap().len())
        };
        let before = told().await;
        assert_eq!(before, (1, 1));
        merge(&app, &old, &into).await;
        assert_eq!(told().await, before);
        unmerge(&app, &old).await.expect(200);
        assert_eq!(told().await, before);
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
