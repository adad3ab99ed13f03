//! Initials (K4): the abbreviations a name may go by.

use super::forms::Role;
use super::words::{self, Words};

/// Letters an abbreviation may have.
const ABBREVIATION: std::ops::RangeInclusive<usize> = 2..=12;

/// Letters of a word that an abbreviation may leave out: initials of persons, `T.C.`, `Dr.`, `és`.
const LEFT_OUT: usize = 2;

/// Initials of all words, of the words without the small ones, of the words without legal forms, of the longer words, of those
/// without the small ones, and of those without the marker of a name; then the abbreviations that stand in the name itself (`Kadın Dayanışma Vakfı (KADAV)`).
pub(super) fn of_name(name: &str, read: &Words, roles: &[Option<Role>]) -> Vec<String> {
    let mut found = Vec::new();
    add(&mut found, initials(read, roles, |_| true));
    add(
        &mut found,
        initials(read, roles, |role| role != Some(Role::Small)),
    );
    add(
        &mut found,
        initials(read, roles, |role| {
            !matches!(role, Some(Role::Small | Role::Form(_)))
        }),
    );
    for left_out in [&[][..], &[Role::Small], &[Role::Small, Role::Named]] {
        let longer: String = read
            .words
            .iter()
            .zip(roles)
            .filter(|(word, role)| {
                let written = name.get(word.source.clone()).unwrap_or_default();
                let long = written.chars().filter(|c| c.is_alphabetic()).count() > LEFT_OUT;
                long && !role.is_some_and(|role| left_out.contains(&role))
            })
            .filter_map(|(word, _)| words::initial(read.text(word)))
            .collect();
        add(&mut found, longer);
    }
    if name.chars().any(char::is_lowercase) {
        for word in &read.words {
            let written = name.get(word.source.clone()).unwrap_or_default();
            if is_abbreviation(written) {
                add(&mut found, words::initials_of(written));
            }
        }
    }
    found
}

/// The abbreviation a query may be, given its words that are no legal form: one short word.
pub(super) fn of_query(query: &str, read: &Words, roles: &[Option<Role>]) -> Option<String> {
    let mut proper = read
        .words
        .iter()
        .zip(roles)
        .filter(|(_, role)| !matches!(role, Some(Role::Form(_))))
        .map(|(word, _)| word);
    let word = match (proper.next(), proper.next(), read.words.as_slice()) {
        (Some(word), None, _) | (None, None, [word]) => word,
        _ => return None,
    };
    let initials = words::initials_of(query.get(word.source.clone())?);
    ABBREVIATION
        .contains(&initials.chars().count())
        .then_some(initials)
}

fn initials(read: &Words, roles: &[Option<Role>], keep: impl Fn(Option<Role>) -> bool) -> String {
    read.words
        .iter()
        .zip(roles)
        .filter(|&(_, &role)| keep(role))
        .filter_map(|(word, _)| words::initial(read.text(word)))
        .collect()
}

fn is_abbreviation(word: &str) -> bool {
    ABBREVIATION.contains(&word.chars().count())
        && !word.chars().any(char::is_lowercase)
        && word.chars().filter(|c| c.is_uppercase()).nth(1).is_some()
}

fn add(found: &mut Vec<String>, initials: String) {
    if ABBREVIATION.contains(&initials.chars().count()) && !found.contains(&initials) {
        found.push(initials);
    }
}
