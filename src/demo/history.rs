//! The demo's history: several years of a made-up register, told in the order of its days.
//!
//! Each organisation has a story; its steps wait in one queue by day, and each step is the act that the API would record, by
//! the officers of the demo, as if it had been done on that day. All states of a membership can be found at the end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, Months, NaiveDate, NaiveTime};

use crate::accounts::principal_of;
use crate::accounts::rows::UserRow;
use crate::auth::policy::Action;
use crate::auth::{Acting, Role};
use crate::countries::Countries;
use crate::db::{Conn, Id, Instant, Tx};
use crate::http::Error;
use crate::memberships::acts::Act;
use crate::memberships::dto::{Apply, Decide, PlainAct, Recommend};
use crate::memberships::machine::Outcome;
use crate::memberships::model::{Correction, EventKind, MembershipType, Stance, State};
use crate::memberships::on_organisation;
use crate::memberships::propose::{Proposing, propose};
use crate::memberships::proposed::Terms;
use crate::memberships::queries::Held;
use crate::memberships::record::{self, Particulars};
use crate::memberships::rules::Rules;
use crate::memberships::{apply, decide, dissolve, recommend, recorder};
use crate::organisations::candidates::Lookout;
use crate::organisations::merged;
use crate::organisations::queries::by_id;
use crate::organisations::register;
use crate::text::{Line, Reason};

/// How many organisations each country gets.
const PER_COUNTRY: usize = 40;
/// How many years the history goes back.
const YEARS: u32 = 6;

/// What happens to an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Register,
    Apply,
    Submit,
    Review,
    Return,
    WithdrawApplication,
    Recommend(Stance),
    Decide,
    Renew,
    Suspend,
    Lift,
    Expel,
    Reinstate,
    Withdraw,
    ChangeType,
    Correct,
    Transfer,
    Merge,
    Unmerge,
    Dissolve,
}

/// An organisation on its way.
struct Story {
    country: String,
    n: usize,
    salt: usize,
    /// What the officers call it by.
    organisation: Option<i64>,
    membership: Option<Id>,
    proposal: Option<Id>,
    /// True while its terms are renewed.
    renews: bool,
}

/// The instant at which the demo's accounts are made.
pub(super) fn beginning(now: Instant) -> Instant {
    noon(years_before(now.day(), YEARS))
}

fn years_before(day: NaiveDate, years: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(12 * years))
        .unwrap_or(day)
}

fn noon(day: NaiveDate) -> Instant {
    let at = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    Instant(day.and_time(at).and_utc().timestamp_micros())
}

/// The officers who make the data.
struct Officers<'a> {
    people: &'a [UserRow],
    now: Instant,
}

impl Officers<'_> {
    fn acting(&self, role: Role, country: Option<&str>, action: Action) -> Result<Acting, Error> {
        let found = self
            .people
            .iter()
            .find(|p| p.role == role.as_str() && p.country.as_deref() == country)
            .ok_or_else(|| Error::internal("a demo account is missing"))?;
        Ok(Acting::on_behalf(principal_of(found)?, action)?.as_if_at(self.now))
    }

    fn coordinator(&self, country: &str, action: Action) -> Result<Acting, Error> {
        self.acting(Role::Coordinator, Some(country), action)
    }

    /// The secretariat's decider: whoever wrote the current revision cannot decide it.
    fn decider(&self, written_by: &str) -> Result<Acting, Error> {
        let found = self
            .people
            .iter()
            .find(|p| {
                p.role == Role::Secretariat.as_str() && format!("user:{}", p.id()) != written_by
            })
            .ok_or_else(|| Error::internal("a demo account is missing"))?;
        Ok(Acting::on_behalf(principal_of(found)?, Action::Decide)?.as_if_at(self.now))
    }
}

/// Makes the whole history, a month at a time.
pub(super) fn make(
    conn: &mut Conn,
    countries: &Countries,
    rules: &Rules,
    people: &[UserRow],
    progress: impl Fn(&str),
) -> Result<(), Error> {
    let today = Instant::now().day();
    let mut maker = Maker {
        countries,
        rules,
        people,
        today,
        stories: Vec::new(),
        queue: BTreeSet::new(),
        ended: BTreeMap::new(),
        cut_short: 0,
    };
    for (salt, country) in countries.iter().enumerate() {
        for n in 0..PER_COUNTRY {
            maker.begin(&country.code, n, salt);
        }
    }
    let mut month = years_before(today, YEARS);
    let mut told = 0;
    while month <= today {
        let next = month.checked_add_months(Months::new(1)).unwrap_or(today);
        conn.transact(|tx| maker.until(tx, next.min(today.succ_opt().unwrap_or(today))))?;
        let recorded_on = next.pred_opt().unwrap_or(month).min(today);
        recorder::run_on(conn, rules, noon(recorded_on).min(Instant::now()))?;
        let year = chrono::Datelike::year(&month);
        if year != told {
            told = year;
            progress(&format!("demo data: {year}"));
        }
        month = next;
    }
    if maker.cut_short > 0 {
        let (some, all) = (maker.cut_short, maker.stories.len());
        progress(&format!(
            "demo data: {some} of {all} made-up histories end early, because the rules of this registry refuse their next act"
        ));
    }
    Ok(())
}

struct Maker<'a> {
    countries: &'a Countries,
    rules: &'a Rules,
    people: &'a [UserRow],
    today: NaiveDate,
    stories: Vec<Story>,
    /// Day, story, and the step's place within the day.
    queue: BTreeSet<(NaiveDate, usize, Step)>,
    /// By country: an organisation that another one is merged into.
    ended: BTreeMap<String, i64>,
    /// Stories that ended early, because the rules refused a step.
    cut_short: usize,
}

impl Maker<'_> {
    /// Puts the first steps of a story into the queue.
    fn begin(&mut self, country: &str, n: usize, salt: usize) {
        let kind = membership_type(n);
        let today = self.today;
        let ago = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let id = self.stories.len();
        let spread = u64::try_from(n * 37 + salt * 11).unwrap_or(0);
        // Members of the first years, of last year, and applications of these weeks.
        let old = ago(400 + spread % 1_500);
        let fresh = ago(12 + spread % 30);
        let after = |on: NaiveDate, days: u64| on.checked_add_days(Days::new(days)).unwrap_or(on);
        let months = self.rules.at(kind, today).term_months;
        let just_over = ago(20)
            .checked_sub_months(Months::new(months))
            .map_or(today, |day| day.max(after(years_before(today, YEARS), 60)));
        let mut steps: Vec<(NaiveDate, Step)> = Vec::new();
        let admitted = |on: NaiveDate, stance: Stance| {
            let before = |days: u64| on.checked_sub_days(Days::new(days)).unwrap_or(on);
            vec![
                (before(40), Step::Register),
                (before(30), Step::Apply),
                (before(28), Step::Submit),
                (before(14), Step::Review),
                (before(7), Step::Recommend(stance)),
                (on, Step::Decide),
            ]
        };
        let case = n % 20;
        match case {
            0..=5 => {
                let path = [
                    Step::Register,
                    Step::Apply,
                    Step::Submit,
                    Step::Review,
                    if case == 4 {
                        Step::Return
                    } else {
                        Step::Recommend(Stance::For)
                    },
                ];
                let take = [1, 2, 3, 4, 5, 5].get(case).copied().unwrap_or(1);
                for (k, step) in (0u64..).zip(path.into_iter().take(take)) {
                    steps.push((after(fresh, k), step));
                }
            }
            6 => steps = admitted(old, Stance::Against),
            7 => {
                steps = admitted(old, Stance::For);
                steps.truncate(4);
                steps.push((after(old, 1), Step::WithdrawApplication));
            }
            14 => steps = admitted(just_over, Stance::For),
            15 => steps = admitted(ago(1_100 + spread % 400), Stance::For),
            16 => {
                steps = admitted(ago(200 + spread % 100), Stance::For);
                steps.push((ago(30 + spread % 20), Step::Suspend));
            }
            _ => steps = admitted(old, Stance::For),
        }
        let renews = matches!(case, 8..=13 | 16..=19);
        let end = ago(40 + spread % 300);
        match (case, n) {
            (10, _) => {
                let on = after(old, 120);
                steps.push((on, Step::Suspend));
                steps.push((after(on, 45), Step::Lift));
            }
            (11, _) => steps.push((end, Step::ChangeType)),
            (12, _) => steps.push((after(old, 60), Step::Correct)),
            (13, 33) if salt < 2 => steps.push((end, Step::Transfer)),
            (17, _) => steps.push((end, Step::Withdraw)),
            (18, 38) => {
                steps.push((end, Step::Expel));
                steps.push((after(end, 25), Step::Reinstate));
            }
            (18, _) => steps.push((end, Step::Expel)),
            (19, 39) => {
                steps.push((end, Step::Merge));
                // One of them is undone.
                if salt == 0 {
                    steps.push((after(end, 30), Step::Unmerge));
                }
            }
            (19, _) => steps.push((end, Step::Dissolve)),
            _ => {}
        }
        self.stories.push(Story {
            country: country.to_owned(),
            n,
            salt,
            organisation: None,
            membership: None,
            proposal: None,
            renews,
        });
        for (day, step) in steps {
            self.queue.insert((day, id, step));
        }
    }

    /// Does everything that waits before a day.
    fn until(&mut self, tx: &mut Tx<'_>, day: NaiveDate) -> Result<(), Error> {
        while let Some(first) = self.queue.first().copied().filter(|(on, ..)| *on < day) {
            self.queue.remove(&first);
            let (on, id, step) = first;
            match tx.savepoint(|tx| self.step(tx, on, id, step)) {
                // The years are made for the rules that are the default; under others a story ends where they have no place for it.
                Err(error) if error.code().status() < 500 => {
                    self.queue.retain(|(_, other, _)| *other != id);
                    self.cut_short += 1;
                }
                done => done?,
            }
        }
        Ok(())
    }

    fn step(&mut self, tx: &mut Tx<'_>, on: NaiveDate, id: usize, step: Step) -> Result<(), Error> {
        let officers = Officers {
            people: self.people,
            now: noon(on).min(Instant::now()),
        };
        let Some(story) = self.stories.get_mut(id) else {
            return Ok(());
        };
        match step {
            Step::Register => {
                story.organisation = Some(register_one(tx, self.countries, &officers, story)?);
                return Ok(());
            }
            Step::Transfer | Step::Merge | Step::Unmerge | Step::Dissolve => {
                let successor = self.ended.get(&story.country).copied();
                return on_whole(tx, self.rules, &officers, story, step, successor);
            }
            Step::Apply => {
                let organisation = by_id(tx, story.organisation.unwrap_or_default())?;
                let acting = officers.coordinator(&story.country, Action::Apply)?;
                let body = Apply {
                    membership_type: membership_type(story.n),
                    effective_on: None,
                    reason: None,
                };
                let held = apply::open(tx, &acting, self.rules, &organisation, &body)?;
                story.membership = Some(held.row.id);
                return Ok(());
            }
            _ => {}
        }
        let Some(membership) = story.membership else {
            return Ok(());
        };
        let held = record::lock_reached(tx, self.rules, membership)?;
        let next = act(tx, self.rules, &officers, story, &held, step)?;
        if matches!(step, Step::Decide | Step::Renew | Step::Reinstate) && story.renews {
            if let Some(day) = next
                .ledger
                .interval_on(on)
                .and_then(|i| i.term_end)
                .and_then(|end| end.checked_sub_days(Days::new(15)))
                .filter(|day| *day < self.today && *day > on)
            {
                self.queue.insert((day, id, Step::Renew));
            }
            let here = story.organisation.unwrap_or_default();
            if story.n % 20 == 9 && membership_type(story.n) == membership_type(39) {
                self.ended.insert(story.country.clone(), here);
            }
        }
        Ok(())
    }
}

/// An act on the membership.
fn act(
    tx: &mut Tx<'_>,
    rules: &Rules,
    officers: &Officers<'_>,
    story: &mut Story,
    held: &Held,
    step: Step,
) -> Result<Held, Error> {
    let country = story.country.as_str();
    let day = officers.now.day();
    let later = |days: u64| day.checked_add_days(Days::new(days));
    let mut record = |action, kind, reason: Option<&str>| {
        let particulars = Particulars {
            reason: reason.map(str::to_owned),
            questions: matches!(kind, EventKind::Returned { .. })
                .then(|| "Please add the sample extract.".to_owned()),
            ..Particulars::default()
        };
        let acting = officers.coordinator(country, action)?;
        record::record(
            tx,
            &acting,
            rules,
            held,
            kind,
            particulars,
            |_, _, _| Ok(()),
        )
    };
    match step {
        Step::Submit => record(Action::Apply, EventKind::Submitted {}, None),
        Step::Review => {
            let reviewer = officers.coordinator(country, Action::Review)?.actor();
            let kind = EventKind::ReviewTaken {
                reviewer: reviewer.to_string(),
            };
            record(Action::Review, kind, None)
        }
        Step::Return => {
            let deadline = later(30).unwrap_or(day);
            record(Action::Review, EventKind::Returned { deadline }, None)
        }
        Step::WithdrawApplication => {
            record(Action::Apply, EventKind::ApplicationWithdrawn {}, None)
        }
        // Who has left meanwhile is not renewed.
        Step::Renew if held.ledger.state_on(day) != Some(State::Active) => Ok(held.clone()),
        Step::Renew => record(Action::Maintain, EventKind::Renewed {}, None),
        Step::Withdraw => {
            let reason = Some("A sample letter of the member.");
            record(Action::Maintain, EventKind::Withdrawn {}, reason)
        }
        Step::Recommend(stance) => {
            let body = Recommend {
                stance,
                reason: reason("The sample papers were checked.")?,
                checklist: Vec::new(),
                evidence: Vec::new(),
                effective_on: None,
            };
            let acting = officers.coordinator(country, Action::Review)?;
            let (next, proposal) = recommend::recommend(tx, &acting, rules, held, &body)?;
            story.proposal = Some(proposal.id);
            Ok(next)
        }
        Step::Decide => {
            let id = story.proposal.unwrap_or(Id(0));
            approve(tx, rules, officers, id, held, story.n)
        }
        _ => {
            let Some((act, terms)) = proposed(step, held, later(60)) else {
                return Ok(held.clone());
            };
            let proposing = Proposing {
                act,
                terms,
                reason: "A made-up reason of the demo.".to_owned(),
                other_country: None,
            };
            let acting = officers.coordinator(country, Action::Propose)?;
            let proposal = propose(tx, &acting, rules, held, proposing)?;
            approve(tx, rules, officers, proposal.id, held, story.n)
        }
    }
}

/// What a step proposes; nothing where the membership has become something else meanwhile.
fn proposed(step: Step, held: &Held, until: Option<NaiveDate>) -> Option<(Act, Terms)> {
    let terms = Terms::default();
    Some(match step {
        Step::Suspend => (Act::Suspend, Terms { until, ..terms }),
        Step::Lift => (Act::Lift, terms),
        Step::Expel => (Act::Expel, terms),
        Step::Reinstate => (Act::Reinstate, terms),
        Step::ChangeType => {
            let to_type = Some(match held.ledger.intervals.last()?.membership_type {
                MembershipType::Full => MembershipType::Associate,
                _ => MembershipType::Full,
            });
            (Act::ChangeType, Terms { to_type, ..terms })
        }
        Step::Correct => {
            let admitted = held
                .events
                .iter()
                .find(|e| e.kind == EventKind::Admitted {})?;
            let effective_on = admitted.effective_on.checked_add_days(Days::new(3))?;
            let correction = Some(Correction::Replace { effective_on });
            let target_no = Some(admitted.no);
            (
                Act::Correct,
                Terms {
                    target_no,
                    correction,
                    ..terms
                },
            )
        }
        _ => return None,
    })
}

fn decision(revision: i32, n: usize) -> Result<Decide, Error> {
    Ok(Decide {
        outcome: Outcome::Approved,
        reason: reason("A sample decision.")?,
        revision,
        effective_on: None,
        decision_number: Some(line(&format!("DEMO/{n}"))?),
        decision_date: None,
    })
}

fn approve(
    tx: &mut Tx<'_>,
    rules: &Rules,
    officers: &Officers<'_>,
    proposal: Id,
    held: &Held,
    n: usize,
) -> Result<Held, Error> {
    let acting = officers.decider(&held.row.updated_by)?;
    let body = decision(held.row.revision, n)?;
    let (held, _) = decide::decide(tx, &acting, rules, proposal, &body)?;
    held.ok_or_else(|| Error::internal("a decision without a membership"))
}

/// An act on the whole organisation.
fn on_whole(
    tx: &mut Tx<'_>,
    rules: &Rules,
    officers: &Officers<'_>,
    story: &Story,
    step: Step,
    successor: Option<i64>,
) -> Result<(), Error> {
    let organisation = by_id(tx, story.organisation.unwrap_or_default())?;
    let country = story.country.as_str();
    let (act, terms, other) = match step {
        Step::Transfer => {
            let to = if country == "TR" { "AZ" } else { "TR" };
            let terms = Terms {
                to_country: Some(to.to_owned()),
                needs: vec![to.to_owned()],
                ..Terms::default()
            };
            (Act::Transfer, terms, Some(to.to_owned()))
        }
        Step::Merge => {
            let Some(successor) = successor else {
                return Ok(());
            };
            let terms = Terms {
                successor: Some(by_id(tx, successor)?.number),
                ..Terms::default()
            };
            (Act::Merge, terms, None)
        }
        Step::Unmerge => {
            if organisation.merged_into.is_none() {
                return Ok(());
            }
            let goes_on = merged::end_of(tx, organisation.clone())?;
            let terms = Terms {
                successor: Some(goes_on.number),
                ..Terms::default()
            };
            (Act::Unmerge, terms, None)
        }
        _ => {
            let acting = officers.coordinator(country, Action::Maintain)?;
            let body = PlainAct {
                effective_on: None,
                reason: Some(reason("Struck off the sample register.")?),
                evidence: Vec::new(),
            };
            dissolve::dissolve(tx, &acting, rules, &organisation, &body)?;
            return Ok(());
        }
    };
    let proposing = Proposing {
        act,
        terms,
        reason: "A made-up reason of the demo.".to_owned(),
        other_country: other.clone(),
    };
    let acting = officers.coordinator(country, Action::Propose)?;
    let proposal = on_organisation::propose(tx, &acting, &organisation, &proposing)?;
    let body = decision(organisation.version, story.n)?;
    if let Some(other) = other {
        let consenting = officers.coordinator(&other, Action::Decide)?;
        // The paper is the decision's.
        let consent = Decide {
            decision_number: None,
            ..body.clone()
        };
        decide::decide(tx, &consenting, rules, proposal.id, &consent)?;
    }
    let acting = officers.decider(&organisation.updated_by)?;
    decide::decide(tx, &acting, rules, proposal.id, &body)?;
    Ok(())
}

fn register_one(
    tx: &mut Tx<'_>,
    countries: &Countries,
    officers: &Officers<'_>,
    story: &Story,
) -> Result<i64, Error> {
    let (country, n, salt) = (story.country.as_str(), story.n, story.salt);
    let words = super::words::words(country);
    let town = words
        .towns
        .get(n / words.themes.len().max(1) % words.towns.len().max(1))
        .copied()
        .unwrap_or("");
    let (local, english, icnp) = words
        .themes
        .get(n % words.themes.len().max(1))
        .copied()
        .unwrap_or(("", "", "L"));
    let street = ["1 Sample Street", "2 Sample Square", "3 Sample Avenue"]
        .get((n + salt) % 3)
        .copied()
        .unwrap_or("");
    let site = format!("sample-{}-{n}.example", country.to_lowercase());
    let body = serde_json::json!({
        "country": country,
        "names": [
            {"kind": "legal", "text": words.pattern.replace("{town}", town).replace("{theme}", local), "language": words.language},
            {"kind": "translated", "text": format!("Sample {english} of {town}"), "language": "en"},
        ],
        "legal_form": words.form,
        "city": town,
        "themes": [icnp],
        "sdgs": [n % 17 + 1],
        "founded": (1986 + (n * 7 + salt * 3) % 33).to_string(),
        "website": format!("https://{site}"),
        "email": format!("office@{site}"),
        "email_public": n.is_multiple_of(3),
        "address": street,
        "descriptions": [{"language": "en", "text": "A made-up organisation of the demo."}],
    });
    let body = serde_json::from_value(body).map_err(Error::internal)?;
    let acting = officers.coordinator(country, Action::RegisterOrganisation)?;
    // Made-up names: those that read the same are found by their keys.
    let lookout = Lookout {
        countries,
        search: None,
    };
    Ok(register::register(tx, &acting, lookout, &body)?.row.id)
}

fn membership_type(n: usize) -> MembershipType {
    match n % 7 {
        5 => MembershipType::Associate,
        6 => MembershipType::Observer,
        _ => MembershipType::Full,
    }
}

fn line(text: &str) -> Result<Line, Error> {
    Line::parse(text).map_err(Error::internal)
}

fn reason(text: &str) -> Result<Reason, Error> {
    Reason::parse(text).map_err(Error::internal)
}
