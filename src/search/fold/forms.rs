//! Legal-form and generic words: which words of a name say what an organisation is in law, and which
//! say little about which organisation it is.
//!
//! The words are data (`legal_forms.tsv`), compared as skeletons, the longest spelling first.

use super::form::Form;
use super::letters::Script;
use super::skeleton::{self, Reading};
use super::words;
use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("legal_forms.tsv");

/// A single word up to this many letters counts only in its own script: `ОФ` is not `of`.
const ABBREVIATION_LETTERS: usize = 3;

const COUNTRIES: [&str; 8] = ["AZ", "TR", "TRNC", "UZ", "KZ", "KG", "TM", "HU"];

/// What a word of a name is, where it is not the name proper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A legal-form word.
    Form(Form),
    /// A word of low weight: state, national, the country.
    Generic,
    /// The marker of a named-after pattern: `adına`, `nomidagi`, `имени`.
    Named,
    /// And, of, for.
    Small,
}

/// A word of a name as it is compared: its skeleton and its script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared<'a> {
    pub(super) skeleton: &'a str,
    pub(super) script: Option<Script>,
}

#[derive(Debug, PartialEq)]
struct Pattern {
    words: Vec<String>,
    script: Option<Script>,
    countries: u16,
    role: Role,
}

static PATTERNS: LazyLock<HashMap<String, Vec<Pattern>>> = LazyLock::new(patterns);

/// The role of each word, `None` for the words of the name proper. Without a country, the words of
/// all countries count.
pub(super) fn roles(words: &[Compared<'_>], country: Option<&str>) -> Vec<Option<Role>> {
    let asked = country.map_or(u16::MAX, mask);
    let mut roles = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.first() {
        let found = PATTERNS.get(first.skeleton).and_then(|all| {
            all.iter()
                .find(|p| p.countries & asked != 0 && p.fits(rest))
        });
        let taken = found.map_or(1, |pattern| pattern.words.len());
        roles.extend(std::iter::repeat_n(
            found.map(|pattern| pattern.role),
            taken,
        ));
        rest = rest.get(taken..).unwrap_or_default();
    }
    roles
}

impl Pattern {
    fn fits(&self, words: &[Compared<'_>]) -> bool {
        let same_script =
            self.script.is_none() || words.first().is_some_and(|word| word.script == self.script);
        same_script
            && words.len() >= self.words.len()
            && self
                .words
                .iter()
                .zip(words)
                .all(|(own, word)| own == word.skeleton)
    }
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "generic" => Role::Generic,
        "named" => Role::Named,
        "small" => Role::Small,
        form => Role::Form(Form::of(form)?),
    })
}

/// One bit for each country; another country meets only the words that count everywhere.
fn mask(country: &str) -> u16 {
    let known = COUNTRIES
        .iter()
        .zip(0_u16..)
        .find(|&(own, _)| *own == country);
    known.map_or(FOREIGN, |(_, bit)| 1 << bit)
}

/// The bit of all other countries.
const FOREIGN: u16 = 1 << 15;

fn countries_mask(cell: &str) -> u16 {
    if cell == "*" {
        u16::MAX
    } else {
        cell.split(',').map(mask).fold(0, |all, one| all | one)
    }
}

/// Countries, kind and spellings of each line of the table.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?, cells.next()?, cells.next()?))
        })
}

fn patterns() -> HashMap<String, Vec<Pattern>> {
    let mut by_first: HashMap<String, Vec<Pattern>> = HashMap::new();
    for (countries, kind, spellings) in rows() {
        let Some(role) = role(kind) else { continue };
        for spelling in spellings.split('|') {
            for pattern in pattern(spelling, countries_mask(countries), role) {
                let Some(first) = pattern.words.first() else {
                    continue;
                };
                let all = by_first.entry(first.clone()).or_default();
                if !all.contains(&pattern) {
                    all.push(pattern);
                }
            }
        }
    }
    for all in by_first.values_mut() {
        all.sort_by_key(|pattern| std::cmp::Reverse(pattern.words.len()));
    }
    by_first
}

/// The patterns of a spelling: one for each reading that changes it.
fn pattern(spelling: &str, countries: u16, role: Role) -> impl Iterator<Item = Pattern> {
    let read = words::read(spelling);
    let short = spelling.chars().count() <= ABBREVIATION_LETTERS;
    let script = match read.words.as_slice() {
        [word] if short => word.script,
        _ => None,
    };
    Reading::all().map(move |reading| Pattern {
        words: skeleton::reduce(&read.line, reading)
            .split(' ')
            .map(str::to_owned)
            .collect(),
        script,
        countries,
        role,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_has_known_countries_a_known_kind_and_foldable_spellings() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split('\t').count(), 3, "{line}");
        }
        for (countries, kind, spellings) in rows() {
            let known = countries == "*" || countries.split(',').all(|c| COUNTRIES.contains(&c));
            assert!(known, "{countries}");
            assert!(role(kind).is_some(), "{kind}");
            for spelling in spellings.split('|') {
                assert!(
                    !words::read(spelling).words.is_empty(),
                    "{spelling} in {kind}"
                );
            }
        }
    }

    #[test]
    fn every_spelling_is_recognised_in_its_countries_with_its_kind() {
        for (countries, kind, spellings) in rows() {
            for country in countries.split(',').filter(|&country| country != "*") {
                for spelling in spellings.split('|') {
                    let found = roles_of(spelling, Some(country));
                    let expected = role(kind);
                    assert!(
                        found.iter().all(|&role| role == expected),
                        "{spelling} in {country}: {found:?}"
                    );
                }
            }
        }
    }

    fn roles_of(text: &str, country: Option<&str>) -> Vec<Option<Role>> {
        let read = words::read(text);
        let skeleton = skeleton::reduce(&read.line, Reading::of(country));
        let words: Vec<_> = skeleton
            .split(' ')
            .zip(&read.words)
            .map(|(skeleton, word)| Compared {
                skeleton,
                script: word.script,
            })
            .collect();
        roles(&words, country)
    }
}
