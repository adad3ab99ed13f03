//! The journal: an append-only, gapless, hash-chained record of every change.
//!
//! Every change is written by [`enter`]: it takes the head row (which orders the writers and gives `seq` and
//! `recorded_at`), runs the change, and records what it did, all in the caller's transaction. What an entry says
//! about rows are their images after the change, split by who may read them; the entry itself holds only a
//! hash over salted hashes of the parts, so that a private part can be erased later without breaking the chain.
//!
//! | file | what |
//! |---|---|
//! | `chain.rs` | the hashes (pure) |
//! | `facts.rs` | [`Recorded`]: rows as public, private and personal facts |
//! | `columns.rs` | a row's columns as JSON texts |
//! | `append.rs` | [`enter`] |
//! | `erase.rs` | a person's items: finding and forgetting them |
//! | `moment.rs` | the two times of a question: [`Moment`] |
//! | `merkle.rs` | the tree over the journal (pure) |
//! | `note.rs` | signed checkpoints (pure) |
//! | `tree.rs` | the tree as it is stored; proofs |
//! | `export.rs` | the journal as a file |
//! | `verify/` | replays the journal, and compares it with what was signed of it and with the tables |
//! | `queries.rs` | pages of entries |
//! | `dto.rs`, `handlers.rs` | `GET /v1/journal` |
//!
//! What is in the journal and what is machinery: `docs/journal.md`.

mod append;
pub mod chain;
mod columns;
mod dto;
pub mod erase;
pub mod export;
mod facts;
pub mod handlers;
pub mod merkle;
pub mod moment;
pub mod note;
pub mod queries;
pub mod tree;
mod verify;

pub use append::{Batch, Entry, enter};
pub use dto::{JournalEntry, JournalFacts};
pub use facts::{Class, Recorded, Split};
pub use moment::{KnownAt, Moment};
/// The action of the entry that a restored registry begins with.
pub const RESTORED: &str = "registry.restored";

/// The subject of that entry: the last entry of before, and behind a slash how many were known to have been there, if that is known.
pub fn restored_subject(last: u64, known: Option<u64>) -> String {
    match known {
        Some(known) => format!("entry:{last}/{known}"),
        None => format!("entry:{last}"),
    }
}

pub use verify::{
    Against, Finding, Image, Images, Lost, Report, Table, Take, Walk, export::verify_export,
    images, verify, verify_with,
};
