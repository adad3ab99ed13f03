//! The routes of the list of pairs.

use std::collections::BTreeMap;

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::dto::{DeclareDistinct, DistinctPair, DuplicatePair, PairSide};
use super::queries::{self, Pair, Wanted};
use crate::auth::policy::acts;
use crate::auth::reads::What;
use crate::auth::{Acting, Permit};
use crate::countries::{self, Countries};
use crate::db::{Conn, Instant, Tx, dialect};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{self, Page, bad_cursor, fetch_limit, limit_or_default, read_cursor};
use crate::http::words::schema_words;
use crate::http::{Answer, Code, Error, Json, NoQuery, Query, docs, private};
use crate::journal;
use crate::organisations::distinct::{self, Warning, Way};
use crate::organisations::queries as register;
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{RegistryNumber, alike, candidates, known_countries, view};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config.service(list_duplicates).service(declare_distinct);
}

schema_words!(
    /// What the score of a pair means.
    PairVerdict as "PairVerdict", VERDICTS
);

/// The verdicts of a pair.
const VERDICTS: [&str; 2] = ["same", "possible"];

/// Which pairs.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PairQuery {
    /// Country of one of both, by the Platform's code; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// What the score means; repeat for any of several.
    #[serde(default)]
    #[param(inline, value_type = Vec<PairVerdict>, example = json!(["same"]))]
    verdict: Vec<String>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists pairs of organisations that may be one, the likeliest first.
///
/// A coordinator sees those of the own country, with public ones of others beyond the border; the secretariat all. Pairs that
/// somebody said are two, and merged ones, are not in the list. It is made anew every night, and within seconds where
/// something changed.
#[utoipa::path(
    tag = "organisations", operation_id = "list_duplicates", security(("bearer" = [])), params(PairQuery),
    responses((status = 200, description = "A page of pairs", body = Page<DuplicatePair>), docs::OfficerList)
)]
#[get("/duplicates")]
async fn list_duplicates(
    request: HttpRequest,
    permit: Permit<acts::ReadDuplicates>,
    countries: web::Data<Countries>,
    query: Query<PairQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    known_countries(&countries, &query.query.country)?;
    let verdict = query.query.verdict.iter().map(|word| {
        let known = VERDICTS.into_iter().find(|known| known == word);
        known.ok_or_else(|| {
            Error::new(Code::BadParameter, "verdict: must be same or possible").at_field("verdict")
        })
    });
    let wanted = Wanted {
        verdict: verdict.collect::<Result<_, _>>()?,
        country: query.query.country,
        across_hidden: false,
    };
    let key = read_cursor(query.query.cursor.as_deref(), &query.shape, 3)?;
    let after = match key.as_deref() {
        None => None,
        Some([score, organisation, other]) => {
            let score = score.parse().map_err(|_| bad_cursor())?;
            Some((score, organisation.clone(), other.clone()))
        }
        Some(_) => return Err(bad_cursor()),
    };
    let shape = query.shape;
    let page = permit
        .snapshot(move |conn, acting| {
            let (reach, today) = (acting.reach(), acting.now().day());
            let rows = queries::page(conn, reach, today, &wanted, after, fetch_limit(limit))?;
            let key = |(row, ..): &Pair| {
                vec![
                    row.thousandths.to_string(),
                    row.organisation.clone(),
                    row.other.clone(),
                ]
            };
            let page = Page::of(rows, limit, &shape, key, |pair| pair);
            saw(acting, &page.items);
            Ok(Page {
                items: shown(conn, acting, &countries, page.items)?,
                page: page.page,
            })
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, link);
    Ok(response)
}

/// Notes whose identifiers stand side by side in the answer: each organisation once, with the number of its pairs.
fn saw(acting: &Acting, pairs: &[Pair]) {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let sides = pairs.iter().flat_map(|(_, one, other)| [one, other]);
    for side in sides.filter(|side| acting.reach().covers(&side.country)) {
        *rows.entry(&side.number).or_default() += 1;
    }
    for (number, rows) in rows {
        acting.saw(What::OrganisationPrivate, number, rows);
    }
}

fn shown(
    conn: &mut Conn,
    acting: &Acting,
    countries: &Countries,
    pairs: Vec<Pair>,
) -> Result<Vec<DuplicatePair>, Error> {
    let ids: Vec<i64> = pairs
        .iter()
        .flat_map(|(row, ..)| [row.organisation_id, row.other_id])
        .collect();
    let known = candidates::load(conn, &ids)?;
    let facts = |id: i64| {
        let found = known.iter().find(|(row, _)| row.id == id);
        found
            .map(|(_, facts)| facts)
            .ok_or_else(|| Error::internal("an organisation of a pair is gone"))
    };
    let told = |country: &str, scheme: &str| {
        acting.reach().covers(country) || view::is_public_scheme(countries, scheme)
    };
    pairs
        .into_iter()
        .map(|(row, first, second)| {
            let may_merge = acting.reach().covers(&first.country);
            Ok(DuplicatePair {
                side_by_side: alike::side_by_side(facts(first.id)?, facts(second.id)?, told),
                merge: may_merge.then(|| format!("/v1/organisations/{}/merge", first.number)),
                organisation: side(first),
                other: side(second),
                score: f64::from(row.thousandths) / 1000.0,
                verdict: row.verdict,
                reasons: serde_json::from_str(&row.reasons).map_err(Error::internal)?,
                found_at: Instant(row.found_at),
                distinct: "/v1/duplicates/distinct",
            })
        })
        .collect()
}

fn side(row: OrganisationRow) -> PairSide {
    PairSide {
        number: row.number,
        name: row.name,
        country: row.country,
        city: row.city,
    }
}

/// Says that two organisations that look alike are two.
///
/// The pair is not raised again: not in the list, and not as a task. The reason is recorded. One of the two has to be of the
/// caller's country.
#[utoipa::path(
    tag = "organisations", operation_id = "declare_distinct", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-distinct-1")),
    request_body(content = DeclareDistinct, description = "Which two, and how they differ"),
    responses((status = 201, description = "The pair", body = DistinctPair), docs::Create)
)]
#[post("/duplicates/distinct")]
async fn declare_distinct(
    permit: Permit<acts::SettleDuplicates>,
    _query: NoQuery,
    once: Once,
    body: Json<DeclareDistinct>,
) -> Result<HttpResponse, Error> {
    let asked = body.body;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            Answer::json(201, &declare(tx, acting, &asked)?)
        })
        .await?;
    Ok(answer.respond())
}

fn declare(
    tx: &mut Tx<'_>,
    acting: &Acting,
    asked: &DeclareDistinct,
) -> Result<DistinctPair, Error> {
    if asked.organisation == asked.other {
        return Err(Error::field("/other", "must be another organisation"));
    }
    let (a, b, _) = reached(tx, acting, asked)?;
    // In one order, so that two who say so at once wait for each other.
    for id in [a.id.min(b.id), a.id.max(b.id)] {
        dialect::lock_row(tx, "organisations", "id", id)?;
    }
    // While they were waited for, another may have moved one, or merged it.
    let (a, b, own) = reached(tx, acting, asked)?;
    if distinct::is_distinct(tx, a.id, b.id)? {
        return Err(Error::new(
            Code::Conflict,
            "it was said before that they are two",
        ));
    }
    let listed = queries::pair(tx, a.id, b.id)?;
    let row = journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "organisation.declared_distinct",
        |tx, entry| {
            entry.about(format!("organisation:{own}"));
            entry.of_organisation(own.clone());
            let pair = ((a.id, a.number.as_str()), (b.id, b.number.as_str()));
            let warning = listed.as_ref().map(|listed| Warning {
                verdict: &listed.verdict,
                score: f64::from(listed.thousandths) / 1000.0,
            });
            let reason = asked.reason.as_str();
            distinct::declare(tx, acting, entry, pair, reason, Way::List, warning)
        },
    )?;
    queries::remove(tx, a.id, b.id)?;
    row.map(DistinctPair::from)
        .ok_or_else(|| Error::internal("a pair that was not distinct was"))
}

/// The two, and the number of the one that is of the caller's country.
fn reached(
    conn: &mut Conn,
    acting: &Acting,
    asked: &DeclareDistinct,
) -> Result<(OrganisationRow, OrganisationRow, String), Error> {
    let a = of_number(conn, acting, &asked.organisation, "/organisation")?;
    let b = of_number(conn, acting, &asked.other, "/other")?;
    let own = [&a, &b]
        .into_iter()
        .find(|row| acting.reach().covers(&row.country));
    let own = own.ok_or_else(|| {
        let text = "one of the two has to be an organisation of your country";
        Error::new(Code::Forbidden, text)
    })?;
    let own = own.number.clone();
    Ok((a, b, own))
}

/// The organisation with this number, where the caller may know of it and it stands for itself.
fn of_number(
    conn: &mut Conn,
    acting: &Acting,
    number: &RegistryNumber,
    pointer: &str,
) -> Result<OrganisationRow, Error> {
    let row = register::named(conn, acting.reach(), acting.now().day(), number, pointer)?;
    if row.merged_into.is_some() {
        return Err(
            Error::new(Code::Conflict, "this organisation was merged into another")
                .at_field(pointer),
        );
    }
    Ok(row)
}
