//! Towns, regions and countries in names: two names of different ones are of different organisations (design, section 9).

use std::sync::LazyLock;

use super::fold::{NameWord, Role};
use super::rules::{Rule, applies};
use super::spellings::{Spelled, Spellings};

static PLACES: LazyLock<Spellings> =
    LazyLock::new(|| Spellings::of_places(include_str!("places.tsv")));

static LANDS: LazyLock<Spellings> = LazyLock::new(|| Spellings::read(include_str!("lands.tsv")));

/// The country that a word names, by number: apart from towns, which lie in one.
pub(super) fn land(word: &NameWord) -> Option<u16> {
    applies(Rule::Lands).then(|| LANDS.of(word)).flatten()
}

/// The towns or regions that the words of a name name, by number, in their order; one of several words stands at each of them.
/// Whom somebody is named after is no place (`Абай атындағы`, `имени Навои`).
pub(super) fn of_words(words: &[NameWord]) -> Vec<Option<Spelled>> {
    let mut found = Vec::with_capacity(words.len());
    if !applies(Rule::Places) {
        found.resize(words.len(), None);
        return found;
    }
    let is_marker = |word: Option<&NameWord>| word.is_some_and(|w| w.role == Some(Role::Named));
    let mut before = None;
    let mut rest = words;
    while let Some(first) = rest.first() {
        let (place, count) = match PLACES.of_several(rest) {
            Some((place, count)) => (Some(place), count),
            None => (PLACES.spelled_by(first), 1),
        };
        let is_name = is_marker(before) || is_marker(rest.get(count));
        found.extend(std::iter::repeat_n(place.filter(|_| !is_name), count));
        before = rest.get(count - 1);
        rest = rest.get(count..).unwrap_or_default();
    }
    found
}

/// The first town or region that words name.
pub(super) fn of(words: &[NameWord]) -> Option<u16> {
    let first = of_words(words).into_iter().flatten().next();
    first.map(|place| place.thing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fold;

    fn place(word: &str, country: &str) -> Option<u16> {
        of(&fold::name_words(word, Some(country)))
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
    fn a_short_place_is_found_with_the_endings_of_places_alone() {
        for (one, other, country) in [
            ("Ошский", "Ош", "KG"),
            ("Оштук", "Ош", "KG"),
            ("Чуйское", "Чуй", "KG"),
            ("Karslı", "Kars", "TR"),
            ("Rizeli", "Rize", "TR"),
            ("Qubalı", "Quba", "AZ"),
            ("Marylylar", "Mary", "TM"),
            ("Váci", "Vác", "HU"),
            ("Vasi", "Vas", "HU"),
            ("Egri", "Eger", "HU"),
            ("Zalai", "Zala", "HU"),
            ("Бакинский", "Баку", "AZ"),
            ("Карагандинская", "Қарағанды", "KZ"),
        ] {
            assert!(place(other, country).is_some(), "{other}");
            assert_eq!(place(one, country), place(other, country), "{one}");
        }
        assert_ne!(place("Vasi", "HU"), place("Váci", "HU"));
        for (word, country) in [
            ("Karsak", "TR"),
            ("Vanda", "HU"),
            ("Ordinaryüs", "TR"),
            ("Rizea", "TR"),
            ("Ağrısız", "TR"),
            ("Ошондой", "KG"),
        ] {
            assert_eq!(place(word, country), None, "{word}");
        }
    }

    #[test]
    fn a_word_that_is_made_of_a_place_is_of_it_and_another_word() {
        let alone = |word: &str| {
            let words = fold::name_words(word, Some("TR"));
            of_words(&words).into_iter().flatten().next().unwrap().alone
        };
        for word in ["Bursa", "Bursalı", "Bursalılar", "Bursa’nın", "Карслылар"] {
            assert!(alone(word), "{word}");
        }
        for word in ["Bursaspor", "Ankaragücü", "Астанабанк"] {
            assert!(!alone(word), "{word}");
        }
    }

    #[test]
    fn a_place_of_two_words_is_one_with_a_hyphen_apart_and_together() {
        let jalal_abad = place("Жалал-Абад", "KG");
        assert!(jalal_abad.is_some());
        for spelling in [
            "Жалалабад",
            "Jalal Abad",
            "Джалал-Абадская",
            "Celalabad",
            "жалал-абаддык",
        ] {
            assert_eq!(place(spelling, "KG"), jalal_abad, "{spelling}");
        }
        let north = place("Солтүстік Қазақстан", "KZ");
        assert!(north.is_some());
        for spelling in [
            "СҚО",
            "СКО",
            "Северо-Казахстанская",
            "North Kazakhstan",
            "Солтүстік Қазақстанның",
        ] {
            assert_eq!(place(spelling, "KZ"), north, "{spelling}");
        }
        assert_ne!(place("Оңтүстік Қазақстан", "KZ"), north);
        assert_eq!(place("Қазақстан", "KZ"), None);
        assert_ne!(place("Győr-Moson-Sopron", "HU"), place("Sopron", "HU"));
    }

    #[test]
    fn whom_somebody_is_named_after_is_no_place() {
        for (name, country) in [
            ("Alisher Navoiy nomidagi universitet", "UZ"),
            ("Абай атындағы университет", "KZ"),
            ("Театр имени Навои", "UZ"),
        ] {
            assert_eq!(place(name, country), None, "{name}");
        }
        assert!(place("Navoiy yoshlari", "UZ").is_some());
    }

    #[test]
    fn towns_and_regions_of_all_eight_countries_are_places() {
        for (word, country) in [
            ("Qusar", "AZ"),
            ("Astara", "AZ"),
            ("Zərdab", "AZ"),
            ("Heves", "HU"),
            ("Zala", "HU"),
            ("Tolna", "HU"),
            ("Békés megye", "HU"),
            ("Vas", "HU"),
            ("Pest", "HU"),
            ("Érd", "HU"),
            ("Vác", "HU"),
            ("Ысык-Көл", "KG"),
            ("Балыкчы", "KG"),
            ("Абай облысының", "KZ"),
            ("Ұлытау", "KZ"),
            ("Рудный", "KZ"),
            ("Karpaz", "TRNC"),
            ("Lapta", "TRNC"),
            ("Gönyeli", "TRNC"),
            ("Çankaya", "TR"),
            ("Küçükçekmece", "TR"),
            ("Gökdepe", "TM"),
            ("Kattaqoʻrgʻon", "UZ"),
            ("Чиланзар", "UZ"),
        ] {
            assert!(place(word, country).is_some(), "{word}");
        }
        for (word, country) in [
            ("Казахский", "KZ"),
            ("Қазақ", "KZ"),
            ("Avcılar", "TR"),
            ("Fatih", "TR"),
            ("Gyula", "HU"),
            ("Oğuz", "AZ"),
            ("Tuzlu", "TR"),
            ("Kitob", "UZ"),
            ("Абай", "KZ"),
            ("Hazar", "TM"),
        ] {
            assert_eq!(place(word, country), None, "{word}");
        }
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
