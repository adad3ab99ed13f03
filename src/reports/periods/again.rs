//! Makes the reports of a closed period anew, as known at its closing, and holds the hash of each against what was signed.
//!
//! A report that was changed in the database since, or was signed as something that it never was, has another hash. What this program
//! makes by another definition, or cannot make any more, is not compared, and is told so.

use super::freeze::{Freezing, Part};
use super::queries;
use super::statement::{Named, Statement};
use crate::countries::Countries;
use crate::db::Conn;
use crate::http::Error;
use crate::http::day::parse;
use crate::reports::question::{Known, Period};

/// What came of comparing a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It is what was signed.
    Same,
    /// It has this hash now.
    Differs(String),
    /// It was not compared, for this reason.
    Not(String),
}

/// Compares every report that a statement names, in its order; `tell` gets each as soon as it is made.
///
/// # Errors
///
/// A database that has not closed this period.
pub fn compare(
    conn: &mut Conn,
    countries: &Countries,
    says: &Statement,
    mut tell: impl FnMut(&Named, &Compared),
) -> Result<(), Error> {
    let stranger = || Error::not_found("period");
    let period = parse(&says.days.0).zip(parse(&says.days.1));
    let (from, to) = period.ok_or_else(stranger)?;
    let row = queries::of_days(conn, from, to)?.ok_or_else(stranger)?;
    let known_seq = u64::try_from(row.known_seq).map_err(Error::internal)?;
    if crate::db::Id(row.id).to_string() != says.id || known_seq != says.known {
        return Err(stranger());
    }
    let known = Known {
        seq: row.known_seq,
        ..Known::newest(conn)?
    };
    let freezing = Freezing::of(conn, countries, Period::new(from, to)?, known)?;
    for named in &says.reports {
        let part = Part::all().find(|part| freezing.address(*part) == named.address);
        let compared = match part.map(|part| freezing.report(conn, part)) {
            None => Compared::Not("this program does not freeze it".to_owned()),
            Some(Ok(made)) if made.definition != named.definition => Compared::Not(format!(
                "it was frozen by definition {} and is made by definition {} now",
                named.definition, made.definition
            )),
            Some(Ok(made)) if made.data_sha256 == named.data_sha256 => Compared::Same,
            Some(Ok(made)) => Compared::Differs(made.data_sha256),
            Some(Err(error)) if error.code().status() < 500 => {
                Compared::Not(error.detail().to_owned())
            }
            Some(Err(error)) => return Err(error),
        };
        tell(named, &compared);
    }
    Ok(())
}
