//! The tables against the images that the journal gives of their rows.

use std::thread;

use crossbeam_channel::bounded;

use super::Report;
use super::digest::{Digester, Short};
use super::replay::{Replay, slot};
use crate::db::Conn;
use crate::http::Error;
use crate::journal::columns::Columns;
use crate::journal::facts::Recorded;

/// Rows of a table.
pub type Images = Vec<Image>;

/// A row as it is stored.
pub struct Image {
    /// Its key within the table, or where it stands if it cannot be read.
    key: String,
    readable: bool,
    /// A digest of its columns by class.
    digests: [Option<Short>; 3],
    /// The entry that it says it was written by.
    seq: Option<i64>,
}
impl Image {
    /// Rows of which one cannot be read, by what they have in a column.
    #[must_use]
    pub fn unreadable(column: &str, value: i64) -> Self {
        Self {
            key: format!("with {column} {value}"),
            readable: false,
            digests: [None; 3],
            seq: None,
        }
    }
}

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
            Ok(Image {
                key: row.key(),
                readable: true,
                digests: digesters.map(|d| d.map(Digester::end)),
                seq: columns.seq(),
            })
        })
        .collect()
}

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
    for image in images {
        report.rows += 1;
        let Image {
            key,
            readable,
            digests,
            seq,
        } = image;
        if !readable {
            report.find(None, format!("{name} {key}: a row that cannot be read"));
            continue;
        }
        match replay.remove(place, key.clone()) {
            None => report.find(None, format!("{name} {key}: a row that no entry explains")),
            Some(held) if held.digests != digests => report.find(
                Some(held.seq),
                format!("{name} {key}: the row is not what its last entry says"),
            ),
            Some(held) => {
                // What was known at a position is told by it.
                if let Some(seq) = seq.filter(|seq| *seq != held.seq) {
                    report.find(
                        Some(held.seq),
                        format!("{name} {key}: the row says that entry {seq} wrote it last, but this one did"),
                    );
                }
            }
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
                    let page = $table::table
                        .filter($table::$column.gt(after))
                        .order($table::$column)
                        .limit(PAGE);
                    let read: diesel::QueryResult<Vec<$row>> = page.load(conn);
                    if let Err(diesel::result::Error::DeserializationError(_)) = read {
                        // A value that is none of its column's: the others are compared all the same.
                        let mut places: Vec<i64> = page.select($table::$column).load(conn)?;
                        let full = i64::try_from(places.len()).unwrap_or(0) == PAGE;
                        places.dedup();
                        if full && places.len() > 1 {
                            places.pop();
                        }
                        let Some(last) = places.last().copied() else { break };
                        let mut images = Vec::new();
                        for place in places {
                            let rows: diesel::QueryResult<Vec<$row>> = $table::table
                                .filter($table::$column.eq(place))
                                .load(conn);
                            match rows {
                                Ok(rows) => images.extend($crate::journal::images(&rows)?),
                                Err(diesel::result::Error::DeserializationError(_)) => images.push(
                                    $crate::journal::Image::unreadable(stringify!($column), place),
                                ),
                                Err(error) => return Err(error.into()),
                            }
                        }
                        take(images)?;
                        after = last;
                        if full {
                            continue;
                        }
                        break;
                    }
                    let mut rows = read?;
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
