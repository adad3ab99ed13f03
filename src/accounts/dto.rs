//! Accounts on the wire. What holds a password or a token has no `Debug`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{KeyScope, NewKey, NewUser, Status};
use super::rows::{ApiKeyRow, SessionRow, UserRow};
use crate::auth::{Reach, Role};
use crate::db::{Id, Instant};
use crate::http::{Error, Patch};
use crate::text::{Email, Line};

/// Who wants to log in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "office@sample.example", "password": "sample words for the example"}))]
pub struct LogIn {
    /// E-mail address of the account.
    #[validate(length(max = 254, message = "must have at most 254 characters"))]
    #[schema(max_length = 254, example = "office@sample.example")]
    pub email: String,
    /// Password.
    #[validate(length(max = 1024, message = "must have at most 1024 characters"))]
    #[schema(max_length = 1024, format = Password, example = "sample words for the example")]
    pub password: String,
    /// The six digits that the authenticator app shows now, or a recovery code; without a meaning for an account that has no
    /// second factor.
    #[serde(default)]
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    pub code: Option<String>,
    /// The `device_token` of an earlier log-in of this account: other people's failures then cause no wait.
    #[serde(default)]
    #[validate(length(max = 200, message = "must have at most 200 characters"))]
    #[schema(
        max_length = 200,
        example = "3k7v0c5m2qxyz.1795434895.4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"
    )]
    pub device_token: Option<String>,
}

/// The refresh token that was given last.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "3k7v0c5m2qxyz.4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"}))]
pub struct Refresh {
    /// Refresh token.
    #[validate(length(max = 200, message = "must have at most 200 characters"))]
    #[schema(
        max_length = 200,
        example = "3k7v0c5m2qxyz.4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"
    )]
    pub refresh_token: String,
}

/// What a session is used with.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Access token (EdDSA JWT) for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9…")]
    pub access_token: String,
    /// How the access token is sent.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// How long the access token is good, in seconds.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Gets the next pair, once.
    #[schema(example = "3k7v0c5m2qxyz.4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")]
    pub refresh_token: String,
    /// Tells the next log-in that this device is known; keep it for 90 days. Only at log-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "3k7v0c5m2qxyz.1795434895.4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")]
    pub device_token: Option<String>,
    /// Who logged in.
    pub user: User,
}

/// The old and the new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "sample words for the example", "new_password": "other words for the example"}))]
pub struct ChangePassword {
    /// The password until now.
    #[validate(length(max = 1024, message = "must have at most 1024 characters"))]
    #[schema(max_length = 1024, format = Password)]
    pub current_password: String,
    /// A code of the second factor, where there is one.
    #[serde(default)]
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    pub code: Option<String>,
    /// The password from now on: at least 15 characters, or 8 where the account has a second factor; not one that everybody
    /// tries, nor the account's own name or address.
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    pub new_password: String,
}

/// A password to set by a one-time link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "sample words for the example"}))]
pub struct SetPassword {
    /// The password: at least 15 characters, or 8 where the account has a second factor; not one that everybody tries, nor the
    /// account's own name or address.
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    pub password: String,
}

/// Whose password is lost.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "office@sample.example"}))]
pub struct LostPassword {
    /// E-mail address of the account.
    pub email: Email,
}

/// What happens now, the same for every address.
#[derive(Serialize, ToSchema)]
pub struct ResetAsked {
    /// The same in words, for the person who asked.
    #[schema(
        example = "If this is the address of an active account and the registry sends mail, a link is on its way"
    )]
    pub detail: &'static str,
}

impl Default for ResetAsked {
    fn default() -> Self {
        Self {
            detail: "If this is the address of an active account and the registry sends mail, a link that sets another password is on \
                its way there; it works for 30 minutes. Otherwise ask the secretariat for a link, or whoever runs the registry.",
        }
    }
}

/// What setting up a second factor begins with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "sample words for the example"}))]
pub struct BeginSecondFactor {
    /// The account's password.
    #[validate(length(max = 1024, message = "must have at most 1024 characters"))]
    #[schema(max_length = 1024, format = Password)]
    pub password: String,
    /// A code of the second factor until now, where there is one.
    #[serde(default)]
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    pub code: Option<String>,
}

/// A second factor that waits for its first code. It is shown once.
#[derive(Serialize, ToSchema)]
pub struct NewSecondFactor {
    /// The secret, to type into an authenticator app (base32).
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same as an address, to show as a QR code.
    #[schema(
        example = "otpauth://totp/OTS%20NGO%20Registry:office@sample.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=OTS%20NGO%20Registry&algorithm=SHA1&digits=6&period=30"
    )]
    pub url: String,
    /// Until when it waits.
    pub expires_at: Instant,
}

/// The first code of a second factor.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "287082"}))]
pub struct ConfirmSecondFactor {
    /// The six digits that the app shows now.
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    pub code: String,
}

/// The codes for when the app is lost. They are shown once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each works once, in the place of a code of the app.
    #[schema(example = json!(["mfrg-gzdf-mzti-kzlq"]))]
    pub recovery_codes: Vec<String>,
}

/// What removing a second factor takes.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "sample words for the example", "code": "287082"}))]
pub struct RemoveSecondFactor {
    /// The account's password.
    #[validate(length(max = 1024, message = "must have at most 1024 characters"))]
    #[schema(max_length = 1024, format = Password)]
    pub password: String,
    /// The six digits that the app shows now, or a recovery code.
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    pub code: String,
}

/// Where one's own second factor stands.
#[derive(Serialize, ToSchema)]
pub struct SecondFactor {
    /// True when log-in takes a code.
    #[schema(example = true)]
    pub enabled: bool,
    /// True when the account can do nothing else without one.
    #[schema(example = true)]
    pub required: bool,
    /// How many recovery codes are left.
    #[schema(example = 10)]
    pub recovery_codes_left: usize,
}

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: Id,
    /// E-mail address; null for auditors, and where the person's data was erased.
    #[schema(example = "office@sample.example")]
    pub email: Option<String>,
    /// The person's or the office's name; `(erased)` where the person's data was erased.
    #[schema(example = "Sample Office")]
    pub name: String,
    /// What the account is for.
    pub role: Role,
    /// The country of a coordinator.
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "KZ")]
    pub country: Option<String>,
    /// Where it stands.
    #[schema(value_type = Status)]
    pub status: String,
    /// Who invited; null for the operator.
    pub invited_by: Option<Id>,
    /// When it was made.
    pub created_at: Instant,
    /// Counts the changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
}

impl User {
    /// The account as its owner sees it.
    pub fn own(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id(),
            role: row.role()?,
            email: Some(row.email).filter(|email| !email.is_empty()),
            name: row.name,
            country: row.country,
            status: row.status,
            invited_by: row.invited_by.map(Id),
            created_at: Instant(row.created_at),
            version: row.version,
        })
    }

    /// The account as this reach may see it: e-mail addresses are personal, like contact persons.
    pub fn seen(row: UserRow, reach: &Reach) -> Result<Self, Error> {
        let mut user = Self::own(row)?;
        if !reach.covers_contacts(user.country.as_deref().unwrap_or("")) {
            user.email = None;
        }
        Ok(user)
    }
}

/// An account to invite.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "office@sample.example", "name": "Sample Office", "role": "coordinator", "country": "KZ"}))]
pub struct InviteUser {
    /// E-mail address, unlike any other account's.
    pub email: Email,
    /// The person's or the office's name.
    pub name: Line,
    /// What the account is for.
    pub role: Role,
    /// The country of a coordinator; absent for others.
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "KZ")]
    pub country: Option<String>,
}

impl From<InviteUser> for NewUser {
    fn from(body: InviteUser) -> Self {
        Self {
            email: body.email,
            name: body.name,
            role: body.role,
            country: body.country,
        }
    }
}

/// What an account's status can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetStatus {
    /// Can log in; one without a password waits for its link (`invited`).
    Active,
    /// Cannot log in.
    Disabled,
}

/// Changes to an account (JSON Merge Patch): absent keeps, null clears.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "auditor", "country": null}))]
pub struct ChangeUser {
    /// E-mail address, unlike any other account's.
    #[serde(default)]
    #[schema(value_type = Email)]
    pub email: Patch<Email>,
    /// The person's or the office's name.
    #[serde(default)]
    #[schema(value_type = Line)]
    pub name: Patch<Line>,
    /// What the account is for.
    #[serde(default)]
    #[schema(value_type = Role)]
    pub role: Patch<Role>,
    /// The country of a coordinator.
    #[serde(default)]
    #[schema(value_type = Option<crate::countries::CountryCode>, example = "KZ")]
    pub country: Patch<String>,
    /// Where it stands.
    #[serde(default)]
    #[schema(value_type = SetStatus)]
    pub status: Patch<SetStatus>,
}

/// A one-time link. It is sent by mail, or where that is not possible shown once; it is kept nowhere.
#[derive(Serialize, ToSchema)]
pub struct OneTimeLink {
    /// True when it was sent to the account's address; it is not shown then.
    #[schema(example = false)]
    pub mailed: bool,
    /// Where a person opens the form for the password, and a program POSTs it to; null when it was sent by mail.
    #[schema(
        example = "https://registry.example/v1/invitations/4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"
    )]
    pub link: Option<String>,
    /// The last part of the link; null when it was sent by mail.
    #[schema(example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")]
    pub token: Option<String>,
    /// When it stops being good.
    pub expires_at: Instant,
}

impl OneTimeLink {
    /// The link as it is handed out, or after it was sent by mail.
    pub fn of(link: &super::links::NewLink, base: &super::BaseUrl, mailed: bool) -> Self {
        let shown = |text: String| (!mailed).then_some(text);
        Self {
            mailed,
            link: shown(Self::address(link, base)),
            token: shown(link.token.reveal().to_owned()),
            expires_at: link.expires_at,
        }
    }

    /// The whole link.
    pub fn address(link: &super::links::NewLink, base: &super::BaseUrl) -> String {
        let (base, path) = (base.0.trim_end_matches('/'), link.purpose.path());
        format!("{base}{path}/{}", link.token.reveal())
    }
}

/// An account that was invited, and its link.
#[derive(Serialize, ToSchema)]
pub struct InvitedUser {
    /// The account.
    pub user: User,
    /// Sets its first password, once.
    pub invitation: OneTimeLink,
}

/// A log-in session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Id.
    pub id: Id,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last opened or refreshed.
    pub last_used_at: Instant,
    /// When it ends by itself.
    pub expires_at: Instant,
    /// True for the session that asks.
    pub current: bool,
}

impl Session {
    /// The session as its owner sees it from `current`.
    pub fn of(row: &SessionRow, current: Id) -> Self {
        Self {
            id: Id(row.id),
            created_at: Instant(row.created_at),
            last_used_at: Instant(row.last_used_at),
            expires_at: Instant(row.expires_at),
            current: row.id == current.0,
        }
    }
}

/// An API key to make.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sample partner website", "scopes": ["read"], "expires_at": "2027-01-31T00:00:00Z"}))]
pub struct CreateApiKey {
    /// Whose it is.
    pub name: Line,
    /// What it is good for.
    #[serde(default = "read_only")]
    #[validate(length(min = 1, max = 10, message = "must have 1 to 10 scopes"))]
    #[schema(min_items = 1, max_items = 10)]
    pub scopes: Vec<KeyScope>,
    /// Until when; a year when absent, at most two years ahead.
    pub expires_at: Option<Instant>,
    /// Requests per minute on each replica; the common limit of known callers when absent.
    #[validate(range(min = 1, max = 100_000, message = "must be 1 to 100000"))]
    #[schema(minimum = 1, maximum = 100_000, example = 1200)]
    pub per_minute: Option<i32>,
}

fn read_only() -> Vec<KeyScope> {
    vec![KeyScope::Read]
}

impl From<CreateApiKey> for NewKey {
    fn from(body: CreateApiKey) -> Self {
        Self {
            name: body.name,
            scopes: body.scopes,
            expires_at: body.expires_at,
            per_minute: body.per_minute,
        }
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// Id.
    pub id: Id,
    /// Whose it is.
    #[schema(example = "Sample partner website")]
    pub name: String,
    /// How its secret begins.
    #[schema(example = "otsk_3k7v0c5m")]
    pub prefix: String,
    /// What it is good for.
    pub scopes: Vec<KeyScope>,
    /// Who made it; null for the operator.
    pub created_by: Option<Id>,
    /// When it was made.
    pub created_at: Instant,
    /// Until when it is good.
    pub expires_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// Requests per minute on each replica; null for the common limit of known callers.
    #[schema(example = 1200)]
    pub per_minute: Option<i32>,
    /// When it was last used, to the minute; null when it never was.
    pub last_used_at: Option<Instant>,
}

impl ApiKey {
    /// A key, and when it was last used.
    pub fn of(row: ApiKeyRow, last_used_at: Option<i64>) -> Result<Self, Error> {
        Ok(Self {
            id: row.id(),
            name: row.name,
            prefix: row.prefix,
            scopes: serde_json::from_str(&row.scopes).map_err(Error::internal)?,
            created_by: row.created_by.map(Id),
            created_at: Instant(row.created_at),
            expires_at: Instant(row.expires_at),
            revoked_at: row.revoked_at.map(Instant),
            per_minute: row.per_minute,
            last_used_at: last_used_at.map(Instant),
        })
    }
}

/// An API key that was just made, with its secret, which is shown once.
#[derive(Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ApiKey,
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "otsk_3k7v0c5m_4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik0a1b2c")]
    pub secret: String,
}
