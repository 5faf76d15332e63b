//! Erases what a driver has written from messages to webhooks, and what receivers have responded to them.

use crate::domain::UserId;
use crate::storage::webhooks::consumer;
use crate::storage::webhooks::reasons::without_reasons;
use crate::storage::{Result, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

/// The deliveries of the events of the driver's interviews, each found in the index by webhook and event.
const DELIVERIES: &str = "SELECT delivery.id, delivery.body FROM interviews \
    JOIN interview_events AS event ON event.interview_id = interviews.id \
    JOIN webhooks ON webhooks.company_id = interviews.company_id OR webhooks.company_id IS NULL \
    JOIN webhook_deliveries AS delivery ON delivery.webhook_id = webhooks.id AND delivery.event_id = event.id \
    WHERE interviews.driver_id = $1";

/// Removes the reasons from the bodies of messages about the driver's interviews, and all responses to these messages.
/// The interviews and events have to be without them already: those that read the event log for webhooks have ended
/// before, or begin after this transaction.
pub(crate) async fn erase(transaction: &Transaction, driver: UserId) -> Result<()> {
    super::lock(transaction).await?;
    consumer::lock(transaction).await?;
    let backend = transaction.get_database_backend();
    let query = Statement::from_sql_and_values(backend, DELIVERIES, [driver.0.into()]);
    let (mut ids, mut bodies) = (Vec::new(), Vec::new());
    for row in transaction.query_all_raw(query).await? {
        let (id, body): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        ids.push(id);
        bodies.extend(without_reasons(&body).map(|body| json!({"id": id, "body": body})));
    }
    if !bodies.is_empty() {
        let bodies = json!(bodies).to_string();
        transaction.execute_raw(Statement::from_sql_and_values(backend, store(backend), [bodies.into()])).await?;
    }
    if !ids.is_empty() {
        let ids = json!(ids).to_string();
        transaction.execute_raw(Statement::from_sql_and_values(backend, clear(backend), [ids.into()])).await?;
    }
    Ok(())
}

const fn store(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "UPDATE webhook_deliveries SET body = erased.body \
            FROM json_to_recordset($1::json) AS erased (id bigint, body text) \
            WHERE webhook_deliveries.id = erased.id"
        }
        _ => {
            "UPDATE webhook_deliveries SET body = erased.body \
            FROM (SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.body') AS body FROM json_each($1)) \
                AS erased \
            WHERE webhook_deliveries.id = erased.id"
        }
    }
}

const fn clear(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "UPDATE webhook_attempts SET response = NULL WHERE response IS NOT NULL \
            AND delivery_id IN (SELECT value::bigint FROM json_array_elements_text($1::json))"
        }
        _ => {
            "UPDATE webhook_attempts SET response = NULL WHERE response IS NOT NULL \
            AND delivery_id IN (SELECT value FROM json_each($1))"
        }
    }
}
