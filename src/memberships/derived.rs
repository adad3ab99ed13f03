//! Holds what is stored beside the events against what they fold to.

use diesel::prelude::*;

use super::queries::{Held, events, intervals};
use super::record::interval_rows;
use super::rows::MembershipRow;
use super::rules::Rules;
use crate::db::schema::{memberships, organisations};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::organisations::rows::OrganisationRow;

/// How many memberships are read at once.
const PAGE: i64 = 1_000;

/// Every membership whose stored timeline, or whose organisation's first public day, is not what its events fold to.
pub fn deviations(conn: &mut Conn, rules: &Rules) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut after = Id(i64::MIN);
    loop {
        let rows: Vec<(MembershipRow, OrganisationRow)> = memberships::table
            .inner_join(organisations::table)
            .filter(memberships::id.gt(after))
            .order(memberships::id)
            .limit(PAGE)
            .load(conn)?;
        let Some((last, _)) = rows.last() else {
            return Ok(found);
        };
        after = last.id;
        for (row, organisation) in rows {
            let events = events(conn, row.id)?;
            let ledger = super::fold::fold(&events, rules);
            let held = Held {
                row,
                organisation,
                events,
                ledger,
            };
            if intervals(conn, held.row.id)? != interval_rows(&held) {
                found.push(format!(
                    "membership_intervals {}: the stored timeline is not what the events say",
                    held.row.id
                ));
            }
            let first = held
                .ledger
                .intervals
                .iter()
                .find(|i| i.state == super::model::State::Active)
                .map(|i| i.from);
            if let Some(first) = first
                && held.organisation.public_from.is_none_or(|day| day > first)
            {
                found.push(format!(
                    "organisations {}: public later than its first active day",
                    held.organisation.number
                ));
            }
        }
    }
}
