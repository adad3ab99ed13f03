//! One's own second factor: where it stands, setting it up, removing it.
//!
//! None of these takes an `Idempotency-Key`: what they answer is a secret or is proved by a code that works once.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use super::auth_handlers::{LogInParts, own_session};
use super::dto::{
    BeginSecondFactor, ConfirmSecondFactor, NewSecondFactor, RecoveryCodes, RemoveSecondFactor,
    SecondFactor,
};
use super::model::{ENROLMENT_SECONDS, End};
use super::reauthentication::{Own, Proved};
use super::second_factor;
use super::{queries, sessions};
use crate::auth::passwords::{self, About};
use crate::auth::policy::acts::OwnAccount;
use crate::auth::{Permit, Role, SecondFactorRule, totp};
use crate::http::{Answer, Code, Error, Json, NoQuery, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_second_factor)
        .service(begin_second_factor)
        .service(confirm_second_factor)
        .service(remove_second_factor);
}

fn is_required(rule: SecondFactorRule, role: Option<Role>) -> bool {
    rule.secretariat && role == Some(Role::Secretariat)
}

/// Reads where one's own second factor stands.
///
/// Whether log-in takes a code, whether the account's role needs one, and how many recovery codes are left.
#[utoipa::path(
    tag = "accounts", operation_id = "get_second_factor", security(("bearer" = [])),
    responses((status = 200, description = "Where it stands", body = SecondFactor), docs::OfficerData)
)]
#[get("/auth/totp")]
async fn get_second_factor(
    request: HttpRequest,
    permit: Permit<OwnAccount>,
    rule: web::Data<SecondFactorRule>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let rule = *rule.get_ref();
    let body = permit
        .read(move |conn, acting| {
            let (user, _) = own_session(acting)?;
            let factor = queries::second_factor(conn, Some(user))?;
            let left = factor.as_ref().map(|row| row.recovery_hashes());
            Ok(SecondFactor {
                enabled: factor.is_some(),
                required: is_required(rule, acting.principal().role()),
                recovery_codes_left: left.transpose()?.map_or(0, |left| left.len()),
            })
        })
        .await?;
    private(&request, None, &body)
}

/// Begins to set up a second factor.
///
/// Needs the password again and, where the account has a second factor, a code of it. The secret is shown once; the factor
/// counts when its first code has come, within 15 minutes. Beginning again forgets the secret before.
#[utoipa::path(
    tag = "accounts", operation_id = "begin_second_factor", security(("bearer" = [])),
    request_body(content = BeginSecondFactor, description = "The password again"),
    responses((status = 200, description = "The secret, once", body = NewSecondFactor), docs::Own)
)]
#[post("/auth/totp")]
async fn begin_second_factor(
    look: Permit<OwnAccount>,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
    parts: LogInParts,
    body: Json<BeginSecondFactor>,
) -> Result<HttpResponse, Error> {
    let body = body.body;
    let own = Own::look(look).await?;
    let proved = Proved::check(&own, &parts, body.password, body.code.as_deref()).await?;
    let answer = permit
        .write(move |tx, acting| {
            let (user, _) = own_session(acting)?;
            proved.spend(tx, user, acting.now())?;
            let secret = second_factor::begin(tx, &parts.seals, user, acting.now())?;
            let body = NewSecondFactor {
                secret: totp::text_of(&secret),
                url: totp::url(&secret, &own.user.email),
                expires_at: acting.now().plus_seconds(ENROLMENT_SECONDS),
            };
            Answer::json(200, &body)
        })
        .await?;
    Ok(answer.respond())
}

/// Sets the second factor by its first code.
///
/// From now on log-in takes a code, and all other sessions have ended. The ten recovery codes are shown once: each works once
/// in the place of a code. A factor that was set before is replaced, with its recovery codes.
#[utoipa::path(
    tag = "accounts", operation_id = "confirm_second_factor", security(("bearer" = [])),
    request_body(content = ConfirmSecondFactor, description = "The first code"),
    responses((status = 200, description = "The recovery codes, once", body = RecoveryCodes), docs::OwnFactor)
)]
#[post("/auth/totp/confirmation")]
async fn confirm_second_factor(
    look: Permit<OwnAccount>,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
    parts: LogInParts,
    body: Json<ConfirmSecondFactor>,
) -> Result<HttpResponse, Error> {
    let code = body.body.code;
    // A stolen access token must not become a way to try codes, whose right one would say the recovery codes.
    let attempt = Own::look(look).await?.begin(&parts)?;
    let answer = permit
        .write(move |tx, acting| {
            let own = own_session(acting)?;
            let recovery_codes = second_factor::confirm(tx, &parts.seals, acting, own, &code)?;
            Answer::json(200, &RecoveryCodes { recovery_codes })
        })
        .await;
    match answer {
        Ok(answer) => {
            attempt.succeeded();
            Ok(answer.respond())
        }
        Err(error) => {
            if error.code() == Code::InvalidField {
                attempt.failed();
            }
            Err(error)
        }
    }
}

/// Removes one's own second factor.
///
/// Needs password and code; all other sessions end. Refused to the secretariat, which sets up another one instead, and while
/// the password is shorter than one without a second factor may be.
#[utoipa::path(
    tag = "accounts", operation_id = "remove_second_factor", security(("bearer" = [])),
    request_body(content = RemoveSecondFactor, description = "Password and code"),
    responses((status = 204, description = "Removed"), docs::OwnFactor)
)]
#[delete("/auth/totp")]
async fn remove_second_factor(
    look: Permit<OwnAccount>,
    permit: Permit<OwnAccount>,
    _query: NoQuery,
    rule: web::Data<SecondFactorRule>,
    parts: LogInParts,
    body: Json<RemoveSecondFactor>,
) -> Result<HttpResponse, Error> {
    let (body, rule) = (body.body, *rule.get_ref());
    let own = Own::look(look).await?;
    if is_required(rule, own.user.role().ok()) {
        let detail =
            "a secretariat account needs its second factor; POST /v1/auth/totp replaces it";
        return Err(Error::new(Code::Forbidden, detail));
    }
    if own.factor.is_none() {
        let detail = "this account has no second factor";
        return Err(Error::new(Code::Conflict, detail));
    }
    let alone = passwords::check_rules(&body.password, &About::default());
    let proved = Proved::check(&own, &parts, body.password, Some(&body.code)).await?;
    if let Err(why) = alone {
        let detail = format!("set another password first: without a second factor it {why}");
        return Err(Error::new(Code::Conflict, detail));
    }
    permit
        .write(move |tx, acting| {
            let (user, session) = own_session(acting)?;
            let now = acting.now();
            proved.spend(tx, user, now)?;
            second_factor::remove(tx, &acting.actor(), user, now)?;
            sessions::end_others(tx, user, session, now, End::SecondFactorChanged)
        })
        .await?;
    Ok(Answer::empty().respond())
}
