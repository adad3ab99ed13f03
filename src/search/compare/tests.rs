//! Which names are told apart, and which are not: the rules of docs/duplicates.md.

use super::*;

/// What is said of two names in both orders.
fn said(a: &str, b: &str, country: &str) -> Comparison {
    let one = compare(a, b, Some(country), None);
    let other = compare(b, a, Some(country), None);
    assert_eq!(one.verdict, other.verdict, "{a} | {b}");
    assert_eq!(one.blocked, other.blocked, "{a} | {b}");
    assert!((one.score - other.score).abs() < 1e-5, "{a} | {b}");
    one
}

fn all(expected: Verdict, pairs: &[(&str, &str, &str)]) {
    for &(a, b, country) in pairs {
        let found = said(a, b, country);
        assert_eq!(found.verdict, expected, "{a} | {b}: {found:?}");
    }
}

fn never_the_same(pairs: &[(&str, &str, &str)]) {
    for &(a, b, country) in pairs {
        let found = said(a, b, country);
        assert_ne!(found.verdict, Verdict::Same, "{a} | {b}: {found:?}");
    }
}

#[test]
fn names_with_other_roman_numerals_are_of_other_organisations() {
    let other = [
        (
            "XII. Kerületi Nyugdíjas Klub",
            "XIII. Kerületi Nyugdíjas Klub",
            "HU",
        ),
        (
            "XI. Kerületi Nyugdíjas Klub",
            "XII. Kerületi Nyugdíjas Klub",
            "HU",
        ),
        (
            "VII. Kerületi Nyugdíjas Klub",
            "VIII. Kerületi Nyugdíjas Klub",
            "HU",
        ),
        (
            "XXI. kerületi nyugdíjas klub",
            "XXII. kerületi nyugdíjas klub",
            "HU",
        ),
        (
            "I. Kerületi Nyugdíjas Klub",
            "II. Kerületi Nyugdíjas Klub",
            "HU",
        ),
        ("ІІ Мектеп", "ІІІ Мектеп", "KZ"),
        ("ХІ Форум", "ХІІ Форум", "KZ"),
    ];
    all(Verdict::Different, &other);
    for (a, b, country) in other {
        assert!(said(a, b, country).blocked, "{a} | {b}");
        let keys = |name| fold::keys(name, Some(country));
        assert!(!fold::same_name(&keys(a), &keys(b)), "{a} | {b}");
    }
    all(
        Verdict::Same,
        &[
            (
                "XII. Kerületi Nyugdíjas Klub",
                "12. kerületi nyugdíjas klub",
                "HU",
            ),
            (
                "V. Kerületi Nyugdíjas Klub",
                "5. Kerületi Nyugdíjas Klub",
                "HU",
            ),
            ("II Сабақ мектебі", "ІІ сабақ мектебі", "KZ"),
        ],
    );
}

#[test]
fn single_letters_are_initials_and_at_most_leave_it_open() {
    all(
        Verdict::Possible,
        &[
            (
                "V. Kerületi Nyugdíjas Klub",
                "I. Kerületi Nyugdíjas Klub",
                "HU",
            ),
            ("V. Nəsimi adına klub", "İ. Nəsimi adına klub", "AZ"),
        ],
    );
    all(
        Verdict::Same,
        &[
            ("İ. Nəsimi adına klub", "Nəsimi adına klub", "AZ"),
            (
                "12 saylı V. Nəsimi məktəbi",
                "12 saylı Nəsimi məktəbi",
                "AZ",
            ),
            ("Наука и техника", "Наука, техника", "KZ"),
        ],
    );
}

#[test]
fn a_number_in_one_name_alone_leaves_it_open() {
    all(
        Verdict::Possible,
        &[
            ("Paxtakor futbol klubi", "Paxtakor-2 futbol klubi", "UZ"),
            ("Umut Derneği", "Umut 2 Derneği", "TR"),
            ("Umut Derneği", "Umut II Derneği", "TR"),
        ],
    );
}
