//! One organisation with all its lists, in one statement: what is asked for most.
//!
//! The lists come as JSON arrays beside the organisation's columns, in no order; they are put in order here.

use std::sync::LazyLock;

use chrono::NaiveDate;
use diesel::sql_types::{Nullable, Text};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::dto::MembershipSummary;
use super::queries::{self, PUBLIC_STATES, is_word};
use super::rows::OrganisationRow;
use crate::auth::Reach;
use crate::db::kept::{self, Kept, Value};
use crate::db::schema::organisations;
use crate::db::{Conn, Failure};
use crate::dialect;
use crate::http::Error;

/// An organisation with its lists.
pub struct Whole {
    /// The organisation.
    pub row: OrganisationRow,
    /// Its names, by item.
    pub names: Vec<NamePart>,
    /// Its identifiers, by item.
    pub identifiers: Vec<IdentifierPart>,
    /// Its relations and those that others state, only to organisations that the reach may know of.
    pub relations: Vec<RelationPart>,
    /// What is public of its memberships.
    pub memberships: Vec<MembershipSummary>,
}

/// A name: item, kind, text, language.
#[derive(Deserialize)]
pub struct NamePart(pub i32, pub String, pub String, pub Option<String>);

/// An identifier: item, scheme, value, canonical, verdict, reason of the override, reason of sharing.
#[derive(Deserialize)]
pub struct IdentifierPart(
    pub i32,
    pub String,
    pub String,
    pub String,
    pub String,
    pub Option<String>,
    pub Option<String>,
);

/// A relation: who states it, item, kind, and of the other side number, name, country, first public day, withheld (1).
#[derive(Deserialize)]
pub struct RelationPart(
    pub i64,
    pub i32,
    pub String,
    pub String,
    pub String,
    String,
    Option<NaiveDate>,
    i32,
);

/// Membership, state, type, first day, day after the last.
#[derive(Deserialize)]
struct IntervalPart(i64, String, String, NaiveDate, Option<NaiveDate>);

type List = Nullable<Text>;
type Columns = (organisations::SqlType, List, List, List, List, List);
type Found = (
    OrganisationRow,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

static STATEMENT: LazyLock<kept::Text> = LazyLock::new(|| kept::Text {
    sqlite: statement("json_group_array", "json_array", ""),
    postgres: statement("json_agg", "json_build_array", "::text"),
});

fn statement(list: &str, item: &str, text: &str) -> String {
    let columns = [
        "id", "number", "country", "name", "sort_key", "legal_form", "city", "region", "website",
        "themes", "sdgs", "descriptions", "founded_year", "founded_on", "address", "email",
        "email_public", "phone", "notes", "public_from", "withheld", "withheld_reason",
        "merged_into", "created_at", "updated_at", "updated_by", "next_item", "version", "seq",
    ]
    .map(|column| format!("o.{column}"))
    .join(", ");
    let part = |facts: &str, from: &str| {
        format!("(SELECT {list}({item}({facts})){text} FROM {from})")
    };
    let names = part(
        "n.item, n.kind, n.text, n.language",
        "organisation_names n WHERE n.organisation_id = o.id",
    );
    let identifiers = part(
        "i.item, i.scheme, i.value, i.canonical, i.verdict, i.override_reason, i.shared_reason",
        "organisation_identifiers i WHERE i.organisation_id = o.id",
    );
    let relation = "r.organisation_id, r.item, r.kind, p.number, p.name, p.country, p.public_from, \
        CASE WHEN p.withheld THEN 1 ELSE 0 END";
    let own = part(
        relation,
        "organisation_relations r JOIN organisations p ON p.id = r.other_id WHERE r.organisation_id = o.id",
    );
    let others = part(
        relation,
        "organisation_relations r JOIN organisations p ON p.id = r.organisation_id WHERE r.other_id = o.id",
    );
    let memberships = part(
        "m.membership_id, m.state, m.membership_type, m.from_day, m.to_day",
        &format!(
            "membership_intervals m WHERE m.organisation_id = o.id AND m.from_day <= ? AND {}",
            is_word("m.state", &PUBLIC_STATES)
        ),
    );
    format!(
        "SELECT {columns}, {names}, {identifiers}, {own}, {others}, {memberships} FROM organisations o WHERE o.number = ?"
    )
}

/// The organisation with this number, if this reach may know of it. One statement, so one moment.
pub fn by_number(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &str,
) -> Result<Whole, Error> {
    let values = || vec![Value::Day(today), Value::Text(number)];
    let found: Option<Found> = dialect!(conn, |c| first(
        Kept::<Columns>::new(&STATEMENT, values()),
        c
    ))?;
    let (row, names, identifiers, own, others, memberships) = found
        .filter(|(row, ..)| queries::may_know(row, reach, today))
        .ok_or_else(|| Error::not_found("organisation"))?;
    let mut names: Vec<NamePart> = list(names)?;
    names.sort_by_key(|n| n.0);
    let mut identifiers: Vec<IdentifierPart> = list(identifiers)?;
    identifiers.sort_by_key(|i| i.0);
    let mut relations: Vec<RelationPart> = list(own)?;
    relations.extend(list::<RelationPart>(others)?);
    relations.retain(|r| queries::may_know_of(&r.5, r.7 != 0, r.6, reach, today));
    relations.sort_by_key(|r| (r.0, r.1));
    Ok(Whole {
        names,
        identifiers,
        relations,
        memberships: summaries(row.id, list(memberships)?, today),
        row,
    })
}

fn first<'q, C, Q>(query: Q, conn: &mut C) -> Result<Option<Found>, Failure>
where
    Q: diesel::query_dsl::LoadQuery<'q, C, Found> + diesel::RunQueryDsl<C>,
{
    use diesel::prelude::*;
    query.get_result(conn).optional().map_err(Failure::from)
}

fn list<T: DeserializeOwned>(json: Option<String>) -> Result<Vec<T>, Error> {
    match json {
        Some(json) => serde_json::from_str(&json).map_err(Error::internal),
        None => Ok(Vec::new()),
    }
}

fn summaries(
    organisation: i64,
    mut parts: Vec<IntervalPart>,
    today: NaiveDate,
) -> Vec<MembershipSummary> {
    parts.sort_by_key(|m| (m.0, m.3));
    let intervals: Vec<queries::IntervalRow> = parts
        .into_iter()
        .map(|m| (organisation, m.0, m.1, m.2, m.3, m.4))
        .collect();
    queries::summaries(&intervals, today)
}
