//! The suite: the whole application, in-process, on SQLite and on PostgreSQL.
//!
//! One binary, one module an area. Every test gets a database of its own from a migrated template. `both!` runs a test on
//! each database; PostgreSQL comes from `TEST_DATABASE_URL`, or from its own binaries in a throw-away cluster; where there
//! is neither, its tests say so and pass, unless `OTS_TEST_REQUIRE_POSTGRES` is set.

mod kit;

mod conventions;
mod imports;
mod memberships;
mod migrations;
mod organisations;
