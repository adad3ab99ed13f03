//! Examples here; [`properties`] over random ledgers, against the second implementation in [`naive`].

use super::*;
use crate::memberships::model::{Correction, MembershipType, Stance};
use crate::memberships::rules::TermEnd;
use crate::memberships::samples::{Book, dated_rule, day, moved, one_rule, plain_rules, void};

mod naive;
pub(in crate::memberships) mod properties;

fn ledger(book: &Book) -> Ledger {
    fold(&book.events, &plain_rules())
}

/// The timeline as lines of `from state`.
fn timeline(book: &Book) -> Vec<String> {
    ledger(book)
        .intervals
        .iter()
        .map(|interval| format!("{} {}", interval.from, interval.state.as_str()))
        .collect()
}

/// The flows as lines of `day column country type`.
fn flows(book: &Book) -> Vec<String> {
    ledger(book)
        .flows
        .iter()
        .map(|flow| {
            format!(
                "{} {} {} {}",
                flow.on,
                flow.kind.as_str(),
                flow.country,
                flow.membership_type.as_str()
            )
        })
        .collect()
}

#[test]
fn no_events_make_an_empty_ledger() {
    assert_eq!(fold(&[], &plain_rules()), Ledger::default());
    assert_eq!(Ledger::default().state_on(day("2026-01-01")), None);
}

#[test]
fn grace_and_lapse_follow_from_dates_alone() {
    let book = Book::admitted("2026-01-01");
    assert_eq!(
        timeline(&book),
        ["2026-01-01 active", "2027-01-01 grace", "2027-03-02 lapsed"]
    );
    assert_eq!(
        flows(&book),
        ["2026-01-01 joined KZ full", "2027-03-02 lapsed KZ full"]
    );
}

#[test]
fn a_day_sees_what_holds_from_its_start() {
    let ledger = ledger(&Book::admitted("2026-01-01"));
    assert_eq!(ledger.state_on(day("2025-12-31")), None);
    assert_eq!(ledger.state_on(day("2026-12-31")), Some(State::Active));
    assert_eq!(ledger.state_on(day("2027-01-01")), Some(State::Grace));
    assert_eq!(ledger.state_on(day("2027-03-01")), Some(State::Grace));
    assert_eq!(ledger.state_on(day("2027-03-02")), Some(State::Lapsed));
}

#[test]
fn a_renewal_in_grace_runs_on_from_the_old_terms_end() {
    let ledger = ledger(&Book::admitted("2026-01-01").and("2027-02-10", EventKind::Renewed {}));
    let on = ledger.interval_on(day("2027-02-10")).unwrap();
    assert_eq!(
        (on.state, on.term_end),
        (State::Active, Some(day("2027-12-31")))
    );
}

#[test]
fn a_renewal_before_the_end_runs_on_from_it_too() {
    let ledger = ledger(&Book::admitted("2026-01-01").and("2026-11-01", EventKind::Renewed {}));
    let on = ledger.interval_on(day("2026-11-01")).unwrap();
    assert_eq!(on.term_end, Some(day("2027-12-31")));
    assert_eq!(ledger.state_on(day("2027-06-01")), Some(State::Active));
}

#[test]
fn a_renewal_on_the_day_of_the_lapse_comes_too_late() {
    let at = |on| ledger(&Book::admitted("2026-01-01").and(on, EventKind::Renewed {})).problems;
    assert_eq!(at("2027-03-01"), []);
    assert_eq!(
        at("2027-03-02"),
        [Problem {
            event_no: 6,
            fault: Fault::NotPossible {
                state: State::Lapsed,
                rule: Why::State
            }
        }]
    );
}

#[test]
fn a_suspension_that_ends_inside_the_term_leads_back_to_active() {
    let book = Book::admitted("2026-01-01").and(
        "2026-03-01",
        EventKind::Suspended {
            until: Some(day("2026-04-30")),
        },
    );
    assert_eq!(
        timeline(&book)[1..3],
        ["2026-03-01 suspended", "2026-05-01 active"]
    );
    assert_eq!(flows(&book).len(), 2);
}

#[test]
fn a_suspension_across_the_terms_end_leads_to_grace_or_lapse() {
    let until = |until| {
        let book = Book::admitted("2026-01-01").and(
            "2026-12-01",
            EventKind::Suspended {
                until: Some(day(until)),
            },
        );
        (timeline(&book)[2..].to_vec(), ledger(&book).turns)
    };
    let turn = |on, kind| Turn { on: day(on), kind };
    let (states, turns) = until("2027-01-31");
    assert_eq!(states, ["2027-02-01 grace", "2027-03-02 lapsed"]);
    assert_eq!(
        turns,
        [
            turn("2027-02-01", TurnKind::SuspensionEnded),
            turn("2027-02-01", TurnKind::GraceBegan),
            turn("2027-03-02", TurnKind::Lapsed)
        ]
    );
    let (states, turns) = until("2027-06-30");
    assert_eq!(states, ["2027-07-01 lapsed"]);
    assert_eq!(
        turns,
        [
            turn("2027-07-01", TurnKind::SuspensionEnded),
            turn("2027-07-01", TurnKind::Lapsed)
        ]
    );
}

#[test]
fn a_lift_after_the_grace_days_lapses_on_its_day() {
    let book = Book::admitted("2026-01-01")
        .and("2026-12-01", EventKind::Suspended { until: None })
        .and("2027-06-01", EventKind::Lifted {});
    assert_eq!(
        timeline(&book)[1..],
        ["2026-12-01 suspended", "2027-06-01 lapsed"]
    );
    assert_eq!(flows(&book)[1], "2027-06-01 lapsed KZ full");
}

#[test]
fn an_open_suspension_has_no_end_of_its_own() {
    let book = Book::admitted("2026-01-01").and("2026-03-01", EventKind::Suspended { until: None });
    assert_eq!(
        timeline(&book),
        ["2026-01-01 active", "2026-03-01 suspended"]
    );
}

#[test]
fn nothing_turns_after_the_last_day_that_there_is() {
    let until = |until| EventKind::Suspended { until };
    let book = |last| Book::admitted("2026-01-01").and("2026-03-01", until(last));
    let open = ledger(&book(None));
    assert_eq!(ledger(&book(Some(LAST_DAY))), open);
    let before = LAST_DAY.pred_opt();
    let ends = ledger(&book(before));
    assert_eq!(ends.turns.first().map(|turn| turn.on), Some(LAST_DAY));
}

#[test]
fn a_suspension_lasts_at_least_its_first_day() {
    let until = |until| {
        let kind = EventKind::Suspended {
            until: Some(day(until)),
        };
        ledger(&Book::admitted("2026-01-01").and("2026-03-01", kind)).problems
    };
    assert_eq!(until("2026-03-01"), []);
    assert_eq!(until("2026-02-28")[0].fault, Fault::UntilBeforeStart);
}

#[test]
fn a_reinstatement_counts_as_reinstated_and_begins_a_new_term() {
    for (leaves, column) in [
        (EventKind::Withdrawn {}, "withdrawn"),
        (EventKind::Expelled {}, "expelled"),
    ] {
        let book = Book::admitted("2026-01-01")
            .and("2026-05-01", leaves)
            .and("2026-09-01", EventKind::Reinstated {});
        assert_eq!(
            flows(&book)[1..3],
            [
                format!("2026-05-01 {column} KZ full"),
                "2026-09-01 reinstated KZ full".to_owned()
            ]
        );
        let ledger = ledger(&book);
        let on = ledger.interval_on(day("2026-09-01")).unwrap();
        assert_eq!(on.term_end, Some(day("2027-08-31")));
        assert_eq!(
            ledger.member_since(day("2026-10-01")),
            Some(day("2026-09-01"))
        );
        assert_eq!(ledger.member_since(day("2026-06-01")), None);
    }
}

#[test]
fn a_transfer_and_a_change_of_type_keep_state_and_term_and_net_to_zero() {
    let book = Book::admitted("2026-01-01")
        .and(
            "2026-03-01",
            EventKind::Transferred {
                to_country: "UZ".to_owned(),
            },
        )
        .and(
            "2026-04-01",
            EventKind::TypeChanged {
                to: MembershipType::Observer,
            },
        );
    assert_eq!(
        flows(&book)[1..5],
        [
            "2026-03-01 transferred_out KZ full",
            "2026-03-01 transferred_in UZ full",
            "2026-04-01 changed_out UZ full",
            "2026-04-01 changed_in UZ observer"
        ]
    );
    let ledger = ledger(&book);
    let on = ledger.interval_on(day("2026-04-01")).unwrap();
    assert_eq!(
        (on.state, on.term_end),
        (State::Active, Some(day("2026-12-31")))
    );
    assert_eq!(
        ledger.member_since(day("2026-04-01")),
        Some(day("2026-01-01"))
    );
}

#[test]
fn a_transfer_or_change_to_where_it_is_is_a_problem() {
    let book = Book::admitted("2026-01-01")
        .and(
            "2026-03-01",
            EventKind::Transferred {
                to_country: "KZ".to_owned(),
            },
        )
        .and(
            "2026-04-01",
            EventKind::TypeChanged {
                to: MembershipType::Full,
            },
        );
    let faults: Vec<Fault> = ledger(&book)
        .problems
        .into_iter()
        .map(|p| p.fault)
        .collect();
    assert_eq!(faults, [Fault::SameCountry, Fault::SameType]);
}

#[test]
fn an_application_that_moves_country_makes_no_flow() {
    let book = Book::in_review("2026-01-01").and(
        "2026-02-01",
        EventKind::Transferred {
            to_country: "UZ".to_owned(),
        },
    );
    let ledger = ledger(&book);
    assert_eq!(ledger.flows, []);
    assert_eq!(ledger.desk.reviewer.as_deref(), Some("u1"));
    assert_eq!(ledger.interval_on(day("2026-02-01")).unwrap().country, "UZ");
}

#[test]
fn a_former_member_that_is_dissolved_or_merged_leaves_no_second_time() {
    let successor = "OTS-7K3M9Q2-54".to_owned();
    for end in [EventKind::Dissolved {}, EventKind::Merged { successor }] {
        let book = Book::admitted("2026-01-01")
            .and("2026-05-01", EventKind::Withdrawn {})
            .and("2026-06-01", end.clone());
        assert_eq!(flows(&book).len(), 2);
        let at_once = Book::admitted("2026-01-01").and("2026-06-01", end);
        assert_eq!(flows(&at_once).len(), 2);
    }
}

#[test]
fn a_decision_dated_behind_its_application_takes_the_steps_with_it() {
    let book = Book::in_review("2026-03-01")
        .and(
            "2026-03-02",
            EventKind::Recommended {
                stance: Stance::For,
            },
        )
        .recorded("2026-03-03", "2025-12-01", EventKind::Admitted {});
    assert_eq!(timeline(&book)[0], "2025-12-01 active");
    assert_eq!(ledger(&book).problems, []);
    let voided = book.and("2026-03-04", void(5));
    assert_eq!(
        timeline(&voided),
        ["2026-03-01 in_review", "2026-03-02 recommended"]
    );
}

#[test]
fn a_rejection_approves_a_recommendation_against() {
    let book = Book::in_review("2026-01-01").and(
        "2026-01-02",
        EventKind::Recommended {
            stance: Stance::Against,
        },
    );
    let rejected = book.clone().and("2026-01-03", EventKind::Rejected {});
    assert_eq!(
        timeline(&rejected),
        [
            "2026-01-01 in_review",
            "2026-01-02 recommended",
            "2026-01-03 rejected"
        ]
    );
    let admitted = book.and("2026-01-03", EventKind::Admitted {});
    assert_eq!(
        ledger(&admitted).problems[0].fault,
        Fault::NotPossible {
            state: State::Recommended,
            rule: Why::RecommendedAgainst
        }
    );
}

#[test]
fn the_desk_holds_reviewer_deadline_and_recommendation_until_they_are_done() {
    let taken = Book::in_review("2026-01-01");
    assert_eq!(ledger(&taken).desk.reviewer.as_deref(), Some("u1"));
    let reassigned = taken.clone().and(
        "2026-01-02",
        EventKind::ReviewReassigned {
            reviewer: "u2".to_owned(),
        },
    );
    assert_eq!(ledger(&reassigned).desk.reviewer.as_deref(), Some("u2"));
    assert_eq!(timeline(&reassigned), timeline(&taken));
    let returned = reassigned.and(
        "2026-01-03",
        EventKind::Returned {
            deadline: day("2026-02-03"),
        },
    );
    assert_eq!(ledger(&returned).desk.deadline, Some(day("2026-02-03")));
    let answered = returned.and("2026-01-04", EventKind::Submitted {});
    assert_eq!(
        ledger(&answered).desk,
        crate::memberships::ledger::Desk::default()
    );
    let recommended = taken.and(
        "2026-01-02",
        EventKind::Recommended {
            stance: Stance::For,
        },
    );
    assert_eq!(ledger(&recommended).desk.stance, Some(Stance::For));
    let sent_back = recommended.and(
        "2026-01-03",
        EventKind::Returned {
            deadline: day("2026-02-03"),
        },
    );
    assert_eq!(ledger(&sent_back).desk.stance, None);
    assert_eq!(
        ledger(&Book::admitted("2026-01-01")).desk,
        crate::memberships::ledger::Desk::default()
    );
}

#[test]
fn moving_the_admission_moves_the_term() {
    let book = Book::admitted("2026-01-01").and("2026-02-01", moved(5, "2026-01-15"));
    assert_eq!(
        timeline(&book),
        [
            "2026-01-01 recommended",
            "2026-01-15 active",
            "2027-01-15 grace",
            "2027-03-16 lapsed"
        ]
    );
}

#[test]
fn a_changed_rule_does_not_rewrite_a_running_term() {
    let changed =
        one_rule(12, "anniversary", 60) + &dated_rule("2026-06-01", 24, "anniversary", 10);
    let rules = Rules::parse(&changed).unwrap();
    let book = Book::admitted("2026-01-01").and("2027-02-01", EventKind::Renewed {});
    let ledger = fold(&book.events, &rules);
    assert_eq!(ledger.state_on(day("2027-01-31")), Some(State::Grace));
    let next = ledger.interval_on(day("2027-02-01")).unwrap();
    assert_eq!(next.term_end, Some(day("2028-12-31")));
    assert_eq!(next.grace_end, Some(day("2029-01-10")));
}

#[test]
fn without_grace_days_a_term_ends_in_lapse() {
    let rules = Rules::parse(&one_rule(12, "anniversary", 0)).unwrap();
    let ledger = fold(&Book::admitted("2026-01-01").events, &rules);
    assert_eq!(ledger.state_on(day("2027-01-01")), Some(State::Lapsed));
    assert_eq!(ledger.turns.len(), 1);
}

#[test]
fn what_the_calendar_recorded_and_is_no_longer_true_is_restated() {
    let book = Book::admitted("2026-01-01")
        .and("2027-01-01", EventKind::GraceBegan {})
        .and("2027-03-02", EventKind::Lapsed {});
    assert_eq!(ledger(&book).restated, []);
    let renewed = book.recorded("2027-03-05", "2026-12-20", EventKind::Renewed {});
    let restated: Vec<i32> = ledger(&renewed)
        .restated
        .iter()
        .map(|restated| restated.event_no)
        .collect();
    assert_eq!(restated, [6, 7]);
    let undone = renewed.and("2027-03-06", void(8));
    assert_eq!(ledger(&undone).restated, []);
}

#[test]
fn problems_are_listed_by_event_number_and_restated_turns_as_recorded() {
    let book = Book::admitted("2026-01-01")
        .and("2026-05-01", EventKind::Lifted {})
        .and("2026-04-01", EventKind::Lifted {})
        .and("2026-03-01", void(99))
        .and("2026-06-01", EventKind::Lapsed {})
        .and("2026-05-01", EventKind::GraceBegan {});
    let ledger = ledger(&book);
    let problems: Vec<i32> = ledger.problems.iter().map(|one| one.event_no).collect();
    let restated: Vec<i32> = ledger.restated.iter().map(|one| one.event_no).collect();
    assert_eq!((problems, restated), (vec![6, 7, 8], vec![9, 10]));
}

#[test]
fn what_is_due_is_what_the_calendar_has_not_recorded_by_the_day() {
    let book = Book::admitted("2026-01-01");
    let due = |book: &Book, through| {
        ledger(book)
            .due(&book.events, day(through))
            .iter()
            .map(|turn| turn.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(due(&book, "2026-12-31"), []);
    assert_eq!(due(&book, "2027-01-01"), [TurnKind::GraceBegan]);
    assert_eq!(
        due(&book, "2030-01-01"),
        [TurnKind::GraceBegan, TurnKind::Lapsed]
    );
    let recorded = book.and("2027-01-01", EventKind::GraceBegan {});
    assert_eq!(due(&recorded, "2030-01-01"), [TurnKind::Lapsed]);
}

#[test]
fn known_at_leaves_out_what_was_recorded_later() {
    let book =
        Book::admitted("2026-01-01").recorded("2026-06-01", "2026-02-01", EventKind::Withdrawn {});
    let known = fold(&known_at(&book.events, 50), &plain_rules());
    assert_eq!(known.state_on(day("2026-03-01")), Some(State::Active));
    let later = fold(&known_at(&book.events, 60), &plain_rules());
    assert_eq!(later.state_on(day("2026-03-01")), Some(State::Withdrawn));
}

#[test]
fn the_first_and_last_days_of_the_calendar_do_no_harm() {
    let mut events = Book::admitted("2026-01-01").events;
    for event in &mut events {
        event.effective_on = NaiveDate::MAX;
    }
    let ledger = fold(&events, &plain_rules());
    assert_eq!(ledger.state_on(NaiveDate::MAX), Some(State::Active));
    for event in &mut events {
        event.effective_on = NaiveDate::MIN;
    }
    let ledger = fold(&events, &plain_rules());
    assert_eq!(ledger.state_on(NaiveDate::MAX), Some(State::Lapsed));
}
