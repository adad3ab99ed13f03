//! Deciding a proposal: the second officer's act.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;

use super::acts::{Act, Authority};
use super::corrections::{corrected_event, resolve};
use super::dto::{Decide, Proposed};
use super::machine::{Outcome, next};
use super::model::{EventKind, MembershipType, Stance, State};
use super::propose::{has_fallen, refuse_second, terms};
use super::queries::{self, Held};
use super::record::{self, Closing, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::{consent, deciders, foreseen, merge, second, transfer, unmerge, view};
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::journal::{self, Entry, Moment};
use crate::organisations;

/// Decides a proposal.
///
/// Refused to its proposer, to whoever wrote the current revision, opened or submitted the application or changed the organisation's record
/// since, or agreed to it for a country, and where one of two invited the other in the last 30 days. `revision` is the one that the decider
/// has seen; a proposal falls when the membership moves on, or its organisation gets another name, country, form, identifier, city or
/// website. Where officers of two countries take part, their `approved` is their consent and leaves the proposal open until the secretariat
/// decides.
#[utoipa::path(
    tag = "memberships", operation_id = "decide_proposal", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The proposal", example = "3k7v0c5m2qxyz"), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Decide, description = "The decision"),
    responses((status = 200, description = "The proposal and, where it is about one, the membership", body = Proposed), docs::Decision)
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
            shown(tx, acting, next.as_ref(), &proposal)
        })
        .await?;
    Ok(answer.respond())
}

/// A closed proposal and what became of its membership.
pub(super) fn shown(
    tx: &mut Tx<'_>,
    acting: &Acting,
    held: Option<&Held>,
    proposal: &ProposalRow,
) -> Result<Answer, Error> {
    let organisation = organisations::queries::by_id(tx, proposal.organisation_id)?;
    let now = Moment::of(acting.now().day());
    let shown = Proposed {
        proposal: view::proposal_with_consents(tx, proposal, &organisation)?,
        membership: held
            .map(|held| view::membership(tx, held, None, acting, now))
            .transpose()?,
    };
    let answer = Answer::json(200, &shown)?;
    Ok(match held {
        Some(held) => answer.version(held.row.revision),
        None => answer,
    })
}

/// The first members of the Organization of Turkic States: no paper decides on membership before.
const FIRST_DECISION: Option<NaiveDate> = NaiveDate::from_ymd_opt(2009, 10, 3);

/// Refuses a day on which no paper decision can have been made.
fn check_decision_date(acting: &Acting, body: &Decide) -> Result<(), Error> {
    let Some(day) = body.decision_date else {
        return Ok(());
    };
    if day > acting.now().day() {
        return Err(Error::field(
            "/decision_date",
            "must not lie in the future: it is the day of a decision that was made",
        ));
    }
    match FIRST_DECISION {
        Some(first) if day < first => {
            let text =
                format!("is before {first}, when the Organization of Turkic States was founded");
            Err(Error::field("/decision_date", text))
        }
        _ => Ok(()),
    }
}

/// Refuses what a decision says and nothing would keep: a day where none is recorded, a paper that is not the decision's.
fn refuse_what_has_no_place(
    acting: &Acting,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<(), Error> {
    let act = Act::from_name(&proposal.act);
    let agrees = body.outcome == Outcome::Approved && consent::is_asked_of(acting, proposal)?;
    let day = if agrees {
        Some("who agrees for a country names no day: the decision does")
    } else if act == Some(Act::Correct) {
        Some(
            "a correction has no day of its own: the corrected event has the one that was proposed",
        )
    } else if act != Some(Act::Recommend) && body.outcome != Outcome::Approved {
        Some("nothing happens that could have a day")
    } else {
        None
    };
    if let Some(why) = day.filter(|_| body.effective_on.is_some()) {
        return Err(Error::field("/effective_on", why));
    }
    let paper = [
        ("/decision_number", body.decision_number.is_some()),
        ("/decision_date", body.decision_date.is_some()),
    ];
    match paper.into_iter().find(|(_, given)| agrees && *given) {
        Some((pointer, _)) => Err(Error::field(
            pointer,
            "who agrees for a country names no paper: the decision does",
        )),
        None => Ok(()),
    }
}

/// Decides the proposal inside the transaction, with the rows that it is about locked.
pub fn decide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Decide,
) -> Result<(Option<Held>, ProposalRow), Error> {
    check_decision_date(acting, body)?;
    let seen = queries::proposal(tx, acting.reach(), id)?;
    refuse_what_has_no_place(acting, &seen, body)?;
    let Some(membership) = seen.membership_id else {
        let act = Act::from_name(&seen.act);
        let closed = match act {
            Some(Act::Transfer) => transfer::decide(tx, acting, rules, id, body)?,
            Some(Act::Merge) => merge::decide(tx, acting, rules, id, body)?,
            Some(Act::Unmerge) => unmerge::decide(tx, acting, rules, id, body)?,
            _ => return Err(Error::internal("a proposal of no act on an organisation")),
        };
        return Ok((None, closed));
    };
    let held = lock(tx, acting, rules, &seen, membership)?;
    let proposal = queries::proposal(tx, acting.reach(), id)?;
    must_be_open(tx, &held, acting, &proposal)?;
    must_have_seen(body, held.row.revision)?;
    second::must_be(tx, acting, &proposal, &held)?;
    consent::must_be_another(tx, acting, &proposal, body.outcome)?;
    let act = Act::from_name(&proposal.act)
        .ok_or_else(|| Error::internal("a proposal of no known act"))?;
    // A country that is asked agrees, or says no for all.
    let asked = consent::is_asked_of(acting, &proposal)?;
    if asked && body.outcome == Outcome::Approved {
        let consented = consent::give(tx, acting, &proposal, body)?;
        return Ok((Some(held), consented));
    }
    if !asked {
        must_decide(acting, &held, act, &proposal)?;
    }
    if body.outcome == Outcome::Approved {
        consent::must_be_complete(tx, acting, &proposal)?;
    }
    if act == Act::Recommend {
        return decide_application(tx, acting, rules, &held, &proposal, body);
    }
    if body.outcome != Outcome::Approved {
        let closed = close(tx, acting, &held.organisation.number, &proposal, body)?;
        return Ok((Some(held), closed));
    }
    approve(tx, acting, rules, &held, &proposal, body)
}

/// The membership, for somebody who reaches the proposal: the other country's officer reaches it by nothing else.
fn lock(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    proposal: &ProposalRow,
    membership: Id,
) -> Result<Held, Error> {
    // A correction may go on to the organisation's other memberships.
    if Act::from_name(&proposal.act) == Some(Act::Correct) {
        record::lock_whole(tx, &[proposal.organisation_id])?;
    }
    if acting.reach().covers(&proposal.country) {
        record::lock(tx, acting, rules, membership, None)
    } else {
        record::lock_reached(tx, rules, membership)
    }
}

/// Records what was proposed.
fn approve(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<(Option<Held>, ProposalRow), Error> {
    let terms = terms(proposal)?;
    let act = Act::from_name(&proposal.act);
    let kind = act
        .and_then(|act| terms.kind(act))
        .ok_or_else(|| Error::internal("a proposal that says too little"))?;
    refuse_second(tx, acting, held, &kind)?;
    if let EventKind::Corrected {
        target_no,
        correction,
    } = &kind
    {
        foreseen::must_fit(tx, acting, rules, held, (*target_no, correction))?;
    }
    let particulars = Particulars {
        effective_on: body.effective_on.or(terms.effective_on),
        reason: proposal.reason.clone(),
        evidence: terms.evidence,
        replacement: terms.replacement,
        decision_number: body.decision_number.clone().map(String::from),
        decision_date: body.decision_date,
        proposer: Some(proposal.proposer.clone()),
        ..Particulars::default()
    };
    let mut closed = None;
    let next = record::record(
        tx,
        acting,
        rules,
        held,
        kind,
        particulars,
        |tx, entry, _| {
            closed = Some(write_decision(tx, acting, entry, proposal, body)?);
            Ok(())
        },
    )?;
    super::follow::follow(tx, acting, rules, &next)?;
    let closed = closed.ok_or_else(|| Error::internal("a decision that closed nothing"))?;
    Ok((Some(next), closed))
}

/// Decides on an application: admission, rejection or questions.
fn decide_application(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<(Option<Held>, ProposalRow), Error> {
    let day = body.effective_on.unwrap_or_else(|| acting.now().day());
    let kind = application_kind(tx, held, acting, rules, body.outcome, day)?;
    let reason = body.reason.as_str().to_owned();
    let particulars = Particulars {
        effective_on: body.effective_on,
        evidence: match kind {
            EventKind::Returned { .. } => Vec::new(),
            _ => recommended_on(held),
        },
        questions: matches!(kind, EventKind::Returned { .. }).then(|| reason.clone()),
        reason: Some(reason),
        decision_number: body.decision_number.clone().map(String::from),
        decision_date: body.decision_date,
        proposer: Some(proposal.proposer.clone()),
        ..Particulars::default()
    };
    let mut closed = None;
    let next = record::record(
        tx,
        acting,
        rules,
        held,
        kind,
        particulars,
        |tx, entry, _| {
            closed = Some(write_decision(tx, acting, entry, proposal, body)?);
            Ok(())
        },
    )?;
    let closed = closed.ok_or_else(|| Error::internal("a decision that closed nothing"))?;
    Ok((Some(next), closed))
}

/// The evidence of the recommendation, its corrections counted: what is decided on it rests on the same.
fn recommended_on(held: &Held) -> Vec<i32> {
    resolve(&held.events)
        .standing
        .iter()
        .rev()
        .find(|standing| matches!(standing.event.kind, EventKind::Recommended { .. }))
        .map(|standing| standing.evidence.to_vec())
        .unwrap_or_default()
}

/// Closes a proposal that is refused or sent back: nothing else changes.
pub(super) fn close(
    tx: &mut Tx<'_>,
    acting: &Acting,
    number: &str,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<ProposalRow, Error> {
    let action = format!("proposal.{}", status(body.outcome));
    journal::enter(tx, &acting.actor(), acting.now(), &action, |tx, entry| {
        about(entry, proposal, number);
        write_decision(tx, acting, entry, proposal, body)
    })
}

/// Names what a proposal is about.
pub(super) fn about(entry: &mut Entry, proposal: &ProposalRow, number: &str) {
    entry.about(match proposal.membership_id {
        Some(id) => format!("membership:{id}"),
        None => format!("organisation:{number}"),
    });
    entry.of_organisation(number);
}

/// Writes who decided, how, why and by which paper.
pub(super) fn write_decision(
    tx: &mut Tx<'_>,
    acting: &Acting,
    entry: &mut Entry,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<ProposalRow, Error> {
    let closing = Closing {
        status: status(body.outcome),
        decider: Some(acting.actor().to_string()),
        reason: Some(body.reason.as_str()),
        decision_number: body.decision_number.clone().map(String::from),
        decision_date: body.decision_date,
    };
    record::close(tx, entry, proposal, closing)
}

fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approved => "approved",
        Outcome::Refused => "refused",
        Outcome::SentBack => "sent_back",
    }
}

/// An open proposal, made for the revision and state that still stand.
pub(super) fn must_be_open(
    tx: &mut Tx<'_>,
    held: &Held,
    acting: &Acting,
    proposal: &ProposalRow,
) -> Result<(), Error> {
    let fallen = has_fallen(tx, proposal, held, acting)?;
    if proposal.status == "open" && !fallen {
        return Ok(());
    }
    let status = if proposal.status == "open" {
        "fallen, because the membership or what its organisation is told by has changed since"
    } else {
        proposal.status.as_str()
    };
    let text = format!("the proposal is {status}; nothing is left to decide");
    Err(record::act_not_possible(tx, held, acting, text))
}

/// The decider names the revision that they have looked at.
pub(super) fn must_have_seen(body: &Decide, revision: i32) -> Result<(), Error> {
    if body.revision == revision {
        return Ok(());
    }
    let text = format!("it is at revision {revision} now; read it again before you decide");
    Err(Error::new(Code::StaleVersion, text).at_field("/revision"))
}

/// Whether a proposal about a membership is the secretariat's to decide, whatever the rules say: what crosses a border, and the
/// correction of what an act on the whole organisation recorded.
pub(super) fn is_secretariats(
    held: &Held,
    act: Act,
    proposal: &ProposalRow,
) -> Result<bool, Error> {
    if act.authority() == Authority::ProposalOfBothCountries || proposal.other_country.is_some() {
        return Ok(true);
    }
    let target = terms(proposal)?
        .target_no
        .and_then(|no| corrected_event(&held.events, no))
        .and_then(|target| Act::of(&target.kind, None));
    Ok(target.is_some_and(Act::is_on_organisation))
}

/// Whether the rules of the membership's type let the caller's role decide.
pub(super) fn lets_decide(
    acting: &Acting,
    held: &Held,
    act: Act,
    proposal: &ProposalRow,
) -> Result<bool, Error> {
    let today = acting.now().day();
    let kind = membership_type(held, today);
    let beyond = is_secretariats(held, act, proposal)?;
    let named = &held.rules.at(kind, today).deciders;
    let role = acting.principal().role();
    Ok(role.is_some_and(|role| deciders::role_may(role, beyond, named)))
}

fn must_decide(
    acting: &Acting,
    held: &Held,
    act: Act,
    proposal: &ProposalRow,
) -> Result<(), Error> {
    if lets_decide(acting, held, act, proposal)? {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "the rules do not let your role decide this",
    ))
}

/// The type on a day, or the last one known.
pub(super) fn membership_type(held: &Held, day: chrono::NaiveDate) -> MembershipType {
    held.ledger
        .interval_on(day)
        .or_else(|| held.ledger.intervals.last())
        .map_or(MembershipType::Full, |interval| interval.membership_type)
}

/// The event that the outcome stands for, if the state machine allows it.
fn application_kind(
    tx: &mut Tx<'_>,
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
        .map_err(|e| record::act_not_possible(tx, held, acting, e.to_string()))?;
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
    let kind = membership_type(held, chrono::NaiveDate::MAX);
    rules.at(kind, day).return_deadline(day)
}
