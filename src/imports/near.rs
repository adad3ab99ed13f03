//! Which registered organisations and which earlier rows of the file a row may be, by the index and by comparing in full.
//!
//! Looked at on all cores: the index is held for a few rows at a time, so that nobody waits long for it.

use std::collections::{BTreeMap, BTreeSet};

use super::cores;
use super::draft::Draft;
use crate::auth::Reach;
use crate::db::Conn;
use crate::http::{Error, Patch};
use crate::organisations::alike::{self, Facts, FoldedFacts, Ready};
use crate::organisations::candidates::{self, Lookout};
use crate::organisations::dto::Candidate;
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{found, queries};
use crate::search::compare::Verdict;
use crate::search::index::{Document, Index, Kind, Sight};

/// Rows that are looked up while the index is held once.
const AT_ONCE: usize = 64;
/// Candidates of a row that are told.
const MOST: usize = 5;
/// From this score on a row waits for a person. Of 900 real organisations, all different ones, one in ten is like another from 0.6
/// on; what is less alike goes in and shows in the list of pairs.
const WAITS: f32 = 0.8;

/// What a row says, to be compared.
pub fn facts(draft: &Draft) -> FoldedFacts {
    let legal = draft
        .legal
        .iter()
        .map(|name| ("legal".to_owned(), name.as_str().to_owned()));
    let others = draft
        .names
        .iter()
        .map(|(_, name)| (name.kind.as_str().to_owned(), name.text.as_str().to_owned()));
    let patch = &draft.patch;
    let facts = Facts {
        country: draft.country.clone(),
        names: legal.chain(others).collect(),
        elsewhere: BTreeMap::new(),
        city: set(&patch.city, |city| city.as_str()),
        website: set(&patch.website, |site| site.as_str()),
        former_websites: Vec::new(),
        email: set(&patch.email, |email| email.as_str()).map(|email| (email, false)),
        phone: set(&patch.phone, |phone| phone.as_str()),
        identifiers: draft
            .identifiers
            .iter()
            .map(|(_, one)| (one.scheme.clone(), one.value.clone(), one.canonical.clone()))
            .collect(),
    };
    FoldedFacts::with(facts, draft.folded.clone())
}

fn set<T>(patch: &Patch<T>, text: impl Fn(&T) -> &str) -> Option<String> {
    match patch {
        Patch::Set(value) => Some(text(value).to_owned()),
        Patch::Keep | Patch::Clear => None,
    }
}

/// An earlier row that may be the same.
#[derive(Clone, Debug)]
pub struct LikeLine {
    /// Its line.
    pub line: i32,
    /// How much.
    pub likeness: alike::Likeness,
}

/// Whom a row may be.
#[derive(Clone, Debug, Default)]
pub struct Near {
    /// Registered organisations, the likeliest first.
    pub registered: Vec<Candidate>,
    /// Earlier rows, the likeliest first.
    pub lines: Vec<LikeLine>,
}

/// The file's rows so far.
pub struct File {
    index: Index,
    facts: BTreeMap<i32, Facts>,
    sight: Sight,
}

impl File {
    /// No row yet.
    pub fn new(today: chrono::NaiveDate) -> Self {
        Self {
            index: Index::new(today),
            facts: BTreeMap::new(),
            sight: Sight {
                all: true,
                own: None,
                today,
            },
        }
    }

    /// Takes note of a row.
    pub fn learn(&mut self, line: i32, row: &FoldedFacts) {
        let facts = &row.facts;
        let names = facts.names.iter().filter(|(kind, _)| kind != "acronym");
        let document = Document {
            id: i64::from(line),
            country: facts.country.clone(),
            // Within a file the words of all rows count for how telling a word is.
            public_from: Some(self.sight.today),
            withheld: false,
            names: (0..)
                .zip(names)
                .map(|(item, (_, text))| (item, Kind::Alias, text.clone()))
                .collect(),
            elsewhere: Vec::new(),
            city: None,
            descriptions: Vec::new(),
            signs: row.signs().to_vec(),
        };
        let folded: Vec<_> = row.names().cloned().collect();
        self.index.put_folded(&document, &folded);
        self.facts.insert(line, facts.clone());
    }

    fn like(&self, lookout: Lookout<'_>, line: i32, row: &FoldedFacts) -> Vec<LikeLine> {
        let own = Ready::of(row, Some(&self.index));
        let near = own.near(&self.index, &self.sight);
        let earlier = near
            .into_iter()
            .filter_map(|id| i32::try_from(id).ok())
            .filter(|other| *other < line);
        let mut found: Vec<LikeLine> = earlier
            .filter_map(|line| {
                let other = FoldedFacts::of(self.facts.get(&line)?.clone());
                let other = Ready::of(&other, Some(&self.index));
                let likeness = alike::compare(lookout.countries, &own, &other)?;
                (likeness.score >= WAITS).then_some(LikeLine { line, likeness })
            })
            .collect();
        // Among rows that are the same the earliest counts.
        found.sort_by(|a, b| {
            let same = |one: &LikeLine| one.likeness.verdict == Verdict::Same;
            let sure = same(b).cmp(&same(a));
            let score = || b.likeness.score.total_cmp(&a.likeness.score);
            let both = same(a) && same(b);
            sure.then_with(|| if both { a.line.cmp(&b.line) } else { score() })
                .then(a.line.cmp(&b.line))
        });
        found
    }
}

/// Looks for whom these rows, which the file knows already, may be; by line.
pub fn find(
    conn: &mut Conn,
    reach: &Reach,
    lookout: Lookout<'_>,
    file: &File,
    rows: &[(i32, FoldedFacts)],
) -> Result<BTreeMap<i32, Near>, Error> {
    let sight = found::sight(reach, file.sight.today);
    let found = by_index(conn, lookout, rows, &sight)?;
    let ids: BTreeSet<i64> = found.iter().flatten().copied().collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut known: BTreeMap<i64, (OrganisationRow, FoldedFacts)> = BTreeMap::new();
    for part in ids.chunks(2_000) {
        let mut told = candidates::load(conn, part)?;
        // The index and the tables may be a moment apart.
        told.retain(|(row, _)| {
            row.merged_into.is_none() && queries::may_know(row, reach, sight.today)
        });
        candidates::take_over(conn, reach, sight.today, &mut told)?;
        let told = told.into_iter();
        known.extend(told.map(|(row, facts)| (row.id, (row, FoldedFacts::of(facts)))));
    }
    let mut asked: Vec<(&(i32, FoldedFacts), Vec<i64>)> = rows.iter().zip(found).collect();
    let near = cores::each(&mut asked, |((line, row), ids)| Near {
        registered: registered(lookout, row, ids, &known),
        lines: file.like(lookout, *line, row),
    })?;
    Ok(rows.iter().map(|(line, _)| *line).zip(near).collect())
}

/// Internal ids that are worth comparing, for each row.
fn by_index(
    conn: &mut Conn,
    lookout: Lookout<'_>,
    rows: &[(i32, FoldedFacts)],
    sight: &Sight,
) -> Result<Vec<Vec<i64>>, Error> {
    let Some(search) = lookout.search else {
        return Ok(vec![Vec::new(); rows.len()]);
    };
    let mut found = Vec::with_capacity(rows.len());
    for part in rows.chunks(AT_ONCE) {
        let mut asked: Vec<&FoldedFacts> = part.iter().map(|(_, row)| row).collect();
        let ids = search.with_index(conn, sight.today, |index| {
            cores::each(&mut asked, |row| {
                Ready::of(row, Some(index)).near(index, sight)
            })
        })??;
        found.extend(ids);
    }
    Ok(found)
}

fn registered(
    lookout: Lookout<'_>,
    row: &FoldedFacts,
    ids: &[i64],
    known: &BTreeMap<i64, (OrganisationRow, FoldedFacts)>,
) -> Vec<Candidate> {
    let others: Vec<_> = ids.iter().filter_map(|id| known.get(id)).collect();
    let judged = candidates::judge(lookout, row, &others).into_iter();
    judged
        .filter(|(_, likeness)| likeness.score >= WAITS)
        .take(MOST)
        .map(|((row, _), likeness)| candidates::candidate(row, &likeness))
        .collect()
}
