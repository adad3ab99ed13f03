//! Logging in and out at the desk.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::frame::{answered, page};
use crate::accounts::LogInParts;
use crate::accounts::desk::{self, Desk};
use crate::accounts::dto::LogIn;
use crate::auth::policy::acts::OwnAccount;
use crate::db::Db;
use crate::http::html::escape;
use crate::http::sheet::wants_page;
use crate::http::{Code, Error, Form, Language, NoQuery, docs};

/// The log-in form.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeskLogIn {
    /// E-mail address of the account.
    #[validate(length(max = 254, message = "must have at most 254 characters"))]
    #[schema(max_length = 254, example = "office@sample.example")]
    email: String,
    /// Password.
    #[validate(length(max = 1024, message = "must have at most 1024 characters"))]
    #[schema(max_length = 1024, format = Password, example = "sample words for the example")]
    password: String,
    /// A code of the second factor; blank for an account that has none.
    #[serde(default)]
    #[validate(length(max = 64, message = "must have at most 64 characters"))]
    #[schema(max_length = 64, example = "287082")]
    code: String,
    /// What the page of the form put into it.
    #[schema(
        max_length = 100,
        example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"
    )]
    form: String,
    /// The page of the desk that was asked for.
    #[serde(default)]
    #[validate(length(max = 4000, message = "must have at most 4000 characters"))]
    #[schema(max_length = 4000, example = "/reports/standing")]
    next: String,
}

/// The form that logs out.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeskLogOut {
    /// What the page of the form put into it.
    #[schema(
        max_length = 100,
        example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"
    )]
    form: String,
}

/// A page of the desk to go on to: nothing that a browser could take for another site's.
fn own_page(next: &str) -> &str {
    let rest = next.strip_prefix("/reports");
    let ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !next.contains("//");
    if ours && plain { next } else { "/reports" }
}

/// The page with the form that logs in, with what went wrong.
///
/// Whoever has not tried yet is told nothing but to log in.
pub fn form(request: &HttpRequest, why: &Error, next: &str) -> Result<HttpResponse, Error> {
    let language = Language::of(request.headers());
    let label = |key| language.label(key);
    let made = desk::log_in_form(request)?;
    let told = match why.code() {
        Code::NotAuthenticated => String::new(),
        code => format!(
            "<p class=\"wrong\" role=\"alert\">{}</p>",
            escape(language.title(code))
        ),
    };
    let body = format!(
        "<div class=\"log-in\"><h1>{title}</h1><p>{hint}</p>{told}\
         <form method=\"post\" action=\"/reports/login\">\
         <div><label for=\"email\">{email}</label><input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" maxlength=\"254\" required></div>\
         <div><label for=\"password\">{password}</label><input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" maxlength=\"1024\" required></div>\
         <div><label for=\"code\">{code}</label><input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"64\" \
         aria-describedby=\"code-hint\"><p id=\"code-hint\" class=\"note\">{code_hint}</p></div>\
         <input type=\"hidden\" name=\"form\" value=\"{token}\"><input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <div class=\"do\"><button>{go}</button></div></form></div>",
        title = label("desk.log_in"),
        hint = label("desk.log_in.hint"),
        email = label("email"),
        password = label("desk.password"),
        code = label("desk.code"),
        code_hint = label("desk.code.hint"),
        token = escape(&made.token),
        next = escape(own_page(next)),
        go = label("desk.log_in"),
    );
    let status = StatusCode::from_u16(why.code().status()).map_err(Error::internal)?;
    let mut response = page(status, language, label("desk.log_in"), "", &body);
    let headers = response.headers_mut();
    for (name, value) in why.headers() {
        let value = HeaderValue::from_str(value).map_err(Error::internal)?;
        let name = header::HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
        headers.insert(name, value);
    }
    if let Some(cookie) = made.set_cookie {
        let cookie = HeaderValue::from_str(&cookie).map_err(Error::internal)?;
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Sets a cookie, and leads a browser on to a page of the desk.
fn led(request: &HttpRequest, to: &str, cookie: &str) -> HttpResponse {
    let mut response = if wants_page(request.headers()) {
        let mut on = HttpResponse::SeeOther();
        on.insert_header((header::LOCATION, to));
        on
    } else {
        HttpResponse::NoContent()
    };
    response
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Logs in at the auditors' desk.
///
/// The form of its log-in page. It answers and waits as `POST /v1/auth/login` does; who may log in there may here, and reads what
/// the role reads. The session is a cookie for the pages of the desk alone, for two hours: `__Host-ots_desk` over https (`HttpOnly`,
/// `Secure`, `SameSite=Strict`), `ots_desk` on a loopback address without it. A form that is not from a page of the registry is
/// refused with 403.
#[utoipa::path(
    tag = "desk", operation_id = "start_desk_session", security(()),
    params(("__Host-ots_form" = String, Cookie, pattern = "^[A-Za-z0-9_-]{43}$", description = "The cookie that came with the form: what the form holds is good with it alone",
        example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")),
    request_body(content = DeskLogIn, content_type = "application/x-www-form-urlencoded", description = "The form",
        example = json!({"email": "office@sample.example", "password": "sample words for the example", "code": "",
            "form": "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik", "next": "/reports"})),
    responses((status = 303, description = "Logged in; Location names the page to go on to"),
        (status = 204, description = "Logged in, for a program that takes no page"), docs::DeskForm)
)]
#[post("/reports/login")]
pub(super) async fn start_desk_session(
    request: HttpRequest,
    _query: NoQuery,
    db: web::Data<Db>,
    parts: LogInParts,
    given: Form<DeskLogIn>,
) -> Result<HttpResponse, Error> {
    let DeskLogIn {
        email,
        password,
        code,
        form: token,
        next,
    } = given.0;
    let given = LogIn {
        email,
        password,
        code: Some(code).filter(|code| !code.is_empty()),
        device_token: None,
    };
    match desk::log_in(&request, &db, &parts, &token, given).await {
        Ok(cookie) => Ok(led(&request, own_page(&next), &cookie)),
        Err(error) if !wants_page(request.headers()) => Err(error),
        Err(error) if matches!(error.code(), Code::WrongCredentials | Code::TooManyRequests) => {
            form(&request, &error, &next)
        }
        Err(error) => Err(error),
    }
}

/// Logs out at the auditors' desk.
///
/// The session ends at once and its cookie is forgotten.
#[utoipa::path(
    tag = "desk", operation_id = "end_desk_session", security(("desk" = [])),
    request_body(content = DeskLogOut, content_type = "application/x-www-form-urlencoded", description = "The form",
        example = json!({"form": "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik"})),
    responses((status = 303, description = "Logged out; Location names the log-in page"),
        (status = 204, description = "Logged out, for a program that takes no page"), docs::DeskForm)
)]
#[post("/reports/logout")]
pub(super) async fn end_desk_session(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<OwnAccount>,
    given: Form<DeskLogOut>,
) -> Result<HttpResponse, Error> {
    let done = desk::log_out(&request, desk, &given.0.form).await;
    let done = done.map(|cookie| led(&request, "/reports", &cookie));
    answered(&request, done)
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn a_log_in_leads_to_a_page_of_the_desk_and_nowhere_else() {
        for ours in [
            "/reports",
            "/reports?x=1",
            "/reports/standing?as_of=2026-01-01&known_at=seq%3A4",
        ] {
            assert_eq!(own_page(ours), ours);
        }
        for other in [
            "",
            "/",
            "//evil.example",
            "/reports//evil.example",
            "https://evil.example/reports",
            "/reportsevil",
            "/reports\\x",
            "/reports/\r\nSet-Cookie: x",
            "/v1/reports/standing",
            "/reports.evil.example",
        ] {
            assert_eq!(own_page(other), "/reports", "{other}");
        }
    }
}
