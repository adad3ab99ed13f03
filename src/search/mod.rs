//! Search over names: what is found for a query, and which names are the same.
//!
//! | file | subject |
//! |---|---|
//! | `fold.rs`, `fold/` | the keys by which names are found and compared (pure) |

pub mod fold;
