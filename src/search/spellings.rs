//! A table of things in all their spellings, a line a thing, and which of them a word of a name is.

use std::collections::HashMap;

use super::fold::{self, NameWord};

/// Spellings from this length on are found with an ending, too (`Budapesti`, `Сумгаитский`).
const WITH_ENDING: usize = 5;
/// Letters of such an ending at most.
const ENDING: usize = 5;

/// The things by their spellings.
pub(super) struct Spellings(HashMap<String, u16>);

impl Spellings {
    /// Reads a table: spellings with a bar between; lines that begin with `#` are remarks.
    pub fn read(table: &str) -> Self {
        let mut things = HashMap::new();
        let lines = table
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for (number, line) in (0..).zip(lines) {
            for word in line.split('|').flat_map(fold::query_words) {
                // Plain, too: an ending may change the skeleton (`Сумгаитский`). The first line that has a spelling keeps it.
                for spelling in word.skeletons.into_iter().chain([word.plain]) {
                    things.entry(spelling).or_insert(number);
                }
            }
        }
        Self(things)
    }

    /// The thing that a word is, by number.
    pub fn of(&self, word: &NameWord) -> Option<u16> {
        self.spelled(&word.skeleton)
            .or_else(|| self.spelled(&word.plain))
    }

    fn spelled(&self, word: &str) -> Option<u16> {
        if let Some(&thing) = self.0.get(word) {
            return Some(thing);
        }
        let shortest = WITH_ENDING.max(word.len().saturating_sub(ENDING));
        (shortest..word.len())
            .rev()
            .find_map(|len| self.0.get(word.get(..len)?).copied())
    }
}
