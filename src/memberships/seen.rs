//! What a reader sees of a proposal. A country keeps what was proposed in it, but an organisation that has left it is another country's
//! object; and the other country of an act across a border reads along while it is asked, and where it was done.

use super::dto::{ProposalOrganisation, ProposalView};
use super::propose::terms;
use super::rows::ProposalRow;
use super::view;
use crate::auth::{Acting, Reach};
use crate::db::Conn;
use crate::http::Error;
use crate::organisations;
use crate::organisations::rows::OrganisationRow;

/// How a proposal stands that the other country of an act across a border may read.
pub const READ_ALONG: [&str; 2] = ["open", "approved"];

/// True when this reach is that of another country of an act across a border: the other side's, or one that is asked.
fn is_of_another(reach: &Reach, proposal: &ProposalRow) -> Result<bool, Error> {
    let Some(other) = &proposal.other_country else {
        return Ok(false);
    };
    Ok(reach.covers(other) || terms(proposal)?.needs.iter().any(|c| reach.covers(c)))
}

/// True when this reach covers the proposal's country, or another one of it, as long as that is asked or where it was done.
pub fn reaches(reach: &Reach, proposal: &ProposalRow) -> Result<bool, Error> {
    Ok(reach.covers(&proposal.country)
        || READ_ALONG.contains(&proposal.status.as_str()) && is_of_another(reach, proposal)?)
}

/// A proposal as it stands, for this reader; none where it is not theirs to read any more. Where they may not know of the organisation as it
/// is now, its number is all they see of it: whoever is asked for a consent sees it whole.
pub fn proposal(
    conn: &mut Conn,
    row: &ProposalRow,
    organisation: &OrganisationRow,
    acting: &Acting,
) -> Result<Option<ProposalView>, Error> {
    let reach = acting.reach();
    if !reaches(reach, row)? {
        return Ok(None);
    }
    let shown = view::proposal_with_consents(conn, row, organisation)?;
    let is_asked = row.status == "open" && is_of_another(reach, row)?;
    let today = acting.now().day();
    if is_asked || organisations::queries::may_know(organisation, reach, today) {
        return Ok(Some(shown));
    }
    Ok(Some(ProposalView {
        organisation: ProposalOrganisation {
            number: organisation.number.clone(),
            name: None,
            country: None,
        },
        ..shown
    }))
}
