//! Load on the ledger: fills memberships with their events, then measures a membership, the register and the roll-forward, each
//! through the whole application in-process, as of random days and as known at random positions.
//!
//! ```text
//! cargo bench --bench ledger -- --memberships 1000000 [--keep FOLDER] [--database-url postgres://…] [--rounds 60] [--acts 200]
//! ```
//!
//! `--acts` measures so many renewals, each with its journal entry and a synced commit, and then the calendar's recorder over
//! 100,000 due memberships; it writes, so it works on a copy of a kept SQLite file, but in a PostgreSQL database itself.
//!
//! `--keep` names a folder whose SQLite file is filled once and used again; a PostgreSQL database that holds memberships is used
//! as it is. The rows are written past the application (indexes last, no journal facts), the timelines by the same fold.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant as Clock;

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test;
use chrono::{Days, NaiveDate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
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
use ots_registry::db::{Conn, DatabaseUrl, Db, Id, Instant, Sizes, migrate};
use ots_registry::dialect;
use ots_registry::http::Error;
use ots_registry::http::envelope::TrustedProxies;
use ots_registry::http::idempotency::Running;
use ots_registry::http::limits::{Allowance, Limits};
use ots_registry::imports::turns::Uploads;
use ots_registry::memberships::fold::fold;
use ots_registry::memberships::model::{Correction, Event, EventKind, MembershipType, Stance};
use ots_registry::memberships::recorder;
use ots_registry::memberships::rows::{EventRow, MembershipRow};
use ots_registry::memberships::rules::Rules;
use ots_registry::memberships::timeline::{self, Counts};
use ots_registry::reports::queries::quality;
use ots_registry::reports::turns::Turns;
use ots_registry::search::Search;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// What the command line said.
struct Settings {
    memberships: u64,
    rounds: usize,
    database: Option<String>,
    keep: Option<String>,
    acts: usize,
    only: String,
}

impl Settings {
    fn read() -> Fallible<Self> {
        let mut settings = Self {
            memberships: 1_000_000,
            rounds: 60,
            database: None,
            keep: None,
            acts: 0,
            only: String::new(),
        };
        let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or("each option needs a value")?;
            match name.as_str() {
                "--memberships" => settings.memberships = value.parse()?,
                "--rounds" => settings.rounds = value.parse()?,
                "--database-url" => settings.database = Some(value),
                "--keep" => settings.keep = Some(value),
                "--acts" => settings.acts = value.parse()?,
                "--only" => settings.only = value,
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(settings)
    }
}

fn main() -> Fallible<()> {
    let settings = Settings::read()?;
    let own = std::env::temp_dir().join(format!("ots-registry-ledger-{}", std::process::id()));
    let folder = settings.keep.as_ref().map_or(own.clone(), Into::into);
    std::fs::create_dir_all(&folder)?;
    let done = load(&settings, &folder);
    if settings.keep.is_none() {
        std::fs::remove_dir_all(&own)?;
    }
    done
}

fn load(settings: &Settings, folder: &Path) -> Fallible<()> {
    let url = match &settings.database {
        Some(url) => DatabaseUrl::parse(url)?,
        None => DatabaseUrl::Sqlite(folder.join("registry.db")),
    };
    let mut conn = Conn::open_for_work(&url)?;
    migrate::up(&mut conn)?;
    let held: i64 = one(&mut conn, "SELECT COUNT(*) AS n FROM memberships")?;
    if held == 0 {
        let started = Clock::now();
        fill(&mut conn, settings.memberships)?;
        println!(
            "{} · filled in {:.0} s",
            url.kind(),
            started.elapsed().as_secs_f64()
        );
    }
    for table in [
        "memberships",
        "membership_events",
        "membership_intervals",
        "membership_flows",
        "member_counts",
        "member_late_counts",
    ] {
        let n = one(&mut conn, &format!("SELECT COUNT(*) AS n FROM {table}"))?;
        println!("{} · {table}: {n}", url.kind());
    }
    let system = actix_web::rt::System::new();
    if settings.rounds > 0 {
        system.block_on(measure(settings, &url, &mut conn, folder))?;
    }
    if settings.acts == 0 {
        return Ok(());
    }
    let DatabaseUrl::Sqlite(path) = &url else {
        return system.block_on(write(settings, &url, conn, folder));
    };
    drop(conn);
    let copy = folder.join("copy.db");
    std::fs::copy(path, &copy)?;
    let copied = DatabaseUrl::Sqlite(copy.clone());
    let conn = Conn::open_for_work(&copied)?;
    let done = system.block_on(write(settings, &copied, conn, folder));
    for ending in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(copy.with_extension(ending));
    }
    done
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

fn one(conn: &mut Conn, sql: &str) -> Fallible<i64> {
    let row: Number = dialect!(conn, |c| diesel::sql_query(sql).get_result(c))?;
    Ok(row.n)
}

/// Numbers that are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn of(n: u64) -> Self {
        let mut dice = Self(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..4 {
            dice.below(2);
        }
        dice
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let place = self.below(u64::try_from(of.len()).unwrap_or(1));
        of.get(usize::try_from(place).unwrap_or(0)).copied()
    }
}

const COUNTRIES: [&str; 8] = ["AZ", "HU", "KG", "KZ", "TM", "TR", "TRNC", "UZ"];
/// Days from the first admissions to the last: 2010-01-01 to 2026-06-30.
const DAYS: u64 = 6_025;

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2010, 1, 1).unwrap_or_default()
}

/// The events of membership `n`, five on average: a third are drafts, the others were admitted, renewed for some terms, some
/// suspended, moved, changed, corrected or left.
fn events(n: u64) -> Vec<Event> {
    let mut dice = Dice::of(n);
    let kind = dice
        .one(&MembershipType::ALL)
        .unwrap_or(MembershipType::Full);
    let country = dice.one(&COUNTRIES).unwrap_or("KZ").to_owned();
    let mut day = first_day() + Days::new(dice.below(DAYS));
    let mut made: Vec<(NaiveDate, NaiveDate, EventKind)> = vec![(
        day,
        day,
        EventKind::Applied {
            membership_type: kind,
            country,
        },
    )];
    if dice.below(100) >= 36 {
        made.push((day, day, EventKind::Submitted {}));
        made.push((
            day,
            day,
            EventKind::ReviewTaken {
                reviewer: "user:r".to_owned(),
            },
        ));
        made.push((
            day,
            day,
            EventKind::Recommended {
                stance: Stance::For,
            },
        ));
        let back = if dice.below(10) == 0 {
            dice.below(200)
        } else {
            0
        };
        made.push((day, day - Days::new(back), EventKind::Admitted {}));
        let term = if kind == MembershipType::Full {
            730
        } else {
            365
        };
        let last = NaiveDate::from_ymd_opt(2026, 10, 31).unwrap_or_default();
        for _ in 0..dice.below(6) {
            day = day
                + Days::new(match dice.below(10) {
                    0..=6 => term,
                    _ => 30 + dice.below(200),
                });
            if day > last {
                break;
            }
            let act = match dice.below(24) {
                0..=15 => EventKind::Renewed {},
                16 | 17 => EventKind::Suspended {
                    until: Some(day + Days::new(90)),
                },
                18 => EventKind::Transferred {
                    to_country: dice.one(&COUNTRIES).unwrap_or("KZ").to_owned(),
                },
                19 => EventKind::TypeChanged {
                    to: dice.one(&MembershipType::ALL).unwrap_or(kind),
                },
                20 => EventKind::Withdrawn {},
                21 => EventKind::Reinstated {},
                22 => EventKind::Corrected {
                    target_no: 5,
                    correction: Correction::Replace {
                        effective_on: day - Days::new(400),
                    },
                },
                _ => EventKind::Expelled {},
            };
            let back = if dice.below(12) == 0 {
                dice.below(300)
            } else {
                0
            };
            made.push((day, day - Days::new(back), act));
        }
    }
    (1i32..)
        .zip(made)
        .map(|(no, (recorded, on, act))| {
            let at = recorded
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_micros();
            let micros = i64::try_from(dice.below(86_000_000_000)).unwrap_or(0);
            Event::new(
                no,
                0,
                at + if no > 1 { 86_000_000_000 } else { micros } + i64::from(no),
                on,
                act,
            )
        })
        .collect()
}

fn id_of(n: u64) -> Id {
    // Random-looking, and in the order of `n`, so that the tables are written in their order.
    let step = (1u64 << 62) / 4_000_000;
    Id(i64::try_from(n * step + Dice::of(n).below(step)).unwrap_or(0))
}

/// Rows of one table that wait to be written.
struct Rows {
    head: &'static str,
    text: String,
    count: usize,
}

impl Rows {
    fn new(head: &'static str) -> Self {
        Self {
            head,
            text: String::new(),
            count: 0,
        }
    }

    fn push(&mut self, conn: &mut Conn, row: std::fmt::Arguments<'_>) -> Fallible<()> {
        if self.count == 0 {
            self.text.push_str("INSERT INTO ");
            self.text.push_str(self.head);
            self.text.push_str(" VALUES ");
        } else {
            self.text.push(',');
        }
        self.text.write_fmt(row)?;
        self.count += 1;
        if self.count == 400 {
            self.flush(conn)
        } else {
            Ok(())
        }
    }

    fn flush(&mut self, conn: &mut Conn) -> Fallible<()> {
        if self.count > 0 {
            conn.batch_execute(&self.text)?;
        }
        self.text.clear();
        self.count = 0;
        Ok(())
    }
}

const TABLES: &str = "'organisations', 'organisation_names', 'organisation_identifiers', 'organisation_evidence', 'memberships', 'membership_events', 'membership_intervals', 'membership_flows', 'membership_due', 'journal'";

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    made_by: String,
}

fn indexes(conn: &mut Conn) -> Fallible<Vec<Index>> {
    let sql = if conn.is_postgres() {
        format!(
            "SELECT indexname::text AS name, indexdef AS made_by FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ({TABLES}) AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        )
    } else {
        format!(
            "SELECT name, sql AS made_by FROM sqlite_master WHERE type = 'index' AND tbl_name IN ({TABLES}) AND sql IS NOT NULL AND sql NOT LIKE 'CREATE UNIQUE%'"
        )
    };
    Ok(dialect!(conn, |c| diesel::sql_query(sql).load(c))?)
}

fn quoted(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "NULL".to_owned(), |day| format!("'{day}'"))
}

fn or_null(no: Option<i32>) -> String {
    no.map_or_else(|| "NULL".to_owned(), |no| no.to_string())
}

/// Gives every event its position: the order of recording over all memberships.
fn positions(count: u64) -> (Vec<u32>, Vec<i64>) {
    let mut recorded: Vec<(i64, u32)> = Vec::new();
    let mut first = Vec::new();
    for n in 0..count {
        first.push(u32::try_from(recorded.len()).unwrap_or(u32::MAX));
        for event in events(n) {
            let place = u32::try_from(recorded.len()).unwrap_or(u32::MAX);
            recorded.push((event.recorded_at, place));
        }
    }
    recorded.sort_unstable();
    let mut seqs = vec![0i64; recorded.len()];
    for (seq, (_, place)) in (1i64..).zip(&recorded) {
        if let Some(slot) = usize::try_from(*place).ok().and_then(|p| seqs.get_mut(p)) {
            *slot = seq;
        }
    }
    (first, seqs)
}

/// What records have beside their rows: two names each, most an identifier, half a document.
const ITEMS: &str = "\
    INSERT INTO organisation_names SELECT id, 1, 'legal', name, 'en', sort_key, sort_key, 3, 0 FROM organisations; \
    INSERT INTO organisation_names SELECT id, 2, 'translated', 'Бірлестік ' || id, 'kk', 'birlestik ' || id, 'birlestik ' || id, 3, 0 FROM organisations; \
    INSERT INTO organisation_identifiers SELECT id, 3, 'GB-SAMPLE', 'S' || id, 'S' || id, \
        CASE WHEN id % 50 = 1 THEN 'invalid' ELSE 'valid' END, NULL, NULL, TRUE, 0 FROM organisations WHERE id % 5 <> 0; \
    INSERT INTO organisation_evidence SELECT id, 4, 'charter', 'registrar', '2020-01-01', \
        'abababababababababababababababababababababababababababababababab', NULL, 0 FROM organisations WHERE id % 2 = 0;";

fn fill(conn: &mut Conn, count: u64) -> Fallible<()> {
    conn.batch_execute(if conn.is_postgres() {
        "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'"
    } else {
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY"
    })?;
    let kept = indexes(conn)?;
    for index in &kept {
        conn.batch_execute(&format!("DROP INDEX {}", index.name))?;
    }
    eprintln!("… in what order {count} memberships were recorded");
    let (first, seqs) = positions(count);
    conn.batch_execute("BEGIN")?;
    write_all(conn, count, &first, &seqs)?;
    conn.batch_execute(ITEMS)?;
    quality::make_anew(conn)?;
    conn.batch_execute("COMMIT")?;
    eprintln!("… indexes");
    for index in &kept {
        conn.batch_execute(&index.made_by)?;
    }
    if conn.is_postgres() {
        conn.batch_execute("SET session_replication_role = origin")?;
        conn.batch_execute("VACUUM ANALYZE")?;
    } else {
        conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL")?;
    }
    Ok(())
}

fn write_all(conn: &mut Conn, count: u64, first: &[u32], seqs: &[i64]) -> Fallible<()> {
    let rules = Rules::default_rules()?;
    let adopted = [(0i64, rules.clone())];
    let hash = if conn.is_postgres() {
        "'\\x00'"
    } else {
        "x'00'"
    };
    let mut counts = Counts::new();
    let mut orgs = Rows::new(
        "organisations (id, number, country, name, sort_key, themes, sdgs, descriptions, email_public, public_from, withheld, created_at, updated_at, updated_by, next_item, version, seq)",
    );
    let mut members = Rows::new("memberships");
    let mut ledger = Rows::new("membership_events");
    let mut journal = Rows::new("journal");
    let mut intervals = Rows::new("membership_intervals");
    let mut flows = Rows::new("membership_flows");
    let mut due = Rows::new("membership_due");
    let mut late = Rows::new("member_late_counts");
    let falsehood = if conn.is_postgres() { "FALSE" } else { "0" };
    for (n, start) in (0..count).zip(first) {
        let mut events = events(n);
        for (event, seq) in events
            .iter_mut()
            .zip(seqs.iter().skip(usize::try_from(*start)?))
        {
            event.seq = *seq;
        }
        let (id, org) = (id_of(n), n + 1);
        let at = events.first().map_or(0, |e| e.recorded_at);
        let last = events.last().map_or((0, 0), |e| (e.recorded_at, e.seq));
        let country = COUNTRIES
            .get(usize::try_from(n % 8)?)
            .copied()
            .unwrap_or("KZ");
        orgs.push(conn, format_args!("({org}, 'OTS-{org:07}-00', '{country}', 'Sample Association {org}', 'sample association {org}', '', '', '[]', {falsehood}, '2020-01-01', {falsehood}, {at}, {at}, 'operator', 1, 1, 0)"))?;
        let row = MembershipRow {
            id,
            organisation_id: i64::try_from(org)?,
            revision: i32::try_from(events.len())?,
            created_at: at,
            updated_at: last.0,
            updated_by: "operator".to_owned(),
            seq: last.1,
        };
        members.push(
            conn,
            format_args!(
                "({}, {org}, {}, {at}, {}, 'operator', {})",
                id.0, row.revision, row.updated_at, row.seq
            ),
        )?;
        for event in &events {
            let e = EventRow::of(id, event)?;
            ledger.push(
                conn,
                format_args!(
                    "({}, {}, {}, {}, '{}', '{}', '{}', 'user:p', 'user:d', '{}')",
                    id.0, e.no, e.seq, e.recorded_at, e.effective_on, e.kind, e.body, e.details
                ),
            )?;
            journal.push(
                conn,
                format_args!(
                    "({}, {}, 'user:p', 'membership.{}', 'membership:{id}', NULL, {hash}, {hash})",
                    e.seq, e.recorded_at, e.kind
                ),
            )?;
        }
        let timeline = timeline::replay(&row, &events, &adopted);
        timeline::sum(&mut counts, &timeline);
        for ((seq, (day, country, kind, measure)), change) in &timeline.late {
            late.push(
                conn,
                format_args!("({seq}, '{day}', '{country}', '{kind}', '{measure}', {change})"),
            )?;
        }
        for i in &timeline.intervals {
            intervals.push(
                conn,
                format_args!(
                    "({}, '{}', {}, {}, {}, {org}, '{}', '{}', '{}', {}, {}, {})",
                    id.0,
                    i.from_day,
                    i.known_from,
                    quoted(i.to_day),
                    i.known_to,
                    i.state,
                    i.membership_type,
                    i.country,
                    quoted(i.term_end),
                    or_null(i.cause_no),
                    quoted(i.grace_end)
                ),
            )?;
        }
        for f in &timeline.flows {
            flows.push(
                conn,
                format_args!(
                    "({}, '{}', {}, {}, {}, {org}, '{}', '{}', '{}', {})",
                    id.0,
                    f.on_day,
                    f.no,
                    f.known_from,
                    f.known_to,
                    f.kind,
                    f.country,
                    f.membership_type,
                    or_null(f.cause_no)
                ),
            )?;
        }
        if let Some(day) = timeline::first_due(&fold(&events, &rules), &events) {
            due.push(conn, format_args!("({}, '{day}')", id.0))?;
        }
        if n % 100_000 == 0 {
            eprintln!("… {n}");
        }
    }
    for rows in [
        &mut orgs,
        &mut members,
        &mut ledger,
        &mut journal,
        &mut intervals,
        &mut flows,
        &mut due,
        &mut late,
    ] {
        rows.flush(conn)?;
    }
    let mut sums = Rows::new("member_counts");
    for ((day, country, kind, measure), change) in counts.iter().filter(|(_, change)| **change != 0)
    {
        sums.push(
            conn,
            format_args!("('{day}', '{country}', '{kind}', '{measure}', {change})"),
        )?;
    }
    sums.flush(conn)?;
    let (head, at) = (seqs.len(), Instant::now().0);
    conn.batch_execute(&format!(
        "UPDATE journal_head SET seq = {head}, recorded_at = {at}"
    ))?;
    Ok(())
}

fn token(conn: &mut Conn, keys: &TokenKeys, role: Role) -> Fallible<String> {
    use ots_registry::accounts::{NewUser, create_active};
    use ots_registry::db::schema::sessions;
    use ots_registry::text::{Email, Line};
    let (user, session) = conn.transact(|tx| {
        let email = format!("load-{}@sample.example", Instant::now().0);
        let new = NewUser {
            email: Email::parse(&email).map_err(|e| Error::internal(e.0))?,
            name: Line::parse("Load").map_err(|e| Error::internal(e.0))?,
            role,
            country: None,
        };
        let acting = Acting::operator(Action::ManageAccounts)?;
        let user = create_active(tx, &acting, &new, "$argon2id$none".to_owned())?;
        let session = Id::random().map_err(Error::internal)?;
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(session),
                sessions::user_id.eq(user.id()),
                sessions::refresh_hash.eq(session.to_string().into_bytes()),
                sessions::generation.eq(1),
                sessions::created_at.eq(Instant::now().0),
                sessions::last_used_at.eq(Instant::now().0),
                sessions::expires_at.eq(Instant::now().plus_seconds(12 * 3600).0),
            ))
            .execute(&mut **tx)?;
        Ok::<_, Error>((user, session))
    })?;
    Ok(keys.issue(user.id(), session, role, Instant::now())?)
}

fn parts(url: &DatabaseUrl, keys: TokenKeys, folder: &Path) -> Fallible<Parts> {
    Ok(Parts {
        db: Db::start(
            url,
            Sizes {
                readers: 2,
                ..Sizes::default()
            },
        ),
        keys,
        seals: seals(folder)?,
        second_factor: SecondFactorRule { secretariat: false },
        throttle: Throttle::default(),
        passwords: Passwords::new(),
        countries: Arc::new(Countries::load()?),
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
        search: Search::default(),
        checkpoints: checkpoints(folder)?,
        readiness: Default::default(),
    })
}

fn checkpoints(folder: &Path) -> Fallible<Checkpoints> {
    let folder = folder.join("keys");
    if !CheckpointKeys::exist(&folder) {
        CheckpointKeys::create(&folder, Instant::now())?;
    }
    let keys = CheckpointKeys::load(&folder)?;
    Ok(Checkpoints::new(keys, "registry.example/v1/journal"))
}

fn seals(folder: &Path) -> Fallible<SealKeys> {
    let folder = folder.join("keys");
    if !SealKeys::exist(&folder) {
        SealKeys::create(&folder, Instant::now())?;
    }
    Ok(SealKeys::load(&folder)?)
}

fn keys(folder: &Path) -> Fallible<TokenKeys> {
    let keys = folder.join("keys");
    if !keys.exists() {
        TokenKeys::create(&keys, Instant::now())?;
    }
    Ok(TokenKeys::load(&keys, "http://127.0.0.1")?)
}

#[derive(QueryableByName)]
struct Renewable {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    membership_id: i64,
}

/// Renewals one after the other, then the recorder.
async fn write(
    settings: &Settings,
    url: &DatabaseUrl,
    mut conn: Conn,
    folder: &Path,
) -> Fallible<()> {
    let keys = keys(folder)?;
    let token = token(&mut conn, &keys, Role::Secretariat)?;
    let today = Instant::now().day();
    let soon = today + Days::new(30);
    let found: Vec<Renewable> = dialect!(&mut conn, |c| {
        diesel::sql_query(format!(
        "SELECT membership_id FROM membership_intervals WHERE known_to = {} AND state = 'active' \
         AND from_day <= '{today}' AND to_day > '{today}' AND to_day <= '{soon}' LIMIT {}",
        i64::MAX, settings.acts + 1
    ))
    .load(c)
    })?;
    let service = test::init_service(app(&parts(url, keys, folder)?)).await;
    let mut took = Vec::new();
    for (round, one) in found.iter().enumerate() {
        let id = Id(one.membership_id);
        let request = test::TestRequest::post()
            .uri(&format!("/v1/memberships/{id}/renewal"))
            .insert_header(("Authorization", format!("Bearer {token}")))
            .insert_header(("Idempotency-Key", format!("act-{id}")))
            .insert_header(("If-Match", "*"))
            .set_json(serde_json::json!({}))
            .to_request();
        let millis = timed(&service, request).await?;
        if round > 0 {
            took.push(millis);
        }
    }
    took.sort_by(f64::total_cmp);
    println!(
        "{} · a renewal with its journal entry: median {:.1} ms, worst {:.1} ms of {} (goal 10 ms)",
        url.kind(),
        took.get(took.len() / 2).copied().unwrap_or(f64::NAN),
        took.last().copied().unwrap_or(f64::NAN),
        took.len()
    );
    let rules = Rules::default_rules()?;
    conn.batch_execute(
        "DELETE FROM membership_due WHERE membership_id NOT IN \
         (SELECT membership_id FROM membership_due ORDER BY due_on, membership_id LIMIT 100000)",
    )?;
    let started = Clock::now();
    let recorded = recorder::run_on(&mut conn, &rules, Instant::now())?
        .ok_or("somebody else runs the calendar")?;
    println!(
        "{} · the calendar's recorder: {recorded}, {:.1} s in all (goals 30 s, 100 ms)",
        url.kind(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn measure(
    settings: &Settings,
    url: &DatabaseUrl,
    conn: &mut Conn,
    folder: &Path,
) -> Fallible<()> {
    let keys = keys(folder)?;
    let token = token(conn, &keys, Role::Auditor)?;
    let service = test::init_service(app(&parts(url, keys, folder)?)).await;
    let day = |dice: &mut Dice| first_day() + Days::new(90 + dice.below(DAYS - 90));
    let known = |dice: &mut Dice, from: NaiveDate| {
        from + Days::new(
            dice.below(5 * 365).min(
                u64::try_from(
                    (NaiveDate::from_ymd_opt(2026, 10, 1).unwrap_or(from) - from)
                        .num_days()
                        .max(1),
                )
                .unwrap_or(1),
            ),
        )
    };
    type Make<'a> = Box<dyn Fn(&mut Dice) -> String + 'a>;
    let pair = |dice: &mut Dice| {
        format!(
            "country={}&type={}",
            dice.one(&COUNTRIES).unwrap_or("KZ"),
            dice.one(&MembershipType::ALL)
                .unwrap_or(MembershipType::Full)
                .as_str()
        )
    };
    let year = |dice: &mut Dice| {
        let year = 2012 + dice.below(14);
        (
            format!("from={year}-01-01&to={year}-12-31"),
            NaiveDate::from_ymd_opt(i32::try_from(year).unwrap_or(2020) + 1, 1, 15)
                .unwrap_or_default(),
        )
    };
    let count = settings.memberships;
    let kinds: Vec<(&str, f64, Make<'_>)> = vec![
        (
            "a membership with its events",
            2.0,
            Box::new(move |d| format!("/v1/memberships/{}", id_of(d.below(count)))),
        ),
        (
            "register, first page, any day",
            30.0,
            Box::new(move |d| format!("/v1/reports/register?as_of={}", day(d))),
        ),
        (
            "register, one country and type, any day",
            30.0,
            Box::new(move |d| format!("/v1/reports/register?as_of={}&{}", day(d), pair(d))),
        ),
        (
            "register, any day, known at any later day",
            30.0,
            Box::new(move |d| {
                let on = day(d);
                format!(
                    "/v1/reports/register?as_of={on}&{}&known_at={}",
                    pair(d),
                    known(d, on)
                )
            }),
        ),
        (
            "roll-forward of a year",
            300.0,
            Box::new(move |d| format!("/v1/reports/roll-forward?{}", year(d).0)),
        ),
        (
            "roll-forward of a year, known soon after",
            300.0,
            Box::new(move |d| {
                let (period, known) = year(d);
                format!("/v1/reports/roll-forward?{period}&known_at={known}")
            }),
        ),
        (
            "roll-forward, known last month",
            300.0,
            Box::new(move |d| {
                format!("/v1/reports/roll-forward?{}&known_at=2026-09-30", year(d).0)
            }),
        ),
        (
            "standing, any day",
            500.0,
            Box::new(move |d| format!("/v1/reports/standing?as_of={}", day(d))),
        ),
        (
            "ageing, any day",
            500.0,
            Box::new(move |d| format!("/v1/reports/ageing?as_of={}", day(d))),
        ),
        (
            "renewals, any day",
            500.0,
            Box::new(move |d| format!("/v1/reports/renewals?as_of={}", day(d))),
        ),
        (
            "renewals, today",
            500.0,
            Box::new(move |_| "/v1/reports/renewals".to_owned()),
        ),
        (
            "data quality, any day",
            500.0,
            Box::new(move |d| format!("/v1/reports/data-quality?as_of={}", day(d))),
        ),
        (
            "data quality, today",
            500.0,
            Box::new(move |_| "/v1/reports/data-quality".to_owned()),
        ),
        (
            "sample of 50, any day",
            500.0,
            Box::new(move |d| format!("/v1/reports/sample?as_of={}&seed=bench&size=50", day(d))),
        ),
        (
            "decisions of a year",
            500.0,
            Box::new(move |d| format!("/v1/reports/decisions?{}", year(d).0)),
        ),
        (
            "roll-forward with restatement since some month of the year",
            500.0,
            Box::new(move |d| {
                let month = 1 + d.below(9);
                format!(
                    "/v1/reports/roll-forward?from=2026-01-01&to=2026-10-31&previous_known_at=2026-0{month}-15"
                )
            }),
        ),
        (
            "ids behind a figure of the roll-forward",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/roll-forward/members?{}&column=joined&{}",
                    year(d).0,
                    pair(d)
                )
            }),
        ),
        (
            "ids behind a figure of the standing",
            500.0,
            Box::new(move |d| {
                format!("/v1/reports/standing/members?as_of={}&column=grace", day(d))
            }),
        ),
        (
            "ids behind a figure of the ageing",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/ageing/applications?as_of={}&column=over_90",
                    day(d)
                )
            }),
        ),
        (
            "ids behind a figure of the renewals",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/renewals/members?as_of={}&column=next_quarter",
                    day(d)
                )
            }),
        ),
        (
            "records behind a figure of the data quality",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/data-quality/records?as_of={}&criterion=identifiers_valid",
                    day(d)
                )
            }),
        ),
        (
            "exceptions without evidence",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/decisions/exceptions?{}&kind=without_evidence",
                    year(d).0
                )
            }),
        ),
        (
            "exceptions dated back",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/decisions/exceptions?{}&kind=back_dated",
                    year(d).0
                )
            }),
        ),
        (
            "exceptions that corrections are",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/decisions/exceptions?{}&kind=corrected",
                    year(d).0
                )
            }),
        ),
        (
            "gaps in the sequence",
            500.0,
            Box::new(move |d| {
                format!(
                    "/v1/reports/decisions/exceptions?{}&kind=sequence_gap",
                    year(d).0
                )
            }),
        ),
    ];
    let asked = |name: &str| name.contains(settings.only.as_str());
    for (name, goal, make) in kinds.into_iter().filter(|(name, ..)| asked(name)) {
        let mut dice = Dice::of(2026);
        let mut took: Vec<(f64, String)> = Vec::new();
        for round in 0..=settings.rounds {
            let path = make(&mut dice);
            let request = test::TestRequest::get()
                .uri(&path)
                .insert_header(("Authorization", format!("Bearer {token}")))
                .to_request();
            let millis = timed(&service, request).await?;
            // The first one warms the caches.
            if round > 0 {
                took.push((millis, path));
            }
        }
        took.sort_by(|a, b| a.0.total_cmp(&b.0));
        let at = |n: usize| took.get(n).cloned().unwrap_or_default();
        let (worst, path) = at(took.len().saturating_sub(1));
        println!(
            "{} · {name}: median {:.1} ms, worst {worst:.1} ms (goal {goal} ms; worst {path})",
            url.kind(),
            at(took.len() / 2).0
        );
    }
    Ok(())
}

/// How long the answer took to its last byte, in milliseconds; an error where it is one.
async fn timed<B: MessageBody>(
    service: &impl Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: Request,
) -> Fallible<f64> {
    let path = request.path().to_owned();
    let started = Clock::now();
    let answer = test::call_service(service, request).await;
    let status = answer.status();
    let body = to_bytes(answer.into_body())
        .await
        .map_err(|_| "the body broke off")?;
    let millis = started.elapsed().as_secs_f64() * 1e3;
    if !status.is_success() {
        return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(millis)
}
