//! Checks the journal and compares it with what was signed of it and with the tables that everything else reads.
//!
//! First the chain: positions without gaps, instants in order, every hash, the head. Then the tree: its roots against the checkpoints
//! that the verifier holds and those that are stored. Then the replay: the last image that the journal gives of each row against the row
//! itself, both ways. What is kept in memory is one short hash per live row and class.
//!
//! | file | what |
//! |---|---|
//! | `chunk.rs` | some entries with their items, checked by themselves (pure) |
//! | `digest.rs` | a short hash of a row, from an entry or a table (pure) |
//! | `spread.rs` | chunks on all cores, taken in order |
//! | `replay.rs` | the images of rows that the journal gives; erasures |
//! | `judge.rs` | the tree, checkpoints, lost ranges |
//! | `rows.rs` | the tables against the images |
//! | `export.rs` | the same over a file instead of a database |

mod chunk;
mod digest;
pub mod export;
mod judge;
mod replay;
mod rows;
mod spread;

use diesel::prelude::*;

use self::chunk::{Chunk, EntryRow, ItemRow, Place};
use self::judge::Tree;
use self::replay::Replay;
pub use self::rows::{Image, Images, Table, Take, Walk, images};
use super::note::{SignedNote, VerifierKey};
use crate::db::schema::{journal, journal_facts, journal_head};
use crate::db::{Conn, Instant};
use crate::http::Error;

/// How many entries are read at once.
const BATCH: i64 = 1_000;

/// Something that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry it was found at, if any; of a range the first one.
    pub seq: Option<i64>,
    /// What is wrong, for people.
    pub text: String,
}

/// Entries that a checkpoint knows and a restored registry has lost, as its journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first of them.
    pub from: u64,
    /// The last of them that the checkpoint knows.
    pub to: u64,
    /// The entry that says so.
    pub entry: i64,
    /// The largest size of which a checkpoint fits: entries from there to `from` can be compared with none.
    pub fits: u64,
}

/// What the check saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries read.
    pub entries: i64,
    /// Rows compared with the journal.
    pub rows: u64,
    /// Items of an export of public facts that are not in it: nothing is known of what they say.
    pub withheld: u64,
    /// The last entry's position and hash: note them down to compare later.
    pub head: Option<(i64, String)>,
    /// The root of the tree, base64.
    pub root: String,
    /// Everything that should not be so; the first 1,000.
    pub findings: Vec<Finding>,
    /// What was lost in a restore.
    pub lost: Vec<Lost>,
    /// The checkpoints that fit, by size: those that were given, and those that are stored.
    pub fitting: Vec<u64>,
}

/// What the verifier holds.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// Checkpoints of before.
    pub notes: Vec<SignedNote>,
    /// Keys of which every checkpoint must have a signature; none when signatures are not checked.
    pub keys: Vec<VerifierKey>,
}

/// Verifies the whole journal against these tables; `progress` is called now and then with the position.
pub fn verify(
    conn: &mut Conn,
    tables: &[Table],
    progress: impl FnMut(i64),
) -> Result<Report, Error> {
    verify_with(conn, &mut [], tables, &Against::default(), progress)
}

/// The same against checkpoints, and on as many threads as there are helpers: connections that see the same moment.
pub fn verify_with(
    conn: &mut Conn,
    helpers: &mut [Conn],
    tables: &[Table],
    against: &Against,
    mut progress: impl FnMut(i64),
) -> Result<Report, Error> {
    let mut report = Report::default();
    let stored = judge::stored(conn)?;
    let mut run = Run::new(Tree::new(judge::sizes(against, &stored)));
    let names: Vec<&'static str> = tables.iter().map(|t| t.name).collect();
    let mut after = Some(i64::MIN);
    if helpers.is_empty() {
        while let Some(range) = next_range(conn, &mut after)? {
            run.take(&mut report, read(conn, range, &names)?);
            progress(run.last.seq);
        }
    } else {
        let workers = helpers
            .iter_mut()
            .map(|conn| |range| read(conn, range, &names))
            .collect();
        spread::in_order(
            workers,
            || next_range(conn, &mut after),
            |chunk| {
                run.take(&mut report, chunk?);
                progress(run.last.seq);
                Ok(())
            },
        )?;
    }
    let Run {
        mut replay,
        tree,
        last,
        restores,
    } = run;
    replay.check_erasures(&mut report);
    check_head(conn, &mut report, &last)?;
    tree.compare_stored(conn, &mut report)?;
    judge::judge(&mut report, against, Some(&stored), &tree, &restores);
    report.close(&last, &tree);
    rows::compare(conn, helpers, &mut report, tables, &mut replay)?;
    Ok(report)
}

/// The entries after one position up to another.
type Range = (i64, i64);

/// The next entries to be read. The ranges leave nothing out, so that facts without an entry are found too.
fn next_range(conn: &mut Conn, after: &mut Option<i64>) -> Result<Option<Range>, Error> {
    let Some(begin) = *after else { return Ok(None) };
    let near: Option<i64> = journal::table
        .filter(journal::seq.gt(begin))
        .filter(journal::seq.le(begin.saturating_add(BATCH)))
        .order(journal::seq.desc())
        .select(journal::seq)
        .first(conn)
        .optional()?;
    let end = match near {
        Some(end) => Some(end),
        None => journal::table
            .filter(journal::seq.gt(begin))
            .order(journal::seq)
            .select(journal::seq)
            .first(conn)
            .optional()?,
    };
    *after = end;
    Ok(Some((begin, end.unwrap_or(i64::MAX))))
}

/// Reads a range and checks it.
fn read(conn: &mut Conn, (after, until): Range, tables: &[&'static str]) -> Result<Chunk, Error> {
    let before: Option<(i64, i64, Vec<u8>)> = journal::table
        .filter(journal::seq.le(after))
        .order(journal::seq.desc())
        .select((journal::seq, journal::recorded_at, journal::hash))
        .first(conn)
        .optional()?;
    let before = before.map_or_else(Place::default, |(seq, recorded_at, hash)| Place {
        seq,
        recorded_at,
        hash,
    });
    let entries: Vec<EntryRow> = journal::table
        .filter(journal::seq.gt(after))
        .filter(journal::seq.le(until))
        .order(journal::seq)
        .load(conn)?;
    let items: Vec<ItemRow> = journal_facts::table
        .filter(journal_facts::seq.gt(after))
        .filter(journal_facts::seq.le(until))
        .order((journal_facts::seq, journal_facts::item))
        .load(conn)?;
    Ok(chunk::check(before, &entries, &items, tables, false))
}

/// What is carried from chunk to chunk.
struct Run {
    replay: Replay,
    tree: Tree,
    last: Place,
    /// Entries that say what a restored registry has: the entry, the last one of before, and how many were known to have been there.
    restores: Vec<(i64, u64, u64)>,
}

impl Run {
    fn new(tree: Tree) -> Self {
        Self {
            replay: Replay::default(),
            tree,
            last: Place::default(),
            restores: Vec::new(),
        }
    }

    fn take(&mut self, report: &mut Report, chunk: Chunk) {
        report.entries += i64::try_from(chunk.leaves.len()).unwrap_or(0);
        for finding in chunk.findings {
            report.find(finding.seq, finding.text);
        }
        report.withheld += chunk.withheld;
        self.tree.add(&chunk.leaves);
        self.restores.extend(chunk.restores);
        self.replay
            .take(chunk.changes, chunk.missing, chunk.decided);
        self.last = chunk.last;
    }
}

impl Report {
    fn find(&mut self, seq: Option<i64>, text: impl Into<String>) {
        if self.findings.len() < 1_000 {
            self.findings.push(Finding {
                seq,
                text: text.into(),
            });
        }
    }

    fn close(&mut self, last: &Place, tree: &Tree) {
        self.head = Some((last.seq, data_encoding::HEXLOWER.encode(&last.hash)));
        self.root = data_encoding::BASE64.encode(&tree.root());
    }

    /// True when nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

fn check_head(conn: &mut Conn, report: &mut Report, last: &Place) -> Result<(), Error> {
    let head: Option<(i64, i64, Vec<u8>)> = journal_head::table
        .find(1)
        .select((
            journal_head::seq,
            journal_head::recorded_at,
            journal_head::hash,
        ))
        .first(conn)
        .optional()?;
    match head {
        Some((seq, at, stored))
            if seq == last.seq && at == last.recorded_at && stored == last.hash => {}
        Some((seq, ..)) if seq > last.seq => report.find(
            Some(seq),
            format!(
                "the journal ends at {}, but its head says {seq}: the tail was cut",
                last.seq
            ),
        ),
        Some((seq, at, _)) => report.find(
            Some(seq),
            format!(
                "the head does not fit the last entry ({} at {})",
                last.seq,
                Instant(at)
            ),
        ),
        None => report.find(None, "the journal has no head"),
    }
    Ok(())
}
