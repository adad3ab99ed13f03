//! The hashes of the journal. Pure; the form is frozen: a change needs a new domain word.

use sha2::{Digest, Sha256};

/// Domain word of an entry's hash.
const ENTRY: &[u8] = b"ots-registry journal entry v1\0";
/// Domain word of an item's hash.
const ITEM: &[u8] = b"ots-registry journal item v1\0";

/// What an entry's hash covers, beside the hash of the entry before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The position, from 1 without gaps.
    pub seq: i64,
    /// Microseconds since 1970 in UTC, never less than the entry before.
    pub recorded_at: i64,
    /// Who, as an opaque word.
    pub actor: &'a str,
    /// What was done, like `organisation.registered`.
    pub action: &'a str,
    /// What it was done to, like `organisation:OTS-7K3M9Q2-54`.
    pub subject: &'a str,
    /// The organisation it is about, if any.
    pub organisation: Option<&'a str>,
    /// [`facts_hash`] of the items.
    pub facts_hash: &'a [u8],
}

/// SHA-256 of an entry: domain, previous hash, then every field with its length before it.
pub fn entry_hash(previous: &[u8], link: &Link<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(ENTRY);
    put(&mut hash, previous);
    hash.update(link.seq.to_be_bytes());
    hash.update(link.recorded_at.to_be_bytes());
    put(&mut hash, link.actor.as_bytes());
    put(&mut hash, link.action.as_bytes());
    put(&mut hash, link.subject.as_bytes());
    match link.organisation {
        Some(text) => {
            hash.update([1]);
            put(&mut hash, text.as_bytes());
        }
        None => hash.update([0]),
    }
    put(&mut hash, link.facts_hash);
    hash.finalize().into()
}

/// SHA-256 of one part of what an entry says, salted so that a short private value cannot be guessed from it.
pub fn item_hash(class: &str, salt: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(ITEM);
    put(&mut hash, class.as_bytes());
    put(&mut hash, salt);
    put(&mut hash, body);
    hash.finalize().into()
}

/// SHA-256 over the hashes of the items in their order.
pub fn facts_hash<'a>(items: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for item in items {
        put(&mut hash, item);
    }
    hash.finalize().into()
}

fn put(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::{Link, entry_hash, facts_hash, item_hash};

    const LINK: Link<'_> = Link {
        seq: 1,
        recorded_at: 2,
        actor: "operator",
        action: "a",
        subject: "s",
        organisation: None,
        facts_hash: b"f",
    };

    #[test]
    fn every_field_of_an_entry_is_in_its_hash() {
        let hash = entry_hash(b"p", &LINK);
        let others = [
            entry_hash(b"q", &LINK),
            entry_hash(b"p", &Link { seq: 2, ..LINK }),
            entry_hash(
                b"p",
                &Link {
                    recorded_at: 3,
                    ..LINK
                },
            ),
            entry_hash(
                b"p",
                &Link {
                    actor: "operatora",
                    action: "",
                    ..LINK
                },
            ),
            entry_hash(
                b"p",
                &Link {
                    action: "b",
                    ..LINK
                },
            ),
            entry_hash(
                b"p",
                &Link {
                    subject: "t",
                    ..LINK
                },
            ),
            entry_hash(
                b"p",
                &Link {
                    organisation: Some(""),
                    ..LINK
                },
            ),
            entry_hash(
                b"p",
                &Link {
                    facts_hash: b"g",
                    ..LINK
                },
            ),
        ];
        for (n, other) in others.iter().enumerate() {
            assert_ne!(&hash, other, "{n}");
        }
    }

    #[test]
    fn the_form_of_the_hashes_is_frozen() {
        let hex = |b: &[u8]| data_encoding::HEXLOWER.encode(b);
        assert_eq!(
            hex(&entry_hash(b"p", &LINK)),
            include_str!("frozen-entry.hex").trim()
        );
        assert_eq!(
            hex(&item_hash("public", b"salt", b"{}")),
            include_str!("frozen-item.hex").trim()
        );
        assert_ne!(
            facts_hash([&b"ab"[..], b"c"].into_iter()),
            facts_hash([&b"a"[..], b"bc"].into_iter())
        );
    }
}
