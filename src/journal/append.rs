//! Writing an entry together with the change that it records.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text};
use serde_json::Value;

use super::chain::{self, Link};
use super::columns::Columns;
use super::facts::{self, Class, Recorded, Split};
use super::queries::ORGANISATION;
use crate::auth::{Actor, still_may};
use crate::db::dialect::column;
use crate::db::kept::{self, Kept};
use crate::db::schema::{journal, journal_facts};
use crate::db::{Both, Conn, Instant, Tx};
use crate::dialect;
use crate::http::Error;

/// The entry that is being written: rows take their `seq` and instant from it and tell it what they became.
pub struct Entry {
    seq: i64,
    recorded_at: Instant,
    subject: String,
    organisation: Option<String>,
    /// The members of the JSON list of public changes, and of that of private ones.
    shared: [Vec<u8>; 2],
    personal: Vec<Vec<u8>>,
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

    /// Names what the change was done to, like `organisation:OTS-7K3M9Q2-54`. What was done to an organisation is about it.
    pub fn about(&mut self, subject: impl Into<String>) {
        self.subject = subject.into();
        if let Some(number) = self.subject.strip_prefix(ORGANISATION) {
            self.organisation = Some(number.to_owned());
        }
    }

    /// Names the organisation that the change is about.
    pub fn of_organisation(&mut self, number: impl Into<String>) {
        self.organisation = Some(number.into());
    }

    /// Records a row as it is after the change.
    pub fn now<R: Recorded>(&mut self, row: &R) -> Result<(), Error> {
        let columns = Columns::of(row).map_err(Error::internal)?;
        let [publics, privates] = &mut self.shared;
        for (class, out) in [(Class::Public, publics), (Class::Private, privates)] {
            columns.write(row, class, out).map_err(Error::internal)?;
        }
        // One item per person, so that one person can be forgotten without the others.
        let mut personal = Vec::new();
        if columns
            .write(row, Class::Personal, &mut personal)
            .map_err(Error::internal)?
        {
            self.personal.push(personal);
        }
        Ok(())
    }

    /// Records a row that was there before: only the classes in which it differs, so that a private change does
    /// not show in the public facts.
    pub fn changed<R: Recorded>(&mut self, before: &R, after: &R) -> Result<(), Error> {
        let key = after.key();
        let (was, is) = (before.split()?, after.split()?);
        // The row says that this entry wrote it last. Where nothing of it differs, the entry speaks of it all the same, in the least
        // public of its classes, which come in that order.
        let again = match was == is {
            true => is.iter().rposition(|columns| !columns.is_empty()),
            false => None,
        };
        let [publics, privates] = &mut self.shared;
        let mut personal = Vec::new();
        let classes = was
            .into_iter()
            .zip(is)
            .zip([publics, privates, &mut personal]);
        for (nth, ((was, is), out)) in classes.enumerate() {
            if was != is || again == Some(nth) {
                add(out, &facts::change(R::TABLE, &key, Some(is)));
            }
        }
        if !personal.is_empty() {
            self.personal.push(personal);
        }
        Ok(())
    }

    /// Records that a row went away.
    pub fn gone<R: Recorded>(&mut self, row: &R) {
        let [_, privates] = &mut self.shared;
        add(privates, &facts::change(R::TABLE, &row.key(), None));
    }

    /// Records something that is no row, such as a reason or a count, for officers and auditors.
    pub fn note(&mut self, name: &str, value: Value) {
        let [_, privates] = &mut self.shared;
        add(
            privates,
            &serde_json::json!({ "note": name, "value": value }),
        );
    }
}

/// Appends a member to a JSON list that is being written.
fn add(list: &mut Vec<u8>, member: &Value) {
    if !list.is_empty() {
        list.push(b',');
    }
    list.extend_from_slice(member.to_string().as_bytes());
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
            shared: [Vec::with_capacity(1024), Vec::with_capacity(1024)],
            personal: Vec::new(),
        }
    }

    /// Links an entry to the one before.
    pub fn close(&mut self, actor: &Actor, action: &str, entry: Entry) -> Result<(), Error> {
        let mut hashes = Vec::new();
        let [publics, privates] = entry.shared;
        let shared = [(Class::Public, publics), (Class::Private, privates)];
        let personal = entry.personal.into_iter().map(|p| (Class::Personal, p));
        let parts = shared.into_iter().chain(personal);
        for (item, (class, members)) in (0i32..).zip(parts.filter(|(_, c)| !c.is_empty())) {
            let row = item_row(entry.seq, item, class, members)?;
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
        self.previous = hash.to_vec();
        self.entries.push(EntryRow {
            seq: entry.seq,
            recorded_at: entry.recorded_at.0,
            actor,
            action: action.to_owned(),
            subject: entry.subject,
            organisation: entry.organisation,
            facts_hash: facts_hash.to_vec(),
            hash: hash.to_vec(),
        });
        Ok(())
    }

    /// Writes the entries and moves the head on.
    pub fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let conn: &mut Conn = &mut *tx;
        insert_entries(conn, &self.entries)?;
        insert_items(conn, &self.items)?;
        let last = self.entries.last().map_or(self.last, |e| e.recorded_at);
        let head = vec![
            kept::Value::Number(self.seq - 1),
            kept::Value::Number(last),
            kept::Value::Bytes(&self.previous),
        ];
        let set = Kept::<()>::new(&SET_HEAD, head);
        dialect!(conn, |c| set.execute(c))?;
        Ok(())
    }
}

// A single row has a text that is kept prepared. Many go to PostgreSQL as one array for each column, because a text with a
// place for every value is dear to read there; SQLite takes them one by one.
fn insert_entries(conn: &mut Conn, entries: &[EntryRow]) -> Result<(), Error> {
    if let [one] = entries {
        dialect!(conn, |c| diesel::insert_into(journal::table)
            .values(one)
            .execute(c))?;
        return Ok(());
    }
    match (conn.each(), entries) {
        (_, []) => {}
        (Both::Sqlite(conn), many) => {
            diesel::insert_into(journal::table)
                .values(many)
                .execute(conn)?;
        }
        (Both::Postgres(conn), many) => {
            let text = "INSERT INTO journal (seq, recorded_at, actor, action, subject, organisation, facts_hash, hash) \
                        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)";
            diesel::sql_query(text)
                .bind::<Array<BigInt>, _>(column(many, |e| e.seq))
                .bind::<Array<BigInt>, _>(column(many, |e| e.recorded_at))
                .bind::<Array<Text>, _>(column(many, |e| e.actor.as_str()))
                .bind::<Array<Text>, _>(column(many, |e| e.action.as_str()))
                .bind::<Array<Text>, _>(column(many, |e| e.subject.as_str()))
                .bind::<Array<Nullable<Text>>, _>(column(many, |e| e.organisation.as_deref()))
                .bind::<Array<Binary>, _>(column(many, |e| e.facts_hash.as_slice()))
                .bind::<Array<Binary>, _>(column(many, |e| e.hash.as_slice()))
                .execute(conn)?;
        }
    }
    Ok(())
}

fn insert_items(conn: &mut Conn, items: &[ItemRow]) -> Result<(), Error> {
    match (conn.each(), items) {
        (_, []) => {}
        (Both::Postgres(conn), many) if many.len() > 1 => {
            let text = "INSERT INTO journal_facts (seq, item, class, hash, salt, body) SELECT * FROM unnest($1, $2, $3, $4, $5, $6)";
            diesel::sql_query(text)
                .bind::<Array<BigInt>, _>(column(many, |i| i.seq))
                .bind::<Array<Integer>, _>(column(many, |i| i.item))
                .bind::<Array<Text>, _>(column(many, |i| i.class))
                .bind::<Array<Binary>, _>(column(many, |i| i.hash.as_slice()))
                .bind::<Array<Binary>, _>(column(many, |i| i.salt.as_slice()))
                .bind::<Array<Text>, _>(column(many, |i| i.body.as_str()))
                .execute(conn)?;
        }
        (_, some) => {
            for item in some {
                dialect!(conn, |c| diesel::insert_into(journal_facts::table)
                    .values(item)
                    .execute(c))?;
            }
        }
    }
    Ok(())
}

/// Takes the head: the next position, the last instant and the last hash. SQLite has one writer, who holds the head
/// since the transaction began; the entry's end writes it. On PostgreSQL others had it meanwhile, and one of their entries may be
/// about whoever acts here.
fn take_head(tx: &mut Tx<'_>) -> Result<(i64, i64, Vec<u8>), Error> {
    let conn: &mut Conn = &mut *tx;
    let head: (i64, i64, Vec<u8>) = match conn.each() {
        Both::Sqlite(c) => return Ok(Kept::<Head>::new(&NEXT_HEAD, Vec::new()).get_result(c)?),
        Both::Postgres(c) => Kept::<Head>::new(&TAKE_HEAD, Vec::new()).get_result(c)?,
    };
    still_may(tx)?;
    Ok(head)
}

type Head = (BigInt, BigInt, Binary);
static TAKE_HEAD: kept::Text = kept::Text::same(
    "UPDATE journal_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, recorded_at, hash",
);
static NEXT_HEAD: kept::Text =
    kept::Text::same("SELECT seq + 1, recorded_at, hash FROM journal_head WHERE id = 1");
static SET_HEAD: kept::Text =
    kept::Text::same("UPDATE journal_head SET seq = ?, recorded_at = ?, hash = ? WHERE id = 1");

/// An item that says these members of a JSON list.
fn item_row(seq: i64, item: i32, class: Class, members: Vec<u8>) -> Result<ItemRow, Error> {
    let body = format!("[{}]", String::from_utf8(members).map_err(Error::internal)?);
    let mut salt = vec![0u8; 16];
    getrandom::fill(&mut salt).map_err(Error::internal)?;
    let hash = chain::item_hash(class.as_str(), &salt, body.as_bytes());
    Ok(ItemRow {
        seq,
        item,
        class: class.as_str(),
        hash: hash.to_vec(),
        salt,
        body,
    })
}
