//! Writing an entry together with the change that it records.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use serde_json::Value;

use super::chain::{self, Link};
use super::columns::Columns;
use super::facts::{self, Class, Recorded};
use crate::auth::Actor;
use crate::db::kept::{self, Kept, Text};
use crate::db::schema::{journal, journal_facts};
use crate::db::{Conn, Instant, Tx};
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
        let [was_public, was_private, was_personal] = before.split()?;
        let [public, private, personal] = after.split()?;
        let [publics, privates] = &mut self.shared;
        for (was, is, out) in [
            (was_public, public, publics),
            (was_private, private, privates),
        ] {
            if was != is {
                add(out, &facts::change(R::TABLE, &key, Some(is)));
            }
        }
        if was_personal != personal {
            let mut out = Vec::new();
            add(&mut out, &facts::change(R::TABLE, &key, Some(personal)));
            self.personal.push(out);
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
    let (seq, last, previous) = take_head(tx)?;
    // The clock of another replica, or this one after a step back, must not turn the order round.
    let recorded_at = Instant(now.0.max(last));
    let mut entry = Entry {
        seq,
        recorded_at,
        subject: String::new(),
        organisation: None,
        shared: [Vec::with_capacity(1024), Vec::with_capacity(1024)],
        personal: Vec::new(),
    };
    let done = change(tx, &mut entry)?;
    write(tx, actor, action, entry, &previous)?;
    Ok(done)
}

/// Takes the head: the next position, the last instant and the last hash. SQLite has one writer, who holds the head
/// since the transaction began; the entry's end writes it.
fn take_head(tx: &mut Tx<'_>) -> Result<(i64, i64, Vec<u8>), Error> {
    let conn: &mut Conn = &mut *tx;
    let head: (i64, i64, Vec<u8>) = match conn {
        Conn::Postgres(c) => Kept::<Head>::new(&TAKE_HEAD, Vec::new()).get_result(c)?,
        Conn::Sqlite(c) => Kept::<Head>::new(&NEXT_HEAD, Vec::new()).get_result(c)?,
    };
    Ok(head)
}

type Head = (BigInt, BigInt, Binary);
static TAKE_HEAD: Text = Text::same(
    "UPDATE journal_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, recorded_at, hash",
);
static NEXT_HEAD: Text =
    Text::same("SELECT seq + 1, recorded_at, hash FROM journal_head WHERE id = 1");
static SET_HEAD: Text =
    Text::same("UPDATE journal_head SET seq = ?, recorded_at = ?, hash = ? WHERE id = 1");

struct Item {
    class: Class,
    salt: Vec<u8>,
    hash: Vec<u8>,
    body: String,
}

impl Item {
    /// An item that says these members of a JSON list.
    fn new(class: Class, members: Vec<u8>) -> Result<Self, Error> {
        let body = format!("[{}]", String::from_utf8(members).map_err(Error::internal)?);
        let mut salt = vec![0u8; 16];
        getrandom::fill(&mut salt).map_err(Error::internal)?;
        let hash = chain::item_hash(class.as_str(), &salt, body.as_bytes());
        Ok(Self {
            class,
            salt,
            hash,
            body,
        })
    }
}

fn write(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &str,
    entry: Entry,
    previous: &[u8],
) -> Result<(), Error> {
    let mut items = Vec::new();
    let [publics, privates] = entry.shared;
    for (class, changes) in [(Class::Public, publics), (Class::Private, privates)] {
        if !changes.is_empty() {
            items.push(Item::new(class, changes)?);
        }
    }
    for change in entry.personal {
        items.push(Item::new(Class::Personal, change)?);
    }
    let actor = actor.to_string();
    let facts_hash = chain::facts_hash(items.iter().map(|i| i.hash.as_slice()));
    let link = Link {
        seq: entry.seq,
        recorded_at: entry.recorded_at.0,
        actor: &actor,
        action,
        subject: &entry.subject,
        organisation: entry.organisation.as_deref(),
        facts_hash: &facts_hash,
    };
    let hash = chain::entry_hash(previous, &link);
    let conn: &mut Conn = &mut *tx;
    dialect!(conn, |c| diesel::insert_into(journal::table)
        .values((
            journal::seq.eq(entry.seq),
            journal::recorded_at.eq(entry.recorded_at.0),
            journal::actor.eq(&actor),
            journal::action.eq(action),
            journal::subject.eq(&entry.subject),
            journal::organisation.eq(entry.organisation.as_deref()),
            journal::facts_hash.eq(&facts_hash),
            journal::hash.eq(&hash),
        ))
        .execute(c))?;
    for (n, item) in (0i32..).zip(&items) {
        dialect!(conn, |c| diesel::insert_into(journal_facts::table)
            .values((
                journal_facts::seq.eq(entry.seq),
                journal_facts::item.eq(n),
                journal_facts::class.eq(item.class.as_str()),
                journal_facts::hash.eq(&item.hash),
                journal_facts::salt.eq(&item.salt),
                journal_facts::body.eq(&item.body),
            ))
            .execute(c))?;
    }
    let head = vec![
        kept::Value::Number(entry.seq),
        kept::Value::Number(entry.recorded_at.0),
        kept::Value::Bytes(&hash),
    ];
    let set = Kept::<()>::new(&SET_HEAD, head);
    dialect!(conn, |c| set.execute(c))?;
    Ok(())
}
