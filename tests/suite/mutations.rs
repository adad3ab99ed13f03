//! The journal cannot be rewritten unseen: random mutations of twelve kinds in the database, against a verifier that has only the public
//! key and an old checkpoint. And no false alarm: random honest work, restores and erasures included.
//!
//! A few hundred of each run with every `cargo test`. The long run (`docs/testing.md`):
//!
//! ```text
//! cargo test --release --test suite -- --ignored --nocapture ten_thousand_mutations
//! ```

use std::collections::{BTreeMap, BTreeSet};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ots_registry::accounts::{self, NewUser, users};
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Role};
use ots_registry::checkpoints::{queries, restored};
use ots_registry::cli::recorded_tables;
use ots_registry::db::schema::{checkpoints, users as user_rows};
use ots_registry::db::{Conn, Id, Instant, Tx};
use ots_registry::http::Error;
use ots_registry::journal::note::SignedNote;
use ots_registry::journal::{Against, tree, verify_with};
use ots_registry::memberships::derived;
use ots_registry::people;
use ots_registry::text::{Email, Line, Reason};

use crate::both;
use crate::journal::lively;
use crate::kit::forger::{Dice, Journal, disarm};
use crate::kit::{App, Kind, ORIGIN};

/// The kinds.
const KINDS: [&str; 12] = [
    "an entry is edited",
    "an entry is deleted",
    "an entry is inserted",
    "two entries are swapped",
    "a fact is edited with its row, and everything is hashed anew",
    "the tail is cut",
    "the checkpoints are rolled back",
    "the journal forks",
    "a checkpoint is signed with another key",
    "something is erased without a decision",
    "a row of a table is edited",
    "a fact's text is edited",
];

/// A registry with a past, and what the verifier kept of it.
struct Past {
    conn: Conn,
    against: Against,
    /// The size of the checkpoint that the verifier holds.
    held: usize,
    /// What the kit's people make the check find, who are written past the API.
    known: BTreeSet<String>,
}

/// What the whole check says, each finding once.
fn findings(conn: &mut Conn, against: &Against) -> BTreeSet<String> {
    let report = verify_with(conn, &mut [], &recorded_tables(), against, |_| {}).unwrap();
    let mut found: BTreeSet<String> = report
        .findings
        .iter()
        .map(|f| format!("{:?} {}", f.seq, f.text))
        .collect();
    found.extend(report.lost.iter().map(|lost| format!("{lost:?}")));
    found.extend(derived::deviations(conn).unwrap());
    found
}

fn account(tx: &mut Tx<'_>) -> Result<Id, Error> {
    let id = Id::random().unwrap();
    let new = NewUser {
        email: Email::parse(&format!("{id}@sample.example")).unwrap(),
        name: Line::parse("Sample Office").unwrap(),
        role: Role::Auditor,
        country: None,
    };
    let acting = Acting::operator(Action::ManageAccounts)?;
    Ok(accounts::invite(tx, &acting, &new)?.0.id())
}

fn accounts(conn: &mut Conn, count: usize) {
    conn.transact(|tx| (0..count).try_for_each(|_| account(tx).map(|_| ())))
        .unwrap();
}

/// Signs the journal as it is.
fn sign(app: &App, tx: &mut Tx<'_>) -> Result<SignedNote, Error> {
    let made = app.parts.checkpoints.make(tx, Instant::now())?;
    Ok(SignedNote::parse(&made.note).unwrap())
}

fn store_tree(tx: &mut Tx<'_>) -> Result<(), Error> {
    let size = queries::journal_size(tx)?;
    let rows = tree::next(tx, size, 1_000)?;
    tree::store(tx, &rows)
}

impl Past {
    async fn make(app: &App) -> Self {
        let mut conn = app.db_conn();
        lively(app).await;
        conn.transact(|tx| sign(app, tx)).unwrap();
        accounts(&mut conn, 100);
        app.organisation("UZ").active().create().await;
        let note = conn.transact(|tx| sign(app, tx)).unwrap();
        let held = usize::try_from(note.checkpoint.size).unwrap();
        accounts(&mut conn, 150);
        conn.transact(|tx| {
            store_tree(tx)?;
            sign(app, tx)
        })
        .unwrap();
        accounts(&mut conn, 5);
        disarm(&mut conn);
        let mut past = Self {
            conn,
            against: Against {
                notes: vec![note],
                keys: app.parts.checkpoints.verifier_keys(),
            },
            held,
            known: BTreeSet::new(),
        };
        past.known = findings(&mut past.conn, &past.against);
        let people_only = past
            .known
            .iter()
            .all(|f| f.contains("users ") && f.contains("no entry explains"));
        assert!(people_only, "{:?}", past.known);
        past
    }

    /// Does something in a transaction that is undone, and gives what the check finds beyond what it found before.
    fn finds(&mut self, forge: impl FnOnce(&mut Conn, &Against)) -> BTreeSet<String> {
        let mut found = None;
        let mut forge = Some(forge);
        let against = &self.against;
        let undone = self.conn.transact(|tx| {
            forge.take().unwrap()(tx, against);
            found = Some(findings(tx, against));
            Err::<(), _>(Error::internal("undone"))
        });
        assert!(undone.is_err());
        found.unwrap().difference(&self.known).cloned().collect()
    }

    /// Mutations from these seeds; every one must be found. How many there were of each kind.
    fn mutate(&mut self, seeds: std::ops::Range<u64>) -> BTreeMap<&'static str, usize> {
        let held = self.held;
        let mut counts = BTreeMap::new();
        let mut unseen = Vec::new();
        for seed in seeds {
            let mut dice = Dice(seed);
            let kind = usize::try_from(seed % 12).unwrap();
            let mut what = String::new();
            let found = self.finds(|conn, _| what = mutate(kind, &mut dice, conn, held));
            if found.is_empty() {
                unseen.push(format!("seed {seed}: {}: {what}", KINDS[kind]));
            }
            *counts.entry(KINDS[kind]).or_default() += 1;
        }
        assert_eq!(unseen, Vec::<String>::new());
        counts
    }
}

/// One mutation; what it was, in words.
fn mutate(kind: usize, dice: &mut Dice, conn: &mut Conn, held: usize) -> String {
    let mut journal = Journal::load(conn);
    let whole = journal.clone();
    let (what, covers_up) = match kind {
        0 => (edit_entry(&mut journal, dice, held), true),
        1 => {
            let n = dice.below(held);
            journal.entries.remove(n);
            if dice.coin() {
                journal.renumber();
            } else {
                let seq = i64::try_from(n + 1).unwrap();
                journal.items.retain(|i| i.seq != seq);
            }
            (format!("entry {}", n + 1), true)
        }
        2 => (insert_entry(&mut journal, dice, held), true),
        3 => {
            let (a, b) = (dice.below(held), dice.below(held));
            let b = if a == b { (a + 1) % held } else { b };
            journal.entries.swap(a, b);
            journal.renumber();
            journal.reorder_instants();
            (format!("{} and {}", a + 1, b + 1), true)
        }
        4 => {
            let what = edit_fact_and_row(&mut journal, dice, conn, held);
            journal.rehash_items();
            journal.rehash();
            (what, true)
        }
        5 => return cut(&journal, dice, conn, held),
        6 => {
            let from = dice.below(held) + 1;
            let from = i64::try_from(from).unwrap();
            let gone = diesel::delete(checkpoints::table.filter(checkpoints::size.ge(from)))
                .execute(conn)
                .unwrap();
            assert!(gone > 0);
            return format!("from {from}");
        }
        7 => {
            let from = dice.below(held);
            for entry in &mut journal.entries[from..] {
                entry.actor = format!("user:{}", Id(i64::try_from(dice.next() >> 1).unwrap()));
            }
            journal.rehash();
            (format!("from {}", from + 1), true)
        }
        8 => return sign_with_another(&journal, dice, conn),
        9 => {
            let what = erase(&mut journal, dice);
            // Hashes stay as they are: erasing breaks none of them.
            journal.store(conn, false);
            return what;
        }
        10 => return edit_row(dice, conn),
        _ => {
            let facts: Vec<usize> = (0..journal.items.len()).collect();
            let n = *dice.one(&facts);
            let item = &mut journal.items[n];
            let body = item.body.clone().unwrap();
            let at = dice.below(body.chars().count());
            let mut chars: Vec<char> = body.chars().collect();
            chars[at] = if chars[at] == 'x' { 'y' } else { 'x' };
            item.body = Some(chars.into_iter().collect());
            if dice.coin() {
                journal.rehash_items();
            }
            journal.store(conn, false);
            return format!("item {n}, character {at}");
        }
    };
    assert_ne!(whole, journal, "nothing was changed: {what}");
    // A forger who knows the form hashes everything anew, and may sign the checkpoints anew or drop them.
    let mut how = String::new();
    if covers_up && (kind == 4 || kind == 7 || dice.coin()) {
        journal.rehash();
        how.push_str(", hashed anew");
    }
    journal.store(conn, dice.coin() || kind == 4 || kind == 7);
    if dice.coin() {
        Journal::drop_tree(conn);
        how.push_str(", tree dropped");
    }
    match dice.below(3) {
        0 => {
            journal.forge_checkpoints(conn, ORIGIN);
            how.push_str(", checkpoints forged");
        }
        1 => {
            diesel::delete(checkpoints::table).execute(conn).unwrap();
            how.push_str(", checkpoints dropped");
        }
        _ => {}
    }
    what + &how
}

fn edit_entry(journal: &mut Journal, dice: &mut Dice, held: usize) -> String {
    let n = dice.below(held);
    let entry = &mut journal.entries[n];
    let column = dice.below(7);
    match column {
        0 => entry.recorded_at += if dice.coin() { 1 } else { -1 },
        1 => entry.actor.push('x'),
        2 => entry.action.push('x'),
        3 => entry.subject.push('x'),
        4 => {
            entry.organisation = match entry.organisation {
                None => Some(String::new()),
                Some(_) => None,
            }
        }
        5 => entry.facts_hash[dice.below(32)] ^= 1 << dice.below(8),
        _ => entry.hash[dice.below(32)] ^= 1 << dice.below(8),
    }
    // The last two are undone where everything is hashed anew: there it is another edit.
    if column > 4 {
        entry.actor.push('y');
    }
    format!("entry {}, column {column}", n + 1)
}

fn insert_entry(journal: &mut Journal, dice: &mut Dice, held: usize) -> String {
    let n = dice.below(held);
    let mut entry = journal.entries[n].clone();
    entry.actor = "user:0000000000001".to_owned();
    if dice.coin() {
        // In between, and all that follow move on.
        let seq = entry.seq;
        for item in journal.items.iter_mut().filter(|i| i.seq > seq) {
            item.seq += 1;
        }
        for later in &mut journal.entries[n + 1..] {
            later.seq += 1;
        }
        entry.seq = seq + 1;
        journal.entries.insert(n + 1, entry);
        return format!("behind {}", n + 1);
    }
    // Far behind the end, where a gap shows it unless it is cut out of the head too.
    let last = journal.entries.last().unwrap().seq;
    entry.seq = last + 1 + i64::try_from(dice.below(1_000)).unwrap() + 1;
    entry.recorded_at = journal.entries.last().unwrap().recorded_at;
    let seq = entry.seq;
    journal.entries.push(entry);
    format!("at {seq}")
}

/// Another address for an account, in the journal and in its row alike.
fn edit_fact_and_row(
    journal: &mut Journal,
    dice: &mut Dice,
    conn: &mut Conn,
    held: usize,
) -> String {
    let held = i64::try_from(held).unwrap();
    let facts: Vec<usize> = (0..journal.items.len())
        .filter(|n| {
            let item = &journal.items[*n];
            let body = item.body.as_deref().unwrap_or("");
            item.seq <= held && item.class == "personal" && body.contains("\"table\":\"users\"")
        })
        .collect();
    let n = *dice.one(&facts);
    let item = &mut journal.items[n];
    let body = item.body.clone().unwrap();
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    let (key, email) = (
        said[0]["key"].as_str().unwrap().to_owned(),
        said[0]["row"]["email"].as_str().unwrap().to_owned(),
    );
    let forged = email.replace("sample", "forged");
    item.body = Some(body.replace(&email, &forged));
    let id: Id = key.parse().unwrap();
    diesel::update(user_rows::table.find(id))
        .set((
            user_rows::email.eq(forged.clone()),
            user_rows::email_key.eq(forged.clone()),
        ))
        .execute(conn)
        .unwrap();
    format!("{email} of {key}")
}

/// The last entries, some of them known to the verifier; the checkpoints go too, or stay.
fn cut(journal: &Journal, dice: &mut Dice, conn: &mut Conn, held: usize) -> String {
    let mut journal = journal.clone();
    let keep = dice.below(held);
    journal.entries.truncate(keep);
    let last = i64::try_from(keep).unwrap();
    journal.items.retain(|i| i.seq <= last);
    let mut how = format!("behind {keep}");
    if dice.coin() {
        diesel::delete(checkpoints::table.filter(checkpoints::size.gt(last)))
            .execute(conn)
            .unwrap();
        how.push_str(", checkpoints too");
    }
    if dice.coin() {
        Journal::drop_tree(conn);
    }
    journal.store(conn, dice.coin());
    how
}

fn sign_with_another(journal: &Journal, dice: &mut Dice, conn: &mut Conn) -> String {
    match dice.below(3) {
        // What they say stays true; who says it changes.
        0 => {
            journal.forge_checkpoints(conn, ORIGIN);
            "all of them".to_owned()
        }
        1 => {
            journal.forge_checkpoints(conn, "registry.forged/v1/journal");
            "all of them, another origin".to_owned()
        }
        // Another root under the old signature.
        _ => {
            let rows: Vec<(i64, String)> = checkpoints::table
                .select((checkpoints::size, checkpoints::note))
                .load(conn)
                .unwrap();
            let (size, note) = dice.one(&rows).clone();
            let root = [u8::try_from(dice.below(256)).unwrap(); 32];
            let mut lines: Vec<String> = note.lines().map(str::to_owned).collect();
            lines[2] = data_encoding::BASE64.encode(&root);
            diesel::update(checkpoints::table.find(size))
                .set((
                    checkpoints::root.eq(root.to_vec()),
                    checkpoints::note.eq(lines.join("\n") + "\n"),
                ))
                .execute(conn)
                .unwrap();
            format!("the root of {size}")
        }
    }
}

fn erase(journal: &mut Journal, dice: &mut Dice) -> String {
    let n = dice.below(journal.items.len());
    let item = &mut journal.items[n];
    match dice.below(4) {
        0 => item.salt = None,
        1 => item.body = None,
        _ => {
            item.salt = None;
            item.body = None;
        }
    }
    format!("item {} of entry {}", item.item, item.seq)
}

/// A row of one of the tables that reports read.
fn edit_row(dice: &mut Dice, conn: &mut Conn) -> String {
    let edits = [
        "UPDATE organisations SET city = 'Forged' WHERE id = (SELECT MIN(id) FROM organisations)",
        "UPDATE organisations SET country = 'TR' WHERE id = (SELECT MAX(id) FROM organisations)",
        "UPDATE organisation_names SET text = 'Forged' WHERE item = 1",
        "DELETE FROM organisation_identifiers",
        "DELETE FROM organisation_contacts",
        "UPDATE organisation_evidence SET issuer = 'Forged'",
        "UPDATE memberships SET revision = revision + 1 WHERE id = (SELECT MIN(id) FROM memberships)",
        "UPDATE membership_events SET effective_on = '2001-01-01' WHERE kind = 'admitted'",
        "UPDATE membership_events SET decider = 'user:0000000000001' WHERE kind = 'admitted'",
        "DELETE FROM membership_events WHERE no = 1",
        "UPDATE membership_intervals SET state = 'expelled' WHERE state = 'active'",
        "DELETE FROM membership_flows",
        "UPDATE member_counts SET change = change + 1",
        "UPDATE proposals SET decider = 'user:0000000000001'",
        "UPDATE users SET role = 'secretariat' WHERE status = 'invited' AND role = 'auditor'",
        "DELETE FROM users WHERE status = 'invited'",
        "UPDATE api_keys SET expires_at = expires_at + 1",
        "UPDATE journal_tree SET hash = (SELECT hash FROM journal WHERE seq = 1)",
        "UPDATE journal_head SET hash = (SELECT hash FROM journal WHERE seq = 1)",
        "UPDATE journal_head SET recorded_at = recorded_at + 1",
    ];
    let sql = *dice.one(&edits);
    conn.batch_execute(sql)
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    sql.to_owned()
}

both! {
    async fn every_mutation_is_found_with_an_old_checkpoint_and_the_key(app) {
        let mut past = Past::make(&app).await;
        let counts = past.mutate(0..240);
        assert_eq!((counts.len(), counts.values().sum::<usize>()), (12, 240));
    }
}

/// Honest work: accounts, erasures with their decisions, checkpoints, the stored tree, the mark of a restore.
fn work(
    app: &App,
    dice: &mut Dice,
    tx: &mut Tx<'_>,
    notes: &mut Vec<SignedNote>,
) -> Result<(), Error> {
    for _ in 0..dice.below(8) + 1 {
        match dice.below(6) {
            0 | 1 => {
                account(tx)?;
            }
            2 => {
                let id = account(tx)?;
                let acting = Acting::operator(Action::ManageAccounts)?;
                users::disable(tx, &acting, id)?;
                let acting = Acting::operator(Action::ErasePerson)?;
                let reason = Reason::parse("Asked to be forgotten.").unwrap();
                people::erase(tx, &acting, &people::Subject::Account(id), &reason)?;
            }
            3 => notes.push(sign(app, tx)?),
            4 => store_tree(tx)?,
            _ => {
                let done = restored::enter(tx, &app.parts.checkpoints, None, None, Instant::now())?;
                notes.push(SignedNote::parse(&done.made.note).unwrap());
            }
        }
    }
    Ok(())
}

/// Runs of honest work from these seeds; none may be called wrong.
fn run_cleanly(app: &App, past: &mut Past, seeds: std::ops::Range<u64>) -> usize {
    let mut alarms = Vec::new();
    let runs = seeds.clone().count();
    for seed in seeds {
        let mut dice = Dice(seed);
        let held = past.against.clone();
        let mut found = None;
        let known = past.known.clone();
        let undone = past.conn.transact(|tx| {
            let mut against = held.clone();
            work(app, &mut dice, tx, &mut against.notes)?;
            found = Some(findings(tx, &against));
            Err::<(), _>(Error::internal("undone"))
        });
        assert!(undone.is_err());
        let new: Vec<String> = found.unwrap().difference(&known).cloned().collect();
        if !new.is_empty() {
            alarms.push(format!("seed {seed}: {new:?}"));
        }
    }
    assert_eq!(alarms, Vec::<String>::new());
    runs
}

both! {
    async fn honest_work_raises_no_alarm(app) {
        let mut past = Past::make(&app).await;
        assert_eq!(run_cleanly(&app, &mut past, 0..40), 40);
    }
}

async fn long_run(kind: Kind) {
    let Some(app) = App::start(kind).await else {
        return;
    };
    let mut past = Past::make(&app).await;
    let of = |name: &str, default: u64| {
        let said = std::env::var(name).ok();
        said.and_then(|n| n.parse().ok()).unwrap_or(default)
    };
    let started = std::time::Instant::now();
    let counts = past.mutate(1_000_000..1_000_000 + of("MUTATIONS", 10_000));
    let mutated = started.elapsed().as_secs_f64();
    let entries = Journal::load(&mut past.conn).len();
    println!(
        "{} · {entries} entries, the verifier holds a checkpoint of {}; {mutated:.0} s",
        app.url.kind(),
        past.held
    );
    for (kind, count) in &counts {
        println!("{count} of {count} found: {kind}");
    }
    let runs = 2_000_000..2_000_000 + of("CLEAN_RUNS", 1_000);
    let runs = run_cleanly(&app, &mut past, runs);
    println!(
        "0 false alarms in {runs} clean runs; {:.0} s",
        started.elapsed().as_secs_f64() - mutated
    );
}

#[actix_web::test]
#[ignore = "minutes; docs/testing.md"]
async fn ten_thousand_mutations_sqlite() {
    long_run(Kind::Sqlite).await;
}

#[actix_web::test]
#[ignore = "minutes; docs/testing.md"]
async fn ten_thousand_mutations_postgres() {
    long_run(Kind::Postgres).await;
}
