//! The outermost middleware: every answer, whatever made it, leaves with a request id, security headers and, when
//! it is an error, a problem body; every request leaves one log line.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Instant as Clock;

use actix_cors::CorsError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::limits::{Caller, Limits};
use super::public::is_public;
use super::{Code, Error, Language, sheet};
use crate::db::Id;

/// The id of the request, in every answer as `X-Request-Id` and in every log line.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// How to ask who sends a request, where nobody has asked yet. What is wrong with the request itself is told only to those who may
/// send one like it: the envelope asks before an answer that refuses goes out.
#[derive(Clone)]
pub struct Unsettled(pub Rc<Ask>);

/// Says who it is that must not go on.
type Ask = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpAddr>);

/// Tells an opaque key of a caller that is known by its credentials, without looking anything up.
pub type CallerKey = fn(&ServiceRequest) -> Option<Claimed>;

/// A caller's opaque key.
pub struct Claimed {
    /// The key.
    pub key: String,
    /// True when a signature proves it; otherwise the database must have confirmed it before it counts.
    pub proven: bool,
}

const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "geolocation=(), camera=(), microphone=()",
    ),
    (
        "Strict-Transport-Security",
        "max-age=31536000; includeSubDomains",
    ),
];

/// Pages bring their own policy; everything else may load nothing.
const NO_CONTENT_POLICY: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The interactive reference loads its own scripts and styles from inside the program.
const REFERENCE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Wraps a request (see the module).
pub async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Clock::now();
    let id = Id::random().map_or_else(|_| "0".to_owned(), |id| id.to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let admitted = admit(&request);
    // HEAD is answered as GET is, without the body (RFC 9110, section 9.3.2): the protocol layer leaves it out.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let mut response = match admitted {
        Ok(standing) => {
            // Handlers and the middleware inside turn their errors into answers; nothing else comes back as an error.
            let mut response = next.call(request).await?.map_into_boxed_body();
            let unsettled = response.request().extensions().get::<Unsettled>().cloned();
            if response.status().is_client_error()
                && let Some(unsettled) = unsettled
                && let Err(error) = (unsettled.0)().await
            {
                response = response.error_response(error);
            }
            if let Some(standing) = standing {
                set(&mut response, "RateLimit-Policy", &standing.policy);
                set(&mut response, "RateLimit", &standing.state);
            }
            response
        }
        Err(error) => request.error_response(error),
    };
    let status = response.status();
    let mut cause = None;
    let strange = not_ours(&response);
    let problem = response.response().error();
    let problem = problem.and_then(|e| e.as_error::<Error>());
    if (status.is_client_error() || status.is_server_error())
        && let Some(problem) = problem.or(strange.as_ref())
    {
        let (source, at) = problem.inside();
        if status.is_server_error() {
            cause = Some(format!("{} ({at})", source.unwrap_or("")));
        }
        let language = Language::of(response.request().headers());
        let told = problem.respond(&id, language);
        let mut told = sheet::shown(told, problem, &id, response.request());
        for (name, value) in response.headers() {
            // The new body is not the one that was compressed.
            let new = name == header::VARY || !told.headers().contains_key(name);
            if new && name != header::CONTENT_ENCODING {
                told.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = ServiceResponse::new(response.request().clone(), told);
    }
    finish(&mut response, &id);
    let path = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    let micros = started.elapsed().as_micros().min(u128::from(u64::MAX));
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    match cause {
        Some(cause) => {
            tracing::error!(request_id = id, %method, path, status, micros, cause, "request failed")
        }
        None => tracing::info!(request_id = id, %method, path, status, micros, "request"),
    }
    Ok(response)
}

/// The problem that says what a library refused with a body of its own, or without one.
fn not_ours(response: &ServiceResponse<BoxBody>) -> Option<Error> {
    let status = response.status();
    let error = response.response().error();
    // A page that says itself what is wrong, like a log-in form.
    if response.response().extensions().contains::<sheet::Whole>() {
        return None;
    }
    if !(status.is_client_error() || status.is_server_error())
        || error.is_some_and(|e| e.as_error::<Error>().is_some())
    {
        return None;
    }
    // The texts of this one are fixed.
    if let Some(refused) = error.and_then(|e| e.as_error::<CorsError>()) {
        let detail = format!("this cross-origin request is refused: {refused}");
        return Some(Error::new(Code::MalformedRequest, detail));
    }
    let mut all = Code::ALL.iter().copied();
    Some(match all.find(|c| c.status() == status.as_u16()) {
        Some(Code::NotFound) => Error::new(Code::NotFound, "there is nothing at this address"),
        Some(code) if status.is_client_error() => Error::new(code, code.help()),
        _ => Error::internal(format!("an answer {status} that is no problem")),
    })
}

/// What is refused before anything looks at the request.
fn admit(request: &ServiceRequest) -> Result<Option<super::limits::Standing>, Error> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|v| v.as_bytes() != b"identity") {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            "send the body without Content-Encoding",
        ));
    }
    let Some(limits) = request.app_data::<web::Data<Limits>>() else {
        return Ok(None);
    };
    let claimed = request
        .app_data::<web::Data<CallerKey>>()
        .and_then(|f| f.get_ref()(request));
    let address = || peer(request.request());
    let caller = match claimed {
        None => Caller::Address(address()),
        Some(Claimed { key, proven: true }) => Caller::Known(key),
        Some(Claimed { key, .. }) => limits
            .counted_by(&key)
            .map_or_else(|| Caller::Unconfirmed(address()), Caller::Known),
    };
    if matches!(request.path(), "/healthz" | "/readyz") {
        return Ok(None);
    }
    limits.count(&caller)
}

/// The client's address: the socket's, or what a trusted proxy in front of it says.
pub fn peer(request: &HttpRequest) -> IpAddr {
    let socket = request
        .peer_addr()
        .map_or(IpAddr::from([127, 0, 0, 1]), |a| a.ip().to_canonical());
    let trusted = request.app_data::<web::Data<TrustedProxies>>();
    let Some(trusted) = trusted.filter(|t| t.0.contains(&socket)) else {
        return socket;
    };
    let mut current = socket;
    let forwarded: Vec<&str> = request
        .headers()
        .get_all("X-Forwarded-For")
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .collect();
    // From the nearest hop outwards, as long as the one who says it is trusted.
    for hop in forwarded.iter().rev() {
        let Some(address) = address_of(hop) else {
            break;
        };
        current = address;
        if !trusted.0.contains(&address) {
            break;
        }
    }
    current
}

/// The address of a hop, which some proxies write with its port. On a socket for both families IPv4 comes as `::ffff:…`, and is the
/// same client.
fn address_of(hop: &str) -> Option<IpAddr> {
    let address = hop
        .parse()
        .or_else(|_| hop.parse().map(|a: SocketAddr| a.ip()))
        .or_else(|_| hop.trim_matches(['[', ']']).parse());
    address.ok().map(|a: IpAddr| a.to_canonical())
}

/// The network that a request comes from, as the rate limits count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network(pub String);

impl FromRequest for Network {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(super::limits::network(peer(request)))))
    }
}

fn finish(response: &mut ServiceResponse, id: &str) {
    set(response, "X-Request-Id", id);
    let allowed = header::ACCESS_CONTROL_ALLOW_ORIGIN;
    if response.headers().contains_key(&allowed) && !is_public(response.request().path()) {
        response.headers_mut().remove(allowed);
    }
    for (name, value) in SECURITY_HEADERS {
        set(response, name, value);
    }
    if !response
        .headers()
        .contains_key(header::CONTENT_SECURITY_POLICY)
    {
        let reference = response.request().path().starts_with("/docs/");
        set(
            response,
            "Content-Security-Policy",
            if reference {
                REFERENCE_POLICY
            } else {
                NO_CONTENT_POLICY
            },
        );
    }
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        set(response, "Cache-Control", "no-store");
    }
    unite_vary(response);
    // A strong tag names the bytes, so a compressed answer has a tag of its own.
    let encoding = response
        .headers()
        .get(header::CONTENT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    if let Some(encoding) = encoding.filter(|e| e != "identity") {
        let tag = response
            .headers()
            .get(header::ETAG)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned);
        if let Some(tag) = tag {
            set(
                response,
                "ETag",
                &format!("{}-{encoding}\"", tag.trim_end_matches('"')),
            );
        }
    }
}

/// Brings what the layers said to one header.
fn unite_vary(response: &mut ServiceResponse) {
    let mut names: Vec<&str> = Vec::new();
    for value in response.headers().get_all(header::VARY) {
        for name in value.to_str().unwrap_or("").split(',').map(str::trim) {
            if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
    }
    if !names.is_empty() {
        let text = names.join(", ");
        set(response, "Vary", &text);
    }
}

fn set(response: &mut ServiceResponse, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_str(value),
    ) {
        response.headers_mut().insert(name, value);
    }
}
