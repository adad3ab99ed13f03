//! [`Countries`]: the country files, loaded and consistent.
//!
//! Files that repeat a code, or give two countries the same spelling, are refused at load.

use crate::http::words::schema_words;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

use super::model::{Country, Scheme};
use super::spelling::fold;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GlobalFile {
    version: NaiveDate,
    schemes: Vec<Scheme>,
}

/// The files in the order in which countries are shown: members, then observers.
const FILES: [(&str, &str); 8] = [
    ("AZ", include_str!("data/AZ.toml")),
    ("KZ", include_str!("data/KZ.toml")),
    ("KG", include_str!("data/KG.toml")),
    ("TR", include_str!("data/TR.toml")),
    ("UZ", include_str!("data/UZ.toml")),
    ("HU", include_str!("data/HU.toml")),
    ("TM", include_str!("data/TM.toml")),
    ("TRNC", include_str!("data/TRNC.toml")),
];
const GLOBAL: &str = include_str!("data/global.toml");

schema_words!(
    /// The Platform's code of a country; equals ISO 3166-1 alpha-2 where ISO has one.
    CountryCode as "CountryCode", FILES.map(|(code, _)| code)
);

/// All reference data on countries and identifier schemes.
#[derive(Debug, Clone)]
pub struct Countries {
    list: Vec<Country>,
    global: Vec<Scheme>,
    version: NaiveDate,
    spellings: BTreeMap<String, String>,
}

impl Countries {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong in it: a mistake of ours, not of a user.
    pub fn load() -> Result<Self, String> {
        let global: GlobalFile = toml::from_str(GLOBAL).map_err(|e| format!("global.toml: {e}"))?;
        let mut list = Vec::with_capacity(FILES.len());
        for (code, text) in FILES {
            let country: Country = toml::from_str(text).map_err(|e| format!("{code}.toml: {e}"))?;
            if country.code != code {
                return Err(format!("{code}.toml: holds the code {}", country.code));
            }
            list.push(country);
        }
        require_unique_codes(&list, &global.schemes)?;
        let spellings = index_spellings(&list)?;
        let version = list
            .iter()
            .map(|c| c.version)
            .max()
            .map_or(global.version, |day| day.max(global.version));
        Ok(Self {
            list,
            global: global.schemes,
            version,
            spellings,
        })
    }

    /// The country with that code of ours, written exactly; never by an ISO code that is not ours.
    pub fn get(&self, code: &str) -> Option<&Country> {
        self.list.iter().find(|country| country.code == code)
    }

    /// All countries: members, then observers.
    pub fn iter(&self) -> impl Iterator<Item = &Country> {
        self.list.iter()
    }

    /// Schemes that hold in every country.
    pub fn global_schemes(&self) -> &[Scheme] {
        &self.global
    }

    /// Day of the newest of the files: the version of the reference data as a whole.
    pub fn version(&self) -> NaiveDate {
        self.version
    }

    /// The listed scheme with that code, and the country whose file lists it (`None`: holds in every country).
    pub fn scheme(&self, code: &str) -> Option<(Option<&Country>, &Scheme)> {
        let national = self
            .list
            .iter()
            .flat_map(|c| c.schemes.iter().map(move |s| (Some(c), s)));
        national
            .chain(self.global.iter().map(|s| (None, s)))
            .find(|(_, scheme)| scheme.code == code)
    }

    /// The country that a spreadsheet cell names, in any of the listed languages and spellings.
    ///
    /// `CY`, "Cyprus" and a bare "Kıbrıs" name none: which side is meant is for a person to say.
    pub fn recognise(&self, written: &str) -> Option<&Country> {
        self.spellings
            .get(&fold(written))
            .and_then(|code| self.get(code))
    }
}

fn require_unique_codes(list: &[Country], global: &[Scheme]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let schemes = list
        .iter()
        .flat_map(|c| &c.schemes)
        .chain(global)
        .map(|s| &s.code);
    let forms = list.iter().flat_map(|c| &c.legal_forms).map(|f| &f.code);
    let repeated = schemes.chain(forms).find(|code| !seen.insert(*code));
    repeated.map_or(Ok(()), |code| {
        Err(format!("the code {code} is given twice"))
    })
}

fn index_spellings(list: &[Country]) -> Result<BTreeMap<String, String>, String> {
    let mut index: BTreeMap<String, String> = BTreeMap::new();
    for country in list {
        for spelling in country.spellings() {
            let other = index.insert(fold(spelling), country.code.clone());
            if let Some(other) = other.filter(|code| *code != country.code) {
                return Err(format!(
                    "\"{spelling}\" names both {other} and {}",
                    country.code
                ));
            }
        }
    }
    Ok(index)
}
