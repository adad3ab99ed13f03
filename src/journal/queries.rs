//! Pages of journal entries.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::facts::Class;
use super::{JournalEntry, JournalFacts};
use crate::db::dialect::other_subject;
use crate::db::schema::{journal, journal_facts};
use crate::db::{Conn, Instant};
use crate::http::Error;

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// After this position.
    pub after: Option<i64>,
    /// Before this position.
    pub before: Option<i64>,
    /// About this organisation.
    pub organisation: Option<String>,
    /// Done to this.
    pub subject: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// This kind of change.
    pub action: Option<String>,
    /// Only entries that say something of this class.
    pub only_with: Option<Class>,
    /// Newest first.
    pub newest_first: bool,
}

#[derive(Queryable)]
struct Row {
    seq: i64,
    recorded_at: i64,
    actor: String,
    action: String,
    subject: String,
    organisation: Option<String>,
    facts_hash: Vec<u8>,
    hash: Vec<u8>,
}

/// A page of entries, with the facts of the classes that the reader may know.
pub fn page(
    conn: &mut Conn,
    wanted: &Wanted,
    limit: i64,
    classes: &[Class],
) -> Result<Vec<JournalEntry>, Error> {
    let mut query = journal::table.into_boxed();
    if let Some(after) = wanted.after {
        query = query.filter(journal::seq.gt(after));
    }
    if let Some(before) = wanted.before {
        query = query.filter(journal::seq.lt(before));
    }
    if let Some(number) = &wanted.organisation {
        query = query.filter(journal::organisation.eq(number));
    }
    if let Some(subject) = &wanted.subject {
        query = query.filter(journal::subject.eq(subject));
        query = match subject.strip_prefix(ORGANISATION) {
            Some(number) => query.filter(journal::organisation.eq(number)),
            None => query.filter(other_subject()),
        };
    }
    if let Some(actor) = &wanted.actor {
        query = query.filter(journal::actor.eq(actor));
    }
    if let Some(action) = &wanted.action {
        query = query.filter(journal::action.eq(action));
    }
    if let Some(class) = wanted.only_with {
        query = query.filter(diesel::dsl::exists(
            journal_facts::table
                .filter(journal_facts::seq.eq(journal::seq))
                .filter(journal_facts::class.eq(class.as_str())),
        ));
    }
    query = if wanted.newest_first {
        query.order(journal::seq.desc())
    } else {
        query.order(journal::seq.asc())
    };
    let rows: Vec<Row> = query.limit(limit).load(conn)?;
    let mut facts = facts_of(
        conn,
        &rows.iter().map(|r| r.seq).collect::<Vec<_>>(),
        classes,
    )?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    Ok(rows
        .into_iter()
        .map(|row| JournalEntry {
            facts: facts.remove(&row.seq).unwrap_or_default(),
            seq: row.seq,
            recorded_at: Instant(row.recorded_at),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            organisation: row.organisation,
            facts_hash: hex(&row.facts_hash),
            hash: hex(&row.hash),
        })
        .collect())
}

/// What entries about an organisation have before its number.
pub const ORGANISATION: &str = "organisation:";

/// What the reading of an entry, or of the entries about this subject, is recorded as: an organisation goes by its number alone, as
/// in every other reading.
pub fn read_of(subject: &str) -> &str {
    subject.strip_prefix(ORGANISATION).unwrap_or(subject)
}

/// The position of the last entry of this action and subject, or a subject that goes on behind a slash.
pub fn last_of(conn: &mut Conn, action: &str, subject: &str) -> Result<Option<i64>, Error> {
    Ok(journal::table
        .filter(
            journal::subject
                .eq(subject)
                .or(journal::subject.like(format!("{subject}/%"))),
        )
        .filter(other_subject())
        .filter(journal::action.eq(action))
        .order(journal::seq.desc())
        .select(journal::seq)
        .first(conn)
        .optional()?)
}

type FactRow = (i64, i32, String, Vec<u8>, Option<Vec<u8>>, Option<String>);

fn facts_of(
    conn: &mut Conn,
    seqs: &[i64],
    classes: &[Class],
) -> Result<BTreeMap<i64, Vec<JournalFacts>>, Error> {
    let rows: Vec<FactRow> = journal_facts::table
        .filter(journal_facts::seq.eq_any(seqs))
        .order((journal_facts::seq, journal_facts::item))
        .load(conn)?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut found: BTreeMap<i64, Vec<JournalFacts>> = BTreeMap::new();
    for (seq, item, class, hash, salt, body) in rows {
        let known = classes.iter().any(|c| c.as_str() == class);
        let changes = match body.filter(|_| known) {
            Some(body) => Some(serde_json::from_str(&body).map_err(Error::internal)?),
            None => None,
        };
        // A salt without its body would let a short value be guessed.
        let salt = salt.filter(|_| known).map(|s| hex(&s));
        found.entry(seq).or_default().push(JournalFacts {
            item,
            class,
            hash: hex(&hash),
            salt,
            changes,
        });
    }
    Ok(found)
}

/// The registry numbers of organisations that entries behind a position and before another are about, each once, up to a limit.
pub fn changed(
    conn: &mut Conn,
    (after, before): (i64, i64),
    limit: i64,
) -> Result<Vec<String>, Error> {
    // The empty text hides the column from SQLite, which would otherwise read the index of all organisations' entries from end to end, because
    // that has each of them once.
    let numbers: Vec<Option<String>> = journal::table
        .filter(journal::seq.gt(after))
        .filter(journal::seq.lt(before))
        .filter(sql::<Bool>("(journal.organisation || '') IS NOT NULL"))
        .select(journal::organisation)
        .distinct()
        .limit(limit)
        .load(conn)?;
    Ok(numbers.into_iter().flatten().collect())
}
