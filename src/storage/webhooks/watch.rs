//! Finds out whether there is anything to do for webhooks.

use crate::storage::Result;
use crate::storage::event_log::visible_before;
use crate::storage::webhooks::claims::QUEUES;
use crate::storage::webhooks::consumer::NAME;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{PostgresQueryBuilder, Query, SqliteQueryBuilder};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// What there is to do for webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookWork {
    /// Events can be read that were not read yet.
    pub has_events: bool,
    /// Deliveries of enabled webhooks are due, or are being sent.
    pub has_deliveries: bool,
}

/// What there is to do. None while no webhook is enabled: then nothing else is read.
///
/// The first event and the first delivery of each webhook are looked up in the order of an index: PostgreSQL would scan
/// a table for any row, in the hope of finding one soon, and there is none most of the time.
pub(crate) async fn pending_work(connection: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Option<WebhookWork>> {
    let backend = connection.get_database_backend();
    let readable = readable(backend);
    let sql = format!(
        "SELECT COALESCE((SELECT event.transaction_id FROM interview_events AS event \
                WHERE (event.transaction_id, event.id) > (consumer.transaction_id, consumer.event_id) \
                ORDER BY event.transaction_id, event.id LIMIT 1) < ({readable}), FALSE) AS has_events, \
            EXISTS (WITH RECURSIVE {QUEUES} SELECT 1 FROM queues JOIN webhooks ON webhooks.id = queues.webhook_id \
                AND webhooks.status = 'enabled' AND webhooks.deleted_at IS NULL WHERE ( \
                SELECT min(delivery.next_attempt_at) FROM webhook_deliveries AS delivery \
                WHERE delivery.webhook_id = queues.webhook_id AND delivery.state = 'pending') <= $1) AS has_deliveries \
        FROM log_consumers AS consumer WHERE name = '{NAME}'"
    );
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [now.into()])).await?;
    row.map(|row| {
        Ok(WebhookWork {
            has_events: row.try_get("", "has_events")?,
            has_deliveries: row.try_get("", "has_deliveries")?,
        })
    })
    .transpose()
}

/// The SQL of [`visible_before`].
fn readable(backend: DbBackend) -> String {
    let query = Query::select().expr(visible_before(backend)).to_owned();
    match backend {
        DbBackend::Postgres => query.to_string(PostgresQueryBuilder),
        _ => query.to_string(SqliteQueryBuilder),
    }
}
