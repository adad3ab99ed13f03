//! Events that change the days of a period that was closed before.
//!
//! An event changes the days from its own on; a correction those from the day of what it corrects, as it was and as it becomes. The
//! first closed period that is changed is told, and every country and type of which closed days are changed. What the calendar records
//! changes nothing, because it follows from the dates.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Pair;
use super::exceptions::{self, Stretch, ToldEvent};
use crate::db::schema::membership_events;
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::memberships::corrections::resolve;
use crate::memberships::model::{Event, EventKind};
use crate::memberships::rows::EventRow;
use crate::reports::periods::rows::PeriodRow;

/// Events that are read at once.
const AT_ONCE: i64 = 500;

/// An event that changes closed days.
pub struct Late {
    /// The event.
    pub event: ToldEvent,
    /// First and last day of the first period that it changes.
    pub period: String,
    /// Countries and types of which it changes closed days.
    pub changed: BTreeSet<Pair>,
}

/// Those behind a place (position, membership, number), in order; `closings` are in the order of their days.
pub fn events(
    conn: &mut Conn,
    closings: &[PeriodRow],
    (_, until): Stretch,
    place: (i64, i64, i32),
    limit: i64,
) -> Result<Vec<Late>, Error> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let (Some(first), Some(last)) = (closings.first(), closings.last()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let (mut seq, mut membership, mut no) = place;
    while found.len() < wanted {
        let text = format!(
            "SELECT e.membership_id, m.organisation_id, e.no, e.seq, e.recorded_at, e.effective_on, e.kind, e.proposer, e.decider \
             FROM membership_events e JOIN memberships m ON m.id = e.membership_id \
             WHERE e.seq >= {seq} AND e.seq > {} AND e.seq <= {until} AND (e.seq, e.membership_id, e.no) > ({seq}, {membership}, {no}) \
                AND e.kind NOT IN ('grace_began', 'lapsed', 'suspension_ended') \
                AND (e.effective_on <= '{}' OR e.kind = 'corrected') \
             ORDER BY e.seq, e.membership_id, e.no LIMIT {AT_ONCE}",
            first.known_seq, last.to_day
        );
        let part: Vec<ToldEvent> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
        let Some(end) = part.last() else { break };
        (seq, membership, no) = (end.seq, end.membership_id, end.no);
        let mut timelines = corrected(conn, &part)?;
        let entries: Vec<(i64, i64)> = part.iter().map(|e| (e.membership_id, e.seq)).collect();
        let mut changed = exceptions::changed(conn, &entries)?;
        for event in part {
            let day = match timelines.get_mut(&event.membership_id) {
                Some(all) if event.kind == "corrected" => changed_from(all, event.no),
                _ => Some(event.effective_on),
            };
            let period = day.and_then(|day| closings.iter().find(|p| day <= p.to_day));
            if let Some(period) = period.filter(|p| event.seq > p.known_seq) {
                let closed = closings.iter().rev().find(|p| event.seq > p.known_seq);
                let last = closed.map_or(period.to_day, |p| p.to_day);
                let of = changed.remove(&(event.membership_id, event.seq));
                let closed_days = of.into_iter().flatten().filter(|(from, _)| *from <= last);
                found.push(Late {
                    period: format!("{} to {}", period.from_day, period.to_day),
                    changed: closed_days.map(|(_, pair)| pair).collect(),
                    event,
                });
            }
        }
    }
    found.truncate(wanted);
    Ok(found)
}

/// All events of the memberships in which something is corrected.
fn corrected(conn: &mut Conn, part: &[ToldEvent]) -> Result<BTreeMap<i64, Vec<Event>>, Error> {
    let ids: Vec<Id> = part
        .iter()
        .filter(|event| event.kind == "corrected")
        .map(|event| Id(event.membership_id))
        .collect();
    let rows: Vec<EventRow> = membership_events::table
        .filter(membership_events::membership_id.eq_any(ids))
        .order((membership_events::membership_id, membership_events::no))
        .load(conn)?;
    let mut found: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    for row in rows {
        let event = row.event()?;
        found.entry(row.membership_id.0).or_default().push(event);
    }
    Ok(found)
}

/// The first day of which a correction makes something else stand; none where it changes nothing.
fn changed_from(events: &[Event], no: i32) -> Option<NaiveDate> {
    let correction = events.iter().find(|event| event.no == no)?;
    if !matches!(correction.kind, EventKind::Corrected { .. }) {
        return Some(correction.effective_on);
    }
    let standing = |through: &dyn Fn(&Event) -> bool| -> BTreeMap<i32, (NaiveDate, String)> {
        resolve(events.iter().filter(|event| through(event)))
            .standing
            .into_iter()
            .map(|one| {
                let text = format!("{:?} {:?}", one.reason, one.evidence);
                (one.event.no, (one.effective_on, text))
            })
            .collect()
    };
    let place = (correction.seq, correction.no);
    let before = standing(&|event| (event.seq, event.no) < place);
    let after = standing(&|event| (event.seq, event.no) <= place);
    let differs = before
        .iter()
        .filter(|(no, held)| after.get(no) != Some(held))
        .chain(
            after
                .iter()
                .filter(|(no, held)| before.get(no) != Some(held)),
        );
    differs.map(|(_, (day, _))| *day).min()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::changed_from;
    use crate::memberships::model::{Correction, Event, EventKind, MembershipType};

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 5, n).unwrap()
    }

    fn events() -> Vec<Event> {
        let replace = |effective_on| EventKind::Corrected {
            target_no: 2,
            correction: Correction::Replace { effective_on },
        };
        let kinds = [
            (
                1,
                EventKind::Applied {
                    membership_type: MembershipType::Full,
                    country: "KZ".to_owned(),
                },
            ),
            (9, EventKind::Admitted {}),
            // The admission was on the 20th …
            (25, replace(day(20))),
            // … on the 12th …
            (26, replace(day(12))),
            // … and did not happen.
            (
                27,
                EventKind::Corrected {
                    target_no: 2,
                    correction: Correction::Void {},
                },
            ),
            // The void was wrong.
            (
                28,
                EventKind::Corrected {
                    target_no: 5,
                    correction: Correction::Void {},
                },
            ),
            // Nothing is there to be corrected.
            (
                29,
                EventKind::Corrected {
                    target_no: 40,
                    correction: Correction::Void {},
                },
            ),
        ];
        let event = |(no, (on, kind)): (i32, (u32, EventKind))| {
            Event::new(no, i64::from(no) * 10, 0, day(on), kind)
        };
        (1..).zip(kinds).map(event).collect()
    }

    #[test]
    fn a_correction_changes_the_days_from_the_earlier_of_both_on() {
        let all = events();
        let from = |no| changed_from(&all, no);
        assert_eq!(from(2), Some(day(9)));
        assert_eq!(from(3), Some(day(9)));
        // Not the day as it was recorded, but the one that stood.
        assert_eq!(from(4), Some(day(12)));
        assert_eq!(from(5), Some(day(12)));
        assert_eq!(from(6), Some(day(12)));
        assert_eq!(from(7), None);
    }
}
