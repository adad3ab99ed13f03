//! The OTS NGO Registry.
#![recursion_limit = "256"]
pub mod accounts;
pub mod auth;
pub mod countries;
pub mod db;
pub mod http;
pub mod imports;
pub mod journal;
pub mod memberships;
pub mod organisations;
pub mod search;
pub mod text;
