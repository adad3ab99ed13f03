//! Demo data: made-up organisations and one account per role, made by the same calls as the API's.
//!
//! Every name says that it is a sample. The accounts are roles, not people; their password is the same for all and known to
//! everybody, which is why a demo serves on a loopback address only.

mod history;
mod words;

use std::fmt::Write;

use crate::accounts::keys::{create_key, make_room};
use crate::accounts::model::{KeyScope, NewKey};
use crate::accounts::rows::UserRow;
use crate::accounts::{NewUser, create_active};
use crate::auth::policy::Action;
use crate::auth::{Acting, Role, passwords};
use crate::countries::Countries;
use crate::db::{Conn, Instant, Tx, marks};
use crate::http::Error;
use crate::memberships::rules::Rules;
use crate::text::{Email, Line};

/// The password of every demo account.
pub const PASSWORD: &str = "nine sample beekeepers";

/// The mark of a database that holds a demo, or the beginning of one.
const MARK: &str = "demo";
const WHOLE: &str = "true";
const UNFINISHED: &str = "unfinished";
/// The mark that says what a database is for good: a registry never becomes a demo, its coordinators could be anybody then. A mark of
/// its own, because earlier programs take the other one for that of a demo whatever it says.
const KIND: &str = "kind";
const DEMO: &str = "demo";
const REGISTRY: &str = "registry";

/// What a database holds of a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing yet.
    None,
    /// Nothing, and never will: it is a registry.
    Registry,
    /// A whole demo.
    Whole,
    /// A part of one: the program ended while it was made. Its accounts are there, with the password that everybody knows.
    Unfinished,
}

/// What the database holds of a demo.
pub fn held(conn: &mut Conn) -> Result<Held, Error> {
    Ok(match marks::get(conn, MARK)?.as_deref() {
        None if marks::get(conn, KIND)?.as_deref() == Some(REGISTRY) => Held::Registry,
        None => Held::None,
        Some(WHOLE) => Held::Whole,
        Some(_) => Held::Unfinished,
    })
}

/// Says of an empty database that a demo is begun in it, so that one that was killed half-way is taken neither for a whole one nor
/// for a registry. The instant at which it begins, which is long ago.
/// Nothing where a registry has begun in it meanwhile.
pub fn begin(conn: &mut Conn) -> Result<Option<Instant>, Error> {
    let begun = conn.transact(|tx| {
        Ok::<_, Error>(marks::claim(tx, KIND, DEMO)? && marks::claim(tx, MARK, UNFINISHED)?)
    })?;
    Ok(begun.then(|| history::beginning(Instant::now())))
}

/// Says of a database that it is a registry, as a part of this transaction, or finds it said. False where a demo has begun in it.
pub fn is_registry(tx: &mut Tx<'_>) -> Result<bool, Error> {
    Ok(marks::claim(tx, KIND, REGISTRY)? || held(tx)? == Held::Registry)
}

/// What to print after the start.
pub struct Logins {
    accounts: Vec<(String, String)>,
    key: String,
}

impl Logins {
    /// The log-ins and the addresses to open.
    pub fn text(&self, base_url: &str) -> String {
        let mut text =
            String::from("\nDemo registry: every organisation and account is made up.\n\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<42} role", "e-mail");
        for (email, role) in &self.accounts {
            let _ = writeln!(text, "  {email:<42} {role}");
        }
        let _ = writeln!(text, "\n  password of all:  {PASSWORD}");
        let _ = writeln!(text, "  second factor:    not asked for in a demo");
        let _ = writeln!(text, "  partner key:      {}", self.key);
        let _ = writeln!(
            text,
            "\n  {base_url}/                    what this is\n  {base_url}/docs/               the interactive reference\n  {base_url}/reports             reports, closed periods and the journal, after a log-in\n  {base_url}/v1/organisations    public organisations\n"
        );
        text
    }
}

/// Fills a database in which a demo was begun (`fill`), and makes a new partner key, whose secret is never stored.
pub fn prepare(
    conn: &mut Conn,
    countries: &Countries,
    rules: &Rules,
    fill: bool,
    progress: impl Fn(&str),
) -> Result<Logins, Error> {
    if fill {
        let hash = passwords::hash(PASSWORD)?;
        let long_ago = history::beginning(Instant::now());
        let people = conn.transact(|tx| make_people(tx, countries, &hash, long_ago))?;
        history::make(conn, countries, rules, &people, progress)?;
        conn.transact(|tx| marks::set(tx, MARK, WHOLE).map_err(Error::from))?;
    }
    let key = conn.transact(|tx| {
        let new = NewKey {
            name: line("Sample partner website")?,
            scopes: vec![KeyScope::Read],
            expires_at: None,
            per_minute: None,
        };
        let operator = Acting::operator(Action::ManageKeys)?;
        make_room(tx, &operator, new.name.as_str())?;
        Ok::<_, Error>(create_key(tx, &operator, &new)?.1)
    })?;
    let accounts = people(countries)?
        .into_iter()
        .map(|new| (new.email.as_str().to_owned(), role_text(&new)))
        .collect();
    Ok(Logins { accounts, key })
}

fn role_text(new: &NewUser) -> String {
    match &new.country {
        Some(country) => format!("{} of {country}", new.role.as_str()),
        None => new.role.as_str().to_owned(),
    }
}

fn line(text: &str) -> Result<Line, Error> {
    Line::parse(text).map_err(Error::internal)
}

/// One account per role: the secretariat twice, two coordinators for each country, an auditor.
fn people(countries: &Countries) -> Result<Vec<NewUser>, Error> {
    let mut people = Vec::new();
    let mut add = |email: String, name: String, role, country: Option<&str>| {
        let email = Email::parse(&email).map_err(Error::internal)?;
        people.push(NewUser {
            email,
            name: line(&name)?,
            role,
            country: country.map(str::to_owned),
        });
        Ok::<_, Error>(())
    };
    for n in 1..=2 {
        add(
            format!("secretariat{n}@demo.example"),
            format!("Demo secretariat {n}"),
            Role::Secretariat,
            None,
        )?;
    }
    add(
        "auditor@demo.example".to_owned(),
        "Demo auditor".to_owned(),
        Role::Auditor,
        None,
    )?;
    for country in countries.iter() {
        for n in 1..=2 {
            let code = country.code.to_lowercase();
            let name = format!("Demo coordinator {n} of {}", country.name_en());
            add(
                format!("{code}{n}@demo.example"),
                name,
                Role::Coordinator,
                Some(&country.code),
            )?;
        }
    }
    Ok(people)
}

fn make_people(
    tx: &mut Tx<'_>,
    countries: &Countries,
    hash: &str,
    now: Instant,
) -> Result<Vec<UserRow>, Error> {
    let acting = Acting::operator(Action::ManageAccounts)?.as_if_at(now);
    people(countries)?
        .iter()
        .map(|new| create_active(tx, &acting, new, hash.to_owned()))
        .collect()
}
