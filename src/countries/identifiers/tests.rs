//! Verdicts: the scheme table row by row, persons' numbers, and properties that hold for any text.

mod persons;
mod properties;

use std::sync::LazyLock;

use super::*;
use digits::{self as sums, Voen};

static COUNTRIES: LazyLock<Countries> =
    LazyLock::new(|| Countries::load().expect("the embedded files load"));

const SCHEMES: [&str; 17] = [
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
    "TM-REG",
    "TRNC-REG",
    "LEI",
    "ROR",
    "WIKIDATA",
    "GB-CHC",
    "KZ-OTHER",
];

fn run(country: Option<&str>, scheme: &str, written: &str) -> Checked {
    check(&COUNTRIES, country, scheme, written).expect("a known scheme")
}

fn verdict(scheme: &str, written: &str) -> Verdict {
    run(None, scheme, written).verdict
}

fn canonical(scheme: &str, written: &str) -> String {
    run(None, scheme, written)
        .canonical
        .expect("a canonical value")
}

fn suggestion(scheme: &str, written: &str) -> Option<String> {
    let found = run(None, scheme, written);
    assert_eq!(
        found.verdict,
        Verdict::Invalid,
        "only an invalid number gets a suggestion"
    );
    found.suggestion
}

fn sample(file: &str) -> String {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a sample file")
}

fn named(verdict: Verdict) -> String {
    serde_json::to_value(verdict)
        .expect("json")
        .as_str()
        .expect("a string")
        .to_owned()
}

#[test]
fn every_row_of_the_sample_key_gets_its_verdict() {
    let key = sample("import-identifiers-key.tsv");
    let mut rows = 0;
    for line in key.lines().skip(1) {
        let [_, _, scheme, written, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let found = run(scheme.get(..2), scheme, written);
        let word = expected.split([',', ' ']).next().expect("a word");
        assert_eq!(named(found.verdict), word, "{line}");
        if let Some(number) = expected
            .strip_suffix(" suggested")
            .and_then(|text| text.split(' ').next_back())
        {
            assert_eq!(found.suggestion.as_deref(), Some(number), "{line}");
        }
        rows += 1;
    }
    assert_eq!(rows, key.lines().count() - 1);
    assert!(rows >= 79);
}

#[test]
fn verdicts_equal_those_of_an_independent_implementation() {
    let vectors = sample("stdnum-vectors.tsv");
    let rows: Vec<&str> = vectors.lines().skip(2).collect();
    assert!(rows.len() >= 160);
    for line in rows {
        let [scheme, value, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(named(verdict(scheme, value)), expected, "{line}");
    }
}

#[test]
fn identifiers_in_the_research_register_pass_their_check() {
    let text = sample("organisations-real.csv");
    let ids: Vec<&str> = text
        .split("https://ror.org/")
        .skip(1)
        .filter_map(|rest| rest.split([' ', ',', ';', '"', '\n']).next())
        .collect();
    assert!(ids.len() > 500);
    for id in ids {
        assert_eq!(verdict("ROR", id), Verdict::Valid, "{id}");
        assert_eq!(
            canonical("ROR", &format!("https://ror.org/{}", id.to_uppercase())),
            id
        );
    }
}

#[test]
fn what_spreadsheets_and_keyboards_do_to_a_number_is_undone() {
    for written in [
        "9900014901",
        " 9900014901 ",
        "'9900014901",
        "\u{2019}9900014901",
        "99 00 01 49 01",
        "9900\u{a0}014\u{202f}901",
        "990-001-4901",
        "990\u{2011}001\u{2013}4901",
        "990/001/4901",
        "９９０００１４９０１",
        "9900014901.0",
        "9900014901,00",
        "\u{feff}9900014901",
        "990001\u{200b}4901",
        "٩٩٠٠٠١٤٩٠١",
        "9900014901\t\n",
    ] {
        let found = run(None, "AZ-VOEN", written);
        assert_eq!(
            (found.verdict, found.canonical.as_deref()),
            (Verdict::Valid, Some("9900014901")),
            "{written:?}"
        );
        assert_eq!((found.reason, found.suggestion), (None, None));
    }
}

#[test]
fn text_around_a_number_is_a_warning_that_suggests_the_number() {
    assert_eq!(
        suggestion("AZ-VOEN", "VÖEN: 9900014901").as_deref(),
        Some("9900014901")
    );
    assert_eq!(
        suggestion("KZ-BIN", "БСН 950440001673").as_deref(),
        Some("950440001673")
    );
    assert_eq!(suggestion("KZ-BIN", "n/a"), None);
}

#[test]
fn a_number_shortened_by_a_spreadsheet_is_named_as_such() {
    for written in ["9.90001E+09", "9,90001e+09", "9.9E9"] {
        let found = run(None, "AZ-VOEN", written);
        assert_eq!(found.verdict, Verdict::Invalid);
        assert!(
            found.reason.expect("a reason").contains("spreadsheet"),
            "{written}"
        );
    }
}

#[test]
fn nothing_written_is_invalid_under_every_scheme() {
    for scheme in SCHEMES {
        for written in ["", " ", "'", "\u{a0}\u{200b}"] {
            let found = run(None, scheme, written);
            assert_eq!(
                (found.verdict, found.canonical),
                (Verdict::Invalid, None),
                "{scheme} {written:?}"
            );
        }
    }
}

#[test]
fn voen_of_nine_digits_is_padded_only_where_that_is_valid() {
    assert_eq!(canonical("AZ-VOEN", "083390231"), "0083390231");
    assert_eq!(verdict("AZ-VOEN", "083390231"), Verdict::Valid);
    assert_eq!(
        suggestion("AZ-VOEN", "990001490").as_deref(),
        Some("9900014901")
    );
    assert_eq!(canonical("AZ-VOEN", "990001490"), "990001490");
    assert_eq!(verdict("AZ-VOEN", "083390232"), Verdict::NaturalPerson);
    assert_eq!(verdict("AZ-VOEN", "99000149"), Verdict::Invalid);
}

#[test]
fn voen_with_a_remainder_of_ten_or_a_last_digit_other_than_1_and_2_is_invalid() {
    assert_eq!(
        sums::weighted(&sums::of("00000050"), [4, 1, 8, 6, 2, 7, 5, 3]) % 11,
        3
    );
    assert_eq!(
        sums::weighted(&sums::of("00000020"), [4, 1, 8, 6, 2, 7, 5, 3]) % 11,
        10
    );
    for check_digit in 0..10 {
        assert_eq!(
            verdict("AZ-VOEN", &format!("00000020{check_digit}1")),
            Verdict::Invalid
        );
    }
    for last in [0, 3, 4, 5, 6, 7, 8, 9] {
        assert_eq!(
            verdict("AZ-VOEN", &format!("990001490{last}")),
            Verdict::Invalid
        );
    }
    assert_eq!(sums::voen(&sums::of("9900014902")), Voen::Person);
}

#[test]
fn known_kazakh_bins_are_valid() {
    for known in ["950440001673", "990940003030"] {
        assert_eq!(verdict("KZ-BIN", known), Verdict::Valid);
    }
}

#[test]
fn bin_needs_a_month_a_type_of_4_or_5_and_a_unit_of_0_to_3() {
    let with_check = |head: &str| {
        (0..10)
            .map(|d| format!("{head}{d}"))
            .find(|n| sums::bin_passes(&sums::of(n)))
    };
    for (head, expected) in [
        ("95044000167", Verdict::Valid),
        ("95045300167", Verdict::Valid),
        ("95134000167", Verdict::Invalid),
        ("95004000167", Verdict::Invalid),
        ("95047000167", Verdict::Invalid),
        ("95044400167", Verdict::Invalid),
        ("95046000167", Verdict::NaturalPerson),
        ("95041200367", Verdict::NaturalPerson),
    ] {
        let number = with_check(head).expect("a check digit exists for this head");
        assert_eq!(verdict("KZ-BIN", &number), expected, "{number}");
    }
}

#[test]
fn bin_is_judged_by_a_second_round_where_the_first_gives_ten() {
    let second_round: Vec<String> = (0..4000)
        .map(|serial| format!("9504400{serial:04}"))
        .filter(|head| sums::weighted(&sums::of(head), 1..=11) % 11 == 10)
        .collect();
    let (mut issued, mut not_issued) = (0, 0);
    for head in second_round {
        let second = sums::weighted(&sums::of(&head), [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
        let valid: Vec<u32> = (0..10)
            .filter(|d| verdict("KZ-BIN", &format!("{head}{d}")) == Verdict::Valid)
            .collect();
        if second == 10 {
            assert!(valid.is_empty(), "{head} is not issued");
            not_issued += 1;
        } else {
            assert_eq!(valid, [second], "{head}");
            issued += 1;
        }
    }
    assert!(issued > 100 && not_issued > 10);
}

#[test]
fn a_lost_zero_in_front_is_suggested_where_the_check_digit_proves_it() {
    assert_eq!(
        suggestion("KZ-BIN", "640002077").as_deref(),
        Some("000640002077")
    );
    assert_eq!(
        suggestion("KZ-BIN", "81040025235").as_deref(),
        Some("081040025235")
    );
    assert_eq!(
        suggestion("TR-VKN", "46444397").as_deref(),
        Some("0046444397")
    );
    assert_eq!(suggestion("TR-VKN", "46444398"), None);
    assert_eq!(
        suggestion("KG-INN", "1234567890123").as_deref(),
        Some("01234567890123")
    );
    assert_eq!(
        suggestion("TR-KUTUK", "3-96-233").as_deref(),
        Some("03-096-233")
    );
    assert_eq!(
        suggestion("TR-KUTUK", "3096233").as_deref(),
        Some("03-096-233")
    );
    assert_eq!(
        suggestion("HU-NYILV", "3-2-5525").as_deref(),
        Some("03-02-0005525")
    );
}

#[test]
fn okpo_is_judged_by_a_second_round_where_ten_counts_as_zero() {
    assert_eq!(verdict("KG-OKPO", "12345678"), Verdict::Valid);
    let mut second_rounds_of_ten = 0;
    for head in 1_000_000..1_003_000 {
        let digits = sums::of(&head.to_string());
        let first = sums::weighted(&digits, 1..=7) % 11;
        let second = sums::weighted(&digits, 3..=9) % 11;
        let expected = if first < 10 {
            first
        } else if second < 10 {
            second
        } else {
            0
        };
        second_rounds_of_ten += u32::from(first == 10 && second == 10);
        for check_digit in 0..10 {
            let valid = verdict("KG-OKPO", &format!("{head}{check_digit}")) == Verdict::Valid;
            assert_eq!(valid, check_digit == expected, "{head}{check_digit}");
        }
    }
    assert!(second_rounds_of_ten > 0);
}

#[test]
fn kyrgyz_tax_numbers_of_organisations_begin_with_0_and_of_persons_with_1_or_2() {
    assert_eq!(verdict("KG-INN", "01234567890123"), Verdict::Unverifiable);
    assert_eq!(verdict("KG-INN", "11234567890123"), Verdict::NaturalPerson);
    assert_eq!(
        verdict("KG-INN", "2123 4567 8901 23"),
        Verdict::NaturalPerson
    );
    assert_eq!(verdict("KG-INN", "31234567890123"), Verdict::Invalid);
    assert_eq!(verdict("KG-INN", "112345678901234"), Verdict::Invalid);
}

#[test]
fn uzbek_tax_numbers_of_organisations_begin_with_2_or_3_and_of_persons_with_4_to_7() {
    for first in 0..10 {
        let expected = match first {
            2 | 3 => Verdict::Unverifiable,
            4..=7 => Verdict::NaturalPerson,
            _ => Verdict::Invalid,
        };
        assert_eq!(verdict("UZ-STIR", &format!("{first}12345678")), expected);
    }
    assert_eq!(canonical("UZ-STIR", "212 345 678"), "212345678");
    assert_eq!(verdict("UZ-STIR", "31234567890123"), Verdict::NaturalPerson);
}

#[test]
fn kyrgyz_register_numbers_may_end_in_cyrillic_and_latin_look_alikes_are_the_same() {
    let plain = run(None, "KG-REG", "48206-3303-ООО");
    assert_eq!(
        (plain.verdict, plain.canonical.as_deref()),
        (Verdict::Unverifiable, Some("48206-3303-ООО"))
    );
    for written in [
        "48206-3303-OOO",
        "48206 - 3303 - ооо",
        "48206/3303/ООО",
        "'48206‑3303–ООО",
    ] {
        assert_eq!(canonical("KG-REG", written), "48206-3303-ООО", "{written}");
    }
    assert_eq!(verdict("KG-REG", "48206-3303"), Verdict::Unverifiable);
    assert_eq!(verdict("KG-REG", "жок"), Verdict::Invalid);
}

#[test]
fn turkish_register_numbers_begin_with_a_province() {
    for (province, expected) in [
        ("00", Verdict::Invalid),
        ("01", Verdict::Unverifiable),
        ("81", Verdict::Unverifiable),
        ("82", Verdict::Invalid),
    ] {
        assert_eq!(
            verdict("TR-KUTUK", &format!("{province}-079-184")),
            expected
        );
    }
    assert_eq!(canonical("TR-KUTUK", "03/096/233"), "03-096-233");
    assert_eq!(canonical("TR-KUTUK", "03096233"), "03-096-233");
    assert_eq!(verdict("TR-KUTUK", "03-09-6233"), Verdict::Invalid);
}

#[test]
fn hungarian_numbers_are_compared_by_eight_digits_and_by_court_type_and_number() {
    for written in [
        "18029435-1-10",
        "18029435",
        "18029435110",
        "HU18029435",
        "18029435/1/10",
    ] {
        let found = run(Some("HU"), "HU-ADOSZAM", written);
        assert_eq!(
            (found.verdict, found.canonical.as_deref()),
            (Verdict::Valid, Some("18029435")),
            "{written}"
        );
    }
    assert_eq!(verdict("HU-ADOSZAM", "18029436-1-10"), Verdict::Invalid);
    assert_eq!(verdict("HU-ADOSZAM", "180294351"), Verdict::Invalid);
    assert_eq!(canonical("HU-NYILV", "13/02/0007491"), "13-02-0007491");
    assert_eq!(canonical("HU-NYILV", "13020007491"), "13-02-0007491");
    assert_eq!(verdict("HU-NYILV", "13-02-00074911"), Verdict::Invalid);
}

#[test]
fn global_schemes_are_checked_in_any_case_and_as_addresses() {
    assert_eq!(
        canonical("LEI", "example0000 000000087"),
        "EXAMPLE0000000000087"
    );
    assert_eq!(verdict("LEI", "EXAMPLE0000000000078"), Verdict::Invalid);
    assert_eq!(verdict("LEI", "EXAMPLE000000000087"), Verdict::Invalid);
    assert_eq!(verdict("ROR", "000000097"), Verdict::Invalid);
    assert_eq!(verdict("ROR", "0u0000098"), Verdict::Invalid);
    assert_eq!(verdict("ROR", "1o0000098"), Verdict::Invalid);
    assert_eq!(canonical("ROR", "OOOOOOO98"), "000000098");
    for written in [
        "Q4115189",
        "q4115189",
        "https://www.wikidata.org/wiki/Q4115189",
        "http://www.wikidata.org/entity/Q4115189",
    ] {
        let found = run(Some("UZ"), "WIKIDATA", written);
        assert_eq!(
            (found.verdict, found.canonical.as_deref()),
            (Verdict::Unverifiable, Some("Q4115189")),
            "{written}"
        );
    }
    for written in ["4115189", "Q0", "Q", "P31"] {
        assert_eq!(verdict("WIKIDATA", written), Verdict::Invalid, "{written}");
    }
}

#[test]
fn a_number_of_a_free_scheme_that_passes_a_person_s_check_is_taken_for_a_person_s() {
    for home in [None, Some("KZ"), Some("HU"), Some("TR")] {
        for written in ["10000000146", "100 000 001 46", "850617350126"] {
            let found = run(home, "GB-COH", written);
            assert_eq!(
                (found.verdict, found.canonical),
                (Verdict::NaturalPerson, None),
                "{home:?} {written}"
            );
        }
        assert_eq!(
            run(home, "GB-COH", "10000000147").verdict,
            Verdict::Unverifiable
        );
    }
}

#[test]
fn a_prefix_of_the_list_of_registers_is_free_text_and_anything_else_is_no_scheme() {
    for scheme in [
        "GB-CHC",
        "gb-chc",
        " XI-GRID ",
        "CA-CRA_ACR",
        "KZ-OTHER",
        "TRNC-OTHER",
        "TM-REG",
        "TRNC-REG",
    ] {
        let found = run(None, scheme, "  ab 12/x ");
        assert_eq!(
            (found.verdict, found.canonical.as_deref()),
            (Verdict::Unverifiable, Some("AB 12/X")),
            "{scheme}"
        );
        assert_eq!(found.scheme, scheme.trim().to_ascii_uppercase());
    }
    for scheme in [
        "",
        "-",
        "GB-",
        "GBR-CHC",
        "G-CHC",
        "GB CHC",
        "GB-CH C",
        "РУ-ОГРН",
        "TR-87426017218",
        "LEIX",
    ] {
        assert_eq!(
            check(&COUNTRIES, None, scheme, "1"),
            Err(UnknownScheme),
            "{scheme:?}"
        );
    }
}

#[test]
fn a_reason_says_what_to_do_and_never_repeats_the_value() {
    for (scheme, written) in [
        ("AZ-VOEN", "8264153331"),
        ("AZ-VOEN", "990001490"),
        ("TR-VKN", "2016323640"),
        ("TR-KUTUK", "99-018-163"),
        ("KZ-BIN", "081040025236"),
        ("KZ-BIN", "640002077"),
        ("HU-ADOSZAM", "18476319-1-34"),
        ("UZ-STIR", "1"),
        ("KG-INN", "9"),
        ("LEI", "x"),
        ("ROR", "x"),
        ("WIKIDATA", "x9"),
        ("KG-REG", "x9"),
        ("HU-NYILV", "x9"),
        ("KG-OKPO", "12345679"),
    ] {
        let reason = run(None, scheme, written).reason.expect("a reason");
        assert!(
            reason.ends_with(['.', ')']) && reason.contains(' ') && reason.contains(':'),
            "{reason}"
        );
        assert!(written.len() < 3 || !reason.contains(written), "{reason}");
    }
}

#[test]
fn the_answer_is_json_with_verdicts_in_snake_case() {
    let json = serde_json::to_value(run(None, "AZ-VOEN", "2475345442")).expect("json");
    assert_eq!(
        json.get("verdict").and_then(|v| v.as_str()),
        Some("natural_person")
    );
    assert!(
        json.get("canonical")
            .is_some_and(serde_json::Value::is_null)
    );
}
