//! Reports for auditors: a report is a query and a table, and any format writes any table.
//!
//! An answer has two parts. The data part says what was asked and what is so; in its canonical form (RFC 8785) its SHA-256 is
//! the same for ever for the same question and position of the journal. The cover says who made it, when, by which program.
//!
//! | file | what |
//! |---|---|
//! | `table.rs`, `chart.rs` | columns, cells, tables and drawings (pure), and what the contract says of rows |
//! | `report.rs` | a report: question and tables; canonical form, hash, cover |
//! | `list.rs` | lists that are read in parts: pages, and whole ones |
//! | `csv.rs`, `xlsx.rs`, `pdf.rs`, `html.rs` | any report in that format |
//! | `draw.rs`, `drill.rs` | for pages: charts as SVG, and the way from a figure to the list behind it (pure) |
//! | `desk/` | the auditors' desk: all of it as pages in a browser, after a log-in |
//! | `answer.rs`, `turns.rs` | how a report goes out: format, page, stream; two big ones at a time |
//! | `making.rs` | big files for the desk, made beside the requests that ask how far they have come |
//! | `question.rs` | what the parameters of a report ask for |
//! | `register.rs` | who is a member on a day |
//! | `roll_forward.rs` | how the numbers moved in a period (the sums, and the proof that they balance) |
//! | `restatement.rs` | why the opening is not the closing that an earlier report gave |
//! | `causes.rs` | which event brought a row about |
//! | `members.rs` | who is behind a figure of the roll-forward |
//! | `standing.rs`, `ageing.rs`, `renewals.rs`, `decisions.rs`, `exceptions.rs`, `data_quality.rs`, `sample.rs` | the other reports, each with the list behind its figures |
//! | `periods/` | closing a period: what the reports say of it is frozen and signed |
//! | `queries.rs` and its folder | all reading SQL of reports |
//! | `handlers/` | the routes, one file a report |
//!
//! Withheld organisations are in every report: officers and auditors reach them.

pub mod ageing;
pub mod answer;
pub mod causes;
pub mod chart;
pub mod csv;
pub mod data_quality;
pub mod decisions;
pub mod desk;
pub mod draw;
pub mod drill;
pub mod exceptions;
pub mod handlers;
pub mod html;
pub mod list;
pub mod making;
pub mod members;
pub mod pdf;
pub mod periods;
pub mod queries;
pub mod question;
pub mod register;
pub mod renewals;
pub mod report;
pub mod restatement;
pub mod roll_forward;
pub mod sample;
pub mod standing;
pub mod table;
pub mod turns;
pub mod xlsx;

pub use handlers::routes;
