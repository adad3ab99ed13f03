//! A table of things in all their spellings, a line a thing, and which of them a word of a name is, or several words.

use std::collections::{HashMap, HashSet};

use super::endings;
use super::fold::{self, NameWord};

/// Spellings from this length on are found with any ending, too (`Budapesti`, `Сумгаитский`).
const WITH_ENDING: usize = 5;
/// Letters of such an ending at most.
const ENDING: usize = 5;

/// Places from this length on are found with an ending that says of a place, which nothing else has (`Karslılar`, `Ошский`).
const SHORTEST_PLACE: usize = 3;
/// How Russian adjectives of places end: as long as a short spelling.
const ADJECTIVE: &str = "sk";

/// The things by their spellings.
pub(super) struct Spellings {
    /// By their plain spellings, which tell apart what skeletons do not (`Vasi`, `Váci`).
    plains: HashMap<String, u16>,
    /// By either.
    things: HashMap<String, u16>,
    /// The first words of spellings of several.
    firsts: HashSet<String>,
    /// The most words that a spelling has.
    longest: usize,
    /// The things are places.
    are_places: bool,
}

/// A thing that a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    /// Its number.
    pub(super) thing: u16,
    /// Nothing stands behind it but an ending: another word may be made of it otherwise (`Bursaspor`).
    pub(super) alone: bool,
}

impl Spellings {
    /// Reads a table: spellings with a bar between; lines that begin with `#` are remarks. A spelling of several words is found
    /// as it stands, with any sign between them, and written together.
    pub fn read(table: &str) -> Self {
        let mut read = Self {
            plains: HashMap::new(),
            things: HashMap::new(),
            firsts: HashSet::new(),
            longest: 1,
            are_places: false,
        };
        let lines = table
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for (number, line) in (0..).zip(lines) {
            for spelling in line.split('|') {
                if read.spell(spelling, number) > 1 {
                    let together: String =
                        spelling.chars().filter(|c| c.is_alphanumeric()).collect();
                    read.spell(&together, number);
                }
            }
        }
        read
    }

    /// The same for a table of places, which have endings of their own.
    pub fn of_places(table: &str) -> Self {
        Self {
            are_places: true,
            ..Self::read(table)
        }
    }

    /// Takes a spelling, which the first line that has it keeps; gives how many words it has.
    fn spell(&mut self, spelling: &str, thing: u16) -> usize {
        let mut words = 0;
        for keys in fold::query_keys(spelling) {
            self.plains.entry(keys.plain.clone()).or_insert(thing);
            // Plain, too: an ending may change the skeleton (`Сумгаитский`).
            for key in [keys.skeleton, keys.plain] {
                words = words.max(key.split(' ').count());
                if let Some((first, _)) = key.split_once(' ') {
                    self.firsts.insert(first.to_owned());
                }
                self.things.entry(key).or_insert(thing);
            }
        }
        self.longest = self.longest.max(words);
        words
    }

    /// The thing that a word is, by number.
    pub fn of(&self, word: &NameWord) -> Option<u16> {
        Some(self.spelled_by(word)?.thing)
    }

    /// The thing that a word is.
    pub fn spelled_by(&self, word: &NameWord) -> Option<Spelled> {
        self.spelled(&word.plain, &word.skeleton)
    }

    /// The thing that several words are which a name begins with, and how many they are.
    pub fn of_several(&self, words: &[NameWord]) -> Option<(Spelled, usize)> {
        let first = words.first()?;
        if !self.firsts.contains(&first.skeleton) && !self.firsts.contains(&first.plain) {
            return None;
        }
        let most = self.longest.min(words.len());
        (2..=most).rev().find_map(|count| {
            let words = words.get(..count)?;
            let read = |read: fn(&NameWord) -> &str| -> String {
                let words: Vec<&str> = words.iter().map(read).collect();
                words.join(" ")
            };
            let (plain, skeleton) = (read(|word| &word.plain), read(|word| &word.skeleton));
            Some((self.spelled(&plain, &skeleton)?, count))
        })
    }

    /// Found as it is, or with an ending on its last word: the plain spelling first, for skeletons of two things may be one.
    fn spelled(&self, plain: &str, skeleton: &str) -> Option<Spelled> {
        let known = self.plains.get(plain).or_else(|| self.things.get(skeleton));
        let known = known.or_else(|| self.things.get(plain));
        if let Some(&thing) = known {
            return Some(Spelled { thing, alone: true });
        }
        let short = || self.with_ending_of_place(plain);
        self.with_ending(skeleton)
            .or_else(|| self.with_ending(plain))
            .or_else(short)
    }

    /// Found with an ending.
    fn with_ending(&self, text: &str) -> Option<Spelled> {
        let last = text.rfind(' ').map_or(0, |space| space + 1);
        let shortest = WITH_ENDING
            .max(text.len().saturating_sub(ENDING))
            .max(last + 1);
        let mut cuts = (shortest..text.len()).rev();
        let ended = cuts.find_map(|len| {
            let (stem, ending) = text.split_at_checked(len)?;
            let thing = *self.things.get(stem)?;
            // `Нарынская` ends like that; what else is as long as the word before it makes another word.
            let is_ending = ending.len() < stem.len() || ending.starts_with(ADJECTIVE);
            is_ending.then(|| Spelled {
                thing,
                alone: endings::is_of_place(ending) || endings::is_of_any(ending),
            })
        });
        ended.or_else(|| self.of_people(text, last))
    }

    /// Found by those who are of it (`Ağdamlılar`).
    fn of_people(&self, text: &str, last: usize) -> Option<Spelled> {
        if !endings::may_be_of_people(text) {
            return None;
        }
        let shortest = last + SHORTEST_PLACE;
        (shortest..text.len()).rev().find_map(|len| {
            let (stem, ending) = text.split_at_checked(len)?;
            let thing = *self.things.get(stem)?;
            endings::is_of_people(ending).then_some(Spelled { thing, alone: true })
        })
    }

    /// A short place found by an ending that nothing but places have: any other may make another word of it.
    fn with_ending_of_place(&self, plain: &str) -> Option<Spelled> {
        if !self.are_places {
            return None;
        }
        (SHORTEST_PLACE..WITH_ENDING.min(plain.len())).find_map(|len| {
            let (stem, ending) = plain.split_at_checked(len)?;
            let thing = *self.plains.get(stem)?;
            endings::is_of_place(ending).then_some(Spelled { thing, alone: true })
        })
    }
}
