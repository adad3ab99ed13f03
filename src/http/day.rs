//! Days on the wire: `YYYY-MM-DD` and nothing else.
//!
//! The reader of the date library also takes `2026-1-1`, spaces and years of five digits, which would come back in
//! another form than they went in.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, de::Error};

/// A day on the wire, in the contract.
pub struct Day;

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::Custom(
                "date".to_owned(),
            )))
            .description(Some("A day of the years 1000 to 9999."))
            .pattern(Some(
                "^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            ))
            .examples(["2026-01-31"])
            .into()
    }
}
impl utoipa::ToSchema for Day {}

/// Reads a day of the years 1000 to 9999.
pub fn parse(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(n, b)| match n {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| form && day.year() >= 1000)
}

/// For a member that must be there.
pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom(HINT))
}

/// For a member that may be absent (with `default`) or null.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| parse(&text).ok_or_else(|| D::Error::custom(HINT)))
        .transpose()
}

const HINT: &str = "must be a day like 2026-01-31, from the year 1000 on";

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_day_has_one_form() {
        assert!(parse("2026-01-31").is_some());
        for bad in [
            "2026-1-31",
            " 2026-01-31",
            "2026-02-30",
            "+12026-01-31",
            "-001-01-01",
            "0999-12-31",
            "2026/01/31",
            "",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
