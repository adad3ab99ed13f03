//! Writing an entry together with the change that it records.

use diesel::prelude::*;
use serde_json::Value;

use super::chain::{self, Link};
use super::facts::{self, Class, Recorded};
use crate::auth::Actor;
use crate::db::schema::{journal, journal_facts, journal_head};
use crate::db::{Conn, Instant, Tx};
use crate::dialect;
use crate::http::Error;

/// The entry that is being written: rows take their `seq` and instant from it and tell it what they became.
pub struct Entry {
    seq: i64,
    recorded_at: Instant,
    subject: String,
    organisation: Option<String>,
    shared: [Vec<Value>; 2],
    personal: Vec<Value>,
}

impl Entry {
    /// The entry's position; rows that the change writes carry it.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// When the registry learned of the change.
    pub fn recorded_at(&self) -> Instant {
        self.recorded_at
    }

    /// Names what the change was done to, like `organisation:OTS-7K3M9Q2-54`.
    pub fn about(&mut self, subject: impl Into<String>) {
        self.subject = subject.into();
    }

    /// Names the organisation that the change is about.
    pub fn of_organisation(&mut self, number: impl Into<String>) {
        self.organisation = Some(number.into());
    }

    /// Records a row as it is after the change.
    pub fn now<R: Recorded>(&mut self, row: &R) -> Result<(), Error> {
        let key = row.key();
        let [public, private, personal] = row.split()?;
        let [publics, privates] = &mut self.shared;
        if !public.is_empty() {
            publics.push(facts::change(R::TABLE, &key, Some(public)));
        }
        if !private.is_empty() {
            privates.push(facts::change(R::TABLE, &key, Some(private)));
        }
        if !personal.is_empty() {
            // One item per person, so that one person can be forgotten without the others.
            self.personal
                .push(facts::change(R::TABLE, &key, Some(personal)));
        }
        Ok(())
    }

    /// Records a row that was there before: only the classes in which it differs, so that a private change does
    /// not show in the public facts.
    pub fn changed<R: Recorded>(&mut self, before: &R, after: &R) -> Result<(), Error> {
        let key = after.key();
        let [publics, privates] = &mut self.shared;
        let parts = before.split()?.into_iter().zip(after.split()?);
        for ((was, is), into) in parts.zip([publics, privates, &mut self.personal]) {
            if was != is {
                into.push(facts::change(R::TABLE, &key, Some(is)));
            }
        }
        Ok(())
    }

    /// Records that a row went away.
    pub fn gone<R: Recorded>(&mut self, row: &R) {
        let [_, privates] = &mut self.shared;
        privates.push(facts::change(R::TABLE, &row.key(), None));
    }

    /// Records something that is no row, such as a reason or a count, for officers and auditors.
    pub fn note(&mut self, name: &str, value: Value) {
        let [_, privates] = &mut self.shared;
        privates.push(serde_json::json!({ "note": name, "value": value }));
    }
}

/// Takes the head, runs `change`, and records what it did. The head stays locked until the transaction ends, so
/// checks and row locks come before this call and `change` only writes.
pub fn enter<T>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    change: impl FnOnce(&mut Tx<'_>, &mut Entry) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut batch = Batch::begin(tx, now)?;
    let mut entry = batch.entry();
    let done = change(tx, &mut entry)?;
    batch.close(actor, action, entry)?;
    batch.write(tx)?;
    Ok(done)
}

/// Several entries of one transaction, written together: for bulk work whose rows are written together too.
pub struct Batch {
    seq: i64,
    recorded_at: Instant,
    /// The last instant before; the head keeps it when nothing is written.
    last: i64,
    previous: Vec<u8>,
    entries: Vec<EntryRow>,
    items: Vec<ItemRow>,
}

#[derive(Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
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

#[derive(Insertable)]
#[diesel(table_name = journal_facts, treat_none_as_default_value = false)]
struct ItemRow {
    seq: i64,
    item: i32,
    class: &'static str,
    hash: Vec<u8>,
    salt: Vec<u8>,
    body: String,
}

impl Batch {
    /// Takes the head, which stays locked until the transaction ends.
    pub fn begin(tx: &mut Tx<'_>, now: Instant) -> Result<Self, Error> {
        let (seq, last, previous) = take_head(tx)?;
        Ok(Self {
            seq,
            // The clock of another replica, or this one after a step back, must not turn the order round.
            recorded_at: Instant(now.0.max(last)),
            last,
            previous,
            entries: Vec::new(),
            items: Vec::new(),
        })
    }

    /// The next entry; it is closed before another one is asked for.
    pub fn entry(&mut self) -> Entry {
        let seq = self.seq;
        self.seq += 1;
        Entry {
            seq,
            recorded_at: self.recorded_at,
            subject: String::new(),
            organisation: None,
            shared: [Vec::new(), Vec::new()],
            personal: Vec::new(),
        }
    }

    /// Links an entry to the one before.
    pub fn close(&mut self, actor: &Actor, action: &str, entry: Entry) -> Result<(), Error> {
        let mut hashes = Vec::new();
        let [publics, privates] = entry.shared;
        let shared = [(Class::Public, publics), (Class::Private, privates)];
        // One item per person, so that one person can be forgotten without the others.
        let personal = entry
            .personal
            .into_iter()
            .map(|p| (Class::Personal, vec![p]));
        let parts = shared.into_iter().chain(personal);
        for (item, (class, changes)) in (0i32..).zip(parts.filter(|(_, c)| !c.is_empty())) {
            let row = item_row(entry.seq, item, class, Value::Array(changes).to_string())?;
            hashes.push(row.hash.clone());
            self.items.push(row);
        }
        let actor = actor.to_string();
        let facts_hash = chain::facts_hash(hashes.iter().map(Vec::as_slice));
        let link = Link {
            seq: entry.seq,
            recorded_at: entry.recorded_at.0,
            actor: &actor,
            action,
            subject: &entry.subject,
            organisation: entry.organisation.as_deref(),
            facts_hash: &facts_hash,
        };
        let hash = chain::entry_hash(&self.previous, &link);
        self.previous.clone_from(&hash);
        self.entries.push(EntryRow {
            seq: entry.seq,
            recorded_at: entry.recorded_at.0,
            actor,
            action: action.to_owned(),
            subject: entry.subject,
            organisation: entry.organisation,
            facts_hash,
            hash,
        });
        Ok(())
    }

    /// Writes the entries and moves the head on.
    pub fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let conn: &mut Conn = &mut *tx;
        // A single row has a text that is kept prepared.
        match self.entries.as_slice() {
            [] => {}
            [one] => {
                dialect!(conn, |c| diesel::insert_into(journal::table)
                    .values(one)
                    .execute(c))?;
            }
            many => {
                dialect!(conn, |c| diesel::insert_into(journal::table)
                    .values(many)
                    .execute(c))?;
            }
        }
        if self.items.len() < 8 {
            for item in &self.items {
                dialect!(conn, |c| diesel::insert_into(journal_facts::table)
                    .values(item)
                    .execute(c))?;
            }
        } else {
            dialect!(conn, |c| diesel::insert_into(journal_facts::table)
                .values(&self.items)
                .execute(c))?;
        }
        let last = self.entries.last().map_or(self.last, |e| e.recorded_at);
        diesel::update(journal_head::table.find(1))
            .set((
                journal_head::seq.eq(self.seq - 1),
                journal_head::recorded_at.eq(last),
                journal_head::hash.eq(&self.previous),
            ))
            .execute(&mut **tx)?;
        Ok(())
    }
}

/// Takes the head: the next position, the last instant and the last hash. SQLite has one writer, who holds the head
/// since the transaction began; the entry's end writes it.
fn take_head(tx: &mut Tx<'_>) -> Result<(i64, i64, Vec<u8>), Error> {
    let columns = (
        journal_head::seq,
        journal_head::recorded_at,
        journal_head::hash,
    );
    if tx.is_postgres() {
        return Ok(diesel::update(journal_head::table.find(1))
            .set(journal_head::seq.eq(journal_head::seq + 1))
            .returning(columns)
            .get_result(&mut **tx)?);
    }
    let (seq, last, previous): (i64, i64, Vec<u8>) = journal_head::table
        .find(1)
        .select(columns)
        .first(&mut **tx)?;
    Ok((seq + 1, last, previous))
}

fn item_row(seq: i64, item: i32, class: Class, body: String) -> Result<ItemRow, Error> {
    let mut salt = vec![0u8; 16];
    getrandom::fill(&mut salt).map_err(Error::internal)?;
    let hash = chain::item_hash(class.as_str(), &salt, body.as_bytes());
    Ok(ItemRow {
        seq,
        item,
        class: class.as_str(),
        hash,
        salt,
        body,
    })
}
