//! Setting a password by a one-time link. The link itself makes it happen once, so no `Idempotency-Key` is asked for.

use crate::http::Routes;
use actix_web::{HttpResponse, post, web};

use super::auth_handlers::wrong_credentials;
use super::dto::SetPassword;
use super::links::{self, Purpose};
use super::rows::{SecondFactorRow, UserRow};
use super::{queries, users};
use crate::auth::Reach;
use crate::auth::passwords::{self, About, Passwords};
use crate::db::{Db, Instant};
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config.service(accept_invitation).service(reset_password);
}

/// Refuses a password that breaks the rules for this account, as an error of this field.
pub(super) fn check_rules(
    field: &str,
    password: &str,
    user: &UserRow,
    factor: Option<&SecondFactorRow>,
) -> Result<(), Error> {
    let about = About {
        second_factor: factor.is_some(),
        own: vec![user.email.clone(), user.name.clone()],
    };
    passwords::check_rules(password, &about).map_err(|why| Error::field(field, why))
}

async fn set_password(
    db: &Db,
    passwords: &Passwords,
    purpose: Purpose,
    token: String,
    password: String,
) -> Result<HttpResponse, Error> {
    // A wrong link costs no hash.
    let looked = token.clone();
    let owner = db
        .read(move |conn| {
            let Some(owner) = links::owner(conn, purpose, &looked, Instant::now())? else {
                return Ok(None);
            };
            let user = queries::by_id(conn, &Reach::everything(), owner)?;
            let factor = queries::second_factor(conn, Some(owner))?;
            Ok::<_, Error>(Some((user, factor)))
        })
        .await?;
    let (user, factor) = owner.ok_or_else(wrong_credentials)?;
    check_rules("/password", &password, &user, factor.as_ref())?;
    let hash = passwords.hash(password).await?;
    let done = db
        .write(move |tx| users::set_password_by_link(tx, purpose, &token, &hash, Instant::now()))
        .await?;
    if done {
        Ok(Answer::empty().respond())
    } else {
        Err(wrong_credentials())
    }
}

/// Accepts an invitation.
///
/// Sets the account's first password; from then on it can log in. The link works once and for seven days. The answer to
/// a link that is used, expired or wrong is the same.
#[utoipa::path(
    tag = "accounts", operation_id = "accept_invitation", security(()),
    params(("token" = String, Path, description = "The last part of the link", example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")),
    request_body(content = SetPassword, description = "The password"),
    responses((status = 204, description = "The account is active"), docs::LogIn)
)]
#[post("/invitations/{token}")]
async fn accept_invitation(
    _query: NoQuery,
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    token: Path<String>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Error> {
    let password = body.body.password;
    set_password(&db, &passwords, Purpose::Invitation, token.0, password).await
}

/// Resets a password by a link.
///
/// All sessions of the account end at once. The link works once and for 30 minutes; the secretariat makes it, or whoever lost the
/// password asks for it.
#[utoipa::path(
    tag = "accounts", operation_id = "reset_password", security(()),
    params(("token" = String, Path, description = "The last part of the link", example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")),
    request_body(content = SetPassword, description = "The password"),
    responses((status = 204, description = "The password is set"), docs::LogIn)
)]
#[post("/password-resets/{token}")]
async fn reset_password(
    _query: NoQuery,
    db: web::Data<Db>,
    passwords: web::Data<Passwords>,
    token: Path<String>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Error> {
    let password = body.body.password;
    set_password(&db, &passwords, Purpose::Reset, token.0, password).await
}
