//! A server that stops finishes the batches of its jobs, within the grace period.

use crate::support::Database::Postgres;
use crate::support::polling::until;
use crate::support::shell::Shell;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

/// Prevents reminders from being looked for.
async fn lock_settings(shell: &Shell) -> DatabaseTransaction {
    let transaction = shell.database().raw().await.begin().await.unwrap();
    transaction.execute_unprepared("LOCK TABLE company_settings").await.unwrap();
    transaction
}

/// Waits until a job waits for the lock.
async fn until_job_waits(shell: &Shell) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(async || shell.database().value::<i64>(waiting).await == 1).await;
}

#[rstest]
#[case("serve", "stopping: requests in flight may finish")]
#[case("work", "stopping: background work may finish")]
#[tokio::test]
async fn batch_is_finished_before_the_process_ends(#[case] command: &str, #[case] stopping: &str) {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let lock = lock_settings(&shell).await;
    let process = shell.follow(&format!("{command} --database-timeout 1m"));
    until_job_waits(&shell).await;
    process.signal("TERM");
    process.stderr.wait_for(stopping);
    until_job_waits(&shell).await;
    lock.rollback().await.unwrap();
    let (code, log) = process.ended();
    assert_eq!(code, Some(0));
    let complaints = |line: &&String| line.contains("WARN") || line.contains("in the middle of background work");
    assert_eq!(log.iter().find(complaints), None);
}

#[tokio::test]
async fn batch_is_cut_at_the_end_of_the_grace_period() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let lock = lock_settings(&shell).await;
    let server = shell.start("serve --database-timeout 1m --shutdown-grace 0s");
    until_job_waits(&shell).await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "no request was cut");
    assert!(log.iter().any(|line| line.contains("stopped in the middle of background work")), "{log:#?}");
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn second_signal_cuts_the_batch() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let lock = lock_settings(&shell).await;
    let worker = shell.follow("work --database-timeout 1m");
    until_job_waits(&shell).await;
    worker.signal("TERM");
    worker.stderr.wait_for("stopping: background work may finish");
    worker.signal("TERM");
    let (code, log) = worker.ended();
    assert_eq!(code, Some(1));
    assert!(log.iter().any(|line| line.contains("stopped by a second signal in the middle")), "{log:#?}");
    lock.rollback().await.unwrap();
}
