//! The keys with the origin: what the registry signs.

use std::sync::Arc;

use super::queries::{self, StoredCheckpoint};
use crate::auth::checkpoint_keys::{CheckpointKeys, PublicKey};
use crate::db::{Conn, Instant, Tx};
use crate::http::Error;
use crate::journal::merkle::Hash;
use crate::journal::note::{Checkpoint, SignedNote, VerifierKey, signature_line};
use crate::journal::tree;

/// What signs checkpoints, cheap to clone.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    keys: CheckpointKeys,
    origin: Arc<str>,
}

/// A checkpoint that was made inside a transaction, or was there already.
pub type Made = StoredCheckpoint;

impl Checkpoints {
    /// These keys under this origin.
    pub fn new(keys: CheckpointKeys, origin: &str) -> Self {
        Self {
            keys,
            origin: origin.into(),
        }
    }

    /// The log's name, which is also that of its keys.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys.
    pub fn keys(&self) -> &CheckpointKeys {
        &self.keys
    }

    /// A public key in the form that verifiers hold it.
    pub fn verifier_key(&self, key: &PublicKey) -> VerifierKey {
        VerifierKey::of_log(&self.origin, key.public)
    }

    /// Every public key in that form.
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        let keys = self.keys.published();
        keys.iter().map(|key| self.verifier_key(key)).collect()
    }

    /// A text with our signature below it, as a signed note. `kind` says what it is: the text begins with the origin, a slash and
    /// the kind, so that it can never be taken for a checkpoint.
    ///
    /// # Errors
    ///
    /// No key, or a body with an empty line.
    pub fn sign_statement(&self, kind: &str, body: &str) -> Result<String, Error> {
        if body.contains("\n\n") || body.is_empty() || !body.ends_with('\n') {
            return Err(Error::internal("a statement is whole lines, none empty"));
        }
        self.signed(format!("{}/{kind}\n{body}", self.origin))
    }

    fn signed(&self, text: String) -> Result<String, Error> {
        let (key, signature) = self.keys.sign(text.as_bytes()).map_err(Error::internal)?;
        let line = signature_line(&self.verifier_key(&key), &signature);
        Ok(format!("{text}\n{line}"))
    }

    /// Signs this root at this size.
    pub fn sign(&self, size: u64, root: Hash) -> Result<SignedNote, Error> {
        let checkpoint = Checkpoint {
            origin: self.origin.to_string(),
            size,
            root,
        };
        let note = self.signed(checkpoint.text())?;
        SignedNote::parse(&note)
            .ok_or_else(|| Error::internal("a checkpoint of our own cannot be read"))
    }

    /// The checkpoint of the journal as it is inside this transaction, with the entries that it wrote itself: signed and kept, or the
    /// one that is there already. What else the transaction records of it is good if and only if it commits.
    ///
    /// # Errors
    ///
    /// The journal is not the one that the last checkpoint was made of.
    pub fn make(&self, tx: &mut Tx<'_>, now: Instant) -> Result<Made, Error> {
        let size = queries::journal_size(tx)?;
        if let Some(there) = queries::of_size(tx, size)?
            && tree::root_at(tx, size)? == there.root
        {
            return Ok(there);
        }
        let last = queries::latest(tx)?;
        if let Some(last) = &last {
            must_have(tx, last.size, &last.root, "the database's last checkpoint")?;
        }
        let root = tree::root_at(tx, size)?;
        let note = self.sign(size, root)?;
        queries::insert(tx, &note, now)?;
        Ok(Made {
            size,
            root,
            note: note.note(),
            made_at: now,
        })
    }
}

/// Refuses unless the journal has this root at this size.
pub(super) fn must_have(conn: &mut Conn, size: u64, root: &Hash, whose: &str) -> Result<(), Error> {
    let now = queries::journal_size(conn)?;
    if size > now {
        return Err(Error::internal(format!(
            "{whose} is of {size} entries, and the journal ends at {now}: after a restore run `ots-registry journal restored`; nothing is signed"
        )));
    }
    if tree::root_at(conn, size)? != *root {
        return Err(Error::internal(format!(
            "the first {size} entries of the journal are not those of {whose}: run `ots-registry journal verify`; nothing is signed"
        )));
    }
    Ok(())
}
