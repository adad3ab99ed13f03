//! Search over names: what is found for a query, and which names are the same.
//!
//! | file | subject |
//! |---|---|
//! | `fold.rs`, `fold/` | the keys by which names are found and compared (pure) |
//! | `dictionary.rs` | distinct words: by text, by beginning, by likeness (pure) |
//! | `likeness.rs` | how alike two words are (pure) |
//! | `meanings.rs`, `meanings.tsv` | common words that mean the same in several languages (pure) |
//! | `index.rs` | the words of all names in memory, and who may find them (pure) |
//! | `ask.rs` | a query against the index: candidates and scores (pure) |
//! | `within.rs` | initials within a query (pure) |
//! | `places.rs`, `places.tsv` | towns and regions in their spellings (pure) |
//! | `branches.rs`, `branches.tsv` | branches of sport, medicine and science (pure) |
//! | `endings.rs`, `endings.tsv` | endings that make no other word of a word (pure) |
//! | `opposites.rs`, `opposites.tsv` | north and south, deaf and blind, first and second (pure) |
//! | `spellings.rs` | such a table, and which of it a word is (pure) |
//! | `prepared.rs` | a name made ready to be compared with many (pure) |
//! | `abbreviations.rs` | words that stand for the beginning of a word or for the initials of several (pure) |
//! | `joined.rs` | words that one of two names writes together and the other apart (pure) |
//! | `borders.rs` | names of two countries, each read in the ways of both (pure) |
//! | `compare.rs` | whether two names are of one organisation, with reasons (pure) |
//! | `rules.rs` | the rules by name, each to be left out where its worth is measured (pure) |
//! | `quality.rs` | recall and precision over sets of queries and pairs (pure) |
//! | `signs.rs`, `shared_hosts.tsv` | hosts, mail domains and telephone numbers that tell organisations apart (pure) |
//! | `near.rs` | who of the index may be the same organisation (pure) |
//! | `queries.rs` | what the index is made of, read from the tables |
//! | `live.rs` | the index of a running registry, kept up with the journal |

mod abbreviations;
pub mod ask;
pub mod borders;
mod branches;
pub mod compare;
mod dictionary;
mod endings;
pub mod fold;
pub mod index;
mod joined;
pub mod likeness;
mod live;
mod meanings;
pub mod near;
mod opposites;
mod places;
pub mod prepared;
pub mod quality;
mod queries;
pub mod rules;
pub mod signs;
mod spellings;
mod within;

pub use live::Search;

#[cfg(test)]
mod tests;
