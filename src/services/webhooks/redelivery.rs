//! Deliveries that a user asks for: tests, what was delivered before, and what lies in the past.

use super::body;
use super::changes::lock_managed;
use super::missed::{BATCH, MAX_EVENTS, QueuedBatch, queue_batch};
use crate::domain::webhook::{Delivery, Webhook, WebhookRefusal, WebhookResult, WebhookType};
use crate::domain::{DeliveryId, EventId, Viewer, WebhookId};
use crate::services::retry::repeat;
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::missed::{self, Range};
use crate::storage::webhooks::queue::{self, Message, Queued};
use crate::storage::webhooks::{consumer, deliveries};
use crate::storage::{LockWait, StorageError, Transaction};

type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// What was queued of the events that a user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How many deliveries were queued.
    pub count: usize,
    /// Whether all events were looked at that the webhook was or would have been sent until now.
    pub complete: bool,
    /// The last event that was looked at: where the next request goes on. None if there was none.
    pub last: Option<EventId>,
}

impl Services {
    /// Queues a message of the type `webhook.test`.
    pub async fn test_webhook(&self, viewer: &Viewer, id: WebhookId) -> Result<WebhookResult<Delivery>> {
        viewer.permit_webhooks()?;
        let attempt = async || {
            let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
            let transaction = self.db.begin_change(LockWait::Full).await?;
            let webhook = match lock_enabled(&transaction, viewer, id).await? {
                Ok(webhook) => webhook,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let now = self.clock.now();
            let test = Message {
                event_id: None,
                of_type: WebhookType::Test,
                body: body::of_test(webhook.id, now),
                webhooks: vec![webhook.id],
            };
            let queued = queue::insert(&transaction, [test], Queued::Keep, now).await?;
            let id = queued.first().copied().ok_or_else(StorageError::contended)?;
            commit_and_read(transaction, id).await.map(Ok)
        };
        let result = repeat(|_| false, attempt).await?;
        self.webhooks.announce_deliveries();
        Ok(result)
    }

    /// Queues a delivery in any state again. Its schedule begins anew.
    pub async fn redeliver_webhook(&self, viewer: &Viewer, id: DeliveryId) -> Result<WebhookResult<Delivery>> {
        viewer.permit_webhooks()?;
        let attempt = async || {
            let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
            let transaction = self.db.begin_change(LockWait::Full).await?;
            let Some(delivery) = deliveries::find(&transaction, id).await? else {
                return Ok(Err(WebhookRefusal::UnknownDelivery));
            };
            match lock_enabled(&transaction, viewer, delivery.webhook_id).await? {
                Ok(_) => {}
                Err(WebhookRefusal::UnknownWebhook) => return Ok(Err(WebhookRefusal::UnknownDelivery)),
                Err(refusal) => return Ok(Err(refusal)),
            }
            deliveries::queue_again(&transaction, id, self.clock.now()).await?;
            commit_and_read(transaction, id).await.map(Ok)
        };
        let result = repeat(|_| false, attempt).await?;
        self.webhooks.announce_deliveries();
        Ok(result)
    }

    /// Queues the events after one that a webhook wants, also those from before it was created. Those that were
    /// delivered are queued again only if they are to be included, and those that are pending stay as they are.
    pub async fn replay_webhook(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        since: EventId,
        include_delivered: bool,
    ) -> Result<WebhookResult<Replay>> {
        viewer.permit_webhooks()?;
        let queued = if include_delivered { Queued::AgainIfDelivered } else { Queued::Again };
        let mut replay = Replay { count: 0, complete: false, last: None };
        let mut rest = None;
        // A transaction for each batch: until it ends, subscribers cannot read the events of later ones.
        for _ in 0..MAX_EVENTS / BATCH {
            let attempt = async || self.replay_batch(viewer, id, since, rest, queued).await;
            let batch = match repeat(|_| false, attempt).await? {
                Ok(batch) => batch,
                Err(refusal) => return Ok(Err(refusal)),
            };
            replay.count += batch.count;
            replay.last = batch.last.or(replay.last);
            rest = batch.rest;
            replay.complete = rest.is_none();
            if replay.complete {
                break;
            }
        }
        self.webhooks.announce_deliveries();
        Ok(Ok(replay))
    }

    /// Queues the events after `since`, or the first of this range.
    async fn replay_batch(
        &self,
        viewer: &Viewer,
        id: WebhookId,
        since: EventId,
        range: Option<Range>,
        queued: Queued,
    ) -> Result<WebhookResult<QueuedBatch>, StorageError> {
        let _permit = self.db.permit_change(viewer.id, LockWait::Full).await?;
        let transaction = self.db.begin_change(LockWait::Full).await?;
        let webhook = match lock_enabled(&transaction, viewer, id).await? {
            Ok(webhook) => webhook,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let range = if let Some(range) = range {
            range
        } else {
            let Some(after) = missed::position_of(&transaction, viewer.scope(), since).await? else {
                return Ok(Err(WebhookRefusal::UnknownEvent));
            };
            // What comes later is still to be queued for all webhooks.
            Range { after, up_to: consumer::position(&transaction).await?.unwrap_or(after) }
        };
        let batch = queue_batch(&transaction, &webhook, range, queued, self.clock.now()).await?;
        transaction.commit().await?;
        Ok(Ok(batch))
    }
}

/// The webhook with this id, if the viewer manages it and it is enabled, locked.
async fn lock_enabled(
    transaction: &Transaction,
    viewer: &Viewer,
    id: WebhookId,
) -> Result<WebhookResult<Webhook>, StorageError> {
    Ok(match lock_managed(transaction, viewer, id).await? {
        None => Err(WebhookRefusal::UnknownWebhook),
        Some(webhook) if !webhook.is_enabled() => Err(WebhookRefusal::NotEnabled(webhook.status)),
        Some(webhook) => Ok(webhook),
    })
}

/// Commits a transaction that has queued a delivery, and returns it as it was queued.
async fn commit_and_read(transaction: Transaction, id: DeliveryId) -> Result<Delivery, StorageError> {
    let queued = deliveries::find(&transaction, id).await?.ok_or_else(StorageError::contended)?;
    transaction.commit().await?;
    Ok(queued)
}
