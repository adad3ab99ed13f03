//! A table of things in all their spellings, a line a thing, and which of them a word of a name is, or several words.

use std::collections::{HashMap, HashSet};

use super::endings;
use super::fold::{self, NameWord};

/// Spellings from this length on are found with an ending, too (`Budapesti`, `Сумгаитский`).
const WITH_ENDING: usize = 5;
/// Letters of such an ending at most.
const ENDING: usize = 5;

/// The same for the ending of those who are of a place, which nothing else has.
const SHORTEST_OF_PEOPLE: usize = 3;
/// How Russian adjectives of places end: as long as a short spelling.
const ADJECTIVE: &str = "sk";

/// The things by their spellings.
pub(super) struct Spellings {
    things: HashMap<String, u16>,
    /// The first words of spellings of several.
    firsts: HashSet<String>,
    /// The most words that a spelling has.
    longest: usize,
}

impl Spellings {
    /// Reads a table: spellings with a bar between; lines that begin with `#` are remarks. A spelling of several words is found
    /// as it stands, with any sign between them, and written together.
    pub fn read(table: &str) -> Self {
        let mut read = Self {
            things: HashMap::new(),
            firsts: HashSet::new(),
            longest: 1,
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

    /// Takes a spelling, which the first line that has it keeps; gives how many words it has.
    fn spell(&mut self, spelling: &str, thing: u16) -> usize {
        let mut words = 0;
        for keys in fold::query_keys(spelling) {
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
        self.spelled(&word.skeleton)
            .or_else(|| self.spelled(&word.plain))
    }

    /// The thing that several words are which a name begins with, and how many they are.
    pub fn of_several(&self, words: &[NameWord]) -> Option<(u16, usize)> {
        let first = words.first()?;
        if !self.firsts.contains(&first.skeleton) && !self.firsts.contains(&first.plain) {
            return None;
        }
        let most = self.longest.min(words.len());
        (2..=most).rev().find_map(|count| {
            let words = words.get(..count)?;
            let read = |read: fn(&NameWord) -> &str| -> Option<u16> {
                let words: Vec<&str> = words.iter().map(read).collect();
                self.spelled(&words.join(" "))
            };
            let found = read(|word| &word.skeleton).or_else(|| read(|word| &word.plain));
            Some((found?, count))
        })
    }

    /// Found as it is, or with an ending on its last word.
    fn spelled(&self, text: &str) -> Option<u16> {
        if let Some(&thing) = self.things.get(text) {
            return Some(thing);
        }
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
            is_ending.then_some(thing)
        });
        ended.or_else(|| self.of_people(text, last))
    }

    /// Found by those who are of it (`Ağdamlılar`).
    fn of_people(&self, text: &str, last: usize) -> Option<u16> {
        if !endings::may_be_of_people(text) {
            return None;
        }
        let shortest = last + SHORTEST_OF_PEOPLE;
        (shortest..text.len()).rev().find_map(|len| {
            let (stem, ending) = text.split_at_checked(len)?;
            let thing = *self.things.get(stem)?;
            endings::is_of_people(ending).then_some(thing)
        })
    }
}
