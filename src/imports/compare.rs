//! What a row changes of an organisation that is registered. Pure.

use super::draft::{Draft, Emptied};
use super::mask::NOT_KEPT;
use super::read::{Field, values};
use super::words::BETWEEN;
use crate::countries;
use crate::http::Error;
use crate::organisations::dto::{ChangeName, ChangeOrganisation, NewName, Patch};
use crate::organisations::model::NameKind;
use crate::organisations::register::CheckedIdentifier;
use crate::organisations::rows::{
    ContactRow, IdentifierRow, NameRow, OrganisationRow, ReferenceRow,
};
use crate::organisations::{change, view};
use crate::text::{LanguageTag, Line};

/// An organisation with its lists, as far as imports and exports look at them.
#[derive(Clone, Debug)]
pub struct Held {
    /// The organisation.
    pub row: OrganisationRow,
    /// Its names in their order.
    pub names: Vec<NameRow>,
    /// Its identifiers in their order.
    pub identifiers: Vec<IdentifierRow>,
    /// Its contact persons in their order.
    pub contacts: Vec<ContactRow>,
    /// How files name it.
    pub references: Vec<ReferenceRow>,
}

impl Held {
    /// The current legal name's row.
    pub fn legal(&self) -> Option<&NameRow> {
        self.names
            .iter()
            .find(|n| n.kind == NameKind::Legal.as_str())
    }

    /// What an export writes into the column of a field.
    pub fn cell(&self, field: &Field) -> Result<String, Error> {
        if let Some(plain) = plain_cell(&self.row, field)? {
            return Ok(plain);
        }
        let row = &self.row;
        Ok(match field {
            Field::RegistryNumber => row.number.clone(),
            Field::Name => row.name.clone(),
            Field::NameLanguage => self
                .legal()
                .and_then(|n| n.language.clone())
                .unwrap_or_default(),
            Field::NameIn(tag) => self
                .translated(tag)
                .map(|n| n.text.clone())
                .unwrap_or_default(),
            Field::AlternativeNames => self.alternatives(),
            Field::Acronyms => self.of_kind(NameKind::Acronym),
            Field::Country => row.country.clone(),
            Field::Contact => {
                let names: Vec<&str> = self.contacts.iter().map(|c| c.name.as_str()).collect();
                names.join(BETWEEN)
            }
            Field::Identifier(scheme) => self
                .identifiers
                .iter()
                .find(|i| i.scheme == *scheme)
                .map(|i| i.value.clone())
                .unwrap_or_default(),
            _ => String::new(),
        })
    }

    /// The name of a `name_…` column: the first translation in that language.
    fn translated(&self, tag: &str) -> Option<&NameRow> {
        self.names
            .iter()
            .find(|n| n.kind == NameKind::Translated.as_str() && n.language.as_deref() == Some(tag))
    }

    /// The fields of the `name_…` columns that hold something.
    pub fn translations(&self) -> impl Iterator<Item = Field> {
        self.names
            .iter()
            .filter(|n| n.kind == NameKind::Translated.as_str())
            .filter_map(|n| column_of(n.language.as_deref()))
    }

    fn of_kind(&self, kind: NameKind) -> String {
        let of_kind = self.names.iter().filter(|n| n.kind == kind.as_str());
        of_kind.map(with_language).collect::<Vec<_>>().join(BETWEEN)
    }

    fn alternatives(&self) -> String {
        let has_column = |n: &NameRow| {
            n.kind == NameKind::Translated.as_str()
                && matches!(column_of(n.language.as_deref()), Some(Field::NameIn(tag))
                    if self.translated(&tag).is_some_and(|first| first.item == n.item))
        };
        let others = self.names.iter().filter(|n| {
            n.kind != NameKind::Legal.as_str()
                && n.kind != NameKind::Acronym.as_str()
                && !has_column(n)
        });
        others.map(with_language).collect::<Vec<_>>().join(BETWEEN)
    }

    /// True where the cell says what an export of this organisation would.
    pub fn says(&self, field: &Field, cell: &str) -> Result<bool, Error> {
        let own = self.cell(field)?;
        if own.is_empty() {
            return Ok(cell.is_empty());
        }
        Ok(own == cell
            || values::clean_text(&own) == cell
            || cell == NOT_KEPT
                && (countries::may_be_person_number(&own)
                    || countries::has_form_of_person_number(None, &own)))
    }
}

/// The fields that hold one value of the organisation itself.
const PLAIN: [Field; 12] = [
    Field::LegalForm,
    Field::City,
    Field::Region,
    Field::Address,
    Field::Website,
    Field::Email,
    Field::Phone,
    Field::Notes,
    Field::FoundedOn,
    Field::Themes,
    Field::Sdg,
    Field::Description,
];

/// What an export writes into the column of a plain field; none where the field is another one.
fn plain_cell(row: &OrganisationRow, field: &Field) -> Result<Option<String>, Error> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    Ok(Some(match field {
        Field::LegalForm => text(&row.legal_form),
        Field::City => text(&row.city),
        Field::Region => text(&row.region),
        Field::Address => text(&row.address),
        Field::Website => text(&row.website),
        Field::Email => text(&row.email),
        Field::Phone => text(&row.phone),
        Field::Notes => text(&row.notes),
        Field::FoundedOn => match (row.founded_on, row.founded_year) {
            (Some(day), _) => day.to_string(),
            (None, Some(year)) => format!("{year:04}"),
            (None, None) => String::new(),
        },
        Field::Themes => crate::organisations::model::split_codes(&row.themes).join(", "),
        Field::Sdg => {
            let goals: Vec<String> = view::sdgs(&row.sdgs).iter().map(u8::to_string).collect();
            goals.join(", ")
        }
        Field::Description => {
            let parts: Vec<String> = view::descriptions(row)?
                .iter()
                .map(|d| format!("{}@{}", d.text.as_str(), d.language.as_str()))
                .collect();
            parts.join(BETWEEN)
        }
        _ => return Ok(None),
    }))
}

fn with_language(name: &NameRow) -> String {
    match &name.language {
        Some(tag) => format!("{}@{tag}", name.text),
        None => name.text.clone(),
    }
}

/// The `name_…` column of a language, where the reader knows one that means exactly it.
fn column_of(tag: Option<&str>) -> Option<Field> {
    let field: Field = format!("name_{}", tag?).parse().ok()?;
    matches!(&field, Field::NameIn(read) if Some(read.as_str()) == tag).then_some(field)
}

/// How a row found its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// By its registry number.
    Number,
    /// By the file's source and reference.
    Reference,
    /// By an equal identifier and an equal folded legal name.
    IdentifierAndName,
    /// Somebody said so.
    Resolution,
}

/// What a row changes.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Plain fields.
    pub patch: Option<ChangeOrganisation>,
    /// A new legal name.
    pub legal: Option<NewName>,
    /// The legal name's language.
    pub language: Option<(i32, ChangeName)>,
    /// Names to add.
    pub names: Vec<NewName>,
    /// Identifiers to add.
    pub identifiers: Vec<CheckedIdentifier>,
    /// Contact persons to add.
    pub contacts: Vec<Line>,
    /// Items to remove from the lists.
    pub removed_names: Vec<i32>,
    /// Identifiers to remove.
    pub removed_identifiers: Vec<i32>,
    /// Contact persons to remove.
    pub removed_contacts: Vec<i32>,
    /// The row's source and reference, where the organisation has them not yet.
    pub reference: Option<(Line, Line)>,
    /// In which columns it stands, for people.
    told: Vec<(Field, How)>,
}

impl Changes {
    /// True where there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.patch.is_none()
            && self.legal.is_none()
            && self.language.is_none()
            && self.names.is_empty()
            && self.identifiers.is_empty()
            && self.contacts.is_empty()
            && self.removed_names.is_empty()
            && self.removed_identifiers.is_empty()
            && self.removed_contacts.is_empty()
            && self.reference.is_none()
    }

    /// What changes: the columns, and what happens to what stands there. No value: it may be private.
    pub fn words(&self) -> Vec<String> {
        let told = self.told.iter().map(|(field, how)| format!("{field}{how}"));
        let reference = self.reference.as_ref();
        let noted = reference.map(|_| "the file's reference is noted".to_owned());
        told.chain(noted).collect()
    }

    fn tell(&mut self, field: Field, how: How) {
        if !self.told.contains(&(field.clone(), how)) {
            self.told.push((field, how));
        }
    }
}

/// What happens to what stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It becomes another.
    Set,
    /// Something stands beside it.
    Added,
    /// It goes.
    Cleared,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Set => "",
            Self::Added => " (added)",
            Self::Cleared => " (cleared)",
        })
    }
}

/// What the row changes of the organisation. Cells that say what an export would are left alone.
pub fn compare(draft: &Draft, held: &Held, by: MatchedBy) -> Result<Changes, Error> {
    let mut same = Vec::new();
    for (field, cell) in &draft.given {
        if held.says(field, cell)? {
            same.push(field);
        }
    }
    let same = |field: &Field| same.contains(&field);
    let mut changes = Changes::default();
    let patch = keep_same(draft.patch.clone(), &same);
    let mut after = held.row.clone();
    // Days ahead were refused when the cell was read.
    if change::patch(&mut after, patch.clone(), chrono::NaiveDate::MAX)? {
        changes.patch = Some(patch);
        for field in PLAIN {
            let (was, is) = (plain_cell(&held.row, &field)?, plain_cell(&after, &field)?);
            if was != is {
                let cleared = is.is_some_and(|cell| cell.is_empty());
                changes.tell(field, if cleared { How::Cleared } else { How::Set });
            }
        }
    }
    names(draft, held, by, &same, &mut changes);
    for (field, identifier) in &draft.identifiers {
        let has = held
            .identifiers
            .iter()
            .any(|i| i.scheme == identifier.scheme && i.canonical == identifier.canonical);
        if !has && !same(field) {
            changes.identifiers.push(identifier.clone());
            changes.tell(field.clone(), How::Added);
        }
    }
    for name in &draft.contacts {
        let has = held.contacts.iter().any(|c| c.name == name.as_str());
        if !has && !same(&Field::Contact) {
            changes.contacts.push(name.clone());
            changes.tell(Field::Contact, How::Added);
        }
    }
    for emptied in &draft.emptied {
        if *emptied != Emptied::Contacts || !same(&Field::Contact) {
            empty(emptied, held, &mut changes);
        }
    }
    let has_reference = held.references.iter().any(|r| {
        r.country == draft.country
            && r.source == draft.source.as_str()
            && r.reference == draft.reference.as_str()
    });
    if !has_reference && (draft.has_reference || by == MatchedBy::Resolution) {
        changes.reference = Some((draft.source.clone(), draft.reference.clone()));
    }
    Ok(changes)
}

fn names(
    draft: &Draft,
    held: &Held,
    by: MatchedBy,
    same: &impl Fn(&Field) -> bool,
    changes: &mut Changes,
) {
    let language = match &draft.language {
        Patch::Set(tag) => Some(tag.clone()),
        _ => None,
    };
    let has = |text: &str, language: Option<&LanguageTag>| {
        held.names.iter().any(|n| {
            n.text == text
                && (language.is_none()
                    || n.language.as_deref() == language.map(LanguageTag::as_str))
        })
    };
    let same_text = draft
        .legal
        .as_ref()
        .is_none_or(|l| l.as_str() == held.row.name)
        || same(&Field::Name);
    let sure = matches!(by, MatchedBy::Number | MatchedBy::Reference);
    match &draft.legal {
        Some(text) if !same_text && sure => {
            changes.legal = Some(NewName {
                kind: NameKind::Legal,
                text: text.clone(),
                language,
            });
            changes.tell(Field::Name, How::Set);
        }
        Some(text) if !same_text && by == MatchedBy::Resolution && !has(text.as_str(), None) => {
            changes.names.push(NewName {
                kind: NameKind::Alias,
                text: text.clone(),
                language,
            });
            changes.tell(Field::AlternativeNames, How::Added);
        }
        _ if same_text && sure && !same(&Field::NameLanguage) => {
            if let Some(legal) = held.legal() {
                let mut after = legal.language.clone();
                draft.language.clone().apply(&mut after, String::from);
                if after != legal.language {
                    let how = match after {
                        None => How::Cleared,
                        Some(_) => How::Set,
                    };
                    changes.tell(Field::NameLanguage, how);
                    let change = ChangeName {
                        text: Patch::Keep,
                        language: draft.language.clone(),
                    };
                    changes.language = Some((legal.item, change));
                }
            }
        }
        _ => {}
    }
    for (field, name) in &draft.names {
        if !same(field) && !has(name.text.as_str(), name.language.as_ref()) {
            changes.names.push(name.clone());
            changes.tell(field.clone(), How::Added);
        }
    }
}

fn empty(emptied: &Emptied, held: &Held, changes: &mut Changes) {
    let names = |kind: NameKind, tag: Option<&str>| {
        held.names
            .iter()
            .filter(move |n| {
                n.kind == kind.as_str() && (tag.is_none() || n.language.as_deref() == tag)
            })
            .map(|n| n.item)
            .collect::<Vec<i32>>()
    };
    let (field, removed, from) = match emptied {
        Emptied::Translated(tag) => (
            Field::NameIn(tag.clone()),
            names(NameKind::Translated, Some(tag)),
            &mut changes.removed_names,
        ),
        Emptied::Aliases => (
            Field::AlternativeNames,
            names(NameKind::Alias, None),
            &mut changes.removed_names,
        ),
        Emptied::Acronyms => (
            Field::Acronyms,
            names(NameKind::Acronym, None),
            &mut changes.removed_names,
        ),
        Emptied::Identifiers(scheme) => {
            let of_scheme = held.identifiers.iter().filter(|i| i.scheme == *scheme);
            (
                Field::Identifier(scheme.clone()),
                of_scheme.map(|i| i.item).collect(),
                &mut changes.removed_identifiers,
            )
        }
        Emptied::Contacts => (
            Field::Contact,
            held.contacts.iter().map(|c| c.item).collect(),
            &mut changes.removed_contacts,
        ),
    };
    if !removed.is_empty() {
        from.extend(removed);
        changes.tell(field, How::Cleared);
    }
}

fn keep_same(patch: ChangeOrganisation, same: &impl Fn(&Field) -> bool) -> ChangeOrganisation {
    fn keep<T>(patch: Patch<T>, same: bool) -> Patch<T> {
        if same { Patch::Keep } else { patch }
    }
    ChangeOrganisation {
        legal_form: keep(patch.legal_form, same(&Field::LegalForm)),
        city: keep(patch.city, same(&Field::City)),
        region: keep(patch.region, same(&Field::Region)),
        website: keep(patch.website, same(&Field::Website)),
        themes: keep(patch.themes, same(&Field::Themes)),
        sdgs: keep(patch.sdgs, same(&Field::Sdg)),
        descriptions: keep(patch.descriptions, same(&Field::Description)),
        founded: keep(patch.founded, same(&Field::FoundedOn)),
        address: keep(patch.address, same(&Field::Address)),
        email: keep(patch.email, same(&Field::Email)),
        email_public: patch.email_public,
        phone: keep(patch.phone, same(&Field::Phone)),
        notes: keep(patch.notes, same(&Field::Notes)),
        effective_on: patch.effective_on,
    }
}
