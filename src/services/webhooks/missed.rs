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
pub(super) const BATCH: u32 = 500;

/// What was queued of the first events of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueuedBatch {
    pub count: usize,
    /// The last event that was looked at; none if the range has no events.
    pub last: Option<EventId>,
    /// The rest of the range; none if it has no more events.
    pub rest: Option<Range>,
}

/// Queues those events of a range that a webhook wants, of the first [`BATCH`] events of its company.
pub(super) async fn queue_batch(
    transaction: &Transaction,
    webhook: &Webhook,
    range: Range,
    queued: Queued,
    now: DateTime<Utc>,
) -> Result<QueuedBatch, StorageError> {
    // One more says whether there are more.
    let mut events = missed::events(transaction, webhook, range, u64::from(BATCH) + 1).await?;
    let has_more = events.len() > BATCH as usize;
    events.truncate(BATCH as usize);
    let last = events.last().map(|(position, _)| *position);
    let wanted = events.into_iter().map(|(_, event)| event).filter(|event| webhook.wants(event.event_type.into()));
    let wanted: Vec<Event> = wanted.collect();
    let interviews = queue::interviews(transaction, wanted.iter()).await?;
    let messages = body::of_events(wanted, &interviews).map(|(event, body)| Message {
        event_id: Some(event.id),
        of_type: event.event_type.into(),
        body,
        webhooks: vec![webhook.id],
    });
    let count = queue::insert(transaction, messages, queued, now).await?.len();
    let rest = last.filter(|_| has_more).map(|after| Range { after, ..range });
    Ok(QueuedBatch { count, last: last.map(|position| position.event), rest })
}
