//! Tasks: what waits for an officer, since when, and by which acts it goes on.
//!
//! Nothing is stored: a task is what the timelines and the open proposals say. A coordinator has the own country's, the
//! secretariat what is to be decided, and the work of countries that have no active coordinator.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::acts::Act;
use super::adoption;
use super::dto::OrganisationRef;
use super::handlers::instant_and_id;
use super::model::{MembershipType, State};
use super::queries::{self, Held, QueueRow};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::second::Involved;
use super::{consent, decide, deciders, propose, recommend, view};
use crate::auth::policy::acts::ReadTasks;
use crate::auth::{Acting, Permit, Principal, Role};
use crate::countries::Countries;
use crate::db::{Conn, Id, Instant};
use crate::duplicates;
use crate::duplicates::queries::Wanted;
use crate::duplicates::rows::PairRow;
use crate::http::pages::{self, Page, fetch_limit, limit_or_default};
use crate::http::words::schema_words;
use crate::http::{Error, Query, docs, private};
use crate::organisations::model::StateWord;
use crate::organisations::rows::OrganisationRow;

schema_words!(
    /// What waits.
    TaskWord as "TaskKind", ["submit", "review", "recommend", "answer", "renew", "decide", "consent", "nobody_can_decide", "duplicate"]
);

schema_words!(
    /// An act by which a task goes on.
    TaskActWord as "TaskAct", {
        let mut words: Vec<&str> = super::machine::Act::ALL.map(super::machine::Act::name).to_vec();
        words.push("distinct");
        words
    }
);

/// Something that waits for the caller.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Task {
    /// What waits: an application to submit, review, recommend or answer, a member to renew before it lapses, a proposal to
    /// decide or to consent to, one that no present account may decide, or two organisations that may be one.
    #[schema(value_type = TaskWord, example = "review")]
    pub kind: &'static str,
    /// Since when.
    pub since: Instant,
    /// The last day to do it, where there is one.
    pub due: Option<NaiveDate>,
    /// The organisation.
    pub organisation: OrganisationRef,
    /// The organisation that may be the same; only with `duplicate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<OrganisationRef>,
    /// The membership; null where it is about the whole organisation.
    pub membership: Option<Id>,
    /// Its state.
    #[schema(value_type = Option<StateWord>, example = "submitted")]
    pub state: Option<String>,
    /// The proposal.
    pub proposal: Option<Id>,
    /// The acts by which it goes on.
    pub acts: Vec<ActLink>,
}

/// Where an act is done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActLink {
    /// The act; `distinct` says that two organisations are two.
    #[schema(value_type = TaskActWord, example = "review")]
    pub act: &'static str,
    /// Where to POST it.
    #[schema(example = "/v1/memberships/3k7v0c5m2qxyz/review")]
    pub href: String,
}

/// Which page.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists what waits for the caller, longest first.
///
/// A coordinator: applications to submit, review (those in the own review) and answer, members to renew before they lapse,
/// consents, pairs of organisations that may be one. The secretariat: such pairs across a border of which one is not public,
/// proposals to decide, what waits for a decision or a consent that nobody present may give, applications in the own review, and
/// the work of countries without an active coordinator.
#[utoipa::path(
    tag = "memberships", operation_id = "list_tasks", security(("bearer" = [])), params(TaskQuery),
    responses((status = 200, description = "A page of tasks", body = Page<Task>), docs::OfficerList)
)]
#[get("/tasks")]
pub(super) async fn list_tasks(
    request: HttpRequest,
    permit: Permit<ReadTasks>,
    countries: web::Data<Countries>,
    rules: web::Data<Rules>,
    query: Query<TaskQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let after = instant_and_id(query.query.cursor.as_deref(), &query.shape)?;
    let shape = query.shape;
    let page = permit
        .snapshot(move |conn, acting| {
            let codes: Vec<String> = countries.iter().map(|c| c.code.clone()).collect();
            let desk = Desk {
                acting,
                rules: &rules,
                after,
                limit: fetch_limit(limit),
            };
            let found = desk.tasks(conn, &codes)?;
            let key = |t: &(i64, i64, Task)| vec![t.0.to_string(), t.1.to_string()];
            Ok(Page::of(found, limit, &shape, key, |t| t.2))
        })
        .await?;
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, page.link(&request));
    Ok(response)
}

/// A task at its place in the order.
type Placed = (i64, i64, Task);

/// The states in which something is to be done by an officer of the country.
const WAITING: [(State, &str); 6] = [
    (State::Draft, "submit"),
    (State::Submitted, "review"),
    (State::InReview, "recommend"),
    (State::Recommended, "recommend"),
    (State::Returned, "answer"),
    (State::Grace, "renew"),
];

/// Whose review it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The country's, or nobody's who is there.
    Countrys,
    /// The caller's own.
    Callers,
}

/// States in which an application is in the hands of a reviewer.
const fn in_hand(state: State) -> bool {
    matches!(state, State::InReview | State::Recommended)
}

struct Desk<'a> {
    acting: &'a Acting,
    rules: &'a Rules,
    after: Option<(i64, i64)>,
    limit: i64,
}

impl Desk<'_> {
    fn tasks(&self, conn: &mut Conn, codes: &[String]) -> Result<Vec<Placed>, Error> {
        adoption::must_be_current(conn, self.rules)?;
        let mut found = Vec::new();
        let own = match self.acting.principal() {
            Principal::User {
                role: Role::Coordinator,
                country: Some(country),
                ..
            } => vec![country.clone()],
            Principal::User {
                role: Role::Secretariat,
                ..
            } => deciders::countries_without_coordinator(conn, codes)?,
            _ => Vec::new(),
        };
        for country in &own {
            for (state, kind) in WAITING {
                found.extend(self.of_state(
                    conn,
                    (country.as_str(), state),
                    kind,
                    Whose::Countrys,
                )?);
            }
        }
        if self.acting.principal().role() == Some(Role::Secretariat) {
            for country in codes.iter().filter(|code| !own.contains(code)) {
                for (state, kind) in WAITING.into_iter().filter(|(s, _)| in_hand(*s)) {
                    found.extend(self.of_state(
                        conn,
                        (country.as_str(), state),
                        kind,
                        Whose::Callers,
                    )?);
                }
            }
        }
        found.extend(self.of_proposals(conn)?);
        found.extend(self.of_duplicates(conn, &own)?);
        found.sort_by_key(|(since, id, _)| (*since, *id));
        found.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Memberships of a country in a state. Reviews are those of the caller, or of nobody who is there; others' are left out, so
    /// that the walk goes on until the page is full.
    fn of_state(
        &self,
        conn: &mut Conn,
        (country, state): (&str, State),
        kind: &'static str,
        whose: Whose,
    ) -> Result<Vec<Placed>, Error> {
        let today = self.acting.now().day();
        let mut after = self.after.map(|(since, id)| {
            let at = Instant(since);
            // Behind a proposal of that day come the memberships of the next one.
            if at == start_of(at.day()) {
                (at.day(), id)
            } else {
                (at.day(), i64::MAX)
            }
        });
        let longest = self.rules.longest_grace();
        let earliest = (state == State::Grace)
            .then(|| today.checked_sub_days(Days::new(u64::from(longest) + 1)))
            .flatten();
        let mut found = Vec::new();
        loop {
            let place = queries::Place {
                country,
                state,
                earliest,
            };
            let rows = queries::waiting(conn, place, &[], today, after, self.limit)?;
            let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= self.limit;
            after = rows.last().map(|r| (r.2.from_day, r.0.id.0));
            for row in self.with_reviewer(conn, rows, whose)? {
                if let Some(task) = self.of_membership(conn, row, state, kind)? {
                    found.push(task);
                }
            }
            let enough = i64::try_from(found.len()).unwrap_or(i64::MAX) >= self.limit;
            if !full || enough {
                return Ok(found);
            }
        }
    }

    /// Of what the secretariat has no task for as such, only what the caller has taken into review, or was given.
    fn with_reviewer(
        &self,
        conn: &mut Conn,
        mut rows: Vec<QueueRow>,
        whose: Whose,
    ) -> Result<Vec<QueueRow>, Error> {
        if whose == Whose::Callers {
            let ids: Vec<Id> = rows.iter().map(|r| r.0.id).collect();
            let reviewer = self.acting.actor().to_string();
            let own = queries::reviewed_by(conn, &ids, &reviewer)?;
            rows.retain(|r| own.contains(&r.0.id));
        }
        Ok(rows)
    }

    fn of_membership(
        &self,
        conn: &mut Conn,
        (row, organisation, interval): QueueRow,
        state: State,
        kind: &'static str,
    ) -> Result<Option<Placed>, Error> {
        let in_hand = in_hand(state);
        let needs_desk = in_hand || state == State::Returned;
        let held = if needs_desk {
            let events = queries::events(conn, row.id)?;
            let ledger = super::fold::fold(&events, self.rules);
            Some(Held {
                row: row.clone(),
                organisation: organisation.clone(),
                events,
                ledger,
                rules: self.rules.clone(),
            })
        } else {
            None
        };
        let desk = held.as_ref().map(|h| &h.ledger.desk);
        if let Some(held) = held.as_ref().filter(|_| in_hand)
            && !recommend::speaks_for_review(conn, held, self.acting)?
        {
            return Ok(None);
        }
        // A recommendation waits for its decision, unless its proposal has fallen.
        if let Some(held) = held.as_ref().filter(|_| state == State::Recommended)
            && let Some(open) = queries::open_proposal(conn, row.id)?
            && !propose::has_fallen(conn, &open, held, self.acting)?
        {
            return Ok(None);
        }
        let due = match state {
            State::Returned => desk.and_then(|d| d.deadline),
            State::Grace => interval.to_day.and_then(|day| day.pred_opt()),
            _ => None,
        };
        let acts: &[Act] = match state {
            State::Draft | State::Returned => &[Act::Submit, Act::WithdrawApplication],
            State::Submitted => &[Act::TakeReview],
            State::InReview => &[Act::Recommend, Act::Return, Act::ReleaseReview],
            State::Recommended => &[Act::Recommend, Act::Return],
            _ => &[Act::Renew, Act::Withdraw],
        };
        let base = format!("/v1/memberships/{}", row.id);
        let since = start_of(interval.from_day);
        let task = Task {
            kind,
            since,
            due,
            organisation: view::organisation(&organisation),
            other: None,
            membership: Some(row.id),
            state: Some(interval.state),
            proposal: None,
            acts: acts
                .iter()
                .map(|act| ActLink {
                    act: act.name(),
                    href: format!("{base}/{}", view::path_of(*act)),
                })
                .collect(),
        };
        Ok(Some((since.0, row.id.0, task)))
    }

    /// Pairs that may be one organisation: those of the own countries; for the secretariat those across a border, too, of which
    /// one is not public, because no coordinator may see them.
    fn of_duplicates(&self, conn: &mut Conn, own: &[String]) -> Result<Vec<Placed>, Error> {
        let mut asked = Vec::new();
        if !own.is_empty() {
            asked.push(Wanted {
                country: own.to_vec(),
                ..Wanted::default()
            });
        }
        if self.acting.principal().role() == Some(Role::Secretariat) {
            asked.push(Wanted {
                across_hidden: true,
                ..Wanted::default()
            });
        }
        let (reach, today) = (self.acting.reach(), self.acting.now().day());
        let mut found: BTreeMap<(i64, i64), Placed> = BTreeMap::new();
        for wanted in &asked {
            let pairs =
                duplicates::queries::waiting(conn, reach, today, wanted, self.after, self.limit)?;
            for (pair, first, second) in pairs {
                let task = self.of_pair(&pair, &first, &second);
                found.insert((pair.found_at, pair.id), (pair.found_at, pair.id, task));
            }
        }
        Ok(found.into_values().collect())
    }

    fn of_pair(&self, pair: &PairRow, first: &OrganisationRow, second: &OrganisationRow) -> Task {
        let mut acts = vec![ActLink {
            act: "distinct",
            href: "/v1/duplicates/distinct".to_owned(),
        }];
        if self.acting.reach().covers(&first.country) {
            acts.push(ActLink {
                act: Act::Merge.name(),
                href: format!("/v1/organisations/{}/merge", first.number),
            });
        }
        Task {
            kind: "duplicate",
            since: Instant(pair.found_at),
            due: None,
            organisation: view::organisation(first),
            other: Some(view::organisation(second)),
            membership: None,
            state: None,
            proposal: None,
            acts,
        }
    }

    /// Open proposals that the caller may decide or consent to, and those that nobody may decide.
    fn of_proposals(&self, conn: &mut Conn) -> Result<Vec<Placed>, Error> {
        let mut found = Vec::new();
        let mut after = self.after;
        let staff = deciders::Staff::load(conn, self.acting.now())?;
        loop {
            let rows =
                queries::proposals_page(conn, self.acting.reach(), &["open"], after, self.limit)?;
            let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= self.limit;
            after = rows.last().map(|(p, _)| (p.proposed_at, p.id.0));
            for (proposal, organisation) in rows {
                if let Some(kind) = self.kind_of(conn, &staff, &proposal, &organisation)? {
                    found.push(of_proposal(kind, &proposal, &organisation));
                }
            }
            let enough = i64::try_from(found.len()).unwrap_or(i64::MAX) >= self.limit;
            if !full || enough {
                return Ok(found);
            }
        }
    }

    /// What the proposal asks of the caller, if anything.
    fn kind_of(
        &self,
        conn: &mut Conn,
        staff: &deciders::Staff,
        proposal: &ProposalRow,
        organisation: &OrganisationRow,
    ) -> Result<Option<&'static str>, Error> {
        let today = self.acting.now().day();
        let (membership_type, written_by, beyond, involved) = match proposal.membership_id {
            None if proposal.revision != organisation.version => return Ok(None),
            None => (
                MembershipType::Full,
                organisation.updated_by.clone(),
                true,
                Involved::default(),
            ),
            Some(id) => {
                let held = queries::held(conn, &crate::auth::Reach::everything(), self.rules, id)?;
                if propose::has_fallen(conn, proposal, &held, self.acting)? {
                    return Ok(None);
                }
                let act = Act::from_name(&proposal.act)
                    .ok_or_else(|| Error::internal("a proposal of no known act"))?;
                let beyond = decide::is_secretariats(&held, act, proposal)?;
                let involved = Involved::of(proposal, &held);
                (
                    decide::membership_type(&held, today),
                    held.row.updated_by,
                    beyond,
                    involved,
                )
            }
        };
        let agreed = match &proposal.other_country {
            Some(_) => consent::given(conn, proposal)?,
            None => Vec::new(),
        };
        let case = deciders::Case {
            proposal,
            written_by: &written_by,
            involved: &involved,
            deciders: &self.rules.at(membership_type, today).deciders,
            beyond,
            agreed: &agreed,
        };
        let me = self.acting.user_id();
        let secretariat = self.acting.principal().role() == Some(Role::Secretariat);
        let missing = consent::missing(conn, proposal)?;
        if !missing.is_empty() {
            let able = missing.iter().map(|c| staff.able_to_agree(&case, c));
            let able: Vec<Vec<Id>> = able.collect();
            if me.is_some_and(|me| able.iter().any(|able| able.contains(&me))) {
                return Ok(Some("consent"));
            }
            let nobody = able.iter().any(Vec::is_empty);
            return Ok((nobody && secretariat).then_some("nobody_can_decide"));
        }
        let able = staff.able(&case);
        if me.is_some_and(|me| able.contains(&me)) {
            return Ok(Some("decide"));
        }
        Ok((able.is_empty() && secretariat).then_some("nobody_can_decide"))
    }
}

fn of_proposal(
    kind: &'static str,
    proposal: &ProposalRow,
    organisation: &OrganisationRow,
) -> Placed {
    let acts = match kind {
        "nobody_can_decide" => Vec::new(),
        _ => vec![ActLink {
            act: "approve",
            href: format!("/v1/proposals/{}/decision", proposal.id),
        }],
    };
    let task = Task {
        kind,
        since: Instant(proposal.proposed_at),
        due: None,
        organisation: view::organisation(organisation),
        other: None,
        membership: proposal.membership_id,
        state: None,
        proposal: Some(proposal.id),
        acts,
    };
    (proposal.proposed_at, proposal.id.0, task)
}

fn start_of(day: NaiveDate) -> Instant {
    Instant(
        day.and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_micros(),
    )
}
