//! Rows that nothing needs any more are deleted, in batches.

use super::revoked_tokens;
use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::TestApp;
use crate::support::plans::plan_of;
use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};

const INDEXES: [&str; 4] = [
    "revoked_tokens_expires_at_idx",
    "sent_reminders_due_for_idx",
    "webhook_deliveries_finished_at_idx",
    "idempotency_keys_created_at_idx",
];
/// More than a batch.
const MANY: i64 = 1500;

async fn insert_tokens(app: &TestApp, database: Database, expires_at: &str) {
    let numbers = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {MANY}) "
    );
    let columns = "INSERT INTO revoked_tokens (jti, revoked_at, expires_at) ";
    let type_of_times = if database == Postgres { "timestamptz" } else { "text" };
    let time = format!("CAST('{expires_at}' AS {type_of_times})");
    let rows = format!("SELECT CAST(number AS text), {time}, {time} FROM numbers");
    let sql = if database == Postgres { [&numbers, columns, &rows] } else { [columns, &numbers, &rows] };
    app.database.execute(&sql.concat()).await;
}

#[rstest]
#[tokio::test]
async fn revoked_token_is_deleted_a_day_after_it_has_expired(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    let services = app.app.services();
    insert_tokens(&app, database, "2025-03-21T10:00:00+00:00").await;
    // A token that was revoked by an older release, which did not know when it expires.
    app.database
        .execute("INSERT INTO revoked_tokens (jti, revoked_at) VALUES ('a', '2020-01-01T00:00:00+00:00')")
        .await;
    app.wait_until("2025-03-22T10:00:00Z");
    assert!(!services.clean_up(app.now()).await.unwrap());
    assert_eq!(revoked_tokens(&app.database).await, MANY + 1);
    app.clock.advance(TimeDelta::milliseconds(1));
    assert!(services.clean_up(app.now()).await.unwrap(), "the batch was full");
    assert_eq!(revoked_tokens(&app.database).await, MANY + 1 - 1000);
    assert!(!services.clean_up(app.now()).await.unwrap());
    assert_eq!(revoked_tokens(&app.database).await, 1);
}

#[rstest]
#[tokio::test]
async fn few_statements_find_what_is_old_in_an_index(#[values(Sqlite, Postgres)] database: Database) {
    let app = start!(database);
    insert_tokens(&app, database, "2125-03-21T10:00:00+00:00").await;
    let clean_up = || app.app.services().clean_up(app.now());
    if database == Postgres {
        // One of the tables is empty, and PostgreSQL reads it as a whole otherwise.
        app.database.execute("SET enable_seqscan = off").await;
    }
    app.counting(clean_up()).await.0.unwrap();
    let statements = app.statements();
    assert_eq!(statements.len(), 1, "nothing is old: {statements:#?}");
    let plan = plan_of(&app.database, &statements[0]).await;
    for index in INDEXES {
        assert!(plan.contains(index), "{plan}");
    }
    super::insert_expired_token(&app.database).await;
    app.counting(clean_up()).await.0.unwrap();
    let statements = app.statements();
    assert_eq!(statements.len(), if database == Postgres { 11 } else { 10 }, "{statements:#?}");
    // Webhooks that were deleted are few, and gone soon.
    for sql in statements.iter().filter(|sql| sql.starts_with("DELETE") && !sql.contains("deleted_at")) {
        let plan = plan_of(&app.database, sql).await;
        assert!(INDEXES.iter().any(|index| plan.contains(index)), "{plan}");
    }
}

#[tokio::test]
async fn server_deletes_nothing_while_another_one_does() {
    let app = start!(Postgres);
    super::insert_expired_token(&app.database).await;
    let connection = app.database.raw().await;
    let other = connection.begin().await.unwrap();
    other.execute_unprepared("SELECT pg_advisory_xact_lock(1229870149, 1129071937)").await.unwrap();
    assert!(!app.app.services().clean_up(app.now()).await.unwrap());
    assert_eq!(revoked_tokens(&app.database).await, 1);
    other.rollback().await.unwrap();
    app.app.services().clean_up(app.now()).await.unwrap();
    assert_eq!(revoked_tokens(&app.database).await, 0);
}
