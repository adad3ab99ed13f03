//! Which registered organisation a name means: candidates of the index, each compared name by name, with what else is known.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::alike::{DISAGREE, FORMER, Facts, Numbers, lifted, numbers};
use super::candidates::{load, take_over};
use super::found::sight;
use super::known::{Known, Site};
use super::rows::OrganisationRow;
use super::search_dto::{Match, MatchCandidate, rounded};
use super::{merged, queries, view};
use crate::auth::Reach;
use crate::countries::Countries;
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
/// What a website adds that it had, or that was of one that was merged into it.
const FORMER_WEBSITE: f32 = 0.1;
/// What the same city adds, and another takes off.
const CITY: f32 = 0.03;
/// What another number of one scheme takes off.
const OTHER_NUMBER: f32 = 0.15;

/// A candidate as it is weighed.
struct Weighed {
    score: f32,
    /// It has one of the numbers.
    holds: bool,
    candidate: MatchCandidate,
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
    for (scheme, canonical) in &known.identifiers {
        // A number that is not public must not be guessed by asking for its owner.
        let is_public = view::is_public_scheme(countries, scheme);
        let asked = (scheme.clone(), canonical.clone(), is_public);
        ids.extend(merged::found_by_identifier(conn, &asked, reach, today)?);
    }
    let by_name_or_number: HashSet<i64> = ids.iter().copied().collect();
    if let Some(host) = &known.host {
        let sign = signs::at_host(host);
        ids.extend(search.with_index(conn, today, |index| near::holders(index, &sign, &sight))?);
    }
    ids.sort_unstable();
    ids.dedup();
    let mut all = load(conn, &ids)?;
    all.retain(|(row, _)| {
        let wanted = known.country.is_none_or(|country| row.country == country);
        wanted && row.merged_into.is_none() && queries::may_know(row, reach, today)
    });
    take_over(conn, reach, today, &mut all)?;
    let mut found: Vec<Weighed> = Vec::new();
    for (row, facts) in &all {
        // The sign may be of an e-mail address that is not public: only the website is told of.
        if !by_name_or_number.contains(&row.id) && known.at_host_of(facts).is_none() {
            continue;
        }
        let told =
            |scheme: &str| reach.covers(&row.country) || view::is_public_scheme(countries, scheme);
        let own = known.identifiers.iter();
        let own = own.map(|(scheme, canonical)| (scheme.as_str(), canonical.as_str()));
        let numbers = numbers(own, facts, told);
        found.extend(compared(
            conn,
            search,
            today,
            known,
            (row, facts),
            &numbers,
        )?);
    }
    found.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.candidate.number.cmp(&b.candidate.number))
    });
    Ok(Match {
        name: known.name.to_owned(),
        chosen: chosen(&found).map(str::to_owned),
        candidates: found
            .into_iter()
            .take(limit)
            .map(|one| one.candidate)
            .collect(),
    })
}

/// The one that is safe to take: the same, and nobody else is near it or has one of the numbers.
fn chosen(found: &[Weighed]) -> Option<&str> {
    let (best, rest) = found.split_first()?;
    let clear = rest
        .first()
        .is_none_or(|next| best.score - next.score >= CLEAR);
    let others = rest.iter().any(|one| one.holds);
    (best.score >= SAME && clear && !others).then_some(best.candidate.number.as_str())
}

/// The best of an organisation's names against what is known; none where nothing speaks for it.
fn compared(
    conn: &mut Conn,
    search: &Search,
    today: NaiveDate,
    known: &Known<'_>,
    (row, facts): (&OrganisationRow, &Facts),
    numbers: &Numbers,
) -> Result<Option<Weighed>, Error> {
    let mut best: Option<(f32, Comparison, &str)> = None;
    for (at, (kind, text)) in facts.names.iter().enumerate() {
        let pair = (known.name, text.as_str());
        let one = search.compare(conn, pair, Some(facts.country_of(at)), today)?;
        // A former name is a weaker sign.
        let score = if kind == "former" {
            one.score * FORMER
        } else {
            one.score
        };
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, one, text));
        }
    }
    let Some((mut score, one, matched)) = best else {
        return Ok(None);
    };
    let mut reasons = one.reasons;
    // Neither makes the same of what the names leave open: institutes of one house share its site and its city.
    if let (Some(host), Some(site)) = (&known.host, known.at_host_of(facts)) {
        let (by, what) = match site {
            Site::Now => (SAME_WEBSITE, "the same website"),
            Site::Former => (FORMER_WEBSITE, "a former website"),
        };
        score = lifted(score, by, OPEN);
        if !one.blocked {
            score = score.max(POSSIBLE);
        }
        reasons.insert(0, format!("{what}: {host}"));
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
    if !numbers.same.is_empty() {
        score = (score.max(0.95) + 0.05).min(1.0);
        reasons.insert(0, format!("the same {}", numbers.same.join(", ")));
    }
    if !numbers.other.is_empty() {
        // Two numbers of one scheme are mostly of two organisations; where another scheme says the same, one of both is wrong.
        let most = if numbers.same.is_empty() {
            DISAGREE
        } else {
            OPEN
        };
        score = (score - OTHER_NUMBER).clamp(0.0, most);
        reasons.insert(
            usize::from(!numbers.same.is_empty()),
            format!("another {}", numbers.other.join(", ")),
        );
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
        score: rounded(score),
        verdict: word(verdict),
        reasons,
    };
    Ok(Some(Weighed {
        score,
        holds: !numbers.same.is_empty(),
        candidate,
    }))
}

/// The word of a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Possible => "possible",
        Verdict::Different => "different",
    }
}
