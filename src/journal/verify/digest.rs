//! A short hash of a row's columns: what an entry says of them and what the table holds are compared by it.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

/// Half of a SHA-256: enough that nobody finds another row with it.
pub type Short = [u8; 16];

/// Makes the short hash of an object, the same whatever the order of its members. A member that is null says as much as one that is
/// absent, so that a table can gain a column.
pub(super) struct Digester {
    text: Vec<u8>,
}

impl Default for Digester {
    fn default() -> Self {
        Self {
            text: Vec::with_capacity(1_024),
        }
    }
}

impl Digester {
    /// Takes the next member, in the order of the names; its value is JSON as serde_json writes it.
    pub fn member(&mut self, name: &str, value: &[u8]) -> Option<()> {
        if value == b"null" {
            return Some(());
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b':');
        match value.first() {
            // Members of objects within may stand in another order.
            Some(b'{' | b'[') => {
                let value: Value = serde_json::from_slice(value).ok()?;
                serde_json::to_writer(&mut self.text, &value).ok()?;
            }
            _ => self.text.extend_from_slice(value),
        }
        self.text.push(b',');
        Some(())
    }

    pub fn end(self) -> Short {
        let mut short = Short::default();
        let whole = Sha256::digest(&self.text);
        short.iter_mut().zip(whole).for_each(|(a, b)| *a = b);
        short
    }
}

/// The short hash of an object, made while a text is read; none where a member cannot be read. What is no object is an error.
pub(super) struct OfObject(pub Option<Short>);

impl<'de> Deserialize<'de> for OfObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}

/// Goes through the members of an object without making values of them.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<Short>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // Rows have up to thirty columns.
        let mut members: SmallVec<[(Cow<'de, str>, &'de RawValue); 32]> = SmallVec::new();
        let mut is_sorted = true;
        while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            is_sorted &= members.last().is_none_or(|(last, _)| *last < name.0);
            members.push((name.0, value));
        }
        if !is_sorted {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        let mut digester = Digester::default();
        for (name, value) in members {
            if digester.member(&name, value.get().as_bytes()).is_none() {
                return Ok(None);
            }
        }
        Ok(Some(digester.end()))
    }
}

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::{OfObject, Short};

    fn digest(text: &str) -> Option<Short> {
        serde_json::from_str::<OfObject>(text).ok()?.0
    }

    #[test]
    fn the_order_of_members_and_nulls_do_not_matter_and_all_else_does() {
        let one = digest(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        for same in [
            r#"{"b":{"d":3,"c":2},"a":1}"#,
            r#"{"a":1,"b":{"c":2,"d":3},"e":null}"#,
        ] {
            assert_eq!(digest(same), Some(one), "{same}");
        }
        for other in [
            r#"{"a":1}"#,
            r#"{"a":"1","b":{"c":2,"d":3}}"#,
            r#"{"a":1,"b":{"c":2,"d":4}}"#,
            r#"{"a":1,"c":{"c":2,"d":3}}"#,
        ] {
            assert_ne!(digest(other), Some(one), "{other}");
        }
        assert_eq!(digest("[1]"), None);
    }
}
