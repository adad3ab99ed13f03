//! Folding of country names as spreadsheets write them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The key under which two spellings of a country are the same: no case, no marks (so no dots on an i), no
/// apostrophes, spaces or punctuation, and one letter for each pair of look-alikes that old files mix up.
///
/// A `?` stays: old code pages leave it in place of a letter, and the files list such spellings.
pub(super) fn fold(written: &str) -> String {
    written
        .nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .map(one_of_look_alikes)
        .filter(|c| (c.is_alphanumeric() || *c == '?') && !is_modifier_apostrophe(*c))
        .collect()
}

fn one_of_look_alikes(c: char) -> char {
    match c {
        'ı' | 'і' => 'i',
        'ә' | 'ǝ' => 'ə',
        other => other,
    }
}

/// U+02B0–U+02FF are letters to Unicode; the Uzbek oʻ and ʼ are among them.
fn is_modifier_apostrophe(c: char) -> bool {
    ('\u{2b0}'..='\u{2ff}').contains(&c)
}
