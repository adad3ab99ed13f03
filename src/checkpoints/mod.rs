//! Checkpoints: what the registry signs of its journal, so that nobody, the registry included, can change it unseen.
//!
//! A checkpoint says that the journal has this root at this size. It is signed with a key of its own, kept in the database and in an
//! append-only file, published, and shown to witnesses. Before a new one is signed, the journal must still have the roots of the
//! last one in the database and of the last one in the file: a registry whose hashes were made anew signs nothing any more. The roots
//! come from the stored tree; that the entries are still those it was made of is for `journal verify` to say.
//!
//! | file | what |
//! |---|---|
//! | `signer.rs` | [`Checkpoints`]: the keys with the origin; makes a checkpoint inside a transaction, signs statements |
//! | `job.rs` | the job: keeps the tree, makes a checkpoint when the journal moved, writes the file, asks the witnesses |
//! | `file.rs` | the append-only file |
//! | `witnesses.rs` | the protocol of witnesses (C2SP tlog-witness) |
//! | `restored.rs` | the entry that a restored registry begins with |
//! | `queries.rs` | what is stored of checkpoints |
//! | `dto.rs`, `handlers.rs` | `GET /v1/journal/checkpoint`, `/checkpoint-keys`, `/consistency`, `/{seq}/proof` |
//!
//! The tree, the notes and their verification are the journal's own (`journal/`).

mod dto;
pub mod file;
mod handlers;
mod job;
pub mod queries;
pub mod restored;
mod signer;
pub mod witnesses;

use std::path::Path;

use crate::db::Conn;

pub use handlers::routes;
pub use job::{JOB, Keeper, Kept};
pub use signer::{Checkpoints, Made};

/// Refuses a journal that is not the one of the file's last checkpoint: a database that was exchanged or restored.
pub fn is_of_file(conn: &mut Conn, path: &Path) -> Result<(), String> {
    let Some(held) = file::last(path)? else {
        return Ok(());
    };
    let size = queries::journal_size(conn).map_err(|e| e.to_string())?;
    if held.checkpoint.size <= size {
        // Whether the entries are the same ones is checked before anything is signed.
        return Ok(());
    }
    Err(format!(
        "checkpoint_file: {} ends with a checkpoint of {} entries, and the journal has {size}. If this database was restored from a backup, run `ots-registry journal restored` once; if it is another registry's, name another checkpoint_file",
        path.display(),
        held.checkpoint.size
    ))
}
