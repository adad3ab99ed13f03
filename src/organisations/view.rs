//! From rows to what a reader may see.

use chrono::NaiveDate;

use super::dto::{
    Contact, Description, Evidence, Identifier, Name, Organisation, OrganisationSummary,
    PrivateFacts, Reference, Relation,
};
use super::model::{RelationKind, split_codes};
use super::rows::{
    ContactRow, EvidenceRow, IdentifierRow, NameRow, OrganisationRow, ReferenceRow, RelationRow,
};
use super::whole::{self, IdentifierPart, NamePart, Whole};
use super::{merged, queries};
use crate::auth::Reach;
use crate::countries::Countries;
use crate::db::{Conn, Instant};
use crate::http::Error;
use crate::journal::Moment;

/// One organisation as this reach may see it.
pub fn organisation(
    conn: &mut Conn,
    countries: &Countries,
    whole: Whole,
    reach: &Reach,
    today: NaiveDate,
) -> Result<Organisation, Error> {
    let row = whole.row;
    let officer = reach.covers(&row.country);
    let predecessors = if whole.took_over {
        merged::predecessors(conn, countries, &row, reach, today)?
    } else {
        Vec::new()
    };
    let private = if officer {
        Some(private_facts(conn, &row, reach)?)
    } else {
        None
    };
    Ok(Organisation {
        names: whole.names.into_iter().map(name_part).collect(),
        identifiers: whole
            .identifiers
            .into_iter()
            .filter(|i| officer || is_public_scheme(countries, &i.1))
            .map(|i| identifier_part(i, officer))
            .collect(),
        relations: whole
            .relations
            .into_iter()
            .map(|(relation, other)| relation_of(row.id, &relation, other))
            .collect::<Result<_, Error>>()?,
        predecessors,
        memberships: whole.memberships,
        themes: split_codes(&row.themes),
        sdgs: sdgs(&row.sdgs),
        descriptions: descriptions(&row)?,
        email: row.email.filter(|_| row.email_public),
        number: row.number,
        country: row.country,
        name: row.name,
        legal_form: row.legal_form,
        city: row.city,
        region: row.region,
        website: row.website,
        founded_year: row.founded_year,
        private,
    })
}

fn name_part(NamePart(id, kind, text, language): NamePart) -> Name {
    Name {
        id,
        kind,
        text,
        language,
    }
}

fn identifier_part(part: IdentifierPart, officer: bool) -> Identifier {
    let IdentifierPart(id, scheme, value, canonical, verdict, override_reason, shared_reason) =
        part;
    Identifier {
        id,
        scheme,
        value,
        canonical,
        verdict,
        override_reason: override_reason.filter(|_| officer),
        shared_reason: shared_reason.filter(|_| officer),
    }
}

/// A relation as the organisation with this id sees it, whichever side states it.
pub fn relation_of(
    own_id: i64,
    relation: &RelationRow,
    other: OrganisationRow,
) -> Result<Relation, Error> {
    let own = relation.organisation_id == own_id;
    let stated: RelationKind = relation.kind.parse().map_err(Error::internal)?;
    let kind = if own { stated } else { stated.inverse() };
    Ok(Relation {
        id: own.then_some(relation.item),
        kind: kind.as_str().to_owned(),
        organisation: other.number,
        name: other.name,
    })
}

/// The descriptions in their column.
pub fn descriptions(row: &OrganisationRow) -> Result<Vec<Description>, Error> {
    serde_json::from_str(&row.descriptions).map_err(Error::internal)
}

/// The goals in their column.
pub fn sdgs(column: &str) -> Vec<u8> {
    let mut goals: Vec<u8> = split_codes(column)
        .iter()
        .filter_map(|s| s.parse().ok())
        .collect();
    goals.sort_unstable();
    goals
}

/// True when everybody may see numbers of this scheme; what no file lists is not shown.
pub fn is_public_scheme(countries: &Countries, scheme: &str) -> bool {
    countries.scheme(scheme).is_some_and(|(_, s)| s.public)
}

/// A name on the wire.
pub fn name(row: NameRow) -> Name {
    Name {
        id: row.item,
        kind: row.kind,
        text: row.text,
        language: row.language,
    }
}

/// An identifier on the wire.
pub fn identifier(row: IdentifierRow, officer: bool) -> Identifier {
    Identifier {
        id: row.item,
        scheme: row.scheme,
        value: row.value,
        canonical: row.canonical,
        verdict: row.verdict,
        override_reason: row.override_reason.filter(|_| officer),
        shared_reason: row.shared_reason.filter(|_| officer),
    }
}

fn private_facts(
    conn: &mut Conn,
    row: &OrganisationRow,
    reach: &Reach,
) -> Result<PrivateFacts, Error> {
    let contacts = if reach.covers_contacts(&row.country) {
        queries::contacts(conn, row.id)?
    } else {
        Vec::new()
    };
    let evidence = queries::evidence(conn, row.id)?;
    let references = queries::references(conn, row.id)?;
    Ok(private_part(
        row.clone(),
        row,
        contacts,
        evidence,
        references,
    ))
}

/// What officers see of a record's facts; whether it is public or withheld is told as it is `now`.
pub fn private_part(
    row: OrganisationRow,
    now: &OrganisationRow,
    contacts: Vec<ContactRow>,
    evidence: Vec<EvidenceRow>,
    references: Vec<ReferenceRow>,
) -> PrivateFacts {
    PrivateFacts {
        version: row.version,
        created_at: Instant(row.created_at),
        updated_at: Instant(row.updated_at),
        updated_by: row.updated_by,
        public_from: now.public_from,
        dissolved_on: row.dissolved_on,
        withheld: now.withheld,
        withheld_reason: now.withheld_reason.clone(),
        founded_on: row.founded_on,
        address: row.address,
        email: row.email,
        email_public: row.email_public,
        phone: row.phone,
        notes: row.notes,
        contacts: contacts
            .into_iter()
            .map(|c| Contact {
                id: c.item,
                name: c.name,
                position: c.position,
                email: c.email,
                phone: c.phone,
            })
            .collect(),
        evidence: evidence
            .into_iter()
            .map(|e| Evidence {
                id: e.item,
                kind: e.kind,
                issuer: e.issuer,
                issued_on: e.issued_on,
                sha256: e.sha256,
                note: e.note,
            })
            .collect(),
        references: references
            .into_iter()
            .map(|r| Reference {
                source: r.source,
                reference: r.reference,
            })
            .collect(),
    }
}

/// The rows of a list as this reach may see them.
pub fn summaries(
    conn: &mut Conn,
    rows: &[OrganisationRow],
    reach: &Reach,
    (today, at): (NaiveDate, Moment),
) -> Result<Vec<OrganisationSummary>, Error> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut lists = whole::shown(conn, &ids, at)?;
    let ends = merged::ends_of(conn, rows)?;
    Ok(rows
        .iter()
        .map(|row| (row, lists.remove(&row.id).unwrap_or_default()))
        .map(|(row, shown)| OrganisationSummary {
            number: row.number.clone(),
            country: row.country.clone(),
            name: row.name.clone(),
            names: shown.names.into_iter().map(name_part).collect(),
            legal_form: row.legal_form.clone(),
            city: row.city.clone(),
            region: row.region.clone(),
            website: row.website.clone(),
            themes: split_codes(&row.themes),
            sdgs: sdgs(&row.sdgs),
            memberships: shown.memberships,
            merged_into: ends
                .get(&row.id)
                .filter(|end| queries::may_know(end, reach, today))
                .map(|end| end.number.clone()),
            public: reach
                .covers(&row.country)
                .then(|| queries::may_know(row, &Reach::public(), today)),
            found: None,
        })
        .collect())
}
