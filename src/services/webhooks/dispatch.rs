//! The dispatcher: reads the event log, and queues a message for each webhook that receives an event.

use super::body;
use crate::domain::{Event, WebhookId};
use crate::services::{ServiceError, Services};
use crate::storage::webhooks::consumer;
use crate::storage::webhooks::queue::{self, Message, Queued};
use crate::storage::webhooks::watch;
use crate::storage::{LockWait, event_log};
use chrono::{DateTime, Utc};
use std::sync::atomic::Ordering::Relaxed;

/// The most events that are read at once.
const MAX_EVENTS: usize = 200;
/// About the most messages of a transaction. Until it ends, nobody can read the events of later transactions:
/// subscribers neither.
const MAX_MESSAGES: usize = 1_000;

impl Services {
    /// Completes when this server has written events, while a webhook is enabled.
    pub async fn events_for_webhooks_announced(&self) {
        self.webhooks.events_announced().await;
    }

    /// Looks with one statement what there is to do for webhooks: announces deliveries that are due, and queues
    /// messages about the next events. Returns whether there may be more events.
    pub async fn look_after_webhooks(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let work = watch::pending_work(self.db.reader(), now).await?;
        self.webhooks.set_has_receivers(work.is_some());
        if work.is_some_and(|work| work.has_deliveries) {
            self.webhooks.announce_deliveries();
        }
        if work.is_some_and(|work| work.has_events) { self.dispatch_webhooks(now).await } else { Ok(false) }
    }

    /// Queues messages about the next events, and returns whether there may be more of them. Any number of servers can
    /// do it at once: each event is read for webhooks once.
    pub async fn dispatch_webhooks(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let reader = self.db.reader();
        let Some(position) = consumer::position(reader).await? else { return Ok(false) };
        let limit = (MAX_MESSAGES / self.webhooks.receivers.load(Relaxed).max(1)).clamp(1, MAX_EVENTS);
        let events = event_log::after_consumer(reader, position, limit as u64).await?;
        let Some(last) = events.last().map(|(position, _)| *position) else { return Ok(false) };
        let is_full = events.len() == limit;
        let events: Vec<Event> = events.into_iter().map(|(_, event)| event).collect();
        let interviews = queue::interviews(reader, events.iter()).await?;
        let messages: Vec<(Event, String)> = body::of_events(events, &interviews).collect();
        // From here on the transaction has a number, and holds back the events of later ones.
        let transaction = self.db.begin_change(LockWait::Brief).await?;
        match consumer::try_lock(&transaction).await? {
            // Another server reads the same events, or the last webhook was disabled.
            None => return Ok(false),
            Some(locked) if locked != position => return Ok(true),
            Some(_) => {}
        }
        // No webhook is enabled or disabled while the position is locked.
        let webhooks = queue::enabled_webhooks(&transaction).await?;
        self.webhooks.receivers.store(webhooks.len(), Relaxed);
        let receivers = |event: &Event| -> Vec<WebhookId> {
            webhooks.iter().filter(|webhook| webhook.receives(event)).map(|webhook| webhook.id).collect()
        };
        let messages = messages.into_iter().map(|(event, body)| Message {
            webhooks: receivers(&event),
            event_id: Some(event.id),
            of_type: event.event_type.into(),
            body,
        });
        queue::insert(&transaction, messages, Queued::Keep, now).await?;
        consumer::advance(&transaction, last).await?;
        transaction.commit().await?;
        self.webhooks.announce_deliveries();
        Ok(is_full)
    }
}
