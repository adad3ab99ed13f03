//! Registering an organisation: the one way in, for the API, the import and the demo data.
//!
//! Its inserts are compiled for each database ([`dialect!`](crate::dialect)): Diesel then knows their text without
//! writing it anew for every row, which lists of 100,000 rows feel.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::alike::{Facts, FoldedFacts};
use super::candidates::{self, Lookout};
use super::change;
use super::distinct::{self, Warning, Way};
use super::dto::{Candidate, NewIdentifier, NewName, RegisterOrganisation};
use super::model::{NameKind, join_codes};
use super::number::RegistryNumber;
use super::queries;
use super::rows::{IdentifierRow, NameRow, OrganisationRow, ReferenceRow};
use crate::auth::Acting;
use crate::auth::reads::What;
use crate::countries::{self, Countries, Verdict};
use crate::db::schema::{
    organisation_identifiers, organisation_names, organisation_references, organisations,
};
use crate::db::{Conn, Failure, Tx};
use crate::dialect;
use crate::http::{Code, Error, FieldError};
use crate::journal::{Batch, Entry};
use crate::search::fold;

/// What a registration brought into being.
pub struct Registered {
    /// The organisation.
    pub row: OrganisationRow,
}

/// An identifier that passed its check or was overridden with a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedIdentifier {
    /// Scheme.
    pub scheme: String,
    /// As written.
    pub value: String,
    /// As compared.
    pub canonical: String,
    /// `valid`, `unverifiable` or `invalid`.
    pub verdict: &'static str,
    /// Why an invalid value is kept.
    pub override_reason: Option<String>,
    /// Why a shared value is kept.
    pub shared_reason: Option<String>,
}

/// Registers an organisation. Refuses another country, broken rules, and what may exist already.
pub fn register(
    tx: &mut Tx<'_>,
    acting: &Acting,
    lookout: Lookout<'_>,
    body: &RegisterOrganisation,
) -> Result<Registered, Error> {
    let countries = lookout.countries;
    let country = own_country(acting, countries, &body.country)?;
    check_names(&body.names)?;
    change::one_for_each_language(&body.descriptions)?;
    if let Some(founded) = body.founded {
        founded
            .not_after(acting.now().day())
            .map_err(|e| Error::field("/founded", e.to_string()))?;
    }
    if body.identifiers.len() > 20 {
        return Err(Error::field(
            "/identifiers",
            "must have at most 20 identifiers",
        ));
    }
    let mut identifiers = Vec::new();
    for (n, identifier) in body.identifiers.iter().enumerate() {
        identifiers.push(check_identifier(
            countries,
            country,
            identifier,
            &format!("/identifiers/{n}"),
        )?);
    }
    for (n, identifier) in identifiers.iter().enumerate() {
        let double = identifiers
            .iter()
            .take(n)
            .any(|o| o.scheme == identifier.scheme && o.canonical == identifier.canonical);
        if double {
            return Err(Error::field(
                format!("/identifiers/{n}"),
                "stands twice in the list",
            ));
        }
        let pointer = format!("/identifiers/{n}/value");
        refuse_taken(tx, acting, identifier, None, &pointer)?;
    }
    let facts = FoldedFacts::of(facts_of(body, country, &identifiers));
    let (candidates, position) = candidates::find(tx, acting, lookout, &facts)?;
    settle_candidates(acting, &candidates, body)?;
    let known: Vec<String> = candidates.iter().map(|c| c.number.clone()).collect();
    let late = |tx: &mut Tx<'_>, before: i64| {
        let moments = (position, before);
        let mut late = candidates::find_late(tx, acting, lookout, &facts, moments)?;
        settle_candidates(acting, &late, body)?;
        late.retain(|c| !known.contains(&c.number));
        Ok(late)
    };
    let names = body.names.iter();
    let checked = Checked {
        country,
        keys: names
            .map(|name| fold::keys(name.text.as_str(), Some(country)))
            .collect(),
        identifiers,
        candidates,
        way: Way::Registration,
    };
    let mut batch = Batch::begin(tx, acting.now())?;
    let entered = enter(tx, &mut batch, acting, body, checked, late)?;
    batch.write(tx)?;
    Ok(Registered { row: entered.row })
}

/// An organisation that was written a moment ago, with its lists.
pub struct Entered {
    /// The organisation.
    pub row: OrganisationRow,
    /// Its names.
    pub names: Vec<NameRow>,
    /// Its identifiers.
    pub identifiers: Vec<IdentifierRow>,
    /// How files name it.
    pub references: Vec<ReferenceRow>,
}

/// What was found out of a registration before it is written.
pub struct Checked<'a> {
    /// The Platform's country code.
    pub country: &'a str,
    /// The keys of its names, in their order.
    pub keys: Vec<fold::Keys>,
    /// Its identifiers.
    pub identifiers: Vec<CheckedIdentifier>,
    /// Organisations that it may be, and is not.
    pub candidates: Vec<Candidate>,
    /// Where that was said.
    pub way: Way,
}

/// Writes a registration whose rules were checked, as the next entry of a batch: by [`register`], or by an import for many rows
/// at once. `late` finds, behind the journal's head and before the given position, what has come in since the candidates were
/// looked for. Behind an error the batch is of no use.
pub fn enter(
    tx: &mut Tx<'_>,
    batch: &mut Batch,
    acting: &Acting,
    body: &RegisterOrganisation,
    mut checked: Checked<'_>,
    late: impl FnOnce(&mut Tx<'_>, i64) -> Result<Vec<Candidate>, Error>,
) -> Result<Entered, Error> {
    let mut entry = batch.entry();
    checked.candidates.extend(late(tx, entry.seq())?);
    let row = insert(tx, acting, &mut entry, body, &checked)?;
    let names = insert_names(tx, &mut entry, &row, &body.names, checked.keys)?;
    let behind_names = 1 + i32::try_from(body.names.len()).map_err(Error::internal)?;
    let identifiers = (behind_names..)
        .zip(checked.identifiers)
        .map(|(item, one)| insert_identifier(tx, &mut entry, row.id, item, one))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut references = Vec::new();
    for reference in &body.references {
        let reference = ReferenceRow {
            source: reference.source.as_str().to_owned(),
            reference: reference.reference.as_str().to_owned(),
            country: row.country.clone(),
            organisation_id: row.id,
            seq: entry.seq(),
        };
        insert_reference(tx, &mut entry, &reference)?;
        references.push(reference);
    }
    if let Some(reason) = &body.distinct_reason {
        let noted = checked.candidates.iter().map(Candidate::noted);
        let noted: Vec<_> = noted.collect();
        entry.note(
            "distinct_from",
            serde_json::json!({
                "numbers": body.distinct_from, "reason": reason, "candidates": noted,
            }),
        );
        for candidate in &checked.candidates {
            let pair = (
                (row.id, row.number.as_str()),
                (candidate.id, candidate.number.as_str()),
            );
            let warning = Warning {
                verdict: candidate.verdict,
                score: candidate.score,
            };
            let (text, way) = (reason.as_str(), checked.way);
            distinct::declare(tx, acting, &mut entry, pair, text, way, Some(warning))?;
        }
    }
    batch.close(&acting.actor(), "organisation.registered", entry)?;
    Ok(Entered {
        row,
        names,
        identifiers,
        references,
    })
}

/// The country, if it exists and the caller reaches it. Another country is refused plainly: that it exists is no secret.
fn own_country<'a>(
    acting: &Acting,
    countries: &'a Countries,
    code: &str,
) -> Result<&'a str, Error> {
    let country = countries.get(code).ok_or_else(|| {
        let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
        Error::field(
            "/country",
            format!(
                "is not one of the Platform's countries: {}",
                known.join(", ")
            ),
        )
    })?;
    if !acting.reach().covers(&country.code) {
        return Err(Error::new(
            Code::Forbidden,
            format!("you may not register organisations of {}", country.code),
        )
        .at_field("/country"));
    }
    Ok(&country.code)
}

fn check_names(names: &[NewName]) -> Result<(), Error> {
    let legal = names.iter().filter(|n| n.kind == NameKind::Legal).count();
    if legal != 1 {
        return Err(Error::field(
            "/names",
            "exactly one name must be of the kind legal",
        ));
    }
    let mut fields = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let same =
            |o: &NewName| o.kind == name.kind && o.text == name.text && o.language == name.language;
        if names.iter().take(n).any(same) {
            fields.push(FieldError {
                pointer: format!("/names/{n}"),
                detail: "stands twice in the list".to_owned(),
            });
        }
    }
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Error::fields(fields))
    }
}

/// Checks an identifier. A person's number is refused without override and its value goes nowhere.
pub fn check_identifier(
    countries: &Countries,
    country: &str,
    new: &NewIdentifier,
    pointer: &str,
) -> Result<CheckedIdentifier, Error> {
    let value = super::text::clean(new.value.trim(), 100, false)
        .map_err(|e| Error::field(format!("{pointer}/value"), e.to_string()))?;
    // In a spreadsheet `-` and its like say that there is none.
    if !value.chars().any(char::is_alphanumeric) {
        let text = "must hold a letter or a digit; leave the identifier out where there is none";
        return Err(Error::field(format!("{pointer}/value"), text));
    }
    let checked = countries::check(countries, Some(country), &new.scheme, &value).map_err(|_| {
        Error::field(format!("{pointer}/scheme"), "is not a scheme of this country, an international one or an org-id.guide prefix; GET /v1/countries lists them")
    })?;
    if let Some((Some(home), _)) = countries.scheme(&checked.scheme)
        && home.code != country
    {
        return Err(Error::field(
            format!("{pointer}/scheme"),
            format!("is a scheme of {}, not of {country}", home.code),
        ));
    }
    let verdict = match checked.verdict {
        Verdict::NaturalPerson => {
            return Err(Error::new(
                Code::NaturalPersonNumber,
                "this is a person's number; leave it out",
            )
            .at_field(format!("{pointer}/value")));
        }
        Verdict::Valid => "valid",
        Verdict::Unverifiable => "unverifiable",
        Verdict::Invalid => "invalid",
    };
    if verdict == "invalid" && new.override_reason.is_none() {
        let why = checked
            .reason
            .unwrap_or_else(|| "fails its check".to_owned());
        let hint = checked
            .suggestion
            .map(|s| format!("; did you mean {s}?"))
            .unwrap_or_default();
        return Err(Error::field(
            format!("{pointer}/value"),
            format!("{why}{hint} To keep it all the same, give override_reason"),
        ));
    }
    Ok(CheckedIdentifier {
        canonical: checked.canonical.unwrap_or_else(|| value.clone()),
        scheme: checked.scheme,
        value,
        verdict,
        override_reason: new
            .override_reason
            .as_ref()
            .filter(|_| verdict == "invalid")
            .map(|r| r.as_str().to_owned()),
        shared_reason: new.shared_reason.as_ref().map(|r| r.as_str().to_owned()),
    })
}

/// Refuses an identifier that another organisation has, or took over by a merge, unless it is shared with a reason. The other's
/// number is told only to those who may know of it. `own` is the organisation that would have it.
pub fn refuse_taken(
    tx: &mut Tx<'_>,
    acting: &Acting,
    identifier: &CheckedIdentifier,
    own: Option<i64>,
    pointer: &str,
) -> Result<(), Error> {
    if identifier.shared_reason.is_some() {
        return Ok(());
    }
    let holders = queries::with_identifier(tx, &identifier.scheme, &identifier.canonical)?;
    let today = acting.now().day();
    let mut others = holders.iter().filter(|(_, row)| own != Some(row.id));
    if let Some((_, holder)) = others.find(|(i, _)| i.exclusive) {
        let mut error = taken(&identifier.scheme).at_field(pointer);
        if queries::may_know(holder, acting.reach(), today) {
            error = error.with("organisation", serde_json::json!(holder.number));
        }
        return Err(error);
    }
    Ok(())
}

fn taken(scheme: &str) -> Error {
    Error::new(
        Code::DuplicateIdentifier,
        format!(
            "another organisation has this {scheme}; a number that is really shared needs shared_reason"
        ),
    )
}

/// What a registration says, to be compared.
fn facts_of(
    body: &RegisterOrganisation,
    country: &str,
    identifiers: &[CheckedIdentifier],
) -> Facts {
    let named = |name: &NewName| (name.kind.as_str().to_owned(), name.text.as_str().to_owned());
    Facts {
        country: country.to_owned(),
        names: body.names.iter().map(named).collect(),
        elsewhere: BTreeMap::new(),
        city: body.city.as_ref().map(|city| city.as_str().to_owned()),
        website: body.website.as_ref().map(|w| w.as_str().to_owned()),
        former_websites: Vec::new(),
        email: body
            .email
            .as_ref()
            .map(|email| (email.as_str().to_owned(), body.email_public)),
        phone: body.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        identifiers: identifiers
            .iter()
            .map(|one| (one.scheme.clone(), one.value.clone(), one.canonical.clone()))
            .collect(),
    }
}

/// The folded key that names are found by; names that fold to nothing have their raw text.
pub fn name_key(keys: &fold::Keys) -> String {
    if keys.skeleton.is_empty() {
        keys.raw.clone()
    } else {
        keys.skeleton.clone()
    }
}

fn settle_candidates(
    acting: &Acting,
    candidates: &[Candidate],
    body: &RegisterOrganisation,
) -> Result<(), Error> {
    if !body.distinct_from.is_empty() && body.distinct_reason.is_none() {
        return Err(Error::field(
            "/distinct_reason",
            "is required with distinct_from: say how they differ",
        ));
    }
    let unsettled = candidates
        .iter()
        .any(|c| !body.distinct_from.iter().any(|n| n.as_str() == c.number));
    if !unsettled {
        return Ok(());
    }
    // The records beside the registration hold private numbers of those that the caller reaches.
    let reached = |c: &&Candidate| acting.reach().covers(&c.country);
    for candidate in candidates.iter().filter(reached) {
        let numbers = candidate.side_by_side.iter();
        if numbers
            .into_iter()
            .any(|one| one.field == "identifiers" && !one.second.is_empty())
        {
            acting.saw(What::OrganisationPrivate, &candidate.number, 1);
        }
    }
    Err(Error::new(
        Code::PossibleDuplicate,
        "this organisation may be registered already; if it is none of the candidates, name them in distinct_from and give distinct_reason",
    )
    .with("candidates", serde_json::json!(candidates)))
}

/// Writes the organisation's own row; its id is the entry's position.
fn insert(
    tx: &mut Tx<'_>,
    acting: &Acting,
    entry: &mut Entry,
    body: &RegisterOrganisation,
    checked: &Checked<'_>,
) -> Result<OrganisationRow, Error> {
    let text = |t: &Option<super::text::Line>| t.as_ref().map(|t| t.as_str().to_owned());
    let long = |t: &Option<super::text::LongText>| t.as_ref().map(|t| t.as_str().to_owned());
    let mut names = body.names.iter().zip(&checked.keys);
    let (legal, sort_key) = names
        .find(|(n, _)| n.kind == NameKind::Legal)
        .map(|(n, keys)| (n.text.as_str(), sorted_by(keys)))
        .unwrap_or_default();
    let mut row = OrganisationRow {
        id: entry.seq(),
        number: String::new(),
        country: checked.country.to_owned(),
        name: legal.to_owned(),
        sort_key: sort_key.to_owned(),
        legal_form: text(&body.legal_form),
        city: text(&body.city),
        region: text(&body.region),
        website: body.website.as_ref().map(|w| w.as_str().to_owned()),
        themes: join_codes(body.themes.iter().map(|t| t.as_str().to_owned())),
        sdgs: join_codes(body.sdgs.iter().map(|s| u8::from(*s).to_string())),
        descriptions: serde_json::to_string(&body.descriptions).map_err(Error::internal)?,
        founded_year: body.founded.map(|f| f.year()),
        founded_on: body.founded.and_then(|f| f.day()),
        address: long(&body.address),
        email: body.email.as_ref().map(|e| e.as_str().to_owned()),
        email_public: body.email_public,
        phone: body.phone.as_ref().map(|p| p.as_str().to_owned()),
        notes: long(&body.notes),
        public_from: None,
        withheld: false,
        withheld_reason: None,
        merged_into: None,
        dissolved_on: None,
        merged_on: None,
        created_at: entry.recorded_at().0,
        updated_at: entry.recorded_at().0,
        updated_by: acting.actor().to_string(),
        next_item: 1 + i32::try_from(body.names.len() + checked.identifiers.len())
            .map_err(Error::internal)?,
        version: 1,
        seq: entry.seq(),
    };
    // 35 random bits among a million organisations meet once in some 34,000 draws: draw again then.
    for _ in 0..8 {
        row.number = RegistryNumber::random()
            .map_err(Error::internal)?
            .to_string();
        let conn: &mut Conn = &mut *tx;
        let written = dialect!(conn, |c| diesel::insert_into(organisations::table)
            .values(&row)
            .on_conflict(organisations::number)
            .do_nothing()
            .execute(c))?;
        if written == 1 {
            entry.about(format!("organisation:{}", row.number));
            entry.of_organisation(row.number.clone());
            entry.now(&row)?;
            return Ok(row);
        }
    }
    Err(Error::internal(
        "no free registry number was drawn in eight tries",
    ))
}

/// What names are sorted by: binary order of the folded name, the same on both databases.
pub fn sort_key(legal: &str, country: &str) -> String {
    sorted_by(&fold::keys(legal, Some(country))).to_owned()
}

fn sorted_by(keys: &fold::Keys) -> &str {
    if keys.plain.is_empty() {
        &keys.raw
    } else {
        &keys.plain
    }
}

fn insert_names(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    row: &OrganisationRow,
    names: &[NewName],
    folded: Vec<fold::Keys>,
) -> Result<Vec<NameRow>, Error> {
    (1..)
        .zip(names.iter().zip(folded))
        .map(|(n, (name, keys))| insert_folded(tx, entry, row, n, name, keys))
        .collect()
}

/// Writes one name with its keys.
pub fn insert_name(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    row: &OrganisationRow,
    item: i32,
    new: &NewName,
) -> Result<NameRow, Error> {
    let keys = fold::keys(new.text.as_str(), Some(&row.country));
    insert_folded(tx, entry, row, item, new, keys)
}

fn insert_folded(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    row: &OrganisationRow,
    item: i32,
    new: &NewName,
    keys: fold::Keys,
) -> Result<NameRow, Error> {
    let name = NameRow {
        organisation_id: row.id,
        item,
        kind: new.kind.as_str().to_owned(),
        text: new.text.as_str().to_owned(),
        language: new.language.as_ref().map(|l| l.as_str().to_owned()),
        key_skeleton: name_key(&keys),
        key_plain: keys.plain,
        fold_version: fold::FOLD_VERSION,
        seq: entry.seq(),
    };
    let conn: &mut Conn = &mut *tx;
    dialect!(conn, |c| diesel::insert_into(organisation_names::table)
        .values(&name)
        .execute(c))?;
    entry.now(&name)?;
    Ok(name)
}

/// A name with the keys that it has in a country.
pub fn refolded(name: &NameRow, country: &str, seq: i64) -> NameRow {
    let keys = fold::keys(&name.text, Some(country));
    NameRow {
        key_skeleton: name_key(&keys),
        key_plain: keys.plain,
        fold_version: fold::FOLD_VERSION,
        seq,
        ..name.clone()
    }
}

/// Writes a name that is there already.
pub fn save_name(tx: &mut Tx<'_>, name: &NameRow) -> Result<(), Error> {
    diesel::update(organisation_names::table.find((name.organisation_id, name.item)))
        .set(name)
        .execute(&mut **tx)?;
    Ok(())
}

/// Gives a name the keys that it has in a country now, where it has others.
pub fn rekey(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    before: &NameRow,
    country: &str,
) -> Result<(), Error> {
    if refolded(before, country, before.seq) == *before {
        return Ok(());
    }
    let after = refolded(before, country, entry.seq());
    save_name(tx, &after)?;
    entry.changed(before, &after)
}

/// Writes one identifier; a number that somebody else took in the meantime is a field error.
pub fn insert_identifier(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    organisation_id: i64,
    item: i32,
    checked: CheckedIdentifier,
) -> Result<IdentifierRow, Error> {
    let row = IdentifierRow {
        organisation_id,
        item,
        exclusive: checked.shared_reason.is_none(),
        scheme: checked.scheme,
        value: checked.value,
        canonical: checked.canonical,
        verdict: checked.verdict.to_owned(),
        override_reason: checked.override_reason,
        shared_reason: checked.shared_reason,
        seq: entry.seq(),
    };
    let conn: &mut Conn = &mut *tx;
    let done = dialect!(conn, |c| diesel::insert_into(
        organisation_identifiers::table
    )
    .values(&row)
    .execute(c));
    match done.map_err(Failure::from) {
        Ok(_) => {
            entry.now(&row)?;
            Ok(row)
        }
        Err(Failure::Unique(name)) if name == "organisation_identifiers_scheme_canonical_key" => {
            Err(taken(&row.scheme).at_field("/identifiers"))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Writes one reference of another file.
pub fn insert_reference(
    tx: &mut Tx<'_>,
    entry: &mut Entry,
    row: &ReferenceRow,
) -> Result<(), Error> {
    let conn: &mut Conn = &mut *tx;
    let done = dialect!(conn, |c| diesel::insert_into(
        organisation_references::table
    )
    .values(row)
    .execute(c));
    match done.map_err(Failure::from) {
        Ok(_) => entry.now(row),
        Err(Failure::Unique(_)) => Err(Error::new(
            Code::Conflict,
            "another organisation has this source and reference",
        )
        .at_field("/references")),
        Err(failure) => Err(failure.into()),
    }
}

/// Today for a caller: the UTC date.
pub fn today(acting: &Acting) -> NaiveDate {
    acting.now().day()
}
