//! Checks the journal and compares what it says with the tables that everything else reads.
//!
//! First the chain: positions without gaps, instants in order, every hash, the head. Then the replay: the last
//! image that the journal gives of each row against the row itself, both ways. What is kept in memory is one
//! short hash per live row and class.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::chain::{self, Link};
use super::erase::{ERASED, ERASURES};
use super::facts::Class;
use crate::db::schema::{journal, journal_facts, journal_head};
use crate::db::{Conn, Instant};
use crate::http::Error;

/// How many entries are read at once.
const BATCH: i64 = 2_000;

/// Something that should not be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry it was found at, if any.
    pub seq: Option<i64>,
    /// What is wrong, for people.
    pub text: String,
}

/// What the check saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries read.
    pub entries: i64,
    /// Rows compared with the journal.
    pub rows: u64,
    /// The last entry's position and hash: note them down to compare later.
    pub head: Option<(i64, String)>,
    /// Everything that should not be so; the first 1,000.
    pub findings: Vec<Finding>,
}

/// A row's key and its columns by class.
pub type Image = (String, [Map<String, Value>; 3]);

/// Calls the function with every row of a table, until it fails.
pub type Walk = fn(&mut Conn, &mut Take<'_>) -> Result<(), Error>;
/// What is done with a row.
pub type Take<'a> = dyn FnMut(Image) -> Result<(), Error> + 'a;

/// A table of recorded rows: its name, and a way through all its rows.
pub struct Table {
    /// The table's name, as entries give it.
    pub name: &'static str,
    /// Calls the function with every row.
    pub each: Walk,
}

type Hashes = [Option<[u8; 16]>; 3];

/// The images of the rows as the journal gives them; `true` when a part was erased and cannot be compared.
#[derive(Default)]
struct Replay {
    rows: HashMap<(usize, String), (Hashes, bool, i64)>,
    /// Personal items without what they said.
    missing: BTreeSet<(i64, i32)>,
    /// The items that entries decided to erase, with the entry.
    erased: BTreeMap<(i64, i32), i64>,
}

/// Verifies the whole journal against these tables; `progress` is called now and then with the position.
pub fn verify(
    conn: &mut Conn,
    tables: &[Table],
    mut progress: impl FnMut(i64),
) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut replay = Replay::default();
    let mut previous = vec![0u8; 32];
    let mut last = (0i64, 0i64);
    loop {
        let entries: Vec<EntryRow> = journal::table
            .filter(journal::seq.gt(last.0))
            .order(journal::seq)
            .limit(BATCH)
            .load(conn)?;
        let Some(until) = entries.last().map(|e| e.seq) else {
            break;
        };
        let items: Vec<ItemRow> = journal_facts::table
            .filter(journal_facts::seq.gt(last.0))
            .filter(journal_facts::seq.le(until))
            .order((journal_facts::seq, journal_facts::item))
            .load(conn)?;
        let mut items = items.into_iter().peekable();
        for entry in entries {
            let mut own = Vec::new();
            while let Some(item) = items.next_if(|i| i.seq <= entry.seq) {
                if item.seq == entry.seq {
                    own.push(item);
                } else {
                    report.find(Some(item.seq), "facts without an entry");
                }
            }
            check_entry(&mut report, &entry, &own, &previous, last);
            for item in &own {
                replay.take(&mut report, tables, &entry, item)?;
            }
            previous.clone_from(&entry.hash);
            last = (entry.seq, entry.recorded_at);
            report.entries += 1;
        }
        progress(last.0);
    }
    replay.check_erasures(&mut report);
    check_head(conn, &mut report, last, &previous)?;
    report.head = Some((last.0, data_encoding::HEXLOWER.encode(&previous)));
    compare(conn, &mut report, tables, replay)?;
    Ok(report)
}

#[derive(Queryable)]
struct EntryRow {
    seq: i64,
    recorded_at: i64,
    actor: String,
    action: String,
    subject: String,
    organisation: Option<String>,
    facts_hash: Vec<u8>,
    hash: Vec<u8>,
}

#[derive(Queryable)]
struct ItemRow {
    seq: i64,
    item: i32,
    class: String,
    hash: Vec<u8>,
    salt: Option<Vec<u8>>,
    body: Option<String>,
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

    /// True when nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

fn check_entry(
    report: &mut Report,
    entry: &EntryRow,
    items: &[ItemRow],
    previous: &[u8],
    last: (i64, i64),
) {
    let at = Some(entry.seq);
    if entry.seq != last.0 + 1 {
        report.find(
            at,
            format!("entries {} to {} are missing", last.0 + 1, entry.seq - 1),
        );
    }
    if entry.recorded_at < last.1 {
        report.find(at, "recorded earlier than the entry before it");
    }
    if items.iter().zip(0..).any(|(item, n)| item.item != n) {
        report.find(at, "an item of its facts is missing");
    }
    if chain::facts_hash(items.iter().map(|i| i.hash.as_slice())) != entry.facts_hash {
        report.find(at, "its facts are not those that were recorded");
    }
    let link = Link {
        seq: entry.seq,
        recorded_at: entry.recorded_at,
        actor: &entry.actor,
        action: &entry.action,
        subject: &entry.subject,
        organisation: entry.organisation.as_deref(),
        facts_hash: &entry.facts_hash,
    };
    if chain::entry_hash(previous, &link) != entry.hash {
        report.find(
            at,
            "it was changed, or the entry before it was (the hash does not fit)",
        );
    }
}

fn check_head(
    conn: &mut Conn,
    report: &mut Report,
    last: (i64, i64),
    hash: &[u8],
) -> Result<(), Error> {
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
        Some((seq, at, stored)) if seq == last.0 && at == last.1 && stored == hash => {}
        Some((seq, ..)) if seq > last.0 => report.find(
            Some(seq),
            format!(
                "the journal ends at {}, but its head says {seq}: the tail was cut",
                last.0
            ),
        ),
        Some((seq, at, _)) => report.find(
            Some(seq),
            format!(
                "the head does not fit the last entry ({} at {})",
                last.0,
                Instant(at)
            ),
        ),
        None => report.find(None, "the journal has no head"),
    }
    Ok(())
}

impl Replay {
    fn take(
        &mut self,
        report: &mut Report,
        tables: &[Table],
        entry: &EntryRow,
        item: &ItemRow,
    ) -> Result<(), Error> {
        let seq = entry.seq;
        let Some(class) = Class::ALL.into_iter().find(|c| c.as_str() == item.class) else {
            report.find(
                Some(seq),
                format!("item {} has an unknown class", item.item),
            );
            return Ok(());
        };
        let (Some(salt), Some(body)) = (&item.salt, &item.body) else {
            if class == Class::Personal && item.salt.is_none() && item.body.is_none() {
                // Whether that was decided is known at the end.
                self.missing.insert((seq, item.item));
                return Ok(());
            }
            report.find(
                Some(seq),
                format!("item {} was erased without a recorded decision", item.item),
            );
            return Ok(());
        };
        if chain::item_hash(class.as_str(), salt, body.as_bytes()) != item.hash {
            report.find(
                Some(seq),
                format!("item {} was changed (the hash does not fit)", item.item),
            );
            return Ok(());
        }
        let Ok(Value::Array(changes)) = serde_json::from_str::<Value>(body) else {
            report.find(Some(seq), format!("item {} cannot be read", item.item));
            return Ok(());
        };
        for change in changes {
            let Value::Object(mut change) = change else {
                continue;
            };
            let (Some(Value::String(table)), Some(Value::String(key))) =
                (change.remove("table"), change.remove("key"))
            else {
                continue;
            };
            let Some(place) = tables.iter().position(|t| t.name == table) else {
                report.find(Some(seq), format!("it speaks of an unknown table {table}"));
                continue;
            };
            match change.remove("row") {
                Some(Value::Object(row)) => {
                    if table == ERASURES && entry.action == ERASED {
                        self.decided(seq, &row);
                    }
                    let held = self.rows.entry((place, key)).or_default();
                    if let Some(slot) = held.0.get_mut(slot(class)) {
                        *slot = Some(digest(&row)?);
                    }
                    held.2 = seq;
                }
                _ => {
                    self.rows.remove(&(place, key));
                }
            }
        }
        Ok(())
    }
}

impl Replay {
    /// Takes the items that an entry decided to erase; only earlier ones count.
    fn decided(&mut self, seq: i64, row: &Map<String, Value>) {
        let items = row.get("items").and_then(Value::as_str).unwrap_or("[]");
        let items: Vec<(i64, i32)> = serde_json::from_str(items).unwrap_or_default();
        let earlier = items.into_iter().filter(|(of, _)| *of < seq);
        self.erased.extend(earlier.map(|item| (item, seq)));
    }

    /// What is gone was decided to be, and what was decided to go is gone.
    fn check_erasures(&self, report: &mut Report) {
        for (seq, item) in &self.missing {
            if !self.erased.contains_key(&(*seq, *item)) {
                let text = format!("item {item} was erased without a recorded decision");
                report.find(Some(*seq), text);
            }
        }
        for ((seq, item), by) in &self.erased {
            if !self.missing.contains(&(*seq, *item)) {
                let text = format!("item {item} is still there, though entry {by} erased it");
                report.find(Some(*seq), text);
            }
        }
    }
}

fn slot(class: Class) -> usize {
    match class {
        Class::Public => 0,
        Class::Private => 1,
        Class::Personal => 2,
    }
}

/// A short hash of an object, the same whatever the order of its members.
fn digest(object: &Map<String, Value>) -> Result<[u8; 16], Error> {
    // Members of a serde_json map without `preserve_order` are sorted; the test `the_order_of_members_does_not_matter`
    // holds that.
    // A member that is null says as much as one that is absent, so that a table can gain a column.
    let said: std::collections::BTreeMap<&String, &Value> =
        object.iter().filter(|(_, v)| !v.is_null()).collect();
    let text = serde_json::to_vec(&said).map_err(Error::internal)?;
    let mut short = [0u8; 16];
    short
        .iter_mut()
        .zip(Sha256::digest(&text))
        .for_each(|(a, b)| *a = b);
    Ok(short)
}

fn compare(
    conn: &mut Conn,
    report: &mut Report,
    tables: &[Table],
    mut replay: Replay,
) -> Result<(), Error> {
    for (place, table) in tables.iter().enumerate() {
        (table.each)(conn, &mut |(key, parts)| {
            report.rows += 1;
            let name = table.name;
            match replay.rows.remove(&(place, key.clone())) {
                None => report.find(None, format!("{name} {key}: a row that no entry explains")),
                Some((hashes, _, seq)) => {
                    for (stored, part) in hashes.iter().zip(&parts) {
                        let actual = if part.is_empty() {
                            None
                        } else {
                            Some(digest(part)?)
                        };
                        if *stored != actual {
                            report.find(
                                Some(seq),
                                format!("{name} {key}: the row is not what its last entry says"),
                            );
                            break;
                        }
                    }
                }
            }
            Ok(())
        })?;
    }
    let mut missing: Vec<_> = replay
        .rows
        .into_iter()
        .map(|((place, key), (.., seq))| (place, key, seq))
        .collect();
    missing.sort();
    for (place, key, seq) in missing {
        let name = tables.get(place).map_or("?", |t| t.name);
        report.find(
            Some(seq),
            format!("{name} {key}: an entry says that this row exists, but it does not"),
        );
    }
    Ok(())
}

/// Walks a table of recorded rows in pages along the first column of its key.
#[macro_export]
macro_rules! recorded_table {
    ($table:ident, $row:ty, $column:ident) => {
        $crate::journal::Table {
            name: <$row as $crate::journal::Recorded>::TABLE,
            each: |conn, take| {
                use diesel::prelude::*;
                use $crate::db::schema::$table;
                use $crate::journal::{Recorded, Split};
                const PAGE: i64 = 5_000;
                let mut after = i64::MIN;
                loop {
                    let mut rows: Vec<$row> = $table::table
                        .filter($table::$column.gt(after))
                        .order($table::$column)
                        .limit(PAGE)
                        .load(conn)?;
                    let full = i64::try_from(rows.len()).unwrap_or(0) == PAGE;
                    let end = rows.last().map(|r| i64::from(r.$column));
                    if full {
                        // The last key may go on in the next page: take it there, whole.
                        let kept = rows
                            .iter()
                            .take_while(|r| Some(i64::from(r.$column)) != end)
                            .count();
                        if kept == 0 {
                            rows = $table::table
                                .filter($table::$column.eq(end.unwrap_or(after)))
                                .load(conn)?;
                        } else {
                            rows.truncate(kept);
                        }
                    }
                    let Some(last) = rows.last() else { break };
                    after = i64::from(last.$column);
                    for row in &rows {
                        take((row.key(), row.split()?))?;
                    }
                    if !full {
                        break;
                    }
                }
                Ok(())
            },
        }
    };
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_order_of_members_does_not_matter() {
        let one = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let other = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(digest(&one).unwrap(), digest(&other).unwrap());
    }
}
