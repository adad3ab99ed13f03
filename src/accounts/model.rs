//! Words and lifetimes of accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Role;
use crate::text::{Email, Line};

/// How long a session lives, however often it is refreshed, in seconds.
pub const SESSION_SECONDS: i64 = 12 * 3600;
/// How long a session of the auditors' desk lasts at most, in seconds.
pub const DESK_SECONDS: i64 = 2 * 3600;
/// How long an invitation is good, in seconds.
pub const INVITATION_SECONDS: i64 = 7 * 24 * 3600;
/// How long a link that resets a password is good, in seconds.
pub const RESET_SECONDS: i64 = 30 * 60;
/// How long an enrolment of a second factor waits for its first code, in seconds.
pub const ENROLMENT_SECONDS: i64 = 15 * 60;
/// How many recovery codes a second factor comes with.
pub const RECOVERY_CODES: usize = 10;
/// How long a device is remembered that logged in, in seconds: 90 days.
pub const DEVICE_SECONDS: i64 = 90 * 24 * 3600;
/// How long an API key is good when nothing else is asked for, in seconds: a year.
pub const KEY_SECONDS: i64 = 365 * 24 * 3600;
/// How many active keys a partner may have: one to use, and one to change to.
pub const ACTIVE_KEYS: usize = 2;
/// The longest that an API key may be good, in seconds: two years.
pub const KEY_MAX_SECONDS: i64 = 731 * 24 * 3600;

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has not set a password yet; cannot log in.
    Invited,
    /// Can log in.
    Active,
    /// Cannot log in; can be made active again.
    Disabled,
}

impl Status {
    /// The status's word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its owner logged out, here or from another session.
    LoggedOut,
    /// A refresh token came that had been used before.
    Reuse,
    /// The password changed.
    PasswordChanged,
    /// The account's role, country or status changed.
    AccountChanged,
    /// The second factor was set, replaced or removed.
    SecondFactorChanged,
    /// The secretariat ended it.
    EndedByOffice,
}

impl End {
    /// The reason's word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Reuse => "reuse",
            Self::PasswordChanged => "password_changed",
            Self::AccountChanged => "account_changed",
            Self::SecondFactorChanged => "second_factor_changed",
            Self::EndedByOffice => "ended_by_office",
        }
    }
}

/// What an API key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// Reading the public surface with the limits of a known caller.
    Read,
}

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its e-mail address, unlike any other account's.
    pub email: Email,
    /// The person's or the office's name.
    pub name: Line,
    /// What it is for.
    pub role: Role,
    /// The country of a coordinator.
    pub country: Option<String>,
}

/// An API key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose it is.
    pub name: Line,
    /// What it is good for.
    pub scopes: Vec<KeyScope>,
    /// Until when, if not the default.
    pub expires_at: Option<crate::db::Instant>,
    /// Requests per minute, if not the common limit.
    pub per_minute: Option<i32>,
}

/// What an e-mail address is found by: addresses that differ in case only are one account.
pub fn email_key(email: &Email) -> String {
    email.as_str().to_ascii_lowercase()
}

/// Refuses a role without the country that it needs, and the other way round.
pub fn check_reach(role: Role, country: Option<&str>) -> Result<(), &'static str> {
    match (role, country) {
        (Role::Coordinator, None) => Err("a coordinator needs a country"),
        (Role::Secretariat | Role::Auditor, Some(_)) => {
            Err("only a coordinator has a country; leave it out or send null")
        }
        _ => Ok(()),
    }
}
