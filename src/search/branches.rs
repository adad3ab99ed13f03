//! Branches of sport, medicine, science and work in names: two names of different ones are of different organisations
//! (design, section 9), however few letters lie between them (`Hematoloji`, `Romatoloji`).

use std::sync::LazyLock;

use super::fold::{self, Form, NameWord, Role};
use super::rules::{Rule, applies};
use super::spellings::Spellings;

static BRANCHES: LazyLock<Spellings> =
    LazyLock::new(|| Spellings::read(include_str!("branches.tsv")));

/// The branch that a word names, by number.
pub(super) fn of(word: &NameWord) -> Option<u16> {
    let of_form = || match word.role {
        Some(Role::Form(Form::FootballClub)) => *FOOTBALL,
        _ => None,
    };
    let found = || BRANCHES.of(word).or_else(of_form);
    applies(Rule::Branches).then(found).flatten()
}

/// What a football club plays, in whatever way its form is written (`FK`).
static FOOTBALL: LazyLock<Option<u16>> =
    LazyLock::new(|| BRANCHES.of(fold::name_words("football", None).first()?));

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(word: &str, country: &str) -> Option<u16> {
        of(fold::name_words(word, Some(country)).first()?)
    }

    #[test]
    fn a_branch_is_one_in_every_language_and_with_endings() {
        let blood = branch("Hematoloji", "TR");
        assert!(blood.is_some());
        assert_eq!(blood, branch("Гематологии", "KZ"));
        assert_eq!(blood, branch("Hematológiai", "HU"));
        assert_ne!(blood, branch("Romatoloji", "TR"));
        assert_eq!(branch("futbolu", "AZ"), branch("футбольный", "KG"));
        for (word, country) in [
            ("Dış", "TR"),
            ("Sadaqat", "UZ"),
            ("борьбы", "KZ"),
            ("Академическая", "KZ"),
            ("Gençlik", "TR"),
            ("Umid", "AZ"),
            ("Отан", "KZ"),
            ("Párt", "HU"),
        ] {
            assert_eq!(branch(word, country), None, "{word}");
        }
    }
}
