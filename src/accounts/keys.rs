//! Partners' API keys: made, listed and revoked by the secretariat. The secret is shown once.

use diesel::prelude::*;

use super::model::{ACTIVE_KEYS, KEY_MAX_SECONDS, KEY_SECONDS, NewKey};
use super::rows::ApiKeyRow;
use crate::auth::{Acting, secrets};
use crate::db::schema::{api_key_uses, api_keys};
use crate::db::{Conn, Failure, Id, Instant, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal;

/// Makes a key; the second value is its secret, to be shown once.
pub fn create_key(
    tx: &mut Tx<'_>,
    acting: &Acting,
    new: &NewKey,
) -> Result<(ApiKeyRow, String), Error> {
    let now = acting.now();
    let expires_at = new
        .expires_at
        .unwrap_or_else(|| now.plus_seconds(KEY_SECONDS));
    if expires_at <= now || expires_at > now.plus_seconds(KEY_MAX_SECONDS) {
        return Err(Error::field(
            "/expires_at",
            "must lie in the future, and at most two years ahead",
        ));
    }
    let mut scopes = new.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let scopes = serde_json::to_string(&scopes).map_err(Error::internal)?;
    let id = Id::random().map_err(Failure::from)?;
    let (secret, prefix) = secrets::api_key().map_err(Failure::from)?;
    let row = journal::enter(tx, &acting.actor(), now, "api_key.created", |tx, entry| {
        // With the head held, so that two at once are not both the second.
        if active_of(tx, new.name.as_str(), now)?.len() >= ACTIVE_KEYS {
            return Err(Error::new(
                Code::Conflict,
                "this partner has two active keys already; revoke one of them first",
            )
            .at_field("/name"));
        }
        entry.about(format!("api_key:{id}"));
        let row = ApiKeyRow {
            id: id.0,
            name: new.name.as_str().to_owned(),
            prefix,
            secret_hash: secrets::digest(&secret),
            scopes,
            created_by: acting.user_id().map(|by| by.0),
            created_at: entry.recorded_at().0,
            expires_at: expires_at.0,
            revoked_at: None,
            version: 1,
            seq: entry.seq(),
            per_minute: new.per_minute,
        };
        diesel::insert_into(api_keys::table)
            .values(&row)
            .execute(&mut **tx)?;
        entry.now(&row)?;
        Ok(row)
    })?;
    Ok((row, secret))
}

/// The active keys of a partner, the newest first. One partner, however the name is spaced and capitalised.
fn active_of(tx: &mut Tx<'_>, partner: &str, now: Instant) -> Result<Vec<Id>, Error> {
    let plain = |name: &str| {
        let words: Vec<&str> = name.split_whitespace().collect();
        words.join(" ").to_lowercase()
    };
    let active: Vec<(Id, String)> = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.gt(now.0))
        .order((api_keys::created_at.desc(), api_keys::id.desc()))
        .select((api_keys::id, api_keys::name))
        .load(&mut **tx)?;
    let partner = plain(partner);
    let own = active
        .into_iter()
        .filter(|(_, name)| plain(name) == partner);
    Ok(own.map(|(id, _)| id).collect())
}

/// Revokes the active keys of a partner but the newest, so that there is room for another.
pub fn make_room(tx: &mut Tx<'_>, acting: &Acting, name: &str) -> Result<(), Error> {
    for key in active_of(tx, name, acting.now())?.into_iter().skip(1) {
        revoke_key(tx, acting, key)?;
    }
    Ok(())
}

/// Revokes a key at once. Revoking a revoked key changes nothing.
pub fn revoke_key(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<(), Error> {
    dialect::lock_row(tx, "api_keys", "id", id.0)?;
    let before: ApiKeyRow = api_keys::table
        .find(id.0)
        .first(&mut **tx)
        .optional()?
        .ok_or_else(|| Error::not_found("API key"))?;
    if before.revoked_at.is_some() {
        return Ok(());
    }
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "api_key.revoked",
        |tx, entry| {
            entry.about(format!("api_key:{id}"));
            let after = ApiKeyRow {
                revoked_at: Some(entry.recorded_at().0),
                version: before.version + 1,
                seq: entry.seq(),
                ..before.clone()
            };
            diesel::update(api_keys::table.find(id.0))
                .set(&after)
                .execute(&mut **tx)?;
            entry.changed(&before, &after)
        },
    )
}

/// Notes when keys were last used.
pub fn note_uses(tx: &mut Tx<'_>, uses: &[(Id, Instant)]) -> Result<(), Error> {
    for (key, at) in uses {
        let row = (
            api_key_uses::key_id.eq(key.0),
            api_key_uses::last_used_at.eq(at.0),
        );
        let conn: &mut Conn = &mut *tx;
        crate::dialect!(conn, |c| diesel::insert_into(api_key_uses::table)
            .values(row)
            .on_conflict(api_key_uses::key_id)
            .do_update()
            .set(api_key_uses::last_used_at.eq(at.0))
            .execute(c))?;
    }
    Ok(())
}
