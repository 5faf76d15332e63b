//! Removes deliveries that have ended long ago, and webhooks that were deleted. Rows that another transaction has
//! locked are left for later.

use crate::storage::{Result, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Removes up to `limit` deliveries that ended before this time, the oldest ones. Returns how many.
pub(crate) async fn remove_ended(transaction: &Transaction, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    let ended = "SELECT delivery.id FROM webhook_deliveries AS delivery WHERE delivery.finished_at < $1 \
        ORDER BY delivery.finished_at";
    remove(transaction, ended, vec![before.into()], limit).await
}

/// Removes up to `limit` deliveries of deleted webhooks, and the webhooks that have none. Returns how many deliveries.
pub(crate) async fn remove_deleted(transaction: &Transaction, limit: u64) -> Result<u64> {
    let of_deleted = "SELECT delivery.id FROM webhooks JOIN webhook_deliveries AS delivery \
        ON delivery.webhook_id = webhooks.id WHERE webhooks.deleted_at IS NOT NULL";
    let removed = remove(transaction, of_deleted, Vec::new(), limit).await?;
    let empty = "DELETE FROM webhooks WHERE deleted_at IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS delivery WHERE delivery.webhook_id = webhooks.id)";
    transaction.execute_unprepared(empty).await?;
    Ok(removed)
}

async fn remove(transaction: &Transaction, ids: &str, values: Vec<sea_orm::Value>, limit: u64) -> Result<u64> {
    let backend = transaction.get_database_backend();
    let locking = if backend == DbBackend::Postgres { " FOR UPDATE OF delivery SKIP LOCKED" } else { "" };
    let sql = format!("DELETE FROM webhook_deliveries WHERE id IN ({ids} LIMIT {limit}{locking})");
    Ok(transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected())
}
