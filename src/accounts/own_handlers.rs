//! One's own account: who am I, my sessions, my password.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::auth_handlers::{LogInParts, own_session};
use super::dto::{ChangePassword, Session, User};
use super::link_handlers::check_rules;
use super::model::End;
use super::reauthentication::{Own, Proved};
use super::rows::SessionRow;
use super::{queries, sessions, users};
use crate::auth::policy::acts::OwnAccount;
use crate::auth::{Acting, Permit, Reach};
use crate::db::{Conn, Id};
use crate::http::pages::{Page, fetch_limit, limit_or_default, read_cursor, set_link};
use crate::http::{Answer, Error, Json, NoQuery, Path, Query, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_own_account)
        .service(list_own_sessions)
        .service(end_own_session)
        .service(change_own_password);
}

/// Which part of a list, newest first.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// The instant and id that a page goes on behind.
pub(super) fn place(cursor: Option<&str>, shape: &[u8]) -> Result<Option<(i64, i64)>, Error> {
    let Some(parts) = read_cursor(cursor, shape, 2)? else {
        return Ok(None);
    };
    let mut numbers = parts.iter().map(|p| p.parse::<i64>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(at)), Some(Ok(id))) => Ok(Some((at, id))),
        _ => Err(Error::new(
            crate::http::Code::BadCursor,
            "start again without cursor",
        )),
    }
}

/// Reads an id in a path; what is none is a thing that does not exist.
pub(super) fn parse_id(text: &str, what: &str) -> Result<Id, Error> {
    text.parse().ok().ok_or_else(|| Error::not_found(what))
}

/// Reads one's own account.
///
/// The account that the access token belongs to, with its role and country.
#[utoipa::path(
    tag = "accounts", operation_id = "get_own_account", security(("bearer" = [])),
    responses((status = 200, description = "The account", body = User), docs::OfficerData)
)]
#[get("/auth/me")]
async fn get_own_account(
    request: HttpRequest,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let user = permit
        .read(|conn, acting| {
            let (user, _) = own_session(acting)?;
            // One's own account is in reach whatever the role reaches.
            User::own(queries::by_id(conn, &Reach::everything(), user)?)
        })
        .await?;
    private(&request, None, &user)
}

/// Lists one's own sessions.
///
/// The sessions that stand, newest first; the one that asks is marked.
#[utoipa::path(
    tag = "accounts", operation_id = "list_own_sessions", security(("bearer" = [])), params(Part),
    responses((status = 200, description = "A page of sessions", body = Page<Session>), docs::OfficerList)
)]
#[get("/auth/sessions")]
async fn list_own_sessions(
    request: HttpRequest,
    permit: Permit<OwnAccount>,
    query: Query<Part>,
) -> Result<HttpResponse, Error> {
    let wanted = WantedSessions::of(query)?;
    let page = permit
        .read(move |conn, acting| wanted.page(conn, acting, own_session(acting)?.0))
        .await?;
    sessions_answer(&request, &page)
}

/// Which part of somebody's sessions is wanted.
pub(super) struct WantedSessions {
    limit: u32,
    after: Option<(i64, i64)>,
    shape: Vec<u8>,
}

impl WantedSessions {
    pub fn of(query: Query<Part>) -> Result<Self, Error> {
        Ok(Self {
            limit: limit_or_default(query.query.limit)?,
            after: place(query.query.cursor.as_deref(), &query.shape)?,
            shape: query.shape,
        })
    }

    /// The sessions of an account; the one that asks is marked.
    pub fn page(
        &self,
        conn: &mut Conn,
        acting: &Acting,
        account: Id,
    ) -> Result<Page<Session>, Error> {
        let (_, current) = own_session(acting)?;
        let limit = fetch_limit(self.limit);
        let rows = queries::sessions_of(conn, account, acting.now(), self.after, limit)?;
        let place = |r: &SessionRow| vec![r.created_at.to_string(), r.id.to_string()];
        let shown = |r| Session::of(&r, current);
        Ok(Page::of(rows, self.limit, &self.shape, place, shown))
    }
}

/// The answer of a list of sessions.
pub(super) fn sessions_answer(
    request: &HttpRequest,
    page: &Page<Session>,
) -> Result<HttpResponse, Error> {
    let mut response = private(request, None, page)?;
    set_link(&mut response, page.link(request));
    Ok(response)
}

/// Ends one of one's own sessions.
///
/// It ends at once, wherever it is used.
#[utoipa::path(
    tag = "accounts", operation_id = "end_own_session", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The session's id", example = "3k7v0c5m2qxyz")),
    responses((status = 204, description = "Ended"), docs::End)
)]
#[delete("/auth/sessions/{id}")]
async fn end_own_session(
    permit: Permit<OwnAccount>,
    _query: NoQuery,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let session = parse_id(&id.0, "session")?;
    permit
        .write(move |tx, acting| {
            let (user, _) = own_session(acting)?;
            if sessions::end(tx, user, session, acting.now(), End::LoggedOut)? {
                Ok(())
            } else {
                Err(Error::not_found("session"))
            }
        })
        .await?;
    Ok(Answer::empty().respond())
}

/// Changes one's own password.
///
/// Needs the password until now and, where the account has a second factor, a code of it. All sessions end at once, the one that
/// asks as well: log in again with the new password.
#[utoipa::path(
    tag = "accounts", operation_id = "change_own_password", security(("bearer" = [])),
    request_body(content = ChangePassword, description = "The old and the new password"),
    responses((status = 204, description = "Changed; all sessions have ended"), docs::Own)
)]
#[put("/auth/password")]
async fn change_own_password(
    look: Permit<OwnAccount>,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
    parts: LogInParts,
    body: Json<ChangePassword>,
) -> Result<HttpResponse, Error> {
    let body = body.body;
    // Hashing takes tens of milliseconds: it happens between the look and the change, not in a transaction.
    let own = Own::look(look).await?;
    let (user, factor) = (&own.user, own.factor.as_ref());
    check_rules("/new_password", &body.new_password, user, factor)?;
    let proved = Proved::check(&own, &parts, body.current_password, body.code.as_deref()).await?;
    let hash = parts.passwords.hash(body.new_password).await?;
    permit
        .write(move |tx, acting| {
            let (id, _) = own_session(acting)?;
            let user = proved.spend(tx, id, acting.now())?;
            users::change_password(tx, acting, &user, &hash)
        })
        .await?;
    Ok(Answer::empty().respond())
}
