//! Organisations with their lists, in one statement, and the lists that a page shows, in another: what is asked for most.
//!
//! The lists come as JSON arrays beside the organisation's columns, in no order; they are put in order here.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::dto::MembershipSummary;
use super::queries::{self, PUBLIC_STATES, is_word};
use super::rows::{OrganisationRow, RelationRow};
use crate::auth::Reach;
use crate::db::Conn;
use crate::db::kept::{self, Kept, Value};
use crate::db::schema::organisations;
use crate::dialect;
use crate::http::Error;
use crate::journal::Moment;
use crate::journal::moment::STILL;

/// An organisation with its lists.
pub struct Whole {
    /// The organisation.
    pub row: OrganisationRow,
    /// Its names, by item.
    pub names: Vec<NamePart>,
    /// Its identifiers, by item.
    pub identifiers: Vec<IdentifierPart>,
    /// Its relations and those that others state, only to organisations that the reach may know of.
    pub relations: Vec<(RelationRow, OrganisationRow)>,
    /// True when others were merged into it.
    pub took_over: bool,
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

/// Membership, state, type, first day, day after the last.
#[derive(Deserialize)]
struct IntervalPart(i64, String, String, NaiveDate, Option<NaiveDate>);

type List = Nullable<Text>;
type Columns = (organisations::SqlType, List, List, Bool, Bool, List);
type Found = (
    OrganisationRow,
    Option<String>,
    Option<String>,
    bool,
    bool,
    Option<String>,
);

static THESE: LazyLock<kept::Text> =
    LazyLock::new(|| kept::Text::each(SQLITE.these(), POSTGRES.these()));

static OF_MANY: LazyLock<kept::Text> =
    LazyLock::new(|| kept::Text::each(SQLITE.of_many(), POSTGRES.of_many()));

/// Whether an organisation has any relations. Most have none, and the joins that would list them are dear to prepare.
const RELATED: &str = "EXISTS (SELECT 1 FROM organisation_relations r WHERE r.organisation_id = organisations.id) \
                       OR EXISTS (SELECT 1 FROM organisation_relations r WHERE r.other_id = organisations.id)";

/// Whether others were merged into it. Most have none.
const TOOK_OVER: &str =
    "EXISTS (SELECT 1 FROM organisations m WHERE m.merged_into = organisations.id)";

/// The words in which the databases differ.
struct Words {
    list: &'static str,
    item: &'static str,
    text: &'static str,
    ids: &'static str,
    numbers: &'static str,
    select: fn() -> String,
}

/// `SELECT` with the columns of an organisation as the schema has them, in a database's quotes.
macro_rules! select {
    ($database:ty) => {
        || {
            let all = organisations::table.select(organisations::all_columns);
            let text = diesel::debug_query::<$database, _>(&all).to_string();
            text.split_once(" FROM ")
                .map_or_else(String::new, |(select, _)| select.to_owned())
        }
    };
}

const SQLITE: Words = Words {
    list: "json_group_array",
    item: "json_array",
    text: "",
    ids: "(SELECT value AS id FROM json_each(?))",
    numbers: "IN (SELECT value FROM json_each(?))",
    select: select!(Sqlite),
};
const POSTGRES: Words = Words {
    list: "json_agg",
    item: "json_build_array",
    text: "::text",
    ids: "(SELECT unnest(?) AS id)",
    // The array stands in a query of its own so that how many are in it is not seen by the planner, which would make a new plan each time.
    numbers: "= ANY (ARRAY(SELECT unnest(?)))",
    select: select!(Pg),
};

impl Words {
    fn part(&self, facts: &str, from: &str) -> String {
        let Self {
            list, item, text, ..
        } = self;
        format!("(SELECT {list}({item}({facts})){text} FROM {from})")
    }

    fn names(&self, owner: &str) -> String {
        self.part(
            "n.item, n.kind, n.text, n.language",
            &format!("organisation_names n WHERE n.organisation_id = {owner}.id"),
        )
    }

    fn identifiers(&self) -> String {
        self.part(
            "i.item, i.scheme, i.value, i.canonical, i.verdict, i.override_reason, i.shared_reason",
            "organisation_identifiers i WHERE i.organisation_id = organisations.id",
        )
    }

    /// Takes a day and twice a position of the journal (see [`known`]).
    fn memberships(&self, owner: &str) -> String {
        let states = is_word("m.state", &PUBLIC_STATES);
        self.part(
            "m.membership_id, m.state, m.membership_type, m.from_day, m.to_day",
            &format!(
                "membership_intervals m WHERE m.organisation_id = {owner}.id AND m.from_day <= ? \
                 AND m.known_from <= ? AND m.known_to > ? AND {states}"
            ),
        )
    }

    fn these(&self) -> String {
        let (select, numbers) = ((self.select)(), self.numbers);
        let names = self.names("organisations");
        let identifiers = self.identifiers();
        let memberships = self.memberships("organisations");
        format!(
            "{select}, {names}, {identifiers}, {RELATED}, {TOOK_OVER}, {memberships} FROM organisations WHERE organisations.number {numbers}"
        )
    }

    fn of_many(&self) -> String {
        let (names, memberships, ids) = (self.names("o"), self.memberships("o"), self.ids);
        format!("SELECT o.id, {names}, {memberships} FROM {ids} o")
    }
}

/// The position that tells what was known: what is known now stands until [`STILL`].
fn known(at: Moment) -> Value<'static> {
    Value::Number(at.known.unwrap_or(STILL - 1))
}

/// The organisation with this number, if this reach may know of it.
pub fn by_number(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &str,
) -> Result<Whole, Error> {
    let found = by_numbers(conn, reach, today, &[number])?;
    let one = found.into_iter().next();
    one.ok_or_else(|| Error::not_found("organisation"))
}

/// The organisations with these numbers, those that this reach may know of, in no order. One statement, so one moment; the other sides
/// of their relations are asked for after it.
pub fn by_numbers(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    numbers: &[&str],
) -> Result<Vec<Whole>, Error> {
    let known = known(Moment::of(today));
    let numbers = Value::texts(numbers);
    let values = vec![Value::Day(today), known.clone(), known, numbers];
    let these = Kept::<Columns>::new(&THESE, values);
    let found: Vec<Found> = dialect!(conn, |c| these.load(c))?;
    found
        .into_iter()
        .filter(|(row, ..)| queries::may_know(row, reach, today))
        .map(|found| whole(conn, reach, today, found))
        .collect()
}

fn whole(conn: &mut Conn, reach: &Reach, today: NaiveDate, found: Found) -> Result<Whole, Error> {
    let (row, names, identifiers, related, took_over, memberships) = found;
    let mut names: Vec<NamePart> = list(names)?;
    names.sort_by_key(|n| n.0);
    let mut identifiers: Vec<IdentifierPart> = list(identifiers)?;
    identifiers.sort_by_key(|i| i.0);
    let relations = if related {
        queries::relations(conn, row.id, reach, today)?
    } else {
        Vec::new()
    };
    Ok(Whole {
        names,
        identifiers,
        relations,
        took_over,
        memberships: summaries(row.id, list(memberships)?, today),
        row,
    })
}

/// What a list shows of an organisation's own lists.
#[derive(Default)]
pub struct Shown {
    /// Its names, by item.
    pub names: Vec<NamePart>,
    /// What is public of its memberships.
    pub memberships: Vec<MembershipSummary>,
}

/// The names of these organisations, and what is public of their memberships at a moment.
pub fn shown(conn: &mut Conn, ids: &[i64], at: Moment) -> Result<HashMap<i64, Shown>, Error> {
    let values = vec![Value::Day(at.day), known(at), known(at), Value::ids(ids)];
    let many = Kept::<(BigInt, List, List)>::new(&OF_MANY, values);
    let rows: Vec<(i64, Option<String>, Option<String>)> = dialect!(conn, |c| many.load(c))?;
    let mut found = HashMap::with_capacity(rows.len());
    for (id, names, memberships) in rows {
        let mut names: Vec<NamePart> = list(names)?;
        names.sort_by_key(|n| n.0);
        let memberships = summaries(id, list(memberships)?, at.day);
        found.insert(id, Shown { names, memberships });
    }
    Ok(found)
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
