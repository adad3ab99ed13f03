//! Common words of names in the languages of the registry: what means the same, of a short list (`meanings.tsv`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold;
use super::index::Index;

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

/// The meanings of a skeleton, by number.
pub(super) fn numbers(skeleton: &str) -> &'static [usize] {
    MEANINGS.of.get(skeleton).map_or(&[], Vec::as_slice)
}

/// The terms of an index that mean the same as a word of a query, and what each is worth.
pub(super) fn of(index: &Index, word: &fold::QueryWord) -> Vec<(u32, f32)> {
    let numbers = word.skeletons.iter().flat_map(|skeleton| numbers(skeleton));
    let words = numbers
        .filter_map(|&number| MEANINGS.words.get(number))
        .flatten();
    words
        .filter(|other| !word.skeletons.contains(other))
        .filter_map(|other| index.terms.find(other.as_bytes()))
        .map(|term| (term, WORTH))
        .collect()
}
