//! The pairs of some organisations: near ones by the index, then compared in full. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use super::queries::Of;
use super::rows::PairRow;
use crate::db::{Conn, Id, Instant};
use crate::http::Error;
use crate::organisations::alike::{FoldedFacts, Ready};
use crate::organisations::candidates::{self, Lookout};
use crate::organisations::rows::OrganisationRow;
use crate::search::index::Sight;

/// Organisations that are looked up while the index is held once.
const AT_ONCE: usize = 50;
/// Pairs of one organisation that are kept, the likeliest.
const MOST: usize = 20;

type Known = BTreeMap<i64, (OrganisationRow, FoldedFacts)>;

/// The pairs of these organisations. In a round each pair is found by its younger one alone.
pub fn pairs(
    conn: &mut Conn,
    lookout: Lookout<'_>,
    now: Instant,
    ids: &[i64],
    of: &Of,
) -> Result<Vec<PairRow>, Error> {
    let own = load(conn, ids)?;
    let near = near(conn, lookout, now, &own, of)?;
    let missing: BTreeSet<i64> = near
        .values()
        .flatten()
        .filter(|id| !own.contains_key(id))
        .copied()
        .collect();
    let missing: Vec<i64> = missing.into_iter().collect();
    let others = load(conn, &missing)?;
    let mut found: BTreeMap<(i64, i64), PairRow> = BTreeMap::new();
    for (id, near) in near {
        let Some((row, facts)) = own.get(&id) else {
            continue;
        };
        let near = near.iter();
        let near: Vec<_> = near
            .filter_map(|id| own.get(id).or_else(|| others.get(id)))
            .collect();
        let judged = candidates::judge(lookout, facts, &near);
        for ((other, _), likeness) in judged.into_iter().take(MOST) {
            let (young, old) = if row.id > other.id {
                (row, other)
            } else {
                (other, row)
            };
            #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1000")]
            let thousandths = (likeness.rounded() * 1000.0).round() as i32;
            let pair = PairRow {
                organisation_id: young.id,
                other_id: old.id,
                id: Id::random().map_err(Error::internal)?.0,
                country: young.country.clone(),
                other_country: old.country.clone(),
                organisation: young.number.clone(),
                other: old.number.clone(),
                thousandths,
                verdict: likeness.word().to_owned(),
                reasons: serde_json::to_string(&likeness.reasons).map_err(Error::internal)?,
                found_at: now.0,
            };
            found.entry((young.id, old.id)).or_insert(pair);
        }
    }
    Ok(found.into_values().collect())
}

/// Organisations that stand for themselves, with what is known of them.
fn load(conn: &mut Conn, ids: &[i64]) -> Result<Known, Error> {
    let mut known = Known::new();
    for part in ids.chunks(2_000) {
        for (row, facts) in candidates::load(conn, part)? {
            if row.merged_into.is_none() {
                known.insert(row.id, (row, FoldedFacts::of(facts)));
            }
        }
    }
    Ok(known)
}

fn near(
    conn: &mut Conn,
    lookout: Lookout<'_>,
    now: Instant,
    own: &Known,
    of: &Of,
) -> Result<BTreeMap<i64, Vec<i64>>, Error> {
    let mut found = BTreeMap::new();
    let Some(search) = lookout.search else {
        return Ok(found);
    };
    // Who may see a pair is judged when it is read.
    let sight = Sight {
        all: true,
        own: None,
        today: now.day(),
    };
    let own: Vec<(&i64, &FoldedFacts)> = own.iter().map(|(id, (_, facts))| (id, facts)).collect();
    for part in own.chunks(AT_ONCE) {
        search.with_index(conn, sight.today, |index| {
            for (id, facts) in part {
                let mut near = Ready::of(facts, Some(index)).near(index, &sight);
                near.retain(|other| match of {
                    Of::Younger(..) => other < *id,
                    Of::These(_) => other != *id,
                });
                found.insert(**id, near);
            }
        })?;
    }
    Ok(found)
}
