//! `init`: the first two secretariat accounts through one-time links, the key files, and the registry's own rules of membership.

use std::process::ExitCode;

use clap::Args;
use diesel::prelude::*;

use super::{Done, Stop};
use crate::accounts::dto::OneTimeLink;
use crate::accounts::{BaseUrl, NewUser, invite};
use crate::auth::policy::Action;
use crate::auth::tokens::TokenKeys;
use crate::auth::{Acting, Role};
use crate::config::Config;
use crate::countries::holds_person_number;
use crate::db::schema::users;
use crate::db::{Conn, Instant, dialect};
use crate::demo;
use crate::http::Error;
use crate::text::{Email, Line};

/// Makes the first two secretariat accounts and the key files, and adopts the rules of `--rules-file`.
#[derive(Args)]
pub(super) struct Init {
    /// The e-mail address of a secretariat person; give it twice, because decisions take two people.
    #[arg(
        long = "secretariat",
        value_name = "EMAIL",
        required = true,
        num_args = 1
    )]
    secretariat: Vec<String>,
}

const HAS_ACCOUNTS: &str =
    "this registry has accounts already; invite further ones with `ots-registry user invite`";
/// The number that the process holds which makes the first accounts.
const LOCK: i64 = 0x696e_6974;

/// How many accounts there are.
pub(super) fn accounts(conn: &mut Conn) -> Result<i64, Stop> {
    Ok(users::table.count().get_result(conn).map_err(Error::from)?)
}

pub(super) fn run(args: &Init, config: &Config) -> Done {
    if let [one, other] = args.secretariat.as_slice()
        && one.eq_ignore_ascii_case(other)
    {
        return Err(
            "--secretariat: give two different e-mail addresses: decisions take two people".into(),
        );
    }
    let [one, other] = args.secretariat.as_slice() else {
        return Err("init needs --secretariat twice, with two different e-mail addresses: decisions take two people".into());
    };
    let people = [one, other]
        .map(|text| Email::parse(text).map_err(|e| Stop(format!("--secretariat {text}: {e}"))));
    let [one, other] = people;
    let people = [one?, other?];
    for email in &people {
        if holds_person_number(email.as_str()) {
            return Err("--secretariat: the e-mail address holds a person's number, which is kept nowhere; give another one".into());
        }
    }
    let file = super::rules::read(config)?;
    let mut conn = super::open(config)?;
    if accounts(&mut conn)? > 0 {
        return Err(HAS_ACCOUNTS.into());
    }
    super::rules::adopt(&mut conn, file.as_deref(), Instant::now(), |text| {
        aside!("{text}");
    })?;
    let had_keys = TokenKeys::exist(&config.keys_dir);
    super::keys::prepare(config, &mut conn)?;
    if !had_keys {
        say!(
            "Made the keys in {}. Keep them out of backups of the database, but do back them up.",
            config.keys_dir.display()
        );
    }
    conn.transact(|tx| {
        // Of several that run at once one makes the accounts, and the others wait until it has.
        dialect::lock_number(tx, LOCK)?;
        if !demo::is_registry(tx)? || accounts(tx)? > 0 {
            return Err(Stop(HAS_ACCOUNTS.to_owned()));
        }
        let mut links = "Two secretariat accounts are invited. Pass each link on; it works once, and sets the password:".to_owned();
        for (n, email) in (1..).zip(&people) {
            let new = NewUser {
                email: email.clone(),
                name: Line::parse(&format!("Secretariat {n}")).map_err(Error::internal)?,
                role: Role::Secretariat,
                country: None,
            };
            let acting = Acting::operator(Action::ManageAccounts)?;
            let (_, link) = invite(tx, &acting, &new)?;
            let address = OneTimeLink::address(&link, &BaseUrl(config.base_url.clone()));
            links.push_str(&format!("\n{}\n  {address}\n  until {}", email.as_str(), link.expires_at));
        }
        super::hand_over(&links)
    })?;
    Ok(ExitCode::SUCCESS)
}
