//! Other people's sessions: the secretariat lists and ends them.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, delete, get};

use super::dto::Session;
use super::model::End;
use super::own_handlers::{Part, WantedSessions, parse_id, sessions_answer};
use super::{queries, sessions};
use crate::auth::Permit;
use crate::auth::policy::acts::ManageAccounts;
use crate::auth::reads::What;
use crate::db::dialect;
use crate::http::pages::Page;
use crate::http::{Answer, Error, NoQuery, Path, Query, docs};
use crate::journal;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config.service(list_user_sessions).service(end_user_session);
}

/// Lists an account's sessions.
///
/// The sessions that stand, newest first.
#[utoipa::path(
    tag = "accounts", operation_id = "list_user_sessions", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz"), Part),
    responses((status = 200, description = "A page of sessions", body = Page<Session>), docs::OfficerParts)
)]
#[get("/users/{id}/sessions")]
async fn list_user_sessions(
    request: HttpRequest,
    permit: Permit<ManageAccounts>,
    id: Path<String>,
    query: Query<Part>,
) -> Result<HttpResponse, Error> {
    let id = parse_id(&id.0, "account")?;
    let wanted = WantedSessions::of(query)?;
    let page = permit
        .snapshot(move |conn, acting| {
            let user = queries::by_id(conn, acting.reach(), id)?.id();
            let page = wanted.page(conn, acting, user)?;
            if acting.user_id() != Some(user) {
                acting.saw(What::Account, format!("user:{user}"), page.items.len());
            }
            Ok(page)
        })
        .await?;
    sessions_answer(&request, &page)
}

/// Ends a session of an account.
///
/// It ends at once, wherever it is used. The journal holds who ended it.
#[utoipa::path(
    tag = "accounts", operation_id = "end_user_session", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz"),
        ("session" = crate::db::Id, Path, description = "The session's id", example = "5m2qxyz3k7v0c")
    ),
    responses((status = 204, description = "Ended"), docs::End)
)]
#[delete("/users/{id}/sessions/{session}")]
async fn end_user_session(
    permit: Permit<ManageAccounts>,
    _query: NoQuery,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (id, session) = path.0;
    let id = parse_id(&id, "account")?;
    let session = parse_id(&session, "session")?;
    permit
        .write(move |tx, acting| {
            let (user, now) = (queries::by_id(tx, acting.reach(), id)?.id(), acting.now());
            dialect::lock_row(tx, "users", "id", user.0)?;
            journal::enter(
                tx,
                &acting.actor(),
                now,
                "user.session_ended",
                |tx, entry| {
                    if !sessions::end(tx, user, session, now, End::EndedByOffice)? {
                        return Err(Error::not_found("session"));
                    }
                    entry.about(format!("user:{user}"));
                    entry.note("session", session.to_string().into());
                    Ok(())
                },
            )
        })
        .await?;
    Ok(Answer::empty().respond())
}
