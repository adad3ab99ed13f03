//! The set of reports that a closing freezes: each with its question and the hash of its data part.
//!
//! They are made in one snapshot of the database, at its newest position, and long before the journal's head is taken: however long
//! it lasts, nobody waits. What is recorded meanwhile lies behind that position, so it is a change after the close.

use serde_json::Value;

use super::rows::FrozenReport;
use crate::countries::Countries;
use crate::db::Conn;
use crate::http::Error;
use crate::reports::exceptions::{Exceptions, KINDS, MACHINERY};
use crate::reports::list::{self, List};
use crate::reports::question::{Filters, Known, Period};
use crate::reports::report::{self, Report};
use crate::reports::{
    ageing, data_quality, decisions, exceptions, register, renewals, roll_forward, standing,
};

/// A report of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A list, whole.
    Register,
    /// Of the period.
    RollForward,
    /// Of its last day.
    Standing,
    /// Of its last day.
    Ageing,
    /// Of its last day.
    Renewals,
    /// Of its last day.
    DataQuality,
    /// Of the period.
    Decisions,
    /// The list of a kind of exception, whole.
    Exceptions(&'static str),
}

impl Part {
    /// All of them, in the order of the statement.
    pub fn all() -> impl Iterator<Item = Self> {
        let reports = [
            Self::Register,
            Self::RollForward,
            Self::Standing,
            Self::Ageing,
            Self::Renewals,
            Self::DataQuality,
            Self::Decisions,
        ];
        let recorded = KINDS.into_iter().filter(|kind| !MACHINERY.contains(kind));
        reports.into_iter().chain(recorded.map(Self::Exceptions))
    }
}

/// What is frozen: a period with all countries and types, as known at a position.
pub struct Freezing<'a> {
    countries: &'a Countries,
    period: Period,
    known: Known,
    filters: Filters,
    recorded: exceptions::Asked,
}

/// Makes the reports of a period, as they are known now.
pub fn reports(
    conn: &mut Conn,
    countries: &Countries,
    period: Period,
) -> Result<(i64, Vec<FrozenReport>), Error> {
    let known = Known::newest(conn)?;
    let freezing = Freezing::of(conn, countries, period, known)?;
    let set: Result<_, Error> = Part::all()
        .map(|part| freezing.report(conn, part))
        .collect();
    Ok((known.seq, set?))
}

impl<'a> Freezing<'a> {
    /// Of a period as known at a position.
    pub fn of(
        conn: &mut Conn,
        countries: &'a Countries,
        period: Period,
        known: Known,
    ) -> Result<Self, Error> {
        let filters = Filters::all(countries);
        let told = (false, false);
        Ok(Self {
            recorded: exceptions::Asked::of(conn, period, known, filters.clone(), told)?,
            countries,
            period,
            known,
            filters,
        })
    }

    /// How a report is asked for again.
    #[must_use]
    pub fn address(&self, part: Part) -> String {
        let Period { from, to, .. } = self.period;
        let at = format!("known_at=seq:{}", self.known.seq);
        let on = |path: &str| format!("/v1/reports/{path}?as_of={to}&{at}");
        let through = |path: &str| format!("/v1/reports/{path}?from={from}&to={to}&{at}");
        match part {
            Part::Register => on("register") + "&format=csv",
            Part::RollForward => through("roll-forward"),
            Part::Standing => on("standing"),
            Part::Ageing => on("ageing"),
            Part::Renewals => on("renewals"),
            Part::DataQuality => on("data-quality"),
            Part::Decisions => through("decisions"),
            Part::Exceptions(kind) => {
                through("decisions/exceptions") + &format!("&kind={kind}&format=csv")
            }
        }
    }

    /// Makes one of them.
    pub fn report(&self, conn: &mut Conn, part: Part) -> Result<FrozenReport, Error> {
        let (day, known) = (self.period.to, self.known);
        let filters = self.filters.clone();
        let address = self.address(part);
        let report = match part {
            Part::Register => {
                return whole(conn, address, &register::Asked::all(day, known, filters));
            }
            Part::Exceptions(kind) => {
                let asked = self.recorded.clone();
                let kept_at = None;
                return whole(
                    conn,
                    address,
                    &Exceptions {
                        kind,
                        asked,
                        kept_at,
                    },
                );
            }
            Part::RollForward => {
                let asked = roll_forward::Asked::of(conn, self.period, known, filters, None)?;
                roll_forward::report(conn, &asked)?
            }
            Part::Standing => {
                let reference = standing::Reference::on(self.countries, day);
                let asked = standing::Asked {
                    day,
                    known,
                    filters,
                    reference,
                };
                standing::report(conn, &asked)?
            }
            Part::Ageing => ageing::report(
                conn,
                &ageing::Asked {
                    day,
                    known,
                    filters,
                },
            )?,
            Part::Renewals => renewals::report(
                conn,
                &renewals::Asked {
                    day,
                    known,
                    filters,
                },
            )?,
            Part::DataQuality => data_quality::report(
                conn,
                &data_quality::Asked {
                    day,
                    known,
                    filters,
                },
            )?,
            Part::Decisions => decisions::report(conn, &self.recorded)?,
        };
        let hash = report::sha256(&report.data());
        Ok(frozen(address, &report, hash))
    }
}

/// A whole list: a file has the hash of all of it.
fn whole(conn: &mut Conn, address: String, list: &impl List) -> Result<FrozenReport, Error> {
    let (report, hash) = list::hashed(conn, list)?;
    Ok(frozen(address, &report, hash))
}

fn frozen(address: String, report: &Report, data_sha256: String) -> FrozenReport {
    FrozenReport {
        report: report.name.to_owned(),
        definition: report.definition,
        address,
        question: Value::Object(report.question.clone()),
        data_sha256,
    }
}
