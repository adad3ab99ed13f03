//! The words of an organisation and the rules that need no database.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::Refused;
use crate::http::words::schema_words;

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident = $word:tt,)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[doc = $vdoc])+ #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word in the database and on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = Refused;
            fn from_str(text: &str) -> Result<Self, Refused> {
                Self::ALL
                    .iter()
                    .find(|v| v.as_str() == text)
                    .copied()
                    .ok_or_else(|| Refused(format!("must be one of: {}", [$($word),*].join(", "))))
            }
        }
    };
}

words!(
    /// What a name is to its organisation.
    NameKind {
        /// The current name in law; exactly one.
        Legal = "legal",
        /// The name in another language.
        Translated = "translated",
        /// A legal name of the past.
        Former = "former",
        /// A name that others use.
        Alias = "alias",
        /// Initials.
        Acronym = "acronym",
    }
);
words!(
    /// What another organisation is to this one.
    RelationKind {
        /// The organisation above this one.
        Parent = "parent",
        /// A branch of this one.
        Branch = "branch",
        /// What this one came from.
        Predecessor = "predecessor",
        /// What came from this one.
        Successor = "successor",
        /// A partner.
        Partner = "partner",
    }
);

impl RelationKind {
    /// The same relation seen from the other side.
    pub fn inverse(self) -> Self {
        match self {
            Self::Parent => Self::Branch,
            Self::Branch => Self::Parent,
            Self::Predecessor => Self::Successor,
            Self::Successor => Self::Predecessor,
            Self::Partner => Self::Partner,
        }
    }
}

/// The states of a membership, by which organisations can be listed: applications first.
pub const STATES: &[&str] = &[
    "draft",
    "submitted",
    "in_review",
    "returned",
    "recommended",
    "rejected",
    "application_withdrawn",
    "active",
    "grace",
    "lapsed",
    "suspended",
    "withdrawn",
    "expelled",
    "dissolved",
    "merged",
];
/// The standings that are public: what a membership can be once it was decided for.
pub const STANDINGS: &[&str] = &[
    "active",
    "grace",
    "lapsed",
    "suspended",
    "withdrawn",
    "expelled",
    "dissolved",
    "merged",
];
/// How a run of membership ended that went on with another type.
pub const TYPE_CHANGED: &str = "type_changed";
/// The types of a membership.
pub const TYPES: &[&str] = &["full", "associate", "observer"];

schema_words!(
    /// The state of a membership.
    StateWord as "MembershipState", STATES
);
schema_words!(
    /// A public standing: a member, or how the membership ended.
    StandingWord as "MembershipStanding", STANDINGS
);
schema_words!(
    /// How a run of membership stands, or ended: a public standing, or the change to another type.
    RunWord as "MembershipRun", {
        let mut words = STANDINGS.to_vec();
        words.push(TYPE_CHANGED);
        words
    }
);
schema_words!(
    /// The type of a membership.
    TypeWord as "MembershipType", TYPES
);
schema_words!(
    /// An order of organisations.
    SortWord as "OrganisationOrder", &["name", "-name"]
);

/// When an organisation was founded: a year, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Founded {
    /// Only the year is known.
    Year(i32),
    /// The day is known.
    Day(NaiveDate),
}

impl Founded {
    /// Reads `YYYY` or `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let hint = || {
            Refused("must be a year like 1999 or a day like 1999-12-31, from 1000 on".to_owned())
        };
        let found = match text.len() {
            4 if text.bytes().all(|b| b.is_ascii_digit()) => {
                Self::Year(text.parse().map_err(|_| hint())?)
            }
            10 => Self::Day(NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| hint())?),
            _ => return Err(hint()),
        };
        if found.year() < 1000 {
            Err(hint())
        } else {
            Ok(found)
        }
    }

    /// The year, which is public.
    pub fn year(self) -> i32 {
        match self {
            Self::Year(year) => year,
            Self::Day(day) => day.year(),
        }
    }

    /// The day, which is not.
    pub fn day(self) -> Option<NaiveDate> {
        match self {
            Self::Year(_) => None,
            Self::Day(day) => Some(day),
        }
    }

    /// Refuses what lies ahead of `today`.
    pub fn not_after(self, today: NaiveDate) -> Result<(), Refused> {
        let ahead = match self {
            Self::Year(year) => year > today.year(),
            Self::Day(day) => day > today,
        };
        if ahead {
            Err(Refused("must not lie in the future".to_owned()))
        } else {
            Ok(())
        }
    }
}

impl TryFrom<String> for Founded {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        Self::parse(&text)
    }
}

impl From<Founded> for String {
    fn from(founded: Founded) -> Self {
        match founded {
            Founded::Year(year) => format!("{year:04}"),
            Founded::Day(day) => day.to_string(),
        }
    }
}

impl utoipa::PartialSchema for Founded {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(
                "^[1-9][0-9]{3}(-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?$",
            ))
            .examples(["1999"])
            .into()
    }
}
impl ToSchema for Founded {}

/// A theme: a code of the UN's International Classification of Non-profit and Third Sector Organizations
/// (ICNP/TSO): a section A to L, or a section with two or three digits, like `E10`. Sections are the classification's; groups are judged
/// by their form alone, not looked up in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-L]([0-9]{2,3})?$", example = "E10")]
pub struct Theme(String);

impl Theme {
    /// Checks the form of the code.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let mut bytes = text.bytes();
        let section = bytes.next().is_some_and(|b| (b'A'..=b'L').contains(&b));
        let digits = bytes.clone().count();
        if section && matches!(digits, 0 | 2 | 3) && bytes.all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Refused(
            "must be an ICNP/TSO code: a letter A to L, alone or with 2 or 3 digits, like E10"
                .to_owned(),
        ))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Theme {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        Self::parse(&text)
    }
}

impl From<Theme> for String {
    fn from(theme: Theme) -> Self {
        theme.0
    }
}

/// A Sustainable Development Goal, 1 to 17.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schema(value_type = u8, minimum = 1, maximum = 17, example = 4)]
pub struct Sdg(u8);

impl TryFrom<u8> for Sdg {
    type Error = Refused;
    fn try_from(number: u8) -> Result<Self, Refused> {
        if (1..=17).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Refused("must be 1 to 17".to_owned()))
        }
    }
}

impl From<Sdg> for u8 {
    fn from(sdg: Sdg) -> Self {
        sdg.0
    }
}

/// Joins codes into the column's form `|A|B|`, sorted and without repeats; the empty text for none.
pub fn join_codes(codes: impl IntoIterator<Item = String>) -> String {
    let sorted: std::collections::BTreeSet<String> = codes.into_iter().collect();
    if sorted.is_empty() {
        return String::new();
    }
    format!("|{}|", sorted.into_iter().collect::<Vec<_>>().join("|"))
}

/// Splits the column's form.
pub fn split_codes(column: &str) -> Vec<String> {
    column
        .split('|')
        .filter(|c| !c.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Founded, RelationKind, Theme, join_codes, split_codes};

    #[test]
    fn founded_is_a_year_or_a_day() {
        assert_eq!(Founded::parse("1999").unwrap().year(), 1999);
        assert_eq!(
            Founded::parse("1999-12-31")
                .unwrap()
                .day()
                .unwrap()
                .to_string(),
            "1999-12-31"
        );
        for bad in ["", "99", "1999-02-30", "0999", "1999-1-1", "31.12.1999"] {
            assert!(Founded::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_theme_has_the_form_of_the_classification() {
        for good in ["A", "E10", "L101"] {
            assert!(Theme::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "M10", "a10", "A1", "A1234", "|A|"] {
            assert!(Theme::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn codes_survive_their_column() {
        assert_eq!(
            split_codes(&join_codes([
                "B20".to_owned(),
                "A".to_owned(),
                "A".to_owned()
            ])),
            ["A", "B20"]
        );
        assert_eq!(join_codes([]), "");
    }

    #[test]
    fn the_inverse_of_the_inverse_is_the_relation() {
        for kind in RelationKind::ALL {
            assert_eq!(kind.inverse().inverse(), *kind);
        }
    }
}
