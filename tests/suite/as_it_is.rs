//! Verifying a database that may only be read, and is not changed by it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use ots_registry::cli::check_against;
use ots_registry::db::{Conn, DatabaseUrl, Id, migrate};
use ots_registry::journal::Against;

use crate::journal::lively;
use crate::kit::databases::scratch;
use crate::kit::process::program;
use crate::kit::{App, Kind};

fn folder(name: &str) -> PathBuf {
    scratch(&format!("{name}-{}", Id::random().unwrap()))
}

/// Runs the program over a data folder; what it said, and its exit code.
fn run(data: &Path, args: &[&str]) -> (String, Option<i32>) {
    let data = ["--data-dir", data.to_str().unwrap()];
    let done = program(&[args, &data, &["--base-url", "https://registry.example"]].concat())
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        String::from_utf8_lossy(&said).into_owned(),
        done.status.code(),
    )
}

/// Every file of a folder with what is in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap());
    all.map(|one| {
        let name = one.file_name().to_string_lossy().into_owned();
        (name, std::fs::read(one.path()).unwrap())
    })
    .collect()
}

/// Takes away the right to write, from a folder and all in it.
#[cfg(unix)]
fn lock(folder: &Path, locked: bool) {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let (file, own) = if locked {
        (0o444, 0o555)
    } else {
        (0o644, 0o755)
    };
    for name in files(folder).keys() {
        set_permissions(folder.join(name), Permissions::from_mode(file)).unwrap();
    }
    set_permissions(folder, Permissions::from_mode(own)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_copy_is_verified_without_a_change_of_it_or_a_file_beside_it() {
    let data = folder("original");
    let offices = ["first@sample.example", "second@sample.example"];
    let [first, second] = offices.map(|email| ["--secretariat", email]);
    let (said, code) = run(&data, &[&["init"][..], &first, &second].concat());
    assert_eq!(code, Some(0), "{said}");
    // Somebody who reads keeps the log from being emptied.
    let original = DatabaseUrl::Sqlite(data.join("registry.db"));
    let mut held = Conn::open_for_work(&original).unwrap();
    held.batch_execute("SELECT 1 FROM users").unwrap();
    let (said, code) = run(&data, &["journal", "restored"]);
    assert_eq!(code, Some(0), "{said}");
    let verify = |folder: &Path| run(folder, &["journal", "verify"]);

    // A copy with its log: the log is read, and neither is changed.
    let copy = folder("with-its-log");
    for name in ["registry.db", "registry.db-wal"] {
        std::fs::copy(data.join(name), copy.join(name)).unwrap();
    }
    let before = files(&copy);
    assert!(!before["registry.db-wal"].is_empty());
    let (said, code) = verify(&copy);
    assert!(code == Some(0) && said.contains("3 entries,"), "{said}");
    let after = files(&copy);
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{name} was changed");
    }

    // One that stands alone: in the form in which a registry keeps it, and in that of a backup.
    let backup = folder("backup");
    let file = backup.join("registry.db");
    held.batch_execute(&format!("VACUUM INTO '{}'", file.display()))
        .unwrap();
    held.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let alone = folder("alone");
    std::fs::copy(data.join("registry.db"), alone.join("registry.db")).unwrap();
    for copy in [&backup, &alone] {
        lock(copy, true);
        let before = files(copy);
        let (said, code) = verify(copy);
        assert!(code == Some(0) && said.contains("3 entries,"), "{said}");
        assert!(files(copy) == before, "{} was changed", copy.display());
        lock(copy, false);
    }
    // The registry itself, while somebody has it open.
    let (said, code) = verify(&data);
    assert!(code == Some(0) && said.contains("3 entries,"), "{said}");

    // A database of no tables is told, and stays so.
    let empty = folder("empty");
    std::fs::write(empty.join("registry.db"), "").unwrap();
    let (said, code) = verify(&empty);
    assert!(
        code == Some(1) && said.contains("has other tables"),
        "{said}"
    );
    assert_eq!(
        files(&empty),
        BTreeMap::from([("registry.db".to_owned(), Vec::new())])
    );
}

#[actix_web::test]
async fn a_role_that_may_select_alone_verifies() {
    let Some(app) = App::start(Kind::Postgres).await else {
        return;
    };
    lively(&app).await;
    let DatabaseUrl::Postgres(url) = &app.url else {
        panic!("it is PostgreSQL");
    };
    let mut conn = app.db_conn();
    let role = format!("reader_{}", Id::random().unwrap());
    conn.batch_execute(&format!(
        "CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    ))
    .unwrap();
    let mark = if url.contains('?') { '&' } else { '?' };
    let reads =
        |more: &str| DatabaseUrl::Postgres(format!("{url}{mark}options=-c%20role%3D{role}{more}"));
    for reader in [
        reads(""),
        reads("%20-c%20default_transaction_read_only%3Don"),
    ] {
        let mut read = Conn::open_as_it_is(&reader).unwrap();
        assert!(migrate::is_current(&mut read).unwrap());
        read.batch_execute("DELETE FROM users").unwrap_err();
        let (report, deviations) = check_against(&reader, &Against::default(), |_| {}).unwrap();
        let (whole, _) = check_against(&app.url, &Against::default(), |_| {}).unwrap();
        assert!(report.entries > 0);
        assert_eq!(
            (report.entries, report.rows, report.findings),
            (whole.entries, whole.rows, whole.findings)
        );
        assert_eq!(deviations, Vec::<String>::new());
    }
    conn.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .unwrap();
}
