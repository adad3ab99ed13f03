//! Whose data it is.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::auth::Acting;
use crate::db::{Conn, Id};
use crate::http::Error;
use crate::journal::erase::{PersonalItem, personal_items};
use crate::organisations::RegistryNumber;
use crate::organisations::queries;
use crate::organisations::rows::OrganisationRow;

/// A person of whom something is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whoever has this account.
    Account(Id),
    /// A contact person, by the item's number within its organisation.
    Contact(RegistryNumber, i32),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "user:{id}"),
            Self::Contact(number, item) => write!(f, "contact:{number}/{item}"),
        }
    }
}

/// A contact person, written as `NUMBER/ITEM`.
impl FromStr for Subject {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hint = "write a contact person as NUMBER/ITEM, like OTS-7K3M9Q2-54/3";
        let (number, item) = text.rsplit_once('/').ok_or(hint)?;
        let number = number.parse().map_err(|_| hint)?;
        Ok(Self::Contact(number, item.parse().map_err(|_| hint)?))
    }
}

/// The organisation of a contact person.
pub(super) fn organisation(
    conn: &mut Conn,
    acting: &Acting,
    number: &RegistryNumber,
) -> Result<OrganisationRow, Error> {
    let row = queries::by_number(conn, acting.reach(), acting.now().day(), number)?;
    acting.must_reach(&row.country, "organisation")?;
    Ok(row)
}

/// What the journal recorded of a contact person.
pub(super) fn recorded_of_contact(
    conn: &mut Conn,
    organisation: &OrganisationRow,
    item: i32,
) -> Result<Vec<PersonalItem>, Error> {
    let key = format!("{}/{item}", organisation.id);
    personal_items(
        conn,
        "organisation_contacts",
        &key,
        Some(&organisation.number),
    )
}

/// What the journal recorded of whoever has an account.
pub(super) fn recorded_of_account(conn: &mut Conn, id: Id) -> Result<Vec<PersonalItem>, Error> {
    personal_items(conn, "users", &id.to_string(), None)
}

/// The texts of these columns, each once.
pub(super) fn texts<'a>(
    rows: impl Iterator<Item = &'a Map<String, Value>>,
    columns: &[&str],
) -> Vec<String> {
    let mut found: Vec<String> = rows
        .flat_map(|row| {
            columns
                .iter()
                .filter_map(|column| row.get(*column)?.as_str())
        })
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}
