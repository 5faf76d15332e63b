//! What one subscriber gets of the event log: first what they missed, then what happens, each event once and in order, as far as they
//! may see it at that moment.

use crate::domain::filter::InterviewFilter;
use crate::domain::page::{Page, Window};
use crate::domain::{Event, EventId, Interview, LogPosition, Viewer};
use crate::services::events::follower;
use crate::services::events::follower::{LogEntry, RETRIES, RETRY};
use crate::services::{LiveSession, ServiceError, Services};
use crate::storage::{StorageError, event_log};
use futures_util::stream::{self, Stream};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::SemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Why a subscription ended, other than by its client's wish.
#[derive(Clone, Debug)]
pub enum SubscriptionEnd {
    /// The token is not accepted any more.
    SignedOut,
    /// The server failed.
    Failed(ServiceError),
}

/// A change on its way to a subscriber.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What happened.
    pub change: Arc<LogEntry>,
    /// Who gets it, with their role and company as they are now.
    pub viewer: Arc<Viewer>,
    /// Whether others get it now as well, and not this subscriber alone, who missed it.
    pub live: bool,
}

/// How many missed events are read at once.
const PAGE: u64 = 100;

struct Subscriber {
    services: Arc<Services>,
    session: LiveSession,
    filter: InterviewFilter,
    receiver: Receiver<Arc<LogEntry>>,
    /// What was read of the log itself, and is on its way.
    missed: VecDeque<Arc<LogEntry>>,
    /// How far the log is done.
    position: LogPosition,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There may be more in the log that was missed.
    Missed,
    /// What comes next is in the receiver, unless it was too much.
    Live,
}

impl Services {
    /// What happens from now on, or after the event `since`. Ends with the first error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscribe(
        self: &Arc<Self>,
        session: LiveSession,
        filter: InterviewFilter,
        since: Option<LogPosition>,
    ) -> Result<impl Stream<Item = Result<Delivery, SubscriptionEnd>> + Send + use<>, ServiceError> {
        // First of all: from here on nothing is lost. What is read of the log afterwards overlaps with it, and is told by its position.
        let (receiver, now) = self.follower.listen().await?;
        let subscriber = Subscriber {
            services: self.clone(),
            session,
            filter,
            receiver,
            missed: VecDeque::new(),
            position: since.unwrap_or(now),
            phase: if since.is_some() { Phase::Missed } else { Phase::Live },
        };
        Ok(stream::unfold(Some(subscriber), async |subscriber| {
            let mut subscriber = subscriber?;
            let next = subscriber.next().await;
            let goes_on = next.is_ok();
            Some((next, goes_on.then_some(subscriber)))
        }))
    }

    /// Waits for a turn to do work for one subscriber alone, who catches up: others come first.
    pub async fn catch_up_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.follower.catch_up_permit().await
    }

    /// Where an event stands in the log; none where there is no such event.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_position(&self, event: EventId) -> Result<Option<LogPosition>, ServiceError> {
        Ok(event_log::position_of(self.db.reader(), event).await?)
    }

    /// A page of what comes after a position and the viewer sees: events, each with its interview as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes_since(
        &self,
        viewer: &Viewer,
        since: LogPosition,
        limit: u64,
    ) -> Result<Page<(Event, Arc<Interview>)>, ServiceError> {
        let window = Window { after: Some(since), before: None, limit, from_end: false };
        let entries =
            event_log::page(self.db.reader(), viewer, &InterviewFilter::default(), since, window.fetch()).await?;
        let page = window.page(entries);
        let changes = follower::changes(&self.db, viewer.scope(), page.items).await?;
        let items = changes.into_iter().map(|change| (change.event, change.interview)).collect();
        Ok(Page { items, has_previous: since != LogPosition::START, has_next: page.has_next })
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_changes_since(&self, viewer: &Viewer, since: LogPosition) -> Result<u64, ServiceError> {
        Ok(event_log::count(self.db.reader(), viewer, since).await?)
    }
}

impl Subscriber {
    async fn next(&mut self) -> Result<Delivery, SubscriptionEnd> {
        loop {
            let (change, live) = match self.missed.pop_front() {
                Some(change) => (change, false),
                None if self.phase == Phase::Missed => {
                    self.read_missed().await?;
                    continue;
                }
                None => match self.receive().await? {
                    Some(change) => (change, true),
                    None => continue,
                },
            };
            if change.position <= self.position {
                continue;
            }
            self.position = change.position;
            let viewer = self.viewer()?;
            if viewer.scope().covers(&change.interview) && self.filter.matches(&change.interview, &viewer) {
                return Ok(Delivery { change, viewer, live });
            }
        }
    }

    fn viewer(&self) -> Result<Arc<Viewer>, SubscriptionEnd> {
        self.session.viewer().ok_or(SubscriptionEnd::SignedOut)
    }

    async fn read_missed(&mut self) -> Result<(), SubscriptionEnd> {
        let mut tries = 0;
        let (changes, last, full) = loop {
            let viewer = self.viewer()?;
            match self.read_page(&viewer).await {
                Ok(page) => break page,
                Err(error) => {
                    tries += 1;
                    let error = ServiceError::from(error);
                    if tries > RETRIES || !matches!(error, ServiceError::Unavailable(_)) {
                        return Err(SubscriptionEnd::Failed(error));
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        };
        if !full {
            self.phase = Phase::Live;
        }
        if let (true, Some(last)) = (changes.is_empty(), last) {
            self.position = last; // none of them exists for the viewer any more
        }
        self.missed = changes.into_iter().map(Arc::new).collect();
        Ok(())
    }

    /// The next changes of those that were missed; where they end, and whether there may be more.
    async fn read_page(&self, viewer: &Viewer) -> Result<(Vec<LogEntry>, Option<LogPosition>, bool), StorageError> {
        let _permit = self.services.follower.catch_up_permit().await;
        let db = &self.services.db;
        let entries = event_log::page(db.reader(), viewer, &self.filter, self.position, PAGE).await?;
        let last = entries.last().map(|(position, _)| *position);
        let full = entries.len() as u64 == PAGE;
        follower::changes(db, viewer.scope(), entries).await.map(|changes| (changes, last, full))
    }

    /// The next change of anybody; none when some were missed.
    async fn receive(&mut self) -> Result<Option<Arc<LogEntry>>, SubscriptionEnd> {
        let received = tokio::select! {
            received = self.receiver.recv() => received,
            () = self.session.signed_out() => return Err(SubscriptionEnd::SignedOut),
        };
        match received {
            Ok(change) => Ok(Some(change)),
            // Too much happened since the last one was taken: it is in the log as well.
            Err(RecvError::Lagged(_)) => {
                self.phase = Phase::Missed;
                Ok(None)
            }
            Err(RecvError::Closed) => Err(SubscriptionEnd::Failed(ServiceError::FollowerStopped)),
        }
    }
}
