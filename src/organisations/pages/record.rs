//! The page of one organisation: exactly its public record.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::parts::{country, day, language_of_legal, legal_form, state, text, type_of};
use crate::auth::policy::acts::ReadOrganisations;
use crate::auth::{Permit, Reach};
use crate::countries::{Countries, Scheme};
use crate::http::html::escape;
use crate::http::sheet::Sheet;
use crate::http::{Error, Language, NoQuery, PUBLIC_MAX_AGE, Path, docs};
use crate::organisations::dto::Organisation;
use crate::organisations::read_handlers::{ByNumber, Current, current, parse_number};

/// Shows the public record of an organisation to people.
///
/// A page in the language of `Accept-Language` with what `GET /v1/organisations/{number}` tells the public. The number of an
/// organisation that was merged into another leads to its successor's page. What is not there, not public or withheld is the
/// same page with status 404. Who asks for JSON gets errors as problem documents.
#[utoipa::path(
    tag = "organisations", operation_id = "get_organisation_page", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"),
        (status = 307, description = "It was merged into another, which Location names"),
        docs::Sheet
    )
)]
#[get("/organisations/{number}")]
pub(super) async fn get_organisation_page(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    countries: web::Data<Countries>,
    glances: web::Data<ByNumber>,
    number: Path<String>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let known = countries.clone();
    let found = permit
        .glance(&glances, number, move |conn, acting, numbers| {
            // The page is public, whoever asks.
            current(conn, &known, &Reach::public(), acting.now().day(), numbers)
        })
        .await?;
    let language = Language::of(request.headers());
    match found {
        Current::Itself(found) => {
            Ok(sheet(language, &countries, &found).respond(&request, PUBLIC_MAX_AGE))
        }
        Current::Merged(led) => Ok(HttpResponse::TemporaryRedirect()
            .insert_header(("Location", format!("/organisations/{}", led.successor)))
            .insert_header(("Cache-Control", format!("public, max-age={PUBLIC_MAX_AGE}")))
            .finish()),
    }
}

fn sheet(language: Language, countries: &Countries, found: &Organisation) -> Sheet {
    let own = language_of_legal(&found.names);
    let place = [
        found.city.as_deref().map(|city| text(city, None)),
        found.region.as_deref().map(|region| text(region, None)),
        Some(escape(country(language, countries, &found.country))),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    let body = format!(
        "<article><p class=\"soft\">{number_label}: <code>{number}</code></p><h1>{name}</h1><p>{place}</p>\
         {memberships}{names}{facts}{descriptions}{relations}</article>\
         <p class=\"soft\"><a href=\"/v1/organisations/{number}\" type=\"application/json\">{data}</a></p>",
        number_label = language.label("number"),
        number = escape(&found.number),
        name = text(&found.name, own),
        place = place.join(", "),
        memberships = memberships(language, found),
        names = names(language, found),
        facts = facts(language, countries, found),
        descriptions = descriptions(language, found),
        relations = relations(language, found),
        data = language.label("data"),
    );
    Sheet {
        language,
        title: format!("{} – OTS NGO Registry", found.name),
        body,
        head: format!(
            "<link rel=\"canonical\" href=\"/organisations/{0}\">\
             <link rel=\"alternate\" type=\"application/json\" href=\"/v1/organisations/{0}\">",
            escape(&found.number)
        ),
    }
}

/// A part with a heading of its own; nothing where it would be empty.
fn section(id: &str, heading: &str, html: &str) -> String {
    if html.is_empty() {
        return String::new();
    }
    format!(
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{}</h2>{html}</section>",
        escape(heading)
    )
}

fn memberships(language: Language, found: &Organisation) -> String {
    if found.memberships.is_empty() {
        return String::new();
    }
    let rows: String = found
        .memberships
        .iter()
        .map(|one| {
            format!(
                "<tr role=\"row\"><td role=\"cell\">{}</td><td role=\"cell\">{}</td><td role=\"cell\">{}</td>\
                 <td role=\"cell\">{}</td></tr>",
                state(language, one),
                type_of(language, one),
                day(one.since),
                one.until.map_or_else(|| "–".to_owned(), day)
            )
        })
        .collect();
    let heads: String = [
        language.label("standing"),
        language.label("type"),
        language.label("since"),
        language.label("until"),
    ]
    .iter()
    .map(|head| format!("<th role=\"columnheader\" scope=\"col\">{head}</th>"))
    .collect();
    // On a narrow screen each row becomes two lines, and is a row of a table still.
    let table = format!(
        "<table class=\"spells\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">{heads}</tr></thead>\
         <tbody role=\"rowgroup\">{rows}</tbody></table>"
    );
    section("memberships", language.label("memberships"), &table)
}

fn names(language: Language, found: &Organisation) -> String {
    let items: String = found
        .names
        .iter()
        .filter(|name| found.names.len() > 1 || name.text != found.name)
        .map(|name| {
            format!(
                "<li>{} <span class=\"soft\">– {}</span></li>",
                text(&name.text, name.language.as_deref()),
                escape(language.word("name", &name.kind).unwrap_or(&name.kind))
            )
        })
        .collect();
    match items.is_empty() {
        true => String::new(),
        false => section(
            "names",
            language.label("names"),
            &format!("<ul class=\"links\" role=\"list\">{items}</ul>"),
        ),
    }
}

fn facts(language: Language, countries: &Countries, found: &Organisation) -> String {
    let mut rows = String::new();
    let mut add = |term: &str, html: String| {
        rows.push_str(&format!("<dt>{term}</dt><dd>{html}</dd>"));
    };
    if let Some(form) = &found.legal_form {
        add(
            language.label("legal_form"),
            legal_form(language, countries, form),
        );
    }
    if let Some(year) = found.founded_year {
        add(language.label("founded"), year.to_string());
    }
    if let Some(website) = &found.website {
        add(language.label("website"), link(website));
    }
    if let Some(email) = &found.email {
        let address = escape(email);
        add(
            language.label("email"),
            format!("<a href=\"mailto:{address}\">{address}</a>"),
        );
    }
    if !found.themes.is_empty() {
        add(language.label("themes"), escape(&found.themes.join(", ")));
    }
    if !found.sdgs.is_empty() {
        let goals: Vec<String> = found.sdgs.iter().map(u8::to_string).collect();
        add(language.label("sdgs"), goals.join(", "));
    }
    if !found.identifiers.is_empty() {
        let items: String = found
            .identifiers
            .iter()
            .map(|one| {
                let scheme = countries.scheme(&one.scheme).map(|(_, scheme)| scheme);
                format!(
                    "<li>{}: <code>{}</code></li>",
                    scheme_name(language, scheme, &one.scheme),
                    escape(&one.value)
                )
            })
            .collect();
        add(
            language.label("identifiers"),
            format!("<ul class=\"links\" role=\"list\">{items}</ul>"),
        );
    }
    match rows.is_empty() {
        true => String::new(),
        false => section(
            "facts",
            language.label("facts"),
            &format!("<dl class=\"facts\">{rows}</dl>"),
        ),
    }
}

/// A scheme's name in its own language where the page is in it, else in English.
fn scheme_name(language: Language, scheme: Option<&Scheme>, code: &str) -> String {
    match scheme {
        None => escape(code),
        Some(known) if known.language.split('-').next() == Some(language.tag()) => {
            escape(&known.name)
        }
        Some(known) => text(&known.name_en, Some("en")),
    }
}

/// A website; only one of the web is a link.
fn link(website: &str) -> String {
    let shown = escape(website);
    let is_web = website.starts_with("https://") || website.starts_with("http://");
    match is_web {
        true => format!("<a href=\"{shown}\" rel=\"nofollow noopener noreferrer\">{shown}</a>"),
        false => shown,
    }
}

fn descriptions(language: Language, found: &Organisation) -> String {
    let texts: String = found
        .descriptions
        .iter()
        .map(|one| {
            format!(
                "<p>{}</p>",
                text(one.text.as_str(), Some(one.language.as_str()))
            )
        })
        .collect();
    section("descriptions", language.label("descriptions"), &texts)
}

fn relations(language: Language, found: &Organisation) -> String {
    // Whoever came by the number of a merged organisation sees its name here.
    let merged = found.predecessors.iter().map(|one| {
        let on = one
            .merged_on
            .map_or_else(String::new, |on| format!(", {}", day(on)));
        format!(
            "<li>{}: {} <span class=\"soft\">– <code>{}</code>{on}</span></li>",
            escape(language.word("relation", "predecessor").unwrap_or_default()),
            text(&one.name, language_of_legal(&one.names)),
            escape(&one.number),
        )
    });
    let related = found.relations.iter().map(|one| {
        format!(
            "<li>{}: <a href=\"/organisations/{}\">{}</a></li>",
            escape(language.word("relation", &one.kind).unwrap_or(&one.kind)),
            escape(&one.organisation),
            text(&one.name, None)
        )
    });
    let items: String = merged.chain(related).collect();
    match items.is_empty() {
        true => String::new(),
        false => section(
            "relations",
            language.label("relations"),
            &format!("<ul class=\"links\" role=\"list\">{items}</ul>"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert!(
            link("https://a.example/?q=\"x\"")
                .starts_with("<a href=\"https://a.example/?q=&quot;x&quot;\"")
        );
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
    }
}
