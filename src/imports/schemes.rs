//! Which scheme a header means in a row's country: people of several countries write the same words over numbers of their own. Pure.

use std::collections::BTreeSet;

use super::read::{Field, field_of};
use crate::countries::Countries;

/// Schemes that their countries know by the same words: a tax number (ИНН, Vergi No), a number of registration (Рег. номер, Kütük No).
const ALIKE: [&[&str]; 2] = [
    &[
        "AZ-VOEN",
        "HU-ADOSZAM",
        "KG-INN",
        "KZ-BIN",
        "TR-VKN",
        "UZ-STIR",
    ],
    &["HU-NYILV", "KG-REG", "TM-REG", "TR-KUTUK", "TRNC-REG"],
];

/// Headers and their meanings.
pub type Columns = Vec<(String, Option<Field>)>;

/// How a country's rows mean the columns.
pub struct Own {
    /// The columns as they mean them.
    pub columns: Columns,
    /// Headers that by themselves mean a number of another country: what stands below them is only guessed at.
    pub guessed: BTreeSet<String>,
}

/// The columns as a row of this country means them; nothing where that is how they were read. A header whose meaning was stated, or
/// that is a field's own name, means what it says.
pub fn own(
    columns: &Columns,
    stated: &BTreeSet<String>,
    countries: &Countries,
    country: &str,
) -> Option<Own> {
    let mut own = Own {
        columns: columns.clone(),
        guessed: BTreeSet::new(),
    };
    for (at, (header, field)) in columns.iter().enumerate() {
        if stated.contains(header) {
            continue;
        }
        let Some(scheme) = abroad(countries, country, header, field.as_ref()) else {
            continue;
        };
        own.guessed.insert(header.clone());
        let meant = ALIKE.iter().find(|group| group.contains(&scheme));
        let meant = meant.and_then(|group| {
            let is_own = |code: &&&str| is_of(countries, code) == Some(country);
            group.iter().find(is_own)
        });
        let Some(meant) = meant.map(|code| Field::Identifier((*code).to_owned())) else {
            continue;
        };
        let is_it = |(_, field): &(String, Option<Field>)| field.as_ref() == Some(&meant);
        let is_there = own.columns.iter().any(is_it);
        if let Some((_, field)) = own.columns.get_mut(at).filter(|_| !is_there) {
            *field = Some(meant);
        }
    }
    (!own.guessed.is_empty()).then_some(own)
}

/// Whether a header by itself means a number of another country than the row's: then what stands below it is only guessed at.
pub fn is_guessed(countries: &Countries, country: &str, header: &str) -> bool {
    abroad(countries, country, header, field_of(header).as_ref()).is_some()
}

/// The scheme of another country that a header means by the dictionary.
fn abroad<'a>(
    countries: &Countries,
    country: &str,
    header: &str,
    field: Option<&'a Field>,
) -> Option<&'a str> {
    let Some(Field::Identifier(scheme)) = field else {
        return None;
    };
    let is_abroad = is_of(countries, scheme).is_some_and(|home| home != country);
    let is_words = header.parse::<Field>().is_err() && field_of(header).as_ref() == field;
    (is_abroad && is_words).then_some(scheme.as_str())
}

/// The country whose scheme it is.
fn is_of<'a>(countries: &'a Countries, scheme: &str) -> Option<&'a str> {
    let (home, _) = countries.scheme(scheme)?;
    home.map(|country| country.code.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Columns, is_guessed, own};
    use crate::countries::Countries;
    use crate::imports::read::{Field, field_of};

    fn meant(country: &str, headers: &[&str]) -> Vec<String> {
        let countries = Countries::load().unwrap();
        let columns: Columns = headers
            .iter()
            .map(|header| ((*header).to_owned(), field_of(header)))
            .collect();
        let own = own(&columns, &BTreeSet::new(), &countries, country);
        let own = own.map_or(columns, |own| own.columns);
        own.into_iter()
            .map(|(_, field)| field.map_or_else(String::new, |f| f.to_string()))
            .collect()
    }

    #[test]
    fn a_header_of_several_countries_means_the_number_of_the_row_s_own() {
        for (country, header, scheme) in [
            ("KG", "ИНН", "KG-INN"),
            ("UZ", "ИНН", "UZ-STIR"),
            ("UZ", "INN", "UZ-STIR"),
            ("AZ", "ИНН", "AZ-VOEN"),
            ("TM", "Рег. номер", "TM-REG"),
            ("TRNC", "Kütük No", "TRNC-REG"),
            ("TR", "Kütük No", "TR-KUTUK"),
            ("HU", "Registration number", "HU-NYILV"),
            // There is none: it stays, and what stands below it is left out.
            ("KZ", "ОКПО", "KG-OKPO"),
            ("TRNC", "Vergi No", "TR-VKN"),
        ] {
            assert_eq!(
                meant(country, &["Название", header]),
                ["name", &format!("identifier:{scheme}")],
                "{country} {header}"
            );
        }
    }

    #[test]
    fn a_field_s_own_name_and_a_column_beside_the_own_one_stay_as_they_are() {
        assert_eq!(meant("UZ", &["identifier:KG-INN"]), ["identifier:KG-INN"]);
        assert_eq!(
            meant("UZ", &["ИНН", "STIR"]),
            ["identifier:KG-INN", "identifier:UZ-STIR"]
        );
    }

    #[test]
    fn what_is_stated_is_meant() {
        let countries = Countries::load().unwrap();
        let columns = vec![("ИНН".to_owned(), field_of("ИНН"))];
        let stated = BTreeSet::from(["ИНН".to_owned()]);
        assert!(own(&columns, &stated, &countries, "UZ").is_none());
    }

    #[test]
    fn what_is_meant_of_another_country_is_a_guess() {
        let countries = Countries::load().unwrap();
        assert!(is_guessed(&countries, "UZ", "ИНН"));
        assert!(!is_guessed(&countries, "KG", "ИНН"));
        assert!(!is_guessed(&countries, "UZ", "identifier:KG-INN"));
        assert!(!is_guessed(&countries, "UZ", "LEI"));
        assert_eq!(
            field_of("ИНН"),
            Some(Field::Identifier("KG-INN".to_owned()))
        );
    }
}
