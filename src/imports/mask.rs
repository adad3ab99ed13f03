//! Numbers of natural persons are taken out of a row before anything of it is stored, compared or told.

use super::read::Field;
use super::schemes;
use crate::countries::{self, Countries, Verdict};

/// What stands where a person's number stood.
pub const NOT_KEPT: &str = "(a person's number; not kept)";

/// Takes out what is or may be a person's number; returns the positions of those cells.
///
/// Identifiers are judged by their own scheme and the row's country, other cells by what the country's persons have, also by its form
/// alone; dates and web addresses by what passes a check. Telephone numbers are
/// only searched where the row holds a person's number in another cell: by chance they look like one now and then.
pub fn mask(
    countries: &Countries,
    country: Option<&str>,
    columns: &[(String, Option<Field>)],
    cells: &mut [String],
) -> Vec<usize> {
    let mut found = Vec::new();
    let mut digits: Vec<String> = Vec::new();
    for (at, ((header, field), cell)) in columns.iter().zip(cells.iter()).enumerate() {
        if is_person(countries, country, (header, field.as_ref()), cell) {
            found.push(at);
            digits.push(only_digits(cell));
        }
    }
    if found.is_empty() {
        return found;
    }
    for (at, cell) in cells.iter().enumerate() {
        if found.contains(&at) || cell.is_empty() {
            continue;
        }
        let own = only_digits(cell);
        let repeats = digits.iter().any(|d| {
            d.len() >= 6 && (own.contains(d.as_str()) || own.len() >= 6 && d.contains(own.as_str()))
        });
        if repeats || countries::may_be_person_number(cell) {
            found.push(at);
        }
    }
    found.sort_unstable();
    for at in &found {
        if let Some(cell) = cells.get_mut(*at) {
            NOT_KEPT.clone_into(cell);
        }
    }
    found
}

fn is_person(
    countries: &Countries,
    country: Option<&str>,
    (header, field): (&str, Option<&Field>),
    cell: &str,
) -> bool {
    // The shortest person's number has 9 digits.
    if cell.chars().filter(|c| c.is_numeric()).count() < 9 {
        return false;
    }
    let has_form = || {
        let home = country.and_then(|code| countries.get(code));
        let kinds = home.map_or(&[][..], |country| country.person_numbers.as_slice());
        countries::has_form_of_person_number(Some(kinds), cell)
    };
    match field {
        // Under a word of other countries anything may stand.
        Some(Field::Identifier(_))
            if countries::holds_person_number(cell)
                && country.is_some_and(|home| schemes::is_guessed(countries, home, header)) =>
        {
            true
        }
        Some(Field::Identifier(scheme)) => {
            match countries::check(countries, country, scheme, cell) {
                Ok(checked) => checked.verdict == Verdict::NaturalPerson,
                Err(_) => countries::may_be_person_number(cell),
            }
        }
        Some(Field::Phone) => false,
        // A date with its time and an address hold many digits by chance: only one that stands by itself counts.
        Some(Field::FoundedOn | Field::Website) => {
            countries::holds_person_number(cell) || has_form()
        }
        _ => countries::may_be_person_number(cell) || has_form(),
    }
}

/// The digits of a cell, whatever script they are written in.
fn only_digits(text: &str) -> String {
    let mut plain = countries::plain_text(text);
    plain.retain(|c| c.is_ascii_digit());
    plain
}

#[cfg(test)]
mod tests {
    use super::{NOT_KEPT, mask};
    use crate::countries::Countries;
    use crate::imports::read::Field;

    fn columns() -> Vec<(String, Option<Field>)> {
        vec![
            ("Name".to_owned(), Some(Field::Name)),
            (
                "BIN".to_owned(),
                Some(Field::Identifier("KZ-BIN".to_owned())),
            ),
            ("Notes".to_owned(), Some(Field::Notes)),
            ("Phone".to_owned(), Some(Field::Phone)),
            ("x".to_owned(), None),
        ]
    }

    fn masked(cells: [&str; 5]) -> (Vec<usize>, Vec<String>) {
        let countries = Countries::load().unwrap();
        let mut cells: Vec<String> = cells.iter().map(|c| (*c).to_owned()).collect();
        let at = mask(&countries, Some("KZ"), &columns(), &mut cells);
        (at, cells)
    }

    #[test]
    fn a_person_s_number_goes_from_every_cell_that_repeats_it() {
        let (at, cells) = masked([
            "Sample",
            "710423331428",
            "IIN 7104 2333 1428",
            "710423331428",
            "710423331428",
        ]);
        assert_eq!(at, [1, 2, 3, 4]);
        assert!(cells[1..].iter().all(|c| c == NOT_KEPT), "{cells:?}");
    }

    #[test]
    fn a_person_s_number_under_an_unknown_header_goes_too() {
        assert_eq!(masked(["Sample", "", "", "", "87426017218"]).0, [4]);
    }

    #[test]
    fn a_person_s_number_in_digits_of_another_script_goes_too() {
        for number in [
            "７１０４２３３３１４２８",
            "٧١٠٤٢٣٣٣١٤٢٨",
            "৭১০৪২৩৩৩১৪২৮",
            "᱗᱑᱐᱔᱒᱓᱓᱓᱑᱔᱒᱘",
        ] {
            let (at, cells) = masked([
                "Sample",
                number,
                &format!("IIN {number}"),
                "",
                "710423331428",
            ]);
            assert_eq!(at, [1, 2, 4], "{number}");
            assert!(cells[1..3].iter().all(|c| c == NOT_KEPT), "{cells:?}");
        }
    }

    #[test]
    fn a_person_s_number_in_a_date_or_a_web_address_goes_too() {
        let countries = Countries::load().unwrap();
        let columns = [Field::FoundedOn, Field::Website].map(|field| (String::new(), Some(field)));
        let of = |founded: &str, website: &str| {
            let mut cells = [founded.to_owned(), website.to_owned()];
            mask(&countries, Some("TR"), &columns, &mut cells)
        };
        assert_eq!(of("10000000146", "https://x.example/10000000146"), [0, 1]);
        let none: [usize; 0] = [];
        assert_eq!(
            of("09.09.2016 10:20:30", "https://x.example/10000000147"),
            none
        );
    }

    #[test]
    fn a_person_s_number_of_another_country_goes_from_an_identifier_too() {
        let (at, cells) = masked(["Sample", "87426017218", "TC 87426017218", "", ""]);
        assert_eq!(at, [1, 2]);
        assert!(cells[1..3].iter().all(|c| c == NOT_KEPT), "{cells:?}");
        assert!(masked(["Sample", "87426017219", "", "", ""]).0.is_empty());
    }

    #[test]
    fn a_person_s_number_that_is_known_by_its_form_alone_goes_from_free_text_too() {
        let countries = Countries::load().unwrap();
        let columns = [
            Field::Name,
            Field::Contact,
            Field::Address,
            Field::Reference,
            Field::Notes,
        ];
        let columns = columns.map(|field| (field.to_string(), Some(field)));
        for (country, number, stays) in [
            (
                "KZ",
                "710423331428",
                ["190140387867", "2001-2002-2003", "+7 701 123 45 67 89"],
            ),
            (
                "KZ",
                "7104 2333 1428",
                ["950440001673", "KZ86125KZT5004100100", "071023 450 12"],
            ),
            (
                "KG",
                "10105199012345",
                ["02005199010061", "710423331428", "15012345678901"],
            ),
            (
                "UZ",
                "31505851234567",
                ["712345678", "71 234 56 78", "39905851234567"],
            ),
        ] {
            for at in 0..columns.len() {
                let mut cells = ["Sample", "", "", "", ""].map(str::to_owned);
                cells[at] = format!("Sample {number}");
                assert_eq!(
                    mask(&countries, Some(country), &columns, &mut cells),
                    [at],
                    "{number}"
                );
                assert_eq!(cells[at], NOT_KEPT);
            }
            for kept in stays {
                let mut cells = ["Sample", "", "", "", kept].map(str::to_owned);
                assert!(
                    mask(&countries, Some(country), &columns, &mut cells).is_empty(),
                    "{country} {kept}"
                );
            }
        }
    }

    #[test]
    fn numbers_of_organisations_and_telephones_stay() {
        let row = [
            "Sample",
            "190140387867",
            "since 2001",
            "+7 701 123 45 67",
            "12",
        ];
        let (at, cells) = masked(row);
        assert!(at.is_empty());
        assert_eq!(cells, row);
    }
}
