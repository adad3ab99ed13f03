//! Undoing a merge: the organisation is itself again, and its memberships are as they would be had it never been merged.
//!
//! In the ledger it is what every mistake is: a correction, which voids the merge on each of its memberships. So reports as they
//! were known before still count the merge, and what the calendar did in between counts as if nothing had been. The names and
//! identifiers never left the record. Its evidence stands with the organisation that goes on, because a merged record takes no
//! changes.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::acts::Act;
use super::as_a_whole::impossible;
use super::consent;
use super::corrections;
use super::dto::{Decide, Proposed};
use super::model::{Correction, EventKind};
use super::on_organisation::{self, Open, begin};
use super::propose::{Proposing, check_evidence};
use super::proposed::Terms;
use super::queries::{self, Held};
use super::record::{self, Particulars};
use super::rows::ProposalRow;
use super::rules::Rules;
use super::view;
use crate::auth::policy::acts::Propose;
use crate::auth::{Acting, Permit};
use crate::db::schema::organisation_identifiers;
use crate::db::{Failure, Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::tags::IfMatch;
use crate::http::{Answer, Code, Error, Json, NoQuery, Path, docs};
use crate::journal::Entry;
use crate::organisations;
use crate::organisations::merged;
use crate::organisations::rows::{IdentifierRow, OrganisationRow};
use crate::organisations::text::Reason;
use crate::organisations::{RegistryNumber, change, parse_number};

/// Undoes a merge.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The court set the merger aside."}))]
pub struct UnmergeOrganisation {
    /// Why.
    pub reason: Reason,
    /// Items of the evidence of the organisation that goes on.
    #[serde(default)]
    #[validate(length(max = 50, message = "must have at most 50 items"))]
    #[schema(max_items = 50)]
    pub evidence: Vec<i32>,
}

/// Proposes to undo a merge.
///
/// The secretariat decides, at `/v1/proposals/{id}/decision`, and across a border officers of both countries agree first. The number
/// then answers for itself again, and its memberships are as they would be had the merge not been. Undoing has no day of its own.
/// The tag comes with the redirect of the number, and in `predecessors` of the organisation that goes on.
#[utoipa::path(
    tag = "memberships", operation_id = "unmerge_organisation", security(("bearer" = [])),
    params(("number" = RegistryNumber, Path, description = "Registry number of the organisation that was merged", example = "OTS-7K3M9Q2-54"), ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The merged record's tag", example = "\"v3.9Pq0aJ7xVb1c2d3e\""), ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-act-1")),
    request_body(content = UnmergeOrganisation, description = "Why"),
    responses((status = 202, description = "The proposal that waits for its decision", body = Proposed), docs::MembershipAct)
)]
#[post("/organisations/{number}/unmerge")]
pub(super) async fn unmerge_organisation(
    permit: Permit<Propose>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    rules: web::Data<Rules>,
    number: Path<String>,
    body: Json<UnmergeOrganisation>,
) -> Result<HttpResponse, Error> {
    let number = parse_number(&number.0)?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            let organisation = change::lock_record(tx, acting, &number)?;
            seen.check(organisation.version)?;
            let proposal = propose(tx, acting, &rules, &organisation, &body.body)?;
            let shown = Proposed {
                proposal: view::proposal(&proposal, &organisation)?,
                membership: None,
            };
            Ok(Answer::json(202, &shown)?.location(format!("/v1/proposals/{}", proposal.id)))
        })
        .await?;
    Ok(answer.respond())
}

fn propose(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    organisation: &OrganisationRow,
    body: &UnmergeOrganisation,
) -> Result<ProposalRow, Error> {
    let successor = goes_on(tx, acting, organisation)?;
    // Which items another country's record has is not told.
    if !body.evidence.is_empty() && !acting.reach().covers(&successor.country) {
        return Err(Error::field(
            "/evidence",
            "is that of the organisation that goes on, which is another country's: leave it out",
        ));
    }
    check_evidence(tx, successor.id, "/evidence", &body.evidence)?;
    // Asked now, too, so that nobody decides in vain.
    refuse_held(tx, acting, organisation)?;
    let particulars = Particulars {
        reason: Some(body.reason.as_str().to_owned()),
        ..Particulars::default()
    };
    record::lock_whole(tx, &[organisation.id])?;
    for row in queries::of_organisation(tx, organisation.id)? {
        let held = record::lock_reached(tx, rules, row.id)?;
        for kind in undoing(&held) {
            record::check(tx, acting, rules, &held, kind, &particulars)?;
        }
    }
    let crosses = successor.country != organisation.country;
    let proposing = Proposing {
        act: Act::Unmerge,
        terms: Terms {
            successor: Some(successor.number.clone()),
            evidence: body.evidence.clone(),
            needs: if crosses {
                consent::needed(acting, &organisation.country, &successor.country)
            } else {
                Vec::new()
            },
            ..Terms::default()
        },
        reason: body.reason.as_str().to_owned(),
        other_country: crosses.then(|| successor.country.clone()),
    };
    on_organisation::propose(tx, acting, organisation, &proposing)
}

/// The organisation that answers for a merged one now: the one whose record the undoing changes for its readers.
fn goes_on(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
) -> Result<OrganisationRow, Error> {
    if organisation.merged_into.is_none() {
        return Err(impossible(
            tx,
            acting,
            organisation,
            "the organisation is not merged into another: there is nothing to undo",
        ));
    }
    merged::end_of(tx, organisation.clone())
}

/// The corrections that undo what merges recorded on a membership.
fn undoing(held: &Held) -> Vec<EventKind> {
    corrections::resolve(&held.events)
        .standing
        .iter()
        .filter(|standing| matches!(standing.event.kind, EventKind::Merged { .. }))
        .map(|standing| EventKind::Corrected {
            target_no: standing.event.no,
            correction: Correction::Void {},
        })
        .collect()
}

/// The identifiers that are the record's own again afterwards.
fn own_again(tx: &mut Tx<'_>, id: i64) -> Result<Vec<IdentifierRow>, Error> {
    let held = organisations::queries::identifiers(tx, id)?;
    Ok(held
        .into_iter()
        .filter(|identifier| !identifier.exclusive && identifier.shared_reason.is_none())
        .collect())
}

/// Refuses while another organisation has one of its identifiers for itself.
fn refuse_held(
    tx: &mut Tx<'_>,
    acting: &Acting,
    organisation: &OrganisationRow,
) -> Result<(), Error> {
    for identifier in own_again(tx, organisation.id)? {
        let holder: Option<i64> = organisation_identifiers::table
            .filter(organisation_identifiers::scheme.eq(&identifier.scheme))
            .filter(organisation_identifiers::canonical.eq(&identifier.canonical))
            .filter(organisation_identifiers::exclusive.eq(true))
            .select(organisation_identifiers::organisation_id)
            .first(&mut **tx)
            .optional()?;
        let Some(holder) = holder else { continue };
        let holder = organisations::queries::by_id(tx, holder)?;
        let today = acting.now().day();
        let known = organisations::queries::may_know(&holder, acting.reach(), today);
        let holder = known.then_some(&holder.number);
        return Err(taken(
            tx,
            (acting, organisation),
            &identifier.scheme,
            holder,
        ));
    }
    Ok(())
}

fn taken(
    tx: &mut Tx<'_>,
    (acting, organisation): (&Acting, &OrganisationRow),
    scheme: &str,
    holder: Option<&String>,
) -> Error {
    let text = has_it(scheme, holder);
    let error = impossible(tx, acting, organisation, text);
    match holder {
        Some(number) => error.with("organisation", serde_json::json!(number)),
        None => error,
    }
}

fn has_it(scheme: &str, holder: Option<&String>) -> String {
    let who = holder.map_or("another organisation", String::as_str);
    format!(
        "{who} has the same {scheme} for itself by now; remove it there, or add it there again as shared, before the merge is undone"
    )
}

/// Decides on undoing a merge.
pub(super) fn decide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    rules: &Rules,
    id: Id,
    body: &Decide,
) -> Result<ProposalRow, Error> {
    let Open {
        proposal,
        organisation,
    } = match begin(tx, acting, rules, id, body)? {
        Ok(open) => open,
        Err(closed) => return Ok(closed),
    };
    if body.effective_on.is_some() {
        return Err(Error::field(
            "/effective_on",
            "what undoes a merge has no day of its own: the merge counts as never recorded",
        ));
    }
    let successor = goes_on(tx, acting, &organisation)?;
    let terms = super::propose::terms(&proposal)?;
    if terms.successor.as_ref() != Some(&successor.number) {
        return Err(impossible(
            tx,
            acting,
            &organisation,
            "since it was proposed, another organisation has come to answer for this one; propose it anew",
        ));
    }
    refuse_held(tx, acting, &organisation)?;
    let particulars = Particulars {
        evidence: Vec::new(),
        ..on_organisation::particulars(&proposal, body)?
    };
    for row in queries::of_organisation(tx, organisation.id)? {
        let mut held = record::lock_reached(tx, rules, row.id)?;
        for kind in undoing(&held) {
            let particulars = particulars.clone();
            held = record::record(
                tx,
                acting,
                rules,
                &held,
                kind,
                particulars,
                |_, _, _| Ok(()),
            )?;
        }
    }
    // Recording may have changed the record.
    let before = organisations::queries::by_id(tx, organisation.id)?;
    let (closed, _) = change::apply(
        tx,
        acting,
        &before,
        "organisation.unmerged",
        |tx, entry, row| {
            let day = row.merged_on;
            row.merged_into = None;
            row.merged_on = None;
            note(entry, day, &successor.number, &terms.evidence);
            for identifier in own_again(tx, row.id)? {
                keep_for_itself(tx, entry, &identifier)?;
            }
            super::decide::write_decision(tx, acting, entry, &proposal, body)
        },
    )?;
    Ok(closed)
}

/// The change holds from the day of the merge: as of none is the record merged any more.
fn note(entry: &mut Entry, day: Option<NaiveDate>, successor: &str, evidence: &[i32]) {
    entry.note("successor", serde_json::json!(successor));
    if let Some(day) = day {
        entry.note("effective_on", serde_json::json!(day));
    }
    if !evidence.is_empty() {
        entry.note("evidence", serde_json::json!(evidence));
    }
}

fn keep_for_itself(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    identifier: &IdentifierRow,
) -> Result<(), Error> {
    let own = IdentifierRow {
        exclusive: true,
        seq: entry.seq(),
        ..identifier.clone()
    };
    let done = diesel::update(
        organisation_identifiers::table.find((identifier.organisation_id, identifier.item)),
    )
    .set(&own)
    .execute(&mut **tx);
    match done.map_err(Failure::from) {
        Ok(_) => entry.changed(identifier, &own),
        // Somebody took it while this was decided. Nothing more can be asked in this transaction.
        Err(Failure::Unique(_)) => {
            Err(Error::new(Code::Conflict, has_it(&identifier.scheme, None)))
        }
        Err(failure) => Err(failure.into()),
    }
}
