//! The national schemes' own rules, on cleaned text.

use super::digits::{self, Voen};
use super::text::{is_all_digits, is_scientific, is_separator, only_digits};
use super::{Outcome, persons};
use crate::countries::model::CheckAlgorithm;

const CHECK_DIGIT: &str = "The check digit does not fit: compare the number with the document.";

/// Judges a scheme whose numbers are digits only. Text around the digits makes it invalid, with what was probably meant.
pub(super) fn digit_scheme(algorithm: CheckAlgorithm, form: &str, clean: &str) -> Outcome {
    let bare = if algorithm == CheckAlgorithm::HuAdoszam {
        without_vat_prefix(clean)
    } else {
        clean
    };
    if let Some(number) = only_digits(bare) {
        return judge_digits(algorithm, form, &number);
    }
    if is_scientific(clean) {
        let reason = "A spreadsheet has shortened the number (…E+…): make the column text and enter all digits.";
        return Outcome::invalid(clean, reason);
    }
    let number: String = clean.chars().filter(char::is_ascii_digit).collect();
    let meant = match judge_digits(algorithm, form, &number) {
        Outcome::Valid(canonical) => Some(canonical),
        Outcome::Person(what) => return Outcome::Person(what),
        _ => None,
    };
    let reason =
        format!("Other characters than digits are in the number: enter it alone ({form}).");
    Outcome::invalid(clean, reason).suggesting(meant)
}

fn judge_digits(algorithm: CheckAlgorithm, form: &str, number: &str) -> Outcome {
    let digits = digits::of(number);
    let wrong_form = || {
        Outcome::invalid(
            number,
            format!("The number has not the form of its scheme: {form}."),
        )
    };
    let by_check = |length: usize, passes: fn(&[u32]) -> bool| match digits.len() {
        len if len == length && passes(&digits) => Outcome::Valid(number.to_owned()),
        len if len == length => Outcome::invalid(number, CHECK_DIGIT),
        len if len + 3 >= length && len < length => wrong_form()
            .suggesting(zero_padded(number, length).filter(|padded| passes(&digits::of(padded)))),
        _ => wrong_form(),
    };
    match algorithm {
        CheckAlgorithm::AzVoen => az_voen(number).unwrap_or_else(wrong_form),
        CheckAlgorithm::KzBin => kz_bin(number).unwrap_or_else(wrong_form),
        CheckAlgorithm::TrVkn => by_check(10, digits::vkn_passes),
        CheckAlgorithm::KgOkpo => by_check(8, digits::okpo_passes),
        CheckAlgorithm::KgInn => match digits.as_slice() {
            [0, rest @ ..] if rest.len() == 13 => Outcome::Unverifiable(number.to_owned()),
            rest if rest.len() == 13 => wrong_form().suggesting(zero_padded(number, 14)),
            _ => wrong_form(),
        },
        CheckAlgorithm::UzStir => match digits.as_slice() {
            [2..=3, rest @ ..] if rest.len() == 8 => Outcome::Unverifiable(number.to_owned()),
            _ => wrong_form(),
        },
        CheckAlgorithm::HuAdoszam => match digits
            .get(..8)
            .filter(|_| matches!(digits.len(), 8 | 11))
        {
            Some(eight) if digits::adoszam_passes(eight) => {
                Outcome::Valid(number.chars().take(8).collect())
            }
            Some(_) => Outcome::invalid(number.chars().take(8).collect::<String>(), CHECK_DIGIT),
            None => wrong_form(),
        },
        _ => wrong_form(),
    }
}

/// `None` where the length fits no reading.
fn az_voen(number: &str) -> Option<Outcome> {
    if number.len() == 10 {
        return Some(match digits::voen(&digits::of(number)) {
            Voen::Legal => Outcome::Valid(number.to_owned()),
            Voen::Person => Outcome::Person(persons::VOEN_OF_A_PERSON),
            Voen::Fails => Outcome::invalid(
                number,
                "The number fails its check, or does not end in 1 as a legal entity's does: compare it with the document.",
            ),
        });
    }
    let padded = zero_padded(number, 10).filter(|_| number.len() == 9)?;
    Some(match digits::voen(&digits::of(&padded)) {
        Voen::Legal => Outcome::Valid(padded),
        Voen::Person => Outcome::Person(persons::VOEN_OF_A_PERSON),
        Voen::Fails => {
            let ended = format!("{number}1");
            let meant = Some(ended).filter(|whole| digits::voen(&digits::of(whole)) == Voen::Legal);
            let reason = "One of ten digits is missing, the first or the last: compare the number with the document.";
            Outcome::invalid(number, reason).suggesting(meant)
        }
    })
}

/// `None` where the length fits no reading.
fn kz_bin(number: &str) -> Option<Outcome> {
    let digits = digits::of(number);
    if (9..12).contains(&digits.len()) {
        let padded = zero_padded(number, 12)?;
        let whole = digits::of(&padded);
        if persons::has_form_of_iin(&whole) && digits::bin_passes(&whole) {
            return Some(Outcome::Person(persons::JOINT_ENTREPRENEURS_OR_IIN));
        }
        let reason = "Fewer than twelve digits: a spreadsheet drops zeros in front; compare the number with the document.";
        let meant = Some(padded).filter(|_| has_form_of_bin(&whole) && digits::bin_passes(&whole));
        return Some(Outcome::invalid(number, reason).suggesting(meant));
    }
    has_form_of_bin(&digits).then(|| match digits::bin_passes(&digits) {
        true => Outcome::Valid(number.to_owned()),
        false => Outcome::invalid(number, CHECK_DIGIT),
    })
}

/// BIN of a legal entity: year and month, type 4 or 5, unit 0 to 3.
fn has_form_of_bin(digits: &[u32]) -> bool {
    let [_, _, m1, m2, 4..=5, 0..=3, rest @ ..] = digits else {
        return false;
    };
    rest.len() == 6 && (1..=12).contains(&(m1 * 10 + m2))
}

/// Turkish register of associations: `DD-DDD-DDD` from province 01 to 81.
pub(super) fn tr_kutuk(clean: &str) -> Outcome {
    let of_a_province = |number: &str| {
        let province = number
            .chars()
            .take(2)
            .filter_map(|c| c.to_digit(10))
            .fold(0, |sum, digit| sum * 10 + digit);
        (1..=81).contains(&province)
    };
    match grouped(clean, &[2, 3, 3]) {
        Some(Grouped::Whole(number)) if of_a_province(&number) => Outcome::Unverifiable(number),
        Some(Grouped::Whole(number)) => Outcome::invalid(
            number,
            "The first two digits are not a province (01 to 81): compare with the document.",
        ),
        Some(Grouped::Short(padded)) => Outcome::invalid(
            clean,
            "Zeros are missing: enter the number as DD-DDD-DDD, all eight digits.",
        )
        .suggesting(Some(padded).filter(|number| of_a_province(number))),
        None => Outcome::invalid(
            clean,
            "The number has not the form DD-DDD-DDD: compare it with the document.",
        ),
    }
}

/// Hungarian register of civil organisations: `CC-TT-NNNNNNN`.
pub(super) fn hu_nyilv(clean: &str) -> Outcome {
    match grouped(clean, &[2, 2, 7]) {
        Some(Grouped::Whole(number)) => Outcome::Unverifiable(number),
        Some(Grouped::Short(padded)) => Outcome::invalid(
            clean,
            "Zeros are missing: enter the number as CC-TT-NNNNNNN, all eleven digits.",
        )
        .suggesting(Some(padded)),
        None => Outcome::invalid(
            clean,
            "The number has not the form CC-TT-NNNNNNN: compare it with the document.",
        ),
    }
}

/// Kyrgyz state registration: two groups of digits, then perhaps Cyrillic letters of the legal form. Latin letters that
/// look Cyrillic are taken for Cyrillic.
pub(super) fn kg_reg(clean: &str) -> Outcome {
    let upper = clean.to_uppercase();
    let parts: Vec<&str> = upper
        .split(is_separator)
        .filter(|part| !part.is_empty())
        .collect();
    let well_formed = match parts.as_slice() {
        [number, district, letters @ ..] => {
            [number, district]
                .iter()
                .all(|part| is_all_digits(part) && part.len() <= 7)
                && letters.len() <= 3
                && letters
                    .iter()
                    .all(|part| part.chars().count() <= 8 && part.chars().all(is_form_letter))
        }
        _ => false,
    };
    if well_formed {
        Outcome::Unverifiable(parts.join("-").chars().map(cyrillic).collect())
    } else {
        Outcome::invalid(
            clean,
            "The number has not a form like 48206-3303-ООО: compare it with the certificate.",
        )
    }
}

fn is_form_letter(c: char) -> bool {
    c.is_ascii_uppercase() || ('А'..='Я').contains(&c) || matches!(c, 'Ё' | 'Ү' | 'Ө' | 'Ң')
}

fn cyrillic(c: char) -> char {
    match c {
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'H' => 'Н',
        'K' => 'К',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'T' => 'Т',
        'X' => 'Х',
        'Y' => 'У',
        other => other,
    }
}

enum Grouped {
    Whole(String),
    Short(String),
}

/// Reads groups of the given widths, with or without separators, and writes them with hyphens. `Short`: the groups are
/// right but zeros are missing in front of some, or one in front of all.
fn grouped(clean: &str, widths: &[usize]) -> Option<Grouped> {
    let parts: Vec<&str> = clean
        .split(is_separator)
        .filter(|part| !part.is_empty())
        .collect();
    if !parts.iter().all(|part| is_all_digits(part)) {
        return None;
    }
    let total: usize = widths.iter().sum();
    let solid = parts.concat();
    if solid.len() == total
        && (parts.len() == 1
            || parts
                .iter()
                .zip(widths)
                .all(|(part, width)| part.len() == *width))
    {
        return Some(Grouped::Whole(hyphenated(&solid, widths)));
    }
    if parts.len() == widths.len()
        && parts
            .iter()
            .zip(widths)
            .all(|(part, width)| part.len() <= *width)
    {
        let padded: Vec<String> = parts
            .iter()
            .zip(widths)
            .map(|(part, width)| format!("{part:0>width$}", width = *width))
            .collect();
        return Some(Grouped::Short(padded.join("-")));
    }
    let one_zero_short = parts.len() == 1 && solid.len() + 1 == total;
    one_zero_short.then(|| Grouped::Short(hyphenated(&format!("0{solid}"), widths)))
}

fn hyphenated(solid: &str, widths: &[usize]) -> String {
    let mut digits = solid.chars();
    let groups: Vec<String> = widths
        .iter()
        .map(|width| digits.by_ref().take(*width).collect())
        .collect();
    groups.join("-")
}

/// The number in the form in which the EU's VAT register writes it begins with `HU`.
fn without_vat_prefix(clean: &str) -> &str {
    clean
        .strip_prefix("HU")
        .or_else(|| clean.strip_prefix("hu"))
        .unwrap_or(clean)
}

fn zero_padded(number: &str, length: usize) -> Option<String> {
    (number.len() < length).then(|| format!("{number:0>length$}"))
}
