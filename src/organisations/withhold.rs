//! Withholding a whole record: at once, with a reason. Every reader judges visibility by the row as it is now, so there is
//! nothing else to tell.

use super::change;
use super::dto::Withhold;
use super::rows::OrganisationRow;
use crate::auth::Acting;
use crate::db::Tx;
use crate::http::{Code, Error};

/// Withholds the record from everybody outside its country's officers, the secretariat and auditors.
pub fn withhold(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    body: &Withhold,
) -> Result<OrganisationRow, Error> {
    if before.withheld {
        return Err(Error::new(Code::Conflict, "the record is withheld already"));
    }
    let ((), row) = change::apply(tx, acting, before, "organisation.withheld", |_, _, row| {
        row.withheld = true;
        row.withheld_reason = Some(body.reason.as_str().to_owned());
        Ok(())
    })?;
    Ok(row)
}

/// Shows a withheld record again.
pub fn show_again(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
) -> Result<OrganisationRow, Error> {
    if !before.withheld {
        return Err(Error::new(Code::Conflict, "the record is not withheld"));
    }
    let ((), row) = change::apply(
        tx,
        acting,
        before,
        "organisation.shown_again",
        |_, _, row| {
            row.withheld = false;
            row.withheld_reason = None;
            Ok(())
        },
    )?;
    Ok(row)
}
