//! The eight countries: reference data that ships with the program, and the checks of national identifiers.
//!
//! Pure: no SQL, no HTTP, no clock. Everything here is read from the embedded files once, at start.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | the types of the files |
//! | `reference` | [`Countries`]: all files, loaded |
//! | `data/*.toml` | one readable file per country, and `global.toml` for schemes that hold everywhere |
//! | `spelling` | the folding by which a spreadsheet cell is recognised as a country |
//! | [`identifiers`] | the four verdicts on a written identifier, and the search for persons' numbers |

pub mod handlers;
pub mod identifiers;
pub mod model;
mod reference;
mod spelling;
#[cfg(test)]
mod tests;

pub use identifiers::{
    Checked, UnknownScheme, Verdict, check, has_form_of_person_number, holds_person_number,
    may_be_person_number, plain_text,
};
pub use model::{
    Authority, CheckAlgorithm, Country, LegalForm, PersonNumber, Scheme, SchemeKind, Standing,
    StandingPeriod,
};
pub use reference::{Countries, CountryCode};
