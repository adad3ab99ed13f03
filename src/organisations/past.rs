//! Organisations as they were on a day, as known at a position of the journal: replayed from its entries.
//!
//! A change holds from its `effective_on`, or from the day on which it was recorded; the registration counts for all days before.
//! Every field takes what was recorded last of the changes that hold on the day, so that today is what the record says now; items of
//! lists come and go in the same way. What moves the whole organisation is taken by its day. Where a
//! transfer, dissolution or merge was corrected, the correcting entry says from which day the first one holds instead, or that it
//! does not (`restates`), and is no change of its own. Who may
//! see the record is judged by now, and what is private by class stays so: of identifiers, relations and the e-mail address the
//! public sees only what still stands today.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::dto::{Organisation, PrivateFacts, Relation};
use super::merged::{self, LeadsTo};
use super::model::{RelationKind, split_codes};
use super::moves::Move;
use super::rows::{
    ContactRow, EvidenceRow, IdentifierRow, NameRow, OrganisationRow, ReferenceRow, RelationRow,
};
use super::{queries, view};
use crate::auth::Reach;
use crate::countries::Countries;
use crate::db::Conn;
use crate::db::schema::{journal, journal_facts, organisation_relations, organisations};
use crate::http::Error;
use crate::journal::queries::Wanted;
use crate::journal::{Class, JournalEntry, Moment, Recorded};

/// Entries that are read at once.
const AT_ONCE: i64 = 1_000;

/// Columns that say how often and when the record was changed: always those of the position.
const BOOKKEEPING: [&str; 4] = ["version", "updated_at", "updated_by", "next_item"];

/// Columns that say on which day a change of the whole organisation holds.
const DAYS: [&str; 2] = ["dissolved_on", "merged_on"];

/// Columns of changes of the whole organisation, whose days a correction may move behind others.
const OF_THE_WHOLE: [&str; 4] = ["country", "dissolved_on", "merged_into", "merged_on"];

/// From when a change of a row holds.
#[derive(Clone, Copy)]
enum Holds {
    /// From its day.
    From(NaiveDate),
    /// From the day that a later correction gave it.
    Restated(NaiveDate),
    /// Not at all: it was voided, or only says that another one is to be restated.
    Never,
}

/// A change of one row.
enum Delta {
    /// The row came, or went.
    Exists(bool),
    /// A column took a value.
    Is(String, Value),
}

/// What was recorded of one row.
#[derive(Default)]
struct History {
    /// The last image of each class.
    images: [Map<String, Value>; 3],
    exists: bool,
    deltas: Vec<(NaiveDate, i64, Delta)>,
}

impl History {
    fn take(&mut self, holds: Holds, seq: i64, class: Class, row: Option<Map<String, Value>>) {
        let (day, counts) = match holds {
            Holds::From(day) | Holds::Restated(day) => (day, true),
            Holds::Never => (NaiveDate::MIN, false),
        };
        let Some(row) = row else {
            self.exists = false;
            self.images = Default::default();
            self.deltas.push((day, seq, Delta::Exists(false)));
            return;
        };
        if !self.exists {
            self.exists = true;
            self.deltas.push((day, seq, Delta::Exists(true)));
        }
        let place = Class::ALL.iter().position(|c| *c == class).unwrap_or(0);
        let Some(image) = self.images.get_mut(place) else {
            return;
        };
        // A day that is told only while there is one goes again.
        let gone = image
            .keys()
            .filter(|column| counts && !row.contains_key(*column));
        for column in gone {
            self.deltas
                .push((day, seq, Delta::Is(column.clone(), Value::Null)));
        }
        for (column, value) in &row {
            if image.get(column) != Some(value) {
                let always = BOOKKEEPING.contains(&column.as_str());
                if !always && !counts {
                    continue;
                }
                let from = if always { NaiveDate::MIN } else { day };
                let value = match holds {
                    Holds::Restated(day) if DAYS.contains(&column.as_str()) => {
                        Value::from(day.to_string())
                    }
                    _ => value.clone(),
                };
                self.deltas
                    .push((from, seq, Delta::Is(column.clone(), value)));
            }
        }
        *image = row;
    }

    /// The row as it was last recorded, and by which entry.
    fn last(self) -> Option<Map<String, Value>> {
        let seq = self.deltas.last().map_or(0, |(_, seq, _)| *seq);
        let mut row: Map<String, Value> = self.images.into_iter().flatten().collect();
        row.insert("seq".to_owned(), Value::from(seq));
        self.exists.then_some(row)
    }

    /// The row on a day.
    fn on(mut self, day: NaiveDate) -> Option<Map<String, Value>> {
        self.deltas.retain(|(from, ..)| *from <= day);
        self.deltas.sort_by_key(|(from, seq, delta)| match delta {
            Delta::Is(column, _) if OF_THE_WHOLE.contains(&column.as_str()) => (*from, *seq),
            _ => (NaiveDate::MIN, *seq),
        });
        let mut row = Map::new();
        let mut exists = false;
        let mut last = 0;
        for (_, seq, delta) in self.deltas {
            last = seq.max(last);
            match delta {
                Delta::Exists(is) => exists = is,
                Delta::Is(column, value) => {
                    row.insert(column, value);
                }
            }
        }
        row.insert("seq".to_owned(), Value::from(last));
        exists.then_some(row)
    }
}

/// Everything that was recorded of an organisation, by table and key.
type Histories = BTreeMap<String, BTreeMap<String, History>>;

fn histories(conn: &mut Conn, row: &OrganisationRow, seq: i64) -> Result<Histories, Error> {
    let (entries, restated) = entries(conn, &row.number, seq)?;
    Ok(of_entries(row.id, &restated, entries))
}

/// The entries about an organisation up to a position, and what of them is restated.
fn entries(
    conn: &mut Conn,
    number: &str,
    seq: i64,
) -> Result<(Vec<JournalEntry>, Restatements), Error> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let wanted = Wanted {
            after,
            before: seq.checked_add(1),
            organisation: Some(number.to_owned()),
            ..Wanted::default()
        };
        let entries = crate::journal::queries::page(conn, &wanted, AT_ONCE, &Class::ALL)?;
        let Some(last) = entries.last() else {
            break;
        };
        after = Some(last.seq);
        found.extend(entries);
    }
    // Of several corrections of one entry the last recorded counts.
    let restated: Restatements = found.iter().filter_map(restates).collect();
    Ok((found, restated))
}

fn of_entries(registered: i64, restated: &Restatements, entries: Vec<JournalEntry>) -> Histories {
    let mut histories = Histories::new();
    for entry in entries {
        take(&mut histories, registered, restated, entry);
    }
    histories
}

/// From which day entries hold instead of their own, by position; none where they do not hold.
type Restatements = BTreeMap<i64, Option<NaiveDate>>;

/// What an entry says of an earlier one.
fn restates(entry: &JournalEntry) -> Option<(i64, Option<NaiveDate>)> {
    let value = note(entry, RESTATES)?;
    let day = value.get("effective_on").and_then(Value::as_str);
    Some((
        value.get("entry")?.as_i64()?,
        day.and_then(crate::http::day::parse),
    ))
}

fn take(found: &mut Histories, registered: i64, restated: &Restatements, entry: JournalEntry) {
    let own = if entry.seq == registered {
        NaiveDate::MIN
    } else {
        effective_on(&entry).unwrap_or_else(|| entry.recorded_at.day())
    };
    let of_organisation = match restated.get(&entry.seq) {
        _ if restates(&entry).is_some() => Holds::Never,
        Some(Some(day)) => Holds::Restated(*day),
        Some(None) => Holds::Never,
        None => Holds::From(own),
    };
    for facts in entry.facts {
        let class = Class::ALL.into_iter().find(|c| c.as_str() == facts.class);
        let (Some(class), Some(Value::Array(changes))) = (class, facts.changes) else {
            continue;
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
            let row = match change.remove("row") {
                Some(Value::Object(row)) => Some(row),
                _ => None,
            };
            let holds = if table == OrganisationRow::TABLE {
                of_organisation
            } else {
                Holds::From(own)
            };
            let history = found.entry(table).or_default().entry(key).or_default();
            history.take(holds, entry.seq, class, row);
        }
    }
}

/// What an entry notes under a name.
fn note<'a>(entry: &'a JournalEntry, name: &str) -> Option<&'a Value> {
    let changes = entry.facts.iter().filter_map(|f| f.changes.as_ref());
    changes
        .filter_map(Value::as_array)
        .flatten()
        .find(|change| change.get("note").and_then(Value::as_str) == Some(name))
        .and_then(|change| change.get("value"))
}

/// The day from which a change holds, where the entry notes one.
fn effective_on(entry: &JournalEntry) -> Option<NaiveDate> {
    note(entry, "effective_on")?
        .as_str()
        .and_then(crate::http::day::parse)
}

/// From which country an organisation is, and its transfers: in the order of recording. Of the restatements of one entry, `instead`
/// counts before all that are recorded.
pub(super) fn moves(
    conn: &mut Conn,
    now: &OrganisationRow,
    instead: Option<(i64, Option<NaiveDate>)>,
) -> Result<Vec<Move>, Error> {
    let moved: Option<i64> = journal::table
        .filter(journal::organisation.eq(&now.number))
        .filter(journal::action.eq(TRANSFERRED))
        .select(journal::seq)
        .first(conn)
        .optional()?;
    if moved.is_none() {
        return Ok(vec![Move {
            day: NaiveDate::MIN,
            seq: now.id,
            country: now.country.clone(),
        }]);
    }
    let (entries, mut restated) = entries(conn, &now.number, i64::MAX - 1)?;
    restated.extend(instead);
    let mut histories = of_entries(now.id, &restated, entries);
    let table = histories.remove(OrganisationRow::TABLE).unwrap_or_default();
    let deltas = table.into_values().flat_map(|history| history.deltas);
    let moved = |(day, seq, delta)| match delta {
        Delta::Is(column, Value::String(country)) if column == "country" => {
            Some(Move { day, seq, country })
        }
        _ => None,
    };
    Ok(deltas.filter_map(moved).collect())
}

/// What an entry says that moves an organisation to another country.
pub const TRANSFERRED: &str = "organisation.transferred";

/// What an entry says that records the end of an organisation.
pub const DISSOLVED: &str = "organisation.dissolved";

/// The note of an entry that corrects the day of an earlier one: its position as `entry`, and as `effective_on` the day from which
/// it holds, null where it does not hold.
pub const RESTATES: &str = "restates";

/// The rows of one table that stood on a day.
fn rows<R: Recorded + DeserializeOwned>(
    histories: &mut Histories,
    day: NaiveDate,
) -> Result<Vec<R>, Error> {
    let table = histories.remove(R::TABLE).unwrap_or_default();
    table
        .into_values()
        .filter_map(|history| history.on(day))
        .map(|row| serde_json::from_value(Value::Object(row)).map_err(Error::internal))
        .collect()
}

/// The contact persons of a day, without those whose data was erased: of them the journal knows only that they were there.
fn contacts(histories: &mut Histories, day: NaiveDate) -> Result<Vec<ContactRow>, Error> {
    let table = histories.remove(ContactRow::TABLE).unwrap_or_default();
    table
        .into_values()
        .filter_map(|history| history.on(day))
        .filter(|row| row.contains_key("name"))
        .map(|row| serde_json::from_value(Value::Object(row)).map_err(Error::internal))
        .collect()
}

/// One organisation at a moment, as this reach may see it today; or where its number led, if it was merged then.
///
/// # Errors
///
/// Not found where it may not be known of today, or was not registered yet at the position.
pub fn organisation(
    conn: &mut Conn,
    countries: &Countries,
    now: &OrganisationRow,
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
) -> Result<Result<Organisation, LeadsTo>, Error> {
    let seq = at.known.unwrap_or(i64::MAX - 1);
    let mut histories = histories(conn, now, seq)?;
    let row: Option<OrganisationRow> = rows(&mut histories, at.day)?.pop();
    let row = row.ok_or_else(|| Error::not_found("organisation"))?;
    if let Some(into) = row.merged_into {
        return Ok(Err(merged::led_to(conn, into, reach, today)?));
    }
    let officer = reach.covers(&now.country);
    let mut names: Vec<NameRow> = rows(&mut histories, at.day)?;
    names.sort_by_key(|n| n.item);
    let mut identifiers: Vec<IdentifierRow> = rows(&mut histories, at.day)?;
    identifiers.sort_by_key(|i| i.item);
    if !officer {
        let standing: BTreeSet<i32> = queries::identifiers(conn, now.id)?
            .into_iter()
            .map(|i| i.item)
            .collect();
        identifiers
            .retain(|i| standing.contains(&i.item) && view::is_public_scheme(countries, &i.scheme));
    }
    let own: Vec<RelationRow> = rows(&mut histories, at.day)?;
    let relations = relations(conn, now.id, own, officer, reach, (today, seq))?;
    let memberships = queries::memberships_of(conn, &[now.id], at)?
        .remove(&now.id)
        .unwrap_or_default();
    let email = row.email.clone().filter(|_| row.email_public);
    let email = email.filter(|e| officer || (now.email_public && now.email.as_ref() == Some(e)));
    let private = if officer {
        let contacts = reach.covers_contacts(&now.country);
        Some(private_facts(&mut histories, &row, now, contacts, at.day)?)
    } else {
        None
    };
    let mut predecessors = merged::predecessors(conn, countries, now, reach, today)?;
    predecessors.retain(|old| old.seq <= seq && old.merged_on.is_none_or(|day| day <= at.day));
    Ok(Ok(Organisation {
        names: names.into_iter().map(view::name).collect(),
        identifiers: identifiers
            .into_iter()
            .map(|i| view::identifier(i, officer))
            .collect(),
        predecessors,
        relations,
        memberships,
        themes: split_codes(&row.themes),
        sdgs: view::sdgs(&row.sdgs),
        descriptions: view::descriptions(&row)?,
        email,
        number: row.number,
        country: row.country,
        name: row.name,
        legal_form: row.legal_form,
        city: row.city,
        region: row.region,
        website: row.website,
        founded_year: row.founded_year,
        private,
    }))
}

/// Its own relations of the moment, and those that others state today and stated at the position already; only to
/// organisations that may be known of.
fn relations(
    conn: &mut Conn,
    id: i64,
    mut own: Vec<RelationRow>,
    officer: bool,
    reach: &Reach,
    (today, seq): (NaiveDate, i64),
) -> Result<Vec<Relation>, Error> {
    if !officer {
        let standing: BTreeSet<i32> = queries::own_relations(conn, id)?
            .into_iter()
            .map(|r| r.item)
            .collect();
        own.retain(|r| standing.contains(&r.item));
    }
    let of_others: Vec<RelationRow> = organisation_relations::table
        .filter(organisation_relations::other_id.eq(id))
        .filter(organisation_relations::seq.le(seq))
        .load(conn)?;
    let mut all: Vec<(i64, RelationRow)> = own.into_iter().map(|r| (r.other_id, r)).collect();
    all.extend(of_others.into_iter().map(|r| (r.organisation_id, r)));
    all.sort_by_key(|(_, r)| (r.organisation_id, r.item));
    let ids: Vec<i64> = all.iter().map(|(other, _)| *other).collect();
    let others: Vec<OrganisationRow> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .load(conn)?;
    let changed = others.iter().filter(|o| o.seq > seq);
    let changed: Vec<String> = changed.map(|o| o.number.clone()).collect();
    let names = legal_names(conn, &changed, seq)?;
    let mut known: HashMap<i64, OrganisationRow> = HashMap::new();
    for other in others {
        if merged::may_know(conn, &other, reach, today)? {
            known.insert(other.id, other);
        }
    }
    all.into_iter()
        .filter_map(|(other, relation)| known.get(&other).map(|other| (relation, other)))
        .map(|(relation, other)| {
            let own = relation.organisation_id == id;
            let stated: RelationKind = relation.kind.parse().map_err(Error::internal)?;
            let kind = if own { stated } else { stated.inverse() };
            let name = names.get(&other.number).unwrap_or(&other.name);
            Ok(Relation {
                id: own.then_some(relation.item),
                kind: kind.as_str().to_owned(),
                organisation: other.number.clone(),
                name: name.clone(),
            })
        })
        .collect()
}

/// What officers see of the moment; whether the record is public or withheld is told as it is today.
fn private_facts(
    histories: &mut Histories,
    row: &OrganisationRow,
    now: &OrganisationRow,
    with_contacts: bool,
    day: NaiveDate,
) -> Result<PrivateFacts, Error> {
    let mut contacts: Vec<ContactRow> = if with_contacts {
        contacts(histories, day)?
    } else {
        Vec::new()
    };
    contacts.sort_by_key(|c| c.item);
    let mut evidence: Vec<EvidenceRow> = rows(histories, day)?;
    evidence.sort_by_key(|e| e.item);
    let references: Vec<ReferenceRow> = rows(histories, day)?;
    Ok(view::private_part(
        row.clone(),
        now,
        contacts,
        evidence,
        references,
    ))
}

/// The rows of an organisation that say how complete its record is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordRows {
    /// The organisation; none where it was not registered yet.
    pub organisation: Option<OrganisationRow>,
    /// Its names.
    pub names: Vec<NameRow>,
    /// Its identifiers.
    pub identifiers: Vec<IdentifierRow>,
    /// Its evidence.
    pub evidence: Vec<EvidenceRow>,
}

/// The rows of an organisation as they were at a position of the journal, whatever days their changes hold from.
pub fn rows_at(conn: &mut Conn, now: &OrganisationRow, seq: i64) -> Result<RecordRows, Error> {
    fn last<R: Recorded + DeserializeOwned>(histories: &mut Histories) -> Result<Vec<R>, Error> {
        let table = histories.remove(R::TABLE).unwrap_or_default();
        table
            .into_values()
            .filter_map(History::last)
            .map(|row| serde_json::from_value(Value::Object(row)).map_err(Error::internal))
            .collect()
    }
    let mut histories = histories(conn, now, seq)?;
    Ok(RecordRows {
        organisation: last(&mut histories)?.pop(),
        names: last(&mut histories)?,
        identifiers: last(&mut histories)?,
        evidence: last(&mut histories)?,
    })
}

/// The legal names that these organisations had, as known at a position of the journal.
pub fn legal_names(
    conn: &mut Conn,
    numbers: &[String],
    seq: i64,
) -> Result<HashMap<String, String>, Error> {
    let mut found = HashMap::new();
    if numbers.is_empty() {
        return Ok(found);
    }
    let bodies: Vec<Option<String>> = journal::table
        .inner_join(journal_facts::table)
        .filter(journal::organisation.eq_any(numbers))
        .filter(journal::seq.le(seq))
        .filter(journal_facts::class.eq(Class::Public.as_str()))
        .filter(journal_facts::body.like("%\"table\":\"organisations\"%"))
        .order(journal::seq)
        .select(journal_facts::body)
        .load(conn)?;
    for body in bodies.into_iter().flatten() {
        let changes: Vec<Value> = serde_json::from_str(&body).map_err(Error::internal)?;
        let of_organisations = changes
            .iter()
            .filter(|c| c.get("table").and_then(Value::as_str) == Some(OrganisationRow::TABLE));
        for row in of_organisations.filter_map(|change| change.get("row")) {
            let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
            if let (Some(number), Some(name)) = (text("number"), text("name")) {
                found.insert(number, name);
            }
        }
    }
    Ok(found)
}
