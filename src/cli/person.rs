//! `person`: exports, corrects or erases what is held of a person, as the operator.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, Stop};
use crate::accounts::find_by_email;
use crate::auth::policy::Action;
use crate::auth::{Acting, reads};
use crate::config::Config;
use crate::db::Conn;
use crate::http::{Error, Patch};
use crate::people::emptying::{self, Log};
use crate::people::{self, Corrections, Subject};
use crate::text::{Email, Line, Phone, Reason};

/// Exports, corrects or erases what is held of a person.
#[derive(Subcommand)]
pub(super) enum Person {
    /// Prints everything that is held of a person, as JSON. It is recorded.
    Export(Whose),
    /// Corrects what is held of a person. An empty text clears what may be empty.
    Rectify {
        #[command(flatten)]
        whose: Whose,
        /// The name.
        #[arg(long)]
        name: Option<String>,
        /// A contact person's position.
        #[arg(long)]
        position: Option<String>,
        /// The e-mail address; another one ends an account's sessions and links.
        #[arg(long)]
        email: Option<String>,
        /// A contact person's telephone.
        #[arg(long)]
        phone: Option<String>,
    },
    /// Forgets a person; it cannot be undone. An account must be disabled first. Ends with 3 where a reader of the database keeps its
    /// write-ahead log from being emptied, and says how to finish.
    Erase {
        #[command(flatten)]
        whose: Whose,
        /// Why; it stays in the journal and must not repeat the person's data.
        #[arg(long)]
        reason: String,
    },
    /// Empties the write-ahead log of SQLite, where an erasure could not because somebody was reading.
    EmptyLog,
}

/// The exit code where a person is forgotten and the write-ahead log still holds what was said.
const HELD: u8 = 3;

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

/// What an option says: nothing, an empty text that clears, or a value.
fn patch<T, E: std::fmt::Display>(
    name: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Patch<T>, Stop> {
    match text {
        None => Ok(Patch::Keep),
        Some("") => Ok(Patch::Clear),
        Some(text) => parse(text)
            .map(Patch::Set)
            .map_err(|e| Stop(format!("--{name}: {e}"))),
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
        Person::Rectify {
            whose,
            name,
            position,
            email,
            phone,
        } => {
            let name = name.as_deref().map(Line::parse).transpose();
            let corrections = Corrections {
                name: name.map_err(|e| Stop(format!("--name: {e}")))?,
                position: patch("position", position.as_deref(), Line::parse)?,
                email: patch("email", email.as_deref(), Email::parse)?,
                phone: patch("phone", phone.as_deref(), Phone::parse)?,
            };
            let subject = whose.subject(&mut conn)?;
            // Whoever may have a person forgotten may have them corrected.
            conn.transact(|tx| {
                let acting = Acting::operator(Action::ErasePerson)?;
                people::rectify(tx, &acting, &subject, &corrections)
            })?;
            say!(
                "Corrected {subject}. The journal keeps what was said before, until it is erased."
            );
            return Ok(ExitCode::SUCCESS);
        }
        Person::Erase { whose, reason } => {
            let reason = Reason::parse(reason).map_err(|e| Stop(format!("--reason: {e}")))?;
            let subject = whose.subject(&mut conn)?;
            let done = conn.transact(|tx| {
                let acting = Acting::operator(Action::ErasePerson)?;
                people::erase(tx, &acting, &subject, &reason)
            })?;
            say!(
                "{}",
                serde_json::to_string_pretty(&done).map_err(Error::internal)?
            );
            return emptied(&mut conn, config);
        }
        Person::EmptyLog => return emptied(&mut conn, config),
    };
    say!("{}", text.map_err(|e| Stop(e.to_string()))?);
    Ok(ExitCode::SUCCESS)
}

/// Empties the write-ahead log where that is owed, and says so where it cannot be done now.
fn emptied(conn: &mut Conn, config: &Config) -> Done {
    if emptying::settle_on(conn)? == Log::Held {
        aside!("{}", emptying::held(&config.database));
        return Ok(ExitCode::from(HELD));
    }
    Ok(ExitCode::SUCCESS)
}
