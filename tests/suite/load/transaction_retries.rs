//! The server retries a transaction that the database aborts for a temporary reason; the client does not notice.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::booking::times;
use crate::support::inspect::until_waiting;
use crate::support::lifecycle::{interview_of, only};
use crate::support::people::{JUDE, JUDE_WITH_LUISA};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

/// The key of the advisory lock on a driver's time is this number and, in its lower half, the driver's id.
const TIME_LOCK: i64 = 0x5449_4D45 << 32;

/// Three transactions: the other one books Jude at 10:00, the blocking one holds the lock on Jude's time, and the
/// server moves an interview of Jude to 10:00.
#[tokio::test]
async fn update_succeeds_after_a_deadlock() {
    // The request is in flight while the test waits for sessions, which takes long on a busy machine.
    let Some(app) = TestApp::start_with(Postgres, &["--request-timeout", "1min"]).await else { return };
    let (other, blocking) = (app.database.raw().await, app.database.raw().await);
    let other = other.begin().await.unwrap();
    let copy_to_ten = format!(
        "INSERT INTO interviews (company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, \
             end_at, created_at, updated_at) \
         SELECT company_id, driver_id, interviewee_id, interviewer_id, kind, status, '2025-04-01T10:00:00Z', \
             '2025-04-01T11:00:00Z', created_at, updated_at \
         FROM interviews WHERE id = {JUDE_WITH_LUISA}"
    );
    other.execute_unprepared(&copy_to_ten).await.unwrap();
    let blocking = blocking.begin().await.unwrap();
    let lock = format!("SELECT pg_advisory_xact_lock({})", TIME_LOCK + JUDE.0);
    blocking.execute_unprepared(&lock).await.unwrap();
    // The server locks the interview's row and waits for the lock on Jude's time.
    let staff = app.staff();
    let moving = tokio::spawn(async move { staff.update(JUDE_WITH_LUISA, times("10:00", "11:00")).await });
    until_waiting(&app.database, 1).await;
    // The other transaction waits for the row. When the blocking one ends, the server waits for the other's booking: a
    // deadlock. PostgreSQL aborts the server's transaction, since the other one does not look for deadlocks so soon.
    other.execute_unprepared("SET LOCAL deadlock_timeout = '1h'").await.unwrap();
    let lock_row = format!("SELECT 1 FROM interviews WHERE id = {JUDE_WITH_LUISA} FOR UPDATE");
    let wait_for_row = other.execute_unprepared(&lock_row);
    let unblock = async {
        until_waiting(&app.database, 2).await;
        blocking.rollback().await
    };
    let (row_locked, unblocked) = tokio::join!(wait_for_row, unblock);
    row_locked.unwrap();
    unblocked.unwrap();
    other.rollback().await.unwrap();
    assert_eq!(interview_of(&moving.await.unwrap())["version"], 2);
    let updates = app.statements().iter().filter(|sql| sql.starts_with(r#"UPDATE "interviews""#)).count();
    assert!(updates > 1, "{:#?}", app.statements());
}

#[tokio::test]
async fn update_waits_for_a_busy_sqlite_database() {
    let app = start!(Sqlite);
    let other = app.database.raw().await;
    let other = other.begin().await.unwrap();
    let update = format!("UPDATE interviews SET location = 'Gate 9' WHERE id = {JUDE_WITH_LUISA}");
    other.execute_unprepared(&update).await.unwrap();
    let staff = app.staff();
    let updating = tokio::spawn(async move { staff.update(JUDE_WITH_LUISA, json!({"kind": "IN_PERSON"})).await });
    // The result is the same whether the server has tried to begin its transaction by now or not.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!updating.is_finished());
    other.commit().await.unwrap();
    assert_json!(only(interview_of(&updating.await.unwrap()), "kind location version"), @r#"
    {
      "kind": "IN_PERSON",
      "location": "Gate 9",
      "version": 2
    }
    "#);
}
