//! Secrets from files, and secrets that are given as flags.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::MONA;
use crate::support::shell::{SECRET, Shell};
use rstest::rstest;
use std::fs;

/// The settings of the shell, with both secrets in files.
fn in_files(shell: Shell) -> Shell {
    let url = shell.setting("DATABASE_URL").to_owned();
    fs::write(shell.path("secret"), format!("{SECRET}\n")).unwrap();
    fs::write(shell.path("url"), format!("{url}\n")).unwrap();
    let shell = shell.set("JWT_SECRET", "").set("DATABASE_URL", "");
    shell.set("JWT_SECRET_FILE", "secret").set("DATABASE_URL_FILE", "url")
}

#[rstest]
#[tokio::test]
async fn secrets_are_read_from_files(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_new(database).await else { return };
    let shell = in_files(shell);
    shell.succeed("migrate up");
    shell.succeed("demo-data --interviews 30");
    let server = shell.start("serve");
    let token = shell.token(MONA);
    assert_eq!(server.viewer(&token).await["role"], "STAFF");
    // The newline at the end is not part of the secret.
    let shell = shell.set("JWT_SECRET_FILE", "").set("JWT_SECRET", SECRET);
    assert_eq!(server.viewer(&shell.token(MONA)).await["role"], "STAFF");
}

#[test]
fn value_and_file_of_one_setting_are_refused() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db");
    fs::write(shell.path("file"), SECRET).unwrap();
    let both = |name| format!("error: {name} and {name}_FILE are both set: remove one of them\n");
    assert_eq!(shell.fail("serve --migrate --jwt-secret-file file"), both("JWT_SECRET"));
    assert_eq!(shell.fail("token --sub 1 --jwt-secret-file file"), both("JWT_SECRET"));
    for command in ["serve --migrate", "migrate up", "demo-data"] {
        let error = shell.fail(&format!("{command} --database-url-file file"));
        assert_eq!(error, both("DATABASE_URL"), "{command}");
    }
    assert_eq!(shell.files(), ["file"]);
}

#[test]
fn file_without_a_secret_is_refused() {
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db");
    for content in ["", "\n", " \t\r\n"] {
        fs::write(shell.path("file"), content).unwrap();
        assert_eq!(shell.fail("serve --jwt-secret-file file"), "error: JWT_SECRET_FILE: the file is blank\n");
    }
    let missing = shell.fail("serve --jwt-secret-file hunter2");
    assert!(missing.starts_with("error: JWT_SECRET_FILE: the file cannot be read: No such file"), "{missing}");
    assert!(!missing.contains("hunter2"), "it can be the secret by mistake: {missing}");
    fs::write(shell.path("file"), &SECRET[1..]).unwrap();
    let short = shell.fail("serve --jwt-secret-file file");
    assert!(short.starts_with("error: JWT_SECRET: the JWT secret has 31 bytes"), "{short}");
}

#[test]
fn short_secret_among_several_is_named_by_its_line() {
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db").set("JWT_SECRET_FILE", "secrets");
    fs::write(shell.path("secrets"), format!("{SECRET}\nhunter2\n")).unwrap();
    let error =
        "error: JWT_SECRET: the JWT secret in line 2 has 7 bytes; at least 32 are needed (RFC 7518, section 3.2)\n";
    for command in ["serve".to_owned(), format!("token --sub {MONA}")] {
        assert_eq!(shell.fail(&command), error);
    }
}

/// The rotation of the manual: as a second line everywhere, then as the first, then alone.
#[tokio::test]
async fn secret_is_rotated_without_a_restart() {
    let old = SECRET;
    let new = "the next secret, of 32 bytes or more";
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("JWT_SECRET", "").set("JWT_SECRET_FILE", "secrets");
    let write = |secrets: &[&str]| fs::write(shell.path("secrets"), secrets.join("\n") + "\n").unwrap();
    write(&[old]);
    let server = shell.start("serve");
    let hang_up = |text: &str| {
        server.signal("HUP");
        server.stderr.wait_for_new(text)
    };
    let is_accepted = async |token: &str| server.viewer(token).await["role"] == "STAFF";
    let by_old = shell.token(MONA);
    assert!(is_accepted(&by_old).await);

    write(&[old, new]);
    assert!(hang_up("the secrets of tokens were read again").contains("secrets=2"));
    assert!(is_accepted(&by_old).await);

    write(&[new, old]);
    let by_new = shell.token(MONA);
    assert!(is_accepted(&by_new).await, "before the server has read the file");
    hang_up("the secrets of tokens were read again");
    assert!(is_accepted(&by_old).await && is_accepted(&by_new).await);

    for bad in [&["short"][..], &[new, "short"], &[" "]] {
        write(bad);
        let line = hang_up("the secrets of tokens cannot be read again: the former ones stay in use");
        assert!(line.contains("ERROR") && !line.contains("short\""), "{line}");
        assert!(is_accepted(&by_old).await && is_accepted(&by_new).await);
    }

    write(&[new]);
    hang_up("the secrets of tokens were read again");
    assert!(!is_accepted(&by_old).await && is_accepted(&by_new).await);
}

#[tokio::test]
async fn secret_in_a_flag_is_warned_of_and_not_shown() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let warnings = |arguments: &str| {
        let finished = shell.run(arguments);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert!(!finished.stderr.contains(SECRET), "{}", finished.stderr);
        finished.stderr
    };
    let warned = warnings(&format!("token --sub {MONA} --jwt-secret {SECRET}"));
    let text = "a secret in a flag is in the list of processes: use its variable or file (see --help)";
    assert!(warned.contains("WARN") && warned.contains(text) && warned.contains("--jwt-secret"), "{warned}");
    assert_eq!(warnings(&format!("token --sub {MONA}")), "");
}
