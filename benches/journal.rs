//! Load on the journal: fills it through the program's own calls, then measures `journal verify`, proofs, checkpoints and exports.
//!
//! ```text
//! cargo bench --bench journal -- --entries 1000000 [--keep FOLDER] [--database-url postgres://…] [--proofs 500]
//! ```
//!
//! `--keep` names a folder whose SQLite file is filled once and used again; a PostgreSQL database that holds a journal is used as it is.
//! Each organisation is registered with a name and an identifier, and changed four times.

use std::path::Path;
use std::time::{Duration, Instant as Clock};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ots_registry::auth::Actor;
use ots_registry::auth::checkpoint_keys::CheckpointKeys;
use ots_registry::checkpoints::{Checkpoints, queries};
use ots_registry::cli::{check_against, recorded_tables};
use ots_registry::db::schema::{organisation_identifiers, organisation_names, organisations};
use ots_registry::db::{Both, Conn, DatabaseUrl, Instant, migrate};
use ots_registry::dialect;
use ots_registry::http::Error;
use ots_registry::journal::export::{self, Facts};
use ots_registry::journal::{Against, Batch, tree, verify_export};
use ots_registry::organisations::rows::{IdentifierRow, NameRow, OrganisationRow};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Entries of one organisation.
const EACH: u64 = 5;
/// Organisations of one transaction.
const CHUNK: u64 = 200;

/// What the command line said.
struct Settings {
    entries: u64,
    proofs: u64,
    database: Option<String>,
    keep: Option<String>,
}

impl Settings {
    fn read() -> Fallible<Self> {
        let mut settings = Self {
            entries: 1_000_000,
            proofs: 500,
            database: None,
            keep: None,
        };
        let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or("each option needs a value")?;
            match name.as_str() {
                "--entries" => settings.entries = value.parse()?,
                "--proofs" => settings.proofs = value.parse()?,
                "--database-url" => settings.database = Some(value),
                "--keep" => settings.keep = Some(value),
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(settings)
    }
}

fn main() -> Fallible<()> {
    let settings = Settings::read()?;
    let own = std::env::temp_dir().join(format!("ots-registry-journal-{}", std::process::id()));
    let folder = settings.keep.as_ref().map_or(own.clone(), Into::into);
    std::fs::create_dir_all(&folder)?;
    let done = run(&settings, &folder);
    if settings.keep.is_none() {
        std::fs::remove_dir_all(&own)?;
    }
    done
}

fn run(settings: &Settings, folder: &Path) -> Fallible<()> {
    let url = match &settings.database {
        Some(url) => DatabaseUrl::parse(url)?,
        None => DatabaseUrl::Sqlite(folder.join("journal.db")),
    };
    let kind = url.kind();
    let mut conn = Conn::open_for_work(&url)?;
    migrate::up(&mut conn)?;
    let held = queries::journal_size(&mut conn)?;
    if held < settings.entries {
        let started = Clock::now();
        fill(&mut conn, held, settings.entries)?;
        let more = settings.entries - held;
        tell(kind, "filled", more, started.elapsed());
    }
    let size = queries::journal_size(&mut conn)?;
    let started = Clock::now();
    let stored = keep_tree(&mut conn)?;
    if stored > 0 {
        tell(kind, "tree stored", stored * 256, started.elapsed());
    }
    checkpoints(&mut conn, folder, kind)?;
    proofs(settings, &mut conn, size, kind)?;
    drop(conn);
    for round in 1..=3 {
        verify(&url, kind, round)?;
    }
    exports(&url, folder, kind)
}

fn tell(kind: &str, what: &str, entries: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    #[allow(
        clippy::cast_precision_loss,
        clippy::allow_attributes,
        reason = "a rate"
    )]
    let rate = entries as f64 / seconds;
    println!("{kind} · {what}: {entries} entries in {seconds:.2} s, {rate:.0}/s");
}

/// Registers and changes organisations until the journal has so many entries.
fn fill(conn: &mut Conn, held: u64, wanted: u64) -> Fallible<()> {
    if let Both::Sqlite(c) = conn.each() {
        c.batch_execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000")?;
    }
    let mut n = held / EACH;
    let end = wanted / EACH;
    while n < end {
        let until = (n + CHUNK).min(end);
        conn.transact(|tx| {
            let mut batch = Batch::begin(tx, Instant::now())?;
            let (mut rows, mut names, mut identifiers) = (Vec::new(), Vec::new(), Vec::new());
            for n in n..until {
                let (row, name, identifier) = organisation(&mut batch, n)?;
                rows.push(row);
                names.push(name);
                identifiers.push(identifier);
            }
            let conn: &mut Conn = &mut *tx;
            dialect!(conn, |c| {
                diesel::insert_into(organisations::table)
                    .values(&rows)
                    .execute(c)?;
                diesel::insert_into(organisation_names::table)
                    .values(&names)
                    .execute(c)?;
                diesel::insert_into(organisation_identifiers::table)
                    .values(&identifiers)
                    .execute(c)?;
                Ok::<_, Error>(())
            })?;
            batch.write(tx)
        })?;
        n = until;
        if n.is_multiple_of(50_000) {
            eprintln!("… {} entries", n * EACH);
        }
    }
    if let Both::Sqlite(c) = conn.each() {
        c.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL")?;
    }
    Ok(())
}

/// Five entries of an organisation, and its rows as they are after them.
fn organisation(
    batch: &mut Batch,
    n: u64,
) -> Result<(OrganisationRow, NameRow, IdentifierRow), Error> {
    let mut entry = batch.entry();
    let (id, number) = (entry.seq(), format!("OTS-{n:07}-00"));
    let actor = Actor::System("bench");
    let mut row = OrganisationRow {
        id,
        number: number.clone(),
        country: "KZ".to_owned(),
        name: format!("«Үлгі қауымдастығы {n}» қоғамдық бірлестігі"),
        sort_key: format!("ulgi qauymdastygy {n} qogamdyq birlestigi"),
        legal_form: Some("public_association".to_owned()),
        city: Some("Астана".to_owned()),
        region: Some("KZ-71".to_owned()),
        website: Some(format!("https://sample-{n}.example/")),
        themes: "|A10|C20|".to_owned(),
        sdgs: "|4|5|".to_owned(),
        descriptions: "[]".to_owned(),
        founded_year: Some(1999),
        founded_on: None,
        address: None,
        email: None,
        email_public: false,
        phone: None,
        notes: None,
        public_from: None,
        withheld: false,
        withheld_reason: None,
        merged_into: None,
        merged_on: None,
        created_at: entry.recorded_at().0,
        updated_at: entry.recorded_at().0,
        updated_by: actor.to_string(),
        next_item: 3,
        version: 1,
        seq: id,
        dissolved_on: None,
    };
    let name = NameRow {
        organisation_id: id,
        item: 1,
        kind: "legal".to_owned(),
        text: row.name.clone(),
        language: Some("kk".to_owned()),
        key_plain: row.sort_key.clone(),
        key_skeleton: row.sort_key.clone(),
        fold_version: 1,
        seq: id,
    };
    let identifier = IdentifierRow {
        organisation_id: id,
        item: 2,
        scheme: "KZ-BIN".to_owned(),
        value: format!("{n:012}"),
        canonical: format!("{n:012}"),
        verdict: "valid".to_owned(),
        override_reason: None,
        shared_reason: None,
        exclusive: true,
        seq: id,
    };
    let about = format!("organisation:{number}");
    entry.about(&about);
    entry.of_organisation(&number);
    entry.now(&row)?;
    entry.now(&name)?;
    entry.now(&identifier)?;
    batch.close(&actor, "organisation.registered", entry)?;
    for version in 2..=5 {
        let before = row.clone();
        let mut entry = batch.entry();
        row.version = version;
        row.seq = entry.seq();
        if version % 2 == 0 {
            row.phone = Some(format!("+000 {version} {n}"));
        } else {
            row.city = Some(format!("Алматы {version}"));
        }
        entry.about(&about);
        entry.of_organisation(&number);
        entry.changed(&before, &row)?;
        batch.close(&actor, "organisation.changed", entry)?;
    }
    Ok((row, name, identifier))
}

/// Stores what is missing of the tree; how many subtrees of 256 entries.
fn keep_tree(conn: &mut Conn) -> Fallible<u64> {
    let mut stored = 0;
    loop {
        let rows = conn.transact(|tx| {
            let size = queries::journal_size(tx)?;
            let rows = tree::next(tx, size, 64)?;
            tree::store(tx, &rows)?;
            Ok::<_, Error>(rows.iter().filter(|(level, ..)| *level == 8).count())
        })?;
        if rows == 0 {
            return Ok(stored);
        }
        stored += u64::try_from(rows)?;
    }
}

/// How long the root of the journal takes, and a checkpoint with its checks.
fn checkpoints(conn: &mut Conn, folder: &Path, kind: &str) -> Fallible<()> {
    let keys = folder.join("keys");
    if !CheckpointKeys::exist(&keys) {
        CheckpointKeys::create(&keys, Instant::now())?;
    }
    let signer = Checkpoints::new(CheckpointKeys::load(&keys)?, "registry.example/v1/journal");
    let started = Clock::now();
    conn.transact(|tx| signer.make(tx, Instant::now()))?;
    println!(
        "{kind} · a checkpoint: {:.2} ms",
        started.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

fn proofs(settings: &Settings, conn: &mut Conn, size: u64, kind: &str) -> Fallible<()> {
    let mut place = 12_345u64;
    let mut next = || {
        place = place
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (place >> 11) % size + 1
    };
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for _ in 0..settings.proofs {
        // Any size, so that the right edge is cut through tiles of every level.
        let of = next();
        let seq = next() % of + 1;
        let started = Clock::now();
        std::hint::black_box(tree::inclusion(conn, seq, of)?);
        inclusion.push(started.elapsed());
        let started = Clock::now();
        std::hint::black_box(tree::consistency(conn, seq, of)?);
        consistency.push(started.elapsed());
    }
    for (what, mut times) in [("inclusion", inclusion), ("consistency", consistency)] {
        times.sort();
        let at = |share: usize| times.get(times.len() * share / 100).copied();
        let ms = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e3;
        println!(
            "{kind} · {what} proof of {size} entries: median {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
            ms(at(50)),
            ms(at(99)),
            ms(times.last().copied())
        );
    }
    Ok(())
}

fn verify(url: &DatabaseUrl, kind: &str, round: u32) -> Fallible<()> {
    let started = Clock::now();
    let mut read = started.elapsed();
    let (report, deviations) = check_against(url, &Against::default(), |_| {
        read = started.elapsed();
    })?;
    let whole = started.elapsed();
    if let Some(finding) = report.findings.first() {
        return Err(format!("{:?} {}", finding.seq, finding.text).into());
    }
    if !deviations.is_empty() {
        return Err("the timelines deviate".into());
    }
    let entries = report.entries.unsigned_abs();
    tell(
        kind,
        &format!("verify {round}, entries alone"),
        entries,
        read,
    );
    let what = format!("verify {round}, with {} rows", report.rows);
    tell(kind, &what, entries, whole);
    Ok(())
}

fn exports(url: &DatabaseUrl, folder: &Path, kind: &str) -> Fallible<()> {
    let path = folder.join("export.jsonl");
    let names: Vec<&'static str> = recorded_tables().iter().map(|t| t.name).collect();
    let mut conn = Conn::open_for_work(url)?;
    let started = Clock::now();
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(&path)?);
    let entries = export::write(&mut conn, Facts::All, Instant::now(), &mut out)?.unsigned_abs();
    tell(kind, "export", entries, started.elapsed());
    let started = Clock::now();
    let mut input = std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(&path)?);
    let report = verify_export(&mut input, &names, &Against::default(), |_| {})?;
    tell(kind, "verify of the export", entries, started.elapsed());
    std::fs::remove_file(&path)?;
    match report.findings.first() {
        None => Ok(()),
        Some(finding) => Err(finding.text.clone().into()),
    }
}
