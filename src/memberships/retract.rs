//! Taking an own proposal back.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;

use super::dto::{Proposed, Retract};
use super::model::{Correction, EventKind};
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::{decide, view};
use crate::auth::policy::acts;
use crate::auth::{Acting, Permit};
use crate::db::schema::proposals;
use crate::db::{Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::journal::Moment;

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
            let shown = Proposed {
                proposal: view::proposal(&proposal, &next.organisation)?,
                membership: view::membership(&next, None, acting, Moment::of(acting.now().day()))?,
            };
            Ok(Answer::json(200, &shown)?.version(next.row.revision))
        })
        .await?;
    Ok(answer.respond())
}

fn retract(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Retract,
) -> Result<(Held, ProposalRow), Error> {
    let seen = queries::proposal(tx, acting.reach(), id)?;
    let held = record::lock(tx, acting, rules, seen.membership_id.unwrap_or(Id(0)), None)?;
    let proposal = queries::proposal(tx, acting.reach(), id)?;
    decide::must_be_open(&held, acting, &proposal)?;
    if proposal.proposer != acting.actor().to_string() {
        return Err(Error::new(
            Code::Forbidden,
            "only its proposer can retract a proposal",
        ));
    }
    let target = held
        .events
        .last()
        .filter(|e| matches!(e.kind, EventKind::Recommended { .. }));
    let Some(target) = target else {
        return Err(record::act_not_possible(
            &held,
            acting,
            "the proposal's event is not the last one",
        ));
    };
    let kind = EventKind::Corrected {
        target_no: target.no,
        correction: Correction::Void {},
    };
    let particulars = Particulars {
        reason: Some(body.reason.as_str().to_owned()),
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
            closed.status = "retracted".to_owned();
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
