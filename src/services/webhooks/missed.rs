//! Queues events that lie in the past.

use super::body;
use crate::domain::webhook::Webhook;
use crate::domain::{Event, EventId};
use crate::storage::webhooks::missed::{self, Range};
use crate::storage::webhooks::queue::{self, Message, Queued};
use crate::storage::{StorageError, Transaction};
use chrono::{DateTime, Utc};

/// The most events of the log that one request looks at.
pub(super) const MAX_EVENTS: u32 = 10_000;
/// How many of them are read at once.
const BATCH: u32 = 500;

/// What was queued of a range of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueuedEvents {
    pub count: usize,
    /// The last event of the range that was looked at; none if it has no events.
    pub last: Option<EventId>,
    /// Whether that is the last one of the range.
    pub complete: bool,
}

/// Queues the events of a range that a webhook wants, up to [`MAX_EVENTS`] events of its company.
pub(super) async fn queue_events(
    transaction: &Transaction,
    webhook: &Webhook,
    range: Range,
    queued: Queued,
    now: DateTime<Utc>,
) -> Result<QueuedEvents, StorageError> {
    let mut result = QueuedEvents { count: 0, last: None, complete: false };
    let mut after = range.after;
    for _ in 0..MAX_EVENTS / BATCH {
        let events = missed::events(transaction, webhook, Range { after, ..range }, BATCH.into()).await?;
        result.complete = events.len() < BATCH as usize;
        let Some((position, last)) = events.last() else { break };
        (after, result.last) = (*position, Some(last.id));
        let wanted = events.into_iter().map(|(_, event)| event).filter(|event| webhook.wants(event.event_type.into()));
        let wanted: Vec<Event> = wanted.collect();
        let interviews = queue::interviews(transaction, wanted.iter()).await?;
        let messages = body::of_events(wanted, &interviews).map(|(event, body)| Message {
            event_id: Some(event.id),
            message_type: event.event_type.into(),
            body,
            webhooks: vec![webhook.id],
        });
        result.count += queue::insert(transaction, messages, queued, now).await?.len();
        if result.complete {
            break;
        }
    }
    if !result.complete {
        let rest = Range { after, ..range };
        result.complete = missed::events(transaction, webhook, rest, 1).await?.is_empty();
    }
    Ok(result)
}
