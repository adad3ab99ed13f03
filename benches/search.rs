//! How fast names are found among many, and how much memory that takes.
//!
//! Names are made of the words of real ones (`tests/data/search-corpus-example.jsonl`), as frequent as they are there, and of
//! made-up names of persons and places, so that some words are rare. Queries are names as people type them: whole, two words,
//! a slip, a beginning. All in one process, without a database: what is measured is the index.
//!
//! ```console
//! $ cargo bench --bench search -- --organisations 1000000
//! ```
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench that fails should say so at once"
)]

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use clap::Parser;
use ots_registry::search::ask::{Question, Scratch, ask};
use ots_registry::search::compare::compare;
use ots_registry::search::index::{Document, Index, Kind, Sight};

/// Measures the search.
#[derive(Parser)]
struct Options {
    /// Organisations in the index, two names each.
    #[arg(long, default_value_t = 250_000)]
    organisations: u32,
    /// Queries of each kind.
    #[arg(long, default_value_t = 400)]
    queries: u32,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// SplitMix64: the same names in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap_or("0");
    line.split_whitespace()
        .find_map(|w| w.parse().ok())
        .unwrap_or(0)
        / 1024
}

/// A made-up word of two to four syllables.
fn made_up(random: &mut Random) -> String {
    const SYLLABLES: [&str; 40] = [
        "al", "ba", "ber", "bek", "dar", "di", "er", "gul", "han", "il", "is", "ka", "kan", "la",
        "lan", "ma", "mir", "na", "nar", "nur", "ol", "or", "ra", "ram", "sa", "ser", "shy", "su",
        "ta", "tan", "te", "tur", "ul", "un", "ya", "yil", "za", "zar", "zhan", "zi",
    ];
    (0..2 + random.below(3))
        .map(|_| SYLLABLES[random.below(40)])
        .collect()
}

fn words_by_country() -> Vec<(String, Vec<String>)> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/search-corpus-example.jsonl"
    );
    let text = std::fs::read_to_string(file).unwrap();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        let country = one["country"].as_str().unwrap();
        let words = one["name"]
            .as_str()
            .unwrap()
            .split_whitespace()
            .map(str::to_owned);
        match found.iter_mut().find(|(code, _)| code == country) {
            Some((_, all)) => all.extend(words),
            None => found.push((country.to_owned(), words.collect())),
        }
    }
    found
}

fn name(random: &mut Random, words: &[String]) -> String {
    let mut name: Vec<String> = (0..2 + random.below(4))
        .map(|_| words[random.below(words.len())].clone())
        .collect();
    if random.below(10) < 8 {
        name.insert(0, made_up(random));
    }
    name.join(" ")
}

fn main() {
    let options = Options::parse();
    let day = NaiveDate::from_ymd_opt(2026, 6, 30).unwrap();
    let words = words_by_country();
    let mut random = Random(7);
    let base = resident();
    let begun = Instant::now();
    let mut index = Index::new(day);
    let mut kept: Vec<String> = Vec::new();
    let every = (options.organisations / options.queries).max(1);
    let mut making = Duration::ZERO;
    for id in 0..options.organisations {
        let started = Instant::now();
        let (country, words) = &words[random.below(words.len())];
        let names = vec![
            (1, Kind::Legal, name(&mut random, words)),
            (2, Kind::Translated, name(&mut random, words)),
        ];
        if id % every == 0 {
            kept.push(names[0].2.clone());
        }
        let document = Document {
            id: i64::from(id),
            country: country.clone(),
            public_from: Some(day),
            withheld: false,
            names,
            elsewhere: Vec::new(),
            city: Some(words[random.below(words.len())].clone()),
            descriptions: Vec::new(),
            signs: Vec::new(),
        };
        making += started.elapsed();
        index.put(&document);
    }
    println!(
        "{} organisations: made in {:.1} s, {} MB more than before",
        options.organisations,
        (begun.elapsed() - making).as_secs_f64(),
        resident() - base
    );
    let sight = Sight {
        all: false,
        own: None,
        today: day,
    };
    let mut scratch = Scratch::default();
    let slip = |text: &str, random: &mut Random| -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let at = 1 + random.below(letters.len().max(3) - 2);
        if at + 1 < letters.len() {
            letters.swap(at, at + 1);
        }
        letters.into_iter().collect()
    };
    println!(
        "{:12} {:>9} {:>9} {:>9} {:>7}",
        "queries", "median", "p95", "worst", "first"
    );
    for kind in [
        "whole",
        "two words",
        "slip",
        "beginning",
        "common",
        "compare",
    ] {
        let mut times: Vec<Duration> = Vec::new();
        let mut first = 0usize;
        for name in &kept {
            let parts: Vec<&str> = name.split(' ').collect();
            let query = match kind {
                "two words" => parts.iter().take(2).copied().collect::<Vec<_>>().join(" "),
                "slip" => slip(name, &mut random),
                "beginning" => name.chars().take(5).collect(),
                "common" => parts.last().unwrap_or(&"").to_string(),
                _ => name.clone(),
            };
            let started = Instant::now();
            let found = if kind == "compare" {
                std::hint::black_box(compare(
                    name,
                    &slip(name, &mut random),
                    Some("KZ"),
                    Some(&index),
                ));
                Vec::new()
            } else {
                ask(
                    &index,
                    &Question {
                        text: &query,
                        countries: &[],
                        sight: &sight,
                        typing: kind == "beginning",
                        limit: if kind == "beginning" { 10 } else { 1_000 },
                    },
                    &mut scratch,
                )
            };
            times.push(started.elapsed());
            first += usize::from(found.first().is_some_and(|hit| hit.score > 0.9));
        }
        times.sort();
        let of = |share: usize| {
            times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3
        };
        println!(
            "{kind:12} {:6.2} ms {:6.2} ms {:6.2} ms {first:>7}",
            of(50),
            of(95),
            of(100)
        );
    }
    println!("{} MB resident at the end", resident());
}
