//! Suggesting, matching and comparing names. The search itself is the list with `q`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::known::Known;
use super::matching;
use super::queries;
use super::search_dto::{Compared, MatchRequest, Matches, Suggestion, Suggestions, rounded};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadOrganisations;
use crate::countries::{self, Countries};
use crate::http::{Code, Error, Json, NoQuery, Query, cached_public, docs, private};
use crate::search::Search;
use crate::search::ask::Question;

/// Suggestions at most.
const MOST_SUGGESTED: u32 = 20;
/// Names of one request.
const MOST_NAMES: usize = 1_000;
/// Candidates of a name when nothing is said.
const CANDIDATES: u32 = 5;
/// Characters of a text that is searched; more is no name.
pub(super) const LONGEST: usize = 500;

/// What was typed.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SuggestQuery {
    /// What was typed so far, in any script; the last word may be unfinished.
    #[param(min_length = 1, max_length = 500, example = "zhas ot")]
    q: String,
    /// Country, by the Platform's code; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Suggestions at most, 1 to 20; 10 when absent.
    #[param(minimum = 1, maximum = 20, example = 10)]
    limit: Option<u32>,
}

pub(super) fn check_text(name: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() || text.chars().count() > LONGEST {
        return Err(Error::new(
            Code::BadParameter,
            format!("{name}: must have 1 to {LONGEST} characters, not all of them spaces"),
        )
        .at_field(name));
    }
    Ok(())
}

/// Suggests organisations while somebody types.
///
/// Any script and romanisation; slips are forgiven once a word is long enough. The best first.
#[utoipa::path(
    tag = "organisations", operation_id = "suggest_organisations", security((), ("bearer" = [])), params(SuggestQuery),
    responses((status = 200, description = "Suggestions", body = Suggestions), docs::PublicData)
)]
#[get("/suggest")]
pub(super) async fn suggest_organisations(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    search: web::Data<Search>,
    countries: web::Data<Countries>,
    query: Query<SuggestQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    check_text("q", &query.q)?;
    super::read_handlers::known_countries(&countries, &query.country)?;
    let limit = query.limit.unwrap_or(10);
    if !(1..=MOST_SUGGESTED).contains(&limit) {
        return Err(Error::new(
            Code::BadParameter,
            format!("limit: must be between 1 and {MOST_SUGGESTED}"),
        )
        .at_field("limit"));
    }
    let (found, public) = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let sight = super::found::sight(reach, today);
            let question = Question {
                text: &query.q,
                countries: &query.country,
                sight: &sight,
                typing: true,
                limit: usize::try_from(limit).map_err(Error::internal)?,
            };
            let hits = search.ask(conn, &question)?;
            let ids: Vec<i64> = hits.iter().map(|hit| hit.id).collect();
            let rows = queries::by_ids(conn, &ids)?;
            let names = queries::names_of(conn, &ids)?;
            let items = hits
                .iter()
                .filter_map(|hit| {
                    let row = rows.iter().find(|row| row.id == hit.id)?;
                    if !queries::may_know(row, reach, today) {
                        return None;
                    }
                    let mut names = names.get(&hit.id).into_iter().flatten();
                    let matched = names.find(|name| name.item == hit.item);
                    Some(Suggestion {
                        number: row.number.clone(),
                        matched: matched.map_or_else(|| row.name.clone(), |name| name.text.clone()),
                        name: row.name.clone(),
                        country: row.country.clone(),
                        city: row.city.clone(),
                    })
                })
                .collect();
            Ok((Suggestions { items }, reach.is_public()))
        })
        .await?;
    if public {
        cached_public(&request, &found)
    } else {
        private(&request, None, &found)
    }
}

/// Matches names with registered organisations.
///
/// For each name its candidates, scored and explained, and the one that is safe to take, if any. Reads only.
#[utoipa::path(
    tag = "organisations", operation_id = "match_organisations", security((), ("bearer" = [])),
    request_body(content = MatchRequest, description = "The names"),
    responses((status = 200, description = "What was found for each", body = Matches), docs::ReadByPost)
)]
#[post("/match")]
pub(super) async fn match_organisations(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    _query: NoQuery,
    search: web::Data<Search>,
    countries: web::Data<Countries>,
    body: Json<MatchRequest>,
) -> Result<HttpResponse, Error> {
    let body = body.body;
    if !(1..=MOST_NAMES).contains(&body.items.len()) {
        return Err(Error::field(
            "/items",
            format!("must have 1 to {MOST_NAMES} items"),
        ));
    }
    let found = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let limit =
                usize::try_from(body.limit.unwrap_or(CANDIDATES)).map_err(Error::internal)?;
            let mut known = Vec::with_capacity(body.items.len());
            for (n, item) in body.items.iter().enumerate() {
                known.push(Known::of(&countries, item, n)?);
            }
            let items = known
                .iter()
                .map(|known| {
                    matching::candidates(conn, (&search, &countries), reach, today, known, limit)
                })
                .collect::<Result<Vec<_>, Error>>()?;
            Ok(Matches { items })
        })
        .await?;
    private(&request, None, &found)
}

/// Two names.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CompareQuery {
    /// One name.
    #[param(min_length = 1, max_length = 500, example = "Жас Отан")]
    a: String,
    /// The other name.
    #[param(min_length = 1, max_length = 500, example = "Zhas Otan")]
    b: String,
    /// Their country, which decides how letters are read and how telling words are.
    #[param(value_type = Option<countries::CountryCode>, example = "KZ")]
    country: Option<String>,
}

/// Compares two names.
///
/// Are these two names of one organisation? How telling a word is, is counted over the public names of the country.
#[utoipa::path(
    tag = "organisations", operation_id = "compare_names", security((), ("bearer" = [])), params(CompareQuery),
    responses((status = 200, description = "Score, verdict and reasons", body = Compared), docs::PublicData)
)]
#[get("/match/compare")]
pub(super) async fn compare_names(
    request: HttpRequest,
    permit: Permit<ReadOrganisations>,
    search: web::Data<Search>,
    countries: web::Data<Countries>,
    query: Query<CompareQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    check_text("a", &query.a)?;
    check_text("b", &query.b)?;
    let asked: Vec<String> = query.country.clone().into_iter().collect();
    super::read_handlers::known_countries(&countries, &asked)?;
    let found = permit
        .snapshot(move |conn, acting| {
            let names = (query.a.as_str(), query.b.as_str());
            let today = acting.now().day();
            let one = search.compare(conn, names, query.country.as_deref(), today)?;
            Ok(Compared {
                score: rounded(one.score),
                verdict: matching::word(one.verdict),
                reasons: one.reasons,
            })
        })
        .await?;
    cached_public(&request, &found)
}
