//! Words of which one tells two organisations apart from the other: north and south, deaf and blind, mothers and fathers, the
//! first and the second (design, section 9). Few letters lie between many of them (`Karlar`, `Korlar`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::fold::NameWord;
use super::prepared::Weight;
use super::rules::{Rule, applies};
use super::spellings::Spellings;

/// The spellings, and on what each line is said, by number.
struct Opposites {
    spellings: Spellings,
    said_on: Vec<u16>,
    /// For each line, whether a name may leave it out (`қаласы`, the town of the name before it).
    left_out: Vec<bool>,
}

/// What stands behind the thing of such a line.
const LEFT_OUT: char = '?';

static OPPOSITES: LazyLock<Opposites> = LazyLock::new(|| {
    let lines = include_str!("opposites.tsv").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once('\t'));
    let (mut things, mut said_on, mut table) = (BTreeMap::new(), Vec::new(), String::new());
    let mut left_out = Vec::new();
    for (thing, spellings) in lines {
        left_out.push(thing.ends_with(LEFT_OUT));
        let thing = thing.trim_end_matches(LEFT_OUT);
        let next = u16::try_from(things.len()).unwrap_or(u16::MAX);
        said_on.push(*things.entry(thing).or_insert(next));
        table.push_str(spellings);
        table.push('\n');
    }
    Opposites {
        spellings: Spellings::read(&table),
        said_on,
        left_out,
    }
});

/// What a word says, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opposite {
    said: u16,
    on: u16,
}

impl Opposite {
    /// Whether both say the same; none where they speak of different things.
    pub(super) fn agrees(self, other: Self) -> Option<bool> {
        (self.on == other.on).then_some(self.said == other.said)
    }
}

/// What a word says.
pub(super) fn of(word: &NameWord) -> Option<Opposite> {
    if !applies(Rule::Opposites) {
        return None;
    }
    let said = OPPOSITES.spellings.of(word)?;
    let on = *OPPOSITES.said_on.get(usize::from(said))?;
    Some(Opposite { said, on })
}

/// What the words of two names say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opposed {
    /// The same on everything, or nothing.
    No,
    /// One says something on which the other says nothing.
    Open,
    /// Both say something on one thing, and no one of it is the same.
    Yes,
}

/// Compares what two names say, each word with whether it stands alone: what has its like in the other name, with a slip maybe, is
/// said there too.
pub(super) fn opposed<'a>(
    a: impl Iterator<Item = (&'a Weight, bool)>,
    b: impl Iterator<Item = (&'a Weight, bool)>,
) -> Opposed {
    let own: Vec<(Opposite, bool)> = a.filter_map(said).collect();
    let theirs: Vec<(Opposite, bool)> = b.filter_map(said).collect();
    let mut found = Opposed::No;
    for &(one, alone) in own.iter().chain(&theirs) {
        let on_it = |all: &[(Opposite, bool)]| -> Vec<u16> {
            let same = all.iter().filter(|(other, _)| other.on == one.on);
            same.map(|(other, _)| other.said).collect()
        };
        let (own, theirs) = (on_it(&own), on_it(&theirs));
        if own.is_empty() || theirs.is_empty() {
            let left_out = OPPOSITES.left_out.get(usize::from(one.said));
            if alone && left_out != Some(&true) {
                found = Opposed::Open;
            }
        } else if !own.iter().any(|said| theirs.contains(said)) {
            return Opposed::Yes;
        }
    }
    found
}

fn said((word, alone): (&Weight, bool)) -> Option<(Opposite, bool)> {
    Some((word.opposite?, alone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::fold;

    fn said(word: &str, country: &str) -> Option<Opposite> {
        of(fold::name_words(word, Some(country)).first()?)
    }

    #[test]
    fn a_side_is_one_in_every_language_and_no_other_word_says_it() {
        let north = said("Солтүстік", "KZ");
        assert!(north.is_some());
        for (word, country) in [
            ("Kuzey", "TR"),
            ("Şimali", "AZ"),
            ("Северного", "KG"),
            ("Түндүк", "KG"),
            ("Demirgazyk", "TM"),
            ("Északi", "HU"),
            ("Northern", "HU"),
            ("shimoliy", "UZ"),
        ] {
            assert_eq!(said(word, country), north, "{word}");
        }
        for (one, other, country) in [
            ("Солтүстік", "Оңтүстік", "KZ"),
            ("Түндүк", "Түштүк", "KG"),
            ("Karlar", "Korlar", "AZ"),
            ("Karlar", "Koʻrlar", "UZ"),
            ("Kerler", "Körler", "TM"),
            ("Onalar", "Otalar", "UZ"),
            ("Alsó", "Felső", "HU"),
            ("Birinci", "İkinci", "TR"),
            ("Milli", "Beynəlxalq", "AZ"),
        ] {
            let two = said(one, country).zip(said(other, country));
            let agrees = two.and_then(|(one, other)| one.agrees(other));
            assert_eq!(agrees, Some(false), "{one} {other}");
        }
        for (word, country) in [
            ("Gençlik", "TR"),
            ("Umid", "AZ"),
            ("Отан", "KZ"),
            ("мен", "KZ"),
            ("Ata", "KZ"),
            ("Karate", "HU"),
            ("Korona", "HU"),
            ("Анатолий", "KZ"),
        ] {
            assert_eq!(said(word, country), None, "{word}");
        }
    }
}
