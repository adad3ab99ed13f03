//! Names of two countries beside each other: each is read in the ways of both, and what is a legal form or a generic word in either is
//! none of the name (`Derneği` in Baku, `c` in Budapest). They count only where they say the same beside these, in more than one word.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::Judged;
use super::fold::{self, Folded};
use super::index::Index;
use super::prepared::Prepared;
use super::rules::{Rule, applies};

/// A name made ready to be compared with names of another country: as the first of two countries reads it, and as the second does.
pub struct Abroad {
    read: Vec<Prepared>,
}

/// How two such names were judged.
pub struct Across {
    /// The judgement.
    pub judged: Judged,
    /// The way of reading that was taken.
    pub reading: usize,
    /// True where both say the same in more than one word.
    pub core: bool,
}

impl Abroad {
    /// Makes a name ready; both names of a comparison take the two countries in the same order.
    #[must_use]
    pub fn of(name: &str, own: &str, [first, second]: [&str; 2], index: Option<&Index>) -> Self {
        let read = |country: &str, other: &str| {
            let folded = Arc::new(Folded::beside(name, country, other));
            Prepared::weighed(folded, Some(country), index)
        };
        Self {
            read: if applies(Rule::Borders) {
                vec![read(first, second), read(second, first)]
            } else {
                vec![Prepared::of(name, Some(own), index)]
            },
        }
    }

    /// The name in one of the ways of reading.
    #[must_use]
    pub fn read(&self, reading: usize) -> Option<&Prepared> {
        self.read.get(reading)
    }

    /// Judges two names in the way of reading in which they are most alike.
    #[must_use]
    pub fn judge(&self, other: &Self) -> Option<Across> {
        let mut best: Option<Across> = None;
        for (reading, (own, theirs)) in self.read.iter().zip(&other.read).enumerate() {
            let one = Across {
                judged: Judged::of(own, theirs),
                reading,
                core: own.has_core_of(theirs),
            };
            let worth = |one: &Across| (one.core, one.judged.score);
            if best.as_ref().is_none_or(|known| worth(&one) > worth(known)) {
                best = Some(one);
            }
        }
        best
    }

    /// True where both say the same in more than one word, in either way of reading.
    #[must_use]
    pub fn has_core_of(&self, other: &Self) -> bool {
        let mut both = self.read.iter().zip(&other.read);
        both.any(|(own, theirs)| own.has_core_of(theirs))
    }
}

/// Which names of other countries may say the same as a name: those that hold all that is of the name proper.
pub(super) struct Border<'a> {
    name: &'a Prepared,
    /// For each country, the places of the words that are set aside there.
    aside: BTreeMap<String, Vec<bool>>,
}

impl<'a> Border<'a> {
    pub(super) fn of(name: &'a Prepared) -> Self {
        Self {
            name,
            aside: BTreeMap::new(),
        }
    }

    /// True where a name of a country that holds the words at these places may say the same.
    pub(super) fn is_passed_by(&mut self, held: &[usize], country: &str) -> bool {
        let words = &self.name.folded.words;
        let missed = |place: &usize| {
            let word = words.get(*place);
            word.is_some_and(|word| word.role.is_none() && !fold::is_single_letter(&word.skeleton))
                && !held.contains(place)
        };
        let missed: Vec<usize> = (0..words.len()).filter(missed).collect();
        if missed.is_empty() {
            return true;
        }
        if !applies(Rule::Borders) {
            return false;
        }
        if !self.aside.contains_key(country) {
            // In lower case the letters are the same, and so are the words.
            let roles = fold::roles(&self.name.keys().raw, country);
            let aside = roles.iter().map(Option::is_some).collect();
            self.aside.insert(country.to_owned(), aside);
        }
        let aside = self.aside.get(country);
        let is_aside = |place: &usize| aside.and_then(|all| all.get(*place)) == Some(&true);
        missed.iter().all(is_aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn across(a: (&str, &str), b: (&str, &str)) -> Across {
        let countries = [a.1, b.1];
        let of = |(name, country): (&str, &str)| Abroad::of(name, country, countries, None);
        let (one, other) = (of(a), of(b));
        let found = one.judge(&other).unwrap();
        let back = other.judge(&one).unwrap();
        assert_eq!(found.core, back.core, "{a:?} {b:?}");
        assert_eq!(found.core, one.has_core_of(&other), "{a:?} {b:?}");
        assert!((found.judged.score - back.judged.score).abs() < 1e-5);
        found
    }

    #[test]
    fn a_name_with_a_legal_form_is_the_same_in_every_country() {
        const COUNTRIES: [&str; 8] = ["AZ", "TR", "TRNC", "UZ", "KZ", "KG", "TM", "HU"];
        for (name, home) in [
            ("Turkuaz Pelikan Sevenler Derneği", "TR"),
            ("Zöldellő Bagolyfészek Alapítvány", "HU"),
            ("Cücə Qağayı Xoru", "AZ"),
            ("Cinke Csóka Gyöngyös", "HU"),
            ("Ýelken Ýyldyz Žasmin", "TM"),
            ("Qızıl Alma İctimai Birliyi", "AZ"),
            ("«Жасыл Дала» қоғамдық қоры", "KZ"),
            ("Oʻzbekiston Sogʻlom Ona Jamoat birlashmasi", "UZ"),
            ("Ёшлар Ёки Ўрмон жамғармаси", "UZ"),
        ] {
            for country in COUNTRIES {
                let found = across((name, home), (name, country));
                assert!(found.core, "{name} in {country}");
                assert!(found.judged.score >= 0.97, "{name} in {country}");
            }
        }
    }

    #[test]
    fn forms_of_either_country_are_none_of_the_name_and_each_country_reads_both() {
        for (a, b) in [
            (
                ("Umut Kuşları Derneği", "TR"),
                ("Umut Kuşları İctimai Birliyi", "AZ"),
            ),
            (("Cas Otan", "TR"), ("Жас Отан қоры", "KZ")),
            (
                ("Qızıl Alma İctimai Birliyi", "AZ"),
                ("Kızıl Alma Vakfı", "TR"),
            ),
            (("Xəzər Dalğası", "AZ"), ("Хезер Далгасы", "KZ")),
        ] {
            let found = across(a, b);
            assert!(found.core, "{a:?} {b:?}");
            assert!(
                found.judged.score >= 0.6,
                "{a:?} {b:?}: {}",
                found.judged.score
            );
        }
    }

    #[test]
    fn one_word_that_is_usual_in_two_countries_says_nothing() {
        for (a, b) in [
            (("Umut Derneği", "TR"), ("Umut Birliyi", "AZ")),
            (("Umut Derneği", "TR"), ("Umut Derneği", "AZ")),
            (
                ("Turkuaz Pelikan Derneği", "TR"),
                ("Turkuaz Penguen Derneği", "AZ"),
            ),
        ] {
            assert!(!across(a, b).core, "{a:?} {b:?}");
        }
    }
}
