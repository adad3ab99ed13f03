//! Logging in and out, refreshing, and the public keys.

use crate::http::Routes;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, get, post, web};

use super::dto::{LogIn, Refresh, Tokens, User};
use super::model::{End, email_key};
use super::rows::UserRow;
use super::second_factor::{self, Proof};
use super::sessions::{self, Opened};
use super::{devices, queries, users};
use crate::auth::checkpoint_keys::{CheckpointKeys, PublicKey};
use crate::auth::passwords::{self, Passwords};
use crate::auth::policy::acts::OwnAccount;
use crate::auth::sealing::SealKeys;
use crate::auth::throttle::{Place, Throttle};
use crate::auth::tokens::{Jwks, LIFETIME_SECONDS, TokenKeys};
use crate::auth::{Acting, Permit, Principal};
use crate::db::{Db, Id, Instant};
use crate::http::envelope::{Network, RequestId};
use crate::http::{Answer, Code, Error, Json, NoQuery, cached_public, docs};
use crate::text::Email;

/// Adds the routes under `/v1`.
pub fn routes(config: &mut impl Routes) {
    config
        .service(start_session)
        .service(refresh_session)
        .service(end_current_session);
}

/// Adds the routes outside of `/v1`.
pub fn well_known_routes(config: &mut impl Routes) {
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

fn tokens(
    keys: &TokenKeys,
    opened: Opened,
    device_token: Option<String>,
) -> Result<HttpResponse, Error> {
    let role = opened.user.role()?;
    let access_token = keys
        .issue(opened.user.id(), opened.session, role, opened.now)
        .map_err(Error::internal)?;
    let body = Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME_SECONDS,
        refresh_token: opened.refresh_token,
        device_token,
        user: User::own(opened.user)?,
    };
    Ok(Answer::json(200, &body)?.respond())
}

/// What a log-in needs of the shared parts.
#[derive(Clone)]
pub struct LogInParts {
    pub(super) passwords: Passwords,
    pub(super) seals: SealKeys,
    pub(super) throttle: Throttle,
    pub(super) network: String,
    pub(super) request_id: String,
}

impl FromRequest for LogInParts {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        fn part<T: Clone + 'static>(request: &HttpRequest) -> Result<T, Error> {
            let data = request.app_data::<web::Data<T>>();
            let data = data.ok_or_else(|| Error::internal("a part of the log-in is missing"))?;
            Ok(data.get_ref().clone())
        }
        let network = Network::from_request(request, payload).into_inner();
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone());
        std::future::ready((|| {
            Ok(Self {
                passwords: part(request)?,
                seals: part(request)?,
                throttle: part(request)?,
                network: network?.0,
                request_id: id.ok_or_else(|| Error::internal("a request without its id"))?,
            })
        })())
    }
}

/// Who was found for a log-in, and what was right.
struct Checked {
    user: Id,
    hash: String,
    proof: Proof,
}

/// Logs in with an e-mail address and a password.
///
/// Gives an access token for 15 minutes and a refresh token for the next pair; the session ends after 12 hours whatever
/// happens. An account with a second factor needs `code` as well: ask for it always, and send what was entered. The answer to
/// a wrong password, an unknown address, a disabled account and a missing or wrong code is the same. After five failures in a
/// row one network waits for that account (429); a device that sends the `device_token` of an earlier log-in does not.
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
    parts: LogInParts,
    body: Json<LogIn>,
) -> Result<HttpResponse, Error> {
    let (opened, device) = log_in(&db, &parts, body.body, sessions::For::Tokens).await?;
    tokens(&keys, opened, Some(device))
}

/// Opens a session for whoever proves an account: the one way in, for programs and for the auditors' desk. Gives the device token
/// besides.
pub(super) async fn log_in(
    db: &Db,
    parts: &LogInParts,
    given: LogIn,
    purpose: sessions::For,
) -> Result<(Opened, String), Error> {
    let LogIn {
        email,
        password,
        code,
        device_token,
    } = given;
    // What is no e-mail address is nobody's, and costs the same look-up and the same hash.
    let key = Email::parse(&email).map_or_else(|_| String::new(), |e| email_key(&e));
    let network = parts.network.clone();
    let place = devices::place(
        &parts.seals,
        &key,
        device_token.as_deref(),
        network,
        Instant::now(),
    )?;
    let attempt = parts.throttle.begin(&key, &place)?;
    let known_device = matches!(place, Place::Device(_)).then_some(device_token);
    let (account, checked) = check(db, parts, key.clone(), password.clone(), code).await?;
    let Some(checked) = checked else {
        attempt.failed();
        note(parts, "refused", account);
        return Err(wrong_credentials());
    };
    let better = if passwords::is_weak(&checked.hash)? {
        Some(parts.passwords.hash(password).await?)
    } else {
        None
    };
    let seals = parts.seals.clone();
    let opened = db
        .write(move |tx| {
            let Checked { user, hash, proof } = &checked;
            let now = Instant::now();
            let opened = sessions::open(tx, *user, hash, proof, purpose, &seals, now)?;
            if let (Some(_), Some(better)) = (&opened, &better) {
                users::renew_hash(tx, *user, hash, better, now)?;
            }
            Ok::<_, Error>(opened)
        })
        .await?;
    let Some(opened) = opened else {
        attempt.failed();
        note(parts, "refused", account);
        return Err(wrong_credentials());
    };
    attempt.succeeded();
    note(parts, "opened", account);
    let device = match known_device.flatten() {
        Some(token) => token,
        None => devices::token(&parts.seals, &key, opened.now)?,
    };
    Ok((opened, device))
}

/// Leaves a line of every log-in for whoever watches for attacks: the account by its id, where there is one. What was typed is not
/// in it, because a password typed into the wrong field would be too.
fn note(parts: &LogInParts, outcome: &str, account: Option<Id>) {
    let account = account.map(|id| id.to_string());
    let request_id = &parts.request_id;
    tracing::info!(request_id, outcome, account, "log-in");
}

/// Looks the account up, hashes, and judges the code: the same work whoever it is and whatever is wrong. Gives the account, where
/// there is one, and what was right.
async fn check(
    db: &Db,
    parts: &LogInParts,
    key: String,
    password: String,
    code: Option<String>,
) -> Result<(Option<Id>, Option<Checked>), Error> {
    let (found, factor) = db
        .read(move |conn| {
            let found = queries::by_email_key(conn, &key)?;
            let factor = queries::second_factor(conn, found.as_ref().map(UserRow::id))?;
            Ok::<_, Error>((found, factor))
        })
        .await?;
    let account = found.as_ref().map(UserRow::id);
    let known = found
        .filter(|user| user.is_active())
        .and_then(|user| Some((user.id(), user.password_hash?)));
    let stored = known.as_ref().map(|(_, hash)| hash.clone());
    let right = parts.passwords.verify(password, stored).await?;
    let seals = &parts.seals;
    let proof = second_factor::judge(seals, factor.as_ref(), code.as_deref(), Instant::now())?;
    let checked = match (known, proof) {
        (Some((user, hash)), Some(proof)) if right => Some(Checked { user, hash, proof }),
        _ => None,
    };
    Ok((account, checked))
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
    seals: web::Data<SealKeys>,
    body: Json<Refresh>,
) -> Result<HttpResponse, Error> {
    let token = body.body.refresh_token;
    let opened = db
        .write(move |tx| sessions::rotate(tx, &seals, &token, Instant::now()))
        .await?;
    tokens(&keys, opened.ok_or_else(wrong_credentials)?, None)
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

/// Reads the public keys that tokens and checkpoints are signed with.
///
/// A JSON Web Key Set (RFC 7517). The first key signs tokens now; the others of `signs: tokens` are kept while what they signed is valid,
/// those of `signs: checkpoints` for ever. A key is good only for what its `signs` says.
#[utoipa::path(
    tag = "accounts", operation_id = "get_token_keys", security(()),
    responses((status = 200, description = "The keys", body = Jwks), docs::Plain)
)]
#[get("/.well-known/jwks.json")]
async fn get_token_keys(
    request: HttpRequest,
    keys: web::Data<TokenKeys>,
    checkpoint_keys: web::Data<CheckpointKeys>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let mut set = keys.jwks();
    let published = checkpoint_keys.published();
    set.keys.extend(published.iter().map(PublicKey::jwk));
    let mut response = cached_public(&request, &set)?;
    let control = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(CACHE_CONTROL, control);
    Ok(response)
}
