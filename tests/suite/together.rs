//! Whatever is done, back-dated and corrected: organisations and their memberships stay together. Random acts by the interface, and
//! after each that came to be everything is looked at on every day.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use ots_registry::db::Id;
use ots_registry::db::schema::organisations;
use ots_registry::memberships::acts::Act;
use ots_registry::memberships::corrections::resolve;
use ots_registry::memberships::fold::fold;
use ots_registry::memberships::ledger::Ledger;
use ots_registry::memberships::machine::is_possible;
use ots_registry::memberships::model::{Correction, Event, EventKind, MembershipType};
use ots_registry::memberships::queries;
use ots_registry::memberships::rules::Rules;
use ots_registry::organisations::moves::Moves;
use ots_registry::organisations::rows::OrganisationRow;
use serde_json::{Value, json};

use crate::both;
use crate::kit::forger::Dice;
use crate::kit::{Answer, App, Person};

const COUNTRIES: [&str; 3] = ["AZ", "HU", "KZ"];

/// Acts of a made-up time.
const STEPS: usize = 160;

fn ago(app: &App, days: u64) -> NaiveDate {
    app.today() - Days::new(days)
}

fn url(number: &str) -> String {
    format!("/v1/organisations/{number}")
}

/// A made-up time of some organisations and their officers, as the application takes it.
struct Play<'a> {
    app: &'a App,
    people: Vec<(&'static str, Person)>,
    offices: [Person; 2],
    organisations: Vec<String>,
    dice: Dice,
    done: BTreeMap<&'static str, usize>,
    refused: BTreeMap<&'static str, usize>,
}

impl Play<'_> {
    fn row(&self, number: &str) -> OrganisationRow {
        organisations::table
            .filter(organisations::number.eq(number))
            .first(&mut self.app.db_conn())
            .unwrap()
    }

    fn memberships(&self, row: &OrganisationRow) -> Vec<(Id, Vec<Event>)> {
        let conn = &mut self.app.db_conn();
        let all = queries::of_organisation(conn, row.id).unwrap();
        all.iter()
            .map(|m| (m.id, queries::events(conn, m.id).unwrap()))
            .collect()
    }

    /// Whoever acts for a country.
    fn officer(&self, country: &str) -> &Person {
        let mut all = self.people.iter();
        &all.find(|(code, _)| *code == country).unwrap().1
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Answer {
        let answer = person.post_seen(path, Some("*"), body).await;
        assert!(answer.status < 500, "{path}: {}", answer.text());
        answer
    }

    /// Has a proposal decided by everybody whom it takes. True when it was approved.
    async fn settle(&self, proposed: &Answer) -> bool {
        let path = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
        let everybody = self.people.iter().map(|(_, person)| person);
        for officer in everybody.chain(&self.offices) {
            let read = self.offices[0].get(&path).await.expect(200);
            if read.str("/status") != "open" {
                break;
            }
            let body = json!({"outcome": "approved", "reason": "So be it.", "revision": read.at("/revision")});
            self.post(officer, &format!("{path}/decision"), body).await;
        }
        let status = self.offices[0].get(&path).await.expect(200).str("/status");
        if status == "open" {
            self.post(
                &self.offices[0],
                &format!("{path}/retraction"),
                json!({"reason": "In vain."}),
            )
            .await;
            for officer in self.people.iter().map(|(_, person)| person) {
                self.post(
                    officer,
                    &format!("{path}/retraction"),
                    json!({"reason": "In vain."}),
                )
                .await;
            }
        }
        status == "approved"
    }

    /// Does what a throw says; gives its name and whether it came to be.
    async fn act(&mut self) -> (&'static str, bool) {
        let dice = &mut self.dice;
        let number = dice.one(&self.organisations).clone();
        let into = dice.one(&self.organisations).clone();
        let day = ago(self.app, dice.below(80) as u64);
        let (throw, no, void) = (dice.below(24), dice.below(7_000), dice.below(3) == 0);
        let (kind, to) = (*dice.one(&["full", "associate"]), *dice.one(&COUNTRIES));
        let row = self.row(&number);
        let person = self.officer(&row.country);
        let all = self.memberships(&row);
        let with = |mut body: Value| {
            body["effective_on"] = json!(day);
            body["reason"] = json!("It was so.");
            body
        };
        let one = all.get(no % all.len().max(1));
        let done = |answer: Answer| answer.status < 300;
        match (throw, one) {
            (0..=3, _) | (_, None) => {
                let made = self
                    .post(
                        person,
                        &format!("{}/memberships", url(&number)),
                        with(json!({"type": kind})),
                    )
                    .await;
                if !done(made.clone()) {
                    return ("apply", false);
                }
                let membership = format!("/v1/memberships/{}", made.str("/id"));
                if throw == 3 {
                    let back = self
                        .post(
                            person,
                            &format!("{membership}/application-withdrawal"),
                            with(json!({})),
                        )
                        .await;
                    return ("apply and take back", done(back));
                }
                for act in ["submit", "review"] {
                    self.post(person, &format!("{membership}/{act}"), json!({}))
                        .await;
                }
                let body = json!({"stance": "for", "reason": "Checked."});
                let proposed = self
                    .post(person, &format!("{membership}/recommendation"), body)
                    .await;
                let path = format!("/v1/proposals/{}", proposed.str("/proposal/id"));
                let revision = self.offices[0].get(&path).await.at("/revision");
                let body = json!({"outcome": "approved", "reason": "So be it.", "revision": revision, "effective_on": day});
                let decided = self
                    .post(&self.offices[0], &format!("{path}/decision"), body)
                    .await;
                ("admit", done(decided))
            }
            (4..=5, Some((id, _))) => {
                let path = format!("/v1/memberships/{id}/withdrawal");
                (
                    "withdraw",
                    done(self.post(person, &path, with(json!({}))).await),
                )
            }
            (6..=8, _) => {
                let proposed = self
                    .post(
                        person,
                        &format!("{}/transfer", url(&number)),
                        with(json!({"to_country": to})),
                    )
                    .await;
                (
                    "transfer",
                    proposed.status == 202 && self.settle(&proposed).await,
                )
            }
            (9, _) => (
                "dissolve",
                done(
                    self.post(
                        person,
                        &format!("{}/dissolution", url(&number)),
                        with(json!({})),
                    )
                    .await,
                ),
            ),
            (10..=11, _) => {
                let proposed = self
                    .post(
                        person,
                        &format!("{}/merge", url(&number)),
                        with(json!({"successor": into})),
                    )
                    .await;
                (
                    "merge",
                    proposed.status == 202 && self.settle(&proposed).await,
                )
            }
            (12, _) => {
                let body = json!({"reason": "It was not so."});
                let proposed = self
                    .post(person, &format!("{}/unmerge", url(&number)), body)
                    .await;
                (
                    "unmerge",
                    proposed.status == 202 && self.settle(&proposed).await,
                )
            }
            (_, Some((id, events))) => {
                let whole = |e: &&Event| {
                    [
                        "transferred",
                        "dissolved",
                        "merged",
                        "corrected",
                        "admitted",
                        "withdrawn",
                    ]
                    .contains(&e.kind.name())
                };
                let among: Vec<&Event> = events.iter().filter(whole).collect();
                let Some(target) = among.get(no % among.len().max(1)) else {
                    return ("correct", false);
                };
                let mut body =
                    json!({"target_no": target.no, "how": "void", "reason": "It was not so."});
                if !void {
                    body["how"] = json!("replace");
                    body["effective_on"] = json!(day);
                }
                let answer = self
                    .post(person, &format!("/v1/memberships/{id}/correction"), body)
                    .await;
                (
                    "correct",
                    answer.status == 200 || answer.status == 202 && self.settle(&answer).await,
                )
            }
        }
    }

    /// What has to hold whatever was done.
    fn check(&self, after: &str) {
        let rules = Rules::default_rules().unwrap();
        let mut members: BTreeMap<i64, Vec<Ledger>> = BTreeMap::new();
        let mut ends = Vec::new();
        for number in &self.organisations {
            let row = self.row(number);
            let moves = Moves::of(&mut self.app.db_conn(), &row).unwrap();
            assert_eq!(
                moves.on(self.app.today()),
                Some(row.country.as_str()),
                "{number} after {after}"
            );
            assert!(moves.are_in_order(), "{number} after {after}: {moves:?}");
            let end = row.dissolved_on.or(row.merged_on);
            let mut open: Vec<(Id, MembershipType, NaiveDate, Option<NaiveDate>)> = Vec::new();
            for (id, events) in self.memberships(&row) {
                let ledger = fold(&events, &rules);
                assert_eq!(ledger.problems, [], "{id} after {after}");
                for i in &ledger.intervals {
                    if is_possible(i.state, Act::Transfer) {
                        let inside =
                            |day: &NaiveDate| *day > i.from && i.to.is_none_or(|to| *day < to);
                        for day in std::iter::once(i.from).chain(moves.days().filter(inside)) {
                            assert_eq!(
                                moves.on(day),
                                Some(i.country.as_str()),
                                "{id} on {day} after {after}"
                            );
                        }
                    }
                    if i.state.is_open() {
                        let behind = end.is_some_and(|end| i.to.is_none_or(|to| to > end));
                        assert!(
                            !behind,
                            "{id} is {:?} from {} after {after}, behind {end:?}",
                            i.state, i.from
                        );
                        for (other, kind, from, to) in &open {
                            let apart = to.is_some_and(|to| to <= i.from)
                                || i.to.is_some_and(|to| to <= *from);
                            assert!(
                                apart || other == &id || *kind != i.membership_type,
                                "{id} beside {other} after {after}"
                            );
                        }
                        open.push((id, i.membership_type, i.from, i.to));
                    }
                }
                if let Some(into) = row.merged_into {
                    let merged = resolve(&events)
                        .standing
                        .into_iter()
                        .find(|s| s.event.kind.name() == "merged")
                        .map(|s| (s.event.no, s.effective_on));
                    if let Some((no, day)) = merged {
                        let mut without = events.clone();
                        let next = i32::try_from(events.len()).unwrap() + 1;
                        let kind = EventKind::Corrected {
                            target_no: no,
                            correction: Correction::Void {},
                        };
                        without.push(Event::new(next, i64::MAX, i64::MAX, day, kind));
                        let held = fold(&without, &rules);
                        let held = held.interval_on(day).filter(|i| i.state.is_member());
                        ends.extend(held.map(|i| (into, day, i.membership_type, number.clone())));
                    }
                }
                members.entry(row.id).or_default().push(ledger);
            }
        }
        for (into, day, kind, number) in ends {
            let goes_on = members.get(&into).into_iter().flatten().any(|ledger| {
                ledger
                    .interval_on(day)
                    .is_some_and(|i| i.state.is_member() && i.membership_type == kind)
            });
            assert!(goes_on, "{number} lost its standing on {day} after {after}");
        }
    }
}

both! {
    async fn whatever_is_done_organisations_and_their_memberships_stay_together(app) {
        let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(9);
        let mut organisations = Vec::new();
        for country in COUNTRIES {
            organisations.push(app.organisation(country).create().await.number);
        }
        let people = COUNTRIES.map(|country| (country, app.coordinator(country))).into();
        let offices = [app.secretariat(), app.secretariat()];
        let mut play = Play { app: &app, people, offices, organisations, dice: Dice(seed), done: BTreeMap::new(), refused: BTreeMap::new() };
        for step in 0..STEPS {
            let (act, came) = play.act().await;
            let count = if came { &mut play.done } else { &mut play.refused };
            *count.entry(act).or_insert(0) += 1;
            if came {
                play.check(&format!("step {step} of seed {seed}, {act}"));
            }
            // What is over for good makes room.
            if step % 40 == 39 {
                let number = app.organisation(COUNTRIES[step / 40 % 3]).create().await.number;
                play.organisations.push(number);
            }
        }
        println!("done {:?}, refused {:?}", play.done, play.refused);
        // Otherwise nothing was proved.
        for act in ["admit", "withdraw", "transfer", "merge", "correct"] {
            let times = |all: &BTreeMap<&str, usize>| all.get(act).copied().unwrap_or(0);
            assert!(times(&play.done) > 0, "{act}: {:?} {:?}", play.done, play.refused);
        }
        assert_eq!(app.findings(), Vec::<String>::new());
    }
}
