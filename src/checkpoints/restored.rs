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
use crate::journal::note::{Checkpoint, SignedNote};
use crate::journal::{self, RESTORED, restored_subject, tree};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The last entry that the restored registry has of before.
    pub last: u64,
    /// The entry that says so.
    pub entry: u64,
    /// The size of the newest checkpoint in the file, if it is newer and not of this journal: what was lost ends there at the earliest.
    pub known: Option<u64>,
}

/// What an entry about a restore says, and what was signed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Its position.
    pub entry: u64,
    /// The last entry of before.
    pub last: u64,
    /// How many entries the file knows, where some of them are lost.
    pub known: Option<u64>,
    /// The checkpoint.
    pub made: Made,
}

/// The part of it in the database: the entry, unless it is there, and a checkpoint. `held` is the last checkpoint of the file.
pub fn enter(
    tx: &mut Tx<'_>,
    checkpoints: &Checkpoints,
    last: Option<u64>,
    held: Option<&Checkpoint>,
    now: Instant,
) -> Result<Entered, Error> {
    let size = queries::journal_size(tx)?;
    let last = match last {
        Some(last) => last,
        // The file knows of no entry beyond: this is no further restore.
        None if held.is_none_or(|held| held.size <= size) => before_restore(tx, size)?,
        None => size,
    };
    if last > size {
        return Err(Error::field("last", format!("the journal ends at {size}")));
    }
    let known = match held {
        // Of the journal as it is now nothing is lost: this was done before.
        Some(held) if held.size <= size && tree::root_at(tx, held.size)? == held.root => None,
        held => held.map(|held| held.size).filter(|held| *held > last),
    };
    let subject = restored_subject(last, known);
    let there = journal::queries::last_of(tx, RESTORED, &restored_subject(last, None))?;
    let entry = match there {
        Some(there) => there.unsigned_abs(),
        None => journal::enter(tx, &Actor::Operator, now, RESTORED, |_, entry| {
            entry.about(subject.clone());
            Ok(entry.seq().unsigned_abs())
        })?,
    };
    let made = checkpoints.make(tx, now)?;
    Ok(Entered {
        entry,
        last,
        known,
        made,
    })
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
/// A position that the journal does not have, a journal that does not have the roots of its own checkpoints, or one whose checkpoints
/// have another name than those that would be signed.
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
    must_be_ours(conn, checkpoints, held.as_ref())?;
    let checkpoint = held.as_ref().map(|note| &note.checkpoint);
    let done = conn.transact(|tx| enter(tx, checkpoints, last, checkpoint, now))?;
    if let Some(path) = path {
        file::append(path, done.made.made_at, &done.made.note).map_err(Error::internal)?;
    }
    Ok(Restored {
        last: done.last,
        entry: done.entry,
        known: done.known,
    })
}

/// Refuses to sign under another name than that of the last checkpoints: verifiers know the journal by it, and what is signed stays.
fn must_be_ours(
    conn: &mut Conn,
    checkpoints: &Checkpoints,
    held: Option<&SignedNote>,
) -> Result<(), Error> {
    let stored = queries::latest(conn)?.and_then(|stored| SignedNote::parse(&stored.note));
    let ours = checkpoints.origin();
    for (note, place) in [(stored.as_ref(), "the database"), (held, "the file")] {
        let Some(name) = note.map(|note| &note.checkpoint.origin) else {
            continue;
        };
        if name != ours {
            let text = format!(
                "the checkpoints of {place} are those of {name}, and this would sign as {ours}: give base_url (or --listen) as the service has it, or checkpoint_origin = {name}; nothing was recorded"
            );
            return Err(Error::field("checkpoint_origin", text));
        }
    }
    Ok(())
}
