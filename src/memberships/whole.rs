//! What a caller can do to an organisation as a whole now, and the refusal that says so.

use diesel::prelude::*;

use super::acts::Act;
use super::corrections::resolve;
use super::model::{EventKind, MembershipType};
use super::queries;
use super::rows::ProposalRow;
use super::view;
use crate::auth::Acting;
use crate::auth::policy::{Action, Grant, grant};
use crate::db::schema::proposals;
use crate::db::{Conn, Id};
use crate::http::{Code, Error};
use crate::organisations::rows::OrganisationRow;

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
    Ok(open.filter(|open| open.revision == organisation.version))
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
    if !acting.reach().covers(&organisation.country) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if organisation.has_ended() {
        if organisation.dissolved_on.is_some()
            && may(Action::Maintain)
            && dissolving_event(conn, organisation.id)?.is_none()
        {
            found.push(WITHDRAW_DISSOLUTION);
        }
    } else if may(Action::Apply) && may_apply(conn, acting, organisation)? {
        found.push(APPLY);
    }
    let waits = open_proposal(conn, organisation)?.is_some();
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
