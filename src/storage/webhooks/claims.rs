//! Claims deliveries that are due. A claimed delivery belongs to one server until its lease ends: a server that was
//! killed leaves it to the others.

use crate::domain::WebhookId;
use crate::domain::webhook::{Delivery, Webhook};
use crate::storage::database::array_parameter::is_any_of;
use crate::storage::entities::{webhook, webhook_delivery};
use crate::storage::webhooks::{IS_PENDING, use_indexes};
use crate::storage::{Result, Transaction};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement};
use serde_json::{Value, json};
use std::collections::HashMap;

/// How long a claimed delivery belongs to the server. An attempt takes less.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How many deliveries of one webhook are sent at a time, by all servers.
const IN_FLIGHT: u64 = 4;
/// The same while the webhook fails: one that does not answer must not keep all senders busy.
const IN_FLIGHT_WHILE_FAILING: u64 = 1;
/// The two numbers of the advisory lock, which are no numbers of other locks. "INTE" and "CLAI" in ASCII.
const LOCK: &str = "1229870149, 1129070921";

/// The webhooks with pending deliveries, found by one look into the index for each.
pub(super) const QUEUES: &str = "\
    queues (webhook_id) AS ( \
        SELECT min(webhook_id) FROM webhook_deliveries WHERE state = 'pending' \
        UNION ALL \
        SELECT (SELECT min(later.webhook_id) FROM webhook_deliveries AS later \
            WHERE later.state = 'pending' AND later.webhook_id > queues.webhook_id) \
        FROM queues WHERE queues.webhook_id IS NOT NULL)";

/// The condition that `delivery` is due at the time `$1`, and no server sends it.
const DUE: &str = "delivery.state = 'pending' AND delivery.next_attempt_at <= $1 \
    AND (delivery.claimed_until IS NULL OR delivery.claimed_until <= $1)";

/// A delivery that this server sends now.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub delivery: Delivery,
    pub webhook: Webhook,
}

/// Claims at most `limit` deliveries that are due, the oldest of each webhook first, and commits. Claims none while
/// another server claims some: two of them together would exceed the number of a webhook.
pub(crate) async fn claim(transaction: Transaction, now: DateTime<Utc>, limit: u64) -> Result<Vec<Claim>> {
    if !try_lock(&transaction).await? {
        return Ok(Vec::new());
    }
    use_indexes(&transaction).await?;
    let backend = transaction.get_database_backend();
    let sql = update(backend, limit);
    let values = [now.into(), (now + LEASE).into()];
    let rows = transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let rows = rows.iter().map(|row| Delivery::try_from(webhook_delivery::Model::from_query_result(row, "")?));
    let mut deliveries = rows.collect::<Result<Vec<Delivery>>>()?;
    let webhooks = webhooks(&transaction, &deliveries).await?;
    transaction.commit().await?;
    deliveries.sort_by_key(|delivery| (delivery.next_attempt_at, delivery.id));
    let claim = |delivery: Delivery| {
        let webhook = webhooks.get(&delivery.webhook_id)?.clone();
        Some(Claim { delivery, webhook })
    };
    Ok(deliveries.into_iter().filter_map(claim).collect())
}

/// Releases claims whose attempts did not begin. Those that another server has claimed since stay as they are.
pub(crate) async fn release(transaction: &Transaction, deliveries: &[Delivery]) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let claims = match backend {
        DbBackend::Postgres => "json_to_recordset($1::json) AS claim (id bigint, attempt integer)",
        _ => {
            "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.attempt') AS attempt \
                FROM json_each($1)) AS claim"
        }
    };
    let sql = format!(
        "UPDATE webhook_deliveries SET claimed_until = NULL, attempt = claim.attempt - 1 FROM {claims} \
         WHERE webhook_deliveries.id = claim.id AND webhook_deliveries.attempt = claim.attempt AND {IS_PENDING}"
    );
    let claim = |delivery: &Delivery| json!({"id": delivery.id.0, "attempt": delivery.attempt});
    let claims = Value::from(deliveries.iter().map(claim).collect::<Vec<_>>()).to_string();
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [claims.into()])).await?;
    Ok(())
}

/// Takes the lock until the end of the transaction. SQLite has one writer at a time and needs no lock.
async fn try_lock(transaction: &Transaction) -> Result<bool> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({LOCK}) AS is_taken");
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get("", "is_taken")).transpose()?.unwrap_or(false))
}

/// Of each enabled webhook the first deliveries that are due, as many as may be sent besides those that are in flight.
fn update(backend: DbBackend, limit: u64) -> String {
    let first = format!(
        "(SELECT delivery.id, delivery.next_attempt_at, row_number() OVER (ORDER BY delivery.next_attempt_at) AS place \
            FROM webhook_deliveries AS delivery WHERE delivery.webhook_id = webhooks.id AND {DUE} \
            ORDER BY delivery.next_attempt_at LIMIT {IN_FLIGHT}) AS due"
    );
    let free = format!(
        "CASE WHEN webhooks.failing_since IS NULL THEN {IN_FLIGHT} ELSE {IN_FLIGHT_WHILE_FAILING} END \
            - (SELECT count(*) FROM webhook_deliveries AS claimed \
                WHERE claimed.webhook_id = webhooks.id AND claimed.claimed_until > $1)"
    );
    // SQLite has no LATERAL and no ARRAY. PostgreSQL would run the other forms for each row of the table.
    let (due, is_chosen) = match backend {
        DbBackend::Postgres => {
            (format!("JOIN LATERAL {first} ON due.place <= {free}"), "= ANY (ARRAY(SELECT id FROM chosen))")
        }
        _ => (
            format!(
                "JOIN webhook_deliveries AS due ON due.id IN (SELECT due.id FROM {first} WHERE due.place <= {free})"
            ),
            "IN (SELECT id FROM chosen)",
        ),
    };
    format!(
        "WITH RECURSIVE {QUEUES}, chosen AS ( \
            SELECT due.id FROM queues JOIN webhooks ON webhooks.id = queues.webhook_id \
                AND webhooks.status = 'enabled' AND webhooks.deleted_at IS NULL {due} \
            ORDER BY due.next_attempt_at LIMIT {limit}) \
         UPDATE webhook_deliveries SET claimed_until = $2, attempt = attempt + 1 \
         WHERE id {is_chosen} AND {IS_PENDING} RETURNING *"
    )
}

async fn webhooks(transaction: &Transaction, deliveries: &[Delivery]) -> Result<HashMap<WebhookId, Webhook>> {
    let mut ids: Vec<i64> = deliveries.iter().map(|delivery| delivery.webhook_id.0).collect();
    ids.dedup();
    let is_wanted = is_any_of(transaction.get_database_backend(), Expr::col(webhook::Column::Id), ids);
    let rows = webhook::Entity::find().filter(is_wanted).all(transaction).await?;
    rows.into_iter().map(|row| Webhook::try_from(row).map(|webhook| (webhook.id, webhook))).collect()
}
