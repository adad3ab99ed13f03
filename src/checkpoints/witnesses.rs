//! Witnesses: others who look at every checkpoint, remember the last, and sign that the next one only adds to it
//! (C2SP tlog-witness, `add-checkpoint`).

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64;

use super::queries::StoredCheckpoint;
use crate::http::outgoing::{Outgoing, Reply};
use crate::journal::merkle::Hash;
use crate::journal::note::{Kind, SignedNote, VerifierKey};

/// A witness as it is configured: its address, and its key where its signature is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The prefix of its addresses, without a slash at the end.
    pub url: String,
    /// Its key.
    pub key: Option<VerifierKey>,
}

impl Witness {
    /// Reads `https://…` or `KEY https://…`; plain http is for a loopback address, where that is allowed.
    pub fn parse(text: &str, loopback: bool) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (first, second) = (words.next()?, words.next());
        if words.next().is_some() {
            return None;
        }
        let (key, url) = match second {
            None => (None, first),
            Some(url) => (Some(VerifierKey::parse(first)?), url),
        };
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://").filter(|_| loopback))?;
        let plain = !host.is_empty() && !host.contains(['?', '#', '@']);
        let cosigns = key.as_ref().is_none_or(|k| k.kind == Kind::Cosignature);
        (plain && cosigns).then(|| Self {
            url: url.trim_end_matches('/').to_owned(),
            key,
        })
    }
}

/// The witnesses with what is known of each.
#[derive(Debug)]
pub struct Witnesses {
    all: Vec<Witness>,
    client: Outgoing,
    /// The size of the last checkpoint that each has seen, as far as this process knows.
    seen: Mutex<HashMap<String, u64>>,
}

/// The proof that a tree of so many entries is the beginning of the checkpoint's.
pub type Prove<'p> = dyn FnMut(u64) -> Result<Vec<Hash>, String> + 'p;

impl Witnesses {
    /// These witnesses, asked by this client.
    pub fn new(all: Vec<Witness>, client: Outgoing) -> Self {
        Self {
            all,
            client,
            seen: Mutex::default(),
        }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The witnesses.
    pub fn all(&self) -> &[Witness] {
        &self.all
    }

    fn seen(&self, url: &str) -> u64 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(url).copied().unwrap_or(0)
    }

    fn has_seen(&self, url: &str, size: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(url.to_owned(), size);
    }

    /// Shows a checkpoint to one witness; gives its good signatures (names and lines). A witness that has seen another size says so, and
    /// is asked once more.
    pub fn ask(
        &self,
        witness: &Witness,
        checkpoint: &StoredCheckpoint,
        prove: &mut Prove<'_>,
    ) -> Result<Vec<(String, String)>, String> {
        let mut note =
            SignedNote::parse(&checkpoint.note).ok_or("the checkpoint cannot be read")?;
        let mut old = self.seen(&witness.url);
        for _ in 0..2 {
            if old > checkpoint.size {
                return Err(format!(
                    "it has seen {old} entries, and this checkpoint has {}",
                    checkpoint.size
                ));
            }
            let reply = self.send(witness, old, &note, prove)?;
            match reply.status {
                200 => {
                    self.has_seen(&witness.url, checkpoint.size);
                    let keys: Vec<VerifierKey> = witness.key.iter().cloned().collect();
                    return Ok(note.cosigned(&reply.body, &keys));
                }
                409 => {
                    old = reply
                        .body
                        .trim()
                        .parse()
                        .map_err(|_| "it does not say which size it has seen")?;
                }
                status => return Err(format!("it answers {status}")),
            }
        }
        Err("it changes what it has seen".to_owned())
    }

    fn send(
        &self,
        witness: &Witness,
        old: u64,
        note: &SignedNote,
        prove: &mut Prove<'_>,
    ) -> Result<Reply, String> {
        let mut body = format!("old {old}\n");
        for hash in prove(old)? {
            // Writing to a String cannot fail.
            let _ = writeln!(body, "{}", BASE64.encode(&hash));
        }
        body.push('\n');
        body.push_str(&note.note());
        self.client
            .post(&format!("{}/add-checkpoint", witness.url), &body)
    }
}

#[cfg(test)]
mod tests {
    use super::Witness;

    #[test]
    fn a_witness_is_an_https_address_with_or_without_its_key() {
        // A cosigning key: the name, the id over name, kind 4 and value, and kind with value.
        let key = crate::journal::note::VerifierKey {
            name: "witness.example".to_owned(),
            kind: crate::journal::note::Kind::Cosignature,
            public: [3; 32],
        };
        let parsed = Witness::parse(
            &format!("{} https://witness.example/log/", key.text()),
            false,
        )
        .unwrap();
        assert_eq!(parsed.url, "https://witness.example/log");
        assert_eq!(parsed.key, Some(key));
        assert!(
            Witness::parse("https://witness.example", false)
                .unwrap()
                .key
                .is_none()
        );
        for refused in [
            "",
            "http://witness.example",
            "https://",
            "https://a@b.example",
            "https://a.example/?q",
            "nokey https://a.example",
            "https://a.example more",
            "http://127.0.0.1:1",
        ] {
            assert!(Witness::parse(refused, false).is_none(), "{refused}");
        }
        assert!(Witness::parse("http://127.0.0.1:1", true).is_some());
    }
}
