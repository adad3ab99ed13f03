//! Opening, rotating and ending sessions.
//!
//! A refresh token is `<session id>.<secret>.<tag>`; only the SHA-256 of the secret is stored. It works once: one atomic
//! compare-and-set puts the next one in its place, and a token that comes a second time ends the session, because one of
//! the two who have it is a thief. That it was one of this session's says the tag, which only the service can make: who knows no more
//! than a session's id ends nothing.

use data_encoding::BASE64URL_NOPAD;
use diesel::prelude::*;

use super::model::{DESK_SECONDS, End, SESSION_SECONDS};
use super::rows::{SessionRow, UserRow};
use super::second_factor::{self, Proof};
use crate::auth::Actor;
use crate::auth::sealing::SealKeys;
use crate::auth::secrets::{self, Secret};
use crate::db::schema::{sessions, users};
use crate::db::{Failure, Id, Instant, Tx};
use crate::http::Error;
use crate::journal;

/// How long a session is kept after its end, in seconds.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// A session that was just opened or refreshed.
pub struct Opened {
    /// Whose it is.
    pub user: UserRow,
    /// The session.
    pub session: Id,
    /// The refresh token that is good now; what the cookie holds, for the desk.
    pub refresh_token: String,
    /// The moment.
    pub now: Instant,
}

/// What a session is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Access and refresh tokens.
    Tokens,
    /// The cookie of the auditors' desk.
    Desk,
}

impl For {
    /// How long it lasts at most, in seconds.
    const fn seconds(self) -> i64 {
        match self {
            Self::Tokens => SESSION_SECONDS,
            Self::Desk => DESK_SECONDS,
        }
    }

    /// What is stored of its secret: neither is ever good as the other.
    fn digest(self, secret: &str) -> Vec<u8> {
        match self {
            Self::Tokens => secrets::digest(secret),
            Self::Desk => secrets::digest(&format!("desk {secret}")),
        }
    }
}

/// What the tag of a refresh token is for.
const TAG: &str = "refresh";

/// A refresh token of this session, with the tag by which it is known again when it comes a second time.
fn refresh_token(seals: &SealKeys, session: Id, secret: &Secret) -> Result<String, Error> {
    let secret = secret.reveal();
    let tag = seals.tag(TAG, &tagged(session, secret))?;
    Ok(format!(
        "{session}.{secret}.{}",
        BASE64URL_NOPAD.encode(&tag)
    ))
}

fn tagged(session: Id, secret: &str) -> String {
    format!("{session}\0{secret}")
}

/// The session and the digest that a desk's cookie holds; none where it has no such form.
pub fn of_cookie(value: &str) -> Option<(Id, Vec<u8>)> {
    let (session, secret) = parts(value)?;
    Some((session, For::Desk.digest(secret)))
}

/// Opens a session for an account whose password was found right against `checked` and whose code was judged to be `proof`;
/// none when the account was disabled, its password or second factor changed, or the proof was spent in the meantime.
pub fn open(
    tx: &mut Tx<'_>,
    user: Id,
    checked: &str,
    proof: &Proof,
    purpose: For,
    seals: &SealKeys,
    now: Instant,
) -> Result<Option<Opened>, Error> {
    // Under the lock, so that whoever disables the account or changes the password ends this session too.
    let user = second_factor::lock(tx, user)?;
    if !user.is_active()
        || user.password_hash.as_deref() != Some(checked)
        || !second_factor::spend(tx, user.id(), proof, now)?
    {
        return Ok(None);
    }
    let session = Id::random().map_err(Failure::from)?;
    let secret = Secret::random().map_err(Failure::from)?;
    diesel::insert_into(sessions::table)
        .values(&SessionRow {
            id: session.0,
            user_id: user.id,
            refresh_hash: purpose.digest(secret.reveal()),
            generation: 1,
            created_at: now.0,
            last_used_at: now.0,
            expires_at: now.plus_seconds(purpose.seconds()).0,
            ended_at: None,
            end_reason: None,
        })
        .execute(&mut **tx)?;
    let refresh_token = match purpose {
        For::Tokens => refresh_token(seals, session, &secret)?,
        For::Desk => format!("{session}.{}", secret.reveal()),
    };
    Ok(Some(Opened {
        user,
        session,
        refresh_token,
        now,
    }))
}

/// Puts a new refresh token in the place of this one; none when it is not the one that is good now. The caller commits
/// in both cases: a token that comes a second time ends the session.
pub fn rotate(
    tx: &mut Tx<'_>,
    seals: &SealKeys,
    token: &str,
    now: Instant,
) -> Result<Option<Opened>, Error> {
    let Some((session, rest)) = parts(token) else {
        return Ok(None);
    };
    // Nothing is asked of a token that was never given: it neither goes on nor ends anything.
    let Some((old, tag)) = rest.split_once('.') else {
        return Ok(None);
    };
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).unwrap_or_default();
    if !seals.has_tag(TAG, &tagged(session, old), &tag)? {
        return Ok(None);
    }
    let secret = Secret::random().map_err(Failure::from)?;
    let owner = diesel::update(
        sessions::table
            .find(session.0)
            .filter(sessions::refresh_hash.eq(secrets::digest(old)))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now.0)),
    )
    .set((
        sessions::refresh_hash.eq(secrets::digest(secret.reveal())),
        sessions::generation.eq(sessions::generation + 1),
        sessions::last_used_at.eq(now.0),
    ))
    .returning(sessions::user_id)
    .get_result::<i64>(&mut **tx)
    .optional()?;
    let Some(owner) = owner else {
        end_reused(tx, session, old, now)?;
        return Ok(None);
    };
    let user: UserRow = users::table.find(owner).first(&mut **tx)?;
    if !user.is_active() {
        return Ok(None);
    }
    Ok(Some(Opened {
        user,
        session,
        refresh_token: refresh_token(seals, session, &secret)?,
        now,
    }))
}

fn parts(token: &str) -> Option<(Id, &str)> {
    let (session, secret) = token.split_once('.')?;
    Some((session.parse().ok()?, secret))
}

/// Ends the session of a token that was good once and is not the one that is good now, with an entry of the journal.
fn end_reused(tx: &mut Tx<'_>, session: Id, old: &str, now: Instant) -> Result<(), Error> {
    let owner = diesel::update(
        sessions::table
            .find(session.0)
            .filter(sessions::refresh_hash.ne(secrets::digest(old)))
            .filter(sessions::ended_at.is_null()),
    )
    .set((
        sessions::ended_at.eq(now.0),
        sessions::end_reason.eq(End::Reuse.as_str()),
    ))
    .returning(sessions::user_id)
    .get_result::<i64>(&mut **tx)
    .optional()?;
    let Some(owner) = owner else {
        return Ok(());
    };
    tracing::warn!(%session, "a refresh token came a second time; its session was ended");
    let (actor, action) = (Actor::Anonymous, "user.session_ended");
    journal::enter(tx, &actor, now, action, |_, entry| {
        entry.about(format!("user:{}", Id(owner)));
        entry.note("session", session.to_string().into());
        entry.note("reason", End::Reuse.as_str().into());
        Ok(())
    })
}

/// Ends one session of this account; false when it has no such session that stands.
pub fn end(
    tx: &mut Tx<'_>,
    user: Id,
    session: Id,
    now: Instant,
    reason: End,
) -> Result<bool, Error> {
    let ended = diesel::update(
        sessions::table
            .find(session.0)
            .filter(sessions::user_id.eq(user.0))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::expires_at.gt(now.0)),
    )
    .set((
        sessions::ended_at.eq(now.0),
        sessions::end_reason.eq(reason.as_str()),
    ))
    .execute(&mut **tx)?;
    Ok(ended == 1)
}

/// Ends every session of this account at once.
pub fn end_all(tx: &mut Tx<'_>, user: Id, now: Instant, reason: End) -> Result<(), Error> {
    end_but(tx, user, None, now, reason)
}

/// Ends every session of this account but one.
pub fn end_others(
    tx: &mut Tx<'_>,
    user: Id,
    kept: Id,
    now: Instant,
    reason: End,
) -> Result<(), Error> {
    end_but(tx, user, Some(kept), now, reason)
}

fn end_but(
    tx: &mut Tx<'_>,
    user: Id,
    kept: Option<Id>,
    now: Instant,
    reason: End,
) -> Result<(), Error> {
    diesel::update(
        sessions::table
            .filter(sessions::user_id.eq(user.0))
            // No session has a negative id.
            .filter(sessions::id.ne(kept.map_or(i64::MIN, |id| id.0)))
            .filter(sessions::ended_at.is_null()),
    )
    .set((
        sessions::ended_at.eq(now.0),
        sessions::end_reason.eq(reason.as_str()),
    ))
    .execute(&mut **tx)?;
    Ok(())
}

/// Forgets the sessions that ended or ran out 30 days ago; returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Instant) -> Result<usize, Error> {
    let before = now.plus_seconds(-KEPT_SECONDS).0;
    let ended = sessions::ended_at.le(before).assume_not_null();
    let ended = sessions::ended_at.is_not_null().and(ended);
    let old = sessions::table.filter(ended.or(sessions::expires_at.le(before)));
    Ok(diesel::delete(old).execute(&mut **tx)?)
}
