//! Folding of names: the keys by which names are found and compared, whatever the script, the
//! romanisation or the keyboard they were written with.
//!
//! Pure: text in, keys out; the same for every user and every display language. Nothing of a stored
//! name is changed, keys are kept beside it together with [`FOLD_VERSION`].
//!
//! | file | subject |
//! |---|---|
//! | `fold/letters.rs`, `letters.tsv` | which key letters a letter gives; letters of equal shape |
//! | `fold/words.rs` | from the text to words: apostrophes, quotes, marks, mixed scripts |
//! | `fold/skeleton.rs` | K2: what romanisations write differently becomes one |
//! | `fold/forms.rs`, `legal_forms.tsv` | K3: legal-form and generic words by country |
//! | `fold/form.rs` | the legal forms, and which of them may be one |
//! | `fold/initials.rs` | K4: initials and abbreviations |
//! | `fold/quotes.rs` | what stands in quotes in names |
//! | `fold/numbers.rs` | numbers in names, Roman ones too |
//! | `fold/single.rs` | single letters in names |
//! | `fold/same.rs` | whether two names are the same name |
//! | `fold/tests/` | alphabets, rules, properties, measures on the sample files |

mod form;
mod forms;
mod initials;
mod letters;
mod numbers;
mod quotes;
mod same;
mod single;
mod skeleton;
#[cfg(test)]
mod tests;
mod words;

use forms::Compared;
use skeleton::Reading;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use words::{Word, Words};

pub use form::{Form, forms_agree};
pub use forms::Role;
pub use numbers::{Counted, Number, counted};
pub use same::same_name;
pub use single::{Letter, other_letters};
pub use words::initial;

/// Version of the rules and tables of this module. Raised with every change that gives a name other
/// keys; keys stored under another version have to be made again.
pub const FOLD_VERSION: i32 = 3;

/// The keys of a stored name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// K1: readable words of `a`–`z` and `0`–`9` with one space between. Empty for a name without a
    /// Latin or Cyrillic letter or a digit.
    pub plain: String,
    /// K2: the comparison key. Has as many words as `plain`, in the same order.
    pub skeleton: String,
    /// K2 in the second reading (ə and ä as `e`, Azerbaijani `q` as `k`, Uzbek oʻ as `u`), where it
    /// differs.
    pub skeleton_alt: Option<String>,
    /// K3: the words of K2 without legal forms, generic words and single letters, sorted; all words
    /// where none would be left.
    pub core: String,
    /// K4: initials and abbreviations, at least two letters each.
    pub initials: Vec<String>,
    /// The name in lower case with single spaces, letters of all scripts kept; empty only for an empty
    /// name. The key of last resort where `plain` is empty.
    pub raw: String,
    /// K2 without the legal-form words, in written order; K2 itself where nothing would be left.
    pub proper: String,
    /// What the legal-form words say, sorted, each once.
    pub forms: Vec<Form>,
    /// The numbers, in written order.
    pub numbers: Vec<Number>,
    /// The single letters, in written order.
    pub letters: Vec<Letter>,
}

/// The keys of a query under one reading of its letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryKeys {
    /// As [`Keys::plain`]; equal in all readings.
    pub plain: String,
    /// As [`Keys::skeleton`].
    pub skeleton: String,
    /// As [`Keys::core`].
    pub core: String,
    /// To be compared with [`Keys::initials`]; `None` where the query cannot be an abbreviation.
    pub initials: Option<String>,
    /// As [`Keys::raw`]; equal in all readings.
    pub raw: String,
}

/// Where a word of the plain key stands in the name it was made from, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordSpan {
    /// Bytes of the word in the plain key.
    pub plain: Range<usize>,
    /// Bytes of the word in the name, always on character boundaries. The words of one character (`¼`
    /// is `1 4`) share its place.
    pub name: Range<usize>,
}

/// One word of a name, as the index keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameWord {
    /// The word of the plain key.
    pub plain: String,
    /// The word of the skeleton.
    pub skeleton: String,
    /// The word of the skeleton in the second reading, where it differs.
    pub alt: Option<String>,
    /// The word of the skeleton where its `c` is read the Turkish way (дж) and the country's way is another: `Cas Otan`.
    pub turkish: Option<String>,
    /// What the word is where it is not of the name proper.
    pub role: Option<Role>,
    /// The number that it is.
    pub number: Option<Number>,
    /// True where a full stop follows.
    pub dotted: bool,
    /// True where it stands in quotes.
    pub quoted: bool,
}

/// One word of a query, in all of its readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryWord {
    /// The word of the plain key.
    pub plain: String,
    /// Its skeletons, the likeliest first, each once.
    pub skeletons: Vec<String>,
    /// What the word is where it is not of a name proper, in any country.
    pub role: Option<Role>,
}

/// Readings tried for a query at most.
const QUERY_READINGS: usize = 4;

/// Makes the keys of a name for the index. `country` is the code of the register (`AZ`, `TR`, `TRNC`,
/// `UZ`, `KZ`, `KG`, `TM`, `HU`); others and `None` read the letters the way most languages do.
#[must_use]
pub fn keys(name: &str, country: Option<&str>) -> Keys {
    Reduced::of(name, country).keys(name)
}

/// A name folded once, for those who need its keys and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Its keys.
    pub keys: Keys,
    /// Its words, in written order.
    pub words: Vec<NameWord>,
}

impl Folded {
    /// Folds a name; the country is that of [`keys`].
    #[must_use]
    pub fn of(name: &str, country: Option<&str>) -> Self {
        let reduced = Reduced::of(name, country);
        Self {
            keys: reduced.keys(name),
            words: reduced.words(name),
        }
    }

    /// The same for a name that is compared with one of another country: legal forms and generic words of either country are none of
    /// the name proper.
    #[must_use]
    pub fn beside(name: &str, country: &str, other: &str) -> Self {
        let mut reduced = Reduced::of(name, Some(country));
        let theirs = Reduced::of(name, Some(other)).roles;
        for (role, theirs) in reduced.roles.iter_mut().zip(theirs) {
            *role = role.or(theirs);
        }
        Self {
            keys: reduced.keys(name),
            words: reduced.words(name),
        }
    }
}

impl AsRef<Folded> for Folded {
    fn as_ref(&self) -> &Folded {
        self
    }
}

/// A name read and reduced in the way of a country: what keys and words are made of.
struct Reduced {
    read: Words,
    reading: Reading,
    skeleton: String,
    second: Option<String>,
    roles: Vec<Option<Role>>,
}

impl Reduced {
    fn of(name: &str, country: Option<&str>) -> Self {
        let read = words::read(name);
        let reading = Reading::of(country);
        let skeleton = skeleton::reduce(&read.line, reading);
        let second = skeleton::has_second(&read.line, reading)
            .then(|| skeleton::reduce(&read.line, reading.second()));
        let roles = forms::roles(&compared(&read, &skeleton), country);
        Self {
            read,
            reading,
            skeleton,
            second,
            roles,
        }
    }

    fn keys(&self, name: &str) -> Keys {
        let compared = compared(&self.read, &self.skeleton);
        let mut forms: Vec<Form> = self.roles.iter().filter_map(form).collect();
        forms.sort_unstable();
        forms.dedup();
        Keys {
            plain: plain_of(&self.read),
            core: core_of(&compared, &self.roles),
            proper: proper_of(&compared, &self.roles),
            initials: initials::of_name(name, &self.read, &self.roles),
            raw: raw(name),
            skeleton: self.skeleton.clone(),
            skeleton_alt: self
                .second
                .clone()
                .filter(|second| *second != self.skeleton),
            forms,
            letters: self.letters(name),
            numbers: self
                .read
                .words
                .iter()
                .filter_map(|word| number(name, word))
                .collect(),
        }
    }

    fn letters(&self, name: &str) -> Vec<Letter> {
        let words = self.read.words.iter().zip(self.skeleton.split(' '));
        let words = words.zip(&self.roles).enumerate();
        let letter = |(at, ((word, skeleton), role)): (usize, ((&Word, &str), &Option<Role>))| {
            // A letter has four bytes at most, with a mark or two some more.
            let written = name.get(word.source.clone()).filter(|w| w.len() <= 8)?;
            let small = match role {
                None => false,
                Some(Role::Small) => true,
                Some(_) => return None,
            };
            let plain: String = plain_letters(self.read.text(word)).collect();
            let place = (small, at == 0, is_dotted(name, word));
            Letter::of(written, (&plain, skeleton), place)
        };
        words.filter_map(letter).collect()
    }

    fn words(&self, name: &str) -> Vec<NameWord> {
        let mut seconds = self.second.as_deref().map(|line| line.split(' '));
        let quotes = quotes::of_name(name);
        let is_quoted = |word: &Word| quotes.iter().any(|at| at.contains(&word.source.start));
        self.read
            .words
            .iter()
            .zip(self.skeleton.split(' '))
            .zip(&self.roles)
            .map(|((word, skeleton), role)| NameWord {
                plain: plain_letters(self.read.text(word)).collect(),
                skeleton: skeleton.to_owned(),
                alt: seconds
                    .as_mut()
                    .and_then(Iterator::next)
                    .filter(|second| *second != skeleton)
                    .map(str::to_owned),
                turkish: skeleton::turkish(self.read.text(word), self.reading),
                role: *role,
                number: number(name, word),
                dotted: is_dotted(name, word),
                quoted: is_quoted(word),
            })
            .collect()
    }
}

/// True where a full stop follows.
fn is_dotted(name: &str, word: &Word) -> bool {
    let behind = name.get(word.source.end..);
    behind.is_some_and(|rest| rest.starts_with('.'))
}

fn number(name: &str, word: &Word) -> Option<Number> {
    Number::of(name.get(word.source.clone())?)
}

/// Makes the keys of a query, whose country is unknown: one to four readings of its letters, the
/// likeliest first. The best score over all of them counts. Where [`QueryKeys::plain`] is empty, only
/// [`QueryKeys::raw`] may be compared: an empty key matches nothing.
#[must_use]
pub fn query_keys(query: &str) -> Vec<QueryKeys> {
    let read = words::read(query);
    let plain = plain_of(&read);
    let raw = raw(query);
    let mut all: Vec<QueryKeys> = Vec::with_capacity(QUERY_READINGS);
    for reading in Reading::of_query(&read.line) {
        let skeleton = skeleton::reduce(&read.line, reading);
        if all.len() == QUERY_READINGS || all.iter().any(|known| known.skeleton == skeleton) {
            continue;
        }
        let compared = compared(&read, &skeleton);
        let roles = forms::roles(&compared, None);
        all.push(QueryKeys {
            plain: plain.clone(),
            core: core_of(&compared, &roles),
            initials: initials::of_query(query, &read, &roles),
            raw: raw.clone(),
            skeleton,
        });
    }
    all
}

/// The words of a stored name, in written order: what an index holds of it.
#[must_use]
pub fn name_words(name: &str, country: Option<&str>) -> Vec<NameWord> {
    Reduced::of(name, country).words(name)
}

/// What the words of a name are in a country, in written order; none for those of the name proper.
#[must_use]
pub fn roles(name: &str, country: &str) -> Vec<Option<Role>> {
    Reduced::of(name, Some(country)).roles
}

/// The words of a query, in written order, each with the skeletons of all readings.
#[must_use]
pub fn query_words(query: &str) -> Vec<QueryWord> {
    let read = words::read(query);
    let mut found: Vec<QueryWord> = Vec::new();
    for reading in Reading::of_query(&read.line) {
        let skeleton = skeleton::reduce(&read.line, reading);
        if found.is_empty() {
            let roles = forms::roles(&compared(&read, &skeleton), None);
            found.extend(read.words.iter().zip(roles).map(|(word, role)| QueryWord {
                plain: plain_letters(read.text(word)).collect(),
                skeletons: Vec::new(),
                role,
            }));
        }
        for (word, skeleton) in found.iter_mut().zip(skeleton.split(' ')) {
            if word.skeletons.len() < QUERY_READINGS
                && !word.skeletons.iter().any(|known| known == skeleton)
            {
                word.skeletons.push(skeleton.to_owned());
            }
        }
    }
    found
}

/// Makes the plain key (K1) alone.
#[must_use]
pub fn plain(name: &str) -> String {
    plain_of(&words::read(name))
}

/// Makes the skeleton (K2) alone, in the first reading of the country.
#[must_use]
pub fn skeleton(name: &str, country: Option<&str>) -> String {
    skeleton::reduce(&words::read(name).line, Reading::of(country))
}

/// The words of the plain key with their places in the name, to mark a hit in what the user sees.
#[must_use]
pub fn word_spans(name: &str) -> Vec<WordSpan> {
    let read = words::read(name);
    let mut at = 0_usize;
    read.words
        .iter()
        .map(|word| {
            let end = at.saturating_add(plain_letters(read.text(word)).map(str::len).sum());
            let span = WordSpan {
                plain: at..end,
                name: word.source.clone(),
            };
            at = end.saturating_add(1);
            span
        })
        .collect()
}

fn plain_of(read: &Words) -> String {
    if read.line.bytes().any(|b| b.is_ascii_uppercase()) {
        plain_letters(&read.line).collect()
    } else {
        read.line.clone()
    }
}

/// The letters of a text with marks, marks written out.
fn plain_letters(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive(|c: char| c.is_ascii_uppercase())
        .flat_map(|part| {
            let mark = match part.as_bytes() {
                [.., b'A'] => "a",
                [.., b'O'] => "yo",
                [.., b'U'] => "o",
                [.., b'Y'] => "y",
                [.., b'C'] => "c",
                _ => return [part, ""],
            };
            [
                part.trim_end_matches(|c: char| c.is_ascii_uppercase()),
                mark,
            ]
        })
}

fn compared<'a>(read: &Words, skeleton: &'a str) -> Vec<Compared<'a>> {
    skeleton
        .split(' ')
        .zip(&read.words)
        .map(|(skeleton, &Word { script, .. })| Compared { skeleton, script })
        .collect()
}

fn form(role: &Option<Role>) -> Option<Form> {
    match role {
        Some(Role::Form(form)) => Some(*form),
        _ => None,
    }
}

/// True for a folded word of one letter.
#[must_use]
pub fn is_single_letter(word: &str) -> bool {
    matches!(word.as_bytes(), [b] if b.is_ascii_alphabetic())
}

fn core_of(words: &[Compared<'_>], roles: &[Option<Role>]) -> String {
    let mut core: Vec<&str> = words
        .iter()
        .zip(roles)
        .filter(|(word, role)| role.is_none() && !is_single_letter(word.skeleton))
        .map(|(word, _)| word.skeleton)
        .collect();
    if core.is_empty() {
        core.extend(words.iter().map(|word| word.skeleton));
    }
    core.sort_unstable();
    core.join(" ")
}

fn proper_of(words: &[Compared<'_>], roles: &[Option<Role>]) -> String {
    let mut proper: Vec<&str> = words
        .iter()
        .zip(roles)
        .filter(|(_, role)| form(role).is_none())
        .map(|(word, _)| word.skeleton)
        .collect();
    if proper.is_empty() {
        proper.extend(words.iter().map(|word| word.skeleton));
    }
    proper.join(" ")
}

/// The fallback key. The I-letters become `i` here too, so that case never matters.
fn raw(name: &str) -> String {
    let mut raw = String::with_capacity(name.len());
    let mut gap = false;
    let mut take = |c: char| match c {
        _ if words::is_invisible(c) => {}
        _ if c.is_whitespace() => gap = !raw.is_empty(),
        '\u{307}' if raw.ends_with('i') => {}
        _ => {
            if std::mem::take(&mut gap) {
                raw.push(' ');
            }
            match c {
                'İ' | 'ı' => raw.push('i'),
                _ if c.is_ascii() => raw.push(c.to_ascii_lowercase()),
                _ => raw.extend(c.to_lowercase()),
            }
        }
    };
    // Normalising costs more than all the rest, and these are normal already.
    let is_normal = |c: char| {
        letters::key(c).is_some() || c.is_ascii() || matches!(c, '«' | '»' | '“' | '”' | '’' | '–')
    };
    if name.chars().all(is_normal) {
        name.chars().for_each(&mut take);
    } else {
        name.nfkc().for_each(&mut take);
    }
    if raw.is_empty() { name.to_owned() } else { raw }
}
