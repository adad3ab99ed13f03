//! Which characters the bytes of a text file mean.
//!
//! In order: a byte order mark; UTF-16 by the places of its zero bytes; UTF-8 by validity; else the
//! code page among Windows-1250, -1251 and -1254 whose letters the eight countries' languages use
//! most. The same bytes always give the same answer.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{ReadError, ReadErrorCode as Code};

/// An encoding that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Central European (Hungarian, and Turkmen).
    #[serde(rename = "windows-1250")]
    Windows1250,
    /// Cyrillic; it lacks the letters that Kazakh, Kyrgyz and Uzbek add to Russian's.
    #[serde(rename = "windows-1251")]
    Windows1251,
    /// Turkish.
    #[serde(rename = "windows-1254")]
    Windows1254,
}

impl Encoding {
    /// True where the encoding has every letter there is.
    pub fn is_unicode(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf16Le | Self::Utf16Be)
    }

    /// Every encoding.
    pub const ALL: [Self; 6] = [
        Self::Utf8,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::Windows1250,
        Self::Windows1251,
        Self::Windows1254,
    ];

    /// The label of the WHATWG Encoding Standard.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1250 => "windows-1250",
            Self::Windows1251 => "windows-1251",
            Self::Windows1254 => "windows-1254",
        }
    }
}

/// A label that names no encoding that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown encoding; known are utf-8, utf-16le, utf-16be, windows-1250, windows-1251, windows-1254"
)]
pub struct UnknownEncoding;

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(label: &str) -> Result<Self, UnknownEncoding> {
        let wanted = label.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.label() == wanted)
            .ok_or(UnknownEncoding)
    }
}

/// How sure a detected encoding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The coordinator stated it.
    Stated,
    /// A byte order mark, valid UTF-8, or nothing but ASCII.
    Certain,
    /// One code page fits clearly better than the others, or they all give the same text.
    Likely,
    /// Too few letters to tell.
    Guess,
}

/// Decoded text and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) encoding: Encoding,
    pub(super) certainty: Certainty,
}

const PAGES: [Encoding; 3] = [
    Encoding::Windows1254,
    Encoding::Windows1250,
    Encoding::Windows1251,
];

/// Decodes `bytes` as `stated`, or in the encoding that fits.
pub(super) fn decode(bytes: &[u8], stated: Option<Encoding>) -> Result<Decoded, ReadError> {
    let (text, encoding, certainty) = match stated {
        Some(encoding) => {
            let text = decode_as(bytes, encoding)
                .map_err(|offset| not_decodable(bytes, encoding, offset))?;
            (text, encoding, Certainty::Stated)
        }
        None => detect(bytes)?,
    };
    if let Some(before) = text.split_once('\0').map(|(before, _)| before) {
        let line = line_of(before);
        return Err(ReadError::new(
            Code::NulCharacter,
            format!("Line {line} holds a NUL character, which no text has. Export the table again as CSV (UTF-8)."),
        )
        .at(line));
    }
    Ok(Decoded {
        text,
        encoding,
        certainty,
    })
}

fn detect(bytes: &[u8]) -> Result<(String, Encoding, Certainty), ReadError> {
    let marked = [
        (&[0xEF, 0xBB, 0xBF][..], Encoding::Utf8),
        (&[0xFF, 0xFE][..], Encoding::Utf16Le),
        (&[0xFE, 0xFF][..], Encoding::Utf16Be),
    ];
    if let Some((_, encoding)) = marked.into_iter().find(|(mark, _)| bytes.starts_with(mark)) {
        let text = decode_as(bytes, encoding).map_err(|offset| {
            let line = line_at(bytes, encoding, offset);
            let message = format!(
                "The file is marked as {}, but line {line} is not. Export the table again as CSV (UTF-8).",
                encoding.label()
            );
            ReadError::new(Code::MixedEncoding, message).at(line)
        })?;
        return Ok((text, encoding, Certainty::Certain));
    }
    if let Some(encoding) = utf16_by_zero_bytes(bytes)
        && let Ok(text) = decode_as(bytes, encoding)
        && !text.contains('\0')
        && text.contains(['\n', '\r'])
    {
        return Ok((text, encoding, Certainty::Likely));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), Encoding::Utf8, Certainty::Certain));
    }
    refuse_broken_utf8(bytes)?;
    best_page(bytes)
}

/// Zero bytes in every second place are the mark of UTF-16 text with ASCII in it; at least one
/// character in twenty of a table is a space, a digit, a separator or another ASCII character.
fn utf16_by_zero_bytes(bytes: &[u8]) -> Option<Encoding> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |start: usize| {
        bytes
            .iter()
            .skip(start)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (high_first, low_first) = (zeros(0), zeros(1));
    if high_first.max(low_first).saturating_mul(40) < bytes.len() {
        return None;
    }
    if low_first > 0 && high_first.saturating_mul(10) <= low_first {
        Some(Encoding::Utf16Le)
    } else if high_first > 0 && low_first.saturating_mul(10) <= high_first {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// Refuses text that is UTF-8 but for a few bytes: a code page would turn all its letters to rubbish.
fn refuse_broken_utf8(bytes: &[u8]) -> Result<(), ReadError> {
    let (mut whole, mut broken, mut first, mut offset) = (0_usize, 0_usize, None, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole = whole.saturating_add(chunk.valid().chars().filter(|c| !c.is_ascii()).count());
        offset = offset.saturating_add(chunk.valid().len());
        if !chunk.invalid().is_empty() {
            broken = broken.saturating_add(1);
            first.get_or_insert(offset);
            offset = offset.saturating_add(chunk.invalid().len());
        }
    }
    match first {
        Some(offset) if whole >= 4 && whole >= broken.saturating_mul(4) => {
            let line = byte_line(bytes, offset);
            Err(ReadError::new(
                Code::MixedEncoding,
                format!("The file is UTF-8, but line {line} is not. Lines of another file seem to have been pasted in: retype that line, or export the whole table again as CSV (UTF-8)."),
            )
            .at(line))
        }
        _ => refuse_utf8_among_others(bytes),
    }
}

/// Letters of more than one byte that make a line UTF-8 for sure: in a code page their bytes would be pairs that no word has.
const SURELY_UTF8: usize = 3;

/// Refuses text of a code page that has whole lines in UTF-8.
fn refuse_utf8_among_others(bytes: &[u8]) -> Result<(), ReadError> {
    let is_utf8 = |line: &[u8]| {
        std::str::from_utf8(line).is_ok_and(|text| {
            text.chars()
                .filter(|c| !c.is_ascii())
                .take(SURELY_UTF8)
                .count()
                == SURELY_UTF8
        })
    };
    match bytes.split(|byte| *byte == b'\n').position(is_utf8) {
        None => Ok(()),
        Some(before) => {
            let line = count(before);
            Err(ReadError::new(
                Code::MixedEncoding,
                format!("Line {line} is UTF-8, but other lines are not. Lines of another file seem to have been pasted in: retype that line, or export the whole table again as CSV (UTF-8)."),
            )
            .at(line))
        }
    }
}

fn best_page(bytes: &[u8]) -> Result<(String, Encoding, Certainty), ReadError> {
    let controls = bytes
        .iter()
        .filter(|byte| byte.is_ascii_control() && !b"\t\r\n\x0B\x0C\x1A\0".contains(byte))
        .count();
    if controls.saturating_mul(200) > bytes.len() {
        return Err(ReadError::new(
            Code::NotText,
            "The file is no table: it holds bytes that no text has. Send .xlsx or CSV.",
        ));
    }
    let mut pages: Vec<(i64, Encoding, String)> = PAGES
        .into_iter()
        .filter_map(|page| {
            decode_as(bytes, page)
                .ok()
                .map(|text| (score(&text, page), page, text))
        })
        .collect();
    // A stable sort keeps the order of `PAGES` among equals.
    pages.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let mut pages = pages.into_iter();
    let Some((score, encoding, text)) = pages.next() else {
        return Err(ReadError::new(
            Code::NotText,
            "The encoding of the file is none that is read. Export the table again as CSV (UTF-8).",
        ));
    };
    let rival = pages
        .find(|(_, _, other)| *other != text)
        .map(|(score, ..)| score);
    let clear = score > 0 && rival.is_none_or(|rival| score >= rival.saturating_add(3));
    let certainty = if clear {
        Certainty::Likely
    } else {
        Certainty::Guess
    };
    Ok((text, encoding, certainty))
}

/// How well `text` looks like the languages that `page` is for: +1 a letter they use, less for others.
fn score(text: &str, page: Encoding) -> i64 {
    let mut score = 0_i64;
    let (mut before, mut chars) = (' ', text.chars().peekable());
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        if !c.is_ascii() {
            score = score.saturating_add(match page {
                Encoding::Windows1251 => cyrillic(before, c, after),
                Encoding::Windows1250 => central_european(before, c, after),
                _ => turkish(before, c, after),
            });
        }
        before = c;
    }
    score
}

fn cyrillic(before: char, c: char, after: char) -> i64 {
    if !c.is_alphabetic() {
        return punctuation(c);
    }
    if before.is_ascii_alphabetic() || after.is_ascii_alphabetic() {
        return -3;
    }
    if before.is_lowercase() && c.is_uppercase() {
        return -2;
    }
    if matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' | 'і' | 'І' | 'ў' | 'Ў') {
        1
    } else {
        -2
    }
}

fn central_european(before: char, c: char, after: char) -> i64 {
    match c {
        // Turkmen ý is a consonant and stands beside a vowel; Turkish ı, the same byte, does not.
        'ý' | 'Ý' => {
            if beside_vowel(before, after) {
                1
            } else {
                -2
            }
        }
        _ if "áéíóöőúüűÁÉÍÓÖŐÚÜŰäçşžňÄÇŞŽŇ".contains(c) => 1,
        _ if c.is_alphabetic() => -2,
        _ => punctuation(c),
    }
}

fn turkish(before: char, c: char, after: char) -> i64 {
    match c {
        'ı' if beside_vowel(before, after) => -1,
        _ if "çğıöşüÇĞİÖŞÜâîûÂÎÛ".contains(c) => 1,
        _ if c.is_alphabetic() => -2,
        _ => punctuation(c),
    }
}

fn punctuation(c: char) -> i64 {
    if "«»“”„‘’‚–—…№§°·•´\u{A0}".contains(c) {
        0
    } else {
        -1
    }
}

/// Upper-case letters without any vowel but `Ý`, like `TGÝMJ`: initials, which need no vowel beside it.
fn is_acronym(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_uppercase() && !"AEIOUÄÖÜYÐÞ".contains(c))
}

fn beside_vowel(before: char, after: char) -> bool {
    let vowel = |c: char| "aeiouäöüAEIOUÄÖÜ".contains(c);
    vowel(before) || vowel(after)
}

/// The first word of `text` in which Turkish ğ ş ı stand as ð þ ý, because Windows-1254 was read as
/// Windows-1252 (`Kýzýlay`). Turkmen `ý` stands beside a vowel and is right; so is `y` before it, and an acronym.
pub(super) fn turkish_read_as_1252(text: &str) -> Option<&str> {
    if !text.contains(['ð', 'þ', 'Ð', 'Þ', 'ý', 'Ý']) {
        return None;
    }
    let mut words = text.split(|c: char| !c.is_alphabetic());
    words.find(|word| {
        if is_acronym(word) {
            return false;
        }
        let (mut before, mut chars) = (' ', word.chars().peekable());
        while let Some(c) = chars.next() {
            let after = chars.peek().copied().unwrap_or(' ');
            let vowel =
                beside_vowel(before, after) || "yY".contains(before) || "yY".contains(after);
            if "ðþÐÞ".contains(c) || ("ýÝ".contains(c) && !vowel) {
                return true;
            }
            before = c;
        }
        false
    })
}

/// Decodes `bytes`, or names the offset of the first byte that does not fit.
fn decode_as(bytes: &[u8], encoding: Encoding) -> Result<String, usize> {
    match encoding {
        Encoding::Utf8 => {
            let (mark, body) = match bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
                Some(body) => (3, body),
                None => (0, bytes),
            };
            std::str::from_utf8(body)
                .map(str::to_owned)
                .map_err(|e| e.valid_up_to().saturating_add(mark))
        }
        Encoding::Utf16Le => utf16(bytes, u16::from_le_bytes),
        Encoding::Utf16Be => utf16(bytes, u16::from_be_bytes),
        Encoding::Windows1250 => page(bytes, encoding_rs::WINDOWS_1250),
        Encoding::Windows1251 => page(bytes, encoding_rs::WINDOWS_1251),
        Encoding::Windows1254 => page(bytes, encoding_rs::WINDOWS_1254),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut offset = 0_usize;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let Ok(c) = decoded else {
            return Err(offset);
        };
        if !(offset == 0 && c == '\u{FEFF}') {
            text.push(c);
        }
        offset = offset.saturating_add(c.len_utf16().saturating_mul(2));
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(offset)
    }
}

fn page(bytes: &[u8], encoding: &'static encoding_rs::Encoding) -> Result<String, usize> {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    // One byte is one character here, and bytes without a letter become C1 controls.
    match text
        .chars()
        .position(|c| matches!(c, '\u{80}'..='\u{9F}' | '\u{FFFD}'))
    {
        Some(offset) => Err(offset),
        None => Ok(text.into_owned()),
    }
}

fn not_decodable(bytes: &[u8], encoding: Encoding, offset: usize) -> ReadError {
    let line = line_at(bytes, encoding, offset);
    ReadError::new(
        Code::NotDecodable,
        format!(
            "Line {line} holds bytes that are not {}. Leave the encoding out, so that it is detected, or state the right one.",
            encoding.label()
        ),
    )
    .at(line)
}

fn line_at(bytes: &[u8], encoding: Encoding, offset: usize) -> u32 {
    match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let newline = if encoding == Encoding::Utf16Le {
                [b'\n', 0]
            } else {
                [0, b'\n']
            };
            let pairs = bytes.get(..offset).unwrap_or(bytes).as_chunks::<2>().0;
            count(pairs.iter().filter(|pair| **pair == newline).count())
        }
        _ => byte_line(bytes, offset),
    }
}

fn byte_line(bytes: &[u8], offset: usize) -> u32 {
    count(
        bytes
            .iter()
            .take(offset)
            .filter(|byte| **byte == b'\n')
            .count(),
    )
}

fn line_of(before: &str) -> u32 {
    count(before.matches('\n').count())
}

fn count(newlines: usize) -> u32 {
    u32::try_from(newlines)
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{text} has no bytes in {}", encoding.name());
        bytes.into_owned()
    }

    fn detected(bytes: &[u8]) -> (String, Encoding) {
        let decoded = decode(bytes, None).unwrap();
        (decoded.text, decoded.encoding)
    }

    #[test]
    fn a_single_word_is_enough_to_tell_the_code_pages_apart() {
        for (word, page, encoding) in [
            ("Kızılay", encoding_rs::WINDOWS_1254, Encoding::Windows1254),
            (
                "İş Dünyası",
                encoding_rs::WINDOWS_1254,
                Encoding::Windows1254,
            ),
            (
                "Yeşil Doğa",
                encoding_rs::WINDOWS_1254,
                Encoding::Windows1254,
            ),
            ("Fő tér", encoding_rs::WINDOWS_1250, Encoding::Windows1250),
            (
                "Alapítvány",
                encoding_rs::WINDOWS_1250,
                Encoding::Windows1250,
            ),
            (
                "Ýaşlar guramasy",
                encoding_rs::WINDOWS_1250,
                Encoding::Windows1250,
            ),
            (
                "Türkmenistanyň",
                encoding_rs::WINDOWS_1250,
                Encoding::Windows1250,
            ),
            ("Мир", encoding_rs::WINDOWS_1251, Encoding::Windows1251),
            (
                "Бишкек ишкердик клубу",
                encoding_rs::WINDOWS_1251,
                Encoding::Windows1251,
            ),
        ] {
            assert_eq!(
                detected(&encoded(word, page)),
                (word.to_owned(), encoding),
                "{word}"
            );
        }
    }

    #[test]
    fn a_turkish_dotless_i_is_no_turkmen_y() {
        let decoded = decode(&encoded("Kızılırmak", encoding_rs::WINDOWS_1254), None).unwrap();
        assert_eq!(
            (decoded.encoding, decoded.certainty),
            (Encoding::Windows1254, Certainty::Likely)
        );
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_its_mark() {
        let text = "Ad;Şəhər\nҚор;Алматы\n";
        for (mark, encoding, bytes) in [
            (
                "\u{FEFF}",
                Encoding::Utf16Le,
                u16::to_le_bytes as fn(u16) -> [u8; 2],
            ),
            ("", Encoding::Utf16Le, u16::to_le_bytes),
            ("\u{FEFF}", Encoding::Utf16Be, u16::to_be_bytes),
            ("", Encoding::Utf16Be, u16::to_be_bytes),
        ] {
            let bytes: Vec<u8> = format!("{mark}{text}")
                .encode_utf16()
                .flat_map(bytes)
                .collect();
            assert_eq!(detected(&bytes), (text.to_owned(), encoding));
        }
    }

    #[test]
    fn the_utf_8_mark_is_not_part_of_the_text() {
        assert_eq!(
            detected("\u{FEFF}Ad".as_bytes()),
            ("Ad".to_owned(), Encoding::Utf8)
        );
        assert_eq!(decode(b"Name", None).unwrap().certainty, Certainty::Certain);
    }

    #[test]
    fn letters_that_fit_two_alphabets_are_called_a_guess() {
        assert_eq!(
            decode(&encoded("ÜÖÇ", encoding_rs::WINDOWS_1254), None)
                .unwrap()
                .certainty,
            Certainty::Guess
        );
        assert_eq!(
            decode(
                &encoded("Kızılay Derneği, Muş", encoding_rs::WINDOWS_1254),
                None
            )
            .unwrap()
            .certainty,
            Certainty::Likely
        );
    }

    #[test]
    fn a_stated_encoding_that_does_not_fit_names_the_line() {
        let bytes = encoded("ad\nbir\nKızılay\n", encoding_rs::WINDOWS_1254);
        let error = decode(&bytes, Some(Encoding::Utf8)).unwrap_err();
        assert_eq!((error.code, error.line), (Code::NotDecodable, Some(3)));
        let error = decode(b"a\nb\x98\n", Some(Encoding::Windows1251)).unwrap_err();
        assert_eq!((error.code, error.line), (Code::NotDecodable, Some(2)));
        let error = decode(b"a\0\n\0\x00\xD8b\0", Some(Encoding::Utf16Le)).unwrap_err();
        assert_eq!((error.code, error.line), (Code::NotDecodable, Some(2)));
        assert_eq!(
            decode(&bytes, Some(Encoding::Windows1254))
                .unwrap()
                .certainty,
            Certainty::Stated
        );
    }

    #[test]
    fn a_pasted_line_in_another_encoding_is_refused_with_its_line() {
        let mut bytes = "Атауы\nҚамқорлық қоры\n".as_bytes().to_vec();
        bytes.extend(encoded("Фонд\n", encoding_rs::WINDOWS_1251));
        let error = decode(&bytes, None).unwrap_err();
        assert_eq!((error.code, error.line), (Code::MixedEncoding, Some(3)));
    }

    #[test]
    fn a_line_of_utf8_in_a_file_of_a_code_page_is_refused_with_its_line() {
        let (page, _, _) =
            encoding_rs::WINDOWS_1251.encode("Общественный фонд Луч,2\nСоюз садоводов,3\n");
        let mixed = [b"name,id\n", "Алау Бір Қор,1\n".as_bytes(), &page].concat();
        let refused = decode(&mixed, None).unwrap_err();
        assert_eq!((refused.code, refused.line), (Code::MixedEncoding, Some(2)));
        // The coordinator may say what it is all the same.
        assert!(decode(&mixed, Some(Encoding::Windows1251)).is_ok());
        let whole = [b"name,id\n", &page[..]].concat();
        assert_eq!(
            decode(&whole, None).unwrap().encoding,
            Encoding::Windows1251
        );
    }

    #[test]
    fn a_broken_line_below_a_byte_order_mark_is_refused_with_its_line() {
        let error = decode(b"\xEF\xBB\xBFname\n\xFDz\n", None).unwrap_err();
        assert_eq!((error.code, error.line), (Code::MixedEncoding, Some(2)));
    }

    #[test]
    fn a_nul_character_is_refused_with_its_line() {
        let error = decode("ad\nş\0x\n".as_bytes(), None).unwrap_err();
        assert_eq!((error.code, error.line), (Code::NulCharacter, Some(2)));
    }

    #[test]
    fn turkish_read_as_1252_is_noticed_and_turkmen_is_not() {
        for wrong in [
            "Kýzýlay",
            "Türkiye Ýþ Kurumu",
            "Eðitim",
            "KIZILAY DERNEÐÝ",
            "Baþkent",
            "TÝKA",
            "ÝÞ",
        ] {
            assert!(turkish_read_as_1252(wrong).is_some(), "{wrong}");
        }
        for right in [
            "Türkmenistanyň Gyzyl Ýarymaý",
            "Keýik okara",
            "jemgyýetçilik",
            "Nyýazow",
            "Ýyldyz",
            "Kulyýewa",
            "Szövetség",
            "TGÝMJ",
            "Türkmenistanyň «TGÝMJ» jemgyýeti",
        ] {
            assert_eq!(turkish_read_as_1252(right), None, "{right}");
        }
    }

    #[test]
    fn every_label_reads_back() {
        for encoding in Encoding::ALL {
            assert_eq!(encoding.label().to_uppercase().parse(), Ok(encoding));
        }
        assert_eq!("latin1".parse::<Encoding>(), Err(UnknownEncoding));
    }
}
