//! Numbers in names: digits, and Roman numerals of I, V and X, as districts, schools and congresses are counted.
//!
//! A skeleton makes double letters single and cannot tell XII from XIII, so numbers are read from what was written. Single letters
//! are initials of persons as often as numbers; Cyrillic в and и are words and never numerals.

use unicode_normalization::UnicodeNormalization;

use crate::search::rules::{Rule, applies};

/// A number as it stands in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// Digits.
    Digits(u64),
    /// A Roman numeral of two letters or more.
    Roman(u64),
    /// I, V or X alone: a numeral or an initial.
    Letter(u64),
}

impl Number {
    /// What it counts.
    #[must_use]
    pub fn value(self) -> u64 {
        match self {
            Self::Digits(value) | Self::Roman(value) | Self::Letter(value) => value,
        }
    }

    /// The number that a word is, as it was written.
    pub(super) fn of(written: &str) -> Option<Self> {
        if !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::Digits(written.parse().unwrap_or(u64::MAX)));
        }
        if !applies(Rule::RomanNumerals) {
            return None;
        }
        // No numeral of I, V and X has more letters than XXXVIII, and no word is looked at longer than that.
        let letters: Vec<u8> = written.nfkc().take(8).map(numeral).collect::<Option<_>>()?;
        let value = roman(&letters)?;
        Some(if letters.len() == 1 {
            Self::Letter(value)
        } else {
            Self::Roman(value)
        })
    }
}

/// The letter of a numeral, with the Kazakh and Russian letters of equal shape that keyboards give for it.
fn numeral(letter: char) -> Option<u8> {
    Some(match letter {
        'I' | 'i' | 'İ' | 'ı' | 'І' | 'і' => b'i',
        'V' | 'v' => b'v',
        'X' | 'x' | 'Х' | 'х' => b'x',
        _ => return None,
    })
}

/// The value of a numeral from I to XXXIX, written as it should be.
fn roman(letters: &[u8]) -> Option<u64> {
    let tens = letters.iter().take_while(|&&b| b == b'x').count();
    let (_, ones) = letters.split_at_checked(tens)?;
    let ones = match ones {
        [] => 0,
        b"i" => 1,
        b"ii" => 2,
        b"iii" => 3,
        b"iv" => 4,
        b"v" => 5,
        b"vi" => 6,
        b"vii" => 7,
        b"viii" => 8,
        b"ix" => 9,
        _ => return None,
    };
    let value = u64::try_from(tens).ok()? * 10 + ones;
    (tens <= 3 && value > 0).then_some(value)
}

/// What the numbers of two names say of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The same, or neither has any.
    Alike,
    /// One has a number and the other none, or single letters differ that may be initials.
    Open,
    /// Other numbers.
    Differently,
}

/// Compares the numbers of two names.
#[must_use]
pub fn counted(a: &[Number], b: &[Number]) -> Counted {
    let (own, theirs) = (meant(a, b), meant(b, a));
    if own == theirs {
        let (own, theirs) = (letters(a), letters(b));
        let open = !own.is_empty() && !theirs.is_empty() && own != theirs;
        return if open { Counted::Open } else { Counted::Alike };
    }
    if own.is_empty() || theirs.is_empty() {
        Counted::Open
    } else {
        Counted::Differently
    }
}

/// The numbers of a name, sorted. A single letter counts in a name that has no other number, where the other name has a longer
/// numeral or the same number in digits.
fn meant(own: &[Number], other: &[Number]) -> Vec<u64> {
    let sure = |number: &&Number| !matches!(number, Number::Letter(_));
    let mut values: Vec<u64> = own.iter().filter(sure).map(|one| one.value()).collect();
    if values.is_empty() {
        let is_counted = |letter: u64| {
            other.iter().any(|number| match *number {
                Number::Roman(_) => true,
                Number::Digits(value) => value == letter,
                Number::Letter(_) => false,
            })
        };
        values = letters(own);
        values.retain(|&letter| is_counted(letter));
    }
    values.sort_unstable();
    values
}

/// What its single letters count, sorted.
fn letters(numbers: &[Number]) -> Vec<u64> {
    let mut letters: Vec<u64> = numbers
        .iter()
        .filter_map(|number| match number {
            Number::Letter(value) => Some(*value),
            Number::Digits(_) | Number::Roman(_) => None,
        })
        .collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_of_two_letters_and_more_are_numbers_and_words_are_none() {
        for (written, value) in [
            ("II", 2),
            ("iv", 4),
            ("İİ", 2),
            ("ıx", 9),
            ("XXIII", 23),
            ("ІІІ", 3),
            ("ХІХ", 19),
            ("Ⅻ", 12),
            ("XXXVIII", 38),
        ] {
            assert_eq!(Number::of(written), Some(Number::Roman(value)), "{written}");
        }
        assert_eq!(Number::of("V"), Some(Number::Letter(5)));
        assert_eq!(Number::of("012"), Some(Number::Digits(12)));
        for word in [
            "ви", "ив", "ИИ", "и", "в", "ív", "iix", "vx", "xxxx", "iiii", "XL", "", "Xi1",
        ] {
            assert_eq!(Number::of(word), None, "{word}");
        }
    }

    #[test]
    fn a_single_letter_is_a_number_where_the_other_name_has_a_longer_one() {
        use Number::{Digits, Letter, Roman};
        let one = Letter(1);
        for (a, b, expected) in [
            (&[one][..], &[Roman(2)][..], Counted::Differently),
            (&[one], &[Letter(5)], Counted::Open),
            (&[one], &[], Counted::Alike),
            (&[one], &[Digits(1)], Counted::Alike),
            (&[Digits(12), one], &[Digits(12)], Counted::Alike),
            (&[Roman(12)], &[Digits(12)], Counted::Alike),
            (&[Roman(12)], &[Roman(13)], Counted::Differently),
            (&[Digits(2)], &[], Counted::Open),
            (&[], &[], Counted::Alike),
        ] {
            assert_eq!(counted(a, b), expected, "{a:?} {b:?}");
            assert_eq!(counted(b, a), expected, "{b:?} {a:?}");
        }
    }
}
