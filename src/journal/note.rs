//! Signed notes and checkpoints as the C2SP specifications have them (signed-note, tlog-checkpoint, tlog-cosignature). Pure.
//!
//! A checkpoint is a text of three lines (origin, size, root), an empty line, and lines of signatures. A key has a name, which is the
//! origin, and an id of four bytes over its name, kind and value.

use std::fmt::Write;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::merkle::Hash;

/// What a key signs, as the first byte of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Notes: the log's own signature.
    Note,
    /// Notes with the time at which a witness saw them.
    Cosignature,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A public key with its name, as a verifier holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// Whose it is: the origin of a log, the name of a witness.
    pub name: String,
    /// What it signs.
    pub kind: Kind,
    /// The key.
    pub public: [u8; 32],
}

/// Whether this can be the name of a key, and so an origin.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.contains('+')
        && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The id of a key: it tells keys of one name apart, and is no secret and no proof.
fn key_id(name: &str, kind: Kind, public: &[u8; 32]) -> [u8; 4] {
    let digest: Hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind.byte()])
        .chain_update(public)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

impl VerifierKey {
    /// A log's key.
    pub fn of_log(name: &str, public: [u8; 32]) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Note,
            public,
        }
    }

    /// The key's id.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind, &self.public)
    }

    /// The key in its text form: name, id in hex, kind and value in base64, with `+` between.
    pub fn text(&self) -> String {
        let mut value = vec![self.kind.byte()];
        value.extend_from_slice(&self.public);
        let id = HEXLOWER.encode(&self.id());
        format!("{}+{id}+{}", self.name, BASE64.encode(&value))
    }

    /// Reads the text form; a key whose id does not fit is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, value) = rest.split_once('+')?;
        let value = BASE64.decode(value.as_bytes()).ok()?;
        let (kind, public) = value.split_first()?;
        let kind = match kind {
            1 => Kind::Note,
            4 => Kind::Cosignature,
            _ => return None,
        };
        let key = Self {
            name: name.to_owned(),
            kind,
            public: public.try_into().ok()?,
        };
        (is_name(name) && HEXLOWER.encode(&key.id()) == id).then_some(key)
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.public) else {
            return false;
        };
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        key.verify_strict(message, &signature).is_ok()
    }
}

/// What a checkpoint says: this log has this root at this size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(&self.root)
        )
    }

    /// Reads the text; further lines are allowed and left out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let plain = size == "0" || !size.starts_with('0');
        let digits = !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
        if !is_name(origin) || !plain || !digits || lines.any(str::is_empty) {
            return None;
        }
        Some(Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?,
        })
    }
}

/// The line of a signature.
pub fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    let mut value = key.id().to_vec();
    value.extend_from_slice(signature);
    format!("— {} {}\n", key.name, BASE64.encode(&value))
}

/// A checkpoint with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// What it says.
    pub checkpoint: Checkpoint,
    text: String,
    lines: Vec<SignatureLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, value) = line.strip_prefix("— ")?.split_once(' ')?;
        let value = BASE64.decode(value.as_bytes()).ok()?;
        let (id, signature) = value.split_first_chunk::<4>()?;
        (is_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

impl SignedNote {
    /// Reads a checkpoint with at least one signature; at most 16 are looked at.
    pub fn parse(note: &str) -> Option<Self> {
        let (text, signatures) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        let lines: Option<Vec<_>> = signatures
            .strip_suffix('\n')?
            .split('\n')
            .take(16)
            .map(SignatureLine::parse)
            .collect();
        Some(Self {
            checkpoint: Checkpoint::parse(&text)?,
            text,
            lines: lines?,
        })
    }

    /// The note again.
    pub fn note(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for line in &self.lines {
            let value = [&line.id[..], &line.signature].concat();
            // Writing to a String cannot fail.
            let _ = writeln!(note, "— {} {}", line.name, BASE64.encode(&value));
        }
        note
    }

    /// Whether one of the lines is this key's good signature.
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.lines.iter().any(|line| {
            line.name == key.name && line.id == key.id() && key.kind_verifies(&self.text, line)
        })
    }

    /// Adds the lines of these keys from a witness's answer, those that are good; gives the names of their keys.
    pub fn cosigned(&mut self, answer: &str, keys: &[VerifierKey]) -> Vec<(String, String)> {
        let mut added = Vec::new();
        for text in answer.lines().take(16) {
            let Some(line) = SignatureLine::parse(text) else {
                continue;
            };
            let good = keys.iter().any(|key| {
                key.name == line.name && key.id() == line.id && key.kind_verifies(&self.text, &line)
            });
            if good && !self.lines.contains(&line) {
                added.push((line.name.clone(), format!("{text}\n")));
                self.lines.push(line);
            }
        }
        added
    }
}

impl VerifierKey {
    /// Checks a line in the way of the key's kind.
    fn kind_verifies(&self, text: &str, line: &SignatureLine) -> bool {
        match self.kind {
            Kind::Note => self.verifies(text.as_bytes(), &line.signature),
            Kind::Cosignature => {
                let Some((time, signature)) = line.signature.split_first_chunk::<8>() else {
                    return false;
                };
                let message = cosigned_message(u64::from_be_bytes(*time), text);
                self.verifies(message.as_bytes(), signature)
            }
        }
    }
}

/// What a witness signs: the time, in seconds since 1970, and the checkpoint's text.
pub fn cosigned_message(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// The text of a note of whatever kind, without its signatures, if this key signed it.
#[must_use]
pub fn text_signed_by(note: &str, key: &VerifierKey) -> Option<String> {
    let (text, signatures) = note.split_once("\n\n")?;
    let text = format!("{text}\n");
    let mut lines = signatures.strip_suffix('\n')?.split('\n').take(16);
    let good = |line: &str| {
        SignatureLine::parse(line).is_some_and(|line| {
            line.name == key.name && line.id == key.id() && key.kind_verifies(&text, &line)
        })
    };
    lines.any(good).then_some(text)
}

/// Every checkpoint in a file: one, several one after the other, or JSON Lines with a member `checkpoint` each, as the registry's own
/// file has them.
///
/// # Errors
///
/// Which of them (from 1) cannot be read.
pub fn parse_all(text: &str) -> Result<Vec<SignedNote>, usize> {
    let mut found = Vec::new();
    if text.trim_start().starts_with('{') {
        #[derive(serde::Deserialize)]
        struct Line {
            checkpoint: String,
        }
        for (n, line) in (1usize..).zip(text.lines().filter(|l| !l.trim().is_empty())) {
            let line: Line = serde_json::from_str(line).map_err(|_| n)?;
            found.push(SignedNote::parse(&line.checkpoint).ok_or(n)?);
        }
        return Ok(found);
    }
    // Texts and signatures take turns, with empty lines between.
    let text = text.replace("\r\n", "\n");
    let parts: Vec<&str> = text
        .split("\n\n")
        .map(|part| part.trim_matches('\n'))
        .filter(|part| !part.is_empty())
        .collect();
    for (n, pair) in (1usize..).zip(parts.chunks(2)) {
        let [body, signatures] = pair else {
            return Err(n);
        };
        found.push(SignedNote::parse(&format!("{body}\n\n{signatures}\n")).ok_or(n)?);
    }
    if found.is_empty() { Err(1) } else { Ok(found) }
}

/// Every key in a text: keys in their text form, one a line, or a JSON document whose `keys` have a `vkey`, or an `x` (RFC 8037) that is
/// then taken for a key of `origin`.
pub fn parse_keys(text: &str, origin: Option<&str>) -> Result<Vec<VerifierKey>, &'static str> {
    const NONE: &str = "holds no key";
    let mut found = Vec::new();
    if text.trim_start().starts_with('{') {
        #[derive(serde::Deserialize)]
        struct Document {
            keys: Vec<One>,
        }
        #[derive(serde::Deserialize)]
        struct One {
            vkey: Option<String>,
            x: Option<String>,
            signs: Option<String>,
        }
        let document: Document = serde_json::from_str(text).map_err(|_| NONE)?;
        for one in document.keys {
            let of_checkpoints = one.signs.is_none_or(|signs| signs == "checkpoints");
            let by_value = || {
                let x = data_encoding::BASE64URL_NOPAD
                    .decode(one.x?.as_bytes())
                    .ok()?;
                Some(VerifierKey::of_log(origin?, x.try_into().ok()?))
            };
            match one.vkey {
                _ if !of_checkpoints => {}
                Some(vkey) => found.push(VerifierKey::parse(&vkey).ok_or("holds a broken key")?),
                None => found.extend(by_value()),
            }
        }
    } else {
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            found.push(VerifierKey::parse(line).ok_or("holds a broken key")?);
        }
    }
    if found.is_empty() {
        Err(NONE)
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::{
        Checkpoint, Kind, SignedNote, VerifierKey, cosigned_message, parse_all, parse_keys,
        signature_line,
    };

    fn signed(name: &str, seed: u8, size: u64) -> (String, VerifierKey) {
        let pair = SigningKey::from_bytes(&[seed; 32]);
        let key = VerifierKey::of_log(name, pair.verifying_key().to_bytes());
        let checkpoint = Checkpoint {
            origin: name.to_owned(),
            size,
            root: [7; 32],
        };
        let text = checkpoint.text();
        let line = signature_line(&key, &pair.sign(text.as_bytes()).to_bytes());
        (format!("{text}\n{line}"), key)
    }

    #[test]
    fn a_key_of_the_signed_note_specification_is_read_and_written() {
        // The example of golang.org/x/mod/sumdb/note.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = VerifierKey::parse(text).unwrap();
        assert_eq!(
            (key.name.as_str(), key.text().as_str()),
            ("PeterNeumann", text)
        );
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
            — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let (body, line) = note.split_once("\n\n").unwrap();
        let line = super::SignatureLine::parse(line.trim_end()).unwrap();
        assert!(key.kind_verifies(&format!("{body}\n"), &line));
        assert!(!key.kind_verifies(body, &line));
        assert!(VerifierKey::parse(&text.replace("c74f", "c74e")).is_none());
    }

    #[test]
    fn a_signature_is_good_for_its_text_name_and_key_only() {
        let (note, key) = signed("registry.example/v1/journal", 1, 42);
        let read = SignedNote::parse(&note).unwrap();
        assert_eq!(read.note(), note);
        assert_eq!(read.checkpoint.size, 42);
        assert!(read.is_signed_by(&key));
        assert!(!read.is_signed_by(&signed("registry.example/v1/journal", 2, 42).1));
        let elsewhere = VerifierKey::of_log("other.example", key.public);
        assert!(!read.is_signed_by(&elsewhere));
        for (from, to) in [
            ("\n42\n", "\n43\n"),
            ("registry.example", "registry.sample"),
        ] {
            let forged = SignedNote::parse(&note.replacen(from, to, 1)).unwrap();
            assert!(!forged.is_signed_by(&key), "{from}");
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let good = "log.example\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        assert!(Checkpoint::parse(good).is_some());
        assert!(Checkpoint::parse(&format!("{good}more\n")).is_some());
        for bad in [
            "",
            "log.example\n5\n",
            &good.replace("\n5\n", "\n05\n"),
            &good.replace("\n5\n", "\n-5\n"),
            &good.replace("\n5\n", "\n+5\n"),
            &good.replace("\n5\n", "\n99999999999999999999\n"),
            &good.replace("AAAA=", "AAA="),
            &good.replace("log.example", "log example"),
            &good.replace("log.example", ""),
            good.trim_end(),
        ] {
            assert!(Checkpoint::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn files_hold_one_several_or_lines_of_json() {
        let (one, key) = signed("log.example", 1, 5);
        let (two, _) = signed("log.example", 1, 6);
        let sizes = |text: &str| -> Vec<u64> {
            parse_all(text)
                .unwrap()
                .iter()
                .map(|n| n.checkpoint.size)
                .collect()
        };
        assert_eq!(sizes(&one), [5]);
        assert_eq!(sizes(&format!("{one}\n{two}\n")), [5, 6]);
        let json = format!(
            "{}\n{}\n",
            serde_json::json!({"made_at": "x", "checkpoint": one}),
            serde_json::json!({"checkpoint": two})
        );
        assert_eq!(sizes(&json), [5, 6]);
        assert_eq!(parse_all(&format!("{one}\nrubbish")), Err(2));
        assert_eq!(
            parse_keys(&key.text(), None).unwrap(),
            std::slice::from_ref(&key)
        );
        let x = data_encoding::BASE64URL_NOPAD.encode(&key.public);
        let jwks = serde_json::json!({"keys": [{"x": x, "signs": "checkpoints"}, {"x": "AAAA", "signs": "tokens"}]}).to_string();
        assert_eq!(parse_keys(&jwks, Some("log.example")).unwrap(), [key]);
        assert!(parse_keys(&jwks, None).is_err());
    }

    #[test]
    fn a_witness_s_line_is_kept_when_it_is_good() {
        let (note, _) = signed("log.example", 1, 5);
        let mut read = SignedNote::parse(&note).unwrap();
        let pair = SigningKey::from_bytes(&[9; 32]);
        let key = VerifierKey {
            name: "witness.example".to_owned(),
            kind: Kind::Cosignature,
            public: pair.verifying_key().to_bytes(),
        };
        let line = |time: u64, of: &str| {
            let signature = pair.sign(cosigned_message(time, of).as_bytes()).to_bytes();
            signature_line(&key, &[&time.to_be_bytes()[..], &signature].concat())
        };
        let text = read.checkpoint.text();
        let answer = format!(
            "{}{}rubbish\n",
            line(1, "log.example\n6\n"),
            line(1_700_000_000, &text)
        );
        let added = read.cosigned(&answer, std::slice::from_ref(&key));
        assert_eq!(added.len(), 1);
        assert!(read.is_signed_by(&key));
        assert_eq!(SignedNote::parse(&read.note()).unwrap(), read);
        assert!(
            read.cosigned(&answer, std::slice::from_ref(&key))
                .is_empty(),
            "once"
        );
    }
}
