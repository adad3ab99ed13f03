//! What an auditor looks at twice: events, overrides, gaps and accounts in a stretch of the journal.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
use serde_json::Value;

use super::super::question::Known;
use super::{Pair, STILL};
use crate::db::schema::{job_runs, journal, journal_facts, membership_intervals, private_reads};
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::organisations::distinct;
use crate::organisations::rows::{IdentifierRow, OrganisationRow};

/// A stretch of the journal: behind the first position, up to the second.
pub type Stretch = (i64, i64);

/// An event that is told.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ToldEvent {
    /// The membership.
    #[diesel(sql_type = BigInt)]
    pub membership_id: i64,
    /// Its organisation's internal id.
    #[diesel(sql_type = BigInt)]
    pub organisation_id: i64,
    /// Its number.
    #[diesel(sql_type = Integer)]
    pub no: i32,
    /// The journal position.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// When it was recorded, µs.
    #[diesel(sql_type = BigInt)]
    pub recorded_at: i64,
    /// From when it holds.
    #[diesel(sql_type = Date)]
    pub effective_on: NaiveDate,
    /// The kind's word.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Who proposed it, or did it.
    #[diesel(sql_type = Nullable<Text>)]
    pub proposer: Option<String>,
    /// Who decided it.
    #[diesel(sql_type = Nullable<Text>)]
    pub decider: Option<String>,
}

/// Which events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Dated before the day on which they were recorded; what the calendar did by itself is not dated by anybody.
    BackDated,
    /// Corrections of earlier events.
    Corrections,
    /// Proposed and decided by one account.
    SamePerson,
    /// Admissions and reinstatements that name no evidence as they were recorded; [`super::evidence`] has what corrections say of it.
    WithoutEvidence,
}

impl Which {
    /// The condition on those that are such as [`moves`], where any can be.
    fn moving(self) -> Option<String> {
        match self {
            Self::WithoutEvidence => None,
            Self::Corrections => Some("1 = 1".to_owned()),
            Self::BackDated | Self::SamePerson => {
                Some(format!("e.kind IN ({})", super::quoted(MOVES)))
            }
        }
    }

    /// What its index holds of an event, so that none is read itself to count it.
    const fn counted(self) -> &'static str {
        match self {
            Self::BackDated | Self::SamePerson => "e.seq, e.membership_id, e.effective_on, e.kind",
            Self::Corrections | Self::WithoutEvidence => "e.seq, e.membership_id, e.effective_on",
        }
    }

    /// The condition of a partial index, word for word.
    fn condition(self, conn: &Conn) -> &'static str {
        match self {
            Self::BackDated if conn.is_postgres() => {
                "e.effective_on < CAST(to_timestamp(e.recorded_at / 1000000) AT TIME ZONE 'UTC' AS DATE) \
                 AND e.kind NOT IN ('grace_began', 'lapsed', 'suspension_ended')"
            }
            Self::BackDated => {
                "e.effective_on < date(e.recorded_at / 1000000, 'unixepoch') \
                 AND e.kind NOT IN ('grace_began', 'lapsed', 'suspension_ended')"
            }
            Self::Corrections => "e.kind = 'corrected'",
            Self::SamePerson => "e.proposer = e.decider",
            Self::WithoutEvidence => {
                "e.kind IN ('admitted', 'reinstated') AND e.details LIKE '%\"evidence\":[]%'"
            }
        }
    }
}

/// Events behind a place (position, membership, number), in order.
pub fn events(
    conn: &mut Conn,
    which: Which,
    (_, until): Stretch,
    (seq, membership, no): (i64, i64, i32),
    limit: i64,
) -> Result<Vec<ToldEvent>, Error> {
    let text = format!(
        "SELECT e.membership_id, m.organisation_id, e.no, e.seq, e.recorded_at, e.effective_on, e.kind, e.proposer, e.decider \
         FROM membership_events e JOIN memberships m ON m.id = e.membership_id \
         WHERE e.seq >= {seq} AND e.seq <= {until} AND (e.seq, e.membership_id, e.no) > ({seq}, {membership}, {no}) AND {} \
         ORDER BY e.seq, e.membership_id, e.no LIMIT {limit}",
        which.condition(conn)
    );
    Ok(dialect!(conn, |c| diesel::sql_query(text).load(c))?)
}

/// Kinds of events that take days from one country or type and give them to another, or that may undo such an event.
const MOVES: [&str; 3] = ["transferred", "type_changed", "corrected"];

/// True where an event of this kind may be of more than one country or type.
pub fn moves(kind: &str) -> bool {
    MOVES.contains(&kind)
}

/// How many events of some countries and types there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEvents {
    /// Country on the day from which they hold; that of the first day, where they hold from before it.
    pub country: Option<String>,
    /// Type then.
    pub membership_type: Option<String>,
    /// Countries and types of which their entries changed days, where they are such as [`moves`].
    pub changed: BTreeSet<Pair>,
    /// How many.
    pub events: i64,
}

/// Counts the events of a stretch by country and type, in one statement that reads no event itself where the index says enough. They are put
/// in the order of their memberships first (the limit keeps the planners from leaving that out): intervals are stored so.
pub fn count_events(
    conn: &mut Conn,
    which: Which,
    (after, until): Stretch,
    known: Known,
) -> Result<Vec<CountedEvents>, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        pair: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        changed: Option<String>,
        #[diesel(sql_type = BigInt)]
        events: i64,
    }
    // Both in one text, so that each event looks at one interval alone.
    let pair_of = |rest: &str| {
        format!(
            "(SELECT d.country || ' ' || d.membership_type FROM membership_intervals d \
              WHERE d.membership_id = e.membership_id AND {} {rest} LIMIT 1)",
            known.condition("d")
        )
    };
    let pair = "DISTINCT c.country || ' ' || c.membership_type";
    let all = if conn.is_postgres() {
        format!("string_agg({pair}, ',')")
    } else {
        format!("group_concat({pair})")
    };
    let changed = which.moving().map_or_else(
        || "CAST(NULL AS TEXT)".to_owned(),
        |moving| {
            format!(
                "CASE WHEN {moving} THEN (SELECT {all} FROM membership_intervals c WHERE c.membership_id = e.membership_id \
                    AND (c.known_from = e.seq OR c.known_to = e.seq)) END"
            )
        },
    );
    let text = format!(
        "SELECT pair, changed, COUNT(*) AS events FROM (\
            SELECT COALESCE({}, {}) AS pair, {changed} AS changed FROM (\
                SELECT {} FROM membership_events e WHERE e.seq > {after} AND e.seq <= {until} AND {} \
                ORDER BY e.membership_id LIMIT {STILL}) AS e) AS told \
         GROUP BY pair, changed",
        pair_of("AND d.from_day <= e.effective_on ORDER BY d.from_day DESC"),
        pair_of("ORDER BY d.from_day"),
        which.counted(),
        which.condition(conn)
    );
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let counted = |row: Row| {
        let pair = |text: &str| {
            let (country, kind) = text.split_once(' ')?;
            Some((country.to_owned(), kind.to_owned()))
        };
        let changed = row.changed.unwrap_or_default();
        let (country, membership_type) = row.pair.as_deref().and_then(pair).unzip();
        CountedEvents {
            country,
            membership_type,
            changed: changed.split(',').filter_map(pair).collect(),
            events: row.events,
        }
    };
    Ok(rows.into_iter().map(counted).collect())
}

/// Countries and types, each with a first day, by membership and position.
pub type Changed = HashMap<(i64, i64), Vec<(NaiveDate, Pair)>>;

/// Of which countries and types entries changed days, by membership and position: those of the intervals that came or went with the
/// entry, each with its first day.
pub fn changed(conn: &mut Conn, events: &[(i64, i64)]) -> Result<Changed, Error> {
    let (ids, seqs): (Vec<Id>, Vec<i64>) = events.iter().map(|(id, seq)| (Id(*id), *seq)).unzip();
    let rows: Vec<(Id, i64, i64, NaiveDate, String, String)> = membership_intervals::table
        .filter(membership_intervals::membership_id.eq_any(ids))
        .filter(
            membership_intervals::known_from
                .eq_any(&seqs)
                .or(membership_intervals::known_to.eq_any(&seqs)),
        )
        .select((
            membership_intervals::membership_id,
            membership_intervals::known_from,
            membership_intervals::known_to,
            membership_intervals::from_day,
            membership_intervals::country,
            membership_intervals::membership_type,
        ))
        .load(conn)?;
    let mut found = Changed::new();
    for (id, known_from, known_to, from, country, kind) in rows {
        for seq in [known_from, known_to] {
            let pair = (country.clone(), kind.clone());
            found.entry((id.0, seq)).or_default().push((from, pair));
        }
    }
    Ok(found)
}

/// A warning that was overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// An identifier that fails its check.
    Identifier,
    /// An identifier that another organisation has.
    SharedIdentifier,
}

/// An entry of the journal that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldEntry {
    /// Its position.
    pub seq: i64,
    /// Its place among those of one entry, from 1.
    pub no: i32,
    /// When it was recorded, µs.
    pub recorded_at: i64,
    /// By whom.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The registry number that it is about.
    pub organisation: Option<String>,
    /// The registry number of another organisation that it was held against.
    pub other: Option<String>,
}

type EntryRow = (
    i64,
    i64,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);

/// The partial index, word for word; `class = 'private'` is its other half ([`entries_with`]).
const OVERRIDES: &str =
    "(body LIKE '%\"override_reason\":\"%' OR body LIKE '%\"shared_reason\":\"%')";
/// The partial index, word for word.
const ACCOUNTS: &str = "(substr(action, 1, 5) = 'user.' OR substr(subject, 1, 5) = 'user:' OR substr(action, 1, 9) = 'handover.' OR substr(action, 1, 8) = 'api_key.')";
/// Entries that write identifiers again whose reasons were told before: whose number it is alone changes with them.
const NOT_WRITTEN_AGAIN: &str = "action NOT IN ('organisation.merged', 'organisation.unmerged')";

/// Where warnings about identifiers were overridden, behind a position: they stand in the entries.
pub fn overrides(
    conn: &mut Conn,
    which: Override,
    (_, until): Stretch,
    (seq, no): (i64, i32),
    limit: i64,
) -> Result<Vec<ToldEntry>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut from = seq;
    while found.len() < limit {
        let rows = entries_with(conn, OVERRIDES, (from, until), &[NOT_WRITTEN_AGAIN])?;
        let Some(last) = rows.last() else { break };
        let next = last.0 + 1;
        for (seq_here, at, actor, action, subject, organisation, body) in rows {
            let times = count_overrides(which, body.as_deref().unwrap_or("[]"))?;
            for n in (1..=times).filter(|n| (seq_here, *n) > (seq, no)) {
                found.push(ToldEntry {
                    seq: seq_here,
                    no: n,
                    recorded_at: at,
                    actor: actor.clone(),
                    action: action.clone(),
                    subject: subject.clone(),
                    organisation: organisation.clone(),
                    other: None,
                });
            }
        }
        from = next;
    }
    found.truncate(limit);
    Ok(found)
}

/// Pairs that were said to be two over a warning, in the order of the journal: numbered within their entry.
pub fn duplicates(
    conn: &mut Conn,
    (_, until): Stretch,
    (seq, no): (i64, i32),
    limit: i64,
) -> Result<Vec<ToldEntry>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<ToldEntry> = Vec::new();
    // An entry is read whole, so that its pairs keep their numbers.
    let mut from = seq;
    while found.len() < limit {
        let pairs = distinct::overridden(conn, (from, until), AT_ONCE)?;
        let Some(last) = pairs.last() else { break };
        from = last.seq + 1;
        let seqs: Vec<i64> = pairs.iter().map(|pair| pair.seq).collect();
        let entries = entries(conn, &seqs)?;
        let mut before = (0, 0);
        for pair in pairs {
            let number = if before.0 == pair.seq {
                before.1 + 1
            } else {
                1
            };
            before = (pair.seq, number);
            if (pair.seq, number) <= (seq, no) {
                continue;
            }
            let (action, subject) = entries
                .get(&pair.seq)
                .cloned()
                .ok_or_else(|| Error::internal("a pair without its entry"))?;
            found.push(ToldEntry {
                seq: pair.seq,
                no: number,
                recorded_at: pair.said_at,
                actor: pair.said_by,
                action,
                subject,
                organisation: Some(pair.organisation),
                other: Some(pair.other),
            });
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Action and subject of entries.
fn entries(conn: &mut Conn, seqs: &[i64]) -> Result<HashMap<i64, (String, String)>, Error> {
    let rows: Vec<(i64, String, String)> = journal::table
        .filter(journal::seq.eq_any(seqs))
        .select((journal::seq, journal::action, journal::subject))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(seq, action, subject)| (seq, (action, subject)))
        .collect())
}

/// How many entries are read at once.
const AT_ONCE: i64 = 500;

/// Entries from a position on, whose private items meet a condition on the facts and that meet conditions of their own.
fn entries_with(
    conn: &mut Conn,
    facts: &str,
    (from, until): Stretch,
    more: &[&str],
) -> Result<Vec<EntryRow>, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
        #[diesel(sql_type = BigInt)]
        recorded_at: i64,
        #[diesel(sql_type = Text)]
        actor: String,
        #[diesel(sql_type = Text)]
        action: String,
        #[diesel(sql_type = Text)]
        subject: String,
        #[diesel(sql_type = Nullable<Text>)]
        organisation: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        body: Option<String>,
    }
    let more: String = more.iter().map(|m| format!(" AND {m}")).collect();
    let text = format!(
        "SELECT journal.seq, recorded_at, actor, action, subject, organisation, body \
         FROM journal_facts JOIN journal ON journal.seq = journal_facts.seq \
         WHERE {facts} AND class = 'private' AND journal_facts.seq >= {from} AND journal_facts.seq <= {until}{more} \
         ORDER BY journal_facts.seq LIMIT {AT_ONCE}"
    );
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    Ok(rows
        .into_iter()
        .map(|r| {
            (
                r.seq,
                r.recorded_at,
                r.actor,
                r.action,
                r.subject,
                r.organisation,
                r.body,
            )
        })
        .collect())
}

fn count_overrides(which: Override, body: &str) -> Result<i32, Error> {
    let changes: Vec<Value> = serde_json::from_str(body).map_err(Error::internal)?;
    let text =
        |change: &Value, name: &str| change.get(name).and_then(Value::as_str).map(str::to_owned);
    let identifier = |change: &Value, column: &str| {
        text(change, "table").as_deref() == Some(<IdentifierRow as crate::journal::Recorded>::TABLE)
            && change
                .pointer(&format!("/row/{column}"))
                .is_some_and(Value::is_string)
    };
    let meets = |change: &&Value| match which {
        Override::Identifier => identifier(change, "override_reason"),
        Override::SharedIdentifier => identifier(change, "shared_reason"),
    };
    i32::try_from(changes.iter().filter(meets).count()).map_err(Error::internal)
}

/// What was done to accounts that were of the secretariat before or after it, to the office and to partners' keys, behind a position.
pub fn privileged(
    conn: &mut Conn,
    (_, until): Stretch,
    after: i64,
    limit: i64,
) -> Result<Vec<ToldEntry>, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
        #[diesel(sql_type = BigInt)]
        recorded_at: i64,
        #[diesel(sql_type = Text)]
        actor: String,
        #[diesel(sql_type = Text)]
        action: String,
        #[diesel(sql_type = Text)]
        subject: String,
    }
    // What the account was up to an entry: as the newest one of it says that has a row of it.
    let office = |up_to: &str| {
        format!(
            "(SELECT f.body FROM journal p JOIN journal_facts f ON f.seq = p.seq \
              WHERE p.subject = journal.subject AND substr(p.subject, 1, 13) <> 'organisation:' AND p.seq {up_to} journal.seq \
                AND f.class = 'private' AND f.body LIKE '%\"table\":\"users\"%' \
              ORDER BY p.seq DESC LIMIT 1) LIKE '%\"role\":\"secretariat\"%'"
        )
    };
    let text = format!(
        "SELECT seq, recorded_at, actor, action, subject FROM journal \
         WHERE {ACCOUNTS} AND seq > {after} AND seq <= {until} \
         AND (substr(action, 1, 9) = 'handover.' OR substr(action, 1, 8) = 'api_key.' OR {} OR {}) \
         ORDER BY seq LIMIT {limit}",
        office("<="),
        office("<")
    );
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    Ok(rows
        .into_iter()
        .map(|r| ToldEntry {
            seq: r.seq,
            no: 1,
            recorded_at: r.recorded_at,
            actor: r.actor,
            action: r.action,
            subject: r.subject,
            organisation: None,
            other: None,
        })
        .collect())
}

/// How many positions of a stretch have no entry.
pub fn gaps(conn: &mut Conn, (after, until): Stretch) -> Result<i64, Error> {
    let found: i64 = journal::table
        .filter(journal::seq.gt(after))
        .filter(journal::seq.le(until))
        .count()
        .get_result(conn)?;
    Ok((until - after).max(0) - found)
}

/// The positions of a stretch that have no entry, behind one of them.
pub fn missing(
    conn: &mut Conn,
    (_, until): Stretch,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut at = after;
    while at < until && found.len() < limit {
        let part: Vec<i64> = journal::table
            .filter(journal::seq.gt(at))
            .filter(journal::seq.le(until))
            .order(journal::seq)
            .limit(20_000)
            .select(journal::seq)
            .load(conn)?;
        let end = part.last().copied().unwrap_or(until);
        let mut expected = at + 1;
        for seq in part {
            found.extend((expected..seq).take(limit));
            expected = seq + 1;
        }
        if end == until {
            found.extend((expected..=until).take(limit));
        }
        at = end;
    }
    found.truncate(limit);
    Ok(found)
}

/// The countries that organisations had at positions of the journal: for each number, the country from a position on.
pub fn countries(
    conn: &mut Conn,
    numbers: &[String],
    until: i64,
) -> Result<HashMap<String, Vec<(i64, String)>>, Error> {
    let rows: Vec<(i64, Option<String>)> = journal::table
        .inner_join(journal_facts::table)
        .filter(journal::organisation.eq_any(numbers))
        .filter(journal::seq.le(until))
        .filter(journal_facts::class.eq("public"))
        .filter(journal_facts::body.like("%\"table\":\"organisations\"%"))
        .order(journal::seq)
        .select((journal::seq, journal_facts::body))
        .load(conn)?;
    let mut found: HashMap<String, Vec<(i64, String)>> = HashMap::new();
    for (seq, body) in rows {
        let changes: Vec<Value> =
            serde_json::from_str(body.as_deref().unwrap_or("[]")).map_err(Error::internal)?;
        for change in &changes {
            let table = change.get("table").and_then(Value::as_str);
            let text = |pointer: &str| change.pointer(pointer).and_then(Value::as_str);
            if table == Some(<OrganisationRow as crate::journal::Recorded>::TABLE)
                && let (Some(number), Some(country)) = (text("/row/number"), text("/row/country"))
            {
                found
                    .entry(number.to_owned())
                    .or_default()
                    .push((seq, country.to_owned()));
            }
        }
    }
    Ok(found)
}

/// A run of a job or a reading of private data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: Id,
    /// When, µs.
    pub at: i64,
    /// Who, or which job.
    pub who: String,
    /// What.
    pub what: String,
    /// Of what.
    pub of: String,
}

/// How many runs of jobs failed, and how often private data was read, between two instants (µs, the second not in it).
pub fn machinery(conn: &mut Conn, (from, to): (i64, i64)) -> Result<(i64, i64), Error> {
    let failed = job_runs::table
        .filter(job_runs::outcome.eq("failed"))
        .filter(job_runs::started_at.ge(from))
        .filter(job_runs::started_at.lt(to))
        .count()
        .get_result(conn)?;
    let read = private_reads::table
        .filter(private_reads::read_at.ge(from))
        .filter(private_reads::read_at.lt(to))
        .count()
        .get_result(conn)?;
    Ok((failed, read))
}

/// Failed runs of jobs behind a place (start and id).
pub fn failed_runs(
    conn: &mut Conn,
    (from, to): (i64, i64),
    (at, id): (i64, i64),
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    let behind = job_runs::started_at
        .gt(at)
        .or(job_runs::started_at.eq(at).and(job_runs::id.gt(id)));
    let rows: Vec<(i64, i64, String)> = job_runs::table
        .filter(job_runs::outcome.eq("failed"))
        .filter(job_runs::started_at.ge(from))
        .filter(job_runs::started_at.lt(to))
        .filter(behind)
        .order((job_runs::started_at, job_runs::id))
        .limit(limit)
        .select((job_runs::id, job_runs::started_at, job_runs::name))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, at, name)| Kept {
            id: Id(id),
            at,
            who: format!("system:{name}"),
            what: "job failed".to_owned(),
            of: name,
        })
        .collect())
}

/// Readings of private data behind a place (instant and id).
pub fn readings(
    conn: &mut Conn,
    (from, to): (i64, i64),
    (at, id): (i64, i64),
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    let behind = private_reads::read_at
        .gt(at)
        .or(private_reads::read_at.eq(at).and(private_reads::id.gt(id)));
    let rows: Vec<(i64, i64, String, String, String)> = private_reads::table
        .filter(private_reads::read_at.ge(from))
        .filter(private_reads::read_at.lt(to))
        .filter(behind)
        .order((private_reads::read_at, private_reads::id))
        .limit(limit)
        .select((
            private_reads::id,
            private_reads::read_at,
            private_reads::actor,
            private_reads::what,
            private_reads::subject,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, at, who, what, of)| Kept {
            id: Id(id),
            at,
            who,
            what,
            of,
        })
        .collect())
}
