//! After a restore: the registry says in its journal which entries it still has, and signs what follows.
//!
//! Whoever holds a newer checkpoint of the time before learns from that entry which entries were lost. Without it a journal that is
//! shorter than a checkpoint is one whose end was cut off.

use std::path::Path;

use super::signer::{Checkpoints, Made};
use super::{file, queries};
use crate::auth::Actor;
use crate::db::{Conn, Instant, Tx};
use crate::http::Error;
use crate::journal::{self, RESTORED, restored_subject};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The last entry that the restored registry has of before.
    pub last: u64,
    /// The entry that says so.
    pub entry: u64,
    /// The size of the newest checkpoint in the file, if it is newer: what was lost ends there at the earliest.
    pub known: Option<u64>,
}

/// The part of it in the database: the entry, unless it is there, and a checkpoint. Gives the entry's position, that of the last one of
/// before, and the checkpoint.
pub fn enter(
    tx: &mut Tx<'_>,
    checkpoints: &Checkpoints,
    last: Option<u64>,
    held: Option<u64>,
    now: Instant,
) -> Result<(u64, u64, Made), Error> {
    let size = queries::journal_size(tx)?;
    let last = match last {
        Some(last) => last,
        // The file knows of no entry beyond: this is no further restore.
        None if held.is_none_or(|held| held <= size) => before_restore(tx, size)?,
        None => size,
    };
    if last > size {
        return Err(Error::field("last", format!("the journal ends at {size}")));
    }
    let known = held.filter(|held| *held > last);
    let subject = restored_subject(last, known);
    let there = journal::queries::last_of(tx, RESTORED, &restored_subject(last, None))?;
    let entry = match there {
        Some(there) => there.unsigned_abs(),
        None => journal::enter(tx, &Actor::Operator, now, RESTORED, |_, entry| {
            entry.about(subject.clone());
            Ok(entry.seq().unsigned_abs())
        })?,
    };
    Ok((entry, last, checkpoints.make(tx, now)?))
}

/// The last entry of before, where nothing was recorded since: the journal's end, or the one before it where that says it already.
fn before_restore(tx: &mut Tx<'_>, size: u64) -> Result<u64, Error> {
    let before = size.saturating_sub(1);
    let there = journal::queries::last_of(tx, RESTORED, &restored_subject(before, None))?;
    let is_there = size > 0 && there.map(i64::unsigned_abs) == Some(size);
    Ok(if is_there { before } else { size })
}

/// Writes the entry, with the position of the last entry of before (the journal's end, unless it is given because others were
/// recorded since), signs a checkpoint, and appends it to the file. Where the entry is there already, only the latter: each replica has
/// a file of its own.
///
/// # Errors
///
/// A position that the journal does not have, or a journal that does not have the roots of its own checkpoints.
pub fn record(
    conn: &mut Conn,
    checkpoints: &Checkpoints,
    path: Option<&Path>,
    last: Option<u64>,
    now: Instant,
) -> Result<Restored, Error> {
    let held = match path {
        Some(path) => file::last(path).map_err(Error::internal)?,
        None => None,
    };
    let held = held.map(|note| note.checkpoint.size);
    let (entry, last, note) = conn.transact(|tx| enter(tx, checkpoints, last, held, now))?;
    if let Some(path) = path {
        file::append(path, note.made_at, &note.note).map_err(Error::internal)?;
    }
    Ok(Restored {
        last,
        entry,
        known: held.filter(|held| *held > last),
    })
}
