//! The tree over the entries that were read, against the checkpoints that were signed of it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{Against, Lost, Report};
use crate::db::Conn;
use crate::db::schema::{checkpoints, journal_tree};
use crate::http::Error;
use crate::journal::merkle::{Growing, Hash};
use crate::journal::note::{SignedNote, VerifierKey};
use crate::journal::tree::STEP;

/// A checkpoint as it is stored.
pub(super) struct Stored {
    pub size: i64,
    pub root: Vec<u8>,
    pub note: String,
}

/// The checkpoints of the database.
pub(super) fn stored(conn: &mut Conn) -> Result<Vec<Stored>, Error> {
    let rows: Vec<(i64, Vec<u8>, String)> = checkpoints::table
        .order(checkpoints::size)
        .select((checkpoints::size, checkpoints::root, checkpoints::note))
        .load(conn)?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(size, root, note)| Stored { size, root, note })
        .collect())
}

/// The sizes at which a root is wanted.
pub(super) fn sizes(against: &Against, stored: &[Stored]) -> BTreeSet<u64> {
    let held = against.notes.iter().map(|note| note.checkpoint.size);
    let kept = stored.iter().filter_map(|s| u64::try_from(s.size).ok());
    held.chain(kept).collect()
}

/// The tree as it grows, with its roots at the sizes that are wanted.
pub(super) struct Tree {
    growing: Growing,
    wanted: BTreeSet<u64>,
    roots: BTreeMap<u64, Hash>,
    /// The hashes that `journal_tree` should have.
    subtrees: BTreeMap<(u32, u64), Hash>,
}

impl Tree {
    pub fn new(wanted: BTreeSet<u64>) -> Self {
        let growing = Growing::default();
        let mut roots = BTreeMap::new();
        if wanted.contains(&0) {
            roots.insert(0, growing.root());
        }
        Self {
            growing,
            wanted,
            roots,
            subtrees: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, leaves: &[Hash]) {
        let (subtrees, mut next) = (
            &mut self.subtrees,
            self.wanted.range(self.growing.size() + 1..),
        );
        let mut wanted = next.next();
        for leaf in leaves {
            self.growing.push_with(*leaf, |level, index, hash| {
                if level % STEP == 0 && level > 0 {
                    subtrees.insert((level, index), *hash);
                }
            });
            if wanted == Some(&self.growing.size()) {
                self.roots.insert(self.growing.size(), self.growing.root());
                wanted = next.next();
            }
        }
    }

    pub fn root(&self) -> Hash {
        self.growing.root()
    }

    pub fn size(&self) -> u64 {
        self.growing.size()
    }

    fn fits(&self, size: u64, root: &[u8]) -> bool {
        self.roots.get(&size).is_some_and(|own| own == root)
    }

    /// Compares the stored hashes of subtrees. Those that are missing are made again when they are needed.
    pub fn compare_stored(&self, conn: &mut Conn, report: &mut Report) -> Result<(), Error> {
        let rows: Vec<(i32, i64, Vec<u8>)> = journal_tree::table
            .order((journal_tree::level, journal_tree::position))
            .load(conn)?;
        for (level, position, hash) in rows {
            let key = u32::try_from(level).ok().zip(u64::try_from(position).ok());
            let own = key.and_then(|key| self.subtrees.get(&key));
            if own.is_none_or(|own| own.as_slice() != hash) {
                let text = format!(
                    "journal_tree {level}/{position}: not the hash of these entries; the table can be emptied, it is made again"
                );
                report.find(None, text);
            }
        }
        Ok(())
    }
}

/// Holds the tree against the checkpoints that are held and those that are stored, if that is known.
pub(super) fn judge(
    report: &mut Report,
    against: &Against,
    stored: Option<&[Stored]>,
    tree: &Tree,
    restores: &[(i64, u64, u64)],
) {
    let own = origins(stored.unwrap_or_default());
    let is_own = |note: &&SignedNote| own.is_empty() || own.contains(&note.checkpoint.origin);
    let mut fitting: BTreeSet<u64> = BTreeSet::new();
    let held = against.notes.iter().filter(is_own);
    let held = held.map(|note| &note.checkpoint);
    fitting.extend(held.filter(|c| tree.fits(c.size, &c.root)).map(|c| c.size));
    for one in stored.unwrap_or_default() {
        let size = u64::try_from(one.size).unwrap_or(0);
        if tree.fits(size, &one.root) && is_whole(one, &against.keys).is_ok() {
            fitting.insert(size);
        }
    }
    report.fitting = fitting.iter().copied().collect();
    for one in stored.unwrap_or_default() {
        let size = u64::try_from(one.size).unwrap_or(0);
        if let Err(text) = is_whole(one, &against.keys) {
            let text = format!(
                "the checkpoint of {} entries in the database {text}",
                one.size
            );
            report.find(None, text);
        }
        if !tree.fits(size, &one.root) {
            misfit(report, tree, &fitting, size, "in the database");
        }
    }
    for note in &against.notes {
        let size = note.checkpoint.size;
        if !is_own(&note) {
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            let text = format!(
                "the checkpoint of {size} entries that was given is of another log, {}; this one is {}",
                note.checkpoint.origin,
                own.join(" or ")
            );
            report.find(None, text);
            continue;
        }
        if !is_signed(note, &against.keys) {
            let text = format!(
                "the checkpoint of {size} entries that was given is signed by none of the given keys"
            );
            report.find(None, text);
            continue;
        }
        if tree.fits(size, &note.checkpoint.root) {
            if let Some(stored) = stored
                && !stored.iter().any(|one| one.size.cast_unsigned() == size)
            {
                let text = format!(
                    "the checkpoint of {size} entries that was given is not among those in the database: they were rolled back"
                );
                report.find(None, text);
            }
            continue;
        }
        // A restored registry says itself what it has of before, and how much was there: more than that it excuses not.
        let restore = restores
            .iter()
            .find(|(_, last, known)| *last < size && size <= *known);
        match restore {
            Some((entry, last, _)) => report.lost.push(Lost {
                from: last + 1,
                to: size,
                entry: *entry,
                fits: below(&fitting, last + 1),
            }),
            None => misfit(report, tree, &fitting, size, "that was given"),
        }
    }
}

/// The names of this log, as its own checkpoints say them: more than one where it was moved to another address.
fn origins(stored: &[Stored]) -> BTreeSet<String> {
    let notes = stored.iter().filter_map(|one| SignedNote::parse(&one.note));
    notes.map(|note| note.checkpoint.origin).collect()
}

/// The largest size below one at which a checkpoint fits.
fn below(fitting: &BTreeSet<u64>, size: u64) -> u64 {
    fitting.range(..size).next_back().copied().unwrap_or(0)
}

/// Says between which entries the fork lies, or that the end was cut off.
fn misfit(report: &mut Report, tree: &Tree, fitting: &BTreeSet<u64>, size: u64, which: &str) {
    let fits = below(fitting, size);
    let first = i64::try_from(fits + 1).ok();
    if size > tree.size() {
        let text = format!(
            "the checkpoint of {size} entries {which} knows more than the {} that are there: the tail was cut",
            tree.size()
        );
        report.find(i64::try_from(tree.size() + 1).ok(), text);
        return;
    }
    let text = if fits == 0 {
        format!(
            "entries 1 to {size} are not those of the checkpoint of {size} entries {which}, and none of fewer entries fits: one of them was exchanged"
        )
    } else {
        format!(
            "entries {} to {size} are not those of the checkpoint of {size} entries {which}; up to {fits} a checkpoint fits: the first that was exchanged is between",
            fits + 1
        )
    };
    report.find(first, text);
}

fn is_signed(note: &SignedNote, keys: &[VerifierKey]) -> bool {
    keys.is_empty() || keys.iter().any(|key| note.is_signed_by(key))
}

/// Whether a stored checkpoint says what its row says, and is signed.
fn is_whole(one: &Stored, keys: &[VerifierKey]) -> Result<(), &'static str> {
    let note = SignedNote::parse(&one.note).ok_or("cannot be read")?;
    let said = &note.checkpoint;
    if i64::try_from(said.size).ok() != Some(one.size) || said.root.as_slice() != one.root {
        return Err("says something else than its row");
    }
    if is_signed(&note, keys) {
        Ok(())
    } else {
        Err("is signed by none of the given keys")
    }
}
