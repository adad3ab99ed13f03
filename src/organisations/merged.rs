//! Merged organisations: where an old number leads, and what an organisation has taken over.
//!
//! A merge is one column of the organisation that ended, `merged_into`. Names and identifiers stay with it and are found through
//! that column, so that a merge which is undone leaves nothing behind. Merges may follow each other (A into B, B into C): A then
//! leads to C, and each can be undone without the other.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::dto::{Identifier, Name, Predecessor};
use super::number::RegistryNumber;
use super::rows::{IdentifierRow, NameRow, OrganisationRow};
use super::{queries, view};
use crate::auth::Reach;
use crate::countries::Countries;
use crate::db::Conn;
use crate::db::schema::{
    membership_intervals, organisation_identifiers, organisation_names, organisations,
};
use crate::http::{Error, tags};
use crate::journal::moment::STILL;

/// How many organisations of the same identifier are looked at.
const MOST_ALIKE: i64 = 200;

/// The organisation that answers for this one: itself, or where its merges lead.
pub fn end_of(conn: &mut Conn, row: OrganisationRow) -> Result<OrganisationRow, Error> {
    let mut row = row;
    let mut passed = BTreeSet::new();
    while let Some(into) = row.merged_into {
        if !passed.insert(row.id) {
            return Err(Error::internal("merges that lead in a circle"));
        }
        row = queries::by_id(conn, into)?;
    }
    Ok(row)
}

/// The same for many, a step of all at a time: by the internal id of each, the organisation that answers for it. Those that stand
/// by themselves are left out.
pub fn ends_of(
    conn: &mut Conn,
    rows: &[OrganisationRow],
) -> Result<HashMap<i64, OrganisationRow>, Error> {
    let mut found = HashMap::new();
    let mut under_way: BTreeSet<(i64, i64)> = rows
        .iter()
        .filter_map(|row| Some((row.id, row.merged_into?)))
        .collect();
    let mut passed = BTreeSet::new();
    while !under_way.is_empty() {
        if under_way.iter().any(|step| !passed.insert(*step)) {
            return Err(Error::internal("merges that lead in a circle"));
        }
        let at: BTreeSet<i64> = under_way.iter().map(|(_, at)| *at).collect();
        let at: Vec<i64> = at.into_iter().collect();
        let there: HashMap<i64, OrganisationRow> = queries::by_ids(conn, &at)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let mut next = BTreeSet::new();
        for (from, at) in under_way {
            let row = there
                .get(&at)
                .ok_or_else(|| Error::internal("a merge into nothing"))?;
            match row.merged_into {
                Some(into) => {
                    next.insert((from, into));
                }
                None => {
                    found.insert(from, row.clone());
                }
            }
        }
        under_way = next;
    }
    Ok(found)
}

/// True when this reach may know of the organisation today, and, while it is merged, of the one that answers for it: whoever is
/// withheld is so with everything that was merged into it.
pub fn may_know(
    conn: &mut Conn,
    row: &OrganisationRow,
    reach: &Reach,
    today: NaiveDate,
) -> Result<bool, Error> {
    if !queries::may_know(row, reach, today) {
        return Ok(false);
    }
    if row.merged_into.is_none() {
        return Ok(true);
    }
    let end = end_of(conn, row.clone())?;
    Ok(queries::may_know(&end, reach, today))
}

/// Where an old number leads while a merge stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadsTo {
    /// The registry number that answers for it.
    pub successor: String,
    /// The old record's version, for those who reach its country.
    pub version: Option<i32>,
    /// True for what anybody may be told.
    pub is_public: bool,
}

/// What a number stands for.
pub enum Stands {
    /// For an organisation.
    Itself(Box<OrganisationRow>),
    /// For one that was merged into another.
    LeadsTo(LeadsTo),
}

/// What this number stands for, if this reach may know of it.
pub fn by_number(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &RegistryNumber,
) -> Result<Stands, Error> {
    let row = queries::by_number(conn, reach, today, number)?;
    if row.merged_into.is_none() {
        return Ok(Stands::Itself(Box::new(row)));
    }
    Ok(Stands::LeadsTo(leads_to(conn, &row, reach, today)?))
}

/// Where a merged organisation leads, if this reach may know of that.
pub fn leads_to(
    conn: &mut Conn,
    row: &OrganisationRow,
    reach: &Reach,
    today: NaiveDate,
) -> Result<LeadsTo, Error> {
    let end = end_of(conn, row.clone())?;
    if !queries::may_know(&end, reach, today) {
        return Err(Error::not_found("organisation"));
    }
    Ok(LeadsTo {
        successor: end.number,
        version: reach.covers(&row.country).then_some(row.version),
        is_public: reach.is_public(),
    })
}

/// Where a number led at another moment: to what it was merged into then, as that one is known at the same moment.
pub fn led_to(
    conn: &mut Conn,
    into: i64,
    reach: &Reach,
    today: NaiveDate,
) -> Result<LeadsTo, Error> {
    let successor = queries::by_id(conn, into)?;
    if !may_know(conn, &successor, reach, today)? {
        return Err(Error::not_found("organisation"));
    }
    Ok(LeadsTo {
        successor: successor.number,
        version: None,
        is_public: reach.is_public(),
    })
}

/// The record that has this number, also a merged one, if this reach may know of it.
pub fn record(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &RegistryNumber,
) -> Result<OrganisationRow, Error> {
    let row = queries::by_number(conn, reach, today, number)?;
    if may_know(conn, &row, reach, today)? {
        Ok(row)
    } else {
        Err(Error::not_found("organisation"))
    }
}

/// All organisations that lead to these, each with the internal id of the one that answers for it, in the order of registration.
pub(super) fn leading_to(
    conn: &mut Conn,
    ids: &[i64],
) -> Result<Vec<(i64, OrganisationRow)>, Error> {
    let mut found: BTreeMap<i64, (i64, OrganisationRow)> = BTreeMap::new();
    let mut level: Vec<i64> = ids.to_vec();
    while !level.is_empty() {
        let rows: Vec<OrganisationRow> = organisations::table
            .filter(organisations::merged_into.eq_any(level))
            .load(conn)?;
        level = Vec::new();
        for row in rows {
            let into = row.merged_into.unwrap_or_default();
            let end = found.get(&into).map_or(into, |(end, _)| *end);
            if let Entry::Vacant(place) = found.entry(row.id) {
                level.push(row.id);
                place.insert((end, row));
            }
        }
    }
    Ok(found.into_values().collect())
}

/// A name that an organisation gained by a merge.
#[derive(Clone, Debug)]
pub struct GainedName {
    /// The name.
    pub row: NameRow,
    /// False for what officers of the country of the one that goes on may know alone.
    pub is_public: bool,
}

/// The names that these organisations gained by merges, in the order in which search numbers them.
pub fn gained_names(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<GainedName>>, Error> {
    let told: HashMap<i64, (i64, bool)> = leading_to(conn, ids)?
        .into_iter()
        .map(|(end, row)| (row.id, (end, row.public_from.is_some() && !row.withheld)))
        .collect();
    let mut gained: HashMap<i64, Vec<GainedName>> = HashMap::new();
    if told.is_empty() {
        return Ok(gained);
    }
    let from: Vec<i64> = told.keys().copied().collect();
    let names: Vec<NameRow> = organisation_names::table
        .filter(organisation_names::organisation_id.eq_any(from))
        .order((
            organisation_names::organisation_id,
            organisation_names::item,
        ))
        .load(conn)?;
    for name in names {
        if let Some(&(end, is_public)) = told.get(&name.organisation_id) {
            let name = GainedName {
                row: name,
                is_public,
            };
            gained.entry(end).or_default().push(name);
        }
    }
    Ok(gained)
}

/// What an organisation has taken over, as this reach may see it. Officers of its own country see all of it: they were asked.
pub fn predecessors(
    conn: &mut Conn,
    countries: &Countries,
    row: &OrganisationRow,
    reach: &Reach,
    today: NaiveDate,
) -> Result<Vec<Predecessor>, Error> {
    let officer = reach.covers(&row.country);
    let led: Vec<OrganisationRow> = leading_to(conn, &[row.id])?
        .into_iter()
        .map(|(_, old)| old)
        .filter(|old| officer || queries::may_know(old, reach, today))
        .collect();
    let ids: Vec<i64> = led.iter().map(|old| old.id).collect();
    let mut names = queries::names_of(conn, &ids)?;
    let mut identifiers = identifiers_of(conn, &ids)?;
    let days = merged_on(conn, &ids)?;
    Ok(led
        .into_iter()
        .map(|old| {
            let own = reach.covers(&old.country);
            let names = names.remove(&old.id).unwrap_or_default();
            let identifiers = identifiers.remove(&old.id).unwrap_or_default();
            let identifiers = identifiers
                .into_iter()
                .filter(|i| officer || own || view::is_public_scheme(countries, &i.scheme));
            Predecessor {
                names: names.into_iter().map(view::name).collect::<Vec<Name>>(),
                identifiers: identifiers
                    .map(|i| view::identifier(i, officer || own))
                    .collect::<Vec<Identifier>>(),
                merged_on: old.merged_on.or_else(|| days.get(&old.id).copied()),
                tag: own.then(|| tags::of_version(old.version, &old.number)),
                seq: old.seq,
                number: old.number,
                name: old.name,
                country: old.country,
            }
        })
        .collect())
}

fn identifiers_of(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<IdentifierRow>>, Error> {
    let rows: Vec<IdentifierRow> = organisation_identifiers::table
        .filter(organisation_identifiers::organisation_id.eq_any(ids))
        .order((
            organisation_identifiers::organisation_id,
            organisation_identifiers::item,
        ))
        .load(conn)?;
    let mut found: HashMap<i64, Vec<IdentifierRow>> = HashMap::new();
    for row in rows {
        found.entry(row.organisation_id).or_default().push(row);
    }
    Ok(found)
}

/// The days on which the memberships of these organisations ended by a merge, corrections counted; none where there were no
/// memberships.
pub fn merged_on(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, NaiveDate>, Error> {
    let days: Vec<(i64, NaiveDate)> = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq_any(ids))
        .filter(membership_intervals::known_to.eq(STILL))
        .filter(membership_intervals::state.eq("merged"))
        .order((
            membership_intervals::organisation_id,
            membership_intervals::from_day.desc(),
        ))
        .select((
            membership_intervals::organisation_id,
            membership_intervals::from_day,
        ))
        .load(conn)?;
    // The earliest comes last and stays.
    Ok(days.into_iter().collect())
}

/// Organisations that answer for this identifier, the earliest first: those that have it, and those that took it over by a merge.
/// Of these the row says whether another one may have it, as it will again when the merge is undone.
pub fn with_identifier(
    conn: &mut Conn,
    scheme: &str,
    canonical: &str,
) -> Result<Vec<(IdentifierRow, OrganisationRow)>, Error> {
    let held: Vec<(IdentifierRow, OrganisationRow)> = organisation_identifiers::table
        .inner_join(organisations::table)
        .filter(organisation_identifiers::scheme.eq(scheme))
        .filter(organisation_identifiers::canonical.eq(canonical))
        .limit(MOST_ALIKE)
        .load(conn)?;
    let mut found = Vec::with_capacity(held.len());
    for (mut identifier, holder) in held {
        if holder.merged_into.is_some() {
            identifier.exclusive = identifier.shared_reason.is_none();
        }
        found.push((identifier, end_of(conn, holder)?));
    }
    found.sort_by_key(|(identifier, row)| (row.id, identifier.organisation_id));
    Ok(found)
}

/// The internal ids of organisations that this identifier finds, for whoever has this reach: their own, and those that they took
/// over. A number that is not public must not be guessed by asking for it.
pub fn found_by_identifier(
    conn: &mut Conn,
    (scheme, canonical, is_public): &(String, String, bool),
    reach: &Reach,
    today: NaiveDate,
) -> Result<Vec<i64>, Error> {
    let held: Vec<OrganisationRow> = organisation_identifiers::table
        .inner_join(organisations::table)
        .filter(organisation_identifiers::scheme.eq(scheme))
        .filter(organisation_identifiers::canonical.eq(canonical))
        .limit(MOST_ALIKE)
        .select(organisations::all_columns)
        .load(conn)?;
    let mut found = Vec::new();
    for holder in held {
        found.extend(told(conn, holder, *is_public, reach, today)?.map(|end| end.id));
    }
    Ok(found)
}

/// The organisation that answers for the holder of a number, if this reach may be told so.
pub fn told(
    conn: &mut Conn,
    holder: OrganisationRow,
    is_public: bool,
    reach: &Reach,
    today: NaiveDate,
) -> Result<Option<OrganisationRow>, Error> {
    let known = queries::may_know(&holder, reach, today);
    let own = reach.covers(&holder.country);
    let end = end_of(conn, holder)?;
    let officer = reach.covers(&end.country);
    let may = (known || officer) && (is_public || own || officer);
    Ok(Some(end).filter(|end| may && queries::may_know(end, reach, today)))
}
