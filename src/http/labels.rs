//! The few words on pages for people, in the languages of the platform (`labels.tsv`, a column for each).

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Language;

const LABELS: &str = include_str!("labels.tsv");

impl Language {
    /// A label of the table; one that the table lacks shows its key, so that nothing is ever blank.
    pub fn label(self, key: &'static str) -> &'static str {
        self.word("", key).unwrap_or(key)
    }

    /// The label of one word of a closed list, like `state` and `active`; none where the table lacks it.
    pub fn word(self, list: &str, word: &str) -> Option<&'static str> {
        let key = if list.is_empty() {
            word.to_owned()
        } else {
            format!("{list}.{word}")
        };
        let row = labels().get(key.as_str())?;
        row.get(self.place()).copied()
    }

    fn place(self) -> usize {
        let all = heads();
        all.iter().position(|tag| *tag == self.tag()).unwrap_or(0)
    }
}

/// The languages of the columns.
fn heads() -> &'static [&'static str] {
    static HEADS: OnceLock<Vec<&'static str>> = OnceLock::new();
    HEADS.get_or_init(|| {
        let head = LABELS.lines().next().unwrap_or("");
        head.split('\t').skip(1).collect()
    })
}

fn labels() -> &'static HashMap<&'static str, Vec<&'static str>> {
    static KNOWN: OnceLock<HashMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let rows = LABELS.lines().skip(1).filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?, cells.collect()))
        });
        rows.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::language::languages;
    use super::*;

    #[test]
    fn every_label_is_there_in_every_language_and_stands_once() {
        assert_eq!(heads(), languages().collect::<Vec<_>>());
        for line in LABELS.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), heads().len() + 1, "{line}");
            assert!(
                cells.iter().all(|c| !c.is_empty() && c.trim() == *c),
                "{line}"
            );
        }
        assert_eq!(LABELS.lines().count(), labels().len() + 1);
    }

    #[test]
    fn labels_are_in_the_script_of_their_language_without_letters_of_the_other() {
        let cyrillic = |c: char| ('\u{400}'..='\u{4FF}').contains(&c);
        for line in LABELS.lines().skip(1) {
            for (tag, label) in heads().iter().zip(line.split('\t').skip(1)) {
                let wanted = ["kk", "ky", "ru"].contains(tag);
                assert_eq!(label.chars().any(cyrillic), wanted, "{tag}: {label}");
                let latin = |word: &&str| word.contains(|c: char| c.is_ascii_alphabetic());
                let strange = label.split(' ').filter(latin);
                let names = ["(JSON)", "JSON", "(ICNP/TSO)"];
                let mixed = strange.filter(|word| !names.contains(word)).count();
                assert!(!wanted || mixed == 0, "{tag}: {label}");
            }
        }
    }
}
