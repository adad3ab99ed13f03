//! All SQL of imports and exports.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::compare::Held;
use super::draft::Draft;
use super::model::{Counts, Outcome, Resolution};
use super::plan::Known;
use super::rows::{ImportRow, LineRow};
use super::upload::Plan;
use crate::auth::{Acting, Scope};
use crate::db::schema::{
    import_rows, imports, organisation_contacts, organisation_identifiers, organisation_names,
    organisation_references, organisations,
};
use crate::db::{Conn, Failure, Id, MultiBackend, Tx};
use crate::dialect;
use crate::http::Error;
use crate::organisations::merged;
use crate::organisations::queries::names_of;
use crate::organisations::register::name_key;
use crate::organisations::rows::{
    ContactRow, IdentifierRow, NameRow, OrganisationRow, ReferenceRow,
};

/// Values in one `IN` list; SQLite takes 32,766 in one statement.
const AT_ONCE: usize = 4_000;

/// Loads the part of the register that these rows may touch: organisations of the rows' own countries, by number,
/// reference, identifier and folded name. An identifier is looked up everywhere, because it is unique everywhere.
///
/// Every query goes along one index by its own values alone. With the country in it, SQLite would rather read the whole
/// country for each chunk; what is of another country is left out afterwards.
pub fn known(conn: &mut Conn, drafts: &[(&Draft, Option<&Resolution>)]) -> Result<Known, Error> {
    let mut known = Known::default();
    let countries: BTreeSet<&str> = drafts.iter().map(|(d, _)| d.country.as_str()).collect();
    let mut rows = by_number(conn, drafts)?;
    rows.retain(|_, row| countries.contains(row.country.as_str()));
    let mut whole: BTreeSet<i64> = rows.keys().copied().collect();
    for reference in by_reference(conn, drafts)? {
        if countries.contains(reference.country.as_str()) {
            whole.insert(reference.organisation_id);
            let key = (reference.country, reference.source, reference.reference);
            known.by_reference.insert(key, reference.organisation_id);
        }
    }
    let identifiers = by_identifier(conn, drafts)?;
    whole.extend(identifiers.iter().map(|i| i.organisation_id));
    let names = by_name(conn, drafts)?;
    let ids: BTreeSet<i64> = whole
        .iter()
        .copied()
        .chain(names.iter().map(|n| n.organisation_id))
        .filter(|id| !rows.contains_key(id))
        .collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    for part in ids.chunks(AT_ONCE) {
        let found: Vec<OrganisationRow> = organisations::table
            .filter(organisations::id.eq_any(part))
            .load(conn)?;
        rows.extend(found.into_iter().map(|r| (r.id, r)));
    }
    for name in names {
        let row = rows.get(&name.organisation_id);
        let wanted = |r: &&OrganisationRow| {
            r.merged_into.is_none() && countries.contains(r.country.as_str())
        };
        if let Some(row) = row.filter(wanted) {
            let key = (row.country.clone(), name.key_skeleton.clone());
            known.by_name.entry(key).or_default().push(name);
        }
    }
    // What an organisation took over by a merge is its own here.
    let merged_rows: Vec<OrganisationRow> = identifiers
        .iter()
        .filter_map(|i| rows.get(&i.organisation_id))
        .filter(|row| row.merged_into.is_some())
        .cloned()
        .collect();
    let ends = merged::ends_of(conn, &merged_rows)?;
    for identifier in identifiers {
        let key = (identifier.scheme, identifier.canonical);
        let holders = known.by_identifier.entry(key).or_default();
        match ends.get(&identifier.organisation_id) {
            None => holders.push((identifier.organisation_id, identifier.exclusive)),
            Some(end) => holders.push((end.id, identifier.shared_reason.is_none())),
        }
    }
    for (_, end) in ends {
        whole.insert(end.id);
        rows.insert(end.id, end);
    }
    fill(conn, &mut known, rows, &whole)?;
    Ok(known)
}

type Drafts<'a> = [(&'a Draft, Option<&'a Resolution>)];

fn by_number(conn: &mut Conn, drafts: &Drafts<'_>) -> Result<HashMap<i64, OrganisationRow>, Error> {
    let mut numbers: Vec<&str> = Vec::new();
    for (draft, resolution) in drafts {
        numbers.extend(draft.number.as_ref().map(|n| n.as_str()));
        if let Some(Resolution::SameAs { number }) = resolution {
            numbers.push(number.as_str());
        }
    }
    let mut rows = HashMap::new();
    for part in numbers.chunks(AT_ONCE) {
        let found: Vec<OrganisationRow> = organisations::table
            .filter(organisations::number.eq_any(part))
            .load(conn)?;
        rows.extend(found.into_iter().map(|r| (r.id, r)));
    }
    Ok(rows)
}

/// The organisation with this registry number.
pub fn with_number(conn: &mut Conn, number: &str) -> Result<Option<OrganisationRow>, Error> {
    Ok(organisations::table
        .filter(organisations::number.eq(number))
        .first(conn)
        .optional()?)
}

fn by_reference(conn: &mut Conn, drafts: &Drafts<'_>) -> Result<Vec<ReferenceRow>, Error> {
    let mut by_source: HashMap<&str, Vec<&str>> = HashMap::new();
    for (draft, _) in drafts {
        let references = by_source.entry(draft.source.as_str()).or_default();
        references.push(draft.reference.as_str());
    }
    let mut rows = Vec::new();
    for (source, references) in by_source {
        for part in references.chunks(AT_ONCE) {
            let found: Vec<ReferenceRow> = organisation_references::table
                .filter(organisation_references::source.eq(source))
                .filter(organisation_references::reference.eq_any(part))
                .load(conn)?;
            rows.extend(found);
        }
    }
    Ok(rows)
}

fn by_identifier(conn: &mut Conn, drafts: &Drafts<'_>) -> Result<Vec<IdentifierRow>, Error> {
    let wanted: BTreeSet<(&str, &str)> = drafts
        .iter()
        .flat_map(|(d, _)| &d.identifiers)
        .map(|(_, i)| (i.scheme.as_str(), i.canonical.as_str()))
        .collect();
    let mut by_scheme: HashMap<&str, Vec<&str>> = HashMap::new();
    for (scheme, canonical) in wanted {
        by_scheme.entry(scheme).or_default().push(canonical);
    }
    let mut rows = Vec::new();
    for (scheme, values) in by_scheme {
        for part in values.chunks(AT_ONCE) {
            let found: Vec<IdentifierRow> = organisation_identifiers::table
                .filter(organisation_identifiers::scheme.eq(scheme))
                .filter(organisation_identifiers::canonical.eq_any(part))
                .load(conn)?;
            rows.extend(found);
        }
    }
    Ok(rows)
}

fn by_name(conn: &mut Conn, drafts: &Drafts<'_>) -> Result<Vec<NameRow>, Error> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for name in drafts.iter().flat_map(|(draft, _)| draft.keys()) {
        keys.insert(name_key(name));
        keys.extend(name.skeleton_alt.clone());
    }
    let keys: Vec<String> = keys.into_iter().collect();
    let mut rows = Vec::new();
    for part in keys.chunks(AT_ONCE) {
        let found: Vec<NameRow> = organisation_names::table
            .filter(organisation_names::key_skeleton.eq_any(part))
            .load(conn)?;
        rows.extend(found.into_iter().filter(|n| n.kind != "acronym"));
    }
    Ok(rows)
}

/// Loads the lists of the organisations that may be matched.
fn fill(
    conn: &mut Conn,
    known: &mut Known,
    rows: HashMap<i64, OrganisationRow>,
    whole: &BTreeSet<i64>,
) -> Result<(), Error> {
    let (full, bare): (Vec<_>, Vec<_>) = rows.into_values().partition(|r| whole.contains(&r.id));
    for held in with_lists(conn, full)? {
        known.by_number.insert(held.row.number.clone(), held.row.id);
        known.held.insert(held.row.id, held);
    }
    for row in bare {
        let held = Held {
            row,
            names: Vec::new(),
            identifiers: Vec::new(),
            contacts: Vec::new(),
            references: Vec::new(),
        };
        known.held.insert(held.row.id, held);
    }
    Ok(())
}

/// Organisations with their lists, in the order given.
pub fn with_lists(conn: &mut Conn, rows: Vec<OrganisationRow>) -> Result<Vec<Held>, Error> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut found = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter();
    for part in ids.chunks(AT_ONCE) {
        let mut names = names_of(conn, part)?;
        let identifiers: Vec<IdentifierRow> = organisation_identifiers::table
            .filter(organisation_identifiers::organisation_id.eq_any(part))
            .order((
                organisation_identifiers::organisation_id,
                organisation_identifiers::item,
            ))
            .load(conn)?;
        let contacts: Vec<ContactRow> = organisation_contacts::table
            .filter(organisation_contacts::organisation_id.eq_any(part))
            .order((
                organisation_contacts::organisation_id,
                organisation_contacts::item,
            ))
            .load(conn)?;
        let references: Vec<ReferenceRow> = organisation_references::table
            .filter(organisation_references::organisation_id.eq_any(part))
            .load(conn)?;
        let mut identifiers = group(identifiers, |r| r.organisation_id);
        let mut contacts = group(contacts, |r| r.organisation_id);
        let mut references = group(references, |r| r.organisation_id);
        for row in rows.by_ref().take(part.len()) {
            found.push(Held {
                names: names.remove(&row.id).unwrap_or_default(),
                identifiers: identifiers.remove(&row.id).unwrap_or_default(),
                contacts: contacts.remove(&row.id).unwrap_or_default(),
                references: references.remove(&row.id).unwrap_or_default(),
                row,
            });
        }
    }
    Ok(found)
}

fn group<R>(rows: Vec<R>, id: impl Fn(&R) -> i64) -> HashMap<i64, Vec<R>> {
    let mut found: HashMap<i64, Vec<R>> = HashMap::new();
    for row in rows {
        found.entry(id(&row)).or_default().push(row);
    }
    found
}

/// A part of a country's register, by name; for exports.
pub fn register_part(
    conn: &mut Conn,
    country: &str,
    after: Option<&(String, String)>,
    limit: i64,
) -> Result<Vec<Held>, Error> {
    let mut query = organisations::table
        .into_boxed::<MultiBackend>()
        .filter(organisations::country.eq(country.to_owned()))
        .filter(organisations::merged_into.is_null());
    if let Some((key, number)) = after.cloned() {
        query = query.filter(
            organisations::sort_key
                .gt(key.clone())
                .or(organisations::sort_key
                    .eq(key)
                    .and(organisations::number.gt(number))),
        );
    }
    let rows: Vec<OrganisationRow> = query
        .order((organisations::sort_key.asc(), organisations::number.asc()))
        .limit(limit)
        .load(conn)?;
    with_lists(conn, rows)
}

type Boxed<'a> = imports::BoxedQuery<'a, MultiBackend>;

/// The imports that somebody may see: a coordinator the own ones of the own country, who reaches all countries all.
fn visible(acting: &Acting) -> Boxed<'static> {
    let all = imports::table.into_boxed::<MultiBackend>();
    match acting.reach().scope() {
        Scope::All => all,
        Scope::None => all.filter(imports::id.is_null()),
        Scope::One(country) => all
            .filter(imports::country.eq(country.clone()))
            .filter(imports::created_by.eq(acting.actor().to_string())),
    }
}

/// One import, if the caller may see it.
pub fn import(conn: &mut Conn, acting: &Acting, id: Id) -> Result<ImportRow, Error> {
    visible(acting)
        .filter(imports::id.eq(id.0))
        .first::<ImportRow>(conn)
        .optional()?
        .ok_or_else(|| Error::not_found("import"))
}

/// The newest import of the same file, read in the same way, whose commit the same actor began and did not end.
pub fn stopped(conn: &mut Conn, acting: &Acting, plan: &Plan) -> Result<Option<Id>, Error> {
    let reading = serde_json::to_string(&plan.reading).map_err(Error::internal)?;
    let mut query = visible(acting)
        .filter(imports::status.eq("committing"))
        .filter(imports::created_by.eq(acting.actor().to_string()))
        .filter(imports::sha256.eq(&plan.sha256))
        .filter(imports::source.eq(&plan.source))
        .filter(imports::reading.eq(reading));
    query = match &plan.default_country {
        Some(code) => query.filter(imports::default_country.eq(code)),
        None => query.filter(imports::default_country.is_null()),
    };
    let id: Option<i64> = query
        .order((imports::created_at.desc(), imports::id.desc()))
        .select(imports::id)
        .first(conn)
        .optional()?;
    Ok(id.map(Id))
}

/// The lines of an import that are neither applied nor resolved.
pub fn unresolved(tx: &mut Tx<'_>, import: i64) -> Result<BTreeSet<i32>, Error> {
    let lines: Vec<i32> = import_rows::table
        .filter(import_rows::import_id.eq(import))
        .filter(import_rows::applied.eq(false))
        .filter(import_rows::resolution.is_null())
        .select(import_rows::line)
        .load(&mut **tx)?;
    Ok(lines.into_iter().collect())
}

/// A page of imports, the newest first.
pub fn page(
    conn: &mut Conn,
    acting: &Acting,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<ImportRow>, Error> {
    let mut query = visible(acting);
    if let Some((at, id)) = after {
        query = query.filter(
            imports::created_at
                .lt(at)
                .or(imports::created_at.eq(at).and(imports::id.lt(id))),
        );
    }
    Ok(query
        .order((imports::created_at.desc(), imports::id.desc()))
        .limit(limit)
        .load(conn)?)
}

/// Which rows of an import are wanted.
#[derive(Clone, Debug, Default)]
pub struct WantedRows {
    /// Any of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// Only rows that are not applied.
    pub waiting: bool,
    /// Behind this line.
    pub after: i32,
}

/// Rows of an import by line.
pub fn lines(
    conn: &mut Conn,
    import: i64,
    wanted: &WantedRows,
    limit: i64,
) -> Result<Vec<LineRow>, Error> {
    let mut query = import_rows::table
        .into_boxed::<MultiBackend>()
        .filter(import_rows::import_id.eq(import))
        .filter(import_rows::line.gt(wanted.after));
    if !wanted.outcomes.is_empty() {
        let words: Vec<&str> = wanted.outcomes.iter().map(|o| o.as_str()).collect();
        query = query.filter(import_rows::outcome.eq_any(words));
    }
    if wanted.waiting {
        query = query.filter(import_rows::applied.eq(false));
    }
    Ok(query
        .order(import_rows::line.asc())
        .limit(limit)
        .load(conn)?)
}

/// Rows that a commit has to do, by line.
pub fn waiting(
    conn: &mut Conn,
    import: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<LineRow>, Error> {
    let sure = [Outcome::New, Outcome::Changed, Outcome::Unchanged].map(Outcome::as_str);
    let resolved = import_rows::outcome
        .eq(Outcome::PossibleDuplicate.as_str())
        .and(import_rows::resolution.is_not_null().assume_not_null());
    Ok(import_rows::table
        .filter(import_rows::import_id.eq(import))
        .filter(import_rows::line.gt(after))
        .filter(import_rows::applied.eq(false))
        .filter(import_rows::outcome.eq_any(sure).or(resolved))
        .order(import_rows::line.asc())
        .limit(limit)
        .load(conn)?)
}

/// Resolves all possible duplicates that wait and that nobody resolved; how many there were.
pub fn resolve_rest(tx: &mut Tx<'_>, import: i64, resolution: &Resolution) -> Result<usize, Error> {
    let text = serde_json::to_string(resolution).map_err(Error::internal)?;
    Ok(diesel::update(
        import_rows::table
            .filter(import_rows::import_id.eq(import))
            .filter(import_rows::applied.eq(false))
            .filter(import_rows::outcome.eq(Outcome::PossibleDuplicate.as_str()))
            .filter(import_rows::resolution.is_null()),
    )
    .set(import_rows::resolution.eq(text))
    .execute(&mut **tx)?)
}

/// One row of an import.
pub fn line(conn: &mut Conn, import: i64, line: i32) -> Result<LineRow, Error> {
    import_rows::table
        .find((import, line))
        .first(conn)
        .optional()?
        .ok_or_else(|| Error::not_found("row"))
}

/// How many rows of an import have which outcome now.
pub fn counts(conn: &mut Conn, import: i64) -> Result<Counts, Error> {
    let rows: Vec<(String, bool, i64)> = import_rows::table
        .filter(import_rows::import_id.eq(import))
        .group_by((import_rows::outcome, import_rows::applied))
        .select((
            import_rows::outcome,
            import_rows::applied,
            diesel::dsl::count_star(),
        ))
        .load(conn)?;
    let mut counts = Counts::default();
    for (word, applied, number) in rows {
        if let Some(outcome) = Outcome::ALL.into_iter().find(|o| o.as_str() == word) {
            counts.add(outcome, number);
        }
        if applied {
            counts.applied += number;
        }
    }
    Ok(counts)
}

/// Writes an import's own row for the first time.
pub fn insert_import(tx: &mut Tx<'_>, row: &ImportRow) -> Result<(), Error> {
    diesel::insert_into(imports::table)
        .values(row)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes an import's own row again.
pub fn update_import(tx: &mut Tx<'_>, row: &ImportRow) -> Result<(), Error> {
    diesel::update(imports::table.find(row.id))
        .set(row)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes rows for the first time.
pub fn insert_lines(tx: &mut Tx<'_>, rows: &[LineRow]) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    for part in rows.chunks(1_000) {
        dialect!(conn, |c| diesel::insert_into(import_rows::table)
            .values(part)
            .execute(c))
        .map_err(Failure::from)?;
    }
    Ok(())
}

/// Writes what became of many rows.
pub fn replace_lines(tx: &mut Tx<'_>, import: i64, rows: &[LineRow]) -> Result<(), Error> {
    let lines: Vec<i32> = rows.iter().map(|r| r.line).collect();
    for part in lines.chunks(AT_ONCE) {
        diesel::delete(
            import_rows::table
                .filter(import_rows::import_id.eq(import))
                .filter(import_rows::line.eq_any(part)),
        )
        .execute(&mut **tx)?;
    }
    insert_lines(tx, rows)
}

/// Writes what became of a row.
pub fn update_line(tx: &mut Tx<'_>, row: &LineRow) -> Result<(), Error> {
    diesel::update(import_rows::table.find((row.import_id, row.line)))
        .set((
            import_rows::outcome.eq(&row.outcome),
            import_rows::findings.eq(&row.findings),
            import_rows::cells.eq(&row.cells),
            import_rows::number.eq(&row.number),
            import_rows::resolution.eq(&row.resolution),
            import_rows::applied.eq(row.applied),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
