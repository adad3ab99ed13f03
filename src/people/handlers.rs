//! A person's data: exporting and erasing it.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::dto::{Erase, Erasure, PersonalData};
use super::{Subject, emptying, erase, export};
use crate::auth::Permit;
use crate::auth::policy::acts::{ErasePerson, ExportPerson, OwnAccount};
use crate::db::{Db, Id};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Error, Json, NoQuery, Path, docs, private};
use crate::organisations::parse_number;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_own_personal_data)
        .service(get_user_personal_data)
        .service(erase_user)
        .service(get_contact_personal_data)
        .service(erase_contact);
}

fn account(text: &str) -> Result<Subject, Error> {
    let id: Result<Id, _> = text.parse();
    id.map(Subject::Account)
        .map_err(|_| Error::not_found("account"))
}

fn contact((number, item): (String, i32)) -> Result<Subject, Error> {
    Ok(Subject::Contact(parse_number(&number)?, item))
}

async fn exported(
    request: HttpRequest,
    permit: Permit<ExportPerson>,
    subject: Subject,
) -> Result<HttpResponse, Error> {
    let found = permit
        .snapshot(move |conn, acting| export(conn, acting, &subject))
        .await?;
    private(&request, None, &found)
}

async fn erased(
    db: &Db,
    permit: Permit<ErasePerson>,
    once: Once,
    body: Json<Erase>,
    subject: Subject,
) -> Result<HttpResponse, Error> {
    let reason = body.body.reason;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            Answer::json(200, &erase(tx, acting, &subject, &reason)?)
        })
        .await?;
    // It is done either way; a job empties the log of SQLite where that is not possible now.
    emptying::settle(db).await;
    Ok(answer.respond())
}

/// Exports everything that is held of oneself.
///
/// From the account, its sessions and links, and the journal's personal items, with where and since when. Passwords and tokens are
/// kept as hashes only and not told.
#[utoipa::path(
    tag = "people", operation_id = "get_own_personal_data", security(("bearer" = [])),
    responses((status = 200, description = "What is held", body = PersonalData), docs::OfficerData)
)]
#[get("/auth/me/personal-data")]
async fn get_own_personal_data(
    request: HttpRequest,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let found = permit
        .snapshot(|conn, acting| {
            let id = acting.user_id();
            let id = id.ok_or_else(|| Error::not_found("account"))?;
            export(conn, acting, &Subject::Account(id))
        })
        .await?;
    private(&request, None, &found)
}

/// Exports everything that is held of whoever has an account.
///
/// From the account, its sessions and links, rows of imports that hold its address, and the journal's personal items. It is recorded
/// who asked.
#[utoipa::path(
    tag = "people", operation_id = "get_user_personal_data", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "What is held", body = PersonalData), docs::OfficerRead)
)]
#[get("/users/{id}/personal-data")]
async fn get_user_personal_data(
    request: HttpRequest,
    permit: Permit<ExportPerson>,
    _query: NoQuery,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let subject = account(&id.0)?;
    exported(request, permit, subject).await
}

/// Erases the data of whoever has an account.
///
/// The account must be disabled. Name and e-mail address go from the account and the journal's items, its addresses also from imports
/// and kept answers; its sessions and links go too. The account's id stays, so that the journal still says who did what. It cannot be
/// undone.
#[utoipa::path(
    tag = "people", operation_id = "erase_user", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz"),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-erasure-1")
    ),
    request_body(content = Erase, description = "Why"),
    responses((status = 200, description = "What was erased", body = Erasure), docs::Erase)
)]
#[post("/users/{id}/erasure")]
async fn erase_user(
    permit: Permit<ErasePerson>,
    _query: NoQuery,
    once: Once,
    db: web::Data<Db>,
    id: Path<String>,
    body: Json<Erase>,
) -> Result<HttpResponse, Error> {
    let subject = account(&id.0)?;
    erased(&db, permit, once, body, subject).await
}

/// Exports everything that is held of a contact person.
///
/// Also of one who was removed from the list: what the journal recorded, and rows of imports with the name, address or telephone
/// number. It is recorded who asked.
#[utoipa::path(
    tag = "people", operation_id = "get_contact_personal_data", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1)
    ),
    responses((status = 200, description = "What is held", body = PersonalData), docs::OfficerRead)
)]
#[get("/organisations/{number}/contacts/{item}/personal-data")]
async fn get_contact_personal_data(
    request: HttpRequest,
    permit: Permit<ExportPerson>,
    _query: NoQuery,
    place: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    let subject = contact(place.0)?;
    exported(request, permit, subject).await
}

/// Erases the data of a contact person.
///
/// Also of one who was removed from the list. The values go from the list, the journal's items, imports and kept answers; that
/// somebody was there stays. The reason must not hold a word of the person's name. It cannot be undone.
#[utoipa::path(
    tag = "people", operation_id = "erase_contact", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-erasure-1")
    ),
    request_body(content = Erase, description = "Why"),
    responses((status = 200, description = "What was erased", body = Erasure), docs::Erase)
)]
#[post("/organisations/{number}/contacts/{item}/erasure")]
async fn erase_contact(
    permit: Permit<ErasePerson>,
    _query: NoQuery,
    once: Once,
    db: web::Data<Db>,
    place: Path<(String, i32)>,
    body: Json<Erase>,
) -> Result<HttpResponse, Error> {
    let subject = contact(place.0)?;
    erased(&db, permit, once, body, subject).await
}
