//! Demo data: made-up organisations and one account per role, made by the same calls as the API's.
//!
//! Every name says that it is a sample. The accounts are roles, not people; their password is the same for all and known to
//! everybody, which is why a demo serves on a loopback address only.

use std::fmt::Write;

use diesel::prelude::*;

use crate::accounts::keys::create_key;
use crate::accounts::model::{KeyScope, NewKey};
use crate::accounts::rows::UserRow;
use crate::accounts::{NewUser, create_active, principal_of};
use crate::auth::policy::Action;
use crate::auth::{Acting, Role, passwords};
use crate::countries::Countries;
use crate::db::schema::registry_marks;
use crate::db::{Conn, Tx};
use crate::http::Error;
use crate::memberships::dto::{Apply, Decide, Recommend};
use crate::memberships::machine::Outcome;
use crate::memberships::model::{EventKind, MembershipType, Stance};
use crate::memberships::queries::Held;
use crate::memberships::record::{self, Particulars};
use crate::memberships::rules::Rules;
use crate::memberships::{apply, decide, recommend};
use crate::organisations::register;
use crate::text::{Email, Line, Reason};

/// The password of every demo account.
pub const PASSWORD: &str = "nine sample beekeepers";

/// How many organisations each country gets.
const PER_COUNTRY: usize = 40;

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
        let _ = writeln!(text, "  partner key:      {}", self.key);
        let _ = writeln!(
            text,
            "\n  {base_url}/                    what this is\n  {base_url}/docs/               the interactive reference\n  {base_url}/v1/organisations    public organisations\n"
        );
        text
    }
}

/// Fills an empty database (`fill`), and makes a new partner key, whose secret is never stored.
pub fn prepare(
    conn: &mut Conn,
    countries: &Countries,
    rules: &Rules,
    fill: bool,
    progress: impl Fn(&str),
) -> Result<Logins, Error> {
    if fill {
        let hash = passwords::hash(PASSWORD)?;
        let people = conn.transact(|tx| make_people(tx, countries, &hash))?;
        for (n, country) in countries.iter().enumerate() {
            progress(&format!(
                "demo data: {} ({} of 8)",
                country.name_en(),
                n + 1
            ));
            conn.transact(|tx| make_country(tx, countries, rules, &people, &country.code, n))?;
        }
        // Last, so that a demo that was killed half-way is not taken for a whole one.
        conn.transact(mark_as_demo)?;
    }
    let key = conn.transact(|tx| {
        let new = NewKey {
            name: line("Sample partner website")?,
            scopes: vec![KeyScope::Read],
            expires_at: None,
        };
        Ok::<_, Error>(create_key(tx, &Acting::operator(Action::ManageKeys)?, &new)?.1)
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

fn reason(text: &str) -> Result<Reason, Error> {
    Reason::parse(text).map_err(Error::internal)
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

fn make_people(tx: &mut Tx<'_>, countries: &Countries, hash: &str) -> Result<Vec<UserRow>, Error> {
    let acting = Acting::operator(Action::ManageAccounts)?;
    people(countries)?
        .iter()
        .map(|new| create_active(tx, &acting, new, hash.to_owned()))
        .collect()
}

/// Marks the database as a demo's.
fn mark_as_demo(tx: &mut Tx<'_>) -> Result<(), Error> {
    diesel::insert_into(registry_marks::table)
        .values((
            registry_marks::name.eq("demo"),
            registry_marks::value.eq("true"),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The officers who make a country's data.
struct Officers<'a> {
    coordinator: &'a UserRow,
    secretariat: &'a UserRow,
}

impl Officers<'_> {
    fn coordinator(&self, action: Action) -> Result<Acting, Error> {
        Acting::on_behalf(principal_of(self.coordinator)?, action)
    }
    fn secretariat(&self, action: Action) -> Result<Acting, Error> {
        Acting::on_behalf(principal_of(self.secretariat)?, action)
    }
}

fn make_country(
    tx: &mut Tx<'_>,
    countries: &Countries,
    rules: &Rules,
    people: &[UserRow],
    country: &str,
    salt: usize,
) -> Result<(), Error> {
    let missing = || Error::internal("a demo account is missing");
    let coordinator = people
        .iter()
        .find(|p| p.country.as_deref() == Some(country))
        .ok_or_else(missing)?;
    let secretariat = people
        .iter()
        .find(|p| p.role == Role::Secretariat.as_str())
        .ok_or_else(missing)?;
    let officers = Officers {
        coordinator,
        secretariat,
    };
    for n in 0..PER_COUNTRY {
        make_organisation(tx, countries, rules, &officers, country, n, salt)?;
    }
    Ok(())
}

fn make_organisation(
    tx: &mut Tx<'_>,
    countries: &Countries,
    rules: &Rules,
    officers: &Officers<'_>,
    country: &str,
    n: usize,
    salt: usize,
) -> Result<(), Error> {
    let words = words(country);
    let pick = |list: &[&'static str], step: usize| {
        list.get((n * step + salt) % list.len().max(1))
            .copied()
            .unwrap_or("")
    };
    let town = words
        .towns
        .get(n / words.themes.len().max(1) % words.towns.len().max(1))
        .copied()
        .unwrap_or("");
    let (local, english, icnp) = words
        .themes
        .get(n % words.themes.len().max(1))
        .copied()
        .unwrap_or(("", "", "L"));
    let body = serde_json::json!({
        "country": country,
        "names": [
            {"kind": "legal", "text": words.pattern.replace("{town}", town).replace("{theme}", local), "language": words.language},
            {"kind": "translated", "text": format!("Sample {english} of {town}"), "language": "en"},
        ],
        "legal_form": words.form,
        "city": town,
        "themes": [icnp],
        "sdgs": [n % 17 + 1],
        "founded": (1992 + (n * 7 + salt * 3) % 33).to_string(),
        "website": format!("https://sample-{}-{n}.example", country.to_lowercase()),
        "email": format!("office@sample-{}-{n}.example", country.to_lowercase()),
        "email_public": n.is_multiple_of(3),
        "address": pick(&["1 Sample Street", "2 Sample Square", "3 Sample Avenue"], 1),
        "descriptions": [{"language": "en", "text": "A made-up organisation of the demo."}],
    });
    let body = serde_json::from_value(body).map_err(Error::internal)?;
    let acting = officers.coordinator(Action::RegisterOrganisation)?;
    let made = register::register(tx, &acting, countries, &body)?;
    // Two in five are members; the rest show every step of the way there.
    let steps = match n % 10 {
        0 => return Ok(()),
        1 => 0,
        2 => 1,
        3 => 2,
        4 => 3,
        _ => 4,
    };
    let apply = Apply {
        membership_type: membership_type(n),
        effective_on: None,
        reason: None,
    };
    let mut held = apply::open(
        tx,
        &officers.coordinator(Action::Apply)?,
        rules,
        &made.row,
        &apply,
    )?;
    if steps >= 1 {
        held = plain(
            tx,
            officers,
            Action::Apply,
            rules,
            &held,
            EventKind::Submitted {},
        )?;
    }
    if steps >= 2 {
        let reviewer = officers.coordinator(Action::Review)?.actor().to_string();
        held = plain(
            tx,
            officers,
            Action::Review,
            rules,
            &held,
            EventKind::ReviewTaken { reviewer },
        )?;
    }
    if steps >= 3 {
        recommend_and_decide(tx, officers, rules, &held, n, steps)?;
    }
    Ok(())
}

fn plain(
    tx: &mut Tx<'_>,
    officers: &Officers<'_>,
    action: Action,
    rules: &Rules,
    held: &Held,
    kind: EventKind,
) -> Result<Held, Error> {
    record::record(
        tx,
        &officers.coordinator(action)?,
        rules,
        held,
        kind,
        Particulars::default(),
        |_, _, _| Ok(()),
    )
}

fn recommend_and_decide(
    tx: &mut Tx<'_>,
    officers: &Officers<'_>,
    rules: &Rules,
    held: &Held,
    n: usize,
    steps: usize,
) -> Result<(), Error> {
    let body = Recommend {
        stance: Stance::For,
        reason: reason("The sample papers were checked.")?,
        checklist: Vec::new(),
        evidence: Vec::new(),
        effective_on: None,
    };
    let (next, proposal) = recommend::recommend(
        tx,
        &officers.coordinator(Action::Review)?,
        rules,
        held,
        &body,
    )?;
    if steps < 4 {
        return Ok(());
    }
    let outcome = if n % 10 == 5 {
        Outcome::Refused
    } else {
        Outcome::Approved
    };
    let body = Decide {
        outcome,
        reason: reason("A sample decision.")?,
        revision: next.row.revision,
        effective_on: None,
        decision_number: Some(line(&format!("DEMO/{n}"))?),
        decision_date: None,
    };
    decide::decide(
        tx,
        &officers.secretariat(Action::Decide)?,
        rules,
        proposal.id,
        &body,
    )?;
    Ok(())
}

fn membership_type(n: usize) -> MembershipType {
    match n % 7 {
        5 => MembershipType::Associate,
        6 => MembershipType::Observer,
        _ => MembershipType::Full,
    }
}

/// The words that a country's sample names are made of: each pattern says "sample" in the country's language.
struct Words {
    language: &'static str,
    form: &'static str,
    pattern: &'static str,
    towns: &'static [&'static str],
    themes: &'static [(&'static str, &'static str, &'static str)],
}

fn words(country: &str) -> Words {
    match country {
        "AZ" => Words {
            language: "az-Latn",
            form: "AZ-IB",
            pattern: "“{town} Nümunə {theme}” İctimai Birliyi",
            towns: &["Bakı", "Gəncə", "Şəki", "Lənkəran"],
            themes: AZ,
        },
        "KZ" => Words {
            language: "kk-Cyrl",
            form: "KZ-QB",
            pattern: "«{town} үлгі {theme}» қоғамдық бірлестігі",
            towns: &["Астана", "Алматы", "Шымкент", "Ақтөбе"],
            themes: KZ,
        },
        "KG" => Words {
            language: "ky-Cyrl",
            form: "KG-KB",
            pattern: "«{town} үлгү {theme}» коомдук бирикмеси",
            towns: &["Бишкек", "Ош", "Нарын", "Талас"],
            themes: KG,
        },
        "TR" => Words {
            language: "tr",
            form: "TR-DERNEK",
            pattern: "{town} Örnek {theme} Derneği",
            towns: &["Ankara", "İstanbul", "Iğdır", "Isparta"],
            themes: TR,
        },
        "UZ" => Words {
            language: "uz-Latn",
            form: "UZ-JB",
            pattern: "“{town} namuna {theme}” jamoat birlashmasi",
            towns: &["Toshkent", "Samarqand", "Buxoro", "Fargʻona"],
            themes: UZ,
        },
        "HU" => Words {
            language: "hu",
            form: "HU-EGYESULET",
            pattern: "{town}i Minta {theme} Egyesület",
            towns: &["Szeged", "Pécs", "Győr", "Debrecen"],
            themes: HU,
        },
        "TM" => Words {
            language: "tk-Latn",
            form: "TM-JB",
            pattern: "“{town} nusga {theme}” jemgyýetçilik birleşigi",
            towns: &["Aşgabat", "Mary", "Balkanabat", "Daşoguz"],
            themes: TM,
        },
        _ => Words {
            language: "tr",
            form: "TRNC-DERNEK",
            pattern: "{town} Örnek {theme} Derneği",
            towns: &["Lefkoşa", "Girne", "Gazimağusa", "Güzelyurt"],
            themes: TR,
        },
    }
}

type Themes = &'static [(&'static str, &'static str, &'static str)];

const AZ: Themes = &[
    ("Arıçılar", "Beekeepers", "F10"),
    ("Bağbanlar", "Gardeners", "E10"),
    ("Kitabxanaçılar", "Librarians", "B10"),
    ("Şahmatçılar", "Chess Players", "A20"),
    ("Könüllülər", "Volunteers", "H20"),
    ("Çay sevənlər", "Tea Friends", "A10"),
    ("Xalçaçılar", "Carpet Weavers", "J10"),
    ("Qonşular", "Neighbours", "F20"),
    ("Gənc ifaçılar", "Young Musicians", "A11"),
    ("Dağ cığırları", "Mountain Paths", "E20"),
];
const KZ: Themes = &[
    ("араөсірушілер", "Beekeepers", "F10"),
    ("бағбандар", "Gardeners", "E10"),
    ("кітапханашылар", "Librarians", "B10"),
    ("шахматшылар", "Chess Players", "A20"),
    ("еріктілер", "Volunteers", "H20"),
    ("атбегілер", "Horse Keepers", "A21"),
    ("қолөнершілер", "Craftspeople", "J10"),
    ("көршілер", "Neighbours", "F20"),
    ("жас күйшілер", "Young Musicians", "A11"),
    ("дала соқпақтары", "Steppe Paths", "E20"),
];
const KG: Themes = &[
    ("аарычылар", "Beekeepers", "F10"),
    ("багбандар", "Gardeners", "E10"),
    ("китепканачылар", "Librarians", "B10"),
    ("шахматчылар", "Chess Players", "A20"),
    ("ыктыярчылар", "Volunteers", "H20"),
    ("жылкычылар", "Horse Keepers", "A21"),
    ("кол өнөрчүлөр", "Craftspeople", "J10"),
    ("коңшулар", "Neighbours", "F20"),
    ("жаш комузчулар", "Young Musicians", "A11"),
    ("тоо жолдору", "Mountain Paths", "E20"),
];
const TR: Themes = &[
    ("Arıcılar", "Beekeepers", "F10"),
    ("Bahçıvanlar", "Gardeners", "E10"),
    ("Kütüphaneciler", "Librarians", "B10"),
    ("Satranççılar", "Chess Players", "A20"),
    ("Gönüllüler", "Volunteers", "H20"),
    ("Çay Dostları", "Tea Friends", "A10"),
    ("Halı Dokuyanlar", "Carpet Weavers", "J10"),
    ("Komşular", "Neighbours", "F20"),
    ("Genç Müzisyenler", "Young Musicians", "A11"),
    ("Dağ Yolları", "Mountain Paths", "E20"),
];
const UZ: Themes = &[
    ("asalarichilar", "Beekeepers", "F10"),
    ("bogʻbonlar", "Gardeners", "E10"),
    ("kutubxonachilar", "Librarians", "B10"),
    ("shaxmatchilar", "Chess Players", "A20"),
    ("koʻngillilar", "Volunteers", "H20"),
    ("choy doʻstlari", "Tea Friends", "A10"),
    ("hunarmandlar", "Craftspeople", "J10"),
    ("qoʻshnilar", "Neighbours", "F20"),
    ("yosh sozandalar", "Young Musicians", "A11"),
    ("togʻ yoʻllari", "Mountain Paths", "E20"),
];
const HU: Themes = &[
    ("Méhész", "Beekeepers", "F10"),
    ("Kertbarát", "Gardeners", "E10"),
    ("Könyvtáros", "Librarians", "B10"),
    ("Sakkozó", "Chess Players", "A20"),
    ("Önkéntes", "Volunteers", "H20"),
    ("Teabarát", "Tea Friends", "A10"),
    ("Kézműves", "Craftspeople", "J10"),
    ("Szomszédsági", "Neighbours", "F20"),
    ("Ifjú Zenész", "Young Musicians", "A11"),
    ("Turista", "Mountain Paths", "E20"),
];
const TM: Themes = &[
    ("balarçylar", "Beekeepers", "F10"),
    ("bagbanlar", "Gardeners", "E10"),
    ("kitaphanaçylar", "Librarians", "B10"),
    ("küştçüler", "Chess Players", "A20"),
    ("meýletinçiler", "Volunteers", "H20"),
    ("çaý dostlary", "Tea Friends", "A10"),
    ("halyçylar", "Carpet Weavers", "J10"),
    ("goňşular", "Neighbours", "F20"),
    ("ýaş sazandalar", "Young Musicians", "A11"),
    ("dag ýollary", "Mountain Paths", "E20"),
];
