//! Correcting what is held of a person, as the operator: the same changes that officers make, with their entries.

use super::subject::Subject;
use crate::accounts;
use crate::accounts::dto::ChangeUser;
use crate::auth::Acting;
use crate::db::Tx;
use crate::http::{Error, Patch};
use crate::organisations::dto::NewContact;
use crate::organisations::{change, items, queries};
use crate::text::{Email, Line, Phone};

/// What is to be said of a person from now on; what is kept is as it was.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    /// The name.
    pub name: Option<Line>,
    /// A contact person's position.
    pub position: Patch<Line>,
    /// The e-mail address; an account's cannot be cleared.
    pub email: Patch<Email>,
    /// A contact person's telephone.
    pub phone: Patch<Phone>,
}

/// Corrects what is held of this person. Another address of an account ends its sessions and links.
///
/// # Errors
///
/// Not found where nothing is held now; an invalid field where an account has no such thing, or nothing is to be corrected.
pub fn rectify(
    tx: &mut Tx<'_>,
    acting: &Acting,
    subject: &Subject,
    corrections: &Corrections,
) -> Result<(), Error> {
    let Corrections {
        name,
        position,
        email,
        phone,
    } = corrections;
    if name.is_none() && !position.is_given() && !email.is_given() && !phone.is_given() {
        return Err(Error::field("name", "say what is to be corrected"));
    }
    match subject {
        Subject::Account(id) => {
            let given = [
                ("position", position.is_given()),
                ("phone", phone.is_given()),
            ];
            for (field, is_given) in given {
                if is_given {
                    return Err(Error::field(field, "an account has none"));
                }
            }
            let body = ChangeUser {
                name: name.clone().map_or(Patch::Keep, Patch::Set),
                email: email.clone(),
                ..ChangeUser::default()
            };
            accounts::change(tx, acting, *id, None, &body)?;
        }
        Subject::Contact(number, item) => {
            let row = change::lock_record(tx, acting, number)?;
            let held = queries::contacts(tx, row.id)?;
            let held = held
                .into_iter()
                .find(|contact| contact.item == *item)
                .ok_or_else(|| Error::not_found("contact"))?;
            let mut new = NewContact {
                name: Line::parse(&held.name).map_err(Error::internal)?,
                position: parsed(held.position.as_deref(), Line::parse)?,
                email: parsed(held.email.as_deref(), Email::parse)?,
                phone: parsed(held.phone.as_deref(), Phone::parse)?,
            };
            if let Some(name) = name {
                new.name = name.clone();
            }
            position.clone().apply(&mut new.position, |line| line);
            email.clone().apply(&mut new.email, |email| email);
            phone.clone().apply(&mut new.phone, |phone| phone);
            items::change_contact(tx, acting, &row, *item, &new)?;
        }
    }
    Ok(())
}

fn parsed<T, E: std::fmt::Display>(
    held: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Error> {
    held.map(parse).transpose().map_err(Error::internal)
}
