use super::*;
use crate::memberships::model::{Replacement, Stance};
use crate::memberships::samples::{Book, day, moved, void};

/// Number of the event that [`Book::admitted`] ends with.
const ADMITTED: i32 = 5;

fn standing(book: &Book) -> Vec<(i32, NaiveDate)> {
    resolve(&book.events)
        .standing
        .iter()
        .map(|entry| (entry.event.no, entry.effective_on))
        .collect()
}

fn day_of_admission(book: &Book) -> NaiveDate {
    standing(book)
        .into_iter()
        .find(|(no, _)| *no == ADMITTED)
        .map(|(_, on)| on)
        .unwrap()
}

#[test]
fn a_voided_event_does_not_stand_and_a_voided_void_restores_it() {
    let book = Book::admitted("2026-01-01").and("2026-02-01", void(ADMITTED));
    let resolved = resolve(&book.events);
    assert_eq!(resolved.voided, BTreeMap::from([(ADMITTED, 6)]));
    assert_eq!(standing(&book).len(), 4);

    let restored = book.and("2026-03-01", void(6));
    assert_eq!(standing(&restored), standing(&Book::admitted("2026-01-01")));
}

#[test]
fn one_of_two_voids_is_enough() {
    let book = Book::admitted("2026-01-01")
        .and("2026-02-01", void(ADMITTED))
        .and("2026-02-02", void(ADMITTED))
        .and("2026-02-03", void(6));
    assert_eq!(resolve(&book.events).voided[&ADMITTED], 7);
}

#[test]
fn the_last_recorded_replacement_gives_the_day() {
    let book = Book::admitted("2026-01-01")
        .and("2026-02-01", moved(ADMITTED, "2025-12-01"))
        .and("2026-02-02", moved(ADMITTED, "2025-11-15"));
    assert_eq!(day_of_admission(&book), day("2025-11-15"));
    let back = book.and("2026-02-03", void(7));
    assert_eq!(day_of_admission(&back), day("2025-12-01"));
}

#[test]
fn a_replaced_replacement_takes_its_new_day() {
    let book = Book::admitted("2026-01-01")
        .and("2026-02-01", moved(ADMITTED, "2025-12-01"))
        .and("2026-02-02", moved(6, "2025-12-24"));
    assert_eq!(day_of_admission(&book), day("2025-12-24"));
    assert_eq!(resolve(&book.events).standing[4].corrected_by, Some(6));
}

#[test]
fn a_replacement_keeps_reason_and_evidence_unless_it_gives_others() {
    let mut book = Book::admitted("2026-01-01");
    book.events[4].reason = Some("first".to_owned());
    book.events[4].evidence = vec![1];
    let kept = book
        .clone()
        .and("2026-02-01", moved(ADMITTED, "2025-12-01"));
    let entry = resolve(&kept.events).standing[4].clone();
    assert_eq!((entry.reason, entry.evidence), (Some("first"), &[1][..]));

    let mut through = kept.clone().and("2026-02-02", moved(6, "2025-12-01"));
    through.events[6].replacement = Some(Replacement {
        reason: Some("through".to_owned()),
        evidence: vec![],
    });
    let entry = resolve(&through.events).standing[4].clone();
    assert_eq!((entry.reason, entry.evidence), (Some("through"), &[][..]));

    let mut other = kept.and("2026-02-02", moved(ADMITTED, "2025-12-01"));
    other.events[5].replacement = Some(Replacement {
        reason: Some("second".to_owned()),
        evidence: vec![2, 3],
    });
    let entry = resolve(&other.events).standing[4].clone();
    assert_eq!(
        (entry.reason, entry.evidence),
        (Some("second"), &[2, 3][..])
    );
}

#[test]
fn a_correction_reaches_only_what_was_recorded_before_it() {
    for target in [99, 6, 7] {
        let book = Book::admitted("2026-01-01")
            .and("2026-02-01", void(target))
            .and("2026-02-02", EventKind::Renewed {});
        let resolved = resolve(&book.events);
        assert_eq!(
            resolved.problems,
            [Problem {
                event_no: 6,
                fault: Fault::NoTarget
            }]
        );
        assert!(resolved.voided.is_empty());
    }
}

#[test]
fn what_the_calendar_recorded_is_not_corrected() {
    let book = Book::admitted("2026-01-01")
        .and("2027-01-01", EventKind::GraceBegan {})
        .and("2027-01-02", void(6));
    assert_eq!(
        resolve(&book.events).problems,
        [Problem {
            event_no: 7,
            fault: Fault::TargetIsCalendar
        }]
    );
    assert_eq!(authority_to_correct(&book.events, 6), None);
}

#[test]
fn a_number_used_twice_is_a_problem_and_the_first_recorded_counts() {
    let mut book = Book::admitted("2026-01-01").and("2026-02-01", EventKind::Withdrawn {});
    book.events[5].no = ADMITTED;
    let resolved = resolve(&book.events);
    assert_eq!(
        resolved.problems,
        [Problem {
            event_no: ADMITTED,
            fault: Fault::DuplicateNumber
        }]
    );
    assert_eq!(resolved.standing[4].event.kind, EventKind::Admitted {});
}

#[test]
fn a_correction_takes_the_authority_of_the_act_it_corrects() {
    let book = Book::admitted("2026-01-01")
        .and("2026-02-01", EventKind::Renewed {})
        .and(
            "2026-02-02",
            EventKind::Transferred {
                to_country: "UZ".to_owned(),
            },
        )
        .and("2026-02-03", void(ADMITTED))
        .and("2026-02-04", void(8));
    let authority = |no| authority_to_correct(&book.events, no);
    assert_eq!(authority(1), Some(Authority::OnePerson));
    assert_eq!(authority(ADMITTED), Some(Authority::Proposal));
    assert_eq!(authority(6), Some(Authority::OnePerson));
    assert_eq!(authority(7), Some(Authority::ProposalOfBothCountries));
    assert_eq!(authority(8), Some(Authority::Proposal));
    assert_eq!(authority(9), Some(Authority::Proposal));
    assert_eq!(authority(99), None);
}

#[test]
fn a_retracted_recommendation_is_its_authors_own_correction() {
    let book = Book::in_review("2026-01-01").and(
        "2026-01-05",
        EventKind::Recommended {
            stance: Stance::For,
        },
    );
    assert_eq!(
        authority_to_correct(&book.events, 4),
        Some(Authority::OnePerson)
    );
}

#[test]
fn a_recommendation_that_was_decided_on_is_corrected_by_two() {
    let decided = Book::admitted("2026-01-01");
    let authority = |book: &Book| authority_to_correct(&book.events, 4);
    assert_eq!(authority(&decided), Some(Authority::Proposal));
    let voided = decided.and("2026-01-02", void(ADMITTED));
    assert_eq!(authority(&voided), Some(Authority::OnePerson));
    // One that its author gave up and made anew was not decided on.
    let again = || EventKind::Recommended {
        stance: Stance::Against,
    };
    let anew = voided
        .and("2026-01-03", again())
        .and("2026-01-04", EventKind::Rejected {});
    assert_eq!(authority(&anew), Some(Authority::OnePerson));
    assert_eq!(
        authority_to_correct(&anew.events, 7),
        Some(Authority::Proposal)
    );
}

#[test]
fn what_a_second_officer_sent_back_is_corrected_by_two() {
    let returned = || EventKind::Returned {
        deadline: day("2026-02-05"),
    };
    let mut book = Book::in_review("2026-01-01").and("2026-01-05", returned());
    assert_eq!(
        authority_to_correct(&book.events, 4),
        Some(Authority::OnePerson)
    );
    book.events[3].decider = Some("user:second".to_owned());
    let book = book.and("2026-01-06", void(4)).and("2026-01-07", void(5));
    for no in [4, 5, 6] {
        assert_eq!(
            authority_to_correct(&book.events, no),
            Some(Authority::Proposal)
        );
    }
}
