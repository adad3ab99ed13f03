//! How good the search over names is: recall over a set of queries, F1 over a set of pairs, and what each rule is worth.
//!
//! Without options the example sets of `tests/data`. Other sets have the same form; `tests/name-queries.py` makes larger ones.
//!
//! ```console
//! $ cargo bench --bench names
//! $ cargo bench --bench names -- --queries FILE --pairs FILE --missed
//! $ cargo bench --bench names --features ablation -- --ablation
//! ```
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench that fails should say so at once"
)]

use std::path::{Path, PathBuf};

use clap::Parser;
use ots_registry::search::quality::{self, Corpus, Pairs, Tally, Told};

/// Measures how good the search is.
#[derive(Parser)]
struct Options {
    /// Organisations: JSON lines with id, country, name, other_names and city.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Queries: id, query, expected ids with bars between, kind.
    #[arg(long)]
    queries: Option<PathBuf>,
    /// Pairs: id, two names, country, `same` or `different`.
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Shows the queries whose first hit is wrong, and the pairs that fall on the wrong side.
    #[arg(long)]
    missed: bool,
    /// Leaves each rule out in turn.
    #[cfg(feature = "ablation")]
    #[arg(long)]
    ablation: bool,
    /// Leaves this rule out and prints one line of figures.
    #[cfg(feature = "ablation")]
    #[arg(long)]
    without: Option<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn read(own: Option<&Path>, example: &str) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path = own.map_or(data.join(example), Path::to_path_buf);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Measured {
    tallies: std::collections::BTreeMap<String, Tally>,
    pairs: Pairs,
    told: Told,
}

fn measure(options: &Options) -> Measured {
    let text = read(options.corpus.as_deref(), "search-corpus-example.jsonl");
    let corpus = Corpus::read(&text).expect("the corpus is JSON lines");
    let queries = read(options.queries.as_deref(), "search-queries-example.tsv");
    let tallies = quality::search(&corpus, &queries, |line, hits| {
        if options.missed {
            let found: Vec<String> = hits
                .iter()
                .take(3)
                .map(|(id, hit)| format!("{id} {:.3} {:?}", hit.score, hit.how))
                .collect();
            println!("{line}: {found:?}");
        }
    });
    let pairs = read(options.pairs.as_deref(), "duplicate-pairs-example.tsv");
    let told = quality::told(&pairs, |missed| {
        if options.missed {
            println!("not looked at: {missed}");
        }
    });
    let pairs = quality::pairs(&corpus, &pairs, |line, score, reasons| {
        let same = line.contains("\tsame\t");
        if options.missed && same != (score >= ots_registry::search::compare::SAME) {
            println!("{score:.3} {line}: {reasons:?}");
        }
    });
    Measured {
        tallies,
        pairs,
        told,
    }
}

fn main() {
    let options = Options::parse();
    #[cfg(feature = "ablation")]
    if options.ablation || options.without.is_some() {
        return ablation::run(&options);
    }
    let found = measure(&options);
    println!(
        "{:16} {:>6} {:>7} {:>7} {:>7}",
        "", "n", "R@1", "R@10", "MRR"
    );
    for (kind, tally) in &found.tallies {
        println!(
            "{kind:16} {:6} {:7.3} {:7.3} {:7.3}",
            tally.asked(),
            tally.first(),
            tally.in_ten(),
            tally.reciprocal()
        );
    }
    let Pairs {
        f1,
        threshold,
        safe,
    } = found.pairs;
    println!("pairs: best F1 {f1:.3} from {threshold:.3} on, recall at precision 0.98 {safe:.3}");
    let Told { same, near } = found.told;
    println!("of {same} that a comparison calls the same {near} are looked at in a register");
}

#[cfg(feature = "ablation")]
mod ablation {
    use ots_registry::search::quality::ALL;
    use ots_registry::search::rules::{Rule, leave_out};

    use super::{Measured, Options, measure};

    /// Each rule in a process of its own: the tables of folded words are made once.
    pub fn run(options: &Options) {
        if let Some(word) = &options.without {
            let rule = Rule::ALL.iter().find(|rule| rule.word() == word);
            if let Some(rule) = rule {
                leave_out(*rule);
            }
            return line(&measure(options));
        }
        println!(
            "| without | | R@1 | R@10 | MRR | F1 | recall at 0.98 |\n|---|---|---|---|---|---|---|"
        );
        of("", "nothing: all rules");
        for rule in Rule::ALL {
            of(rule.word(), rule.describe());
        }
    }

    fn of(word: &str, what: &str) {
        let program = std::env::current_exe().expect("a program has a path");
        let mut arguments: Vec<std::ffi::OsString> = std::env::args_os()
            .skip(1)
            .filter(|argument| argument != "--ablation")
            .collect();
        arguments.extend(["--without".into(), word.into()]);
        let done = std::process::Command::new(program)
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{done:?}");
        print!(
            "| {word} | {what} {}",
            String::from_utf8_lossy(&done.stdout)
        );
    }

    fn line(found: &Measured) {
        let all = found.tallies.get(ALL).copied().unwrap_or_default();
        println!(
            "| {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
            all.first(),
            all.in_ten(),
            all.reciprocal(),
            found.pairs.f1,
            found.pairs.safe
        );
    }
}
