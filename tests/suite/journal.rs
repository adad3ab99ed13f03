//! The journal: every change is in it, in the same transaction; `journal verify` finds what should not be so.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use ots_registry::cli::{journal_check, recorded_tables};
use ots_registry::db::{Conn, Instant};
use ots_registry::organisations::refold;
use serde_json::json;

use crate::both;
use crate::kit::{Answer, App};

/// Findings of the whole check, as text.
fn findings(app: &App) -> Vec<String> {
    let (report, deviations) = journal_check(&mut app.db_conn(), |_| {}).unwrap();
    let mut found: Vec<String> = report
        .findings
        .into_iter()
        .map(|f| format!("{:?} {}", f.seq, f.text))
        .collect();
    found.extend(deviations);
    found
}

/// A registry with a bit of everything, made through the API alone.
pub async fn lively(app: &App) -> String {
    let office = app.secretariat();
    let ngo = app
        .organisation("KZ")
        .with(json!({"identifiers": [{"scheme": "KZ-BIN", "value": "950440001673"}]}))
        .active()
        .create()
        .await;
    let kz = app.coordinator("KZ");
    kz.patch(&ngo.url(), json!({"city": "Astana", "phone": "+000 000"}))
        .await
        .expect(200);
    for (list, body) in [
        ("names", json!({"kind": "alias", "text": "Sample Alias"})),
        ("contacts", json!({"name": "Sample Contact"})),
        (
            "evidence",
            json!({"kind": "register_extract", "issuer": "Sample Office", "issued_on": "2020-01-01", "sha256": "ab".repeat(32)}),
        ),
    ] {
        let tag = kz.tag(&ngo.url()).await;
        kz.post_seen(&format!("{}/{list}", ngo.url()), Some(&tag), body)
            .await
            .expect(201);
    }
    let tag = kz.tag(&ngo.url()).await;
    kz.send_with(
        actix_web::http::Method::DELETE,
        &format!("{}/names/3", ngo.url()),
        &tag,
        None,
    )
    .await
    .expect(204);
    office
        .post(
            "/v1/users",
            json!({"email": "new@sample.example", "name": "Sample", "role": "auditor"}),
        )
        .await
        .expect(201);
    office
        .post(
            "/v1/api-keys",
            json!({"name": "Sample partner", "scopes": ["read"]}),
        )
        .await
        .expect(201);
    ngo.number
}

/// What the check finds beyond the accounts that the kit wrote past the API.
pub fn new_findings(app: &App) -> Vec<String> {
    findings(app)
        .into_iter()
        .filter(|f| !(f.contains("users ") && f.contains("a row that no entry explains")))
        .collect()
}

both! {
    async fn a_lively_registry_is_clean(app) {
        lively(&app).await;
        assert_eq!(new_findings(&app), Vec::<String>::new());
    }
}

/// Switches the triggers off, as somebody with the database's password would.
fn forge(app: &App, sql: &str) {
    let mut conn = app.db_conn();
    let open = if conn.is_postgres() {
        "SET session_replication_role = replica;"
    } else {
        "PRAGMA foreign_keys = OFF;
         DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete;
         DROP TRIGGER journal_facts_no_update; DROP TRIGGER journal_facts_no_delete;
         DROP TRIGGER membership_events_no_update; DROP TRIGGER membership_events_no_delete;"
    };
    conn.batch_execute(open).unwrap();
    conn.batch_execute(sql).unwrap();
}

macro_rules! finds {
    ($($name:ident: $sql:expr;)*) => { $(
        both! {
            async fn $name(app) {
                lively(&app).await;
                assert_eq!(new_findings(&app), Vec::<String>::new());
                forge(&app, $sql);
                assert_ne!(new_findings(&app), Vec::<String>::new(), "{}", $sql);
            }
        }
    )* };
}

finds! {
    an_edited_entry_is_found: "UPDATE journal SET actor = 'user:somebody' WHERE seq = 3";
    an_edited_instant_is_found: "UPDATE journal SET recorded_at = recorded_at + 1 WHERE seq = 3";
    a_deleted_entry_is_found: "DELETE FROM journal_facts WHERE seq = 3; DELETE FROM journal WHERE seq = 3";
    an_inserted_entry_is_found: "INSERT INTO journal (seq, recorded_at, actor, action, subject, facts_hash, hash) \
        SELECT 1000, recorded_at, actor, action, subject, facts_hash, hash FROM journal WHERE seq = 3";
    two_swapped_entries_are_found: "UPDATE journal SET seq = -1 WHERE seq = 3; UPDATE journal SET seq = 3 WHERE seq = 4; \
        UPDATE journal SET seq = 4 WHERE seq = -1";
    a_cut_tail_is_found: "DELETE FROM journal_facts WHERE seq = (SELECT seq FROM journal_head); \
        DELETE FROM journal WHERE seq = (SELECT seq FROM journal_head)";
    an_edited_fact_is_found: "UPDATE journal_facts SET body = replace(body, 'Astana', 'Almaty')";
    a_forgotten_fact_without_a_decision_is_found: "UPDATE journal_facts SET salt = NULL, body = NULL WHERE seq = 3 AND item = 0";
    an_edited_organisation_is_found: "UPDATE organisations SET city = 'Almaty'";
    an_inserted_organisation_name_is_found: "INSERT INTO organisation_names (organisation_id, item, kind, text, key_plain, key_skeleton, fold_version, seq) \
        SELECT organisation_id, 99, 'alias', 'x', 'x', 'x', 1, seq FROM organisation_names WHERE item = 1";
    a_deleted_identifier_is_found: "DELETE FROM organisation_identifiers";
    an_edited_event_is_found: "UPDATE membership_events SET effective_on = '2001-01-01' WHERE kind = 'admitted'";
    a_deleted_event_is_found: "DELETE FROM membership_events WHERE no = 1";
    an_edited_timeline_is_found: "UPDATE membership_intervals SET to_day = NULL WHERE state = 'active'";
    a_timeline_of_no_membership_is_found: "INSERT INTO membership_intervals (membership_id, from_day, known_from, to_day, known_to, organisation_id, \
        state, membership_type, country) SELECT 4242, '2021-01-01', 1, NULL, 9223372036854775807, id, 'active', 'full', country FROM organisations";
    a_coming_of_no_membership_is_found: "INSERT INTO membership_flows (membership_id, on_day, no, known_from, known_to, organisation_id, kind, \
        country, membership_type) SELECT 4242, '2021-01-01', 1, 1, 9223372036854775807, id, 'joined', country, 'full' FROM organisations";
    a_term_of_no_membership_is_found: "INSERT INTO membership_due (membership_id, due_on) VALUES (4242, '2030-01-01')";
    the_position_of_an_account_is_found: "UPDATE users SET seq = seq - 1 WHERE email = 'new@sample.example'";
    the_position_of_a_key_is_found: "UPDATE api_keys SET seq = seq - 1";
    an_edited_decision_is_found: "UPDATE proposals SET decider = 'user:somebody'";
    a_raised_account_is_found: "UPDATE users SET role = 'secretariat' WHERE email = 'new@sample.example'";
    an_exchanged_password_is_found: "UPDATE users SET password_hash = 'x' WHERE email = 'new@sample.example'";
    a_prolonged_key_is_found: "UPDATE api_keys SET expires_at = expires_at + 1";
    an_exchanged_address_of_an_account_is_found: "UPDATE users SET email = 'x@sample.example' WHERE email = 'new@sample.example'";
}

both! {
    async fn keys_of_an_older_folding_are_made_anew_and_the_record_stays_as_it_is(app) {
        use diesel::prelude::*;
        use ots_registry::db::schema::{organisation_names as names, organisations};
        let number = lively(&app).await;
        let other = app.organisation("KZ").named("Sample Untouched").create().await;
        let url = format!("/v1/organisations/{number}");
        let (tag, before) = (app.coordinator("KZ").tag(&url).await, app.coordinator("KZ").get(&url).await.json());
        let mut conn = app.db_conn();
        let keys = |conn: &mut Conn| {
            let names: Vec<(i64, i32, String, String, i32)> = names::table
                .order((names::organisation_id, names::item))
                .select((names::organisation_id, names::item, names::key_plain, names::key_skeleton, names::fold_version))
                .load(conn)
                .unwrap();
            let sorted: Vec<(i64, String)> =
                organisations::table.order(organisations::id).select((organisations::id, organisations::sort_key)).load(conn).unwrap();
            (names, sorted)
        };
        let as_folded = keys(&mut conn);
        conn.batch_execute(&format!(
            "UPDATE organisation_names SET key_plain = 'old', key_skeleton = 'old', fold_version = 1 \
             WHERE organisation_id = (SELECT id FROM organisations WHERE number = '{number}'); \
             UPDATE organisations SET sort_key = 'old' WHERE number = '{number}'"
        ))
        .unwrap();
        assert_ne!(keys(&mut conn), as_folded);
        let mut organisations = 0;
        loop {
            let step = conn.transact(|tx| refold::step(tx, Instant::now())).unwrap();
            organisations += step.organisations;
            if step.done {
                break;
            }
        }
        assert_eq!(organisations, 1);
        assert_eq!(keys(&mut conn), as_folded);
        assert_eq!(new_findings(&app), Vec::<String>::new());
        assert_eq!(app.coordinator("KZ").tag(&url).await, tag);
        assert_eq!(app.coordinator("KZ").get(&url).await.json(), before);
        let entries = app.auditor().get("/v1/journal?action=organisation.refolded").await.expect(200);
        assert_eq!(entries.at("/items").as_array().unwrap().len(), 1);
        assert_eq!(entries.str("/items/0/actor"), "system:names");
        assert_eq!(entries.str("/items/0/organisation"), number);
        assert!(!entries.text().contains(&other.number));
        // Nothing is left to do, and keys of a newer folding stay.
        conn.batch_execute("UPDATE organisation_names SET fold_version = 1").unwrap();
        assert!(conn.transact(|tx| refold::step(tx, Instant::now())).unwrap().done);
    }
}

both! {
    async fn an_account_that_no_entry_explains_is_found(app) {
        app.secretariat();
        assert!(findings(&app).iter().any(|f| f.contains("users ") && f.contains("a row that no entry explains")));
    }
}

both! {
    async fn an_auditor_reads_the_journal_without_personal_data(app) {
        let number = lively(&app).await;
        let auditor = app.auditor();
        let page = auditor.get(&format!("/v1/journal?organisation={number}&limit=2")).await.expect(200);
        let seqs: Vec<i64> = page.at("/items").as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect();
        let next = page.str("/page/next");
        let rest = auditor.get(&format!("/v1/journal?organisation={number}&limit=200&cursor={next}")).await;
        rest.clone().problem(400, "bad_cursor");
        let rest = auditor.get(&format!("/v1/journal?organisation={number}&limit=2&cursor={next}")).await.expect(200);
        assert!(rest.at("/items/0/seq").as_i64().unwrap() > seqs[1]);
        let again = auditor.get(&format!("/v1/journal?organisation={}&limit=2", number.to_lowercase().replace('-', ""))).await.expect(200);
        assert_eq!(again.at("/items"), page.at("/items"), "another spelling of the number");
        let refused = auditor.get("/v1/journal?organisation=OTS-7K3M9Q2-55").await.problem(400, "bad_parameter");
        assert_eq!(refused.str("/fields/0/pointer"), "organisation");
        let all = auditor.get("/v1/journal?limit=200").await.expect(200);
        assert!(!all.text().contains("Sample Contact") && !all.text().contains("new@sample.example"), "personal data is left out");
        assert!(all.text().contains("Astana"));
        let one = auditor.get("/v1/journal/1").await.expect(200);
        assert_eq!(one.at("/seq"), 1);
        // By subject: an organisation's entries are found by the organisation, others by their own index.
        let subjects = |page: &Answer| -> Vec<String> {
            page.at("/items").as_array().unwrap().iter().map(|e| e["subject"].as_str().unwrap().to_owned()).collect()
        };
        let wanted = subjects(&all);
        for subject in [format!("organisation:{number}"), wanted.iter().find(|s| s.starts_with("user:")).unwrap().clone()] {
            let found = subjects(&auditor.get(&format!("/v1/journal?subject={subject}&limit=200")).await.expect(200));
            assert!(!found.is_empty() && found.len() == wanted.iter().filter(|s| **s == subject).count(), "{subject}: {found:?}");
            assert!(found.iter().all(|one| *one == subject), "{subject}: {found:?}");
        }
        auditor.get("/v1/journal/999999").await.problem(404, "not_found");
        app.coordinator("KZ").get("/v1/journal").await.problem(403, "forbidden");
        app.secretariat().get("/v1/journal").await.problem(403, "forbidden");
    }
}

both! {
    async fn a_refused_change_leaves_no_entry(app) {
        let kz = app.coordinator("KZ");
        let before = app.auditor().get("/v1/journal?limit=200").await.at("/items").as_array().unwrap().len();
        kz.post("/v1/organisations", json!({"country": "KZ", "names": []})).await.expect(422);
        kz.post("/v1/organisations", json!({"country": "KG", "names": [{"kind": "legal", "text": "Sample"}]})).await.expect(403);
        let after = app.auditor().get("/v1/journal?limit=200").await.at("/items").as_array().unwrap().len();
        assert_eq!(before, after);
    }
}

both! {
    async fn writers_at_once_make_a_journal_without_gaps(app) {
        let replica = app.replica().await;
        let calls: Vec<_> = (0..24)
            .map(|n| {
                let app = if n % 2 == 0 { app.clone() } else { replica.clone() };
                actix_web::rt::spawn(async move { app.organisation("HU").create().await })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        let seqs = app.auditor().get("/v1/journal?limit=200").await.at("/items").as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect::<Vec<_>>();
        assert_eq!(seqs, (1..=24).collect::<Vec<i64>>());
        assert_eq!(new_findings(&app), Vec::<String>::new());
    }
}

/// The words between backticks in a text.
fn named(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_table_is_recorded_or_its_reason_is_told_where_the_journal_is_described() {
    let page = include_str!("../../docs/journal.md");
    let schema = include_str!("../../src/db/schema.rs");
    let tables = schema.split("diesel::table! {").skip(1);
    let tables: BTreeSet<&str> = tables
        .filter_map(|table| table.split_once(" (")?.0.split_whitespace().last())
        .collect();
    assert!(tables.len() > 40, "{tables:?}");
    let (_, rest) = page.split_once("Recorded tables: ").unwrap();
    let told = named(rest.split_once("\n\n").unwrap().0);
    let recorded: BTreeSet<&str> = recorded_tables().iter().map(|table| table.name).collect();
    assert_eq!(told, recorded);
    let (_, machinery) = page.split_once("## What is not in the journal").unwrap();
    let rows = machinery
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let firsts: Vec<String> = rows
        .map(|row| format!("`{}", row.split(" |").next().unwrap()))
        .collect();
    let mut machinery: BTreeSet<&str> = firsts.iter().flat_map(|cell| named(cell)).collect();
    // The migration tool's own, which is not in the schema.
    assert!(machinery.remove("__diesel_schema_migrations"));
    let both: Vec<_> = machinery.intersection(&recorded).collect();
    assert!(both.is_empty(), "{both:?} are told to be both");
    let all: BTreeSet<&str> = machinery.union(&recorded).copied().collect();
    assert_eq!(all, tables);
}
