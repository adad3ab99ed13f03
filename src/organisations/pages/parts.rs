//! What the pages write alike. Everything that comes from a record is escaped here.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::countries::Countries;
use crate::http::Language;
use crate::http::html::escape;
use crate::organisations::dto::{MembershipSummary, Name};
use crate::organisations::search_dto::Piece;

/// A text of the record in its own language, kept apart from the direction of the text around it. One whose language nobody
/// noted is of no language, never of the page's.
pub fn text(text: &str, language: Option<&str>) -> String {
    own(&escape(text), language)
}

/// The same with what a search found in it marked.
pub fn marked(pieces: &[Piece], language: Option<&str>) -> String {
    let html: String = pieces
        .iter()
        .map(|piece| match piece.hit {
            true => format!("<mark>{}</mark>", escape(&piece.text)),
            false => escape(&piece.text),
        })
        .collect();
    own(&html, language)
}

fn own(html: &str, language: Option<&str>) -> String {
    let language = escape(language.unwrap_or_default());
    format!("<bdi lang=\"{language}\">{html}</bdi>")
}

/// The language of the current legal name.
pub fn language_of_legal(names: &[Name]) -> Option<&str> {
    let legal = names.iter().find(|name| name.kind == "legal")?;
    legal.language.as_deref()
}

/// A day, for people and for machines.
pub fn day(day: NaiveDate) -> String {
    format!("<time datetime=\"{day}\">{day}</time>")
}

/// A standing, with a sign before it that tells members from former ones; a run that ended has the sign of those.
pub fn state(language: Language, membership: &MembershipSummary) -> String {
    let word = match membership.until {
        None => escape(&membership.standing),
        Some(_) => "past".to_owned(),
    };
    let label = language.word("state", &membership.standing);
    format!(
        "<span class=\"state {word}\">{}</span>",
        escape(label.unwrap_or(&membership.standing))
    )
}

/// The type of a membership.
pub fn type_of(language: Language, membership: &MembershipSummary) -> String {
    let word = &membership.membership_type;
    escape(language.word("type", word).unwrap_or(word))
}

/// The name of a country in the page's language; in English where its file has none.
pub fn country<'a>(language: Language, countries: &'a Countries, code: &'a str) -> &'a str {
    let Some(country) = countries.iter().find(|country| country.code == code) else {
        return code;
    };
    in_language(&country.names, language.tag()).unwrap_or(country.name_en())
}

/// The entry of a language, in the script that the pages write it in.
fn in_language<'a>(names: &'a BTreeMap<String, String>, tag: &str) -> Option<&'a str> {
    let script = match tag {
        "kk" | "ky" | "ru" => "Cyrl",
        _ => "Latn",
    };
    let exact = names
        .get(tag)
        .or_else(|| names.get(&format!("{tag}-{script}")));
    exact.map(String::as_str)
}

/// A legal form by its code, in the page's language where its file knows it, else in its own; or as it was written.
pub fn legal_form(language: Language, countries: &Countries, form: &str) -> String {
    let Some(known) = countries
        .iter()
        .find_map(|country| country.legal_form(form))
    else {
        return text(form, None);
    };
    let is_own = known.language.split('-').next() == Some(language.tag());
    match in_language(&known.other_names, language.tag()) {
        Some(name) => escape(name),
        None if language.tag() == "en" => escape(&known.name_en),
        None if is_own => escape(&known.name),
        None => text(&known.name, Some(&known.language)),
    }
}

/// The form that searches: one field, and the country where `country` gives its choices. It works without a script.
pub fn form(language: Language, typed: &str, country: Option<&str>) -> String {
    format!(
        "<form class=\"ask\" role=\"search\" action=\"/search\" method=\"get\">\
         <div><label for=\"q\">{field}</label><input id=\"q\" name=\"q\" type=\"search\" value=\"{typed}\" maxlength=\"500\" \
         autocomplete=\"off\" spellcheck=\"false\" dir=\"auto\" aria-describedby=\"hint\"><p id=\"hint\" class=\"soft\">{hint}</p></div>\
         {country}<div class=\"do\"><button>{go}</button></div></form>",
        field = language.label("search.field"),
        typed = escape(typed),
        hint = language.label("search.hint"),
        country = country.unwrap_or_default(),
        go = language.label("search.do"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

    fn language(tag: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(tag));
        Language::of(&headers)
    }

    #[test]
    fn markup_in_a_name_is_text_and_marks_are_ours_alone() {
        let pieces = [
            Piece {
                text: "<b>\"".to_owned(),
                hit: true,
            },
            Piece {
                text: "&</mark><script>".to_owned(),
                hit: false,
            },
        ];
        assert_eq!(
            marked(&pieces, Some("en\" onclick=\"x")),
            "<bdi lang=\"en&quot; onclick=&quot;x\"><mark>&lt;b&gt;&quot;</mark>&amp;&lt;/mark&gt;&lt;script&gt;</bdi>"
        );
    }

    #[test]
    fn countries_and_legal_forms_are_named_in_every_language() {
        let countries = Countries::load().unwrap();
        assert_eq!(country(language("kk"), &countries, "HU"), "Мажарстан");
        assert_eq!(country(language("hu"), &countries, "KZ"), "Kazahsztán");
        assert_eq!(country(language("de"), &countries, "TR"), "Türkiye");
        for tag in ["az", "kk", "ky", "hu", "ru", "tk", "tr", "uz"] {
            for one in countries.iter() {
                assert!(
                    in_language(&one.names, tag).is_some(),
                    "{} in {tag}",
                    one.code
                );
            }
        }
        assert_eq!(
            legal_form(language("ru"), &countries, "KZ-QQ"),
            "Общественный фонд"
        );
        assert_eq!(
            legal_form(language("en"), &countries, "KZ-QQ"),
            "Public foundation"
        );
        assert_eq!(
            legal_form(language("kk"), &countries, "KZ-QQ"),
            "Қоғамдық қор"
        );
        assert_eq!(
            legal_form(language("hu"), &countries, "KZ-QQ"),
            "<bdi lang=\"kk-Cyrl\">Қоғамдық қор</bdi>"
        );
        assert_eq!(
            legal_form(language("en"), &countries, "<i>"),
            "<bdi lang=\"\">&lt;i&gt;</bdi>"
        );
    }
}
