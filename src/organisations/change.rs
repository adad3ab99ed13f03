//! Changing an organisation: one frame for every change, and the merge patch of its plain fields.

use diesel::prelude::*;

use super::dto::{ChangeOrganisation, Description};
use super::model::join_codes;
use super::number::RegistryNumber;
use super::rows::OrganisationRow;
use super::{merged, queries, register};
use crate::auth::Acting;
use crate::db::schema::organisations;
use crate::db::{Tx, dialect};
use crate::http::tags::IfMatch;
use crate::http::{Code, Error};
use crate::journal::{self, Entry};

/// Locks the organisation and checks that the caller may change it and has seen its current version.
pub fn lock(
    tx: &mut Tx<'_>,
    acting: &Acting,
    number: &RegistryNumber,
    seen: Option<&IfMatch>,
) -> Result<OrganisationRow, Error> {
    let row = lock_record(tx, acting, number)?;
    must_be_itself(tx, acting, &row)?;
    if let Some(seen) = seen {
        seen.check(row.version)?;
    }
    Ok(row)
}

/// The same for what hides a record, which one that was merged takes too: what it was called is told with its successor.
pub fn lock_to_hide(
    tx: &mut Tx<'_>,
    acting: &Acting,
    number: &RegistryNumber,
    seen: &IfMatch,
) -> Result<OrganisationRow, Error> {
    let row = lock_record(tx, acting, number)?;
    seen.check(row.version)?;
    Ok(row)
}

/// Refuses a merged organisation, which takes no change: 409 with the one that goes on, where the caller may know of it.
fn must_be_itself(tx: &mut Tx<'_>, acting: &Acting, row: &OrganisationRow) -> Result<(), Error> {
    if row.merged_into.is_none() {
        return Ok(());
    }
    let successor = merged::end_of(tx, row.clone())?;
    if !queries::may_know(&successor, acting.reach(), acting.now().day()) {
        let text = "this organisation was merged into another";
        return Err(Error::new(Code::Conflict, text));
    }
    let number = successor.number;
    let text = format!("this organisation was merged into {number}; change that one");
    Err(Error::new(Code::Conflict, text).with("successor", serde_json::json!(number)))
}

/// Locks the record that has this number, a merged one too, and checks that the caller may change it.
pub fn lock_record(
    tx: &mut Tx<'_>,
    acting: &Acting,
    number: &RegistryNumber,
) -> Result<OrganisationRow, Error> {
    // Looked at before the lock, so that nobody can hold up rows that they do not reach.
    let row = reached(tx, acting, number)?;
    dialect::lock_row(tx, "organisations", "id", row.id)?;
    // While it was waited for, another may have moved the organisation to a country that the caller does not reach.
    reached(tx, acting, number)
}

/// The organisation, if the caller may change it now.
fn reached(
    conn: &mut crate::db::Conn,
    acting: &Acting,
    number: &RegistryNumber,
) -> Result<OrganisationRow, Error> {
    let row = queries::by_number(conn, acting.reach(), acting.now().day(), number)?;
    // What the caller may read but not change is not hidden from them: it is public.
    if !acting.reach().covers(&row.country) {
        return Err(Error::new(
            Code::Forbidden,
            format!("you may not change organisations of {}", row.country),
        ));
    }
    Ok(row)
}

/// Changes a locked organisation: runs `change` inside a journal entry, counts the version, writes the row.
pub fn apply<T>(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    action: &str,
    change: impl FnOnce(&mut Tx<'_>, &mut Entry, &mut OrganisationRow) -> Result<T, Error>,
) -> Result<(T, OrganisationRow), Error> {
    journal::enter(tx, &acting.actor(), acting.now(), action, |tx, entry| {
        entry.about(format!("organisation:{}", before.number));
        entry.of_organisation(before.number.clone());
        let mut row = before.clone();
        let done = change(tx, entry, &mut row)?;
        row.version += 1;
        row.updated_at = entry.recorded_at().0;
        row.updated_by = acting.actor().to_string();
        row.seq = entry.seq();
        diesel::update(organisations::table.find(row.id))
            .set(&row)
            .execute(&mut **tx)?;
        entry.changed(before, &row)?;
        Ok((done, row))
    })
}

/// Moves an organisation to another country inside its entry. Names are folded as the country's language has it, so that the new
/// country finds them when the same organisation is registered again.
pub fn move_to(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    row: &mut OrganisationRow,
    country: &str,
) -> Result<(), Error> {
    country.clone_into(&mut row.country);
    row.sort_key = register::sort_key(&row.name, country);
    for before in queries::names(tx, row.id)? {
        register::rekey(tx, entry, &before, country)?;
    }
    Ok(())
}

/// Refuses a list that is longer than it may be.
pub fn at_most<T>(most: usize, pointer: &str, list: Vec<T>) -> Result<Vec<T>, Error> {
    if list.len() <= most {
        return Ok(list);
    }
    Err(Error::field(
        pointer,
        format!("must have at most {most} items"),
    ))
}

/// Refuses two descriptions in one language: nobody could tell which one holds.
pub fn one_for_each_language(list: &[Description]) -> Result<(), Error> {
    for (n, one) in list.iter().enumerate() {
        if list
            .iter()
            .take(n)
            .any(|before| before.language == one.language)
        {
            let pointer = format!("/descriptions/{n}/language");
            return Err(Error::field(
                pointer,
                "there is another description in this language",
            ));
        }
    }
    Ok(())
}

/// Applies a merge patch to a row; true when something differs afterwards.
pub fn patch(
    row: &mut OrganisationRow,
    body: ChangeOrganisation,
    today: chrono::NaiveDate,
) -> Result<bool, Error> {
    use super::dto::Patch;
    let before = row.clone();
    body.legal_form.apply(&mut row.legal_form, String::from);
    body.city.apply(&mut row.city, String::from);
    body.region.apply(&mut row.region, String::from);
    body.website.apply(&mut row.website, String::from);
    body.address.apply(&mut row.address, String::from);
    body.email.apply(&mut row.email, String::from);
    body.phone.apply(&mut row.phone, String::from);
    body.notes.apply(&mut row.notes, String::from);
    match body.email_public {
        Patch::Keep => {}
        Patch::Clear => row.email_public = false,
        Patch::Set(public) => row.email_public = public,
    }
    match body.themes {
        Patch::Keep => {}
        Patch::Clear => row.themes = String::new(),
        Patch::Set(themes) => {
            let themes = at_most(20, "/themes", themes)?;
            row.themes = join_codes(themes.into_iter().map(String::from));
        }
    }
    match body.sdgs {
        Patch::Keep => {}
        Patch::Clear => row.sdgs = String::new(),
        Patch::Set(sdgs) => {
            let sdgs = at_most(17, "/sdgs", sdgs)?;
            row.sdgs = join_codes(sdgs.into_iter().map(|s| u8::from(s).to_string()));
        }
    }
    let descriptions = match body.descriptions {
        Patch::Keep => None,
        Patch::Clear => Some(Vec::<Description>::new()),
        Patch::Set(list) => {
            one_for_each_language(&list)?;
            Some(at_most(12, "/descriptions", list)?)
        }
    };
    if let Some(list) = descriptions {
        row.descriptions = serde_json::to_string(&list).map_err(Error::internal)?;
    }
    match body.founded {
        Patch::Keep => {}
        Patch::Clear => (row.founded_year, row.founded_on) = (None, None),
        Patch::Set(founded) => {
            founded
                .not_after(today)
                .map_err(|e| Error::field("/founded", e.to_string()))?;
            (row.founded_year, row.founded_on) = (Some(founded.year()), founded.day());
        }
    }
    Ok(*row != before)
}

/// Changes the plain fields. A patch that changes nothing leaves no entry and no new version.
pub fn change_plain(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    body: ChangeOrganisation,
) -> Result<OrganisationRow, Error> {
    let today = acting.now().day();
    let effective_on = body.effective_on;
    if effective_on.is_some_and(|day| day > today) {
        return Err(Error::field("/effective_on", "must not lie in the future"));
    }
    let mut changed = before.clone();
    if !patch(&mut changed, body, today)? {
        return Ok(before.clone());
    }
    let ((), row) = apply(
        tx,
        acting,
        before,
        "organisation.changed",
        |_, entry, row| {
            *row = changed;
            if let Some(day) = effective_on {
                entry.note("effective_on", serde_json::json!(day));
            }
            Ok(())
        },
    )?;
    Ok(row)
}
