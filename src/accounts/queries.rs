//! Reading accounts, sessions and keys.

use diesel::prelude::*;

use super::model::email_key;
use super::rows::{ApiKeyRow, SessionRow, UserRow};
use crate::auth::{Principal, Reach, Scope};
use crate::db::schema::{api_key_uses, api_keys, countries, sessions, users};
use crate::db::{Conn, Id, Instant, MultiBackend};
use crate::http::{Code, Error};
use crate::text::Email;

/// Which accounts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Any of these countries.
    pub country: Vec<String>,
    /// Any of these roles.
    pub role: Vec<&'static str>,
    /// Any of these statuses.
    pub status: Vec<&'static str>,
    /// Behind this instant (µs) and id.
    pub after: Option<(i64, i64)>,
}

type Boxed<'a> = users::BoxedQuery<'a, MultiBackend>;

/// The accounts that this reach covers. A coordinator's are the coordinators of the own country.
fn reached<'a>(reach: &Reach) -> Boxed<'a> {
    let all = users::table.into_boxed::<MultiBackend>();
    match reach.scope() {
        Scope::All => all,
        Scope::One(country) => all.filter(users::country.eq(country.clone())),
        // Ids are never negative: nothing of accounts is public.
        Scope::None => all.filter(users::id.lt(0)),
    }
}

fn narrowed<'a>(mut query: Boxed<'a>, wanted: &Wanted) -> Boxed<'a> {
    if !wanted.country.is_empty() {
        query = query.filter(users::country.eq_any(wanted.country.clone()));
    }
    if !wanted.role.is_empty() {
        query = query.filter(users::role.eq_any(wanted.role.clone()));
    }
    if !wanted.status.is_empty() {
        query = query.filter(users::status.eq_any(wanted.status.clone()));
    }
    query
}

/// A page of accounts in the order in which they were made.
pub fn list(
    conn: &mut Conn,
    reach: &Reach,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<UserRow>, Error> {
    let mut query = narrowed(reached(reach), wanted);
    if let Some((at, id)) = wanted.after {
        let behind = users::created_at
            .gt(at)
            .or(users::created_at.eq(at).and(users::id.gt(id)));
        query = query.filter(behind);
    }
    Ok(query
        .order((users::created_at, users::id))
        .limit(limit)
        .load(conn)?)
}

/// How many accounts there are on all pages.
pub fn count(conn: &mut Conn, reach: &Reach, wanted: &Wanted) -> Result<i64, Error> {
    Ok(narrowed(reached(reach), wanted).count().get_result(conn)?)
}

/// The account with this id, if this reach covers it.
pub fn by_id(conn: &mut Conn, reach: &Reach, id: Id) -> Result<UserRow, Error> {
    reached(reach)
        .filter(users::id.eq(id.0))
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::not_found("account"))
}

/// The account with this e-mail address, in whatever case it is written.
pub fn find_by_email(conn: &mut Conn, email: &Email) -> Result<Option<UserRow>, Error> {
    by_email_key(conn, &email_key(email))
}

/// The account with this key of an e-mail address.
pub(super) fn by_email_key(conn: &mut Conn, key: &str) -> Result<Option<UserRow>, Error> {
    Ok(users::table
        .filter(users::email_key.eq(key))
        .first(conn)
        .optional()?)
}

/// The account as a principal without a session, for acts on its behalf; only an active one becomes a principal.
pub fn principal_of(user: &UserRow) -> Result<Principal, Error> {
    if !user.is_active() {
        return Err(Error::new(Code::Conflict, "this account is not active"));
    }
    Ok(Principal::User {
        id: user.id(),
        session: Id(0),
        role: user.role()?,
        country: user.country.clone(),
    })
}

/// True when the Platform has a country with this code.
pub fn is_country(conn: &mut Conn, code: &str) -> Result<bool, Error> {
    // PostgreSQL fails on a text that holds NUL.
    if !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(false);
    }
    let found = countries::table
        .find(code)
        .select(countries::code)
        .first::<String>(conn)
        .optional()?;
    Ok(found.is_some())
}

/// The account's sessions that stand, newest first, behind this instant (µs) and id.
pub fn sessions_of(
    conn: &mut Conn,
    user: Id,
    now: Instant,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<SessionRow>, Error> {
    let mut query = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.0))
        .into_boxed::<MultiBackend>();
    if let Some((at, id)) = after {
        let behind = sessions::created_at
            .lt(at)
            .or(sessions::created_at.eq(at).and(sessions::id.lt(id)));
        query = query.filter(behind);
    }
    Ok(query
        .order((sessions::created_at.desc(), sessions::id.desc()))
        .limit(limit)
        .load(conn)?)
}

/// API keys with when they were last used (µs), newest first, behind this instant (µs) and id.
pub fn keys(
    conn: &mut Conn,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<(ApiKeyRow, Option<i64>)>, Error> {
    let mut query = api_keys::table
        .left_join(api_key_uses::table)
        .select((api_keys::all_columns, api_key_uses::last_used_at.nullable()))
        .into_boxed::<MultiBackend>();
    if let Some((at, id)) = after {
        let behind = api_keys::created_at
            .lt(at)
            .or(api_keys::created_at.eq(at).and(api_keys::id.lt(id)));
        query = query.filter(behind);
    }
    Ok(query
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .limit(limit)
        .load(conn)?)
}
