//! The configuration: flags, then environment, then a TOML file, then defaults.
//!
//! [`KEYS`] is the one table: `docs/configuration.md` is made from it. Unknown keys and weak values stop the start
//! with a message that names the key and never prints the value.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use crate::accounts::mail::Mailer;
use crate::checkpoints::witnesses::Witness;
use crate::db::{DatabaseUrl, Sizes};
use crate::http::limits::Allowance;

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Its name in the TOML file; the flag is the same with hyphens.
    pub name: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// The value when nothing is said.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

macro_rules! keys {
    ($($field:ident $env:literal $default:literal $help:literal;)*) => {
        /// Every key.
        pub const KEYS: &[Key] = &[$(Key { name: stringify!($field), env: $env, default: $default, help: $help },)*];

        /// The values as they were given, still text.
        #[derive(Clone, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given { $($field: Option<toml::Value>,)* }

        /// The same keys as flags and environment variables of every command.
        #[derive(Clone, Default, clap::Args)]
        pub struct Flags {
            /// A TOML file with any of the keys below.
            #[arg(long, env = "OTS_CONFIG", global = true, value_name = "FILE")]
            pub config: Option<PathBuf>,
            $(
                #[doc = $help]
                #[arg(long, env = $env, global = true, hide_env_values = true, value_name = "VALUE", help_heading = "Configuration")]
                pub $field: Option<String>,
            )*
        }

        struct Texts { $($field: String,)* }

        impl Texts {
            fn of(flags: &Flags, file: &Given) -> Result<Self, String> {
                Ok(Self { $($field: pick(stringify!($field), flags.$field.as_deref(), file.$field.as_ref(), $default)?,)* })
            }
        }
    };
}

keys! {
    database_url "DATABASE_URL" "" "Database: sqlite:PATH or postgres://…; nothing means SQLite in `data_dir`/registry.db.";
    data_dir "OTS_DATA_DIR" "data" "Folder of the SQLite database and, unless keys_dir says otherwise, of the keys.";
    keys_dir "OTS_KEYS_DIR" "" "Folder of the signing keys; nothing means `data_dir`/keys. All replicas need the same keys.";
    listen "OTS_LISTEN" "127.0.0.1:8080" "Address and port to serve on.";
    base_url "OTS_BASE_URL" "" "The address under which people reach the registry, for links and as the tokens' issuer; nothing means http:// and `listen`, if that is a loopback address. Must be https unless it is a loopback address.";
    trusted_proxies "OTS_TRUSTED_PROXIES" "" "Addresses of the proxies whose X-Forwarded-For is believed, with commas between them.";
    limit_anonymous "OTS_LIMIT_ANONYMOUS" "300" "Requests per minute for one anonymous address; 0 switches the limit off.";
    limit_known "OTS_LIMIT_KNOWN" "1200" "Requests per minute for one log-in or API key; 0 switches the limit off.";
    second_factor_secretariat "OTS_SECOND_FACTOR_SECRETARIAT" "on" "Whether a secretariat account needs a second factor (TOTP) before it can do anything: on or off. A demo has it off.";
    workers "OTS_WORKERS" "2" "HTTP worker threads.";
    sqlite_readers "OTS_SQLITE_READERS" "4" "Reading threads on SQLite.";
    postgres_connections "OTS_POSTGRES_CONNECTIONS" "8" "Connections to PostgreSQL.";
    database_queue "OTS_DATABASE_QUEUE" "256" "Calls that may wait for the database before new ones are refused with 503.";
    rules_file "OTS_RULES_FILE" "" "Rules of membership (TOML, like src/memberships/rules/default.toml); nothing means those adopted last, at first the program's own. A change is adopted by `init` and at a start, if it leaves every day up to today as it was.";
    smtp_url "OTS_SMTP_URL" "" "Mail server for invitations and password links: smtps://user:password@host or smtp://user:password@host?tls=required; nothing means that links are shown to whoever makes them.";
    mail_from "OTS_MAIL_FROM" "" "The sender of mails, like registry@registry.example; needed with smtp_url.";
    private_reads_days "OTS_PRIVATE_READS_DAYS" "731" "How many days it is kept who read private data, 90 to 3660.";
    checkpoint_origin "OTS_CHECKPOINT_ORIGIN" "" "The first line of every checkpoint, and the name of its keys; nothing means the host of base_url with /v1/journal. Never change it without need: verifiers know the registry by it.";
    checkpoint_file "OTS_CHECKPOINT_FILE" "" "The append-only file of checkpoints; nothing means the name of the SQLite database with .checkpoints.jsonl, or checkpoints.jsonl in `data_dir`. Each process that writes to one database may have a file of its own.";
    witnesses "OTS_WITNESSES" "" "Witnesses of the checkpoints, with commas between them: each an https address, with the witness's key and a space before it where its signatures are to be kept and published.";
    outgoing_loopback "OTS_OUTGOING_LOOPBACK" "off" "Whether requests that the registry sends may go to this machine, also without TLS: on or off. For trying things out only.";
    log "OTS_LOG" "info" "What is logged: error, warn, info, debug, or a filter such as info,ots_registry::db=debug.";
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database.
    pub database: DatabaseUrl,
    /// Folder of the signing keys.
    pub keys_dir: PathBuf,
    /// Where to serve.
    pub listen: SocketAddr,
    /// The address under which people reach the registry, without a slash at the end.
    pub base_url: String,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Rate limits.
    pub allowance: Allowance,
    /// True when a secretariat account needs a second factor before it can do anything.
    pub second_factor_secretariat: bool,
    /// HTTP worker threads.
    pub workers: usize,
    /// Database threads and queue.
    pub sizes: Sizes,
    /// The file with the rules of membership, where one is given.
    pub rules_file: Option<PathBuf>,
    /// The mail server, where there is one.
    pub mail: Option<Mailer>,
    /// Days for which it is kept who read private data.
    pub private_reads_days: u32,
    /// The origin of checkpoints.
    pub checkpoint_origin: String,
    /// The append-only file of checkpoints.
    pub checkpoint_file: PathBuf,
    /// Witnesses of checkpoints.
    pub witnesses: Vec<Witness>,
    /// True when outgoing requests may go to this machine.
    pub outgoing_loopback: bool,
    /// Log filter.
    pub log: String,
}

/// Environment variables of ours that are no keys.
const OTHER_ENV: &[&str] = &["OTS_CONFIG", "OTS_TEST_REQUIRE_POSTGRES"];

impl Config {
    /// Reads and checks everything.
    pub fn load(flags: &Flags) -> Result<Self, String> {
        refuse_unknown_env(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let file = match &flags.config {
            None => Given::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| format!("config: {}: {e}", path.display()))?;
                parse_file(&text).map_err(|e| format!("config: {}: {e}", path.display()))?
            }
        };
        Self::check(Texts::of(flags, &file)?)
    }

    fn check(texts: Texts) -> Result<Self, String> {
        if texts.data_dir.is_empty() {
            return Err("data_dir: must name a folder; leave it out for `data`".to_owned());
        }
        let data_dir = PathBuf::from(&texts.data_dir);
        let database = match texts.database_url.as_str() {
            "" => DatabaseUrl::Sqlite(data_dir.join("registry.db")),
            url => DatabaseUrl::parse(url).map_err(|e| format!("database_url: {e}"))?,
        };
        let keys_dir = match texts.keys_dir.as_str() {
            "" => data_dir.join("keys"),
            path => PathBuf::from(path),
        };
        let listen: SocketAddr = texts
            .listen
            .parse()
            .map_err(|_| "listen: must be an address and port like 127.0.0.1:8080".to_owned())?;
        let base_url = match texts.base_url.as_str() {
            "" if listen.ip().is_loopback() => format!("http://{listen}"),
            "" => return Err("base_url: must be given when listen is not a loopback address: links and tokens hold it".to_owned()),
            url => url.trim_end_matches('/').to_owned(),
        };
        check_base_url(&base_url)?;
        let trusted_proxies = texts
            .trusted_proxies
            .split(',')
            .map(str::trim)
            .filter(|a| !a.is_empty())
            .map(|a| {
                let address = a.parse().map(|a: IpAddr| a.to_canonical());
                address.map_err(|_| {
                    "trusted_proxies: must be IP addresses with commas between them".to_owned()
                })
            })
            .collect::<Result<_, _>>()?;
        let checkpoint_origin = match texts.checkpoint_origin.as_str() {
            "" => format!("{}/v1/journal", host_of(&base_url)),
            origin if !origin.contains('+') && !origin.contains(char::is_whitespace) => {
                origin.to_owned()
            }
            _ => {
                return Err("checkpoint_origin: must be a name like registry.example/v1/journal, without spaces and +".to_owned());
            }
        };
        let checkpoint_file = match (texts.checkpoint_file.as_str(), &database) {
            ("", DatabaseUrl::Sqlite(path)) => path.with_extension("checkpoints.jsonl"),
            ("", DatabaseUrl::Postgres(_)) => data_dir.join("checkpoints.jsonl"),
            (path, _) => PathBuf::from(path),
        };
        let outgoing_loopback = switch("outgoing_loopback", &texts.outgoing_loopback)?;
        let witnesses = texts
            .witnesses
            .split(',')
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .map(|w| {
                Witness::parse(w, outgoing_loopback).ok_or_else(|| {
                    "witnesses: must be https addresses with commas between them, each with or without its key and a space before it".to_owned()
                })
            })
            .collect::<Result<_, _>>()?;
        let log = log_filter(&texts.log)?;
        Ok(Self {
            database,
            keys_dir,
            listen,
            base_url,
            trusted_proxies,
            allowance: Allowance {
                anonymous: number("limit_anonymous", &texts.limit_anonymous, 0, 1_000_000)?,
                known: number("limit_known", &texts.limit_known, 0, 1_000_000)?,
            },
            second_factor_secretariat: switch(
                "second_factor_secretariat",
                &texts.second_factor_secretariat,
            )?,
            workers: number("workers", &texts.workers, 1, 256)?,
            sizes: Sizes {
                readers: number("sqlite_readers", &texts.sqlite_readers, 1, 64)?,
                connections: number("postgres_connections", &texts.postgres_connections, 1, 500)?,
                queue: number("database_queue", &texts.database_queue, 1, 100_000)?,
            },
            rules_file: (!texts.rules_file.is_empty()).then(|| PathBuf::from(&texts.rules_file)),
            mail: Mailer::of(&texts.smtp_url, &texts.mail_from)?,
            private_reads_days: number("private_reads_days", &texts.private_reads_days, 90, 3660)?,
            checkpoint_origin,
            checkpoint_file,
            witnesses,
            outgoing_loopback,
            log,
        })
    }
}

fn parse_file(text: &str) -> Result<Given, String> {
    // The parser's own message can quote a line, and a line can hold a password: only the place, the key and the kind are told.
    toml::from_str(text).map_err(|e| {
        let message = e.message();
        let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or("");
        let number = before.matches('\n').count();
        let key = text.lines().nth(number).and_then(key_of);
        match key {
            _ if message.starts_with("unknown field") => format!("line {}: {message}", number + 1),
            Some(key) if message.starts_with("duplicate key") => {
                format!("line {}: {key}: is given twice", number + 1)
            }
            Some(key) => format!("line {}: {key}: is not valid TOML", number + 1),
            None => format!("line {}: is not valid TOML", number + 1),
        }
    })
}

/// The key of ours that a line gives a value. Anything else that stands there is not repeated.
fn key_of(line: &str) -> Option<&'static str> {
    let (written, _) = line.split_once('=')?;
    let written = written.trim().trim_matches(['"', '\'']);
    KEYS.iter().find(|k| k.name == written).map(|k| k.name)
}

fn pick(
    name: &str,
    flag: Option<&str>,
    file: Option<&toml::Value>,
    default: &str,
) -> Result<String, String> {
    match (flag, file) {
        (Some(text), _) => Ok(text.to_owned()),
        (None, Some(toml::Value::String(text))) => Ok(text.clone()),
        (None, Some(toml::Value::Integer(n))) => Ok(n.to_string()),
        (None, Some(toml::Value::Boolean(true))) => Ok("on".to_owned()),
        (None, Some(toml::Value::Boolean(false))) => Ok("off".to_owned()),
        (None, Some(_)) => Err(format!(
            "{name}: must be one text or one whole number; several values stand in one text with commas between"
        )),
        (None, None) => Ok(default.to_owned()),
    }
}

fn number<N: TryFrom<u64>>(name: &str, text: &str, least: u64, most: u64) -> Result<N, String> {
    let refused = || format!("{name}: must be a whole number from {least} to {most}");
    let value: u64 = text.parse().map_err(|_| refused())?;
    if !(least..=most).contains(&value) {
        return Err(refused());
    }
    N::try_from(value).map_err(|_| refused())
}

fn switch(name: &str, text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{name}: must be on or off")),
    }
}

/// A filter that says how much is logged. A bare word that is no level would be taken for a module's name and leave everything else
/// out, so it is refused.
fn log_filter(written: &str) -> Result<String, String> {
    // A space beside a word would make it the name of a module.
    let filter: String = written.split_whitespace().collect();
    let refused = "log: must be error, warn, info, debug, or a filter of those by module, like info,ots_registry::db=debug";
    let is_level = |word: &str| {
        ["error", "warn", "info", "debug", "trace", "off"]
            .iter()
            .any(|level| word.trim().eq_ignore_ascii_case(level))
    };
    let said = |part: &str| match part.split_once('=') {
        Some((module, level)) => !module.trim().is_empty() && is_level(level),
        None => is_level(part),
    };
    if filter.split(',').all(said) && EnvFilter::try_new(&filter).is_ok() {
        Ok(filter)
    } else {
        Err(refused.to_owned())
    }
}

/// The host and port of an address.
fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

fn check_base_url(url: &str) -> Result<(), String> {
    let refused = || {
        "base_url: must begin with https:// (http:// only for a loopback address) and hold a host, with a port if it is not the usual one, without a path".to_owned()
    };
    let (scheme, place) = url.split_once("://").ok_or_else(refused)?;
    let (name, port) = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(refused)?,
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let is_host = if place.starts_with('[') {
        name.parse::<Ipv6Addr>().is_ok()
    } else {
        let letters = |label: &str| label.chars().all(|c| c.is_alphanumeric() || c == '-');
        name.split('.')
            .all(|label| !label.is_empty() && letters(label))
    };
    // 0 is the port of whoever lets the system choose one.
    let is_port =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok();
    let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    let loopback = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|a| a.is_loopback());
    let good = scheme == "https" || scheme == "http" && loopback;
    if good && is_host && has_port {
        Ok(())
    } else {
        Err(refused())
    }
}

fn refuse_unknown_env(names: impl Iterator<Item = String>) -> Result<(), String> {
    for name in names.filter(|n| n.starts_with("OTS_")) {
        if !KEYS.iter().any(|k| k.env == name) && !OTHER_ENV.contains(&name.as_str()) {
            return Err(format!(
                "{name}: is no configuration key; `ots-registry serve --help` lists them"
            ));
        }
    }
    Ok(())
}

/// The table of keys as Markdown, for `docs/configuration.md`.
pub fn table() -> String {
    let mut text = String::from(
        "| key (TOML) | flag | environment | default | what it does |\n|---|---|---|---|---|\n",
    );
    for key in KEYS {
        let flag = key.name.replace('_', "-");
        let default = if key.default.is_empty() {
            "–".to_owned()
        } else {
            format!("`{}`", key.default)
        };
        text.push_str(&format!(
            "| `{}` | `--{flag}` | `{}` | {default} | {} |\n",
            key.name, key.env, key.help
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Config, Flags, Given, Texts, check_base_url, parse_file, refuse_unknown_env};

    fn load(flags: &Flags, file: &str) -> Result<Config, String> {
        Config::check(Texts::of(flags, &parse_file(file)?)?)
    }

    #[test]
    fn nothing_said_means_sqlite_in_the_data_folder() {
        let config = load(&Flags::default(), "").unwrap();
        assert_eq!(format!("{:?}", config.database), "sqlite:data/registry.db");
        assert_eq!(config.base_url, "http://127.0.0.1:8080");
    }

    #[test]
    fn a_flag_goes_before_the_file() {
        let flags = Flags {
            listen: Some("127.0.0.1:1".to_owned()),
            ..Flags::default()
        };
        assert_eq!(
            load(&flags, "listen = '127.0.0.1:2'")
                .unwrap()
                .listen
                .port(),
            1
        );
        assert_eq!(
            load(&Flags::default(), "listen = '127.0.0.1:2'")
                .unwrap()
                .listen
                .port(),
            2
        );
    }

    #[test]
    fn an_unknown_key_is_named_and_no_value_is_printed() {
        let error = load(&Flags::default(), "listn = 'hunter2'").unwrap_err();
        assert!(
            error.contains("listn") && !error.contains("hunter2"),
            "{error}"
        );
        let error = load(&Flags::default(), "database_url = 'postgres://u:hunter2").unwrap_err();
        assert!(
            error.contains("line 1") && !error.contains("hunter2"),
            "{error}"
        );
        let error = refuse_unknown_env(["OTS_LISTN".to_owned()].into_iter()).unwrap_err();
        assert!(error.contains("OTS_LISTN"));
    }

    #[test]
    fn a_key_that_is_given_twice_or_is_no_toml_is_named() {
        for (file, told) in [
            (
                "log = 'info'\nworkers = 3\nworkers = 4",
                "line 3: workers: is given twice",
            ),
            (
                "workers = 3\n\"workers\" = 'hunter2'",
                "line 2: workers: is given twice",
            ),
            ("smtp_url = hunter2", "line 1: smtp_url: is not valid TOML"),
            ("hunter2 hunter2", "line 1: is not valid TOML"),
            ("hunter2 = = 1", "line 1: is not valid TOML"),
        ] {
            assert_eq!(load(&Flags::default(), file).unwrap_err(), told);
        }
    }

    #[test]
    fn weak_values_are_refused_by_the_name_of_their_key() {
        for (file, key) in [
            ("database_url = 'hunter2'", "database_url"),
            ("listen = '8080'", "listen"),
            ("base_url = 'http://registry.example'", "base_url"),
            ("workers = 0", "workers"),
            ("trusted_proxies = 'everybody'", "trusted_proxies"),
            ("limit_known = -1", "limit_known"),
            (
                "second_factor_secretariat = 'no'",
                "second_factor_secretariat",
            ),
            ("checkpoint_origin = 'a b'", "checkpoint_origin"),
            ("outgoing_loopback = 'yes'", "outgoing_loopback"),
            ("log = true", "log"),
            ("log = 'informational'", "log"),
            ("log = 'verbose'", "log"),
            ("log = 'info,hunter2'", "log"),
            ("log = '==='", "log"),
            ("log = ''", "log"),
            ("witnesses = 'http://hunter2'", "witnesses"),
            ("data_dir = ''", "data_dir"),
            ("mail_from = 'hunter2'", "mail_from"),
            ("smtp_url = 'hunter2'", "smtp_url"),
            ("smtp_url = 'smtps://u:hunter2@mail.example'", "mail_from"),
        ] {
            let error = load(&Flags::default(), file).unwrap_err();
            assert!(
                error.starts_with(key) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(check_base_url("http://127.0.0.1:8080").is_ok());
        assert!(check_base_url("http://[::1]:8080").is_ok());
        assert!(check_base_url("https://registry.example").is_ok());
        assert!(check_base_url("http://registry.example").is_err());
        assert!(check_base_url("https://registry.example:8443").is_ok());
        for none in [
            "https://registry.example/path",
            "https://registry.example:99999",
            "https://registry.example:",
            "https://registry.example:+443",
            "https://.",
            "https://a..b",
            "https://[::1",
            "https://[::g]",
            "https://a\\b.example",
            "https://a<script>.example",
            "https://",
        ] {
            assert!(check_base_url(none).is_err(), "{none}");
        }
        let _ = Given::default();
    }
}
