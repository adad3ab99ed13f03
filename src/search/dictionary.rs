//! The distinct words of an index: text to number and back, by beginning and by likeness.
//!
//! Words are folded (`a`–`z`, `0`–`9`), so that a letter is a byte.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::Bound;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::likeness::{self, ENDING, STEM};

/// Distinct words, each with a number from 0 upwards.
#[derive(Default)]
pub(super) struct Dictionary {
    letters: Vec<u8>,
    /// Where each word begins in `letters`, and its length.
    spans: Vec<(u32, u8)>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// All but the youngest words, in alphabetical order.
    sorted: Vec<u32>,
    /// The youngest words, in alphabetical order.
    young: BTreeMap<Box<[u8]>, u32>,
    /// For each three letters the words that hold them; empty where likeness is not asked for.
    trigrams: Vec<Vec<u32>>,
}

/// Longer words are cut: nobody types more, and a length fits in a byte.
const LONGEST: usize = 40;
/// Words that are sorted in together.
const YOUNG: usize = 4_096;
/// `a`–`z`, `0`–`9` and the edge of a word.
const ALPHABET: usize = 37;
/// Words with one stem that are looked at; of more a longer stem is asked for.
const MOST_OF_A_STEM: usize = 64;
/// Words that share letters are counted in a byte each.
type Counts = Vec<u8>;

/// Room that one search works in, kept between searches.
#[derive(Default)]
pub(super) struct Scratch {
    counts: Counts,
    touched: Vec<u32>,
}

impl Dictionary {
    /// A dictionary that can be asked for words that are alike.
    pub(super) fn with_likeness() -> Self {
        Self {
            trigrams: vec![Vec::new(); ALPHABET * ALPHABET * ALPHABET],
            ..Self::default()
        }
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The word with this number.
    pub(super) fn text(&self, number: u32) -> &[u8] {
        let found = usize::try_from(number)
            .ok()
            .and_then(|at| self.spans.get(at))
            .and_then(|&(start, len)| {
                let start = usize::try_from(start).ok()?;
                self.letters.get(start..start + usize::from(len))
            });
        found.unwrap_or_default()
    }

    /// The number of a word.
    pub(super) fn find(&self, word: &[u8]) -> Option<u32> {
        let word = cut(word);
        self.numbers
            .find(self.hasher.hash_one(word), |&n| self.text(n) == word)
            .copied()
    }

    /// The number of a word, which is added where it is new.
    pub(super) fn put(&mut self, word: &[u8]) -> u32 {
        let word = cut(word);
        if let Some(known) = self.find(word) {
            return known;
        }
        let number = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        let start = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
        self.letters.extend_from_slice(word);
        self.spans
            .push((start, u8::try_from(word.len()).unwrap_or(u8::MAX)));
        let (letters, spans, hasher) = (&self.letters, &self.spans, &self.hasher);
        let hash_of = |n: &u32| {
            let span = usize::try_from(*n).ok().and_then(|at| spans.get(at));
            let text = span.and_then(|&(start, len)| {
                let start = usize::try_from(start).ok()?;
                letters.get(start..start + usize::from(len))
            });
            hasher.hash_one(text.unwrap_or_default())
        };
        self.numbers
            .insert_unique(hasher.hash_one(word), number, hash_of);
        if !self.trigrams.is_empty() {
            for trigram in trigrams(word) {
                if let Some(words) = self.trigrams.get_mut(trigram)
                    && words.last() != Some(&number)
                {
                    words.push(number);
                }
            }
        }
        self.young.insert(word.into(), number);
        if self.young.len() >= YOUNG {
            self.sort_in();
        }
        number
    }

    /// Sorts the youngest words in with the others.
    fn sort_in(&mut self) {
        let young: Vec<u32> = std::mem::take(&mut self.young).into_values().collect();
        let old = std::mem::take(&mut self.sorted);
        let mut all = Vec::with_capacity(old.len() + young.len());
        let (mut old, mut young) = (old.into_iter().peekable(), young.into_iter().peekable());
        while let (Some(&a), Some(&b)) = (old.peek(), young.peek()) {
            let next = if self.text(a) <= self.text(b) {
                old.next()
            } else {
                young.next()
            };
            all.extend(next);
        }
        all.extend(old);
        all.extend(young);
        self.sorted = all;
    }

    /// Words that begin like this, in alphabetical order within the older and within the younger ones.
    pub(super) fn beginning<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = u32> + 'a {
        let from = self.sorted.partition_point(|&n| self.text(n) < prefix);
        let old = self
            .sorted
            .get(from..)
            .unwrap_or_default()
            .iter()
            .copied()
            .take_while(move |&n| self.text(n).starts_with(prefix));
        let young = self
            .young
            .range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(word, _)| word.starts_with(prefix))
            .map(|(_, &n)| n);
        old.chain(young)
    }

    /// Words with the same stem and another ending ([`likeness::ending`]), the stem as long as it must be for few words to have it;
    /// none where even this word begins many.
    pub(super) fn with_other_ending(&self, word: &[u8], mut found: impl FnMut(u32, f32)) {
        let word = cut(word);
        if likeness::has_digit(word) {
            return;
        }
        for stem in STEM.max(word.len().saturating_sub(ENDING))..=word.len() {
            let Some(stem) = word.get(..stem) else {
                return;
            };
            let begun = self.beginning(stem).take(MOST_OF_A_STEM + 1);
            let begun: Vec<u32> = begun.collect();
            if begun.len() > MOST_OF_A_STEM {
                continue;
            }
            for number in begun {
                let other = self.text(number);
                if let Some(worth) = likeness::ending(word, other).filter(|_| other != word) {
                    found(number, worth);
                }
            }
            return;
        }
    }

    /// Words at one edit from this one (a letter put in, left out, changed, or two exchanged); none with a digit, which is never
    /// a slip of another one.
    pub(super) fn at_one_edit(&self, word: &[u8], mut found: impl FnMut(u32)) {
        let word = cut(word);
        if likeness::has_digit(word) {
            return;
        }
        let mut tried = Vec::with_capacity(word.len() + 1);
        let mut look = |tried: &[u8]| {
            if let Some(number) = self.find(tried) {
                found(number);
            }
        };
        for at in 0..=word.len() {
            let (head, tail) = word.split_at(at);
            if let [first, rest @ ..] = tail {
                tried.clear();
                tried.extend_from_slice(head);
                tried.extend_from_slice(rest);
                look(&tried);
                if let [second, rest @ ..] = rest
                    && first != second
                {
                    tried.clear();
                    tried.extend_from_slice(head);
                    tried.extend_from_slice(&[*second, *first]);
                    tried.extend_from_slice(rest);
                    look(&tried);
                }
            }
            for letter in b'a'..=b'z' {
                tried.clear();
                tried.extend_from_slice(head);
                tried.push(letter);
                tried.extend_from_slice(tail);
                look(&tried);
                if let [first, rest @ ..] = tail
                    && *first != letter
                {
                    tried.truncate(at + 1);
                    tried.extend_from_slice(rest);
                    look(&tried);
                }
            }
        }
    }

    /// Words that share at least `least` of their threes of letters with this one, those that share most first;
    /// at most `limit`.
    pub(super) fn alike(
        &self,
        word: &[u8],
        least: u8,
        limit: usize,
        scratch: &mut Scratch,
    ) -> Vec<(u32, u8)> {
        scratch.counts.resize(self.spans.len(), 0);
        let mut seen: Vec<usize> = Vec::with_capacity(word.len());
        for trigram in trigrams(cut(word)) {
            if seen.contains(&trigram) {
                continue;
            }
            seen.push(trigram);
            for &number in self.trigrams.get(trigram).map_or(&[][..], Vec::as_slice) {
                let slot = usize::try_from(number)
                    .ok()
                    .and_then(|at| scratch.counts.get_mut(at));
                if let Some(count) = slot {
                    if *count == 0 {
                        scratch.touched.push(number);
                    }
                    *count = count.saturating_add(1);
                }
            }
        }
        let mut found = Vec::new();
        for number in scratch.touched.drain(..) {
            let slot = usize::try_from(number)
                .ok()
                .and_then(|at| scratch.counts.get_mut(at));
            if let Some(count) = slot {
                if *count >= least {
                    found.push((number, *count));
                }
                *count = 0;
            }
        }
        found.sort_unstable_by_key(|&(number, count)| (std::cmp::Reverse(count), number));
        found.truncate(limit);
        found
    }
}

fn cut(word: &[u8]) -> &[u8] {
    word.get(..LONGEST).unwrap_or(word)
}

/// How many threes of letters a word of this length has.
pub(super) fn trigrams_of(len: usize) -> usize {
    len
}

/// The threes of letters of a word with its edges, as places in a table.
fn trigrams(word: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let code = |at: usize| -> usize {
        // The edge stands before the first letter and behind the last.
        match at.checked_sub(1).and_then(|at| word.get(at)) {
            Some(&letter @ b'a'..=b'z') => usize::from(letter - b'a') + 1,
            Some(&digit @ b'0'..=b'9') => usize::from(digit - b'0') + 27,
            _ => 0,
        }
    };
    (0..word.len()).map(move |at| (code(at) * ALPHABET + code(at + 1)) * ALPHABET + code(at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(dictionary: &Dictionary, numbers: impl Iterator<Item = u32>) -> Vec<String> {
        numbers
            .map(|n| String::from_utf8_lossy(dictionary.text(n)).into_owned())
            .collect()
    }

    #[test]
    fn words_are_found_by_text_by_beginning_and_by_likeness_young_and_old() {
        let mut words = Dictionary::with_likeness();
        // More than are sorted in at once, so that both halves are asked.
        for n in 0..YOUNG + 10 {
            words.put(format!("filler{n}").as_bytes());
        }
        let otan = words.put(b"otan");
        assert_eq!(words.put(b"otan"), otan);
        assert_eq!(words.find(b"otan"), Some(otan));
        assert_eq!(words.find(b"ota"), None);
        words.put(b"otandar");
        let begun = texts(&words, words.beginning(b"ota"));
        assert_eq!(begun, ["otan", "otandar"]);
        assert_eq!(
            texts(&words, words.beginning(b"filler40")).len(),
            111,
            "filler40, filler400 to 409, filler4000 to 4099"
        );
        let mut near = Vec::new();
        for typed in ["otn", "ottan", "oran", "toan"] {
            words.at_one_edit(typed.as_bytes(), |n| near.push(n));
        }
        near.dedup();
        assert_eq!(near, [otan], "each is one edit away, some in two ways");
        let mut scratch = Scratch::default();
        let alike = words.alike(b"otandr", 4, 10, &mut scratch);
        assert_eq!(texts(&words, alike.iter().map(|a| a.0)), ["otandar"]);
        assert!(scratch.counts.iter().all(|&count| count == 0));
    }

    #[test]
    fn words_of_one_stem_are_found_along_a_short_list_alone() {
        let mut words = Dictionary::default();
        for text in [
            "misgarlar",
            "misgarlarin",
            "misgarov",
            "misgarstvennik",
            "misket",
        ] {
            words.put(text.as_bytes());
        }
        let with = |words: &Dictionary, typed: &str| {
            let mut found = Vec::new();
            words.with_other_ending(typed.as_bytes(), |n, _| found.push(n));
            texts(words, found.into_iter())
        };
        assert_eq!(with(&words, "misgarlar"), ["misgarlarin", "misgarov"]);
        assert_eq!(with(&words, "misga"), ["misgarlar", "misgarov"]);
        assert_eq!(with(&words, "misg"), [] as [&str; 0], "no stem is so short");
        // Many words begin like that: only those of the longer stem are looked at.
        for n in 0..200_u32 {
            let letter = |by: u32| char::from(b'a' + u8::try_from(n / by % 20).unwrap());
            words.put(format!("misgar{}{}", letter(20), letter(1)).as_bytes());
        }
        assert_eq!(with(&words, "misgarlari"), ["misgarlar", "misgarlarin"]);
    }

    #[test]
    fn a_long_word_is_cut_everywhere_alike() {
        let mut words = Dictionary::default();
        let long = "a".repeat(300);
        let number = words.put(long.as_bytes());
        assert_eq!(words.find(long.as_bytes()), Some(number));
        assert_eq!(words.text(number).len(), LONGEST);
    }
}
