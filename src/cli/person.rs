//! `person`: exports or erases what is held of a person, as the operator.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, Stop};
use crate::accounts::find_by_email;
use crate::auth::policy::Action;
use crate::auth::{Acting, reads};
use crate::config::Config;
use crate::db::{Conn, dialect};
use crate::http::Error;
use crate::people::{self, Subject};
use crate::text::{Email, Reason};

/// Exports or erases what is held of a person.
#[derive(Subcommand)]
pub(super) enum Person {
    /// Prints everything that is held of a person, as JSON. It is recorded.
    Export(Whose),
    /// Forgets a person; it cannot be undone. An account must be disabled first.
    Erase {
        #[command(flatten)]
        whose: Whose,
        /// Why; it stays in the journal and must not repeat the person's data.
        #[arg(long)]
        reason: String,
    },
}

/// Whose data.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// The e-mail address of an account.
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// A contact person, as the organisation's number and the item's.
    #[arg(long, value_name = "NUMBER/ITEM")]
    contact: Option<String>,
}

impl Whose {
    fn subject(&self, conn: &mut Conn) -> Result<Subject, Stop> {
        match (&self.user, &self.contact) {
            (Some(email), _) => {
                let email = Email::parse(email).map_err(|e| Stop(format!("--user: {e}")))?;
                let user = find_by_email(conn, &email)?;
                Ok(Subject::Account(
                    user.ok_or_else(|| Error::not_found("account"))?.id(),
                ))
            }
            (None, Some(contact)) => contact
                .parse()
                .map_err(|hint| Stop(format!("--contact: {hint}"))),
            (None, None) => Err("say whose data: --user or --contact".into()),
        }
    }
}

pub(super) fn run(args: &Person, config: &Config) -> Done {
    let mut conn = super::open_existing(config)?;
    let text = match args {
        Person::Export(whose) => {
            let subject = whose.subject(&mut conn)?;
            let found = conn.transact(|tx| {
                let acting = Acting::operator(Action::ExportPerson)?;
                let found = people::export(tx, &acting, &subject)?;
                reads::insert(tx, &acting.taken(None)?)?;
                Ok::<_, Error>(found)
            })?;
            serde_json::to_string_pretty(&found)
        }
        Person::Erase { whose, reason } => {
            let reason = Reason::parse(reason).map_err(|e| Stop(format!("--reason: {e}")))?;
            let subject = whose.subject(&mut conn)?;
            let done = conn.transact(|tx| {
                let acting = Acting::operator(Action::ErasePerson)?;
                people::erase(tx, &acting, &subject, &reason)
            })?;
            dialect::empty_log(&mut conn)?;
            serde_json::to_string_pretty(&done)
        }
    };
    println!("{}", text.map_err(|e| Stop(e.to_string()))?);
    Ok(ExitCode::SUCCESS)
}
