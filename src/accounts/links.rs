//! Links that set a password once. Only the SHA-256 of the token is stored.

use diesel::prelude::*;

use super::model::{INVITATION_SECONDS, RESET_SECONDS};
use crate::auth::secrets::{self, Secret};
use crate::db::schema::one_time_links;
use crate::db::{Conn, Failure, Id, Instant, Tx};
use crate::http::Error;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first password of an invited account.
    Invitation,
    /// Another password of an active account.
    Reset,
}

impl Purpose {
    /// The purpose's word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// The path that the token is the last part of.
    pub fn path(self) -> &'static str {
        match self {
            Self::Invitation => "/v1/invitations",
            Self::Reset => "/v1/password-resets",
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Invitation => INVITATION_SECONDS,
            Self::Reset => RESET_SECONDS,
        }
    }
}

/// A fresh link, to be shown once.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What it is for.
    pub purpose: Purpose,
    /// What the link proves itself by.
    pub token: Secret,
    /// When it stops being good.
    pub expires_at: Instant,
}

/// Makes a link; earlier ones of the account are no longer good.
pub fn create(tx: &mut Tx<'_>, user: Id, purpose: Purpose, now: Instant) -> Result<NewLink, Error> {
    burn(tx, user, now)?;
    add(tx, user, purpose, now)
}

/// Makes a link beside those that the account has.
pub fn add(tx: &mut Tx<'_>, user: Id, purpose: Purpose, now: Instant) -> Result<NewLink, Error> {
    let token = Secret::random().map_err(Failure::from)?;
    let expires_at = now.plus_seconds(purpose.seconds());
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::token_hash.eq(secrets::digest(token.reveal())),
            one_time_links::user_id.eq(user.0),
            one_time_links::purpose.eq(purpose.as_str()),
            one_time_links::created_at.eq(now.0),
            one_time_links::expires_at.eq(expires_at.0),
        ))
        .execute(&mut **tx)?;
    Ok(NewLink {
        purpose,
        token,
        expires_at,
    })
}

/// Whose link this is, if it is good now.
pub fn owner(
    conn: &mut Conn,
    purpose: Purpose,
    token: &str,
    now: Instant,
) -> Result<Option<Id>, Error> {
    Ok(one_time_links::table
        .find(secrets::digest(token))
        .filter(one_time_links::purpose.eq(purpose.as_str()))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::expires_at.gt(now.0))
        .select(one_time_links::user_id)
        .first::<Id>(conn)
        .optional()?)
}

/// Uses a link up; false when it is not good, or somebody was faster.
pub fn take(tx: &mut Tx<'_>, purpose: Purpose, token: &str, now: Instant) -> Result<bool, Error> {
    let taken = diesel::update(
        one_time_links::table
            .find(secrets::digest(token))
            .filter(one_time_links::purpose.eq(purpose.as_str()))
            .filter(one_time_links::used_at.is_null())
            .filter(one_time_links::expires_at.gt(now.0)),
    )
    .set(one_time_links::used_at.eq(now.0))
    .execute(&mut **tx)?;
    Ok(taken == 1)
}

/// Makes every link of the account useless.
pub fn burn(tx: &mut Tx<'_>, user: Id, now: Instant) -> Result<(), Error> {
    diesel::update(
        one_time_links::table
            .filter(one_time_links::user_id.eq(user.0))
            .filter(one_time_links::used_at.is_null()),
    )
    .set(one_time_links::used_at.eq(now.0))
    .execute(&mut **tx)?;
    Ok(())
}

/// Forgets the links that are used or expired; returns how many.
pub fn forget_useless(tx: &mut Tx<'_>, now: Instant) -> Result<usize, Error> {
    let used = one_time_links::used_at.is_not_null();
    let useless = one_time_links::table.filter(used.or(one_time_links::expires_at.le(now.0)));
    Ok(diesel::delete(useless).execute(&mut **tx)?)
}
