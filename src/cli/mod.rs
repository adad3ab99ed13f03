//! The command line: thin, the same calls as the API's.
pub mod import;
