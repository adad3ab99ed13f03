//! The test kit: an application per test, people by role, fixtures as sentences.

pub mod book;
pub mod databases;
pub mod fixtures;
pub mod forger;
pub mod mail;
mod operations;
mod people;
pub mod process;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::{test, web};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ots_registry::app::{Parts, app};
use ots_registry::auth::SecondFactorRule;
use ots_registry::auth::checkpoint_keys::CheckpointKeys;
use ots_registry::auth::passwords::Passwords;
use ots_registry::auth::sealing::SealKeys;
use ots_registry::auth::throttle::Throttle;
use ots_registry::auth::tokens::TokenKeys;
use ots_registry::checkpoints::Checkpoints;
use ots_registry::cli::journal_check;
use ots_registry::countries::Countries;
use ots_registry::db::{Conn, DatabaseUrl, Db, Instant, Sizes};
use ots_registry::http::envelope::TrustedProxies;
use ots_registry::http::idempotency::Running;
use ots_registry::http::limits::{Allowance, Limits};
use ots_registry::imports::turns::Uploads;
use ots_registry::memberships::rules::Rules;
use ots_registry::reports::turns::Turns;
use ots_registry::search::Search;
use serde_json::Value;

pub use databases::Kind;
pub use operations::{Operation, operations};
pub use people::Person;

/// Runs one test body on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($app: $crate::kit::App) $body

            #[actix_web::test]
            async fn sqlite() {
                body($crate::kit::App::start($crate::kit::Kind::Sqlite).await.expect("SQLite is always there")).await;
            }

            #[actix_web::test]
            async fn postgres() {
                if let Some(app) = $crate::kit::App::start($crate::kit::Kind::Postgres).await {
                    body(app).await;
                }
            }
        }
    };
}

type Answering = Pin<Box<dyn Future<Output = Answer>>>;
type Handle = Arc<dyn Fn(Request) -> Answering>;

/// The application over a database of its own, which goes away with it.
#[derive(Clone)]
pub struct App {
    handle: Handle,
    /// Its parts.
    pub parts: Parts,
    /// Its database's address.
    pub url: DatabaseUrl,
    _database: Arc<databases::Database>,
}

/// A body that is announced and never comes.
struct NeverComes;

impl futures_core::Stream for NeverComes {
    type Item = Result<web::Bytes, actix_http::error::PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Everything of it that does not name the request.
    pub fn shape(&self) -> (u16, String, Vec<(String, String)>) {
        let id = self.header("x-request-id").expect("an id").to_owned();
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != "x-request-id");
        headers.sort();
        (self.status, self.text().replace(&id, "…"), headers)
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    /// A member of the body, by JSON pointer.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> serde_json::Value {
        self.json()
            .pointer(pointer)
            .cloned()
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.text()))
    }

    /// A text member of the body.
    #[track_caller]
    pub fn str(&self, pointer: &str) -> String {
        self.at(pointer)
            .as_str()
            .unwrap_or_else(|| panic!("{pointer} is no text in {}", self.text()))
            .to_owned()
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Fails unless this is that problem.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.str("/code").as_str()),
            (status, code),
            "{}",
            self.text()
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        self
    }
}

impl App {
    /// Starts the application over a fresh database; `None` where there is no PostgreSQL to run on.
    pub async fn start(kind: Kind) -> Option<Self> {
        let database = databases::Database::fresh(kind)?;
        let url = database.url();
        Some(Self::over(url, Arc::new(database)).await)
    }

    /// A second replica over the same database.
    pub async fn replica(&self) -> Self {
        Self::over(self.url.clone(), self._database.clone()).await
    }

    async fn over(url: DatabaseUrl, database: Arc<databases::Database>) -> Self {
        let parts = Parts {
            db: Db::start(
                &url,
                Sizes {
                    readers: 2,
                    connections: 4,
                    queue: 256,
                },
            ),
            keys: shared_keys(),
            seals: shared_seals(),
            // People of the tests are written past the API, without a second factor; the tests of log-in switch this on.
            second_factor: SecondFactorRule { secretariat: false },
            // All requests of the tests come from one address; the tests of log-in have waits.
            throttle: Throttle::after(u32::MAX, u32::MAX),
            passwords: shared_passwords(),
            countries: Arc::new(Countries::load().expect("the reference data is good")),
            rules: Arc::new(Rules::default_rules().expect("the rules are good")),
            limits: Limits::new(Allowance {
                anonymous: 0,
                known: 0,
            }),
            proxies: TrustedProxies::default(),
            base_url: BASE_URL.to_owned(),
            mail: None,
            running: Running::default(),
            by_number: Default::default(),
            uploads: Uploads::default(),
            reports: Turns::default(),
            search: Search::default(),
            checkpoints: shared_checkpoints(),
            readiness: Default::default(),
        };
        Self {
            handle: handle(&parts).await,
            parts,
            url,
            _database: database,
        }
    }

    /// The same application with other parts (limits, proxies).
    pub async fn with(&self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = self.parts.clone();
        change(&mut parts);
        Self {
            handle: handle(&parts).await,
            parts,
            ..self.clone()
        }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: test::TestRequest) -> Answer {
        (self.handle)(request.to_request()).await
    }

    /// Sends a request whose body never comes; `None` when the answer waits for it.
    pub async fn send_without_end(&self, request: test::TestRequest) -> Option<Answer> {
        let payload: actix_http::Payload = actix_http::Payload::Stream {
            payload: Box::pin(NeverComes),
        };
        let (request, _) = request.to_request().replace_payload(payload);
        let answer = (self.handle)(request);
        tokio::time::timeout(Duration::from_secs(20), answer)
            .await
            .ok()
    }

    /// Reads without a log-in.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(test::TestRequest::get().uri(path)).await
    }

    /// Sends a body with a bearer's token; an empty token is nobody's.
    pub async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = test::TestRequest::default().method(method).uri(path);
        if !token.is_empty() {
            request = request.insert_header(("Authorization", format!("Bearer {token}")));
        }
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.send(request).await
    }

    /// What the check of the journal finds, but for the kit's people, who are written past the API.
    pub fn findings(&self) -> Vec<String> {
        let (report, deviations) = journal_check(&mut self.db_conn(), |_| {}).expect("it checks");
        let mut found: Vec<String> = report.findings.into_iter().map(|f| f.text).collect();
        found.extend(deviations);
        found.retain(|text| !text.starts_with("users "));
        found
    }

    /// A connection of one's own, past the application.
    pub fn db_conn(&self) -> Conn {
        Conn::open_for_work(&self.url).expect("the database opens")
    }

    /// Everything that is stored, as text: for searching what must not be there.
    pub fn db_dump(&self) -> String {
        self.db_dump_but(&[])
    }

    /// Everything that is stored but for these tables.
    pub fn db_dump_but(&self, without: &[&str]) -> String {
        use diesel::prelude::*;
        #[derive(QueryableByName)]
        struct Line {
            #[diesel(sql_type = diesel::sql_types::Text)]
            line: String,
        }
        let mut conn = self.db_conn();
        let text = include_str!("../../../src/db/schema.rs");
        let mut found = String::new();
        let mut table = "";
        for line in text.lines().map(str::trim) {
            if let Some((name, _)) = line.strip_suffix(") {").and_then(|l| l.split_once(" (")) {
                table = name;
            } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ")
                && !column.contains(':')
                && !without.contains(&table)
            {
                let text = match (kind.contains("Binary"), self.url.kind()) {
                    (true, "postgres") => format!("encode({column}, 'hex')"),
                    (true, _) => format!("lower(hex({column}))"),
                    (false, _) => format!("CAST({column} AS TEXT)"),
                };
                let sql = format!(
                    "SELECT {text} AS line FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
                );
                let rows: Vec<Line> = diesel::sql_query(sql).load(&mut conn).unwrap();
                for row in rows {
                    found.push_str(&row.line);
                    found.push('\n');
                }
            }
        }
        found
    }

    /// What may change when requests are only refused: nothing. The message says what did.
    #[track_caller]
    pub fn assert_same(&self, before: &str, what: &str) {
        let after = self.db_dump();
        if after != before {
            let was: std::collections::BTreeSet<&str> = before.lines().collect();
            let new: Vec<&str> = after.lines().filter(|l| !was.contains(l)).take(5).collect();
            panic!("{what} changed something: {new:?}");
        }
    }

    /// Today, as the application sees it.
    pub fn today(&self) -> chrono::NaiveDate {
        Instant::now().day()
    }
}

/// The issuer of the tests' tokens.
pub const BASE_URL: &str = "http://127.0.0.1:8080";

async fn handle(parts: &Parts) -> Handle {
    let service = Arc::new(test::init_service(app(parts)).await);
    Arc::new(move |request| {
        let service = service.clone();
        Box::pin(async move { answer(service.call(request).await).await })
    })
}

async fn answer<B: MessageBody>(response: Result<ServiceResponse<B>, actix_web::Error>) -> Answer {
    let response = response.expect("the envelope answers everything");
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(n, v)| {
            (
                n.as_str().to_owned(),
                String::from_utf8_lossy(v.as_bytes()).into_owned(),
            )
        })
        .collect();
    let bytes = actix_web::body::to_bytes(response.into_body())
        .await
        .map_err(|_| "body")
        .expect("the body arrives")
        .to_vec();
    Answer {
        status,
        headers,
        bytes,
    }
}

/// Where the key is that signs all tokens of the tests.
pub fn keys_folder() -> &'static Path {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| databases::scratch("keys"))
}

fn shared_keys() -> TokenKeys {
    static KEYS: std::sync::OnceLock<TokenKeys> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = keys_folder();
        TokenKeys::create(folder, Instant::now()).expect("a key is made");
        TokenKeys::load(folder, BASE_URL).expect("the key is read")
    })
    .clone()
}

/// Where the key is that signs all checkpoints of the tests.
pub fn checkpoint_keys_folder() -> &'static Path {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = databases::scratch("checkpoint-keys");
        CheckpointKeys::create(&folder, Instant::now()).expect("a key is made");
        folder
    })
}

/// The origin of the tests' checkpoints.
pub const ORIGIN: &str = "registry.example/v1/journal";

fn shared_checkpoints() -> Checkpoints {
    static KEYS: std::sync::OnceLock<CheckpointKeys> = std::sync::OnceLock::new();
    let keys = KEYS
        .get_or_init(|| CheckpointKeys::load(checkpoint_keys_folder()).expect("the key is read"));
    Checkpoints::new(keys.clone(), ORIGIN)
}

fn shared_seals() -> SealKeys {
    static SEALS: std::sync::OnceLock<SealKeys> = std::sync::OnceLock::new();
    SEALS
        .get_or_init(|| {
            let folder = databases::scratch("seals");
            SealKeys::create(&folder, Instant::now()).expect("a key is made");
            SealKeys::load(&folder).expect("the key is read")
        })
        .clone()
}

fn shared_passwords() -> Passwords {
    static PASSWORDS: std::sync::OnceLock<Passwords> = std::sync::OnceLock::new();
    PASSWORDS.get_or_init(Passwords::new).clone()
}

/// A query's value, percent-encoded.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
