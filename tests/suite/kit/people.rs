//! People by role. `db_` marks what goes past the API.

use actix_web::test::TestRequest;
use diesel::prelude::*;
use ots_registry::auth::Role;
use ots_registry::db::schema::{sessions, users};
use ots_registry::db::{Id, Instant};
use serde_json::Value;

use super::{Answer, App};

/// Somebody with a log-in.
#[derive(Clone)]
pub struct Person {
    app: App,
    /// The account.
    pub id: Id,
    /// The access token.
    pub token: String,
}

impl App {
    /// A coordinator of this country with a live session.
    pub fn coordinator(&self, country: &str) -> Person {
        self.db_person(Role::Coordinator, Some(country))
    }

    /// A secretariat person with a live session.
    pub fn secretariat(&self) -> Person {
        self.db_person(Role::Secretariat, None)
    }

    /// An auditor with a live session.
    pub fn auditor(&self) -> Person {
        self.db_person(Role::Auditor, None)
    }

    /// An account with a session, written past the API.
    pub fn db_person(&self, role: Role, country: Option<&str>) -> Person {
        let id = Id::random().unwrap();
        let now = Instant::now();
        let mut conn = self.db_conn();
        diesel::insert_into(users::table)
            .values((
                users::id.eq(id),
                users::email.eq(format!("{id}@sample.example")),
                users::email_key.eq(format!("{id}@sample.example")),
                users::name.eq(format!("Sample {}", role.as_str())),
                users::role.eq(role.as_str()),
                users::country.eq(country),
                users::status.eq("active"),
                users::created_at.eq(now.0),
                users::version.eq(1),
                users::seq.eq(0i64),
            ))
            .execute(&mut conn)
            .unwrap();
        self.db_session(id, role)
    }

    /// A new session of an account that has this role now, written past the API.
    pub fn db_session(&self, id: Id, role: Role) -> Person {
        let (session, now) = (Id::random().unwrap(), Instant::now());
        let mut conn = self.db_conn();
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session),
                sessions::user_id.eq(id),
                sessions::refresh_hash.eq(session.to_string().into_bytes()),
                sessions::generation.eq(1),
                sessions::created_at.eq(now.0),
                sessions::last_used_at.eq(now.0),
                sessions::expires_at.eq(now.plus_seconds(3600).0),
            ))
            .execute(&mut conn)
            .unwrap();
        let token = self.parts.keys.issue(id, session, role, now).unwrap();
        Person {
            app: self.clone(),
            id,
            token,
        }
    }
}

impl Person {
    /// A request with this person's token.
    pub fn request(&self, method: actix_web::http::Method, path: &str) -> TestRequest {
        TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header(("Authorization", format!("Bearer {}", self.token)))
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: TestRequest) -> Answer {
        self.app.send(request).await
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.app
            .send(self.request(actix_web::http::Method::GET, path))
            .await
    }

    /// Posts with a new idempotency key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_seen(path, None, body).await
    }

    /// Posts with a new idempotency key and the tag of what was seen.
    pub async fn post_seen(&self, path: &str, tag: Option<&str>, body: Value) -> Answer {
        let mut request = self
            .request(actix_web::http::Method::POST, path)
            .insert_header(("Idempotency-Key", Id::random().unwrap().to_string()))
            .set_json(body);
        if let Some(tag) = tag {
            request = request.insert_header(("If-Match", tag));
        }
        self.app.send(request).await
    }

    /// Proposes an act on what was just read; gives the proposal's address.
    pub async fn propose(&self, object: &str, act: &str, body: Value) -> String {
        let proposed = self.act(object, act, body).await.expect(202);
        format!("/v1/proposals/{}", proposed.str("/proposal/id"))
    }

    /// Reads the object's tag and posts with it.
    pub async fn act(&self, object: &str, act: &str, body: Value) -> Answer {
        let tag = self.tag(object).await;
        self.post_seen(&format!("{object}/{act}"), Some(&tag), body)
            .await
    }

    /// The current tag of an object.
    pub async fn tag(&self, path: &str) -> String {
        self.get(path)
            .await
            .expect(200)
            .header("etag")
            .expect("a tag")
            .to_owned()
    }

    /// Patches what was just read.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        let tag = self.tag(path).await;
        self.send_with(actix_web::http::Method::PATCH, path, &tag, Some(body))
            .await
    }

    /// Sends a change with a tag.
    pub async fn send_with(
        &self,
        method: actix_web::http::Method,
        path: &str,
        tag: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method, path).insert_header(("If-Match", tag));
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.app.send(request).await
    }
}
