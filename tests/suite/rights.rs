//! Every route × every kind of caller, held against `rights.tsv`.
//!
//! The routes come from the contract, so a new one without a row fails. Each cell is the exact status of a well-formed request
//! (the contract's own example) on an object of KZ that is not public: an application that waits for its decision, or what `stages.rs` makes
//! where an operation needs another state or a body that names what is there, so that whoever may is let in. So
//! `coordinator_kz` asks for the own country's object, and is who made it: the application, its review and recommendation, an import, the
//! items of the organisation. `coordinator_kg` asks for another country's. A session is a session of whoever asks, or of the account that is
//! asked about. Behind the slash stands the status of the same request on an id that does not exist, where the route has one: what somebody
//! may not know of must look the same.

use std::collections::BTreeMap;
use std::fmt::Write;

use actix_web::http::Method;
use ots_registry::auth::{Role, secrets};
use ots_registry::db::schema::{api_keys, users};
use ots_registry::db::{Id, Instant};
use ots_registry::organisations::RegistryNumber;
use serde_json::json;

use crate::both;
use crate::examples;
use crate::kit::{App, Operation, Person, operations};
use crate::stages::{prove, stage};

pub const COLUMNS: [&str; 10] = [
    "anonymous",
    "partner",
    "partner_without_scope",
    "coordinator_kz",
    "coordinator_kg",
    "secretariat",
    "auditor",
    "disabled",
    "unconfirmed",
    "logged_out",
];

/// What the requests are about.
#[derive(Clone)]
pub struct Objects {
    pub number: String,
    pub membership: String,
    proposal: String,
    pub account: String,
    key: String,
    pub handover: String,
    period: String,
    pub import: String,
    /// Of the account.
    session: String,
    /// The organisation's items, by the word of the path.
    pub items: BTreeMap<&'static str, String>,
    /// Who made them; nobody made what does not exist.
    pub maker: Option<Person>,
    /// What stands for the other words of a path: a country's code, a problem's code, an item, a line, a position.
    words: [&'static str; 5],
}

impl Objects {
    /// Ids that are well-formed and nobody's.
    fn unknown() -> Self {
        let id = || Id::random().unwrap().to_string();
        Self {
            number: RegistryNumber::random().unwrap().to_string(),
            membership: id(),
            proposal: id(),
            account: id(),
            key: id(),
            handover: id(),
            period: id(),
            import: id(),
            session: id(),
            items: BTreeMap::new(),
            maker: None,
            words: ["XX", "no_such_problem", "99", "99", "999999"],
        }
    }

    /// The ids that stand in paths.
    pub fn ids(&self) -> [String; 5] {
        [
            &self.number,
            &self.membership,
            &self.account,
            &self.handover,
            &self.import,
        ]
        .map(Clone::clone)
    }

    pub async fn make(app: &App) -> Self {
        let kz = app.coordinator("KZ");
        let ngo = app.organisation("KZ").create().await;
        // Before the recommendation, which falls when the organisation is told by something else.
        let items = items(app, &kz, &ngo.number).await;
        let (membership, proposal) = app.recommended(&kz, &ngo.number).await;
        let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let account = app.coordinator("KZ");
        Self {
            items,
            import: import(&kz).await,
            session: session_of(&account.token).unwrap(),
            maker: Some(kz),
            number: ngo.number,
            membership: last(&membership),
            proposal: last(&proposal),
            account: account.id.to_string(),
            key: db_key(app, "[\"read\"]").0.to_string(),
            handover: handover(app).await,
            period: period(app).await,
            words: ["KZ", "not_found", "1", "2", "1"],
        }
    }

    pub fn fill(&self, path: &str) -> String {
        let id = if path.contains("/memberships/") {
            &self.membership
        } else if path.contains("/proposals/") {
            &self.proposal
        } else if path.contains("/api-keys/") {
            &self.key
        } else if path.contains("/handovers/") {
            &self.handover
        } else if path.contains("/periods/") {
            &self.period
        } else if path.contains("/imports/") {
            &self.import
        } else {
            &self.account
        };
        let [country, problem, item, line, seq] = self.words;
        let listed = |(word, _): &(&&str, &String)| path.contains(&format!("/{word}/"));
        let item = self
            .items
            .iter()
            .find(listed)
            .map_or(item, |(_, item)| item.as_str());
        let code = if path.contains("/problems/") {
            problem
        } else {
            country
        };
        path.replace("{number}", &self.number)
            .replace("{id}", id)
            .replace("{code}", code)
            .replace("{item}", item)
            .replace("{line}", line)
            .replace("{seq}", seq)
            .replace("{session}", &self.session)
            .replace("{token}", "no-such-token")
    }

    /// The same for whoever has this token: an own session is that of the token.
    fn fill_for(&self, path: &str, token: Option<&str>) -> String {
        let own = token.and_then(session_of);
        match own.filter(|_| path.contains("/auth/sessions/") && self.maker.is_some()) {
            Some(session) => path.replace("{id}", &session),
            None => self.fill(path),
        }
    }

    /// The token of this kind of caller: of the maker where the column is theirs.
    async fn token(&self, app: &App, column: &str) -> Option<String> {
        match &self.maker {
            Some(maker) if column == "coordinator_kz" => Some(maker.token.clone()),
            _ => token(app, column).await,
        }
    }
}

/// What an access token says; none where it is no such token.
pub fn claims_of(token: &str) -> Option<serde_json::Value> {
    let claims = token.split('.').nth(1)?;
    let claims = data_encoding::BASE64URL_NOPAD
        .decode(claims.as_bytes())
        .ok()?;
    serde_json::from_slice(&claims).ok()
}

/// The session that a token belongs to; none where it is no such token.
fn session_of(token: &str) -> Option<String> {
    claims_of(token)?["sid"].as_str().map(str::to_owned)
}

/// An item of every list of an organisation, by the word of its path. The name is the legal one.
async fn items(app: &App, kz: &Person, number: &str) -> BTreeMap<&'static str, String> {
    let other = app.organisation("KZ").create().await.number;
    let sha256 = "ab".repeat(32);
    let mut items = BTreeMap::new();
    for (word, body) in [
        ("contacts", json!({"name": "Sample Contact"})),
        (
            "identifiers",
            json!({"scheme": "WIKIDATA", "value": format!("Q{}", Id::random().unwrap().0 % 1_000_000_000 + 1)}),
        ),
        (
            "relations",
            json!({"kind": "partner", "organisation": other}),
        ),
        (
            "evidence",
            json!({"kind": "register_extract", "issuer": "Sample Office", "issued_on": "2026-01-31", "sha256": sha256}),
        ),
    ] {
        let path = format!("/v1/organisations/{number}/{word}");
        let made = kz.post_seen(&path, Some("*"), body).await.expect(201);
        items.insert(word, made.at("/id").to_string());
    }
    items
}

/// An import that waits for its commit.
async fn import(kz: &Person) -> String {
    let id = Id::random().unwrap();
    upload(
        kz,
        &format!("id,name,country\n{id},Sample Association {id},KZ\n"),
    )
    .await
}

/// Uploads a file; gives the import's id.
pub async fn upload(kz: &Person, file: &str) -> String {
    let id = Id::random().unwrap();
    let path = format!("/v1/imports?file_name={id}.csv");
    let request = kz
        .request(Method::POST, &path)
        .insert_header(("Idempotency-Key", id.to_string()))
        .insert_header(("Content-Type", "text/csv"))
        .set_payload(file.to_owned());
    kz.send(request).await.expect(201).str("/id")
}

/// A closed period; the contract's example is the next one.
async fn period(app: &App) -> String {
    let office = app.secretariat();
    let closed = office.get("/v1/periods").await.expect(200).at("/items");
    match closed.as_array().and_then(|all| all.last()) {
        Some(one) => one["id"].as_str().unwrap().to_owned(),
        None => {
            let body = json!({"from": "2025-01-01", "to": "2025-12-31"});
            office
                .post("/v1/periods", body)
                .await
                .expect(201)
                .str("/id")
        }
    }
}

/// Takes back the handover that waits or is decided.
pub async fn close_handovers(office: &Person) {
    let open = office.get("/v1/handovers").await.expect(200).at("/items");
    for one in open.as_array().unwrap() {
        if one["status"] == "open" || one["status"] == "approved" {
            let path = format!("/v1/handovers/{}/retraction", one["id"].as_str().unwrap());
            office.post(&path, json!({})).await.expect(200);
        }
    }
}

/// A handover that waits for its decision; the one before is taken back.
pub async fn handover(app: &App) -> String {
    let office = app.secretariat();
    close_handovers(&office).await;
    let successors = [app.auditor().id.to_string(), app.auditor().id.to_string()];
    let later = app.today() + chrono::Days::new(30);
    let body =
        json!({"successors": successors, "effective_on": later, "reason": "The office rotates."});
    office
        .post("/v1/handovers", body)
        .await
        .expect(201)
        .str("/id")
}

/// A partner's key, written past the API.
pub fn db_key(app: &App, scopes: &str) -> (Id, String) {
    use diesel::prelude::*;
    let (secret, prefix) = secrets::api_key().unwrap();
    let id = Id::random().unwrap();
    let now = Instant::now();
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(id.0),
            api_keys::name.eq("Sample partner"),
            api_keys::prefix.eq(prefix),
            api_keys::secret_hash.eq(secrets::digest(&secret)),
            api_keys::scopes.eq(scopes),
            api_keys::created_at.eq(now.0),
            api_keys::expires_at.eq(now.plus_seconds(3600).0),
            api_keys::version.eq(1),
            api_keys::seq.eq(0i64),
        ))
        .execute(&mut app.db_conn())
        .unwrap();
    (id, secret)
}

fn db_status(app: &App, person: &Person, status: &str) {
    use diesel::prelude::*;
    diesel::update(users::table.find(person.id.0))
        .set(users::status.eq(status))
        .execute(&mut app.db_conn())
        .unwrap();
}

/// The token of this kind of caller; made anew for each cell, because some requests end it.
pub async fn token(app: &App, column: &str) -> Option<String> {
    match column {
        "anonymous" => None,
        "partner" => Some(db_key(app, "[\"read\"]").1),
        "partner_without_scope" => Some(db_key(app, "[]").1),
        "coordinator_kz" => Some(app.coordinator("KZ").token),
        "coordinator_kg" => Some(app.coordinator("KG").token),
        "secretariat" => Some(app.secretariat().token),
        "auditor" => Some(app.auditor().token),
        "disabled" | "unconfirmed" => {
            let person = app.db_person(Role::Secretariat, None);
            let status = if column == "disabled" {
                column
            } else {
                "invited"
            };
            db_status(app, &person, status);
            Some(person.token)
        }
        _ => {
            let person = app.secretariat();
            app.send(person.request(Method::POST, "/v1/auth/logout"))
                .await
                .expect(204);
            Some(person.token)
        }
    }
}

async fn status(app: &App, operation: &Operation, objects: &Objects, token: Option<&str>) -> u16 {
    let mut request = operation.request(&objects.fill_for(&operation.path, token));
    if let Some(token) = token {
        request = request.insert_header(("Authorization", format!("Bearer {token}")));
    }
    let answer = app.send(request).await;
    examples::take(&operation.id, &answer);
    answer.status
}

pub fn committed() -> BTreeMap<String, Vec<String>> {
    include_str!("rights.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            // operation, route, and a status for each column
            let mut cells = line.split('\t').map(str::to_owned);
            (
                cells.next().unwrap_or_default(),
                cells.skip(1).collect::<Vec<_>>(),
            )
        })
        .collect()
}

both! {
    async fn every_route_gives_every_caller_what_the_table_says(app) {
        let committed = committed();
        let mut made = Objects::make(&app).await;
        let unknown = Objects::unknown();
        let mut actual = format!("operation\troute\t{}\n", COLUMNS.join("\t"));
        let mut wrong = String::new();
        for mut staged in operations() {
            let mut objects = made.clone();
            let apart = stage(&app, &mut objects, &mut staged).await;
            let mut row = Vec::new();
            for column in COLUMNS {
                let token = objects.token(&app, column).await;
                let mut operation = staged.clone();
                prove(&app, &mut operation, column, token.as_deref()).await;
                // First, because the request on what is there may end the caller's session.
                let unknown = if operation.path.replace("{token}", "").contains('{') {
                    let unknown = status(&app, &operation, &unknown, token.as_deref()).await;
                    assert_ne!(unknown / 100, 5, "{} as {column}", operation.id);
                    Some(unknown)
                } else {
                    None
                };
                let status = status(&app, &operation, &objects, token.as_deref()).await;
                assert_ne!(status / 100, 5, "{} as {column}", operation.id);
                if status < 400 && operation.method != Method::GET {
                    if !apart {
                        made = Objects::make(&app).await;
                    }
                    objects = made.clone();
                    stage(&app, &mut objects, &mut staged).await;
                }
                let mut cell = status.to_string();
                if let Some(unknown) = unknown {
                    let _ = write!(cell, "/{unknown}");
                }
                row.push(cell);
            }
            if committed.get(&staged.id) != Some(&row) {
                let held = committed.get(&staged.id).map_or("no row".to_owned(), |r| r.join(" "));
                let _ = writeln!(wrong, "{}: is {}, the table says {held}", staged.id, row.join(" "));
            }
            let _ = writeln!(actual, "{}\t{} {}\t{}", staged.id, staged.method, staged.path, row.join("\t"));
        }
        examples::write();
        let known: Vec<String> = operations().into_iter().map(|o| o.id).collect();
        for id in committed.keys().filter(|id| !known.contains(id)) {
            let _ = writeln!(wrong, "{id}: the table has a row for an operation that does not exist");
        }
        assert!(wrong.is_empty(), "{wrong}\nIf every difference is meant, tests/suite/rights.tsv becomes:\n{actual}");
    }
}

#[test]
fn somebody_is_let_in_by_every_operation() {
    let mut closed: Vec<&str> = Vec::new();
    let mut looked_at = 0;
    for line in include_str!("rights.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [operation, route, statuses @ ..] = &cells[..] else {
            panic!("{line}")
        };
        // The desk takes its own cookie alone: `desk.rs` goes through all of its pages.
        if route.contains(" /reports") {
            continue;
        }
        looked_at += 1;
        if !statuses.iter().any(|cell| cell.starts_with('2')) {
            closed.push(operation);
        }
    }
    assert_eq!(closed, Vec::<&str>::new());
    assert!(looked_at > 100, "{looked_at}");
}

#[test]
fn the_documented_table_of_rights_is_that_of_the_code() {
    let page = include_str!("../../docs/rights.md");
    let table = page
        .split("<!-- table -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /table -->").next())
        .unwrap_or("");
    assert_eq!(table.trim(), ots_registry::auth::policy::table().trim());
}

#[test]
fn the_documented_table_of_configuration_is_that_of_the_code() {
    let page = include_str!("../../docs/configuration.md");
    let table = page
        .split("<!-- table -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /table -->").next())
        .unwrap_or("");
    assert_eq!(table.trim(), ots_registry::config::table().trim());
}
