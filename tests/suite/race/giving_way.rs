//! What the database gives up for a passing reason is tried again inside the server: the caller is none the wiser.

use crate::support::Database::{Postgres, Sqlite};
use crate::support::inspect::somebody_waits;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

#[tokio::test]
async fn a_deadlock_is_resolved_and_the_change_is_made() {
    let app = start!(Postgres);
    // The server's connections notice a deadlock soon, the other one never: so it is the server that is turned away.
    let name: String = app.database.value("SELECT current_database()").await;
    let theirs = app.database.raw().await;
    app.database.execute(&format!("ALTER DATABASE {name} SET deadlock_timeout = '10ms'")).await;
    let theirs = theirs.begin().await.unwrap();
    theirs.execute_unprepared("SET LOCAL deadlock_timeout = '1h'").await.unwrap();
    // Somebody is about to take ten o'clock; the server moves interview 27 there, and waits for what becomes of that.
    let taking = "INSERT INTO interviews (company_id, driver_id, interviewee_id, interviewer_id, kind, status, start_at, \
        end_at, created_at, updated_at) SELECT company_id, driver_id, interviewee_id, interviewer_id, kind, status, \
        '2025-04-01T10:00:00Z', '2025-04-01T11:00:00Z', created_at, updated_at FROM interviews WHERE id = 27";
    theirs.execute_unprepared(taking).await.unwrap();
    let staff = app.staff();
    let moving = tokio::spawn(async move {
        staff.update(27, json!({"startAt": "2025-04-01T10:00:00Z", "endAt": "2025-04-01T11:00:00Z"})).await
    });
    somebody_waits(&app.database).await;
    // Now they want interview 27: each waits for the other, until the server gives way.
    theirs.execute_unprepared("SELECT 1 FROM interviews WHERE id = 27 FOR UPDATE").await.unwrap();
    theirs.rollback().await.unwrap();
    let payload = moving.await.unwrap();
    assert_eq!((&payload["userErrors"], &payload["interview"]["version"]), (&json!([]), &json!(2)));
    let deadlocks =
        "SELECT pg_stat_force_next_flush(), deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let _ = deadlocks;
}

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
    theirs.commit().await.unwrap();
    let payload = moving.await.unwrap();
    assert_eq!((&payload["userErrors"], &payload["interview"]["location"]), (&json!([]), &json!("Gate 9")));
}
