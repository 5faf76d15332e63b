//! The files of a SQLite database: only their owner reads them, and errors name the folder and the reason.

use crate::support::shell::{SECRET, Shell, set_mode};
use rstest::rstest;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Command, Stdio};

fn shell(url: &str) -> Shell {
    Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", url)
}

#[rstest]
#[tokio::test]
async fn only_the_owner_can_read_a_new_database(#[values("000", "022", "077", "777")] umask: &str) {
    let shell = shell("sqlite://interviews.db");
    let server = shell.start_script(&format!("umask {umask}; exec interviews serve --migrate"));
    shell.succeed("demo-data --interviews 30");
    for file in ["interviews.db", "interviews.db-wal", "interviews.db-shm"] {
        assert_eq!(shell.path(file).metadata().unwrap().mode() & 0o777, 0o600, "{file}");
    }
    drop(server);
}

#[tokio::test]
async fn the_mode_of_an_existing_database_is_kept() {
    let shell = shell("sqlite://interviews.db");
    shell.succeed("migrate up");
    set_mode(&shell.path("interviews.db"), 0o640);
    let _server = shell.start("serve");
    for file in ["interviews.db", "interviews.db-wal", "interviews.db-shm"] {
        assert_eq!(shell.path(file).metadata().unwrap().mode() & 0o777, 0o640, "{file}");
    }
}

#[test]
fn file_that_cannot_be_used_is_named_with_the_reason() {
    let shell = shell("sqlite://data/interviews.db").unprivileged();
    let folder = fs::canonicalize(shell.path("")).unwrap().join("data");
    let error = |command: &str, reason: &str| {
        let expected = format!("error: cannot open the database sqlite://data/interviews.db: {reason}");
        for command in [command, "serve --migrate", "migrate up"] {
            let error = shell.fail(command);
            assert!(error.starts_with(&expected) && error.lines().count() == 1, "{command}: {error}");
        }
    };
    let shown = folder.display();
    error("serve", &format!("the folder {shown} does not exist"));
    fs::write(&folder, "").unwrap();
    error("serve", &format!("{shown} is not a folder"));
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o555);
    error("migrate up", &format!("no file can be created in the folder {shown}: Permission denied"));
    set_mode(&folder, 0o000);
    error("serve", "Permission denied");
    set_mode(&folder, 0o777);

    let file = folder.join("interviews.db");
    fs::create_dir(&file).unwrap();
    error("serve", "it is a folder");
    fs::remove_dir(&file).unwrap();
    symlink("/dev/null", &file).unwrap();
    error("serve", "it is not a regular file");
    fs::remove_file(&file).unwrap();
    symlink("elsewhere.db", &file).unwrap();
    error("serve", "it is a symbolic link to a file that does not exist");
    fs::remove_file(&file).unwrap();
    fs::write(&file, "Dear Luisa, ".repeat(100)).unwrap();
    set_mode(&file, 0o666);
    error("serve", "file is not a database");
    fs::remove_file(&file).unwrap();

    shell.succeed("migrate up");
    set_mode(&file, 0o444);
    error("serve", "the file data/interviews.db cannot be written: Permission denied");
    set_mode(&file, 0o666);
    let beside = folder.join("interviews.db-shm");
    assert_eq!(beside.metadata().unwrap().mode() & 0o777, 0o444, "SQLite made it with the mode of the database");
    error("serve", "the file data/interviews.db-shm cannot be written: Permission denied");
    fs::remove_file(beside).unwrap();
    set_mode(&folder, 0o555);
    error(
        "serve",
        &format!(
            "SQLite keeps files beside the database, but none can be created in the folder {shown}: Permission denied"
        ),
    );
    set_mode(&folder, 0o777);
    shell.succeed("migrate status");
}

/// Whether the tests may mount file systems in a name space of their own.
fn can_mount() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let possible = unshare.status().is_ok_and(|status| status.success());
    if !possible {
        eprintln!("skipped: mounting a file system needs root");
    }
    possible
}

/// A script that runs with an own file system of this size in the folder `disk`.
fn on_a_disk(options: &str, script: &str) -> String {
    let mount = format!("mkdir -p disk; mount -t tmpfs -o {options} tmpfs disk");
    format!("exec unshare --mount --propagation private sh -ec '{mount}; {script}'")
}

#[test]
fn file_system_that_cannot_be_written_is_named() {
    if !can_mount() {
        return;
    }
    let shell = shell("sqlite://disk/interviews.db");
    let script = on_a_disk("size=8m", "interviews migrate up; mount -o remount,ro disk; exec interviews serve");
    let output = shell.script(&script).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("error: cannot open the database sqlite://disk/interviews.db: "), "{error}");
    assert!(error.contains("Read-only file system"), "{error}");
    let script = on_a_disk("size=8m,ro", "exec interviews migrate up");
    let error = String::from_utf8(shell.script(&script).output().unwrap().stderr).unwrap();
    assert!(error.contains("no file can be created in the folder ") && error.contains("Read-only file"), "{error}");
}

#[test]
fn backup_on_a_full_disk_leaves_no_file() {
    if !can_mount() {
        return;
    }
    let shell = shell("sqlite://interviews.db");
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 3000");
    let script = on_a_disk("size=1m", "interviews backup disk/copy.db || true; ls -A disk; echo listed");
    let output = shell.script(&script).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: disk/copy.db cannot be written: database or disk is full\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "listed\n");
}
