//! The rows of accounts, and who may read which column.

use chrono::NaiveDate;
use data_encoding::HEXLOWER;
use diesel::prelude::*;
use serde::{Serialize, Serializer};

use crate::auth::Role;
use crate::auth::tokens::fingerprint;
use crate::db::schema::{api_keys, handovers, second_factors, sessions, users};
use crate::db::{Id, Instant};
use crate::http::Error;
use crate::journal::{Class, Recorded};

/// An account. Serialised it is the journal's image: the fingerprint of the password's hash instead of the hash.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct UserRow {
    /// Random id.
    pub id: i64,
    /// E-mail address as it was given.
    pub email: String,
    /// The address in lower case, unlike any other account's.
    pub email_key: String,
    /// The person's or the office's name.
    pub name: String,
    /// What the account is for.
    pub role: String,
    /// The country of a coordinator.
    pub country: Option<String>,
    /// `invited`, `active` or `disabled`.
    pub status: String,
    /// The password as argon2 keeps it; none before it is first set.
    pub password_hash: Option<String>,
    /// Who invited; none for the operator.
    pub invited_by: Option<i64>,
    /// When it was made, µs.
    pub created_at: i64,
    /// Counts the changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
}

impl UserRow {
    /// The account's id.
    pub fn id(&self) -> Id {
        Id(self.id)
    }

    /// What the account is for.
    pub fn role(&self) -> Result<Role, Error> {
        self.role.parse().map_err(Error::internal)
    }

    /// True where the person's data was erased; such an account stays disabled.
    pub fn is_erased(&self) -> bool {
        self.email.is_empty()
    }

    /// True when it can log in.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

// The password's hash must not reach a log by `{:?}`, and the e-mail address need not.
impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("id", &self.id())
            .field("role", &self.role)
            .field("status", &self.status)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct UserImage<'a> {
    id: Id,
    email: &'a str,
    email_key: &'a str,
    name: &'a str,
    role: &'a str,
    country: Option<&'a str>,
    status: &'a str,
    password_fingerprint: Option<String>,
    invited_by: Option<Id>,
    created_at: Instant,
    version: i32,
    seq: i64,
}

impl Serialize for UserRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        UserImage {
            id: self.id(),
            email: &self.email,
            email_key: &self.email_key,
            name: &self.name,
            role: &self.role,
            country: self.country.as_deref(),
            status: &self.status,
            password_fingerprint: self.password_hash.as_deref().map(fingerprint),
            invited_by: self.invited_by.map(Id),
            created_at: Instant(self.created_at),
            version: self.version,
            seq: self.seq,
        }
        .serialize(serializer)
    }
}

impl Recorded for UserRow {
    const TABLE: &'static str = "users";
    fn key(&self) -> String {
        self.id().to_string()
    }
    fn class_of(&self, column: &str) -> Class {
        match column {
            "email" | "email_key" | "name" => Class::Personal,
            _ => Class::Private,
        }
    }
}

/// A partner's API key.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true)]
pub struct ApiKeyRow {
    /// Random id.
    pub id: i64,
    /// Whose it is.
    pub name: String,
    /// The visible beginning of the secret.
    pub prefix: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// JSON list of words.
    pub scopes: String,
    /// Who made it; none for the operator.
    pub created_by: Option<i64>,
    /// When it was made, µs.
    pub created_at: i64,
    /// Until when it is good, µs.
    pub expires_at: i64,
    /// When it was revoked, µs.
    pub revoked_at: Option<i64>,
    /// Counts the changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
    /// Requests per minute; none for the common limit.
    pub per_minute: Option<i32>,
}

impl ApiKeyRow {
    /// The key's id.
    pub fn id(&self) -> Id {
        Id(self.id)
    }
}

#[derive(Serialize)]
struct ApiKeyImage<'a> {
    id: Id,
    name: &'a str,
    prefix: &'a str,
    secret_hash: String,
    scopes: &'a str,
    created_by: Option<Id>,
    created_at: Instant,
    expires_at: Instant,
    revoked_at: Option<Instant>,
    version: i32,
    seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_minute: Option<i32>,
}

impl Serialize for ApiKeyRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ApiKeyImage {
            id: self.id(),
            name: &self.name,
            prefix: &self.prefix,
            secret_hash: HEXLOWER.encode(&self.secret_hash),
            scopes: &self.scopes,
            created_by: self.created_by.map(Id),
            created_at: Instant(self.created_at),
            expires_at: Instant(self.expires_at),
            revoked_at: self.revoked_at.map(Instant),
            version: self.version,
            seq: self.seq,
            per_minute: self.per_minute,
        }
        .serialize(serializer)
    }
}

impl Recorded for ApiKeyRow {
    const TABLE: &'static str = "api_keys";
    fn key(&self) -> String {
        self.id().to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// An account's second factor. Serialised it is the journal's image: fingerprints instead of the sealed secret and the hashes of
/// the recovery codes, and without the step that was used last, which is machinery.
#[derive(Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = second_factors, primary_key(user_id))]
pub struct SecondFactorRow {
    /// Whose it is.
    pub user_id: i64,
    /// The TOTP secret as `auth::sealing` keeps it.
    pub sealed_secret: Vec<u8>,
    /// SHA-256 of the recovery codes that are left: a JSON list.
    pub recovery_hashes: String,
    /// When it was set, µs.
    pub set_at: i64,
    /// The step whose code was used last.
    pub last_step: i64,
    /// Counts the changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
}

impl SecondFactorRow {
    /// The hashes of the recovery codes that are left.
    pub fn recovery_hashes(&self) -> Result<Vec<String>, Error> {
        serde_json::from_str(&self.recovery_hashes).map_err(Error::internal)
    }
}

#[derive(Serialize)]
struct SecondFactorImage {
    user: Id,
    secret_fingerprint: String,
    recovery_fingerprint: String,
    set_at: Instant,
    version: i32,
    seq: i64,
}

impl Serialize for SecondFactorRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SecondFactorImage {
            user: Id(self.user_id),
            secret_fingerprint: fingerprint(&HEXLOWER.encode(&self.sealed_secret)),
            recovery_fingerprint: fingerprint(&self.recovery_hashes),
            set_at: Instant(self.set_at),
            version: self.version,
            seq: self.seq,
        }
        .serialize(serializer)
    }
}

impl Recorded for SecondFactorRow {
    const TABLE: &'static str = "second_factors";
    fn key(&self) -> String {
        Id(self.user_id).to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// A handover of the secretariat's office.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = handovers, treat_none_as_null = true)]
pub struct HandoverRow {
    /// Random id.
    #[serde(serialize_with = "as_id")]
    pub id: i64,
    /// JSON list of the accounts that take the office.
    pub successors: String,
    /// The day from whose start they hold it.
    pub effective_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// `open`, `approved`, `refused`, `retracted` or `done`.
    pub status: String,
    /// Who proposed it.
    pub proposer: String,
    /// When, µs.
    #[serde(serialize_with = "as_instant")]
    pub proposed_at: i64,
    /// Who decided it or took it back.
    pub decider: Option<String>,
    /// When, µs.
    pub decided_at: Option<i64>,
    /// Why.
    pub decision_reason: Option<String>,
    /// Counts the changes, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
}

impl HandoverRow {
    /// The accounts that take the office.
    pub fn successors(&self) -> Result<Vec<Id>, Error> {
        serde_json::from_str(&self.successors).map_err(Error::internal)
    }
}

impl Recorded for HandoverRow {
    const TABLE: &'static str = "handovers";
    fn key(&self) -> String {
        Id(self.id).to_string()
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

fn as_id<S: Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    Id(*id).serialize(serializer)
}

fn as_instant<S: Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    Instant(*at).serialize(serializer)
}

/// A log-in session; machinery, not in the journal.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// Random id.
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// SHA-256 of the refresh token that is good now.
    pub refresh_hash: Vec<u8>,
    /// How many refresh tokens it has had.
    pub generation: i32,
    /// When it was opened, µs.
    pub created_at: i64,
    /// When it was last opened or refreshed, µs.
    pub last_used_at: i64,
    /// When it ends by itself, µs.
    pub expires_at: i64,
    /// When it was ended, µs.
    pub ended_at: Option<i64>,
    /// Why.
    pub end_reason: Option<String>,
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![
        crate::recorded_table!(users, UserRow, id),
        crate::recorded_table!(api_keys, ApiKeyRow, id),
        crate::recorded_table!(second_factors, SecondFactorRow, user_id),
        crate::recorded_table!(handovers, HandoverRow, id),
    ]
}
