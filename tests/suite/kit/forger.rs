//! Somebody who can write the whole database and knows how the journal is made: edits it in memory, hashes it anew, and writes it back.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ed25519_dalek::{Signer, SigningKey};
use ots_registry::db::Conn;
use ots_registry::db::schema::{checkpoints, journal, journal_facts, journal_head, journal_tree};
use ots_registry::dialect;
use ots_registry::journal::chain::{self, Link};
use ots_registry::journal::merkle::{Growing, Hash, leaf_hash};
use ots_registry::journal::note::{Checkpoint, VerifierKey, signature_line};

/// Random numbers that a seed repeats (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to before `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    /// One of two.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
pub struct Entry {
    pub seq: i64,
    pub recorded_at: i64,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub organisation: Option<String>,
    pub facts_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// An item of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = journal_facts, treat_none_as_default_value = false)]
pub struct Item {
    pub seq: i64,
    pub item: i32,
    pub class: String,
    pub hash: Vec<u8>,
    pub salt: Option<Vec<u8>>,
    pub body: Option<String>,
}

/// The journal in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    pub entries: Vec<Entry>,
    pub items: Vec<Item>,
}

/// Switches off what keeps others from writing, for this connection's database.
pub fn disarm(conn: &mut Conn) {
    let open = if conn.is_postgres() {
        "SET session_replication_role = replica;"
    } else {
        "PRAGMA foreign_keys = OFF;
         DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete;
         DROP TRIGGER journal_facts_no_update; DROP TRIGGER journal_facts_no_delete;
         DROP TRIGGER membership_events_no_update; DROP TRIGGER membership_events_no_delete;
         DROP TRIGGER checkpoints_no_update; DROP TRIGGER checkpoints_no_delete;
         DROP TRIGGER checkpoint_cosignatures_no_update; DROP TRIGGER checkpoint_cosignatures_no_delete;"
    };
    conn.batch_execute(open).unwrap();
}

impl Journal {
    /// Reads it.
    pub fn load(conn: &mut Conn) -> Self {
        Self {
            entries: journal::table.order(journal::seq).load(conn).unwrap(),
            items: journal_facts::table
                .order((journal_facts::seq, journal_facts::item))
                .load(conn)
                .unwrap(),
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Hashes the items that still say something.
    pub fn rehash_items(&mut self) {
        for item in &mut self.items {
            if let (Some(salt), Some(body)) = (&item.salt, &item.body) {
                item.hash = chain::item_hash(&item.class, salt, body.as_bytes()).to_vec();
            }
        }
    }

    /// Hashes every entry's facts and the whole chain.
    pub fn rehash(&mut self) {
        let mut previous = vec![0; 32];
        for entry in &mut self.entries {
            let own = self.items.iter().filter(|i| i.seq == entry.seq);
            entry.facts_hash = chain::facts_hash(own.map(|i| i.hash.as_slice())).to_vec();
            let link = Link {
                seq: entry.seq,
                recorded_at: entry.recorded_at,
                actor: &entry.actor,
                action: &entry.action,
                subject: &entry.subject,
                organisation: entry.organisation.as_deref(),
                facts_hash: &entry.facts_hash,
            };
            entry.hash = chain::entry_hash(&previous, &link).to_vec();
            previous.clone_from(&entry.hash);
        }
    }

    /// Gives entries the positions 1, 2, … in the order in which they stand, and takes their items along.
    pub fn renumber(&mut self) {
        let places: std::collections::BTreeMap<i64, i64> = (1..)
            .zip(&self.entries)
            .map(|(new, e)| (e.seq, new))
            .collect();
        self.items.retain(|i| places.contains_key(&i.seq));
        for item in &mut self.items {
            item.seq = places[&item.seq];
        }
        for (new, entry) in (1..).zip(&mut self.entries) {
            entry.seq = new;
        }
        self.items.sort_by_key(|i| (i.seq, i.item));
    }

    /// Makes instants go forward again.
    pub fn reorder_instants(&mut self) {
        let mut last = 0;
        for entry in &mut self.entries {
            entry.recorded_at = entry.recorded_at.max(last);
            last = entry.recorded_at;
        }
    }

    /// Writes it back; with `head`, the head becomes that of the last entry.
    pub fn store(&self, conn: &mut Conn, head: bool) {
        diesel::delete(journal_facts::table).execute(conn).unwrap();
        diesel::delete(journal::table).execute(conn).unwrap();
        dialect!(conn, |c| diesel::insert_into(journal::table)
            .values(&self.entries)
            .execute(c))
        .unwrap();
        dialect!(conn, |c| diesel::insert_into(journal_facts::table)
            .values(&self.items)
            .execute(c))
        .unwrap();
        if head {
            let (seq, at, hash) = match self.entries.last() {
                Some(last) => (last.seq, last.recorded_at, last.hash.clone()),
                None => (0, 0, vec![0; 32]),
            };
            diesel::update(journal_head::table)
                .set((
                    journal_head::seq.eq(seq),
                    journal_head::recorded_at.eq(at),
                    journal_head::hash.eq(hash),
                ))
                .execute(conn)
                .unwrap();
        }
    }

    /// The root over the first entries.
    pub fn root(&self, size: usize) -> Hash {
        let mut tree = Growing::default();
        for entry in &self.entries[..size] {
            tree.push(leaf_hash(&entry.hash));
        }
        tree.root()
    }

    /// Empties the stored tree, which the program makes again.
    pub fn drop_tree(conn: &mut Conn) {
        diesel::delete(journal_tree::table).execute(conn).unwrap();
    }

    /// Signs every stored checkpoint anew with a key of the forger's own, so that it fits this journal; those that are too large go.
    pub fn forge_checkpoints(&self, conn: &mut Conn, origin: &str) {
        let sizes: Vec<i64> = checkpoints::table
            .select(checkpoints::size)
            .load(conn)
            .unwrap();
        let pair = SigningKey::from_bytes(&[66; 32]);
        let key = VerifierKey::of_log(origin, pair.verifying_key().to_bytes());
        for size in sizes {
            let count = usize::try_from(size).unwrap();
            if count > self.len() {
                diesel::delete(checkpoints::table.find(size))
                    .execute(conn)
                    .unwrap();
                continue;
            }
            let checkpoint = Checkpoint {
                origin: origin.to_owned(),
                size: size.unsigned_abs(),
                root: self.root(count),
            };
            let text = checkpoint.text();
            let line = signature_line(&key, &pair.sign(text.as_bytes()).to_bytes());
            diesel::update(checkpoints::table.find(size))
                .set((
                    checkpoints::root.eq(checkpoint.root.to_vec()),
                    checkpoints::note.eq(format!("{text}\n{line}")),
                ))
                .execute(conn)
                .unwrap();
        }
    }
}
