//! What holds for any text.

use proptest::prelude::*;

use super::super::digits as sums;
use super::super::*;
use super::persons::assert_holds_no_trace;
use super::{COUNTRIES, SCHEMES, run, verdict};

fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ '\u{a0}\u{200b}/.,\\-HUhuQqOoЕE+０-９0-9]{0,24}",
        "[0-9]{7,15}",
        "[0-9]{1,5}[-/ ][0-9]{1,5}[-/ ][0-9A-Za-zА-Яа-я]{0,7}",
        "(https://ror.org/)?0[0-9a-zA-Z]{6}[0-9]{2}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_text_gets_a_verdict_and_its_canonical_value_gets_the_same_again(
        text in written(), scheme in proptest::sample::select(SCHEMES.to_vec()),
        country in proptest::option::of(proptest::sample::select(vec!["AZ", "KZ", "KG", "TR", "UZ", "HU", "TM", "TRNC", "XX"])),
    ) {
        let first = run(country, scheme, &text);
        prop_assert_eq!(first.reason.is_some(), matches!(first.verdict, Verdict::Invalid | Verdict::NaturalPerson));
        if let Some(canonical) = &first.canonical {
            prop_assert!(first.verdict != Verdict::NaturalPerson);
            let again = run(country, scheme, canonical);
            prop_assert_eq!(again.canonical.as_ref(), Some(canonical));
            prop_assert_eq!(again.verdict, first.verdict);
        }
        if let Some(meant) = &first.suggestion {
            prop_assert!(matches!(run(country, scheme, meant).verdict, Verdict::Valid | Verdict::Unverifiable));
        }
    }

    #[test]
    fn any_scheme_name_is_known_or_refused(scheme in any::<String>(), text in any::<String>()) {
        if let Ok(found) = check(&COUNTRIES, None, &scheme, &text) {
            prop_assert_eq!(found.scheme, scheme.trim().to_ascii_uppercase());
        }
        let _ = may_be_person_number(&text);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(text in any::<String>()) {
        let once = text::clean(&text);
        prop_assert_eq!(text::clean(&once), once);
    }

    #[test]
    fn one_wrong_digit_never_stays_valid(position in 0..8_usize, step in 1..10_u32) {
        for (scheme, valid) in [("AZ-VOEN", "9900014901"), ("HU-ADOSZAM", "18029435"),] {
            let wrong: String = valid.chars().enumerate().map(|(i, c)| match c.to_digit(10) {
                Some(d) if i == position => char::from_digit((d + step) % 10, 10).unwrap_or(c),
                _ => c,
            }).collect();
            prop_assert_ne!(verdict(scheme, &wrong), Verdict::Valid, "{} {}", scheme, wrong);
        }
    }

    #[test]
    fn every_person_with_a_check_digit_is_caught_and_leaves_no_trace(head in "[1-9][0-9]{8}", before in "[a-z ]{0,4}") {
        let digits = sums::of(&head);
        let [a, b, c, d, e, f, g, h, i] = digits[..] else { return Ok(()) };
        let (odd, even) = (a + c + e + g + i, b + d + f + h);
        let tenth = (odd * 7 + 100 - even) % 10;
        let number = format!("{head}{tenth}{}", (odd + even + tenth) % 10);
        for (country, scheme) in [(Some("TR"), "TR-VKN"), (Some("TR"), "TR-KUTUK"), (Some("TRNC"), "TRNC-REG"), (None, "GB-CHC")] {
            let found = run(country, scheme, &format!("{before}{number}"));
            prop_assert_eq!(found.verdict, Verdict::NaturalPerson);
            assert_holds_no_trace(&found, &number);
        }
        prop_assert!(may_be_person_number(&number));
    }
}
