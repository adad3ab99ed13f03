//! The OTS NGO Registry: the book of record for the NGO Platform of the Organization of Turkic States.
//!
//! Every change goes one way: request → permission → rule → one transaction with the rows and the journal entry → answer.
//! Everything else (history, feeds, reports, proofs) reads the journal. A folder is a domain; the list is also the order
//! of the floors: a module imports only from those below it.
//!
//! | floor | what |
//! |---|---|
//! | [`cli`] | serve, init, migrate, user, import, openapi, journal: thin, the same calls as the API |
//! | [`demo`] | made-up organisations and one account per role |
//! | [`app`], [`pages`] | wires the parts; the whole URL tree on one screen; the few pages about the service |
//! | [`config`] | one table of keys; refuses unknown and weak values |
//! | [`reports`] | what auditors read, with the ids behind every figure: a report is a query and a table |
//! | [`imports`] | spreadsheets: read → plan (dry run) → apply; export |
//! | [`memberships`] | the ledger: state machine and fold (pure), one file per act, proposals |
//! | [`duplicates`] | pairs of the register that may be one organisation |
//! | [`organisations`] | names, identifiers, registry number, lists, withholding |
//! | [`checkpoints`] | what the registry signs of its journal: checkpoints, their file, witnesses |
//! | [`jobs`] | background jobs: leases and runs |
//! | [`accounts`] | log-in, sessions, accounts, invitations, partner keys |
//! | [`search`] | the folding of names (pure) |
//! | [`journal`] | the chain (pure), entries, verification |
//! | [`countries`] | reference data: one file per country; identifier checks |
//! | [`auth`] | principals, the table of rights, permits, passwords, tokens |
//! | [`http`] | problems, extractors, pages, tags, idempotency, limits, the envelope |
//! | [`db`] | the only place that knows there are two databases |
//!
//! `docs/map.md` says more, and how to add a field, a route or a table.
#![recursion_limit = "256"]

pub mod accounts;
pub mod app;
pub mod auth;
pub mod checkpoints;
pub mod cli;
pub mod config;
pub mod countries;
pub mod db;
pub mod demo;
pub mod duplicates;
pub mod http;
pub mod imports;
pub mod jobs;
pub mod journal;
pub mod memberships;
pub mod organisations;
pub mod pages;
pub mod people;
pub mod registry_number;
pub mod reports;
pub mod search;
pub mod text;

/// The allocator of the program, its benches and its tests. An import makes and drops a hundred small pieces a row, and answers are made by one thread and
/// sent by another: that is a quarter of the time with the C library's (docs/decisions/0021-one-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
