//! The only place that knows there are two databases.
//!
//! | file | what |
//! |---|---|
//! | `url.rs` | which database a URL names; a URL without a scheme is refused |
//! | `conn.rs` | [`Conn`], the SQLite-or-PostgreSQL connection, and how one is opened and checked |
//! | `both.rs` | [`Both`]: what is inside of it, as Diesel's derive makes it |
//! | `erased.rs` | how a [`Conn`] runs queries: without their types, so that it is compiled once |
//! | `as_it_is.rs` | opening one to look at it and change nothing |
//! | `pool.rs` | [`Db`]: dedicated threads behind an async face, reads and write transactions |
//! | `gather.rs` | [`Gather`]: questions of one kind that come at the same time, asked in one call |
//! | `failure.rs` | [`Failure`]: what can go wrong, with one name for a constraint on both databases |
//! | `dialect.rs` | the few texts that differ: row locks, advisory locks, upserts |
//! | `kept.rs` | statements of our own that stay prepared: what every request asks for |
//! | `marks.rs` | marks of the registry as a whole, like that it holds a demo |
//! | `migrate.rs` | the embedded migrations, run under a lock |
//! | `schema.rs` | the tables, once for both databases |
//! | `types.rs` | [`Id`], [`Instant`]: columns that are the same on both databases |
//!
//! Instants are `BIGINT` microseconds and ids are `BIGINT`, so no column type differs between the databases
//! (`docs/decisions/0002-portable-columns.md`).

mod as_it_is;
mod both;
mod conn;
pub mod dialect;
mod erased;
mod failure;
mod gather;
pub mod kept;
pub mod marks;
pub mod migrate;
mod pool;
pub mod schema;
mod types;
mod url;

pub use as_it_is::{Untouched, same_moment};
pub use both::{Both, MultiBackend};
pub use conn::Conn;
pub use failure::{Failure, MaybeRetry};
pub use gather::Gather;
pub(crate) use pool::in_snapshot;
pub use pool::{Db, Sizes, Tx};
pub use types::{Id, Instant, NotAnId};
pub use url::DatabaseUrl;
