//! Numbers of natural persons: found wherever they stand, kept nowhere.

use super::super::digits::{self as sums, Voen};
use super::super::*;
use super::{COUNTRIES, run, verdict};

/// Invented numbers of persons: country, number.
const PERSONS: [(&str, &str); 11] = [
    ("AZ", "2475345442"),
    ("KZ", "710423331428"),
    ("KZ", "031260644311"),
    ("KG", "11234567890123"),
    ("KG", "21234567890123"),
    ("TR", "87426017218"),
    ("TRNC", "87426017218"),
    ("UZ", "412345678"),
    ("UZ", "712345678"),
    ("UZ", "31234567890123"),
    ("HU", "8123456780"),
];

#[test]
fn a_persons_number_is_refused_under_every_scheme_of_its_country_and_kept_nowhere() {
    let hungarian = (0..10)
        .map(|d| format!("812345678{d}"))
        .find(|n| sums::hungarian_person_passes(&sums::of(n)));
    for (country, listed) in PERSONS {
        let number = if country == "HU" {
            hungarian.clone().expect("a check digit")
        } else {
            listed.to_owned()
        };
        let own = COUNTRIES
            .get(country)
            .expect("a country")
            .schemes
            .iter()
            .map(|s| s.code.clone());
        let free = [
            format!("{country}-OTHER"),
            "GB-CHC".to_owned(),
            "LEI".to_owned(),
            "ROR".to_owned(),
            "WIKIDATA".to_owned(),
        ];
        for scheme in own.chain(free) {
            for written in [
                number.clone(),
                format!(" {number} "),
                format!("'{number}"),
                format!("no. {number} (a person)"),
                spaced(&number),
                number
                    .chars()
                    .filter_map(|c| char::from_u32(u32::from(c) - 0x30 + 0xff10))
                    .collect(),
            ] {
                let found = run(Some(country), &scheme, &written);
                assert_eq!(
                    found.verdict,
                    Verdict::NaturalPerson,
                    "{country} {scheme} {written}"
                );
                assert_holds_no_trace(&found, &number);
            }
        }
    }
}

/// `87426017218` as `874 260 172 18`.
fn spaced(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    digits
        .chunks(3)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn assert_holds_no_trace(found: &Checked, number: &str) {
    assert_eq!(
        (found.canonical.as_ref(), found.suggestion.as_ref()),
        (None, None)
    );
    let shown = format!("{found:?} {}", serde_json::to_string(found).expect("json"));
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    assert!(!digits.contains(number), "{shown}");
    for part in number
        .as_bytes()
        .windows(4)
        .filter_map(|four| std::str::from_utf8(four).ok())
    {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn separators_of_any_kind_do_not_hide_a_person_under_a_scheme_of_digits() {
    for (scheme, written) in [
        ("TR-VKN", "874/260/172/18"),
        ("KZ-BIN", "710423/331428"),
        ("UZ-STIR", "412/345/678"),
        ("KG-INN", "1/1234567890123"),
        ("KG-OKPO", "1/1234567890123"),
        ("AZ-VOEN", "247/534/5442"),
        ("TR-VKN", "8.7426017218E+10"),
    ] {
        assert_eq!(
            verdict(scheme, written),
            Verdict::NaturalPerson,
            "{scheme} {written}"
        );
    }
}

#[test]
fn where_no_country_is_known_only_a_check_digit_proves_a_person() {
    for country in [None, Some("DE")] {
        for (number, expected) in [
            ("87426017218", Verdict::NaturalPerson),
            ("2475345442", Verdict::NaturalPerson),
            ("87426017219", Verdict::Unverifiable),
            ("412345678", Verdict::Unverifiable),
            ("11234567890123", Verdict::Unverifiable),
            ("710423331428", Verdict::Unverifiable),
        ] {
            assert_eq!(
                run(country, "GB-CHC", number).verdict,
                expected,
                "{country:?} {number}"
            );
        }
        assert_eq!(
            run(country, "GB-CHC", &passing_iin()).verdict,
            Verdict::NaturalPerson
        );
    }
}

fn passing_iin() -> String {
    (0..10)
        .map(|d| format!("71042333142{d}"))
        .find(|n| sums::bin_passes(&sums::of(n)))
        .expect("a check digit")
}

#[test]
fn a_number_proved_by_its_own_scheme_is_not_taken_for_another_countrys_person() {
    let both = (0..100_000_000_u64).step_by(10_007).find_map(|serial| {
        let number = (0..10)
            .map(|d| format!("{serial:08}{d}2"))
            .find(|n| sums::voen(&sums::of(n)) == Voen::Person)?;
        sums::vkn_passes(&sums::of(&number)).then_some(number)
    });
    let both = both.expect("a number that is a valid VKN and a person's VÖEN");
    assert_eq!(run(Some("AZ"), "TR-VKN", &both).verdict, Verdict::Valid);
    assert_eq!(
        run(Some("AZ"), "AZ-VOEN", &both).verdict,
        Verdict::NaturalPerson
    );
}

#[test]
fn a_persons_number_with_a_check_digit_is_refused_under_the_schemes_of_every_country() {
    let hungarian = (0..10)
        .map(|d| format!("812345678{d}"))
        .find(|n| sums::hungarian_person_passes(&sums::of(n)))
        .expect("a check digit");
    let schemes = [
        "AZ-VOEN",
        "TR-VKN",
        "TR-KUTUK",
        "KZ-BIN",
        "KG-OKPO",
        "KG-INN",
        "KG-REG",
        "UZ-STIR",
        "HU-NYILV",
        "HU-ADOSZAM",
        "LEI",
        "ROR",
        "WIKIDATA",
    ];
    for number in ["87426017218", &passing_iin(), "2475345442", &hungarian] {
        for scheme in schemes {
            // The scheme's own rule may prove the number, and then it is the register's.
            if scheme == "TR-VKN" && sums::vkn_passes(&sums::of(number)) {
                continue;
            }
            for home in [None, scheme.get(..2), Some("KG")] {
                for written in [number.to_owned(), format!(" {number} "), spaced(number)] {
                    let found = run(home, scheme, &written);
                    assert_eq!(
                        found.verdict,
                        Verdict::NaturalPerson,
                        "{home:?} {scheme} {written}"
                    );
                    assert_holds_no_trace(&found, number);
                }
            }
        }
    }
}

#[test]
fn a_number_that_only_its_form_could_make_a_persons_stays_invalid_in_another_country() {
    for (country, scheme, written) in [
        ("TR", "TR-VKN", "710423331428"),
        ("TR", "TR-VKN", "11234567890123"),
        ("HU", "HU-ADOSZAM", "412345678"),
        ("KZ", "KZ-BIN", "87426017219"),
        ("AZ", "AZ-VOEN", "31234567890123"),
    ] {
        assert_eq!(
            run(Some(country), scheme, written).verdict,
            Verdict::Invalid,
            "{scheme} {written}"
        );
    }
    // Digits of a register's own form are the register's, whatever they add up to.
    for (scheme, written) in [("KG-REG", "8742601-7218"), ("HU-NYILV", "13-02-0007491")] {
        assert_eq!(
            run(None, scheme, written).verdict,
            Verdict::Unverifiable,
            "{scheme}"
        );
    }
}

#[test]
fn numbers_that_fail_a_persons_check_are_not_called_a_persons() {
    assert_eq!(
        run(Some("TR"), "TR-VKN", "87426017219").verdict,
        Verdict::Invalid
    );
    assert_eq!(
        run(Some("TR"), "TR-OTHER", "87426017219").verdict,
        Verdict::Unverifiable
    );
    assert_eq!(
        run(Some("AZ"), "AZ-VOEN", "2475345452").verdict,
        Verdict::Invalid
    );
    assert_eq!(
        run(Some("UZ"), "UZ-OTHER", "612/2019-45").verdict,
        Verdict::Unverifiable
    );
}

#[test]
fn iin_dates_follow_the_calendar() {
    for (number, expected) in [
        ("960229312345", true),
        ("950229312345", false),
        ("950431312345", false),
        ("950430312345", true),
        ("951331312345", false),
        ("950400312345", false),
        ("950430712345", false),
        ("950132312345", false),
    ] {
        assert_eq!(
            persons::has_form_of_iin(&sums::of(number)),
            expected,
            "{number}"
        );
    }
}

#[test]
fn notes_that_hold_a_persons_number_are_noticed() {
    let iin = passing_iin();
    for note in [
        "87426017218",
        "TCKN:87426017218.",
        "bkz. 874 260 172 18, Ankara",
        "３ şubat 87426017218",
        "2475345442 VÖEN",
        &iin,
        "x 2475-345-442",
    ] {
        assert!(may_be_person_number(note), "{note}");
    }
    for note in [
        "",
        "87426017219",
        "9900014901",
        "950440001673",
        "Tel. +90 212 000 00 00",
        "01.02.2024",
        "874260172180",
        "412345678",
    ] {
        assert!(!may_be_person_number(note), "{note}");
    }
}

#[test]
fn a_written_text_holds_a_person_s_number_only_where_one_passes_its_check_as_a_whole() {
    let iin = passing_iin();
    let (year, rest) = iin.split_at(4);
    let (day, serial) = rest.split_at(4);
    let grouped = format!("IIN {year} {day} {serial}");
    for text in [
        "87426017218",
        "TCKN:87426017218.",
        "bkz. 874 260 172 18, Ankara",
        "８７４２６０１７２１８",
        "since 2001 87426017218",
        &iin,
        &grouped,
    ] {
        assert!(holds_person_number(text), "{text}");
    }
    for text in [
        "",
        "87426017219",
        "+87426017218",
        "Tel. +8 742 601-72-18 or +8 (742) 6017218",
        "8742601/7218",
        "2475345442",
        "950440001673",
        "710423331428",
        "2001 2002 2003, 2005-2010-2015",
        "100064987426017218",
        "01.02.2024 - 03.04.2025",
    ] {
        assert!(!holds_person_number(text), "{text}");
    }
}

#[test]
fn an_identity_number_never_begins_with_0() {
    let from = |first: char| {
        let heads = (0..100).map(|tail| format!("{first}23456789{tail:02}"));
        heads
            .filter(|number| sums::tckn_passes(&sums::of(number)))
            .count()
    };
    assert_eq!((from('0'), from('1')), (0, 1));
}

#[test]
fn joint_entrepreneurs_are_persons_whatever_their_unit() {
    for (unit, expected) in [
        (0, Verdict::NaturalPerson),
        (1, Verdict::NaturalPerson),
        (2, Verdict::NaturalPerson),
        (3, Verdict::NaturalPerson),
        (4, Verdict::Invalid),
    ] {
        assert_eq!(
            verdict("KZ-BIN", &format!("95046{unit}001673")),
            expected,
            "{unit}"
        );
    }
}

#[test]
fn an_iin_that_lost_zeros_in_front_is_still_a_persons() {
    let iin = (0..10)
        .map(|d| format!("00042351142{d}"))
        .find(|n| sums::bin_passes(&sums::of(n)))
        .expect("a check digit");
    let short = iin.trim_start_matches('0');
    let found = run(None, "KZ-BIN", short);
    assert_eq!(found.verdict, Verdict::NaturalPerson);
    assert_holds_no_trace(&found, short);
}

#[test]
fn a_number_of_another_countrys_register_is_not_taken_for_a_person_by_its_length() {
    for written in ["4000-00000", "4000/00000-"] {
        let found = run(Some("UZ"), "KG-REG", written);
        let expected = (Verdict::Unverifiable, Some("4000-00000"));
        assert_eq!(
            (found.verdict, found.canonical.as_deref()),
            expected,
            "{written}"
        );
    }
}

#[test]
fn a_canonical_value_never_joins_the_digits_of_a_person() {
    let joined = run(None, "KG-REG", "1000000/2000000");
    assert_eq!(joined.verdict, Verdict::NaturalPerson);
    assert_holds_no_trace(&joined, "10000002000000");
    let under_lei = run(Some("UZ"), "LEI", "ABCDEFGHIJK41/2345678");
    assert_eq!(under_lei.verdict, Verdict::NaturalPerson);
}
