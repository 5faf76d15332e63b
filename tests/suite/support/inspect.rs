//! Looks behind the server's back.

use super::database::TestDatabase;
use sea_orm::{FromQueryResult, JsonValue, Statement};
use serde_json::Value;

/// What a query returns, row by row.
pub async fn query(database: &TestDatabase, sql: &str) -> Vec<Value> {
    queries(database, [sql.to_owned()]).await
}

/// Several queries on one connection, one after the other.
async fn queries(database: &TestDatabase, sql: impl IntoIterator<Item = String>) -> Vec<Value> {
    let connection = database.raw().await;
    let mut rows = Vec::new();
    for sql in sql {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        rows.extend(JsonValue::find_by_statement(statement).all(&connection).await.unwrap());
    }
    connection.close().await.unwrap();
    rows
}

/// An event but for its transaction, which is another each time.
const EVENT: &str = "id, interview_id, type, at, actor_id, actor_side, changes";

/// Every row of every table that a change can touch, to compare with.
pub async fn all_rows(database: &TestDatabase) -> Vec<Value> {
    let tables = [("*", "interviews"), (EVENT, "interview_events"), ("*", "interviewees")];
    queries(database, tables.map(|(columns, table)| format!("SELECT {columns} FROM {table} ORDER BY id"))).await
}

/// The latest events with their interviews and interviewees: quicker than all of it.
pub async fn latest_rows(database: &TestDatabase) -> Vec<Value> {
    let events = format!("SELECT {EVENT} FROM interview_events ORDER BY id DESC LIMIT 12");
    let interviews = format!("SELECT * FROM interviews WHERE id IN (SELECT interview_id FROM ({events}) latest)");
    let interviewees =
        format!("SELECT * FROM interviewees WHERE id IN (SELECT interviewee_id FROM ({interviews}) theirs)");
    let ordered = [events, format!("{interviews} ORDER BY id"), format!("{interviewees} ORDER BY id")];
    queries(database, ordered).await
}

/// Done once so many connections wait for locks that others hold, on PostgreSQL.
pub async fn until_waiting(database: &TestDatabase, connections: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database.value::<i64>(sql).await < connections {
        tokio::task::yield_now().await;
    }
}

/// Done once no connection of a server is left, on PostgreSQL: it finishes the statements of a client that is gone.
pub async fn nobody_is_connected(database: &TestDatabase) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while database.url.starts_with("postgres") && database.value::<i64>(sql).await > 0 {
        tokio::task::yield_now().await;
    }
}
