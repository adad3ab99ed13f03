//! Spreadsheets: reading, planning, applying.
pub mod read;
