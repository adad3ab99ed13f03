//! Makes the keys of names anew that an older folding made (`docs/folding.md`).
//!
//! In steps of their own transaction, each from where the last one ended, by whichever replica comes first: a crash repeats
//! nothing, and nobody waits long. Names and keys are rows of the journal, so what changes is entered there; the record itself,
//! its version and who changed it last stay as they are. The index in memory folds by itself.

use diesel::prelude::*;

use super::rows::{NameRow, OrganisationRow};
use super::{queries, register};
use crate::auth::Actor;
use crate::db::schema::{organisation_names, organisations};
use crate::db::{Instant, Tx, dialect, marks};
use crate::http::Error;
use crate::journal::Batch;
use crate::search::fold::FOLD_VERSION;

/// Organisations of one step.
const STEP: i64 = 200;
/// Who does it, in the journal.
const JOB: &str = "names";
/// The number that the replica holds which is at it.
const LOCK: i64 = 0x6e61_6d65;
/// The mark that says by which folding the keys were made, and how far the making anew is.
const MARK: &str = "names";

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Organisations whose keys were made anew.
    pub organisations: usize,
    /// True when no name is left.
    pub done: bool,
}

/// Looks at the next organisations. A program of an older folding leaves newer keys as they are.
pub fn step(tx: &mut Tx<'_>, now: Instant) -> Result<Step, Error> {
    if !dialect::try_lock_number(tx, LOCK)? {
        // Another replica is at it.
        return Ok(Step {
            organisations: 0,
            done: false,
        });
    }
    let mark = marks::get(tx, MARK)?;
    let Some(after) = left_at(mark.as_deref()) else {
        return Ok(Step {
            organisations: 0,
            done: true,
        });
    };
    let ids: Vec<i64> = organisations::table
        .filter(organisations::id.gt(after))
        .order(organisations::id)
        .limit(STEP)
        .select(organisations::id)
        .load(&mut **tx)?;
    dialect::lock_rows(tx, "organisations", "id", &ids)?;
    let rows = queries::by_ids(tx, &ids)?;
    let mut organisations = 0;
    if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
        let names: Vec<NameRow> = organisation_names::table
            .filter(organisation_names::organisation_id.between(*first, *last))
            .filter(organisation_names::fold_version.lt(FOLD_VERSION))
            .order((
                organisation_names::organisation_id,
                organisation_names::item,
            ))
            .load(&mut **tx)?;
        organisations = refold(tx, now, &rows, &names)?;
    }
    let value = match ids.last() {
        Some(last) => format!("{FOLD_VERSION} after {last}"),
        None => FOLD_VERSION.to_string(),
    };
    marks::set(tx, MARK, &value)?;
    Ok(Step {
        organisations,
        done: ids.is_empty(),
    })
}

/// The internal id behind which names are still to be looked at; none where all are done by this folding or a newer one.
fn left_at(mark: Option<&str>) -> Option<i64> {
    let Some(mark) = mark else {
        return Some(i64::MIN);
    };
    let (version, after) = match mark.split_once(" after ") {
        Some((version, after)) => (version, after.parse().ok()),
        None => (mark, None),
    };
    match version.parse::<i32>() {
        Ok(version) if version > FOLD_VERSION => None,
        Ok(version) if version == FOLD_VERSION => after,
        // A mark that cannot be read has everything looked at again, which does no harm.
        Ok(_) | Err(_) => Some(i64::MIN),
    }
}

fn refold(
    tx: &mut Tx<'_>,
    now: Instant,
    rows: &[OrganisationRow],
    names: &[NameRow],
) -> Result<usize, Error> {
    if names.is_empty() {
        return Ok(0);
    }
    let mut batch = Batch::begin(tx, now)?;
    let mut organisations = 0;
    for of_one in names.chunk_by(|a, b| a.organisation_id == b.organisation_id) {
        let id = of_one.first().map(|name| name.organisation_id);
        let Some(before) = rows.iter().find(|row| Some(row.id) == id) else {
            continue;
        };
        let mut entry = batch.entry();
        entry.about(format!("organisation:{}", before.number));
        entry.of_organisation(before.number.clone());
        for name in of_one {
            register::rekey(tx, &mut entry, name, &before.country)?;
        }
        let after = OrganisationRow {
            sort_key: register::sort_key(&before.name, &before.country),
            seq: entry.seq(),
            ..before.clone()
        };
        diesel::update(organisations::table.find(before.id))
            .set((
                organisations::sort_key.eq(&after.sort_key),
                organisations::seq.eq(after.seq),
            ))
            .execute(&mut **tx)?;
        entry.changed(before, &after)?;
        batch.close(&Actor::System(JOB), "organisation.refolded", entry)?;
        organisations += 1;
    }
    batch.write(tx)?;
    Ok(organisations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_tells_where_to_go_on() {
        let this = FOLD_VERSION;
        assert_eq!(left_at(None), Some(i64::MIN));
        assert_eq!(left_at(Some(&this.to_string())), None);
        assert_eq!(left_at(Some(&format!("{this} after 71"))), Some(71));
        assert_eq!(
            left_at(Some(&format!("{} after 71", this - 1))),
            Some(i64::MIN)
        );
        assert_eq!(left_at(Some(&(this - 1).to_string())), Some(i64::MIN));
        assert_eq!(left_at(Some(&format!("{} after 71", this + 1))), None);
        assert_eq!(left_at(Some("?")), Some(i64::MIN));
    }
}
