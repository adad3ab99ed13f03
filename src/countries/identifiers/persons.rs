//! Numbers of natural persons, searched for in whatever was written.
//!
//! A number with a check digit is found anywhere, also in groups (`874 260 172 18`) and beside other text. A number
//! that is known by its form alone is found only as one whole: solid, or the whole of a chain of groups.

use super::digits::{self, Voen};
use super::text;
use crate::countries::model::{CheckAlgorithm, PersonNumber};

/// The numbers that are told by a check digit, so also where the country is not known.
pub(super) const WITH_CHECK_DIGITS: [PersonNumber; 3] = [
    PersonNumber::Tckn,
    PersonNumber::KzIin,
    PersonNumber::AzVoen,
];

/// The numbers that a check digit proves under the scheme of another country, whose own rule has refused them.
pub(super) const OF_ANY_COUNTRY: [PersonNumber; 4] = [
    PersonNumber::Tckn,
    PersonNumber::KzIin,
    PersonNumber::AzVoen,
    PersonNumber::HuTaxId,
];

/// No person's number is longer.
const LONGEST: usize = 14;

/// The person's number of these kinds in the text, by form or check digit: what it is, in English.
pub(super) fn of_country(
    kinds: &[PersonNumber],
    clean: &str,
    algorithm: CheckAlgorithm,
) -> Option<&'static str> {
    // Under a scheme of digits every separator is noise; in free text a slash may part two numbers.
    let whole = is_digit_scheme(algorithm)
        .then(|| text::only_digits(clean))
        .flatten();
    let chains = chains(clean, is_space_hyphen_or_dot);
    let solid = chains.iter().flatten();
    let joined = chains.iter().map(|chain| chain.concat());
    let by_form = |number: &str| kinds.iter().find(|kind| has_form(**kind, number));
    let found = solid
        .cloned()
        .chain(joined)
        .chain(whole)
        .find_map(|number| by_form(&number).copied());
    found.map(describe).or_else(|| proven(kinds, clean))
}

/// The person's number of these kinds in the text that passes its check digit: what it is, in English.
pub(super) fn proven(kinds: &[PersonNumber], clean: &str) -> Option<&'static str> {
    chains(clean, text::is_separator).iter().find_map(|chain| {
        (0..chain.len()).find_map(|start| {
            let mut number = String::new();
            chain
                .iter()
                .skip(start)
                .take_while(|group| group.len() <= LONGEST)
                .take(LONGEST)
                .find_map(|group| {
                    number.push_str(group);
                    let digits = digits::of(&number);
                    kinds
                        .iter()
                        .find(|kind| passes(**kind, &digits))
                        .copied()
                        .map(describe)
                })
        })
    })
}

/// Whether a number of 11 or 12 digits that passes its check stands in the text as one whole: solid, or all of a chain of groups.
pub(super) fn written(clean: &str) -> bool {
    let is_person = |number: &str| {
        let digits = digits::of(number);
        [PersonNumber::Tckn, PersonNumber::KzIin]
            .iter()
            .any(|kind| passes(*kind, &digits))
    };
    let plain = without_telephones(clean);
    let chains = chains(&plain, is_space_hyphen_or_dot);
    chains.iter().any(|chain| {
        let years = chain.iter().all(|group| is_year(group));
        chain.iter().any(|group| is_person(group)) || (!years && is_person(&chain.concat()))
    })
}

/// Whether a number of 12 or 14 digits that is a person's by its form alone stands in free text as one whole: solid, or all of a chain of
/// groups. Stricter than under a scheme, because here a number may be anything: the day of birth must be one, and the nine digits of an
/// Uzbek STIR are a telephone number as often.
pub(super) fn formed(kinds: &[PersonNumber], clean: &str) -> bool {
    let is_person = |number: &str| {
        let digits = digits::of(number);
        kinds.iter().any(|kind| has_form_and_day(*kind, &digits))
    };
    let plain = without_telephones(clean);
    let chains = chains(&plain, is_space_hyphen_or_dot);
    chains.iter().any(|chain| {
        let years = chain.iter().all(|group| is_year(group));
        chain.iter().any(|group| is_person(group)) || (!years && is_person(&chain.concat()))
    })
}

fn has_form_and_day(kind: PersonNumber, digits: &[u32]) -> bool {
    let is_day = |d1: &u32, d2: &u32, m1: &u32, m2: &u32| {
        (1..=31).contains(&(d1 * 10 + d2)) && (1..=12).contains(&(m1 * 10 + m2))
    };
    match (kind, digits) {
        (PersonNumber::KzIin, d) => has_form_of_iin(d) || is_joint_entrepreneurs(d),
        // Sex, day, month, the whole year.
        (PersonNumber::KgInn, [1..=2, d1, d2, m1, m2, y1, y2, rest @ ..]) => {
            rest.len() == 7 && is_day(d1, d2, m1, m2) && matches!((y1, y2), (1, 9) | (2, 0))
        }
        // Century and sex, day, month, year.
        (PersonNumber::UzPinfl, [1..=6, d1, d2, m1, m2, rest @ ..]) => {
            rest.len() == 9 && is_day(d1, d2, m1, m2)
        }
        _ => false,
    }
}

/// The text without the digits behind a plus sign.
fn without_telephones(clean: &str) -> String {
    let mut parts = clean.split('+');
    let mut plain = parts.next().unwrap_or("").to_owned();
    for part in parts {
        plain.push('+');
        plain.push_str(part.trim_start_matches(|c: char| {
            c.is_ascii_digit() || is_space_hyphen_or_dot(c) || matches!(c, '(' | ')')
        }));
    }
    plain
}

fn is_year(group: &str) -> bool {
    group.len() == 4 && (group.starts_with("19") || group.starts_with("20"))
}

/// The sentence for a refused number: what it is, and what to do. Never the value.
pub(super) fn refusal(what: &str) -> String {
    format!(
        "This is {what}. The registry keeps numbers of organisations only, and this one was not kept: enter the \
         organisation's own number or leave the identifier out."
    )
}

pub(super) const JOINT_ENTREPRENEURS_OR_IIN: &str = describe(PersonNumber::KzIin);
pub(super) const VOEN_OF_A_PERSON: &str = describe(PersonNumber::AzVoen);

/// IIN: year, month, day, a digit from 0 to 6 for century and sex. A BIN has 4 or more where the day begins.
pub(super) fn has_form_of_iin(digits: &[u32]) -> bool {
    let [y1, y2, m1, m2, d1, d2, century, _, _, _, _, _] = digits else {
        return false;
    };
    let year = y1 * 10 + y2;
    let last_day = match m1 * 10 + m2 {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 => 29,
        2 => 28,
        _ => 0,
    };
    (1..=last_day).contains(&(d1 * 10 + d2)) && *century <= 6
}

const fn describe(kind: PersonNumber) -> &'static str {
    match kind {
        PersonNumber::AzVoen => {
            "a natural person's tax number (an Azerbaijani VÖEN that ends in 2)"
        }
        PersonNumber::KzIin => {
            "a natural person's or joint entrepreneurs' number (a Kazakh IIN, or a BIN of type 6)"
        }
        PersonNumber::KgInn => "a natural person's number (a Kyrgyz INN that begins with 1 or 2)",
        PersonNumber::Tckn => "a natural person's identity number (a Turkish TCKN)",
        PersonNumber::UzStir => {
            "a natural person's tax number (an Uzbek STIR that begins with 4 to 7)"
        }
        PersonNumber::UzPinfl => "a natural person's identity number (an Uzbek PINFL)",
        PersonNumber::HuTaxId => "a natural person's tax number (a Hungarian adóazonosító jel)",
    }
}

fn has_form(kind: PersonNumber, number: &str) -> bool {
    let digits = digits::of(number);
    match (kind, digits.as_slice()) {
        (PersonNumber::KzIin, d) => has_form_of_iin(d) || is_joint_entrepreneurs(d),
        (PersonNumber::KgInn, [1..=2, rest @ ..]) => rest.len() == 13,
        (PersonNumber::UzStir, [4..=7, rest @ ..]) => rest.len() == 8,
        (PersonNumber::UzPinfl, [1..=6, rest @ ..]) => rest.len() == 13,
        _ => false,
    }
}

fn passes(kind: PersonNumber, digits: &[u32]) -> bool {
    match kind {
        PersonNumber::AzVoen => digits::voen(digits) == Voen::Person,
        PersonNumber::KzIin => has_form_of_iin(digits) && digits::bin_passes(digits),
        PersonNumber::Tckn => digits::tckn_passes(digits),
        PersonNumber::HuTaxId => digits::hungarian_person_passes(digits),
        PersonNumber::KgInn | PersonNumber::UzStir | PersonNumber::UzPinfl => false,
    }
}

fn is_joint_entrepreneurs(digits: &[u32]) -> bool {
    let [_, _, m1, m2, 6, unit, _, _, _, _, _, _] = digits else {
        return false;
    };
    (1..=12).contains(&(m1 * 10 + m2)) && *unit <= 3
}

fn is_digit_scheme(algorithm: CheckAlgorithm) -> bool {
    matches!(
        algorithm,
        CheckAlgorithm::AzVoen
            | CheckAlgorithm::TrVkn
            | CheckAlgorithm::KzBin
            | CheckAlgorithm::KgOkpo
            | CheckAlgorithm::KgInn
            | CheckAlgorithm::UzStir
            | CheckAlgorithm::HuAdoszam
    )
}

fn is_space_hyphen_or_dot(c: char) -> bool {
    matches!(c, ' ' | '-' | '.')
}

/// Groups of digits, in chains: groups that only separators part are of one chain.
fn chains(clean: &str, is_joint: fn(char) -> bool) -> Vec<Vec<String>> {
    let chain = |part: &str| {
        let groups = part
            .split(|c: char| !c.is_ascii_digit())
            .filter(|group| !group.is_empty());
        groups.map(str::to_owned).collect::<Vec<_>>()
    };
    let parts = clean.split(|c: char| !c.is_ascii_digit() && !is_joint(c));
    parts
        .map(chain)
        .filter(|groups| !groups.is_empty())
        .collect()
}
