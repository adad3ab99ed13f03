//! The lists of an organisation: each item has an address of its own.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};

use super::dto::{
    ChangeName, Contact, Evidence, Identifier, Name, NewContact, NewEvidence, NewIdentifier,
    NewName, NewRelation, Relation,
};
use super::merged::{self, Stands};
use super::number::RegistryNumber;
use super::read_handlers::{parse_number, redirect};
use super::rows::{ContactRow, EvidenceRow, OrganisationRow, RelationRow};
use super::{change, items, queries, view};
use crate::auth::policy::acts;
use crate::auth::reads::What;
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::db::{Conn, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::Items;
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, cached_public, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_names)
        .service(add_name)
        .service(change_name)
        .service(remove_name)
        .service(list_identifiers)
        .service(add_identifier)
        .service(remove_identifier)
        .service(list_contacts)
        .service(add_contact)
        .service(change_contact)
        .service(remove_contact)
        .service(list_relations)
        .service(add_relation)
        .service(remove_relation)
        .service(list_evidence)
        .service(add_evidence)
        .service(remove_evidence);
}

fn contact(c: ContactRow) -> Contact {
    Contact {
        id: c.item,
        name: c.name,
        position: c.position,
        email: c.email,
        phone: c.phone,
    }
}

fn evidence(e: EvidenceRow) -> Evidence {
    Evidence {
        id: e.item,
        kind: e.kind,
        issuer: e.issuer,
        issued_on: e.issued_on,
        sha256: e.sha256,
        note: e.note,
    }
}

fn relation((r, other): (RelationRow, OrganisationRow)) -> Relation {
    Relation {
        id: Some(r.item),
        kind: r.kind,
        organisation: other.number,
        name: other.name,
    }
}

/// Reads one list of an organisation: cacheable for the public, tagged with the version for officers.
async fn list<T: serde::Serialize + Send + 'static>(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    number: RegistryNumber,
    list: &'static str,
    pick: impl FnOnce(&mut Conn, &OrganisationRow, &Acting) -> Result<Vec<T>, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    let found = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let row = match merged::by_number(conn, reach, today, &number)? {
                Stands::Itself(row) => row,
                Stands::LeadsTo(led) => return Ok(Err(led)),
            };
            let items = pick(conn, &row, acting)?;
            Ok(Ok((
                Items { items },
                reach.covers(&row.country).then_some(row.version),
            )))
        })
        .await?;
    match found {
        Err(led) => Ok(redirect(&led, &format!("/{list}"), "")),
        Ok((found, Some(version))) => private(&request, Some(version), &found),
        Ok((found, None)) => cached_public(&request, &found),
    }
}

/// Adds an item once per key.
async fn add<B: Send + Sync + 'static, T: serde::Serialize>(
    permit: Permit<acts::ChangeOrganisation>,
    once: Once,
    seen: IfMatch,
    number: RegistryNumber,
    body: Json<B>,
    list: &'static str,
    make: impl Fn(&mut Tx<'_>, &Acting, &OrganisationRow, &B) -> items::Done<(i32, T)> + Send + 'static,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let before = change::lock(tx, acting, &number, Some(&seen))?;
            let ((item, made), row) = make(tx, acting, &before, &body.body)?;
            Ok(Answer::json(201, &made)?
                .version(row.version)
                .location(format!("/v1/organisations/{}/{list}/{item}", row.number)))
        })
        .await?;
    Ok(answer.respond())
}

/// Removes an item; the answer is the organisation's new tag.
async fn remove(
    permit: Permit<acts::ChangeOrganisation>,
    seen: IfMatch,
    number: RegistryNumber,
    item: i32,
    gone: fn(&mut Tx<'_>, &Acting, &OrganisationRow, i32) -> items::Done<()>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock(tx, acting, &number, Some(&seen))?;
            let ((), row) = gone(tx, acting, &before, item)?;
            Ok(Answer::empty().version(row.version))
        })
        .await?;
    Ok(answer.respond())
}

/// Lists an organisation's names.
///
/// Exactly one is `legal`; the others are translations, former names, aliases and acronyms.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_names", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The list", body = Items<Name>), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/names")]
async fn list_names(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    _query: NoQuery,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    list(request, permit, number, "names", |conn, row, _| {
        Ok(queries::names(conn, row.id)?
            .into_iter()
            .map(view::name)
            .collect())
    })
    .await
}

/// Adds a name.
///
/// A new `legal` name takes the place of the old one, which becomes `former`.
#[utoipa::path(
    tag = "organisations", operation_id = "add_organisation_name", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-item-1")),
    request_body(content = NewName, description = "The item"),
    responses((status = 201, description = "The item; the ETag is the organisation's", body = Name), docs::AddItem)
)]
#[post("/organisations/{number}/names")]
async fn add_name(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    number: Path<String>,
    body: Json<NewName>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    add(
        permit,
        once,
        seen,
        number,
        body,
        "names",
        |tx, acting, before, new| {
            let (made, row) = items::add_name(tx, acting, before, new)?;
            Ok(((made.item, view::name(made)), row))
        },
    )
    .await
}

/// Corrects a name in place.
///
/// For typing errors and missing languages. A new legal name is added, not corrected, so that the old one stays as `former`.
#[utoipa::path(
    tag = "organisations", operation_id = "change_organisation_name", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    request_body(content = ChangeName, description = "The changes"),
    responses((status = 200, description = "The item; the ETag is the organisation's", body = Name), docs::Change)
)]
#[patch("/organisations/{number}/names/{item}")]
async fn change_name(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
    body: Json<ChangeName>,
) -> Result<HttpResponse, Error> {
    let (number, item) = (parse_number(&path.0.0)?, path.0.1);
    let body = body.body;
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock(tx, acting, &number, Some(&seen))?;
            let (made, row) = items::change_name(tx, acting, &before, item, body.clone())?;
            Ok(Answer::json(200, &view::name(made))?.version(row.version))
        })
        .await?;
    Ok(answer.respond())
}

/// Removes a name.
///
/// The current legal name can only be replaced.
#[utoipa::path(
    tag = "organisations", operation_id = "remove_organisation_name", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    responses((status = 204, description = "Removed; the ETag is the organisation's"), docs::Remove)
)]
#[delete("/organisations/{number}/names/{item}")]
async fn remove_name(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    remove(
        permit,
        seen,
        parse_number(&path.0.0)?,
        path.0.1,
        items::remove_name,
    )
    .await
}

/// Lists an organisation's identifiers.
///
/// The public sees those of public schemes.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_identifiers", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The list", body = Items<Identifier>), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/identifiers")]
async fn list_identifiers(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    _query: NoQuery,
    countries: web::Data<Countries>,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    list(
        request,
        permit,
        number,
        "identifiers",
        move |conn, row, acting| {
            let officer = acting.reach().covers(&row.country);
            let rows = queries::identifiers(conn, row.id)?;
            if officer && !rows.is_empty() {
                acting.saw(What::OrganisationPrivate, &row.number, rows.len());
            }
            Ok(rows
                .into_iter()
                .filter(|i| officer || view::is_public_scheme(&countries, &i.scheme))
                .map(|i| view::identifier(i, officer))
                .collect())
        },
    )
    .await
}

/// Adds an identifier.
///
/// One that fails its check needs `override_reason`; one that another organisation has needs `shared_reason`; a person's number is refused and kept nowhere.
#[utoipa::path(
    tag = "organisations", operation_id = "add_organisation_identifier", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-item-1")),
    request_body(content = NewIdentifier, description = "The item"),
    responses((status = 201, description = "The item; the ETag is the organisation's", body = Identifier), docs::AddItem)
)]
#[post("/organisations/{number}/identifiers")]
async fn add_identifier(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    countries: web::Data<Countries>,
    number: Path<String>,
    body: Json<NewIdentifier>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    add(
        permit,
        once,
        seen,
        number,
        body,
        "identifiers",
        move |tx, acting, before, new| {
            let (made, row) = items::add_identifier(tx, acting, &countries, before, new)?;
            Ok(((made.item, view::identifier(made, true)), row))
        },
    )
    .await
}

/// Removes an identifier.
///
/// It is free for another organisation from then on.
#[utoipa::path(
    tag = "organisations", operation_id = "remove_organisation_identifier", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    responses((status = 204, description = "Removed; the ETag is the organisation's"), docs::Remove)
)]
#[delete("/organisations/{number}/identifiers/{item}")]
async fn remove_identifier(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    remove(
        permit,
        seen,
        parse_number(&path.0.0)?,
        path.0.1,
        items::remove_identifier,
    )
    .await
}

/// Lists an organisation's contact persons.
///
/// For officers of its country and the secretariat; empty for everybody else.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_contacts", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The list", body = Items<Contact>), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/contacts")]
async fn list_contacts(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    _query: NoQuery,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    list(request, permit, number, "contacts", |conn, row, acting| {
        if !acting.reach().covers_contacts(&row.country) {
            return Ok(Vec::new());
        }
        let held = queries::contacts(conn, row.id)?;
        if !held.is_empty() {
            acting.saw(What::OrganisationContacts, &row.number, held.len());
        }
        Ok(held.into_iter().map(contact).collect())
    })
    .await
}

/// Adds a contact person.
///
/// Contact persons are never public and not shown to auditors.
#[utoipa::path(
    tag = "organisations", operation_id = "add_organisation_contact", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-item-1")),
    request_body(content = NewContact, description = "The item"),
    responses((status = 201, description = "The item; the ETag is the organisation's", body = Contact), docs::AddItem)
)]
#[post("/organisations/{number}/contacts")]
async fn add_contact(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    number: Path<String>,
    body: Json<NewContact>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    add(
        permit,
        once,
        seen,
        number,
        body,
        "contacts",
        |tx, acting, before, new| {
            let (made, row) = items::add_contact(tx, acting, before, new)?;
            Ok(((made.item, contact(made)), row))
        },
    )
    .await
}

/// Puts a contact person in place of another.
///
/// All fields are replaced.
#[utoipa::path(
    tag = "organisations", operation_id = "change_organisation_contact", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    request_body(content = NewContact, description = "The changes"),
    responses((status = 200, description = "The item; the ETag is the organisation's", body = Contact), docs::Change)
)]
#[patch("/organisations/{number}/contacts/{item}")]
async fn change_contact(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
    body: Json<NewContact>,
) -> Result<HttpResponse, Error> {
    let (number, item) = (parse_number(&path.0.0)?, path.0.1);
    let body = body.body;
    let answer = permit
        .write(move |tx, acting| {
            let before = change::lock(tx, acting, &number, Some(&seen))?;
            let (made, row) = items::change_contact(tx, acting, &before, item, &body)?;
            Ok(Answer::json(200, &contact(made))?.version(row.version))
        })
        .await?;
    Ok(answer.respond())
}

/// Removes a contact person.
///
/// The journal keeps that somebody was there; the person's data can be erased.
#[utoipa::path(
    tag = "organisations", operation_id = "remove_organisation_contact", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    responses((status = 204, description = "Removed; the ETag is the organisation's"), docs::Remove)
)]
#[delete("/organisations/{number}/contacts/{item}")]
async fn remove_contact(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    remove(
        permit,
        seen,
        parse_number(&path.0.0)?,
        path.0.1,
        items::remove_contact,
    )
    .await
}

/// Lists an organisation's relations.
///
/// Those it states itself have an `id`; those that others state have none. Only organisations that the caller may know of are shown.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_relations", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The list", body = Items<Relation>), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/relations")]
async fn list_relations(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    _query: NoQuery,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    list(request, permit, number, "relations", |conn, row, acting| {
        let rows = queries::relations(conn, row.id, acting.reach(), acting.now().day())?;
        let shown = rows
            .into_iter()
            .map(|(relation, other)| view::relation_of(row.id, &relation, other));
        shown.collect()
    })
    .await
}

/// Adds a relation to another organisation.
///
/// The other side shows it too, as its inverse.
#[utoipa::path(
    tag = "organisations", operation_id = "add_organisation_relation", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-item-1")),
    request_body(content = NewRelation, description = "The item"),
    responses((status = 201, description = "The item; the ETag is the organisation's", body = Relation), docs::AddItem)
)]
#[post("/organisations/{number}/relations")]
async fn add_relation(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    number: Path<String>,
    body: Json<NewRelation>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    add(
        permit,
        once,
        seen,
        number,
        body,
        "relations",
        |tx, acting, before, new| {
            let (made, row) = items::add_relation(tx, acting, before, new)?;
            Ok(((made.0.item, relation(made)), row))
        },
    )
    .await
}

/// Removes a relation.
///
/// Only the side that states it can remove it.
#[utoipa::path(
    tag = "organisations", operation_id = "remove_organisation_relation", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    responses((status = 204, description = "Removed; the ETag is the organisation's"), docs::Remove)
)]
#[delete("/organisations/{number}/relations/{item}")]
async fn remove_relation(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    remove(
        permit,
        seen,
        parse_number(&path.0.0)?,
        path.0.1,
        items::remove_relation,
    )
    .await
}

/// Lists an organisation's evidence.
///
/// For officers of its country, the secretariat and auditors; empty for everybody else.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_evidence", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses((status = 200, description = "The list", body = Items<Evidence>), docs::Merged, docs::PublicRead)
)]
#[get("/organisations/{number}/evidence")]
async fn list_evidence(
    request: HttpRequest,
    permit: Permit<acts::ReadOrganisations>,
    _query: NoQuery,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    list(request, permit, number, "evidence", |conn, row, acting| {
        if !acting.reach().covers(&row.country) {
            return Ok(Vec::new());
        }
        let held = queries::evidence(conn, row.id)?;
        if !held.is_empty() {
            acting.saw(What::OrganisationPrivate, &row.number, held.len());
        }
        Ok(held.into_iter().map(evidence).collect())
    })
    .await
}

/// Adds evidence.
///
/// Only the fingerprint of the document is kept; the document stays in the country.
#[utoipa::path(
    tag = "organisations", operation_id = "add_organisation_evidence", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-item-1")),
    request_body(content = NewEvidence, description = "The item"),
    responses((status = 201, description = "The item; the ETag is the organisation's", body = Evidence), docs::AddItem)
)]
#[post("/organisations/{number}/evidence")]
async fn add_evidence(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    number: Path<String>,
    body: Json<NewEvidence>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    add(
        permit,
        once,
        seen,
        number,
        body,
        "evidence",
        |tx, acting, before, new| {
            let (made, row) = items::add_evidence(tx, acting, before, new)?;
            Ok(((made.item, evidence(made)), row))
        },
    )
    .await
}

/// Removes evidence.
///
/// The journal keeps the fingerprint.
#[utoipa::path(
    tag = "organisations", operation_id = "remove_organisation_evidence", security(("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), ("item" = i32, Path, description = "The item's number", example = 1, minimum = 1), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The organisation's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")),
    responses((status = 204, description = "Removed; the ETag is the organisation's"), docs::Remove)
)]
#[delete("/organisations/{number}/evidence/{item}")]
async fn remove_evidence(
    permit: Permit<acts::ChangeOrganisation>,
    _query: NoQuery,
    seen: IfMatch,
    path: Path<(String, i32)>,
) -> Result<HttpResponse, Error> {
    remove(
        permit,
        seen,
        parse_number(&path.0.0)?,
        path.0.1,
        items::remove_evidence,
    )
    .await
}
