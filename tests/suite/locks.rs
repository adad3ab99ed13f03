//! The order of locks on PostgreSQL: an organisation, its memberships, and the journal's head last, on which everybody waits.
//!
//! Somebody holds a membership as every act on it does, another act is sent and comes to wait, and then the first one goes on:
//! whoever waits must hold nothing that it still needs. SQLite has one writer and nothing of this.

use std::sync::mpsc::{Sender, channel};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Principal, Role};
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

fn waiting(tx: &mut Tx<'_>) -> i64 {
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
