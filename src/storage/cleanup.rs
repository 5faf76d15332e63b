//! Deletes old rows of every kind, in batches.

use crate::domain::Retention;
use crate::storage::webhooks::removal;
use crate::storage::{Result, Transaction, reminders, tokens};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The most rows of one kind in a batch.
const BATCH: u64 = 1000;
/// The two numbers of the advisory lock, which are no numbers of other locks. "INTE" and "CLEA" in ASCII.
const LOCK: &str = "1229870149, 1129071937";

/// Deletes at most 1000 rows of each kind, and commits. Returns whether there are more. Deletes nothing while another
/// transaction does it.
pub(crate) async fn delete(transaction: Transaction, retention: &Retention) -> Result<bool> {
    if !try_lock(&transaction).await? {
        return Ok(false);
    }
    let deleted = [
        tokens::forget_expired(&transaction, retention.tokens_expired_before, BATCH).await?,
        reminders::forget(&transaction, retention.interviews_began_before, BATCH).await?,
        removal::remove_ended(&transaction, retention.deliveries_ended_before, BATCH).await?,
        removal::remove_deleted(&transaction, BATCH).await?,
    ];
    transaction.commit().await?;
    Ok(deleted.contains(&BATCH))
}

/// Takes the lock until the end of the transaction. SQLite has one writer at a time and needs no lock.
async fn try_lock(connection: &impl ConnectionTrait) -> Result<bool> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({LOCK}) AS is_taken");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get("", "is_taken")).transpose()?.unwrap_or(false))
}
