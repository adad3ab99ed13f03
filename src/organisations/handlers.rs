//! Registering and changing organisations.

use crate::http::Routes;
use actix_web::{HttpResponse, delete, patch, post, put, web};

use super::candidates::Lookout;
use super::dto::{ChangeOrganisation, Organisation, RegisterOrganisation, Withhold};
use super::read_handlers::{self, parse_number};
use super::rows::OrganisationRow;
use super::{change, item_handlers, register, search_handlers, view, whole, withhold};
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::db::Tx;
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::search::Search;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(read_handlers::list_organisations)
        .service(read_handlers::get_organisation)
        .service(read_handlers::list_organisation_history)
        .service(search_handlers::suggest_organisations)
        .service(search_handlers::compare_names)
        .service(search_handlers::match_organisations)
        .service(register_organisation)
        .service(change_organisation)
        .service(withhold_organisation)
        .service(show_organisation);
    item_handlers::routes(config);
}

/// The whole organisation as the answer of a write: of a change of what was there before, or of a registration.
fn whole(
    tx: &mut Tx<'_>,
    acting: &Acting,
    countries: &Countries,
    before: Option<&OrganisationRow>,
    row: OrganisationRow,
) -> Result<Answer, Error> {
    let version = row.version;
    let number = row.number.clone();
    let today = acting.now().day();
    let whole = whole::by_number(tx, acting.reach(), today, &number)?;
    let body = view::organisation(tx, countries, whole, acting.reach(), today)?;
    let Some(before) = before else {
        let answer = Answer::json(201, &body)?.version(version);
        return Ok(answer.location(format!("/v1/organisations/{number}")));
    };
    // What changes nothing is in no journal, and has read all the same.
    if before.version == version {
        read_handlers::saw(acting, &body);
    }
    Ok(Answer::json(200, &body)?.version(version))
}

/// Registers an organisation.
///
/// Where it may be registered already, the answer is 409 with the candidates, scored, explained and side by side with what was
/// written. If it is none of them, name them all in `distinct_from` and give `distinct_reason`; both are recorded. It is not public
/// before its first active membership.
#[utoipa::path(
    tag = "organisations", operation_id = "register_organisation", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-organisation-1")),
    request_body(content = RegisterOrganisation, description = "The organisation"),
    responses((status = 201, description = "The organisation", body = Organisation), docs::Register)
)]
#[post("/organisations")]
async fn register_organisation(
    permit: Permit<acts::RegisterOrganisation>,
    _query: NoQuery,
    once: Once,
    (countries, search): (web::Data<Countries>, web::Data<Search>),
    body: Json<RegisterOrganisation>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let lookout = Lookout {
                countries: &countries,
                search: Some(&search),
            };
            let done = register::register(tx, acting, lookout, &body.body)?;
            whole(tx, acting, &countries, None, done.row)
        })
        .await?;
    Ok(answer.respond())
}

/// Changes an organisation's plain fields.
///
/// A JSON Merge Patch: a field that is absent stays, null clears it. Names, identifiers, contacts, relations and
/// evidence are lists with addresses of their own. A patch that changes nothing makes no new version.
#[utoipa::path(
    tag = "organisations", operation_id = "change_organisation", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")
    ),
    request_body(content(
        (ChangeOrganisation = "application/merge-patch+json"), (ChangeOrganisation = "application/json")
    ), description = "The changes"),
    responses((status = 200, description = "The organisation", body = Organisation), docs::Change)
)]
#[patch("/organisations/{number}")]
async fn change_organisation(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    countries: web::Data<Countries>,
    number: Path<String>,
    body: Json<ChangeOrganisation>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let body = body.body;
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock(tx, acting, &number, Some(&seen))?;
            let row = change::change_plain(tx, acting, &before, body.clone())?;
            whole(tx, acting, &countries, Some(&before), row)
        })
        .await?;
    Ok(answer.respond())
}

/// Withholds a whole record at once.
///
/// From then on nobody outside its country's coordinators, the secretariat and auditors can find or read it, by whatever way. A record
/// that was merged into another takes it too: then its successor no longer tells of it.
#[utoipa::path(
    tag = "organisations", operation_id = "withhold_organisation", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")
    ),
    request_body(content = Withhold, description = "Why"),
    responses((status = 200, description = "The organisation", body = Organisation), docs::Change)
)]
#[put("/organisations/{number}/withholding")]
async fn withhold_organisation(
    permit: Permit<acts::WithholdOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    countries: web::Data<Countries>,
    number: Path<String>,
    body: Json<Withhold>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock_to_hide(tx, acting, &number, &seen)?;
            let row = withhold::withhold(tx, acting, &before, &body.body)?;
            whole(tx, acting, &countries, Some(&before), row)
        })
        .await?;
    Ok(answer.respond())
}

/// Shows a withheld record again.
///
/// It is as public as it would be had it never been withheld.
#[utoipa::path(
    tag = "organisations", operation_id = "show_organisation", security(("bearer" = [])),
    params(
        ("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")
    ),
    responses((status = 200, description = "The organisation", body = Organisation), docs::Remove)
)]
#[delete("/organisations/{number}/withholding")]
async fn show_organisation(
    permit: Permit<acts::WithholdOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    countries: web::Data<Countries>,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock_to_hide(tx, acting, &number, &seen)?;
            let row = withhold::show_again(tx, acting, &before)?;
            whole(tx, acting, &countries, Some(&before), row)
        })
        .await?;
    Ok(answer.respond())
}
