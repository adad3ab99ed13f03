//! Towns, regions and countries in names: two names of different ones are of different organisations (design, section 9).

use std::sync::LazyLock;

use super::fold::NameWord;
use super::rules::{Rule, applies};
use super::spellings::Spellings;

static PLACES: LazyLock<Spellings> = LazyLock::new(|| Spellings::read(include_str!("places.tsv")));

static LANDS: LazyLock<Spellings> = LazyLock::new(|| Spellings::read(include_str!("lands.tsv")));

/// The country that a word names, by number: apart from towns, which lie in one.
pub(super) fn land(word: &NameWord) -> Option<u16> {
    applies(Rule::Places).then(|| LANDS.of(word)).flatten()
}

/// The town or region that a word names, by number.
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

    #[test]
    fn a_country_is_one_in_every_language_and_with_endings() {
        let country = |word: &str, code: &str| land(fold::name_words(word, Some(code)).first()?);
        let hungary = country("Magyarországi", "HU");
        assert!(hungary.is_some());
        assert_eq!(hungary, country("Венгрии", "KG"));
        assert_eq!(hungary, country("Macaristan", "TR"));
        assert_eq!(country("Қазақстанның", "KZ"), country("Kazakhstan", "KZ"));
        assert_eq!(
            country("Oʻzbekistonning", "UZ"),
            country("Узбекистана", "UZ")
        );
        assert_eq!(country("Türkiyənin", "AZ"), country("Турции", "KZ"));
        assert_ne!(country("Türkmenistanyň", "TM"), country("Türkiye", "TR"));
        for (word, code) in [
            ("Türk", "TR"),
            ("Magyar", "HU"),
            ("Қазақ", "KZ"),
            ("Türkçe", "TR"),
            ("Kıbrıslı", "TR"),
        ] {
            assert_eq!(country(word, code).is_some(), word == "Kıbrıslı", "{word}");
        }
    }
}
