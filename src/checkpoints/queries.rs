//! What is stored of checkpoints.

use diesel::prelude::*;

use crate::db::schema::{checkpoint_cosignatures, checkpoints, journal_head};
use crate::db::{Conn, Instant, Tx};
use crate::dialect;
use crate::http::Error;
use crate::journal::merkle::Hash;
use crate::journal::note::SignedNote;

/// A checkpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The number of entries.
    pub size: u64,
    /// The root.
    pub root: Hash,
    /// The text with its signatures, also those of witnesses.
    pub note: String,
    /// When it was made.
    pub made_at: Instant,
}

type Row = (i64, Vec<u8>, String, i64);

fn whole(conn: &mut Conn, (size, root, note, made_at): Row) -> Result<StoredCheckpoint, Error> {
    let lines: Vec<String> = checkpoint_cosignatures::table
        .filter(checkpoint_cosignatures::size.eq(size))
        .order(checkpoint_cosignatures::witness)
        .select(checkpoint_cosignatures::line)
        .load(conn)?;
    let root = Hash::try_from(root).map_err(|_| Error::internal("a root is not 32 bytes"))?;
    Ok(StoredCheckpoint {
        size: size.unsigned_abs(),
        root,
        note: note + &lines.concat(),
        made_at: Instant(made_at),
    })
}

/// The checkpoint of the largest size.
pub fn latest(conn: &mut Conn) -> Result<Option<StoredCheckpoint>, Error> {
    let row: Option<Row> = checkpoints::table
        .order(checkpoints::size.desc())
        .first(conn)
        .optional()?;
    row.map(|row| whole(conn, row)).transpose()
}

/// The checkpoint of this size.
pub fn of_size(conn: &mut Conn, size: u64) -> Result<Option<StoredCheckpoint>, Error> {
    let Ok(size) = i64::try_from(size) else {
        return Ok(None);
    };
    let row: Option<Row> = checkpoints::table.find(size).first(conn).optional()?;
    row.map(|row| whole(conn, row)).transpose()
}

/// The checkpoints of larger sizes, smallest first.
pub fn after(conn: &mut Conn, size: u64, limit: i64) -> Result<Vec<StoredCheckpoint>, Error> {
    let size = i64::try_from(size).map_err(Error::internal)?;
    let rows: Vec<Row> = checkpoints::table
        .filter(checkpoints::size.gt(size))
        .order(checkpoints::size)
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(|row| whole(conn, row)).collect()
}

/// The number of entries.
pub fn journal_size(conn: &mut Conn) -> Result<u64, Error> {
    let seq: i64 = journal_head::table
        .find(1)
        .select(journal_head::seq)
        .first(conn)?;
    u64::try_from(seq).map_err(Error::internal)
}

/// Keeps a checkpoint; false when there is one of its size.
pub fn insert(tx: &mut Tx<'_>, note: &SignedNote, now: Instant) -> Result<bool, Error> {
    let conn: &mut Conn = &mut *tx;
    let size = i64::try_from(note.checkpoint.size).map_err(Error::internal)?;
    let values = (
        checkpoints::size.eq(size),
        checkpoints::root.eq(note.checkpoint.root.as_slice()),
        checkpoints::note.eq(note.note()),
        checkpoints::made_at.eq(now.0),
    );
    let rows = dialect!(conn, |c| diesel::insert_into(checkpoints::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(rows == 1)
}

/// Keeps the line of a witness.
pub fn insert_cosignature(
    tx: &mut Tx<'_>,
    size: u64,
    witness: &str,
    line: &str,
    now: Instant,
) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    let values = (
        checkpoint_cosignatures::size.eq(i64::try_from(size).map_err(Error::internal)?),
        checkpoint_cosignatures::witness.eq(witness),
        checkpoint_cosignatures::line.eq(line),
        checkpoint_cosignatures::received_at.eq(now.0),
    );
    dialect!(conn, |c| diesel::insert_into(
        checkpoint_cosignatures::table
    )
    .values(values)
    .on_conflict_do_nothing()
    .execute(c))?;
    Ok(())
}
