//! The session of the auditors' desk: pages in a browser, by a cookie that opens nothing but what may be read there.
//!
//! The cookie holds a session and a secret of 256 bits, of which the database has only the SHA-256 (with a word before it, so that it
//! is never good as a refresh token, nor one of those here). Each request reads the session's row: it ends with a log-out, with
//! whatever ends the account's other sessions, and after two hours. No header is read as the cookie, and the cookie never as a header.
//!
//! A form is taken only from a page of ours: the browser says that it is no other site's (`Sec-Fetch-Site`, else `Origin`), and the
//! form holds what only who has its cookie can know. Both cookies are `SameSite=Strict`, so another site's request has none of them.

use std::marker::PhantomData;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::BaseUrl;
use super::auth_handlers::{self, LogInParts, own_session};
use super::dto::LogIn;
use super::model::{DESK_SECONDS, End};
use super::sessions::{self, For};
use crate::auth::policy::{DeskAct, acts::OwnAccount};
use crate::auth::secrets::Secret;
use crate::auth::{self, Credential, Permit};
use crate::db::{Db, Failure};
use crate::http::envelope::Claimed;
use crate::http::{Code, Error};

/// The cookie of a session, without what a browser demands before its name.
const SESSION: &str = "ots_desk";
/// The cookie of the log-in form.
const FORM: &str = "ots_form";

/// A cookie's name: over https only this host can have set it, for all of its paths and never in the clear. The demo on a loopback
/// address has no https, so its cookies have plain names.
fn name(base: &BaseUrl, plain: &str) -> String {
    if is_secure(base) {
        format!("__Host-{plain}")
    } else {
        plain.to_owned()
    }
}

/// The configuration takes an address without https only on a loopback host.
fn is_secure(base: &BaseUrl) -> bool {
    base.0.starts_with("https://")
}

fn set_cookie(base: &BaseUrl, plain: &str, value: &str, seconds: i64) -> String {
    let secure = if is_secure(base) { "; Secure" } else { "" };
    format!(
        "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}",
        name(base, plain)
    )
}

/// The value of a cookie that came once.
fn cookie(request: &HttpRequest, base: &BaseUrl, plain: &str) -> Option<String> {
    let wanted = name(base, plain);
    let mut found = request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned());
    let first = found.next()?;
    // Two of a name: somebody else has set one of them.
    found.next().is_none().then_some(first)
}

/// The opaque key that the rate limits count a caller by: what is in the header, and at the desk's addresses, which alone read it, what the
/// cookie holds. That one is proven by nothing but the database.
pub fn caller_key(request: &ServiceRequest) -> Option<Claimed> {
    auth::caller_key(request).or_else(|| {
        let path = request.path();
        if path != "/reports" && !path.starts_with("/reports/") {
            return None;
        }
        let request = request.request();
        let value = cookie(request, &base(request).ok()?, SESSION)?;
        let (_, digest) = sessions::of_cookie(&value)?;
        Some(Claimed {
            key: HEXLOWER.encode(&digest),
            proven: false,
        })
    })
}

/// Where the registry is reached from outside.
fn base(request: &HttpRequest) -> Result<BaseUrl, Error> {
    let base = request.app_data::<web::Data<BaseUrl>>();
    base.map(|base| base.get_ref().clone())
        .ok_or_else(|| Error::internal("no base address"))
}

/// What the forms of a page hold: only who has the cookie can know it, and it does not tell the cookie.
fn form_token(cookie: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("form {cookie}")))
}

fn is_form_of(token: &str, cookie: &str) -> bool {
    form_token(cookie).as_bytes().ct_eq(token.as_bytes()).into()
}

/// Whoever sits at the desk, as far as it can be told before the database is asked. A request without a good cookie is one of nobody,
/// who is refused where the data is read.
pub struct Desk<A> {
    /// The way to the data.
    pub permit: Permit<A>,
    /// What the forms of its pages hold.
    pub form: String,
    act: PhantomData<fn() -> A>,
}

impl<A: DeskAct + 'static> FromRequest for Desk<A> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready((|| {
            let value = cookie(request, &base(request)?, SESSION).unwrap_or_default();
            let credential = match sessions::of_cookie(&value) {
                Some((session, digest)) => Credential::Desk { session, digest },
                None => Credential::None,
            };
            Ok(Self {
                permit: Permit::at_desk(request, credential)?,
                form: form_token(&value),
                act: PhantomData,
            })
        })())
    }
}

/// What the log-in form holds, and the cookie that goes with it where the browser has none yet.
pub struct LogInForm {
    /// What the form holds.
    pub token: String,
    /// `Set-Cookie`.
    pub set_cookie: Option<String>,
}

/// Makes the log-in form's token.
pub fn log_in_form(request: &HttpRequest) -> Result<LogInForm, Error> {
    let base = base(request)?;
    if let Some(value) = cookie(request, &base, FORM).filter(|value| value.len() == 43) {
        return Ok(LogInForm {
            token: form_token(&value),
            set_cookie: None,
        });
    }
    let value = Secret::random().map_err(Failure::from)?;
    Ok(LogInForm {
        token: form_token(value.reveal()),
        set_cookie: Some(set_cookie(&base, FORM, value.reveal(), DESK_SECONDS)),
    })
}

/// Refuses a form that another site's page sent.
fn must_be_ours(request: &HttpRequest, base: &BaseUrl) -> Result<(), Error> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let ours = match (text("Sec-Fetch-Site"), text("Origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == base.0,
        // No browser of today: what the form holds has to do.
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(not_ours()) }
}

#[track_caller]
fn not_ours() -> Error {
    Error::new(
        Code::Forbidden,
        "this form does not come from a page of this registry, or is too old; open the page again",
    )
}

/// Logs in at the desk, as `POST /v1/auth/login` does for programs; gives the `Set-Cookie` of the session.
pub async fn log_in(
    request: &HttpRequest,
    db: &Db,
    parts: &LogInParts,
    token: &str,
    given: LogIn,
) -> Result<String, Error> {
    let base = base(request)?;
    must_be_ours(request, &base)?;
    let held = cookie(request, &base, FORM).ok_or_else(not_ours)?;
    if !is_form_of(token, &held) {
        return Err(not_ours());
    }
    let (opened, _) = auth_handlers::log_in(db, parts, given, For::Desk).await?;
    Ok(set_cookie(
        &base,
        SESSION,
        &opened.refresh_token,
        DESK_SECONDS,
    ))
}

/// Ends the session; gives the `Set-Cookie` that forgets it.
pub async fn log_out(
    request: &HttpRequest,
    desk: Desk<OwnAccount>,
    token: &str,
) -> Result<String, Error> {
    let base = base(request)?;
    must_be_ours(request, &base)?;
    if !bool::from(desk.form.as_bytes().ct_eq(token.as_bytes())) {
        return Err(not_ours());
    }
    desk.permit
        .write(|tx, acting| {
            let (user, session) = own_session(acting)?;
            sessions::end(tx, user, session, acting.now(), End::LoggedOut)
        })
        .await?;
    Ok(set_cookie(&base, SESSION, "", 0))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{BaseUrl, FORM, SESSION, cookie, form_token, is_form_of, must_be_ours, set_cookie};

    fn bases() -> (BaseUrl, BaseUrl) {
        (
            BaseUrl("https://registry.example".to_owned()),
            BaseUrl("http://127.0.0.1:8080".to_owned()),
        )
    }

    #[test]
    fn a_cookie_has_every_protection_that_its_address_allows() {
        let (secure, demo) = bases();
        assert_eq!(
            set_cookie(&secure, SESSION, "value", 7200),
            "__Host-ots_desk=value; Path=/; Max-Age=7200; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(
            set_cookie(&demo, FORM, "value", 0),
            "ots_form=value; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn a_cookie_counts_once_and_by_its_whole_name() {
        let (secure, demo) = bases();
        let read = |text: &str, base: &BaseUrl| {
            let request = TestRequest::default().insert_header(("Cookie", text));
            cookie(&request.to_http_request(), base, SESSION)
        };
        assert_eq!(
            read("a=b; __Host-ots_desk=x=y", &secure).as_deref(),
            Some("x=y")
        );
        assert_eq!(read("ots_desk=x", &secure), None);
        assert_eq!(read("ots_desk=x", &demo).as_deref(), Some("x"));
        assert_eq!(read("__Host-ots_desk=x", &demo), None);
        assert_eq!(read("ots_desk=x; ots_desk=y", &demo), None);
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let (base, _) = bases();
        let ours = |headers: &[(&'static str, &'static str)]| {
            let mut request = TestRequest::default();
            for header in headers {
                request = request.insert_header(*header);
            }
            must_be_ours(&request.to_http_request(), &base).is_ok()
        };
        assert!(ours(&[
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "null")
        ]));
        assert!(ours(&[("Origin", "https://registry.example")]));
        assert!(ours(&[]));
        for site in ["cross-site", "same-site", "none", ""] {
            let origin = ("Origin", "https://registry.example");
            assert!(!ours(&[("Sec-Fetch-Site", site), origin]), "{site}");
        }
        for origin in [
            "null",
            "https://registry.example.evil.example",
            "http://registry.example",
        ] {
            assert!(!ours(&[("Origin", origin)]), "{origin}");
        }
        assert!(is_form_of(&form_token("x"), "x") && !is_form_of(&form_token("x"), "y"));
        assert!(!is_form_of("", ""));
    }
}
