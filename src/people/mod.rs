//! Personal data: who read it, what is held of a person, and its erasure.
//!
//! | file | what |
//! |---|---|
//! | `subject.rs` | [`Subject`]: a contact person of an organisation, or an account |
//! | `known.rs` | by what a person is known in a text, however it is written (pure) |
//! | `traces.rs` | a person's values where they are kept by the way: imports, kept answers |
//! | `emptying.rs` | emptying the log of SQLite after an erasure, and that it is still owed |
//! | `export.rs` | everything that is held of a person |
//! | `erase.rs` | forgetting a person, with an entry of the journal that decides it |
//! | `rectify.rs` | correcting what is held of a person, as the operator |
//! | `rows.rs` | the rows of erasures |
//! | `dto.rs` | the wire |
//! | `handlers.rs`, `read_handlers.rs` | the routes: export and erasure; who read what, for auditors |
//!
//! What the rules are: `docs/personal-data.md`.

mod dto;
pub mod emptying;
mod erase;
mod export;
mod handlers;
mod known;
mod read_handlers;
mod rectify;
mod rows;
mod subject;
mod traces;

use crate::http::Routes;

pub use erase::erase;
pub use export::export;
pub use rectify::{Corrections, rectify};
pub use rows::recorded_tables;
pub use subject::Subject;

/// Adds the routes under `/v1`.
pub fn routes(config: &mut impl Routes) {
    read_handlers::routes(config);
    handlers::routes(config);
}
