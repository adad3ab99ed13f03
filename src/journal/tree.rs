//! The Merkle tree as it is stored, and proofs from it.
//!
//! Leaves are the journal itself. Beside it only the hashes of complete subtrees of 256, 256², … entries are stored
//! (`journal_tree`), one for 256 entries, written by whoever keeps them some time after the entries: writers of the journal do nothing
//! for it. What is missing is computed from below, so an answer never depends on how far the table is. A proof reads a tile of at
//! most 256 hashes a level (`docs/decisions/0015-tree-of-tiles.md`).

use std::collections::HashMap;

use diesel::prelude::*;

use super::merkle::{self, Hash, Nodes};
use crate::db::schema::{journal, journal_tree};
use crate::db::{Conn, Tx};
use crate::dialect;
use crate::http::{Code, Error};

/// Levels between those that are stored.
pub const STEP: u32 = 8;
/// Hashes of a tile.
const WIDTH: u64 = 1 << STEP;
/// So many subtrees may be missing before a question is told to come again: each costs 256 entries to read.
const LAG: u64 = 400;

/// A hash of the stored tree: level, position within it, hash.
pub type Row = (i32, i64, Hash);

/// The tree over the first entries of the journal, read as it is needed.
pub struct Stored<'c> {
    conn: &'c mut Conn,
    size: u64,
    tiles: HashMap<(u32, u64), Vec<Hash>>,
    /// What is computed and not written yet.
    fresh: HashMap<(u32, u64), Hash>,
}

impl<'c> Stored<'c> {
    /// The tree over the first `size` entries, which must be there.
    pub fn new(conn: &'c mut Conn, size: u64) -> Self {
        Self {
            conn,
            size,
            tiles: HashMap::new(),
            fresh: HashMap::new(),
        }
    }

    /// The hashes of a level from `number * 256` on, as many as are complete: 256 at most.
    fn tile(&mut self, level: u32, number: u64) -> Result<&[Hash], Error> {
        if !self.tiles.contains_key(&(level, number)) {
            let begin = number * WIDTH;
            let end = (begin + WIDTH).min(self.size >> level);
            let hashes = match level {
                0 => self.leaves(begin, end)?,
                _ => self.subtrees(level, begin, end)?,
            };
            self.tiles.insert((level, number), hashes);
        }
        let tile = self.tiles.get(&(level, number));
        tile.map(Vec::as_slice).ok_or_else(missing)
    }

    fn leaves(&mut self, begin: u64, end: u64) -> Result<Vec<Hash>, Error> {
        let rows: Vec<Vec<u8>> = journal::table
            .filter(journal::seq.gt(signed(begin)?))
            .filter(journal::seq.le(signed(end)?))
            .order(journal::seq)
            .select(journal::hash)
            .load(self.conn)?;
        if u64::try_from(rows.len()).ok() != Some(end.saturating_sub(begin)) {
            return Err(missing());
        }
        Ok(rows.iter().map(|hash| merkle::leaf_hash(hash)).collect())
    }

    fn subtrees(&mut self, level: u32, begin: u64, end: u64) -> Result<Vec<Hash>, Error> {
        let rows: Vec<(i64, Vec<u8>)> = journal_tree::table
            .filter(journal_tree::level.eq(i32::try_from(level).map_err(Error::internal)?))
            .filter(journal_tree::position.ge(signed(begin)?))
            .filter(journal_tree::position.lt(signed(end)?))
            .select((journal_tree::position, journal_tree::hash))
            .load(self.conn)?;
        let mut stored: HashMap<u64, Hash> = HashMap::with_capacity(rows.len());
        for (position, hash) in rows {
            let hash = Hash::try_from(hash).map_err(|_| missing())?;
            stored.insert(position.unsigned_abs(), hash);
        }
        let mut hashes = Vec::new();
        for position in begin..end {
            let known = stored.get(&position).copied();
            let hash = match known.or_else(|| self.fresh.get(&(level, position)).copied()) {
                Some(hash) => hash,
                None => {
                    let hash = self.computed(level, position)?;
                    self.fresh.insert((level, position), hash);
                    hash
                }
            };
            hashes.push(hash);
        }
        Ok(hashes)
    }

    /// The hash of a subtree from the level that is stored below it. The tile is not kept: there may be thousands.
    fn computed(&mut self, level: u32, position: u64) -> Result<Hash, Error> {
        let below = level.saturating_sub(STEP);
        let hash = merkle::reduce(self.tile(below, position)?).ok_or_else(missing)?;
        self.tiles.remove(&(below, position));
        Ok(hash)
    }
}

impl Nodes for Stored<'_> {
    type Error = Error;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Error> {
        let above = level % STEP;
        let begin = index << above;
        let tile = self.tile(level - above, begin / WIDTH)?;
        let first = usize::try_from(begin % WIDTH).map_err(Error::internal)?;
        let hashes = tile.get(first..first + (1 << above)).ok_or_else(missing)?;
        merkle::reduce(hashes).ok_or_else(missing)
    }
}

fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(Error::internal)
}

fn missing() -> Error {
    Error::internal("the journal or its tree has a gap; run ots-registry journal verify")
}

/// The root over the first `size` entries.
pub fn root_at(conn: &mut Conn, size: u64) -> Result<Hash, Error> {
    merkle::root(&mut Stored::new(conn, size), size)
}

/// A proof with the root that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The hashes, from below.
    pub path: Vec<Hash>,
    /// The root.
    pub root: Hash,
}

/// The proof that the entry at `seq` is among the first `size`; `seq` is from 1 to `size`.
pub fn inclusion(conn: &mut Conn, seq: u64, size: u64) -> Result<Proof, Error> {
    let mut tree = Stored::new(conn, size);
    Ok(Proof {
        path: merkle::inclusion(&mut tree, seq - 1, size)?,
        root: merkle::root(&mut tree, size)?,
    })
}

/// The proof that the first `from` entries are the beginning of the first `to`.
pub fn consistency(conn: &mut Conn, from: u64, to: u64) -> Result<Proof, Error> {
    let mut tree = Stored::new(conn, to);
    Ok(Proof {
        path: merkle::consistency(&mut tree, from, to)?,
        root: merkle::root(&mut tree, to)?,
    })
}

/// How many subtrees of the lowest stored level are there.
fn stored(conn: &mut Conn) -> Result<u64, Error> {
    let last: Option<i64> = journal_tree::table
        .filter(journal_tree::level.eq(STEP.cast_signed()))
        .order(journal_tree::position.desc())
        .select(journal_tree::position)
        .first(conn)
        .optional()?;
    Ok(last.map_or(0, |last| last.unsigned_abs() + 1))
}

/// Refuses while very much of the tree is still to be made, as after an upgrade of a large registry.
pub fn is_ready(conn: &mut Conn, size: u64) -> Result<(), Error> {
    if (size / WIDTH).saturating_sub(stored(conn)?) <= LAG {
        return Ok(());
    }
    let text = "the tree over the journal is being made; everything else works already";
    Err(Error::new(Code::Overloaded, text).header("Retry-After", "5"))
}

/// The next hashes that are not stored yet, of at most `limit` subtrees of the lowest level; none when all are there.
pub fn next(conn: &mut Conn, size: u64, limit: u64) -> Result<Vec<Row>, Error> {
    let begin = stored(conn)?;
    let end = (size / WIDTH).min(begin + limit);
    let mut rows = Vec::new();
    let mut tree = Stored::new(conn, size);
    for position in begin..end {
        let (mut level, mut position) = (STEP, position);
        loop {
            let hash = tree.computed(level, position)?;
            tree.fresh.insert((level, position), hash);
            rows.push((level.cast_signed(), signed(position)?, hash));
            // The last of a tile completes one above.
            if (position + 1) % WIDTH != 0 {
                break;
            }
            level += STEP;
            position /= WIDTH;
        }
    }
    Ok(rows)
}

/// Stores hashes; those that another replica has stored meanwhile stay as they are.
pub fn store(tx: &mut Tx<'_>, rows: &[Row]) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    for (level, position, hash) in rows {
        let values = (
            journal_tree::level.eq(level),
            journal_tree::position.eq(position),
            journal_tree::hash.eq(hash.as_slice()),
        );
        dialect!(conn, |c| diesel::insert_into(journal_tree::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}
