//! What an event of one membership may not do to its organisation: give it two open memberships of a type on a day, or open
//! again what ended with it. Nor may it take away what a merge rests on (`merges`).
//!
//! Asked of the whole timeline, not of the act: a correction or a back-dated act can open days as well as an application can.

use chrono::NaiveDate;

use super::corrections::corrected_event;
use super::ledger::Ledger;
use super::merges;
use super::model::{Event, EventKind, MembershipType};
use super::queries::{self, Held};
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::organisations::{merged, moves};

/// Days on which a membership is open with one type; the last day but one, or none, is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The type.
    pub kind: MembershipType,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: Option<NaiveDate>,
}

impl Stretch {
    /// Its days that none of these stretches holds; they are in the order of their days.
    fn without(self, others: &[Self]) -> Vec<Self> {
        let mut rest = Vec::new();
        let mut from = self.from;
        for other in others.iter().filter(|other| other.kind == self.kind) {
            if self.to.is_some_and(|end| end <= other.from) {
                break;
            }
            if from < other.from {
                let to = Some(other.from);
                rest.push(Self { from, to, ..self });
            }
            match other.to {
                None => return rest,
                Some(end) => from = from.max(end),
            }
        }
        if self.to.is_none_or(|end| from < end) {
            rest.push(Self { from, ..self });
        }
        rest
    }
}

/// Why the organisation cannot take an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Said for people.
    pub why: String,
    /// The membership that is in the way, where it is one.
    pub by: Option<Id>,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self { why, by: None }
    }
}

/// The stretches of days on which a membership is open.
fn open_days(ledger: &Ledger) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for interval in ledger.intervals.iter().filter(|i| i.state.is_open()) {
        let kind = interval.membership_type;
        match found.last_mut() {
            Some(last) if last.kind == kind && last.to == Some(interval.from) => {
                last.to = interval.to;
            }
            _ => found.push(Stretch {
                kind,
                from: interval.from,
                to: interval.to,
            }),
        }
    }
    found
}

/// The stretches that are open after an event and were not before, or not as long.
fn opened(before: &Ledger, after: &Ledger) -> Vec<Stretch> {
    let was = open_days(before);
    let mut now = open_days(after);
    now.retain(|stretch| !stretch.without(&was).is_empty());
    now
}

/// Why the organisation cannot take what an event makes of one of its memberships; none where it can. The caller holds the journal's
/// head, so that no other membership opens at the same time.
pub fn refused(
    conn: &mut Conn,
    held: &Held,
    after: &Ledger,
    event: &Event,
) -> Result<Option<Refusal>, Error> {
    let opened = opened(&held.ledger, after);
    // An act leaves nothing open beyond the end, whatever was. Corrections set it right one by one.
    let left = match event.kind {
        EventKind::Corrected { .. } => opened.clone(),
        _ => open_days(after),
    };
    if let Some(why) = ended(conn, held, &left, event)? {
        return Ok(Some(why.into()));
    }
    if let Some(why) = merges::refused(conn, held, after, event)? {
        return Ok(Some(why.into()));
    }
    if opened.is_empty() {
        return Ok(None);
    }
    if let Some(why) = elsewhere(conn, held, after, (&opened, event))? {
        return Ok(Some(why.into()));
    }
    for stretch in &opened {
        let other = queries::open_beside(conn, held.organisation.id, held.row.id, stretch)?;
        if let Some((id, from)) = other {
            let why = format!(
                "the organisation has another open {} membership or application, {id}, from {from} on",
                stretch.kind.as_str()
            );
            return Ok(Some(Refusal { why, by: Some(id) }));
        }
    }
    Ok(None)
}

/// What is opened for a day that has passed counts in the country where the organisation was on that day.
fn elsewhere(
    conn: &mut Conn,
    held: &Held,
    after: &Ledger,
    (opened, event): (&[Stretch], &Event),
) -> Result<Option<String>, Error> {
    let was = open_days(&held.ledger);
    let new = opened.iter().flat_map(|stretch| stretch.without(&was));
    let passed = |stretch: &Stretch| event.recorded_on().is_some_and(|day| stretch.from < day);
    let passed: Vec<Stretch> = new.filter(passed).collect();
    if passed.is_empty() {
        return Ok(None);
    }
    // The organisation moved on while it was closed: on the days behind a move, too, it would count where it was before.
    let moves = moves::Moves::of(conn, &held.organisation)?;
    let days = passed
        .iter()
        .flat_map(|stretch| moves.days_within(stretch.from, stretch.to));
    for on in days {
        let there = moves.on(on).unwrap_or(&held.organisation.country);
        let counted = after.interval_on(on).map(|i| i.country.as_str());
        if counted.is_some_and(|country| country != there) {
            return Ok(Some(format!(
                "on {on} the organisation was in {there}, and it would count in another country; date it on the day of the last move or later"
            )));
        }
    }
    Ok(None)
}

/// Nothing is open beyond the end of an organisation.
fn ended(
    conn: &mut Conn,
    held: &Held,
    open: &[Stretch],
    event: &Event,
) -> Result<Option<String>, Error> {
    // A correction of the end itself moves the end: the organisation follows.
    if let EventKind::Corrected { target_no, .. } = event.kind {
        let target = corrected_event(&held.events, target_no).map(|e| &e.kind);
        if matches!(
            target,
            Some(EventKind::Dissolved {} | EventKind::Merged { .. })
        ) {
            return Ok(None);
        }
    }
    let beyond = |end: NaiveDate| {
        let past = |s: &&Stretch| s.to.is_none_or(|to| to > end);
        open.iter().any(|s| past(&s))
    };
    if let Some(day) = held.organisation.dissolved_on
        && beyond(day)
    {
        return Ok(Some(format!("the organisation was dissolved on {day}")));
    }
    if held.organisation.merged_into.is_some() {
        let id = held.organisation.id;
        let day = match held.organisation.merged_on {
            None => merged::merged_on(conn, &[id])?.get(&id).copied(),
            day => day,
        };
        if day.is_none_or(beyond) {
            return Ok(Some("the organisation was merged into another".to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{Stretch, open_days, opened};
    use crate::memberships::ledger::{Cause, Interval, Ledger};
    use crate::memberships::model::{MembershipType, State};

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn ledger(intervals: &[(State, u32, Option<u32>)]) -> Ledger {
        let interval = |(state, from, to): &(State, u32, Option<u32>)| Interval {
            state: *state,
            membership_type: MembershipType::Full,
            country: "KZ".to_owned(),
            from: day(*from),
            to: to.map(day),
            term_end: None,
            grace_end: None,
            cause: Cause::Event(1),
        };
        Ledger {
            intervals: intervals.iter().map(interval).collect(),
            ..Ledger::default()
        }
    }

    #[test]
    fn open_states_that_touch_are_one_stretch() {
        let all = ledger(&[
            (State::Draft, 1, Some(2)),
            (State::Active, 2, Some(5)),
            (State::Lapsed, 5, Some(8)),
            (State::Active, 8, None),
        ]);
        let kind = MembershipType::Full;
        assert_eq!(
            open_days(&all),
            [
                Stretch {
                    kind,
                    from: day(1),
                    to: Some(day(5))
                },
                Stretch {
                    kind,
                    from: day(8),
                    to: None
                },
            ]
        );
    }

    #[test]
    fn a_stretch_that_goes_on_longer_opens_the_days_behind_its_end_alone() {
        let kind = MembershipType::Full;
        let stretch = |from: u32, to: Option<u32>| Stretch {
            kind,
            from: day(from),
            to: to.map(day),
        };
        let was = [stretch(2, Some(5)), stretch(7, Some(9))];
        for (from, to, rest) in [
            (2, Some(12), vec![(5, Some(7)), (9, Some(12))]),
            (2, Some(5), vec![]),
            (1, Some(5), vec![(1, Some(2))]),
            (7, None, vec![(9, None)]),
            (10, None, vec![(10, None)]),
            (3, Some(4), vec![]),
            (1, Some(2), vec![(1, Some(2))]),
        ] {
            let rest: Vec<Stretch> = rest
                .into_iter()
                .map(|(from, to)| stretch(from, to))
                .collect();
            assert_eq!(stretch(from, to).without(&was), rest, "{from} {to:?}");
            let other = Stretch {
                kind: MembershipType::Observer,
                ..stretch(from, to)
            };
            assert_eq!(
                other.without(&was),
                [other],
                "another type is open by itself"
            );
        }
        assert_eq!(stretch(3, Some(9)).without(&[stretch(1, None)]), []);
    }

    #[test]
    fn only_what_was_closed_before_is_opened() {
        let before = ledger(&[(State::Active, 2, Some(5)), (State::Withdrawn, 5, None)]);
        let same = ledger(&[
            (State::Active, 2, Some(3)),
            (State::Suspended, 3, Some(5)),
            (State::Lapsed, 5, None),
        ]);
        assert_eq!(opened(&before, &same), []);
        for longer in [
            ledger(&[(State::Active, 2, Some(6)), (State::Withdrawn, 6, None)]),
            ledger(&[(State::Active, 1, Some(5)), (State::Withdrawn, 5, None)]),
            ledger(&[(State::Active, 2, None)]),
        ] {
            assert_eq!(opened(&before, &longer).len(), 1);
        }
    }
}
