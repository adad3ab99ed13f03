//! What a column means, by its header.
//!
//! `headers.tsv` is the dictionary: field, language, header as people write it. Headers are compared
//! folded: without case, dots on the i, marks, apostrophes and punctuation. A header in two languages
//! (`Атауы / Наименование`) counts when its known parts agree. The canonical names of the fields
//! (`name_en`, `identifier:KZ-BIN`), which exports write, mean themselves.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What a column holds.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[$doc])* $variant,)+
            /// The translated name in the language of this BCP 47 tag: `name_en`, `name_ru`, `name_kk-Cyrl`.
            NameIn(String),
            /// A national or international identifier of this scheme: `identifier:KZ-BIN`.
            Identifier(String),
        }

        impl Field {
            /// The fields without a language or scheme.
            pub const PLAIN: &'static [Self] = &[$(Self::$variant),+];

            fn plain(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($text),)+
                    Self::NameIn(_) | Self::Identifier(_) => None,
                }
            }
        }
    };
}

fields! {
    /// The registry number of an organisation that is already registered.
    RegistryNumber = "registry_number",
    /// The register that `reference` belongs to.
    Source = "source",
    /// The row's own key in its source.
    Reference = "reference",
    /// Where a data set took the row from; known and not used.
    Provenance = "provenance",
    /// The legal name.
    Name = "name",
    /// The legal name's language (BCP 47).
    NameLanguage = "name_language",
    /// The legal name's script (ISO 15924).
    NameScript = "name_script",
    /// Other names, ` | ` between them, `text@lang` where the language is known.
    AlternativeNames = "alternative_names",
    /// Acronyms, ` | ` between them.
    Acronyms = "acronyms",
    /// The country, as a code or a name.
    Country = "country",
    /// The legal form, as a code or a name.
    LegalForm = "legal_form",
    /// The city or settlement.
    City = "city",
    /// The region or province.
    Region = "region",
    /// The postal address.
    Address = "address",
    /// The day or year of founding or registration.
    FoundedOn = "founded_on",
    /// The website.
    Website = "website",
    /// The e-mail address.
    Email = "email",
    /// The telephone number.
    Phone = "phone",
    /// ICNP/TSO codes.
    Themes = "themes",
    /// Numbers of the Sustainable Development Goals.
    Sdg = "sdg",
    /// A short description.
    Description = "description",
    /// The contact person.
    Contact = "contact",
    /// Notes for officers.
    Notes = "notes",
    /// What the list says of membership; known and not used, because membership is a ledger.
    StatusNote = "status_note",
    /// The row's running number; known and not used.
    RowNumber = "row_number",
    /// A column that the coordinator wants left out.
    Ignored = "ignored",
}

impl Field {
    /// True for the columns that are known but never imported.
    #[must_use]
    pub const fn is_ignored(&self) -> bool {
        matches!(
            self,
            Self::Provenance | Self::StatusNote | Self::RowNumber | Self::Ignored
        )
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameIn(language) => write!(f, "name_{language}"),
            Self::Identifier(scheme) => write!(f, "identifier:{scheme}"),
            plain => f.write_str(plain.plain().unwrap_or_default()),
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no canonical name of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown field; use a canonical name such as name, name_en, country or identifier:KZ-BIN")]
pub struct UnknownField;

impl FromStr for Field {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if let Some(plain) = Self::PLAIN
            .iter()
            .find(|field| field.plain() == Some(lower.as_str()))
        {
            return Ok(plain.clone());
        }
        if let Some((key, scheme)) = text.split_once(':')
            && key.eq_ignore_ascii_case("identifier")
        {
            // Some prefixes of org-id.guide have an underscore (CA-CRA_ACR).
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let scheme = scheme.trim();
            return if !scheme.is_empty() && scheme.len() <= 40 && scheme.chars().all(fits) {
                Ok(Self::Identifier(scheme.to_ascii_uppercase()))
            } else {
                Err(UnknownField)
            };
        }
        lower
            .strip_prefix("name_")
            .and_then(language_tag)
            .map(Self::NameIn)
            .ok_or(UnknownField)
    }
}

/// A BCP 47 tag of a language and at most a script, in its usual case.
fn language_tag(text: &str) -> Option<String> {
    let (language, script) = match text.split_once(['-', '_']) {
        Some((language, script)) => (language, Some(script)),
        None => (text, None),
    };
    let letters = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic());
    // Three letters only where a language of the region has no two: else name_old would be one.
    let known = language.len() == 2
        || ["kaa", "crh", "gag"].contains(&language.to_ascii_lowercase().as_str());
    if !known || !letters(language) {
        return None;
    }
    match script {
        None => Some(language.to_ascii_lowercase()),
        Some(script) => {
            let script = ["Latn", "Cyrl", "Arab"]
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(script))?;
            Some(format!("{}-{script}", language.to_ascii_lowercase()))
        }
    }
}

struct Dictionary {
    by_header: HashMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    field: Field,
    language: String,
}

const TABLE: &str = include_str!("headers.tsv");

fn dictionary() -> &'static Dictionary {
    static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
    DICTIONARY.get_or_init(|| {
        let mut by_header = HashMap::new();
        for (field, language, header) in lines() {
            if let Ok(field) = field.parse() {
                by_header.entry(fold(header)).or_insert(Entry {
                    field,
                    language: language.to_owned(),
                });
            }
        }
        Dictionary { by_header }
    })
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split('\t');
            Some((parts.next()?, parts.next()?, parts.next()?))
        })
}

/// The form in which headers are compared: lower case, without dots on the i, marks, apostrophes and
/// punctuation; letters that Kazakh, Kyrgyz, Uzbek and Azerbaijani add fall to their neighbours.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().flat_map(char::to_lowercase) {
        let c = match c {
            _ if is_combining_mark(c) => continue,
            '\'' | '’' | '‘' | 'ʻ' | 'ʼ' | '`' | '´' | 'ʹ' => continue,
            'ı' => 'i',
            'ə' | 'ǝ' => 'e',
            'і' => 'и',
            'ғ' => 'г',
            'қ' => 'к',
            'ң' => 'н',
            'ө' => 'о',
            'ү' | 'ұ' => 'у',
            'һ' | 'ҳ' => 'х',
            'ә' => 'а',
            '#' | '№' => {
                folded.push_str(" no ");
                continue;
            }
            _ if c.is_alphanumeric() => c,
            _ => ' ',
        };
        if !(c == ' ' && folded.ends_with(' ')) {
            folded.push(c);
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cyrillic look-alikes as Latin letters: `Е-mail` is often typed with a Cyrillic Е.
fn latin_look_alikes(folded: &str) -> Option<String> {
    let mixed = folded.chars().any(|c| c.is_ascii_alphabetic()) && !folded.is_ascii();
    mixed.then(|| {
        folded
            .chars()
            .map(|c| match c {
                'а' => 'a',
                'е' => 'e',
                'о' => 'o',
                'р' => 'p',
                'с' => 'c',
                'у' => 'y',
                'х' => 'x',
                'и' => 'i',
                'т' => 't',
                'м' => 'm',
                'к' => 'k',
                other => other,
            })
            .collect()
    })
}

fn entry(header: &str) -> Option<Entry> {
    if let Ok(field) = header.parse() {
        return Some(Entry {
            field,
            language: "en".to_owned(),
        });
    }
    let folded = fold(header);
    let known = &dictionary().by_header;
    known
        .get(&folded)
        .or_else(|| latin_look_alikes(&folded).and_then(|latin| known.get(&latin)))
        .cloned()
        .or_else(|| parts(header))
        .or_else(|| with_lost_letters(header))
}

/// A header in two languages: its known parts must agree, and be no less than half of it. A line such as
/// `sync:x:4:65534:sync:/bin:/bin/sync` is no header because `bin` is one.
fn parts(header: &str) -> Option<Entry> {
    if header.matches(':').count() > 2 {
        return None;
    }
    let known = &dictionary().by_header;
    let separated = header
        .split(['/', '|', '\n', '(', ')', ';', '\\'])
        .flat_map(|part| part.split(" - "));
    let mut found: Option<Entry> = None;
    let mut count = 0;
    let mut agreeing = 0;
    for part in separated.filter(|part| !part.trim().is_empty()) {
        count += 1;
        let Some(entry) = known.get(&fold(part)) else {
            continue;
        };
        if found
            .as_ref()
            .is_some_and(|first| first.field != entry.field)
        {
            return None;
        }
        agreeing += 1;
        found.get_or_insert_with(|| entry.clone());
    }
    found.filter(|_| count > 1 && agreeing * 2 >= count)
}

/// A header whose letters became `?` in a code page that lacks them (`?ала`): the one field that fits.
fn with_lost_letters(header: &str) -> Option<Entry> {
    const LOST: char = '\u{E000}';
    if !header.contains('?') {
        return None;
    }
    let marked = header.trim().replace('?', "\u{E000}");
    // Private-use characters are not alphanumeric, so each part is folded apart.
    let pattern: Vec<String> = marked.split(LOST).map(fold).collect();
    let pattern = pattern.join("?");
    let letters = pattern.chars().filter(|c| *c != '?').count();
    if letters < 3 || !pattern.contains('?') {
        return None;
    }
    let fits = |known: &str| {
        known.chars().count() == pattern.chars().count()
            && known
                .chars()
                .zip(pattern.chars())
                .all(|(k, p)| k == p || (p == '?' && !k.is_ascii()))
    };
    let mut found = dictionary()
        .by_header
        .iter()
        .filter(|(known, _)| fits(known))
        .map(|(_, entry)| entry);
    let first = found.next()?;
    found
        .all(|other| other.field == first.field)
        .then(|| first.clone())
}

/// What one header means by the dictionary, whatever stands beside it.
#[must_use]
pub fn field_of(header: &str) -> Option<Field> {
    entry(header).map(|entry| entry.field)
}

pub(super) fn stated<'a>(header: &str, map: &'a [(String, Field)]) -> Option<&'a Field> {
    let folded = fold(header);
    map.iter()
        .find(|(wanted, _)| {
            wanted.trim() == header.trim() || (!folded.is_empty() && fold(wanted) == folded)
        })
        .map(|(_, field)| field)
}

/// How many different fields a row names, if it is a header.
pub(super) fn recognised(cells: &[String], map: &[(String, Field)]) -> usize {
    let mut fields: Vec<Field> = cells
        .iter()
        // A header is short; a paragraph above the table is none.
        .filter(|cell| !cell.trim().is_empty() && cell.len() <= 200)
        .filter_map(|cell| stated(cell, map).cloned().or_else(|| field_of(cell)))
        .collect();
    fields.sort();
    fields.dedup();
    fields.len()
}

/// What each header of a table means, one with another.
pub(super) fn resolve(headers: &[String], map: &[(String, Field)]) -> Vec<Option<Field>> {
    let mut entries: Vec<(bool, Option<Entry>)> = headers
        .iter()
        .map(|header| match stated(header, map) {
            Some(field) => (
                true,
                Some(Entry {
                    field: field.clone(),
                    language: String::new(),
                }),
            ),
            None => (false, entry(header)),
        })
        .collect();

    let folded: Vec<String> = headers.iter().map(|header| fold(header)).collect();
    let has = |name: &str| folded.iter().any(|header| header == name);
    let provenance = has("id") && has("source id");
    let two_places = entries.iter().flatten_field(&Field::City) > 1;
    let first_name = entries
        .iter()
        .find_map(|(_, entry)| entry.as_ref().filter(|e| e.field == Field::Name))
        .map(|e| e.language.clone());

    for ((is_stated, entry), header) in entries.iter_mut().zip(&folded) {
        let Some(entry) = entry.as_mut().filter(|_| !*is_stated) else {
            continue;
        };
        // A data set with its own id tells in source and source_id where it found the row.
        if provenance && (header == "source" || header == "source id") {
            entry.field = Field::Provenance;
        }
        // A Turkish il alone stands for the city; beside a district or city it is the province.
        if two_places && header == "il" {
            entry.field = Field::Region;
        }
        // A second name column in another language is the name in that language.
        if entry.field == Field::Name
            && first_name
                .as_ref()
                .is_some_and(|first| *first != entry.language)
            && entry.language != "*"
        {
            entry.field = Field::NameIn(entry.language.clone());
        }
    }
    entries
        .into_iter()
        .map(|(_, entry)| entry.map(|entry| entry.field))
        .collect()
}

trait CountField {
    fn flatten_field(self, field: &Field) -> usize;
}

impl<'a, I: Iterator<Item = &'a (bool, Option<Entry>)>> CountField for I {
    fn flatten_field(self, field: &Field) -> usize {
        self.filter(|(_, entry)| entry.as_ref().is_some_and(|entry| entry.field == *field))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(headers: &[&str]) -> Vec<String> {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        resolve(&headers, &[])
            .into_iter()
            .map(|field| field.map_or("?".to_owned(), |field| field.to_string()))
            .collect()
    }

    #[test]
    fn every_line_of_the_dictionary_has_three_parts_and_a_known_field() {
        let written = TABLE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count();
        assert_eq!(lines().count(), written);
        let languages = [
            "en", "ru", "az", "tr", "kk", "ky", "uz-Latn", "uz-Cyrl", "tk", "hu", "*",
        ];
        for (field, language, header) in lines() {
            assert!(field.parse::<Field>().is_ok(), "{field}");
            assert!(languages.contains(&language), "{language}: {header}");
            assert!(!fold(header).is_empty(), "{header}");
        }
    }

    #[test]
    fn no_header_of_the_dictionary_means_two_fields() {
        for (field, _, header) in lines() {
            assert_eq!(
                field_of(header).map(|field| field.to_string()).as_deref(),
                Some(field),
                "{header}"
            );
        }
    }

    #[test]
    fn every_language_has_a_name_country_city_and_email() {
        for language in [
            "en", "ru", "az", "tr", "kk", "ky", "uz-Latn", "uz-Cyrl", "tk", "hu",
        ] {
            for wanted in [
                "name",
                "country",
                "city",
                "address",
                "phone",
                "email",
                "website",
                "founded_on",
                "legal_form",
                "notes",
            ] {
                assert!(
                    lines().any(|(field, of, _)| field == wanted && (of == language || of == "*")),
                    "{language} has no {wanted}"
                );
            }
        }
    }

    #[test]
    fn canonical_names_mean_themselves() {
        for field in Field::PLAIN {
            assert_eq!(field_of(&field.to_string()).as_ref(), Some(field));
        }
        for text in [
            "name_en",
            "name_ru",
            "name_kk-Cyrl",
            "identifier:KZ-BIN",
            "identifier:LEI",
            "identifier:CA-CRA_ACR",
        ] {
            assert_eq!(
                field_of(text).map(|field| field.to_string()).as_deref(),
                Some(text)
            );
        }
        assert_eq!(
            field_of("Identifier: kz-bin"),
            Some(Field::Identifier("KZ-BIN".to_owned()))
        );
        assert_eq!(
            field_of("name_kk_cyrl"),
            Some(Field::NameIn("kk-Cyrl".to_owned()))
        );
        assert_eq!("name_of_bank".parse::<Field>(), Err(UnknownField));
        assert_eq!("name_old".parse::<Field>(), Err(UnknownField));
        assert_eq!("identifier:".parse::<Field>(), Err(UnknownField));
    }

    #[test]
    fn case_dots_marks_apostrophes_and_punctuation_do_not_count() {
        for header in ["ŞƏHƏR", "şəhər:", "Seher", " Şəhər ", "s\u{327}əhər"] {
            assert_eq!(field_of(header), Some(Field::City), "{header}");
        }
        for header in ["İL", "il", "Il", "ıl"] {
            assert_eq!(field_of(header), Some(Field::City), "{header}");
        }
        for header in ["E-poçt", "e poct", "Е-mail", "E-MAIL", "email "] {
            assert_eq!(field_of(header), Some(Field::Email), "{header}");
        }
        for header in [
            "Ташкилот номи",
            "Tashkilot nomi",
            "Ro'yxatdan o'tgan sana",
            "Roʻyxatdan oʻtgan sana",
        ] {
            assert!(field_of(header).is_some(), "{header}");
        }
        for header in ["№", "No.", "#", "Sıra", "т/б", "п/п"] {
            assert_eq!(field_of(header), Some(Field::RowNumber), "{header}");
        }
    }

    #[test]
    fn a_bilingual_header_counts_when_its_parts_agree() {
        assert_eq!(field_of("Атауы / Наименование"), Some(Field::Name));
        assert_eq!(
            field_of("БСН/БИН"),
            Some(Field::Identifier("KZ-BIN".to_owned()))
        );
        assert_eq!(field_of("Қала/Город"), Some(Field::City));
        assert_eq!(field_of("Phone (Telefon)"), Some(Field::Phone));
        assert_eq!(field_of("Город / Телефон"), None);
        assert_eq!(field_of("root:x:0:0:root:/root:/bin/bash"), None);
        assert_eq!(field_of("sync:x:4:65534:sync:/bin:/bin/sync"), None);
        assert_eq!(field_of("see the list in /usr/local/bin"), None);
    }

    #[test]
    fn a_header_with_lost_letters_is_still_known() {
        assert_eq!(field_of("?ала"), Some(Field::City));
        assert_eq!(field_of("???"), None);
        assert_eq!(field_of("member?"), Some(Field::StatusNote));
    }

    #[test]
    fn source_columns_beside_an_id_are_provenance() {
        assert_eq!(
            resolved(&["id", "name", "source", "source_id"]),
            ["reference", "name", "provenance", "provenance"]
        );
        assert_eq!(
            resolved(&["source", "source_id", "name"]),
            ["source", "reference", "name"]
        );
        assert_eq!(
            resolved(&["source", "reference", "name"]),
            ["source", "reference", "name"]
        );
    }

    #[test]
    fn a_second_name_column_in_another_language_is_the_name_in_it() {
        assert_eq!(resolved(&["Атауы", "Наименование"]), ["name", "name_ru"]);
        assert_eq!(
            resolved(&["Наименование", "Name (EN)"]),
            ["name", "name_en"]
        );
        assert_eq!(resolved(&["Name", "Organisation name"]), ["name", "name"]);
    }

    #[test]
    fn a_turkish_il_beside_a_district_is_the_province() {
        assert_eq!(
            resolved(&["Kurum Adı", "İl", "İlçe"]),
            ["name", "region", "city"]
        );
        assert_eq!(resolved(&["Kurum Adı", "İl"]), ["name", "city"]);
    }

    #[test]
    fn a_stated_meaning_wins() {
        let headers = vec!["City".to_owned(), "Foo bar".to_owned()];
        let map = [
            ("CITY".to_owned(), Field::Region),
            ("foo-bar".to_owned(), Field::Notes),
        ];
        assert_eq!(
            resolve(&headers, &map),
            [Some(Field::Region), Some(Field::Notes)]
        );
        assert_eq!(recognised(&headers, &map), 2);
    }

    #[test]
    fn folding_is_idempotent() {
        for (_, _, header) in lines() {
            assert_eq!(fold(&fold(header)), fold(header));
        }
    }
}
