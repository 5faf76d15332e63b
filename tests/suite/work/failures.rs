//! A job that fails is tried again, and the log says so once.

use super::{insert_expired_token, revoked_tokens};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::polling::until;
use crate::support::shell::Shell;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn failures_in_a_row_have_one_line_and_other_jobs_go_on(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    shell.database().execute("ALTER TABLE company_settings RENAME COLUMN reminders TO renamed").await;
    insert_expired_token(shell.database()).await;
    let worker = shell.follow("work --log debug");
    let line = worker.stderr.wait_for("background work fails");
    assert!(line.contains("ERROR") && line.contains("reminders"), "{line}");
    until(async || revoked_tokens(shell.database()).await == 0).await;
    worker.stderr.wait_for("DEBUG interviews::worker::runner: background work fails");
    shell.database().execute("ALTER TABLE company_settings RENAME COLUMN renamed TO reminders").await;
    let line = worker.stderr.wait_for("background work succeeds again");
    assert!(line.contains("INFO") && line.contains("reminders"), "{line}");
    worker.signal("TERM");
    let (code, log) = worker.ended();
    assert_eq!(code, Some(0));
    let errors: Vec<_> = log.iter().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
}

#[rstest]
#[tokio::test]
async fn schema_that_is_behind_is_waited_for(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let steps = shell.succeed("migrate status");
    let since_reminders = steps.lines().skip_while(|step| !step.ends_with("sent_reminders")).count();
    shell.succeed(&format!("migrate down --steps {since_reminders}"));
    insert_expired_token(shell.database()).await;
    let worker = shell.follow("work --log info,interviews=debug");
    worker.stderr.wait_for("the database's schema is behind");
    worker.stderr.wait_for("DEBUG interviews::worker::runner: background work fails");
    assert_eq!(revoked_tokens(shell.database()).await, 1);
    shell.succeed("migrate up");
    until(async || revoked_tokens(shell.database()).await == 0).await;
    worker.signal("TERM");
    let (code, log) = worker.ended();
    assert_eq!(code, Some(0));
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:#?}");
}
