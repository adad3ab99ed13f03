//! Verdicts on identifiers as people write them.
//!
//! | module | what it holds |
//! |---|---|
//! | `text` | cleaning of what spreadsheets do to numbers |
//! | `digits` | sums and check digits |
//! | `national`, `global` | one function per scheme |
//! | `persons` | the search for numbers of natural persons |
//!
//! A person's number of the scheme's own country comes before the scheme's own rule; one of the organisation's country
//! counts unless that rule took the number for its register's, and so does one of any other country that passes its check
//! digit. Where no country is known, only numbers with a check digit are taken for a person's. The caller keeps what was
//! written, except under [`Verdict::NaturalPerson`].

mod digits;
mod global;
mod national;
mod persons;
#[cfg(test)]
mod tests;
mod text;

use serde::{Deserialize, Serialize};

use super::model::{CheckAlgorithm, Country, PersonNumber};
use super::reference::Countries;

/// What a check says about an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passes its check digit; stored.
    Valid,
    /// Has the form, and there is no check to pass; stored.
    Unverifiable,
    /// Fails its form or check; stored only where a coordinator overrides the warning with a reason.
    Invalid,
    /// A natural person's number: refused without override, neither stored nor logged.
    NaturalPerson,
}

/// A checked identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Code of the scheme.
    pub scheme: String,
    /// The form by which two identifiers of a scheme are compared. Absent for [`Verdict::NaturalPerson`], whose value
    /// must not be carried anywhere, and where nothing was written.
    pub canonical: Option<String>,
    /// What the check says.
    pub verdict: Verdict,
    /// What is wrong and what to do about it, in English; never holds the value.
    pub reason: Option<String>,
    /// The number that was probably meant. A person has to confirm it.
    pub suggestion: Option<String>,
}

/// The scheme is neither listed nor of the form of an org-id.guide prefix. It is not repeated here: whoever swaps two
/// columns sends a number in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the scheme is not known: use one of the country's file, LEI, ROR, WIKIDATA or an org-id.guide prefix like GB-CHC"
)]
pub struct UnknownScheme;

/// What a scheme's own rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Valid(String),
    Unverifiable(String),
    Invalid {
        canonical: String,
        reason: String,
        suggestion: Option<String>,
    },
    Person(&'static str),
}

impl Outcome {
    fn invalid(canonical: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            canonical: canonical.into(),
            reason: reason.into(),
            suggestion: None,
        }
    }

    fn canonical(&self) -> Option<&str> {
        match self {
            Self::Valid(canonical)
            | Self::Unverifiable(canonical)
            | Self::Invalid { canonical, .. } => Some(canonical),
            Self::Person(_) => None,
        }
    }

    fn suggesting(self, number: Option<String>) -> Self {
        match self {
            Self::Invalid {
                canonical, reason, ..
            } => Self::Invalid {
                canonical,
                reason,
                suggestion: number,
            },
            other => other,
        }
    }
}

/// Checks an identifier as written, for an organisation of `country` (`None`, or a code that is not ours: unknown).
///
/// Total: any text gets a verdict. Checking a canonical value again gives the same canonical value.
///
/// # Errors
/// [`UnknownScheme`] where `scheme` is neither listed nor like an org-id.guide prefix.
pub fn check(
    countries: &Countries,
    country: Option<&str>,
    scheme: &str,
    written: &str,
) -> Result<Checked, UnknownScheme> {
    let code = scheme.trim().to_ascii_uppercase();
    let (owner, algorithm, form) = match countries.scheme(&code) {
        Some((owner, listed)) => (owner, listed.check, listed.form.as_str()),
        None => (
            free_scheme_owner(countries, &code)?,
            CheckAlgorithm::Free,
            "free text",
        ),
    };
    let home = country.and_then(|c| countries.get(c.trim()));
    let clean = text::clean(written);
    let outcome = if clean.is_empty() {
        Outcome::invalid(
            "",
            "Nothing is written: enter the number or leave the identifier out.",
        )
    } else {
        judge(owner, home, algorithm, form, &clean)
    };
    Ok(checked(code, outcome))
}

/// A text as identifiers are compared: without what cannot be seen, letters and digits of other forms and scripts as the plain ones.
pub fn plain_text(written: &str) -> String {
    text::clean(written)
}

/// Whether a free text, like a note, seems to hold a natural person's number. Looks only for numbers with check digits
/// (Turkish identity number, Kazakh IIN, Azerbaijani VÖEN of a person), so chance hits are rare but possible.
pub fn may_be_person_number(text: &str) -> bool {
    let clean = text::clean(text);
    persons::proven(&persons::WITH_CHECK_DIGITS, &clean).is_some()
        || text::has_unread_digits(&clean)
}

/// Whether a text that somebody writes, like a note, holds a natural person's number: 11 or 12 digits, solid or in groups with
/// spaces, hyphens or dots between them, that pass the check of a Turkish identity number or a Kazakh IIN. Stricter than
/// [`may_be_person_number`], because it stops the whole request: no telephone number behind `+`, and no years in a row.
pub fn holds_person_number(text: &str) -> bool {
    // The most texts hold no such number.
    if text.chars().filter(|c| c.is_numeric()).count() < 11 {
        return false;
    }
    let clean = text::clean(text);
    persons::written(&clean) || text::has_unread_digits(&clean)
}

/// Whether free text of an import's row holds what is a natural person's number by its form alone, as one of these kinds (a
/// country's, or all where none are given): a Kazakh IIN, a Kyrgyz INN, an Uzbek PINFL.
pub fn has_form_of_person_number(kinds: Option<&[PersonNumber]>, text: &str) -> bool {
    const ALL: [PersonNumber; 3] = [
        PersonNumber::KzIin,
        PersonNumber::KgInn,
        PersonNumber::UzPinfl,
    ];
    // The most cells hold no such number.
    text.chars().filter(|c| c.is_numeric()).count() >= 12
        && persons::formed(kinds.unwrap_or(&ALL), &text::clean(text))
}

fn judge(
    owner: Option<&Country>,
    home: Option<&Country>,
    algorithm: CheckAlgorithm,
    form: &str,
    clean: &str,
) -> Outcome {
    let outcome = match algorithm {
        CheckAlgorithm::Lei => global::lei(clean),
        CheckAlgorithm::Ror => global::ror(clean),
        CheckAlgorithm::Wikidata => global::wikidata(clean),
        CheckAlgorithm::Free => Outcome::Unverifiable(text::compared(clean)),
        CheckAlgorithm::KgReg => national::kg_reg(clean),
        CheckAlgorithm::TrKutuk => national::tr_kutuk(clean),
        CheckAlgorithm::HuNyilv => national::hu_nyilv(clean),
        digits => national::digit_scheme(digits, form, clean),
    };
    // Also in the canonical value: it may join digits that were written apart.
    let texts = [Some(clean), outcome.canonical()];
    let of_country = |country: &Country| {
        let search = |text| persons::of_country(&country.person_numbers, text, algorithm);
        texts.into_iter().flatten().find_map(search)
    };
    let settled = match &outcome {
        Outcome::Valid(_) | Outcome::Person(_) => true,
        // A number in the form of its register is not another country's person, only as long as one.
        Outcome::Unverifiable(_) => algorithm != CheckAlgorithm::Free,
        Outcome::Invalid { .. } => false,
    };
    let person = owner.and_then(of_country).or_else(|| match (home, owner) {
        _ if settled => None,
        (Some(home), _) => of_country(home),
        (None, Some(_)) => None,
        (None, None) => texts
            .into_iter()
            .flatten()
            .find_map(|text| persons::proven(&persons::WITH_CHECK_DIGITS, text)),
    });
    // Nothing tells what a number of a free scheme is, so that one that passes a person's check is taken for a person's.
    let person = person.or_else(|| {
        let mut written = texts.into_iter().flatten();
        let kinds = [PersonNumber::Tckn, PersonNumber::KzIin];
        let found = written.find(|text| persons::written(text));
        found
            .filter(|_| algorithm == CheckAlgorithm::Free)
            .and_then(|text| persons::proven(&kinds, text))
    });
    // A check digit proves a person's number under the scheme of any country. Written solid it may have the form of a
    // Hungarian register number, but of a court that there is not.
    let of_no_court = algorithm == CheckAlgorithm::HuNyilv
        && clean.bytes().all(|b| b.is_ascii_digit())
        && clean.get(..2).is_some_and(|court| court > "20");
    let of_any_country = of_no_court || !settled && algorithm != CheckAlgorithm::Free;
    let person = person.or_else(|| {
        let mut written = texts.into_iter().flatten().filter(|_| of_any_country);
        written.find_map(|text| persons::proven(&persons::OF_ANY_COUNTRY, text))
    });
    person.map_or(outcome, Outcome::Person)
}

/// The country of ours in front of an unlisted scheme's hyphen, if it is one.
fn free_scheme_owner<'a>(
    countries: &'a Countries,
    code: &str,
) -> Result<Option<&'a Country>, UnknownScheme> {
    let (prefix, rest) = code.split_once('-').ok_or(UnknownScheme)?;
    let owner = countries.get(prefix);
    let two_letters = prefix.len() == 2 && prefix.bytes().all(|b| b.is_ascii_uppercase());
    // The real list has an underscore in some codes (CA-CRA_ACR) and no code with many digits: that would be a value.
    let written_well = rest
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let short =
        (1..=24).contains(&rest.len()) && rest.bytes().filter(u8::is_ascii_digit).count() <= 4;
    if (two_letters || owner.is_some()) && written_well && short {
        Ok(owner)
    } else {
        Err(UnknownScheme)
    }
}

fn checked(scheme: String, outcome: Outcome) -> Checked {
    let (verdict, canonical, reason, suggestion) = match outcome {
        Outcome::Valid(canonical) => (Verdict::Valid, Some(canonical), None, None),
        Outcome::Unverifiable(canonical) => (Verdict::Unverifiable, Some(canonical), None, None),
        Outcome::Invalid {
            canonical,
            reason,
            suggestion,
        } => (
            Verdict::Invalid,
            Some(canonical).filter(|c| !c.is_empty()),
            Some(reason),
            suggestion,
        ),
        Outcome::Person(what) => (
            Verdict::NaturalPerson,
            None,
            Some(persons::refusal(what)),
            None,
        ),
    };
    Checked {
        scheme,
        canonical,
        verdict,
        reason,
        suggestion,
    }
}
