//! What the index is made of, read from the tables: the names of organisations with what decides who may find them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::index::{Document, Kind};
use super::signs;
use crate::db::schema::{journal_head, organisation_names, organisations};
use crate::db::{Conn, MultiBackend};
use crate::http::Error;

#[derive(Queryable, Selectable)]
#[diesel(table_name = organisations)]
struct Row {
    id: i64,
    country: String,
    city: Option<String>,
    website: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    descriptions: String,
    public_from: Option<NaiveDate>,
    withheld: bool,
    merged_into: Option<i64>,
}

/// What became of an organisation.
pub(super) enum Found {
    /// It is to be found like this.
    Document(Document),
    /// It was merged into another, which is found by its names.
    Merged { id: i64, into: i64 },
}

type Names = HashMap<i64, Vec<(i32, Kind, String)>>;

/// The journal's last position.
pub(super) fn head(conn: &mut Conn) -> Result<i64, Error> {
    Ok(journal_head::table.select(journal_head::seq).first(conn)?)
}

/// How many organisations there are.
pub(super) fn count(conn: &mut Conn) -> Result<i64, Error> {
    Ok(organisations::table.count().get_result(conn)?)
}

/// The organisations with these numbers.
pub(super) fn by_numbers(conn: &mut Conn, numbers: &[String]) -> Result<Vec<Found>, Error> {
    let rows: Vec<Row> = organisations::table
        .filter(organisations::number.eq_any(numbers))
        .select(Row::as_select())
        .load(conn)?;
    documents(conn, rows)
}

/// The organisations with these ids.
pub(super) fn by_ids(conn: &mut Conn, ids: &[i64]) -> Result<Vec<Found>, Error> {
    let rows: Vec<Row> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)?;
    documents(conn, rows)
}

/// The next organisations behind an id, in order of ids; the last id, or none at the end.
pub(super) fn behind(
    conn: &mut Conn,
    id: i64,
    limit: i64,
) -> Result<(Vec<Found>, Option<i64>), Error> {
    let rows: Vec<Row> = organisations::table
        .filter(organisations::id.gt(id))
        .order(organisations::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    let last = rows.last().map(|row| row.id);
    Ok((documents(conn, rows)?, last))
}

fn documents(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Found>, Error> {
    let (Some(first), Some(last)) = (
        rows.iter().map(|row| row.id).min(),
        rows.iter().map(|row| row.id).max(),
    ) else {
        return Ok(Vec::new());
    };
    // Ids that follow each other are read as a range: a list of thousands costs more to plan than to read.
    let dense =
        i64::try_from(rows.len()).is_ok_and(|count| last - first < count.saturating_mul(20));
    let names = organisation_names::table.into_boxed::<MultiBackend>();
    let names = if dense {
        names.filter(organisation_names::organisation_id.between(first, last))
    } else {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        names.filter(organisation_names::organisation_id.eq_any(ids))
    };
    let mut names = grouped(
        names
            .order((
                organisation_names::organisation_id,
                organisation_names::item,
            ))
            .select((
                organisation_names::organisation_id,
                organisation_names::item,
                organisation_names::kind,
                organisation_names::text,
            ))
            .load(conn)?,
    );
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut gained = gained(conn, (first, last), dense.then_some(()), &ids)?;
    rows.into_iter()
        .map(|row| {
            if let Some(into) = row.merged_into {
                return Ok(Found::Merged { id: row.id, into });
            }
            let mut names = names.remove(&row.id).unwrap_or_default();
            names.extend(gained.names.remove(&row.id).unwrap_or_default());
            let mut elsewhere = gained.countries.remove(&row.id).unwrap_or_default();
            elsewhere.retain(|(_, country)| *country != row.country);
            let mut signs = signs::of(
                row.website.as_deref(),
                row.email.as_deref(),
                row.phone.as_deref(),
            );
            signs.extend(gained.signs.remove(&row.id).unwrap_or_default());
            signs.sort_unstable();
            signs.dedup();
            Ok(Found::Document(Document {
                id: row.id,
                country: row.country,
                public_from: row.public_from,
                withheld: row.withheld,
                names,
                elsewhere,
                city: row.city,
                descriptions: descriptions(&row.descriptions)?,
                signs,
            }))
        })
        .collect()
}

fn grouped(rows: Vec<(i64, i32, String, String)>) -> Names {
    let mut names = Names::new();
    for (id, item, kind, text) in rows {
        let kind = Kind::of(&kind);
        names.entry(id).or_default().push((item, kind, text));
    }
    names
}

/// An organisation that leads to another one: its id, the other's, whether its names are public, its website and its country.
type Leads = (i64, Option<i64>, bool, Option<String>, String);

/// What organisations gained by merges, by their ids.
#[derive(Default)]
struct Gained {
    names: Names,
    /// The countries of these names, by their items.
    countries: HashMap<i64, Vec<(i32, String)>>,
    signs: HashMap<i64, Vec<String>>,
}

/// What organisations gained by merges, also by way of others: names, as former names of theirs, and the hosts of websites. An item
/// of another organisation has no number here: they are counted down from -1, in the order of organisations and items. What was
/// never public, or is withheld, gives names that officers alone find.
fn gained(
    conn: &mut Conn,
    (first, last): (i64, i64),
    dense: Option<()>,
    ids: &[i64],
) -> Result<Gained, Error> {
    let merged = organisations::table
        .filter(organisations::merged_into.is_not_null())
        .into_boxed::<MultiBackend>();
    let merged = match dense {
        Some(()) => merged.filter(organisations::merged_into.between(first, last)),
        None => merged.filter(organisations::merged_into.eq_any(ids)),
    };
    let columns = (
        organisations::id,
        organisations::merged_into,
        organisations::public_from
            .is_not_null()
            .and(organisations::withheld.eq(false)),
        organisations::website,
        organisations::country,
    );
    let mut level: Vec<Leads> = merged.select(columns).load(conn)?;
    // Which organisations each one leads to, and whose names are told to everybody.
    let mut leads: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut told: BTreeMap<i64, (bool, String)> = BTreeMap::new();
    let mut websites: BTreeMap<i64, String> = BTreeMap::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for (id, into, is_public, website, country) in level {
            let into = into.unwrap_or_default();
            let mut ends = leads.get(&into).cloned().unwrap_or_default();
            ends.insert(into);
            let known = leads.entry(id).or_default();
            let before = known.len();
            known.extend(ends);
            if known.len() > before {
                next.push(id);
            }
            told.insert(id, (is_public, country));
            websites.extend(website.map(|website| (id, website)));
        }
        level = organisations::table
            .filter(organisations::merged_into.eq_any(next))
            .select(columns)
            .load(conn)?;
    }
    let mut found = Gained::default();
    if told.is_empty() {
        return Ok(found);
    }
    for (id, website) in websites {
        for end in leads.get(&id).into_iter().flatten() {
            let own = signs::of(Some(&website), None, None);
            found.signs.entry(*end).or_default().extend(own);
        }
    }
    let from: Vec<i64> = told.keys().copied().collect();
    let rows: Vec<(i64, String, String)> = organisation_names::table
        .filter(organisation_names::organisation_id.eq_any(from))
        .order((
            organisation_names::organisation_id,
            organisation_names::item,
        ))
        .select((
            organisation_names::organisation_id,
            organisation_names::kind,
            organisation_names::text,
        ))
        .load(conn)?;
    for (id, kind, text) in rows {
        let Some((is_public, country)) = told.get(&id) else {
            continue;
        };
        let kind = match Kind::of(&kind) {
            _ if !is_public => Kind::Inner,
            Kind::Acronym => Kind::Acronym,
            _ => Kind::Former,
        };
        for end in leads.get(&id).into_iter().flatten() {
            let list = found.names.entry(*end).or_default();
            let item = i32::try_from(list.len()).map_err(Error::internal)?;
            list.push((-1 - item, kind, text.clone()));
            let countries = found.countries.entry(*end).or_default();
            countries.push((-1 - item, country.clone()));
        }
    }
    Ok(found)
}

#[derive(serde::Deserialize)]
struct Description {
    text: String,
}

fn descriptions(json: &str) -> Result<Vec<String>, Error> {
    if json.is_empty() || json == "[]" {
        return Ok(Vec::new());
    }
    let all: Vec<Description> = serde_json::from_str(json).map_err(Error::internal)?;
    Ok(all.into_iter().map(|one| one.text).collect())
}
