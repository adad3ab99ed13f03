//! Column types that are the same on both databases.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Serialize};

/// An instant in UTC with microseconds; a `BIGINT` in the database, RFC 3339 with `Z` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Instant(pub i64);

impl Instant {
    /// The wall clock's present instant.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros())
    }

    /// The UTC day this instant falls on ("today" is the UTC date on every surface).
    pub fn day(self) -> NaiveDate {
        self.utc().date_naive()
    }

    /// This instant `seconds` later.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds since 1970-01-01.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = DateTime::parse_from_rfc3339(&text)
            .map_err(|_| serde::de::Error::custom("write an instant like 2026-01-31T12:00:00Z"))?;
        Ok(Self(parsed.timestamp_micros()))
    }
}

/// The id of a row: 63 random bits; a `BIGINT` in the database, 13 characters of Crockford base 32 on the wire.
///
/// Random, so that an id says nothing about how many rows there are or when one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Id(pub i64);

/// The text is not one of the registry's ids.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnId;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Id {
    /// Draws a new random id.
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self((getrandom::u64()? >> 1).cast_signed()))
    }
}

impl From<Id> for i64 {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for place in (0..13).rev() {
            let digit = usize::try_from((self.0 >> (place * 5)) & 31).unwrap_or(0);
            f.write_char(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')))?;
        }
        Ok(())
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != 13 {
            return Err(NotAnId);
        }
        let mut value: u128 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|a| *a == byte).ok_or(NotAnId)?;
            value = value << 5 | u128::try_from(digit).unwrap_or(0);
        }
        i64::try_from(value).map(Self).map_err(|_| NotAnId)
    }
}

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 13 characters of 0-9 and a-z")
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

macro_rules! bigint_column {
    ($name:ident) => {
        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }

        impl<DB: Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $name::wire_schema()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
bigint_column!(Id);
bigint_column!(Instant);

impl Id {
    fn wire_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[0-7][0-9a-hjkmnp-tv-z]{12}$"))
            .examples(["3k7v0c5m2qxyz"])
            .into()
    }
}

impl Instant {
    fn wire_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::Custom(
                "date-time".to_owned(),
            )))
            .examples(["2026-01-31T12:00:00.000000Z"])
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Id, Instant};

    #[test]
    fn an_id_survives_its_text() {
        for id in [Id(0), Id(1), Id(i64::MAX), Id::random().unwrap()] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "1",
            "zzzzzzzzzzzzz",
            "000000000000u",
            "0000000000000 ",
            "é00000000000",
        ] {
            assert!(text.parse::<Id>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_instant_is_written_in_utc_with_z() {
        assert_eq!(
            Instant(1_000_000).to_string(),
            "1970-01-01T00:00:01.000000Z"
        );
    }
}
