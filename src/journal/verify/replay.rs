//! The images of the rows as the journal gives them, and what was erased.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::Report;
use super::chunk::Change;
use super::digest::Short;
use crate::journal::facts::Class;

/// The digests of a row by class, and the entry that said the last of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub digests: [Option<Short>; 3],
    pub seq: i64,
}

/// What the entries so far say.
#[derive(Default)]
pub(super) struct Replay {
    rows: HashMap<(usize, String), Held>,
    missing: BTreeSet<(i64, i32)>,
    erased: BTreeMap<(i64, i32), i64>,
}

pub(super) fn slot(class: Class) -> usize {
    match class {
        Class::Public => 0,
        Class::Private => 1,
        Class::Personal => 2,
    }
}

impl Replay {
    pub fn take(
        &mut self,
        changes: Vec<Change>,
        missing: Vec<(i64, i32)>,
        decided: Vec<((i64, i32), i64)>,
    ) {
        for change in changes {
            let key = (change.table, change.key);
            match change.digest {
                Some(digest) => {
                    let held = self.rows.entry(key).or_default();
                    if let Some(place) = held.digests.get_mut(slot(change.class)) {
                        *place = Some(digest);
                    }
                    held.seq = change.seq;
                }
                None => {
                    self.rows.remove(&key);
                }
            }
        }
        self.missing.extend(missing);
        self.erased.extend(decided);
    }

    /// Takes out what is said of a row.
    pub fn remove(&mut self, table: usize, key: String) -> Option<Held> {
        self.rows.remove(&(table, key))
    }

    /// What is left: rows that entries know.
    pub fn left(&mut self) -> Vec<(usize, String, i64)> {
        let rows = std::mem::take(&mut self.rows);
        let mut left: Vec<_> = rows
            .into_iter()
            .map(|((table, key), held)| (table, key, held.seq))
            .collect();
        left.sort();
        left
    }

    /// What is gone was decided to be, and what was decided to go is gone.
    pub fn check_erasures(&self, report: &mut Report) {
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
