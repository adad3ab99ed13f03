//! Reauthentication: proving once more who one is, before something about the own account changes: a session alone may be stolen.

use super::auth_handlers::{LogInParts, own_session, wrong_credentials};
use super::queries;
use super::rows::{SecondFactorRow, UserRow};
use super::second_factor::{self, Proof};
use crate::auth::policy::acts::OwnAccount;
use crate::auth::throttle::{Attempt, Place};
use crate::auth::{Permit, Reach};
use crate::db::{Id, Instant, Tx};
use crate::http::Error;

/// One's own account as it was before a password was hashed.
pub(super) struct Own {
    pub user: UserRow,
    pub factor: Option<SecondFactorRow>,
}

impl Own {
    pub async fn look(permit: Permit<OwnAccount>) -> Result<Self, Error> {
        permit
            .read(|conn, acting| {
                let (id, _) = own_session(acting)?;
                Ok(Self {
                    user: queries::by_id(conn, &Reach::everything(), id)?,
                    factor: queries::second_factor(conn, Some(id))?,
                })
            })
            .await
    }

    /// A stolen access token must not become a way to try passwords.
    pub fn begin(&self, parts: &LogInParts) -> Result<Attempt, Error> {
        let account = format!("own:{}", self.user.id());
        let place = Place::Network(parts.network.clone());
        parts.throttle.begin(&account, &place)
    }
}

/// What was found right, to be held against the account again in the transaction.
pub(super) struct Proved {
    hash: String,
    proof: Proof,
}

impl Proved {
    /// Checks password and code like a log-in does, with the same waits.
    pub async fn check(
        own: &Own,
        parts: &LogInParts,
        password: String,
        code: Option<&str>,
    ) -> Result<Self, Error> {
        let attempt = own.begin(parts)?;
        let hash = own.user.password_hash.clone();
        let right = parts.passwords.verify(password, hash.clone()).await?;
        let factor = own.factor.as_ref();
        let proof = second_factor::judge(&parts.seals, factor, code, Instant::now())?;
        match (hash, proof) {
            (Some(hash), Some(proof)) if right => {
                attempt.succeeded();
                Ok(Self { hash, proof })
            }
            _ => {
                attempt.failed();
                Err(wrong_credentials())
            }
        }
    }

    /// Locks the account, spends the proof if nothing has changed, and gives the account's row.
    pub fn spend(&self, tx: &mut Tx<'_>, user: Id, now: Instant) -> Result<UserRow, Error> {
        let row = second_factor::lock(tx, user)?;
        let same = row.is_active() && row.password_hash.as_deref() == Some(self.hash.as_str());
        if same && second_factor::spend(tx, user, &self.proof, now)? {
            Ok(row)
        } else {
            Err(wrong_credentials())
        }
    }
}
