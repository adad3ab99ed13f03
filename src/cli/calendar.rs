//! `calendar`: what the calendar does to memberships by itself.

use std::io::Write;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Subcommand;

use super::Done;
use crate::auth::Reach;
use crate::config::Config;
use crate::db::Instant;
use crate::memberships::{adoption, calendar, recorder};

/// Records what the calendar did, or tells what it will do.
#[derive(Subcommand)]
pub(super) enum Calendar {
    /// Records every grace, lapse and end of a suspension that has come about, as the service does by itself.
    Run,
    /// Lists what will come about by a day if nobody does anything; changes nothing.
    Simulate {
        /// The last day, like 2027-03-31.
        #[arg(long)]
        through: String,
        /// Only this country.
        #[arg(long)]
        country: Option<String>,
    },
}

pub(super) fn run(args: &Calendar, config: &Config) -> Done {
    let mut conn = super::open_existing(config)?;
    match args {
        Calendar::Run => {
            let rules = adoption::in_force(&mut conn)?;
            match recorder::run_on(&mut conn, &rules, Instant::now())? {
                Some(done) => say!("{done}."),
                None => say!("The service is recording just now; nothing was done here."),
            }
        }
        Calendar::Simulate { through, country } => {
            let out = &mut std::io::stdout().lock();
            simulate(&mut conn, through, country.as_deref(), out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn simulate(
    conn: &mut crate::db::Conn,
    through: &str,
    country: Option<&str>,
    out: &mut impl Write,
) -> Result<(), super::Stop> {
    let today = Instant::now().day();
    let through: NaiveDate =
        crate::http::day::parse(through).ok_or("through: must be a day like 2027-03-31")?;
    if through <= today {
        return Err("through: must lie after today".into());
    }
    if let Some(code) = country
        && !crate::accounts::queries::is_country(conn, code)?
    {
        return Err("country: must be the code of one of the Platform's countries, like KZ".into());
    }
    let wanted = calendar::Wanted {
        from: today,
        through,
        country: country.map(|c| vec![c.to_owned()]).unwrap_or_default(),
        state: Vec::new(),
        after: None,
    };
    let mut after = None;
    let mut read_on = tell(out, "day\tbecomes\tcountry\ttype\tnumber\tname")?;
    while read_on {
        let wanted = calendar::Wanted {
            after,
            ..wanted.clone()
        };
        let rows = calendar::page(conn, &Reach::everything(), &wanted, 1_000)?;
        let Some((last, _)) = rows.last() else {
            break;
        };
        after = Some((last.from_day, last.membership_id));
        for (interval, organisation) in &rows {
            let line = format!(
                "{}\t{}\t{}\t{}\t{}\t{}",
                interval.from_day,
                interval.state,
                interval.country,
                interval.membership_type,
                organisation.number,
                organisation.name
            );
            read_on = read_on && tell(out, &line)?;
        }
    }
    Ok(())
}

/// Writes a line; false when whoever reads has seen enough, as `head` has.
fn tell(out: &mut impl Write, line: &str) -> Result<bool, super::Stop> {
    match writeln!(out, "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}
