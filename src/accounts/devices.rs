//! How a device that logged in to an account before is known again: by a token that the service tags and keeps nowhere.
//!
//! It is no credential. All it does is to let the owner past the waits that somebody else's failures caused in the same network;
//! a stolen one has waits of its own.

use data_encoding::BASE64URL_NOPAD;

use super::model::DEVICE_SECONDS;
use crate::auth::sealing::SealKeys;
use crate::auth::throttle::Place;
use crate::db::{Failure, Id, Instant};
use crate::http::Error;

const PURPOSE: &str = "device";

/// A token for a device that just logged in to the account with this key of an e-mail address.
pub(super) fn token(seals: &SealKeys, account: &str, now: Instant) -> Result<String, Error> {
    let device = Id::random().map_err(Failure::from)?;
    let made = now.unix_seconds();
    let tag = seals.tag(PURPOSE, &message(account, &device.to_string(), made))?;
    Ok(format!("{device}.{made}.{}", BASE64URL_NOPAD.encode(&tag)))
}

/// Where a log-in to this account comes from: the device, if it is known, or else the network.
pub(super) fn place(
    seals: &SealKeys,
    account: &str,
    token: Option<&str>,
    network: String,
    now: Instant,
) -> Result<Place, Error> {
    let known = match token {
        Some(token) => device(seals, account, token, now)?,
        None => None,
    };
    Ok(known.map_or(Place::Network(network), Place::Device))
}

fn device(
    seals: &SealKeys,
    account: &str,
    token: &str,
    now: Instant,
) -> Result<Option<String>, Error> {
    let mut parts = token.splitn(3, '.');
    let (Some(device), Some(made), Some(tag)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let (Ok(made), Ok(tag)) = (made.parse::<i64>(), BASE64URL_NOPAD.decode(tag.as_bytes())) else {
        return Ok(None);
    };
    let young = made.saturating_add(DEVICE_SECONDS) > now.unix_seconds();
    let good = seals.has_tag(PURPOSE, &message(account, device, made), &tag)?;
    Ok((young && good).then(|| device.to_owned()))
}

fn message(account: &str, device: &str, made: i64) -> String {
    format!("{account}\0{device}\0{made}")
}
