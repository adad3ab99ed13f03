//! The skeleton (K2): one spelling for what romanisations write differently.
//!
//! Some letters have more than one reading (`c`, `q`, ə/ä, ё, ý, oʻ). At indexing the country decides,
//! at querying a few readings are tried. Everything else is one set of replacements, repeated until
//! nothing changes, so that a skeleton of a skeleton is itself.

use crate::search::rules::{Rule, applies};

/// How the letters with several readings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    c: u8,
    q: u8,
    schwa: u8,
    yo: u8,
    round_o: u8,
    acute_y: u8,
    c_apostrophe: u8,
}

const ELSEWHERE: Reading = Reading {
    c: b'k',
    q: b'k',
    schwa: b'a',
    yo: b'e',
    round_o: b'o',
    acute_y: b'i',
    c_apostrophe: b'k',
};
/// `c` is дж.
const TURKISH: Reading = Reading {
    c: b'j',
    c_apostrophe: b'j',
    ..ELSEWHERE
};
/// `c` is дж and `q` is г.
const AZERBAIJANI: Reading = Reading { q: b'g', ..TURKISH };
/// `c` is ц.
const HUNGARIAN: Reading = Reading {
    c: b's',
    c_apostrophe: b's',
    ..ELSEWHERE
};
/// ё is yo, not a Russian е.
const UZBEK: Reading = Reading {
    yo: b'o',
    ..ELSEWHERE
};
/// ý is у (2018) and `c'` is ч (2017).
const KAZAKH: Reading = Reading {
    acute_y: b'u',
    c_apostrophe: b'j',
    ..ELSEWHERE
};

/// Readings tried for a query, the likeliest first.
const FOR_QUERIES: [Reading; 6] = [TURKISH, ELSEWHERE, KAZAKH, UZBEK, HUNGARIAN, AZERBAIJANI];
/// The same for a query that holds ə or ä.
const FOR_SCHWA_QUERIES: [Reading; 4] =
    [AZERBAIJANI, TURKISH.second(), ELSEWHERE, ELSEWHERE.second()];
/// The same for a query that holds `o` with an apostrophe: Uzbek, or Kazakh of 2017.
const FOR_UZBEK_QUERIES: [Reading; 4] = [UZBEK, UZBEK.second(), KAZAKH, TURKISH];

impl Reading {
    /// The reading of a country; codes as in the register (`TRNC` for Northern Cyprus).
    pub(super) fn of(country: Option<&str>) -> Self {
        match country {
            Some("TR" | "TRNC") => TURKISH,
            Some("AZ") => AZERBAIJANI,
            Some("HU") => HUNGARIAN,
            Some("UZ" | "TM") => UZBEK,
            Some("KZ") => KAZAKH,
            _ => ELSEWHERE,
        }
    }

    /// The second reading: ə/ä as `e`, `q` as `k`, oʻ as `u` (Cyrillic ў is typed as у).
    pub(super) const fn second(self) -> Self {
        Self {
            q: b'k',
            schwa: b'e',
            round_o: b'u',
            ..self
        }
    }

    /// All readings that indexing or querying can take.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        FOR_QUERIES
            .into_iter()
            .chain(FOR_SCHWA_QUERIES)
            .chain(FOR_UZBEK_QUERIES)
    }

    /// The readings to try for a query, given its words with marks.
    pub(super) fn of_query(line: &str) -> impl Iterator<Item = Self> {
        let readings: &[Self] = if line.contains('A') {
            &FOR_SCHWA_QUERIES
        } else if line.contains('U') {
            &FOR_UZBEK_QUERIES
        } else {
            &FOR_QUERIES
        };
        let tried = if applies(Rule::Readings) {
            readings.len()
        } else {
            1
        };
        readings.iter().copied().take(tried)
    }
}

/// True where the second reading gives another skeleton than the first may.
pub(super) fn has_second(line: &str, reading: Reading) -> bool {
    applies(Rule::SecondSkeleton)
        && line
            .bytes()
            .any(|b| matches!(b, b'A' | b'U') || (b == b'q' && reading.q != b'k'))
}

/// The skeleton of a word as it is where somebody wrote it by ear in Turkish: where the country reads `c` as k, and not as дж or ц.
pub(super) fn turkish(word: &str, reading: Reading) -> Option<String> {
    let bytes = word.as_bytes();
    let is_bare = |at: usize| bytes.get(at) == Some(&b'c') && bytes.get(at + 1) != Some(&b'h');
    let told = applies(Rule::TurkishReading) && reading.c == ELSEWHERE.c;
    let c = TURKISH.c;
    (told && (0..bytes.len()).any(is_bare)).then(|| reduce(word, Reading { c, ..reading }))
}

/// The skeleton of words with marks, under a reading.
pub(super) fn reduce(line: &str, reading: Reading) -> String {
    let mut out = Vec::with_capacity(line.len());
    let mut before = Vec::with_capacity(32);
    let mut after = Vec::with_capacity(32);
    for word in line.as_bytes().split(|&b| b == b' ') {
        if !out.is_empty() {
            out.push(b' ');
        }
        read_letters(word, reading, &mut before);
        if !applies(Rule::Skeleton) {
            out.extend_from_slice(&before);
            continue;
        }
        while pass(&before, &mut after) {
            std::mem::swap(&mut before, &mut after);
        }
        out.extend_from_slice(&after);
    }
    // The words are ASCII, so nothing is ever lost here.
    String::from_utf8(out).unwrap_or_default()
}

/// Writes the word with one letter for each mark and for `c` and `q`.
fn read_letters(word: &[u8], reading: Reading, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = word;
    while let [letter, after @ ..] = rest {
        out.push(match (letter, after) {
            (b'c', [b'h', ..]) => b'c',
            (b'c', _) => reading.c,
            (b'C', _) => reading.c_apostrophe,
            (b'q', _) => reading.q,
            (b'A', _) => reading.schwa,
            (b'O', _) => reading.yo,
            (b'U', _) => reading.round_o,
            (b'Y', _) => reading.acute_y,
            (&other, _) => other,
        });
        rest = after;
    }
}

/// One pass of replacements over a word; true if it changed anything.
fn pass(word: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    // `ҚҚ` and `ООО` are abbreviations, not double letters.
    let one_letter = word.iter().all(|b| Some(b) == word.first());
    let mut changed = false;
    let mut rest = word;
    while let Some(first) = rest.first() {
        let (letter, taken) = replacement(out.last().copied(), rest);
        changed |= taken != 1 || letter != Some(*first);
        rest = rest.get(taken..).unwrap_or_default();
        let Some(letter) = letter else { continue };
        if out.last() == Some(&letter) && letter.is_ascii_alphabetic() && !one_letter {
            changed = true;
        } else {
            out.push(letter);
        }
    }
    let mute = matches!(
        out.as_slice(),
        [_, _, .., b'a' | b'e' | b'i' | b'o' | b'u', b'h']
    );
    if mute {
        out.pop();
    }
    changed || mute
}

/// The letter that the beginning of `rest` becomes (`None`: it vanishes) and the bytes it takes; `last`
/// is the letter before.
fn replacement(last: Option<u8>, rest: &[u8]) -> (Option<u8>, usize) {
    let after_vowel = matches!(last, Some(b'a' | b'e' | b'o' | b'u'));
    match rest {
        [b's', b'h', b'c', b'h', ..] => (Some(b's'), 4),
        [b's', b'c', b'h', ..] => (Some(b's'), 3),
        [b't', b'c', b'h', ..] => (Some(b'j'), 3),
        [b's', b'h', ..] | [b't', b's' | b'z', ..] => (Some(b's'), 2),
        // ASCII Turkish writes `c` for both ç and c: they have to meet.
        [b'c' | b'z', b'h', ..] | [b'd', b'j', ..] => (Some(b'j'), 2),
        [b'k', b'h', ..] => (Some(b'h'), 2),
        [b'g', b'h', ..] => (Some(b'g'), 2),
        [b'n', b'g', ..] => (Some(b'n'), 2),
        [b'o', b'e', ..] => (Some(b'o'), 2),
        [b'u', b'e', ..] => (Some(b'u'), 2),
        [b'a', b'e', ..] => (Some(b'a'), 2),
        // Cyrillic е is written `e` and `ye` everywhere; я, ю and ё lose their y after a consonant only,
        // or `dayanışma` would become `danışma`.
        [b'y' | b'i', b'e', ..] => (None, 1),
        [b'y' | b'i', b'a' | b'o' | b'u', ..] if !after_vowel => (None, 1),
        [b'x', ..] => (Some(b'h'), 1),
        [b'w', ..] => (Some(b'v'), 1),
        [b'y', ..] => (Some(b'i'), 1),
        [other, ..] => (Some(*other), 1),
        [] => (None, 1),
    }
}
