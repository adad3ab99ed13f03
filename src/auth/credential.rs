//! What a request claims to be, checked without the database.

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use super::secrets;
use super::tokens::{Claims, TokenKeys};
use crate::db::Id;
use crate::http::envelope::Claimed;
use crate::http::{Code, Error};

/// A credential whose form and signature are right; whether it still counts, the database says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// None was sent.
    None,
    /// A genuine access token.
    Token(Claims),
    /// The digest of an API key.
    Key(Vec<u8>),
    /// What the cookie of the auditors' desk holds: a session and the digest of its secret. No header is ever read as this one.
    Desk {
        /// The session.
        session: Id,
        /// The digest.
        digest: Vec<u8>,
    },
}

impl Credential {
    /// Reads the `Authorization` header. A credential that is not good is an error, not an anonymous caller.
    pub fn of(request: &HttpRequest) -> Result<Self, Error> {
        let mut values = request.headers().get_all(header::AUTHORIZATION);
        let Some(value) = values.next() else {
            return Ok(Self::None);
        };
        let text = value.to_str().unwrap_or("");
        let token = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, t)| t.trim());
        let (None, Some(token)) = (values.next(), token) else {
            return Err(unauthenticated());
        };
        if token.starts_with(secrets::KEY_PREFIX) {
            if secrets::is_api_key(token) {
                return Ok(Self::Key(secrets::digest(token)));
            }
            return Err(unauthenticated());
        }
        let keys = request
            .app_data::<web::Data<TokenKeys>>()
            .ok_or_else(|| Error::internal("no token keys"))?;
        keys.verify(token)
            .map(Self::Token)
            .ok_or_else(unauthenticated)
    }
}

impl FromRequest for Credential {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(request))
    }
}

/// 401 with the challenge that RFC 9110 asks for.
#[track_caller]
pub fn unauthenticated() -> Error {
    Error::new(
        Code::NotAuthenticated,
        "send Authorization: Bearer with a valid access token or API key",
    )
    .header("WWW-Authenticate", "Bearer realm=\"ots-registry\"")
}

/// The opaque key that the rate limits count a known caller by.
pub fn caller_key(request: &ServiceRequest) -> Option<Claimed> {
    match Credential::of(request.request()) {
        Ok(Credential::Token(claims)) => Some(Claimed {
            key: claims.sub,
            proven: true,
        }),
        Ok(Credential::Key(digest)) => Some(Claimed {
            key: data_encoding::HEXLOWER.encode(&digest),
            proven: false,
        }),
        Ok(Credential::None | Credential::Desk { .. }) | Err(_) => None,
    }
}
