//! A forger at work: what is no genuine, living access token opens nothing, whatever the operation, and changes nothing.
//!
//! Two kinds of forgery: by somebody who has only seen a token, and (for what the rules about claims are worth) by somebody who
//! holds the signing key and writes what the registry never would.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use ots_registry::auth::{Role, secrets};
use ots_registry::db::{Id, Instant};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::both;
use crate::kit::{App, Person, keys_folder, operations};

/// What a forger has: a token of an auditor, the public key, and for some forgeries the private one.
struct Forger {
    genuine: String,
    header: Value,
    claims: Value,
    key: SigningKey,
    own: SigningKey,
    /// Another account that is there, and its session.
    other: (String, String),
    /// Secrets of other kinds, made by the registry itself.
    secrets: Vec<(&'static str, String)>,
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

fn part(value: &Value) -> String {
    base64(value.to_string())
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
    let message = format!("{header}.{claims}");
    let signature = base64(key.sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

fn with(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[member] = value;
    object
}

fn without(object: &Value, member: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(member);
    object
}

/// The other encoding of the same signature: S + L, which a lenient verifier takes.
fn malleable(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut out = signature.to_vec();
    let mut carry = 0u16;
    for (byte, order) in out[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    out
}

impl Forger {
    async fn of(app: &App, victim: &Person) -> Self {
        let file = std::fs::read_dir(keys_folder())
            .unwrap()
            .map(|f| f.unwrap().path())
            .find(|p| p.extension().is_some_and(|e| e == "pem"))
            .unwrap();
        let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string(file).unwrap()).unwrap();
        let genuine = victim.token.clone();
        let mut parts = genuine.split('.');
        let (header, claims) = (read(parts.next().unwrap()), read(parts.next().unwrap()));
        let other = app.secretariat();
        let of_other = read(other.token.split('.').nth(1).unwrap());
        let invited = app
            .secretariat()
            .post(
                "/v1/users",
                json!({"email": format!("{}@sample.example", Id::random().unwrap()), "name": "Sample Office", "role": "auditor"}),
            )
            .await
            .expect(201);
        let invitation = invited.str("/invitation/token");
        Self {
            genuine,
            header,
            claims,
            key,
            own: SigningKey::from_bytes(&[7; 32]),
            other: (
                other.id.to_string(),
                of_other["sid"].as_str().unwrap().to_owned(),
            ),
            secrets: vec![
                ("an invitation's token", invitation),
                ("no key of a partner", "otsk_3k7v0c5m".to_owned()),
                (
                    "a key of a partner that was never made",
                    secrets::api_key().unwrap().0,
                ),
                (
                    "a refresh token's form",
                    secrets::Secret::random().unwrap().reveal().to_owned(),
                ),
            ],
        }
    }

    /// These claims, signed as the registry signs.
    fn claiming(&self, claims: &Value) -> String {
        signed(&self.key, &part(&self.header), &part(claims))
    }

    /// The genuine claims under this header, signed as the registry signs.
    fn headed(&self, header: &Value) -> String {
        signed(&self.key, &part(header), &part(&self.claims))
    }

    fn mac(&self, secret: &[u8], header: &Value) -> String {
        let message = format!("{}.{}", part(header), part(&self.claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(message.as_bytes());
        format!("{message}.{}", base64(mac.finalize().into_bytes()))
    }

    /// Forgeries that need nothing but a token and what is public.
    fn outside(&self) -> Vec<(&'static str, String)> {
        let mut parts = self.genuine.split('.');
        let (h, c, s) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let signature = BASE64URL_NOPAD.decode(s.as_bytes()).unwrap();
        let flipped = |n: usize| {
            let mut changed = signature.clone();
            changed[n] ^= 1;
            base64(changed)
        };
        let alg = |name: &str| with(&self.header, "alg", json!(name));
        let public = self.key.verifying_key().to_bytes();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64(self.own.verifying_key().to_bytes())});
        let raised = with(&self.claims, "role", json!("secretariat"));
        let of_own = |header: &Value| signed(&self.own, &part(header), &part(&self.claims));
        // The last character of 64 bytes in base64 has four bits that count for nothing.
        let last = s.chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let at = alphabet.find(last).unwrap();
        let odd = alphabet.as_bytes()[at | 1] as char;
        let mut found = vec![
            (
                "alg none, no signature",
                format!("{}.{c}.", part(&alg("none"))),
            ),
            (
                "alg none, the old signature",
                format!("{}.{c}.{s}", part(&alg("none"))),
            ),
            ("alg None", format!("{}.{c}.", part(&alg("None")))),
            ("alg NONE", format!("{}.{c}.", part(&alg("NONE")))),
            ("alg nOnE", format!("{}.{c}.", part(&alg("nOnE")))),
            ("alg empty", format!("{}.{c}.", part(&alg("")))),
            (
                "no alg",
                format!("{}.{c}.{s}", part(&without(&self.header, "alg"))),
            ),
            (
                "HS256 with the public key's bytes",
                self.mac(&public, &alg("HS256")),
            ),
            (
                "HS256 with the public key's text",
                self.mac(base64(public).as_bytes(), &alg("HS256")),
            ),
            ("HS256 with nothing", self.mac(b"", &alg("HS256"))),
            (
                "HS256 with the key's id",
                self.mac(
                    self.header["kid"].as_str().unwrap().as_bytes(),
                    &alg("HS256"),
                ),
            ),
            ("said EdDSA, signed HS256", self.mac(&public, &self.header)),
            ("alg RS256", format!("{}.{c}.{s}", part(&alg("RS256")))),
            ("alg ES256", format!("{}.{c}.{s}", part(&alg("ES256")))),
            ("alg PS512", format!("{}.{c}.{s}", part(&alg("PS512")))),
            (
                "alg in small letters",
                format!("{}.{c}.{s}", part(&alg("eddsa"))),
            ),
            ("another key under the known id", of_own(&self.header)),
            ("another key, no id", of_own(&without(&self.header, "kid"))),
            (
                "another key, its own id",
                of_own(&with(
                    &self.header,
                    "kid",
                    json!("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
                )),
            ),
            (
                "another key, embedded",
                of_own(&with(&self.header, "jwk", jwk.clone())),
            ),
            (
                "another key, embedded, no id",
                of_own(&with(&without(&self.header, "kid"), "jwk", jwk)),
            ),
            (
                "another key by address",
                of_own(&with(
                    &self.header,
                    "jku",
                    json!("https://keys.sample.example/jwks.json"),
                )),
            ),
            (
                "a certificate by address",
                of_own(&with(
                    &self.header,
                    "x5u",
                    json!("https://keys.sample.example/x5u.pem"),
                )),
            ),
            (
                "a certificate embedded",
                of_own(&with(&self.header, "x5c", json!(["MIIB"]))),
            ),
            (
                "an id that is a path",
                of_own(&with(&self.header, "kid", json!("../../../dev/null"))),
            ),
            (
                "an id that is a statement",
                of_own(&with(&self.header, "kid", json!("x' UNION SELECT 'AA' --"))),
            ),
            (
                "an id that is empty",
                of_own(&with(&self.header, "kid", json!(""))),
            ),
            (
                "an id that is a list",
                of_own(&with(&self.header, "kid", json!([self.header["kid"]]))),
            ),
            (
                "the role raised, the old signature",
                format!("{h}.{}.{s}", part(&raised)),
            ),
            (
                "another account, the old signature",
                format!(
                    "{h}.{}.{s}",
                    part(&with(&self.claims, "sub", json!(self.other.0)))
                ),
            ),
            (
                "a longer life, the old signature",
                format!(
                    "{h}.{}.{s}",
                    part(&with(&self.claims, "exp", json!(4_102_444_800i64)))
                ),
            ),
            (
                "the header altered",
                format!("{}.{c}.{s}", part(&with(&self.header, "x", json!(1)))),
            ),
            ("no signature", format!("{h}.{c}.")),
            ("two parts", format!("{h}.{c}")),
            ("one part", h.to_owned()),
            ("four parts", format!("{h}.{c}.{s}.{s}")),
            (
                "five parts, like an encrypted one",
                format!("{h}..{c}.{s}.{s}"),
            ),
            ("the parts turned round", format!("{s}.{c}.{h}")),
            (
                "the first bit of the signature",
                format!("{h}.{c}.{}", flipped(0)),
            ),
            (
                "the last byte of the signature",
                format!("{h}.{c}.{}", flipped(63)),
            ),
            (
                "a signature of zeros",
                format!("{h}.{c}.{}", base64([0u8; 64])),
            ),
            (
                "a signature cut short",
                format!("{h}.{c}.{}", base64(&signature[..63])),
            ),
            (
                "a signature with more behind",
                format!("{h}.{c}.{}", base64([signature.as_slice(), &[0]].concat())),
            ),
            (
                "the signature plus the order of the group",
                format!("{h}.{c}.{}", base64(malleable(&signature))),
            ),
            (
                "bits that count for nothing",
                format!("{h}.{c}.{}{odd}", &s[..s.len() - 1]),
            ),
            ("padding", format!("{h}.{c}.{s}==")),
            (
                "the other alphabet",
                format!("{h}.{c}.{}", BASE64.encode(&signature)),
            ),
            ("a blank inside", format!("{h}.{c}. {s}")),
            ("an empty token", String::new()),
            ("dots", "..".to_owned()),
            ("a letter of another script", format!("{h}.{c}.{s}а")),
            (
                "a JSON web signature",
                json!({"protected": h, "payload": c, "signature": s}).to_string(),
            ),
            ("twice the same token", format!("{0}, {0}", self.genuine)),
        ];
        found.extend(self.secrets.iter().cloned());
        found
    }

    /// What only the holder of the key could write, and the registry never does.
    fn inside(&self) -> Vec<(&'static str, String)> {
        let now = Instant::now().unix_seconds();
        let claims = |member: &str, value: Value| self.claiming(&with(&self.claims, member, value));
        let lacks = |member: &str| self.claiming(&without(&self.claims, member));
        let times = |iat: i64, nbf: i64, exp: i64| {
            let mut claims = self.claims.clone();
            (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(nbf), json!(exp));
            self.claiming(&claims)
        };
        let head = |member: &str, value: Value| self.headed(&with(&self.header, member, value));
        let twice = self
            .claims
            .to_string()
            .replacen('{', "{\"role\":\"secretariat\",", 1);
        vec![
            ("no aud", lacks("aud")),
            ("another aud", claims("aud", json!("ots-portal"))),
            (
                "a list of aud",
                claims("aud", json!(["ots-registry", "ots-portal"])),
            ),
            ("aud null", claims("aud", Value::Null)),
            ("no iss", lacks("iss")),
            (
                "another iss",
                claims("iss", json!("https://registry.sample.example")),
            ),
            (
                "iss with a slash",
                claims(
                    "iss",
                    json!(format!("{}/", self.claims["iss"].as_str().unwrap())),
                ),
            ),
            ("a list of iss", claims("iss", json!([self.claims["iss"]]))),
            ("no exp", lacks("exp")),
            (
                "expired a minute ago",
                times(now - 960, now - 960, now - 60),
            ),
            (
                "expired beyond the leeway",
                times(now - 907, now - 907, now - 7),
            ),
            ("a life of a day", times(now, now, now + 86_400)),
            ("a life of sixteen minutes", times(now, now, now + 960)),
            ("exp as text", claims("exp", json!((now + 600).to_string()))),
            ("exp beyond all numbers", claims("exp", json!(1e300))),
            ("exp null", claims("exp", Value::Null)),
            ("no nbf", lacks("nbf")),
            ("nbf ahead", times(now, now + 60, now + 600)),
            ("nbf before iat", times(now, now - 60, now + 600)),
            ("no iat", lacks("iat")),
            ("iat ahead", times(now + 60, now, now + 600)),
            ("times turned round", times(now + 600, now, now - 600)),
            (
                "made at the beginning of all numbers",
                times(i64::MIN, now, now + 600),
            ),
            ("good to the end of all numbers", times(now, now, i64::MAX)),
            ("as long as numbers go", times(i64::MIN, i64::MIN, i64::MAX)),
            ("no sub", lacks("sub")),
            (
                "a sub that nobody is",
                claims("sub", json!(Id::random().unwrap().to_string())),
            ),
            ("a sub that is a number", claims("sub", json!(1))),
            ("a sub that is no id", claims("sub", json!("' OR 1=1 --"))),
            (
                "another account in this session",
                claims("sub", json!(self.other.0)),
            ),
            ("no sid", lacks("sid")),
            (
                "a sid that was never opened",
                claims("sid", json!(Id::random().unwrap().to_string())),
            ),
            (
                "another account's session",
                claims("sid", json!(self.other.1)),
            ),
            ("a sid that is no id", claims("sid", json!("*"))),
            ("the role raised", claims("role", json!("secretariat"))),
            ("a role that there is not", claims("role", json!("admin"))),
            ("no role", lacks("role")),
            ("one claim more", claims("admin", json!(true))),
            (
                "one claim twice",
                signed(&self.key, &part(&self.header), &base64(twice)),
            ),
            (
                "claims that are a list",
                self.claiming(&json!([self.claims])),
            ),
            ("claims that are null", self.claiming(&Value::Null)),
            ("typ JWT", head("typ", json!("JWT"))),
            ("typ of an identity token", head("typ", json!("id+jwt"))),
            ("no typ", self.headed(&without(&self.header, "typ"))),
            ("no kid", self.headed(&without(&self.header, "kid"))),
            ("another kid", head("kid", json!(base64([1u8; 32])))),
            (
                "something critical",
                self.headed(&with(
                    &with(&self.header, "crit", json!(["b64"])),
                    "b64",
                    json!(false),
                )),
            ),
            ("compressed", head("zip", json!("DEF"))),
            (
                "a header that is a list",
                signed(&self.key, &part(&json!([self.header])), &part(&self.claims)),
            ),
        ]
    }
}

async fn knock(app: &App, token: &str, operation: &crate::kit::Operation) -> u16 {
    let path = operation
        .path
        .replace("{number}", "OTS-7K3M9Q2-54")
        .replace("{id}", "3k7v0c5m2qxyz")
        .replace("{session}", "3k7v0c5m2qxyz")
        .replace("{code}", "KZ")
        .replace("{token}", "no-such-token")
        .replace("{item}", "1")
        .replace("{line}", "1")
        .replace("{seq}", "1");
    let request = operation.request(&path);
    let answer = app
        .send(request.insert_header(("Authorization", format!("Bearer {token}"))))
        .await;
    if answer.status == 401 {
        assert_eq!(answer.str("/code"), "not_authenticated", "{}", operation.id);
        assert!(
            answer.header("www-authenticate").is_some(),
            "{}",
            operation.id
        );
    }
    answer.status
}

both! {
    async fn no_forged_token_opens_any_operation(app) {
        let victim = app.auditor();
        let forger = Forger::of(&app, &victim).await;
        let faithful = forger.claiming(&forger.claims);
        app.send_as(&faithful, Method::GET, "/v1/auth/me", None).await.expect(200);
        let before = app.db_dump();
        let mut forged = forger.outside();
        let outside = forged.len();
        forged.extend(forger.inside());
        assert!(outside > 40 && forged.len() > outside + 40, "{}", forged.len());
        let protected: Vec<_> = operations().into_iter().filter(|o| o.takes_token).collect();
        assert!(protected.len() > 90);
        let mut accepted = Vec::new();
        for (name, token) in &forged {
            for operation in &protected {
                let status = knock(&app, token, operation).await;
                if status != 401 {
                    accepted.push(format!("{name}: {} answers {status}", operation.id));
                }
            }
        }
        assert!(accepted.is_empty(), "{} of {}:\n{}", accepted.len(), forged.len() * protected.len(), accepted.join("\n"));
        assert!(app.db_dump() == before, "a refused token changed something");
        victim.get("/v1/auth/me").await.expect(200);
    }
}

both! {
    async fn a_token_counts_in_its_header_alone(app) {
        let victim = app.secretariat();
        let token = &victim.token;
        let good = format!("Bearer {token}");
        let before = app.db_dump();
        let get = |path: &str| TestRequest::get().uri(path);
        let elsewhere = [
            get("/v1/auth/me").insert_header(("Cookie", format!("access_token={token}; Authorization=Bearer%20{token}"))),
            get("/v1/auth/me").insert_header(("X-Access-Token", token.as_str())),
            get("/v1/auth/me").insert_header(("Proxy-Authorization", good.as_str())),
            get("/v1/auth/me").insert_header(("X-Forwarded-User", victim.id.to_string())),
            get("/v1/auth/me").insert_header(("Authorization", token.as_str())),
            get("/v1/auth/me").insert_header(("Authorization", format!("Basic {token}"))),
            get("/v1/auth/me").insert_header(("Authorization", format!("DPoP {token}"))),
            get("/v1/auth/me").insert_header(("Authorization", format!("Bearer{token}"))),
            get("/v1/auth/me").insert_header(("Authorization", "Bearer")),
            get("/v1/auth/me").append_header(("Authorization", good.as_str())).append_header(("Authorization", good.as_str())),
            get("/v1/auth/me").append_header(("Authorization", "Bearer x")).append_header(("Authorization", good.as_str())),
            get("/v1/auth/me").insert_header(("Authorization", format!("Bearer {}", "x".repeat(65_536)))),
        ];
        for request in elsewhere {
            app.send(request).await.problem(401, "not_authenticated");
        }
        for query in ["access_token", "token", "bearer", "authorization"] {
            let status = app.get(&format!("/v1/auth/me?{query}={token}")).await.status;
            assert!(status == 401 || status == 400, "{query}: {status}");
        }
        assert!(app.db_dump() == before, "a misplaced token changed something");
    }
}

both! {
    async fn a_token_dies_with_what_it_rests_on(app) {
        let office = app.secretariat();
        let replica = app.replica().await;
        let person = |role| app.db_person(role, (role == Role::Coordinator).then_some("KZ"));
        let at_replica = async |token: &str| replica.send_as(token, Method::GET, "/v1/auth/me", None).await.status;
        for (what, change) in [
            ("disabled", json!({"status": "disabled"})),
            ("another role", json!({"role": "auditor", "country": null})),
            ("another country", json!({"country": "TR"})),
        ] {
            let one = person(Role::Coordinator);
            assert_eq!(at_replica(&one.token).await, 200);
            office.patch(&format!("/v1/users/{}", one.id), change).await.expect(200);
            assert_eq!((what, at_replica(&one.token).await), (what, 401));
        }
        let one = person(Role::Auditor);
        assert_eq!(at_replica(&one.token).await, 200);
        app.send_as(&one.token, Method::POST, "/v1/auth/logout", None).await.expect(204);
        assert_eq!(at_replica(&one.token).await, 401);
    }
}
