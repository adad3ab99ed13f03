use std::collections::BTreeSet;

use super::*;
use crate::memberships::samples::day;

/// Where each act leads from each state; an act that is not named is not possible. The recommendation is
/// for admission and the term runs. `=` keeps the state.
const TABLE: &str = "
draft: submit>submitted withdraw_application>application_withdrawn transfer= dissolve>dissolved merge>merged correct=
submitted: review>in_review withdraw_application>application_withdrawn transfer= dissolve>dissolved merge>merged correct=
in_review: release>submitted reassign= return>returned recommend>recommended withdraw_application>application_withdrawn transfer= dissolve>dissolved merge>merged correct=
returned: submit>submitted withdraw_application>application_withdrawn transfer= dissolve>dissolved merge>merged correct=
recommended: return>returned recommend= approve>active refuse>rejected send_back>returned withdraw_application>application_withdrawn transfer= dissolve>dissolved merge>merged correct=
rejected: dissolve>dissolved merge>merged correct=
application_withdrawn: dissolve>dissolved merge>merged correct=
active: renew>active suspend>suspended expel>expelled withdraw>withdrawn change_type= transfer= dissolve>dissolved merge>merged correct=
grace: renew>active suspend>suspended expel>expelled withdraw>withdrawn change_type= transfer= dissolve>dissolved merge>merged correct=
lapsed: reinstate>active transfer= dissolve>dissolved merge>merged correct=
suspended: lift>active expel>expelled withdraw>withdrawn change_type= transfer= dissolve>dissolved merge>merged correct=
withdrawn: reinstate>active transfer= dissolve>dissolved merge>merged correct=
expelled: reinstate>active transfer= dissolve>dissolved merge>merged correct=
dissolved: correct=
merged: unmerge= correct=
";

fn expected(state: State, act: Act) -> Option<State> {
    let prefix = format!("{}: ", state.as_str());
    let row = TABLE
        .lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .unwrap();
    row.split(' ').find_map(|cell| {
        if cell.strip_suffix('=') == Some(act.name()) {
            return Some(state);
        }
        let (name, to) = cell.split_once('>')?;
        (name == act.name()).then(|| State::from_code(to).unwrap())
    })
}

fn running_term() -> Context {
    Context {
        term: Some(Term {
            end: day("2026-12-31"),
            grace_end: day("2027-01-30"),
        }),
        stance: Some(Stance::For),
        ..Context::on(day("2026-06-01"))
    }
}

#[test]
fn every_act_in_every_state_leads_where_the_table_says() {
    for state in State::ALL {
        for act in Act::ALL {
            let got = next(state, act, &running_term()).ok();
            assert_eq!(
                got,
                expected(state, act),
                "{} {}",
                state.as_str(),
                act.name()
            );
        }
    }
}

#[test]
fn the_table_names_only_acts_and_states_that_exist() {
    let acts: BTreeSet<&str> = Act::ALL.into_iter().map(Act::name).collect();
    assert_eq!(acts.len(), Act::ALL.len());
    for cell in TABLE
        .lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, row)| row.split(' '))
    {
        let name = cell.split(['>', '=']).next().unwrap();
        assert!(acts.contains(name), "{name}");
    }
    assert_eq!(TABLE.trim().lines().count(), State::ALL.len());
}

#[test]
fn an_impossible_act_is_refused_with_the_acts_that_are_possible() {
    let refused = next(State::Lapsed, Act::Renew, &running_term()).unwrap_err();
    assert_eq!(refused.why, Why::State);
    assert_eq!(
        refused.possible,
        [
            Act::Reinstate,
            Act::Transfer,
            Act::Dissolve,
            Act::Merge,
            Act::Correct
        ]
    );
    assert_eq!(refused.possible, possible(State::Lapsed, &running_term()));
}

#[test]
fn a_lift_leads_to_active_grace_or_lapse_as_the_term_says() {
    let lifted_on = |on| {
        let ctx = Context {
            on: day(on),
            ..running_term()
        };
        next(State::Suspended, Act::Lift, &ctx).unwrap()
    };
    assert_eq!(lifted_on("2026-12-31"), State::Active);
    assert_eq!(lifted_on("2027-01-01"), State::Grace);
    assert_eq!(lifted_on("2027-01-30"), State::Grace);
    assert_eq!(lifted_on("2027-01-31"), State::Lapsed);
}

#[test]
fn nobody_is_admitted_against_the_recommendation() {
    let ctx = Context {
        stance: Some(Stance::Against),
        ..running_term()
    };
    let decide = |outcome| next(State::Recommended, Act::Decide(outcome), &ctx);
    assert_eq!(decide(Outcome::Approved).unwrap(), State::Rejected);
    let refused = decide(Outcome::Refused).unwrap_err();
    assert_eq!(refused.why, Why::RecommendedAgainst);
    assert!(refused.possible.contains(&Act::Decide(Outcome::SentBack)));
    assert!(!refused.possible.contains(&Act::Decide(Outcome::Refused)));
}

#[test]
fn a_reinstatement_beside_another_open_membership_is_refused() {
    let ctx = Context {
        other_open: true,
        ..running_term()
    };
    let refused = next(State::Withdrawn, Act::Reinstate, &ctx).unwrap_err();
    assert_eq!(refused.why, Why::OtherOpen);
}

#[test]
fn the_acts_that_open_a_proposal_are_those_of_the_interface() {
    let names: Vec<&str> = Act::ALL
        .into_iter()
        .filter(|act| act.opens_proposal())
        .map(Act::name)
        .collect();
    assert_eq!(
        names,
        [
            "recommend",
            "suspend",
            "lift",
            "expel",
            "reinstate",
            "change_type",
            "transfer",
            "merge",
            "unmerge"
        ]
    );
}

#[test]
fn crossing_a_border_takes_both_countries() {
    for act in Act::ALL {
        assert_eq!(
            act.authority() == Authority::ProposalOfBothCountries,
            matches!(act, Act::Transfer | Act::Merge | Act::Unmerge)
        );
    }
}

#[test]
fn the_documented_diagram_is_the_machines() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/membership-states.md");
    let page = std::fs::read_to_string(path).unwrap();
    let block = page
        .split_once("```mermaid\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(block, _)| block)
        .unwrap();
    let wanted = diagram();
    assert!(block == wanted, "put this into {path}:\n{wanted}");
}
