//! A second factor at log-in: codes of an app (TOTP), and recovery codes for when the app is lost.
//!
//! A code is judged against what was read before the password was hashed, so that a wrong one costs what a wrong password does.
//! What it proved is spent in the transaction that opens the session: a step counts once for an account, a recovery code works
//! once.

use std::sync::LazyLock;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::links::NewLink;
use super::model::{ENROLMENT_SECONDS, End, RECOVERY_CODES};
use super::rows::{SecondFactorRow, UserRow};
use super::{queries, sessions};
use crate::auth::sealing::SealKeys;
use crate::auth::{Acting, Actor, totp};
use crate::db::schema::{second_factor_enrolments, second_factors, users};
use crate::db::{Conn, Failure, Id, Instant, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal;

const PURPOSE: &str = "totp";
/// As many recovery hashes as a factor has, of no code: an account without a factor is compared with them.
static DECOY: LazyLock<String> = LazyLock::new(|| {
    let one = format!("\"{}\"", "0".repeat(64));
    format!("[{}]", vec![one; RECOVERY_CODES].join(","))
});
/// Random bytes of a recovery code: 128 bits, so that a plain hash cannot be searched (ASVS 5.0, 6.5.2).
const RECOVERY_BYTES: usize = 16;

/// What a code proved, to be spent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The account has no second factor.
    NotNeeded,
    /// The code of this step, of the factor that was set at this instant (µs).
    Step(i64, i64),
    /// The recovery code with this hash.
    Recovery(String),
}

fn subject(user: Id) -> String {
    format!("user:{user}")
}

/// What a recovery code is kept as; hyphens, spaces and case do not count.
fn recovery_hash(code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    HEXLOWER.encode(&Sha256::digest(plain.as_bytes()))
}

/// What this code proves for an account with this factor; none when it proves nothing. An account without one costs the same
/// work, and a secret that no key here opens makes codes wrong, not the log-in an error: that would tell that there is an account with a
/// factor. Its recovery codes are good all the same.
pub fn judge(
    seals: &SealKeys,
    factor: Option<&SecondFactorRow>,
    code: Option<&str>,
    now: Instant,
) -> Result<Option<Proof>, Error> {
    // Sealing costs what opening does.
    let (secret, left) = match factor {
        Some(row) => {
            let about = subject(Id(row.user_id));
            (
                opened(seals, &about, &row.sealed_secret),
                row.recovery_hashes()?,
            )
        }
        None => {
            let secret = vec![0; totp::SECRET_BYTES];
            seals.seal(PURPOSE, &subject(Id(0)), &secret)?;
            let none: Vec<String> = serde_json::from_str(&DECOY).map_err(Error::internal)?;
            (Some(secret), none)
        }
    };
    let text = code.unwrap_or("");
    let step = totp::matching_step(
        secret.as_deref().unwrap_or(&[0; totp::SECRET_BYTES]),
        text,
        now,
    )?;
    let step = step.filter(|_| secret.is_some());
    let hash = recovery_hash(text);
    let known = left.contains(&hash);
    let Some(row) = factor else {
        return Ok(Some(Proof::NotNeeded));
    };
    if let Some(step) = step.filter(|step| *step > row.last_step) {
        return Ok(Some(Proof::Step(step, row.set_at)));
    }
    Ok(known.then_some(Proof::Recovery(hash)))
}

/// The secret, if a key here opens it; the log has why not.
fn opened(seals: &SealKeys, about: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    match seals.open(PURPOSE, about, sealed) {
        Ok(secret) => Some(secret),
        Err(error) => {
            let (cause, _) = error.inside();
            tracing::error!(
                about,
                cause,
                "the secret of a second factor cannot be opened; its codes count as wrong"
            );
            None
        }
    }
}

/// Spends a proof, under the lock of the account's row; false when it is no longer good, or somebody was faster.
pub fn spend(tx: &mut Tx<'_>, user: Id, proof: &Proof, now: Instant) -> Result<bool, Error> {
    let factor = queries::second_factor(tx, Some(user))?;
    match (factor, proof) {
        (None, _) => Ok(true),
        (Some(_), Proof::NotNeeded) => Ok(false),
        (Some(_), Proof::Step(step, set_at)) => {
            let fresh = second_factors::table
                .find(user.0)
                .filter(second_factors::set_at.eq(*set_at))
                .filter(second_factors::last_step.lt(*step));
            let spent = diesel::update(fresh)
                .set(second_factors::last_step.eq(*step))
                .execute(&mut **tx)?;
            Ok(spent == 1)
        }
        (Some(before), Proof::Recovery(hash)) => {
            let mut left = before.recovery_hashes()?;
            let count = left.len();
            left.retain(|one| one != hash);
            if left.len() == count {
                return Ok(false);
            }
            let after = SecondFactorRow {
                recovery_hashes: serde_json::to_string(&left).map_err(Error::internal)?,
                ..before.clone()
            };
            let actor = Actor::User(user);
            save(
                tx,
                &actor,
                now,
                "second_factor.recovery_code_used",
                Some(&before),
                after,
            )?;
            Ok(true)
        }
    }
}

/// Locks the account's row and reads it.
pub fn lock(tx: &mut Tx<'_>, user: Id) -> Result<UserRow, Error> {
    dialect::lock_row(tx, "users", "id", user.0)?;
    Ok(users::table.find(user.0).first(&mut **tx)?)
}

/// Begins an enrolment: a new secret that waits for its first code. An earlier enrolment is forgotten.
pub fn begin(
    tx: &mut Tx<'_>,
    seals: &SealKeys,
    user: Id,
    now: Instant,
) -> Result<[u8; totp::SECRET_BYTES], Error> {
    let mut secret = [0u8; totp::SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(Failure::from)?;
    let sealed = seals.seal(PURPOSE, &subject(user), &secret)?;
    diesel::delete(second_factor_enrolments::table.find(user.0)).execute(&mut **tx)?;
    diesel::insert_into(second_factor_enrolments::table)
        .values((
            second_factor_enrolments::user_id.eq(user.0),
            second_factor_enrolments::sealed_secret.eq(sealed),
            second_factor_enrolments::begun_at.eq(now.0),
        ))
        .execute(&mut **tx)?;
    Ok(secret)
}

/// Sets the factor whose enrolment waits, if this is its code; returns the recovery codes. All other sessions end.
pub fn confirm(
    tx: &mut Tx<'_>,
    seals: &SealKeys,
    acting: &Acting,
    (user, session): (Id, Id),
    code: &str,
) -> Result<Vec<String>, Error> {
    lock(tx, user)?;
    let now = acting.now();
    let sealed = second_factor_enrolments::table
        .find(user.0)
        .filter(second_factor_enrolments::begun_at.gt(now.plus_seconds(-ENROLMENT_SECONDS).0))
        .select(second_factor_enrolments::sealed_secret)
        .first::<Vec<u8>>(&mut **tx)
        .optional()?;
    let Some(sealed) = sealed else {
        let detail = "no enrolment waits for a code; begin again with POST /v1/auth/totp";
        return Err(Error::new(Code::Conflict, detail));
    };
    let secret = seals.open(PURPOSE, &subject(user), &sealed)?;
    let step = totp::matching_step(&secret, code, now)?.ok_or_else(|| {
        let why = "is not the code that the app shows now; is the clock of its device right?";
        Error::field("/code", why)
    })?;
    let codes = recovery_codes()?;
    let hashes: Vec<String> = codes.iter().map(|c| recovery_hash(c)).collect();
    let before = queries::second_factor(tx, Some(user))?;
    let after = SecondFactorRow {
        user_id: user.0,
        sealed_secret: sealed,
        recovery_hashes: serde_json::to_string(&hashes).map_err(Error::internal)?,
        set_at: now.0,
        last_step: step,
        version: 0,
        seq: 0,
    };
    save(
        tx,
        &acting.actor(),
        now,
        "second_factor.set",
        before.as_ref(),
        after,
    )?;
    diesel::delete(second_factor_enrolments::table.find(user.0)).execute(&mut **tx)?;
    sessions::end_others(tx, user, session, now, End::SecondFactorChanged)?;
    Ok(codes)
}

fn recovery_codes() -> Result<Vec<String>, Error> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut bytes = [0u8; RECOVERY_BYTES];
        getrandom::fill(&mut bytes).map_err(Failure::from)?;
        let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
        let groups: Vec<String> = text
            .as_bytes()
            .chunks(4)
            .map(|four| String::from_utf8_lossy(four).into_owned())
            .collect();
        codes.push(groups.join("-"));
    }
    Ok(codes)
}

/// Removes the account's factor, whose row is locked; false when it has none.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, user: Id, now: Instant) -> Result<bool, Error> {
    diesel::delete(second_factor_enrolments::table.find(user.0)).execute(&mut **tx)?;
    let Some(row) = queries::second_factor(tx, Some(user))? else {
        return Ok(false);
    };
    journal::enter(tx, actor, now, "second_factor.removed", |tx, entry| {
        entry.about(subject(user));
        diesel::delete(second_factors::table.find(user.0)).execute(&mut **tx)?;
        entry.gone(&row);
        Ok(true)
    })
}

/// Removes somebody's factor as the operator does it; their sessions end, and so does the password, which may be one that is only good
/// beside a factor. Gives the link that sets another; none when there is no factor.
pub fn remove_for(tx: &mut Tx<'_>, acting: &Acting, user: Id) -> Result<Option<NewLink>, Error> {
    lock(tx, user)?;
    sessions::end_all(tx, user, acting.now(), End::SecondFactorChanged)?;
    if !remove(tx, &acting.actor(), user, acting.now())? {
        return Ok(None);
    }
    super::users::end_password(tx, acting, user).map(Some)
}

fn save(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: Option<&SecondFactorRow>,
    mut after: SecondFactorRow,
) -> Result<(), Error> {
    journal::enter(tx, actor, now, action, |tx, entry| {
        entry.about(subject(Id(after.user_id)));
        after.version = before.map_or(0, |row| row.version) + 1;
        after.seq = entry.seq();
        match before {
            Some(before) => {
                diesel::update(second_factors::table.find(after.user_id))
                    .set(&after)
                    .execute(&mut **tx)?;
                entry.changed(before, &after)
            }
            None => {
                diesel::insert_into(second_factors::table)
                    .values(&after)
                    .execute(&mut **tx)?;
                entry.now(&after)
            }
        }
    })
}

/// True when every secret that is kept opens with these keys: another replica's secrets need another replica's keys.
pub fn all_open(conn: &mut Conn, seals: &SealKeys) -> Result<bool, Error> {
    let sealed: Vec<Vec<u8>> = second_factors::table
        .select(second_factors::sealed_secret)
        .load(conn)?;
    Ok(sealed.iter().all(|one| seals.knows(one)))
}

/// True when no account has a second factor or waits for one.
pub fn none_at_all(conn: &mut Conn) -> Result<bool, Error> {
    let set: i64 = second_factors::table.count().get_result(conn)?;
    Ok(set == 0)
}

/// Forgets the enrolments whose first code never came; returns how many.
pub fn forget_old(tx: &mut Tx<'_>, now: Instant) -> Result<usize, Error> {
    let before = now.plus_seconds(-ENROLMENT_SECONDS).0;
    let old = second_factor_enrolments::table.filter(second_factor_enrolments::begun_at.le(before));
    Ok(diesel::delete(old).execute(&mut **tx)?)
}
