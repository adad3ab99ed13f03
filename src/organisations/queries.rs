//! All reading SQL of organisations. Every query on country-bound rows asks for a [`Reach`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Text};

use super::dto::MembershipSummary;
use super::merged;
use super::model::TYPE_CHANGED;
use super::number::RegistryNumber;
use super::rows::{
    ContactRow, EvidenceRow, IdentifierRow, NameRow, OrganisationRow, ReferenceRow, RelationRow,
};
use crate::auth::{Reach, Scope};
use crate::db::schema::{
    membership_events, membership_intervals, memberships, organisation_contacts,
    organisation_evidence, organisation_identifiers, organisation_names, organisation_references,
    organisation_relations, organisations, proposals,
};
use crate::db::{Conn, MultiBackend};
use crate::http::{Code, Error};
use crate::journal::Moment;

pub use super::merged::with_identifier;

type Boxed<'a> = organisations::BoxedQuery<'a, MultiBackend>;

/// What is public today: the text is that of the partial indexes, so that they serve.
fn is_public(
    today: NaiveDate,
) -> Box<dyn BoxableExpression<organisations::table, MultiBackend, SqlType = Bool>> {
    Box::new(
        sql::<Bool>("organisations.public_from IS NOT NULL AND organisations.withheld = FALSE AND organisations.public_from <= ")
            .bind::<Date, _>(today)
            .sql(NOT_HIDDEN),
    )
}

/// Whoever is withheld is so with all that was merged into it. Asked once, and of merged ones alone: a condition on each row would
/// be dear to plan for PostgreSQL.
const NOT_HIDDEN: &str = " AND (organisations.merged_into IS NULL OR organisations.id NOT IN (\
    WITH RECURSIVE hidden (id) AS (\
        SELECT m.id FROM organisations m JOIN organisations e ON e.id = m.merged_into \
        WHERE e.withheld = TRUE AND e.merged_into IS NULL \
        UNION SELECT n.id FROM organisations n JOIN hidden ON n.merged_into = hidden.id\
    ) SELECT id FROM hidden))";

/// The organisations that this reach may know of today.
pub fn visible<'a>(reach: &Reach, today: NaiveDate) -> Boxed<'a> {
    let all = organisations::table.into_boxed::<MultiBackend>();
    match reach.scope() {
        Scope::All => all,
        Scope::None => all.filter(is_public(today)),
        Scope::One(country) => all
            .filter(is_public(today))
            .or_filter(organisations::country.eq(country.clone())),
    }
}

/// The organisation with this number, if this reach may know of it.
pub fn by_number(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &RegistryNumber,
) -> Result<OrganisationRow, Error> {
    let row = organisations::table
        .filter(organisations::number.eq(number.as_str()))
        .first::<OrganisationRow>(conn)
        .optional()?;
    row.filter(|row| may_know(row, reach, today))
        .ok_or_else(|| Error::not_found("organisation"))
}

/// The organisation that a body names at `pointer`; one that this reach may not know of is told as one that does not exist.
pub fn named(
    conn: &mut Conn,
    reach: &Reach,
    today: NaiveDate,
    number: &RegistryNumber,
    pointer: &str,
) -> Result<OrganisationRow, Error> {
    by_number(conn, reach, today, number).map_err(|error| match error.code() {
        Code::NotFound => Error::field(
            pointer,
            "there is no such organisation, or it is not visible to you",
        ),
        _ => error,
    })
}

/// True when this reach may know of the organisation today.
pub fn may_know(row: &OrganisationRow, reach: &Reach, today: NaiveDate) -> bool {
    may_know_of(&row.country, row.withheld, row.public_from, reach, today)
}

/// [`may_know`] by the columns that decide it.
pub fn may_know_of(
    country: &str,
    withheld: bool,
    public_from: Option<NaiveDate>,
    reach: &Reach,
    today: NaiveDate,
) -> bool {
    reach.covers(country) || (!withheld && public_from.is_some_and(|day| day <= today))
}

/// The organisation with this internal id, whatever its visibility: for writes that hold its number already.
pub fn by_id(conn: &mut Conn, id: i64) -> Result<OrganisationRow, Error> {
    Ok(organisations::table.find(id).first(conn)?)
}

/// Which organisations are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Any of these countries.
    pub country: Vec<String>,
    /// Any of these legal forms.
    pub legal_form: Vec<String>,
    /// Any of these cities, as written.
    pub city: Vec<String>,
    /// Any of these ICNP/TSO codes.
    pub theme: Vec<String>,
    /// Any of these goals.
    pub sdg: Vec<u8>,
    /// Any of these states of a membership, at the moment.
    pub state: Vec<String>,
    /// Any of these types of membership (together with `state`, or with any member state).
    pub membership_type: Vec<String>,
    /// Among these internal ids: whoever has the identifier that is asked for.
    pub among: Option<Vec<i64>>,
    /// Descending names.
    pub descending: bool,
    /// Behind this sort key and number.
    pub after: Option<(String, String)>,
}

fn narrowed<'a>(mut query: Boxed<'a>, wanted: &Wanted, reach: &Reach, at: Moment) -> Boxed<'a> {
    if !wanted.country.is_empty() {
        query = query.filter(organisations::country.eq_any(wanted.country.clone()));
    }
    if !wanted.legal_form.is_empty() {
        query = query.filter(organisations::legal_form.eq_any(wanted.legal_form.clone()));
    }
    if !wanted.city.is_empty() {
        query = query.filter(organisations::city.eq_any(wanted.city.clone()));
    }
    if let Some(any) = any_code(wanted.theme.iter().cloned(), |like| {
        Box::new(organisations::themes.like(like))
    }) {
        query = query.filter(any);
    }
    if let Some(any) = any_code(wanted.sdg.iter().map(u8::to_string), |like| {
        Box::new(organisations::sdgs.like(like))
    }) {
        query = query.filter(any);
    }
    if !wanted.state.is_empty() || !wanted.membership_type.is_empty() {
        query = query.filter(holds_membership(wanted, reach, at));
    }
    if let Some(ids) = &wanted.among {
        query = query.filter(organisations::id.eq_any(ids.clone()));
    }
    query
}

type SqlCondition = Box<dyn BoxableExpression<organisations::table, MultiBackend, SqlType = Bool>>;

/// An interval of a membership holds at the moment. Correlated and written out, because Diesel cannot box a subquery that
/// looks at the outer table, and an uncorrelated one would read all memberships for every page.
fn holds_membership(wanted: &Wanted, reach: &Reach, at: Moment) -> SqlCondition {
    let held = sql::<Bool>(
        "EXISTS (SELECT 1 FROM membership_intervals held WHERE held.organisation_id = organisations.id AND held.from_day <= ",
    )
    .bind::<Date, _>(at.day)
    .sql(" AND (held.to_day IS NULL OR held.to_day > ")
    .bind::<Date, _>(at.day)
    .sql(&format!(") AND {} AND {} AND {} AND ", at.is_known("held"), is_word("held.state", &wanted.state), is_word("held.membership_type", &wanted.membership_type)));
    // An application must not be found by asking for its state: beyond the reach only public standings count.
    let public = is_word("held.state", &PUBLIC_STATES);
    match reach.scope() {
        Scope::All => Box::new(held.sql("1 = 1)")),
        Scope::None => Box::new(held.sql(&format!("{public})"))),
        Scope::One(own) => Box::new(
            held.sql(&format!("({public} OR held.country = "))
                .bind::<Text, _>(own.clone())
                .sql("))"),
        ),
    }
}

/// `column IN ('a', 'b')` for words of our own lists (letters and `_` only; anything else is left out), or truth for none.
pub(super) fn is_word(column: &str, words: &[impl AsRef<str>]) -> String {
    if words.is_empty() {
        return "1 = 1".to_owned();
    }
    let safe = words
        .iter()
        .map(AsRef::as_ref)
        .filter(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    let quoted: Vec<String> = safe.map(|w| format!("'{w}'")).collect();
    format!("{column} IN ({})", quoted.join(", "))
}

/// The states of a membership that the public may know.
pub const PUBLIC_STATES: [&str; 8] = [
    "active",
    "grace",
    "suspended",
    "lapsed",
    "withdrawn",
    "expelled",
    "dissolved",
    "merged",
];

type Condition<'a> =
    Box<dyn BoxableExpression<organisations::table, MultiBackend, SqlType = Bool> + 'a>;

fn any_code<'a>(
    codes: impl Iterator<Item = String>,
    like: impl Fn(String) -> Condition<'a>,
) -> Option<Condition<'a>> {
    let mut any: Option<Condition<'a>> = None;
    for code in codes {
        // Codes were parsed: they hold no wildcard.
        let one = like(format!("%|{code}|%"));
        any = Some(match any {
            None => one,
            Some(rest) => Box::new(rest.or(one)),
        });
    }
    any
}

/// A page of organisations by name: those that may be known of today, and are as wanted at the moment.
pub fn page(
    conn: &mut Conn,
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<OrganisationRow>, Error> {
    let mut query = narrowed(visible(reach, today), wanted, reach, at);
    if let Some(seq) = at.known {
        // An organisation's internal id is the position of its registration.
        query = query.filter(organisations::id.le(seq));
    }
    if let Some((key, number)) = &wanted.after {
        let (key, number) = (key.clone(), number.clone());
        // A row comparison is one range of the index on both databases; OR of two conditions is not.
        let sign = if wanted.descending { "<" } else { ">" };
        query = query.filter(
            sql::<Bool>(&format!(
                "(organisations.sort_key, organisations.number) {sign} ("
            ))
            .bind::<Text, _>(key)
            .sql(", ")
            .bind::<Text, _>(number)
            .sql(")"),
        );
    }
    query = if wanted.descending {
        query.order((organisations::sort_key.desc(), organisations::number.desc()))
    } else {
        query.order((organisations::sort_key.asc(), organisations::number.asc()))
    };
    Ok(query.limit(limit).load(conn)?)
}

/// What search asks of an organisation that the index found.
#[derive(Clone, Debug, Queryable)]
pub struct Among {
    /// Internal id.
    pub id: i64,
    /// Registry number.
    pub number: String,
    /// The Platform's country code.
    pub country: String,
    /// Legal form.
    pub legal_form: Option<String>,
    /// ICNP/TSO codes, between bars.
    pub themes: String,
}

/// Those among the organisations with these ids that may be known of today and are as wanted at the moment.
pub fn among(
    conn: &mut Conn,
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
    wanted: &Wanted,
    ids: &[i64],
) -> Result<Vec<Among>, Error> {
    let mut query = narrowed(visible(reach, today), wanted, reach, at);
    if let Some(seq) = at.known {
        query = query.filter(organisations::id.le(seq));
    }
    // The condition stands apart from that of the reach, which may be an OR.
    Ok(query
        .filter(organisations::id.eq_any(ids.to_vec()))
        .select((
            organisations::id,
            organisations::number,
            organisations::country,
            organisations::legal_form,
            organisations::themes,
        ))
        .load(conn)?)
}

/// The states of the memberships of these organisations at the moment, one for each organisation and state; beyond the reach
/// only public standings.
pub fn states_of(
    conn: &mut Conn,
    reach: &Reach,
    at: Moment,
    ids: &[i64],
) -> Result<Vec<String>, Error> {
    let rows: Vec<(i64, String, String)> = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq_any(ids))
        .filter(membership_intervals::from_day.le(at.day))
        .filter(
            membership_intervals::to_day
                .is_null()
                .or(membership_intervals::to_day.gt(at.day)),
        )
        .filter(sql::<Bool>(&at.is_known("membership_intervals")))
        .select((
            membership_intervals::organisation_id,
            membership_intervals::state,
            membership_intervals::country,
        ))
        .distinct()
        .load(conn)?;
    let told = rows.into_iter().filter(|(_, state, country)| {
        PUBLIC_STATES.contains(&state.as_str()) || reach.covers(country)
    });
    let held: BTreeSet<(i64, String)> = told.map(|(id, state, _)| (id, state)).collect();
    Ok(held.into_iter().map(|(_, state)| state).collect())
}

/// The organisations with these ids, whatever their visibility: callers ask for it.
pub fn by_ids(conn: &mut Conn, ids: &[i64]) -> Result<Vec<OrganisationRow>, Error> {
    Ok(organisations::table
        .filter(organisations::id.eq_any(ids))
        .load(conn)?)
}

/// Organisations that have one of these numbers as an identifier, of whatever scheme, which is told; merged ones too.
pub fn with_number(
    conn: &mut Conn,
    numbers: &[String],
) -> Result<Vec<(String, OrganisationRow)>, Error> {
    Ok(organisation_identifiers::table
        .inner_join(organisations::table)
        .filter(organisation_identifiers::canonical.eq_any(numbers))
        .order(organisations::id)
        .limit(MOST_ALIKE)
        .select((organisation_identifiers::scheme, organisations::all_columns))
        .load(conn)?)
}

/// How many organisations the list has in all.
pub fn count(
    conn: &mut Conn,
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
    wanted: &Wanted,
) -> Result<i64, Error> {
    Ok(narrowed(visible(reach, today), wanted, reach, at)
        .count()
        .get_result(conn)?)
}

/// The names of these organisations, legal ones first.
pub fn names_of(conn: &mut Conn, ids: &[i64]) -> Result<HashMap<i64, Vec<NameRow>>, Error> {
    let rows: Vec<NameRow> = organisation_names::table
        .filter(organisation_names::organisation_id.eq_any(ids))
        .order((
            organisation_names::organisation_id,
            organisation_names::item,
        ))
        .load(conn)?;
    Ok(group(rows, |r| r.organisation_id))
}

fn group<R>(rows: Vec<R>, id: impl Fn(&R) -> i64) -> HashMap<i64, Vec<R>> {
    let mut found: HashMap<i64, Vec<R>> = HashMap::new();
    for row in rows {
        found.entry(id(&row)).or_default().push(row);
    }
    found
}

/// The names of one organisation.
pub fn names(conn: &mut Conn, id: i64) -> Result<Vec<NameRow>, Error> {
    Ok(organisation_names::table
        .filter(organisation_names::organisation_id.eq(id))
        .order(organisation_names::item)
        .load(conn)?)
}

/// The identifiers of one organisation.
pub fn identifiers(conn: &mut Conn, id: i64) -> Result<Vec<IdentifierRow>, Error> {
    Ok(organisation_identifiers::table
        .filter(organisation_identifiers::organisation_id.eq(id))
        .order(organisation_identifiers::item)
        .load(conn)?)
}

/// The identifiers of these organisations.
pub fn identifiers_of(
    conn: &mut Conn,
    ids: &[i64],
) -> Result<HashMap<i64, Vec<IdentifierRow>>, Error> {
    let rows: Vec<IdentifierRow> = organisation_identifiers::table
        .filter(organisation_identifiers::organisation_id.eq_any(ids))
        .order((
            organisation_identifiers::organisation_id,
            organisation_identifiers::item,
        ))
        .load(conn)?;
    Ok(group(rows, |r| r.organisation_id))
}

/// Organisations that changed behind a position of the journal and before another, each once, up to a limit.
pub fn changed_between(
    conn: &mut Conn,
    (since, before): (i64, i64),
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let numbers = crate::journal::queries::changed(conn, (since, before), limit)?;
    Ok(organisations::table
        .filter(organisations::number.eq_any(numbers))
        .select(organisations::id)
        .load(conn)?)
}

/// The contact persons of one organisation.
pub fn contacts(conn: &mut Conn, id: i64) -> Result<Vec<ContactRow>, Error> {
    Ok(organisation_contacts::table
        .filter(organisation_contacts::organisation_id.eq(id))
        .order(organisation_contacts::item)
        .load(conn)?)
}

/// The evidence of one organisation.
pub fn evidence(conn: &mut Conn, id: i64) -> Result<Vec<EvidenceRow>, Error> {
    Ok(organisation_evidence::table
        .filter(organisation_evidence::organisation_id.eq(id))
        .order(organisation_evidence::item)
        .load(conn)?)
}

/// The relations that one organisation states.
pub fn own_relations(conn: &mut Conn, id: i64) -> Result<Vec<RelationRow>, Error> {
    Ok(organisation_relations::table
        .filter(organisation_relations::organisation_id.eq(id))
        .order(organisation_relations::item)
        .load(conn)?)
}

/// The relations of one organisation, its own and those that others state, with the other side; only to
/// organisations that this reach may know of.
pub fn relations(
    conn: &mut Conn,
    id: i64,
    reach: &Reach,
    today: NaiveDate,
) -> Result<Vec<(RelationRow, OrganisationRow)>, Error> {
    let rows: Vec<RelationRow> = organisation_relations::table
        .filter(
            organisation_relations::organisation_id
                .eq(id)
                .or(organisation_relations::other_id.eq(id)),
        )
        .order((
            organisation_relations::organisation_id,
            organisation_relations::item,
        ))
        .load(conn)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let other = |r: &RelationRow| {
        if r.organisation_id == id {
            r.other_id
        } else {
            r.organisation_id
        }
    };
    let ids: Vec<i64> = rows.iter().map(other).collect();
    let others: Vec<OrganisationRow> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .load(conn)?;
    let mut known: BTreeMap<i64, OrganisationRow> = BTreeMap::new();
    for other in others {
        if merged::may_know(conn, &other, reach, today)? {
            known.insert(other.id, other);
        }
    }
    Ok(rows
        .into_iter()
        .filter_map(|r| known.get(&other(&r)).cloned().map(|o| (r, o)))
        .collect())
}

/// True when an event or an open proposal of the organisation's memberships names this evidence.
pub fn is_evidence_used(conn: &mut Conn, id: i64, item: i32) -> Result<bool, Error> {
    let mut texts: Vec<String> = membership_events::table
        .inner_join(memberships::table.on(memberships::id.eq(membership_events::membership_id)))
        .filter(memberships::organisation_id.eq(id))
        .select(membership_events::details)
        .load(conn)?;
    let open: Vec<String> = proposals::table
        .filter(proposals::organisation_id.eq(id))
        .filter(proposals::status.eq("open"))
        .select(proposals::body)
        .load(conn)?;
    texts.extend(open);
    texts.extend(evidence_of_undoing(conn, id)?);
    for text in texts {
        let value: serde_json::Value = serde_json::from_str(&text).map_err(Error::internal)?;
        if names_evidence(&value, item) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was proposed or decided about undoing merges into this organisation: its evidence stands here, because the merged record
/// takes none.
fn evidence_of_undoing(conn: &mut Conn, id: i64) -> Result<Vec<String>, Error> {
    let number = by_id(conn, id)?.number;
    Ok(proposals::table
        .filter(proposals::act.eq("unmerge"))
        .filter(proposals::status.eq_any(["open", "approved"]))
        .filter(proposals::body.like(format!("%\"successor\":\"{number}\"%")))
        .select(proposals::body)
        .load(conn)?)
}

/// Looks for the item in any list that is called `evidence`.
fn names_evidence(value: &serde_json::Value, item: i32) -> bool {
    let serde_json::Value::Object(members) = value else {
        return false;
    };
    members.iter().any(|(name, member)| match member {
        serde_json::Value::Array(items) if name == "evidence" => {
            items.iter().any(|i| i.as_i64() == Some(i64::from(item)))
        }
        inner => names_evidence(inner, item),
    })
}

/// How other files name one organisation.
pub fn references(conn: &mut Conn, id: i64) -> Result<Vec<ReferenceRow>, Error> {
    Ok(organisation_references::table
        .filter(organisation_references::organisation_id.eq(id))
        .order((
            organisation_references::source,
            organisation_references::reference,
        ))
        .load(conn)?)
}

/// Organisation, membership, state, type, first day, day after the last.
pub(super) type IntervalRow = (i64, i64, String, String, NaiveDate, Option<NaiveDate>);

/// What is public of the memberships of these organisations at a moment.
pub fn memberships_of(
    conn: &mut Conn,
    ids: &[i64],
    at: Moment,
) -> Result<HashMap<i64, Vec<MembershipSummary>>, Error> {
    let rows: Vec<IntervalRow> = membership_intervals::table
        .filter(membership_intervals::organisation_id.eq_any(ids))
        .filter(membership_intervals::from_day.le(at.day))
        .filter(sql::<Bool>(&at.is_known("membership_intervals")))
        .filter(membership_intervals::state.eq_any(PUBLIC_STATES))
        .order((
            membership_intervals::organisation_id,
            membership_intervals::membership_id,
            membership_intervals::from_day,
        ))
        .select((
            membership_intervals::organisation_id,
            membership_intervals::membership_id,
            membership_intervals::state,
            membership_intervals::membership_type,
            membership_intervals::from_day,
            membership_intervals::to_day,
        ))
        .load(conn)?;
    let mut found: HashMap<i64, Vec<MembershipSummary>> = HashMap::new();
    for (id, intervals) in group(rows, |r| r.0) {
        found.insert(id, summaries(&intervals, at.day));
    }
    Ok(found)
}

/// The runs of membership that the intervals make, each membership's in order of days.
pub(super) fn summaries(intervals: &[IntervalRow], day: NaiveDate) -> Vec<MembershipSummary> {
    let mut found: Vec<(i64, MembershipSummary)> = Vec::new();
    for (_, membership, state, kind, from, to) in intervals {
        let member = matches!(state.as_str(), "active" | "grace" | "suspended");
        let ended = to.filter(|to| *to <= day);
        let mut run = found
            .last_mut()
            .filter(|(id, s)| id == membership && s.until == Some(*from));
        // It goes on with another type, as a run of its own.
        if let Some((_, last)) = &mut run
            && member
            && last.membership_type != *kind
        {
            TYPE_CHANGED.clone_into(&mut last.standing);
            last.member = false;
            run = None;
        }
        match run {
            // The run of membership goes on in another standing, or has just ended.
            Some((_, last)) => {
                last.standing.clone_from(state);
                last.member = member;
                if member {
                    last.until = ended;
                }
            }
            None if member => found.push((
                *membership,
                MembershipSummary {
                    membership_type: kind.clone(),
                    standing: state.clone(),
                    member,
                    since: *from,
                    until: ended,
                },
            )),
            None => {}
        }
    }
    found.into_iter().map(|(_, s)| s).collect()
}

/// A name that folds like another one.
pub struct SameName {
    /// The name.
    pub name: NameRow,
    /// The country that has it.
    pub country: String,
    /// The organisation that answers for it.
    pub row: OrganisationRow,
}

/// Organisations whose folded name is one of these, or that took over one which has it: its names are former ones of theirs.
///
/// The names first and then their organisations: in one statement, a database without statistics would rather walk the
/// whole country and look for each organisation among the names.
pub fn with_same_name(conn: &mut Conn, skeletons: &[String]) -> Result<Vec<SameName>, Error> {
    let names: Vec<NameRow> = organisation_names::table
        .filter(organisation_names::key_skeleton.eq_any(skeletons))
        .limit(MOST_ALIKE_ANYWHERE)
        .load(conn)?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<i64> = names.iter().map(|n| n.organisation_id).collect();
    let rows: Vec<OrganisationRow> = organisations::table
        .filter(organisations::id.eq_any(ids))
        .load(conn)?;
    let ends = merged::ends_of(conn, &rows)?;
    let rows: HashMap<i64, OrganisationRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut found: Vec<SameName> = names
        .into_iter()
        .filter_map(|mut name| {
            let holder = rows.get(&name.organisation_id)?;
            let row = ends.get(&holder.id).unwrap_or(holder).clone();
            if name.organisation_id != row.id && name.kind != "acronym" {
                "former".clone_into(&mut name.kind);
            }
            Some(SameName {
                name,
                country: holder.country.clone(),
                row,
            })
        })
        .collect();
    found.sort_by(|a, b| {
        (&a.row.sort_key, &a.row.number, a.name.item).cmp(&(
            &b.row.sort_key,
            &b.row.number,
            b.name.item,
        ))
    });
    Ok(found)
}

/// How many organisations of the same identifier are looked at.
const MOST_ALIKE: i64 = 200;
/// How many names that fold alike are looked at, of all countries.
const MOST_ALIKE_ANYWHERE: i64 = 4_000;

/// The organisation of a country that a file's row names.
pub fn by_reference(
    conn: &mut Conn,
    country: &str,
    source: &str,
    reference: &str,
) -> Result<Option<OrganisationRow>, Error> {
    let id: Option<i64> = organisation_references::table
        .find((source, reference, country))
        .select(organisation_references::organisation_id)
        .first(conn)
        .optional()?;
    id.map(|id| by_id(conn, id)).transpose()
}
