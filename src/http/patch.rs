//! The members of a merge patch.

use serde::Deserialize;

/// A member of a merge patch (RFC 7396): absent keeps, null clears, a value sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member was absent.
    #[default]
    Keep,
    /// The member was null.
    Clear,
    /// The member had a value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// Applies the member to an optional text column.
    pub fn apply<U>(self, column: &mut Option<U>, turn: impl FnOnce(T) -> U) {
        match self {
            Self::Keep => {}
            Self::Clear => *column = None,
            Self::Set(value) => *column = Some(turn(value)),
        }
    }

    /// True when the member was there.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Keep)
    }
}
