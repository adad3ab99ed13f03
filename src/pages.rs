//! The few pages and machine addresses that are about the service itself: `/`, `/problems/{code}`, health.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::{Db, migrate};
use crate::http::html::{Page, escape};
use crate::http::sheet::Sheet;
use crate::http::{Code, Error, Language, NoQuery, Path, docs};
use crate::memberships::adoption;
use crate::memberships::rules::Rules;
use crate::organisations;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_front_page)
        .service(get_problem_page)
        .service(get_openapi)
        .service(get_health)
        .service(get_readiness);
}

/// A page that changes with the program only.
fn page(title: &str, body: &str) -> HttpResponse {
    let page = Page {
        title,
        body,
        script: None,
        cache: "public, max-age=300",
    };
    page.respond()
}

/// Says what this service is and where to go.
///
/// A short page for people, with the field that searches.
#[utoipa::path(
    tag = "service", operation_id = "get_front_page", security(()),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Plain)
)]
#[get("/")]
async fn get_front_page(request: HttpRequest, _query: NoQuery) -> HttpResponse {
    let language = Language::of(request.headers());
    let form = organisations::pages::form(language, "", None);
    let sheet = Sheet {
        language,
        title: "OTS NGO Registry".to_owned(),
        body: format!(
            "<h1 lang=\"en\">OTS NGO Registry</h1>\
             <p lang=\"en\">The book of record of the NGO Platform of the Organization of Turkic States: which NGOs exist in its \
             eight countries, which of them belong to the Platform, since when, and by whose decision.</p>\
             <section aria-labelledby=\"search\"><h2 id=\"search\">{}</h2>{form}</section>{ADDRESSES}",
            language.label("search.title")
        ),
        head: String::new(),
    };
    sheet.respond(&request, 300)
}

/// What else is there, for those who write programs.
const ADDRESSES: &str = "<section lang=\"en\" aria-labelledby=\"addresses\"><h2 id=\"addresses\">For programs</h2><dl>\
    <dt><a href=\"/v1/organisations\">/v1/organisations</a></dt><dd>Public organisations, to browse and to filter.</dd>\
    <dt><a href=\"/v1/countries\">/v1/countries</a></dt><dd>The eight countries: legal forms, identifier schemes, standing in the OTS.</dd>\
    <dt><a href=\"/docs/\">/docs</a></dt><dd>The interactive reference of the whole interface.</dd>\
    <dt><a href=\"/openapi.json\">/openapi.json</a></dt><dd>The same as a document for machines (OpenAPI 3.1).</dd>\
    <dt><a href=\"/.well-known/jwks.json\">/.well-known/jwks.json</a></dt><dd>The keys that check the registry's tokens and checkpoints.</dd></dl>\
    <p>Coordinators, auditors and the secretariat log in at <code>POST /v1/auth/login</code>; in a browser they read reports, closed \
    periods and the journal at <a href=\"/reports\">/reports</a>.</p></section>";

/// Explains a kind of problem.
///
/// The page that the `type` of a problem points to.
#[utoipa::path(
    tag = "service", operation_id = "get_problem_page", security(()),
    params(("code" = Code, Path, description = "The problem's code", example = "stale_version")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::PlainPage)
)]
#[get("/problems/{code}")]
async fn get_problem_page(code: Path<String>, _query: NoQuery) -> Result<HttpResponse, Error> {
    let code = Code::ALL
        .iter()
        .find(|c| c.code() == code.0)
        .ok_or_else(|| Error::not_found("problem"))?;
    let help = escape(code.help());
    // Backticks mark code in the table's texts.
    let help: String = help
        .split('`')
        .enumerate()
        .map(|(n, part)| {
            if n % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect();
    Ok(page(
        code.title(),
        &format!(
            "<h1>{}</h1><p><code>{}</code>, HTTP status {}</p><p>{help}</p><p><a href=\"/docs/\">The reference</a></p>",
            escape(code.title()),
            code.code(),
            code.status()
        ),
    ))
}

/// The committed OpenAPI document, which is what is served: made anew at every start, it would leave eight megabytes behind in
/// memory. A test holds it against the code (`tests/suite/contract.rs`).
pub const CONTRACT: &str = include_str!("../openapi/openapi.json");
/// Its tag.
static CONTRACT_TAG: LazyLock<String> = LazyLock::new(|| crate::http::tags::of_body(CONTRACT));

/// Reads the OpenAPI document.
///
/// The contract of this interface, made from the same registration as the routes.
#[utoipa::path(
    tag = "service", operation_id = "get_openapi", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, example = json!({"openapi": "3.1.0"})), docs::Plain)
)]
#[get("/openapi.json")]
async fn get_openapi(request: HttpRequest, _query: NoQuery) -> Result<HttpResponse, Error> {
    let tag = CONTRACT_TAG.as_str();
    if crate::http::tags::is_known(&request, tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header(("ETag", tag))
            .insert_header(("Cache-Control", "public, max-age=300"))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header(("ETag", tag))
        .insert_header(("Cache-Control", "public, max-age=300"))
        .content_type("application/json")
        .body(CONTRACT))
}

/// How the service is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

const OK: Health = Health {
    status: "ok",
    version: env!("CARGO_PKG_VERSION"),
};

/// Says that the process is alive.
///
/// Looks at nothing else: a lost database does not make it fail.
#[utoipa::path(
    tag = "service", operation_id = "get_health", security(()),
    responses((status = 200, description = "Alive", body = Health), docs::Alive)
)]
#[get("/healthz")]
async fn get_health(_query: NoQuery) -> HttpResponse {
    HttpResponse::Ok().json(OK)
}

/// How long a good look at the database counts.
const LOOK_COUNTS: Duration = Duration::from_secs(1);

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// When the database was last found right: readiness has no rate limit, so it must not ask each time.
#[derive(Default)]
pub struct Readiness(Mutex<Option<Clock>>);

impl Readiness {
    fn is_fresh(&self) -> bool {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.is_some_and(|at| at.elapsed() < LOOK_COUNTS)
    }

    fn found(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Clock::now());
    }
}

/// Says whether the service can do its work.
///
/// Looks at the database, at the version of its tables, and whether the rules of membership are those in force; at most once a
/// second where all is well.
#[utoipa::path(
    tag = "service", operation_id = "get_readiness", security(()),
    responses((status = 200, description = "Ready", body = Health), docs::Ready)
)]
#[get("/readyz")]
async fn get_readiness(
    db: web::Data<Db>,
    readiness: web::Data<Readiness>,
    rules: web::Data<Rules>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    if readiness.is_fresh() {
        return Ok(HttpResponse::Ok().json(OK));
    }
    let look = db.read(move |conn| {
        if let Some(text) = migrate::deviation(conn)? {
            return Err(Error::new(Code::DatabaseUnavailable, text).header("Retry-After", "5"));
        }
        adoption::must_be_current(conn, &rules)
    });
    // A database that is frozen, or busy for so long, is no use to anybody.
    actix_web::rt::time::timeout(PATIENCE, look)
        .await
        .map_err(|_| {
            let detail = "the database did not answer within 3 s";
            Error::new(Code::DatabaseUnavailable, detail).header("Retry-After", "5")
        })??;
    readiness.found();
    Ok(HttpResponse::Ok().json(OK))
}
