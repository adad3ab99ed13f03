//! Inviting, changing and disabling accounts, and setting a password: the same calls for the API, the command line and
//! the demo.

use diesel::prelude::*;

use super::dto::{ChangeUser, SetStatus};
use super::links::{self, NewLink, Purpose};
use super::model::{End, NewUser, Status, check_reach, email_key};
use super::rows::UserRow;
use super::{queries, sessions};
use crate::auth::four_eyes::Ties;
use crate::auth::{Acting, Actor, Role, four_eyes};
use crate::db::schema::users;
use crate::db::{Failure, Id, Instant, Tx, dialect};
use crate::http::tags::IfMatch;
use crate::http::{Code, Error, Patch};
use crate::journal;

/// Makes an account that has no password yet, and the link that sets its first.
pub fn invite(
    tx: &mut Tx<'_>,
    acting: &Acting,
    new: &NewUser,
) -> Result<(UserRow, NewLink), Error> {
    let user = insert(tx, acting, new, Status::Invited, None, "user.invited")?;
    let link = links::create(tx, user.id(), Purpose::Invitation, acting.now())?;
    Ok((user, link))
}

/// Makes an account that can log in at once, with a password that was hashed before (the demo's).
pub fn create_active(
    tx: &mut Tx<'_>,
    acting: &Acting,
    new: &NewUser,
    password_hash: String,
) -> Result<UserRow, Error> {
    let hash = Some(password_hash);
    insert(tx, acting, new, Status::Active, hash, "user.created")
}

fn insert(
    tx: &mut Tx<'_>,
    acting: &Acting,
    new: &NewUser,
    status: Status,
    password_hash: Option<String>,
    action: &str,
) -> Result<UserRow, Error> {
    check_country(tx, new.role, new.country.as_deref())?;
    let id = Id::random().map_err(Failure::from)?;
    journal::enter(tx, &acting.actor(), acting.now(), action, |tx, entry| {
        entry.about(format!("user:{id}"));
        let row = UserRow {
            id: id.0,
            email: new.email.as_str().to_owned(),
            email_key: email_key(&new.email),
            name: new.name.as_str().to_owned(),
            role: new.role.as_str().to_owned(),
            country: new.country.clone(),
            status: status.as_str().to_owned(),
            password_hash: password_hash.clone(),
            invited_by: acting.user_id().map(|by| by.0),
            created_at: entry.recorded_at().0,
            version: 1,
            seq: entry.seq(),
        };
        diesel::insert_into(users::table)
            .values(&row)
            .execute(&mut **tx)
            .map_err(taken)?;
        entry.now(&row)?;
        Ok(row)
    })
}

/// Says that another account has the e-mail address, if that is what failed.
fn taken(error: diesel::result::Error) -> Error {
    match Failure::from(error) {
        Failure::Unique(name) if name == "users_email_key_key" => {
            Error::new(Code::Conflict, "another account has this e-mail address").at_field("/email")
        }
        failure => failure.into(),
    }
}

fn check_country(tx: &mut Tx<'_>, role: Role, country: Option<&str>) -> Result<(), Error> {
    check_reach(role, country).map_err(|why| Error::field("/country", why))?;
    match country {
        Some(code) if !queries::is_country(tx, code)? => Err(Error::field(
            "/country",
            "must be the code of one of the Platform's countries, like KZ",
        )),
        _ => Ok(()),
    }
}

/// Locks the account and every active secretariat account, in the order of ids, so that two of the last cannot end each
/// other. Returns the account and how many other active secretariat accounts there are.
fn lock(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<(UserRow, i64), Error> {
    queries::by_id(tx, acting.reach(), id)?;
    let office = users::role.eq(Role::Secretariat.as_str());
    let active = users::status.eq(Status::Active.as_str());
    let mut ids: Vec<i64> = users::table
        .filter(office)
        .filter(active)
        .select(users::id)
        .load(&mut **tx)?;
    ids.push(id.0);
    ids.sort_unstable();
    ids.dedup();
    for one in ids {
        dialect::lock_row(tx, "users", "id", one)?;
    }
    let row = queries::by_id(tx, acting.reach(), id)?;
    let others = users::table
        .filter(users::role.eq(Role::Secretariat.as_str()))
        .filter(users::status.eq(Status::Active.as_str()))
        .filter(users::id.ne(id.0))
        .count()
        .get_result(&mut **tx)?;
    Ok((row, others))
}

/// Changes an account. A change of role, country, status or e-mail address ends its sessions at once; a patch that changes nothing leaves
/// no entry and no new version.
pub fn change(
    tx: &mut Tx<'_>,
    acting: &Acting,
    id: Id,
    seen: Option<&IfMatch>,
    body: &ChangeUser,
) -> Result<UserRow, Error> {
    let (before, others) = lock(tx, acting, id)?;
    if let Some(seen) = seen {
        seen.check(before.version)?;
    }
    if before.is_erased() {
        return Err(Error::new(
            Code::Conflict,
            "the data of this person was erased; invite anew",
        ));
    }
    let mut after = before.clone();
    patch(&mut after, body)?;
    if after == before {
        return Ok(before);
    }
    check_country(tx, after.role()?, after.country.as_deref())?;
    let office = |row: &UserRow| row.role == Role::Secretariat.as_str();
    let leads = |row: &UserRow| row.is_active() && office(row);
    if leads(&before) && !leads(&after) && others == 0 {
        return Err(Error::new(
            Code::Conflict,
            "this is the last active secretariat account; make another one active first",
        ));
    }
    if office(&before) != office(&after) {
        return Err(Error::new(
            Code::Conflict,
            "nobody gives or takes the secretariat's office alone: propose a handover, or invite an account for it",
        ));
    }
    if leads(&before) && !leads(&after) {
        must_leave_another(tx, acting, id)?;
    }
    let rights = |row: &UserRow| (row.role.clone(), row.country.clone(), row.status.clone());
    let moved = before.email_key != after.email_key;
    let ends = rights(&before) != rights(&after) || moved;
    let disabled = before.status != after.status && after.status == Status::Disabled.as_str();
    let action = if moved {
        four_eyes::ADDRESS_CHANGED
    } else if disabled {
        "user.disabled"
    } else {
        "user.changed"
    };
    // The entry first: at the journal's head the session that asks, which may be one of these, must still be there.
    let saved = save(tx, &acting.actor(), acting.now(), action, &before, after)?;
    if ends {
        sessions::end_all(tx, id, acting.now(), End::AccountChanged)?;
    }
    // A link that went to the old address must not open the account.
    if disabled || moved {
        links::burn(tx, id, acting.now())?;
    }
    Ok(saved)
}

/// The office is not moved by one person: whoever disables an account of it leaves an active one that is somebody else's than their own. An
/// account that they could act as is none; the operator, on the machine, is bound by the last one alone.
fn must_leave_another(tx: &mut Tx<'_>, acting: &Acting, disabled: Id) -> Result<(), Error> {
    let Some(me) = acting.user_id() else {
        return Ok(());
    };
    let rest: Vec<Id> = users::table
        .filter(users::role.eq(Role::Secretariat.as_str()))
        .filter(users::status.eq(Status::Active.as_str()))
        .filter(users::id.ne_all([me.0, disabled.0]))
        .select(users::id)
        .load::<i64>(&mut **tx)?
        .into_iter()
        .map(Id)
        .collect();
    let mut asked = rest.clone();
    asked.push(me);
    let ties = Ties::load(tx, &asked, acting.now())?;
    if rest.iter().any(|one| !ties.between(me, *one)) {
        return Ok(());
    }
    Err(Error::new(
        Code::Conflict,
        "the office would be left to you, or to accounts that you could act as: propose a handover, or ask the operator",
    ))
}

fn patch(row: &mut UserRow, body: &ChangeUser) -> Result<(), Error> {
    let not_null = |field: &str| Error::field(field, "must not be null");
    match &body.email {
        Patch::Keep => {}
        Patch::Clear => return Err(not_null("/email")),
        Patch::Set(email) => {
            email.as_str().clone_into(&mut row.email);
            row.email_key = email_key(email);
        }
    }
    match &body.name {
        Patch::Keep => {}
        Patch::Clear => return Err(not_null("/name")),
        Patch::Set(name) => row.name = name.as_str().to_owned(),
    }
    match body.role {
        Patch::Keep => {}
        Patch::Clear => return Err(not_null("/role")),
        Patch::Set(role) => row.role = role.as_str().to_owned(),
    }
    body.country.clone().apply(&mut row.country, |code| code);
    match body.status {
        Patch::Keep => {}
        Patch::Clear => return Err(not_null("/status")),
        Patch::Set(SetStatus::Disabled) => row.status = Status::Disabled.as_str().to_owned(),
        // Without a password there is nothing to log in with: the account waits for its link again.
        Patch::Set(SetStatus::Active) if row.password_hash.is_none() => {
            row.status = Status::Invited.as_str().to_owned();
        }
        Patch::Set(SetStatus::Active) => row.status = Status::Active.as_str().to_owned(),
    }
    Ok(())
}

/// Disables an account; its sessions and links end at once.
pub fn disable(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<UserRow, Error> {
    let body = ChangeUser {
        status: Patch::Set(SetStatus::Disabled),
        ..ChangeUser::default()
    };
    change(tx, acting, id, None, &body)
}

/// Makes a new one-time link: for the first password of an invited account, or another password of an active one.
pub fn new_link(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<NewLink, Error> {
    queries::by_id(tx, acting.reach(), id)?;
    dialect::lock_row(tx, "users", "id", id.0)?;
    let user = queries::by_id(tx, acting.reach(), id)?;
    let purpose = if user.is_active() {
        Purpose::Reset
    } else if user.status == Status::Invited.as_str() {
        Purpose::Invitation
    } else {
        return Err(Error::new(
            Code::Conflict,
            "the account is disabled; make it active first",
        ));
    };
    // Whoever makes a link can use it: the journal says who, and four eyes count it.
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        four_eyes::LINK_MADE,
        |tx, entry| {
            entry.about(format!("user:{id}"));
            links::create(tx, id, purpose, entry.recorded_at())
        },
    )
}

/// Sets a password by a one-time link; false when the link is not good.
pub fn set_password_by_link(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    token: &str,
    password_hash: &str,
    now: Instant,
) -> Result<bool, Error> {
    let Some(id) = links::owner(tx, purpose, token, now)? else {
        return Ok(false);
    };
    dialect::lock_row(tx, "users", "id", id.0)?;
    let user: UserRow = users::table.find(id.0).first(&mut **tx)?;
    let (needed, action) = match purpose {
        Purpose::Invitation => (Status::Invited, "user.activated"),
        Purpose::Reset => (Status::Active, "password.changed"),
    };
    if user.status != needed.as_str() || !links::take(tx, purpose, token, now)? {
        return Ok(false);
    }
    set_password(tx, &Actor::Anonymous, now, action, &user, password_hash)?;
    Ok(true)
}

/// Sets another password of one's own account, whose row is locked and whose owner has proved who they are.
pub fn change_password(
    tx: &mut Tx<'_>,
    acting: &Acting,
    user: &UserRow,
    password_hash: &str,
) -> Result<(), Error> {
    let (actor, now) = (acting.actor(), acting.now());
    set_password(tx, &actor, now, "password.changed", user, password_hash)?;
    Ok(())
}

/// Keeps the same password under a better hash, after it was found right against `checked`; sessions go on.
pub fn renew_hash(
    tx: &mut Tx<'_>,
    id: Id,
    checked: &str,
    better: &str,
    now: Instant,
) -> Result<(), Error> {
    dialect::lock_row(tx, "users", "id", id.0)?;
    let before: UserRow = users::table.find(id.0).first(&mut **tx)?;
    if before.password_hash.as_deref() != Some(checked) {
        return Ok(());
    }
    let after = UserRow {
        password_hash: Some(better.to_owned()),
        ..before.clone()
    };
    save(
        tx,
        &Actor::User(id),
        now,
        "password.rehashed",
        &before,
        after,
    )?;
    Ok(())
}

/// Ends the password of a locked account, and makes the link that sets another. A disabled account stays so and gets no good of it.
pub fn end_password(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<NewLink, Error> {
    let before = queries::by_id(tx, acting.reach(), id)?;
    let mut after = UserRow {
        password_hash: None,
        ..before.clone()
    };
    if before.is_active() {
        Status::Invited.as_str().clone_into(&mut after.status);
    }
    let (actor, now) = (acting.actor(), acting.now());
    save(tx, &actor, now, "password.ended", &before, after)?;
    links::create(tx, id, Purpose::Invitation, now)
}

/// Sets the password of a locked account; every session and link of it ends.
fn set_password(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: &UserRow,
    password_hash: &str,
) -> Result<UserRow, Error> {
    let after = UserRow {
        password_hash: Some(password_hash.to_owned()),
        status: Status::Active.as_str().to_owned(),
        ..before.clone()
    };
    // The entry first: at the journal's head the session that asks must still be there.
    let saved = save(tx, actor, now, action, before, after)?;
    sessions::end_all(tx, saved.id(), now, End::PasswordChanged)?;
    links::burn(tx, saved.id(), now)?;
    Ok(saved)
}

/// Writes an account's change with its entry.
pub(super) fn save(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: Instant,
    action: &str,
    before: &UserRow,
    mut after: UserRow,
) -> Result<UserRow, Error> {
    journal::enter(tx, actor, now, action, |tx, entry| {
        entry.about(format!("user:{}", after.id()));
        after.version = before.version + 1;
        after.seq = entry.seq();
        diesel::update(users::table.find(after.id))
            .set(&after)
            .execute(&mut **tx)
            .map_err(taken)?;
        entry.changed(before, &after)?;
        Ok(after)
    })
}
