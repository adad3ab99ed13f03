//! Who may correct what one person recorded: whoever could have recorded it.

use super::deciders;
use super::machine::Act;
use super::model::{Event, EventKind};
use super::queries::Held;
use super::view;
use crate::auth::policy::{Action, Grant, grant};
use crate::auth::{Acting, Role};
use crate::db::Conn;
use crate::http::{Code, Error};

/// Whose word an event is, beside the right that its act takes.
enum Whose {
    /// Anybody's who has the right.
    Anybodys,
    /// Its author's alone.
    Authors,
    /// Its author's, and the secretariat may take it back for them.
    AuthorsOrSecretariats,
}

const fn whose(kind: &EventKind) -> Whose {
    match kind {
        EventKind::Returned { .. } | EventKind::Recommended { .. } => Whose::Authors,
        EventKind::ReviewTaken { .. } | EventKind::ReviewReleased {} => {
            Whose::AuthorsOrSecretariats
        }
        _ => Whose::Anybodys,
    }
}

/// Refuses a correction, by one person, of an event that this person could not have recorded. What somebody alone could say who can
/// no longer act for the country, anybody who has the right may.
pub(super) fn must_be_able_to_record(
    conn: &mut Conn,
    acting: &Acting,
    held: &Held,
    target: &Event,
) -> Result<(), Error> {
    let right = Act::of(&target.kind, None).map_or(Action::Apply, view::action);
    if grant(acting.principal(), right) == Grant::No {
        return Err(forbidden(target, "only who may do that corrects it"));
    }
    let secretariat = acting.principal().role() == Some(Role::Secretariat);
    let why = match whose(&target.kind) {
        Whose::Anybodys => return Ok(()),
        Whose::AuthorsOrSecretariats if secretariat => return Ok(()),
        Whose::AuthorsOrSecretariats => "only its reviewer or the secretariat corrects that",
        Whose::Authors => "only its reviewer corrects that",
    };
    let author = target.proposer.as_deref().unwrap_or_default();
    if author == acting.actor().to_string()
        || !deciders::can_act_for(conn, author, &held.organisation.country)?
    {
        return Ok(());
    }
    Err(forbidden(target, why))
}

fn forbidden(target: &Event, why: &str) -> Error {
    let text = format!("event {} is {}: {why}", target.no, target.kind.name());
    Error::new(Code::Forbidden, text)
}
