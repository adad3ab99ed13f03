//! What only several processes over one database can show.

use std::sync::Barrier;

use diesel::prelude::*;
use ots_registry::auth::secrets::{Secret, digest};
use ots_registry::db::schema::sessions;
use ots_registry::db::{Id, Instant};
use serde_json::json;

use crate::kit::process::{Service, Wire, keys_of};
use crate::kit::{App, Kind, Person};

const CLIENTS: usize = 64;
const ROUNDS: usize = 200;

/// A session with a refresh token that was never used; gives the token.
fn db_session(app: &App, person: &Person) -> (Id, String) {
    let (id, secret) = (Id::random().unwrap(), Secret::random().unwrap());
    let now = Instant::now();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(person.id),
            sessions::refresh_hash.eq(digest(secret.reveal())),
            sessions::generation.eq(1),
            sessions::created_at.eq(now.0),
            sessions::last_used_at.eq(now.0),
            sessions::expires_at.eq(now.plus_seconds(3600).0),
        ))
        .execute(&mut app.db_conn())
        .unwrap();
    (id, format!("{id}.{}", secret.reveal()))
}

#[actix_web::test]
async fn of_64_refreshes_at_once_by_two_processes_one_wins_in_each_of_200_rounds() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let keys = keys_of("two-processes");
    let services = [
        Service::start(&app.url, &keys),
        Service::start(&app.url, &keys),
    ];
    let person = app.auditor();
    let tokens: Vec<(Id, String)> = (0..ROUNDS).map(|_| db_session(&app, &person)).collect();
    let barrier = Barrier::new(CLIENTS);
    let answers: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (service, tokens, barrier) = (&services[n % 2], &tokens, &barrier);
                scope.spawn(move || {
                    let mut wire = Wire::to(service);
                    let refresh = |(_, token): &(Id, String)| {
                        let body = json!({"refresh_token": token}).to_string();
                        barrier.wait();
                        wire.post("/v1/auth/refresh", &body).0
                    };
                    tokens.iter().map(refresh).collect()
                })
            })
            .collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    });
    for round in 0..ROUNDS {
        let of_round: Vec<u16> = answers.iter().map(|a| a[round]).collect();
        let won = of_round.iter().filter(|s| **s == 200).count();
        let lost = of_round.iter().filter(|s| **s == 401).count();
        assert_eq!((won, lost), (1, CLIENTS - 1), "round {round}: {of_round:?}");
    }
    // Whoever came second with a token ended its family, whatever process it came to.
    let ended: i64 = sessions::table
        .filter(sessions::id.eq_any(tokens.iter().map(|(id, _)| *id)))
        .filter(sessions::end_reason.eq("reuse"))
        .count()
        .get_result(&mut app.db_conn())
        .unwrap();
    assert_eq!(usize::try_from(ended), Ok(ROUNDS));
}
