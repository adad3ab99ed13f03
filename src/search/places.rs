//! Towns, regions and countries in names: two names of different places are of different organisations (design, section 9).

use std::sync::LazyLock;

use super::fold::NameWord;
use super::rules::{Rule, applies};
use super::spellings::Spellings;

static PLACES: LazyLock<Spellings> = LazyLock::new(|| Spellings::read(include_str!("places.tsv")));

/// The place that a word names, by number.
pub(super) fn of(word: &NameWord) -> Option<u16> {
    applies(Rule::Places).then(|| PLACES.of(word)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fold;

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
