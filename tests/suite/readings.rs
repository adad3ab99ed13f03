//! Readings of private data, further: by a change that changes nothing, in lists, and on the command line.

use actix_web::http::Method;
use diesel::prelude::*;
use ots_registry::db::schema::distinct_pairs;
use ots_registry::duplicates::round::Extent;
use serde_json::{Value, json};

use crate::both;
use crate::duplicates::{look, register};
use crate::kit::process::{flag_of, program};
use crate::kit::{App, Person};
use crate::people::{told, with_contact};

/// What somebody's work adds to what auditors are told, and how many entries it makes.
async fn adds(app: &App, person: &Person, work: impl AsyncFnOnce()) -> (Vec<String>, usize) {
    let me = format!("&actor=user:{}", person.id);
    let entries = || {
        use ots_registry::db::schema::journal_head;
        let mut conn = app.db_conn();
        let seq: i64 = journal_head::table
            .select(journal_head::seq)
            .first(&mut conn)
            .unwrap();
        usize::try_from(seq).unwrap()
    };
    let (known, seq) = (told(app, &me).await.len(), entries());
    work().await;
    let mut new = told(app, &me).await.split_off(known);
    new.sort();
    (new, entries() - seq)
}

both! {
    async fn a_change_that_changes_nothing_is_a_reading(app) {
        let number = with_contact(&app, "KZ").await;
        let url = format!("/v1/organisations/{number}");
        let (kz, office) = (app.coordinator("KZ"), app.secretariat());
        let item = kz.get(&format!("{url}/contacts")).await.expect(200).at("/items/0/id");
        let whole = [format!("organisation.contacts {number} 1"), format!("organisation.private {number} 1")];
        let patch = async |person: &Person, path: &str, body: Value| {
            person.send_with(Method::PATCH, path, "*", Some(body)).await.expect(200);
        };
        // It shows everything and leaves no entry; so it leaves a row.
        assert_eq!(adds(&app, &kz, async || patch(&kz, &url, json!({})).await).await, (whole.to_vec(), 0));
        let account = format!("/v1/users/{}", kz.id);
        let row = format!("account user:{} 1", kz.id);
        assert_eq!(adds(&app, &office, async || patch(&office, &account, json!({})).await).await, (vec![row], 0));
        // A change is in the journal and is no reading; so is a contact person who is said once more.
        assert_eq!(adds(&app, &kz, async || patch(&kz, &url, json!({"city": "Astana"})).await).await, (vec![], 1));
        assert_eq!(adds(&app, &kz, async || patch(&kz, &url, json!({"city": "Astana"})).await).await, (whole.to_vec(), 0));
        let contact = json!({"name": "Sample Contact", "position": "Secretary", "email": "person@sample.example", "phone": "+000 111"});
        let said = async || patch(&kz, &format!("{url}/contacts/{item}"), contact).await;
        assert_eq!(adds(&app, &kz, said).await, (vec![], 1));
        assert_eq!(app.findings(), Vec::<String>::new(), "its row names that entry, which speaks of it");
        // Oneself is nobody's reading.
        let own = format!("/v1/users/{}", office.id);
        assert_eq!(adds(&app, &office, async || patch(&office, &own, json!({})).await).await, (vec![], 0));
    }
}

both! {
    async fn every_proposal_of_a_list_is_told_of(app) {
        let kz = app.coordinator("KZ");
        let number = app.organisation("KZ").create().await.number;
        let (_, proposal) = app.recommended(&kz, &number).await;
        let id = proposal.rsplit('/').next().unwrap().to_owned();
        let office = app.secretariat();
        let row = vec![format!("membership proposal:{id} 1")];
        for path in ["/v1/proposals".to_owned(), "/v1/proposals?status=open".to_owned(), format!("/v1/proposals/{id}")] {
            let read = async || drop(office.get(&path).await.expect(200));
            assert_eq!(adds(&app, &office, read).await, (row.clone(), 0), "{path}");
        }
        let none = async || drop(office.get("/v1/proposals?status=refused").await.expect(200));
        assert_eq!(adds(&app, &office, none).await.0, Vec::<String>::new());
    }
}

both! {
    async fn identifiers_side_by_side_are_a_reading_of_each_organisation(app) {
        let kz = app.coordinator("KZ");
        let mut made: Vec<String> = Vec::new();
        for name in ["Бақшашылар одағы", "Bakshashylar odagy"] {
            let mut more = json!({"identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]});
            if !made.is_empty() {
                more["identifiers"] = json!([]);
                more["distinct_from"] = json!(made.clone());
                more["distinct_reason"] = json!("Written from an old list.");
            }
            made.push(register(&kz, "KZ", name, more).await.expect(201).str("/number"));
        }
        diesel::delete(distinct_pairs::table).execute(&mut app.db_conn()).unwrap();
        look(&app, Extent::Whole);
        let read = async || {
            let page = kz.get("/v1/duplicates").await.expect(200);
            assert!(page.text().contains("950440001673"), "{}", page.text());
        };
        let mut rows: Vec<String> = made.iter().map(|number| format!("organisation.private {number} 1")).collect();
        rows.sort();
        assert_eq!(adds(&app, &kz, read).await, (rows, 0));
        // Whoever sees none of it reads none.
        let kg = app.coordinator("KG");
        assert_eq!(adds(&app, &kg, async || drop(kg.get("/v1/duplicates").await.expect(200))).await.0, Vec::<String>::new());
        for number in made {
            assert_eq!(told(&app, &format!("&subject={number}")).await, [format!("organisation.private {number} 1")]);
        }
    }
}

both! {
    async fn an_organisation_has_one_name_in_all_readings(app) {
        let number = with_contact(&app, "KZ").await;
        let auditor = app.auditor();
        let entries = auditor.get(&format!("/v1/journal?organisation={number}")).await.expect(200);
        let seq = entries.at("/items/0/seq");
        assert_eq!(entries.str("/items/0/subject"), format!("organisation:{number}"));
        auditor.get(&format!("/v1/journal/{seq}")).await.expect(200);
        let by_subject = auditor.get(&format!("/v1/journal?subject=organisation:{number}")).await.expect(200);
        let rows = told(&app, &format!("&subject={number}&actor=user:{}", auditor.id)).await;
        let of = |page: &crate::kit::Answer| page.at("/items").as_array().unwrap().len();
        let (of_all, of_subject) = (of(&entries), of(&by_subject));
        assert_eq!(rows, [format!("journal {number} {of_all}"), format!("journal {number} 1"), format!("journal {number} {of_subject}")]);
    }
}

both! {
    async fn the_sessions_of_somebody_else_are_a_reading(app) {
        let (office, kz) = (app.secretariat(), app.coordinator("KZ"));
        let path = format!("/v1/users/{}/sessions", kz.id);
        let held = office.get(&path).await.expect(200).at("/items").as_array().unwrap().len();
        let read = async || drop(office.get(&path).await.expect(200));
        assert_eq!(adds(&app, &office, read).await, (vec![format!("account user:{} {held}", kz.id)], 0));
        let own = format!("/v1/users/{}/sessions", office.id);
        assert_eq!(adds(&app, &office, async || drop(office.get(&own).await.expect(200))).await.0, Vec::<String>::new());
    }
}

both! {
    async fn what_the_operator_reads_on_the_command_line_is_told_too(app) {
        with_contact(&app, "KZ").await;
        let (kz, auditor) = (app.coordinator("KZ"), app.auditor());
        let url = flag_of(&app.url);
        let run = |words: &[&str]| {
            let output = program(&[words, &["--database-url", &url]].concat()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let operator = "&actor=operator";
        assert!(run(&["user", "list"]).contains(&format!("{}@sample.example", kz.id)));
        let rows = told(&app, operator).await;
        for person in [&kz, &auditor] {
            assert!(rows.contains(&format!("account user:{} 1", person.id)), "{rows:?}");
        }
        // What may be public is nobody's reading.
        assert!(!run(&["journal", "export", "-"]).contains("Sample Contact"));
        assert_eq!(told(&app, operator).await.len(), rows.len());
        let all = run(&["journal", "export", "-", "--facts", "all"]);
        assert!(all.contains("Sample Contact"));
        let entries = all.lines().filter(|line| line.contains("\"facts_hash\"")).count();
        assert_eq!(told(&app, operator).await.split_off(rows.len()), [format!("journal journal {entries}")]);
    }
}
