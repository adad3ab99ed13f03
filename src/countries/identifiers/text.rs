//! Cleaning of identifiers: what spreadsheets, keyboards and copied pages do to numbers is undone here.

use unicode_normalization::UnicodeNormalization;

/// The text without invisible characters, with plain digits, hyphens, apostrophes and single spaces, without the
/// apostrophe by which spreadsheets mark text. Letters keep their case. Cleaning twice is cleaning once.
pub(super) fn clean(written: &str) -> String {
    let plain: String = written
        .chars()
        .filter(|c| !is_invisible(*c))
        .nfkc()
        .map(plain)
        .nfkc()
        .collect();
    let spaced = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced
        .trim_matches(|c: char| c == '\'' || c == ' ')
        .to_owned()
}

/// Free text as it is compared: clean, upper case.
pub(super) fn compared(clean_text: &str) -> String {
    clean(&clean_text.to_uppercase())
}

/// The digits alone, where the text holds nothing but digits and separators. A decimal `.0` that a spreadsheet put
/// behind a whole number is dropped first.
pub(super) fn only_digits(clean_text: &str) -> Option<String> {
    let whole = [".0", ",0", ".00", ",00"].iter().find_map(|tail| {
        clean_text
            .strip_suffix(tail)
            .filter(|head| is_all_digits(head) && head.len() >= 7)
    });
    let digits: String = whole
        .unwrap_or(clean_text)
        .chars()
        .filter(|c| !is_separator(*c))
        .collect();
    is_all_digits(&digits).then_some(digits)
}

/// Whether the text is one ASCII digit or more, and nothing else.
pub(super) fn is_all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Characters that people put between the digits of one number.
pub(super) fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '/' | '\\' | '.' | ',' | '\'' | '_' | ':' | ';' | '(' | ')'
    )
}

/// Whether a spreadsheet has turned the number into `9.9E+09`.
pub(super) fn is_scientific(clean_text: &str) -> bool {
    clean_text
        .to_ascii_uppercase()
        .split_once('E')
        .is_some_and(|(mantissa, exponent)| {
            let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
            let mantissa: String = mantissa
                .chars()
                .filter(|c| !matches!(c, '.' | ','))
                .collect();
            is_all_digits(&mantissa) && is_all_digits(exponent)
        })
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || (c.is_control() && !c.is_whitespace())
}

fn plain(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bb}' | '\u{2bc}' | '`' | '\u{b4}'
        | '\u{2032}' => '\'',
        '\u{2044}' | '\u{2215}' => '/',
        c if c.is_numeric() => other_digit(c).unwrap_or(c),
        other => other,
    }
}

/// Whether a text holds so many digits of scripts that are not read here that they may be a person's number: no list of the eight countries
/// has any.
pub(super) fn has_unread_digits(clean_text: &str) -> bool {
    let unread = |c: &char| c.is_numeric() && !c.is_ascii_digit();
    clean_text.chars().filter(unread).count() >= 9
}

/// Digits of other scripts that compatibility normalisation leaves alone: Arabic, those of India, South East Asia, Tibet and Mongolia.
fn other_digit(c: char) -> Option<char> {
    const ZEROS: [u32; 24] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
        0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0xa620, 0xa9d0,
    ];
    let zero = ZEROS
        .into_iter()
        .find(|zero| (*zero..zero + 10).contains(&u32::from(c)))?;
    char::from_digit(u32::from(c) - zero, 10)
}
