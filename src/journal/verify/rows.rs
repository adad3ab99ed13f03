//! The tables against the images that the journal gives of their rows.

use std::thread;

use crossbeam_channel::bounded;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::Report;
use super::replay::{Replay, slot};
use crate::db::Conn;
use crate::http::Error;
use crate::journal::columns::Columns;
use crate::journal::facts::Recorded;

/// Rows of a table: their keys, and a digest of their columns by class.
pub type Images = Vec<(String, [Option<[u8; 16]>; 3])>;
/// Calls the function with every row of a table, some at a time, until it fails.
pub type Walk = fn(&mut Conn, &mut Take<'_>) -> Result<(), Error>;
/// What is done with rows.
pub type Take<'a> = dyn FnMut(Images) -> Result<(), Error> + 'a;

/// A table of recorded rows: its name, and a way through all its rows.
pub struct Table {
    /// The table's name, as entries give it.
    pub name: &'static str,
    /// Calls the function with every row.
    pub each: Walk,
}

/// The images of rows as they are stored.
pub fn images<R: Recorded>(rows: &[R]) -> Result<Images, Error> {
    rows.iter()
        .map(|row| {
            let columns = Columns::of(row).map_err(Error::internal)?;
            let mut digesters: [Option<Digester>; 3] = [None, None, None];
            for (name, text) in columns.all() {
                if let Some(digester) = digesters.get_mut(slot(row.class_of(name))) {
                    let digester = digester.get_or_insert_default();
                    let taken = digester.member(name, text);
                    taken.ok_or_else(|| Error::internal("a column is not JSON"))?;
                }
            }
            Ok((row.key(), digesters.map(|d| d.map(Digester::end))))
        })
        .collect()
}

/// A short hash of an object, the same whatever the order of its members. A member that is null says as much as one that is absent, so
/// that a table can gain a column.
#[derive(Default)]
pub(super) struct Digester {
    hash: Sha256,
}

impl Digester {
    /// Takes the next member, in the order of the names; its value is JSON as serde_json writes it.
    fn member(&mut self, name: &str, value: &[u8]) -> Option<()> {
        if value == b"null" {
            return Some(());
        }
        self.hash.update(name);
        self.hash.update(b":");
        match value.first() {
            // Members of objects within may stand in another order.
            Some(b'{' | b'[') => {
                let value: Value = serde_json::from_slice(value).ok()?;
                self.hash.update(value.to_string());
            }
            _ => self.hash.update(value),
        }
        self.hash.update(b",");
        Some(())
    }

    fn end(self) -> [u8; 16] {
        let mut short = [0u8; 16];
        let whole = self.hash.finalize();
        short.iter_mut().zip(whole).for_each(|(a, b)| *a = b);
        short
    }

    /// The digest of an object in a text; none when it is no object.
    pub fn of_text(text: &RawValue) -> Option<[u8; 16]> {
        let mut deserializer = serde_json::Deserializer::from_str(text.get());
        deserializer.deserialize_map(Members).ok().flatten()
    }
}

/// Goes through the members of an object without making values of them.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<[u8; 16]>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use std::borrow::Cow;
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(32);
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
struct Name<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

/// Compares every row of the tables with what the entries say, both ways.
pub(super) fn compare(
    conn: &mut Conn,
    helpers: &mut [Conn],
    report: &mut Report,
    tables: &[Table],
    replay: &mut Replay,
) -> Result<(), Error> {
    if helpers.is_empty() {
        for (place, table) in tables.iter().enumerate() {
            (table.each)(conn, &mut |images| {
                take(report, replay, place, table.name, images);
                Ok(())
            })?;
        }
    } else {
        at_once(helpers, report, tables, replay)?;
    }
    for (place, key, seq) in replay.left() {
        let name = tables.get(place).map_or("?", |t| t.name);
        report.find(
            Some(seq),
            format!("{name} {key}: an entry says that this row exists, but it does not"),
        );
    }
    Ok(())
}

/// Reads several tables at once, each by one of the helpers.
fn at_once(
    helpers: &mut [Conn],
    report: &mut Report,
    tables: &[Table],
    replay: &mut Replay,
) -> Result<(), Error> {
    let (jobs, waiting) = bounded::<(usize, Walk)>(tables.len().max(1));
    for (place, table) in tables.iter().enumerate() {
        jobs.send((place, table.each)).map_err(Error::internal)?;
    }
    drop(jobs);
    let (done, results) = bounded::<Result<(usize, Images), Error>>(helpers.len() * 2);
    thread::scope(|scope| {
        for conn in helpers {
            let (waiting, done) = (waiting.clone(), done.clone());
            scope.spawn(move || {
                for (place, each) in waiting {
                    let walked = each(conn, &mut |images| {
                        let gone = |_| Error::internal("nobody compares any more");
                        done.send(Ok((place, images))).map_err(gone)
                    });
                    if let Err(error) = walked {
                        // Whoever compares has stopped already when this cannot be sent.
                        let _ = done.send(Err(error));
                        break;
                    }
                }
            });
        }
        drop(done);
        for walked in results {
            let (place, images) = walked?;
            let name = tables.get(place).map_or("?", |t| t.name);
            take(report, replay, place, name, images);
        }
        Ok(())
    })
}

fn take(report: &mut Report, replay: &mut Replay, place: usize, name: &str, images: Images) {
    for (key, digests) in images {
        report.rows += 1;
        match replay.remove(place, key.clone()) {
            None => report.find(None, format!("{name} {key}: a row that no entry explains")),
            Some(held) if held.digests == digests => {}
            Some(held) => report.find(
                Some(held.seq),
                format!("{name} {key}: the row is not what its last entry says"),
            ),
        }
    }
}

/// Walks a table of recorded rows in pages along the first column of its key.
#[macro_export]
macro_rules! recorded_table {
    ($table:ident, $row:ty, $column:ident) => {
        $crate::journal::Table {
            name: <$row as $crate::journal::Recorded>::TABLE,
            each: |conn, take| {
                use diesel::prelude::*;
                use $crate::db::schema::$table;
                const PAGE: i64 = 2_000;
                let mut after = i64::MIN;
                loop {
                    let mut rows: Vec<$row> = $table::table
                        .filter($table::$column.gt(after))
                        .order($table::$column)
                        .limit(PAGE)
                        .load(conn)?;
                    let full = i64::try_from(rows.len()).unwrap_or(0) == PAGE;
                    let end = rows.last().map(|r| i64::from(r.$column));
                    if full {
                        // The last key may go on in the next page: take it there, whole.
                        let kept = rows
                            .iter()
                            .take_while(|r| Some(i64::from(r.$column)) != end)
                            .count();
                        if kept == 0 {
                            rows = $table::table
                                .filter($table::$column.eq(end.unwrap_or(after)))
                                .load(conn)?;
                        } else {
                            rows.truncate(kept);
                        }
                    }
                    let Some(last) = rows.last() else { break };
                    after = i64::from(last.$column);
                    take($crate::journal::images(&rows)?)?;
                    if !full {
                        break;
                    }
                }
                Ok(())
            },
        }
    };
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::Digester;

    fn digest(text: &str) -> Option<[u8; 16]> {
        Digester::of_text(&RawValue::from_string(text.to_owned()).unwrap())
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
