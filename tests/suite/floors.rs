//! The floors of the house: `docs/map.md` lists the folders of `src/`, and each imports only from those below its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders and files of the map, each with its floor, the highest first.
fn floors() -> BTreeMap<String, usize> {
    let map = std::fs::read_to_string(root().join("docs/map.md")).unwrap();
    let rows = map
        .split("## Floors")
        .nth(1)
        .unwrap()
        .split("Beside `src/`")
        .next()
        .unwrap();
    let names = rows
        .lines()
        .filter(|line| line.starts_with("| `"))
        .enumerate();
    names
        .flat_map(|(floor, line)| {
            let cell = line.split('|').nth(1).unwrap().to_owned();
            let words: Vec<String> = cell
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect();
            words.into_iter().map(move |word| {
                (
                    word.trim_end_matches('/')
                        .trim_end_matches(".rs")
                        .to_owned(),
                    floor,
                )
            })
        })
        .collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The modules of the crate that a text names: `crate::a::b`, and `crate::{a, b::c}`.
fn named(text: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect::<String>()
    };
    let mut found = Vec::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => found.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let top: String = list
                    .chars()
                    .take_while(|c| {
                        depth += i32::from(*c == '{') - i32::from(*c == '}');
                        depth >= 0
                    })
                    .collect();
                let mut inside = 0;
                for part in top.split(',') {
                    if inside == 0 {
                        found.push(word(part.trim()));
                    }
                    inside += part.matches('{').count();
                    inside -= part.matches('}').count();
                }
            }
        }
    }
    found
}

#[test]
fn every_folder_imports_from_lower_floors_alone() {
    let floors = floors();
    let source = root().join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let (mut wrong, mut looked) = (Vec::new(), 0);
    for path in all {
        let inside = path.strip_prefix(&source).unwrap();
        let first = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let folder = first.trim_end_matches(".rs");
        let Some(own) = floors.get(folder) else {
            panic!("{folder} is not on the map");
        };
        let text = std::fs::read_to_string(&path).unwrap();
        // Tests may look down from above.
        let text = text.split("#[cfg(test)]").next().unwrap();
        if inside
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
        {
            continue;
        }
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for name in named(&code.join("\n")) {
            looked += 1;
            if floors.get(&name).is_some_and(|other| other < own) {
                wrong.push(format!("{}: {name}", inside.display()));
            }
        }
    }
    assert!(looked > 1_000, "{looked}");
    wrong.sort();
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new(), "imports from a higher floor");
}
