//! Which processes do background work: `interviews work`, and servers without `WORKERS=off`.

use super::{insert_expired_token, revoked_tokens};
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::database_port::DatabasePort;
use crate::support::polling::until;
use crate::support::shell::{Server, Shell};
use rstest::rstest;

/// Stops the process, which has nothing to complain about.
fn stop(process: Server, signal: &str) {
    process.signal(signal);
    let (code, log) = process.ended();
    assert_eq!(code, Some(0), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("WARN") || line.contains("ERROR")), "{log:#?}");
}

#[rstest]
#[tokio::test]
async fn server_without_workers_leaves_the_work_to_others(#[values(Sqlite, Postgres)] database: Database) {
    let Some(idle) = Shell::on_demo_data(database).await else { return };
    let Some(working) = Shell::on_demo_data(database).await else { return };
    insert_expired_token(idle.database()).await;
    insert_expired_token(working.database()).await;
    let idle_server = idle.start("serve --workers off");
    idle_server.ready(200).await;
    // It starts later, so that the other one has had the time to do the same.
    let server = working.start("serve");
    until(async || revoked_tokens(working.database()).await == 0).await;
    assert_eq!(revoked_tokens(idle.database()).await, 1);
    let worker = idle.follow("work");
    until(async || revoked_tokens(idle.database()).await == 0).await;
    for process in [idle_server, server, worker] {
        stop(process, "TERM");
    }
}

#[rstest]
#[tokio::test]
async fn signals_stop_the_work(#[values("TERM", "INT", "HUP")] signal: &str) {
    let Some(shell) = Shell::on_demo_data(Sqlite).await else { return };
    let worker = shell.follow("work");
    worker.stderr.wait_for("background work begins");
    worker.signal(signal);
    worker.stderr.wait_for("background work has ended");
    let (code, _) = worker.ended();
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn work_waits_for_a_database_that_is_not_up() {
    let port = DatabasePort::reserve();
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    insert_expired_token(shell.database()).await;
    let url = port.url_of(&shell.database().url);
    let shell = shell.set("DATABASE_URL", url);
    let worker = shell.follow("work");
    worker.stderr.wait_for("the database cannot be used yet: trying again");
    port.lead_to(&shell.database().url);
    until(async || revoked_tokens(shell.database()).await == 0).await;
    worker.signal("TERM");
    assert_eq!(worker.ended().0, Some(0));
}

#[tokio::test]
async fn work_that_waits_for_a_database_can_be_stopped() {
    let port = DatabasePort::reserve();
    let url = format!("postgres://me@127.0.0.1:{}/schedule", port.port());
    let worker = Shell::new().set("DATABASE_URL", url).follow("work");
    worker.stderr.wait_for("the database cannot be used yet: trying again");
    worker.signal("TERM");
    assert_eq!(worker.ended().0, Some(0));
}
