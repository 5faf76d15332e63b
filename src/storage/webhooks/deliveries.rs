//! Deliveries that were queued: queueing them again, cancelling them, and the log of them.

use crate::domain::page::{Page, Window};
use crate::domain::webhook::{Delivery, DeliveryState};
use crate::domain::{DeliveryId, WebhookId};
use crate::storage::database::count::counts_up_to;
use crate::storage::database::keyset::{page_per_parent, pages};
use crate::storage::entities::webhook_delivery;
use crate::storage::{Result, Transaction};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select, Statement};
use std::collections::HashMap;
use webhook_delivery::{COLUMN, Column, Entity};

/// Queues a delivery again, as if it had had no attempt. One that is being sent stays claimed.
pub(crate) async fn queue_again(transaction: &Transaction, id: DeliveryId, now: DateTime<Utc>) -> Result<()> {
    let sql = "UPDATE webhook_deliveries SET claimed_until = CASE WHEN state = 'pending' THEN claimed_until END, \
        state = 'pending', step = 0, next_attempt_at = $1, finished_at = NULL WHERE id = $2";
    let values = [now.into(), id.0.into()];
    transaction.execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Queues the events again whose deliveries were cancelled, at most `limit`, the newest ones.
pub(crate) async fn queue_cancelled(
    transaction: &Transaction,
    webhook: WebhookId,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = format!(
        "UPDATE webhook_deliveries SET state = 'pending', step = 0, next_attempt_at = $1, claimed_until = NULL, \
            finished_at = NULL \
         WHERE id IN (SELECT id FROM webhook_deliveries \
             WHERE webhook_id = $2 AND state = 'cancelled' AND event_id IS NOT NULL ORDER BY id DESC LIMIT {limit})"
    );
    let values = [now.into(), webhook.0.into()];
    transaction.execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Whether deliveries of disabled webhooks wait for an attempt, as SQL. Looks into an index for each of the webhooks.
pub(crate) const IS_ANY_TO_CANCEL: &str = "EXISTS (SELECT 1 FROM webhooks WHERE webhooks.status = 'disabled' AND ( \
    SELECT min(next_attempt_at) FROM webhook_deliveries AS delivery \
    WHERE delivery.webhook_id = webhooks.id AND delivery.state = 'pending') IS NOT NULL)";

/// Ends up to `limit` deliveries of disabled webhooks that wait for an attempt. Returns how many. Those that another
/// transaction has locked are left for later.
pub(crate) async fn cancel(transaction: &Transaction, limit: u64, now: DateTime<Utc>) -> Result<u64> {
    let backend = transaction.get_database_backend();
    let locking = if backend == DbBackend::Postgres { " FOR UPDATE OF delivery SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE webhook_deliveries SET state = 'cancelled', next_attempt_at = NULL, claimed_until = NULL, \
            finished_at = $1 \
         WHERE id IN (SELECT delivery.id FROM webhooks \
             JOIN webhook_deliveries AS delivery ON delivery.webhook_id = webhooks.id \
             WHERE webhooks.status = 'disabled' AND delivery.state = 'pending' LIMIT {limit}{locking})"
    );
    let updated = transaction.execute_raw(Statement::from_sql_and_values(backend, sql, [now.into()])).await?;
    Ok(updated.rows_affected())
}

/// The delivery with this id. Permissions are not checked here.
pub(crate) async fn find(connection: &impl ConnectionTrait, id: DeliveryId) -> Result<Option<Delivery>> {
    Entity::find_by_id(id.0).one(connection).await?.map(Delivery::try_from).transpose()
}

/// The same page of the deliveries of each of these webhooks, newest first, in one statement. Without states, those in
/// all states.
pub(crate) async fn pages_by_webhook(
    connection: &impl ConnectionTrait,
    webhooks: &[WebhookId],
    states: &[DeliveryState],
    window: &Window<DeliveryId>,
) -> Result<HashMap<WebhookId, Page<Delivery>>> {
    let backend = connection.get_database_backend();
    // The first ones of this list are the last ones of that in the order of the ids.
    let ascending =
        Window { after: window.before, before: window.after, limit: window.limit, from_end: !window.from_end };
    let parents = (Column::WebhookId, webhooks.iter().map(|id| id.0).collect());
    let position = |id: &DeliveryId| vec![id.0.into()];
    let rows = page_per_parent(backend, in_states(states), parents, &[Column::Id], &ascending, position);
    let Some(rows) = rows else { return Ok(HashMap::new()) };
    let rows = Entity::find().from_raw_sql(backend.build(&rows)).all(connection).await?;
    let deliveries: Result<Vec<Delivery>> = rows.into_iter().map(Delivery::try_from).collect();
    let newest_first = |page: Page<Delivery>| Page {
        items: page.items.into_iter().rev().collect(),
        has_previous: page.has_next,
        has_next: page.has_previous,
    };
    let pages = pages(&ascending, deliveries?, |delivery| delivery.webhook_id);
    Ok(pages.into_iter().map(|(webhook, page)| (webhook, newest_first(page))).collect())
}

/// The number of deliveries of each of these webhooks in these states, up to a ceiling.
pub(crate) async fn counts_by_webhook(
    connection: &impl ConnectionTrait,
    webhooks: &[WebhookId],
    states: &[DeliveryState],
    ceiling: u64,
) -> Result<HashMap<WebhookId, u64>> {
    let ids = webhooks.iter().map(|id| id.0).collect();
    let counts = counts_up_to(connection, in_states(states), Column::WebhookId, ids, ceiling).await?;
    Ok(counts.into_iter().map(|(id, count)| (WebhookId(id), count)).collect())
}

fn in_states(states: &[DeliveryState]) -> Select<Entity> {
    if states.is_empty() {
        return Entity::find();
    }
    Entity::find().filter(COLUMN.state.is_in(states.iter().map(DeliveryState::into_str)))
}
