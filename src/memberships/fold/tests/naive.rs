//! A second implementation of the ledger, to compare the fold with: it walks through the days one by one and
//! shares no code with the fold, the state machine, the corrections or the calculation of terms.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};

// Named by the module above, so that the suite can walk by the same file.
use super::{
    Correction, Event, EventKind, FlowKind, MembershipType, Rules, Stance, State, TermEnd, TurnKind,
};

/// What holds at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub state: State,
    pub membership_type: MembershipType,
    pub country: String,
    pub term_end: Option<NaiveDate>,
    pub grace_end: Option<NaiveDate>,
}

/// A flow: day, column, country, type.
pub type NaiveFlow = (NaiveDate, FlowKind, String, MembershipType);

#[derive(Debug, Default)]
pub struct Walked {
    pub days: Vec<(NaiveDate, Option<Held>)>,
    pub flows: Vec<NaiveFlow>,
    pub turns: Vec<(NaiveDate, TurnKind)>,
    pub impossible: BTreeSet<i32>,
}

fn recorded_after(a: &Event, b: &Event) -> bool {
    (a.seq, a.no) > (b.seq, b.no)
}

fn stands(event: &Event, all: &[Event]) -> bool {
    !all.iter().any(|other| {
        recorded_after(other, event)
            && matches!(&other.kind, EventKind::Corrected { target_no, correction: Correction::Void {} } if *target_no == event.no)
            && stands(other, all)
    })
}

fn moved_to(event: &Event, all: &[Event]) -> Option<NaiveDate> {
    all.iter()
        .filter(|other| recorded_after(other, event) && stands(other, all))
        .filter_map(|other| match &other.kind {
            EventKind::Corrected {
                target_no,
                correction: Correction::Replace { effective_on },
            } if *target_no == event.no => Some((other, *effective_on)),
            _ => None,
        })
        .max_by_key(|(other, _)| (other.seq, other.no))
        .map(|(other, own)| moved_to(other, all).unwrap_or(own))
}

fn is_step(kind: &EventKind) -> bool {
    [
        "applied",
        "submitted",
        "review_taken",
        "review_released",
        "review_reassigned",
        "returned",
        "recommended",
    ]
    .contains(&kind.name())
}

fn next_day(day: NaiveDate) -> NaiveDate {
    day + Days::new(1)
}

fn term(rules: &Rules, kind: MembershipType, start: NaiveDate) -> (NaiveDate, NaiveDate) {
    let rule = rules.at(kind, start);
    let month = |day: NaiveDate| day.year() * 12 + i32::try_from(day.month()).unwrap();
    let length = i32::try_from(rule.term_months).unwrap();
    let mut end = start;
    loop {
        let after = next_day(end);
        let over = match rule.term_end {
            TermEnd::Anniversary => {
                let target = month(start) + length;
                (month(after) == target && after.day() == start.day()) || month(after) > target
            }
            TermEnd::YearEnd => after.year() == start.year() + length / 12,
        };
        if over {
            break;
        }
        end = after;
    }
    let mut grace_end = end;
    for _ in 0..rule.grace_days {
        grace_end = next_day(grace_end);
    }
    (end, grace_end)
}

struct Walk<'a> {
    rules: &'a Rules,
    out: Walked,
    held: Option<Held>,
    until: Option<NaiveDate>,
    stance: Option<Stance>,
}

impl Walk<'_> {
    fn calendar(&mut self, day: NaiveDate) {
        while let Some(held) = &mut self.held {
            let over = |end: Option<NaiveDate>| end.is_some_and(|end| end < day);
            let kind = if held.state == State::Suspended && over(self.until) {
                held.state = State::Active;
                TurnKind::SuspensionEnded
            } else if (held.state == State::Active && over(held.term_end) && over(held.grace_end))
                || (held.state == State::Grace && over(held.grace_end))
            {
                let flow = (
                    day,
                    FlowKind::Lapsed,
                    held.country.clone(),
                    held.membership_type,
                );
                self.out.flows.push(flow);
                held.state = State::Lapsed;
                held.term_end = None;
                held.grace_end = None;
                TurnKind::Lapsed
            } else if held.state == State::Active && over(held.term_end) {
                held.state = State::Grace;
                TurnKind::GraceBegan
            } else {
                return;
            };
            self.out.turns.push((day, kind));
        }
    }

    fn event(&mut self, day: NaiveDate, event: &Event) -> bool {
        let Some(mut held) = self.held.clone() else {
            let EventKind::Applied {
                membership_type,
                country,
            } = &event.kind
            else {
                return false;
            };
            self.held = Some(Held {
                state: State::Draft,
                membership_type: *membership_type,
                country: country.clone(),
                term_end: None,
                grace_end: None,
            });
            return true;
        };
        let was = held.state;
        let member = ["active", "grace", "suspended"].contains(&was.as_str());
        let unborn =
            ["draft", "submitted", "in_review", "returned", "recommended"].contains(&was.as_str());
        let for_it = self.stance == Some(Stance::For);
        let mut flow = |kind, held: &Held| {
            self.out
                .flows
                .push((day, kind, held.country.clone(), held.membership_type));
        };
        let possible = match &event.kind {
            EventKind::Submitted {} => was == State::Draft || was == State::Returned,
            EventKind::ReviewTaken { .. } => was == State::Submitted,
            EventKind::ReviewReleased {} | EventKind::ReviewReassigned { .. } => {
                was == State::InReview
            }
            EventKind::Returned { .. } => was == State::InReview || was == State::Recommended,
            EventKind::Recommended { .. } => was == State::InReview || was == State::Recommended,
            EventKind::Rejected {} => was == State::Recommended,
            EventKind::Admitted {} => was == State::Recommended && for_it,
            EventKind::ApplicationWithdrawn {} => unborn,
            EventKind::Renewed {} => was == State::Active || was == State::Grace,
            EventKind::Suspended { until } => {
                (was == State::Active || was == State::Grace) && until.is_none_or(|end| end >= day)
            }
            EventKind::Lifted {} => was == State::Suspended,
            EventKind::Reinstated {} => {
                was == State::Lapsed || was == State::Withdrawn || was == State::Expelled
            }
            EventKind::Withdrawn {} | EventKind::Expelled {} => member,
            EventKind::Dissolved {} | EventKind::Merged { .. } => {
                was != State::Dissolved && was != State::Merged
            }
            EventKind::Transferred { to_country } => {
                *to_country != held.country
                    && ![
                        State::Rejected,
                        State::ApplicationWithdrawn,
                        State::Dissolved,
                        State::Merged,
                    ]
                    .contains(&was)
            }
            EventKind::TypeChanged { to } => member && *to != held.membership_type,
            _ => false,
        };
        if !possible {
            return false;
        }
        held.state = match &event.kind {
            EventKind::Submitted {} | EventKind::ReviewReleased {} => State::Submitted,
            EventKind::ReviewTaken { .. } => State::InReview,
            EventKind::Returned { .. } => State::Returned,
            EventKind::Recommended { stance } => {
                self.stance = Some(*stance);
                State::Recommended
            }
            EventKind::Rejected {} => State::Rejected,
            EventKind::ApplicationWithdrawn {} => State::ApplicationWithdrawn,
            EventKind::Admitted {}
            | EventKind::Renewed {}
            | EventKind::Lifted {}
            | EventKind::Reinstated {} => State::Active,
            EventKind::Suspended { .. } => State::Suspended,
            EventKind::Withdrawn {} => State::Withdrawn,
            EventKind::Expelled {} => State::Expelled,
            EventKind::Dissolved {} => State::Dissolved,
            EventKind::Merged { .. } => State::Merged,
            _ => was,
        };
        match &event.kind {
            EventKind::Admitted {} | EventKind::Reinstated {} | EventKind::Renewed {} => {
                let joins = !matches!(event.kind, EventKind::Renewed {});
                let start = if joins {
                    day
                } else {
                    next_day(held.term_end.unwrap())
                };
                let (end, grace_end) = term(self.rules, held.membership_type, start);
                held.term_end = Some(end);
                held.grace_end = Some(grace_end);
                if joins {
                    let reinstated = matches!(event.kind, EventKind::Reinstated {});
                    let kind = if reinstated {
                        FlowKind::Reinstated
                    } else {
                        FlowKind::Joined
                    };
                    flow(kind, &held);
                }
            }
            EventKind::Suspended { until } => self.until = *until,
            EventKind::Transferred { to_country } => {
                if member {
                    flow(FlowKind::TransferredOut, &held);
                }
                held.country.clone_from(to_country);
                if member {
                    flow(FlowKind::TransferredIn, &held);
                }
            }
            EventKind::TypeChanged { to } => {
                flow(FlowKind::ChangedOut, &held);
                held.membership_type = *to;
                flow(FlowKind::ChangedIn, &held);
            }
            EventKind::Withdrawn {} => flow(FlowKind::Withdrawn, &held),
            EventKind::Expelled {} => flow(FlowKind::Expelled, &held),
            EventKind::Dissolved {} if member => flow(FlowKind::Dissolved, &held),
            EventKind::Merged { .. } if member => flow(FlowKind::Merged, &held),
            _ => {}
        }
        if ["withdrawn", "expelled", "dissolved", "merged"].contains(&held.state.as_str()) {
            held.term_end = None;
            held.grace_end = None;
        }
        self.held = Some(held);
        true
    }
}

/// Walks from the day before the first event through `years` after the last.
pub fn walk(events: &[Event], rules: &Rules, years: i32) -> Walked {
    let mut walk = Walk {
        rules,
        out: Walked::default(),
        held: None,
        until: None,
        stance: None,
    };
    let mut queue: Vec<(NaiveDate, &Event)> = Vec::new();
    for event in events.iter().filter(|event| stands(event, events)) {
        if let EventKind::Corrected { target_no, .. } = &event.kind {
            let target = events.iter().find(|target| target.no == *target_no);
            if target.is_none_or(|target| {
                !recorded_after(event, target)
                    || ["grace_began", "lapsed", "suspension_ended"].contains(&target.kind.name())
            }) {
                walk.out.impossible.insert(event.no);
            }
            continue;
        }
        if ["grace_began", "lapsed", "suspension_ended"].contains(&event.kind.name()) {
            continue;
        }
        let day_of = |event: &Event| moved_to(event, events).unwrap_or(event.effective_on);
        let closing = events
            .iter()
            .filter(|other| recorded_after(other, event) && stands(other, events))
            .filter(|other| {
                [
                    "admitted",
                    "rejected",
                    "application_withdrawn",
                    "dissolved",
                    "merged",
                ]
                .contains(&other.kind.name())
            })
            .min_by_key(|other| (other.seq, other.no))
            .map(day_of);
        let own = day_of(event);
        let on = match closing {
            Some(closing) if is_step(&event.kind) && closing < own => closing,
            _ => own,
        };
        queue.push((on, event));
    }
    queue.sort_by_key(|(on, event)| (*on, event.seq, event.no));
    let Some((first, last)) = queue
        .first()
        .zip(queue.last())
        .map(|((first, _), (last, _))| (*first, *last))
    else {
        return walk.out;
    };
    let mut day = first - Days::new(1);
    while day.year() <= last.year() + years {
        walk.calendar(day);
        for (_, event) in queue.iter().filter(|(on, _)| *on == day) {
            if !walk.event(day, event) {
                walk.out.impossible.insert(event.no);
            }
            walk.calendar(day);
        }
        walk.out.days.push((day, walk.held.clone()));
        day = next_day(day);
    }
    walk.out
}
