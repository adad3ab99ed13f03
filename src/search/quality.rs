//! How good the search is: recall over a set of queries, precision and recall over a set of pairs.
//!
//! The sets have the form of the example files in `tests/data`; the figures are those of docs/search.md.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::ask::{Hit, Question, Scratch, ask};
use super::compare::{Verdict, compare};
use super::index::{Document, Index, Kind, Sight};
use super::near::{self, Wanted};
use super::prepared::Prepared;

/// Hits that are looked at.
const TEN: usize = 10;
/// The precision at which recall is told.
const SAFE: f64 = 0.98;

/// Organisations to search, all of them public.
pub struct Corpus {
    /// Their index; the number of an organisation is its place in `ids`.
    pub index: Index,
    /// Their names in the file.
    pub ids: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    country: String,
    name: String,
    #[serde(default)]
    other_names: Vec<String>,
    #[serde(default)]
    city: String,
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 30).unwrap_or_default()
}

impl Corpus {
    /// Reads JSON lines with `id`, `country`, `name`, `other_names` and `city`; nothing where a line is none.
    pub fn read(text: &str) -> Option<Self> {
        let (mut index, mut ids) = (Index::new(day()), Vec::new());
        for line in text.lines() {
            let line: Line = serde_json::from_str(line).ok()?;
            let others = (2..).zip(line.other_names);
            let mut names = vec![(1, Kind::Legal, line.name)];
            names.extend(others.map(|(item, text)| (item, Kind::Alias, text)));
            index.put(&Document {
                id: i64::try_from(ids.len()).ok()?,
                country: line.country,
                public_from: Some(day()),
                withheld: false,
                names,
                elsewhere: Vec::new(),
                city: Some(line.city).filter(|city| !city.is_empty()),
                descriptions: Vec::new(),
                signs: Vec::new(),
            });
            ids.push(line.id);
        }
        Some(Self { index, ids })
    }

    fn id(&self, hit: &Hit) -> &str {
        let id = usize::try_from(hit.id).ok().and_then(|at| self.ids.get(at));
        id.map_or("", String::as_str)
    }

    /// What a query finds, the best ten.
    pub fn ask(&self, text: &str, scratch: &mut Scratch) -> Vec<(&str, Hit)> {
        let sight = Sight {
            all: false,
            own: None,
            today: day(),
        };
        let question = Question {
            text,
            countries: &[],
            sight: &sight,
            typing: false,
            limit: TEN,
        };
        let hits = ask(&self.index, &question, scratch);
        hits.into_iter().map(|hit| (self.id(&hit), hit)).collect()
    }
}

/// What queries found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    asked: u32,
    first: u32,
    in_ten: u32,
    reciprocal: f64,
}

impl Tally {
    /// How many queries there were.
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// The share whose first hit was right.
    pub fn first(&self) -> f64 {
        f64::from(self.first) / f64::from(self.asked.max(1))
    }

    /// The share that had a right hit among ten.
    pub fn in_ten(&self) -> f64 {
        f64::from(self.in_ten) / f64::from(self.asked.max(1))
    }

    /// The mean of one divided by the place of the first right hit.
    pub fn reciprocal(&self) -> f64 {
        self.reciprocal / f64::from(self.asked.max(1))
    }

    fn count(&mut self, rank: Option<u32>) {
        self.asked += 1;
        self.first += u32::from(rank == Some(0));
        self.in_ten += u32::from(rank.is_some());
        self.reciprocal += rank.map_or(0.0, |rank| 1.0 / f64::from(rank + 1));
    }
}

/// The key of all queries in the tallies.
pub const ALL: &str = "all";

/// Asks the queries of a file (id, query, expected ids with bars between, kind, …), and tells `missed` of those whose first hit
/// is wrong: the line, and what was found.
pub fn search(
    corpus: &Corpus,
    queries: &str,
    mut missed: impl FnMut(&str, &[(&str, Hit)]),
) -> BTreeMap<String, Tally> {
    let mut scratch = Scratch::default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in queries.lines().skip(1) {
        let mut cells = line.split('\t').skip(1);
        let (Some(query), Some(expected), Some(kind)) = (cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let hits = corpus.ask(query, &mut scratch);
        let right = |id: &str| expected.split('|').any(|wanted| wanted == id);
        let rank = (0..).zip(&hits).find(|(_, hit)| right(hit.0));
        let rank: Option<u32> = rank.map(|(rank, _)| rank);
        if rank != Some(0) {
            missed(line, &hits);
        }
        for key in [kind, ALL] {
            tallies.entry(key.to_owned()).or_default().count(rank);
        }
    }
    tallies
}

/// How well pairs are told apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pairs {
    /// The best F1 of all thresholds.
    pub f1: f64,
    /// Where that is.
    pub threshold: f32,
    /// The largest recall of a threshold with precision 0.98.
    pub safe: f64,
}

/// Compares the pairs of a file (id, two names, country, `same` or `different`, …), and tells `seen` of each its line, its score
/// and the reasons.
pub fn pairs(corpus: &Corpus, pairs: &str, mut seen: impl FnMut(&str, f32, &[String])) -> Pairs {
    let mut scored: Vec<(f32, bool)> = Vec::new();
    for line in pairs.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [_, a, b, country, label, ..] = cells.as_slice() else {
            continue;
        };
        let found = compare(a, b, Some(country), Some(&corpus.index));
        seen(line, found.score, &found.reasons);
        scored.push((found.score, *label == "same"));
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let same: u32 = scored.iter().map(|(_, same)| u32::from(*same)).sum();
    let share = |part: u32, all: u32| f64::from(part) / f64::from(all.max(1));
    let (mut right, mut wrong, mut best) = (0, 0, Pairs::default());
    let mut rest = scored.iter().peekable();
    while let Some(&(score, is_same)) = rest.next() {
        right += u32::from(is_same);
        wrong += u32::from(!is_same);
        // Equal scores fall on one side of a threshold together.
        if rest.peek().is_some_and(|next| next.0 == score) {
            continue;
        }
        let (precision, recall) = (share(right, right + wrong), share(right, same));
        let f1 = 2.0 * precision * recall / (precision + recall).max(f64::EPSILON);
        if f1 > best.f1 {
            (best.f1, best.threshold) = (f1, score);
        }
        if precision >= SAFE {
            best.safe = best.safe.max(recall);
        }
    }
    best
}

/// Of names that are compared with a register, how many are called the same as one of it, and how many of these it is found for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Called the same.
    pub same: u32,
    /// Of these among those that are looked at.
    pub near: u32,
}

/// Organisations that are looked at for one.
const LOOKED_AT: usize = 30;

/// Whether what [`compare`] calls the same is found by the look-up of [`near`], of the pairs of a file that are: a register of the
/// first names is asked for the second ones, and one of the second for the first. Tells `missed` of what is not found.
pub fn told(pairs: &str, mut missed: impl FnMut(&str)) -> Told {
    let read = |line: &str| -> Option<(String, String, String)> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [_, a, b, country, "same", ..] = cells.as_slice() else {
            return None;
        };
        Some(((*a).to_owned(), (*b).to_owned(), (*country).to_owned()))
    };
    let pairs: Vec<(String, String, String)> = pairs.lines().filter_map(read).collect();
    let swapped = pairs.iter().cloned().map(|(a, b, country)| (b, a, country));
    let mut told = Told::default();
    for pairs in [pairs.clone(), swapped.collect()] {
        let mut index = Index::new(day());
        for (id, (registered, _, country)) in (0..).zip(&pairs) {
            index.put(&public(id, country, registered));
        }
        for (id, (registered, asked, country)) in (0..).zip(&pairs) {
            let found = compare(asked, registered, Some(country), Some(&index));
            if found.verdict != Verdict::Same {
                continue;
            }
            told.same += 1;
            if is_near(&index, (asked, country), id) {
                told.near += 1;
            } else {
                missed(&format!(
                    "{asked} | {registered} | {country} {:.3}",
                    found.score
                ));
            }
        }
    }
    told
}

/// Whether an organisation of a register is looked at for a name.
pub fn is_near(index: &Index, (name, country): (&str, &str), id: i64) -> bool {
    let sight = Sight {
        all: false,
        own: None,
        today: day(),
    };
    let names = [Prepared::of(name, Some(country), Some(index))];
    let wanted = Wanted {
        country,
        names: &names,
        signs: &[],
    };
    near::near(index, &wanted, &sight, LOOKED_AT).contains(&id)
}

/// An organisation of one name that everybody may find.
pub fn public(id: i64, country: &str, name: &str) -> Document {
    Document {
        id,
        country: country.to_owned(),
        public_from: Some(day()),
        withheld: false,
        names: vec![(1, Kind::Legal, name.to_owned())],
        elsewhere: Vec::new(),
        city: None,
        descriptions: Vec::new(),
        signs: Vec::new(),
    }
}
