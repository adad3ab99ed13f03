//! The order of locks on PostgreSQL: an organisation, its memberships, and the journal's head last, on which everybody waits.
//!
//! Somebody holds a membership as every act on it does, another act is sent and comes to wait, and then the first one goes on:
//! whoever waits must hold nothing that it still needs. SQLite has one writer and nothing of this.

use std::sync::mpsc::{Sender, channel};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Principal, Role};
use ots_registry::db::schema::journal_head;
use ots_registry::db::{Conn, DatabaseUrl, Id, Tx};
use ots_registry::http::Error;
use ots_registry::memberships::model::EventKind;
use ots_registry::memberships::record::{self, Particulars};
use ots_registry::memberships::rules::Rules;
use serde_json::{Value, json};

use crate::kit::{Answer, App, Kind, Person};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many others wait for a lock.
pub fn waiting(tx: &mut Tx<'_>) -> i64 {
    let text = "SELECT count(*) AS n FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // What a transaction has seen of the others it would go on seeing.
    diesel::sql_query("SELECT pg_stat_clear_snapshot()")
        .execute(&mut **tx)
        .unwrap();
    let count: Count = diesel::sql_query(text).get_result(&mut **tx).unwrap();
    count.n
}

/// Holds a membership, tells so, looks on until somebody waits, and renews it.
fn hold_and_renew(url: &DatabaseUrl, (user, id): (Id, Id), held: &Sender<()>) -> Result<(), Error> {
    let rules = Rules::default_rules().map_err(Error::internal)?;
    let principal = Principal::User {
        id: user,
        session: user,
        role: Role::Secretariat,
        country: None,
    };
    let acting = Acting::on_behalf(principal, Action::Maintain)?;
    let mut tries = 0;
    let mut conn = Conn::open_for_work(url).map_err(Error::internal)?;
    conn.transact(|tx| {
        tries += 1;
        assert_eq!(tries, 1, "nothing was in the way");
        let row = record::lock(tx, &acting, &rules, id, None)?;
        held.send(()).map_err(Error::internal)?;
        while waiting(tx) == 0 {
            std::thread::yield_now();
        }
        diesel::sql_query("SELECT 1 FROM journal_head FOR UPDATE NOWAIT").execute(&mut **tx)?;
        let (kind, nothing) = (EventKind::Renewed {}, Particulars::default());
        record::record(tx, &acting, &rules, &row, kind, nothing, |_, _, _| Ok(()))?;
        Ok::<(), Error>(())
    })
}

/// Renews a membership while this request waits for it; gives what the request was answered.
async fn beside(app: &App, membership: &str, request: TestRequest) -> Answer {
    let id: Id = membership.rsplit('/').next().unwrap().parse().unwrap();
    let (url, user) = (app.url.clone(), app.secretariat().id);
    let (told, held) = channel();
    let first = std::thread::spawn(move || hold_and_renew(&url, (user, id), &told));
    held.recv().expect("the membership is held");
    let answer = app.send(request).await;
    first
        .join()
        .expect("it was tried once")
        .expect("it is recorded");
    answer
}

fn posted(person: &Person, path: &str, body: &Value) -> TestRequest {
    person
        .request(Method::POST, path)
        .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
        .set_json(body)
}

#[actix_web::test]
async fn a_dissolution_waits_for_an_act_on_a_membership_without_holding_others_up() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let az = app.coordinator("AZ");
    let (ngo, membership) = app.member("AZ").await;
    let tag = az.tag(&ngo.url()).await;
    let path = format!("{}/dissolution", ngo.url());
    let request = posted(&az, &path, &json!({"reason": "Struck off."}));
    let request = request.insert_header(("If-Match", tag));
    beside(&app, &membership, request).await.expect(200);
    assert_eq!(az.get(&membership).await.str("/state"), "dissolved");
    assert_eq!(app.findings(), Vec::<String>::new());
}

#[actix_web::test]
async fn a_transfer_waits_for_an_act_on_a_membership_without_holding_others_up() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let (az, office) = (app.coordinator("AZ"), app.secretariat());
    let (ngo, membership) = app.member("AZ").await;
    let move_to = json!({"to_country": "TM", "reason": "The seat moved."});
    let transfer = az.propose(&ngo.url(), "transfer", move_to).await;
    let revision = office.get(&transfer).await.at("/revision");
    let body = json!({"outcome": "approved", "reason": "So it is.", "revision": revision});
    let request = posted(&office, &format!("{transfer}/decision"), &body);
    beside(&app, &membership, request).await.expect(200);
    assert_eq!(app.get(&ngo.url()).await.str("/country"), "TM");
    assert_eq!(app.findings(), Vec::<String>::new());
}

#[actix_web::test]
async fn renewals_wait_for_an_act_on_one_of_them_without_holding_others_up() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let az = app.coordinator("AZ");
    let mut items = Vec::new();
    let mut last = String::new();
    for _ in 0..2 {
        let (_, membership) = app.member("AZ").await;
        let read = az.get(&membership).await;
        items.push(json!({"membership": read.str("/id"), "revision": read.at("/revision")}));
        last = membership;
    }
    let request = posted(&az, "/v1/renewals", &json!({ "items": items }));
    let done = beside(&app, &last, request).await.expect(200);
    // The second has another revision by then.
    assert_eq!(done.at("/renewed"), json!(1));
    assert_eq!(done.at("/items/1/code"), json!("stale_version"));
    assert_eq!(app.findings(), Vec::<String>::new());
}

/// Sends a request that comes to wait for the journal's head, and meanwhile does `lost` to the database in the head's turn.
async fn while_it_waits(app: &App, lost: &str, request: TestRequest) -> Answer {
    while_it_waits_for(app, "SELECT 1 FROM journal_head", lost, request).await
}

/// The same for a request that comes to wait for other rows.
async fn while_it_waits_for(app: &App, rows: &str, lost: &str, request: TestRequest) -> Answer {
    let mut gate = app.db_conn();
    gate.batch_execute(&format!("BEGIN; {rows} FOR UPDATE"))
        .unwrap();
    let sent = actix_web::rt::spawn({
        let app = app.clone();
        async move { app.send(request).await }
    });
    let mut looking = app.db_conn();
    let since = std::time::Instant::now();
    while looking.transact(|tx| Ok::<_, Error>(waiting(tx))).unwrap() == 0 {
        assert!(
            since.elapsed().as_secs() < 20,
            "the request reaches the head"
        );
        actix_web::rt::task::yield_now().await;
    }
    gate.batch_execute(&format!("{lost}; COMMIT")).unwrap();
    sent.await.unwrap()
}

#[actix_web::test]
async fn a_right_that_is_lost_while_an_act_waits_for_the_journal_writes_nothing() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let (kz, office) = (app.coordinator("KZ"), app.secretariat());
    let (_, membership) = app.member("KZ").await;
    let read = kz.get(&membership).await;
    let item = json!({"membership": read.str("/id"), "revision": read.at("/revision")});
    let (_, proposal) = app
        .recommended(&kz, &app.organisation("KZ").create().await.number)
        .await;
    let revision = office.get(&proposal).await.at("/revision");
    let body = json!({"outcome": "approved", "reason": "Looked at.", "revision": revision});
    let entries = |app: &App| {
        let newest = journal_head::table.select(journal_head::seq);
        newest.first::<i64>(&mut app.db_conn()).unwrap()
    };
    let office_is = |what: &str| format!("UPDATE users SET {what} WHERE id = {}", office.id.0);
    let sessions_end = format!(
        "UPDATE sessions SET ended_at = 1 WHERE user_id = {}",
        office.id.0
    );
    for lost in [
        office_is("status = 'disabled'"),
        office_is("role = 'auditor'"),
        sessions_end,
    ] {
        let before = entries(&app);
        let decision = posted(&office, &format!("{proposal}/decision"), &body);
        while_it_waits(&app, &lost, decision)
            .await
            .problem(401, "not_authenticated");
        assert_eq!(entries(&app), before, "{lost}");
        let held = kz.get(&proposal).await;
        assert_eq!(held.str("/status"), "open", "{lost}");
        let again = office_is("status = 'active', role = 'secretariat'");
        app.db_conn().batch_execute(&again).unwrap();
    }
    // What takes a row at a time breaks off as a whole.
    let before = entries(&app);
    let lost = format!(
        "UPDATE users SET status = 'disabled' WHERE id = {}",
        kz.id.0
    );
    let many = posted(&kz, "/v1/renewals", &json!({ "items": [item] }));
    while_it_waits(&app, &lost, many)
        .await
        .problem(401, "not_authenticated");
    assert_eq!(entries(&app), before);
}

#[actix_web::test]
async fn an_organisation_that_moves_while_a_change_waits_for_it_is_not_changed_by_the_country_that_it_left()
 {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let kz = app.coordinator("KZ");
    let (ngo, _) = app.member("KZ").await;
    let (number, url) = (ngo.number.as_str(), ngo.url());
    let patch = || {
        kz.request(Method::PATCH, &url)
            .set_json(json!({"city": "Taraz"}))
    };
    let name = json!({"kind": "alias", "text": "Sample of another country"});
    let requests = [
        patch(),
        posted(&kz, &format!("{url}/names"), &name),
        posted(
            &kz,
            &format!("{url}/memberships"),
            &json!({"type": "observer"}),
        ),
        posted(
            &kz,
            &format!("{url}/dissolution"),
            &json!({"reason": "Struck off."}),
        ),
    ];
    let rows = format!("SELECT 1 FROM organisations WHERE number = '{number}'");
    let lost = format!("UPDATE organisations SET country = 'TR' WHERE number = '{number}'");
    let back = format!("UPDATE organisations SET country = 'KZ' WHERE number = '{number}'");
    for request in requests {
        let request = request.insert_header(("If-Match", "*"));
        while_it_waits_for(&app, &rows, &lost, request)
            .await
            .problem(403, "forbidden");
        app.db_conn().batch_execute(&back).unwrap();
    }
    let other = app.member("TR").await.0.number;
    let pair = json!({"organisation": number, "other": other, "reason": "Two of them."});
    let request = posted(&kz, "/v1/duplicates/distinct", &pair);
    while_it_waits_for(&app, &rows, &lost, request)
        .await
        .problem(403, "forbidden");
    app.db_conn().batch_execute(&back).unwrap();
    assert_eq!(app.findings(), Vec::<String>::new());
    app.send(patch().insert_header(("If-Match", "*")))
        .await
        .expect(200);
}
