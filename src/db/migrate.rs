//! The embedded migrations, run under a lock because Diesel's own take none.

use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager,
};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Both, Conn, Failure};
use crate::dialect;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The number of the advisory lock that migrations hold on PostgreSQL ("otsm" in ASCII).
const LOCK: i64 = 0x6f74_736d;

/// Runs the migrations that are missing; several processes may call this at once. Returns their names.
pub fn up(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    locked(conn, |conn| match conn.each() {
        Both::Sqlite(c) => c.run_pending_migrations(SQLITE).map(|done| names(&done)),
        Both::Postgres(c) => c.run_pending_migrations(POSTGRES).map(|done| names(&done)),
    })
}

/// Takes every migration back, newest first: for the test that proves them reversible.
pub fn down(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    locked(conn, |conn| match conn.each() {
        Both::Sqlite(c) => c.revert_all_migrations(SQLITE).map(|done| names(&done)),
        Both::Postgres(c) => c.revert_all_migrations(POSTGRES).map(|done| names(&done)),
    })
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// The versions that were applied. Diesel's own way makes its table where there is none, and who only reads may not.
fn applied(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    let there = if conn.is_postgres() {
        "SELECT 'yes' AS word WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL"
    } else {
        "SELECT 'yes' AS word FROM sqlite_schema WHERE name = '__diesel_schema_migrations'"
    };
    let there: Vec<Word> = dialect!(conn, |c| diesel::sql_query(there).load(c))?;
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let text = "SELECT version AS word FROM __diesel_schema_migrations ORDER BY version";
    let found: Vec<Word> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    Ok(found.into_iter().map(|row| row.word).collect())
}

/// The tables of the database that are not the registry's own, by their names.
pub fn foreign_tables(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    // Other schemas too, but nothing that an extension brings.
    let text = if conn.is_postgres() {
        "SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname AS word \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' \
         AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (SELECT 1 FROM pg_depend d \
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
    } else {
        "SELECT name AS word FROM sqlite_schema \
         WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    };
    let found: Vec<Word> = dialect!(conn, |c| diesel::sql_query(text).load(c))?;
    let found: Vec<String> = found.into_iter().map(|row| row.word).collect();
    let own = own_tables();
    // A table of a registry's name is another's where no migration made it.
    let is_registry = found.iter().any(|name| name == MIGRATIONS);
    let is_own = |name: &String| is_registry && own.contains(&name.as_str());
    Ok(found.into_iter().filter(|name| !is_own(name)).collect())
}

/// Where Diesel keeps which migrations were run.
const MIGRATIONS: &str = "__diesel_schema_migrations";

/// The names of the registry's tables, and of the one of the migrations.
fn own_tables() -> Vec<&'static str> {
    let heads = include_str!("schema.rs").lines().filter_map(|line| {
        let (name, _) = line.trim().strip_suffix(") {")?.split_once(" (")?;
        Some(name)
    });
    heads.chain([MIGRATIONS]).collect()
}

/// The versions that this program knows, in their order.
fn known() -> Result<Vec<String>, Failure> {
    // A version is the digits of the folder's date and number.
    let (names, _) = all_names()?;
    let mut known: Vec<String> = names
        .iter()
        .map(|name| name.split('_').next().unwrap_or(name).replace('-', ""))
        .collect();
    known.sort();
    Ok(known)
}

/// True when the database has exactly the migrations that this program knows.
pub fn is_current(conn: &mut Conn) -> Result<bool, Failure> {
    let mut applied = applied(conn)?;
    applied.sort();
    Ok(applied == known()?)
}

/// What is wrong and what to do where the database has migrations that this program does not know: a newer program made it.
pub fn newer(conn: &mut Conn) -> Result<Option<String>, Failure> {
    let known = known()?;
    let unknown = applied(conn)?.into_iter().filter(|v| !known.contains(v));
    Ok(unknown.max().map(|version| {
        format!(
            "the database is newer than this program (migration {version}): use the newer program"
        )
    }))
}

/// What is wrong and what to do where the database has not exactly the migrations that this program knows.
pub fn deviation(conn: &mut Conn) -> Result<Option<String>, Failure> {
    if is_current(conn)? {
        return Ok(None);
    }
    let older = "the database has other tables than this program; run ots-registry migrate";
    Ok(Some(newer(conn)?.unwrap_or_else(|| older.to_owned())))
}

/// The names of the migrations of both databases, for the test that compares them.
pub fn all_names() -> Result<(Vec<String>, Vec<String>), Failure> {
    let other = |e: Box<dyn std::error::Error + Send + Sync>| Failure::Other(e.to_string());
    let sqlite = MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(other)?;
    let postgres = MigrationSource::<Pg>::migrations(&POSTGRES).map_err(other)?;
    Ok((
        sqlite.iter().map(|m| m.name().to_string()).collect(),
        postgres.iter().map(|m| m.name().to_string()).collect(),
    ))
}

fn names(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

type Outcome = diesel::migration::Result<Vec<String>>;

/// Runs `work` inside one transaction that nobody else can enter: Diesel's own transactions become
/// savepoints in it, so a process that is killed half-way leaves the database as it was.
fn locked(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Outcome,
) -> Result<Vec<String>, Failure> {
    match conn.each() {
        Both::Sqlite(c) => {
            c.batch_execute("PRAGMA busy_timeout = 60000;")?;
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN EXCLUSIVE")?;
        }
        Both::Postgres(c) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?;
            c.batch_execute(&format!(
                "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({LOCK});"
            ))?;
        }
    }
    let done = match work(conn) {
        Ok(names) => Manager::commit_transaction(conn)
            .map(|()| names)
            .map_err(Failure::from),
        Err(error) => {
            Manager::rollback_transaction(conn)?;
            Err(Failure::Other(format!("a migration failed: {error}")))
        }
    };
    if let Both::Sqlite(c) = conn.each() {
        c.batch_execute("PRAGMA busy_timeout = 5000;")?;
    }
    done
}

type Manager = <Conn as Connection>::TransactionManager;
