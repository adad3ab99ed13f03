//! Migrations: reversible, equal on both databases, safe when several start at once.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use ots_registry::db::{Conn, migrate};

use crate::kit::{Kind, databases::Database};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut Conn, sql: &str) -> Vec<String> {
    diesel::sql_query(sql)
        .load::<Line>(conn)
        .unwrap()
        .into_iter()
        .map(|l| l.line)
        .collect()
}

/// The tables as `table.column type null?`, in the words of the schema file.
fn columns(conn: &mut Conn) -> Vec<String> {
    let sql = if conn.is_postgres() {
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line FROM information_schema.columns \
         WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name NOT LIKE '\\_\\_%' ORDER BY 1"
    } else {
        "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || CASE WHEN c.\"notnull\" OR c.pk > 0 THEN 'NO' ELSE 'YES' END AS line \
         FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
         AND m.name NOT LIKE 'sqlite_%' ORDER BY 1"
    };
    lines(conn, sql)
}

fn indexes(conn: &mut Conn) -> Vec<String> {
    let sql = if conn.is_postgres() {
        "SELECT indexname AS line FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE '%\\_idx' ORDER BY 1"
    } else {
        "SELECT name AS line FROM sqlite_master WHERE type = 'index' AND name LIKE '%\\_idx' ESCAPE '\\' ORDER BY 1"
    };
    lines(conn, sql)
}

fn schema_file() -> BTreeMap<String, (String, bool)> {
    let text = include_str!("../../src/db/schema.rs");
    let mut found = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|l| l.split_once(" (")) {
            name.clone_into(&mut table);
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ")
            && !line.starts_with("diesel::")
        {
            let nullable = kind.starts_with("Nullable<");
            let kind = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            found.insert(format!("{table}.{column}"), (kind.to_owned(), nullable));
        }
    }
    found
}

/// What the schema file says, in the words of a database.
fn expected(conn: &Conn) -> Vec<String> {
    let postgres = conn.is_postgres();
    let mut found: Vec<String> = schema_file()
        .into_iter()
        .map(|(column, (kind, nullable))| {
            let kind = match (kind.as_str(), postgres) {
                ("BigInt", true) => "bigint",
                ("Integer", true) => "integer",
                ("Text", true) => "text",
                ("Binary", true) => "bytea",
                ("Bool", true) => "boolean",
                ("Date", true) => "date",
                ("BigInt" | "Integer" | "Bool", false) => "INTEGER",
                ("Text" | "Date", false) => "TEXT",
                ("Binary", false) => "BLOB",
                (other, _) => panic!("{other}"),
            };
            format!("{column} {kind} {}", if nullable { "YES" } else { "NO" })
        })
        .collect();
    found.sort();
    found
}

fn on(kind: Kind, test: impl FnOnce(&Database, Conn)) {
    if let Some(database) = Database::empty(kind) {
        let conn = Conn::open_for_work(&database.url()).unwrap();
        test(&database, conn);
    }
}

fn up_down_up(kind: Kind) {
    on(kind, |_, mut conn| {
        migrate::up(&mut conn).unwrap();
        let mut first = columns(&mut conn);
        first.sort();
        assert_eq!(first, expected(&conn), "the tables are those of schema.rs");
        let first_indexes = indexes(&mut conn);
        migrate::down(&mut conn).unwrap();
        assert_eq!(
            columns(&mut conn),
            Vec::<String>::new(),
            "down removes every table"
        );
        assert_eq!(
            migrate::up(&mut conn).unwrap().len(),
            migrate::all_names().unwrap().0.len()
        );
        let mut again = columns(&mut conn);
        again.sort();
        assert_eq!((first, first_indexes), (again, indexes(&mut conn)));
        assert!(migrate::is_current(&mut conn).unwrap());
    });
}

#[test]
fn migrations_go_up_down_and_up_on_sqlite() {
    up_down_up(Kind::Sqlite);
}

#[test]
fn migrations_go_up_down_and_up_on_postgres() {
    up_down_up(Kind::Postgres);
}

#[test]
fn both_databases_have_the_same_migrations_and_indexes() {
    let (sqlite, postgres) = migrate::all_names().unwrap();
    assert_eq!(sqlite, postgres);
    let mut found = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        on(kind, |_, mut conn| {
            migrate::up(&mut conn).unwrap();
            found.push(indexes(&mut conn));
        });
    }
    assert!(found.iter().all(|f| *f == found[0] && !f.is_empty()));
}

fn eight_at_once(kind: Kind) {
    on(kind, |database, _| {
        let ran: usize = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|_| {
                    let url = database.url();
                    scope.spawn(move || {
                        migrate::up(&mut Conn::open_for_work(&url).unwrap())
                            .unwrap()
                            .len()
                    })
                })
                .collect();
            started.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(
            ran,
            migrate::all_names().unwrap().0.len(),
            "each migration ran once"
        );
    });
}

#[test]
fn eight_replicas_may_migrate_at_once_on_sqlite() {
    eight_at_once(Kind::Sqlite);
}

#[test]
fn eight_replicas_may_migrate_at_once_on_postgres() {
    eight_at_once(Kind::Postgres);
}

#[test]
fn journal_and_events_refuse_update_and_delete() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        on(kind, |_, mut conn| {
            use diesel::connection::SimpleConnection;
            migrate::up(&mut conn).unwrap();
            let blob = if conn.is_postgres() {
                "'\\x00'"
            } else {
                "x'00'"
            };
            conn.batch_execute(&format!(
                "INSERT INTO journal (seq, recorded_at, actor, action, subject, facts_hash, hash) VALUES (1, 1, 'a', 'b', 'c', {blob}, {blob});
                 INSERT INTO journal_facts (seq, item, class, hash, salt, body) VALUES (1, 0, 'public', {blob}, {blob}, 'b');"
            ))
            .unwrap();
            for refused in [
                "UPDATE journal SET actor = 'x'",
                "DELETE FROM journal",
                "UPDATE journal_facts SET body = 'x'",
                "UPDATE journal_facts SET class = 'private', salt = NULL, body = NULL",
                "DELETE FROM journal_facts",
            ] {
                let error = conn.batch_execute(refused).unwrap_err().to_string();
                assert!(error.contains("append-only"), "{refused}: {error}");
            }
            conn.batch_execute("UPDATE journal_facts SET salt = NULL, body = NULL")
                .unwrap();
        });
    }
}

#[test]
fn what_is_append_only_is_not_replaced_either() {
    use diesel::connection::SimpleConnection;
    // A row of each table, and the same with another word: by its key, by its rowid, by another key.
    let tables = [
        (
            "private_reads",
            "1, 1, 'a', 'b', 'c', 1, NULL",
            vec![
                "INSERT OR REPLACE INTO private_reads SELECT id, read_at, 'x', what, subject, row_count, request_id FROM private_reads",
            ],
        ),
        (
            "journal",
            "1, 1, 'a', 'b', 'c', NULL, x'00', x'00'",
            vec![
                "INSERT OR REPLACE INTO journal SELECT seq, recorded_at, 'x', action, subject, organisation, facts_hash, hash FROM journal",
            ],
        ),
        (
            "membership_events",
            "1, 1, 1, 1, '2026-01-01', 'a', 'b', NULL, NULL, '{}'",
            vec![
                "INSERT OR REPLACE INTO membership_events SELECT membership_id, no, seq, recorded_at, effective_on, 'x', body, proposer, decider, details FROM membership_events",
                "INSERT OR REPLACE INTO membership_events (rowid, membership_id, no, seq, recorded_at, effective_on, kind, body, details) SELECT rowid, 9, 9, seq, recorded_at, effective_on, 'x', body, details FROM membership_events",
            ],
        ),
        (
            "periods",
            "1, 1, '2026-01-01', '2026-01-31', 'a', 1, '[]', 1, 'a', 1",
            vec![
                "INSERT OR REPLACE INTO periods SELECT id, no, from_day, to_day, 'x', known_seq, reports, closed_at, closed_by, seq FROM periods",
                "INSERT OR REPLACE INTO periods SELECT 9, no, from_day, '2027-01-31', 'x', known_seq, reports, closed_at, closed_by, seq FROM periods",
                "INSERT OR REPLACE INTO periods SELECT 9, 9, from_day, to_day, 'x', known_seq, reports, closed_at, closed_by, seq FROM periods",
            ],
        ),
        (
            "checkpoints",
            "1, x'00', 'a', 1",
            vec![
                "INSERT OR REPLACE INTO checkpoints SELECT size, root, 'x', made_at FROM checkpoints",
            ],
        ),
        (
            "checkpoint_cosignatures",
            "1, 'a', 'b', 1",
            vec![
                "INSERT OR REPLACE INTO checkpoint_cosignatures SELECT size, witness, 'x', received_at FROM checkpoint_cosignatures",
            ],
        ),
        (
            "period_statements",
            "1, 1, 'a'",
            vec![
                "INSERT OR REPLACE INTO period_statements SELECT period_id, size, 'x' FROM period_statements",
            ],
        ),
    ];
    on(Kind::Sqlite, |_, mut conn| {
        migrate::up(&mut conn).unwrap();
        // As somebody's own client would come.
        conn.batch_execute("PRAGMA foreign_keys = OFF").unwrap();
        for (table, row, replacements) in tables {
            conn.batch_execute(&format!("INSERT INTO {table} VALUES ({row})"))
                .unwrap();
            let before = rows_of(&mut conn, table);
            assert_eq!(before.len(), 1, "{table}");
            for sql in replacements {
                // The checkpoints' writers say that nothing is to be done where one is there; so it is no error.
                if let Err(error) = conn.batch_execute(sql) {
                    assert!(error.to_string().contains("append-only"), "{sql}: {error}");
                }
                assert_eq!(rows_of(&mut conn, table), before, "{sql}");
            }
        }
    });
    on(Kind::Postgres, |_, mut conn| {
        migrate::up(&mut conn).unwrap();
        for sql in [
            "INSERT INTO private_reads VALUES (1, 1, 'a', 'b', 'c', 1, NULL) ON CONFLICT (id) DO UPDATE SET actor = 'x'",
            "INSERT INTO journal VALUES (1, 1, 'a', 'b', 'c', NULL, '\\x00', '\\x00') ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
        ] {
            conn.batch_execute(sql).unwrap();
            let error = conn.batch_execute(sql).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
    });
}

/// Every row of a table of SQLite, as one text each.
fn rows_of(conn: &mut Conn, table: &str) -> Vec<String> {
    let columns =
        format!("SELECT 'quote(' || name || ')' AS line FROM pragma_table_info('{table}')");
    let columns = lines(conn, &columns).join(" || ',' || ");
    lines(
        conn,
        &format!("SELECT {columns} AS line FROM {table} ORDER BY 1"),
    )
}
