//! What an input may look like, and where it ends.

use super::{lines, people};
use crate::support::Database::{Postgres, Sqlite};
use crate::support::shell::Shell;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

const ADMIN: &str = r#"{"type":"user","id":"1","role":"ADMIN","title":"Ops"}"#;

async fn empty_database() -> Shell {
    let shell = Shell::on_new(Sqlite).await.unwrap();
    shell.succeed("migrate up");
    shell
}

#[tokio::test]
async fn first_admin_is_imported_from_a_pipe() {
    let shell = empty_database().await;
    let finished = shell.script(&format!("echo '{ADMIN}' | interviews import -")).output().unwrap();
    assert_eq!(finished.status.code(), Some(0));
    assert_eq!(finished.stdout, b"");
    let expected = "users: 1 written, 0 unchanged, 0 outdated, 0 refused\n1 lines, 0 of them refused\n";
    assert_eq!(String::from_utf8(finished.stderr).unwrap(), expected);
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 1");
    assert_json!(server.viewer(token.trim()).await, @r#"{"role": "ADMIN", "title": "Ops"}"#);
}

#[tokio::test]
async fn byte_order_mark_carriage_returns_and_blank_lines_are_accepted() {
    let shell = empty_database().await;
    std::fs::write(shell.path("rows.jsonl"), format!("\u{feff}\r\n\r\n {ADMIN} \r\n\n\n")).unwrap();
    let finished = shell.run("import rows.jsonl");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let finished = shell.import(&format!("\u{feff}{ADMIN}"));
    assert!(finished.stderr.starts_with("users: 0 written, 1 unchanged"), "{}", finished.stderr);
    let finished = shell.import("");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), "0 lines, 0 of them refused\n"));
}

#[tokio::test]
async fn lines_that_are_no_rows_are_refused_and_the_others_are_written() {
    let shell = empty_database().await;
    let long = format!("{{\"type\":\"user\",\"id\":\"3\",\"title\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let text = [
        &long,
        "\u{0}",
        ADMIN,
        r#"{"type":"workingHours","userId":"1"}"#,
        r#"{"type":"user","id":"2","role":"ADMIN","title":"A","sourceUpdatedAt":null,"nick\u001bname":1}"#,
        &deep,
        // The last line was cut off.
        &ADMIN[..20],
    ]
    .join("\n");
    let finished = shell.import(&text);
    let expected = "\
        line 1: LINE_TOO_LONG\n\
        line 2: INVALID_JSON\n\
        line 4: UNKNOWN_TYPE workingHours\n\
        line 5: users NULL_NOT_ALLOWED sourceUpdatedAt\n\
        line 5: users UNKNOWN_FIELD nick?name\n\
        line 6: INVALID_JSON\n\
        line 7: INVALID_JSON\n\
        users: 1 written, 0 unchanged, 0 outdated, 1 refused\n\
        7 lines, 6 of them refused\n";
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), expected));
}

#[tokio::test]
async fn input_that_is_not_utf_8_is_refused_by_line() {
    let shell = empty_database().await;
    let mut bytes = format!("{ADMIN}\n").into_bytes();
    bytes.extend(b"{\"type\":\"user\",\"id\":\"2\",\"role\":\"ADMIN\",\"title\":\"\xff\"}\n");
    std::fs::write(shell.path("rows.jsonl"), bytes).unwrap();
    let finished = shell.run("import rows.jsonl");
    assert!(finished.stderr.starts_with("line 2: INVALID_JSON\n"), "{}", finished.stderr);
    assert_eq!(finished.code, Some(1));
}

#[tokio::test]
async fn last_of_several_lines_without_a_time_of_change_counts() {
    let shell = empty_database().await;
    let line = |title: &str| format!("{{\"type\":\"user\",\"id\":\"1\",\"role\":\"ADMIN\",\"title\":\"{title}\"}}\n");
    let text: String = (1..=1200).map(|number| line(&format!("Ops {number}"))).collect();
    let finished = shell.import(&text);
    assert!(finished.stderr.starts_with("users: 1200 written"), "{}", finished.stderr);
    let token = shell.succeed("token --sub 1");
    assert_eq!(shell.start("serve").viewer(token.trim()).await["title"], "Ops 1200");
}

#[tokio::test]
async fn import_that_cannot_begin_or_read_exits_with_2() {
    let shell = empty_database().await;
    for (command, error) in [
        ("import missing.jsonl", "error: missing.jsonl: No such file or directory"),
        ("import .", "error: stopped after line 0: the input cannot be read: Is a directory"),
        ("import --database-url sqlite://missing.db", "error: "),
        ("import --no-such-flag", "error: unexpected argument"),
    ] {
        let finished = shell.run(command);
        assert_eq!(finished.code, Some(2), "{command}: {}", finished.stderr);
        assert!(finished.stderr.contains(error), "{command}: {}", finished.stderr);
    }
    shell.succeed("migrate down");
    let finished = shell.import(ADMIN);
    let behind = "error: the database's schema is behind: run `interviews migrate up` first\n";
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(2), behind));
    let unset = Shell::new().run("import");
    assert!(unset.code == Some(2) && unset.stderr.contains("DATABASE_URL"), "{unset:?}");
}

#[tokio::test]
async fn closed_output_stops_nothing() {
    let shell = empty_database().await;
    let text = format!("{}{}", "{}\n".repeat(5000), lines(people()));
    std::fs::write(shell.path("rows.jsonl"), text).unwrap();
    let script = "interviews import rows.jsonl >&- 2>&- || echo $? > code; \
        interviews import rows.jsonl 2>&1 >&- | head -n 1 > first";
    assert!(shell.script(script).status().unwrap().success());
    assert_eq!(std::fs::read_to_string(shell.path("code")).unwrap(), "1\n");
    assert_eq!(std::fs::read_to_string(shell.path("first")).unwrap(), "line 1: UNKNOWN_TYPE\n");
    let server = shell.start("serve");
    let token = shell.succeed("token --sub 9010");
    assert_eq!(server.viewer(token.trim()).await["title"], "Vera Oss");
}

#[tokio::test]
async fn bar_is_shown_on_a_terminal_and_not_in_a_pipe() {
    let shell = empty_database().await;
    std::fs::write(shell.path("rows.jsonl"), lines(people())).unwrap();
    assert!(!shell.run("import rows.jsonl").stderr.contains('\r'));
    let terminal = shell.script("script -qec 'interviews import rows.jsonl' /dev/null").stdin(Stdio::null()).output();
    let Ok(terminal) = terminal.map(|output| String::from_utf8(output.stdout).unwrap()) else { return };
    if !terminal.contains("4 lines") {
        eprintln!("skipped: `script` is not installed");
        return;
    }
    assert!(terminal.contains("] 98 %, 4 lines") || terminal.contains("] 99 %, 4 lines"), "{terminal:?}");
}

/// What the process has used at most, in bytes.
fn peak_memory(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.map(|kilobytes: usize| kilobytes * 1024)
}

#[tokio::test]
async fn large_input_is_read_in_bounded_memory() {
    let shell = empty_database().await;
    let mut child = shell.importing("");
    let process = child.id();
    let mut input = child.stdin.take().unwrap();
    // Lines that are refused while they are parsed take as little time as possible.
    let line = format!(
        "{{\"type\":\"user\",\"id\":\"1\",\"x\":[{}1],\"title\":\"{}\"}}\n",
        "[1],".repeat(50),
        "x".repeat(300)
    );
    let writer = std::thread::spawn(move || {
        for _ in 0..200_000 {
            input.write_all(line.as_bytes()).unwrap();
        }
        peak_memory(process).unwrap()
    });
    let refusals = BufReader::new(child.stderr.take().unwrap()).lines();
    let last = refusals.map(Result::unwrap).last().unwrap();
    let peak = writer.join().unwrap();
    assert_eq!(last, "200000 lines, 200000 of them refused");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // The input has 110 MB.
    assert!(peak < 64 * 1024 * 1024, "{peak}");
}

#[tokio::test]
async fn dry_run_judges_like_an_import_and_writes_nothing() {
    for database in [Sqlite, Postgres] {
        let Some(shell) = Shell::on_new(database).await else { continue };
        shell.succeed("migrate up");
        // A batch sees the batches before it.
        let mut rows = people();
        rows.extend((0..600).map(|_| rows[0].clone()).collect::<Vec<_>>());
        rows.push(json!({"type": "user", "id": 9011, "role": "STAFF", "companyId": 9000, "title": "Ina Ott"}));
        rows.push(json!({"type": "user", "id": 9012, "role": "STAFF", "companyId": 9404, "title": "Ina Ott"}));
        let finished = shell.import_with("--dry-run", &lines(rows.clone()));
        let expected = "\
            line 606: users COMPANY_NOT_FOUND companyId\n\
            companies: 1 written, 0 unchanged, 600 outdated, 0 refused\n\
            users: 3 written, 0 unchanged, 0 outdated, 1 refused\n\
            interviewees: 1 written, 0 unchanged, 0 outdated, 0 refused\n\
            606 lines, 1 of them refused\n";
        assert_eq!(finished.stderr, format!("{expected}dry run: nothing was written\n"));
        assert_eq!(finished.code, Some(1));
        // All rows are new once more.
        assert_eq!(shell.import(&lines(rows)).stderr, expected);
    }
}
