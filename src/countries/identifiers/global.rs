//! Schemes that hold in every country, on cleaned text.

use super::Outcome;
use super::digits::mod_97;
use super::text::{is_all_digits, is_separator};

const CHECK_DIGITS: &str = "The check digits do not fit: compare the identifier with its register.";

/// LEI: 18 letters and digits, two check digits; the whole is 1 modulo 97.
pub(super) fn lei(clean: &str) -> Outcome {
    let compact: String = clean
        .chars()
        .filter(|c| !is_separator(*c))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let ends_in_digits = compact.bytes().rev().take(2).all(|b| b.is_ascii_digit());
    if compact.len() != 20 || !compact.bytes().all(|b| b.is_ascii_alphanumeric()) || !ends_in_digits
    {
        return Outcome::invalid(
            clean,
            "An LEI has 18 letters or digits and 2 check digits: compare it with gleif.org.",
        );
    }
    if mod_97(&compact) == Some(1) {
        Outcome::Valid(compact)
    } else {
        Outcome::invalid(compact, CHECK_DIGITS)
    }
}

/// ROR: `0`, six characters of Crockford base 32, two check digits; 98 − (value · 100 mod 97).
pub(super) fn ror(clean: &str) -> Outcome {
    let lower = clean.to_lowercase();
    let id = without_address(&lower, &["ror.org/"]);
    let canonical: String = id.chars().map(crockford_canonical).collect();
    let check: String = canonical.chars().skip(7).collect();
    let value = canonical
        .chars()
        .take(7)
        .try_fold(0_u64, |sum, c| Some(sum * 32 + crockford(c)?));
    match value {
        Some(value)
            if canonical.len() == 9 && canonical.starts_with('0') && is_all_digits(&check) =>
        {
            let expected = 98 - value * 100 % 97;
            if check.parse() == Ok(expected) {
                Outcome::Valid(canonical)
            } else {
                Outcome::invalid(canonical, CHECK_DIGITS)
            }
        }
        _ => Outcome::invalid(
            clean,
            "A ROR identifier looks like 05a28rw58: copy it from ror.org.",
        ),
    }
}

/// Wikidata item: `Q` and a number without zeros in front.
pub(super) fn wikidata(clean: &str) -> Outcome {
    let upper = clean.to_uppercase();
    let item = without_address(&upper, &["WIKIDATA.ORG/WIKI/", "WIKIDATA.ORG/ENTITY/"]);
    let well_formed = item
        .strip_prefix('Q')
        .is_some_and(|n| is_all_digits(n) && !n.starts_with('0') && n.len() <= 10);
    if well_formed {
        Outcome::Unverifiable(item.to_owned())
    } else {
        Outcome::invalid(
            clean,
            "A Wikidata item is Q and digits, like Q4115189: copy it from wikidata.org.",
        )
    }
}

/// The identifier without the web address around it. Text and paths are in one case, given by the caller.
fn without_address<'a>(text: &'a str, paths: &[&str]) -> &'a str {
    let bare = ["https://", "http://", "HTTPS://", "HTTP://"]
        .iter()
        .find_map(|s| text.strip_prefix(s))
        .unwrap_or(text);
    let bare = bare
        .strip_prefix("www.")
        .or_else(|| bare.strip_prefix("WWW."))
        .unwrap_or(bare);
    let id = paths
        .iter()
        .find_map(|path| bare.strip_prefix(path))
        .unwrap_or(bare);
    id.trim_end_matches('/')
}

fn crockford_canonical(c: char) -> char {
    match c {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    }
}

fn crockford(c: char) -> Option<u64> {
    "0123456789abcdefghjkmnpqrstvwxyz"
        .chars()
        .zip(0..)
        .find_map(|(letter, value)| (letter == c).then_some(value))
}
