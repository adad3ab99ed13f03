//! Reports for auditors: a report is a query and a table, and any format writes any table.
//!
//! An answer has two parts. The data part says what was asked and what is so; in its canonical form (RFC 8785) its SHA-256 is
//! the same for ever for the same question and position of the journal. The cover says who made it, when, by which program.
//!
//! | file | what |
//! |---|---|
//! | `table.rs` | columns, cells, tables (pure), and what the contract says of their rows |
//! | `report.rs` | a report: question and tables; canonical form, hash, cover |
//! | `csv.rs` | any report as CSV |
//! | `question.rs` | what the parameters of a report ask for |
//! | `register.rs` | who is a member on a day |
//! | `roll_forward.rs` | how the numbers moved in a period (the sums, and the proof that they balance) |
//! | `restatement.rs` | why the opening is not the closing that an earlier report gave |
//! | `members.rs` | who is behind a figure of the roll-forward |
//! | `queries.rs` | all reading SQL of reports |
//! | `handlers.rs` | the routes |
//!
//! Withheld organisations are in every report: officers and auditors reach them.

pub mod csv;
pub mod handlers;
pub mod members;
pub mod queries;
pub mod question;
pub mod register;
pub mod report;
pub mod restatement;
pub mod roll_forward;
pub mod table;

pub use handlers::routes;
