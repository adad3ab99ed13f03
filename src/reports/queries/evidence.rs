//! On which evidence admissions and reinstatements rest, as corrections that were known at a position left it.
//!
//! An event that names none as it was recorded is found by an index, and so are the corrections that have a text of their own or say that
//! something did not happen: all others move a day alone. The memberships of these are folded one by one.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::exceptions::{Stretch, ToldEvent};
use crate::db::schema::{membership_events, memberships};
use crate::db::{Conn, Id};
use crate::dialect;
use crate::http::Error;
use crate::memberships::corrections::resolve;
use crate::memberships::model::{Event, EventKind};
use crate::memberships::rows::EventRow;

/// Memberships that are read at once.
const AT_ONCE: usize = 500;

/// Events in the order of exceptions: position, membership, number.
pub type Placed = BTreeMap<(i64, i64, i32), ToldEvent>;

/// Admissions and reinstatements of which corrections say something else than they do themselves.
#[derive(Clone, Debug, Default)]
pub struct Corrected {
    /// They named none and rest on some, or did not happen.
    pub settled: Placed,
    /// They named some and rest on none.
    pub bare: Placed,
}

/// Those of a stretch, as known at a position.
pub fn corrected(conn: &mut Conn, (after, until): Stretch, known: i64) -> Result<Corrected, Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        membership_id: i64,
    }
    // The second line is the partial index, word for word.
    let text = format!(
        "SELECT DISTINCT c.membership_id FROM membership_events c \
         WHERE c.kind = 'corrected' AND (c.details NOT LIKE '%\"replacement\":null%' OR c.body LIKE '%\"void\"%') \
            AND c.seq > {after} AND c.seq <= {known} \
            AND EXISTS (SELECT 1 FROM membership_events e WHERE e.membership_id = c.membership_id \
                AND e.kind IN ('admitted', 'reinstated') AND e.seq > {after} AND e.seq <= {until}) \
         ORDER BY c.membership_id"
    );
    let rows: Vec<Row> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let ids: Vec<Id> = rows.into_iter().map(|row| Id(row.membership_id)).collect();
    let mut found = Corrected::default();
    for part in ids.chunks(AT_ONCE) {
        let organisations: BTreeMap<Id, i64> = memberships::table
            .filter(memberships::id.eq_any(part))
            .select((memberships::id, memberships::organisation_id))
            .load::<(Id, i64)>(conn)?
            .into_iter()
            .collect();
        let mut events: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
        let rows: Vec<EventRow> = membership_events::table
            .filter(membership_events::membership_id.eq_any(part))
            .filter(membership_events::seq.le(known))
            .load(conn)?;
        for row in rows {
            let event = row.event()?;
            events.entry(row.membership_id).or_default().push(event);
        }
        for (id, organisation) in organisations {
            let all = events.remove(&id).unwrap_or_default();
            found.take((id, organisation), &all, (after, until));
        }
    }
    Ok(found)
}

impl Corrected {
    fn take(&mut self, (id, organisation): (Id, i64), events: &[Event], (after, until): Stretch) {
        let resolved = resolve(events);
        let admits = |event: &&Event| {
            matches!(
                event.kind,
                EventKind::Admitted {} | EventKind::Reinstated {}
            )
        };
        let inside = |event: &&Event| event.seq > after && event.seq <= until;
        for event in events.iter().filter(admits).filter(inside) {
            let standing = resolved
                .standing
                .iter()
                .find(|one| one.event.no == event.no);
            let is_bare = standing.is_some_and(|one| one.evidence.is_empty());
            let of = match (event.evidence.is_empty(), is_bare) {
                (true, false) => &mut self.settled,
                (false, true) => &mut self.bare,
                _ => continue,
            };
            let told = ToldEvent {
                membership_id: id.0,
                organisation_id: organisation,
                no: event.no,
                seq: event.seq,
                recorded_at: event.recorded_at,
                effective_on: event.effective_on,
                kind: event.kind.name().to_owned(),
                proposer: event.proposer.clone(),
                decider: event.decider.clone(),
            };
            of.insert((event.seq, id.0, event.no), told);
        }
    }
}
