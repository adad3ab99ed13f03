//! Everything that is held of a person, from the rows, the journal and what is kept by the way.

use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::dto::{HeldData, PersonalData, RecordedData};
use super::known::Values;
use super::subject::{self, Subject, texts};
use super::traces;
use crate::accounts::rows::{SessionRow, UserRow};
use crate::auth::Acting;
use crate::auth::reads::What;
use crate::db::schema::{
    journal, one_time_links, organisation_contacts, private_reads, sessions, users,
};
use crate::db::{Conn, Id, Instant};
use crate::http::Error;
use crate::journal::erase::PersonalItem;
use crate::organisations::rows::ContactRow;

/// Everything that is held of this person. Notes that it was read.
pub fn export(conn: &mut Conn, acting: &Acting, subject: &Subject) -> Result<PersonalData, Error> {
    let (held, recorded) = match subject {
        Subject::Contact(number, item) => {
            let organisation = subject::organisation(conn, acting, number)?;
            let recorded = subject::recorded_of_contact(conn, &organisation, *item)?;
            let row: Option<ContactRow> = organisation_contacts::table
                .find((organisation.id, *item))
                .first(conn)
                .optional()?;
            if row.is_none() && recorded.is_empty() {
                return Err(Error::not_found("contact"));
            }
            let mut held = Vec::new();
            let mut columns: Vec<Map<String, Value>> = recorded.iter().map(columns_of).collect();
            if let Some(row) = row {
                let data = map(
                    json!({"organisation": organisation.number, "item": row.item, "name": row.name,
                    "position": row.position, "email": row.email, "phone": row.phone}),
                );
                columns.push(data.clone());
                held.push(HeldData {
                    place: "organisation_contacts".to_owned(),
                    since: since(conn, row.seq)?,
                    data,
                });
            }
            held.extend(in_imports(conn, &columns, &["name", "email", "phone"])?);
            (held, recorded)
        }
        Subject::Account(id) => {
            let user: Option<UserRow> = users::table.find(id.0).first(conn).optional()?;
            let user = user.ok_or_else(|| Error::not_found("account"))?;
            let recorded = subject::recorded_of_account(conn, *id)?;
            (account(conn, &user, &recorded)?, recorded)
        }
    };
    acting.saw(
        What::Person,
        subject.to_string(),
        held.len() + recorded.len(),
    );
    Ok(PersonalData {
        subject: subject.to_string(),
        made_at: acting.now(),
        held,
        recorded: recorded
            .into_iter()
            .map(|r| RecordedData {
                seq: r.seq,
                recorded_at: r.recorded_at,
                action: r.action,
                data: r.columns,
            })
            .collect(),
    })
}

fn columns_of(item: &PersonalItem) -> Map<String, Value> {
    item.columns.clone()
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// When the entry at this position was recorded.
fn since(conn: &mut Conn, seq: i64) -> Result<Option<Instant>, Error> {
    Ok(journal::table
        .find(seq)
        .select(journal::recorded_at)
        .first::<Instant>(conn)
        .optional()?)
}

fn in_imports(
    conn: &mut Conn,
    columns: &[Map<String, Value>],
    known_by: &[&str],
) -> Result<Vec<HeldData>, Error> {
    let strong = texts(columns.iter(), known_by);
    let weak = texts(columns.iter(), &["position"]);
    let values = Values::of(&strong, &weak);
    let held = |place: &str, data: Value| HeldData {
        place: place.to_owned(),
        since: None,
        data: map(data),
    };
    let headings = traces::headings(conn, &values)?.into_iter();
    let mut all: Vec<HeldData> = headings
        .map(|(import, text)| held("imports", json!({"import": import, "text": text})))
        .collect();
    let cells = traces::cells(conn, &values)?.into_iter();
    all.extend(cells.map(|cell| {
        let data = json!({"import": Id(cell.import), "line": cell.line, "cell": cell.text});
        held("import_rows", data)
    }));
    Ok(all)
}

/// What is held of an account: the row, its sessions and links, and how much it did and read. Neither a password's hash nor a token
/// is told, not even to its owner.
fn account(
    conn: &mut Conn,
    user: &UserRow,
    recorded: &[PersonalItem],
) -> Result<Vec<HeldData>, Error> {
    let data = map(
        json!({"id": user.id(), "email": user.email, "name": user.name, "role": user.role, "country": user.country,
        "status": user.status, "has_password": user.password_hash.is_some(), "invited_by": user.invited_by.map(Id),
        "created_at": Instant(user.created_at)}),
    );
    let mut columns: Vec<Map<String, Value>> = recorded.iter().map(columns_of).collect();
    columns.push(data.clone());
    let held = |place: &str, since: Option<Instant>, data: Value| HeldData {
        place: place.to_owned(),
        since,
        data: map(data),
    };
    let mut all = vec![held("users", since(conn, user.seq)?, Value::Object(data))];
    let own: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user.id))
        .order((sessions::created_at, sessions::id))
        .select(SessionRow::as_select())
        .load(conn)?;
    all.extend(own.iter().map(|s| {
        let data = json!({"id": Id(s.id), "created_at": Instant(s.created_at), "last_used_at": Instant(s.last_used_at),
            "expires_at": Instant(s.expires_at), "ended_at": s.ended_at.map(Instant), "end_reason": s.end_reason});
        held("sessions", Some(Instant(s.created_at)), data)
    }));
    let links: Vec<(String, Instant, Instant, Option<Instant>)> = one_time_links::table
        .filter(one_time_links::user_id.eq(user.id))
        .order(one_time_links::created_at)
        .select((
            one_time_links::purpose,
            one_time_links::created_at,
            one_time_links::expires_at,
            one_time_links::used_at,
        ))
        .load(conn)?;
    all.extend(links.into_iter().map(|(purpose, made, until, used)| {
        let data = json!({"purpose": purpose, "expires_at": until, "used_at": used});
        held("one_time_links", Some(made), data)
    }));
    let actor = format!("user:{}", user.id());
    let acts: i64 = journal::table
        .filter(journal::actor.eq(&actor))
        .count()
        .get_result(conn)?;
    let reads: i64 = private_reads::table
        .filter(private_reads::actor.eq(&actor))
        .count()
        .get_result(conn)?;
    all.push(held(
        "journal",
        None,
        json!({"actor": actor, "entries": acts}),
    ));
    all.push(held(
        "private_reads",
        None,
        json!({"actor": actor, "readings": reads}),
    ));
    all.extend(in_imports(conn, &columns, &["email"])?);
    Ok(all)
}
