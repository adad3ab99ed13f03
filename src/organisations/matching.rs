//! Which registered organisation a name means: candidates of the index, each compared name by name, with what else is known.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::alike::{DISAGREE, lifted};
use super::found::sight;
use super::rows::{NameRow, OrganisationRow};
use super::search_dto::{Match, MatchCandidate, MatchItem, rounded};
use super::view;
use super::{merged, queries};
use crate::auth::Reach;
use crate::countries::{self, Countries};
use crate::db::Conn;
use crate::http::Error;
use crate::search::ask::Question;
use crate::search::compare::{Comparison, OPEN, POSSIBLE, SAME, Verdict, same_place};
use crate::search::{Search, near, signs};

/// Candidates that are compared.
const COMPARED: usize = 25;
/// How far the next candidate has to be behind one that is chosen.
const CLEAR: f32 = 0.05;
/// What the same website adds to a score.
const SAME_WEBSITE: f32 = 0.15;
/// What the same city adds, and another takes off.
const CITY: f32 = 0.03;

/// What is known of the one who is meant, checked.
pub struct Known<'a> {
    /// Its name.
    pub name: &'a str,
    /// Only this country.
    pub country: Option<&'a str>,
    /// City.
    pub city: Option<&'a str>,
    /// The host of its website, where it is a sign of one organisation.
    pub host: Option<String>,
    /// Schemes and canonical values.
    pub identifiers: Vec<(String, String)>,
}

impl<'a> Known<'a> {
    /// Checks what was asked; a person's number and one that is none are left out: they match nobody.
    pub fn of(countries: &Countries, item: &'a MatchItem, n: usize) -> Result<Self, Error> {
        if let Some(code) = &item.country
            && countries.get(code).is_none()
        {
            let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
            return Err(Error::field(
                format!("/items/{n}/country"),
                format!(
                    "is not one of the Platform's countries: {}",
                    known.join(", ")
                ),
            ));
        }
        if item.identifiers.len() > 20 {
            return Err(Error::field(
                format!("/items/{n}/identifiers"),
                "must have at most 20 identifiers",
            ));
        }
        let mut identifiers = Vec::new();
        for (i, identifier) in item.identifiers.iter().enumerate() {
            let home = countries
                .scheme(&identifier.scheme)
                .and_then(|(country, _)| country.map(|country| country.code.clone()));
            let checked = countries::check(
                countries,
                home.as_deref(),
                &identifier.scheme,
                &identifier.value,
            )
            .map_err(|_| {
                Error::field(
                    format!("/items/{n}/identifiers/{i}/scheme"),
                    "is no scheme that the registry knows; GET /v1/countries lists them",
                )
            })?;
            if let Some(canonical) = checked.canonical {
                identifiers.push((checked.scheme, canonical));
            }
        }
        Ok(Self {
            name: &item.name,
            country: item.country.as_deref(),
            city: item.city.as_deref(),
            host: item.website.as_deref().and_then(signs::host),
            identifiers,
        })
    }
}

impl Known<'_> {
    /// True where both have their websites at one host.
    fn is_at_host_of(&self, row: &OrganisationRow) -> bool {
        self.host.is_some() && row.website.as_deref().and_then(signs::host) == self.host
    }
}

/// The candidates for a name, the best first, and the one that is safe to take.
pub fn candidates(
    conn: &mut Conn,
    (search, countries): (&Search, &Countries),
    reach: &Reach,
    today: NaiveDate,
    known: &Known<'_>,
    limit: usize,
) -> Result<Match, Error> {
    let only: Vec<String> = known.country.map(str::to_owned).into_iter().collect();
    let sight = sight(reach, today);
    let question = Question {
        text: known.name,
        countries: &only,
        sight: &sight,
        typing: false,
        limit: COMPARED,
    };
    let mut ids: Vec<i64> = search
        .ask(conn, &question)?
        .iter()
        .map(|hit| hit.id)
        .collect();
    let mut shared: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (scheme, canonical) in &known.identifiers {
        for (_, row) in queries::with_identifier(conn, scheme, canonical)? {
            let wanted = only.is_empty() || only.contains(&row.country);
            // A number that is not public must not be guessed by asking for its owner.
            let told = reach.covers(&row.country) || view::is_public_scheme(countries, scheme);
            if wanted && told {
                shared.entry(row.id).or_default().push(scheme.clone());
                ids.push(row.id);
            }
        }
    }
    let by_name: HashSet<i64> = ids.iter().copied().collect();
    if let Some(host) = &known.host {
        let sign = signs::at_host(host);
        ids.extend(search.with_index(conn, today, |index| near::holders(index, &sign, &sight))?);
    }
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<OrganisationRow> = queries::by_ids(conn, &ids)?
        .into_iter()
        .filter(|row| queries::may_know(row, reach, today) && row.merged_into.is_none())
        // The sign may be of an e-mail address that is not public: only the website is told of.
        .filter(|row| {
            by_name.contains(&row.id)
                || (known.is_at_host_of(row) && (only.is_empty() || only.contains(&row.country)))
        })
        .collect();
    let mut names = queries::names_of(conn, &ids)?;
    for (id, gained) in merged::gained_names(conn, &ids)? {
        let officer = rows
            .iter()
            .any(|row| row.id == id && reach.covers(&row.country));
        // What an organisation took over is a former name of it.
        let told = gained.into_iter().filter(|name| name.is_public || officer);
        let gained = told.map(|name| NameRow {
            kind: "former".to_owned(),
            ..name.row
        });
        names.entry(id).or_default().extend(gained);
    }
    let mut found: Vec<(f32, MatchCandidate)> = Vec::new();
    for row in &rows {
        let schemes = shared.get(&row.id).map_or(&[][..], Vec::as_slice);
        if let Some(one) = compared(conn, search, today, known, (row, &names), schemes)? {
            found.push(one);
        }
    }
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.number.cmp(&y.number)));
    let chosen = match found.as_slice() {
        [(best, one), rest @ ..] if *best >= SAME => {
            let clear = rest.first().is_none_or(|(next, _)| best - next >= CLEAR);
            clear.then(|| one.number.clone())
        }
        _ => None,
    };
    Ok(Match {
        name: known.name.to_owned(),
        chosen,
        candidates: found.into_iter().take(limit).map(|(_, one)| one).collect(),
    })
}

/// The best of an organisation's names against what is known; none where nothing speaks for it.
fn compared(
    conn: &mut Conn,
    search: &Search,
    today: NaiveDate,
    known: &Known<'_>,
    (row, names): (&OrganisationRow, &HashMap<i64, Vec<NameRow>>),
    schemes: &[String],
) -> Result<Option<(f32, MatchCandidate)>, Error> {
    let mut best: Option<(f32, Comparison, &str)> = None;
    for name in names.get(&row.id).into_iter().flatten() {
        let pair = (known.name, name.text.as_str());
        let one = search.compare(conn, pair, Some(&row.country), today)?;
        // A former name is a weaker sign.
        let score = if name.kind == "former" {
            one.score * 0.97
        } else {
            one.score
        };
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, one, &name.text));
        }
    }
    let Some((mut score, one, matched)) = best else {
        return Ok(None);
    };
    let mut reasons = one.reasons;
    // Neither makes the same of what the names leave open: institutes of one house share its site and its city.
    if let Some(host) = known.host.as_ref().filter(|_| known.is_at_host_of(row)) {
        score = lifted(score, SAME_WEBSITE, OPEN);
        if !one.blocked {
            score = score.max(POSSIBLE);
        }
        reasons.insert(0, format!("the same website: {host}"));
    }
    if let (Some(asked), Some(city)) = (known.city, &row.city) {
        let same = same_place(asked, city, Some(&row.country));
        score = if same {
            lifted(score, CITY, OPEN)
        } else {
            (score - CITY).min(DISAGREE)
        };
        reasons.push(
            if same {
                "the same city"
            } else {
                "another city"
            }
            .to_owned(),
        );
    }
    // A name alone is never proof enough for 1: only a number is.
    score = score.clamp(0.0, 0.999);
    if !schemes.is_empty() {
        score = score.max(0.95) + 0.05;
        reasons.insert(0, format!("the same {}", schemes.join(", ")));
    }
    let verdict = match score {
        _ if score >= SAME => Verdict::Same,
        _ if score >= POSSIBLE => Verdict::Possible,
        _ => Verdict::Different,
    };
    if verdict == Verdict::Different && score < POSSIBLE / 2.0 {
        return Ok(None);
    }
    let candidate = MatchCandidate {
        number: row.number.clone(),
        name: row.name.clone(),
        matched: matched.to_owned(),
        country: row.country.clone(),
        city: row.city.clone(),
        score: rounded(score.min(1.0)),
        verdict: word(verdict),
        reasons,
    };
    Ok(Some((score, candidate)))
}

/// The word of a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Possible => "possible",
        Verdict::Different => "different",
    }
}
