//! The rows that turn a credential into a principal.

use data_encoding::HEXLOWER;
use diesel::prelude::*;

use super::{Credential, Principal, Role};
use crate::auth::credential::unauthenticated;
use crate::db::schema::{api_keys, second_factors, sessions, users};
use crate::db::{Conn, Id, Instant};
use crate::http::Error;
use crate::http::limits::Limits;

type SessionUser = (Id, String, Option<String>);

/// The account of a session that goes on, with its role and country.
#[diesel::dsl::auto_type]
fn of_session(session: Id, now: Instant) -> _ {
    let at: i64 = now.0;
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(at))
        .filter(users::status.eq("active"))
        .select((users::id, users::role, users::country))
}

/// Who the credential stands for at this moment; a good key and a good session at the desk are remembered for the limits. Disabled or
/// unconfirmed accounts, ended sessions and revoked or expired keys never become a principal.
pub fn principal(
    conn: &mut Conn,
    credential: &Credential,
    limits: Option<&Limits>,
    now: Instant,
) -> Result<Principal, Error> {
    match credential {
        Credential::None => Ok(Principal::Anonymous),
        Credential::Token(claims) => {
            let session: Id = claims.sid.parse().map_err(|_| unauthenticated())?;
            let row = of_session(session, now).first(conn).optional()?;
            let (id, role, country): SessionUser = row.ok_or_else(unauthenticated)?;
            let role: Role = role.parse().map_err(Error::internal)?;
            if id.to_string() != claims.sub || role != claims.role {
                return Err(unauthenticated());
            }
            Ok(Principal::User {
                id,
                session,
                role,
                country,
            })
        }
        Credential::Desk { session, digest } => {
            let row = of_session(*session, now)
                .filter(sessions::refresh_hash.eq(digest))
                .first(conn)
                .optional()?;
            let (id, role, country): SessionUser = row.ok_or_else(unauthenticated)?;
            if let Some(limits) = limits {
                limits.confirm_session(&HEXLOWER.encode(digest), id);
            }
            Ok(Principal::User {
                id,
                session: *session,
                role: role.parse().map_err(Error::internal)?,
                country,
            })
        }
        Credential::Key(digest) => {
            let row = api_keys::table
                .filter(api_keys::secret_hash.eq(digest))
                .filter(api_keys::revoked_at.is_null())
                .filter(api_keys::expires_at.gt(now.0))
                .select((api_keys::id, api_keys::scopes, api_keys::per_minute))
                .first::<(Id, String, Option<i32>)>(conn)
                .optional()?;
            let (key, scopes, per_minute) = row.ok_or_else(unauthenticated)?;
            let scopes = serde_json::from_str(&scopes).map_err(Error::internal)?;
            if let Some(limits) = limits {
                let per_minute = per_minute.and_then(|n| u32::try_from(n).ok());
                limits.confirm(&HEXLOWER.encode(digest), key, per_minute, now);
            }
            Ok(Principal::Partner { key, scopes })
        }
    }
}

/// True when the account has a second factor.
pub fn has_second_factor(conn: &mut Conn, user: Id) -> Result<bool, Error> {
    let found = second_factors::table
        .find(user.0)
        .select(second_factors::user_id)
        .first::<i64>(conn)
        .optional()?;
    Ok(found.is_some())
}
