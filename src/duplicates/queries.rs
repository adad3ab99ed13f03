//! All SQL of the list of pairs.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::rows::{PairRow, Progress};
use crate::auth::{Reach, Scope};
use crate::db::schema::{duplicate_pairs, duplicate_progress, journal_head, organisations};
use crate::db::{Conn, MultiBackend, Tx};
use crate::http::Error;
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{distinct, queries as register};

/// A pair with both organisations.
pub type Pair = (PairRow, OrganisationRow, OrganisationRow);

/// Which pairs are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// One of both is of any of these countries.
    pub country: Vec<String>,
    /// Any of these verdicts.
    pub verdict: Vec<&'static str>,
    /// Only across a border, where one of both is not public.
    pub across_hidden: bool,
}

/// The place behind which a page begins: thousandths and both registry numbers.
pub type After = (i32, String, String);

type Boxed<'a> = duplicate_pairs::BoxedQuery<'a, MultiBackend>;

fn narrowed<'a>(reach: &Reach, wanted: &Wanted) -> Boxed<'a> {
    let mut query = duplicate_pairs::table.into_boxed::<MultiBackend>();
    match reach.scope() {
        Scope::All => {}
        Scope::None => query = query.filter(duplicate_pairs::thousandths.lt(0)),
        Scope::One(own) => {
            query = query.filter(
                duplicate_pairs::country
                    .eq(own.clone())
                    .or(duplicate_pairs::other_country.eq(own.clone())),
            );
        }
    }
    if !wanted.country.is_empty() {
        query = query.filter(
            duplicate_pairs::country
                .eq_any(wanted.country.clone())
                .or(duplicate_pairs::other_country.eq_any(wanted.country.clone())),
        );
    }
    if !wanted.verdict.is_empty() {
        query = query.filter(duplicate_pairs::verdict.eq_any(wanted.verdict.clone()));
    }
    if wanted.across_hidden {
        query = query.filter(duplicate_pairs::country.ne(duplicate_pairs::other_country));
    }
    query
}

/// A page of pairs, the likeliest first.
pub fn page(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    wanted: &Wanted,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Pair>, Error> {
    let mut after = after;
    walk(conn, (reach, today, wanted), limit, |conn| {
        let mut query = narrowed(reach, wanted);
        if let Some((thousandths, organisation, other)) = after.clone() {
            query = query.filter(
                duplicate_pairs::thousandths
                    .lt(thousandths)
                    .or(duplicate_pairs::thousandths.eq(thousandths).and(
                        duplicate_pairs::organisation.gt(organisation.clone()).or(
                            duplicate_pairs::organisation
                                .eq(organisation)
                                .and(duplicate_pairs::other.gt(other)),
                        ),
                    )),
            );
        }
        let rows: Vec<PairRow> = query
            .order((
                duplicate_pairs::thousandths.desc(),
                duplicate_pairs::organisation,
                duplicate_pairs::other,
            ))
            .limit(limit)
            .load(conn)?;
        after = rows
            .last()
            .map(|row| (row.thousandths, row.organisation.clone(), row.other.clone()));
        Ok(rows)
    })
}

/// A page of pairs, those that wait longest first.
pub fn waiting(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    wanted: &Wanted,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Pair>, Error> {
    let mut after = after;
    walk(conn, (reach, today, wanted), limit, |conn| {
        let mut query = narrowed(reach, wanted);
        if let Some((at, id)) = after {
            query = query.filter(
                duplicate_pairs::found_at
                    .gt(at)
                    .or(duplicate_pairs::found_at
                        .eq(at)
                        .and(duplicate_pairs::id.gt(id))),
            );
        }
        let rows: Vec<PairRow> = query
            .order((duplicate_pairs::found_at, duplicate_pairs::id))
            .limit(limit)
            .load(conn)?;
        after = rows.last().map(|row| (row.found_at, row.id));
        Ok(rows)
    })
}

/// Reads on until the page is full: what the reader may not see is left out, and so is what is no pair any more.
fn walk(
    conn: &mut Conn,
    (reach, today, wanted): (&Reach, NaiveDate, &Wanted),
    limit: i64,
    mut next: impl FnMut(&mut Conn) -> Result<Vec<PairRow>, Error>,
) -> Result<Vec<Pair>, Error> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    loop {
        let rows = next(conn)?;
        let more = rows.len() >= most;
        for pair in told(conn, reach, today, rows)? {
            let public = |row: &OrganisationRow| register::may_know(row, &Reach::public(), today);
            if found.len() < most && !(wanted.across_hidden && public(&pair.1) && public(&pair.2)) {
                found.push(pair);
            }
        }
        if !more || found.len() >= most {
            return Ok(found);
        }
    }
}

/// Those of the pairs that this reach may see now, with both organisations.
fn told(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    rows: Vec<PairRow>,
) -> Result<Vec<Pair>, Error> {
    let ids: Vec<i64> = rows
        .iter()
        .flat_map(|row| [row.organisation_id, row.other_id])
        .collect();
    let known: HashMap<i64, OrganisationRow> = register::by_ids(conn, &ids)?
        .into_iter()
        .filter(|row| row.merged_into.is_none())
        .filter(|row| register::may_know(row, reach, today))
        .map(|row| (row.id, row))
        .collect();
    let two: HashSet<(i64, i64)> = distinct::among(conn, &ids)?.into_iter().collect();
    Ok(rows
        .into_iter()
        .filter(|row| !two.contains(&(row.organisation_id, row.other_id)))
        .filter_map(|row| {
            let first = known.get(&row.organisation_id)?.clone();
            let second = known.get(&row.other_id)?.clone();
            let own = reach.covers(&first.country) || reach.covers(&second.country);
            own.then_some((row, first, second))
        })
        .collect())
}

/// The pair of these two, if it is in the list.
pub fn pair(conn: &mut Conn, a: i64, b: i64) -> Result<Option<PairRow>, Error> {
    Ok(duplicate_pairs::table
        .find((a.max(b), a.min(b)))
        .first(conn)
        .optional()?)
}

/// How many pairs there are in all.
pub fn count(conn: &mut Conn) -> Result<i64, Error> {
    Ok(duplicate_pairs::table.count().get_result(conn)?)
}

/// Whose pairs are looked for anew.
#[derive(Clone, Debug)]
pub enum Of {
    /// The pairs whose younger organisation is behind one id, up to another.
    Younger(i64, i64),
    /// All pairs of these organisations.
    These(Vec<i64>),
}

/// Puts the pairs that were found in place of the ones that were there; gives how many of them are listed, which those that
/// somebody called two are not. Those that stay keep since when they are there.
pub fn replace(tx: &mut Tx<'_>, of: &Of, found: Vec<PairRow>) -> Result<usize, Error> {
    let all = duplicate_pairs::table.into_boxed::<MultiBackend>();
    let before: Vec<PairRow> = match of {
        Of::Younger(behind, until) => all
            .filter(duplicate_pairs::organisation_id.gt(*behind))
            .filter(duplicate_pairs::organisation_id.le(*until)),
        Of::These(ids) => all.filter(
            duplicate_pairs::organisation_id
                .eq_any(ids.clone())
                .or(duplicate_pairs::other_id.eq_any(ids.clone())),
        ),
    }
    .load(&mut **tx)?;
    let ids: Vec<i64> = found
        .iter()
        .flat_map(|row| [row.organisation_id, row.other_id])
        .collect();
    let two: HashSet<(i64, i64)> = distinct::among(tx, &ids)?.into_iter().collect();
    let place = |row: &PairRow| (row.organisation_id, row.other_id);
    let mut found: HashMap<(i64, i64), PairRow> = found
        .into_iter()
        .filter(|row| !two.contains(&place(row)))
        .map(|row| (place(&row), row))
        .collect();
    let listed = found.len();
    for old in before {
        let new = found.remove(&place(&old));
        if new.as_ref().is_some_and(|new| new.says_the_same(&old)) {
            continue;
        }
        diesel::delete(duplicate_pairs::table.find(place(&old))).execute(&mut **tx)?;
        if let Some(new) = new {
            let row = PairRow {
                id: old.id,
                found_at: old.found_at,
                ..new
            };
            insert(tx, &row)?;
        }
    }
    let mut new: Vec<PairRow> = found.into_values().collect();
    new.sort_by_key(place);
    for row in &new {
        insert(tx, row)?;
    }
    Ok(listed)
}

fn insert(tx: &mut Tx<'_>, row: &PairRow) -> Result<(), Error> {
    diesel::insert_into(duplicate_pairs::table)
        .values(row)
        .execute(&mut **tx)?;
    Ok(())
}

/// Takes a pair out of the list.
pub fn remove(tx: &mut Tx<'_>, a: i64, b: i64) -> Result<(), Error> {
    diesel::delete(duplicate_pairs::table.find((a.max(b), a.min(b)))).execute(&mut **tx)?;
    Ok(())
}

/// How far the job has come.
pub fn progress(conn: &mut Conn) -> Result<Option<Progress>, Error> {
    Ok(duplicate_progress::table.find(1).first(conn).optional()?)
}

/// Notes how far the job has come.
pub fn set_progress(tx: &mut Tx<'_>, progress: Progress) -> Result<(), Error> {
    let done = diesel::update(duplicate_progress::table.find(1))
        .set(progress)
        .execute(&mut **tx)?;
    if done == 0 {
        diesel::insert_into(duplicate_progress::table)
            .values(progress)
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// The journal's last position.
pub fn head(conn: &mut Conn) -> Result<i64, Error> {
    Ok(journal_head::table.select(journal_head::seq).first(conn)?)
}

/// The next organisations behind an id, up to a limit.
pub fn next_ids(conn: &mut Conn, behind: i64, limit: i64) -> Result<Vec<i64>, Error> {
    Ok(organisations::table
        .filter(organisations::id.gt(behind))
        .order(organisations::id)
        .limit(limit)
        .select(organisations::id)
        .load(conn)?)
}

/// Organisations that entries behind one position, up to another, are about.
pub fn changed(conn: &mut Conn, since: i64, until: i64) -> Result<Vec<i64>, Error> {
    let before = until.saturating_add(1);
    let numbers = crate::journal::queries::changed(conn, (since, before), i64::MAX)?;
    Ok(organisations::table
        .filter(organisations::number.eq_any(numbers))
        .select(organisations::id)
        .load(conn)?)
}
