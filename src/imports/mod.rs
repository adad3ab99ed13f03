//! Spreadsheets in and out: read → plan (dry run) → apply, and the export that imports again unchanged.
//!
//! | file | what |
//! |---|---|
//! | `read/` | from bytes to named cells (pure) |
//! | `mask.rs` | takes persons' numbers out of a row before anything else looks at it (pure) |
//! | `schemes.rs` | which scheme a header means in a row's country (pure) |
//! | `words.rs` | small languages inside cells (pure) |
//! | `draft.rs` | a row as what it says of an organisation (pure) |
//! | `compare.rs` | what a row changes of an organisation; the cells that an export writes (pure) |
//! | `cores.rs` | rows looked at on all cores |
//! | `near.rs` | which organisations and earlier rows a row may be |
//! | `plan.rs` | what becomes of a row (pure) |
//! | `model.rs`, `rows.rs` | the words of an import, its rows |
//! | `queries.rs` | all SQL |
//! | `upload.rs` | from a file to a dry run |
//! | `apply.rs` | storing a plan, applying it in chunks |
//! | `blank.rs` | blanking what an import's own row says of a person who is forgotten |
//! | `run.rs` | the whole way on one connection |
//! | `turns.rs` | how many uploads are read at once |
//! | `names.rs` | which organisation each row of a spreadsheet means |
//! | `sheet.rs` | tables as CSV and XLSX, safe against formulas |
//! | `export.rs` | a country's register as a spreadsheet |
//! | `dto.rs`, `handlers.rs`, `export_handlers.rs` | the routes |

mod apply;
pub mod blank;
mod compare;
mod cores;
mod draft;
mod dto;
mod export;
mod export_handlers;
mod handlers;
mod mask;
pub mod model;
pub mod names;
mod near;
mod plan;
mod queries;
pub mod read;
mod rows;
pub mod run;
mod schemes;
pub mod sheet;
pub mod turns;
mod upload;
mod words;

pub use apply::{Chunk, Next, Pace, chunk, commit, finish, store};
pub use dto::{Import, ImportLine};
pub use export::{Format, export};
pub use handlers::{meaning, routes};
pub use model::{Counts, Finding, FindingCode, ImportOptions, Outcome, Reading, Resolution};
pub use rows::recorded_tables;
pub use run::{Mode, Progress, ReportRow, Summary, report, report_csv, run};
pub use upload::{Plan, PlannedRow, plan};
