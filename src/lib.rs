//! The OTS NGO Registry.
#![recursion_limit = "256"]
pub mod auth;
pub mod cli;
pub mod countries;
pub mod db;
pub mod http;
pub mod imports;
pub mod journal;
pub mod memberships;
pub mod organisations;
pub mod search;
