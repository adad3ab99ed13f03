//! Reading organisations.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use validator::Validate;

use super::dto::{HistoryChange, HistoryEntry, Organisation, OrganisationSummary};
use super::found::{self, Asked, Found};
use super::merged::{self, LeadsTo};
use super::model::{STATES, Sdg, SortWord, StateWord, TYPES, Theme, TypeWord};
use super::number::RegistryNumber;
use super::queries::{self, Wanted};
use super::rows::OrganisationRow;
use super::search_dto::{Facet, FacetCount, OrganisationPage};
use super::search_handlers::check_text;
use super::{past, view, whole};
use crate::auth::policy::acts::ReadOrganisations;
use crate::auth::reads::What;
use crate::auth::{Acting, Glances, Permit, Reach};
use crate::countries::{self, Countries};
use crate::db::{Conn, Instant};
use crate::http::pages::{self, Page, PageInfo, fetch_limit, limit_or_default, read_cursor};
use crate::http::words::NotEmpty;
use crate::http::{Code, Error, PUBLIC_MAX_AGE, Path, Query, cached_public, docs, private, tags};
use crate::journal::moment::{self, KnownAt};
use crate::journal::{Class, JournalEntry, Moment};
use crate::search::Search;

/// Which organisations, in which order.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Country, by the Platform's code; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Legal form, by code or as written; repeat for any of several.
    #[serde(default)]
    #[param(inline, value_type = Vec<NotEmpty>, example = json!(["KZ-QQ"]))]
    legal_form: Vec<String>,
    /// City, as written; repeat for any of several.
    #[serde(default)]
    #[param(inline, value_type = Vec<NotEmpty>, example = json!(["Astana"]))]
    city: Vec<String>,
    /// ICNP/TSO code; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<Theme>, example = json!(["E10"]))]
    theme: Vec<Theme>,
    /// Sustainable Development Goal; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<Sdg>, example = json!([13]))]
    sdg: Vec<Sdg>,
    /// State of a membership at the moment; repeat for any of several. The public may ask for standings only.
    #[serde(default)]
    #[param(value_type = Vec<StateWord>, example = json!(["active"]))]
    state: Vec<String>,
    /// Type of a membership; repeat for any of several.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<TypeWord>, example = json!(["full"]))]
    membership_type: Vec<String>,
    /// An identifier as `SCHEME:VALUE`.
    #[param(pattern = "^[^:]+:.+$", example = "KZ-BIN:950440001673")]
    identifier: Option<String>,
    /// `name` (default) or `-name`.
    #[param(inline, value_type = Option<SortWord>, example = "name")]
    sort: Option<String>,
    /// The day on which states, types and standings are judged; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
    as_of: Option<chrono::NaiveDate>,
    /// What the registry knew of memberships by then: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// Words to search for, in any script: names first, then city and description, and numbers as they are. The best come
    /// first, at most a thousand; `sort` is not for searches.
    #[param(min_length = 1, max_length = 500, example = "Zhas Otan")]
    q: Option<String>,
    /// Only with `q`: counts of all that was found by this; repeat for several.
    #[serde(default)]
    #[param(inline, value_type = Vec<Facet>, example = json!(["country"]))]
    facets: Vec<Facet>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Adds the total of all pages.
    #[param(example = false)]
    count: Option<bool>,
}

/// Refuses what is none of the Platform's countries.
pub fn known_countries(countries: &Countries, asked: &[String]) -> Result<(), Error> {
    let codes: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
    one_of("country", asked, &codes)
}

pub(super) fn one_of(name: &str, values: &[String], known: &[&str]) -> Result<(), Error> {
    match values.iter().find(|v| !known.contains(&v.as_str())) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            Code::BadParameter,
            format!("{name}: must be one of {}", known.join(", ")),
        )
        .at_field(name)),
    }
}

impl ListQuery {
    fn check_search(&self) -> Result<(), Error> {
        let only = |wrong: bool, field: &'static str, detail: &str| match wrong {
            true => {
                Err(Error::new(Code::BadParameter, format!("{field}: {detail}")).at_field(field))
            }
            false => Ok(()),
        };
        let Some(text) = &self.q else {
            return only(!self.facets.is_empty(), "facets", "only together with q");
        };
        check_text("q", text)?;
        only(
            self.sort.is_some(),
            "sort",
            "a search has an order of its own: the best first",
        )
    }

    fn wanted(&self, countries: &Countries) -> Result<Wanted, Error> {
        known_countries(countries, &self.country)?;
        self.check_search()?;
        one_of("state", &self.state, STATES)?;
        one_of("type", &self.membership_type, TYPES)?;
        let descending = match self.sort.as_deref() {
            None | Some("name") => false,
            Some("-name") => true,
            Some(_) => {
                return Err(
                    Error::new(Code::BadParameter, "sort: must be name or -name").at_field("sort"),
                );
            }
        };
        Ok(Wanted {
            country: self.country.clone(),
            legal_form: self.legal_form.clone(),
            city: self.city.clone(),
            theme: self.theme.iter().map(|t| t.as_str().to_owned()).collect(),
            sdg: self.sdg.iter().map(|s| u8::from(*s)).collect(),
            state: self.state.clone(),
            membership_type: self.membership_type.clone(),
            among: None,
            descending,
            after: None,
        })
    }
}

/// `KZ-BIN:950440001673` → scheme, canonical value, and whether everybody may find by it. A person's number finds
/// nothing, like any number that nobody has.
fn identifier(countries: &Countries, text: &str) -> Result<(String, String, bool), Error> {
    let bad = || {
        Error::new(
            Code::BadParameter,
            "identifier: write SCHEME:VALUE, like KZ-BIN:950440001673",
        )
        .at_field("identifier")
    };
    let (scheme, value) = text.split_once(':').ok_or_else(bad)?;
    if value.trim().is_empty() {
        return Err(bad());
    }
    let home = countries
        .scheme(scheme)
        .and_then(|(c, _)| c.map(|c| c.code.clone()));
    let checked = countries::check(countries, home.as_deref(), scheme, value).map_err(|_| {
        // The scheme is not told again: whatever was written there may be a person's number.
        Error::new(
            Code::BadParameter,
            "identifier: what stands before the : is no scheme that the registry knows; GET /v1/countries lists them",
        )
        .at_field("identifier")
    })?;
    let public = view::is_public_scheme(countries, &checked.scheme);
    Ok((
        checked.scheme,
        checked.canonical.unwrap_or_default(),
        public,
    ))
}

/// Lists organisations.
///
/// With `q` it is a search: the best first, each with how it was found, and counts by `facets`; filters narrow a search as they
/// narrow the list.
///
/// Without a log-in: what is public. Officers also see what is not public in the countries they reach. Filters of
/// different names narrow together; a repeated filter means any of its values. Names sort by their folded form. `as_of` and
/// `known_at` are about memberships; names and other facts are today's, and one organisation gives those of a moment.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisations", security((), ("bearer" = [])), params(ListQuery),
    responses((status = 200, description = "A page of organisations", body = OrganisationPage), docs::PublicList)
)]
#[get("/organisations")]
pub(super) async fn list_organisations(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    countries: web::Data<Countries>,
    search: web::Data<Search>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let mut wanted = query.query.wanted(&countries)?;
    let held = query.query.identifier.as_deref();
    let held = held.map(|text| identifier(&countries, text)).transpose()?;
    let mut after = None;
    if let Some(key) = read_cursor(query.query.cursor.as_deref(), &query.shape, 2)? {
        let mut parts = key.into_iter();
        after = parts.next().zip(parts.next());
    }
    let (shape, query) = (query.shape, query.query);
    let (page, public) = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let at = moment::resolve(conn, query.as_of, query.known_at, acting.now())?;
            if let Some(held) = &held {
                wanted.among = Some(merged::found_by_identifier(conn, held, reach, today)?);
            }
            if let Some(text) = &query.q {
                let asked = Asked {
                    text,
                    after,
                    limit: usize::try_from(limit).map_err(Error::internal)?,
                    facets: &query.facets,
                };
                let parts = (search.get_ref(), countries.get_ref());
                let results = found::find(conn, parts, reach, (today, at), &wanted, &asked)?;
                let total = (query.count == Some(true)).then_some(results.total);
                let facets = (!query.facets.is_empty()).then_some(results.facets);
                let page = Page::of(results.found, limit, &shape, Found::key, |found| found);
                let page = found_page(conn, page, reach, (today, at))?;
                let total = total
                    .map(i64::try_from)
                    .transpose()
                    .map_err(Error::internal)?;
                return Ok((organisations(page, total, facets), reach.is_public()));
            }
            wanted.after = after;
            let total = if query.count == Some(true) {
                Some(queries::count(conn, reach, (today, at), &wanted)?)
            } else {
                None
            };
            let rows = queries::page(conn, reach, (today, at), &wanted, fetch_limit(limit))?;
            let page = Page::of(
                rows,
                limit,
                &shape,
                |r| vec![r.sort_key.clone(), r.number.clone()],
                |r| r,
            );
            let items = view::summaries(conn, &page.items, reach, (today, at))?;
            let page = Page {
                items,
                page: page.page,
            };
            Ok((organisations(page, total, None), reach.is_public()))
        })
        .await?;
    let link = page.page.link(&request);
    let mut response = if public {
        cached_public(&request, &page)?
    } else {
        private(&request, None, &page)?
    };
    pages::set_link(&mut response, link);
    Ok(response)
}

fn organisations(
    page: Page<OrganisationSummary>,
    total: Option<i64>,
    facets: Option<BTreeMap<Facet, Vec<FacetCount>>>,
) -> OrganisationPage {
    OrganisationPage {
        items: page.items,
        page: PageInfo { total, ..page.page },
        facets,
    }
}

/// A page of what was found, each with how.
pub(super) fn found_page(
    conn: &mut Conn,
    page: Page<Found>,
    reach: &Reach,
    moment: (NaiveDate, Moment),
) -> Result<Page<OrganisationSummary>, Error> {
    let rows: Vec<OrganisationRow> = page.items.iter().map(|found| found.row.clone()).collect();
    let mut items = view::summaries(conn, &rows, reach, moment)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let gained = merged::gained_names(conn, &ids)?;
    for ((item, found), row) in items.iter_mut().zip(&page.items).zip(&rows) {
        let names = item
            .names
            .iter()
            .map(|n| (n.id, n.kind.as_str(), n.text.as_str()));
        let gained = gained.get(&row.id).map_or(&[][..], Vec::as_slice);
        item.found = Some(found.by(names, gained)?);
    }
    Ok(Page {
        items,
        page: page.page,
    })
}

/// Which moment of an organisation.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MomentQuery {
    /// The day; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
    as_of: Option<chrono::NaiveDate>,
    /// What the registry knew by then: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
}

/// Reads one organisation.
///
/// The number may be written in lower case and without hyphens. Officers of its country, the secretariat and auditors
/// get `private` besides, and a tag that is good for `If-Match`.
///
/// The number of an organisation that was merged into another leads to the one that goes on (307), and so does what is below it,
/// except for its history. Asked for a moment before the merge, it answers itself. `predecessors` are today's, as far as they were
/// recorded by then.
///
/// With `as_of` or `known_at` the facts of that moment: a change holds from its `effective_on`, or from the day on which it was
/// recorded, until one that is recorded after it; the registration holds for all days before. Who may see the record is judged by now; the public sees only such
/// identifiers, relations and e-mail addresses of the past as still stand. Relations that others state are today's, as far as
/// they were recorded by then.
#[utoipa::path(
    tag = "organisations", operation_id = "get_organisation", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), MomentQuery),
    responses(
        (status = 200, description = "The organisation", body = Organisation),
        docs::Merged,
        docs::PublicRead
    )
)]
#[get("/organisations/{number}")]
pub(super) async fn get_organisation(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    countries: web::Data<Countries>,
    glances: web::Data<ByNumber>,
    number: Path<String>,
    query: Query<MomentQuery>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let query = query.query;
    if query.as_of.is_some() || query.known_at.is_some() {
        return past_organisation(&request, permit, countries, number, query).await;
    }
    let found = permit
        .glance(&glances, number, move |conn, acting, numbers| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let found = current(conn, &countries, reach, today, numbers)?;
            for found in found.iter().flatten() {
                if let Current::Itself(found) = found {
                    saw(acting, found);
                }
            }
            Ok(found)
        })
        .await?;
    match found {
        Current::Merged(led) => Ok(redirect(&led, "", "")),
        Current::Itself(found) => match &found.private {
            Some(private_facts) => private(&request, Some(private_facts.version), &*found),
            None => cached_public(&request, &*found),
        },
    }
}

/// What a number leads to today; cheap to clone.
#[derive(Clone)]
pub enum Current {
    /// The organisation.
    Itself(Arc<Organisation>),
    /// Another one, while it is merged into that.
    Merged(LeadsTo),
}

/// Those who ask for an organisation by its number.
pub type ByNumber = Glances<RegistryNumber, Current>;

/// What each of these numbers leads to today, as far as this reach may see it, in their order.
pub(super) fn current(
    conn: &mut Conn,
    countries: &Countries,
    reach: &Reach,
    today: NaiveDate,
    numbers: &[RegistryNumber],
) -> Result<Vec<Result<Current, Error>>, Error> {
    let asked: Vec<&str> = numbers.iter().map(RegistryNumber::as_str).collect();
    let mut found = HashMap::with_capacity(numbers.len());
    for whole in whole::by_numbers(conn, reach, today, &asked)? {
        let number = whole.row.number.clone();
        let current = if whole.row.merged_into.is_some() {
            merged::leads_to(conn, &whole.row, reach, today).map(Current::Merged)
        } else {
            view::organisation(conn, countries, whole, reach, today)
                .map(|found| Current::Itself(Arc::new(found)))
        };
        found.insert(number, current);
    }
    let no_such = || Err(Error::not_found("organisation"));
    let each = asked
        .into_iter()
        .map(|n| found.get(n).cloned().unwrap_or_else(no_such));
    Ok(each.collect())
}

/// Notes what is private in the answer.
pub(super) fn saw(acting: &Acting, found: &Organisation) {
    let Some(facts) = &found.private else { return };
    acting.saw(What::OrganisationPrivate, &found.number, 1);
    if !facts.contacts.is_empty() {
        let rows = facts.contacts.len();
        acting.saw(What::OrganisationContacts, &found.number, rows);
    }
}

/// While a merge stands, the old number leads to the successor's, and what is below it to the same there. It may be undone, so that
/// nobody keeps it for long. Officers of the old record's country get its tag: it is good for undoing the merge.
pub fn redirect(led: &LeadsTo, below: &str, query: &str) -> HttpResponse {
    let mut location = format!("/v1/organisations/{}{below}", led.successor);
    if !query.is_empty() {
        location = format!("{location}?{query}");
    }
    let mut response = HttpResponse::TemporaryRedirect();
    if let Some(version) = led.version {
        response.insert_header((header::ETAG, tags::of_version(version, &location)));
    }
    let control = if led.is_public {
        format!("public, max-age={PUBLIC_MAX_AGE}")
    } else {
        "no-store".to_owned()
    };
    response
        .insert_header((header::CACHE_CONTROL, control))
        .insert_header((header::VARY, "Authorization, Accept-Encoding"))
        .insert_header((header::LOCATION, location))
        .finish()
}

/// An organisation of another moment than now; it has no tag that is good for a change.
async fn past_organisation(
    request: &HttpRequest,
    permit: Permit<ReadOrganisations>,
    countries: web::Data<Countries>,
    number: RegistryNumber,
    query: MomentQuery,
) -> Result<HttpResponse, Error> {
    let found = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let at = moment::resolve(conn, query.as_of, query.known_at, acting.now())?;
            let row = merged::record(conn, reach, today, &number)?;
            let found = past::organisation(conn, &countries, &row, reach, (today, at))?;
            if let Ok(found) = &found {
                saw(acting, found);
            }
            Ok(found)
        })
        .await?;
    match found {
        Err(led) => Ok(redirect(&led, "", request.query_string())),
        Ok(found) => match &found.private {
            Some(_) => private(request, None, &found),
            None => cached_public(request, &found),
        },
    }
}

/// Reads what a path says; a number that is none is a thing that does not exist.
pub fn parse_number(text: &str) -> Result<RegistryNumber, Error> {
    text.parse().map_err(|_| Error::not_found("organisation"))
}

/// Which part of the history.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// Only what was recorded by then: an instant, a day for its end (UTC), or a position; not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists what was recorded of an organisation, newest first.
///
/// The public sees how its public facts changed and when; officers of its country and the secretariat see everything and who
/// did it; auditors all but contact persons. With `known_at` the history as it was at that moment; who may see it is judged by now.
#[utoipa::path(
    tag = "organisations", operation_id = "list_organisation_history", security((), ("bearer" = [])),
    params(("number" = crate::organisations::RegistryNumber, Path, description = "Registry number", example = "OTS-7K3M9Q2-54"), HistoryQuery),
    responses((status = 200, description = "A page of recorded changes", body = Page<HistoryEntry>), docs::PublicParts)
)]
#[get("/organisations/{number}/history")]
pub(super) async fn list_organisation_history(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    number: Path<String>,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let limit = limit_or_default(query.query.limit)?;
    let key = read_cursor(query.query.cursor.as_deref(), &query.shape, 1)?;
    let before = pages::position(key)?;
    let (shape, known_at) = (query.shape, query.query.known_at);
    let (page, public) = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let row = merged::record(conn, reach, today, &number)?;
            let known = moment::resolve(conn, None, known_at, acting.now())?.known;
            let behind = known.map(|last| last.saturating_add(1));
            let before = before.into_iter().chain(behind).min();
            let officer = reach.covers(&row.country);
            let mut classes = vec![Class::Public];
            if officer {
                classes.push(Class::Private);
            }
            if reach.covers_contacts(&row.country) {
                classes.push(Class::Personal);
            }
            let wanted = crate::journal::queries::Wanted {
                organisation: Some(row.number.clone()),
                before,
                newest_first: true,
                only_with: (!officer).then_some(Class::Public),
                ..Default::default()
            };
            let rows = crate::journal::queries::page(conn, &wanted, fetch_limit(limit), &classes)?;
            let item = |e: JournalEntry| history_entry(e, officer);
            let page = Page::of(rows, limit, &shape, |e| vec![e.seq.to_string()], item);
            if officer {
                acting.saw(What::OrganisationHistory, &row.number, page.items.len());
            }
            Ok((page, !officer))
        })
        .await?;
    let link = page.link(&request);
    let mut response = if public {
        cached_public(&request, &page)?
    } else {
        private(&request, None, &page)?
    };
    pages::set_link(&mut response, link);
    Ok(response)
}

fn history_entry(entry: JournalEntry, officer: bool) -> HistoryEntry {
    let mut changes: Vec<HistoryChange> = Vec::new();
    for facts in entry.facts {
        let Some(Value::Array(list)) = facts.changes else {
            continue;
        };
        for change in list {
            let (part, became) = described(change);
            // The public and the private half of one row are shown as one.
            match (changes.iter_mut().find(|c| c.part == part), became) {
                (
                    Some(HistoryChange {
                        became: Some(Value::Object(there)),
                        ..
                    }),
                    Some(Value::Object(more)),
                ) => there.extend(more),
                (_, became) => changes.push(HistoryChange { part, became }),
            }
        }
    }
    HistoryEntry {
        recorded_at: entry.recorded_at,
        action: entry.action,
        seq: officer.then_some(entry.seq),
        actor: officer.then_some(entry.actor),
        changes,
    }
}

/// Internal ids and keys stay inside.
fn described(change: Value) -> (String, Option<Value>) {
    let text = |name: &str| {
        change
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    if change.get("note").is_some() {
        return (text("note"), change.get("value").cloned());
    }
    let item = text("key").rsplit('/').next().unwrap_or("").to_owned();
    let part = match text("table").as_str() {
        "organisations" => "organisation".to_owned(),
        "organisation_references" => "reference".to_owned(),
        table => format!(
            "{}/{item}",
            table
                .strip_prefix("organisation_")
                .unwrap_or(table)
                .trim_end_matches('s')
        ),
    };
    let row = match change {
        Value::Object(mut members) => members.remove("row"),
        _ => None,
    };
    let became = match row {
        Some(Value::Object(mut columns)) => {
            for inner in [
                "id",
                "organisation_id",
                "other_id",
                "merged_into",
                "sort_key",
                "key_plain",
                "key_skeleton",
                "fold_version",
                "next_item",
                "password_fingerprint",
            ] {
                columns.remove(inner);
            }
            for (name, value) in &mut columns {
                readable(name, value);
            }
            Some(Value::Object(columns))
        }
        _ => None,
    };
    (part, became)
}

/// Columns that hold a list as text are shown as lists, and instants as everywhere.
fn readable(column: &str, value: &mut Value) {
    if let (Some(micros), true) = (value.as_i64(), column.ends_with("_at")) {
        *value = serde_json::json!(Instant(micros));
        return;
    }
    let Value::String(text) = value else { return };
    let list = match column {
        "themes" => Some(serde_json::json!(super::model::split_codes(text))),
        "sdgs" => Some(serde_json::json!(view::sdgs(text))),
        "descriptions" | "body" | "details" => serde_json::from_str(text).ok(),
        _ => None,
    };
    if let Some(list) = list {
        *value = list;
    }
}
