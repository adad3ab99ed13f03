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
//! - [`late`]: what was learnt late of those sums.
//! - [`proposed`], [`propose`], [`decide`], `consent`, `retract`: acts that take two people; `on_organisation`: those on a whole
//!   organisation, of which `as_a_whole` says what is possible; `second`: who cannot be the second one; `seen`: what a reader sees of a proposal.
//! - one file per act: [`apply`], `submit`, `review`, `release`, `reassign`, `return_application`, `withdraw_application`, [`recommend`],
//!   `renew`, `renew_many`, `withdraw`, `suspend`, `lift`, `expel`, `reinstate`, `change_type`, `correct`, `transfer`, `dissolve`,
//!   `withdraw_dissolution`, `merge`, `unmerge`.
//! - `beside`, `merges`: what an event of one membership may not do to its organisation, or to a merge.
//! - [`recorder`]: writes down what the calendar did by itself; nothing depends on it.
//! - [`derived`]: holds the stored timelines against the fold, for `journal verify`.
//! - `corrector`: who may correct what one person recorded; `foreseen`: whether the whole organisation can take a correction;
//!   `follow`: what follows on it.
//! - `tasks`, `deciders`: what waits for whom; [`calendar`]: what the calendar will do.
//! - [`dto`], [`handlers`]: the wire.
//!
//! Nothing in the core knows what day it is: "today" is an argument of the questions put to a
//! [`ledger::Ledger`].

pub mod acts;
pub mod admissible;
pub mod adoption;
pub mod apply;
mod as_a_whole;
mod beside;
pub mod calendar;
mod change_type;
mod consent;
mod correct;
pub mod corrections;
mod corrector;
pub mod decide;
mod deciders;
pub mod derived;
pub mod dissolve;
pub mod dto;
mod expel;
pub mod fold;
mod follow;
mod foreseen;
pub mod handlers;
pub mod late;
pub mod ledger;
mod lift;
pub mod machine;
mod merge;
mod merges;
pub mod model;
pub mod on_organisation;
pub mod propose;
pub mod proposed;
pub mod queries;
mod reassign;
pub mod recommend;
pub mod record;
pub mod recorder;
mod reinstate;
mod release;
mod renew;
mod renew_many;
mod retract;
mod return_application;
mod review;
pub mod rows;
pub mod rules;
mod second;
mod seen;
mod submit;
mod suspend;
mod tasks;
pub mod timeline;
mod transfer;
mod unmerge;
mod view;
mod withdraw;
mod withdraw_application;
mod withdraw_dissolution;

pub use handlers::routes;

#[cfg(test)]
mod samples;
