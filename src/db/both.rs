//! A connection to one of the two databases, as Diesel's derive makes it.
#![allow(
    missing_docs,
    clippy::allow_attributes,
    reason = "the MultiConnection derive makes undocumented items"
)]

use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};

/// A connection to SQLite or to PostgreSQL.
#[derive(diesel::MultiConnection)]
pub enum Both {
    /// SQLite, inside this process.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}
