//! The registry number: one opaque public id for life.
//!
//! `OTS-` + 7 random characters of Crockford base 32 + `-` + 2 check digits (ISO 7064 MOD 97-10 over the seven,
//! letters as 10…35), like `OTS-7K3M9Q2-54`. It carries no country, date or order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A registry number whose check digits are right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryNumber(String);

/// The text is not a registry number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a registry number; one looks like OTS-7K3M9Q2-54 and its last two digits check the rest")
    }
}

impl RegistryNumber {
    /// Draws a number; 35 random bits, so the caller tries again when it is taken.
    pub fn random() -> Result<Self, getrandom::Error> {
        let bits = getrandom::u64()?;
        let body: String = (0..7u32)
            .map(|n| usize::try_from(bits >> (5 * n) & 31).unwrap_or(0))
            .map(|digit| char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')))
            .collect();
        Ok(Self::from_body(&body))
    }

    fn from_body(body: &str) -> Self {
        Self(format!("OTS-{body}-{:02}", check_digits(body)))
    }

    /// The number as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryNumber {
    type Err = NotANumber;

    /// Reads what people write: lower case, missing hyphens, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let rest = plain
            .strip_prefix("OTS")
            .or_else(|| plain.strip_prefix("0TS"))
            .ok_or(NotANumber)?;
        let body: String = rest
            .chars()
            .map(|c| match c {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let (Some(seven), Some(check)) = (body.get(..7), body.get(7..)) else {
            return Err(NotANumber);
        };
        let written = check.len() == 2
            && check.bytes().all(|b| b.is_ascii_digit())
            && seven.bytes().all(|b| ALPHABET.contains(&b));
        let number = Self::from_body(seven);
        if written && number.0.ends_with(check) {
            Ok(number)
        } else {
            Err(NotANumber)
        }
    }
}

impl TryFrom<String> for RegistryNumber {
    type Error = NotANumber;
    fn try_from(text: String) -> Result<Self, NotANumber> {
        text.parse()
    }
}

impl From<RegistryNumber> for String {
    fn from(number: RegistryNumber) -> Self {
        number.0
    }
}

impl fmt::Display for RegistryNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl utoipa::PartialSchema for RegistryNumber {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "A registry number: one for life. Lower case and missing hyphens are understood; the last two digits check the rest.",
            ))
            .pattern(Some("^[Oo0][Tt][Ss]-?[0-9A-Za-z]{7}-?[0-9]{2}$"))
            .examples(["OTS-7K3M9Q2-54"])
            .into()
    }
}
impl utoipa::ToSchema for RegistryNumber {}

/// ISO 7064 MOD 97-10: the two digits that make the whole ≡ 1 (mod 97).
fn check_digits(body: &str) -> u32 {
    let rest = body.chars().fold(0u32, |rest, c| {
        let value = c.to_digit(36).unwrap_or(0);
        if value > 9 {
            (rest * 100 + value) % 97
        } else {
            (rest * 10 + value) % 97
        }
    });
    98 - rest * 100 % 97
}

#[cfg(test)]
mod tests {
    use super::{NotANumber, RegistryNumber};

    #[test]
    fn the_design_s_example_is_a_number() {
        assert_eq!(
            "OTS-7K3M9Q2-54".parse::<RegistryNumber>().unwrap().as_str(),
            "OTS-7K3M9Q2-54"
        );
    }

    #[test]
    fn what_people_write_is_read() {
        let number = RegistryNumber::from_body("0123ABC");
        for text in [
            number.as_str().to_lowercase(),
            number.as_str().replace('-', ""),
            number.as_str().replace("0123", "OI23"),
            number.as_str().replace("0123", "oL23"),
            format!(" {} ", number.as_str()),
        ] {
            assert_eq!(text.parse(), Ok(number.clone()), "{text}");
        }
    }

    // MOD 97-10 promises it among digits and among letters; a digit beside a letter (1B, B1) may read the same.
    #[test]
    fn a_wrong_character_or_a_swap_of_the_same_kind_is_seen() {
        let number = RegistryNumber::random().unwrap();
        let text: Vec<char> = number.as_str().chars().collect();
        let alike = |a: char, b: char| a != b && a.is_ascii_digit() == b.is_ascii_digit();
        let refused = |wrong: Vec<char>| {
            let wrong: String = wrong.into_iter().collect();
            assert_eq!(
                wrong.parse::<RegistryNumber>(),
                Err(NotANumber),
                "{number} {wrong}"
            );
        };
        for n in 4..11 {
            for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
                .chars()
                .filter(|c| alike(text[n], *c))
            {
                let mut wrong = text.clone();
                wrong[n] = other;
                refused(wrong);
            }
            if n < 10 && alike(text[n], text[n + 1]) {
                let mut wrong = text.clone();
                wrong.swap(n, n + 1);
                refused(wrong);
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "OTS-",
            "OTS-7K3M9Q2",
            "7K3M9Q2-54",
            "OTS-7K3M9Q2-54-1",
            "OTS-7K3M9QÖ-54",
            "OTS-7K3M9QU-54",
            "OTS-7K3M9Q2-55",
            "organisation:OTS-7K3M9Q2-54",
        ] {
            assert_eq!(text.parse::<RegistryNumber>(), Err(NotANumber), "{text}");
        }
    }
}
