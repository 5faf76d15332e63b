//! How far the event log was read for webhooks: the row `webhooks` of `log_consumers`. It exists while a webhook is
//! enabled. Who inserts or deletes it holds the [`lock`](super::lock) of webhooks.

use crate::domain::{EventId, LogPosition, Scope};
use crate::storage::{Result, Transaction, event_log};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

pub(super) const NAME: &str = "webhooks";

/// The position of the last event that was read; none if no webhook is enabled.
pub(crate) async fn position(connection: &impl ConnectionTrait) -> Result<Option<LogPosition>> {
    read(connection, "").await
}

/// The same, and no event is read for webhooks until the end of the transaction.
pub(crate) async fn lock(transaction: &Transaction) -> Result<Option<LogPosition>> {
    let is_postgres = transaction.get_database_backend() == DbBackend::Postgres;
    read(transaction, if is_postgres { " FOR UPDATE" } else { "" }).await
}

/// The same, but does not wait. None also while another transaction has locked it.
pub(crate) async fn try_lock(transaction: &Transaction) -> Result<Option<LogPosition>> {
    let is_postgres = transaction.get_database_backend() == DbBackend::Postgres;
    read(transaction, if is_postgres { " FOR UPDATE SKIP LOCKED" } else { "" }).await
}

async fn read(connection: &impl ConnectionTrait, locking: &str) -> Result<Option<LogPosition>> {
    let sql = format!("SELECT transaction_id, event_id FROM log_consumers WHERE name = $1{locking}");
    let query = Statement::from_sql_and_values(connection.get_database_backend(), sql, [NAME.into()]);
    let Some(row) = connection.query_one_raw(query).await? else { return Ok(None) };
    let (transaction, event) = (row.try_get_by_index(0)?, EventId(row.try_get_by_index(1)?));
    Ok(Some(LogPosition { transaction, event, at: None }))
}

/// Begins to read the log for webhooks, after the events that can be read now.
pub(crate) async fn start_at_end(transaction: &Transaction) -> Result<LogPosition> {
    let (_, LogPosition { transaction: number, event, .. }) = event_log::head(transaction, Scope::Everything).await?;
    let sql = "INSERT INTO log_consumers (name, transaction_id, event_id) VALUES ($1, $2, $3)";
    let values = [NAME.into(), number.into(), event.0.into()];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(LogPosition { transaction: number, event, at: None })
}

/// Moves the position. The transaction has locked it.
pub(crate) async fn advance(transaction: &Transaction, position: LogPosition) -> Result<()> {
    let sql = "UPDATE log_consumers SET transaction_id = $1, event_id = $2 WHERE name = $3";
    let values = [position.transaction.into(), position.event.0.into(), NAME.into()];
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Ceases to read the log for webhooks.
pub(crate) async fn stop(transaction: &Transaction) -> Result<()> {
    let sql = "DELETE FROM log_consumers WHERE name = $1";
    let backend = transaction.get_database_backend();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [NAME.into()])).await?;
    Ok(())
}
