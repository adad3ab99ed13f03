//! The letter table: which key letters a letter of the alphabets gives, and which letters of two
//! scripts look alike.
//!
//! The table itself is `letters.tsv`, read once. Letters beyond it are taken apart by their Unicode
//! decomposition in `words`.

use std::sync::LazyLock;

const TABLE: &str = include_str!("letters.tsv");

/// Letters and digits that are their own key.
const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// The end of the Cyrillic Supplement block: the table holds no letter behind it.
const TABLE_END: usize = 0x530;

/// Letters of equal shape, Latin first. Upper case has pairs of its own (`H`/`Н`, but not `h`/`н`).
const LOOK_ALIKES: &[(char, char)] = &[
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('h', 'һ'),
    ('i', 'і'),
    ('j', 'ј'),
    ('o', 'о'),
    ('p', 'р'),
    ('s', 'ѕ'),
    ('x', 'х'),
    ('y', 'у'),
    ('ə', 'ә'),
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('I', 'І'),
    ('J', 'Ј'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('S', 'Ѕ'),
    ('T', 'Т'),
    ('X', 'Х'),
    ('Y', 'У'),
    ('Ə', 'Ә'),
];

static LETTERS: LazyLock<Vec<Option<&'static str>>> = LazyLock::new(|| {
    let mut letters = vec![None; TABLE_END];
    for (at, own) in ASCII.char_indices() {
        let key = ASCII.get(at..=at);
        put(&mut letters, own, key.unwrap_or_default());
        put(
            &mut letters,
            own.to_ascii_uppercase(),
            key.unwrap_or_default(),
        );
    }
    for (key, letter) in rows(TABLE) {
        put(&mut letters, letter, key);
        let mut upper = letter.to_uppercase();
        if let (Some(upper), None) = (upper.next(), upper.next())
            && !upper.is_ascii()
        {
            put(&mut letters, upper, key);
        }
    }
    put(&mut letters, 'İ', "i");
    letters
});

/// The two scripts the eight countries write in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
}

impl Script {
    /// `None` for digits. Only asked of letters that have a key.
    pub(super) fn of(letter: char) -> Option<Self> {
        match letter {
            '0'..='9' => None,
            '\u{400}'..='\u{52F}' => Some(Self::Cyrillic),
            _ => Some(Self::Latin),
        }
    }
}

/// Key letters of a letter or digit; `Some("")` for a silent one, `None` for everything else.
pub(super) fn key(letter: char) -> Option<&'static str> {
    let index = usize::try_from(u32::from(letter)).ok()?;
    LETTERS.get(index).copied().flatten()
}

/// The letter of the same shape in `script`; `None` where there is none.
pub(super) fn look_alike(letter: char, script: Script) -> Option<char> {
    LOOK_ALIKES
        .iter()
        .find_map(|&(latin, cyrillic)| match script {
            Script::Latin if cyrillic == letter => Some(latin),
            Script::Cyrillic if latin == letter => Some(cyrillic),
            _ => None,
        })
}

/// True for a letter whose shape also stands in the other script.
pub(super) fn is_ambiguous(letter: char) -> bool {
    LOOK_ALIKES
        .iter()
        .any(|&(latin, cyrillic)| latin == letter || cyrillic == letter)
}

fn put(letters: &mut [Option<&'static str>], letter: char, key: &'static str) {
    let slot = usize::try_from(u32::from(letter))
        .ok()
        .and_then(|index| letters.get_mut(index));
    if let Some(slot) = slot {
        *slot = Some(key);
    }
}

/// Key and letter of each entry of the table; `-` is the silent key.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, char)> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?, cells.next()?))
        })
        .flat_map(|(key, letters)| {
            let key = if key == "-" { "" } else { key };
            letters
                .split(' ')
                .filter_map(move |letter| Some((key, letter.chars().next()?)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_names_each_letter_once_and_every_letter_fits_into_it() {
        let mut seen = BTreeSet::new();
        for (key, letter) in rows(TABLE) {
            assert!(seen.insert(letter), "{letter} stands twice");
            assert_eq!(self::key(letter), Some(key), "{letter}");
        }
        assert!(seen.len() > 150);
    }

    #[test]
    fn keys_are_made_of_lower_case_letters_and_the_marks_only() {
        for (key, letter) in rows(TABLE) {
            let fits = key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b"AOUY".contains(&b));
            assert!(fits && key.len() <= 2, "{letter} gives {key}");
        }
    }

    #[test]
    fn look_alikes_lead_there_and_back() {
        for &(latin, cyrillic) in LOOK_ALIKES {
            assert_eq!(Script::of(latin), Some(Script::Latin), "{latin}");
            assert_eq!(Script::of(cyrillic), Some(Script::Cyrillic), "{cyrillic}");
            assert_eq!(look_alike(latin, Script::Cyrillic), Some(cyrillic));
            assert_eq!(look_alike(cyrillic, Script::Latin), Some(latin));
            assert_eq!(look_alike(latin, Script::Latin), None);
        }
    }
}
