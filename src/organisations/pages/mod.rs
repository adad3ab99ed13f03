//! Pages for people: the search and the public record of an organisation, in the browser's language.
//!
//! They show what the JSON of the public surface shows and nothing else, whoever asks.
//!
//! | file | what |
//! |---|---|
//! | `search.rs` | `GET /search`: what was asked and what is found |
//! | `results.rs` | how that is shown: hits, facets as links, pages |
//! | `record.rs` | `GET /organisations/{number}`: one public record |
//! | `parts.rs` | what both write: names, days, standings, countries |

mod parts;
mod record;
mod results;
mod search;

use crate::http::Routes;

pub use parts::{country, form};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(search::get_search_page)
        .service(record::get_organisation_page);
}

#[cfg(test)]
mod tests {
    use crate::http::Language;
    use crate::organisations::model::{NameKind, RelationKind, STANDINGS, TYPE_CHANGED, TYPES};

    #[test]
    fn every_word_of_the_closed_lists_has_a_label() {
        let known = |list: &str, word: &str| {
            let found = Language::default().word(list, word);
            assert!(found.is_some(), "{list}.{word}");
        };
        NameKind::ALL.iter().for_each(|k| known("name", k.as_str()));
        RelationKind::ALL
            .iter()
            .for_each(|k| known("relation", k.as_str()));
        let standings = STANDINGS.iter().chain([&TYPE_CHANGED]);
        standings.for_each(|word| known("state", word));
        TYPES.iter().for_each(|word| known("type", word));
    }

    #[test]
    fn the_pages_use_every_label_and_no_other() {
        let sources = [
            include_str!("../../http/sheet.rs"),
            include_str!("../../pages.rs"),
            include_str!("parts.rs"),
            include_str!("search.rs"),
            include_str!("results.rs"),
            include_str!("record.rs"),
            include_str!("../../reports/desk/asking.rs"),
            include_str!("../../reports/desk/frame.rs"),
            include_str!("../../reports/desk/front.rs"),
            include_str!("../../reports/desk/journal.rs"),
            include_str!("../../reports/desk/log_in.rs"),
            include_str!("../../reports/desk/periods.rs"),
        ];
        let used: Vec<&str> = sources
            .iter()
            .flat_map(|text| text.split("label(\"").skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let table = include_str!("../../http/labels.tsv");
        let keys = || table.lines().skip(1).filter_map(|l| l.split('\t').next());
        for key in &used {
            assert!(keys().any(|known| known == *key), "{key} has no label");
        }
        let lists = [
            "name", "in", "how", "state", "type", "relation", "report", "about", "role",
        ];
        for key in keys() {
            let in_list = key
                .split_once('.')
                .is_some_and(|(list, _)| lists.contains(&list));
            assert!(in_list || used.contains(&key), "nothing shows {key}");
        }
    }
}
