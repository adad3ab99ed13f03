//! Common words of names in the languages of the registry: what means the same, of a short list (`meanings.tsv`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold;
use super::index::Index;
use super::rules::{Rule, applies};

const TABLE: &str = include_str!("meanings.tsv");
/// What a word of the same meaning is worth.
const WORTH: f32 = 0.72;

struct Meanings {
    /// From a skeleton to its meanings.
    of: HashMap<String, Vec<usize>>,
    /// The skeletons of each meaning.
    words: Vec<Vec<String>>,
}

static MEANINGS: LazyLock<Meanings> = LazyLock::new(|| {
    let mut meanings = Meanings {
        of: HashMap::new(),
        words: Vec::new(),
    };
    for line in TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let number = meanings.words.len();
        let mut words: Vec<String> = line
            .split('|')
            .flat_map(fold::query_words)
            // A short word reads like too many others (`nők`, `NOC`).
            .filter(|word| word.plain.len() >= SHORTEST)
            .flat_map(|word| word.skeletons)
            .collect();
        words.sort_unstable();
        words.dedup();
        for word in &words {
            meanings.of.entry(word.clone()).or_default().push(number);
        }
        meanings.words.push(words);
    }
    meanings
});

/// Shorter words mean nothing.
const SHORTEST: usize = 4;
/// A word from this length on means the same with an ending (`орталықтарының`, `araştırmaları`).
const STEM: usize = 5;
/// Letters of such an ending at most.
const ENDING: usize = 6;
/// What an ending takes off.
const ENDED: f32 = 0.03;
/// Words of an index that begin like one of the table.
const MOST_ENDED: usize = 24;

/// The meanings of a skeleton, by number: its own, or those of the longest word that it only adds an ending to.
pub(super) fn numbers(skeleton: &str) -> &'static [usize] {
    if !applies(Rule::Meanings) {
        return &[];
    }
    let known = |word: &str| MEANINGS.of.get(word).map(Vec::as_slice);
    let shortest = STEM.max(skeleton.len().saturating_sub(ENDING));
    let ended = || {
        let stems = (shortest..skeleton.len()).rev();
        stems.filter_map(|len| skeleton.get(..len)).find_map(known)
    };
    known(skeleton).or_else(ended).unwrap_or_default()
}

/// The meanings of a skeleton that stands in the table as it is.
pub(super) fn of_itself(skeleton: &str) -> &'static [usize] {
    MEANINGS.of.get(skeleton).map_or(&[], Vec::as_slice)
}

/// The terms of an index that mean the same as a word of a query, and what each is worth.
pub(super) fn of(index: &Index, word: &fold::QueryWord) -> Vec<(u32, f32)> {
    of_skeletons(index, &word.skeletons)
}

/// The same for a word in some skeletons.
pub(super) fn of_skeletons(index: &Index, skeletons: &[String]) -> Vec<(u32, f32)> {
    let numbers = skeletons.iter().flat_map(|skeleton| numbers(skeleton));
    let words = numbers
        .filter_map(|&number| MEANINGS.words.get(number))
        .flatten();
    let mut found = Vec::new();
    for other in words.filter(|other| !skeletons.contains(other)) {
        let other = other.as_bytes();
        found.extend(index.terms.find(other).map(|term| (term, WORTH)));
        if other.len() < STEM {
            continue;
        }
        let longest = other.len() + ENDING;
        let ended = index
            .terms
            .beginning(other)
            .take(MOST_ENDED)
            .filter(|&term| (other.len() + 1..=longest).contains(&index.terms.text(term).len()));
        found.extend(ended.map(|term| (term, WORTH - ENDED)));
    }
    found
}
