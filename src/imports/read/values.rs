//! What one cell says: cleaned text, or a date, an e-mail address, a telephone number, a website,
//! or the reason why it is none.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

pub use super::contacts::{parse_email, parse_phone, parse_website};
pub use super::dates::{DateValue, SlashOrder, parse_date, slash_order};

/// What a cell turned out to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed<T> {
    /// A value.
    Value(T),
    /// Nothing, or a word that says so (`yoxdur`, `нет`, `n/a`).
    Missing,
    /// Exactly `-`: the value on record shall be removed. What to do is the caller's decision.
    Clear,
    /// Something that is no value.
    Faulty(Fault),
}

impl<T> Parsed<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn fault(code: FaultCode, message: impl Into<String>) -> Self {
        Self::Faulty(Fault {
            code,
            message: message.into(),
        })
    }
}

/// Why a cell is no value: a stable code and an English sentence. The sentence never repeats the cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The stable code.
    pub code: FaultCode,
    /// What is wrong and what to do.
    pub message: String,
}

/// The stable codes of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Month and day can be exchanged.
    AmbiguousDate,
    /// A day after today.
    FutureDate,
    /// A day before 1800.
    DateTooEarly,
    /// A day that the calendar does not have.
    NoSuchDay,
    /// None of the forms that are read.
    Unreadable,
    /// More than one value in the cell.
    SeveralValues,
    /// An e-mail address without `@`.
    NoAtSign,
    /// A domain without its last part, or with none.
    NoDomainEnd,
    /// A website with a scheme other than http and https.
    WrongScheme,
    /// Too few or too many digits.
    WrongLength,
    /// The spreadsheet shortened a number (`9.94E+11`).
    ShortenedNumber,
}

/// Nothing, and in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// An empty cell or a word for nothing.
    Missing,
    /// Exactly `-`.
    Clear,
}

impl Absence {
    pub(super) fn parsed<T>(self) -> Parsed<T> {
        match self {
            Self::Missing => Parsed::Missing,
            Self::Clear => Parsed::Clear,
        }
    }
}

/// Words for nothing, in lower case without marks.
const MISSING: [&str; 41] = [
    "n/a",
    "na",
    "n.a.",
    "n. a.",
    "none",
    "nil",
    "null",
    "no",
    "not available",
    "unknown",
    "нет",
    "нету",
    "нет данных",
    "отсутствует",
    "не указано",
    "не указан",
    "н/д",
    "неизвестно",
    "yoxdur",
    "yox",
    "yok",
    "yoktur",
    "mevcut değil",
    "bilinmiyor",
    "жоқ",
    "жок",
    "белгісіз",
    "йўқ",
    "йук",
    "yo'q",
    "yo‘q",
    "yoʻq",
    "yo’q",
    "ýok",
    "nincs",
    "nincs adat",
    "ismeretlen",
    "–",
    "—",
    "--",
    "---",
];

/// Bytes that no single word for nothing exceeds, decomposed letters included.
const LONGEST_MISSING: usize = 40;

/// Says whether a cell holds nothing, by a word or at all; none where it holds something.
///
/// Words may be joined by slashes (`yoxdur/yok/нет`), also where one of them has lost its letters.
#[must_use]
pub fn is_missing_word(text: &str) -> Option<Absence> {
    let text = text.trim();
    if text == "-" {
        return Some(Absence::Clear);
    }
    let plain = text.is_ascii() && text.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    if (plain || text.len() > LONGEST_MISSING) && !text.contains('/') {
        return None;
    }
    let lower: String = text
        .nfc()
        .flat_map(char::to_lowercase)
        .filter(|c| *c != '\u{307}')
        .collect();
    if lower.is_empty() || MISSING.contains(&lower.as_str()) {
        return Some(Absence::Missing);
    }
    let lost = |part: &str| !part.is_empty() && part.chars().all(|c| c == '?');
    let mut parts = lower.split('/').map(str::trim);
    let all = parts
        .clone()
        .all(|part| lost(part) || MISSING.contains(&part));
    (all && parts.any(|part| MISSING.contains(&part))).then_some(Absence::Missing)
}

/// Cleans what spreadsheets and copying leave around text.
///
/// NFC; white space of every kind becomes single spaces; zero-width characters and byte order marks at
/// the ends go; quotation marks around the whole cell go, doubled ones inside become single; the
/// apostrophe that makes a spreadsheet take `+994…` or `=…` for text goes. Guillemets and curly marks
/// are part of names and stay.
#[must_use]
pub fn clean_text(text: &str) -> String {
    let composed: String = text.nfc().collect();
    let edge = |c: char| {
        c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
    };
    let mut cleaned = composed
        .trim_matches(edge)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    while let Some(inner) = unquoted(&cleaned) {
        cleaned = inner;
    }
    match cleaned.strip_prefix('\'') {
        Some(rest) if is_marked_as_text(rest) => rest.to_owned(),
        _ => cleaned,
    }
}

/// True where an apostrophe before the text is the spreadsheet's mark and no part of it: exports write a second one
/// where the text has its own.
#[must_use]
pub fn is_marked_as_text(rest: &str) -> bool {
    rest.trim_start_matches('\'')
        .starts_with(|c: char| c.is_ascii_digit() || "+-=@＋－＝＠".contains(c))
}

/// `"x"` and `"x ""y"""` without the outer marks; none for `"x" and "y"`.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let without_pairs = inner.replace("\"\"", "");
    if without_pairs.contains('"') {
        return None;
    }
    Some(inner.replace("\"\"", "\"").trim().to_owned())
}

/// True where a name has lost letters to `?`, as exports to a code page without them do.
///
/// In a name every `?` beside a letter counts, and so do two in a row, the replacement character, and a `?` where no question
/// mark stands: at the beginning, behind an opening quotation mark or a hyphen, behind a space and before something else.
/// A `?` that stands alone between spaces or follows punctuation does not. Not for web addresses.
///
/// `unicode` says that the file's own encoding has every letter: then one `?` at the end of a word is a
/// question. Several are not, nor one before a letter: the list may have been poorer before.
#[must_use]
pub fn lost_letters(name: &str, unicode: bool) -> bool {
    let name = name.trim();
    let (mut earlier, mut before) = (None, None);
    let mut chars = name.chars().peekable();
    let mut questions = 0;
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        let next_is_lost = after.is_some_and(|c| c.is_alphabetic() || c == '?');
        if c == '\u{FFFD}' || (c == '?' && (next_is_lost || is_misplaced(earlier, before, after))) {
            return true;
        }
        if c == '?' && before.is_some_and(char::is_alphabetic) {
            questions += 1;
        }
        (earlier, before) = (before, Some(c));
    }
    questions > usize::from(unicode)
}

/// True where no question mark stands, by the two characters before a `?` and the one behind it. Nothing is the name's edge.
fn is_misplaced(earlier: Option<char>, before: Option<char>, after: Option<char>) -> bool {
    match before {
        // A mark alone is no name at all, and told as that.
        None => after.is_some(),
        Some(' ') => after.is_some_and(|c| !matches!(c, ' ' | '!')),
        Some('-' | '\u{2010}'..='\u{2013}' | '«' | '„') => true,
        // These also close, and then a question mark may follow.
        Some('"' | '“' | '‘' | '\'') => earlier.is_none_or(|c| matches!(c, ' ' | '-' | '(')),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_of_every_kind_become_single_ones() {
        assert_eq!(
            clean_text("  Azərbaycan\u{A0}\u{A0}İdman \t\r\n Akademiyası \u{200B}\u{FEFF}"),
            "Azərbaycan İdman Akademiyası"
        );
    }

    #[test]
    fn outer_quotation_marks_go_and_inner_ones_stay() {
        assert_eq!(clean_text("\"Simurq PFK\""), "Simurq PFK");
        assert_eq!(clean_text("\"\"\"Simurq PFK\"\"\""), "Simurq PFK");
        assert_eq!(clean_text("\"«Қазақ тілі» қоғамы\""), "«Қазақ тілі» қоғамы");
        assert_eq!(
            clean_text("\"Party \"\"My Country\"\"\""),
            "Party \"My Country\""
        );
        for kept in [
            "Party \"My Country\"",
            "\"A\" and \"B\"",
            "«Нур»",
            "“Böyük ipək yolu” ittifaqı",
            "'Justh' Party",
            "\"",
        ] {
            assert_eq!(clean_text(kept), kept);
        }
    }

    #[test]
    fn the_apostrophe_before_a_number_or_formula_goes_and_others_stay() {
        assert_eq!(clean_text("'+994002803852"), "+994002803852");
        assert_eq!(clean_text("'00123"), "00123");
        assert_eq!(clean_text("'=1+1"), "=1+1");
        assert_eq!(clean_text("''5 Elements"), "'5 Elements");
        assert_eq!(clean_text("'Justh' Party"), "'Justh' Party");
    }

    #[test]
    fn text_becomes_nfc_and_keeps_its_leading_zeros() {
        assert_eq!(clean_text("s\u{327}\u{259}h\u{259}r"), "şəhər");
        assert_eq!(clean_text("0046444397"), "0046444397");
    }

    #[test]
    fn lost_letters_are_noticed_inside_and_at_the_edge_of_words() {
        for lost in [
            "?лтты? еріктілер",
            "W?gner",
            "F?al",
            "Va?laszta?si",
            "М.?ОЗЫБАЕВ",
            "???",
            "Аи? жолы",
            "Fond ??",
            "Ba\u{FFFD}ku",
        ] {
            assert!(lost_letters(lost, false), "{lost}");
        }
        for whole in ["Кто мы ? Фонд", "Sabail", "", "?", "(18+)?", "100 % ?"] {
            assert!(!lost_letters(whole, false), "{whole}");
            assert!(!lost_letters(whole, true), "{whole}");
        }
    }

    #[test]
    fn a_letter_that_stood_alone_is_lost_where_no_question_mark_stands() {
        for lost in [
            "?. Айтбаев атындагы кор",
            "? Фонд",
            "Мектеп «?» балалары",
            "Мектеп \"?\" балалары",
            "“?” мектеби",
            "12-? мектеп достары",
            "Мектеп ?. Айтбаев",
            "Фонд ?-1",
        ] {
            assert!(lost_letters(lost, false), "{lost}");
            assert!(lost_letters(lost, true), "{lost}");
        }
        for whole in [
            "Кто мы ? Фонд",
            "Кто мы ?",
            "Кто мы ?!",
            "Фонд (?)",
            "«Жизнь»?",
            "\"2030\"?",
            "„2030“?",
            "Фонд 2030? Да",
            " ? ",
        ] {
            assert!(!lost_letters(whole, false), "{whole}");
            assert!(!lost_letters(whole, true), "{whole}");
        }
    }

    #[test]
    fn a_question_in_a_file_that_has_every_letter_has_lost_none() {
        for question in ["What is Next?", "Кто мы? Фонд", "Sırada ne var?"] {
            assert!(!lost_letters(question, true), "{question}");
            assert!(lost_letters(question, false), "{question}");
        }
        for lost in [
            "?лтты? еріктілер",
            "W?gner",
            "Va?laszta?si",
            "Аи? жолы? ",
            "Fond ??",
            "Ba\u{FFFD}ku",
            "Б?",
            "?",
        ] {
            assert_eq!(
                lost_letters(lost, true),
                !["Б?", "?"].contains(&lost),
                "{lost}"
            );
        }
    }

    #[test]
    fn no_word_for_nothing_is_longer_than_the_longest() {
        for word in MISSING {
            assert!(
                word.nfd().map(char::len_utf8).sum::<usize>() <= LONGEST_MISSING,
                "{word}"
            );
            assert!(
                !word.contains(|c: char| c.is_ascii_digit() || c == '@'),
                "{word}"
            );
        }
    }

    #[test]
    fn words_for_nothing_are_missing_and_a_hyphen_alone_clears() {
        for word in [
            "",
            "  ",
            "yoxdur/yok/нет",
            "yoxdur/yok/???",
            "N/A",
            "Yoxdur",
            "ЙЎҚ",
            "Жоқ",
            "nincs",
            "—",
            "нет",
        ] {
            assert_eq!(is_missing_word(word), Some(Absence::Missing), "{word}");
        }
        assert_eq!(is_missing_word("-"), Some(Absence::Clear));
        for word in ["???", "no-reply", "Netherlands", "a/b", "/"] {
            assert_eq!(is_missing_word(word), None, "{word}");
        }
    }
}
