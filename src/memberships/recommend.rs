//! Recommending: the reviewer's proposal, for or against, that a second officer decides.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;

use super::dto::{Proposed, Recommend};
use super::machine::Act;
use super::model::{CheckedItem, EventKind};
use super::propose::{check_evidence, has_fallen};
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::{deciders, view};
use crate::auth::policy::acts::Review;
use crate::auth::{Acting, Permit};
use crate::db::schema::proposals;
use crate::db::{Conn, Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::journal::Moment;
use crate::organisations::identity;

/// Recommends an application for or against admission.
///
/// Opens a proposal; another officer decides it at `/v1/proposals/{id}/decision`. Until then nothing changes for the public.
#[utoipa::path(
    tag = "memberships", operation_id = "recommend_membership", security(("bearer" = [])),
    params(("id" = Id, Path, description = "The membership", example = "3k7v0c5m2qxyz"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The membership's tag of your last read", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = Recommend, description = "The recommendation"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/memberships/{id}/recommendation")]
pub(super) async fn recommend_membership(
    permit: Permit<Review>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    id: Path<Id>,
    body: Json<Recommend>,
) -> Result<HttpResponse, Error> {
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let held = record::lock(tx, acting, &rules, id.0, Some(&seen))?;
            let (next, proposal) = recommend(tx, acting, &rules, &held, &body.body)?;
            let shown = Proposed {
                proposal: view::proposal(&proposal, &next.organisation)?,
                membership: Some(view::membership(
                    tx,
                    &next,
                    Some(&proposal),
                    acting,
                    Moment::of(acting.now().day()),
                )?),
            };
            Ok(Answer::json(202, &shown)?
                .version(next.row.revision)
                .location(format!("/v1/proposals/{}", proposal.id)))
        })
        .await?;
    Ok(answer.respond())
}

/// Only the reviewer speaks for a review.
pub fn must_be_reviewer(conn: &mut Conn, held: &Held, acting: &Acting) -> Result<(), Error> {
    if speaks_for_review(conn, held, acting)? {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        "another reviewer has taken this application; it can be released first",
    ))
}

/// The reviewer does, or any officer who may review where the reviewer's account can no longer act for the country.
pub fn speaks_for_review(conn: &mut Conn, held: &Held, acting: &Acting) -> Result<bool, Error> {
    let own = acting.actor().to_string();
    match held.ledger.desk.reviewer.as_deref() {
        Some(reviewer) if reviewer != own => Ok(!deciders::can_act_for(
            conn,
            reviewer,
            &held.organisation.country,
        )?),
        _ => Ok(true),
    }
}

/// A recommendation can be made anew where the proposal of the one before has fallen, not beside it. Gives one that fell and is open in
/// its row.
fn refuse_beside_a_proposal(
    tx: &mut Tx<'_>,
    held: &Held,
    acting: &Acting,
) -> Result<Option<ProposalRow>, Error> {
    let Some(open) = queries::open_proposal(tx, held.row.id)? else {
        return Ok(None);
    };
    if has_fallen(tx, &open, held, acting)? {
        return Ok(Some(open));
    }
    let text = "a proposal about this membership is open; it has to be decided or retracted first";
    Err(record::beside_a_proposal(
        tx,
        held,
        acting,
        (&open, text.to_owned()),
    ))
}

/// Records the recommendation and opens its proposal.
pub fn recommend(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    held: &Held,
    body: &Recommend,
) -> Result<(Held, ProposalRow), Error> {
    record::must_be_in_its_state(tx, held, acting, Act::Recommend)?;
    must_be_reviewer(tx, held, acting)?;
    let stale = refuse_beside_a_proposal(tx, held, acting)?;
    check_evidence(tx, held.organisation.id, "/evidence", &body.evidence)?;
    let kind = EventKind::Recommended {
        stance: body.stance,
    };
    let particulars = Particulars {
        effective_on: body.effective_on,
        reason: Some(body.reason.as_str().to_owned()),
        checklist: body
            .checklist
            .iter()
            .map(|c| CheckedItem {
                item: c.item.clone(),
                met: c.met,
            })
            .collect(),
        evidence: body.evidence.clone(),
        ..Particulars::default()
    };
    let mut opened = None;
    let next = record::record(
        tx,
        acting,
        rules,
        held,
        kind,
        particulars,
        |tx, entry, next| {
            if let Some(stale) = &stale {
                record::fall(tx, entry, stale)?;
            }
            let proposal = ProposalRow {
                id: Id::random().map_err(Error::internal)?,
                membership_id: Some(next.row.id),
                organisation_id: next.organisation.id,
                country: next.organisation.country.clone(),
                other_country: None,
                act: "recommend".to_owned(),
                body: serde_json::json!({ "stance": body.stance }).to_string(),
                reason: Some(body.reason.as_str().to_owned()),
                revision: next.row.revision,
                status: "open".to_owned(),
                proposer: acting.actor().to_string(),
                proposed_at: entry.recorded_at().0,
                decider: None,
                decided_at: None,
                decision_reason: None,
                version: 1,
                seq: entry.seq(),
                decision_number: None,
                decision_date: None,
                organisation_seen: Some(identity::of(tx, &next.organisation)?),
            };
            diesel::insert_into(proposals::table)
                .values(&proposal)
                .execute(&mut **tx)?;
            entry.now(&proposal)?;
            opened = Some(proposal);
            Ok(())
        },
    )?;
    let proposal = opened.ok_or_else(|| Error::internal("a recommendation without a proposal"))?;
    Ok((next, proposal))
}
