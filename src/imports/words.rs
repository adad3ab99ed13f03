//! Small languages inside cells: language tags, lists of names, legal forms, codes. Pure.

use std::collections::HashMap;

use crate::countries::Countries;
use crate::search::fold;
use crate::text::LanguageTag;

/// Between the parts of a cell that holds several.
pub const BETWEEN: &str = " | ";

/// Languages that are written in more than one script in the eight countries: their tag names it.
const TWO_SCRIPTS: [&str; 5] = ["az", "kk", "ky", "tk", "uz"];
/// Languages written in Cyrillic unless a tag says otherwise.
const CYRILLIC: [&str; 4] = ["ru", "uk", "be", "bg"];

/// A BCP 47 tag from a language and perhaps a script; the script is named where it does not go without saying.
pub fn tag(language: &str, script: Option<&str>) -> String {
    let language = language.trim();
    let Some(script) = script.filter(|_| !language.contains('-')) else {
        return language.to_owned();
    };
    let usual = if CYRILLIC.contains(&language) {
        "Cyrl"
    } else {
        "Latn"
    };
    if TWO_SCRIPTS.contains(&language) || script != usual {
        format!("{language}-{script}")
    } else {
        language.to_owned()
    }
}

/// `text@lang | text` as texts with languages. Where the sign stands between spaces, as exports write it, one without them
/// is a part of a name.
pub fn several(cell: &str) -> Vec<(String, Option<LanguageTag>)> {
    let between = if cell.contains(BETWEEN) { BETWEEN } else { "|" };
    cell.split(between)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| with_tag(part).unwrap_or_else(|| (part.to_owned(), None)))
        .collect()
}

/// The same for descriptions, which may hold the sign between: a part without a language goes on in the next.
pub fn descriptions(cell: &str, own: Option<&LanguageTag>) -> Vec<(String, Option<LanguageTag>)> {
    let mut found = Vec::new();
    let mut open = String::new();
    for part in cell.split(BETWEEN) {
        if !open.is_empty() {
            open.push_str(BETWEEN);
        }
        open.push_str(part);
        if let Some((text, tag)) = with_tag(&open) {
            found.push((text, tag));
            open.clear();
        }
    }
    if !open.is_empty() {
        found.push((open, own.cloned()));
    }
    found
}

fn with_tag(part: &str) -> Option<(String, Option<LanguageTag>)> {
    let (text, tag) = part.rsplit_once('@')?;
    let tag = LanguageTag::parse(tag).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| (text.to_owned(), Some(tag)))
}

/// Codes between commas, semicolons, bars or spaces.
pub fn codes(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
        .filter(|code| !code.is_empty())
}

/// The spellings of the countries' legal forms, folded.
pub struct Forms {
    codes: HashMap<(String, String), Option<String>>,
}

impl Forms {
    /// Folds the spellings of all countries.
    pub fn of(countries: &Countries) -> Self {
        let mut codes: HashMap<(String, String), Option<String>> = HashMap::new();
        for country in countries.iter() {
            for form in &country.legal_forms {
                let spellings = [&form.name, &form.name_en]
                    .into_iter()
                    .chain(form.other_names.values())
                    .chain(&form.abbreviations);
                for spelling in spellings {
                    let code = codes
                        .entry((country.code.clone(), fold::plain(spelling)))
                        .or_insert_with(|| Some(form.code.clone()));
                    // A spelling of two forms names none.
                    if code.as_ref() != Some(&form.code) {
                        *code = None;
                    }
                }
            }
            for form in &country.legal_forms {
                codes.insert(
                    (country.code.clone(), fold::plain(&form.code)),
                    Some(form.code.clone()),
                );
            }
        }
        Self { codes }
    }

    /// The code of the country's legal form that a cell names by code, name or abbreviation; none where it names none,
    /// or more than one.
    pub fn code(&self, country: &str, cell: &str) -> Option<&str> {
        let key = (country.to_owned(), fold::plain(cell));
        if key.1.is_empty() {
            return None;
        }
        self.codes.get(&key)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::{Forms, descriptions, several, tag};
    use crate::countries::Countries;
    use crate::text::LanguageTag;

    #[test]
    fn a_tag_names_the_script_where_it_matters() {
        for (language, script, wanted) in [
            ("az", Some("Latn"), "az-Latn"),
            ("kk", Some("Cyrl"), "kk-Cyrl"),
            ("tr", Some("Latn"), "tr"),
            ("ru", Some("Cyrl"), "ru"),
            ("ru", Some("Latn"), "ru-Latn"),
            ("en", None, "en"),
            ("kk-Cyrl", Some("Latn"), "kk-Cyrl"),
        ] {
            assert_eq!(tag(language, script), wanted);
        }
    }

    #[test]
    fn several_names_stand_in_one_cell() {
        let found = several("Sample@en|Örnek Vakfı@tr |a@b.example ");
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|(t, l)| (t.as_str(), l.as_ref().map(LanguageTag::as_str)))
            .collect();
        assert_eq!(
            found,
            [
                ("Sample", Some("en")),
                ("Örnek Vakfı", Some("tr")),
                ("a@b.example", None)
            ]
        );
    }

    #[test]
    fn a_name_that_holds_the_sign_stays_whole_beside_the_sign_with_spaces() {
        let found = several("P|Q X | New Y@en |  | Z ");
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|(t, l)| (t.as_str(), l.as_ref().map(LanguageTag::as_str)))
            .collect();
        assert_eq!(found, [("P|Q X", None), ("New Y", Some("en")), ("Z", None)]);
    }

    #[test]
    fn a_description_may_hold_the_sign_between() {
        let en = LanguageTag::parse("en").unwrap();
        let found = descriptions("A | B@tr | C", Some(&en));
        assert_eq!(found[0].0, "A | B");
        assert_eq!(found[1], ("C".to_owned(), Some(en)));
    }

    #[test]
    fn a_legal_form_is_known_by_code_name_and_abbreviation() {
        let forms = Forms::of(&Countries::load().unwrap());
        for (country, cell, code) in [
            ("KZ", "KZ-QQ", Some("KZ-QQ")),
            ("KZ", "Қоғамдық қор", Some("KZ-QQ")),
            ("KZ", "ОБЩЕСТВЕННЫЙ ФОНД", Some("KZ-QQ")),
            ("KZ", "ОФ", Some("KZ-QQ")),
            ("TR", "Der.", Some("TR-DERNEK")),
            ("TR", "Limited", None),
            ("KZ", "«»", None),
        ] {
            assert_eq!(forms.code(country, cell), code, "{cell}");
        }
    }
}
