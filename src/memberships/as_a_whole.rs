//! What a caller can do to an organisation as a whole now, and the refusal that says so.

use diesel::prelude::*;

use super::acts::Act;
use super::consent;
use super::corrections::resolve;
use super::model::{EventKind, MembershipType};
use super::queries;
use super::rows::ProposalRow;
use super::view;
use crate::auth::policy::{Action, Grant, grant};
use crate::auth::{Acting, Role, four_eyes};
use crate::db::schema::proposals;
use crate::db::{Conn, Id, Tx};
use crate::http::tags::IfMatch;
use crate::http::{Code, Error};
use crate::organisations::rows::OrganisationRow;
use crate::organisations::{RegistryNumber, change};

/// Opening an application: no act on a membership, because there is none yet.
const APPLY: &str = "apply";

/// Taking back a dissolution that closed nothing.
const WITHDRAW_DISSOLUTION: &str = "withdraw_dissolution";

/// 409 of an act on a whole organisation, with the acts on it that are possible now for this caller.
pub fn impossible(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
    text: impl Into<String>,
) -> Error {
    let refusal = Error::new(Code::ActNotPossible, text);
    told(conn, acting, organisation, refusal)
}

/// The refusal with the acts on the organisation that are possible now for this caller.
pub fn told(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
    refusal: Error,
) -> Error {
    match possible(conn, acting, organisation) {
        Ok(acts) => refusal.with("possible", serde_json::json!(acts)),
        Err(error) => error,
    }
}

/// Locks an organisation for an act on the whole of it.
pub fn lock(
    tx: &mut Tx<'_>,
    acting: &Acting,
    number: &RegistryNumber,
    seen: Option<&IfMatch>,
) -> Result<OrganisationRow, Error> {
    change::lock(tx, acting, number, seen).or_else(|refusal| match refusal.code() {
        // Merged: what is left to do to it is told, too.
        Code::Conflict => {
            let row = change::lock_record(tx, acting, number)?;
            Err(told(tx, acting, &row, refusal))
        }
        _ => Err(refusal),
    })
}

/// Refuses an act on an organisation that is no more. A merged one has been refused when it was locked.
pub fn must_go_on(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
) -> Result<(), Error> {
    let Some(day) = organisation.dissolved_on else {
        return Ok(());
    };
    let text = format!("the organisation was dissolved on {day}");
    Err(impossible(conn, acting, organisation, text))
}

/// The proposal about the organisation as a whole that waits for its decision; one that was made for an older version has fallen.
pub fn open_proposal(
    conn: &mut Conn,
    organisation: &OrganisationRow,
) -> Result<Option<ProposalRow>, Error> {
    let open = left_open(conn, organisation)?;
    Ok(open.filter(|open| stands(open, organisation)))
}

/// Whether a proposal that is open in its row was made for the organisation as it is.
pub fn stands(open: &ProposalRow, organisation: &OrganisationRow) -> bool {
    open.revision == organisation.version
}

/// The one that no decision has closed, fallen or not.
pub fn left_open(
    conn: &mut Conn,
    organisation: &OrganisationRow,
) -> Result<Option<ProposalRow>, Error> {
    Ok(proposals::table
        .filter(proposals::organisation_id.eq(organisation.id))
        .filter(proposals::membership_id.is_null())
        .filter(proposals::status.eq("open"))
        .first(conn)
        .optional()?)
}

/// The event of a membership by which it was closed together with its organisation, where one stands: that is what is corrected.
pub fn dissolving_event(conn: &mut Conn, organisation_id: i64) -> Result<Option<(Id, i32)>, Error> {
    for id in queries::of_organisation(conn, organisation_id)?
        .into_iter()
        .map(|row| row.id)
    {
        let events = queries::events(conn, id)?;
        let resolved = resolve(&events);
        let mut standing = resolved.standing.iter().map(|s| s.event);
        if let Some(event) = standing.find(|e| matches!(e.kind, EventKind::Dissolved {})) {
            return Ok(Some((id, event.no)));
        }
    }
    Ok(None)
}

/// The acts on the organisation that are possible now for this caller.
fn possible(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
) -> Result<Vec<&'static str>, Error> {
    let may = |action| grant(acting.principal(), action) != Grant::No;
    let open = open_proposal(conn, organisation)?;
    let mut found = match &open {
        Some(open) => decisions(conn, acting, organisation, open)?,
        None => Vec::new(),
    };
    if !acting.reach().covers(&organisation.country) {
        return Ok(found);
    }
    if organisation.dissolved_on.is_some() {
        let with_an_event = dissolving_event(conn, organisation.id)?.is_some();
        // The event is corrected on its membership.
        let (name, right) = match with_an_event {
            true => (Act::Correct.name(), Action::Propose),
            false => (WITHDRAW_DISSOLUTION, Action::Maintain),
        };
        found.extend(may(right).then_some(name));
    } else if !organisation.has_ended()
        && may(Action::Apply)
        && may_apply(conn, acting, organisation)?
    {
        found.push(APPLY);
    }
    let waits = open.is_some();
    let acts = match (organisation.merged_into, organisation.dissolved_on) {
        (Some(_), _) => &[Act::Unmerge][..],
        (None, Some(_)) => &[],
        (None, None) => &[Act::Transfer, Act::Merge, Act::Dissolve],
    };
    let acts = acts
        .iter()
        .filter(|act| may(view::action(**act)) && !(waits && act.opens_proposal()));
    found.extend(acts.map(|act| act.name()));
    Ok(found)
}

/// The decisions on an open proposal about the organisation that the caller may make.
fn decisions(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
    open: &ProposalRow,
) -> Result<Vec<&'static str>, Error> {
    let secretariat = acting.principal().role() == Some(Role::Secretariat);
    if !secretariat && !consent::is_asked_of(acting, open)? {
        return Ok(Vec::new());
    }
    let written_by = &organisation.updated_by;
    if four_eyes::why_not_second(conn, acting, &open.proposer, written_by)?.is_some() {
        return Ok(Vec::new());
    }
    consent::outcomes(conn, acting, open)
}

/// Whether a type is left of which the organisation has no open membership.
fn may_apply(
    conn: &mut Conn,
    acting: &Acting,
    organisation: &OrganisationRow,
) -> Result<bool, Error> {
    let today = acting.now().day();
    for kind in MembershipType::ALL {
        if !queries::other_open(conn, organisation.id, kind.as_str(), today, None)? {
            return Ok(true);
        }
    }
    Ok(false)
}
