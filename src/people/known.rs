//! By what a person is known in a text, however it is written there (pure).
//!
//! Names are compared by the folding of the search: without regard to case, to the dots of the Turkish I, to script and
//! romanisation, and in any order of their words. Addresses are compared without regard to case, telephone numbers by the digits
//! that stay the same with and without the code of the country.

use std::cell::OnceCell;

use unicode_normalization::UnicodeNormalization;

use crate::search::fold;

/// A shorter value would be found in everything.
const SHORTEST: usize = 3;
/// A telephone number of so many digits is found however it is written; so many it has within its town.
const WITHIN_TOWN: usize = 7;
/// A telephone number's last digits, which have the code of the network but not that of the country.
const WITHIN_COUNTRY: usize = 9;
/// A word of a name of so many letters tells of whom a text is.
const TELLING: usize = 4;

/// What a person is found by.
pub(super) struct Values {
    strong: Vec<Value>,
    weak: Vec<Value>,
}

impl Values {
    /// Names, addresses and telephone numbers, by which a text is known to be about the person; and what else is theirs beside
    /// such a text, like a position.
    pub(super) fn of(strong: &[String], weak: &[String]) -> Self {
        let values = |texts: &[String]| texts.iter().filter_map(|t| Value::of(t)).collect();
        Self {
            strong: values(strong),
            weak: values(weak),
        }
    }

    /// True where a text holds one of the values that a person is known by.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let text = Text::of(text);
        self.strong.iter().any(|value| value.is_in(&text))
    }

    /// The same, also for what else is theirs.
    pub(super) fn any_in(&self, text: &str) -> bool {
        let text = Text::of(text);
        let mut all = self.strong.iter().chain(&self.weak);
        all.any(|value| value.is_in(&text))
    }

    /// True where a text that should be the name of an organisation is the person's, or holds an address or a number of theirs:
    /// an organisation that is called after a person keeps its name.
    pub(super) fn are_the_name(&self, text: &str) -> bool {
        let text = Text::of(text);
        self.strong.iter().any(|value| match value {
            Value::Name { line, words } => {
                *line == text.line
                    || value.is_in(&text)
                        && !text.words().is_empty()
                        && text.words().iter().all(|t| words.iter().any(|w| w.is(t)))
            }
            Value::Address(_) | Value::Number { .. } => value.is_in(&text),
        })
    }

    /// True where a text holds a word of the person's name that tells of whom it is. A word that stands in one of `others` does
    /// not.
    pub(super) fn are_hinted_at(&self, text: &str, others: &[String]) -> bool {
        let text = Text::of(text);
        let others: Vec<Word> = others.iter().flat_map(|name| words(name)).collect();
        let telling = self.strong.iter().flat_map(|value| match value {
            Value::Name { words, .. } => words.as_slice(),
            Value::Address(_) | Value::Number { .. } => &[],
        });
        telling
            .filter(|word| word.letters >= TELLING)
            .filter(|word| !others.iter().any(|other| other.is(word)))
            .any(|word| text.words().iter().any(|said| said.is(word)))
    }
}

/// Something that a person is found by.
enum Value {
    Name { line: String, words: Vec<Word> },
    Address(String),
    Number { line: String, digits: String },
}

impl Value {
    fn of(text: &str) -> Option<Self> {
        let line = lower(text);
        if line.chars().count() < SHORTEST {
            return None;
        }
        Some(if line.contains('@') {
            Self::Address(line)
        } else if line.chars().any(char::is_alphabetic) {
            let words = words(text);
            Self::Name { line, words }
        } else {
            let digits = digits(&line);
            Self::Number { line, digits }
        })
    }

    fn is_in(&self, text: &Text<'_>) -> bool {
        match self {
            Self::Address(line) => has_word(&text.line, line),
            Self::Number { line, digits } => has_word(&text.line, line) || text.has_number(digits),
            Self::Name { line, words } => {
                if has_word(&text.line, line) {
                    return true;
                }
                match words.as_slice() {
                    [] => false,
                    // Alone, a word is one only as it is written: what is merely read alike is somebody else.
                    [one] => text.words().iter().any(|t| t.plain == one.plain),
                    // Folding is dear, and most cells have too few words.
                    several if text.parts() < several.len() => false,
                    several => several.iter().all(|w| text.words().iter().any(|t| t.is(w))),
                }
            }
        }
    }
}

/// A word of a name: as it is read, and what romanisations make of it.
struct Word {
    plain: String,
    skeletons: [String; 2],
    letters: usize,
}

impl Word {
    fn is(&self, other: &Self) -> bool {
        self.plain == other.plain
            || self
                .skeletons
                .iter()
                .zip(&other.skeletons)
                .any(|(a, b)| a == b)
    }
}

/// The words of a text; none where its script is not one that is folded.
fn words(text: &str) -> Vec<Word> {
    let plain = fold::plain(text);
    if plain.is_empty() {
        return Vec::new();
    }
    // `c` is read in two ways: `Caglar` is `Çağlar` in one of them.
    let (other, turkish) = (fold::skeleton(text, None), fold::skeleton(text, Some("TR")));
    plain
        .split(' ')
        .zip(other.split(' ').zip(turkish.split(' ')))
        .zip(fold::word_spans(text))
        .map(|((plain, (other, turkish)), span)| Word {
            plain: plain.to_owned(),
            skeletons: [other.to_owned(), turkish.to_owned()],
            letters: text.get(span.name).map_or(0, |w| w.nfc().count()),
        })
        .collect()
}

/// A text that may be about somebody; its words are made when they are asked for.
struct Text<'a> {
    written: &'a str,
    line: String,
    words: OnceCell<Vec<Word>>,
}

impl<'a> Text<'a> {
    fn of(written: &'a str) -> Self {
        Self {
            written,
            line: lower(written),
            words: OnceCell::new(),
        }
    }

    /// How many words there are at most.
    fn parts(&self) -> usize {
        let parts = self.line.split(|c: char| !c.is_alphanumeric());
        parts.filter(|part| !part.is_empty()).count()
    }

    fn words(&self) -> &[Word] {
        self.words.get_or_init(|| {
            if !self.line.chars().any(char::is_alphabetic) {
                return Vec::new();
            }
            let mut all = words(self.written);
            // An apostrophe is a letter's sign in one language and parts a name from its ending in another.
            let parted = self
                .written
                .replace(['\'', '\u{2019}', '\u{2bc}', '`'], " ");
            if parted != self.written {
                all.extend(words(&parted));
            }
            all
        })
    }

    /// True where the digits of a telephone number stand here, with or without the code of the country; or, alone, those that it
    /// has within its town.
    fn has_number(&self, number: &str) -> bool {
        if number.len() < WITHIN_TOWN {
            return false;
        }
        if digits(&self.line).contains(end_of(number, WITHIN_COUNTRY)) {
            return true;
        }
        let apart =
            |c: char| !c.is_ascii_digit() && !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}');
        let mut groups = self.line.split(apart).map(digits);
        groups.any(|group| group == end_of(number, WITHIN_TOWN))
    }
}

fn end_of(number: &str, length: usize) -> &str {
    number
        .get(number.len().saturating_sub(length)..)
        .unwrap_or(number)
}

/// Lower case that joins the four Turkish letters I.
fn lower(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            'İ' | 'ı' => line.push('i'),
            '\u{307}' if line.ends_with('i') => {}
            c => line.extend(c.to_lowercase()),
        }
    }
    line
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// True where the value stands in the text and is no part of a longer word.
fn has_word(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + value.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::Values;

    fn of(value: &str) -> Values {
        Values::of(&[value.to_owned()], &[])
    }

    fn found(value: &str, text: &str) -> bool {
        of(value).are_in(text)
    }

    #[test]
    fn a_person_is_found_however_a_cell_is_written() {
        for (value, texts) in [
            (
                "Sample Person",
                vec![
                    "SAMPLE PERSON <p@sample.example>; +0",
                    "Person, Sample",
                    "sample.person",
                ],
            ),
            (
                "İlknur Işık Qzmarker",
                vec![
                    "İLKNUR IŞIK QZMARKER",
                    "ILKNUR ISIK QZMARKER",
                    "ilknur işik qzmarker",
                    "Qzmarker İlknur Işık",
                    "QZMARKER, Ilknur Isik (head)",
                    "qz_İlknur-Işık_Qzmarker",
                    "İlknur Işık Qzmarker'in",
                ],
            ),
            ("Çağlar Şahin", vec!["CAGLAR SAHIN", "Sahin Caglar"]),
            (
                "Сәуле Ахметова",
                vec!["Saule Akhmetova", "АХМЕТОВА СӘУЛЕ", "Ahmetova Saule"],
            ),
            ("+000 111 22 33", vec!["tel. 000111-2233"]),
            (
                "+90 312 555 71 93",
                vec![
                    "0312 555 71 93",
                    "(312) 5557193",
                    "903125557193",
                    "555 71 93",
                    "office: 555-71-93; 0312 111 22 33",
                ],
            ),
            ("555 71 93", vec!["+90 312 555 71 93"]),
            ("P@Sample.example", vec!["mail: p@sample.example"]),
            (
                "ilknur@sample.example",
                vec!["İLKNUR@SAMPLE.EXAMPLE", "<ILKNUR@sample.example>"],
            ),
            // NFC and NFD are one text.
            ("Şahin Örnek", vec!["S\u{327}ahin O\u{308}rnek"]),
            // A script that is not folded.
            ("نمونه شخص", vec!["(نمونه شخص)"]),
        ] {
            for text in texts {
                assert!(found(value, text), "{value} in {text}");
            }
        }
    }

    #[test]
    fn a_short_value_or_a_part_of_a_word_is_no_person() {
        for (value, text) in [
            ("Al", "Al"),
            ("Sample", "Samples"),
            ("p@sample.example", "pp@sample.example"),
            ("+00 11", "001122"),
            ("İlknur Işık", "Işık"),
            ("İlknur Işık", "İlknur Yıldız"),
            // Alone, a word counts as it is written.
            ("Xan", "Han"),
            ("+90 312 555 71 93", "0216 555 71 93"),
            ("+90 312 555 71 93", "5557193000"),
        ] {
            assert!(!found(value, text), "{value} in {text}");
        }
    }

    #[test]
    fn an_organisation_that_is_called_after_a_person_keeps_its_name() {
        let person = Values::of(
            &["İlknur Işık".to_owned(), "i@sample.example".to_owned()],
            &[],
        );
        for text in [
            "İlknur Işık",
            "ISIK ILKNUR",
            "Sample Association (i@sample.example)",
        ] {
            assert!(person.are_the_name(text), "{text}");
        }
        for text in ["İlknur Işık Vakfı", "Işık", ""] {
            assert!(!person.are_the_name(text), "{text}");
        }
    }

    #[test]
    fn a_word_of_a_name_tells_of_whom_a_reason_is_unless_it_is_another_s_too() {
        let person = of("İlknur Işık Qzmarker");
        let none: &[String] = &[];
        for text in [
            "asked by QZMARKER",
            "Qzmarker'in isteği",
            "ISIK asked",
            "for ilknur.",
        ] {
            assert!(person.are_hinted_at(text, none), "{text}");
        }
        for text in ["The person asked for it.", "Ilk olarak", "Qzmarkers"] {
            assert!(!person.are_hinted_at(text, none), "{text}");
        }
        let others = ["Işık Derneği".to_owned()];
        assert!(!person.are_hinted_at("Işık Derneği asked for it", &others));
        assert!(person.are_hinted_at("Işık Derneği asked for İlknur", &others));
        // Three letters tell nothing.
        assert!(!of("Ali Can Şen").are_hinted_at("Ali, Can, Şen", none));
    }
}
