//! The few texts that differ between the databases.

use diesel::connection::SimpleConnection;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::pool::Tx;
use super::{Both, Conn, Failure};

/// Compiles one body twice, with `$c` as the connection of each database: for what Diesel refuses on the
/// enum (`on_conflict`, batch inserts).
#[macro_export]
macro_rules! dialect {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn.each() {
            $crate::db::Both::Sqlite($c) => $body,
            $crate::db::Both::Postgres($c) => $body,
        }
    };
}

/// The placeholder of parameter `n` (from 1) in a text of our own.
pub fn placeholder(conn: &Conn, n: usize) -> String {
    if conn.is_postgres() {
        format!("${n}")
    } else {
        format!("?{n}")
    }
}

/// One column of many rows, for `unnest`: a text with a place for every value is dear to read for PostgreSQL.
pub fn column<'a, R, T>(rows: &'a [R], cell: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(cell).collect()
}

/// Prepares a connection of one's own for writing very much. Commits are as durable as before.
///
/// On SQLite a larger cache, and checkpoints that are rarer: pages of indexes over random numbers are written again and again, and a
/// longer log (256 MB, which an import empties at its end) writes them into the database once. On PostgreSQL indexes wherever there are some: what is prepared
/// while a table is still empty would read all of it until the next `ANALYZE`, however large it has become.
pub fn expect_much(conn: &mut Conn) -> Result<(), Failure> {
    match conn.each() {
        Both::Sqlite(conn) => {
            conn.batch_execute("PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 64000;")
        }
        Both::Postgres(conn) => conn.batch_execute("SET enable_seqscan = off"),
    }?;
    Ok(())
}

#[derive(QueryableByName)]
struct Checkpointed {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Empties the write-ahead log of SQLite, which holds pages as they were before an erasure; false where a reader that began before
/// keeps it from that. Writers wait for a second at most. PostgreSQL's vacuum does its part by itself.
pub fn empty_log(conn: &mut Conn) -> Result<bool, Failure> {
    let Both::Sqlite(conn) = conn.each() else {
        return Ok(true);
    };
    // Whoever reads for longer than that reads for minutes, and nobody can write meanwhile.
    conn.batch_execute("PRAGMA busy_timeout = 1000")?;
    let done = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn);
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    let done: Checkpointed = done?;
    Ok(done.busy == 0)
}

/// True of journal entries about anything but an organisation: only their subjects are indexed, because organisations have an index
/// of their own. In the words of the index, which the databases compare by the letter.
pub fn other_subject() -> SqlLiteral<Bool> {
    diesel::dsl::sql("substr(subject, 1, 13) <> 'organisation:'")
}

/// Locks one row of `table` until the transaction ends. SQLite has one writer, who holds all rows already. Rows that refer to it may
/// be written meanwhile: nothing here changes the key that they name, and whoever writes them may hold the journal's head.
///
/// `table` and `column` are names from the code, never from a request.
pub fn lock_row(
    tx: &mut Tx<'_>,
    table: &'static str,
    column: &'static str,
    id: i64,
) -> Result<(), Failure> {
    if let Both::Postgres(conn) = tx.each() {
        diesel::sql_query(format!(
            "SELECT 1 FROM {table} WHERE {column} = $1 FOR NO KEY UPDATE"
        ))
        .bind::<BigInt, _>(id)
        .execute(conn)?;
    }
    Ok(())
}

/// Locks rows of `table`, in the order of their ids, until the transaction ends. SQLite has one writer, who holds all rows
/// already.
///
/// `table` and `column` are names from the code, never from a request.
pub fn lock_rows(
    tx: &mut Tx<'_>,
    table: &'static str,
    column: &'static str,
    ids: &[i64],
) -> Result<(), Failure> {
    if let Both::Postgres(conn) = tx.each() {
        diesel::sql_query(format!(
            "SELECT 1 FROM {table} WHERE {column} = ANY($1) ORDER BY {column} FOR NO KEY UPDATE"
        ))
        .bind::<diesel::sql_types::Array<BigInt>, _>(ids)
        .execute(conn)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Takes a lock on a number until the transaction ends; false when somebody else holds it.
pub fn try_lock_number(tx: &mut Tx<'_>, number: i64) -> Result<bool, Failure> {
    match tx.each() {
        Both::Postgres(conn) => {
            let row: Taken = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS taken")
                .bind::<BigInt, _>(number)
                .get_result(conn)?;
            Ok(row.taken)
        }
        Both::Sqlite(_) => Ok(true),
    }
}

/// Takes a lock on a number until the transaction ends, however long somebody else holds it. SQLite has one writer already.
pub fn lock_number(tx: &mut Tx<'_>, number: i64) -> Result<(), Failure> {
    if let Both::Postgres(conn) = tx.each() {
        conn.batch_execute(&format!(
            "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({number});"
        ))?;
    }
    Ok(())
}
