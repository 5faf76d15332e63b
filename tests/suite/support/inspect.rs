//! Reads the database beside the server.

use super::database::TestDatabase;
use super::polling::until;
use sea_orm::{FromQueryResult, JsonValue, Statement};
use serde_json::Value;

/// The rows of a query.
pub async fn query(database: &TestDatabase, sql: &str) -> Vec<Value> {
    queries(database, [sql.to_owned()]).await
}

/// The rows of several queries.
async fn queries(database: &TestDatabase, sql: impl IntoIterator<Item = String>) -> Vec<Value> {
    let connection = database.connection().await;
    let mut rows = Vec::new();
    for sql in sql {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        rows.extend(JsonValue::find_by_statement(statement).all(connection).await.unwrap());
    }
    rows
}

/// The columns of an event without its transaction, which differs from run to run.
const EVENT: &str = "id, interview_id, type, at, actor_id, actor_side, changes";

/// Every row of the tables that mutations write.
pub async fn all_rows(database: &TestDatabase) -> Vec<Value> {
    let tables = [("*", "interviews"), (EVENT, "interview_events"), ("*", "interviewees")];
    queries(database, tables.map(|(columns, table)| format!("SELECT {columns} FROM {table} ORDER BY id"))).await
}

/// The rows of the latest events with their interviews and interviewees, which take less time than [`all_rows`].
pub async fn latest_rows(database: &TestDatabase) -> Vec<Value> {
    let events = format!("SELECT {EVENT} FROM interview_events ORDER BY id DESC LIMIT 12");
    let interviews = format!("SELECT * FROM interviews WHERE id IN (SELECT interview_id FROM ({events}) latest)");
    let interviewees =
        format!("SELECT * FROM interviewees WHERE id IN (SELECT interviewee_id FROM ({interviews}) theirs)");
    let ordered = [events, format!("{interviews} ORDER BY id"), format!("{interviewees} ORDER BY id")];
    queries(database, ordered).await
}

/// Returns once this many connections wait for a lock, on PostgreSQL.
pub async fn until_waiting(database: &TestDatabase, connections: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(async || database.value::<i64>(sql).await >= connections).await;
}

/// Returns once no connection but the test's own is left, on PostgreSQL, which finishes the statements of a killed
/// client.
pub async fn until_all_are_disconnected(database: &TestDatabase) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until(async || !database.url.starts_with("postgres") || database.value::<i64>(sql).await == 0).await;
}
