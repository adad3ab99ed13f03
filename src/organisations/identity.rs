//! What an organisation is told by: whoever proposes something about its membership has had this before them, and whoever decides is
//! to decide about the same.

use sha2::{Digest, Sha256};

use super::queries;
use super::rows::OrganisationRow;
use crate::db::Conn;
use crate::http::Error;

/// A fingerprint of its names, country, form, identifiers, city and website.
pub fn of(conn: &mut Conn, row: &OrganisationRow) -> Result<String, Error> {
    let names = queries::names(conn, row.id)?;
    let names: Vec<_> = names
        .iter()
        .map(|n| (&n.kind, &n.text, &n.language))
        .collect();
    let identifiers = queries::identifiers(conn, row.id)?;
    let identifiers: Vec<_> = identifiers.iter().map(|i| (&i.scheme, &i.value)).collect();
    let told_by = (
        &row.country,
        &row.legal_form,
        &row.city,
        &row.website,
        names,
        identifiers,
    );
    let text = serde_json::to_vec(&told_by).map_err(Error::internal)?;
    Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(text)))
}
