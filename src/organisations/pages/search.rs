//! The page that searches: a form, what was found with how, and facets as links. It works without a script.

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use validator::Validate;

use super::parts::form;
use super::results;
use crate::auth::policy::acts::ReadOrganisations;
use crate::auth::{Permit, Reach};
use crate::countries::{self, Countries};
use crate::db::Conn;
use crate::http::pages::{Page, fetch_limit, read_cursor};
use crate::http::sheet::Sheet;
use crate::http::{Code, Error, FormQuery, Language, PUBLIC_MAX_AGE, docs};
use crate::journal::Moment;
use crate::organisations::dto::OrganisationSummary;
use crate::organisations::found::{self, Asked, Found};
use crate::organisations::model::{STANDINGS, StandingWord, Theme};
use crate::organisations::queries::{self, Wanted};
use crate::organisations::read_handlers::{found_page, known_countries, one_of};
use crate::organisations::rows::OrganisationRow;
use crate::organisations::search_dto::{Facet, FacetCount};
use crate::organisations::search_handlers::check_text;
use crate::organisations::view;
use crate::search::Search;

/// Organisations on one page.
const LIMIT: u32 = 20;
const FACETS: &[Facet] = &[Facet::Country, Facet::State, Facet::LegalForm, Facet::Theme];

/// What the form sends; fields that were left blank count as absent.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchForm {
    /// Words to search for, in any script. Without them the organisations that the filters leave, by name.
    #[param(inline, value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$", example = "Zhas Otan")]
    pub(super) q: String,
    /// Country, by the Platform's code.
    #[param(inline, value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    pub(super) country: Vec<String>,
    /// A member's standing, or how a membership ended.
    #[param(inline, value_type = Vec<StandingWord>, example = json!(["active"]))]
    state: Vec<String>,
    /// Legal form, by code or as written.
    #[param(inline, value_type = Vec<String>, example = json!(["KZ-QQ"]))]
    legal_form: Vec<String>,
    /// ICNP/TSO code.
    #[param(value_type = Vec<Theme>, example = json!(["E10"]))]
    theme: Vec<String>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<String>, pattern = r"^[^\u0000]*$", example = "WyJ0eXBlIl0")]
    pub(super) cursor: String,
}

impl SearchForm {
    /// The same without what was left blank; refuses what is none of the known words.
    fn filled(mut self, countries: &Countries) -> Result<Self, Error> {
        self.q = self.q.trim().to_owned();
        for list in [
            &mut self.country,
            &mut self.state,
            &mut self.legal_form,
            &mut self.theme,
        ] {
            list.retain(|value| !value.is_empty());
        }
        if !self.q.is_empty() {
            check_text("q", &self.q)?;
        }
        known_countries(countries, &self.country)?;
        one_of("state", &self.state, STANDINGS)?;
        for theme in &self.theme {
            Theme::parse(theme)
                .map_err(|refused| Error::field("theme", refused.0).coded(Code::BadParameter))?;
        }
        Ok(self)
    }

    fn is_asked(&self) -> bool {
        !self.q.is_empty() || self.filters().next().is_some()
    }

    /// The filters in use, each with its facet.
    pub(super) fn filters(&self) -> impl Iterator<Item = (Facet, &str)> {
        let lists = [
            (Facet::Country, &self.country),
            (Facet::State, &self.state),
            (Facet::LegalForm, &self.legal_form),
            (Facet::Theme, &self.theme),
        ];
        lists
            .into_iter()
            .flat_map(|(facet, list)| list.iter().map(move |value| (facet, value.as_str())))
    }

    /// The address of this search; of one that narrows, widens or goes on from it.
    pub(super) fn href(&self, change: &Change<'_>) -> String {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        if !self.q.is_empty() {
            pairs.push(("q", &self.q));
        }
        pairs.extend(
            self.filters()
                .filter(|filter| !matches!(change, Change::Without(out) if out == filter))
                .map(|(facet, value)| (parameter(facet), value)),
        );
        match *change {
            Change::With((facet, value)) => pairs.push((parameter(facet), value)),
            Change::From(cursor) => pairs.push(("cursor", cursor)),
            Change::None | Change::Without(_) => {}
        }
        let query = serde_html_form::to_string(pairs).unwrap_or_default();
        match query.is_empty() {
            true => "/search".to_owned(),
            false => format!("/search?{query}"),
        }
    }
}

/// How another search differs from this one.
pub(super) enum Change<'a> {
    None,
    With((Facet, &'a str)),
    Without((Facet, &'a str)),
    From(&'a str),
}

fn parameter(facet: Facet) -> &'static str {
    match facet {
        Facet::Country => "country",
        Facet::State => "state",
        Facet::LegalForm => "legal_form",
        Facet::Theme => "theme",
    }
}

/// What the page shows.
pub(super) struct Listed {
    pub(super) items: Vec<OrganisationSummary>,
    pub(super) next: Option<String>,
    /// Only of a search.
    pub(super) total: Option<usize>,
    pub(super) facets: Vec<(Facet, Vec<FacetCount>)>,
}

/// Searches for people.
///
/// A page in the language of `Accept-Language`: one field, any script, what was found and how, with facets as links. Only what is
/// public, whoever asks. Who asks for JSON gets errors as problem documents.
#[utoipa::path(
    tag = "organisations", operation_id = "get_search_page", security((), ("bearer" = [])), params(SearchForm),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Sheet)
)]
#[get("/search")]
pub(super) async fn get_search_page(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    search: web::Data<Search>,
    countries: web::Data<Countries>,
    asked: FormQuery<SearchForm>,
) -> Result<HttpResponse, Error> {
    let asked = asked.0.filled(&countries)?;
    let language = Language::of(request.headers());
    let listed = if asked.is_asked() {
        let (asked, countries) = (asked.clone(), countries.clone());
        let listed = permit
            .snapshot(move |conn, acting| {
                list(conn, (&search, &countries), acting.now().day(), &asked)
            })
            .await?;
        Some(listed)
    } else {
        permit.read(|_, _| Ok(())).await?;
        None
    };
    let next = listed.as_ref().and_then(|listed| listed.next.as_deref());
    let link = next.map(|next| format!("<{}>; rel=\"next\"", asked.href(&Change::From(next))));
    let page = sheet(language, &countries, &asked, listed.as_ref());
    let mut response = page.respond(&request, PUBLIC_MAX_AGE);
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

fn list(
    conn: &mut Conn,
    (search, countries): (&Search, &Countries),
    today: chrono::NaiveDate,
    asked: &SearchForm,
) -> Result<Listed, Error> {
    let shape = Sha256::digest(asked.href(&Change::None).as_bytes());
    let cursor = Some(asked.cursor.as_str()).filter(|cursor| !cursor.is_empty());
    let mut after = None;
    if let Some(key) = read_cursor(cursor, &shape, 2)? {
        let mut parts = key.into_iter();
        after = parts.next().zip(parts.next());
    }
    // The page is public, whoever asks.
    let (reach, moment) = (Reach::public(), (today, Moment::of(today)));
    let mut wanted = Wanted {
        country: asked.country.clone(),
        legal_form: asked.legal_form.clone(),
        theme: asked.theme.clone(),
        state: asked.state.clone(),
        ..Wanted::default()
    };
    if asked.q.is_empty() {
        wanted.after = after;
        let rows = queries::page(conn, &reach, moment, &wanted, fetch_limit(LIMIT))?;
        let key = |row: &OrganisationRow| vec![row.sort_key.clone(), row.number.clone()];
        let page = Page::of(rows, LIMIT, &shape, key, |row| row);
        return Ok(Listed {
            items: view::summaries(conn, &page.items, &reach, moment)?,
            next: page.page.next,
            total: None,
            facets: Vec::new(),
        });
    }
    let question = Asked {
        text: &asked.q,
        after,
        limit: usize::try_from(LIMIT).map_err(Error::internal)?,
        facets: FACETS,
    };
    let mut found = found::find(
        conn,
        (search, countries),
        &reach,
        moment,
        &wanted,
        &question,
    )?;
    let page = Page::of(found.found, LIMIT, &shape, Found::key, |found| found);
    let page = found_page(conn, page, &reach, moment)?;
    Ok(Listed {
        items: page.items,
        next: page.page.next,
        total: Some(found.total),
        facets: FACETS
            .iter()
            .filter_map(|facet| Some((*facet, found.facets.remove(facet)?)))
            .collect(),
    })
}

fn sheet(
    language: Language,
    countries: &Countries,
    asked: &SearchForm,
    listed: Option<&Listed>,
) -> Sheet {
    let chosen = asked.country.first().map(String::as_str);
    let form = form(
        language,
        &asked.q,
        Some(&results::choices(language, countries, chosen)),
    );
    let rest = match listed {
        None => results::browse(language, countries),
        Some(listed) => results::found(language, countries, asked, listed),
    };
    let title = match asked.q.is_empty() {
        true => language.label("search").to_owned(),
        false => format!("{}: {}", language.label("search"), asked.q),
    };
    Sheet {
        language,
        title: format!("{title} – OTS NGO Registry"),
        body: format!("<h1>{}</h1>{form}{rest}", language.label("search.title")),
        head: "<meta name=\"robots\" content=\"noindex\">".to_owned(),
    }
}
