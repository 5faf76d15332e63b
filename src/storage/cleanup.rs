//! Deletes old rows of every kind, in batches.

use crate::domain::{EventType, Retention};
use crate::storage::webhooks::deliveries::{self, IS_ANY_TO_CANCEL};
use crate::storage::{Result, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// The most rows of one kind in a batch.
const BATCH: u64 = 1000;
/// The two numbers of the advisory lock, which are no numbers of other locks. "INTE" and "CLEA" in ASCII.
const LOCK: &str = "1229870149, 1129071937";

/// Rows that are deleted when they are old.
struct Kind {
    table: &'static str,
    /// The columns of the primary key.
    key: &'static str,
    /// The column by which rows are old. It has an index.
    time: &'static str,
    before: DateTime<Utc>,
    /// A further condition on the row `old`; `$1` is the time before which rows are old.
    condition: Option<String>,
    /// Whether a row can be changed after it became old. A row that another transaction changes is left for later.
    can_change: bool,
}

fn kinds(retention: &Retention) -> [Kind; 4] {
    let start = EventType::ReminderDue.into_str();
    [
        Kind {
            table: "revoked_tokens",
            key: "jti",
            time: "expires_at",
            before: retention.tokens_expired_before,
            condition: None,
            can_change: false,
        },
        Kind {
            table: "sent_reminders",
            key: "interview_id, kind, offset_minutes, due_for",
            time: "due_for",
            before: retention.interviews_began_before,
            // A reminder of a start is due for that start: no interview has to be looked up.
            condition: Some(format!(
                "(kind = '{start}' OR (SELECT start_at FROM interviews WHERE id = old.interview_id) < $1)"
            )),
            can_change: false,
        },
        Kind {
            table: "webhook_deliveries",
            key: "id",
            time: "finished_at",
            before: retention.deliveries_ended_before,
            condition: None,
            // A delivery can be sent once more.
            can_change: true,
        },
        Kind {
            table: "idempotency_keys",
            key: "user_id, key",
            time: "created_at",
            before: retention.keys_used_before,
            condition: None,
            // A new request can replace the old key.
            can_change: true,
        },
    ]
}

/// Whether there may be anything to do. One statement, which reads the oldest row of each kind.
pub(crate) async fn is_due(connection: &impl ConnectionTrait, retention: &Retention) -> Result<bool> {
    let kinds = kinds(retention);
    let is_old = |(number, kind): (usize, &Kind)| {
        let Kind { table, time, .. } = kind;
        format!("COALESCE((SELECT min({time}) FROM {table} WHERE {time} IS NOT NULL) < ${}, false)", number + 1)
    };
    let is_any_old = kinds.iter().enumerate().map(is_old).collect::<Vec<_>>().join(" OR ");
    let sql = format!(
        "SELECT {is_any_old} OR EXISTS (SELECT 1 FROM webhooks WHERE deleted_at IS NOT NULL) OR {IS_ANY_TO_CANCEL} \
         AS is_due"
    );
    let values = kinds.map(|kind| kind.before.into());
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "is_due")).transpose()?.unwrap_or(false))
}

/// Deletes at most 1000 rows of each kind, cancels as many deliveries of disabled webhooks, and commits. Returns
/// whether there are more. Does nothing while another transaction does it.
pub(crate) async fn clean_up(transaction: Transaction, retention: &Retention, now: DateTime<Utc>) -> Result<bool> {
    if !try_lock(&transaction).await? {
        return Ok(false);
    }
    let mut is_full = false;
    for kind in kinds(retention) {
        is_full |= delete_old(&transaction, kind).await? == BATCH;
    }
    is_full |= delete_of_deleted_webhooks(&transaction).await? == BATCH;
    is_full |= deliveries::cancel(&transaction, BATCH, now).await? == BATCH;
    transaction.commit().await?;
    Ok(is_full)
}

async fn delete_old(transaction: &Transaction, kind: Kind) -> Result<u64> {
    let Kind { table, key, time, before, condition, can_change } = kind;
    let condition = condition.map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let locking = if can_change { skip_locked(transaction) } else { "" };
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} AS old WHERE {time} < $1{condition} \
         ORDER BY {time} LIMIT {BATCH}{locking})"
    );
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, [before.into()]);
    Ok(transaction.execute_raw(statement).await?.rows_affected())
}

/// Deletes deliveries of webhooks that were deleted, and the webhooks that have none any more. Returns how many
/// deliveries.
async fn delete_of_deleted_webhooks(transaction: &Transaction) -> Result<u64> {
    let locking = skip_locked(transaction);
    let sql = format!(
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT old.id FROM webhooks JOIN webhook_deliveries AS old \
         ON old.webhook_id = webhooks.id WHERE webhooks.deleted_at IS NOT NULL LIMIT {BATCH}{locking})"
    );
    let deleted = transaction.execute_unprepared(&sql).await?.rows_affected();
    let empty = "DELETE FROM webhooks WHERE deleted_at IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS delivery WHERE delivery.webhook_id = webhooks.id)";
    transaction.execute_unprepared(empty).await?;
    Ok(deleted)
}

/// Leaves rows `old` that another transaction has locked for later.
fn skip_locked(connection: &impl ConnectionTrait) -> &'static str {
    match connection.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE OF old SKIP LOCKED",
        _ => "",
    }
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
