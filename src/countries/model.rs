//! Types of the country files. An unknown field in a file is refused.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One participating country, as its file states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// The platform's own key: ISO 3166-1 alpha-2 where ISO has one, else a key of ours (`TRNC`).
    pub code: String,
    /// ISO 3166-1 alpha-2; absent where ISO has none.
    #[serde(default)]
    pub iso_alpha2: Option<String>,
    /// ISO 3166-1 alpha-3; absent where ISO has none.
    #[serde(default)]
    pub iso_alpha3: Option<String>,
    /// Day of this version of the reference data.
    pub version: NaiveDate,
    /// Its languages with script where two are in use (BCP 47), the main one first.
    pub languages: Vec<String>,
    /// Persons' numbers that are refused under every scheme of the country.
    pub person_numbers: Vec<PersonNumber>,
    /// Further spellings under which spreadsheets write the country.
    pub aliases: Vec<String>,
    /// Its names, by BCP 47 tag.
    pub names: BTreeMap<String, String>,
    /// Its standing in the OTS, dated, in order of time.
    pub standing: Vec<StandingPeriod>,
    /// Authorities that register NGOs.
    pub authorities: Vec<Authority>,
    /// Accepted legal forms, those of NGOs first.
    pub legal_forms: Vec<LegalForm>,
    /// Identifier schemes of the country.
    pub schemes: Vec<Scheme>,
}

impl Country {
    /// The English name; the code where a file has none.
    pub fn name_en(&self) -> &str {
        self.names.get("en").unwrap_or(&self.code)
    }

    /// The standing in the OTS on a day; `None` before the first.
    pub fn standing_on(&self, day: NaiveDate) -> Option<Standing> {
        self.standing
            .iter()
            .filter(|period| period.since <= day)
            .max_by_key(|period| period.since)
            .map(|p| p.standing)
    }

    /// The legal form with that code.
    pub fn legal_form(&self, code: &str) -> Option<&LegalForm> {
        self.legal_forms.iter().find(|form| form.code == code)
    }

    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        let codes = [
            Some(&self.code),
            self.iso_alpha2.as_ref(),
            self.iso_alpha3.as_ref(),
        ];
        codes
            .into_iter()
            .flatten()
            .chain(self.names.values())
            .chain(&self.aliases)
            .map(String::as_str)
    }
}

/// A country's standing in the OTS.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Member state.
    Member,
    /// Observer.
    Observer,
}

/// A standing and the day from which it holds, until the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingPeriod {
    /// What the country is from that day on.
    pub standing: Standing,
    /// First day.
    pub since: NaiveDate,
}

/// An authority that registers NGOs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Local name.
    pub name: String,
    /// Language of the local name (BCP 47).
    pub language: String,
    /// English name.
    pub name_en: String,
}

/// A legal form of the country's law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalForm {
    /// Key of ours, like `AZ-IB`.
    pub code: String,
    /// Local name.
    pub name: String,
    /// Language of the local name (BCP 47).
    pub language: String,
    /// English name.
    pub name_en: String,
    /// Its name in further languages of the country, by BCP 47 tag.
    #[serde(default)]
    pub other_names: BTreeMap<String, String>,
    /// Abbreviations in use, in all languages.
    pub abbreviations: Vec<String>,
    /// Whether it is a form of NGOs; others occur in the registers too.
    pub ngo: bool,
}

/// What a scheme's numbers are for. Decides nothing by itself: `public` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeKind {
    /// Number in a register of organisations; public by default.
    Registration,
    /// Tax number; not public by default.
    Tax,
    /// Any other, like a statistical code.
    Other,
}

/// An identifier scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Key, like `KZ-BIN`.
    pub code: String,
    /// Local name.
    pub name: String,
    /// Language of the local name (BCP 47).
    pub language: String,
    /// English name.
    pub name_en: String,
    /// Its name in further languages of the country, by BCP 47 tag.
    #[serde(default)]
    pub other_names: BTreeMap<String, String>,
    /// What the numbers are for.
    pub kind: SchemeKind,
    /// Whether the numbers of public organisations are public.
    pub public: bool,
    /// The form in English, for people.
    pub form: String,
    /// An invented number that passes its own check.
    pub example: String,
    /// How a number is checked.
    pub check: CheckAlgorithm,
}

/// How the numbers of a scheme are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckAlgorithm {
    /// Azerbaijani tax number: weighted sum mod 11, then 1 or 2.
    AzVoen,
    /// Turkish tax number: powers of two mod 9.
    TrVkn,
    /// Turkish register of associations: form only.
    TrKutuk,
    /// Kazakh business number: weighted sum mod 11, two rounds.
    KzBin,
    /// Kyrgyz statistical code: weighted sum mod 11, two rounds.
    KgOkpo,
    /// Kyrgyz tax number: form only.
    KgInn,
    /// Kyrgyz state registration: form only.
    KgReg,
    /// Uzbek tax number: form only.
    UzStir,
    /// Hungarian register of civil organisations: form only.
    HuNyilv,
    /// Hungarian tax number: weighted sum mod 10.
    HuAdoszam,
    /// ISO 17442, ISO 7064 MOD 97-10.
    Lei,
    /// Crockford base 32, mod 97.
    Ror,
    /// `Q` and digits: form only.
    Wikidata,
    /// Any text.
    Free,
}

/// A number of natural persons that the registry refuses to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonNumber {
    /// Azerbaijani VÖEN that ends in 2 and passes its check.
    AzVoen,
    /// Kazakh IIN (12 digits from YYMMDD), and a BIN of joint entrepreneurs (type 6).
    KzIin,
    /// Kyrgyz INN: 14 digits from 1 or 2.
    KgInn,
    /// Turkish identity number: 11 digits with two check digits.
    Tckn,
    /// Uzbek STIR of a person: 9 digits from 4 to 7.
    UzStir,
    /// Uzbek PINFL: 14 digits from 1 to 6.
    UzPinfl,
    /// Hungarian tax identifier of a person (adóazonosító jel): 10 digits from 8, with a check digit.
    HuTaxId,
}
