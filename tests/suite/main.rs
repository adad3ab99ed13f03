//! The suite: the whole application, in-process, on SQLite and on PostgreSQL.
//!
//! One binary, one module an area. Every test gets a database of its own from a migrated template. `both!` runs a test on
//! each database; PostgreSQL comes from `TEST_DATABASE_URL`, or from its own binaries in a throw-away cluster; where there
//! is neither, its tests say so and pass, unless `OTS_TEST_REQUIRE_POSTGRES` is set.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arc_with_non_send_sync,
    clippy::type_complexity,
    reason = "a test that fails should say so at once"
)]

mod kit;

mod abuse;
mod accounts;
mod ahead;
mod as_a_whole;
mod as_it_is;
mod behind;
mod beside;
mod contract;
mod conventions;
mod corrections;
mod days;
mod desk;
mod desk_of_officers;
mod duplicates;
mod endings;
mod ends;
mod erasures;
mod examples;
mod floors;
mod held;
mod hidden;
mod imports;
mod journal;
mod ledger;
mod locks;
mod login;
mod lost_password;
mod markers;
mod memberships;
mod merging;
mod migrations;
mod moved;
mod moves;
mod mutations;
mod natural_persons;
mod offices;
mod organisations;
mod pages;
mod past;
mod people;
mod periods;
mod processes;
mod proofs;
mod proposals;
mod readings;
mod report_formats;
mod report_kinds;
mod reports;
mod rights;
mod roll_forward;
mod rules;
mod search;
mod second_ids;
mod second_officer;
mod shapes;
mod stages;
mod together;
mod tokens;
