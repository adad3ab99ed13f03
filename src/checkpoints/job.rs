//! The job of checkpoints: it keeps the stored tree, makes a checkpoint when the journal has moved, writes the file, and asks the
//! witnesses. Nothing of it is in a writer's transaction but the insertion of what is ready.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::queries::StoredCheckpoint;
use super::signer::{Checkpoints, must_have};
use super::witnesses::{Witness, Witnesses};
use super::{file, queries};
use crate::db::{Db, Instant};
use crate::http::Error;
use crate::jobs::Run;
use crate::journal::note::SignedNote;
use crate::journal::tree;

/// The job's name.
pub const JOB: &str = "checkpoints";
/// Subtrees (of 256 entries) that are hashed in one read.
const CHUNK: u64 = 64;
/// Checkpoints that are copied to the file in one read.
const COPIED: i64 = 200;

/// Keeps the checkpoints of a running registry, cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    db: Db,
    checkpoints: Checkpoints,
    file: Option<Arc<PathBuf>>,
    witnesses: Arc<Witnesses>,
    /// What went wrong the last time, so that it is recorded once.
    failed: Arc<Mutex<String>>,
}

/// What a turn did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The checkpoint that was made.
    pub made: Option<u64>,
    /// Signatures of witnesses that came.
    pub cosigned: usize,
}

impl Keeper {
    /// Keeps the checkpoints of this database in this file.
    pub fn new(
        db: Db,
        checkpoints: Checkpoints,
        file: Option<PathBuf>,
        witnesses: Witnesses,
    ) -> Self {
        Self {
            db,
            checkpoints,
            file: file.map(Arc::new),
            witnesses: Arc::new(witnesses),
            failed: Arc::default(),
        }
    }

    /// One turn: everything that is to be done now. What cannot be reached outside is tried again with the next checkpoint.
    pub async fn turn(&self) -> Result<Kept, Error> {
        let done = self.make().await;
        let text = done.as_ref().err().map(|e| {
            let cause = e.inside().0.map(str::to_owned);
            cause.unwrap_or_else(|| e.to_string())
        });
        self.note_failure(text.unwrap_or_default()).await?;
        let made = done?;
        self.write_file().await?;
        let mut kept = Kept {
            made: made.as_ref().map(|m| m.size),
            cosigned: 0,
        };
        if let Some(made) = made {
            for witness in self.witnesses.all() {
                kept.cosigned += self.ask(witness, &made).await;
            }
            if kept.cosigned > 0 {
                self.append(made.size).await?;
            }
        }
        Ok(kept)
    }

    /// Records in the list of runs that no checkpoint could be made, once for each reason.
    async fn note_failure(&self, text: String) -> Result<(), Error> {
        let is_new = {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = !text.is_empty() && *failed != text;
            failed.clone_from(&text);
            is_new
        };
        if !is_new {
            return Ok(());
        }
        tracing::error!(cause = text, "no checkpoint was signed");
        self.db
            .write(move |tx| {
                let now = Instant::now();
                match Run::begin(tx, JOB, now)? {
                    Some(run) => run.end(tx, now, Err(text.clone())),
                    None => Ok(()),
                }
            })
            .await
    }

    /// Stores what is missing of the tree.
    async fn keep_tree(&self) -> Result<(), Error> {
        loop {
            let rows = self
                .db
                .snapshot(|conn| {
                    let size = queries::journal_size(conn)?;
                    tree::next(conn, size, CHUNK)
                })
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            self.db.write(move |tx| tree::store(tx, &rows)).await?;
        }
    }

    async fn make(&self) -> Result<Option<StoredCheckpoint>, Error> {
        self.keep_tree().await?;
        let held = self.in_file().await?;
        let checkpoints = self.checkpoints.clone();
        let ready = self
            .db
            .snapshot(move |conn| {
                let size = queries::journal_size(conn)?;
                let last = queries::latest(conn)?;
                let moved = last.as_ref().is_none_or(|last| last.size != size);
                if !moved {
                    return Ok(None);
                }
                if let Some(last) = last {
                    must_have(
                        conn,
                        last.size,
                        &last.root,
                        "the database's last checkpoint",
                    )?;
                }
                if let Some(held) = held {
                    let held = held.checkpoint;
                    must_have(conn, held.size, &held.root, "the file's last checkpoint")?;
                }
                let root = tree::root_at(conn, size)?;
                checkpoints.sign(size, root).map(Some)
            })
            .await?;
        let Some(note) = ready else { return Ok(None) };
        self.db
            .write(move |tx| {
                let now = Instant::now();
                let Some(run) = Run::begin(tx, JOB, now)? else {
                    return Ok(None);
                };
                let size = note.checkpoint.size;
                let newest = queries::latest(tx)?.is_none_or(|last| last.size < size);
                let made = newest && queries::insert(tx, &note, now)?;
                run.end(tx, now, Ok(format!("{size} entries")))?;
                Ok(made.then(|| StoredCheckpoint {
                    size,
                    root: note.checkpoint.root,
                    note: note.note(),
                    made_at: now,
                }))
            })
            .await
    }

    async fn in_file(&self) -> Result<Option<SignedNote>, Error> {
        match &self.file {
            None => Ok(None),
            Some(path) => blocking(path.clone(), file::last).await,
        }
    }

    /// Copies to the file what it does not have yet, whichever replica made it. A checkpoint that no key of ours signed is not copied.
    async fn write_file(&self) -> Result<(), Error> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let keys = self.checkpoints.verifier_keys();
        let mut last = self.in_file().await?.map(|note| note.checkpoint.size);
        loop {
            let newer = move |conn: &mut crate::db::Conn| match last {
                Some(size) => queries::after(conn, size, COPIED),
                // A checkpoint of nothing has size 0.
                None => {
                    let mut all: Vec<_> = queries::of_size(conn, 0)?.into_iter().collect();
                    all.extend(queries::after(conn, 0, COPIED)?);
                    Ok(all)
                }
            };
            let rows = self.db.snapshot(newer).await?;
            let Some(newest) = rows.last() else {
                return Ok(());
            };
            last = Some(newest.size);
            for row in rows {
                let signed = SignedNote::parse(&row.note)
                    .is_some_and(|note| keys.iter().any(|key| note.is_signed_by(key)));
                if signed {
                    let write = move |path: &Path| file::append(path, row.made_at, &row.note);
                    blocking(path.clone(), write).await?;
                }
            }
        }
    }

    /// Writes a checkpoint to the file once more, with the signatures that came.
    async fn append(&self, size: u64) -> Result<(), Error> {
        let row = self
            .db
            .read(move |conn| queries::of_size(conn, size))
            .await?;
        if let (Some(path), Some(row)) = (&self.file, row) {
            let write = move |path: &Path| file::append(path, row.made_at, &row.note);
            blocking(path.clone(), write).await?;
        }
        Ok(())
    }

    /// Shows a checkpoint to a witness, and keeps what it signs.
    async fn ask(&self, witness: &Witness, made: &StoredCheckpoint) -> usize {
        match self.signatures_of(witness, made).await {
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(witness = witness.url, error, "a witness did not sign");
                0
            }
        }
    }

    async fn signatures_of(
        &self,
        witness: &Witness,
        made: &StoredCheckpoint,
    ) -> Result<usize, String> {
        let (witnesses, witness, shown) = (self.witnesses.clone(), witness.clone(), made.clone());
        let db = self.db.clone();
        let handle = tokio::runtime::Handle::current();
        let lines = tokio::task::spawn_blocking(move || {
            let size = shown.size;
            witnesses.ask(&witness, &shown, &mut |old| {
                let proof = db.snapshot(move |conn| tree::consistency(conn, old, size));
                let proof: Result<_, Error> = handle.block_on(proof);
                proof.map(|p| p.path).map_err(|e| e.to_string())
            })
        });
        let lines = lines.await.map_err(|e| e.to_string())??;
        let (size, count) = (made.size, lines.len());
        self.db
            .write(move |tx| {
                for (name, line) in &lines {
                    queries::insert_cosignature(tx, size, name, line, Instant::now())?;
                }
                Ok::<_, Error>(())
            })
            .await
            .map_err(|e| e.to_string())?;
        Ok(count)
    }
}

/// Runs work on a file on a thread that may wait.
async fn blocking<T: Send + 'static>(
    path: Arc<PathBuf>,
    work: impl FnOnce(&Path) -> Result<T, String> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(move || work(&path)).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}
