//! Correcting an earlier event, with the authority that the event itself took.
//!
//! Nothing is changed or removed: the correction is an event of its own. What an act on the whole organisation recorded
//! (transfer, dissolution) is corrected on all its memberships together, and the organisation follows.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::acts::{Act, Authority};
use super::corrections::{authority_to_correct, corrected_event};
use super::dto::Proposed;
use super::follow::follow;
use super::model::{Correction, Event, EventKind, Replacement};
use super::propose::{Proposing, check_evidence, propose};
use super::proposed::Terms;
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rules::Rules;
use super::{apply, consent, corrections, corrector, foreseen, merge, on_organisation, view};
use crate::auth::policy::acts::Propose;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Error, Json, NoQuery, Path, docs};
use crate::journal::Moment;
use crate::organisations::text::Reason;

/// How an event is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It counts as never recorded.
    Void,
    /// It holds from another day, and may have another reason and other evidence.
    Replace,
}

/// Corrects an event.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"target_no": 5, "how": "replace", "effective_on": "2026-03-01", "reason": "The decision names the first of March."}))]
pub struct Correct {
    /// The number of the event within the membership.
    #[schema(minimum = 1, example = 5)]
    #[validate(range(min = 1, message = "must be at least 1"))]
    pub target_no: i32,
    /// `void` or `replace`.
    #[schema(example = "replace")]
    pub how: How,
    /// The day from whose start the corrected event holds; required with `replace`.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[schema(value_type = Option<crate::http::day::Day>)]
    pub effective_on: Option<NaiveDate>,
    /// Why it is corrected.
    pub reason: Reason,
    /// With `replace`: the corrected event's reason from now on.
    pub new_reason: Option<Reason>,
    /// With `replace`: the corrected event's evidence from now on.
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub new_evidence: Option<Vec<i32>>,
}

/// Corrects an event of a membership.
///
/// Takes the authority of the event: what one person recorded, one person corrects who could have recorded it (200); what was
/// decided opens a proposal (202). Records of the calendar follow from the other events and cannot be corrected.
#[utoipa::path(
    tag = "memberships", operation_id = "correct_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Correct, description = "Which event, and how"),
    responses(
        (status = 200, description = "The corrected membership", body = super::dto::Corrected),
        (status = 202, description = "The proposal that waits for its decision", body = Proposed),
        docs::MembershipAct
    )
)]
#[post("/memberships/{id}/correction")]
pub(super) async fn correct_membership(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Correct>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            // It may go on to the organisation's other memberships.
            let (row, _) = queries::reached(tx, acting.reach(), id.0)?;
            record::lock_whole(tx, &[row.organisation_id])?;
            let held = record::lock(tx, acting, &rules, id.0, Some(&seen))?;
            correct(tx, acting, &rules, &held, &body.body)
        })
        .await?;
    Ok(answer.respond())
}

fn correct(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    body: &Correct,
) -> Result<Answer, Error> {
    let correction = correction(body)?;
    let target = corrected_event(&held.events, body.target_no)
        .ok_or_else(|| Error::field("/target_no", "is no event of this membership"))?;
    refuse_what_is_no_correction(tx, (acting, held), target, &correction)?;
    let authority = authority_to_correct(&held.events, body.target_no).ok_or_else(|| {
        Error::field(
            "/target_no",
            "was recorded by the calendar: it follows from the other events",
        )
    })?;
    if Act::of(&target.kind, None).is_some_and(Act::is_on_organisation) {
        let of = held.organisation.id;
        on_organisation::check_day(tx, (rules, acting), of, body.effective_on)?;
    }
    foreseen::must_fit(tx, acting, rules, held, (body.target_no, &correction))?;
    let replacement = replacement(tx, held, target, body)?;
    let now = Moment::of(acting.now().day());
    if authority == Authority::OnePerson {
        corrector::must_be_able_to_record(tx, acting, held, target)?;
        let kind = EventKind::Corrected {
            target_no: body.target_no,
            correction,
        };
        refuse_too_soon(tx, acting, (rules, held), target, &kind)?;
        let particulars = Particulars {
            reason: Some(body.reason.as_str().to_owned()),
            replacement,
            ..Particulars::default()
        };
        let next = record::record(tx, acting, rules, held, kind, particulars, |_, _, _| Ok(()))?;
        follow(tx, acting, rules, &next)?;
        let shown = super::dto::Corrected {
            membership: view::membership(tx, &next, None, acting, now)?,
        };
        return Ok(Answer::json(200, &shown)?.version(next.row.revision));
    }
    let others = crossed(tx, held, rules, target)?;
    let proposing = Proposing {
        act: Act::Correct,
        terms: Terms {
            target_no: Some(body.target_no),
            correction: Some(correction),
            replacement,
            needs: if others.is_empty() {
                Vec::new()
            } else {
                let own = std::iter::once(&held.organisation.country);
                consent::needed_of(acting, own.chain(&others))
            },
            ..Terms::default()
        },
        reason: body.reason.as_str().to_owned(),
        other_country: others.into_iter().next(),
    };
    let proposal = propose(tx, acting, rules, held, proposing)?;
    let shown = Proposed {
        proposal: view::proposal(&proposal, &held.organisation)?,
        membership: Some(view::membership(tx, held, Some(&proposal), acting, now)?),
    };
    Ok(Answer::json(202, &shown)?
        .version(held.row.revision)
        .location(format!("/v1/proposals/{}", proposal.id)))
}

/// An application keeps the waiting time after a rejection whatever day a correction gives it.
fn refuse_too_soon(
    tx: &mut Tx<'_>,
    acting: &Acting,
    (rules, held): (&Rules, &Held),
    target: &Event,
    kind: &EventKind,
) -> Result<(), Error> {
    let EventKind::Applied {
        membership_type, ..
    } = target.kind
    else {
        return Ok(());
    };
    let day_of = |events: &[Event]| {
        let resolved = corrections::resolve(events);
        let standing = resolved.standing.iter().find(|s| s.event.no == target.no);
        standing.map(|s| s.effective_on)
    };
    let now = acting.now();
    let no = held.events.iter().map(|e| e.no).max().unwrap_or(0);
    let last = Event::new(
        no.saturating_add(1),
        i64::MAX,
        now.0,
        now.day(),
        kind.clone(),
    );
    let mut after = held.events.clone();
    after.push(last);
    let (was, is) = (day_of(&held.events), day_of(&after));
    let Some(day) = is.filter(|_| is != was) else {
        return Ok(());
    };
    let of = (membership_type, day);
    match apply::too_soon(tx, rules, held.organisation.id, of, Some(held.row.id))? {
        Some(why) => Err(record::act_not_possible(tx, held, acting, why)),
        None => Ok(()),
    }
}

fn correction(body: &Correct) -> Result<Correction, Error> {
    match (body.how, body.effective_on) {
        (How::Void, None) if body.new_reason.is_none() && body.new_evidence.is_none() => {
            Ok(Correction::Void {})
        }
        (How::Void, _) => Err(Error::field(
            "/how",
            "a voided event has no day, reason or evidence; leave them out, or use replace",
        )),
        (How::Replace, Some(effective_on)) => Ok(Correction::Replace { effective_on }),
        (How::Replace, None) => Err(Error::field("/effective_on", "is required with replace")),
    }
}

fn refuse_what_is_no_correction(
    tx: &mut Tx<'_>,
    (acting, held): (&Acting, &Held),
    target: &Event,
    correction: &Correction,
) -> Result<(), Error> {
    if matches!(target.kind, EventKind::Merged { .. }) && *correction == (Correction::Void {}) {
        return Err(record::act_not_possible(
            tx,
            held,
            acting,
            "a merge is not undone by a correction of one membership: it has an act of its own, unmerge, on the organisation",
        ));
    }
    Ok(())
}

fn replacement(
    tx: &mut Tx<'_>,
    held: &Held,
    target: &Event,
    body: &Correct,
) -> Result<Option<Replacement>, Error> {
    if body.new_reason.is_none() && body.new_evidence.is_none() {
        return Ok(None);
    }
    if let Some(items) = &body.new_evidence {
        check_evidence(tx, held.organisation.id, "/new_evidence", items)?;
    }
    // What is not given stays as it is now, which an earlier correction may have said.
    let resolved = corrections::resolve(&held.events);
    let now = resolved.standing.iter().find(|s| s.event.no == target.no);
    let (reason, evidence) = now.map_or(
        (target.reason.as_deref(), target.evidence.as_slice()),
        |now| (now.reason, now.evidence),
    );
    let new = Replacement {
        reason: match &body.new_reason {
            Some(new) => Some(new.as_str().to_owned()),
            None => reason.map(str::to_owned),
        },
        evidence: match &body.new_evidence {
            Some(new) => new.clone(),
            None => evidence.to_vec(),
        },
    };
    if matches!(
        target.kind,
        EventKind::Withdrawn {} | EventKind::Dissolved {}
    ) && new.reason.is_none()
        && new.evidence.is_empty()
    {
        return Err(Error::field(
            "/new_evidence",
            "leaves the event without a reason or evidence that says how it is known",
        ));
    }
    Ok(Some(new))
}

/// The countries on the other side of what is corrected: where a transfer came from and where it went, as far as the organisation is
/// not there now, or that of a merge's successor.
fn crossed(
    tx: &mut Tx<'_>,
    held: &Held,
    rules: &Rules,
    target: &Event,
) -> Result<Vec<String>, Error> {
    let mut countries: Vec<String> = match &target.kind {
        EventKind::Transferred { to_country } => {
            let before = held.events.iter().filter(|e| e.no < target.no);
            let ledger = super::fold::fold_all(before, rules);
            let from = ledger.intervals.last().map(|i| i.country.clone());
            from.into_iter().chain([to_country.clone()]).collect()
        }
        EventKind::Merged { successor } => {
            vec![merge::successor_of(tx, successor)?.country]
        }
        _ => Vec::new(),
    };
    countries.retain(|country| *country != held.organisation.country);
    Ok(countries)
}
