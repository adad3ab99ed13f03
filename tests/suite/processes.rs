//! What only several processes over one database can show.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Barrier;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use ots_registry::auth::sealing::SealKeys;
use ots_registry::auth::secrets::{Secret, digest};
use ots_registry::db::schema::{sessions, users};
use ots_registry::db::{Conn, Id, Instant, migrate};
use ots_registry::http::Error;
use serde_json::json;

use crate::kit::databases::{Database, scratch};
use crate::kit::process::{
    Service, Wire, ended, flag_of, keys_of, program, said, started, started_saying,
};
use crate::kit::{App, Kind, Person};
use crate::locks::waiting;

const CLIENTS: usize = 64;
const ROUNDS: usize = 200;

/// A session with a refresh token that was never used; gives the token.
fn db_session(app: &App, seals: &SealKeys, person: &Person) -> (Id, String) {
    let (id, secret) = (Id::random().unwrap(), Secret::random().unwrap());
    let now = Instant::now();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(person.id),
            sessions::refresh_hash.eq(digest(secret.reveal())),
            sessions::generation.eq(1),
            sessions::created_at.eq(now.0),
            sessions::last_used_at.eq(now.0),
            sessions::expires_at.eq(now.plus_seconds(3600).0),
        ))
        .execute(&mut app.db_conn())
        .unwrap();
    let tag = seals
        .tag("refresh", &format!("{id}\0{}", secret.reveal()))
        .unwrap();
    let tag = data_encoding::BASE64URL_NOPAD.encode(&tag);
    (id, format!("{id}.{}.{tag}", secret.reveal()))
}

#[actix_web::test]
async fn of_64_refreshes_at_once_by_two_processes_one_wins_in_each_of_200_rounds() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    let keys = keys_of("two-processes");
    let services = [
        Service::start(&app.url, &keys),
        Service::start(&app.url, &keys),
    ];
    let person = app.auditor();
    let seals = SealKeys::load(&keys).unwrap();
    let tokens: Vec<(Id, String)> = (0..ROUNDS)
        .map(|_| db_session(&app, &seals, &person))
        .collect();
    let barrier = Barrier::new(CLIENTS);
    let answers: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (service, tokens, barrier) = (&services[n % 2], &tokens, &barrier);
                scope.spawn(move || {
                    let mut wire = Wire::to(service);
                    let refresh = |(_, token): &(Id, String)| {
                        let body = json!({"refresh_token": token}).to_string();
                        barrier.wait();
                        wire.post("/v1/auth/refresh", &body).0
                    };
                    tokens.iter().map(refresh).collect()
                })
            })
            .collect();
        running.into_iter().map(|r| r.join().unwrap()).collect()
    });
    for round in 0..ROUNDS {
        let of_round: Vec<u16> = answers.iter().map(|a| a[round]).collect();
        let won = of_round.iter().filter(|s| **s == 200).count();
        let lost = of_round.iter().filter(|s| **s == 401).count();
        assert_eq!((won, lost), (1, CLIENTS - 1), "round {round}: {of_round:?}");
    }
    // Whoever came second with a token ended its family, whatever process it came to.
    let ended: i64 = sessions::table
        .filter(sessions::id.eq_any(tokens.iter().map(|(id, _)| *id)))
        .filter(sessions::end_reason.eq("reuse"))
        .count()
        .get_result(&mut app.db_conn())
        .unwrap();
    assert_eq!(usize::try_from(ended), Ok(ROUNDS));
}

#[test]
fn a_demo_that_was_interrupted_serves_neither_as_a_demo_nor_as_a_registry() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("half-a-demo-{kind:?}"));
        let folder = folder.to_str().unwrap();
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &url,
            "--data-dir",
            folder,
        ];
        let as_demo: Vec<&str> = words.iter().copied().chain(["--demo"]).collect();
        ended(started(&as_demo, "demo data: "));
        for words in [words.as_slice(), as_demo.as_slice()] {
            let (code, text) = said(words);
            assert_eq!(code, Some(1), "{kind:?} {words:?}");
            assert!(text.contains("a part of a demo"), "{text}");
            let what = match kind {
                Kind::Sqlite => "-empty.db-wal",
                Kind::Postgres => "drop the database",
            };
            assert!(text.contains(what), "{text}");
        }
    }
}

#[test]
fn a_registry_that_is_served_becomes_no_demo() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("no-demo-of-a-registry-{kind:?}"));
        let words = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        let serving = started(&words, "\"serving\"");
        let as_demo: Vec<&str> = words.iter().copied().chain(["--demo"]).collect();
        let (code, text) = said(&as_demo);
        assert_eq!(code, Some(1), "{kind:?}: {text}");
        assert!(text.contains("is served as a registry"), "{text}");
        ended(serving);
        assert_eq!(said(&as_demo).0, Some(1), "{kind:?}");
    }
}

#[test]
fn of_several_inits_at_once_one_makes_the_first_accounts() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::fresh(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("one-init-{kind:?}"));
        let place = [
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        // All of them have seen that there are no accounts before one makes some.
        let mut gate = Conn::open_for_work(&database.url()).unwrap();
        // As when it was served before.
        let served = "INSERT INTO registry_marks (name, value) VALUES ('kind', 'registry')";
        gate.batch_execute(served).unwrap();
        let hold = match kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN; SELECT 1 FROM journal_head FOR UPDATE",
        };
        gate.batch_execute(hold).unwrap();
        let running: Vec<Child> = (0..4)
            .map(|n| {
                let people = [
                    format!("one{n}@office.example"),
                    format!("two{n}@office.example"),
                ];
                let words = [
                    "init",
                    "--secretariat",
                    &people[0],
                    "--secretariat",
                    &people[1],
                ];
                program(&[&words[..], &place[..]].concat()).spawn().unwrap()
            })
            .collect();
        let since = std::time::Instant::now();
        let mut looking = Conn::open_for_work(&database.url()).unwrap();
        let mut all_wait = || {
            looking
                .transact(|tx| Ok::<_, Error>(waiting(tx) == 4))
                .unwrap()
        };
        while kind == Kind::Postgres && !all_wait() {
            assert!(since.elapsed().as_secs() < 20, "they come to the head");
        }
        gate.batch_execute("COMMIT").unwrap();
        let ends: Vec<_> = running
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .collect();
        let won = ends.iter().filter(|end| end.status.success()).count();
        let refused = ends
            .iter()
            .filter(|end| String::from_utf8_lossy(&end.stderr).contains("has accounts already"))
            .count();
        assert_eq!((won, refused), (1, 3), "{kind:?}");
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        let accounts: i64 = users::table.count().get_result(&mut conn).unwrap();
        assert_eq!(accounts, 2, "{kind:?}");
    }
}

#[test]
fn a_start_that_cannot_have_its_keys_begins_no_demo() {
    let folder = scratch("no-folder-of-keys");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("file");
    std::fs::write(&file, "no folder").unwrap();
    let words = [
        "serve",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        folder.to_str().unwrap(),
        "--keys-dir",
        file.to_str().unwrap(),
    ];
    let (code, text) = said(&words);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("keys_dir: "), "{text}");
    assert!(!folder.join("registry.db").exists());
    // Nor one whose keys are none; the corrected start makes it.
    let keys = folder.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    let bad = keys.join("token-20261129.pem");
    std::fs::write(&bad, "garbage").unwrap();
    let words = [
        "serve",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        folder.to_str().unwrap(),
    ];
    assert_eq!(said(&words).0, Some(1));
    std::fs::remove_file(&bad).unwrap();
    ended(started(&words, "demo data: "));
}

#[test]
fn a_demo_is_not_made_beside_what_others_keep() {
    let kinds = [Kind::Sqlite, Kind::Postgres].into_iter();
    let cases = kinds.flat_map(|kind| {
        let others = [
            ("CREATE VIEW bees AS SELECT 1 AS id", "bees"),
            ("CREATE TABLE users (id INTEGER)", "users"),
            (
                "CREATE SCHEMA hive; CREATE TABLE hive.bees (id INTEGER)",
                "hive.bees",
            ),
        ];
        let has_schemas = kind == Kind::Postgres;
        others
            .into_iter()
            .take(2 + usize::from(has_schemas))
            .map(move |(sql, name)| (kind, sql, name))
    });
    for (kind, sql, name) in cases {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        conn.batch_execute(sql).unwrap();
        drop(conn);
        let url = flag_of(&database.url());
        let folder = scratch(&format!("a-demo-beside-{name}-{kind:?}"));
        let words = [
            "serve",
            "--demo",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        let (code, text) = said(&words);
        assert_eq!(code, Some(1), "{kind:?}: {text}");
        assert!(
            text.contains(&format!("not the registry's ({name})")),
            "{text}"
        );
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        assert_eq!(migrate::foreign_tables(&mut conn).unwrap(), [name]);
    }
}

#[test]
fn a_demo_is_not_made_in_a_database_that_holds_a_table_of_others() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        conn.batch_execute("CREATE TABLE bees (id INTEGER PRIMARY KEY)")
            .unwrap();
        drop(conn);
        let url = flag_of(&database.url());
        let folder = scratch(&format!("a-demo-beside-others-{kind:?}"));
        let (code, text) = said(&[
            "serve",
            "--demo",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ]);
        assert_eq!(code, Some(1), "{kind:?}: {text}");
        assert!(text.contains("not the registry's (bees)"), "{text}");
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        let left = migrate::foreign_tables(&mut conn).unwrap();
        assert_eq!(left, ["bees"]);
        assert!(migrate::deviation(&mut conn).unwrap().is_some());
        conn.batch_execute("DROP TABLE bees").unwrap();
        migrate::up(&mut conn).unwrap();
        let own = migrate::foreign_tables(&mut conn).unwrap();
        assert_eq!(own, Vec::<String>::new());
    }
}

#[test]
fn an_older_program_says_of_a_newer_database_that_it_is_newer() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(database) = Database::fresh(kind) else {
            continue;
        };
        let mut conn = Conn::open_for_work(&database.url()).unwrap();
        assert_eq!(migrate::deviation(&mut conn).unwrap(), None);
        conn.batch_execute(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')",
        )
        .unwrap();
        let newer = "the database is newer than this program (migration 99991231000001): use the newer program";
        // `/readyz` says the same.
        let told = migrate::deviation(&mut conn).unwrap();
        assert_eq!(told.as_deref(), Some(newer));
        drop(conn);
        let url = flag_of(&database.url());
        let folder = scratch(&format!("a-newer-database-{kind:?}"));
        let place = [
            "--database-url",
            &url,
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        let invite = [
            "user",
            "invite",
            "--email",
            "a@office.example",
            "--name",
            "A",
            "--role",
            "auditor",
        ];
        for words in [&["migrate"][..], &["journal", "verify"], &invite] {
            let (code, text) = said(&[words, &place[..]].concat());
            assert_eq!(code, Some(1), "{kind:?} {words:?}: {text}");
            assert!(text.contains(newer), "{kind:?} {words:?}: {text}");
        }
    }
}

#[test]
fn processes_that_start_at_once_over_an_empty_database_all_come_up() {
    for (kind, round) in [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .flat_map(|kind| (0..3).map(move |round| (kind, round)))
    {
        let Some(database) = Database::empty(kind) else {
            continue;
        };
        let url = flag_of(&database.url());
        let running: Vec<Child> = (0..8)
            .map(|_| {
                program(&["migrate", "--database-url", &url])
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in running {
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{kind:?}, round {round}: {text}");
        }
    }
}

#[test]
fn a_service_and_the_first_accounts_may_come_at_once_into_one_new_folder() {
    for round in 0..3 {
        let folder = scratch("serve-and-init").join(round.to_string());
        let place = ["--data-dir", folder.to_str().unwrap()];
        let init = [
            "init",
            "--secretariat",
            "one@office.example",
            "--secretariat",
            "two@office.example",
        ];
        let init = program(&[&init[..], &place[..]].concat()).spawn().unwrap();
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        let serving = started(&[&serve[..], &place[..]].concat(), "\"serving\"");
        let output = init.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "round {round}: {text}");
        ended(serving);
        let made = std::fs::read_dir(folder.join("keys")).unwrap().count();
        assert_eq!(made, 3, "round {round}: a key of each kind");
    }
}

#[test]
fn services_that_start_at_once_make_one_set_of_keys_between_them() {
    for round in 0..3 {
        let Some(database) = Database::empty(Kind::Postgres) else {
            return;
        };
        let url = flag_of(&database.url());
        let folder = scratch(&format!("one-set-of-keys-{round}"));
        let _ = std::fs::remove_dir_all(&folder);
        let keys = folder.join("keys");
        let words = |file: &str| {
            [
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                &url,
                "--keys-dir",
                keys.to_str().unwrap(),
                "--checkpoint-file",
                folder.join(file).to_str().unwrap(),
            ]
            .map(str::to_owned)
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..4)
                .map(|n| {
                    let words = words(&format!("{n}.jsonl"));
                    scope.spawn(move || {
                        let words: Vec<&str> = words.iter().map(String::as_str).collect();
                        ended(started(&words, "\"serving\""));
                    })
                })
                .collect();
            running.into_iter().for_each(|r| r.join().unwrap());
        });
        let made = std::fs::read_dir(&keys).unwrap().count();
        assert_eq!(made, 3, "round {round}: a key of each kind");
    }
}

#[test]
fn a_file_of_checkpoints_that_cannot_be_written_stops_the_start() {
    let folder = scratch("no-file-of-checkpoints");
    let file = folder.join("file");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&file, "no folder").unwrap();
    let inside = file.join("checkpoints.jsonl");
    let words = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        folder.to_str().unwrap(),
        "--checkpoint-file",
        inside.to_str().unwrap(),
    ];
    let (code, text) = said(&words);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("checkpoint_file: "), "{text}");
}

#[test]
fn a_weak_setting_stops_every_command_before_anything_is_made() {
    let folder = scratch("weak-settings").join("data");
    let folder = folder.to_str().unwrap();
    let mail = ["--smtp-url", "http://hunter2"];
    let witness = ["--witnesses", "http://hunter2"];
    let log = ["--log", "informational"];
    for command in [&["serve"][..], &["migrate"], &["user", "list"]] {
        for (setting, key) in [(mail, "smtp_url:"), (witness, "witnesses:"), (log, "log:")] {
            let words = [command, &setting, &["--data-dir", folder]].concat();
            let (code, text) = said(&words);
            assert_eq!(code, Some(1), "{words:?}: {text}");
            let right = text.contains(key) && !text.contains("hunter2");
            assert!(right, "{words:?}: {text}");
            assert!(!std::path::Path::new(folder).exists(), "{words:?}");
        }
    }
}

#[test]
fn a_demo_under_strict_rules_is_whole_and_says_which_histories_it_cut_short() {
    let folder = scratch("a-strict-demo");
    let rules = folder.join("rules.toml");
    std::fs::create_dir_all(&folder).unwrap();
    let default = include_str!("../../src/memberships/rules/default.toml");
    let strict = default
        .replace("term_months = 24", "term_months = 1200")
        .replace("term_months = 12\n", "term_months = 120\n")
        .replace(
            "required_evidence = []",
            "required_evidence = [\"statute\"]",
        )
        .replace("[\"secretariat\"]", "[\"same_country_coordinator\"]");
    std::fs::write(&rules, strict).unwrap();
    let (rules, folder) = (rules.to_str().unwrap(), folder.to_str().unwrap());
    let place = ["--data-dir", folder, "--rules-file", rules];
    let serve = ["serve", "--demo", "--listen", "127.0.0.1:0"];
    let (running, text) = started_saying(&[&serve[..], &place[..]].concat(), "\"serving\"");
    ended(running);
    assert!(text.contains("made-up histories end early"), "{text}");
    let (code, text) = said(&[&["journal", "verify"][..], &place[..]].concat());
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn accounts_whose_links_nobody_reads_are_not_made() {
    let folder = scratch("links-that-nobody-reads");
    let folder = folder.to_str().unwrap();
    let made = |words: &[&str], out: Stdio| {
        let words = [words, &["--data-dir", folder]].concat();
        let done = program(&words).stdout(out).output().unwrap();
        let text = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8(text).unwrap())
    };
    let closed = || {
        let (reads, writes) = UnixStream::pair().unwrap();
        drop(reads);
        Stdio::from(OwnedFd::from(writes))
    };
    let init = [
        "init",
        "--secretariat",
        "one@office.example",
        "--secretariat",
        "two@office.example",
    ];
    let invite = [
        "user",
        "invite",
        "--email",
        "az@office.example",
        "--name",
        "Sample",
        "--role",
        "coordinator",
        "--country",
        "AZ",
    ];
    for words in [&init[..], &invite[..]] {
        let (code, text) = made(words, closed());
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("nothing was changed"), "{text}");
        // The same words are good once more, with somebody who reads.
        let (code, text) = made(words, Stdio::piped());
        assert!(code == Some(0) && text.contains("until"), "{text}");
    }
}

#[test]
fn a_demo_for_everybody_is_refused_by_its_own_rule() {
    let (code, text) = said(&["serve", "--demo", "--listen", "0.0.0.0:8080"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("listen: --demo"), "{text}");
}

#[test]
fn a_start_on_an_address_that_is_taken_makes_nothing_and_tells_no_log_in() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let folder = scratch("an-address-that-is-taken").join("data");
    for demo in [&[][..], &["--demo"]] {
        let words = [
            &["serve", "--listen", &address, "--data-dir"][..],
            &[folder.to_str().unwrap()],
            demo,
        ]
        .concat();
        let output = program(&words).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("listen: {address}: ")), "{told}");
        assert!(output.stdout.is_empty(), "{words:?}");
        assert!(!folder.exists(), "{words:?}");
    }
}

#[test]
fn the_keys_are_listed_under_the_name_that_checkpoints_were_signed_under() {
    let folder = scratch("the-name-of-the-keys");
    let place = ["--data-dir", folder.to_str().unwrap()];
    let run = |words: &[&str]| {
        let output = program(&[words, &place[..]].concat()).output().unwrap();
        let [said, told] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(0), "{words:?}: {said}{told}");
        (said, told)
    };
    let key = |said: &str| {
        let found = said.lines().find(|line| line.contains("/v1/journal+"));
        found.expect("a key of checkpoints").to_owned()
    };
    run(&[
        "init",
        "--secretariat",
        "one@office.example",
        "--secretariat",
        "two@office.example",
    ]);
    // Nothing is signed: the name is that of the settings, which is said.
    let (said, told) = run(&["keys", "list"]);
    assert!(key(&said).starts_with("127.0.0.1:8080/v1/journal+"));
    assert!(told.contains("Nothing was signed yet"), "{told}");
    let name = ["--base-url", "https://registry.example"];
    run(&[&["journal", "restored"][..], &name[..]].concat());
    let with_name = key(&run(&[&["keys", "list"][..], &name[..]].concat()).0);
    let (said, told) = run(&["keys", "list"]);
    assert_eq!(key(&said), with_name);
    assert!(with_name.starts_with("registry.example/v1/journal+"));
    assert!(told.contains("127.0.0.1:8080/v1/journal"), "{told}");
    // The key as it is printed raises no false alarm.
    let (said, _) = run(&["journal", "verify", "--key", &key(&said)]);
    assert!(said.contains("Nothing wrong was found."), "{said}");
}

#[test]
fn a_report_never_takes_the_place_of_the_spreadsheet_or_of_the_registry() {
    let folder = scratch("a-report-over-the-list");
    let list = folder.join("list.csv");
    let text = "name\nSample Society\n";
    std::fs::write(&list, text).unwrap();
    std::os::unix::fs::symlink(&list, folder.join("by-symlink.csv")).unwrap();
    std::fs::hard_link(&list, folder.join("by-link.csv")).unwrap();
    let of = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let data = of("data");
    let place = ["--data-dir", &data];
    let import = ["import", &of("list.csv"), "--country", "TR"].map(str::to_owned);
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    let matched = ["match", import[1], "--country", "TR"];
    let dry = [&import[..], &["--dry-run"]].concat();
    for report in [
        "list.csv",
        "by-symlink.csv",
        "by-link.csv",
        "../a-report-over-the-list/list.csv",
    ] {
        for command in [&import[..], &dry, &matched] {
            let report = of(report);
            let words = [command, &["--report", &report], &place].concat();
            let (code, told) = said(&words);
            assert_eq!(code, Some(1), "{words:?}: {told}");
            assert!(
                told.contains("--report: ") && told.contains("is the file that is read"),
                "{told}"
            );
            assert_eq!(std::fs::read_to_string(&list).unwrap(), text, "{words:?}");
            assert!(!std::path::Path::new(&data).exists(), "{words:?}");
        }
    }
    assert_eq!(said(&[&["migrate"][..], &place].concat()).0, Some(0));
    let database = of("data/registry.db");
    let (code, told) = said(&[&import[..], &["--report", &database], &place].concat());
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("is the registry's database"), "{told}");
    // What belongs to the registry beside it, whether it is there or not.
    for (report, what) in [
        ("data/registry.db-wal", "is the registry's database"),
        ("data/registry.db-shm", "is the registry's database"),
        (
            "data/registry.checkpoints.jsonl",
            "is the file of checkpoints",
        ),
        ("data/keys/token-1.pem", "is in the folder of the keys"),
    ] {
        std::fs::create_dir_all(folder.join("data/keys")).unwrap();
        let report = of(report);
        let (code, told) = said(&[&import[..], &["--report", &report], &place].concat());
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(what), "{told}");
    }
    let report = of("report.csv");
    let (code, told) = said(&[&import[..], &["--report", &report], &place].concat());
    assert_eq!(code, Some(0), "{told}");
    assert!(std::fs::read_to_string(&report).unwrap().contains("OTS-"));
}
