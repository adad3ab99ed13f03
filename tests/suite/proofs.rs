//! Checkpoints, proofs and what is verified with them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ed25519_dalek::{Signer, SigningKey};
use ots_registry::accounts::{self, NewUser};
use ots_registry::auth::checkpoint_keys::CheckpointKeys;
use ots_registry::auth::policy::Action;
use ots_registry::auth::{Acting, Actor, Role};
use ots_registry::checkpoints::witnesses::{Witness, Witnesses};
use ots_registry::checkpoints::{Checkpoints, Keeper, Kept, file, queries, restored};
use ots_registry::cli::{check_against, recorded_tables};
use ots_registry::db::schema::{checkpoint_cosignatures, checkpoints, journal};
use ots_registry::db::{Conn, DatabaseUrl, Id, Instant};
use ots_registry::http::Error;
use ots_registry::http::outgoing::Outgoing;
use ots_registry::journal::export::{self, Facts};
use ots_registry::journal::merkle::{Hash, includes, is_consistent};
use ots_registry::journal::note::{
    self, Kind as KeyKind, SignedNote, VerifierKey, cosigned_message, signature_line,
};
use ots_registry::journal::{Against, Batch, Lost, Report, tree, verify_export, verify_with};
use ots_registry::people;
use ots_registry::text::{Email, Line, Reason};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::both;
use crate::journal::lively;
use crate::kit::databases::scratch;
use crate::kit::forger::{Journal, disarm};
use crate::kit::{App, Kind, ORIGIN};

fn from_hex(value: &Value) -> Hash {
    let bytes = data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes());
    bytes.unwrap().try_into().unwrap()
}

fn path(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(from_hex).collect()
}

/// Entries that say nothing, many at once.
fn many_entries(conn: &mut Conn, count: usize) {
    let mut left = count;
    while left > 0 {
        let some = left.min(2_000);
        conn.transact(|tx| {
            let mut batch = Batch::begin(tx, Instant::now())?;
            for _ in 0..some {
                let entry = batch.entry();
                batch.close(&Actor::Operator, "sample.noted", entry)?;
            }
            batch.write(tx)
        })
        .unwrap_or_else(|e: Error| panic!("{e}"));
        left -= some;
    }
}

/// A folder of one test.
fn folder(name: &str) -> PathBuf {
    scratch(&format!("{name}-{}", Id::random().unwrap()))
}

fn keeper(app: &App, file: Option<&Path>, witnesses: Vec<Witness>) -> Keeper {
    Keeper::new(
        app.parts.db.clone(),
        app.parts.checkpoints.clone(),
        file.map(Path::to_owned),
        Witnesses::new(witnesses, Outgoing::new(true)),
    )
}

fn against(app: &App, notes: Vec<SignedNote>) -> Against {
    Against {
        notes,
        keys: app.parts.checkpoints.verifier_keys(),
    }
}

/// What the check finds but for the kit's people, and what was lost.
fn verified(app: &App, against: &Against) -> (Vec<String>, Report) {
    let (report, deviations) = check_against(&app.url, against, |_| {}).unwrap();
    let mut found: Vec<String> = report.findings.iter().map(|f| f.text.clone()).collect();
    found.extend(deviations);
    found.retain(|text| !(text.starts_with("users ") && text.contains("no entry explains")));
    (found, report)
}

async fn signed(app: &App) -> SignedNote {
    let answer = app.get("/v1/journal/checkpoint").await.expect(200);
    SignedNote::parse(&answer.text()).unwrap()
}

both! {
    async fn anybody_reads_the_checkpoint_and_the_keys_that_check_it(app) {
        lively(&app).await;
        let answer = app.get("/v1/journal/checkpoint").await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=5"));
        let note = SignedNote::parse(&answer.text()).unwrap();
        let size = queries::journal_size(&mut app.db_conn()).unwrap();
        assert_eq!((note.checkpoint.origin.as_str(), note.checkpoint.size), (ORIGIN, size));
        let keys = app.get("/v1/journal/checkpoint-keys").await.expect(200);
        let key = VerifierKey::parse(&keys.str("/keys/0/vkey")).unwrap();
        assert!(note.is_signed_by(&key));
        // The same key is in the key set, apart from the tokens' keys; a token that it signs is none.
        let jwks = app.get("/.well-known/jwks.json").await.expect(200);
        let found: Vec<Value> = jwks.at("/keys").as_array().unwrap().iter().filter(|k| k["signs"] == "checkpoints").cloned().collect();
        assert_eq!(found[0]["x"], json!(data_encoding::BASE64URL_NOPAD.encode(&key.public)));
        assert_eq!(note::parse_keys(&jwks.text(), Some(ORIGIN)).unwrap(), std::slice::from_ref(&key));
        assert_eq!(note::parse_keys(&keys.text(), None).unwrap(), [key]);
        assert!(app.parts.keys.jwks().keys.iter().all(|k| k.kid != found[0]["kid"].as_str().unwrap()));
        // It stays as it is until the job makes the next one.
        app.organisation("KZ").create().await;
        assert_eq!(signed(&app).await, note);
    }
}

both! {
    async fn proofs_lead_from_every_entry_to_the_signed_root(app) {
        let auditor = app.auditor();
        lively(&app).await;
        many_entries(&mut app.db_conn(), 300);
        let note = signed(&app).await;
        let size = note.checkpoint.size;
        for seq in [1, 2, size / 2, 256, 257, size] {
            let proof = auditor.get(&format!("/v1/journal/{seq}/proof")).await.expect(200);
            assert_eq!((proof.at("/size"), proof.at("/leaf_index")), (json!(size), json!(seq - 1)));
            assert_eq!(proof.str("/checkpoint"), note.note());
            let entry = auditor.get(&format!("/v1/journal/{seq}")).await.expect(200);
            assert_eq!(proof.at("/entry_hash"), entry.at("/hash"));
            let leaf = ots_registry::journal::merkle::leaf_hash(&from_hex(&entry.at("/hash")));
            assert_eq!(from_hex(&proof.at("/leaf_hash")), leaf);
            assert!(includes(&leaf, seq - 1, size, &path(&proof.at("/path")), &note.checkpoint.root));
        }
        let proof = auditor.get("/v1/journal/1/proof?size=7").await.expect(200);
        assert_eq!((proof.at("/size"), proof.at("/checkpoint")), (json!(7), Value::Null));
        auditor.get("/v1/journal/9/proof?size=7").await.problem(422, "invalid_field");
        auditor.get(&format!("/v1/journal/1/proof?size={}", size + 1)).await.problem(422, "invalid_field");
        auditor.get("/v1/journal/999999/proof").await.problem(404, "not_found");
        auditor.get("/v1/journal/0/proof").await.problem(404, "not_found");
        many_entries(&mut app.db_conn(), 10);
        for (from, to) in [(1, size), (100, 200), (size, size + 10), (size, size)] {
            let proof = auditor.get(&format!("/v1/journal/consistency?from={from}&to={to}")).await.expect(200);
            let (old, new) = (from_hex(&proof.at("/from_root")), from_hex(&proof.at("/to_root")));
            assert!(is_consistent(from, to, &path(&proof.at("/path")), &old, &new), "{from} {to}");
        }
        let proof = auditor.get(&format!("/v1/journal/consistency?from={size}")).await.expect(200);
        assert_eq!(proof.at("/to"), json!(size + 10));
        assert_eq!(from_hex(&proof.at("/from_root")), note.checkpoint.root);
        auditor.get("/v1/journal/consistency?from=9&to=8").await.problem(422, "invalid_field");
        app.coordinator("KZ").get("/v1/journal/1/proof").await.problem(403, "forbidden");
        app.get("/v1/journal/consistency?from=1").await.problem(401, "not_authenticated");
    }
}

/// The stored tree against a second implementation, at sizes around the borders of tiles.
fn compare_tree(conn: &mut Conn, sizes: &[u64]) {
    let hashes: Vec<Vec<u8>> = journal::table
        .order(journal::seq)
        .select(journal::hash)
        .load(conn)
        .unwrap();
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut hashes = hashes.into_iter();
    let mut before = 0;
    for size in sizes {
        while other.len() < *size {
            other.push(hashes.next().unwrap());
        }
        assert_eq!(
            tree::root_at(conn, *size).unwrap().as_slice(),
            other.root().as_bytes().as_slice(),
            "{size}"
        );
        for seq in [1, size / 2 + 1, *size] {
            let proof = tree::inclusion(conn, seq, *size).unwrap();
            let theirs = other.prove_inclusion(usize::try_from(seq - 1).unwrap());
            assert_eq!(proof.path.concat(), theirs.as_bytes(), "{seq} of {size}");
        }
        if before > 0 {
            let proof = tree::consistency(conn, before, *size).unwrap();
            let theirs = other.prove_consistency(usize::try_from(size - before).unwrap());
            assert_eq!(proof.path.concat(), theirs.as_bytes(), "{before} to {size}");
        }
        before = *size;
    }
}

/// Stores what is missing of the tree; how many hashes.
fn store_tree(conn: &mut Conn, limit: u64) -> usize {
    conn.transact(|tx| {
        let size = queries::journal_size(tx)?;
        let rows = tree::next(tx, size, limit)?;
        tree::store(tx, &rows)?;
        Ok::<_, Error>(rows.len())
    })
    .unwrap()
}

both! {
    async fn the_stored_tree_is_that_of_the_second_implementation(app) {
        let mut conn = app.db_conn();
        many_entries(&mut conn, 1_300);
        let sizes = [1, 2, 255, 256, 257, 511, 512, 513, 1_000, 1_280, 1_300];
        compare_tree(&mut conn, &sizes);
        assert_eq!(store_tree(&mut conn, 2), 2);
        compare_tree(&mut conn, &sizes);
        assert_eq!((store_tree(&mut conn, 99), store_tree(&mut conn, 99)), (3, 0));
        compare_tree(&mut conn, &sizes);
        assert_eq!(verified(&app, &Against::default()).0, Vec::<String>::new());
        conn.batch_execute("UPDATE journal_tree SET hash = (SELECT hash FROM journal WHERE seq = 9) WHERE position = 2").unwrap();
        assert!(verified(&app, &Against::default()).0[0].contains("journal_tree 8/2"));
    }
}

#[actix_web::test]
async fn a_tree_of_three_levels_is_that_of_the_second_implementation() {
    let app = App::start(Kind::Sqlite).await.unwrap();
    let mut conn = app.db_conn();
    many_entries(&mut conn, 66_000);
    let rows = store_tree(&mut conn, u64::MAX);
    assert_eq!(
        rows,
        66_000 / 256 + 1,
        "one of the second level at every 65,536 entries"
    );
    compare_tree(&mut conn, &[65_535, 65_536, 65_537, 65_800, 66_000]);
    let (found, report) = verified(&app, &Against::default());
    assert_eq!((found.len(), report.entries), (0, 66_000));
}

both! {
    async fn a_checkpoint_is_made_when_the_journal_moved_and_each_replica_s_file_has_it(app) {
        let folder = folder("checkpoint-files");
        let (one, other) = (folder.join("one.jsonl"), folder.join("other.jsonl"));
        let (a, b) = (keeper(&app, Some(&one), Vec::new()), keeper(&app, Some(&other), Vec::new()));
        lively(&app).await;
        let size = queries::journal_size(&mut app.db_conn()).unwrap();
        assert_eq!(a.turn().await.unwrap(), Kept { made: Some(size), cosigned: 0 });
        assert_eq!(a.turn().await.unwrap(), Kept::default(), "nothing moved");
        assert_eq!(b.turn().await.unwrap(), Kept::default(), "the other replica has it");
        many_entries(&mut app.db_conn(), 600);
        let (x, y) = futures(a.turn(), b.turn()).await;
        let made: Vec<u64> = [x.unwrap().made, y.unwrap().made].into_iter().flatten().collect();
        assert_eq!(made, [size + 600], "one of two makes it");
        a.turn().await.unwrap();
        b.turn().await.unwrap();
        let keys = app.parts.checkpoints.verifier_keys();
        for path in [&one, &other] {
            let notes = note::parse_all(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(notes.iter().map(|n| n.checkpoint.size).collect::<Vec<_>>(), [size, size + 600]);
            assert!(notes.iter().all(|n| n.is_signed_by(&keys[0])));
            let (found, report) = verified(&app, &against(&app, notes));
            assert_eq!((found, report.fitting), (Vec::new(), vec![size, size + 600]));
        }
        assert_eq!(signed(&app).await.checkpoint.size, size + 600);
        let stored: i64 = ots_registry::db::schema::journal_tree::table.count().get_result(&mut app.db_conn()).unwrap();
        assert_eq!(stored, i64::try_from((size + 600) / 256).unwrap());
    }
}

/// Both at once, on this thread.
async fn futures<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    tokio::join!(a, b)
}

both! {
    async fn a_registry_whose_past_was_rewritten_signs_nothing_any_more(app) {
        let file = folder("rewritten").join("checkpoints.jsonl");
        let keeper = keeper(&app, Some(&file), Vec::new());
        lively(&app).await;
        keeper.turn().await.unwrap();
        let before = signed(&app).await;
        let mut conn = app.db_conn();
        disarm(&mut conn);
        let mut forged = Journal::load(&mut conn);
        forged.entries[2].actor = "user:0000000000001".to_owned();
        forged.rehash();
        forged.store(&mut conn, true);
        Journal::drop_tree(&mut conn);
        many_entries(&mut conn, 3);
        keeper.turn().await.unwrap_err();
        assert_eq!(signed(&app).await, before, "the last checkpoint stays");
        // Without the database's own checkpoints the file still knows.
        diesel::delete(checkpoints::table).execute(&mut conn).unwrap();
        keeper.turn().await.unwrap_err();
        let count: i64 = checkpoints::table.count().get_result(&mut conn).unwrap();
        assert_eq!(count, 0);
        use ots_registry::db::schema::job_runs;
        let said: Vec<String> = job_runs::table.filter(job_runs::outcome.eq("failed")).order(job_runs::started_at).select(job_runs::detail).load(&mut conn).unwrap();
        assert!(said[0].contains("are not those of the database's last checkpoint"), "{said:?}");
        assert!(said[1].contains("are not those of the file's last checkpoint"), "{said:?}");
        keeper.turn().await.unwrap_err();
        let again: i64 = job_runs::table.filter(job_runs::outcome.eq("failed")).count().get_result(&mut conn).unwrap();
        assert_eq!(again, 2, "the same reason is recorded once");
        // And whoever holds the old checkpoint finds it.
        let (found, _) = verified(&app, &against(&app, vec![before]));
        assert!(found.iter().any(|f| f.contains("was exchanged")), "{found:?}");
    }
}

both! {
    async fn with_several_checkpoints_the_place_of_the_fork_is_told(app) {
        let mut notes = Vec::new();
        let mut conn = app.db_conn();
        for _ in 0..5 {
            many_entries(&mut conn, 20);
            let made = conn.transact(|tx| app.parts.checkpoints.make(tx, Instant::now())).unwrap();
            notes.push(SignedNote::parse(&made.note).unwrap());
        }
        disarm(&mut conn);
        let mut forged = Journal::load(&mut conn);
        forged.entries[49].subject = "organisation:OTS-7K3M9Q2-54".to_owned();
        forged.rehash();
        forged.store(&mut conn, true);
        diesel::delete(checkpoints::table).execute(&mut conn).unwrap();
        let (found, report) = verified(&app, &against(&app, notes.clone()));
        assert!(found.iter().any(|f| f.starts_with("entries 41 to 60 are not those of the checkpoint of 60 entries") && f.contains("up to 40 a checkpoint fits")), "{found:?}");
        assert_eq!(report.fitting, [20, 40]);
        // The journal for itself is whole, and without a checkpoint nothing is to be seen.
        assert_eq!(verified(&app, &Against::default()).0, Vec::<String>::new());
        // One checkpoint alone tells that it was before.
        let (found, _) = verified(&app, &against(&app, vec![notes.pop().unwrap()]));
        assert!(found[0].starts_with("entries 1 to 100 are not those"), "{found:?}");
    }
}

both! {
    async fn a_cut_tail_and_another_s_signature_are_told_apart(app) {
        let mut conn = app.db_conn();
        many_entries(&mut conn, 50);
        let note = signed(&app).await;
        let mut other = against(&app, vec![note.clone()]);
        other.keys = vec![VerifierKey::of_log(ORIGIN, [1; 32])];
        let (found, _) = verified(&app, &other);
        assert!(found.iter().any(|f| f == "the checkpoint of 50 entries in the database is signed by none of the given keys"), "{found:?}");
        assert!(found.iter().any(|f| f == "the checkpoint of 50 entries that was given is signed by none of the given keys"), "{found:?}");
        disarm(&mut conn);
        let mut forged = Journal::load(&mut conn);
        forged.entries.truncate(30);
        forged.store(&mut conn, true);
        diesel::delete(checkpoints::table).execute(&mut conn).unwrap();
        let (found, _) = verified(&app, &against(&app, vec![note]));
        assert_eq!(found, ["the checkpoint of 50 entries that was given knows more than the 30 that are there: the tail was cut"]);
    }
}

both! {
    async fn a_checkpoint_of_another_log_is_told_as_one(app) {
        let mut conn = app.db_conn();
        many_entries(&mut conn, 50);
        let own = signed(&app).await;
        let pair = SigningKey::from_bytes(&[5; 32]);
        let origin = "elsewhere.example/v1/journal";
        let key = VerifierKey::of_log(origin, pair.verifying_key().to_bytes());
        for size in [30, 50, 80] {
            let said = note::Checkpoint { origin: origin.to_owned(), size, root: [7; 32] };
            let line = signature_line(&key, &pair.sign(said.text().as_bytes()).to_bytes());
            let other = SignedNote::parse(&format!("{}\n{line}", said.text())).unwrap();
            let told = [format!("the checkpoint of {size} entries that was given is of another log, {origin}; this one is {ORIGIN}")];
            let keys = [Vec::new(), app.parts.checkpoints.verifier_keys(), [app.parts.checkpoints.verifier_keys(), vec![key.clone()]].concat()];
            for keys in keys {
                let notes = vec![own.clone(), other.clone()];
                let (found, report) = verified(&app, &Against { notes, keys });
                assert_eq!(found, told);
                assert_eq!(report.fitting, [50]);
            }
        }
    }
}

both! {
    async fn what_was_erased_by_a_decision_still_verifies_and_what_was_erased_without_does_not(app) {
        let mut conn = app.db_conn();
        let account = |conn: &mut Conn| {
            let id = Id::random().unwrap();
            let new = NewUser {
                email: Email::parse(&format!("{id}@sample.example")).unwrap(),
                name: Line::parse("Sample Office").unwrap(),
                role: Role::Auditor,
                country: None,
            };
            conn.transact(|tx| {
                let acting = Acting::operator(Action::ManageAccounts)?;
                Ok::<_, Error>(accounts::invite(tx, &acting, &new)?.0.id())
            })
            .unwrap()
        };
        let (one, _other) = (account(&mut conn), account(&mut conn));
        let note = signed(&app).await;
        conn.transact(|tx| {
            let acting = Acting::operator(Action::ManageAccounts)?;
            accounts::disable(tx, &acting, one)?;
            let acting = Acting::operator(Action::ErasePerson)?;
            let reason = Reason::parse("Asked to be forgotten.").unwrap();
            people::erase(tx, &acting, &people::Subject::Account(one), &reason)
        })
        .unwrap_or_else(|e: Error| panic!("{e}"));
        let held = against(&app, vec![note]);
        let (found, report) = verified(&app, &held);
        assert_eq!((found, report.fitting.len()), (Vec::new(), 1));
        conn.batch_execute("UPDATE journal_facts SET salt = NULL, body = NULL WHERE seq = 2 AND class = 'personal'").unwrap();
        let (found, _) = verified(&app, &held);
        assert!(found.iter().any(|f| f.contains("was erased without a recorded decision")), "{found:?}");
    }
}

fn exported(conn: &mut Conn, facts: Facts) -> Vec<u8> {
    let mut out = Vec::new();
    export::write(conn, facts, Instant::now(), &mut out).unwrap();
    out
}

fn verified_export(file: &[u8], against: &Against) -> Result<Report, String> {
    let names: Vec<&'static str> = recorded_tables().iter().map(|t| t.name).collect();
    verify_export(&mut &file[..], &names, against, |_| {})
}

both! {
    async fn a_row_that_says_another_entry_wrote_it_is_found_and_one_that_cannot_be_read_hides_no_other(app) {
        lively(&app).await;
        app.member("KZ").await;
        let nothing = Against::default();
        assert_eq!(verified(&app, &nothing).0, Vec::<String>::new());
        let mut conn = app.db_conn();
        disarm(&mut conn);
        for table in ["organisations", "organisation_names", "organisation_identifiers", "memberships", "proposals"] {
            conn.batch_execute(&format!("UPDATE {table} SET seq = seq - 1")).unwrap();
            let found = verified(&app, &nothing).0;
            assert!(found.iter().any(|t| t.starts_with(&format!("{table} ")) && t.contains("wrote it last")), "{table}: {found:?}");
            conn.batch_execute(&format!("UPDATE {table} SET seq = seq + 1")).unwrap();
        }
        assert_eq!(verified(&app, &nothing).0, Vec::<String>::new());
        let none = if conn.is_postgres() { "-infinity" } else { "x" };
        conn.batch_execute(&format!("UPDATE organisations SET founded_on = '{none}' WHERE id = (SELECT min(id) FROM organisations)")).unwrap();
        conn.batch_execute("UPDATE organisation_names SET text = 'Forged' WHERE item = 1").unwrap();
        let found = verified(&app, &nothing).0;
        assert!(found.iter().any(|t| t.starts_with("organisations with id ") && t.ends_with("a row that cannot be read")), "{found:?}");
        assert!(found.iter().any(|t| t.starts_with("organisation_names ") && t.contains("is not what its last entry says")), "{found:?}");
    }
}

both! {
    async fn an_export_is_verified_without_the_database(app) {
        lively(&app).await;
        many_entries(&mut app.db_conn(), 2_500);
        let note = signed(&app).await;
        let held = against(&app, vec![note.clone()]);
        let mut conn = app.db_conn();
        let (database, _) = (verified(&app, &held).1, ());
        for facts in [Facts::Public, Facts::All] {
            let file = exported(&mut conn, facts);
            let report = verified_export(&file, &held).unwrap();
            assert_eq!(report.findings, []);
            assert_eq!((&report.head, &report.root, &report.fitting), (&database.head, &database.root, &database.fitting));
            let text = String::from_utf8(file.clone()).unwrap();
            assert_eq!(text.contains("Sample Contact"), facts == Facts::All, "personal data goes only where all goes");
            assert_eq!(text.contains("+000 000"), facts == Facts::All, "and so does what is private");
            assert!(text.contains("Sample Alias"));
            // Every kind of edit of the file is found, and a place is named.
            let lines: Vec<&str> = text.lines().collect();
            let forged = |edit: &dyn Fn(&mut Vec<String>)| {
                let mut lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
                edit(&mut lines);
                verified_export((lines.join("\n") + "\n").as_bytes(), &held).unwrap().findings
            };
            let found = forged(&|lines| lines[5] = lines[5].replace("\"actor\":\"", "\"actor\":\"x"));
            assert_eq!(found[0].seq, Some(4));
            let found = forged(&|lines| { lines.remove(1_203); });
            assert_eq!(found[0].text, "entries 1202 to 1202 are missing");
            let found = forged(&|lines| { lines.swap(1_500, 1_501); });
            assert!(!found.is_empty());
            let found = forged(&|lines| { lines.pop(); });
            assert!(found[0].text.contains("the tail was cut"), "{found:?}");
            let found = forged(&|lines| { lines[1_000] = "{}".to_owned(); });
            assert!(found.iter().any(|f| f.text == "the entry's line cannot be read"), "{found:?}");
            let found = forged(&|lines| { lines.remove(1); });
            assert!(found[0].text.contains("they were rolled back"), "{found:?}");
            let found = forged(&|lines| lines[5] = lines[5].replacen('{', "{\"note\":1,", 1));
            assert!(found.iter().any(|f| f.text == "the entry's line cannot be read"), "{found:?}");
            // What a public item says is not taken out unseen.
            let public = lines.iter().position(|l| l.contains("Sample Alias")).unwrap();
            let found = forged(&|lines| {
                let mut entry: Value = serde_json::from_str(&lines[public]).unwrap();
                for item in entry["items"].as_array_mut().unwrap() {
                    item["body"] = Value::Null;
                    item["salt"] = Value::Null;
                }
                lines[public] = entry.to_string();
            });
            assert!(!found.is_empty() && found.iter().all(|f| f.seq.is_some()), "{found:?}");
            assert_eq!(report.withheld > 0, facts == Facts::Public, "it is told how much is not in the file");
            assert!(forged(&|_| {}).is_empty());
        }
        assert!(verified_export(b"{}\n", &held).is_err());
        assert!(verified_export(b"", &held).is_err());
    }
}

#[actix_web::test]
async fn a_restored_registry_says_what_it_has_and_the_lost_range_is_told() {
    let app = App::start(Kind::Sqlite).await.unwrap();
    let DatabaseUrl::Sqlite(database) = app.url.clone() else {
        panic!("SQLite")
    };
    let folder = folder("restored");
    let file = folder.join("checkpoints.jsonl");
    let keeper_of = |app: &App| keeper(app, Some(&file), Vec::new());
    many_entries(&mut app.db_conn(), 40);
    let keeper = keeper_of(&app);
    keeper.turn().await.unwrap();
    let old = signed(&app).await;
    let backup = folder.join("backup.db");
    let vacuum = format!("VACUUM INTO '{}'", backup.display());
    app.db_conn().batch_execute(&vacuum).unwrap();
    many_entries(&mut app.db_conn(), 25);
    keeper.turn().await.unwrap();
    let newer = signed(&app).await;
    assert_eq!((old.checkpoint.size, newer.checkpoint.size), (40, 65));

    // The backup comes back.
    drop(keeper);
    let url = DatabaseUrl::Sqlite(backup.clone());
    let mut conn = Conn::open_for_work(&url).unwrap();
    let refused = ots_registry::checkpoints::is_of_file(&mut conn, &file).unwrap_err();
    assert!(
        refused.contains("ots-registry journal restored"),
        "{refused}"
    );
    let held = against(&app, vec![old, newer]);
    let check =
        |conn: &mut Conn| verify_with(conn, &mut [], &recorded_tables(), &held, |_| {}).unwrap();
    let report = check(&mut conn);
    assert!(
        report.findings[0].text.contains("the tail was cut"),
        "not told yet: {report:?}"
    );
    let done = restored::record(
        &mut conn,
        &app.parts.checkpoints,
        Some(&file),
        None,
        Instant::now(),
    )
    .unwrap();
    assert_eq!((done.last, done.entry, done.known), (40, 41, Some(65)));
    ots_registry::checkpoints::is_of_file(&mut conn, &file).unwrap();
    let lost = Lost {
        from: 41,
        to: 65,
        entry: 41,
        fits: 40,
    };
    let report = check(&mut conn);
    assert_eq!(
        (&report.findings[..], &report.lost[..]),
        (&[][..], &[lost.clone()][..])
    );
    // Once more changes nothing but the file, whether the position is named or not: another replica has a file of its own.
    for (n, last) in [Some(40), None].into_iter().enumerate() {
        let other = folder.join(format!("other-{n}.jsonl"));
        let (signer, now) = (&app.parts.checkpoints, Instant::now());
        let again = restored::record(&mut conn, signer, Some(&other), last, now).unwrap();
        let kept = file::last(&other).unwrap().unwrap();
        assert_eq!(
            (again.entry, again.last, kept.checkpoint.size),
            (41, 40, 41)
        );
    }
    // The journal goes on, past the size of what was lost, and signs.
    many_entries(&mut conn, 60);
    let db = ots_registry::db::Db::start(&url, ots_registry::db::Sizes::default());
    let witnesses = Witnesses::new(Vec::new(), Outgoing::new(false));
    let keeper = Keeper::new(
        db,
        app.parts.checkpoints.clone(),
        Some(file.clone()),
        witnesses,
    );
    assert_eq!(keeper.turn().await.unwrap().made, Some(101));
    let report = check(&mut conn);
    assert_eq!(
        (&report.findings[..], &report.lost[..]),
        (&[][..], &[lost][..])
    );
    // An export of it tells the same.
    let file = exported(&mut conn, Facts::Public);
    let report = verified_export(&file, &held).unwrap();
    assert_eq!((report.findings.len(), report.lost.len()), (0, 1));
    // The backup before the entry, rewritten in what the older checkpoint covers, is no restore.
    disarm(&mut conn);
    let mut forged = Journal::load(&mut conn);
    forged.entries[9].actor = "user:0000000000001".to_owned();
    forged.rehash();
    forged.store(&mut conn, true);
    Journal::drop_tree(&mut conn);
    diesel::delete(checkpoints::table)
        .execute(&mut conn)
        .unwrap();
    let report = check(&mut conn);
    assert!(
        report.findings[0]
            .text
            .contains("entries 1 to 40 are not those"),
        "{report:?}"
    );
    assert!(database.exists());
}

both! {
    async fn a_witness_sees_only_what_adds_to_what_it_saw_and_its_signature_is_published(app) {
        let witness = TestWitness::start();
        let file = folder("witnessed").join("checkpoints.jsonl");
        let keeper = keeper(&app, Some(&file), vec![witness.configured()]);
        many_entries(&mut app.db_conn(), 300);
        assert_eq!(keeper.turn().await.unwrap(), Kept { made: Some(300), cosigned: 1 });
        many_entries(&mut app.db_conn(), 5);
        assert_eq!(keeper.turn().await.unwrap(), Kept { made: Some(305), cosigned: 1 });
        let note = signed(&app).await;
        assert!(note.is_signed_by(&witness.key) && note.is_signed_by(&app.parts.checkpoints.verifier_keys()[0]));
        let last = file::last(&file).unwrap().unwrap();
        assert_eq!(last, note, "the file has it too");
        // A process that was started anew does not know what the witness has seen, and is told.
        let again = self::keeper(&app, Some(&file), vec![witness.configured()]);
        many_entries(&mut app.db_conn(), 5);
        assert_eq!(again.turn().await.unwrap().cosigned, 1);
        assert_eq!(witness.state.lock().unwrap().refused, ["old 0, seen 305"]);
        // Rubbish instead of a signature, and no answer at all, leave the checkpoint as it is.
        for (answer, size) in [("rubbish", 311), ("down", 312)] {
            witness.state.lock().unwrap().mood = answer;
            many_entries(&mut app.db_conn(), 1);
            assert_eq!(again.turn().await.unwrap(), Kept { made: Some(size), cosigned: 0 });
        }
        let count: i64 = checkpoint_cosignatures::table.count().get_result(&mut app.db_conn()).unwrap();
        assert_eq!(count, 3);
        assert_eq!(verified(&app, &against(&app, vec![signed(&app).await])).0, Vec::<String>::new());
    }
}

/// A witness of the tests' own, by the words of C2SP tlog-witness.
struct TestWitness {
    url: String,
    key: VerifierKey,
    state: Arc<Mutex<WitnessState>>,
}

struct WitnessState {
    size: u64,
    root: Hash,
    refused: Vec<String>,
    mood: &'static str,
}

impl TestWitness {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/log", listener.local_addr().unwrap());
        let pair = SigningKey::from_bytes(&[5; 32]);
        let key = VerifierKey {
            name: "witness.example".to_owned(),
            kind: KeyKind::Cosignature,
            public: pair.verifying_key().to_bytes(),
        };
        let state = Arc::new(Mutex::new(WitnessState {
            size: 0,
            root: [0; 32],
            refused: Vec::new(),
            mood: "good",
        }));
        let (shared, own) = (state.clone(), key.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let body = loop {
                    let mut part = [0; 4096];
                    let count = stream.read(&mut part).unwrap_or(0);
                    request.extend_from_slice(&part[..count]);
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        continue;
                    };
                    let length: usize = head
                        .to_lowercase()
                        .lines()
                        .find_map(|l| {
                            l.strip_prefix("content-length: ")
                                .map(|l| l.parse().unwrap())
                        })
                        .unwrap();
                    assert!(head.starts_with("POST /log/add-checkpoint "), "{head}");
                    if count == 0 || body.len() >= length {
                        break body.to_owned();
                    }
                };
                let (status, answer) = shared.lock().unwrap().answer(&body, &pair, &own);
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
                    answer.len()
                );
            }
        });
        Self { url, key, state }
    }

    fn configured(&self) -> Witness {
        Witness::parse(&format!("{} {}", self.key.text(), self.url), true).unwrap()
    }
}

impl WitnessState {
    fn answer(&mut self, body: &str, pair: &SigningKey, key: &VerifierKey) -> (u16, String) {
        match self.mood {
            "down" => return (503, String::new()),
            "rubbish" => {
                let line = signature_line(key, &[7; 72]);
                return (200, format!("{line}hello\n"));
            }
            _ => {}
        }
        let (front, note) = body.split_once("\n\n").unwrap();
        let mut lines = front.lines();
        let old: u64 = lines
            .next()
            .unwrap()
            .strip_prefix("old ")
            .unwrap()
            .parse()
            .unwrap();
        let proof: Vec<Hash> = lines
            .map(|l| {
                data_encoding::BASE64
                    .decode(l.as_bytes())
                    .unwrap()
                    .try_into()
                    .unwrap()
            })
            .collect();
        let note = SignedNote::parse(note).unwrap();
        if old != self.size {
            self.refused.push(format!("old {old}, seen {}", self.size));
            return (409, format!("{}\n", self.size));
        }
        let said = &note.checkpoint;
        let fits = old == 0 && proof.is_empty()
            || is_consistent(old, said.size, &proof, &self.root, &said.root);
        if !fits {
            return (422, String::new());
        }
        (self.size, self.root) = (said.size, said.root);
        let time = 1_790_000_000u64;
        let message = cosigned_message(time, &said.text());
        let signature = [
            &time.to_be_bytes()[..],
            &pair.sign(message.as_bytes()).to_bytes(),
        ]
        .concat();
        (200, signature_line(key, &signature))
    }
}

both! {
    async fn a_key_turns_and_what_the_old_one_signed_stays_verifiable(app) {
        let keys_folder = folder("checkpoint-rotation");
        let start = Instant::now();
        CheckpointKeys::create(&keys_folder, start).unwrap();
        let keys = CheckpointKeys::load_at(&keys_folder, start).unwrap();
        let turning = Checkpoints::new(keys.clone(), ORIGIN);
        let mut conn = app.db_conn();
        let mut make = || {
            many_entries(&mut conn, 3);
            let made = conn.transact(|tx| turning.make(tx, Instant::now())).unwrap();
            SignedNote::parse(&made.note).unwrap()
        };
        let first = make();
        let old = keys.signing().unwrap();
        CheckpointKeys::rotate(&keys_folder, start).unwrap();
        keys.look(start.plus_seconds(10)).unwrap();
        assert_eq!(keys.signing().unwrap().kid, old.kid, "seen once, it does not sign");
        keys.look(start.plus_seconds(45)).unwrap();
        let new = keys.signing().unwrap();
        assert_ne!(new.kid, old.kid);
        let second = make();
        assert!(second.is_signed_by(&VerifierKey::of_log(ORIGIN, new.public)));
        CheckpointKeys::retire(&keys_folder, &new.kid, start.plus_seconds(900)).unwrap_err();
        CheckpointKeys::retire(&keys_folder, &old.kid, start.plus_seconds(20)).unwrap_err();
        let gone = CheckpointKeys::retire(&keys_folder, &old.kid, start.plus_seconds(900)).unwrap();
        assert!(!gone.exists(), "the private half is gone");
        keys.look(start.plus_seconds(1_000)).unwrap();
        let published = keys.published();
        assert_eq!(published.iter().map(|k| (k.kid.as_str(), k.until)).collect::<Vec<_>>(), [(new.kid.as_str(), None), (old.kid.as_str(), Some(start.plus_seconds(900)))]);
        let held = Against { notes: vec![first.clone(), second], keys: turning.verifier_keys() };
        let (found, report) = verified(&app, &held);
        assert_eq!((found, report.fitting), (Vec::new(), vec![3, 6]));
        assert!(first.is_signed_by(&turning.verifier_key(&published[1])));
        // A statement is signed by the key of now, and is no checkpoint.
        let statement = turning.sign_statement("period", "2026-Q3\nabc\n").unwrap();
        assert!(statement.starts_with("registry.example/v1/journal/period\n2026-Q3\n"));
        assert!(SignedNote::parse(&statement).is_none());
        assert!(turning.sign_statement("period", "a\n\nb\n").is_err());
    }
}

/// Runs the program over a data folder; what it said, and its exit code.
fn run(data: &Path, args: &[&str]) -> (String, Option<i32>) {
    run_at(data, "https://registry.example", args)
}

/// The same under another address.
fn run_at(data: &Path, base_url: &str, args: &[&str]) -> (String, Option<i32>) {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_ots-registry"))
        .args(args)
        .arg("--data-dir")
        .arg(data)
        .args(["--base-url", base_url])
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        String::from_utf8_lossy(&said).into_owned(),
        done.status.code(),
    )
}

#[test]
fn the_command_line_makes_keys_marks_a_restore_and_verifies_databases_and_exports() {
    let data = folder("cli");
    let of = |name: &str| data.join(name).display().to_string();
    let emails = ["first@sample.example", "second@sample.example"];
    let (said, code) = run(
        &data,
        &[
            "init",
            "--secretariat",
            emails[0],
            "--secretariat",
            emails[1],
        ],
    );
    assert_eq!(code, Some(0), "{said}");
    let (said, code) = run(&data, &["keys", "list"]);
    assert_eq!(code, Some(0), "{said}");
    let key = said
        .lines()
        .find(|l| l.starts_with("registry.example/v1/journal+"))
        .unwrap()
        .to_owned();
    // The file of checkpoints begins with what `journal restored` signs.
    let (said, code) = run(&data, &["journal", "restored"]);
    assert_eq!(code, Some(0), "{said}");
    let (file, export) = (of("registry.checkpoints.jsonl"), of("export.jsonl"));
    let held = ["--checkpoint", file.as_str(), "--key", key.as_str()];
    let verify = |more: &[&str]| {
        let args = [&["journal", "verify"][..], &held, more].concat();
        run(&data, &args)
    };
    let (said, code) = verify(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("1 checkpoints fit, the newest of 3 entries."),
        "{said}"
    );
    let (said, code) = run(&data, &["journal", "export", &export]);
    assert_eq!(code, Some(0), "{said}");
    let (said, code) = verify(&["--export", &export]);
    assert_eq!(code, Some(0), "{said}");
    let (said, code) = run(&data, &["keys", "rotate", "--of", "checkpoints"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("checkpoint-"), "{said}");
    // A backup of before comes back: what came since is lost, and that is said. Nothing else is.
    let backup = of("backup.db");
    let url = DatabaseUrl::Sqlite(data.join("registry.db"));
    let mut conn = Conn::open_for_work(&url).unwrap();
    conn.batch_execute(&format!("VACUUM INTO '{backup}'"))
        .unwrap();
    many_entries(&mut conn, 4);
    drop(conn);
    let (said, code) = run(&data, &["journal", "restored"]);
    assert_eq!(code, Some(0), "{said}");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(of(&format!("registry.db{end}")));
    }
    std::fs::copy(&backup, of("registry.db")).unwrap();
    let (said, code) = verify(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the tail was cut"), "{said}");
    let (said, code) = run(&data, &["serve"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("run `ots-registry journal restored` once"),
        "{said}"
    );
    let (said, code) = run(&data, &["journal", "restored"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("4 to 8 are lost"), "{said}");
    let (said, code) = verify(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("lost: entries 4 to 8 of the time before a restore, as entry 4 says"),
        "{said}"
    );
    assert!(said.contains("Nothing else was found."), "{said}");
    // An edit behind its back names its entry.
    let mut conn = Conn::open_for_work(&url).unwrap();
    disarm(&mut conn);
    conn.batch_execute("UPDATE journal SET actor = 'user:0000000000001' WHERE seq = 2")
        .unwrap();
    let (said, code) = verify(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("entry 2: it was changed"), "{said}");
    let (said, code) = run(&data, &["journal", "verify", "--checkpoint", &backup]);
    assert_eq!(code, Some(1), "{said}");
    let (said, code) = run(&data, &["journal", "verify", "--key", "nonsense"]);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn marking_a_restore_again_tells_of_no_loss_and_another_name_signs_nothing() {
    let data = folder("restored-again");
    let of = |name: &str| data.join(name).display().to_string();
    let offices = ["first@sample.example", "second@sample.example"];
    let [first, second] = offices.map(|email| ["--secretariat", email]);
    let (said, code) = run(&data, &[&["init"][..], &first, &second].concat());
    assert_eq!(code, Some(0), "{said}");
    let restored = || run(&data, &["journal", "restored"]);
    assert_eq!(restored().1, Some(0));
    let url = DatabaseUrl::Sqlite(data.join("registry.db"));
    let (backup, file) = (of("backup.db"), of("registry.checkpoints.jsonl"));
    let mut conn = Conn::open_for_work(&url).unwrap();
    conn.batch_execute(&format!("VACUUM INTO '{backup}'"))
        .unwrap();
    many_entries(&mut conn, 4);
    drop(conn);
    assert_eq!(restored().1, Some(0));
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(of(&format!("registry.db{end}")));
    }
    std::fs::copy(&backup, of("registry.db")).unwrap();
    let (said, code) = restored();
    assert!(
        code == Some(0) && said.contains("4 to 8 are lost"),
        "{said}"
    );
    for more in [&[][..], &["--last", "3"]] {
        let (said, code) = run(&data, &[&["journal", "restored"][..], more].concat());
        assert!(
            code == Some(0) && said.contains("Entry 4 says") && !said.contains("lost"),
            "{said}"
        );
    }
    // Whoever forgets the address would sign as another log: that is refused, and the name to give is told.
    let before = std::fs::read_to_string(&file).unwrap();
    let other = "http://127.0.0.1:9";
    let (said, code) = run_at(&data, other, &["journal", "restored"]);
    assert_eq!(code, Some(1), "{said}");
    for told in [
        "registry.example/v1/journal",
        "127.0.0.1:9/v1/journal",
        "--listen",
        "nothing was recorded",
    ] {
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let (said, code) = run(&data, &["journal", "verify", "--checkpoint", &file]);
    assert!(code == Some(3) && said.contains("4 entries,"), "{said}");
}
