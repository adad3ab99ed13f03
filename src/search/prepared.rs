//! A name made ready to be compared with many: its words folded, each with what it is worth in a register (pure).

use std::sync::Arc;

use super::fold::{self, Folded, NameWord, Role};
use super::index::{Index, telling};
use super::opposites::{self, Opposite};
use super::rules::{Rule, applies};
use super::{branches, places};

/// What a word is worth in a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    pub(super) weight: f32,
    pub(super) place: Option<u16>,
    /// The place with nothing behind it but an ending.
    pub(super) place_alone: bool,
    pub(super) branch: Option<u16>,
    pub(super) land: Option<u16>,
    pub(super) opposite: Option<Opposite>,
    /// More than one public name has it, so that it is no slip; without an index every word may be one that names have.
    pub(super) is_word: bool,
}

/// A name made ready to be compared with many.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) folded: Arc<Folded>,
    pub(super) weights: Vec<Weight>,
    /// The weight of all words.
    pub(super) total: f32,
    /// The country as which it is read.
    country: Option<String>,
}

impl Prepared {
    /// Makes a name ready; the country and the index are those of [`super::compare::compare`].
    #[must_use]
    pub fn of(name: &str, country: Option<&str>, index: Option<&Index>) -> Self {
        Self::weighed(Arc::new(Folded::of(name, country)), country, index)
    }

    /// Makes a name ready that was folded before, in the same country.
    #[must_use]
    pub fn weighed(folded: Arc<Folded>, country: Option<&str>, index: Option<&Index>) -> Self {
        let place = index
            .zip(country)
            .and_then(|(index, code)| index.place_of(code));
        let weights: Vec<Weight> = folded
            .words
            .iter()
            .zip(places::of_words(&folded.words))
            .map(|(word, place_of)| {
                let found = index.map(|index| (index, index.terms.find(word.skeleton.as_bytes())));
                let rare = match found {
                    Some((index, term)) => index.telling(term, place),
                    None => telling(0, 0),
                };
                let is_word =
                    found.is_none_or(|(index, term)| term.is_some_and(|term| index.held(term) > 1));
                let short = if word.skeleton.len() < 2 { 0.1 } else { 1.0 };
                Weight {
                    weight: rare.max(0.05) * role_worth(word.role) * short,
                    place: place_of.map(|place| place.thing),
                    place_alone: place_of.is_some_and(|place| place.alone),
                    branch: branches::of(word),
                    land: places::land(word),
                    opposite: opposites::of(word),
                    is_word,
                }
            })
            .collect();
        Self {
            total: weights.iter().map(|word| word.weight).sum(),
            weights,
            folded,
            country: country.map(str::to_owned),
        }
    }

    /// The country as which it is read.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// The same name with words taken together.
    pub(super) fn with(&self, words: Vec<NameWord>, weights: Vec<Weight>) -> Self {
        Self {
            folded: Arc::new(Folded {
                keys: self.folded.keys.clone(),
                words,
            }),
            weights,
            total: self.total,
            country: self.country.clone(),
        }
    }

    pub(super) fn keys(&self) -> &fold::Keys {
        &self.folded.keys
    }

    /// Its words with their weights.
    pub(super) fn weighed_words(&self) -> impl Iterator<Item = (&NameWord, &Weight)> + Clone {
        self.folded.words.iter().zip(&self.weights)
    }

    /// True where both say the same beside legal forms, in more than one word: what tells names of two countries apart from
    /// names that are usual in both.
    #[must_use]
    pub fn has_core_of(&self, other: &Self) -> bool {
        // The core has no single letters.
        if fold::other_letters(&self.keys().letters, &other.keys().letters) {
            return false;
        }
        let same = |own: &str, theirs: &str| own.contains(' ') && own == theirs;
        let (own, theirs) = (&self.keys().core, &other.keys().core);
        let (second, their_second) = (self.second_core(), other.second_core());
        same(own, theirs)
            || second.iter().any(|own| same(own, theirs))
            || their_second.iter().any(|theirs| same(own, theirs))
            || second.zip(their_second).is_some_and(|(a, b)| same(&a, &b))
    }

    /// The core in the second reading, where it differs.
    fn second_core(&self) -> Option<String> {
        self.keys().skeleton_alt.as_ref()?;
        let words = self.folded.words.iter();
        let words = words.filter(|word| word.role.is_none());
        let words = words.map(|word| word.alt.as_deref().unwrap_or(&word.skeleton));
        let mut core: Vec<&str> = words.filter(|word| !fold::is_single_letter(word)).collect();
        core.sort_unstable();
        Some(core.join(" "))
    }
}

/// Forms weigh little here: they are compared apart.
pub(super) fn role_worth(role: Option<Role>) -> f32 {
    match role {
        Some(Role::Form(_)) if applies(Rule::LegalForms) => 0.08,
        Some(Role::Generic) if applies(Rule::GenericWords) => 0.35,
        Some(Role::Named | Role::Small) if applies(Rule::GenericWords) => 0.05,
        _ => 1.0,
    }
}
