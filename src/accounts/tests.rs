//! The pure rules of accounts.

use super::BaseUrl;
use super::dto::OneTimeLink;
use super::links::{NewLink, Purpose};
use super::model::{check_reach, email_key};
use super::rows::{ApiKeyRow, UserRow};
use crate::auth::Role;
use crate::auth::secrets::Secret;
use crate::db::Instant;
use crate::journal::Split;
use crate::text::Email;

fn user() -> UserRow {
    UserRow {
        id: 1,
        email: "Office@sample.example".to_owned(),
        email_key: "office@sample.example".to_owned(),
        name: "Sample Office".to_owned(),
        role: "coordinator".to_owned(),
        country: Some("KZ".to_owned()),
        status: "active".to_owned(),
        password_hash: Some("$argon2id$sample".to_owned()),
        invited_by: None,
        created_at: 0,
        version: 1,
        seq: 7,
    }
}

#[test]
fn only_a_coordinator_has_a_country_and_always_one() {
    for (role, country, good) in [
        (Role::Coordinator, Some("KZ"), true),
        (Role::Coordinator, None, false),
        (Role::Secretariat, None, true),
        (Role::Secretariat, Some("KZ"), false),
        (Role::Auditor, None, true),
        (Role::Auditor, Some("KZ"), false),
    ] {
        assert_eq!(
            check_reach(role, country).is_ok(),
            good,
            "{role:?} {country:?}"
        );
    }
}

#[test]
fn an_account_is_found_by_its_address_in_any_case() {
    let key = |text| email_key(&Email::parse(text).unwrap());
    assert_eq!(key("Office@Sample.example"), key("office@sample.example"));
}

#[test]
fn the_journal_holds_a_fingerprint_and_never_the_hash_of_a_password() {
    let [public, private, personal] = user().split().unwrap();
    assert!(public.is_empty());
    let text = serde_json::to_string(&(&private, &personal)).unwrap();
    assert!(!text.contains("argon2id"), "{text}");
    let mut other = user();
    other.password_hash = Some("$argon2id$other".to_owned());
    assert_ne!(other.split().unwrap(), user().split().unwrap());
}

#[test]
fn a_name_and_an_address_are_personal_and_nothing_else_is() {
    let [_, _, personal] = user().split().unwrap();
    let columns: Vec<&str> = personal.keys().map(String::as_str).collect();
    assert_eq!(columns, ["email", "email_key", "name"]);
}

#[test]
fn every_column_but_the_hash_and_seq_is_in_the_image() {
    let columns = |parts: [serde_json::Map<String, serde_json::Value>; 3]| {
        let mut names: Vec<String> = parts.into_iter().flatten().map(|(name, _)| name).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(
        columns(user().split().unwrap()),
        "country created_at email email_key id invited_by name password_fingerprint role status version"
    );
    let key = ApiKeyRow {
        id: 1,
        name: "Sample".to_owned(),
        prefix: "otsk_sample00".to_owned(),
        secret_hash: vec![1; 32],
        scopes: "[\"read\"]".to_owned(),
        created_by: None,
        created_at: 0,
        expires_at: 1,
        revoked_at: None,
        per_minute: None,
        version: 1,
        seq: 7,
    };
    assert_eq!(
        columns(key.split().unwrap()),
        "created_at created_by expires_at id name prefix revoked_at scopes secret_hash version"
    );
}

#[test]
fn debug_shows_neither_the_hash_nor_the_address() {
    let text = format!("{:?}", user());
    assert!(
        !text.contains("argon2id") && !text.contains("sample.example"),
        "{text}"
    );
}

#[test]
fn a_link_leads_to_where_its_password_is_posted() {
    let link = NewLink {
        purpose: Purpose::Invitation,
        token: Secret::random().unwrap(),
        expires_at: Instant(0),
    };
    let base = BaseUrl("https://registry.example/".to_owned());
    let sent = OneTimeLink::of(&link, &base, true);
    assert_eq!((sent.link, sent.token), (None, None));
    assert_eq!(
        OneTimeLink::address(&link, &base),
        format!(
            "https://registry.example/v1/invitations/{}",
            link.token.reveal()
        )
    );
}
