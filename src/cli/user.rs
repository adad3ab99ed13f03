//! `user`: invites, disables and lists accounts, as the operator.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Done, Stop};
use crate::accounts::dto::OneTimeLink;
use crate::accounts::{BaseUrl, NewUser, disable, find_by_email, invite, queries, second_factor};
use crate::auth::policy::Action;
use crate::auth::reads::{self, What};
use crate::auth::{Acting, Role};
use crate::config::Config;
use crate::countries::holds_person_number;
use crate::http::Error;
use crate::text::{Email, Line};

/// Invites, disables and lists accounts.
#[derive(Subcommand)]
pub(super) enum User {
    /// Makes an account and prints the one-time link that sets its password.
    Invite(Invite),
    /// Disables an account; its sessions end at once.
    Disable {
        /// Its e-mail address.
        email: String,
    },
    /// Removes an account's second factor when its app and recovery codes are lost; its sessions and its password end, and the link that
    /// sets another is printed.
    RemoveSecondFactor {
        /// Its e-mail address.
        email: String,
    },
    /// Lists the accounts. It is recorded.
    List,
}

/// Makes an account.
#[derive(Args)]
pub(super) struct Invite {
    /// Its e-mail address.
    #[arg(long)]
    email: String,
    /// The person's or the office's name.
    #[arg(long)]
    name: String,
    /// secretariat, coordinator or auditor.
    #[arg(long)]
    role: Role,
    /// The country of a coordinator, by the Platform's code.
    #[arg(long)]
    country: Option<String>,
}

fn email(text: &str) -> Result<Email, Stop> {
    Email::parse(text).map_err(|e| Stop(format!("--email: {e}")))
}

pub(super) fn run(args: &User, config: &Config) -> Done {
    let mut conn = super::open_existing(config)?;
    match args {
        User::Invite(args) => {
            if holds_person_number(&args.name) || holds_person_number(&args.email) {
                return Err("the name or the e-mail address holds a person's number, which is kept nowhere; leave it out".into());
            }
            let new = NewUser {
                email: email(&args.email)?,
                name: Line::parse(&args.name).map_err(|e| format!("--name: {e}"))?,
                role: args.role,
                country: args.country.clone(),
            };
            conn.transact(|tx| {
                let acting = Acting::operator(Action::ManageAccounts)?;
                let (_, link) = invite(tx, &acting, &new)?;
                let address = OneTimeLink::address(&link, &BaseUrl(config.base_url.clone()));
                super::hand_over(&format!(
                    "Invited {}. Pass this link on; it works once, until {}:\n{address}",
                    args.email, link.expires_at
                ))
            })?;
        }
        User::Disable { email: text } => {
            let address = email(text)?;
            conn.transact(|tx| {
                let user =
                    find_by_email(tx, &address)?.ok_or_else(|| Error::not_found("account"))?;
                disable(tx, &Acting::operator(Action::ManageAccounts)?, user.id())
            })?;
            say!("Disabled {text}; its sessions have ended.");
        }
        User::RemoveSecondFactor { email: text } => {
            let address = email(text)?;
            conn.transact(|tx| {
                let user =
                    find_by_email(tx, &address)?.ok_or_else(|| Error::not_found("account"))?;
                let acting = Acting::operator(Action::ManageAccounts)?;
                let Some(link) = second_factor::remove_for(tx, &acting, user.id())? else {
                    return Err(Stop(format!("{text} has no second factor")));
                };
                super::hand_over(&format!(
                    "Removed the second factor of {text}; its sessions and its password have ended. Pass this link on, which sets another password; it works once, until {}:\n{}\nA secretariat account has to set up another factor before anything else.",
                    link.expires_at,
                    OneTimeLink::address(&link, &BaseUrl(config.base_url.clone()))
                ))
            })?;
        }
        User::List => {
            let acting = Acting::operator(Action::ReadAccounts)?;
            let mut wanted = queries::Wanted::default();
            say!(
                "{:<12} {:<6} {:<9} {:<40} name",
                "role",
                "reach",
                "status",
                "e-mail"
            );
            loop {
                // Who reads is recorded first, the operator too.
                let rows = conn.transact(|tx| {
                    let rows = queries::list(tx, acting.reach(), &wanted, 500)?;
                    for row in &rows {
                        acting.saw(What::Account, format!("user:{}", row.id()), 1);
                    }
                    reads::insert(tx, &acting.taken(None)?)?;
                    Ok::<_, Error>(rows)
                })?;
                let Some(last) = rows.last() else { break };
                wanted.after = Some((last.created_at, last.id));
                for row in rows {
                    say!(
                        "{:<12} {:<6} {:<9} {:<40} {}",
                        row.role,
                        row.country.as_deref().unwrap_or("all"),
                        row.status,
                        row.email,
                        row.name
                    );
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
