//! `backup`: copies of a SQLite database while a server changes it.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::database::open_connection;
use crate::support::shell::{SECRET, Shell, set_mode};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const EPOCH: &str = "SELECT epoch FROM event_log_epoch";

/// The first column of the first row.
async fn value<T: sea_orm::TryGetable>(file: &std::path::Path, sql: &str) -> T {
    let connection = open_connection(format!("sqlite://{}?mode=ro", file.display())).await;
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

fn mode(path: &std::path::Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

/// The files that a backup leaves in the folder when it fails.
fn leftovers(shell: &Shell) -> Vec<String> {
    shell.files().into_iter().filter(|file| file.contains("copy") || file.contains("partial")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_under_load_are_complete_and_consistent() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db");
    let server = shell.start("serve --migrate");
    shell.succeed("demo-data --interviews 300");
    let token = shell.succeed("token --sub 1000");
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let backups = tokio::task::block_in_place(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for number in 1.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        server.relocate(token.trim(), &number.to_string()).await;
                        acknowledged.store(number, Ordering::SeqCst);
                    }
                });
            });
            let backups = [1, 2, 3, 4, 5].map(|number| {
                let before = acknowledged.load(Ordering::SeqCst);
                let name = format!("copy {number}.db");
                let printed = shell.run_with(&["backup", &name]);
                let after = acknowledged.load(Ordering::SeqCst);
                assert_eq!(printed.code, Some(0), "{}", printed.stderr);
                let size = shell.path(&name).metadata().unwrap().len();
                assert_eq!(printed.stdout, format!("{name}: {size} bytes, checked\n"));
                (shell.path(name), before, after)
            });
            stop.store(true, Ordering::Relaxed);
            backups
        })
    });
    assert!(acknowledged.into_inner() > 0);
    let epoch: i64 = value(&shell.path("interviews.db"), EPOCH).await;
    for (file, before, after) in backups {
        assert_ne!(value::<i64>(&file, EPOCH).await, epoch, "cursors expire when the copy is restored");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(value::<String>(&file, "PRAGMA integrity_check").await, "ok");
        let changes: i64 = value(&file, "SELECT count(*) FROM interview_events WHERE type = 'updated'").await;
        let changes = u64::try_from(changes).unwrap();
        // One change may be in the file before it is acknowledged.
        assert!((before..=after + 1).contains(&changes), "{changes} of {before} to {after}");
        let location: Option<String> = value(&file, "SELECT location FROM interviews WHERE id = 27").await;
        assert_eq!(location.map_or(0, |location| location.parse().unwrap()), changes);
        let without_event = "SELECT count(*) FROM interviews WHERE version <> \
            (SELECT count(*) FROM interview_events WHERE interview_id = interviews.id)";
        assert_eq!(value::<i64>(&file, without_event).await, 0);
        assert_eq!(value::<i64>(&file, "SELECT count(*) FROM interviews WHERE company_id = 1").await, 300);
    }
    assert!(!shell.files().iter().any(|file| file.contains("partial") || file.contains("journal")));

    // A server runs on a copy.
    let restored = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db");
    fs::copy(shell.path("copy 5.db"), restored.path("interviews.db")).unwrap();
    let restored = restored.start("serve");
    assert_eq!(restored.get("/readyz").await.0, 200);
    restored.relocate(token.trim(), "after the restore").await;
}

#[tokio::test]
async fn backup_replaces_nothing() {
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db");
    shell.succeed("migrate up");
    fs::write(shell.path("copy.db"), "mine").unwrap();
    fs::create_dir(shell.path("copies")).unwrap();
    symlink("nowhere.db", shell.path("copy-link.db")).unwrap();
    fs::write(shell.path("copy-empty.db"), "").unwrap();
    for name in ["copy.db", "copies", "copy-link.db", "copy-empty.db", "interviews.db", "."] {
        let error = format!("error: {name} exists already: a backup does not replace a file\n");
        assert_eq!(shell.fail(&format!("backup {name}")), error);
    }
    assert_eq!(fs::read_to_string(shell.path("copy.db")).unwrap(), "mine");
    assert_eq!(leftovers(&shell), ["copy-empty.db", "copy-link.db", "copy.db"]);
}

#[tokio::test]
async fn backup_that_fails_leaves_no_file_and_says_why() {
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db").unprivileged();
    let missing = "error: cannot open the database sqlite://interviews.db: there is no such file: \
        `interviews migrate up` creates it\n";
    assert_eq!(shell.fail("backup copy.db"), missing);
    shell.succeed("migrate up");
    let error = shell.fail("backup nowhere/copy.db");
    assert!(error.starts_with("error: nowhere/copy.db cannot be written: No such file or directory"), "{error}");
    fs::create_dir(shell.path("closed")).unwrap();
    set_mode(&shell.path("closed"), 0o555);
    let error = shell.fail("backup closed/copy.db");
    assert!(error.starts_with("error: closed/copy.db cannot be written: Permission denied"), "{error}");
    assert_eq!(shell.run("backup").code, Some(2));

    // The second half of the database.
    shell.succeed("demo-data --interviews 300");
    let file = shell.path("interviews.db");
    let mut bytes = fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    let error = shell.fail("backup copy.db");
    assert!(error.contains("malformed") || error.contains("damaged"), "{error}");
    assert_eq!(leftovers(&shell), [""; 0]);
}

#[tokio::test]
async fn backup_of_postgresql_is_refused() {
    let Some(shell) = Shell::on_new(Postgres).await else { return };
    let error = "error: this is for SQLite; back up PostgreSQL with pg_dump or a base backup (see docs/operations)\n";
    assert_eq!(shell.fail("backup copy.db"), error);
    let nowhere = shell.set("DATABASE_URL", "postgres://me@127.0.0.1:1/schedule");
    assert_eq!(nowhere.fail("backup copy.db"), error);
    assert_eq!(nowhere.files(), [""; 0]);
}

#[tokio::test]
async fn backup_waits_for_no_writer() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let writer = shell.database().raw().await;
    writer.execute_unprepared("BEGIN IMMEDIATE; UPDATE interviews SET location = 'x'").await.unwrap();
    shell.succeed("backup copy.db");
    let changed: i64 = value(&shell.path("copy.db"), "SELECT count(*) FROM interviews WHERE location = 'x'").await;
    assert_eq!(json!(changed), json!(0));
}
