//! What search finds in the real names of the example files, per kind of query, and the rules one by one.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

use super::ask::{Question, Scratch, ask};
use super::index::{Document, Index, Kind, Sight};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 30).unwrap_or_default()
}

fn public() -> Sight {
    Sight {
        all: false,
        own: None,
        today: day(),
    }
}

/// The corpus of the example files, all of it public; the ids are places in the second list.
fn corpus(file: &Path) -> (Index, Vec<String>) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let (mut index, mut ids) = (Index::new(day()), Vec::new());
    for line in text.lines() {
        let organisation: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let word = |name: &str| {
            let value = organisation.get(name).and_then(|v| v.as_str());
            value.unwrap_or_default().to_owned()
        };
        let others = organisation.get("other_names").and_then(|v| v.as_array());
        let others = others.into_iter().flatten().filter_map(|v| v.as_str());
        let mut names = vec![(1, Kind::Legal, word("name"))];
        names.extend(
            (2..)
                .zip(others)
                .map(|(item, text)| (item, Kind::Alias, text.to_owned())),
        );
        index.put(&Document {
            id: i64::try_from(ids.len()).unwrap_or_default(),
            country: word("country"),
            public_from: Some(day()),
            withheld: false,
            names,
            city: Some(word("city")).filter(|city| !city.is_empty()),
            descriptions: Vec::new(),
            signs: Vec::new(),
        });
        ids.push(word("id"));
    }
    (index, ids)
}

#[derive(Default, Debug, Clone, Copy)]
struct Tally {
    asked: usize,
    first: usize,
    in_ten: usize,
}

impl Tally {
    fn share(found: usize, asked: usize) -> f64 {
        f64::from(u32::try_from(found).unwrap_or(0)) / f64::from(u32::try_from(asked).unwrap_or(1))
    }
}

fn measure(index: &Index, ids: &[String], queries: &Path) -> BTreeMap<String, Tally> {
    let text = std::fs::read_to_string(queries).unwrap_or_default();
    let mut scratch = Scratch::default();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, query, expected, kind, ..] = cells.as_slice() else {
            continue;
        };
        let question = Question {
            text: query,
            countries: &[],
            sight: &public(),
            typing: false,
            limit: 10,
        };
        let hits = ask(index, &question, &mut scratch);
        let expected: Vec<&str> = expected.split('|').collect();
        let rank = hits.iter().position(|hit| {
            let found = usize::try_from(hit.id).ok().and_then(|at| ids.get(at));
            found.is_some_and(|found| expected.contains(&found.as_str()))
        });
        if rank != Some(0) && std::env::var_os("OTS_SHOW_MISSED").is_some() {
            let shown: Vec<String> = hits
                .iter()
                .take(3)
                .map(|hit| {
                    let id = usize::try_from(hit.id).ok().and_then(|at| ids.get(at));
                    format!(
                        "{} {:.3} {:?}",
                        id.map_or("", |id| id.as_str()),
                        hit.score,
                        hit.how
                    )
                })
                .collect();
            println!("{id} {kind} {query:?} wants {expected:?}, rank {rank:?}: {shown:?}");
        }
        for key in [(*kind).to_owned(), "ALL".to_owned()] {
            let tally = tallies.entry(key).or_default();
            tally.asked += 1;
            tally.first += usize::from(rank == Some(0));
            tally.in_ten += usize::from(rank.is_some());
        }
    }
    for (kind, tally) in &tallies {
        println!(
            "{kind:16} {:5} {:.3} {:.3}",
            tally.asked,
            Tally::share(tally.first, tally.asked),
            Tally::share(tally.in_ten, tally.asked)
        );
    }
    tallies
}

#[test]
fn the_example_queries_find_what_they_are_about() {
    let (index, ids) = corpus(&Path::new(DATA).join("search-corpus-example.jsonl"));
    assert_eq!(index.len(), 900);
    let tallies = measure(
        &index,
        &ids,
        &Path::new(DATA).join("search-queries-example.tsv"),
    );
    let all = tallies.get("ALL").copied().unwrap_or_default();
    assert_eq!(all.asked, 100);
    assert!(Tally::share(all.first, all.asked) >= 0.95, "{all:?}");
    assert!(Tally::share(all.in_ten, all.asked) >= 0.99, "{all:?}");
}

#[test]
#[ignore = "needs files of one's own: OTS_CORPUS and OTS_QUERIES"]
fn queries_of_ones_own() {
    let file = |name: &str| std::path::PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let (index, ids) = corpus(&file("OTS_CORPUS"));
    let tallies = measure(&index, &ids, &file("OTS_QUERIES"));
    assert!(!tallies.is_empty());
}

/// The best F1 of all thresholds, and the recall at precision 0.98.
fn quality(mut scored: Vec<(f32, bool)>) -> (f64, f64) {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let same = scored.iter().filter(|(_, same)| *same).count();
    let (mut right, mut wrong, mut best, mut safe) = (0, 0, 0.0_f64, 0.0_f64);
    let mut rest = scored.iter().peekable();
    while let Some((score, is_same)) = rest.next() {
        right += usize::from(*is_same);
        wrong += usize::from(!is_same);
        if rest.peek().is_some_and(|next| next.0 == *score) {
            continue;
        }
        let (precision, recall) = (
            Tally::share(right, right + wrong),
            Tally::share(right, same),
        );
        best = best.max(2.0 * precision * recall / (precision + recall));
        if precision >= 0.98 {
            safe = safe.max(recall);
        }
    }
    (best, safe)
}

fn pairs(index: &Index, file: &Path) -> (f64, f64) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut scored = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, a, b, country, label, reason] = cells.as_slice() else {
            continue;
        };
        let found = super::compare::compare(a, b, Some(country), Some(index));
        let same = *label == "same";
        if std::env::var_os("OTS_SHOW_MISSED").is_some() {
            println!(
                "{id} {same} {:.3} {reason}: {a} / {b} {:?}",
                found.score, found.reasons
            );
        }
        scored.push((found.score, same));
    }
    let quality = quality(scored);
    println!(
        "pairs: best F1 {:.3}, recall at precision 0.98 {:.3}",
        quality.0, quality.1
    );
    quality
}

#[test]
fn the_example_pairs_are_told_apart() {
    let (index, _) = corpus(&Path::new(DATA).join("search-corpus-example.jsonl"));
    let (best, safe) = pairs(&index, &Path::new(DATA).join("duplicate-pairs-example.tsv"));
    assert!(best >= 0.92, "best F1 {best}");
    assert!(safe >= 0.82, "recall at precision 0.98: {safe}");
}

#[test]
#[ignore = "needs files of one's own: OTS_CORPUS and OTS_PAIRS"]
fn pairs_of_ones_own() {
    let file = |name: &str| std::path::PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let (index, _) = corpus(&file("OTS_CORPUS"));
    assert!(pairs(&index, &file("OTS_PAIRS")).0 > 0.0);
}

#[test]
fn who_may_be_the_same_is_among_the_near_ones() {
    use super::compare::{Prepared, Verdict, compare};
    use super::near::{Wanted, near};
    let (corpus, _) = corpus(Path::new(&format!("{DATA}/search-corpus-example.jsonl")));
    let text = std::fs::read_to_string(format!("{DATA}/duplicate-pairs-example.tsv"));
    let text = text.unwrap_or_default();
    let pairs = text.lines().skip(1).map(|line| line.split('\t').collect());
    let pairs: Vec<Vec<&str>> = pairs.collect();
    let mut index = Index::new(day());
    for (id, pair) in (0..).zip(&pairs) {
        let [_, _, other, country, ..] = pair.as_slice() else {
            continue;
        };
        index.put(&Document {
            id,
            country: (*country).to_owned(),
            public_from: Some(day()),
            withheld: false,
            names: vec![(1, Kind::Legal, (*other).to_owned())],
            city: None,
            descriptions: Vec::new(),
            signs: Vec::new(),
        });
    }
    let (mut alike, mut found) = (0, 0);
    for (id, pair) in (0i64..).zip(&pairs) {
        let [_, name, other, country, label, ..] = pair.as_slice() else {
            continue;
        };
        let verdict = compare(name, other, Some(country), Some(&corpus)).verdict;
        if *label == "same" && verdict != Verdict::Different {
            let names = [Prepared::of(name, Some(country), Some(&index))];
            let wanted = Wanted {
                country,
                names: &names,
                signs: &[],
            };
            alike += 1;
            found += usize::from(near(&index, &wanted, &public(), 30).contains(&id));
        }
    }
    assert!(alike >= 29, "{alike} pairs are alike");
    // A translation of all words is beyond it.
    assert!(found + 1 >= alike, "{found} of {alike}");
}

#[test]
fn whom_a_signs_holder_may_be_is_near_unless_many_hold_it() {
    use super::near::{Wanted, near};
    let mut index = Index::new(day());
    let mut put = |id: i64, sign: &str, withheld: bool| {
        index.put(&Document {
            id,
            country: "KZ".to_owned(),
            public_from: Some(day()),
            withheld,
            names: vec![(1, Kind::Legal, format!("Sample {id}"))],
            city: None,
            descriptions: Vec::new(),
            signs: vec![sign.to_owned()],
        });
    };
    put(1, "@sample.example", false);
    put(2, "@sample.example", true);
    for id in 10..20 {
        put(id, "@shared.example", false);
    }
    let held = |sign: &str, sight: &Sight| {
        let wanted = Wanted {
            country: "KG",
            names: &[],
            signs: &[sign.to_owned()],
        };
        near(&index, &wanted, sight, 30)
    };
    let all = Sight {
        all: true,
        ..public()
    };
    assert_eq!(held("@sample.example", &public()), [1]);
    assert_eq!(held("@sample.example", &all), [1, 2]);
    assert_eq!(held("@shared.example", &all), Vec::<i64>::new());
}
