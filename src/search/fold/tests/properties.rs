//! What holds for any text.

use crate::search::fold::{keys, plain, query_keys, skeleton, word_spans};
use proptest::prelude::*;

/// The letters of the eight alphabets, one entry for each script; country that writes so.
const ALPHABETS: [(&str, &str); 11] = [
    ("AZ", "abcçdeəfgğhxıijkqlmnoöprsştuüvyz"),
    ("AZ", "абвгғдеәжзиыјкҝлмноөпрстуүфхһчҹш"),
    ("TR", "abcçdefgğhıijklmnoöprsştuüvyz"),
    ("TRNC", "abcçdefgğhıijklmnoöprsştuüvyz"),
    ("UZ", "abdefghijklmnopqrstuvxyzʻ"),
    ("UZ", "абвгдеёжзийклмнопрстуфхцчшъьэюяўқғҳ"),
    ("KZ", "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"),
    ("KZ", "aäbdefgğhiıjkqlmnñoöprsştuūüvyz"),
    ("KG", "абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя"),
    ("TM", "abçdeäfghijžklmnňoöprsştuüwyýz"),
    ("HU", "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz"),
];

const COUNTRIES: [Option<&str>; 9] = [
    None,
    Some("AZ"),
    Some("TR"),
    Some("TRNC"),
    Some("UZ"),
    Some("KZ"),
    Some("KG"),
    Some("TM"),
    Some("HU"),
];

/// A name of a few words in one alphabet, with its country.
fn name() -> impl Strategy<Value = (&'static str, String)> {
    proptest::sample::select(ALPHABETS.to_vec()).prop_flat_map(|(country, alphabet)| {
        let letters: Vec<char> = alphabet.chars().collect();
        let word = proptest::collection::vec(proptest::sample::select(letters), 1..12)
            .prop_map(String::from_iter);
        let words = proptest::collection::vec(word, 1..5).prop_map(|words| words.join(" "));
        (Just(country), words)
    })
}

/// Any text, and texts in which letters, marks, apostrophes and signs meet more often.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-ZçəğıİöşüýžňäʻʼА-яЁёҒғҚқҺһӘәЎў'’`´ .«»№0-9\u{300}-\u{30C}\u{327}\u{200B}-]{0,40}",
    ]
}

fn turkish_upper(text: &str) -> String {
    text.replace('i', "İ").to_uppercase()
}

proptest! {
    #[test]
    fn a_plain_key_folds_to_itself(text in text()) {
        let once = plain(&text);
        prop_assert_eq!(plain(&once), once);
    }

    #[test]
    fn a_skeleton_folds_to_itself(text in text(), country in proptest::sample::select(COUNTRIES.to_vec())) {
        let once = skeleton(&text, country);
        prop_assert_eq!(skeleton(&once, country), once);
    }

    #[test]
    fn keys_are_words_of_ascii_letters_and_digits_with_single_spaces(
        text in text(),
        country in proptest::sample::select(COUNTRIES.to_vec()),
    ) {
        let keys = keys(&text, country);
        let all = [&keys.plain, &keys.skeleton, &keys.core, &keys.proper];
        for key in all.into_iter().chain(&keys.skeleton_alt) {
            prop_assert!(key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b' '), "{}", key);
            prop_assert!(!key.starts_with(' ') && !key.ends_with(' ') && !key.contains("  "), "{}", key);
        }
        prop_assert_eq!(keys.plain.is_empty(), keys.core.is_empty());
        prop_assert_eq!(keys.raw.is_empty(), text.is_empty());
        let words = keys.plain.split(' ').count();
        prop_assert_eq!(keys.skeleton.split(' ').count(), words);
        for initials in &keys.initials {
            prop_assert!(initials.len() > 1 && initials.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        }
    }

    #[test]
    fn case_never_counts_by_default_or_turkish_rules((country, name) in name()) {
        for upper in [name.to_uppercase(), turkish_upper(&name)] {
            prop_assert_eq!(plain(&upper), plain(&name));
            let (upper, name) = (keys(&upper, Some(country)), keys(&name, Some(country)));
            prop_assert_eq!(upper.skeleton, name.skeleton);
            prop_assert_eq!(upper.skeleton_alt, name.skeleton_alt);
            prop_assert_eq!(upper.core, name.core);
            prop_assert_eq!(upper.raw, name.raw);
        }
    }

    #[test]
    fn a_key_has_at_most_four_times_the_letters_of_the_name((country, name) in name()) {
        let letters = name.chars().count();
        prop_assert!(plain(&name).len() <= 4 * letters);
        prop_assert!(skeleton(&name, Some(country)).len() <= 4 * letters);
    }

    #[test]
    fn a_name_typed_as_it_is_written_is_found_in_its_country((country, name) in name()) {
        let stored = keys(&name, Some(country));
        let readings = query_keys(&name);
        prop_assert!((1..=4).contains(&readings.len()));
        prop_assert!(readings.iter().any(|query| query.skeleton == stored.skeleton), "{:?} {:?}", stored, readings);
    }

    #[test]
    fn word_spans_are_in_order_and_cut_both_texts_at_characters(text in text()) {
        let key = plain(&text);
        let mut spoken = Vec::new();
        let mut last = 0;
        for span in word_spans(&text) {
            prop_assert!(span.name.start >= last && span.name.end > span.name.start);
            last = span.name.start;
            prop_assert!(text.get(span.name).is_some());
            let word = key.get(span.plain);
            prop_assert!(word.is_some_and(|word| !word.is_empty() && !word.contains(' ')));
            spoken.extend(word);
        }
        prop_assert_eq!(spoken.join(" "), key);
    }
}
