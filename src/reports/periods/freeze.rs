//! The set of reports that a closing freezes: each with its question and the hash of its data part.
//!
//! They are made in one snapshot of the database, at its newest position, and long before the journal's head is taken: however long
//! it lasts, nobody waits. What is recorded meanwhile lies behind that position, so it is a change after the close.

use serde_json::Value;

use super::rows::FrozenReport;
use crate::auth::Acting;
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

/// Makes the reports of a period, of all countries and types, as they are known now.
pub fn reports(
    conn: &mut Conn,
    countries: &Countries,
    acting: &Acting,
    period: Period,
) -> Result<(i64, Vec<FrozenReport>), Error> {
    let known = Known::resolve(conn, None, acting)?;
    let filters = Filters::resolve(countries, acting, &[], &[])?;
    let asks = Asks {
        on: format!("as_of={}&known_at=seq:{}", period.to, known.seq),
        through: format!(
            "from={}&to={}&known_at=seq:{}",
            period.from, period.to, known.seq
        ),
    };
    let day = period.to;
    let mut set = vec![
        asks.whole(
            conn,
            "register",
            &register::Asked::all(day, known, filters.clone()),
        )?,
        asks.through("roll-forward", &{
            let asked = roll_forward::Asked::of(conn, period, known, filters.clone(), None)?;
            roll_forward::report(conn, &asked)?
        }),
        asks.on("standing", &{
            let asked = standing::Asked {
                day,
                known,
                filters: filters.clone(),
                reference: standing::Reference::on(countries, day),
            };
            standing::report(conn, &asked)?
        }),
        asks.on("ageing", &{
            let asked = ageing::Asked {
                day,
                known,
                filters: filters.clone(),
            };
            ageing::report(conn, &asked)?
        }),
        asks.on("renewals", &{
            let asked = renewals::Asked {
                day,
                known,
                filters: filters.clone(),
            };
            renewals::report(conn, &asked)?
        }),
        asks.on("data-quality", &{
            let asked = data_quality::Asked {
                day,
                known,
                filters: filters.clone(),
            };
            data_quality::report(conn, &asked)?
        }),
    ];
    let told = (false, false);
    let asked = exceptions::Asked::of(conn, period, known, filters, told)?;
    set.push(asks.through("decisions", &decisions::report(conn, &asked)?));
    for kind in KINDS.into_iter().filter(|kind| !MACHINERY.contains(kind)) {
        let list = Exceptions {
            kind,
            asked: asked.clone(),
            kept_at: None,
        };
        let (report, hash) = list::hashed(conn, &list)?;
        let address = format!(
            "decisions/exceptions?{}&kind={kind}&format=csv",
            asks.through
        );
        set.push(frozen(&address, &report, hash));
    }
    Ok((known.seq, set))
}

/// How the reports are asked for again.
struct Asks {
    /// Of the last day.
    on: String,
    /// Of the period.
    through: String,
}

impl Asks {
    fn on(&self, path: &str, report: &Report) -> FrozenReport {
        let hash = report::sha256(&report.data());
        frozen(&format!("{path}?{}", self.on), report, hash)
    }

    fn through(&self, path: &str, report: &Report) -> FrozenReport {
        let hash = report::sha256(&report.data());
        frozen(&format!("{path}?{}", self.through), report, hash)
    }

    /// A whole list of the last day: a file has the hash of all of it.
    fn whole(&self, conn: &mut Conn, path: &str, list: &impl List) -> Result<FrozenReport, Error> {
        let (report, hash) = list::hashed(conn, list)?;
        let address = format!("{path}?{}&format=csv", self.on);
        Ok(frozen(&address, &report, hash))
    }
}

fn frozen(address: &str, report: &Report, data_sha256: String) -> FrozenReport {
    FrozenReport {
        report: report.name.to_owned(),
        definition: report.definition,
        address: format!("/v1/reports/{address}"),
        question: Value::Object(report.question.clone()),
        data_sha256,
    }
}
