//! Accounts: reading, inviting, changing.

use std::sync::{Arc, Mutex, PoisonError};

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::dto::{ChangeUser, InviteUser, InvitedUser, OneTimeLink, User};
use super::links::NewLink;
use super::mail::Mailer;
use super::model::Status;
use super::own_handlers::{parse_id, place};
use super::queries::{self, Wanted};
use super::{BaseUrl, NewUser, users};
use crate::auth::policy::acts::{ManageAccounts, ReadAccounts};
use crate::auth::reads::What;
use crate::auth::{Permit, Role};
use crate::db::Conn;
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{Page, fetch_limit, limit_or_default, set_link};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, Query, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_users)
        .service(invite_user)
        .service(get_user)
        .service(change_user)
        .service(create_password_reset);
}

/// Which accounts.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UserQuery {
    /// Country, by the Platform's code; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<crate::countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Role; repeat for any of several.
    #[serde(default)]
    #[param(example = json!(["coordinator"]))]
    role: Vec<Role>,
    /// Status; repeat for any of several.
    #[serde(default)]
    #[param(example = json!(["active"]))]
    status: Vec<Status>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Adds the total of all pages.
    #[param(example = false)]
    count: Option<bool>,
}

fn known_countries(conn: &mut Conn, codes: &[String]) -> Result<(), Error> {
    for code in codes {
        if !queries::is_country(conn, code)? {
            return Err(Error::new(
                Code::BadParameter,
                "country: must be the code of one of the Platform's countries, like KZ",
            )
            .at_field("country"));
        }
    }
    Ok(())
}

/// Lists accounts.
///
/// In the order in which they were made. A coordinator sees the coordinators of the own country; auditors see no e-mail
/// addresses.
#[utoipa::path(
    tag = "accounts", operation_id = "list_users", security(("bearer" = [])), params(UserQuery),
    responses((status = 200, description = "A page of accounts", body = Page<User>), docs::OfficerList)
)]
#[get("/users")]
async fn list_users(
    request: HttpRequest,
    permit: Permit<ReadAccounts>,
    query: Query<UserQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let after = place(query.query.cursor.as_deref(), &query.shape)?;
    let (shape, query) = (query.shape, query.query);
    let page = permit
        .snapshot(move |conn, acting| {
            known_countries(conn, &query.country)?;
            let wanted = Wanted {
                role: query.role.iter().map(|r| r.as_str()).collect(),
                status: query.status.iter().map(|s| s.as_str()).collect(),
                country: query.country,
                after,
            };
            let reach = acting.reach();
            let rows = queries::list(conn, reach, &wanted, fetch_limit(limit))?;
            let key = |r: &super::rows::UserRow| vec![r.created_at.to_string(), r.id.to_string()];
            let page = Page::of(rows, limit, &shape, key, |r| User::seen(r, reach));
            let items = page.items.into_iter().collect::<Result<Vec<_>, _>>()?;
            // One each, so that what was read of an account is found by its id.
            for user in &items {
                acting.saw(What::Account, format!("user:{}", user.id), 1);
            }
            let mut page = Page {
                items,
                page: page.page,
            };
            if query.count == Some(true) {
                page.page.total = Some(queries::count(conn, reach, &wanted)?);
            }
            Ok(page)
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    set_link(&mut response, link);
    Ok(response)
}

/// Invites somebody.
///
/// Makes an account without a password and a link that sets its first one, once and for seven days. Where the registry sends mail the
/// link goes to the account's address; else, or when the mail was not taken, it is shown once: hand it over by a way that you trust.
/// A repeat with the same key is refused, because the link is not kept.
#[utoipa::path(
    tag = "accounts", operation_id = "invite_user", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-user-1")),
    request_body(content = InviteUser, description = "The account"),
    responses((status = 201, description = "The account and its link", body = InvitedUser), docs::Create)
)]
#[post("/users")]
async fn invite_user(
    permit: Permit<ManageAccounts>,
    _query: NoQuery,
    once: Once,
    base: web::Data<BaseUrl>,
    mailer: web::Data<Option<Mailer>>,
    body: Json<InviteUser>,
) -> Result<HttpResponse, Error> {
    let new = NewUser::from(body.body);
    let shown = base.clone();
    let made = Made::default();
    let kept = made.clone();
    let answer = permit
        .write_once(once, body.hash, Keep::Nothing, move |tx, acting| {
            let (row, link) = users::invite(tx, acting, &new)?;
            let user = User::seen(row, acting.reach())?;
            let answer = invited(&user, &link, &shown, false)?;
            kept.keep(new.email.as_str().to_owned(), link, Some(user));
            Ok(answer)
        })
        .await?;
    match made.mailed(&mailer, &base).await {
        Some((link, Some(user))) => Ok(invited(&user, &link, &base, true)?.respond()),
        _ => Ok(answer.respond()),
    }
}

fn invited(user: &User, link: &NewLink, base: &BaseUrl, mailed: bool) -> Result<Answer, Error> {
    let body = InvitedUser {
        user: user.clone(),
        invitation: OneTimeLink::of(link, base, mailed),
    };
    let place = format!("/v1/users/{}", user.id);
    Ok(Answer::json(201, &body)?
        .version(user.version)
        .location(place))
}

type ToSend = (String, NewLink, Option<User>);

/// A link that a transaction made, to be sent once it stands: a mail cannot be taken back.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Option<ToSend>>>);

impl Made {
    fn keep(&self, to: String, link: NewLink, user: Option<User>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((to, link, user));
    }

    /// Sends it; gives it back when it was sent.
    async fn mailed(
        &self,
        mailer: &Option<Mailer>,
        base: &BaseUrl,
    ) -> Option<(NewLink, Option<User>)> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mailer, (to, link, user)) = mailer.as_ref().zip(made)?;
        mailer.send(&to, &link, base).await.then_some((link, user))
    }
}

/// Reads an account.
///
/// A coordinator sees the coordinators of the own country; auditors see no e-mail address.
#[utoipa::path(
    tag = "accounts", operation_id = "get_user", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The account", body = User), docs::OfficerRead)
)]
#[get("/users/{id}")]
async fn get_user(
    request: HttpRequest,
    permit: Permit<ReadAccounts>,
    id: Path<String>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let id = parse_id(&id.0, "account")?;
    let user = permit
        .read(move |conn, acting| {
            let user = queries::by_id(conn, acting.reach(), id)?;
            if acting.user_id() != Some(id) {
                acting.saw(What::Account, format!("user:{id}"), 1);
            }
            User::seen(user, acting.reach())
        })
        .await?;
    private(&request, Some(user.version), &user)
}

/// Changes an account.
///
/// A JSON Merge Patch. A change of role, country, status or e-mail address ends all sessions of the account at once, and a new
/// address its open links too. No account gets or loses the role `secretariat` (409): the office goes over by a handover of two people. Whoever
/// disables an account of the office leaves an active one there that is somebody else's.
#[utoipa::path(
    tag = "accounts", operation_id = "change_user", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz"),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\"")
    ),
    request_body(content(
        (ChangeUser = "application/merge-patch+json"), (ChangeUser = "application/json")
    ), description = "The changes"),
    responses((status = 200, description = "The account", body = User), docs::Change)
)]
#[patch("/users/{id}")]
async fn change_user(
    permit: Permit<ManageAccounts>,
    _query: NoQuery,
    seen: IfMatch,
    id: Path<String>,
    body: Json<ChangeUser>,
) -> Result<HttpResponse, Error> {
    let id = parse_id(&id.0, "account")?;
    let body = body.body;
    let answer = permit
        .write(move |tx, acting| {
            let before = queries::by_id(tx, acting.reach(), id)?.version;
            let row = users::change(tx, acting, id, Some(&seen), &body)?;
            let version = row.version;
            // What changes nothing is in no journal, and has read all the same.
            if version == before && acting.user_id() != Some(id) {
                acting.saw(What::Account, format!("user:{id}"), 1);
            }
            Ok(Answer::json(200, &User::seen(row, acting.reach())?)?.version(version))
        })
        .await?;
    Ok(answer.respond())
}

/// Makes a new link for an account's password.
///
/// For an account that is active: a link that sets another password, for 30 minutes. For one that is invited: a new
/// invitation, for seven days. Earlier links of the account stop working; the old password works until the link is used.
#[utoipa::path(
    tag = "accounts", operation_id = "create_password_reset", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The account's id", example = "3k7v0c5m2qxyz"),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-reset-1")
    ),
    responses((status = 201, description = "The link", body = OneTimeLink), docs::CreateLink)
)]
#[post("/users/{id}/password-reset")]
async fn create_password_reset(
    permit: Permit<ManageAccounts>,
    _query: NoQuery,
    once: Once,
    base: web::Data<BaseUrl>,
    mailer: web::Data<Option<Mailer>>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = parse_id(&id.0, "account")?;
    let shown = base.clone();
    let made = Made::default();
    let kept = made.clone();
    let answer = permit
        .write_once(once, Vec::new(), Keep::Nothing, move |tx, acting| {
            let link = users::new_link(tx, acting, id)?;
            let answer = Answer::json(201, &OneTimeLink::of(&link, &shown, false))?;
            let user = queries::by_id(tx, acting.reach(), id)?;
            kept.keep(user.email, link, None);
            Ok(answer)
        })
        .await?;
    match made.mailed(&mailer, &base).await {
        Some((link, _)) => Ok(Answer::json(201, &OneTimeLink::of(&link, &base, true))?.respond()),
        None => Ok(answer.respond()),
    }
}
