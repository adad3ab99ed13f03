//! The auditors' desk: reports, closed periods and the journal as pages in a browser, after a log-in, without a script.
//!
//! What is shown comes from the same functions as the JSON, with the rights of whoever logged in. The session is a cookie that is good
//! for these pages alone (`accounts/desk.rs`). The frame is in the browser's language; what a report says is English, as in every
//! format.
//!
//! | file | what |
//! |---|---|
//! | `frame.rs` | the frame of the pages, and what goes wrong as a page: the log-in form, waiting for a turn; how far a file has come |
//! | `asking.rs` | who looks and what was asked: the form below a report's title that asks again |
//! | `report.rs` | how a report's route becomes a page; the routes stand beside those of the JSON (`handlers/`) |
//! | `log_in.rs` | logging in and out |
//! | `front.rs` | `GET /reports`: which reports there are |
//! | `periods.rs` | closed periods |
//! | `journal.rs` | entries of the journal |

mod asking;
mod frame;
mod front;
mod journal;
mod log_in;
mod periods;
pub mod report;

use crate::http::Routes;

pub use asking::{Asking, Needs, Viewer};
pub use frame::making;

/// Adds the routes. Those with fixed words come before those that take a word for a name.
pub fn routes(config: &mut impl Routes) {
    config
        .service(front::get_desk_page)
        .service(log_in::start_desk_session)
        .service(log_in::end_desk_session)
        .service(periods::list_periods_page)
        .service(periods::get_period_page)
        .service(periods::get_period_statement_file)
        .service(periods::get_period_checkpoint_file)
        .service(journal::list_journal_page)
        .service(journal::get_journal_entry_page);
    super::handlers::page_routes(config);
}
