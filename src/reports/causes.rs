//! What brought a row about: the event that did, or the one that the calendar's recorder wrote of the day on which it turned.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::queries;
use super::question::Known;
use super::table::Cell;
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::memberships::ledger::FlowKind;

/// Events of some memberships, as known at a position.
pub struct Causes {
    seqs: HashMap<(Id, i32), i64>,
    turned: HashMap<(Id, NaiveDate, String), (i32, i64)>,
}

/// What the recorder may have written of the beginning of a stretch of days, the likelier first.
pub fn of_state(state: &str) -> &'static [&'static str] {
    match state {
        "grace" => &["grace_began", "suspension_ended"],
        "active" => &["suspension_ended"],
        _ => &[],
    }
}

/// The same of a going.
pub fn of_flow(kind: FlowKind) -> &'static [&'static str] {
    match kind {
        FlowKind::Lapsed => &["lapsed"],
        _ => &[],
    }
}

impl Causes {
    /// Reads those of these memberships.
    pub fn of(conn: &mut Conn, ids: &[Id], known: Known) -> Result<Self, Error> {
        let mut found = Self {
            seqs: HashMap::new(),
            turned: HashMap::new(),
        };
        // In the order of their numbers: of several that say the same the last counts.
        for event in queries::events(conn, ids, (-1, known.seq))? {
            let (id, no) = (event.membership_id, event.no);
            found.seqs.insert((id, no), event.seq);
            let key = (id, event.effective_on, event.kind);
            found.turned.insert(key, (no, event.seq));
        }
        Ok(found)
    }

    /// Number and position of what brought about what holds from a day: of the event, or where the calendar did, of what its recorder
    /// wrote. Nothing where that was not recorded at the position.
    pub fn cells(
        &self,
        (id, cause_no): (Id, Option<i32>),
        on: NaiveDate,
        turns: &[&str],
    ) -> (Cell, Cell) {
        let turned = || {
            turns
                .iter()
                .find_map(|kind| self.turned.get(&(id, on, (*kind).to_owned())))
        };
        let (no, seq) = match cause_no {
            Some(no) => (Some(no), self.seqs.get(&(id, no)).copied()),
            None => turned().map(|(no, seq)| (*no, *seq)).unzip(),
        };
        (
            Cell::of(no, |no| Cell::Integer(i64::from(no))),
            Cell::of(seq, Cell::Integer),
        )
    }
}
