//! What the table of rights asks about: for each operation an object in the state that it needs, and a body that names what is there.
//!
//! Refused for its body or for a state, a request would say nothing of who may: own, foreign and unknown would look alike.

use std::sync::OnceLock;

use actix_web::http::Method;
use ots_registry::auth::Role;
use ots_registry::db::Id;
use ots_registry::db::schema::users;
use serde_json::{Value, json};

use crate::kit::fixtures::Made;
use crate::kit::{App, Operation, Person};
use crate::login::{OTHER, PASSWORD, code, enrol};
use crate::rights::{Objects, claims_of, close_handovers, handover, upload};

fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

/// An application that its maker took this far.
async fn application(app: &App, kz: &Person, acts: &[&str]) -> String {
    let url = app.organisation("KZ").create().await.url();
    let body = json!({"type": "full"});
    let made = kz.post(&format!("{url}/memberships"), body).await;
    let membership = format!("/v1/memberships/{}", made.expect(201).str("/id"));
    for act in acts {
        kz.act(&membership, act, json!({})).await.expect(200);
    }
    membership
}

/// A member whom nobody abroad may know of: its membership's address.
async fn member(app: &App, kz: &Person) -> String {
    let (ngo, membership) = app.member("KZ").await;
    withhold(kz, &ngo).await;
    membership
}

async fn withhold(kz: &Person, ngo: &Made) {
    let path = format!("{}/withholding", ngo.url());
    let reason = json!({"reason": "Being findable may harm them."});
    kz.send_with(Method::PUT, &path, "*", Some(reason))
        .await
        .expect(200);
}

async fn suspended(app: &App, kz: &Person) -> String {
    let membership = member(app, kz).await;
    let body = json!({"reason": "Reports are missing."});
    app.decided(kz, &membership, "suspension", body).await;
    membership
}

/// Two organisations, the first of which was merged into the second.
async fn merged(app: &App, kz: &Person) -> Made {
    let (old, new) = (
        app.organisation("KZ").create().await,
        app.organisation("KZ").create().await,
    );
    let body = json!({"successor": new.number, "reason": "Both assemblies voted for it."});
    let proposal = kz.propose(&old.url(), "merge", body).await;
    app.decide(&app.secretariat(), &proposal, "approved", json!({}))
        .await
        .expect(200);
    old
}

/// Where the operation is possible for whoever may, and the body that it takes there, if that is not the contract's example. True where it has
/// an object of its own, so that the others are as they were when it is done.
pub async fn stage(app: &App, objects: &mut Objects, operation: &mut Operation) -> bool {
    let before = objects.ids();
    let kz = objects.maker.clone().expect("somebody made the objects");
    let id = operation.id.clone();
    let because = || json!({"reason": "Said in their letter."});
    let other = async || app.organisation("KZ").create().await;
    let body = match id.as_str() {
        "submit_membership"
        | "review_membership"
        | "recommend_membership"
        | "release_membership"
        | "return_membership"
        | "reassign_membership"
        | "suspend_membership"
        | "expel_membership"
        | "change_membership_type"
        | "withdraw_membership"
        | "renew_membership"
        | "lift_suspension"
        | "reinstate_membership"
        | "correct_membership" => {
            let (membership, body) = of_membership(app, &kz, &id).await;
            objects.membership = last(&membership);
            Some(body)
        }
        "merge_organisation"
        | "unmerge_organisation"
        | "transfer_organisation"
        | "withdraw_dissolution"
        | "show_organisation" => {
            let (ngo, body) = of_organisation(app, &kz, &id).await;
            objects.number = ngo.number;
            body
        }
        "apply_for_membership" => Some(json!({"type": "observer"})),
        "register_organisation" => {
            let name = format!("Sample Association {}", Id::random().unwrap());
            Some(json!({"country": "KZ", "names": [{"kind": "legal", "text": name}]}))
        }
        "add_organisation_identifier" => {
            let value = format!("Q{}", Id::random().unwrap().0 % 1_000_000_000 + 1);
            Some(json!({"scheme": "WIKIDATA", "value": value}))
        }
        "add_organisation_relation" => {
            Some(json!({"kind": "partner", "organisation": other().await.number}))
        }
        "remove_organisation_name" => {
            let path = format!("/v1/organisations/{}/names", objects.number);
            let alias = json!({"kind": "alias", "text": "Sample Alias"});
            let made = kz.post_seen(&path, Some("*"), alias).await.expect(201);
            objects.items.insert("names", made.at("/id").to_string());
            None
        }
        "get_organisation_page" => {
            objects.number = app.member("KZ").await.0.number;
            None
        }
        "declare_distinct" => Some(json!({
            "organisation": objects.number, "other": other().await.number, "reason": "Two associations in two towns."
        })),
        "create_import" => {
            // One of two parameters is needed, which the contract cannot say.
            "?file_name=list.csv".clone_into(&mut operation.query);
            None
        }
        "resolve_import_row" => {
            let name = format!("Sample Union {}", Id::random().unwrap());
            app.organisation("KZ").named(&name).create().await;
            objects.import = upload(&kz, &format!("id,name,country\n1,{name},KZ\n")).await;
            Some(json!({"resolution": "skip"}))
        }
        // The lines and the number of the example are in no import of here.
        "resolve_import_rows" => Some(json!({"others": {"resolution": "skip"}})),
        "decide_handover" | "retract_handover" => {
            objects.handover = handover(app).await;
            None
        }
        "propose_handover" => {
            close_handovers(&app.secretariat()).await;
            let successors = [app.auditor().id.to_string(), app.auditor().id.to_string()];
            let later = app.today() + chrono::Days::new(30);
            Some(
                json!({"successors": successors, "effective_on": later, "reason": "The office rotates."}),
            )
        }
        "erase_user" => {
            let (office, account) = (app.secretariat(), app.coordinator("KZ"));
            objects.account = account.id.to_string();
            let path = format!("/v1/users/{}", account.id);
            office
                .patch(&path, json!({"status": "disabled"}))
                .await
                .expect(200);
            Some(because())
        }
        "start_session" => Some(log_in_of(app).await),
        _ => None,
    };
    give(operation, body);
    objects.ids() != before
}

fn give(operation: &mut Operation, body: Option<Value>) {
    if let (Some((_, example)), Some(body)) = (&mut operation.body, body) {
        *example = body;
    }
}

async fn of_membership(app: &App, kz: &Person, id: &str) -> (String, Value) {
    let because = json!({"reason": "Said in their letter."});
    let in_review = ["submit", "review"];
    match id {
        "submit_membership" => (application(app, kz, &[]).await, json!({})),
        "review_membership" => (application(app, kz, &in_review[..1]).await, json!({})),
        "recommend_membership" => {
            let body = json!({"stance": "for", "reason": "The register extract was checked."});
            (application(app, kz, &in_review).await, body)
        }
        "release_membership" => (application(app, kz, &in_review).await, json!({})),
        "return_membership" => {
            let later = app.today() + chrono::Days::new(30);
            let body = json!({"questions": "Please add the extract.", "deadline": later});
            (application(app, kz, &in_review).await, body)
        }
        "reassign_membership" => {
            let reviewer = app.coordinator("KZ").id.to_string();
            let body = json!({"reviewer": reviewer, "reason": "The reviewer is on leave."});
            (application(app, kz, &in_review).await, body)
        }
        "change_membership_type" => {
            let body = json!({"to": "associate", "reason": "The general assembly said so."});
            (member(app, kz).await, body)
        }
        "renew_membership" => (member(app, kz).await, json!({})),
        "lift_suspension" => (suspended(app, kz).await, because),
        "reinstate_membership" => {
            let membership = member(app, kz).await;
            let left = kz.act(&membership, "withdrawal", because.clone()).await;
            left.expect(200);
            (membership, because)
        }
        "correct_membership" => {
            let membership = suspended(app, kz).await;
            let events = kz.get(&membership).await.at("/events");
            let target = events.as_array().unwrap().last().unwrap()["no"].clone();
            let body = json!({"target_no": target, "how": "void", "reason": "Another was meant."});
            (membership, body)
        }
        _ => (member(app, kz).await, because),
    }
}

async fn of_organisation(app: &App, kz: &Person, id: &str) -> (Made, Option<Value>) {
    let because = json!({"reason": "Said in their letter."});
    if id == "unmerge_organisation" {
        return (merged(app, kz).await, Some(because));
    }
    let ngo = app.organisation("KZ").create().await;
    let body = match id {
        "merge_organisation" => {
            let successor = app.organisation("KZ").create().await.number;
            json!({"successor": successor, "reason": "Both assemblies voted for it."})
        }
        "transfer_organisation" => json!({"to_country": "TR", "reason": "The seat was moved."}),
        "withdraw_dissolution" => {
            kz.act(&ngo.url(), "dissolution", because.clone())
                .await
                .expect(200);
            because
        }
        _ => {
            withhold(kz, &ngo).await;
            return (ngo, None);
        }
    };
    (ngo, Some(body))
}

/// Gives an account that was written past the API [`PASSWORD`].
async fn db_password(app: &App, id: Id) {
    use diesel::prelude::*;
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let hash = app.parts.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        let _ = HASH.set(hash);
    }
    diesel::update(users::table.find(id.0))
        .set(users::password_hash.eq(HASH.get()))
        .execute(&mut app.db_conn())
        .unwrap();
}

/// What logs somebody in.
async fn log_in_of(app: &App) -> Value {
    let person = app.db_person(Role::Auditor, None);
    db_password(app, person.id).await;
    json!({"email": format!("{}@sample.example", person.id), "password": PASSWORD})
}

/// What an operation takes that works once, or that its caller alone has: a password, a code, a token. Whoever has no account sends the
/// contract's example.
pub async fn prove(app: &App, operation: &mut Operation, column: &str, token: Option<&str>) {
    let office = app.secretariat();
    match operation.id.as_str() {
        "refresh_session" => {
            let body = log_in_of(app).await;
            let opened = app
                .send_as("", Method::POST, "/v1/auth/login", Some(body))
                .await
                .expect(200);
            let body = json!({"refresh_token": opened.str("/refresh_token")});
            give(operation, Some(body));
        }
        "accept_invitation" => {
            let email = format!("{}@new.example", Id::random().unwrap());
            let body = json!({"email": email, "name": "Sample Office", "role": "auditor"});
            let made = office.post("/v1/users", body).await.expect(201);
            operation.path = format!("/v1/invitations/{}", made.str("/invitation/token"));
        }
        "reset_password" => {
            let path = format!("/v1/users/{}/password-reset", app.auditor().id);
            let made = office.post(&path, json!({})).await.expect(201);
            operation.path = format!("/v1/password-resets/{}", made.str("/token"));
        }
        _ => {}
    }
    let has_account = column.starts_with("coordinator")
        || column.starts_with("secretariat")
        || column.starts_with("auditor");
    let own = [
        "begin_second_factor",
        "confirm_second_factor",
        "remove_second_factor",
        "change_own_password",
    ];
    let Some(token) = token.filter(|_| has_account && own.contains(&operation.id.as_str())) else {
        return;
    };
    let account = claims_of(token).unwrap()["sub"]
        .as_str()
        .unwrap()
        .to_owned();
    db_password(
        app,
        account.trim_start_matches("user:").parse::<Id>().unwrap(),
    )
    .await;
    let password = json!({"password": PASSWORD});
    let body = match operation.id.as_str() {
        "begin_second_factor" => password,
        "change_own_password" => json!({"current_password": PASSWORD, "new_password": OTHER}),
        "confirm_second_factor" => {
            let begun = app
                .send_as(token, Method::POST, "/v1/auth/totp", Some(password))
                .await
                .expect(200);
            let secret = begun.str("/secret");
            let secret = data_encoding::BASE32_NOPAD
                .decode(secret.as_bytes())
                .unwrap();
            json!({"code": code(&secret, 0)})
        }
        _ => {
            let (secret, _) = enrol(app, token).await;
            json!({"password": PASSWORD, "code": code(&secret, 0)})
        }
    };
    give(operation, Some(body));
}
