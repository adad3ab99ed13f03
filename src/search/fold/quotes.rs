//! What stands in quotes in a name: the name proper of most organisations in Russian and Turkic writing («Акбота»).

use std::ops::Range;

/// What opens and what closes, in the ways of writing of the eight countries. Single quotes are apostrophes.
const PAIRS: [(char, &[char]); 4] = [
    ('«', &['»']),
    ('“', &['”', '“']),
    ('„', &['“', '”']),
    ('"', &['"']),
];

/// The places of what stands in quotes, in bytes; of quotes in quotes the outer ones.
pub(super) fn of_name(name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = name;
    let mut at = 0;
    while let Some((before, opened)) = rest.char_indices().find_map(|(place, c)| {
        let (_, closing) = PAIRS.iter().find(|(opening, _)| *opening == c)?;
        Some((place + c.len_utf8(), *closing))
    }) {
        let start = at + before;
        let Some(behind) = rest.get(before..) else {
            break;
        };
        let Some(len) = behind.find(opened) else {
            break;
        };
        found.push(start..start + len);
        // The closing quote has as many bytes as its letter.
        let closing = behind.get(len..).and_then(|text| text.chars().next());
        let next = len + closing.map_or(1, char::len_utf8);
        rest = behind.get(next..).unwrap_or_default();
        at = start + next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_quotes_is_found_in_every_kind_of_them() {
        let quoted = |name: &'static str| -> Vec<&str> {
            let places = of_name(name).into_iter();
            places.map(|at| name.get(at).unwrap()).collect()
        };
        assert_eq!(quoted("ОФ «Ақ бота»"), ["Ақ бота"]);
        assert_eq!(quoted("\"Göyərçin\" İB"), ["Göyərçin"]);
        assert_eq!(quoted("„Zöldliget“ Kft., “Kék” Bt."), ["Zöldliget", "Kék"]);
        assert_eq!(quoted("Oʻzbekiston ‘Mehr’"), [""; 0]);
        assert_eq!(quoted("«Қала"), [""; 0]);
        assert_eq!(quoted("»«"), [""; 0]);
        assert_eq!(quoted(""), [""; 0]);
    }
}
