//! A database per test, copied from a migrated template.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use ots_registry::db::{Conn, DatabaseUrl, migrate};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A database of one test; it goes away with this value.
pub enum Database {
    Sqlite(PathBuf),
    Postgres {
        server: &'static Server,
        name: String,
    },
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A folder of this process's own.
pub fn scratch(name: &str) -> PathBuf {
    static ROOT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let root = ROOT.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("ots-registry-test-{}", std::process::id()));
        // A run that was broken off may have left one: numbers of processes come again.
        let _ = std::fs::remove_dir_all(&root);
        root
    });
    let folder = root.join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the tests");
    folder
}

impl Database {
    /// A fresh database; `None` where there is no PostgreSQL.
    pub fn fresh(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sqlite => {
                let path = scratch("sqlite").join(format!("{}.db", next()));
                std::fs::copy(sqlite_template(), &path).expect("the template is copied");
                Some(Self::Sqlite(path))
            }
            Kind::Postgres => {
                let server = postgres()?;
                let name = format!("ots_test_{}_{}", std::process::id(), next());
                server.run(&format!(
                    "CREATE DATABASE {name} TEMPLATE {}",
                    server.template
                ));
                Some(Self::Postgres { server, name })
            }
        }
    }

    /// An empty database without any table, for the tests of migrations.
    pub fn empty(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sqlite => Some(Self::Sqlite(
                scratch("sqlite").join(format!("{}-empty.db", next())),
            )),
            Kind::Postgres => {
                let server = postgres()?;
                let name = format!("ots_test_{}_{}", std::process::id(), next());
                server.run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
                Some(Self::Postgres { server, name })
            }
        }
    }

    /// Its address.
    pub fn url(&self) -> DatabaseUrl {
        match self {
            Self::Sqlite(path) => DatabaseUrl::Sqlite(path.clone()),
            Self::Postgres { server, name } => DatabaseUrl::Postgres(server.url(name)),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(path) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            Self::Postgres { server, name } => {
                server.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            }
        }
    }
}

fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let path = scratch("sqlite").join("template.db");
        let mut conn =
            Conn::open_for_work(&DatabaseUrl::Sqlite(path.clone())).expect("SQLite opens");
        migrate::up(&mut conn).expect("the migrations run");
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
            .expect("the template is whole");
        path
    })
}

/// A PostgreSQL server with a migrated template database.
pub struct Server {
    /// Address up to the database's name, and what comes behind it.
    base: String,
    options: String,
    template: String,
    _cluster: Option<std::sync::Mutex<Child>>,
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.options)
    }

    fn run(&self, sql: &str) {
        let mut conn = Conn::open_for_work(&DatabaseUrl::Postgres(self.url("postgres")))
            .expect("PostgreSQL answers");
        conn.batch_execute(sql)
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
}

/// The server that the tests run on, found or started once.
fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let found = match std::env::var("TEST_DATABASE_URL") {
                Ok(url) if !url.is_empty() => Some(given(&url)),
                _ => start_cluster(),
            };
            let required = std::env::var("OTS_TEST_REQUIRE_POSTGRES").is_ok_and(|v| !v.is_empty());
            assert!(found.is_some() || !required, "OTS_TEST_REQUIRE_POSTGRES is set, but there is no PostgreSQL");
            // Written past the capture of the test runner, so that everybody sees which databases ran.
            let said = match &found {
                Some(_) => "databases: SQLite and PostgreSQL\n",
                None => "databases: SQLite only; PostgreSQL tests are SKIPPED (no initdb found and TEST_DATABASE_URL is not set)\n",
            };
            let _ = std::io::stderr().write_all(said.as_bytes());
            let server = found?;
            server.run(&format!("CREATE DATABASE {} TEMPLATE template0", server.template));
            let mut conn = Conn::open_for_work(&DatabaseUrl::Postgres(server.url(&server.template))).expect("the template opens");
            migrate::up(&mut conn).expect("the migrations run");
            Some(server)
        })
        .as_ref()
}

fn template_name() -> String {
    format!("ots_template_{}", std::process::id())
}

fn given(url: &str) -> Server {
    let (front, options) = match url.split_once('?') {
        Some((front, options)) => (front, format!("?{options}")),
        None => (url, String::new()),
    };
    let base = front
        .rsplit_once('/')
        .map_or(front, |(base, _)| base)
        .to_owned();
    Server {
        base,
        options,
        template: template_name(),
        _cluster: None,
    }
}

/// Starts a cluster of the tests' own. A shell holds it: when this process ends, however it ends, the shell's standard
/// input closes and it stops the server and removes the folder.
fn start_cluster() -> Option<Server> {
    let bin = binaries()?;
    let folder = scratch("postgres");
    let script = format!(
        r#"set -e
cd /
bin='{bin}' ; dir='{dir}'
as='' ; if [ "$(id -u)" = 0 ]; then
  user=postgres ; id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$dir" ; as="runuser -u $user --"
fi
chmod 755 "$(dirname "$dir")"
$as "$bin/initdb" -D "$dir/data" -A trust -U ots --no-sync -E UTF8 --locale=C >/dev/null
$as "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" \
  -o "-c listen_addresses= -c unix_socket_directories='$dir' -c max_connections=400 -c shared_buffers=64MB" start >/dev/null
echo ready
cat >/dev/null
$as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$dir"
"#,
        bin = bin.display(),
        dir = folder.display()
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("a shell starts");
    let mut said = String::new();
    let out = child.stdout.take().expect("its output is read");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said)
        .expect("it says something");
    assert_eq!(
        said.trim(),
        "ready",
        "the throw-away PostgreSQL cluster did not start"
    );
    let socket = folder.display().to_string().replace('/', "%2F");
    Some(Server {
        base: format!("postgres://ots@{socket}"),
        options: String::new(),
        template: template_name(),
        _cluster: Some(std::sync::Mutex::new(child)),
    })
}

/// The folder of PostgreSQL's server programs, if there is one.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|p| std::env::split_paths(&p).collect())
        .unwrap_or_default();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|d| d.flatten().map(|e| e.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    folders
        .into_iter()
        .find(|f| f.join("initdb").is_file() && f.join("pg_ctl").is_file())
}
