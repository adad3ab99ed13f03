//! Towns, regions and countries in names: two names of different places are of different organisations (design, section 9).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::{self, NameWord};
use super::rules::{Rule, applies};

const TABLE: &str = include_str!("places.tsv");
/// Spellings from this length on are found with an ending, too (`Budapesti`, `Сумгаитский`).
const WITH_ENDING: usize = 5;
/// Letters of such an ending at most.
const ENDING: usize = 5;

static PLACES: LazyLock<HashMap<String, u16>> = LazyLock::new(|| {
    let mut places = HashMap::new();
    let lines = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for (number, line) in (0..).zip(lines) {
        for word in line.split('|').flat_map(fold::query_words) {
            // Plain, too: an ending may change the skeleton (`Сумгаитский`). The first line that has a spelling keeps it.
            for spelling in word.skeletons.into_iter().chain([word.plain]) {
                places.entry(spelling).or_insert(number);
            }
        }
    }
    places
});

/// The place that a word names, by number.
pub(super) fn of(word: &NameWord) -> Option<u16> {
    if !applies(Rule::Places) {
        return None;
    }
    spelled(&word.skeleton).or_else(|| spelled(&word.plain))
}

fn spelled(word: &str) -> Option<u16> {
    if let Some(&place) = PLACES.get(word) {
        return Some(place);
    }
    let shortest = WITH_ENDING.max(word.len().saturating_sub(ENDING));
    (shortest..word.len())
        .rev()
        .find_map(|len| PLACES.get(word.get(..len)?).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(word: &str, country: &str) -> Option<u16> {
        of(fold::name_words(word, Some(country)).first()?)
    }

    #[test]
    fn a_place_is_one_in_every_spelling_and_with_endings() {
        let baku = place("Bakı", "AZ");
        assert!(baku.is_some());
        assert_eq!(baku, place("Баку", "AZ"));
        assert_eq!(place("Sumgait", "AZ"), place("Сумгаитский", "AZ"));
        assert_eq!(place("Budapesti", "HU"), place("Budapest", "HU"));
        assert_eq!(place("Қарағанды", "KZ"), place("Karaganda", "KZ"));
        assert_ne!(place("İstanbul", "TR"), place("Isparta", "TR"));
        assert_eq!(place("Gençlik", "TR"), None);
    }
}
