//! The order of each language's alphabet, for lists that people read: in Russian «В» stands before «К», in Azerbaijani Q before L.

use unicode_normalization::UnicodeNormalization;

use super::Language;

/// The letters of each language in their order, with a bar between letters that count as one.
const ALPHABETS: [(&str, &str); 9] = [
    ("en", "a b c d e f g h i j k l m n o p q r s t u v w x y z"),
    (
        "az",
        "a b c ç d e ə f g ğ h x ı i j k q l m n o ö p r s ş t u ü v y z",
    ),
    (
        "tr",
        "a b c ç d e f g ğ h ı i j k l m n o ö p r s ş t u ü v y z",
    ),
    (
        "tk",
        "a b ç d e ä f g h i j ž k l m n ň o ö p r s ş t u ü w y ý z",
    ),
    (
        "uz",
        "a b d e f g h i j k l m n o p q r s t u v x y z oʻ gʻ sh ch",
    ),
    (
        "hu",
        "a|á b c cs d dz dzs e|é f g gy h i|í j k l ly m n ny o|ó ö|ő p q r s sz t ty u|ú ü|ű v w x y z zs",
    ),
    (
        "kk",
        "а ә б в г ғ д е ё ж з и й к қ л м н ң о ө п р с т у ұ ү ф х һ ц ч ш щ ъ ы і ь э ю я",
    ),
    (
        "ky",
        "а б в г д е ё ж з и й к л м н ң о ө п р с т у ү ф х ц ч ш щ ъ ы ь э ю я",
    ),
    (
        "ru",
        "а б в г д е|ё ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я",
    ),
];
/// Letters that are written with so many signs at most (`dzs`).
const LONGEST: usize = 3;

impl Language {
    /// What to sort texts of this language by: the places of their letters in its alphabet. A letter that it has not counts as the
    /// one without its mark, or stands behind all others.
    pub fn order(self, text: &str) -> Vec<u32> {
        let known = ALPHABETS.iter().find(|(tag, _)| *tag == self.tag());
        let alphabet: Vec<&str> = known
            .map_or("", |(_, letters)| letters)
            .split(' ')
            .collect();
        let place = |letter: &str| -> Option<u32> {
            let is_it = |letters: &&str| letters.split('|').any(|one| one == letter);
            let place = alphabet.iter().position(is_it)?;
            u32::try_from(place + 1).ok()
        };
        let letters: Vec<char> = text.nfc().flat_map(|c| self.small(c)).collect();
        let mut order = Vec::with_capacity(letters.len());
        let mut rest = letters.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            let longest = (1..=LONGEST.min(rest.len())).rev().find_map(|len| {
                let (letter, behind) = rest.split_at_checked(len)?;
                let letter: String = letter.iter().collect();
                Some((place(&letter)?, behind))
            });
            rest = longest.map_or(behind, |(_, behind)| behind);
            let without_mark = || {
                let bare = first.nfd().next().filter(|bare| bare != first)?;
                place(bare.encode_utf8(&mut [0; 4]))
            };
            let found = longest.map(|(place, _)| place).or_else(without_mark);
            order.extend(found.or_else(|| match first {
                // A gap stands before every letter.
                c if c.is_whitespace() || *c == '-' => Some(0),
                c if c.is_alphanumeric() => Some(u32::from(*c) + 1_000),
                _ => None,
            }));
        }
        order
    }

    /// The small letter; in Azerbaijani and Turkish I and İ are two letters.
    fn small(self, letter: char) -> Vec<char> {
        match letter {
            'I' if matches!(self.tag(), "az" | "tr") => vec!['ı'],
            'İ' => vec!['i'],
            '\'' | '`' | '‘' | '’' | 'ʼ' => vec!['ʻ'],
            _ => letter.to_lowercase().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::languages;
    use super::*;
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

    fn sorted(tag: &str, texts: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(tag).unwrap());
        let language = Language::of(&headers);
        let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        texts.sort_by_cached_key(|text| language.order(text));
        texts
    }

    #[test]
    fn every_language_has_an_alphabet() {
        for tag in languages() {
            assert!(ALPHABETS.iter().any(|(known, _)| *known == tag), "{tag}");
        }
        assert_eq!(ALPHABETS.len(), languages().count());
    }

    #[test]
    fn a_list_has_the_order_of_its_language() {
        for (tag, expected) in [
            (
                "ru",
                "Азербайджан Венгрия Казахстан Кыргызстан Туркменистан Турция Узбекистан",
            ),
            (
                "az",
                "Azərbaycan Qazaxıstan Qırğızıstan Macarıstan Özbəkistan Türkiyə",
            ),
            ("uz", "Qirgʻiziston Turkiya Vengriya Oʻzbekiston Shimoliy"),
            ("tk", "Gazagystan Özbegistan Türkiýe Wengriýa"),
            ("hu", "Ábel Azer Cukor Csilla Kazah Kirgiz Üzbeg Zala"),
            (
                "kk",
                "Әзербайжан Қазақстан Қырғызстан Мажарстан Өзбекстан Түркия Түрікменстан",
            ),
            ("tr", "Çin Isparta İzmir Özbekistan Şile Türkiye"),
            ("en", "Azerbaijan Hungary Türkiye Uzbekistan"),
        ] {
            let mut texts: Vec<&str> = expected.split(' ').collect();
            texts.reverse();
            assert_eq!(sorted(tag, &texts).join(" "), expected, "{tag}");
        }
        assert_eq!(
            sorted("ru", &["Ёлка", "Жар", "Ель"]),
            ["Ёлка", "Ель", "Жар"]
        );
        assert_eq!(
            sorted("en", &["New York", "Newark", "Ñu"]),
            ["New York", "Newark", "Ñu"]
        );
    }
}
