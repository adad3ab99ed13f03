//! The lists of an organisation: names, identifiers, contacts, relations and evidence.

use diesel::prelude::*;

use super::change;
use super::dto::{ChangeName, NewContact, NewEvidence, NewIdentifier, NewName, NewRelation, Patch};
use super::model::NameKind;
use super::register::{
    self, check_identifier, insert_identifier, insert_name, refuse_taken, save_name, sort_key,
};
use super::rows::{ContactRow, EvidenceRow, IdentifierRow, NameRow, OrganisationRow, RelationRow};
use super::{merged, queries};
use crate::auth::Acting;
use crate::countries::Countries;
use crate::db::schema::{
    organisation_contacts, organisation_evidence, organisation_identifiers, organisation_names,
    organisation_relations,
};
use crate::db::{Failure, Tx};
use crate::http::{Code, Error};
use crate::journal::Entry;

/// What a change of a list leaves behind.
pub type Done<T> = Result<(T, OrganisationRow), Error>;

/// The largest number of items in one list.
const MOST: usize = 200;

/// Refuses a list that is full already.
fn room<T>(rows: &[T]) -> Result<(), Error> {
    if rows.len() >= MOST {
        return Err(Error::new(
            Code::Conflict,
            format!("a list holds at most {MOST} items"),
        ));
    }
    Ok(())
}

/// The number of a new item.
fn take_item(row: &mut OrganisationRow) -> i32 {
    let item = row.next_item;
    row.next_item += 1;
    item
}

/// Adds a name; a new legal name turns the old one into `former`.
pub fn add_name(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    new: &NewName,
) -> Done<NameRow> {
    let names = queries::names(tx, before.id)?;
    let language = new.language.as_ref().map(|l| l.as_str());
    refuse_again(&names, (new.kind.as_str(), new.text.as_str(), language))?;
    room(&names)?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.name_added",
        |tx, entry, row| {
            if new.kind == NameKind::Legal {
                retire_legal(tx, entry, &names)?;
                row.name = new.text.as_str().to_owned();
                row.sort_key = sort_key(&row.name, &row.country);
            }
            let item = take_item(row);
            insert_name(tx, entry, row, item, new)
        },
    )
}

/// Refuses a name that is there already, with this kind, text and language.
fn refuse_again<'a>(
    names: impl IntoIterator<Item = &'a NameRow>,
    (kind, text, language): (&str, &str, Option<&str>),
) -> Result<(), Error> {
    let mut names = names.into_iter();
    if names.any(|n| n.kind == kind && n.text == text && n.language.as_deref() == language) {
        return Err(
            Error::new(Code::Conflict, "the organisation has this name already").at_field("/text"),
        );
    }
    Ok(())
}

fn retire_legal(tx: &mut Tx<'_>, entry: &mut Entry, names: &[NameRow]) -> Result<(), Error> {
    for old in names.iter().filter(|n| n.kind == NameKind::Legal.as_str()) {
        let former = NameRow {
            kind: NameKind::Former.as_str().to_owned(),
            seq: entry.seq(),
            ..old.clone()
        };
        save_name(tx, &former)?;
        entry.changed(old, &former)?;
    }
    Ok(())
}

/// Corrects a name in place (a typing error, a missing language).
pub fn change_name(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
    body: ChangeName,
) -> Done<NameRow> {
    let names = queries::names(tx, before.id)?;
    let old = names
        .iter()
        .find(|n| n.item == item)
        .cloned()
        .ok_or_else(|| Error::not_found("name"))?;
    let mut new = old.clone();
    match body.text {
        Patch::Keep => {}
        Patch::Clear => {
            return Err(Error::field(
                "/text",
                "must not be null; DELETE removes a name",
            ));
        }
        Patch::Set(text) => new.text = text.as_str().to_owned(),
    }
    body.language.apply(&mut new.language, String::from);
    if new == old {
        return Ok((old, before.clone()));
    }
    let others = names.iter().filter(|n| n.item != item);
    refuse_again(
        others,
        (
            new.kind.as_str(),
            new.text.as_str(),
            new.language.as_deref(),
        ),
    )?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.name_changed",
        |tx, entry, row| {
            let new = register::refolded(&new, &row.country, entry.seq());
            if new.kind == NameKind::Legal.as_str() {
                row.name.clone_from(&new.text);
                row.sort_key = sort_key(&row.name, &row.country);
            }
            save_name(tx, &new)?;
            entry.changed(&old, &new)?;
            Ok(new)
        },
    )
}

/// Removes a name; the current legal name can only be replaced.
pub fn remove_name(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
) -> Done<()> {
    let names = queries::names(tx, before.id)?;
    let old = names
        .into_iter()
        .find(|n| n.item == item)
        .ok_or_else(|| Error::not_found("name"))?;
    if old.kind == NameKind::Legal.as_str() {
        return Err(Error::new(
            Code::Conflict,
            "the current legal name cannot be removed; add another legal name instead",
        ));
    }
    change::apply(
        tx,
        acting,
        before,
        "organisation.name_removed",
        |tx, entry, _| {
            diesel::delete(organisation_names::table.find((old.organisation_id, old.item)))
                .execute(&mut **tx)?;
            entry.gone(&old);
            Ok(())
        },
    )
}

/// Adds an identifier.
pub fn add_identifier(
    tx: &mut Tx<'_>,
    acting: &Acting,
    countries: &Countries,
    before: &OrganisationRow,
    new: &NewIdentifier,
) -> Done<IdentifierRow> {
    let checked = check_identifier(countries, &before.country, new, "")?;
    let held = queries::identifiers(tx, before.id)?;
    if held
        .iter()
        .any(|i| i.scheme == checked.scheme && i.canonical == checked.canonical)
    {
        return Err(Error::new(
            Code::Conflict,
            "the organisation has this identifier already",
        )
        .at_field("/value"));
    }
    refuse_taken(tx, acting, &checked, Some(before.id), "/value")?;
    room(&held)?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.identifier_added",
        |tx, entry, row| {
            let item = take_item(row);
            insert_identifier(tx, entry, row.id, item, checked)
        },
    )
}

/// Removes an identifier.
pub fn remove_identifier(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
) -> Done<()> {
    let held = queries::identifiers(tx, before.id)?;
    let old = held
        .into_iter()
        .find(|i| i.item == item)
        .ok_or_else(|| Error::not_found("identifier"))?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.identifier_removed",
        |tx, entry, _| {
            diesel::delete(organisation_identifiers::table.find((old.organisation_id, old.item)))
                .execute(&mut **tx)?;
            entry.gone(&old);
            Ok(())
        },
    )
}

fn contact(id: i64, item: i32, seq: i64, new: &NewContact) -> ContactRow {
    ContactRow {
        organisation_id: id,
        item,
        name: new.name.as_str().to_owned(),
        position: new.position.as_ref().map(|p| p.as_str().to_owned()),
        email: new.email.as_ref().map(|e| e.as_str().to_owned()),
        phone: new.phone.as_ref().map(|p| p.as_str().to_owned()),
        seq,
    }
}

/// Adds a contact person.
pub fn add_contact(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    new: &NewContact,
) -> Done<ContactRow> {
    let held = queries::contacts(tx, before.id)?;
    room(&held)?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.contact_added",
        |tx, entry, row| {
            let item = take_item(row);
            let contact = contact(row.id, item, entry.seq(), new);
            diesel::insert_into(organisation_contacts::table)
                .values(&contact)
                .execute(&mut **tx)?;
            entry.now(&contact)?;
            Ok(contact)
        },
    )
}

/// Puts a contact person in place of the old one.
pub fn change_contact(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
    new: &NewContact,
) -> Done<ContactRow> {
    let held = queries::contacts(tx, before.id)?;
    let old = held
        .into_iter()
        .find(|c| c.item == item)
        .ok_or_else(|| Error::not_found("contact"))?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.contact_changed",
        |tx, entry, row| {
            let contact = contact(row.id, item, entry.seq(), new);
            diesel::update(organisation_contacts::table.find((row.id, item)))
                .set(&contact)
                .execute(&mut **tx)?;
            entry.changed(&old, &contact)?;
            Ok(contact)
        },
    )
}

/// Removes a contact person.
pub fn remove_contact(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
) -> Done<()> {
    let held = queries::contacts(tx, before.id)?;
    let old = held
        .into_iter()
        .find(|c| c.item == item)
        .ok_or_else(|| Error::not_found("contact"))?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.contact_removed",
        |tx, entry, row| {
            diesel::delete(organisation_contacts::table.find((row.id, item))).execute(&mut **tx)?;
            entry.gone(&old);
            Ok(())
        },
    )
}

/// Adds a relation; the other organisation must be one that the caller may know of.
pub fn add_relation(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    new: &NewRelation,
) -> Done<(RelationRow, OrganisationRow)> {
    let today = acting.now().day();
    let other = queries::named(
        tx,
        acting.reach(),
        today,
        &new.organisation,
        "/organisation",
    )?;
    if other.id == before.id {
        return Err(Error::field(
            "/organisation",
            "must be another organisation",
        ));
    }
    if other.merged_into.is_some() {
        let goes_on = merged::leads_to(tx, &other, acting.reach(), today)
            .map_err(|error| match error.code() {
                Code::NotFound => {
                    Error::field("/organisation", "was merged into another organisation")
                }
                _ => error,
            })?
            .successor;
        let text = format!("was merged into {goes_on}; name that one");
        return Err(Error::field("/organisation", text));
    }
    let held = queries::own_relations(tx, before.id)?;
    room(&held)?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.relation_added",
        |tx, entry, row| {
            let item = take_item(row);
            let relation = RelationRow {
                organisation_id: row.id,
                item,
                kind: new.kind.as_str().to_owned(),
                other_id: other.id,
                seq: entry.seq(),
            };
            match diesel::insert_into(organisation_relations::table)
                .values(&relation)
                .execute(&mut **tx)
                .map_err(Failure::from)
            {
                Ok(_) => {}
                Err(Failure::Unique(_)) => {
                    return Err(Error::new(
                        Code::Conflict,
                        "the organisation has this relation already",
                    ));
                }
                Err(failure) => return Err(failure.into()),
            }
            entry.now(&relation)?;
            Ok((relation, other))
        },
    )
}

/// Removes a relation.
pub fn remove_relation(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
) -> Done<()> {
    let held = queries::own_relations(tx, before.id)?;
    let old = held
        .into_iter()
        .find(|r| r.item == item)
        .ok_or_else(|| Error::not_found("relation"))?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.relation_removed",
        |tx, entry, row| {
            diesel::delete(organisation_relations::table.find((row.id, item)))
                .execute(&mut **tx)?;
            entry.gone(&old);
            Ok(())
        },
    )
}

/// Adds evidence.
pub fn add_evidence(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    new: &NewEvidence,
) -> Done<EvidenceRow> {
    if new.issued_on > acting.now().day() {
        return Err(Error::field("/issued_on", "must not lie in the future"));
    }
    let held = queries::evidence(tx, before.id)?;
    room(&held)?;
    change::apply(
        tx,
        acting,
        before,
        "organisation.evidence_added",
        |tx, entry, row| {
            let item = take_item(row);
            let evidence = EvidenceRow {
                organisation_id: row.id,
                item,
                kind: new.kind.as_str().to_owned(),
                issuer: new.issuer.as_str().to_owned(),
                issued_on: new.issued_on,
                sha256: new.sha256.to_lowercase(),
                note: new.note.as_ref().map(|n| n.as_str().to_owned()),
                seq: entry.seq(),
            };
            diesel::insert_into(organisation_evidence::table)
                .values(&evidence)
                .execute(&mut **tx)?;
            entry.now(&evidence)?;
            Ok(evidence)
        },
    )
}

/// Removes evidence.
pub fn remove_evidence(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    item: i32,
) -> Done<()> {
    let held = queries::evidence(tx, before.id)?;
    let old = held
        .into_iter()
        .find(|e| e.item == item)
        .ok_or_else(|| Error::not_found("evidence"))?;
    if queries::is_evidence_used(tx, before.id, item)? {
        return Err(Error::new(
            Code::Conflict,
            "an event or a proposal of a membership names this evidence; it stays as long as they do",
        ));
    }
    change::apply(
        tx,
        acting,
        before,
        "organisation.evidence_removed",
        |tx, entry, row| {
            diesel::delete(organisation_evidence::table.find((row.id, item))).execute(&mut **tx)?;
            entry.gone(&old);
            Ok(())
        },
    )
}
