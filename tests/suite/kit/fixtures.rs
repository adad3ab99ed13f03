//! Fixtures as sentences: `app.organisation("KZ").named("…").active().create().await`. They go through the public API.

use serde_json::{Value, json};

use super::{Answer, App, Person};

/// An organisation to be made.
pub struct Organisation<'a> {
    app: &'a App,
    country: String,
    name: String,
    more: Value,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Registered,
    Active,
}

/// An organisation that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Registry number.
    pub number: String,
}

impl Made {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/v1/organisations/{}", self.number)
    }
}

impl App {
    /// An organisation of this country.
    pub fn organisation(&self, country: &str) -> Organisation<'_> {
        // A letter in front: no telephone number that a test looks for finds a word that begins with its digits.
        let name = format!(
            "Sample Association n{}",
            ots_registry::db::Id::random().unwrap()
        );
        Organisation {
            app: self,
            country: country.to_owned(),
            name,
            more: json!({}),
            state: State::Registered,
        }
    }

    /// An organisation that is a full member since today, and its membership's address.
    pub async fn member(&self, country: &str) -> (Made, String) {
        self.member_since(country, json!({})).await
    }

    /// The same with further members of the decision, such as `effective_on`.
    pub async fn member_since(&self, country: &str, more: Value) -> (Made, String) {
        let ngo = self.organisation(country).create().await;
        let coordinator = self.coordinator(country);
        let (membership, proposal) = self.recommended(&coordinator, &ngo.number).await;
        self.decide(&self.secretariat(), &proposal, "approved", more)
            .await
            .expect(200);
        (ngo, membership)
    }

    /// An application of this type that begins on a day; its address.
    pub async fn applied_on(
        &self,
        coordinator: &Person,
        url: &str,
        (kind, day): (&str, chrono::NaiveDate),
    ) -> String {
        let body = json!({"type": kind, "effective_on": day, "reason": "Their letter."});
        let made = coordinator.post(&format!("{url}/memberships"), body).await;
        format!("/v1/memberships/{}", made.expect(201).str("/id"))
    }

    /// The same, admitted on that day.
    pub async fn admitted_on(
        &self,
        coordinator: &Person,
        url: &str,
        (kind, day): (&str, chrono::NaiveDate),
    ) -> String {
        let membership = self.applied_on(coordinator, url, (kind, day)).await;
        for act in ["submit", "review"] {
            coordinator
                .act(&membership, act, json!({}))
                .await
                .expect(200);
        }
        let body = json!({"stance": "for", "reason": "The register extract was checked."});
        let proposal = coordinator
            .propose(&membership, "recommendation", body)
            .await;
        let on = json!({"effective_on": day});
        self.decide(&self.secretariat(), &proposal, "approved", on)
            .await
            .expect(200);
        membership
    }

    /// Decides a proposal as this officer, having read it.
    pub async fn decide(
        &self,
        officer: &Person,
        proposal: &str,
        outcome: &str,
        more: Value,
    ) -> Answer {
        let revision = officer.get(proposal).await.at("/revision");
        let mut body = json!({"outcome": outcome, "reason": "Looked at by a second officer.", "revision": revision});
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            body[name] = value;
        }
        officer.post(&format!("{proposal}/decision"), body).await
    }

    /// The same by somebody whose decision does not count: the answer, behind which nothing has changed.
    pub async fn decide_in_vain(&self, officer: &Person, proposal: &str, outcome: &str) -> Answer {
        // What is read of it is recorded: so it is read before.
        let revision = officer.get(proposal).await.at("/revision");
        let body = json!({"outcome": outcome, "reason": "Looked at by one officer.", "revision": revision});
        let before = self.db_dump();
        let answer = officer.post(&format!("{proposal}/decision"), body).await;
        self.assert_same(&before, "a decision that does not count");
        answer
    }

    /// Proposes an act and has it approved by the secretariat.
    pub async fn decided(
        &self,
        proposer: &Person,
        membership: &str,
        act: &str,
        body: Value,
    ) -> Answer {
        let proposal = proposer.propose(membership, act, body).await;
        self.decide(&self.secretariat(), &proposal, "approved", json!({}))
            .await
            .expect(200)
    }

    /// Takes an application from nothing to a recommendation; gives the membership's and the proposal's address.
    pub async fn recommended(&self, coordinator: &Person, number: &str) -> (String, String) {
        let applied = coordinator
            .post(
                &format!("/v1/organisations/{number}/memberships"),
                json!({"type": "full"}),
            )
            .await
            .expect(201);
        let membership = format!("/v1/memberships/{}", applied.str("/id"));
        coordinator
            .act(&membership, "submit", json!({}))
            .await
            .expect(200);
        coordinator
            .act(&membership, "review", json!({}))
            .await
            .expect(200);
        let done = coordinator
            .act(
                &membership,
                "recommendation",
                json!({"stance": "for", "reason": "The register extract was checked."}),
            )
            .await
            .expect(202);
        (
            membership,
            format!("/v1/proposals/{}", done.str("/proposal/id")),
        )
    }
}

impl Organisation<'_> {
    /// With this legal name.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// With these further members of the registration.
    pub fn with(mut self, more: Value) -> Self {
        self.more = more;
        self
    }

    /// As an active member.
    pub fn active(mut self) -> Self {
        self.state = State::Active;
        self
    }

    /// Makes it.
    pub async fn create(self) -> Made {
        let coordinator = self.app.coordinator(&self.country);
        let mut body = json!({
            "country": self.country,
            "names": [{"kind": "legal", "text": self.name}],
        });
        for (name, value) in self.more.as_object().cloned().unwrap_or_default() {
            body[name] = value;
        }
        let made = coordinator
            .post("/v1/organisations", body)
            .await
            .expect(201);
        let number = made.str("/number");
        if self.state == State::Registered {
            return Made { number };
        }
        let (_, proposal) = self.app.recommended(&coordinator, &number).await;
        let officer = self.app.secretariat();
        let revision = officer.get(&proposal).await.at("/revision");
        officer
            .post(
                &format!("{proposal}/decision"),
                json!({"outcome": "approved", "reason": "As recommended.", "revision": revision}),
            )
            .await
            .expect(200);
        Made { number }
    }
}
