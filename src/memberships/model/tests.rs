use super::*;
use crate::memberships::samples::day;

fn kinds() -> Vec<EventKind> {
    vec![
        EventKind::Applied {
            membership_type: MembershipType::Full,
            country: "TRNC".to_owned(),
        },
        EventKind::Submitted {},
        EventKind::ReviewTaken {
            reviewer: "u1".to_owned(),
        },
        EventKind::ReviewReleased {},
        EventKind::ReviewReassigned {
            reviewer: "u2".to_owned(),
        },
        EventKind::Returned {
            deadline: day("2026-02-01"),
        },
        EventKind::Recommended {
            stance: Stance::Against,
        },
        EventKind::Rejected {},
        EventKind::ApplicationWithdrawn {},
        EventKind::Admitted {},
        EventKind::Renewed {},
        EventKind::Suspended { until: None },
        EventKind::Lifted {},
        EventKind::Reinstated {},
        EventKind::Withdrawn {},
        EventKind::Expelled {},
        EventKind::Dissolved {},
        EventKind::Merged {
            successor: "OTS-7K3M9Q2-54".to_owned(),
        },
        EventKind::Transferred {
            to_country: "HU".to_owned(),
        },
        EventKind::TypeChanged {
            to: MembershipType::Observer,
        },
        EventKind::Corrected {
            target_no: 3,
            correction: Correction::Void {},
        },
        EventKind::Corrected {
            target_no: 3,
            correction: Correction::Replace {
                effective_on: day("2026-02-01"),
            },
        },
        EventKind::GraceBegan {},
        EventKind::Lapsed {},
        EventKind::SuspensionEnded {},
    ]
}

#[test]
fn every_kind_survives_json_and_its_tag_is_its_name() {
    for kind in kinds() {
        let json = serde_json::to_value(&kind).unwrap();
        assert_eq!(json["kind"], kind.name());
        assert_eq!(serde_json::from_value::<EventKind>(json).unwrap(), kind);
    }
}

#[test]
fn every_kind_refuses_unknown_fields() {
    for kind in kinds() {
        let mut json = serde_json::to_value(&kind).unwrap();
        json["reason"] = "private".into();
        assert!(
            serde_json::from_value::<EventKind>(json).is_err(),
            "{}",
            kind.name()
        );
    }
    let nested = r#"{"kind":"corrected","target_no":1,"correction":{"how":"void","x":1}}"#;
    assert!(serde_json::from_str::<EventKind>(nested).is_err());
}

#[test]
fn codes_of_states_and_types_are_those_of_json() {
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(State::from_code(state.as_str()), Some(state));
    }
    for kind in MembershipType::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        assert_eq!(MembershipType::from_code(kind.as_str()), Some(kind));
    }
    assert_eq!(State::from_code("Active"), None);
}

#[test]
fn members_are_active_in_grace_or_suspended_and_nothing_else() {
    let members: Vec<&str> = State::ALL
        .into_iter()
        .filter(|state| state.is_member())
        .map(State::as_str)
        .collect();
    assert_eq!(members, ["active", "grace", "suspended"]);
    let applications: Vec<&str> = State::ALL
        .into_iter()
        .filter(|state| state.is_application())
        .map(State::as_str)
        .collect();
    assert_eq!(
        applications,
        ["draft", "submitted", "in_review", "returned", "recommended"]
    );
}

#[test]
fn the_public_part_holds_nothing_private() {
    let marker = "MARKER";
    for kind in kinds() {
        let mut event = Event::new(1, 1, 0, day("2026-01-01"), kind);
        event.proposer = Some(marker.to_owned());
        event.decider = Some(marker.to_owned());
        event.decision_number = Some(marker.to_owned());
        event.reason = Some(marker.to_owned());
        event.questions = Some(marker.to_owned());
        event.checklist = vec![CheckedItem {
            item: marker.to_owned(),
            met: true,
        }];
        event.evidence = vec![4711];
        event.replacement = Some(Replacement {
            reason: Some(marker.to_owned()),
            evidence: vec![4711],
        });
        event.run = Some(marker.to_owned());
        let Some(public) = event.public_part() else {
            continue;
        };
        let json = serde_json::to_string(&public).unwrap();
        assert!(!json.contains(marker) && !json.contains("4711"), "{json}");
    }
}

#[test]
fn applications_their_failures_and_corrections_are_never_public() {
    let public: Vec<&str> = kinds()
        .iter()
        .filter(|kind| kind.is_public())
        .map(EventKind::name)
        .collect();
    assert_eq!(
        public,
        [
            "admitted",
            "renewed",
            "suspended",
            "lifted",
            "reinstated",
            "withdrawn",
            "expelled",
            "dissolved",
            "merged",
            "transferred",
            "type_changed",
            "grace_began",
            "lapsed",
            "suspension_ended"
        ]
    );
}

#[test]
fn an_event_is_back_dated_when_it_holds_before_the_utc_day_of_its_recording() {
    let noon = 12 * 3600 * 1_000_000;
    let mut event = Event::new(1, 1, noon, day("1970-01-01"), EventKind::Renewed {});
    assert!(!event.is_back_dated());
    event.effective_on = day("1969-12-31");
    assert!(event.is_back_dated());
}
