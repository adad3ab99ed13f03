//! What a merge rests on: the organisation that goes on was a member of each type that ended. Asked of every merge into an
//! organisation, and of its own, when something is corrected or dated back.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::corrections;
use super::fold::fold_all;
use super::ledger::Ledger;
use super::model::{Correction, Event, EventKind, MembershipType};
use super::queries::{self, Held};
use super::rules::Rules;
use crate::db::Conn;
use crate::db::schema::organisations;
use crate::http::Error;
use crate::organisations::merged;
use crate::organisations::rows::OrganisationRow;

/// A member's standing that ended by a merge: its type and the first day without it.
pub(super) type Ended = (MembershipType, NaiveDate);

/// The standing that these events end by a merge into an organisation: what would go on if the merge had never been.
pub(super) fn ended(events: &[Event], rules: &Rules, successor: &str) -> Option<Ended> {
    let resolved = corrections::resolve(events);
    let merge = resolved.standing.iter().rev().find(
        |s| matches!(&s.event.kind, EventKind::Merged { successor: into } if into == successor),
    )?;
    let last = events.iter().map(|e| e.no).max()?;
    let void = EventKind::Corrected {
        target_no: merge.event.no,
        correction: Correction::Void {},
    };
    let void = Event::new(
        last.saturating_add(1),
        i64::MAX,
        i64::MAX,
        merge.effective_on,
        void,
    );
    let without = fold_all(events.iter().chain([&void]), rules);
    let held = without.interval_on(merge.effective_on)?;
    held.state
        .is_member()
        .then_some((held.membership_type, merge.effective_on))
}

/// The organisations that were merged into this one.
pub(super) fn into(conn: &mut Conn, id: i64) -> Result<Vec<OrganisationRow>, Error> {
    Ok(organisations::table
        .filter(organisations::merged_into.eq(id))
        .order(organisations::id)
        .load(conn)?)
}

/// Why an organisation cannot end on a day: another was merged into it later.
pub(super) fn came_later(
    conn: &mut Conn,
    id: i64,
    day: NaiveDate,
) -> Result<Option<String>, Error> {
    let old = into(conn, id)?;
    let ids: Vec<i64> = old.iter().map(|old| old.id).collect();
    let told = merged::merged_on(conn, &ids)?;
    for old in old {
        let on = old.merged_on.or_else(|| told.get(&old.id).copied());
        if let Some(on) = on.filter(|on| *on > day) {
            return Ok(Some(format!(
                "{} was merged into it on {on}, which it has to answer for from then on",
                old.number
            )));
        }
    }
    Ok(None)
}

/// Why what was merged does not allow what an event makes of a membership; none where it does. Only what is corrected or dated back
/// can say something else of the day of a merge.
pub(super) fn refused(
    conn: &mut Conn,
    held: &Held,
    after: &Ledger,
    event: &Event,
) -> Result<Option<String>, Error> {
    if !matches!(event.kind, EventKind::Corrected { .. }) && !event.is_back_dated() {
        return Ok(None);
    }
    if let Some(why) = its_own(conn, held, event)? {
        return Ok(Some(why));
    }
    // What is merged itself goes on as another; `came_later` has looked at the days.
    if matches!(event.kind, EventKind::Merged { .. }) {
        return Ok(None);
    }
    into_it(conn, held, after)
}

/// The merges into the organisation: on the day of each it was a member of the types that ended, and it stays public where the other was.
fn into_it(conn: &mut Conn, held: &Held, after: &Ledger) -> Result<Option<String>, Error> {
    let organisation = &held.organisation;
    for old in into(conn, organisation.id)? {
        for row in queries::of_organisation(conn, old.id)? {
            let events = queries::events(conn, row.id)?;
            let Some(ended) = ended(&events, &held.rules, &organisation.number) else {
                continue;
            };
            if is_member(&held.ledger, ended)
                && !is_member(after, ended)
                && !beside(conn, held, ended)?
            {
                let (kind, day) = ended;
                return Ok(Some(format!(
                    "{} was a member ({}) when it was merged into this organisation on {day}, which has to have been one, too; undo that merge first",
                    old.number,
                    kind.as_str()
                )));
            }
        }
        let hidden = held.ledger.first_joined().is_some() && after.first_joined().is_none();
        if hidden
            && old.public_from.is_some()
            && !queries::joined_beside(conn, organisation.id, held.row.id)?
        {
            return Ok(Some(format!(
                "{} is public and was merged into this organisation, which would be public no more; undo that merge first",
                old.number
            )));
        }
    }
    Ok(None)
}

/// The organisation's own merge: what the event makes of the standing that it ended has to go on.
fn its_own(conn: &mut Conn, held: &Held, event: &Event) -> Result<Option<String>, Error> {
    let Some(into) = held.organisation.merged_into else {
        return Ok(None);
    };
    let successor = crate::organisations::queries::by_id(conn, into)?;
    let mut events = held.events.clone();
    let was = ended(&events, &held.rules, &successor.number);
    events.push(event.clone());
    let is = ended(&events, &held.rules, &successor.number);
    let Some((kind, day)) = is.filter(|_| is != was) else {
        return Ok(None);
    };
    if queries::is_member(conn, successor.id, (kind, day), None)? {
        return Ok(None);
    }
    Ok(Some(not_going_on(kind, day)))
}

/// What is said where a member would end and its successor is none.
pub(super) fn not_going_on(kind: MembershipType, day: NaiveDate) -> String {
    format!(
        "the organisation is a member ({0}) on {day} and its successor is not; admit the successor as {0} first, or end the membership",
        kind.as_str()
    )
}

fn is_member(ledger: &Ledger, (kind, day): Ended) -> bool {
    ledger
        .interval_on(day)
        .is_some_and(|i| i.state.is_member() && i.membership_type == kind)
}

/// Whether another membership of the same organisation has that standing.
fn beside(conn: &mut Conn, held: &Held, ended: Ended) -> Result<bool, Error> {
    queries::is_member(conn, held.organisation.id, ended, Some(held.row.id))
}

#[cfg(test)]
mod tests {
    use super::ended;
    use crate::memberships::model::{EventKind, MembershipType};
    use crate::memberships::samples::{Book, day, moved, plain_rules, void};

    const INTO: &str = "OTS-7K3M9Q2-54";

    fn merged() -> EventKind {
        EventKind::Merged {
            successor: INTO.to_owned(),
        }
    }

    #[test]
    fn what_a_merge_ends_is_the_standing_that_would_go_on_without_it() {
        let end = |book: &Book| ended(&book.events, &plain_rules(), INTO);
        let book = Book::admitted("2026-01-01");
        assert_eq!(end(&book), None);
        let book = book.and("2026-06-01", merged());
        let full = MembershipType::Full;
        assert_eq!(end(&book), Some((full, day("2026-06-01"))));
        let earlier = book.clone().and("2026-06-02", moved(6, "2026-05-01"));
        assert_eq!(end(&earlier), Some((full, day("2026-05-01"))));
        assert_eq!(end(&book.clone().and("2026-06-02", void(6))), None);
        assert_eq!(ended(&book.events, &plain_rules(), "OTS-0000000-00"), None);
        // Somebody who was no member any more, or not yet, loses nothing.
        let former = Book::admitted("2026-01-01").and("2026-05-01", EventKind::Withdrawn {});
        assert_eq!(end(&former.and("2026-06-01", merged())), None);
        assert_eq!(
            end(&Book::in_review("2026-01-01").and("2026-06-01", merged())),
            None
        );
        // On the day of its admission it has a standing already.
        let young = Book::admitted("2026-01-01").and("2026-01-01", merged());
        assert_eq!(end(&young), Some((full, day("2026-01-01"))));
    }
}
