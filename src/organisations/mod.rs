//! Organisations: the NGOs themselves.
//!
//! | file | what |
//! |---|---|
//! | `model.rs` | own types and words (pure) |
//! | `rows.rs` | the rows, and who may read which column |
//! | `queries.rs` | all reading SQL; every query asks for a reach |
//! | `whole.rs` | one organisation with its lists, in one statement |
//! | `view.rs` | from rows to what a reader may see |
//! | `past.rs` | organisations as they were, replayed from the journal |
//! | `register.rs` | the one way in, for the API, the import and the demo |
//! | `change.rs` | the frame of every change, and the merge patch |
//! | `items.rs` | names, identifiers, contacts, relations, evidence |
//! | `identity.rs` | what an organisation is told by, as a fingerprint |
//! | `refold.rs` | keys of names made anew behind a new folding |
//! | `withhold.rs` | withholding a whole record |
//! | `merged.rs` | where an old number leads, and what an organisation took over |
//! | `alike.rs` | whether two organisations may be one (pure) |
//! | `candidates.rs` | which registered ones a new one may be |
//! | `distinct.rs` | pairs that somebody said are different |
//! | `found.rs` | a search: what the index finds, narrowed like the list |
//! | `known.rs` | what is known of one that is to be matched, checked (pure) |
//! | `matching.rs` | which organisation a name means |
//! | `pages/` | pages for people: the search, a public record |
//! | `dto.rs`, `search_dto.rs` | the wire |
//! | `read_handlers.rs`, `search_handlers.rs`, `handlers.rs`, `item_handlers.rs` | the routes: reading, searching, changing, lists |

pub mod alike;
pub mod candidates;
pub mod change;
pub mod distinct;
pub mod dto;
pub mod found;
pub mod handlers;
pub mod identity;
mod item_handlers;
pub mod items;
pub mod known;
pub mod matching;
pub mod merged;
pub mod model;
pub mod moves;
pub mod pages;
pub mod past;
pub mod queries;
mod read_handlers;
pub mod refold;
pub mod register;
pub mod rows;
pub mod search_dto;
mod search_handlers;
pub mod view;
mod whole;
mod withhold;

pub use crate::registry_number::{self as number, RegistryNumber};
pub use handlers::routes;
pub use read_handlers::{ByNumber, known_countries, parse_number, redirect};

pub use crate::text;
