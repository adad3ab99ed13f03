//! Taking an own proposal back.

use actix_web::{HttpResponse, post, web};

use super::acts::Act;
use super::as_a_whole::impossible;
use super::decide;
use super::dto::{Proposed, Retract};
use super::model::{Correction, EventKind};
use super::propose::as_it_stands;
use super::queries::{self, Held};
use super::record::{self, Closing, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit};
use crate::db::{Id, Tx, dialect};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Code, Error, Json, NoQuery, Path, docs};
use crate::journal;
use crate::organisations;
use crate::organisations::rows::OrganisationRow;

/// Retracts an own proposal.
///
/// A recommendation goes back to review: its event is voided, not removed.
#[utoipa::path(
    tag = "memberships", operation_id = "retract_proposal", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The proposal", example = "3k7v0c5m2qxyz"), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Retract, description = "Why"),
    responses((status = 200, description = "The closed proposal and the membership", body = Proposed), docs::Decision)
)]
#[post("/proposals/{id}/retraction")]
pub(super) async fn retract_proposal(
    permit: Permit<acts::Retract>,
    _query: NoQuery,
    once: Once,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Retract>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let (next, proposal) = retract(tx, acting, &rules, id.0, &body.body)?;
            decide::shown(tx, acting, next.as_ref(), &proposal)
        })
        .await?;
    Ok(answer.respond())
}

/// Closes an own proposal that is still open. A recommendation is voided with it, so that the application is in review again.
fn retract(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Retract,
) -> Result<(Option<Held>, ProposalRow), Error> {
    let seen = queries::proposal(tx, acting.reach(), id)?;
    let Some(membership) = seen.membership_id else {
        dialect::lock_row(tx, "organisations", "id", seen.organisation_id)?;
        let proposal = queries::proposal(tx, acting.reach(), id)?;
        must_be_own(acting, &proposal)?;
        let organisation = organisations::queries::by_id(tx, seen.organisation_id)?;
        let now = as_it_stands(tx, acting, rules, proposal.clone(), &organisation)?;
        must_wait(tx, acting, &now, &organisation)?;
        return Ok((None, close(tx, acting, &proposal, body)?));
    };
    let held = record::lock(tx, acting, rules, membership, None)?;
    let proposal = queries::proposal(tx, acting.reach(), id)?;
    decide::must_be_open(tx, &held, acting, &proposal)?;
    must_be_own(acting, &proposal)?;
    if Act::from_name(&proposal.act) != Some(Act::Recommend) {
        return Ok((Some(held), close(tx, acting, &proposal, body)?));
    }
    let target = held
        .events
        .last()
        .filter(|e| matches!(e.kind, EventKind::Recommended { .. }))
        .ok_or_else(|| {
            record::act_not_possible(
                tx,
                &held,
                acting,
                "the proposal's event is not the last one",
            )
        })?;
    let kind = EventKind::Corrected {
        target_no: target.no,
        correction: Correction::Void {},
    };
    let particulars = Particulars {
        reason: Some(body.reason.as_str().to_owned()),
        ..Particulars::default()
    };
    let mut closed = None;
    let next = record::record(
        tx,
        acting,
        rules,
        &held,
        kind,
        particulars,
        |tx, entry, _| {
            closed = Some(record::close(tx, entry, &proposal, retracted(body))?);
            Ok(())
        },
    )?;
    let closed = closed.ok_or_else(|| Error::internal("a retraction that closed nothing"))?;
    Ok((Some(next), closed))
}

fn retracted(body: &Retract) -> Closing<'_> {
    Closing {
        status: "retracted",
        reason: Some(body.reason.as_str()),
        ..Closing::default()
    }
}

fn must_be_own(acting: &Acting, proposal: &ProposalRow) -> Result<(), Error> {
    if proposal.proposer == acting.actor().to_string() {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "only its proposer can retract a proposal",
    ))
}

fn must_wait(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposal: &ProposalRow,
    organisation: &OrganisationRow,
) -> Result<(), Error> {
    if proposal.status == "open" {
        return Ok(());
    }
    let text = format!(
        "the proposal is {}; nothing is left to retract",
        proposal.status
    );
    Err(impossible(tx, acting, organisation, text))
}

fn close(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposal: &ProposalRow,
    body: &Retract,
) -> Result<ProposalRow, Error> {
    let number = organisations::queries::by_id(tx, proposal.organisation_id)?.number;
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "proposal.retracted",
        |tx, entry| {
            decide::about(entry, proposal, &number);
            record::close(tx, entry, proposal, retracted(body))
        },
    )
}
