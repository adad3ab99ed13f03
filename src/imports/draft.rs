//! One row of a sheet as what it says of an organisation. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::mask::{NOT_KEPT, mask};
use super::model::{Finding, FindingCode as Code, Reading};
use super::read::Field;
use super::read::values::{self, Absence, DateValue, Parsed, SlashOrder};
use super::schemes::{self, Columns, Own};
use super::words;
use crate::auth::Reach;
use crate::countries::{self, Countries, Verdict};
use crate::http::Error;
use crate::http::Patch;
use crate::organisations::dto::{ChangeOrganisation, Description, NewIdentifier, NewName};
use crate::organisations::model::{Founded, NameKind, Sdg, Theme};
use crate::organisations::number::{NotANumber, RegistryNumber};
use crate::organisations::register::{CheckedIdentifier, check_identifier};
use crate::search::fold::{Folded, Keys};
use crate::text::{
    Email, LanguageTag, Line, LongText, OrganisationName, Phone, Reason, Refused, Website,
};

/// What holds for all rows of an import.
pub struct Frame {
    /// Headers and their meanings.
    columns: Columns,
    /// Those of the countries whose rows mean another scheme by a header.
    own: BTreeMap<String, Own>,
    /// The list that the rows come from.
    pub source: String,
    /// The country of rows that name none.
    pub default_country: Option<String>,
    /// Why identifiers that fail their check are kept.
    pub keep_invalid: Option<Reason>,
    /// How dates with slashes are read.
    pub slash: SlashOrder,
    /// Days after it lie in the future.
    pub today: NaiveDate,
    /// The spellings of legal forms.
    pub forms: words::Forms,
    /// True where the file's own encoding has every letter.
    pub unicode: bool,
}

impl Frame {
    /// The frame of an import by how its file was read.
    pub fn of(
        reading: &Reading,
        source: &str,
        default_country: Option<String>,
        countries: &Countries,
        today: NaiveDate,
    ) -> Result<Self, Error> {
        let field = |text: &String| text.parse::<Field>().map_err(Error::internal);
        let columns: Columns = reading
            .columns
            .iter()
            .map(|c| Ok((c.header.clone(), c.field.as_ref().map(field).transpose()?)))
            .collect::<Result<_, Error>>()?;
        let stated = reading.columns.iter().filter(|c| c.stated);
        let stated: BTreeSet<String> = stated.map(|c| c.header.clone()).collect();
        let own = countries.iter().filter_map(|country| {
            let own = schemes::own(&columns, &stated, countries, &country.code)?;
            Some((country.code.clone(), own))
        });
        Ok(Self {
            own: own.collect(),
            columns,
            source: source.to_owned(),
            default_country,
            keep_invalid: reading
                .keep_invalid
                .as_deref()
                .map(Reason::parse)
                .transpose()
                .map_err(Error::internal)?,
            slash: reading.slash(),
            today,
            forms: words::Forms::of(countries),
            unicode: reading.is_unicode(),
        })
    }
}

/// Why a value is left out whose letters are not all there.
const LOST: &str = "it has lost letters to the file's encoding";

/// A list of an organisation that `-` empties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emptied {
    /// Translated names in this language.
    Translated(String),
    /// Other names in use.
    Aliases,
    /// Initials.
    Acronyms,
    /// Identifiers of this scheme.
    Identifiers(String),
    /// Contact persons.
    Contacts,
}

/// What a row says.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The Platform's country code.
    pub country: String,
    /// The registry number that it names.
    pub number: Option<RegistryNumber>,
    /// The list that its reference belongs to.
    pub source: Line,
    /// Its own key in that list; a hash of the row where it has none.
    pub reference: Line,
    /// True where the row itself has the reference.
    pub has_reference: bool,
    /// The legal name.
    pub legal: Option<OrganisationName>,
    /// The legal name's language.
    pub language: Patch<LanguageTag>,
    /// Other names, with the columns that they stand in.
    pub names: Vec<(Field, NewName)>,
    /// Identifiers that may be kept, with their columns.
    pub identifiers: Vec<(Field, CheckedIdentifier)>,
    /// Contact persons.
    pub contacts: Vec<Line>,
    /// Plain fields.
    pub patch: ChangeOrganisation,
    /// Lists to be emptied.
    pub emptied: Vec<Emptied>,
    /// All names folded, in the order in which they are registered: the legal one first.
    pub folded: Vec<Arc<Folded>>,
    /// The cells by what they mean, as written.
    pub given: Vec<(Field, String)>,
    /// What is wrong with its cells.
    pub remarks: Vec<Remark>,
}

impl Draft {
    /// The keys of the legal name.
    pub fn legal_keys(&self) -> Option<&Keys> {
        let first = self.folded.first();
        self.legal.as_ref().and(first).map(|folded| &folded.keys)
    }

    /// The keys of all names but acronyms.
    pub fn keys(&self) -> impl Iterator<Item = &Keys> {
        let legal = self.legal.iter().map(|_| NameKind::Legal);
        let kinds = legal.chain(self.names.iter().map(|(_, name)| name.kind));
        let named = kinds.zip(&self.folded);
        named
            .filter(|(kind, _)| *kind != NameKind::Acronym)
            .map(|(_, folded)| &folded.keys)
    }
}

/// What is wrong with a cell.
#[derive(Clone, Debug)]
pub struct Remark {
    /// What the cell means.
    pub field: Field,
    /// True where the row cannot go in with it; otherwise only its value is left out.
    pub fatal: bool,
    /// The reason.
    pub finding: Finding,
}

/// A row that was looked at.
pub struct Looked {
    /// What it says, or why nothing can be said of it.
    pub draft: Result<Draft, Finding>,
    /// Its reference as written, for reports.
    pub reference: Option<String>,
}

/// Looks at a row. `cells` lose every person's number first, so that they may be stored afterwards.
pub fn look(frame: &Frame, countries: &Countries, reach: &Reach, cells: &mut [String]) -> Looked {
    let country = country_of(frame, countries, cells);
    let home = country.as_ref().ok().map(String::as_str);
    let own = home.and_then(|home| frame.own.get(home));
    let columns = own.map_or(&frame.columns, |own| &own.columns);
    mask(countries, home, columns, cells);
    let mut row = Row {
        frame,
        columns,
        guessed: own.map(|own| &own.guessed),
        countries,
        cells,
        remarks: Vec::new(),
    };
    let reference = row
        .cell(&Field::Reference)
        .filter(|(_, c)| values::is_missing_word(c).is_none())
        .map(|(_, c)| c.to_owned());
    let draft = match country {
        Err(finding) => Err(finding),
        Ok(country) if !reach.covers(&country) => Err(Finding::new(
            Code::NotYourCountry,
            format!("not your country: the row is of {country}"),
        )),
        Ok(country) => row.draft(country, reference.clone()),
    };
    Looked { draft, reference }
}

fn country_of(frame: &Frame, countries: &Countries, cells: &[String]) -> Result<String, Finding> {
    let at = |field: &Field| {
        frame
            .columns
            .iter()
            .position(|(_, f)| f.as_ref() == Some(field))
    };
    let column = at(&Field::Country);
    let cell = column
        .and_then(|at| cells.get(at))
        .map_or("", |c| c.as_str());
    if values::is_missing_word(cell).is_some() {
        return frame.default_country.clone().ok_or_else(|| {
            Finding::new(
                Code::NoCountry,
                "the row names no country, and none was stated for the file",
            )
        });
    }
    countries
        .recognise(cell)
        .map(|c| c.code.clone())
        .ok_or_else(|| {
            let header = column
                .and_then(|at| frame.columns.get(at))
                .map_or("", |(h, _)| h.as_str());
            Finding::new(
                Code::UnknownCountry,
                "the cell names none of the eight countries; write the code, like TRNC",
            )
            .in_column(header)
        })
}

struct Row<'a> {
    frame: &'a Frame,
    columns: &'a Columns,
    guessed: Option<&'a BTreeSet<String>>,
    countries: &'a Countries,
    cells: &'a [String],
    remarks: Vec<Remark>,
}

/// What a cell holds before it is parsed.
enum Cell<'a> {
    Missing,
    Clear,
    Text(&'a str),
}

impl<'a> Row<'a> {
    fn fault(&mut self, field: &Field, code: Code, text: impl Into<String>) {
        self.remark(field, code, true, text.into());
    }

    fn left_out(&mut self, field: &Field, why: &str) {
        self.remark(field, Code::LeftOut, false, format!("left out: {why}"));
    }

    fn remark(&mut self, field: &Field, code: Code, fatal: bool, text: String) {
        let header = self.cell(field).map_or("", |(h, _)| h).to_owned();
        self.remarks.push(Remark {
            field: field.clone(),
            fatal,
            finding: Finding::new(code, text).in_column(header),
        });
    }

    fn cell(&self, field: &Field) -> Option<(&'a str, &'a str)> {
        let is_it = |(_, f): &(String, Option<Field>)| f.as_ref() == Some(field);
        let at = self.columns.iter().position(is_it)?;
        let (header, _) = self.columns.get(at)?;
        Some((header, self.cells.get(at)?))
    }

    /// The cell of a value that the row can do without: a person's number in it is left out.
    fn optional(&mut self, field: &Field) -> Cell<'a> {
        match self.cell(field) {
            None => Cell::Missing,
            Some((_, NOT_KEPT)) => {
                self.left_out(field, "it holds or may hold a person's number");
                Cell::Missing
            }
            Some((_, cell)) => split_absence(cell),
        }
    }

    fn draft(&mut self, country: String, reference: Option<String>) -> Result<Draft, Finding> {
        let number = self.number();
        let legal = self.legal();
        let language = self.language();
        let mut emptied = Vec::new();
        let names = self.names(legal.as_ref(), &language, &mut emptied);
        let identifiers = self.identifiers(&country, &mut emptied);
        let contacts = self.contacts(&mut emptied);
        let patch = self.plain(&country, &language);
        let (source, reference, has_reference) = self.reference(&country, reference)?;
        let others = names.iter().map(|(_, name)| name.text.as_str());
        let texts = legal.iter().map(OrganisationName::as_str).chain(others);
        let folded = texts
            .map(|text| Arc::new(Folded::of(text, Some(&country))))
            .collect();
        Ok(Draft {
            number,
            source,
            reference,
            has_reference,
            legal,
            language,
            names,
            identifiers,
            contacts,
            patch,
            emptied,
            folded,
            given: self.given(),
            remarks: std::mem::take(&mut self.remarks),
            country,
        })
    }

    fn given(&self) -> Vec<(Field, String)> {
        let cells = self.columns.iter().zip(self.cells);
        cells
            .filter_map(|((_, field), cell)| Some((field.clone()?, cell.clone())))
            .filter(|(field, _)| !field.is_ignored())
            .collect()
    }

    fn number(&mut self) -> Option<RegistryNumber> {
        let (_, cell) = self.cell(&Field::RegistryNumber)?;
        if cell == NOT_KEPT {
            let text = "this is or may be a person's number, which was not kept";
            self.fault(&Field::RegistryNumber, Code::NaturalPersonNumber, text);
            return None;
        }
        let Cell::Text(text) = split_absence(cell) else {
            return None;
        };
        match text.parse() {
            Ok(number) => Some(number),
            Err(why) => {
                let why: NotANumber = why;
                self.fault(&Field::RegistryNumber, Code::UnknownNumber, why.to_string());
                None
            }
        }
    }

    fn reference(
        &self,
        country: &str,
        reference: Option<String>,
    ) -> Result<(Line, Line, bool), Finding> {
        let stated = self
            .cell(&Field::Source)
            .map(|(_, c)| c)
            .filter(|c| values::is_missing_word(c).is_none());
        let has_reference = reference.is_some();
        let text = reference.unwrap_or_else(|| self.fingerprint(country));
        let header = |field| self.cell(field).map_or("", |(h, _)| h);
        let bad = |field, code, why: String| Finding::new(code, why).in_column(header(field));
        if text == NOT_KEPT || stated == Some(NOT_KEPT) {
            return Err(bad(
                &Field::Reference,
                Code::NaturalPersonNumber,
                "the row's reference is a person's number; give the row another one".to_owned(),
            ));
        }
        let source = Line::parse(stated.unwrap_or(&self.frame.source))
            .map_err(|Refused(why)| bad(&Field::Source, Code::BadReference, why))?;
        let reference = Line::parse(&text)
            .map_err(|Refused(why)| bad(&Field::Reference, Code::BadReference, why))?;
        Ok((source, reference, has_reference))
    }

    /// The key of a row that has none: a hash of what it says, so that the same row is known again.
    fn fingerprint(&self, country: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(country.as_bytes());
        for (field, cell) in self.given() {
            if cell.is_empty() || field == Field::Country {
                continue;
            }
            for part in [field.to_string().as_str(), cell.as_str()] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let hash = hash.finalize();
        let short = data_encoding::HEXLOWER.encode(hash.get(..16).unwrap_or(&hash));
        format!("row:{short}")
    }

    /// A name, if the cell holds one that can be kept; otherwise the row is faulty.
    fn name(&mut self, field: &Field, text: &str) -> Option<OrganisationName> {
        if text == NOT_KEPT {
            self.fault(
                field,
                Code::NaturalPersonNumber,
                "the name holds or may hold a person's number, which was not kept",
            );
            return None;
        }
        if values::lost_letters(text, self.frame.unicode) {
            self.fault(
                field,
                Code::LostLetters,
                "the name has lost letters: ? stands for those that the file's encoding lacks; export the list again as CSV (UTF-8) or .xlsx",
            );
            return None;
        }
        match OrganisationName::parse(text) {
            Ok(name) => Some(name),
            Err(Refused(why)) => {
                self.fault(field, Code::BadName, format!("the name {why}"));
                None
            }
        }
    }

    fn legal(&mut self) -> Option<OrganisationName> {
        let (_, cell) = self.cell(&Field::Name)?;
        match split_absence(cell) {
            Cell::Text(text) => self.name(&Field::Name, text),
            Cell::Clear => {
                self.fault(
                    &Field::Name,
                    Code::BadName,
                    "a legal name cannot be cleared",
                );
                None
            }
            Cell::Missing => None,
        }
    }

    fn language(&mut self) -> Patch<LanguageTag> {
        let script = match self.optional(&Field::NameScript) {
            Cell::Text(text) => Some(text),
            _ => None,
        };
        match self.optional(&Field::NameLanguage) {
            Cell::Text(text) => match LanguageTag::parse(&words::tag(text, script)) {
                Ok(tag) => Patch::Set(tag),
                Err(Refused(why)) => {
                    self.left_out(&Field::NameLanguage, &why);
                    Patch::Keep
                }
            },
            Cell::Clear => Patch::Clear,
            Cell::Missing => Patch::Keep,
        }
    }

    fn names(
        &mut self,
        legal: Option<&OrganisationName>,
        language: &Patch<LanguageTag>,
        emptied: &mut Vec<Emptied>,
    ) -> Vec<(Field, NewName)> {
        let mut kept: Vec<(Field, NewName)> = Vec::new();
        let columns = self.columns;
        let set = match language {
            Patch::Set(tag) => Some(tag),
            _ => None,
        };
        for field in columns.iter().filter_map(|(_, f)| f.as_ref()) {
            let (kind, empty) = match field {
                Field::NameIn(tag) => (NameKind::Translated, Emptied::Translated(tag.clone())),
                Field::AlternativeNames => (NameKind::Alias, Emptied::Aliases),
                Field::Acronyms => (NameKind::Acronym, Emptied::Acronyms),
                _ => continue,
            };
            let text = match self.cell(field).map(|(_, c)| split_absence(c)) {
                Some(Cell::Text(text)) => text,
                Some(Cell::Clear) => {
                    emptied.push(empty);
                    continue;
                }
                _ => continue,
            };
            let parts = match field {
                Field::NameIn(tag) => vec![(text.to_owned(), LanguageTag::parse(tag).ok())],
                _ => words::several(text),
            };
            for (text, language) in parts {
                let Some(text) = self.name(field, &text) else {
                    continue;
                };
                let is_legal = legal == Some(&text)
                    && (language.is_none() || set.is_none() || language.as_ref() == set);
                let is_kept = kept
                    .iter()
                    .any(|(_, k)| k.text == text && (k.language == language || language.is_none()));
                if kept.len() == 40 {
                    self.left_out(
                        field,
                        "the row has more than 40 names; the first 40 were taken",
                    );
                    break;
                }
                if !is_legal && !is_kept {
                    let name = NewName {
                        kind,
                        text,
                        language,
                    };
                    kept.push((field.clone(), name));
                }
            }
        }
        kept
    }

    fn identifiers(
        &mut self,
        country: &str,
        emptied: &mut Vec<Emptied>,
    ) -> Vec<(Field, CheckedIdentifier)> {
        let mut found: Vec<(Field, CheckedIdentifier)> = Vec::new();
        let columns = self.columns;
        for field in columns.iter().filter_map(|(_, f)| f.as_ref()) {
            let Field::Identifier(scheme) = field else {
                continue;
            };
            let value = match self.cell(field).map(|(_, c)| split_absence(c)) {
                Some(Cell::Text(text)) => text,
                Some(Cell::Clear) => {
                    emptied.push(Emptied::Identifiers(scheme.clone()));
                    continue;
                }
                _ => continue,
            };
            if let Some(checked) = self.identifier(country, field, scheme, value) {
                let twice = found
                    .iter()
                    .any(|(_, f)| f.scheme == checked.scheme && f.canonical == checked.canonical);
                if !twice && found.len() < 20 {
                    found.push((field.clone(), checked));
                }
            }
        }
        found
    }

    fn identifier(
        &mut self,
        country: &str,
        field: &Field,
        scheme: &str,
        value: &str,
    ) -> Option<CheckedIdentifier> {
        if value == NOT_KEPT {
            self.fault(
                field,
                Code::NaturalPersonNumber,
                "this is a person's number; the registry keeps numbers of organisations only, and this one was not kept",
            );
            return None;
        }
        let header = self.cell(field).map_or("", |(header, _)| header);
        let is_guess = self.guessed.is_some_and(|guessed| guessed.contains(header));
        let new = NewIdentifier {
            scheme: scheme.to_owned(),
            value: value.to_owned(),
            // Nothing is kept against its check that is only guessed to be of this scheme.
            override_reason: self.frame.keep_invalid.clone().filter(|_| !is_guess),
            shared_reason: None,
        };
        let error = match check_identifier(self.countries, country, &new, "") {
            Ok(checked) => return Some(checked),
            Err(error) => error,
        };
        match countries::check(self.countries, Some(country), scheme, value) {
            Ok(checked) if is_guess && checked.verdict != Verdict::NaturalPerson => {
                self.left_out(field, &format!("\"{header}\" means a number of another country, or no {scheme}; state what it means (map) if it is wanted"));
            }
            Ok(checked) if checked.verdict == Verdict::Invalid => {
                let why = checked
                    .reason
                    .unwrap_or_else(|| "it fails its check.".to_owned());
                let hint = checked
                    .suggestion
                    .map(|s| format!(" Did you mean {s}?"))
                    .unwrap_or_default();
                self.fault(
                    field,
                    Code::InvalidIdentifier,
                    format!("{why}{hint} To keep it as it is, import with a reason for keeping invalid numbers."),
                );
            }
            Ok(_) => {
                let why = error
                    .field_errors()
                    .first()
                    .map_or_else(|| error.detail().to_owned(), |f| f.detail.clone());
                self.fault(field, Code::WrongScheme, format!("{scheme} {why}"));
            }
            Err(unknown) => self.fault(field, Code::WrongScheme, unknown.to_string()),
        }
        None
    }

    fn contacts(&mut self, emptied: &mut Vec<Emptied>) -> Vec<Line> {
        let text = match self.optional(&Field::Contact) {
            Cell::Text(text) => text,
            Cell::Missing => return Vec::new(),
            Cell::Clear => {
                emptied.push(Emptied::Contacts);
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for part in text.split(words::BETWEEN).take(20) {
            if values::lost_letters(part, self.frame.unicode) {
                self.left_out(&Field::Contact, LOST);
                continue;
            }
            match Line::parse(part.trim()) {
                Ok(name) if !found.contains(&name) => found.push(name),
                Ok(_) => {}
                Err(Refused(why)) => self.left_out(&Field::Contact, &why),
            }
        }
        found
    }

    fn plain(&mut self, country: &str, language: &Patch<LanguageTag>) -> ChangeOrganisation {
        let (today, slash) = (self.frame.today, self.frame.slash);
        let unicode = self.frame.unicode;
        let (countries, forms) = (self.countries, &self.frame.forms);
        let place = |text: &str| {
            if values::lost_letters(text, unicode) {
                return Err(LOST.to_owned());
            }
            Line::parse(text).map_err(|e| e.0)
        };
        let form = |text: &str| match forms.code(country, text) {
            Some(code) => Line::parse(code).map_err(|e| e.0),
            None => place(text),
        };
        let long = |text: &str| LongText::parse(text).map_err(|e| e.0);
        // Questions are asked in free text, and addresses have a query: only where the encoding may lack letters is another ? one of them.
        let is_poorer = |text: &str| {
            let words = text.split_whitespace().filter(|word| !word.contains("://"));
            !unicode && values::lost_letters(&words.collect::<Vec<_>>().join(" "), true)
        };
        let written = |text: &str| match is_poorer(text) {
            true => Err(LOST.to_owned()),
            false => long(text),
        };
        let own = match language {
            Patch::Set(tag) => Some(tag.clone()),
            _ => countries
                .get(country)
                .and_then(|c| c.languages.first())
                .and_then(|tag| LanguageTag::parse(tag).ok()),
        };
        ChangeOrganisation {
            legal_form: self.field(&Field::LegalForm, form),
            city: self.field(&Field::City, place),
            region: self.field(&Field::Region, place),
            website: self.parsed(&Field::Website, values::parse_website, |text| {
                Website::parse(&text).map_err(|e| e.0)
            }),
            themes: self.field(&Field::Themes, |text| {
                let themes: Result<Vec<Theme>, _> = words::codes(text).map(Theme::parse).collect();
                at_most(themes.map_err(|e| e.0)?, 20)
            }),
            sdgs: self.field(&Field::Sdg, |text| {
                let goal = |t: &str| t.parse::<u8>().ok().and_then(|n| Sdg::try_from(n).ok());
                let goals: Result<Vec<Sdg>, String> = words::codes(text)
                    .map(|t| goal(t).ok_or_else(|| "goals are numbers from 1 to 17".to_owned()))
                    .collect();
                at_most(goals?, 17)
            }),
            descriptions: self.field(&Field::Description, |text| {
                if is_poorer(text) {
                    return Err(LOST.to_owned());
                }
                let parts = words::descriptions(text, own.as_ref());
                let part = |(text, language): (String, Option<LanguageTag>)| {
                    Ok(Description {
                        language: language.ok_or("its language is not known")?,
                        text: LongText::parse(&text).map_err(|e| e.0)?,
                    })
                };
                let parts: Result<Vec<Description>, String> = parts.into_iter().map(part).collect();
                at_most(parts?, 12)
            }),
            founded: self.parsed(
                &Field::FoundedOn,
                |text| values::parse_date(text, slash, today),
                |date| match date {
                    DateValue::Day(day) => Ok(Founded::Day(day)),
                    DateValue::Year(year) => Ok(Founded::Year(year)),
                },
            ),
            address: self.field(&Field::Address, |text| {
                place(text).map(drop).and_then(|()| long(text))
            }),
            email: self.parsed(&Field::Email, values::parse_email, |text| {
                Email::parse(&text).map_err(|e| e.0)
            }),
            email_public: Patch::Keep,
            phone: self.parsed(&Field::Phone, values::parse_phone, |text| {
                Phone::parse(&text).map_err(|e| e.0)
            }),
            notes: self.field(&Field::Notes, written),
            effective_on: None,
        }
    }

    fn field<T>(
        &mut self,
        field: &Field,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Patch<T> {
        match self.optional(field) {
            Cell::Missing => Patch::Keep,
            Cell::Clear => Patch::Clear,
            Cell::Text(text) => match parse(text) {
                Ok(value) => Patch::Set(value),
                Err(why) => {
                    self.left_out(field, &why);
                    Patch::Keep
                }
            },
        }
    }

    fn parsed<P, T>(
        &mut self,
        field: &Field,
        parse: impl FnOnce(&str) -> Parsed<P>,
        turn: impl FnOnce(P) -> Result<T, String>,
    ) -> Patch<T> {
        let text = match self.optional(field) {
            Cell::Missing => return Patch::Keep,
            Cell::Clear => return Patch::Clear,
            Cell::Text(text) => text,
        };
        let why = match parse(text) {
            Parsed::Missing => return Patch::Keep,
            Parsed::Clear => return Patch::Clear,
            Parsed::Faulty(fault) => fault.message,
            Parsed::Value(value) => match turn(value) {
                Ok(value) => return Patch::Set(value),
                Err(why) => why,
            },
        };
        self.left_out(field, &why);
        Patch::Keep
    }
}

fn at_most<T>(list: Vec<T>, most: usize) -> Result<Vec<T>, String> {
    if list.len() > most {
        return Err(format!("it holds more than {most} values"));
    }
    Ok(list)
}

fn split_absence(cell: &str) -> Cell<'_> {
    match values::is_missing_word(cell) {
        Some(Absence::Missing) => Cell::Missing,
        Some(Absence::Clear) => Cell::Clear,
        None => Cell::Text(cell),
    }
}
