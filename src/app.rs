//! Wires the parts and holds the whole URL tree on one screen.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use actix_cors::Cors;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_actix_web::{AppExt, scope};

use crate::accounts::BaseUrl;
use crate::accounts::mail::Mailer;
use crate::auth::SecondFactorRule;
use crate::auth::passwords::Passwords;
use crate::auth::reads::ReadLog;
use crate::auth::sealing::SealKeys;
use crate::auth::throttle::Throttle;
use crate::auth::tokens::TokenKeys;
use crate::checkpoints::Checkpoints;
use crate::countries::Countries;
use crate::db::Db;
use crate::http::envelope::{CallerKey, TrustedProxies, envelope};
use crate::http::idempotency::Running;
use crate::http::limits::Limits;
use crate::http::{Code, Error, FieldError, IsPerson, Problem, Routes, public};
use crate::imports::turns::Uploads;
use crate::memberships::rules::Rules;
use crate::reports::turns::Turns;
use crate::search::Search;
use crate::{
    accounts, checkpoints, countries, duplicates, imports, journal, memberships, organisations,
    pages, people, reports,
};

/// The parts that handlers take, each by its own type.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Keys that sign and check tokens.
    pub keys: TokenKeys,
    /// Keys that seal what only the service may read.
    pub seals: SealKeys,
    /// Whose accounts need a second factor.
    pub second_factor: SecondFactorRule,
    /// Waits after failed log-ins.
    pub throttle: Throttle,
    /// Password hashing.
    pub passwords: Passwords,
    /// Reference data.
    pub countries: Arc<Countries>,
    /// The dated rules of membership.
    pub rules: Arc<Rules>,
    /// Rate limits.
    pub limits: Limits,
    /// Proxies that are believed.
    pub proxies: TrustedProxies,
    /// The address under which people reach the registry.
    pub base_url: String,
    /// The way to the mail server, where there is one.
    pub mail: Option<Mailer>,
    /// Those who ask for an organisation by its number.
    pub by_number: organisations::ByNumber,
    /// Idempotency keys whose request is running.
    pub running: Running,
    /// Uploads that are being read.
    pub uploads: Uploads,
    /// Big reports that are being made.
    pub reports: Turns,
    /// The index of names.
    pub search: Search,
    /// What signs checkpoints.
    pub checkpoints: Checkpoints,
    /// When the database was last found right.
    pub readiness: web::Data<pages::Readiness>,
}

/// The URL tree, but for what is below `/v1`.
fn urls(config: &mut impl Routes) {
    pages::routes(config);
    organisations::pages::routes(config);
    reports::desk::routes(config);
    accounts::well_known_routes(config);
}

/// What is below `/v1`.
fn v1(config: &mut impl Routes) {
    accounts::routes(config);
    countries::handlers::routes(config);
    organisations::routes(config);
    duplicates::routes(config);
    memberships::routes(config);
    imports::routes(config);
    reports::routes(config);
    reports::periods::routes(config);
    people::routes(config);
    checkpoints::routes(config);
    journal::handlers::routes(config);
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "OTS NGO Registry",
        description = "The book of record of the NGO Platform of the Organization of Turkic States: which NGOs exist in its eight \
            countries, which of them belong to the Platform, since when, and by whose decision.\n\n\
            Errors are problem details (RFC 9457): `code` is stable, `title` is in the language of `Accept-Language` (az, kk, ky, \
            hu, ru, tk, tr, uz; English otherwise), `detail` is English. Lists are keyset pages. Changes take `If-Match`; POSTs that change the record \
            take `Idempotency-Key`. Unknown fields, unknown parameters and empty parameters are refused.",
        contact(name = "The NGO Platform's registry"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This registry")),
    tags(
        (name = "service", description = "The service itself: pages, health, the contract."),
        (name = "reference", description = "The eight countries, their legal forms and identifier schemes."),
        (name = "organisations", description = "NGOs: registering, reading, changing."),
        (name = "memberships", description = "Memberships: the ledger, its acts, proposals and decisions."),
        (name = "reports", description = "Reports for auditors, with the ids behind every figure."),
        (name = "desk", description = "The auditors' desk: reports, closed periods and the journal as pages in a browser, after a log-in."),
        (name = "imports", description = "Spreadsheets in and out."),
        (name = "accounts", description = "Log-in, sessions, accounts and partner keys."),
        (name = "people", description = "Personal data: who read it, what is held of a person, and its erasure."),
        (name = "journal", description = "The record of every change."),
    ),
    components(schemas(Problem, FieldError, Code)),
    modifiers(&Bearer)
)]
struct Contract;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token from POST /v1/auth/login, or a partner's API key.",
            ))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let desk = ApiKeyValue::with_description(
            "__Host-ots_desk",
            "The cookie of a log-in at the auditors' desk, for its pages alone; `ots_desk` on a loopback address without https.",
        );
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("desk", SecurityScheme::ApiKey(ApiKey::Cookie(desk)));
    }
}

/// The OpenAPI document, from the same registration as the routes.
pub fn contract() -> OpenApi {
    let (_, mut openapi) = App::new()
        .into_utoipa_app()
        .openapi(Contract::openapi())
        .configure(|config| urls(config))
        .service(scope("/v1").configure(|config| v1(config)))
        .split_for_parts();
    reports::handlers::describe(&mut openapi);
    crate::http::contract::complete(&mut openapi);
    openapi
}

/// The document as text, one line an item, so that a change shows as a small difference.
pub fn contract_text() -> Result<String, String> {
    let mut text = serde_json::to_string_pretty(&contract()).map_err(|e| e.to_string())?;
    text.push('\n');
    Ok(text)
}

/// The application: the one constructor for the program, the tests and the benchmarks.
pub fn app(
    parts: &Parts,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    let caller_key: CallerKey = accounts::desk::caller_key;
    let is_person: IsPerson = crate::countries::holds_person_number;
    App::new()
        .configure(urls)
        .service(web::scope("/v1").configure(v1))
        .app_data(web::Data::new(parts.db.clone()))
        .app_data(web::Data::new(ReadLog::new(parts.db.clone())))
        .app_data(web::Data::new(parts.keys.clone()))
        .app_data(web::Data::new(parts.seals.clone()))
        .app_data(web::Data::new(parts.second_factor))
        .app_data(web::Data::new(parts.throttle.clone()))
        .app_data(web::Data::new(parts.passwords.clone()))
        .app_data(web::Data::from(parts.countries.clone()))
        .app_data(web::Data::from(parts.rules.clone()))
        .app_data(web::Data::new(BaseUrl(parts.base_url.clone())))
        .app_data(web::Data::new(parts.limits.clone()))
        .app_data(web::Data::new(parts.proxies.clone()))
        .app_data(web::Data::new(parts.mail.clone()))
        .app_data(web::Data::new(parts.by_number.clone()))
        .app_data(web::Data::new(parts.running.clone()))
        .app_data(web::Data::new(parts.uploads.clone()))
        .app_data(web::Data::new(parts.reports.clone()))
        .app_data(web::Data::new(parts.search.clone()))
        .app_data(web::Data::new(parts.checkpoints.clone()))
        .app_data(web::Data::new(parts.checkpoints.keys().clone()))
        .app_data(parts.readiness.clone())
        .app_data(web::Data::new(caller_key))
        .app_data(web::Data::new(is_person))
        .service(get_docs)
        .service(
            utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}")
                .config(utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none")),
        )
        .default_service(web::to(no_such_address))
        .wrap(cors())
        .wrap(Compress::default())
        .wrap(from_fn(envelope))
}

/// Browsers anywhere may read the public surface ([`crate::http::public`]; the envelope takes the word off all other answers); a script
/// cannot send a token across origins, because the `Authorization` header is not among those allowed.
fn cors() -> Cors {
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allowed_headers(["Accept", "Accept-Language", "Content-Type", "If-None-Match"])
        .expose_headers([
            "ETag",
            "Link",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-Id",
        ])
        .max_age(3600)
}

/// Leads to the interactive reference, which is a page and no part of the contract.
#[get("/docs")]
async fn get_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header(("Location", "/docs/"))
        .finish()
}

/// The addresses of the contract with the methods that they take. Read where an address is asked for that nobody serves, because a
/// start does without.
static ADDRESSES: LazyLock<Result<Addresses, String>> = LazyLock::new(|| {
    serde_json::from_str(pages::CONTRACT).map_err(|e| format!("openapi.json: {e}"))
});

/// As much of the contract as tells addresses and methods.
#[derive(Deserialize)]
struct Addresses {
    paths: BTreeMap<String, BTreeMap<String, IgnoredAny>>,
}

impl Addresses {
    /// The methods that an address takes; none where there is no such address.
    fn methods(&self, path: &str) -> Option<Vec<Method>> {
        // The reference is a page beside the contract.
        if path == "/docs" {
            return Some(vec![Method::GET, Method::HEAD]);
        }
        let mut all = self.paths.iter();
        let (_, item) = all.find(|(pattern, _)| public::is_of(path, pattern))?;
        let each = [
            ("get", Method::GET),
            ("get", Method::HEAD),
            ("post", Method::POST),
            ("put", Method::PUT),
            ("patch", Method::PATCH),
            ("delete", Method::DELETE),
        ];
        let each = each
            .into_iter()
            .filter(|(name, _)| item.contains_key(*name));
        Some(each.map(|(_, method)| method).collect())
    }
}

/// 404, or 405 where the address exists for other methods.
async fn no_such_address(request: HttpRequest) -> Result<HttpResponse, Error> {
    let addresses = ADDRESSES.as_ref().map_err(Error::internal)?;
    let Some(methods) = addresses.methods(request.path()) else {
        return Err(Error::new(
            Code::NotFound,
            "there is no such address; the reference is at /docs",
        ));
    };
    let allow = methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    Err(Error::new(
        Code::MethodNotAllowed,
        format!("this address takes {allow}"),
    )
    .header("Allow", allow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_tells_which_methods_an_address_takes() {
        let addresses = ADDRESSES.as_ref().unwrap();
        let told = |path: &str| {
            let methods = addresses.methods(path)?;
            Some(methods.iter().map(Method::to_string).collect::<Vec<_>>())
        };
        let both = Some(vec!["GET".to_owned(), "HEAD".to_owned()]);
        assert_eq!(told("/v1/countries"), both);
        assert_eq!(told("/docs"), both);
        let one = told("/v1/organisations/OTS-7K3M9Q2-54").unwrap();
        assert!(one.contains(&"PATCH".to_owned()), "{one:?}");
        for none in ["/v1/organisations//", "/v1", "/v1/countries/", "/", ""] {
            assert!(none == "/" || told(none).is_none(), "{none}");
        }
    }
}
