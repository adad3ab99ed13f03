//! Partners' API keys.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};

use super::dto::{ApiKey, CreateApiKey, CreatedApiKey};
use super::model::NewKey;
use super::own_handlers::{Part, parse_id, place};
use super::{keys, queries};
use crate::auth::Permit;
use crate::auth::policy::acts::ManageKeys;
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{Page, fetch_limit, limit_or_default, set_link};
use crate::http::{Answer, Error, Json, NoQuery, Path, Query, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_api_keys)
        .service(create_api_key)
        .service(revoke_api_key);
}

/// Lists API keys.
///
/// Newest first, revoked and expired ones too. The secrets are not kept; a key is known by how its secret begins.
#[utoipa::path(
    tag = "accounts", operation_id = "list_api_keys", security(("bearer" = [])), params(Part),
    responses((status = 200, description = "A page of keys", body = Page<ApiKey>), docs::OfficerList)
)]
#[get("/api-keys")]
async fn list_api_keys(
    request: HttpRequest,
    permit: Permit<ManageKeys>,
    query: Query<Part>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let after = place(query.query.cursor.as_deref(), &query.shape)?;
    let shape = query.shape;
    let page = permit
        .read(move |conn, _| {
            let rows = queries::keys(conn, after, fetch_limit(limit))?;
            let page = Page::of(
                rows,
                limit,
                &shape,
                |(r, _)| vec![r.created_at.to_string(), r.id.to_string()],
                |(row, used)| ApiKey::of(row, used),
            );
            Ok(Page {
                items: page.items.into_iter().collect::<Result<Vec<_>, _>>()?,
                page: page.page,
            })
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    set_link(&mut response, link);
    Ok(response)
}

/// Makes an API key for a partner.
///
/// The secret is shown once. The key is good for a year unless `expires_at` says otherwise. A partner, known by `name`, has two
/// active keys at most: one to use and one to change to. A repeat with the same `Idempotency-Key` is refused, because the secret is
/// not kept.
#[utoipa::path(
    tag = "accounts", operation_id = "create_api_key", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-key-1")),
    request_body(content = CreateApiKey, description = "The key"),
    responses((status = 201, description = "The key and its secret", body = CreatedApiKey), docs::Create)
)]
#[post("/api-keys")]
async fn create_api_key(
    permit: Permit<ManageKeys>,
    _query: NoQuery,
    once: Once,
    body: Json<CreateApiKey>,
) -> Result<HttpResponse, Error> {
    let new = NewKey::from(body.body);
    let answer = permit
        .write_once(once, body.hash, Keep::Nothing, move |tx, acting| {
            let (row, secret) = keys::create_key(tx, acting, &new)?;
            let key = ApiKey::of(row, None)?;
            Answer::json(201, &CreatedApiKey { key, secret })
        })
        .await?;
    Ok(answer.respond())
}

/// Revokes an API key.
///
/// It stops working at once. Revoking a revoked key changes nothing.
#[utoipa::path(
    tag = "accounts", operation_id = "revoke_api_key", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The key's id", example = "3k7v0c5m2qxyz")),
    responses((status = 204, description = "Revoked"), docs::End)
)]
#[delete("/api-keys/{id}")]
async fn revoke_api_key(
    permit: Permit<ManageKeys>,
    _query: NoQuery,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = parse_id(&id.0, "API key")?;
    permit
        .write(move |tx, acting| keys::revoke_key(tx, acting, id))
        .await?;
    Ok(Answer::empty().respond())
}
