//! Rules that hold for every ledger, over random ones.

use std::collections::BTreeSet;

use chrono::Days;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::naive;
use super::*;
use crate::memberships::admissible::admissible;
use crate::memberships::model::Correction;
use crate::memberships::samples::instant;

const COUNTRIES: [&str; 3] = ["KZ", "UZ", "TRNC"];

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..1500).prop_map(|days| day("2026-01-01") + Days::new(days))
}

/// The last day of a suspension; the last day that there is, too.
fn until() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![6 => any_day(), 1 => Just(LAST_DAY)]
}

fn country() -> impl Strategy<Value = String> {
    select(COUNTRIES.to_vec()).prop_map(str::to_owned)
}

fn membership_type() -> impl Strategy<Value = MembershipType> {
    select(MembershipType::ALL.to_vec())
}

fn correction() -> impl Strategy<Value = EventKind> {
    let how = prop_oneof![
        Just(Correction::Void {}),
        any_day().prop_map(|effective_on| Correction::Replace { effective_on }),
    ];
    (1_i32..22, how).prop_map(|(target_no, correction)| EventKind::Corrected {
        target_no,
        correction,
    })
}

fn kind() -> impl Strategy<Value = EventKind> {
    let reviewer = || Just("u1".to_owned());
    prop_oneof![
        1 => (membership_type(), country())
            .prop_map(|(membership_type, country)| EventKind::Applied { membership_type, country }),
        3 => Just(EventKind::Submitted {}),
        3 => reviewer().prop_map(|reviewer| EventKind::ReviewTaken { reviewer }),
        1 => Just(EventKind::ReviewReleased {}),
        1 => reviewer().prop_map(|reviewer| EventKind::ReviewReassigned { reviewer }),
        1 => any_day().prop_map(|deadline| EventKind::Returned { deadline }),
        3 => select(vec![Stance::For, Stance::Against]).prop_map(|stance| EventKind::Recommended { stance }),
        2 => Just(EventKind::Rejected {}),
        1 => Just(EventKind::ApplicationWithdrawn {}),
        3 => Just(EventKind::Admitted {}),
        8 => Just(EventKind::Renewed {}),
        5 => proptest::option::of(until()).prop_map(|until| EventKind::Suspended { until }),
        4 => Just(EventKind::Lifted {}),
        5 => Just(EventKind::Reinstated {}),
        2 => Just(EventKind::Withdrawn {}),
        2 => Just(EventKind::Expelled {}),
        1 => Just(EventKind::Dissolved {}),
        1 => Just(EventKind::Merged { successor: "OTS-7K3M9Q2-54".to_owned() }),
        4 => country().prop_map(|to_country| EventKind::Transferred { to_country }),
        3 => membership_type().prop_map(|to| EventKind::TypeChanged { to }),
        8 => correction(),
        1 => Just(EventKind::GraceBegan {}),
        1 => Just(EventKind::Lapsed {}),
        1 => Just(EventKind::SuspensionEnded {}),
    ]
}

/// Days until the next recording, days by which it is back-dated (negative: ahead), and what.
fn stroke() -> impl Strategy<Value = (u64, i64, EventKind)> {
    let wait = prop_oneof![2 => 0_u64..3, 3 => 0_u64..200];
    let back = prop_oneof![4 => Just(0_i64), 2 => 0_i64..300, 1 => -90_i64..0];
    (wait, back, kind())
}

/// How far the usual way to membership has gone before the random events.
fn opening() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0_usize..5, 4 => Just(5_usize)]
}

fn with_strokes(opening: usize, strokes: Vec<(u64, i64, EventKind)>) -> Vec<Event> {
    let mut events = Book::admitted("2026-01-01").events;
    events.truncate(opening);
    let mut today = day("2026-01-01");
    for (wait, back, kind) in strokes {
        today = today + Days::new(wait);
        let on = today - chrono::Duration::days(back);
        let no = i32::try_from(events.len()).unwrap() + 1;
        let mut event = Event::new(no, i64::from(no) * 10, instant(today), on, kind);
        event.reason = Some("stated".to_owned());
        events.push(event);
    }
    events
}

/// Any events at all, most of them impossible somewhere.
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    (opening(), proptest::collection::vec(stroke(), 0..14))
        .prop_map(|(opening, strokes)| with_strokes(opening, strokes))
}

fn any_rules() -> impl Strategy<Value = Rules> {
    select(vec![
        one_rule(12, "anniversary", 60),
        one_rule(12, "year_end", 30),
        one_rule(24, "anniversary", 0),
        // A grace longer than the term: a renewal may leave the next term behind too.
        one_rule(1, "anniversary", 90),
        one_rule(12, "anniversary", 60) + &dated_rule("2027-06-01", 6, "anniversary", 14),
    ])
    .prop_map(|text| Rules::parse(&text).unwrap())
}

/// Renumbers what admission to the ledger leaves, so that it has no gaps.
fn admitted_only(events: &[Event], rules: &Rules) -> Vec<(Event, Ledger)> {
    let mut kept: Vec<Event> = Vec::new();
    let mut ledgers = Vec::new();
    for event in events {
        let no = i32::try_from(kept.len()).unwrap() + 1;
        let event = Event {
            no,
            ..event.clone()
        };
        if let Ok(ledger) = admissible(&kept, rules, &event) {
            kept.push(event.clone());
            ledgers.push((event, ledger));
        }
    }
    ledgers
}

/// A ledger whose every event was possible when it was recorded, and its rules.
pub(in crate::memberships) fn possible_ledger() -> impl Strategy<Value = (Vec<Event>, Rules)> {
    (any_events(), any_rules()).prop_map(|(events, rules)| {
        let kept = admitted_only(&events, &rules);
        (kept.into_iter().map(|(event, _)| event).collect(), rules)
    })
}

/// The events with all true turns of the calendar recorded behind them.
fn with_calendar(events: &[Event], ledger: &Ledger) -> Vec<Event> {
    let mut all = events.to_vec();
    for turn in &ledger.turns {
        let no = i32::try_from(all.len()).unwrap() + 1;
        all.push(Event::new(
            no,
            i64::from(no) * 10,
            instant(turn.on),
            turn.on,
            turn.kind.event_kind(),
        ));
    }
    all
}

fn without_restated(ledger: Ledger) -> Ledger {
    Ledger {
        restated: Vec::new(),
        ..ledger
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn intervals_follow_each_other_without_gap_or_overlap_to_an_open_end(
        events in any_events(), rules in any_rules()
    ) {
        let ledger = fold(&events, &rules);
        for pair in ledger.intervals.windows(2) {
            prop_assert!(pair[0].from < pair[1].from);
            prop_assert_eq!(pair[0].to, Some(pair[1].from));
            prop_assert!(!same(&pair[0], &pair[1]));
        }
        if let Some(last) = ledger.intervals.last() {
            prop_assert_eq!(last.to, None);
        }
        for interval in &ledger.intervals {
            prop_assert_eq!(interval.state.is_member(), interval.term_end.is_some());
        }
    }

    #[test]
    fn the_fold_agrees_with_a_walk_through_the_days(events in any_events(), rules in any_rules()) {
        let ledger = fold(&events, &rules);
        let walked = naive::walk(&events, &rules, 30);
        for (on, held) in &walked.days {
            let interval = ledger.interval_on(*on).map(|interval| naive::Held {
                state: interval.state,
                membership_type: interval.membership_type,
                country: interval.country.clone(),
                term_end: interval.term_end,
                grace_end: interval.grace_end,
            });
            prop_assert_eq!(&interval, held, "on {}", on);
        }
        let flows: Vec<naive::NaiveFlow> = ledger
            .flows
            .iter()
            .map(|flow| (flow.on, flow.kind, flow.country.clone(), flow.membership_type))
            .collect();
        prop_assert_eq!(flows, walked.flows);
        let turns: Vec<_> = ledger.turns.iter().map(|turn| (turn.on, turn.kind)).collect();
        prop_assert_eq!(turns, walked.turns);
        let problems: BTreeSet<i32> = ledger.problems.iter().map(|problem| problem.event_no).collect();
        prop_assert_eq!(problems, walked.impossible);
    }

    #[test]
    fn no_day_of_a_ledger_lies_behind_the_last_day_that_there_is(
        events in any_events(), rules in any_rules(), later in 2_910_900_u64..2_912_500
    ) {
        // Also where the whole ledger lies close to it.
        let mut late = events.clone();
        for event in &mut late {
            event.effective_on = (event.effective_on + Days::new(later)).min(LAST_DAY);
        }
        for events in [events, late] {
            let ledger = fold(&events, &rules);
            let days = ledger.intervals.iter().flat_map(|i| [Some(i.from), i.to, i.term_end, i.grace_end]);
            let days = days.flatten().chain(ledger.flows.iter().map(|f| f.on)).chain(ledger.turns.iter().map(|t| t.on));
            for day in days {
                prop_assert!(day <= LAST_DAY, "{}", day);
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        (events, shuffled) in any_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        rules in any_rules()
    ) {
        prop_assert_eq!(fold(&events, &rules), fold(&shuffled, &rules));
    }

    #[test]
    fn what_was_known_at_a_sequence_is_the_ledger_of_then(events in any_events(), rules in any_rules()) {
        let grown = admitted_only(&events, &rules);
        let all: Vec<Event> = grown.iter().map(|(event, _)| event.clone()).collect();
        for (event, ledger) in &grown {
            prop_assert_eq!(&fold(&known_at(&all, event.seq), &rules), ledger);
        }
    }

    #[test]
    fn a_ledger_grown_by_admissible_events_has_no_problems(events in any_events(), rules in any_rules()) {
        for (_, ledger) in admitted_only(&events, &rules) {
            prop_assert_eq!(ledger.problems, []);
        }
    }

    #[test]
    fn a_void_equals_the_ledger_without_the_event(
        events in any_events(), rules in any_rules(), pick in any::<prop::sample::Index>()
    ) {
        prop_assume!(!events.is_empty());
        let target = &events[pick.index(events.len())];
        let corrected_already = |event: &Event| {
            matches!(event.kind, EventKind::Corrected { target_no, .. } if target_no == target.no)
        };
        prop_assume!(!target.kind.is_calendar() && !events.iter().any(corrected_already));
        let no = i32::try_from(events.len()).unwrap() + 100;
        let void = Event::new(no, 10_000, i64::MAX, day("2026-01-01"), void(target.no));
        let mut voided = events.clone();
        voided.push(void);
        let without: Vec<Event> = events.iter().filter(|event| event.no != target.no).cloned().collect();
        prop_assert_eq!(fold(&voided, &rules), fold(&without, &rules));
    }

    #[test]
    fn a_void_of_a_void_equals_the_original(
        events in any_events(), rules in any_rules(), pick in any::<prop::sample::Index>()
    ) {
        prop_assume!(!events.is_empty());
        let target = &events[pick.index(events.len())];
        prop_assume!(!target.kind.is_calendar());
        let no = i32::try_from(events.len()).unwrap() + 100;
        let mut twice = events.clone();
        twice.push(Event::new(no, 10_000, 0, day("2026-01-01"), void(target.no)));
        twice.push(Event::new(no + 1, 10_001, 0, day("2026-01-01"), void(no)));
        prop_assert_eq!(fold(&twice, &rules), fold(&events, &rules));
    }

    #[test]
    fn opening_and_flows_make_the_closing_for_every_country_and_type(
        events in any_events(), rules in any_rules(), a in any_day(), b in any_day()
    ) {
        let ledger = fold(&events, &rules);
        let (opening, closing) = (a.min(b), a.max(b));
        let mut total = 0;
        for country in COUNTRIES {
            for membership_type in MembershipType::ALL {
                let members = |on| ledger.interval_on(on).map_or(0, |interval| i32::from(
                    interval.state.is_member()
                        && interval.country == country
                        && interval.membership_type == membership_type,
                ));
                let flows: i32 = ledger
                    .flows
                    .iter()
                    .filter(|flow| opening < flow.on && flow.on <= closing)
                    .filter(|flow| flow.country == country && flow.membership_type == membership_type)
                    .map(|flow| flow.kind.sign())
                    .sum();
                prop_assert_eq!(members(opening) + flows, members(closing));
                total += flows;
            }
        }
        let inner: i32 = ledger
            .flows
            .iter()
            .filter(|flow| opening < flow.on && flow.on <= closing)
            .filter(|flow| !matches!(
                flow.kind,
                FlowKind::TransferredIn | FlowKind::TransferredOut | FlowKind::ChangedIn | FlowKind::ChangedOut
            ))
            .map(|flow| flow.kind.sign())
            .sum();
        prop_assert_eq!(total, inner, "transfers and changes net to zero");
    }

    #[test]
    fn who_is_not_suspended_lapses_behind_the_grace_days_if_nothing_happens(
        events in any_events(), rules in any_rules()
    ) {
        let ledger = fold(&events, &rules);
        for held in ledger.intervals.iter().filter(|i| matches!(i.state, State::Active | State::Grace)) {
            let last = held.to.and_then(|to| to.pred_opt()).unwrap_or(held.from);
            for on in [held.from, last] {
                let alone = fold_until(&events, &rules, on);
                let lapse = alone.intervals.iter().find(|i| i.from > on && i.state == State::Lapsed);
                let behind = held.grace_end.and_then(|day| day.succ_opt());
                prop_assert!(behind.is_some());
                prop_assert_eq!(lapse.map(|i| i.from), behind);
                prop_assert_eq!(lapse.map(|i| i.cause), Some(Cause::Calendar));
            }
        }
    }

    #[test]
    fn recording_what_the_calendar_says_changes_nothing(events in any_events(), rules in any_rules()) {
        let plain = fold(&events, &rules);
        let all = with_calendar(&events, &plain);
        prop_assert_eq!(fold(&all, &rules), plain.clone());
        prop_assert_eq!(plain.due(&all, NaiveDate::MAX), []);
    }

    #[test]
    fn recording_what_the_calendar_does_not_say_only_restates(
        events in any_events(), rules in any_rules(), on in any_day(), turn in 0_usize..3
    ) {
        let plain = fold(&events, &rules);
        let kind = [TurnKind::SuspensionEnded, TurnKind::GraceBegan, TurnKind::Lapsed][turn];
        prop_assume!(!plain.turns.contains(&Turn { on, kind }));
        let mut all = events;
        all.push(Event::new(900, 9_000, 0, on, kind.event_kind()));
        let with = fold(&all, &rules);
        prop_assert!(with.restated.iter().any(|restated| restated.event_no == 900));
        prop_assert_eq!(without_restated(with), without_restated(plain));
    }

    #[test]
    fn daily_recording_and_recording_after_downtime_agree(events in any_events(), rules in any_rules()) {
        let grown = admitted_only(&events, &rules);
        let all: Vec<Event> = grown.into_iter().map(|(event, _)| event).collect();
        let late = fold(&all, &rules).due(&all, day("2035-01-01"));
        let mut recorded = all.clone();
        for (nth, month) in (0..120_u32).enumerate() {
            let today = day("2025-06-01") + chrono::Months::new(month);
            for turn in fold(&recorded, &rules).due(&recorded, today) {
                let no = 1_000 + i32::try_from(nth).unwrap() * 10 + i32::try_from(recorded.len()).unwrap();
                recorded.push(Event::new(no, 10_000, 0, turn.on, turn.kind.event_kind()));
            }
        }
        let daily: BTreeSet<Turn> = recorded.iter().filter_map(recorded_turn).filter(|turn| {
            fold(&all, &rules).turns.contains(turn)
        }).collect();
        prop_assert!(late.iter().all(|turn| turn.on > day("2035-01-01") || daily.contains(turn)));
    }

    #[test]
    fn the_state_machine_and_the_fold_agree_on_a_lift(
        rules in any_rules(), after in 0_u64..900, more in 0_u64..400
    ) {
        let admitted = Book::admitted("2026-01-01");
        let last = fold(&admitted.events, &rules).turns.last().map(|turn| turn.on).unwrap();
        let suspended_on = (day("2026-01-01") + Days::new(after)).min(last - Days::new(1));
        let lifted_on = suspended_on + Days::new(more);
        let suspended = admitted.and(&suspended_on.to_string(), EventKind::Suspended { until: None });
        let context = fold(&suspended.events, &rules).context_on(lifted_on, false);
        let said = machine::next(State::Suspended, Act::Lift, &context).unwrap();
        let lifted = suspended.and(&lifted_on.to_string(), EventKind::Lifted {});
        prop_assert_eq!(fold(&lifted.events, &rules).state_on(lifted_on), Some(said));
    }
}

/// Guards the properties above: random ledgers that never got anywhere would prove nothing.
#[test]
fn random_ledgers_reach_every_state_column_turn_and_kind_of_problem() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut grown = 0_usize;
    for _ in 0..1500 {
        let events = any_events().new_tree(&mut runner).unwrap().current();
        let rules = any_rules().new_tree(&mut runner).unwrap().current();
        let ledger = fold(&events, &rules);
        seen.extend(
            ledger
                .intervals
                .iter()
                .map(|interval| format!("{:?}", interval.state)),
        );
        seen.extend(
            ledger
                .flows
                .iter()
                .map(|flow| format!("flow {:?}", flow.kind)),
        );
        seen.extend(
            ledger
                .turns
                .iter()
                .map(|turn| format!("turn {:?}", turn.kind)),
        );
        seen.extend(ledger.restated.iter().map(|_| "restated".to_owned()));
        for problem in &ledger.problems {
            let json = serde_json::to_value(&problem.fault).unwrap();
            seen.insert(format!("fault {}", json["why"]));
        }
        grown += admitted_only(&events, &rules).len();
    }
    let missing: Vec<String> = State::ALL
        .map(|state| format!("{state:?}"))
        .into_iter()
        .chain(FlowKind::ALL.map(|kind| format!("flow {kind:?}")))
        .chain(["SuspensionEnded", "GraceBegan", "Lapsed"].map(|kind| format!("turn {kind}")))
        .chain(
            [
                "not_possible",
                "before_application",
                "second_application",
                "until_before_start",
                "same_country",
                "same_type",
                "no_target",
                "target_is_calendar",
            ]
            .map(|why| format!("fault \"{why}\"")),
        )
        .chain(["restated".to_owned()])
        .filter(|wanted| !seen.contains(wanted))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    assert!(grown > 1500 * 5, "{grown} admissible events");
}
