//! What a person sees who opens a one-time link in a browser: a form whose script POSTs to the same address.
//!
//! The pages look nothing up and hold nothing of the link, so that opening one (or a mail program that opens it first)
//! neither uses the link nor tells whether it is good.

use crate::http::Routes;
use actix_web::{HttpResponse, get};

use crate::auth::passwords::MIN_CHARS;
use crate::http::html::Page;
use crate::http::{NoQuery, Path, docs};

const SCRIPT: &str = include_str!("link-page.js");

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_invitation_page)
        .service(get_password_reset_page);
}

/// A form without names on its fields and without a script's help sends nothing, least of all a password in an address.
fn form(title: &str, text: &str) -> HttpResponse {
    let body = format!(
        "<h1>{title}</h1><p>{text}</p>\
         <form method=\"post\">\
         <p><label for=\"password\">Password</label><input id=\"password\" type=\"password\" autocomplete=\"new-password\" \
         required aria-describedby=\"rule\"></p>\
         <p id=\"rule\">At least {MIN_CHARS} characters; four random words do well.</p>\
         <p><label for=\"again\">The password once more</label><input id=\"again\" type=\"password\" \
         autocomplete=\"new-password\" required></p>\
         <p><button>Set the password</button></p></form>\
         <p id=\"told\" role=\"alert\"></p>\
         <noscript><p>This form needs JavaScript. Without it: POST <code>{{\"password\": \"…\"}}</code> as \
         <code>application/json</code> to this address.</p></noscript>"
    );
    let page = Page {
        title,
        body: &body,
        script: Some(SCRIPT),
        cache: "no-store",
    };
    page.respond()
}

/// Shows the form of an invitation.
///
/// A page for the person who was invited. It looks the same whether the link is good or not.
#[utoipa::path(
    tag = "accounts", operation_id = "get_invitation_page", security(()),
    params(("token" = String, Path, description = "The last part of the link", example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Plain)
)]
#[get("/invitations/{token}")]
async fn get_invitation_page(_token: Path<String>, _query: NoQuery) -> HttpResponse {
    form(
        "Your account at the registry",
        "You were invited to the OTS NGO Registry. Set your password here; then you log in with it and your e-mail address. \
         The link works once.",
    )
}

/// Shows the form of a password reset.
///
/// A page for the person whose password is set anew. It looks the same whether the link is good or not.
#[utoipa::path(
    tag = "accounts", operation_id = "get_password_reset_page", security(()),
    params(("token" = String, Path, description = "The last part of the link", example = "4vKd0Yv0m3s9Qw1zJ8p2Lr6Tn5Xc7Bb0Ha1Ge3Uf9Ik")),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Plain)
)]
#[get("/password-resets/{token}")]
async fn get_password_reset_page(_token: Path<String>, _query: NoQuery) -> HttpResponse {
    form(
        "A new password",
        "Set another password for your account at the OTS NGO Registry. All its sessions end. The link works once.",
    )
}
