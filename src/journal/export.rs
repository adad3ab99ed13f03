//! The journal as a file of JSON Lines: for whoever verifies it without the database.
//!
//! The first line says what the file is, then come the stored checkpoints, then the entries in their order. Every item has its hash; what
//! it says stands there with its salt only as far as the export goes.

use std::borrow::Cow;
use std::io::Write;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::facts::Class;
use crate::db::schema::{checkpoints, journal, journal_facts};
use crate::db::{Conn, Instant, in_snapshot};
use crate::http::Error;

/// The first line's `format`; another form needs another word.
pub const FORMAT: &str = "ots-registry journal export v1";
/// Entries that are read at once.
const PAGE: i64 = 1_000;

/// How far an export goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facts {
    /// Public facts: those that may be public of an organisation, also of one that is not public now.
    Public,
    /// Everything, personal data too.
    All,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header<'a> {
    /// [`FORMAT`].
    pub format: Cow<'a, str>,
    /// What the items say.
    pub facts: Facts,
    /// The number of entries.
    pub entries: i64,
    /// When it was made.
    pub exported_at: Instant,
}

/// The line of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointLine {
    /// The checkpoint as it was signed.
    pub checkpoint: String,
}

/// The line of an entry; hashes and salts are hex, the instant is microseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    missing_docs,
    clippy::allow_attributes,
    reason = "the columns of docs/journal.md"
)]
pub struct EntryLine {
    pub seq: i64,
    pub recorded_at: i64,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub organisation: Option<String>,
    pub facts_hash: String,
    pub hash: String,
    pub items: Vec<ItemLine>,
}

/// An item of an entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    missing_docs,
    clippy::allow_attributes,
    reason = "the columns of docs/journal.md"
)]
pub struct ItemLine {
    pub item: i32,
    pub class: String,
    pub hash: String,
    pub salt: Option<String>,
    pub body: Option<String>,
}

type Entry = (
    i64,
    i64,
    String,
    String,
    String,
    Option<String>,
    Vec<u8>,
    Vec<u8>,
);
type Item = (i64, i32, String, Vec<u8>, Option<Vec<u8>>, Option<String>);

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Writes the journal as it is at one moment; gives the number of entries.
pub fn write(
    conn: &mut Conn,
    facts: Facts,
    now: Instant,
    out: &mut dyn Write,
) -> Result<i64, Error> {
    in_snapshot(conn, |conn| {
        let entries = journal::table.count().get_result(conn)?;
        let header = Header {
            format: FORMAT.into(),
            facts,
            entries,
            exported_at: now,
        };
        line(out, &header)?;
        let notes: Vec<String> = checkpoints::table
            .order(checkpoints::size)
            .select(checkpoints::note)
            .load(conn)?;
        for checkpoint in notes {
            line(out, &CheckpointLine { checkpoint })?;
        }
        let mut after = i64::MIN;
        while let Some(last) = page(conn, facts, after, out)? {
            after = last;
        }
        out.flush().map_err(Error::internal)?;
        Ok(entries)
    })
}

fn line<T: Serialize>(out: &mut dyn Write, value: &T) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, value).map_err(Error::internal)?;
    out.write_all(b"\n").map_err(Error::internal)
}

fn page(
    conn: &mut Conn,
    facts: Facts,
    after: i64,
    out: &mut dyn Write,
) -> Result<Option<i64>, Error> {
    let entries: Vec<Entry> = journal::table
        .filter(journal::seq.gt(after))
        .order(journal::seq)
        .limit(PAGE)
        .load(conn)?;
    let Some(last) = entries.last().map(|e| e.0) else {
        return Ok(None);
    };
    let items: Vec<Item> = journal_facts::table
        .filter(journal_facts::seq.gt(after))
        .filter(journal_facts::seq.le(last))
        .order((journal_facts::seq, journal_facts::item))
        .load(conn)?;
    let mut items = items.into_iter().peekable();
    for (seq, recorded_at, actor, action, subject, organisation, facts_hash, hash) in entries {
        let mut own = Vec::new();
        while let Some((_, item, class, hash, salt, body)) = items.next_if(|i| i.0 <= seq) {
            let given = facts == Facts::All || class == Class::Public.as_str();
            own.push(ItemLine {
                item,
                class,
                hash: hex(&hash),
                salt: salt.filter(|_| given).map(|s| hex(&s)),
                body: body.filter(|_| given),
            });
        }
        let entry = EntryLine {
            seq,
            recorded_at,
            actor,
            action,
            subject,
            organisation,
            facts_hash: hex(&facts_hash),
            hash: hex(&hash),
            items: own,
        };
        line(out, &entry)?;
    }
    Ok(Some(last))
}
