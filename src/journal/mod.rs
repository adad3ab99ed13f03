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
//! | `verify.rs` | replays the journal and compares it with the tables |
//! | `queries.rs` | pages of entries |
//! | `dto.rs`, `handlers.rs` | `GET /v1/journal` |
//!
//! What is in the journal and what is machinery: `docs/journal.md`.

mod append;
pub mod chain;
mod columns;
mod dto;
pub mod erase;
mod facts;
pub mod handlers;
pub mod moment;
pub mod queries;
mod verify;

pub use append::{Batch, Entry, enter};
pub use dto::{JournalEntry, JournalFacts};
pub use facts::{Class, Recorded, Split};
pub use moment::{KnownAt, Moment};
pub use verify::{Finding, Report, Table, verify};
