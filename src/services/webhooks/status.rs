//! Keeps the event log being read for webhooks exactly while one is enabled. All who change whether a webhook is
//! enabled hold the lock of webhooks, and call this.

use super::missed::{BATCH, MAX_EVENTS, queue_batch};
use crate::domain::webhook::{DisabledReason, Webhook};
use crate::domain::{LogPosition, WebhookId};
use crate::services::Services;
use crate::storage::webhooks::missed::{self, Range};
use crate::storage::webhooks::queue::Queued;
use crate::storage::webhooks::{self, consumer, deliveries, list, store};
use crate::storage::{StorageError, Transaction};
use chrono::{DateTime, Utc};

type Result<T> = std::result::Result<T, StorageError>;

impl Services {
    /// Switches a webhook off that is enabled and as `condition` says, and cancels what waits for an attempt: the first
    /// ones at once, and if there are many, the others when the server cleans up. Returns whether it did.
    pub async fn disable_webhook(
        &self,
        id: WebhookId,
        reason: DisabledReason,
        condition: impl Fn(&Webhook) -> bool,
    ) -> Result<bool> {
        let transaction = self.db.begin().await?;
        webhooks::lock(&transaction).await?;
        let webhook = list::lock(&transaction, id).await?;
        let Some(before) = webhook.filter(|webhook| webhook.is_enabled() && condition(webhook)) else {
            return Ok(false);
        };
        let now = self.clock.now();
        store_change(&transaction, &before, before.disabled(reason, now), now).await?;
        deliveries::cancel(&transaction, BATCH.into(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Stores a new webhook, which is enabled, and returns it with its id.
pub(super) async fn store_new(transaction: &Transaction, webhook: Webhook) -> Result<Webhook> {
    position_or_start(transaction).await?;
    store::insert(transaction, webhook).await
}

/// Stores a changed webhook, and returns it as it is stored.
///
/// One that ceases to be enabled keeps the position up to which the log was read for it. When it is enabled again, the
/// events between that position and the present one are queued: exactly those that it has missed.
pub(super) async fn store_change(
    transaction: &Transaction,
    before: &Webhook,
    mut after: Webhook,
    now: DateTime<Utc>,
) -> Result<Webhook> {
    match (before.is_enabled(), after.is_enabled()) {
        (true, false) => {
            after.missed_after = Some(position_or_start(transaction).await?);
            store::update(transaction, &after).await?;
            if !list::is_any_enabled(transaction).await? {
                consumer::stop(transaction).await?;
            }
        }
        (false, true) => {
            let up_to = position_or_start(transaction).await?;
            let missed_after = after.missed_after.take();
            store::update(transaction, &after).await?;
            deliveries::queue_cancelled(transaction, after.id, MAX_EVENTS, now).await?;
            if let Some(after_event) = missed_after {
                queue_missed(transaction, &after, Range { after: after_event, up_to }, now).await?;
            }
        }
        (true, true) | (false, false) => store::update(transaction, &after).await?,
    }
    Ok(after)
}

/// The position up to which the log was read for webhooks. No more is read until the end of the transaction. If no
/// webhook is enabled, reading begins at the end of the log.
async fn position_or_start(transaction: &Transaction) -> Result<LogPosition> {
    match consumer::lock(transaction).await? {
        Some(position) => Ok(position),
        None => consumer::start_at_end(transaction).await,
    }
}

/// Queues the last events of those that a webhook has missed: a receiver needs the newest state first of all.
async fn queue_missed(transaction: &Transaction, webhook: &Webhook, range: Range, now: DateTime<Utc>) -> Result<()> {
    let after = missed::before_last(transaction, webhook, range, MAX_EVENTS.into()).await?;
    let mut rest = Some(Range { after, ..range });
    while let Some(range) = rest {
        rest = queue_batch(transaction, webhook, range, Queued::Keep, now).await?.rest;
    }
    Ok(())
}
