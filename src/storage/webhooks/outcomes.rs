//! Stores what became of attempts.

use crate::domain::webhook::{Attempt, DeliveryState};
use crate::domain::{DeliveryId, WebhookId};
use crate::storage::database::array_parameter::array_parameter;
use crate::storage::database::json_values::time;
use crate::storage::webhooks::{IS_PENDING, use_indexes};
use crate::storage::{Result, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::iter;

const QUEUED_AGAIN: &str = "ended.state <> 'delivered' AND webhook_deliveries.next_attempt_at <> ended.due_at";

/// An attempt, and what it makes of its delivery.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub delivery_id: DeliveryId,
    /// When the attempt was due. Another time in the row says that the delivery was queued again during the attempt.
    pub due_at: Option<DateTime<Utc>>,
    pub attempt: Attempt,
    pub state: DeliveryState,
    /// The number of attempts since the delivery was queued.
    pub step: i32,
    /// Of a delivery that stays pending.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The time at which it ended.
    pub finished_at: DateTime<Utc>,
}

/// Stores the attempts and the states of their deliveries. An attempt whose delivery was claimed again since, or is not
/// pending any more, changes nothing. A failed attempt whose delivery was queued again since leaves it queued.
pub(crate) async fn store(transaction: &Transaction, outcomes: &[Outcome]) -> Result<()> {
    use_indexes(transaction).await?;
    let backend = transaction.get_database_backend();
    let rows = Value::from(outcomes.iter().map(row).collect::<Vec<_>>()).to_string();
    let sql = format!(
        "UPDATE webhook_deliveries SET \
            state = CASE WHEN {QUEUED_AGAIN} THEN 'pending' ELSE ended.state END, \
            step = CASE WHEN {QUEUED_AGAIN} THEN webhook_deliveries.step ELSE ended.step END, \
            next_attempt_at = CASE WHEN {QUEUED_AGAIN} THEN webhook_deliveries.next_attempt_at \
                ELSE ended.next_attempt_at END, \
            finished_at = CASE WHEN {QUEUED_AGAIN} THEN NULL ELSE ended.finished_at END, claimed_until = NULL \
         FROM {} WHERE webhook_deliveries.id = ended.delivery_id AND webhook_deliveries.attempt = ended.number \
            AND {IS_PENDING} RETURNING webhook_deliveries.id",
        ended(backend)
    );
    let updated =
        transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, [rows.clone().into()])).await?;
    let updated = updated.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>()?;
    let updated = array_parameter(backend, updated).map(|ids| (ids, rows));
    let Some((ids, rows)) = updated else { return Ok(()) };
    let is_updated = match backend {
        DbBackend::Postgres => "= ANY ($2)",
        _ => "IN (SELECT value FROM json_each($2))",
    };
    let sql = format!(
        "INSERT INTO webhook_attempts (delivery_id, number, at, status, duration_ms, error, response) \
         SELECT delivery_id, number, at, status, duration_ms, error, response FROM {} \
         WHERE delivery_id {is_updated} ON CONFLICT DO NOTHING",
        ended(backend)
    );
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [rows.into(), ids])).await?;
    Ok(())
}

fn row(outcome: &Outcome) -> Value {
    let Outcome { delivery_id, due_at, attempt, state, step, next_attempt_at, finished_at } = outcome;
    let has_ended = *state != DeliveryState::Pending;
    json!({
        "delivery_id": delivery_id.0, "due_at": due_at.map(time), "number": attempt.number, "at": time(attempt.at),
        "status": attempt.status,
        "duration_ms": attempt.duration_ms, "error": attempt.error.map(|error| error.into_str()),
        "response": attempt.response, "state": state.into_str(), "step": step,
        "next_attempt_at": next_attempt_at.map(time), "finished_at": has_ended.then(|| time(*finished_at)),
    })
}

/// The attempts of `$1` as the table `ended`.
fn ended(backend: DbBackend) -> String {
    let columns = [
        ("delivery_id", "bigint"),
        ("due_at", "timestamptz"),
        ("number", "integer"),
        ("at", "timestamptz"),
        ("status", "integer"),
        ("duration_ms", "integer"),
        ("error", "text"),
        ("response", "text"),
        ("state", "text"),
        ("step", "integer"),
        ("next_attempt_at", "timestamptz"),
        ("finished_at", "timestamptz"),
    ];
    if backend == DbBackend::Postgres {
        let columns = columns.map(|(name, of_type)| format!("{name} {of_type}")).join(", ");
        return format!("json_to_recordset($1::json) AS ended ({columns})");
    }
    let columns = columns.map(|(name, _)| format!("json_extract(value, '$.{name}') AS {name}")).join(", ");
    format!("(SELECT {columns} FROM json_each($1)) AS ended")
}

/// Marks webhooks as failing since this time, unless they are already.
pub(crate) async fn begin_failing(
    transaction: &Transaction,
    webhooks: impl Iterator<Item = &WebhookId>,
    now: DateTime<Utc>,
) -> Result<()> {
    set_failing(transaction, webhooks, ("failing_since = $2", "failing_since IS NULL"), Some(now)).await
}

/// Marks webhooks as not failing.
pub(crate) async fn end_failing(transaction: &Transaction, webhooks: impl Iterator<Item = &WebhookId>) -> Result<()> {
    set_failing(transaction, webhooks, ("failing_since = NULL", "failing_since IS NOT NULL"), None).await
}

async fn set_failing(
    transaction: &Transaction,
    webhooks: impl Iterator<Item = &WebhookId>,
    (assignment, condition): (&str, &str),
    now: Option<DateTime<Utc>>,
) -> Result<()> {
    let backend = transaction.get_database_backend();
    let Some(ids) = array_parameter(backend, webhooks.map(|id| id.0).collect()) else { return Ok(()) };
    let given = match backend {
        DbBackend::Postgres => "= ANY ($1)",
        _ => "IN (SELECT value FROM json_each($1))",
    };
    // Rows are locked in the order of their ids, as by all that lock several.
    let lock = match backend {
        DbBackend::Postgres => " ORDER BY id FOR NO KEY UPDATE",
        _ => "",
    };
    let sql = format!(
        "UPDATE webhooks SET {assignment} \
         WHERE id IN (SELECT id FROM webhooks WHERE id {given} AND {condition}{lock})"
    );
    let values = iter::once(ids).chain(now.map(Into::into));
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}
