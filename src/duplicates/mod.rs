//! Pairs of the register that may be one organisation: found by a job, looked through by officers.
//!
//! | file | what |
//! |---|---|
//! | `rows.rs` | the rows of the list |
//! | `queries.rs` | all SQL |
//! | `find.rs` | the pairs of some organisations, by the index and by comparing in full |
//! | `round.rs` | the job: what changed at once, and everything once a day |
//! | `dto.rs`, `handlers.rs` | the routes |
//!
//! The list is derived and made anew; nothing depends on it. What an officer says of a pair is a fact
//! ([`crate::organisations::distinct`]).

mod dto;
mod find;
mod handlers;
pub mod queries;
pub mod round;
pub mod rows;

pub use handlers::routes;
