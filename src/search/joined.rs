//! Words that one name writes together and the other apart (`ЖАСОТАН`, `Жас Отан`): they are compared as one word.

use std::sync::Arc;

use super::fold::{Folded, NameWord};
use super::prepared::{Prepared, Weight};
use super::rules::{Rule, applies};

/// Words that stand as one are at most so many.
const MOST: usize = 3;
/// The whole has so many letters at least, and each part two: less meets by chance.
const LEAST: usize = 5;
/// What the letters of a part are at least.
const LEAST_PART: usize = 2;

/// Two names in which such words are one.
pub(super) struct Joined {
    first: Prepared,
    second: Prepared,
    /// The words as they stand apart.
    pub(super) words: Vec<String>,
}

impl Joined {
    /// None where no words of one stand as one in the other.
    pub(super) fn of(first: &Prepared, second: &Prepared) -> Option<Self> {
        if !applies(Rule::Joined) {
            return None;
        }
        let mut words = Vec::new();
        let own = taken_together(first, second, &mut words);
        let theirs = taken_together(second, first, &mut words);
        if words.is_empty() {
            return None;
        }
        Some(Self {
            first: own.unwrap_or_else(|| first.clone()),
            second: theirs.unwrap_or_else(|| second.clone()),
            words,
        })
    }

    /// The names as they are compared.
    pub(super) fn or<'a>(
        joined: Option<&'a Self>,
        first: &'a Prepared,
        second: &'a Prepared,
    ) -> (&'a Prepared, &'a Prepared) {
        joined.map_or((first, second), |joined| (&joined.first, &joined.second))
    }
}

/// A name with the words taken together that stand as one in the other name.
fn taken_together(name: &Prepared, other: &Prepared, told: &mut Vec<String>) -> Option<Prepared> {
    let own: Vec<(&NameWord, &Weight)> = name.weighed_words().collect();
    let mut words = Vec::with_capacity(own.len());
    let mut weights = Vec::with_capacity(own.len());
    let mut rest = own.as_slice();
    while let Some(((word, weight), behind)) = rest.split_first() {
        let parts = (2..=MOST.min(rest.len())).rev().find_map(|count| {
            let (parts, behind) = rest.split_at_checked(count)?;
            let mut others = other.folded.words.iter();
            others
                .any(|whole| is_one(parts, whole))
                .then_some((parts, behind))
        });
        let Some((parts, behind)) = parts else {
            words.push((*word).clone());
            weights.push(**weight);
            rest = behind;
            continue;
        };
        let apart: Vec<&str> = parts.iter().map(|(part, _)| part.plain.as_str()).collect();
        told.push(apart.join(" "));
        words.push(NameWord {
            plain: apart.concat(),
            skeleton: parts
                .iter()
                .map(|(part, _)| part.skeleton.as_str())
                .collect(),
            alt: Some(parts.iter().map(|(part, _)| second_reading(part)).collect()),
            role: None,
            number: None,
        });
        weights.push(Weight {
            weight: parts.iter().map(|(_, of)| of.weight).sum(),
            place: parts.iter().find_map(|(_, of)| of.place),
            branch: parts.iter().find_map(|(_, of)| of.branch),
            land: parts.iter().find_map(|(_, of)| of.land),
        });
        rest = behind;
    }
    (words.len() < own.len()).then(|| Prepared {
        folded: Arc::new(Folded {
            keys: name.folded.keys.clone(),
            words,
        }),
        weights,
        total: name.total,
    })
}

fn second_reading(word: &NameWord) -> &str {
    word.alt.as_deref().unwrap_or(&word.skeleton)
}

fn is_one(parts: &[(&NameWord, &Weight)], whole: &NameWord) -> bool {
    let words = || parts.iter().map(|(part, _)| *part);
    if whole.plain.len() < LEAST
        || words().any(|part| part.plain.len() < LEAST_PART)
        || whole.plain.bytes().any(|b| b.is_ascii_digit())
    {
        return false;
    }
    let reads = |whole: &str| {
        is_read(words().map(|part| part.skeleton.as_str()), whole)
            || is_read(words().map(second_reading), whole)
    };
    is_read(words().map(|part| part.plain.as_str()), &whole.plain)
        || reads(&whole.skeleton)
        || whole.alt.as_deref().is_some_and(reads)
}

/// True where the parts one behind the other make the whole; two of a letter may be one where they meet, as in skeletons.
fn is_read<'a>(parts: impl Iterator<Item = &'a str>, whole: &str) -> bool {
    let mut rest = whole;
    let mut last = None;
    for part in parts {
        let without_first = || {
            let first = part.chars().next()?;
            let meets = last == Some(first);
            meets.then(|| rest.strip_prefix(part.strip_prefix(first)?))?
        };
        let Some(behind) = rest.strip_prefix(part).or_else(without_first) else {
            return false;
        };
        rest = behind;
        last = part.chars().next_back();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::compare::{Verdict, compare};

    fn verdict(a: &str, b: &str, country: &str) -> Verdict {
        let one = compare(a, b, Some(country), None);
        let other = compare(b, a, Some(country), None);
        assert_eq!(one.verdict, other.verdict, "{a} | {b}");
        assert!((one.score - other.score).abs() < 1e-5, "{a} | {b}");
        one.verdict
    }

    #[test]
    fn words_written_together_or_apart_are_the_same_words() {
        for (a, b, country) in [
            ("ЖАСОТАН", "Жас Отан", "KZ"),
            ("Zhasotan", "Жас Отан қоғамдық бірлестігі", "KZ"),
            ("Ак Барс фонду", "Акбарс фонду", "KG"),
            ("Refahyolu Derneği", "Refah Yolu Derneği", "TR"),
            ("Zhas Sayran", "ЖАССАЙРАН", "KZ"),
            ("Gəncliyəyardım", "Gəncliyə Yardım", "AZ"),
            ("Bir Kün Jol", "Біркүнжол", "KZ"),
        ] {
            assert_eq!(verdict(a, b, country), Verdict::Same, "{a} | {b}");
        }
        let told = compare("ЖАСОТАН", "Жас Отан", Some("KZ"), None);
        assert_eq!(
            told.reasons.first().map(String::as_str),
            Some("written together or apart: jas otan")
        );
    }

    #[test]
    fn what_stands_beside_them_counts_as_before() {
        for (a, b, country) in [
            ("ЖАСОТАН Алматы", "Жас Отан Астана", "KZ"),
            ("ЖАСОТАН", "Жас Ұлан", "KZ"),
            ("Mektep 12", "Mektep 1 2", "KZ"),
            ("Ana Yurdu", "Anayurt Gazeteciler Cemiyeti", "TR"),
        ] {
            assert_ne!(verdict(a, b, country), Verdict::Same, "{a} | {b}");
        }
    }
}
