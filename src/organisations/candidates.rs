//! Which registered organisations a new one may be: found by the index and by equal keys, each compared in full.
//!
//! What the caller may not know of is never looked at, so that no answer, score or time tells of it. The index is asked before
//! the journal's head is taken; what came in between is compared one by one behind it, so that of two equal registrations at once
//! the second is told of the first.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::alike::{self, Facts, FoldedFacts, Likeness, Ready};
use super::dto::Candidate;
use super::found::sight;
use super::rows::OrganisationRow;
use super::{merged, queries, register, view};
use crate::auth::{Acting, Reach};
use crate::countries::Countries;
use crate::db::Conn;
use crate::http::{Code, Error};
use crate::search::borders::Abroad;
use crate::search::index::Index;
use crate::search::{Search, fold};

/// Candidates that are told at most.
const MOST: usize = 50;
/// Organisations that changed meanwhile and are compared one by one; more are left to equal keys and the list of pairs.
const MEANWHILE: i64 = 100;

/// What is needed to look for duplicates.
#[derive(Clone, Copy)]
pub struct Lookout<'a> {
    /// Reference data.
    pub countries: &'a Countries,
    /// The index; none where names that read the same are enough (filling an empty database).
    pub search: Option<&'a Search>,
}

/// The candidates for a new organisation, the likeliest first, and the position up to which the index knew of changes.
pub fn find(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    own: &FoldedFacts,
) -> Result<(Vec<Candidate>, Option<i64>), Error> {
    let sight = sight(acting.reach(), acting.now().day());
    let (near, position) = match lookout.search {
        None => (Vec::new(), None),
        Some(search) => {
            let asked = search.with_index_at(conn, sight.today, |index, position| {
                (
                    Ready::of(own, Some(index)).near(index, &sight),
                    Some(position),
                )
            });
            match asked {
                // While the index is made, equal keys have to do; the list of pairs finds the rest.
                Err(error) if error.code() == Code::Overloaded => (Vec::new(), None),
                asked => asked?,
            }
        }
    };
    let mut ids: BTreeSet<i64> = near.into_iter().collect();
    ids.extend(equal(conn, lookout.countries, own)?);
    let found = compare(conn, acting, lookout, own, &ids)?;
    Ok((found, position))
}

/// What may have come in since the index was asked: to be called while the journal's head is held, `before` the own entry.
pub fn find_late(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    own: &FoldedFacts,
    (position, before): (Option<i64>, i64),
) -> Result<Vec<Candidate>, Error> {
    // Without an index nobody else writes; with one that knew everything nothing is new.
    if lookout.search.is_none() || position.is_some_and(|position| position + 1 >= before) {
        return Ok(Vec::new());
    }
    let mut ids: BTreeSet<i64> = equal(conn, lookout.countries, own)?.into_iter().collect();
    if let Some(position) = position {
        let changed = queries::changed_between(conn, (position, before), MEANWHILE + 1)?;
        if i64::try_from(changed.len()).is_ok_and(|count| count <= MEANWHILE) {
            ids.extend(changed);
        }
    }
    compare(conn, acting, lookout, own, &ids)
}

/// Organisations whose name folds alike, or that have one of the identifiers.
fn equal(conn: &mut Conn, countries: &Countries, own: &FoldedFacts) -> Result<Vec<i64>, Error> {
    let facts = &own.facts;
    // As each country would have folded them: what stands abroad was folded there.
    let mut skeletons: BTreeSet<String> = BTreeSet::new();
    for (folded, text, home) in own.told_names() {
        skeletons.insert(register::name_key(&folded.keys));
        let others = countries.iter().filter(|country| country.code != home);
        let others = others.map(|country| fold::skeleton(text, Some(&country.code)));
        skeletons.extend(others.filter(|skeleton| !skeleton.is_empty()));
    }
    let skeletons: Vec<String> = skeletons.into_iter().collect();
    let (mut ids, mut abroad) = (Vec::new(), Vec::new());
    for alike in queries::with_same_name(conn, &skeletons)? {
        if alike.name.kind == "acronym" {
            continue;
        }
        let at_home = alike.row.country == facts.country;
        if at_home || alike.country == facts.country {
            let theirs = fold::keys(&alike.name.text, Some(&alike.country));
            let is_same = own.told_names().any(|(folded, text, home)| {
                if home == alike.country {
                    fold::same_name(&folded.keys, &theirs)
                } else {
                    fold::same_name(&fold::keys(text, Some(&alike.country)), &theirs)
                }
            });
            ids.extend(is_same.then_some(alike.row.id));
        } else {
            let both = [facts.country.as_str(), alike.country.as_str()];
            let ready = |text: &str, home: &str| Abroad::of(text, home, both, None);
            let theirs = ready(&alike.name.text, &alike.country);
            let mut names = own.told_names();
            let is_same = names.any(|(_, text, home)| ready(text, home).has_core_of(&theirs));
            abroad.extend(is_same.then_some(alike.row.id));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    abroad.sort_unstable();
    abroad.dedup();
    ids.extend(abroad);
    ids.truncate(2 * MOST);
    for (scheme, _, canonical) in &facts.identifiers {
        let holders = queries::with_identifier(conn, scheme, canonical)?;
        ids.extend(holders.into_iter().map(|(_, row)| row.id));
    }
    Ok(ids)
}

fn compare(
    conn: &mut Conn,
    acting: &Acting,
    lookout: Lookout<'_>,
    own: &FoldedFacts,
    ids: &BTreeSet<i64>,
) -> Result<Vec<Candidate>, Error> {
    let today = acting.now().day();
    let ids: Vec<i64> = ids.iter().copied().collect();
    let mut known = load(conn, &ids)?;
    known.retain(|(row, _)| {
        row.merged_into.is_none() && queries::may_know(row, acting.reach(), today)
    });
    take_over(conn, acting.reach(), today, &mut known)?;
    let known: Vec<(OrganisationRow, FoldedFacts)> = known
        .into_iter()
        .map(|(row, facts)| (row, FoldedFacts::of(facts)))
        .collect();
    let others: Vec<&(OrganisationRow, FoldedFacts)> = known.iter().collect();
    let told = |country: &str, scheme: &str| {
        acting.reach().covers(country) || view::is_public_scheme(lookout.countries, scheme)
    };
    let found = judge(lookout, own, &others).into_iter().take(MOST);
    Ok(found
        .map(|((row, theirs), likeness)| Candidate {
            side_by_side: alike::side_by_side(&own.facts, &theirs.facts, told),
            ..candidate(row, &likeness)
        })
        .collect())
}

/// The organisations with these ids and what is known of them, whatever their visibility: callers ask for it.
pub fn load(conn: &mut Conn, ids: &[i64]) -> Result<Vec<(OrganisationRow, Facts)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = queries::by_ids(conn, ids)?;
    let names = queries::names_of(conn, ids)?;
    let identifiers = queries::identifiers_of(conn, ids)?;
    let of = |map: &HashMap<i64, Vec<_>>, id: i64| map.get(&id).cloned().unwrap_or_default();
    let numbers = |id: i64| identifiers.get(&id).cloned().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| {
            let facts = Facts::of(&row, &of(&names, row.id), &numbers(row.id));
            (row, facts)
        })
        .collect())
}

/// Adds what these organisations took over by merges, as far as this reach may know of it: names as former ones, and identifiers.
pub fn take_over(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    known: &mut [(OrganisationRow, Facts)],
) -> Result<(), Error> {
    let ends: HashMap<i64, usize> = (0..)
        .zip(known.iter())
        .map(|(at, (row, _))| (row.id, at))
        .collect();
    let ids: Vec<i64> = ends.keys().copied().collect();
    let mut before = merged::leading_to(conn, &ids)?;
    // Officers of the country of the one that goes on were asked about the merge.
    before.retain(|(end, row)| {
        let end = ends.get(end).and_then(|at| known.get(*at));
        end.is_some_and(|(end, _)| reach.covers(&end.country))
            || queries::may_know(row, reach, today)
    });
    if before.is_empty() {
        return Ok(());
    }
    let old: Vec<i64> = before.iter().map(|(_, row)| row.id).collect();
    for (row, facts) in load(conn, &old)? {
        let end = before.iter().find(|(_, one)| one.id == row.id);
        let at = end.and_then(|(end, _)| ends.get(end));
        let Some((_, gained)) = at.and_then(|at| known.get_mut(*at)) else {
            continue;
        };
        if facts.country != gained.country {
            let first = gained.names.len();
            let places = first..first + facts.names.len();
            let elsewhere = places.map(|at| (at, facts.country.clone()));
            gained.elsewhere.extend(elsewhere);
        }
        let names = facts.names.into_iter().map(|(kind, text)| {
            let kind = if kind == "acronym" {
                kind
            } else {
                "former".to_owned()
            };
            (kind, text)
        });
        gained.names.extend(names);
        gained.identifiers.extend(facts.identifiers);
        gained.former_websites.extend(facts.website);
        gained.former_websites.extend(facts.former_websites);
    }
    Ok(())
}

/// A candidate without the two beside each other.
pub fn candidate(row: &OrganisationRow, likeness: &Likeness) -> Candidate {
    Candidate {
        id: row.id,
        number: row.number.clone(),
        name: row.name.clone(),
        country: row.country.clone(),
        city: row.city.clone(),
        score: likeness.rounded(),
        verdict: likeness.word(),
        reasons: likeness.reasons.clone(),
        side_by_side: Vec::new(),
    }
}

/// Compares one organisation with others; those that may be it, the likeliest first.
pub fn judge<'a>(
    lookout: Lookout<'_>,
    own: &FoldedFacts,
    others: &[&'a (OrganisationRow, FoldedFacts)],
) -> Vec<(&'a (OrganisationRow, FoldedFacts), Likeness)> {
    if others.is_empty() {
        return Vec::new();
    }
    let judged = |index: Option<&Index>| -> Vec<_> {
        let first = Ready::of(own, index);
        let others = others.iter();
        others
            .filter_map(|other| {
                let second = Ready::of(&other.1, index);
                let likeness = alike::compare(lookout.countries, &first, &second)?;
                Some((*other, likeness))
            })
            .collect()
    };
    let mut found = match lookout.search {
        Some(search) => search.peek(judged),
        None => judged(None),
    };
    found.sort_by(|((x, _), a), ((y, _), b)| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| x.number.cmp(&y.number))
    });
    found
}
