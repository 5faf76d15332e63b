//! An import that does not come to its end: what was committed stays, and the exit code is 2.

use super::{lines, people};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database_proxy::DatabaseProxy;
use crate::support::polling::until;
use crate::support::shell::Shell;
use rstest::rstest;
use serde_json::json;
use std::io::{Read, Write};
use std::process::{Child, Command};

/// A batch of companies.
fn batch(first: i64) -> String {
    let company = |id| json!({"type": "company", "id": id, "sourceUpdatedAt": "2025-03-20T09:00:00Z", "name": "A"});
    lines((first..first + 500).map(company))
}

async fn companies(shell: &Shell) -> i64 {
    shell.database().value("SELECT CAST(count(*) AS BIGINT) FROM companies WHERE id >= 9000").await
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
}

/// The exit code and the standard error.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[rstest]
#[tokio::test]
async fn signal_ends_an_import_between_batches(
    #[values(Sqlite, Postgres)] database: Database,
    #[values("INT", "TERM")] name: &str,
) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let mut child = shell.importing("");
    let mut input = child.stdin.take().unwrap();
    input.write_all(batch(10_000).as_bytes()).unwrap();
    until(async || companies(&shell).await == 500).await;
    // The pipe stays open: the import waits for more.
    input.write_all(&batch(20_000).as_bytes()[..100]).unwrap();
    signal(&child, name);
    let expected = "\
        companies: 500 written, 0 unchanged, 0 outdated, 0 refused\n\
        500 lines, 0 of them refused\n\
        error: stopped after line 500: stopped by a signal\n";
    assert_eq!(ended(child), (Some(2), expected.to_owned()));
    assert_eq!(companies(&shell).await, 500);
    drop(input);
}

#[rstest]
#[tokio::test]
async fn signal_ends_a_dry_run_and_nothing_is_written(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let mut child = shell.importing("--dry-run");
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{{}}\n{}", batch(10_000)).as_bytes()).unwrap();
    // The first batch is judged.
    let mut first = [0; 7];
    child.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"line 1:");
    signal(&child, "INT");
    let (code, text) = ended(child);
    assert!(code == Some(2) && text.contains("dry run: nothing was written\n"), "{text}");
    assert_eq!(companies(&shell).await, 0);
    // No lock is left behind.
    assert_eq!(shell.import(&lines(people())).code, Some(0));
}

#[tokio::test]
async fn database_that_goes_away_ends_the_import_and_the_batches_before_stay() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let url = shell.database().url.clone();
    let mut proxy = DatabaseProxy::to(&url).await;
    let shell = shell.set("DATABASE_URL", proxy.url());
    let mut child = shell.importing("");
    let mut input = child.stdin.take().unwrap();
    input.write_all(batch(10_000).as_bytes()).unwrap();
    until(async || companies(&shell).await == 500).await;
    proxy.close().await;
    input.write_all(batch(20_000).as_bytes()).unwrap();
    drop(input);
    let (code, text) = ended(child);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("companies: 500 written"), "{text}");
    assert!(text.contains("error: stopped after line 500: "), "{text}");
    assert_eq!(companies(&shell).await, 500);
}
