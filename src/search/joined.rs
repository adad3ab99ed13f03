//! Words that are compared as one: which one name writes together and the other apart (`ЖАСОТАН`, `Жас Отан`), for which the other
//! name has their initials (`futbol klubi`, `FK`), and which are a place that the other name calls otherwise (`СҚО`).

use super::abbreviations::{self, Initials};
use super::fold::NameWord;
use super::prepared::{Prepared, Weight};
use super::rules::{Rule, applies};

/// Words that stand as one are at most so many.
const MOST: usize = 5;
/// Words that are written together are at most so many.
const MOST_TOGETHER: usize = 3;
/// The whole has so many letters at least, and each part two: less meets by chance.
const LEAST: usize = 5;
/// What the letters of a part are at least.
const LEAST_PART: usize = 2;

/// Two names in which such words are one.
pub(super) struct Joined {
    first: Prepared,
    second: Prepared,
    /// What was taken together.
    pub(super) told: Told,
}

/// Words that were taken together.
#[derive(Default)]
pub(super) struct Told {
    /// As they stand apart.
    pub(super) words: Vec<String>,
    /// Initials, and the words that they stand for.
    pub(super) initials: Vec<String>,
    /// The words that are initials.
    pub(super) shorts: Vec<String>,
    /// True where other words may have the same initials.
    pub(super) open: bool,
}

/// What several words are.
enum Whole<'a> {
    /// A word of the other name.
    Together,
    /// This word of the other name is their initials.
    Initials(&'a NameWord, Initials),
    /// A place, which the other name has in another number of words.
    Place,
}

impl Joined {
    /// None where no words of one stand as one in the other.
    pub(super) fn of(first: &Prepared, second: &Prepared) -> Option<Self> {
        let mut told = Told::default();
        let own = taken_together(first, second, &mut told);
        let theirs = taken_together(second, first, &mut told);
        if own.is_none() && theirs.is_none() {
            return None;
        }
        Some(Self {
            first: own.unwrap_or_else(|| first.clone()),
            second: theirs.unwrap_or_else(|| second.clone()),
            told,
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

/// A name with the words taken together that are one in the other name.
fn taken_together(name: &Prepared, other: &Prepared, told: &mut Told) -> Option<Prepared> {
    let own: Vec<(&NameWord, &Weight)> = name.weighed_words().collect();
    let mut words = Vec::with_capacity(own.len());
    let mut weights = Vec::with_capacity(own.len());
    let mut rest = own.as_slice();
    while let Some(((word, weight), behind)) = rest.split_first() {
        let parts = (2..=MOST.min(rest.len())).rev().find_map(|count| {
            let (parts, behind) = rest.split_at_checked(count)?;
            Some((parts, whole_of(parts, name, other)?, behind))
        });
        let Some((parts, whole, behind)) = parts else {
            words.push((*word).clone());
            weights.push(**weight);
            rest = behind;
            continue;
        };
        let apart: Vec<&str> = parts.iter().map(|(part, _)| part.plain.as_str()).collect();
        let is_place = matches!(whole, Whole::Place);
        words.push(match whole {
            Whole::Initials(short, initials) => {
                told.open |= initials == Initials::Open;
                told.shorts.push(short.plain.clone());
                told.initials
                    .push(format!("{} = {}", short.plain, apart.join(" ")));
                short.clone()
            }
            Whole::Together | Whole::Place => {
                if !is_place {
                    told.words.push(apart.join(" "));
                }
                as_one(parts, &apart)
            }
        });
        weights.push(Weight {
            weight: parts.iter().map(|(_, of)| of.weight).sum(),
            place: parts.iter().find_map(|(_, of)| of.place),
            place_alone: is_place
                || parts
                    .iter()
                    .all(|(_, of)| of.place.is_none() || of.place_alone),
            branch: parts.iter().find_map(|(_, of)| of.branch),
            is_word: parts.iter().all(|(_, of)| of.is_word),
            land: parts
                .iter()
                .find_map(|(_, of)| of.land)
                .filter(|_| !is_place),
            opposite: parts
                .iter()
                .find_map(|(_, of)| of.opposite)
                .filter(|_| !is_place),
        });
        rest = behind;
    }
    (words.len() < own.len()).then(|| name.with(words, weights))
}

/// What words that follow each other are in the other name.
fn whole_of<'a>(
    parts: &[(&NameWord, &Weight)],
    name: &Prepared,
    other: &'a Prepared,
) -> Option<Whole<'a>> {
    let is_together = |whole: &NameWord| applies(Rule::Joined) && is_one(parts, whole);
    if parts.len() <= MOST_TOGETHER && other.folded.words.iter().any(is_together) {
        return Some(Whole::Together);
    }
    let of_place = |side: &Prepared, place: u16| {
        let words = side.weights.iter();
        words.filter(|word| word.place == Some(place)).count()
    };
    if let Some((
        _,
        Weight {
            place: Some(place), ..
        },
    )) = parts.first()
        && parts.iter().all(|(_, of)| of.place == Some(*place))
        && of_place(name, *place) == parts.len()
        && ![0, parts.len()].contains(&of_place(other, *place))
    {
        return Some(Whole::Place);
    }
    let words: Vec<&NameWord> = parts.iter().map(|(part, _)| *part).collect();
    other.folded.words.iter().find_map(|short| {
        let initials = abbreviations::are_initials(short, &words)?;
        // What both names have stands for itself.
        let mut own = name.folded.words.iter();
        (!own.any(|word| word.plain == short.plain)).then_some(Whole::Initials(short, initials))
    })
}

/// Words as one word.
fn as_one(parts: &[(&NameWord, &Weight)], apart: &[&str]) -> NameWord {
    NameWord {
        plain: apart.concat(),
        skeleton: parts
            .iter()
            .map(|(part, _)| part.skeleton.as_str())
            .collect(),
        alt: Some(parts.iter().map(|(part, _)| second_reading(part)).collect()),
        turkish: parts
            .iter()
            .any(|(part, _)| part.turkish.is_some())
            .then(|| {
                parts
                    .iter()
                    .map(|(part, _)| turkish_reading(part))
                    .collect()
            }),
        role: None,
        number: None,
        dotted: false,
        quoted: parts.iter().all(|(part, _)| part.quoted),
    }
}

fn second_reading(word: &NameWord) -> &str {
    word.alt.as_deref().unwrap_or(&word.skeleton)
}

fn turkish_reading(word: &NameWord) -> &str {
    word.turkish.as_deref().unwrap_or(&word.skeleton)
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
            || is_read(words().map(turkish_reading), whole)
    };
    is_read(words().map(|part| part.plain.as_str()), &whole.plain)
        || reads(&whole.skeleton)
        || whole.alt.as_deref().is_some_and(reads)
        || whole.turkish.as_deref().is_some_and(reads)
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
