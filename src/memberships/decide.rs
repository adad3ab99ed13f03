//! Deciding a proposal: the second officer's act.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;

use super::dto::{Decide, Proposed};
use super::machine::{Act, Outcome, next};
use super::model::{EventKind, Stance, State};
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::{Decider, Rules};
use super::view;
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit, Role};
use crate::db::schema::proposals;
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::journal::Moment;

/// How long an invitation between two people stands against their deciding for each other, in days.
const INVITED_DAYS: i64 = 30;

/// Decides a proposal.
///
/// Refused to its proposer, to whoever wrote the membership's current revision, and where one of the two invited the other in
/// the last 30 days. `revision` is the one that the decider has seen; a proposal falls when the membership moves on.
#[utoipa::path(
    tag = "memberships", operation_id = "decide_proposal", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The proposal", example = "3k7v0c5m2qxyz"), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Decide, description = "The decision"),
    responses((status = 200, description = "The closed proposal and the membership", body = Proposed), docs::Decision)
)]
#[post("/proposals/{id}/decision")]
pub(super) async fn decide_proposal(
    permit: Permit<acts::Decide>,
    _query: NoQuery,
    once: Once,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Decide>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let (next, proposal) = decide(tx, acting, &rules, id.0, &body.body)?;
            let shown = Proposed {
                proposal: view::proposal(&proposal, &next.organisation)?,
                membership: view::membership(&next, None, acting, Moment::of(acting.now().day()))?,
            };
            Ok(Answer::json(200, &shown)?.version(next.row.revision))
        })
        .await?;
    Ok(answer.respond())
}

/// Decides the proposal inside the transaction, with the membership's row locked.
pub fn decide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Decide,
) -> Result<(Held, ProposalRow), Error> {
    let seen = queries::proposal(tx, acting.reach(), id)?;
    let held = record::lock(tx, acting, rules, seen.membership_id.unwrap_or(Id(0)), None)?;
    let proposal = queries::proposal(tx, acting.reach(), id)?;
    must_be_open(&held, acting, &proposal)?;
    if body.revision != held.row.revision {
        let text = format!(
            "the membership is at revision {}; read it again before you decide",
            held.row.revision
        );
        return Err(Error::new(Code::StaleVersion, text).at_field("/revision"));
    }
    must_be_second(tx, acting, rules, &held, &proposal)?;
    let day = body.effective_on.unwrap_or_else(|| acting.now().day());
    let kind = kind(&held, acting, rules, body.outcome, day)?;
    let reason = body.reason.as_str().to_owned();
    let particulars = Particulars {
        effective_on: body.effective_on,
        questions: matches!(kind, EventKind::Returned { .. }).then(|| reason.clone()),
        reason: Some(reason),
        decision_number: body.decision_number.clone().map(String::from),
        proposer: Some(proposal.proposer.clone()),
        ..Particulars::default()
    };
    let mut closed = proposal.clone();
    let next = record::record(
        tx,
        acting,
        rules,
        &held,
        kind,
        particulars,
        |tx, entry, _| {
            closed.status = status(body.outcome).to_owned();
            closed.decider = Some(acting.actor().to_string());
            closed.decided_at = Some(entry.recorded_at().0);
            closed.decision_reason = Some(body.reason.as_str().to_owned());
            closed.version += 1;
            closed.seq = entry.seq();
            diesel::update(proposals::table.find(closed.id))
                .set(&closed)
                .execute(&mut **tx)?;
            entry.changed(&proposal, &closed)
        },
    )?;
    Ok((next, closed))
}

fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approved => "approved",
        Outcome::Refused => "refused",
        Outcome::SentBack => "sent_back",
    }
}

/// An open proposal, made for the revision that still stands.
pub(super) fn must_be_open(
    held: &Held,
    acting: &Acting,
    proposal: &ProposalRow,
) -> Result<(), Error> {
    if proposal.status != "open" || proposal.revision != held.row.revision {
        let text = format!(
            "the proposal is {}; nothing is left to decide",
            proposal.status
        );
        return Err(record::act_not_possible(held, acting, text));
    }
    Ok(())
}

/// Two people: not the proposer, not the writer of the revision, not one who invited the other lately; and of a role that the
/// rules let decide.
fn must_be_second(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    proposal: &ProposalRow,
) -> Result<(), Error> {
    let refused = |text: &str| Err(Error::new(Code::SecondOfficerNeeded, text));
    let own = acting.actor().to_string();
    if proposal.proposer == own {
        return refused("the proposer cannot decide the own proposal");
    }
    if held.row.updated_by == own {
        return refused("whoever wrote the current revision cannot decide it");
    }
    let since = acting.now().plus_seconds(-INVITED_DAYS * 24 * 3600).0;
    let proposer: Option<Id> = proposal
        .proposer
        .strip_prefix("user:")
        .and_then(|id| id.parse().ok());
    if let (Some(me), Some(proposer)) = (acting.user_id(), proposer)
        && queries::invited_each_other(tx, me, proposer, since)?
    {
        return refused("one of you invited the other within the last 30 days");
    }
    let today = acting.now().day();
    let interval = held
        .ledger
        .interval_on(today)
        .or_else(|| held.ledger.intervals.last());
    let Some(interval) = interval else {
        return Err(Error::internal("a membership without an interval"));
    };
    let deciders = &rules.at(interval.membership_type, today).deciders;
    let may = match acting.principal().role() {
        Some(Role::Secretariat) => deciders.contains(&Decider::Secretariat),
        Some(Role::Coordinator) => deciders.contains(&Decider::SameCountryCoordinator),
        Some(Role::Auditor) | None => false,
    };
    if may {
        Ok(())
    } else {
        Err(Error::new(
            Code::Forbidden,
            "the rules do not let your role decide this",
        ))
    }
}

/// The event that the outcome stands for, if the state machine allows it.
fn kind(
    held: &Held,
    acting: &Acting,
    rules: &Rules,
    outcome: Outcome,
    day: chrono::NaiveDate,
) -> Result<EventKind, Error> {
    let today = acting.now().day();
    let state = held
        .ledger
        .state_on(today.max(day))
        .unwrap_or(State::Recommended);
    let context = held.ledger.context_on(today.max(day), false);
    let to = next(state, Act::Decide(outcome), &context)
        .map_err(|e| record::act_not_possible(held, acting, e.to_string()))?;
    Ok(match (outcome, context.stance) {
        (Outcome::SentBack, _) => EventKind::Returned {
            deadline: return_deadline(held, rules, day),
        },
        (Outcome::Approved, Some(Stance::Against)) | (Outcome::Refused, _) => {
            EventKind::Rejected {}
        }
        (Outcome::Approved, _) if to == State::Active => EventKind::Admitted {},
        (Outcome::Approved, _) => return Err(Error::internal("an approval that leads nowhere")),
    })
}

/// The last day for the answer to questions, by the rules of the membership's type.
pub(super) fn return_deadline(
    held: &Held,
    rules: &Rules,
    day: chrono::NaiveDate,
) -> chrono::NaiveDate {
    let kind = held
        .ledger
        .intervals
        .last()
        .map_or(super::model::MembershipType::Full, |i| i.membership_type);
    rules.at(kind, day).return_deadline(day)
}
