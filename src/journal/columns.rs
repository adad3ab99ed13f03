//! A row's columns as JSON texts, without a tree of values between: what every entry writes.

use std::fmt::Display;
use std::ops::Range;

use serde::Serialize;
use serde::ser::{Impossible, SerializeStruct, Serializer};
use serde_json::Error;

use super::facts::{Class, Recorded};

/// The columns of a row in the order of their names, with `seq`, which is the entry's own, apart.
pub(super) struct Columns {
    text: Vec<u8>,
    seq: Option<i64>,
    places: Vec<(&'static str, Range<usize>)>,
}

impl Columns {
    /// Writes a row's columns.
    pub(super) fn of<R: Recorded>(row: &R) -> Result<Self, Error> {
        let mut columns = row.serialize(Self {
            text: Vec::with_capacity(512),
            seq: None,
            places: Vec::with_capacity(32),
        })?;
        columns.places.sort_unstable_by_key(|(name, _)| *name);
        Ok(columns)
    }

    /// The entry that the row says it was written by.
    pub(super) fn seq(&self) -> Option<i64> {
        self.seq
    }

    /// The names and JSON texts of the columns, in the order of the names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let texts = self.places.iter();
        texts.map(|(name, place)| (*name, self.text.get(place.clone()).unwrap_or_default()))
    }

    /// Appends the columns of a class to the list in `out`, as [`change`](super::facts::change) writes them; nothing where there
    /// are none. True when there were some.
    pub(super) fn write<R: Recorded>(
        &self,
        row: &R,
        class: Class,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let start = out.len();
        if !out.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"key\":");
        serde_json::to_writer(&mut *out, &row.key())?;
        out.extend_from_slice(b",\"row\":{");
        let mut some = false;
        for (name, place) in &self.places {
            if row.class_of(name) != class {
                continue;
            }
            if some {
                out.push(b',');
            }
            some = true;
            serde_json::to_writer(&mut *out, name)?;
            out.push(b':');
            out.extend_from_slice(self.text.get(place.clone()).unwrap_or_default());
        }
        if some {
            out.extend_from_slice(b"},\"table\":");
            serde_json::to_writer(&mut *out, R::TABLE)?;
            out.push(b'}');
        } else {
            out.truncate(start);
        }
        Ok(some)
    }
}

impl SerializeStruct for Columns {
    type Ok = Self;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let start = self.text.len();
        serde_json::to_writer(&mut self.text, value)?;
        if name == "seq" {
            self.seq = serde_json::from_slice(self.text.get(start..).unwrap_or_default())?;
            self.text.truncate(start);
        } else {
            self.places.push((name, start..self.text.len()));
        }
        Ok(())
    }

    fn end(self) -> Result<Self, Error> {
        Ok(self)
    }
}

fn no_row<T>() -> Result<T, Error> {
    Err(serde::ser::Error::custom("a recorded row is not a struct"))
}

macro_rules! refused {
    ($($name:ident($($type:ty),*),)*) => {
        $(fn $name(self, $(_: $type),*) -> Result<Self, Error> { no_row() })*
    };
}

impl Serializer for Columns {
    type Ok = Self;
    type Error = Error;
    type SerializeSeq = Impossible<Self, Error>;
    type SerializeTuple = Impossible<Self, Error>;
    type SerializeTupleStruct = Impossible<Self, Error>;
    type SerializeTupleVariant = Impossible<Self, Error>;
    type SerializeMap = Impossible<Self, Error>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<Self, Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    refused! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_f32(f32),
        serialize_f64(f64), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]), serialize_none(),
        serialize_unit(), serialize_unit_struct(&'static str), serialize_unit_variant(&'static str, u32, &'static str),
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<Self, Error> {
        no_row()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Self, Error> {
        no_row()
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<Self, Error> {
        no_row()
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Self, Error> {
        no_row()
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_row()
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        no_row()
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        no_row()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_row()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        no_row()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_row()
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::Value;

    use super::Columns;
    use crate::journal::facts::change;
    use crate::journal::{Class, Recorded, Split};

    #[derive(Serialize)]
    struct Row {
        zone: &'static str,
        address: Option<String>,
        number: i64,
        contact: Option<chrono::NaiveDate>,
        flag: bool,
        seq: i64,
    }

    impl Recorded for Row {
        const TABLE: &'static str = "rows";
        fn key(&self) -> String {
            "a\"key".to_owned()
        }
        fn class_of(&self, column: &str) -> Class {
            match column {
                "zone" | "number" => Class::Public,
                "contact" => Class::Personal,
                _ => Class::Private,
            }
        }
    }

    #[test]
    fn a_row_is_written_as_its_split_is() {
        let row = Row {
            zone: "«Ü»\n",
            address: None,
            number: i64::MAX,
            contact: chrono::NaiveDate::from_ymd_opt(2026, 1, 31),
            flag: true,
            seq: 7,
        };
        let columns = Columns::of(&row).unwrap();
        assert_eq!(columns.seq(), Some(7));
        for (class, split) in Class::ALL.into_iter().zip(row.split().unwrap()) {
            let mut out = Vec::new();
            assert!(columns.write(&row, class, &mut out).unwrap());
            assert!(columns.write(&row, class, &mut out).unwrap());
            let one = change(Row::TABLE, &row.key(), Some(split));
            let list = Value::Array(vec![one.clone(), one]).to_string();
            assert_eq!(format!("[{}]", String::from_utf8(out).unwrap()), list);
        }
    }
}
