//! Reading a name: from the text as it was written to words of key letters.
//!
//! Quotes, dashes and signs part words; apostrophes and invisible characters vanish; look-alike
//! letters are taken into the script of their word. The result still holds the marks of `letters.tsv`
//! (and `C` for `c'`), so that both the plain key and the skeletons can be made from it.

use super::letters::{self, Script};
use crate::search::rules::{Rule, applies};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A name read: the words with one space between them.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) line: String,
    pub(super) words: Vec<Word>,
}

#[derive(Debug)]
pub(super) struct Word {
    /// Bytes of the word in [`Words::line`].
    pub(super) folded: Range<usize>,
    /// Bytes of the word in the name, first letter to last.
    pub(super) source: Range<usize>,
    /// Script of the word; `None` for a number.
    pub(super) script: Option<Script>,
}

impl Words {
    pub(super) fn text(&self, word: &Word) -> &str {
        self.line.get(word.folded.clone()).unwrap_or_default()
    }
}

/// Reads a name.
pub(super) fn read(name: &str) -> Words {
    let mut reader = Reader {
        words: Words {
            line: String::with_capacity(name.len().saturating_add(8)),
            words: Vec::with_capacity(8),
        },
        ..Reader::default()
    };
    let mut chars = name.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        if is_apostrophe(c) {
            if applies(Rule::Apostrophes) {
                reader.apostrophe(next);
            } else {
                reader.end_word();
            }
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let mut end = at + c.len_utf8();
        if next.is_some_and(is_mark) {
            let mut cluster = String::from(c);
            while let Some((mark_at, mark)) = chars.next_if(|&(_, mark)| is_mark(mark)) {
                cluster.push(mark);
                end = mark_at + mark.len_utf8();
            }
            for composed in cluster.nfkc() {
                reader.take(composed, at..end);
            }
        } else {
            reader.take(c, at..end);
        }
    }
    reader.end_word();
    reader.words
}

/// First key letter of each letter of `text`, the way an abbreviation is folded: `AGTMŞ` → `agtms`.
pub(super) fn initials_of(text: &str) -> String {
    read(text)
        .words
        .iter()
        .filter_map(|word| text.get(word.source.clone()))
        .flat_map(|written| written.nfc())
        .filter_map(|letter| initial(letters::key(letter)?))
        .collect()
}

/// The initial that key letters give; romanisations of one letter give one initial.
pub fn initial(key: &str) -> Option<char> {
    Some(match key.chars().next()? {
        'q' => 'k',
        'x' => 'h',
        'w' => 'v',
        'O' => 'y',
        'U' => 'o',
        first => first.to_ascii_lowercase(),
    })
}

/// Apostrophes, primes, hamzas and single quotes: everything that was seen for ʻ and ʼ.
fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`'
            | '\u{B4}'
            | '\u{2B9}'..='\u{2BF}'
            | '\u{2C8}'
            | '\u{2CA}'
            | '\u{2CB}'
            | '\u{374}'
            | '\u{55A}'
            | '\u{5F3}'
            | '\u{1FBD}'
            | '\u{1FEF}'
            | '\u{1FFD}'
            | '\u{2018}'..='\u{201B}'
            | '\u{2032}'
            | '\u{2035}'
            | '\u{A78B}'
            | '\u{A78C}'
            | '\u{FF07}'
            | '\u{FF40}'
    )
}

/// Zero-width and direction characters, the soft hyphen, the byte order mark.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
    )
}

/// Signs that Unicode would take apart into letters (`№` into `No`).
fn is_sign(c: char) -> bool {
    matches!(c, '№' | '™' | '℠' | '℡')
}

fn is_mark(c: char) -> bool {
    c >= '\u{300}' && !('\u{370}'..='\u{482}').contains(&c) && is_combining_mark(c)
}

#[derive(Default)]
struct Reader {
    words: Words,
    letters: Vec<(char, &'static str)>,
    source: Range<usize>,
    latin: bool,
    cyrillic: bool,
}

impl Reader {
    fn take(&mut self, c: char, at: Range<usize>) {
        if let Some(key) = letters::key(c) {
            self.letter(c, key, at);
        } else if c.is_ascii() || is_sign(c) {
            self.end_word();
        } else {
            for part in std::iter::once(c).nfkd() {
                if let Some(key) = letters::key(part) {
                    self.letter(part, key, at.clone());
                } else if !is_mark(part) {
                    self.end_word();
                }
            }
        }
    }

    fn letter(&mut self, letter: char, key: &'static str, at: Range<usize>) {
        if self.letters.is_empty() {
            self.source.start = at.start;
        }
        self.source.end = at.end;
        match Script::of(letter) {
            Some(Script::Latin) => self.latin = true,
            Some(Script::Cyrillic) => self.cyrillic = true,
            None => {}
        }
        self.letters.push((letter, key));
    }

    /// Before a letter, `oʻ` is the Uzbek vowel, `y'` and `c'` are letters of the Kazakh draft of 2017
    /// (у and ч).
    fn apostrophe(&mut self, next: Option<char>) {
        if !next.is_some_and(char::is_alphabetic) {
            return;
        }
        if let Some(last) = self.letters.last_mut() {
            match last {
                ('y' | 'Y', key) => *key = "Y",
                ('c' | 'C', key) => *key = "C",
                ('o' | 'O', key) => *key = "U",
                _ => {}
            }
        }
    }

    fn end_word(&mut self) {
        if self.letters.is_empty() {
            return;
        }
        let script = match (self.latin, self.cyrillic) {
            (true, true) if applies(Rule::LookAlikes) => Some(self.unify_script()),
            (true, _) => Some(Script::Latin),
            (false, true) => Some(Script::Cyrillic),
            (false, false) => None,
        };
        let before = self.words.line.len();
        if before > 0 {
            self.words.line.push(' ');
        }
        let start = self.words.line.len();
        for (_, key) in &self.letters {
            self.words.line.push_str(key);
        }
        let end = self.words.line.len();
        if start == end {
            self.words.line.truncate(before);
        } else {
            self.words.words.push(Word {
                folded: start..end,
                source: self.source.clone(),
                script,
            });
        }
        self.letters.clear();
        self.latin = false;
        self.cyrillic = false;
    }

    /// Takes the look-alikes of a mixed word into the script of most of its letters; letters that
    /// stand in one script only decide before the others are asked. Latin wins a draw.
    fn unify_script(&mut self) -> Script {
        let balance = |ambiguous_too: bool| {
            self.letters
                .iter()
                .filter(|&&(letter, _)| ambiguous_too || !letters::is_ambiguous(letter))
                .fold(0_i32, |sum, &(letter, _)| match Script::of(letter) {
                    Some(Script::Latin) => sum.saturating_add(1),
                    Some(Script::Cyrillic) => sum.saturating_sub(1),
                    None => sum,
                })
        };
        let sure = balance(false);
        let decided = if sure == 0 { balance(true) } else { sure };
        let script = if decided < 0 {
            Script::Cyrillic
        } else {
            Script::Latin
        };
        for (letter, key) in &mut self.letters {
            if let Some(twin) = letters::look_alike(*letter, script) {
                *letter = twin;
                *key = letters::key(twin).unwrap_or_default();
            }
        }
        script
    }
}
