//! What the database gives up for a passing reason is tried again inside the server: the caller is none the wiser.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::inspect::until_waiting;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

#[tokio::test]
async fn a_deadlock_is_resolved_and_the_change_is_made() {
    let app = start!(Postgres);
    let (theirs, third) = (app.database.raw().await, app.database.raw().await);
    // Somebody is about to take ten o'clock.
    let theirs = theirs.begin().await.unwrap();
    theirs.execute_unprepared(TAKING_TEN).await.unwrap();
    // The server locks interview 27 to move it there as well, and is held up by a third one before it finds out.
    let third = third.begin().await.unwrap();
    // The lock on the time of driver 997, as `storage::users` numbers it.
    third
        .execute_unprepared(&format!("SELECT pg_advisory_xact_lock({})", (0x5449_4D45_i64 << 32) + 997))
        .await
        .unwrap();
    let staff = app.staff();
    let moving = tokio::spawn(async move {
        staff.update(27, json!({"startAt": "2025-04-01T10:00:00Z", "endAt": "2025-04-01T11:00:00Z"})).await
    });
    until_waiting(&app.database, 1).await;
    // Now the first one wants interview 27; and when the third one leaves, each of the two waits for the other. It is
    // the server that notices and gives way: the first one does not look for deadlocks so soon.
    theirs.execute_unprepared("SET LOCAL deadlock_timeout = '1h'").await.unwrap();
    let wanting = theirs.execute_unprepared("SELECT 1 FROM interviews WHERE id = 27 FOR UPDATE");
    let leaving = async {
        until_waiting(&app.database, 2).await;
        third.rollback().await
    };
    let (wanted, left) = tokio::join!(wanting, leaving);
    wanted.unwrap();
    left.unwrap();
    theirs.rollback().await.unwrap();
    let payload = moving.await.unwrap();
    assert_eq!((&payload["userErrors"], &payload["interview"]["version"]), (&json!([]), &json!(2)));
    let tries = app.statements().iter().filter(|sql| sql.starts_with(r#"UPDATE "interviews""#)).count();
    assert!(tries > 1, "{:#?}", app.statements());
}

const TAKING_TEN: &str = "INSERT INTO interviews (company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
    start_at, end_at, created_at, updated_at) SELECT company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
    '2025-04-01T10:00:00Z', '2025-04-01T11:00:00Z', created_at, updated_at FROM interviews WHERE id = 27";

#[tokio::test]
async fn a_database_that_is_busy_is_waited_for() {
    let app = start!(Sqlite);
    let theirs = app.database.raw().await;
    let theirs = theirs.begin().await.unwrap();
    theirs.execute_unprepared("UPDATE interviews SET location = 'Gate 9' WHERE id = 27").await.unwrap();
    let staff = app.staff();
    let moving = tokio::spawn(async move { staff.update(27, json!({"kind": "IN_PERSON"})).await });
    // The server cannot begin before they end; whether it has tried yet does not matter to what comes of it.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!moving.is_finished());
    theirs.commit().await.unwrap();
    let payload = moving.await.unwrap();
    assert_eq!((&payload["userErrors"], &payload["interview"]["location"]), (&json!([]), &json!("Gate 9")));
}
