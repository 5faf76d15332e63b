//! Looks behind the server's back.

use super::database::TestDatabase;
use sea_orm::{FromQueryResult, JsonValue, Statement};
use serde_json::Value;

/// What a query returns, row by row.
pub async fn query(database: &TestDatabase, sql: &str) -> Vec<Value> {
    let connection = database.raw().await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = JsonValue::find_by_statement(statement).all(&connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

/// Every row of every table that a change can touch, to compare with.
pub async fn all_rows(database: &TestDatabase) -> Vec<Value> {
    let mut rows = Vec::new();
    for table in ["interviews", "interview_events", "interviewees"] {
        rows.extend(query(database, &format!("SELECT * FROM {table} ORDER BY id")).await);
    }
    rows
}

/// Done once a connection waits for a lock that another one holds. On PostgreSQL.
pub async fn somebody_waits(database: &TestDatabase) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database.value::<i64>(sql).await == 0 {
        tokio::task::yield_now().await;
    }
}
