//! The language of titles, by `Accept-Language` (RFC 9110, section 12.5.4; lookup of RFC 4647, section 3.4).
//!
//! `titles.tsv` has a row for each problem and a column for each language but English, which stands in the table of
//! `problem.rs`. Azerbaijani, Turkmen, Turkish and Uzbek are in Latin letters, Kazakh, Kyrgyz and Russian in Cyrillic,
//! whatever script the header asks for.

use std::collections::HashMap;
use std::sync::OnceLock;

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

use super::Code;

const TITLES: &str = include_str!("titles.tsv");

/// So many ranges of a header are looked at; people have a few.
const MOST_RANGES: usize = 32;

/// A language that titles are there in, as its BCP 47 tag; English when nothing else fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(&'static str);

impl Default for Language {
    fn default() -> Self {
        Self("en")
    }
}

impl Language {
    /// The language that a caller prefers among ours.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_LANGUAGE);
        let ranges = values
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .take(MOST_RANGES);
        let mut best = (0.0, Self::default());
        for range in ranges {
            let (range, weight) = weighted(range);
            // The first of equals wins, so only more is better.
            if weight > best.0
                && let Some(language) = find(range)
            {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        self.0
    }

    /// A problem's title.
    pub fn title(self, code: Code) -> &'static str {
        let known = titles().get(&(code.code(), self.0));
        known.copied().unwrap_or_else(|| code.title())
    }
}

/// A range and its weight; one that cannot be read weighs nothing.
fn weighted(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or("");
    let weight = parts.next().map_or(Some(1.0), |parameter| {
        let value = parameter
            .strip_prefix("q=")
            .or(parameter.strip_prefix("Q="))?;
        value.parse().ok().filter(|q| (0.0..=1.0).contains(q))
    });
    (range, weight.unwrap_or(0.0))
}

/// Ours for a range: `kk-Cyrl-KZ` finds `kk`, `*` the default.
fn find(range: &str) -> Option<Language> {
    if range == "*" {
        return Some(Language::default());
    }
    let wanted = range.split('-').next().unwrap_or("");
    languages()
        .find(|known| known.eq_ignore_ascii_case(wanted))
        .map(Language)
}

/// The tags of all of them, English first.
pub(super) fn languages() -> impl Iterator<Item = &'static str> {
    let head = TITLES.lines().next().unwrap_or("");
    std::iter::once("en").chain(head.split('\t').skip(1))
}

type Titles = HashMap<(&'static str, &'static str), &'static str>;

fn titles() -> &'static Titles {
    static KNOWN: OnceLock<Titles> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = Titles::new();
        for line in TITLES.lines().skip(1) {
            let mut cells = line.split('\t');
            let code = cells.next().unwrap_or("");
            for (language, title) in languages().skip(1).zip(cells) {
                known.insert((code, language), title);
            }
        }
        known
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn preferred(header: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(header).unwrap());
        Language::of(&headers).tag()
    }

    #[test]
    fn every_problem_has_one_title_in_every_language() {
        assert_eq!(
            languages().collect::<Vec<_>>(),
            ["en", "az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"]
        );
        let written: Vec<&str> = TITLES
            .lines()
            .skip(1)
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        let codes: Vec<&str> = Code::ALL.iter().map(|c| c.code()).collect();
        assert_eq!(written, codes, "titles.tsv has other rows than problem.rs");
        for line in TITLES.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), languages().count(), "{line}");
            assert!(
                cells.iter().all(|c| !c.is_empty() && c.trim() == *c),
                "{line}"
            );
        }
    }

    #[test]
    fn no_two_problems_have_the_same_title() {
        for language in languages().map(Language) {
            let mut found: Vec<&str> = Code::ALL.iter().map(|c| language.title(*c)).collect();
            found.sort_unstable();
            let all = found.len();
            found.dedup();
            assert_eq!(found.len(), all, "{}", language.tag());
        }
    }

    #[test]
    fn titles_are_in_the_script_of_their_language() {
        let cyrillic = |text: &str| text.chars().any(|c| ('\u{400}'..='\u{4FF}').contains(&c));
        for language in languages().map(Language) {
            let wanted = ["kk", "ky", "ru"].contains(&language.tag());
            for code in Code::ALL {
                let title = language.title(*code);
                assert_eq!(cyrillic(title), wanted, "{}: {title}", language.tag());
            }
        }
    }

    #[test]
    fn the_heaviest_known_language_is_chosen() {
        assert_eq!(preferred("tr"), "tr");
        assert_eq!(preferred("en;q=0.5, tr"), "tr");
        assert_eq!(preferred("en;q=0.5, hu;q=0.25"), "en");
        assert_eq!(preferred("az;q=0.8,ru;q=0.8"), "az");
        assert_eq!(preferred("de, fr;q=0.9, uz;q=0.1"), "uz");
        assert_eq!(preferred("de, *;q=0.5, ky;q=0.4"), "en");
    }

    #[test]
    fn a_longer_tag_finds_its_language() {
        assert_eq!(preferred("kk-Cyrl-KZ"), "kk");
        assert_eq!(preferred("TR-cy"), "tr");
        assert_eq!(preferred("uz-Latn;q=0.3"), "uz");
    }

    #[test]
    fn nothing_that_fits_is_english() {
        for header in [
            "", "de", "*", "tr;q=0", "tr;q=2", "tr;q=nan", "tr;x=1", "trk", "-", ",;,",
        ] {
            assert_eq!(preferred(header), "en", "{header}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::default());
    }
}
