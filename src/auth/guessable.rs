//! Passwords that are long and no harder to guess than a short one (pure).
//!
//! A list of passwords that others use has few that are as long as ours have to be: people make a long one out of short ones. So what
//! is judged is what a password is made of: a block that is repeated, and at most [`PIECES`] pieces, each a word that is tried first, a
//! word of the person's own, digits, or keys and letters in a row. Four words that have nothing to do with each other are no such
//! thing, and neither is what a machine drew.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Common passwords, in lower case and in byte order.
pub(super) const COMMON: &str = include_str!("common-passwords.txt");
/// Words that are tried first and are not in that list, most of them because they are short.
#[rustfmt::skip]
pub(super) const OBVIOUS: &[&str] = &[
    "abc123", "admin", "administrator", "auditor", "baseball", "changeme", "coordinator", "correcthorsebatterystaple", "default",
    "dragon", "football", "guest", "hello", "iloveyou", "killer", "letmein", "login", "love", "master", "monkey", "my", "office",
    "pass", "passw0rd", "password", "passwort", "princess", "qwerty", "root", "secret", "secretariat", "shadow", "sunshine", "temp",
    "test", "user", "welcome",
    // What the Platform's people write for "password".
    "parol", "parola", "sifre", "şifre", "пароль", "құпиясөз", "сырсөз", "jelszo", "jelszó",
];
/// The product's own names, without spaces, and the words that they are made of.
#[rustfmt::skip]
pub(super) const PRODUCT: &[&str] = &[
    "otsregistry", "otsngoregistry", "ngoregistry", "ngoplatform", "organizationofturkicstates", "organisationofturkicstates",
    "turkicstates", "registry", "platform", "organization", "organisation", "turkic", "states", "ots", "ngo",
];
/// As many of these together are no password.
const PIECES: usize = 3;
/// The shortest run, and the shortest word of a person's own that counts.
const SHORTEST: usize = 3;
/// The longest word that is looked for in the lists.
const LONGEST: usize = 32;

/// Keys as they are walked along: rows, rows with the shift key, columns in three ways, two rows at a time, and the rows of the
/// keyboards of the Platform's countries. No character is twice in one of them.
const WALKS: &[&str] = &[
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1qazxsw23edcvfr45tgbnhy67ujmki89olp0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qawsedrftgyhujikolp",
    "qwertzuiopasdfghjklyxcvbnm",
    "qwertyuıopğüasdfghjklşizxcvbnmöç",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];

/// True when this password, in small letters, is guessed soon: whatever stands between its letters and digits makes it no better.
/// `least` is the shortest password that is taken, `own` the person's own words in small letters without signs.
pub(super) fn is_guessable(plain: &str, least: usize, own: &[String]) -> bool {
    let solid: Vec<char> = plain.chars().filter(|c| !c.is_whitespace()).collect();
    let kept: Vec<char> = solid
        .iter()
        .copied()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let mut signs: Vec<char> = solid
        .iter()
        .copied()
        .filter(|c| !c.is_alphanumeric())
        .collect();
    signs.sort_unstable();
    signs.dedup();
    // Where many different signs stand between few letters, they are the password.
    is_weak(&solid, least, own) || (2 * signs.len() <= kept.len() && is_weak(&kept, least, own))
}

fn is_weak(text: &[char], least: usize, own: &[String]) -> bool {
    match repeated(text) {
        // What was repeated is as good as it is alone.
        Some(block) => block.len() < least || is_weak(block, least, own),
        None => !text.is_empty() && is_of_few_pieces(text, own),
    }
}

/// The block that all of this repeats but for a few characters at its ends.
fn repeated(text: &[char]) -> Option<&[char]> {
    let rest = (text.len() / 5).min(3);
    for first in 0..=rest {
        let text = text.get(first..)?;
        let borders = borders(text);
        for last in 0..=(rest - first) {
            let length = text.len().checked_sub(last)?;
            let border = borders.get(length.checked_sub(1)?).copied()?;
            let period = length - border;
            if 2 * period <= length {
                return text.get(..period);
            }
        }
    }
    None
}

/// For each beginning of the text, how long the longest is that it both begins and ends with, but for itself.
fn borders(text: &[char]) -> Vec<usize> {
    let mut borders: Vec<usize> = Vec::with_capacity(text.len());
    let mut border = 0;
    for (n, c) in text.iter().enumerate() {
        if n > 0 {
            while border > 0 && text.get(border) != Some(c) {
                border = borders.get(border - 1).copied().unwrap_or(0);
            }
            if text.get(border) == Some(c) {
                border += 1;
            }
        }
        borders.push(border);
    }
    borders
}

/// True when the text is made of at most [`PIECES`] pieces. Runs one after the other are one piece.
fn is_of_few_pieces(text: &[char], own: &[String]) -> bool {
    let runs = run_ends(text);
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for _ in 0..PIECES {
        let mut next = vec![false; text.len() + 1];
        // Where runs alone lead from the places that were reached.
        let mut by_runs = reached.clone();
        for at in 0..text.len() {
            let to = runs.get(at).copied().unwrap_or(at);
            if by_runs.get(at) == Some(&true) && to >= at + SHORTEST {
                mark(&mut by_runs, at + SHORTEST..=to);
                mark(&mut next, at + SHORTEST..=to);
            }
            if reached.get(at) != Some(&true) {
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            let digits = rest.iter().take_while(|c| c.is_numeric()).count();
            mark(&mut next, at + 1..=at + digits);
            let mut word = String::new();
            for (n, c) in rest.iter().take(LONGEST).enumerate() {
                word.push(*c);
                if WORDS.contains(word.as_str()) {
                    mark(&mut next, at + n + 1..=at + n + 1);
                }
            }
            for word in own.iter().filter(|w| w.chars().count() >= SHORTEST) {
                let long = word.chars().count();
                if word.chars().eq(rest.iter().copied().take(long)) {
                    mark(&mut next, at + long..=at + long);
                }
            }
        }
        if next.last() == Some(&true) {
            return true;
        }
        reached = next;
    }
    false
}

fn mark(places: &mut [bool], range: std::ops::RangeInclusive<usize>) {
    for place in places.get_mut(range).unwrap_or_default() {
        *place = true;
    }
}

/// For each place, where the longest run ends that begins there.
fn run_ends(text: &[char]) -> Vec<usize> {
    let mut ends: Vec<usize> = (1..=text.len()).collect();
    let steps = std::iter::once(None).chain(WALKS.iter().map(|walk| Some(*walk)));
    for walk in steps {
        let places: Vec<Option<i64>> = text.iter().map(|c| place(walk, *c)).collect();
        let mut end = text.len();
        for at in (0..text.len()).rev() {
            let here = places.get(at).copied().flatten();
            let next = places.get(at + 1).copied().flatten();
            if !here.zip(next).is_some_and(|(a, b)| is_step(walk, a, b)) {
                end = at + 1;
            }
            if let Some(longest) = ends.get_mut(at) {
                *longest = end.max(*longest);
            }
        }
    }
    ends
}

/// Where a character stands on a walk; without one, in its alphabet.
fn place(walk: Option<&str>, c: char) -> Option<i64> {
    match walk {
        Some(walk) => walk
            .chars()
            .zip(0..)
            .find(|(on, _)| *on == c)
            .map(|(_, n)| n),
        None => Some(i64::from(u32::from(c))),
    }
}

/// The same character again, or a neighbour of it; after 9 comes 0.
fn is_step(walk: Option<&str>, a: i64, b: i64) -> bool {
    let (nine, zero) = (i64::from(b'9'), i64::from(b'0'));
    let wraps = walk.is_none() && [(nine, zero), (zero, nine)].contains(&(a, b));
    (a - b).abs() <= 1 || wraps
}

/// The words of the lists, as they are and without their signs.
static WORDS: LazyLock<HashSet<Cow<'static, str>>> = LazyLock::new(|| {
    let common = COMMON.lines().filter(|line| !line.starts_with('#'));
    let mut words = HashSet::new();
    for word in common.chain(OBVIOUS.iter().chain(PRODUCT).copied()) {
        let solid = super::passwords::squeeze(word);
        // Of `1!2@3#4$` too little is left to be a word.
        if solid != word && solid.chars().count() > SHORTEST {
            words.insert(Cow::Owned(solid));
        }
        words.insert(Cow::Borrowed(word));
    }
    words
});

/// True when others use this as a password.
pub(super) fn is_common(plain: &str) -> bool {
    WORDS.contains(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{COMMON, WALKS, is_guessable, repeated};

    /// Long enough, and tried first.
    const WEAK: &[&str] = &[
        "123456789012345",
        "1234567890123456",
        "987654321098765",
        "abcdefghijklmnop",
        "zyxwvutsrqponmlk",
        "aabbccddeeffgghh",
        "111111111111112",
        "aaaaaaaaaaaaaaa",
        "iloveyouiloveyou",
        "i love you, i love you",
        "password123456789",
        "123456789password",
        "qwertyqwertyqwerty",
        "qwertyqwertyqwerty12",
        "password password password",
        "password-password-password-password",
        "otsregistry otsregistry",
        "ots ngo registry ots ngo registry",
        "ots registry 2026-11-28",
        "otsregistry!@#$%^",
        "secretariat secretariat",
        "qwertyuiopasdfgh",
        "1qaz2wsx3edc4rfv5",
        "zaq12wsxcde34rfv",
        "poiuytrewqlkjhgf",
        "q1w2e3r4t5y6u7i8o9",
        "qwerasdfzxcv1234",
        "!@#$%^&*()!@#$%^",
        "---------------",
        "йцукенгшщзхъфыва",
        "qwertzuiopasdfgh",
        "парольпароль2026",
        "footballbaseballdragon",
        "2026112820261129",
        "admin admin admin 123",
    ];

    /// What people are told to take, and what machines draw.
    const STRONG: &[&str] = &[
        "nine sample beekeepers",
        "purple lantern quiet harbour",
        "tulip-wagon-copper-nine",
        "mavi deniz kısa köprü",
        "жасыл алма қысқа көпір",
        "password lantern quiet harbour",
        "dragon monkey office welcome",
        "x7Qp2mVt9LkR4sB",
        "xkqjzvwbnrtplmg",
        "~q@#%1;:{}|<>?x",
    ];

    #[test]
    fn what_is_made_of_what_everybody_tries_first_is_guessable() {
        for password in WEAK {
            assert!(is_guessable(password, 15, &[]), "{password}");
        }
    }

    #[test]
    fn four_unlike_words_and_what_a_machine_drew_are_not() {
        for password in STRONG {
            assert!(
                !is_guessable(&password.to_lowercase(), 15, &[]),
                "{password}"
            );
        }
    }

    #[test]
    fn the_own_words_are_pieces_like_those_of_the_lists() {
        let own = ["örnek".to_owned(), "beekeeper".to_owned(), "su".to_owned()];
        for password in ["örnek beekeeper 1990", "beekeeper örnek beekeeper"] {
            assert!(is_guessable(password, 15, &own), "{password}");
            assert!(!is_guessable(password, 15, &[]), "{password}");
        }
        assert!(
            !is_guessable("su lantern quiet harbour", 15, &own),
            "two letters are no word"
        );
    }

    #[test]
    fn a_block_is_as_good_as_it_is_alone() {
        let twice = "x7qp2mvt9lkr4sbx7qp2mvt9lkr4sb";
        assert!(!is_guessable(twice, 15, &[]));
        assert!(is_guessable(twice, 16, &[]), "alone it would be too short");
        assert!(is_guessable("password123456789password123456789", 15, &[]));
        let chars: Vec<char> = "ab12ab12ab1xyz".chars().collect();
        assert_eq!(repeated(&chars), None, "too much is left over");
        let chars: Vec<char> = "xab12ab12ab1y".chars().collect();
        assert_eq!(repeated(&chars), chars.get(1..5));
    }

    #[test]
    fn no_key_is_twice_on_a_walk() {
        for walk in WALKS {
            let mut keys: Vec<char> = walk.chars().collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), walk.chars().count(), "{walk}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_in_small_letters() {
        let words: Vec<&str> = COMMON.lines().filter(|l| !l.starts_with('#')).collect();
        assert!(words.len() > 10_000);
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            words
                .iter()
                .all(|w| w.chars().count() >= 8 && w.to_lowercase() == *w)
        );
    }

    #[test]
    fn every_common_password_is_guessable_three_times_over() {
        let words: Vec<&str> = COMMON.lines().filter(|l| !l.starts_with('#')).collect();
        for (n, word) in words.iter().enumerate() {
            let other = words[(n * 7919 + 1) % words.len()];
            assert!(is_guessable(word, 8, &[]), "{word}");
            let all = format!("{word} {other} {word}");
            assert!(is_guessable(&all, 15, &[]), "{all}");
        }
    }

    /// Words of four to eight letters, none of which has to do with another.
    const UNLIKE: &[&str] = &[
        "apple", "bridge", "candle", "desert", "engine", "feather", "garden", "hammer", "island",
        "jacket", "kettle", "lantern", "mirror", "needle", "orchard", "pencil", "quarry", "ribbon",
        "saddle", "timber", "umbrella", "valley", "window", "yogurt",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        // Nearly all digits would be no password: a row of them is one piece, however long.
        #[test]
        fn no_random_password_is_refused(
            small in "[a-z]{15}",
            mixed in "[a-z0-9]{15}".prop_filter("digits", |t| t.chars().filter(char::is_ascii_digit).count() < 10),
            any in "[ -~]{15}", long in "[a-zçğıöşüа-я0-9]{15,40}",
        ) {
            for password in [small, mixed, any, long] {
                prop_assert!(!is_guessable(&password.to_lowercase(), 15, &[]), "{password}");
            }
        }

        #[test]
        fn no_four_unlike_words_are_refused(
            words in prop::sample::subsequence(UNLIKE.to_vec(), 4).prop_shuffle(), between in "[ .-]?",
        ) {
            prop_assert!(!is_guessable(&words.join(&between), 15, &[]));
        }

        #[test]
        fn whatever_is_typed_is_judged(text in any::<String>(), own in any::<String>()) {
            let twice = format!("{text}{text}");
            is_guessable(&text, 15, std::slice::from_ref(&own));
            let short = text.chars().filter(|c| !c.is_whitespace()).count();
            prop_assert!(short == 0 || is_guessable(&twice, short + 1, &[own]));
        }
    }
}
