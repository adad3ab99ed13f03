//! What the page that searches shows: the countries to choose from, what was found, and where to go from there.

use super::parts::{country, day, language_of_legal, legal_form, marked, state, text, type_of};
use super::search::{Change, Listed, SearchForm};
use crate::countries::Countries;
use crate::http::Language;
use crate::http::html::escape;
use crate::organisations::dto::{Name, OrganisationSummary};
use crate::organisations::found::MOST;
use crate::organisations::search_dto::{Facet, FoundBy, FoundIn};

/// Values of a facet that the page offers.
const MOST_VALUES: usize = 12;

/// The countries to choose from, by their names in the page's language.
pub(super) fn choices(language: Language, countries: &Countries, chosen: Option<&str>) -> String {
    let options: String = by_name(language, countries)
        .iter()
        .map(|(name, code)| {
            let selected = if chosen == Some(code) {
                " selected"
            } else {
                ""
            };
            format!(
                "<option value=\"{}\"{selected}>{}</option>",
                escape(code),
                escape(name)
            )
        })
        .collect();
    format!(
        "<div><label for=\"country\">{}</label><select id=\"country\" name=\"country\"><option value=\"\">{}</option>{options}</select></div>",
        language.label("country"),
        language.label("country.all"),
    )
}

fn by_name(language: Language, countries: &Countries) -> Vec<(&str, &str)> {
    let mut all: Vec<(&str, &str)> = countries
        .iter()
        .map(|one| (country(language, countries, &one.code), one.code.as_str()))
        .collect();
    all.sort_by_cached_key(|(name, _)| language.order(name));
    all
}

/// Before anything is asked: the countries as links.
pub(super) fn browse(language: Language, countries: &Countries) -> String {
    let nothing = SearchForm::default();
    let items: String = by_name(language, countries)
        .iter()
        .map(|(name, code)| {
            let href = nothing.href(&Change::With((Facet::Country, code)));
            format!(
                "<li><a href=\"{}\">{}</a></li>",
                escape(&href),
                escape(name)
            )
        })
        .collect();
    format!(
        "<nav aria-labelledby=\"browse\"><h2 id=\"browse\">{}</h2><ul class=\"links\" role=\"list\">{items}</ul></nav>",
        language.label("browse")
    )
}

pub(super) fn found(
    language: Language,
    countries: &Countries,
    asked: &SearchForm,
    listed: &Listed,
) -> String {
    let count = match listed.total {
        None => String::new(),
        Some(total) if total >= MOST => format!("{}: {MOST}+", language.label("found")),
        Some(total) => format!("{}: {total}", language.label("found")),
    };
    let items: String = listed
        .items
        .iter()
        .map(|item| hit(language, countries, item))
        .collect();
    let list = match items.is_empty() {
        true => format!(
            "<p>{}</p><p>{}</p>",
            language.label("nothing"),
            language.label("nothing.hint")
        ),
        false => format!(
            "<p class=\"soft\">{count}</p><ol class=\"hits\" role=\"list\" aria-labelledby=\"results\">{items}</ol>"
        ),
    };
    let narrow = narrow(language, countries, asked, listed);
    format!(
        "<div class=\"found\"><section aria-labelledby=\"results\"><h2 id=\"results\">{}</h2>{}{list}{}</section>{narrow}</div>",
        language.label("results"),
        in_use(language, countries, asked),
        pages(language, asked, listed.next.as_deref()),
    )
}

/// One organisation that was found: what it is called, how it was found, where it is and how it stands.
fn hit(language: Language, countries: &Countries, item: &OrganisationSummary) -> String {
    let legal = language_of_legal(&item.names);
    let is_name = |by: &&FoundBy| matches!(by.found_in, FoundIn::Name);
    let is_legal = |by: &&FoundBy| is_name(by) && by.name_kind.as_deref() == Some("legal");
    let heading = match item.found.as_ref().filter(is_legal) {
        Some(by) => marked(&by.pieces, legal),
        None => text(&item.name, legal),
    };
    let by = item.found.as_ref().map(|by| how(language, item, by));
    let found_name = item.found.as_ref().filter(is_name).map(whole);
    let others: Vec<String> = item
        .names
        .iter()
        .filter(|name| name.kind != "legal" && Some(&name.text) != found_name.as_ref())
        .map(|name| text(&name.text, name.language.as_deref()))
        .collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(
            "<p class=\"soft\">{}: {}</p>",
            language.label("names"),
            others.join(" · ")
        ),
    };
    let city = item.city.as_deref().map(|city| {
        match item
            .found
            .as_ref()
            .filter(|by| matches!(by.found_in, FoundIn::City))
        {
            Some(by) => marked(&by.pieces, None) + ", ",
            None => text(city, None) + ", ",
        }
    });
    let standings: String = item
        .memberships
        .iter()
        .map(|one| {
            let until = one.until.map(|until| format!(" – {}", day(until)));
            format!(
                "<li>{}, {}: {}{}</li>",
                state(language, one),
                type_of(language, one),
                day(one.since),
                until.unwrap_or_default()
            )
        })
        .collect();
    let standings = match standings.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"standing\" role=\"list\">{standings}</ul>"),
    };
    format!(
        "<li><h3><a href=\"/organisations/{}\">{heading}</a></h3>{}{others}<p>{}{}</p>{standings}</li>",
        escape(&item.number),
        by.unwrap_or_default(),
        city.unwrap_or_default(),
        escape(country(language, countries, &item.country)),
    )
}

/// The text that was found, in one piece.
fn whole(by: &FoundBy) -> String {
    by.pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Which text was found and how, so that the reader sees why.
fn how(language: Language, item: &OrganisationSummary, by: &FoundBy) -> String {
    let found = whole(by);
    let of_name = |kind: &str| language.word("name", kind).unwrap_or_default();
    let (place, shown) = match (by.found_in, by.name_kind.as_deref()) {
        // The heading shows it already.
        (FoundIn::Name, Some("legal")) => (of_name("legal"), String::new()),
        (FoundIn::Name, kind) => {
            let is_it = |name: &&Name| name.text == found && Some(name.kind.as_str()) == kind;
            let name = item.names.iter().find(is_it);
            let tag = name.and_then(|name| name.language.as_deref());
            (of_name(kind.unwrap_or_default()), marked(&by.pieces, tag))
        }
        (FoundIn::MergedName, _) => (word_in(language, "merged_name"), marked(&by.pieces, None)),
        (FoundIn::City, _) => (language.label("city"), String::new()),
        (FoundIn::Description, _) => (word_in(language, "description"), marked(&by.pieces, None)),
        (FoundIn::Number, _) => (
            word_in(language, "number"),
            format!("<code>{}</code>", escape(&item.number)),
        ),
        (FoundIn::MergedNumber, _) => (
            word_in(language, "merged_number"),
            format!("<code>{}</code>", escape(&found)),
        ),
        (FoundIn::Identifier, _) => (
            word_in(language, "identifier"),
            format!("<code>{}</code>", escape(&found)),
        ),
    };
    let how = serde_json::to_value(by.how).ok();
    let how = how
        .as_ref()
        .and_then(|how| how.as_str())
        .unwrap_or_default();
    let parts = [
        shown,
        language.word("how", how).unwrap_or_default().to_owned(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("<p class=\"soft\">{place}: {}</p>", parts.join(" – "))
}

fn word_in(language: Language, place: &str) -> &'static str {
    language.word("in", place).unwrap_or_default()
}

/// What a value of a facet is called, as HTML.
fn value_name(language: Language, countries: &Countries, facet: Facet, value: &str) -> String {
    match facet {
        Facet::Country => escape(country(language, countries, value)),
        Facet::State => escape(language.word("state", value).unwrap_or(value)),
        Facet::LegalForm => {
            // Several countries have a form of this name.
            let home = countries.iter().find(|one| one.legal_form(value).is_some());
            let home = home.map(|one| country(language, countries, &one.code));
            let home = home.map_or_else(String::new, |home| format!(", {}", escape(home)));
            legal_form(language, countries, value) + &home
        }
        Facet::Theme => escape(value),
    }
}

/// The filters in use, each a link that takes it away.
fn in_use(language: Language, countries: &Countries, asked: &SearchForm) -> String {
    let items: String = asked
        .filters()
        .map(|(facet, value)| {
            format!(
                "<li>{} · <a href=\"{}\">{}</a></li>",
                value_name(language, countries, facet, value),
                escape(&asked.href(&Change::Without((facet, value)))),
                language.label("remove")
            )
        })
        .collect();
    match items.is_empty() {
        true => String::new(),
        false => format!(
            "<ul class=\"links soft\" role=\"list\" aria-label=\"{}\">{items}</ul>",
            language.label("filters")
        ),
    }
}

/// The facets: links to what is left with one more filter. A value that all have leaves nothing to choose.
fn narrow(
    language: Language,
    countries: &Countries,
    asked: &SearchForm,
    listed: &Listed,
) -> String {
    let mut lists = String::new();
    for (facet, counts) in &listed.facets {
        let heading = match facet {
            Facet::Country => language.label("country"),
            Facet::State => language.label("standing"),
            Facet::LegalForm => language.label("legal_form"),
            Facet::Theme => language.label("theme"),
        };
        if asked.filters().any(|(used, _)| used == *facet) || counts.len() < 2 {
            continue;
        }
        let items: String = counts
            .iter()
            .take(MOST_VALUES)
            .map(|one| {
                format!(
                    "<li><a href=\"{}\">{}</a> ({})</li>",
                    escape(&asked.href(&Change::With((*facet, &one.value)))),
                    value_name(language, countries, *facet, &one.value),
                    one.count
                )
            })
            .collect();
        lists.push_str(&format!(
            "<h3>{heading}</h3><ul class=\"links\" role=\"list\">{items}</ul>"
        ));
    }
    match lists.is_empty() {
        true => String::new(),
        false => format!(
            "<nav class=\"narrow\" aria-labelledby=\"narrow\"><h2 id=\"narrow\">{}</h2>{lists}</nav>",
            language.label("narrow")
        ),
    }
}

fn pages(language: Language, asked: &SearchForm, next: Option<&str>) -> String {
    let mut links = String::new();
    if !asked.cursor.is_empty() {
        links.push_str(&format!(
            "<a href=\"{}\">{}</a>",
            escape(&asked.href(&Change::None)),
            language.label("first")
        ));
    }
    if let Some(next) = next {
        links.push_str(&format!(
            "<a href=\"{}\" rel=\"next\">{}</a>",
            escape(&asked.href(&Change::From(next))),
            language.label("next")
        ));
    }
    match links.is_empty() {
        true => String::new(),
        false => format!(
            "<nav class=\"pages\" aria-label=\"{}\">{links}</nav>",
            language.label("pages")
        ),
    }
}
