//! A search over organisations: what the index finds, narrowed by the same filters and rights as the list, with facets.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::merged::{self, GainedName};
use super::model::split_codes;
use super::number::RegistryNumber;
use super::queries::{self, Among, Wanted};
use super::rows::OrganisationRow;
use super::search_dto::{Facet, FacetCount, FoundBy, FoundHow, FoundIn, Piece, rounded};
use super::view;
use crate::auth::Reach;
use crate::countries::Countries;
use crate::db::Conn;
use crate::http::Error;
use crate::journal::Moment;
use crate::search::ask::{Hit, How, Question};
use crate::search::index::{Kind, Sight};
use crate::search::{Search, fold};

/// The best so many are looked at; filters and facets are about these.
pub const MOST: usize = 1_000;
/// Values of a facet that are told.
const MOST_VALUES: usize = 50;
/// Digits that make a query look like an identifier.
const DIGITS: usize = 5;

/// What is searched.
pub struct Asked<'a> {
    /// The query.
    pub text: &'a str,
    /// Behind this score and number.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: usize,
    /// Which facets to count.
    pub facets: &'a [Facet],
}

/// An organisation that was found, and how.
pub struct Found {
    /// The organisation.
    pub row: OrganisationRow,
    /// How it was found.
    hit: Hit,
    /// By a number instead of words, and that number.
    by: Option<ByNumber>,
}

/// Where a number was found, and the number: an identifier as it was typed.
type ByNumber = (FoundIn, String);

/// What was found.
pub struct Results {
    /// The organisations, the best first; one more than asked for where there are more.
    pub found: Vec<Found>,
    /// How many there are in all.
    pub total: usize,
    /// The facets.
    pub facets: BTreeMap<Facet, Vec<FacetCount>>,
}

/// What somebody of this reach may find.
pub fn sight(reach: &Reach, today: NaiveDate) -> Sight {
    use crate::auth::Scope;
    Sight {
        all: matches!(reach.scope(), Scope::All),
        own: match reach.scope() {
            Scope::One(own) => Some(own.clone()),
            Scope::All | Scope::None => None,
        },
        today,
    }
}

/// Searches.
pub fn find(
    conn: &mut Conn,
    (search, countries): (&Search, &Countries),
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
    wanted: &Wanted,
    asked: &Asked<'_>,
) -> Result<Results, Error> {
    let sight = sight(reach, today);
    let question = Question {
        text: asked.text,
        countries: &wanted.country,
        sight: &sight,
        typing: false,
        limit: MOST,
    };
    let mut hits: Vec<(Hit, Option<ByNumber>)> =
        by_number(conn, countries, reach, today, asked.text)?;
    let known: HashSet<i64> = hits.iter().map(|(hit, _)| hit.id).collect();
    let by_words = search.ask(conn, &question)?;
    hits.extend(
        by_words
            .into_iter()
            .filter(|hit| !known.contains(&hit.id))
            .map(|hit| (hit, None)),
    );
    let ids: Vec<i64> = hits.iter().map(|(hit, _)| hit.id).collect();
    let among = queries::among(conn, reach, (today, at), wanted, &ids)?;
    let among: HashMap<i64, Among> = among.into_iter().map(|one| (one.id, one)).collect();
    hits.retain(|(hit, _)| among.contains_key(&hit.id));
    let facets = facets(conn, reach, at, asked.facets, &among)?;
    let total = hits.len();
    let from = match &asked.after {
        None => 0,
        Some((score, number)) => behind(&hits, &among, score, number),
    };
    let page: Vec<(Hit, Option<ByNumber>)> =
        hits.into_iter().skip(from).take(asked.limit + 1).collect();
    let ids: Vec<i64> = page.iter().map(|(hit, _)| hit.id).collect();
    let mut rows: HashMap<i64, OrganisationRow> = queries::by_ids(conn, &ids)?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let found = page
        .into_iter()
        .filter_map(|(hit, by)| {
            let row = rows.remove(&hit.id)?;
            Some(Found { row, hit, by })
        })
        .collect();
    Ok(Results {
        found,
        total,
        facets,
    })
}

/// Where the page behind this one begins: behind the organisation that ended it, or, where that is not found any more, at the
/// first of a lower score.
fn behind(
    hits: &[(Hit, Option<ByNumber>)],
    among: &HashMap<i64, Among>,
    score: &str,
    number: &str,
) -> usize {
    let is_last = |hit: &Hit| among.get(&hit.id).is_some_and(|one| one.number == number);
    if let Some(at) = hits.iter().position(|(hit, _)| is_last(hit)) {
        return at + 1;
    }
    let score: f32 = score.parse().unwrap_or(0.0);
    hits.iter()
        .position(|(hit, _)| hit.score < score)
        .unwrap_or(hits.len())
}

/// Organisations whose registry number or identifier was typed.
fn by_number(
    conn: &mut Conn,
    countries: &Countries,
    reach: &Reach,
    today: NaiveDate,
    text: &str,
) -> Result<Vec<(Hit, Option<ByNumber>)>, Error> {
    let hit = |id: i64| Hit {
        id,
        score: 1.0,
        item: 0,
        kind: Kind::Alias,
        how: How::Whole,
        places: Vec::new(),
    };
    if let Ok(number) = text.trim().parse::<RegistryNumber>() {
        return Ok(match merged::record(conn, reach, today, &number) {
            Ok(row) => {
                let number = row.number.clone();
                let end = merged::end_of(conn, row)?;
                let found_in = if number == end.number {
                    FoundIn::Number
                } else {
                    FoundIn::MergedNumber
                };
                vec![(hit(end.id), Some((found_in, number)))]
            }
            Err(error) if error.code() == crate::http::Code::NotFound => Vec::new(),
            Err(error) => return Err(error),
        });
    }
    let written: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    let digits = written.chars().filter(char::is_ascii_digit).count();
    if digits < DIGITS || written.len() > 40 {
        return Ok(Vec::new());
    }
    let holders = queries::with_number(conn, &[written, text.trim().to_owned()])?;
    let mut found: Vec<i64> = Vec::new();
    for (scheme, row) in holders {
        // A number that is not public must not be guessed by searching for it.
        let is_public = view::is_public_scheme(countries, &scheme);
        if let Some(end) = merged::told(conn, row, is_public, reach, today)?
            && !found.contains(&end.id)
        {
            found.push(end.id);
        }
    }
    Ok(found
        .into_iter()
        .map(|id| {
            let typed = text.trim().to_owned();
            (hit(id), Some((FoundIn::Identifier, typed)))
        })
        .collect())
}

fn facets(
    conn: &mut Conn,
    reach: &Reach,
    at: Moment,
    wanted: &[Facet],
    among: &HashMap<i64, Among>,
) -> Result<BTreeMap<Facet, Vec<FacetCount>>, Error> {
    let mut facets = BTreeMap::new();
    for &facet in wanted {
        let values: Vec<String> = match facet {
            Facet::Country => among.values().map(|one| one.country.clone()).collect(),
            Facet::LegalForm => among
                .values()
                .filter_map(|one| one.legal_form.clone())
                .collect(),
            Facet::Theme => among
                .values()
                .flat_map(|one| split_codes(&one.themes))
                .collect(),
            Facet::State => {
                let ids: Vec<i64> = among.keys().copied().collect();
                queries::states_of(conn, reach, at, &ids)?
            }
        };
        let mut counts: HashMap<String, u32> = HashMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        let mut counts: Vec<FacetCount> = counts
            .into_iter()
            .map(|(value, count)| FacetCount { value, count })
            .collect();
        counts.sort_by(|a, b| b.count.cmp(&a.count).then(a.value.cmp(&b.value)));
        counts.truncate(MOST_VALUES);
        facets.insert(facet, counts);
    }
    Ok(facets)
}

impl Found {
    /// What the page behind this organisation begins with.
    pub fn key(&self) -> Vec<String> {
        vec![self.hit.score.to_string(), self.row.number.clone()]
    }

    /// How it was found, given its names as `(item, kind, text)`, and those that it gained by merges.
    pub fn by<'a>(
        &self,
        names: impl Iterator<Item = (i32, &'a str, &'a str)>,
        gained: &[GainedName],
    ) -> Result<FoundBy, Error> {
        let mut names = names.filter(|(item, ..)| *item == self.hit.item);
        if let Some((found_in, number)) = &self.by {
            let whole = Piece {
                text: number.clone(),
                hit: true,
            };
            return Ok(self.told(*found_in, None, vec![whole]));
        }
        let (found_in, name_kind, text) = match self.hit.kind {
            Kind::City => (
                FoundIn::City,
                None,
                self.row.city.clone().unwrap_or_default(),
            ),
            Kind::Description => {
                let place = usize::try_from(self.hit.item).unwrap_or(usize::MAX);
                let found = view::descriptions(&self.row)?.into_iter().nth(place);
                let text = found.map_or_else(String::new, |one| one.text.as_str().to_owned());
                let around = around(pieces(&text, &self.hit.places));
                return Ok(self.told(FoundIn::Description, None, around));
            }
            _ => match names.next() {
                Some((_, kind, text)) => (FoundIn::Name, Some(kind.to_owned()), text.to_owned()),
                None => {
                    // Gained names are counted down from -1.
                    let place = usize::try_from(-1 - i64::from(self.hit.item)).ok();
                    let name = place.and_then(|place| gained.get(place));
                    let text = name.map(|name| name.row.text.clone());
                    (FoundIn::MergedName, None, text.unwrap_or_default())
                }
            },
        };
        Ok(self.told(found_in, name_kind, pieces(&text, &self.hit.places)))
    }

    fn told(&self, found_in: FoundIn, name_kind: Option<String>, pieces: Vec<Piece>) -> FoundBy {
        FoundBy {
            score: rounded(self.hit.score),
            found_in,
            name_kind,
            how: how(self.hit.how),
            pieces,
        }
    }
}

/// Letters of a description that stand before what was found, and behind it.
const AROUND: usize = 80;

/// What stands around the found pieces of a long text.
fn around(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let is_marked = pieces.len() > 1;
    if let Some(first) = pieces.first_mut().filter(|piece| is_marked && !piece.hit) {
        let much = first.text.chars().count().saturating_sub(AROUND);
        if much > 0 {
            let end: String = first.text.chars().skip(much).collect();
            first.text = format!("…{end}");
        }
    }
    if let Some(last) = pieces.last_mut().filter(|piece| !piece.hit)
        && last.text.chars().count() > AROUND
    {
        let begin: String = last.text.chars().take(AROUND).collect();
        last.text = format!("{begin}…");
    }
    pieces
}

fn how(how: How) -> FoundHow {
    match how {
        How::Whole => FoundHow::Whole,
        How::Respelled => FoundHow::Respelled,
        How::Words => FoundHow::Words,
        How::Typo => FoundHow::Typo,
        How::Initials => FoundHow::Initials,
        How::Meaning => FoundHow::Meaning,
        How::Part => FoundHow::Part,
    }
}

/// Cuts a text into found and other pieces; `places` are those of the found words.
fn pieces(text: &str, places: &[usize]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |part: &str, hit: bool| match pieces.last_mut() {
        _ if part.is_empty() => {}
        Some(last) if last.hit == hit => last.text.push_str(part),
        _ => pieces.push(Piece {
            text: part.to_owned(),
            hit,
        }),
    };
    let mut at = 0;
    for (place, span) in fold::word_spans(text).into_iter().enumerate() {
        if !places.contains(&place) || span.name.start < at {
            continue;
        }
        add(text.get(at..span.name.start).unwrap_or_default(), false);
        add(text.get(span.name.clone()).unwrap_or_default(), true);
        at = span.name.end;
    }
    add(text.get(at..).unwrap_or_default(), false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_text_and_mark_what_was_found_as_it_is_written() {
        let shown = |text: &str, places: &[usize]| -> String {
            let pieces = pieces(text, places);
            let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(whole, text);
            let marked = pieces.iter().map(|piece| {
                if piece.hit {
                    format!("[{}]", piece.text)
                } else {
                    piece.text.clone()
                }
            });
            marked.collect()
        };
        assert_eq!(shown("«Жас Отан» қоры", &[0, 1]), "«[Жас] [Отан]» қоры");
        assert_eq!(
            shown("İRƏLİ İctimai Birliyi", &[2]),
            "İRƏLİ İctimai [Birliyi]"
        );
        assert_eq!(shown("Soʻgʻdiyona", &[0]), "[Soʻgʻdiyona]");
        assert_eq!(shown("", &[0]), "");
        assert_eq!(shown("Nur", &[7]), "Nur");
    }
}
