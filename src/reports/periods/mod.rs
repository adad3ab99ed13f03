//! Closing a period: what the reports of its days say is frozen and signed, and stays so.
//!
//! A closing is one entry of the journal. It holds the hash of each report's data part, with the question that gives it again for
//! ever (`known_at=seq:…`). What is recorded later of these days changes no frozen report: it shows in the roll-forward of the next
//! period, line by line, and among the exceptions. There is no opening again (`docs/decisions/0017-a-closed-period-stays-closed.md`).
//!
//! | file | what |
//! |---|---|
//! | `freeze.rs` | the set of reports, and their hashes at a position |
//! | `again.rs` | makes that set anew and holds it against what was signed |
//! | `close.rs` | which period may be closed, and the act |
//! | `statement.rs` | what is signed, and how it is read again (pure) |
//! | `saved.rs` | reports as somebody saved them, lists put together of their pages (pure) |
//! | `rows.rs`, `queries.rs` | what is stored |
//! | `dto.rs`, `handlers.rs` | `POST` and `GET /v1/periods` |

pub mod again;
pub mod close;
mod dto;
pub mod freeze;
mod handlers;
pub mod queries;
pub mod rows;
pub mod saved;
pub mod statement;

pub use dto::{Period, PeriodSummary};
pub use handlers::{routes, shown};
pub use rows::recorded_tables;
