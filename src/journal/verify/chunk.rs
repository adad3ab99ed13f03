//! Some entries with their items, checked by themselves. Pure: chunks are checked on all cores at once.

use std::borrow::Cow;

use diesel::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Finding;
use super::digest::{OfObject, Short};
use crate::journal::RESTORED;
use crate::journal::chain::{self, Link};
use crate::journal::erase::{ERASED, ERASURES};
use crate::journal::facts::Class;
use crate::journal::merkle::{Hash, leaf_hash};

/// An entry as it is stored.
#[derive(Queryable)]
pub(super) struct EntryRow {
    pub seq: i64,
    pub recorded_at: i64,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub organisation: Option<String>,
    pub facts_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// An item as it is stored.
#[derive(Queryable)]
pub(super) struct ItemRow {
    pub seq: i64,
    pub item: i32,
    pub class: String,
    pub hash: Vec<u8>,
    pub salt: Option<Vec<u8>>,
    pub body: Option<String>,
}

/// Where a chunk begins or ends: an entry's position, instant and hash.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub seq: i64,
    pub recorded_at: i64,
    pub hash: Vec<u8>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            seq: 0,
            recorded_at: 0,
            hash: vec![0; 32],
        }
    }
}

/// A row in one class as an entry leaves it; `digest` is none when the row went away.
pub(super) struct Change {
    pub table: usize,
    pub key: String,
    pub seq: i64,
    pub class: Class,
    pub digest: Option<Short>,
}

/// What was seen in some entries.
#[derive(Default)]
pub(super) struct Chunk {
    pub findings: Vec<Finding>,
    pub leaves: Vec<Hash>,
    pub changes: Vec<Change>,
    /// Items that a partial export does not tell.
    pub withheld: u64,
    /// Personal items without what they said.
    pub missing: Vec<(i64, i32)>,
    /// Items that an entry decided to erase, with the entry.
    pub decided: Vec<((i64, i32), i64)>,
    /// Entries that a restored registry begins with, the last entry of before, and how many were known to have been there.
    pub restores: Vec<(i64, u64, u64)>,
    pub last: Place,
}

/// Checks entries against each other and against the one before them. With `partial`, items may be withheld.
pub(super) fn check(
    before: Place,
    entries: &[EntryRow],
    items: &[ItemRow],
    tables: &[&'static str],
    partial: bool,
) -> Chunk {
    let mut chunk = Chunk {
        last: before,
        leaves: Vec::with_capacity(entries.len()),
        changes: Vec::with_capacity(items.len()),
        ..Chunk::default()
    };
    let mut items = items;
    for entry in entries {
        let strays = items.iter().take_while(|i| i.seq < entry.seq).count();
        let (stray, rest) = items.split_at_checked(strays).unwrap_or((items, &[]));
        stray.iter().for_each(|item| chunk.stray(item));
        let count = rest.iter().take_while(|i| i.seq == entry.seq).count();
        let (own, rest) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        items = rest;
        chunk.entry(entry, own);
        for item in own {
            chunk.item(entry, item, tables, partial);
        }
    }
    items.iter().for_each(|item| chunk.stray(item));
    chunk
}

/// A change in an item's body; a remark has no table.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    table: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    row: Option<OfObject>,
}

/// The same as it is written, where more is asked of a row than its hash.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    table: Option<Cow<'a, str>>,
    #[serde(borrow)]
    row: Option<&'a RawValue>,
}

impl Chunk {
    fn find(&mut self, seq: i64, text: impl Into<String>) {
        self.findings.push(Finding {
            seq: Some(seq),
            text: text.into(),
        });
    }

    fn stray(&mut self, item: &ItemRow) {
        self.find(item.seq, "facts without an entry");
    }

    fn entry(&mut self, entry: &EntryRow, items: &[ItemRow]) {
        let at = entry.seq;
        let (last_seq, last_at) = (self.last.seq, self.last.recorded_at);
        if at <= last_seq {
            self.find(at, "its position was taken before");
        } else if at != last_seq + 1 {
            let text = format!("entries {} to {} are missing", last_seq + 1, at - 1);
            self.find(at, text);
        }
        if entry.recorded_at < last_at {
            self.find(at, "recorded earlier than the entry before it");
        }
        if items.iter().zip(0..).any(|(item, n)| item.item != n) {
            self.find(at, "an item of its facts is missing");
        }
        if entry.facts_hash != chain::facts_hash(items.iter().map(|i| i.hash.as_slice())) {
            self.find(at, "its facts are not those that were recorded");
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
        if entry.hash != chain::entry_hash(&self.last.hash, &link) {
            self.find(
                at,
                "it was changed, or the entry before it was (the hash does not fit)",
            );
        }
        if entry.action == RESTORED
            && let Some((last, known)) = entry
                .subject
                .strip_prefix("entry:")
                .and_then(|subject| subject.split_once('/'))
            && let (Ok(last), Ok(known)) = (last.parse(), known.parse())
        {
            self.restores.push((at, last, known));
        }
        self.leaves.push(leaf_hash(&entry.hash));
        self.last.seq = entry.seq;
        self.last.recorded_at = entry.recorded_at;
        self.last.hash.clone_from(&entry.hash);
    }

    fn item(&mut self, entry: &EntryRow, item: &ItemRow, tables: &[&'static str], partial: bool) {
        let seq = entry.seq;
        let Some(class) = Class::ALL.into_iter().find(|c| c.as_str() == item.class) else {
            self.find(seq, format!("item {} has an unknown class", item.item));
            return;
        };
        let (Some(salt), Some(body)) = (&item.salt, &item.body) else {
            if partial && class != Class::Public {
                self.withheld += 1;
                return;
            }
            if class == Class::Personal && item.salt.is_none() && item.body.is_none() {
                // Whether that was decided is known at the end.
                self.missing.push((seq, item.item));
                return;
            }
            let text = if partial {
                format!(
                    "item {} is public, but what it says was taken out",
                    item.item
                )
            } else {
                format!("item {} was erased without a recorded decision", item.item)
            };
            self.find(seq, text);
            return;
        };
        if item.hash != chain::item_hash(class.as_str(), salt, body.as_bytes()) {
            let text = format!("item {} was changed (the hash does not fit)", item.item);
            self.find(seq, text);
            return;
        }
        let Ok(said) = serde_json::from_str::<Vec<Said<'_>>>(body) else {
            self.find(seq, format!("item {} cannot be read", item.item));
            return;
        };
        if entry.action == ERASED {
            self.decides(seq, body);
        }
        for change in said {
            let (Some(table), Some(key)) = (change.table, change.key) else {
                continue;
            };
            let Some(place) = tables.iter().position(|name| *name == table) else {
                self.find(seq, format!("it speaks of an unknown table {table}"));
                continue;
            };
            let digest = match change.row {
                None => None,
                Some(OfObject(Some(digest))) => Some(digest),
                Some(OfObject(None)) => {
                    self.find(seq, format!("item {} cannot be read", item.item));
                    continue;
                }
            };
            self.changes.push(Change {
                table: place,
                key: key.into_owned(),
                seq,
                class,
                digest,
            });
        }
    }

    /// Takes the items that an entry decided to erase; only earlier ones count.
    fn decides(&mut self, seq: i64, body: &str) {
        #[derive(Deserialize)]
        struct Row {
            items: String,
        }
        let changes: Vec<Written<'_>> = serde_json::from_str(body).unwrap_or_default();
        for change in changes {
            let is_erasure = change.table.is_some_and(|table| table == ERASURES);
            let row: Option<Row> = change
                .row
                .filter(|_| is_erasure)
                .and_then(|row| serde_json::from_str(row.get()).ok());
            let items: Vec<(i64, i32)> = row
                .and_then(|row| serde_json::from_str(&row.items).ok())
                .unwrap_or_default();
            let earlier = items.into_iter().filter(|(of, _)| *of < seq);
            self.decided.extend(earlier.map(|item| (item, seq)));
        }
    }
}
