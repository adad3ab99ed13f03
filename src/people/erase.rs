//! Forgetting a person: the values go from the rows, from the journal's personal items and from what is kept by the way, in one
//! transaction with the entry that decides it. What stays is that somebody was there, what was done, and who decided to forget.

use diesel::prelude::*;
use serde_json::Value;

use super::dto::Erasure;
use super::emptying;
use super::known::Values;
use super::rows::ErasureRow;
use super::subject::{self, Subject, texts};
use super::traces::{self, Imports};
use crate::accounts::rows::UserRow;
use crate::auth::Acting;
use crate::db::schema::{
    erasures, one_time_links, organisation_contacts, organisations, sessions, users,
};
use crate::db::{Failure, Id, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal::erase::{ERASED, PersonalItem, forget};
use crate::journal::{self, Entry};
use crate::organisations::RegistryNumber;
use crate::organisations::queries;
use crate::organisations::rows::{ContactRow, OrganisationRow};
use crate::text::Reason;

/// What stands where the name of an account stood.
const NOBODY: &str = "(erased)";

/// Forgets this person.
///
/// # Errors
///
/// Not found where nothing was ever held; a conflict where all is forgotten already, or the account can still be used; an invalid
/// field where the reason repeats what is to be forgotten.
pub fn erase(
    tx: &mut Tx<'_>,
    acting: &Acting,
    subject: &Subject,
    reason: &Reason,
) -> Result<Erasure, Error> {
    match subject {
        Subject::Account(id) => account(tx, acting, subject, *id, reason),
        Subject::Contact(number, item) => contact(tx, acting, subject, (number, *item), reason),
    }
}

/// What is to be forgotten of a person, beside the row.
struct Plan {
    items: Vec<(i64, i32)>,
    /// By what the person is found elsewhere.
    values: Values,
    /// What must not stay in the reason.
    told: Values,
}

impl Plan {
    /// `known_by` names the columns by whose values the person is found elsewhere, `told` those that the reason must not repeat.
    fn of(
        recorded: &[PersonalItem],
        row: Option<&Value>,
        known_by: &[&str],
        told: &[&str],
    ) -> Self {
        let columns = || {
            let row = row.and_then(Value::as_object);
            recorded.iter().map(|r| &r.columns).chain(row)
        };
        Self {
            items: recorded.iter().map(|r| (r.seq, r.item)).collect(),
            values: Values::of(
                &texts(columns(), known_by),
                &texts(columns(), &["position"]),
            ),
            told: Values::of(&texts(columns(), told), &[]),
        }
    }

    /// Refuses a reason that would keep what is forgotten. A word of the person's name may stand there where it is one of these
    /// names, too.
    fn check(&self, reason: &Reason, names: &[String]) -> Result<(), Error> {
        let reason = reason.as_str();
        if self.told.are_in(reason) || self.told.are_hinted_at(reason, names) {
            return Err(Error::field(
                "/reason",
                "must not repeat the person's data, not even a word of the name: it stays in the journal",
            ));
        }
        Ok(())
    }
}

fn done_already() -> Error {
    Error::new(Code::Conflict, "the data of this person was erased already")
}

fn was_erased(tx: &mut Tx<'_>, subject: &Subject) -> Result<bool, Error> {
    let found = erasures::table.filter(erasures::subject.eq(subject.to_string()));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(&mut **tx)?)
}

fn account(
    tx: &mut Tx<'_>,
    acting: &Acting,
    subject: &Subject,
    id: Id,
    reason: &Reason,
) -> Result<Erasure, Error> {
    crate::accounts::queries::by_id(tx, acting.reach(), id)?;
    dialect::lock_row(tx, "users", "id", id.0)?;
    let before: UserRow = users::table.find(id.0).first(&mut **tx)?;
    if before.is_erased() {
        return Err(done_already());
    }
    if before.status != "disabled" {
        return Err(Error::new(
            Code::Conflict,
            "the account can still be used; disable it first",
        ));
    }
    let row = serde_json::to_value(&before).map_err(Error::internal)?;
    let recorded = subject::recorded_of_account(tx, id)?;
    // An account's name is found by no value: an organisation, or somebody else, can be called the same.
    let plan = Plan::of(&recorded, Some(&row), &["email"], &["email", "name"]);
    plan.check(reason, &[])?;
    let imports = Imports::lock(tx, &plan.values)?;
    crate::accounts::second_factor::remove(tx, &acting.actor(), id, acting.now())?;
    let opened =
        diesel::delete(sessions::table.filter(sessions::user_id.eq(id.0))).execute(&mut **tx)?;
    let links = diesel::delete(one_time_links::table.filter(one_time_links::user_id.eq(id.0)))
        .execute(&mut **tx)?;
    let mut done = journal::enter(tx, &acting.actor(), acting.now(), ERASED, |tx, entry| {
        let after = UserRow {
            email: String::new(),
            // No e-mail address, and unlike any other.
            email_key: format!("erased:{id}"),
            name: NOBODY.to_owned(),
            password_hash: None,
            version: before.version + 1,
            seq: entry.seq(),
            ..before.clone()
        };
        diesel::update(users::table.find(id.0))
            .set(&after)
            .execute(&mut **tx)?;
        entry.changed(&before, &after)?;
        finish(
            tx,
            acting,
            entry,
            (subject, None),
            (&plan, &imports),
            reason,
        )
    })?;
    done.rows = 1;
    done.sessions = opened + links;
    Ok(done)
}

fn contact(
    tx: &mut Tx<'_>,
    acting: &Acting,
    subject: &Subject,
    (number, item): (&RegistryNumber, i32),
    reason: &Reason,
) -> Result<Erasure, Error> {
    let id = subject::organisation(tx, acting, number)?.id;
    dialect::lock_row(tx, "organisations", "id", id)?;
    let before = queries::by_id(tx, id)?;
    let row: Option<ContactRow> = organisation_contacts::table
        .find((id, item))
        .first(&mut **tx)
        .optional()?;
    let recorded = subject::recorded_of_contact(tx, &before, item)?;
    if row.is_none() && recorded.is_empty() {
        return Err(if was_erased(tx, subject)? {
            done_already()
        } else {
            Error::not_found("contact")
        });
    }
    let image = row.as_ref().map(serde_json::to_value);
    let image = image.transpose().map_err(Error::internal)?;
    let known_by = ["name", "email", "phone"];
    let plan = Plan::of(&recorded, image.as_ref(), &known_by, &known_by);
    let names = queries::names(tx, id)?;
    let names: Vec<String> = names.into_iter().map(|name| name.text).collect();
    plan.check(reason, &names)?;
    let imports = Imports::lock(tx, &plan.values)?;
    let mut done = journal::enter(tx, &acting.actor(), acting.now(), ERASED, |tx, entry| {
        entry.of_organisation(before.number.clone());
        if let Some(row) = &row {
            diesel::delete(organisation_contacts::table.find((id, item))).execute(&mut **tx)?;
            entry.gone(row);
            let after = OrganisationRow {
                version: before.version + 1,
                updated_at: entry.recorded_at().0,
                updated_by: acting.actor().to_string(),
                seq: entry.seq(),
                ..before.clone()
            };
            diesel::update(organisations::table.find(id))
                .set(&after)
                .execute(&mut **tx)?;
            entry.changed(&before, &after)?;
        }
        finish(
            tx,
            acting,
            entry,
            (subject, Some(&before.number)),
            (&plan, &imports),
            reason,
        )
    })?;
    done.rows = usize::from(row.is_some());
    Ok(done)
}

/// Forgets what is kept beside the row, and records that it was decided.
fn finish(
    tx: &mut Tx<'_>,
    acting: &Acting,
    entry: &mut Entry,
    (subject, organisation): (&Subject, Option<&String>),
    (plan, imports): (&Plan, &Imports),
    reason: &Reason,
) -> Result<Erasure, Error> {
    forget(tx, &plan.items)?;
    let import_cells = imports.empty(tx, entry, &plan.values)?;
    let kept_answers = traces::forget_answers(tx, &plan.values)?;
    let row = ErasureRow {
        id: Id::random().map_err(Failure::from)?.0,
        subject: subject.to_string(),
        organisation: organisation.cloned(),
        reason: reason.as_str().to_owned(),
        items: serde_json::to_string(&plan.items).map_err(Error::internal)?,
        erased_at: entry.recorded_at().0,
        erased_by: acting.actor().to_string(),
        seq: entry.seq(),
    };
    diesel::insert_into(erasures::table)
        .values(&row)
        .execute(&mut **tx)?;
    entry.about(&row.subject);
    entry.now(&row)?;
    emptying::owe(tx)?;
    Ok(Erasure {
        subject: row.subject,
        erased_at: entry.recorded_at(),
        seq: row.seq,
        rows: 0,
        journal_items: plan.items.len(),
        import_cells,
        sessions: 0,
        kept_answers,
    })
}
