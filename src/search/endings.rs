//! Endings that a word takes without becoming another one: plurals, possessives, cases (`könüllülər`, `könüllülərin`). What else stands
//! behind a common beginning makes another word of it: compounds (`Yeşilova`, `Yeşilyurt`).

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use super::fold::{self, NameWord};
use super::likeness;
use super::meanings;
use super::rules::{Rule, applies};

/// What stands before an ending has so many letters at least.
const STEM: usize = 3;
/// Letters at the end of a stem that others take the place of before an ending (`gençlik`, `gençliği`; `mektep`, `mektebi`).
const SOFTENED: [(u8, u8); 3] = [(b'k', b'g'), (b'q', b'g'), (b'p', b'b')];

/// The endings of a language, folded, by their place in the order.
type Endings = BTreeMap<u8, HashSet<String>>;

static LANGUAGES: LazyLock<BTreeMap<&str, Endings>> = LazyLock::new(|| {
    let mut languages: BTreeMap<&str, Endings> = BTreeMap::new();
    let lines = include_str!("endings.tsv").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(language), Some(place), Some(endings)) =
            (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let place: u8 = place.parse().unwrap_or(u8::MAX);
        let all = languages.entry(language).or_default();
        let folded = endings.split('|').flat_map(folded);
        all.entry(place).or_default().extend(folded);
    }
    languages
});

/// People of a place in the table.
const PEOPLE: &str = "people";
/// What else is of a place.
const PLACE: &str = "place";

/// An ending as it stands in plain keys and skeletons, behind a consonant and behind a vowel.
fn folded(ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    // In the ending's script, or its letters would be taken for those of the other one that look like them.
    let is_cyrillic = ending.chars().any(|c| ('\u{400}'..='\u{52F}').contains(&c));
    let stems = if is_cyrillic {
        [("баб", "bab"), ("баба", "baba")]
    } else {
        [("bab", "bab"), ("baba", "baba")]
    };
    for (written, stem) in stems {
        for keys in fold::query_keys(&format!("{written}{ending}")) {
            let both = [keys.plain, keys.skeleton];
            let behind = both.iter().filter_map(|key| key.strip_prefix(stem));
            found.extend(behind.filter(|rest| !rest.is_empty()).map(str::to_owned));
        }
    }
    found
}

/// True where a text is nothing, or endings of a language in their order.
fn is_of(language: &Endings, text: &str) -> bool {
    fn behind<'a>(
        mut places: impl Iterator<Item = &'a HashSet<String>> + Clone,
        text: &str,
    ) -> bool {
        if text.is_empty() {
            return true;
        }
        while let Some(endings) = places.next() {
            let cuts = (1..=text.len()).filter_map(|cut| text.split_at_checked(cut));
            let mut read = cuts.filter(|(ending, _)| endings.contains(*ending));
            if read.any(|(_, rest)| behind(places.clone(), rest)) {
                return true;
            }
        }
        false
    }
    behind(language.values(), text)
}

/// Plurals that the endings of people have: what has none of them needs no further look.
const PLURALS: [&str; 6] = ["lar", "ler", "tar", "ter", "dar", "der"];

/// True where a word may be of those who are of a place.
pub(super) fn may_be_of_people(word: &str) -> bool {
    PLURALS.iter().any(|plural| word.contains(plural))
}

/// True for the ending of those who are of a place.
pub(super) fn is_of_people(ending: &str) -> bool {
    applies(Rule::OtherEndings)
        && !ending.is_empty()
        && LANGUAGES
            .get(PEOPLE)
            .is_some_and(|people| is_of(people, ending))
}

/// True for nothing and for an ending that says of a place: what is of it, or who is (`Karslı`, `Ошский`).
pub(super) fn is_of_place(ending: &str) -> bool {
    let place = || LANGUAGES.get(PLACE);
    applies(Rule::OtherEndings)
        && (place().is_some_and(|place| is_of(place, ending))
            || (may_be_of_people(ending) && is_of_people(ending)))
}

/// True for nothing and for endings of a language that make no other word, of places or not.
pub(super) fn is_of_any(ending: &str) -> bool {
    LANGUAGES.values().any(|language| is_of(language, ending))
}

/// True where two words begin alike and are not forms of one word: what stands behind the beginning is no ending in any language.
pub(super) fn make_others(own: &NameWord, theirs: &NameWord) -> bool {
    if !applies(Rule::OtherEndings) || own.dotted || theirs.dotted {
        return false;
    }
    let theirs_mean = meanings::of_itself(&theirs.skeleton);
    let mut own_mean = meanings::of_itself(&own.skeleton).iter();
    if own_mean.any(|one| theirs_mean.contains(one)) {
        return false;
    }
    let forms = |word: &NameWord| -> Vec<String> {
        let read = std::iter::once(&word.skeleton).chain(&word.alt);
        read.cloned().collect()
    };
    let (own_forms, their_forms) = (forms(own), forms(theirs));
    let read = own_forms
        .iter()
        .flat_map(|x| their_forms.iter().map(move |y| (x.as_str(), y.as_str())));
    let plain = std::iter::once((own.plain.as_str(), theirs.plain.as_str()));
    let mut begin_alike = false;
    for (x, y) in plain.chain(read) {
        if likeness::ending(x.as_bytes(), y.as_bytes()).is_some() {
            begin_alike = true;
            if are_forms_of_one(x, y) {
                return false;
            }
        }
    }
    begin_alike
}

/// True where two folded words are forms of one word.
pub(super) fn are_of_one_word(own: &str, theirs: &str) -> bool {
    !applies(Rule::OtherEndings) || are_forms_of_one(own, theirs)
}

/// True where both have one stem, and behind it nothing or endings of one language.
fn are_forms_of_one(x: &str, y: &str) -> bool {
    let same = x.bytes().zip(y.bytes()).take_while(|(x, y)| x == y).count();
    (STEM..=same).rev().any(|stem| {
        let (Some(own), Some(theirs)) = (x.get(stem..), y.get(stem..)) else {
            return false;
        };
        let softened = softened(own, theirs);
        let mut languages = LANGUAGES.iter().filter(|(name, _)| **name != PLACE);
        languages.any(|(_, language)| {
            let are = |(own, theirs): (&str, &str)| is_of(language, own) && is_of(language, theirs);
            are((own, theirs)) || softened.is_some_and(are)
        })
    })
}

/// What stands behind a letter that is softened before an ending.
fn softened<'a>(own: &'a str, theirs: &'a str) -> Option<(&'a str, &'a str)> {
    let both = (*own.as_bytes().first()?, *theirs.as_bytes().first()?);
    let is_pair = |&(hard, soft): &(u8, u8)| both == (hard, soft) || both == (soft, hard);
    SOFTENED.iter().any(is_pair).then_some(())?;
    Some((own.get(1..)?, theirs.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, country: &str) -> NameWord {
        fold::name_words(text, Some(country)).remove(0)
    }

    #[test]
    fn plurals_possessives_and_cases_are_forms_of_one_word() {
        for (one, other, country) in [
            ("könüllülər", "könüllülərin", "AZ"),
            ("sahibkarlar", "sahibkarlarının", "AZ"),
            ("gençlik", "gençliği", "TR"),
            ("çocuklar", "çocuklarına", "TR"),
            ("ардагер", "ардагерлері", "KZ"),
            ("ардагерлер", "ардагерлерінің", "KZ"),
            ("мектеп", "мектебинин", "KG"),
            ("оюнчулар", "оюнчулары", "KG"),
            ("talabalar", "talabalarining", "UZ"),
            ("zenanlar", "zenanlarynyň", "TM"),
            ("gyermek", "gyermekekért", "HU"),
            ("tanítók", "tanítóknak", "HU"),
            ("ветераны", "ветеранов", "KZ"),
            ("инвалид", "инвалидами", "KG"),
            ("молодёжный", "молодёжная", "KZ"),
            ("teacher", "teachers", "HU"),
        ] {
            let (one, other) = (word(one, country), word(other, country));
            assert!(!make_others(&one, &other), "{one:?} {other:?}");
            assert!(!make_others(&other, &one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_no_language_puts_behind_a_word_makes_another_one() {
        for (one, other, country) in [
            ("Yeşilova", "Yeşilyurt", "TR"),
            ("Yeşilırmak", "Yeşilyurt", "TR"),
            ("Қызылжар", "Қызылағаш", "KZ"),
            ("Qizilqum", "Qizilqosh", "UZ"),
            ("Yangibozor", "Yangiobod", "UZ"),
            ("Kızılkaya", "Kızıldere", "TR"),
            ("Kızıl", "Kızıldağ", "TR"),
            ("Gülüstan", "Gülüşlər", "AZ"),
            ("Balatonfüred", "Balatonlelle", "HU"),
        ] {
            let (one, other) = (word(one, country), word(other, country));
            assert!(make_others(&one, &other), "{one:?} {other:?}");
            assert!(make_others(&other, &one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_of_a_place_is_told_by_its_ending() {
        for ending in [
            "", "li", "lu", "ly", "lik", "tuk", "dyk", "skiy", "skaya", "skogo", "lilar",
        ] {
            assert!(is_of_place(ending), "{ending}");
        }
        for ending in ["spor", "bank", "gucu", "i", "a", "dag", "ova", "ci", "chi"] {
            assert!(!is_of_place(ending), "{ending}");
        }
        assert!(is_of_any("nyn") && !is_of_any("spor"));
    }

    #[test]
    fn those_who_are_of_a_place_are_told_by_their_ending() {
        for ending in ["lilar", "lilarinin", "liktar", "diktari", "lular"] {
            assert!(is_of_people(ending) && may_be_of_people(ending), "{ending}");
        }
        let people = LANGUAGES.get(PEOPLE).unwrap().get(&1).unwrap();
        assert!(
            people.iter().all(|ending| may_be_of_people(ending)),
            "{people:?}"
        );
        for ending in ["", "lar", "li", "abad", "skii"] {
            assert!(!is_of_people(ending), "{ending}");
        }
    }
}
