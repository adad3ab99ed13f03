//! How alike two words are (pure). Words are folded, so that a letter is a byte.

use super::rules::{Rule, applies};

/// How a word of a query was found in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// Letter by letter the same in the plain key.
    Same,
    /// Another script, romanisation or marks.
    Spelling,
    /// Its beginning, or with another ending.
    Beginning,
    /// With a slip of the fingers.
    Typo,
    /// The same thing in another language, of a short list of common words.
    Meaning,
}

/// What an equal skeleton is worth, beside 1 for an equal plain key.
pub(super) const SPELLING: f32 = 0.95;
/// Skeletons up to this length allow no slip at all, but for one exchanged pair of letters.
const TOO_SHORT: usize = 3;
/// From this length on two slips are allowed.
const TWO_SLIPS: usize = 6;
/// From this length on three are.
const THREE_SLIPS: usize = 11;
/// An ending may be another behind as many letters (design: 5 to 6).
pub(super) const STEM: usize = 5;
/// Letters that an ending has at most.
pub(super) const ENDING: usize = 5;
/// No word is longer in a dictionary.
const LONGEST: usize = 40;

/// How many slips a word of this length may have.
pub(super) fn slips(len: usize) -> usize {
    match len {
        0..=TOO_SHORT => 0,
        _ if len < TWO_SLIPS => 1,
        _ if len < THREE_SLIPS => 2,
        _ => 3,
    }
}

/// How alike an asked word and a word of a name are: 0 for not at all, and how it was found.
pub(super) fn alike(asked: &[u8], other: &[u8]) -> Option<(f32, Found)> {
    if asked == other {
        return Some((SPELLING, Found::Spelling));
    }
    let slipped = slip(asked, other)
        .filter(|_| applies(Rule::Slips))
        .map(|worth| (worth, Found::Typo));
    let ended = ending(asked, other)
        .filter(|_| applies(Rule::Endings))
        .map(|worth| (worth, Found::Beginning));
    better(slipped, ended)
}

/// The one that is more alike; of two that are as much the first.
pub(super) fn better(
    one: Option<(f32, Found)>,
    other: Option<(f32, Found)>,
) -> Option<(f32, Found)> {
    match (one, other) {
        (Some(a), Some(b)) => Some(if a.0 >= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Two forms of one word: the same stem and two short endings.
pub(super) fn ending(a: &[u8], b: &[u8]) -> Option<f32> {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = a.len().max(b.len()) - same;
    if same < STEM || rest > ENDING || rest > same || has_digit(a) || has_digit(b) {
        return None;
    }
    let (same, rest) = (narrow(same), narrow(rest));
    Some(0.92 - 0.3 * rest / (same + rest))
}

fn slip(a: &[u8], b: &[u8]) -> Option<f32> {
    // A number with another digit is another number.
    if has_digit(a) || has_digit(b) {
        return None;
    }
    let len = a.len().max(b.len());
    let most = slips(a.len().min(b.len())).max(usize::from(len > TOO_SHORT));
    let distance = distance(a, b, most)?;
    Some((1.0 - narrow(distance) / narrow(len + 2)).clamp(0.0, 0.9))
}

pub(super) fn has_digit(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_digit)
}

pub(super) fn narrow(n: usize) -> f32 {
    u16::try_from(n).map_or(f32::MAX, f32::from)
}

/// Letters put in, left out, changed or exchanged with their neighbour (optimal string alignment); none where there are more
/// than `most`.
pub(super) fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most || a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    let mut before = [0usize; LONGEST + 1];
    let mut last = [0usize; LONGEST + 1];
    for (at, cell) in last.iter_mut().enumerate() {
        *cell = at;
    }
    let mut previous = None;
    for (row, &x) in a.iter().enumerate() {
        let mut now = [0usize; LONGEST + 1];
        let mut left = row + 1;
        let mut best = left;
        if let Some(first) = now.first_mut() {
            *first = left;
        }
        let mut letter_before = None;
        let columns = now.iter_mut().skip(1).zip(last.windows(2));
        for (column, ((cell, above), &y)) in columns.zip(b).enumerate() {
            let &[diagonal, up] = above else { continue };
            let mut least = (diagonal + usize::from(x != y)).min(up + 1).min(left + 1);
            if previous == Some(y) && letter_before == Some(x) {
                let exchanged = column
                    .checked_sub(1)
                    .and_then(|column| before.get(column))
                    .map_or(usize::MAX - 1, |cost| cost + 1);
                least = least.min(exchanged);
            }
            *cell = least;
            left = least;
            best = best.min(least);
            letter_before = Some(y);
        }
        if best > most {
            return None;
        }
        previous = Some(x);
        (before, last) = (last, now);
    }
    last.get(b.len()).copied().filter(|found| *found <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(a: &str, b: &str) -> Option<usize> {
        distance(a.as_bytes(), b.as_bytes(), 3)
    }

    #[test]
    fn distances_count_letters_and_exchanged_neighbours_once() {
        assert_eq!(of("otan", "otan"), Some(0));
        assert_eq!(of("otan", "oan"), Some(1));
        assert_eq!(of("otan", "ottan"), Some(1));
        assert_eq!(of("otan", "toan"), Some(1));
        assert_eq!(of("egyetem", "egyeetm"), Some(1));
        assert_eq!(of("kitten", "sitting"), Some(3));
        assert_eq!(of("andijon", "samarkand"), None);
        assert_eq!(of("", "ab"), Some(2));
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_for_the_same_alone(a in "[a-d]{0,12}", b in "[a-d]{0,12}") {
            prop_assert_eq!(of(&a, &b), of(&b, &a));
            prop_assert_eq!(of(&a, &b) == Some(0), a == b);
        }
    }

    #[test]
    fn short_words_and_numbers_allow_no_slip() {
        let worth = |a: &str, b: &str| alike(a.as_bytes(), b.as_bytes()).map(|found| found.1);
        assert_eq!(worth("kos", "kok"), None);
        assert_eq!(worth("2023", "2024"), None);
        assert_eq!(worth("umid", "umit"), Some(Found::Typo));
        assert_eq!(worth("kontrol", "kontrrol"), Some(Found::Typo));
        assert_eq!(worth("trk", "turk"), Some(Found::Typo));
        assert_eq!(worth("vakif", "vakifi"), Some(Found::Typo));
        assert_eq!(worth("alapitvan", "alapitvania"), Some(Found::Beginning));
        assert_eq!(worth("zhastar", "studenter"), None);
    }
}
