//! Load: get, list, deepest page and register over HTTP, each as a ratio to a constant answer of the same bytes through the same
//! middleware in the same run; medians of alternating rounds. Then the import of a spreadsheet.
//!
//! ```text
//! cargo bench --bench load -- --organisations 250000 [--database-url postgres://…] [--rounds 5] [--import-rows 100000]
//!     [--keep FOLDER] [--only get]
//! ```
//!
//! Without `--database-url` it makes a SQLite file in a temporary folder; with `--keep` the filled file stays in FOLDER, and a
//! later run of as many organisations starts with a copy of it. A PostgreSQL database that holds as many already is taken as it
//! is. `--only` leaves out what does not have that word in its name; no rounds or no rows leave that part out. The load runs on
//! this machine alone, is bounded in time and stops by itself. Server and client share the cores, for the constant answer as for
//! the others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use actix_web::{HttpResponse, HttpServer, web};
use diesel::connection::SimpleConnection;
use ots_registry::app::{Parts, app};
use ots_registry::auth::checkpoint_keys::CheckpointKeys;
use ots_registry::auth::passwords::Passwords;
use ots_registry::auth::policy::Action;
use ots_registry::auth::sealing::SealKeys;
use ots_registry::auth::throttle::Throttle;
use ots_registry::auth::tokens::TokenKeys;
use ots_registry::auth::{Acting, Role, SecondFactorRule};
use ots_registry::checkpoints::Checkpoints;
use ots_registry::countries::Countries;
use ots_registry::db::{Conn, DatabaseUrl, Db, Instant, Sizes, Tx, dialect, migrate};
use ots_registry::http::Error;
use ots_registry::http::envelope::TrustedProxies;
use ots_registry::http::idempotency::Running;
use ots_registry::http::limits::{Allowance, Limits};
use ots_registry::imports::model::ImportOptions;
use ots_registry::imports::run;
use ots_registry::imports::turns::Uploads;
use ots_registry::memberships::rules::Rules;
use ots_registry::organisations::candidates::Lookout;
use ots_registry::organisations::register;
use ots_registry::reports::turns::Turns;
use ots_registry::search::Search;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// What the command line said.
struct Settings {
    organisations: usize,
    rounds: usize,
    import_rows: usize,
    database: Option<String>,
    keep: Option<PathBuf>,
    only: String,
}

impl Settings {
    fn read() -> Fallible<Self> {
        let mut settings = Self {
            organisations: 250_000,
            rounds: 5,
            import_rows: 100_000,
            database: None,
            keep: None,
            only: String::new(),
        };
        let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or("each option needs a value")?;
            match name.as_str() {
                "--organisations" => settings.organisations = value.parse()?,
                "--rounds" => settings.rounds = value.parse()?,
                "--import-rows" => settings.import_rows = value.parse()?,
                "--database-url" => settings.database = Some(value),
                "--keep" => settings.keep = Some(value.into()),
                "--only" => settings.only = value,
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(settings)
    }
}

fn main() -> Fallible<()> {
    let settings = Settings::read()?;
    let folder = std::env::temp_dir().join(format!("ots-registry-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = load(&settings, &folder);
    std::fs::remove_dir_all(&folder)?;
    done
}

fn load(settings: &Settings, folder: &Path) -> Fallible<()> {
    let url = match &settings.database {
        Some(url) => DatabaseUrl::parse(url)?,
        None => DatabaseUrl::Sqlite(folder.join("registry.db")),
    };
    let countries = Arc::new(Countries::load()?);
    fill(settings, &url, &countries)?;
    let mut conn = Conn::open_for_work(&url)?;
    TokenKeys::create(&folder.join("keys"), Instant::now())?;
    let keys = TokenKeys::load(&folder.join("keys"), "http://127.0.0.1")?;
    SealKeys::create(&folder.join("keys"), Instant::now())?;
    CheckpointKeys::create(&folder.join("keys"), Instant::now())?;
    let token = coordinator(&mut conn, &keys)?;
    let places = Places::find(&mut conn)?;
    // As the service has it: made before anybody asks, and kept by each who asks.
    let search = Search::default();
    search.keep(&mut conn, Instant::now().day())?;
    let parts = Parts {
        db: Db::start(
            &url,
            Sizes {
                readers: 2,
                ..Sizes::default()
            },
        ),
        keys,
        seals: SealKeys::load(&folder.join("keys"))?,
        second_factor: SecondFactorRule::default(),
        throttle: Throttle::default(),
        passwords: Passwords::new(),
        countries: countries.clone(),
        rules: Arc::new(Rules::default_rules()?),
        limits: Limits::new(Allowance {
            anonymous: 0,
            known: 0,
        }),
        proxies: TrustedProxies::default(),
        base_url: "http://127.0.0.1".to_owned(),
        mail: None,
        running: Running::default(),
        by_number: Default::default(),
        uploads: Uploads::default(),
        reports: Turns::default(),
        search: search.clone(),
        checkpoints: Checkpoints::new(
            CheckpointKeys::load(&folder.join("keys"))?,
            "registry.example/v1/journal",
        ),
        readiness: Default::default(),
    };
    let address = serve(parts)?;
    if settings.rounds > 0 {
        measure(settings, address, &places, &token)?;
    }
    if settings.import_rows > 0 {
        import(settings, &mut conn, &countries, &search)?;
    }
    Ok(())
}

/// Makes the database hold as many organisations as are wanted.
fn fill(settings: &Settings, url: &DatabaseUrl, countries: &Countries) -> Fallible<()> {
    let wanted = settings.organisations;
    let kept = settings
        .keep
        .as_deref()
        .map(|folder| folder.join(format!("organisations-{wanted}.db")));
    if let (Some(kept), DatabaseUrl::Sqlite(path)) = (&kept, url)
        && kept.exists()
    {
        std::fs::copy(kept, path)?;
    }
    let mut conn = Conn::open_for_work(url)?;
    migrate::up(&mut conn)?;
    let there = usize::try_from(held(&mut conn)?)?;
    if there >= wanted {
        println!("{} · {there} organisations were there", url.kind());
        return Ok(());
    }
    if there > 0 {
        return Err(format!("the database holds {there} organisations, not {wanted}").into());
    }
    dialect::expect_much(&mut conn)?;
    let started = Clock::now();
    seed(&mut conn, countries, wanted)?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} · {wanted} organisations registered in {seconds:.0} s ({:.0}/s)",
        url.kind(),
        rate(wanted, seconds)
    );
    drop(conn);
    if let (Some(kept), DatabaseUrl::Sqlite(path)) = (&kept, url) {
        std::fs::create_dir_all(kept.parent().unwrap_or(Path::new(".")))?;
        std::fs::copy(path, kept)?;
    }
    Ok(())
}

fn held(conn: &mut Conn) -> Fallible<i64> {
    use diesel::prelude::*;
    use ots_registry::db::schema::organisations;
    Ok(organisations::table.count().get_result(conn)?)
}

fn rate(count: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}

const TOWNS: [&str; 8] = [
    "Аста",
    "Оралтау",
    "Bahçeli",
    "Gülşehir",
    "Qoraqum",
    "Szentfalu",
    "Täzeoba",
    "Yeşilköy",
];

fn body(country: &str, n: usize) -> serde_json::Value {
    let town = TOWNS.get(n % TOWNS.len()).copied().unwrap_or("");
    serde_json::json!({
        "country": country,
        "names": [
            {"kind": "legal", "text": format!("{town} Sample Association {n}"), "language": "en"},
            {"kind": "alias", "text": format!("Sample {n} of {town}")},
        ],
        "city": town, "themes": ["E10"], "sdgs": [n % 17 + 1], "founded": "2001",
        "website": format!("https://sample-{n}.example"), "address": "1 Sample Street",
        "identifiers": [{"scheme": "GB-SAMPLE", "value": format!("S{n}")}],
    })
}

/// Registers organisations by the program's own call, a thousand a transaction, and makes them public.
fn seed(conn: &mut Conn, countries: &Countries, count: usize) -> Fallible<()> {
    let codes: Vec<String> = countries.iter().map(|c| c.code.clone()).collect();
    let mut n = 0;
    while n < count {
        let until = (n + 1_000).min(count);
        conn.transact(|tx: &mut Tx<'_>| {
            let acting = Acting::operator(Action::RegisterOrganisation)?;
            for n in n..until {
                let country = codes.get(n % codes.len()).map_or("KZ", String::as_str);
                let body = serde_json::from_value(body(country, n)).map_err(Error::internal)?;
                let lookout = Lookout {
                    countries,
                    search: None,
                };
                register::register(tx, &acting, lookout, &body)?;
            }
            Ok::<_, Error>(())
        })?;
        n = until;
        if n % 50_000 == 0 {
            eprintln!("… {n}");
        }
    }
    // Only the bench does this past the journal: members would need six events each.
    conn.batch_execute("UPDATE organisations SET public_from = '2026-01-01'")?;
    conn.batch_execute(if conn.is_postgres() {
        "VACUUM ANALYZE"
    } else {
        "PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);"
    })?;
    Ok(())
}

fn coordinator(conn: &mut Conn, keys: &TokenKeys) -> Fallible<String> {
    use ots_registry::accounts::{NewUser, create_active};
    use ots_registry::text::{Email, Line};
    let (user, session) = conn.transact(|tx| {
        let new = NewUser {
            email: Email::parse(&format!("load-{}@sample.example", Instant::now().0))
                .map_err(|e| Error::internal(e.0))?,
            name: Line::parse("Load").map_err(|e| Error::internal(e.0))?,
            role: Role::Coordinator,
            country: Some("KZ".to_owned()),
        };
        let acting = Acting::operator(Action::ManageAccounts)?;
        let user = create_active(tx, &acting, &new, "$argon2id$none".to_owned())?;
        let session = ots_registry::db::Id::random().map_err(Error::internal)?;
        use diesel::prelude::*;
        use ots_registry::db::schema::sessions;
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session),
                sessions::user_id.eq(user.id()),
                sessions::refresh_hash.eq(vec![0u8; 32]),
                sessions::generation.eq(1),
                sessions::created_at.eq(Instant::now().0),
                sessions::last_used_at.eq(Instant::now().0),
                sessions::expires_at.eq(Instant::now().plus_seconds(12 * 3600).0),
            ))
            .execute(&mut **tx)?;
        Ok::<_, Error>((user, session))
    })?;
    Ok(keys.issue(user.id(), session, Role::Coordinator, Instant::now())?)
}

/// Numbers to ask for, and a cursor before the last page.
struct Places {
    numbers: Vec<String>,
    deep: (String, String),
}

impl Places {
    fn find(conn: &mut Conn) -> Fallible<Self> {
        use diesel::prelude::*;
        use ots_registry::db::schema::organisations;
        let numbers: Vec<String> = organisations::table
            .select(organisations::number)
            .order(organisations::number)
            .limit(2_000)
            .load(conn)?;
        let deep: (String, String) = organisations::table
            .select((organisations::sort_key, organisations::number))
            .order((organisations::sort_key.desc(), organisations::number.desc()))
            .offset(60)
            .first(conn)?;
        Ok(Self { numbers, deep })
    }
}

/// Starts the application with one address more: a constant answer of as many bytes as it is asked for.
fn serve(parts: Parts) -> Fallible<SocketAddr> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let constant = |path: web::Path<usize>| async move {
                let body = "x".repeat(path.into_inner());
                HttpResponse::Ok()
                    .insert_header(("ETag", "\"constant\""))
                    .content_type("application/json")
                    .body(body)
            };
            let server = HttpServer::new(move || {
                app(&parts).route("/constant/{bytes}", web::get().to(constant))
            })
            .workers(2)
            .bind("127.0.0.1:0");
            let Ok(server) = server else { return };
            if let Some(address) = server.addrs().first() {
                let _ = tell.send(*address);
            }
            let _ = server.run().await;
        });
    });
    Ok(told.recv()?)
}

/// One connection that is kept open.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn open(address: SocketAddr) -> Fallible<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and reads the answer: its status and the length of its body.
    fn call(&mut self, request: &str) -> Fallible<(u16, usize, String)> {
        self.stream.write_all(request.as_bytes())?;
        self.buffer.clear();
        let mut chunk = [0u8; 16 * 1024];
        loop {
            let n = self.stream.read(&mut chunk)?;
            if n == 0 {
                return Err("the server closed the connection".into());
            }
            self.buffer.extend_from_slice(chunk.get(..n).unwrap_or(&[]));
            let Some(head) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
                continue;
            };
            let text =
                String::from_utf8_lossy(self.buffer.get(..head).unwrap_or(&[])).to_lowercase();
            let length = text
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "))
                .and_then(|v| v.trim().parse().ok())
                .unwrap_or(0usize);
            if self.buffer.len() >= head + 4 + length {
                let status = text.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
                return Ok((status, length, text));
            }
        }
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: load\r\n\r\n")
}

/// Requests per second over some connections for a while.
fn throughput(
    address: SocketAddr,
    seconds: f64,
    want: u16,
    make: &(dyn Fn(usize) -> String + Sync),
) -> Fallible<f64> {
    const CONNECTIONS: usize = 16;
    let started = Clock::now();
    let counts: Vec<Result<usize, String>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..CONNECTIONS)
            .map(|c| {
                scope.spawn(move || {
                    let mut client = Client::open(address).map_err(|e| e.to_string())?;
                    let mut n = 0;
                    while started.elapsed().as_secs_f64() < seconds {
                        let (status, ..) = client
                            .call(&make(n * CONNECTIONS + c))
                            .map_err(|e| e.to_string())?;
                        if status != want {
                            return Err(format!("status {status}"));
                        }
                        n += 1;
                    }
                    Ok(n)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err("a client panicked".to_owned()))
            })
            .collect()
    });
    let mut total = 0;
    for count in counts {
        total += count?;
    }
    Ok(rate(total, started.elapsed().as_secs_f64()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn measure(settings: &Settings, address: SocketAddr, places: &Places, token: &str) -> Fallible<()> {
    let number = |n: usize| {
        places
            .numbers
            .get(n % places.numbers.len().max(1))
            .cloned()
            .unwrap_or_default()
    };
    let mut client = Client::open(address)?;
    let (_, one, _) = client.call(&get(&format!("/v1/organisations/{}", number(0))))?;
    let first_page = "/v1/organisations?limit=50".to_owned();
    let (_, fifty, head) = client.call(&get(&first_page))?;
    // The server's own cursor tells its form; the last page's key goes into it.
    let link = head
        .lines()
        .find_map(|l| l.strip_prefix("link: "))
        .ok_or("no link")?
        .to_owned();
    drop(link);
    let cursor = deep_cursor(address, &places.deep)?;
    let deep_page = format!("{first_page}&cursor={cursor}");
    let (status, ..) = client.call(&get(&deep_page))?;
    if status != 200 {
        return Err(format!("the deepest page answers {status}").into());
    }
    let stamp = Instant::now().0;
    let round = std::sync::atomic::AtomicUsize::new(0);
    let register = |n: usize| {
        let r = round.load(std::sync::atomic::Ordering::Relaxed);
        // One number alone: the same numbers in another order would be a possible duplicate.
        let number = stamp + i64::try_from(r * 1_000_000 + n).unwrap_or(0);
        let body = serde_json::json!({
            "country": "KZ", "names": [{"kind": "legal", "text": format!("Sample Load {number}")}], "city": "Astana",
        })
        .to_string();
        format!(
            "POST /v1/organisations HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {stamp}-{r}-{n}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let names = [
        "constant (1 record's bytes)",
        "get one by number",
        "constant (1 page's bytes)",
        "first page of 50",
        "deepest page of 50",
        "register",
    ];
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    for r in 0..settings.rounds {
        round.store(r, std::sync::atomic::Ordering::Relaxed);
        let makers: [(u16, &(dyn Fn(usize) -> String + Sync)); 6] = [
            (200, &|_| get(&format!("/constant/{one}"))),
            (200, &|n| get(&format!("/v1/organisations/{}", number(n)))),
            (200, &|_| get(&format!("/constant/{fifty}"))),
            (200, &|_| get(&first_page)),
            (200, &|_| get(&deep_page)),
            (201, &register),
        ];
        for (((want, make), into), name) in makers.into_iter().zip(&mut rates).zip(names) {
            if name.contains("constant") || name.contains(&settings.only) {
                into.push(throughput(address, 2.0, want, make)?);
            }
        }
    }
    let bases = [0, 0, 2, 2, 2, 0];
    for (n, name) in names.iter().enumerate() {
        let base = bases
            .get(n)
            .and_then(|b| rates.get(*b))
            .cloned()
            .unwrap_or_default();
        let own = rates.get(n).cloned().unwrap_or_default();
        if own.is_empty() {
            continue;
        }
        let ratio = median(own.iter().zip(&base).map(|(a, b)| a / b).collect());
        println!(
            "{name:<28} {:>9.0}/s   ratio to the constant answer {ratio:.3}",
            median(own)
        );
    }
    let pages = rates
        .get(4)
        .zip(rates.get(3))
        .map(|(deep, first)| median(deep.iter().zip(first).map(|(d, f)| f / d).collect()));
    if settings.only.is_empty() {
        println!(
            "the deepest page costs {:.2} of the first",
            pages.unwrap_or(0.0)
        );
    }
    Ok(())
}

/// A cursor to the last page, made as the service makes one.
fn deep_cursor(address: SocketAddr, (key, number): &(String, String)) -> Fallible<String> {
    use data_encoding::BASE64URL_NOPAD;
    let mut client = Client::open(address)?;
    client
        .stream
        .write_all(get("/v1/organisations?limit=50").as_bytes())?;
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 64 * 1024];
    while !String::from_utf8_lossy(&bytes).contains("\"next\":\"") || !bytes.ends_with(b"}}") {
        let n = client.stream.read(&mut chunk)?;
        bytes.extend_from_slice(chunk.get(..n).unwrap_or(&[]));
    }
    let text = String::from_utf8_lossy(&bytes);
    let next = text
        .split("\"next\":\"")
        .nth(1)
        .and_then(|t| t.split('"').next())
        .ok_or("no cursor")?;
    let mut cursor: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(next.as_bytes())?)?;
    if let Some(place) = cursor.get_mut(1) {
        *place = serde_json::json!([key, number]);
    }
    Ok(BASE64URL_NOPAD.encode(cursor.to_string().as_bytes()))
}

/// Imports a generated spreadsheet with all checks into the register that was measured.
fn import(
    settings: &Settings,
    conn: &mut Conn,
    countries: &Countries,
    search: &Search,
) -> Fallible<()> {
    let mut csv = String::from("id;name;name_en;country;city;email;website;identifier:GB-SAMPLE\n");
    for n in 0..settings.import_rows {
        csv.push_str(&format!("R{n};Imported Sample {n};Sample Imported Society {n};KZ;Astana;office@imported-{n}.example;https://imported-{n}.example;I{n}\n"));
    }
    // As `ots-registry import` does.
    dialect::expect_much(conn)?;
    let mut planned = 0.0;
    let acting = Acting::operator(Action::Import)?;
    let lookout = Lookout {
        countries,
        search: Some(search),
    };
    let started = Clock::now();
    let options = ImportOptions {
        source: Some("load".to_owned()),
        ..ImportOptions::default()
    };
    let summary = run::run(
        conn,
        &acting,
        lookout,
        csv.as_bytes(),
        "load.csv",
        &options,
        run::Mode::Commit,
        &mut |progress| {
            if let run::Progress::Planned(..) = progress {
                planned = started.elapsed().as_secs_f64();
            }
        },
    )?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "import of {} rows with all checks: {} applied in {seconds:.1} s ({:.0} rows/s), planned after {planned:.1} s",
        settings.import_rows,
        summary.counts.applied,
        rate(settings.import_rows, seconds)
    );
    Ok(())
}
