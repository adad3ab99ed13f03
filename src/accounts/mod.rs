//! Accounts: people who log in, their sessions and one-time links, and partners' API keys.
//!
//! | file | what |
//! |---|---|
//! | `model.rs` | words and lifetimes (pure) |
//! | `rows.rs` | the rows, and who may read which column |
//! | `queries.rs` | all reading SQL; lists ask for a reach |
//! | `users.rs` | inviting, changing and disabling accounts, setting a password |
//! | `sessions.rs` | opening, rotating and ending sessions |
//! | `second_factor.rs` | setting, proving and removing a second factor |
//! | `reauthentication.rs` | password and code once more, before something about the own account changes |
//! | `desk.rs` | the session of the auditors' desk: a cookie |
//! | `devices.rs` | how a device that logged in before is known again |
//! | `links.rs` | links that set a password once |
//! | `lost_password.rs` | a link for whoever asks for one without a log-in |
//! | `mail.rs` | one-time links by mail |
//! | `keys.rs` | partners' API keys |
//! | `handover.rs` | the secretariat's office goes to others |
//! | `dto.rs` | the wire |
//! | `link_pages.rs` | what a browser shows for a link |
//! | `auth_handlers.rs`, `second_factor_handlers.rs`, `own_handlers.rs`, `link_handlers.rs`, `user_handlers.rs`, `user_session_handlers.rs`, `key_handlers.rs`, `handover_handlers.rs` | the routes |
//!
//! Accounts, second factors and keys are in the journal; sessions, links and enrolments are machinery. Neither a password nor its hash, nor a token,
//! ever reaches the journal or a log: the journal holds a fingerprint of the stored hash.

mod auth_handlers;
pub mod desk;
mod devices;
pub mod dto;
pub mod handover;
mod handover_handlers;
mod key_handlers;
pub mod keys;
mod link_handlers;
mod link_pages;
pub mod links;
pub mod lost_password;
pub mod mail;
pub mod model;
mod own_handlers;
pub mod queries;
mod reauthentication;
pub mod rows;
pub mod second_factor;
mod second_factor_handlers;
pub mod sessions;
#[cfg(test)]
mod tests;
mod user_handlers;
mod user_session_handlers;
pub mod users;

use crate::http::Routes;

use crate::db::{Instant, Tx};
use crate::http::Error;

pub use auth_handlers::{LogInParts, well_known_routes};
pub use model::NewUser;
pub use queries::{find_by_email, principal_of};
pub use rows::recorded_tables;
pub use users::{change, create_active, disable, invite};

/// Where the registry is reached from outside, like `https://registry.example`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(pub String);

/// Adds the routes under `/v1`.
pub fn routes(config: &mut impl Routes) {
    auth_handlers::routes(config);
    own_handlers::routes(config);
    second_factor_handlers::routes(config);
    link_handlers::routes(config);
    link_pages::routes(config);
    lost_password::routes(config);
    user_handlers::routes(config);
    user_session_handlers::routes(config);
    key_handlers::routes(config);
    handover_handlers::routes(config);
}

/// Forgets links that are good no more, and sessions 30 days after their end; returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Instant) -> Result<usize, Error> {
    Ok(links::forget_useless(tx, now)?
        + sessions::forget_old(tx, now)?
        + second_factor::forget_old(tx, now)?)
}
