//! Memberships: the relation of an organisation to the Platform, kept as a ledger of dated events.
//!
//! The pure core, from the ground up:
//!
//! - [`model`]: the words: states, types, events.
//! - [`rules`]: the dated rules (term, grace, limits, deciders) and the terms that follow from them.
//! - [`acts`]: what people do, and how many people each act takes.
//! - [`machine`]: which act is possible in which state, and where it leads.
//! - [`corrections`]: which events stand, and as of which day, after all corrections.
//! - [`ledger`]: what a fold gives: intervals, flows, turns of the calendar, problems.
//! - [`fold`]: events and rules in, the whole timeline out, the future calendar included.
//! - [`admissible`]: whether one more event keeps the ledger possible; asked inside the write transaction.
//!
//! Around the core:
//!
//! - [`rows`], [`queries`]: the tables, and all reading SQL.
//! - [`record`]: the one frame in which an event is written.
//! - [`adoption`]: which rules hold, and since when the registry knows.
//! - [`timeline`]: the stored timeline, in two times, and its sums.
//! - one file per act: [`apply`], `submit`, `review`, `release`, `return_application`, `withdraw_application`,
//!   [`recommend`], [`decide`], `retract`.
//! - [`derived`]: holds the stored timelines against the fold, for `journal verify`.
//! - [`dto`], [`handlers`]: the wire.
//!
//! Nothing in the core knows what day it is: "today" is an argument of the questions put to a
//! [`ledger::Ledger`].

pub mod acts;
pub mod admissible;
pub mod adoption;
pub mod apply;
pub mod corrections;
pub mod decide;
pub mod derived;
pub mod dto;
pub mod fold;
pub mod handlers;
pub mod ledger;
pub mod machine;
pub mod model;
pub mod queries;
pub mod recommend;
pub mod record;
mod release;
mod retract;
mod return_application;
mod review;
pub mod rows;
pub mod rules;
mod submit;
pub mod timeline;
mod view;
mod withdraw_application;

pub use handlers::routes;

#[cfg(test)]
mod samples;
