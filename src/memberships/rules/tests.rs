use super::*;
use crate::memberships::samples::{dated_rule, day, one_rule};

fn rule(term_months: u32, term_end: &str, grace_days: u32) -> Rule {
    Rules::parse(&one_rule(term_months, term_end, grace_days))
        .unwrap()
        .at(MembershipType::Full, day("2026-01-01"))
        .clone()
}

#[test]
fn the_default_rules_are_good_and_only_the_secretariat_decides() {
    let rules = Rules::default_rules().unwrap();
    for membership_type in MembershipType::ALL {
        let rule = rules.at(membership_type, day("2026-06-01"));
        assert_eq!(rule.deciders, BTreeSet::from([Decider::Secretariat]));
        assert_eq!(rule.membership_type, membership_type);
    }
}

#[test]
fn a_term_ends_the_day_before_its_anniversary() {
    let twelve = rule(12, "anniversary", 60);
    for (start, end) in [
        ("2026-01-01", "2026-12-31"),
        ("2026-03-15", "2027-03-14"),
        ("2023-03-01", "2024-02-29"),
        ("2024-02-29", "2025-02-28"),
        ("2024-03-01", "2025-02-28"),
    ] {
        assert_eq!(twelve.term_from(day(start)).end, day(end), "{start}");
    }
    assert_eq!(
        rule(1, "anniversary", 0).term_from(day("2026-01-31")).end,
        day("2026-02-28")
    );
}

#[test]
fn a_leap_day_does_not_move_the_terms_after_it() {
    let twelve = rule(12, "anniversary", 0);
    let mut start = day("2024-02-29");
    for _ in 0..12 {
        start = twelve.term_from(start).end.succ_opt().unwrap();
    }
    assert_eq!(start, day("2036-03-01"));
}

#[test]
fn a_term_to_the_years_end_may_be_short_at_first() {
    assert_eq!(
        rule(12, "year_end", 0).term_from(day("2026-11-20")).end,
        day("2026-12-31")
    );
    assert_eq!(
        rule(24, "year_end", 0).term_from(day("2026-01-01")).end,
        day("2027-12-31")
    );
}

#[test]
fn the_last_day_of_the_term_is_inside_and_the_last_grace_day_too() {
    let term = rule(12, "anniversary", 30).term_from(day("2026-01-01"));
    assert_eq!(term.standing_on(day("2026-12-31")), State::Active);
    assert_eq!(term.standing_on(day("2027-01-01")), State::Grace);
    assert_eq!(term.standing_on(day("2027-01-30")), State::Grace);
    assert_eq!(term.standing_on(day("2027-01-31")), State::Lapsed);
}

#[test]
fn a_rule_holds_from_its_day_and_the_first_one_before_it_too() {
    let text = dated_rule("2026-01-01", 12, "anniversary", 60)
        + &dated_rule("2027-01-01", 24, "anniversary", 30);
    let rules = Rules::parse(&text).unwrap();
    let months = |on| rules.at(MembershipType::Associate, day(on)).term_months;
    assert_eq!(months("2020-01-01"), 12);
    assert_eq!(months("2026-12-31"), 12);
    assert_eq!(months("2027-01-01"), 24);
}

#[test]
fn the_order_of_rules_in_the_file_does_not_matter() {
    let old = dated_rule("2026-01-01", 12, "anniversary", 60);
    let new = dated_rule("2027-01-01", 24, "anniversary", 30);
    assert_eq!(
        Rules::parse(&(old.clone() + &new)).unwrap(),
        Rules::parse(&(new + &old)).unwrap()
    );
}

#[test]
fn a_file_that_is_wrong_is_refused_with_its_reason() {
    let good = one_rule(12, "anniversary", 60);
    assert!(matches!(
        Rules::parse("rule = 1"),
        Err(RulesError::Syntax(_))
    ));
    assert!(matches!(
        Rules::parse(&good.replace("grace_days", "grace_dayz")),
        Err(RulesError::Syntax(_))
    ));
    assert!(matches!(
        Rules::parse(good.rsplit_once("[[rule]]").unwrap().0),
        Err(RulesError::Missing(MembershipType::Observer))
    ));
    assert!(matches!(
        Rules::parse(&(good.clone() + &good)),
        Err(RulesError::Twice(MembershipType::Full, _))
    ));
    let key_of = |text: &str| match Rules::parse(text) {
        Err(RulesError::Value { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key_of(&one_rule(0, "anniversary", 60)), "term_months");
    assert_eq!(key_of(&one_rule(1201, "anniversary", 60)), "term_months");
    assert_eq!(key_of(&one_rule(18, "year_end", 60)), "term_months");
    assert_eq!(key_of(&one_rule(12, "anniversary", 36_601)), "grace_days");
    assert_eq!(key_of(&good.replace("[\"secretariat\"]", "[]")), "deciders");
    assert_eq!(
        key_of(&good.replace("required_evidence = []", "required_evidence = [\"\"]")),
        "required_evidence"
    );
}

#[test]
fn days_beyond_the_last_one_become_the_last_one() {
    for (months, end, start) in [
        (1200, "anniversary", NaiveDate::MAX),
        (1200, "anniversary", day("9950-02-28")),
        (1200, "year_end", day("9950-02-28")),
        (12, "anniversary", day("9999-01-02")),
    ] {
        let term = rule(months, end, 36_600).term_from(start);
        assert_eq!((term.end, term.grace_end), (LAST_DAY, LAST_DAY), "{start}");
    }
    let short = rule(12, "anniversary", 60);
    assert_eq!(short.term_from(day("9998-12-31")).end, day("9999-12-30"));
    assert_eq!(short.term_from(day("9998-12-31")).grace_end, LAST_DAY);
    for later in [
        short.latest(LAST_DAY),
        short.return_deadline(LAST_DAY),
        short.may_apply_from(LAST_DAY),
    ] {
        assert_eq!(later, LAST_DAY);
    }
    assert_eq!(
        rule(12, "year_end", 1).term_from(NaiveDate::MIN).end.year(),
        NaiveDate::MIN.year()
    );
}

#[test]
fn a_term_ends_in_a_year_of_four_digits() {
    for kind in ["anniversary", "year_end"] {
        let long = rule(1200, kind, 36_600);
        let term = long.term_from(day("9950-01-01"));
        assert_eq!((term.end, term.grace_end), (LAST_DAY, LAST_DAY));
        let next = long.term_from(term.end.succ_opt().unwrap());
        assert_eq!(next.end, day("9999-12-31"), "never before its beginning");
    }
    assert_eq!(
        rule(1, "anniversary", 0).latest(day("9999-12-01")),
        LAST_DAY
    );
}

#[test]
fn a_term_is_renewed_when_no_more_than_a_whole_one_is_to_go() {
    let twelve = rule(12, "anniversary", 60);
    let half = rule(6, "anniversary", 60);
    for (rule, end, from) in [
        (&twelve, "2026-12-31", "2026-01-01"),
        (&twelve, "2027-03-14", "2026-03-15"),
        (&twelve, "2028-02-29", "2027-03-01"),
        (&half, "2027-08-30", "2027-03-01"),
        (&half, "2027-02-28", "2026-08-29"),
    ] {
        let first = rule.renewable_from(day(end));
        assert_eq!(first, day(from), "{end}");
        assert!(day_before_anniversary(first, rule.term_months) >= day(end));
    }
}

#[test]
fn limits_are_counted_in_days() {
    let rule = rule(12, "anniversary", 60);
    assert_eq!(rule.earliest(day("2026-12-31")), day("2025-12-30"));
    assert_eq!(rule.latest(day("2026-12-31")), day("2028-01-01"));
    assert_eq!(rule.may_apply_from(day("2026-01-01")), day("2026-04-01"));
    assert_eq!(rule.return_deadline(day("2026-01-01")), day("2026-01-31"));
}

#[test]
fn what_another_file_holds_is_not_told() {
    for text in [
        "database_url = \"postgres://registry:hunter2@db/registry\"",
        "rule = \"hunter2\"",
        "[[rule]]\ntype = \"hunter2\"",
        "x = 'hunter2",
    ] {
        let told = Rules::parse(text).unwrap_err().to_string();
        assert!(
            !told.contains("hunter2") && told.contains("line "),
            "{told}"
        );
    }
}
