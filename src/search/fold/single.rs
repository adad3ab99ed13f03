//! Single letters in names: initials of persons, and what tells one from another (`Hepatit B`, `Hepatit C`).
//!
//! A skeleton merges letters (`c` and `k` in Almaty) that are two where they stand alone, so they are looked at as they were written.

use unicode_normalization::UnicodeNormalization;

use super::letters::{self, Script};

/// A letter that stands alone in a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// In lower case and without marks.
    base: char,
    /// The Latin letter of its shape in capitals.
    shape: char,
    script: Option<Script>,
    plain: String,
    skeleton: String,
    /// It may be a small word instead (`в`, Hungarian `a`).
    is_word: bool,
    dotted: bool,
}

/// Cyrillic capitals and the Latin ones that look like them.
const CYRILLIC: [char; 16] = [
    'а', 'в', 'е', 'к', 'м', 'н', 'о', 'р', 'с', 'т', 'у', 'х', 'і', 'ј', 'ѕ', 'һ',
];
const LATIN: [char; 16] = [
    'a', 'b', 'e', 'k', 'm', 'h', 'o', 'p', 'c', 't', 'y', 'x', 'i', 'j', 's', 'h',
];
/// Letters of the national Cyrillic alphabets and those of the Russian keyboard that stand for them.
const NATIONAL: [char; 11] = ['қ', 'ғ', 'ң', 'ә', 'ө', 'ү', 'ұ', 'і', 'һ', 'ҳ', 'ҷ'];
const RUSSIAN: [char; 11] = ['к', 'г', 'н', 'а', 'о', 'у', 'у', 'и', 'х', 'х', 'ч'];

fn instead(letter: char, of: &[char], others: &[char]) -> char {
    let known = of.iter().zip(others).find(|(own, _)| **own == letter);
    known.map_or(letter, |(_, other)| *other)
}

impl Letter {
    /// The single letter that a word is, as it was written; `small` where it is a small word, and is read as one where it stands in
    /// lower case or begins the name.
    pub(super) fn of(
        written: &str,
        (plain, skeleton): (&str, &str),
        (small, first, dotted): (bool, bool, bool),
    ) -> Option<Self> {
        let mut letters = written.nfc();
        let (letter, None) = (letters.next()?, letters.next()) else {
            return None;
        };
        if !letter.is_alphabetic() {
            return None;
        }
        let lower = match letter {
            'İ' | 'ı' => 'i',
            other => other.to_lowercase().next()?,
        };
        let script = Script::of(lower).filter(|_| letters::key(lower).is_some());
        let base = std::iter::once(lower).nfd().next()?;
        Some(Self {
            base: instead(base, &NATIONAL, &RUSSIAN),
            shape: instead(lower, &CYRILLIC, &LATIN),
            script,
            plain: plain.to_owned(),
            skeleton: skeleton.to_owned(),
            is_word: small && (first || !letter.is_uppercase()),
            dotted,
        })
    }

    /// True where both may be one letter: within one script but for marks, across scripts by shape or by sound.
    fn may_be(&self, other: &Self) -> bool {
        if self.plain == other.plain {
            return true;
        }
        if self.script == other.script {
            self.base == other.base
        } else {
            self.shape == other.shape || self.skeleton == other.skeleton
        }
    }

    /// True where both stand for something, and not one for a word.
    fn tells_from(&self, other: &Self) -> bool {
        !(self.is_word && (other.is_word || other.dotted) || other.is_word && self.dotted)
    }
}

/// True where each of two names has a single letter that the other has not.
#[must_use]
pub fn other_letters(a: &[Letter], b: &[Letter]) -> bool {
    if a.is_empty() || b.is_empty() {
        return false;
    }
    let (mut own, mut theirs): (Vec<&Letter>, Vec<&Letter>) =
        (a.iter().collect(), b.iter().collect());
    // What is surely the same first.
    pair_off(&mut own, &mut theirs, |x, y| {
        x.script == y.script && x.base == y.base
    });
    pair_off(&mut own, &mut theirs, Letter::may_be);
    own.iter().any(|x| theirs.iter().any(|y| x.tells_from(y)))
}

fn pair_off(
    own: &mut Vec<&Letter>,
    theirs: &mut Vec<&Letter>,
    same: impl Fn(&Letter, &Letter) -> bool,
) {
    own.retain(|x| match theirs.iter().position(|y| same(x, y)) {
        Some(at) => {
            theirs.remove(at);
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::*;

    fn differ(a: &str, b: &str, country: &str) -> bool {
        let (a, b) = (
            keys(a, Some(country)).letters,
            keys(b, Some(country)).letters,
        );
        let found = other_letters(&a, &b);
        assert_eq!(found, other_letters(&b, &a), "{a:?} {b:?}");
        found
    }

    #[test]
    fn single_letters_are_others_though_they_sound_alike() {
        for (a, b, country) in [
            ("Hepatit B", "Hepatit C", "TR"),
            ("Hepatit C", "Hepatit J", "TR"),
            ("Vitamin C", "Vitamin K", "KZ"),
            ("Vitamin C", "Vitamin D", "KG"),
            ("Liget X", "Liget H", "HU"),
            ("Liget A Klub", "Liget B Klub", "HU"),
            ("Гепатит В", "Гепатит С", "KZ"),
            ("Гепатит А", "Гепатит Я", "KG"),
            ("гепатит в", "гепатит б", "KG"),
            ("M. B. Nəsimi", "M. C. Nəsimi", "AZ"),
        ] {
            assert!(differ(a, b, country), "{a} | {b}");
        }
    }

    #[test]
    fn one_letter_in_two_scripts_or_without_its_mark_is_one() {
        for (a, b, country) in [
            ("Гепатит В", "Гепатит B", "KZ"),
            ("Гепатит С", "Гепатит C", "KZ"),
            ("В. Иванов", "V. Ivanov", "KG"),
            ("Ж. Баласагын", "J. Balasagyn", "KG"),
            ("Ç. Aytmatov", "C. Aytmatov", "TR"),
            ("Қ. Сәтбаев", "К. Сатпаев", "KZ"),
            ("İ. Nəsimi", "i. nesimi", "AZ"),
            ("Ə. Cavad", "A. Javad", "AZ"),
            ("V. Nəsimi", "Nəsimi", "AZ"),
        ] {
            assert!(!differ(a, b, country), "{a} | {b}");
        }
    }

    #[test]
    fn small_words_of_one_letter_are_words() {
        for (a, b, country) in [
            ("Наука и техника", "Наука в технике", "KZ"),
            ("Союз женщин в Астане", "Союз женщин г. Астаны", "KZ"),
            ("A Jövőért", "Jövőért", "HU"),
        ] {
            assert!(!differ(a, b, country), "{a} | {b}");
        }
    }
}
