//! Logging in and out, refreshing, and the public keys.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::dto::{LogIn, Refresh, Tokens, User};
use super::model::{End, email_key};
use super::queries;
use super::sessions::{self, Opened};
use crate::auth::passwords::Passwords;
use crate::auth::policy::acts::OwnAccount;
use crate::auth::tokens::{Jwks, LIFETIME_SECONDS, TokenKeys};
use crate::auth::{Acting, Permit, Principal};
use crate::db::{Db, Id, Instant};
use crate::http::{Answer, Code, Error, Json, NoQuery, cached_public, docs};
use crate::text::Email;

/// Adds the routes under `/v1`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(start_session)
        .service(refresh_session)
        .service(end_current_session);
}

/// Adds the routes outside of `/v1`.
pub fn well_known_routes(config: &mut ServiceConfig<'_>) {
    config.service(get_token_keys);
}

/// The one answer to every wrong password, token and link.
#[track_caller]
pub(super) fn wrong_credentials() -> Error {
    Error::new(
        Code::WrongCredentials,
        "the credentials are not right or no longer valid",
    )
    .header("WWW-Authenticate", "Bearer realm=\"ots-registry\"")
}

/// The session that the caller's token belongs to.
pub(super) fn own_session(acting: &Acting) -> Result<(Id, Id), Error> {
    match acting.principal() {
        Principal::User { id, session, .. } => Ok((*id, *session)),
        _ => Err(Error::internal("an own account without an account")),
    }
}

fn tokens(keys: &TokenKeys, opened: Opened) -> Result<HttpResponse, Error> {
    let role = opened.user.role()?;
    let access_token = keys
        .issue(opened.user.id(), opened.session, role, opened.now)
        .map_err(Error::internal)?;
    let body = Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME_SECONDS,
        refresh_token: opened.refresh_token,
        user: User::own(opened.user)?,
    };
    Ok(Answer::json(200, &body)?.respond())
}

/// Logs in with an e-mail address and a password.
///
/// Gives an access token for 15 minutes and a refresh token for the next pair; the session ends after 12 hours whatever
/// happens. The answer to a wrong password, an unknown address and a disabled account is the same.
#[utoipa::path(
    tag = "accounts", operation_id = "start_session", security(()),
    request_body(content = LogIn, description = "Who wants to log in"),
    responses((status = 200, description = "The tokens of a new session", body = Tokens), docs::LogIn)
)]
#[post("/auth/login")]
async fn start_session(
    _query: NoQuery,
    db: web::Data<Db>,
    keys: web::Data<TokenKeys>,
    passwords: web::Data<Passwords>,
    body: Json<LogIn>,
) -> Result<HttpResponse, Error> {
    // What is no e-mail address is nobody's, and costs the same look-up and the same hash.
    let key = Email::parse(&body.body.email).map_or_else(|_| String::new(), |e| email_key(&e));
    let found = db
        .read(move |conn| queries::by_email_key(conn, &key))
        .await?;
    let known = found
        .filter(|user| user.is_active())
        .and_then(|user| Some((user.id(), user.password_hash?)));
    let stored = known.as_ref().map(|(_, hash)| hash.clone());
    let right = passwords.verify(body.body.password, stored).await?;
    let Some((user, checked)) = known.filter(|_| right) else {
        return Err(wrong_credentials());
    };
    let opened = db
        .write(move |tx| sessions::open(tx, user, &checked, Instant::now()))
        .await?;
    tokens(&keys, opened.ok_or_else(wrong_credentials)?)
}

/// Gets the next pair of tokens.
///
/// A refresh token works once. One that comes a second time ends its session, because somebody else may have it.
#[utoipa::path(
    tag = "accounts", operation_id = "refresh_session", security(()),
    request_body(content = Refresh, description = "The refresh token that was given last"),
    responses((status = 200, description = "The next tokens of the session", body = Tokens), docs::LogIn)
)]
#[post("/auth/refresh")]
async fn refresh_session(
    _query: NoQuery,
    db: web::Data<Db>,
    keys: web::Data<TokenKeys>,
    body: Json<Refresh>,
) -> Result<HttpResponse, Error> {
    let token = body.body.refresh_token;
    let opened = db
        .write(move |tx| sessions::rotate(tx, &token, Instant::now()))
        .await?;
    tokens(&keys, opened.ok_or_else(wrong_credentials)?)
}

/// Logs out.
///
/// The session ends at once: neither its access token nor its refresh token works any more.
#[utoipa::path(
    tag = "accounts", operation_id = "end_current_session", security(("bearer" = [])),
    responses((status = 204, description = "Logged out"), docs::LogOut)
)]
#[post("/auth/logout")]
async fn end_current_session(
    permit: Permit<OwnAccount>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    permit
        .write(|tx, acting| {
            let (user, session) = own_session(acting)?;
            sessions::end(tx, user, session, acting.now(), End::LoggedOut)
        })
        .await?;
    Ok(Answer::empty().respond())
}

/// Reads the public keys that tokens are signed with.
///
/// A JSON Web Key Set (RFC 7517). The first key signs now; the others are kept while what they signed is valid.
#[utoipa::path(
    tag = "accounts", operation_id = "get_token_keys", security(()),
    responses((status = 200, description = "The keys", body = Jwks), docs::Plain)
)]
#[get("/.well-known/jwks.json")]
async fn get_token_keys(
    request: HttpRequest,
    keys: web::Data<TokenKeys>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let mut response = cached_public(&request, &keys.jwks())?;
    let control = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(CACHE_CONTROL, control);
    Ok(response)
}
