//! Queues events that lie in the past.

use super::body;
use crate::domain::webhook::{Webhook, WebhookType};
use crate::domain::{Event, EventId, Interview, InterviewId, Interviewee, IntervieweeId, Scope};
use crate::storage::webhooks::deliveries::{self, NewDelivery, Queued};
use crate::storage::webhooks::missed::{self, Range};
use crate::storage::{StorageError, Transaction, interviewees, interviews};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

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
        let messages = messages(transaction, webhook, wanted.collect()).await?;
        result.count += deliveries::queue(transaction, messages, queued, now).await?.len();
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

/// The messages about some events, with the interviews as they are now: two statements for any number of events.
async fn messages(
    transaction: &Transaction,
    webhook: &Webhook,
    events: Vec<Event>,
) -> Result<Vec<NewDelivery>, StorageError> {
    let ids: Vec<InterviewId> = events.iter().map(|event| event.interview_id).collect();
    let interviews = interviews::by_ids(transaction, Scope::Everything, &ids).await?;
    let interviews: HashMap<InterviewId, Interview> = interviews.into_iter().map(|it| (it.id, it)).collect();
    let ids: Vec<IntervieweeId> = interviews.values().map(|interview| interview.interviewee_id).collect();
    let applications = interviewees::by_ids(transaction, &ids).await?;
    let applications: HashMap<IntervieweeId, Interviewee> = applications.into_iter().map(|it| (it.id, it)).collect();
    let message = |event: &Event| {
        // Both exist: no row of either table is ever deleted.
        let interview = interviews.get(&event.interview_id)?;
        let application = applications.get(&interview.interviewee_id)?;
        Some(NewDelivery {
            webhook_id: webhook.id,
            event_id: Some(event.id),
            message_type: WebhookType::from(event.event_type),
            body: body::of_event(event, interview, application.kind),
        })
    };
    Ok(events.iter().filter_map(message).collect())
}
