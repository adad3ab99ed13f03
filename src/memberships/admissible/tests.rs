use super::*;
use crate::memberships::ledger::FlowKind;
use crate::memberships::machine::Why;
use crate::memberships::samples::{Book, day, moved, one_rule, plain_rules, void};

fn ask(book: &Book, recorded: &str, on: &str, kind: EventKind) -> Result<Ledger, Refused> {
    admissible(&book.events, &plain_rules(), &book.next(recorded, on, kind))
}

#[test]
fn an_admissible_event_answers_the_ledger_with_it() {
    let book = Book::admitted("2026-01-01");
    let ledger = ask(&book, "2026-03-01", "2026-03-01", EventKind::Withdrawn {}).unwrap();
    assert_eq!(ledger.state_on(day("2026-03-01")), Some(State::Withdrawn));
    let with = book.and("2026-03-01", EventKind::Withdrawn {});
    assert_eq!(ledger, fold(&with.events, &plain_rules()));
}

#[test]
fn an_event_that_its_state_does_not_allow_is_refused_with_the_possible_acts() {
    let book = Book::admitted("2026-01-01");
    let refused = ask(&book, "2027-06-01", "2027-06-01", EventKind::Renewed {}).unwrap_err();
    let Refused::NotPossible {
        fault,
        state,
        possible,
    } = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        fault,
        Fault::NotPossible {
            state: State::Lapsed,
            rule: Why::State
        }
    );
    assert_eq!(state, Some(State::Lapsed));
    assert!(possible.contains(&Act::Reinstate) && !possible.contains(&Act::Renew));
}

#[test]
fn a_back_dated_event_must_not_make_later_ones_impossible() {
    let book = Book::admitted("2026-01-01").and("2026-06-01", EventKind::Suspended { until: None });
    assert_eq!(
        ask(&book, "2026-07-01", "2026-05-01", EventKind::Withdrawn {}),
        Err(Refused::BreaksLater {
            problems: vec![Problem {
                event_no: 6,
                fault: Fault::NotPossible {
                    state: State::Withdrawn,
                    rule: Why::State
                }
            }]
        })
    );
    assert!(ask(&book, "2026-07-01", "2026-06-15", EventKind::Withdrawn {}).is_ok());
}

#[test]
fn a_renewal_dated_into_the_grace_days_undoes_a_recorded_lapse() {
    let book = Book::admitted("2026-01-01")
        .and("2027-01-01", EventKind::GraceBegan {})
        .and("2027-03-02", EventKind::Lapsed {});
    let ledger = ask(&book, "2027-03-10", "2027-02-20", EventKind::Renewed {}).unwrap();
    assert_eq!(ledger.state_on(day("2027-03-05")), Some(State::Active));
    assert_eq!(ledger.restated.len(), 1);
    assert_eq!(ledger.restated[0].event_no, 7);
}

#[test]
fn an_act_is_dated_within_the_limits_of_the_rules() {
    let book = Book::admitted("2026-01-01").and("2027-01-15", EventKind::Renewed {});
    let at = |on| ask(&book, "2027-06-01", on, EventKind::Withdrawn {});
    assert_eq!(
        at("2026-05-30"),
        Err(Refused::TooEarly {
            earliest: day("2026-05-31")
        })
    );
    assert_eq!(
        at("2028-06-02"),
        Err(Refused::TooLate {
            latest: day("2028-06-01")
        })
    );
    let renewed_again = book.clone().and("2027-01-16", EventKind::Renewed {});
    assert!(
        ask(
            &renewed_again,
            "2027-06-01",
            "2028-06-01",
            EventKind::Withdrawn {}
        )
        .is_ok()
    );
}

#[test]
fn a_correction_gives_a_day_that_the_event_could_have_had() {
    let book = Book::admitted("2026-01-01");
    assert_eq!(
        ask(&book, "2027-06-01", "2027-06-01", moved(5, "2024-12-30")),
        Err(Refused::TooEarly {
            earliest: day("2024-12-31")
        })
    );
    assert!(ask(&book, "2027-06-01", "2027-06-01", moved(5, "2024-12-31")).is_ok());
}

#[test]
fn a_back_dated_act_needs_a_reason_and_so_do_some_others_always() {
    let book = Book::admitted("2026-01-01");
    let without = |recorded, on, kind| {
        let mut event = book.next(recorded, on, kind);
        event.reason = Some("  ".to_owned());
        admissible(&book.events, &plain_rules(), &event)
    };
    let today = "2026-03-01";
    assert!(without(today, today, EventKind::Renewed {}).is_ok());
    assert_eq!(
        without(today, "2026-02-28", EventKind::Renewed {}),
        Err(Refused::ReasonMissing)
    );
    for kind in [
        EventKind::Expelled {},
        EventKind::Suspended { until: None },
        void(5),
    ] {
        assert_eq!(without(today, today, kind), Err(Refused::ReasonMissing));
    }
}

#[test]
fn an_event_follows_the_last_one_in_number_sequence_and_time() {
    let book = Book::admitted("2026-01-01");
    let rules = plain_rules();
    let good = book.next("2026-03-01", "2026-03-01", EventKind::Renewed {});
    assert!(admissible(&book.events, &rules, &good).is_ok());
    for wrong in [
        Event {
            no: 5,
            ..good.clone()
        },
        Event {
            no: 7,
            ..good.clone()
        },
        Event {
            seq: 49,
            ..good.clone()
        },
        Event {
            recorded_at: 0,
            ..good.clone()
        },
    ] {
        assert_eq!(
            admissible(&book.events, &rules, &wrong),
            Err(Refused::OutOfSequence)
        );
    }
}

#[test]
fn an_instant_outside_the_calendar_is_refused() {
    let book = Book::admitted("2026-01-01");
    let mut event = book.next("2026-03-01", "2026-03-01", EventKind::Renewed {});
    event.recorded_at = i64::MAX;
    assert_eq!(
        admissible(&book.events, &plain_rules(), &event),
        Err(Refused::OutOfSequence)
    );
}

#[test]
fn a_voided_event_is_not_corrected_again_but_its_void_may_be() {
    let book = Book::admitted("2026-01-01")
        .and("2026-02-01", EventKind::Withdrawn {})
        .and("2026-02-02", void(6));
    let today = "2026-02-03";
    for kind in [void(6), moved(6, "2026-01-20")] {
        assert_eq!(
            ask(&book, today, today, kind),
            Err(Refused::AlreadyVoid { target_no: 6 })
        );
    }
    let ledger = ask(&book, today, today, void(7)).unwrap();
    assert_eq!(ledger.state_on(day(today)), Some(State::Withdrawn));
}

#[test]
fn the_application_itself_is_withdrawn_and_never_voided() {
    let book = Book {
        events: Book::in_review("2026-01-01").events[..1].to_vec(),
    };
    assert_eq!(
        ask(&book, "2026-01-02", "2026-01-02", void(1)),
        Err(Refused::NothingLeft)
    );
}

#[test]
fn the_first_event_is_an_application() {
    let empty = Book::default();
    assert!(matches!(
        ask(&empty, "2026-01-01", "2026-01-01", EventKind::Admitted {}),
        Err(Refused::NotPossible {
            fault: Fault::BeforeApplication,
            ..
        })
    ));
}

#[test]
fn the_calendar_records_only_what_is_true_new_and_past() {
    let book = Book::admitted("2026-01-01");
    let grace = |book: &Book, recorded, on| ask(book, recorded, on, EventKind::GraceBegan {});
    assert_eq!(
        grace(&book, "2026-12-31", "2027-01-01"),
        Err(Refused::CalendarDisagrees)
    );
    assert_eq!(
        grace(&book, "2027-01-02", "2027-01-02"),
        Err(Refused::CalendarDisagrees)
    );
    assert!(grace(&book, "2027-01-02", "2027-01-01").is_ok());
    let recorded = book.and("2027-01-02", EventKind::Renewed {}).recorded(
        "2027-01-02",
        "2027-01-01",
        EventKind::GraceBegan {},
    );
    assert_eq!(
        grace(&recorded, "2027-01-03", "2027-01-01"),
        Err(Refused::CalendarDisagrees)
    );
}

#[test]
fn long_after_downtime_the_calendar_still_records_its_days() {
    let book = Book::admitted("2026-01-01");
    assert!(ask(&book, "2030-01-01", "2027-03-02", EventKind::Lapsed {}).is_ok());
}

#[test]
fn members_of_long_ago_are_admitted_as_of_their_day() {
    let book = Book::in_review("2026-06-10").and(
        "2026-06-11",
        EventKind::Recommended {
            stance: crate::memberships::model::Stance::For,
        },
    );
    let ledger = ask(&book, "2026-06-12", "2025-11-20", EventKind::Admitted {}).unwrap();
    assert_eq!(ledger.state_on(day("2025-11-19")), None);
    assert_eq!(ledger.state_on(day("2025-11-20")), Some(State::Active));
    assert_eq!(ledger.state_on(day("2026-06-10")), Some(State::Active));
    assert_eq!(ledger.flows[0].kind, FlowKind::Joined);
}

#[test]
fn a_problem_of_old_does_not_stand_in_the_way_of_a_good_event() {
    let book = Book::admitted("2026-01-01").and("2026-02-01", EventKind::Lifted {});
    let ledger = ask(&book, "2026-03-01", "2026-03-01", EventKind::Renewed {}).unwrap();
    assert_eq!(ledger.problems.len(), 1);
}

#[test]
fn the_limit_is_that_of_the_type_held_on_the_day_of_recording() {
    let text = one_rule(12, "anniversary", 60);
    let (others, observer) = text.rsplit_once("[[rule]]").unwrap();
    let strict = observer.replace(
        "back_dating_limit_days = 366",
        "back_dating_limit_days = 10",
    );
    let rules = Rules::parse(&format!("{others}[[rule]]{strict}")).unwrap();
    let book = Book::admitted("2026-01-01").and(
        "2026-06-01",
        EventKind::TypeChanged {
            to: MembershipType::Observer,
        },
    );
    let event = book.next("2026-06-05", "2026-05-20", EventKind::Renewed {});
    assert_eq!(
        admissible(&book.events, &rules, &event),
        Err(Refused::TooEarly {
            earliest: day("2026-05-26")
        })
    );
}

#[test]
fn a_suspension_that_names_its_last_day_lasts_ten_years_at_most() {
    let book = Book::admitted("2026-01-01");
    let until = |recorded: &str, last: &str| {
        let kind = EventKind::Suspended {
            until: Some(day(last)),
        };
        ask(&book, recorded, recorded, kind)
    };
    assert!(until("2026-02-01", "2036-02-01").is_ok());
    assert_eq!(
        until("2026-02-01", "2036-02-02").unwrap_err(),
        Refused::UntilTooLate {
            latest: day("2036-02-01")
        }
    );
    assert!(until("2026-02-01", "9999-12-31").is_err());
    let open = EventKind::Suspended { until: None };
    assert!(ask(&book, "2026-02-01", "2026-02-01", open).is_ok());
}

#[test]
fn a_renewal_waits_until_no_more_than_a_whole_term_is_to_go() {
    let ahead = |end, from| {
        Err(Refused::TooFarAhead {
            end: day(end),
            from: day(from),
        })
    };
    let renew = |book: &Book, recorded, on| ask(book, recorded, on, EventKind::Renewed {});
    let book = Book::admitted("2026-01-01");
    assert!(renew(&book, "2026-01-01", "2026-01-01").is_ok());
    let renewed = book.clone().and("2026-01-02", EventKind::Renewed {});
    for on in ["2026-01-02", "2026-12-31"] {
        assert_eq!(renew(&renewed, on, on), ahead("2027-12-31", "2027-01-01"));
    }
    assert!(renew(&renewed, "2027-01-01", "2027-01-01").is_ok());
    // One that is dated ahead counts from its recording.
    let dated = renewed.recorded("2026-12-01", "2027-01-01", EventKind::Renewed {});
    for on in ["2026-12-02", "2027-06-01"] {
        let refused = renew(&dated, "2026-12-02", on);
        assert_eq!(refused, ahead("2028-12-31", "2028-01-01"));
    }
}

#[test]
fn a_renewal_that_was_voided_does_not_come_back_beside_another() {
    let book = Book::admitted("2026-01-01").and("2026-02-01", EventKind::Renewed {});
    let voided = book.and("2026-02-02", void(6));
    assert!(ask(&voided, "2026-02-03", "2026-02-03", void(7)).is_ok());
    let again = voided.and("2026-02-03", EventKind::Renewed {});
    let refused = ask(&again, "2026-02-04", "2026-02-04", void(7));
    assert!(matches!(refused, Err(Refused::TooFarAhead { .. })));
}
